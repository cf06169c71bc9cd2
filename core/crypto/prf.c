#include "core/crypto/prf.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/crypto/hmac.h"

void prf_parts(
	const struct xf *prf, struct view key, const struct view *parts, size_t n, uint8_t *out)
{
	struct hmac_state m;

	hmac_key(&m, prf->alg, &key, 1);
	hmac_parts(&m, parts, n, out);
	mem_zero(&m, sizeof(m));
}

void prf_one(const struct xf *prf, struct view key, struct view data, uint8_t *out)
{
	prf_parts(prf, key, &data, 1, out);
}

enum status prf_plus(const struct xf *prf, struct view key, const struct view *parts, size_t n,
	uint8_t *out, size_t len)
{
	struct hmac_state m;

	if (len > PRF_PLUS_MAX(prf) || n > HMAC_PLUS_PARTS)
		return ST_LIMIT;
	hmac_key(&m, prf->alg, &key, 1);
	hmac_plus(&m, parts, n, out, len);
	mem_zero(&m, sizeof(m));
	return ST_OK;
}

void prf_integ(const struct xf *integ, const uint8_t *key, const struct view *parts, size_t n,
	uint8_t *icv)
{
	uint8_t full[PRF_OUT_MAX];
	struct hmac_state m;

	hmac_key(&m, integ->alg, &(struct view){key, integ->key_len}, 1);
	hmac_parts(&m, parts, n, full);
	memcpy(icv, full, integ->icv_len);
	mem_zero(&m, sizeof(m));
	mem_zero(full, sizeof(full));
}

static void plain_hash(enum xf_alg alg, const struct view *parts, size_t n, uint8_t *out)
{
	struct digest h;

	digest_start(&h, alg);
	for (size_t i = 0; i < n; i++)
		digest_add(&h, parts[i].p, parts[i].len);
	digest_end(&h, out);
}

void prf_sha1(const struct view *parts, size_t n, uint8_t out[20])
{
	plain_hash(XA_SHA1, parts, n, out);
}

void prf_sha256(const struct view *parts, size_t n, uint8_t out[32])
{
	plain_hash(XA_SHA256, parts, n, out);
}

void prf_hmac_sha256(struct view key, const struct view *parts, size_t n, uint8_t out[32])
{
	struct hmac_state m;

	hmac_key(&m, XA_SHA256, &key, 1);
	hmac_parts(&m, parts, n, out);
	mem_zero(&m, sizeof(m));
}
