#include "core/ike/window.h"

#include <string.h>

#include "core/base/mem.h"

/* ---- the peer's ------------------------------------------------------------------------------ */

static const struct window_kept *find(const struct window_in *w, uint32_t msgid)
{
	const struct window_kept *k = w->kept;

	while (k != NULL && k->msgid != msgid)
		k = k->next;
	return k;
}

/* Those of the messages from first on, count of them. */
static void drop(struct window_in *w, uint32_t first, uint64_t count)
{
	struct window_kept **at = &w->kept, *k;

	while ((k = *at) != NULL) {
		if (k->msgid - first >= count) {
			at = &k->next;
			continue;
		}
		*at = k->next;
		mem_free_secret(k, sizeof(*k) + k->len);
	}
}

static struct window_kept *copy_of(uint32_t msgid, struct view reply)
{
	struct window_kept *k = mem_new(sizeof(*k) + reply.len);

	if (k == NULL)
		return NULL;
	k->msgid = msgid;
	k->len = (uint32_t)reply.len;
	memcpy(k->bytes, reply.p, reply.len);
	return k;
}

static void add(struct window_in *w, struct window_kept *k)
{
	k->next = w->kept;
	w->kept = k;
}

static uint32_t size_in(const struct window_in *w)
{
	return w->size != 0 ? w->size : 1;
}

/* Of a message before next; 0: too far back. */
static uint32_t bit_of(const struct window_in *w, uint32_t msgid)
{
	uint32_t back = w->next - 1 - msgid;

	return msgid < w->next && back < WINDOW_MAX ? 1u << back : 0;
}

/* The lowest one without a reply. */
static uint32_t lowest_open(const struct window_in *w)
{
	uint32_t open = w->missing | w->busy;

	for (uint32_t i = WINDOW_MAX; i > 0; i--)
		if (open & (1u << (i - 1)))
			return w->next - i;
	return w->next;
}

void window_in_forget(struct window_in *w)
{
	drop(w, 0, UINT64_MAX);
}

void window_in_fini(struct window_in *w)
{
	window_in_forget(w);
	*w = (struct window_in){0};
}

enum window_judgement window_in_judge(const struct window_in *w, uint32_t msgid)
{
	uint32_t bit;

	if (msgid >= w->next)
		return msgid == UINT32_MAX || msgid - lowest_open(w) >= size_in(w) ? WIN_OUTSIDE : WIN_NEW;
	bit = bit_of(w, msgid);
	if (w->missing & bit)
		return WIN_NEW;
	if (w->busy & bit)
		return WIN_BUSY;
	return window_in_kept(w, msgid).len > 0 ? WIN_REPEAT : WIN_OUTSIDE;
}

struct view window_in_kept(const struct window_in *w, uint32_t msgid)
{
	const struct window_kept *k = find(w, msgid);

	return k != NULL ? (struct view){k->bytes, k->len} : (struct view){0};
}

/* Up to and with msgid; those between were not seen. */
static void advance(struct window_in *w, uint32_t msgid)
{
	while (w->next <= msgid) {
		w->missing = (w->missing << 1) | 1;
		w->busy <<= 1;
		w->next++;
	}
	/* RFC 7296 2.1: the peer has the replies to these, else it could not go on. */
	if (w->next > size_in(w))
		drop(w, 0, w->next - size_in(w));
	w->missing &= (1u << WINDOW_MAX) - 1;
	w->busy &= (1u << WINDOW_MAX) - 1;
}

void window_in_accept(struct window_in *w, uint32_t msgid)
{
	advance(w, msgid);
	drop(w, msgid, 1);
	w->missing &= ~bit_of(w, msgid);
	w->busy |= bit_of(w, msgid);
}

bool window_in_is_busy(const struct window_in *w, uint32_t msgid)
{
	return (w->busy & bit_of(w, msgid)) != 0;
}

enum status window_in_reply(struct window_in *w, uint32_t msgid, struct view reply)
{
	struct window_kept *copy = copy_of(msgid, reply);

	if (copy == NULL)
		return ST_NOMEM;
	advance(w, msgid);
	drop(w, msgid, 1);
	add(w, copy);
	w->missing &= ~bit_of(w, msgid);
	w->busy &= ~bit_of(w, msgid);
	return ST_OK;
}

