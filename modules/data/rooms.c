#include "modules/data/rooms.h"

#include <string.h>

#include "core/base/mem.h"
#include "modules/data/pool.h"

#define PAGE 4096u

_Static_assert(ROOM_GROUP * ROOM_ALIGN % PAGE == 0, "a group is whole pages");

static size_t group_len(const struct rooms *r)
{
	return ROOM_GROUP * r->size;
}

/* Words of bits, before the rooms. */
static size_t loose_words(const struct rooms *r)
{
	return (r->groups + 63) / 64;
}

static size_t head_len(const struct rooms *r)
{
	size_t len = (r->groups + loose_words(r)) * sizeof(uint64_t);

	return (len + PAGE - 1) / PAGE * PAGE;
}

static size_t whole_len(const struct rooms *r)
{
	return head_len(r) + r->groups * group_len(r);
}

enum status rooms_init(struct rooms *r, size_t size, size_t count)
{
	uint8_t *p;

	*r = (struct rooms){
		.size = (size + ROOM_ALIGN - 1) / ROOM_ALIGN * ROOM_ALIGN,
		.groups = (count + ROOM_GROUP - 1) / ROOM_GROUP,
	};
	p = pages_new(whole_len(r));
	if (!p) {
		*r = (struct rooms){0};
		return ST_NOMEM;
	}
	r->taken = (uint64_t *)(void *)p;
	r->loose = r->taken + r->groups;
	r->pages = p + head_len(r);
	return ST_OK;
}

void rooms_fini(struct rooms *r)
{
	if (r->size)
		pages_free(r->taken, whole_len(r));
	*r = (struct rooms){0};
}

static void *room(const struct rooms *r, size_t group, unsigned i)
{
	return r->pages + group * group_len(r) + i * r->size;
}

void *rooms_take(struct rooms *r)
{
	unsigned i;

	while (r->first < r->groups && r->taken[r->first] == UINT64_MAX)
		r->first++;
	if (r->first == r->groups)
		return NULL;
	i = (unsigned)__builtin_ctzll(~r->taken[r->first]);
	r->taken[r->first] |= UINT64_C(1) << i;
	if (r->end <= r->first)
		r->end = r->first + 1;
	return room(r, r->first, i);
}

void rooms_give(struct rooms *r, void *p)
{
	size_t n = (size_t)((uint8_t *)p - r->pages) / r->size, group = n / ROOM_GROUP;

	mem_zero(p, r->size);
	r->taken[group] &= ~(UINT64_C(1) << n % ROOM_GROUP);
	r->loose[group / 64] |= UINT64_C(1) << group % 64;
	if (group < r->first)
		r->first = group;
}

bool rooms_have(const struct rooms *r, const void *p)
{
	uintptr_t from = (uintptr_t)r->pages, at = (uintptr_t)p;

	return r->size && at >= from && at - from < r->groups * group_len(r);
}

void *rooms_at(const struct rooms *r, size_t group, unsigned i)
{
	return r->taken[group] >> i & 1 ? room(r, group, i) : NULL;
}

/* Does a taken room reach into this page of the group? */
static bool is_needed(const struct rooms *r, size_t group, size_t page)
{
	size_t from = page * PAGE / r->size, to = (page * PAGE + PAGE - 1) / r->size;
	uint64_t to_last = ~UINT64_C(0) >> (63 - to);

	return r->taken[group] & to_last & ~UINT64_C(0) << from;
}

void rooms_rest(struct rooms *r, size_t group)
{
	uint8_t *at = r->pages + group * group_len(r);
	size_t n = group_len(r) / PAGE;

	if (r->loose[group / 64] >> group % 64 & 1) {
		for (size_t i = 0, run; i < n; i += run) {
			bool needed = is_needed(r, group, i);

			for (run = 1; i + run < n && is_needed(r, group, i + run) == needed;)
				run++;
			if (!needed)
				pages_rest(at + i * PAGE, run * PAGE);
		}
		r->loose[group / 64] &= ~(UINT64_C(1) << group % 64);
	}
	if (group + 1 == r->end && !r->taken[group])
		r->end--;
}
