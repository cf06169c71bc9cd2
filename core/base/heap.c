#include "core/base/heap.h"

#include "core/base/mem.h"

void heap_init(struct heap *h)
{
	*h = (struct heap){0};
}

void heap_fini(struct heap *h)
{
	mem_free(h->v);
	*h = (struct heap){0};
}

static void place(struct heap *h, size_t i, struct heap_node *n)
{
	h->v[i] = n;
	n->at = i + 1;
}

static void sift_up(struct heap *h, size_t i)
{
	struct heap_node *n = h->v[i];

	while (i > 0) {
		size_t up = (i - 1) / 2;

		if (h->v[up]->key <= n->key)
			break;
		place(h, i, h->v[up]);
		i = up;
	}
	place(h, i, n);
}

static void sift_down(struct heap *h, size_t i)
{
	struct heap_node *n = h->v[i];

	for (;;) {
		size_t kid = 2 * i + 1;

		if (kid >= h->count)
			break;
		if (kid + 1 < h->count && h->v[kid + 1]->key < h->v[kid]->key)
			kid++;
		if (n->key <= h->v[kid]->key)
			break;
		place(h, i, h->v[kid]);
		i = kid;
	}
	place(h, i, n);
}

static void settle(struct heap *h, size_t i)
{
	if (i > 0 && h->v[i]->key < h->v[(i - 1) / 2]->key)
		sift_up(h, i);
	else
		sift_down(h, i);
}

enum status heap_reserve(struct heap *h, size_t n)
{
	size_t cap = h->cap ? h->cap : 16;
	struct heap_node **v;

	if (n <= h->cap - h->count)
		return ST_OK;
	if (n > SIZE_MAX / sizeof(struct heap_node *) / 2 - h->count)
		return ST_NOMEM;
	while (cap < h->count + n)
		cap *= 2;
	v = mem_grow(h->v, h->cap * sizeof(struct heap_node *), cap * sizeof(struct heap_node *));
	if (!v)
		return ST_NOMEM;
	h->v = v;
	h->cap = cap;
	return ST_OK;
}

enum status heap_add(struct heap *h, struct heap_node *n, uint64_t key)
{
	enum status st = heap_reserve(h, 1);

	if (st != ST_OK)
		return st;
	n->key = key;
	place(h, h->count++, n);
	sift_up(h, h->count - 1);
	return ST_OK;
}

void heap_del(struct heap *h, struct heap_node *n)
{
	size_t i = n->at;
	struct heap_node *last;

	if (i-- == 0)
		return;
	n->at = 0;
	last = h->v[--h->count];
	if (last == n)
		return;
	place(h, i, last);
	settle(h, i);
}

struct heap_node *heap_min(const struct heap *h)
{
	return h->count ? h->v[0] : NULL;
}

void heap_rekey(struct heap *h, struct heap_node *n, uint64_t key)
{
	n->key = key;
	if (n->at)
		settle(h, n->at - 1);
}
