/* Limits of volume: which octets they are about, over which time, and when a time begins. Times of the calendar
 * are those of UTC, like the days of the store. Pure; any thread. */
#ifndef CORE_BASE_QUOTA_H
#define CORE_BASE_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

/* As accounting has it (RFC 2866): input is what the client sends. */
enum quota_way { QUOTA_INPUT, QUOTA_OUTPUT, QUOTA_TOTAL, QUOTA_WAYS };
/* The session's own, or all sessions of its user in a time of the calendar; weeks begin on Monday. */
enum quota_period { QUOTA_SESSION, QUOTA_DAY, QUOTA_WEEK, QUOTA_MONTH, QUOTA_PERIODS };
enum quota_unit { QUOTA_OCTETS, QUOTA_KILOBYTES, QUOTA_MEGABYTES, QUOTA_GIGABYTES, QUOTA_UNITS };
/* How much of a limit is used. */
enum quota_state { QUOTA_BELOW, QUOTA_NEAR, QUOTA_OVER };

struct quota_limit {
	uint8_t way;    /* enum quota_way */
	uint8_t period; /* enum quota_period */
	uint64_t octets;
};

#define QUOTAS_MAX 8       /* of one source of authorization, and of a session */
#define QUOTA_NEAR_PERCENT 80

/* Words of the configuration and of attributes. */
const char *quota_way_word(enum quota_way w);
const char *quota_period_word(enum quota_period p);
const char *quota_unit_word(enum quota_unit u);
/* QUOTA_WAYS, QUOTA_PERIODS, QUOTA_UNITS: no such word. */
enum quota_way quota_way_of(const char *word);
enum quota_period quota_period_of(const char *word);
enum quota_unit quota_unit_of(const char *word);

/* A kilobyte is 1024 octets, as in lifetimes of IPsec SAs. UINT64_MAX: more than there can be. */
uint64_t quota_octets(uint64_t n, enum quota_unit u);
/* octets 0 is no limit. */
enum quota_state quota_state_of(uint64_t used, uint64_t octets);
/* UTC ms at which the time began that wall_ms is in; of QUOTA_SESSION: 0. */
uint64_t quota_begin_ms(enum quota_period p, uint64_t wall_ms);

#endif
