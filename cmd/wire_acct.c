#include "cmd/wire_acct.h"

#include <stdio.h>
#include <string.h>

#include "cmd/wire_radius.h"
#include "core/base/list.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/conf/aaa.h"
#include "core/wire/auth.h"
#include "db/acct.h"
#include "db/store.h"
#include "modules/loop/loop.h"
#include "modules/radius/radius.h"

#define KEPT      128   /* records of the spool in memory */
#define WINDOW    64    /* of them on their way */
#define AGAIN_MS  10000 /* groups whose servers did not answer rest so long, then twice as long */
#define AGAIN_MAX 60000
#define RESTING   (CONF_AAA_GROUPS + 1)

/* Questions to the store. */
#define ASKED_SPOOL 1
#define ASKED_LOST  2

/* A record of the spool. */
struct item {
	struct list in_list;
	struct wire *wire;
	uint64_t id;
	uint64_t ms; /* UTC, of the event */
	char session[ULID_TEXT];
	uint64_t request;  /* on its way; 0: not */
	size_t group_at;   /* group that is asked next */
	size_t len;
	uint8_t record[]; /* core of cmd/acct_record.h */
};

/* Groups that nobody answers for: their records stay in the spool, so that others do not wait behind them. */
struct rest {
	uint8_t groups[UINT8_MAX + 1]; /* as a record begins; groups[0] 0: free */
	uint64_t until_ms;             /* monotonic */
	uint64_t step_ms;
};

struct wire_acct {
	struct list items; /* oldest first */
	size_t n, open;
	uint64_t after;    /* the newest that was read */
	bool is_asking;    /* the store */
	bool has_more;     /* there may be others in the spool */
	bool is_stale;     /* what it is asked for is not wanted any more */
	bool is_off;       /* the headend stops */
	uint64_t first_left; /* the oldest record that was passed over; 0: none */
	struct rest resting[RESTING];
	uint64_t sessions, put, delivered; /* since main began */
};

/* ---- from the spool to the servers ------------------------------------------------------------------ */

static void item_free(struct wire_acct *a, struct item *i)
{
	list_del(&i->in_list);
	a->n--;
	a->open -= i->request != 0;
	mem_free(i);
}

static struct view record_of(const struct item *i)
{
	return (struct view){i->record, i->len};
}

static struct view view_of(const struct rest *r)
{
	return (struct view){r->groups, 1u + r->groups[0]};
}

static struct rest *rest_of(struct wire_acct *a, struct view record)
{
	for (size_t i = 0; i < RESTING; i++)
		if (a->resting[i].groups[0] && acct_same_groups(view_of(&a->resting[i]), record))
			return &a->resting[i];
	return NULL;
}

/* It stays in the spool. */
static void pass_over(struct wire_acct *a, uint64_t id)
{
	if (!a->first_left || id < a->first_left)
		a->first_left = id;
}

/* Nobody answers for these groups: none of their records is tried for a while. Those that are on their way may still
 * arrive, and come again then. */
static void let_rest(struct wire *w, const struct item *failed)
{
	struct wire_acct *a = w->acct;
	struct rest *r = rest_of(a, record_of(failed));
	uint64_t now = loop_now_ms();
	for (size_t i = 0; !r && i < RESTING; i++)
		if (!a->resting[i].groups[0])
			r = &a->resting[i];
	if (!r)
		r = &a->resting[0]; /* more groups than a configuration has: of configurations before */
	if (!r->groups[0] || !acct_same_groups(view_of(r), record_of(failed))) {
		*r = (struct rest){0};
		memcpy(r->groups, failed->record, 1u + failed->record[0]);
	}
	if (r->until_ms > now)
		return;
	r->step_ms = r->step_ms == 0 ? AGAIN_MS : r->step_ms < AGAIN_MAX / 2 ? 2 * r->step_ms : AGAIN_MAX;
	r->until_ms = now + r->step_ms;
}

static bool is_resting(struct wire_acct *a, const struct item *i)
{
	const struct rest *r = rest_of(a, record_of(i));
	return r && r->until_ms > loop_now_ms();
}

static void pump(struct wire *w);

