#include "core/crypto/crl.h"

#include <openssl/sha.h>
#include <stdatomic.h>

#include "core/base/mem.h"
#include "core/crypto/cert_parts.h"
#include "core/crypto/der.h"
#include "core/crypto/name.h"
#include "core/crypto/sig_alg.h"

#define CONTEXT(n) (CBS_ASN1_CONTEXT_SPECIFIC | (n))
#define INSIDE(n)  (CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | (n))

struct crl {
	atomic_uint refs;
	struct view der;
	struct view tbs, sig_alg, sig;
	struct view issuer;
	int64_t this_update, next_update;
	struct view entries; /* contents of revokedCertificates, checked */
	size_t n_entries;
	bool only_users, only_cas, only_attributes;
	struct view point; /* contents of GeneralNames of the distribution point; empty: for all */
};

/* ---- reading -------------------------------------------------------------------------------------- */

/* issuingDistributionPoint (RFC 5280 5.2.5). */
static bool parse_point(struct crl *c, CBS value)
{
	struct view list, name;
	CBS seq, point, full, reasons;
	int has_point, has_reasons;
	int users, cas, indirect, attributes;
	unsigned kind;

	if (!CBS_get_asn1(&value, &seq, CBS_ASN1_SEQUENCE) || CBS_len(&value) != 0 ||
		!CBS_get_optional_asn1(&seq, &point, &has_point, INSIDE(0)))
		return false;
	/* the booleans are IMPLICIT: a byte under their own tag */
	const unsigned tags[] = {1, 2, 4, 5};
	int *values[] = {&users, &cas, &indirect, &attributes};

	for (size_t i = 0; i < 4; i++) {
		CBS byte;
		uint8_t b = 0;

		if (i == 2 && !CBS_get_optional_asn1(&seq, &reasons, &has_reasons, CONTEXT(3)))
			return false;
		if (!CBS_get_optional_asn1(&seq, &byte, values[i], CONTEXT(tags[i])))
			return false;
		if (*values[i] && (!CBS_get_u8(&byte, &b) || CBS_len(&byte) != 0))
			return false;
		*values[i] = *values[i] && b != 0;
	}
	if (CBS_len(&seq) != 0 || has_reasons || indirect)
		return false; /* says only a part: not usable */
	c->only_users = users;
	c->only_cas = cas;
	c->only_attributes = attributes;
	if (!has_point)
		return true;
	if (!CBS_get_asn1(&point, &full, INSIDE(0)) || CBS_len(&point) != 0 || CBS_len(&full) == 0)
		return false;
	c->point = list = der_view(&full);
	while (list.len > 0)
		if (!general_name_next(&list, false, &kind, &name))
			return false;
	return true;
}

/* Unknown critical extensions, of the list or of an entry, and delta lists make it unusable: its meaning is another. */
static bool parse_list_extension(struct crl *c, const CBS *oid, CBS value, bool critical)
{
	if (DER_OID_IS(oid, "\x55\x1d\x1c"))
		return parse_point(c, value);
	return !critical;
}

/* In an entry the reason and the time of compromise are known; an issuer of its own (critical) is an indirect list's. */
static bool parse_entry_extension(struct crl *c, const CBS *oid, CBS value, bool critical)
{
	return !critical || DER_OID_IS(oid, "\x55\x1d\x15") || DER_OID_IS(oid, "\x55\x1d\x18");
}

static bool parse_extensions(
	struct crl *c, CBS list, bool (*each)(struct crl *c, const CBS *oid, CBS value, bool critical))
{
	CBS ext, oid, value;
	bool critical;

	while (CBS_len(&list) > 0)
		if (!CBS_get_asn1(&list, &ext, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&ext, &oid, CBS_ASN1_OBJECT) ||
			!der_optional_bool(&ext, &critical) || !CBS_get_asn1(&ext, &value, CBS_ASN1_OCTETSTRING) ||
			CBS_len(&ext) != 0 || !each(c, &oid, value, critical))
			return false;
	return true;
}

struct entry {
	struct view serial;
	int64_t when;
	CBS extensions;
};

static bool next_entry(CBS *list, struct entry *out)
{
	CBS entry, serial;

	CBS_init(&out->extensions, NULL, 0);
	if (!CBS_get_asn1(list, &entry, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&entry, &serial, CBS_ASN1_INTEGER) ||
		!der_time(&entry, &out->when))
		return false;
	out->serial = der_view(&serial);
	return CBS_len(&entry) == 0 ||
	       (CBS_get_asn1(&entry, &out->extensions, CBS_ASN1_SEQUENCE) && CBS_len(&entry) == 0);
}

