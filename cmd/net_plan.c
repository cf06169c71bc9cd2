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
	const uint16_t ports[] = {(uint16_t)s->own.port, (uint16_t)s->own.nat_port, 0};
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		struct plan_listen *l = grow(g);
		if (!l)
			return;
		*l = *like;
		l->port = ports[i];
		l->is_nat = i == 1;
		l->is_raw = i == 2;
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

static bool push_route(struct plan_tun *t, const struct prefix *p, uint32_t metric)
{
	size_t n = t->route_count;
	/* Full at 0 and at powers of two from 8 on. */
	if (n == 0 || (n >= 8 && (n & (n - 1)) == 0)) {
		size_t cap = n ? n * 2 : 8;
		void *v = mem_grow(t->routes, n * sizeof(*t->routes), cap * sizeof(*t->routes));
		if (!v)
			return false;
		t->routes = v;
	}
	t->routes[t->route_count++] = (struct plan_route){*p, metric};
	return true;
}

/* One plan being made. */
struct making {
	const struct snapshot *s;
	struct plan *plan;
	struct plan_tun *tun; /* whose routes are looked for */
	bool nomem;
};

static void add_route(struct making *m, const struct prefix *p)
{
	struct prefix net = *p;
	prefix_mask(&net);
	/* Its own network is reached through it anyway; everything would be our own ESP too. */
	if (net.len == 0 || prefix_covers(&m->tun->ip4, &net) || prefix_covers(&m->tun->ip6, &net))
		return;
	for (size_t i = 0; i < m->plan->tun_count; i++) {
		const struct plan_tun *t = &m->plan->tuns[i];
		if (strcmp(t->vrf_name, m->tun->vrf_name) == 0 && plan_has_route(t, &net))
			return;
	}
	if (!push_route(m->tun, &net, 0))
		m->nomem = true;
}

/* As the operator wrote them, a default route too: the way to the peer is then the operator's care. */
static void add_static(struct making *m)
{
	for (size_t i = 0; i < m->s->route_count; i++) {
		const struct static_route *r = &m->s->routes[i];
		if (m->tun->number != PLAN_TUNNEL_BASE + r->tunnel ||
		    strcmp(m->tun->vrf_name, r->vrf ? r->vrf : "") != 0 ||
		    plan_has_route(m->tun, &r->prefix))
			continue;
		if (!push_route(m->tun, &r->prefix, r->distance))
			m->nomem = true;
	}
}

static void add_policy(struct making *m, const struct authz_policy *a)
{
	struct prefix cover[FIB_COVER_MAX];
	if (!a || a->disabled)
		return;
	const struct pool4 *p4 = a->pool ? snapshot_pool4(m->s, a->pool) : NULL;
	const struct pool6 *p6 = a->pool6 ? snapshot_pool6(m->s, a->pool6) : NULL;
	for (size_t i = 0; p4 && i < p4->range_count; i++) {
		size_t n = fib_cover(&p4->ranges[i].first, &p4->ranges[i].last, cover, FIB_COVER_MAX);
		for (size_t j = 0; j < n && j < FIB_COVER_MAX; j++)
			add_route(m, &cover[j]);
	}
	if (p6)
		add_route(m, &p6->prefix);
	for (size_t i = 0; i < a->remote_count; i++)
		add_route(m, &a->remotes[i]);
}

/* The policies that one `aaa authorization` line leads to. Without a name the peer's identity is the
 * name (R-AZN-06): any of them. */
static void add_author(struct making *m, const struct aaa_author *a, bool by_identity)
{
	if (!by_identity && a->username)
		add_policy(m, snapshot_authz(m->s, a->username));
	if (!by_identity || !a->list || a->username)
		return;
	for (size_t i = 0; i < m->s->authz_count; i++)
		add_policy(m, &m->s->authz[i]);
}

