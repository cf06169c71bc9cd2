/* A single-rate policer (RFC 2697 with one bucket): so many bits a second, and a burst. Pure, no
 * allocation; one owner. Exact: the level is counted in billionths of a bit, so that nothing is lost
 * to rounding at 8 kbit/s and nothing overflows at 100 Gbit/s. */
#ifndef CORE_ESP_POLICER_H
#define CORE_ESP_POLICER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POLICER_RATE_MIN 8000u            /* bits a second */
#define POLICER_RATE_MAX 100000000000u
#define POLICER_BURST_MIN 1000u           /* bytes */
#define POLICER_BURST_MAX 512000000u

struct policer {
	uint64_t rate;    /* bits a second; 0: everything passes */
	int64_t depth;    /* of the bucket, in 1e-9 bits */
	int64_t level;    /* what may pass now; below 0: what is owed */
	uint64_t fill_ns; /* after so long without a packet it is full, whatever it owed */
	uint64_t last_ns; /* when the level was true */
};

/* Burst when none is configured: what the rate is in a quarter of a second (1,500 bytes at least), as
 * routers have it, in bytes. */
uint64_t policer_default_burst(uint64_t rate);

/* A bucket that was off begins full. One that runs keeps its level, as far as the new depth holds it:
 * who is changed to the rate that he has notices nothing. rate 0: off. Values beyond the limits
 * above are taken as the nearest limit. */
void policer_set(struct policer *p, uint64_t rate, uint64_t burst, uint64_t now_ns);

/* May len bytes (of the IP packet, at most 65,535) pass at this time? If so they are taken out of the
 * bucket. Times that go back count as no time. A packet longer than the burst passes when the bucket
 * is full, else nothing of that length ever would; what it is longer is owed, so that the rate
 * is kept in the long run whatever the sizes. */
bool policer_pass(struct policer *p, size_t len, uint64_t now_ns);

#endif