enum status window_in_restore(struct window_in *w, uint32_t msgid, struct view reply)
{
	struct window_kept *copy;
	size_t n = 0;

	for (const struct window_kept *k = w->kept; k != NULL; k = k->next)
		n++;
	if (n == WINDOW_MAX || find(w, msgid) != NULL)
		return ST_BAD_PAYLOAD;
	copy = copy_of(msgid, reply);
	if (copy == NULL)
		return ST_NOMEM;
	add(w, copy);
	return ST_OK;
}

void window_in_retract(struct window_in *w, uint32_t msgid)
{
	drop(w, msgid, 1);
	w->busy |= bit_of(w, msgid);
}

void window_in_grow(struct window_in *w, uint32_t size)
{
	if (size > size_in(w))
		w->size = (uint8_t)(size < WINDOW_MAX ? size : WINDOW_MAX);
}

/* ---- ours -------------------------------------------------------------------------------------- */

void window_out_fini(struct window_out *w)
{
	for (size_t i = 0; i < LANES; i++)
		window_out_close(w, i);
	*w = (struct window_out){0};
}

enum window_lane window_lane_of(enum request_kind kind)
{
	switch (kind) {
	case REQ_INIT:
	case REQ_AUTH:
	case REQ_CREATE:
	case REQ_INTERMEDIATE:
	case REQ_FOLLOWUP:
	case REQ_RESUME:
		return LANE_EXCHANGE;
	default:
		return LANE_INFO;
	}
}

bool window_out_is_free(const struct window_out *w, enum request_kind kind)
{
	enum window_lane mine = window_lane_of(kind);
	const struct window_request *other = &w->lane[mine == LANE_INFO ? LANE_EXCHANGE : LANE_INFO];

	if (w->lane[mine].kind != REQ_NONE)
		return false;
	/* RFC 7296 2.3: X waits until all up to X - N are answered. */
	return other->kind == REQ_NONE || w->next - other->msgid < (w->size != 0 ? w->size : 1u);
}

bool window_out_has(const struct window_out *w, enum request_kind kind)
{
	return w->lane[window_lane_of(kind)].kind == kind;
}

bool window_out_is_open(const struct window_out *w)
{
	return w->lane[LANE_EXCHANGE].kind != REQ_NONE || w->lane[LANE_INFO].kind != REQ_NONE;
}

enum status window_out_open(struct window_out *w, enum request_kind kind, struct backoff backoff,
	struct view request)
{
	struct window_request *r = &w->lane[window_lane_of(kind)];
	uint8_t *copy;

	if (!window_out_is_free(w, kind))
		return ST_AGAIN;
	if (w->next == UINT32_MAX)
		return ST_LIMIT;
	copy = mem_dup(request.p, request.len);
	if (copy == NULL)
		return ST_NOMEM;
	*r = (struct window_request){
		.kind = (uint8_t)kind,
		.sent = 1,
		.msgid = w->next++,
		.backoff = backoff,
		.bytes = copy,
		.len = request.len,
	};
	return ST_OK;
}

struct window_request *window_out_find(struct window_out *w, uint32_t msgid)
{
	for (size_t i = 0; i < LANES; i++)
		if (w->lane[i].kind != REQ_NONE && w->lane[i].msgid == msgid)
			return &w->lane[i];
	return NULL;
}

void window_out_grow(struct window_out *w, uint32_t size)
{
	if (size > w->size)
		w->size = (uint8_t)(size < WINDOW_MAX ? size : WINDOW_MAX);
}

void window_out_close(struct window_out *w, enum window_lane lane)
{
	struct window_request *r = &w->lane[lane];

	mem_free_secret(r->bytes, r->len);
	*r = (struct window_request){0};
}

uint32_t window_wait_ms(const struct window_request *r)
{
	uint64_t ms = r->backoff.first_ms;

	for (uint8_t i = 1; i < r->sent && ms < r->backoff.cap_ms; i++)
		ms *= 2;
	return (uint32_t)(ms < r->backoff.cap_ms ? ms : r->backoff.cap_ms);
}

bool window_repeat(struct window_request *r)
{
	if (r->kind == REQ_NONE || r->sent > r->backoff.repeats)
		return false;
	r->sent++;
	return true;
}

void window_alive(struct window_request *r)
{
	if (r->kind != REQ_NONE)
		r->sent = 1;
}
