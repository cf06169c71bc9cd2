/* HMAC (RFC 2104) with the key schedule kept: two hash states after the padded key, copied for each
 * message. No heap, so a data path may use it; a keyed state is constant and any thread may copy
 * it. For core/crypto only (it shows BoringSSL's types); the rest of core uses prf.h. */
#ifndef CORE_CRYPTO_HMAC_H
#define CORE_CRYPTO_HMAC_H

#include <openssl/md5.h>
#include <openssl/sha.h>

#include "core/base/rd.h"
#include "core/crypto/suite.h"

#define HMAC_OUT_MAX 64

/* A running hash of any of the kinds; alg is one of XA_MD5 .. XA_SHA512. */
struct digest {
	enum xf_alg alg;
	union {
		MD5_CTX md5;
		SHA_CTX sha1;
		SHA256_CTX sha256;
		SHA512_CTX sha512; /* and SHA-384 */
	} u;
};

struct hmac_state {
	struct digest inner;
	struct digest outer;
};

size_t digest_len(enum xf_alg alg);
void digest_start(struct digest *h, enum xf_alg alg);
void digest_add(struct digest *h, const void *p, size_t len);
void digest_end(struct digest *h, uint8_t *out); /* digest_len bytes */

/* The key is part 0 | part 1 | ..., of any length; the caller wipes the state (mem_zero). */
void hmac_key(struct hmac_state *m, enum xf_alg alg, const struct view *parts, size_t n);
/* All digest_len bytes of HMAC over the parts. out may lie inside a part. */
void hmac_parts(const struct hmac_state *m, const struct view *parts, size_t n, uint8_t *out);
/* The first len bytes of prf+ (RFC 7296 2.13) over the parts; len <= 255 * digest_len and
 * n <= HMAC_PLUS_PARTS are the caller's to know. */
#define HMAC_PLUS_PARTS 8
void hmac_plus(
	const struct hmac_state *m, const struct view *parts, size_t n, uint8_t *out, size_t len);

#endif
