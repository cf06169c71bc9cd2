/* The inner FIB of one worker: which child gets an inner packet. Longest prefix first, then the
 * child's selectors. Never allocates: routes and slots come from main and go back to it.
 *
 * A hash table over (tun, prefix) and the set of prefix lengths that are in use; a look-up probes
 * those lengths only, longest first. A headend has few: host routes of its clients and some nets. */
#ifndef CORE_ESP_FIB_H
#define CORE_ESP_FIB_H

#include "core/esp/sa.h"
#include "core/wire/ip.h"

struct fib_route {
	struct fib_route *next; /* in its slot */
	const struct esp_child *child;
	struct prefix prefix;
};

#define FIB_LENS 129

struct fib {
	struct fib_route **slots;
	size_t mask;
	uint32_t count[2][FIB_LENS];              /* routes by family (4, 6) and length */
	uint64_t in_use[2][(FIB_LENS + 63) / 64]; /* lengths with routes */
};

/* slots: n zeroed pointers, n a power of two; the caller's. */
void fib_init(struct fib *f, struct fib_route **slots, size_t n);
/* Moves everything to the new slots and returns the old ones. */
struct fib_route **fib_resize(struct fib *f, struct fib_route **slots, size_t n);
/* Of equal prefixes the one added last is preferred: a rekeyed child replaces its predecessor. */
void fib_add(struct fib *f, struct fib_route *r);
void fib_del(struct fib *f, struct fib_route *r); /* no-op when it is not in */

/* The child of the longest prefix; NULL: none. */
const struct esp_child *fib_find(const struct fib *f, uint32_t tun, const struct addr *dst);
/* The child for a packet read from the TUN. The longest prefix says whose packet it is (owner);
 * among that owner's children the first that selects it wins, so that no packet of one client is
 * ever given to another. ST_OUT_NO_ROUTE, ST_OUT_MULTICAST, ST_OUT_SELECTOR. */
enum status fib_choose(const struct fib *f, uint32_t tun, const struct ip_info *pkt,
		       const struct esp_child **out) MUST_USE;

/* The prefixes that make up lo..hi, at most max; returns how many there are (may be above max). */
size_t fib_cover(const struct addr *lo, const struct addr *hi, struct prefix *out, size_t max);
#define FIB_COVER_MAX 254 /* the most that one range of IPv6 needs */

#endif
