#include "db/query.h"

#include <sqlite3.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/mem.h"

#define COLUMNS_MAX   256
#define STEPS_A_LOOK  10000 /* virtual machine steps between looks at the clock */
#define LONGEST_VALUE (4 << 20)

struct query {
	sqlite3 *db;
	uint64_t until_ms;
};

static uint64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int on_progress(void *ctx)
{
	const struct query *q = ctx;

	return clock_ms() > q->until_ms;
}

/* Pragmas that only look. With an argument some of them would change something: not those. */
static bool is_harmless_pragma(const char *name, const char *arg)
{
	static const char *const with_argument[] = {"table_info", "table_xinfo", "index_list",
		"index_info", "index_xinfo", "foreign_key_list", "integrity_check", "quick_check",
		"table_list"};
	static const char *const without[] = {"user_version", "schema_version", "database_list",
		"page_count", "freelist_count", "page_size", "journal_mode", "compile_options",
		"collation_list", "function_list", "query_only"};

	for (size_t i = 0; i < sizeof(with_argument) / sizeof(with_argument[0]); i++) {
		if (sqlite3_stricmp(name, with_argument[i]) == 0)
			return true;
	}
	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++) {
		if (!arg && sqlite3_stricmp(name, without[i]) == 0)
			return true;
	}
	return false;
}

static int on_authorize(
	void *ctx, int action, const char *a, const char *b, const char *db, const char *trigger)
{
	(void)ctx;
	(void)db;
	(void)trigger;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_READ:
	case SQLITE_RECURSIVE: return SQLITE_OK;
	case SQLITE_FUNCTION:
		return b && sqlite3_stricmp(b, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
	case SQLITE_PRAGMA: return a && is_harmless_pragma(a, b) ? SQLITE_OK : SQLITE_DENY;
	default: return SQLITE_DENY;
	}
}

/* The path as a file: URI: what has a meaning there is percent-encoded. */
static bool make_uri(const char *path, char *out, size_t cap)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-~";
	size_t at = (size_t)snprintf(out, cap, "file:");

	for (; *path; path++) {
		if (at + 32 > cap)
			return false;
		if (strchr(plain, *path))
			out[at++] = *path;
		else
			at += (size_t)snprintf(
				out + at, cap - at, "%%%02X", (unsigned)(unsigned char)*path);
	}
	snprintf(out + at, cap - at, "?mode=ro");
	return true;
}

static void restrict_connection(sqlite3 *db, struct query *q)
{
	(void)sqlite3_busy_timeout(db, 2000);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	(void)sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	(void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, LONGEST_VALUE);
	(void)sqlite3_limit(db, SQLITE_LIMIT_COLUMN, COLUMNS_MAX);
	(void)sqlite3_exec(db, "PRAGMA query_only = ON", NULL, NULL, NULL);
	sqlite3_progress_handler(db, STEPS_A_LOOK, on_progress, q);
}

enum status query_open(const char *path, struct query **out, char detail[QUERY_DETAIL])
{
	char uri[4096];
	struct query *q;
	int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;

	*out = NULL;
	if (access(path, F_OK) != 0) {
		snprintf(detail, QUERY_DETAIL, "%.200s: no such file", path);
		return ST_NOT_FOUND;
	}
	if (!make_uri(path, uri, sizeof(uri)) || !(q = mem_new(sizeof(*q)))) {
		snprintf(detail, QUERY_DETAIL, "%s", status_words(ST_NOMEM));
		return ST_NOMEM;
	}
	q->until_ms = UINT64_MAX;
	if (sqlite3_open_v2(uri, &q->db, flags, NULL) == SQLITE_OK) {
		restrict_connection(q->db, q);
		/* The file is looked at only now. */
		if (sqlite3_exec(q->db, "SELECT 1 FROM sqlite_schema LIMIT 1", NULL, NULL, NULL) ==
			SQLITE_OK) {
			sqlite3_set_authorizer(q->db, on_authorize, NULL);
			*out = q;
			return ST_OK;
		}
	}
	snprintf(detail, QUERY_DETAIL, "%.150s: %.90s", path,
		q->db ? sqlite3_errmsg(q->db) : "no memory");
	query_close(q);
	return ST_IO;
}

void query_close(struct query *q)
{
	if (!q)
		return;
	sqlite3_close(q->db);
	mem_free(q);
}

