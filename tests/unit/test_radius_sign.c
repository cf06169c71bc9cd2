/* Proofs and hiding of RADIUS: the examples of RFC 2865 section 7 and RFC 5997 section 6, both with the secret
 * "xyzzy5461". Other vectors were computed with Python's hashlib and hmac by the sentences of the RFC that is named. */
#include "core/aaa/radius_sign.h"
#include "tests/unit/wire.h"

static const struct view secret = {(const uint8_t *)"xyzzy5461", 9}, other = {(const uint8_t *)"xyzzy5462", 9};
static uint8_t buf[RADIUS_MAX + 16], out[RADIUS_MAX];

static struct radius_packet parsed(struct view v)
{
	struct radius_packet p;

	if (radius_parse(v, &p) != ST_OK)
		t_fail(__FILE__, __LINE__, "not a packet");
	return p;
}

#define R1 "01000014 0f403f9473978057bd83d5cb98f4227a"
#define R2 "01010014 2aee86f08d0d55969ca5978e0d3367a2"
#define R3 "01020014 f3a47a1f6a6d76710b947ab93041a039"
#define R4 "01030014 b122556d428a13d0d6253807c457ecf0"
#define S1 "0cda0014 8a54f4686fb394c52866e302185d0623"
#define S2 "0cb30014 925f6b66dd5fed571fcb1db7ad388260"
#define S3 "0c470014 bf58de56ae408ad3b70c8513f9b03fbe"
#define ACCT "04070020 440a9d93cd0ead82c419076c7616dd87 01066e656d6f 280600000001"
#define COA "2b070032 da062e8094b1bc9c99bae4d01ec874f1 50129faaec231782094d33f86cddda6ee51b 01066e656d6f 280600000001"

static const struct {
	const char *name, *request, *reply;
} replies[] = {
	{"2865 7.1", R1, "02000026 86fe220e7624ba2a1005f6bf9b55e0b2 060600000001 0f0600000000 0e06c0a80103"},
	{"2865 7.2", R2, "02010038 15efbc7dab26cfa3dc34d9c03c8601a4 060600000002 070600000001 0806fffffffe"
		"0a0600000002 0d0600000001 0c06000005dc"},
	{"2865 7.3, challenge", R3, "0b02004e 36f3c8764ae8c71157403c0c71ff9c45 12304368616c6c656e6765203332373639343330"
		"2e2020456e74657220726573706f6e73652061742070726f6d70742e 180a3332373639343330"},
	{"2865 7.3, reject", R4, "03030014 a42f4fca45916c4e09c8340f9e746aa0"},
	{"5997 6.1", S1, "02da0014 ef0d552a4bf2d693ec2b6fe8b5411d66"},
	/* the RFC prints code 2 and computes with the right one */
	{"5997 6.2", S2, "05b30014 0f6f92145f107e2f504e860a4860669c"},
	{"5997 6.3", S3, "02470034 46f43e62fd0354424cbbebfd6d214e06 122052414449555320536572766572207570203220646179"
		"732c2031383a3430"},
	/* RFC 5176 3.4 */
	{"CoA-ACK", "2b070014 da062e8094b1bc9c99bae4d01ec874f1",
		"2c07002c b051a91630caeed1a9d004b1e882e4fa 5012f4d10aabff28449a0ace95b490e710ce 180600000001"},
	/* as RFC 3579 3.2 has it for Access-Accept */
	{"Accounting-Response", "04070014 440a9d93cd0ead82c419076c7616dd87",
		"05070026 65217a5d4f020c66c5019c58fc2ff378 5012719b8b33ec6f096083ba0f09c970336f"},
};

