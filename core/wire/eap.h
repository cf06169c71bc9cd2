/* EAP packets (RFC 3748 section 4): header, types, Nak lists. Pure. */
#ifndef CORE_WIRE_EAP_H
#define CORE_WIRE_EAP_H

#include <stdbool.h>

#include "core/base/rd.h"
#include "core/base/status.h"
#include "core/base/wr.h"

#define EAP_HEADER_LEN 4

enum eap_code { EAP_CODE_REQUEST = 1, EAP_CODE_RESPONSE = 2, EAP_CODE_SUCCESS = 3, EAP_CODE_FAILURE = 4 };

/* IANA "Method Types" */
enum eap_type {
	EAP_IDENTITY = 1,
	EAP_NOTIFICATION = 2,
	EAP_NAK = 3,
	EAP_MD5 = 4,
	EAP_OTP = 5,
	EAP_GTC = 6,
	EAP_TLS = 13,
	EAP_TTLS = 21,
	EAP_PEAP = 25,
	EAP_MSCHAPV2 = 26,
	EAP_EXPANDED = 254
};

struct eap_packet {
	uint8_t code;
	uint8_t id;
	uint8_t type;     /* 0 with Success and Failure. Expanded with vendor 0: the type inside */
	bool is_expanded; /* as it stood on the wire (section 5.7) */
	uint32_t vendor;  /* expanded: 24 bits; else 0 */
	uint32_t vendor_type;
	struct view data; /* type-data */
};

/* A whole EAP packet. Bytes after the length that the header gives are padding of a lower layer, which
 * IKE does not have: ST_TRAILING. Only Success and Failure may have them, and a longer length as
 * well (FortiClient), which is data then. ST_TRUNCATED: shorter than the
 * header or than its length; ST_EAP_MALFORMED: unknown code, length below 4, request or
 * response without a type. */
enum status eap_parse(struct view bytes, struct eap_packet *out) MUST_USE;

/* Begins a request or response of a type; the end closes the length:
 *     struct wr_mark m = eap_open(w, EAP_CODE_REQUEST, id, EAP_MD5); ... wr_close16(w, m); */
struct wr_mark eap_open(struct wr *w, uint8_t code, uint8_t id, uint8_t type);
/* The same with the expanded header (section 5.7). */
struct wr_mark eap_open_expanded(
	struct wr *w, uint8_t code, uint8_t id, uint32_t vendor, uint32_t vendor_type);
/* Success or Failure: 4 bytes. */
void eap_build_end(struct wr *w, uint8_t code, uint8_t id);

/* The types of the IETF that a Nak wants instead (5.3.1, 5.3.2), at most max; a 0 ("none") and types of
 * vendors are left out. */
size_t eap_nak_types(const struct eap_packet *p, uint8_t *types, size_t max);

#endif
