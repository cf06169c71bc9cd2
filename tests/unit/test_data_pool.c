/* Packet buffers: which pages they take, and when they give them back. */
#include "modules/data/pool.h"

#include <string.h>
#include <sys/mman.h>

#include "core/base/mem.h"
#include "tests/lib/t.h"

#define COUNT 64
#define PAGES (PKT_MAX / 4096)

/* Pages of a buffer that are in memory. */
static size_t resident(const struct pkt *k)
{
	unsigned char in[PAGES];
	size_t n = 0;

	if (mincore((void *)k->room, PAGES * 4096, in) != 0)
		return PAGES + 1;
	for (size_t i = 0; i < PAGES; i++)
		n += in[i] & 1;
	return n;
}

static size_t all_resident(const struct pool *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->count; i++)
		n += resident(&p->pkts[i]);
	return n;
}

/* n buffers full of bytes at a time. */
static void use(struct pool *p, size_t n)
{
	struct pkt *k[COUNT];

	for (size_t i = 0; i < n; i++) {
		k[i] = pool_get(p);
		T_TRUE(k[i]);
		memset(k[i]->room, 1, PAGES * 4096);
	}
	while (n > 0)
		pool_put(p, k[--n]);
}

static void a_burst_goes_away(void)
{
	struct pool p;
	uint64_t now = 1000000;

	T_EQ(pool_init(&p, COUNT, 0), ST_OK);
	T_TRUE(!pool_wants_rest(&p));
	pool_rest(&p, now);
	T_EQ(all_resident(&p), 0);
	T_DO(use(&p, 40));
	T_TRUE(pool_wants_rest(&p));
	T_EQ(all_resident(&p), 40 * PAGES);
	pool_rest(&p, now + POOL_REST_MS - 1); /* not yet */
	T_EQ(p.rest_ms, now);
	pool_rest(&p, now += POOL_REST_MS); /* they were needed since the last one */
	T_EQ(all_resident(&p), 40 * PAGES);
	T_TRUE(pool_wants_rest(&p));
	for (int i = 0; i < 3; i++) {
		T_DO(use(&p, 5));
		pool_rest(&p, now += POOL_REST_MS);
		T_EQ(all_resident(&p), 5 * PAGES); /* and these still are */
	}
	T_DO(use(&p, COUNT));
	T_TRUE(pool_get(&p) != NULL);
	pool_rest(&p, now += POOL_REST_MS);
	pool_rest(&p, now += POOL_REST_MS);
	T_EQ(all_resident(&p), PAGES); /* what somebody holds stays */
	T_TRUE(!pool_wants_rest(&p));
	pool_fini(&p);
}

/* As main locks everything it has. */
static void locked_pages_too(void)
{
	struct pool p;

	T_EQ(pool_init(&p, COUNT, 0), ST_OK);
	if (mlock2(p.pages, (size_t)COUNT * 4096, MLOCK_ONFAULT) != 0) {
		pool_fini(&p);
		return;
	}
	T_DO(use(&p, 10));
	pool_rest(&p, POOL_REST_MS);
	pool_rest(&p, 2 * POOL_REST_MS);
	T_EQ(all_resident(&p), 0);
	T_DO(use(&p, 10));
	pool_fini(&p);
}

static void out_of_memory(void)
{
	int64_t before = mem_live();
	struct pool p;

	for (uint64_t nth = 1; nth <= 2; nth++) {
		mem_fail_at(nth);
		T_EQ(pool_init(&p, COUNT, 0), ST_NOMEM);
		mem_fail_at(0);
		T_EQ(mem_live(), before);
	}
	T_EQ(pool_init(&p, 1, 7), ST_OK);
	struct pkt *k = pool_get(&p);
	T_TRUE(k && k->home == 7 && !pool_get(&p));
	pool_put(&p, k);
	pool_fini(&p);
	T_EQ(mem_live(), before);
}

int main(void)
{
	T_RUN(a_burst_goes_away);
	T_RUN(locked_pages_too);
	T_RUN(out_of_memory);
	return t_end();
}
