/* What the tests of core/wire have in common. */
#ifndef TESTS_UNIT_WIRE_H
#define TESTS_UNIT_WIRE_H

#include <stdlib.h>

#include "core/base/hash.h"
#include "core/base/rd.h"
#include "core/base/status.h"
#include "core/base/wr.h"
#include "tests/lib/t.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static inline struct view hex(const char *text)
{
	struct view v;

	v.p = t_hex(text, &v.len);
	return v;
}

typedef enum status parse_fn(struct view v);

/* Every beginning of a good input, each in memory of exactly its size: refused below `from` bytes,
 * accepted from there on. */
static inline void every_cut(struct view good, size_t from, parse_fn *parse)
{
	for (size_t n = 0; n <= good.len; n++) {
		uint8_t *cut = malloc(n ? n : 1);
		enum status st;

		if (n)
			memcpy(cut, good.p, n);
		st = parse((struct view){cut, n});
		free(cut);
		T_ROW(n, "cut to n bytes");
		T_EQ(st == ST_OK, n >= from);
	}
	t_row(-1, NULL);
}

/* Every byte replaced by every value: whatever comes out, nothing beyond is read. */
static inline void every_byte(struct view good, parse_fn *parse)
{
	uint8_t *copy = malloc(good.len);

	for (size_t i = 0; i < good.len; i++) {
		memcpy(copy, good.p, good.len);
		for (unsigned v = 0; v < 256; v++) {
			copy[i] = (uint8_t)v;
			(void)!parse((struct view){copy, good.len});
		}
	}
	free(copy);
}

/* Chance that is the same in every run. */
struct chance {
	uint64_t state;
};

static inline uint64_t chance(struct chance *c, uint64_t below)
{
	return hash_u64(++c->state) % below;
}

static inline struct view chance_bytes(struct chance *c, uint8_t *buf, size_t min, size_t max)
{
	size_t n = min + (size_t)chance(c, max - min + 1);

	for (size_t i = 0; i < n; i++)
		buf[i] = (uint8_t)chance(c, 256);
	return (struct view){buf, n};
}

static inline bool view_eq(struct view a, struct view b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

#endif
