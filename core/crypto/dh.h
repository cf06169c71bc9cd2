/* Diffie-Hellman on flat bytes, so that a job thread can do it from a copy: MODP (RFC 3526, 5114,
 * 7296 appendix B), ECP (RFC 5903), Curve25519 (RFC 8031). Slow (up to 2 ms); allocates; any
 * thread.
 * Lengths are those of the group's row: private_len, public_len, secret_len, seed_len. */
#ifndef CORE_CRYPTO_DH_H
#define CORE_CRYPTO_DH_H

#include "core/crypto/suite.h"

#define DH_SEED_MAX    80
#define DH_PRIVATE_MAX 80
#define DH_PUBLIC_MAX  512
#define DH_SECRET_MAX  512

/* A key pair. seed: group->seed_len random bytes, which determine the pair, or NULL to draw them.
 * The public value is what goes into the KE payload: padded on the left, exact length. The caller
 * zeroes private_out. ST_NOMEM, or ST_NOT_FOUND when the row is not a group. */
enum status dh_generate(const struct xf *group, const uint8_t *seed, uint8_t *private_out,
	uint8_t *public_out) MUST_USE;

/* g^ir. peer_len other than group->public_len, or a value that fails the checks of RFC 6989 section
 * 2 (MODP: 2 <= y <= p-2 and, for group 24, in the subgroup; ECP: on the curve, not at infinity;
 * Curve25519: result not zero), gives ST_BAD_KE. ST_NOMEM. On failure secret_out is zeroed. */
enum status dh_compute(const struct xf *group, const uint8_t *private_key, const uint8_t *peer,
	size_t peer_len, uint8_t *secret_out) MUST_USE;

#endif
