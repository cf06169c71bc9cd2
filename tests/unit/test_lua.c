/* Main's side of the scripts against a process that answers, is late, dies, lies, is silent or never stops
 * talking; the clock is set by hand. */
#include "tests/lib/lua_fake.h"

#include "tests/lib/t.h"

static const struct lua_script one[] = {{"a.lua", "text of a", 9, NULL}};
static const struct lua_script three[] = {
	{"a.lua", "text of a", 9, NULL}, {"b.lua", "", 0, NULL}, {"c.lua", "text of c", 9, NULL}};
static const unsigned asks = HOOK_BIT(HOOK_AUTHORIZE);
static const unsigned asks_and_told = HOOK_BIT(HOOK_AUTHORIZE) | HOOK_BIT(HOOK_SESSION_UP);
static struct lua_info info;

static struct lua_config config;

static const struct lua_info *show(void)
{
	lua_info(f.lua, &info);
	return &info;
}

/* One script that answers authorize and session_up. */
static void ready(void)
{
	fake_begin();
	config = fake_config(one, 1);
	T_EQ(lua_configure(f.lua, &config), ST_OK);
	T_TRUE(fake_load(0, &asks_and_told, 1));
	T_EQ(show()->state, LUA_READY);
}

/* Until the pause is over and a new process is there. */
static void until_started(void)
{
	for (int i = 0; i < 20 && f.theirs[0] < 0; i++)
		fake_pass(f.wake - f.now);
	T_TRUE(f.theirs[0] >= 0);
}

static void end(void)
{
	fake_end();
	T_EQ(mem_live(), 0);
}

static void off(void)
{
	fake_begin();
	T_EQ(show()->state, LUA_OFF);
	for (enum hook h = 0; h < HOOK__MAX; h++)
		T_TRUE(!lua_has(f.lua, h));
	T_EQ(lua_configure(f.lua, NULL), ST_OK);
	config = fake_config(one, 0);
	T_EQ(lua_configure(f.lua, &config), ST_OK);
	T_EQ(f.starts, 0);
	/* Who asks all the same is answered, in the next turn. */
	T_EQ(fake_ask(7), ST_OK);
	T_EQ(f.n, 0);
	fake_turn();
	T_EQ(f.n, 1);
	T_TRUE(fake_last()->number == 7 && fake_last()->verdict == VERDICT_PASS && fake_last()->permit);
	fake_tell(HOOK_SESSION_UP);
	lua_cancel(f.lua, 7);
	lua_on_time(f.lua);
	lua_on_readable(f.lua, 99);
	lua_on_readable(f.lua, -1);
	T_EQ(f.n, 1);
	T_DO(end());
}

static void loads(void)
{
	const unsigned hooks[] = {asks, HOOK_BIT(HOOK_SESSION_UP), HOOK_BIT(HOOK_IDENTITY)};
	struct lua_script with[3];
	struct pairs settings;

	memcpy(with, three, sizeof(with));
	pairs_init(&settings);
	pairs_add(&settings, "hours", "x");
	with[2].settings = &settings;
	fake_begin();
	config = fake_config(with, 3);
	config.memory_kb = 77;
	T_EQ(lua_configure(f.lua, &config), ST_OK);
	T_EQ(f.starts, 1);
	/* Copied. */
	memset(&settings, 'x', sizeof(settings));
	memset(with, 0, sizeof(with));
	/* Questions wait, because they may have to be asked; so do tells. */
	T_EQ(show()->state, LUA_LOADING);
	T_TRUE(lua_has(f.lua, HOOK_AUTHORIZE) && lua_has(f.lua, HOOK_SESSION_DOWN));
	T_EQ(fake_ask(1), ST_OK);
	T_EQ(fake_ask_with(2, HOOK_IDENTITY, NULL, NULL), ST_OK);
	fake_tell(HOOK_SESSION_DOWN);
	T_TRUE(fake_hear(0) && f.heard.type == LUA_MSG_LIMITS);
	T_TRUE(f.heard.memory_kb == 77 && f.heard.instructions == 100000 && f.heard.n_scripts == 3);
	T_TRUE(!fake_hear(0));
	fake_say(0, &(struct lua_msg){.type = LUA_MSG_READY});
	for (size_t i = 0; i < 3; i++) {
		T_TRUE(fake_hear(0) && f.heard.type == LUA_MSG_SCRIPT);
		T_STR(f.heard.name, three[i].name);
		T_EQ(f.heard.text.len, three[i].len);
		T_EQ(f.heard.pairs.n, i == 2);
		T_EQ(f.heard.wall_ms, FAKE_WALL + (int64_t)f.now);
		T_TRUE(!fake_hear(0));
		fake_say(0, &(struct lua_msg){.type = LUA_MSG_LOADED, .hooks = (uint8_t)hooks[i]});
	}
	T_STR(f.log, "LOADED a.lua: authorize\nLOADED b.lua: session_up\nLOADED c.lua: identity\n"
		     "IN_FORCE : the scripts are in force\n");
	T_EQ(show()->state, LUA_READY);
	T_EQ(info.n_scripts, 3);
	T_TRUE(info.scripts[1].is_loaded && !info.scripts[1].is_new);
	T_EQ(info.scripts[1].hooks, HOOK_BIT(HOOK_SESSION_UP));
	T_TRUE(lua_has(f.lua, HOOK_SESSION_UP) && !lua_has(f.lua, HOOK_SESSION_DOWN));
	/* Now the first is asked; what nobody wanted to be told is gone. */
	T_TRUE(fake_hear(0) && f.heard.type == LUA_MSG_CALL && f.heard.hook == HOOK_AUTHORIZE);
	T_STR(pairs_get(&f.heard.pairs, "identity"), "anna");
	T_EQ(f.heard.wall_ms, FAKE_WALL + (int64_t)f.now);
	T_TRUE(!fake_hear(0));
	fake_pass_call(0);
	T_TRUE(f.n == 1 && fake_last()->number == 1);
	T_TRUE(fake_hear(0) && f.heard.hook == HOOK_IDENTITY && f.heard.pairs.n == 0);
	struct lua_msg m = fake_result(VERDICT_PASS, 2, "");
	fake_say(0, &m);
	T_TRUE(f.n == 2 && fake_last()->number == 2);
	T_EQ(show()->waiting, 0);
	T_DO(end());
}

