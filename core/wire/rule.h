/* One line of an access list, judged on a packet (the filters of a session, the classes of a policy
 * map). Pure; a rule is plain data without pointers. */
#ifndef CORE_WIRE_RULE_H
#define CORE_WIRE_RULE_H

#include "core/wire/ip.h"


#define RULE_PORTS_MORE 9

/* lo..hi of a port or one of the n more, or everything but these. */
struct rule_ports {
	bool is_set;
	bool is_not; /* neq */
	uint8_t n;
	uint16_t lo, hi;
	uint16_t more[RULE_PORTS_MORE];
};

/* Addresses match where the mask has ones; the mask may have holes (wildcard bits of IPv4). IPv4
 * uses the first four bytes. */
struct rule_side {
	uint8_t addr[16];
	uint8_t mask[16];
	struct rule_ports ports;
};

struct ip_rule {
	bool permit;
	uint8_t family; /* of the packets that it is about: 4 or 6 */
	bool any_proto; /* `ip`, `ipv6` */
	uint8_t proto;
	struct rule_side src, dst;
	bool has_icmp;      /* only packets whose type << 8 | code is icmp under icmp_mask */
	uint16_t icmp;
	uint16_t icmp_mask; /* 0xff00: any code */
	bool established;   /* TCP with ACK or RST */
	bool fragments;     /* only fragments without upper header */
	bool has_dscps;
	uint64_t dscps;     /* bit n: DSCP n matches */
};

/* Does the rule say something of this packet? pkt is where ip was read from; only `established` looks
 * into it.
 * Fragments are judged as routers judge them: a later fragment has no upper header, so a rule that
 * asks for one permits it when addresses and protocol fit, and never denies it (the first fragment
 * is what such a rule stops); a rule with `fragments` is about later fragments only.
 * An upper header that is cut off although the packet is no later fragment is what a rule that denies
 * is afraid of: it matches then, and one that permits does not. */
bool rule_matches(const struct ip_rule *r, const struct ip_info *ip, const uint8_t *pkt);

/* mask of the first len bits, 0..128; out has 16 bytes. */
void rule_mask(uint8_t *out, unsigned len);

#endif
