#include "modules/lua/set.h"

#include <string.h>

#include "core/base/mem.h"

static enum status copy_settings(struct set_script *s, const struct pairs *settings)
{
	static const struct pairs none;
	const struct pairs *p = settings ? settings : &none;
	struct wr w;

	if (p->is_full)
		return ST_LIMIT;
	/* A count and what is in it. */
	s->settings = mem_new(PAIRS_BYTES + 2);
	if (!s->settings)
		return ST_NOMEM;
	w = wr_init(s->settings, PAIRS_BYTES + 2);
	pairs_build(&w, p);
	s->settings_len = w.len;
	return wr_ok(&w) ? ST_OK : ST_LIMIT;
}

static enum status copy_script(struct set_script *s, const struct lua_script *from)
{
	size_t len = strlen(from->name);

	if (!len || len >= sizeof(s->name) || from->len > SCRIPT_BYTES)
		return ST_LIMIT;
	memcpy(s->name, from->name, len + 1);
	s->text = mem_dup(from->text, from->len);
	s->len = from->len;
	return s->text ? copy_settings(s, from->settings) : ST_NOMEM;
}

static bool in_range(const struct lua_config *c)
{
	return c->memory_kb && c->memory_kb <= LUA_MEMORY_MAX && c->instructions && c->wall_ms && c->queue &&
	       c->queue <= LUA_QUEUE_MAX && c->n_scripts <= SCRIPTS_MAX;
}

enum status set_new(const struct lua_config *c, struct set **out)
{
	enum status st = ST_OK;
	struct set *s;

	if (!in_range(c))
		return ST_LIMIT;
	s = mem_new(sizeof(*s));
	if (!s)
		return ST_NOMEM;
	s->memory_kb = c->memory_kb;
	s->instructions = c->instructions;
	for (size_t i = 0; i < c->n_scripts && st == ST_OK; i++) {
		s->n++;
		st = copy_script(&s->scripts[i], &c->scripts[i]);
	}
	if (st == ST_OK)
		*out = s;
	else
		set_free(s);
	return st;
}

void set_free(struct set *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++) {
		mem_free(s->scripts[i].text);
		mem_free(s->scripts[i].settings);
	}
	mem_free(s);
}

void set_forget(struct set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		s->scripts[i].is_loaded = false;
		s->scripts[i].error[0] = 0;
	}
}

const struct set_script *set_only(const struct set *s, enum hook h)
{
	const struct set_script *found = NULL;

	for (size_t i = 0; i < s->n; i++) {
		if (!(s->scripts[i].hooks & HOOK_BIT(h)))
			continue;
		if (found)
			return NULL;
		found = &s->scripts[i];
	}
	return found;
}
