#include "core/session/lease.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/session/lease_pool.h"

/* Above so many remembered addresses a pool lends those again before it touches new ones: memory
 * follows the use and not the size of the pool. */
#define RELEASED_MAX 65536u

struct leases {
	struct hash_key key;
	struct snapshot *conf;
	struct list pools;
	struct list hosts; /* of struct lease_host, one a VRF */
	struct map by_addr; /* (ivrf, address): held and remembered */
	struct map by_who;  /* (who, pool): remembered */
	uint64_t releases;
	uint32_t held_len[129]; /* how many of each length are held */
};

/* ---- tables --------------------------------------------------------------------------------- */

static uint64_t addr_hash(const struct leases *l, const char *ivrf, const struct addr *a)
{
	uint8_t buf[LEASE_NAME + 17] = {0};
	size_t len = strnlen(ivrf, LEASE_NAME);

	memcpy(buf, ivrf, len);
	buf[LEASE_NAME] = a->family;
	memcpy(buf + LEASE_NAME + 1, a->b, 16);
	return hash_sip(&l->key, buf, sizeof(buf));
}

static uint64_t who_hash(const struct lease_pool *p, uint64_t who)
{
	return hash_u64(who ^ (uint64_t)(uintptr_t)p);
}

uint64_t leases_who(const struct leases *l, uint8_t id_type, const void *id, size_t len)
{
	return hash_sip(&l->key, id, len) ^ hash_u64(id_type);
}

static struct lease *remembered(const struct leases *l, const char *ivrf, const struct addr *a)
{
	struct map_node *n = map_first(&l->by_addr, addr_hash(l, ivrf, a));

	for (; n; n = map_next(n)) {
		struct lease *e = CONTAINER_OF(n, struct lease, by_addr);
		if (addr_eq(&e->addr, a) && strcmp(e->pool->ivrf, ivrf) == 0)
			return e;
	}
	return NULL;
}

struct lease *lease_find(const struct leases *l, const char *ivrf, const struct addr *addr)
{
	struct lease *e = remembered(l, ivrf, addr);

	return e && e->held ? e : NULL;
}

static struct lease_pool *pool_find(
	const struct leases *l, const char *name, const char *ivrf, uint8_t family)
{
	LIST_EACH(n, &l->pools) {
		struct lease_pool *p = CONTAINER_OF(n, struct lease_pool, node);
		if (p->family == family && strcmp(p->name, name) == 0 && strcmp(p->ivrf, ivrf) == 0)
			return p;
	}
	return NULL;
}

/* Is a part of it lent, as a longer or a shorter prefix? Pools that overlap may hand out different
 * lengths, and so may one pool before and after a reload; what has the same first address is found by
 * remembered(). Lengths that differ are rare, so that a walk over the longer ones does. */
static bool is_inside(const struct leases *l, const char *ivrf, const struct prefix *p,
	struct prefix *lent)
{
	for (uint8_t len = 0; len < p->len; len++) {
		struct prefix wider = {p->addr, len};
		const struct lease *e;
		if (!l->held_len[len])
			continue;
		prefix_mask(&wider);
		e = lease_find(l, ivrf, &wider.addr);
		if (e && e->prefix_len == len) {
			*lent = wider;
			return true;
		}
	}
	return false;
}

static uint64_t half(const struct addr *a, size_t at)
{
	uint64_t v = 0;

	for (size_t i = at; i < at + 8; i++)
		v = v << 8 | a->b[i];
	return v;
}

/* How many prefixes of that length follow a in lent; saturates. */
static uint64_t rest_of(const struct addr *a, uint8_t len, const struct prefix *lent)
{
	struct addr last = prefix_last(lent);

	if (len <= 64)
		return (half(&last, 0) - half(a, 0)) >> (64 - len);
	if (half(&last, 0) != half(a, 0))
		return UINT64_MAX;
	return (half(&last, 8) - half(a, 8)) >> (128 - len);
}

static struct lease *find_inside(const struct leases *l, const char *ivrf, const struct prefix *p)
{
	uint32_t longer = 0;

