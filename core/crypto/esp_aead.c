#include "core/crypto/esp_aead.h"

#include <openssl/mem.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/crypto/cipher.h"
#include "core/crypto/hmac.h"

/* What one call may seal; far above any datagram, far below what GCM forbids. */
#define PLAIN_MAX (1u << 20)

/* What only CBC rows need; it is larger than all the rest. */
struct cbc {
	struct hmac_state hmac;
	AES_KEY iv_key; /* makes IVs, see cbc_iv */
};

struct esp_cipher {
	struct cipher cipher;
	const struct xf *integ;
	struct esp_shape shape;
	bool esn;
	uint8_t salt[CIPHER_NONCE_LEN];
	struct cbc cbc[]; /* one, and none for an AEAD row */
};

static void put_u32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static void put_u64(uint8_t *p, uint64_t v)
{
	put_u32(p, (uint32_t)(v >> 32));
	put_u32(p + 4, (uint32_t)v);
}

/* ---- life --------------------------------------------------------------------------------------
 */

static size_t size_of(const struct xf *integ)
{
	return sizeof(struct esp_cipher) + (integ != NULL ? sizeof(struct cbc) : 0);
}

/* Keys of a CBC suite: its HMAC, and an AES key of our own that only makes IVs. */
static enum status cbc_keys(struct esp_cipher *c, const struct esp_suite *s, const uint8_t *keymat)
{
	static const uint8_t purpose[] = {'E', 'S', 'P', ' ', 'I', 'V'};
	const struct view key = {keymat, s->encr->key_len};
	const struct view a = {keymat + s->encr->key_len, s->integ->key_len};
	uint8_t iv_key[HMAC_OUT_MAX];
	struct hmac_state m;
	int rc;

	hmac_key(&c->cbc->hmac, s->integ->alg, &a, 1);
	hmac_key(&m, XA_SHA256, &key, 1);
	hmac_parts(&m, &(struct view){purpose, sizeof(purpose)}, 1, iv_key);
	rc = AES_set_encrypt_key(iv_key, 128, &c->cbc->iv_key);
	mem_zero(&m, sizeof(m));
	mem_zero(iv_key, sizeof(iv_key));
	return rc == 0 ? ST_OK : ST_INTERNAL;
}

enum status esp_cipher_new(
	const struct esp_suite *s, const uint8_t *keymat, size_t len, struct esp_cipher **out)
{
	struct esp_cipher *c;
	enum status st;

	*out = NULL;
	if (len != suite_esp_key_len(s))
		return ST_BAD_LENGTH;
	c = mem_new(size_of(s->integ));
	if (c == NULL)
		return ST_NOMEM;
	c->esn = s->esn;
	c->integ = s->integ;
	c->shape.iv_len = s->encr->iv_len;
	c->shape.align = s->encr->block_len > 4 ? s->encr->block_len : 4;
	c->shape.icv_len = s->integ != NULL ? s->integ->icv_len : s->encr->icv_len;
	memcpy(c->salt, keymat + s->encr->key_len, s->encr->salt_len);
	st = cipher_key(&c->cipher, s->encr, keymat);
	if (st == ST_OK && s->integ != NULL)
		st = cbc_keys(c, s, keymat);
	if (st != ST_OK) {
		esp_cipher_free(c);
		return st;
	}
	*out = c;
	return ST_OK;
}

void esp_cipher_free(struct esp_cipher *c)
{
	if (c == NULL)
		return;
	cipher_wipe(&c->cipher);
	mem_free_secret(c, size_of(c->integ));
}

struct esp_shape esp_cipher_shape(const struct esp_cipher *c)
{
	return c->shape;
}

/* ---- AEAD: RFC 4106 and 7634 -------------------------------------------------------------------
 */

static void make_nonce(const struct esp_cipher *c, const uint8_t *iv, uint8_t *nonce)
{
	memcpy(nonce, c->salt, c->cipher.encr->salt_len);
	memcpy(nonce + c->cipher.encr->salt_len, iv, c->cipher.encr->iv_len);
}

/* SPI and sequence number; with ESN the high half stands between them. */
static struct view make_ad(const struct esp_cipher *c, const uint8_t *pkt, uint32_t seq_hi,
	uint8_t ad[ESP_HEAD_LEN + 4])
{
	if (!c->esn)
		return (struct view){pkt, ESP_HEAD_LEN};
	memcpy(ad, pkt, 4);
	put_u32(ad + 4, seq_hi);
	memcpy(ad + 8, pkt + 4, 4);
	return (struct view){ad, ESP_HEAD_LEN + 4};
}

static enum status aead_seal(
	const struct esp_cipher *c, uint64_t seq, struct view plain, uint8_t *pkt)
{
	uint8_t nonce[CIPHER_NONCE_LEN], ad[ESP_HEAD_LEN + 4];
	struct view covered = make_ad(c, pkt, (uint32_t)(seq >> 32), ad);
	uint8_t *iv = pkt + ESP_HEAD_LEN;

	put_u64(iv, seq);
	make_nonce(c, iv, nonce);
	return cipher_seal(&c->cipher, nonce, covered, plain, iv + c->shape.iv_len);
}

