#include "cmd/wire_sample.h"

#include <string.h>

#include "cmd/wire_eap.h"
#include "cmd/wire_lua.h"
#include "cmd/wire_pass.h"
#include "cmd/wire_pki.h"
#include "cmd/wire_reserve.h"
#include "cmd/wire_session.h"
#include "cmd/wire_snmp.h"
#include "core/base/freeze.h"
#include "core/base/mem.h"
#include "core/session/session.h"
#include "db/store.h"
#include "modules/data/data.h"
#include "modules/loop/loop.h"

#define REUSE_MS 100 /* a sample so young is still the present */
#define ROUND_MS 1000 /* between two rounds of all sessions: whoever may ask for samples must not flood the store */
#define RECORD_KIND 0x5301
#define TAG_NUMBER 1
#define TAG_STARTED 2 /* the headend, UTC ms */
#define TAG_PEAK 3    /* most sessions */
#define COUNTERS_KIND 0x5303
#define COUNTERS_MAX 16384
#define POOLS_KIND 0x5304
#define POOLS_MAX 32768 /* some two hundred pools; beyond that their figures begin anew */
#define TAG_COUNTER 1
#define TAG_STATUS 2
#define TAG_CLEARED 3 /* UTC ms */
#define TAG_TOKEN 1
#define TAG_VALUE 2
#define TAG_POOL 1
#define TAG_POOL_NAME 1
#define TAG_POOL_IVRF 2
#define TAG_POOL_FAMILY 3
#define TAG_POOL_PEAK 4
#define TAG_POOL_TAKEN 5
#define TAG_POOL_EXHAUSTED 6

static void take_kept(struct wire *w, uint16_t tag, uint64_t value, uint64_t *number)
{
	if (tag == TAG_NUMBER)
		*number = value;
	else if (tag == TAG_STARTED)
		w->started_ms = (int64_t)value;
	else if (tag == TAG_PEAK && value > w->sessions_peak)
		w->sessions_peak = value;
}

/* The number of the newest sample outlives main; a headend that starts anew begins at the time in
 * tenths of a second, which no earlier one can have reached with one sample each tenth. */
static uint64_t last_number(struct wire *w)
{
	uint8_t rec[64];
	uint16_t kind, version, tag;
	struct rd fields;
	struct view v;
	uint64_t number = 0;
	size_t len = keep_get(w->keep, KEEP_META, META_SAMPLE, rec, sizeof(rec));
	if (len && len <= sizeof(rec) &&
	    fz_open_record((struct view){rec, len}, &kind, &version, &fields) == ST_OK &&
	    kind == RECORD_KIND)
		while (fz_next(&fields, &tag, &v))
			take_kept(w, tag, fz_get_u64(v), &number);
	if (!w->started_ms)
		w->started_ms = loop_wall_ms();
	return number ? number : (uint64_t)loop_wall_ms() / REUSE_MS;
}

static void keep_number(struct wire *w, uint64_t number)
{
	uint8_t rec[64];
	struct wr r = wr_init(rec, sizeof(rec));
	fz_begin(&r, RECORD_KIND, 1);
	fz_u64(&r, TAG_NUMBER, number);
	fz_u64(&r, TAG_STARTED, (uint64_t)w->started_ms);
	fz_u64(&r, TAG_PEAK, w->sessions_peak);
	fz_end(&r);
	/* A number that was not kept is found again by time. */
	if (wr_ok(&r))
		(void)!wire_reserve_put(w, KEEP_META, META_SAMPLE, rec, r.len);
}

/* ---- counters over main's death ---------------------------------------------------------------- */

static void count_store(struct wire *w)
{
	struct store_counts c;
	store_counts(w->store, &c);
	stats_add(w->stats, CT_STORE_DROPPED, c.dropped + c.suppressed - w->store_dropped);
	stats_add(w->stats, CT_ACCT_LOST, c.acct_lost - w->acct_lost);
	w->store_dropped = c.dropped + c.suppressed;
	w->acct_lost = c.acct_lost;
}

static void sum(struct wire *w, struct stats *out)
{
	wire_snmp_count(w);
	count_store(w);
	memset(out, 0, sizeof(*out));
	stats_sum(out, w->before);
	stats_sum(out, w->stats);
	data_stats(w->data, out);
}

/* By token: another version has other numbers for the same things. */
static void put_value(struct wr *r, uint16_t tag, const char *token, uint64_t value)
{
	if (!value)
		return;
	struct wr_mark m = fz_open(r, tag);
	fz_str(r, TAG_TOKEN, token);
	fz_u64(r, TAG_VALUE, value);
	fz_close(r, m);
}