	for (unsigned len = p->len + 1u; len <= 128; len++)
		longer += l->held_len[len];
	if (!longer)
		return NULL;
	LIST_EACH(n, &l->pools) {
		const struct lease_pool *pool = CONTAINER_OF(n, struct lease_pool, node);
		if (pool->family != 6 || strcmp(pool->ivrf, ivrf) != 0)
			continue;
		LIST_EACH(m, &pool->held) {
			struct lease *e = CONTAINER_OF(m, struct lease, in_pool);
			if (e->prefix_len > p->len && prefix_contains(p, &e->addr))
				return e;
		}
	}
	return NULL;
}

static bool has_inside(const struct leases *l, const char *ivrf, const struct prefix *p)
{
	return find_inside(l, ivrf, p) != NULL;
}

struct lease *lease_overlap(const struct leases *l, const char *ivrf, const struct prefix *p)
{
	struct lease *e = lease_find(l, ivrf, &p->addr);
	struct prefix lent;

	if (e || p->addr.family == 4)
		return e;
	return is_inside(l, ivrf, p, &lent) ? lease_find(l, ivrf, &lent.addr) : find_inside(l, ivrf, p);
}

static bool is_lent_in_part(
	const struct leases *l, const struct lease_pool *pool, const struct addr *a)
{
	struct prefix p = {*a, pool->prefix_len}, lent;

	return a->family == 6 &&
		(is_inside(l, pool->ivrf, &p, &lent) || has_inside(l, pool->ivrf, &p));
}

/* All of a longer prefix is passed over at once: it may hold more addresses than one can look at.
 * The last index is looked at in any case, because it may be the first address. */
static void pass_over(const struct leases *l, struct lease_pool *pool, const struct addr *a)
{
	struct prefix p = {*a, pool->prefix_len}, lent;
	uint64_t left = pool->span - pool->fresh;

	if (left < 3 || !is_inside(l, pool->ivrf, &p, &lent))
		return;
	uint64_t rest = rest_of(a, pool->prefix_len, &lent);
	pool->fresh += rest < left - 2 ? rest : left - 2;
}

/* ---- states of a lease ---------------------------------------------------------------------- */

/* Out of every table; e is not held. */
static void forget(struct leases *l, struct lease *e)
{
	list_del(&e->in_pool);
	e->pool->n_released--;
	map_del(&l->by_who, &e->by_who);
	map_del(&l->by_addr, &e->by_addr);
	mem_free(e);
}

/* A remembered lease (of whichever pool) becomes held, by p. */
static void hold(struct leases *l, struct lease_pool *p, struct lease *e, uint64_t who)
{
	list_del(&e->in_pool);
	e->pool->n_released--;
	e->pool->skipped += e->pool != p; /* the other pool has to look for it again */
	map_del(&l->by_who, &e->by_who);
	e->pool = p;
	e->held = true;
	e->holders = 1;
	e->who = who;
	e->prefix_len = p->prefix_len;
	l->held_len[e->prefix_len]++;
	list_push_back(&p->held, &e->in_pool);
	p->n_held++;
}

/* A new one, held. NULL when out of memory. */
static struct lease *hold_new(
	struct leases *l, struct lease_pool *p, const struct addr *a, uint64_t who)
{
	struct lease *e = mem_new(sizeof(*e));

	if (!e)
		return NULL;
	e->addr = *a;
	e->prefix_len = p->prefix_len;
	e->held = true;
	e->holders = 1;
	e->who = who;
	e->pool = p;
	l->held_len[e->prefix_len]++;
	list_push_back(&p->held, &e->in_pool);
	p->n_held++;
	map_add(&l->by_addr, &e->by_addr, addr_hash(l, p->ivrf, a));
	return e;
}

bool lease_is_dhcp(const char *pool)
{
	return strncmp(pool, LEASE_DHCP, sizeof(LEASE_DHCP) - 1) == 0;
}

bool lease_is_outside(const struct lease *lease)
{
	const struct lease_pool *p = lease->pool;

	return lease->prefix_len != p->prefix_len || !lease_pool_has(p, &lease->addr);
}

static void pool_free(struct lease_pool *p)
{
	list_del(&p->node);
	lease_pool_free_parts(p);
	mem_free(p);
}

void lease_share(struct lease *lease)
{
	lease->holders++;
}

