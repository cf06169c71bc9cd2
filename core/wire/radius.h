/* RADIUS packets (RFC 2865, 2866, 3579, 5176): bytes <-> plain values. No secret, no state: what is
 * signed and hidden is the business of core/aaa/radius_sign.h. Pure. */
#ifndef CORE_WIRE_RADIUS_H
#define CORE_WIRE_RADIUS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/addr.h"
#include "core/base/rd.h"
#include "core/base/status.h"
#include "core/base/wr.h"
#include "core/wire/radius_types.h"

#define RADIUS_MAX 4096        /* of a packet (RFC 2865 section 3) */
#define RADIUS_HEADER 20
#define RADIUS_AUTHENTICATOR 16
#define RADIUS_VALUE_MAX 253   /* of an attribute */
#define RADIUS_VSA_VALUE_MAX 247 /* of an attribute of a vendor, in the usual form (RFC 2865 5.26) */

struct radius_packet {
	uint8_t code;        /* any */
	uint8_t id;
	uint8_t authenticator[RADIUS_AUTHENTICATOR];
	struct view attrs;   /* whole attributes, one behind the other */
	struct view all;     /* the packet, without what stands behind it in the datagram */
};

/* A datagram. ST_TRUNCATED (shorter than it says), ST_BAD_LENGTH (its length field is below 20 or above
 * RADIUS_MAX, or an attribute does not fit or has a length below 2). What a VSA holds is not looked at. */
enum status radius_parse(struct view datagram, struct radius_packet *out) MUST_USE;

struct radius_attr {
	uint8_t type;
	uint32_t vendor;     /* of type 26: SMI number; 0 otherwise, and of one too short to have it */
	uint8_t vendor_type; /* of type 26 */
	struct view value;  /* without headers */
	struct view whole;  /* with the header of the attribute; of a VSA with several parts that of all of them */
};

struct radius_cursor {
	struct rd attrs;
	struct rd parts;    /* of the VSA that is being read */
	uint32_t vendor;
	struct view whole;
};

/* The attributes one by one, VSAs in their parts; false at the end. A VSA that is not of the usual form
 * (RFC 2865 5.26) comes once with vendor_type 0 and everything behind its vendor. */
struct radius_cursor radius_begin(struct view attrs);
bool radius_next(struct radius_cursor *c, struct radius_attr *out);
/* The first of a type (of 26: none, they are many things). False: there is none. */
bool radius_find(struct view attrs, uint8_t type, struct radius_attr *out);

/* Its name as RFCs write it; NULL: not one of RADIUS_ATTR_LIST. */
const char *radius_attr_name(uint8_t type);

/* ---- values: false when they are not of the length that the type has ---- */
bool radius_u32(const struct radius_attr *a, uint32_t *out);
bool radius_ip4(const struct radius_attr *a, struct addr *out);
bool radius_ip6(const struct radius_attr *a, struct addr *out);
/* RFC 3162 2.3. Octets that are left out are zero; bits behind the length do not count. */
bool radius_prefix6(const struct radius_attr *a, struct prefix *out);
/* Text with NUL, printable as it is or not; false when it does not fit or has a NUL inside. */
bool radius_text(const struct radius_attr *a, char *out, size_t cap);
/* EAP-Message (RFC 3579 3.1): all of them put together. ST_NOT_FOUND, ST_LIMIT when out is too small. */
enum status radius_eap(struct view attrs, uint8_t *out, size_t cap, size_t *len) MUST_USE;

/* ---- building: a value that is too long makes w bad ---- */
/* Begins a packet, which begins where w stands; its authenticator is zero until it is signed
 * (core/aaa/radius_sign.h). Attributes follow, and the end closes the length:
 *     struct wr_mark m = radius_open(w, RADIUS_COA_ACK, id); ... wr_close16(w, m); */
struct wr_mark radius_open(struct wr *w, uint8_t code, uint8_t id);
/* Message-Authenticator to be: zeros, until the packet is signed. */
void radius_put_unsigned(struct wr *w);
void radius_put(struct wr *w, uint8_t type, const void *value, size_t len);
/* Cut at RADIUS_VALUE_MAX, between characters of UTF-8; "" is left out. */
void radius_put_text(struct wr *w, uint8_t type, const char *text);
void radius_put_u32(struct wr *w, uint8_t type, uint32_t value);
/* Whichever of the two types is that of its family; family 0 is left out. */
void radius_put_addr(struct wr *w, uint8_t type4, uint8_t type6, const struct addr *a);
void radius_put_vsa(struct wr *w, uint32_t vendor, uint8_t type, const void *value, size_t len);
void radius_put_vsa_u32(struct wr *w, uint32_t vendor, uint8_t type, uint32_t value);
/* cisco-avpair: "NAME=VALUE", cut at RADIUS_VSA_VALUE_MAX as text is. */
void radius_put_avpair(struct wr *w, const char *name, const char *value);
/* In pieces of at most RADIUS_VALUE_MAX; an empty one is one attribute (RFC 3579 2.1: EAP-Start). */
void radius_put_eap(struct wr *w, struct view packet);

#endif
