/* How long the turns of a loop took: the longest one of the last minute, and how many were longer than
 * what. A reader changes nothing. Pure: the caller knows the time. */
#ifndef MODULES_LOOP_TURNS_H
#define MODULES_LOOP_TURNS_H

#include "core/base/stats.h"

#define TURNS_SLOT_MS 5000
#define TURNS_SLOTS 13 /* a whole minute and the slot that has just begun */

/* A zeroed one has seen no turn. */
struct turns {
	uint64_t slot[TURNS_SLOTS]; /* which five seconds, counted from 1 */
	uint64_t max_us[TURNS_SLOTS];
};

/* A turn of so many microseconds has ended now. Times never go back. */
void turns_add(struct turns *t, uint64_t now_ms, uint64_t us);
/* The longest one that ended in the last 60 seconds (at most 65); 0: none. */
uint64_t turns_max_us(const struct turns *t, uint64_t now_ms);

/* One more turn for CT_TURNS, CT_TURNS_US and each limit that it went over. */
void turns_count(struct stats *st, uint64_t us);

#endif
