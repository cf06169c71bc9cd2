/* The one cursor and the one builder. */
#include <stdlib.h>

#include "core/base/rd.h"
#include "core/base/wr.h"
#include "tests/lib/t.h"

static void reads_big_endian(void)
{
	size_t len;
	const uint8_t *p = t_hex("01 0203 04050607 08090a0b0c0d0e0f", &len);
	struct rd r = rd_init(p, len);

	T_EQ(rd_u8(&r), 0x01);
	T_EQ(rd_u16(&r), 0x0203);
	T_EQ(rd_u32(&r), 0x04050607);
	T_TRUE(rd_u64(&r) == 0x08090a0b0c0d0e0fu);
	T_TRUE(rd_done(&r));
}

/* Whatever is asked of a cursor that has less: zero, bad for ever, and not one byte beyond. */
static void past_the_end_is_zero_and_sticky(void)
{
	size_t len;
	const uint8_t *p = t_hex("ffffffffffffff", &len);

	for (size_t have = 0; have <= len; have++) {
		const size_t want[] = {1, 2, 4, 8};

		for (size_t k = 0; k < 4; k++) {
			struct rd r = rd_init(p + (len - have), have);
			uint64_t v = k == 0 ? rd_u8(&r) : k == 1 ? rd_u16(&r) : k == 2 ? rd_u32(&r)
										      : rd_u64(&r);

			T_ROW(have * 10 + want[k], "have*10+want");
			T_EQ(rd_ok(&r), have >= want[k]);
			if (have >= want[k])
				continue;
			if (k < 2)
				T_EQ(v, 0);
			T_EQ(rd_u8(&r), 0);
			T_EQ(rd_bytes(&r, 0).len, 0);
			T_TRUE(!rd_ok(&r) && !rd_done(&r));
		}
	}
}

static void views_and_subs_stay_inside(void)
{
	size_t len;
	const uint8_t *p = t_hex("0102030405", &len);
	struct rd r = rd_init(p, len);
	struct rd sub = rd_sub(&r, 2);
	struct rd none;
	struct view v;

	T_EQ(rd_u16(&sub), 0x0102);
	T_EQ(rd_u8(&sub), 0);
	T_TRUE(!rd_ok(&sub) && rd_ok(&r));
	v = rd_bytes(&r, 1);
	T_TRUE(v.p == p + 2 && v.len == 1);
	none = rd_sub(&r, 3);
	T_TRUE(!rd_ok(&none) && !rd_ok(&r) && none.left == 0);
	r = rd_init(p, len);
	rd_skip(&r, 4);
	v = rd_rest(&r);
	T_TRUE(v.len == 1 && rd_done(&r));
	v = rd_rest(&r);
	T_TRUE(v.len == 0 && rd_done(&r));
	r = rd_init(p, len);
	v = rd_bytes(&r, SIZE_MAX);
	T_TRUE(v.p == NULL && v.len == 0 && !rd_ok(&r));
	r = rd_init(NULL, 0);
	T_TRUE(rd_done(&r));
}

static void writes_what_reads_read(void)
{
	uint8_t buf[40];
	struct wr w = wr_init(buf, sizeof(buf));
	struct rd r;

	wr_u8(&w, 0x11);
	wr_u16(&w, 0x2233);
	wr_u32(&w, 0x44556677);
	wr_u64(&w, 0x8899aabbccddeeffu);
	wr_bytes(&w, "abc", 3);
	wr_zeros(&w, 2);
	wr_put_u16(&w, 1, 0xf00d);
	T_TRUE(wr_ok(&w));
	T_EQ(w.len, 20);
	r = rd_init(buf, w.len);
	T_EQ(rd_u8(&r), 0x11);
	T_EQ(rd_u16(&r), 0xf00d);
	T_EQ(rd_u32(&r), 0x44556677);
	T_TRUE(rd_u64(&r) == 0x8899aabbccddeeffu);
	T_MEM(rd_bytes(&r, 3).p, "abc", 3);
	T_EQ(rd_u16(&r), 0);
	T_TRUE(rd_done(&r));
}

/* The same writes into every smaller buffer: bad exactly when they do not fit, nothing beyond. */
static void overflow_is_sticky(void)
{
	/* Volatile: a compiler that knows the size warns of the writes that never happen. */
	for (volatile size_t size = 0; size <= 18; size++) {
		size_t cap = size;
		uint8_t *buf = malloc(cap ? cap : 1);
		struct wr w = wr_init(buf, cap);

		T_ROW(cap, "cap");
		wr_u64(&w, 1);
		wr_u32(&w, 2);
		wr_u16(&w, 3);
		wr_u8(&w, 4);
		wr_bytes(&w, "xyz", 3);
		bool ok = wr_ok(&w);
		wr_u8(&w, 5);
		bool after = wr_ok(&w);
		free(buf);
		T_EQ(ok, cap >= 18);
		T_TRUE(!after);
	}
}

static void lengths_close_themselves(void)
{
	uint8_t buf[32];
	struct wr w = wr_init(buf, sizeof(buf));
	struct wr_mark outer, inner;

	wr_u16(&w, 0xaaaa);
	outer = wr_open16(&w, w.len - 2);
	inner = wr_open32(&w, w.len + 4);
	wr_bytes(&w, "hello", 5);
	wr_close32(&w, inner);
	wr_close16(&w, outer);
	T_TRUE(wr_ok(&w));
	T_MEM(buf, "\xaa\xaa\x00\x0d\x00\x00\x00\x05hello", 13);
}

static void length_that_does_not_fit_is_bad(void)
{
	static uint8_t buf[0x10010];
	struct wr w = wr_init(buf, sizeof(buf));
	struct wr_mark m = wr_open16(&w, 0);

	wr_zeros(&w, 0xfffd);
	T_EQ(w.len, 0xffff);
	wr_close16(&w, m);
	T_TRUE(wr_ok(&w));
	wr_u8(&w, 0);
	wr_close16(&w, m);
	T_TRUE(!wr_ok(&w));
}

static void overwriting_what_is_not_written_is_bad(void)
{
	uint8_t buf[8] = {0};
	struct wr w = wr_init(buf, sizeof(buf));

	wr_u16(&w, 0);
	wr_put_u16(&w, 1, 0xffff);
	T_TRUE(!wr_ok(&w));
	T_EQ(buf[2], 0);
}

int main(void)
{
	T_RUN(reads_big_endian);
	T_RUN(past_the_end_is_zero_and_sticky);
	T_RUN(views_and_subs_stay_inside);
	T_RUN(writes_what_reads_read);
	T_RUN(overflow_is_sticky);
	T_RUN(lengths_close_themselves);
	T_RUN(length_that_does_not_fit_is_bad);
	T_RUN(overwriting_what_is_not_written_is_bad);
	return t_end();
}