void lease_release(struct leases *l, struct lease *lease)
{
	if (!lease || --lease->holders > 0)
		return;
	struct lease_pool *p = lease->pool;
	list_del(&lease->in_pool);
	p->n_held--;
	l->held_len[lease->prefix_len]--;
	lease->held = false;
	l->releases++;
	list_push_back(&p->released, &lease->in_pool);
	p->n_released++;
	map_add(&l->by_who, &lease->by_who, who_hash(p, lease->who));
	if (!lease_is_outside(lease))
		return;
	p->outside--;
	forget(l, lease);
	if (p->is_gone && p->n_held == 0)
		pool_free(p);
}

/* ---- choosing ------------------------------------------------------------------------------- */

/* The address, when it is in the pool and nobody has it. */
static enum status take_exact(struct leases *l, struct lease_pool *p, const struct addr *a,
	uint64_t who, struct lease **out)
{
	struct lease *e;

	if (!lease_pool_has(p, a))
		return ST_NOT_FOUND;
	e = remembered(l, p->ivrf, a);
	if ((e && e->held) || is_lent_in_part(l, p, a))
		return ST_NOT_FOUND;
	if (e)
		hold(l, p, e, who);
	else
		e = hold_new(l, p, a, who);
	*out = e;
	return e ? ST_OK : ST_NOMEM;
}

/* What this holder had last. */
static enum status take_same(
	struct leases *l, struct lease_pool *p, uint64_t who, struct lease **out)
{
	struct map_node *n = map_first(&l->by_who, who_hash(p, who));

	for (; n; n = map_next(n)) {
		struct lease *e = CONTAINER_OF(n, struct lease, by_who);
		if (e->pool != p || e->who != who || is_lent_in_part(l, p, &e->addr))
			continue;
		hold(l, p, e, who);
		*out = e;
		return ST_OK;
	}
	return ST_NOT_FOUND;
}

/* The next address that was never lent. */
static enum status take_fresh(
	struct leases *l, struct lease_pool *p, uint64_t who, struct lease **out)
{
	for (; p->fresh < p->span; p->fresh++) {
		struct addr a = lease_pool_addr(p, p->fresh);
		struct lease *e = remembered(l, p->ivrf, &a);
		if (!lease_pool_has(p, &a))
			continue; /* our own */
		if (e && (e->held || e->pool == p)) {
			/* What is of ours comes to the queue, or is in it. */
			p->skipped += e->pool != p || (e->held && lease_is_outside(e));
			continue;
		}
		if (is_lent_in_part(l, p, &a)) {
			p->skipped++;
			pass_over(l, p, &a);
			continue;
		}
		if (e) /* another pool's, given back */
			hold(l, p, e, who);
		else
			e = hold_new(l, p, &a, who);
		if (!e)
			return ST_NOMEM;
		p->fresh++;
		*out = e;
		return ST_OK;
	}
	return ST_NOT_FOUND;
}

static enum status take_oldest(
	struct leases *l, struct lease_pool *p, uint64_t who, struct lease **out)
{
	LIST_EACH(n, &p->released) {
		*out = CONTAINER_OF(n, struct lease, in_pool);
		if (is_lent_in_part(l, p, &(*out)->addr))
			continue;
		hold(l, p, *out, who);
		return ST_OK;
	}
	return ST_NOT_FOUND;
}

/* Pools that overlap pass over each other's addresses; when those are given back somebody has to
 * look again. Once per change, not once per request. */
static enum status take_skipped(
	struct leases *l, struct lease_pool *p, uint64_t who, struct lease **out)
{
	if (!p->skipped || p->full_at == l->releases + 1)
		return ST_NOT_FOUND;
	p->fresh = 0;
	p->skipped = 0;
	enum status st = take_fresh(l, p, who, out);
	if (st == ST_NOT_FOUND)
		p->full_at = l->releases + 1;
	return st;
}

static enum status take_any(
	struct leases *l, struct lease_pool *p, const struct lease_want *w, struct lease **out)
{
	enum status st = ST_NOT_FOUND;

