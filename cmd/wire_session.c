#include "cmd/wire_session.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "cmd/wire_acct.h"
#include "cmd/wire_child.h"
#include "cmd/wire_dhcp_address.h"
#include "cmd/wire_lua.h"
#include "cmd/wire_client.h"
#include "cmd/wire_policy.h"
#include "cmd/wire_proxy.h"
#include "cmd/wire_reconnect.h"
#include "cmd/wire_reserve.h"
#include "cmd/wire_route.h"
#include "cmd/wire_snmp.h"
#include "core/base/hash.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/crypto/rnd.h"
#include "core/ike/id_text.h"
#include "core/session/assign.h"
#include "core/session/attributes.h"
#include "db/store.h"
#include "modules/data/data.h"
#include "modules/loop/loop.h"

#define STALE_MS 120000 /* longer than any negotiation lives */
#define RECONCILE_NUMBER UINT64_MAX /* no question of the engine has these */
#define CHANGED_NUMBER (UINT64_MAX - 1)

/* What a session carried: now, or with its former children. */
struct total {
	struct store_traffic sum;
	uint64_t drops;
	uint64_t last_ms; /* of the newest packet, either way; monotonic, 0: none yet */
};

struct past {
	struct map_node by_session;
	struct ulid session;
	struct total total;
};

static void come_back(struct wire *w, const struct ike_question *q, struct ike_answer *answer);
static void end_waiting_of(struct wire *w, const struct ike_question *q);

/* ---- questions -------------------------------------------------------------------------------- */

static bool has_room(struct wire *w, const struct ike_question *q, struct ike_answer *answer)
{
	bool is_known = session_next_same(w->sessions, &q->peer_id, NULL) != NULL;
	if (wire_reserve_login(w, is_known) == ST_OK)
		return true;
	*answer = (struct ike_answer){.kind = q->kind, .status = ST_NOMEM};
	snprintf(answer->detail, sizeof(answer->detail), "no memory for one session more");
	return false;
}

void wire_session_authorize(struct wire *w, struct session_ask *ask, struct ike_answer *answer)
{
	uint8_t random[10];
	end_waiting_of(w, ask->q);
	if (!has_room(w, ask->q, answer))
		return;
	/* An earlier attempt of the same SA ends with this one. */
	const struct session *earlier = session_find_sa(w->sessions, ask->q->sa);
	if (earlier && earlier->state == SESSION_PENDING)
		wire_dhcp_release(w, earlier);
	rnd_bytes(random, sizeof(random));
	ask->random = random;
	ask->wall_ms = (uint64_t)loop_wall_ms();
	session_authorize(w->sessions, ask, answer);
}

void wire_session_ask(struct wire *w, const struct ike_question *q, struct ike_answer *answer, uint8_t **block)
{
	if (q->kind == ASK_AUTHORIZE) {
		come_back(w, q, answer);
		return;
	}
	session_assign(w->sessions, q, answer);
	if (answer->status == ST_OK)
		wire_reconnect_offer(w, q, answer, block);
	if (answer->status == ST_POOL_EXHAUSTED)
		LOG(EV_POOL_EXHAUSTED, kv_str("reason", answer->detail));
}

/* ---- rows ------------------------------------------------------------------------------------- */

static void put(char *out, size_t cap, const char *text)
{
	size_t len = strnlen(text, cap - 1);
	memcpy(out, text, len);
	out[len] = 0;
}

static void put_quotas(const struct session_terms *t, struct store_session *row)
{
	for (size_t i = 0; t && i < t->n_quotas; i++) {
		const struct terms_quota *q = &t->quotas[i];
		if (q->octets && q->period != QUOTA_SESSION)
			row->quotas[row->n_quotas++] = (struct quota_limit){q->way, q->period, q->octets};
	}
}

