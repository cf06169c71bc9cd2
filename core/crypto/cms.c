#include "core/crypto/cms.h"

#include <openssl/digest.h>
#include <openssl/mem.h>

#include "core/base/mem.h"
#include "core/crypto/ber.h"
#include "core/crypto/bssl_heap.h"
#include "core/crypto/cert_parts.h"
#include "core/crypto/der.h"
#include "core/crypto/name.h"
#include "core/crypto/sig_alg.h"

#define INSIDE(n)     (CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | (n))
#define PKCS7(n)      "\x2a\x86\x48\x86\xf7\x0d\x01\x07" n
#define PKCS9(n)      "\x2a\x86\x48\x86\xf7\x0d\x01\x09" n
#define DATA          PKCS7("\x01")
#define SIGNED_DATA   PKCS7("\x02")
#define RSA_KEY       "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"
#define ATTRIBUTES_MAX 32

struct signer {
	struct view issuer, serial; /* or: */
	struct view key_id;
	unsigned hash;
	struct view attributes; /* the element, tag [0] */
	struct sig_alg alg;     /* SIG_NONE: one that we do not do */
	struct view sig;
};

struct cms {
	uint8_t *owned; /* DER */
	size_t owned_len;
	struct view type, content;
	bool has_content;
	size_t n_certs, n_signers;
	struct view certs[CMS_CERTS_MAX];
	struct signer signers[CMS_SIGNERS_MAX];
};

/* ---- reading -------------------------------------------------------------------------------------- */

static bool parse_sid(CBS *info, struct signer *s)
{
	CBS sid, name, serial;

	if (CBS_peek_asn1_tag(info, CBS_ASN1_CONTEXT_SPECIFIC | 0)) {
		if (!CBS_get_asn1(info, &sid, CBS_ASN1_CONTEXT_SPECIFIC | 0) || CBS_len(&sid) == 0)
			return false;
		s->key_id = der_view(&sid);
		return true;
	}
	if (!CBS_get_asn1(info, &sid, CBS_ASN1_SEQUENCE) || !CBS_get_asn1_element(&sid, &name, CBS_ASN1_SEQUENCE) ||
		!CBS_get_asn1(&sid, &serial, CBS_ASN1_INTEGER) || CBS_len(&sid) != 0)
		return false;
	s->issuer = der_view(&name);
	s->serial = der_view(&serial);
	return true;
}

/* Of RSA the key's own algorithm may stand here, the hash being that of the digest (RFC 3370 3.2). */
static enum status parse_sig_alg(CBS *info, struct signer *s)
{
	CBS peek = *info, alg, oid;
	enum status st;

	if (!CBS_get_asn1(&peek, &alg, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&alg, &oid, CBS_ASN1_OBJECT))
		return ST_BAD_CMS;
	if (DER_OID_IS(&oid, RSA_KEY)) {
		*info = peek;
		s->alg.scheme = s->hash == SIG_HASH_SHA256   ? SIG_RSA_SHA256
				: s->hash == SIG_HASH_SHA384 ? SIG_RSA_SHA384
				: s->hash == SIG_HASH_SHA512 ? SIG_RSA_SHA512
							     : SIG_NONE;
		return ST_OK;
	}
	st = sig_alg_parse(info, ST_BAD_CMS, &s->alg);
	if (st == ST_SIG_ALGORITHM) {
		s->alg.scheme = SIG_NONE;
		st = ST_OK;
	}
	return st;
}

static enum status parse_signer(CBS *list, struct signer *s)
{
	CBS info, attributes, sig, ignored;
	uint64_t version;
	enum status st;