static void replies_verify(void)
{
	for (size_t i = 0; i < COUNT(replies); i++) {
		struct radius_packet q = parsed(hex(replies[i].request)), p = parsed(hex(replies[i].reply));
		struct view whole = p.all;

		T_ROW(i, replies[i].name);
		T_EQ(radius_verify_reply(secret, q.authenticator, &p), ST_OK);
		T_EQ(radius_verify_reply(other, q.authenticator, &p), ST_NOT_AUTHENTIC);
		q.authenticator[15] ^= 1;
		T_EQ(radius_verify_reply(secret, q.authenticator, &p), ST_NOT_AUTHENTIC);
		q.authenticator[15] ^= 1;
		/* Signed again after all proofs were wiped: the same octets. */
		memcpy(buf, whole.p, whole.len);
		memset(buf + 4, 0, 16);
		if (whole.len > 20 && buf[20] == RADIUS_MESSAGE_AUTHENTICATOR)
			memset(buf + 22, 0, 16);
		T_EQ(radius_sign_reply(secret, q.authenticator, buf, whole.len), ST_OK);
		T_MEM(buf, whole.p, whole.len);
		/* No octet may change. */
		for (size_t at = 0; at < whole.len; at++) {
			struct radius_packet altered;

			memcpy(buf, whole.p, whole.len);
			buf[at] ^= 0x40;
			if (radius_parse((struct view){buf, whole.len}, &altered) == ST_OK)
				T_EQ(radius_verify_reply(secret, q.authenticator, &altered), ST_NOT_AUTHENTIC);
		}
	}
}

/* FreeRADIUS 3: Message-Authenticator of an Accounting-Response with zeros in the place of the authenticator. */
static void zeros_for_accounting(void)
{
	struct radius_packet q = parsed(hex(ACCT)),
		p = parsed(hex("05070026 92a0ed521510b3db6e8c935222bd0236 5012c3490f1b014eb61716ee2e90a82e9897"));

	T_EQ(radius_verify_reply(secret, q.authenticator, &p), ST_OK);
	T_EQ(radius_verify_reply(other, q.authenticator, &p), ST_NOT_AUTHENTIC);
	/* The same for another kind of reply is wrong. */
	memcpy(buf, p.all.p, p.all.len);
	buf[0] = RADIUS_ACCESS_ACCEPT;
	T_EQ(radius_sign_reply(secret, (const uint8_t[16]){0}, buf, p.all.len), ST_OK);
	p = parsed((struct view){buf, p.all.len});
	T_EQ(radius_verify_reply(secret, q.authenticator, &p), ST_NOT_AUTHENTIC);
}

static void requests(void)
{
	static const struct {
		const char *name, *hex;
		bool has_proof;
	} rows[] = {
		{"5997 6.1", "0cda0026 8a54f4686fb394c52866e302185d0623 50125a665e2e1e8411f3e243822097c84fa3", true},
		{"5997 6.2", "0cb30026 925f6b66dd5fed571fcb1db7ad388260 5012e8d6eabda910875cd91fdade26367858", true},
		{"5997 6.3", "0c47002c bf58de56ae408ad3b70c8513f9b03fbe 0406c0000210 5012852d6fec61e7ed74b8e32dac2f2a5fb2", true},
		{"accounting", ACCT, false},
		{"CoA", COA, true},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct radius_packet p = parsed(hex(rows[i].hex));
		struct radius_attr a;
		bool by_chance = p.code == RADIUS_STATUS_SERVER;

		T_ROW(i, rows[i].name);
		T_EQ(radius_verify_request(secret, &p), ST_OK);
		T_EQ(radius_verify_request(other, &p), ST_NOT_AUTHENTIC);
		T_EQ(radius_find(p.attrs, RADIUS_MESSAGE_AUTHENTICATOR, &a), rows[i].has_proof);
		memcpy(buf, p.all.p, p.all.len);
		if (rows[i].has_proof)
			memset(buf + (a.value.p - p.all.p), 0xee, 16);
		if (!by_chance)
			memset(buf + 4, 0xdd, 16);
		T_EQ(radius_sign_request(secret, buf, p.all.len), ST_OK);
		T_MEM(buf, p.all.p, p.all.len);
		for (size_t at = 0; at < p.all.len; at++) {
			struct radius_packet altered;

			memcpy(buf, p.all.p, p.all.len);
			buf[at] ^= 0x20;
			if (radius_parse((struct view){buf, p.all.len}, &altered) == ST_OK && altered.code == p.code)
				T_TRUE(radius_verify_request(secret, &altered) != ST_OK ||
					(by_chance && !radius_find(altered.attrs, RADIUS_MESSAGE_AUTHENTICATOR, &a)));
		}
	}
}

#define PROOF "50125a665e2e1e8411f3e243822097c84fa3"

