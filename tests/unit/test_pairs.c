/* Names with values: order, lists, bounds, and the way through bytes and back. */
#include "core/base/pairs.h"

#include <stdlib.h>

#include "tests/lib/t.h"

static char out[PAIRS_BYTES * 2];

/* "a=1 b=2" */
static const char *text_of(const struct pairs *p)
{
	struct wr w = wr_init(out, sizeof(out) - 1);

	for (size_t i = 0; i < p->n; i++) {
		if (i)
			wr_u8(&w, ' ');
		wr_bytes(&w, pairs_name(p, i), strlen(pairs_name(p, i)));
		wr_u8(&w, '=');
		wr_bytes(&w, pairs_value(p, i), strlen(pairs_value(p, i)));
	}
	out[w.len] = 0;
	return out;
}

static void order(void)
{
	static struct pairs p;

	pairs_init(&p);
	T_TRUE(pairs_get(&p, "a") == NULL);
	T_STR(pairs_name(&p, 0), "");
	T_STR(pairs_value(&p, 0), "");
	pairs_add(&p, "b", "1");
	pairs_add(&p, "a", "");
	pairs_add(&p, "b", "2");
	pairs_add_u64(&p, "n", UINT64_MAX);
	pairs_add_bytes(&p, "c", "xyz", 2);
	pairs_add_bytes(&p, "d", NULL, 0);
	T_STR(text_of(&p), "b=1 a= b=2 n=18446744073709551615 c=xy d=");
	T_STR(pairs_get(&p, "b"), "1");
	T_STR(pairs_get(&p, "a"), "");
	T_TRUE(pairs_get(&p, "x") == NULL && pairs_get(&p, "") == NULL);
	T_STR(pairs_value(&p, 6), "");
	T_TRUE(!p.is_full);
	/* The name may be one of its own. */
	pairs_add(&p, pairs_name(&p, 4), pairs_value(&p, 4));
	T_STR(text_of(&p), "b=1 a= b=2 n=18446744073709551615 c=xy d= c=xy");
	pairs_init(&p);
	T_EQ(p.n, 0);
}

static void refusals(void)
{
	static struct pairs p;
	char name[PAIRS_NAME + 1], value[PAIRS_VALUE + 1];
	static const struct {
		size_t name, value;
		bool fits;
	} rows[] = {
		{1, 0, true},
		{PAIRS_NAME - 1, PAIRS_VALUE - 1, true},
		{PAIRS_NAME, 1, false},
		{1, PAIRS_VALUE, false},
		{0, 1, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, "lengths");
		memset(name, 'n', sizeof(name));
		memset(value, 'v', sizeof(value));
		name[rows[i].name] = value[rows[i].value] = 0;
		pairs_init(&p);
		pairs_add(&p, name, value);
		T_EQ(p.n, rows[i].fits);
		T_EQ(p.is_full, !rows[i].fits);
		pairs_add(&p, "a", "b");
		T_EQ(p.n, rows[i].fits + 1);
		T_EQ(p.is_full, !rows[i].fits);
	}
	pairs_init(&p);
	pairs_add_bytes(&p, "a", "x\0y", 3);
	T_TRUE(p.is_full && p.n == 0 && p.len == 0);
}

static void bounds(void)
{
	static struct pairs p;
	char value[PAIRS_VALUE];
	size_t n = 0;

	pairs_init(&p);
	for (; n < PAIRS_MAX; n++)
		pairs_add(&p, "n", "");
	T_TRUE(!p.is_full);
	pairs_add(&p, "n", "");
	T_TRUE(p.is_full && p.n == PAIRS_MAX);
	/* Filled to the last byte: 16 of 1024 bytes. */
	memset(value, 'v', sizeof(value));
	value[sizeof(value) - 3] = 0;
	pairs_init(&p);
	for (n = 0; n < PAIRS_BYTES / PAIRS_VALUE; n++)
		pairs_add(&p, "n", value);
	T_TRUE(!p.is_full && p.len == PAIRS_BYTES);
	pairs_add(&p, "n", "");
	T_TRUE(p.is_full && p.n == n && p.len == PAIRS_BYTES);
	T_STR(pairs_value(&p, n - 1), value);
}

