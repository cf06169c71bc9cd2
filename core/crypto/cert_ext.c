/* The extensions of a certificate (RFC 5280 4.2). */
#include <strings.h>

#include "core/crypto/cert_parts.h"
#include "core/crypto/constraint.h"
#include "core/crypto/der.h"
#include "core/crypto/name.h"

#define EXTENSIONS_MAX 64
#define CONTEXT(n)     (CBS_ASN1_CONTEXT_SPECIFIC | (n))
#define INSIDE(n)      (CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | (n))

/* ---- general names ---------------------------------------------------------------------------- */

enum { EMAIL = 1, DNS = 2, DIRECTORY = 4, URI = 6, IP = 7 };

static bool is_ia5(struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		if (v.p[i] == 0 || v.p[i] >= 0x80)
			return false;
	return true;
}

bool general_name_next(struct view *list, bool is_constraint, unsigned *kind, struct view *out)
{
	CBS cbs = der_cbs(*list), value, name;
	unsigned tag, number;

	if (!CBS_get_any_asn1(&cbs, &value, &tag) || (tag & CBS_ASN1_CLASS_MASK) != CBS_ASN1_CONTEXT_SPECIFIC)
		return false;
	number = tag & CBS_ASN1_TAG_NUMBER_MASK;
	if (number > 8 ||
		((tag & CBS_ASN1_CONSTRUCTED) != 0) != (number == 0 || number == 3 || number == 4 || number == 5))
		return false;
	*list = der_view(&cbs);
	*kind = number;
	*out = der_view(&value);
	switch (number) {
	case EMAIL:
	case DNS:
	case URI: return is_ia5(*out);
	case IP:
		return is_constraint ? out->len == 8 || out->len == 32 : out->len == 4 || out->len == 16;
	case DIRECTORY:
		if (!CBS_get_asn1_element(&value, &name, CBS_ASN1_SEQUENCE) || CBS_len(&value) != 0)
			return false;
		*out = der_view(&name);
		return name_ok(*out);
	default: return true;
	}
}

bool url_is_usable(struct view url)
{
	if (url.len < 8 || url.len > CERT_URL_MAX || strncasecmp((const char *)url.p, "http://", 7) != 0)
		return false;
	for (size_t i = 0; i < url.len; i++)
		if (url.p[i] <= ' ' || url.p[i] >= 0x7f)
			return false;
	return true;
}

static void add_url(struct view urls[CERT_URLS_MAX], size_t *n, struct view url)
{
	if (*n < CERT_URLS_MAX && url_is_usable(url))
		urls[(*n)++] = url;
}

/* ---- one function for each extension --------------------------------------------------------------- */

static bool parse_san(struct cert *c, CBS value)
{
	struct view list, name;
	unsigned kind;
	CBS names;

	if (!CBS_get_asn1(&value, &names, CBS_ASN1_SEQUENCE) || CBS_len(&value) != 0 || CBS_len(&names) == 0)
		return false;
	c->san = list = der_view(&names);
	for (size_t n = 0; list.len > 0; n++)
		if (n == CERT_SAN_MAX || !general_name_next(&list, false, &kind, &name))
			return false;
	return true;
}

static bool parse_basic(struct cert *c, CBS value)
{
	CBS seq;

	if (!CBS_get_asn1(&value, &seq, CBS_ASN1_SEQUENCE) || CBS_len(&value) != 0 ||
		!der_optional_bool(&seq, &c->is_ca) || !der_optional_uint(&seq, 1 << 20, &c->path_len))
		return false;
	return CBS_len(&seq) == 0 && (c->is_ca || c->path_len < 0);
}

static bool parse_usage(struct cert *c, CBS value)
{
	c->has_usage = true;
	return der_bits(&value, &c->usage) && CBS_len(&value) == 0;
}

static unsigned eku_bit(const CBS *oid)
{
	static const struct {
		const char *oid;
		size_t len;
		unsigned bit;
	} ekus[] = {
		{"\x2b\x06\x01\x05\x05\x07\x03\x01", 8, CERT_EKU_SERVER},
		{"\x2b\x06\x01\x05\x05\x07\x03\x02", 8, CERT_EKU_CLIENT},
		{"\x2b\x06\x01\x05\x05\x07\x03\x09", 8, CERT_EKU_OCSP},
		{"\x2b\x06\x01\x05\x05\x07\x03\x11", 8, CERT_EKU_IKE},
		{"\x2b\x06\x01\x05\x05\x08\x02\x02", 8, CERT_EKU_IKE_INTERMEDIATE},
		{"\x55\x1d\x25\x00", 4, CERT_EKU_ANY},
	};

	for (size_t i = 0; i < sizeof(ekus) / sizeof(ekus[0]); i++)
		if (CBS_mem_equal(oid, (const uint8_t *)ekus[i].oid, ekus[i].len))
			return ekus[i].bit;
	return 0;
}

static bool parse_ekus(struct cert *c, CBS value)
{
	CBS list, oid;

	c->has_ekus = true;
	if (!CBS_get_asn1(&value, &list, CBS_ASN1_SEQUENCE) || CBS_len(&value) != 0 || CBS_len(&list) == 0)
		return false;
	while (CBS_len(&list) > 0) {
		if (!CBS_get_asn1(&list, &oid, CBS_ASN1_OBJECT) || CBS_len(&oid) == 0)
			return false;
		c->ekus |= eku_bit(&oid);
	}
	return true;
}

static bool parse_key_id(struct cert *c, CBS value)
{
	CBS id;

	if (!CBS_get_asn1(&value, &id, CBS_ASN1_OCTETSTRING) || CBS_len(&value) != 0)
		return false;
	c->key_id = der_view(&id);
	return true;
}

