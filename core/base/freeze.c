#include "core/base/freeze.h"

#include <string.h>

#include "core/base/hash.h"

#define CRC_LEN 4

void fz_begin(struct wr *w, uint16_t kind, uint16_t version)
{
	if (w->len != 0)
		w->bad = true; /* the checksum covers the buffer from its start */
	wr_u16(w, kind);
	wr_u16(w, version);
}

static void head(struct wr *w, uint16_t tag, size_t len)
{
	if (len > UINT32_MAX)
		w->bad = true;
	wr_u16(w, tag);
	wr_u32(w, (uint32_t)len);
}

void fz_u8(struct wr *w, uint16_t tag, uint8_t v)
{
	head(w, tag, 1);
	wr_u8(w, v);
}

void fz_u16(struct wr *w, uint16_t tag, uint16_t v)
{
	head(w, tag, 2);
	wr_u16(w, v);
}

void fz_u32(struct wr *w, uint16_t tag, uint32_t v)
{
	head(w, tag, 4);
	wr_u32(w, v);
}

void fz_u64(struct wr *w, uint16_t tag, uint64_t v)
{
	head(w, tag, 8);
	wr_u64(w, v);
}

void fz_bytes(struct wr *w, uint16_t tag, const void *p, size_t len)
{
	head(w, tag, len);
	wr_bytes(w, p, len);
}

void fz_str(struct wr *w, uint16_t tag, const char *s)
{
	fz_bytes(w, tag, s, strlen(s));
}

static void put_addr(struct wr *w, const struct addr *a)
{
	wr_u8(w, addr_len(a) ? a->family : 0);
	wr_bytes(w, a->b, addr_len(a));
}

void fz_addr(struct wr *w, uint16_t tag, const struct addr *a)
{
	struct wr_mark m = fz_open(w, tag);

	put_addr(w, a);
	fz_close(w, m);
}

void fz_prefix(struct wr *w, uint16_t tag, const struct prefix *p)
{
	struct wr_mark m = fz_open(w, tag);

	wr_u8(w, p->len);
	put_addr(w, &p->addr);
	fz_close(w, m);
}

void fz_endpoint(struct wr *w, uint16_t tag, const struct endpoint *e)
{
	struct wr_mark m = fz_open(w, tag);

	wr_u32(w, e->vrf);
	wr_u16(w, e->port);
	put_addr(w, &e->addr);
	fz_close(w, m);
}

void fz_some_u8(struct wr *w, uint16_t tag, uint8_t v)
{
	if (v)
		fz_u8(w, tag, v);
}

void fz_some_u32(struct wr *w, uint16_t tag, uint32_t v)
{
	if (v)
		fz_u32(w, tag, v);
}

void fz_some_u64(struct wr *w, uint16_t tag, uint64_t v)
{
	if (v)
		fz_u64(w, tag, v);
}

void fz_some_str(struct wr *w, uint16_t tag, const char *s)
{
	if (s[0])
		fz_str(w, tag, s);
}

void fz_some_addr(struct wr *w, uint16_t tag, const struct addr *a)
{
	if (a->family)
		fz_addr(w, tag, a);
}

struct wr_mark fz_open(struct wr *w, uint16_t tag)
{
	wr_u16(w, tag);
	return wr_open32(w, w->len + 4);
}

void fz_close(struct wr *w, struct wr_mark m)
{
	wr_close32(w, m);
}

void fz_end(struct wr *w)
{
	if (wr_ok(w))
		wr_u32(w, crc32c(0, w->buf, w->len));
}

enum status fz_open_record(struct view rec, uint16_t *kind, uint16_t *version, struct rd *fields)
{
	struct rd r = rd_init(rec.p, rec.len);
	struct rd walk;
	struct view body, value;
	uint16_t tag;

	if (rec.len < 4 + CRC_LEN)
		return ST_TRUNCATED;
	body = rd_bytes(&r, rec.len - CRC_LEN);
	if (rd_u32(&r) != crc32c(0, body.p, body.len))
		return ST_BAD_PAYLOAD;
	r = rd_init(body.p, body.len);
	*kind = rd_u16(&r);
	*version = rd_u16(&r);
	walk = r;
	while (fz_next(&walk, &tag, &value))
		continue;
	if (!rd_done(&walk))
		return ST_BAD_PAYLOAD;
	*fields = r;
	return ST_OK;
}

bool fz_next(struct rd *fields, uint16_t *tag, struct view *value)
{
	if (fields->bad || fields->left == 0)
		return false;
	*tag = rd_u16(fields);
	*value = rd_bytes(fields, rd_u32(fields));
	return rd_ok(fields);
}

/* A big-endian number of exactly len bytes. */
static uint64_t number(struct view v, size_t len)
{
	struct rd r = rd_init(v.p, v.len);
	uint64_t n = 0;

	if (v.len != len)
		return 0;
	while (r.left)
		n = (n << 8) | rd_u8(&r);
	return n;
}

uint8_t fz_get_u8(struct view v)
{
	return (uint8_t)number(v, 1);
}

uint16_t fz_get_u16(struct view v)
{
	return (uint16_t)number(v, 2);
}

uint32_t fz_get_u32(struct view v)
{
	return (uint32_t)number(v, 4);
}

uint64_t fz_get_u64(struct view v)
{
	return number(v, 8);
}

/* The address ends its field; one that is not what its family says makes the field bad. */
static struct addr take_addr(struct rd *r)
{
	uint8_t family = rd_u8(r);
	struct view b = rd_rest(r);
	struct addr a = addr_from(b.p, b.len);

	if (a.family == family && (family != 0 || b.len == 0))
		return a;
	r->bad = true;
	return (struct addr){0};
}

struct addr fz_get_addr(struct view v)
{
	struct rd r = rd_init(v.p, v.len);

	return take_addr(&r);
}

struct prefix fz_get_prefix(struct view v)
{
	struct rd r = rd_init(v.p, v.len);
	struct prefix p;

	p.len = rd_u8(&r);
	p.addr = take_addr(&r);
	if (!rd_done(&r) || p.len > addr_len(&p.addr) * 8)
		return (struct prefix){0};
	return p;
}

struct endpoint fz_get_endpoint(struct view v)
{
	struct rd r = rd_init(v.p, v.len);
	struct endpoint e;

	e.vrf = rd_u32(&r);
	e.port = rd_u16(&r);
	e.addr = take_addr(&r);
	return rd_done(&r) ? e : (struct endpoint){0};
}

bool fz_get_str(struct view v, char *out, size_t cap)
{
	size_t n = v.len;
	bool whole = true;

	if (cap == 0)
		return false;
	if (n > cap - 1) {
		n = cap - 1;
		whole = false;
	}
	if (n)
		memcpy(out, v.p, n);
	out[n] = '\0';
	return whole;
}

bool fz_get_bytes(struct view v, void *out, size_t len)
{
	if (v.len != len)
		return false;
	if (len)
		memcpy(out, v.p, len);
	return true;
}
