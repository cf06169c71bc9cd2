/* Idle timers (R-IDL): a child without data in either direction for so long is deleted, and the IKE SA
 * with its last one. What keeps tunnels alive is no data: liveness checks, NAT keepalives, dummies. How
 * long ago there was some is asked of the data path when a child's time seems to have come, so that
 * nobody reports while traffic flows, and a new main goes on where the old one was. Private to core/ike. */
#ifndef CORE_IKE_IDLE_H
#define CORE_IKE_IDLE_H

#include "core/ike/sa.h"

/* When it is worth asking, from what is known; TIMER_NEVER. Due afterwards: it is idle. */
uint64_t idle_due_ms(const struct ike_child *c);
/* The last data of a child, of what it replaced, or its beginning. Asks. */
uint64_t idle_used_ms(const struct ike_child *c);
/* Asks about all children that are due. True: all that are in use are idle, and the SA is to end. */
bool idle_is_all(struct ike_sa *sa, uint64_t now_ms);
/* An idle child goes while others stay: where we are the client, it comes back when it is wanted. */
void idle_rest(struct ike_child *c);
/* What the older one did until its end counts for the younger one. */
void idle_inherit(struct ike_child *c, const struct ike_child *old);

#endif