static void verdicts(void)
{
	struct lua_msg m;

	T_DO(ready());
	T_EQ(fake_ask(1), ST_OK);
	T_TRUE(fake_hear(0));
	m = fake_result(VERDICT_DENY, 0, "not\nnow \x7f\xff");
	m.us = 4000000000u;
	fake_say(0, &m);
	T_TRUE(fake_last()->verdict == VERDICT_DENY && !fake_last()->permit);
	T_STR(fake_last()->text, "not now  \xff");
	T_STR(fake_last()->script, "a.lua");
	T_STR(fake_last()->changes, "");
	/* What it says of its time is believed as far as it can be true. */
	T_EQ(show()->slowest_us, 1000);
	T_EQ(fake_ask(2), ST_OK);
	T_TRUE(fake_hear(0));
	m = fake_result(VERDICT_CHANGE, 0, "");
	pairs_add(&m.pairs, "dns", "1");
	pairs_add(&m.pairs, "dns", "2");
	pairs_add(&m.pairs, "pool", "");
	fake_say(0, &m);
	T_TRUE(fake_last()->verdict == VERDICT_CHANGE && fake_last()->permit);
	T_STR(fake_last()->changes, "dns=1 dns=2 pool=");
	T_STR(fake_last()->text, "");
	T_EQ(fake_ask(3), ST_OK);
	T_TRUE(fake_hear(0));
	m = fake_result(VERDICT_FAILED, 0, "a.lua:1: oh");
	fake_say(0, &m);
	T_TRUE(fake_last()->verdict == VERDICT_FAILED && !fake_last()->permit && !lua_permits(f.lua));
	T_STR(fake_last()->text, "a.lua:1: oh");
	T_TRUE(strstr(f.log, "ERROR a.lua: a.lua:1: oh\n") != NULL);
	show();
	T_TRUE(info.asked == 3 && info.denied == 1 && info.changed == 1 && info.failed == 1 && info.passed == 0);
	T_TRUE(info.scripts[0].calls == 3 && info.scripts[0].denials == 1 && info.scripts[0].errors == 1);
	T_STR(info.scripts[0].error, "a.lua:1: oh");
	/* The policy may be the other one, from the reload on. */
	config.deny_on_failure = false;
	T_EQ(lua_configure(f.lua, &config), ST_OK);
	T_EQ(fake_ask(4), ST_OK);
	T_TRUE(fake_hear(0));
	m = fake_result(VERDICT_FAILED, 0, "a.lua:1: oh");
	fake_say(0, &m);
	T_TRUE(fake_last()->verdict == VERDICT_FAILED && fake_last()->permit && lua_permits(f.lua));
	T_DO(end());
}

/* Whoever has proved nothing waits for those that have. */
static void strangers_last(void)
{
	static const unsigned both[] = {HOOK_BIT(HOOK_IDENTITY) | HOOK_BIT(HOOK_AUTHORIZE)};
	fake_begin();
	config = fake_config(one, 1);
	T_EQ(lua_configure(f.lua, &config), ST_OK);
	T_TRUE(fake_load(0, both, 1));
	for (uint64_t i = 1; i <= 3; i++)
		T_EQ(fake_ask_with(i, HOOK_IDENTITY, "identity", "who"), ST_OK);
	T_EQ(fake_ask(4), ST_OK);
	T_TRUE(fake_hear(0) && f.heard.hook == HOOK_IDENTITY);
	fake_pass_call(0);
	T_TRUE(fake_hear(0) && f.heard.hook == HOOK_AUTHORIZE);
	fake_pass_call(0);
	T_TRUE(f.n == 2 && fake_last()->number == 4);
	for (uint64_t i = 2; i <= 3; i++) {
		T_TRUE(fake_hear(0) && f.heard.hook == HOOK_IDENTITY);
		fake_pass_call(0);
		T_EQ(fake_last()->number, i);
	}
	T_DO(end());
}

