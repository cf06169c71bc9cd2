#include "core/base/map.h"

#include "core/base/mem.h"

enum status map_init(struct map *m, size_t min_slots)
{
	size_t n = 8;

	*m = (struct map){0};
	while (n < min_slots) {
		if (n > SIZE_MAX / 2 / sizeof(struct map_node *))
			return ST_NOMEM;
		n *= 2;
	}
	m->slots = mem_array(n, sizeof(struct map_node *));
	if (!m->slots)
		return ST_NOMEM;
	m->mask = n - 1;
	return ST_OK;
}

void map_fini(struct map *m)
{
	mem_free(m->slots);
	*m = (struct map){0};
}

static void link_node(struct map_node **slots, size_t mask, struct map_node *n)
{
	struct map_node **slot = &slots[n->hash & mask];

	n->next = *slot;
	*slot = n;
}

static void grow(struct map *m)
{
	size_t n = (m->mask + 1) * 2;
	struct map_node **slots = mem_array(n, sizeof(struct map_node *));

	if (!slots)
		return; /* longer chains, nothing worse */
	for (size_t i = 0; i <= m->mask; i++) {
		struct map_node *next;

		for (struct map_node *at = m->slots[i]; at; at = next) {
			next = at->next;
			link_node(slots, n - 1, at);
		}
	}
	mem_free(m->slots);
	m->slots = slots;
	m->mask = n - 1;
}

void map_add(struct map *m, struct map_node *n, uint64_t hash)
{
	if (m->count > m->mask)
		grow(m);
	n->hash = hash;
	link_node(m->slots, m->mask, n);
	m->count++;
}

void map_del(struct map *m, struct map_node *n)
{
	struct map_node **at = &m->slots[n->hash & m->mask];

	while (*at && *at != n)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = n->next;
	n->next = NULL;
	m->count--;
}

static struct map_node *same_hash(struct map_node *n, uint64_t hash)
{
	while (n && n->hash != hash)
		n = n->next;
	return n;
}

struct map_node *map_first(const struct map *m, uint64_t hash)
{
	return m->slots ? same_hash(m->slots[hash & m->mask], hash) : NULL;
}

struct map_node *map_next(const struct map_node *n)
{
	return same_hash(n->next, n->hash);
}

struct map_node *map_walk(const struct map *m, const struct map_node *n)
{
	size_t i = 0;

	if (!m->slots)
		return NULL;
	if (n) {
		if (n->next)
			return n->next;
		i = (n->hash & m->mask) + 1;
	}
	for (; i <= m->mask; i++) {
		if (m->slots[i])
			return m->slots[i];
	}
	return NULL;
}
