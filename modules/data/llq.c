#include "modules/data/llq.h"

#include "modules/data/judge.h"
#include "modules/data/path.h"

/* What waits at most: some milliseconds of a fast data path, and not so many buffers that none are left
 * to read priority into. */
#define BULK_PKTS 384
#define BULK_BYTES ((size_t)4 << 20)
/* What a turn seals of it at least; then it looks for priority again. */
#define TURN_PKTS 16
#define TURN_BYTES 65536

/* With fewer free buffers a worker is short of them. */
#define SHORT_PKTS (POOL_PKTS / 4)

_Static_assert(BULK_PKTS < POOL_PKTS / 2, "buffers are left for what has priority");

static void push(struct pkt_queue *q, struct pkt *k)
{
	k->next = NULL;
	if (q->last)
		q->last->next = k;
	else
		q->first = k;
	q->last = k;
	q->n++;
	q->bytes += k->len;
}

static struct pkt *pop(struct pkt_queue *q)
{
	struct pkt *k = q->first;

	if (!k)
		return NULL;
	q->first = k->next;
	if (!q->first)
		q->last = NULL;
	q->n--;
	q->bytes -= k->len;
	return k;
}

static void finish(struct worker *w, struct pkt *k, enum status st)
{
	if (st)
		stats_status(&w->stats, st);
	worker_release(w, k);
}

/* While it waited its SA may have gone: then its successor may have it. Or policies have changed: what
 * it was found to be may mean something else now. */
static void seal_waiting(struct worker *w, struct pkt *k)
{
	struct esp_sa *esp = sad_find(&w->tables.sad, k->spi);
	struct worker_sa *sa = esp ? CONTAINER_OF(esp, struct worker_sa, esp) : NULL;
	enum status st = sa && k->judged != w->judged ? judge_out(sa, k) : ST_OK;

	if (st)
		finish(w, k, st);
	else if (sa)
		outbound_packet(w, sa, k);
	else
		path_handed(w, k);
}

/* Of a worker that has few buffers left none shall wait here: it needs them for what has priority, and for
 * what peers send. */
static bool may_wait(const struct worker *w, const struct pkt *k)
{
	return w->bulk.n < BULK_PKTS && w->bulk.bytes < BULK_BYTES &&
	       (k->home == w->index ||
		!atomic_load_explicit(&w->all->workers[k->home].is_short, memory_order_relaxed));
}

void llq_take(struct worker *w, struct worker_sa *sa, struct pkt *k)
{
	enum status st = judge_out(sa, k);

	k->judged = w->judged;
	if (st) {
		finish(w, k, st);
		return;
	}
	/* Where nobody has priority nothing waits, but what waits already is not overtaken. */
	if (k->priority == 1 ||
	    (!atomic_load_explicit(&w->all->llq_sas, memory_order_relaxed) && !w->bulk.n))
		outbound_packet(w, sa, k);
	else if (k->priority)
		push(&w->second, k);
	else if (may_wait(w, k))
		push(&w->bulk, k);
	else
		finish(w, k, ST_OUT_QUEUE);
}

void llq_flush(struct worker *w)
{
	struct pkt *k;

	/* Also those that come back because their SA went away: that is once, for each. */
	while ((k = pop(&w->second)))
		seal_waiting(w, k);
}

bool llq_turn(struct worker *w)
{
	size_t n = w->bulk.n, bytes = 0;

	if (n == 0)
		return false;
	for (size_t i = 0; i < n && i < TURN_PKTS && bytes < TURN_BYTES; i++) {
		struct pkt *k = pop(&w->bulk);

		bytes += k->len;
		seal_waiting(w, k);
	}
	path_flush(w);
	return w->bulk.n > 0;
}

size_t llq_room(const struct worker *w)
{
	if (!w->bulk.n)
		return SIZE_MAX;
	return w->bulk.n < BULK_PKTS && w->bulk.bytes < BULK_BYTES ? BULK_BYTES - w->bulk.bytes : 0;
}

void llq_say_short(struct worker *w)
{
	bool is_short = w->pool.n_free < SHORT_PKTS;

	if (is_short != atomic_load_explicit(&w->is_short, memory_order_relaxed))
		atomic_store_explicit(&w->is_short, is_short, memory_order_relaxed);
}

void llq_changed(struct worker *w, const struct esp_policy *was, const struct esp_policy *is)
{
	bool had = was && was->has_priority, has = is && is->has_priority;

	if (has && !had)
		atomic_fetch_add_explicit(&w->all->llq_sas, 1, memory_order_relaxed);
	if (had && !has)
		atomic_fetch_sub_explicit(&w->all->llq_sas, 1, memory_order_relaxed);
}