/* One at a time, in order; an answer may ask the next from inside. */
static void in_order(void)
{
	T_DO(ready());
	for (uint64_t i = 1; i <= 4; i++)
		T_EQ(fake_ask(i), ST_OK);
	fake_tell(HOOK_SESSION_UP);
	for (uint64_t i = 1; i <= 4; i++) {
		T_TRUE(fake_hear(0) && f.heard.hook == HOOK_AUTHORIZE);
		T_TRUE(!fake_hear(0));
		T_EQ(show()->waiting, 5 - i);
		fake_pass_call(0);
		T_TRUE(f.n == i && fake_last()->number == i);
	}
	T_TRUE(fake_hear(0) && f.heard.hook == HOOK_SESSION_UP);
	T_STR(pairs_get(&f.heard.pairs, "identity"), "anna");
	fake_pass_call(0);
	T_TRUE(f.n == 4 && !fake_hear(0));
	f.then_ask = 100;
	T_EQ(fake_ask(5), ST_OK);
	for (uint64_t i = 0; i < 5; i++) {
		T_TRUE(fake_hear(0));
		fake_pass_call(0);
		T_EQ(fake_last()->number, i ? 99 + i : 5);
	}
	T_TRUE(fake_hear(0));
	T_DO(end());
}

static void refused(void)
{
	struct pairs full;

	T_DO(ready());
	T_EQ(fake_ask_with(1, HOOK_AUTHORIZE, "no_such", "x"), ST_INTERNAL);
	T_EQ(fake_ask_with(1, HOOK_AUTHORIZE, "bytes_in", "1"), ST_INTERNAL);
	T_EQ(fake_ask_with(1, HOOK_AUTHORIZE, "session_lifetime", "1h"), ST_INTERNAL);
	T_EQ(fake_ask_with(1, HOOK_SESSION_UP, NULL, NULL), ST_INTERNAL);
	pairs_init(&full);
	full.is_full = true;
	T_EQ(lua_ask(f.lua, 1, HOOK_AUTHORIZE, &full), ST_LIMIT);
	lua_tell(f.lua, HOOK_SESSION_UP, &full);
	lua_tell(f.lua, HOOK_AUTHORIZE, &full);
	T_TRUE(show()->told == 1 && info.told_dropped == 1 && info.asked == 0);
	mem_fail_at(1);
	T_EQ(fake_ask(1), ST_NOMEM);
	mem_fail_at(0);
	fake_pass(5000);
	T_TRUE(f.n == 0 && !fake_hear(0));
	/* Configurations out of range change nothing. */
	static char longest[SCRIPT_BYTES + 1];
	struct lua_script bad = {"a.lua", longest, sizeof(longest), NULL};
	struct lua_script many[SCRIPTS_MAX + 1];
	for (size_t i = 0; i < SCRIPTS_MAX + 1; i++)
		many[i] = one[0];
	for (int i = 0; i < 11; i++) {
		T_ROW(i, "configuration");
		struct lua_config c = fake_config(one, 1);
		switch (i) {
		case 0: c.memory_kb = 0; break;
		case 1: c.memory_kb = LUA_MEMORY_MAX + 1; break;
		case 2: c.instructions = 0; break;
		case 3: c.wall_ms = 0; break;
		case 4: c.queue = 0; break;
		case 5: c.queue = LUA_QUEUE_MAX + 1; break;
		case 6: c.scripts = many, c.n_scripts = SCRIPTS_MAX + 1; break;
		case 7: c.scripts = &bad; break;
		case 8: bad.len = 1, bad.name = "", c.scripts = &bad; break;
		case 9: bad.name = "123456789012345678901234567890123456789012345678", c.scripts = &bad; break;
		case 10: bad.name = "a", bad.settings = &full, c.scripts = &bad; break;
		}
		T_EQ(lua_configure(f.lua, &c), ST_LIMIT);
	}
	for (uint64_t n = 1; n <= 3; n++) {
		mem_fail_at(n);
		T_EQ(lua_configure(f.lua, &config), ST_NOMEM);
		mem_fail_at(0);
	}
	T_TRUE(f.starts == 1 && show()->state == LUA_READY && info.next == LUA_OFF);
	T_DO(end());
	mem_fail_at(1);
	T_TRUE(lua_new(&fake_ports, NULL) == NULL);
	mem_fail_at(0);
}

/* Wall time: killed, answered, and the next ones go to a new process with the same scripts. */
static void late(void)
{
	T_DO(ready());
	for (uint64_t i = 1; i <= 3; i++)
		T_EQ(fake_ask(i), ST_OK);
	T_TRUE(fake_hear(0));
	fake_pass(99);
	T_TRUE(f.n == 0 && f.stops == 0);
	f.now++;
	lua_on_time(f.lua);
	T_TRUE(f.n == 1 && fake_last()->number == 1 && fake_last()->verdict == VERDICT_FAILED);
	T_TRUE(!fake_last()->permit);
	T_STR(fake_last()->text, "script process killed after 100 ms in authorize");
	T_TRUE(strstr(f.log, "KILLED a.lua: script process killed after 100 ms in authorize\n") != NULL);
	T_TRUE(f.stops == 1 && show()->state == LUA_LOADING && info.kills == 1 && info.waiting == 2);
	T_TRUE(lua_has(f.lua, HOOK_AUTHORIZE) && !lua_has(f.lua, HOOK_IDENTITY));
	fake_turn();
	T_EQ(f.starts, 2);
	T_TRUE(fake_load(0, &asks_and_told, 1));
	T_TRUE(fake_hear(0));
	fake_pass_call(0);
	T_TRUE(f.n == 2 && fake_last()->number == 2);
	T_TRUE(fake_hear(0));
	fake_pass_call(0);
	T_TRUE(f.n == 3 && fake_last()->number == 3);
	/* Nothing is said of it a second time. */
	T_TRUE(strstr(strstr(f.log, "KILLED"), "LOADED") == NULL);
	T_EQ(show()->starts, 2);
	T_DO(end());
}