	if (!CBS_get_asn1(list, &info, CBS_ASN1_SEQUENCE) || !CBS_get_asn1_uint64(&info, &version) ||
		!parse_sid(&info, s) || !sig_alg_parse_hash(&info, &s->hash))
		return ST_BAD_CMS;
	if (CBS_peek_asn1_tag(&info, INSIDE(0))) {
		if (!CBS_get_asn1_element(&info, &attributes, INSIDE(0)))
			return ST_BAD_CMS;
		s->attributes = der_view(&attributes);
	}
	st = parse_sig_alg(&info, s);
	if (st != ST_OK)
		return st;
	if (!CBS_get_asn1(&info, &sig, CBS_ASN1_OCTETSTRING) ||
		!CBS_get_optional_asn1(&info, &ignored, NULL, INSIDE(1)) || CBS_len(&info) != 0)
		return ST_BAD_CMS;
	s->sig = der_view(&sig);
	return ST_OK;
}

static bool parse_content(CBS *data, struct cms *c)
{
	CBS info, type, content, octets;
	int present;

	if (!CBS_get_asn1(data, &info, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&info, &type, CBS_ASN1_OBJECT) ||
		!CBS_get_optional_asn1(&info, &content, &present, INSIDE(0)) || CBS_len(&info) != 0)
		return false;
	c->type = der_view(&type);
	c->has_content = present;
	if (!present)
		return true;
	if (!CBS_get_asn1(&content, &octets, CBS_ASN1_OCTETSTRING) || CBS_len(&content) != 0)
		return false;
	c->content = der_view(&octets);
	return true;
}

/* Other kinds of certificates (attribute certificates) have tags of their own and are passed over. */
static enum status parse_certs(CBS *data, struct cms *c)
{
	CBS list, one;
	unsigned tag;
	int present;

	if (!CBS_get_optional_asn1(data, &list, &present, INSIDE(0)))
		return ST_BAD_CMS;
	while (present && CBS_len(&list) > 0) {
		if (!CBS_get_any_asn1_element(&list, &one, &tag, NULL))
			return ST_BAD_CMS;
		if (tag != CBS_ASN1_SEQUENCE)
			continue;
		if (c->n_certs == CMS_CERTS_MAX)
			return ST_LIMIT;
		c->certs[c->n_certs++] = der_view(&one);
	}
	return ST_OK;
}

static enum status parse_data(CBS data, struct cms *c)
{
	CBS skipped, list;
	uint64_t version;
	enum status st;

	if (!CBS_get_asn1_uint64(&data, &version) || !CBS_get_asn1(&data, &skipped, CBS_ASN1_SET) ||
		!parse_content(&data, c))
		return ST_BAD_CMS;
	st = parse_certs(&data, c);
	if (st != ST_OK)
		return st;
	if (!CBS_get_optional_asn1(&data, &skipped, NULL, INSIDE(1)) || !CBS_get_asn1(&data, &list, CBS_ASN1_SET) ||
		CBS_len(&data) != 0)
		return ST_BAD_CMS;
	while (st == ST_OK && CBS_len(&list) > 0) {
		if (c->n_signers == CMS_SIGNERS_MAX)
			return ST_LIMIT;
		st = parse_signer(&list, &c->signers[c->n_signers++]);
	}
	return st;
}

static enum status parse(struct cms *c)
{
	CBS all = der_cbs((struct view){c->owned, c->owned_len}), info, type, content, data;

	if (!CBS_get_asn1(&all, &info, CBS_ASN1_SEQUENCE) || CBS_len(&all) != 0 ||
		!CBS_get_asn1(&info, &type, CBS_ASN1_OBJECT) || !DER_OID_IS(&type, SIGNED_DATA) ||
		!CBS_get_asn1(&info, &content, INSIDE(0)) || CBS_len(&info) != 0 ||
		!CBS_get_asn1(&content, &data, CBS_ASN1_SEQUENCE) || CBS_len(&content) != 0)
		return ST_BAD_CMS;
	return parse_data(data, c);
}

enum status cms_parse(struct view der, struct cms **out)
{
	struct cms *c;
	enum status st;

	*out = NULL;
	if (der.len > CMS_DER_MAX)
		return ST_LIMIT;
	c = mem_new(sizeof(*c));
	if (c == NULL)
		return ST_NOMEM;
	st = ber_to_der(der, &c->owned, &c->owned_len);
	if (st == ST_OK)
		st = parse(c);
	if (st == ST_OK)
		*out = c;
	else
		cms_free(c);
	return st;
}

