/* One numbered sample: the sums of all counters and the gauges of one moment. show, SQL, SNMP and
 * metrics read samples and nothing else, so that values under the same number are equal everywhere
 * (R-SNM-07). Main takes one every five seconds and when somebody asks. */
#ifndef CORE_BASE_SAMPLE_H
#define CORE_BASE_SAMPLE_H

#include "core/base/stats.h"

#define SAMPLE_NAME 64

/* An address pool that was asked since the start, in one inner VRF. */
struct sample_pool {
	char name[SAMPLE_NAME];
	char ivrf[SAMPLE_NAME]; /* "" is our own */
	uint8_t family;         /* 4 or 6 */
	uint64_t total;         /* addresses (prefixes) that can be lent; saturates */
	uint64_t in_use;        /* held, also those that a reload left outside of the pool */
	uint64_t peak;          /* most ever in use */
	uint64_t exhausted;     /* requests that found nothing */
};

struct sample {
	uint64_t number;   /* rises, also over main's death */
	int64_t wall_ms;   /* UTC */
	struct stats sums; /* loop and workers, and the mains before, added up */
	uint64_t gauge[GG__MAX];
	size_t n_pools;
	const struct sample_pool *pools; /* valid until the next sample is taken */
};

#endif