/* The pauses grow while it is lost again and again, have an end, and begin anew after a quiet time. */
static void pauses(void)
{
	static const uint64_t expected[] = {0, 100, 500, 1000, 2000, 5000, 5000, 5000};

	T_DO(ready());
	for (size_t i = 0; i < 8; i++) {
		uint64_t at = f.now;

		T_ROW(i, "loss");
		fake_die(0);
		T_DO(until_started());
		T_EQ(f.now - at, expected[i]);
		T_TRUE(fake_load(0, &asks_and_told, 1));
	}
	fake_pass(10000);
	uint64_t at = f.now;
	fake_die(0);
	T_EQ(f.now, at);
	T_TRUE(f.theirs[0] >= 0);
	T_DO(end());
}

static void dies(void)
{
	T_DO(ready());
	T_EQ(fake_ask(1), ST_OK);
	T_EQ(fake_ask(2), ST_OK);
	T_TRUE(fake_hear(0));
	fake_die(0);
	T_TRUE(f.n == 1 && fake_last()->number == 1 && fake_last()->verdict == VERDICT_FAILED);
	T_STR(fake_last()->text, "the script process died");
	T_TRUE(strstr(f.log, "DIED a.lua: the script process died\n") != NULL);
	T_EQ(show()->kills, 0);
	T_TRUE(fake_load(0, &asks_and_told, 1) && fake_hear(0));
	fake_pass_call(0);
	T_TRUE(f.n == 2 && fake_last()->number == 2);
	/* Its death is first seen when something is said to it: the call is not lost, the next one gets it. */
	f.now += 20000;
	close(f.theirs[0]);
	f.theirs[0] = -1;
	T_EQ(fake_ask(3), ST_OK);
	T_EQ(f.n, 2);
	fake_turn();
	T_TRUE(fake_load(0, &asks_and_told, 1) && fake_hear(0));
	fake_pass_call(0);
	T_TRUE(f.n == 3 && fake_last()->number == 3 && fake_last()->verdict == VERDICT_PASS);
	/* In the middle of loading, of starting; and the process cannot be started at all. */
	fake_die(0);
	T_DO(until_started());
	T_TRUE(fake_hear(0));
	fake_die(0);
	T_DO(until_started());
	T_TRUE(fake_hear(0));
	fake_say(0, &(struct lua_msg){.type = LUA_MSG_READY});
	f.refuse_start = true;
	fake_die(0);
	T_EQ(fake_ask(4), ST_OK);
	fake_pass(999);
	T_EQ(f.n, 3);
	fake_pass(1);
	T_TRUE(f.n == 4 && fake_last()->verdict == VERDICT_FAILED);
	T_STR(fake_last()->text, "the scripts had no time for it: it waited too long");
	T_TRUE(strstr(f.log, "DIED : the script process cannot be started\n") != NULL);
	f.refuse_start = false;
	fake_pass(5000);
	T_TRUE(fake_load(0, &asks_and_told, 1));
	T_TRUE(show()->state == LUA_READY && info.failed_queue == 1);
	T_DO(end());
}

/* Silent while it should appear or load. */
static void silent(void)
{
	fake_begin();
	config = fake_config(three, 3);
	T_EQ(lua_configure(f.lua, &config), ST_OK);
	fake_pass(4999);
	T_EQ(f.stops, 0);
	fake_pass(1);
	T_EQ(f.stops, 1);
	T_TRUE(strstr(f.log, "KILLED : script process not there after 5000 ms\n") != NULL);
	T_TRUE(fake_hear(0));
	fake_say(0, &(struct lua_msg){.type = LUA_MSG_READY});
	fake_pass(4000);
	fake_say(0, &(struct lua_msg){.type = LUA_MSG_LOADED, .hooks = 1});
	fake_pass(4999);
	T_EQ(f.stops, 1);
	fake_pass(1);
	T_EQ(f.stops, 2);
	T_TRUE(strstr(f.log, "KILLED : script process killed after 5000 ms of loading b.lua\n") != NULL);
	T_EQ(show()->state, LUA_LOADING);
	T_DO(end());
}

