/* The replay window: rows in the order in which packets arrive, edges of every window size, ESN
 * across the ends of subspaces, and a comparison with a model that remembers everything. */
#include <stdlib.h>

#include "core/esp/replay.h"
#include "tests/lib/t.h"

static struct esp_rt rt;

static void start(uint32_t window, uint64_t top)
{
	memset(&rt, 0, sizeof(rt));
	rt.window = window;
	if (top) {
		atomic_store(&rt.seq_top, top);
		/* As if every number up to top had been seen. */
		for (size_t i = 0; i < ESP_RT_WORDS; i++)
			atomic_store(&rt.bitmap[i], UINT64_MAX);
	}
}

/* One packet: inferred, checked, authenticated, marked. */
static bool arrives(bool esn, uint32_t seq_low)
{
	uint64_t seq;

	return replay_infer(&rt, esn, seq_low, &seq) == ST_OK && replay_check(&rt, seq) == ST_OK &&
	       replay_mark(&rt, seq) == ST_OK;
}

#define T(n, want)                                                                                 \
	do {                                                                                       \
		T_ROW(n, want ? "taken" : "refused");                                              \
		T_EQ(arrives(false, n), want);                                                     \
	} while (0)

static void order_of_arrival(void)
{
	start(64, 0);
	T(0, false);
	T(1, true);
	T(1, false);
	T(9, true);
	T(8, true);
	T(7, true);
	T(7, false);
	T(64, true);
	T(63, true);
	T(63, false);
	T(2, true); /* 64 - 2 = 62 behind: inside */
	T(65, true);
	T(1, false);
	T(2, false);
	T(3, true); /* 65 - 3 = 62 */
	T(66, true);
	T(3, false);
	T(4, true);
	T(200, true);
	T(136, false); /* 64 behind */
	T(137, true);  /* 63 behind: the last one inside */
	T(137, false);
	T(138, true);
	T(199, true);
	T(200, false);
	T(20000, true); /* more than a turn of the ring */
	T(19937, true);
	T(19936, false);
	T(20000 - 1024, false);
	T(UINT32_MAX, true);
	T(UINT32_MAX, false);
	T(UINT32_MAX - 1, true);
	T(UINT32_MAX - 64, false);
}

/* R-ARW: packet X - N + 1 is taken once, X - N is refused, doubles are refused. */
static void edge_of_each_window(void)
{
	static const uint32_t windows[] = {64, 65, 100, 128, 256, 512, 1023, 1024};
	static const uint32_t tops[] = {9000, 65536, 100000, 1023, 1024, 1025};

	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		for (size_t j = 0; j < sizeof(tops) / sizeof(tops[0]); j++) {
			uint32_t n = windows[i], x = tops[j];

			T_ROW(n, "window");
			start(n, 0);
			T_EQ(arrives(false, x), true);
			T_EQ(arrives(false, x), false);
			if (x > n) {
				T_EQ(arrives(false, x - n), false);
				T_EQ(arrives(false, x - n + 1), true);
				T_EQ(arrives(false, x - n + 1), false);
			}
			T_EQ(arrives(false, x + 1), true);
			if (x > n) {
				T_EQ(arrives(false, x - n + 1), false);
				T_EQ(arrives(false, x - n + 2), true);
			}
			T_EQ(arrives(false, x), false);
		}
	}
}

static void switched_off(void)
{
	start(0, 0);
	T(0, true);
	T(5, true);
	T(5, true);
	T(4, true);
	T(1000000, true);
	T(1, true);
}

/* However far the window jumps, nothing of its former turn is left in it. */
static void a_jump_leaves_nothing(void)
{
	static const uint32_t jumps[] = {1, 63, 64, 65, 512, 1022, 1023, 1024, 1025, 2048, 70001};

	for (size_t j = 0; j < sizeof(jumps) / sizeof(jumps[0]); j++) {
		const uint64_t top = 50000, next = top + jumps[j];

		T_ROW(jumps[j], "jump");
		start(1024, top);
		T_EQ(arrives(false, (uint32_t)next), true);
		for (uint64_t n = next - 1023; n < next; n++)
			T_EQ(arrives(false, (uint32_t)n), n > top);
	}
}

/* Two copies checked before either is marked: the mark is the judge. */
static void double_in_one_batch(void)
{
	start(64, 0);
	T_EQ(replay_check(&rt, 7), ST_OK);
	T_EQ(replay_check(&rt, 7), ST_OK);
	T_EQ(replay_mark(&rt, 7), ST_OK);
	T_EQ(replay_mark(&rt, 7), ST_ESP_REPLAY);
	T_EQ(replay_check(&rt, 8), ST_OK);
	T_EQ(replay_mark(&rt, 500), ST_OK);
	T_EQ(replay_mark(&rt, 8), ST_ESP_REPLAY);
}