	if (w->hint.family == p->family && !addr_is_any(&w->hint)) {
		struct prefix hint = {w->hint, p->prefix_len}; /* any address of it means a prefix */

		prefix_mask(&hint);
		st = take_exact(l, p, &hint.addr, w->who, out);
	}
	if (st == ST_NOT_FOUND)
		st = take_same(l, p, w->who, out);
	if (st == ST_NOT_FOUND && p->n_released >= RELEASED_MAX)
		st = take_oldest(l, p, w->who, out);
	if (st == ST_NOT_FOUND)
		st = take_fresh(l, p, w->who, out);
	if (st == ST_NOT_FOUND)
		st = take_oldest(l, p, w->who, out);
	if (st == ST_NOT_FOUND)
		st = take_skipped(l, p, w->who, out);
	return st;
}

/* ---- pools and configuration ---------------------------------------------------------------- */

static struct lease_ours ours(const struct leases *l, const struct snapshot *conf)
{
	return (struct lease_ours){conf, &l->hosts};
}

static struct lease_pool *pool_new(
	struct leases *l, const char *name, const char *ivrf, uint8_t family)
{
	struct lease_pool *p = mem_new(sizeof(*p));

	if (!p)
		return NULL;
	snprintf(p->name, sizeof(p->name), "%s", name);
	snprintf(p->ivrf, sizeof(p->ivrf), "%s", ivrf);
	p->family = family;
	p->prefix_len = family == 4 ? 32 : 128;
	list_init(&p->held);
	list_init(&p->released);
	struct lease_ours o = ours(l, l->conf);
	if (lease_pool_read(&o, p) != ST_OK) {
		mem_free(p);
		return NULL;
	}
	list_push_back(&l->pools, &p->node);
	return p;
}

/* New ranges in force: what was remembered and is outside is forgotten, what is held stays. */
static void pool_changed(struct leases *l, struct lease_pool *p)
{
	p->fresh = 0;
	p->skipped = 0;
	p->full_at = 0;
	p->outside = 0;
	LIST_EACH_SAFE(n, &p->released) {
		struct lease *e = CONTAINER_OF(n, struct lease, in_pool);
		if (lease_is_outside(e))
			forget(l, e);
	}
	LIST_EACH(n, &p->held)
		p->outside += lease_is_outside(CONTAINER_OF(n, struct lease, in_pool));
	if (p->is_gone && p->n_held == 0)
		pool_free(p);
}

static void swap_ranges(struct leases *l, struct lease_pool *p, struct lease_pool *now)
{
	lease_pool_free_parts(p);
	p->ranges = now->ranges;
	p->n_ranges = now->n_ranges;
	p->span = now->span;
	p->total = now->total;
	p->own = now->own;
	p->n_own = now->n_own;
	p->is_gone = now->is_gone;
	if (!now->is_gone)
		p->prefix_len = now->prefix_len;
	now->ranges = NULL; /* the pool's now */
	now->own = NULL;
	pool_changed(l, p);
}

/* The pools as they will be, in the order of the list. */
struct leases_change {
	struct snapshot *conf;
	size_t n;
	struct lease_pool copies[];
};

enum status leases_prepare(const struct leases *l, struct snapshot *conf, struct leases_change **out)
{
	struct leases_change *c;
	struct lease_ours o = ours(l, conf);
	size_t n = 0;
	enum status st = ST_OK;

	LIST_EACH(at, &l->pools)
		n++;
	*out = NULL;
	c = mem_new(sizeof(*c) + n * sizeof(c->copies[0]));
	if (!c)
		return ST_NOMEM;
	c->conf = snapshot_ref(conf);
	LIST_EACH(at, &l->pools) {
		const struct lease_pool *p = CONTAINER_OF(at, struct lease_pool, node);
		struct lease_pool *copy = &c->copies[c->n++];
		copy->family = p->family;
		memcpy(copy->name, p->name, sizeof(p->name));
		memcpy(copy->ivrf, p->ivrf, sizeof(p->ivrf));
		if (st == ST_OK)
			st = lease_pool_read(&o, copy);
	}
	if (st == ST_OK)
		*out = c;
	else
		leases_cancel(c);
	return st;
}

void leases_cancel(struct leases_change *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++)
		lease_pool_free_parts(&c->copies[i]);
	snapshot_unref(c->conf);
	mem_free(c);
}

