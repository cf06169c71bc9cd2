#include "core/crypto/cert.h"

#include <openssl/sha.h>

#include "core/base/mem.h"
#include "core/crypto/cert_parts.h"
#include "core/crypto/der.h"
#include "core/crypto/name.h"
#include "core/crypto/sig_alg.h"
#include "core/crypto/spki.h"
#include "core/crypto/words.h"

#define SERIAL_MAX 21 /* 20 bytes (RFC 5280 4.1.2.2) and one for the sign */

/* ---- reading -------------------------------------------------------------------------------------- */

static bool parse_version(CBS *tbs)
{
	uint64_t version;
	CBS field;

	return CBS_get_asn1(tbs, &field, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0) &&
	       CBS_get_asn1_uint64(&field, &version) && CBS_len(&field) == 0 && version == 2;
}

static bool parse_serial(CBS *tbs, struct cert *c)
{
	CBS serial;
	int negative;

	if (!CBS_get_asn1(tbs, &serial, CBS_ASN1_INTEGER) || !CBS_is_valid_asn1_integer(&serial, &negative) ||
		negative || CBS_len(&serial) > SERIAL_MAX)
		return false;
	c->serial = der_view(&serial);
	return true;
}

static bool parse_element(CBS *from, struct view *out)
{
	CBS whole;

	if (!CBS_get_asn1_element(from, &whole, CBS_ASN1_SEQUENCE))
		return false;
	*out = der_view(&whole);
	return true;
}

static bool parse_validity(CBS *tbs, struct cert *c)
{
	CBS validity;

	return CBS_get_asn1(tbs, &validity, CBS_ASN1_SEQUENCE) && der_time(&validity, &c->not_before) &&
	       der_time(&validity, &c->not_after) && CBS_len(&validity) == 0;
}

/* issuerUniqueID, subjectUniqueID: nobody uses them. */
static bool skip_unique_id(CBS *tbs, unsigned number)
{
	return CBS_get_optional_asn1(tbs, NULL, NULL, CBS_ASN1_CONTEXT_SPECIFIC | number);
}

static enum status parse_tbs(CBS tbs, struct cert *c)
{
	struct view inner_alg;
	CBS field, list;
	int present;

	if (!parse_version(&tbs) || !parse_serial(&tbs, c) || !parse_element(&tbs, &inner_alg) ||
		!der_same(inner_alg, c->sig_alg) || !parse_element(&tbs, &c->issuer) || !name_ok(c->issuer) ||
		name_is_empty(c->issuer) || !parse_validity(&tbs, c) || !parse_element(&tbs, &c->subject) ||
		!name_ok(c->subject) || !parse_element(&tbs, &c->spki) || !skip_unique_id(&tbs, 1) ||
		!skip_unique_id(&tbs, 2) ||
		!CBS_get_optional_asn1(
			&tbs, &field, &present, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 3) ||
		CBS_len(&tbs) != 0)
		return ST_BAD_CERT;
	if (!present)
		return ST_OK;
	if (!CBS_get_asn1(&field, &list, CBS_ASN1_SEQUENCE) || CBS_len(&field) != 0)
		return ST_BAD_CERT;
	return cert_parse_extensions(c, der_view(&list));
}

static enum status parse(struct cert *c, unsigned rsa_min)
{
	CBS all = der_cbs(c->der), cert, tbs, sig;
	struct spki key;
	enum status st;
	uint8_t unused;

	if (!CBS_get_asn1(&all, &cert, CBS_ASN1_SEQUENCE) || CBS_len(&all) != 0 || !parse_element(&cert, &c->tbs) ||
		!parse_element(&cert, &c->sig_alg) || !CBS_get_asn1(&cert, &sig, CBS_ASN1_BITSTRING) ||
		!CBS_get_u8(&sig, &unused) || unused != 0 || CBS_len(&cert) != 0)
		return ST_BAD_CERT;
	c->sig = der_view(&sig);
	tbs = der_cbs(c->tbs);
	if (!CBS_get_asn1(&tbs, &tbs, CBS_ASN1_SEQUENCE))
		return ST_BAD_CERT;
	st = parse_tbs(tbs, c);
	if (st != ST_OK)
		return st;
	st = spki_open(c->spki, rsa_min, &key);
	c->key = key.kind;
	c->key_bits = key.bits;
	spki_close(&key);
	SHA1(c->spki.p, c->spki.len, c->key_hash);
	SHA256(c->der.p, c->der.len, c->fingerprint);
	return st;
}