/* Back to the spool. */
static void leave(struct wire *w, struct item *i)
{
	let_rest(w, i);
	pass_over(w->acct, i->id);
	item_free(w->acct, i);
}

static void on_answer(void *ctx, uint64_t request, const struct radius_answer *r)
{
	struct item *i = ctx;
	struct wire *w = i->wire;
	struct wire_acct *a = w->acct;
	(void)request;
	a->open--;
	i->request = 0;
	if (r->status == ST_OK) {
		struct rest *was = rest_of(a, record_of(i));
		if (was)
			*was = (struct rest){0};
		a->delivered++;
		if (store_acct_done(w->store, i->id) != ST_OK)
			LOG(EV_STORE_ERROR, kv_str("reason", "an accounting record that was delivered stays in the spool"));
		item_free(a, i);
	}
	pump(w); /* with the next group, where this one did not answer */
}

/* Acct-Delay-Time is counted from a monotonic time, which may have begun after the event. */
static uint64_t event_ms(const struct item *i)
{
	uint64_t wall = (uint64_t)loop_wall_ms(), now = loop_now_ms();
	uint64_t age = wall > i->ms ? wall - i->ms : 0;
	return now > age ? now - age : 1;
}

/* To the next of its groups. It may be gone afterwards: a record that nobody can read is none. */
static void send(struct wire *w, struct item *i)
{
	struct wire_acct *a = w->acct;
	char group[RADIUS_VALUE_MAX + 1];
	struct radius_request q = {.number = wire_radius_number(w), .group = group, .code = RADIUS_ACCOUNTING_REQUEST,
				   .event_ms = event_ms(i), .ctx = i, .done = on_answer};
	bool is_there = acct_open(record_of(i), i->group_at, group, &q.attrs);
	if (!is_there && i->group_at == 0) {
		(void)!store_acct_done(w->store, i->id);
		item_free(a, i);
		return;
	}
	i->group_at++;
	if (!is_there || radius_ask(wire_radius(w), &q) != ST_OK) {
		leave(w, i);
		return;
	}
	i->request = q.number;
	a->open++;
}

/* Records of one session arrive in their order. */
static bool is_next(const struct wire_acct *a, const struct item *i)
{
	LIST_EACH(at, &a->items) {
		const struct item *o = CONTAINER_OF(at, struct item, in_list);
		if (o == i)
			return true;
		if (strcmp(o->session, i->session) == 0 && acct_same_groups(record_of(o), record_of(i)))
			return false;
	}
	return true;
}

/* The rest of some groups is over: everything from the oldest record that was passed over is read anew, so that
 * none overtakes it. Those on their way stay. */
static void wake(struct wire_acct *a)
{
	uint64_t now = loop_now_ms();
	bool is_due = false;
	for (size_t i = 0; i < RESTING; i++) {
		struct rest *r = &a->resting[i];
		if (r->until_ms == 0 || r->until_ms > now)
			continue;
		r->until_ms = 0;
		is_due = true;
	}
	if (!is_due || !a->first_left)
		return;
	LIST_EACH_SAFE(at, &a->items) {
		struct item *i = CONTAINER_OF(at, struct item, in_list);
		if (!i->request && i->id > a->first_left)
			item_free(a, i);
	}
	a->after = a->first_left - 1;
	a->first_left = 0;
	a->has_more = true;
	a->is_stale = a->is_asking;
}

static void pump(struct wire *w)
{
	struct wire_acct *a = w->acct;
	wake(a);
	LIST_EACH_SAFE(at, &a->items) {
		struct item *i = CONTAINER_OF(at, struct item, in_list);
		if (a->open >= WINDOW)
			break;
		if (!i->request && is_resting(a, i)) {
			pass_over(a, i->id);
			item_free(a, i);
		} else if (!i->request && is_next(a, i)) {
			send(w, i);
		}
	}
	if (a->has_more && !a->is_asking && a->n + STORE_ACCT_BATCH <= KEPT) {
		a->is_asking = store_acct_next(w->store, ASKED_SPOOL, a->after) == ST_OK;
		a->has_more = !a->is_asking; /* what is put from now on may not be in the answer */
	}
}

