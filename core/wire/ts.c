#include "core/wire/ts.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

#define TS_IPV4_RANGE 7
#define TS_IPV6_RANGE 8

static bool has_order(const struct ts *t)
{
	if (addr_cmp(&t->lo, &t->hi) > 0)
		return false;
	return t->port_lo <= t->port_hi || ts_is_opaque(t);
}

/* One selector. known: of a type that is kept. */
static enum status parse_one(struct rd *r, struct ts *t, bool *known)
{
	struct rd head = *r;
	uint8_t type = rd_u8(&head);
	size_t n = type == TS_IPV4_RANGE ? 4 : 16;
	struct view lo, hi;
	struct rd body;

	rd_skip(&head, 1);
	body = rd_sub(r, rd_u16(&head));
	rd_skip(&body, 1);
	t->proto = rd_u8(&body);
	rd_skip(&body, 2);
	if (!rd_ok(&head) || !rd_ok(r))
		return ST_TRUNCATED;
	if (!rd_ok(&body))
		return ST_BAD_PAYLOAD;
	*known = type == TS_IPV4_RANGE || type == TS_IPV6_RANGE;
	if (!*known)
		return ST_OK;
	t->port_lo = rd_u16(&body);
	t->port_hi = rd_u16(&body);
	lo = rd_bytes(&body, n);
	hi = rd_bytes(&body, n);
	if (!rd_done(&body))
		return ST_BAD_PAYLOAD;
	t->lo = addr_from(lo.p, lo.len);
	t->hi = addr_from(hi.p, hi.len);
	return has_order(t) ? ST_OK : ST_BAD_PAYLOAD;
}

enum status ts_parse(struct view body, struct ts *out, size_t max, size_t *n)
{
	struct rd r = rd_init(body.p, body.len);
	uint8_t count = rd_u8(&r);

	*n = 0;
	rd_skip(&r, 3);
	if (!rd_ok(&r))
		return ST_TRUNCATED;
	for (unsigned i = 0; i < count; i++) {
		struct ts t;
		bool known;
		enum status st = parse_one(&r, &t, &known);

		if (st != ST_OK)
			return st;
		if (known && *n < max)
			out[(*n)++] = t;
	}
	return count && rd_done(&r) ? ST_OK : ST_BAD_PAYLOAD;
}

void ts_build(struct wr *w, const struct ts *v, size_t n)
{
	if (n == 0 || n > UINT8_MAX)
		w->bad = true;
	wr_u8(w, (uint8_t)n);
	wr_zeros(w, 3);
	for (size_t i = 0; i < n && wr_ok(w); i++) {
		size_t from = w->len;
		struct wr_mark m;

		wr_u8(w, v[i].lo.family == 4 ? TS_IPV4_RANGE : TS_IPV6_RANGE);
		wr_u8(w, v[i].proto);
		m = wr_open16(w, from);
		wr_u16(w, v[i].port_lo);
		wr_u16(w, v[i].port_hi);
		wr_bytes(w, v[i].lo.b, addr_len(&v[i].lo));
		wr_bytes(w, v[i].hi.b, addr_len(&v[i].hi));
		wr_close16(w, m);
	}
}

struct ts ts_from_prefix(const struct prefix *p)
{
	return (struct ts){.port_hi = UINT16_MAX, .lo = prefix_first(p), .hi = prefix_last(p)};
}

struct ts ts_any(uint8_t family)
{
	return ts_from_prefix(&(struct prefix){.addr = {.family = family}});
}

struct ts ts_from_addr(const struct addr *a)
{
	return (struct ts){.port_hi = UINT16_MAX, .lo = *a, .hi = *a};
}

bool ts_is_opaque(const struct ts *t)
{
	return t->port_lo == UINT16_MAX && t->port_hi == 0;
}

bool ts_has_any_port(const struct ts *t)
{
	return t->port_lo == 0 && t->port_hi == UINT16_MAX;
}

/* The shortest prefix at lo whose last address is hi, if there is one. */
bool ts_is_single_prefix(const struct ts *t, struct prefix *out)
{
	unsigned bits = (unsigned)addr_len(&t->lo) * 8;

	if (bits == 0)
		return false;
	for (unsigned len = 0; len <= bits; len++) {
		struct prefix p = {.addr = t->lo, .len = (uint8_t)len};
		struct addr first = prefix_first(&p);
		struct addr last = prefix_last(&p);

		if (!addr_eq(&first, &t->lo) || !addr_eq(&last, &t->hi))
			continue;
		if (out)
			*out = p;
		return true;
	}
	return false;
}

bool ts_eq(const struct ts *a, const struct ts *b)
{
	return a->proto == b->proto && a->port_lo == b->port_lo && a->port_hi == b->port_hi &&
	       addr_eq(&a->lo, &b->lo) && addr_eq(&a->hi, &b->hi);
}

