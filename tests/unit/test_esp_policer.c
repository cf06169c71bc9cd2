/* The policer: exact at both ends of its range, and its rate in the long run, whatever comes. */
#include "core/esp/policer.h"
#include "core/base/hash.h"
#include "tests/lib/t.h"

#define SECOND UINT64_C(1000000000)

static uint64_t seed;

static uint64_t next_random(void)
{
	return hash_u64(++seed);
}

static void begins_full_and_refills_exactly(void)
{
	struct policer p = {0};

	T_TRUE(policer_pass(&p, 65535, 0)); /* off */
	policer_set(&p, 8000, 1000, 5 * SECOND);
	T_TRUE(policer_pass(&p, 600, 5 * SECOND));
	T_TRUE(policer_pass(&p, 400, 5 * SECOND));
	T_TRUE(!policer_pass(&p, 1, 5 * SECOND));
	/* one byte a millisecond, neither a nanosecond earlier nor later */
	T_TRUE(!policer_pass(&p, 1, 5 * SECOND + 999999));
	T_TRUE(policer_pass(&p, 1, 5 * SECOND + 1000000));
	T_TRUE(!policer_pass(&p, 100, 5 * SECOND + 100999999));
	T_TRUE(policer_pass(&p, 100, 5 * SECOND + 101000000));
}

static void time_that_goes_back_is_no_time(void)
{
	struct policer p = {0};

	policer_set(&p, 8000, 1000, 9 * SECOND);
	T_TRUE(policer_pass(&p, 1000, 9 * SECOND));
	T_TRUE(!policer_pass(&p, 1, 3 * SECOND));
	T_TRUE(!policer_pass(&p, 1, 9 * SECOND));
	T_TRUE(policer_pass(&p, 1, 9 * SECOND + 1000000));
}

static void a_long_silence_fills_it_once(void)
{
	struct policer p = {0};

	policer_set(&p, POLICER_RATE_MAX, POLICER_BURST_MAX, 0);
	for (int i = 0; i < 3; i++) {
		uint64_t now = UINT64_MAX / 4 * (uint64_t)(i + 1);
		size_t left = POLICER_BURST_MAX;

		for (; left >= 65535; left -= 65535)
			T_TRUE(policer_pass(&p, 65535, now));
		T_TRUE(policer_pass(&p, left, now));
		T_TRUE(!policer_pass(&p, 1, now));
	}
}

static void longer_than_the_burst_is_owed(void)
{
	struct policer p = {0};

	policer_set(&p, 8000, 1000, 0);
	T_TRUE(policer_pass(&p, 3000, 0)); /* owes 2,000: two seconds, and one to be full again */
	T_TRUE(!policer_pass(&p, 3000, 2 * SECOND));
	T_TRUE(!policer_pass(&p, 3000, 3 * SECOND - 1));
	T_TRUE(policer_pass(&p, 3000, 3 * SECOND));
}

static void another_rate_keeps_the_level(void)
{
	struct policer p = {0};

	policer_set(&p, 8000, 1000, 0);
	T_TRUE(policer_pass(&p, 1000, 0));
	policer_set(&p, 8000, 1000, 0); /* the same again gives nothing */
	T_TRUE(!policer_pass(&p, 1, 0));
	policer_set(&p, 80000, 2000, 0);
	T_TRUE(!policer_pass(&p, 11, 1000000));
	T_TRUE(policer_pass(&p, 10, 1000000));
	policer_set(&p, 80000, 1000, 100 * SECOND); /* the level fits into the smaller depth */
	T_TRUE(policer_pass(&p, 1000, 100 * SECOND));
	T_TRUE(!policer_pass(&p, 1, 100 * SECOND));
	policer_set(&p, 0, 0, 100 * SECOND);
	T_TRUE(policer_pass(&p, 65535, 100 * SECOND));
}

static void default_bursts(void)
{
	T_EQ(policer_default_burst(8000), 1500);
	T_EQ(policer_default_burst(5000000), 156250);
	T_EQ(policer_default_burst(POLICER_RATE_MAX), POLICER_BURST_MAX);
}

/* Packets of random sizes at random times, in bursts and pauses, always more than the rate but never
 * with a pause that a full bucket would forget: what passes is the rate within 1 percent. */
static void keeps_rate(uint64_t rate, uint64_t burst, size_t len_max)
{
	struct policer p = {0};
	uint64_t now = next_random() % SECOND, begin = now, passed = 0, offered = 0;
	double bits = (double)burst * 8 * 400; /* so that the first burst counts for little */
	double most, least;

	policer_set(&p, rate, burst, now);
	while ((double)(now - begin) * (double)rate / 1e9 < bits) {
		size_t train = 1 + next_random() % 64;
		double want = 0;

		for (size_t i = 0; i < train; i++) {
			size_t len = 1 + next_random() % len_max;

			want += (double)len;
			passed += policer_pass(&p, len, now) ? len : 0;
			offered += len;
		}
		/* the next train comes after a part of the time that this one was worth, and of the bucket's */
		if (want > (double)burst / 2)
			want = (double)burst / 2;
		now += (uint64_t)(want * 8e9 / (double)rate * (double)(next_random() % 900) / 1000) + 1;
	}
	most = (double)(now - begin) * (double)rate / 8e9 + (double)burst + (double)len_max;
	least = (double)(now - begin) * (double)rate / 8e9;
	T_TRUE((double)offered > most);
	T_TRUE((double)passed <= most);
	T_TRUE((double)passed >= least * 0.99 && (double)passed <= least * 1.01);
}

static void rate_in_the_long_run(void)
{
	static const struct {
		const char *name;
		uint64_t rate, burst;
		size_t len_max;
	} rows[] = {
		{"8 kbit/s", 8000, 1500, 300},
		{"8 kbit/s, packets of the burst", 8000, 1500, 1500},
		{"8 kbit/s, longer than the burst", 8000, 1500, 4000},
		{"64 kbit/s", 64000, 2000, 1500},
		{"5 Mbit/s", 5000000, 156250, 1500},
		{"1 Gbit/s, small burst", 1000000000, 10000, 1500},
		{"10 Gbit/s", 10000000000, 1250000, 1500},
		{"10 Gbit/s, 64 KiB packets", 10000000000, 1250000, 65535},
		{"100 Gbit/s", 100000000000, 12500000, 9000},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].name);
		for (seed = 1; seed < 6000; seed += 1000)
			T_DO(keeps_rate(rows[i].rate, rows[i].burst, rows[i].len_max));
	}
}

int main(void)
{
	T_RUN(begins_full_and_refills_exactly);
	T_RUN(time_that_goes_back_is_no_time);
	T_RUN(a_long_silence_fills_it_once);
	T_RUN(longer_than_the_burst_is_owed);
	T_RUN(another_rate_keeps_the_level);
	T_RUN(default_bursts);
	T_RUN(rate_in_the_long_run);
	return t_end();
}
