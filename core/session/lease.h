/* Addresses of the pools, lent to sessions. Pure; loop thread.
 *
 * A pool is asked by its name and the inner VRF it serves: two VRFs may use the same addresses at
 * the same time, inside one VRF an address is lent once, also when pools overlap. Addresses that
 * were never lent come first, then the one that was given back longest ago, so that an address does
 * not change hands quickly; who comes back gets the same address as long as nobody else has it.
 * Ranges are literal: there is no network or broadcast address in them (R-MCF-22).
 *
 * Reload: a lease stays with its session when its pool shrinks or goes away; it is then outside of
 * its pool and returns to nowhere.
 *
 * An address that the host has in the same VRF, by an interface of the configuration or by any other, is never lent,
 * whatever the ranges say.
 *
 * Addresses that a user has for himself (Framed-IP-Address) are claimed here too: in the pool that they are in, which
 * then does not lend them, or in the pool without a name, which is nobody's and is not shown. */
#ifndef CORE_SESSION_LEASE_H
#define CORE_SESSION_LEASE_H

#include "core/base/hash.h"
#include "core/base/list.h"
#include "core/base/map.h"
#include "core/conf/snapshot.h"

#define LEASE_NAME   64  /* names with NUL */
#define LEASE_DETAIL 256 /* a sentence for the operator */
#define LEASE_DHCP "dhcp " /* then the server: a pool that is not ours, of which any address may be claimed */

struct leases;
struct lease_pool;

struct lease {
	struct addr addr;
	uint8_t prefix_len; /* 32; 128 or the handout length of an IPv6 pool */
	bool held;          /* false: remembered, and may be lent to somebody else */
	uint32_t holders;   /* sessions of that holder which have it; 0: not held */
	uint64_t who;       /* last holder */
	struct lease_pool *pool;
	struct list in_pool; /* held or released ones of the pool */
	struct map_node by_addr;
	struct map_node by_who; /* released ones only */
};

/* key: random, against chosen collisions. NULL when out of memory. */
struct leases *leases_new(const struct hash_key *key);
void leases_free(struct leases *l); /* the leases too */
/* The pools as they are now; a reference is kept. ST_NOMEM: nothing changed. */
enum status leases_set_conf(struct leases *l, struct snapshot *conf) MUST_USE;

/* The same in two steps, so that other things that can fail come between: what is prepared is
 * committed or cancelled before anything else is asked of l. ST_NOMEM. */
struct leases_change;
enum status leases_prepare(const struct leases *l, struct snapshot *conf,
	struct leases_change **out) MUST_USE;
void leases_commit(struct leases *l, struct leases_change *c);
void leases_cancel(struct leases_change *c); /* NULL is fine */

/* The addresses that the host has in that VRF now, of both families, as its kernel says; those of interfaces of the
 * configuration count even when the kernel has them not. They take the place of what was said of that VRF before.
 * Who has one already keeps it, as one that is outside of its pool. ST_NOMEM: as before. */
enum status leases_set_host(struct leases *l, const char *ivrf, const struct addr *v, size_t n) MUST_USE;

struct lease_want {
	uint8_t family; /* 4 or 6: which kind of pool */
	const char *pool;
	const char *ivrf; /* "" is our own */
	uint64_t who;     /* hash of the holder's identity, see leases_who */
	struct addr hint; /* wanted if it is free; family 0: none */
};
uint64_t leases_who(const struct leases *l, uint8_t id_type, const void *id, size_t len);

/* ST_POOL_EXHAUSTED, ST_NO_ADDRESS (no such pool), ST_NOMEM: with a sentence in detail. */
enum status lease_take(struct leases *l, const struct lease_want *want, struct lease **out,
	char detail[LEASE_DETAIL]) MUST_USE;
/* Exactly the address in want->hint, whether the pool still has it or not: a session that survived.
 * Its holder may have it already, by another session. ST_EXISTS: somebody else has it; ST_NOMEM. */
enum status lease_claim(struct leases *l, const struct lease_want *want, uint8_t prefix_len,
	struct lease **out) MUST_USE;
/* One that was claimed is new: its pool counts it, as lease_take does. */
void lease_count(const struct lease *lease);
/* A lease that has any address of p; NULL: all of them are free. */
struct lease *lease_overlap(const struct leases *l, const char *ivrf, const struct prefix *p);
/* The pool of that family that a prefix is in, by its name; "": none. */
const char *lease_pool_of(const struct snapshot *conf, const struct prefix *p);
/* Has the host, or an interface of the configuration, an address of p in that VRF? */
bool lease_is_ours(const struct leases *l, const char *ivrf, const struct prefix *p);
/* Another session of its holder has it too, and gives it back by itself. */
void lease_share(struct lease *lease);
void lease_release(struct leases *l, struct lease *lease); /* NULL is fine */
/* Who has it; NULL when it is free. */
struct lease *lease_find(const struct leases *l, const char *ivrf, const struct addr *addr);
bool lease_is_dhcp(const char *pool);
bool lease_is_outside(const struct lease *lease); /* its pool does not have it any more */

struct lease_pool_info {
	char name[LEASE_NAME];
	char ivrf[LEASE_NAME];
	uint8_t family;
	bool is_gone;       /* not configured any more; goes with its last lease */
	bool is_dhcp;
	uint64_t total;     /* addresses (prefixes) that can be lent; saturates; of a DHCP server unknown: 0 */
	uint64_t in_use;    /* inside the ranges */
	uint64_t outside;   /* held, but not in the ranges any more */
	uint64_t peak;      /* most ever in use */
	uint64_t taken;     /* since start */
	uint64_t exhausted; /* requests that found nothing */
};
/* Pools that were asked since start: *cursor 0 at first, false at the end. */
bool lease_next_pool(const struct leases *l, size_t *cursor, struct lease_pool_info *out);
/* What a pool counted before main's death, by name, ivrf, family: peak, taken, exhausted go on from
 * there. A pool that is not configured any more is left out. ST_NOMEM. */
enum status lease_pool_resume(struct leases *l, const struct lease_pool_info *was) MUST_USE;

#endif
