/* Intrusive binary heap ordered by a 64-bit key; O(log n) add, remove, change. */
#ifndef CORE_BASE_HEAP_H
#define CORE_BASE_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

struct heap_node {
	uint64_t key;
	size_t at; /* index + 1; 0 = in no heap */
};

struct heap {
	struct heap_node **v;
	size_t count;
	size_t cap;
};

void heap_init(struct heap *h);
void heap_fini(struct heap *h);
/* ST_NOMEM when the array cannot grow. The node must be in no heap. */
enum status heap_add(struct heap *h, struct heap_node *n, uint64_t key) MUST_USE;
void heap_del(struct heap *h, struct heap_node *n); /* no-op when in no heap */
struct heap_node *heap_min(const struct heap *h);   /* NULL when empty */
void heap_rekey(struct heap *h, struct heap_node *n, uint64_t key);
/* Room for n nodes more without allocation, so that a later heap_add cannot fail. */
enum status heap_reserve(struct heap *h, size_t n) MUST_USE;

#endif
