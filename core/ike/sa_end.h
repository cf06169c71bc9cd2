/* What is due on entering UP, REPLACED, DELETING, LINGER and DEAD. Called by sa_enter() only. */
#ifndef CORE_IKE_SA_END_H
#define CORE_IKE_SA_END_H

#include "core/ike/sa.h"

/* Counted and told as established; what only the handshake needed is freed; timers start. */
/* It is over: what it asked for, too. */
void sa_forget_handshake(struct ike_sa *sa);
void sa_enter_up(struct ike_sa *sa);
/* It is nothing to the world any more; its record waits with it for the peer's DELETE. */
void sa_enter_replaced(struct ike_sa *sa);
/* The session ends now: children leave the data path, listeners are told. A request that waits for
 * its reply gets one that authenticates us and names the error; then the peer gets a DELETE. */
void sa_enter_deleting(struct ike_sa *sa, enum sa_state from);
/* As above, but there is nothing to say to the peer beyond a reply, which is repeated for some
 * seconds when it asks again. */
void sa_enter_linger(struct ike_sa *sa, enum sa_state from);
/* Out of the engine's reach; freed at the end of the engine's call. */
void sa_enter_dead(struct ike_sa *sa, enum sa_state from);

#endif
