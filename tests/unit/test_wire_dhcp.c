/* DHCPINFORM and its answer: what Windows sends in a tunnel, what it reads, and everything else that is not
 * understood on purpose. */
#include "core/wire/dhcp.h"
#include "tests/unit/wire.h"

#define ZERO16 "00000000000000000000000000000000"
#define ZERO64 ZERO16 ZERO16 ZERO16 ZERO16
#define NAMES ZERO64 ZERO64 ZERO64
/* op, type, length, hops; xid; secs, flags; ciaddr; the other three; chaddr; names */
#define HEAD(op, ciaddr) op "010600 1a2b3c4d 0000 0000" ciaddr "000000000000000000000000" \
	"0a0b0c0d0e0f00000000000000000000" NAMES
#define COOKIE "63825363"
#define MINE "0a630002"

static uint8_t buf[2048];
static struct dhcp_inform in;

static enum status parse(const char *text)
{
	return dhcp_parse(hex(text), &in);
}

static void what_windows_says(void)
{
	/* Inform; client identifier; host name; vendor class "MSFT 5.0"; parameter list */
	T_EQ(parse(HEAD("01", MINE) COOKIE "350108 3d07010a0b0c0d0e0f 0c0277733c084d53465420352e30"
		"370d010f03062c2e2f1f2179f92bfc ff 0000"), ST_OK);
	T_EQ(in.xid, 0x1a2b3c4d);
	T_TRUE(in.htype == 1 && in.hlen == 6 && in.chaddr[0] == 0x0a && in.chaddr[5] == 0x0f);
	T_TRUE(in.ciaddr.family == 4 && in.ciaddr.b[0] == 10 && in.ciaddr.b[3] == 2);
	T_EQ(in.wants, DHCP_WANTS_MASK | DHCP_WANTS_DNS | DHCP_WANTS_DOMAIN | DHCP_WANTS_NBNS |
		DHCP_WANTS_ROUTES | DHCP_WANTS_MS_ROUTES);
	T_EQ(in.max_len, DHCP_MESSAGE_MIN);
}

static void judged(void)
{
	static const struct {
		const char *name, *hex;
		enum status st;
		unsigned wants, max_len;
	} rows[] = {
		{"no list: all", HEAD("01", MINE) COOKIE "350108ff", ST_OK, 63, 548},
		{"no end either", HEAD("01", MINE) COOKIE "350108", ST_OK, 63, 548},
		{"one wish", HEAD("01", MINE) COOKIE "3501083701f9ff", ST_OK, DHCP_WANTS_MS_ROUTES, 548},
		{"a wish twice", HEAD("01", MINE) COOKIE "35010837020606ff", ST_OK, DHCP_WANTS_DNS, 548},
		{"wishes that we do not know", HEAD("01", MINE) COOKIE "350108370203feff", ST_OK, 0, 548},
		{"an empty list", HEAD("01", MINE) COOKIE "3501083700ff", ST_OK, 0, 548},
		{"padding between", HEAD("01", MINE) COOKIE "0000350108003701f900ff", ST_OK, 32, 548},
		{"takes 576", HEAD("01", MINE) COOKIE "35010839020240ff", ST_OK, 63, 548},
		{"takes 68, says it", HEAD("01", MINE) COOKIE "35010839020044ff", ST_OK, 63, 548},
		{"takes 1000", HEAD("01", MINE) COOKIE "350108390203e8ff", ST_OK, 63, 972},
		{"takes 65535", HEAD("01", MINE) COOKIE "3501083902ffffff", ST_OK, 63, DHCP_MESSAGE_MAX},
		{"behind the end", HEAD("01", MINE) COOKIE "350108ff390203e8", ST_OK, 63, 548},
		{"discover", HEAD("01", MINE) COOKIE "350101ff", ST_DHCP_OTHER, 63, 548},
		{"request", HEAD("01", MINE) COOKIE "350103ff", ST_DHCP_OTHER, 63, 548},
		{"no type: BOOTP", HEAD("01", MINE) COOKIE "ff", ST_DHCP_OTHER, 63, 548},
		{"a reply", HEAD("02", MINE) COOKIE "350108ff", ST_DHCP_OTHER, 0, 548},
		{"another cookie", HEAD("01", MINE) "63825364" "350108ff", ST_DHCP_OTHER, 0, 548},
		{"no cookie", HEAD("01", MINE), ST_TRUNCATED, 0, 548},
		{"half a head", "01010600", ST_TRUNCATED, 0, 548},
		{"nothing", "", ST_TRUNCATED, 0, 548},
		{"a type of two bytes", HEAD("01", MINE) COOKIE "35020808ff", ST_BAD_PAYLOAD, 0, 548},
		{"a type of none", HEAD("01", MINE) COOKIE "3500ff", ST_BAD_PAYLOAD, 0, 548},
		{"an option past the end", HEAD("01", MINE) COOKIE "3501083705f9", ST_BAD_PAYLOAD, 0, 548},
		{"an option without length", HEAD("01", MINE) COOKIE "35010837", ST_BAD_PAYLOAD, 0, 548},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].name);
		T_EQ(parse(rows[i].hex), rows[i].st);
		if (rows[i].st)
			continue;
		T_EQ(in.wants, rows[i].wants);
		T_EQ(in.max_len, rows[i].max_len);
	}
	T_EQ(parse("010111" "00 1a2b3c4d 0000 0000" MINE "000000000000000000000000" ZERO16 NAMES COOKIE "350108ff"),
		ST_BAD_PAYLOAD);
}