static bool parse_authority(struct cert *c, CBS value)
{
	CBS seq, id;
	int present;

	if (!CBS_get_asn1(&value, &seq, CBS_ASN1_SEQUENCE) || CBS_len(&value) != 0 ||
		!CBS_get_optional_asn1(&seq, &id, &present, CONTEXT(0)))
		return false;
	if (present)
		c->authority_key_id = der_view(&id);
	return true; /* issuer and serial after it only help to find; we look by name */
}

static bool parse_constraints(struct cert *c, CBS value)
{
	CBS seq;

	if (!CBS_get_asn1(&value, &seq, CBS_ASN1_SEQUENCE) || CBS_len(&value) != 0)
		return false;
	c->name_constraints = der_view(&seq);
	return constraint_ok(c->name_constraints);
}

/* Points of another issuer or for some reasons only are not listed: such lists cannot be used. */
static bool parse_point(struct cert *c, CBS point)
{
	CBS name, full, skipped;
	struct view list, url;
	int present, partial, indirect;
	unsigned kind;

	if (!CBS_get_optional_asn1(&point, &name, &present, INSIDE(0)) ||
		!CBS_get_optional_asn1(&point, &skipped, &partial, CONTEXT(1)) ||
		!CBS_get_optional_asn1(&point, &skipped, &indirect, INSIDE(2)) || CBS_len(&point) != 0)
		return false;
	if (!present || partial || indirect || !CBS_peek_asn1_tag(&name, INSIDE(0)))
		return true;
	if (!CBS_get_asn1(&name, &full, INSIDE(0)) || CBS_len(&name) != 0)
		return false;
	list = der_view(&full);
	while (list.len > 0) {
		if (!general_name_next(&list, false, &kind, &url))
			return false;
		if (kind == URI)
			add_url(c->crl_urls, &c->n_crl_urls, url);
	}
	return true;
}

static bool parse_points(struct cert *c, CBS value)
{
	CBS list, point;

	if (!CBS_get_asn1(&value, &list, CBS_ASN1_SEQUENCE) || CBS_len(&value) != 0 || CBS_len(&list) == 0)
		return false;
	while (CBS_len(&list) > 0)
		if (!CBS_get_asn1(&list, &point, CBS_ASN1_SEQUENCE) || !parse_point(c, point))
			return false;
	return true;
}

static bool parse_access(struct cert *c, CBS value)
{
	struct view place, url;
	CBS list, pair, method;
	unsigned kind;

	if (!CBS_get_asn1(&value, &list, CBS_ASN1_SEQUENCE) || CBS_len(&value) != 0)
		return false;
	while (CBS_len(&list) > 0) {
		if (!CBS_get_asn1(&list, &pair, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&pair, &method, CBS_ASN1_OBJECT))
			return false;
		place = der_view(&pair);
		if (!general_name_next(&place, false, &kind, &url) || place.len != 0)
			return false;
		if (kind == URI && DER_OID_IS(&method, "\x2b\x06\x01\x05\x05\x07\x30\x01"))
			add_url(c->ocsp_urls, &c->n_ocsp_urls, url);
	}
	return true;
}

/* Of policies nothing is demanded (no set of acceptable ones can be configured), so what only narrows or maps them
 * decides nothing. policyConstraints may demand one: it is not here, and so refused where it is critical. */
static bool accept(struct cert *c, CBS value)
{
	return true;
}

static const struct extension {
	const char *oid;
	size_t len;
	bool (*parse)(struct cert *c, CBS value);
} known[] = {
	{"\x55\x1d\x0e", 3, parse_key_id},
	{"\x55\x1d\x0f", 3, parse_usage},
	{"\x55\x1d\x11", 3, parse_san},
	{"\x55\x1d\x13", 3, parse_basic},
	{"\x55\x1d\x1e", 3, parse_constraints},
	{"\x55\x1d\x1f", 3, parse_points},
	{"\x55\x1d\x20", 3, accept}, /* certificatePolicies */
	{"\x55\x1d\x21", 3, accept}, /* policyMappings */
	{"\x55\x1d\x23", 3, parse_authority},
	{"\x55\x1d\x25", 3, parse_ekus},
	{"\x55\x1d\x36", 3, accept}, /* inhibitAnyPolicy */
	{"\x2b\x06\x01\x05\x05\x07\x01\x01", 8, parse_access},
};

static const struct extension *find(const CBS *oid)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (CBS_mem_equal(oid, (const uint8_t *)known[i].oid, known[i].len))
			return &known[i];
	return NULL;
}

static bool is_new(const CBS *oid, const struct view *seen, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (der_same(der_view(oid), seen[i]))
			return false;
	return true;
}

enum status cert_parse_extensions(struct cert *c, struct view list)
{
	struct view seen[EXTENSIONS_MAX];
	CBS all = der_cbs(list), ext, oid, value;
	size_t n = 0;
	bool critical;

	while (CBS_len(&all) > 0) {
		const struct extension *e;

		if (n == EXTENSIONS_MAX || !CBS_get_asn1(&all, &ext, CBS_ASN1_SEQUENCE) ||
			!CBS_get_asn1(&ext, &oid, CBS_ASN1_OBJECT) || !der_optional_bool(&ext, &critical) ||
			!CBS_get_asn1(&ext, &value, CBS_ASN1_OCTETSTRING) || CBS_len(&ext) != 0 ||
			!is_new(&oid, seen, n))
			return ST_BAD_CERT;
		seen[n++] = der_view(&oid);
		e = find(&oid);
		if (e != NULL && !e->parse(c, value))
			return ST_BAD_CERT;
		if (e == NULL && critical && c->critical.len == 0)
			c->critical = der_view(&oid);
	}
	return ST_OK;
}
