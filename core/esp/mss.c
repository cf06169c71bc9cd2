#include "core/esp/mss.h"

#include "core/base/be.h"
#include "core/base/rd.h"

#define TCP_LEN 20
#define TCP_FLAGS 13
#define TCP_CHECK 16
#define TCP_SYN 0x02
#define OPT_END 0
#define OPT_NOP 1
#define OPT_MSS 2
#define OPT_MSS_LEN 4

static uint16_t swapped(uint16_t v)
{
	return (uint16_t)(v << 8 | v >> 8);
}

/* The value may stand across two words of the sum: then each of its bytes counts in the other half. */
static void lower(uint8_t *tcp, size_t at, uint16_t most, bool is_partial)
{
	uint16_t was = be16(tcp + at), check = be16(tcp + TCP_CHECK);
	bool is_odd = at & 1;

	put_be16(tcp + at, most);
	if (is_partial)
		return;
	check = ip_sum_change(check, is_odd ? swapped(was) : was, is_odd ? swapped(most) : most);
	put_be16(tcp + TCP_CHECK, check);
}

bool mss_clamp(uint8_t *p, const struct ip_info *ip, uint16_t most, bool is_partial)
{
	struct rd r = rd_init(p, ip->total_len);
	uint8_t *tcp = p + ip->header_len;
	bool is_changed = false;
	struct view h;

	if (ip->proto != IPP_TCP || ip->is_later_fragment)
		return false;
	rd_skip(&r, ip->header_len);
	h = rd_bytes(&r, TCP_LEN);
	if (!rd_ok(&r) || !(h.p[TCP_FLAGS] & TCP_SYN) || h.p[12] >> 4 < TCP_LEN / 4)
		return false;
	r = rd_sub(&r, (size_t)(h.p[12] >> 4) * 4 - TCP_LEN);
	while (r.left) {
		size_t at = (size_t)(r.p - tcp);
		uint8_t kind = rd_u8(&r), len;

		if (kind == OPT_NOP)
			continue;
		len = rd_u8(&r);
		if (kind == OPT_END || len < 2)
			break;
		rd_skip(&r, len - 2u);
		if (!rd_ok(&r))
			break;
		if (kind == OPT_MSS && len == OPT_MSS_LEN && be16(tcp + at + 2) > most) {
			lower(tcp, at + 2, most, is_partial);
			is_changed = true;
		}
	}
	return is_changed;
}
