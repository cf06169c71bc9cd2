#include "core/base/ring.h"

#include "core/base/mem.h"

/* head and tail count for ever and wrap with the type; the slot is the count & mask. Each side
 * keeps a copy of the other's counter and looks again only when the copy says full or empty. */

enum status ring_init(struct ring *r, size_t slots)
{
	size_t n = 2;

	while (n < slots) {
		if (n > SIZE_MAX / 2 / sizeof(void *))
			return ST_NOMEM;
		n *= 2;
	}
	r->slots = mem_array(n, sizeof(void *));
	if (!r->slots)
		return ST_NOMEM;
	r->mask = n - 1;
	r->tail_seen = 0;
	r->head_seen = 0;
	atomic_init(&r->head, 0);
	atomic_init(&r->tail, 0);
	return ST_OK;
}

void ring_fini(struct ring *r)
{
	mem_free(r->slots);
	r->slots = NULL;
}

size_t ring_room(struct ring *r)
{
	size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	r->head_seen = atomic_load_explicit(&r->head, memory_order_acquire);
	return r->mask + 1 - (tail - r->head_seen);
}

bool ring_push(struct ring *r, void *p)
{
	size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	if (tail - r->head_seen > r->mask && ring_room(r) == 0)
		return false;
	r->slots[tail & r->mask] = p;
	atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
	return true;
}

size_t ring_pop_many(struct ring *r, void **out, size_t max)
{
	size_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	size_t n;

	if (r->tail_seen - head < max)
		r->tail_seen = atomic_load_explicit(&r->tail, memory_order_acquire);
	n = r->tail_seen - head;
	if (n > max)
		n = max;
	for (size_t i = 0; i < n; i++)
		out[i] = r->slots[(head + i) & r->mask];
	if (n)
		atomic_store_explicit(&r->head, head + n, memory_order_release);
	return n;
}

void *ring_pop(struct ring *r)
{
	void *p = NULL;

	return ring_pop_many(r, &p, 1) ? p : NULL;
}

bool ring_empty(const struct ring *r)
{
	size_t head = atomic_load_explicit(&r->head, memory_order_acquire);

	return atomic_load_explicit(&r->tail, memory_order_acquire) == head;
}
