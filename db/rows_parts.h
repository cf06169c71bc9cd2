/* What the files that write rows share: the open database and its prepared statements. */
#ifndef DB_ROWS_PARTS_H
#define DB_ROWS_PARTS_H

#include <sqlite3.h>

#include "db/anon.h"
#include "db/checkpoint.h"
#include "db/rows.h"
#include "db/statements.h"

#define ROWS_DAY_MS 86400000ull
#define ROWS_SPANS  7 /* kinds of rows that lose who they are about (db/retain.c) */

struct rows {
	sqlite3 *db;
	sqlite3 *secrets;
	sqlite3_stmt *s[S__MAX];
	struct rows_options options;
	struct anon *anon;
	struct checkpoint *checkpoint;
	int log_pages;       /* in the log after the last commit */
	int finish_at;       /* so many, and the writer itself ends what the checkpoint could not */
	bool secrets_stale;  /* replaced bytes may be in the log of secrets.db */
	bool has_sample;     /* last is of this process and in the file */
	struct msg_sample last;
	bool has_minute;
	struct msg_sample minute; /* last one that went into the history */
	uint64_t acct;            /* rows of accounting */
	uint64_t acct_lost;       /* given up since rows_acct_lost was last called */
	uint64_t anonymized_ms;       /* rows of before are about nobody any more */
	bool has_spans;               /* a run of anonymising is under way */
	uint64_t span_ms[ROWS_SPANS]; /* where it goes on */
	char remark[DB_DETAIL];
};

/* One step; SQLITE_OK also when it found a row. */
int rows_run(struct rows *r, enum statement s);
enum status rows_status(struct rows *r, int rc, char detail[DB_DETAIL]) MUST_USE;
/* The first column of the first row, or otherwise when there is none or it fails. */
int64_t rows_number(struct rows *r, enum statement s, int64_t otherwise);
int rows_put_meta(struct rows *r, const char *name, uint64_t value);

static inline void rows_text(struct rows *r, enum statement s, int at, const char *text)
{
	(void)sqlite3_bind_text(r->s[s], at, text, -1, SQLITE_STATIC);
}

/* Values above INT64_MAX do not occur in nature; they are capped rather than negative. */
static inline void rows_u64(struct rows *r, enum statement s, int at, uint64_t v)
{
	(void)sqlite3_bind_int64(r->s[s], at, v > INT64_MAX ? INT64_MAX : (sqlite3_int64)v);
}

/* db/retain.c. Before a row of that time is written: it may be older than what was anonymised, when the
 * disk was full for long. An SQLite result. */
int retain_late(struct rows *r, uint64_t ms);

/* db/usage.c: SQLite results. Before the session's own numbers are raised; with its row; the answer is filled in. */
int usage_count(struct rows *r, const char *ulid, uint64_t ms, const struct store_traffic *t);
int usage_limits(struct rows *r, const struct store_session *u);
int usage_ask(struct rows *r, struct msg_usage *m);

/* db/acct.c: SQLite results. */
int acct_put(struct rows *r, const struct msg_acct *m);
int acct_next(struct rows *r, struct msg_acct_next *m);
int acct_done(struct rows *r, uint64_t id);
/* Those that are older than their time, a batch at most; *n says how many. */
int acct_expire(struct rows *r, uint64_t now_ms, int *n);

#endif
