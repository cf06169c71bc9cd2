#include "db/anon.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/crypto/prf.h"
#include "core/crypto/rnd.h"

#define KEY_LEN 32

struct anon {
	uint8_t key[KEY_LEN];
};

static bool read_key(sqlite3 *secrets, uint8_t key[KEY_LEN])
{
	sqlite3_stmt *st = NULL;
	bool ok = sqlite3_prepare_v2(secrets, "SELECT value FROM kept WHERE name = 'anonym'", -1, &st,
			  NULL) == SQLITE_OK &&
		  sqlite3_step(st) == SQLITE_ROW && sqlite3_column_bytes(st, 0) == KEY_LEN;

	if (ok)
		memcpy(key, sqlite3_column_blob(st, 0), KEY_LEN);
	sqlite3_finalize(st);
	return ok;
}

/* Never over one that is there. */
static bool make_key(sqlite3 *secrets)
{
	uint8_t key[KEY_LEN];
	sqlite3_stmt *st = NULL;

	rnd_bytes(key, KEY_LEN);
	bool ok = sqlite3_prepare_v2(secrets,
			  "INSERT OR IGNORE INTO kept(name, value) VALUES('anonym', ?1)", -1, &st,
			  NULL) == SQLITE_OK &&
		  sqlite3_bind_blob(st, 1, key, KEY_LEN, SQLITE_STATIC) == SQLITE_OK &&
		  sqlite3_step(st) == SQLITE_DONE;
	sqlite3_finalize(st);
	mem_zero(key, KEY_LEN);
	return ok;
}

static void on_anonym(sqlite3_context *c, int n, sqlite3_value **v)
{
	const struct anon *a = sqlite3_user_data(c);
	const char *name = (const char *)sqlite3_value_text(v[0]);
	uint8_t mac[32];
	char out[16];

	(void)n;
	if (!name || !name[0]) {
		sqlite3_result_value(c, v[0]);
		return;
	}
	struct view text = {(const uint8_t *)name, strlen(name)};
	prf_hmac_sha256((struct view){a->key, KEY_LEN}, &text, 1, mac);
	snprintf(out, sizeof(out), "anon-%02x%02x%02x%02x", mac[0], mac[1], mac[2], mac[3]);
	sqlite3_result_text(c, out, -1, SQLITE_TRANSIENT);
}

enum status anon_new(sqlite3 *secrets, sqlite3 *db, struct anon **out)
{
	struct anon *a = mem_new(sizeof(*a));
	int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;

	*out = a;
	if (!a)
		return ST_NOMEM;
	if (!read_key(secrets, a->key) && !(make_key(secrets) && read_key(secrets, a->key)))
		return ST_STORE;
	return sqlite3_create_function_v2(db, "anonym", 1, flags, a, on_anonym, NULL, NULL, NULL) ==
			       SQLITE_OK
		       ? ST_OK
		       : ST_NOMEM;
}

void anon_free(struct anon *a)
{
	if (a)
		mem_free_secret(a, sizeof(*a));
}
