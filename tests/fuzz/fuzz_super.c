/* Large packets: what a TUN says of a packet, and packets out of tunnels that are joined and cut again, as
 * many as went in. Input: words for the TUN and a packet, or, after a first byte of 1, packets with two bytes of length. */
#include <stdlib.h>
#include <string.h>

#include "core/esp/cut.h"
#include "core/esp/join.h"

#define ROOM (1 << 17)

static struct join j;
static uint8_t room[ROOM + CUT_SPARE];

static size_t cut_all(const struct gso_hdr *h, uint8_t *p, size_t len)
{
	struct ip_info ip;
	struct cut c;
	struct span one;
	size_t n = 0;

	if (ip_parse(p, len, &ip) || cut_begin(&c, h, (struct span){p, len}, &ip))
		return 0;
	while (cut_next(&c, &one)) {
		if (one.p < p || one.p + one.len > p + len)
			abort();
		memset(one.p + one.len, 0x5a, CUT_SPARE);
		n++;
	}
	return n;
}

static size_t take_all(void)
{
	static uint8_t whole[GSO_HDR_LEN + (1 << 16) + CUT_SPARE];
	size_t n = 0;

	for (size_t i = 0; i < j.n; i++) {
		struct view v[JOIN_RUN_MAX + 1];
		size_t pieces = join_take(&j, i, v), len = 0;
		struct gso_hdr h;

		for (size_t k = 0; k < pieces; k++) {
			memcpy(whole + len, v[k].p, v[k].len);
			len += v[k].len;
		}
		h = gso_read(whole);
		n += h.type ? cut_all(&h, whole + GSO_HDR_LEN, len - GSO_HDR_LEN) : 1;
	}
	join_reset(&j);
	return n;
}

static void join_all(const uint8_t *in, size_t len)
{
	size_t at = 0, n = 0;

	join_reset(&j);
	while (len >= 2 && at < ROOM) {
		size_t want = (size_t)in[0] << 8 | in[1];
		struct ip_info ip;
		uint8_t *p = room + at + GSO_HDR_LEN;

		in += 2;
		len -= 2;
		if (want > len)
			want = len;
		if (at + GSO_HDR_LEN + want > ROOM)
			break;
		memcpy(p, in, want);
		in += want;
		len -= want;
		if (ip_parse(p, want, &ip))
			continue;
		if (!join_add(&j, NULL, JOIN_TCP | JOIN_UDP, (struct span){p, ip.total_len}, &ip))
			break;
		n++;
		at += GSO_HDR_LEN + want;
	}
	if (take_all() != n)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gso_hdr h;

	if (size > 0 && data[0] == 1) {
		join_all(data + 1, size - 1);
		return 0;
	}
	if (size < 1 + GSO_HDR_LEN || size > 65535)
		return 0;
	h = gso_read(data + 1);
	memcpy(room, data + 1 + GSO_HDR_LEN, size - 1 - GSO_HDR_LEN);
	(void)cut_all(&h, room, size - 1 - GSO_HDR_LEN);
	return 0;
}
