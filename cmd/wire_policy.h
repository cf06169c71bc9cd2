/* What the sessions of each interface may send and receive, and those that have rules of their own by their
 * authorization: from the configuration to the data path, at the start of a session, with each reload, and when
 * the rules of a session change.
 *
 * Rules of a session stand in the place of those of its interface, each for itself: a filter in for IPv4, for
 * instance, leaves the one for IPv6 and the rates as they are. */
#ifndef CMD_WIRE_POLICY_H
#define CMD_WIRE_POLICY_H

#include "cmd/wire_state.h"

struct esp_policy;
struct session;
struct session_terms;

/* One for each interface of the configuration: those that were prepared, or that are in force. */
struct wire_policies;
/* That of one session with rules of its own. */
struct wire_policy_own;

/* ST_NOMEM. */
enum status wire_policy_prepare(const struct wire *w, const struct snapshot *s, struct wire_policies **out) MUST_USE;
/* Takes it over; live sessions whose policy is another now get it. One with rules of its own whose lists are not
 * in the configuration any more keeps what it has. */
void wire_policy_commit(struct wire *w, struct wire_policies *p);
void wire_policy_free(struct wire_policies *p); /* NULL is fine */

/* Of a session on this device, when its first child begins: *out NULL: it may do everything; not a reference. ST_NOMEM;
 * ST_NOT_FOUND: it has rules of its own, and a list of them is not there. */
enum status wire_policy_begin(struct wire *w, const struct ulid *session, uint32_t tun, struct esp_policy **out) MUST_USE;
/* What a session would have with these terms; *out NULL: what its interface has. ST_NOMEM; ST_NOT_FOUND as above. */
enum status wire_policy_make(const struct wire *w, const struct session *s, const struct session_terms *terms,
	struct wire_policy_own **out) MUST_USE;
/* Takes it over: the session's children get it within one turn of the workers. */
void wire_policy_set(struct wire *w, const struct session *s, struct wire_policy_own *own);
void wire_policy_cancel(struct wire_policy_own *own); /* NULL is fine */
/* The session has ended. */
void wire_policy_forget(struct wire *w, const struct ulid *session);
void wire_policy_fini(struct wire *w);
/* Once a second: sessions that could not be told for want of memory. */
void wire_policy_second(struct wire *w);

#endif
