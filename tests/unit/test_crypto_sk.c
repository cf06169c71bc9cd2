/* Encrypted payloads: messages made by Python and those of RFC 7634; every bit flipped, every
 * length cut, paddings that lie; the arithmetic of lengths; memory is never asked for. */
#include "core/crypto/sk.h"

#include "core/base/mem.h"
#include "core/crypto/cipher.h"
#include "core/crypto/prf.h"
#include "tests/lib/t.h"
#include "tests/vectors/vec.h"

#define SK_AT 28

static const uint8_t key_bytes[64] =
	"thirty-two bytes of key and salt that serve every suite alike..";

static const struct {
	uint16_t encr, bits, integ;
} suites[] = {
	{20, 128, 0},
	{20, 192, 0},
	{20, 256, 0},
	{28, 0, 0},
	{12, 128, 2},
	{12, 128, 12},
	{12, 192, 13},
	{12, 256, 14},
	{3, 0, 1},
};

#define SUITES (sizeof(suites) / sizeof(suites[0]))

static struct sk_key key_of(uint16_t encr, uint16_t bits, uint16_t integ)
{
	const struct xf *e = suite_find(XF_ENCR, encr, bits);

	return (struct sk_key){
		.encr = e,
		.integ = integ != 0 ? suite_find(XF_INTEG, integ, 0) : NULL,
		.e = key_bytes,
		.salt = key_bytes + e->key_len,
		.a = integ != 0 ? key_bytes : NULL,
	};
}

/* A message of one SK payload with n bytes of plain text; its length, 0 when sealing failed. */
static size_t message(const struct sk_key *k, size_t n, uint8_t *out, size_t cap)
{
	static const uint8_t iv[16] = {9, 8, 7};
	struct wr w = wr_init(out, cap);

	wr_zeros(&w, 16);
	wr_u32(&w, 0x2e202508);
	wr_zeros(&w, 8);
	wr_u32(&w, 0x29000000);
	sk_begin(k, &w);
	for (size_t i = 0; i < n; i++)
		wr_u8(&w, (uint8_t)i);
	return sk_seal(k, &w, SK_AT, SK_AT + 4, iv) == ST_OK ? w.len : 0;
}

static void vector_case(const struct vec *v)
{
	struct sk_key k = key_of(vec_num(v, "encr"), vec_num(v, "bits"), vec_num(v, "integ"));
	struct view msg = vec_bytes(v, "msg"), plain = vec_bytes(v, "plain"), got;
	struct view iv = vec_bytes(v, "iv"), number = vec_bytes(v, "number");
	size_t iv_at = SK_AT + 4 + number.len;
	uint8_t out[2048], room[2048];
	struct wr w = wr_init(out, sizeof(out));

	k.e = vec_bytes(v, "e").p;
	k.salt = k.e + k.encr->key_len;
	k.a = k.integ != NULL ? vec_bytes(v, "a").p : NULL;
	T_EQ(iv.len, k.encr->iv_len);
	wr_bytes(&w, msg.p, 24);
	wr_u32(&w, 0);
	wr_bytes(&w, msg.p + SK_AT, 2);
	wr_u16(&w, 0);
	wr_bytes(&w, number.p, number.len);
	T_EQ(w.len, iv_at);
	sk_begin(&k, &w);
	wr_bytes(&w, plain.p, plain.len);
	T_EQ(sk_seal(&k, &w, SK_AT, iv_at, iv.p), ST_OK);
	T_EQ(w.len, msg.len);
	T_MEM(out, msg.p, msg.len);
	T_EQ(w.len, iv_at + plain.len + sk_overhead(&k, plain.len));

	T_EQ(sk_open(&k, msg, iv_at, room, sizeof(room), &got), ST_OK);
	T_EQ(got.len, plain.len);
	T_MEM(got.p, plain.p, plain.len);
}

static void messages_of_an_independent_implementation(void)
{
	char *text = t_readfile("tests/vectors/sk.txt", NULL);
	struct vec v = vec_open(text);

	T_TRUE(text != NULL);
	while (vec_next(&v)) {
		T_ROW(v.count, NULL);
		T_DO(vector_case(&v));
	}
	T_EQ(v.count, 63);
}

