#include "cmd/wire_quota.h"

#include <stdio.h>
#include <string.h>

#include "cmd/wire_lua.h"
#include "cmd/wire_policy.h"
#include "cmd/wire_session.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/ike/id_text.h"
#include "core/session/quota.h"
#include "db/usage.h"
#include "modules/loop/loop.h"

#define AGAIN_MS 10000 /* between two questions of one session: sessions of the same user elsewhere, a new day */
#define AT_ONCE 200  /* questions in one second: after a thaw all sessions have one */

/* A question to the store. */
struct asked {
	struct list in_list;
	uint64_t number;
	struct ulid session;
	uint64_t login; /* number of the engine's question, which is: */
	struct ike_question *question; /* NULL: of a session that is up */
};

void wire_quota_init(struct wire *w)
{
	list_init(&w->quotas);
}

static void forget(struct asked *a)
{
	list_del(&a->in_list);
	mem_free(a->question);
	mem_free(a);
}

void wire_quota_fini(struct wire *w)
{
	LIST_EACH_SAFE(at, &w->quotas)
		forget(CONTAINER_OF(at, struct asked, in_list));
}

/* ---- questions ------------------------------------------------------------------------------------- */

static struct asked *ask(struct wire *w, const struct session *s)
{
	struct store_usage_ask about = {0};
	struct asked *a = mem_new(sizeof(*a));
	if (!a)
		return NULL;
	snprintf(about.username, sizeof(about.username), "%s", s->username);
	snprintf(about.profile, sizeof(about.profile), "%s", s->profile);
	ulid_format(&s->ulid, about.session);
	for (int p = QUOTA_DAY; p < QUOTA_PERIODS; p++)
		about.begin_ms[p] = quota_begin_ms((enum quota_period)p, (uint64_t)loop_wall_ms());
	a->number = ++w->quota_last;
	a->session = s->ulid;
	if (store_usage(w->store, a->number, &about) != ST_OK) {
		mem_free(a);
		return NULL;
	}
	list_push_back(&w->quotas, &a->in_list);
	return a;
}

bool wire_quota_ask(struct wire *w, uint64_t number, const struct ike_question *q, struct ike_answer *answer)
{
	const struct session *s = session_find(w->sessions, &answer->session);
	if (!s || !quota_wants_store(s->terms))
		return false;
	struct ike_question *copy = mem_dup(q, sizeof(*q)); /* this kind has no views */
	struct asked *a = copy ? ask(w, s) : NULL;
	if (!a) {
		mem_free(copy);
		answer->status = ST_NOMEM;
		snprintf(answer->detail, sizeof(answer->detail), "%s", status_words(ST_NOMEM));
		return false;
	}
	a->login = number;
	a->question = copy;
	return true;
}

void wire_quota_cancel(struct wire *w, uint64_t number)
{
	LIST_EACH_SAFE(at, &w->quotas) {
		struct asked *a = CONTAINER_OF(at, struct asked, in_list);
		if (a->question && a->login == number)
			forget(a);
	}
}

/* ---- answers --------------------------------------------------------------------------------------- */

static void take(struct session *s, const struct store_usage *u)
{
	s->used = (struct session_used){.begin_ms = u->begin_ms, .counted_in = u->counted_in, .counted_out = u->counted_out};
	memcpy(s->used.in, u->in, sizeof(s->used.in));
	memcpy(s->used.out, u->out, sizeof(s->used.out));
	s->used_next_ms = loop_now_ms() + AGAIN_MS;
}

/* Without an answer nobody is let in: his session could not be stored either. */
static void decide(struct wire *w, const struct asked *q, struct session *s, enum status st)
{
	struct ike_answer *a = mem_new(sizeof(*a));
	if (!a)
		return; /* its state has a timeout */
	a->kind = ASK_AUTHORIZE;
	a->session = q->session;
	a->grant.tun = s ? s->grant->tun : 0;
	a->status = st == ST_OK && !s ? ST_CANCELLED : st;
	if (a->status == ST_OK)
		a->status = quota_login(s, (uint64_t)loop_wall_ms(), a->detail);
	else
		snprintf(a->detail, sizeof(a->detail), "how much the user has used is not known");
	if (a->status != ST_OK || !wire_lua_ask(w, q->login, q->question, a))
		ike_on_answer(w->ike, q->login, a);
	mem_free(a);
}

