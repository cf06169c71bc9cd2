#include "modules/data/fan.h"

#include <sched.h>
#include <sys/resource.h>

#include "core/base/mem.h"
#include "core/esp/many.h"
#include "core/esp/seal.h"
#include "modules/data/path.h"

#define BUSY_MS 3   /* without sleep: one core is not enough */
#define JUDGE_MS 16

/* ---- when --------------------------------------------------------------------------------- */

/* Does the system take the core away from this thread? Then there is none to spare. */
static bool is_pushed(struct worker *w)
{
	struct fan *f = w->fan;
	uint64_t now = w->tables.now_ms;
	struct rusage u;

	if (now - f->judged_ms < JUDGE_MS)
		return f->is_pushed;
	f->judged_ms = now;
	if (getrusage(RUSAGE_THREAD, &u))
		return true;
	f->is_pushed = u.ru_nivcsw != f->pushed;
	f->pushed = u.ru_nivcsw;
	return f->is_pushed;
}

void fan_slept(struct worker *w, uint64_t now_ms)
{
	w->fan->awake_ms = now_ms;
	atomic_store_explicit(&w->fan->is_busy, false, memory_order_relaxed);
}

static bool is_wanted(struct worker *w)
{
	struct fan *f = w->fan;

	if (w->all->fan_out == DATA_FAN_ALWAYS)
		return true;
	if (w->all->fan_out == DATA_FAN_OFF || w->tables.now_ms - f->awake_ms < BUSY_MS)
		return false;
	atomic_store_explicit(&f->is_busy, true, memory_order_relaxed);
	return !is_pushed(w);
}

/* Who shall do it: a helper with little to do, else the owner itself. */
static uint32_t choose(struct worker *w)
{
	struct fan *f = w->fan;
	uint32_t n = w->all->n;

	for (uint32_t i = 1; i < n; i++) {
		uint32_t to = (w->index + i) % n;
		bool is_free = w->all->fan_out == DATA_FAN_ALWAYS ||
			       !atomic_load_explicit(&w->all->workers[to].fan->is_busy, memory_order_relaxed);

		if (is_free && f->at[to] < FAN_DEPTH)
			return to;
	}
	return w->index;
}

/* ---- the line ----------------------------------------------------------------------------- */

/* While there is a line everything goes by it, of other SAs, too: a flow may have changed its SA by a rekey,
 * and nothing shall overtake. */
static struct job *job_for(struct worker *w, struct worker_sa *sa, size_t packets)
{
	struct fan *f = w->fan;
	struct job *j = f->unused;

	if (w->all->n == 1 || !j || (f->n == 0 && (packets < FAN_PACKETS || !is_wanted(w))))
		return NULL;
	f->unused = j->next;
	j->next = NULL;
	j->is_seal = j->is_done = false;
	j->owner = w->index;
	j->sa = sa;
	j->st = ST_OK;
	j->len = j->seg = j->inner_len = 0;
	j->n = 0;
	return j;
}

static void forget(struct worker *w, struct job *j)
{
	j->next = w->fan->unused;
	w->fan->unused = j;
}

static void cipher(struct job *j);

static void line_up(struct worker *w, struct job *j, size_t packets)
{
	struct fan *f = w->fan;

	if (f->last)
		f->last->next = j;
	else
		f->first = j;
	f->last = j;
	f->n++;
	j->helper = packets < FAN_PACKETS ? w->index : choose(w);
	if (j->helper != w->index && ring_push(&w->all->workers[j->helper].fan->work[w->index], j)) {
		f->at[j->helper]++;
		w->to_wake |= UINT64_C(1) << j->helper;
		return;
	}
	cipher(j);
	j->is_done = true;
}

/* With the line so long that no job is left a batch can only wait; helping others meanwhile, so that nobody
 * waits for one who waits. */
static bool must_wait(const struct worker *w)
{
	return w->fan->n > 0 && !w->fan->unused && !atomic_load_explicit(&w->all->stop, memory_order_relaxed);
}

/* The helper may have no core but this one. */
static void wait_turn(struct worker *w)
{
	if (!fan_turn(w))
		(void)sched_yield();
}

void fan_settle(struct worker *w)
{
	while (w->fan->n > 0 && !atomic_load_explicit(&w->all->stop, memory_order_relaxed))
		wait_turn(w);
}

