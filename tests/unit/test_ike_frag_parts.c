/* IKE fragmentation, the pure parts: cutting, putting together, what two sides agree on. */
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/timer.h"
#include "core/ike/engine.h"
#include "core/ike/frag_offer.h"
#include "core/ike/frag_pile.h"
#include "tests/lib/t.h"

#define BOTH (FRAG_STD | FRAG_CISCO)

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static struct endpoint ep(const char *text, uint16_t port)
{
	struct endpoint e = {.port = port};

	if (addr_parse(text, &e.addr) != ST_OK)
		t_fail(__FILE__, __LINE__, "bad address %s", text);
	return e;
}

/* ---- cutting and putting together ---------------------------------------------------------------- */

static const uint8_t key_bytes[64] = "thirty-two bytes of key and salt that serve every suite alike..";

static struct sk_key some_key(bool is_aead)
{
	const struct xf *e = is_aead ? suite_find(XF_ENCR, 20, 256) : suite_find(XF_ENCR, 12, 256);

	return (struct sk_key){
		.encr = e,
		.integ = is_aead ? NULL : suite_find(XF_INTEG, 14, 0),
		.e = key_bytes,
		.salt = key_bytes + e->key_len,
		.a = is_aead ? NULL : key_bytes,
	};
}

static void next_iv(void *ctx, void *out, size_t len)
{
	memset(out, ++*(uint8_t *)ctx, len);
}

static uint8_t datagrams[DATAGRAMS_MAX], payloads[MESSAGE_MAX], merged[MESSAGE_MAX];

static enum status cut(bool is_aead, size_t len, size_t room, struct wr *out)
{
	static uint8_t hdr[IKE_HDR_LEN] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 46,
		IKE_VERSION, EX_IKE_AUTH, 8, 0, 0, 0, 7};
	uint8_t iv = 0;
	struct frag_cut in = {
		.key = some_key(is_aead),
		.hdr = hdr,
		.first = PT_IDI,
		.plain = {payloads, len},
		.room = room,
		.random = next_iv,
		.ctx = &iv,
	};

	*out = wr_init(datagrams, sizeof(datagrams));
	return frag_split(&in, out);
}

/* Opens one datagram and adds it. */
static enum status take(const struct sk_key *key, struct view one, struct frag_set **set)
{
	uint8_t plain[MESSAGE_MAX];
	struct ike_message m;
	struct skf skf;
	struct view v;

	if (ike_message_parse(one, &m) != ST_OK || skf_parse(m.p.sk, &skf) != ST_OK ||
		sk_open(key, one, (size_t)(skf.body.p - one.p), plain, sizeof(plain), &v) != ST_OK)
		return ST_NOT_AUTHENTIC;
	struct frag_head h = {m.hdr.msgid, m.hdr.exchange, m.p.sk_first, skf.number, skf.total};
	return frag_add(set, &h, v, 1);
}

static void round_trip(bool is_aead, size_t len, size_t room)
{
	struct sk_key key = some_key(is_aead);
	struct frag_set *set = NULL;
	struct view rest, one, plain;
	enum status st = ST_PENDING;
	uint16_t number = 0;
	uint8_t first = 0;
	struct wr out;

	T_EQ(cut(is_aead, len, room, &out), ST_OK);
	T_TRUE(wr_ok(&out));
	rest = (struct view){out.buf, out.len};
	while (frag_next(&rest, &one)) {
		T_EQ(st, ST_PENDING);
		T_TRUE(one.len <= room);
		T_EQ(one.p[16], PT_SKF);
		T_EQ(get16(one.p + 32), ++number);
		/* RFC 7383 2.5: only the first says what the first payload is. */
		T_EQ(one.p[28], number == 1 ? PT_IDI : PT_NONE);
		st = take(&key, one, &set);
	}
	T_EQ(st, ST_OK);
	T_EQ(frag_merge(set, merged, sizeof(merged), &first, &plain), ST_OK);
	T_EQ(plain.len, len);
	T_MEM(plain.p, payloads, len);
	T_EQ(first, PT_IDI);
	frag_free(&set);
}

static void test_cut_and_put_together(void)
{
	for (size_t i = 0; i < sizeof(payloads); i++)
		payloads[i] = (uint8_t)(i * 7);
	for (int is_aead = 0; is_aead < 2; is_aead++)
		for (size_t room = 170; room < 1500; room += 97)
			for (size_t len = 0; len <= 4000; len += 333) {
				T_ROW(room, is_aead ? "AEAD" : "CBC");
				T_DO(round_trip(is_aead, len, room));
			}
	T_DO(round_trip(true, 8000, 540));
}