void leases_commit(struct leases *l, struct leases_change *c)
{
	struct snapshot *old = l->conf;
	size_t i = 0;

	LIST_EACH_SAFE(at, &l->pools) {
		struct lease_pool *p = CONTAINER_OF(at, struct lease_pool, node);
		struct lease_pool *now = &c->copies[i++];
		if (lease_pool_same(p, now))
			continue;
		swap_ranges(l, p, now);
	}
	l->conf = snapshot_ref(c->conf);
	snapshot_unref(old);
	leases_cancel(c);
}

enum status leases_set_conf(struct leases *l, struct snapshot *conf)
{
	struct leases_change *c;
	enum status st = leases_prepare(l, conf, &c);

	if (st == ST_OK)
		leases_commit(l, c);
	return st;
}

static struct lease_host *host_find(const struct leases *l, const char *ivrf)
{
	LIST_EACH(at, &l->hosts) {
		struct lease_host *h = CONTAINER_OF(at, struct lease_host, in_list);
		if (strcmp(h->ivrf, ivrf) == 0)
			return h;
	}
	return NULL;
}

enum status leases_set_host(struct leases *l, const char *ivrf, const struct addr *v, size_t n)
{
	struct lease_host *old = host_find(l, ivrf);
	struct lease_host *h = mem_new(sizeof(*h) + n * sizeof(h->v[0]));

	if (!h)
		return ST_NOMEM;
	snprintf(h->ivrf, sizeof(h->ivrf), "%s", ivrf);
	h->n = n;
	if (n)
		memcpy(h->v, v, n * sizeof(h->v[0]));
	if (old)
		list_del(&old->in_list);
	list_init(&h->in_list);
	if (n)
		list_push_back(&l->hosts, &h->in_list);
	enum status st = l->conf ? leases_set_conf(l, l->conf) : ST_OK;
	if (st != ST_OK) {
		list_del(&h->in_list);
		if (old)
			list_push_back(&l->hosts, &old->in_list);
		old = h;
	} else if (!n) {
		mem_free(h);
	}
	mem_free(old);
	return st;
}

bool lease_is_ours(const struct leases *l, const char *ivrf, const struct prefix *p)
{
	struct lease_ours o = ours(l, l->conf);

	return lease_pool_is_ours(&o, ivrf, p);
}

struct leases *leases_new(const struct hash_key *key)
{
	struct leases *l = mem_new(sizeof(*l));

	if (!l)
		return NULL;
	l->key = *key;
	list_init(&l->pools);
	list_init(&l->hosts);
	if (map_init(&l->by_addr, 64) == ST_OK && map_init(&l->by_who, 64) == ST_OK)
		return l;
	leases_free(l);
	return NULL;
}

void leases_free(struct leases *l)
{
	if (!l)
		return;
	LIST_EACH_SAFE(n, &l->pools) {
		struct lease_pool *p = CONTAINER_OF(n, struct lease_pool, node);
		struct list *both[] = {&p->held, &p->released};
		for (int i = 0; i < 2; i++) {
			LIST_EACH_SAFE(m, both[i])
				mem_free(CONTAINER_OF(m, struct lease, in_pool));
		}
		lease_pool_free_parts(p);
		mem_free(p);
	}
	LIST_EACH_SAFE(n, &l->hosts)
		mem_free(CONTAINER_OF(n, struct lease_host, in_list));
	map_fini(&l->by_addr);
	map_fini(&l->by_who);
	snapshot_unref(l->conf);
	mem_free(l);
}

/* ---- the face ------------------------------------------------------------------------------- */

static enum status no_memory(char *detail)
{
	snprintf(detail, LEASE_DETAIL, "%s", status_words(ST_NOMEM));
	return ST_NOMEM;
}

static bool is_known(const struct leases *l, const char *pool, uint8_t family)
{
	return lease_is_dhcp(pool) || (l->conf && (family == 4 ? (const void *)snapshot_pool4(l->conf, pool)
				       : (const void *)snapshot_pool6(l->conf, pool)));
}

enum status lease_pool_resume(struct leases *l, const struct lease_pool_info *was)
{
	struct lease_pool *p = pool_find(l, was->name, was->ivrf, was->family);