/* A check alone changes nothing: forged numbers do not move the window. */
static void check_changes_nothing(void)
{
	start(64, 0);
	T_EQ(arrives(false, 10), true);
	T_EQ(replay_check(&rt, 4000000000), ST_OK);
	T_EQ(arrives(false, 11), true);
	T_EQ(arrives(false, 9), true);
	T_EQ(atomic_load(&rt.seq_top), 11);
}

#define G(w, top, low, st_, want)                                                                  \
	{                                                                                          \
		w, top, low, st_, want                                                             \
	}

static const struct {
	uint32_t window;
	uint64_t top;
	uint32_t low;
	enum status st;
	uint64_t want;
} guesses[] = {
	/* beginning: below number 0 there is nothing */
	G(64, 0, 0, ST_OK, 0),
	G(64, 0, 1, ST_OK, 1),
	G(64, 0, 0xffffffc0, ST_OK, 0xffffffc0),
	G(64, 0, 0xffffffc1, ST_ESP_REPLAY, 0),
	G(64, 0, 0xffffffff, ST_ESP_REPLAY, 0),
	G(64, 10, 0xffffffca, ST_OK, 0xffffffca),
	G(64, 10, 0xffffffcb, ST_ESP_REPLAY, 0),
	G(64, 63, 0xffffffff, ST_OK, 0xffffffff),
	G(64, 62, 0xffffffff, ST_ESP_REPLAY, 0),
	/* case A: the window is inside one subspace */
	G(64, 0x100000100, 0xc1, ST_OK, 0x1000000c1),
	G(64, 0x100000100, 0xc0, ST_OK, 0x2000000c0),
	G(64, 0x100000100, 0x100, ST_OK, 0x100000100),
	G(64, 0x100000100, 0xffffffff, ST_OK, 0x1ffffffff),
	G(64, 0x1ffffffff, 0, ST_OK, 0x200000000),
	G(64, 0x1ffffffff, 0xffffffc0, ST_OK, 0x1ffffffc0),
	G(64, 0x1ffffffff, 0xffffffbf, ST_OK, 0x2ffffffbf),
	G(64, 0xffffffff, 5, ST_OK, 0x100000005),
	/* case B: the window spans two */
	G(64, 0x200000010, 0xffffffff, ST_OK, 0x1ffffffff),
	G(64, 0x200000010, 0xffffffd1, ST_OK, 0x1ffffffd1),
	G(64, 0x200000010, 0xffffffd0, ST_OK, 0x2ffffffd0),
	G(64, 0x200000010, 0x10, ST_OK, 0x200000010),
	G(64, 0x200000010, 0x11, ST_OK, 0x200000011),
	G(64, 0x200000000, 0xffffffff, ST_OK, 0x1ffffffff),
	G(64, 0x20000003e, 0xffffffff, ST_OK, 0x1ffffffff),
	G(64, 0x20000003f, 0xffffffff, ST_OK, 0x2ffffffff),
	G(1024, 0x200000000, 0xfffffc01, ST_OK, 0x1fffffc01),
	G(1024, 0x200000000, 0xfffffc00, ST_OK, 0x2fffffc00),
	/* switched off: eight times as far */
	G(0, 0x200000000, 0xffffe001, ST_OK, 0x1ffffe001),
	G(0, 0x200000000, 0xffffe000, ST_OK, 0x2ffffe000),
	/* the very end */
	G(64, UINT64_MAX, 0xffffffff, ST_OK, UINT64_MAX),
	G(64, UINT64_MAX, 0, ST_ESP_REPLAY, 0),
};

static void esn_inference(void)
{
	for (size_t i = 0; i < sizeof(guesses) / sizeof(guesses[0]); i++) {
		uint64_t seq = 12345;

		T_ROW(i, "guess");
		start(guesses[i].window, guesses[i].top);
		T_EQ(replay_infer(&rt, true, guesses[i].low, &seq), guesses[i].st);
		if (guesses[i].st == ST_OK)
			T_EQ(seq, guesses[i].want);
		else
			T_EQ(seq, 12345);
	}
}

/* The pseudo code of RFC 4303 A2.3, with the numbers it gives. */
static int64_t rfc_seqh(uint64_t top, uint32_t w, uint32_t seql)
{
	uint32_t tl = (uint32_t)top;
	int64_t th = (int64_t)(top >> 32);

	if (tl >= w - 1)
		return seql >= tl - w + 1 ? th : th + 1;
	return seql >= tl - w + 1 ? th - 1 : th;
}