/* Each has an IV of its own: with AES-GCM twice the same would be the end of the key. */
static void test_no_iv_twice(void)
{
	struct view rest, one;
	uint8_t last = 0;
	struct wr out;

	T_EQ(cut(true, 1000, 200, &out), ST_OK);
	rest = (struct view){out.buf, out.len};
	while (frag_next(&rest, &one)) {
		T_TRUE(one.p[36] == last + 1);
		last = one.p[36];
	}
	T_TRUE(last > 5);
}

static void test_tiny_mtu(void)
{
	struct wr out;

	/* No room for anything: as small as is sensible. */
	T_EQ(cut(true, FRAG_TOTAL_MAX * FRAG_CHUNK_MIN, 0, &out), ST_OK);
	T_EQ(cut(true, FRAG_TOTAL_MAX * FRAG_CHUNK_MIN + 1, 0, &out), ST_FRAGMENT_LIMIT);
	T_EQ(cut(false, FRAG_TOTAL_MAX * FRAG_CHUNK_MIN, 40, &out), ST_OK);
	T_TRUE(out.len <= DATAGRAMS_MAX);
}

static void test_room(void)
{
	struct endpoint v4 = ep("192.0.2.1", 500), v6 = ep("2001:db8::1", 4500);

	T_EQ(frag_room(0, &v4), 576 - 28);
	T_EQ(frag_room(1300, &v4), 1272);
	T_EQ(frag_room(68, &v4), 40);
	T_EQ(frag_room(0, &v6), 1280 - 48 - 4);
	T_EQ(frag_room(68, &v6), 16);
	/* R-FRG-14. */
	T_EQ(frag_mtu_in_use(1300, 4), 1272);
	T_EQ(frag_mtu_in_use(300, 4), 272);
	T_EQ(frag_mtu_in_use(0, 6), 1232);
}

/* ---- the set, every number ------------------------------------------------------------------------ */

static void test_bug_class_01_fragment_array(void)
{
	static const uint16_t odd[] = {0, 1, 2, 3, 63, 64, 65, 127, 128, 129, 255, 256, 1000, 32767, 32768, 65535};
	const size_t n = sizeof(odd) / sizeof(odd[0]);
	int64_t live = mem_live();

	/* From every state of a set that has 2 of 3, any number and total. */
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++) {
			struct frag_head h = {1, EX_IKE_AUTH, 35, 2, 3};
			struct frag_set *set = NULL;
			enum status st;

			T_EQ(frag_add(&set, &h, (struct view){payloads, 9}, 5), ST_PENDING);
			h.number = odd[i];
			h.total = odd[k];
			T_ROW(i * n + k, "number and total");
			st = frag_add(&set, &h, (struct view){payloads, 9}, 7);
			if (h.number == 0 || h.number > h.total)
				T_EQ(st, ST_BAD_FRAGMENT);
			else if (h.total > FRAG_TOTAL_MAX)
				T_EQ(st, ST_FRAGMENT_LIMIT);
			else if (h.total < 3)
				T_EQ(st, ST_BAD_FRAGMENT);
			else if (h.total == 3 && h.number == 2)
				T_EQ(st, ST_EXISTS);
			else
				T_EQ(st, ST_PENDING);
			/* A finer cut begins anew, and so does its time. */
			T_EQ(frag_due_ms(set), st == ST_PENDING && h.total > 3 ? 7 : 5);
			frag_free(&set);
		}
	T_EQ(mem_live(), live);
	T_TRUE(FRAG_TOTAL_MAX >= 64);
}

static void test_any_order(void)
{
	uint16_t order[64];

	for (unsigned seed = 1; seed < 50; seed++) {
		struct frag_set *set = NULL;
		struct view plain;
		uint8_t first;

		for (uint16_t i = 0; i < 64; i++)
			order[i] = i;
		srand(seed);
		for (size_t i = 63; i > 0; i--) {
			size_t k = (size_t)rand() % (i + 1);
			uint16_t t = order[i];

			order[i] = order[k];
			order[k] = t;
		}
		for (size_t i = 0; i < 64; i++) {
			struct frag_head h = {1, EX_IKE_AUTH, order[i] == 0 ? 35 : 99,
				(uint16_t)(order[i] + 1), 64};
			struct view v = {payloads + order[i] * 10, 10};

			T_EQ(frag_add(&set, &h, v, 1), i < 63 ? ST_PENDING : ST_OK);
			T_EQ(frag_add(&set, &h, v, 1), ST_EXISTS);
		}
		T_EQ(frag_merge(set, merged, sizeof(merged), &first, &plain), ST_OK);
		T_EQ(plain.len, 640);
		T_MEM(plain.p, payloads, 640);
		T_EQ(first, 35); /* only number 1 says it */
		T_EQ(frag_merge(set, merged, 639, &first, &plain), ST_TRUNCATED);
		frag_free(&set);
	}
}

