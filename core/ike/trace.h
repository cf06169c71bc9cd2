/* What an operator may watch while it happens (R-LOG-06): the engine hands facts to its `trace` port,
 * trace_text() makes words of them. A topic that nobody watches costs one comparison a place.
 *
 * No key, shared secret, cookie, nonce, AUTH value or ticket is ever among the words: of those only
 * the length is said. Bytes of a peer are escaped. */
#ifndef CORE_IKE_TRACE_H
#define CORE_IKE_TRACE_H

#include "core/ike/msg.h"
#include "core/ike/questions.h"

struct exchange;
struct ike_event;

/* What may be watched, as bits. */
#define TRACE_ERROR 1u    /* what was dropped, refused, or came to a bad end, and why */
#define TRACE_PACKET 2u   /* every message, both ways, with its payloads in words */
#define TRACE_INTERNAL 4u /* what happens to each SA, and the state it enters */
#define TRACE_ALL 7u

enum trace_kind {
	TRACE_IN,       /* hdr, p: outer payloads; len */
	TRACE_OPENED,   /* hdr, p: what its SK payload held */
	TRACE_BUILT,    /* hdr, p: what is about to be sealed and sent */
	TRACE_OUT,      /* hdr, len */
	TRACE_STATE,    /* what, from, to */
	TRACE_IGNORED,  /* what, from: no row of the table */
	TRACE_DROPPED,  /* status: of a message */
	TRACE_FAILED,   /* status, detail: of an SA, an exchange, or before there was one */
	TRACE_GONE      /* the SA; nothing more comes with its number. No words */
};

/* All pointers are good during the call only. */
struct ike_trace {
	enum trace_kind kind;
	uint64_t sa; /* engine's number; 0: there is none */
	struct endpoint local;
	struct endpoint remote;
	const struct ike_id *peer_id; /* type 0 or NULL: not known yet; else as in struct ike_event */
	const struct ike_hdr *hdr;
	const struct ike_payloads *p;
	size_t len; /* of the datagram */
	enum status status;
	const char *what;
	const char *from;
	const char *to;
	const char *detail; /* "" when the words of the status suffice */
};

/* The topic that a kind belongs to; 0: none (TRACE_GONE). */
unsigned trace_topic(enum trace_kind kind);

#define TRACE_LINE 512 /* longest line, with its NUL */
/* One line of text, terminated, without newline: printable ASCII. */
typedef void trace_line(void *ctx, const char *line);
/* The words; at most some hundred lines. Pure. */
void trace_text(const struct ike_trace *t, trace_line *line, void *ctx);

/* ---- where things happen (private to core/ike) ------------------------------------------------ */

/* A datagram, parsed with this status. */
void trace_in(struct ike *ike, const struct msg_in *m, enum status st);
void trace_opened(struct ike_sa *sa, const struct msg_in *m, enum status st);
/* Before msg_end seals it. */
void trace_built(struct ike *ike, const struct msg_out *o);
void trace_out(struct ike *ike, struct ike_sa *sa, const struct endpoint *local,
	const struct endpoint *remote, struct view msg);
/* Counts the status, and says so. sa may be NULL. */
void trace_drop(struct ike *ike, struct ike_sa *sa, const struct msg_in *m, enum status st);
void trace_state(struct ike_sa *sa, const char *what, const char *from, const char *to);
void trace_ignored(struct ike_sa *sa, const char *what);
/* event: enum x_event_kind; from, to: enum x_state. */
void trace_exchange(const struct exchange *x, unsigned event, unsigned from, unsigned to);
/* Something about it was not as it should be; it goes on. */
void trace_failed(struct ike_sa *sa, enum status st);
/* What the world is told about; that something ended as somebody wanted is no error. */
void trace_event(struct ike *ike, const struct ike_event *ev);
void trace_gone(struct ike_sa *sa);

#endif
