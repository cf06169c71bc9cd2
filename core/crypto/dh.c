#include "core/crypto/dh.h"

#include <openssl/bn.h>
#include <openssl/curve25519.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/ecdh.h>
#include <openssl/err.h>
#include <openssl/nid.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/crypto/bssl_heap.h"
#include "core/crypto/dh_primes.h"
#include "core/crypto/rnd.h"

/* ---- MODP ------------------------------------------------------------------------------------ */

struct modp {
	BIGNUM *p;
	BN_CTX *ctx;
	BN_MONT_CTX *mont;
};

static void modp_fini(struct modp *m)
{
	BN_MONT_CTX_free(m->mont);
	BN_CTX_free(m->ctx);
	BN_free(m->p);
}

static bool modp_init(struct modp *m, const struct dh_prime *prime)
{
	memset(m, 0, sizeof(*m));
	m->p = BN_bin2bn(prime->p.p, prime->p.len, NULL);
	m->ctx = BN_CTX_new();
	if (m->p != NULL && m->ctx != NULL)
		m->mont = BN_MONT_CTX_new_for_modulus(m->p, m->ctx);
	if (m->mont != NULL)
		return true;
	modp_fini(m);
	return false;
}

/* base^exp mod p, padded on the left. Constant time in exp, whose top bit is set by generate so
 * that its length says nothing either. */
static enum status modp_power(const struct modp *m, const BIGNUM *base, const uint8_t *exp,
	size_t exp_len, uint8_t *out, size_t out_len)
{
	BIGNUM *x = BN_bin2bn(exp, exp_len, NULL);
	BIGNUM *y = BN_new();
	enum status st = ST_NOMEM;

	if (x != NULL && y != NULL &&
		BN_mod_exp_mont_consttime(y, base, x, m->p, m->ctx, m->mont) &&
		BN_bn2bin_padded(out, out_len, y))
		st = ST_OK;
	BN_clear_free(y);
	BN_clear_free(x);
	return st;
}

static enum status modp_generate(const struct xf *group, uint8_t *private_key, uint8_t *public_out)
{
	const struct dh_prime *prime = dh_prime_find(group->id);
	enum status st = ST_NOMEM;
	struct modp m;
	BIGNUM *g;

	if (prime == NULL)
		return ST_NOT_FOUND;
	private_key[0] |= 0x80;
	if (!modp_init(&m, prime))
		return ST_NOMEM;
	g = BN_bin2bn(prime->g.p, prime->g.len, NULL);
	if (g != NULL)
		st = modp_power(
			&m, g, private_key, group->private_len, public_out, group->public_len);
	BN_free(g);
	modp_fini(&m);
	return st;
}

/* RFC 6989 2.1 for safe primes: 2 <= y <= p - 2. */
static enum status modp_check_range(const struct modp *m, const BIGNUM *y)
{
	BIGNUM *top = BN_dup(m->p);
	enum status st = ST_NOMEM;

	if (top != NULL && BN_sub_word(top, 2))
		st = BN_cmp(y, BN_value_one()) > 0 && BN_cmp(y, top) <= 0 ? ST_OK : ST_BAD_KE;
	BN_free(top);
	return st;
}

/* RFC 6989 2.2 for a small subgroup of prime order q: y^q = 1. */
static enum status modp_check_order(const struct modp *m, struct view order, const BIGNUM *y)
{
	BIGNUM *q = BN_bin2bn(order.p, order.len, NULL);
	BIGNUM *r = BN_new();
	enum status st = ST_NOMEM;

	if (q != NULL && r != NULL && BN_mod_exp_mont(r, y, q, m->p, m->ctx, m->mont))
		st = BN_is_one(r) ? ST_OK : ST_BAD_KE;
	BN_free(r);
	BN_free(q);
	return st;
}

static enum status modp_compute(
	const struct xf *group, const uint8_t *private_key, const uint8_t *peer, uint8_t *secret)
{
	const struct dh_prime *prime = dh_prime_find(group->id);
	enum status st = ST_NOMEM;
	struct modp m;
	BIGNUM *y;

	if (prime == NULL)
		return ST_NOT_FOUND;
	if (!modp_init(&m, prime))
		return ST_NOMEM;
	y = BN_bin2bn(peer, group->public_len, NULL);
	if (y != NULL)
		st = modp_check_range(&m, y);
	if (st == ST_OK && prime->q.len != 0)
		st = modp_check_order(&m, prime->q, y);
	if (st == ST_OK)
		st = modp_power(&m, y, private_key, group->private_len, secret, group->secret_len);
	BN_free(y);
	modp_fini(&m);
	return st;
}

/* ---- ECP ---------------------------------------------------------------------------------------
 */

#define ECP_POINT_MAX (1 + 2 * 66) /* X9.62: 0x04, x, y */

static const EC_GROUP *ecp_group(const struct xf *group)
{
	switch (group->id) {
	case 19: return EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	case 20: return EC_GROUP_new_by_curve_name(NID_secp384r1);
	default: return EC_GROUP_new_by_curve_name(NID_secp521r1);
	}
}