/* Message-Authenticators that cannot be one. */
static void no_proofs(void)
{
	static const char *const rows[] = {
		"0cda0014 8a54f4686fb394c52866e302185d0623", /* none: proves nothing and contradicts nothing */
		"0cda0016 8a54f4686fb394c52866e302185d0623 5002",
		"0cda0025 8a54f4686fb394c52866e302185d0623 50115a665e2e1e8411f3e243822097c84f",
		"0cda0027 8a54f4686fb394c52866e302185d0623 50135a665e2e1e8411f3e243822097c84fa300",
		"0cda0038 8a54f4686fb394c52866e302185d0623 " PROOF PROOF,
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct view v = hex(rows[i]);
		struct radius_packet p = parsed(v);

		T_ROW(i, "row");
		T_EQ(radius_verify_request(secret, &p), i == 0 ? ST_OK : ST_NOT_AUTHENTIC);
		if (i > 0)
			T_EQ(radius_verify_reply(secret, p.authenticator, &p), ST_NOT_AUTHENTIC);
		memcpy(buf, v.p, v.len);
		T_EQ(radius_sign_request(secret, buf, v.len), i == 0 ? ST_OK : ST_BAD_PAYLOAD);
		T_EQ(radius_sign_reply(secret, p.authenticator, buf, v.len), i == 0 ? ST_OK : ST_BAD_PAYLOAD);
	}
	T_EQ(radius_sign_request(secret, buf, 19), ST_TRUNCATED);
	memset(buf, 0, 20);
	T_EQ(radius_sign_reply(secret, buf, buf, 20), ST_BAD_LENGTH);
}

#define RA "0f403f9473978057bd83d5cb98f4227a"

static void passwords(void)
{
	static const struct {
		const char *name, *authenticator, *password, *hidden;
	} rows[] = {
		{"2865 7.1", RA, "arctangent", "0dbe708d93d413ce3196e43f782a0aee"},
		{"2865 7.3", "f3a47a1f6a6d76710b947ab93041a039", "challenge", "33657573778289b570885e15084825c5"},
		{"2865 7.3, response", "b122556d428a13d0d6253807c457ecf0", "99101462", "692c1f205fc081b919b95195f561a581"},
		{"two blocks", RA, "twenty-one characters", "18bb769786c359c43187c45c104b788f4f55a335355c3dccb348680ad0abbfbf"},
		{"none", RA, "", "6ccc13f9f2ba74ab5fe2e43f782a0aee"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct view v = {(const uint8_t *)rows[i].password, strlen(rows[i].password)};
		struct wr w = wr_init(buf, sizeof(buf)), back = wr_init(out, sizeof(out));

		T_ROW(i, rows[i].name);
		T_EQ(radius_hide_password(secret, hex(rows[i].authenticator).p, v, &w), ST_OK);
		T_TRUE(view_eq((struct view){buf, w.len}, hex(rows[i].hidden)));
		T_EQ(radius_reveal_password(secret, hex(rows[i].authenticator).p, hex(rows[i].hidden), &back), ST_OK);
		T_TRUE(view_eq((struct view){out, back.len}, v));
	}
}

static void password_lengths(void)
{
	static uint8_t text[RADIUS_PASSWORD_MAX + 1];
	struct view ra = hex(RA);

	memset(text, 'p', sizeof(text));
	for (size_t len = 1; len <= sizeof(text); len++) {
		struct wr w = wr_init(buf, sizeof(buf)), tight = wr_init(buf, (len + 15) / 16 * 16 - 1), back = wr_init(out, sizeof(out));

		T_ROW(len, "octets");
		T_EQ(radius_hide_password(secret, ra.p, (struct view){text, len}, &w), len > RADIUS_PASSWORD_MAX ? ST_LIMIT : ST_OK);
		if (len > RADIUS_PASSWORD_MAX)
			break;
		T_EQ(w.len % 16, 0);
		T_EQ(radius_reveal_password(secret, ra.p, (struct view){buf, w.len}, &back), ST_OK);
		T_TRUE(view_eq((struct view){out, back.len}, (struct view){text, len}));
		back = wr_init(out, len - 1);
		T_EQ(radius_reveal_password(secret, ra.p, (struct view){buf, w.len}, &back), ST_LIMIT);
		T_EQ(radius_hide_password(secret, ra.p, (struct view){text, len}, &tight), ST_LIMIT);
	}
	for (size_t len = 0; len <= 144; len++) {
		struct wr back = wr_init(out, sizeof(out));

		T_ROW(len, "hidden octets");
		T_EQ(radius_reveal_password(secret, ra.p, (struct view){buf, len}, &back),
			len > 0 && len % 16 == 0 && len <= 128 ? ST_OK : ST_BAD_PAYLOAD);
	}
}

static void salted(void)
{
	static const struct {
		const char *plain, *hidden; /* RFC 2548 2.4.2, RFC 2868 3.5 */
	} rows[] = {
		{"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
			"8001e74fd77a66159af1c00e2603ed8f8a2d775b72924f399d2c98d1909d856dfa8608c3baf92fc0c0313d7dd2b3bb1fe1e7"},
		{"74756e6e656c", "ffeec8b6494039d6be394be59241b86311b1"},
		{"", "8100cbd1d12a99467aa72dc9bb043e120d29"},
	};
	struct view ra = hex(RA);
	size_t len;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct view plain = hex(rows[i].plain), hidden = hex(rows[i].hidden);
		struct wr w = wr_init(buf, sizeof(buf));

		T_ROW(i, "row");
		T_EQ(radius_reveal(secret, ra.p, hidden, out, sizeof(out), &len), ST_OK);
		T_TRUE(view_eq((struct view){out, len}, plain));
		wr_bytes(&w, hidden.p, 2);
		T_EQ(radius_hide(secret, ra.p, plain, &w), ST_OK);
		T_TRUE(view_eq((struct view){buf, w.len}, hidden));
		T_EQ(radius_reveal(secret, ra.p, hidden, out, plain.len, &len), ST_OK);
		if (plain.len == 0)
			continue;
		T_EQ(radius_reveal(secret, ra.p, hidden, out, plain.len - 1, &len), ST_LIMIT);
		T_EQ(len, 0);
		for (size_t cut = 0; cut < hidden.len; cut++)
			if (cut < 18 || (cut - 2) % 16)
				T_EQ(radius_reveal(secret, ra.p, (struct view){hidden.p, cut}, out, sizeof(out), &len), ST_BAD_PAYLOAD);
		/* A block less than the length inside says. */
		if (hidden.len > 34)
			T_EQ(radius_reveal(secret, ra.p, (struct view){hidden.p, 34}, out, sizeof(out), &len), ST_BAD_PAYLOAD);
	}
	/* Another secret: the length inside is a matter of chance, here too much. */
	T_EQ(radius_reveal(other, ra.p, hex(rows[1].hidden), out, sizeof(out), &len), ST_BAD_PAYLOAD);
}

