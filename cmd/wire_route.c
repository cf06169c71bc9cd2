#include "cmd/wire_route.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/holder_proto.h"
#include "core/base/hash.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/session/session.h"

struct route {
	struct list in_list;
	struct map_node by_prefix;
	struct prefix prefix;
	uint32_t tun;
	char name[PLAN_NAME];
	char vrf_name[PLAN_VRF];
	uint32_t metric;
	bool is_planned;
	bool is_set;
	uint32_t users; /* sessions that need it beside the plan */
};

static bool is_wanted(const struct route *r)
{
	return r->is_planned || r->users;
}

/* ---- the kernel --------------------------------------------------------------------------------- */

static enum status order(struct wire *w, const char *name, const struct prefix *p, uint32_t metric,
			 bool is_delete, struct asroot_reply *reply)
{
	struct asroot_request rq = {.op = ASROOT_ROUTE, .prefix = *p, .metric = metric,
				    .is_delete = is_delete};
	memcpy(rq.name, name, sizeof(rq.name));
	return asroot_call(w->control, &rq, reply, NULL);
}

static const char *reason_of(enum status st, const struct asroot_reply *reply)
{
	if (st == ST_EXISTS)
		return "there is another route for this prefix";
	return st == ST_IO ? strerror(reply->error ? reply->error : errno) : status_words(st);
}

static void set(struct wire *w, struct route *r)
{
	char text[PREFIX_TEXT];
	struct asroot_reply reply = {0};
	const struct plan_tun *t = plan_find_tun(&w->plan, r->tun);
	/* Routes through a device that carries no IPv6 cannot be set and are not missed. */
	if (!t || (r->prefix.addr.family == 6 && t->ip6.addr.family == 0 && t->mtu < 1280))
		return;
	enum status st = order(w, r->name, &r->prefix, r->metric, false, &reply);
	/* With a device that outlived a main its routes are there. */
	r->is_set = st == ST_OK || (st == ST_EXISTS && t->was_kept);
	if (!r->is_set)
		LOG(EV_NET_ERROR, kv_str("interface", r->name),
		    kv_str("route", prefix_format(&r->prefix, text)), kv_str("reason", reason_of(st, &reply)));
}

static void unset(struct wire *w, struct route *r)
{
	struct asroot_reply reply;
	if (r->is_set)
		(void)!order(w, r->name, &r->prefix, r->metric, true, &reply);
	r->is_set = false;
}

/* ---- the table ---------------------------------------------------------------------------------- */

static uint64_t hash_of(const struct prefix *p)
{
	uint64_t hi, lo;
	memcpy(&hi, p->addr.b, sizeof(hi));
	memcpy(&lo, p->addr.b + 8, sizeof(lo));
	return hash_u64(hash_u64(hi ^ ((uint64_t)p->addr.family << 8 | p->len)) ^ lo);
}

static struct route *find(const struct wire *w, uint32_t tun, const struct prefix *p)
{
	for (struct map_node *n = map_first(&w->route_map, hash_of(p)); n; n = map_next(n)) {
		struct route *r = CONTAINER_OF(n, struct route, by_prefix);
		if (prefix_eq(&r->prefix, p) && r->tun == tun)
			return r;
	}
	return NULL;
}

static struct route *get(struct wire *w, const struct plan_tun *t, const struct plan_route *p)
{
	struct route *r = find(w, t->number, &p->prefix);
	if (r && r->metric != p->metric) {
		unset(w, r);
		r->metric = p->metric;
	}
	if (r) {
		memcpy(r->vrf_name, t->vrf_name, sizeof(r->vrf_name)); /* the device may have moved */
		return r;
	}
	r = mem_new(sizeof(*r));
	if (!r) {
		LOG(EV_NET_ERROR, kv_str("interface", t->name), kv_str("what", "a route is missing"),
		    kv_status("status", ST_NOMEM));
		return NULL;
	}
	r->prefix = p->prefix;
	r->metric = p->metric;
	r->tun = t->number;
	memcpy(r->name, t->name, sizeof(r->name));
	memcpy(r->vrf_name, t->vrf_name, sizeof(r->vrf_name));
	map_add(&w->route_map, &r->by_prefix, hash_of(&p->prefix));
	list_push_back(&w->routes, &r->in_list);
	return r;
}

static void drop(struct wire *w, struct route *r)
{
	unset(w, r);
	map_del(&w->route_map, &r->by_prefix);
	list_del(&r->in_list);
	mem_free(r);
}

/* The kernel has one route for a prefix: one that leads to another device goes before. */
static void make_way(struct wire *w, const struct route *for_it)
{
	struct map_node *next;
	for (struct map_node *n = map_first(&w->route_map, hash_of(&for_it->prefix)); n; n = next) {
		struct route *r = CONTAINER_OF(n, struct route, by_prefix);
		next = map_next(n);
		if (r != for_it && prefix_eq(&r->prefix, &for_it->prefix) && !is_wanted(r) &&
		    strcmp(r->vrf_name, for_it->vrf_name) == 0)
			unset(w, r);
	}
}

/* ---- sessions ----------------------------------------------------------------------------------- */

/* Where its packets must be led: to what the peer was granted, or to what the peer that we connected
 * to announced (session_authorize left only what `route accept` lets in). */
static uint8_t count_of(const struct session *s)
{
	return s->we_are_initiator ? s->grant->n_subnets : s->grant->n_remote;
}

static const struct prefix *net_of(const struct session *s, uint8_t i)
{
	return s->we_are_initiator ? &s->grant->subnets[i] : &s->grant->remote[i];
}

/* Our own ESP would go into the tunnel. */
static bool swallows_peer(const struct plan_tun *t, const struct session *s, const struct prefix *p)
{
	return t->vrf == s->remote.vrf && prefix_contains(p, &s->remote.addr);
}

