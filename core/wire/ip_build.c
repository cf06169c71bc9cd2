#include "core/wire/ip_build.h"

#define V4_LEN 20
#define V4_DF 0x4000
#define TTL_DEFAULT 64
#define V4_ERROR_MAX 576
#define V6_ERROR_MAX 1280
#define ICMP_UNREACHABLE 3
#define ICMP_FRAG_NEEDED 4
#define ICMP_ECHO_REPLY 0
#define ICMP_ECHO 8
#define ICMPV6_TOO_BIG 2
#define ICMPV6_ECHO 128
#define ICMPV6_ECHO_REPLY 129

static uint8_t ttl_of(const struct ip_head *h)
{
	return h->ttl ? h->ttl : TTL_DEFAULT;
}

static void head_v4(struct wr *w, const struct ip_head *h, size_t len)
{
	size_t from = w->len;

	wr_u8(w, 0x45);
	wr_u8(w, h->tos);
	wr_u16(w, (uint16_t)(V4_LEN + len));
	wr_u16(w, h->id);
	wr_u16(w, h->dont_fragment ? V4_DF : 0);
	wr_u8(w, ttl_of(h));
	wr_u8(w, h->proto);
	wr_u16(w, 0);
	wr_bytes(w, h->src.b, 4);
	wr_bytes(w, h->dst.b, 4);
	if (wr_ok(w))
		wr_put_u16(w, from + 10, ip_checksum(w->buf + from, V4_LEN));
}

static void head_v6(struct wr *w, const struct ip_head *h, size_t len)
{
	wr_u32(w, 6u << 28 | (uint32_t)h->tos << 20);
	wr_u16(w, (uint16_t)len);
	wr_u8(w, h->proto);
	wr_u8(w, ttl_of(h));
	wr_bytes(w, h->src.b, 16);
	wr_bytes(w, h->dst.b, 16);
}

void ip_build_head(struct wr *w, const struct ip_head *h, size_t len)
{
	if (h->src.family != h->dst.family || addr_len(&h->src) == 0 || len > UINT16_MAX - V4_LEN)
		w->bad = true;
	else if (h->src.family == 4)
		head_v4(w, h, len);
	else
		head_v6(w, h, len);
}

void ip_build(struct wr *w, const struct ip_head *h, const void *payload, size_t len)
{
	ip_build_head(w, h, len);
	wr_bytes(w, payload, len);
}

void ip_build_udp(struct wr *w, const struct ip_head *h, uint16_t src_port, uint16_t dst_port,
		  const void *data, size_t len)
{
	struct ip_head head = *h;
	uint32_t sum;
	uint16_t check;
	size_t from;

	head.proto = IPP_UDP;
	ip_build_head(w, &head, 8 + len);
	from = w->len;
	wr_u16(w, src_port);
	wr_u16(w, dst_port);
	wr_u16(w, (uint16_t)(8 + len));
	wr_u16(w, 0);
	wr_bytes(w, data, len);
	if (!wr_ok(w))
		return;
	sum = ip_pseudo_sum(&h->src, &h->dst, IPP_UDP, (uint32_t)(8 + len));
	check = ip_sum_finish(ip_sum(sum, w->buf + from, 8 + len));
	wr_put_u16(w, from + 6, check ? check : 0xffff); /* 0 means none (RFC 768) */
}

/* Type, code, four bytes and data of ICMP or ICMPv6, behind their header. */
static void build_icmp(struct wr *w, const struct ip_head *h, uint16_t type_code, uint32_t rest,
		       struct view data)
{
	struct ip_head head = *h;
	uint32_t sum = 0;
	size_t from;

	head.proto = h->src.family == 4 ? IPP_ICMP : IPP_ICMPV6;
	ip_build_head(w, &head, 8 + data.len);
	from = w->len;
	wr_u16(w, type_code);
	wr_u16(w, 0);
	wr_u32(w, rest);
	wr_bytes(w, data.p, data.len);
	if (!wr_ok(w))
		return;
	if (head.proto == IPP_ICMPV6)
		sum = ip_pseudo_sum(&h->src, &h->dst, IPP_ICMPV6, (uint32_t)(8 + data.len));
	wr_put_u16(w, from + 2, ip_sum_finish(ip_sum(sum, w->buf + from, 8 + data.len)));
}

void ip_build_echo(struct wr *w, const struct ip_head *h, bool is_reply, uint16_t id, uint16_t seq,
		   const void *data, size_t len)
{
	unsigned type = is_reply ? ICMP_ECHO_REPLY : ICMP_ECHO;

	if (h->src.family == 6)
		type = is_reply ? ICMPV6_ECHO_REPLY : ICMPV6_ECHO;
	build_icmp(w, h, (uint16_t)(type << 8), (uint32_t)id << 16 | seq,
		(struct view){data, len});
}

static bool is_icmp_error(const struct ip_info *i)
{
	unsigned type = i->src_port >> 8;

	if (i->proto == IPP_ICMPV6)
		return i->version == 6 && type < 128;
	if (i->proto != IPP_ICMP)
		return false;
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

static bool is_multicast(const struct addr *a)
{
	return a->family == 4 ? a->b[0] >= 224 : a->b[0] == 0xff;
}

/* RFC 1122 section 3.2.2, RFC 4443 section 2.4 (e): who must not be answered. */
static bool may_answer(const struct ip_info *i, const struct addr *from)
{
	return i->src.family == from->family && !i->is_later_fragment && !is_icmp_error(i) &&
	       !addr_is_any(&i->src) && !is_multicast(&i->src) &&
	       (i->version == 6 || !is_multicast(&i->dst));
}

void ip_build_too_big(struct wr *w, const struct addr *from, const uint8_t *packet, size_t len,
		      uint32_t mtu)
{
	struct ip_info i;
	struct ip_head h;
	size_t quote;

	if (ip_parse(packet, len, &i) != ST_OK || !may_answer(&i, from)) {
		w->bad = true;
		return;
	}
	h = (struct ip_head){.src = *from, .dst = i.src};
	quote = i.version == 4 ? V4_ERROR_MAX - V4_LEN - 8 : V6_ERROR_MAX - 40 - 8;
	if (quote > i.total_len)
		quote = i.total_len;
	if (i.version == 4)
		build_icmp(w, &h, ICMP_UNREACHABLE << 8 | ICMP_FRAG_NEEDED, mtu & 0xffff,
			(struct view){packet, quote});
	else
		build_icmp(w, &h, ICMPV6_TOO_BIG << 8, mtu, (struct view){packet, quote});
}