/* Everything that it must not say, in each state: it is ended, and a waiting question has failed. */
static void lies(void)
{
	for (int i = 0; i < 22; i++) {
		struct lua_msg m = {0};
		bool is_raw = false;

		T_ROW(i, "lie");
		fake_begin();
		config = fake_config(three, 3);
		T_EQ(lua_configure(f.lua, &config), ST_OK);
		const unsigned hooks[] = {asks, HOOK_BIT(HOOK_SESSION_UP), asks};
		if (i >= 4)
			T_TRUE(fake_load(0, hooks, 3));
		else if (i >= 2)
			fake_say(0, &(struct lua_msg){.type = LUA_MSG_READY});
		if (i >= 8) {
			T_EQ(fake_ask(1), ST_OK);
			T_TRUE(fake_hear(0) && f.heard.type == LUA_MSG_CALL);
		}
		m = fake_result(VERDICT_PASS, 0, "");
		switch (i) {
		case 0: m = (struct lua_msg){.type = LUA_MSG_LOADED, .hooks = 1}; break;
		case 1: m = (struct lua_msg){.type = LUA_MSG_LOG, .text = fake_text("x")}; break;
		case 2: m = (struct lua_msg){.type = LUA_MSG_LOG, .script = 1, .text = fake_text("x")}; break;
		case 3: m = (struct lua_msg){.type = LUA_MSG_READY}; break;
		case 4: break; /* a result that nobody asked for */
		case 5: m = (struct lua_msg){.type = LUA_MSG_LOG, .text = fake_text("x")}; break;
		case 6: m = (struct lua_msg){.type = LUA_MSG_LOADED, .hooks = 1}; break;
		case 7: m = (struct lua_msg){.type = LUA_MSG_LOAD_ERROR, .text = fake_text("x")}; break;
		case 8: m.serial++; break;
		case 9: m.serial--; break;
		case 10: m.serial = 0; break;
		case 11: m.script = 3; break;
		case 12: m.script = 1; break; /* does not have the hook */
		case 13: m.script = SCRIPT_NONE; break;
		case 14:
			m.verdict = VERDICT_CHANGE;
			pairs_add(&m.pairs, "identity", "root");
			break;
		case 15:
			m.verdict = VERDICT_CHANGE;
			pairs_add(&m.pairs, "nonsense", "x");
			break;
		case 16:
			m.verdict = VERDICT_CHANGE;
			pairs_add(&m.pairs, "pool", "x");
			pairs_add(&m.pairs, "pool", "y");
			break;
		case 17:
			m.verdict = VERDICT_CHANGE;
			pairs_add(&m.pairs, "session_lifetime", "-1");
			break;
		case 18:
			m.verdict = VERDICT_CHANGE;
			pairs_add(&m.pairs, "dns", "1");
			pairs_add(&m.pairs, "dns", "");
			break;
		case 19:
			m.verdict = VERDICT_CHANGE;
			pairs_add(&m.pairs, "pool", "a\nb");
			break;
		case 20: m = (struct lua_msg){.type = LUA_MSG_LOG, .script = 3, .text = fake_text("x")}; break;
		case 21:
			is_raw = true;
			T_EQ(send(f.theirs[0], "\xff\xff", 2, 0), 2);
			break;
		}
		if (!is_raw)
			fake_send(0, &m);
		fake_turn();
		T_EQ(f.stops, 1);
		T_EQ(f.n, i >= 8);
		T_TRUE(i < 8 || (fake_last()->verdict == VERDICT_FAILED && fake_last()->number == 1));
		T_EQ(show()->state, LUA_LOADING);
		T_TRUE(strstr(f.log, "KILLED") || strstr(f.log, "DIED"));
		/* The right answer comes too late: that process is gone. A new one is there. */
		T_TRUE(f.starts == 2);
		T_DO(end());
	}
}

