#include "core/wire/vendor.h"

#include <string.h>

struct vendor_row {
	enum vendor vendor;
	uint8_t len;     /* of bytes */
	bool prefix;     /* more may follow: versions and flags */
	const char *bytes;
	const char *name;
};

#define EXACT(v, text, name) {v, sizeof(text) - 1, false, text, name}
#define PREFIX(v, text, name) {v, sizeof(text) - 1, true, text, name}

static const struct vendor_row rows[] = {
	EXACT(VENDOR_STRONGSWAN,
		"\x88\x2f\xe5\x6d\x6f\xd2\x0d\xbc\x22\x51\x61\x3b\x2e\xbe\x5b\xeb", "strongSwan"),
	PREFIX(VENDOR_OPENIKED, "OpenIKED-", "OpenIKED"),
	PREFIX(VENDOR_MS_NT5,
		"\x1e\x2b\x51\x69\x05\x99\x1c\x7d\x7c\x96\xfc\xbf\xb5\x87\xe4\x61",
		"MS NT5 ISAKMPOAKLEY"),
	EXACT(VENDOR_MS_NEGOTIATION,
		"\xfb\x1d\xe3\xcd\xf3\x41\xb7\xea\x16\xb7\xe5\xbe\x08\x55\xf1\x20",
		"MS-Negotiation Discovery Capable"),
	EXACT(VENDOR_MS_INITIAL_CONTACT,
		"\x26\x24\x4d\x38\xed\xdb\x61\xb3\x17\x2a\x36\xe3\xd0\xcf\xb8\x19",
		"Vid-Initial-Contact"),
	EXACT(VENDOR_CISCO_DELETE_REASON, "CISCO-DELETE-REASON", "CISCO-DELETE-REASON"),
	PREFIX(VENDOR_CISCO_COPYRIGHT, "CISCO(COPYRIGHT)", "CISCO(COPYRIGHT)"),
	PREFIX(VENDOR_CISCO_GRE_MODE, "CISCO-GRE-MODE", "CISCO-GRE-MODE"),
	EXACT(VENDOR_CISCO_ANYCONNECT_EAP, "CISCO-ANYCONNECT-EAP", "CISCO-ANYCONNECT-EAP"),
	EXACT(VENDOR_CISCO_ANYCONNECT_STRAP, "CISCO-ANYCONNECT-STRAP", "CISCO-ANYCONNECT-STRAP"),
	EXACT(VENDOR_CISCO_NGE_LEVEL, "CISCO-NGE-LEVEL", "CISCO-NGE-LEVEL"),
	EXACT(VENDOR_CISCO_DYNAMIC_ROUTE, "CISCO-DYNAMIC-ROUTE", "CISCO-DYNAMIC-ROUTE"),
	EXACT(VENDOR_CISCO_FLEXVPN, "FLEXVPN-SUPPORTED", "FLEXVPN-SUPPORTED"),
	EXACT(VENDOR_CISCO_REV_02, "CISCOVPN-REV-02", "CISCOVPN-REV-02"),
	PREFIX(VENDOR_CISCO_FRAGMENTATION,
		"\x40\x48\xb7\xd5\x6e\xbc\xe8\x85\x25\xe7\xde\x7f\x00\xd6\xc2\xd3",
		"FRAGMENTATION"),
	EXACT(VENDOR_CISCO_UNITY,
		"\x12\xf5\xf2\x8c\x45\x71\x68\xa9\x70\x2d\x9f\xe2\x74\xcc\x01\x00", "Cisco Unity"),
};

enum vendor vendor_identify(struct view body)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct vendor_row *row = &rows[i];

		if (body.len != row->len && !(row->prefix && body.len > row->len))
			continue;
		if (memcmp(body.p, row->bytes, row->len) == 0)
			return row->vendor;
	}
	return VENDOR_UNKNOWN;
}

const char *vendor_name(enum vendor v)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].vendor == v)
			return rows[i].name;
	}
	return "unknown";
}

struct view vendor_bytes(enum vendor v)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].vendor == v)
			return (struct view){(const uint8_t *)rows[i].bytes, rows[i].len};
	return (struct view){0};
}
