#include "modules/jobs/jobs.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/list.h"
#include "core/base/mem.h"
#include "core/base/ring.h"
#include "core/crypto/dh.h"

#define THREADS_MAX 8
/* A login may wait, a packet may not. No more than this: beside packets that keep all cores busy, logins and rekeying still
 * have a quarter of a core. */
#define NICE 5

enum work_kind { WORK_DH, WORK_BORROWED };

/* What every job has. On its way: queue -> thread -> ring -> loop. Owned by whoever holds it; `all` and
 * `is_cancelled` belong to the loop. */
struct work {
	enum work_kind kind;
	struct list queued; /* under the lock; in none: a thread has it, or had it */
	struct list all;    /* loop: every job not yet delivered */
	uint64_t number;
	bool is_cancelled;
};

struct dh_work {
	struct work work;
	struct ike_job job;
	struct ike_job_result result;
};

struct loan {
	struct work work;
	enum jobs_lane lane;
	void (*run)(void *object);
	void *object;
};

struct worker {
	struct jobs *jobs;
	pthread_t thread;
	struct ring done; /* worker pushes, loop pops; has room for every job there can be */
};

struct lane {
	struct jobs_owner owner;
	struct list queue; /* under the lock */
	struct list all;   /* loop */
	size_t count;      /* loop */
};

/* No client that rekeys without end keeps everybody else from logging in. */
#define FAIR_SHARE 4
/* Lanes that take turns: the negotiations' Diffie-Hellman, and those of borrowed objects. */
#define TURNS (1 + JOBS_LANES)

struct jobs {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct list queue;       /* of negotiations */
	struct list established; /* done before them, but for every FAIR_SHARE-th */
	unsigned in_a_row;       /* of those, while the others waited */
	struct lane lanes[JOBS_LANES];
	unsigned turn;           /* whose it is, of TURNS: 0 is `queue` */
	unsigned n_lent;         /* threads that have a borrowed object now */
	bool is_stopping;
	int fd;
	size_t room; /* loop: jobs that may still be put, with what is reserved */
	struct list all;
	struct list dropped; /* loop: loans that no thread will have */
	jobs_done *on_done;
	void *ctx;
	unsigned n_workers;
	struct worker workers[THREADS_MAX];
};

static struct dh_work *dh_of(struct work *w)
{
	return CONTAINER_OF(w, struct dh_work, work);
}

static struct loan *loan_of(struct work *w)
{
	return CONTAINER_OF(w, struct loan, work);
}

static void do_generate(const struct xf *group, struct ike_job_result *r)
{
	r->status = dh_generate(group, NULL, r->private_key, r->public_key);
	r->private_len = group->private_len;
	r->public_len = group->public_len;
}

static void do_compute(const struct xf *group, const struct ike_job *job, struct ike_job_result *r)
{
	if (job->private_len != group->private_len) {
		r->status = ST_INTERNAL;
		return;
	}
	r->status = dh_compute(group, job->private_key, job->peer_public, job->public_len, r->secret);
	r->secret_len = group->secret_len;
}

static void do_dh(struct dh_work *w)
{
	const struct xf *group = suite_find(XF_DH, w->job.group, 0);
	if (!group)
		w->result.status = ST_NOT_FOUND;
	else if (w->job.kind == JOB_DH_GENERATE)
		do_generate(group, &w->result);
	else
		do_compute(group, &w->job, &w->result);
}

/* ---- whose turn it is --------------------------------------------------------------------------- */

/* A password hash may take a tenth of a second, a Diffie-Hellman a millisecond: one thread stays free. */
static bool may_lend(const struct jobs *j)
{
	return j->n_workers == 1 || j->n_lent + 1 < j->n_workers;
}

/* The next of the queues that take turns, NULL: all are empty or may not be served now. */
static struct list *next_in_turn(struct jobs *j)
{
	for (unsigned i = 0; i < TURNS; i++) {
		unsigned at = (j->turn + i) % TURNS;
		struct list *queue = at == 0 ? &j->queue : &j->lanes[at - 1].queue;
		if (list_empty(queue) || (at > 0 && !may_lend(j)))
			continue;
		j->turn = (at + 1) % TURNS;
		return queue;
	}
	return NULL;
}

static struct list *next_queue(struct jobs *j)
{
	unsigned turn = j->turn;
	struct list *other = next_in_turn(j);
	if (list_empty(&j->established)) {
		j->in_a_row = 0;
		return other;
	}
	if (other && j->in_a_row >= FAIR_SHARE - 1) {
		j->in_a_row = 0;
		return other;
	}
	j->turn = turn;
	j->in_a_row = other ? j->in_a_row + 1 : 0;
	return &j->established;
}

