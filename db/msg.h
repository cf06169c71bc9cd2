/* What travels from the loop to the writer and back. A message is one heap block; whoever holds it
 * frees it. Only text and numbers: there is no type here that could carry a key or a password, but
 * for the one that is for secrets.db. */
#ifndef DB_MSG_H
#define DB_MSG_H

#include "core/base/stats.h"
#include "db/acct.h"
#include "db/store.h"
#include "db/usage.h"

enum msg_kind {
	MSG_UP,  /* answered; failed: the session must not be granted */
	MSG_WAIT, /* never lost while the process lives */
	MSG_END, /* never lost while the process lives: an unreleased lease blocks its address */
	MSG_TRAFFIC,
	MSG_EVENT,
	MSG_FAILURE,
	MSG_SAMPLE,
	MSG_RECONCILE, /* answered */
	MSG_RESUME, /* answered: ST_OK, ST_TICKET_REVOKED */
	MSG_SECRET, /* wiped when it is freed */
	MSG_USER, /* never lost either: lockout, and what an operator was told */
	MSG_ACCT_PUT,  /* never lost either */
	MSG_ACCT_NEXT, /* answered, with records */
	MSG_ACCT_DONE, /* never lost either */
	MSG_USAGE,     /* answered, with numbers */
	MSG_PRUNE,
	MSG_ANONYMIZE,
	MSG_NOTICE /* writer to loop only */
};

struct msg_up {
	struct store_session row; /* its record is: */
	uint8_t *record;          /* heap */
};

struct msg_end {
	char ulid[ULID_TEXT];
	uint64_t ms;
	enum status why;
	struct store_traffic traffic;
};

/* Totals of many sessions: ten thousand of them must not fill the ring. */
#define TRAFFIC_ROWS 256
struct traffic_row {
	char ulid[ULID_TEXT];
	uint64_t ms;
	struct store_traffic traffic;
};
struct msg_traffic {
	struct traffic_row *v; /* heap; TRAFFIC_ROWS */
	size_t n;
};

struct msg_sample {
	uint64_t number;
	uint64_t ms;
	uint64_t count[CT__MAX];
	uint64_t status[ST__MAX];
	uint64_t gauge[GG__MAX];
};

struct msg_reconcile {
	uint64_t ms;
	struct ulid *live; /* heap; sorted by the writer */
	size_t n;
};

struct msg_resume {
	char ulid[ULID_TEXT];
	bool claims;
};

struct msg_secret {
	char name[STORE_NAME];
	size_t len;
	uint8_t value[STORE_SECRET];
};

enum acct_role {
	ACCT_RECORD, /* into the spool */
	ACCT_OPEN,   /* what a Stop is made of, beside the spool */
	ACCT_STOP    /* into the spool, and what it was made of goes */
};

struct msg_acct {
	enum acct_role role;
	uint64_t ms;
	char session[ULID_TEXT];
	size_t len;
	uint8_t *record; /* heap */
};

enum acct_ask {
	ACCT_OF_QUEUE, /* records of one */
	ACCT_QUEUES,   /* the names of those that have any */
	ACCT_LOST      /* sessions without an end */
};

struct msg_acct_next {
	enum acct_ask ask;
	uint64_t after;
	size_t queue_len;
	uint8_t queue[STORE_ACCT_QUEUE]; /* ACCT_QUEUES: behind this one */
	size_t n;
	struct store_acct v[STORE_ACCT_BATCH]; /* each record is a heap block */
};

struct msg_usage {
	struct store_usage_ask ask;
	struct store_usage usage;
};

struct msg_prune {
	uint64_t ms;
	uint32_t days;
};

struct msg_notice {
	char text[STORE_TEXT];
};

struct msg {
	struct msg *next;
	enum msg_kind kind;
	enum status status; /* the answer */
	uint64_t number;
	union {
		struct msg_up up;
		struct msg_end end; /* MSG_WAIT too, without why */
		struct msg_traffic traffic;
		struct store_event event;
		struct store_failure failure;
		struct msg_sample sample;
		struct msg_reconcile reconcile;
		struct msg_resume resume;
		struct msg_secret secret;
		struct store_user user;
		struct msg_acct acct;
		struct msg_acct_next acct_next;
		uint64_t acct_id;
		struct msg_usage usage;
		struct msg_prune prune;
		struct msg_notice notice;
	} u;
};

/* Zeroed, and no longer than its kind is: only that member of u may be touched. NULL when out of
 * memory. */
struct msg *msg_new(enum msg_kind kind);
void msg_free(struct msg *m);            /* NULL is fine */

static inline bool msg_is_answered(const struct msg *m)
{
	return m->kind == MSG_UP || m->kind == MSG_RECONCILE || m->kind == MSG_RESUME ||
	       m->kind == MSG_ACCT_NEXT || m->kind == MSG_USAGE;
}

/* Kept when it could not be written, until it can be. */
static inline bool msg_is_kept(const struct msg *m)
{
	return m->kind == MSG_END || m->kind == MSG_WAIT || m->kind == MSG_USER || m->kind == MSG_ACCT_PUT ||
	       m->kind == MSG_ACCT_DONE;
}

#endif
