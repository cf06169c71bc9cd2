#include "core/wire/ip.h"

#include <string.h>

#include "core/base/be.h"

#define V4_LEN 20
#define V6_LEN 40
#define V4_DF 0x4000
#define V4_MF 0x2000
#define V4_OFFSET 0x1fff
#define V6_OFFSET 0xfff8
#define V6_MORE 0x0001
#define V6_EXTENSIONS_MAX 8
#define PROTO_DCCP 33
#define PROTO_UDPLITE 136

/* What addr_from() does, for bytes whose number is known: this is done for every packet. */
static void put_addr(struct addr *a, uint8_t family, const uint8_t *p)
{
	a->family = family;
	memcpy(a->b, p, family == 4 ? 4 : 16);
}

/* Ports as selectors see them. An upper header that is cut off shows none. */
static void take_ports(struct rd upper, struct ip_info *out)
{
	struct view h = rd_bytes(&upper, 4);

	if (!rd_ok(&upper) || out->is_later_fragment)
		return;
	switch (out->proto) {
	case IPP_TCP:
	case IPP_UDP:
	case IPP_SCTP:
	case PROTO_DCCP:
	case PROTO_UDPLITE:
		out->src_port = be16(h.p);
		out->dst_port = be16(h.p + 2);
		break;
	case IPP_ICMP:
	case IPP_ICMPV6:
		out->src_port = out->dst_port = be16(h.p);
		break;
	case IPP_MOBILITY:
		out->src_port = out->dst_port = (uint16_t)(h.p[2] << 8);
		break;
	default:
		return;
	}
	out->has_ports = true;
}

static enum status parse_v4(const uint8_t *p, size_t len, struct ip_info *out)
{
	struct rd r = rd_init(p, len);
	struct view h = rd_bytes(&r, V4_LEN);
	uint16_t fragment;

	if (!rd_ok(&r))
		return ST_ESP_MALFORMED;
	out->header_len = (h.p[0] & 0x0fu) * 4;
	out->total_len = be16(h.p + 2);
	if (out->header_len < V4_LEN || out->total_len < out->header_len || out->total_len > len)
		return ST_ESP_MALFORMED;
	fragment = be16(h.p + 6);
	out->tos = h.p[1];
	out->ttl = h.p[8];
	out->proto = h.p[9];
	out->dont_fragment = fragment & V4_DF;
	out->is_later_fragment = fragment & V4_OFFSET;
	out->is_fragment = fragment & (V4_OFFSET | V4_MF);
	put_addr(&out->src, 4, h.p + 12);
	put_addr(&out->dst, 4, h.p + 16);
	r = rd_init(p, out->total_len);
	rd_skip(&r, out->header_len);
	take_ports(r, out);
	return ST_OK;
}

/* Takes the extension header `proto`, sets proto to the one behind it. */
static void take_extension(struct rd *r, struct ip_info *out)
{
	struct view h = rd_bytes(r, 8);

	if (!rd_ok(r))
		return;
	switch (out->proto) {
	case IPP_FRAGMENT:
		/* neither bit: an atomic fragment, which is whole (RFC 6946) */
		out->is_fragment = be16(h.p + 2) & (V6_OFFSET | V6_MORE);
		out->is_later_fragment = be16(h.p + 2) & V6_OFFSET;
		break;
	case IPP_AH: /* units of 4 bytes, the first 8 not counted (RFC 4302 section 2.2) */
		rd_skip(r, (size_t)h.p[1] * 4);
		break;
	default:
		rd_skip(r, (size_t)h.p[1] * 8);
		break;
	}
	out->proto = h.p[0];
}

static bool is_extension(uint8_t proto)
{
	switch (proto) {
	case IPP_HOPOPTS:
	case IPP_ROUTING:
	case IPP_FRAGMENT:
	case IPP_DSTOPTS:
	case IPP_AH: return true;
	default: return false;
	}
}

static enum status parse_v6(const uint8_t *p, size_t len, struct ip_info *out)
{
	struct rd r = rd_init(p, len);
	struct view h = rd_bytes(&r, V6_LEN);

