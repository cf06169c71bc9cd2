/* Hashes against published values, and ULIDs. */
#include "core/base/hash.h"
#include "core/base/ulid.h"
#include "tests/lib/t.h"

/* Key 00..0f, message 00, 01, ... of n bytes: Aumasson and Bernstein, appendix A and its
 * reference vectors (little endian there). */
static void siphash_vectors(void)
{
	static const struct {
		size_t n;
		uint64_t hash;
	} rows[] = {
		{0, 0x726fdb47dd0e0e31u}, {1, 0x74f839c593dc67fdu}, {2, 0x0d6c8009d9a94f5au},
		{3, 0x85676696d7fb7e2du}, {4, 0xcf2794e0277187b7u}, {5, 0x18765564cd99a68du},
		{6, 0xcbc9466e58fee3ceu}, {7, 0xab0200f58b01d137u}, {8, 0x93f5f5799a932462u},
		{15, 0xa129ca6149be45e5u},
	};
	struct hash_key key = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};
	uint8_t m[16];

	for (size_t i = 0; i < sizeof(m); i++)
		m[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(rows[i].n, "length");
		T_TRUE(hash_sip(&key, m, rows[i].n) == rows[i].hash);
	}
	T_TRUE(hash_sip(&key, NULL, 0) == rows[0].hash);
	T_TRUE(hash_bytes(1, m, 5) != hash_bytes(2, m, 5));
}

/* RFC 3720 appendix B.4, and the usual check value. */
static void crc32c_vectors(void)
{
	uint8_t b[32] = {0};
	uint32_t part;

	T_EQ(crc32c(0, "123456789", 9), 0xe3069283);
	T_EQ(crc32c(0, b, 32), 0x8a9136aa);
	memset(b, 0xff, 32);
	T_EQ(crc32c(0, b, 32), 0x62a8ab43);
	for (size_t i = 0; i < 32; i++)
		b[i] = (uint8_t)i;
	T_EQ(crc32c(0, b, 32), 0x46dd794e);
	T_EQ(crc32c(0, "", 0), 0);
	part = crc32c(0, b, 11);
	T_EQ(crc32c(part, b + 11, 21), 0x46dd794e);
}

/* A bijection: small numbers spread over the low bits that a table uses. */
static void mix_spreads(void)
{
	unsigned used[256] = {0}, most = 0;

	for (uint64_t i = 0; i < 4096; i++) {
		unsigned slot = hash_u64(i << 8) & 255;

		if (++used[slot] > most)
			most = used[slot];
	}
	T_TRUE(most < 40); /* 16 expected */
	T_TRUE(hash_u64(1) != hash_u64(2));
}

static void ulids(void)
{
	static const uint8_t random[10] = {0xff, 0, 1, 2, 3, 4, 5, 6, 7, 8};
	static const struct {
		const char *hex;
		const char *text;
	} rows[] = {
		{"00000000000000000000000000000000", "00000000000000000000000000"},
		{"ffffffffffffffffffffffffffffffff", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"},
		{"00000000000000000000000000000001", "00000000000000000000000001"},
		{"80000000000000000000000000000000", "40000000000000000000000000"},
		{"0000000000000000000000000000001f", "0000000000000000000000000Z"},
		{"00000000000000000000000000000020", "00000000000000000000000010"},
	};
	struct ulid u, v;
	char text[ULID_TEXT];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memcpy(u.b, t_hex(rows[i].hex, NULL), 16);
		T_ROW(i, rows[i].text);
		T_STR(ulid_format(&u, text), rows[i].text);
		T_TRUE(ulid_parse(rows[i].text, &v));
		T_MEM(u.b, v.b, 16);
		T_EQ(ulid_is_zero(&u), i == 0);
	}
	/* The example of the ULID description: 1469918176385 ms. */
	u = ulid_make(1469918176385u, random);
	T_MEM(ulid_format(&u, text), "01ARYZ6S41", 10);
	T_MEM(u.b + 6, random, 10);
	T_TRUE(ulid_parse("01aryz6s41zw0000000000000g", &v));
}

static void ulids_sort_by_time(void)
{
	static const uint8_t high[10] = {255, 255, 255}, low[10] = {0};
	char a[ULID_TEXT], b[ULID_TEXT];

	for (int bit = 0; bit < 48; bit++) {
		struct ulid u = ulid_make((1ull << bit) - 1, high), v = ulid_make(1ull << bit, low);

		T_ROW(bit, "bit");
		T_TRUE(strcmp(ulid_format(&u, a), ulid_format(&v, b)) < 0);
	}
}

static void wrong_ulid_text(void)
{
	static const char *const rows[] = {
		"",
		"0",
		"0000000000000000000000000",
		"000000000000000000000000000",
		"80000000000000000000000000",
		"0000000000000000000000000U",
		"0000000000000000000000000I",
		"0000000000000000000000000L",
		"0000000000000000000000000O",
		"00000000000 00000000000000",
		"-0000000000000000000000000",
	};
	struct ulid u;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i]);
		T_TRUE(!ulid_parse(rows[i], &u));
	}
}

int main(void)
{
	T_RUN(siphash_vectors);
	T_RUN(crc32c_vectors);
	T_RUN(mix_spreads);
	T_RUN(ulids);
	T_RUN(ulids_sort_by_time);
	T_RUN(wrong_ulid_text);
	return t_end();
}
