#include "core/crypto/sk.h"

#include <openssl/mem.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/crypto/cipher.h"
#include "core/crypto/prf.h"

#define IKE_HEADER_LEN 28
#define IKE_LENGTH_AT  24
#define GENERIC_LEN    4
#define GENERIC_LEN_AT 2

static size_t icv_len(const struct sk_key *k)
{
	return k->integ != NULL ? k->integ->icv_len : k->encr->icv_len;
}

/* Padding that makes payloads, padding and pad length whole blocks. An AEAD needs none, the pad
 * length stays (RFC 5282 section 3). */
static size_t pad_len(const struct sk_key *k, size_t plain_len)
{
	size_t over = (plain_len + 1) % k->encr->block_len;

	return over != 0 ? k->encr->block_len - over : 0;
}

size_t sk_overhead(const struct sk_key *k, size_t plain_len)
{
	return k->encr->iv_len + pad_len(k, plain_len) + 1 + icv_len(k);
}

size_t sk_plain_max(const struct sk_key *k, size_t room)
{
	size_t fixed = k->encr->iv_len + icv_len(k);
	size_t body;

	if (room <= fixed)
		return 0;
	body = room - fixed;
	body -= body % k->encr->block_len;
	return body != 0 ? body - 1 : 0;
}

void sk_begin(const struct sk_key *k, struct wr *w)
{
	wr_zeros(w, k->encr->iv_len);
}

static void make_nonce(const struct sk_key *k, const uint8_t *iv, uint8_t nonce[CIPHER_NONCE_LEN])
{
	memcpy(nonce, k->salt, k->encr->salt_len);
	memcpy(nonce + k->encr->salt_len, iv, k->encr->iv_len);
}

/* msg is complete but for encryption and ICV. */
static enum status protect(const struct sk_key *k, uint8_t *msg, size_t len, size_t iv_at)
{
	uint8_t nonce[CIPHER_NONCE_LEN];
	uint8_t *iv = msg + iv_at;
	uint8_t *body = iv + k->encr->iv_len;
	size_t body_len = len - icv_len(k) - (size_t)(body - msg);
	struct view covered = {msg, len - icv_len(k)};
	struct cipher c;
	enum status st = cipher_key(&c, k->encr, k->e);

	if (st != ST_OK)
		return st;
	if (k->encr->is_aead) {
		make_nonce(k, iv, nonce);
		st = cipher_seal(
			&c, nonce, (struct view){msg, iv_at}, (struct view){body, body_len}, body);
	} else {
		cipher_cbc_encrypt(&c, iv, body, body_len, body);
		prf_integ(k->integ, k->a, &covered, 1, msg + covered.len);
	}
	cipher_wipe(&c);
	return st;
}

/* Padding, pad length, room for the ICV, and the two lengths. */
static enum status finish_layout(
	const struct sk_key *k, struct wr *w, size_t sk_at, size_t iv_at, const uint8_t *iv)
{
	size_t body_at = iv_at + k->encr->iv_len;
	size_t pad;

	if (w->bad || sk_at < IKE_HEADER_LEN || iv_at < sk_at + GENERIC_LEN || w->len < body_at)
		return ST_TRUNCATED;
	memcpy(w->buf + iv_at, iv, k->encr->iv_len);
	pad = pad_len(k, w->len - body_at);
	wr_zeros(w, pad);
	wr_u8(w, (uint8_t)pad);
	wr_zeros(w, icv_len(k));
	if (w->bad)
		return ST_TRUNCATED;
	if (w->len - sk_at > UINT16_MAX)
		return ST_BAD_LENGTH;
	wr_put_u16(w, sk_at + GENERIC_LEN_AT, (uint16_t)(w->len - sk_at));
	wr_put_u32(w, IKE_LENGTH_AT, (uint32_t)w->len);
	return ST_OK;
}

enum status sk_seal(
	const struct sk_key *k, struct wr *w, size_t sk_at, size_t iv_at, const uint8_t *iv)
{
	enum status st = finish_layout(k, w, sk_at, iv_at, iv);

	if (st == ST_OK)
		st = protect(k, w->buf, w->len, iv_at);
	/* Whoever does not look at the status must not find a message either. */
	if (st != ST_OK)
		w->bad = true;
	return st;
}

static enum status open_aead(
	const struct sk_key *k, struct view msg, size_t iv_at, struct view body, uint8_t *out)
{
	uint8_t nonce[CIPHER_NONCE_LEN];
	struct view sealed = {body.p, body.len + k->encr->icv_len};
	struct cipher c;
	enum status st = cipher_key(&c, k->encr, k->e);

	if (st != ST_OK)
		return st;
	make_nonce(k, msg.p + iv_at, nonce);
	st = cipher_open(&c, nonce, (struct view){msg.p, iv_at}, sealed, out);
	cipher_wipe(&c);
	return st;
}

static enum status open_cbc(
	const struct sk_key *k, struct view msg, size_t iv_at, struct view body, uint8_t *out)
{
	struct view covered = {msg.p, msg.len - k->integ->icv_len};
	uint8_t icv[PRF_OUT_MAX];
	struct cipher c;
	enum status st;

	prf_integ(k->integ, k->a, &covered, 1, icv);
	if (CRYPTO_memcmp(icv, msg.p + covered.len, k->integ->icv_len) != 0)
		return ST_NOT_AUTHENTIC;
	if (body.len % k->encr->block_len != 0)
		return ST_BAD_LENGTH;
	st = cipher_key(&c, k->encr, k->e);
	if (st != ST_OK)
		return st;
	cipher_cbc_decrypt(&c, msg.p + iv_at, body.p, body.len, out);
	cipher_wipe(&c);
	return ST_OK;
}

enum status sk_open(const struct sk_key *k, struct view msg, size_t iv_at, uint8_t *out, size_t cap,
	struct view *plain)
{
	struct rd r = rd_init(msg.p, msg.len);
	struct view body;
	enum status st;

	*plain = (struct view){0};
	rd_skip(&r, iv_at);
	rd_skip(&r, k->encr->iv_len);
	if (!rd_ok(&r) || iv_at < IKE_HEADER_LEN + GENERIC_LEN || r.left <= icv_len(k))
		return ST_TRUNCATED;
	body = rd_bytes(&r, r.left - icv_len(k));
	if (body.len > cap)
		return ST_TRUNCATED;
	st = k->encr->is_aead ? open_aead(k, msg, iv_at, body, out)
			      : open_cbc(k, msg, iv_at, body, out);
	if (st != ST_OK)
		return st;
	/* The last byte counts the padding before it (RFC 7296 3.14); its content may be anything.
	 */
	size_t tail = (size_t)out[body.len - 1] + 1;
	if (tail > body.len) {
		mem_zero(out, body.len);
		return ST_BAD_LENGTH;
	}
	*plain = (struct view){out, body.len - tail};
	return ST_OK;
}
