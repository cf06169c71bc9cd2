/* Inner IP packets: reading, building, checksums. */
#include "core/wire/ip.h"
#include "core/wire/ip_build.h"
#include "core/wire/ts.h"
#include "tests/unit/wire.h"

static struct ip_info info;

static enum status parse(struct view v)
{
	return ip_parse(v.p, v.len, &info);
}

/* Header of len bytes in all, flags and offset, protocol; 10.0.0.1 to 10.0.0.2. */
#define V4(vihl, len, frag, proto) vihl "b8" len "1234" frag "40" proto "0000 0a000001 0a000002"
#define V6(plen, next)                                                                             \
	"6b800000" plen next "40 20010db8000000000000000000000001 20010db8000000000000000000000002"
#define UDP "1388 0035 0008 0000"

static void fields_v4(void)
{
	T_EQ(parse(hex(V4("45", "001c", "4000", "11") UDP)), ST_OK);
	T_TRUE(info.version == 4 && info.proto == IPP_UDP && info.tos == 0xb8 && info.ttl == 64);
	T_TRUE(info.dont_fragment && !info.is_fragment && !info.is_later_fragment);
	T_TRUE(info.has_ports && info.src_port == 5000 && info.dst_port == 53);
	T_TRUE(info.header_len == 20 && info.total_len == 28);
	T_TRUE(info.src.b[3] == 1 && info.dst.b[3] == 2 && info.dst.family == 4);
}

static void fields_v6(void)
{
	T_EQ(parse(hex(V6("0008", "11") UDP)), ST_OK);
	T_TRUE(info.version == 6 && info.proto == IPP_UDP && info.tos == 0xb8 && info.ttl == 64);
	T_TRUE(info.dont_fragment && info.has_ports && info.dst_port == 53);
	T_TRUE(info.header_len == 40 && info.total_len == 48);
	T_TRUE(info.src.b[15] == 1 && info.dst.b[15] == 2 && info.dst.family == 6);
}

