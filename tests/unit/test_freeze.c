/* Frozen records: what was written is read, what was damaged is refused. */
#include <stdlib.h>

#include "core/base/freeze.h"
#include "tests/lib/t.h"

static struct endpoint sample_endpoint(void)
{
	struct endpoint e = {.vrf = 7, .port = 4500};

	if (addr_parse("2001:db8::7", &e.addr) != ST_OK)
		t_fail(__FILE__, __LINE__, "addr_parse");
	return e;
}

static size_t sample(uint8_t *buf, size_t cap)
{
	struct wr w = wr_init(buf, cap);
	struct endpoint e = sample_endpoint();
	struct addr v4 = addr_v4(0x0a000001), none = {0};
	struct prefix p = {.addr = addr_v4(0x0a000000), .len = 8};
	struct wr_mark m;

	fz_begin(&w, 3, 1);
	fz_u8(&w, 1, 0x12);
	fz_u16(&w, 2, 0x1234);
	fz_u32(&w, 3, 0x12345678);
	fz_u64(&w, 4, 0x123456789abcdef0u);
	fz_bytes(&w, 5, "bytes", 5);
	fz_str(&w, 6, "a string");
	fz_addr(&w, 7, &v4);
	fz_addr(&w, 8, &none);
	fz_prefix(&w, 9, &p);
	fz_endpoint(&w, 10, &e);
	m = fz_open(&w, 11);
	fz_u8(&w, 1, 0x21);
	fz_u8(&w, 2, 0x22);
	fz_close(&w, m);
	fz_bytes(&w, 12, NULL, 0);
	fz_end(&w);
	return wr_ok(&w) ? w.len : 0;
}

static void check_value(uint16_t tag, struct view v)
{
	struct endpoint e = sample_endpoint(), got;
	struct addr v4 = addr_v4(0x0a000001), a;
	struct prefix p;
	struct rd inner;
	struct view iv;
	uint16_t it;
	char text[20];

	switch (tag) {
	case 1: T_EQ(fz_get_u8(v), 0x12); break;
	case 2: T_EQ(fz_get_u16(v), 0x1234); break;
	case 3: T_EQ(fz_get_u32(v), 0x12345678); break;
	case 4: T_TRUE(fz_get_u64(v) == 0x123456789abcdef0u); break;
	case 5:
		T_TRUE(fz_get_bytes(v, text, 5) && memcmp(text, "bytes", 5) == 0);
		T_TRUE(!fz_get_bytes(v, text, 4) && !fz_get_bytes(v, text, 6));
		break;
	case 6:
		T_TRUE(fz_get_str(v, text, sizeof(text)));
		T_STR(text, "a string");
		T_TRUE(fz_get_str(v, text, 9) && !fz_get_str(v, text, 8) &&
			!fz_get_str(v, text, 0));
		T_STR(text, "a strin");
		break;
	case 7:
		a = fz_get_addr(v);
		T_TRUE(addr_eq(&a, &v4));
		break;
	case 8: T_EQ(fz_get_addr(v).family, 0); break;
	case 9:
		p = fz_get_prefix(v);
		T_TRUE(p.len == 8 && p.addr.family == 4 && p.addr.b[0] == 10);
		break;
	case 10:
		got = fz_get_endpoint(v);
		T_TRUE(endpoint_eq(&got, &e));
		break;
	case 11:
		inner = rd_init(v.p, v.len);
		T_TRUE(fz_next(&inner, &it, &iv) && it == 1 && fz_get_u8(iv) == 0x21);
		T_TRUE(fz_next(&inner, &it, &iv) && it == 2 && fz_get_u8(iv) == 0x22);
		T_TRUE(!fz_next(&inner, &it, &iv) && rd_done(&inner));
		break;
	case 12: T_EQ(v.len, 0); break;
	default: T_FAIL("tag %u", tag);
	}
}

static void thaws_what_was_frozen(void)
{
	uint8_t buf[512];
	size_t len = sample(buf, sizeof(buf));
	uint16_t kind, version, tag, expect = 1;
	struct rd fields;
	struct view v;

	T_TRUE(len > 0);
	T_EQ(fz_open_record((struct view){buf, len}, &kind, &version, &fields), ST_OK);
	T_TRUE(kind == 3 && version == 1);
	while (fz_next(&fields, &tag, &v)) {
		T_ROW(tag, "tag");
		T_EQ(tag, expect++);
		T_DO(check_value(tag, v));
	}
	T_TRUE(rd_done(&fields));
	T_EQ(expect, 13);
}

