#include "core/eap/tls_frame.h"

#include "core/base/mem.h"

void tls_frame_init(struct tls_frame *f, uint16_t fragment_size, bool has_version)
{
	*f = (struct tls_frame){.has_version = has_version,
		.piece = fragment_size > TLS_FRAME_OVERHEAD
				 ? (size_t)fragment_size - TLS_FRAME_OVERHEAD
				 : 1};
}

void tls_frame_fini(struct tls_frame *f)
{
	mem_free_secret(f->in, f->in_cap);
	f->in = NULL;
	f->in_cap = 0;
}

/* --- in ------------------------------------------------------------------------------------------
 */

struct piece {
	uint8_t flags;
	uint32_t total; /* 0 without L */
	struct view tls;
};

static enum status piece_parse(struct view data, struct piece *out)
{
	struct rd r = rd_init(data.p, data.len);

	out->flags = rd_u8(&r);
	out->total = out->flags & TLS_FRAME_L ? rd_u32(&r) : 0;
	out->tls = rd_rest(&r);
	return rd_done(&r) ? ST_OK : ST_TLS_FRAGMENT;
}

/* Whether the piece fits what was announced before and what came. */
static enum status piece_judge(const struct tls_frame *f, const struct piece *p)
{
	bool has_more = p->flags & TLS_FRAME_M;
	size_t total = f->is_in_progress ? f->in_total : p->total;

	if (f->has_version && (p->flags & TLS_FRAME_VERSION))
		return ST_BAD_VERSION;
	if (p->tls.len > TLS_MESSAGE_MAX - f->in_len || total > TLS_MESSAGE_MAX)
		return ST_TLS_FRAGMENT;
	if (f->is_in_progress && (p->flags & TLS_FRAME_L) && p->total != f->in_total)
		return ST_TLS_FRAGMENT;
	if (has_more) /* RFC 5216 3.1: the first piece of several announces the length */
		return p->tls.len > 0 && f->in_len + p->tls.len < total ? ST_OK : ST_TLS_FRAGMENT;
	if (!f->is_in_progress && !(p->flags & TLS_FRAME_L))
		return ST_OK;
	return f->in_len + p->tls.len == total ? ST_OK : ST_TLS_FRAGMENT;
}

/* The buffer grows with what came, never with what was announced. */
static enum status keep(struct tls_frame *f, struct view tls)
{
	if (tls.len > f->in_cap - f->in_len) {
		size_t cap = f->in_cap ? f->in_cap : 1024;
		uint8_t *p;

		while (cap < f->in_len + tls.len)
			cap *= 2;
		p = mem_grow(f->in, f->in_cap, cap);
		if (p == NULL)
			return ST_NOMEM;
		f->in = p;
		f->in_cap = cap;
	}
	if (tls.len > 0)
		memcpy(f->in + f->in_len, tls.p, tls.len);
	f->in_len += tls.len;
	return ST_OK;
}

static enum tls_frame_event assemble(
	struct tls_frame *f, const struct piece *p, struct view *message, enum status *why)
{
	if (!f->is_in_progress)
		f->in_total = p->total;
	*why = keep(f, p->tls);
	if (*why != ST_OK)
		return TLS_FRAME_BAD;
	f->is_in_progress = p->flags & TLS_FRAME_M;
	if (f->is_in_progress)
		return TLS_FRAME_ACK;
	*message = (struct view){f->in, f->in_len};
	f->in_len = 0;
	f->in_total = 0;
	return TLS_FRAME_MESSAGE;
}

enum tls_frame_event tls_frame_take(struct tls_frame *f, struct view data, bool is_sending,
	struct view *message, enum status *why)
{
	struct piece p;

	*message = (struct view){0};
	*why = piece_parse(data, &p);
	if (*why == ST_OK)
		*why = piece_judge(f, &p);
	if (*why != ST_OK)
		return TLS_FRAME_BAD;
	*why = ST_TLS_FRAGMENT;
	if (p.flags & TLS_FRAME_S)
		return p.tls.len == 0 && !f->is_in_progress && !is_sending ? TLS_FRAME_START
									   : TLS_FRAME_BAD;
	if (is_sending)
		return p.tls.len == 0 && !(p.flags & TLS_FRAME_M) ? TLS_FRAME_NEXT : TLS_FRAME_BAD;
	return assemble(f, &p, message, why);
}

/* --- out -----------------------------------------------------------------------------------------
 */

bool tls_frame_put(struct tls_frame *f, struct view message, struct wr *w)
{
	bool is_first = f->out_at == 0;
	size_t left = message.len > f->out_at ? message.len - f->out_at : 0;
	size_t n = left < f->piece ? left : f->piece;
	bool has_more = n < left;

	wr_u8(w,
		(uint8_t)((has_more ? TLS_FRAME_M : 0) | (has_more && is_first ? TLS_FRAME_L : 0)));
	if (has_more && is_first)
		wr_u32(w, (uint32_t)message.len);
	if (n > 0)
		wr_bytes(w, message.p + f->out_at, n);
	f->out_at = has_more ? f->out_at + n : 0;
	return !has_more;
}