static void packets_judged(void)
{
	static const struct {
		const char *name;
		const char *hex;
		enum status st;
		uint8_t proto;
		int src, dst;      /* -1: no ports */
		const char *flags; /* f fragment, l later */
	} rows[] = {
		{"v4 padded behind", V4("45", "001c", "0000", "11") UDP "0000", ST_OK, 17, 5000, 53,
			""},
		{"v4 options", V4("46", "0020", "0000", "11") "01010100" UDP, ST_OK, 17, 5000, 53,
			""},
		{"v4 no payload", V4("45", "0014", "0000", "3b"), ST_OK, 59, -1, -1, ""},
		{"v4 TCP cut before the ports", V4("45", "0017", "0000", "06") "000100", ST_OK, 6,
			-1, -1, ""},
		{"v4 ports are not read from the padding",
			V4("45", "0014", "0000", "06") "00010002", ST_OK, 6, -1, -1, ""},
		{"v4 ICMP echo", V4("45", "001c", "0000", "01") "0800 0000 00010001", ST_OK, 1,
			0x800, 0x800, ""},
		{"v4 GRE has no ports", V4("45", "0018", "0000", "2f") "00000800", ST_OK, 47, -1,
			-1, ""},
		{"v4 first fragment", V4("45", "001c", "2000", "11") UDP, ST_OK, 17, 5000, 53, "f"},
		{"v4 later fragment", V4("45", "001c", "2001", "11") UDP, ST_OK, 17, -1, -1, "fl"},
		{"v4 last fragment", V4("45", "001c", "1fff", "11") UDP, ST_OK, 17, -1, -1, "fl"},
		{"v4 total length one more", V4("45", "001d", "0000", "11") UDP, ST_ESP_MALFORMED,
			0, 0, 0, ""},
		{"v4 total length 65535", V4("45", "ffff", "0000", "11") UDP, ST_ESP_MALFORMED, 0,
			0, 0, ""},
		{"v4 total length 0", V4("45", "0000", "0000", "11") UDP, ST_ESP_MALFORMED, 0, 0, 0,
			""},
		{"v4 total length below the header", V4("45", "0013", "0000", "11") UDP,
			ST_ESP_MALFORMED, 0, 0, 0, ""},
		{"v4 header length 16", V4("44", "001c", "0000", "11") UDP, ST_ESP_MALFORMED, 0, 0,
			0, ""},
		{"v4 header length 0", V4("40", "001c", "0000", "11") UDP, ST_ESP_MALFORMED, 0, 0,
			0, ""},
		{"v4 header length 60", V4("4f", "001c", "0000", "11") UDP, ST_ESP_MALFORMED, 0, 0,
			0, ""},
		{"version 0", V4("05", "001c", "0000", "11") UDP, ST_ESP_MALFORMED, 0, 0, 0, ""},
		{"version 5", V4("55", "001c", "0000", "11") UDP, ST_ESP_MALFORMED, 0, 0, 0, ""},
		{"empty", "", ST_ESP_MALFORMED, 0, 0, 0, ""},
		{"v6 padded behind", V6("0008", "11") UDP "00", ST_OK, 17, 5000, 53, ""},
		{"v6 no payload", V6("0000", "3b"), ST_OK, 59, -1, -1, ""},
		{"v6 payload length one more", V6("0009", "11") UDP, ST_ESP_MALFORMED, 0, 0, 0, ""},
		{"v6 payload length 65535", V6("ffff", "11") UDP, ST_ESP_MALFORMED, 0, 0, 0, ""},
		{"v6 ICMP", V6("0008", "3a") "8700 0000 00000000", ST_OK, 58, 0x8700, 0x8700, ""},
		{"v6 mobility", V6("0008", "87") "3b00 0500 00000000", ST_OK, 135, 0x500, 0x500,
			""},
		{"v6 hop-by-hop", V6("0010", "00") "1100 0104 00000000" UDP, ST_OK, 17, 5000, 53,
			""},
		{"v6 long options", V6("0018", "3c") "1101 0104 00000000 0000000000000000" UDP,
			ST_OK, 17, 5000, 53, ""},
		{"v6 three headers",
			V6("0020", "00") "3c00 0104 00000000 2b00 0104 00000000"
					 "1100 0000 00000000" UDP,
			ST_OK, 17, 5000, 53, ""},
		{"v6 AH",
			V6("0020", "33") "1104 0000 00000001 00000001 000000000000000000000000" UDP,
			ST_OK, 17, 5000, 53, ""},
		{"v6 first fragment", V6("0010", "2c") "1100 0001 00000001" UDP, ST_OK, 17, 5000,
			53, "f"},
		{"v6 later fragment", V6("0010", "2c") "1100 0008 00000001" UDP, ST_OK, 17, -1, -1,
			"fl"},
		{"v6 atomic fragment", V6("0010", "2c") "1100 0000 00000001" UDP, ST_OK, 17, 5000,
			53, ""},
		{"v6 later fragment of options: not walked",
			V6("0010", "2c") "3c00 0008 00000001"
					 "ffffffffffffffff",
			ST_OK, 60, -1, -1, "fl"},
		{"v6 extension beyond the packet", V6("0008", "00") "1101 0104 00000000" UDP UDP,
			ST_ESP_MALFORMED, 0, 0, 0, ""},
		{"v6 extension that is not there", V6("0000", "00"), ST_ESP_MALFORMED, 0, 0, 0, ""},
		{"v6 extension cut", V6("0007", "00") "1100 0104 000000", ST_ESP_MALFORMED, 0, 0, 0,
			""},
		{"v6 jumbo", V6("0000", "00") "1100 c204 00010000" UDP, ST_ESP_MALFORMED, 0, 0, 0,
			""},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		T_ROW(i, rows[i].name);
		T_EQ(parse(hex(rows[i].hex)), rows[i].st);
		if (rows[i].st != ST_OK)
			continue;
		T_EQ(info.proto, rows[i].proto);
		T_EQ(ip_src_port(&info), rows[i].src);
		T_EQ(ip_dst_port(&info), rows[i].dst);
		T_EQ(info.is_fragment, strchr(rows[i].flags, 'f') != NULL);
		T_EQ(info.is_later_fragment, strchr(rows[i].flags, 'l') != NULL);
		T_TRUE(info.header_len <= info.total_len);
	}
}

static void extension_headers_are_bounded(void)
{
	for (size_t n = 7; n <= 10; n++) {
		uint8_t buf[40 + 10 * 8 + 8] = {0x60};
		size_t at = 40;

		buf[5] = (uint8_t)(n * 8 + 8);
		buf[6] = IPP_DSTOPTS;
		for (size_t i = 0; i < n; i++, at += 8)
			buf[at] = i + 1 < n ? IPP_DSTOPTS : IPP_UDP;
		T_ROW(n, "headers");
		T_EQ(parse((struct view){buf, at + 8}), n <= 8 ? ST_OK : ST_ESP_MALFORMED);
	}
}

static void cuts_and_bytes(void)
{
	T_DO(every_cut(hex(V4("45", "001c", "4000", "11") UDP), 28, parse));
	T_DO(every_cut(hex(V6("0008", "11") UDP), 48, parse));
	T_DO(every_cut(hex(V6("0010", "00") "1100 0104 00000000" UDP), 56, parse));
	every_byte(hex(V4("46", "0020", "0000", "11") "01010100" UDP), parse);
	every_byte(hex(V6("0010", "2c") "1100 0001 00000001" UDP), parse);
	every_byte(hex(V6("0020", "33") "1104 0000 00000001 00000001 000000000000000000000000" UDP),
		parse);
}

