/* The read side, for `sallyport sql` and for whoever wants to look: one SQL text over a database
 * file opened read-only. Nothing can be written, attached or loaded, whatever the text says. */
#ifndef DB_QUERY_H
#define DB_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/status.h"

#define QUERY_DETAIL 256

struct query;

enum query_type { QUERY_NULL, QUERY_INTEGER, QUERY_REAL, QUERY_TEXT, QUERY_BLOB };

struct query_value {
	enum query_type type;
	int64_t integer;
	double real;
	const char *bytes; /* text (terminated) and blob; lives until the next row */
	size_t len;
};

struct query_options {
	uint32_t time_ms;  /* longest run; 0: 10,000 */
	uint64_t max_rows; /* 0: no limit */
	/* Called once, before the rows. false ends the query. Either may be NULL. */
	bool (*on_columns)(void *ctx, int n, const char *const *names);
	bool (*on_row)(void *ctx, int n, const struct query_value *v);
	void *ctx;
};

/* ST_NOT_FOUND: no such file; ST_IO: may not be read, or is no database. */
enum status query_open(const char *path, struct query **out, char detail[QUERY_DETAIL]) MUST_USE;
void query_close(struct query *q);
/* Exactly one statement. ST_CONFIG: the text is wrong or not allowed; ST_TIMEOUT; ST_LIMIT: there
 * were more rows; ST_CANCELLED: a callback said stop; ST_IO. A sentence is in detail. */
enum status query_run(struct query *q, const char *sql, const struct query_options *options,
	char detail[QUERY_DETAIL]) MUST_USE;

enum query_format { QUERY_TABLE, QUERY_CSV, QUERY_JSON };
/* Runs and prints. Table: aligned columns, bytes that do not print are escaped; csv: RFC 4180 with
 * a header line; json: an array of objects (blobs as hex). on_columns, on_row and ctx are not used.
 */
enum status query_print(struct query *q, const char *sql, const struct query_options *options,
	enum query_format format, FILE *out, char detail[QUERY_DETAIL]) MUST_USE;

#endif
