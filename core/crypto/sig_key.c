/* The private half of sig.h. */
#include <openssl/bn.h>
#include <openssl/digest.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/crypto/bssl_heap.h"
#include "core/crypto/der.h"
#include "core/crypto/sig_alg.h"
#include "core/crypto/spki.h"

#define KEY_DER_MAX 16384

struct sig_key {
	EVP_PKEY *pkey;
	enum cert_key kind;
	uint8_t *spki;
	size_t spki_len;
};

/* ---- reading -------------------------------------------------------------------------------------- */

static EVP_PKEY *parse_pkcs8(CBS der)
{
	EVP_PKEY *k = EVP_parse_private_key(&der);

	if (k != NULL && CBS_len(&der) != 0) {
		EVP_PKEY_free(k);
		k = NULL;
	}
	return k;
}

static EVP_PKEY *parse_rsa(CBS der)
{
	EVP_PKEY *k = EVP_PKEY_new();
	RSA *rsa = RSA_parse_private_key(&der);

	if (k == NULL || rsa == NULL || CBS_len(&der) != 0 || !EVP_PKEY_set1_RSA(k, rsa)) {
		EVP_PKEY_free(k);
		k = NULL;
	}
	RSA_free(rsa);
	return k;
}

static EVP_PKEY *parse_ec(CBS der)
{
	EVP_PKEY *k = EVP_PKEY_new();
	EC_KEY *ec = EC_KEY_parse_private_key(&der, NULL);

	if (k == NULL || ec == NULL || CBS_len(&der) != 0 || !EVP_PKEY_set1_EC_KEY(k, ec)) {
		EVP_PKEY_free(k);
		k = NULL;
	}
	EC_KEY_free(ec);
	return k;
}

static const struct form {
	const char *label;
	EVP_PKEY *(*parse)(CBS der);
} forms[] = {
	{"PRIVATE KEY", parse_pkcs8},
	{"RSA PRIVATE KEY", parse_rsa},
	{"EC PRIVATE KEY", parse_ec},
};

#define FORMS (sizeof(forms) / sizeof(forms[0]))

/* *out stays NULL when the text holds no such block. */
static enum status parse_pem(struct view text, const struct form *f, EVP_PKEY **out)
{
	uint8_t *der = NULL;
	size_t len = 0;
	enum status st = pem_next(&text, f->label, &der, &len);

	if (st == ST_OK) {
		*out = f->parse(der_cbs((struct view){der, len}));
		st = *out != NULL ? ST_OK : bssl_failed(ST_NO_PRIVATE_KEY);
		mem_free_secret(der, len);
	}
	return st;
}

static enum status parse_any(struct view text, EVP_PKEY **out)
{
	for (size_t i = 0; i < FORMS; i++) {
		enum status st = parse_pem(text, &forms[i], out);

		if (st != ST_NOT_FOUND)
			return st == ST_BAD_CERT ? ST_NO_PRIVATE_KEY : st;
	}
	for (size_t i = 0; i < FORMS && text.len <= KEY_DER_MAX; i++) {
		*out = forms[i].parse(der_cbs(text));
		if (*out != NULL)
			return ST_OK;
	}
	return bssl_failed(ST_NO_PRIVATE_KEY);
}

/* Judged like anybody's: a key that we would not accept is not used either. */
static enum status describe(struct sig_key *k)
{
	struct spki spki = {0};
	enum status st = ST_NOMEM;
	uint8_t *der = NULL;
	size_t len;
	CBB cbb;

	CBB_zero(&cbb);
	if (!CBB_init(&cbb, 512) || !EVP_marshal_public_key(&cbb, k->pkey) || !CBB_finish(&cbb, &der, &len))
		goto out;
	st = spki_open((struct view){der, len}, SPKI_RSA_MIN, &spki);
	if (st != ST_OK)
		goto out;
	k->kind = spki.kind;
	k->spki = mem_dup(der, len);
	k->spki_len = len;
	if (k->spki == NULL)
		st = ST_NOMEM;
out:
	spki_close(&spki);
	OPENSSL_free(der);
	CBB_cleanup(&cbb);
	return st;
}

