/* What the sessions of each interface may send and receive, and those that have filters or rates of their own: from
 * the configuration and the sessions' terms to the data path, at the start of a session, with each reload, and when a
 * CoA changes it. */
#ifndef CMD_WIRE_POLICY_H
#define CMD_WIRE_POLICY_H

#include "cmd/wire_state.h"

struct esp_policy;
struct session;
struct session_terms;

/* One for each interface of the configuration, and one for each session that has terms about it: those that were
 * prepared, or that are in force. */
struct wire_policies;
/* That of one session. */
struct wire_policy_own;

/* ST_NOMEM. */
enum status wire_policy_prepare(const struct wire *w, const struct snapshot *s, struct wire_policies **out) MUST_USE;
/* Takes it over; live sessions whose policy is another now get it. */
void wire_policy_commit(struct wire *w, struct wire_policies *p);
void wire_policy_free(struct wire_policies *p); /* NULL is fine */

/* Of a child of this session with this device, that is about to be installed; *out NULL: it may do everything. The
 * reference stays ours. ST_NOMEM. */
enum status wire_policy_of(struct wire *w, const struct ulid *session, uint32_t tun, struct esp_policy **out) MUST_USE;

/* What a session with these terms (NULL: none) is to have; *out NULL: what its interface has. ST_NOMEM. */
enum status wire_policy_make(const struct wire *w, const struct session *s, const struct session_terms *terms,
	struct wire_policy_own **out) MUST_USE;
/* Takes it over: in force for the session from now on, within one turn of the workers. */
void wire_policy_set(struct wire *w, const struct session *s, struct wire_policy_own *own);
void wire_policy_cancel(struct wire_policy_own *own); /* NULL is fine */
/* The session is over. */
void wire_policy_over(struct wire *w, const struct ulid *session);
/* Once a second: sessions that could not be told for want of memory. */
void wire_policy_second(struct wire *w);

#endif
