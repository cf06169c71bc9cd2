/* RADIUS packets: the examples of RFC 2865 section 7, every malformed length, values of every kind, and what is built. */
#include "core/wire/radius.h"

#include <stdio.h>

#include "tests/unit/wire.h"

#define HEAD(code, len) code "00" len "00112233445566778899aabbccddeeff"
#define LOGIN \
	"01000038 0f403f9473978057bd83d5cb98f4227a 01066e656d6f 02120dbe708d93d413ce3196e43f782a0aee" \
	"0406c0a80110 050600000003"
#define FRAMED \
	"02010038 15efbc7dab26cfa3dc34d9c03c8601a4 060600000002 070600000001 0806fffffffe 0a0600000002" \
	"0d0600000001 0c06000005dc"

static uint8_t buf[2 * RADIUS_MAX];
static struct radius_packet packet;

static enum status parse(struct view v)
{
	return radius_parse(v, &packet);
}

static void examples(void)
{
	struct radius_attr a;
	struct addr ip;
	uint32_t n;
	char text[64];

	T_EQ(parse(hex(LOGIN)), ST_OK);
	T_TRUE(packet.code == RADIUS_ACCESS_REQUEST && packet.id == 0 && packet.all.len == 56 && packet.attrs.len == 36);
	T_TRUE(memcmp(packet.authenticator, hex("0f403f9473978057bd83d5cb98f4227a").p, 16) == 0);
	T_TRUE(radius_find(packet.attrs, RADIUS_USER_NAME, &a) && radius_text(&a, text, sizeof(text)));
	T_STR(text, "nemo");
	T_TRUE(radius_find(packet.attrs, RADIUS_USER_PASSWORD, &a) && a.value.len == 16 && a.whole.len == 18);
	T_TRUE(radius_find(packet.attrs, RADIUS_NAS_IP_ADDRESS, &a) && radius_ip4(&a, &ip));
	T_TRUE(ip.family == 4 && memcmp(ip.b, hex("c0a80110").p, 4) == 0);
	T_TRUE(radius_find(packet.attrs, RADIUS_NAS_PORT, &a) && radius_u32(&a, &n) && n == 3);
	T_TRUE(!radius_find(packet.attrs, RADIUS_CLASS, &a));
	T_EQ(parse(hex(FRAMED)), ST_OK);
	T_TRUE(packet.code == RADIUS_ACCESS_ACCEPT && packet.id == 1);
	T_TRUE(radius_find(packet.attrs, RADIUS_FRAMED_MTU, &a) && radius_u32(&a, &n) && n == 1500);
	T_EQ(parse(hex("0303001 4a42f4fca45916c4e09c8340f9e746aa0")), ST_OK);
	T_TRUE(packet.code == RADIUS_ACCESS_REJECT && packet.attrs.len == 0);
	T_TRUE(!radius_find(packet.attrs, RADIUS_USER_NAME, &a));
}