static bool parse_entries(struct crl *c, CBS list)
{
	struct entry e;

	c->entries = der_view(&list);
	for (; CBS_len(&list) > 0; c->n_entries++)
		if (!next_entry(&list, &e) || !parse_extensions(c, e.extensions, parse_entry_extension))
			return false;
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

static bool parse_tbs(struct crl *c, CBS tbs)
{
	struct view inner_alg;
	CBS list, field;
	uint64_t version;
	int present;

	if (CBS_peek_asn1_tag(&tbs, CBS_ASN1_INTEGER) && (!CBS_get_asn1_uint64(&tbs, &version) || version != 1))
		return false;
	if (!parse_element(&tbs, &inner_alg) || !der_same(inner_alg, c->sig_alg) || !parse_element(&tbs, &c->issuer) ||
		!name_ok(c->issuer) || !der_time(&tbs, &c->this_update) || !der_time(&tbs, &c->next_update))
		return false;
	if (CBS_peek_asn1_tag(&tbs, CBS_ASN1_SEQUENCE) &&
		(!CBS_get_asn1(&tbs, &list, CBS_ASN1_SEQUENCE) || !parse_entries(c, list)))
		return false;
	if (!CBS_get_optional_asn1(&tbs, &field, &present, INSIDE(0)) || CBS_len(&tbs) != 0)
		return false;
	return !present || (CBS_get_asn1(&field, &list, CBS_ASN1_SEQUENCE) && CBS_len(&field) == 0 &&
				   parse_extensions(c, list, parse_list_extension));
}

static bool parse(struct crl *c)
{
	CBS all = der_cbs(c->der), crl, tbs, sig;
	uint8_t unused;

	if (!CBS_get_asn1(&all, &crl, CBS_ASN1_SEQUENCE) || CBS_len(&all) != 0 || !parse_element(&crl, &c->tbs) ||
		!parse_element(&crl, &c->sig_alg) || !CBS_get_asn1(&crl, &sig, CBS_ASN1_BITSTRING) ||
		!CBS_get_u8(&sig, &unused) || unused != 0 || CBS_len(&crl) != 0)
		return false;
	c->sig = der_view(&sig);
	tbs = der_cbs(c->tbs);
	return CBS_get_asn1(&tbs, &tbs, CBS_ASN1_SEQUENCE) && parse_tbs(c, tbs);
}

enum status crl_parse(struct view der, struct crl **out)
{
	struct crl *c;

	*out = NULL;
	if (der.len == 0 || der.len > CRL_DER_MAX)
		return ST_BAD_REVOCATION;
	c = mem_new(sizeof(*c) + der.len);
	if (c == NULL)
		return ST_NOMEM;
	memcpy(c + 1, der.p, der.len);
	c->der = (struct view){(const uint8_t *)(c + 1), der.len};
	atomic_init(&c->refs, 1);
	if (!parse(c)) {
		mem_free(c);
		return ST_BAD_REVOCATION;
	}
	*out = c;
	return ST_OK;
}

struct crl *crl_ref(struct crl *c)
{
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return c;
}

void crl_unref(struct crl *c)
{
	if (c != NULL && atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) == 1)
		mem_free(c);
}

/* ---- what it says ------------------------------------------------------------------------------- */

struct view crl_der(const struct crl *c)
{
	return c->der;
}

struct view crl_issuer(const struct crl *c)
{
	return c->issuer;
}

int64_t crl_this_update(const struct crl *c)
{
	return c->this_update;
}

int64_t crl_next_update(const struct crl *c)
{
	return c->next_update;
}

size_t crl_entries(const struct crl *c)
{
	return c->n_entries;
}

enum status crl_verify(const struct crl *c, const struct cert *issuer)
{
	CBS cbs = der_cbs(c->sig_alg);
	struct sig_alg alg;
	enum status st;

	if (!name_eq(c->issuer, issuer->subject) || !issuer->is_ca || !cert_may(issuer, CERT_USE_CRL_SIGN))
		return ST_REVOCATION_SIGNER;
	st = sig_alg_parse(&cbs, ST_BAD_REVOCATION, &alg);
	if (st == ST_OK)
		st = sig_alg_verify(issuer->spki, &alg, c->tbs, c->sig);
	return st == ST_BAD_SIGNATURE ? ST_REVOCATION_SIGNER : st;
}

/* The list's point is one of those the certificate names. */
static bool is_point_of(const struct crl *c, const struct cert *cert)
{
	struct view list = c->point, name;
	unsigned kind;

	while (list.len > 0 && general_name_next(&list, false, &kind, &name))
		for (size_t i = 0; kind == 6 && i < cert->n_crl_urls; i++)
			if (der_same(name, cert->crl_urls[i]))
				return true;
	return false;
}

bool crl_covers(const struct crl *c, const struct cert *cert)
{
	if (!name_eq(c->issuer, cert->issuer) || c->only_attributes || (c->only_users && cert->is_ca) ||
		(c->only_cas && !cert->is_ca))
		return false;
	return c->point.len == 0 || is_point_of(c, cert);
}

static unsigned reason_of(CBS list)
{
	CBS ext, oid, value, reason;
	bool critical;
	uint8_t code;

	while (CBS_len(&list) > 0) {
		if (!CBS_get_asn1(&list, &ext, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&ext, &oid, CBS_ASN1_OBJECT) ||
			!der_optional_bool(&ext, &critical) || !CBS_get_asn1(&ext, &value, CBS_ASN1_OCTETSTRING))
			return 0;
		if (DER_OID_IS(&oid, "\x55\x1d\x15") && CBS_get_asn1(&value, &reason, CBS_ASN1_ENUMERATED) &&
			CBS_get_u8(&reason, &code) && CBS_len(&reason) == 0)
			return code;
	}
	return 0;
}

bool crl_lists(const struct crl *c, const struct cert *cert, int64_t *when, unsigned *reason)
{
	CBS list = der_cbs(c->entries);
	struct entry e;

	while (CBS_len(&list) > 0 && next_entry(&list, &e)) {
		if (!der_same(e.serial, cert->serial))
			continue;
		*when = e.when;
		*reason = reason_of(e.extensions);
		return true;
	}
	return false;
}

const char *crl_reason_words(unsigned reason)
{
	static const char *const words[] = {"no reason given", "key compromise", "authority compromise",
		"affiliation changed", "superseded", "cessation of operation", "on hold", "unknown reason",
		"removed from the list", "privilege withdrawn", "attribute authority compromise"};

	return words[reason < sizeof(words) / sizeof(words[0]) ? reason : 7];
}
