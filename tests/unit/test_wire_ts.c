/* Traffic selectors: the payload and the algebra. */
#include "core/wire/ts.h"
#include "tests/unit/wire.h"

#define V4(proto, ports, lo, hi) "07" proto "0010" ports lo hi
#define ANY4 V4("00", "0000ffff", "00000000", "ffffffff")
#define ANY6                                                                                       \
	"08 00 0028 0000 ffff 00000000000000000000000000000000 ffffffffffffffffffffffffffffffff"

static struct ts list[TS_MAX];
static size_t count;

static enum status parse(struct view v)
{
	return ts_parse(v, list, TS_MAX, &count);
}

static void payloads_judged(void)
{
	static const struct {
		const char *name;
		const char *hex;
		enum status st;
		size_t n;
	} rows[] = {
		{"any", "01 000000" ANY4, ST_OK, 1},
		{"any of both", "02 ffffff" ANY4 ANY6, ST_OK, 2},
		{"one address", "01 000000" V4("06", "00500050", "0a000001", "0a000001"), ST_OK, 1},
		{"opaque ports", "01 000000" V4("11", "ffff0000", "0a000001", "0a000001"), ST_OK,
			1},
		{"unknown type is passed over", "02 000000 0a 00 0006 aabb" ANY4, ST_OK, 1},
		{"only unknown types", "01 000000 09 00 0004", ST_OK, 0},
		{"bug class 17: empty", "", ST_TRUNCATED, 0},
		{"bug class 17: no selector", "00 000000", ST_BAD_PAYLOAD, 0},
		{"bug class 17: no selector but bytes", "00 000000" ANY4, ST_BAD_PAYLOAD, 0},
		{"bug class 17: count one more", "02 000000" ANY4, ST_TRUNCATED, 0},
		{"bug class 17: count one less", "01 000000" ANY4 ANY4, ST_BAD_PAYLOAD, 0},
		{"bug class 17: count 255", "ff 000000" ANY4, ST_TRUNCATED, 0},
		{"bug class 17: length 0", "01 000000 07 00 0000 0000ffff 00000000 ffffffff",
			ST_BAD_PAYLOAD, 0},
		{"bug class 17: length 3", "01 000000 07 00 0003 0000ffff 00000000 ffffffff",
			ST_BAD_PAYLOAD, 0},
		{"bug class 17: length of IPv6 in IPv4",
			"01 000000 07 00 0028 0000ffff 00000000 ffffffff", ST_TRUNCATED, 0},
		{"bug class 17: length one less", "01 000000 07 00 000f 0000ffff 00000000 ffffff",
			ST_BAD_PAYLOAD, 0},
		{"bug class 17: length one more",
			"01 000000 07 00 0011 0000ffff 00000000 ffffffff 00", ST_BAD_PAYLOAD, 0},
		{"bug class 17: IPv6 as long as IPv4",
			"01 000000 08 00 0010 0000ffff 00000000 ffffffff", ST_BAD_PAYLOAD, 0},
		{"bug class 17: length 65535", "01 000000 07 00 ffff 0000ffff 00000000 ffffffff",
			ST_TRUNCATED, 0},
		{"bug class 17: unknown type of length 0", "01 000000 09 00 0000", ST_BAD_PAYLOAD,
			0},
		{"bug class 17: addresses turned round",
			"01 000000" V4("00", "0000ffff", "0a000002", "0a000001"), ST_BAD_PAYLOAD,
			0},
		{"bug class 17: ports turned round",
			"01 000000" V4("06", "00510050", "0a000001", "0a000001"), ST_BAD_PAYLOAD,
			0},
		{"bytes behind", "01 000000" ANY4 "00", ST_BAD_PAYLOAD, 0},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		T_ROW(i, rows[i].name);
		T_EQ(parse(hex(rows[i].hex)), rows[i].st);
		if (rows[i].st == ST_OK)
			T_EQ(count, rows[i].n);
	}
}

static void cuts_and_bytes(void)
{
	T_DO(every_cut(hex("02 000000" ANY4 ANY6), 60, parse));
	every_byte(hex("02 000000" ANY4 ANY6), parse);
}

static void more_than_kept(void)
{
	static uint8_t buf[4 + 255 * 16];
	struct ts v[255];
	struct wr w = wr_init(buf, sizeof(buf));

	for (uint32_t i = 0; i < 255; i++) {
		struct addr a = addr_v4(0x0a000000 + i);

		v[i] = ts_from_addr(&a);
	}
	ts_build(&w, v, 255);
	T_TRUE(wr_ok(&w));
	T_EQ(parse((struct view){buf, w.len}), ST_OK);
	T_EQ(count, TS_MAX);
	T_TRUE(ts_eq(&list[TS_MAX - 1], &v[TS_MAX - 1]));
	T_EQ(ts_parse((struct view){buf, w.len}, list, 3, &count), ST_OK);
	T_EQ(count, 3);
	buf[w.len - 16] = 8; /* the last one is read all the same */
	T_EQ(parse((struct view){buf, w.len}), ST_BAD_PAYLOAD);
	w = wr_init(buf, sizeof(buf));
	ts_build(&w, v, 0);
	T_TRUE(!wr_ok(&w));
}