static struct asked *find(const struct wire *w, uint64_t number)
{
	LIST_EACH(at, &w->quotas) {
		struct asked *a = CONTAINER_OF(at, struct asked, in_list);
		if (a->number == number)
			return a;
	}
	return NULL;
}

void wire_quota_on_store(struct wire *w, uint64_t number, enum status st, const struct store_usage *usage)
{
	struct asked *a = find(w, number);
	struct session *s = a ? session_find(w->sessions, &a->session) : NULL;
	if (!a)
		return; /* cancelled */
	if (s && st == ST_OK)
		take(s, usage);
	else if (s)
		s->used_next_ms = loop_now_ms() + AGAIN_MS;
	if (a->question && w->ike)
		decide(w, a, s, st);
	forget(a);
}

/* ---- limits that are passed -------------------------------------------------------------------------- */

static void tell(struct wire *w, struct session *s, const struct session_totals *now)
{
	char id[ULID_TEXT], who[256];
	const struct terms_quota *q;
	while ((q = quota_tell(s)) != NULL) {
		uint64_t used = 0;
		(void)quota_used(s, q, now, (uint64_t)loop_wall_ms(), &used);
		LOG(EV_SESSION_QUOTA, kv_str("session", ulid_format(&s->ulid, id)), kv_ep("remote", &s->remote),
		    kv_str("identity", id_text(s->peer_id, who, sizeof(who))), kv_str("name", s->username),
		    kv_str("profile", s->profile), kv_u64("percent", q->state == QUOTA_OVER ? 100 : QUOTA_NEAR_PERCENT),
		    kv_str("direction", quota_way_word((enum quota_way)q->way)),
		    kv_str("period", quota_period_word((enum quota_period)q->period)), kv_u64("used", used),
		    kv_u64("limit", q->octets), kv_str("action", q->map[0] ? q->map : "disconnect"));
		wire_lua_quota(w, s, q, used);
	}
}

/* The rules of the session as its limits are now. False: its policy map is not configured any more. */
static bool put_map(struct wire *w, struct session *s)
{
	struct wire_policy_own *own;
	enum status st = wire_policy_make(w, s, s->terms, &own);
	/* Without the limit's map, what was the session's own may have gone in a reload: tried again, too. */
	s->is_map_due = st == ST_NOMEM || (st != ST_OK && !quota_map(s->terms));
	if (st == ST_OK)
		wire_policy_set(w, s, own);
	return st == ST_OK || s->is_map_due;
}

/* In the order in which it is told: log and script hear of the limit before they hear of the end. */
static void judge(struct wire *w, struct session *s)
{
	struct session_totals now = wire_session_totals(w, s);
	const char *before = quota_map(s->terms);
	bool is_new = quota_judge(s, s->terms, &now, (uint64_t)loop_wall_ms());
	bool is_again = s->is_map_due, is_map = is_again || quota_map(s->terms) != before;
	if (!is_new && !is_map && !quota_ends(s->terms))
		return;
	tell(w, s, &now);
	if (quota_ends(s->terms) || (is_map && !put_map(w, s))) {
		wire_session_finish(w, s, ST_END_QUOTA);
		return;
	}
	if (is_again && !is_new && s->is_map_due)
		return; /* nothing is new */
	/* Without the new record a new main judges, and tells, once more. */
	(void)!wire_session_keep(w, s);
	wire_session_changed(w, s);
}

static bool has_limits(const struct session *s)
{
	return s->state == SESSION_UP && s->terms && s->terms->n_quotas > 0;
}

static bool is_due(const struct session *s, uint64_t now)
{
	return has_limits(s) && quota_wants_store(s->terms) && now >= s->used_next_ms;
}

void wire_quota_second(struct wire *w)
{
	uint64_t now = loop_now_ms();
	size_t asked = 0;
	struct session *next, *turn = session_find(w->sessions, &w->quota_turn);
	/* Those that the last second had no question left for come first. */
	w->quota_turn = (struct ulid){0};
	for (struct session *s = turn ? turn : session_next(w->sessions, NULL); s && asked < AT_ONCE; s = session_next(w->sessions, s)) {
		if (!is_due(s, now) || !ask(w, s))
			continue;
		s->used_next_ms = UINT64_MAX; /* the answer says when again */
		if (++asked == AT_ONCE && session_next(w->sessions, s))
			w->quota_turn = session_next(w->sessions, s)->ulid;
	}
	for (struct session *s = session_next(w->sessions, NULL); s; s = next) {
		next = session_next(w->sessions, s);
		if (has_limits(s))
			judge(w, s);
	}
}
