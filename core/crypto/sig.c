#include "core/crypto/sig.h"

#include <openssl/bn.h>
#include <openssl/curve25519.h>
#include <openssl/digest.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/nid.h>

#include "core/crypto/bssl_heap.h"
#include "core/crypto/der.h"
#include "core/crypto/sig_alg.h"
#include "core/crypto/spki.h"

#define RSA_KEY    (1u << CERT_RSA)
#define EC_KEYS    (1u << CERT_P256 | 1u << CERT_P384 | 1u << CERT_P521)
#define METHOD_SIG 14

static const struct scheme {
	const char *words;
	unsigned keys; /* set of 1 << enum cert_key */
	uint8_t method;
	uint16_t tls;
} schemes[SIG__MAX] = {
	[SIG_NONE] = {"none", 0, 0, 0},
	[SIG_RSA_METHOD1] = {"RSA PKCS#1 v1.5", RSA_KEY, 1, 0},
	[SIG_RSA_SHA256] = {"RSA PKCS#1 v1.5 with SHA-256", RSA_KEY, METHOD_SIG, 0x0401},
	[SIG_RSA_SHA384] = {"RSA PKCS#1 v1.5 with SHA-384", RSA_KEY, METHOD_SIG, 0x0501},
	[SIG_RSA_SHA512] = {"RSA PKCS#1 v1.5 with SHA-512", RSA_KEY, METHOD_SIG, 0x0601},
	[SIG_PSS_SHA256] = {"RSA-PSS with SHA-256", RSA_KEY, METHOD_SIG, 0x0804},
	[SIG_PSS_SHA384] = {"RSA-PSS with SHA-384", RSA_KEY, METHOD_SIG, 0x0805},
	[SIG_PSS_SHA512] = {"RSA-PSS with SHA-512", RSA_KEY, METHOD_SIG, 0x0806},
	[SIG_P256_RAW] = {"ECDSA P-256 with SHA-256", 1u << CERT_P256, 9, 0},
	[SIG_P384_RAW] = {"ECDSA P-384 with SHA-384", 1u << CERT_P384, 10, 0},
	[SIG_P521_RAW] = {"ECDSA P-521 with SHA-512", 1u << CERT_P521, 11, 0},
	[SIG_ECDSA_SHA256] = {"ECDSA with SHA-256", EC_KEYS, METHOD_SIG, 0x0403},
	[SIG_ECDSA_SHA384] = {"ECDSA with SHA-384", EC_KEYS, METHOD_SIG, 0x0503},
	[SIG_ECDSA_SHA512] = {"ECDSA with SHA-512", EC_KEYS, METHOD_SIG, 0x0603},
	[SIG_ED25519] = {"Ed25519", 1u << CERT_ED25519, METHOD_SIG, 0x0807},
};

static bool is_scheme(enum sig_scheme s)
{
	return (unsigned)s < SIG__MAX;
}

const char *sig_scheme_words(enum sig_scheme s)
{
	return schemes[is_scheme(s) ? s : SIG_NONE].words;
}

uint8_t sig_method(enum sig_scheme s)
{
	return schemes[is_scheme(s) ? s : SIG_NONE].method;
}

bool sig_fits(enum sig_scheme s, enum cert_key key)
{
	return is_scheme(s) && (schemes[s].keys >> key & 1);
}

enum sig_scheme sig_from_method(uint8_t method, enum cert_key key)
{
	for (enum sig_scheme s = SIG_NONE + 1; s < SIG__MAX; s++)
		if (method != METHOD_SIG && schemes[s].method == method && sig_fits(s, key))
			return s;
	return SIG_NONE;
}

enum sig_scheme sig_from_tls(uint16_t tls)
{
	for (enum sig_scheme s = SIG_NONE + 1; s < SIG__MAX; s++)
		if (schemes[s].tls != 0 && schemes[s].tls == tls)
			return s;
	return SIG_NONE;
}

/* ---- choosing ------------------------------------------------------------------------------------- */

