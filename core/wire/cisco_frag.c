#include "core/wire/cisco_frag.h"

#include "core/wire/payload.h"

#define FRAG_HDR_LEN (PAYLOAD_HDR_LEN + 4)
#define FLAG_LAST 1

enum status cisco_frag_parse(struct view msg, struct cisco_frag *out)
{
	struct rd r = rd_init(msg.p, msg.len);
	uint8_t next;
	uint16_t len;

	rd_skip(&r, IKE_HDR_LEN);
	next = rd_u8(&r);
	rd_skip(&r, 1);
	len = rd_u16(&r);
	out->id = rd_u16(&r);
	out->number = rd_u8(&r);
	out->is_last = rd_u8(&r) & FLAG_LAST;
	if (!rd_ok(&r))
		return ST_TRUNCATED;
	if (len < FRAG_HDR_LEN)
		return ST_BAD_LENGTH;
	out->piece = rd_bytes(&r, (size_t)len - FRAG_HDR_LEN);
	if (!rd_ok(&r))
		return ST_TRUNCATED;
	if (!rd_done(&r))
		return ST_TRAILING;
	return next == PT_NONE && out->number != 0 && out->piece.len != 0 ? ST_OK : ST_BAD_FRAGMENT;
}
