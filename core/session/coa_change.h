/* What a CoA-Request makes of a session: prepared and checked first, so that nothing changes unless all can.
 * Pure; loop thread. */
#ifndef CORE_SESSION_COA_CHANGE_H
#define CORE_SESSION_COA_CHANGE_H

#include "core/aaa/coa_request.h"
#include "core/session/session.h"

struct coa_change {
	struct session_terms *terms; /* those from now on; NULL: none */
	bool has_idle;
	uint32_t idle_s;
	bool has_lifetime;
	uint32_t lifetime_s; /* Session-Timeout, counted from the beginning of the session */
};

/* The values of the request in the place of the session's own (RFC 5176 section 3.6, note 3), names looked up in the
 * configuration. False: the answer is filled: 407 a name that is not there, 405 what a live session cannot be given, 506. */
bool coa_change_prepare(const struct snapshot *conf, const struct session *s, const struct aaa_set *set,
	struct coa_change *out, struct coa_answer *answer);
/* Exchanges the session's terms for those of c, which then has those of before; again: as it was. */
void coa_change_swap(struct session *s, struct coa_change *c);
void coa_change_fini(struct coa_change *c);

#endif