void cms_free(struct cms *c)
{
	if (c == NULL)
		return;
	mem_free(c->owned);
	mem_free(c);
}

size_t cms_certs(const struct cms *c)
{
	return c->n_certs;
}

struct view cms_cert(const struct cms *c, size_t i)
{
	return i < c->n_certs ? c->certs[i] : (struct view){0};
}

size_t cms_signers(const struct cms *c)
{
	return c->n_signers;
}

struct view cms_content(const struct cms *c)
{
	return c->content;
}

/* ---- verifying ------------------------------------------------------------------------------------ */

static bool is_signer(const struct signer *s, const struct cert *c)
{
	if (s->key_id.len > 0)
		return der_same(s->key_id, c->key_id);
	return der_same(s->serial, c->serial) && name_eq(s->issuer, c->issuer);
}

static enum status find_in(const struct view *certs, size_t n, const struct signer *s, struct cert **out)
{
	for (size_t i = 0; i < n; i++) {
		struct cert *c;
		enum status st = cert_parse(certs[i], &c);

		if (st == ST_NOMEM)
			return st;
		if (st != ST_OK)
			continue;
		if (is_signer(s, c)) {
			*out = c;
			return ST_OK;
		}
		cert_unref(c);
	}
	return ST_NOT_FOUND;
}

/* The attribute's one value (RFC 5652 11); ST_BAD_CMS when it is not there once. */
static enum status find_attribute(const struct signer *s, struct view oid, CBS *value)
{
	CBS all = der_cbs(s->attributes), list, attribute, type, values;
	bool found = false;

	if (!CBS_get_asn1(&all, &list, INSIDE(0)))
		return ST_BAD_CMS;
	for (size_t n = 0; CBS_len(&list) > 0; n++) {
		if (n == ATTRIBUTES_MAX || !CBS_get_asn1(&list, &attribute, CBS_ASN1_SEQUENCE) ||
			!CBS_get_asn1(&attribute, &type, CBS_ASN1_OBJECT) ||
			!CBS_get_asn1(&attribute, &values, CBS_ASN1_SET) || CBS_len(&attribute) != 0)
			return ST_BAD_CMS;
		if (!der_same(der_view(&type), oid))
			continue;
		if (found)
			return ST_BAD_CMS;
		found = true;
		*value = values;
	}
	return found ? ST_OK : ST_BAD_CMS;
}

static enum status check_attributes(const struct cms *c, const struct signer *s, struct view content)
{
	const struct view type_oid = {(const uint8_t *)PKCS9("\x03"), 9}, digest_oid = {(const uint8_t *)PKCS9("\x04"), 9};
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned hash_len;
	CBS values, value;
	enum status st = find_attribute(s, type_oid, &values);

	if (st != ST_OK)
		return st;
	if (!CBS_get_asn1(&values, &value, CBS_ASN1_OBJECT) || CBS_len(&values) != 0)
		return ST_BAD_CMS;
	if (!der_same(der_view(&value), c->type))
		return ST_BAD_SIGNATURE;
	st = find_attribute(s, digest_oid, &values);
	if (st != ST_OK)
		return st;
	if (!CBS_get_asn1(&values, &value, CBS_ASN1_OCTETSTRING) || CBS_len(&values) != 0)
		return ST_BAD_CMS;
	if (!EVP_Digest(content.p, content.len, hash, &hash_len, sig_md(s->hash), NULL))
		return ST_NOMEM;
	return CBS_mem_equal(&value, hash, hash_len) ? ST_OK : ST_BAD_SIGNATURE;
}

/* What is signed is the attributes as a SET OF, not as the [0] they are sent as (RFC 5652 5.4). */
static enum status verify_attributes(const struct signer *s, const struct cert *cert)
{
	uint8_t *set = mem_dup(s->attributes.p, s->attributes.len);
	enum status st;

	if (set == NULL)
		return ST_NOMEM;
	set[0] = 0x31;
	st = sig_alg_verify(cert->spki, &s->alg, (struct view){set, s->attributes.len}, s->sig);
	mem_free(set);
	return st;
}

