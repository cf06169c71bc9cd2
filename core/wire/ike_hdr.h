/* The IKE header (RFC 7296 section 3.1). Pure. */
#ifndef CORE_WIRE_IKE_HDR_H
#define CORE_WIRE_IKE_HDR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/status.h"
#include "core/base/wr.h"

#define IKE_HDR_LEN 28
#define IKE_HDR_NEXT_AT 16 /* offset of the next-payload field in the header */
#define IKE_VERSION 0x20   /* major 2, minor 0 */

/*  X(NAME, number, words) */
#define EXCHANGE_LIST(X) \
	X(IKE_SA_INIT, 34, "IKE_SA_INIT") \
	X(IKE_AUTH, 35, "IKE_AUTH") \
	X(CREATE_CHILD_SA, 36, "CREATE_CHILD_SA") \
	X(INFORMATIONAL, 37, "INFORMATIONAL") \
	X(IKE_SESSION_RESUME, 38, "IKE_SESSION_RESUME") \
	X(IKE_INTERMEDIATE, 43, "IKE_INTERMEDIATE") \
	X(IKE_FOLLOWUP_KE, 44, "IKE_FOLLOWUP_KE")

enum exchange_type {
#define X(name, number, words) EX_##name = number,
	EXCHANGE_LIST(X)
#undef X
};

#define IKE_FLAG_INITIATOR 0x08 /* the sender is the original initiator of the IKE SA */
#define IKE_FLAG_VERSION 0x10   /* ignored on receipt, never sent */
#define IKE_FLAG_RESPONSE 0x20

struct ike_hdr {
	uint64_t spi_i;
	uint64_t spi_r;
	uint8_t next;     /* type of the first payload, payload.h; 0 none */
	uint8_t version;  /* major << 4 | minor */
	uint8_t exchange; /* enum exchange_type or a number unknown to us */
	uint8_t flags;    /* other bits than the three are to be ignored */
	uint32_t msgid;
	uint32_t length;
};

/* The header of a whole datagram, non-ESP marker removed. Strict about its length field: it must
 * equal the length of the datagram.
 * ST_TRUNCATED: shorter than a header (*out is zero), or than its length field says
 * ST_BAD_VERSION: major version not 2; *out is filled, for the answer of section 2.5
 * ST_BAD_LENGTH: length field below 28; ST_TRAILING: bytes after the message; ST_BAD_SPI: the
 * initiator's SPI is zero, which only a notice outside of any SA may have (RFC 7296 1.5); *out is
 * filled. */
enum status ike_hdr_parse(struct view msg, struct ike_hdr *out) MUST_USE;
/* Writes the header with length 0 (next is written as it is and may be patched by payload_open());
 * wr_close32() on the result closes the length. The message starts where the header is written. */
struct wr_mark ike_hdr_open(struct wr *w, const struct ike_hdr *h) MUST_USE;

static inline bool ike_hdr_is_response(const struct ike_hdr *h)
{
	return h->flags & IKE_FLAG_RESPONSE;
}
static inline bool ike_hdr_is_from_initiator(const struct ike_hdr *h)
{
	return h->flags & IKE_FLAG_INITIATOR;
}

/* Name for logs; "unknown" for other numbers. */
const char *exchange_name(uint8_t exchange);

#endif
