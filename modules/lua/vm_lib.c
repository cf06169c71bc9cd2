#include "modules/lua/vm_lib.h"

#include <lua5.4/lauxlib.h>
#include <lua5.4/lualib.h>
#include <stdio.h>
#include <string.h>

#include "modules/lua/script.h"
#include "modules/lua/vm_time.h"

/* ---- ours in the place of Lua's --------------------------------------------------------------- */

static int end_of(lua_State *L)
{
	/* The call is over: it is not for the script to go on. */
	return script_of(L)->end != SCRIPT_GOES_ON ? lua_error(L) : 0;
}

static int our_pcall(lua_State *L)
{
	int rc;

	luaL_checkany(L, 1);
	lua_pushboolean(L, 1);
	lua_insert(L, 1);
	rc = lua_pcall(L, lua_gettop(L) - 2, LUA_MULTRET, 0);
	end_of(L);
	if (rc == LUA_OK)
		return lua_gettop(L);
	lua_pushboolean(L, 0);
	lua_insert(L, -2);
	return 2;
}

/* Lua runs a handler where the error is, in the hook that counts too, and does not count there. */
static int on_their_error(lua_State *L)
{
	if (script_of(L)->end != SCRIPT_GOES_ON)
		return 1;
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, 1);
	return 1;
}

static int our_xpcall(lua_State *L)
{
	int rc, n = lua_gettop(L);

	luaL_checktype(L, 2, LUA_TFUNCTION);
	lua_pushvalue(L, 2);
	lua_pushcclosure(L, on_their_error, 1);
	lua_replace(L, 2);
	lua_pushboolean(L, 1);
	lua_pushvalue(L, 1);
	lua_rotate(L, 3, 2); /* function, handler, true, function, arguments */
	rc = lua_pcall(L, n - 2, LUA_MULTRET, 2);
	end_of(L);
	if (rc == LUA_OK)
		return lua_gettop(L) - 2;
	lua_pushboolean(L, 0);
	lua_insert(L, -2);
	return 2;
}

static int our_setmetatable(lua_State *L)
{
	int type = lua_type(L, 2);

	luaL_checktype(L, 1, LUA_TTABLE);
	luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
	if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
		return luaL_error(L, "cannot change a protected metatable");
	if (type == LUA_TTABLE) {
		lua_pushliteral(L, "__gc");
		lua_rawget(L, 2);
		/* They would run uncounted, at any time. */
		luaL_argcheck(L, lua_isnil(L, -1), 2, "there are no finalizers (__gc) here");
	}
	lua_settop(L, 2);
	lua_setmetatable(L, 1);
	return 1;
}

/* ---- ours ------------------------------------------------------------------------------------- */

static int our_print(lua_State *L)
{
	struct script *s = script_of(L);
	char line[SCRIPT_WORDS];
	size_t len = 0;
	int n = lua_gettop(L);

	for (int i = 1; i <= n; i++) {
		size_t k, more;
		const char *text = luaL_tolstring(L, i, &more);

		if (i > 1 && len < sizeof(line) - 1)
			line[len++] = ' ';
		for (k = 0; k < more && len < sizeof(line) - 1; k++)
			line[len++] = text[k] ? text[k] : ' ';
		lua_pop(L, 1);
	}
	line[len] = 0;
	if (*s->lines >= SCRIPT_LINES || !len)
		return 0;
	if (++*s->lines == SCRIPT_LINES)
		snprintf(line, sizeof(line), "more lines than %d in one call: the others are left out",
			SCRIPT_LINES - 1);
	s->print(s->ctx, s->index, line);
	return 0;
}

static int our_deny(lua_State *L)
{
	struct script *s = script_of(L);
	size_t len;
	const char *text = luaL_checklstring(L, 1, &len);

	luaL_argcheck(L, len > 0, 1, "a reason is wanted");
	if (!s->may_deny)
		return luaL_error(L, "deny() in %s: nobody waits for it", s->doing);
	if (len >= sizeof(s->words))
		len = sizeof(s->words) - 1;
	for (size_t i = 0; i < len; i++)
		s->words[i] = text[i] ? text[i] : ' ';
	s->words[len] = 0;
	return script_stop(s, SCRIPT_DENIED);
}

/* ---- THE list --------------------------------------------------------------------------------- */

struct library {
	const char *name;
	lua_CFunction open;
	const char *keep; /* separated by blanks */
};

