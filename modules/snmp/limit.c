#include "modules/snmp/limit.h"

#define TOKEN 1000

void limit_init(struct limit *l, uint32_t burst, uint32_t rate, int64_t now_ms)
{
	*l = (struct limit){.burst = burst, .rate = rate, .tokens = (uint64_t)burst * TOKEN,
			    .at_ms = now_ms};
}

static void refill(struct limit *l, int64_t now_ms)
{
	uint64_t most = (uint64_t)l->burst * TOKEN;
	uint64_t passed = now_ms > l->at_ms ? (uint64_t)(now_ms - l->at_ms) : 0;
	/* One token a second is a thousandth a millisecond. */
	if (passed > most)
		passed = most;
	l->tokens += passed * l->rate;
	if (l->tokens > most)
		l->tokens = most;
	l->at_ms = now_ms;
}

bool limit_take(struct limit *l, int64_t now_ms)
{
	refill(l, now_ms);
	if (l->tokens >= TOKEN) {
		l->tokens -= TOKEN;
		return true;
	}
	if (!l->left_out++)
		l->left_out_ms = now_ms;
	return false;
}

uint64_t limit_report(struct limit *l, int64_t now_ms)
{
	uint64_t n = l->left_out;
	if (!n || now_ms - l->left_out_ms < LIMIT_REPORT_MS)
		return 0;
	l->left_out = 0;
	return n;
}
