/* Private keys by BoringSSL's EVP. */
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "core/base/mem.h"
#include "core/crypto/sig.h"

struct sig_key {
	EVP_PKEY *key;
	enum cert_key kind;
	uint8_t *spki;
	size_t spki_len;
};

static int no_password(char *buf, int size, int is_write, void *ctx)
{
	return -1;
}

static EVP_PKEY *parse_pem(struct view text)
{
	BIO *b = text.len <= INT32_MAX ? BIO_new_mem_buf(text.p, (int)text.len) : NULL;
	EVP_PKEY *key = b ? PEM_read_bio_PrivateKey(b, NULL, no_password, NULL) : NULL;
	BIO_free(b);
	return key;
}

static EVP_PKEY *of_rsa(RSA *rsa)
{
	EVP_PKEY *key = rsa ? EVP_PKEY_new() : NULL;
	if (key && !EVP_PKEY_set1_RSA(key, rsa)) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	RSA_free(rsa);
	return key;
}

static EVP_PKEY *of_ec(EC_KEY *ec)
{
	EVP_PKEY *key = ec ? EVP_PKEY_new() : NULL;
	if (key && !EVP_PKEY_set1_EC_KEY(key, ec)) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	EC_KEY_free(ec);
	return key;
}

static EVP_PKEY *parse_der(struct view text)
{
	CBS cbs;
	CBS_init(&cbs, text.p, text.len);
	EVP_PKEY *key = EVP_parse_private_key(&cbs);
	if (!key) {
		CBS_init(&cbs, text.p, text.len);
		key = of_rsa(RSA_parse_private_key(&cbs));
	}
	if (!key) {
		CBS_init(&cbs, text.p, text.len);
		key = of_ec(EC_KEY_parse_private_key(&cbs, NULL));
	}
	return key;
}

static enum status judge(EVP_PKEY *key, enum cert_key *kind)
{
	const EC_KEY *ec = EVP_PKEY_get0_EC_KEY(key);
	switch (EVP_PKEY_id(key)) {
	case EVP_PKEY_RSA:
		*kind = CERT_RSA;
		return EVP_PKEY_bits(key) >= 2048 && EVP_PKEY_bits(key) <= 8192 ? ST_OK : ST_WEAK_KEY;
	case EVP_PKEY_ED25519: *kind = CERT_ED25519; return ST_OK;
	case EVP_PKEY_EC: break;
	default: return ST_CERT_ALGORITHM;
	}
	switch (EC_GROUP_get_curve_name(EC_KEY_get0_group(ec))) {
	case NID_X9_62_prime256v1: *kind = CERT_P256; return ST_OK;
	case NID_secp384r1: *kind = CERT_P384; return ST_OK;
	case NID_secp521r1: *kind = CERT_P521; return ST_OK;
	default: return ST_CERT_ALGORITHM;
	}
}

static enum status put_spki(struct sig_key *k)
{
	CBB cbb;
	uint8_t *der = NULL;
	size_t len = 0;
	if (!CBB_init(&cbb, 512) || !EVP_marshal_public_key(&cbb, k->key) || !CBB_finish(&cbb, &der, &len)) {
		CBB_cleanup(&cbb);
		return ST_NOMEM;
	}
	k->spki = mem_dup(der, len);
	k->spki_len = len;
	OPENSSL_free(der);
	return k->spki ? ST_OK : ST_NOMEM;
}

enum status sig_key_parse(struct view text, struct sig_key **out)
{
	struct sig_key *k = mem_new(sizeof(*k));
	if (!k)
		return ST_NOMEM;
	k->key = parse_der(text);
	if (!k->key)
		k->key = parse_pem(text);
	enum status st = k->key ? judge(k->key, &k->kind) : ST_NO_PRIVATE_KEY;
	if (st == ST_OK)
		st = put_spki(k);
	if (st == ST_OK)
		*out = k;
	else
		sig_key_free(k);
	return st;
}

void sig_key_free(struct sig_key *k)
{
	EVP_PKEY_free(k->key);
	mem_free(k->spki);
	mem_free_secret(k, sizeof(*k));
}

enum cert_key sig_key_kind(const struct sig_key *k)
{
	return k->kind;
}

struct view sig_key_spki(const struct sig_key *k)
{
	return (struct view){k->spki, k->spki_len};
}

