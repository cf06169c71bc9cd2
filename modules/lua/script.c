#include "modules/lua/script.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"

#define STEP_MAX 1000000 /* instructions between two looks at the budget */

struct script *script_of(lua_State *L)
{
	return *(struct script **)lua_getextraspace(L);
}

/* ---- memory ----------------------------------------------------------------------------------- */

/* Lua relies on it that a block can always be made smaller. */
static void *resize(struct script *s, void *p, size_t old, size_t size)
{
	void *q = mem_foreign(size);

	if (!q)
		return size <= old ? p : NULL;
	if (p) {
		memcpy(q, p, old < size ? old : size);
		mem_foreign_free(p, old);
	}
	s->used += size - old;
	return q;
}

static void *on_alloc(void *ctx, void *p, size_t old, size_t size)
{
	struct script *s = ctx;

	/* Without a block, old is what the block will be for. */
	if (!p)
		old = 0;
	if (!size) {
		mem_foreign_free(p, old);
		s->used -= old;
		return NULL;
	}
	if (size > old && (s->used > s->limits.memory || size - old > s->limits.memory - s->used))
		return NULL;
	return resize(s, p, old, size);
}

/* ---- instructions ----------------------------------------------------------------------------- */

static void on_count(lua_State *L, lua_Debug *ar);

static void count(struct script *s)
{
	s->step = s->left < STEP_MAX ? s->left : STEP_MAX;
	lua_sethook(s->L, on_count, LUA_MASKCOUNT, s->step ? (int)s->step : 1);
}

static void on_count(lua_State *L, lua_Debug *ar)
{
	struct script *s = script_of(L);

	if (s->end != SCRIPT_GOES_ON) {
		script_stop(s, s->end);
		return;
	}
	s->left -= s->step;
	if (s->left) {
		count(s);
		return;
	}
	lua_getinfo(L, "Sl", ar);
	snprintf(s->words, sizeof(s->words), "%s:%d: stopped after %llu instructions in %s", ar->short_src,
		ar->currentline, (unsigned long long)s->limits.instructions, s->doing);
	script_stop(s, SCRIPT_SPENT);
}

int script_stop(struct script *s, enum script_end end)
{
	s->end = end;
	s->left = 0;
	/* Should anything of it run again, it ends with its first instruction. */
	lua_sethook(s->L, on_count, LUA_MASKCOUNT, 1);
	lua_pushnil(s->L);
	return lua_error(s->L);
}

/* ---- errors ----------------------------------------------------------------------------------- */

/* "NAME:LINE: " of the innermost function of the script, or "NAME: ". */
static void put_where(struct script *s, lua_State *L, char *out, size_t cap)
{
	lua_Debug ar;

	for (int level = 0; level < 50 && lua_getstack(L, level, &ar); level++) {
		if (lua_getinfo(L, "Sl", &ar) && ar.currentline > 0) {
			snprintf(out, cap, "%s:%d: ", ar.short_src, ar.currentline);
			return;
		}
	}
	snprintf(out, cap, "%s: ", s->name);
}

static bool starts_with_name(const struct script *s, const char *text, size_t len)
{
	size_t n = strlen(s->name);

	return len > n && memcmp(text, s->name, n) == 0 && text[n] == ':';
}

/* Of an error value that is no text only the type is told: nothing of the script runs to make it one. */
static const char *error_text(lua_State *L, char *buf, size_t cap, size_t *len)
{
	if (lua_type(L, 1) == LUA_TSTRING)
		return lua_tolstring(L, 1, len);
	if (lua_isinteger(L, 1))
		snprintf(buf, cap, "%lld", (long long)lua_tointeger(L, 1));
	else if (lua_type(L, 1) == LUA_TNUMBER)
		snprintf(buf, cap, "%g", (double)lua_tonumber(L, 1));
	else
		snprintf(buf, cap, "error with a %s instead of a text", lua_typename(L, lua_type(L, 1)));
	*len = strlen(buf);
	return buf;
}

/* Message handler of all that runs: at the place of the error, before anything is unwound. */
static int on_error(lua_State *L)
{
	struct script *s = script_of(L);
	char where[SCRIPT_NAME + 64] = "", buf[80];
	const char *text;
	size_t len, head;

	if (s->end != SCRIPT_GOES_ON)
		return 1;
	text = error_text(L, buf, sizeof(buf), &len);
	if (!starts_with_name(s, text, len))
		put_where(s, L, where, sizeof(where));
	head = strlen(where);
	memcpy(s->words, where, head);
	if (len > sizeof(s->words) - 1 - head)
		len = sizeof(s->words) - 1 - head;
	for (size_t i = 0; i < len; i++)
		s->words[head + i] = text[i] ? text[i] : ' ';
	s->words[head + len] = 0;
	return 1;
}

/* Lua raises it without asking a handler. */
static void memory_words(struct script *s)
{
	snprintf(s->words, sizeof(s->words), "%s: not enough memory in %s, the limit is %zu KiB", s->name,
		s->doing, s->limits.memory / 1024);
}

/* ---- the whole -------------------------------------------------------------------------------- */

enum status script_open(struct script *s)
{
	s->used = 0;
	s->L = lua_newstate(on_alloc, s);
	if (!s->L) {
		memory_words(s);
		return ST_NOMEM;
	}
	*(struct script **)lua_getextraspace(s->L) = s;
	return ST_OK;
}

void script_close(struct script *s)
{
	if (s->L)
		lua_close(s->L);
	s->L = NULL;
}

bool script_run(struct script *s, lua_CFunction body, void *arg)
{
	int rc;

	s->end = SCRIPT_GOES_ON;
	s->left = s->limits.instructions;
	s->words[0] = 0;
	count(s);
	lua_settop(s->L, 0);
	lua_pushcfunction(s->L, on_error);
	lua_pushcfunction(s->L, body);
	lua_pushlightuserdata(s->L, arg);
	rc = lua_pcall(s->L, 1, 0, 1);
	lua_sethook(s->L, NULL, 0, 0);
	lua_settop(s->L, 0);
	/* Whatever became of the error on its way up. */
	if (s->end != SCRIPT_GOES_ON)
		return false;
	if (rc == LUA_ERRMEM)
		memory_words(s);
	else if (rc != LUA_OK && !s->words[0])
		snprintf(s->words, sizeof(s->words), "%s: error while an error was handled in %s", s->name,
			s->doing);
	return rc == LUA_OK;
}