static struct work *next_work(struct jobs *j)
{
	struct work *w = NULL;
	struct list *queue = NULL;
	pthread_mutex_lock(&j->lock);
	while (!j->is_stopping && (queue = next_queue(j)) == NULL)
		pthread_cond_wait(&j->wake, &j->lock);
	if (!j->is_stopping) {
		w = CONTAINER_OF(queue->next, struct work, queued);
		list_del(&w->queued);
		j->n_lent += w->kind == WORK_BORROWED;
	}
	pthread_mutex_unlock(&j->lock);
	return w;
}

static void work_do(struct jobs *j, struct work *w)
{
	if (w->kind == WORK_DH) {
		do_dh(dh_of(w));
		return;
	}
	loan_of(w)->run(loan_of(w)->object);
	pthread_mutex_lock(&j->lock);
	j->n_lent--;
	/* One that may not be lent to before may be now. */
	pthread_cond_signal(&j->wake);
	pthread_mutex_unlock(&j->lock);
}

static void *worker_main(void *arg)
{
	struct worker *me = arg;
	struct work *w;
	(void)!nice(NICE); /* of this thread alone */
	while ((w = next_work(me->jobs)) != NULL) {
		work_do(me->jobs, w);
		/* The ring holds as many as may be under way, so this succeeds. */
		(void)ring_push(&me->done, w);
		(void)eventfd_write(me->jobs->fd, 1);
		mem_forget_registers();
	}
	return NULL;
}

static bool start_worker(struct jobs *j, size_t queue_len)
{
	struct worker *w = &j->workers[j->n_workers];
	w->jobs = j;
	if (ring_init(&w->done, queue_len + JOBS_RESERVED + (size_t)JOBS_LANES * JOBS_LANE_MAX + 1) != ST_OK)
		return false;
	if (pthread_create(&w->thread, NULL, worker_main, w) != 0) {
		ring_fini(&w->done);
		return false;
	}
	(void)pthread_setname_np(w->thread, "jobs");
	j->n_workers++;
	return true;
}

struct jobs *jobs_new(unsigned threads, size_t queue_len, jobs_done *done, void *ctx)
{
	struct jobs *j = mem_new(sizeof(*j));
	if (!j)
		return NULL;
	*j = (struct jobs){.room = queue_len + JOBS_RESERVED, .on_done = done, .ctx = ctx};
	pthread_mutex_init(&j->lock, NULL);
	pthread_cond_init(&j->wake, NULL);
	list_init(&j->queue);
	list_init(&j->established);
	list_init(&j->all);
	list_init(&j->dropped);
	for (unsigned i = 0; i < JOBS_LANES; i++) {
		list_init(&j->lanes[i].queue);
		list_init(&j->lanes[i].all);
	}
	j->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	/* Signals belong to the loop. */
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	bool ok = j->fd >= 0;
	/* They look at how many they are. */
	pthread_mutex_lock(&j->lock);
	for (unsigned i = 0; ok && i < threads && i < THREADS_MAX; i++)
		ok = start_worker(j, queue_len);
	pthread_mutex_unlock(&j->lock);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!ok || j->n_workers == 0) {
		jobs_free(j);
		return NULL;
	}
	return j;
}

/* The object goes back to its owner, as done or dropped. */
static void give_back(struct jobs *j, struct loan *l)
{
	struct lane *lane = &j->lanes[l->lane];
	const struct jobs_owner *o = &lane->owner;
	const struct loan was = *l;
	list_del(&l->work.all);
	lane->count--;
	mem_free(l);
	if (was.work.is_cancelled)
		o->dropped(o->ctx, was.object);
	else
		o->done(o->ctx, was.work.number, was.object);
}

static void forget(struct work *w)
{
	mem_free_secret(dh_of(w), sizeof(struct dh_work));
}

void jobs_free(struct jobs *j)
{
	if (!j)
		return;
	pthread_mutex_lock(&j->lock);
	j->is_stopping = true;
	pthread_cond_broadcast(&j->wake);
	pthread_mutex_unlock(&j->lock);
	for (unsigned i = 0; i < j->n_workers; i++) {
		pthread_join(j->workers[i].thread, NULL);
		ring_fini(&j->workers[i].done);
	}
	LIST_EACH_SAFE(at, &j->all)
		forget(CONTAINER_OF(at, struct work, all));
	for (unsigned i = 0; i < JOBS_LANES; i++) {
		while (!list_empty(&j->lanes[i].all)) {
			struct work *w = CONTAINER_OF(j->lanes[i].all.next, struct work, all);
			w->is_cancelled = true;
			give_back(j, loan_of(w));
		}
	}
	if (j->fd >= 0)
		close(j->fd);
	pthread_cond_destroy(&j->wake);
	pthread_mutex_destroy(&j->lock);
	mem_free(j);
}

