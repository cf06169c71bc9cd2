#include "core/base/timer.h"

#include "core/base/list.h"

/* A timer's own due time and one re-arming; a third run in one call would be a spin. */
#define RUNS_PER_CALL 2

void timers_init(struct timers *ts, void *ctx)
{
	heap_init(&ts->heap);
	ts->ctx = ctx;
	ts->call = 0;
}

void timers_fini(struct timers *ts)
{
	struct heap_node *n;

	while ((n = heap_min(&ts->heap)) != NULL)
		heap_del(&ts->heap, n);
	heap_fini(&ts->heap);
}

void timer_init(struct timer *t, timer_fn *fn)
{
	*t = (struct timer){.fn = fn};
}

enum status timer_set(struct timers *ts, struct timer *t, uint64_t due_ms)
{
	if (!timer_armed(t))
		return heap_add(&ts->heap, &t->node, due_ms);
	heap_rekey(&ts->heap, &t->node, due_ms);
	return ST_OK;
}

void timer_stop(struct timers *ts, struct timer *t)
{
	heap_del(&ts->heap, &t->node);
}

static bool has_run_enough(const struct timers *ts, const struct timer *t)
{
	return t->call == ts->call && t->runs >= RUNS_PER_CALL;
}

size_t timers_run(struct timers *ts, uint64_t now_ms)
{
	struct heap_node *n;
	size_t ran = 0;

	ts->call++;
	while ((n = heap_min(&ts->heap)) != NULL && n->key <= now_ms) {
		struct timer *t = CONTAINER_OF(n, struct timer, node);

		if (has_run_enough(ts, t)) {
			heap_rekey(&ts->heap, n, now_ms + 1);
			continue;
		}
		heap_del(&ts->heap, n);
		t->runs = t->call == ts->call ? (uint8_t)(t->runs + 1) : 1;
		t->call = ts->call;
		ran++;
		t->fn(t, ts->ctx); /* may free t */
	}
	return ran;
}

uint64_t timers_next(const struct timers *ts)
{
	const struct heap_node *n = heap_min(&ts->heap);

	return n ? n->key : TIMER_NEVER;
}
