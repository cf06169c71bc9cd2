#include "core/crypto/spki.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/nid.h>

#include "core/base/mem.h"
#include "core/crypto/bssl_heap.h"
#include "core/crypto/der.h"

enum status bssl_failed(enum status st)
{
	for (uint32_t e; (e = ERR_get_error()) != 0;)
		if (ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE)
			st = ST_NOMEM;
	return st;
}

/* An even modulus, or an exponent of 1 or even, is no RSA; of a long exponent a check takes too long. */
static enum status open_rsa(CBS *params, CBS *key, unsigned min, struct spki *out)
{
	CBS null, pair, n, e, whole = *key;
	int negative;
	unsigned bits;

	if (!CBS_get_asn1(params, &null, CBS_ASN1_NULL) || CBS_len(&null) != 0 || CBS_len(params) != 0 ||
		!CBS_get_asn1(key, &pair, CBS_ASN1_SEQUENCE) || CBS_len(key) != 0 ||
		!CBS_get_asn1(&pair, &n, CBS_ASN1_INTEGER) || !CBS_is_valid_asn1_integer(&n, &negative) || negative ||
		!CBS_get_asn1(&pair, &e, CBS_ASN1_INTEGER) || !CBS_is_valid_asn1_integer(&e, &negative) || negative ||
		CBS_len(&pair) != 0)
		return ST_BAD_CERT;
	if (CBS_len(&n) > SPKI_RSA_MAX / 8 + 1 || CBS_len(&e) > 5)
		return ST_WEAK_KEY;
	out->rsa = RSA_parse_public_key(&whole);
	if (out->rsa == NULL)
		return bssl_failed(ST_WEAK_KEY);
	bits = BN_num_bits(RSA_get0_n(out->rsa));
	out->kind = CERT_RSA;
	out->bits = bits;
	if (bits < min || bits > SPKI_RSA_MAX || !BN_is_odd(RSA_get0_n(out->rsa)) || !BN_is_odd(RSA_get0_e(out->rsa)) ||
		BN_is_one(RSA_get0_e(out->rsa)))
		return ST_WEAK_KEY;
	return ST_OK;
}

static const struct curve {
	const char *oid;
	size_t oid_len;
	int nid;
	enum cert_key kind;
	unsigned bits;
} curves[] = {
	{"\x2a\x86\x48\xce\x3d\x03\x01\x07", 8, NID_X9_62_prime256v1, CERT_P256, 256},
	{"\x2b\x81\x04\x00\x22", 5, NID_secp384r1, CERT_P384, 384},
	{"\x2b\x81\x04\x00\x23", 5, NID_secp521r1, CERT_P521, 521},
};

static const struct curve *curve_find(const CBS *oid)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (CBS_mem_equal(oid, (const uint8_t *)curves[i].oid, curves[i].oid_len))
			return &curves[i];
	return NULL;
}

/* Setting the point checks that it is on the curve; the one byte that means infinity is refused too. */
static enum status open_ec(CBS *params, CBS *key, struct spki *out)
{
	const struct curve *c;
	enum status st = ST_NOMEM;
	EC_POINT *point = NULL;
	EC_GROUP *group = NULL;
	CBS oid;

	if (!CBS_get_asn1(params, &oid, CBS_ASN1_OBJECT) || CBS_len(params) != 0)
		return ST_CERT_ALGORITHM; /* parameters spelt out: nobody's curve */
	c = curve_find(&oid);
	if (c == NULL)
		return ST_CERT_ALGORITHM;
	out->kind = c->kind;
	out->bits = c->bits;
	group = EC_GROUP_new_by_curve_name(c->nid);
	out->ec = EC_KEY_new();
	if (group == NULL || out->ec == NULL || !EC_KEY_set_group(out->ec, group))
		goto out;
	point = EC_POINT_new(group);
	if (point == NULL)
		goto out;
	if (!EC_POINT_oct2point(group, point, CBS_data(key), CBS_len(key), NULL) ||
		EC_POINT_is_at_infinity(group, point)) {
		st = ST_WEAK_KEY;
		goto out;
	}
	if (EC_KEY_set_public_key(out->ec, point))
		st = ST_OK;
out:
	EC_POINT_free(point);
	EC_GROUP_free(group);
	return st == ST_OK ? ST_OK : bssl_failed(st);
}

/* Points of order 1, 2, 4 and 8 by their y, little-endian, the sign of x aside (RFC 8032 5.1.2): under such a key one
 * signature is good for many messages. y of p and more are not canonical. */
static bool ed25519_is_degenerate(const uint8_t key[32])
{
	static const uint8_t small[][32] = {
		{0},
		{1},
		{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
			0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
		{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
			0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
	};
	uint8_t y[32];
	bool large = true;

	memcpy(y, key, 32);
	y[31] &= 0x7f;
	for (size_t i = 0; i < sizeof(small) / sizeof(small[0]); i++)
		if (memcmp(y, small[i], 32) == 0)
			return true;
	/* p = 2^255 - 19; p - 1 is the point of order 2 */
	for (size_t i = 1; i < 31; i++)
		large = large && y[i] == 0xff;
	return large && y[31] == 0x7f && y[0] >= 0xec;
}

static enum status open_ed25519(CBS *params, CBS *key, struct spki *out)
{
	if (CBS_len(params) != 0 || CBS_len(key) != 32)
		return ST_BAD_CERT;
	memcpy(out->ed25519, CBS_data(key), 32);
	out->kind = CERT_ED25519;
	out->bits = 256;
	return ed25519_is_degenerate(out->ed25519) ? ST_WEAK_KEY : ST_OK;
}

enum status spki_open(struct view der, unsigned rsa_min, struct spki *out)
{
	CBS all = der_cbs(der), spki, alg, oid, key;
	uint8_t unused;

	memset(out, 0, sizeof(*out));
	if (!CBS_get_asn1(&all, &spki, CBS_ASN1_SEQUENCE) || CBS_len(&all) != 0 ||
		!CBS_get_asn1(&spki, &alg, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&alg, &oid, CBS_ASN1_OBJECT) ||
		!CBS_get_asn1(&spki, &key, CBS_ASN1_BITSTRING) || CBS_len(&spki) != 0 || !CBS_get_u8(&key, &unused) ||
		unused != 0)
		return ST_BAD_CERT;
	if (DER_OID_IS(&oid, "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"))
		return open_rsa(&alg, &key, rsa_min, out);
	if (DER_OID_IS(&oid, "\x2a\x86\x48\xce\x3d\x02\x01"))
		return open_ec(&alg, &key, out);
	if (DER_OID_IS(&oid, "\x2b\x65\x70"))
		return open_ed25519(&alg, &key, out);
	return ST_CERT_ALGORITHM;
}

void spki_close(struct spki *k)
{
	RSA_free(k->rsa);
	EC_KEY_free(k->ec);
	memset(k, 0, sizeof(*k));
}