/* The plain definition, byte pair by byte pair. */
static uint16_t slow_checksum(const uint8_t *p, size_t len)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint64_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void checksums(void)
{
	struct chance c = {7};
	/* The example of RFC 1071 section 3. */
	struct view v = hex("0001f203f4f5f6f7");

	T_EQ(ip_checksum(v.p, v.len), (uint16_t)~0xddf2);
	for (int round = 0; round < 500; round++) {
		uint8_t buf[2000];
		struct view b = chance_bytes(&c, buf, 0, sizeof(buf));
		size_t cut = (size_t)chance(&c, b.len / 2 + 1) * 2;
		uint32_t sum;

		T_ROW(round, "round");
		if (cut > b.len)
			cut = 0;
		T_EQ(ip_checksum(b.p, b.len), slow_checksum(b.p, b.len));
		sum = ip_sum(ip_sum(0, b.p, cut), b.p + cut, b.len - cut);
		T_EQ(ip_sum_finish(sum), slow_checksum(b.p, b.len));
	}
}

static struct ip_head head_of(uint8_t family)
{
	struct ip_head h = {
		.src = {.family = family}, .dst = {.family = family}, .tos = 0x2e, .id = 9};

	h.src.b[0] = 0x20;
	h.dst.b[0] = 0x21;
	return h;
}

/* Sum over pseudo header and upper layer of a right packet is zero. */
static uint16_t upper_check(const uint8_t *p, const struct ip_info *i)
{
	uint32_t len = i->total_len - i->header_len;
	uint32_t sum = i->proto == IPP_ICMP ? 0 : ip_pseudo_sum(&i->src, &i->dst, i->proto, len);

	return ip_sum_finish(ip_sum(sum, p + i->header_len, len));
}

static void built_ones_parse(void)
{
	struct chance c = {8};

	for (int round = 0; round < 200; round++) {
		static uint8_t buf[3000], data[1500];
		struct wr w = wr_init(buf, sizeof(buf));
		struct ip_head h = head_of(round % 2 ? 4 : 6);
		struct view d = chance_bytes(&c, data, 0, sizeof(data));
		bool udp = chance(&c, 2);

		h.dont_fragment = chance(&c, 2);
		if (udp)
			ip_build_udp(&w, &h, 1000, 53, d.p, d.len);
		else
			ip_build_echo(&w, &h, chance(&c, 2), 7, 8, d.p, d.len);
		T_ROW(round, "round");
		T_TRUE(wr_ok(&w));
		T_EQ(parse((struct view){buf, w.len}), ST_OK);
		T_EQ(info.total_len, w.len);
		T_EQ(info.total_len - info.header_len, d.len + 8);
		T_TRUE(info.tos == 0x2e && info.ttl == 64);
		T_TRUE(addr_eq(&info.src, &h.src) && addr_eq(&info.dst, &h.dst));
		T_EQ(info.dont_fragment, info.version == 6 || h.dont_fragment);
		T_EQ(upper_check(buf, &info), 0);
		if (info.version == 4)
			T_EQ(ip_checksum(buf, 20), 0);
		T_EQ(info.src_port, udp ? 1000 : info.dst_port);
	}
}

/* A UDP checksum that comes out as zero is sent as ffff (RFC 768): one of these values makes it. */
static void udp_checksum_is_never_none(void)
{
	struct ip_head h = head_of(4);
	unsigned ones = 0;

	for (unsigned v = 0; v < 65536; v++) {
		const uint8_t data[2] = {(uint8_t)(v >> 8), (uint8_t)v};
		uint8_t buf[30];
		struct wr w = wr_init(buf, sizeof(buf));

		ip_build_udp(&w, &h, 1, 2, data, 2);
		T_ROW(v, "data");
		T_TRUE(wr_ok(&w) && (buf[26] || buf[27]));
		ones += buf[26] == 0xff && buf[27] == 0xff;
	}
	T_EQ(ones, 1);
}

static void wrong_heads_build_nothing(void)
{
	uint8_t buf[100];
	struct ip_head h = head_of(4);
	struct wr w = wr_init(buf, sizeof(buf));

	h.dst.family = 6;
	ip_build(&w, &h, "x", 1);
	T_TRUE(!wr_ok(&w));
	h = head_of(0);
	w = wr_init(buf, sizeof(buf));
	ip_build(&w, &h, "x", 1);
	T_TRUE(!wr_ok(&w));
	h = head_of(4);
	for (size_t cap = 0; cap < 20 + 8 + 5; cap++) {
		w = wr_init(buf, cap);
		ip_build_udp(&w, &h, 1, 2, "hello", 5);
		T_ROW(cap, "cap");
		T_TRUE(!wr_ok(&w));
	}
}

