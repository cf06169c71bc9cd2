#include "modules/radius/frame.h"

#include <string.h>

#include "core/base/mem.h"

#define HEAD 4 /* code, identifier, length */

void frame_init(struct frame *f)
{
	mem_zero(f, sizeof(*f));
}

static void fill(struct frame *f, struct view *in, size_t until)
{
	size_t n = f->len < until ? until - f->len : 0;
	n = n < in->len ? n : in->len;
	if (n == 0)
		return;
	memcpy(f->buf + f->len, in->p, n);
	f->len += n;
	in->p += n;
	in->len -= n;
}

static size_t length_of(const struct frame *f)
{
	struct rd r = rd_init(f->buf, f->len);
	rd_skip(&r, 2);
	return rd_u16(&r);
}

enum status frame_take(struct frame *f, struct view *in, struct view *packet)
{
	if (f->taken) {
		mem_zero(f->buf, f->taken); /* keys were in it */
		f->len = f->taken = 0;
	}
	fill(f, in, HEAD);
	if (f->len < HEAD)
		return ST_PENDING;
	size_t want = length_of(f);
	if (want < RADIUS_HEADER || want > RADIUS_MAX)
		return ST_BAD_LENGTH;
	fill(f, in, want);
	if (f->len < want)
		return ST_PENDING;
	f->taken = want;
	*packet = (struct view){f->buf, want};
	return ST_OK;
}
