#include "cmd/wire_watch.h"

#include <string.h>
#include <unistd.h>

enum status wire_watch_open(struct wire *w, struct wire_watch *v, const char *vrf, loop_fd_fn *on_change)
{
	struct asroot_reply reply;
	struct asroot_request rq = {.op = ASROOT_LINK};
	struct loop_fd *watch;
	int fds[ASROOT_FDS];
	memcpy(rq.vrf, vrf, strnlen(vrf, sizeof(rq.vrf) - 1));
	enum status st = asroot_call(w->control, &rq, &reply, fds);
	if (st != ST_OK)
		return st;
	st = loop_fd_add(w->loop, fds[0], false, on_change, v, &watch);
	if (st != ST_OK) {
		close(fds[0]);
		return st;
	}
	list_init(&v->in_list);
	memcpy(v->vrf, rq.vrf, sizeof(v->vrf));
	v->fd = fds[0];
	v->watch = watch;
	return ST_OK;
}

struct wire_watch *wire_watch_find(struct list *all, const char *vrf)
{
	LIST_EACH(at, all) {
		struct wire_watch *v = CONTAINER_OF(at, struct wire_watch, in_list);
		if (strcmp(v->vrf, vrf) == 0)
			return v;
	}
	return NULL;
}

void wire_watch_close(struct wire_watch *v)
{
	loop_fd_del(v->watch);
	close(v->fd);
	list_del(&v->in_list);
}
