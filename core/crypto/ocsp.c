#include "core/crypto/ocsp.h"

#include <openssl/digest.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "core/base/mem.h"
#include "core/crypto/bssl_heap.h"
#include "core/crypto/cert_parts.h"
#include "core/crypto/der.h"
#include "core/crypto/name.h"
#include "core/crypto/sig_alg.h"

#define CONTEXT(n)     (CBS_ASN1_CONTEXT_SPECIFIC | (n))
#define INSIDE(n)      (CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | (n))
#define PKIX_OCSP(n)   "\x2b\x06\x01\x05\x05\x07\x30\x01" n
#define RESPONDERS_MAX 4
#define SINGLES_MAX    64

/* The key's bits alone, without the byte that counts unused ones: what CertID and responders by key hash. */
static struct view key_bits(const struct cert *c)
{
	CBS all = der_cbs(c->spki), spki, alg, key;
	uint8_t unused;

	if (!CBS_get_asn1(&all, &spki, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&spki, &alg, CBS_ASN1_SEQUENCE) ||
		!CBS_get_asn1(&spki, &key, CBS_ASN1_BITSTRING) || !CBS_get_u8(&key, &unused))
		return (struct view){0};
	return der_view(&key);
}

/* ---- asking --------------------------------------------------------------------------------------- */

static bool put_cert_id(CBB *to, const struct cert *cert, const struct cert *issuer)
{
	static const uint8_t sha1_alg[] = {0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00};
	uint8_t name[20], key[20];
	CBB id, serial;

	SHA1(cert->issuer.p, cert->issuer.len, name);
	SHA1(key_bits(issuer).p, key_bits(issuer).len, key);
	return CBB_add_asn1(to, &id, CBS_ASN1_SEQUENCE) && CBB_add_bytes(&id, sha1_alg, sizeof(sha1_alg)) &&
	       CBB_add_asn1_octet_string(&id, name, 20) && CBB_add_asn1_octet_string(&id, key, 20) &&
	       CBB_add_asn1(&id, &serial, CBS_ASN1_INTEGER) &&
	       CBB_add_bytes(&serial, cert->serial.p, cert->serial.len) && CBB_flush(to);
}

/* The nonce is an OCTET STRING inside the extension's OCTET STRING (RFC 8954 2.1). */
static bool put_nonce(CBB *tbs, struct view nonce)
{
	CBB field, list, ext, oid, value;

	return nonce.len == 0 ||
	       (CBB_add_asn1(tbs, &field, INSIDE(2)) && CBB_add_asn1(&field, &list, CBS_ASN1_SEQUENCE) &&
		       CBB_add_asn1(&list, &ext, CBS_ASN1_SEQUENCE) && CBB_add_asn1(&ext, &oid, CBS_ASN1_OBJECT) &&
		       CBB_add_bytes(&oid, (const uint8_t *)PKIX_OCSP("\x02"), 9) &&
		       CBB_add_asn1(&ext, &value, CBS_ASN1_OCTETSTRING) &&
		       CBB_add_asn1_octet_string(&value, nonce.p, nonce.len) && CBB_flush(tbs));
}

enum status ocsp_request(const struct cert *cert, const struct cert *issuer, struct view nonce,
	uint8_t out[OCSP_REQUEST_MAX], size_t *out_len)
{
	CBB cbb, all, tbs, list, request;
	enum status st = ST_LIMIT;

	*out_len = 0;
	CBB_zero(&cbb);
	if (nonce.len <= OCSP_NONCE_MAX && CBB_init_fixed(&cbb, out, OCSP_REQUEST_MAX) &&
		CBB_add_asn1(&cbb, &all, CBS_ASN1_SEQUENCE) && CBB_add_asn1(&all, &tbs, CBS_ASN1_SEQUENCE) &&
		CBB_add_asn1(&tbs, &list, CBS_ASN1_SEQUENCE) && CBB_add_asn1(&list, &request, CBS_ASN1_SEQUENCE) &&
		put_cert_id(&request, cert, issuer) && CBB_flush(&tbs) && put_nonce(&tbs, nonce) &&
		CBB_finish(&cbb, NULL, out_len))
		st = ST_OK;
	CBB_cleanup(&cbb);
	return st;
}

