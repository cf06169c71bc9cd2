/* The one cursor. Reads big-endian fields from a view; past the end it returns 0 and stays bad.
 * Never allocates, never copies except where asked; results of rd_bytes/rd_sub are views. */
#ifndef CORE_BASE_RD_H
#define CORE_BASE_RD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rd {
	const uint8_t *p; /* next byte */
	size_t left;
	bool bad;         /* sticky: a read went past the end */
};

/* A view of bytes owned by somebody else (usually the datagram). */
struct view {
	const uint8_t *p;
	size_t len;
};

static inline struct rd rd_init(const void *p, size_t len)
{
	return (struct rd){.p = p, .left = len, .bad = false};
}

static inline bool rd_need(struct rd *r, size_t n)
{
	if (r->bad || n > r->left) {
		r->bad = true;
		r->left = 0;
		return false;
	}
	return true;
}

static inline uint8_t rd_u8(struct rd *r)
{
	if (!rd_need(r, 1))
		return 0;
	r->left--;
	return *r->p++;
}

static inline uint16_t rd_u16(struct rd *r)
{
	if (!rd_need(r, 2))
		return 0;
	uint16_t v = (uint16_t)((r->p[0] << 8) | r->p[1]);
	r->p += 2;
	r->left -= 2;
	return v;
}

static inline uint32_t rd_u32(struct rd *r)
{
	uint32_t hi = rd_u16(r);
	return (hi << 16) | rd_u16(r);
}

static inline uint64_t rd_u64(struct rd *r)
{
	uint64_t hi = rd_u32(r);
	return (hi << 32) | rd_u32(r);
}

/* n bytes as a view; NULL/0 view when they are not there. */
static inline struct view rd_bytes(struct rd *r, size_t n)
{
	if (!rd_need(r, n))
		return (struct view){0};
	struct view v = {r->p, n};
	r->p += n;
	r->left -= n;
	return v;
}

/* A cursor over the next n bytes; bad when they are not there. */
static inline struct rd rd_sub(struct rd *r, size_t n)
{
	struct view v = rd_bytes(r, n);
	return (struct rd){.p = v.p, .left = v.len, .bad = r->bad};
}

/* All that is left, as a view. */
static inline struct view rd_rest(struct rd *r)
{
	return rd_bytes(r, r->left);
}

static inline void rd_skip(struct rd *r, size_t n)
{
	(void)rd_bytes(r, n);
}

/* True when everything was read and nothing was missing. */
static inline bool rd_done(const struct rd *r)
{
	return !r->bad && r->left == 0;
}

static inline bool rd_ok(const struct rd *r)
{
	return !r->bad;
}

#endif