static void lengths(void)
{
	static const struct {
		const char *name, *hex;
		enum status st;
	} rows[] = {
		{"nothing", "", ST_TRUNCATED},
		{"a header without its end", "01000014 00112233445566778899aabbccddee", ST_TRUNCATED},
		{"a header", HEAD("01", "0014"), ST_OK},
		{"an unknown code", HEAD("fe", "0014"), ST_OK},
		{"says 0", HEAD("01", "0000"), ST_BAD_LENGTH},
		{"says 19", HEAD("01", "0013"), ST_BAD_LENGTH},
		{"says 4097", HEAD("01", "1001"), ST_BAD_LENGTH},
		{"says 65535", HEAD("01", "ffff"), ST_BAD_LENGTH},
		{"says one more than there is", HEAD("01", "0015"), ST_TRUNCATED},
		{"says 4096", HEAD("01", "1000"), ST_TRUNCATED},
		{"padding behind it", HEAD("01", "0014") "0001", ST_OK},
		{"an attribute behind it", HEAD("01", "0014") "0106", ST_OK},
		{"an empty attribute", HEAD("01", "0016") "0102", ST_OK},
		{"an attribute of type 0", HEAD("01", "0016") "0002", ST_OK},
		{"length 0", HEAD("01", "0016") "0100", ST_BAD_LENGTH},
		{"length 1", HEAD("01", "0016") "0101", ST_BAD_LENGTH},
		{"a type alone", HEAD("01", "0015") "01", ST_BAD_LENGTH},
		{"one octet past the end", HEAD("01", "0016") "010300", ST_BAD_LENGTH},
		{"length 255", HEAD("01", "0017") "01ff00", ST_BAD_LENGTH},
		{"the second too long", HEAD("01", "001a") "010461620 203", ST_BAD_LENGTH},
		{"a vendor's of 3 octets", HEAD("01", "0019") "1a05000000", ST_OK},
		{"parts that do not fit", HEAD("01", "001c") "1a0800000009 0109", ST_OK},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		T_ROW(i, rows[i].name);
		T_EQ(parse(hex(rows[i].hex)), rows[i].st);
		T_TRUE(rows[i].st || (packet.all.len >= 20 && packet.attrs.len == packet.all.len - 20));
		T_TRUE(!rows[i].st || packet.attrs.len == 0);
	}
	t_row(-1, NULL);
	T_DO(every_cut(hex(LOGIN), 56, parse));
	every_byte(hex(FRAMED), parse);
	/* The longest. */
	static const uint8_t value[RADIUS_VALUE_MAX] = {7};
	struct wr w = wr_init(buf, RADIUS_MAX);
	struct wr_mark m = radius_open(&w, RADIUS_ACCESS_REQUEST, 9);
	while (w.len + 255 <= RADIUS_MAX)
		radius_put(&w, RADIUS_CLASS, value, RADIUS_VALUE_MAX);
	radius_put(&w, RADIUS_CLASS, value, RADIUS_MAX - w.len - 2);
	wr_close16(&w, m);
	T_TRUE(wr_ok(&w) && w.len == RADIUS_MAX);
	T_EQ(parse((struct view){buf, w.len}), ST_OK);
	T_TRUE(packet.id == 9 && packet.all.len == RADIUS_MAX);
}

/* What a walk says, as text: type, or type/vendor/vendor's type, and how long value and whole are. */
static const char *walk(const char *attrs)
{
	static char text[256];
	struct radius_cursor c = radius_begin(hex(attrs));
	struct radius_attr a;
	size_t n = 0;

	text[0] = 0;
	while (radius_next(&c, &a) && n < sizeof(text)) {
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%u", n ? " " : "", a.type);
		if (a.type == RADIUS_VENDOR_SPECIFIC)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "/%u/%u", a.vendor, a.vendor_type);
		n += (size_t)snprintf(text + n, sizeof(text) - n, ":%zu,%zu", a.value.len, a.whole.len);
	}
	return text;
}

static void vendors(void)
{
	static const struct {
		const char *hex, *says;
	} rows[] = {
		{"", ""},
		{"0103aa 1902 180400ff", "1:1,3 25:0,2 24:2,4"},
		{"1a0b00000009 0105613d62", "26/9/1:3,11"},
		{"1a1000000009 0103aa 0105613d62 0202 0106", "26/9/1:1,16 26/9/1:3,16 26/9/2:0,16"},
		{"1a0d00000009 0103aa 02040102 0103bb", "26/9/1:1,13 26/9/2:2,13 1:1,3"},
		{"1a06000004f0", "26/1264/0:0,6"},              /* a vendor and nothing else */
		{"1a05000009 0103aa", "26/0/0:3,5 1:1,3"},      /* not even a vendor */
		{"1a02", "26/0/0:0,2"},
		{"1a0900000009 010400", "26/9/0:3,9"},          /* its part is longer than it */
		{"1a0900000009 010000", "26/9/0:3,9"},
		{"1a0b00000009 0103aa 0201", "26/9/0:5,11"},    /* the second part is none */
		{"1a0700000009 01 0103bb", "26/9/0:1,7 1:1,3"},
		{"0103aa 02", "1:1,3"},                         /* not from a packet: ends where it is wrong */
		{"0103aa 0201", "1:1,3"},
	};
	struct radius_attr a;

	for (size_t i = 0; i < COUNT(rows); i++) {
		T_ROW(i, rows[i].hex);
		T_STR(walk(rows[i].hex), rows[i].says);
	}
	T_TRUE(!radius_find(hex("1a0b00000009 0105613d62"), RADIUS_VENDOR_SPECIFIC, &a));
	/* A vendor's type is no type. */
	T_TRUE(!radius_find(hex("1a0b00000009 0105613d62"), RADIUS_USER_NAME, &a));
}

