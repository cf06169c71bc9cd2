#include "core/esp/too_big.h"

#include "core/wire/ip_build.h"

#define TOKEN_MS (1000 / TOO_BIG_PER_S)

/* The bucket is kept as the time at which it will be full: nothing has to tick. */
bool too_big_may(struct too_big_limit *l, uint64_t now_ms)
{
	uint64_t full_ms = l->full_ms > now_ms ? l->full_ms : now_ms;

	if (full_ms + TOKEN_MS > now_ms + (uint64_t)TOO_BIG_BURST * TOKEN_MS)
		return false;
	l->full_ms = full_ms + TOKEN_MS;
	return true;
}

/* Also the broadcast address of all networks; those of single networks nobody here can know. */
static bool is_many(const struct addr *a)
{
	return a->family == 4 ? a->b[0] >= 224 : a->b[0] == 0xff;
}

void too_big_build(struct wr *w, const uint8_t *packet, const struct ip_info *ip, uint32_t mtu)
{
	if (is_many(&ip->dst)) {
		w->bad = true;
		return;
	}
	ip_build_too_big(w, &ip->dst, packet, ip->total_len, mtu);
}
