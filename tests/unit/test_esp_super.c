/* Large packets: cut into packets of the wire, joined again, and that joining loses and changes nothing:
 * whatever is joined and cut again is what it was, byte for byte, and every flow keeps its order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/esp/cut.h"
#include "core/esp/join.h"
#include "tests/lib/t.h"

#define ROOM 70000
#define HEAD 64

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint8_t pattern(size_t i)
{
	return (uint8_t)(i * 7 + (i >> 8));
}

struct shape {
	uint8_t version;
	uint8_t proto;
	uint8_t options; /* bytes of TCP options */
	uint8_t flags;
	bool fragmentable;
	uint16_t src_port;
	uint16_t id;
	uint32_t seq;
};

/* Both checksums right. Gives the length. */
static size_t seal_sums(uint8_t *p, size_t len)
{
	struct ip_info ip;
	size_t at;
	uint16_t sum;

	if (p[0] >> 4 == 4) {
		put16(p + 10, 0);
		put16(p + 10, ip_checksum(p, 20));
	}
	if (ip_parse(p, len, &ip) || (ip.proto != IPP_TCP && ip.proto != IPP_UDP))
		return len;
	at = ip.header_len + (ip.proto == IPP_TCP ? 16 : 6);
	put16(p + at, 0);
	sum = ip_sum_finish(ip_sum(ip_pseudo_sum(&ip.src, &ip.dst, ip.proto, (uint32_t)(len - ip.header_len)),
		p + ip.header_len, len - ip.header_len));
	put16(p + at, ip.proto == IPP_UDP && sum == 0 ? 0xffff : sum);
	return len;
}

static size_t make(uint8_t *p, const struct shape *s, size_t payload)
{
	size_t ip_len = s->version == 4 ? 20 : 40;
	size_t upper = s->proto == IPP_TCP ? 20u + s->options : 8;
	size_t len = ip_len + upper + payload;

	memset(p, 0, ip_len + upper);
	if (s->version == 4) {
		p[0] = 0x45;
		put16(p + 2, (uint32_t)len);
		put16(p + 4, s->id);
		p[6] = s->fragmentable ? 0 : 0x40;
		p[8] = 64;
		p[9] = s->proto;
		memcpy(p + 12, (uint8_t[]){10, 0, 0, 1, 10, 0, 0, 2}, 8);
	} else {
		p[0] = 0x60;
		put16(p + 4, (uint32_t)(len - 40));
		p[6] = s->proto;
		p[7] = 64;
		p[8] = p[24] = 0xfd;
		p[39] = 2;
	}
	put16(p + ip_len, s->src_port);
	put16(p + ip_len + 2, 443);
	if (s->proto == IPP_TCP) {
		put32(p + ip_len + 4, s->seq);
		put32(p + ip_len + 8, 77);
		p[ip_len + 12] = (uint8_t)(upper / 4 << 4);
		p[ip_len + 13] = s->flags;
		put16(p + ip_len + 14, 500);
		memset(p + ip_len + 20, 1, s->options);
	} else {
		put16(p + ip_len + 4, (uint32_t)(8 + payload));
	}
	for (size_t i = 0; i < payload; i++)
		p[ip_len + upper + i] = pattern(s->seq + i);
	return seal_sums(p, len);
}

static struct gso_hdr words(const struct shape *s, uint16_t size)
{
	return (struct gso_hdr){
		.flags = GSO_NEEDS_CSUM,
		.type = s->proto == IPP_UDP ? GSO_UDP_L4 : s->version == 4 ? GSO_TCPV4 : GSO_TCPV6,
		.size = size,
		.csum_start = s->version == 4 ? 20 : 40,
		.csum_offset = s->proto == IPP_UDP ? 6 : 16,
	};
}

/* ---- cutting --------------------------------------------------------------------------------- */

/* Every packet is the one that would have been made singly. What is written behind a packet, as a
 * trailer is, does not harm the next. */
