/* Memory of one snapshot: given out piece by piece, zeroed and freed as a whole. Running out is
 * sticky (arena.nomem): a builder goes on and looks once at the end. */
#ifndef CORE_CONF_ARENA_H
#define CORE_CONF_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_chunk;
struct arena {
	struct arena_chunk *head;
	bool nomem; /* sticky */
};

void *arena_new(struct arena *a, size_t size); /* zeroed; NULL when out of memory */
char *arena_strndup(struct arena *a, const char *s, size_t len);
void arena_free(struct arena *a); /* zeroes everything first */

/* Room for one element more in an array of n; the new element is zeroed, the caller counts it.
 * NULL when out of memory: the old array is still good. */
void *arena_grow(struct arena *a, void *v, size_t n, size_t size);
/* Appends a zeroed element and yields its address, NULL when out of memory. */
#define ARENA_PUSH(a, v, n, tmp)                                                                   \
	(((tmp) = arena_grow((a), (v), (n), sizeof(*(v)))) ? ((v) = (tmp), &(v)[(n)++]) : NULL)
/* Takes element i out of an array of n and returns the new n. */
size_t arena_drop(void *v, size_t n, size_t i, size_t size);

#endif