	if (!is_known(l, was->name, was->family))
		return ST_OK;
	if (!p && !(p = pool_new(l, was->name, was->ivrf, was->family)))
		return ST_NOMEM;
	p->taken += was->taken;
	p->exhausted += was->exhausted;
	if (was->peak > p->peak)
		p->peak = was->peak;
	return ST_OK;
}

enum status lease_take(struct leases *l, const struct lease_want *want, struct lease **out,
	char detail[LEASE_DETAIL])
{
	struct lease_pool *p = pool_find(l, want->pool, want->ivrf, want->family);

	*out = NULL;
	if (!is_known(l, want->pool, want->family)) {
		snprintf(detail, LEASE_DETAIL,
			"%s pool %.63s is not defined: add `%s local pool %.63s %s`",
			want->family == 4 ? "IPv4" : "IPv6", want->pool,
			want->family == 4 ? "ip" : "ipv6", want->pool,
			want->family == 4 ? "FIRST LAST" : "PREFIX/LEN 128");
		return ST_NO_ADDRESS;
	}
	if (!p && !(p = pool_new(l, want->pool, want->ivrf, want->family)))
		return no_memory(detail);
	enum status st = take_any(l, p, want, out);
	if (st == ST_NOMEM)
		return no_memory(detail);
	if (st != ST_OK) {
		p->exhausted++;
		uint64_t in_use = p->n_held - p->outside;
		snprintf(detail, LEASE_DETAIL,
			"pool %.63s is exhausted: %llu of %llu addresses in use%s", p->name,
			(unsigned long long)in_use, (unsigned long long)p->total,
			in_use < p->total ? ", the others by pools that overlap with it" : "");
		return ST_POOL_EXHAUSTED;
	}
	p->taken++;
	if (p->n_held - p->outside > p->peak)
		p->peak = p->n_held - p->outside;
	return ST_OK;
}

void lease_count(const struct lease *lease)
{
	struct lease_pool *p = lease->pool;

	p->taken++;
	if (p->n_held > p->peak)
		p->peak = p->n_held;
}

enum status lease_claim(
	struct leases *l, const struct lease_want *want, uint8_t prefix_len, struct lease **out)
{
	struct lease *e = remembered(l, want->ivrf, &want->hint);
	struct lease_pool *p;

	*out = NULL;
	if (e && e->held && e->who == want->who && e->prefix_len == prefix_len) {
		lease_share(e);
		*out = e;
		return ST_OK;
	}
	if (e && e->held)
		return ST_EXISTS;
	p = pool_find(l, want->pool, want->ivrf, want->family);
	if (!p && !(p = pool_new(l, want->pool, want->ivrf, want->family)))
		return ST_NOMEM;
	if (e)
		hold(l, p, e, want->who);
	else
		e = hold_new(l, p, &want->hint, want->who);
	if (!e) {
		if (p->is_gone && p->n_held == 0)
			pool_free(p);
		return ST_NOMEM;
	}
	l->held_len[e->prefix_len]--;
	l->held_len[prefix_len]++;
	e->prefix_len = prefix_len;
	p->outside += lease_is_outside(e);
	*out = e;
	return ST_OK;
}

bool lease_next_pool(const struct leases *l, size_t *cursor, struct lease_pool_info *out)
{
	size_t i = 0;

	LIST_EACH(n, &l->pools) {
		const struct lease_pool *p = CONTAINER_OF(n, struct lease_pool, node);
		bool is_dhcp = lease_is_dhcp(p->name);
		if (i++ < *cursor)
			continue;
		(*cursor)++;
		if (!p->name[0])
			continue;
		*out = (struct lease_pool_info){.family = p->family,
			.is_gone = p->is_gone,
			.is_dhcp = is_dhcp,
			.total = p->total,
			.in_use = is_dhcp ? p->n_held : p->n_held - p->outside,
			.outside = is_dhcp ? 0 : p->outside,
			.peak = p->peak,
			.taken = p->taken,
			.exhausted = p->exhausted};
		memcpy(out->name, p->name, sizeof(out->name));
		memcpy(out->ivrf, p->ivrf, sizeof(out->ivrf));
		return true;
	}
	return false;
}
