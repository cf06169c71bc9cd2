/* Answers to packets that are too long: from whom, about what, how many. */
#include "core/esp/too_big.h"
#include "core/wire/ip_build.h"
#include "tests/lib/t.h"

static size_t udp(uint8_t *buf, size_t cap, const char *src, const char *dst)
{
	static const uint8_t data[1000];
	struct wr w = wr_init(buf, cap);
	struct ip_head h = {.dont_fragment = true};

	(void)!addr_parse(src, &h.src);
	(void)!addr_parse(dst, &h.dst);
	ip_build_udp(&w, &h, 1, 2, data, sizeof(data));
	return w.len;
}

static void from_the_destination(void)
{
	static const struct {
		const char *name, *src, *dst;
		bool is_answered;
	} rows[] = {
		{"ipv4", "10.0.0.1", "10.9.0.7", true},
		{"ipv6", "fd00::1", "fd00:9::7", true},
		{"to a group", "10.0.0.1", "224.0.0.5", false},
		{"to everybody", "10.0.0.1", "255.255.255.255", false},
		{"to a group of ipv6", "fd00::1", "ff02::5", false},
		{"from nobody", "0.0.0.0", "10.9.0.7", false},
		{"from nobody of ipv6", "::", "fd00:9::7", false},
		{"from a group", "239.1.1.1", "10.9.0.7", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t packet[1100], out[TOO_BIG_MAX];
		size_t len = udp(packet, sizeof(packet), rows[i].src, rows[i].dst);
		struct wr w = wr_init(out, sizeof(out));
		struct ip_info of, ip;

		T_ROW(i, rows[i].name);
		T_EQ(ip_parse(packet, len, &of), ST_OK);
		too_big_build(&w, packet, &of, 1328);
		T_EQ(wr_ok(&w), rows[i].is_answered);
		if (!rows[i].is_answered)
			continue;
		T_EQ(ip_parse(out, w.len, &ip), ST_OK);
		T_TRUE(addr_eq(&ip.src, &of.dst) && addr_eq(&ip.dst, &of.src));
		T_EQ(ip.src_port, of.version == 4 ? 3 << 8 | 4 : 2 << 8);
		T_EQ(out[ip.header_len + 6] << 8 | out[ip.header_len + 7], 1328);
		T_MEM(out + ip.header_len + 8, packet, ip.total_len - ip.header_len - 8);
	}
}

static void not_about_errors(void)
{
	uint8_t packet[1100], error[TOO_BIG_MAX], out[TOO_BIG_MAX];
	struct wr e = wr_init(error, sizeof(error)), w = wr_init(out, sizeof(out));
	size_t len = udp(packet, sizeof(packet), "10.0.0.1", "10.9.0.7");
	struct ip_info ip;

	T_EQ(ip_parse(packet, len, &ip), ST_OK);
	too_big_build(&e, packet, &ip, 600);
	T_TRUE(wr_ok(&e));
	T_EQ(ip_parse(error, e.len, &ip), ST_OK);
	too_big_build(&w, error, &ip, 100);
	T_TRUE(!wr_ok(&w));
	/* a later fragment */
	packet[6] = 0;
	packet[7] = 10;
	w = wr_init(out, sizeof(out));
	T_EQ(ip_parse(packet, len, &ip), ST_OK);
	too_big_build(&w, packet, &ip, 600);
	T_TRUE(!wr_ok(&w));
}

static void burst_and_rate(void)
{
	struct too_big_limit l = {0};
	uint64_t now = 1000000;
	int n = 0;

	while (too_big_may(&l, now))
		n++;
	T_EQ(n, TOO_BIG_BURST);
	T_TRUE(!too_big_may(&l, now + 9));
	T_TRUE(too_big_may(&l, now + 10));
	T_TRUE(!too_big_may(&l, now + 10));
	/* in the long run: the rate */
	n = 0;
	for (uint64_t ms = 0; ms < 10000; ms++)
		n += too_big_may(&l, now + 11 + ms);
	T_TRUE(n >= 10 * TOO_BIG_PER_S - 1 && n <= 10 * TOO_BIG_PER_S + 1);
	/* an hour's rest is worth one burst */
	n = 0;
	while (too_big_may(&l, now + 3600000))
		n++;
	T_EQ(n, TOO_BIG_BURST);
}

int main(void)
{
	T_RUN(from_the_destination);
	T_RUN(not_about_errors);
	T_RUN(burst_and_rate);
	return t_end();
}
