#include "core/session/lease_pool.h"

#include <string.h>

#include "core/base/mem.h"

#define TOTAL_MAX ((uint64_t)1 << 62)

/* ---- addresses and indexes ------------------------------------------------------------------ */

/* a + (n << shift), as one number of 128 bits (IPv4: 32, shift 0). */
static struct addr addr_step(const struct addr *a, uint64_t n, unsigned shift)
{
	uint8_t add[16] = {0};
	struct addr sum = *a;
	unsigned carry = 0;

	if (shift == 0)
		return addr_add(a, n);
	for (unsigned bit = 0; bit < 64 && bit + shift < 128; bit++) {
		unsigned at = bit + shift;
		if (n >> bit & 1)
			add[15 - at / 8] = (uint8_t)(add[15 - at / 8] | 1u << at % 8);
	}
	for (int i = 15; i >= 0; i--) {
		carry += (unsigned)a->b[i] + add[i];
		sum.b[i] = (uint8_t)carry;
		carry >>= 8;
	}
	return sum;
}

struct addr lease_pool_addr(const struct lease_pool *p, uint64_t index)
{
	unsigned shift = p->family == 6 ? 128u - p->prefix_len : 0;

	/* The all-zeros address of an IPv6 prefix means the routers of the link (RFC 4291 section
	 * 2.6.1): it is lent, but as the last one. */
	if (p->family == 6 && p->prefix_len == 128)
		index = index + 1 == p->span ? 0 : index + 1;
	for (size_t i = 0; i < p->n_ranges; i++) {
		if (index < p->ranges[i].count)
			return addr_step(&p->ranges[i].first, index, shift);
		index -= p->ranges[i].count;
	}
	return (struct addr){0};
}

static bool range_has(const struct lease_pool *p, const struct lease_range *r, const struct addr *a)
{
	if (a->family != r->first.family || addr_cmp(a, &r->first) < 0)
		return false;
	if (p->family == 4 || p->prefix_len == 128)
		return addr_diff(&r->first, a) < r->count;
	/* Prefixes: inside, and at a border. */
	struct addr last = addr_step(&r->first, r->count - 1, 128u - p->prefix_len);
	struct prefix whole = {*a, p->prefix_len};
	prefix_mask(&whole);
	return addr_cmp(a, &last) <= 0 && addr_eq(&whole.addr, a);
}

static bool is_own(const struct lease_pool *p, const struct addr *a)
{
	for (size_t i = 0; i < p->n_own; i++) {
		if (addr_eq(&p->own[i], a))
			return true;
	}
	return false;
}

static bool ranges_have(const struct lease_pool *p, const struct addr *a)
{
	for (size_t i = 0; i < p->n_ranges; i++) {
		if (range_has(p, &p->ranges[i], a))
			return true;
	}
	return false;
}

bool lease_pool_has(const struct lease_pool *p, const struct addr *a)
{
	return ranges_have(p, a) && !is_own(p, a);
}

/* ---- configuration -------------------------------------------------------------------------- */

/* Number of prefixes of length len in a prefix of length within; saturates. */
static uint64_t count_prefixes(uint8_t within, uint8_t len)
{
	unsigned bits = len >= within ? (unsigned)(len - within) : 0;

	return bits >= 62 ? TOTAL_MAX : (uint64_t)1 << bits;
}

static enum status copy_pool4(const struct pool4 *c, struct lease_pool *p)
{
	p->ranges = mem_array(c->range_count, sizeof(*p->ranges));
	if (!p->ranges)
		return ST_NOMEM;
	p->n_ranges = c->range_count;
	for (size_t i = 0; i < c->range_count; i++) {
		p->ranges[i].first = c->ranges[i].first;
		p->ranges[i].count = addr_diff(&c->ranges[i].first, &c->ranges[i].last) + 1;
		p->span += p->ranges[i].count;
	}
	p->prefix_len = 32;
	return ST_OK;
}

static enum status copy_pool6(const struct pool6 *c, struct lease_pool *p)
{
	p->ranges = mem_array(1, sizeof(*p->ranges));
	if (!p->ranges)
		return ST_NOMEM;
	p->n_ranges = 1;
	p->ranges[0].first = prefix_first(&c->prefix);
	p->ranges[0].count = count_prefixes(c->prefix.len, c->handout_len);
	p->span = p->ranges[0].count;
	p->prefix_len = c->handout_len;
	return ST_OK;
}

/* Calls fn for each address in force in that VRF: those of interfaces of the configuration, borrowed ones too, and
 * whatever else the host has. Stops when fn says so, and says so then. */
typedef bool own_fn(void *ctx, const struct addr *a);

static bool each_of_iface(const struct iface *i, own_fn *fn, void *ctx)
{
	if (i->ip.addr.family && fn(ctx, &i->ip.addr))
		return true;
	for (size_t k = 0; k < i->ip6_count; k++)
		if (fn(ctx, &i->ip6[k].addr))
			return true;
	return false;
}

static bool lends(const struct iface *lender, const struct iface *f)
{
	return lender == f || (f->unnumbered && strcmp(f->unnumbered, lender->name) == 0) ||
		(f->unnumbered6 && strcmp(f->unnumbered6, lender->name) == 0);
}

