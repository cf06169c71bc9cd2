/* Single-producer single-consumer ring of pointers. Lock-free; one thread pushes, one pops.
 * What was pushed belongs to the consumer. Release/acquire order: what the producer wrote before
 * ring_push is seen after ring_pop. */
#ifndef CORE_BASE_RING_H
#define CORE_BASE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/base/status.h"

struct ring {
	void **slots;
	size_t mask;
	_Alignas(64) atomic_size_t head; /* consumer's */
	size_t tail_seen;                /* consumer's copy of tail */
	_Alignas(64) atomic_size_t tail; /* producer's */
	size_t head_seen;                /* producer's copy of head */
};

enum status ring_init(struct ring *r, size_t slots) MUST_USE; /* rounded up to a power of two */
void ring_fini(struct ring *r);
bool ring_push(struct ring *r, void *p); /* false: full */
void *ring_pop(struct ring *r);          /* NULL: empty */
/* Consumer side: up to max pointers at once; returns how many. */
size_t ring_pop_many(struct ring *r, void **out, size_t max);
bool ring_empty(const struct ring *r);   /* either side; a hint */
size_t ring_room(struct ring *r);        /* producer side: free slots */

#endif
