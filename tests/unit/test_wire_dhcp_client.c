/* What a DHCP server is told on behalf of a client, octet by octet, and what it may answer. */
#include <stdio.h>

#include "core/wire/dhcp_client.h"
#include "tests/unit/wire.h"

#define ZERO16 "00000000000000000000000000000000"
#define ZERO64 ZERO16 ZERO16 ZERO16 ZERO16
#define NAMES ZERO64 ZERO64 ZERO64
#define COOKIE "63825363"
/* op, type, length, hops; xid; secs, flags; ciaddr, yiaddr, siaddr, giaddr; chaddr; names */
#define HEAD(op, yiaddr) op "010600 1a2b3c4d 0000 0000 00000000" yiaddr "00000000 0ac80001" \
	"12110a0b0c0d00000000000000000000"
#define MINE HEAD("02", "0ac80032") NAMES COOKIE

static const uint8_t digest[32] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0x13, 0x11, 10, 11, 12, 13, 0xff};
static struct dhcp_who who;
static struct dhcp_reply reply;

static struct addr at(const char *text)
{
	struct addr a = {0};

	(void)!addr_parse(text, &a);
	return a;
}

static void names(void)
{
	static const struct {
		const char *user, *host;
	} rows[] = {
		{"anna@corp.example", "anna"},
		{"anna", "anna"},
		{"CORP\\anna", "anna"},
		{"CN=anna, O=Corp", "anna"},
		{"anna.maria_x", "anna-maria-x"},
		{"..anna..", "anna"},
		{"\\xc3\\xa4@b", "xa4"},
		{"@corp.example", ""},
		{"", ""},
		{"---", ""},
		{"10.0.0.7", "10-0-0-7"},
		{"0123456789012345678901234567890123456789012345678901234567890123456789",
			"012345678901234567890123456789012345678901234567890123456789012"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].user);
		dhcp_who_make(&who, digest, rows[i].user);
		T_STR(who.host_name, rows[i].host);
	}
	T_EQ(who.hardware[0], 0x12); /* local, and of one host */
	T_MEM(who.hardware + 1, digest + 17, 5);
	T_EQ(who.client_id[0], 0);
	T_MEM(who.client_id + 1, digest, 16);
}

static void built(void)
{
	static const struct {
		const char *name;
		struct dhcp_request q;
		const char *ciaddr, *options;
	} rows[] = {
		{"discover", {.type = DHCP_DISCOVER}, "00000000",
			"350101 3d11000102030405060708090a0b0c0d0e0f10 0c04616e6e61 390204ec 370601063336 3a3b ff"},
		{"discover with a wish", {.type = DHCP_DISCOVER, .requested = {4, {10, 200, 0, 50}}}, "00000000",
			"350101 3d11000102030405060708090a0b0c0d0e0f10 32040ac80032 0c04616e6e61 390204ec 370601063336 3a3b ff"},
		{"request", {.type = DHCP_REQUEST, .requested = {4, {10, 200, 0, 50}}, .server_id = {4, {10, 99, 2, 2}}}, "00000000",
			"350103 3d11000102030405060708090a0b0c0d0e0f10 32040ac80032 36040a630202 0c04616e6e61 390204ec 370601063336 3a3b ff"},
		{"renewal", {.type = DHCP_REQUEST, .ciaddr = {4, {10, 200, 0, 50}}}, "0ac80032",
			"350103 3d11000102030405060708090a0b0c0d0e0f10 0c04616e6e61 390204ec 370601063336 3a3b ff"},
		{"release", {.type = DHCP_RELEASE, .ciaddr = {4, {10, 200, 0, 50}}, .server_id = {4, {10, 99, 2, 2}}}, "0ac80032",
			"350107 3d11000102030405060708090a0b0c0d0e0f10 36040a630202 ff"},
		{"decline", {.type = DHCP_DECLINE, .requested = {4, {10, 200, 0, 50}}, .server_id = {4, {10, 99, 2, 2}}}, "00000000",
			"350104 3d11000102030405060708090a0b0c0d0e0f10 32040ac80032 36040a630202 ff"},
	};
	uint8_t buf[DHCP_REQUEST_MAX];

	dhcp_who_make(&who, digest, "anna@corp.example");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dhcp_request q = rows[i].q;
		struct wr w = wr_init(buf, sizeof(buf));

		T_ROW(i, rows[i].name);
		q.xid = 0x1a2b3c4d;
		q.secs = 3;
		q.giaddr = at("10.200.0.1");
		q.who = &who;
		dhcp_build_request(&w, &q);
		T_TRUE(wr_ok(&w) && w.len >= 300);
		T_MEM(buf, hex("01010601 1a2b3c4d 0003 0000").p, 12);
		T_MEM(buf + 12, hex(rows[i].ciaddr).p, 4);
		T_MEM(buf + 16, hex("00000000 00000000 0ac80001 12110a0b0c0d 00000000000000000000" NAMES COOKIE).p, 224);
		struct view o = hex(rows[i].options);
		T_MEM(buf + 240, o.p, o.len);
		for (size_t k = 240 + o.len; k < w.len; k++)
			T_EQ(buf[k], 0);
	}
}