static void salted_lengths(void)
{
	static uint8_t text[240];
	struct view ra = hex(RA);
	size_t len;

	memset(text, 's', sizeof(text));
	for (size_t n = 0; n <= sizeof(text); n++) {
		struct wr w = wr_init(buf, sizeof(buf));

		T_ROW(n, "octets");
		wr_u16(&w, (uint16_t)(0x8000 | n));
		T_EQ(radius_hide(secret, ra.p, (struct view){text, n}, &w), n <= 239 ? ST_OK : ST_LIMIT);
		if (n > 239)
			break;
		T_TRUE(w.len <= 2 + 240);
		T_EQ(radius_reveal(secret, ra.p, (struct view){buf, w.len}, out, sizeof(out), &len), ST_OK);
		T_TRUE(view_eq((struct view){out, len}, (struct view){text, n}));
	}
	struct wr unsalted = wr_init(buf, sizeof(buf)), full = wr_init(buf, 17);
	wr_u8(&unsalted, 1);
	wr_u16(&full, 0x8001);
	T_EQ(radius_hide(secret, ra.p, (struct view){text, 4}, &unsalted), ST_LIMIT);
	T_EQ(radius_hide(secret, ra.p, (struct view){text, 4}, &full), ST_LIMIT);
	/* More than an attribute can hold. */
	T_EQ(radius_reveal(secret, ra.p, (struct view){buf, 2 + 256}, out, sizeof(out), &len), ST_BAD_PAYLOAD);
}

int main(void)
{
	T_RUN(replies_verify);
	T_RUN(zeros_for_accounting);
	T_RUN(requests);
	T_RUN(no_proofs);
	T_RUN(passwords);
	T_RUN(password_lengths);
	T_RUN(salted);
	T_RUN(salted_lengths);
	return t_end();
}
