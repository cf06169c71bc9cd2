/* tsan */
/* The single-producer single-consumer ring, alone and between two threads. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/ring.h"
#include "tests/lib/t.h"

static void fills_and_empties(void)
{
	struct ring r;
	int v[8];
	void *out[8];

	T_EQ(ring_init(&r, 5), ST_OK); /* becomes 8 */
	T_TRUE(ring_empty(&r) && ring_pop(&r) == NULL);
	for (int round = 0; round < 5; round++) {
		T_ROW(round, "round");
		T_EQ(ring_room(&r), 8);
		for (int i = 0; i < 8; i++)
			T_TRUE(ring_push(&r, &v[i]));
		T_TRUE(!ring_push(&r, &v[0]) && !ring_empty(&r));
		T_EQ(ring_room(&r), 0);
		T_TRUE(ring_pop(&r) == &v[0]);
		T_EQ(ring_room(&r), 1);
		T_EQ(ring_pop_many(&r, out, 3), 3);
		T_TRUE(out[0] == &v[1] && out[2] == &v[3]);
		T_TRUE(ring_push(&r, &v[0]));
		T_EQ(ring_pop_many(&r, out, 8), 5);
		T_TRUE(out[4] == &v[0]);
		T_EQ(ring_pop_many(&r, out, 8), 0);
		T_TRUE(ring_empty(&r));
	}
	ring_fini(&r);
}

static void init_without_memory(void)
{
	struct ring r;

	mem_fail_at(1);
	T_EQ(ring_init(&r, 8), ST_NOMEM);
	T_EQ(ring_init(&r, SIZE_MAX), ST_NOMEM);
	T_EQ(ring_init(&r, 0), ST_OK);
	T_EQ(ring_room(&r), 2);
	ring_fini(&r);
}

/* The counters run over the end of their type: nothing is lost or seen twice (they never do in a
 * lifetime where size_t has 64 bits, and soon where it has 32). */
static void counters_wrap(void)
{
	struct ring r;
	int v[4];

	T_EQ(ring_init(&r, 4), ST_OK);
	atomic_store(&r.head, SIZE_MAX - 5);
	atomic_store(&r.tail, SIZE_MAX - 5);
	r.head_seen = r.tail_seen = SIZE_MAX - 5;
	for (int i = 0; i < 20; i++) {
		T_ROW(i, "step");
		for (int k = 0; k < 4; k++)
			T_TRUE(ring_push(&r, &v[k]));
		T_TRUE(!ring_push(&r, &v[0]) && ring_room(&r) == 0);
		for (int k = 0; k < 4; k++)
			T_TRUE(ring_pop(&r) == &v[k]);
		T_TRUE(ring_pop(&r) == NULL && ring_empty(&r));
	}
	ring_fini(&r);
}

enum { OBJECTS = 200000, SLOTS = 64 };

struct object {
	uint64_t number; /* plain: the ring orders it */
	uint64_t twice;
};

struct pair {
	struct ring to;
	struct ring back; /* objects return to be used again */
	size_t wrong;
};

static void *consumer(void *arg)
{
	struct pair *p = arg;
	uint64_t expect = 0;

	while (expect < OBJECTS) {
		void *batch[16];
		size_t n = ring_pop_many(&p->to, batch, expect % 2 ? 16 : 3);

		if (n == 0)
			sched_yield();
		for (size_t i = 0; i < n; i++) {
			struct object *o = batch[i];

			if (o->number != expect || o->twice != 2 * expect)
				p->wrong++;
			expect++;
			o->number = 0;
			o->twice = 0;
			while (!ring_push(&p->back, o))
				sched_yield();
		}
	}
	return NULL;
}

static void two_threads_see_all_in_order(void)
{
	static struct pair p;
	static struct object pool[SLOTS];
	uint64_t number = 0;
	pthread_t t;

	T_EQ(ring_init(&p.to, SLOTS), ST_OK);
	T_EQ(ring_init(&p.back, SLOTS), ST_OK);
	for (size_t i = 0; i < SLOTS; i++)
		T_TRUE(ring_push(&p.back, &pool[i]));
	/* This thread is both sides of `back` until the consumer starts. */
	T_EQ(pthread_create(&t, NULL, consumer, &p), 0);
	while (number < OBJECTS) {
		struct object *o = ring_pop(&p.back);

		if (!o) {
			sched_yield();
			continue;
		}
		if (o->number != 0 && number >= SLOTS)
			break;
		o->number = number;
		o->twice = 2 * number;
		if (!ring_push(&p.to, o))
			break;
		number++;
	}
	T_EQ(number, OBJECTS);
	pthread_join(t, NULL);
	T_EQ(p.wrong, 0);
	T_TRUE(ring_empty(&p.to));
	ring_fini(&p.to);
	ring_fini(&p.back);
}

int main(void)
{
	T_RUN(fills_and_empties);
	T_RUN(init_without_memory);
	T_RUN(counters_wrap);
	T_RUN(two_threads_see_all_in_order);
	return t_end();
}