/* The wanted strength first, then upwards, then downwards. */
static unsigned choose_hash(uint32_t peer, unsigned wanted)
{
	for (unsigned h = wanted; h <= SIG_HASH_SHA512; h <<= 1)
		if (peer & h)
			return h;
	for (unsigned h = wanted >> 1; h >= SIG_HASH_SHA256; h >>= 1)
		if (peer & h)
			return h;
	return 0;
}

static enum sig_scheme from_hash(enum sig_scheme first, unsigned hash)
{
	for (enum sig_scheme s = first; s < first + 3; s++)
		if (hash != 0 && sig_hash(s) == hash)
			return s;
	return SIG_NONE;
}

enum sig_scheme sig_choose(enum cert_key key, uint32_t peer_hashes, unsigned flags)
{
	switch (key) {
	case CERT_RSA:
		if (peer_hashes == 0)
			return SIG_RSA_METHOD1;
		return from_hash((flags & SIG_PREFER_PSS) ? SIG_PSS_SHA256 : SIG_RSA_SHA256,
			choose_hash(peer_hashes, SIG_HASH_SHA256));
	case CERT_P256:
	case CERT_P384:
	case CERT_P521:
		if (peer_hashes == 0)
			return SIG_P256_RAW + (key - CERT_P256);
		return from_hash(
			SIG_ECDSA_SHA256, choose_hash(peer_hashes, SIG_HASH_SHA256 << (key - CERT_P256)));
	case CERT_ED25519: return (peer_hashes & SIG_HASH_IDENTITY) ? SIG_ED25519 : SIG_NONE;
	}
	return SIG_NONE;
}

/* ---- on the wire ---------------------------------------------------------------------------------- */

enum status sig_scheme_parse(struct rd *r, enum sig_scheme *out)
{
	size_t len = rd_u8(r);
	struct view der = rd_bytes(r, len);
	CBS cbs = der_cbs(der);
	struct sig_alg alg;
	enum status st;

	*out = SIG_NONE;
	if (!rd_ok(r))
		return ST_BAD_PAYLOAD;
	st = sig_alg_parse(&cbs, ST_BAD_PAYLOAD, &alg);
	if (st != ST_OK)
		return st;
	if (CBS_len(&cbs) != 0)
		return ST_BAD_PAYLOAD;
	if (alg.scheme >= SIG_PSS_SHA256 && alg.scheme <= SIG_PSS_SHA512 &&
		alg.salt_len != EVP_MD_size(sig_md(sig_hash(alg.scheme))))
		return ST_SIG_ALGORITHM;
	*out = alg.scheme;
	return ST_OK;
}

size_t sig_scheme_put(enum sig_scheme s, uint8_t out[SIG_ALG_MAX])
{
	size_t len = 0;
	CBB cbb, alg;

	CBB_zero(&cbb);
	if (sig_method(s) != METHOD_SIG || !CBB_init_fixed(&cbb, out, SIG_ALG_MAX) ||
		!CBB_add_u8_length_prefixed(&cbb, &alg) || !sig_alg_put(&alg, s) || !CBB_finish(&cbb, NULL, &len))
		len = 0;
	CBB_cleanup(&cbb);
	return len;
}

/* ---- verifying ------------------------------------------------------------------------------------ */

struct hashed {
	uint8_t p[EVP_MAX_MD_SIZE];
	unsigned len;
};

static enum status hash_data(unsigned hash, struct view data, struct hashed *out)
{
	return EVP_Digest(data.p, data.len, out->p, &out->len, sig_md(hash), NULL) ? ST_OK : bssl_failed(ST_NOMEM);
}

static bool verify_pkcs1(const struct spki *k, unsigned hash, struct view data, struct view sig)
{
	struct hashed h;

	return hash_data(hash, data, &h) == ST_OK &&
	       RSA_verify(EVP_MD_type(sig_md(hash)), h.p, h.len, sig.p, sig.len, k->rsa) == 1;
}