/* It is on its way already, or nobody can read it. */
static bool is_settled(struct wire *w, const struct store_acct *v)
{
	LIST_EACH(at, &w->acct->items)
		if (CONTAINER_OF(at, struct item, in_list)->id == v->id)
			return true;
	if (v->len > 0 && v->record[0] > 0 && v->record[0] < v->len)
		return false;
	(void)!store_acct_done(w->store, v->id);
	return true;
}

static bool keep(struct wire *w, const struct store_acct *v)
{
	struct wire_acct *a = w->acct;
	if (is_settled(w, v)) {
		a->after = v->id;
		return true;
	}
	struct item *i = mem_new(sizeof(*i) + v->len);
	if (!i)
		return false;
	a->after = v->id;
	i->wire = w;
	i->id = v->id;
	i->ms = v->ms;
	memcpy(i->session, v->session, sizeof(i->session));
	i->len = v->len;
	memcpy(i->record, v->record, v->len);
	list_push_back(&a->items, &i->in_list);
	a->n++;
	return true;
}

static void on_spool(struct wire *w, enum status st, const struct store_acct *v, size_t n)
{
	struct wire_acct *a = w->acct;
	a->is_asking = false;
	a->has_more |= st != ST_OK || n == STORE_ACCT_BATCH;
	n = a->is_stale ? 0 : n;
	a->is_stale = false;
	for (size_t i = 0; i < n && a->after < v[i].id; i++) {
		if (!keep(w, &v[i])) {
			a->has_more = true; /* it and those behind it are asked for again, in a second */
			return;
		}
	}
	pump(w);
}

/* ---- into the spool ------------------------------------------------------------------------------------- */

static void put(struct wire *w, const struct ulid *session, uint64_t ms, const struct wr *o, bool is_stop)
{
	struct wire_acct *a = w->acct;
	enum status st = !wr_ok(o) ? ST_LIMIT : is_stop ? store_acct_stop(w->store, ms, session, o->buf, o->len) :
							   store_acct_put(w->store, ms, session, o->buf, o->len);
	if (st != ST_OK) {
		LOG(EV_STORE_ERROR, kv_str("reason", "an accounting record is lost"), kv_status("status", st));
		return;
	}
	a->put++;
	a->has_more = true;
	pump(w);
}

static const char *nas_name(const struct wire *w)
{
	return w->conf->hostname ? w->conf->hostname : "sallyport";
}

/* Groups that stand for one another, or each of which is told (`broadcast`). Calls fn for each record. */
static void each_record(const struct session *s, void (*fn)(void *ctx, const char *groups), void *ctx)
{
	char groups[sizeof(s->acct_groups)];
	char *at = groups, *end;
	snprintf(groups, sizeof(groups), "%s", s->acct_groups);
	if (groups[0] != '*') {
		if (groups[0])
			fn(ctx, groups);
		return;
	}
	for (at = groups + 1; at && *at; at = end) {
		end = strchr(at, ',');
		if (end)
			*end++ = 0;
		fn(ctx, at);
	}
}

struct telling {
	struct wire *w;
	const struct session *s;
	const struct acct_event *e;
};

static void tell(void *ctx, const char *groups)
{
	const struct telling *t = ctx;
	uint8_t record[ACCT_RECORD_MAX];
	struct wr o = wr_init(record, sizeof(record));
	acct_put_base(&o, groups, nas_name(t->w), t->s);
	acct_put_event(&o, t->e);
	put(t->w, &t->s->ulid, t->e->ms, &o, t->e->kind == RADIUS_ACCT_STOP);
}

static void tell_all(struct wire *w, const struct session *s, const struct acct_event *e)
{
	struct telling t = {w, s, e};
	each_record(s, tell, &t);
}

/* ---- sessions -------------------------------------------------------------------------------------------- */

/* `aaa accounting` of the profile: by the method of the login, or for all. */
static const char *list_of(const struct ike_profile *p, const struct session *s)
{
	const char *own = p->accounting[s->aaa_method];
	return own ? own : p->accounting[AAA_ALL];
}

