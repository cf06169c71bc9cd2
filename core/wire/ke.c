#include "core/wire/ke.h"

enum status ke_parse(struct view body, struct ke *out)
{
	struct rd r = rd_init(body.p, body.len);

	out->group = rd_u16(&r);
	rd_skip(&r, 2);
	out->data = rd_rest(&r);
	return rd_ok(&r) && out->data.len ? ST_OK : ST_TRUNCATED;
}

void ke_build(struct wr *w, uint16_t group, const void *data, size_t len)
{
	wr_u16(w, group);
	wr_u16(w, 0);
	wr_bytes(w, data, len);
}

enum status nonce_parse(struct view body, struct view *out)
{
	*out = body;
	return body.len >= NONCE_MIN && body.len <= NONCE_MAX ? ST_OK : ST_BAD_PAYLOAD;
}
