#include "core/ike/window.h"

#include "core/base/mem.h"

static struct window_kept *slot(const struct window_in *w, uint32_t msgid)
{
	return (struct window_kept *)&w->kept[msgid % WINDOW_IN];
}

static void kept_drop(struct window_kept *k)
{
	mem_free_secret(k->bytes, k->len);
	*k = (struct window_kept){0};
}

void window_in_fini(struct window_in *w)
{
	for (size_t i = 0; i < WINDOW_IN; i++)
		kept_drop(&w->kept[i]);
	*w = (struct window_in){0};
}

enum window_judgement window_in_judge(const struct window_in *w, uint32_t msgid)
{
	if (msgid == w->next)
		return w->busy || msgid == UINT32_MAX ? WIN_OUTSIDE : WIN_NEW;
	if (msgid > w->next || w->next - msgid > WINDOW_IN)
		return WIN_OUTSIDE;
	if (window_in_kept(w, msgid).len > 0)
		return WIN_REPEAT;
	return w->busy ? WIN_BUSY : WIN_OUTSIDE;
}

struct view window_in_kept(const struct window_in *w, uint32_t msgid)
{
	const struct window_kept *k = slot(w, msgid);

	if (k->bytes == NULL || k->msgid != msgid)
		return (struct view){0};
	return (struct view){k->bytes, k->len};
}

void window_in_accept(struct window_in *w, uint32_t msgid)
{
	kept_drop(slot(w, msgid));
	w->next = msgid + 1;
	w->busy = true;
}

enum status window_in_reply(struct window_in *w, uint32_t msgid, struct view reply)
{
	struct window_kept *k = slot(w, msgid);
	uint8_t *copy = mem_dup(reply.p, reply.len);

	if (copy == NULL)
		return ST_NOMEM;
	kept_drop(k);
	*k = (struct window_kept){.msgid = msgid, .bytes = copy, .len = reply.len};
	w->next = msgid + 1;
	w->busy = false;
	return ST_OK;
}

void window_in_retract(struct window_in *w)
{
	kept_drop(slot(w, w->next - 1));
	w->busy = true;
}

void window_out_fini(struct window_out *w)
{
	mem_free_secret(w->bytes, w->len);
	*w = (struct window_out){0};
}

enum status window_out_open(struct window_out *w, enum request_kind kind, struct backoff backoff,
	struct view request)
{
	uint8_t *copy;

	if (w->kind != REQ_NONE)
		return ST_AGAIN;
	if (w->next == UINT32_MAX)
		return ST_LIMIT;
	copy = mem_dup(request.p, request.len);
	if (copy == NULL)
		return ST_NOMEM;
	w->kind = (uint8_t)kind;
	w->sent = 1;
	w->msgid = w->next++;
	w->backoff = backoff;
	w->bytes = copy;
	w->len = request.len;
	return ST_OK;
}

uint32_t window_out_wait_ms(const struct window_out *w)
{
	uint64_t ms = w->backoff.first_ms;

	for (uint8_t i = 1; i < w->sent && ms < w->backoff.cap_ms; i++)
		ms *= 2;
	return (uint32_t)(ms < w->backoff.cap_ms ? ms : w->backoff.cap_ms);
}

bool window_out_repeat(struct window_out *w)
{
	if (w->kind == REQ_NONE || w->sent > w->backoff.repeats)
		return false;
	w->sent++;
	return true;
}

void window_out_alive(struct window_out *w)
{
	if (w->kind != REQ_NONE)
		w->sent = 1;
}

bool window_out_is_open(const struct window_out *w, uint32_t msgid)
{
	return w->kind != REQ_NONE && w->msgid == msgid;
}

void window_out_close(struct window_out *w)
{
	uint32_t next = w->next;

	window_out_fini(w);
	w->next = next;
}
