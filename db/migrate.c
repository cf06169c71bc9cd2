#include "db/migrate.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "gen/schema.h"

/* First column of the first row; -1 when there is none. */
static int64_t number_of(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *st = NULL;
	int64_t v = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK &&
		sqlite3_step(st) == SQLITE_ROW)
		v = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return v;
}

static bool is_of(const struct schema_step *step, const char *family)
{
	size_t len = strlen(family);

	return strlen(step->name) > 5 + len && strncmp(step->name + 5, family, len) == 0 &&
	       step->name[5 + len] == '_';
}

static enum status run_step(sqlite3 *db, const struct schema_step *step, char *detail)
{
	char version[48];

	snprintf(version, sizeof(version), "PRAGMA user_version = %d", step->number);
	if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK &&
		sqlite3_exec(db, step->sql, NULL, NULL, NULL) == SQLITE_OK &&
		sqlite3_exec(db, version, NULL, NULL, NULL) == SQLITE_OK &&
		sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
		return ST_OK;
	snprintf(detail, DB_DETAIL, "schema step %s failed: %s", step->name, sqlite3_errmsg(db));
	if (!sqlite3_get_autocommit(db))
		(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return ST_STORE;
}

enum status migrate(struct sqlite3 *db, const char *family, const struct schema_step *steps,
	int count, char detail[DB_DETAIL])
{
	int64_t have = number_of(db, "PRAGMA user_version");
	int64_t newest = 0;

	if (have < 0) {
		snprintf(detail, DB_DETAIL, "not a usable database: %s", sqlite3_errmsg(db));
		return ST_STORE;
	}
	for (int i = 0; i < count; i++) {
		if (!is_of(&steps[i], family))
			continue;
		newest = steps[i].number;
		if (newest <= have)
			continue;
		enum status st = run_step(db, &steps[i], detail);
		if (st != ST_OK)
			return st;
	}
	if (have <= newest)
		return ST_OK;
	int64_t from = number_of(db, "SELECT value FROM meta WHERE name = 'compatible_from'");
	if (from >= 0 && from <= newest)
		return ST_OK;
	snprintf(detail, DB_DETAIL,
		"the database has schema step %lld and this program knows steps up to %lld: use a "
		"newer "
		"program, or a copy of the file from before the upgrade",
		(long long)have, (long long)newest);
	return ST_BAD_VERSION;
}
