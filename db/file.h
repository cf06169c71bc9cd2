/* A database file of ours: made with its mode, opened for writing, brought to the newest schema. */
#ifndef DB_FILE_H
#define DB_FILE_H

#include <sys/types.h>

#include "db/migrate.h"

/* name: "sallyport.db" or "secrets.db". *db may be set when it fails, and is closed by the caller
 * in any case. ST_IO, ST_STORE, ST_BAD_VERSION with a sentence. */
enum status file_open(const char *dir, const char *name, mode_t mode, struct sqlite3 **db,
	char detail[DB_DETAIL]) MUST_USE;

#endif
