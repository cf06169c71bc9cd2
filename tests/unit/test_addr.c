/* Addresses, prefixes, endpoints: text and arithmetic of both families. */
#include "core/base/addr.h"
#include "core/base/endpoint.h"
#include "core/base/sockname.h"
#include "tests/lib/t.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct addr must_addr(const char *text)
{
	struct addr a = {0};

	if (addr_parse(text, &a) != ST_OK)
		t_fail(__FILE__, __LINE__, "%s does not parse", text);
	return a;
}

static struct prefix must_prefix(const char *text)
{
	struct prefix p = {0};

	if (prefix_parse(text, &p) != ST_OK)
		t_fail(__FILE__, __LINE__, "%s does not parse", text);
	return p;
}

/* Texts and their one canonical form (RFC 5952). */
static void text_becomes_canonical(void)
{
	static const struct {
		const char *in;
		const char *out;
	} rows[] = {
		{"0.0.0.0", "0.0.0.0"},
		{"255.255.255.255", "255.255.255.255"},
		{"192.0.2.1", "192.0.2.1"},
		{"::", "::"},
		{"::1", "::1"},
		{"1::", "1::"},
		{"2001:0DB8:0:0:0:0:2:1", "2001:db8::2:1"},
		{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
		{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
		{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
		{"0:0:0:1:0:0:0:0", "0:0:0:1::"},
		{"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
		{"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
		{"fe80::00aB", "fe80::ab"},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
		{"::ffff:c000:201", "::ffff:192.0.2.1"},
		{"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
		{"::1.2.3.4", "::102:304"},
		{"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
			"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char buf[ADDR_TEXT];
		struct addr a = {0}, b = {0};

		T_ROW(i, rows[i].in);
		T_EQ(addr_parse(rows[i].in, &a), ST_OK);
		T_STR(addr_format(&a, buf), rows[i].out);
		T_EQ(addr_parse(buf, &b), ST_OK);
		T_TRUE(addr_eq(&a, &b));
	}
}

static void wrong_text_is_refused(void)
{
	static const char *const rows[] = {
		"",
		" ",
		"1",
		"1.2.3",
		"1.2.3.4.5",
		"1.2.3.256",
		"1.2.3.04",
		"01.2.3.4",
		"1.2.3.4 ",
		" 1.2.3.4",
		"1.2.3.",
		".1.2.3",
		"1..2.3",
		"1.2.3.-4",
		"1.2.3.0x4",
		"4294967296.1.1.1",
		"99999999999999999999.1.1.1",
		":",
		":::",
		"1:",
		":1",
		"::1:",
		"1::2::3",
		"1:::2",
		"1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9",
		"1:2:3:4:5:6:7:8::",
		"::1:2:3:4:5:6:7:8",
		"1::2:3:4:5:6:7:8",
		"12345::",
		"g::",
		"fe80::1%eth0",
		"1:2:3:4:5:6:7:1.2.3.4",
		"::1.2.3.4:5",
		"::1.2.3",
		"::1.2.3.400",
		"[::1]",
		"::1/64",
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct addr a = {.family = 77};

		T_ROW(i, rows[i]);
		T_EQ(addr_parse(rows[i], &a), ST_CONFIG);
		T_EQ(a.family, 77);
	}
}

/* Every pattern of zero groups: text and back is the same address. */
static void all_gap_patterns_survive(void)
{
	for (unsigned bits = 0; bits < 256; bits++) {
		char buf[ADDR_TEXT];
		struct addr a = {.family = 6}, b = {0};

		for (unsigned i = 0; i < 8; i++) {
			if (bits & (1u << i))
				a.b[2 * i + 1] = (uint8_t)(0x11 * (i + 1));
		}
		T_ROW(bits, addr_format(&a, buf));
		T_EQ(addr_parse(buf, &b), ST_OK);
		T_TRUE(addr_eq(&a, &b));
	}
}

static void bytes_make_addresses(void)
{
	struct addr a = addr_from((const uint8_t *)"\x0a\x00\x00\x01", 4);
	struct addr b = addr_v4(0x0a000001);
	struct addr none = addr_from((const uint8_t *)"abcde", 5);
	char buf[ADDR_TEXT];

	T_TRUE(addr_eq(&a, &b));
	T_EQ(addr_len(&a), 4);
	T_EQ(none.family, 0);
	T_EQ(addr_len(&none), 0);
	T_TRUE(!addr_is_any(&none));
	T_STR(addr_format(&none, buf), "-");
	a = must_addr("0.0.0.0");
	T_TRUE(addr_is_any(&a));
	b = must_addr("::");
	T_TRUE(addr_is_any(&b) && !addr_eq(&a, &b) && addr_cmp(&a, &b) < 0);
	b = must_addr("::1");
	T_TRUE(!addr_is_any(&b));
	static const struct {
		const char *text;
		bool link_local;
	} rows[] = {{"fe80::1", true}, {"febf::", true}, {"fe7f::1", false}, {"fec0::", false},
		    {"fd80::1", false}, {"254.128.0.1", false}, {"169.254.0.1", false}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		a = must_addr(rows[i].text);
		T_ROW(i, rows[i].text);
		T_EQ(addr_is_link_local(&a), rows[i].link_local);
	}
}

static void sums_and_differences(void)
{
	static const struct {
		const char *a;
		uint64_t n;
		const char *sum;
		uint64_t diff; /* sum - a */
	} rows[] = {
		{"10.0.0.0", 1, "10.0.0.1", 1},
		{"10.0.0.255", 1, "10.0.1.0", 1},
		{"10.255.255.255", 1, "11.0.0.0", 1},
		{"255.255.255.255", 1, "0.0.0.0", 0},
		{"0.0.0.0", 0xffffffff, "255.255.255.255", 0xffffffff},
		{"10.0.0.0", 0, "10.0.0.0", 0},
		{"::", UINT64_MAX, "::ffff:ffff:ffff:ffff", UINT64_MAX},
		{"::ffff:ffff:ffff:ffff", 1, "0:0:0:1::", 1},
		{"2001:db8::fffe", 3, "2001:db8::1:1", 3},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 2, "::1", 0},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct addr a = must_addr(rows[i].a), want = must_addr(rows[i].sum);
		struct addr sum = addr_add(&a, rows[i].n);

		T_ROW(i, rows[i].a);
		T_TRUE(addr_eq(&sum, &want));
		T_TRUE(addr_diff(&a, &sum) == rows[i].diff);
	}
	struct addr low = must_addr("::"), high = must_addr("1::"), v4 = must_addr("9.9.9.9");

	T_TRUE(addr_diff(&low, &high) == UINT64_MAX);
	T_EQ(addr_diff(&high, &low), 0);
	T_EQ(addr_diff(&v4, &low), 0);
	low = must_addr("::5");
	high = must_addr("0:0:0:1::4");
	T_TRUE(addr_diff(&low, &high) == UINT64_MAX);
	high = must_addr("0:0:0:1::5");
	T_TRUE(addr_diff(&low, &high) == UINT64_MAX);
}

static void prefixes(void)
{
	static const struct {
		const char *in;
		const char *out; /* masked; NULL: refused */
		const char *first;
		const char *last;
	} rows[] = {
		{"10.1.2.3/8", "10.0.0.0/8", "10.0.0.0", "10.255.255.255"},
		{"10.1.2.3", "10.1.2.3/32", "10.1.2.3", "10.1.2.3"},
		{"10.1.2.3/0", "0.0.0.0/0", "0.0.0.0", "255.255.255.255"},
		{"10.1.2.3/31", "10.1.2.2/31", "10.1.2.2", "10.1.2.3"},
		{"10.1.2.255/25", "10.1.2.128/25", "10.1.2.128", "10.1.2.255"},
		{"2001:db8::1/64", "2001:db8::/64", "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff"},
		{"2001:db8::1", "2001:db8::1/128", "2001:db8::1", "2001:db8::1"},
		{"2001:db8:ffff::/35", "2001:db8:e000::/35", "2001:db8:e000::",
			"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"},
		{"::/0", "::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		{"10.0.0.0/33", NULL, NULL, NULL},
		{"10.0.0.0/", NULL, NULL, NULL},
		{"10.0.0.0/08", NULL, NULL, NULL},
		{"10.0.0.0/8x", NULL, NULL, NULL},
		{"10.0.0.0/8/8", NULL, NULL, NULL},
		{"10.0.0.0/-1", NULL, NULL, NULL},
		{"10.0.0.0/4294967304", NULL, NULL, NULL},
		{"::/129", NULL, NULL, NULL},
		{"/8", NULL, NULL, NULL},
		{"", NULL, NULL, NULL},
		{"1111:1111:1111:1111:1111:1111:1111:1111:1111:1111/8", NULL, NULL, NULL},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct prefix p;
		char buf[PREFIX_TEXT], text[ADDR_TEXT];

		T_ROW(i, rows[i].in);
		T_EQ(prefix_parse(rows[i].in, &p), rows[i].out ? ST_OK : ST_CONFIG);
		if (!rows[i].out)
			continue;
		struct addr first = prefix_first(&p), last = prefix_last(&p);

		T_STR(addr_format(&first, text), rows[i].first);
		T_STR(addr_format(&last, text), rows[i].last);
		prefix_mask(&p);
		T_STR(prefix_format(&p, buf), rows[i].out);
	}
}

static void prefixes_contain(void)
{
	static const struct {
		const char *p;
		const char *a;
		bool contains;
	} rows[] = {
		{"10.0.0.0/8", "10.255.0.1", true},
		{"10.0.0.0/8", "11.0.0.0", false},
		{"10.0.0.0/0", "200.1.1.1", true},
		{"0.0.0.0/0", "::", false},
		{"10.1.2.3/32", "10.1.2.3", true},
		{"10.1.2.3/32", "10.1.2.2", false},
		{"2001:db8::/33", "2001:db8:7fff::", true},
		{"2001:db8::/33", "2001:db8:8000::", false},
		{"::/0", "1::", true},
		{"::/0", "0.0.0.0", false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct prefix p = must_prefix(rows[i].p);
		struct addr a = must_addr(rows[i].a);

		T_ROW(i, rows[i].p);
		T_EQ(prefix_contains(&p, &a), rows[i].contains);
	}
	struct prefix eight = must_prefix("10.0.0.0/8"), nine = must_prefix("10.128.0.0/9");
	struct prefix same = must_prefix("10.0.0.0/8"), none = {0};
	struct addr no_addr = {0};

	T_TRUE(prefix_covers(&eight, &nine) && !prefix_covers(&nine, &eight));
	T_TRUE(prefix_covers(&eight, &same) && prefix_eq(&eight, &same));
	T_TRUE(!prefix_eq(&eight, &nine) && !prefix_contains(&none, &no_addr));
}

static void masks(void)
{
	for (unsigned len = 0; len <= 32; len++) {
		struct addr m = len_to_mask4((uint8_t)len);
		uint8_t back = 99;

		T_ROW(len, "length");
		T_EQ(mask_to_len(&m, &back), ST_OK);
		T_EQ(back, len);
	}
	static const char *const bad[] = {"255.0.255.0", "0.0.0.1", "255.255.255.253", "127.0.0.0"};
	struct addr none = {0};
	uint8_t len;

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct addr m = must_addr(bad[i]);

		T_ROW(i, bad[i]);
		T_EQ(mask_to_len(&m, &len), ST_CONFIG);
	}
	T_EQ(mask_to_len(&none, &len), ST_CONFIG);
}

static void endpoints(void)
{
	struct endpoint a = {.vrf = 1, .addr = must_addr("192.0.2.1"), .port = 500};
	struct endpoint b = {.vrf = 1, .addr = must_addr("2001:db8::1"), .port = 4500};
	struct endpoint none = {0}, c;
	char buf[ENDPOINT_TEXT];

	T_STR(endpoint_format(&a, buf), "192.0.2.1:500");
	T_STR(endpoint_format(&b, buf), "[2001:db8::1]:4500");
	T_STR(endpoint_format(&none, buf), "-:0");
	T_TRUE(!endpoint_eq(&a, &b));

	/* Padding of the struct takes no part. */
	memset(&c, 0xee, sizeof(c));
	c.vrf = a.vrf;
	c.addr = a.addr;
	c.port = a.port;
	T_TRUE(endpoint_eq(&a, &c));
	T_TRUE(endpoint_hash(7, &a) == endpoint_hash(7, &c));
	T_TRUE(endpoint_hash(8, &a) != endpoint_hash(7, &a));
	c.port = 501;
	T_TRUE(!endpoint_eq(&a, &c) && endpoint_hash(7, &a) != endpoint_hash(7, &c));
	c = a;
	c.vrf = 2;
	T_TRUE(!endpoint_eq(&a, &c) && endpoint_hash(7, &a) != endpoint_hash(7, &c));
	c = a;
	c.addr = must_addr("192.0.2.2");
	T_TRUE(!endpoint_eq(&a, &c) && endpoint_hash(7, &a) != endpoint_hash(7, &c));
}

static void longest_texts_fit(void)
{
	struct prefix p = {.addr = {.family = 6}, .len = 128};
	struct endpoint e = {.addr = {.family = 6}, .port = 65535};
	char addr[ADDR_TEXT], prefix[PREFIX_TEXT], endpoint[ENDPOINT_TEXT];

	memset(p.addr.b, 0xfe, 16);
	e.addr = p.addr;
	T_EQ(strlen(addr_format(&p.addr, addr)), 39);
	T_EQ(strlen(prefix_format(&p, prefix)), 43);
	T_EQ(strlen(endpoint_format(&e, endpoint)), 47);
}

/* There and back, and as the kernel's header says that they are. */
static void names_for_the_kernel(void)
{
	static const uint8_t five_hundred[] = {0x01, 0xf4};
	struct addr four = must_addr("192.0.2.1"), six = must_addr("2001:db8::1"), back;
	union sockname n;
	uint16_t port = 0;

	memset(&n, 0xff, sizeof(n));
	T_EQ(sockname_of(&n, &four, 500), sizeof(struct sockaddr_in));
	T_TRUE(n.sa.sa_family == AF_INET && memcmp(&n.in4.sin_port, five_hundred, 2) == 0);
	T_MEM(&n.in4.sin_addr, four.b, 4);
	back = sockname_addr(&n, &port);
	T_TRUE(addr_eq(&back, &four) && port == 500);
	memset(&n, 0xff, sizeof(n));
	T_EQ(sockname_of(&n, &six, 4500), sizeof(struct sockaddr_in6));
	T_TRUE(n.sa.sa_family == AF_INET6 && n.in6.sin6_scope_id == 0 && n.in6.sin6_flowinfo == 0);
	back = sockname_addr(&n, &port);
	T_TRUE(addr_eq(&back, &six) && port == 4500);
	back = sockname_addr(&n, NULL);
	T_TRUE(addr_eq(&back, &six));
	n.sa.sa_family = AF_UNIX;
	back = sockname_addr(&n, &port);
	T_TRUE(back.family == 0 && port == 4500);
}

int main(void)
{
	T_RUN(names_for_the_kernel);
	T_RUN(text_becomes_canonical);
	T_RUN(wrong_text_is_refused);
	T_RUN(all_gap_patterns_survive);
	T_RUN(bytes_make_addresses);
	T_RUN(sums_and_differences);
	T_RUN(prefixes);
	T_RUN(prefixes_contain);
	T_RUN(masks);
	T_RUN(endpoints);
	T_RUN(longest_texts_fit);
	return t_end();
}