static bool verify_pss(const struct spki *k, const struct sig_alg *alg, struct view data, struct view sig)
{
	const EVP_MD *md = sig_md(sig_hash(alg->scheme));
	struct hashed h;

	return hash_data(sig_hash(alg->scheme), data, &h) == ST_OK &&
	       RSA_verify_pss_mgf1(k->rsa, h.p, h.len, md, md, (int)alg->salt_len, sig.p, sig.len) == 1;
}

/* r | s, each as long as the curve's order. */
static bool verify_raw(const struct spki *k, const struct hashed *h, struct view sig)
{
	size_t half = (k->bits + 7) / 8;
	struct rd rd = rd_init(sig.p, sig.len);
	struct view r = rd_bytes(&rd, half), s = rd_bytes(&rd, half);
	ECDSA_SIG *pair;
	BIGNUM *r_bn, *s_bn;
	bool ok = false;

	if (!rd_done(&rd))
		return false;
	pair = ECDSA_SIG_new();
	r_bn = BN_bin2bn(r.p, r.len, NULL);
	s_bn = BN_bin2bn(s.p, s.len, NULL);
	if (pair != NULL && r_bn != NULL && s_bn != NULL && ECDSA_SIG_set0(pair, r_bn, s_bn)) {
		r_bn = s_bn = NULL; /* the pair's now */
		ok = ECDSA_do_verify(h->p, h->len, pair, k->ec) == 1;
	}
	BN_free(r_bn);
	BN_free(s_bn);
	ECDSA_SIG_free(pair);
	return ok;
}

static bool verify_ecdsa(const struct spki *k, enum sig_scheme s, struct view data, struct view sig)
{
	struct hashed h;

	if (hash_data(sig_hash(s), data, &h) != ST_OK)
		return false;
	if (s >= SIG_P256_RAW && s <= SIG_P521_RAW)
		return verify_raw(k, &h, sig);
	return ECDSA_verify(0, h.p, h.len, sig.p, sig.len, k->ec) == 1;
}

static bool verify(const struct spki *k, const struct sig_alg *alg, struct view data, struct view sig)
{
	static const unsigned hashes[] = {SIG_HASH_SHA1, SIG_HASH_SHA256, SIG_HASH_SHA384, SIG_HASH_SHA512};

	switch (alg->scheme) {
	case SIG_RSA_METHOD1:
		for (size_t i = 0; i < 4; i++)
			if (verify_pkcs1(k, hashes[i], data, sig))
				return true;
		return false;
	case SIG_RSA_SHA256:
	case SIG_RSA_SHA384:
	case SIG_RSA_SHA512: return verify_pkcs1(k, sig_hash(alg->scheme), data, sig);
	case SIG_PSS_SHA256:
	case SIG_PSS_SHA384:
	case SIG_PSS_SHA512: return verify_pss(k, alg, data, sig);
	case SIG_ED25519: return sig.len == 64 && ED25519_verify(data.p, data.len, sig.p, k->ed25519) == 1;
	default: return verify_ecdsa(k, alg->scheme, data, sig);
	}
}

enum status sig_alg_verify(struct view spki, const struct sig_alg *alg, struct view data, struct view sig)
{
	struct spki k;
	enum status st = spki_open(spki, SPKI_RSA_MIN_WEAK, &k);

	if (st == ST_OK && !sig_fits(alg->scheme, k.kind))
		st = ST_SIG_ALGORITHM;
	if (st == ST_OK && !verify(&k, alg, data, sig))
		st = bssl_failed(ST_BAD_SIGNATURE);
	ERR_clear_error();
	spki_close(&k);
	return st;
}

enum status sig_verify(struct view spki, enum sig_scheme s, struct view data, struct view sig)
{
	const EVP_MD *md = is_scheme(s) ? sig_md(sig_hash(s)) : NULL;
	struct sig_alg alg = {s, md != NULL ? (unsigned)EVP_MD_size(md) : 0};

	return sig_alg_verify(spki, &alg, data, sig);
}
