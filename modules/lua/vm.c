#include "modules/lua/vm.h"

#include <lua5.4/lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "modules/lua/msg.h"
#include "modules/lua/vm_lib.h"
#include "modules/lua/vm_value.h"

struct vm {
	struct script_limits limits;
	script_print *print;
	void *ctx;
	unsigned lines;
	uint8_t n;
	struct script scripts[SCRIPTS_MAX];
};

struct vm *vm_new(const struct script_limits *limits, script_print *print, void *ctx)
{
	struct vm *vm = mem_new(sizeof(*vm));

	if (!vm)
		return NULL;
	vm->limits = *limits;
	vm->print = print;
	vm->ctx = ctx;
	return vm;
}

void vm_free(struct vm *vm)
{
	if (!vm)
		return;
	for (unsigned i = 0; i < vm->n; i++)
		script_close(&vm->scripts[i]);
	mem_free(vm);
}

/* ---- loading ---------------------------------------------------------------------------------- */

struct loading {
	struct script *script;
	struct view text;
	const struct pairs *settings;
};

static unsigned defined_hooks(lua_State *L)
{
	unsigned bits = 0;

	lua_pushglobaltable(L);
	for (enum hook h = 0; h < HOOK__MAX; h++) {
		lua_pushstring(L, hook_name(h));
		if (lua_rawget(L, -2) == LUA_TFUNCTION)
			bits |= HOOK_BIT(h);
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
	return bits;
}

static int body_load(lua_State *L)
{
	struct loading *l = lua_touserdata(L, 1);
	char chunk[SCRIPT_NAME + 1];

	vm_lib_open(L);
	vm_lib_settings(L, l->settings);
	snprintf(chunk, sizeof(chunk), "=%s", l->script->name);
	/* Text only: precompiled code is not checked by Lua and can do anything. */
	if (luaL_loadbufferx(L, (const char *)l->text.p, l->text.len, chunk, "t") != LUA_OK)
		return lua_error(L);
	lua_call(L, 0, 0);
	l->script->hooks = defined_hooks(L);
	if (!l->script->hooks)
		return luaL_error(L, "%s: defines no hook; a function of the name identity, authorize, "
			"session_up, session_down or session_quota is wanted", l->script->name);
	return 0;
}

static bool load(struct script *s, struct view text, const struct pairs *settings)
{
	struct loading l = {s, text, settings};

	if (script_open(s) == ST_OK && script_run(s, body_load, &l))
		return true;
	script_close(s);
	return false;
}

unsigned vm_load(struct vm *vm, const char *name, struct view text, const struct pairs *settings,
	int64_t wall_ms, char words[SCRIPT_WORDS])
{
	struct script *s = &vm->scripts[vm->n];

	vm->lines = 0;
	if (vm->n == SCRIPTS_MAX || text.len > SCRIPT_BYTES) {
		snprintf(words, SCRIPT_WORDS, "%s: too many scripts, or one that is too long", name);
		return 0;
	}
	*s = (struct script){.index = vm->n,
		.limits = vm->limits,
		.wall_ms = wall_ms,
		.doing = "loading",
		.print = vm->print,
		.ctx = vm->ctx,
		.lines = &vm->lines};
	memcpy(s->name, name, strnlen(name, sizeof(s->name) - 1));
	/* It keeps its place in the order when it cannot be used. */
	vm->n++;
	if (load(s, text, settings))
		return s->hooks;
	memcpy(words, s->words, SCRIPT_WORDS);
	return 0;
}

/* ---- asking ----------------------------------------------------------------------------------- */

struct asking {
	struct script *script;
	enum hook hook;
	const struct pairs *in;
	struct pairs *changes;
};

/* "NAME:LINE: HOOK returned", the line of the function. */
static void put_where(lua_State *L, const struct asking *a, char *out, size_t cap)
{
	lua_Debug ar;

	lua_pushvalue(L, -1);
	lua_getinfo(L, ">S", &ar);
	snprintf(out, cap, "%s:%d: %s returned", a->script->name, ar.linedefined, hook_name(a->hook));
}

static int body_call(lua_State *L)
{
	struct asking *a = lua_touserdata(L, 1);
	char where[SCRIPT_NAME + 64];

	lua_settop(L, 0);
	lua_pushglobaltable(L);
	lua_pushstring(L, hook_name(a->hook));
	if (lua_rawget(L, 1) != LUA_TFUNCTION)
		return luaL_error(L, "%s: %s is no function any more", a->script->name, hook_name(a->hook));
	put_where(L, a, where, sizeof(where));
	vm_value_push(L, a->hook, a->in, a->changes);
	lua_pushvalue(L, -1);
	lua_replace(L, 1);
	lua_call(L, 1, 1);
	if (lua_isnil(L, -1))
		return 0;
	if (!hook_asks(a->hook))
		return luaL_error(L, "%s a %s, nobody waits for it", where, luaL_typename(L, -1));
	if (!lua_istable(L, -1))
		return luaL_error(L, "%s a %s, a table of fields is wanted", where, luaL_typename(L, -1));
	if (lua_rawequal(L, -1, 1))
		return luaL_error(L, "%s the table it was given, one with the changed fields is wanted", where);
	vm_value_take(L, a->hook, where, a->changes);
	return 0;
}

/* True: go on with the next. */
static bool ask(struct script *s, enum hook h, const struct pairs *in, struct vm_answer *out)
{
	struct asking a = {s, h, in, &out->changes};

	s->doing = hook_name(h);
	s->may_deny = hook_asks(h);
	out->script = s->index;
	if (script_run(s, body_call, &a))
		return true;
	out->verdict = s->end == SCRIPT_DENIED ? VERDICT_DENY : VERDICT_FAILED;
	memcpy(out->words, s->words, sizeof(out->words));
	pairs_init(&out->changes);
	return false;
}

void vm_call(struct vm *vm, enum hook h, const struct pairs *in, int64_t wall_ms,
	struct vm_answer *out)
{
	out->verdict = VERDICT_PASS;
	out->script = SCRIPT_NONE;
	out->words[0] = 0;
	pairs_init(&out->changes);
	vm->lines = 0;
	for (unsigned i = 0; i < vm->n; i++) {
		struct script *s = &vm->scripts[i];

		s->wall_ms = wall_ms;
		if ((s->hooks & HOOK_BIT(h)) && s->L && !ask(s, h, in, out))
			return;
	}
	if (out->changes.n)
		out->verdict = VERDICT_CHANGE;
}