static void keep_pools(struct wire *w)
{
	static uint8_t rec[POOLS_MAX];
	struct wr r = wr_init(rec, sizeof(rec));
	struct lease_pool_info p;
	size_t cursor = 0;
	fz_begin(&r, POOLS_KIND, 1);
	while (sessions_next_pool(w->sessions, &cursor, &p)) {
		struct wr_mark m = fz_open(&r, TAG_POOL);
		fz_str(&r, TAG_POOL_NAME, p.name);
		fz_str(&r, TAG_POOL_IVRF, p.ivrf);
		fz_u8(&r, TAG_POOL_FAMILY, p.family);
		fz_u64(&r, TAG_POOL_PEAK, p.peak);
		fz_u64(&r, TAG_POOL_TAKEN, p.taken);
		fz_u64(&r, TAG_POOL_EXHAUSTED, p.exhausted);
		fz_close(&r, m);
	}
	fz_end(&r);
	if (wr_ok(&r))
		(void)!wire_reserve_put(w, KEEP_META, META_POOLS, rec, r.len);
}

static void keep_sums(struct wire *w, uint64_t key, const struct stats *sums, int64_t cleared_ms)
{
	static uint8_t rec[COUNTERS_MAX];
	struct wr r = wr_init(rec, sizeof(rec));
	fz_begin(&r, COUNTERS_KIND, 1);
	fz_some_u64(&r, TAG_CLEARED, (uint64_t)cleared_ms);
	for (int i = 0; i < CT__MAX; i++)
		put_value(&r, TAG_COUNTER, counter_token((enum counter)i), sums->count[i]);
	for (int i = 0; i < ST__MAX; i++)
		put_value(&r, TAG_STATUS, status_token((enum status)i), sums->status[i]);
	fz_end(&r);
	/* What was kept before stays good when this fails. */
	if (wr_ok(&r))
		(void)!wire_reserve_put(w, KEEP_META, key, rec, r.len);
}

void wire_counters_keep(struct wire *w)
{
	struct stats all;
	sum(w, &all);
	keep_sums(w, META_COUNTERS, &all, 0);
	keep_pools(w);
}

void wire_counters_cleared(void *ctx)
{
	struct wire *w = ctx;
	keep_sums(w, META_CLEARED, &w->stats_cleared.sums, w->stats_cleared.wall_ms);
}

static void thaw_value(struct stats *out, uint16_t kind, struct view group)
{
	struct rd fields = rd_init(group.p, group.len);
	char token[64] = "";
	uint64_t value = 0;
	uint16_t tag;
	struct view v;
	while (fz_next(&fields, &tag, &v)) {
		if (tag == TAG_TOKEN && !fz_get_str(v, token, sizeof(token)))
			return;
		if (tag == TAG_VALUE)
			value = fz_get_u64(v);
	}
	if (kind == TAG_STATUS && status_from_token(token) != ST__MAX)
		out->status[status_from_token(token)] = value;
	for (int i = 0; kind == TAG_COUNTER && i < CT__MAX; i++)
		if (strcmp(counter_token((enum counter)i), token) == 0)
			out->count[i] = value;
}

/* False: there is no such record. */
static bool thaw_sums(const struct wire *w, uint64_t key, struct stats *sums, int64_t *cleared_ms)
{
	static uint8_t rec[COUNTERS_MAX];
	uint16_t kind, version, tag;
	struct rd fields;
	struct view v;
	size_t len = keep_get(w->keep, KEEP_META, key, rec, sizeof(rec));
	if (len && len <= sizeof(rec) &&
	    fz_open_record((struct view){rec, len}, &kind, &version, &fields) == ST_OK &&
	    kind == COUNTERS_KIND)
		while (fz_next(&fields, &tag, &v)) {
			if (tag == TAG_CLEARED)
				*cleared_ms = (int64_t)fz_get_u64(v);
			else
				thaw_value(sums, tag, v);
		}
	return len != 0;
}

/* Either record may be older than the other, when there was no memory for a new one: nothing that is shown is below zero. */
static void limit(struct stats *cleared, const struct stats *all)
{
	for (int i = 0; i < CT__MAX; i++)
		if (cleared->count[i] > all->count[i])
			cleared->count[i] = all->count[i];
	for (int i = 0; i < ST__MAX; i++)
		if (cleared->status[i] > all->status[i])
			cleared->status[i] = all->status[i];
}

void wire_counters_thaw(struct wire *w)
{
	struct stats_cleared *c = &w->stats_cleared;
	int64_t none;
	w->is_fresh = !thaw_sums(w, META_COUNTERS, w->before, &none);
	(void)!thaw_sums(w, META_CLEARED, &c->sums, &c->wall_ms);
	limit(&c->sums, w->before);
}

static bool get_pool(struct view group, struct lease_pool_info *p)
{
	struct rd fields = rd_init(group.p, group.len);
	bool good = true;
	uint16_t tag;
	struct view v;
	while (fz_next(&fields, &tag, &v))
		switch (tag) {
		case TAG_POOL_NAME: good &= fz_get_str(v, p->name, sizeof(p->name)); break;
		case TAG_POOL_IVRF: good &= fz_get_str(v, p->ivrf, sizeof(p->ivrf)); break;
		case TAG_POOL_FAMILY: p->family = fz_get_u8(v); break;
		case TAG_POOL_PEAK: p->peak = fz_get_u64(v); break;
		case TAG_POOL_TAKEN: p->taken = fz_get_u64(v); break;
		case TAG_POOL_EXHAUSTED: p->exhausted = fz_get_u64(v); break;
		default: break;
		}
	return good && (p->family == 4 || p->family == 6);
}

