#include "cmd/wire_link.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/holder_proto.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/ike/ike.h"
#include "core/session/client_spec.h"
#include "modules/loop/loop.h"

#define SETTLE_MS 100 /* an address and its routes come and go one by one */

struct wire_link {
	struct list in_list;
	struct wire *wire;
	char vrf[ASROOT_VRF];
	int fd;
	struct loop_fd *watch;
	bool is_wanted;
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
	struct wire_link *l = ctx;
	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) >= 0 || errno == ENOBUFS)
		continue;
	/* From the first change on: where routes never rest they are looked at all the same. */
	if (l->wire->link_due)
		return;
	l->wire->link_due = true;
	loop_timer_at(l->wire->link_timer, loop_now_ms() + SETTLE_MS);
}

static void link_free(struct wire_link *l)
{
	loop_fd_del(l->watch);
	close(l->fd);
	list_del(&l->in_list);
	mem_free(l);
}

static enum status link_new(struct wire *w, const char *vrf)
{
	struct asroot_reply reply;
	struct asroot_request rq = {.op = ASROOT_LINK};
	int fds[ASROOT_FDS];
	memcpy(rq.vrf, vrf, strnlen(vrf, sizeof(rq.vrf) - 1));
	enum status st = asroot_call(w->control, &rq, &reply, fds);
	if (st != ST_OK)
		return st;
	struct wire_link *l = mem_new(sizeof(*l));
	if (!l) {
		close(fds[0]);
		return ST_NOMEM;
	}
	*l = (struct wire_link){.wire = w, .fd = fds[0], .is_wanted = true};
	memcpy(l->vrf, rq.vrf, sizeof(l->vrf));
	list_push_back(&w->links, &l->in_list);
	st = loop_fd_add(w->loop, l->fd, false, on_change, l, &l->watch);
	if (st != ST_OK)
		link_free(l);
	return st;
}

static struct wire_link *find(const struct wire *w, const char *vrf)
{
	LIST_EACH(at, &w->links) {
		struct wire_link *l = CONTAINER_OF(at, struct wire_link, in_list);
		if (strcmp(l->vrf, vrf) == 0)
			return l;
	}
	return NULL;
}

static void want(struct wire *w, const char *vrf)
{
	struct wire_link *l = find(w, vrf);
	if (l) {
		l->is_wanted = true;
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
		CONTAINER_OF(at, struct wire_link, in_list)->is_wanted = false;
	while (client_spec_next(w->conf, &cursor, spec))
		want(w, spec->vrf_name);
	LIST_EACH_SAFE(at, &w->links)
		if (!CONTAINER_OF(at, struct wire_link, in_list)->is_wanted)
			link_free(CONTAINER_OF(at, struct wire_link, in_list));
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
		link_free(CONTAINER_OF(at, struct wire_link, in_list));
	if (w->link_timer)
		loop_timer_free(w->link_timer);
	w->link_timer = NULL;
}
