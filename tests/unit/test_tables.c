/* List, map, heap and timers against simple models. */
#include <stdlib.h>

#include "core/base/hash.h"
#include "core/base/heap.h"
#include "core/base/list.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/timer.h"
#include "tests/lib/t.h"

static uint64_t seed;

static uint64_t next_random(void)
{
	return hash_u64(++seed);
}

/* ---- list ---- */

struct item {
	int value;
	struct list link;
};

static int list_sum(struct list *head)
{
	int sum = 0;

	LIST_EACH(l, head)
		sum = sum * 10 + CONTAINER_OF(l, struct item, link)->value;
	return sum;
}

static void lists_keep_order(void)
{
	struct list head;
	struct item v[4];

	list_init(&head);
	T_TRUE(list_empty(&head));
	for (int i = 0; i < 4; i++) {
		v[i].value = i + 1;
		list_init(&v[i].link);
	}
	list_del(&v[0].link); /* in no list: nothing happens */
	list_push_back(&head, &v[0].link);
	list_push_back(&head, &v[1].link);
	list_push_front(&head, &v[2].link);
	list_add_before(&v[1].link, &v[3].link);
	T_EQ(list_sum(&head), 3142);
	LIST_EACH_SAFE(l, &head) {
		if (CONTAINER_OF(l, struct item, link)->value % 2)
			list_del(l);
	}
	T_EQ(list_sum(&head), 42);
	list_del(&v[3].link);
	list_del(&v[3].link);
	list_del(&v[1].link);
	T_TRUE(list_empty(&head));
}

/* ---- map ---- */

struct thing {
	struct map_node node;
	uint64_t key;
	bool in;
};

static struct thing *find(const struct map *m, uint64_t key, uint64_t hash)
{
	for (struct map_node *n = map_first(m, hash); n; n = map_next(n)) {
		struct thing *t = CONTAINER_OF(n, struct thing, node);

		if (t->key == key)
			return t;
	}
	return NULL;
}

/* Adds and removes at random; few hash values, so that chains and equal hashes are common. */
static void map_agrees_with_model(void)
{
	enum { N = 500 };
	static struct thing v[N];
	struct map m;
	size_t count = 0;

	seed = 11;
	T_EQ(map_init(&m, 0), ST_OK);
	for (size_t i = 0; i < N; i++)
		v[i] = (struct thing){.key = i};
	for (int step = 0; step < 20000; step++) {
		struct thing *t = &v[next_random() % N];
		uint64_t hash = t->key % 37 * 0x9e3779b97f4a7c15u;

		if (t->in)
			map_del(&m, &t->node);
		else
			map_add(&m, &t->node, hash);
		t->in = !t->in;
		count += t->in ? 1 : (size_t)-1;
		T_TRUE(find(&m, t->key, hash) == (t->in ? t : NULL));
		T_EQ(m.count, count);
	}
	size_t seen = 0;

	for (struct map_node *n = map_walk(&m, NULL); n; n = map_walk(&m, n)) {
		T_TRUE(CONTAINER_OF(n, struct thing, node)->in);
		seen++;
	}
	T_EQ(seen, count);
	map_fini(&m);
}

static void map_steps_through_equal_hashes_only(void)
{
	struct map_node v[6];
	struct map m;
	size_t seen = 0;

	T_EQ(map_init(&m, 8), ST_OK);
	for (size_t i = 0; i < 6; i++)
		map_add(&m, &v[i], i % 2 ? 3 : 3 + 8); /* one slot, two hashes */
	for (struct map_node *n = map_first(&m, 3); n; n = map_next(n), seen++)
		T_EQ(n->hash, 3);
	T_EQ(seen, 3);
	T_TRUE(map_first(&m, 3 + 16) == NULL);
	map_fini(&m);
}

