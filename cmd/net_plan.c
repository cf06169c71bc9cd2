#include "cmd/net_plan.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/esp/fib.h"

/* A growing array of one kind. */
struct growing {
	void *v;
	size_t n;
	size_t cap;
	size_t size;
	bool nomem;
};

static void *grow(struct growing *g)
{
	if (g->n == g->cap) {
		size_t cap = g->cap ? g->cap * 2 : 8;
		void *v = mem_grow(g->v, g->cap * g->size, cap * g->size);
		if (!v) {
			g->nomem = true;
			return NULL;
		}
		g->v = v;
		g->cap = cap;
	}
	return (char *)g->v + g->n++ * g->size;
}

static bool copy_vrf(char out[PLAN_VRF], const char *name, char *why, size_t why_cap)
{
	if (!name)
		name = "";
	if (strlen(name) < PLAN_VRF && !strpbrk(name, "/. ")) {
		memcpy(out, name, strlen(name) + 1);
		return true;
	}
	snprintf(why, why_cap, "VRF name \"%.40s\" cannot be the name of a network namespace", name);
	return false;
}

/* ---- listening ----------------------------------------------------------------------------- */

static void add_listen(const struct snapshot *s, struct growing *g, const struct plan_listen *like)
{
	for (int nat = 0; nat < 2; nat++) {
		struct plan_listen *l = grow(g);
		if (!l)
			return;
		*l = *like;
		l->port = (uint16_t)(nat ? s->own.nat_port : s->own.port);
		l->is_nat = nat;
	}
}

/* Both families where the address leaves it open. */
static bool add_address(const struct snapshot *s, struct growing *g, const struct listen_addr *a,
			char *why, size_t cap)
{
	struct plan_listen l = {.vrf = a->num, .addr = a->addr};
	if (!copy_vrf(l.vrf_name, a->vrf, why, cap))
		return false;
	for (uint8_t family = 4; family <= 6; family = (uint8_t)(family + 2)) {
		if (a->addr.family && a->addr.family != family)
			continue;
		l.family = family;
		add_listen(s, g, &l);
	}
	return true;
}

static bool plan_listens(const struct snapshot *s, struct growing *g, char *why, size_t cap)
{
	struct listen_addr every = {0};
	for (size_t i = 0; i < s->own.listen_count; i++)
		if (!add_address(s, g, &s->own.listen[i], why, cap))
			return false;
	if (s->own.listen_count)
		return true;
	if (!add_address(s, g, &every, why, cap))
		return false;
	for (size_t i = 0; i < s->vrf_count; i++) {
		every.vrf = s->vrfs[i].name;
		every.num = s->vrfs[i].num;
		if (!add_address(s, g, &every, why, cap))
			return false;
	}
	return true;
}

/* ---- TUN devices ---------------------------------------------------------------------------- */

static const struct iface *loopback_named(const struct snapshot *s, const char *name)
{
	for (size_t i = 0; name && i < s->iface_count; i++)
		if (s->ifaces[i].kind == IFACE_LOOPBACK && strcmp(s->ifaces[i].name, name) == 0)
			return &s->ifaces[i];
	return NULL;
}

static void set_addresses(const struct snapshot *s, const struct iface *i, struct plan_tun *t)
{
	const struct iface *lo4 = loopback_named(s, i->unnumbered);
	const struct iface *lo6 = loopback_named(s, i->unnumbered6);
	/* A borrowed address is a host address: the net behind it is elsewhere. */
	if (lo4 && lo4->ip.addr.family)
		t->ip4 = (struct prefix){lo4->ip.addr, 32};
	if (i->ip.addr.family)
		t->ip4 = i->ip;
	if (lo6 && lo6->ip6_count)
		t->ip6 = (struct prefix){lo6->ip6[0].addr, 128};
	if (i->ip6_count)
		t->ip6 = i->ip6[0];
}

static void add_route(const struct plan_tun *t, struct growing *g, const struct prefix *p)
{
	/* Its own network is reached through it anyway. */
	if (prefix_covers(&t->ip4, p) || prefix_covers(&t->ip6, p))
		return;
	for (size_t i = 0; i < g->n; i++)
		if (prefix_eq(&((struct prefix *)g->v)[i], p))
			return;
	struct prefix *r = grow(g);
	if (r)
		*r = *p;
}

static void add_pools(const struct snapshot *s, const struct authz_policy *a, const struct plan_tun *t,
		      struct growing *g)
{
	struct prefix cover[FIB_COVER_MAX];
	const struct pool4 *p4 = a && a->pool ? snapshot_pool4(s, a->pool) : NULL;
	const struct pool6 *p6 = a && a->pool6 ? snapshot_pool6(s, a->pool6) : NULL;
	for (size_t i = 0; p4 && i < p4->range_count; i++) {
		size_t n = fib_cover(&p4->ranges[i].first, &p4->ranges[i].last, cover, FIB_COVER_MAX);
		for (size_t j = 0; j < n && j < FIB_COVER_MAX; j++)
			add_route(t, g, &cover[j]);
	}
	if (p6)
		add_route(t, g, &p6->prefix);
}

