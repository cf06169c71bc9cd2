#include "db/rows.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "db/file.h"
#include "db/rows_parts.h"

#define CHECKPOINT_AT   1000  /* pages in the log that are not in the file */
#define CHECKPOINT_LONG 16000 /* pages in the log: it is to begin anew */
#define MINUTE_MS       60000

static const char *const statement_sql[] = {
#define X(name, sql) sql,
	STATEMENT_LIST(X)
#undef X
};

/* ---- opening -------------------------------------------------------------------------------- */

static int on_log(void *ctx, sqlite3 *db, const char *name, int pages)
{
	struct rows *r = ctx;

	(void)db;
	(void)name;
	r->log_pages = pages;
	return SQLITE_OK;
}

static enum status prepare_all(struct rows *r, char *detail)
{
	for (int i = 0; i < S__MAX; i++) {
		if (sqlite3_prepare_v3(r->db, statement_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
			    &r->s[i], NULL) != SQLITE_OK) {
			snprintf(detail, DB_DETAIL, "the database does not have our tables: %s",
				sqlite3_errmsg(r->db));
			return ST_STORE;
		}
	}
	return ST_OK;
}

/* Text of meta.pair; "" when there is none. */
static void read_pair(sqlite3 *db, char out[40])
{
	sqlite3_stmt *st = NULL;

	out[0] = '\0';
	if (sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE name = 'pair'", -1, &st, NULL) ==
			SQLITE_OK &&
		sqlite3_step(st) == SQLITE_ROW && sqlite3_column_text(st, 0))
		snprintf(out, 40, "%s", (const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
}

int rows_run(struct rows *r, enum statement s)
{
	int rc = sqlite3_step(r->s[s]);

	sqlite3_reset(r->s[s]);
	sqlite3_clear_bindings(r->s[s]);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

int64_t rows_number(struct rows *r, enum statement s, int64_t otherwise)
{
	int64_t v = otherwise;

	if (sqlite3_step(r->s[s]) == SQLITE_ROW)
		v = sqlite3_column_int64(r->s[s], 0);
	sqlite3_reset(r->s[s]);
	sqlite3_clear_bindings(r->s[s]);
	return v;
}

static void rows_opt(struct rows *r, enum statement s, int at, const char *text)
{
	if (text[0])
		rows_text(r, s, at, text);
}

static void bind_record(struct rows *r, enum statement s, int at, const struct store_session *u)
{
	if (u->record_len)
		(void)sqlite3_bind_blob(r->s[s], at, u->record, u->record_len, SQLITE_STATIC);
}

static void check_pair(struct rows *r)
{
	char ours[40], theirs[40];

	read_pair(r->db, ours);
	read_pair(r->secrets, theirs);
	if (strcmp(ours, theirs) == 0)
		return;
	if (ours[0])
		snprintf(r->remark, sizeof(r->remark),
			"sallyport.db and secrets.db do not belong together (one of them was "
			"replaced)");
	rows_text(r, S_META, 1, "pair");
	rows_text(r, S_META, 2, theirs);
	(void)rows_run(r, S_META);
}

/* What is replaced in secrets.db is overwritten; what is replaced in sallyport.db (names that became
 * pseudonyms) as far as it costs no page more. */
static enum status open_rest(struct rows *r, const char *dir, char *detail)
{
	(void)sqlite3_exec(r->secrets, "PRAGMA secure_delete = ON", NULL, NULL, NULL);
	(void)sqlite3_exec(r->db, "PRAGMA secure_delete = FAST", NULL, NULL, NULL);
	enum status st = anon_new(r->secrets, r->db, &r->anon);
	if (st == ST_OK) {
		r->checkpoint = checkpoint_new(dir);
		st = r->checkpoint ? prepare_all(r, detail) : ST_NOMEM;
	} else if (st == ST_STORE) {
		snprintf(detail, DB_DETAIL, "the key of pseudonyms: %s", sqlite3_errmsg(r->secrets));
	}
	if (st == ST_NOMEM)
		snprintf(detail, DB_DETAIL, "%s", status_words(st));
	return st;
}

struct rows *rows_open(const char *dir, const struct rows_options *options, enum status *why,
	char detail[DB_DETAIL])
{
	struct rows *r = mem_new(sizeof(*r));

	detail[0] = '\0';
	if (!r) {
		*why = ST_NOMEM;
		snprintf(detail, DB_DETAIL, "%s", status_words(ST_NOMEM));
		return NULL;
	}
	r->options = *options;
	*why = file_open(dir, "secrets.db", 0600, &r->secrets, detail);
	if (*why == ST_OK)
		*why = file_open(dir, "sallyport.db", 0640, &r->db, detail);
	if (*why == ST_OK)
		*why = open_rest(r, dir, detail);
	if (*why != ST_OK) {
		rows_close(r);
		return NULL;
	}
	sqlite3_wal_hook(r->db, on_log, r);
	check_pair(r);
	r->secrets_stale = true; /* whoever died before may have left something there */
	r->acct = (uint64_t)rows_number(r, S_ACCT_COUNT, 0);
	rows_text(r, S_META_NUMBER, 1, "anonymized_ms");
	r->anonymized_ms = (uint64_t)rows_number(r, S_META_NUMBER, 0);
	return r;
}

void rows_close(struct rows *r)
{
	if (!r)
		return;
	for (int i = 0; i < S__MAX; i++)
		sqlite3_finalize(r->s[i]);
	checkpoint_free(r->checkpoint);
	sqlite3_close(r->db);
	sqlite3_close(r->secrets);
	anon_free(r->anon);
	mem_free(r);
}

const char *rows_remark(const struct rows *r)
{
	return r->remark;
}

/* ---- transactions --------------------------------------------------------------------------- */

enum status rows_status(struct rows *r, int rc, char detail[DB_DETAIL])
{
	if (rc == SQLITE_OK)
		return ST_OK;
	snprintf(detail, DB_DETAIL, "%s", sqlite3_errmsg(r->db));
	return ST_STORE;
}

enum status rows_begin(struct rows *r, char detail[DB_DETAIL])
{
	return rows_status(r, rows_run(r, S_BEGIN), detail);
}

enum status rows_commit(struct rows *r, char detail[DB_DETAIL])
{
	return rows_status(r, rows_run(r, S_COMMIT), detail);
}

void rows_rollback(struct rows *r)
{
	if (!sqlite3_get_autocommit(r->db))
		(void)sqlite3_exec(r->db, "ROLLBACK", NULL, NULL, NULL);
}

/* While commits come without a pause the log never begins anew: the other thread is always one commit
 * behind. When it has grown long, the writer moves the few pages that are left itself. */
static void checkpoint_finish(struct rows *r)
{
	int pages = 0, done = 0;

	if (sqlite3_wal_checkpoint_v2(
		    r->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &done) == SQLITE_OK &&
		done == pages)
		r->finish_at = CHECKPOINT_LONG;
	else /* somebody reads an old state: later */
		r->finish_at = r->log_pages + CHECKPOINT_LONG / 4;
}

void rows_checkpoint(struct rows *r)
{
	int done = checkpoint_done(r->checkpoint);

	if (r->secrets_stale)
		(void)sqlite3_wal_checkpoint_v2(
			r->secrets, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	r->secrets_stale = false;
	if (checkpoint_is_busy(r->checkpoint))
		return;
	if (done > r->log_pages) /* of the log before it began anew */
		done = 0;
	if (r->log_pages - done >= CHECKPOINT_AT)
		(void)checkpoint_ask(r->checkpoint);
	else if (r->log_pages >= (r->finish_at ? r->finish_at : CHECKPOINT_LONG))
		checkpoint_finish(r);
}

uint64_t rows_acct_lost(struct rows *r, bool *is_empty)
{
	uint64_t n = r->acct_lost;

	r->acct_lost = 0;
	*is_empty = r->acct == 0;
	return n;
}

/* ---- one message ---------------------------------------------------------------------------- */

/* One address has one row that is open: of the newest session, when a peer authenticates again. */
static int pass_lease(struct rows *r, const struct store_session *u, const char *address)
{
	rows_text(r, S_LEASE_PASS, 1, u->ivrf);
	rows_text(r, S_LEASE_PASS, 2, address);
	rows_text(r, S_LEASE_PASS, 3, u->identity);
	rows_u64(r, S_LEASE_PASS, 4, u->started_ms);
	rows_text(r, S_LEASE_PASS, 5, u->ulid);
	return rows_run(r, S_LEASE_PASS);
}

static int apply_lease(struct rows *r, const struct store_session *u, const char *address,
	int family, const char *pool)
{
	if (!address[0] || !pool[0])
		return SQLITE_OK;
	int rc = pass_lease(r, u, address);
	if (rc != SQLITE_OK)
		return rc;
	rows_text(r, S_LEASE, 1, u->ivrf);
	rows_text(r, S_LEASE, 2, address);
	rows_u64(r, S_LEASE, 3, (uint64_t)family);
	rows_text(r, S_LEASE, 4, pool);
	rows_text(r, S_LEASE, 5, u->ulid);
	rows_text(r, S_LEASE, 6, u->identity);
	rows_u64(r, S_LEASE, 7, u->started_ms);
	return rows_run(r, S_LEASE);
}

static int count_session(struct rows *r, const struct store_session *u)
{
	rows_u64(r, S_SESSION_DAY, 1, u->started_ms);
	rows_text(r, S_SESSION_DAY, 2, r->options.node);
	rows_text(r, S_SESSION_DAY, 3, u->ivrf);
	rows_text(r, S_SESSION_DAY, 4, u->identity);
	return rows_run(r, S_SESSION_DAY);
}

/* The row is there: the session was thawed, or its first commit was answered too late. */
static int apply_again(struct rows *r, const struct store_session *u)
{
	rows_text(r, S_SESSION_AGAIN, 1, u->ulid);
	rows_text(r, S_SESSION_AGAIN, 2, u->local);
	rows_text(r, S_SESSION_AGAIN, 3, u->remote);
	rows_opt(r, S_SESSION_AGAIN, 4, u->ip4);
	rows_opt(r, S_SESSION_AGAIN, 5, u->ip6);
	rows_u64(r, S_SESSION_AGAIN, 6, u->resumes);
	bind_record(r, S_SESSION_AGAIN, 7, u);
	rows_u64(r, S_SESSION_AGAIN, 8, u->up_ms);
	return rows_run(r, S_SESSION_AGAIN);
}

static int apply_up(struct rows *r, const struct store_session *u)
{
	const char *text[] = {u->ulid, r->options.node, u->vrf, u->ivrf, u->profile, u->policy,
		u->identity_type, u->identity, u->username, u->local, u->remote};

	for (int i = 0; i < (int)(sizeof(text) / sizeof(text[0])); i++)
		rows_text(r, S_SESSION, i + 1, text[i]);
	rows_opt(r, S_SESSION, 12, u->ip4);
	rows_opt(r, S_SESSION, 13, u->ip6);
	rows_u64(r, S_SESSION, 14, u->started_ms);
	bind_record(r, S_SESSION, 15, u);
	/* What came from another gateway has used no time here. */
	rows_u64(r, S_SESSION, 16, u->resumes ? u->up_ms : u->started_ms);
	rows_u64(r, S_SESSION, 17, u->resumes);
	int rc = rows_run(r, S_SESSION);
	if (rc == SQLITE_OK)
		rc = sqlite3_changes(r->db) ? count_session(r, u) : apply_again(r, u);
	if (rc == SQLITE_OK)
		rc = usage_limits(r, u);
	if (rc == SQLITE_OK)
		rc = apply_lease(r, u, u->ip4, 4, u->pool4);
	if (rc == SQLITE_OK)
		rc = apply_lease(r, u, u->ip6, 6, u->pool6);
	return rc;
}

static int apply_traffic(
	struct rows *r, const char *ulid, uint64_t ms, const struct store_traffic *t)
{
	int rc = usage_count(r, ulid, ms, t);

	for (int i = 0; i < 2 && rc == SQLITE_OK; i++) {
		enum statement s = i ? S_COUNT : S_USAGE;
		rows_text(r, s, 1, ulid);
		rows_u64(r, s, 2, ms);
		rows_u64(r, s, 3, t->bytes_in);
		rows_u64(r, s, 4, t->bytes_out);
		rows_u64(r, s, 5, t->packets_in);
		rows_u64(r, s, 6, t->packets_out);
		rc = rows_run(r, s);
	}
	return rc;
}

static int apply_totals(struct rows *r, const struct msg_traffic *t)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < t->n && rc == SQLITE_OK; i++)
		rc = apply_traffic(r, t->v[i].ulid, t->v[i].ms, &t->v[i].traffic);
	return rc;
}

static int end_session(struct rows *r, const char *ulid, uint64_t ms, enum status why)
{
	int rc = retain_late(r, ms);
	if (rc != SQLITE_OK)
		return rc;
	rows_text(r, S_END, 1, ulid);
	rows_u64(r, S_END, 2, ms);
	rows_text(r, S_END, 3, status_token(why));
	rc = rows_run(r, S_END);
	if (rc != SQLITE_OK)
		return rc;
	rows_text(r, S_RELEASE_LEASES, 1, ulid);
	rows_u64(r, S_RELEASE_LEASES, 2, ms);
	return rows_run(r, S_RELEASE_LEASES);
}

static int apply_end(struct rows *r, const struct msg_end *e)
{
	int rc = apply_traffic(r, e->ulid, e->ms, &e->traffic);

	return rc == SQLITE_OK ? end_session(r, e->ulid, e->ms, e->why) : rc;
}

/* The time until now is the session's; the rest is nobody's until it is back. */
static int apply_wait(struct rows *r, const struct msg_end *e)
{
	int rc = apply_traffic(r, e->ulid, e->ms, &e->traffic);

	if (rc != SQLITE_OK)
		return rc;
	rows_text(r, S_WAIT, 1, e->ulid);
	rows_u64(r, S_WAIT, 2, e->ms);
	return rows_run(r, S_WAIT);
}

static int apply_event(struct rows *r, const struct store_event *e)
{
	int rc = retain_late(r, e->ms);

	if (rc != SQLITE_OK)
		return rc;
	rows_u64(r, S_EVENT, 1, e->ms);
	rows_text(r, S_EVENT, 2, r->options.node);
	rows_text(r, S_EVENT, 3, event_token(e->event));
	rows_u64(r, S_EVENT, 4, (uint64_t)event_severity(e->event));
	rows_text(r, S_EVENT, 5, e->session);
	rows_text(r, S_EVENT, 6, e->peer);
	rows_text(r, S_EVENT, 7, e->detail);
	return rows_run(r, S_EVENT);
}

static int apply_failure(struct rows *r, const struct store_failure *f)
{
	int rc = retain_late(r, f->ms);

	if (rc != SQLITE_OK)
		return rc;
	rows_u64(r, S_FAILURE, 1, f->ms);
	rows_text(r, S_FAILURE, 2, r->options.node);
	rows_text(r, S_FAILURE, 3, f->vrf);
	rows_text(r, S_FAILURE, 4, status_token(f->status));
	rows_text(r, S_FAILURE, 5, f->sentence[0] ? f->sentence : status_words(f->status));
	rows_text(r, S_FAILURE, 6, f->local);
	rows_text(r, S_FAILURE, 7, f->remote);
	rows_text(r, S_FAILURE, 8, f->identity);
	rows_text(r, S_FAILURE, 9, f->profile);
	return rows_run(r, S_FAILURE);
}

int rows_put_meta(struct rows *r, const char *name, uint64_t value)
{
	rows_text(r, S_META, 1, name);
	rows_u64(r, S_META, 2, value);
	return rows_run(r, S_META);
}

static int put_counter(struct rows *r, const struct msg_sample *m, enum statement s,
	const char *token, uint64_t value)
{
	rows_text(r, s, 1, token);
	rows_u64(r, s, 2, value);
	if (s == S_COUNTER_HISTORY) {
		rows_u64(r, s, 3, m->ms);
		rows_u64(r, s, 4, m->number);
	}
	return rows_run(r, s);
}

/* What changed since the sample before, by statement s. The first sample of a process writes
 * everything: what the file says may come from an earlier one. A status has the token of its
 * failure with "status_" before it, and no row while it is 0. */
static int put_sample(struct rows *r, const struct msg_sample *m, const struct msg_sample *before,
	bool has_before, enum statement s)
{
	int rc = SQLITE_OK;

	for (int i = 0; i < CT__MAX && rc == SQLITE_OK; i++) {
		if (!has_before || m->count[i] != before->count[i])
			rc = put_counter(r, m, s, counter_token((enum counter)i), m->count[i]);
	}
	for (int i = 0; i < GG__MAX && rc == SQLITE_OK; i++) {
		if (!has_before || m->gauge[i] != before->gauge[i])
			rc = put_counter(r, m, s, gauge_token((enum gauge)i), m->gauge[i]);
	}
	for (int i = 0; i < ST__MAX && rc == SQLITE_OK; i++) {
		char token[80];
		if (m->status[i] == (has_before ? before->status[i] : 0))
			continue;
		snprintf(token, sizeof(token), "status_%s", status_token((enum status)i));
		rc = put_counter(r, m, s, token, m->status[i]);
	}
	return rc;
}

static int apply_sample(struct rows *r, const struct msg_sample *m)
{
	bool is_new_minute = !r->has_minute || m->ms / MINUTE_MS != r->minute.ms / MINUTE_MS;
	int rc = rows_put_meta(r, "sample", m->number);

	if (rc == SQLITE_OK)
		rc = rows_put_meta(r, "sample_ms", m->ms);
	if (rc == SQLITE_OK && !r->has_sample)
		rc = rows_run(r, S_COUNTERS_NEW);
	if (rc == SQLITE_OK)
		rc = put_sample(r, m, &r->last, r->has_sample, S_COUNTER);
	r->has_sample = rc == SQLITE_OK; /* otherwise all of it again */
	r->last = *m;
	if (rc == SQLITE_OK && is_new_minute) {
		rc = put_sample(r, m, &r->minute, r->has_minute, S_COUNTER_HISTORY);
		r->has_minute = rc == SQLITE_OK;
		r->minute = *m;
	}
	return rc;
}

static int ulid_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ulid));
}

