/* How much a user used, by the store: for limits of volume that are about all his sessions. Loop thread; nothing here
 * waits for the disk. */
#ifndef DB_USAGE_H
#define DB_USAGE_H

#include "core/base/quota.h"
#include "core/base/ulid.h"
#include "db/store.h"

struct store_usage_ask {
	char username[STORE_IDENTITY];
	char profile[STORE_NAME];
	char session[ULID_TEXT]; /* one of his; a number that is none is fine */
	uint64_t begin_ms[QUOTA_PERIODS]; /* UTC, of the day on which each time began; of QUOTA_SESSION nothing */
};

struct store_usage {
	uint64_t begin_ms; /* that of the day, as it was asked */
	uint64_t in[QUOTA_PERIODS];
	uint64_t out[QUOTA_PERIODS];
	uint64_t counted_in; /* of that session, and in the numbers above unless it is older than they are */
	uint64_t counted_out;
};

/* What all sessions of this user by this profile carried in each time, as far as the store has it. Answered by
 * store_options.on_usage with the number, from store_poll; ST_STORE: it does not know. ST_NOMEM: no answer comes. */
enum status store_usage(struct store *s, uint64_t number, const struct store_usage_ask *ask) MUST_USE;

#endif
