/* The IKE header and the chain of payloads. */
#include "core/wire/payload.h"
#include "tests/unit/wire.h"

#define SPIS "0102030405060708 1112131415161718"

static void header_fields(void)
{
	struct view v = hex(SPIS "2e 20 23 08 00000001 0000001c");
	struct ike_hdr h;

	T_EQ(ike_hdr_parse(v, &h), ST_OK);
	T_TRUE(h.spi_i == 0x0102030405060708u && h.spi_r == 0x1112131415161718u);
	T_EQ(h.next, PT_SK);
	T_EQ(h.exchange, EX_IKE_AUTH);
	T_TRUE(ike_hdr_is_from_initiator(&h) && !ike_hdr_is_response(&h));
	T_EQ(h.msgid, 1);
	T_EQ(h.length, 28);
}

static void header_judged(void)
{
	static const struct {
		const char *name;
		const char *hex;
		enum status st;
	} rows[] = {
		{"good response", SPIS "00 20 22 20 00000000 0000001c", ST_OK},
		{"reserved flags ignored", SPIS "00 20 22 c7 00000000 0000001c", ST_OK},
		{"minor version ignored", SPIS "00 2f 22 08 00000000 0000001c", ST_OK},
		{"unknown exchange is for the engine", SPIS "00 20 f0 08 00000000 0000001c", ST_OK},
		{"responder SPI zero",
			"0102030405060708 0000000000000000"
			"00 20 22 08 00000000 0000001c",
			ST_OK},
		{"version 1", SPIS "00 10 22 08 00000000 0000001c", ST_BAD_VERSION},
		{"version 3", SPIS "00 30 22 08 00000000 0000001c", ST_BAD_VERSION},
		{"version 0", SPIS "00 00 22 08 00000000 0000001c", ST_BAD_VERSION},
		{"initiator SPI zero",
			"0000000000000000 1112131415161718"
			"00 20 22 08 00000000 0000001c",
			ST_BAD_SPI},
		{"no SPIs", "0000000000000000 0000000000000000 00 20 22 08 00000000 0000001c", ST_BAD_SPI},
		{"no SPIs, a notice outside of any SA",
			"0000000000000000 0000000000000000 00 20 25 08 00000000 0000001c", ST_OK},
		{"no SPIs, a response",
			"0000000000000000 0000000000000000 00 20 25 20 00000000 0000001c", ST_BAD_SPI},
		{"bug class 27: length 0", SPIS "00 20 22 08 00000000 00000000", ST_BAD_LENGTH},
		{"bug class 27: length 27", SPIS "00 20 22 08 00000000 0000001b", ST_BAD_LENGTH},
		{"bug class 27: length one more", SPIS "00 20 22 08 00000000 0000001d",
			ST_TRUNCATED},
		{"bug class 27: length 2^32-1", SPIS "00 20 22 08 00000000 ffffffff", ST_TRUNCATED},
		{"bug class 27: length one less than the datagram",
			SPIS "00 20 22 08 00000000 0000001c 00", ST_TRAILING},
		{"empty", "", ST_TRUNCATED},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ike_hdr h;

		T_ROW(i, rows[i].name);
		T_EQ(ike_hdr_parse(hex(rows[i].hex), &h), rows[i].st);
		if (rows[i].st == ST_BAD_VERSION)
			T_TRUE(h.spi_i == 0x0102030405060708u && h.exchange == 0x22);
	}
}

static enum status parse_header(struct view v)
{
	struct ike_hdr h;

	return ike_hdr_parse(v, &h);
}

static struct ike_message msg;

static enum status parse_message(struct view v)
{
	return ike_message_parse(v, &msg);
}

/* IKE_SA_INIT with N, V, NONCE, and an INFORMATIONAL with SK. */
#define INIT_MESSAGE                                                                               \
	SPIS "29 20 22 08 00000000 00000044"                                                       \
	     "2b 00 0008 0000 4006"                                                                \
	     "28 00 0008 61626364"                                                                 \
	     "00 00 0018 000102030405060708090a0b0c0d0e0f10111213"
#define SK_MESSAGE SPIS "2e 20 25 08 00000002 00000028 2a 00 000c a0a1a2a3a4a5a6a7"

static void message_with_payloads(void)
{
	struct view v = hex(INIT_MESSAGE);

	T_EQ(parse_message(v), ST_OK);
	T_EQ(msg.p.n, 3);
	T_EQ(msg.p.v[0].type, PT_NOTIFY);
	T_EQ(msg.p.v[0].body.len, 4);
	T_EQ(msg.p.v[1].type, PT_VENDOR);
	T_MEM(msg.p.v[1].body.p, "abcd", 4);
	T_EQ(msg.p.v[2].type, PT_NONCE);
	T_EQ(msg.p.v[2].body.len, 20);
	T_TRUE(msg.p.v[2].body.p == v.p + 48);
	T_EQ(msg.p.sk_type, 0);
	T_EQ(msg.aad.len, 0);
}

