#include "core/esp/too_big.h"

#include "core/wire/ip_build.h"

/* A bucket is kept as the time at which it will be full: nothing has to tick. */
static bool has_token(const uint64_t *full_ms, uint32_t burst, uint32_t token_ms, uint64_t now_ms)
{
	return *full_ms + token_ms <= now_ms + (uint64_t)burst * token_ms || *full_ms <= now_ms;
}

static void take_token(uint64_t *full_ms, uint32_t token_ms, uint64_t now_ms)
{
	*full_ms = (*full_ms > now_ms ? *full_ms : now_ms) + token_ms;
}

static size_t slot_of(const struct addr *a)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < addr_len(a); i++)
		h = (h ^ a->b[i]) * 16777619u;
	return (h >> 16 ^ h) % TOO_BIG_HOSTS;
}

bool too_big_may(struct too_big_limit *l, const struct addr *host, uint64_t now_ms)
{
	const uint32_t token_ms = 1000 / TOO_BIG_PER_S, host_token_ms = 1000 / TOO_BIG_HOST_PER_S;
	uint64_t *of_host = &l->host_full_ms[slot_of(host)];

	if (!has_token(of_host, TOO_BIG_HOST_BURST, host_token_ms, now_ms) ||
	    !has_token(&l->full_ms, TOO_BIG_BURST, token_ms, now_ms))
		return false;
	take_token(of_host, host_token_ms, now_ms);
	take_token(&l->full_ms, token_ms, now_ms);
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
