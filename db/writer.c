#include "db/writer.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/ring.h"

#define BATCH_MAX 2048
#define RETRY_MS  1000 /* between attempts while the store does not work */
#define STUCK_MS  10   /* until answers that found no room are tried again */
#define KEPT_LAZY 1024  /* events and failures that wait for the store to work again: the first ones */
#define KEPT_ACCT 20000 /* accounting records: the last ones */
#define FOREVER   UINT64_MAX

struct queue {
	struct msg *head;
	struct msg **tail;
	size_t n;
};

struct writer {
	void *block; /* the allocation: rings want whole cache lines */
	/* both threads */
	struct ring in;
	struct ring back;
	int in_fd;
	int back_fd;
	atomic_bool stop;
	atomic_bool failing; /* nothing can be written now; the writer changes it */
	_Atomic uint64_t commits, done_rows, waiting, lost, acct_lost;
	pthread_t thread;
	bool running;
	/* the writer's own */
	char dir[3072];
	struct writer_options options;
	struct rows *rows; /* NULL: to be opened again */
	struct queue kept;  /* of batches that failed, before everything in batch */
	struct queue batch;
	struct queue traffic; /* between batches, one at a time: no login waits for a round of all */
	struct queue answers;
	size_t kept_lazy; /* in kept */
	size_t kept_acct;
	size_t waiters;     /* in batch */
	uint64_t since_ms;  /* first message of the batch came */
	uint64_t waiter_ms; /* first one that waits for an answer came */
	uint64_t retry_at_ms;
	uint64_t remark_ms; /* last notice about a single message */
	bool pruning;
	struct msg_prune prune;
	bool anonymizing;
	struct msg_prune anonymize;
	bool told_acct; /* that records were given up */
};

static uint64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void queue_init(struct queue *q)
{
	*q = (struct queue){.tail = &q->head};
}

static void queue_push(struct queue *q, struct msg *m)
{
	m->next = NULL;
	*q->tail = m;
	q->tail = &m->next;
	q->n++;
}

static struct msg *queue_pop(struct queue *q)
{
	struct msg *m = q->head;

	if (!m)
		return NULL;
	q->head = m->next;
	if (!q->head)
		q->tail = &q->head;
	q->n--;
	return m;
}

static void wake(int fd)
{
	uint64_t one = 1;

	/* Fails only when the counter is full, and then the other side is awake. */
	ssize_t n = write(fd, &one, sizeof(one));
	(void)n;
}

static void wake_clear(int fd)
{
	uint64_t v;
	ssize_t n = read(fd, &v, sizeof(v));
	(void)n;
}

/* ---- answers -------------------------------------------------------------------------------- */

static void notice(struct writer *w, enum status st, const char *text)
{
	struct msg *m = msg_new(MSG_NOTICE);

	if (!m)
		return;
	m->status = st;
	snprintf(m->u.notice.text, sizeof(m->u.notice.text), "%s", text);
	queue_push(&w->answers, m);
}

/* What the loop waits for goes back, the rest has served. */
static void finish(struct writer *w, struct msg *m)
{
	if (msg_is_answered(m))
		queue_push(&w->answers, m);
	else
		msg_free(m);
}

static bool ring_is_full(struct writer *w)
{
	return ring_room(&w->back) == 0; /* only we push: what is free stays free */
}

static void return_answers(struct writer *w)
{
	struct msg *m;
	bool any = false;

	/* Once pushed a message is the loop's, which may free it at once: unlinked before. */
	while (!ring_is_full(w) && (m = queue_pop(&w->answers))) {
		(void)ring_push(&w->back, m);
		any = true;
	}
	if (any)
		wake(w->back_fd);
}

/* ---- a transaction -------------------------------------------------------------------------- */

/* A message that contradicts the file: refused alone, and said at most once a second. */
static void refuse_one(struct writer *w, struct msg *m, const char *detail)
{
	char text[512];

	m->status = ST_STORE;
	if (clock_ms() - w->remark_ms < 1000 && w->remark_ms)
		return;
	w->remark_ms = clock_ms();
	if (m->kind == MSG_UP)
		snprintf(text, sizeof(text),
			"session %s refused: address %s %s is held by another session (%.80s)",
			m->u.up.row.ulid, m->u.up.row.ip4, m->u.up.row.ip6, detail);
	else
		snprintf(text, sizeof(text), "a row was refused: %.160s", detail);
	notice(w, ST_STORE, text);
}