static void test_cut(void)
{
	static uint8_t large[HEAD + ROOM], want[2000];
	static const size_t payloads[] = {1, 99, 100, 101, 1000, 1001, 60000};
	static const uint16_t sizes[] = {1, 7, 63, 100, 1400};

	for (unsigned i = 0; i < 4 * 7 * 5; i++) {
		struct shape s = {.version = i & 1 ? 6 : 4, .proto = i & 2 ? IPP_UDP : IPP_TCP, .options = 12,
			.flags = 0x99, .src_port = 1234, .id = 65534, .seq = UINT32_MAX - 150};
		size_t payload = payloads[i / 4 % 7], done = 0;
		uint16_t size = sizes[i / 28];
		struct gso_hdr h = words(&s, size);
		struct span p = {large + HEAD, make(large + HEAD, &s, payload)}, one;
		struct ip_info ip;
		struct cut c;

		T_ROW(i, "bit 0: IPv6, bit 1: UDP");
		T_EQ(ip_parse(p.p, p.len, &ip), ST_OK);
		T_EQ(cut_begin(&c, &h, p, &ip), ST_OK);
		while (cut_next(&c, &one)) {
			size_t n = payload - done < size ? payload - done : size, len;
			struct shape t = s;

			t.seq = s.seq + (uint32_t)done;
			t.flags = (uint8_t)((done == 0 ? 0x80 : 0) | (done + n == payload ? 0x19 : 0x10));
			len = make(want, &t, n);
			T_EQ(one.len, len);
			T_MEM(one.p, want, len);
			memset(one.p + one.len, 0xee, CUT_SPARE);
			memset(large, 0xee, (size_t)(one.p - large));
			s.id++;
			done += n;
		}
		T_EQ(done, payload);
	}
}

static void test_only_a_checksum(void)
{
	static uint8_t large[ROOM], want[200];

	for (int i = 0; i < 4; i++) {
		struct shape s = {.version = i & 1 ? 6 : 4, .proto = i & 2 ? IPP_UDP : IPP_TCP, .src_port = 9, .flags = 0x18};
		struct gso_hdr h = words(&s, 0);
		struct span p = {large, make(large, &s, 77)}, one;
		size_t at = (size_t)h.csum_start + h.csum_offset;
		struct ip_info ip;
		struct cut c;

		T_ROW(i, "bit 0: IPv6, bit 1: UDP");
		h.type = GSO_NONE;
		memcpy(want, large, p.len);
		T_EQ(ip_parse(p.p, p.len, &ip), ST_OK);
		put16(large + at, (uint16_t)~ip_sum_finish(ip_pseudo_sum(&ip.src, &ip.dst, ip.proto,
			(uint32_t)(p.len - ip.header_len))));
		T_EQ(cut_begin(&c, &h, p, &ip), ST_OK);
		T_TRUE(cut_next(&c, &one));
		T_EQ(one.len, p.len);
		T_MEM(one.p, want, p.len);
		T_TRUE(!cut_next(&c, &one));
	}
}

/* Words that do not fit their packet. */
static void test_bad_words(void)
{
	static const struct {
		const char *what;
		struct gso_hdr h;
		uint8_t proto;
		size_t len; /* of the packet */
	} rows[] = {
		{"no size", {1, GSO_TCPV4, 0, 0, 20, 16}, IPP_TCP, 1000},
		{"unknown type", {1, 2, 0, 100, 20, 16}, IPP_TCP, 1000},
		{"of IPv6", {1, GSO_TCPV6, 0, 100, 20, 16}, IPP_TCP, 1000},
		{"TCP is UDP", {1, GSO_TCPV4, 0, 100, 20, 16}, IPP_UDP, 1000},
		{"UDP is TCP", {1, GSO_UDP_L4, 0, 100, 20, 6}, IPP_TCP, 1000},
		{"checksum elsewhere", {1, GSO_TCPV4, 0, 100, 24, 16}, IPP_TCP, 1000},
		{"nothing but a head", {1, GSO_TCPV4, 0, 100, 20, 16}, IPP_TCP, 40},
		{"shorter than its head", {1, GSO_TCPV4, 0, 100, 20, 16}, IPP_TCP, 39},
		{"checksum outside", {1, GSO_NONE, 0, 0, 990, 16}, IPP_TCP, 1000},
		{"sum of nothing", {1, GSO_NONE, 0, 0, 1000, 0}, IPP_TCP, 1000},
	};
	static uint8_t large[ROOM];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct shape s = {.version = 4, .proto = rows[i].proto, .flags = 0x10};
		struct ip_info ip;
		struct cut c;

		T_ROW(i, rows[i].what);
		make(large, &s, 1000);
		put16(large + 2, (uint32_t)rows[i].len);
		T_EQ(ip_parse(large, rows[i].len, &ip), ST_OK);
		T_EQ(cut_begin(&c, &rows[i].h, (struct span){large, rows[i].len}, &ip), ST_ESP_MALFORMED);
	}
}

/* ---- joining --------------------------------------------------------------------------------- */

