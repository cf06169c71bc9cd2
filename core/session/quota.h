/* Limits of volume: how much of them a session has used, and what follows. Pure; loop thread.
 *
 * A limit of the session is about what it carried itself, in all of its tunnels. One of a day, a week or a month
 * is about all sessions of its user by its profile: what the store has counted of them, beside what this one has
 * carried since the store was asked. Until it has answered, or for a new day again, such a limit stays as it was
 * judged last. */
#ifndef CORE_SESSION_QUOTA_H
#define CORE_SESSION_QUOTA_H

#include "core/session/session.h"

/* Is there a limit for which the store has to be asked? t may be NULL, as in all of these. */
bool quota_wants_store(const struct session_terms *t);
/* Octets that count for the limit. False: not known yet. */
bool quota_used(const struct session *s, const struct terms_quota *q, const struct session_totals *now, uint64_t wall_ms,
	uint64_t *used);
/* Judges all limits of t, the terms of s or those that it is about to have, of which it is known how much is used.
 * True: one is in another state than before, or nobody was told of its state. */
bool quota_judge(const struct session *s, struct session_terms *t, const struct session_totals *now, uint64_t wall_ms);
/* The next one that is nearly or all used and of which nobody was told: it counts as told; NULL: no more. One that is in
 * order again may be told of again. */
const struct terms_quota *quota_tell(struct session *s);
/* The policy map of the first limit that was passed and has one; NULL: none. It stands in the place of the session's
 * own, both ways. */
const char *quota_map(const struct session_terms *t);
/* A limit was passed that ends the session. */
bool quota_ends(const struct session_terms *t);
/* A login, when the store has answered: ST_OK; ST_QUOTA_USED with a sentence. Judges all limits. */
enum status quota_login(struct session *s, uint64_t wall_ms, char detail[IKE_DETAIL_LEN]) MUST_USE;

#endif
