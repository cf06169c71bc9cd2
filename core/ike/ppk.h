/* Post-quantum pre-shared keys (RFC 8784), both roles: a key that both sides have beside what
 * authenticates them goes into SK_d, SK_pi and SK_pr.
 *
 *   HDR, SAi1, KEi, Ni, N(USE_PPK)  -->
 *         <-- HDR, SAr1, KEr, Nr, N(USE_PPK)                 as soon as a profile here has PPKs
 *   HDR, SK {IDi, AUTH, ..., N(PPK_IDENTITY, id) [, N(NO_PPK_AUTH)]}  -->
 *         <-- HDR, SK {IDr, AUTH, ..., N(PPK_IDENTITY)}      the key is used; without: it is not
 *
 * NO_PPK_AUTH is the AUTH value without the key: there unless the initiator's PPK is `required`. The key
 * comes with the answer to ASK_KEYS. Private to core/ike. */
#ifndef CORE_IKE_PPK_H
#define CORE_IKE_PPK_H

#include "core/ike/msg.h"
#include "core/ike/sa.h"

struct ppk;
void ppk_free(struct ppk *ppk); /* NULL is allowed; wiped */

/* Does today's configuration demand one of this peer? The profile is known; as responder its identity, too. */
bool ppk_is_required(const struct ike_sa *sa);
/* Initiator, before its first message: has the profile a PPK for the peer? ST_NOMEM. */
enum status ppk_begin(struct ike_sa *sa) MUST_USE;
/* Responder, INIT request: both sides may use one. ST_NOMEM. */
enum status ppk_read_request(struct ike_sa *sa, const struct ike_payloads *p) MUST_USE;
/* USE_PPK in our INIT message, when it is to be there. */
void ppk_put_use(struct msg_out *o, const struct ike_sa *sa);
/* Initiator, INIT reply, which nothing protects. ST_PPK_REQUIRED: the responder does not do it. */
enum status ppk_read_reply(const struct ike_sa *sa, const struct ike_payloads *p, bool *is_used) MUST_USE;
/* Initiator: what the accepted INIT reply said. */
void ppk_take_reply(struct ike_sa *sa, bool is_used);

/* Which key is wanted, into ASK_KEYS. */
void ppk_ask(const struct ike_sa *sa, struct ike_question *q);

/* Initiator, with the answer to it: our AUTH value with the key. ST_NO_KEY. */
enum status ppk_sign(struct ike_sa *sa, const struct ike_answer *a) MUST_USE;
/* The same where we sign, in two steps: the key is kept (ST_NO_KEY); once the signature without it is made, and
 * where one with it is wanted, it goes into the keys. */
enum status ppk_keep_answer(struct ike_sa *sa, const struct ike_answer *a) MUST_USE;
bool ppk_wants_second(const struct ike_sa *sa);
void ppk_mix_kept(struct ike_sa *sa);
/* Responder, IKE_AUTH request: which one, and the AUTH value without. */
void ppk_read_auth(struct ike_sa *sa, const struct ike_payloads *p);
/* Responder, before the peer's AUTH is verified: with the key, without it (then the peer's AUTH value is
 * the other one), or not at all: ST_PPK_REQUIRED, ST_PPK_UNKNOWN (RFC 8784 table 1). */
enum status ppk_decide(struct ike_sa *sa, const struct ike_answer *a) MUST_USE;
/* Both: our notifies for IKE_AUTH. */
void ppk_put(struct msg_out *o, const struct ike_sa *sa);
/* Initiator, IKE_AUTH reply, before the peer's AUTH is verified. ST_PPK_REQUIRED: the responder did not
 * use it. */
enum status ppk_read_auth_reply(struct ike_sa *sa, const struct ike_payloads *p) MUST_USE;

#endif
