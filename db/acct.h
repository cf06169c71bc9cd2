/* The spool of accounting records: what a server must be told and has not confirmed yet, in
 * sallyport.db, so that it survives us. A record is bytes that the caller understands, which begin with the name of its
 * queue: an octet of length, then that. Queues are read one by one: what waits in one that nobody takes anything from
 * costs the others nothing. The operators' group may read the file, so there must never be a secret in them. Loop
 * thread; nothing here waits for the disk. */
#ifndef DB_ACCT_H
#define DB_ACCT_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/status.h"
#include "core/base/ulid.h"

#define STORE_ACCT_MAX   4096 /* octets of one record */
#define STORE_ACCT_BATCH 32   /* records of one answer */
#define STORE_ACCT_QUEUE 255  /* octets of a queue's name */

struct store;

struct store_acct {
	uint64_t id; /* rises in the order in which they were put, never used twice */
	uint64_t ms; /* UTC, of the event */
	char session[ULID_TEXT];
	size_t len;
	const uint8_t *record; /* lives until the callback returns */
	/* of store_acct_lost(): ms is when the session ended, id means nothing */
	uint64_t started_ms;
	enum status why;
	uint64_t bytes_in, bytes_out, packets_in, packets_out;
};

/* Behind all that were put before. Kept and tried again until it is written; only what is written
 * comes out of store_acct_next. No record waits for ever: beyond store_options.acct_max records or
 * acct_days the oldest are given up, counted (store_counts.acct_lost) and said once until the spool
 * has been empty. ST_BAD_LENGTH: 0 octets or more than STORE_ACCT_MAX; ST_NOMEM. */
enum status store_acct_put(struct store *s, uint64_t ms, const struct ulid *session,
	const uint8_t *record, size_t len) MUST_USE;
/* Asks for the oldest records of a queue with an id greater than after (0: from the beginning), at most
 * STORE_ACCT_BATCH. Answered by store_options.on_acct with the number, from store_poll; n = 0 with
 * ST_OK: there is none. What was answered stays until it is done. ST_NOMEM: no answer comes; ST_BAD_LENGTH. */
enum status store_acct_next(struct store *s, uint64_t number, struct view queue, uint64_t after) MUST_USE;
/* Asks for the names of queues with records, in their order behind `after` (empty: from the beginning, but the one
 * without a name), at most STORE_ACCT_BATCH, each in the place of a record. As store_acct_next(). */
enum status store_acct_queues(struct store *s, uint64_t number, struct view after) MUST_USE;
/* The server has it (or nobody will ever take it): the record goes. Kept and tried again until it is
 * written; when we die before, the record comes once more. An id that is not there does nothing. */
enum status store_acct_done(struct store *s, uint64_t id) MUST_USE;

/* A session of which servers are told: what its Stop is made of, should we not be there to make it. In
 * order with the other calls. As store_acct_put(). */
enum status store_acct_open(struct store *s, const struct ulid *session, const uint8_t *record,
	size_t len) MUST_USE;
/* store_acct_put() of a Stop: both are done or neither, and the session is not open any more. */
enum status store_acct_stop(struct store *s, uint64_t ms, const struct ulid *session,
	const uint8_t *record, size_t len) MUST_USE;
/* Asks for sessions that ended, or whose rows are gone, while they were open: each wants its Stop, after which
 * it is not open any more. Answered as store_acct_next(). ST_NOMEM. */
enum status store_acct_lost(struct store *s, uint64_t number) MUST_USE;

#endif
