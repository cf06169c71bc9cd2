/* A client that comes back to its session, which waits for it or still has its old IKE SA (R-REC; the
 * format is in docs/reconnect.md). An IKE_SA_INIT as always, then
 *
 *   HDR, SK {IDi = session ID, AUTH, [CP(REQUEST),] SAi2, TSi, TSr}  -->    ask(hook): of which profile?
 *                               ask(keys): of the token; ask(authorize): the session; ask(address)
 *                           <-- HDR, SK {IDr, AUTH, [CP(REPLY),] SAr2, TSi, TSr}
 *
 * with AUTH by a shared key in both directions. No certificate, no EAP, no other question (R-REC-04).
 * Private to core/ike. */
#ifndef CORE_IKE_TOKEN_R_H
#define CORE_IKE_TOKEN_R_H

#include "core/ike/sa.h"

/* In place of what the profile allows: a shared key, and nothing after it. ST_RECONNECT_BAD. */
enum status token_r_judge_method(struct ike_sa *sa) MUST_USE;
/* With the answer to ASK_AUTHORIZE: the SA is now the session's, and the one before ends without a
 * word (R-REC-11). It is of whom has logged in once, and since then.
 * ST_NOMEM: this one cannot go on. */
enum status token_r_take_over(struct ike_sa *sa, const struct ike_answer *a) MUST_USE;
/* With the answer to ASK_ADDRESS: what the client gets for the next time. ST_NOMEM. */
enum status token_r_keep_offer(struct ike_sa *sa, const struct ike_answer *a) MUST_USE;

#endif
