/* Finding commands by prefixes, with a table of our own in the place of the program's. */
#include "cmd/admin.h"

#include "tests/lib/t.h"

struct world {
	int calls;
	const char *called;
	size_t n;
	const char *first;
};

#define ROW(id) \
	static int id(struct world *w, const struct admin_args *args, struct out *out, struct out *err) \
	{ \
		(void)err; \
		w->calls++; \
		w->called = #id; \
		w->n = args->n; \
		w->first = args->n ? args->words[0] : ""; \
		out_printf(out, "%s", #id); \
		return 0; \
	}
ROW(version)
ROW(running)
ROW(session)
ROW(sa)
ROW(sa_stats)
ROW(server)
ROW(clear_all)

const struct admin_command admin_commands[] = {
	{"show version", "", false, version, "h"},
	{"show running-config", "[all]", false, running, "h"},
	{"show crypto session", "", false, session, "h"},
	{"show crypto sa", "[ID]", false, sa, "h"},
	{"show crypto sa stats", "", false, sa_stats, "h"},
	{"show crypto server", "", false, server, "h"},
	{"clear all", "", true, clear_all, "a help text"},
};
const size_t admin_commands_len = sizeof(admin_commands) / sizeof(admin_commands[0]);

#define WORDS_MAX 6

static size_t split(char *text, const char *words[WORDS_MAX])
{
	size_t n = 0;

	for (char *p = strtok(text, " "); p && n < WORDS_MAX; p = strtok(NULL, " "))
		words[n++] = p;
	return n;
}

static void finds(void)
{
	static const struct {
		const char *typed;
		int code;
		const char *called; /* "" none */
		size_t args;
		const char *err; /* a part of it */
	} rows[] = {
		{"show version", 0, "version", 0, ""},
		{"sh v", 0, "version", 0, ""},
		{"s v", 0, "version", 0, ""},
		{"show run all", 0, "running", 1, ""},
		{"sh c ses", 0, "session", 0, ""},
		{"sh crypto sa", 0, "sa", 0, ""},
		{"sh crypto sa 7", 0, "sa", 1, ""},
		{"sh crypto sa s", 0, "sa_stats", 0, ""},
		{"sh crypto sa 7 8", 0, "sa", 2, ""},
		{"sh crypto sa stats x", 2, "", 0, "\"x\" is not understood here; show crypto sa stats takes no words\n"},
		{"sh crypto sa stats x y", 2, "", 0, "\"x\" is not understood here"},
		{"cl a x", 2, "", 0, "\"x\" is not understood here; clear all takes no words\n"},
		{"cl a", 0, "clear_all", 0, ""},
		/* Not enough letters. */
		{"show crypto se", 2, "", 0, "\"se\" is ambiguous; it may be: session, server\n"},
		{"show crypto s", 2, "", 0, "\"s\" is ambiguous; it may be: session, sa, server\n"},
		/* An exact word wins: "sa" is not "sa..." of another. */
		{"show c sa", 0, "sa", 0, ""},
		/* Unknown, too long, empty, wrong case. */
		{"shows version", 2, "", 0, "unknown word \"shows\"; one of: show, clear\n"},
		{"show versions", 2, "", 0, "unknown word \"versions\"; one of: version, running-config, crypto\n"},
		{"show Version", 2, "", 0, "unknown word \"Version\""},
		{"show crypto xyz", 2, "", 0, "unknown word \"xyz\"; one of: session, sa, server\n"},
		{"show", 2, "", 0, "incomplete command; next one of: version, running-config, crypto\n"},
		{"show crypto", 2, "", 0, "incomplete command; next one of: session, sa, server\n"},
		{"", 2, "", 0, "incomplete command; next one of: show, clear\n"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[80];
		const char *words[WORDS_MAX];
		struct world w = {.called = ""};
		struct out out, err;

		T_ROW(i, rows[i].typed);
		strcpy(text, rows[i].typed);
		size_t n = split(text, words);
		out_init(&out, false);
		out_init(&err, false);
		T_EQ(admin_run(&w, words, n, true, &out, &err), rows[i].code);
		out_raw(&err, "", 1);
		T_STR(w.called, rows[i].called);
		T_EQ(w.n, rows[i].args);
		T_EQ(w.calls, rows[i].code == 0);
		if (rows[i].err[0])
			T_TRUE(strstr(err.buf, rows[i].err));
		else
			T_EQ(err.len, 1);
		out_fini(&out);
		out_fini(&err);
	}
}

/* A word of no letters is the prefix of everything; it must stand for nothing. */
static void empty_words(void)
{
	const char *const rows[][3] = {{"", "version", ""}, {"show", "", ""}, {"clear", "", ""}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world w = {.called = ""};
		struct out out, err;

		T_ROW(i, rows[i][0]);
		out_init(&out, false);
		out_init(&err, false);
		T_EQ(admin_run(&w, rows[i], 2, true, &out, &err), 2);
		T_EQ(w.calls, 0);
		T_TRUE(err.len > 0);
		out_fini(&out);
		out_fini(&err);
	}
}

static void changes_need_the_right(void)
{
	static const struct {
		const char *const words[2];
		bool may_change;
		int code;
	} rows[] = {
		{{"clear", "all"}, true, 0},
		{{"clear", "all"}, false, 1},
		{{"cl", "a"}, false, 1},
		{{"show", "version"}, false, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world w = {.called = ""};
		struct out out, err;

		T_ROW(i, rows[i].words[0]);
		out_init(&out, false);
		out_init(&err, false);
		T_EQ(admin_run(&w, rows[i].words, 2, rows[i].may_change, &out, &err), rows[i].code);
		T_EQ(w.calls, rows[i].code == 0);
		if (rows[i].code) {
			out_raw(&err, "", 1);
			T_STR(err.buf, "\"clear all\" needs root\n");
		}
		out_fini(&out);
		out_fini(&err);
	}
}

static void help_names_every_row(void)
{
	struct out o;

	out_init(&o, false);
	admin_help(&o);
	out_raw(&o, "", 1);
	for (size_t i = 0; i < admin_commands_len; i++) {
		T_ROW(i, admin_commands[i].words);
		T_TRUE(strstr(o.buf, admin_commands[i].words));
	}
	T_TRUE(strstr(o.buf, "a help text"));
	out_fini(&o);
}

int main(void)
{
	T_RUN(finds);
	T_RUN(empty_words);
	T_RUN(changes_need_the_right);
	T_RUN(help_names_every_row);
	return t_end();
}
