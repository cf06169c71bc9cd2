#include "cmd/wire_drain.h"

#include <stdio.h>
#include <string.h>

#include "cmd/wire_reserve.h"
#include "core/base/freeze.h"
#include "core/base/log.h"
#include "core/session/session.h"

#define DRAIN_KIND 0x5305
#define TAG_HOW 1

static const char *const words[] = {[DRAIN_OFF] = "off", [DRAIN_ON] = "on", [DRAIN_STOP] = "stop"};

void wire_drain_thaw(struct wire *w)
{
	uint8_t rec[32];
	uint16_t kind, version, tag;
	struct rd fields;
	struct view v;
	size_t len = keep_get(w->keep, KEEP_META, META_DRAIN, rec, sizeof(rec));
	if (!len || len > sizeof(rec) ||
	    fz_open_record((struct view){rec, len}, &kind, &version, &fields) != ST_OK || kind != DRAIN_KIND)
		return;
	while (fz_next(&fields, &tag, &v))
		if (tag == TAG_HOW && fz_get_u8(v) <= DRAIN_STOP)
			w->drain = fz_get_u8(v);
}

void wire_drain_set(void *ctx, enum drain how)
{
	struct wire *w = ctx;
	uint8_t rec[32];
	struct wr r = wr_init(rec, sizeof(rec));
	w->drain = how;
	fz_begin(&r, DRAIN_KIND, 1);
	fz_u8(&r, TAG_HOW, (uint8_t)how);
	fz_end(&r);
	/* Without memory for it a main after this one takes everybody in again. */
	if (wr_ok(&r))
		(void)!wire_reserve_put(w, KEEP_META, META_DRAIN, rec, r.len);
	LOG(EV_DRAIN, kv_str("drain", words[how]), kv_u64("sessions", sessions_count(w->sessions)));
}

enum drain wire_drain(void *ctx)
{
	const struct wire *w = ctx;
	return w->drain;
}

/* Authenticates again, or from elsewhere: it is here. */
static bool is_here(const struct wire *w, const struct ike_question *q)
{
	for (const struct session *s = session_next_same(w->sessions, &q->peer_id, NULL); s;
	     s = session_next_same(w->sessions, &q->peer_id, s))
		if (s->state != SESSION_PENDING && strcmp(s->profile, q->profile) == 0)
			return true;
	return false;
}

bool wire_drain_refuses(const struct wire *w, const struct ike_question *q, struct ike_answer *a)
{
	if (w->drain == DRAIN_OFF || q->we_are_initiator || is_here(w, q))
		return false;
	a->status = ST_DRAINING;
	snprintf(a->detail, sizeof(a->detail), "%s", status_words(ST_DRAINING));
	return true;
}

bool wire_drain_is_over(const struct wire *w)
{
	return w->drain == DRAIN_STOP && sessions_count(w->sessions) == 0; /* goodbyes to who is silent are part of the stop */
}
