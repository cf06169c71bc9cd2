/* Admission of negotiations (R-GLB-02, R-GLB-06, R-GLB-07, R-IKE-04): limits of half-open SAs in
 * all, per direction and per source, limit of established SAs, and when a cookie is demanded.
 * Memory is fixed, whatever the input. Pure counting. */
#ifndef CORE_IKE_GUARD_H
#define CORE_IKE_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/endpoint.h"
#include "core/base/status.h"

#define GUARD_SOURCES 4096

/* 0: no limit, except for total: GUARD_TOTAL_DEFAULT. */
#define GUARD_TOTAL_DEFAULT 1000
struct guard_limits {
	uint32_t total;      /* half-open, both directions */
	uint32_t incoming;
	uint32_t outgoing;
	uint32_t per_source;
	uint32_t cookie;     /* half-open SAs above which every INIT needs a cookie */
	uint32_t established;
};

struct guard {
	uint64_t seed;        /* of the source table; random */
	uint32_t incoming;    /* half-open */
	uint32_t outgoing;
	uint32_t established;
	/* Half-open SAs by hash of the source (IPv6: its /64). Sources that collide share a count. */
	uint32_t source[GUARD_SOURCES];
};

/* May an INIT request from here become a half-open SA? ST_OK; ST_COOKIE_WANTED: only with a valid
 * cookie; ST_HALF_OPEN_LIMIT, ST_HALF_OPEN_SOURCE, ST_SA_LIMIT: no. Cookies are demanded above the
 * configured threshold, above half of the limit, and, if there is a limit per source, from one that has several open. */
enum status guard_judge(const struct guard *g, const struct guard_limits *l,
	const struct endpoint *source, bool has_cookie) MUST_USE;
/* May we start one ourselves? */
enum status guard_judge_outgoing(const struct guard *g, const struct guard_limits *l) MUST_USE;
void guard_add(struct guard *g, const struct endpoint *source, bool outgoing);
void guard_del(struct guard *g, const struct endpoint *source, bool outgoing);

/* Token bucket for what unauthenticated input may cause: notifies, reports. */
struct limiter {
	uint32_t per_s;
	uint32_t burst;
	uint64_t credit_ms; /* thousandths of a token */
	uint64_t last_ms;
};
struct limiter limiter_init(uint32_t per_s, uint32_t burst);
bool limiter_take(struct limiter *l, uint64_t now_ms);

#endif
