/* Whole IP packets that we make ourselves: errors back to a sender, probes. Checksums are filled.
 * Both addresses have one family. The packet starts where the wr stands. Pure. */
#ifndef CORE_WIRE_IP_BUILD_H
#define CORE_WIRE_IP_BUILD_H

#include "core/base/wr.h"
#include "core/wire/ip.h"

struct ip_head {
	struct addr src;
	struct addr dst;
	uint8_t proto;
	uint8_t tos;
	uint8_t ttl; /* 0: 64 */
	bool dont_fragment;
	uint16_t id; /* IPv4 identification */
};

/* The header for len bytes that follow. */
void ip_build_head(struct wr *w, const struct ip_head *h, size_t len);
/* A header and a payload of len bytes. */
void ip_build(struct wr *w, const struct ip_head *h, const void *payload, size_t len);
/* proto is set here. */
void ip_build_udp(struct wr *w, const struct ip_head *h, uint16_t src_port, uint16_t dst_port,
		  const void *data, size_t len);
/* Echo request (is_reply: reply) of the family of h->src. */
void ip_build_echo(struct wr *w, const struct ip_head *h, bool is_reply, uint16_t id, uint16_t seq,
		   const void *data, size_t len);
/* "Fragmentation needed" (RFC 1191) or "Packet Too Big" (RFC 8201) from `from` to the source of the
 * packet, quoting its beginning: IPv4 up to 576 bytes in all, IPv6 up to 1280. Nothing is written
 * (w bad) when the packet does not parse, is a later fragment, or is itself an ICMP error. */
void ip_build_too_big(struct wr *w, const struct addr *from, const uint8_t *packet, size_t len,
		      uint32_t mtu);

#endif