static enum status write_queue(struct writer *w, struct queue *q, char *detail)
{
	enum status st = ST_OK;

	for (struct msg *m = q->head; m && st == ST_OK; m = m->next) {
		m->status = ST_OK;
		st = rows_apply(w->rows, m, detail);
		if (st == ST_EXISTS) {
			refuse_one(w, m, detail);
			st = ST_OK;
		}
	}
	return st;
}

static enum status write_batch(struct writer *w, char *detail)
{
	enum status st = ST_OK;

	if (!w->rows)
		w->rows = rows_open(w->dir, &w->options.rows, &st, detail);
	if (w->rows)
		st = rows_begin(w->rows, detail);
	if (st == ST_OK)
		st = write_queue(w, &w->kept, detail);
	if (st == ST_OK)
		st = write_queue(w, &w->batch, detail);
	return st == ST_OK ? rows_commit(w->rows, detail) : st;
}

/* Said once, until nothing waits any more. */
static void tell_acct(struct writer *w)
{
	bool is_empty;
	uint64_t n = rows_acct_lost(w->rows, &is_empty);
	char text[STORE_TEXT];

	atomic_fetch_add_explicit(&w->acct_lost, n, memory_order_relaxed);
	if (n && !w->told_acct) {
		snprintf(text, sizeof(text),
			"accounting records are given up: more than %u wait, or they are older than "
			"%u days",
			w->options.rows.acct_max, w->options.rows.acct_days);
		notice(w, ST_LIMIT, text);
	}
	w->told_acct = n || (w->told_acct && !is_empty);
}

static void batch_written(struct writer *w)
{
	struct msg *m;

	atomic_fetch_add_explicit(&w->commits, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&w->done_rows, w->batch.n + w->kept.n, memory_order_relaxed);
	while ((m = queue_pop(&w->kept)))
		finish(w, m);
	while ((m = queue_pop(&w->batch)))
		finish(w, m);
	w->kept_lazy = w->kept_acct = 0;
	tell_acct(w);
	if (w->failing)
		notice(w, ST_OK, "the store works again");
	w->failing = false;
}

static void drop(struct writer *w, struct msg *m)
{
	_Atomic uint64_t *n = m->kind == MSG_ACCT_PUT ? &w->acct_lost : &w->lost;

	atomic_fetch_add_explicit(n, 1, memory_order_relaxed);
	msg_free(m);
}

/* Who waits is told. Kept is what nobody would ask for again: ends, because an address whose release
 * was forgotten is lost; and of events the first ones, which say how the trouble began. */
static void keep_or_drop(struct writer *w, struct msg *m)
{
	bool is_lazy = m->kind == MSG_EVENT || m->kind == MSG_FAILURE;

	m->status = ST_STORE;
	if (msg_is_answered(m)) {
		finish(w, m);
	} else if (msg_is_kept(m) || (is_lazy && w->kept_lazy < KEPT_LAZY)) {
		w->kept_lazy += is_lazy;
		w->kept_acct += m->kind == MSG_ACCT_PUT;
		queue_push(&w->kept, m);
	} else {
		drop(w, m);
	}
}

/* The oldest accounting records go, when the disk is away for very long. */
static void limit_kept_acct(struct writer *w)
{
	struct queue all = w->kept;
	struct msg *m;

	if (w->kept_acct <= KEPT_ACCT)
		return;
	queue_init(&w->kept);
	while ((m = queue_pop(&all))) {
		if (m->kind == MSG_ACCT_PUT && w->kept_acct > KEPT_ACCT) {
			w->kept_acct--;
			drop(w, m);
		} else {
			queue_push(&w->kept, m);
		}
	}
}

/* Nothing of it is in the file. */
static void batch_failed(struct writer *w, const char *detail)
{
	struct msg *m;

	if (w->rows) {
		rows_rollback(w->rows);
		rows_close(w->rows);
		w->rows = NULL;
	}
	while ((m = queue_pop(&w->batch)))
		keep_or_drop(w, m);
	while ((m = queue_pop(&w->traffic)))
		keep_or_drop(w, m);
	limit_kept_acct(w);
	if (!w->failing)
		notice(w, ST_STORE, detail);
	w->failing = true;
	w->retry_at_ms = clock_ms() + RETRY_MS;
}

