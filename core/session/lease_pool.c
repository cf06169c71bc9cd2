#include "core/session/lease_pool.h"

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

bool lease_pool_has(const struct lease_pool *p, const struct addr *a)
{
	for (size_t i = 0; i < p->n_ranges; i++) {
		if (range_has(p, &p->ranges[i], a))
			return true;
	}
	return false;
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
		p->total += p->ranges[i].count;
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
	p->total = p->ranges[0].count;
	p->prefix_len = c->handout_len;
	return ST_OK;
}

enum status lease_pool_read(const struct snapshot *conf, struct lease_pool *p)
{
	const struct pool4 *c4 = conf && p->family == 4 ? snapshot_pool4(conf, p->name) : NULL;
	const struct pool6 *c6 = conf && p->family == 6 ? snapshot_pool6(conf, p->name) : NULL;

	p->ranges = NULL;
	p->n_ranges = 0;
	p->total = 0;
	p->is_gone = !c4 && !c6;
	if (c4)
		return copy_pool4(c4, p);
	return c6 ? copy_pool6(c6, p) : ST_OK;
}

bool lease_pool_same(const struct lease_pool *a, const struct lease_pool *b)
{
	if (a->is_gone != b->is_gone || a->n_ranges != b->n_ranges ||
		a->prefix_len != b->prefix_len)
		return false;
	for (size_t i = 0; i < a->n_ranges; i++) {
		if (a->ranges[i].count != b->ranges[i].count ||
			!addr_eq(&a->ranges[i].first, &b->ranges[i].first))
			return false;
	}
	return true;
}
