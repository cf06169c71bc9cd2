#include "cmd/wire_reauth.h"

#include "cmd/wire_session.h"
#include "core/base/log.h"
#include "core/ike/limit.h"
#include "core/session/coa_change.h"
#include "modules/loop/loop.h"

enum status wire_reauth_tell(struct wire *w, const struct session *s)
{
	uint64_t now = (uint64_t)loop_wall_ms(), within_ms = s->reauth_ms > now ? s->reauth_ms - now : 1;
	return ike_reauth(w->ike, s->sa, s->reauth_ms ? within_ms : 0);
}

static void log_asked(const struct session *s)
{
	char id[ULID_TEXT];
	LOG(EV_REAUTH_ASKED, kv_str("session", ulid_format(&s->ulid, id)), kv_str("name", s->username));
}

enum status wire_reauth_session(void *ctx, struct session *s)
{
	struct wire *w = ctx;
	const struct dynauth *d = &w->conf->dynauth;
	uint64_t was_ms = s->reauth_ms;
	if (s->state == SESSION_PENDING)
		return ST_BAD_STATE;
	if (s->we_are_initiator)
		return ike_reauth(w->ike, s->sa, 1);
	s->reauth_ms = coa_change_reauth_ms(s, (uint64_t)loop_wall_ms(), d->on ? d->reauth_s : DYNAUTH_REAUTH_S);
	enum status st = wire_session_keep(w, s);
	if (st == ST_OK && s->sa)
		st = wire_reauth_tell(w, s);
	if (st != ST_OK) {
		s->reauth_ms = was_ms;
		(void)!wire_session_keep(w, s); /* of a size that had room before */
		return st;
	}
	wire_session_changed(w, s);
	log_asked(s);
	return ST_OK;
}