static void too_big_quotes_the_packet(void)
{
	for (int family = 4; family <= 6; family += 2) {
		static uint8_t packet[1600], buf[2000], data[1400];
		struct wr p = wr_init(packet, sizeof(packet)), w = wr_init(buf, sizeof(buf));
		struct ip_head h = head_of((uint8_t)family);
		size_t most = family == 4 ? 576 : 1280;

		T_ROW(family, "family");
		ip_build_udp(&p, &h, 1, 2, data, sizeof(data));
		ip_build_too_big(&w, &h.dst, packet, p.len, 1300);
		T_TRUE(wr_ok(&w));
		T_EQ(w.len, most);
		T_EQ(parse((struct view){buf, w.len}), ST_OK);
		T_TRUE(addr_eq(&info.src, &h.dst) && addr_eq(&info.dst, &h.src));
		T_EQ(info.src_port, family == 4 ? 0x0304 : 0x0200);
		T_EQ(upper_check(buf, &info), 0);
		T_MEM(buf + info.header_len + 4, "\0\0\x05\x14", 4);
		T_MEM(buf + info.header_len + 8, packet, most - info.header_len - 8);
		/* A short one is quoted whole. */
		p = wr_init(packet, sizeof(packet));
		ip_build_udp(&p, &h, 1, 2, data, 3);
		w = wr_init(buf, sizeof(buf));
		ip_build_too_big(&w, &h.dst, packet, p.len + 20, 1300);
		T_EQ(w.len, p.len + 8 + (family == 4 ? 20 : 40));
	}
}

/* Who must not be answered: RFC 1122 section 3.2.2, RFC 4443 section 2.4. */
static void too_big_is_silent(void)
{
	static const struct {
		const char *name;
		const char *hex;
		const char *from;
		bool answered;
	} rows[] = {
		{"UDP", V4("45", "001c", "4000", "11") UDP, "10.0.0.2", true},
		{"first fragment", V4("45", "001c", "2000", "11") UDP, "10.0.0.2", true},
		{"later fragment", V4("45", "001c", "2001", "11") UDP, "10.0.0.2", false},
		{"ICMP echo", V4("45", "001c", "0000", "01") "0800 0000 00000000", "10.0.0.2",
			true},
		{"ICMP unreachable", V4("45", "001c", "0000", "01") "0300 0000 00000000",
			"10.0.0.2", false},
		{"ICMP time exceeded", V4("45", "001c", "0000", "01") "0b00 0000 00000000",
			"10.0.0.2", false},
		{"malformed", V4("45", "0013", "0000", "11") UDP, "10.0.0.2", false},
		{"from another family", V4("45", "001c", "0000", "11") UDP, "2001:db8::2", false},
		{"source 0.0.0.0", "4500001c00000000 4011 0000 00000000 0a000002" UDP, "10.0.0.2",
			false},
		{"source multicast", "4500001c00000000 4011 0000 e0000001 0a000002" UDP, "10.0.0.2",
			false},
		{"to multicast", "4500001c00000000 4011 0000 0a000001 e0000001" UDP, "10.0.0.2",
			false},
		{"v6 UDP", V6("0008", "11") UDP, "2001:db8::2", true},
		{"v6 ICMP echo", V6("0008", "3a") "8000 0000 00000000", "2001:db8::2", true},
		{"v6 ICMP error", V6("0008", "3a") "0200 0000 00000000", "2001:db8::2", false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t buf[1300];
		struct wr w = wr_init(buf, sizeof(buf));
		struct view v = hex(rows[i].hex);
		struct addr from;

		T_ROW(i, rows[i].name);
		T_EQ(addr_parse(rows[i].from, &from), ST_OK);
		ip_build_too_big(&w, &from, v.p, v.len, 1280);
		T_EQ(wr_ok(&w), rows[i].answered);
		T_EQ(w.len > 0, rows[i].answered);
	}
}

int main(void)
{
	T_RUN(fields_v4);
	T_RUN(fields_v6);
	T_RUN(packets_judged);
	T_RUN(extension_headers_are_bounded);
	T_RUN(cuts_and_bytes);
	T_RUN(checksums);
	T_RUN(built_ones_parse);
	T_RUN(udp_checksum_is_never_none);
	T_RUN(wrong_heads_build_nothing);
	T_RUN(too_big_quotes_the_packet);
	T_RUN(too_big_is_silent);
	return t_end();
}
