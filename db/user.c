#include "db/user.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "db/file.h"

static int64_t capped(uint64_t v)
{
	return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

static int put(sqlite3 *db, const struct store_user *u)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db,
		"INSERT OR REPLACE INTO users(name, record, failures, since_ms, until_ms, "
		"totp_used)"
		" VALUES(?1,?2,?3,?4,?5,?6)",
		-1, &st, NULL);

	if (rc == SQLITE_OK) {
		(void)sqlite3_bind_text(st, 1, u->name, -1, SQLITE_STATIC);
		if (u->len > 0)
			(void)sqlite3_bind_blob(st, 2, u->record, (int)u->len, SQLITE_STATIC);
		(void)sqlite3_bind_int64(st, 3, u->failures);
		(void)sqlite3_bind_int64(st, 4, capped(u->since_ms));
		(void)sqlite3_bind_int64(st, 5, capped(u->until_ms));
		(void)sqlite3_bind_int64(st, 6, capped(u->totp_used));
		rc = sqlite3_step(st);
	}
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int drop(sqlite3 *db, const char *name)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, "DELETE FROM users WHERE name = ?1", -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int user_apply(sqlite3 *db, const struct store_user *u)
{
	bool is_empty = u->len == 0 && u->failures == 0 && u->until_ms == 0 && u->totp_used == 0;

	return is_empty ? drop(db, u->name) : put(db, u);
}

static bool read_row(sqlite3_stmt *st, struct store_user *u)
{
	const char *name = (const char *)sqlite3_column_text(st, 0);
	int len = sqlite3_column_bytes(st, 1);

	memset(u, 0, sizeof(*u));
	if (name == NULL || strlen(name) >= sizeof(u->name) || len < 0 ||
		(size_t)len > sizeof(u->record))
		return false; /* not ours */
	memcpy(u->name, name, strlen(name));
	u->len = (size_t)len;
	if (len > 0)
		memcpy(u->record, sqlite3_column_blob(st, 1), (size_t)len);
	u->failures = (uint32_t)sqlite3_column_int64(st, 2);
	u->since_ms = (uint64_t)sqlite3_column_int64(st, 3);
	u->until_ms = (uint64_t)sqlite3_column_int64(st, 4);
	u->totp_used = (uint64_t)sqlite3_column_int64(st, 5);
	return true;
}

enum status store_users_read(
	const char *dir, enum status (*row)(void *ctx, const struct store_user *u), void *ctx)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *q = NULL;
	char detail[DB_DETAIL];
	struct store_user u;
	enum status st = file_open(dir, "secrets.db", 0600, &db, detail);
	int rc = SQLITE_DONE;

	if (st == ST_OK &&
		sqlite3_prepare_v2(db,
			"SELECT name, record, failures, since_ms, until_ms, totp_used FROM users"
			" ORDER BY name",
			-1, &q, NULL) != SQLITE_OK)
		st = ST_STORE;
	while (st == ST_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
		if (read_row(q, &u))
			st = row(ctx, &u);
	}
	if (st == ST_OK && rc != SQLITE_DONE)
		st = ST_STORE;
	sqlite3_finalize(q);
	sqlite3_close(db);
	return st;
}

enum status store_user_write(const char *dir, const struct store_user *u)
{
	sqlite3 *db = NULL;
	char detail[DB_DETAIL];
	enum status st = file_open(dir, "secrets.db", 0600, &db, detail);

	if (st == ST_OK) {
		(void)sqlite3_exec(db, "PRAGMA secure_delete = ON", NULL, NULL, NULL);
		st = user_apply(db, u) == SQLITE_OK ? ST_OK : ST_STORE;
		(void)sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	}
	sqlite3_close(db);
	return st;
}