static void add_routes(struct making *m, bool by_identity)
{
	for (size_t i = 0; i < m->s->profile_count; i++) {
		const struct ike_profile *p = &m->s->profiles[i];
		if (p->virtual_template != m->tun->number)
			continue;
		if (!by_identity)
			add_policy(m, snapshot_authz(m->s, "default"));
		for (int k = 0; k < AAA_METHODS; k++) {
			add_author(m, &p->user[k], by_identity);
			add_author(m, &p->group[k], by_identity);
		}
	}
}

/* What is named goes before what may be chosen, so that a pool leads to the device that it is for. */
static enum status plan_routes(const struct snapshot *s, struct plan *plan)
{
	struct making m = {.s = s, .plan = plan};
	for (size_t i = 0; i < plan->tun_count; i++) {
		m.tun = &plan->tuns[i];
		add_static(&m);
	}
	for (int by_identity = 0; by_identity < 2; by_identity++) {
		for (size_t i = 0; i < plan->tun_count; i++) {
			m.tun = &plan->tuns[i];
			if (m.tun->number < PLAN_TUNNEL_BASE)
				add_routes(&m, by_identity);
		}
	}
	return m.nomem ? ST_NOMEM : ST_OK;
}

static uint32_t number_of(const struct iface *i)
{
	return i->kind == IFACE_TEMPLATE ? i->number : PLAN_TUNNEL_BASE + i->number;
}

/* The device takes what either family may have; the data path knows the limit of each. */
static uint32_t mtu_of(const struct iface *i)
{
	uint32_t mtu = i->ip_mtu ? i->ip_mtu : PLAN_MTU;
	return i->ip6_mtu > mtu ? i->ip6_mtu : mtu;
}

static bool plan_one_tun(const struct snapshot *s, const struct iface *i, struct growing *g, char *why,
			 size_t cap)
{
	struct plan_tun t = {.number = number_of(i),
			     .mtu = mtu_of(i),
			     .client_to_client = i->client_to_client,
			     .multicast = i->multicast,
			     .dhcp_inform = i->kind == IFACE_TEMPLATE && i->dhcp_inform};
	const struct vrf_def *vrf = i->vrf ? snapshot_vrf(s, i->vrf) : NULL;
	t.vrf = vrf ? vrf->num : i->vrf ? VRF_NONE : 0;
	plan_tun_name(t.number, t.name);
	/* The peers of a tunnel are sites. */
	if (i->kind == IFACE_TEMPLATE && i->proxy_arp)
		snprintf(t.proxy, sizeof(t.proxy), "%s", i->proxy_arp);
	if (!copy_vrf(t.vrf_name, i->vrf, why, cap))
		return false;
	set_addresses(s, i, &t);
	/* A device that carries IPv6 has room for its smallest packet. */
	if (t.mtu < 1280 && t.ip6.addr.family)
		t.mtu = 1280;
	struct plan_tun *at = grow(g);
	if (at)
		*at = t;
	return true;
}

enum status plan_make(const struct snapshot *s, struct plan *out, char *why, size_t why_cap)
{
	struct growing listens = {.size = sizeof(struct plan_listen)};
	struct growing tuns = {.size = sizeof(struct plan_tun)};
	struct growing shut = {.size = sizeof(uint32_t)};
	bool ok = plan_listens(s, &listens, why, why_cap);
	for (size_t i = 0; ok && i < s->iface_count; i++) {
		const struct iface *f = &s->ifaces[i];
		if (f->kind == IFACE_LOOPBACK)
			continue;
		if (!f->shutdown) {
			ok = plan_one_tun(s, f, &tuns, why, why_cap);
			continue;
		}
		uint32_t *number = grow(&shut);
		if (number)
			*number = number_of(f);
	}
	*out = (struct plan){listens.v, listens.n, tuns.v, tuns.n, shut.v, shut.n};
	enum status st = !ok ? ST_CONFIG : listens.nomem || tuns.nomem || shut.nomem ? ST_NOMEM : ST_OK;
	if (st == ST_OK)
		st = plan_routes(s, out);
	if (st != ST_OK)
		plan_free(out);
	return st;
}