static const struct addr *later(const struct addr *a, const struct addr *b)
{
	return addr_cmp(a, b) >= 0 ? a : b;
}

static const struct addr *earlier(const struct addr *a, const struct addr *b)
{
	return addr_cmp(a, b) <= 0 ? a : b;
}

/* ANY includes OPAQUE (RFC 4301 section 4.4.1.1); no other range does. */
static bool intersect_ports(const struct ts *a, const struct ts *b, struct ts *out)
{
	if (ts_is_opaque(a) || ts_is_opaque(b)) {
		const struct ts *other = ts_is_opaque(a) ? b : a;

		out->port_lo = UINT16_MAX;
		out->port_hi = 0;
		return ts_is_opaque(other) || ts_has_any_port(other);
	}
	out->port_lo = a->port_lo > b->port_lo ? a->port_lo : b->port_lo;
	out->port_hi = a->port_hi < b->port_hi ? a->port_hi : b->port_hi;
	return out->port_lo <= out->port_hi;
}

bool ts_intersect(const struct ts *a, const struct ts *b, struct ts *out)
{
	struct ts t;

	if (a->lo.family != b->lo.family || (a->proto && b->proto && a->proto != b->proto))
		return false;
	t.proto = a->proto ? a->proto : b->proto;
	t.lo = *later(&a->lo, &b->lo);
	t.hi = *earlier(&a->hi, &b->hi);
	if (addr_cmp(&t.lo, &t.hi) > 0 || !intersect_ports(a, b, &t))
		return false;
	*out = t;
	return true;
}

bool ts_contains(const struct ts *outer, const struct ts *inner)
{
	struct ts both;

	return ts_intersect(outer, inner, &both) && ts_eq(&both, inner);
}

/* The 64 bits at b as a number; two of them compare an address without a call. */
static uint64_t half(const uint8_t *b)
{
	uint64_t v;

	memcpy(&v, b, sizeof(v));
	return be64toh(v);
}

/* a <= b, of one family: the unused bytes of an IPv4 address are zero. */
static bool not_above(const struct addr *a, const struct addr *b)
{
	uint64_t x = half(a->b), y = half(b->b);

	return x != y ? x < y : half(a->b + 8) <= half(b->b + 8);
}

bool ts_contains_addr(const struct ts *t, const struct addr *a)
{
	return t->lo.family == a->family && not_above(&t->lo, a) && not_above(a, &t->hi);
}

bool ts_match_packet(const struct ts *t, const struct addr *a, uint8_t proto, int port)
{
	if ((t->proto && t->proto != proto) || !ts_contains_addr(t, a))
		return false;
	if (ts_has_any_port(t))
		return true;
	if (ts_is_opaque(t))
		return port < 0;
	return port >= t->port_lo && port <= t->port_hi;
}

bool ts_match_any(const struct ts *v, size_t n, const struct addr *a, uint8_t proto, int port)
{
	for (size_t i = 0; i < n; i++) {
		if (ts_match_packet(&v[i], a, proto, port))
			return true;
	}
	return false;
}

static bool is_covered(const struct ts *v, size_t n, const struct ts *t)
{
	for (size_t i = 0; i < n; i++) {
		if (ts_contains(&v[i], t))
			return true;
	}
	return false;
}

size_t ts_narrow(const struct ts *peer, size_t n_peer, const struct ts *ours, size_t n_ours,
		 struct ts *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < n_peer; i++) {
		for (size_t k = 0; k < n_ours && n < max; k++) {
			struct ts t;

			if (ts_intersect(&peer[i], &ours[k], &t) && !is_covered(out, n, &t))
				out[n++] = t;
		}
	}
	return n;
}

static void format_limits(const struct ts *t, char buf[24])
{
	buf[0] = '\0';
	if (ts_is_opaque(t))
		snprintf(buf, 24, "[%u/opaque]", t->proto);
	else if (!ts_has_any_port(t) && t->port_lo == t->port_hi)
		snprintf(buf, 24, "[%u/%u]", t->proto, t->port_lo);
	else if (!ts_has_any_port(t))
		snprintf(buf, 24, "[%u/%u-%u]", t->proto, t->port_lo, t->port_hi);
	else if (t->proto)
		snprintf(buf, 24, "[%u]", t->proto);
}

char *ts_format(const struct ts *t, char buf[TS_TEXT])
{
	char lo[PREFIX_TEXT], hi[ADDR_TEXT], limits[24];
	struct prefix p;

	format_limits(t, limits);
	if (ts_is_single_prefix(t, &p))
		snprintf(buf, TS_TEXT, "%s%s", prefix_format(&p, lo), limits);
	else
		snprintf(buf, TS_TEXT, "%s-%s%s", addr_format(&t->lo, lo),
			addr_format(&t->hi, hi), limits);
	return buf;
}
