#include "cmd/wire_acct.h"

#include <stdio.h>
#include <string.h>

#include "cmd/wire_spool.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/conf/aaa.h"
#include "core/wire/auth.h"
#include "db/acct.h"
#include "db/store.h"
#include "modules/loop/loop.h"

/* Question to the store. */
#define ASKED_LOST 2

struct wire_acct {
	bool is_off;             /* the headend stops */
	uint64_t sessions, put;  /* since main began */
};

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
	wire_spool_put(w, acct_groups((struct view){o->buf, o->len}));
}

/* Groups that stand for one another, or each of which is told (`broadcast`). Calls fn for each record. */
static void each_record(const struct session *s, void (*fn)(void *ctx, const char *groups), void *ctx)
{
	char groups[SESSION_GROUPS];
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
	acct_put_base(&o, groups, snapshot_hostname(t->w->conf), t->s);
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

enum status wire_acct_choose(const struct wire *w, struct session *s)
{
	const struct ike_profile *p = s->we_are_initiator ? NULL : snapshot_profile(w->conf, s->profile);
	const char *name = p ? list_of(p, s) : NULL;
	const struct aaa_list *l = name ? aaa_list_used(w->conf, AAA_ACCT_NETWORK, name) : NULL;
	char groups[SESSION_GROUPS] = "";
	size_t len = 0;
	if (!l || !l->acct_mode || strcmp(l->acct_mode, "none") == 0)
		return text_set(&s->acct_groups, "");
	s->acct_stop_only = strcmp(l->acct_mode, "stop-only") == 0;
	for (size_t i = 0; i < l->methods.n; i++) {
		const char *group = aaa_method_group(l->methods.v[i]);
		size_t cap = sizeof(groups) - len;
		if (group && strlen(group) + 2 < cap)
			len += (size_t)snprintf(groups + len, cap, "%s%s", len ? "," : l->broadcast ? "*" : "", group);
	}
	return text_set(&s->acct_groups, groups);
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
	acct_put_base(&o, groups, snapshot_hostname(t->w->conf), t->s);
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
	if (w->acct && !wire_spool_on_store(w, number, st, v, n) && st == ST_OK)
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
		acct_put_headend(&o, group, snapshot_hostname(w->conf), &e);
		put(w, &(struct ulid){0}, e.ms, &o, false);
	}
}

void wire_acct_begin(struct wire *w, bool is_fresh)
{
	/* The ends of sessions that were lost come before: afterwards servers know of none. */
	(void)!store_acct_lost(w->store, ASKED_LOST);
	if (is_fresh)
		tell_headend(w, RADIUS_ACCT_ON);
	wire_spool_begin(w);
}

void wire_acct_off(struct wire *w)
{
	/* Servers take Off for the end of all sessions; those that wait are not over. */
	if (!w->acct->is_off && sessions_count(w->sessions) == 0)
		tell_headend(w, RADIUS_ACCT_OFF);
	w->acct->is_off = true;
}

void wire_acct_info(void *ctx, struct acct_info *out)
{
	const struct wire *w = ctx;
	const struct wire_acct *a = w->acct;
	struct spool_counts c = wire_spool_counts(w);
	*out = (struct acct_info){.sessions = a->sessions, .put = a->put, .delivered = c.delivered, .open = c.open};
}

enum status wire_acct_open(struct wire *w)
{
	w->acct = mem_new(sizeof(*w->acct));
	return w->acct ? wire_spool_open(w) : ST_NOMEM;
}

void wire_acct_close(struct wire *w)
{
	wire_spool_close(w);
	mem_free(w->acct);
	w->acct = NULL;
}
