#include "core/crypto/login_name.h"

#include <openssl/bytestring.h>
#include <string.h>
#include <strings.h>

#define SAN_OTHER (CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0)
#define SAN_EMAIL (CBS_ASN1_CONTEXT_SPECIFIC | 1)
#define SAN_DNS   (CBS_ASN1_CONTEXT_SPECIFIC | 2)

static const uint8_t oid_cn[] = {0x55, 0x04, 0x03};
static const uint8_t oid_san[] = {0x55, 0x1d, 0x11};
static const uint8_t oid_upn[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x14, 0x02, 0x03};

static void add(struct login_names *l, const CBS *text)
{
	const uint8_t *p = CBS_data(text);
	size_t len = CBS_len(text);

	if (len == 0 || len > LOGIN_NAME_LEN_MAX || l->n == LOGIN_NAMES_MAX)
		return;
	for (size_t i = 0; i < len; i++) {
		if (p[i] < 0x20 || p[i] == 0x7f)
			return;
	}
	l->name[l->n++] = (struct view){p, len};
}

/* otherName ::= SEQUENCE { type-id OID, value [0] EXPLICIT ANY }, implicitly tagged */
static void add_upn(struct login_names *l, CBS other)
{
	CBS oid, value, text;

	if (CBS_get_asn1(&other, &oid, CBS_ASN1_OBJECT) &&
		CBS_mem_equal(&oid, oid_upn, sizeof(oid_upn)) &&
		CBS_get_asn1(&other, &value, SAN_OTHER) &&
		CBS_get_asn1(&value, &text, CBS_ASN1_UTF8STRING))
		add(l, &text);
}

/* All names of one kind in the extension's value. */
static enum status add_sans(struct login_names *l, CBS value, unsigned kind)
{
	CBS names, name;
	unsigned tag;

	if (!CBS_get_asn1(&value, &names, CBS_ASN1_SEQUENCE) || CBS_len(&value) != 0)
		return ST_BAD_PAYLOAD;
	while (CBS_len(&names) > 0) {
		if (!CBS_get_any_asn1(&names, &name, &tag))
			return ST_BAD_PAYLOAD;
		if (tag != kind)
			continue;
		if (kind == SAN_OTHER)
			add_upn(l, name);
		else
			add(l, &name);
	}
	return ST_OK;
}

static enum status add_common_names(struct login_names *l, CBS subject)
{
	CBS rdn, pair, oid, text;
	unsigned tag;

	while (CBS_len(&subject) > 0) {
		if (!CBS_get_asn1(&subject, &rdn, CBS_ASN1_SET))
			return ST_BAD_PAYLOAD;
		while (CBS_len(&rdn) > 0) {
			if (!CBS_get_asn1(&rdn, &pair, CBS_ASN1_SEQUENCE) ||
				!CBS_get_asn1(&pair, &oid, CBS_ASN1_OBJECT) ||
				!CBS_get_any_asn1(&pair, &text, &tag))
				return ST_BAD_PAYLOAD;
			if (CBS_mem_equal(&oid, oid_cn, sizeof(oid_cn)) &&
				(tag == CBS_ASN1_UTF8STRING || tag == CBS_ASN1_PRINTABLESTRING ||
					tag == CBS_ASN1_IA5STRING))
				add(l, &text);
		}
	}
	return ST_OK;
}

/* The subject and the value of subjectAltName (empty when there is none); RFC 5280 4.1. */
static bool find(struct view der, CBS *subject, CBS *san)
{
	CBS in, cert, tbs, exts, list, ext, oid, value;
	int present;

	CBS_init(&in, der.p, der.len);
	CBS_init(san, NULL, 0);
	if (!CBS_get_asn1(&in, &cert, CBS_ASN1_SEQUENCE) || CBS_len(&in) != 0 ||
		!CBS_get_asn1(&cert, &tbs, CBS_ASN1_SEQUENCE) ||
		!CBS_get_optional_asn1(
			&tbs, NULL, NULL, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0) ||
		!CBS_get_asn1(&tbs, NULL, CBS_ASN1_INTEGER) ||  /* serialNumber */
		!CBS_get_asn1(&tbs, NULL, CBS_ASN1_SEQUENCE) || /* signature */
		!CBS_get_asn1(&tbs, NULL, CBS_ASN1_SEQUENCE) || /* issuer */
		!CBS_get_asn1(&tbs, NULL, CBS_ASN1_SEQUENCE) || /* validity */
		!CBS_get_asn1(&tbs, subject, CBS_ASN1_SEQUENCE) ||
		!CBS_get_asn1(&tbs, NULL, CBS_ASN1_SEQUENCE) || /* subjectPublicKeyInfo */
		!CBS_get_optional_asn1(&tbs, NULL, NULL, CBS_ASN1_CONTEXT_SPECIFIC | 1) ||
		!CBS_get_optional_asn1(&tbs, NULL, NULL, CBS_ASN1_CONTEXT_SPECIFIC | 2) ||
		!CBS_get_optional_asn1(&tbs, &exts, &present,
			CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 3))
		return false;
	if (!present)
		return true;
	if (!CBS_get_asn1(&exts, &list, CBS_ASN1_SEQUENCE))
		return false;
	while (CBS_len(&list) > 0) {
		if (!CBS_get_asn1(&list, &ext, CBS_ASN1_SEQUENCE) ||
			!CBS_get_asn1(&ext, &oid, CBS_ASN1_OBJECT) ||
			!CBS_get_optional_asn1(&ext, NULL, NULL, CBS_ASN1_BOOLEAN) ||
			!CBS_get_asn1(&ext, &value, CBS_ASN1_OCTETSTRING))
			return false;
		if (CBS_mem_equal(&oid, oid_san, sizeof(oid_san)))
			*san = value;
	}
	return true;
}

enum status login_names(struct view der, struct login_names *out)
{
	static const unsigned kinds[] = {SAN_EMAIL, SAN_OTHER, SAN_DNS};
	CBS subject, san;
	enum status st = ST_OK;

	out->n = 0;
	if (!find(der, &subject, &san))
		return ST_BAD_PAYLOAD;
	for (size_t i = 0; st == ST_OK && CBS_len(&san) > 0 && i < sizeof(kinds) / sizeof(kinds[0]);
		i++)
		st = add_sans(out, san, kinds[i]);
	return st == ST_OK ? add_common_names(out, subject) : st;
}

bool login_name_choose(const struct login_names *l, struct view identity, struct view *out)
{
	bool is_nobody = identity.len == 0 || identity.p[0] == '@';

	for (size_t i = 0; i < l->n; i++) {
		if (is_nobody || (l->name[i].len == identity.len &&
					 strncasecmp((const char *)l->name[i].p,
						 (const char *)identity.p, identity.len) == 0)) {
			*out = l->name[i];
			return true;
		}
	}
	return false;
}
