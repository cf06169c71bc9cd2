/* Usage by user: counted with the traffic of sessions, asked for limits of volume. Writer thread. */
#include "db/usage.h"

#include "db/rows_parts.h"

int usage_count(struct rows *r, const char *ulid, uint64_t ms, const struct store_traffic *t)
{
	rows_text(r, S_USAGE_USER, 1, ulid);
	rows_u64(r, S_USAGE_USER, 2, ms);
	rows_u64(r, S_USAGE_USER, 3, t->bytes_in);
	rows_u64(r, S_USAGE_USER, 4, t->bytes_out);
	return rows_run(r, S_USAGE_USER);
}

static int put_limit(struct rows *r, const struct store_session *u, const struct quota_limit *q)
{
	rows_text(r, S_QUOTA, 1, u->username);
	rows_text(r, S_QUOTA, 2, u->profile);
	rows_text(r, S_QUOTA, 3, quota_way_word((enum quota_way)q->way));
	rows_text(r, S_QUOTA, 4, quota_period_word((enum quota_period)q->period));
	rows_u64(r, S_QUOTA, 5, q->octets < INT64_MAX ? q->octets : INT64_MAX); /* the column is signed */
	rows_u64(r, S_QUOTA, 6, u->up_ms);
	return rows_run(r, S_QUOTA);
}

int usage_limits(struct rows *r, const struct store_session *u)
{
	rows_text(r, S_QUOTAS_NEW, 1, u->username);
	rows_text(r, S_QUOTAS_NEW, 2, u->profile);
	int rc = rows_run(r, S_QUOTAS_NEW);
	for (size_t i = 0; i < u->n_quotas && rc == SQLITE_OK; i++)
		rc = put_limit(r, u, &u->quotas[i]);
	return rc;
}

static uint64_t column(struct rows *r, int at)
{
	sqlite3_int64 v = sqlite3_column_int64(r->s[S_USED], at);

	return v > 0 ? (uint64_t)v : 0;
}

int usage_ask(struct rows *r, struct msg_usage *m)
{
	rows_text(r, S_USED, 1, m->ask.username);
	rows_text(r, S_USED, 2, m->ask.profile);
	rows_text(r, S_USED, 3, m->ask.session);
	for (int p = QUOTA_DAY; p < QUOTA_PERIODS; p++)
		rows_u64(r, S_USED, 3 + p, m->ask.begin_ms[p]);
	int rc = sqlite3_step(r->s[S_USED]);
	for (int p = QUOTA_DAY; p < QUOTA_PERIODS && rc == SQLITE_ROW; p++) {
		m->usage.in[p] = column(r, 2 * (p - QUOTA_DAY));
		m->usage.out[p] = column(r, 2 * (p - QUOTA_DAY) + 1);
	}
	if (rc == SQLITE_ROW) {
		m->usage.counted_in = column(r, 6);
		m->usage.counted_out = column(r, 7);
		m->usage.begin_ms = m->ask.begin_ms[QUOTA_DAY];
	}
	sqlite3_reset(r->s[S_USED]);
	sqlite3_clear_bindings(r->s[S_USED]);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}