static void row_of(const struct wire *w, const struct session *s, struct store_session *row)
{
	const char *vrf = snapshot_vrf_name(w->conf, s->local.vrf);
	*row = (struct store_session){.started_ms = s->start_ms};
	ulid_format(&s->ulid, row->ulid);
	put(row->vrf, sizeof(row->vrf), vrf ? vrf : "");
	put(row->ivrf, sizeof(row->ivrf), s->ivrf);
	put(row->profile, sizeof(row->profile), s->profile);
	put(row->policy, sizeof(row->policy), s->policy);
	put(row->identity_type, sizeof(row->identity_type), identity_type_name(s->peer_id->type));
	id_text(s->peer_id, row->identity, sizeof(row->identity));
	put(row->username, sizeof(row->username), s->username);
	endpoint_format(&s->local, row->local);
	endpoint_format(&s->remote, row->remote);
	if (s->lease4)
		addr_format(&s->grant->ip4, row->ip4);
	/* One address is written as show writes it; a prefix with its length. */
	if (s->lease6 && s->grant->ip6_prefix_len == 128)
		addr_format(&s->grant->ip6, row->ip6);
	else if (s->lease6)
		prefix_format(&(struct prefix){s->grant->ip6, s->grant->ip6_prefix_len}, row->ip6);
	put(row->pool4, sizeof(row->pool4), s->pool4);
	put(row->pool6, sizeof(row->pool6), s->pool6);
	put_quotas(s->terms, row);
	row->up_ms = (uint64_t)loop_wall_ms();
	row->resumes = s->resumed + (s->state == SESSION_WAITING); /* it is about to be up */
}

/* ---- traffic ---------------------------------------------------------------------------------- */

static uint64_t get(const _Atomic uint64_t *v)
{
	return atomic_load_explicit(v, memory_order_relaxed);
}

static void add_counters(struct total *t, const struct esp_rt *rt)
{
	uint64_t in_ms = get(&rt->last_in_ms), out_ms = get(&rt->last_out_ms);
	t->sum.bytes_in += get(&rt->bytes_in);
	t->sum.bytes_out += get(&rt->bytes_out);
	t->sum.packets_in += get(&rt->packets_in);
	t->sum.packets_out += get(&rt->packets_out);
	t->drops += get(&rt->drops_replay) + get(&rt->drops_auth) + get(&rt->drops_policy) +
		    get(&rt->drops_other);
	if (in_ms > t->last_ms)
		t->last_ms = in_ms;
	if (out_ms > t->last_ms)
		t->last_ms = out_ms;
}

static void add_total(struct total *t, const struct total *more)
{
	t->sum.bytes_in += more->sum.bytes_in;
	t->sum.bytes_out += more->sum.bytes_out;
	t->sum.packets_in += more->sum.packets_in;
	t->sum.packets_out += more->sum.packets_out;
	t->drops += more->drops;
	if (more->last_ms > t->last_ms)
		t->last_ms = more->last_ms;
}

/* The random half of the ULID: enough to tell sessions apart. */
static uint64_t keep_key(const struct ulid *u)
{
	uint64_t key;
	memcpy(&key, u->b + 8, sizeof(key));
	return key;
}

static struct past *past_of(const struct wire *w, const struct ulid *session)
{
	struct map_node *n = map_first(&w->pasts, keep_key(session));
	while (n && memcmp(&CONTAINER_OF(n, struct past, by_session)->session, session,
			   sizeof(*session)) != 0)
		n = map_next(n);
	return n ? CONTAINER_OF(n, struct past, by_session) : NULL;
}

static struct total total_of(const struct wire *w, const struct session *s)
{
	const struct session_totals *before = &s->carried;
	struct total t = {.sum = {before->bytes_in, before->bytes_out, before->packets_in, before->packets_out},
			  .drops = before->drops};
	const struct past *p = past_of(w, &s->ulid);
	if (p)
		add_total(&t, &p->total);
	for (const struct wire_child *c = wire_child_next(w, s->sa, NULL); c;
	     c = wire_child_next(w, s->sa, c)) {
		const struct esp_rt *rt = data_sa_rt(w->data, c->spi_in);
		if (rt)
			add_counters(&t, rt);
	}
	return t;
}

