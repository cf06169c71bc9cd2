#include "tests/lib/lua_fake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct fake f;

static enum status fake_start(void *ctx, unsigned slot, int *fd)
{
	int pair[2];

	if (slot > 1)
		abort();
	if (f.theirs[slot] >= 0)
		close(f.theirs[slot]);
	f.theirs[slot] = -1;
	f.starts++;
	if (f.refuse_start)
		return ST_IO;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
		abort();
	*fd = pair[0];
	f.theirs[slot] = pair[1];
	return ST_OK;
}

static void fake_stop(void *ctx, unsigned slot)
{
	f.stops++;
	if (f.theirs[slot] >= 0)
		close(f.theirs[slot]);
	f.theirs[slot] = -1;
}

static void fake_watch(void *ctx, int fd)
{
	for (int i = 0; i < 2; i++) {
		if (f.watched[i] < 0) {
			f.watched[i] = fd;
			return;
		}
	}
	abort();
}

static void fake_unwatch(void *ctx, int fd)
{
	for (int i = 0; i < 2; i++) {
		if (f.watched[i] == fd) {
			f.watched[i] = -1;
			return;
		}
	}
	abort();
}

static uint64_t fake_now(void *ctx)
{
	return f.now;
}

static int64_t fake_wall(void *ctx)
{
	return FAKE_WALL + (int64_t)f.now;
}

static void fake_wake(void *ctx, uint64_t at_ms)
{
	f.wake = at_ms;
}

static void fake_answer(void *ctx, uint64_t number, const struct lua_answer *a)
{
	struct fake_answer *to = &f.a[f.n];
	size_t len = 0;

	if (f.is_asking || f.n == FAKE_ANSWERS)
		abort();
	f.n++;
	*to = (struct fake_answer){.number = number, .verdict = a->verdict, .permit = a->permit};
	snprintf(to->script, sizeof(to->script), "%s", a->script);
	snprintf(to->text, sizeof(to->text), "%s", a->text);
	for (size_t i = 0; a->changes && i < a->changes->n && len < sizeof(to->changes); i++)
		len += (size_t)snprintf(to->changes + len, sizeof(to->changes) - len, "%s%s=%s", i ? " " : "",
			pairs_name(a->changes, i), pairs_value(a->changes, i));
	if (f.then_cancel)
		lua_cancel(f.lua, f.then_cancel);
	if (f.then_ask) {
		struct pairs none;

		pairs_init(&none);
		f.is_asking = true;
		if (lua_ask(f.lua, f.then_ask++, HOOK_AUTHORIZE, &none) != ST_OK)
			abort();
		f.is_asking = false;
	}
	f.then_cancel = 0;
}

static const char *const fake_kinds[] = {
	"LOADED", "LOAD_ERROR", "IN_FORCE", "ERROR", "KILLED", "DIED", "PRINT", "LEFT_OUT"};

static void fake_log(void *ctx, enum lua_log_kind kind, const char *script, const char *text)
{
	size_t len = strlen(f.log);

	for (const char *p = text; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			abort();
	}
	f.logs++;
	snprintf(f.log + len, sizeof(f.log) - len, "%s %s: %s\n", fake_kinds[kind], script, text);
}

const struct lua_ports fake_ports = {fake_start, fake_stop, fake_watch, fake_unwatch, fake_now,
	fake_wall, fake_wake, fake_answer, fake_log};

void fake_begin(void)
{
	memset(&f, 0, sizeof(f));
	f.theirs[0] = f.theirs[1] = f.watched[0] = f.watched[1] = -1;
	f.now = 1000000;
	f.wake = LUA_NEVER;
	f.lua = lua_new(&fake_ports, NULL);
	if (!f.lua)
		abort();
}

void fake_end(void)
{
	lua_free(f.lua);
	f.lua = NULL;
	if (f.theirs[0] >= 0 || f.theirs[1] >= 0 || f.watched[0] >= 0 || f.watched[1] >= 0)
		abort();
}

/* ---- the loop --------------------------------------------------------------------------------- */

