/* When to ask whether the peer still lives (R-DPD-01..06, 13). Pure. */
#ifndef CORE_IKE_DPD_H
#define CORE_IKE_DPD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/ike/window.h"

struct dpd_clock {
	uint8_t mode; /* enum dpd_mode of conf_ike.h; DPD_UNSET: off */
	uint32_t interval_s;
	uint32_t retry_s;
	uint32_t retries;     /* aggressive ones before the peer is dead */
	uint64_t last_in_ms;  /* anything authenticated from the peer, IKE or ESP */
	uint64_t last_out_ms; /* ESP to the peer: never a sign of life (R-DPD-13) */
};

/* The peer was heard at at_ms; older news are ignored. */
void dpd_heard(struct dpd_clock *d, uint64_t at_ms);
/* We sent data at at_ms. */
void dpd_sent(struct dpd_clock *d, uint64_t at_ms);
/* When a check is due if nothing more happens; TIMER_NEVER: DPD is off, or on demand with nothing
 * sent since the peer was heard. */
uint64_t dpd_due_ms(const struct dpd_clock *d);
/* Repeats of the check: at the aggressive interval, never longer. */
struct backoff dpd_backoff(const struct dpd_clock *d);

#endif
