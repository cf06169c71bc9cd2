/* Public keys: SubjectPublicKeyInfo (RFC 5280 4.1.2.7, 3279, 5480, 8410) to BoringSSL's objects, after checks of our own.
 * For core/crypto only. */
#ifndef CORE_CRYPTO_SPKI_H
#define CORE_CRYPTO_SPKI_H

#include <openssl/ec_key.h>
#include <openssl/rsa.h>

#include "core/crypto/cert.h"

#define SPKI_RSA_MIN      2048 /* bits */
#define SPKI_RSA_MIN_WEAK 1024
#define SPKI_RSA_MAX      8192 /* above, one signature takes too long */

struct spki {
	enum cert_key kind;
	unsigned bits;
	RSA *rsa;
	EC_KEY *ec;
	uint8_t ed25519[32];
};

/* The whole view. ST_BAD_CERT, ST_CERT_ALGORITHM, ST_WEAK_KEY (see cert_parse), ST_NOMEM. The caller closes it, also on
 * failure. */
enum status spki_open(struct view der, unsigned rsa_min, struct spki *out) MUST_USE;
void spki_close(struct spki *k);

/* What a failure of BoringSSL means: ST_NOMEM when it says so, st otherwise. Empties its queue. */
enum status bssl_failed(enum status st);

#endif