static enum status ecp_generate(
	const struct xf *group, const uint8_t *seed, uint8_t *private_out, uint8_t *public_out)
{
	const EC_GROUP *curve = ecp_group(group);
	uint8_t point[ECP_POINT_MAX];
	size_t point_len = 1 + (size_t)group->public_len;
	enum status st = ST_NOMEM;
	EC_KEY *key = NULL;

	if (curve != NULL)
		key = EC_KEY_derive_from_secret(curve, seed, group->seed_len);
	if (key != NULL &&
		BN_bn2bin_padded(private_out, group->private_len, EC_KEY_get0_private_key(key)) &&
		EC_POINT_point2oct(curve, EC_KEY_get0_public_key(key),
			POINT_CONVERSION_UNCOMPRESSED, point, point_len, NULL) == point_len) {
		memcpy(public_out, point + 1, group->public_len);
		st = ST_OK;
	}
	EC_KEY_free(key);
	return st;
}

/* oct2point checks that both coordinates are below p and that the point is on the curve; the
 * cofactor of these curves is 1 (RFC 5903 section 6, RFC 6989 2.3). Two zero coordinates, the
 * only way to write the point at infinity here, are not on any of the three. It does not allocate:
 * failure is the peer's. */
static enum status ecp_peer(
	const struct xf *group, const EC_GROUP *curve, const uint8_t *peer, EC_POINT *out)
{
	uint8_t point[ECP_POINT_MAX];

	point[0] = POINT_CONVERSION_UNCOMPRESSED;
	memcpy(point + 1, peer, group->public_len);
	if (EC_POINT_oct2point(curve, out, point, 1 + (size_t)group->public_len, NULL))
		return ST_OK;
	return ST_BAD_KE;
}

static enum status ecp_compute(
	const struct xf *group, const uint8_t *private_key, const uint8_t *peer, uint8_t *secret)
{
	const EC_GROUP *curve = ecp_group(group);
	enum status st = ST_NOMEM;
	EC_POINT *point = NULL;
	EC_KEY *key = NULL;
	BIGNUM *d = NULL;

	if (curve == NULL)
		goto out;
	point = EC_POINT_new(curve);
	key = EC_KEY_new();
	d = BN_bin2bn(private_key, group->private_len, NULL);
	if (point == NULL || key == NULL || d == NULL)
		goto out;
	st = ecp_peer(group, curve, peer, point);
	if (st != ST_OK)
		goto out;
	st = ST_NOMEM;
	if (EC_KEY_set_group(key, curve) && EC_KEY_set_private_key(key, d) &&
		ECDH_compute_key(secret, group->secret_len, point, key, NULL) == group->secret_len)
		st = ST_OK;
out:
	BN_clear_free(d);
	EC_KEY_free(key);
	EC_POINT_free(point);
	return st;
}

/* ---- the face ----------------------------------------------------------------------------------
 */

static enum status generate(
	const struct xf *group, const uint8_t *seed, uint8_t *private_out, uint8_t *public_out)
{
	switch (group->alg) {
	case XA_MODP:
		memcpy(private_out, seed, group->private_len);
		return modp_generate(group, private_out, public_out);
	case XA_ECP: return ecp_generate(group, seed, private_out, public_out);
	case XA_X25519:
		memcpy(private_out, seed, group->private_len);
		X25519_public_from_private(public_out, private_out);
		return ST_OK;
	default: return ST_NOT_FOUND;
	}
}

enum status dh_generate(
	const struct xf *group, const uint8_t *seed, uint8_t *private_out, uint8_t *public_out)
{
	uint8_t drawn[DH_SEED_MAX];
	enum status st;

	if (group->type != XF_DH)
		return ST_NOT_FOUND;
	if (seed == NULL) {
		rnd_bytes(drawn, group->seed_len);
		seed = drawn;
	}
	st = generate(group, seed, private_out, public_out);
	if (st != ST_OK) {
		mem_zero(private_out, group->private_len);
		ERR_clear_error();
	}
	mem_zero(drawn, sizeof(drawn));
	return st;
}

static enum status compute(
	const struct xf *group, const uint8_t *private_key, const uint8_t *peer, uint8_t *secret)
{
	switch (group->alg) {
	case XA_MODP: return modp_compute(group, private_key, peer, secret);
	case XA_ECP: return ecp_compute(group, private_key, peer, secret);
	/* False for an all-zero result: a peer of small order (RFC 7748 6.1, RFC 8031 3.2). */
	case XA_X25519: return X25519(secret, private_key, peer) ? ST_OK : ST_BAD_KE;
	default: return ST_NOT_FOUND;
	}
}

enum status dh_compute(const struct xf *group, const uint8_t *private_key, const uint8_t *peer,
	size_t peer_len, uint8_t *secret_out)
{
	enum status st = ST_BAD_KE;

	if (group->type != XF_DH)
		return ST_NOT_FOUND;
	if (peer_len == group->public_len)
		st = compute(group, private_key, peer, secret_out);
	if (st != ST_OK) {
		mem_zero(secret_out, group->secret_len);
		ERR_clear_error();
	}
	return st;
}
