/* The DSCP and ECN of tunnels: all combinations of RFC 6040 in both families, the checksum that goes
 * along, and that nothing else of the packet changes. */
#include "core/esp/tos.h"
#include "core/wire/ip_build.h"
#include "tests/lib/t.h"

#define DROP (-1)

static size_t build(uint8_t *buf, size_t cap, const char *src, const char *dst, uint8_t tos)
{
	struct wr w = wr_init(buf, cap);
	struct ip_head h = {.tos = tos, .id = 7};

	(void)!addr_parse(src, &h.src);
	(void)!addr_parse(dst, &h.dst);
	ip_build_udp(&w, &h, 1000, 2000, "hello", 5);
	return w.len;
}

/* RFC 6040 figure 3: the outer field is the inner one; RFC 2983: so is the DSCP. */
static void outer_is_inner(void)
{
	for (unsigned tos = 0; tos < 256; tos++)
		T_EQ(tos_outer((uint8_t)tos), tos);
}

/* RFC 6040 figure 4. */
static void every_combination(void)
{
	static const struct {
		const char *name;
		uint8_t inner, outer;
		int result;
	} rows[] = {
		{"not-ect under not-ect", 0, 0, 0}, {"not-ect under ect(0)", 0, 2, 0},
		{"not-ect under ect(1)", 0, 1, 0}, {"not-ect under ce", 0, 3, DROP},
		{"ect(0) under not-ect", 2, 0, 2}, {"ect(0) under ect(0)", 2, 2, 2},
		{"ect(0) under ect(1)", 2, 1, 1}, {"ect(0) under ce", 2, 3, 3},
		{"ect(1) under not-ect", 1, 0, 1}, {"ect(1) under ect(0)", 1, 2, 1},
		{"ect(1) under ect(1)", 1, 1, 1}, {"ect(1) under ce", 1, 3, 3},
		{"ce under not-ect", 3, 0, 3}, {"ce under ect(0)", 3, 2, 3},
		{"ce under ect(1)", 3, 1, 3}, {"ce under ce", 3, 3, 3},
	};
	static const char *const hosts[][2] = {
		{"10.0.0.1", "10.9.0.1"}, {"fd00::1", "fd00:9::1"}};

	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		const char *const *h = hosts[i % 2];
		uint8_t inner = (uint8_t)(46 << 2 | rows[i / 2].inner), was[128], buf[128], want[128];
		size_t len = build(buf, sizeof(buf), h[0], h[1], inner);
		struct ip_info ip;
		enum status st;

		T_ROW(i, rows[i / 2].name);
		memcpy(was, buf, len);
		T_EQ(ip_parse(buf, len, &ip), ST_OK);
		T_EQ(ip.tos, inner);
		/* The outer DSCP is another's word, and not taken. */
		st = tos_take(buf, &ip, (uint8_t)(10 << 2 | rows[i / 2].outer));
		T_EQ(st, rows[i / 2].result == DROP ? ST_ESP_ECN : ST_OK);
		if (st) {
			T_MEM(buf, was, len);
			continue;
		}
		T_EQ(build(want, sizeof(want), h[0], h[1], (uint8_t)(46 << 2 | rows[i / 2].result)), len);
		T_MEM(buf, want, len);
		T_EQ(ip.tos, 46 << 2 | rows[i / 2].result);
	}
}

/* A changed word may stand for any other: the sum stays right at its corners too (RFC 1624). */
static void sum_changes(void)
{
	static const uint16_t words[] = {0, 1, 0x7fff, 0x8000, 0xfffe, 0xffff, 0x1234};
	uint8_t data[6] = {0x45, 0, 0xde, 0xad, 0, 0};

	for (size_t i = 0; i < 7; i++) {
		for (size_t j = 0; j < 7; j++) {
			uint16_t before;

			data[4] = (uint8_t)(words[i] >> 8);
			data[5] = (uint8_t)words[i];
			before = ip_checksum(data, sizeof(data));
			data[4] = (uint8_t)(words[j] >> 8);
			data[5] = (uint8_t)words[j];
			T_ROW(i * 7 + j, "word");
			T_EQ(ip_sum_change(before, words[i], words[j]), ip_checksum(data, sizeof(data)));
		}
	}
}

int main(void)
{
	T_RUN(outer_is_inner);
	T_RUN(every_combination);
	T_RUN(sum_changes);
	return t_end();
}
