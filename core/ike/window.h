/* Message IDs and what is kept to answer or repeat messages (RFC 7296 2.1 to 2.3). Pure: no clock, no
 * sending. The peer may have as many requests open as we said by SET_WINDOW_SIZE, in any order; of
 * our own at most two are open, an INFORMATIONAL one beside one of another exchange, and two only
 * where the peer said that it keeps two. */
#ifndef CORE_IKE_WINDOW_H
#define CORE_IKE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/status.h"

#define WINDOW_MAX 20 /* R-GLB-10 */

enum window_judgement {
	WIN_NEW,     /* not seen before */
	WIN_REPEAT,  /* answered before: the kept reply goes out again */
	WIN_BUSY,    /* being worked on: no reply yet */
	WIN_OUTSIDE  /* older than what is kept, or ahead of the window */
};

struct window_kept {
	struct window_kept *next;
	uint32_t msgid;
	uint32_t len;
	uint8_t bytes[];
};

/* The peer's requests. Bit i of the maps is message next - 1 - i. */
struct window_in {
	uint32_t next;     /* the highest message ID seen, and one */
	uint32_t missing;  /* not seen yet; later ones were */
	uint32_t busy;     /* seen, no reply yet */
	uint8_t size;      /* that the peer may have open; 0 is 1 */
	struct window_kept *kept; /* replies, in no order */
	uint64_t new_ms;   /* when the newest one came; the owner's clock */
};

enum request_kind {
	REQ_NONE,
	REQ_INIT,
	REQ_AUTH,
	REQ_DPD,
	REQ_DELETE,
	REQ_DELETE_CHILD,
	REQ_CREATE,
	/* Frozen records have these numbers. */
	REQ_MOBIKE = 7,
	REQ_INTERMEDIATE,
	REQ_FOLLOWUP,
	REQ_TICKET = 20,
	REQ_RESUME,
	REQ_LIFETIME,
	REQ_KINDS
};

/* When a request is repeated: after first_ms, then twice as long each time up to cap_ms. */
struct backoff {
	uint32_t first_ms;
	uint32_t cap_ms;
	uint8_t repeats; /* after the first sending */
};

/* A request of ours. */
struct window_request {
	uint8_t kind;   /* enum request_kind; REQ_NONE: none is open */
	uint8_t sent;   /* how often it was sent */
	bool is_answered; /* it stays open until its answer is worked off, and is not repeated */
	uint32_t msgid;
	struct backoff backoff;
	uint64_t due_ms; /* when it is repeated; the owner's clock */
	uint8_t *bytes;
	size_t len;
};

enum window_lane { LANE_EXCHANGE, LANE_INFO, LANES };

struct window_out {
	uint32_t next;  /* message ID of our next request */
	uint8_t size;   /* that the peer lets us have open; 0 is 1 */
	struct window_request lane[LANES];
};

void window_in_fini(struct window_in *w);
enum window_judgement window_in_judge(const struct window_in *w, uint32_t msgid);
/* The kept reply; empty when there is none. */
struct view window_in_kept(const struct window_in *w, uint32_t msgid);
/* A new request was accepted, its reply comes later. */
void window_in_accept(struct window_in *w, uint32_t msgid);
bool window_in_is_busy(const struct window_in *w, uint32_t msgid);
/* Keeps a copy of the reply, for as long as the window says; it counts as accepted. ST_NOMEM:
 * nothing changed, do not send it (the peer repeats its request). */
enum status window_in_reply(struct window_in *w, uint32_t msgid, struct view reply) MUST_USE;
/* One that was kept before, by a process that died. ST_NOMEM; ST_BAD_PAYLOAD: there are as many already
 * as can be, or one for this message. */
enum status window_in_restore(struct window_in *w, uint32_t msgid, struct view reply) MUST_USE;
/* All that is kept: who asks again after minutes is not answered (RFC 7296 2.1). */
void window_in_forget(struct window_in *w);
/* The reply that was kept for it was not sent: another one will be. */
void window_in_retract(struct window_in *w, uint32_t msgid);
/* The peer may have so many open from now on; it never becomes less. */
void window_in_grow(struct window_in *w, uint32_t size);

void window_out_fini(struct window_out *w);
/* The lane that a request of this kind takes. */
enum window_lane window_lane_of(enum request_kind kind);
/* May a request of this kind be opened? */
bool window_out_is_free(const struct window_out *w, enum request_kind kind);
/* Is one of this kind open? */
bool window_out_has(const struct window_out *w, enum request_kind kind);
/* Is any? */
bool window_out_is_open(const struct window_out *w);
/* Keeps a copy and counts the first sending. ST_AGAIN: its lane is taken or the peer's window is
 * full; ST_LIMIT: message IDs are used up (RFC 7296 2.2: they never wrap); ST_NOMEM. */
enum status window_out_open(struct window_out *w, enum request_kind kind, struct backoff backoff,
	struct view request) MUST_USE;
/* The open request of this message ID; NULL: none. */
struct window_request *window_out_find(struct window_out *w, uint32_t msgid);
/* The peer keeps so many (SET_WINDOW_SIZE); it never becomes less. */
void window_out_grow(struct window_out *w, uint32_t size);
/* The reply came, or nobody waits for it any more. */
void window_out_close(struct window_out *w, enum window_lane lane);

/* How long to wait for the reply to the last sending, in ms. */
uint32_t window_wait_ms(const struct window_request *r);
/* May it be sent again? Counts the sending. */
bool window_repeat(struct window_request *r);
/* The peer lives, only its reply is missing: the count of repeats starts again. */
void window_alive(struct window_request *r);

#endif
