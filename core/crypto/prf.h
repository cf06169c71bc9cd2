/* Keyed hashes: HMAC as PRF and as integrity check, prf+, and the plain hashes that the protocol
 * itself names. No heap, hence nothing here fails; any thread. Compare with mem_eq_secret.
 * Source: RFC 2104, 2403, 2404, 4868, 7296 section 2.13. */
#ifndef CORE_CRYPTO_PRF_H
#define CORE_CRYPTO_PRF_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/crypto/suite.h"

#define PRF_OUT_MAX       64 /* longest PRF or HMAC output */
#define PRF_PLUS_MAX(prf) ((size_t)255 * (prf)->out_len)

/* prf(key, part 0 | part 1 | ...) -> prf->out_len bytes. The key may have any length (HMAC). out
 * may lie inside a part. */
void prf_parts(
	const struct xf *prf, struct view key, const struct view *parts, size_t n, uint8_t *out);
/* The same over one piece. */
void prf_one(const struct xf *prf, struct view key, struct view data, uint8_t *out);
/* prf+(key, part 0 | part 1 | ...), the first len bytes. ST_LIMIT when len > PRF_PLUS_MAX or there
 * are more than 8 parts. */
enum status prf_plus(const struct xf *prf, struct view key, const struct view *parts, size_t n,
	uint8_t *out, size_t len) MUST_USE;

/* Integrity check of an INTEG row with a key of integ->key_len bytes: the first icv_len bytes. */
void prf_integ(const struct xf *integ, const uint8_t *key, const struct view *parts, size_t n,
	uint8_t *icv);

/* NAT detection (RFC 7296 2.23) and fingerprints. */
void prf_sha1(const struct view *parts, size_t n, uint8_t out[20]);
void prf_sha256(const struct view *parts, size_t n, uint8_t out[32]);
/* Keyed with any secret: cookies (RFC 7296 2.6). */
void prf_hmac_sha256(struct view key, const struct view *parts, size_t n, uint8_t out[32]);

#endif
