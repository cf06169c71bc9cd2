/* `sallyport sql`: read-only SQL on the store's file, with or without a running daemon. */
#include <stdio.h>
#include <string.h>

#include "cmd/client.h"
#include "core/base/mem.h"
#include "db/query.h"

#define STATE_DEFAULT "/var/lib/sallyport"
#define STATEMENT_MAX 65536

struct sql_call {
	const char *state;
	const char *text; /* NULL: statements from standard input */
	enum query_format format;
};

static int sql_usage(const char *why)
{
	fprintf(stderr, "sallyport: %s\nusage: sallyport sql [--state DIR] [--csv | --json] [QUERY]\n", why);
	return 2;
}

static int sql_parse(int argc, char **argv, struct sql_call *call)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--state") == 0 || strcmp(argv[i], "--socket") == 0) {
			bool is_state = argv[i][3] == 't';
			if (++i == argc)
				return sql_usage("the option needs a path");
			if (is_state)
				call->state = argv[i];
		} else if (strcmp(argv[i], "--csv") == 0) {
			call->format = QUERY_CSV;
		} else if (strcmp(argv[i], "--json") == 0) {
			call->format = QUERY_JSON;
		} else if (strncmp(argv[i], "--", 2) == 0) {
			return sql_usage("unknown option");
		} else if (call->text) {
			return sql_usage("one query, in quotes");
		} else {
			call->text = argv[i];
		}
	}
	return 0;
}

static int sql_run(struct query *q, const char *text, enum query_format format)
{
	const struct query_options options = {0};
	char detail[QUERY_DETAIL];
	enum status st = query_print(q, text, &options, format, stdout, detail);
	if (st == ST_OK)
		return 0;
	fprintf(stderr, "sallyport: %s\n", detail);
	return st == ST_CONFIG ? 2 : 1;
}

/* One statement up to each line that ends with a semicolon; the exit code is that of the last that failed. */
static int sql_stream(struct query *q, enum query_format format)
{
	int rc = 0;
	size_t len = 0;
	char *text = mem_new(STATEMENT_MAX);
	if (!text)
		return 1;
	while (fgets(text + len, (int)(STATEMENT_MAX - len), stdin)) {
		len += strlen(text + len);
		size_t end = len;
		while (end && strchr(" \t\r\n", text[end - 1]))
			end--;
		if (len + 1 < STATEMENT_MAX && (!end || text[end - 1] != ';'))
			continue;
		int one = sql_run(q, text, format);
		rc = one ? one : rc;
		len = 0;
	}
	if (len && strspn(text, " \t\r\n") < len) {
		int one = sql_run(q, text, format);
		rc = one ? one : rc;
	}
	mem_free(text);
	return rc;
}

int client_sql_main(int argc, char **argv)
{
	struct sql_call call = {.state = STATE_DEFAULT, .format = QUERY_TABLE};
	struct query *q;
	char path[4096], detail[QUERY_DETAIL];
	int rc = sql_parse(argc, argv, &call);
	if (rc)
		return rc;
	if (snprintf(path, sizeof(path), "%s/sallyport.db", call.state) >= (int)sizeof(path))
		return sql_usage("the path is too long");
	if (query_open(path, &q, detail) != ST_OK) {
		fprintf(stderr, "sallyport: %s\n", detail);
		return 1;
	}
	rc = call.text ? sql_run(q, call.text, call.format) : sql_stream(q, call.format);
	query_close(q);
	return rc;
}
