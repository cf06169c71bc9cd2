/* One large packet of a TUN becomes packets of the wire: TCP (RFC 9293) with its sequence numbers and
 * flags, UDP datagrams, or a packet that only wants its checksum. Nothing is copied but headers: each
 * packet lies in the memory of the large one.
 *
 *   | head | payload 1 | payload 2 | payload 3 |
 *                 | head | payload 2 |               the second: its head overwrites what has gone */
#ifndef CORE_ESP_CUT_H
#define CORE_ESP_CUT_H

#include "core/esp/gso.h"
#include "core/esp/open.h"

#define CUT_HEAD_MAX 192 /* IP with options or extension headers, and TCP */
#define CUT_SPARE 64

struct cut {
	uint8_t *p;          /* of the large packet */
	size_t head_len;
	size_t end;          /* of the large packet */
	size_t at;           /* next payload */
	size_t size;         /* payload of one; 0: there is only one */
	uint8_t version;
	uint8_t proto;
	uint8_t upper_at;    /* offset of the TCP or UDP header */
	uint8_t flags;       /* TCP */
	uint16_t id;         /* IPv4 */
	uint32_t seq;        /* TCP */
	uint32_t ip_base;    /* sums of what does not change */
	uint32_t upper_base;
	uint8_t head[CUT_HEAD_MAX];
	size_t spare_at;     /* where saved belongs; 0: nothing is saved */
	uint8_t saved[CUT_SPARE];
};

/* packet has CUT_SPARE bytes of room behind it; ip is what ip_parse() said of it. ST_ESP_MALFORMED:
 * the TUN's words do not fit the packet. */
enum status cut_begin(struct cut *c, const struct gso_hdr *h, struct span packet,
	const struct ip_info *ip) MUST_USE;
/* The same for a packet that is as it shall be: one, and not touched. */
static inline void cut_whole(struct cut *c, struct span packet)
{
	c->p = packet.p;
	c->end = packet.len;
	c->at = c->size = c->spare_at = 0;
}
/* Length of the next packet; those after it are not longer. */
static inline size_t cut_longest(const struct cut *c)
{
	size_t len = c->size ? c->head_len + c->size : c->end;

	return len < c->end ? len : c->end;
}
/* The next packet, whole and with its checksums; false: that was all. Until the next call the bytes
 * before it and CUT_SPARE bytes behind it may be overwritten. */
bool cut_next(struct cut *c, struct span *out);
size_t cut_count(const struct cut *c); /* packets that are still to come */

#endif
