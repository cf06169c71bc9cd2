/* One ENCR row with a key: what SK payloads and ESP packets have in common. No heap. Constant after
 * cipher_key: any thread may use it. For core/crypto only (it shows BoringSSL's types). */
#ifndef CORE_CRYPTO_CIPHER_H
#define CORE_CRYPTO_CIPHER_H

#include <openssl/aead.h>
#include <openssl/aes.h>
#include <openssl/des.h>

#include "core/base/rd.h"
#include "core/crypto/suite.h"

#define CIPHER_NONCE_LEN 12 /* salt and explicit IV of every AEAD row (RFC 4106, 7634) */

struct cipher {
	const struct xf *encr;
	union {
		EVP_AEAD_CTX aead;
		struct {
			AES_KEY enc;
			AES_KEY dec;
		} aes;
		DES_key_schedule des[3];
	} u;
};

/* key: encr->key_len bytes. ST_INTERNAL when BoringSSL refuses the key (it has no reason to). */
enum status cipher_key(struct cipher *c, const struct xf *encr, const uint8_t *key) MUST_USE;
void cipher_wipe(struct cipher *c);

/* AEAD rows. Seal writes in.len bytes and the ICV to out, which is in.p or does not overlap it. */
enum status cipher_seal(const struct cipher *c, const uint8_t nonce[CIPHER_NONCE_LEN],
	struct view ad, struct view in, uint8_t *out) MUST_USE;
/* in ends with the ICV. out as above; after ST_NOT_AUTHENTIC it holds zeros. */
enum status cipher_open(const struct cipher *c, const uint8_t nonce[CIPHER_NONCE_LEN],
	struct view ad, struct view in, uint8_t *out) MUST_USE;

/* CBC rows: len is whole blocks; out is in or does not overlap it. */
void cipher_cbc_encrypt(
	const struct cipher *c, const uint8_t *iv, const uint8_t *in, size_t len, uint8_t *out);
void cipher_cbc_decrypt(
	const struct cipher *c, const uint8_t *iv, const uint8_t *in, size_t len, uint8_t *out);

#endif
