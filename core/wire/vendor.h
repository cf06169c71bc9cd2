/* Vendor IDs that we know (RFC 7296 section 3.12, R-IKE-14). Pure. */
#ifndef CORE_WIRE_VENDOR_H
#define CORE_WIRE_VENDOR_H

#include "core/base/rd.h"

enum vendor {
	VENDOR_UNKNOWN,
	VENDOR_STRONGSWAN,
	VENDOR_OPENIKED,
	VENDOR_MS_NT5,            /* "MS NT5 ISAKMPOAKLEY": Windows */
	VENDOR_MS_NEGOTIATION,    /* "MS-Negotiation Discovery Capable" */
	VENDOR_MS_INITIAL_CONTACT,
	VENDOR_CISCO_DELETE_REASON,
	VENDOR_CISCO_COPYRIGHT,
	VENDOR_CISCO_GRE_MODE,
	VENDOR_CISCO_ANYCONNECT_EAP,
	VENDOR_CISCO_ANYCONNECT_STRAP,
	VENDOR_CISCO_NGE_LEVEL,
	VENDOR_CISCO_DYNAMIC_ROUTE,
	VENDOR_CISCO_FLEXVPN,
	VENDOR_CISCO_REV_02,
	VENDOR_CISCO_FRAGMENTATION,
	VENDOR_CISCO_UNITY
};

/* Body of a V payload. */
enum vendor vendor_identify(struct view body);
/* The ID itself, or what it begins with; empty for VENDOR_UNKNOWN. */
struct view vendor_bytes(enum vendor v);
/* For logs; "unknown". */
const char *vendor_name(enum vendor v);

#endif