static struct radius_attr value(const char *text)
{
	return (struct radius_attr){.value = hex(text)};
}

static void values(void)
{
	static const struct {
		const char *hex, *prefix;
	} prefixes[] = {
		{"0040 20010db800000001", "2001:db8:0:1::/64"}, {"0040 20010db8000000010000000000000000", "2001:db8:0:1::/64"},
		{"0030 20010db80000ffff", "2001:db8::/48"},     {"0000", "::/0"},
		{"0020 20", "2000::/32"},                       {"0080 20010db8000000000000000000000001", "2001:db8::1/128"},
		{"0081 20010db8000000000000000000000001", NULL}, {"0040 20010db800000000000000000000000100", NULL},
		{"00", NULL},                                   {"", NULL},
	};
	char text[PREFIX_TEXT];
	struct prefix p;
	struct addr ip;
	uint32_t n;

	for (size_t i = 0; i < COUNT(prefixes); i++) {
		struct radius_attr a = value(prefixes[i].hex);

		T_ROW(i, prefixes[i].hex);
		T_EQ(radius_prefix6(&a, &p), prefixes[i].prefix != NULL);
		if (prefixes[i].prefix)
			T_STR(prefix_format(&p, text), prefixes[i].prefix);
	}
	t_row(-1, NULL);
	for (size_t len = 0; len <= 20; len++) {
		struct radius_attr a = {.value = {hex("000102030405060708090a0b0c0d0e0f10111213").p, len}};

		T_ROW(len, "octets");
		T_EQ(radius_u32(&a, &n), len == 4);
		T_TRUE(len != 4 || n == 0x00010203);
		T_EQ(radius_ip4(&a, &ip), len == 4);
		T_EQ(ip.family, len == 4 ? 4 : 0);
		T_EQ(radius_ip6(&a, &ip), len == 16);
		T_EQ(ip.family, len == 16 ? 6 : 0);
	}
}

static void texts(void)
{
	struct radius_attr a = value("616263"), nul = value("61006263"), none = value("");
	char text[4], small[3];

	T_TRUE(radius_text(&a, text, sizeof(text)));
	T_STR(text, "abc");
	T_TRUE(!radius_text(&a, small, sizeof(small)));
	T_TRUE(!radius_text(&nul, text, 0) && !radius_text(&nul, (char *)buf, sizeof(buf)));
	T_TRUE(radius_text(&none, text, sizeof(text)) && text[0] == 0);
}

static void eap(void)
{
	static const struct {
		size_t len, attributes;
	} rows[] = {{0, 1}, {1, 1}, {253, 1}, {254, 2}, {506, 2}, {1020, 5}, {4000, 16}};
	static uint8_t in[4000], out[4000];
	struct wr w;
	size_t len = 7;

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < COUNT(rows); i++) {
		T_ROW(i, "packet");
		w = wr_init(buf, sizeof(buf));
		radius_put_text(&w, RADIUS_USER_NAME, "x");
		radius_put_eap(&w, (struct view){in, rows[i].len});
		radius_put_u32(&w, RADIUS_FRAMED_MTU, 1400);
		T_TRUE(wr_ok(&w));
		T_EQ(w.len, 3 + 6 + rows[i].len + 2 * rows[i].attributes);
		T_EQ(radius_eap((struct view){buf, w.len}, out, sizeof(out), &len), ST_OK);
		T_EQ(len, rows[i].len);
		T_MEM(out, in, len);
		if (len > 0)
			T_EQ(radius_eap((struct view){buf, w.len}, out, len - 1, &len), ST_LIMIT);
		T_EQ(len, 0);
	}
	T_EQ(radius_eap(hex("0103aa"), out, sizeof(out), &len), ST_NOT_FOUND);
}

static struct view built(struct wr *w)
{
	return wr_ok(w) ? (struct view){w->buf, w->len} : (struct view){0};
}

