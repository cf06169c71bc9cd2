/* Inner IPv4 and IPv6 packets, as far as the data path needs them (RFC 791, RFC 8200). Pure. */
#ifndef CORE_WIRE_IP_H
#define CORE_WIRE_IP_H

#include "core/base/addr.h"
#include "core/base/rd.h"

/* Numbers of IP protocols, as the data path names them. */
enum ip_proto {
	IPP_HOPOPTS = 0,
	IPP_ICMP = 1,
	IPP_IPV4 = 4,
	IPP_TCP = 6,
	IPP_UDP = 17,
	IPP_IPV6 = 41,
	IPP_ROUTING = 43,
	IPP_FRAGMENT = 44,
	IPP_GRE = 47,
	IPP_ESP = 50,
	IPP_AH = 51,
	IPP_ICMPV6 = 58,
	IPP_NONE = 59,
	IPP_DSTOPTS = 60,
	IPP_SCTP = 132,
	IPP_MOBILITY = 135
};

struct ip_info {
	uint8_t version;        /* 4 or 6 */
	uint8_t proto;          /* upper-layer protocol, behind IPv6 extension headers */
	uint8_t tos;            /* DSCP << 2 | ECN */
	uint8_t ttl;            /* or hop limit */
	bool is_fragment;       /* any fragment, first or not */
	bool is_later_fragment; /* offset not 0: no upper header in it */
	bool dont_fragment;     /* IPv4 DF; true for IPv6 */
	bool has_ports;
	uint16_t src_port; /* TCP, UDP, SCTP, DCCP, UDP-Lite; ICMP and ICMPv6: type << 8 | code, */
	uint16_t dst_port; /* MIPv6: type << 8, in both (RFC 4301 section 4.4.1.1) */
	uint32_t header_len;    /* offset of the upper-layer header */
	uint32_t total_len;     /* of the packet; the buffer may be longer (padding) */
	struct addr src;
	struct addr dst;
};

/* ST_ESP_MALFORMED: version, header or total length do not fit the len bytes; extension headers
 * that run out of the packet, or more than 8 of them. The header checksum is not looked at. */
enum status ip_parse(const uint8_t *p, size_t len, struct ip_info *out) MUST_USE;

/* What carrying a packet on depends on. */
struct ip_marks {
	uint8_t version;
	uint8_t tos;
	bool dont_fragment; /* true for IPv6 */
};
/* p: a packet that ip_parse() has taken. */
static inline struct ip_marks ip_marks(const uint8_t *p)
{
	if (p[0] >> 4 == 4)
		return (struct ip_marks){4, p[1], p[6] & 0x40};
	return (struct ip_marks){6, (uint8_t)(p[0] << 4 | p[1] >> 4), true};
}

/* Port on one side for ts_match_packet(): -1 when the packet shows none. */
static inline int ip_src_port(const struct ip_info *i)
{
	return i->has_ports ? i->src_port : -1;
}
static inline int ip_dst_port(const struct ip_info *i)
{
	return i->has_ports ? i->dst_port : -1;
}

/* Internet checksum (RFC 1071). sum: earlier parts, which had even lengths; 0 at first. */
uint32_t ip_sum(uint32_t sum, const void *p, size_t len);
uint16_t ip_sum_finish(uint32_t sum); /* folded and complemented, host order */
uint16_t ip_checksum(const void *p, size_t len);
/* The checksum of a header in which the 16 bits `from`, at an even offset, became `to` (RFC 1624). */
uint16_t ip_sum_change(uint16_t check, uint16_t from, uint16_t to);
/* Sum of the pseudo header of TCP, UDP, ICMPv6. */
uint32_t ip_pseudo_sum(const struct addr *src, const struct addr *dst, uint8_t proto, uint32_t len);

#endif