void wire_session_child_gone(struct wire *w, const struct ulid *session, const struct esp_rt *rt)
{
	struct past *p = past_of(w, session);
	if (!p && session_find(w->sessions, session)) {
		p = mem_new(sizeof(*p));
		if (!p)
			return; /* its numbers are lost, the session is not */
		p->session = *session;
		map_add(&w->pasts, &p->by_session, keep_key(session));
	}
	if (p)
		add_counters(&p->total, rt);
}

static struct snmp_traffic traffic_of(const struct session *s, const struct total *t)
{
	uint64_t wall = (uint64_t)loop_wall_ms(), now = loop_now_ms();
	uint64_t idle_ms = wall > s->start_ms ? wall - s->start_ms : 0;
	if (s->state == SESSION_WAITING)
		idle_ms = session_inactive_ms(s, wall, 0);
	else if (t->last_ms)
		idle_ms = now > t->last_ms ? now - t->last_ms : 0;
	return (struct snmp_traffic){
		.index = wire_snmp_index(s), .idle_s = (uint32_t)(idle_ms / 1000),
		.octets_in = t->sum.bytes_in, .octets_out = t->sum.bytes_out,
		.packets_in = t->sum.packets_in, .packets_out = t->sum.packets_out, .drops = t->drops};
}

static void add_traffic(struct wire *w, const struct session *s, const struct total *t)
{
	if (w->snmp_traffic_n == w->snmp_traffic_cap) {
		size_t cap = w->snmp_traffic_cap ? 2 * w->snmp_traffic_cap : 64;
		void *v = mem_grow(w->snmp_traffic, w->snmp_traffic_cap * sizeof(*w->snmp_traffic),
				   cap * sizeof(*w->snmp_traffic));
		if (!v)
			return; /* it has no traffic in this sample */
		w->snmp_traffic = v;
		w->snmp_traffic_cap = cap;
	}
	w->snmp_traffic[w->snmp_traffic_n++] = traffic_of(s, t);
}

void wire_session_traffic(struct wire *w)
{
	uint64_t now = (uint64_t)loop_wall_ms();
	w->snmp_traffic_n = 0;
	for (struct session *s = session_next(w->sessions, NULL); s; s = session_next(w->sessions, s)) {
		struct total t = total_of(w, s);
		if (s->state == SESSION_PENDING)
			continue;
		if (s->state == SESSION_UP && (t.sum.packets_in || t.sum.packets_out))
			store_session_traffic(w->store, &s->ulid, now, &t.sum);
		if (w->snmp)
			add_traffic(w, s, &t);
	}
}

/* ---- up --------------------------------------------------------------------------------------- */

enum status wire_session_keep(struct wire *w, const struct session *s)
{
	uint8_t rec[SESSION_FROZEN_MAX];
	size_t len = session_freeze(s, rec, sizeof(rec));
	enum status st = len ? wire_reserve_put(w, KEEP_SESSION, keep_key(&s->ulid), rec, len) : ST_INTERNAL;
	mem_zero(rec, len);
	return st;
}

static enum status store_row(struct wire *w, const struct session *s, uint64_t number)
{
	static uint8_t record[STORE_RECORD];
	struct store_session row;
	row_of(w, s, &row);
	row.record_len = (uint16_t)wire_reconnect_seal(w, s, record);
	row.record = record;
	return store_session_up(w->store, number, &row);
}

enum status wire_session_commit(struct wire *w, uint64_t number, const struct ike_commit *c)
{
	struct session *s = session_find(w->sessions, &c->session);
	if (!s)
		return ST_NOT_FOUND;
	if (s->state == SESSION_PENDING && wire_acct_choose(w, s) != ST_OK)
		return ST_NOMEM;
	struct wire_commit *wait = mem_new(sizeof(*wait));
	if (!wait)
		return ST_NOMEM;
	wait->number = number;
	wait->commit = *c;
	enum status st = store_row(w, s, number);
	if (st != ST_OK) {
		mem_free(wait);
		return st;
	}
	list_push_back(&w->commits, &wait->in_list);
	return ST_OK;
}

