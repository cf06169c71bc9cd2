#include "core/wire/rule.h"

#include <string.h>

#define TCP_FLAGS_AT 13
#define TCP_RST 0x04
#define TCP_ACK 0x10

static bool addr_fits(const struct rule_side *s, const struct addr *a)
{
	uint64_t want[2], mask[2], have[2];

	memcpy(want, s->addr, sizeof(want));
	memcpy(mask, s->mask, sizeof(mask));
	memcpy(have, a->b, sizeof(have));
	return (((want[0] ^ have[0]) & mask[0]) | ((want[1] ^ have[1]) & mask[1])) == 0;
}

static bool port_fits(const struct rule_ports *p, uint16_t port)
{
	bool is_in = port >= p->lo && port <= p->hi;

	for (size_t i = 0; i < p->n && !is_in; i++)
		is_in = port == p->more[i];
	return !p->is_set || is_in != p->is_not;
}

static bool asks_upper(const struct ip_rule *r)
{
	return r->src.ports.is_set || r->dst.ports.is_set || r->has_icmp || r->established;
}

/* False also when the flags are not in the packet: *is_cut says so. */
static bool is_established(const struct ip_info *ip, const uint8_t *pkt, bool *is_cut)
{
	struct rd r = rd_init(pkt, ip->total_len);
	uint8_t flags;

	rd_skip(&r, ip->header_len + TCP_FLAGS_AT);
	flags = rd_u8(&r);
	*is_cut = !rd_ok(&r);
	return !*is_cut && (flags & (TCP_ACK | TCP_RST));
}

static bool upper_fits(const struct ip_rule *r, const struct ip_info *ip, const uint8_t *pkt)
{
	bool is_cut = false;

	if (ip->is_later_fragment)
		return r->permit;
	if (!ip->has_ports)
		return !r->permit;
	if (r->has_icmp)
		return ((ip->src_port ^ r->icmp) & r->icmp_mask) == 0;
	if (!port_fits(&r->src.ports, ip->src_port) || !port_fits(&r->dst.ports, ip->dst_port))
		return false;
	if (!r->established || is_established(ip, pkt, &is_cut))
		return true;
	return is_cut && !r->permit;
}

bool rule_matches(const struct ip_rule *r, const struct ip_info *ip, const uint8_t *pkt)
{
	if (r->family != ip->version || (!r->any_proto && r->proto != ip->proto) ||
	    !addr_fits(&r->src, &ip->src) || !addr_fits(&r->dst, &ip->dst))
		return false;
	if (r->has_dscps && !(r->dscps >> (ip->tos >> 2) & 1))
		return false;
	if (r->fragments && !ip->is_later_fragment)
		return false;
	return !asks_upper(r) || upper_fits(r, ip, pkt);
}

void rule_mask(uint8_t *out, unsigned len)
{
	memset(out, 0, 16);
	for (unsigned i = 0; i < len && i < 128; i++)
		out[i / 8] |= (uint8_t)(0x80 >> i % 8);
}
