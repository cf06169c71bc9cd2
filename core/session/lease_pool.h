/* One pool as lease.c keeps it, and which addresses its ranges have. Pure. */
#ifndef CORE_SESSION_LEASE_POOL_H
#define CORE_SESSION_LEASE_POOL_H

#include "core/session/lease.h"

/* What the host has in a VRF, as its kernel says. */
struct lease_host {
	struct list in_list;
	char ivrf[LEASE_NAME];
	size_t n;
	struct addr v[];
};

/* Who has addresses of ours. */
struct lease_ours {
	const struct snapshot *conf; /* NULL: none yet */
	const struct list *hosts;    /* of struct lease_host */
};

struct lease_range {
	struct addr first;
	uint64_t count;
};

struct lease_pool {
	char name[LEASE_NAME];
	char ivrf[LEASE_NAME];
	uint8_t family;
	uint8_t prefix_len; /* of what is handed out */
	bool is_gone;
	struct lease_range *ranges;
	size_t n_ranges;
	uint64_t span;                  /* indexes */
	uint64_t total;                 /* those that can be lent */
	struct addr *own;               /* inside the ranges, but this host has them */
	size_t n_own;
	uint64_t fresh;   /* index of the first address that was perhaps never lent */
	uint64_t skipped; /* addresses behind `fresh` that another pool has or had */
	uint64_t full_at; /* leases.releases when a look at every address found nothing */
	struct list held;
	struct list released; /* longest ago first */
	uint64_t n_held;
	uint64_t n_released;
	uint64_t outside;
	uint64_t peak;
	uint64_t taken;
	uint64_t exhausted;
	struct list node;
};

/* Address (or first address of the prefix) number index of all ranges, index < span. */
struct addr lease_pool_addr(const struct lease_pool *p, uint64_t index);
/* Is it one of those, and not our own? Of a pool of prefixes only their first addresses are. */
bool lease_pool_has(const struct lease_pool *p, const struct addr *a);
/* Ranges and what follows from them, as they are for name, ivrf and family; ranges and own addresses that p had
 * are overwritten, not freed. ST_NOMEM: p has none. */
enum status lease_pool_read(const struct lease_ours *o, struct lease_pool *p) MUST_USE;
void lease_pool_free_parts(struct lease_pool *p);
/* Has somebody of ours in that VRF an address of p? */
bool lease_pool_is_ours(const struct lease_ours *o, const char *ivrf, const struct prefix *p);
/* The same addresses? */
bool lease_pool_same(const struct lease_pool *a, const struct lease_pool *b);

#endif