void wire_session_changed(struct wire *w, const struct session *s)
{
	/* The row of one that waits is written when its client is back. */
	if (s->state == SESSION_UP && s->has_token && store_row(w, s, CHANGED_NUMBER) != ST_OK)
		LOG(EV_STORE_ERROR, kv_str("reason", "a change of a session is not stored"));
}

static struct wire_commit *take_commit(struct wire *w, uint64_t number)
{
	LIST_EACH(at, &w->commits) {
		struct wire_commit *c = CONTAINER_OF(at, struct wire_commit, in_list);
		if (c->number == number) {
			list_del(&c->in_list);
			return c;
		}
	}
	return NULL;
}

static void log_session(enum event e, const struct session *s, enum status why,
			const struct store_traffic *t)
{
	char id[ULID_TEXT], who[STORE_IDENTITY];
	LOG(e, kv_str("session", ulid_format(&s->ulid, id)), kv_ep("remote", &s->remote),
	    kv_str("identity", id_text(s->peer_id, who, sizeof(who))),
	    kv_str("profile", s->profile), kv_addr("ip4", &s->grant->ip4), kv_addr("ip6", &s->grant->ip6),
	    kv_status("status", why), kv_u64("bytes_in", t->bytes_in), kv_u64("bytes_out", t->bytes_out));
}

static struct acct_traffic acct_of(const struct total *t)
{
	return (struct acct_traffic){t->sum.bytes_in, t->sum.bytes_out, t->sum.packets_in, t->sum.packets_out};
}

static void session_is_up(struct wire *w, struct session *s, bool is_back)
{
	if (is_back) {
		log_session(EV_SESSION_RESUMED, s, ST_OK, &(struct store_traffic){0});
		wire_acct_news(w, s);
		wire_snmp_up(w, s);
		return;
	}
	wire_acct_up(w, s);
	log_session(EV_SESSION_UP, s, ST_OK, &(struct store_traffic){0});
	wire_snmp_up(w, s);
	wire_lua_up(w, s);
}

static void session_is_down(struct wire *w, const struct session *s, enum status why,
			    const struct total *t)
{
	struct acct_traffic traffic = acct_of(t);
	log_session(EV_SESSION_DOWN, s, why, &t->sum);
	wire_acct_down(w, s, why, &traffic);
	wire_lua_down(w, s, why, &t->sum);
}

/* The engine tells of the end of each. */
static void end_surplus(struct wire *w, const struct session *s)
{
	struct session *o;
	while ((o = session_surplus(w->sessions, s)) != NULL)
		if (ike_close(w->ike, o->sa, ST_END_LOGIN_LIMIT) != ST_OK || session_surplus(w->sessions, s) == o)
			return;
}

/* It has no tunnel any more. Called while it is up. */
static void leave(struct wire *w, const struct session *s, enum status why, const struct total *t)
{
	struct snmp_traffic traffic = traffic_of(s, t);
	wire_snmp_down(w, why, &traffic);
	wire_route_over(w, s);
	wire_proxy_over(w, s);
}

static void reconciled(struct wire *w, enum status st)
{
	w->reconcile_again = st != ST_OK;
	if (st != ST_OK && !w->reconcile_failed)
		LOG(EV_STORE_ERROR, kv_str("reason", "sessions of before are not compared yet"),
		    kv_status("status", st));
	w->reconcile_failed = st != ST_OK;
	if (st == ST_OK && !w->acct_begun) {
		w->acct_begun = true;
		wire_acct_begin(w, w->is_fresh && sessions_count(w->sessions) == 0);
	}
}

