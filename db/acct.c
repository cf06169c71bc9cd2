/* Rows of the table accounting. Writer thread. */
#include "db/acct.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "db/rows_parts.h"

#define EXPIRE_ROWS 500

/* Never more than acct_max: the oldest makes room. */
static int make_room(struct rows *r)
{
	if (r->acct < r->options.acct_max)
		return SQLITE_OK;
	rows_u64(r, S_ACCT_OLDEST, 1, r->acct - r->options.acct_max + 1);
	int rc = rows_run(r, S_ACCT_OLDEST);
	if (rc == SQLITE_OK) {
		r->acct -= (uint64_t)sqlite3_changes(r->db);
		r->acct_lost += (uint64_t)sqlite3_changes(r->db);
	}
	return rc;
}

static int put_open(struct rows *r, const struct msg_acct *m)
{
	rows_text(r, S_ACCT_OPEN, 1, m->session);
	(void)sqlite3_bind_blob(r->s[S_ACCT_OPEN], 2, m->record, (int)m->len, SQLITE_STATIC);
	return rows_run(r, S_ACCT_OPEN);
}

int acct_put(struct rows *r, const struct msg_acct *m)
{
	if (m->role == ACCT_OPEN)
		return put_open(r, m);
	int rc = make_room(r);

	if (rc == SQLITE_OK && m->role == ACCT_STOP) {
		rows_text(r, S_ACCT_CLOSE, 1, m->session);
		rc = rows_run(r, S_ACCT_CLOSE);
	}
	if (rc != SQLITE_OK)
		return rc;
	rows_u64(r, S_ACCT_PUT, 1, m->ms);
	rows_text(r, S_ACCT_PUT, 2, m->session);
	(void)sqlite3_bind_blob(r->s[S_ACCT_PUT], 3, m->record, (int)m->len, SQLITE_STATIC);
	rc = rows_run(r, S_ACCT_PUT);
	if (rc == SQLITE_OK)
		r->acct++;
	return rc;
}

static int take_row(sqlite3_stmt *st, struct store_acct *a)
{
	const char *session = (const char *)sqlite3_column_text(st, 2);
	int len = sqlite3_column_bytes(st, 3);

	*a = (struct store_acct){.id = (uint64_t)sqlite3_column_int64(st, 0),
		.ms = (uint64_t)sqlite3_column_int64(st, 1),
		.len = (size_t)len};
	snprintf(a->session, sizeof(a->session), "%s", session ? session : "");
	a->record = len > 0 ? mem_dup(sqlite3_column_blob(st, 3), (size_t)len) : NULL;
	return a->record ? SQLITE_OK : SQLITE_NOMEM;
}

/* The columns behind those of a record. */
static void take_end(sqlite3_stmt *st, struct store_acct *a)
{
	const char *why = (const char *)sqlite3_column_text(st, 5);

	a->started_ms = (uint64_t)sqlite3_column_int64(st, 4);
	a->why = why ? status_from_token(why) : ST_END_LOST;
	if (a->why == ST__MAX)
		a->why = ST_END_LOST;
	a->bytes_in = (uint64_t)sqlite3_column_int64(st, 6);
	a->bytes_out = (uint64_t)sqlite3_column_int64(st, 7);
	a->packets_in = (uint64_t)sqlite3_column_int64(st, 8);
	a->packets_out = (uint64_t)sqlite3_column_int64(st, 9);
}

/* Which statement, with its values. */
static enum statement bind(struct rows *r, const struct msg_acct_next *m)
{
	static const enum statement of[] = {[ACCT_OF_QUEUE] = S_ACCT_NEXT, [ACCT_QUEUES] = S_ACCT_QUEUES, [ACCT_LOST] = S_ACCT_LOST};
	enum statement s = of[m->ask];
	int at = 1;

	if (m->ask != ACCT_LOST)
		(void)sqlite3_bind_blob(r->s[s], at++, m->queue, (int)m->queue_len, SQLITE_STATIC);
	if (m->ask == ACCT_OF_QUEUE)
		rows_u64(r, s, at++, m->after);
	rows_u64(r, s, at, STORE_ACCT_BATCH);
	return s;
}

int acct_next(struct rows *r, struct msg_acct_next *m)
{
	sqlite3_stmt *st = r->s[bind(r, m)];
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW && m->n < STORE_ACCT_BATCH) {
		rc = take_row(st, &m->v[m->n]);
		if (rc != SQLITE_OK)
			break;
		if (m->ask == ACCT_LOST)
			take_end(st, &m->v[m->n]);
		m->n++;
	}
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

int acct_done(struct rows *r, uint64_t id)
{
	rows_u64(r, S_ACCT_DONE, 1, id);
	int rc = rows_run(r, S_ACCT_DONE);

	if (rc == SQLITE_OK)
		r->acct -= (uint64_t)sqlite3_changes(r->db);
	return rc;
}

int acct_expire(struct rows *r, uint64_t now_ms, int *n)
{
	uint64_t span = r->options.acct_days * ROWS_DAY_MS;

	*n = 0;
	if (now_ms <= span)
		return SQLITE_OK;
	rows_u64(r, S_ACCT_EXPIRE, 1, now_ms - span);
	rows_u64(r, S_ACCT_EXPIRE, 2, EXPIRE_ROWS);
	int rc = rows_run(r, S_ACCT_EXPIRE);
	if (rc != SQLITE_OK)
		return rc;
	*n = sqlite3_changes(r->db);
	r->acct -= (uint64_t)*n;
	r->acct_lost += (uint64_t)*n;
	return SQLITE_OK;
}
