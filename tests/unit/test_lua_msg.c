/* The messages between main and the script process, there and back, and everything that is not one. */
#include "modules/lua/msg.h"

#include <stdlib.h>

#include "tests/lib/t.h"

static struct lua_msg m, got;
static uint8_t bytes[LUA_MSG_MAX];

static struct view text(const char *s)
{
	return (struct view){(const uint8_t *)s, strlen(s)};
}

static size_t build(void)
{
	struct wr w = wr_init(bytes, sizeof(bytes));

	lua_msg_build(&w, &m);
	return wr_ok(&w) ? w.len : 0;
}

static enum status parse(bool from_main, size_t len)
{
	uint8_t *exact = malloc(len ? len : 1);
	enum status st;

	memcpy(exact, bytes, len);
	st = from_main ? lua_msg_parse_ask((struct view){exact, len}, &got)
		       : lua_msg_parse_answer((struct view){exact, len}, &got);
	free(exact);
	return st;
}

/* Each message is understood by its side only, whole only, and with nothing after it. */
static void only_whole(bool from_main)
{
	size_t len = build();

	T_TRUE(len > 0 && len < sizeof(bytes));
	for (size_t n = 0; n < len; n++) {
		T_ROW(n, "bytes");
		T_TRUE(parse(from_main, n) != ST_OK);
	}
	bytes[len] = 0;
	T_EQ(parse(from_main, len + 1), ST_TRAILING);
	T_EQ(parse(!from_main, len), ST_BAD_PAYLOAD);
	T_EQ(parse(from_main, len), ST_OK);
	T_EQ(got.type, m.type);
	for (size_t cap = 0; cap < len; cap++) {
		struct wr w = wr_init(bytes, cap);

		lua_msg_build(&w, &m);
		T_TRUE(!wr_ok(&w));
	}
	build();
}

static void from_main(void)
{
	m = (struct lua_msg){.type = LUA_MSG_LIMITS, .memory_kb = 4096, .instructions = 1ull << 40, .n_scripts = 2};
	T_DO(only_whole(true));
	T_TRUE(got.memory_kb == 4096 && got.instructions == 1ull << 40 && got.n_scripts == 2);
	m = (struct lua_msg){.type = LUA_MSG_SCRIPT, .wall_ms = -5, .name = "a.lua", .text = text("return 1")};
	pairs_init(&m.pairs);
	pairs_add(&m.pairs, "hours", "x");
	T_DO(only_whole(true));
	/* got.text is a view of what is gone; the rest is a copy. */
	T_TRUE(got.wall_ms == -5 && got.text.len == 8);
	T_STR(got.name, "a.lua");
	T_STR(pairs_get(&got.pairs, "hours"), "x");
	m = (struct lua_msg){.type = LUA_MSG_CALL, .serial = 0xfffffffe, .hook = HOOK_SESSION_DOWN, .wall_ms = 7};
	pairs_init(&m.pairs);
	pairs_add(&m.pairs, "reason", "dpd");
	T_DO(only_whole(true));
	T_TRUE(got.serial == 0xfffffffe && got.hook == HOOK_SESSION_DOWN && got.wall_ms == 7);
	T_STR(pairs_get(&got.pairs, "reason"), "dpd");
	/* The same from pairs that are encoded already. */
	m.encoded = (struct view){(const uint8_t *)"\0\1pool\0P", 9};
	T_DO(only_whole(true));
	T_STR(pairs_get(&got.pairs, "pool"), "P");
}

