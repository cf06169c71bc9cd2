#include "core/base/stats.h"

#include <stddef.h>

struct counter_row {
	const char *token;
	const char *unit;
	const char *words;
};

static const struct counter_row rows[CT__MAX] = {
#define X(name, token, unit, words) [CT_##name] = {token, unit, words},
	COUNTER_LIST(X)
#undef X
};

static const struct counter_row gauges[GG__MAX] = {
#define X(name, token, unit, words) [GG_##name] = {token, unit, words},
	GAUGE_LIST(X)
#undef X
};

static const struct counter_row none = {"unknown", "", "no such counter"};

static const struct counter_row *row_of(enum counter c)
{
	unsigned i = (unsigned)c;

	return i < CT__MAX ? &rows[i] : &none;
}

const char *counter_token(enum counter c)
{
	return row_of(c)->token;
}

const char *counter_unit(enum counter c)
{
	return row_of(c)->unit;
}

const char *counter_words(enum counter c)
{
	return row_of(c)->words;
}

static const struct counter_row *gauge_of(enum gauge g)
{
	unsigned i = (unsigned)g;

	return i < GG__MAX ? &gauges[i] : &none;
}

const char *gauge_token(enum gauge g)
{
	return gauge_of(g)->token;
}

const char *gauge_unit(enum gauge g)
{
	return gauge_of(g)->unit;
}

const char *gauge_words(enum gauge g)
{
	return gauge_of(g)->words;
}

static void add_all(_Atomic uint64_t *dst, const _Atomic uint64_t *src, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t v = atomic_load_explicit(&dst[i], memory_order_relaxed) +
			     atomic_load_explicit(&src[i], memory_order_relaxed);

		atomic_store_explicit(&dst[i], v, memory_order_relaxed);
	}
}

void stats_sum(struct stats *dst, const struct stats *src)
{
	add_all(dst->count, src->count, CT__MAX);
	add_all(dst->status, src->status, ST__MAX);
}