/* ---- algebra ---- */

/* "10.0.0.0-10.0.0.9 proto lo hi" made short: */
static struct ts make(const char *lo, const char *hi, uint8_t proto, uint16_t plo, uint16_t phi)
{
	struct ts t = {.proto = proto, .port_lo = plo, .port_hi = phi};

	if (addr_parse(lo, &t.lo) != ST_OK || addr_parse(hi, &t.hi) != ST_OK)
		t_fail(__FILE__, __LINE__, "%s-%s", lo, hi);
	return t;
}

#define ANYP 0, 0, 65535
#define OPAQUE 65535, 0

static void intersections(void)
{
	const struct {
		const char *name;
		struct ts a, b;
		const char *both; /* NULL: nothing */
	} rows[] = {
		{"same", make("10.0.0.0", "10.0.0.255", ANYP), make("10.0.0.0", "10.0.0.255", ANYP),
			"10.0.0.0/24"},
		{"inside", make("0.0.0.0", "255.255.255.255", ANYP),
			make("10.0.0.5", "10.0.0.5", ANYP), "10.0.0.5/32"},
		{"overlap", make("10.0.0.0", "10.0.0.20", ANYP),
			make("10.0.0.10", "10.0.0.30", ANYP), "10.0.0.10-10.0.0.20"},
		{"touch", make("10.0.0.0", "10.0.0.10", ANYP), make("10.0.0.10", "10.0.0.30", ANYP),
			"10.0.0.10/32"},
		{"apart", make("10.0.0.0", "10.0.0.9", ANYP), make("10.0.0.10", "10.0.0.30", ANYP),
			NULL},
		{"families", make("0.0.0.0", "255.255.255.255", ANYP), make("::", "ffff::", ANYP),
			NULL},
		{"any protocol and one", make("10.0.0.0", "10.0.0.0", ANYP),
			make("10.0.0.0", "10.0.0.0", 6, 80, 80), "10.0.0.0/32[6/80]"},
		{"protocols differ", make("10.0.0.0", "10.0.0.0", 17, 0, 65535),
			make("10.0.0.0", "10.0.0.0", 6, 0, 65535), NULL},
		{"ports overlap", make("10.0.0.0", "10.0.0.0", 6, 0, 1023),
			make("10.0.0.0", "10.0.0.0", 6, 1000, 2000), "10.0.0.0/32[6/1000-1023]"},
		{"ports apart", make("10.0.0.0", "10.0.0.0", 6, 0, 999),
			make("10.0.0.0", "10.0.0.0", 6, 1000, 2000), NULL},
		{"any includes opaque", make("10.0.0.0", "10.0.0.0", 6, 0, 65535),
			make("10.0.0.0", "10.0.0.0", 6, OPAQUE), "10.0.0.0/32[6/opaque]"},
		{"opaque twice", make("10.0.0.0", "10.0.0.0", 6, OPAQUE),
			make("10.0.0.0", "10.0.0.0", 6, OPAQUE), "10.0.0.0/32[6/opaque]"},
		{"a range does not include opaque", make("10.0.0.0", "10.0.0.0", 6, 1, 65535),
			make("10.0.0.0", "10.0.0.0", 6, OPAQUE), NULL},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ts ab, ba;
		char text[TS_TEXT];

		T_ROW(i, rows[i].name);
		T_EQ(ts_intersect(&rows[i].a, &rows[i].b, &ab), rows[i].both != NULL);
		T_EQ(ts_intersect(&rows[i].b, &rows[i].a, &ba), rows[i].both != NULL);
		if (!rows[i].both)
			continue;
		T_STR(ts_format(&ab, text), rows[i].both);
		T_TRUE(ts_eq(&ab, &ba));
		T_TRUE(ts_contains(&rows[i].a, &ab) && ts_contains(&rows[i].b, &ab));
	}
}

static void containment(void)
{
	struct ts any = ts_any(4), any6 = ts_any(6);
	struct ts net = make("10.0.0.0", "10.0.0.255", ANYP);
	struct ts web = make("10.0.0.5", "10.0.0.5", 6, 80, 80);

	T_TRUE(ts_contains(&any, &net) && ts_contains(&net, &web) && ts_contains(&any, &any));
	T_TRUE(!ts_contains(&net, &any) && !ts_contains(&web, &net) && !ts_contains(&any6, &any));
	T_TRUE(ts_contains_addr(&net, &web.lo) && !ts_contains_addr(&any6, &web.lo));
}