static void from_process(void)
{
	m = (struct lua_msg){.type = LUA_MSG_READY};
	T_DO(only_whole(false));
	m = (struct lua_msg){.type = LUA_MSG_LOADED, .hooks = HOOKS_ALL};
	T_DO(only_whole(false));
	T_EQ(got.hooks, HOOKS_ALL);
	m = (struct lua_msg){.type = LUA_MSG_LOAD_ERROR, .text = text("a.lua:1: no")};
	T_DO(only_whole(false));
	m = (struct lua_msg){.type = LUA_MSG_LOG, .script = 3, .text = text("hello")};
	T_DO(only_whole(false));
	T_TRUE(got.script == 3 && got.text.len == 5);
	m = (struct lua_msg){.type = LUA_MSG_RESULT, .serial = 9, .verdict = VERDICT_PASS, .script = 255, .us = 77};
	T_DO(only_whole(false));
	T_TRUE(got.serial == 9 && got.verdict == VERDICT_PASS && got.script == 255 && got.us == 77);
	m.verdict = VERDICT_DENY;
	m.script = 1;
	m.text = text("not now");
	T_DO(only_whole(false));
	m.verdict = VERDICT_CHANGE;
	m.text = (struct view){0};
	pairs_init(&m.pairs);
	pairs_add(&m.pairs, "pool", "P");
	T_DO(only_whole(false));
	T_STR(pairs_get(&got.pairs, "pool"), "P");
}

#define BYTES(s) (s), sizeof(s) - 1
#define HEAD     "\x44\0\0\0\1" /* RESULT, serial */

