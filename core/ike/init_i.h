/* IKE_SA_INIT as initiator.
 *
 *   job(generate)
 *   HDR, [N(COOKIE)], SAi1, KEi, Ni, N(NAT_DETECTION_*)  -->
 *         <-- N(COOKIE)               again, with it
 *         <-- N(INVALID_KE_PAYLOAD)   again, with that group when we allow it
 *         <-- another error           a hint: nothing of this is authenticated (RFC 7296 2.21.1)
 *         <-- HDR, SAr1, KEr, Nr, [N(NAT_DETECTION_*)]
 *   job(compute); from here on port 4500 when the peer does NAT traversal (2.23) */
#ifndef CORE_IKE_INIT_I_H
#define CORE_IKE_INIT_I_H

#include "core/ike/init.h"
#include "core/ike/sa.h"

/* A message with exchange IKE_SA_INIT and the response flag, for our SA. */
void init_i_on_reply(struct ike_sa *sa, const struct msg_in *m);

/* To the ports of NAT traversal, where the peer does it. */
void init_i_float(struct ike_sa *sa);

sa_action init_i_start;
sa_action init_i_send;
sa_action init_i_reply;
sa_action init_i_cookie;
sa_action init_i_hint;
sa_action init_i_secret;
sa_action init_i_last_secret; /* of an additional key exchange */

#endif
