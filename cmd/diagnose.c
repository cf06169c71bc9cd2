#include "cmd/diagnose.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmd/show.h"
#include "core/base/mem.h"
#include "core/ike/kept_id.h"

enum status diagnose_resize(struct diagnose *d, size_t n)
{
	if (!n)
		n = DIAGNOSE_DEFAULT;
	if (n == d->cap)
		return ST_OK;
	struct diagnose_entry *v = mem_array(n, sizeof(*v));
	if (!v)
		return ST_NOMEM;
	mem_free(d->v);
	*d = (struct diagnose){.v = v, .cap = n};
	return ST_OK;
}

void diagnose_fini(struct diagnose *d)
{
	mem_free(d->v);
	*d = (struct diagnose){0};
}

void diagnose_add(struct diagnose *d, int64_t wall_ms, const struct ike_event *ev)
{
	if (!d->cap)
		return;
	struct diagnose_entry *e = &d->v[d->next];
	d->next = (d->next + 1) % d->cap;
	d->total++;
	*e = (struct diagnose_entry){
		.wall_ms = wall_ms,
		.status = ev->status,
		.local = ev->local,
		.remote = ev->remote,
	};
	if (ev->peer_id)
		kept_id_read(ev->peer_id, &e->peer_id);
	snprintf(e->profile, sizeof(e->profile), "%s", ev->profile ? ev->profile : "");
	snprintf(e->detail, sizeof(e->detail), "%s",
		 ev->detail && ev->detail[0] ? ev->detail : status_words(ev->status));
}

const struct diagnose_entry *diagnose_get(const struct diagnose *d, size_t i)
{
	if (i >= d->cap || i >= d->total)
		return NULL;
	return &d->v[(d->next + d->cap - 1 - i) % d->cap];
}

static void js_entry(struct out *out, const struct diagnose_entry *e)
{
	js_open(out, NULL);
	js_u64(out, "wall_ms", (uint64_t)e->wall_ms);
	js_str(out, "status", status_token(e->status));
	js_str(out, "words", status_words(e->status));
	js_bytes(out, "detail", e->detail, strlen(e->detail));
	js_endpoint(out, "local", &e->local);
	js_endpoint(out, "remote", &e->remote);
	js_id(out, "identity", &e->peer_id);
	js_str(out, "profile", e->profile);
	js_close(out);
}

SHOW(show_diagnose)
{
	const struct diagnose_entry *e;
	char text[ENDPOINT_TEXT];
	if (out->json)
		js_open_array(out, NULL);
	else
		out_printf(out, "Exit path table: %zu entries kept, %" PRIu64 " failures since start\n",
			   w->diagnose->cap, w->diagnose->total);
	for (size_t i = 0; (e = diagnose_get(w->diagnose, i)); i++) {
		if (out->json) {
			js_entry(out, e);
			continue;
		}
		char when[32];
		time_t s = (time_t)(e->wall_ms / 1000);
		struct tm tm;
		gmtime_r(&s, &tm);
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
		out_printf(out, "Error(%zu): %s (%s) at %s\n  peer %s", i + 1, status_words(e->status),
			   status_token(e->status), when, endpoint_format(&e->remote, text));
		if (e->peer_id.type) {
			out_printf(out, " identity ");
			show_id(out, &e->peer_id);
		}
		out_printf(out, "%s%s\n  ", e->profile[0] ? " profile " : "", e->profile);
		out_bytes(out, e->detail, strlen(e->detail));
		out_printf(out, "\n");
	}
	if (out->json)
		js_close_array(out);
	return 0;
}
