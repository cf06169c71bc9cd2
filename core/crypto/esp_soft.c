#include "core/crypto/esp_soft.h"

#include <openssl/mem.h>
#include <string.h>

#include "core/base/mem.h"

void esp_nonce(const struct esp_cipher *c, const uint8_t *pkt, uint8_t nonce[CIPHER_NONCE_LEN])
{
	memcpy(nonce, c->salt, sizeof(c->salt));
	memcpy(nonce + sizeof(c->salt), pkt + ESP_HEAD_LEN, CIPHER_NONCE_LEN - sizeof(c->salt));
}

size_t esp_ad(const struct esp_cipher *c, const uint8_t *pkt, uint32_t seq_hi,
	uint8_t ad[ESP_HEAD_LEN + ESP_SEQ_HI_LEN])
{
	if (!c->esn) {
		memcpy(ad, pkt, ESP_HEAD_LEN);
		return ESP_HEAD_LEN;
	}
	memcpy(ad, pkt, 4);
	put_be32(ad + 4, seq_hi);
	memcpy(ad + 8, pkt + 4, 4);
	return ESP_HEAD_LEN + ESP_SEQ_HI_LEN;
}

/* ---- AEAD: RFC 4106 and 7634 -------------------------------------------------------------------
 */

static const struct cipher *cipher_of(const struct esp_cipher *c)
{
	return (const struct cipher *)(const void *)c->state;
}

static size_t aead_len(const struct esp_suite *s)
{
	return sizeof(struct cipher);
}

static enum status aead_key(struct esp_cipher *c, const struct esp_suite *s, const uint8_t *keymat)
{
	return cipher_key((struct cipher *)(void *)c->state, s->encr, keymat);
}

static void aead_wipe(struct esp_cipher *c)
{
	cipher_wipe((struct cipher *)(void *)c->state);
}

enum status esp_aead_seal(const struct esp_cipher *c, const struct cipher *with, uint64_t seq,
	struct view plain, uint8_t *pkt)
{
	uint8_t nonce[CIPHER_NONCE_LEN], ad[ESP_HEAD_LEN + ESP_SEQ_HI_LEN];
	struct view covered = {ad, esp_ad(c, pkt, (uint32_t)(seq >> 32), ad)};
	uint8_t *iv = pkt + ESP_HEAD_LEN;

	esp_put_u64(iv, seq);
	esp_nonce(c, pkt, nonce);
	return cipher_seal(with, nonce, covered, plain, iv + c->shape.iv_len);
}

enum status esp_aead_open(const struct esp_cipher *c, const struct cipher *with, uint32_t seq_hi,
	uint8_t *pkt, size_t len, uint8_t *out)
{
	uint8_t nonce[CIPHER_NONCE_LEN], ad[ESP_HEAD_LEN + ESP_SEQ_HI_LEN];
	struct view covered = {ad, esp_ad(c, pkt, seq_hi, ad)};
	size_t head = ESP_HEAD_LEN + (size_t)c->shape.iv_len;

	esp_nonce(c, pkt, nonce);
	return cipher_open(with, nonce, covered, (struct view){pkt + head, len - head}, out);
}

static enum status aead_seal(
	const struct esp_cipher *c, uint64_t seq, struct view plain, uint8_t *pkt)
{
	return esp_aead_seal(c, cipher_of(c), seq, plain, pkt);
}

static enum status aead_open(const struct esp_cipher *c, uint32_t seq_hi, uint8_t *pkt, size_t len,
	uint8_t *out)
{
	return esp_aead_open(c, cipher_of(c), seq_hi, pkt, len, out);
}

/* ---- AES-GMAC: RFC 4543 ------------------------------------------------------------------------
 * GCM without a text: SPI, number, IV and payload are all additional data (figure 4). BoringSSL
 * wants them in one piece, and the high half of a number stands in the midst of them without being
 * in the packet. */

/* Makes room for the high half and back again; the bytes behind the text are the ICV's place. */
static void widen(uint8_t *pkt, size_t len, uint32_t seq_hi)
{
	memmove(pkt + 8, pkt + 4, len - 4);
	put_be32(pkt + 4, seq_hi);
}

static void narrow(uint8_t *pkt, size_t len)
{
	memmove(pkt + 4, pkt + 8, len - 4);
}