/* RFC 7634 appendix B. */
static void message_of_rfc_7634(void)
{
	static const char text[] = "c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e20250000000009000000452900002"
				   "910111213141516176103"
				   "94701f8d017f7c12924889"
				   "6b71bfe25236efd7cdc670669063"
				   "15b2";
	struct sk_key k = key_of(28, 0, 0);
	uint8_t room[80], out[80];
	struct view msg, got;
	struct wr w = wr_init(out, sizeof(out));

	msg.p = t_hex(text, &msg.len);
	k.e = t_hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f", NULL);
	k.salt = t_hex("a0a1a2a3", NULL);
	T_EQ(msg.len, 69);
	T_EQ(sk_open(&k, msg, 32, room, sizeof(room), &got), ST_OK);
	T_EQ(got.len, 12);
	T_MEM(got.p, t_hex("0000000c000040010000000a", NULL), 12);
	wr_bytes(&w, msg.p, 24);
	wr_u32(&w, 0);
	wr_u32(&w, 0x29000000);
	sk_begin(&k, &w);
	wr_bytes(&w, got.p, 12);
	T_EQ(sk_seal(&k, &w, 28, 32, t_hex("1011121314151617", NULL)), ST_OK);
	T_EQ(w.len, 69);
	T_MEM(out, msg.p, 69);
}

static void lengths_fit_exactly(void)
{
	static uint8_t out[2100], room[2100];
	struct view got;

	for (size_t s = 0; s < SUITES; s++) {
		struct sk_key k = key_of(suites[s].encr, suites[s].bits, suites[s].integ);

		T_ROW(s, k.encr->label);
		for (size_t n = 0; n < 200; n++) {
			size_t len = SK_AT + 4 + n + sk_overhead(&k, n);
			struct view msg = {out, len};

			T_EQ(message(&k, n, out, len), len);
			T_EQ(message(&k, n, out, len - 1), 0);
			T_EQ(message(&k, n, out, len), len);
			T_EQ(sk_open(&k, msg, SK_AT + 4, room, len - SK_AT - 4, &got), ST_OK);
			T_EQ(got.len, n);
			for (size_t i = 0; i < n; i++)
				T_EQ(got.p[i], (uint8_t)i);
		}
		/* sk_plain_max is the largest n that fits, for every room. */
		for (size_t space = 0; space < 200; space++) {
			size_t n = sk_plain_max(&k, space);

			if (n > 0)
				T_TRUE(n + sk_overhead(&k, n) <= space);
			T_TRUE(n + 1 + sk_overhead(&k, n + 1) > space);
		}
	}
}