static void flush(struct writer *w)
{
	char detail[DB_DETAIL] = "";

	if (write_batch(w, detail) == ST_OK)
		batch_written(w);
	else
		batch_failed(w, detail);
	w->waiters = 0;
	w->since_ms = clock_ms();
	atomic_store_explicit(&w->waiting, w->kept.n, memory_order_relaxed);
	return_answers(w);
	if (w->rows)
		rows_checkpoint(w->rows);
}

/* ---- the thread ----------------------------------------------------------------------------- */

static bool take_idle_work(struct writer *w, struct msg *m)
{
	bool is_prune = m->kind == MSG_PRUNE;

	if (!is_prune && m->kind != MSG_ANONYMIZE)
		return false;
	*(is_prune ? &w->pruning : &w->anonymizing) = true;
	*(is_prune ? &w->prune : &w->anonymize) = m->u.prune;
	msg_free(m);
	return true;
}

static void collect(struct writer *w, uint64_t now)
{
	struct msg *m;

	while (w->batch.n < BATCH_MAX && (m = ring_pop(&w->in))) {
		if (take_idle_work(w, m))
			continue;
		if (m->kind == MSG_TRAFFIC) {
			queue_push(&w->traffic, m);
			continue;
		}
		if (w->batch.n == 0)
			w->since_ms = now;
		if (msg_is_answered(m) && w->waiters++ == 0)
			w->waiter_ms = now;
		queue_push(&w->batch, m);
	}
}

/* When the batch has to be written; FOREVER when there is nothing in it. */
static uint64_t flush_at(const struct writer *w, uint64_t now)
{
	if (w->batch.n == 0)
		return w->kept.n == 0 ? FOREVER : atomic_load(&w->stop) ? now : w->retry_at_ms;
	if (w->batch.n >= BATCH_MAX || atomic_load(&w->stop))
		return now;
	if (w->waiters) /* more is coming: worth the wait; otherwise waiting helps nobody */
		return ring_empty(&w->in) ? now : w->waiter_ms + w->options.group_ms;
	if (w->failing)
		return w->retry_at_ms;
	return w->since_ms + w->options.lazy_ms;
}

/* What fails here is left until it is asked for again. */
static void idle_work(struct writer *w)
{
	char detail[DB_DETAIL];

	if (!w->rows) {
		w->pruning = w->anonymizing = false;
	} else if (w->pruning) {
		if (rows_prune(w->rows, &w->prune, &w->pruning, detail) != ST_OK)
			w->pruning = false;
		tell_acct(w);
	} else if (rows_anonymize(w->rows, &w->anonymize, &w->anonymizing, detail) != ST_OK) {
		w->anonymizing = false;
	}
	if (w->rows)
		rows_checkpoint(w->rows);
	return_answers(w);
}

/* Two hundred sessions, and what was to be written soon anyway. */
static void write_traffic(struct writer *w)
{
	queue_push(&w->batch, queue_pop(&w->traffic));
	flush(w);
}

/* At the end all of it goes with the last batch. */
static void traffic_is_last(struct writer *w)
{
	struct msg *m;

	while ((m = queue_pop(&w->traffic)))
		queue_push(&w->batch, m);
}

static void sleep_until(struct writer *w, uint64_t at, uint64_t now)
{
	struct pollfd p = {.fd = w->in_fd, .events = POLLIN};
	uint64_t ms = at == FOREVER ? FOREVER : at > now ? at - now : 0;

	if (w->answers.n && ms > STUCK_MS)
		ms = STUCK_MS;
	if (poll(&p, 1, ms > 60000 ? 60000 : (int)ms) > 0)
		wake_clear(w->in_fd);
}

static void *writer_main(void *arg)
{
	struct writer *w = arg;

	for (;;) {
		uint64_t now = clock_ms();
		/* Read before the ring: what was pushed before the stop is then seen. */
		bool stop = atomic_load(&w->stop);
		collect(w, now);
		return_answers(w);
		if (stop && ring_empty(&w->in))
			traffic_is_last(w);
		uint64_t at = flush_at(w, now);
		if (at <= now) {
			flush(w);
			if (stop && ring_empty(&w->in))
				break; /* what failed now has had its last chance */
		} else if (stop && ring_empty(&w->in)) {
			break;
		} else if (w->traffic.n && !w->failing) {
			write_traffic(w);
		} else if ((w->pruning || w->anonymizing) && !w->failing) {
			idle_work(w);
		} else if (ring_empty(&w->in)) {
			sleep_until(w, at, now);
		}
	}
	return_answers(w);
	return NULL;
}