static enum status parse(const char *text)
{
	return dhcp_parse_reply(hex(text), &reply);
}

static void an_answer(void)
{
	T_EQ(parse(MINE "350105 36040a630202 330400000e10 3a0400000708 3b0400000c4e 0104fffffe00 06080a6302580a630259"
			"3d11000102030405060708090a0b0c0d0e0f10 ff 0000"), ST_OK);
	T_EQ(reply.type, DHCP_ACK);
	T_EQ(reply.xid, 0x1a2b3c4d);
	T_TRUE(addr_eq(&reply.yiaddr, &(struct addr){4, {10, 200, 0, 50}}));
	T_TRUE(addr_eq(&reply.giaddr, &(struct addr){4, {10, 200, 0, 1}}));
	T_TRUE(addr_eq(&reply.server_id, &(struct addr){4, {10, 99, 2, 2}}));
	T_TRUE(reply.lease_s == 3600 && reply.t1_s == 1800 && reply.t2_s == 3150);
	T_TRUE(reply.mask_len == 23 && reply.n_dns == 2 && reply.dns[1].b[3] == 0x59);
	dhcp_who_make(&who, digest, "");
	T_TRUE(dhcp_reply_is_for(&reply, &who) && dhcp_reply_is_usable(&reply));
	reply.client_id[16] ^= 1;
	T_TRUE(!dhcp_reply_is_for(&reply, &who));
	reply.has_client_id = false; /* RFC 6842 is younger than some servers */
	T_TRUE(dhcp_reply_is_for(&reply, &who));
	reply.hardware[5] ^= 1;
	T_TRUE(!dhcp_reply_is_for(&reply, &who));
	/* Another client's identifier, of another length. */
	T_EQ(parse(MINE "350105 3d020001 ff"), ST_OK);
	T_TRUE(!dhcp_reply_is_for(&reply, &who));
}

