/* IKE_AUTH as responder.
 *
 *   HDR, SK {IDi, [CERT,] [CERTREQ,] [IDr,] AUTH, [CP(REQUEST),] SAi2, TSi, TSr}  -->
 *       ask(hook); profile; ask(keys)
 *       a shared key: verify;  a signature: ask(proof)
 *       ours: a shared key, or job(sign)
 *       ask(authorize); ask(address); narrow; install; commit; keep
 *                          <-- HDR, SK {IDr, [CERT,] AUTH, [CP(REPLY),] SAr2, TSi, TSr}
 *   without AUTH, or when another authentication follows: eap_r.h
 *   or, when the peer is not who it says        <-- HDR, SK {N(AUTHENTICATION_FAILED)}
 *   or, when it is, but no child can be made    <-- HDR, SK {IDr, AUTH, N(error)}, then a DELETE */
#ifndef CORE_IKE_AUTH_R_H
#define CORE_IKE_AUTH_R_H

#include "core/ike/auth.h"

/* Answers the request that waits with sa->why: alone, or after our own authentication. */
void auth_r_error_reply(struct ike_sa *sa, bool with_auth);

/* Which event an IKE_AUTH request, the answer to ASK_KEYS, the one to ASK_PROOF, and our signature are. */
enum sa_event_kind auth_r_request_event(const struct ike_sa *sa, const struct ike_payloads *p);
enum sa_event_kind auth_r_keys_event(const struct ike_sa *sa, const struct ike_answer *a);
enum sa_event_kind auth_r_proof_event(const struct ike_sa *sa);
enum sa_event_kind auth_r_sign_event(const struct ike_sa *sa);
/* Keeps what we prove ourselves with; our identity. */
enum status auth_r_take_keys(struct ike_sa *sa, const struct ike_answer *a) MUST_USE;
/* With the answer to ASK_KEYS: is the client's AUTH right, by a shared key? Makes ours. */
enum status auth_r_check(struct ike_sa *sa, const struct ike_answer *a) MUST_USE;
/* Asks ASK_AUTHORIZE. */
enum status auth_r_authorize(struct ike_sa *sa) MUST_USE;
/* The networks that the client announced, for ASK_AUTHORIZE, where the profile lets it. */
void auth_r_put_networks(const struct ike_sa *sa, struct ike_question *q);
/* Older SAs of this client end, where it or the profile says so. */
void auth_r_replace_older(struct ike_sa *sa);
/* The profile that the answer to ASK_HOOK or the configuration chooses; our identity, the child. */
enum status auth_r_profile(struct ike_sa *sa, const struct ike_answer *a) MUST_USE;

sa_action auth_r_request;
sa_action auth_r_named;
sa_action auth_r_verify;
sa_action auth_r_prove;
sa_action auth_r_proven;
sa_action auth_r_sign;
sa_action auth_r_signed;
sa_action auth_r_authorized;
sa_action auth_r_childless;
sa_action auth_r_address;
sa_action auth_r_no_address;
sa_action auth_r_committed;

#endif
