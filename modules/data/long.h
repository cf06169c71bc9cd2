/* Packets that may be too long for the way to the peer, at the owner of the SA (core/esp/fit.h). Worker
 * threads, but for long_begin(). */
#ifndef MODULES_DATA_LONG_H
#define MODULES_DATA_LONG_H

#include "modules/data/worker.h"

/* Nothing is known of the way: of a new SA, and after a move. Main before it hands the SA over, then the
 * owner. */
void long_begin(struct worker_sa *sa);
/* What is to be done with a packet of len bytes, or with each segment of that length. Looks at the way
 * first when it is time to (some ten system calls, at most ten times a second and SA). */
struct fit_verdict long_judge(struct worker *w, struct worker_sa *sa, const struct ip_marks *ip,
			      uint32_t len);
/* The kernel refused what should have fitted. */
void long_refused(struct worker_sa *sa);
/* Tells the sender through the TUN that `mtu` bytes would fit, unless it must not be told or too many
 * were. */
void long_answer(struct worker *w, const struct port *tun, const uint8_t *packet, size_t len,
		 uint32_t mtu);
/* The socket sends with or without DF from now on; no system call when it does so already. */
void long_set_df(struct port *p, bool df);

#endif
