/* An IPv4 packet that a client sends to the DHCP port inside its tunnel, and the answer to it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/dhcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

/* Options lead exactly to their end, and no byte behind it is anything but padding. */
static void walk(const uint8_t *p, size_t len)
{
	size_t at = 240;

	for (; p[at] != 255; at += 2u + p[at + 1])
		MUST(at + 2 < len && p[at + 1] > 0 && at + 2 + p[at + 1] < len);
	for (at++; at < len; at++)
		MUST(p[at] == 0);
}

static void answer(const struct dhcp_inform *in, size_t n, bool with_domain)
{
	static const struct addr dns[] = {{4, {10, 0, 0, 53}}, {6, {0x20}}};
	struct prefix routes[64];
	uint8_t buf[DHCP_PACKET_MAX];
	struct wr w = wr_init(buf, sizeof(buf));
	struct dhcp_answer a = {.server = {4, {10, 0, 0, 1}}, .mask_len = 24, .dns = dns, .n_dns = 2,
		.routes = routes, .n_routes = n, .domain = with_domain ? "a.rather.long.domain.corp.example" : ""};
	struct ip_info ip;

	for (size_t i = 0; i < n; i++)
		routes[i] = (struct prefix){{4, {10, (uint8_t)i}}, (uint8_t)(i % 33)};
	dhcp_build_packet(&w, in, &a);
	MUST(wr_ok(&w));
	MUST(ip_parse(buf, w.len, &ip) == ST_OK && ip.total_len == w.len && ip_checksum(buf, 20) == 0);
	MUST(addr_eq(&ip.dst, &in->ciaddr) && ip.src_port == DHCP_SERVER_PORT && ip.dst_port == DHCP_CLIENT_PORT);
	MUST(w.len - 28 <= in->max_len || w.len - 28 == 300);
	walk(buf + 28, w.len - 28);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dhcp_inform in;

	if (size > DHCP_PACKET_MAX)
		return 0;
	if (dhcp_parse((struct view){data, size}, &in) == ST_OK)
		MUST(in.hlen <= 16 && in.max_len >= DHCP_MESSAGE_MIN && in.max_len <= DHCP_MESSAGE_MAX);
	if (dhcp_open(data, size, &in) == ST_OK)
		answer(&in, size % 65, data[size - 1] & 1);
	return 0;
}
