/* A token bucket for what is sent without being asked: so many at once, so many a second after that,
 * and a word about what was left out. Pure: it is told the time. */
#ifndef MODULES_SNMP_LIMIT_H
#define MODULES_SNMP_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

/* Of notifications; a manager that loses count is worse off than one that was told a number. */
#define LIMIT_BURST 100
#define LIMIT_RATE 20 /* a second */
#define LIMIT_REPORT_MS 5000

struct limit {
	uint32_t burst;
	uint32_t rate;         /* a second */
	uint64_t tokens;       /* thousandths */
	int64_t at_ms;         /* tokens are as of then */
	uint64_t left_out;     /* since the last report */
	int64_t left_out_ms;   /* the first of them */
};

void limit_init(struct limit *l, uint32_t burst, uint32_t rate, int64_t now_ms);
/* May one go? Otherwise it is counted as left out. now_ms never goes back. */
bool limit_take(struct limit *l, int64_t now_ms);
/* How many were left out, LIMIT_REPORT_MS after the first of them: then they are forgotten. 0: none,
 * or not yet. */
uint64_t limit_report(struct limit *l, int64_t now_ms);

#endif
