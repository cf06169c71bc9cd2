/* reauthenticate crypto session: clients authenticate again when the operator wants it (RFC 4478). */
#include <inttypes.h>

#include "cmd/show.h"
#include "core/session/session.h"

struct tally {
	uint64_t asked, waiting, failed;
};

static void ask(struct world *w, struct session *s, struct tally *t)
{
	bool is_waiting = s->state == SESSION_WAITING;
	if (w->reauth_session(w->ctx, s) != ST_OK)
		t->failed++;
	else if (is_waiting)
		t->waiting++;
	else
		t->asked++;
}

/* In two walks, as sessions are shown: those with an IKE SA by its values, those that wait by their own. */
static void ask_all(struct world *w, const struct show_filter *f, struct tally *t)
{
	struct ike_sa_info sa;
	uint64_t cursor = 0;
	while (ike_next_info(w->ike, &cursor, &sa)) {
		struct session *s = session_find_sa(w->sessions, sa.sa);
		if (s && s->state == SESSION_UP && sa.is_established && show_filter_takes(w, f, &sa))
			ask(w, s, t);
	}
	for (struct session *s = session_next(w->sessions, NULL); s; s = session_next(w->sessions, s))
		if (s->state == SESSION_WAITING && show_filter_takes_waiting(w, f, s))
			ask(w, s, t);
}

SHOW(reauthenticate_session)
{
	struct show_filter f;
	struct tally t = {0};
	int rc = show_filter_parse(args, &f, err);
	if (rc)
		return rc;
	ask_all(w, &f, &t);
	if (out->json) {
		js_open(out, NULL);
		js_u64(out, "asked", t.asked);
		js_u64(out, "waiting", t.waiting);
		js_u64(out, "failed", t.failed);
		js_close(out);
	} else {
		out_printf(out, "%" PRIu64 " session%s asked to authenticate again\n", t.asked, t.asked == 1 ? "" : "s");
		if (t.waiting)
			out_printf(out, "%" PRIu64 " waiting session%s: the client has to authenticate when it comes back\n", t.waiting,
				   t.waiting == 1 ? "" : "s");
	}
	if (!t.failed)
		return 0;
	out_printf(err, "%" PRIu64 " session%s could not be asked: no memory, or its IKE SA begins or ends in this moment\n",
		   t.failed, t.failed == 1 ? "" : "s");
	return 1;
}
