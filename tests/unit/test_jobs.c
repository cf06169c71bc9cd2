/* tsan */
/* Job threads: results equal on both sides, bounds, cancelling, stopping in the middle. */
#include "modules/jobs/jobs.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "tests/lib/t.h"

#define N 40
#define GROUP 19

struct seen {
	struct ike_job_result results[N];
	int calls[N];
	int total;
};

static void on_done(void *ctx, uint64_t number, const struct ike_job_result *r)
{
	struct seen *s = ctx;
	s->total++;
	if (number < N) {
		s->calls[number]++;
		s->results[number] = *r;
	}
}

static bool wait_for(struct jobs *j, const struct seen *s, int total)
{
	for (int i = 0; s->total < total && i < 1000; i++) {
		struct pollfd p = {.fd = jobs_fd(j), .events = POLLIN};
		if (poll(&p, 1, 20) > 0)
			jobs_poll(j);
	}
	return s->total == total;
}

static void test_agreement(void)
{
	struct seen *s = calloc(1, sizeof(*s)), *t = calloc(1, sizeof(*t));
	struct jobs *j = jobs_new(2, N, on_done, s);
	struct jobs *k = jobs_new(1, N, on_done, t);
	T_TRUE(s && t && j && k);
	for (uint64_t i = 0; i < N; i++)
		T_EQ(jobs_put(j, i, &(struct ike_job){.kind = JOB_DH_GENERATE, .group = GROUP}), ST_OK);
	T_TRUE(wait_for(j, s, N));
	/* Neighbours agree on a secret. */
	for (uint64_t i = 0; i < N; i++) {
		const struct ike_job_result *mine = &s->results[i], *theirs = &s->results[i ^ 1];
		struct ike_job job = {.kind = JOB_DH_COMPUTE, .group = GROUP,
				      .private_len = mine->private_len, .public_len = theirs->public_len};
		T_EQ(mine->status, ST_OK);
		memcpy(job.private_key, mine->private_key, mine->private_len);
		memcpy(job.peer_public, theirs->public_key, theirs->public_len);
		T_EQ(jobs_put(k, i, &job), ST_OK);
	}
	T_TRUE(wait_for(k, t, N));
	for (int i = 0; i < N; i += 2) {
		T_ROW(i, "pair");
		T_EQ(t->calls[i], 1);
		T_EQ(t->results[i].status, ST_OK);
		T_EQ(t->results[i].secret_len, 32);
		T_MEM(t->results[i].secret, t->results[i + 1].secret, 32);
	}
	jobs_free(j);
	jobs_free(k);
	free(s);
	free(t);
}

static void test_refusals(void)
{
	struct seen *s = calloc(1, sizeof(*s));
	struct jobs *j = jobs_new(1, 4, on_done, s);
	T_TRUE(s && j);
	T_EQ(jobs_put(j, 0, &(struct ike_job){.kind = JOB_SIGN}), ST_CONFIG);
	T_EQ(jobs_put(j, 0, &(struct ike_job){.kind = JOB_DH_COMPUTE, .public_len = IKE_DH_MAX + 1}),
	     ST_INTERNAL);
	T_EQ(jobs_put(j, 0, &(struct ike_job){.kind = JOB_DH_GENERATE, .group = 9999}), ST_OK);
	T_EQ(jobs_put(j, 1, &(struct ike_job){.kind = JOB_DH_COMPUTE, .group = GROUP, .private_len = 3}),
	     ST_OK);
	T_TRUE(wait_for(j, s, 2));
	T_EQ(s->results[0].status, ST_NOT_FOUND);
	T_EQ(s->results[1].status, ST_INTERNAL);
	jobs_free(j);
	free(s);
}

