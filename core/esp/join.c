#include "core/esp/join.h"

#include <string.h>

#include "core/base/be.h"
#include "core/base/hash.h"

#define V4_LEN 20
#define V6_LEN 40
#define TCP_MIN 20
#define UDP_LEN 8
#define TCP_CSUM 16 /* offsets in the header */
#define UDP_CSUM 6
#define TCP_PSH 0x08
#define TCP_ACK 0x10
#define PACKET_MAX 65535u

static bool same(const uint8_t *a, const uint8_t *b, size_t from, size_t to)
{
	return memcmp(a + from, b + from, to - from) == 0;
}

void join_reset(struct join *j)
{
	j->n = j->n_pieces = 0;
	memset(j->slots, 0, sizeof(j->slots));
}

/* ---- one packet ------------------------------------------------------------------------------- */

static uint16_t *slot_of(struct join *j, const struct ip_info *ip)
{
	uint64_t a, b;

	/* The end of an address says more than its beginning; bytes that IPv4 does not use are 0. */
	memcpy(&a, ip->src.b + (ip->version == 6 ? 8 : 0), sizeof(a));
	memcpy(&b, ip->dst.b + (ip->version == 6 ? 8 : 0), sizeof(b));
	return &j->slots[hash_u64(a ^ (b << 7 | b >> 57) ^ (uint64_t)ip->src_port << 48 ^
			     (uint64_t)ip->dst_port << 32) % JOIN_SLOTS];
}

static bool is_tcp_data(const uint8_t *tcp, size_t len, size_t *head_len)
{
	*head_len = len >= TCP_MIN ? (size_t)(tcp[12] >> 4) * 4 : 0;
	/* Data and an acknowledgement, nothing else but that it be pushed. */
	return *head_len >= TCP_MIN && *head_len < len && (tcp[12] & 0x0f) == 0 &&
	       (tcp[13] & ~TCP_PSH) == TCP_ACK;
}

/* May it be part of a large packet at all? Then head_len is set. */
static void look_at(struct join_large *l, unsigned kinds, const struct ip_info *ip)
{
	const uint8_t *upper = l->first.p + ip->header_len;
	size_t len = l->first.len - ip->header_len, head_len = UDP_LEN;

	if (ip->is_fragment || ip->header_len != (ip->version == 4 ? V4_LEN : V6_LEN))
		return;
	if (ip->proto == IPP_TCP) {
		if (!(kinds & JOIN_TCP) || !is_tcp_data(upper, len, &head_len))
			return;
		l->next_seq = be32(upper + 4) + (uint32_t)(len - head_len);
		l->has_push = upper[13] & TCP_PSH;
	} else if (ip->proto == IPP_UDP) {
		if (!(kinds & JOIN_UDP) || len <= UDP_LEN || be16(upper + 4) != len ||
			be16(upper + UDP_CSUM) == 0)
			return;
	} else {
		return;
	}
	l->version = ip->version;
	l->proto = ip->proto;
	l->upper_at = (uint8_t)ip->header_len;
	l->head_len = (uint8_t)(ip->header_len + head_len);
	l->size = (uint16_t)(len - head_len);
	l->payload_len = l->size;
	l->is_open = !l->has_push;
}

static bool checksums_hold(const struct join_large *l, const struct ip_info *ip)
{
	size_t len = l->first.len - l->upper_at;
	uint32_t sum = ip_pseudo_sum(&ip->src, &ip->dst, l->proto, (uint32_t)len);

	return (l->version == 6 || ip_checksum(l->first.p, V4_LEN) == 0) &&
	       ip_sum_finish(ip_sum(sum, l->first.p + l->upper_at, len)) == 0;
}

/* ---- two ---------------------------------------------------------------------------------------- */

static bool same_flow(const struct join_large *l, const struct join_large *k)
{
	const uint8_t *a = l->first.p, *b = k->first.p;

	if (l->out != k->out || l->version != k->version || l->proto != k->proto ||
		!same(a, b, l->version == 4 ? 12 : 8, l->upper_at))
		return false;
	return same(a + l->upper_at, b + l->upper_at, 0, 4);
}

/* The head is the one that cutting would write. */
static bool same_head(const struct join_large *l, const struct join_large *k)
{
	const uint8_t *a = l->first.p, *b = k->first.p, *s = a + l->upper_at, *t = b + l->upper_at;
	const unsigned dont_fragment = 0x40;

	if (l->head_len != k->head_len)
		return false;
	if (l->version == 6 ? !same(a, b, 0, 4) || a[7] != b[7]
			    : a[1] != b[1] || a[6] != b[6] || a[8] != b[8])
		return false;
	if (l->version == 4 && !(a[6] & dont_fragment) &&
		(uint16_t)(be16(a + 4) + l->n) != be16(b + 4))
		return false;
	if (l->proto == IPP_UDP)
		return true;
	return be32(t + 4) == l->next_seq && same(s, t, 8, 13) && same(s, t, 14, 16) &&
	       same(s, t, 18, (size_t)l->head_len - l->upper_at);
}

