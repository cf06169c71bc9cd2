#include "core/crypto/sig_alg.h"

#include <openssl/digest.h>
#include <string.h>

#include "core/crypto/bssl_heap.h"
#include "core/crypto/der.h"

#define PKCS1(n) "\x2a\x86\x48\x86\xf7\x0d\x01\x01" n
#define SHA2(n)  "\x60\x86\x48\x01\x65\x03\x04\x02" n
#define ECDSA(n) "\x2a\x86\x48\xce\x3d\x04\x03" n
#define OID(s)   sizeof(s) - 1, s

enum params { NONE, NULL_WANTED, PSS };

static const struct row {
	enum sig_scheme scheme;
	enum params params;
	size_t oid_len;
	const char *oid;
} rows[] = {
	{SIG_RSA_SHA256, NULL_WANTED, OID(PKCS1("\x0b"))},
	{SIG_RSA_SHA384, NULL_WANTED, OID(PKCS1("\x0c"))},
	{SIG_RSA_SHA512, NULL_WANTED, OID(PKCS1("\x0d"))},
	{SIG_PSS_SHA256, PSS, OID(PKCS1("\x0a"))},
	{SIG_PSS_SHA384, PSS, OID(PKCS1("\x0a"))},
	{SIG_PSS_SHA512, PSS, OID(PKCS1("\x0a"))},
	{SIG_ECDSA_SHA256, NONE, OID(ECDSA("\x02"))},
	{SIG_ECDSA_SHA384, NONE, OID(ECDSA("\x03"))},
	{SIG_ECDSA_SHA512, NONE, OID(ECDSA("\x04"))},
	{SIG_ED25519, NONE, OID("\x2b\x65\x70")},
};

static const struct {
	unsigned hash;
	unsigned len;
	size_t oid_len;
	const char *oid;
} hashes[] = {
	{SIG_HASH_SHA1, 20, OID("\x2b\x0e\x03\x02\x1a")},
	{SIG_HASH_SHA256, 32, OID(SHA2("\x01"))},
	{SIG_HASH_SHA384, 48, OID(SHA2("\x02"))},
	{SIG_HASH_SHA512, 64, OID(SHA2("\x03"))},
};

#define HASHES (sizeof(hashes) / sizeof(hashes[0]))
#define ROWS   (sizeof(rows) / sizeof(rows[0]))

unsigned sig_hash(enum sig_scheme s)
{
	switch (s) {
	case SIG_RSA_SHA256:
	case SIG_PSS_SHA256:
	case SIG_P256_RAW:
	case SIG_ECDSA_SHA256: return SIG_HASH_SHA256;
	case SIG_RSA_SHA384:
	case SIG_PSS_SHA384:
	case SIG_P384_RAW:
	case SIG_ECDSA_SHA384: return SIG_HASH_SHA384;
	case SIG_RSA_SHA512:
	case SIG_PSS_SHA512:
	case SIG_P521_RAW:
	case SIG_ECDSA_SHA512: return SIG_HASH_SHA512;
	case SIG_ED25519: return SIG_HASH_IDENTITY;
	default: return 0;
	}
}

const EVP_MD *sig_md(unsigned hash)
{
	switch (hash) {
	case SIG_HASH_SHA1: return EVP_sha1();
	case SIG_HASH_SHA256: return EVP_sha256();
	case SIG_HASH_SHA384: return EVP_sha384();
	case SIG_HASH_SHA512: return EVP_sha512();
	default: return NULL;
	}
}

/* Nothing, or NULL, to the end. */
static bool parse_null(CBS *params)
{
	CBS null;

	if (CBS_len(params) == 0)
		return true;
	return CBS_get_asn1(params, &null, CBS_ASN1_NULL) && CBS_len(&null) == 0 && CBS_len(params) == 0;
}

/* RFC 4055 2.1: of hashes the parameters are NULL or absent, and both are to be accepted. */
bool sig_alg_parse_hash(CBS *from, unsigned *hash)
{
	CBS alg, oid;

	*hash = 0;
	if (!CBS_get_asn1(from, &alg, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&alg, &oid, CBS_ASN1_OBJECT))
		return false;
	for (size_t i = 0; i < HASHES; i++)
		if (CBS_mem_equal(&oid, (const uint8_t *)hashes[i].oid, hashes[i].oid_len)) {
			*hash = hashes[i].hash;
			return parse_null(&alg);
		}
	return true;
}

/* [number] EXPLICIT, OPTIONAL, with one hash inside; SHA-1 when it is absent. */
static bool parse_pss_hash(CBS *params, unsigned *hash)
{
	CBS field;
	int present;

	*hash = SIG_HASH_SHA1;
	if (!CBS_get_optional_asn1(params, &field, &present, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0))
		return false;
	return !present || (sig_alg_parse_hash(&field, hash) && CBS_len(&field) == 0);
}

/* MGF1 is the only mask generation function; *hash is 0 for another. */
static bool parse_pss_mgf(CBS *params, unsigned *hash)
{
	CBS field, alg, oid;
	int present;

	*hash = SIG_HASH_SHA1;
	if (!CBS_get_optional_asn1(params, &field, &present, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 1))
		return false;
	if (!present)
		return true;
	if (!CBS_get_asn1(&field, &alg, CBS_ASN1_SEQUENCE) || CBS_len(&field) != 0 ||
		!CBS_get_asn1(&alg, &oid, CBS_ASN1_OBJECT))
		return false;
	if (!DER_OID_IS(&oid, PKCS1("\x08"))) {
		*hash = 0;
		return true;
	}
	return sig_alg_parse_hash(&alg, hash) && CBS_len(&alg) == 0;
}