static struct join j;
static uint8_t packets[64][HEAD + 2048 + CUT_SPARE];
static uint8_t out[HEAD + ROOM + CUT_SPARE];

/* Number i as one packet with its words. */
static size_t take(size_t i, struct gso_hdr *h)
{
	struct view v[JOIN_RUN_MAX + 1];
	size_t n = join_take(&j, i, v), len = 0;

	for (size_t k = 0; k < n; k++) {
		memcpy(out + HEAD - GSO_HDR_LEN + len, v[k].p, v[k].len);
		len += v[k].len;
	}
	*h = gso_read(out + HEAD - GSO_HDR_LEN);
	return len - GSO_HDR_LEN;
}

static bool add(unsigned which, size_t len)
{
	struct ip_info ip;
	uint8_t *p = packets[which] + HEAD;

	return ip_parse(p, len, &ip) == ST_OK && join_add(&j, NULL, JOIN_TCP | JOIN_UDP, (struct span){p, len}, &ip);
}

static void test_join(void)
{
	for (int i = 0; i < 4; i++) {
		struct shape s = {.version = i & 1 ? 6 : 4, .proto = i & 2 ? IPP_UDP : IPP_TCP, .src_port = 9,
			.flags = 0x10, .options = i & 2 ? 0 : 12, .id = 100};
		struct gso_hdr h;
		size_t len;

		T_ROW(i, "bit 0: IPv6, bit 1: UDP");
		join_reset(&j);
		for (unsigned k = 0; k < 40; k++) {
			size_t n = k < 39 ? 1400 : 1000;

			T_TRUE(add(k, make(packets[k] + HEAD, &s, n)));
			s.seq += (uint32_t)n;
			s.id++;
		}
		T_EQ(j.n, 1);
		len = take(0, &h);
		T_EQ(len, (i & 1 ? 40 : 20) + (i & 2 ? 8 : 32) + 39 * 1400 + 1000);
		T_EQ(h.flags, GSO_NEEDS_CSUM);
		T_EQ(h.size, 1400);
	}
}

