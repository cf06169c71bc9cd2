#include "modules/snmp/index.h"

#include <string.h>

#include "core/base/mem.h"

#define CAP_FIRST 64

void index_fini(struct index *x)
{
	mem_free(x->v);
	*x = (struct index){0};
}

size_t index_from(const struct index *x, uint64_t number)
{
	size_t lo = 0, hi = x->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (x->v[mid]->card.index < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool is_at(const struct index *x, size_t at, uint64_t number)
{
	return at < x->n && x->v[at]->card.index == number;
}

const struct snmp_card *index_find(const struct index *x, uint64_t number)
{
	size_t at = index_from(x, number);
	return is_at(x, at, number) ? &x->v[at]->card : NULL;
}

static enum status grow(struct index *x)
{
	size_t cap = x->cap ? 2 * x->cap : CAP_FIRST;
	void *v = mem_grow(x->v, x->cap * sizeof(*x->v), cap * sizeof(*x->v));
	if (!v)
		return ST_NOMEM;
	x->v = v;
	x->cap = cap;
	return ST_OK;
}

enum status index_put(struct index *x, struct note *card, struct note **old)
{
	size_t at = index_from(x, card->card.index);
	*old = NULL;
	if (is_at(x, at, card->card.index)) {
		*old = x->v[at];
		x->v[at] = card;
		return ST_OK;
	}
	if (x->n == x->cap && grow(x) != ST_OK)
		return ST_NOMEM;
	memmove(x->v + at + 1, x->v + at, (x->n - at) * sizeof(*x->v));
	x->v[at] = card;
	x->n++;
	return ST_OK;
}

struct note *index_take(struct index *x, uint64_t number)
{
	size_t at = index_from(x, number);
	if (!is_at(x, at, number))
		return NULL;
	struct note *card = x->v[at];
	x->n--;
	memmove(x->v + at, x->v + at + 1, (x->n - at) * sizeof(*x->v));
	return card;
}