/* A serial that was right once, and records that are longer than any message. */
static void lies_again(void)
{
	static uint8_t huge[LUA_MSG_MAX + 100];
	int room = 4 * LUA_MSG_MAX;
	struct lua_msg m;

	T_DO(ready());
	T_EQ(fake_ask(1), ST_OK);
	T_TRUE(fake_hear(0));
	m = fake_result(VERDICT_PASS, 0, "");
	fake_say(0, &m);
	T_EQ(fake_ask(2), ST_OK);
	fake_say(0, &m);
	T_TRUE(f.n == 2 && fake_last()->verdict == VERDICT_FAILED);
	T_STR(fake_last()->text, "the script process gives an answer that cannot be");
	T_EQ(show()->kills, 1);
	T_TRUE(fake_load(0, &asks_and_told, 1));
	huge[0] = LUA_MSG_READY;
	setsockopt(f.theirs[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	T_EQ(send(f.theirs[0], huge, sizeof(huge), 0), sizeof(huge));
	fake_turn();
	T_EQ(f.stops, 2);
	/* An empty record looks like its death, and is treated so. */
	fake_pass(100);
	T_TRUE(fake_load(0, &asks_and_told, 1));
	T_EQ(send(f.theirs[0], huge, 0, 0), 0);
	fake_turn();
	T_EQ(f.stops, 3);
	T_DO(end());
}

/* Printing: at most SCRIPT_LINES a call, and 20 lines a second to the log; one that never stops talking is
 * ended, and does not keep the loop. */
static void floods(void)
{
	struct lua_msg line = {.type = LUA_MSG_LOG, .text = fake_text("hello\x1b[2J")};

	T_DO(ready());
	f.log[0] = 0;
	T_EQ(fake_ask(1), ST_OK);
	T_TRUE(fake_hear(0));
	unsigned before = f.logs;
	for (int i = 0; i < SCRIPT_LINES; i++)
		fake_send(0, &line);
	fake_turn();
	T_EQ(f.logs - before, 20);
	T_TRUE(strncmp(f.log, "PRINT a.lua: hello [2J\n", 23) == 0);
	T_TRUE(show()->lines == SCRIPT_LINES && info.lines_dropped == SCRIPT_LINES - 20);
	fake_pass_call(0);
	T_EQ(fake_last()->verdict, VERDICT_PASS);
	f.now += 1000;
	f.log[0] = 0;
	T_EQ(fake_ask(2), ST_OK);
	T_TRUE(fake_hear(0));
	fake_say(0, &line);
	T_STR(f.log, "LEFT_OUT : 44 lines of scripts are left out\nPRINT a.lua: hello [2J\n");
	for (int i = 0; i < SCRIPT_LINES; i++)
		fake_send(0, &line);
	fake_turn();
	T_TRUE(f.n == 2 && fake_last()->verdict == VERDICT_FAILED);
	T_STR(fake_last()->text, "the script process says too much");
	/* One call of on_readable takes a bounded number of records. */
	T_TRUE(fake_load(0, &asks, 1));
	for (int i = 0; i < 3; i++)
		T_EQ(fake_ask((uint64_t)i + 10), ST_OK);
	T_TRUE(fake_hear(0));
	for (int i = 0; i < SCRIPT_LINES; i++)
		fake_send(0, &line);
	struct lua_msg m = fake_result(VERDICT_PASS, 0, "");
	fake_send(0, &m);
	int fd = f.watched[0] >= 0 ? f.watched[0] : f.watched[1];
	lua_on_readable(f.lua, fd);
	T_EQ(f.n, 2);
	lua_on_readable(f.lua, fd);
	T_EQ(f.n, 3);
	T_DO(end());
}

static void queue(void)
{
	T_DO(ready());
	/* One under way, eight waiting, then it is full. */
	for (uint64_t i = 1; i <= 9; i++)
		T_EQ(fake_ask(i), ST_OK);
	T_EQ(show()->waiting, 8);
	T_EQ(fake_ask(10), ST_OK);
	T_EQ(f.n, 0);
	fake_turn();
	T_TRUE(f.n == 1 && fake_last()->number == 10 && fake_last()->verdict == VERDICT_FAILED);
	T_STR(fake_last()->text, "the scripts had no time for it: too many are waiting");
	/* Half full: nothing is told. */
	fake_tell(HOOK_SESSION_UP);
	T_TRUE(show()->told == 1 && info.told_dropped == 1 && info.waiting == 8);
	T_TRUE(fake_hear(0));
	for (int i = 0; i < 5; i++) {
		fake_pass_call(0);
		T_TRUE(fake_hear(0));
	}
	T_EQ(show()->waiting, 3);
	fake_tell(HOOK_SESSION_UP);
	fake_tell(HOOK_SESSION_UP);
	T_TRUE(show()->told == 3 && info.told_dropped == 2 && info.waiting == 4);
	/* A shorter time in the queue applies at once, to those that wait already. */
	config.wait_ms = 50;
	config.wall_ms = 10000;
	T_EQ(lua_configure(f.lua, &config), ST_OK);
	size_t n = f.n;
	fake_pass(49);
	T_EQ(f.n, n);
	fake_pass(1);
	T_EQ(f.n, n + 3);
	T_TRUE(fake_last()->number == 9 && fake_last()->verdict == VERDICT_FAILED);
	/* What is told waits for as long as it takes; nobody waits for it. */
	T_TRUE(show()->waiting == 1 && info.failed_queue == 4);
	/* Failing for ever is bounded too. */
	T_DO(end());
	T_DO(ready());
	enum status st = ST_OK;
	for (uint64_t i = 1; i < 8000 && st == ST_OK; i++)
		st = fake_ask(i);
	T_EQ(st, ST_LIMIT);
	fake_turn();
	T_EQ(f.n, 4096);
	T_EQ(fake_ask(9999), ST_OK);
	T_DO(end());
}

static void cancels(void)
{
	T_DO(ready());
	for (uint64_t i = 1; i <= 10; i++)
		T_EQ(fake_ask(i), ST_OK);
	T_TRUE(fake_hear(0));
	lua_cancel(f.lua, 1);  /* under way */
	lua_cancel(f.lua, 3);  /* waiting */
	lua_cancel(f.lua, 10); /* failed already, not answered yet */
	lua_cancel(f.lua, 77);
	lua_cancel(f.lua, 0);
	fake_pass_call(0);
	T_EQ(f.n, 0);
	f.then_cancel = 4;
	for (uint64_t i = 2; i <= 9; i++) {
		if (i == 3 || i == 4)
			continue;
		T_TRUE(fake_hear(0));
		fake_pass_call(0);
		T_EQ(fake_last()->number, i);
	}
	T_TRUE(!fake_hear(0));
	T_EQ(f.n, 6);
	/* Cancelled, and then its process is lost. */
	T_EQ(fake_ask(20), ST_OK);
	lua_cancel(f.lua, 20);
	fake_pass(5100);
	T_EQ(f.n, 6);
	T_EQ(show()->kills, 2); /* the call, and the new process that did not appear */
	T_DO(end());
}

/* A new configuration loads beside; the old scripts answer until it is there. */
static void reload(void)
{
	const unsigned both[] = {HOOK_BIT(HOOK_IDENTITY), asks, asks};

	T_DO(ready());
	config.scripts = three;
	config.n_scripts = 3;
	T_EQ(fake_ask(1), ST_OK);
	T_TRUE(fake_hear(0));
	T_EQ(lua_configure(f.lua, &config), ST_OK);
	T_TRUE(f.starts == 2 && f.stops == 0);
	T_TRUE(show()->state == LUA_READY && info.next == LUA_LOADING && info.n_scripts == 4);
	T_TRUE(!info.scripts[0].is_new && info.scripts[1].is_new && !info.scripts[1].is_loaded);
	struct lua_msg m = fake_result(VERDICT_PASS, 0, "");
	fake_say(0, &m);
	T_EQ(f.n, 1);
	/* It is loaded while a call is under way in the old one: that one is waited for. */
	T_EQ(fake_ask(2), ST_OK);
	T_EQ(fake_ask(3), ST_OK);
	fake_tell(HOOK_SESSION_UP);
	T_EQ(fake_ask_with(4, HOOK_IDENTITY, NULL, NULL), ST_OK);
	T_TRUE(fake_load(1, both, 3));
	T_TRUE(!lua_has(f.lua, HOOK_IDENTITY));
	T_EQ(show()->next, LUA_LOADING);
	fake_turn();
	T_TRUE(f.n == 2 && fake_last()->number == 4); /* the old ones have no such hook */
	T_TRUE(fake_hear(0) && f.heard.type == LUA_MSG_CALL);
	fake_pass_call(0);
	T_TRUE(f.n == 3 && fake_last()->number == 2);
	T_TRUE(f.stops == 1 && f.theirs[0] < 0);
	T_TRUE(lua_has(f.lua, HOOK_IDENTITY) && show()->next == LUA_OFF && info.n_scripts == 3);
	/* 3 goes to the new one, and what the new ones do not want to be told is forgotten. */
	T_TRUE(fake_hear(1) && f.heard.hook == HOOK_AUTHORIZE);
	m = fake_result(VERDICT_PASS, 2, "");
	fake_say(1, &m);
	T_TRUE(f.n == 4 && fake_last()->number == 3 && !fake_hear(1));
	T_EQ(show()->scripts[2].calls, 1);
	/* Back into the other slot, and once more before it is there. */
	T_EQ(lua_configure(f.lua, &config), ST_OK);
	T_TRUE(fake_hear(0));
	T_EQ(lua_configure(f.lua, &config), ST_OK);
	T_TRUE(f.starts == 4);
	T_TRUE(fake_load(0, both, 3));
	T_TRUE(f.theirs[0] >= 0 && f.theirs[1] < 0);
	T_EQ(show()->state, LUA_READY);
	T_DO(end());
}

/* Errors in the new ones: the old ones go on, and it can be seen why. */
static void bad_reload(void)
{
	const unsigned second_bad[] = {asks, 0, asks};

	T_DO(ready());
	config.scripts = three;
	config.n_scripts = 3;
	T_EQ(lua_configure(f.lua, &config), ST_OK);
	T_TRUE(fake_load(1, second_bad, 3));
	T_TRUE(strstr(f.log, "LOAD_ERROR b.lua: x.lua:1: no good\n") != NULL);
	T_TRUE(f.theirs[1] < 0);
	T_TRUE(show()->state == LUA_READY && info.next == LUA_FAILED && info.n_scripts == 4);
	T_TRUE(info.scripts[1].is_loaded && !info.scripts[2].is_loaded && info.scripts[3].is_loaded);
	T_STR(info.scripts[2].error, "x.lua:1: no good");
	T_EQ(fake_ask(1), ST_OK);
	T_TRUE(fake_hear(0));
	fake_pass_call(0);
	T_EQ(fake_last()->verdict, VERDICT_PASS);
	/* The old process is killed: it is the old scripts that are loaded again. */
	T_EQ(fake_ask(2), ST_OK);
	T_TRUE(fake_hear(0));
	fake_pass(100);
	T_TRUE(fake_load(0, &asks_and_told, 1));
	T_TRUE(show()->state == LUA_READY && info.next == LUA_FAILED);
	/* Loaded once, and not the next time: it is tried again. */
	fake_die(0);
	fake_pass(100);
	const unsigned none = 0;
	T_TRUE(fake_load(0, &none, 1));
	T_TRUE(show()->state == LUA_LOADING && lua_has(f.lua, HOOK_AUTHORIZE));
	fake_pass(500);
	T_TRUE(fake_load(0, &asks_and_told, 1));
	T_EQ(show()->state, LUA_READY);
	/* A good one at last. */
	T_EQ(lua_configure(f.lua, &config), ST_OK);
	const unsigned good[] = {asks, asks, asks};
	T_TRUE(fake_load(1, good, 3));
	T_TRUE(show()->state == LUA_READY && info.next == LUA_OFF && info.n_scripts == 3);
	T_DO(end());
}

/* Errors, and nothing before them: the policy decides, at once. */
static void bad_from_the_start(void)
{
	const unsigned none = 0;

	fake_begin();
	config = fake_config(one, 1);
	T_EQ(lua_configure(f.lua, &config), ST_OK);
	T_EQ(fake_ask(1), ST_OK);
	fake_tell(HOOK_SESSION_UP);
	T_TRUE(fake_load(0, &none, 1));
	T_TRUE(f.n == 1 && fake_last()->verdict == VERDICT_FAILED && !fake_last()->permit);
	T_STR(fake_last()->text, "the scripts have errors");
	T_TRUE(show()->state == LUA_FAILED && info.next == LUA_OFF && info.scripts[0].is_new);
	T_TRUE(lua_has(f.lua, HOOK_IDENTITY) && !lua_has(f.lua, HOOK_SESSION_UP));
	T_EQ(fake_ask(2), ST_OK);
	T_EQ(f.n, 1);
	fake_turn();
	T_EQ(f.n, 2);
	fake_pass(100000);
	T_EQ(f.starts, 1);
	T_EQ(lua_configure(f.lua, &config), ST_OK);
	T_EQ(fake_ask(3), ST_OK);
	T_TRUE(fake_load(0, &asks, 1) && fake_hear(0));
	fake_pass_call(0);
	T_TRUE(f.n == 3 && fake_last()->verdict == VERDICT_PASS);
	T_DO(end());
}

/* The new process is loaded, waits for the call under way in the old one, and dies. */
static void dies_before_it_takes_over(void)
{
	T_DO(ready());
	T_EQ(fake_ask(1), ST_OK);
	T_TRUE(fake_hear(0));
	T_EQ(lua_configure(f.lua, &config), ST_OK);
	uint32_t serial = f.heard.serial;
	T_TRUE(fake_load(1, &asks, 1));
	fake_die(1);
	f.heard.serial = serial;
	fake_pass_call(0);
	T_TRUE(f.n == 1 && f.theirs[0] >= 0 && show()->state == LUA_READY && info.next == LUA_LOADING);
	T_TRUE(fake_load(1, &asks, 1));
	T_TRUE(f.theirs[0] < 0 && show()->next == LUA_OFF);
	/* The old one is killed while the new one waits: it takes over at once. */
	T_EQ(fake_ask(2), ST_OK);
	T_EQ(fake_ask(3), ST_OK);
	T_TRUE(fake_hear(1));
	T_EQ(lua_configure(f.lua, &config), ST_OK);
	T_TRUE(fake_load(0, &asks, 1));
	fake_pass(100);
	T_TRUE(f.n == 2 && fake_last()->number == 2 && fake_last()->verdict == VERDICT_FAILED);
	T_TRUE(f.theirs[1] < 0 && fake_hear(0));
	fake_pass_call(0);
	T_TRUE(f.n == 3 && fake_last()->number == 3 && fake_last()->verdict == VERDICT_PASS);
	T_DO(end());
}

static void switched_off(void)
{
	T_DO(ready());
	for (uint64_t i = 1; i <= 10; i++)
		T_EQ(fake_ask(i), ST_OK);
	lua_cancel(f.lua, 1);
	fake_tell(HOOK_SESSION_UP);
	T_EQ(lua_configure(f.lua, &config), ST_OK);
	T_EQ(lua_configure(f.lua, NULL), ST_OK);
	T_TRUE(f.theirs[0] < 0 && f.theirs[1] < 0);
	T_EQ(f.n, 0);
	fake_turn();
	/* 10 had failed before; the one that was cancelled is not answered. */
	T_EQ(f.n, 9);
	for (size_t i = 0; i < 9; i++)
		T_EQ(f.a[i].verdict, f.a[i].number == 10 ? VERDICT_FAILED : VERDICT_PASS);
	T_EQ(show()->state, LUA_OFF);
	T_EQ(f.wake, LUA_NEVER);
	T_EQ(lua_configure(f.lua, &config), ST_OK);
	T_TRUE(fake_load(0, &asks, 1));
	T_EQ(show()->state, LUA_READY);
	T_DO(end());
}

int main(void)
{
	T_RUN(off);
	T_RUN(loads);
	T_RUN(verdicts);
	T_RUN(in_order);
	T_RUN(strangers_last);
	T_RUN(refused);
	T_RUN(late);
	T_RUN(pauses);
	T_RUN(dies);
	T_RUN(silent);
	T_RUN(lies);
	T_RUN(lies_again);
	T_RUN(floods);
	T_RUN(queue);
	T_RUN(cancels);
	T_RUN(reload);
	T_RUN(bad_reload);
	T_RUN(bad_from_the_start);
	T_RUN(dies_before_it_takes_over);
	T_RUN(switched_off);
	return t_end();
}
