#include "modules/lua/vm_value.h"

#include <inttypes.h>
#include <lua5.4/lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- to the script ---------------------------------------------------------------------------- */

static void push_list(lua_State *L, const struct field *f, const struct pairs *from)
{
	lua_Integer n = 0;

	lua_newtable(L);
	for (size_t i = 0; i < from->n; i++) {
		if (strcmp(pairs_name(from, i), f->name) != 0 || !*pairs_value(from, i))
			continue;
		lua_pushstring(L, pairs_value(from, i));
		lua_rawseti(L, -2, ++n);
	}
}

void vm_value_push(lua_State *L, enum hook h, const struct pairs *in, const struct pairs *changes)
{
	lua_newtable(L);
	for (size_t i = 0; i < fields_len; i++) {
		const struct field *f = &fields[i];
		const struct pairs *from = pairs_get(changes, f->name) ? changes : in;
		const char *value = pairs_get(from, f->name);

		if (!field_seen(f, h))
			continue;
		if (f->kind == FIELD_LIST)
			push_list(L, f, from);
		else if (!value || !*value)
			continue;
		else if (f->kind == FIELD_NUMBER)
			lua_pushinteger(L, strtoll(value, NULL, 10));
		else
			lua_pushstring(L, value);
		lua_setfield(L, -2, f->name);
	}
}

/* ---- from the script -------------------------------------------------------------------------- */

struct taking {
	lua_State *L;
	const char *where;
	enum hook hook;
	struct pairs next;
};

static void wrong(const struct taking *t, const struct field *f, const char *what)
{
	luaL_error(t->L, "%s: field '%s' %s", t->where, f->name, what);
}

static void wrong_type(const struct taking *t, const struct field *f)
{
	luaL_error(t->L, "%s: field '%s' wants a %s, this is a %s", t->where, f->name,
		field_kind_words(f->kind), luaL_typename(t->L, -1));
}

/* The text on top of the stack. */
static void take_text(struct taking *t, const struct field *f)
{
	size_t len;
	const char *text, *why;

	if (lua_type(t->L, -1) != LUA_TSTRING)
		wrong_type(t, f);
	text = lua_tolstring(t->L, -1, &len);
	why = strlen(text) == len ? field_wrong(f, text) : "has a control character";
	if (!why && len >= PAIRS_VALUE)
		why = "is too long";
	if (!why && !len && f->kind == FIELD_LIST)
		why = "has an empty element";
	if (why)
		wrong(t, f, why);
	pairs_add(&t->next, f->name, text);
}

static void take_number(struct taking *t, const struct field *f)
{
	char text[32];
	int is_integer;
	lua_Integer v;
	const char *why;

	if (lua_type(t->L, -1) != LUA_TNUMBER)
		wrong_type(t, f);
	v = lua_tointegerx(t->L, -1, &is_integer);
	snprintf(text, sizeof(text), "%lld", (long long)v);
	why = is_integer ? field_wrong(f, text) : "is not a whole number";
	if (why)
		wrong(t, f, why);
	pairs_add(&t->next, f->name, text);
}

static void take_list(struct taking *t, const struct field *f)
{
	lua_State *L = t->L;
	lua_Unsigned n, keys = 0;

	if (lua_type(L, -1) != LUA_TTABLE)
		wrong_type(t, f);
	n = lua_rawlen(L, -1);
	lua_pushnil(L);
	while (lua_next(L, -2)) {
		lua_pop(L, 1);
		if (++keys > n || keys > PAIRS_MAX || !lua_isinteger(L, -1))
			wrong(t, f, "is no list, or one that is too long");
	}
	if (!n)
		pairs_add(&t->next, f->name, "");
	for (lua_Unsigned i = 1; i <= n; i++) {
		lua_rawgeti(L, -1, (lua_Integer)i);
		take_text(t, f);
		lua_pop(L, 1);
	}
}

static void take_field(struct taking *t, const struct field *f)
{
	if (lua_isboolean(t->L, -1) && !lua_toboolean(t->L, -1))
		pairs_add(&t->next, f->name, "");
	else if (f->kind == FIELD_NUMBER)
		take_number(t, f);
	else if (f->kind == FIELD_LIST)
		take_list(t, f);
	else
		take_text(t, f);
}

/* A name that is not known is more likely a slip than a wish to be ignored. */
static void check_names(const struct taking *t)
{
	lua_State *L = t->L;

	lua_pushnil(L);
	while (lua_next(L, -2)) {
		const struct field *f = NULL;

		lua_pop(L, 1);
		if (lua_type(L, -1) != LUA_TSTRING)
			luaL_error(L, "%s: the table has a %s as a key, names of fields are wanted", t->where,
				luaL_typename(L, -1));
		f = field_find(lua_tostring(L, -1));
		if (!f)
			luaL_error(L, "%s: there is no field '%s'", t->where, lua_tostring(L, -1));
		if (!field_may_change(f, t->hook))
			wrong(t, f, "cannot be changed here");
	}
}

static void keep(struct taking *t, const struct field *f, const struct pairs *from)
{
	for (size_t i = 0; i < from->n; i++) {
		if (strcmp(pairs_name(from, i), f->name) == 0)
			pairs_add(&t->next, f->name, pairs_value(from, i));
	}
}

void vm_value_take(lua_State *L, enum hook h, const char *where, struct pairs *changes)
{
	struct taking t = {.L = L, .where = where, .hook = h};

	pairs_init(&t.next);
	check_names(&t);
	for (size_t i = 0; i < fields_len; i++) {
		const struct field *f = &fields[i];

		if (!field_may_change(f, h))
			continue;
		lua_pushstring(L, f->name);
		if (lua_rawget(L, -2) == LUA_TNIL)
			keep(&t, f, changes);
		else
			take_field(&t, f);
		lua_pop(L, 1);
	}
	if (t.next.is_full)
		luaL_error(L, "%s: the changed fields are too many or too long", where);
	*changes = t.next;
}
