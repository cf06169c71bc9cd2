/* Where a datagram comes from or goes to: the key everywhere. */
#ifndef CORE_BASE_ENDPOINT_H
#define CORE_BASE_ENDPOINT_H

#include "core/base/addr.h"

/* vrf: 0 is our own network namespace; others are numbers of `vrf definition` in the snapshot,
 * stable for the life of the name (see core/conf). */
struct endpoint {
	uint32_t vrf;
	struct addr addr;
	uint16_t port;
};

#define ENDPOINT_TEXT (ADDR_TEXT + 8)

bool endpoint_eq(const struct endpoint *a, const struct endpoint *b);
uint64_t endpoint_hash(uint64_t seed, const struct endpoint *e);
/* "192.0.2.1:500" or "[2001:db8::1]:500"; the VRF is not part of the text. */
char *endpoint_format(const struct endpoint *e, char buf[ENDPOINT_TEXT]);

#endif