static bool is_live(const struct msg_reconcile *m, const char *text)
{
	struct ulid u;

	return ulid_parse(text, &u) && m->n && bsearch(&u, m->live, m->n, sizeof(u), ulid_order);
}

/* Also finds leases without an active session: none can come from us, but a held address that
 * nobody holds would be lost for ever. */
static int apply_reconcile(struct rows *r, struct msg_reconcile *m)
{
	char(*lost)[ULID_TEXT] = NULL;
	size_t n = 0, cap = 0;
	int rc;

	if (m->n)
		qsort(m->live, m->n, sizeof(*m->live), ulid_order);
	while ((rc = sqlite3_step(r->s[S_HELD])) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(r->s[S_HELD], 0);
		if (!text || is_live(m, text))
			continue;
		if (n == cap) {
			size_t more = cap ? cap * 2 : 64;
			void *p = mem_grow(lost, cap * sizeof(*lost), more * sizeof(*lost));
			if (!p) {
				rc = SQLITE_NOMEM;
				break;
			}
			lost = p;
			cap = more;
		}
		snprintf(lost[n++], ULID_TEXT, "%s", text);
	}
	sqlite3_reset(r->s[S_HELD]);
	rc = rc == SQLITE_DONE ? SQLITE_OK : rc;
	for (size_t i = 0; i < n && rc == SQLITE_OK; i++)
		rc = end_session(r, lost[i], m->ms, ST_END_LOST);
	mem_free(lost);
	return rc;
}