static void building(void)
{
	struct addr a4 = addr_v4(0xc0000201), a6 = addr_from(hex("20010db8000000000000000000000001").p, 16), none = {0};
	struct wr w = wr_init(buf, sizeof(buf));
	struct wr_mark m = radius_open(&w, RADIUS_COA_ACK, 7);

	radius_put_unsigned(&w);
	radius_put_text(&w, RADIUS_USER_NAME, "nemo");
	radius_put_text(&w, RADIUS_REPLY_MESSAGE, "");
	radius_put_u32(&w, RADIUS_NAS_PORT, 3);
	radius_put_addr(&w, RADIUS_NAS_IP_ADDRESS, RADIUS_NAS_IPV6_ADDRESS, &a4);
	radius_put_addr(&w, RADIUS_NAS_IP_ADDRESS, RADIUS_NAS_IPV6_ADDRESS, &a6);
	radius_put_addr(&w, RADIUS_NAS_IP_ADDRESS, RADIUS_NAS_IPV6_ADDRESS, &none);
	radius_put_vsa(&w, RADIUS_VENDOR_ASA, 146, "RA", 2);
	radius_put_vsa_u32(&w, RADIUS_VENDOR_ASA, 150, 6);
	radius_put_avpair(&w, "a", "b");
	wr_close16(&w, m);
	T_TRUE(view_eq(built(&w), hex("2c07006b 00000000000000000000000000000000 501200000000000000000000000000000000"
		"01066e656d6f 050600000003 0406c0000201 5f1220010db8000000000000000000000001 1a0a00000c04 92045241"
		"1a0c00000c04 960600000006 1a0b00000009 0105613d62")));
	T_EQ(parse(built(&w)), ST_OK);
}

/* Values at their longest, and one more; text is cut where a character begins. */
static void limits(void)
{
	static char text[400];
	struct wr w;

	memset(text, 'x', sizeof(text) - 1);
	for (size_t len = RADIUS_VALUE_MAX; len <= RADIUS_VALUE_MAX + 1; len++) {
		w = wr_init(buf, sizeof(buf));
		radius_put(&w, RADIUS_CLASS, text, len);
		T_EQ(wr_ok(&w), len == RADIUS_VALUE_MAX);
		w = wr_init(buf, sizeof(buf));
		radius_put_vsa(&w, RADIUS_VENDOR_CISCO, 1, text, len - 6);
		T_EQ(wr_ok(&w), len == RADIUS_VALUE_MAX);
		/* Too long by far comes out no shorter. */
		w = wr_init(buf, sizeof(buf));
		radius_put(&w, RADIUS_CLASS, text, len + 100);
		T_TRUE(!wr_ok(&w));
	}
	w = wr_init(buf, sizeof(buf));
	radius_put_text(&w, RADIUS_REPLY_MESSAGE, text);
	T_TRUE(wr_ok(&w) && w.len == 255);
	/* "€" is three octets: its beginning at 252 or 251 does not fit, at 250 it does. */
	for (size_t at = 250; at <= 253; at++) {
		memset(text, 'x', sizeof(text) - 1);
		memcpy(text + at, "\xe2\x82\xac", 3);
		w = wr_init(buf, sizeof(buf));
		radius_put_text(&w, RADIUS_REPLY_MESSAGE, text);
		T_ROW(at, "begins");
		T_EQ(w.len, 2 + (at == 250 ? 253 : at));
	}
	memset(text, 'x', sizeof(text) - 1);
	w = wr_init(buf, sizeof(buf));
	radius_put_avpair(&w, "ip:route", text);
	T_TRUE(wr_ok(&w) && w.len == 255 && memcmp(buf + 8, "ip:route=xxx", 12) == 0);
	w = wr_init(buf, sizeof(buf));
	radius_put_avpair(&w, text, "v");
	T_TRUE(!wr_ok(&w));
	/* No room. */
	w = wr_init(buf, 21);
	(void)radius_open(&w, RADIUS_COA_ACK, 1);
	T_TRUE(wr_ok(&w));
	radius_put_u32(&w, RADIUS_NAS_PORT, 3);
	T_TRUE(!wr_ok(&w));
}

int main(void)
{
	T_RUN(examples);
	T_RUN(lengths);
	T_RUN(vendors);
	T_RUN(values);
	T_RUN(texts);
	T_RUN(eap);
	T_RUN(building);
	T_RUN(limits);
	return t_end();
}
