/* Users, from wherever they are: those of the configuration first, then those of secrets.db, which are
 * held here as they are stored: sealed. And lockout: so many wrong secrets within so many minutes lock
 * a user for as many minutes. Pure but for the master key's use; one thread. */
#ifndef CMD_USERS_H
#define CMD_USERS_H

#include "core/base/rd.h"
#include "core/conf/snapshot.h"
#include "core/eap/record.h"
#include "db/user.h"

struct users;

/* Stores a row (db/user.h says when that means to remove it). */
typedef enum status (*users_put_fn)(void *ctx, const struct store_user *row);

/* NULL: out of memory. */
struct users *users_new(users_put_fn put, void *ctx);
void users_free(struct users *u); /* NULL is fine */
/* Without it only users of the configuration have verifiers. Copied. */
void users_set_key(struct users *u, const uint8_t key[RECORD_KEY_LEN]);
bool users_has_key(const struct users *u);
/* A row of the file, at the start. ST_OK, ST_NOMEM. */
enum status users_load(struct users *u, const struct store_user *row) MUST_USE;

/* Everything that is known of a name. A record that the master key does not open leaves a user without
 * verifiers. The holder wipes *out. */
void users_ask(const struct users *u, const struct snapshot *conf, const char *name, uint64_t now_ms,
	struct eap_user *out);
/* What a method found out (enum eap_checked). totp_step: of a code that is used up with this.
 * right: ST_WRONG_CODE: another login has used it meanwhile; ST_USER_LOCKED: others have failed since this one
 * asked: it is refused, else guesses side by side would not count. wrong: ST_USER_LOCKED: this failure locks
 * the user (said once). ST_OK; ST_NOMEM. */
enum status users_right(struct users *u, const struct snapshot *conf, const char *name,
	uint64_t totp_step, uint64_t now_ms) MUST_USE;
enum status users_wrong(struct users *u, const struct snapshot *conf, const char *name,
	uint64_t now_ms) MUST_USE;

/* The operator's changes, of users of secrets.db. nonce: random. v: verifiers, of which set() takes those of
 * a password, totp() the second factor (none: it is removed). ST_EXISTS, ST_NOT_FOUND, ST_CONFIG (no
 * master key), ST_NOT_AUTHENTIC (the record is not of this master key), ST_LIMIT (the name), ST_NOMEM; or
 * what put said. */
enum status users_add(struct users *u, const char *name, const struct eap_user *v,
	const uint8_t nonce[RECORD_NONCE_LEN]) MUST_USE;
enum status users_set(struct users *u, const char *name, const struct eap_user *v,
	const uint8_t nonce[RECORD_NONCE_LEN]) MUST_USE;
enum status users_totp(struct users *u, const char *name, const struct eap_user *v,
	const uint8_t nonce[RECORD_NONCE_LEN]) MUST_USE;
enum status users_del(struct users *u, const char *name) MUST_USE;
/* Of any user; ST_NOT_FOUND: nothing is known of the name. */
enum status users_unlock(struct users *u, const char *name) MUST_USE;

bool users_has_row(const struct users *u, const char *name);
/* All rows in order of name; *cursor 0 at first; NULL at the end. Rows without a record are of users of the
 * configuration, or of such that are gone. */
const struct store_user *users_next(const struct users *u, size_t *cursor);

#endif
