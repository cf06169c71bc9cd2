/* Certificates, keys and signatures for tests of TLS and of what stands on it: the certificates of
 * tests/vectors/tls, the private keys that core does not have, and the two ends of a connection. */
#ifndef TESTS_LIB_TLS_LAB_H
#define TESTS_LIB_TLS_LAB_H

#include "core/crypto/tls.h"

#define LAB_DER_MAX 16384

struct lab_id {
	uint8_t der[LAB_DER_MAX];
	size_t der_len;
	void *key; /* EVP_PKEY */
};

/* The files PATH.pem (the first certificate) and PATH.key. Ends the program when they are not
 * there. */
void lab_id_load(struct lab_id *id, const char *path);
void lab_id_free(struct lab_id *id);
/* A name in tests/vectors/tls. Loaded once, kept. */
const struct lab_id *lab_id(const char *name);

struct view lab_der(const struct lab_id *id);
/* A signature as TLS wants it; 0: the scheme does not fit the key. */
size_t lab_sign(
	const struct lab_id *id, uint16_t scheme, struct view data, uint8_t out[TLS_SIGNATURE_MAX]);

/* One certificate for a context, without the CA. id may be NULL for a client. */
struct tls_ctx *lab_ctx(enum tls_role role, const struct lab_id *id, uint16_t min, uint16_t max);

#endif
