/* show keys: the process with our private keys, and which it has. */
#include <inttypes.h>
#include <string.h>

#include "cmd/show.h"
#include "modules/keys/keys.h"

static const char *state_word(enum keys_state state)
{
	switch (state) {
	case KEYS_NONE: return "none";
	case KEYS_LOADING: return "loading";
	case KEYS_READY: return "ready";
	case KEYS_REFUSED: return "refused";
	}
	return "";
}

static void text_all(const struct keys *keys, const struct keys_info *i, struct out *out)
{
	out_printf(out, "Keys process: %s; %zu keys ready, %zu refused\n", i->is_running ? "runs" : "does not run",
		   i->loaded, i->refused);
	out_printf(out, "  Signatures %" PRIu64 ", failures %" PRIu64 "; waiting now %zu; slowest %u us\n",
		   i->signatures, i->failures, i->waiting, (unsigned)i->slowest_us);
	out_printf(out, "  Process started %" PRIu64 " times, lost %" PRIu64 " times\n", i->starts, i->losses);
	for (unsigned n = 0; keys && n < KEYS_MAX; n++) {
		const struct keys_key *k = keys_look(keys, n);
		if (k->state == KEYS_NONE)
			continue;
		out_printf(out, "  Key %u: %s, ", n, state_word(k->state));
		out_bytes(out, k->file, strlen(k->file));
		out_printf(out, "%s%s%s\n", k->words[0] ? ": " : "", k->words,
			   k->is_exposed ? " (others may read or change it)" : "");
	}
}

static void json_all(const struct keys *keys, const struct keys_info *i, struct out *out)
{
	const struct {
		const char *name;
		uint64_t value;
	} numbers[] = {{"ready", i->loaded}, {"refused", i->refused}, {"waiting", i->waiting},
		       {"signatures", i->signatures}, {"failures", i->failures}, {"process_starts", i->starts},
		       {"process_losses", i->losses}, {"slowest_us", i->slowest_us}};
	js_open(out, NULL);
	js_bool(out, "running", i->is_running);
	for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++)
		js_u64(out, numbers[k].name, numbers[k].value);
	js_open_array(out, "keys");
	for (unsigned n = 0; keys && n < KEYS_MAX; n++) {
		const struct keys_key *k = keys_look(keys, n);
		if (k->state == KEYS_NONE)
			continue;
		js_open(out, NULL);
		js_u64(out, "number", n);
		js_str(out, "state", state_word(k->state));
		js_bytes(out, "file", k->file, strlen(k->file));
		js_str(out, "reason", k->words);
		js_bool(out, "exposed", k->is_exposed);
		js_close(out);
	}
	js_close_array(out);
	js_close(out);
}

SHOW(show_keys)
{
	(void)args;
	(void)err;
	struct keys_info i = {0};
	if (w->keys)
		keys_info(w->keys, &i);
	if (out->json)
		json_all(w->keys, &i, out);
	else
		text_all(w->keys, &i, out);
	return 0;
}
