/* tsan */
/* Job threads: results equal on both sides, bounds, cancelling, stopping in the middle. */
#include "modules/jobs/jobs.h"

#include <poll.h>
#include <stdlib.h>

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

int main(void)
{
	T_RUN(test_agreement);
	T_RUN(test_refusals);
	T_RUN(test_bounds);
	T_RUN(test_cancel);
	T_RUN(test_no_leaks);
	T_RUN(test_established_first);
	return t_end();
}