enum status sig_key_parse(struct view text, struct sig_key **out)
{
	struct sig_key *k = mem_new(sizeof(*k));
	enum status st = ST_NOMEM;

	*out = NULL;
	if (k != NULL)
		st = parse_any(text, &k->pkey);
	if (st == ST_OK)
		st = describe(k);
	ERR_clear_error();
	if (st == ST_OK)
		*out = k;
	else
		sig_key_free(k);
	return st;
}

/* BoringSSL's heap is ours and zeroes what it frees (bssl_heap.h). */
void sig_key_free(struct sig_key *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->pkey);
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

/* ---- signing -------------------------------------------------------------------------------------- */

static bool sign_rsa(const struct sig_key *k, enum sig_scheme s, const uint8_t *hash, unsigned hash_len,
	const EVP_MD *md, uint8_t *out, size_t *out_len)
{
	RSA *rsa = EVP_PKEY_get0_RSA(k->pkey);
	unsigned len = 0;

	if (s >= SIG_PSS_SHA256 && s <= SIG_PSS_SHA512)
		return RSA_sign_pss_mgf1(rsa, out_len, out, SIG_MAX, hash, hash_len, md, md, (int)hash_len);
	if (!RSA_sign(EVP_MD_type(md), hash, hash_len, out, &len, rsa))
		return false;
	*out_len = len;
	return true;
}

static bool sign_ecdsa(const struct sig_key *k, enum sig_scheme s, const uint8_t *hash, unsigned hash_len, uint8_t *out,
	size_t *out_len)
{
	EC_KEY *ec = EVP_PKEY_get0_EC_KEY(k->pkey);
	size_t half = ((unsigned)EC_GROUP_order_bits(EC_KEY_get0_group(ec)) + 7) / 8;
	unsigned len = 0;
	ECDSA_SIG *pair;
	bool ok;

	if (s < SIG_P256_RAW || s > SIG_P521_RAW) {
		ok = ECDSA_sign(0, hash, hash_len, out, &len, ec);
		*out_len = len;
		return ok;
	}
	pair = ECDSA_do_sign(hash, hash_len, ec);
	ok = pair != NULL && BN_bn2bin_padded(out, half, ECDSA_SIG_get0_r(pair)) &&
	     BN_bn2bin_padded(out + half, half, ECDSA_SIG_get0_s(pair));
	ECDSA_SIG_free(pair);
	*out_len = 2 * half;
	return ok;
}

static bool sign_ed25519(const struct sig_key *k, struct view data, uint8_t *out, size_t *out_len)
{
	EVP_MD_CTX ctx;
	bool ok;

	EVP_MD_CTX_init(&ctx);
	*out_len = SIG_MAX;
	ok = EVP_DigestSignInit(&ctx, NULL, NULL, NULL, k->pkey) && EVP_DigestSign(&ctx, out, out_len, data.p, data.len);
	EVP_MD_CTX_cleanup(&ctx);
	return ok;
}

enum status sig_key_sign(
	const struct sig_key *k, enum sig_scheme s, struct view data, uint8_t *out, size_t *out_len)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned hash_len = 0;
	const EVP_MD *md = sig_md(s == SIG_RSA_METHOD1 ? SIG_HASH_SHA1 : sig_hash(s));
	bool ok;

	*out_len = 0;
	if (!sig_fits(s, k->kind))
		return ST_SIG_ALGORITHM;
	if (k->kind == CERT_ED25519)
		ok = sign_ed25519(k, data, out, out_len);
	else if (!EVP_Digest(data.p, data.len, hash, &hash_len, md, NULL))
		ok = false;
	else if (k->kind == CERT_RSA)
		ok = sign_rsa(k, s, hash, hash_len, md, out, out_len);
	else
		ok = sign_ecdsa(k, s, hash, hash_len, out, out_len);
	if (!ok)
		*out_len = 0;
	return ok ? ST_OK : bssl_failed(ST_NOMEM);
}

enum status sig_key_sign_tls(
	const struct sig_key *k, uint16_t tls, struct view data, uint8_t *out, size_t *out_len)
{
	return sig_key_sign(k, sig_from_tls(tls), data, out, out_len);
}
