/* docs/scripting.md: its tables are THE tables, its list of names is what a script has, and every script in
 * it runs and does what is said of it. */
#include "tests/unit/lua_lab.h"

static const char *doc(void)
{
	char *text = t_readfile("docs/scripting.md", NULL);

	return text ? text : "";
}

/* The lines between the head of a table and the next empty line. */
static void has_table(const char *head, const char *rows)
{
	const char *at = strstr(doc(), head), *end;
	static char found[16384];

	T_TRUE(at != NULL);
	at = strchr(strchr(at, '\n') + 1, '\n') + 1; /* after the line of dashes */
	end = strstr(at, "\n\n");
	T_TRUE(end != NULL && (size_t)(end - at) + 2 < sizeof(found));
	memcpy(found, at, (size_t)(end - at) + 1);
	found[end - at + 1] = 0;
	T_STR(found, rows);
}

static void hooks(void)
{
	static char rows[4096];
	size_t len = 0;

	for (enum hook h = 0; h < HOOK__MAX; h++)
		len += (size_t)snprintf(rows + len, sizeof(rows) - len, "| `%s` | %s | %s |\n", hook_name(h),
			hook_asks(h) ? "yes" : "no", hook_when(h));
	has_table("| hook | a login waits |", rows);
}

static const char *cell(const struct field *f, enum hook h)
{
	if (field_may_change(f, h))
		return f->sees & HOOK_BIT(h) ? "changes" : "sets";
	return field_seen(f, h) ? "sees" : "";
}

static void fields_of_doc(void)
{
	static char rows[16384];
	size_t len = 0;

	for (size_t i = 0; i < fields_len; i++) {
		const struct field *f = &fields[i];

		len += (size_t)snprintf(rows + len, sizeof(rows) - len, "| `%s` | %s |", f->name,
			field_kind_words(f->kind));
		for (enum hook h = 0; h < HOOK__MAX; h++)
			len += (size_t)snprintf(
				rows + len, sizeof(rows) - len, " %s%s|", cell(f, h), cell(f, h)[0] ? " " : "");
		len += (size_t)snprintf(rows + len, sizeof(rows) - len, " %s |\n", f->words);
	}
	has_table("| field | kind |", rows);
}

/* Each global name that a script has is told of, and no other. */
static void names(void)
{
	char name[64];
	const char *at;
	static const char before[] = "## What a script has\n\n`";

	lab_begin();
	T_TRUE(lab_load("local n = 0 for k, v in pairs(_G) do if type(v) == 'function' then n = n + 1 end end\n"
			"function authorize() print(n) end\n"
			"function identity(s) assert(type(_G[s.identity]) == 'function', s.identity) end"));
	at = strstr(doc(), before);
	T_TRUE(at != NULL);
	at += strlen(before);
	int n = 0, used;
	for (; sscanf(at, " %63[a-z]%n", name, &used) == 1; at += used, n++) {
		char row[80];

		snprintf(row, sizeof(row), "identity=%s", name);
		lab_call(HOOK_IDENTITY, ROWS(row));
		T_STR(lab.a.words, "");
	}
	T_EQ(*at, '`');
	lab_call(HOOK_AUTHORIZE, NULL);
	/* log and deny stand in the table below. */
	T_EQ(atoi(lab.printed), n + 2);
	T_TRUE(strstr(at, "| `deny(sentence)` |") && strstr(at, "`log(...)`"));
}

/* ---- the scripts ------------------------------------------------------------------------------ */

#define NIGHT INT64_C(1715723999000) /* 21:59:59 UTC */

struct play {
	const char *name; /* of the script: its first line says it */
	enum hook hook;
	const char *in[4];
	int64_t wall_ms;
	const char *out; /* changes, or sentence, or what it printed */
};

static const char *const settings[] = {"pool=WORKSHOP", "logins=2", NULL};