/* The queue is full until results were taken; memory that fails costs one job. */
static void test_bounds(void)
{
	struct seen *s = calloc(1, sizeof(*s));
	struct jobs *j = jobs_new(1, 3, on_done, s);
	struct ike_job job = {.kind = JOB_DH_GENERATE, .group = GROUP};
	T_TRUE(s && j);
	mem_fail_at(1);
	T_EQ(jobs_put(j, 9, &job), ST_NOMEM);
	mem_fail_at(0);
	for (uint64_t i = 0; i < 3; i++)
		T_EQ(jobs_put(j, i, &job), ST_OK);
	T_EQ(jobs_put(j, 3, &job), ST_LIMIT);
	T_TRUE(wait_for(j, s, 3));
	T_EQ(jobs_put(j, 4, &job), ST_OK);
	T_TRUE(wait_for(j, s, 4));
	T_EQ(s->calls[3], 0);
	T_EQ(s->calls[4], 1);
	jobs_free(j);
	free(s);
}

static void test_cancel(void)
{
	struct seen *s = calloc(1, sizeof(*s));
	struct jobs *j = jobs_new(1, N, on_done, s);
	struct ike_job job = {.kind = JOB_DH_GENERATE, .group = 16};
	T_TRUE(s && j);
	for (uint64_t i = 0; i < 4; i++)
		T_EQ(jobs_put(j, i, &job), ST_OK);
	jobs_cancel(j, 1);
	jobs_cancel(j, 3);
	jobs_cancel(j, 77);
	T_TRUE(wait_for(j, s, 2));
	T_EQ(s->calls[0] + s->calls[2], 2);
	/* Whatever is still under way goes with the threads. */
	for (uint64_t i = 4; i < 20; i++)
		T_EQ(jobs_put(j, i, &job), ST_OK);
	jobs_free(j);
	T_EQ(s->calls[1] + s->calls[3], 0);
	free(s);
}

static void test_no_leaks(void)
{
	T_EQ(mem_live(), 0);
}

/* A burst of logins: what an established SA needs is done first, and has room left. */
static struct {
	uint64_t order[128];
	size_t n;
} done_in;

static void on_ordered(void *ctx, uint64_t number, const struct ike_job_result *r)
{
	done_in.order[done_in.n++] = number;
}

static void test_established_first(void)
{
	struct jobs *j = jobs_new(1, N, on_ordered, NULL);
	size_t at = 0, next = 0, in_a_row = 0;
	T_TRUE(j);
	done_in.n = 0;
	for (uint64_t i = 0; i < N; i++)
		T_EQ(jobs_put(j, i, &(struct ike_job){.kind = JOB_DH_GENERATE, .group = 16}), ST_OK);
	T_EQ(jobs_put(j, N, &(struct ike_job){.kind = JOB_DH_GENERATE, .group = 19}), ST_LIMIT);
	for (uint64_t i = 0; i < JOBS_RESERVED; i++)
		T_EQ(jobs_put(j, 100 + i, &(struct ike_job){.kind = JOB_DH_GENERATE, .is_established = true, .group = 19}), ST_OK);
	T_EQ(jobs_put(j, 200, &(struct ike_job){.kind = JOB_DH_GENERATE, .is_established = true, .group = 19}), ST_LIMIT);
	for (int i = 0; done_in.n < N + JOBS_RESERVED && i < 1000; i++) {
		struct pollfd p = {.fd = jobs_fd(j), .events = POLLIN};
		if (poll(&p, 1, 20) > 0)
			jobs_poll(j);
	}
	T_EQ(done_in.n, N + JOBS_RESERVED);
	/* Those of negotiations that the thread had done or in hand before; all others come after. */
	while (done_in.order[at] < N)
		at++;
	T_TRUE(at < N / 2);
	/* But for every fourth, while there are any. */
	for (size_t i = at, others = at; next < JOBS_RESERVED; i++) {
		if (done_in.order[i] < N) {
			T_EQ(in_a_row, 3);
			in_a_row = 0;
			others++;
			continue;
		}
		T_EQ(done_in.order[i], 100 + next);
		next++;
		T_TRUE(++in_a_row <= 3 || others == N);
	}
	T_EQ(jobs_put(j, 1, &(struct ike_job){.kind = JOB_DH_GENERATE, .group = 19}), ST_OK);
	jobs_free(j);
}

/* ---- borrowed objects --------------------------------------------------------------------------- */