bool fan_seal(struct worker *w, struct worker_sa *sa, struct pkt *k, const struct cut *cut, struct marks marks)
{
	size_t packets = cut_count(cut);
	struct job *j;

	while (must_wait(w))
		wait_turn(w);
	/* So many small segments are more than 64 KiB once they are sealed. */
	if (packets * esp_sealed_len(&sa->esp, cut_longest(cut)) > FAN_ROOM) {
		fan_settle(w);
		return false;
	}
	j = job_for(w, sa, packets);
	if (!j)
		return false;
	j->is_seal = true;
	j->k = k;
	j->cut = *cut;
	j->marks = marks;
	j->st = esp_seal_reserve(&sa->esp, packets, &j->seq);
	line_up(w, j, j->st ? 0 : packets);
	return true;
}

bool fan_open(struct worker *w, struct pkt *k)
{
	struct esp_sa *esp = sad_find(&w->tables.sad, k->spi);
	struct worker_sa *sa = esp ? CONTAINER_OF(esp, struct worker_sa, esp) : NULL;
	size_t step = k->seg ? k->seg : k->len, n = step ? (k->len + step - 1) / step : 0;
	struct job *j;

	if (!sa || n == 0 || n > UDP_TRAIN_MAX)
		return false;
	while (must_wait(w))
		wait_turn(w);
	j = job_for(w, sa, n);
	if (!j)
		return false;
	j->k = k;
	j->n = (unsigned)n;
	for (size_t i = 0; i < n; i++) {
		size_t at = i * step;

		j->parts[i].pkt = (struct span){k->p + at, k->len - at < step ? k->len - at : step};
		inbound_begin(w, k, &j->parts[i]);
	}
	line_up(w, j, n);
	return true;
}

/* ---- the work: any thread ----------------------------------------------------------------- */

#define LAID_MAX 32

static enum status seal_laid(const struct job *j, struct esp_job *laid, size_t n)
{
	return n == 0 || esp_seal_laid(&j->sa->esp, laid, n) ? ST_OK : ST_INTERNAL;
}

static void seal_all(struct job *j)
{
	const struct esp_sa *sa = &j->sa->esp;
	bool lays = esp_cipher_wants_many(sa->out);
	struct esp_job laid[LAID_MAX];
	uint64_t seq = j->seq;
	struct span one;
	size_t n = 0;

	for (; !j->st && cut_next(&j->cut, &one); seq++) {
		size_t len = esp_sealed_len(sa, one.len);

		if (j->len + len > FAN_ROOM) {
			j->st = ST_ESP_TOO_BIG;
			break;
		}
		laid[n].pkt = j->room + j->len;
		j->st = lays ? esp_seal_lay_numbered(sa, seq, one, &laid[n++]) :
			       esp_seal_numbered(sa, seq, one, j->room + j->len);
		if (j->st)
			break;
		if (j->n++ == 0)
			j->seg = len;
		j->len += len;
		j->inner_len += one.len;
		if (n == LAID_MAX) {
			j->st = seal_laid(j, laid, n);
			n = 0;
		}
	}
	if (!j->st)
		j->st = seal_laid(j, laid, n);
	/* Without its cipher nothing of it may leave. */
	if (j->st)
		j->n = 0;
}

static void cipher(struct job *j)
{
	if (j->is_seal) {
		seal_all(j);
		return;
	}
	esp_decipher_many(j->parts, j->n);
}

static bool help(struct worker *w)
{
	struct worker_shared *all = w->all;
	bool any = false;
	struct job *j;

	for (uint32_t from = 0; from < all->n; from++) {
		while ((j = ring_pop(&w->fan->work[from]))) {
			cipher(j);
			stats_add(&w->stats, CT_FAN_OUT, j->n);
			/* Has room for all jobs of that owner. */
			(void)ring_push(&all->workers[from].fan->back[w->index], j);
			w->to_wake |= UINT64_C(1) << from;
			any = true;
		}
	}
	return any;
}

/* ---- the end: the owner ------------------------------------------------------------------- */

static void end_job(struct worker *w, struct job *j)
{
	if (j->is_seal) {
		outbound_sealed(w, j);
		worker_release(w, j->k);
	} else {
		inbound_opened(w, j);
	}
}

