#include "core/wire/auth.h"

enum status auth_parse(struct view body, struct auth *out)
{
	struct rd r = rd_init(body.p, body.len);

	out->method = rd_u8(&r);
	rd_skip(&r, 3);
	out->data = rd_rest(&r);
	if (!rd_ok(&r))
		return ST_TRUNCATED;
	return out->data.len ? ST_OK : ST_BAD_PAYLOAD;
}

void auth_build(struct wr *w, uint8_t method, const void *data, size_t len)
{
	wr_u8(w, method);
	wr_zeros(w, 3);
	wr_bytes(w, data, len);
}

const char *auth_method_name(uint8_t method)
{
	switch (method) {
#define X(name, number, words) \
	case number: return words;
		AUTHM_LIST(X)
#undef X
	case AUTHM_EAP_SHOWN: return "EAP";
	default: return "unknown";
	}
}
