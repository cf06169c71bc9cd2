/* A client's DHCP goes to main, and main's answer through the SA. Private to modules/data. */
#ifndef MODULES_DATA_DHCP_H
#define MODULES_DATA_DHCP_H

#include "modules/data/worker.h"

/* At the owner. ST_DHCP_OTHER: too long, or too soon after the last one; ST_RING_FULL. */
enum status dhcp_ask(struct worker *w, struct worker_sa *sa, struct span inner) MUST_USE;
/* At the owner, when nothing is gathered. */
void dhcp_send(struct worker *w, const struct send *s);

#endif