#define LOANS 100

static struct loans {
	struct jobs *jobs;
	struct thing {
		unsigned runs; /* the borrower's, without a lock */
		unsigned wanted;
		int done, dropped;
		uint64_t number;
		int gate; /* descriptor that the thread waits for; -1: none */
	} v[LOANS];
	int done, dropped;
} loans;

static void run_thing(void *object)
{
	struct thing *t = object;
	struct pollfd p = {.fd = t->gate, .events = POLLIN};
	if (t->gate >= 0)
		(void)poll(&p, 1, 10000);
	t->runs++;
}

/* An object that comes back is the owner's: it may be lent again from inside. */
static void on_back(void *ctx, uint64_t number, void *object)
{
	struct loans *l = ctx;
	struct thing *t = object;
	if (t->number != number)
		return;
	if (t->runs < t->wanted && jobs_run(l->jobs, JOBS_EAP, number, run_thing, t) == ST_OK)
		return;
	t->done++;
	l->done++;
}

static void on_dropped(void *ctx, void *object)
{
	struct loans *l = ctx;
	((struct thing *)object)->dropped++;
	l->dropped++;
}

static void ignore(void *ctx, uint64_t number, const struct ike_job_result *r)
{
	++*(int *)ctx;
}

static struct jobs *lend(unsigned threads, int *dh_done)
{
	const struct jobs_owner owner = {on_back, on_dropped, &loans};
	struct jobs *j = jobs_new(threads, N, ignore, dh_done);
	loans = (struct loans){.jobs = j};
	for (uint64_t i = 0; i < LOANS; i++)
		loans.v[i] = (struct thing){.wanted = 1, .number = i, .gate = -1};
	if (j) {
		jobs_own(j, JOBS_EAP, &owner);
		jobs_own(j, JOBS_CHAIN, &owner);
	}
	return j;
}

static void poll_until(struct jobs *j, const int *n, int total)
{
	/* Patience ends when nothing comes any more, however slowly it came. */
	for (int idle = 0; *n < total && idle < 500;) {
		struct pollfd p = {.fd = jobs_fd(j), .events = POLLIN};
		int before = *n;
		if (poll(&p, 1, 20) > 0)
			jobs_poll(j);
		idle = *n == before ? idle + 1 : 0;
	}
}

static void test_borrowed(void)
{
	int dh = 0;
	struct jobs *j = lend(3, &dh);
	T_TRUE(j);
	for (uint64_t i = 0; i < LOANS; i++) {
		loans.v[i].wanted = 1 + (unsigned)i % 4;
		T_EQ(jobs_run(j, i % 2 ? JOBS_CHAIN : JOBS_EAP, i, run_thing, &loans.v[i]), ST_OK);
	}
	for (uint64_t i = 0; i < 10; i++)
		T_EQ(jobs_put(j, i, &(struct ike_job){.kind = JOB_DH_GENERATE, .group = GROUP}), ST_OK);
	poll_until(j, &loans.done, LOANS);
	poll_until(j, &dh, 10);
	T_EQ(loans.done, LOANS);
	T_EQ(dh, 10);
	for (int i = 0; i < LOANS; i++) {
		T_ROW(i, "object");
		T_EQ(loans.v[i].runs, loans.v[i].wanted);
		T_EQ(loans.v[i].done, 1);
	}
	T_EQ(jobs_waiting(j, JOBS_EAP) + jobs_waiting(j, JOBS_CHAIN), 0);
	jobs_free(j);
	T_EQ(loans.dropped, 0);
}

/* A thread that does not come back holds nobody else up, and what is dropped goes to its owner once: at once
 * when it waited, when the thread is done otherwise, and at the latest with the threads. */
