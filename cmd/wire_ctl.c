#include "cmd/wire_ctl.h"

#include "cmd/admin.h"
#include "cmd/logins.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "modules/ctl/ctl.h"
#include "modules/loop/loop.h"

struct ctl_watch {
	struct list in_list;
	struct wire *wire;
	int fd;
	void *token;
	struct loop_fd *watch;
};

static void on_fd(void *ctx, int fd)
{
	struct ctl_watch *cw = ctx;
	ctl_on_fd(cw->wire->ctl, cw->token);
}

static void unwatch(void *ctx, int fd, void *token)
{
	struct wire *w = ctx;
	LIST_EACH_SAFE(at, &w->ctl_watches) {
		struct ctl_watch *cw = CONTAINER_OF(at, struct ctl_watch, in_list);
		if (cw->fd != fd || cw->token != token)
			continue;
		loop_fd_del(cw->watch);
		list_del(&cw->in_list);
		mem_free(cw);
	}
}

/* Asked again for the same descriptor: with writing from now on. */
static void watch(void *ctx, int fd, bool want_write, void *token)
{
	struct wire *w = ctx;
	unwatch(ctx, fd, token);
	struct ctl_watch *cw = mem_new(sizeof(*cw));
	if (!cw)
		return; /* this client waits until it gives up */
	*cw = (struct ctl_watch){.wire = w, .fd = fd, .token = token};
	if (loop_fd_add(w->loop, fd, want_write, on_fd, cw, &cw->watch) != ST_OK) {
		mem_free(cw);
		return;
	}
	list_push_back(&w->ctl_watches, &cw->in_list);
}

/* Who changed what; looking is not logged. */
static void log_change(const struct ctl_request *rq, int code)
{
	size_t used;
	struct out ignored;
	out_init(&ignored, false);
	const struct admin_command *row = admin_find(rq->words, rq->n_words, &used, &ignored);
	out_fini(&ignored);
	if (row && row->changes)
		LOG(EV_CONTROL, kv_str("command", row->words), kv_u64("uid", rq->uid),
		    kv_u64("pid", (uint64_t)rq->pid), kv_u64("exit", (uint64_t)code));
}

static void gone(void *ctx, void *reply)
{
	struct wire *w = ctx;
	debug_gone(&w->debug, reply);
	logins_gone(w->logins, reply);
}

static void handle(void *ctx, const struct ctl_request *rq, struct ctl *ctl, void *reply)
{
	struct wire *w = ctx;
	struct out out, err;
	out_init(&out, rq->json);
	out_init(&err, false);
	w->world.caller = reply;
	int code = admin_run(&w->world, rq->words, rq->n_words, rq->may_change, &out, &err);
	w->world.caller = NULL;
	bool stays = code == ADMIN_STAYS && ctl_stay(reply);
	if (code == ADMIN_STAYS) {
		code = stays ? 0 : 1;
		if (!stays) {
			gone(w, reply);
			out_printf(&err, "what comes of it is not told: too many answers go on already\n");
		}
	}
	log_change(rq, code);
	if (!out_ok(&out) || !out_ok(&err)) {
		static const char text[] = "out of memory\n";
		ctl_err(reply, text, sizeof(text) - 1);
		code = 1;
	} else {
		ctl_out(reply, out.buf, out.len);
		ctl_err(reply, err.buf, err.len);
	}
	out_fini(&out);
	out_fini(&err);
	if (!stays)
		ctl_finish(reply, (uint8_t)code);
}

/* ---- debug --------------------------------------------------------------------------------------- */

static void finish(void *to)
{
	ctl_finish(to, 0);
}

static void set_topics(void *ctx, unsigned topics)
{
	struct wire *w = ctx;
	if (w->ike)
		ike_set_trace(w->ike, topics);
}

void wire_debug_init(struct wire *w)
{
	w->debug_ports = (struct debug_ports){.put = ctl_out, .waiting = ctl_waiting, .finish = finish,
					      .topics = set_topics, .ctx = w};
	debug_init(&w->debug, &w->debug_ports);
}

void wire_trace(void *ctx, const struct ike_trace *t)
{
	struct wire *w = ctx;
	debug_trace(&w->debug, loop_now_ms(), loop_wall_ms(), t);
}

enum status wire_ctl_open(struct wire *w)
{
	static const struct ctl_ports ports = {.watch = watch, .unwatch = unwatch, .handle = handle,
						.gone = gone};
	return ctl_new(&ports, w, w->socket_path, &w->ctl);
}

void wire_ctl_close(struct wire *w)
{
	ctl_free(w->ctl);
	w->ctl = NULL;
}
