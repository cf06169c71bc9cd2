/* IKE_AUTH as initiator, with pre-shared keys.
 *
 *   ask(psk)
 *   HDR, SK {IDi, AUTH, [CP(REQUEST),] SAi2, TSi, TSr, [N(INITIAL_CONTACT)]}  -->
 *         <-- HDR, SK {IDr, AUTH, [CP(REPLY),] SAr2, TSi, TSr}
 *   verify; ask(authorize): the session and its tunnel device; install; commit; keep */
#ifndef CORE_IKE_AUTH_I_H
#define CORE_IKE_AUTH_I_H

#include "core/ike/auth.h"

struct ike_payloads;
/* Is the reply from whom the profile wants, and is its AUTH right? Sets peer_id. */
enum status auth_i_authenticate(struct ike_sa *sa, const struct ike_payloads *p) MUST_USE;
/* Builds and sends the request; our AUTH value is ready. */
enum status auth_i_request(struct ike_sa *sa) MUST_USE;

sa_action auth_i_send;
sa_action auth_i_reply;
sa_action auth_i_bad_reply;
sa_action auth_i_refused;
sa_action auth_i_authorized;
sa_action auth_i_committed;

#endif
