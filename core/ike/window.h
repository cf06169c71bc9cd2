/* Message IDs and what is kept to answer or repeat them (RFC 7296 2.1 to 2.3). Pure: no clock, no
 * sending. We let the peer have IN_WINDOW requests open and have one of our own open. */
#ifndef CORE_IKE_WINDOW_H
#define CORE_IKE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/status.h"

#define WINDOW_IN 1 /* requests that the peer may have open (SET_WINDOW_SIZE is not sent) */

enum window_judgement {
	WIN_NEW,     /* the next request */
	WIN_REPEAT,  /* answered before: the kept reply goes out again */
	WIN_BUSY,    /* being worked on: no reply yet */
	WIN_OUTSIDE  /* older than what is kept, or ahead of the window */
};

struct window_kept {
	uint32_t msgid;
	uint8_t *bytes; /* NULL: no reply yet, or empty slot */
	size_t len;
};

/* The peer's requests. */
struct window_in {
	uint32_t next; /* message ID of the next new request */
	bool busy;     /* the last accepted request has no reply yet */
	struct window_kept kept[WINDOW_IN];
};

enum request_kind {
	REQ_NONE,
	REQ_INIT,
	REQ_AUTH,
	REQ_DPD,
	REQ_DELETE,
	REQ_DELETE_CHILD,
	REQ_CREATE,
	REQ_INTERMEDIATE
};

/* When a request is repeated: after first_ms, then twice as long each time up to cap_ms. */
struct backoff {
	uint32_t first_ms;
	uint32_t cap_ms;
	uint8_t repeats; /* after the first sending */
};

/* Our request. */
struct window_out {
	uint32_t next;  /* message ID of our next request */
	uint8_t kind;   /* enum request_kind of the one that is open, REQ_NONE: none */
	uint8_t sent;   /* how often it was sent */
	uint32_t msgid; /* of the open one */
	struct backoff backoff;
	uint8_t *bytes;
	size_t len;
};

void window_in_fini(struct window_in *w);
enum window_judgement window_in_judge(const struct window_in *w, uint32_t msgid);
/* The kept reply; empty when there is none. */
struct view window_in_kept(const struct window_in *w, uint32_t msgid);
/* A new request was accepted, its reply comes later. */
void window_in_accept(struct window_in *w, uint32_t msgid);
/* Keeps a copy of the reply and opens the window for the next request. ST_NOMEM: nothing changed,
 * do not send it (the peer repeats its request). */
enum status window_in_reply(struct window_in *w, uint32_t msgid, struct view reply) MUST_USE;
/* The reply that was kept last was not sent: another one will be kept for the same request. */
void window_in_retract(struct window_in *w);

void window_out_fini(struct window_out *w);
/* Keeps a copy and counts the first sending. ST_AGAIN: one is open already; ST_LIMIT: message IDs
 * are used up (RFC 7296 2.2: they never wrap); ST_NOMEM. */
enum status window_out_open(struct window_out *w, enum request_kind kind, struct backoff backoff,
	struct view request) MUST_USE;
/* How long to wait for the reply to the last sending, in ms. */
uint32_t window_out_wait_ms(const struct window_out *w);
/* May it be sent again? Counts the sending. */
bool window_out_repeat(struct window_out *w);
/* The peer lives, only its reply is missing: the count of repeats starts again. */
void window_out_alive(struct window_out *w);
bool window_out_is_open(const struct window_out *w, uint32_t msgid);
/* The reply came, or nobody waits for it any more. */
void window_out_close(struct window_out *w);

#endif