static const struct play plays[] = {
	{"house.lua", HOOK_AUTHORIZE, {"identity=anna@corp.example"}, LAB_NOW, ""},
	{"house.lua", HOOK_AUTHORIZE, {"identity=bert@workshop.example"}, LAB_NOW,
		"pool=WORKSHOP dns=10.0.0.53 dns=10.0.1.53"},
	{"house.lua", HOOK_AUTHORIZE, {"identity=bert@workshop.example"}, NIGHT,
		"the workshop is closed between 22:00 and 06:00"},
	{"house.lua", HOOK_SESSION_UP, {"name=anna", "remote=192.0.2.7:4500", "ip4=10.99.0.10"}, LAB_NOW,
		"anna came in from 192.0.2.7:4500 and has 10.99.0.10\n"},
	{"house.lua", HOOK_SESSION_UP, {"name=anna", "remote=192.0.2.7:4500"}, LAB_NOW,
		"anna came in from 192.0.2.7:4500 and has no address\n"},
	{"house.lua", HOOK_SESSION_DOWN, {"name=anna", "seconds=754", "reason=dpd"}, LAB_NOW,
		"anna left after 12 minutes: dpd\n"},
	{"guests.lua", HOOK_IDENTITY, {"identity=guest-anna@x.example"}, LAB_NOW, "name=guest anna profile=GUESTS"},
	{"guests.lua", HOOK_IDENTITY, {"identity=anna@corp.example"}, LAB_NOW, ""},
	{"limit.lua", HOOK_AUTHORIZE, {"name=anna"}, LAB_NOW, ""},
	{"limit.lua", HOOK_AUTHORIZE, {"name=anna"}, LAB_NOW, ""},
	{"limit.lua", HOOK_AUTHORIZE, {"name=bert"}, LAB_NOW, ""},
	{"limit.lua", HOOK_AUTHORIZE, {"name=anna"}, LAB_NOW, "anna has logged in 2 times in this hour already"},
	{"limit.lua", HOOK_AUTHORIZE, {"name=anna"}, LAB_NOW + 3600000, ""},
	{"attributes.lua", HOOK_AUTHORIZE, {"profile=RA"}, LAB_NOW, "session_lifetime=43200"},
	{"attributes.lua", HOOK_AUTHORIZE, {"profile=GUESTS", "domain=corp.example"}, LAB_NOW,
		"domain= banner=Welcome. This connection ends in an hour. session_lifetime=3600"},
	{"attributes.lua", HOOK_AUTHORIZE, {"policy=OFFICE", "subnets=10.10.0.0/16"}, LAB_NOW,
		"session_lifetime=43200 subnets=10.10.0.0/16 subnets=10.20.0.0/16"},
};

static int plays_of(const char *name)
{
	int played = 0;

	for (size_t i = 0; i < sizeof(plays) / sizeof(plays[0]); i++) {
		const struct play *p = &plays[i];

		if (strcmp(p->name, name) != 0)
			continue;
		lab_call_at(p->hook, p->in, p->wall_ms);
		if (strcmp(lab.changes, p->out) != 0 && strcmp(lab.a.words, p->out) != 0 &&
			strcmp(lab.printed, p->out) != 0) {
			t_fail(__FILE__, __LINE__, "%s row %zu: '%s' '%s' '%s'", name, i, lab.changes,
				lab.a.words, lab.printed);
			return 0;
		}
		played++;
	}
	return played;
}

static void scripts(void)
{
	const char *at = doc();
	int blocks = 0;

	while ((at = strstr(at, "```lua\n")) != NULL) {
		const char *end = strstr(at + 7, "\n```");
		char name[SCRIPT_NAME], *text;

		T_TRUE(end != NULL && sscanf(at, "```lua\n-- %40[a-z.]:", name) == 1);
		text = strndup(at + 7, (size_t)(end - at) - 6);
		T_ROW(blocks, name);
		lab_begin();
		lab_load_with(name, text, settings);
		free(text);
		T_STR(lab.words, "");
		/* Every function in it is called. */
		for (enum hook h = 0; h < HOOK__MAX; h++) {
			bool is_called = false;

			for (size_t i = 0; i < sizeof(plays) / sizeof(plays[0]); i++)
				is_called |= strcmp(plays[i].name, name) == 0 && plays[i].hook == h;
			T_EQ(is_called, (lab.hooks & HOOK_BIT(h)) != 0);
		}
		T_TRUE(plays_of(name) > 0);
		at = end;
		blocks++;
	}
	T_EQ(blocks, 4);
}

int main(void)
{
	T_RUN(hooks);
	T_RUN(fields_of_doc);
	T_RUN(names);
	T_RUN(scripts);
	lab_end();
	return t_end();
}