static void test_limits(void)
{
	uint8_t *big = calloc(1, FRAG_BYTES_MAX + 1);
	struct frag_head h = {1, EX_IKE_AUTH, 35, 1, 3};
	struct frag_set *set = NULL;
	int64_t live = mem_live();

	T_EQ(frag_add(&set, &h, (struct view){big, FRAG_BYTES_MAX - 1}, 1), ST_PENDING);
	h.number = 2;
	T_EQ(frag_add(&set, &h, (struct view){big, 1}, 1), ST_PENDING);
	h.number = 3;
	T_EQ(frag_add(&set, &h, (struct view){big, 1}, 1), ST_FRAGMENT_LIMIT);
	T_TRUE(set == NULL && mem_live() == live);
	T_EQ(frag_add(&set, &h, (struct view){big, FRAG_BYTES_MAX + 1}, 1), ST_FRAGMENT_LIMIT);
	T_TRUE(set == NULL && mem_live() == live);
	/* Another message, or another exchange with its number, replaces it. */
	for (int i = 0; i < 3; i++) {
		h = (struct frag_head){i == 1 ? 2 : 1, i == 2 ? EX_INFORMATIONAL : EX_IKE_AUTH, 35, 1, 2};
		T_EQ(frag_add(&set, &h, (struct view){big, 100}, (uint64_t)i), ST_PENDING);
		T_EQ(frag_due_ms(set), i);
	}
	frag_free(&set);
	free(big);
}

static void test_set_out_of_memory(void)
{
	struct frag_head a = {1, EX_IKE_AUTH, 35, 1, 2}, b = {1, EX_IKE_AUTH, 0, 2, 2};
	int64_t live = mem_live();

	for (uint64_t n = 1; n <= 3; n++) {
		struct frag_set *set = NULL;

		mem_fail_at(n);
		(void)!frag_add(&set, &a, (struct view){payloads, 5}, 1);
		enum status st = frag_add(&set, &b, (struct view){payloads, 5}, 1);
		mem_fail_at(0);
		T_TRUE(st == ST_PENDING || st == ST_NOMEM);
		/* What failed may come again. */
		st = frag_add(&set, &a, (struct view){payloads, 5}, 1);
		T_EQ(st, n == 3 ? ST_EXISTS : ST_OK);
		if (n == 3)
			T_EQ(frag_add(&set, &b, (struct view){payloads, 5}, 1), ST_OK);
		frag_free(&set);
	}
	T_EQ(mem_live(), live);
}

/* ---- who does what --------------------------------------------------------------------------------- */

static void test_selection_table(void)
{
	/* R-FRG-03, and every pair that it leaves out. */
	static const struct {
		uint8_t ours, theirs, form;
	} rows[] = {
		{BOTH, BOTH, FRAG_STD},
		{FRAG_STD, FRAG_STD, FRAG_STD},
		{FRAG_CISCO, FRAG_CISCO, FRAG_CISCO},
		{FRAG_CISCO, BOTH, FRAG_CISCO},
		{FRAG_STD, BOTH, FRAG_STD},
		{FRAG_STD, FRAG_CISCO, FRAG_NONE},
		{FRAG_NONE, FRAG_NONE, FRAG_NONE},
		{FRAG_NONE, FRAG_STD, FRAG_NONE},
		{FRAG_NONE, FRAG_CISCO, FRAG_NONE},
		{FRAG_NONE, BOTH, FRAG_NONE},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, "ours, theirs");
		T_EQ(frag_select(rows[i].ours, rows[i].theirs), rows[i].form);
		T_EQ(frag_select(rows[i].theirs, rows[i].ours), rows[i].form);
	}
}

/* ---- Cisco's ---------------------------------------------------------------------------------------- */