/* ---- reading -------------------------------------------------------------------------------------- */

struct response {
	struct view tbs, sig;
	struct sig_alg alg;
	bool by_key;             /* responder: key hash or name */
	struct view responder;
	int64_t produced;
	struct view singles;     /* contents of SEQUENCE OF SingleResponse */
	struct view nonce;
	size_t n_certs;
	struct view certs[RESPONDERS_MAX];
};

static enum status parse_outer(struct view der, CBS *basic)
{
	CBS all = der_cbs(der), response, state, bytes, seq, type;
	uint8_t code;

	if (der.len > OCSP_DER_MAX || !CBS_get_asn1(&all, &response, CBS_ASN1_SEQUENCE) || CBS_len(&all) != 0 ||
		!CBS_get_asn1(&response, &state, CBS_ASN1_ENUMERATED) || !CBS_get_u8(&state, &code) ||
		CBS_len(&state) != 0)
		return ST_BAD_REVOCATION;
	if (code != 0)
		return ST_REVOCATION_REFUSED;
	if (!CBS_get_asn1(&response, &bytes, INSIDE(0)) || CBS_len(&response) != 0 ||
		!CBS_get_asn1(&bytes, &seq, CBS_ASN1_SEQUENCE) || CBS_len(&bytes) != 0 ||
		!CBS_get_asn1(&seq, &type, CBS_ASN1_OBJECT) || !DER_OID_IS(&type, PKIX_OCSP("\x01")) ||
		!CBS_get_asn1(&seq, &bytes, CBS_ASN1_OCTETSTRING) || CBS_len(&seq) != 0 ||
		!CBS_get_asn1(&bytes, basic, CBS_ASN1_SEQUENCE) || CBS_len(&bytes) != 0)
		return ST_BAD_REVOCATION;
	return ST_OK;
}

static bool parse_responder(CBS *data, struct response *r)
{
	CBS field, inner;

	r->by_key = CBS_peek_asn1_tag(data, INSIDE(2));
	if (!CBS_get_asn1(data, &field, INSIDE(r->by_key ? 2 : 1)))
		return false;
	if (r->by_key ? !CBS_get_asn1(&field, &inner, CBS_ASN1_OCTETSTRING)
		      : !CBS_get_asn1_element(&field, &inner, CBS_ASN1_SEQUENCE))
		return false;
	r->responder = der_view(&inner);
	return CBS_len(&field) == 0 && (!r->by_key || r->responder.len == 20);
}

static bool parse_extensions(CBS list, struct view *nonce)
{
	CBS ext, oid, value, inner;
	bool critical;

	while (CBS_len(&list) > 0) {
		if (!CBS_get_asn1(&list, &ext, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&ext, &oid, CBS_ASN1_OBJECT) ||
			!der_optional_bool(&ext, &critical) || !CBS_get_asn1(&ext, &value, CBS_ASN1_OCTETSTRING) ||
			CBS_len(&ext) != 0)
			return false;
		if (nonce != NULL && DER_OID_IS(&oid, PKIX_OCSP("\x02"))) {
			if (!CBS_get_asn1(&value, &inner, CBS_ASN1_OCTETSTRING) || CBS_len(&value) != 0)
				return false;
			*nonce = der_view(&inner);
		} else if (critical) {
			return false;
		}
	}
	return true;
}

static bool parse_data(CBS data, struct response *r)
{
	CBS field, singles, list;
	uint64_t version;
	int present;

	if (!CBS_get_optional_asn1(&data, &field, &present, INSIDE(0)) ||
		(present && (!CBS_get_asn1_uint64(&field, &version) || version != 0)) || !parse_responder(&data, r) ||
		!der_time(&data, &r->produced) || !CBS_get_asn1(&data, &singles, CBS_ASN1_SEQUENCE) ||
		!CBS_get_optional_asn1(&data, &field, &present, INSIDE(1)) || CBS_len(&data) != 0)
		return false;
	r->singles = der_view(&singles);
	return !present || (CBS_get_asn1(&field, &list, CBS_ASN1_SEQUENCE) && CBS_len(&field) == 0 &&
				   parse_extensions(list, &r->nonce));
}