static bool fits(const struct join *j, const struct join_large *l, const struct join_large *k)
{
	/* The length in the header of IPv6 does not count the header; one rule for both. */
	return l->is_open && l->n < JOIN_RUN_MAX && j->n_pieces < JOIN_PIECES_MAX &&
	       l->payload_len == (uint32_t)l->n * l->size && k->size <= l->size &&
	       l->head_len + l->payload_len + k->size <= PACKET_MAX;
}

static bool first_holds(struct join_large *l)
{
	struct ip_info ip = {0};

	if (!l->is_checked && ip_parse(l->first.p, l->first.len, &ip) == ST_OK)
		l->is_checked = checksums_hold(l, &ip);
	return l->is_checked;
}

static void append(struct join *j, struct join_large *l, const struct join_large *k)
{
	struct join_piece *piece = &j->pieces[j->n_pieces++];

	*piece = (struct join_piece){k->first.p + k->head_len, k->size, 0};
	if (l->last)
		j->pieces[l->last - 1].next = (uint16_t)j->n_pieces;
	else
		l->piece = (uint16_t)j->n_pieces;
	l->last = (uint16_t)j->n_pieces;
	l->n++;
	l->payload_len += k->size;
	l->next_seq = k->next_seq;
	l->has_push = k->has_push;
	l->is_open = k->size == l->size && !k->has_push;
}

/* ---- all ---------------------------------------------------------------------------------------- */

bool join_add(struct join *j, void *out, unsigned kinds, struct span packet, const struct ip_info *ip)
{
	struct join_large k = {.out = out, .first = packet, .n = 1};
	bool is_flow = ip->proto == IPP_TCP || (ip->proto == IPP_UDP && !ip->is_fragment);
	uint16_t *slot = is_flow ? slot_of(j, ip) : NULL;
	struct join_large *l = slot && *slot ? &j->large[*slot - 1] : NULL;

	look_at(&k, kinds, ip);
	if (l && k.head_len && same_flow(l, &k) && same_head(l, &k) && fits(j, l, &k) &&
		checksums_hold(&k, ip) && first_holds(l)) {
		append(j, l, &k);
		return true;
	}
	if (j->n == JOIN_LARGE_MAX)
		return false;
	j->large[j->n++] = k;
	/* Whatever comes next must not pass this one. */
	if (slot)
		*slot = (uint16_t)j->n;
	return true;
}

static void write_words(const struct join_large *l)
{
	struct gso_hdr h = {0};

	if (l->n > 1) {
		h.flags = GSO_NEEDS_CSUM;
		h.type = l->proto == IPP_UDP ? GSO_UDP_L4 : l->version == 4 ? GSO_TCPV4 : GSO_TCPV6;
		h.hdr_len = l->head_len;
		h.size = l->size;
		h.csum_start = l->upper_at;
		h.csum_offset = l->proto == IPP_UDP ? UDP_CSUM : TCP_CSUM;
	}
	gso_write(&h, l->first.p - GSO_HDR_LEN);
}

static void write_head(const struct join_large *l)
{
	uint8_t *p = l->first.p, *upper = p + l->upper_at;
	uint32_t len = l->head_len - l->upper_at + l->payload_len;
	struct ip_info ip;

	/* Parsed before, and not changed since. */
	if (ip_parse(p, l->first.len, &ip) != ST_OK)
		return;
	if (l->version == 4) {
		put_be16(p + 2, l->upper_at + len);
		put_be16(p + 10, 0);
		put_be16(p + 10, ip_checksum(p, V4_LEN));
	} else {
		put_be16(p + 4, len);
	}
	if (l->proto == IPP_UDP)
		put_be16(upper + 4, len);
	else if (l->has_push)
		upper[13] |= TCP_PSH;
	/* The pseudo header's sum, not complemented: whoever cuts or checks does the rest. */
	put_be16(upper + (l->proto == IPP_UDP ? UDP_CSUM : TCP_CSUM),
		(uint16_t)~ip_sum_finish(ip_pseudo_sum(&ip.src, &ip.dst, l->proto, len)));
}

size_t join_take(struct join *j, size_t i, struct view v[JOIN_RUN_MAX + 1])
{
	const struct join_large *l = &j->large[i];
	size_t n = 0;

	if (l->n > 1)
		write_head(l);
	write_words(l);
	v[n++] = (struct view){l->first.p - GSO_HDR_LEN, l->first.len + GSO_HDR_LEN};
	for (uint16_t at = l->piece; at; at = j->pieces[at - 1].next)
		v[n++] = (struct view){j->pieces[at - 1].p, j->pieces[at - 1].len};
	return n;
}
