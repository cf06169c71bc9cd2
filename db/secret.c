/* Reading secrets.db at the start, before the writer has it. */
#include <sqlite3.h>
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
