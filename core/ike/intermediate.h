/* IKE_INTERMEDIATE (RFC 9242) and what it carries here: additional key exchanges of an IKE SA that is
 * being set up (RFC 9370), one after the other, each with the keys of the one before.
 *
 *   HDR, SAi1 (with ADDKE transforms), KEi, Ni, N(INTERMEDIATE_EXCHANGE_SUPPORTED)  -->
 *         <-- HDR, SAr1, KEr, Nr, N(INTERMEDIATE_EXCHANGE_SUPPORTED)
 *   HDR, SK {KEi(1)}  -->   <-- HDR, SK {KEr(1)}            ... as many as were chosen
 *       SKEYSEED(n) = prf(SK_d(n-1), SK(n) | Ni | Nr); all keys anew
 *   HDR, SK {IDi, AUTH, ...}  -->                           AUTH covers all messages before it
 *
 * Those of CREATE_CHILD_SA: followup.h. Private to core/ike. */
#ifndef CORE_IKE_INTERMEDIATE_H
#define CORE_IKE_INTERMEDIATE_H

#include "core/ike/msg.h"
#include "core/ike/offer.h"
#include "core/ike/sa.h"

struct intermediate;
void intermediate_free(struct intermediate *im); /* NULL is allowed; wiped */

/* Initiator: INTERMEDIATE_EXCHANGE_SUPPORTED, when something of ours needs it. */
void intermediate_put_support(struct msg_out *o, const struct allowed_set *ours);
/* The same in the responder's reply. */
void intermediate_put_answer(struct msg_out *o, const struct ike_sa *sa);
/* Does the other side's INIT message go with what was chosen? ST_NO_PROPOSAL: it does not support the
 * exchange. */
enum status intermediate_judge(const struct ike_payloads *p, const struct chosen *c) MUST_USE;
/* What was chosen; memory for it only where something was. ST_NOMEM. */
enum status intermediate_begin(struct ike_sa *sa, const struct chosen *c) MUST_USE;

/* Another exchange follows the one in hand: what a computation leads to (SE_JOB_MORE). */
bool intermediate_follows(const struct ike_sa *sa);
/* How many are done: message IDs of IKE_AUTH follow theirs. */
uint32_t intermediate_count(const struct ike_sa *sa);
/* The keys that a message of the peer with that ID is protected with: the ones before the last exchange
 * where it repeats its request. */
const struct ike_keys *intermediate_keys(const struct ike_sa *sa, uint32_t msgid);

/* IntAuth (RFC 9242 3.3.2): what AUTH covers beyond the INIT messages; empty without exchanges. */
#define INT_AUTH_MAX (2 * PRF_OUT_MAX + 4)
struct view intermediate_auth(const struct ike_sa *sa, uint8_t out[INT_AUTH_MAX]);

/* Begins the next exchange: our key pair for it. */
enum status intermediate_generate(struct ike_sa *sa) MUST_USE;
sa_action intermediate_i_send;
sa_action intermediate_i_reply;
sa_action intermediate_i_bad_reply;
sa_action intermediate_i_more;
sa_action intermediate_r_request;
sa_action intermediate_r_generated;
sa_action intermediate_r_reply;

/* Both: the keys with the secret of the computation that ended. */
enum status intermediate_derive(struct ike_sa *sa, const struct ike_job_result *job) MUST_USE;

#endif