static struct prefix net(const char *text)
{
	struct prefix p = {0};

	(void)!prefix_parse(text, &p);
	return p;
}

static struct addr at(const char *text)
{
	struct addr a = {0};

	(void)!addr_parse(text, &a);
	return a;
}

/* Where the option begins in the answer; NULL: it has none. */
static const uint8_t *option(const uint8_t *message, size_t len, uint8_t which)
{
	for (size_t i = 240; i < len && message[i] != 255; i += message[i] ? 2u + message[i + 1] : 1)
		if (message[i] == which)
			return message + i;
	return NULL;
}

static bool has(const uint8_t *message, size_t len, const char *want)
{
	struct view v = hex(want);
	const uint8_t *o = option(message, len, v.p[0]);

	return o && memcmp(o, v.p, v.len) == 0;
}

static void answered(void)
{
	const struct addr dns[] = {at("10.0.0.53"), at("2001:db8::53"), at("10.0.0.54")}, nbns = at("10.0.0.44");
	const struct prefix routes[] = {net("10.0.0.0/8"), net("2001:db8::/32"), net("172.16.0.0/12"), net("192.0.2.128/25"),
		net("0.0.0.0/0"), net("198.51.100.7/32")};
	struct dhcp_answer a = {at("10.0.0.1"), 24, dns, &nbns, 3, 1, routes, 6, "corp.example"};
	struct wr w = wr_init(buf, sizeof(buf));

	T_EQ(parse(HEAD("01", MINE) COOKIE "350108ff"), ST_OK);
	in.flags = 0x8000;
	dhcp_build_ack(&w, &in, &a);
	T_TRUE(wr_ok(&w) && w.len >= 300 && w.len <= DHCP_MESSAGE_MIN);
	T_TRUE(memcmp(buf, hex("02010600 1a2b3c4d 00008000 0a630002 00000000 00000000 00000000 0a0b0c0d0e0f").p, 34) == 0);
	T_TRUE(memcmp(buf + 236, hex(COOKIE).p, 4) == 0);
	T_TRUE(has(buf, w.len, "350105") && has(buf, w.len, "36040a000001") && has(buf, w.len, "0104ffffff00"));
	T_TRUE(has(buf, w.len, "06080a0000350a000036") && has(buf, w.len, "2c040a00002c"));
	T_TRUE(has(buf, w.len, "0f0c636f72702e6578616d706c65"));
	T_TRUE(has(buf, w.len, "f924 080a0a000001 0cac100a000001 19c00002800a000001 000a000001 20c63364070a000001"));
	T_TRUE(has(buf, w.len, "7924 080a0a000001 0cac100a000001 19c00002800a000001 000a000001 20c63364070a000001"));
	/* Nothing granted: no empty options. */
	a = (struct dhcp_answer){.server = at("10.0.0.1"), .mask_len = 32, .domain = ""};
	w = wr_init(buf, sizeof(buf));
	dhcp_build_ack(&w, &in, &a);
	T_TRUE(wr_ok(&w) && has(buf, w.len, "0104ffffffff") && !option(buf, w.len, 6) && !option(buf, w.len, 15));
	T_TRUE(!option(buf, w.len, 44) && !option(buf, w.len, 121) && !option(buf, w.len, 249));
	T_EQ(w.len, 300);
	/* Only what is asked for. */
	a = (struct dhcp_answer){at("10.0.0.1"), 24, dns, &nbns, 3, 1, routes, 6, "corp.example"};
	in.wants = DHCP_WANTS_DNS;
	w = wr_init(buf, sizeof(buf));
	dhcp_build_ack(&w, &in, &a);
	T_TRUE(option(buf, w.len, 6) && !option(buf, w.len, 1) && !option(buf, w.len, 121) && !option(buf, w.len, 249));
}