void wire_acct_choose(const struct wire *w, struct session *s)
{
	const struct ike_profile *p = s->we_are_initiator ? NULL : snapshot_profile(w->conf, s->profile);
	const char *name = p ? list_of(p, s) : NULL;
	const struct aaa_list *l = name ? aaa_list_used(w->conf, AAA_ACCT_NETWORK, name) : NULL;
	size_t len = 0;
	s->acct_groups[0] = 0;
	if (!l || !l->acct_mode || strcmp(l->acct_mode, "none") == 0)
		return;
	s->acct_stop_only = strcmp(l->acct_mode, "stop-only") == 0;
	for (size_t i = 0; i < l->methods.n; i++) {
		const char *group = aaa_method_group(l->methods.v[i]);
		size_t cap = sizeof(s->acct_groups) - len;
		if (group && strlen(group) + 2 < cap)
			len += (size_t)snprintf(s->acct_groups + len, cap, "%s%s", len ? "," : l->broadcast ? "*" : "", group);
	}
}

/* The next interim record; 0: none. What a server said wins over the configuration. */
static void plan_interim(const struct wire *w, struct session *s)
{
	uint64_t every_s = s->terms && s->terms->interim_s ? s->terms->interim_s : (uint64_t)w->conf->aaa.update_periodic_min * 60;
	s->acct_next_ms = every_s && !s->acct_stop_only ? loop_now_ms() + every_s * 1000 : 0;
}

/* What a Stop is made of by whoever comes after us. */
static void remember(void *ctx, const char *groups)
{
	const struct telling *t = ctx;
	uint8_t record[ACCT_RECORD_MAX];
	struct wr o = wr_init(record, sizeof(record));
	acct_put_base(&o, groups, nas_name(t->w), t->s);
	if (!wr_ok(&o) || store_acct_open(t->w->store, &t->s->ulid, record, o.len) != ST_OK)
		LOG(EV_STORE_ERROR, kv_str("reason", "if the headend dies, servers are not told of this session's end"));
}

void wire_acct_up(struct wire *w, struct session *s)
{
	struct telling t = {.w = w, .s = s};
	w->acct->sessions++;
	if (!s->acct_groups[0])
		return;
	each_record(s, remember, &t);
	plan_interim(w, s);
	if (!s->acct_stop_only)
		tell_all(w, s, &(struct acct_event){.kind = RADIUS_ACCT_START, .ms = (uint64_t)loop_wall_ms(), .start_ms = s->start_ms});
}

void wire_acct_news(const struct wire *w, struct session *s)
{
	if (w->conf->aaa.update_newinfo && s->acct_groups[0] && !s->acct_stop_only && s->state != SESSION_PENDING)
		s->acct_next_ms = loop_now_ms();
}

bool wire_acct_is_due(const struct wire *w, struct session *s)
{
	if (!s->acct_groups[0] || s->acct_stop_only)
		return false;
	if (s->acct_next_ms == 0) /* main is a new one */
		plan_interim(w, s);
	return s->acct_next_ms && loop_now_ms() >= s->acct_next_ms;
}

void wire_acct_interim(struct wire *w, struct session *s, const struct acct_traffic *t)
{
	plan_interim(w, s);
	tell_all(w, s, &(struct acct_event){.kind = RADIUS_ACCT_INTERIM, .ms = (uint64_t)loop_wall_ms(), .start_ms = s->start_ms,
					    .traffic = t});
}

void wire_acct_down(struct wire *w, const struct session *s, enum status why, const struct acct_traffic *t)
{
	if (s->acct_groups[0])
		tell_all(w, s, &(struct acct_event){.kind = RADIUS_ACCT_STOP, .ms = (uint64_t)loop_wall_ms(), .start_ms = s->start_ms,
						    .why = why, .traffic = t});
}

/* Those that ended without anybody being there to say so. */
static void on_lost(struct wire *w, const struct store_acct *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t record[ACCT_RECORD_MAX];
		struct ulid id;
		struct wr o = wr_init(record, sizeof(record));
		struct acct_traffic t = {v[i].bytes_in, v[i].bytes_out, v[i].packets_in, v[i].packets_out};
		uint64_t ms = v[i].ms ? v[i].ms : (uint64_t)loop_wall_ms();
		if (!ulid_parse(v[i].session, &id))
			continue;
		wr_bytes(&o, v[i].record, v[i].len);
		acct_put_event(&o, &(struct acct_event){.kind = RADIUS_ACCT_STOP, .ms = ms, .start_ms = v[i].started_ms ? v[i].started_ms : ms,
							.why = v[i].why, .traffic = &t});
		put(w, &id, ms, &o, true);
	}
	if (n == STORE_ACCT_BATCH) /* these are gone from the list by then */
		(void)!store_acct_lost(w->store, ASKED_LOST);
}

