#include "core/wire/gateway.h"

#include <stdio.h>
#include <string.h>

enum { GW_IPV4 = 1, GW_IPV6 = 2, GW_FQDN = 3 };

static bool is_host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '-' || c == '_';
}

bool gateway_name_is_valid(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_host_char(name[i]))
			return false;
	return len > 0 && len < GATEWAY_NAME;
}

enum status gateway_parse(struct view data, struct gateway *out, struct view *nonce)
{
	struct rd r = rd_init(data.p, data.len);
	uint8_t type = rd_u8(&r);
	struct view id = rd_bytes(&r, rd_u8(&r));

	*out = (struct gateway){0};
	*nonce = rd_rest(&r);
	if (!rd_ok(&r))
		return ST_TRUNCATED;
	if (type == GW_FQDN) {
		if (!gateway_name_is_valid((const char *)id.p, id.len))
			return ST_BAD_PAYLOAD;
		memcpy(out->name, id.p, id.len);
		return ST_OK;
	}
	if (id.len != (type == GW_IPV4 ? 4u : type == GW_IPV6 ? 16u : 0u) || id.len == 0)
		return ST_BAD_PAYLOAD;
	out->addr = addr_from(id.p, id.len);
	return ST_OK;
}

void gateway_build(struct wr *w, const struct gateway *g, struct view nonce)
{
	size_t len = addr_len(&g->addr);

	if (len > 0) {
		wr_u8(w, len == 4 ? GW_IPV4 : GW_IPV6);
		wr_u8(w, (uint8_t)len);
		wr_bytes(w, g->addr.b, len);
	} else {
		len = strnlen(g->name, GATEWAY_NAME - 1);
		wr_u8(w, GW_FQDN);
		wr_u8(w, (uint8_t)len);
		wr_bytes(w, g->name, len);
	}
	wr_bytes(w, nonce.p, nonce.len);
}

bool gateway_is_none(const struct gateway *g)
{
	return g->addr.family == 0 && g->name[0] == '\0';
}

char *gateway_format(const struct gateway *g, char buf[GATEWAY_TEXT])
{
	_Static_assert(GATEWAY_TEXT >= ADDR_TEXT, "an address fits");

	if (g->addr.family != 0)
		return addr_format(&g->addr, buf);
	snprintf(buf, GATEWAY_TEXT, "%s", g->name);
	return buf;
}