static void return_late(struct worker *w)
{
	struct fan *f = w->fan;
	struct cmd *c;

	/* The distance is small, whatever the numbers are. */
	while ((c = f->late) && (int32_t)((uint32_t)f->ended - c->after) >= 0) {
		f->late = c->next;
		worker_return(w, c);
	}
}

static bool end_all(struct worker *w)
{
	struct fan *f = w->fan;
	bool any = false;
	struct job *j;

	for (uint32_t i = 0; i < w->all->n; i++) {
		while ((j = ring_pop(&f->back[i]))) {
			f->at[i]--;
			j->is_done = true;
		}
	}
	while ((j = f->first) && j->is_done) {
		f->first = j->next;
		if (!f->first)
			f->last = NULL;
		f->n--;
		f->ended++;
		end_job(w, j);
		forget(w, j);
		any = true;
	}
	/* What waits for the end of a batch with the second priority (llq.c) goes on waiting: it may be what is
	 * being emptied just now. */
	if (any) {
		outbound_flush(w);
		inbound_flush(w);
	}
	return_late(w);
	return any;
}

bool fan_turn(struct worker *w)
{
	bool any;

	if (w->all->n == 1)
		return false;
	any = help(w);
	any |= end_all(w);
	worker_announce(w);
	return any;
}

bool fan_has_work(const struct worker *w)
{
	const struct fan *f = w->fan;

	for (uint32_t i = 0; i < w->all->n; i++) {
		if (!ring_empty(&f->work[i]) || !ring_empty(&f->back[i]))
			return true;
	}
	return f->first && f->first->is_done;
}

bool fan_has(const struct worker *w, const struct worker_sa *sa)
{
	const struct job *j = w->fan->first;

	while (j && j->sa != sa)
		j = j->next;
	return j;
}

bool fan_may_return(struct worker *w, struct cmd *c)
{
	struct fan *f = w->fan;

	if (f->n == 0 || (c->kind != CMD_CHILD_DEL && c->kind != CMD_PORT_DEL))
		return true;
	/* Jobs that come later do not find what is gone. */
	c->after = (uint32_t)f->ended + f->n;
	c->next = NULL;
	if (f->late)
		f->late_last->next = c;
	else
		f->late = c;
	f->late_last = c;
	return false;
}

/* ---- beginning and end -------------------------------------------------------------------- */

static enum status rings_new(struct ring **out, uint32_t n)
{
	enum status st = ST_OK;

	*out = pages_new(n * sizeof(struct ring));
	if (!*out)
		return ST_NOMEM;
	for (uint32_t i = 0; i < n && !st; i++)
		st = ring_init(&(*out)[i], FAN_JOBS);
	return st;
}

static void rings_free(struct ring *r, uint32_t n)
{
	for (uint32_t i = 0; r && i < n; i++)
		ring_fini(&r[i]);
	pages_free(r, n * sizeof(struct ring));
}

enum status fan_init(struct worker *w)
{
	struct fan *f = mem_new(sizeof(*f));
	enum status st;

	w->fan = f;
	if (!f)
		return ST_NOMEM;
	if (w->all->n == 1)
		return ST_OK;
	f->jobs = pages_new(FAN_JOBS * sizeof(*f->jobs));
	f->rooms = pages_new((size_t)FAN_JOBS * FAN_ROOM);
	if (!f->jobs || !f->rooms)
		return ST_NOMEM;
	for (size_t i = FAN_JOBS; i > 0; i--) {
		f->jobs[i - 1].room = f->rooms + (i - 1) * FAN_ROOM;
		forget(w, &f->jobs[i - 1]);
	}
	st = rings_new(&f->work, w->all->n);
	return st ? st : rings_new(&f->back, w->all->n);
}

void fan_fini(struct worker *w)
{
	struct fan *f = w->fan;

	if (!f)
		return;
	rings_free(f->work, w->all->n);
	rings_free(f->back, w->all->n);
	pages_free(f->jobs, FAN_JOBS * sizeof(*f->jobs));
	pages_free(f->rooms, (size_t)FAN_JOBS * FAN_ROOM);
	mem_free(f);
	w->fan = NULL;
}
