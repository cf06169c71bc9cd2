/* drain, show drain: the headend takes nobody new. */
#include <inttypes.h>
#include <string.h>

#include "cmd/show.h"
#include "core/session/session.h"

static void say(struct world *w, struct out *out)
{
	static const char *const states[] = {[DRAIN_OFF] = "off", [DRAIN_ON] = "on", [DRAIN_STOP] = "stop"};
	enum drain how = w->drain(w->ctx);
	uint64_t sessions = w->sessions ? sessions_count(w->sessions) : 0;
	if (out->json) {
		js_open(out, NULL);
		js_str(out, "drain", states[how]);
		js_u64(out, "sessions", sessions);
		js_u64(out, "redirect_targets", w->conf->own.redirect_count);
		js_close(out);
		return;
	}
	if (how == DRAIN_OFF) {
		out_printf(out, "New sessions are taken; %" PRIu64 " are here\n", sessions);
		return;
	}
	out_printf(out, "No new sessions: who comes is %s; %" PRIu64 " are left%s\n",
		   w->conf->own.redirect_count && w->conf->ike.redirect_init ? "redirected, or refused" : "refused", sessions,
		   how == DRAIN_STOP ? ", and with the last one the headend stops" : "");
}

SHOW(show_drain)
{
	(void)args;
	(void)err;
	say(w, out);
	return 0;
}

SHOW(admin_drain)
{
	const char *word = args->n ? args->words[0] : "on";
	enum drain how;
	if (args->n <= 1 && strcmp(word, "on") == 0) {
		how = DRAIN_ON;
	} else if (args->n <= 1 && strcmp(word, "stop") == 0) {
		how = DRAIN_STOP;
	} else if (args->n <= 1 && strcmp(word, "off") == 0) {
		how = DRAIN_OFF;
	} else {
		out_printf(err, "drain takes one of on, stop, off\n");
		return 2;
	}
	w->set_drain(w->ctx, how);
	say(w, out);
	return 0;
}