	if (!rd_ok(&r))
		return ST_ESP_MALFORMED;
	out->total_len = V6_LEN + (uint32_t)be16(h.p + 4);
	r = rd_sub(&r, be16(h.p + 4));
	out->tos = (uint8_t)(h.p[0] << 4 | h.p[1] >> 4);
	out->proto = h.p[6];
	out->ttl = h.p[7];
	out->dont_fragment = true;
	put_addr(&out->src, 6, h.p + 8);
	put_addr(&out->dst, 6, h.p + 24);
	for (int i = 0; is_extension(out->proto) && !out->is_later_fragment; i++) {
		if (i == V6_EXTENSIONS_MAX)
			return ST_ESP_MALFORMED;
		take_extension(&r, out);
		if (!rd_ok(&r))
			return ST_ESP_MALFORMED;
	}
	if (!rd_ok(&r))
		return ST_ESP_MALFORMED;
	out->header_len = out->total_len - (uint32_t)r.left;
	take_ports(r, out);
	return ST_OK;
}

enum status ip_parse(const uint8_t *p, size_t len, struct ip_info *out)
{
	*out = (struct ip_info){0};
	if (len == 0)
		return ST_ESP_MALFORMED;
	out->version = p[0] >> 4;
	switch (out->version) {
	case 4: return parse_v4(p, len, out);
	case 6: return parse_v6(p, len, out);
	default: return ST_ESP_MALFORMED;
	}
}

/* Words are summed as the machine reads them: the ones' complement sum of swapped words is the
 * swapped sum (RFC 1071 section 2 (B)). 32-bit words are added in 64-bit lanes, which cannot overflow. Every
 * packet that is cut or joined is summed: this is four times as fast as word by word. */
typedef uint64_t lanes __attribute__((vector_size(16)));

static const uint8_t *sum_blocks(const uint8_t *b, size_t *len, uint64_t *acc)
{
	const lanes low = {UINT32_MAX, UINT32_MAX};
	lanes even = {0}, odd = {0}, even_2 = {0}, odd_2 = {0}, x, y;

	for (; *len >= 2 * sizeof(lanes); *len -= 2 * sizeof(lanes), b += 2 * sizeof(lanes)) {
		memcpy(&x, b, sizeof(x));
		memcpy(&y, b + sizeof(x), sizeof(y));
		even += x & low;
		odd += x >> 32;
		even_2 += y & low;
		odd_2 += y >> 32;
	}
	even += odd + even_2 + odd_2;
	*acc += even[0] + even[1];
	return b;
}

uint32_t ip_sum(uint32_t sum, const void *p, size_t len)
{
	uint64_t acc = 0;
	uint32_t word;
	uint8_t folded[2];
	uint16_t half;
	const uint8_t *b = sum_blocks(p, &len, &acc);

	for (; len >= sizeof(word); len -= sizeof(word), b += sizeof(word)) {
		memcpy(&word, b, sizeof(word));
		acc += word;
	}
	if (len) {
		word = 0;
		memcpy(&word, b, len);
		acc += word;
	}
	while (acc >> 16)
		acc = (acc & 0xffff) + (acc >> 16);
	half = (uint16_t)acc;
	memcpy(folded, &half, sizeof(folded));
	return sum + be16(folded);
}

uint16_t ip_sum_finish(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint16_t ip_checksum(const void *p, size_t len)
{
	return ip_sum_finish(ip_sum(0, p, len));
}

uint16_t ip_sum_change(uint16_t check, uint16_t from, uint16_t to)
{
	return ip_sum_finish((uint32_t)(uint16_t)~check + (uint16_t)~from + to);
}

uint32_t ip_pseudo_sum(const struct addr *src, const struct addr *dst, uint8_t proto, uint32_t len)
{
	uint32_t sum = ip_sum(0, src->b, addr_len(src));

	sum = ip_sum(sum, dst->b, addr_len(dst));
	return sum + proto + (len >> 16) + (len & 0xffff);
}
