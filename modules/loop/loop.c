#include "modules/loop/loop.h"

#include <event2/event.h>
#include <time.h>

#include "core/base/mem.h"

struct loop {
	struct event_base *base;
	bool stopping;
	uint64_t turn_start_us; /* 0: nothing was called in this turn yet */
	uint64_t turn_max_us;
};

struct loop_fd {
	struct loop *loop;
	struct event *ev;
	loop_fd_fn *fn;
	void *ctx;
};

struct loop_timer {
	struct loop *loop;
	struct event *ev;
	loop_fn *fn;
	void *ctx;
};

struct loop_signal {
	struct loop *loop;
	struct event *ev;
	loop_fn *fn;
	void *ctx;
};

static uint64_t clock_us(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t loop_now_ms(void)
{
	return clock_us(CLOCK_MONOTONIC) / 1000;
}

int64_t loop_wall_ms(void)
{
	return (int64_t)(clock_us(CLOCK_REALTIME) / 1000);
}

static void turn_begins(struct loop *l)
{
	if (l->turn_start_us == 0)
		l->turn_start_us = clock_us(CLOCK_MONOTONIC);
}

static void turn_ends(struct loop *l)
{
	if (l->turn_start_us == 0)
		return;
	uint64_t us = clock_us(CLOCK_MONOTONIC) - l->turn_start_us;
	if (us > l->turn_max_us)
		l->turn_max_us = us;
	l->turn_start_us = 0;
}

uint64_t loop_turn_max_us(struct loop *l)
{
	uint64_t us = l->turn_max_us;
	l->turn_max_us = 0;
	return us;
}

struct loop *loop_new(void)
{
	struct loop *l = mem_new(sizeof(*l));
	struct event_config *c = event_config_new();
	if (!l || !c)
		goto fail;
	/* One thread, and nothing in the environment changes how it works. */
	if (event_config_set_flag(c, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV |
					     EVENT_BASE_FLAG_PRECISE_TIMER))
		goto fail;
	l->base = event_base_new_with_config(c);
	if (!l->base)
		goto fail;
	event_config_free(c);
	return l;
fail:
	if (c)
		event_config_free(c);
	mem_free(l);
	return NULL;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	event_base_free(l->base);
	mem_free(l);
}

struct event_base *loop_base(struct loop *l)
{
	return l->base;
}

static void on_fd(evutil_socket_t fd, short what, void *arg)
{
	struct loop_fd *w = arg;
	turn_begins(w->loop);
	w->fn(w->ctx, fd);
}

enum status loop_fd_add(struct loop *l, int fd, bool want_write, loop_fd_fn *fn, void *ctx,
			struct loop_fd **out)
{
	short what = (short)(EV_READ | EV_PERSIST | (want_write ? EV_WRITE : 0));
	struct loop_fd *w = mem_new(sizeof(*w));
	*out = NULL;
	if (!w)
		return ST_NOMEM;
	*w = (struct loop_fd){.loop = l, .fn = fn, .ctx = ctx};
	w->ev = event_new(l->base, fd, what, on_fd, w);
	if (!w->ev || event_add(w->ev, NULL) != 0) {
		loop_fd_del(w);
		return ST_IO;
	}
	*out = w;
	return ST_OK;
}

void loop_fd_del(struct loop_fd *w)
{
	if (!w)
		return;
	if (w->ev)
		event_free(w->ev);
	mem_free(w);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *t = arg;
	turn_begins(t->loop);
	t->fn(t->ctx);
}

enum status loop_timer_new(struct loop *l, loop_fn *fn, void *ctx, struct loop_timer **out)
{
	struct loop_timer *t = mem_new(sizeof(*t));
	*out = NULL;
	if (!t)
		return ST_NOMEM;
	*t = (struct loop_timer){.loop = l, .fn = fn, .ctx = ctx};
	t->ev = event_new(l->base, -1, 0, on_timer, t);
	if (!t->ev) {
		mem_free(t);
		return ST_NOMEM;
	}
	*out = t;
	return ST_OK;
}

void loop_timer_at(struct loop_timer *t, uint64_t at_ms)
{
	if (at_ms == LOOP_NEVER) {
		event_del(t->ev);
		return;
	}
	uint64_t now_us = clock_us(CLOCK_MONOTONIC);
	uint64_t us = at_ms > now_us / 1000 ? at_ms * 1000 - now_us : 0;
	struct timeval tv = {.tv_sec = (time_t)(us / 1000000), .tv_usec = (suseconds_t)(us % 1000000)};
	/* libevent allocates its heap slot here; a timer that could not be set is set with the
	 * next change, and every owner sets its timer again and again. */
	(void)event_add(t->ev, &tv);
}

void loop_timer_free(struct loop_timer *t)
{
	if (!t)
		return;
	event_free(t->ev);
	mem_free(t);
}

static void on_signal(evutil_socket_t signo, short what, void *arg)
{
	struct loop_signal *s = arg;
	turn_begins(s->loop);
	s->fn(s->ctx);
}

enum status loop_signal_add(struct loop *l, int signo, loop_fn *fn, void *ctx,
			    struct loop_signal **out)
{
	struct loop_signal *s = mem_new(sizeof(*s));
	*out = NULL;
	if (!s)
		return ST_NOMEM;
	*s = (struct loop_signal){.loop = l, .fn = fn, .ctx = ctx};
	s->ev = evsignal_new(l->base, signo, on_signal, s);
	if (!s->ev || event_add(s->ev, NULL) != 0) {
		loop_signal_del(s);
		return ST_IO;
	}
	*out = s;
	return ST_OK;
}

void loop_signal_del(struct loop_signal *s)
{
	if (!s)
		return;
	if (s->ev)
		event_free(s->ev);
	mem_free(s);
}

void loop_run(struct loop *l)
{
	l->stopping = false;
	while (!l->stopping) {
		/* 1: nothing is watched any more, so nothing can ever happen. */
		if (event_base_loop(l->base, EVLOOP_ONCE) != 0)
			break;
		turn_ends(l);
		mem_forget_registers();
	}
}

void loop_stop(struct loop *l)
{
	l->stopping = true;
	event_base_loopbreak(l->base);
}
