#include "core/esp/replay.h"

#define SUBSPACE (UINT64_C(1) << 32)
#define REACH 8192 /* without a window: how late a packet may be and still be inferred rightly */

static uint64_t top_of(const struct esp_rt *rt)
{
	return atomic_load_explicit(&rt->seq_top, memory_order_relaxed);
}

static uint64_t word_of(const struct esp_rt *rt, uint64_t seq)
{
	return atomic_load_explicit(&rt->bitmap[seq / 64 % ESP_RT_WORDS], memory_order_relaxed);
}

/* Release stores: the order of the stores is what a process finds that takes over. */
static void put_word(struct esp_rt *rt, uint64_t seq, uint64_t word)
{
	atomic_store_explicit(&rt->bitmap[seq / 64 % ESP_RT_WORDS], word, memory_order_release);
}

static uint64_t bit_of(uint64_t seq)
{
	return UINT64_C(1) << (seq % 64);
}

/* RFC 4303 A2.2, said with the 64-bit bottom of the window: the number is the one with these low
 * bits in [bottom, bottom + 2^32). A window that is switched off still needs a bottom, and refuses nothing: a
 * larger one is taken than any that is configured. */
enum status replay_infer(const struct esp_rt *rt, bool esn, uint32_t seq_low, uint64_t *seq)
{
	uint64_t top = top_of(rt);
	uint64_t window = rt->window ? rt->window : REACH;
	uint64_t bottom;
	uint64_t v;

	if (!esn) {
		*seq = seq_low;
		return ST_OK;
	}
	if (top < window - 1) {
		/* The window reaches below number 0: what only fits there never was sent. */
		if (seq_low >= SUBSPACE - (window - 1 - top))
			return ST_ESP_REPLAY;
		bottom = 0;
	} else {
		bottom = top - (window - 1);
	}
	v = (bottom & ~(SUBSPACE - 1)) | seq_low;
	if (v < bottom) {
		if (v > UINT64_MAX - SUBSPACE)
			return ST_ESP_REPLAY;
		v += SUBSPACE;
	}
	*seq = v;
	return ST_OK;
}

enum status replay_check(const struct esp_rt *rt, uint64_t seq)
{
	uint64_t top = top_of(rt);

	if (rt->window == 0)
		return ST_OK;
	if (seq == 0)
		return ST_ESP_REPLAY;
	if (seq > top)
		return ST_OK;
	if (top - seq >= rt->window)
		return ST_ESP_REPLAY;
	return word_of(rt, seq) & bit_of(seq) ? ST_ESP_REPLAY : ST_OK;
}

/* Bits of the numbers first..last become 0, at most one turn of the ring. */
static void clear_range(struct esp_rt *rt, uint64_t first, uint64_t last)
{
	if (last - first >= ESP_WINDOW_MAX - 1)
		first = last - (ESP_WINDOW_MAX - 1);
	for (uint64_t at = first; at <= last;) {
		uint64_t end = at | 63;
		uint64_t mask = ~UINT64_C(0) << (at % 64);

		if (end > last) {
			end = last;
			mask &= ~UINT64_C(0) >> (63 - last % 64);
		}
		put_word(rt, at, word_of(rt, at) & ~mask);
		if (end == UINT64_MAX)
			return;
		at = end + 1;
	}
}

enum status replay_mark(struct esp_rt *rt, uint64_t seq)
{
	uint64_t top = top_of(rt);
	enum status st = replay_check(rt, seq);

	if (st)
		return st;
	if (seq > top) {
		atomic_store_explicit(&rt->seq_top, seq, memory_order_release);
		clear_range(rt, top + 1, seq);
	}
	put_word(rt, seq, word_of(rt, seq) | bit_of(seq));
	return ST_OK;
}