/* The hash that the scheme names. */
static const EVP_MD *hash_of(enum sig_scheme s)
{
	switch (s) {
	case SIG_RSA_METHOD1: return EVP_sha1();
	case SIG_RSA_SHA256:
	case SIG_PSS_SHA256:
	case SIG_P256_RAW:
	case SIG_ECDSA_SHA256: return EVP_sha256();
	case SIG_RSA_SHA384:
	case SIG_PSS_SHA384:
	case SIG_P384_RAW:
	case SIG_ECDSA_SHA384: return EVP_sha384();
	case SIG_RSA_SHA512:
	case SIG_PSS_SHA512:
	case SIG_P521_RAW:
	case SIG_ECDSA_SHA512: return EVP_sha512();
	default: return NULL;
	}
}

static bool fits(enum sig_scheme s, enum cert_key kind)
{
	switch (kind) {
	case CERT_RSA: return s >= SIG_RSA_METHOD1 && s <= SIG_PSS_SHA512;
	case CERT_P256:
		return s == SIG_P256_RAW || (s >= SIG_ECDSA_SHA256 && s <= SIG_ECDSA_SHA512);
	case CERT_P384:
		return s == SIG_P384_RAW || (s >= SIG_ECDSA_SHA256 && s <= SIG_ECDSA_SHA512);
	case CERT_P521:
		return s == SIG_P521_RAW || (s >= SIG_ECDSA_SHA256 && s <= SIG_ECDSA_SHA512);
	case CERT_ED25519: return s == SIG_ED25519;
	default: return false;
	}
}

static bool to_raw(const uint8_t *der, size_t der_len, size_t half, uint8_t *out)
{
	ECDSA_SIG *sig = ECDSA_SIG_from_bytes(der, der_len);
	bool ok = sig && BN_bn2bin_padded(out, half, ECDSA_SIG_get0_r(sig)) &&
		  BN_bn2bin_padded(out + half, half, ECDSA_SIG_get0_s(sig));
	ECDSA_SIG_free(sig);
	return ok;
}

static bool digest_sign(const struct sig_key *k, enum sig_scheme s, struct view data, uint8_t *out, size_t *len)
{
	EVP_MD_CTX ctx;
	EVP_PKEY_CTX *pctx = NULL;
	bool is_pss = s >= SIG_PSS_SHA256 && s <= SIG_PSS_SHA512;
	EVP_MD_CTX_init(&ctx);
	*len = SIG_MAX;
	bool ok = EVP_DigestSignInit(&ctx, &pctx, hash_of(s), NULL, k->key) &&
		  (!is_pss || (EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) &&
			       EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, -1))) &&
		  EVP_DigestSign(&ctx, out, len, data.p, data.len);
	EVP_MD_CTX_cleanup(&ctx);
	return ok;
}

enum status sig_key_sign(const struct sig_key *k, enum sig_scheme s, struct view data, uint8_t *out,
	size_t *out_len)
{
	uint8_t der[SIG_MAX];
	if (!fits(s, k->kind))
		return ST_SIG_ALGORITHM;
	if (s < SIG_P256_RAW || s > SIG_P521_RAW)
		return digest_sign(k, s, data, out, out_len) ? ST_OK : ST_NOMEM;
	size_t len, half = ((size_t)EVP_PKEY_bits(k->key) + 7) / 8;
	if (!digest_sign(k, s, data, der, &len) || !to_raw(der, len, half, out))
		return ST_NOMEM;
	*out_len = 2 * half;
	return ST_OK;
}

enum status sig_key_sign_tls(const struct sig_key *k, uint16_t tls, struct view data, uint8_t *out,
	size_t *out_len)
{
	static const struct {
		uint16_t tls;
		enum sig_scheme scheme;
	} table[] = {{0x0401, SIG_RSA_SHA256}, {0x0501, SIG_RSA_SHA384}, {0x0601, SIG_RSA_SHA512},
		     {0x0804, SIG_PSS_SHA256}, {0x0805, SIG_PSS_SHA384}, {0x0806, SIG_PSS_SHA512},
		     {0x0403, SIG_ECDSA_SHA256}, {0x0503, SIG_ECDSA_SHA384}, {0x0603, SIG_ECDSA_SHA512},
		     {0x0807, SIG_ED25519}};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].tls == tls)
			return sig_key_sign(k, table[i].scheme, data, out, out_len);
	return ST_SIG_ALGORITHM;
}
