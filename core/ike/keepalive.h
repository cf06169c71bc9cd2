/* NAT keepalives (RFC 3948 4, R-NAT-06..09): whoever is behind a NAT sends a byte when it has sent
 * nothing for a while, so that the mapping stays. Private to core/ike. */
#ifndef CORE_IKE_KEEPALIVE_H
#define CORE_IKE_KEEPALIVE_H

#include "core/ike/sa.h"

/* Arms the timer of an established SA; stops it where nobody needs keepalives. */
void keepalive_arm(struct ike_sa *sa);
void keepalive_on_timer(struct timer *t, void *ctx);

#endif
