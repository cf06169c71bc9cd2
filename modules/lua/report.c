#include "modules/lua/report.h"

#include <stdio.h>
#include <string.h>

#define LINES_MAX 20 /* printed lines a second */

/* ---- telling the operator --------------------------------------------------------------------- */

void report(struct lua *l, enum lua_log_kind kind, const char *script, const char *text)
{
	l->ports.log(l->ctx, kind, script, text);
}

/* Words of the process without control characters. */
void report_clean(struct view v, char out[SCRIPT_WORDS])
{
	size_t n = v.len < SCRIPT_WORDS ? v.len : SCRIPT_WORDS - 1;

	for (size_t i = 0; i < n; i++)
		out[i] = v.p[i] < 0x20 || v.p[i] == 0x7f ? ' ' : (char)v.p[i];
	out[n] = 0;
}

void report_print(struct lua *l, const struct slot *s, uint64_t now_ms)
{
	char text[SCRIPT_WORDS];
	uint64_t second = now_ms / 1000;

	if (second != l->lines_ms) {
		l->lines_ms = second;
		l->lines = 0;
	}
	l->counts.lines++;
	if (l->lines >= LINES_MAX) {
		l->counts.lines_dropped++;
		l->left_out++;
		return;
	}
	if (l->left_out) {
		snprintf(text, sizeof(text), "%llu lines of scripts are left out",
			(unsigned long long)l->left_out);
		report(l, LUA_LOG_LEFT_OUT, "", text);
		l->left_out = 0;
	}
	l->lines++;
	report_clean(l->msg.text, text);
	report(l, LUA_LOG_PRINT, s->set->scripts[l->msg.script].name, text);
}

void report_loaded(struct lua *l, const struct slot *s)
{
	const struct set_script *script = &s->set->scripts[s->last_loaded];
	char text[SCRIPT_WORDS];
	size_t len = 0;

	if (!script->is_loaded) {
		report_clean((struct view){(const uint8_t *)script->error, strlen(script->error)}, text);
		report(l, LUA_LOG_LOAD_ERROR, script->name, text);
		return;
	}
	/* After a loss the same again is no news. */
	if (s == l->active)
		return;
	for (enum hook h = 0; h < HOOK__MAX; h++) {
		if (script->hooks & HOOK_BIT(h))
			len += (size_t)snprintf(
				text + len, sizeof(text) - len, "%s%s", len ? " " : "", hook_name(h));
	}
	report(l, LUA_LOG_LOADED, script->name, text);
}

/* ---- show ------------------------------------------------------------------------------------- */

static enum lua_state state_of(const struct slot *s)
{
	if (!s)
		return LUA_OFF;
	if (s->state == SLOT_FAILED)
		return LUA_FAILED;
	return s->state == SLOT_IDLE || s->state == SLOT_BUSY ? LUA_READY : LUA_LOADING;
}

static void show_set(const struct slot *s, bool is_new, struct lua_info *out)
{
	for (size_t i = 0; s && i < s->set->n; i++) {
		const struct set_script *from = &s->set->scripts[i];
		struct lua_script_info *row = &out->scripts[out->n_scripts++];

		row->is_new = is_new;
		row->is_loaded = from->is_loaded;
		row->hooks = from->hooks;
		row->calls = from->calls;
		row->denials = from->denials;
		row->errors = from->errors;
		memcpy(row->name, from->name, sizeof(row->name));
		report_clean((struct view){(const uint8_t *)from->error, strlen(from->error)}, row->error);
	}
}

void lua_info(const struct lua *l, struct lua_info *out)
{
	*out = l->counts;
	out->state = state_of(l->active ? l->active : l->coming);
	out->next = l->active ? state_of(l->coming) : LUA_OFF;
	/* Loaded, and waits for the call under way. */
	if (out->next == LUA_READY)
		out->next = LUA_LOADING;
	out->waiting = l->n_waiting;
	out->n_scripts = 0;
	show_set(l->active, false, out);
	show_set(l->coming, true, out);
}
