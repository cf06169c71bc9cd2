/* ESP ciphers by BoringSSL, one packet at a time, and what every engine has in common: the shape of
 * a cipher in memory. For core/crypto only. */
#ifndef CORE_CRYPTO_ESP_SOFT_H
#define CORE_CRYPTO_ESP_SOFT_H

#include "core/base/be.h"
#include "core/crypto/cipher.h"
#include "core/crypto/esp_aead.h"
#include "core/crypto/hmac.h"

#define ESP_SEQ_HI_LEN 4

/* How an engine does one class of suites. The state behind struct esp_cipher is its own. */
struct esp_ops {
	const char *engine; /* as show says it */
	size_t (*state_len)(const struct esp_suite *s);
	enum status (*key)(struct esp_cipher *c, const struct esp_suite *s, const uint8_t *keymat);
	void (*wipe)(struct esp_cipher *c); /* NULL: zeroing is all; c may be keyed in part */
	/* SPI and number stand in the packet. plain.p is the place of the text or outside the packet.
	 * Writes IV, text and ICV. */
	enum status (*seal)(const struct esp_cipher *c, uint64_t seq, struct view plain, uint8_t *pkt);
	/* len is that of the packet and was found to be of the right shape. Writes the text to out. */
	enum status (*open)(const struct esp_cipher *c, uint32_t seq_hi, uint8_t *pkt, size_t len,
		uint8_t *out);
	/* As the public ones for at most ESP_MANY_MAX jobs whose lengths were judged and whose result
	 * is ST_OK so far; heads are written. NULL: one after the other is best. */
	void (*seal_many)(const struct esp_cipher *c, struct esp_job *const *jobs, size_t n);
	void (*open_many)(const struct esp_cipher *c, struct esp_job *const *jobs, size_t n);
};

#define ESP_MANY_MAX 32

struct esp_cipher {
	const struct esp_ops *ops;
	const struct xf *encr;
	const struct xf *integ;
	size_t len; /* with the state */
	struct esp_shape shape;
	bool esn;
	uint8_t salt[4];
	_Alignas(64) uint8_t state[];
};

/* What every suite with an integrity algorithm of its own begins with (RFC 3602, 3686, 2410). */
struct esp_mac_state {
	struct cipher cipher;
	struct hmac_state hmac;
	AES_KEY iv_key; /* CBC: makes IVs */
};

/* Any suite at all can be done by it. */
const struct esp_ops *esp_soft_ops(const struct esp_suite *s);

/* Pieces for the other engines. */
static inline void esp_put_u64(uint8_t *p, uint64_t v)
{
	put_be32(p, (uint32_t)(v >> 32));
	put_be32(p + 4, (uint32_t)v);
}

/* nonce: salt and the packet's IV. ad: what is authenticated before the text (RFC 4106 section 5):
 * SPI, with ESN the high half, number; returns its length. */
void esp_nonce(const struct esp_cipher *c, const uint8_t *pkt, uint8_t nonce[CIPHER_NONCE_LEN]);
size_t esp_ad(const struct esp_cipher *c, const uint8_t *pkt, uint32_t seq_hi,
	uint8_t ad[ESP_HEAD_LEN + ESP_SEQ_HI_LEN]);

/* An AEAD packet with a cipher that need not be the whole state. */
enum status esp_aead_seal(const struct esp_cipher *c, const struct cipher *with, uint64_t seq,
	struct view plain, uint8_t *pkt) MUST_USE;
enum status esp_aead_open(const struct esp_cipher *c, const struct cipher *with, uint32_t seq_hi,
	uint8_t *pkt, size_t len, uint8_t *out) MUST_USE;

enum status esp_mac_key(struct esp_cipher *c, const struct esp_suite *s, const uint8_t *keymat)
	MUST_USE;
enum status esp_mac_seal(const struct esp_cipher *c, uint64_t seq, struct view plain, uint8_t *pkt)
	MUST_USE;
enum status esp_mac_open(const struct esp_cipher *c, uint32_t seq_hi, uint8_t *pkt, size_t len,
	uint8_t *out) MUST_USE;
/* The IV of a packet to be sealed, iv_len bytes; the steps of seal and open without the ICV. */
void esp_mac_iv(const struct esp_cipher *c, uint64_t seq, uint8_t *iv);
void esp_mac_encrypt(const struct esp_cipher *c, struct view plain, uint8_t *pkt);
void esp_mac_decrypt(const struct esp_cipher *c, const uint8_t *pkt, size_t text_len, uint8_t *out);
/* len: of the packet before its ICV. icv: HMAC_OUT_MAX bytes of room. */
void esp_mac_icv(
	const struct esp_cipher *c, const uint8_t *pkt, size_t len, uint32_t seq_hi, uint8_t *icv);

#endif