static void prefixes(void)
{
	static const char *const yes[] = {"0.0.0.0/0", "10.0.0.0/8", "10.0.0.1/32", "128.0.0.0/1",
		"::/0", "2001:db8::/33", "2001:db8::1/128"};
	const struct ts no[] = {
		make("10.0.0.1", "10.0.0.255", ANYP), make("10.0.0.0", "10.0.0.254", ANYP),
		make("10.0.0.128", "10.0.1.127", ANYP), make("0.0.0.0", "255.255.255.254", ANYP),
		make("2001:db8::1", "2001:db8::2", ANYP),
	};
	struct prefix p, got;
	struct ts t;
	char text[TS_TEXT];

	for (size_t i = 0; i < COUNT(yes); i++) {
		T_ROW(i, yes[i]);
		T_EQ(prefix_parse(yes[i], &p), ST_OK);
		t = ts_from_prefix(&p);
		T_TRUE(ts_is_single_prefix(&t, &got) && prefix_eq(&got, &p));
		T_TRUE(ts_is_single_prefix(&t, NULL));
		T_STR(ts_format(&t, text), yes[i]);
	}
	for (size_t i = 0; i < COUNT(no); i++) {
		T_ROW(i, "no prefix");
		T_TRUE(!ts_is_single_prefix(&no[i], NULL));
	}
	T_EQ(prefix_parse("10.1.2.3/8", &p), ST_OK);
	t = ts_from_prefix(&p);
	T_STR(ts_format(&t, text), "10.0.0.0/8");
}

static void packets_match(void)
{
	const struct {
		const char *name;
		struct ts t;
		const char *addr;
		uint8_t proto;
		int port;
		bool match;
	} rows[] = {
		{"any", ts_any(4), "10.0.0.1", 6, 80, true},
		{"any, no port", ts_any(4), "10.0.0.1", 47, TS_NO_PORT, true},
		{"other family", ts_any(4), "::1", 6, 80, false},
		{"first", make("10.0.0.5", "10.0.0.9", ANYP), "10.0.0.5", 6, 1, true},
		{"last", make("10.0.0.5", "10.0.0.9", ANYP), "10.0.0.9", 6, 1, true},
		{"below", make("10.0.0.5", "10.0.0.9", ANYP), "10.0.0.4", 6, 1, false},
		{"above", make("10.0.0.5", "10.0.0.9", ANYP), "10.0.0.10", 6, 1, false},
		{"protocol", make("10.0.0.5", "10.0.0.9", 17, 0, 65535), "10.0.0.5", 6, 1, false},
		{"port", make("10.0.0.5", "10.0.0.9", 6, 80, 90), "10.0.0.5", 6, 90, true},
		{"port above", make("10.0.0.5", "10.0.0.9", 6, 80, 90), "10.0.0.5", 6, 91, false},
		{"fragment and ports", make("10.0.0.5", "10.0.0.9", 6, 80, 90), "10.0.0.5", 6,
			TS_NO_PORT, false},
		{"fragment and port range from 0", make("10.0.0.5", "10.0.0.9", 6, 0, 90),
			"10.0.0.5", 6, TS_NO_PORT, false},
		{"fragment and opaque", make("10.0.0.5", "10.0.0.9", 6, OPAQUE), "10.0.0.5", 6,
			TS_NO_PORT, true},
		{"port and opaque", make("10.0.0.5", "10.0.0.9", 6, OPAQUE), "10.0.0.5", 6, 80,
			false},
		{"ports without protocol", make("10.0.0.5", "10.0.0.9", 0, 53, 53), "10.0.0.5", 17,
			53, true},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct addr a;

		T_ROW(i, rows[i].name);
		T_EQ(addr_parse(rows[i].addr, &a), ST_OK);
		T_EQ(ts_match_packet(&rows[i].t, &a, rows[i].proto, rows[i].port), rows[i].match);
		T_EQ(ts_match_any(&rows[i].t, 1, &a, rows[i].proto, rows[i].port), rows[i].match);
		T_TRUE(!ts_match_any(&rows[i].t, 0, &a, rows[i].proto, rows[i].port));
	}
}