/* Prefix i of those, when it needs a route of its own. */
static const struct plan_tun *needs(const struct wire *w, const struct session *s, uint8_t i,
				    struct plan_route *out)
{
	const struct plan_tun *t = plan_find_tun(&w->plan, s->grant->tun);
	struct prefix *p = &out->prefix;
	*out = (struct plan_route){*net_of(s, i), s->we_are_initiator ? s->route_distance : 0};
	prefix_mask(p);
	if (!t || strcmp(t->vrf_name, s->ivrf) != 0)
		return NULL;
	if (s->we_are_initiator)
		return swallows_peer(t, s, p) || plan_has_route(t, p) ? NULL : t;
	return p->len == 0 || plan_way(&w->plan, t->vrf_name, p) == t ? NULL : t;
}

static void log_swallowed(const struct wire *w, const struct session *s)
{
	char text[PREFIX_TEXT];
	const struct plan_tun *t = plan_find_tun(&w->plan, s->grant->tun);
	for (uint8_t i = 0; t && i < count_of(s); i++)
		if (swallows_peer(t, s, net_of(s, i)))
			LOG(EV_NET_ERROR, kv_str("interface", t->name),
			    kv_str("route", prefix_format(net_of(s, i), text)),
			    kv_str("reason", "not set: the way to the peer itself would lead into the tunnel"));
}

static void count_session(struct wire *w, const struct session *s, bool at_once)
{
	struct plan_route p;
	for (uint8_t i = 0; i < count_of(s); i++) {
		const struct plan_tun *t = needs(w, s, i, &p);
		struct route *r = t ? get(w, t, &p) : NULL;
		if (!r)
			continue;
		r->users++;
		if (at_once && !r->is_set)
			set(w, r);
	}
}

void wire_route_up(struct wire *w, const struct session *s)
{
	count_session(w, s, true);
	log_swallowed(w, s);
}

/* It ended while a new main thawed: its route is in a device that was kept, and in no table. */
static void forget_kept(struct wire *w, const struct session *s)
{
	char name[PLAN_NAME];
	struct asroot_reply reply;
	plan_tun_name(s->grant->tun, name);
	for (uint8_t i = 0; i < count_of(s); i++)
		(void)!order(w, name, net_of(s, i), 0, true, &reply);
}

/* A route of another device for the same prefix that could not be set before. */
static void set_others(struct wire *w, const struct prefix *p)
{
	for (struct map_node *n = map_first(&w->route_map, hash_of(p)); n; n = map_next(n)) {
		struct route *r = CONTAINER_OF(n, struct route, by_prefix);
		if (prefix_eq(&r->prefix, p) && is_wanted(r) && !r->is_set)
			set(w, r);
	}
}

void wire_route_over(struct wire *w, const struct session *s)
{
	struct plan_route p;
	if (w->plan.tun_count == 0) {
		forget_kept(w, s);
		return;
	}
	for (uint8_t i = 0; i < count_of(s); i++) {
		const struct plan_tun *t = needs(w, s, i, &p);
		struct route *r = t ? find(w, t->number, &p.prefix) : NULL;
		if (!r || !r->users)
			continue;
		r->users--;
		if (is_wanted(r))
			continue;
		drop(w, r);
		set_others(w, &p.prefix);
	}
}

/* ---- all of them -------------------------------------------------------------------------------- */

static void plan_all(struct wire *w)
{
	LIST_EACH(at, &w->routes) {
		struct route *r = CONTAINER_OF(at, struct route, in_list);
		r->is_planned = false;
		r->users = 0;
	}
	for (size_t i = 0; i < w->plan.tun_count; i++) {
		const struct plan_tun *t = &w->plan.tuns[i];
		for (size_t k = 0; k < t->route_count; k++) {
			struct route *r = get(w, t, &t->routes[k]);
			if (r)
				r->is_planned = true;
		}
	}
	for (const struct session *s = session_next(w->sessions, NULL); s; s = session_next(w->sessions, s))
		if (s->state == SESSION_UP)
			count_session(w, s, false);
}

void wire_route_apply(struct wire *w)
{
	plan_all(w);
	LIST_EACH(at, &w->routes) {
		struct route *r = CONTAINER_OF(at, struct route, in_list);
		if (!is_wanted(r) || r->is_set)
			continue;
		make_way(w, r);
		set(w, r);
	}
	LIST_EACH_SAFE(at, &w->routes) {
		struct route *r = CONTAINER_OF(at, struct route, in_list);
		if (!is_wanted(r))
			drop(w, r);
	}
	for (size_t i = 0; i < w->plan.tun_count; i++)
		w->plan.tuns[i].was_kept = false;
}

void wire_route_unset(struct wire *w, uint32_t tun, uint8_t family)
{
	LIST_EACH(at, &w->routes) {
		struct route *r = CONTAINER_OF(at, struct route, in_list);
		if (r->tun == tun && r->prefix.addr.family == family)
			unset(w, r);
	}
}

void wire_route_set(struct wire *w, uint32_t tun)
{
	LIST_EACH(at, &w->routes) {
		struct route *r = CONTAINER_OF(at, struct route, in_list);
		if (r->tun == tun && is_wanted(r) && !r->is_set)
			set(w, r);
	}
}

void wire_route_closed(struct wire *w, uint32_t tun)
{
	LIST_EACH(at, &w->routes) {
		struct route *r = CONTAINER_OF(at, struct route, in_list);
		if (r->tun == tun)
			r->is_set = false;
	}
}

void wire_route_fini(struct wire *w)
{
	LIST_EACH_SAFE(at, &w->routes)
		mem_free(CONTAINER_OF(at, struct route, in_list));
	map_fini(&w->route_map);
}
