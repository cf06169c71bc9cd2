#include "core/esp/pieces.h"

#include <string.h>

#include "core/base/be.h"
#include "core/base/wr.h"

#define V4_LEN 20
#define V4_AT_LEN 2
#define V4_AT_ID 4
#define V4_AT_OFFSET 6
#define V4_AT_CHECK 10
#define V4_MF 0x2000
#define V4_OFFSET 0x1fff
#define OPT_END 0
#define OPT_NOP 1
#define OPT_COPIED 0x80

/* The options that every fragment has (RFC 791 section 3.1, the copied flag), filled up with zeros to
 * whole words. What is behind a malformed one is no option. */
static void later_head(struct pieces *f)
{
	struct wr w = wr_init(f->later, sizeof(f->later));
	struct rd r = rd_init(f->head.p, f->head.len);
	struct view fixed = rd_bytes(&r, V4_LEN);

	wr_bytes(&w, fixed.p, fixed.len);
	while (r.left) {
		const uint8_t *from = r.p;
		uint8_t kind = rd_u8(&r), len;

		if (kind == OPT_NOP)
			continue;
		len = rd_u8(&r);
		if (kind == OPT_END || len < 2)
			break;
		rd_skip(&r, len - 2u);
		if (!rd_ok(&r))
			break;
		if (kind & OPT_COPIED)
			wr_bytes(&w, from, len);
	}
	wr_zeros(&w, (4 - w.len % 4) % 4);
	wr_put_u8(&w, 0, (uint8_t)(0x40 | w.len / 4));
	f->later_len = (uint8_t)w.len;
}

/* As few pieces as fit, then all of one size. */
static uint32_t unit_of(uint32_t payload, uint32_t most)
{
	uint32_t n = (payload + most - 1) / most;

	return ((payload + n - 1) / n + 7) & ~7u;
}

enum status pieces_init(struct pieces *f, const uint8_t *packet, const struct ip_info *ip, uint32_t room,
		      uint16_t id)
{
	uint16_t field;

	*f = (struct pieces){0};
	if (ip->version != 4 || ip->header_len > PIECES_HEAD_MAX || ip->total_len <= ip->header_len)
		return ST_ESP_MALFORMED;
	if (room < ip->header_len + 8)
		return ST_ESP_TOO_BIG;
	f->head = (struct view){packet, ip->header_len};
	f->left = (struct view){packet + ip->header_len, ip->total_len - ip->header_len};
	field = be16(packet + V4_AT_OFFSET);
	f->offset = field & V4_OFFSET;
	f->is_open = field & V4_MF;
	f->id = ip->dont_fragment && !ip->is_fragment ? id : be16(packet + V4_AT_ID);
	/* The end of the whole would lie beyond any packet (RFC 791); a piece of it is never sent. */
	if ((size_t)f->offset * 8 + f->left.len > UINT16_MAX)
		return ST_ESP_MALFORMED;
	f->unit = unit_of((uint32_t)f->left.len, (room - ip->header_len) & ~7u);
	later_head(f);
	return ST_OK;
}

size_t pieces_next(struct pieces *f, uint8_t *out, size_t cap)
{
	struct wr w = wr_init(out, cap);
	bool is_first = f->left.p == f->head.p + f->head.len;
	bool is_last = f->left.len <= f->unit;
	size_t take = is_last ? f->left.len : f->unit;

	if (take == 0)
		return 0;
	if (is_first)
		wr_bytes(&w, f->head.p, f->head.len);
	else
		wr_bytes(&w, f->later, f->later_len);
	wr_put_u16(&w, V4_AT_LEN, (uint16_t)(w.len + take));
	wr_put_u16(&w, V4_AT_ID, f->id);
	wr_put_u16(&w, V4_AT_OFFSET, (uint16_t)(f->offset | (is_last && !f->is_open ? 0 : V4_MF)));
	wr_put_u16(&w, V4_AT_CHECK, 0);
	if (wr_ok(&w))
		wr_put_u16(&w, V4_AT_CHECK, ip_checksum(w.buf, w.len));
	wr_bytes(&w, f->left.p, take);
	if (!wr_ok(&w))
		return 0;
	f->left.p += take;
	f->left.len -= take;
	f->offset = (uint16_t)(f->offset + take / 8);
	return w.len;
}
