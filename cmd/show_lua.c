/* show lua: the scripts in force, how often they were asked, and what went wrong. */
#include <inttypes.h>
#include <string.h>

#include "cmd/show.h"
#include "core/base/mem.h"
#include "modules/lua/lua.h"

static const char *state_word(enum lua_state state)
{
	switch (state) {
	case LUA_OFF: return "off";
	case LUA_LOADING: return "loading";
	case LUA_READY: return "ready";
	case LUA_FAILED: return "failed";
	}
	return "";
}

static void text_script(struct out *out, const struct lua_script_info *s)
{
	out_printf(out, "  %s%s: %s, %" PRIu64 " calls, %" PRIu64 " refusals, %" PRIu64 " errors\n", s->name,
		   s->is_new ? " (new)" : "", s->is_loaded ? "loaded" : "not loaded", s->calls, s->denials,
		   s->errors);
	for (int h = 0; h < HOOK__MAX; h++)
		if (s->hooks & HOOK_BIT(h))
			out_printf(out, "    %s: %s\n", hook_name((enum hook)h), hook_when((enum hook)h));
	if (s->error[0]) {
		out_printf(out, "    last error: ");
		out_bytes(out, s->error, strlen(s->error));
		out_printf(out, "\n");
	}
}

static void json_script(struct out *out, const struct lua_script_info *s)
{
	js_open(out, NULL);
	js_str(out, "name", s->name);
	js_bool(out, "new", s->is_new);
	js_bool(out, "loaded", s->is_loaded);
	js_u64(out, "calls", s->calls);
	js_u64(out, "refusals", s->denials);
	js_u64(out, "errors", s->errors);
	js_open_array(out, "hooks");
	for (int h = 0; h < HOOK__MAX; h++)
		if (s->hooks & HOOK_BIT(h))
			js_str(out, NULL, hook_name((enum hook)h));
	js_close_array(out);
	js_bytes(out, "last_error", s->error, strlen(s->error));
	js_close(out);
}

static void json_all(const struct world *w, const struct lua_info *i, struct out *out)
{
	const struct {
		const char *name;
		uint64_t value;
	} numbers[] = {{"waiting", i->waiting}, {"asked", i->asked}, {"told", i->told},
		       {"told_dropped", i->told_dropped}, {"passed", i->passed}, {"changed", i->changed},
		       {"refused", i->denied}, {"failed", i->failed}, {"failed_waiting", i->failed_queue},
		       {"kills", i->kills}, {"process_starts", i->starts}, {"slowest_us", i->slowest_us}};
	js_open(out, NULL);
	js_str(out, "state", state_word(i->state));
	js_str(out, "next", state_word(i->next));
	js_str(out, "on_failure", w->conf->own.lua_permit ? "permit" : "deny");
	for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++)
		js_u64(out, numbers[k].name, numbers[k].value);
	js_open_array(out, "scripts");
	for (size_t k = 0; k < i->n_scripts; k++)
		json_script(out, &i->scripts[k]);
	js_close_array(out);
	js_close(out);
}

static void text_all(const struct world *w, const struct lua_info *i, struct out *out)
{
	out_printf(out, "Lua scripts: %s%s%s; a failure %s\n", state_word(i->state),
		   i->next != LUA_OFF ? "; a newer configuration: " : "",
		   i->next != LUA_OFF ? state_word(i->next) : "",
		   w->conf->own.lua_permit ? "permits" : "denies");
	out_printf(out, "  Asked %" PRIu64 ": passed %" PRIu64 ", changed %" PRIu64 ", refused %" PRIu64
		   ", failed %" PRIu64 " (%" PRIu64 " of them while waiting)\n",
		   i->asked, i->passed, i->changed, i->denied, i->failed, i->failed_queue);
	out_printf(out, "  Told %" PRIu64 ", left out %" PRIu64 "; waiting now %zu; slowest call %u us\n",
		   i->told, i->told_dropped, i->waiting, (unsigned)i->slowest_us);
	out_printf(out, "  Process started %" PRIu64 " times, killed for its time %" PRIu64 " times\n",
		   i->starts, i->kills);
	for (size_t k = 0; k < i->n_scripts; k++)
		text_script(out, &i->scripts[k]);
}

SHOW(show_lua)
{
	(void)args;
	struct lua_info *i = mem_new(sizeof(*i));
	if (!i) {
		out_printf(err, "out of memory\n");
		return 1;
	}
	if (w->lua)
		lua_info(w->lua, i);
	if (out->json)
		json_all(w, i, out);
	else
		text_all(w, i, out);
	mem_free(i);
	return 0;
}
