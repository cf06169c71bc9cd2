/* Rows of the table users in secrets.db (db/schema/0003). */
#ifndef DB_USER_H
#define DB_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

#define STORE_USER_NAME   256 /* with NUL */
#define STORE_USER_RECORD 512

struct sqlite3;

struct store_user {
	char name[STORE_USER_NAME];
	uint32_t failures;
	uint64_t since_ms;
	uint64_t until_ms;
	uint64_t totp_used;
	size_t len; /* 0: no record */
	uint8_t record[STORE_USER_RECORD]; /* sealed: nothing here is to be wiped */
};

/* While the store is not open: every row, in order of name. The file is made when it is not there.
 * ST_IO, ST_STORE, ST_BAD_VERSION; or what the callback returned first. */
enum status store_users_read(const char *dir,
	enum status (*row)(void *ctx, const struct store_user *u), void *ctx) MUST_USE;
/* The same for one row: writes it, or removes it when it has neither record nor failures nor a code that
 * was used. Also while a daemon has the file, which then does not know of it. */
enum status store_user_write(const char *dir, const struct store_user *u) MUST_USE;

/* Writer thread: an SQLite result. */
int user_apply(struct sqlite3 *db, const struct store_user *u);

/* The key over the records: 32 bytes in the file master.key of the state folder, mode 0600. make: it is
 * made when it is not there. ST_NOT_FOUND; ST_BAD_LENGTH; ST_CONFIG: others than its owner may read
 * or write it; ST_IO with errno. */
#define MASTER_KEY_LEN 32
/* The same from a file that somebody else has opened, whoever may read it. */
enum status master_key_take(int fd, uint8_t key[MASTER_KEY_LEN]) MUST_USE;
enum status master_key_read(const char *dir, bool make, uint8_t key[MASTER_KEY_LEN]) MUST_USE;

#endif