/* Pools of every policy that the profiles of this template may authorize with. */
static void add_routes(const struct snapshot *s, uint32_t template, const struct plan_tun *t,
		       struct growing *g)
{
	for (size_t i = 0; i < s->profile_count; i++) {
		const struct ike_profile *p = &s->profiles[i];
		if (p->virtual_template != template)
			continue;
		add_pools(s, snapshot_authz(s, "default"), t, g);
		for (int m = 0; m < AAA_METHODS; m++) {
			if (p->user[m].username)
				add_pools(s, snapshot_authz(s, p->user[m].username), t, g);
			if (p->group[m].username)
				add_pools(s, snapshot_authz(s, p->group[m].username), t, g);
		}
	}
}

static bool plan_one_tun(const struct snapshot *s, const struct iface *i, struct growing *g, char *why,
			 size_t cap)
{
	bool is_template = i->kind == IFACE_TEMPLATE;
	struct growing routes = {.size = sizeof(struct prefix)};
	struct plan_tun t = {.number = is_template ? i->number : PLAN_TUNNEL_BASE + i->number,
			     .mtu = i->ip_mtu ? i->ip_mtu : PLAN_MTU,
			     .client_to_client = i->client_to_client};
	const struct vrf_def *vrf = i->vrf ? snapshot_vrf(s, i->vrf) : NULL;
	t.vrf = vrf ? vrf->num : i->vrf ? VRF_NONE : 0;
	snprintf(t.name, sizeof(t.name), "%s%u", is_template ? "sp-vt" : "sp-tu", i->number);
	if (!copy_vrf(t.vrf_name, i->vrf, why, cap))
		return false;
	set_addresses(s, i, &t);
	/* A device that carries IPv6 has room for its smallest packet. */
	if (t.mtu < 1280 && t.ip6.addr.family)
		t.mtu = 1280;
	if (is_template)
		add_routes(s, i->number, &t, &routes);
	t.routes = routes.v;
	t.route_count = routes.n;
	struct plan_tun *at = routes.nomem ? NULL : grow(g);
	if (!at) {
		g->nomem = true;
		mem_free(routes.v);
		return true;
	}
	*at = t;
	return true;
}

enum status plan_make(const struct snapshot *s, struct plan *out, char *why, size_t why_cap)
{
	struct growing listens = {.size = sizeof(struct plan_listen)};
	struct growing tuns = {.size = sizeof(struct plan_tun)};
	bool ok = plan_listens(s, &listens, why, why_cap);
	for (size_t i = 0; ok && i < s->iface_count; i++) {
		const struct iface *f = &s->ifaces[i];
		if (f->kind != IFACE_LOOPBACK && !f->shutdown)
			ok = plan_one_tun(s, f, &tuns, why, why_cap);
	}
	*out = (struct plan){listens.v, listens.n, tuns.v, tuns.n};
	if (ok && !listens.nomem && !tuns.nomem)
		return ST_OK;
	plan_free(out);
	return ok ? ST_NOMEM : ST_CONFIG;
}

enum status plan_keep(struct plan *p, uint32_t tun, const struct prefix *lease)
{
	struct plan_tun *t = p->tuns;
	while (t < p->tuns + p->tun_count && t->number != tun)
		t++;
	if (t == p->tuns + p->tun_count)
		return ST_OK;
	for (size_t i = 0; i < t->route_count; i++)
		if (prefix_covers(&t->routes[i], lease))
			return ST_OK;
	struct growing g = {.v = t->routes, .n = t->route_count, .cap = t->route_count,
			    .size = sizeof(struct prefix)};
	add_route(t, &g, lease);
	t->routes = g.v;
	t->route_count = g.n;
	return g.nomem ? ST_NOMEM : ST_OK;
}

void plan_free(struct plan *p)
{
	for (size_t i = 0; i < p->tun_count; i++)
		mem_free(p->tuns[i].routes);
	mem_free(p->tuns);
	mem_free(p->listens);
	*p = (struct plan){0};
}

bool plan_listen_eq(const struct plan_listen *a, const struct plan_listen *b)
{
	return a->vrf == b->vrf && a->family == b->family && a->port == b->port &&
	       a->is_nat == b->is_nat && addr_eq(&a->addr, &b->addr) &&
	       strcmp(a->vrf_name, b->vrf_name) == 0;
}

const struct plan_tun *plan_find_tun(const struct plan *p, uint32_t number)
{
	for (size_t i = 0; i < p->tun_count; i++)
		if (p->tuns[i].number == number)
			return &p->tuns[i];
	return NULL;
}

static bool same_prefix(const struct prefix *a, const struct prefix *b)
{
	return addr_eq(&a->addr, &b->addr) && a->len == b->len;
}

bool plan_tun_eq(const struct plan_tun *a, const struct plan_tun *b)
{
	return a->number == b->number && a->vrf == b->vrf && a->mtu == b->mtu && same_prefix(&a->ip4, &b->ip4) &&
	       same_prefix(&a->ip6, &b->ip6) && a->client_to_client == b->client_to_client &&
	       strcmp(a->vrf_name, b->vrf_name) == 0;
}

bool plan_has_route(const struct plan_tun *t, const struct prefix *p)
{
	for (size_t i = 0; i < t->route_count; i++)
		if (prefix_eq(&t->routes[i], p))
			return true;
	return false;
}
