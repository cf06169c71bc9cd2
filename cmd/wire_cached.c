#include "cmd/wire_cached.h"

#include <stdio.h>

#include "core/aaa/attrs.h"
#include "core/base/hash.h"
#include "core/base/log.h"
#include "core/base/map.h"
#include "core/base/mem.h"

struct cached {
	struct list in_list;
	struct map_node by_sa;
	uint64_t sa;
	struct aaa_set *set;
};

struct wire_cache {
	struct list all;
	struct map by_sa;
};

static struct cached *find(const struct wire *w, uint64_t sa)
{
	struct map_node *n = map_first(&w->cached->by_sa, hash_u64(sa));
	while (n && CONTAINER_OF(n, struct cached, by_sa)->sa != sa)
		n = map_next(n);
	return n ? CONTAINER_OF(n, struct cached, by_sa) : NULL;
}

enum status wire_cached_read(struct aaa_set *set, struct view attrs, char why[IKE_DETAIL_LEN])
{
	struct aaa_finding f;
	enum status st = aaa_attrs_read(set, AAA_OF_ACCEPT, attrs, &f);
	if (st != ST_OK)
		snprintf(why, IKE_DETAIL_LEN, "%s", f.why);
	if (f.ignored[0])
		LOG(EV_RADIUS_IGNORED, kv_str("attributes", f.ignored));
	return st;
}

enum status wire_cached_put(struct wire *w, uint64_t sa, struct aaa_set *set)
{
	struct cached *c = find(w, sa);
	if (!c) {
		c = mem_new(sizeof(*c));
		if (!c) {
			aaa_set_free(set);
			return ST_NOMEM;
		}
		c->sa = sa;
		list_push_back(&w->cached->all, &c->in_list);
		map_add(&w->cached->by_sa, &c->by_sa, hash_u64(sa));
	}
	aaa_set_free(c->set);
	c->set = set;
	return ST_OK;
}

struct aaa_set *wire_cached(const struct wire *w, uint64_t sa)
{
	const struct cached *c = find(w, sa);
	return c ? c->set : NULL;
}

static void drop(struct wire *w, struct cached *c)
{
	map_del(&w->cached->by_sa, &c->by_sa);
	list_del(&c->in_list);
	aaa_set_free(c->set);
	mem_free(c);
}

void wire_cached_forget(struct wire *w, uint64_t sa)
{
	struct cached *c = find(w, sa);
	if (c)
		drop(w, c);
}

enum status wire_cached_open(struct wire *w)
{
	w->cached = mem_new(sizeof(*w->cached));
	if (!w->cached)
		return ST_NOMEM;
	list_init(&w->cached->all);
	return map_init(&w->cached->by_sa, 64);
}

void wire_cached_close(struct wire *w)
{
	if (!w->cached)
		return;
	LIST_EACH_SAFE(at, &w->cached->all)
		drop(w, CONTAINER_OF(at, struct cached, in_list));
	map_fini(&w->cached->by_sa);
	mem_free(w->cached);
	w->cached = NULL;
}