static bool each_configured(const struct snapshot *conf, const char *ivrf, own_fn *fn, void *ctx)
{
	for (size_t i = 0; conf && i < conf->iface_count; i++) {
		const struct iface *f = &conf->ifaces[i];
		if (strcmp(f->vrf ? f->vrf : "", ivrf) != 0)
			continue;
		for (size_t k = 0; k < conf->iface_count; k++)
			if (lends(&conf->ifaces[k], f) && each_of_iface(&conf->ifaces[k], fn, ctx))
				return true;
	}
	return false;
}

static bool each_own(const struct lease_ours *o, const char *ivrf, own_fn *fn, void *ctx)
{
	if (each_configured(o->conf, ivrf, fn, ctx))
		return true;
	LIST_EACH(at, o->hosts) {
		const struct lease_host *h = CONTAINER_OF(at, struct lease_host, in_list);
		for (size_t i = 0; strcmp(h->ivrf, ivrf) == 0 && i < h->n; i++)
			if (fn(ctx, &h->v[i]))
				return true;
	}
	return false;
}

static bool count_one(void *ctx, const struct addr *a)
{
	(void)a;
	++*(size_t *)ctx;
	return false;
}

/* Whoever got it as a lease could not be reached, nor could we. */
static bool add_own(void *ctx, const struct addr *a)
{
	struct lease_pool *p = ctx;
	struct prefix lent = {*a, p->prefix_len};

	if (a->family != p->family)
		return false;
	prefix_mask(&lent);
	if (ranges_have(p, &lent.addr) && !is_own(p, &lent.addr))
		p->own[p->n_own++] = lent.addr;
	return false;
}

static enum status read_own(const struct lease_ours *o, struct lease_pool *p)
{
	size_t most = 0;

	(void)each_own(o, p->ivrf, count_one, &most);
	if (most == 0 || p->n_ranges == 0)
		return ST_OK;
	p->own = mem_array(most, sizeof(*p->own));
	if (!p->own)
		return ST_NOMEM;
	(void)each_own(o, p->ivrf, add_own, p);
	return ST_OK;
}

void lease_pool_free_parts(struct lease_pool *p)
{
	mem_free(p->ranges);
	mem_free(p->own);
	p->ranges = NULL;
	p->own = NULL;
	p->n_ranges = p->n_own = 0;
}

enum status lease_pool_read(const struct lease_ours *o, struct lease_pool *p)
{
	const struct snapshot *conf = o->conf;
	const struct pool4 *c4 = conf && p->family == 4 ? snapshot_pool4(conf, p->name) : NULL;
	const struct pool6 *c6 = conf && p->family == 6 ? snapshot_pool6(conf, p->name) : NULL;

	p->ranges = NULL;
	p->n_ranges = 0;
	p->span = 0;
	p->own = NULL;
	p->n_own = 0;
	p->is_gone = !c4 && !c6 && !lease_is_dhcp(p->name);
	enum status st = c4 ? copy_pool4(c4, p) : c6 ? copy_pool6(c6, p) : ST_OK;
	if (st == ST_OK)
		st = read_own(o, p);
	if (st != ST_OK)
		lease_pool_free_parts(p);
	p->total = p->span - p->n_own;
	return st;
}

bool lease_pool_same(const struct lease_pool *a, const struct lease_pool *b)
{
	if (a->is_gone != b->is_gone || a->n_ranges != b->n_ranges ||
		a->prefix_len != b->prefix_len || a->n_own != b->n_own)
		return false;
	for (size_t i = 0; i < a->n_own; i++) {
		if (!is_own(b, &a->own[i]))
			return false;
	}
	for (size_t i = 0; i < a->n_ranges; i++) {
		if (a->ranges[i].count != b->ranges[i].count ||
			!addr_eq(&a->ranges[i].first, &b->ranges[i].first))
			return false;
	}
	return true;
}

/* ---- addresses that a user has for himself ---------------------------------------------------- */

static const char *pool4_of(const struct snapshot *conf, const struct addr *a)
{
	for (size_t i = 0; i < conf->pool4_count; i++)
		for (size_t k = 0; k < conf->pools4[i].range_count; k++)
			if (addr_cmp(&conf->pools4[i].ranges[k].first, a) <= 0 &&
				addr_cmp(a, &conf->pools4[i].ranges[k].last) <= 0)
				return conf->pools4[i].name;
	return "";
}

const char *lease_pool_of(const struct snapshot *conf, const struct prefix *p)
{
	if (p->addr.family == 4)
		return pool4_of(conf, &p->addr);
	for (size_t i = 0; i < conf->pool6_count; i++)
		if (conf->pools6[i].handout_len == p->len && prefix_covers(&conf->pools6[i].prefix, p))
			return conf->pools6[i].name;
	return "";
}

static bool is_in(void *ctx, const struct addr *a)
{
	return prefix_contains(ctx, a);
}

bool lease_pool_is_ours(const struct lease_ours *o, const char *ivrf, const struct prefix *p)
{
	struct prefix net = *p;

	return each_own(o, ivrf, is_in, &net);
}
