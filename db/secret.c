/* Reading both files at the start, before the writer has them. */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "db/file.h"
#include "db/store.h"

size_t store_secret_read(const char *dir, const char *name, uint8_t out[STORE_SECRET])
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	char detail[DB_DETAIL];
	size_t len = 0;

	if (file_open(dir, "secrets.db", 0600, &db, detail) == ST_OK &&
		sqlite3_prepare_v2(db, "SELECT value FROM kept WHERE name = ?1", -1, &st, NULL) ==
			SQLITE_OK &&
		sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC) == SQLITE_OK &&
		sqlite3_step(st) == SQLITE_ROW) {
		int n = sqlite3_column_bytes(st, 0);

		if (n > 0 && n <= STORE_SECRET) {
			memcpy(out, sqlite3_column_blob(st, 0), (size_t)n);
			len = (size_t)n;
		}
	}
	sqlite3_finalize(st);
	sqlite3_close(db);
	return len;
}

static uint64_t column_u64(sqlite3_stmt *st, int at)
{
	sqlite3_int64 v = sqlite3_column_int64(st, at);

	return v > 0 ? (uint64_t)v : 0;
}

static bool waiting_row(sqlite3_stmt *st, store_waiting_fn *fn, void *ctx)
{
	const char *ulid = (const char *)sqlite3_column_text(st, 0);
	const char *vrf = (const char *)sqlite3_column_text(st, 1);
	struct store_waiting row = {
		.waiting_ms = column_u64(st, 2),
		.resumes = (uint32_t)column_u64(st, 8),
		.traffic = {column_u64(st, 3), column_u64(st, 4), column_u64(st, 5), column_u64(st, 6)},
		.record = sqlite3_column_blob(st, 7),
		.record_len = (size_t)sqlite3_column_bytes(st, 7),
	};

	if (!ulid || !vrf || !row.record)
		return true;
	snprintf(row.ulid, sizeof(row.ulid), "%s", ulid);
	snprintf(row.vrf, sizeof(row.vrf), "%s", vrf);
	return fn(ctx, &row);
}

void store_waiting_read(const char *dir, store_waiting_fn *fn, void *ctx)
{
	static const char sql[] = "SELECT ulid, vrf, waiting_ms, bytes_in, bytes_out, packets_in, packets_out,"
				  " record, resumes FROM sessions WHERE ended_ms IS NULL AND record IS NOT NULL"
				  " ORDER BY started_ms";
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	char detail[DB_DETAIL];

	if (file_open(dir, "sallyport.db", 0640, &db, detail) == ST_OK &&
		sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK)
		while (sqlite3_step(st) == SQLITE_ROW && waiting_row(st, fn, ctx))
			;
	sqlite3_finalize(st);
	sqlite3_close(db);
}