static void map_survives_failing_to_grow(void)
{
	enum { N = 100 };
	static struct thing v[N];
	struct map m;

	mem_fail_at(1);
	T_EQ(map_init(&m, 8), ST_NOMEM);
	T_TRUE(map_walk(&m, NULL) == NULL && map_first(&m, 1) == NULL);
	T_EQ(map_init(&m, 8), ST_OK);
	for (size_t i = 0; i < N; i++) {
		v[i].key = i;
		mem_fail_at(1);
		map_add(&m, &v[i].node, hash_u64(i));
	}
	mem_fail_at(0);
	T_EQ(m.mask, 7);
	for (size_t i = 0; i < N; i++)
		T_TRUE(find(&m, i, hash_u64(i)) == &v[i]);
	map_fini(&m);
}

static void map_walk_allows_removal_behind(void)
{
	enum { N = 50 };
	static struct thing v[N];
	struct map m;
	size_t seen = 0;

	T_EQ(map_init(&m, 4), ST_OK);
	for (size_t i = 0; i < N; i++)
		map_add(&m, &v[i].node, hash_u64(i));
	for (struct map_node *n = map_walk(&m, NULL), *next; n; n = next, seen++) {
		next = map_walk(&m, n);
		map_del(&m, n);
		map_del(&m, n); /* twice: nothing happens */
	}
	T_EQ(seen, N);
	T_EQ(m.count, 0);
	map_fini(&m);
}

/* ---- heap ---- */

static void heap_agrees_with_model(void)
{
	enum { N = 200 };
	static struct heap_node v[N];
	struct heap h;

	seed = 5;
	heap_init(&h);
	T_TRUE(heap_min(&h) == NULL);
	for (int step = 0; step < 20000; step++) {
		struct heap_node *n = &v[next_random() % N];
		uint64_t key = next_random() % 1000, least = UINT64_MAX;
		size_t count = 0;

		if (!n->at)
			T_EQ(heap_add(&h, n, key), ST_OK);
		else if (key & 1)
			heap_rekey(&h, n, key);
		else
			heap_del(&h, n);
		for (size_t i = 0; i < N; i++) {
			count += v[i].at != 0;
			if (v[i].at && v[i].key < least)
				least = v[i].key;
		}
		T_EQ(h.count, count);
		T_TRUE(heap_min(&h) ? heap_min(&h)->key == least : count == 0);
	}
	heap_fini(&h);
}

static void heap_without_memory(void)
{
	struct heap_node v[40] = {0};
	struct heap h;

	heap_init(&h);
	mem_fail_at(1);
	T_EQ(heap_add(&h, &v[0], 1), ST_NOMEM);
	T_EQ(v[0].at, 0);
	T_EQ(heap_reserve(&h, 40), ST_OK);
	mem_fail_at(1);
	for (uint64_t i = 0; i < 40; i++)
		T_EQ(heap_add(&h, &v[i], i), ST_OK);
	mem_fail_at(0);
	T_EQ(heap_reserve(&h, SIZE_MAX), ST_NOMEM);
	heap_del(&h, &v[3]);
	heap_del(&h, &v[3]);
	T_EQ(h.count, 39);
	heap_fini(&h);
}

/* ---- timers ---- */

struct clock_ctx {
	struct timers *ts;
	uint64_t now;
	char order[64];
	size_t n;
};

struct named {
	struct timer t;
	char name;
	uint64_t again_at; /* set itself again; TIMER_NEVER: no */
	struct named *stop; /* stops another */
};

static void on_named(struct timer *t, void *arg)
{
	struct named *me = CONTAINER_OF(t, struct named, t);
	struct clock_ctx *c = arg;

	c->order[c->n++] = me->name;
	c->order[c->n] = '\0';
	if (me->again_at != TIMER_NEVER && timer_set(c->ts, t, me->again_at) != ST_OK)
		t_fail(__FILE__, __LINE__, "timer_set");
	if (me->stop)
		timer_stop(c->ts, &me->stop->t);
}

static struct named named(char name)
{
	struct named n = {.name = name, .again_at = TIMER_NEVER};

	timer_init(&n.t, on_named);
	return n;
}