static void not_messages(void)
{
	static const struct {
		bool from_main;
		const char *bytes;
		size_t len;
		enum status st;
	} rows[] = {
		{true, BYTES(""), ST_TRUNCATED},
		{false, BYTES(""), ST_TRUNCATED},
		{true, BYTES("\0"), ST_BAD_PAYLOAD},
		{false, BYTES("\xff"), ST_BAD_PAYLOAD},
		/* limits of nothing */
		{true, BYTES("\1\0\0\0\0\0\0\0\0\0\0\0\1\1"), ST_BAD_PAYLOAD},
		{true, BYTES("\1\0\0\0\1\0\0\0\0\0\0\0\0\1"), ST_BAD_PAYLOAD},
		{true, BYTES("\1\0\0\0\1\0\0\0\0\0\0\0\1\0"), ST_BAD_PAYLOAD},
		{true, BYTES("\1\0\0\0\1\0\0\0\0\0\0\0\1\x11"), ST_BAD_PAYLOAD},
		/* a script without a name, with one that is too long, with a NUL in it */
		{true, BYTES("\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), ST_BAD_PAYLOAD},
		{true, BYTES("\2\0\0\0\0\0\0\0\0\0\x30xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\0\0\0\0\0\0"),
			ST_LIMIT},
		{true, BYTES("\2\0\0\0\0\0\0\0\0\0\2a\0\0\0\0\0\0\0"), ST_BAD_PAYLOAD},
		/* a hook that is none */
		{true, BYTES("\3\0\0\0\1\5\0\0\0\0\0\0\0\0\0\0"), ST_BAD_PAYLOAD},
		/* no hooks, and hooks that are none */
		{false, BYTES("\x42\0"), ST_BAD_PAYLOAD},
		{false, BYTES("\x42\x20"), ST_BAD_PAYLOAD},
		/* sentences: empty, with a NUL */
		{false, BYTES("\x43\0\0"), ST_BAD_PAYLOAD},
		{false, BYTES("\x43\0\2a\0"), ST_BAD_PAYLOAD},
		{false, BYTES("\x45\x10\0\1a"), ST_BAD_PAYLOAD},
		{false, BYTES("\x45\0\0\0"), ST_BAD_PAYLOAD},
		/* results: verdict, script; what the verdict must have and may not */
		{false, BYTES(HEAD "\0\xff\0\0\0\0\0\0\0\0"), ST_OK},
		{false, BYTES(HEAD "\4\0\0\0\0\0\0\0\0\0"), ST_BAD_PAYLOAD},
		{false, BYTES(HEAD "\0\x10\0\0\0\0\0\0\0\0"), ST_BAD_PAYLOAD},
		{false, BYTES(HEAD "\0\0\0\0\0\0\0\1a\0\0"), ST_BAD_PAYLOAD},
		{false, BYTES(HEAD "\0\0\0\0\0\0\0\0\0\1a\0b\0"), ST_BAD_PAYLOAD},
		{false, BYTES(HEAD "\1\0\0\0\0\0\0\0\0\1a\0b\0"), ST_OK},
		{false, BYTES(HEAD "\1\xff\0\0\0\0\0\0\0\1a\0b\0"), ST_BAD_PAYLOAD},
		{false, BYTES(HEAD "\1\0\0\0\0\0\0\0\0\0"), ST_BAD_PAYLOAD},
		{false, BYTES(HEAD "\1\0\0\0\0\0\0\1x\0\1a\0b\0"), ST_BAD_PAYLOAD},
		{false, BYTES(HEAD "\2\0\0\0\0\0\0\1x\0\0"), ST_OK},
		{false, BYTES(HEAD "\2\xff\0\0\0\0\0\1x\0\0"), ST_BAD_PAYLOAD},
		{false, BYTES(HEAD "\2\0\0\0\0\0\0\0\0\0"), ST_BAD_PAYLOAD},
		{false, BYTES(HEAD "\2\0\0\0\0\0\0\1x\0\1a\0b\0"), ST_BAD_PAYLOAD},
		{false, BYTES(HEAD "\3\0\0\0\0\0\0\1x\0\0"), ST_OK},
		{false, BYTES(HEAD "\3\0\0\0\0\0\0\0\0\0"), ST_BAD_PAYLOAD},
		{false, BYTES(HEAD "\3\0\0\0\0\0\0\1x\0\1\0b\0"), ST_BAD_PAYLOAD},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, "bytes");
		memcpy(bytes, rows[i].bytes, rows[i].len);
		T_EQ(parse(rows[i].from_main, rows[i].len), rows[i].st);
	}
}

/* The longest script with the most settings is one record; what is longer is none. */
static void bounds(void)
{
	static char longest[SCRIPT_BYTES + 2], words[SCRIPT_WORDS + 1];
	static uint8_t huge[LUA_MSG_MAX + 1];

	memset(longest, 'x', sizeof(longest) - 1);
	memset(words, 'w', sizeof(words) - 1);
	longest[SCRIPT_BYTES] = 0;
	m = (struct lua_msg){.type = LUA_MSG_SCRIPT, .name = "a.lua", .text = text(longest)};
	pairs_init(&m.pairs);
	while (!m.pairs.is_full)
		pairs_add(&m.pairs, "n", longest + SCRIPT_BYTES - PAIRS_VALUE + 3);
	T_TRUE(m.pairs.len == PAIRS_BYTES);
	T_TRUE(build() > SCRIPT_BYTES + PAIRS_BYTES);
	T_EQ(parse(true, build()), ST_OK);
	longest[SCRIPT_BYTES] = 'x';
	m.text = text(longest);
	T_EQ(parse(true, build()), ST_LIMIT);
	m = (struct lua_msg){.type = LUA_MSG_LOAD_ERROR, .text = {(uint8_t *)words, SCRIPT_WORDS - 1}};
	T_EQ(parse(false, build()), ST_OK);
	m.text.len++;
	T_EQ(build(), 0);
	memcpy(bytes, "\x43\2\0", 3);
	memcpy(bytes + 3, words, SCRIPT_WORDS);
	T_EQ(parse(false, 3 + SCRIPT_WORDS), ST_BAD_PAYLOAD);
	huge[0] = LUA_MSG_READY;
	T_EQ(lua_msg_parse_answer((struct view){huge, sizeof(huge)}, &got), ST_LIMIT);
	T_EQ(lua_msg_parse_ask((struct view){huge, sizeof(huge)}, &got), ST_LIMIT);
	T_EQ(lua_msg_parse_answer((struct view){huge, sizeof(huge) - 1}, &got), ST_TRAILING);
}

int main(void)
{
	T_RUN(from_main);
	T_RUN(from_process);
	T_RUN(not_messages);
	T_RUN(bounds);
	return t_end();
}
