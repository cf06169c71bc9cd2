/* The one builder. Writes big-endian fields into a caller's buffer; an overflow is sticky and the
 * length then means nothing: check wr_ok() once at the end. Lengths close themselves:
 *     size_t m = wr_open16(w, from);  ... ;  wr_close16(w, m);
 * where the 16-bit field written counts from offset `from` to the close. */
#ifndef CORE_BASE_WR_H
#define CORE_BASE_WR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct wr {
	uint8_t *buf;
	size_t cap;
	size_t len;
	bool bad;
};

static inline struct wr wr_init(void *buf, size_t cap)
{
	return (struct wr){.buf = buf, .cap = cap, .len = 0, .bad = false};
}

static inline bool wr_ok(const struct wr *w)
{
	return !w->bad;
}

/* Room for n bytes, to be filled by the caller; NULL (and bad) when there is none. */
static inline uint8_t *wr_room(struct wr *w, size_t n)
{
	if (w->bad || n > w->cap - w->len) {
		w->bad = true;
		return NULL;
	}
	uint8_t *p = w->buf + w->len;
	w->len += n;
	return p;
}

static inline void wr_u8(struct wr *w, uint8_t v)
{
	uint8_t *p = wr_room(w, 1);
	if (p)
		p[0] = v;
}

static inline void wr_u16(struct wr *w, uint16_t v)
{
	uint8_t *p = wr_room(w, 2);
	if (p) {
		p[0] = (uint8_t)(v >> 8);
		p[1] = (uint8_t)v;
	}
}

static inline void wr_u32(struct wr *w, uint32_t v)
{
	wr_u16(w, (uint16_t)(v >> 16));
	wr_u16(w, (uint16_t)v);
}

static inline void wr_u64(struct wr *w, uint64_t v)
{
	wr_u32(w, (uint32_t)(v >> 32));
	wr_u32(w, (uint32_t)v);
}

static inline void wr_bytes(struct wr *w, const void *p, size_t n)
{
	uint8_t *d = wr_room(w, n);
	if (d && n)
		memcpy(d, p, n);
}

static inline void wr_zeros(struct wr *w, size_t n)
{
	uint8_t *d = wr_room(w, n);
	if (d && n)
		memset(d, 0, n);
}

/* Overwrite bytes already written; outside what was written: bad. */
static inline void wr_put_u8(struct wr *w, size_t at, uint8_t v)
{
	if (w->bad || at >= w->len) {
		w->bad = true;
		return;
	}
	w->buf[at] = v;
}

static inline void wr_put_u16(struct wr *w, size_t at, uint16_t v)
{
	wr_put_u8(w, at, (uint8_t)(v >> 8));
	wr_put_u8(w, at + 1, (uint8_t)v);
}

static inline void wr_put_u32(struct wr *w, size_t at, uint32_t v)
{
	wr_put_u16(w, at, (uint16_t)(v >> 16));
	wr_put_u16(w, at + 2, (uint16_t)v);
}

/* An open length: where its field stands and from where it counts. */
struct wr_mark {
	size_t at;
	size_t from;
};

static inline struct wr_mark wr_open16(struct wr *w, size_t from)
{
	struct wr_mark m = {w->len, from};
	wr_u16(w, 0);
	return m;
}

static inline void wr_close16(struct wr *w, struct wr_mark m)
{
	size_t n = w->len - m.from;
	if (n > 0xffff)
		w->bad = true;
	wr_put_u16(w, m.at, (uint16_t)n);
}

static inline struct wr_mark wr_open32(struct wr *w, size_t from)
{
	struct wr_mark m = {w->len, from};
	wr_u32(w, 0);
	return m;
}

static inline void wr_close32(struct wr *w, struct wr_mark m)
{
	size_t n = w->len - m.from;
	if (n > 0xffffffffu)
		w->bad = true;
	wr_put_u32(w, m.at, (uint32_t)n);
}

#endif
