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
	bool reauth;         /* Termination-Action of that */
	bool has_reauth_ms;
	uint64_t reauth_ms;  /* of the session, once it is asked to authenticate again */
};

/* UTC ms: until when the client of a session that is asked for it now is to authenticate again. Who was asked before has no
 * more time than before. */
uint64_t coa_change_reauth_ms(const struct session *s, uint64_t now_ms, uint32_t within_s);
/* The values of the request in the place of the session's own (RFC 5176 section 3.6, note 3), names looked up in the
 * configuration. False: the answer is filled: 407 a name that is not there, 506. Of a Termination-Action without
 * Session-Timeout the lifetime is that of before. has_reauth_ms is the caller's to set. */
bool coa_change_prepare(const struct snapshot *conf, const struct session *s, const struct aaa_set *set,
	struct coa_change *out, struct coa_answer *answer);
/* Exchanges the session's terms for those of c, which then has those of before; again: as it was. */
void coa_change_swap(struct session *s, struct coa_change *c);
void coa_change_fini(struct coa_change *c);

#endif
