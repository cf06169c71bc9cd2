/* The chain of payloads (RFC 7296 section 3.2) and the encrypted ones that end it (3.14, RFC 7383).
 * Parsing keeps views; what a body says is read by the payload's own file. Pure. */
#ifndef CORE_WIRE_PAYLOAD_H
#define CORE_WIRE_PAYLOAD_H

#include "core/wire/ike_hdr.h"

/*  X(NAME, number, words): what is understood; the critical bit is ignored for these */
#define PAYLOAD_LIST(X) \
	X(SA, 33, "SA") \
	X(KE, 34, "KE") \
	X(IDI, 35, "IDi") \
	X(IDR, 36, "IDr") \
	X(CERT, 37, "CERT") \
	X(CERTREQ, 38, "CERTREQ") \
	X(AUTH, 39, "AUTH") \
	X(NONCE, 40, "NONCE") \
	X(NOTIFY, 41, "NOTIFY") \
	X(DELETE, 42, "DELETE") \
	X(VENDOR, 43, "VENDOR") \
	X(TSI, 44, "TSi") \
	X(TSR, 45, "TSr") \
	X(SK, 46, "SK") \
	X(CP, 47, "CP") \
	X(EAP, 48, "EAP") \
	X(SKF, 53, "SKF")

enum payload_type {
	PT_NONE = 0,
#define X(name, number, words) PT_##name = number,
	PAYLOAD_LIST(X)
#undef X
};

#define PAYLOADS_MAX 48 /* kept of one message; more of understood types: ST_BAD_PAYLOAD */
#define PAYLOAD_HDR_LEN 4

struct payload {
	uint8_t type;     /* enum payload_type, never SK or SKF */
	bool critical;
	struct view body; /* after the generic header */
};

struct ike_payloads {
	uint8_t n;
	uint8_t unknown_critical; /* type of the first critical payload not understood; 0 none */
	uint16_t n_skipped;       /* not understood and not critical */
	struct payload v[PAYLOADS_MAX];
	uint8_t sk_type;          /* PT_SK or PT_SKF when one ends the chain, else 0 */
	uint8_t sk_first;         /* its next-payload field: type of the first inner payload */
	struct view sk;           /* its body: SK: iv, ciphertext, icv */
};

/* Outer: of a datagram; SK and SKF may end it. Inner: what an SK held; a second SK is an error. */
enum payload_place { PAYLOADS_OUTER, PAYLOADS_INNER };

/* The chain must end exactly with the view.
 * ST_TRUNCATED: a length beyond the end, or a next payload that is not there; ST_TRAILING: bytes
 * after the last; ST_BAD_LENGTH: a length below 4; ST_BAD_PAYLOAD: too many, SK or SKF inside SK;
 * ST_CRITICAL: well formed, but a critical payload is not understood (*out is filled). */
enum status payloads_parse(uint8_t first, struct view chain, enum payload_place place,
			   struct ike_payloads *out) MUST_USE;

/* A whole datagram: header and outer chain. */
struct ike_message {
	struct ike_hdr hdr;
	/* From the header through the generic header of SK, or through the fragment fields of SKF:
	 * the associated data of RFC 5282 and RFC 7383; empty when there is neither. */
	struct view aad;
	struct ike_payloads p;
};
/* Status of ike_hdr_parse(), then of payloads_parse(). hdr is filled as far as those say. */
enum status ike_message_parse(struct view msg, struct ike_message *out) MUST_USE;

/* An encrypted fragment: body of an SKF. */
struct skf {
	uint16_t number; /* 1..total */
	uint16_t total;
	struct view body; /* iv, ciphertext, icv; not empty */
};
#define SKF_HDR_LEN 4
/* ST_TRUNCATED: no body; ST_BAD_PAYLOAD: number or total 0, number > total. */
enum status skf_parse(struct view sk, struct skf *out) MUST_USE;

/* First of the type, NULL when there is none. */
const struct payload *payload_find(const struct ike_payloads *p, uint8_t type);
/* The next of its type after `after`. */
const struct payload *payload_find_next(const struct ike_payloads *p, const struct payload *after);
size_t payload_count(const struct ike_payloads *p, uint8_t type);

/* Building. The chain patches the next-payload field of the payload (or header) before; the type
 * of its first payload is left in `first`, for an SK header that is written later. */
struct payload_chain {
	struct wr *w;
	size_t next_at; /* offset in w of the field to patch; PAYLOAD_NO_FIELD: none yet */
	uint8_t first;
};
#define PAYLOAD_NO_FIELD SIZE_MAX
struct payload_chain payload_chain_init(struct wr *w, size_t next_at);
/* Writes a generic header; the body is written to the same wr, then payload_close(). An SK is
 * opened last; its inner type is given to payload_set_next(). */
struct wr_mark payload_open(struct payload_chain *c, uint8_t type) MUST_USE;
void payload_close(struct payload_chain *c, struct wr_mark m);
void payload_set_next(struct payload_chain *c, uint8_t type);
/* A payload whose body is made already. */
void payload_put(struct payload_chain *c, uint8_t type, const void *body, size_t len);

/* Name for logs; "unknown" for types not understood. */
const char *payload_name(uint8_t type);

#endif