/* One block: the struct, then the bytes that its views point into. */
static enum status parse_copy(struct view der, unsigned rsa_min, struct cert **out)
{
	struct cert *c;
	enum status st;

	*out = NULL;
	if (der.len == 0 || der.len > CERT_DER_MAX)
		return ST_BAD_CERT;
	c = mem_new(sizeof(*c) + der.len);
	if (c == NULL)
		return ST_NOMEM;
	memcpy(c + 1, der.p, der.len);
	c->der = (struct view){(const uint8_t *)(c + 1), der.len};
	c->path_len = -1;
	atomic_init(&c->refs, 1);
	st = parse(c, rsa_min);
	if (st == ST_OK)
		*out = c;
	else
		mem_free(c);
	return st;
}

enum status cert_parse(struct view der, struct cert **out)
{
	return parse_copy(der, SPKI_RSA_MIN, out);
}

enum status cert_parse_weak(struct view der, struct cert **out)
{
	return parse_copy(der, SPKI_RSA_MIN_WEAK, out);
}

struct cert *cert_ref(struct cert *c)
{
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return c;
}

void cert_unref(struct cert *c)
{
	if (c != NULL && atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) == 1)
		mem_free(c);
}

/* ---- what it says ------------------------------------------------------------------------------- */

struct view cert_der(const struct cert *c)
{
	return c->der;
}

struct view cert_subject(const struct cert *c)
{
	return c->subject;
}

struct view cert_issuer(const struct cert *c)
{
	return c->issuer;
}

struct view cert_spki(const struct cert *c)
{
	return c->spki;
}

const uint8_t *cert_key_hash(const struct cert *c)
{
	return c->key_hash;
}

const uint8_t *cert_fingerprint(const struct cert *c)
{
	return c->fingerprint;
}

enum cert_key cert_key(const struct cert *c)
{
	return c->key;
}

const char *cert_key_words(const struct cert *c)
{
	static const char *const words[] = {"RSA", "P-256", "P-384", "P-521", "Ed25519"};

	return words[c->key];
}

unsigned cert_key_bits(const struct cert *c)
{
	return c->key_bits;
}

int64_t cert_not_before(const struct cert *c)
{
	return c->not_before;
}

int64_t cert_not_after(const struct cert *c)
{
	return c->not_after;
}

bool cert_is_ca(const struct cert *c)
{
	return c->is_ca;
}

bool cert_is_self_issued(const struct cert *c)
{
	return name_eq(c->issuer, c->subject);
}

bool cert_may(const struct cert *c, unsigned uses)
{
	return !c->has_usage || (c->usage & uses) == uses;
}

bool cert_lists_ekus(const struct cert *c)
{
	return c->has_ekus;
}

bool cert_has_eku(const struct cert *c, unsigned ekus)
{
	return (c->ekus & ekus) != 0;
}

struct view cert_crl_url(const struct cert *c, size_t i)
{
	return i < c->n_crl_urls ? c->crl_urls[i] : (struct view){0};
}

struct view cert_ocsp_url(const struct cert *c, size_t i)
{
	return i < c->n_ocsp_urls ? c->ocsp_urls[i] : (struct view){0};
}

size_t cert_serial_text(const struct cert *c, char *out, size_t size)
{
	struct words w = words_init(out, size);

	words_hex(&w, c->serial);
	return words_end(&w);
}

enum status cert_verify(const struct cert *c, const struct cert *issuer)
{
	CBS cbs = der_cbs(c->sig_alg);
	struct sig_alg alg;
	enum status st = sig_alg_parse(&cbs, ST_BAD_CERT, &alg);

	if (st == ST_OK)
		st = sig_alg_verify(issuer->spki, &alg, c->tbs, c->sig);
	return st;
}