/* Without attributes the content itself is signed, which is for plain data only (RFC 5652 5.3). Content that is a SET
 * could be the attributes of another message, signed as such: a signature over the one is one over the other. */
static enum status verify_plain(
	const struct cms *c, const struct signer *s, const struct cert *cert, struct view content)
{
	CBS all = der_cbs(content), set;

	if (!der_same(c->type, (struct view){(const uint8_t *)DATA, 9}))
		return ST_BAD_CMS;
	if (CBS_get_asn1(&all, &set, CBS_ASN1_SET) && CBS_len(&all) == 0)
		return ST_BAD_CMS;
	return sig_alg_verify(cert->spki, &s->alg, content, s->sig);
}

enum status cms_verify(const struct cms *c, size_t i, struct view detached, const struct view *extra, size_t n,
	struct cert **signer)
{
	const struct view content = c->has_content ? c->content : detached;
	const struct signer *s = &c->signers[i < c->n_signers ? i : 0];
	unsigned sig_of;
	enum status st;

	*signer = NULL;
	if (i >= c->n_signers || (!c->has_content && detached.p == NULL))
		return ST_NOT_FOUND;
	sig_of = sig_hash(s->alg.scheme);
	if (!(s->hash & (SIG_HASH_SHA256 | SIG_HASH_SHA384 | SIG_HASH_SHA512)) ||
		(sig_of != s->hash && sig_of != SIG_HASH_IDENTITY))
		return ST_SIG_ALGORITHM;
	st = find_in(c->certs, c->n_certs, s, signer);
	if (st == ST_NOT_FOUND)
		st = find_in(extra, n, s, signer);
	if (st != ST_OK)
		return st;
	if (s->attributes.len > 0) {
		st = check_attributes(c, s, content);
		if (st == ST_OK)
			st = verify_attributes(s, *signer);
	} else {
		st = verify_plain(c, s, *signer, content);
	}
	if (st != ST_OK) {
		cert_unref(*signer);
		*signer = NULL;
	}
	return st;
}

/* ---- writing -------------------------------------------------------------------------------------- */

static bool put_oid(CBB *to, const char *oid, size_t len)
{
	CBB child;

	return CBB_add_asn1(to, &child, CBS_ASN1_OBJECT) && CBB_add_bytes(&child, (const uint8_t *)oid, len) &&
	       CBB_flush(to);
}

static bool put(CBB *to, const struct view *certs, size_t n)
{
	CBB info, content, data, child;

	if (!CBB_add_asn1(to, &info, CBS_ASN1_SEQUENCE) || !put_oid(&info, SIGNED_DATA, 9) ||
		!CBB_add_asn1(&info, &content, INSIDE(0)) || !CBB_add_asn1(&content, &data, CBS_ASN1_SEQUENCE) ||
		!CBB_add_asn1_uint64(&data, 1) || !CBB_add_asn1(&data, &child, CBS_ASN1_SET) ||
		!CBB_add_asn1(&data, &child, CBS_ASN1_SEQUENCE) || !put_oid(&child, DATA, 9) ||
		!CBB_add_asn1(&data, &child, INSIDE(0)))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!CBB_add_bytes(&child, certs[i].p, certs[i].len))
			return false;
	return CBB_add_asn1(&data, &child, CBS_ASN1_SET) && CBB_flush(to);
}

enum status cms_put_certs(const struct view *certs, size_t n, uint8_t **out, size_t *out_len)
{
	enum status st = ST_NOMEM;
	uint8_t *der = NULL;
	CBB cbb;

	*out = NULL;
	*out_len = 0;
	CBB_zero(&cbb);
	if (CBB_init(&cbb, 4096) && put(&cbb, certs, n) && CBB_finish(&cbb, &der, out_len)) {
		*out = mem_dup(der, *out_len);
		st = *out != NULL ? ST_OK : ST_NOMEM;
	}
	OPENSSL_free(der);
	CBB_cleanup(&cbb);
	return st;
}