static void enqueue(struct jobs *j, struct list *queue, struct work *w)
{
	pthread_mutex_lock(&j->lock);
	list_push_back(queue, &w->queued);
	pthread_cond_signal(&j->wake);
	pthread_mutex_unlock(&j->lock);
}

/* ---- Diffie-Hellman ----------------------------------------------------------------------------- */

enum status jobs_put(struct jobs *j, uint64_t number, const struct ike_job *job)
{
	if (job->kind != JOB_DH_GENERATE && job->kind != JOB_DH_COMPUTE)
		return ST_CONFIG;
	if (job->private_len > IKE_DH_MAX || job->public_len > IKE_DH_MAX)
		return ST_INTERNAL;
	if (j->room <= (job->is_established ? 0 : JOBS_RESERVED))
		return ST_LIMIT;
	struct dh_work *w = mem_new(sizeof(*w));
	if (!w)
		return ST_NOMEM;
	w->work = (struct work){.kind = WORK_DH, .number = number};
	w->job = *job;
	list_init(&w->work.queued);
	list_push_back(&j->all, &w->work.all);
	j->room--;
	enqueue(j, job->is_established ? &j->established : &j->queue, &w->work);
	return ST_OK;
}

void jobs_cancel(struct jobs *j, uint64_t number)
{
	LIST_EACH(at, &j->all) {
		struct work *w = CONTAINER_OF(at, struct work, all);
		if (w->number == number)
			w->is_cancelled = true;
	}
}

/* ---- borrowed objects --------------------------------------------------------------------------- */

void jobs_own(struct jobs *j, enum jobs_lane lane, const struct jobs_owner *owner)
{
	j->lanes[lane].owner = *owner;
}

enum status jobs_run(struct jobs *j, enum jobs_lane lane, uint64_t number, void (*run)(void *object),
		     void *object)
{
	struct lane *l = &j->lanes[lane];
	if (!l->owner.done)
		return ST_CONFIG;
	if (l->count >= JOBS_LANE_MAX)
		return ST_LIMIT;
	struct loan *loan = mem_new(sizeof(*loan));
	if (!loan)
		return ST_NOMEM;
	*loan = (struct loan){.work = {.kind = WORK_BORROWED, .number = number}, .lane = lane, .run = run,
			      .object = object};
	list_init(&loan->work.queued);
	list_push_back(&l->all, &loan->work.all);
	l->count++;
	enqueue(j, &l->queue, &loan->work);
	return ST_OK;
}

/* True: it was still waiting, and no thread will take it. */
static bool take_back(struct jobs *j, struct work *w)
{
	pthread_mutex_lock(&j->lock);
	bool was_waiting = !list_empty(&w->queued);
	list_del(&w->queued);
	pthread_mutex_unlock(&j->lock);
	return was_waiting;
}

void jobs_drop(struct jobs *j, enum jobs_lane lane, uint64_t number)
{
	LIST_EACH_SAFE(at, &j->lanes[lane].all) {
		struct work *w = CONTAINER_OF(at, struct work, all);
		if (w->number != number || w->is_cancelled)
			continue;
		w->is_cancelled = true;
		if (!take_back(j, w))
			continue;
		list_push_back(&j->dropped, &w->queued);
		(void)eventfd_write(j->fd, 1);
	}
}

size_t jobs_waiting(const struct jobs *j, enum jobs_lane lane)
{
	return j->lanes[lane].count;
}

/* ---- the way back ------------------------------------------------------------------------------- */

int jobs_fd(const struct jobs *j)
{
	return j->fd;
}

static void deliver(struct jobs *j, struct work *w)
{
	if (w->kind == WORK_BORROWED) {
		give_back(j, loan_of(w));
		return;
	}
	list_del(&w->all);
	j->room++;
	if (!w->is_cancelled)
		j->on_done(j->ctx, w->number, &dh_of(w)->result);
	forget(w);
}

void jobs_poll(struct jobs *j)
{
	eventfd_t n;
	(void)eventfd_read(j->fd, &n);
	while (!list_empty(&j->dropped)) {
		struct work *w = CONTAINER_OF(j->dropped.next, struct work, queued);
		list_del(&w->queued);
		give_back(j, loan_of(w));
	}
	for (unsigned i = 0; i < j->n_workers; i++) {
		struct work *w;
		while ((w = ring_pop(&j->workers[i].done)) != NULL)
			deliver(j, w);
	}
}