enum status wire_pools_thaw(struct wire *w)
{
	static uint8_t rec[POOLS_MAX];
	enum status st = ST_OK;
	uint16_t kind, version, tag;
	struct rd fields;
	struct view v;
	size_t len = keep_get(w->keep, KEEP_META, META_POOLS, rec, sizeof(rec));
	if (!len || len > sizeof(rec) ||
	    fz_open_record((struct view){rec, len}, &kind, &version, &fields) != ST_OK || kind != POOLS_KIND)
		return ST_OK;
	while (st == ST_OK && fz_next(&fields, &tag, &v)) {
		struct lease_pool_info p = {0};
		if (tag == TAG_POOL && get_pool(v, &p))
			st = sessions_resume_pool(w->sessions, &p);
	}
	return st;
}

/* ---- samples ------------------------------------------------------------------------------------ */

static void take_gauges(struct wire *w, uint64_t gauge[GG__MAX])
{
	uint64_t sessions = sessions_up(w->sessions);
	int64_t age_ms = loop_wall_ms() - w->started_ms;
	if (sessions > w->sessions_peak)
		w->sessions_peak = sessions;
	gauge[GG_HALF_OPEN] = ike_half_open(w->ike);
	gauge[GG_HALF_OPEN_IN] = ike_half_open_in(w->ike);
	gauge[GG_IKE_SAS] = ike_count(w->ike) - gauge[GG_HALF_OPEN];
	gauge[GG_CHILD_SAS] = w->children.count;
	gauge[GG_SESSIONS] = sessions;
	gauge[GG_SESSIONS_WAITING] = sessions_waiting(w->sessions);
	gauge[GG_RECONNECT_CAPABLE] = sessions_with_token(w->sessions);
	gauge[GG_SESSIONS_PEAK] = w->sessions_peak;
	gauge[GG_UPTIME_S] = age_ms > 0 ? (uint64_t)age_ms / 1000 : 0;
	gauge[GG_HOOKS_WAITING] = wire_lua_count(w);
	gauge[GG_EAP_TALKS] = wire_eap_count(w) + wire_pass_count(w);
	struct wire_pki_info pki;
	wire_pki_info(w, &pki);
	gauge[GG_CERTS_JUDGED] = pki.judging;
	gauge[GG_CERT_LEFT_S] = pki.first_end_s * 1000 > w->sample.wall_ms ? (uint64_t)(pki.first_end_s - w->sample.wall_ms / 1000) : 0;
	gauge[GG_TURN_MAX_US] = loop_turn_max_us(w->loop);
	struct store_counts store;
	store_counts(w->store, &store);
	gauge[GG_STORE_FAILING] = store.failing;
	gauge[GG_STORE_WAITING] = store.waiting;
}

/* Pools that nobody has asked yet are not among them. */
static void take_pools(struct wire *w)
{
	size_t n = 0, cursor = 0;
	struct lease_pool_info info;
	while (sessions_next_pool(w->sessions, &cursor, &info)) {
		if (n == w->pools_cap) {
			size_t cap = w->pools_cap ? 2 * w->pools_cap : 16;
			void *v = mem_grow(w->pools, n * sizeof(*w->pools), cap * sizeof(*w->pools));
			if (!v)
				break; /* this sample has fewer */
			w->pools = v;
			w->pools_cap = cap;
		}
		struct sample_pool *p = &w->pools[n++];
		*p = (struct sample_pool){.family = info.family, .total = info.total,
					  .in_use = info.in_use + info.outside, .peak = info.peak,
					  .exhausted = info.exhausted};
		memcpy(p->name, info.name, sizeof(p->name));
		memcpy(p->ivrf, info.ivrf, sizeof(p->ivrf));
	}
	w->sample.pools = w->pools;
	w->sample.n_pools = n;
}

const struct sample *wire_sample(void *ctx)
{
	struct wire *w = ctx;
	struct sample *s = &w->sample;
	int64_t now = loop_wall_ms();
	if (s->number && now >= s->wall_ms && now - s->wall_ms < REUSE_MS)
		return s;
	uint64_t number = (s->number ? s->number : last_number(w)) + 1;
	memset(s, 0, sizeof(*s));
	s->number = number;
	s->wall_ms = now;
	take_gauges(w, s->gauge);
	sum(w, &s->sums);
	take_pools(w);
	keep_number(w, number);
	wire_counters_keep(w); /* nobody sees a value that could be smaller after main's death */
	store_sample(w->store, s);
	if (w->is_stopping || now < w->round_ms || now - w->round_ms >= ROUND_MS) {
		wire_session_traffic(w);
		w->round_ms = now;
	}
	wire_snmp_sample(w);
	return s;
}