static bool parse_pss_number(CBS *params, unsigned tag, uint64_t absent, uint64_t *out)
{
	CBS field;
	int present;

	*out = absent;
	if (!CBS_get_optional_asn1(
		    params, &field, &present, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | tag))
		return false;
	return !present || (CBS_get_asn1_uint64(&field, out) && CBS_len(&field) == 0);
}

/* RFC 4055 3.1. Only one hash for both uses, of SHA-2, and the one trailer there is. */
static enum status parse_pss(CBS *alg, enum status st_malformed, struct sig_alg *out)
{
	uint64_t salt_len, trailer;
	unsigned hash, mgf;
	CBS params;

	if (CBS_len(alg) == 0)
		return ST_SIG_ALGORITHM; /* of a key: anything goes */
	if (!CBS_get_asn1(alg, &params, CBS_ASN1_SEQUENCE) || CBS_len(alg) != 0 || !parse_pss_hash(&params, &hash) ||
		!parse_pss_mgf(&params, &mgf) || !parse_pss_number(&params, 2, 20, &salt_len) ||
		!parse_pss_number(&params, 3, 1, &trailer) || CBS_len(&params) != 0)
		return st_malformed;
	if (hash != mgf || trailer != 1 || salt_len > SIG_MAX)
		return ST_SIG_ALGORITHM;
	out->salt_len = (unsigned)salt_len;
	for (out->scheme = SIG_PSS_SHA256; out->scheme <= SIG_PSS_SHA512; out->scheme++)
		if (sig_hash(out->scheme) == hash)
			return ST_OK;
	return ST_SIG_ALGORITHM;
}

enum status sig_alg_parse(CBS *from, enum status st_malformed, struct sig_alg *out)
{
	CBS alg, oid;

	memset(out, 0, sizeof(*out));
	if (!CBS_get_asn1(from, &alg, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&alg, &oid, CBS_ASN1_OBJECT))
		return st_malformed;
	for (size_t i = 0; i < ROWS; i++) {
		if (!CBS_mem_equal(&oid, (const uint8_t *)rows[i].oid, rows[i].oid_len))
			continue;
		if (rows[i].params == PSS)
			return parse_pss(&alg, st_malformed, out);
		out->scheme = rows[i].scheme;
		/* A NULL after ECDSA and Ed25519 is wrong (RFC 5758 3.2, 8410 3); its absence after RSA is forgiven. */
		return (rows[i].params == NONE ? CBS_len(&alg) == 0 : parse_null(&alg)) ? ST_OK : st_malformed;
	}
	return ST_SIG_ALGORITHM;
}

static bool put_hash(CBB *to, unsigned hash)
{
	CBB alg, oid, null;
	size_t i = 0;

	while (i < HASHES && hashes[i].hash != hash)
		i++;
	return i < HASHES && CBB_add_asn1(to, &alg, CBS_ASN1_SEQUENCE) && CBB_add_asn1(&alg, &oid, CBS_ASN1_OBJECT) &&
	       CBB_add_bytes(&oid, (const uint8_t *)hashes[i].oid, hashes[i].oid_len) &&
	       CBB_add_asn1(&alg, &null, CBS_ASN1_NULL) && CBB_flush(to);
}

static bool put_pss(CBB *alg, unsigned hash)
{
	const unsigned tag = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;
	CBB params, field, mgf, oid;

	return CBB_add_asn1(alg, &params, CBS_ASN1_SEQUENCE) && CBB_add_asn1(&params, &field, tag | 0) &&
	       put_hash(&field, hash) && CBB_add_asn1(&params, &field, tag | 1) &&
	       CBB_add_asn1(&field, &mgf, CBS_ASN1_SEQUENCE) && CBB_add_asn1(&mgf, &oid, CBS_ASN1_OBJECT) &&
	       CBB_add_bytes(&oid, (const uint8_t *)PKCS1("\x08"), 9) && put_hash(&mgf, hash) &&
	       CBB_add_asn1(&params, &field, tag | 2) && CBB_add_asn1_uint64(&field, EVP_MD_size(sig_md(hash))) &&
	       CBB_flush(alg);
}

bool sig_alg_put(CBB *to, enum sig_scheme s)
{
	CBB alg, oid, null;
	size_t i = 0;

	while (i < ROWS && rows[i].scheme != s)
		i++;
	if (i == ROWS || !CBB_add_asn1(to, &alg, CBS_ASN1_SEQUENCE) || !CBB_add_asn1(&alg, &oid, CBS_ASN1_OBJECT) ||
		!CBB_add_bytes(&oid, (const uint8_t *)rows[i].oid, rows[i].oid_len))
		return false;
	if (rows[i].params == NULL_WANTED && !CBB_add_asn1(&alg, &null, CBS_ASN1_NULL))
		return false;
	return (rows[i].params != PSS || put_pss(&alg, sig_hash(s))) && CBB_flush(to);
}
