/* What grows old: rows go, or lose who they are about. In small batches between the writer's other
 * work, each a transaction of its own. */
#include "core/base/mem.h"
#include "db/rows_parts.h"

#define PRUNE_ROWS   200 /* a batch; some milliseconds */
#define COUNTER_DAYS 30  /* history of counters, at most */
#define USER_DAYS    62  /* usage by user, at most: what the longest limit asks for, and once more */
#define ANON_ROWS    200 /* a batch of each kind */

/* Rows older than that go. most: days kept at most, 0 for ever. */
static uint64_t cutoff_ms(uint64_t ms, uint64_t days)
{
	return days && ms > days * ROWS_DAY_MS ? ms - days * ROWS_DAY_MS : 0;
}

static uint64_t lesser_days(uint64_t days, uint64_t most)
{
	return days && (!most || days < most) ? days : most;
}

/* ---- rows that go ----------------------------------------------------------------------------- */

struct rule {
	enum statement s;
	uint32_t days;  /* kept at most, whatever is configured; 0: no such limit */
	uint64_t limit; /* rows kept, whatever their age */
};

static enum status prune_by(struct rows *r, const struct msg_prune *p, const struct rule *rule,
	bool *more, char *detail)
{
	rows_u64(r, rule->s, 1, cutoff_ms(p->ms, lesser_days(p->days, rule->days)));
	rows_u64(r, rule->s, 2, PRUNE_ROWS);
	if (rule->limit)
		rows_u64(r, rule->s, 3, rule->limit);
	enum status st = rows_status(r, rows_run(r, rule->s), detail);
	if (st == ST_OK && sqlite3_changes(r->db) == PRUNE_ROWS)
		*more = true;
	return st;
}

enum status rows_prune(
	struct rows *r, const struct msg_prune *p, bool *more, char detail[DB_DETAIL])
{
	const struct rule rules[] = {
		{S_PRUNE_SESSIONS, 0, 0},
		{S_PRUNE_SESSIONS_OVER, 0, r->options.max_sessions},
		{S_PRUNE_LEASES, 0, 2 * r->options.max_sessions}, /* one of each family */
		{S_PRUNE_EVENTS, 0, r->options.max_events},
		{S_PRUNE_FAILURES, 0, r->options.max_failures},
		{S_PRUNE_COUNTERS, COUNTER_DAYS, 0},
		{S_PRUNE_USAGE, 0, 0},
		{S_PRUNE_USERS, USER_DAYS, 0},
		{S_PRUNE_QUOTAS, USER_DAYS, 0},
	};
	enum status st = rows_begin(r, detail);
	int n = 0;

	*more = false;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]) && st == ST_OK; i++)
		st = prune_by(r, p, &rules[i], more, detail);
	if (st == ST_OK)
		st = rows_status(r, acct_expire(r, p->ms, &n), detail);
	*more = *more || n > 0;
	if (st == ST_OK)
		st = rows_commit(r, detail);
	if (st != ST_OK)
		rows_rollback(r);
	return st;
}

/* ---- rows that lose who they are about ---------------------------------------------------------- */

/* Runs the statement to its end: how many rows it changed and the latest time of one, which it
 * returns. */
static int run_span(struct rows *r, enum statement s, const uint64_t span[2], uint64_t *last, int *n)
{
	int rc;

	rows_u64(r, s, 1, span[0]);
	rows_u64(r, s, 2, span[1]);
	rows_u64(r, s, 3, ANON_ROWS);
	while ((rc = sqlite3_step(r->s[s])) == SQLITE_ROW) {
		uint64_t ms = (uint64_t)sqlite3_column_int64(r->s[s], 0);
		if (ms > *last)
			*last = ms;
		(*n)++;
	}
	sqlite3_reset(r->s[s]);
	sqlite3_clear_bindings(r->s[s]);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* One batch of one kind, from where the last one of it ended. */
static int anonymize_kind(struct rows *r, size_t kind, uint64_t until, bool *more)
{
	/* Where the name is in the key, rows are first added to that of the pseudonym, and then go. */
	static const struct {
		enum statement s;
		bool has_first;
		enum statement first;
	} all[ROWS_SPANS] = {{S_ANON_SESSIONS, false, 0}, {S_ANON_LEASES, false, 0}, {S_ANON_EVENTS, false, 0},
		{S_ANON_FAILURES, false, 0}, {S_ANON_USAGE_GONE, true, S_ANON_USAGE},
		{S_ANON_USERS_GONE, true, S_ANON_USERS}, {S_ANON_QUOTAS, false, 0}};
	const uint64_t span[2] = {r->span_ms[kind], until};
	uint64_t last = span[0];
	int rc = SQLITE_OK, n = 0;

	if (all[kind].has_first)
		rc = run_span(r, all[kind].first, span, &last, &n);
	n = 0;
	if (rc == SQLITE_OK)
		rc = run_span(r, all[kind].s, span, &last, &n);
	r->span_ms[kind] = n == ANON_ROWS ? last : until;
	*more = *more || n == ANON_ROWS;
	return rc;
}

static int anonymize_some(struct rows *r, uint64_t until, bool *more)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < ROWS_SPANS && rc == SQLITE_OK; i++) {
		if (r->span_ms[i] < until)
			rc = anonymize_kind(r, i, until, more);
	}
	return rc == SQLITE_OK && !*more && until > r->anonymized_ms
		       ? rows_put_meta(r, "anonymized_ms", until)
		       : rc;
}

enum status rows_anonymize(
	struct rows *r, const struct msg_prune *p, bool *more, char detail[DB_DETAIL])
{
	uint64_t until = cutoff_ms(p->ms, p->days);

	*more = false;
	if (until == 0)
		return ST_OK;
	/* From where the last run ended, which may be in the life of another process. */
	for (size_t i = 0; i < ROWS_SPANS && !r->has_spans; i++)
		r->span_ms[i] = r->anonymized_ms;
	enum status st = rows_begin(r, detail);
	if (st == ST_OK)
		st = rows_status(r, anonymize_some(r, until, more), detail);
	if (st == ST_OK)
		st = rows_commit(r, detail);
	if (st != ST_OK)
		rows_rollback(r);
	else if (!*more && until > r->anonymized_ms)
		r->anonymized_ms = until;
	r->has_spans = st == ST_OK && *more;
	return st;
}

int retain_late(struct rows *r, uint64_t ms)
{
	if (ms >= r->anonymized_ms)
		return SQLITE_OK;
	r->anonymized_ms = ms;
	r->has_spans = false;
	return rows_put_meta(r, "anonymized_ms", ms);
}
