/* Messages into rows: the prepared statements of one open database. Writer thread only. */
#ifndef DB_ROWS_H
#define DB_ROWS_H

#include "db/migrate.h"
#include "db/msg.h"

struct rows;

struct rows_options {
	char node[STORE_NAME];
	uint32_t max_events;
	uint32_t max_failures;
	uint32_t max_sessions;
	uint32_t acct_max;
	uint32_t acct_days;
};

/* Opens sallyport.db and secrets.db in dir (made with modes 0640 and 0600) and migrates both. */
struct rows *rows_open(const char *dir, const struct rows_options *options, enum status *why,
	char detail[DB_DETAIL]);
void rows_close(struct rows *r);

/* A transaction. ST_STORE: nothing of it is in the file, detail has SQLite's words. */
enum status rows_begin(struct rows *r, char detail[DB_DETAIL]) MUST_USE;
/* ST_EXISTS: this message alone contradicts what is in the file (an address that another session
 * holds) and left no trace; the transaction goes on. ST_STORE: it cannot go on. */
enum status rows_apply(struct rows *r, struct msg *m, char detail[DB_DETAIL]) MUST_USE;
enum status rows_commit(struct rows *r, char detail[DB_DETAIL]) MUST_USE;
void rows_rollback(struct rows *r);

/* One small batch of what is older than the cutoffs, in its own transaction. *more: call again. */
enum status rows_prune(
	struct rows *r, const struct msg_prune *p, bool *more, char detail[DB_DETAIL]) MUST_USE;
/* The same for rows that lose who they are about. */
enum status rows_anonymize(
	struct rows *r, const struct msg_prune *p, bool *more, char detail[DB_DETAIL]) MUST_USE;
/* After a transaction: has the log moved into the file when it has grown. */
void rows_checkpoint(struct rows *r);
/* Accounting records given up since the last call, of transactions that were committed. */
uint64_t rows_acct_lost(struct rows *r, bool *is_empty);
/* What was odd at opening, in words; "" when nothing was. */
const char *rows_remark(const struct rows *r);

#endif
