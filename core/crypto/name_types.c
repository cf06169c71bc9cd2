#include "core/crypto/name_types.h"

#include <openssl/bytestring.h>
#include <string.h>
#include <strings.h>

#define X520(n)   3, {0x55, 0x04, n}
#define PILOT(n)  10, {0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, n}
#define UTF8      CBS_ASN1_UTF8STRING
#define PRINTABLE CBS_ASN1_PRINTABLESTRING
#define IA5       CBS_ASN1_IA5STRING

static const struct name_type types[] = {
	{"CN", "common-name", UTF8, X520(3)},
	{"SN", "", UTF8, X520(4)},
	{"serialNumber", "serial-number", PRINTABLE, X520(5)},
	{"C", "country", PRINTABLE, X520(6)},
	{"L", "locality", UTF8, X520(7)},
	{"ST", "state", UTF8, X520(8)},
	{"STREET", "street", UTF8, X520(9)},
	{"O", "organization", UTF8, X520(10)},
	{"OU", "organization-unit", UTF8, X520(11)},
	{"title", "title", UTF8, X520(12)},
	{"name", "", UTF8, X520(41)},
	{"GN", "", UTF8, X520(42)},
	{"initials", "", UTF8, X520(43)},
	{"dnQualifier", "", PRINTABLE, X520(46)},
	{"organizationIdentifier", "", UTF8, X520(97)},
	{"UID", "user-id", UTF8, PILOT(1)},
	{"DC", "", IA5, PILOT(25)},
	{"emailAddress", "email", IA5, 9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01}},
	/* other spellings, for reading */
	{"E", "", IA5, 9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01}},
	{"S", "", UTF8, X520(8)},
};

const struct name_type *name_type_of(struct view oid)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (oid.len == types[i].oid_len && memcmp(oid.p, types[i].oid, oid.len) == 0)
			return &types[i];
	return NULL;
}

const struct name_type *name_type_find(const char *label, size_t len)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strlen(types[i].label) == len && strncasecmp(types[i].label, label, len) == 0)
			return &types[i];
	return NULL;
}