static bool parse_certs(CBS *basic, struct response *r)
{
	CBS field, list, one;
	int present;

	if (!CBS_get_optional_asn1(basic, &field, &present, INSIDE(0)) || CBS_len(basic) != 0)
		return false;
	if (!present)
		return true;
	if (!CBS_get_asn1(&field, &list, CBS_ASN1_SEQUENCE) || CBS_len(&field) != 0)
		return false;
	while (CBS_len(&list) > 0) {
		if (!CBS_get_asn1_element(&list, &one, CBS_ASN1_SEQUENCE))
			return false;
		if (r->n_certs < RESPONDERS_MAX)
			r->certs[r->n_certs++] = der_view(&one);
	}
	return true;
}

static enum status parse(struct view der, struct response *r)
{
	CBS basic, tbs, data, sig;
	enum status st = parse_outer(der, &basic);
	uint8_t unused;

	memset(r, 0, sizeof(*r));
	if (st != ST_OK)
		return st;
	if (!CBS_get_asn1_element(&basic, &tbs, CBS_ASN1_SEQUENCE))
		return ST_BAD_REVOCATION;
	r->tbs = der_view(&tbs);
	if (!CBS_get_asn1(&tbs, &data, CBS_ASN1_SEQUENCE) || !parse_data(data, r))
		return ST_BAD_REVOCATION;
	st = sig_alg_parse(&basic, ST_BAD_REVOCATION, &r->alg);
	if (st != ST_OK)
		return st;
	if (!CBS_get_asn1(&basic, &sig, CBS_ASN1_BITSTRING) || !CBS_get_u8(&sig, &unused) || unused != 0)
		return ST_BAD_REVOCATION;
	r->sig = der_view(&sig);
	return parse_certs(&basic, r) ? ST_OK : ST_BAD_REVOCATION;
}

/* ---- is it about this certificate? ---------------------------------------------------------------- */

static bool is_hash_of(CBS value, const EVP_MD *md, struct view of)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned len;

	return EVP_Digest(of.p, of.len, hash, &len, md, NULL) && CBS_mem_equal(&value, hash, len);
}

/* False when malformed. */
static bool match_cert_id(CBS *single, const struct cert *cert, const struct cert *issuer, bool *is_it)
{
	CBS id, name, key, serial;
	unsigned hash;

	if (!CBS_get_asn1(single, &id, CBS_ASN1_SEQUENCE) || !sig_alg_parse_hash(&id, &hash) ||
		!CBS_get_asn1(&id, &name, CBS_ASN1_OCTETSTRING) || !CBS_get_asn1(&id, &key, CBS_ASN1_OCTETSTRING) ||
		!CBS_get_asn1(&id, &serial, CBS_ASN1_INTEGER) || CBS_len(&id) != 0)
		return false;
	*is_it = hash != 0 && der_same(der_view(&serial), cert->serial) &&
		 is_hash_of(name, sig_md(hash), cert->issuer) && is_hash_of(key, sig_md(hash), key_bits(issuer));
	return true;
}

static bool parse_state(CBS *single, struct ocsp_verdict *v)
{
	CBS state, reason;
	unsigned tag;
	uint8_t code;
	int present;

	if (!CBS_get_any_asn1(single, &state, &tag))
		return false;
	if (tag == CONTEXT(0) || tag == CONTEXT(2)) {
		v->state = tag == CONTEXT(0) ? OCSP_GOOD : OCSP_UNKNOWN;
		return CBS_len(&state) == 0;
	}
	v->state = OCSP_REVOKED;
	if (tag != INSIDE(1) || !der_time(&state, &v->revoked_s) ||
		!CBS_get_optional_asn1(&state, &reason, &present, INSIDE(0)) || CBS_len(&state) != 0)
		return false;
	if (!present)
		return true;
	if (!CBS_get_asn1(&reason, &state, CBS_ASN1_ENUMERATED) || CBS_len(&reason) != 0 || !CBS_get_u8(&state, &code))
		return false;
	v->reason = code;
	return true;
}

