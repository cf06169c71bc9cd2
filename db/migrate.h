/* The schema of a database file: steps with rising numbers, forward only, each one transaction. */
#ifndef DB_MIGRATE_H
#define DB_MIGRATE_H

#include "core/base/status.h"

#define DB_DETAIL 256 /* a sentence for the operator */

struct sqlite3;
struct schema_step;

/* Brings db to the newest step of its family ("main" or "secrets": the word after the number in the
 * file's name). A file with more steps than we know is accepted when its meta.compatible_from says
 * so. ST_BAD_VERSION: made by a newer program and not compatible; ST_STORE: SQLite's words. */
enum status migrate(struct sqlite3 *db, const char *family, const struct schema_step *steps,
	int count, char detail[DB_DETAIL]) MUST_USE;

#endif
