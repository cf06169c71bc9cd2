#include "cmd/wire_spool.h"

#include <string.h>

#include "cmd/acct_record.h"
#include "cmd/wire_radius.h"
#include "core/base/list.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "db/acct.h"
#include "db/store.h"
#include "modules/loop/loop.h"
#include "modules/radius/radius.h"

#define KEPT         64    /* records of a queue in memory */
#define QUEUE_WINDOW 32    /* of them on their way */
#define WINDOW       64    /* of all queues */
#define AGAIN_MS     10000 /* a queue whose servers did not answer rests so long, then twice as long */
#define AGAIN_MAX    60000

/* Questions to the store; queues have the numbers behind. */
#define ASKED_QUEUES 16

struct queue {
	struct list in_list;
	struct wire *wire;
	uint64_t number;     /* of its questions */
	struct list items;   /* oldest first */
	size_t n, open;
	uint64_t after;      /* the newest that was read */
	bool is_asking;      /* the store */
	bool has_more;       /* there may be others in the spool */
	bool is_stale;       /* what it is asked for is not wanted any more */
	uint64_t first_left; /* the oldest record that went back; 0: none */
	uint64_t until_ms;   /* monotonic, of its rest; 0: none */
	uint64_t step_ms;
	size_t len;
	uint8_t groups[];
};

/* A record of it. */
struct item {
	struct list in_list;
	struct queue *queue;
	uint64_t id;
	uint64_t ms; /* UTC, of the event */
	char session[ULID_TEXT];
	uint64_t request; /* on its way; 0: not */
	size_t group_at;  /* group that is asked next */
	size_t len;
	uint8_t record[]; /* core of cmd/acct_record.h */
};

struct wire_spool {
	struct list queues;
	uint64_t last;      /* number of a queue */
	bool is_asking;     /* for queues */
	bool wants_queues;  /* to ask */
	size_t open;
	uint64_t delivered;
};

/* ---- queues ------------------------------------------------------------------------------------------- */

static struct view groups_of(const struct queue *q)
{
	return (struct view){q->groups, q->len};
}

static struct queue *queue_find(const struct wire_spool *s, struct view groups)
{
	LIST_EACH(at, &s->queues) {
		struct queue *q = CONTAINER_OF(at, struct queue, in_list);
		if (q->len == groups.len && memcmp(q->groups, groups.p, q->len) == 0)
			return q;
	}
	return NULL;
}

/* One with records that nobody has read yet. Without memory it is found again later. */
static void queue_want(struct wire *w, struct view groups)
{
	struct wire_spool *s = w->spool;
	struct queue *q = groups.len ? queue_find(s, groups) : NULL;
	if (!q && groups.len && (q = mem_new(sizeof(*q) + groups.len))) {
		q->wire = w;
		q->number = ASKED_QUEUES + ++s->last;
		list_init(&q->items);
		q->len = groups.len;
		memcpy(q->groups, groups.p, groups.len);
		list_push_back(&s->queues, &q->in_list);
	}
	if (q)
		q->has_more = true;
	else
		s->wants_queues |= groups.len > 0;
}

static bool is_resting(const struct queue *q)
{
	return q->until_ms > loop_now_ms();
}

static void item_free(struct item *i)
{
	struct queue *q = i->queue;
	list_del(&i->in_list);
	q->n--;
	if (i->request) {
		q->open--;
		q->wire->spool->open--;
	}
	mem_free(i);
}

/* It stays in the spool. */
static void go_back(struct item *i)
{
	struct queue *q = i->queue;
	if (!q->first_left || i->id < q->first_left)
		q->first_left = i->id;
	item_free(i);
}

/* Those that are on their way may still arrive. */
static void all_go_back(struct queue *q)
{
	LIST_EACH_SAFE(at, &q->items) {
		struct item *i = CONTAINER_OF(at, struct item, in_list);
		if (!i->request)
			go_back(i);
	}
}

/* Nobody answers for it. */
static void let_rest(struct queue *q)
{
	if (is_resting(q))
		return;
	q->step_ms = q->step_ms == 0 ? AGAIN_MS : q->step_ms < AGAIN_MAX / 2 ? 2 * q->step_ms : AGAIN_MAX;
	q->until_ms = loop_now_ms() + q->step_ms;
}

