/* Building and opening of messages: header, payload chain, Encrypted payload. */
#ifndef CORE_IKE_MSG_H
#define CORE_IKE_MSG_H

#include "core/base/wr.h"
#include "core/wire/notify_types.h"
#include "core/wire/payload.h"

struct ike;
struct ike_sa;

/* A message that was read. Plain messages (INIT): inner is the outer chain. */
struct msg_in {
	struct ike_hdr hdr;
	struct view raw;
	const struct endpoint *local;
	const struct endpoint *remote;
	struct ike_payloads p;    /* what the exchange is about */
	struct view plain;        /* of a protected one: the payloads as they were encrypted */
	uint8_t first;            /* type of the first of them */
};

/* A message being written: payloads go to c (payload_open or payload_put). */
struct msg_out {
	struct wr w;
	struct payload_chain c;
	struct ike *ike;
	struct ike_sa *sa;        /* NULL: plain */
	struct wr_mark length;    /* plain */
	struct wr_mark sk;
	size_t sk_at;
	size_t iv_at;
};

/* Decrypts and parses the payloads of m into out->p, views of buf (engine's). ST_NOT_AUTHENTIC,
 * ST_TRUNCATED: not from the peer, drop. ST_BAD_EXCHANGE: no SK payload. Else authentic:
 * ST_BAD_LENGTH, ST_BAD_PAYLOAD...: malformed; ST_CRITICAL. */
enum status msg_open(struct ike_sa *sa, const struct ike_message *m, struct view raw,
	struct msg_in *out, bool *is_authentic) MUST_USE;

/* In the engine's own buffer: one message at a time. */
void msg_start_plain(struct msg_out *o, struct ike *ike, const struct ike_hdr *hdr);
/* hdr of an SA's message: the flags and SPIs are filled in. */
void msg_start(struct msg_out *o, struct ike_sa *sa, uint8_t exchange, bool is_response,
	uint32_t msgid);
/* Closes lengths, encrypts. Where the SA does RFC 7383 and the datagram would be longer than its
 * MTU, *msg is all its fragments, one after the other (frag_next). *msg is valid until the next
 * msg_start. ST_TRUNCATED: too long; ST_FRAGMENT_LIMIT: too long for such an MTU. */
enum status msg_end(struct msg_out *o, struct view *msg) MUST_USE;

/* The payloads written so far, before msg_end() encrypts them. */
struct view msg_plain(const struct msg_out *o);

void msg_put_ke(struct msg_out *o, uint16_t group, struct view public_key);
/* SET_WINDOW_SIZE where it says more than one (RFC 7296 2.3). */
void msg_put_window(struct msg_out *o, uint32_t size);
/* The peer's; 1 when it says nothing. */
uint32_t msg_window(const struct ike_payloads *p);
/* Payload NOTIFY about an ESP SA. */
void msg_notify_child(struct msg_out *o, uint16_t type, uint32_t spi);

struct notify;
/* The first notify of a type; the first that is an error. False: there is none. */
bool msg_find_notify(const struct ike_payloads *p, uint16_t type, struct notify *out);
bool msg_error(const struct ike_payloads *p, struct notify *out);

/* Payload NOTIFY without SPI. */
void msg_notify(struct msg_out *o, uint16_t type, const void *data, size_t len);

#endif
