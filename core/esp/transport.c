#include "core/esp/transport.h"

#include "core/wire/ip_build.h"

#define V4_LEN 20
#define V6_LEN 40
#define V6_NEXT_AT 6

/* The protocol that the base header names: extension headers behind it are payload. */
static uint8_t next_of(struct span packet)
{
	struct rd r = rd_init(packet.p, packet.len);

	rd_skip(&r, V6_NEXT_AT);
	return rd_u8(&r);
}

size_t transport_head_len(const struct esp_sa *sa)
{
	return sa->local.addr.family == 4 ? V4_LEN : V6_LEN;
}

enum status transport_strip(const struct esp_sa *sa, struct span packet, struct span *payload,
			    uint8_t *next_header)
{
	struct ip_info ip;
	uint8_t next;
	size_t head = transport_head_len(sa);
	enum status st = ip_parse(packet.p, packet.len, &ip);

	if (!st && ip.version != sa->local.addr.family)
		st = ST_ESP_MALFORMED;
	if (st)
		return st;
	if (ip.is_fragment)
		return ST_ESP_TOO_BIG;
	next = ip.version == 4 ? ip.proto : next_of(packet);
	if (ip.proto == IPP_ESP || (ip.version == 4 && ip.header_len != V4_LEN) ||
	    (ip.version == 6 && (next == IPP_HOPOPTS || next == IPP_ROUTING)))
		return ST_OUT_SELECTOR;
	*payload = (struct span){packet.p + head, packet.len - head};
	*next_header = next;
	return ST_OK;
}

enum status transport_wrap(const struct esp_sa *sa, uint8_t next_header, struct span payload,
			   struct span *packet, struct ip_info *ip)
{
	struct ip_head h = {
		.src = sa->remote.addr,
		.dst = sa->local.addr,
		.proto = next_header,
		.dont_fragment = true, /* it is whole */
	};
	size_t head = transport_head_len(sa);
	struct wr w = wr_init(payload.p - head, head);

	ip_build_head(&w, &h, payload.len);
	if (!wr_ok(&w))
		return ST_ESP_MALFORMED;
	*packet = (struct span){w.buf, head + payload.len};
	return ip_parse(packet->p, packet->len, ip);
}