static void codec(void)
{
	static struct pairs p, q;
	static uint8_t bytes[PAIRS_BYTES + 2];
	struct wr w = wr_init(bytes, sizeof(bytes));

	pairs_init(&p);
	pairs_build(&w, &p);
	T_MEM(bytes, "\0\0", 2);
	T_EQ(w.len, 2);
	pairs_add(&p, "b", "1");
	pairs_add(&p, "b", "");
	w = wr_init(bytes, sizeof(bytes));
	pairs_build(&w, &p);
	T_EQ(w.len, 9);
	T_MEM(bytes, "\0\2b\0001\0b\0\0", 9);
	T_EQ(pairs_parse((struct view){bytes, w.len}, &q), ST_OK);
	T_STR(text_of(&q), "b=1 b=");
	/* It never writes past its end. */
	for (size_t cap = 0; cap < 9; cap++) {
		struct wr small = wr_init(bytes, cap);

		pairs_build(&small, &p);
		T_TRUE(!wr_ok(&small));
	}
	/* The longest of all. */
	pairs_init(&p);
	memset(out, 'v', PAIRS_VALUE);
	out[PAIRS_VALUE - 3] = 0;
	while (!p.is_full)
		pairs_add(&p, "n", out);
	w = wr_init(bytes, sizeof(bytes));
	pairs_build(&w, &p);
	T_TRUE(wr_ok(&w) && w.len == sizeof(bytes));
	T_EQ(pairs_parse((struct view){bytes, w.len}, &q), ST_OK);
	T_EQ(q.n, p.n);
	T_TRUE(!q.is_full);
}

#define BYTES(s) (s), sizeof(s) - 1

static void damaged(void)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum status st;
	} rows[] = {
		{BYTES(""), ST_TRUNCATED},
		{BYTES("\0"), ST_TRUNCATED},
		{BYTES("\0\0"), ST_OK},
		{BYTES("\0\0x"), ST_TRAILING},
		{BYTES("\0\1"), ST_TRUNCATED},
		{BYTES("\0\1a"), ST_TRUNCATED},
		{BYTES("\0\1a\0"), ST_TRUNCATED},
		{BYTES("\0\1a\0b"), ST_TRUNCATED},
		{BYTES("\0\1a\0b\0"), ST_OK},
		{BYTES("\0\1a\0b\0c"), ST_TRAILING},
		{BYTES("\0\2a\0b\0"), ST_TRUNCATED},
		{BYTES("\0\1\0b\0"), ST_BAD_PAYLOAD},
		{BYTES("\0\1\0\0"), ST_BAD_PAYLOAD},
		{BYTES("\0\1nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\0\0"), ST_OK},
		{BYTES("\0\1nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\0\0"), ST_LIMIT},
		{BYTES("\xff\xff" "a\0b\0"), ST_TRUNCATED},
	};
	static struct pairs p;
	static uint8_t many[2 + 3 * (PAIRS_MAX + 1)];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		/* In memory of its own size: a read past the end is seen. */
		uint8_t *exact = malloc(rows[i].len ? rows[i].len : 1);

		T_ROW(i, "bytes");
		memcpy(exact, rows[i].bytes, rows[i].len);
		enum status st = pairs_parse((struct view){exact, rows[i].len}, &p);
		free(exact);
		T_EQ(st, rows[i].st);
	}
	T_EQ(pairs_parse((struct view){NULL, 0}, &p), ST_TRUNCATED);
	for (size_t i = 0; i <= PAIRS_MAX; i++)
		memcpy(many + 2 + 3 * i, "n\0", 3);
	many[1] = PAIRS_MAX;
	T_EQ(pairs_parse((struct view){many, sizeof(many) - 3}, &p), ST_OK);
	many[1] = PAIRS_MAX + 1;
	T_EQ(pairs_parse((struct view){many, sizeof(many)}, &p), ST_LIMIT);
}

int main(void)
{
	T_RUN(order);
	T_RUN(refusals);
	T_RUN(bounds);
	T_RUN(codec);
	T_RUN(damaged);
	return t_end();
}