/* Its rest is over: everything from the oldest record that went back is read anew, so that none overtakes it. */
static void wake(struct queue *q)
{
	if (q->until_ms == 0 || is_resting(q))
		return;
	q->until_ms = 0;
	all_go_back(q);
	if (!q->first_left)
		return;
	q->after = q->first_left - 1;
	q->first_left = 0;
	q->has_more = true;
	q->is_stale = q->is_asking;
}

/* ---- to the servers --------------------------------------------------------------------------------- */

static void pump_all(struct wire *w);

static void on_answer(void *ctx, uint64_t request, const struct radius_answer *r)
{
	struct item *i = ctx;
	struct queue *q = i->queue;
	struct wire *w = q->wire;
	(void)request;
	i->request = 0;
	q->open--;
	w->spool->open--;
	if (r->status == ST_OK) {
		q->until_ms = q->until_ms ? 1 : 0; /* over; what went back is read again */
		q->step_ms = 0;
		w->spool->delivered++;
		if (store_acct_done(w->store, i->id) != ST_OK)
			LOG(EV_STORE_ERROR, kv_str("reason", "an accounting record that was delivered stays in the spool"));
		item_free(i);
	}
	pump_all(w); /* with the next group, where this one did not answer */
}

/* Acct-Delay-Time is counted from a monotonic time, which may have begun after the event. */
static uint64_t event_ms(const struct item *i)
{
	uint64_t wall = (uint64_t)loop_wall_ms(), now = loop_now_ms();
	uint64_t age = wall > i->ms ? wall - i->ms : 0;
	return now > age ? now - age : 1;
}

/* To the next of its groups. It may be gone afterwards: a record that nobody can read is none. */
static void send(struct item *i)
{
	struct queue *q = i->queue;
	struct wire *w = q->wire;
	char group[RADIUS_VALUE_MAX + 1];
	struct radius_request rq = {.number = wire_radius_number(w), .group = group, .code = RADIUS_ACCOUNTING_REQUEST,
				    .event_ms = event_ms(i), .ctx = i, .done = on_answer};
	bool is_there = acct_open((struct view){i->record, i->len}, i->group_at, group, &rq.attrs);
	if (!is_there && i->group_at == 0) {
		(void)!store_acct_done(w->store, i->id);
		item_free(i);
		return;
	}
	i->group_at++;
	if (!is_there || radius_ask(wire_radius(w), &rq) != ST_OK) {
		let_rest(q);
		go_back(i);
		return;
	}
	i->request = rq.number;
	q->open++;
	w->spool->open++;
}

/* Records of one session arrive in their order. */
static bool is_next(const struct item *i)
{
	LIST_EACH(at, &i->queue->items) {
		const struct item *o = CONTAINER_OF(at, struct item, in_list);
		if (o == i)
			return true;
		if (strcmp(o->session, i->session) == 0)
			return false;
	}
	return true;
}

static void pump(struct queue *q)
{
	const struct wire_spool *s = q->wire->spool;
	wake(q);
	LIST_EACH_SAFE(at, &q->items) {
		struct item *i = CONTAINER_OF(at, struct item, in_list);
		if (is_resting(q) || q->open >= QUEUE_WINDOW || s->open >= WINDOW)
			break;
		if (!i->request && is_next(i))
			send(i);
	}
	if (is_resting(q)) {
		all_go_back(q);
		return;
	}
	if (q->has_more && !q->is_asking && q->n + STORE_ACCT_BATCH <= KEPT) {
		q->is_asking = store_acct_next(q->wire->store, q->number, groups_of(q), q->after) == ST_OK;
		q->has_more = !q->is_asking; /* what is put from now on may not be in the answer */
	}
}

static void pump_all(struct wire *w)
{
	LIST_EACH(at, &w->spool->queues)
		pump(CONTAINER_OF(at, struct queue, in_list));
}

/* ---- from the spool ----------------------------------------------------------------------------------- */

static bool is_here(const struct queue *q, uint64_t id)
{
	LIST_EACH(at, &q->items)
		if (CONTAINER_OF(at, struct item, in_list)->id == id)
			return true;
	return false;
}