static void esn_like_the_rfc(void)
{
	srand(1);
	for (int i = 0; i < 200000; i++) {
		uint32_t w = 64 + (uint32_t)rand() % 8129;
		uint64_t top = (uint64_t)(rand() % 4) << 32;
		uint32_t low = (uint32_t)rand() % 20000 - 10000;
		uint64_t seq;
		int64_t th;

		top += (uint32_t)((uint32_t)rand() % 20000 - (rand() % 2 ? 0 : 20000));
		start(w, top);
		th = rfc_seqh(top, w, low);
		T_ROW(i, "random");
		if (th < 0) {
			T_EQ(replay_infer(&rt, true, low, &seq), ST_ESP_REPLAY);
			continue;
		}
		T_EQ(replay_infer(&rt, true, low, &seq), ST_OK);
		T_EQ(seq, (uint64_t)th << 32 | low);
	}
}

static void esn_crosses_subspaces(void)
{
	start(1024, 0xfffffff0);
	for (uint64_t n = 0xfffffff1; n < 0x100000800; n++)
		T_EQ(arrives(true, (uint32_t)n), true);
	T_EQ(atomic_load(&rt.seq_top), 0x1000007ff);
	for (uint64_t n = 0x100000400; n < 0x100000800; n++)
		T_EQ(arrives(true, (uint32_t)n), false);
	T_EQ(atomic_load(&rt.seq_top), 0x1000007ff);
}

/* Without ESN the number does not come around. */
static void no_esn_does_not_wrap(void)
{
	start(64, UINT32_MAX);
	T_EQ(arrives(false, 0), false);
	T_EQ(arrives(false, 1), false);
}

/* Everything that ever was taken, by number. */
#define MODEL 70000
static bool seen[MODEL];

static void like_a_model(void)
{
	static const uint32_t windows[] = {64, 100, 127, 512, 1023, 1024};

	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		uint32_t top = 0;

		start(windows[i], 0);
		memset(seen, 0, sizeof(seen));
		srand(7);
		for (int k = 0; k < 60000; k++) {
			uint32_t n = rand() % 50 ? top + 1 + (uint32_t)rand() % 3
						 : top + (uint32_t)rand() % 400;
			bool want;

			if (rand() % 2) {
				uint32_t back = (uint32_t)rand() % (windows[i] + 70);

				n = top > back ? top - back : 0;
			}
			if (n >= MODEL)
				break;
			want = n && !seen[n] && (n > top || top - n < windows[i]);
			T_ROW(k, "model");
			T_EQ(arrives(false, n), want);
			if (want) {
				seen[n] = true;
				top = n > top ? n : top;
			}
		}
		T_TRUE(top > 20000);
	}
}

/* A process that was killed inside a mark: whatever instruction was the last, what was taken before
 * is refused by the next process. The stores of a mark, cut after each of them. */
static void death_inside_a_mark(void)
{
	static const uint32_t jumps[] = {1, 5, 63, 64, 65, 1000, 1023, 1024, 1025, 100000};

	for (size_t j = 0; j < sizeof(jumps) / sizeof(jumps[0]); j++) {
		struct esp_rt before, after, cut;
		const uint32_t first = 20000, last = 20100;
		uint64_t next = last + jumps[j];

		start(1024, 0);
		for (uint32_t n = first; n <= last; n++)
			T_EQ(arrives(false, n), true);
		before = rt;
		T_EQ(replay_mark(&rt, next), ST_OK);
		after = rt;
		/* Top first, then words in the ring's order from the old top on. */
		for (size_t words = 0; words <= ESP_RT_WORDS; words++) {
			cut = before;
			cut.seq_top = after.seq_top;
			for (size_t i = 0; i < words; i++) {
				size_t at = (last / 64 + i) % ESP_RT_WORDS;

				cut.bitmap[at] = after.bitmap[at];
			}
			rt = cut;
			for (uint32_t n = first; n <= last; n++)
				T_EQ(replay_check(&rt, n), ST_ESP_REPLAY);
		}
	}
}

int main(void)
{
	T_RUN(order_of_arrival);
	T_RUN(edge_of_each_window);
	T_RUN(switched_off);
	T_RUN(a_jump_leaves_nothing);
	T_RUN(double_in_one_batch);
	T_RUN(check_changes_nothing);
	T_RUN(esn_inference);
	T_RUN(esn_like_the_rfc);
	T_RUN(esn_crosses_subspaces);
	T_RUN(no_esn_does_not_wrap);
	T_RUN(like_a_model);
	T_RUN(death_inside_a_mark);
	return t_end();
}