static void timers_run_in_order(void)
{
	struct timers ts;
	struct clock_ctx c = {.ts = &ts};
	struct named a = named('a'), b = named('b'), d = named('d');

	timers_init(&ts, &c);
	T_TRUE(timers_next(&ts) == TIMER_NEVER);
	T_EQ(timer_set(&ts, &a.t, 30), ST_OK);
	T_EQ(timer_set(&ts, &b.t, 10), ST_OK);
	T_EQ(timer_set(&ts, &d.t, 20), ST_OK);
	T_EQ(timers_next(&ts), 10);
	T_EQ(timers_run(&ts, 9), 0);
	T_EQ(timer_set(&ts, &a.t, 5), ST_OK); /* armed: moved */
	T_EQ(timers_run(&ts, 20), 3);
	T_STR(c.order, "abd");
	T_TRUE(!timer_armed(&a.t) && timers_next(&ts) == TIMER_NEVER);
	timer_stop(&ts, &a.t);
	timers_fini(&ts);
}

static void timer_may_stop_another(void)
{
	struct timers ts;
	struct clock_ctx c = {.ts = &ts};
	struct named a = named('a'), b = named('b');

	timers_init(&ts, &c);
	a.stop = &b;
	T_EQ(timer_set(&ts, &a.t, 1), ST_OK);
	T_EQ(timer_set(&ts, &b.t, 2), ST_OK);
	T_EQ(timers_run(&ts, 100), 1);
	T_STR(c.order, "a");
	timers_fini(&ts);
}

static void timer_set_to_the_past_runs_once_more(void)
{
	struct timers ts;
	struct clock_ctx c = {.ts = &ts};
	struct named a = named('a'), b = named('b');

	timers_init(&ts, &c);
	a.again_at = 0;
	T_EQ(timer_set(&ts, &a.t, 1), ST_OK);
	T_EQ(timer_set(&ts, &b.t, 50), ST_OK);
	T_EQ(timers_run(&ts, 50), 3);
	T_STR(c.order, "aab"); /* b is not starved */
	T_EQ(timers_next(&ts), 51);
	T_EQ(timers_run(&ts, 50), 0);
	T_EQ(timers_run(&ts, 51), 2);
	T_TRUE(timer_armed(&a.t));
	timers_fini(&ts);
	T_TRUE(!timer_armed(&a.t));
}

static void on_free(struct timer *t, void *arg)
{
	(*(int *)arg)++;
	free(t);
}

static void timer_may_free_itself(void)
{
	struct timers ts;
	int ran = 0;

	timers_init(&ts, &ran);
	for (int i = 0; i < 20; i++) {
		struct timer *t = malloc(sizeof(*t));

		timer_init(t, on_free);
		T_EQ(timer_set(&ts, t, (uint64_t)(i % 3)), ST_OK);
	}
	T_EQ(timers_run(&ts, 5), 20);
	T_EQ(ran, 20);
	timers_fini(&ts);
}

static void timer_without_memory(void)
{
	struct timers ts;
	struct clock_ctx c = {.ts = &ts};
	struct named a = named('a');

	timers_init(&ts, &c);
	mem_fail_at(1);
	T_EQ(timer_set(&ts, &a.t, 1), ST_NOMEM);
	T_TRUE(!timer_armed(&a.t));
	T_EQ(timer_set(&ts, &a.t, 1), ST_OK);
	mem_fail_at(1);
	T_EQ(timer_set(&ts, &a.t, 2), ST_OK); /* armed already: cannot fail */
	mem_fail_at(0);
	timers_fini(&ts);
}

int main(void)
{
	T_RUN(lists_keep_order);
	T_RUN(map_agrees_with_model);
	T_RUN(map_steps_through_equal_hashes_only);
	T_RUN(map_survives_failing_to_grow);
	T_RUN(map_walk_allows_removal_behind);
	T_RUN(heap_agrees_with_model);
	T_RUN(heap_without_memory);
	T_RUN(timers_run_in_order);
	T_RUN(timer_may_stop_another);
	T_RUN(timer_set_to_the_past_runs_once_more);
	T_RUN(timer_may_free_itself);
	T_RUN(timer_without_memory);
	return t_end();
}