/* Bug class 17: whatever is proposed, the result is inside both and never wider. */
static void narrowing(void)
{
	const struct ts ours[] = {make("10.99.0.7", "10.99.0.7", ANYP),
		make("192.168.0.0", "192.168.255.255", ANYP)};
	const struct {
		const char *name;
		struct ts peer[3];
		size_t n;
		const char *result[4];
	} rows[] = {
		{"any", {ts_any(4)}, 1, {"10.99.0.7/32", "192.168.0.0/16"}},
		{"both families", {ts_any(6), ts_any(4)}, 2, {"10.99.0.7/32", "192.168.0.0/16"}},
		{"bug class 17: somebody else's address", {make("10.99.0.8", "10.99.0.8", ANYP)}, 1,
			{0}},
		{"bug class 17: neighbours of the leased /32",
			{make("10.99.0.6", "10.99.0.8", ANYP)}, 1, {"10.99.0.7/32"}},
		{"duplicates", {ts_any(4), ts_any(4)}, 2, {"10.99.0.7/32", "192.168.0.0/16"}},
		{"packet first, then its net",
			{make("10.99.0.7", "10.99.0.7", 6, 80, 80), ts_any(4)}, 2,
			{"10.99.0.7/32[6/80]", "10.99.0.7/32", "192.168.0.0/16"}},
		{"net first, then the packet",
			{ts_any(4), make("10.99.0.7", "10.99.0.7", 6, 80, 80)}, 2,
			{"10.99.0.7/32", "192.168.0.0/16"}},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ts out[8];
		size_t n = ts_narrow(rows[i].peer, rows[i].n, ours, 2, out, COUNT(out)), k;
		char text[TS_TEXT];

		T_ROW(i, rows[i].name);
		for (k = 0; k < COUNT(rows[i].result) && rows[i].result[k]; k++) {
			T_TRUE(k < n);
			T_STR(ts_format(&out[k], text), rows[i].result[k]);
		}
		T_EQ(n, k);
		T_EQ(ts_narrow(rows[i].peer, rows[i].n, ours, 2, out, 1), k ? 1 : 0);
	}
}

static struct ts random_ts(struct chance *c)
{
	struct ts t = ts_any(chance(c, 2) ? 4 : 6);
	struct addr a = t.lo, b = t.lo;
	uint16_t p = (uint16_t)chance(c, 8), q = (uint16_t)chance(c, 8);

	/* few values, so that all relations occur */
	a.b[0] = (uint8_t)chance(c, 6);
	b.b[0] = (uint8_t)chance(c, 6);
	t.lo = addr_cmp(&a, &b) < 0 ? a : b;
	t.hi = addr_cmp(&a, &b) < 0 ? b : a;
	t.proto = (uint8_t)chance(c, 3);
	switch (chance(c, 3)) {
	case 0: break;
	case 1:
		t.port_lo = 65535;
		t.port_hi = 0;
		break;
	default:
		t.port_lo = p < q ? p : q;
		t.port_hi = p < q ? q : p;
	}
	return t;
}

static void built_ones_parse(void)
{
	struct chance c = {5};

	for (int round = 0; round < 500; round++) {
		uint8_t buf[4 + TS_MAX * 40];
		struct wr w = wr_init(buf, sizeof(buf));
		struct ts want[TS_MAX];
		size_t n = 1 + (size_t)chance(&c, TS_MAX);

		for (size_t i = 0; i < n; i++)
			want[i] = random_ts(&c);
		ts_build(&w, want, n);
		T_ROW(round, "round");
		T_TRUE(wr_ok(&w));
		T_EQ(parse((struct view){buf, w.len}), ST_OK);
		T_EQ(count, n);
		for (size_t i = 0; i < n; i++)
			T_TRUE(ts_eq(&list[i], &want[i]));
	}
}

/* The algebra against its meaning: membership of sampled packets. */
static void algebra_means_membership(void)
{
	struct chance c = {6};

	for (int round = 0; round < 20000; round++) {
		struct ts a = random_ts(&c), b = random_ts(&c), both;
		bool some = ts_intersect(&a, &b, &both);
		struct addr at = ts_any(a.lo.family).lo;
		uint8_t proto = (uint8_t)chance(&c, 3);
		int port = (int)chance(&c, 9) - 1;
		bool in_a, in_b;

		at.b[0] = (uint8_t)chance(&c, 6);
		in_a = ts_match_packet(&a, &at, proto, port);
		in_b = ts_match_packet(&b, &at, proto, port);
		T_ROW(round, "round");
		T_EQ(some && ts_match_packet(&both, &at, proto, port), in_a && in_b);
		if (ts_contains(&a, &b))
			T_TRUE(!in_b || in_a);
	}
}

static void longest_text_fits(void)
{
	struct ts t = make("feed:feed:feed:feed:feed:feed:feed:feed",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 255, 10000, 65535);
	char text[TS_TEXT];

	T_EQ(strlen(ts_format(&t, text)), 39 + 1 + 39 + strlen("[255/10000-65535]"));
}

int main(void)
{
	T_RUN(payloads_judged);
	T_RUN(cuts_and_bytes);
	T_RUN(more_than_kept);
	T_RUN(intersections);
	T_RUN(containment);
	T_RUN(prefixes);
	T_RUN(packets_match);
	T_RUN(narrowing);
	T_RUN(built_ones_parse);
	T_RUN(algebra_means_membership);
	T_RUN(longest_text_fits);
	return t_end();
}
