#include "modules/snmp/desk.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"

/* ---- to main ----------------------------------------------------------------------------------- */

static void push_back_log(struct desk *d)
{
	while (!list_empty(&d->back)) {
		struct note *m = CONTAINER_OF(d->back.next, struct note, in_list);
		list_del(&m->in_list); /* once it is pushed it is main's */
		if (!ring_push(&d->share->up, m)) {
			list_push_front(&d->back, &m->in_list);
			return;
		}
		d->has_news = true;
	}
}

void desk_give_back(struct desk *d, struct note *m)
{
	push_back_log(d);
	if (list_empty(&d->back) && ring_push(&d->share->up, m))
		d->has_news = true;
	else
		list_push_back(&d->back, &m->in_list);
}

void desk_event(struct desk *d, enum snmp_event_kind kind, const char *text)
{
	struct note *m = share_note(NOTE_EVENT);
	if (!m)
		return;
	m->event.kind = kind;
	snprintf(m->event.text, sizeof(m->event.text), "%s", text ? text : "");
	desk_give_back(d, m);
}

/* ---- notifications ----------------------------------------------------------------------------- */

static void count(struct desk *d, bool was_sent)
{
	share_count(was_sent ? &d->share->notify_sent : &d->share->notify_dropped, 1);
}

static bool may_notify(struct desk *d, int64_t now_ms)
{
	bool may = limit_take(&d->limit, now_ms);
	if (!may)
		count(d, false);
	return may;
}

static void report_left_out(struct desk *d, int64_t now_ms)
{
	uint64_t n = limit_report(&d->limit, now_ms);
	if (n)
		count(d, d->ports->left_out(d->ctx, n));
}

/* ---- main's messages --------------------------------------------------------------------------- */

static void give_back_all(struct desk *d, struct index *x)
{
	for (size_t i = 0; i < x->n; i++)
		desk_give_back(d, x->v[i]);
	index_fini(x);
}

static void take_card(struct desk *d, struct note *m, int64_t now_ms)
{
	struct note *old;
	const struct snmp_card *card = &m->card;
	bool is_new = m->is_new;
	if (index_put(d->is_rebuilding ? &d->next : &d->view.cards, m, &old) != ST_OK) {
		atomic_store(&d->share->wants_all, true);
		desk_give_back(d, m);
		return;
	}
	if (old)
		desk_give_back(d, old);
	if (is_new && atomic_load(&d->share->notify_sessions) && may_notify(d, now_ms))
		count(d, d->ports->session_up(d->ctx, card));
}

static void take_end(struct desk *d, struct note *m, int64_t now_ms)
{
	struct note *card = index_take(&d->view.cards, m->end.total.index);
	if (card && !m->end.is_silent && atomic_load(&d->share->notify_sessions) && may_notify(d, now_ms))
		count(d, d->ports->session_down(d->ctx, &card->card, m->end.why, &m->end.total));
	if (card)
		desk_give_back(d, card);
	card = index_take(&d->next, m->end.total.index);
	if (card)
		desk_give_back(d, card);
	desk_give_back(d, m);
}

/* Both samples have their pools in the order of their numbers. */
static void notify_pools(struct desk *d, const struct share_sample *old, const struct share_sample *now,
			 int64_t now_ms)
{
	for (size_t i = 0, k = 0; i < now->n_pools; i++) {
		const struct share_pool *p = &now->pools[i];
		while (k < old->n_pools && old->pools[k].index < p->index)
			k++;
		bool was_known = k < old->n_pools && old->pools[k].index == p->index;
		uint64_t before = was_known ? old->pools[k].pool.exhausted : 0;
		if (p->pool.exhausted > before && may_notify(d, now_ms))
			count(d, d->ports->pool_exhausted(d->ctx, p));
	}
}

static void take_sample(struct desk *d, struct note *m, int64_t now_ms)
{
	struct note *old = d->sample;
	tree_prepare(&m->sample);
	if (old && atomic_load(&d->share->notify_pools))
		notify_pools(d, &old->sample, &m->sample, now_ms);
	d->sample = m;
	d->view.sample = &m->sample;
	if (old)
		desk_give_back(d, old);
}

static void take_radius(struct desk *d, struct note *m)
{
	if (d->radius)
		desk_give_back(d, d->radius);
	d->radius = m;
}

static void take(struct desk *d, struct note *m, int64_t now_ms)
{
	switch (m->kind) {
	case NOTE_CARD: take_card(d, m, now_ms); return;
	case NOTE_END: take_end(d, m, now_ms); return;
	case NOTE_SAMPLE: take_sample(d, m, now_ms); return;
	case NOTE_RADIUS: take_radius(d, m); return;
	case NOTE_RESET:
		give_back_all(d, &d->next);
		d->is_rebuilding = true;
		break;
	case NOTE_COMPLETE:
		/* All at once: a manager takes a row that is gone for a session that ended. */
		if (d->is_rebuilding) {
			give_back_all(d, &d->view.cards);
			d->view.cards = d->next;
			d->next = (struct index){0};
		}
		d->is_rebuilding = false;
		break;
	case NOTE_EVENT: break;
	}
	desk_give_back(d, m);
}

void desk_turn(struct desk *d, int64_t now_ms)
{
	struct note *m;
	push_back_log(d);
	while ((m = ring_pop(&d->share->down)) != NULL)
		take(d, m, now_ms);
	report_left_out(d, now_ms);
	d->view.notify_sessions = atomic_load(&d->share->notify_sessions);
	d->view.notify_pools = atomic_load(&d->share->notify_pools);
	atomic_store_explicit(&d->share->cards, d->view.cards.n, memory_order_relaxed);
	if (atomic_exchange(&d->share->is_main_waiting, false) || d->has_news ||
	    atomic_load(&d->share->wants_all))
		share_wake(d->share->wake_main);
	d->has_news = false;
}

void desk_init(struct desk *d, struct share *share, const struct desk_ports *ports, void *ctx,
	       const char *version, int64_t now_ms)
{
	*d = (struct desk){.share = share, .ports = ports, .ctx = ctx, .view = {.version = version}};
	list_init(&d->back);
	limit_init(&d->limit, LIMIT_BURST, LIMIT_RATE, now_ms);
}

void desk_fini(struct desk *d)
{
	give_back_all(d, &d->view.cards);
	give_back_all(d, &d->next);
	if (d->sample)
		desk_give_back(d, d->sample);
	if (d->radius)
		desk_give_back(d, d->radius);
	d->radius = NULL;
	d->sample = NULL;
	d->view.sample = NULL;
	LIST_EACH_SAFE(at, &d->back)
		mem_free(CONTAINER_OF(at, struct note, in_list));
	list_init(&d->back);
}