static int apply_resume(struct rows *r, struct msg *m)
{
	enum statement s = m->u.resume.claims ? S_CLAIM : S_RESUMABLE;
	bool is_there;

	rows_text(r, s, 1, m->u.resume.ulid);
	int rc = sqlite3_step(r->s[s]);
	is_there = m->u.resume.claims ? sqlite3_changes(r->db) == 1 : rc == SQLITE_ROW;
	sqlite3_reset(r->s[s]);
	sqlite3_clear_bindings(r->s[s]);
	if (!is_there)
		m->status = ST_TICKET_REVOKED;
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

/* In a transaction of its own: it is another file. */
static int apply_secret(struct rows *r, const struct msg_secret *m)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(r->secrets,
		"INSERT OR REPLACE INTO kept(name, value) VALUES(?1,?2)", -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(st, 1, m->name, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_blob(st, 2, m->value, (int)m->len, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	sqlite3_finalize(st);
	r->secrets_stale = true; /* old keys do not stay behind in the log */
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* A record that was replaced does not stay behind in the log; counts of failures may. */
static int apply_user(struct rows *r, const struct store_user *u)
{
	int rc = user_apply(r->secrets, u);

	if (u->failures == 0)
		r->secrets_stale = true;
	return rc;
}

static int apply(struct rows *r, struct msg *m)
{
	switch (m->kind) {
	case MSG_UP: return apply_up(r, &m->u.up.row);
	case MSG_WAIT: return apply_wait(r, &m->u.end);
	case MSG_END: return apply_end(r, &m->u.end);
	case MSG_TRAFFIC: return apply_totals(r, &m->u.traffic);
	case MSG_EVENT: return apply_event(r, &m->u.event);
	case MSG_FAILURE: return apply_failure(r, &m->u.failure);
	case MSG_SAMPLE: return apply_sample(r, &m->u.sample);
	case MSG_RECONCILE: return apply_reconcile(r, &m->u.reconcile);
	case MSG_RESUME: return apply_resume(r, m);
	case MSG_SECRET: return apply_secret(r, &m->u.secret);
	case MSG_USER: return apply_user(r, &m->u.user);
	case MSG_ACCT_PUT: return acct_put(r, &m->u.acct);
	case MSG_ACCT_NEXT: return acct_next(r, &m->u.acct_next);
	case MSG_ACCT_DONE: return acct_done(r, m->u.acct_id);
	case MSG_USAGE: return usage_ask(r, &m->u.usage);
	case MSG_PRUNE:
	case MSG_ANONYMIZE:
	case MSG_NOTICE: break; /* not rows */
	}
	return SQLITE_OK;
}

enum status rows_apply(struct rows *r, struct msg *m, char detail[DB_DETAIL])
{
	int rc = rows_run(r, S_SAVE);

	if (rc != SQLITE_OK)
		return rows_status(r, rc, detail);
	rc = apply(r, m);
	if ((rc & 0xff) == SQLITE_CONSTRAINT) {
		snprintf(detail, DB_DETAIL, "%s", sqlite3_errmsg(r->db));
		rc = rows_run(r, S_BACK);
		if (rc == SQLITE_OK)
			rc = rows_run(r, S_RELEASE);
		return rc == SQLITE_OK ? ST_EXISTS : ST_STORE;
	}
	if (rc == SQLITE_OK)
		rc = rows_run(r, S_RELEASE);
	return rows_status(r, rc, detail);
}
