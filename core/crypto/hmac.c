#include "core/crypto/hmac.h"

#include <string.h>

#include "core/base/mem.h"

#define BLOCK_MAX 128

/* The init, update and final functions of BoringSSL report success always; their results say
 * nothing. */

size_t digest_len(enum xf_alg alg)
{
	switch (alg) {
	case XA_MD5: return 16;
	case XA_SHA1: return 20;
	case XA_SHA256: return 32;
	case XA_SHA384: return 48;
	case XA_SHA512: return 64;
	default: return 0;
	}
}

static size_t block_len(enum xf_alg alg)
{
	return alg == XA_SHA384 || alg == XA_SHA512 ? 128 : 64;
}

void digest_start(struct digest *h, enum xf_alg alg)
{
	h->alg = alg;
	switch (alg) {
	case XA_MD5: MD5_Init(&h->u.md5); break;
	case XA_SHA1: SHA1_Init(&h->u.sha1); break;
	case XA_SHA256: SHA256_Init(&h->u.sha256); break;
	case XA_SHA384: SHA384_Init(&h->u.sha512); break;
	case XA_SHA512: SHA512_Init(&h->u.sha512); break;
	default: break;
	}
}

void digest_add(struct digest *h, const void *p, size_t len)
{
	if (len == 0)
		return;
	switch (h->alg) {
	case XA_MD5: MD5_Update(&h->u.md5, p, len); break;
	case XA_SHA1: SHA1_Update(&h->u.sha1, p, len); break;
	case XA_SHA256: SHA256_Update(&h->u.sha256, p, len); break;
	case XA_SHA384: SHA384_Update(&h->u.sha512, p, len); break;
	case XA_SHA512: SHA512_Update(&h->u.sha512, p, len); break;
	default: break;
	}
}

void digest_end(struct digest *h, uint8_t *out)
{
	switch (h->alg) {
	case XA_MD5: MD5_Final(out, &h->u.md5); break;
	case XA_SHA1: SHA1_Final(out, &h->u.sha1); break;
	case XA_SHA256: SHA256_Final(out, &h->u.sha256); break;
	case XA_SHA384: SHA384_Final(out, &h->u.sha512); break;
	case XA_SHA512: SHA512_Final(out, &h->u.sha512); break;
	default: break;
	}
}

/* RFC 2104: a key longer than the block is hashed, a shorter one padded with zeros. */
static void block_key(
	struct digest *h, enum xf_alg alg, const struct view *parts, size_t n, uint8_t *pad)
{
	size_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += parts[i].len;
	if (total > block_len(alg)) {
		digest_start(h, alg);
		for (size_t i = 0; i < n; i++)
			digest_add(h, parts[i].p, parts[i].len);
		digest_end(h, pad);
		return;
	}
	for (size_t i = 0, at = 0; i < n; at += parts[i].len, i++)
		if (parts[i].len != 0)
			memcpy(pad + at, parts[i].p, parts[i].len);
}

void hmac_key(struct hmac_state *m, enum xf_alg alg, const struct view *parts, size_t n)
{
	uint8_t pad[BLOCK_MAX] = {0};
	size_t block = block_len(alg);

	block_key(&m->inner, alg, parts, n, pad);
	for (size_t i = 0; i < block; i++)
		pad[i] ^= 0x36;
	digest_start(&m->inner, alg);
	digest_add(&m->inner, pad, block);
	for (size_t i = 0; i < block; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	digest_start(&m->outer, alg);
	digest_add(&m->outer, pad, block);
	mem_zero(pad, sizeof(pad));
}

void hmac_parts(const struct hmac_state *m, const struct view *parts, size_t n, uint8_t *out)
{
	struct digest h = m->inner;
	uint8_t digest[HMAC_OUT_MAX];

	for (size_t i = 0; i < n; i++)
		digest_add(&h, parts[i].p, parts[i].len);
	digest_end(&h, digest);
	h = m->outer;
	digest_add(&h, digest, digest_len(h.alg));
	digest_end(&h, out);
	/* The state after the padded key is as good as the key. */
	mem_zero(&h, sizeof(h));
	mem_zero(digest, sizeof(digest));
}

/* T1 = prf(K, S | 0x01), Tn = prf(K, Tn-1 | S | n): previous block, seed and counter as parts. */
void hmac_plus(
	const struct hmac_state *m, const struct view *parts, size_t n, uint8_t *out, size_t len)
{
	struct view seed[HMAC_PLUS_PARTS + 2] = {0};
	size_t block_out = digest_len(m->inner.alg);
	uint8_t block[HMAC_OUT_MAX];
	uint8_t counter = 1;

	seed[0].p = block;
	for (size_t i = 0; i < n; i++)
		seed[i + 1] = parts[i];
	seed[n + 1] = (struct view){&counter, 1};
	for (size_t at = 0; at < len; counter++) {
		size_t take = len - at < block_out ? len - at : block_out;

		hmac_parts(m, seed, n + 2, block);
		seed[0].len = block_out;
		memcpy(out + at, block, take);
		at += take;
	}
	mem_zero(block, sizeof(block));
}
