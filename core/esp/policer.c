#include "core/esp/policer.h"

#define UNITS_PER_BIT 1000000000
#define UNITS_PER_BYTE (8 * (int64_t)UNITS_PER_BIT)
#define LEN_MAX 65535
#define BURST_DEFAULT_MIN 1500

static uint64_t limited(uint64_t v, uint64_t lo, uint64_t hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

uint64_t policer_default_burst(uint64_t rate)
{
	return limited(rate / 32, BURST_DEFAULT_MIN, POLICER_BURST_MAX);
}

/* No product overflows: elapsed is at most fill_ns, so elapsed times rate is at most depth, debt and one
 * more rate, together below 2^62. */
static void refill(struct policer *p, uint64_t now_ns)
{
	uint64_t elapsed = now_ns > p->last_ns ? now_ns - p->last_ns : 0;

	if (elapsed == 0)
		return;
	p->last_ns = now_ns;
	if (elapsed >= p->fill_ns)
		p->level = p->depth;
	else
		p->level += (int64_t)(elapsed * p->rate);
	if (p->level > p->depth)
		p->level = p->depth;
}

void policer_set(struct policer *p, uint64_t rate, uint64_t burst, uint64_t now_ns)
{
	bool was_off = p->rate == 0;

	if (rate == 0) {
		p->rate = 0;
		return;
	}
	if (!was_off)
		refill(p, now_ns);
	p->rate = limited(rate, POLICER_RATE_MIN, POLICER_RATE_MAX);
	p->depth = (int64_t)limited(burst, POLICER_BURST_MIN, POLICER_BURST_MAX) * UNITS_PER_BYTE;
	p->fill_ns = (uint64_t)(p->depth + LEN_MAX * UNITS_PER_BYTE) / p->rate + 1;
	if (was_off) {
		p->last_ns = now_ns;
		p->level = p->depth;
	}
	if (p->level > p->depth)
		p->level = p->depth;
}

bool policer_pass(struct policer *p, size_t len, uint64_t now_ns)
{
	int64_t cost = (int64_t)(len < LEN_MAX ? len : LEN_MAX) * UNITS_PER_BYTE;

	if (p->rate == 0)
		return true;
	refill(p, now_ns);
	if (p->level < cost && p->level < p->depth)
		return false;
	p->level -= cost;
	return true;
}
