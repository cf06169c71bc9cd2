#include "core/conf/arena.h"

#include <stdint.h>
#include <string.h>

#include "core/base/mem.h"

#define CHUNK_SIZE 16384u
#define ALIGN      16u
#define FIRST_ROOM 4u /* elements of a new array */

struct arena_chunk {
	struct arena_chunk *next;
	size_t size; /* of data */
	size_t used;
	_Alignas(ALIGN) unsigned char data[];
};

static struct arena_chunk *chunk_new(struct arena *a, size_t need)
{
	size_t size = need > CHUNK_SIZE ? need : CHUNK_SIZE;
	struct arena_chunk *c = mem_new(sizeof(*c) + size);
	if (!c)
		return NULL;
	c->size = size;
	/* A chunk made for one big piece goes behind the one in use, which has room left. */
	if (need > CHUNK_SIZE && a->head) {
		c->next = a->head->next;
		a->head->next = c;
	} else {
		c->next = a->head;
		a->head = c;
	}
	return c;
}

void *arena_new(struct arena *a, size_t size)
{
	if (a->nomem || size > SIZE_MAX / 2) {
		a->nomem = true;
		return NULL;
	}
	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	struct arena_chunk *c = a->head;
	if (!c || size > c->size - c->used) {
		c = chunk_new(a, size);
		if (!c) {
			a->nomem = true;
			return NULL;
		}
	}
	void *p = c->data + c->used;
	c->used += size;
	return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *p = arena_new(a, len + 1);
	if (p && len)
		memcpy(p, s, len);
	return p;
}

void arena_free(struct arena *a)
{
	struct arena_chunk *next;
	for (struct arena_chunk *c = a->head; c; c = next) {
		next = c->next;
		mem_free_secret(c, sizeof(*c) + c->size);
	}
	a->head = NULL;
}

void *arena_grow(struct arena *a, void *v, size_t n, size_t size)
{
	/* The room of an array is FIRST_ROOM times a power of two: full exactly at these counts. */
	bool full = n == 0 || (n >= FIRST_ROOM && (n & (n - 1)) == 0);
	if (!full) {
		memset((char *)v + n * size, 0, size);
		return v;
	}
	size_t room = n == 0 ? FIRST_ROOM : n * 2;
	if (room > SIZE_MAX / 2 / size) {
		a->nomem = true;
		return NULL;
	}
	void *p = arena_new(a, room * size);
	if (p && n)
		memcpy(p, v, n * size);
	return p;
}

size_t arena_drop(void *v, size_t n, size_t i, size_t size)
{
	char *p = v;
	memmove(p + i * size, p + (i + 1) * size, (n - i - 1) * size);
	return n - 1;
}
