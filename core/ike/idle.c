#include "core/ike/idle.h"

#include <string.h>

#include "core/ike/engine.h"
#include "core/ike/wish.h"
#include "core/ike/work.h"

uint64_t idle_due_ms(const struct ike_child *c)
{
	if (c->state != CHILD_UP || c->idle_s == 0 || c->sa->close_why != ST_OK ||
		c->sa->ike->ports->last_data == NULL)
		return TIMER_NEVER;
	return c->used_ms + (uint64_t)c->idle_s * 1000;
}

static uint64_t newest(const struct ike_child *c)
{
	const struct ike *ike = c->sa->ike;
	uint64_t at = ike->ports->last_data != NULL && c->is_installed
		? ike->ports->last_data(ike->ctx, c->spi_in) : 0;

	return at > c->used_ms ? at : c->used_ms;
}

uint64_t idle_used_ms(const struct ike_child *c)
{
	const struct ike_child *old = c->replaces != 0 ? ike_find_child(c->sa->ike, c->replaces) : NULL;
	uint64_t at = newest(c), before = old != NULL && old->sa == c->sa ? newest(old) : 0;

	return before > at ? before : at;
}

void idle_inherit(struct ike_child *c, const struct ike_child *old)
{
	uint64_t at = newest(old);

	if (at > c->used_ms)
		c->used_ms = at;
}

bool idle_is_all(struct ike_sa *sa, uint64_t now_ms)
{
	size_t in_use = 0, idle = 0;

	LIST_EACH(at, &sa->children) {
		struct ike_child *c = CONTAINER_OF(at, struct ike_child, node);

		if (idle_due_ms(c) <= now_ms)
			c->used_ms = idle_used_ms(c);
		in_use += c->state == CHILD_UP;
		idle += idle_due_ms(c) <= now_ms;
	}
	return idle > 0 && idle == in_use;
}

/* The one of IKE_AUTH, which no wish asked for, is one from now on. */
static struct wish *wish_of(struct ike_child *c)
{
	struct wish *found = c->wish != 0 ? wish_find(c->sa, c->wish) : NULL;
	struct wish w = {.n_local_ts = c->n_local_ts, .n_remote_ts = c->n_remote_ts};

	if (found != NULL)
		return found;
	memcpy(w.local_ts, child_local_ts(c), c->n_local_ts * sizeof(*c->ts));
	memcpy(w.remote_ts, child_remote_ts(c), c->n_remote_ts * sizeof(*c->ts));
	if (wish_add(c->sa, &w) != ST_OK)
		return NULL;
	found = CONTAINER_OF(c->sa->wishes.prev, struct wish, node);
	c->wish = found->number;
	return found;
}

void idle_rest(struct ike_child *c)
{
	struct wish *w = c->sa->is_client ? wish_of(c) : NULL;

	if (w != NULL)
		w->rests = true;
}

void ike_on_wanted(struct ike *ike, uint64_t number)
{
	struct ike_sa *sa = ike_find_number(ike, number);
	bool is_news = false;

	if (sa == NULL || sa->state != SA_UP)
		return;
	ike_enter(ike);
	LIST_EACH(at, &sa->wishes) {
		struct wish *w = CONTAINER_OF(at, struct wish, node);

		is_news |= w->rests;
		w->rests = false;
	}
	if (is_news) {
		work_arm(sa);
		work(sa);
	}
	ike_settle(ike);
}
