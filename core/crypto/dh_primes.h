/* Constants of the MODP groups, for dh.c. Source: RFC 7296 appendix B, RFC 3526, RFC 5114. */
#ifndef CORE_CRYPTO_DH_PRIMES_H
#define CORE_CRYPTO_DH_PRIMES_H

#include <stdint.h>

#include "core/base/rd.h"

struct dh_prime {
	uint16_t group;
	struct view p;
	struct view g;
	struct view q; /* order of the subgroup where it is not (p - 1) / 2; otherwise empty */
};

/* NULL: not a MODP group that we have. */
const struct dh_prime *dh_prime_find(uint16_t group);

#endif
