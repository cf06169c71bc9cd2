#include "cmd/demo_ask.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cmd/client.h"
#include "cmd/demo_task.h"
#include "cmd/demo_text.h"
#include "db/query.h"

#define COMMAND_MS 5000
#define ROWS_MS 3000
#define ROW_MS 110 /* a sample is as old as 100 ms */
#define WORDS_MAX 128

struct call {
	int (*main)(int argc, char **argv);
	int argc;
	char *argv[12];
};

static int call_run(void *ctx)
{
	struct call *c = ctx;
	return c->main(c->argc, c->argv);
}

static void call_word(struct call *c, const char *word)
{
	c->argv[c->argc++] = (char *)(uintptr_t)word;
}

bool ask_task(int (*run)(void *ctx), void *ctx, int netns, const char *const *words, unsigned lines)
{
	struct task t;
	unsigned shown = 0;
	int out = memfd_create("output", MFD_CLOEXEC);
	struct task_plan plan = {.run = run, .ctx = ctx, .netns = netns, .output = out};
	bool ok = out >= 0 && task_start(&t, &plan);
	if (ok) {
		ok = task_finish(&t, COMMAND_MS) == 0;
		shown = lines ? text_lines(out, words, lines, false) : 0;
	}
	if (out >= 0)
		close(out);
	return ok && (shown || !lines);
}

bool ask_command(const struct demo_ask *a, const char *words, unsigned lines)
{
	char copy[WORDS_MAX], *rest = copy;
	struct call c = {.main = client_main};
	snprintf(copy, sizeof(copy), "%s", words);
	for (char *w; (w = strsep(&rest, " ")) != NULL;)
		call_word(&c, w);
	call_word(&c, "--socket");
	call_word(&c, a->socket);
	if (lines)
		text_command("sallyport %s", words);
	return ask_task(call_run, &c, -1, NULL, lines);
}

bool ask_sql(const struct demo_ask *a, const char *text, unsigned lines)
{
	struct call c = {.main = client_sql_main};
	const char *words[] = {"sql", "--state", a->state, text};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		call_word(&c, words[i]);
	text_command("sallyport sql \"%s\"", text);
	return ask_task(call_run, &c, -1, NULL, lines);
}

static bool on_row(void *ctx, int n, const struct query_value *v)
{
	*(bool *)ctx = n > 0 && v[0].integer > 0;
	return true;
}

static bool is_true(const char *path, const char *text)
{
	char why[QUERY_DETAIL];
	bool yes = false;
	struct query_options options = {.time_ms = 1000, .on_row = on_row, .ctx = &yes};
	struct query *q;
	if (query_open(path, &q, why) != ST_OK)
		return false;
	bool ok = query_run(q, text, &options, why) == ST_OK;
	query_close(q);
	return ok && yes;
}

/* What is only counted, not committed, gets into the store with the samples; looking at the counters
 * takes one. */
bool ask_until(const struct demo_ask *a, const char *text)
{
	char path[WORDS_MAX];
	snprintf(path, sizeof(path), "%s/sallyport.db", a->state);
	for (unsigned ms = 0; ms < ROWS_MS && task_pause(ms ? ROW_MS : 0); ms += ROW_MS)
		if (ask_command(a, "show counters", 0) && is_true(path, text))
			return true;
	return false;
}
