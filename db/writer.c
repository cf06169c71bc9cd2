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
	_Atomic uint64_t commits, done_rows, waiting;
	pthread_t thread;
	bool running;
	/* the writer's own */
	char dir[3072];
	struct writer_options options;
	struct rows *rows; /* NULL: to be opened again */
	struct queue batch;
	struct queue answers;
	size_t waiters;     /* in batch */
	uint64_t since_ms;  /* first message of the batch came */
	uint64_t waiter_ms; /* first one that waits for an answer came */
	uint64_t retry_at_ms;
	uint64_t remark_ms; /* last notice about a single message */
	bool pruning;
	struct msg_prune prune;
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

/* ---- messages ------------------------------------------------------------------------------- */

struct msg *msg_new(enum msg_kind kind)
{
	struct msg *m = mem_new(sizeof(*m));

	if (m)
		m->kind = kind;
	return m;
}

void msg_free(struct msg *m)
{
	if (m && m->kind == MSG_RECONCILE)
		mem_free(m->u.reconcile.live);
	if (m && m->kind == MSG_UP)
		mem_free(m->u.up.record);
	if (m && m->kind == MSG_TRAFFIC)
		mem_free(m->u.traffic.v);
	if (m && m->kind == MSG_SECRET)
		mem_zero(&m->u.secret, sizeof(m->u.secret));
	mem_free(m);
}

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

static enum status write_batch(struct writer *w, char *detail)
{
	enum status st = ST_OK;

	if (!w->rows)
		w->rows = rows_open(w->dir, &w->options.rows, &st, detail);
	if (w->rows)
		st = rows_begin(w->rows, detail);
	for (struct msg *m = w->batch.head; m && st == ST_OK; m = m->next) {
		m->status = ST_OK;
		st = rows_apply(w->rows, m, detail);
		if (st == ST_EXISTS) {
			refuse_one(w, m, detail);
			st = ST_OK;
		}
	}
	return st == ST_OK ? rows_commit(w->rows, detail) : st;
}

static void batch_written(struct writer *w)
{
	struct msg *m;

	atomic_fetch_add_explicit(&w->commits, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&w->done_rows, w->batch.n, memory_order_relaxed);
	while ((m = queue_pop(&w->batch)))
		finish(w, m);
	if (w->failing)
		notice(w, ST_OK, "the store works again");
	w->failing = false;
}

/* Nothing of the batch is in the file. Who waits is told; ends are kept, because an address whose
 * release was forgotten is lost; the rest is not worth waiting for. */
static void batch_failed(struct writer *w, const char *detail)
{
	struct queue kept;
	struct msg *m;

	queue_init(&kept);
	if (w->rows) {
		rows_rollback(w->rows);
		rows_close(w->rows);
		w->rows = NULL;
	}
	while ((m = queue_pop(&w->batch))) {
		m->status = ST_STORE;
		if (m->kind == MSG_END || m->kind == MSG_WAIT || m->kind == MSG_USER)
			queue_push(&kept, m);
		else
			finish(w, m);
	}
	while ((m = queue_pop(&kept)))
		queue_push(&w->batch, m);
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
	atomic_store_explicit(&w->waiting, w->batch.n, memory_order_relaxed);
	return_answers(w);
	if (w->rows)
		rows_checkpoint(w->rows, !ring_empty(&w->in));
}

/* ---- the thread ----------------------------------------------------------------------------- */

static void collect(struct writer *w, uint64_t now)
{
	struct msg *m;

	while (w->batch.n < BATCH_MAX && (m = ring_pop(&w->in))) {
		if (m->kind == MSG_PRUNE) {
			w->pruning = true;
			w->prune = m->u.prune;
			msg_free(m);
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
		return FOREVER;
	if (w->batch.n >= BATCH_MAX || atomic_load(&w->stop))
		return now;
	if (w->waiters) /* more is coming: worth the wait; otherwise waiting helps nobody */
		return ring_empty(&w->in) ? now : w->waiter_ms + w->options.group_ms;
	if (w->failing)
		return w->retry_at_ms;
	return w->since_ms + w->options.lazy_ms;
}

static void prune_some(struct writer *w)
{
	char detail[DB_DETAIL];

	if (!w->rows || rows_prune(w->rows, &w->prune, &w->pruning, detail) != ST_OK)
		w->pruning = false; /* the next one comes by itself */
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
		uint64_t at = flush_at(w, now);
		if (at <= now) {
			flush(w);
			if (stop && ring_empty(&w->in))
				break; /* what failed now has had its last chance */
		} else if (stop && ring_empty(&w->in)) {
			break;
		} else if (w->pruning && !w->failing) {
			prune_some(w);
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
	queue_init(&w->batch);
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
		notice(w, ST_OK, rows_remark(w->rows));
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
	while ((m = queue_pop(&w->batch)))
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
	out->failing = atomic_load_explicit(&w->failing, memory_order_relaxed);
}