static enum status gmac_seal(
	const struct esp_cipher *c, uint64_t seq, struct view plain, uint8_t *pkt)
{
	uint8_t nonce[CIPHER_NONCE_LEN], icv[ESP_ICV_MAX];
	uint8_t *body = pkt + ESP_HEAD_LEN + c->shape.iv_len;
	size_t len = (size_t)(body - pkt) + plain.len;
	struct view covered = {pkt, len};
	enum status st;

	esp_put_u64(pkt + ESP_HEAD_LEN, seq);
	esp_nonce(c, pkt, nonce);
	if (plain.p != body)
		memcpy(body, plain.p, plain.len);
	if (c->esn) {
		widen(pkt, len, (uint32_t)(seq >> 32));
		covered.len += ESP_SEQ_HI_LEN;
	}
	st = cipher_seal(cipher_of(c), nonce, covered, (struct view){0}, icv);
	if (c->esn)
		narrow(pkt, len);
	memcpy(pkt + len, icv, c->shape.icv_len);
	return st;
}

static enum status gmac_open(const struct esp_cipher *c, uint32_t seq_hi, uint8_t *pkt, size_t len,
	uint8_t *out)
{
	uint8_t nonce[CIPHER_NONCE_LEN], icv[ESP_ICV_MAX], nothing[1];
	size_t head = ESP_HEAD_LEN + (size_t)c->shape.iv_len, end = len - c->shape.icv_len;
	struct view covered = {pkt, end};
	enum status st;

	esp_nonce(c, pkt, nonce);
	memcpy(icv, pkt + end, c->shape.icv_len);
	if (c->esn) {
		widen(pkt, end, seq_hi);
		covered.len += ESP_SEQ_HI_LEN;
	}
	st = cipher_open(
		cipher_of(c), nonce, covered, (struct view){icv, c->shape.icv_len}, nothing);
	if (c->esn) {
		narrow(pkt, end);
		memcpy(pkt + end, icv, ESP_SEQ_HI_LEN);
	}
	if (st == ST_OK && out != pkt + head)
		memcpy(out, pkt + head, end - head);
	return st;
}

/* ---- with HMAC: CBC, CTR and NULL (RFC 3602, 3686, 2410; 2404, 4868) ---------------------------
 */

static const struct esp_mac_state *mac_of(const struct esp_cipher *c)
{
	return (const struct esp_mac_state *)(const void *)c->state;
}

static size_t mac_len(const struct esp_suite *s)
{
	return sizeof(struct esp_mac_state);
}

/* An AES key of our own that only makes IVs. */
static enum status iv_key(struct esp_mac_state *m, const struct esp_suite *s, const uint8_t *keymat)
{
	static const uint8_t purpose[] = {'E', 'S', 'P', ' ', 'I', 'V'};
	const struct view key = {keymat, s->encr->key_len};
	uint8_t made[HMAC_OUT_MAX];
	struct hmac_state h;
	int rc;

	hmac_key(&h, XA_SHA256, &key, 1);
	hmac_parts(&h, &(struct view){purpose, sizeof(purpose)}, 1, made);
	rc = AES_set_encrypt_key(made, 128, &m->iv_key);
	mem_zero(&h, sizeof(h));
	mem_zero(made, sizeof(made));
	return rc == 0 ? ST_OK : ST_INTERNAL;
}

enum status esp_mac_key(struct esp_cipher *c, const struct esp_suite *s, const uint8_t *keymat)
{
	struct esp_mac_state *m = (struct esp_mac_state *)(void *)c->state;
	const struct view a = {
		keymat + s->encr->key_len + s->encr->salt_len, s->integ->key_len};

	hmac_key(&m->hmac, s->integ->alg, &a, 1);
	m->cipher.encr = s->encr;
	if (s->encr->alg == XA_NULL)
		return ST_OK;
	if (s->encr->alg == XA_AES_CTR)
		return cipher_key(&m->cipher, s->encr, keymat);
	return cipher_key(&m->cipher, s->encr, keymat) == ST_OK ? iv_key(m, s, keymat) : ST_INTERNAL;
}

/* CBC: an unpredictable IV from a number that is never used twice: the number encrypted (SP 800-38A
 * appendix C), under a key of its own so that no packet can contain its input. CTR: it must only be
 * unique, so it is the number (RFC 3686 section 3.1). */
void esp_mac_iv(const struct esp_cipher *c, uint64_t seq, uint8_t *iv)
{
	uint8_t block[16] = {0};

	if (c->encr->alg == XA_AES_CTR) {
		esp_put_u64(iv, seq);
	} else if (c->shape.iv_len != 0) {
		esp_put_u64(block + 8, seq);
		AES_encrypt(block, block, &mac_of(c)->iv_key);
		memcpy(iv, block, c->shape.iv_len);
	}
}

