/* MD5 and HMAC-MD5 over parts, which is all that RADIUS knows of cryptography (RFC 2865 section 3, RFC 3579
 * 3.2). For RADIUS only: MD5 does not resist who can choose what is hashed. No heap; any thread. */
#ifndef CORE_CRYPTO_RADIUS_HASH_H
#define CORE_CRYPTO_RADIUS_HASH_H

#include "core/base/rd.h"

#define RADIUS_HASH_LEN 16

/* Of part 0 | part 1 | ...; out may lie inside a part. */
void radius_hash_md5(const struct view *parts, size_t n, uint8_t out[RADIUS_HASH_LEN]);
void radius_hash_hmac(struct view key, const struct view *parts, size_t n, uint8_t out[RADIUS_HASH_LEN]);

#endif