static void every_cut_is_refused(void)
{
	uint8_t buf[512], *cut;
	size_t len = sample(buf, sizeof(buf));
	uint16_t kind, version;
	struct rd fields;

	for (size_t n = 0; n < len; n++) {
		enum status st;

		cut = malloc(n ? n : 1);
		memcpy(cut, buf, n);
		st = fz_open_record((struct view){cut, n}, &kind, &version, &fields);
		free(cut);
		T_ROW(n, "length");
		T_EQ(st, n < 8 ? ST_TRUNCATED : ST_BAD_PAYLOAD);
	}
}

static void every_flipped_bit_is_refused(void)
{
	uint8_t buf[512];
	size_t len = sample(buf, sizeof(buf));
	uint16_t kind, version;
	struct rd fields;

	for (size_t bit = 0; bit < len * 8; bit++) {
		enum status st;

		buf[bit / 8] ^= (uint8_t)(1u << bit % 8);
		st = fz_open_record((struct view){buf, len}, &kind, &version, &fields);
		buf[bit / 8] ^= (uint8_t)(1u << bit % 8);
		T_ROW(bit, "bit");
		T_EQ(st, ST_BAD_PAYLOAD);
	}
}

/* A frame that lies under a checksum that is right: our own bug, and still no read beyond. */
static void lying_lengths_are_refused(void)
{
	static const char *const rows[] = {
		"0001 00000002 aa", "0001 ffffffff aa", "0001 000000", "00",
		"0001 00000001 aa 0002 00000001",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t buf[64];
		struct wr w = wr_init(buf, sizeof(buf));
		size_t n;
		const uint8_t *p = t_hex(rows[i], &n);
		uint16_t kind, version;
		struct rd fields;

		fz_begin(&w, 1, 1);
		wr_bytes(&w, p, n);
		fz_end(&w);
		T_ROW(i, rows[i]);
		T_TRUE(wr_ok(&w));
		T_EQ(fz_open_record((struct view){buf, w.len}, &kind, &version, &fields),
			ST_BAD_PAYLOAD);
	}
}

static void values_of_the_wrong_length_are_nothing(void)
{
	static const char *const addrs[] = {"", "04", "04 0a0000", "04 0a00000101", "06 0a000001",
		"00 00", "05 0a000001", "04 20010db8000000000000000000000001"};
	size_t n;

	for (size_t i = 0; i < 10; i++) {
		struct view v = {(const uint8_t *)"\1\2\3\4\5\6\7\10\11\12", i};

		T_ROW(i, "length");
		T_EQ(fz_get_u8(v) != 0, i == 1);
		T_EQ(fz_get_u16(v) != 0, i == 2);
		T_EQ(fz_get_u32(v) != 0, i == 4);
		T_EQ(fz_get_u64(v) != 0, i == 8);
	}
	for (size_t i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++) {
		const uint8_t *p = t_hex(addrs[i], &n);

		T_ROW(i, addrs[i]);
		T_EQ(fz_get_addr((struct view){p, n}).family, 0);
	}
	const uint8_t *p = t_hex("21 04 0a000001", &n); /* prefix of 33 bits */

	T_EQ(fz_get_prefix((struct view){p, n}).addr.family, 0);
	p = t_hex("00000007 1194 04 0a0000", &n);
	T_EQ(fz_get_endpoint((struct view){p, n}).vrf, 0);
	p = t_hex("00000007 1194 00", &n); /* no address, still a port */
	T_EQ(fz_get_endpoint((struct view){p, n}).port, 4500);
}

static void small_buffers_and_second_records_are_bad(void)
{
	uint8_t buf[512];
	size_t len = sample(buf, sizeof(buf));
	struct wr w;

	for (size_t cap = 0; cap < len; cap++) {
		uint8_t *small = malloc(cap ? cap : 1);
		size_t n = sample(small, cap);

		free(small);
		T_ROW(cap, "cap");
		T_EQ(n, 0);
	}
	T_EQ(sample(buf, len), len);
	w = wr_init(buf, sizeof(buf));
	fz_begin(&w, 1, 1);
	fz_end(&w);
	T_TRUE(wr_ok(&w));
	fz_begin(&w, 1, 1);
	T_TRUE(!wr_ok(&w));
}

int main(void)
{
	T_RUN(thaws_what_was_frozen);
	T_RUN(every_cut_is_refused);
	T_RUN(every_flipped_bit_is_refused);
	T_RUN(lying_lengths_are_refused);
	T_RUN(values_of_the_wrong_length_are_nothing);
	T_RUN(small_buffers_and_second_records_are_bad);
	return t_end();
}