static const struct library libraries[] = {
	{"_G", luaopen_base,
		"_G _VERSION assert error getmetatable ipairs next pairs rawequal rawget rawlen rawset select "
		"tonumber tostring type"},
	{"string", luaopen_string,
		"byte char find format gmatch gsub len lower match pack packsize rep reverse sub unpack upper"},
	{"table", luaopen_table, "concat insert move pack remove sort unpack"},
	{"math", luaopen_math,
		"abs acos asin atan ceil cos deg exp floor fmod huge log max maxinteger min mininteger modf pi "
		"rad random randomseed sin sqrt tan tointeger type ult"},
	{"utf8", luaopen_utf8, "char charpattern codepoint codes len offset"},
};

static const luaL_Reg ours[] = {
	{"pcall", our_pcall},
	{"xpcall", our_xpcall},
	{"setmetatable", our_setmetatable},
	{"print", our_print},
	{"log", our_print},
	{"deny", our_deny},
	{NULL, NULL},
};

static const luaL_Reg ours_os[] = {
	{"time", vm_os_time},
	{"date", vm_os_date},
	{NULL, NULL},
};

static bool is_kept(const char *keep, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = keep; *p; p += strcspn(p, " ")) {
		p += strspn(p, " ");
		if (strncmp(p, name, len) == 0 && (p[len] == ' ' || !p[len]))
			return true;
	}
	return false;
}

/* The library on top of the stack loses what is not in the list. */
static void reduce(lua_State *L, const char *keep)
{
	lua_pushnil(L);
	while (lua_next(L, -2)) {
		lua_pop(L, 1);
		if (lua_type(L, -1) == LUA_TSTRING && is_kept(keep, lua_tostring(L, -1)))
			continue;
		/* A field may be cleared while a table is walked. */
		lua_pushvalue(L, -1);
		lua_pushnil(L);
		lua_rawset(L, -4);
	}
}

void vm_lib_open(lua_State *L)
{
	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
		const struct library *lib = &libraries[i];

		lua_pushcfunction(L, lib->open);
		lua_call(L, 0, 1);
		reduce(L, lib->keep);
		lua_setglobal(L, lib->name);
	}
	/* What all texts share. */
	lua_pushliteral(L, "");
	lua_getmetatable(L, -1);
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 2);
	lua_pushglobaltable(L);
	luaL_setfuncs(L, ours, 0);
	luaL_newlib(L, ours_os);
	lua_setfield(L, -2, "os");
	lua_pop(L, 1);
}

/* ---- settings --------------------------------------------------------------------------------- */

static void clean_name(const char *name, char out[PAIRS_NAME])
{
	size_t i = 0;

	for (; name[i] && i < PAIRS_NAME - 1; i++)
		out[i] = name[i] == '-' ? '_' : name[i];
	out[i] = 0;
}

/* __index of config: a script that takes one value must not overlook the second. */
static int no_single(lua_State *L)
{
	lua_pushvalue(L, 2);
	if (lua_type(L, 2) == LUA_TSTRING && lua_rawget(L, lua_upvalueindex(1)) == LUA_TTABLE)
		return luaL_error(L, "the setting '%s' is given %d times, one is wanted", lua_tostring(L, 2),
			(int)lua_rawlen(L, -1));
	return 0;
}

/* Adds the value to the list of that name in the table at index. */
static void add_value(lua_State *L, int index, const char *name, const char *value)
{
	if (lua_getfield(L, index, name) != LUA_TTABLE) {
		lua_pop(L, 1);
		lua_newtable(L);
		lua_pushvalue(L, -1);
		lua_setfield(L, index, name);
	}
	lua_pushstring(L, value);
	lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
	lua_pop(L, 1);
}

void vm_lib_settings(lua_State *L, const struct pairs *settings)
{
	int list, single;

	lua_newtable(L);
	list = lua_gettop(L);
	lua_newtable(L);
	single = lua_gettop(L);
	for (size_t i = 0; i < settings->n; i++) {
		char name[PAIRS_NAME];

		clean_name(pairs_name(settings, i), name);
		add_value(L, list, name, pairs_value(settings, i));
	}
	lua_pushnil(L);
	while (lua_next(L, list)) {
		if (lua_rawlen(L, -1) == 1) {
			lua_pushvalue(L, -2);
			lua_rawgeti(L, -2, 1);
			lua_rawset(L, single);
		}
		lua_pop(L, 1);
	}
	lua_newtable(L);
	lua_pushvalue(L, list);
	lua_pushcclosure(L, no_single, 1);
	lua_setfield(L, -2, "__index");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_setmetatable(L, single);
	lua_setglobal(L, "config");
	lua_setglobal(L, "config_list");
}
