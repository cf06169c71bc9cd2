#include "core/base/quota.h"

#include <string.h>

#define DAY_MS 86400000ull

static const char *const ways[QUOTA_WAYS] = {"input", "output", "total"};
static const char *const periods[QUOTA_PERIODS] = {"session", "day", "week", "month"};
static const char *const units[QUOTA_UNITS] = {"octets", "kilobytes", "megabytes", "gigabytes"};

const char *quota_way_word(enum quota_way w)
{
	return (unsigned)w < QUOTA_WAYS ? ways[w] : "";
}

const char *quota_period_word(enum quota_period p)
{
	return (unsigned)p < QUOTA_PERIODS ? periods[p] : "";
}

const char *quota_unit_word(enum quota_unit u)
{
	return (unsigned)u < QUOTA_UNITS ? units[u] : "";
}

static unsigned find(const char *const *words, unsigned n, const char *word)
{
	unsigned i = 0;

	while (i < n && strcmp(words[i], word) != 0)
		i++;
	return i;
}

enum quota_way quota_way_of(const char *word)
{
	return (enum quota_way)find(ways, QUOTA_WAYS, word);
}

enum quota_period quota_period_of(const char *word)
{
	return (enum quota_period)find(periods, QUOTA_PERIODS, word);
}

enum quota_unit quota_unit_of(const char *word)
{
	return (enum quota_unit)find(units, QUOTA_UNITS, word);
}

uint64_t quota_octets(uint64_t n, enum quota_unit u)
{
	unsigned shift = 10 * (unsigned)u;

	return n > UINT64_MAX >> shift ? UINT64_MAX : n << shift;
}

enum quota_state quota_state_of(uint64_t used, uint64_t octets)
{
	if (octets == 0)
		return QUOTA_BELOW;
	if (used >= octets)
		return QUOTA_OVER;
	return used >= octets - octets / (100 / (100 - QUOTA_NEAR_PERCENT)) ? QUOTA_NEAR : QUOTA_BELOW;
}

/* Day of the month, 0 is the first one, of a day since 1970-01-01: years from March on have their odd day at the
 * end, and months of 153 days in five. */
static uint64_t day_of_month(uint64_t day)
{
	uint64_t z = day + 719468; /* since 0000-03-01 */
	uint64_t of_era = z % 146097;
	uint64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	uint64_t of_year = of_era - (365 * year + year / 4 - year / 100);

	return of_year - (153 * ((5 * of_year + 2) / 153) + 2) / 5;
}

uint64_t quota_begin_ms(enum quota_period p, uint64_t wall_ms)
{
	uint64_t day = wall_ms / DAY_MS, back = 0;

	if (p == QUOTA_SESSION)
		return 0;
	if (p == QUOTA_WEEK)
		back = (day + 3) % 7; /* 1970-01-01 was a Thursday */
	else if (p == QUOTA_MONTH)
		back = day_of_month(day);
	return back > day ? 0 : (day - back) * DAY_MS;
}
