#include "core/esp/cut.h"

#include <string.h>

#include "core/base/be.h"

#define TCP_MIN 20
#define UDP_LEN 8
#define TCP_CSUM 16 /* offsets in the header */
#define UDP_CSUM 6
#define TCP_FIN 0x01
#define TCP_PSH 0x08
#define TCP_CWR 0x80

/* A checksum of 0 means that there is none. */
static uint16_t udp_finish(uint32_t sum)
{
	uint16_t v = ip_sum_finish(sum);

	return v ? v : 0xffff;
}

/* What the TUN left to us: the sum from csum_start on, with the pseudo header in its place. */
static enum status finish_checksum(const struct gso_hdr *h, struct span packet, const struct ip_info *ip)
{
	size_t start = h->csum_start, at = start + h->csum_offset;
	uint16_t sum;

	if (start >= packet.len || at + 2 > packet.len)
		return ST_ESP_MALFORMED;
	sum = ip_checksum(packet.p + start, packet.len - start);
	if (ip->proto == IPP_UDP && sum == 0)
		sum = 0xffff;
	put_be16(packet.p + at, sum);
	return ST_OK;
}

/* Sums of the heads without what differs from packet to packet. */
static void sum_heads(struct cut *c, const struct ip_info *ip)
{
	uint8_t *upper = c->head + c->upper_at;
	size_t upper_len = c->head_len - c->upper_at;

	if (c->version == 4) {
		c->id = (uint16_t)be16(c->head + 4);
		put_be16(c->head + 2, 0);
		put_be16(c->head + 4, 0);
		put_be16(c->head + 10, 0);
		c->ip_base = ip_sum(0, c->head, c->upper_at);
	}
	if (c->proto == IPP_TCP) {
		c->seq = be32(upper + 4);
		c->flags = upper[13];
		put_be32(upper + 4, 0);
		upper[13] = 0;
		put_be16(upper + TCP_CSUM, 0);
	} else {
		put_be16(upper + 4, 0);
		put_be16(upper + UDP_CSUM, 0);
	}
	c->upper_base = ip_sum(ip_pseudo_sum(&ip->src, &ip->dst, c->proto, 0), upper, upper_len);
}

static enum status take_head(struct cut *c, const struct gso_hdr *h, struct span packet,
	const struct ip_info *ip)
{
	uint8_t type = h->type & (uint8_t)~GSO_ECN;
	bool is_udp = type == GSO_UDP_L4;
	size_t upper = ip->header_len, len = UDP_LEN;

	if (ip->is_fragment || ip->proto != (is_udp ? IPP_UDP : IPP_TCP) || h->csum_start != upper ||
		(type == GSO_TCPV4 && ip->version != 4) || (type == GSO_TCPV6 && ip->version != 6))
		return ST_ESP_MALFORMED;
	if (packet.len < upper + (is_udp ? UDP_LEN : TCP_MIN))
		return ST_ESP_MALFORMED;
	if (!is_udp)
		len = (size_t)(packet.p[upper + 12] >> 4) * 4;
	if ((!is_udp && len < TCP_MIN) || upper + len > CUT_HEAD_MAX || upper + len >= packet.len)
		return ST_ESP_MALFORMED;
	c->version = ip->version;
	c->proto = ip->proto;
	c->upper_at = (uint8_t)upper;
	c->head_len = c->at = upper + len;
	c->size = h->size;
	memcpy(c->head, packet.p, c->head_len);
	sum_heads(c, ip);
	return ST_OK;
}

enum status cut_begin(struct cut *c, const struct gso_hdr *h, struct span packet, const struct ip_info *ip)
{
	uint8_t type = h->type & (uint8_t)~GSO_ECN;

	c->p = packet.p;
	c->end = packet.len;
	c->at = c->size = c->spare_at = 0;
	if (ip->total_len != packet.len)
		return ST_ESP_MALFORMED;
	if (type == GSO_NONE)
		return h->flags & GSO_NEEDS_CSUM ? finish_checksum(h, packet, ip) : ST_OK;
	if ((type != GSO_TCPV4 && type != GSO_TCPV6 && type != GSO_UDP_L4) || h->size == 0)
		return ST_ESP_MALFORMED;
	return take_head(c, h, packet, ip);
}

static void write_ip(struct cut *c, uint8_t *p, size_t len)
{
	if (c->version == 6) {
		put_be16(p + 4, (uint32_t)(len - 40));
		return;
	}
	put_be16(p + 2, (uint32_t)len);
	put_be16(p + 4, c->id);
	put_be16(p + 10, ip_sum_finish(c->ip_base + (uint32_t)len + c->id));
	c->id++;
}

static void write_tcp(struct cut *c, uint8_t *tcp, size_t head, size_t payload, bool is_last)
{
	uint32_t len = (uint32_t)(head + payload);
	uint8_t flags = c->flags;
	uint32_t sum;

	if (!is_last)
		flags &= (uint8_t)~(TCP_FIN | TCP_PSH);
	put_be32(tcp + 4, c->seq);
	tcp[13] = flags;
	sum = c->upper_base + len + (c->seq >> 16) + (c->seq & 0xffff) + flags;
	put_be16(tcp + TCP_CSUM, ip_sum_finish(ip_sum(sum, tcp + head, payload)));
	c->seq += (uint32_t)payload;
	c->flags &= (uint8_t)~TCP_CWR;
}

static void write_udp(const struct cut *c, uint8_t *udp, size_t payload)
{
	uint32_t len = (uint32_t)(UDP_LEN + payload);

	put_be16(udp + 4, len);
	/* The length counts twice: in the header and in the pseudo header. */
	put_be16(udp + UDP_CSUM, udp_finish(ip_sum(c->upper_base + 2 * len, udp + UDP_LEN, payload)));
}

/* What the receiver of the last packet may have written behind it. */
static void swap_spare(struct cut *c, size_t next)
{
	if (c->spare_at)
		memcpy(c->p + c->spare_at, c->saved, CUT_SPARE);
	c->spare_at = next < c->end ? next : 0;
	if (c->spare_at)
		memcpy(c->saved, c->p + c->spare_at, CUT_SPARE);
}

size_t cut_count(const struct cut *c)
{
	size_t payload = c->end - c->at;

	if (c->at >= c->end)
		return 0;
	return c->size ? (payload + c->size - 1) / c->size : 1;
}

bool cut_next(struct cut *c, struct span *out)
{
	size_t payload = c->end - c->at;
	uint8_t *p;

	if (c->at >= c->end)
		return false;
	if (c->size == 0) {
		*out = (struct span){c->p, c->end};
		c->at = c->end;
		return true;
	}
	if (payload > c->size)
		payload = c->size;
	swap_spare(c, c->at + payload);
	p = c->p + c->at - c->head_len;
	c->at += payload;
	memcpy(p, c->head, c->head_len);
	write_ip(c, p, c->head_len + payload);
	if (c->proto == IPP_TCP)
		write_tcp(c, p + c->upper_at, c->head_len - c->upper_at, payload, c->at == c->end);
	else
		write_udp(c, p + c->upper_at, payload);
	*out = (struct span){p, c->head_len + payload};
	return true;
}