enum status wire_session_committed(struct wire *w, uint64_t number, enum status st)
{
	struct wire_commit *c = take_commit(w, number);
	if (number == RECONCILE_NUMBER)
		reconciled(w, st);
	if (!c)
		return ST_CANCELLED;
	struct session *s = session_find(w->sessions, &c->commit.session);
	if (!s || s->sa != c->commit.sa) {
		/* It ended while the disk was busy, and its end follows in the store's queue; or its client came
		 * back once more, and what follows there is of another IKE SA. */
		st = ST_CANCELLED;
	} else if (st == ST_OK) {
		bool is_back = s->state == SESSION_WAITING;
		session_up(w->sessions, s, &c->commit, (uint64_t)loop_wall_ms());
		wire_client_changed(w, s->grant->tun);
		wire_route_up(w, s);
		wire_proxy_up(w, s);
		st = wire_session_keep(w, s);
		if (st == ST_OK) {
			session_is_up(w, s, is_back);
			end_surplus(w, s);
		}
	}
	mem_free(c);
	return st;
}

/* ---- the end ---------------------------------------------------------------------------------- */

static void forget_past(struct wire *w, struct past *p)
{
	if (!p)
		return;
	map_del(&w->pasts, &p->by_session);
	mem_free(p);
}

static void end(struct wire *w, struct session *s, enum status why)
{
	struct total t = total_of(w, s);
	struct past *p = past_of(w, &s->ulid);
	uint32_t tun = s->grant->tun;
	keep_del(w->keep, KEEP_SESSION, keep_key(&s->ulid));
	/* Also of one that never came up: its row may be on its way to the disk. */
	if (store_session_end(w->store, &s->ulid, (uint64_t)loop_wall_ms(), why, &t.sum) != ST_OK)
		LOG(EV_STORE_ERROR, kv_str("reason", "the end of a session is not stored"));
	if (s->state != SESSION_PENDING)
		session_is_down(w, s, why, &t);
	if (s->state == SESSION_UP)
		leave(w, s, why, &t);
	else if (s->state == SESSION_WAITING)
		wire_snmp_gone(w, s);
	wire_dhcp_release(w, s);
	wire_policy_forget(w, &s->ulid);
	session_end(w->sessions, s);
	wire_client_changed(w, tun);
	forget_past(w, p);
}

/* What its tunnels carried is its own from now on; none of them is left. */
static void carry(struct wire *w, struct session *s, const struct total *t)
{
	s->carried = (struct session_totals){t->sum.bytes_in, t->sum.bytes_out, t->sum.packets_in,
					     t->sum.packets_out, t->drops};
	forget_past(w, past_of(w, &s->ulid));
}

/* Its IKE SA is gone, or the one that was to be its next. */
static void wait_for_client(struct wire *w, struct session *s, enum status why)
{
	struct total t = total_of(w, s);
	if (s->state == SESSION_UP)
		leave(w, s, why, &t);
	carry(w, s, &t);
	session_wait(w->sessions, s, (uint64_t)loop_wall_ms());
	wire_snmp_moved(w, s);
	/* Without the new record a new main finds it up and without an IKE SA, and lets it wait then. */
	(void)!wire_session_keep(w, s);
	if (store_session_wait(w->store, &s->ulid, s->waiting_ms, &t.sum) != ST_OK)
		LOG(EV_STORE_ERROR, kv_str("reason", "that a session waits is not stored"));
	log_session(EV_SESSION_WAITING, s, why, &t.sum);
}

/* ASK_AUTHORIZE of who has the token. The tunnel that the session may still have ends with the answer. */
static void come_back(struct wire *w, const struct ike_question *q, struct ike_answer *answer)
{
	enum status why;
	struct session *s = session_of_token(w->sessions, &q->peer_id, q->local.vrf, &why);
	if (s && s->state == SESSION_UP) {
		struct total t = total_of(w, s);
		leave(w, s, ST_END_RESUMED, &t);
	} else if (s) {
		wire_snmp_gone(w, s);
	}
	session_resume(w->sessions, q, (uint64_t)loop_wall_ms(), answer);
}

/* The peer says that nothing of before is left: neither is what waits for it. And what waits for its client to authenticate
 * waits no longer. Either way its address is free for the same client. */
static void end_waiting_of(struct wire *w, const struct ike_question *q)
{
	struct session *next;
	for (struct session *s = session_next_same(w->sessions, &q->peer_id, NULL); s; s = next) {
		next = session_next_same(w->sessions, &q->peer_id, s);
		if (s->state == SESSION_WAITING && s->sa == 0 && (q->initial_contact || s->reauth_ms) &&
		    strcmp(s->user, q->user) == 0 && strcmp(s->profile, q->profile) == 0)
			end(w, s, s->reauth_ms ? ST_END_REAUTH : ST_END_REPLACED);
	}
}