static void judged(void)
{
	static const struct {
		const char *name, *hex;
		enum status st;
	} rows[] = {
		{"offer", MINE "350102ff", ST_OK},
		{"ack", MINE "350105ff", ST_OK},
		{"nak", MINE "350106ff", ST_OK},
		{"no end", MINE "350105", ST_OK},
		{"six DNS servers", MINE "350105 0618 0a000001 0a000002 0a000003 0a000004 0a000005 0a000006 ff", ST_OK},
		{"unknown options", MINE "350105 fe03010203 ff", ST_OK},
		{"discover", MINE "350101ff", ST_DHCP_OTHER},
		{"no type", MINE "ff", ST_DHCP_OTHER},
		{"a request", HEAD("01", "0ac80032") NAMES COOKIE "350105ff", ST_DHCP_OTHER},
		{"another cookie", HEAD("02", "0ac80032") NAMES "63825364" "350105ff", ST_DHCP_OTHER},
		{"token ring", "02060600 1a2b3c4d 00000000 00000000 0ac80032 00000000 0ac80001" ZERO16 NAMES COOKIE "350105ff", ST_DHCP_OTHER},
		{"no cookie", HEAD("02", "0ac80032") NAMES, ST_TRUNCATED},
		{"nothing", "", ST_TRUNCATED},
		{"a type of two", MINE "35020505ff", ST_BAD_PAYLOAD},
		{"a time of three", MINE "350105 3303000e10 ff", ST_BAD_PAYLOAD},
		{"a mask with holes", MINE "350105 0104ff00ff00 ff", ST_BAD_PAYLOAD},
		{"half a DNS server", MINE "350105 06060a0000010a00 ff", ST_BAD_PAYLOAD},
		{"a server of sixteen", MINE "350105 3610" ZERO16 "ff", ST_BAD_PAYLOAD},
		{"an option past the end", MINE "350105 0608 0a000001", ST_BAD_PAYLOAD},
		{"an option without length", MINE "350105 06", ST_BAD_PAYLOAD},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].name);
		T_EQ(parse(rows[i].hex), rows[i].st);
		T_TRUE(reply.n_dns <= DHCP_DNS_MAX);
	}
}

/* Options that did not fit stand where names do, if the server says so. */
static void overloaded(void)
{
#define SNAME "06040a630258 ff 00000000000000" "0000000000000000000000000000000000000000000000000000000000000000" \
	"000000000000000000000000000000000000"
#define FILE "330400000e10 ff 000000000000000000" ZERO16 ZERO16 ZERO16 ZERO64
	T_EQ(parse(HEAD("02", "0ac80032") SNAME FILE COOKIE "350105 340103 ff"), ST_OK);
	T_TRUE(reply.n_dns == 1 && reply.lease_s == 3600);
	T_EQ(parse(HEAD("02", "0ac80032") SNAME FILE COOKIE "350105 340101 ff"), ST_OK);
	T_TRUE(reply.n_dns == 0 && reply.lease_s == 3600);
	T_EQ(parse(HEAD("02", "0ac80032") SNAME FILE COOKIE "350105 ff"), ST_OK);
	T_TRUE(reply.n_dns == 0 && reply.lease_s == 0);
}

static void words_of_the_server(void)
{
	T_EQ(parse(MINE "350106 380a 676f2061776179 0a 1b 22 ff"), ST_OK);
	T_STR(reply.text, "go away\\x0a\\x1b\\\"");
}

static void usable(void)
{
	static const struct {
		const char *yiaddr, *server;
		bool is_usable;
	} rows[] = {
		{"0ac80032", "36040a630202", true},
		{"0ac80032", "", false},
		{"0ac80032", "360400000000", false},
		{"00000000", "36040a630202", false},
		{"7f000001", "36040a630202", false},
		{"e0000001", "36040a630202", false},
		{"f0000001", "36040a630202", false},
		{"ffffffff", "36040a630202", false},
		{"a9fe0101", "36040a630202", false},
		{"00000005", "36040a630202", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[1024];

		T_ROW(i, rows[i].yiaddr);
		snprintf(text, sizeof(text),
			"02010600 1a2b3c4d 00000000 00000000 %s 00000000 0ac80001 12110a0b0c0d00000000000000000000" NAMES COOKIE
			"350102 %s ff", rows[i].yiaddr, rows[i].server);
		T_EQ(parse(text), ST_OK);
		T_EQ(dhcp_reply_is_usable(&reply), rows[i].is_usable);
	}
}

static enum status into(struct view v)
{
	return dhcp_parse_reply(v, &reply);
}

static void nothing_beyond_is_read(void)
{
	struct view good = hex(MINE "350105 36040a630202 330400000e10 0104fffffe00 06080a6302580a630259 38026f6b ff");

	every_byte(good, into);
}

int main(void)
{
	T_RUN(names);
	T_RUN(built);
	T_RUN(an_answer);
	T_RUN(judged);
	T_RUN(overloaded);
	T_RUN(words_of_the_server);
	T_RUN(usable);
	T_RUN(nothing_beyond_is_read);
	return t_end();
}