static bool start_thread(struct writer *w)
{
	sigset_t all, old;

	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	w->running = pthread_create(&w->thread, NULL, writer_main, w) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return w->running;
}

static struct writer *writer_alloc(void)
{
	const size_t line = _Alignof(struct writer);
	char *block = mem_new(sizeof(struct writer) + line);
	struct writer *w;

	if (!block)
		return NULL;
	w = (struct writer *)(void *)(block + (line - (uintptr_t)block % line) % line);
	w->block = block;
	return w;
}

struct writer *writer_new(const char *dir, const struct writer_options *options, enum status *why,
	char detail[DB_DETAIL])
{
	struct writer *w = writer_alloc();

	*why = ST_NOMEM;
	snprintf(
		detail, DB_DETAIL, "the writer of the store cannot start: no memory or no threads");
	if (!w)
		return NULL;
	queue_init(&w->kept);
	queue_init(&w->batch);
	queue_init(&w->traffic);
	queue_init(&w->answers);
	w->options = *options;
	w->in_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->back_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int n = snprintf(w->dir, sizeof(w->dir), "%s", dir);
	if (w->in_fd < 0 || w->back_fd < 0 || n < 0 || (size_t)n >= sizeof(w->dir) ||
		ring_init(&w->in, options->ring_slots) || ring_init(&w->back, options->ring_slots))
		goto fail;
	w->rows = rows_open(dir, &options->rows, why, detail);
	if (!w->rows)
		goto fail;
	if (rows_remark(w->rows)[0])
		notice(w, ST_EXISTS, rows_remark(w->rows));
	if (start_thread(w))
		return w;
	*why = ST_NOMEM;
fail:
	writer_free(w);
	return NULL;
}

void writer_stop(struct writer *w)
{
	if (!w->running)
		return;
	atomic_store(&w->stop, true);
	wake(w->in_fd);
	pthread_join(w->thread, NULL);
	w->running = false;
}

void writer_free(struct writer *w)
{
	struct msg *m;

	if (!w)
		return;
	rows_close(w->rows);
	while ((m = queue_pop(&w->kept)))
		msg_free(m);
	while ((m = queue_pop(&w->batch)))
		msg_free(m);
	while ((m = queue_pop(&w->traffic)))
		msg_free(m);
	while ((m = queue_pop(&w->answers)))
		msg_free(m);
	while (w->in.slots && (m = ring_pop(&w->in)))
		msg_free(m);
	while (w->back.slots && (m = ring_pop(&w->back)))
		msg_free(m);
	ring_fini(&w->in);
	ring_fini(&w->back);
	if (w->in_fd >= 0)
		close(w->in_fd);
	if (w->back_fd >= 0)
		close(w->back_fd);
	mem_free(w->block);
}

/* ---- the loop's side ------------------------------------------------------------------------ */

bool writer_push(struct writer *w, struct msg *m)
{
	if (!ring_push(&w->in, m))
		return false;
	wake(w->in_fd);
	return true;
}

struct msg *writer_pop(struct writer *w)
{
	struct msg *m = ring_pop(&w->back);

	/* Cleared only when there is nothing more; looked at again because an answer may have come
	 * between. After the thread ended, what found no room in the ring is taken from the queue.
	 */
	if (!m) {
		wake_clear(w->back_fd);
		m = ring_pop(&w->back);
	}
	if (!m && !w->running)
		m = queue_pop(&w->answers);
	return m;
}

size_t writer_room(struct writer *w)
{
	return ring_room(&w->in);
}

void writer_poke(struct writer *w)
{
	wake(w->back_fd);
}

int writer_fd(const struct writer *w)
{
	return w->back_fd;
}

void writer_counts(struct writer *w, struct writer_counts *out)
{
	out->commits = atomic_load_explicit(&w->commits, memory_order_relaxed);
	out->rows = atomic_load_explicit(&w->done_rows, memory_order_relaxed);
	out->waiting = atomic_load_explicit(&w->waiting, memory_order_relaxed);
	out->lost = atomic_load_explicit(&w->lost, memory_order_relaxed);
	out->acct_lost = atomic_load_explicit(&w->acct_lost, memory_order_relaxed);
	out->failing = atomic_load_explicit(&w->failing, memory_order_relaxed);
}
