/* The store, seen from the loop: one function a question, none of them waits for the disk. A writer
 * thread owns the database handles (writer.h); what must be durable before it is granted is
 * answered by on_commit, from store_poll.
 *
 *   sallyport.db  history, leases, events, failures, counters; mode 0640; never a secret
 *   secrets.db    mode 0600; the keys that seal tickets, users
 *
 * Durable means: the death of the process loses nothing that was answered ST_OK (WAL with
 * synchronous=NORMAL). When the machine itself loses power, the last seconds may go. */
#ifndef DB_STORE_H
#define DB_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/log.h"
#include "core/base/quota.h"
#include "core/base/sample.h"
#include "core/base/ulid.h"
#include "db/user.h"

#define STORE_NAME     64  /* names of configuration objects, with NUL */
#define STORE_IDENTITY 320 /* identity or user name as text, escaped by the caller */
#define STORE_TEXT     256 /* a sentence */
#define STORE_SECRET   512 /* bytes of one secret */
#define STORE_RECORD   20736 /* bytes of a session's sealed record */

struct store;
struct store_acct;
struct store_usage;

struct store_options {
	const char *node;      /* name of this headend, in every row */
	uint32_t group_ms;     /* longest time that a commit waits for company; 0: 10 */
	uint32_t lazy_ms;      /* longest time that events and counters stay unwritten; 0: 250 */
	uint32_t ring_slots;   /* messages under way; 0: 4096 */
	uint32_t max_events;   /* rows kept whatever their age; 0: 500,000 */
	uint32_t max_failures; /* the same; 0: 100,000 */
	uint32_t max_sessions; /* the same, of ended ones; twice as many leases; 0: 5,000,000 */
	uint32_t acct_max;     /* accounting records that wait (db/acct.h); 0: 500,000 */
	uint32_t acct_days;    /* and for how long; 0: 7 */
	/* From store_poll, never from inside another call. number as given; ST_OK or ST_STORE. */
	void (*on_commit)(void *ctx, uint64_t number, enum status st);
	/* Answers store_acct_next (db/acct.h). May be NULL when that is never asked. */
	void (*on_acct)(void *ctx, uint64_t number, enum status st, const struct store_acct *v,
		size_t n);
	/* Answers store_usage (db/usage.h). May be NULL when that is never asked. */
	void (*on_usage)(void *ctx, uint64_t number, enum status st, const struct store_usage *usage);
	/* The store stopped working (ST_STORE), works again (ST_OK), gives up accounting records
	 * (ST_LIMIT), or found something odd (ST_EXISTS), in words. May be NULL. */
	void (*on_notice)(void *ctx, enum status st, const char *text);
	void *ctx;
};

struct store_session {
	char ulid[ULID_TEXT];
	uint64_t started_ms; /* UTC, as all times here */
	char vrf[STORE_NAME];
	char ivrf[STORE_NAME];
	char profile[STORE_NAME];
	char policy[STORE_NAME];
	char identity_type[16];
	char identity[STORE_IDENTITY];
	char username[STORE_IDENTITY];
	char local[ENDPOINT_TEXT];
	char remote[ENDPOINT_TEXT];
	char ip4[ADDR_TEXT]; /* "": none */
	char ip6[PREFIX_TEXT];
	char pool4[STORE_NAME]; /* "": the address is not ours to lease, it came from the peer */
	char pool6[STORE_NAME];
	uint64_t up_ms;            /* when it came up, or back */
	uint32_t resumes;          /* how often its client came back */
	uint8_t n_quotas;
	struct quota_limit quotas[QUOTAS_MAX]; /* of his user, for the view of them */
	/* What brings it back after a restart of the machine, as store_waiting_read finds it; opaque. */
	uint16_t record_len;       /* 0: nothing */
	const uint8_t *record;     /* read during the call; at most STORE_RECORD bytes */
};

/* Totals since the session began. */
struct store_traffic {
	uint64_t bytes_in;
	uint64_t bytes_out;
	uint64_t packets_in;
	uint64_t packets_out;
};

struct store_event {
	uint64_t ms;
	enum event event;
	char session[ULID_TEXT];
	char peer[ENDPOINT_TEXT];
	char detail[512]; /* key=value pairs, escaped */
};

struct store_failure {
	uint64_t ms;
	enum status status;
	char sentence[STORE_TEXT]; /* "": the words of the status */
	char vrf[STORE_NAME];
	char local[ENDPOINT_TEXT];
	char remote[ENDPOINT_TEXT];
	char identity[STORE_IDENTITY];
	char profile[STORE_NAME];
};

/* Opens or creates both files in dir, brings them to the newest schema and starts the writer. NULL
 * with *why and a sentence in detail. */
struct store *store_open(const char *dir, const struct store_options *options, enum status *why,
	char detail[STORE_TEXT]);