/* False: no memory. */
static bool keep(struct queue *q, const struct store_acct *v)
{
	struct item *i = is_here(q, v->id) ? NULL : mem_new(sizeof(*i) + v->len);
	if (!i && !is_here(q, v->id))
		return false;
	q->after = v->id;
	if (!i)
		return true; /* on its way already */
	i->queue = q;
	i->id = v->id;
	i->ms = v->ms;
	memcpy(i->session, v->session, sizeof(i->session));
	i->len = v->len;
	memcpy(i->record, v->record, v->len);
	list_push_back(&q->items, &i->in_list);
	q->n++;
	return true;
}

static void on_records(struct queue *q, enum status st, const struct store_acct *v, size_t n)
{
	q->is_asking = false;
	q->has_more |= st != ST_OK || n == STORE_ACCT_BATCH;
	n = q->is_stale ? 0 : n;
	q->is_stale = false;
	for (size_t i = 0; i < n && q->after < v[i].id; i++) {
		if (!keep(q, &v[i])) {
			q->has_more = true; /* it and those behind it are asked for again, in a second */
			return;
		}
	}
	pump(q);
}

static void ask_queues(struct wire *w, struct view after)
{
	w->spool->is_asking = store_acct_queues(w->store, ASKED_QUEUES, after) == ST_OK;
	w->spool->wants_queues = !w->spool->is_asking;
}

static void on_queues(struct wire *w, enum status st, const struct store_acct *v, size_t n)
{
	w->spool->is_asking = false;
	w->spool->wants_queues |= st != ST_OK;
	for (size_t i = 0; i < n; i++)
		queue_want(w, (struct view){v[i].record, v[i].len});
	if (n == STORE_ACCT_BATCH)
		ask_queues(w, (struct view){v[n - 1].record, v[n - 1].len});
	pump_all(w);
}

bool wire_spool_on_store(struct wire *w, uint64_t number, enum status st, const struct store_acct *v, size_t n)
{
	if (number < ASKED_QUEUES)
		return false;
	if (number == ASKED_QUEUES)
		on_queues(w, st, v, n);
	LIST_EACH(at, &w->spool->queues) {
		struct queue *q = CONTAINER_OF(at, struct queue, in_list);
		if (q->number != number)
			continue;
		on_records(q, st, v, n);
		break;
	}
	return true;
}

/* ---- the face ----------------------------------------------------------------------------------------- */

void wire_spool_begin(struct wire *w)
{
	ask_queues(w, (struct view){0});
}

void wire_spool_put(struct wire *w, struct view groups)
{
	queue_want(w, groups);
	pump_all(w);
}

void wire_spool_revived(struct wire *w)
{
	if (!w->spool)
		return;
	LIST_EACH(at, &w->spool->queues) {
		struct queue *q = CONTAINER_OF(at, struct queue, in_list);
		if (q->until_ms)
			q->until_ms = 1; /* over; the next second begins */
	}
}

/* Queues stay, with what was read of them; there are as many as lists of groups. */
void wire_spool_second(struct wire *w)
{
	if (w->spool->wants_queues && !w->spool->is_asking)
		ask_queues(w, (struct view){0});
	pump_all(w);
}

bool wire_spool_is_idle(const struct wire *w)
{
	const struct wire_spool *s = w->spool;
	LIST_EACH(at, &s->queues) {
		const struct queue *q = CONTAINER_OF(at, struct queue, in_list);
		if (q->n > 0 || q->is_asking || (q->has_more && !is_resting(q)))
			return false;
	}
	return !s->is_asking && !s->wants_queues;
}

struct spool_counts wire_spool_counts(const struct wire *w)
{
	return (struct spool_counts){w->spool->delivered, w->spool->open};
}

enum status wire_spool_open(struct wire *w)
{
	w->spool = mem_new(sizeof(*w->spool));
	if (!w->spool)
		return ST_NOMEM;
	list_init(&w->spool->queues);
	return ST_OK;
}

void wire_spool_close(struct wire *w)
{
	if (!w->spool)
		return;
	LIST_EACH_SAFE(at, &w->spool->queues) {
		struct queue *q = CONTAINER_OF(at, struct queue, in_list);
		LIST_EACH_SAFE(of, &q->items) {
			struct item *i = CONTAINER_OF(of, struct item, in_list);
			if (i->request)
				radius_cancel(wire_radius(w), i->request);
			item_free(i);
		}
		list_del(&q->in_list);
		mem_free(q);
	}
	mem_free(w->spool);
	w->spool = NULL;
}