static void any_flipped_bit_is_found(void)
{
	uint8_t out[256], room[256];
	struct view got;

	for (size_t s = 0; s < SUITES; s++) {
		struct sk_key k = key_of(suites[s].encr, suites[s].bits, suites[s].integ);
		size_t len = message(&k, 40, out, sizeof(out));

		T_ROW(s, k.encr->label);
		T_TRUE(len > 0);
		for (size_t bit = 0; bit < 8 * len; bit++) {
			out[bit / 8] ^= (uint8_t)(1u << bit % 8);
			T_EQ(sk_open(&k, (struct view){out, len}, SK_AT + 4, room, sizeof(room),
				     &got),
				ST_NOT_AUTHENTIC);
			T_TRUE(got.p == NULL && got.len == 0);
			out[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		T_EQ(sk_open(&k, (struct view){out, len}, SK_AT + 4, room, sizeof(room), &got),
			ST_OK);
	}
}

static void other_keys_do_not_open(void)
{
	uint8_t out[256], room[256], other[64];
	struct view got;

	for (size_t s = 0; s < SUITES; s++) {
		struct sk_key k = key_of(suites[s].encr, suites[s].bits, suites[s].integ), bad = k;
		size_t len = message(&k, 40, out, sizeof(out));
		struct view msg = {out, len};

		T_ROW(s, k.encr->label);
		memcpy(other, key_bytes, sizeof(other));
		other[3] ^= 1;
		if (k.integ != NULL)
			bad.a = other;
		else
			bad.e = other;
		T_EQ(sk_open(&bad, msg, SK_AT + 4, room, sizeof(room), &got), ST_NOT_AUTHENTIC);
		if (k.integ != NULL)
			continue;
		bad = k;
		bad.salt = key_bytes;
		T_EQ(sk_open(&bad, msg, SK_AT + 4, room, sizeof(room), &got), ST_NOT_AUTHENTIC);
	}
}

static void cut_messages_are_refused(void)
{
	uint8_t out[256], room[256];
	struct view got;

	for (size_t s = 0; s < SUITES; s++) {
		struct sk_key k = key_of(suites[s].encr, suites[s].bits, suites[s].integ);
		size_t len = message(&k, 40, out, sizeof(out));
		size_t least;

		T_ROW(s, k.encr->label);
		least = SK_AT + 4 + k.encr->iv_len + 1u +
			(k.integ != NULL ? k.integ->icv_len : k.encr->icv_len);
		for (size_t n = 0; n < len; n++) {
			/* Of the exact size, so that a read behind it is seen by the sanitizers. */
			uint8_t *cut = malloc(n + 1);
			memcpy(cut, out, n);
			uint8_t *exact = realloc(cut, n ? n : 1);
			enum status st = sk_open(
				&k, (struct view){exact, n}, SK_AT + 4, room, sizeof(room), &got);
			free(exact);
			T_EQ(st, n < least ? ST_TRUNCATED : ST_NOT_AUTHENTIC);
			T_EQ(got.len, 0);
		}
		/* A cursor into nonsense. */
		T_EQ(sk_open(&k, (struct view){out, len}, len + 1, room, sizeof(room), &got),
			ST_TRUNCATED);
		T_EQ(sk_open(&k, (struct view){out, len}, 8, room, sizeof(room), &got),
			ST_TRUNCATED);
		/* No room for the plain text. */
		T_EQ(sk_open(&k, (struct view){out, len}, SK_AT + 4, room, 40, &got), ST_TRUNCATED);
	}
}

/* A message whose body is taken as it is, with a true ICV: what only a peer with the keys can
 * send. */
static size_t forged(const struct sk_key *k, const uint8_t *body, size_t n, uint8_t *out)
{
	size_t at = SK_AT + 4 + k->encr->iv_len;
	uint8_t nonce[CIPHER_NONCE_LEN] = {0};
	struct view covered = {out, at + n};
	struct cipher c;

	memset(out, 3, at);
	if (cipher_key(&c, k->encr, k->e) != ST_OK)
		abort();
	if (k->encr->is_aead) {
		memcpy(nonce, k->salt, 4);
		memset(nonce + 4, 3, 8);
		if (cipher_seal(&c, nonce, (struct view){out, SK_AT + 4}, (struct view){body, n},
			    out + at) != ST_OK)
			abort();
		n += k->encr->icv_len;
	} else {
		memcpy(out + at, body, n);
		if (n % k->encr->block_len == 0)
			cipher_cbc_encrypt(&c, out + SK_AT + 4, body, n, out + at);
		prf_integ(k->integ, k->a, &covered, 1, out + at + n);
		n += k->integ->icv_len;
	}
	cipher_wipe(&c);
	return at + n;
}

static void paddings_that_lie(void)
{
	/* The last byte says how many before it are padding: 48 bytes of body in all. */
	static const struct {
		uint8_t pad;
		enum status st;
		size_t plain;
	} rows[] = {
		{0, ST_OK, 47},
		{1, ST_OK, 46},
		{15, ST_OK, 32},
		{46, ST_OK, 1},
		{47, ST_OK, 0},
		{48, ST_BAD_LENGTH, 0},
		{49, ST_BAD_LENGTH, 0},
		{128, ST_BAD_LENGTH, 0},
		{255, ST_BAD_LENGTH, 0},
	};
	uint8_t body[48], out[256], room[256];
	struct view got;

	for (size_t s = 0; s < SUITES; s++)
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct sk_key k = key_of(suites[s].encr, suites[s].bits, suites[s].integ);

			T_ROW(s * 100 + i, k.encr->label);
			memset(body, 0x77, sizeof(body));
			body[47] = rows[i].pad;
			size_t len = forged(&k, body, sizeof(body), out);
			memset(room, 0, sizeof(room));
			T_EQ(sk_open(&k, (struct view){out, len}, SK_AT + 4, room, sizeof(room),
				     &got),
				rows[i].st);
			T_EQ(got.len, rows[i].plain);
			T_MEM(got.p != NULL ? got.p : body, body, rows[i].plain);
			/* Nothing is left lying about of a message that is refused. */
			if (rows[i].st != ST_OK)
				T_EQ(room[0], 0);
		}
}

static void broken_blocks_are_told_from_forgeries(void)
{
	uint8_t body[64] = {0}, out[256], room[256];
	struct view got;

	for (size_t s = 0; s < SUITES; s++) {
		struct sk_key k = key_of(suites[s].encr, suites[s].bits, suites[s].integ);

		if (k.encr->is_aead)
			continue;
		T_ROW(s, k.encr->label);
		for (size_t n = 1; n < 64; n++) {
			size_t len = forged(&k, body, n, out);

			T_EQ(sk_open(&k, (struct view){out, len}, SK_AT + 4, room, sizeof(room),
				     &got),
				n % k.encr->block_len == 0 ? ST_OK : ST_BAD_LENGTH);
		}
	}
}

static void lengths_too_large_for_their_fields(void)
{
	static uint8_t out[70000];
	struct sk_key k = key_of(20, 256, 0);
	/* 65535 is the longest payload: generic header, IV, plain text, pad length, ICV. */
	size_t most = 65535 - 4 - sk_overhead(&k, 0);

	T_EQ(message(&k, most, out, sizeof(out)), SK_AT + 65535u);
	T_EQ(message(&k, most + 1, out, sizeof(out)), 0);
}

static void misuse_marks_the_builder(void)
{
	struct sk_key k = key_of(20, 256, 0);
	uint8_t out[100], iv[16] = {0};

	static const struct {
		size_t written, sk_at, iv_at;
	} rows[] = {
		{20, 28, 32}, {32, 28, 32}, {60, 27, 32}, {60, 28, 31}, {39, 28, 32}, {60, 58, 62}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct wr w = wr_init(out, sizeof(out));

		T_ROW(i, NULL);
		wr_zeros(&w, rows[i].written);
		T_EQ(sk_seal(&k, &w, rows[i].sk_at, rows[i].iv_at, iv), ST_TRUNCATED);
		T_TRUE(!wr_ok(&w));
	}
}

static void memory_is_not_asked_for(void)
{
	uint8_t out[256], room[256];
	struct view got;

	for (size_t s = 0; s < SUITES; s++) {
		struct sk_key k = key_of(suites[s].encr, suites[s].bits, suites[s].integ);

		T_ROW(s, k.encr->label);
		mem_fail_at(1);
		size_t len = message(&k, 40, out, sizeof(out));
		enum status st =
			sk_open(&k, (struct view){out, len}, SK_AT + 4, room, sizeof(room), &got);
		out[40] ^= 1;
		enum status bad =
			sk_open(&k, (struct view){out, len}, SK_AT + 4, room, sizeof(room), &got);
		mem_fail_at(0);
		T_EQ(st, ST_OK);
		T_EQ(bad, ST_NOT_AUTHENTIC);
	}
}

int main(void)
{
	T_RUN(messages_of_an_independent_implementation);
	T_RUN(message_of_rfc_7634);
	T_RUN(lengths_fit_exactly);
	T_RUN(any_flipped_bit_is_found);
	T_RUN(other_keys_do_not_open);
	T_RUN(cut_messages_are_refused);
	T_RUN(paddings_that_lie);
	T_RUN(broken_blocks_are_told_from_forgeries);
	T_RUN(lengths_too_large_for_their_fields);
	T_RUN(misuse_marks_the_builder);
	T_RUN(memory_is_not_asked_for);
	return t_end();
}
