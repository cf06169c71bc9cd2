#include "modules/loop/turns.h"

static uint64_t slot_of(uint64_t now_ms)
{
	return now_ms / TURNS_SLOT_MS + 1;
}

void turns_add(struct turns *t, uint64_t now_ms, uint64_t us)
{
	uint64_t slot = slot_of(now_ms);
	size_t i = slot % TURNS_SLOTS;
	if (t->slot[i] != slot) {
		t->slot[i] = slot;
		t->max_us[i] = 0;
	}
	if (us > t->max_us[i])
		t->max_us[i] = us;
}

uint64_t turns_max_us(const struct turns *t, uint64_t now_ms)
{
	uint64_t slot = slot_of(now_ms), max = 0;
	for (size_t i = 0; i < TURNS_SLOTS; i++)
		if (t->slot[i] && t->slot[i] + TURNS_SLOTS > slot && t->max_us[i] > max)
			max = t->max_us[i];
	return max;
}

void turns_count(struct stats *st, uint64_t us)
{
	static const struct {
		uint64_t us;
		enum counter counter;
	} limits[] = {{1000, CT_TURNS_1MS}, {5000, CT_TURNS_5MS}, {10000, CT_TURNS_10MS},
		      {50000, CT_TURNS_50MS}, {100000, CT_TURNS_100MS}, {500000, CT_TURNS_500MS},
		      {1000000, CT_TURNS_1S}};
	stats_inc(st, CT_TURNS);
	stats_add(st, CT_TURNS_US, us);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]) && us > limits[i].us; i++)
		stats_inc(st, limits[i].counter);
}
