#include "modules/data/pool.h"

#include <sys/mman.h>

#include "core/base/mem.h"

#define ROOM (PKT_HEADROOM + PKT_MAX + PKT_TAILROOM)
/* Whole pages, and no power of two: the first lines of all buffers would fall on the same few sets
 * of the cache. */
#define STRIDE ((size_t)((ROOM + 4095) / 4096 * 4096))

#ifdef MADV_DONTNEED_LOCKED
#define DONTNEED_LOCKED MADV_DONTNEED_LOCKED
#else
#define DONTNEED_LOCKED 24 /* Linux 5.18 */
#endif

void *pages_new(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	/* Huge pages would make every first touch of a buffer 2 MiB; advice may be refused. */
	(void)madvise(p, len, MADV_NOHUGEPAGE);
	(void)madvise(p, len, MADV_DONTDUMP);
	return p;
}

void pages_free(void *p, size_t len)
{
	if (p)
		(void)munmap(p, len);
}

enum status pool_init(struct pool *p, size_t count, uint32_t home)
{
	*p = (struct pool){.count = count};
	p->free = mem_array(count, sizeof(struct pkt *));
	p->pkts = mem_array(count, sizeof(struct pkt));
	p->pages = pages_new(count * STRIDE);
	if (!p->free || !p->pkts || !p->pages) {
		pool_fini(p);
		return ST_NOMEM;
	}
	for (size_t i = count; i > 0; i--) {
		p->pkts[i - 1].room = p->pages + (i - 1) * STRIDE;
		p->pkts[i - 1].home = home;
		pool_put(p, &p->pkts[i - 1]);
	}
	p->low = p->clean = p->n_free;
	return ST_OK;
}

void pool_fini(struct pool *p)
{
	mem_free(p->free);
	mem_free(p->pkts);
	pages_free(p->pages, p->count * STRIDE);
	*p = (struct pool){0};
}

struct pkt *pool_get(struct pool *p)
{
	struct pkt *k;

	if (p->n_free == 0)
		return NULL;
	k = p->free[--p->n_free];
	if (p->n_free < p->low)
		p->low = p->n_free;
	k->p = k->room + PKT_HEADROOM;
	k->len = 0;
	k->seg = 0;
	k->detoured = false;
	k->rerouted = false;
	return k;
}

/* Last in, first out: the pages in use stay few and warm. */
void pool_put(struct pool *p, struct pkt *k)
{
	p->free[p->n_free++] = k;
}

void pages_rest(void *room, size_t len)
{
	/* Locked memory goes by the newer name only; older kernels keep it. */
	if (madvise(room, len, MADV_DONTNEED) != 0)
		(void)madvise(room, len, DONTNEED_LOCKED);
}

void pool_rest(struct pool *p, uint64_t now_ms)
{
	if (now_ms < p->rest_ms + POOL_REST_MS)
		return;
	p->rest_ms = now_ms;
	/* What was taken since is above low, and what is below has not moved. */
	if (p->clean > p->low)
		p->clean = p->low;
	for (; p->clean < p->low; p->clean++)
		pages_rest(p->free[p->clean]->room, STRIDE);
	p->low = p->n_free;
}

bool pool_wants_rest(const struct pool *p)
{
	return p->clean < p->n_free || p->low < p->clean;
}
