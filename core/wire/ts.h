/* Traffic selectors: ranges of address, port and protocol, and their algebra
 * (RFC 7296 sections 2.9 and 3.13, RFC 4301 section 4.4.1.1). Pure. */
#ifndef CORE_WIRE_TS_H
#define CORE_WIRE_TS_H

#include "core/base/addr.h"
#include "core/base/rd.h"
#include "core/base/wr.h"

#define TS_MAX 32 /* selectors kept of one payload */

/* lo and hi have one family and lo <= hi. Ports: 0..65535 is any; for ICMP, ICMPv6 and MIPv6 they
 * are type << 8 | code; port_lo 65535 with port_hi 0 is OPAQUE, which matches only packets whose
 * ports cannot be seen (fragments). */
struct ts {
	uint8_t proto; /* IP protocol; 0 = any */
	uint16_t port_lo;
	uint16_t port_hi;
	struct addr lo;
	struct addr hi;
};

#define TS_NO_PORT (-1) /* the packet shows no port */

/* Body of a TSi or TSr payload. Keeps the first max selectors of types 7 and 8; selectors of other
 * types and those above max are checked for framing and not kept, so *n may be 0.
 * ST_BAD_PAYLOAD: none at all, wrong lengths, count that lies, lo > hi; ST_TRUNCATED. */
enum status ts_parse(struct view body, struct ts *out, size_t max, size_t *n) MUST_USE;
void ts_build(struct wr *w, const struct ts *v, size_t n); /* n is 1..255 */

struct ts ts_any(uint8_t family); /* 4 or 6 */
struct ts ts_from_prefix(const struct prefix *p);
/* Address, any protocol and port. */
struct ts ts_from_addr(const struct addr *a);
bool ts_is_opaque(const struct ts *t);
bool ts_has_any_port(const struct ts *t);
/* True when the addresses are exactly one prefix (*out may be NULL). */
bool ts_is_single_prefix(const struct ts *t, struct prefix *out);
bool ts_eq(const struct ts *a, const struct ts *b);
/* False when they have nothing in common; then *out is not written. */
bool ts_intersect(const struct ts *a, const struct ts *b, struct ts *out);
bool ts_contains(const struct ts *outer, const struct ts *inner);
bool ts_contains_addr(const struct ts *t, const struct addr *a);
/* One side of a packet: its address and port on that side (TS_NO_PORT when unseen). */
bool ts_match_packet(const struct ts *t, const struct addr *a, uint8_t proto, int port);
/* Any of n. */
bool ts_match_any(const struct ts *v, size_t n, const struct addr *a, uint8_t proto, int port);
/* Narrowing: all intersections of the peer's with ours, in the peer's order, without duplicates
 * and without those contained in an earlier one. Returns how many were written (at most max). */
size_t ts_narrow(const struct ts *peer, size_t n_peer, const struct ts *ours, size_t n_ours,
		 struct ts *out, size_t max);

/* Longest text: both IPv6 ends, protocol and ports, with NUL. */
#define TS_TEXT (2 * ADDR_TEXT + 24)
/* "10.0.0.0/8" or "10.0.0.1-10.0.0.9"; "[6/80]", "[17/0-1023]", "[1/opaque]" is appended when
 * protocol or ports are limited. */
char *ts_format(const struct ts *t, char buf[TS_TEXT]);

#endif