void plan_free(struct plan *p)
{
	for (size_t i = 0; i < p->tun_count; i++)
		mem_free(p->tuns[i].routes);
	mem_free(p->tuns);
	mem_free(p->listens);
	mem_free(p->shut);
	*p = (struct plan){0};
}

bool plan_listen_eq(const struct plan_listen *a, const struct plan_listen *b)
{
	return a->vrf == b->vrf && a->family == b->family && a->port == b->port &&
	       a->is_nat == b->is_nat && a->is_raw == b->is_raw && addr_eq(&a->addr, &b->addr) &&
	       strcmp(a->vrf_name, b->vrf_name) == 0;
}

const struct plan_tun *plan_find_tun(const struct plan *p, uint32_t number)
{
	for (size_t i = 0; i < p->tun_count; i++)
		if (p->tuns[i].number == number)
			return &p->tuns[i];
	return NULL;
}

void plan_tun_name(uint32_t number, char out[PLAN_NAME])
{
	bool is_tunnel = number >= PLAN_TUNNEL_BASE;
	snprintf(out, PLAN_NAME, "%s%u", is_tunnel ? "sp-tu" : "sp-vt",
		 is_tunnel ? number - PLAN_TUNNEL_BASE : number);
}

enum status plan_add_tun(struct plan *p, const struct plan_tun *t)
{
	size_t size = sizeof(*p->tuns);
	struct plan_tun *v = mem_grow(p->tuns, p->tun_count * size, (p->tun_count + 1) * size);
	if (!v)
		return ST_NOMEM;
	p->tuns = v;
	v[p->tun_count] = *t;
	v[p->tun_count].routes = NULL;
	v[p->tun_count++].route_count = 0;
	return ST_OK;
}

bool plan_is_shut(const struct plan *p, uint32_t number)
{
	for (size_t i = 0; i < p->shut_count; i++)
		if (p->shut[i] == number)
			return true;
	return false;
}

/* The longest prefix of t that covers dst, connected networks too; -1: none. */
static int longest(const struct plan_tun *t, const struct prefix *dst)
{
	const struct prefix *own = dst->addr.family == 4 ? &t->ip4 : &t->ip6;
	int len = prefix_covers(own, dst) ? own->len : -1;
	for (size_t i = 0; i < t->route_count; i++)
		if (t->routes[i].prefix.len > len && prefix_covers(&t->routes[i].prefix, dst))
			len = t->routes[i].prefix.len;
	return len;
}

const struct plan_tun *plan_way(const struct plan *p, const char *vrf_name, const struct prefix *dst)
{
	const struct plan_tun *best = NULL;
	int len = -1;
	for (size_t i = 0; i < p->tun_count; i++) {
		const struct plan_tun *t = &p->tuns[i];
		int n = strcmp(t->vrf_name, vrf_name) == 0 ? longest(t, dst) : -1;
		if (n > len) {
			len = n;
			best = t;
		}
	}
	return best;
}

static bool same_prefix(const struct prefix *a, const struct prefix *b)
{
	return addr_eq(&a->addr, &b->addr) && a->len == b->len;
}

bool plan_tun_eq(const struct plan_tun *a, const struct plan_tun *b)
{
	return a->number == b->number && a->vrf == b->vrf && a->mtu == b->mtu && same_prefix(&a->ip4, &b->ip4) &&
	       same_prefix(&a->ip6, &b->ip6) && a->client_to_client == b->client_to_client &&
	       a->multicast == b->multicast && a->dhcp_inform == b->dhcp_inform &&
	       strcmp(a->vrf_name, b->vrf_name) == 0;
}

bool plan_has_route(const struct plan_tun *t, const struct prefix *p)
{
	for (size_t i = 0; i < t->route_count; i++)
		if (prefix_eq(&t->routes[i].prefix, p))
			return true;
	return false;
}
