#include "core/esp/fib.h"

#include <string.h>

#include "core/base/hash.h"

static unsigned family_of(const struct addr *a)
{
	return a->family == 6;
}

static struct prefix host(const struct addr *a)
{
	return (struct prefix){*a, a->family == 6 ? 128 : 32};
}

/* Peers do not choose these keys (their selectors are narrowed to what was granted), so a fast mix
 * is enough. */
static size_t slot_of(const struct fib *f, uint32_t tun, const struct prefix *p)
{
	uint64_t hi;
	uint64_t lo;

	memcpy(&hi, p->addr.b, sizeof(hi));
	memcpy(&lo, p->addr.b + 8, sizeof(lo));
	hi = hash_u64(hi ^ ((uint64_t)tun << 32 | (uint64_t)p->addr.family << 8 | p->len));
	return (size_t)hash_u64(hi ^ lo) & f->mask;
}

void fib_init(struct fib *f, struct fib_route **slots, size_t n)
{
	*f = (struct fib){.slots = slots, .mask = n - 1};
}

static void link_route(struct fib *f, struct fib_route *r)
{
	struct fib_route **slot = &f->slots[slot_of(f, r->child->tun, &r->prefix)];

	r->next = *slot;
	*slot = r;
}

/* Chains are turned around twice, so that the newest of equal prefixes stays in front. */
struct fib_route **fib_resize(struct fib *f, struct fib_route **slots, size_t n)
{
	struct fib_route **from = f->slots;
	size_t n_from = f->mask + 1;

	f->slots = slots;
	f->mask = n - 1;
	for (size_t i = 0; i < n_from; i++) {
		struct fib_route *reversed = NULL;
		struct fib_route *next;

		for (struct fib_route *r = from[i]; r; r = next) {
			next = r->next;
			r->next = reversed;
			reversed = r;
		}
		for (struct fib_route *r = reversed; r; r = next) {
			next = r->next;
			link_route(f, r);
		}
	}
	return from;
}

void fib_add(struct fib *f, struct fib_route *r)
{
	unsigned fam = family_of(&r->prefix.addr);

	link_route(f, r);
	if (f->count[fam][r->prefix.len]++ == 0)
		f->in_use[fam][r->prefix.len / 64] |= UINT64_C(1) << (r->prefix.len % 64);
}

void fib_del(struct fib *f, struct fib_route *r)
{
	unsigned fam = family_of(&r->prefix.addr);
	struct fib_route **at = &f->slots[slot_of(f, r->child->tun, &r->prefix)];

	while (*at && *at != r)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = r->next;
	r->next = NULL;
	if (--f->count[fam][r->prefix.len] == 0)
		f->in_use[fam][r->prefix.len / 64] &= ~(UINT64_C(1) << (r->prefix.len % 64));
}

/* The longest length in use that is at most max; -1: none. */
static int next_len(const struct fib *f, unsigned fam, int max)
{
	for (int w = max / 64; max >= 0 && w >= 0; w--) {
		uint64_t bits = f->in_use[fam][w];

		if (w == max / 64)
			bits &= ~UINT64_C(0) >> (63 - max % 64);
		if (bits)
			return w * 64 + 63 - __builtin_clzll(bits);
	}
	return -1;
}

static struct fib_route *same_prefix(struct fib_route *r, uint32_t tun, const struct prefix *p)
{
	while (r && !(r->child->tun == tun && prefix_eq(&r->prefix, p)))
		r = r->next;
	return r;
}

/* The first route of the longest prefix of at most *len bits; *len becomes its length. */
static struct fib_route *longest(const struct fib *f, uint32_t tun, const struct addr *dst,
				 int *len)
{
	while ((*len = next_len(f, family_of(dst), *len)) >= 0) {
		struct prefix p = {*dst, (uint8_t)*len};
		struct fib_route *r;

		prefix_mask(&p);
		r = same_prefix(f->slots[slot_of(f, tun, &p)], tun, &p);
		if (r)
			return r;
		(*len)--;
	}
	return NULL;
}

const struct esp_child *fib_find(const struct fib *f, uint32_t tun, const struct addr *dst)
{
	int len = host(dst).len;
	const struct fib_route *r = longest(f, tun, dst, &len);

	return r ? r->child : NULL;
}

static bool selects(const struct esp_child *c, const struct ip_info *pkt)
{
	return ts_match_any(esp_child_remote(c), c->n_remote, &pkt->dst, pkt->proto,
			    ip_dst_port(pkt)) &&
	       ts_match_any(esp_child_local(c), c->n_local, &pkt->src, pkt->proto,
			    ip_src_port(pkt));
}

enum status fib_choose(const struct fib *f, uint32_t tun, const struct ip_info *pkt,
		       const struct esp_child **out)
{
	int len = host(&pkt->dst).len;
	struct fib_route *r = longest(f, tun, &pkt->dst, &len);
	uint64_t owner;

	if (!r)
		return addr_is_multicast(&pkt->dst) ? ST_OUT_MULTICAST : ST_OUT_NO_ROUTE;
	owner = r->child->owner;
	for (; r; len--, r = longest(f, tun, &pkt->dst, &len)) {
		struct prefix p = r->prefix;

		for (; r; r = same_prefix(r->next, tun, &p)) {
			if (r->child->owner == owner && selects(r->child, pkt)) {
				*out = r->child;
				return ST_OK;
			}
		}
	}
	return ST_OUT_SELECTOR;
}

static bool range_holds(const struct prefix *p, const struct addr *hi)
{
	struct addr last = prefix_last(p);

	return addr_cmp(&last, hi) <= 0;
}

/* Greedy: at each address the largest prefix that starts there and does not pass the end. */
size_t fib_cover(const struct addr *lo, const struct addr *hi, struct prefix *out, size_t max)
{
	struct addr at = *lo;
	size_t n = 0;

	if (lo->family != hi->family || addr_cmp(lo, hi) > 0)
		return 0;
	for (;;) {
		struct prefix p = host(&at);
		struct addr last;

		while (p.len > 0) {
			struct prefix wider = {p.addr, (uint8_t)(p.len - 1)};

			prefix_mask(&wider);
			if (addr_cmp(&wider.addr, &at) != 0 || !range_holds(&wider, hi))
				break;
			p = wider;
		}
		if (n < max)
			out[n] = p;
		n++;
		last = prefix_last(&p);
		if (addr_cmp(&last, hi) == 0)
			return n;
		at = addr_add(&last, 1);
	}
}