/* More than fits: whole routes, as many as the option and the client's message take. */
static void too_much(void)
{
	struct prefix routes[64];
	struct addr dns[100];
	char domain[256];
	struct dhcp_answer a = {at("10.0.0.1"), 24, dns, NULL, 100, 0, routes, 64, domain};
	struct wr w = wr_init(buf, sizeof(buf));
	const uint8_t *o;

	for (size_t i = 0; i < 64; i++)
		routes[i] = net("10.1.2.0/24");
	for (size_t i = 0; i < 100; i++)
		dns[i] = at("10.0.0.53");
	memset(domain, 'a', 255);
	domain[255] = 0;
	T_EQ(parse(HEAD("01", MINE) COOKIE "3501083902ffffff"), ST_OK);
	dhcp_build_ack(&w, &in, &a);
	T_TRUE(wr_ok(&w) && w.len <= DHCP_MESSAGE_MAX);
	o = option(buf, w.len, 249);
	T_TRUE(o && o[1] == 31 * 8);
	T_TRUE(!option(buf, w.len, 121)); /* it would be shorter */
	o = option(buf, w.len, 6);
	T_TRUE(o && o[1] == 252);
	o = option(buf, w.len, 15);
	T_TRUE(o && o[1] == 255);
	in.wants = DHCP_WANTS_ROUTES;
	w = wr_init(buf, sizeof(buf));
	dhcp_build_ack(&w, &in, &a);
	o = option(buf, w.len, 121);
	T_TRUE(o && o[1] == 31 * 8);
	in.wants = 63;
	for (uint16_t max = DHCP_MESSAGE_MIN; max <= DHCP_MESSAGE_MAX; max++) {
		in.max_len = max;
		w = wr_init(buf, sizeof(buf));
		dhcp_build_ack(&w, &in, &a);
		T_TRUE(wr_ok(&w) && w.len <= max && has(buf, w.len, "350105"));
		o = option(buf, w.len, 249);
		T_TRUE(o && o[1] % 8 == 0 && o[1] >= 30 * 8);
	}
}

#define IP(len, frag, src, dst) "4500" len "1234" frag "4011 0000" src dst
#define BODY HEAD("01", MINE) COOKIE "350108ff"

static void whole_packets(void)
{
	static const struct {
		const char *name, *hex;
		enum status st;
	} rows[] = {
		{"to all", IP("0110", "0000", MINE, "ffffffff") "0044 0043 00fc 0000" BODY, ST_OK},
		{"does not say who it is", IP("0110", "0000", MINE, "ffffffff") "0044 0043 00fc 0000"
			HEAD("01", "00000000") COOKIE "350108ff", ST_OK},
		{"says that it is another", IP("0110", "0000", "0a630003", "ffffffff") "0044 0043 00fc 0000" BODY, ST_DHCP_OTHER},
		{"a fragment", IP("0110", "2000", MINE, "ffffffff") "0044 0043 00fc 0000" BODY, ST_DHCP_OTHER},
		{"to another port", IP("0110", "0000", MINE, "ffffffff") "0044 0045 00fc 0000" BODY, ST_DHCP_OTHER},
		{"from another port", IP("0110", "0000", MINE, "ffffffff") "0043 0043 00fc 0000" BODY, ST_DHCP_OTHER},
		{"more than there is", IP("0110", "0000", MINE, "ffffffff") "0044 0043 00fd 0000" BODY, ST_TRUNCATED},
		{"less than a header", IP("0110", "0000", MINE, "ffffffff") "0044 0043 0007 0000" BODY, ST_TRUNCATED},
		{"no header", IP("0019", "0000", MINE, "ffffffff") "0044 0043 00", ST_TRUNCATED},
		{"no packet", "45", ST_ESP_MALFORMED},
	};
	struct dhcp_answer a = {.server = at("10.0.0.1"), .mask_len = 32, .domain = ""};
	struct wr w = wr_init(buf, sizeof(buf));
	struct ip_info ip;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct view v = hex(rows[i].hex);

		T_ROW(i, rows[i].name);
		T_EQ(dhcp_open(v.p, v.len, &in), rows[i].st);
		T_TRUE(rows[i].st || in.ciaddr.b[3] == 2);
	}
	T_EQ(dhcp_open(hex(rows[0].hex).p, hex(rows[0].hex).len, &in), ST_OK);
	dhcp_build_packet(&w, &in, &a);
	T_TRUE(wr_ok(&w));
	T_EQ(ip_parse(buf, w.len, &ip), ST_OK);
	T_TRUE(ip.total_len == w.len && ip.proto == IPP_UDP && ip.src_port == 67 && ip.dst_port == 68);
	T_TRUE(addr_eq(&ip.src, &a.server) && addr_eq(&ip.dst, &in.ciaddr));
	T_EQ(ip_checksum(buf, 20), 0);
	T_EQ(ip_sum_finish(ip_sum(ip_pseudo_sum(&ip.src, &ip.dst, IPP_UDP, (uint32_t)w.len - 20), buf + 20, w.len - 20)), 0);
	/* No room. */
	w = wr_init(buf, 100);
	dhcp_build_packet(&w, &in, &a);
	T_TRUE(!wr_ok(&w));
}

int main(void)
{
	T_RUN(what_windows_says);
	T_RUN(judged);
	T_RUN(answered);
	T_RUN(too_much);
	T_RUN(whole_packets);
	return t_end();
}
