#include "cmd/wire_sample.h"

#include <string.h>

#include "cmd/wire_session.h"
#include "core/base/freeze.h"
#include "core/session/session.h"
#include "db/store.h"
#include "modules/data/data.h"
#include "modules/loop/loop.h"

#define REUSE_MS 100 /* a sample so young is still the present */
#define RECORD_KIND 0x5301
#define TAG_NUMBER 1

/* The number of the newest sample outlives main; a headend that starts anew begins at the time in
 * tenths of a second, which no earlier one can have reached with one sample each tenth. */
static uint64_t last_number(const struct wire *w)
{
	uint8_t rec[64];
	uint16_t kind, version, tag;
	struct rd fields;
	struct view v;
	uint64_t number = 0;
	size_t len = keep_get(w->keep, KEEP_META, META_SAMPLE, rec, sizeof(rec));
	if (len && len <= sizeof(rec) &&
	    fz_open_record((struct view){rec, len}, &kind, &version, &fields) == ST_OK &&
	    kind == RECORD_KIND)
		while (fz_next(&fields, &tag, &v))
			if (tag == TAG_NUMBER)
				number = fz_get_u64(v);
	return number ? number : (uint64_t)loop_wall_ms() / REUSE_MS;
}

static void keep_number(struct wire *w, uint64_t number)
{
	uint8_t rec[64];
	struct wr r = wr_init(rec, sizeof(rec));
	fz_begin(&r, RECORD_KIND, 1);
	fz_u64(&r, TAG_NUMBER, number);
	fz_end(&r);
	/* A number that was not kept is found again by time. */
	if (wr_ok(&r))
		(void)!keep_put(w->keep, KEEP_META, META_SAMPLE, rec, r.len);
}

const struct sample *wire_sample(void *ctx)
{
	struct wire *w = ctx;
	struct sample *s = &w->sample;
	int64_t now = loop_wall_ms();
	if (s->number && now >= s->wall_ms && now - s->wall_ms < REUSE_MS)
		return s;
	uint64_t number = (s->number ? s->number : last_number(w)) + 1;
	memset(s, 0, sizeof(*s));
	s->number = number;
	s->wall_ms = now;
	stats_sum(&s->sums, w->stats);
	data_stats(w->data, &s->sums);
	s->half_open = ike_half_open(w->ike);
	s->ike_sas = ike_count(w->ike);
	s->sessions = sessions_count(w->sessions);
	s->turn_max_us = loop_turn_max_us(w->loop);
	keep_number(w, number);
	store_sample(w->store, number, (uint64_t)now, &s->sums);
	wire_session_traffic(w);
	return s;
}
