/* The event loop of main: descriptors, timers, signals, clocks. The only includer of libevent, but for
 * its HTTP server (modules/http) and its resolver (modules/dns). Everything belongs to the thread that
 * runs the loop. Callbacks may add and delete anything, their
 * own watch included. */
#ifndef MODULES_LOOP_LOOP_H
#define MODULES_LOOP_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/stats.h"

struct event_base;
struct loop;
struct loop_fd;
struct loop_timer;
struct loop_signal;

typedef void loop_fd_fn(void *ctx, int fd);
typedef void loop_fn(void *ctx);

#define LOOP_NEVER UINT64_MAX

struct loop *loop_new(void); /* NULL: out of memory or descriptors */
void loop_free(struct loop *l); /* every watch must be deleted before */

/* Calls fn while fd is readable (or writable too, when wanted). The descriptor stays the caller's. */
enum status loop_fd_add(struct loop *l, int fd, bool want_write, loop_fd_fn *fn, void *ctx,
			struct loop_fd **out) MUST_USE;
void loop_fd_del(struct loop_fd *w); /* NULL is fine */

enum status loop_timer_new(struct loop *l, loop_fn *fn, void *ctx, struct loop_timer **out) MUST_USE;
/* Once, at this loop_now_ms() or just after; an earlier setting is replaced; LOOP_NEVER: not at
 * all. A time that has passed means the next turn, never from inside this call. */
void loop_timer_at(struct loop_timer *t, uint64_t at_ms);
void loop_timer_free(struct loop_timer *t);

enum status loop_signal_add(struct loop *l, int signo, loop_fn *fn, void *ctx,
			    struct loop_signal **out) MUST_USE;
void loop_signal_del(struct loop_signal *s);

void loop_run(struct loop *l); /* until loop_stop */
void loop_stop(struct loop *l);

uint64_t loop_now_ms(void);  /* CLOCK_MONOTONIC */
int64_t loop_wall_ms(void);  /* UTC */

/* Longest turn (from waking up to waiting again) of the last 60 seconds, in microseconds. Asking
 * changes nothing, so any number of readers may. */
uint64_t loop_turn_max_us(const struct loop *l);
/* Counts every turn there from now on: CT_TURNS and its neighbours. st must outlive the loop. */
void loop_count_turns(struct loop *l, struct stats *st);

/* What the loop runs on, for a part of libevent that brings its own watches (evhttp, evdns). They must be
 * gone before loop_free. The loop does not see their callbacks: each says so with loop_turn_begins,
 * so that the turn is timed from there. */
struct event_base *loop_base(struct loop *l);
void loop_turn_begins(struct loop *l);

#endif
