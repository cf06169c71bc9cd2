#include "modules/lua/call.h"

#include <string.h>

#include "core/base/mem.h"

/* How often a name stands in pairs. */
static size_t times(const struct pairs *p, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += strcmp(pairs_name(p, i), name) == 0;
	return n;
}

/* Lists may have several elements, but none that is empty beside others. */
static bool is_good(const struct pairs *p, size_t i, const struct field *f)
{
	const char *value = pairs_value(p, i);

	if (field_wrong(f, value))
		return false;
	return (f->kind == FIELD_LIST && *value) || times(p, f->name) == 1;
}

bool changes_are_good(enum hook h, const struct pairs *changes)
{
	for (size_t i = 0; i < changes->n; i++) {
		const struct field *f = field_find(pairs_name(changes, i));

		if (!f || !field_may_change(f, h) || !is_good(changes, i, f))
			return false;
	}
	return changes->n > 0;
}

static enum status check(enum hook h, const struct pairs *in)
{
	if (in->is_full)
		return ST_LIMIT;
	for (size_t i = 0; i < in->n; i++) {
		const struct field *f = field_find(pairs_name(in, i));

		if (!f || !field_seen(f, h) ||
			(f->kind == FIELD_NUMBER && field_wrong(f, pairs_value(in, i))))
			return ST_INTERNAL;
	}
	return ST_OK;
}

enum status call_new(enum hook h, const struct pairs *in, struct call **out)
{
	/* A count, and all that the pairs hold. */
	const size_t cap = 2 + in->len;
	enum status st = check(h, in);
	struct call *c;
	struct wr w;

	if (st != ST_OK)
		return st;
	c = mem_new(sizeof(*c) + cap);
	if (!c)
		return ST_NOMEM;
	list_init(&c->in_list);
	c->hook = h;
	w = wr_init(c->encoded, cap);
	pairs_build(&w, in);
	c->len = w.len;
	*out = c;
	return ST_OK;
}

void call_free(struct call *c)
{
	mem_free(c);
}

void calls_free(struct list *calls)
{
	LIST_EACH_SAFE(at, calls) {
		struct call *c = CONTAINER_OF(at, struct call, in_list);

		list_del(&c->in_list);
		call_free(c);
	}
}

struct call *calls_first_question(const struct list *calls)
{
	LIST_EACH(at, calls) {
		struct call *c = CONTAINER_OF(at, struct call, in_list);

		if (hook_asks(c->hook))
			return c;
	}
	return NULL;
}

struct call *calls_find(const struct list *calls, uint64_t number)
{
	LIST_EACH(at, calls) {
		struct call *c = CONTAINER_OF(at, struct call, in_list);

		if (hook_asks(c->hook) && c->number == number)
			return c;
	}
	return NULL;
}