static void test_drop(void)
{
	int dh = 0, gate[2];
	struct jobs *j = lend(2, &dh);
	T_TRUE(j && pipe(gate) == 0);
	for (uint64_t i = 0; i < 4; i++) {
		loans.v[i].gate = i == 0 ? gate[0] : -1;
		T_EQ(jobs_run(j, JOBS_EAP, i, run_thing, &loans.v[i]), ST_OK);
	}
	/* The other thread is not lent: Diffie-Hellman goes on. */
	for (uint64_t i = 0; i < 5; i++)
		T_EQ(jobs_put(j, i, &(struct ike_job){.kind = JOB_DH_GENERATE, .group = GROUP}), ST_OK);
	poll_until(j, &dh, 5);
	T_EQ(dh, 5);
	T_EQ(loans.done, 0);
	jobs_drop(j, JOBS_EAP, 0);
	jobs_drop(j, JOBS_EAP, 2);
	jobs_drop(j, JOBS_EAP, 2);
	jobs_drop(j, JOBS_CHAIN, 1); /* another lane's numbers */
	jobs_drop(j, JOBS_EAP, 77);
	T_EQ(loans.dropped, 0); /* not from inside */
	poll_until(j, &loans.dropped, 1);
	T_EQ(loans.v[2].dropped, 1);
	T_EQ(loans.v[2].runs, 0);
	T_EQ(loans.v[0].dropped, 0); /* a thread has it */
	T_EQ(jobs_waiting(j, JOBS_EAP), 3);
	T_EQ(write(gate[1], "x", 1), 1);
	poll_until(j, &loans.dropped, 2);
	poll_until(j, &loans.done, 2);
	T_EQ(loans.v[0].dropped, 1);
	T_EQ(loans.v[0].runs, 1);
	T_EQ(loans.v[0].done, 0);
	T_EQ(loans.done, 2);
	for (uint64_t i = 10; i < 30; i++)
		T_EQ(jobs_run(j, JOBS_EAP, i, run_thing, &loans.v[i]), ST_OK);
	jobs_drop(j, JOBS_EAP, 29);
	jobs_free(j);
	T_EQ(loans.done, 2);
	T_EQ(loans.dropped, 22);
	close(gate[0]);
	close(gate[1]);
}

static void test_lane_bounds(void)
{
	int dh = 0, gate[2];
	static struct thing many[JOBS_LANE_MAX + 1];
	struct jobs *j = jobs_new(1, N, ignore, &dh);
	T_TRUE(j && pipe(gate) == 0);
	T_EQ(jobs_run(j, JOBS_EAP, 1, run_thing, &many[0]), ST_CONFIG); /* nobody's */
	jobs_free(j);
	j = lend(1, &dh);
	T_TRUE(j);
	for (uint64_t i = 0; i <= JOBS_LANE_MAX; i++)
		many[i] = (struct thing){.number = i, .gate = i == 0 ? gate[0] : -1};
	mem_fail_at(1);
	T_EQ(jobs_run(j, JOBS_EAP, 0, run_thing, &many[0]), ST_NOMEM);
	mem_fail_at(0);
	for (uint64_t i = 0; i < JOBS_LANE_MAX; i++)
		T_EQ(jobs_run(j, JOBS_EAP, i, run_thing, &many[i]), ST_OK);
	T_EQ(jobs_run(j, JOBS_EAP, JOBS_LANE_MAX, run_thing, &many[JOBS_LANE_MAX]), ST_LIMIT);
	T_EQ(jobs_run(j, JOBS_CHAIN, 0, run_thing, &loans.v[0]), ST_OK); /* has a bound of its own */
	T_EQ(write(gate[1], "x", 1), 1);
	poll_until(j, &loans.done, JOBS_LANE_MAX + 1);
	T_EQ(loans.done, JOBS_LANE_MAX + 1);
	T_EQ(many[JOBS_LANE_MAX].runs, 0);
	jobs_free(j);
	close(gate[0]);
	close(gate[1]);
}

int main(void)
{
	T_RUN(test_agreement);
	T_RUN(test_refusals);
	T_RUN(test_bounds);
	T_RUN(test_cancel);
	T_RUN(test_established_first);
	T_RUN(test_borrowed);
	T_RUN(test_drop);
	T_RUN(test_lane_bounds);
	T_RUN(test_no_leaks);
	return t_end();
}