void fake_turn(void)
{
	for (int i = 0; i < 3000; i++) {
		bool quiet = true;

		for (int k = 0; k < 2; k++) {
			char c;

			if (f.watched[k] < 0 ||
				(recv(f.watched[k], &c, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN))
				continue;
			lua_on_readable(f.lua, f.watched[k]);
			quiet = false;
		}
		if (f.wake <= f.now) {
			f.wake = LUA_NEVER;
			lua_on_time(f.lua);
			quiet = false;
		}
		if (quiet)
			return;
	}
	abort(); /* it spins */
}

void fake_pass(uint64_t ms)
{
	const uint64_t until = f.now + ms;

	while (f.wake <= until) {
		if (f.wake > f.now)
			f.now = f.wake;
		fake_turn();
	}
	f.now = until;
	fake_turn();
}

/* ---- the process ------------------------------------------------------------------------------ */

bool fake_hear(int slot)
{
	ssize_t n = f.theirs[slot] < 0 ? -1 : recv(f.theirs[slot], f.record, sizeof(f.record), MSG_DONTWAIT);

	if (n <= 0)
		return false;
	if (lua_msg_parse_ask((struct view){f.record, (size_t)n}, &f.heard) != ST_OK)
		abort();
	return true;
}

void fake_send(int slot, const struct lua_msg *m)
{
	static uint8_t bytes[LUA_MSG_MAX];
	struct wr w = wr_init(bytes, sizeof(bytes));

	lua_msg_build(&w, m);
	if (!wr_ok(&w) || send(f.theirs[slot], bytes, w.len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)w.len)
		abort();
}

void fake_say(int slot, const struct lua_msg *m)
{
	fake_send(slot, m);
	fake_turn();
}

void fake_die(int slot)
{
	close(f.theirs[slot]);
	f.theirs[slot] = -1;
	fake_turn();
}

struct view fake_text(const char *s)
{
	return (struct view){(const uint8_t *)s, strlen(s)};
}

struct lua_msg fake_result(enum verdict verdict, uint8_t script, const char *text)
{
	struct lua_msg m = {.type = LUA_MSG_RESULT,
		.serial = f.heard.serial,
		.verdict = verdict,
		.script = script,
		.us = 100,
		.text = fake_text(text)};

	return m;
}

void fake_pass_call(int slot)
{
	struct lua_msg m = fake_result(VERDICT_PASS, 0, "");

	fake_say(slot, &m);
}

bool fake_load(int slot, const unsigned *hooks, size_t n)
{
	struct lua_msg m = {.type = LUA_MSG_READY};

	if (!fake_hear(slot) || f.heard.type != LUA_MSG_LIMITS || f.heard.n_scripts != n)
		return false;
	fake_say(slot, &m);
	for (size_t i = 0; i < n; i++) {
		if (!fake_hear(slot) || f.heard.type != LUA_MSG_SCRIPT)
			return false;
		m = (struct lua_msg){.type = hooks[i] ? LUA_MSG_LOADED : LUA_MSG_LOAD_ERROR,
			.hooks = (uint8_t)hooks[i],
			.text = fake_text(hooks[i] ? "" : "x.lua:1: no\tgood")};
		fake_say(slot, &m);
	}
	return true;
}

/* ---- main ------------------------------------------------------------------------------------- */

struct lua_config fake_config(const struct lua_script *scripts, size_t n)
{
	return (struct lua_config){.deny_on_failure = true,
		.memory_kb = 1024,
		.instructions = 100000,
		.wall_ms = 100,
		.queue = 8,
		.wait_ms = 1000,
		.scripts = scripts,
		.n_scripts = n};
}

enum status fake_ask_with(uint64_t number, enum hook h, const char *name, const char *value)
{
	struct pairs p;
	enum status st;

	pairs_init(&p);
	if (name)
		pairs_add(&p, name, value);
	f.is_asking = true;
	st = lua_ask(f.lua, number, h, &p);
	f.is_asking = false;
	return st;
}

enum status fake_ask(uint64_t number)
{
	return fake_ask_with(number, HOOK_AUTHORIZE, "identity", "anna");
}

void fake_tell(enum hook h)
{
	struct pairs p;

	pairs_init(&p);
	pairs_add(&p, "identity", "anna");
	f.is_asking = true;
	lua_tell(f.lua, h, &p);
	f.is_asking = false;
}

const struct fake_answer *fake_last(void)
{
	static const struct fake_answer none;

	return f.n ? &f.a[f.n - 1] : &none;
}
