/* Intrusive hash map: nodes live in the objects, the map never owns them. The caller hashes
 * (hash.h, with a random seed where a peer chooses the key) and compares. */
#ifndef CORE_BASE_MAP_H
#define CORE_BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

struct map_node {
	struct map_node *next;
	uint64_t hash;
};

struct map {
	struct map_node **slots;
	size_t mask;  /* slots - 1 */
	size_t count;
};

/* ST_NOMEM or ST_OK. min_slots is rounded up to a power of two. */
enum status map_init(struct map *m, size_t min_slots) MUST_USE;
void map_fini(struct map *m); /* the nodes are the caller's */
/* Always succeeds: when growing fails the map stays at its size. */
void map_add(struct map *m, struct map_node *n, uint64_t hash);
void map_del(struct map *m, struct map_node *n);
/* First node with this hash, then the following ones; NULL at the end. */
struct map_node *map_first(const struct map *m, uint64_t hash);
struct map_node *map_next(const struct map_node *n);
/* Walk all: start with NULL; the current node may be removed only after fetching the next. */
struct map_node *map_walk(const struct map *m, const struct map_node *n);

#endif