void wire_session_finish(void *ctx, struct session *s, enum status why)
{
	struct wire *w = ctx;
	uint64_t sa = s->sa;
	end(w, s, why);
	if (sa)
		(void)!ike_close(w->ike, sa, why);
}

/* An SA that ends while the answer that names its session is still on its way does not know it. */
void wire_session_ended(struct wire *w, const struct ike_event *ev)
{
	struct session *s = ulid_is_zero(&ev->session) ? session_find_sa(w->sessions, ev->sa) :
							 session_find(w->sessions, &ev->session);
	if (!s || s->sa != ev->sa)
		return; /* another IKE SA has it */
	if (s->state == SESSION_WAITING || (s->state == SESSION_UP && session_waits(s, ev->status)))
		wait_for_client(w, s, ev->status);
	else
		end(w, s, session_end_why(s, ev->status));
}

void wire_session_moved(struct wire *w, const struct ulid *session, const struct endpoint *local,
			const struct endpoint *remote)
{
	struct session *s = session_find(w->sessions, session);
	if (!s)
		return;
	session_move(s, local, remote);
	if (s->state != SESSION_UP)
		return;
	/* Replaced by a record of its size; otherwise the old endpoint is shown after a thaw. */
	(void)!wire_session_keep(w, s);
	wire_acct_news(w, s);
	wire_snmp_moved(w, s);
}

/* Whatever lives now, lives: the list may be made anew at any time. */
static enum status reconcile_store(struct wire *w)
{
	size_t n = 0, count = sessions_count(w->sessions);
	struct ulid *live = mem_array(count + 1, sizeof(*live));
	if (!live)
		return ST_NOMEM;
	for (struct session *s = session_next(w->sessions, NULL); s && n < count;
	     s = session_next(w->sessions, s))
		live[n++] = s->ulid;
	enum status st = store_reconcile(w->store, RECONCILE_NUMBER, (uint64_t)loop_wall_ms(), live, n);
	mem_free(live);
	return st;
}

/* UTC ms of the last data; 0: none. Walks its children: only where it is asked for. */
static uint64_t data_ms(const struct wire *w, const struct session *s)
{
	uint64_t last_ms = s->state == SESSION_UP ? total_of(w, s).last_ms : 0, now = loop_now_ms();
	return last_ms ? (uint64_t)loop_wall_ms() - (now > last_ms ? now - last_ms : 0) : 0;
}

struct session_totals wire_session_totals(void *ctx, const struct session *s)
{
	struct total t = total_of(ctx, s);
	return (struct session_totals){t.sum.bytes_in, t.sum.bytes_out, t.sum.packets_in, t.sum.packets_out, t.drops};
}

uint64_t wire_session_inactive_ms(void *ctx, const struct session *s)
{
	return session_inactive_ms(s, (uint64_t)loop_wall_ms(), data_ms(ctx, s));
}

/* Those whose time is over, by any of their clocks. */
static void end_due(struct wire *w, uint64_t now)
{
	struct session *next;
	for (struct session *s = session_next(w->sessions, NULL); s; s = next) {
		next = session_next(w->sessions, s);
		enum status why = session_due(s, now, s->idle_timeout_s ? data_ms(w, s) : 0);
		if (why != ST_OK)
			wire_session_finish(w, s, why);
	}
}

void wire_session_second(struct wire *w)
{
	/* Until it is done, rows of sessions that died with us block their addresses. */
	if (w->reconcile_again)
		w->reconcile_again = reconcile_store(w) != ST_OK;
	uint64_t now = (uint64_t)loop_wall_ms();
	struct session *s;
	while ((s = sessions_stale(w->sessions, now - STALE_MS)) != NULL)
		end(w, s, ST_TIMEOUT);
	end_due(w, now);
	for (s = session_next(w->sessions, NULL); s; s = session_next(w->sessions, s)) {
		if (s->state == SESSION_PENDING || !wire_acct_is_due(w, s))
			continue;
		struct total t = total_of(w, s);
		struct acct_traffic traffic = acct_of(&t);
		wire_acct_interim(w, s, &traffic);
	}
}