static void test_cisco_payload(void)
{
	static const struct {
		const char *name, *payload; /* after an IKE header */
		enum status st;
	} rows[] = {
		{"one byte", "00 00 0009 0007 02 01 aa", ST_OK},
		{"flags are one bit", "00 00 0009 0007 02 fe aa", ST_OK},
		{"nothing", "", ST_TRUNCATED},
		{"cut in its header", "00 00 0009 0007 02", ST_TRUNCATED},
		{"cut in its piece", "00 00 000a 0007 02 01 aa", ST_TRUNCATED},
		{"longer than it says", "00 00 0009 0007 02 01 aa bb", ST_TRAILING},
		{"shorter than a header", "00 00 0007 0007 02 01 aa", ST_BAD_LENGTH},
		{"length 0", "00 00 0000 0007 02 01 aa", ST_BAD_LENGTH},
		{"longest length", "00 00 ffff 0007 02 01 aa", ST_TRUNCATED},
		{"empty", "00 00 0008 0007 02 01", ST_BAD_FRAGMENT},
		{"number 0", "00 00 0009 0007 00 01 aa", ST_BAD_FRAGMENT},
		{"another payload after it", "2e 00 0009 0007 02 01 aa", ST_BAD_FRAGMENT},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cisco_frag f;
		struct view body;
		uint8_t *msg;

		T_ROW(i, rows[i].name);
		body.p = t_hex(rows[i].payload, &body.len);
		msg = calloc(1, IKE_HDR_LEN + body.len); /* of the exact size, for the sanitizers */
		memcpy(msg + IKE_HDR_LEN, body.p, body.len);
		enum status st = cisco_frag_parse((struct view){msg, IKE_HDR_LEN + body.len}, &f);
		bool as_written = f.id == 7 && f.number == 2 && f.is_last == (i == 0) &&
				  f.piece.len == 1 && f.piece.p == msg + IKE_HDR_LEN + 8;
		free(msg);
		T_EQ(st, rows[i].st);
		T_TRUE(st != ST_OK || as_written);
	}
}

static void test_pile(void)
{
	struct cisco_frag f = {.id = 1, .piece = {payloads, 1000}};
	struct frag_pile *pile = NULL;
	int64_t live = mem_live();
	struct view msg;

	for (uint8_t i = 1; i <= PILE_BYTES / 1000; i++) {
		f.number = i;
		T_EQ(pile_add(&pile, &f, 5), ST_PENDING);
		T_EQ(pile_add(&pile, &f, 5), ST_EXISTS);
	}
	T_EQ(pile_due_ms(pile), 5);
	f.number++;
	T_EQ(pile_add(&pile, &f, 5), ST_FRAGMENT_LIMIT);
	T_TRUE(pile == NULL && mem_live() == live);
	T_EQ(pile_due_ms(pile), TIMER_NEVER);
	f.number = PILE_PIECES + 1;
	T_EQ(pile_add(&pile, &f, 5), ST_FRAGMENT_LIMIT);
	f.piece.len = 1;
	f.number = PILE_PIECES;
	f.is_last = true;
	T_EQ(pile_add(&pile, &f, 5), ST_PENDING);
	f.is_last = false;
	for (f.number = 1; f.number < PILE_PIECES; f.number++)
		T_EQ(pile_add(&pile, &f, 5), f.number == PILE_PIECES - 1 ? ST_OK : ST_PENDING);
	T_EQ(pile_merge(pile, merged, sizeof(merged), &msg), ST_OK);
	T_EQ(msg.len, PILE_PIECES);
	T_EQ(pile_merge(pile, merged, PILE_PIECES - 1, &msg), ST_TRUNCATED);
	pile_free(&pile);
	T_EQ(mem_live(), live);
	/* One end only, and nothing after it. */
	f = (struct cisco_frag){.id = 2, .number = 2, .is_last = true, .piece = {payloads, 9}};
	T_EQ(pile_add(&pile, &f, 5), ST_PENDING);
	f.number = 3;
	T_EQ(pile_add(&pile, &f, 5), ST_BAD_FRAGMENT);
	f.is_last = false;
	T_EQ(pile_add(&pile, &f, 5), ST_BAD_FRAGMENT);
	f.number = 1;
	f.is_last = true;
	T_EQ(pile_add(&pile, &f, 5), ST_BAD_FRAGMENT);
	f.is_last = false;
	T_EQ(pile_add(&pile, &f, 5), ST_OK);
	/* Another message: the pile is its own. */
	f = (struct cisco_frag){.id = 3, .number = 4, .piece = {payloads, 9}};
	T_EQ(pile_add(&pile, &f, 6), ST_PENDING);
	T_EQ(pile_due_ms(pile), 6);
	f.number = 3;
	f.is_last = true;
	T_EQ(pile_add(&pile, &f, 5), ST_BAD_FRAGMENT);
	pile_free(&pile);
	T_EQ(mem_live(), live);
}

int main(void)
{
	T_RUN(test_cut_and_put_together);
	T_RUN(test_no_iv_twice);
	T_RUN(test_tiny_mtu);
	T_RUN(test_room);
	T_RUN(test_bug_class_01_fragment_array);
	T_RUN(test_any_order);
	T_RUN(test_limits);
	T_RUN(test_set_out_of_memory);
	T_RUN(test_selection_table);
	T_RUN(test_cisco_payload);
	T_RUN(test_pile);
	return t_end();
}
