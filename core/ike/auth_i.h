/* IKE_AUTH as initiator.
 *
 *   ask(keys); a shared key, or job(sign), or EAP (eap_i.h): then without AUTH
 *   HDR, SK {IDi, [CERT,] [CERTREQ,] AUTH, [CP(REQUEST),] SAi2, TSi, TSr, [N(INITIAL_CONTACT)]}  -->
 *         <-- HDR, SK {IDr, [CERT,] AUTH, [CP(REPLY),] SAr2, TSi, TSr}
 *   verify, or ask(proof); ask(authorize): the session and its tunnel device; install; commit; keep */
#ifndef CORE_IKE_AUTH_I_H
#define CORE_IKE_AUTH_I_H

#include "core/ike/auth.h"

struct ike_payloads;
/* IDr, AUTH and CERT of the reply: is it from whom the profile wants, by a method it accepts? Sets peer_id. */
enum status auth_i_read_peer(struct ike_sa *sa, const struct ike_payloads *p) MUST_USE;
/* The same, and is its AUTH right, by a shared key? */
enum status auth_i_authenticate(struct ike_sa *sa, const struct ike_payloads *p) MUST_USE;
/* Which event the answer to ASK_KEYS, our signature, an IKE_AUTH reply, and the answer to ASK_PROOF are. */
enum sa_event_kind auth_i_keys_event(const struct ike_sa *sa, const struct ike_answer *a);
enum sa_event_kind auth_i_sign_event(const struct ike_sa *sa);
enum sa_event_kind auth_i_reply_event(const struct ike_sa *sa, const struct ike_payloads *p);
enum sa_event_kind auth_i_proof_event(const struct ike_sa *sa);
/* Builds and sends the request; our AUTH value is ready. */
enum status auth_i_request(struct ike_sa *sa) MUST_USE;

sa_action auth_i_send;
sa_action auth_i_sign;
sa_action auth_i_sign_again;
sa_action auth_i_signed;
sa_action auth_i_prove;
sa_action auth_i_proven;
sa_action auth_i_reply;
sa_action auth_i_bad_reply;
sa_action auth_i_refused;
sa_action auth_i_authorized;
sa_action auth_i_committed;

#endif