static enum status aead_open(const struct esp_cipher *c, uint32_t seq_hi, const uint8_t *pkt,
	struct view sealed, uint8_t *out)
{
	uint8_t nonce[CIPHER_NONCE_LEN], ad[ESP_HEAD_LEN + 4];
	struct view covered = make_ad(c, pkt, seq_hi, ad);

	make_nonce(c, pkt + ESP_HEAD_LEN, nonce);
	return cipher_open(&c->cipher, nonce, covered, sealed, out);
}

/* ---- CBC with HMAC: RFC 3602, 2404, 4868 -------------------------------------------------------
 */

/* An unpredictable IV from a number that is never used twice: the number encrypted (SP 800-38A
 * appendix C), under a key of its own so that no packet can contain its input. */
static void cbc_iv(const struct esp_cipher *c, uint64_t seq, uint8_t *iv)
{
	uint8_t block[16] = {0};

	put_u64(block + 8, seq);
	AES_encrypt(block, block, &c->cbc->iv_key);
	memcpy(iv, block, c->shape.iv_len);
}

/* Everything before the ICV; with ESN the high half after it, not sent (RFC 4303 2.2.1). */
static void cbc_icv(
	const struct esp_cipher *c, const uint8_t *pkt, size_t len, uint32_t seq_hi, uint8_t *icv)
{
	uint8_t hi[4];
	const struct view parts[] = {{pkt, len}, {hi, sizeof(hi)}};

	put_u32(hi, seq_hi);
	hmac_parts(&c->cbc->hmac, parts, c->esn ? 2 : 1, icv);
}

static void cbc_seal(const struct esp_cipher *c, uint64_t seq, struct view plain, uint8_t *pkt)
{
	uint8_t *iv = pkt + ESP_HEAD_LEN;
	uint8_t *body = iv + c->shape.iv_len;
	uint8_t icv[HMAC_OUT_MAX];
	size_t len = (size_t)(body - pkt) + plain.len;

	cbc_iv(c, seq, iv);
	cipher_cbc_encrypt(&c->cipher, iv, plain.p, plain.len, body);
	cbc_icv(c, pkt, len, (uint32_t)(seq >> 32), icv);
	memcpy(pkt + len, icv, c->shape.icv_len);
}

static enum status cbc_open(const struct esp_cipher *c, uint32_t seq_hi, const uint8_t *pkt,
	struct view sealed, uint8_t *out)
{
	size_t body_len = sealed.len - c->shape.icv_len;
	const uint8_t *theirs = sealed.p + body_len;
	uint8_t icv[HMAC_OUT_MAX];

	cbc_icv(c, pkt, (size_t)(theirs - pkt), seq_hi, icv);
	if (CRYPTO_memcmp(icv, theirs, c->shape.icv_len) != 0)
		return ST_NOT_AUTHENTIC;
	cipher_cbc_decrypt(&c->cipher, pkt + ESP_HEAD_LEN, sealed.p, body_len, out);
	return ST_OK;
}

/* ---- the face ----------------------------------------------------------------------------------
 */

enum status esp_cipher_seal(const struct esp_cipher *c, uint32_t spi, uint64_t seq,
	const uint8_t *plain, size_t plain_len, uint8_t *pkt)
{
	struct view in = {plain, plain_len};

	if (plain_len == 0 || plain_len > PLAIN_MAX || plain_len % c->shape.align != 0)
		return ST_BAD_LENGTH;
	put_u32(pkt, spi);
	put_u32(pkt + 4, (uint32_t)seq);
	if (c->cipher.encr->is_aead)
		return aead_seal(c, seq, in, pkt);
	cbc_seal(c, seq, in, pkt);
	return ST_OK;
}

enum status esp_cipher_open(const struct esp_cipher *c, uint32_t seq_hi, uint8_t *pkt, size_t len,
	uint8_t *out, size_t *plain_len)
{
	size_t fixed = ESP_HEAD_LEN + (size_t)c->shape.iv_len + c->shape.icv_len;
	struct view sealed;
	enum status st;

	*plain_len = 0;
	if (len <= fixed || (len - fixed) % c->shape.align != 0)
		return ST_ESP_SHORT;
	sealed.p = pkt + ESP_HEAD_LEN + c->shape.iv_len;
	sealed.len = len - ESP_HEAD_LEN - c->shape.iv_len;
	st = c->cipher.encr->is_aead ? aead_open(c, seq_hi, pkt, sealed, out)
				     : cbc_open(c, seq_hi, pkt, sealed, out);
	if (st != ST_OK)
		return ST_ESP_AUTH;
	*plain_len = len - fixed;
	return ST_OK;
}
