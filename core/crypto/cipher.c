#include "core/crypto/cipher.h"

#include <openssl/err.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/crypto/bssl_heap.h"

static const EVP_AEAD *aead_of(const struct xf *encr)
{
	if (encr->alg == XA_CHACHA20_POLY1305)
		return EVP_aead_chacha20_poly1305();
	switch (encr->key_len) {
	case 16: return EVP_aead_aes_128_gcm();
	case 24: return EVP_aead_aes_192_gcm();
	default: return EVP_aead_aes_256_gcm();
	}
}

static bool aes_key(struct cipher *c, const uint8_t *key)
{
	unsigned bits = 8u * c->encr->key_len;

	return AES_set_encrypt_key(key, bits, &c->u.aes.enc) == 0 &&
	       AES_set_decrypt_key(key, bits, &c->u.aes.dec) == 0;
}

static void des_key(struct cipher *c, const uint8_t *key)
{
	DES_cblock k;

	for (size_t i = 0; i < 3; i++) {
		memcpy(k.bytes, key + 8 * i, 8);
		DES_set_key(&k, &c->u.des[i]);
	}
	mem_zero(&k, sizeof(k));
}

enum status cipher_key(struct cipher *c, const struct xf *encr, const uint8_t *key)
{
	bool done = true;

	memset(c, 0, sizeof(*c));
	c->encr = encr;
	if (encr->is_aead)
		done = EVP_AEAD_CTX_init(
			&c->u.aead, aead_of(encr), key, encr->key_len, encr->icv_len, NULL);
	else if (encr->alg == XA_AES_CBC || encr->alg == XA_AES_CTR)
		done = aes_key(c, key);
	else
		des_key(c, key);
	if (done)
		return ST_OK;
	ERR_clear_error();
	cipher_wipe(c);
	return ST_INTERNAL;
}

void cipher_wipe(struct cipher *c)
{
	if (c->encr != NULL && c->encr->is_aead)
		EVP_AEAD_CTX_cleanup(&c->u.aead);
	mem_zero(c, sizeof(*c));
}

enum status cipher_seal(const struct cipher *c, const uint8_t nonce[CIPHER_NONCE_LEN],
	struct view ad, struct view in, uint8_t *out)
{
	size_t max = in.len + c->encr->icv_len;
	size_t len;

	if (EVP_AEAD_CTX_seal(&c->u.aead, out, &len, max, nonce, CIPHER_NONCE_LEN, in.p, in.len,
		    ad.p, ad.len) &&
		len == max)
		return ST_OK;
	ERR_clear_error();
	return ST_INTERNAL;
}

enum status cipher_open(const struct cipher *c, const uint8_t nonce[CIPHER_NONCE_LEN],
	struct view ad, struct view in, uint8_t *out)
{
	size_t len;

	if (in.len < c->encr->icv_len)
		return ST_NOT_AUTHENTIC;
	if (EVP_AEAD_CTX_open(&c->u.aead, out, &len, in.len - c->encr->icv_len, nonce,
		    CIPHER_NONCE_LEN, in.p, in.len, ad.p, ad.len))
		return ST_OK;
	/* Each failure puts an entry into the thread's error queue; somebody else's errors must not
	 * be found behind it. */
	ERR_clear_error();
	return ST_NOT_AUTHENTIC;
}

/* The library's CBC functions write the chaining value back. They take len as size_t or long and a
 * key schedule that they only read; DES has no const. */
static void cbc(const struct cipher *c, const uint8_t *iv, const uint8_t *in, size_t len,
	uint8_t *out, int enc)
{
	const AES_KEY *aes = enc == AES_ENCRYPT ? &c->u.aes.enc : &c->u.aes.dec;
	DES_cblock chain8;
	uint8_t chain[16];

	if (c->encr->alg == XA_AES_CBC) {
		memcpy(chain, iv, sizeof(chain));
		AES_cbc_encrypt(in, out, len, aes, chain, enc);
	} else {
		memcpy(chain8.bytes, iv, sizeof(chain8.bytes));
		DES_ede3_cbc_encrypt(in, out, len, &c->u.des[0], &c->u.des[1], &c->u.des[2],
			&chain8, enc == AES_ENCRYPT ? DES_ENCRYPT : DES_DECRYPT);
	}
}

void cipher_cbc_encrypt(
	const struct cipher *c, const uint8_t *iv, const uint8_t *in, size_t len, uint8_t *out)
{
	cbc(c, iv, in, len, out, AES_ENCRYPT);
}

void cipher_cbc_decrypt(
	const struct cipher *c, const uint8_t *iv, const uint8_t *in, size_t len, uint8_t *out)
{
	cbc(c, iv, in, len, out, AES_DECRYPT);
}