/* Writes everything that was given, delivers the last answers and closes. */
void store_close(struct store *s);

/* Readable when store_poll has something to deliver. */
int store_fd(const struct store *s);
void store_poll(struct store *s);

/* One transaction with the session's row and its leases; once per session, or again after a thaw
 * (it then changes the row). ST_OK: on_commit(number) will come, also when the ring is full or the
 * disk is (ST_STORE). ST_NOMEM: it will not come. After an answer other than ST_OK the session must
 * be ended with store_session_end all the same: it costs nothing and leaves no doubt. */
enum status store_session_up(
	struct store *s, uint64_t number, const struct store_session *row) MUST_USE;
/* Ends the row and releases its leases. Kept and tried again until it is written. */
enum status store_session_end(struct store *s, const struct ulid *session, uint64_t ms,
	enum status why, const struct store_traffic *total) MUST_USE;
/* Its tunnel is gone and it waits for its client: the next store_session_up says that it is back. Kept
 * and tried again until it is written. */
enum status store_session_wait(struct store *s, const struct ulid *session, uint64_t ms,
	const struct store_traffic *total) MUST_USE;
/* Current totals of a live session; feeds the usage per day. Collected: the last ones of a round go
 * with the next call of any of these functions, or of store_poll. Written when nobody waits for an
 * answer, so later ones of other functions may be in the file before. */
void store_session_traffic(struct store *s, const struct ulid *session, uint64_t ms,
	const struct store_traffic *total);

/* These may be dropped when there is no room or too many come (counted). */
void store_event(struct store *s, const struct store_event *row);
/* An event as the log has it: "session" and "remote" (or "peer") get their columns. */
void store_log(struct store *s, uint64_t ms, enum event e, const struct kv *kv, size_t n);
void store_failure(struct store *s, const struct store_failure *row);
/* Samples come with rising numbers and times. Counters and gauges are stored, pools are not: leases
 * have rows of their own. */
void store_sample(struct store *s, const struct sample *sample);

/* At start, before anything else is stored: sessions that the file believes active and that are not
 * in live end with reason `lost` and their leases are released. Answered by on_commit. */
enum status store_reconcile(
	struct store *s, uint64_t number, uint64_t ms, const struct ulid *live, size_t n) MUST_USE;
/* May the session of a ticket be resumed: did it end without anybody ending it (dpd, timeout, lost)?
 * claims: if so it counts as resumed, and no later question gets a yes. Answered by on_commit: ST_OK,
 * ST_TICKET_REVOKED, ST_STORE. ST_NOMEM: it will not come. */
enum status store_resume(
	struct store *s, uint64_t number, const struct ulid *session, bool claims) MUST_USE;
/* Into secrets.db, in place of what had the name; at most STORE_SECRET bytes. It may be lost. */
void store_secret(struct store *s, const char *name, const void *value, size_t len);
/* Before store_open: every session that the file believes active and that has a record. It may be
 * called with rows until it says false. Makes the file. */
struct store_waiting {
	char ulid[ULID_TEXT];
	char vrf[STORE_NAME];
	uint64_t waiting_ms; /* 0: it was up */
	uint32_t resumes;
	struct store_traffic traffic;
	const uint8_t *record;
	size_t record_len;
};
typedef bool store_waiting_fn(void *ctx, const struct store_waiting *row);
void store_waiting_read(const char *dir, store_waiting_fn *fn, void *ctx);
/* Before store_open: what the file has under the name, its length; 0: nothing. Makes the file. */
size_t store_secret_read(const char *dir, const char *name, uint8_t out[STORE_SECRET]);
/* Into the table of users: the row takes the place of what had the name; an empty one (db/user.h) goes.
 * Kept and tried again until it is written. */
enum status store_user(struct store *s, const struct store_user *u) MUST_USE;
/* Removes what is older than so many days (0: nothing) and what is over the limits of rows, little by
 * little in idle time. */
void store_prune(struct store *s, uint64_t ms, uint32_t days);
/* Sessions, leases and usage that ended, events and failures that were so many days ago lose who they
 * are about, little by little in idle time (0: nothing does): names become anon-XXXXXXXX, the same
 * for the same name (keyed, db/anon.h), addresses of peers and free text go. */
void store_anonymize(struct store *s, uint64_t ms, uint32_t days);

struct store_counts {
	uint64_t commits;    /* transactions */
	uint64_t rows;       /* messages written */
	uint64_t failed;     /* answers other than ST_OK */
	uint64_t dropped;    /* no room, or with a transaction that failed; never what was answered */
	uint64_t acct_lost;  /* accounting records given up */
	uint64_t suppressed; /* too many events or failures in one second */
	uint64_t waiting;    /* ends that wait to be written again */
	bool failing;        /* it does not work now: the last transaction could not be written */
};
void store_counts(const struct store *s, struct store_counts *out);

#endif