static void message_with_sk(void)
{
	struct view v = hex(SK_MESSAGE);

	T_EQ(parse_message(v), ST_OK);
	T_EQ(msg.p.n, 0);
	T_EQ(msg.p.sk_type, PT_SK);
	T_EQ(msg.p.sk_first, PT_DELETE);
	T_EQ(msg.p.sk.len, 8);
	T_TRUE(msg.p.sk.p == v.p + 32);
	T_TRUE(msg.aad.p == v.p && msg.aad.len == 32);
}

static void message_with_skf(void)
{
	struct view v = hex(SPIS "35 20 23 08 00000001 00000029 23 00 000d 0001 0003 a0a1a2a3a4");
	struct skf f;

	T_EQ(parse_message(v), ST_OK);
	T_EQ(msg.p.sk_type, PT_SKF);
	T_EQ(msg.p.sk_first, PT_IDI);
	T_TRUE(msg.aad.p == v.p && msg.aad.len == 36);
	T_EQ(skf_parse(msg.p.sk, &f), ST_OK);
	T_TRUE(f.number == 1 && f.total == 3 && f.body.len == 5);
	T_TRUE(f.body.p == msg.aad.p + msg.aad.len);
}

/* An SKF too short for its own fields: refused by its parser, and no data beyond is named. */
static void message_with_short_skf(void)
{
	static const char *const rows[] = {
		SPIS "35 20 23 08 00000001 00000020 23 00 0004",
		SPIS "35 20 23 08 00000001 00000021 23 00 0005 00",
		SPIS "35 20 23 08 00000001 00000023 23 00 0007 000100",
		SPIS "35 20 23 08 00000001 00000024 23 00 0008 00010001",
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct view v = hex(rows[i]);
		struct skf f;

		T_ROW(i, rows[i]);
		T_EQ(parse_message(v), ST_OK);
		T_TRUE(msg.aad.len <= v.len);
		T_EQ(skf_parse(msg.p.sk, &f), ST_TRUNCATED);
	}
}

static void fragments_judged(void)
{
	static const struct {
		const char *name;
		const char *hex;
		enum status st;
	} rows[] = {
		{"one of one", "0001 0001 aa", ST_OK},
		{"last", "ffff ffff aa", ST_OK},
		{"number 0", "0000 0001 aa", ST_BAD_PAYLOAD},
		{"total 0", "0001 0000 aa", ST_BAD_PAYLOAD},
		{"both 0", "0000 0000 aa", ST_BAD_PAYLOAD},
		{"number above total", "0003 0002 aa", ST_BAD_PAYLOAD},
		{"no body", "0001 0001", ST_TRUNCATED},
		{"short", "0001 00", ST_TRUNCATED},
		{"empty", "", ST_TRUNCATED},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct skf f;

		T_ROW(i, rows[i].name);
		T_EQ(skf_parse(hex(rows[i].hex), &f), rows[i].st);
	}
}

static void chains_judged(void)
{
	static const struct {
		const char *name;
		uint8_t first;
		const char *hex;
		enum status st;
		unsigned n, skipped, critical;
	} rows[] = {
		{"empty", 0, "", ST_OK, 0, 0, 0},
		{"empty but bytes", 0, "00", ST_TRAILING, 0, 0, 0},
		{"first is missing", 41, "", ST_TRUNCATED, 0, 0, 0},
		{"empty body", 43, "00 00 0004", ST_OK, 1, 0, 0},
		{"critical bit on a known type", 43, "00 80 0004", ST_OK, 1, 0, 0},
		{"reserved bits", 43, "00 7f 0004", ST_OK, 1, 0, 0},
		{"unknown", 60, "2b 00 0005 aa 00 00 0004", ST_OK, 1, 1, 0},
		{"unknown critical", 60, "2b 80 0005 aa 00 00 0004", ST_CRITICAL, 1, 0, 60},
		{"two unknown critical", 60, "3d 80 0004 00 80 0004", ST_CRITICAL, 0, 0, 60},
		{"unknown critical in a broken chain", 60, "2b 80 0004", ST_TRUNCATED, 0, 0, 60},
		{"IKEv1 types 1..13 are unknown", 1, "05 00 0004 0d 00 0004 00 00 0004", ST_OK, 0,
			3, 0},
		{"IKEv1 SA critical", 1, "00 80 0004", ST_CRITICAL, 0, 0, 1},
		{"Cisco fragment 132", 132, "00 00 0009 0001 01 01 aa", ST_OK, 0, 1, 0},
		{"length 0", 43, "00 00 0000", ST_BAD_LENGTH, 0, 0, 0},
		{"length 3", 43, "00 00 0003", ST_BAD_LENGTH, 0, 0, 0},
		{"length one more", 43, "00 00 0005", ST_TRUNCATED, 0, 0, 0},
		{"length 65535", 43, "00 00 ffff aa", ST_TRUNCATED, 0, 0, 0},
		{"length one less", 43, "00 00 0004 aa", ST_TRAILING, 1, 0, 0},
		{"next payload is missing", 43, "2b 00 0004", ST_TRUNCATED, 1, 0, 0},
		{"unknown length 0 ends", 60, "3c 00 0000", ST_BAD_LENGTH, 0, 0, 0},
		{"SK ends the chain", 43, "2e 00 0004 29 00 0005 aa", ST_OK, 1, 0, 0},
		{"bytes after SK", 46, "29 00 0005 aa bb", ST_TRAILING, 0, 0, 0},
		{"payload after SK", 46, "29 00 0004 00 00 0008 00004006", ST_TRAILING, 0, 0, 0},
		{"SK of length 3", 46, "29 00 0003", ST_BAD_LENGTH, 0, 0, 0},
		{"duplicates are the engine's business", 40, "28 00 0004 00 00 0004", ST_OK, 2, 0,
			0},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ike_payloads p;

		T_ROW(i, rows[i].name);
		T_EQ(payloads_parse(rows[i].first, hex(rows[i].hex), PAYLOADS_OUTER, &p),
			rows[i].st);
		T_EQ(p.n, rows[i].n);
		T_EQ(p.n_skipped, rows[i].skipped);
		T_EQ(p.unknown_critical, rows[i].critical);
	}
}

