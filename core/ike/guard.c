#include "core/ike/guard.h"

#include "core/base/hash.h"

/* Half-open SAs of one source from which on it must show that it receives what we send. A NAT with
 * many clients reaches it in a burst and pays one round trip. Without a limit per source nobody asks. */
#define SOURCE_PRESSURE 4

static size_t source_slot(const struct guard *g, const struct endpoint *e)
{
	size_t len = e->addr.family == 6 ? 8 : addr_len(&e->addr);

	return hash_bytes(g->seed ^ e->vrf, e->addr.b, len) % GUARD_SOURCES;
}

static uint32_t total_limit(const struct guard_limits *l)
{
	return l->total != 0 ? l->total : GUARD_TOTAL_DEFAULT;
}

static bool reached(uint32_t count, uint32_t limit)
{
	return limit != 0 && count >= limit;
}

enum status guard_judge(const struct guard *g, const struct guard_limits *l,
	const struct endpoint *source, bool has_cookie)
{
	uint32_t open = g->incoming + g->outgoing;
	uint32_t here = g->source[source_slot(g, source)];

	if (reached(g->established, l->established))
		return ST_SA_LIMIT;
	if (open >= total_limit(l) || reached(g->incoming, l->incoming))
		return ST_HALF_OPEN_LIMIT;
	if (!has_cookie && (reached(open, l->cookie) || open >= (total_limit(l) + 1) / 2 ||
				   (l->per_source != 0 && here >= SOURCE_PRESSURE)))
		return ST_COOKIE_WANTED;
	if (reached(here, l->per_source))
		return ST_HALF_OPEN_SOURCE;
	return ST_OK;
}

enum status guard_judge_outgoing(const struct guard *g, const struct guard_limits *l)
{
	if (reached(g->established, l->established))
		return ST_SA_LIMIT;
	if (g->incoming + g->outgoing >= total_limit(l) || reached(g->outgoing, l->outgoing))
		return ST_HALF_OPEN_LIMIT;
	return ST_OK;
}

void guard_add(struct guard *g, const struct endpoint *source, bool outgoing)
{
	if (outgoing) {
		g->outgoing++;
		return;
	}
	g->incoming++;
	g->source[source_slot(g, source)]++;
}

void guard_del(struct guard *g, const struct endpoint *source, bool outgoing)
{
	uint32_t *n = &g->source[source_slot(g, source)];

	if (outgoing) {
		g->outgoing--;
		return;
	}
	g->incoming--;
	if (*n > 0)
		(*n)--;
}

struct limiter limiter_init(uint32_t per_s, uint32_t burst)
{
	return (struct limiter){.per_s = per_s, .burst = burst, .credit_ms = (uint64_t)burst * 1000};
}

bool limiter_take(struct limiter *l, uint64_t now_ms)
{
	uint64_t past = now_ms > l->last_ms ? now_ms - l->last_ms : 0;
	uint64_t full = (uint64_t)l->burst * 1000;

	l->last_ms = now_ms;
	if (past > full) /* also keeps the product small */
		past = full;
	l->credit_ms += past * l->per_s;
	if (l->credit_ms > full)
		l->credit_ms = full;
	if (l->credit_ms < 1000)
		return false;
	l->credit_ms -= 1000;
	return true;
}