void wire_acct_on_store(struct wire *w, uint64_t number, enum status st, const struct store_acct *v, size_t n)
{
	if (!w->acct)
		return;
	if (number == ASKED_SPOOL)
		on_spool(w, st, v, n);
	else if (st == ST_OK)
		on_lost(w, v, n);
}

/* ---- the headend --------------------------------------------------------------------------------------------- */

/* Each group that any profile accounts with is told once. */
static void tell_headend(struct wire *w, uint8_t kind)
{
	const struct snapshot *s = w->conf;
	struct acct_event e = {.kind = kind, .ms = (uint64_t)loop_wall_ms()};
	for (size_t i = 0; i < s->aaa_list_count; i++) {
		const struct aaa_list *l = &s->aaa_lists[i];
		const char *group = l->methods.n ? aaa_method_group(l->methods.v[0]) : NULL;
		uint8_t record[ACCT_RECORD_MAX];
		struct wr o = wr_init(record, sizeof(record));
		bool is_told = false;
		if (l->kind != AAA_ACCT_NETWORK || !group || !l->acct_mode || strcmp(l->acct_mode, "none") == 0)
			continue;
		for (size_t k = 0; k < i; k++)
			is_told |= s->aaa_lists[k].kind == AAA_ACCT_NETWORK && s->aaa_lists[k].methods.n &&
				   strcmp(s->aaa_lists[k].methods.v[0], l->methods.v[0]) == 0;
		if (is_told)
			continue;
		acct_put_headend(&o, group, nas_name(w), &e);
		put(w, &(struct ulid){0}, e.ms, &o, false);
	}
}

void wire_acct_begin(struct wire *w, bool is_fresh)
{
	w->acct->has_more = true;
	/* The ends of sessions that were lost come before: afterwards servers know of none. */
	(void)!store_acct_lost(w->store, ASKED_LOST);
	if (is_fresh)
		tell_headend(w, RADIUS_ACCT_ON);
	pump(w);
}

void wire_acct_off(struct wire *w)
{
	/* Servers take Off for the end of all sessions; those that wait are not over. */
	if (!w->acct->is_off && sessions_count(w->sessions) == 0)
		tell_headend(w, RADIUS_ACCT_OFF);
	w->acct->is_off = true;
}

void wire_acct_revived(struct wire *w)
{
	for (size_t i = 0; w->acct && i < RESTING; i++)
		if (w->acct->resting[i].until_ms)
			w->acct->resting[i].until_ms = 1; /* over; the next second begins */
}

void wire_acct_second(struct wire *w)
{
	pump(w);
}

bool wire_acct_is_idle(const struct wire *w)
{
	const struct wire_acct *a = w->acct;
	return a->n == 0 && !a->is_asking && !a->has_more;
}

void wire_acct_info(void *ctx, struct acct_info *out)
{
	const struct wire *w = ctx;
	const struct wire_acct *a = w->acct;
	*out = (struct acct_info){.sessions = a->sessions, .put = a->put, .delivered = a->delivered, .open = a->open};
}

enum status wire_acct_open(struct wire *w)
{
	w->acct = mem_new(sizeof(*w->acct));
	if (!w->acct)
		return ST_NOMEM;
	list_init(&w->acct->items);
	return ST_OK;
}

void wire_acct_close(struct wire *w)
{
	if (!w->acct)
		return;
	LIST_EACH_SAFE(at, &w->acct->items) {
		struct item *i = CONTAINER_OF(at, struct item, in_list);
		if (i->request)
			radius_cancel(wire_radius(w), i->request);
		item_free(w->acct, i);
	}
	mem_free(w->acct);
	w->acct = NULL;
}