static void no_sk_inside_sk(void)
{
	struct ike_payloads p;

	T_EQ(payloads_parse(46, hex("29 00 0005 aa"), PAYLOADS_INNER, &p), ST_BAD_PAYLOAD);
	T_EQ(payloads_parse(43, hex("35 00 0004 00 00 0009 00010001 aa"), PAYLOADS_INNER, &p),
		ST_BAD_PAYLOAD);
	T_EQ(payloads_parse(43, hex("00 00 0004"), PAYLOADS_INNER, &p), ST_OK);
}

/* Every type once, in a chain of its own: understood exactly when the list says so. */
static void all_types(void)
{
	for (unsigned type = 1; type < 256; type++) {
		bool known = (type >= 33 && type <= 48) || type == 53;
		bool is_sk = type == 46 || type == 53;
		struct ike_payloads p;

		T_ROW(type, payload_name((uint8_t)type));
		T_EQ(payloads_parse((uint8_t)type, hex("00 80 0004"), PAYLOADS_OUTER, &p),
			known ? ST_OK : ST_CRITICAL);
		T_EQ(p.n, known && !is_sk);
		T_EQ(p.sk_type, is_sk ? type : 0);
		T_EQ(strcmp(payload_name((uint8_t)type), "unknown") != 0, known);
	}
}

static void too_many_payloads(void)
{
	for (size_t n = PAYLOADS_MAX - 1; n <= PAYLOADS_MAX + 1; n++) {
		uint8_t buf[4 * (PAYLOADS_MAX + 1)];
		struct wr w = wr_init(buf, sizeof(buf));
		struct ike_payloads p;

		for (size_t i = 0; i < n; i++) {
			wr_u16(&w, i + 1 < n ? PT_NOTIFY << 8 : 0);
			wr_u16(&w, 4);
		}
		T_ROW(n, "payloads");
		T_EQ(payloads_parse(PT_NOTIFY, (struct view){buf, w.len}, PAYLOADS_OUTER, &p),
			n <= PAYLOADS_MAX ? ST_OK : ST_BAD_PAYLOAD);
	}
}

/* As many as fit a datagram are skipped without harm. */
static void very_many_unknown_payloads(void)
{
	static uint8_t buf[65504];
	struct ike_payloads p;

	for (size_t i = 0; i < sizeof(buf); i += 4) {
		buf[i] = i + 4 < sizeof(buf) ? 99 : 0;
		buf[i + 1] = 0;
		buf[i + 2] = 0;
		buf[i + 3] = 4;
	}
	T_EQ(payloads_parse(99, (struct view){buf, sizeof(buf)}, PAYLOADS_OUTER, &p), ST_OK);
	T_EQ(p.n_skipped, sizeof(buf) / 4);
}

static void finding(void)
{
	struct ike_payloads p;
	const struct payload *a, *b;

	T_EQ(payloads_parse(41, hex("2b 00 0004 29 00 0004 00 00 0005 aa"), PAYLOADS_OUTER, &p),
		ST_OK);
	a = payload_find(&p, PT_NOTIFY);
	T_TRUE(a == &p.v[0]);
	b = payload_find_next(&p, a);
	T_TRUE(b == &p.v[2] && payload_find_next(&p, b) == NULL);
	T_TRUE(payload_find(&p, PT_SA) == NULL);
	T_EQ(payload_count(&p, PT_NOTIFY), 2);
	T_EQ(payload_count(&p, PT_SA), 0);
}

