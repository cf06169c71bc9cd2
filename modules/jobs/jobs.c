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

/* One job on its way: queue -> thread -> ring -> loop. Owned by whoever holds it; `all` and
 * `is_cancelled` belong to the loop. */
struct work {
	struct list queued; /* under the lock */
	struct list all;    /* loop: every job not yet delivered */
	uint64_t number;
	bool is_cancelled;
	struct ike_job job;
	struct ike_job_result result;
};

struct worker {
	struct jobs *jobs;
	pthread_t thread;
	struct ring done; /* worker pushes, loop pops; has room for every job there can be */
};

/* No client that rekeys without end keeps everybody else from logging in. */
#define FAIR_SHARE 4

struct jobs {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct list queue;       /* of negotiations */
	struct list established; /* done before them, but for every FAIR_SHARE-th */
	unsigned in_a_row;       /* of those, while the others waited */
	bool is_stopping;
	int fd;
	size_t room; /* loop: jobs that may still be put, with what is reserved */
	struct list all;
	jobs_done *on_done;
	void *ctx;
	unsigned n_workers;
	struct worker workers[THREADS_MAX];
};

static void work_free(struct work *w)
{
	mem_free_secret(w, sizeof(*w));
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

static void work_do(struct work *w)
{
	const struct xf *group = suite_find(XF_DH, w->job.group, 0);
	if (!group)
		w->result.status = ST_NOT_FOUND;
	else if (w->job.kind == JOB_DH_GENERATE)
		do_generate(group, &w->result);
	else
		do_compute(group, &w->job, &w->result);
}

static struct work *next_work(struct jobs *j)
{
	struct work *w = NULL;
	pthread_mutex_lock(&j->lock);
	while (list_empty(&j->queue) && list_empty(&j->established) && !j->is_stopping)
		pthread_cond_wait(&j->wake, &j->lock);
	if (!j->is_stopping) {
		bool is_turn = !list_empty(&j->queue) && j->in_a_row >= FAIR_SHARE - 1;
		struct list *first = is_turn || list_empty(&j->established) ? &j->queue : &j->established;
		j->in_a_row = first == &j->established && !list_empty(&j->queue) ? j->in_a_row + 1 : 0;
		w = CONTAINER_OF(first->next, struct work, queued);
		list_del(&w->queued);
	}
	pthread_mutex_unlock(&j->lock);
	return w;
}

static void *worker_main(void *arg)
{
	struct worker *me = arg;
	struct work *w;
	while ((w = next_work(me->jobs)) != NULL) {
		work_do(w);
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
	if (ring_init(&w->done, queue_len + JOBS_RESERVED + 1) != ST_OK)
		return false;
	if (pthread_create(&w->thread, NULL, worker_main, w) != 0) {
		ring_fini(&w->done);
		return false;
	}
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
	j->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	/* Signals belong to the loop. */
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	bool ok = j->fd >= 0;
	for (unsigned i = 0; ok && i < threads && i < THREADS_MAX; i++)
		ok = start_worker(j, queue_len);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!ok || j->n_workers == 0) {
		jobs_free(j);
		return NULL;
	}
	return j;
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
		work_free(CONTAINER_OF(at, struct work, all));
	if (j->fd >= 0)
		close(j->fd);
	pthread_cond_destroy(&j->wake);
	pthread_mutex_destroy(&j->lock);
	mem_free(j);
}

enum status jobs_put(struct jobs *j, uint64_t number, const struct ike_job *job)
{
	if (job->kind != JOB_DH_GENERATE && job->kind != JOB_DH_COMPUTE)
		return ST_CONFIG;
	if (job->private_len > IKE_DH_MAX || job->public_len > IKE_DH_MAX)
		return ST_INTERNAL;
	if (j->room <= (job->is_established ? 0 : JOBS_RESERVED))
		return ST_LIMIT;
	struct work *w = mem_new(sizeof(*w));
	if (!w)
		return ST_NOMEM;
	w->number = number;
	w->job = *job;
	list_init(&w->queued);
	list_push_back(&j->all, &w->all);
	j->room--;
	pthread_mutex_lock(&j->lock);
	list_push_back(job->is_established ? &j->established : &j->queue, &w->queued);
	pthread_cond_signal(&j->wake);
	pthread_mutex_unlock(&j->lock);
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

int jobs_fd(const struct jobs *j)
{
	return j->fd;
}

void jobs_poll(struct jobs *j)
{
	eventfd_t n;
	(void)eventfd_read(j->fd, &n);
	for (unsigned i = 0; i < j->n_workers; i++) {
		struct work *w;
		while ((w = ring_pop(&j->workers[i].done)) != NULL) {
			list_del(&w->all);
			j->room++;
			if (!w->is_cancelled)
				j->on_done(j->ctx, w->number, &w->result);
			work_free(w);
		}
	}
}