/* Nothing but blanks, semicolons and comments? */
static bool is_blank_sql(const char *s)
{
	for (;;) {
		s += strspn(s, " \t\r\n\f;");
		if (s[0] == '-' && s[1] == '-') {
			s += strcspn(s, "\n");
		} else if (s[0] == '/' && s[1] == '*') {
			const char *end = strstr(s + 2, "*/");
			if (!end)
				return true;
			s = end + 2;
		} else {
			return *s == '\0';
		}
	}
}

static void get_value(sqlite3_stmt *st, int i, struct query_value *v)
{
	*v = (struct query_value){0};
	switch (sqlite3_column_type(st, i)) {
	case SQLITE_INTEGER:
		v->type = QUERY_INTEGER;
		v->integer = sqlite3_column_int64(st, i);
		return;
	case SQLITE_FLOAT:
		v->type = QUERY_REAL;
		v->real = sqlite3_column_double(st, i);
		return;
	case SQLITE_TEXT:
		v->type = QUERY_TEXT;
		v->bytes = (const char *)sqlite3_column_text(st, i);
		break;
	case SQLITE_BLOB:
		v->type = QUERY_BLOB;
		v->bytes = sqlite3_column_blob(st, i);
		break;
	default: return;
	}
	v->len = (size_t)sqlite3_column_bytes(st, i);
	if (!v->bytes)
		v->bytes = "";
}

static enum status run_rows(sqlite3_stmt *st, const struct query_options *o, int *rc)
{
	struct query_value v[COLUMNS_MAX];
	const char *names[COLUMNS_MAX];
	int n = sqlite3_column_count(st);

	for (int i = 0; i < n; i++) {
		names[i] = sqlite3_column_name(st, i);
		if (!names[i])
			return ST_NOMEM;
	}
	if (o->on_columns && !o->on_columns(o->ctx, n, names))
		return ST_CANCELLED;
	for (uint64_t rows = 0; (*rc = sqlite3_step(st)) == SQLITE_ROW; rows++) {
		if (o->max_rows && rows == o->max_rows)
			return ST_LIMIT;
		for (int i = 0; i < n; i++)
			get_value(st, i, &v[i]);
		if (o->on_row && !o->on_row(o->ctx, n, v))
			return ST_CANCELLED;
	}
	return *rc == SQLITE_DONE ? ST_OK : *rc == SQLITE_INTERRUPT ? ST_TIMEOUT : ST_IO;
}

static enum status run_end(
	const struct query *q, enum status st, const struct query_options *o, int rc, char *detail)
{
	switch (st) {
	case ST_OK: break;
	case ST_TIMEOUT:
		snprintf(detail, QUERY_DETAIL, "the query took too long and was stopped");
		break;
	case ST_LIMIT:
		snprintf(detail, QUERY_DETAIL, "there are more than %llu rows",
			(unsigned long long)o->max_rows);
		break;
	case ST_IO: snprintf(detail, QUERY_DETAIL, "%.200s (%d)", sqlite3_errmsg(q->db), rc); break;
	default: snprintf(detail, QUERY_DETAIL, "%s", status_words(st)); break;
	}
	return st;
}

enum status query_run(struct query *q, const char *sql, const struct query_options *options,
	char detail[QUERY_DETAIL])
{
	sqlite3_stmt *st = NULL;
	const char *rest = "";
	int rc;

	detail[0] = '\0';
	q->until_ms = clock_ms() + (options->time_ms ? options->time_ms : 10000);
	rc = sqlite3_prepare_v2(q->db, sql, -1, &st, &rest);
	if (rc == SQLITE_AUTH || (st && !sqlite3_stmt_readonly(st))) {
		snprintf(detail, QUERY_DETAIL, "only reading is possible here (%.150s)",
			sqlite3_errmsg(q->db));
		sqlite3_finalize(st);
		return ST_CONFIG;
	}
	if (rc == SQLITE_INTERRUPT)
		return run_end(q, ST_TIMEOUT, options, rc, detail);
	if (rc != SQLITE_OK || !st || !is_blank_sql(rest)) {
		snprintf(detail, QUERY_DETAIL, "%.200s",
			rc != SQLITE_OK ? sqlite3_errmsg(q->db)
			: !st           ? "there is no statement"
					: "one statement at a time");
		sqlite3_finalize(st);
		return ST_CONFIG;
	}
	enum status ended = run_rows(st, options, &rc);
	ended = run_end(q, ended, options, rc, detail);
	sqlite3_finalize(st);
	return ended;
}
