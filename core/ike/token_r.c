#include "core/ike/token_r.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/ike/engine.h"
#include "core/ike/proof.h"
#include "core/wire/auth.h"

enum status token_r_judge_method(struct ike_sa *sa)
{
	const struct handshake *hs = sa->hs;

	if (hs->proof->method != AUTHM_PSK || hs->another_follows)
		return sa_fail(sa, ST_RECONNECT_BAD, "%s",
			"the peer names a session, and authenticates otherwise than by its token");
	return ST_OK;
}

enum status token_r_take_over(struct ike_sa *sa, const struct ike_answer *a)
{
	struct ike_sa *old = a->live_sa != 0 ? ike_find_number(sa->ike, a->live_sa) : NULL;

	if (old != NULL && old != sa && old->state == SA_UP)
		sa_event(old, SE_SUPERSEDED, ST_END_RESUMED);
	else if (old != NULL && old != sa) /* it came back twice at once: the later one has it */
		sa_event(old, SE_CLOSE, ST_END_RESUMED);
	/* The session is this SA's already: the one before had to go in any case. */
	if (text_set(&sa->user, a->name) != ST_OK || kept_id_set(&sa->peer_id, &a->peer_id) != ST_OK)
		return ST_NOMEM;
	sa->is_resumed = true;
	sa->login_s = a->login_s;
	/* A ticket is for who was here with its own identity. */
	sa->hs->wants_ticket = false;
	return ST_OK;
}

enum status token_r_keep_offer(struct ike_sa *sa, const struct ike_answer *a)
{
	struct session_offer *s;

	if (a->session_id_len > sizeof(s->id) || a->session_state.len > sizeof(s->state) ||
		(a->session_id_len == 0 && a->session_state.len == 0))
		return ST_OK;
	s = sa->hs->session != NULL ? sa->hs->session : mem_new(sizeof(*s));
	if (s == NULL)
		return ST_NOMEM;
	s->wait_s = a->wait_s;
	s->id_len = a->session_id_len;
	memcpy(s->id, a->session_id, s->id_len);
	memcpy(s->token, a->token, sizeof(s->token));
	s->state_len = (uint16_t)a->session_state.len;
	if (s->state_len > 0)
		memcpy(s->state, a->session_state.p, s->state_len);
	sa->hs->session = s;
	return ST_OK;
}
