#include "core/session/wait.h"

#include <stdio.h>
#include <string.h>

#include "core/session/token.h"

/* Not ST_END_LIFETIME: who is there and makes no new keys, or does not authenticate again, is told that
 * it is over; who is not there is noticed before. */
bool session_waits(const struct session *s, enum status why)
{
	if (s->we_are_initiator || !s->has_token || s->reconnect_s == 0)
		return false;
	switch (why) {
	case ST_END_DPD:
	case ST_TIMEOUT:      /* no answer to something else */
	case ST_END_IDLE:     /* R-IDL-07: of its children, and the IKE SA went with the last */
	case ST_END_CRASHED:
	case ST_END_SHUTDOWN: /* of this headend, R-SDB-30 */
	case ST_END_LOST:
	case ST_ESP_SEQ_END: return true;
	default: return false;
	}
}

enum status session_end_why(const struct session *s, enum status why)
{
	bool is_silent = why == ST_END_DPD || why == ST_TIMEOUT || why == ST_END_LOST || why == ST_END_CRASHED;

	return s->reauth_ms && is_silent ? ST_END_NOT_REAUTH : why;
}

static uint64_t since(uint64_t then_ms, uint64_t now_ms)
{
	return now_ms > then_ms ? now_ms - then_ms : 0;
}

static uint64_t left(uint32_t limit_s, uint64_t past_ms)
{
	uint64_t limit_ms = (uint64_t)limit_s * 1000;

	return limit_ms > past_ms ? limit_ms - past_ms : 0;
}

uint64_t session_life_left_ms(const struct session *s, uint64_t now_ms)
{
	uint32_t life_s = s->grant->session_lifetime_s;

	return life_s ? left(life_s, since(s->start_ms, now_ms)) : UINT64_MAX;
}

uint64_t session_wait_left_ms(const struct session *s, uint64_t now_ms)
{
	uint64_t past_ms = s->state == SESSION_WAITING ? since(s->waiting_ms, now_ms) : 0;
	uint64_t wait_ms = left(s->reconnect_s, past_ms), life_ms = session_life_left_ms(s, now_ms);

	return wait_ms < life_ms ? wait_ms : life_ms;
}

uint64_t session_inactive_ms(const struct session *s, uint64_t now_ms, uint64_t data_ms)
{
	if (s->state == SESSION_WAITING)
		return since(s->waiting_ms, now_ms);
	return since(data_ms > s->up_ms ? data_ms : s->up_ms, now_ms);
}

enum status session_due(const struct session *s, uint64_t now_ms, uint64_t data_ms)
{
	if (s->state == SESSION_PENDING)
		return ST_OK;
	if (session_life_left_ms(s, now_ms) == 0)
		return s->grant->session_reauth ? ST_END_NOT_REAUTH : ST_END_SESSION_TIMEOUT;
	/* One that is coming back has an IKE SA, which has a time-out of its own. */
	if (s->state == SESSION_WAITING)
		return s->sa == 0 && session_wait_left_ms(s, now_ms) == 0 ? ST_END_NOT_RESUMED : ST_OK;
	if (s->idle_timeout_s && left(s->idle_timeout_s, session_inactive_ms(s, now_ms, data_ms)) == 0)
		return ST_END_IDLE;
	return ST_OK;
}

struct session *session_of_token(
	const struct sessions *ss, const struct ike_id *id, uint32_t vrf, enum status *why)
{
	struct ulid ulid;
	struct session *s;

	*why = ST_RECONNECT_BAD;
	if (!token_id_read(id, &ulid))
		return NULL;
	*why = ST_RECONNECT_OVER;
	s = session_find(ss, &ulid);
	/* A token proves who it was, not who it is: it is no answer to who is asked to authenticate again. */
	if (!s || !s->has_token || s->state == SESSION_PENDING || s->reauth_ms || s->local.vrf != vrf)
		return NULL;
	*why = ST_OK;
	return s;
}

void session_resume(struct sessions *ss, const struct ike_question *q, uint64_t now_ms,
	struct ike_answer *answer)
{
	enum status why;
	struct session *s = session_of_token(ss, &q->peer_id, q->local.vrf, &why);

	*answer = (struct ike_answer){.kind = ASK_AUTHORIZE, .status = why};
	if (!s) {
		snprintf(answer->detail, sizeof(answer->detail), "the session ended meanwhile");
		return;
	}
	answer->session = s->ulid;
	answer->live_sa = s->sa;
	answer->login_s = s->start_ms / 1000;
	kept_id_read(s->peer_id, &answer->peer_id);
	snprintf(answer->name, sizeof(answer->name), "%s", s->user);
	answer->grant.tun = s->grant->tun;
	session_take_over(ss, s, q->sa, now_ms);
	session_move(s, &q->local, &q->remote); /* R-SDB-15 */
}
