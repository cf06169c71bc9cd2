/* AlgorithmIdentifiers of signatures, as certificates, CRLs, OCSP, CMS and RFC 7427 write them. For core/crypto only. */
#ifndef CORE_CRYPTO_SIG_ALG_H
#define CORE_CRYPTO_SIG_ALG_H

#include <openssl/bytestring.h>
#include <openssl/evp.h>

#include "core/crypto/sig.h"

struct sig_alg {
	enum sig_scheme scheme;
	unsigned salt_len; /* PSS */
};

/* Reads one AlgorithmIdentifier. st_malformed, or ST_SIG_ALGORITHM for one that we do not do (SHA-1 among them). */
enum status sig_alg_parse(CBS *from, enum status st_malformed, struct sig_alg *out) MUST_USE;
/* Reads the AlgorithmIdentifier of a hash: SIG_HASH_SHA1 .. SHA512; 0 for another. False: malformed. */
bool sig_alg_parse_hash(CBS *from, unsigned *hash);
/* Writes one of method 14. */
bool sig_alg_put(CBB *to, enum sig_scheme s);

/* SIG_HASH_x a scheme signs; 0 for SIG_RSA_METHOD1 and SIG_NONE. */
unsigned sig_hash(enum sig_scheme s);
const EVP_MD *sig_md(unsigned hash); /* NULL for 0 and identity */

/* As sig_verify, with the salt's length said. */
enum status sig_alg_verify(struct view spki, const struct sig_alg *alg, struct view data, struct view sig) MUST_USE;

#endif
