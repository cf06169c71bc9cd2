#include "core/ike/wish.h"

#include "core/base/mem.h"

#define WISHES_MAX 8
#define PAUSE_MS 1000
#define PAUSE_MAX_MS 600000 /* what lasted so long begins again with the short pause */

enum status wish_add(struct ike_sa *sa, const struct wish *w)
{
	struct wish *copy;
	uint8_t n = 0;

	LIST_EACH(at, &sa->wishes)
		n++;
	if (n == WISHES_MAX)
		return ST_LIMIT;
	copy = mem_dup(w, sizeof(*w));
	if (copy == NULL)
		return ST_NOMEM;
	list_init(&copy->node);
	if (copy->number == 0)
		copy->number = n + 1;
	list_push_back(&sa->wishes, &copy->node);
	return ST_OK;
}

struct wish *wish_find(const struct ike_sa *sa, uint8_t number)
{
	LIST_EACH(at, &sa->wishes) {
		struct wish *w = CONTAINER_OF(at, struct wish, node);

		if (w->number == number)
			return w;
	}
	return NULL;
}

static bool is_fulfilled(const struct ike_sa *sa, const struct wish *w)
{
	LIST_EACH(at, &sa->children) {
		const struct ike_child *c = CONTAINER_OF(at, struct ike_child, node);

		if (c->wish == w->number && c->state == CHILD_UP)
			return true;
	}
	return false;
}

struct wish *wish_next(const struct ike_sa *sa, uint64_t now_ms)
{
	LIST_EACH(at, &sa->wishes) {
		struct wish *w = CONTAINER_OF(at, struct wish, node);

		if (w->not_before_ms <= now_ms && !w->rests && !is_fulfilled(sa, w))
			return w;
	}
	return NULL;
}

uint64_t wish_due_ms(const struct ike_sa *sa)
{
	uint64_t due = TIMER_NEVER;

	LIST_EACH(at, &sa->wishes) {
		const struct wish *w = CONTAINER_OF(at, struct wish, node);

		if (w->not_before_ms < due && !w->rests && !is_fulfilled(sa, w))
			due = w->not_before_ms;
	}
	return due;
}

void wish_begin(struct wish *w, uint64_t now_ms)
{
	uint64_t pause;

	w->tries = w->begun_ms == 0 || now_ms - w->begun_ms > PAUSE_MAX_MS ? 0 : w->tries;
	pause = (uint64_t)PAUSE_MS << (w->tries < 10 ? w->tries : 10);
	w->not_before_ms = now_ms + (pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS);
	w->begun_ms = now_ms;
	if (w->tries < 10)
		w->tries++;
}

void wish_free_all(struct ike_sa *sa)
{
	while (!list_empty(&sa->wishes)) {
		struct wish *w = CONTAINER_OF(sa->wishes.next, struct wish, node);

		list_del(&w->node);
		mem_free(w);
	}
}
