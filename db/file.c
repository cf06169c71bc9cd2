#include "db/file.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gen/schema.h"

#define BUSY_MS        1000 /* somebody else holds the file: an operator's shell */
#define LOG_SIZE_LIMIT "67108864"

/* The mode is set before SQLite sees the file; its log takes the mode of the file. Only while this
 * process has the file not open: a close() here would end SQLite's locks (POSIX record locks). */
static bool make_file(const char *path, mode_t mode)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode);

	if (fd < 0)
		return false;
	bool ok = fchmod(fd, mode) == 0;
	close(fd);
	return ok;
}

enum status file_open(
	const char *dir, const char *name, mode_t mode, struct sqlite3 **db, char detail[DB_DETAIL])
{
	char path[4096];
	static const char pragmas[] =
		"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
		"PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = " LOG_SIZE_LIMIT ";"
		"PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
		"PRAGMA temp_store = MEMORY;";
	int n = snprintf(path, sizeof(path), "%s/%s", dir, name);

	if (n < 0 || (size_t)n >= sizeof(path) || !make_file(path, mode)) {
		snprintf(detail, DB_DETAIL, "cannot create %s in the state folder", name);
		return ST_IO;
	}
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	if (sqlite3_open_v2(path, db, flags, NULL) != SQLITE_OK ||
		sqlite3_busy_timeout(*db, BUSY_MS) != SQLITE_OK ||
		sqlite3_exec(*db, pragmas, NULL, NULL, NULL) != SQLITE_OK) {
		snprintf(detail, DB_DETAIL, "cannot open %s: %s", name,
			*db ? sqlite3_errmsg(*db) : "no memory");
		return ST_STORE;
	}
	/* The log stays when the last connection closes, so that the operators' group, which may
	 * not create it, can read the file also while the daemon is stopped. */
	int on = 1;
	(void)sqlite3_file_control(*db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
	bool is_main = strcmp(name, "sallyport.db") == 0;
	return migrate(*db, is_main ? "main" : "secrets", schema_steps, schema_steps_len, detail);
}