/* What must not be joined: one thing about the second packet is different. */
static void test_apart(void)
{
	static const struct {
		const char *what;
		int at; /* in an IPv4 packet */
		uint8_t xor;
		bool keep_sums; /* wrong ones, then */
		bool joined;
	} rows[] = {
		{"nothing", 0, 0, false, true},
		{"TTL", 8, 1, false, false},
		{"TOS", 1, 4, false, false},
		{"DF", 6, 0x40, false, false},
		{"source", 15, 1, false, false},
		{"port", 21, 1, false, false},
		{"sequence number", 27, 1, false, false},
		{"acknowledgement", 31, 1, false, false},
		{"FIN", 33, 1, false, false},
		{"SYN", 33, 2, false, false},
		{"URG", 33, 0x20, false, false},
		{"no ACK", 33, 0x10, false, false},
		{"PSH", 33, 8, false, true},
		{"ECE", 33, 0x40, false, false},
		{"window", 35, 1, false, false},
		{"urgent pointer", 39, 1, false, false},
		{"options", 45, 1, false, false},
		{"identification", 5, 1, false, true}, /* of no use with DF */
		{"payload, and the checksum is wrong", 70, 1, true, false},
		{"IP header, and its checksum is wrong", 5, 1, true, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct shape s = {.version = 4, .proto = IPP_TCP, .src_port = 9, .flags = 0x10, .options = 12};
		size_t len[2];

		T_ROW(i, rows[i].what);
		join_reset(&j);
		for (unsigned k = 0; k < 2; k++) {
			len[k] = make(packets[k] + HEAD, &s, 100);
			s.seq += 100;
		}
		packets[1][HEAD + rows[i].at] ^= rows[i].xor;
		if (!rows[i].keep_sums)
			seal_sums(packets[1] + HEAD, len[1]);
		T_TRUE(add(0, len[0]) && add(1, len[1]));
		T_EQ(j.n, rows[i].joined ? 1 : 2);
		/* And the wrong one may be the first. */
		if (rows[i].keep_sums) {
			s.seq -= 100;
			make(packets[1] + HEAD, &s, 100);
			s.seq -= 100;
			make(packets[0] + HEAD, &s, 100);
			packets[0][HEAD + rows[i].at] ^= rows[i].xor;
			join_reset(&j);
			T_TRUE(add(0, len[0]) && add(1, len[1]));
			T_EQ(j.n, 2);
		}
	}
}

/* ---- both: whatever comes --------------------------------------------------------------------- */

#define FLOWS 6

static struct {
	uint8_t bytes[2048];
	size_t len;
} sent[FLOWS][64];
static unsigned n_sent[FLOWS], n_got[FLOWS];

static unsigned flow_of(const uint8_t *p)
{
	return get16(p + (p[0] >> 4 == 4 ? 20 : 40));
}

static void got(const uint8_t *p, size_t len)
{
	unsigned f = flow_of(p), k;

	T_TRUE(f < FLOWS);
	k = n_got[f]++;
	T_TRUE(k < n_sent[f]);
	T_EQ(len, sent[f][k].len);
	T_MEM(p, sent[f][k].bytes, len);
}

static void take_all(void)
{
	for (size_t i = 0; i < j.n; i++) {
		struct gso_hdr h;
		size_t len = take(i, &h);
		struct span one;
		struct ip_info ip;
		struct cut c;

		T_EQ(ip_parse(out + HEAD, len, &ip), ST_OK);
		T_EQ(cut_begin(&c, &h, (struct span){out + HEAD, len}, &ip), ST_OK);
		while (cut_next(&c, &one))
			T_DO(got(one.p, one.len));
	}
	join_reset(&j);
}

static void random_packet(struct shape *s, uint8_t *p, size_t *len)
{
	size_t payload = (size_t[]){100, 100, 100, 100, 40, 0, 200}[rand() % 7];
	int trouble = rand() % 12;

	s->flags = s->proto == IPP_TCP ? (uint8_t[]){0x10, 0x10, 0x10, 0x18, 0x11, 0x10}[rand() % 6] : 0;
	if (trouble == 0)
		s->seq += 5;
	if (trouble == 3 && s->fragmentable)
		s->id += 3;
	*len = make(p, s, payload);
	if (trouble == 1 && *len > 60)
		p[59] ^= 0x55; /* its checksum is wrong */
	if (trouble == 2) {
		p[1] ^= 0x10;
		seal_sums(p, *len);
	}
	s->seq += (uint32_t)payload;
	s->id++;
}

static void test_back_and_forth(void)
{
	for (unsigned seed = 0; seed < 3000; seed++) {
		struct shape s[FLOWS] = {0};

		T_ROW(seed, "seed");
		srand(seed);
		join_reset(&j);
		memset(n_sent, 0, sizeof(n_sent));
		memset(n_got, 0, sizeof(n_got));
		for (unsigned f = 0; f < FLOWS; f++)
			s[f] = (struct shape){.version = f & 1 ? 6 : 4, .proto = f & 2 ? IPP_UDP : IPP_TCP,
				.options = f & 2 ? 0 : 12, .src_port = (uint16_t)f,
				.fragmentable = f < 4, .seq = (uint32_t)rand()};
		for (unsigned k = 0; k < 64; k++) {
			unsigned f = (unsigned)(rand() % 3 ? seed : (unsigned)rand()) % FLOWS;
			size_t len;

			random_packet(&s[f], packets[k] + HEAD, &len);
			memcpy(sent[f][n_sent[f]].bytes, packets[k] + HEAD, len);
			sent[f][n_sent[f]++].len = len;
			T_TRUE(add(k, len));
			if (rand() % 40 == 0)
				T_DO(take_all());
		}
		T_DO(take_all());
		for (unsigned f = 0; f < FLOWS; f++)
			T_EQ(n_got[f], n_sent[f]);
	}
}

/* More than there is room for is said, not lost. */
static void test_full(void)
{
	struct shape s = {.version = 4, .proto = IPP_TCP, .flags = 0x10};
	unsigned n = 0;

	join_reset(&j);
	while (n < 10 * JOIN_LARGE_MAX) {
		struct ip_info ip;
		uint8_t *p = packets[0] + HEAD;

		s.src_port = (uint16_t)n;
		T_EQ(ip_parse(p, make(p, &s, 10), &ip), ST_OK);
		if (!join_add(&j, NULL, JOIN_TCP, (struct span){p, ip.total_len}, &ip))
			break;
		n++;
	}
	T_EQ(n, JOIN_LARGE_MAX);
}

int main(void)
{
	T_RUN(test_cut);
	T_RUN(test_only_a_checksum);
	T_RUN(test_bad_words);
	T_RUN(test_join);
	T_RUN(test_apart);
	T_RUN(test_back_and_forth);
	T_RUN(test_full);
	return t_end();
}