/* ---- after main's death ------------------------------------------------------------------------ */

enum status wire_session_thaw(struct wire *w, uint64_t key)
{
	uint8_t rec[SESSION_FROZEN_MAX];
	struct session *s;
	size_t len = keep_get(w->keep, KEEP_SESSION, key, rec, sizeof(rec));
	enum status st = len <= sizeof(rec) ?
				 session_thaw(w->sessions, (struct view){rec, len}, &s) : ST_BAD_LENGTH;
	mem_zero(rec, sizeof(rec));
	if (st == ST_OK || st == ST_NOMEM)
		return st;
	LOG(EV_THAW, kv_str("what", "session"), kv_status("status", st));
	keep_del(w->keep, KEEP_SESSION, key);
	return ST_OK;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* Numbers of all IKE SAs in order, or of the established ones; NULL when out of memory. */
static uint64_t *all_sas(const struct wire *w, bool is_established, size_t *n)
{
	size_t max = ike_count(w->ike);
	uint64_t cursor = 0, *v = mem_array(max + 1, sizeof(*v));
	struct ike_sa_info *info = mem_new(sizeof(*info));
	*n = 0;
	while (v && info && *n < max && ike_next_info(w->ike, &cursor, info))
		if (info->is_established || !is_established)
			v[(*n)++] = info->sa;
	if (v)
		qsort(v, *n, sizeof(*v), compare);
	if (!info) {
		mem_free(v);
		v = NULL;
	}
	mem_free(info);
	return v;
}

static enum status end_lone_sessions(struct wire *w)
{
	size_t n;
	struct session *next;
	uint64_t *sas = all_sas(w, false, &n);
	if (!sas)
		return ST_NOMEM;
	for (struct session *s = session_next(w->sessions, NULL); s; s = next) {
		next = session_next(w->sessions, s);
		if (s->state == SESSION_WAITING && s->sa == 0)
			continue;
		if (bsearch(&s->sa, sas, n, sizeof(*sas), compare))
			continue;
		if (s->state == SESSION_WAITING || (s->state == SESSION_UP && session_waits(s, ST_END_LOST)))
			wait_for_client(w, s, ST_END_LOST);
		else
			end(w, s, session_end_why(s, ST_END_LOST));
	}
	mem_free(sas);
	return ST_OK;
}

/* And the other way round: nobody accounts for it, and its address is not reserved. */
static enum status close_lone_sas(struct wire *w)
{
	size_t n;
	uint64_t *sas = all_sas(w, true, &n);
	if (!sas)
		return ST_NOMEM;
	for (size_t i = 0; i < n; i++) {
		if (session_find_sa(w->sessions, sas[i]))
			continue;
		LOG(EV_THAW, kv_str("what", "session"), kv_u64("sa", sas[i]),
		    kv_str("reason", "it has no record: its SA is closed"));
		(void)!ike_close(w->ike, sas[i], ST_END_LOST);
	}
	mem_free(sas);
	return ST_OK;
}

enum status wire_session_reconcile(struct wire *w)
{
	enum status st = end_lone_sessions(w);
	if (st == ST_OK)
		st = close_lone_sas(w);
	if (st == ST_OK)
		wire_reconnect_restore(w);
	return st == ST_OK ? reconcile_store(w) : st;
}

void wire_session_fini(struct wire *w)
{
	LIST_EACH_SAFE(at, &w->commits)
		mem_free(CONTAINER_OF(at, struct wire_commit, in_list));
	struct map_node *next;
	for (struct map_node *n = map_walk(&w->pasts, NULL); n; n = next) {
		next = map_walk(&w->pasts, n);
		mem_free(CONTAINER_OF(n, struct past, by_session));
	}
}
