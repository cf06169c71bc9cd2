/* How TLS travels in EAP (RFC 5216 3.1, 2.1.5; RFC 5281 9.1; PEAPv0 the same): type-data is a byte
 * of flags, four of total length when L is set, then bytes of TLS; long messages go in pieces, each
 * acknowledged by an empty packet. Pure; knows nothing of TLS.
 *
 *   flags: L 0x80 length follows | M 0x40 more pieces | S 0x20 start | 0x07 version (TTLS, PEAP) */
#ifndef CORE_EAP_TLS_FRAME_H
#define CORE_EAP_TLS_FRAME_H

#include <stdbool.h>

#include "core/base/rd.h"
#include "core/base/status.h"
#include "core/base/wr.h"

#define TLS_FRAME_L       0x80
#define TLS_FRAME_M       0x40
#define TLS_FRAME_S       0x20
#define TLS_FRAME_VERSION 0x07

#define TLS_MESSAGE_MAX    65536 /* bytes of one message, whatever its pieces say */
#define TLS_FRAME_OVERHEAD 10    /* EAP header and type, flags, length */

struct tls_frame {
	bool has_version; /* the low three bits mean something, and must be 0 (TTLS 0, PEAP 0) */
	size_t piece;     /* bytes of TLS in a packet of ours, > 0 */
	uint8_t *in;      /* the message that is coming */
	size_t in_len;
	size_t in_cap;
	size_t in_total; /* as announced; 0: nothing was */
	bool is_in_progress;
	size_t out_at; /* how much of the outgoing message is on its way */
};

/* fragment_size: bytes of a whole EAP packet of ours, EAP_FRAGMENT_MIN or more. */
void tls_frame_init(struct tls_frame *f, uint16_t fragment_size, bool has_version);
void tls_frame_fini(struct tls_frame *f);

enum tls_frame_event {
	TLS_FRAME_START,   /* the S flag; nothing else is in it */
	TLS_FRAME_ACK,     /* send an empty packet, then comes the next piece */
	TLS_FRAME_NEXT,    /* the peer has our last piece: send the next one */
	TLS_FRAME_MESSAGE, /* *message is whole, perhaps empty; valid until the next call */
	TLS_FRAME_BAD      /* *why: ST_TLS_FRAGMENT, ST_NOMEM, ST_BAD_VERSION */
};

/* One packet's type-data. is_sending: pieces of our message are still waiting, so that nothing but
 * an acknowledgement may come. A length that does not fit what came, a piece that adds nothing, a
 * message above TLS_MESSAGE_MAX, pieces without an announced length: TLS_FRAME_BAD, for good. */
enum tls_frame_event tls_frame_take(struct tls_frame *f, struct view data, bool is_sending,
	struct view *message, enum status *why);

/* Appends to w the next piece of `message`; an empty message is an acknowledgement. True: it was
 * the last. */
bool tls_frame_put(struct tls_frame *f, struct view message, struct wr *w);

#endif