/* RFC 3686 section 4: nonce, IV, and a block counter that begins with one. */
static void ctr(const struct esp_cipher *c, const uint8_t *pkt, struct view in, uint8_t *out)
{
	uint8_t counter[16], stream[16] = {0};
	unsigned used = 0;

	esp_nonce(c, pkt, counter);
	put_be32(counter + CIPHER_NONCE_LEN, 1);
	AES_ctr128_encrypt(
		in.p, out, in.len, &mac_of(c)->cipher.u.aes.enc, counter, stream, &used);
	mem_zero(stream, sizeof(stream));
}

void esp_mac_encrypt(const struct esp_cipher *c, struct view plain, uint8_t *pkt)
{
	uint8_t *body = pkt + ESP_HEAD_LEN + c->shape.iv_len;

	if (c->encr->alg == XA_AES_CTR)
		ctr(c, pkt, plain, body);
	else if (c->encr->alg != XA_NULL)
		cipher_cbc_encrypt(
			&mac_of(c)->cipher, pkt + ESP_HEAD_LEN, plain.p, plain.len, body);
	else if (plain.p != body)
		memcpy(body, plain.p, plain.len);
}

void esp_mac_decrypt(const struct esp_cipher *c, const uint8_t *pkt, size_t text_len, uint8_t *out)
{
	const uint8_t *body = pkt + ESP_HEAD_LEN + c->shape.iv_len;

	if (c->encr->alg == XA_AES_CTR)
		ctr(c, pkt, (struct view){body, text_len}, out);
	else if (c->encr->alg != XA_NULL)
		cipher_cbc_decrypt(&mac_of(c)->cipher, pkt + ESP_HEAD_LEN, body, text_len, out);
	else if (out != body)
		memcpy(out, body, text_len);
}

/* Everything before the ICV; with ESN the high half after it, not sent (RFC 4303 2.2.1). */
void esp_mac_icv(
	const struct esp_cipher *c, const uint8_t *pkt, size_t len, uint32_t seq_hi, uint8_t *icv)
{
	uint8_t hi[ESP_SEQ_HI_LEN];
	const struct view parts[] = {{pkt, len}, {hi, sizeof(hi)}};

	put_be32(hi, seq_hi);
	hmac_parts(&mac_of(c)->hmac, parts, c->esn ? 2 : 1, icv);
}

enum status esp_mac_seal(const struct esp_cipher *c, uint64_t seq, struct view plain, uint8_t *pkt)
{
	size_t len = ESP_HEAD_LEN + c->shape.iv_len + plain.len;
	uint8_t icv[HMAC_OUT_MAX];

	esp_mac_iv(c, seq, pkt + ESP_HEAD_LEN);
	esp_mac_encrypt(c, plain, pkt);
	esp_mac_icv(c, pkt, len, (uint32_t)(seq >> 32), icv);
	memcpy(pkt + len, icv, c->shape.icv_len);
	return ST_OK;
}

enum status esp_mac_open(const struct esp_cipher *c, uint32_t seq_hi, uint8_t *pkt, size_t len,
	uint8_t *out)
{
	size_t end = len - c->shape.icv_len;
	uint8_t icv[HMAC_OUT_MAX];

	esp_mac_icv(c, pkt, end, seq_hi, icv);
	if (CRYPTO_memcmp(icv, pkt + end, c->shape.icv_len) != 0)
		return ST_NOT_AUTHENTIC;
	esp_mac_decrypt(c, pkt, end - ESP_HEAD_LEN - c->shape.iv_len, out);
	return ST_OK;
}

/* ---- which one ---------------------------------------------------------------------------------
 */

#define NAME "boringssl"

static const struct esp_ops aead_ops = {
	.engine = NAME, .state_len = aead_len, .key = aead_key, .wipe = aead_wipe, .seal = aead_seal,
	.open = aead_open,
};
static const struct esp_ops gmac_ops = {
	.engine = NAME, .state_len = aead_len, .key = aead_key, .wipe = aead_wipe, .seal = gmac_seal,
	.open = gmac_open,
};
static const struct esp_ops mac_ops = {
	.engine = NAME, .state_len = mac_len, .key = esp_mac_key, .seal = esp_mac_seal,
	.open = esp_mac_open,
};

const struct esp_ops *esp_soft_ops(const struct esp_suite *s)
{
	if (s->integ != NULL)
		return &mac_ops;
	return s->encr->alg == XA_AES_GMAC ? &gmac_ops : &aead_ops;
}
