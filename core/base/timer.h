/* Timers driven by a number: the owner says what time it is, nobody reads a clock. */
#ifndef CORE_BASE_TIMER_H
#define CORE_BASE_TIMER_H

#include "core/base/heap.h"

struct timer;
typedef void timer_fn(struct timer *t, void *ctx);

struct timer {
	struct heap_node node; /* key = due time in ms */
	timer_fn *fn;
	uint32_t call; /* of timers_run: the last that ran it, and how often it did */
	uint8_t runs;
};

struct timers {
	struct heap heap;
	void *ctx; /* given to every fn */
	uint32_t call; /* may wrap: that it is the same again costs a timer a millisecond */
};

#define TIMER_NEVER UINT64_MAX

void timers_init(struct timers *ts, void *ctx);
void timers_fini(struct timers *ts);
void timer_init(struct timer *t, timer_fn *fn);
/* (Re)arm. Fails with ST_NOMEM only for a timer that was not armed. */
enum status timer_set(struct timers *ts, struct timer *t, uint64_t due_ms) MUST_USE;
void timer_stop(struct timers *ts, struct timer *t);
static inline int timer_armed(const struct timer *t)
{
	return t->node.at != 0;
}
/* Run everything due at now_ms (below TIMER_NEVER), in order of due time; a fn may set or stop any
 * timer, and a timer set by a fn to now or earlier runs in the same call once; one that is set so
 * again waits until now_ms + 1. A fn may free its own timer. Returns how many ran. */
size_t timers_run(struct timers *ts, uint64_t now_ms);
/* When the next is due; TIMER_NEVER when none. */
uint64_t timers_next(const struct timers *ts);

#endif
