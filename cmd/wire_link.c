#include "cmd/wire_link.h"

#include <errno.h>
#include <sys/socket.h>

#include "cmd/wire_watch.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/ike/ike.h"
#include "core/session/client_spec.h"

#define SETTLE_MS 100 /* an address and its routes come and go one by one */

struct wire_link {
	struct wire_watch watch;
	struct wire *wire;
};

static void on_settled(void *ctx)
{
	struct wire *w = ctx;
	w->link_due = false;
	if (!w->is_stopping)
		ike_on_paths_changed(w->ike);
}

/* What it says does not matter: the routes are asked for when they are needed. A message that got lost
 * (ENOBUFS) is one, too. */
static void on_change(void *ctx, int fd)
{
	uint8_t buf[8192];
	struct wire_link *l = CONTAINER_OF(ctx, struct wire_link, watch);
	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) >= 0 || errno == ENOBUFS)
		continue;
	/* From the first change on: where routes never rest they are looked at all the same. */
	if (l->wire->link_due)
		return;
	l->wire->link_due = true;
	loop_timer_at(l->wire->link_timer, loop_now_ms() + SETTLE_MS);
}

static struct wire_link *link_of(struct list *at)
{
	return CONTAINER_OF(at, struct wire_link, watch.in_list);
}

static void link_free(struct wire_link *l)
{
	wire_watch_close(&l->watch);
	mem_free(l);
}

static enum status link_new(struct wire *w, const char *vrf)
{
	struct wire_link *l = mem_new(sizeof(*l));
	if (!l)
		return ST_NOMEM;
	*l = (struct wire_link){.watch.is_wanted = true, .wire = w};
	enum status st = wire_watch_open(w, &l->watch, vrf, on_change);
	if (st == ST_OK)
		list_push_back(&w->links, &l->watch.in_list);
	else
		mem_free(l);
	return st;
}

static void want(struct wire *w, const char *vrf)
{
	struct wire_watch *there = wire_watch_find(&w->links, vrf);
	if (there) {
		there->is_wanted = true;
		return;
	}
	enum status st = link_new(w, vrf);
	if (st != ST_OK)
		LOG(EV_NET_ERROR, kv_str("vrf", vrf), kv_str("what", "changes of addresses"),
		    kv_str("reason", status_words(st)));
}

void wire_link_apply(struct wire *w)
{
	struct client_spec *spec = mem_new(sizeof(*spec));
	size_t cursor = 0;
	if (!spec)
		return;
	LIST_EACH(at, &w->links)
		link_of(at)->watch.is_wanted = false;
	while (client_spec_next(w->conf, &cursor, spec))
		want(w, spec->vrf_name);
	LIST_EACH_SAFE(at, &w->links)
		if (!link_of(at)->watch.is_wanted)
			link_free(link_of(at));
	if (!list_empty(&w->links))
		loop_timer_at(w->link_timer, loop_now_ms() + SETTLE_MS);
	mem_free(spec);
}

enum status wire_link_open(struct wire *w)
{
	return loop_timer_new(w->loop, on_settled, w, &w->link_timer);
}

void wire_link_close(struct wire *w)
{
	LIST_EACH_SAFE(at, &w->links)
		link_free(link_of(at));
	if (w->link_timer)
		loop_timer_free(w->link_timer);
	w->link_timer = NULL;
}