static bool parse_single(CBS single, struct ocsp_verdict *v)
{
	CBS field, list;
	int present;

	if (!parse_state(&single, v) || !der_time(&single, &v->this_update_s) ||
		!CBS_get_optional_asn1(&single, &field, &present, INSIDE(0)))
		return false;
	v->next_update_s = v->this_update_s + OCSP_MAX_AGE_S;
	if (present && (!der_time(&field, &v->next_update_s) || CBS_len(&field) != 0))
		return false;
	if (!CBS_get_optional_asn1(&single, &field, &present, INSIDE(1)) || CBS_len(&single) != 0)
		return false;
	return !present || (CBS_get_asn1(&field, &list, CBS_ASN1_SEQUENCE) && CBS_len(&field) == 0 &&
				   parse_extensions(list, NULL));
}

static enum status find_single(
	const struct response *r, const struct cert *cert, const struct cert *issuer, struct ocsp_verdict *v)
{
	CBS list = der_cbs(r->singles), single;
	bool is_it;

	for (size_t n = 0; CBS_len(&list) > 0; n++) {
		if (n == SINGLES_MAX || !CBS_get_asn1(&list, &single, CBS_ASN1_SEQUENCE) ||
			!match_cert_id(&single, cert, issuer, &is_it))
			return ST_BAD_REVOCATION;
		if (is_it)
			return parse_single(single, v) ? ST_OK : ST_BAD_REVOCATION;
	}
	return ST_NOT_FOUND;
}

/* ---- by whom is it signed? ------------------------------------------------------------------------ */

static bool is_responder(const struct response *r, const struct cert *c)
{
	uint8_t hash[20];
	struct view key = key_bits(c);

	if (!r->by_key)
		return name_eq(r->responder, c->subject);
	SHA1(key.p, key.len, hash);
	return memcmp(r->responder.p, hash, 20) == 0;
}

/* RFC 6960 4.2.2.2: certified by the issuer itself, for this, and valid now. Whether it is revoked is not asked: such
 * certificates say that they need no check (id-pkix-ocsp-nocheck), or are short-lived. */
static bool may_respond(const struct cert *c, const struct cert *issuer, int64_t now_s)
{
	return name_eq(c->issuer, issuer->subject) && cert_has_eku(c, CERT_EKU_OCSP) && cert_may(c, CERT_USE_SIGN) &&
	       c->critical.len == 0 && c->not_before <= now_s + OCSP_SKEW_S && now_s <= c->not_after &&
	       cert_verify(c, issuer) == ST_OK;
}

static enum status verify_by(const struct response *r, const struct cert *signer)
{
	enum status st = sig_alg_verify(signer->spki, &r->alg, r->tbs, r->sig);

	return st == ST_BAD_SIGNATURE ? ST_REVOCATION_SIGNER : st;
}

static enum status verify(const struct response *r, const struct cert *issuer, int64_t now_s)
{
	enum status st = ST_REVOCATION_SIGNER;

	if (is_responder(r, issuer))
		return verify_by(r, issuer);
	for (size_t i = 0; i < r->n_certs && st == ST_REVOCATION_SIGNER; i++) {
		struct cert *c;
		enum status parsed = cert_parse(r->certs[i], &c);

		if (parsed == ST_NOMEM)
			return ST_NOMEM;
		if (parsed != ST_OK)
			continue;
		if (is_responder(r, c) && may_respond(c, issuer, now_s))
			st = verify_by(r, c);
		cert_unref(c);
	}
	return st;
}

enum status ocsp_judge(struct view response, const struct cert *cert, const struct cert *issuer, struct view nonce,
	int64_t now_s, struct ocsp_verdict *out)
{
	struct response r;
	enum status st = parse(response, &r);

	memset(out, 0, sizeof(*out));
	if (st == ST_OK)
		st = find_single(&r, cert, issuer, out);
	if (st == ST_OK && nonce.len > 0 && r.nonce.len > 0 && !der_same(nonce, r.nonce))
		st = ST_REVOCATION_STALE;
	if (st == ST_OK && (out->this_update_s > now_s + OCSP_SKEW_S || out->next_update_s < now_s - OCSP_SKEW_S))
		st = ST_REVOCATION_STALE;
	if (st == ST_OK)
		st = verify(&r, issuer, now_s);
	return st;
}
