/* Turns of the loop with a stepped clock: the longest one of the last minute, and the counters. */
#include "modules/loop/turns.h"

#include "tests/lib/t.h"

#define S 1000u

static void longest_of_a_minute(void)
{
	struct turns t = {0};
	T_EQ(turns_max_us(&t, 0), 0);
	T_EQ(turns_max_us(&t, 1000000000), 0);
	for (uint64_t start = 0; start < 12 * S; start += 777) {
		uint64_t base = 3600 * S + start;
		t = (struct turns){0};
		turns_add(&t, base, 9000);
		turns_add(&t, base + 1, 200);
		/* Asking takes nothing away, whoever asks and how often. */
		for (uint64_t ms = 0; ms <= 60 * S; ms += 250)
			T_EQ(turns_max_us(&t, base + ms), 9000);
		T_EQ(turns_max_us(&t, base + 65 * S), 0);
		T_EQ(turns_max_us(&t, base + 1000 * S), 0);
	}
}

static void short_ones_do_not_hide_it(void)
{
	struct turns t = {0};
	uint64_t ms = 100 * S;
	turns_add(&t, ms, 70000);
	for (; ms <= 160 * S; ms += 10) {
		turns_add(&t, ms, 50);
		T_EQ(turns_max_us(&t, ms), 70000);
	}
	for (; ms <= 165 * S; ms += 10)
		turns_add(&t, ms, 60);
	/* Its slot was used again. */
	T_EQ(turns_max_us(&t, ms), 60);
	/* A loop that slept longer than a minute begins with what it does now. */
	ms += 500 * S;
	T_EQ(turns_max_us(&t, ms), 0);
	turns_add(&t, ms, 5);
	T_EQ(turns_max_us(&t, ms), 5);
}

static void counted_by_length(void)
{
	static struct stats st;
	static const uint64_t us[] = {0, 999, 1000, 1001, 5000, 5001, 10001, 50001, 100001, 500001, 1000000, 1000001};
	uint64_t sum = 0;
	for (size_t i = 0; i < sizeof(us) / sizeof(us[0]); i++) {
		turns_count(&st, us[i]);
		sum += us[i];
	}
	T_EQ(st.count[CT_TURNS], 12);
	T_EQ(st.count[CT_TURNS_US], sum);
	T_EQ(st.count[CT_TURNS_1MS], 9);
	T_EQ(st.count[CT_TURNS_5MS], 7);
	T_EQ(st.count[CT_TURNS_10MS], 6);
	T_EQ(st.count[CT_TURNS_50MS], 5);
	T_EQ(st.count[CT_TURNS_100MS], 4);
	T_EQ(st.count[CT_TURNS_500MS], 3);
	T_EQ(st.count[CT_TURNS_1S], 1);
}

int main(void)
{
	T_RUN(longest_of_a_minute);
	T_RUN(short_ones_do_not_hide_it);
	T_RUN(counted_by_length);
	return t_end();
}