static void cuts_and_bytes(void)
{
	T_DO(every_cut(hex(SPIS "00 20 22 20 00000000 0000001c"), 28, parse_header));
	T_DO(every_cut(hex(INIT_MESSAGE), 68, parse_message));
	T_DO(every_cut(hex(SK_MESSAGE), 40, parse_message));
	every_byte(hex(INIT_MESSAGE), parse_message);
	every_byte(hex(SK_MESSAGE), parse_message);
}

/* What the chain builder writes, the parser reads: random payloads, an SK at the end or not. */
static void built_messages_parse(void)
{
	struct chance c = {1};

	for (int round = 0; round < 300; round++) {
		static uint8_t buf[8192], bodies[12][64];
		struct ike_hdr h = {.spi_i = 1 + chance(&c, 1000), .spi_r = chance(&c, 3),
			.version = IKE_VERSION, .exchange = EX_INFORMATIONAL,
			.flags = IKE_FLAG_RESPONSE, .msgid = (uint32_t)chance(&c, 1u << 31)};
		struct payload want[12];
		size_t n = (size_t)chance(&c, 12);
		bool sk = chance(&c, 2);
		struct wr w = wr_init(buf, sizeof(buf));
		struct wr_mark len = ike_hdr_open(&w, &h);
		struct payload_chain chain = payload_chain_init(&w, IKE_HDR_NEXT_AT);

		T_ROW(round, "round");
		for (size_t i = 0; i < n; i++) {
			want[i].type = (uint8_t)(33 + chance(&c, 13)); /* below SK */
			want[i].body = chance_bytes(&c, bodies[i], 0, 64);
			payload_put(&chain, want[i].type, want[i].body.p, want[i].body.len);
		}
		if (sk) {
			struct wr_mark m = payload_open(&chain, PT_SK);

			payload_set_next(&chain, PT_NOTIFY);
			wr_zeros(&w, 24);
			payload_close(&chain, m);
		}
		wr_close32(&w, len);
		T_TRUE(wr_ok(&w));
		T_EQ(parse_message((struct view){buf, w.len}), ST_OK);
		T_TRUE(msg.hdr.spi_i == h.spi_i && msg.hdr.spi_r == h.spi_r);
		T_TRUE(msg.hdr.msgid == h.msgid && ike_hdr_is_response(&msg.hdr));
		T_EQ(msg.p.n, n);
		for (size_t i = 0; i < n; i++)
			T_TRUE(msg.p.v[i].type == want[i].type &&
				view_eq(msg.p.v[i].body, want[i].body));
		T_EQ(msg.p.sk_type, sk ? PT_SK : 0);
		T_EQ(msg.p.sk_first, sk ? PT_NOTIFY : 0);
		T_EQ(chain.first, n ? want[0].type : sk ? PT_SK : 0);
	}
}

/* The inner chain of an SK: its first type is asked for afterwards. */
static void inner_chain_knows_its_first(void)
{
	uint8_t buf[64];
	struct wr w = wr_init(buf, sizeof(buf));
	struct payload_chain chain = payload_chain_init(&w, PAYLOAD_NO_FIELD);
	struct ike_payloads p;

	T_EQ(chain.first, PT_NONE);
	payload_put(&chain, PT_IDR, "abcde", 5);
	payload_put(&chain, PT_AUTH, "xyz", 3);
	T_EQ(chain.first, PT_IDR);
	T_EQ(payloads_parse(chain.first, (struct view){buf, w.len}, PAYLOADS_INNER, &p), ST_OK);
	T_TRUE(p.n == 2 && p.v[1].type == PT_AUTH && p.v[1].body.len == 3);
}

static void names(void)
{
	T_STR(exchange_name(34), "IKE_SA_INIT");
	T_STR(exchange_name(33), "unknown");
	T_STR(payload_name(33), "SA");
	T_STR(payload_name(0), "unknown");
}

int main(void)
{
	T_RUN(header_fields);
	T_RUN(header_judged);
	T_RUN(message_with_payloads);
	T_RUN(message_with_sk);
	T_RUN(message_with_skf);
	T_RUN(message_with_short_skf);
	T_RUN(fragments_judged);
	T_RUN(chains_judged);
	T_RUN(no_sk_inside_sk);
	T_RUN(all_types);
	T_RUN(too_many_payloads);
	T_RUN(very_many_unknown_payloads);
	T_RUN(finding);
	T_RUN(cuts_and_bytes);
	T_RUN(built_messages_parse);
	T_RUN(inner_chain_knows_its_first);
	T_RUN(names);
	return t_end();
}
