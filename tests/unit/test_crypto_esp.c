/* tsan */
/* ESP packets: those of an independent implementation and of RFC 7634; every bit flipped, every
 * length cut, the wrong high half of a number; in place and not; several threads on one cipher. */
#include "core/crypto/esp_aead.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/crypto/esp_engine.h"
#include "tests/lib/esp_keyed.h"
#include "tests/lib/t.h"
#include "tests/vectors/vec.h"

static const struct {
	uint16_t encr, bits, integ;
	struct esp_shape shape;
} suites[] = {
	{20, 128, 0, {8, 4, 16}},
	{20, 192, 0, {8, 4, 16}},
	{20, 256, 0, {8, 4, 16}},
	{28, 0, 0, {8, 4, 16}},
	{12, 128, 2, {16, 16, 12}},
	{12, 128, 12, {16, 16, 16}},
	{12, 192, 13, {16, 16, 24}},
	{12, 256, 14, {16, 16, 32}},
	{3, 0, 1, {8, 8, 12}},
	{19, 256, 0, {8, 4, 12}},
	{18, 128, 0, {8, 4, 8}},
	{13, 128, 2, {8, 4, 12}},
	{13, 256, 13, {8, 4, 24}},
	{21, 128, 0, {8, 4, 16}},
	{21, 192, 0, {8, 4, 16}},
	{21, 256, 0, {8, 4, 16}},
	{11, 0, 12, {0, 4, 16}},
	{11, 0, 1, {0, 4, 12}},
};

#define SUITES (sizeof(suites) / sizeof(suites[0]))

static struct esp_cipher *cipher_of(size_t s, bool esn)
{
	struct esp_cipher *c = NULL;
	uint8_t keymat[128];
	struct esp_suite e;

	memset(keymat, 0x42 + (int)s, sizeof(keymat));
	if (suite_esp(suites[s].encr, suites[s].bits, suites[s].integ, esn, &e) != ST_OK ||
		esp_cipher_new(&e, keymat, suite_esp_key_len(&e), &c) != ST_OK)
		return NULL;
	return c;
}

static void check_vector(const struct vec *v, struct esp_cipher *c)
{
	struct view plain = vec_bytes(v, "plain"), pkt = vec_bytes(v, "pkt");
	uint64_t seq = vec_hex64(v, "seq");
	uint32_t spi = (uint32_t)vec_hex64(v, "spi");
	struct esp_shape shape = esp_cipher_shape(c);
	uint8_t buf[1600], out[1600];
	size_t head = ESP_HEAD_LEN + (size_t)shape.iv_len, len;

	T_EQ(pkt.len, head + plain.len + shape.icv_len);
	memset(buf, 0xee, sizeof(buf));
	T_EQ(esp_cipher_seal(c, spi, seq, plain.p, plain.len, buf), ST_OK);
	T_MEM(buf, pkt.p, pkt.len);
	T_EQ(buf[pkt.len], 0xee);
	memset(buf, 0xee, sizeof(buf));
	memcpy(buf + head, plain.p, plain.len);
	T_EQ(esp_cipher_seal(c, spi, seq, buf + head, plain.len, buf), ST_OK);
	T_MEM(buf, pkt.p, pkt.len);

	memset(out, 0xee, sizeof(out));
	T_EQ(esp_cipher_open(c, (uint32_t)(seq >> 32), buf, pkt.len, out, &len), ST_OK);
	T_EQ(len, plain.len);
	T_MEM(out, plain.p, plain.len);
	T_EQ(out[len], 0xee);
	T_MEM(buf, pkt.p, pkt.len);
	T_EQ(esp_cipher_open(c, (uint32_t)(seq >> 32), buf, pkt.len, buf + head, &len), ST_OK);
	T_MEM(buf + head, plain.p, plain.len);
}

static void packets_of_an_independent_implementation(void)
{
	char *text = t_readfile("tests/vectors/esp.txt", NULL);
	struct vec v = vec_open(text);

	T_TRUE(text != NULL);
	while (vec_next(&v)) {
		struct view keymat = vec_bytes(&v, "keymat");
		struct esp_cipher *c = NULL;
		struct esp_suite s;

		T_ROW(v.count, NULL);
		T_EQ(suite_esp(vec_num(&v, "encr"), vec_num(&v, "bits"), vec_num(&v, "integ"),
			     vec_num(&v, "esn") != 0, &s),
			ST_OK);
		T_EQ(esp_cipher_new(&s, keymat.p, keymat.len, &c), ST_OK);
		check_vector(&v, c);
		esp_cipher_free(c);
		if (t_failing())
			return;
	}
	T_EQ(v.count, 176);
}

/* Senders that chose their IVs otherwise, so these are opened only. */
static void packets_of_the_gcm_draft(void)
{
	char *text = t_readfile("tests/vectors/gcm_esp.txt", NULL);
	struct vec v = vec_open(text);

	T_TRUE(text != NULL);
	while (vec_next(&v)) {
		struct view keymat = vec_bytes(&v, "keymat"), plain = vec_bytes(&v, "plain");
		struct view pkt = vec_bytes(&v, "pkt");
		uint64_t seq = vec_hex64(&v, "seq");
		struct esp_cipher *c = NULL;
		uint8_t buf[200], out[200];
		struct esp_suite s;
		size_t len;

		T_ROW(v.count, NULL);
		T_EQ(suite_esp(vec_num(&v, "encr"), vec_num(&v, "bits"), 0, vec_num(&v, "esn") != 0, &s),
			ST_OK);
		T_EQ(esp_cipher_new(&s, keymat.p, keymat.len, &c), ST_OK);
		memcpy(buf, pkt.p, pkt.len);
		enum status st = esp_cipher_open(c, (uint32_t)(seq >> 32), buf, pkt.len, out, &len);
		esp_cipher_free(c);
		T_EQ(st, ST_OK);
		T_EQ(len, plain.len);
		T_MEM(out, plain.p, plain.len);
	}
	T_EQ(v.count, 11);
}

static void counter_mode_of_rfc_3686(void)
{
	char *text = t_readfile("tests/vectors/ctr_rfc3686.txt", NULL);
	struct vec v = vec_open(text);

	T_TRUE(text != NULL);
	while (vec_next(&v)) {
		struct view key = vec_bytes(&v, "key"), nonce = vec_bytes(&v, "nonce");
		struct view plain = vec_bytes(&v, "plain"), ct = vec_bytes(&v, "ct");
		uint8_t keymat[32 + 4 + 32] = {0}, pkt[100];
		struct esp_cipher *c = NULL;
		struct esp_suite s;

		T_ROW(v.count, NULL);
		memcpy(keymat, key.p, key.len);
		memcpy(keymat + key.len, nonce.p, 4);
		T_EQ(suite_esp(13, vec_num(&v, "bits"), 12, false, &s), ST_OK);
		T_EQ(esp_cipher_new(&s, keymat, key.len + 4 + 32, &c), ST_OK);
		enum status st = esp_cipher_seal(c, 1, vec_hex64(&v, "iv"), plain.p, plain.len, pkt);
		esp_cipher_free(c);
		T_EQ(st, ST_OK);
		T_MEM(pkt + 16, ct.p, ct.len);
	}
	T_EQ(v.count, 9);
}

/* What NULL makes of a text is the text: section 2.5. */
static void null_of_rfc_2410(void)
{
	static const char humor[] = "Network Security People Have A Strange Sense Of Humor";
	uint8_t keymat[20] = {0}, pkt[100];
	struct esp_cipher *c = NULL;
	struct esp_suite s;

	T_EQ(suite_esp(11, 0, 2, false, &s), ST_OK);
	T_EQ(esp_cipher_new(&s, keymat, sizeof(keymat), &c), ST_OK);
	enum status st = esp_cipher_seal(c, 1, 1, (const uint8_t *)humor, 52, pkt);
	esp_cipher_free(c);
	T_EQ(st, ST_OK);
	T_MEM(pkt + ESP_HEAD_LEN, humor, 52);
}

/* RFC 7634 appendix A: the IV is not the sequence number there, which is the sender's choice. */
static void packet_of_rfc_7634(void)
{
	static const char text[] =
		"0102030400000005101112131415161724039428b97f417e3c13753a4f05087b67c352e6a7fab1b982"
		"d466ef"
		"407ae5c614ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3cbec163fac"
		"469b50"
		"2773f6fb94e664da9165b82829f641e076aaa8266b7fb0f7b11b369907e1ad43";
	static const char want[] = "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec1"
				   "00007362708090a0b0c0d0e0f"
				   "101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2"
				   "f303132333435363701020204";
	uint8_t keymat[36], pkt[160], out[160];
	struct esp_cipher *c = NULL;
	struct esp_suite s;
	size_t len, n;

	for (size_t i = 0; i < sizeof(keymat); i++)
		keymat[i] = (uint8_t)(0x80 + i);
	memcpy(pkt, t_hex(text, &n), 120);
	T_EQ(n, 120);
	T_EQ(suite_esp(28, 0, 0, false, &s), ST_OK);
	T_EQ(esp_cipher_new(&s, keymat, sizeof(keymat), &c), ST_OK);
	enum status st = esp_cipher_open(c, 0, pkt, n, out, &len);
	esp_cipher_free(c);
	T_EQ(st, ST_OK);
	T_EQ(len, 88);
	T_MEM(out, t_hex(want, NULL), 88);
}

static void flip_all(struct esp_cipher *c, size_t s)
{
	struct esp_shape shape = suites[s].shape;
	uint8_t plain[48], pkt[160], out[160];
	size_t head = ESP_HEAD_LEN + (size_t)shape.iv_len;
	size_t len = head + sizeof(plain) + shape.icv_len, n;

	memset(plain, 0x61, sizeof(plain));
	for (size_t bit = 0; bit < 8 * len; bit++) {
		T_EQ(esp_cipher_seal(c, 0x1234, 77, plain, sizeof(plain), pkt), ST_OK);
		pkt[bit / 8] ^= (uint8_t)(1u << bit % 8);
		/* On odd bits in place. */
		uint8_t *to = bit % 2 ? pkt + head : out;
		memset(out, 0, sizeof(out));
		T_EQ(esp_cipher_open(c, 0, pkt, len, to, &n), ST_ESP_AUTH);
		T_EQ(n, 0);
		/* Nothing of the plain text came out: it is all one letter. In place it is there
		 * where it was never hidden. */
		if (bit % 2 && (suites[s].encr == 11 || suites[s].encr == 21))
			continue;
		for (size_t i = 0; i + 8 <= sizeof(plain); i++)
			T_TRUE(memcmp(to + i, plain, 8) != 0);
	}
	T_EQ(esp_cipher_seal(c, 0x1234, 77, plain, sizeof(plain), pkt), ST_OK);
	T_EQ(esp_cipher_open(c, 0, pkt, len, out, &n), ST_OK);
}

static void any_flipped_bit_is_found(void)
{
	for (size_t s = 0; s < SUITES; s++)
		for (int esn = 0; esn < 2; esn++) {
			struct esp_cipher *c = cipher_of(s, esn);

			T_ROW(s * 10 + (size_t)esn, NULL);
			T_TRUE(c != NULL);
			struct esp_shape shape = esp_cipher_shape(c);
			T_MEM(&shape, &suites[s].shape, sizeof(shape));
			flip_all(c, s);
			esp_cipher_free(c);
			if (t_failing())
				return;
		}
}

static void cut_all(struct esp_cipher *c, size_t s)
{
	struct esp_shape shape = suites[s].shape;
	uint8_t plain[48] = {0}, pkt[160], out[160];
	size_t fixed = ESP_HEAD_LEN + (size_t)shape.iv_len + shape.icv_len, n;

	T_EQ(esp_cipher_seal(c, 1, 1, plain, sizeof(plain), pkt), ST_OK);
	for (size_t len = 0; len < fixed + sizeof(plain); len++) {
		/* Of the exact size, so that a read behind it is seen by the sanitizers. */
		uint8_t *cut = malloc(len ? len : 1);
		memcpy(cut, pkt, len);
		enum status st = esp_cipher_open(c, 0, cut, len, out, &n);
		free(cut);
		bool whole = len > fixed && (len - fixed) % shape.align == 0;
		T_EQ(st, whole ? ST_ESP_AUTH : ST_ESP_SHORT);
		T_EQ(n, 0);
	}
	for (size_t len = 0; len < 64; len++)
		T_EQ(esp_cipher_seal(c, 1, 2, plain, len % 49, pkt),
			len % 49 != 0 && len % 49 % shape.align == 0 ? ST_OK : ST_BAD_LENGTH);
	T_EQ(esp_cipher_seal(c, 1, 2, plain, (1u << 20) + 16, pkt), ST_BAD_LENGTH);
}

static void cut_packets_are_refused(void)
{
	for (size_t s = 0; s < SUITES; s++) {
		struct esp_cipher *c = cipher_of(s, false);

		T_ROW(s, NULL);
		T_TRUE(c != NULL);
		cut_all(c, s);
		esp_cipher_free(c);
		if (t_failing())
			return;
	}
}

/* The high half is authenticated with ESN and nobody's business without. */
static void high_half_of_the_number(void)
{
	for (size_t s = 0; s < SUITES; s++)
		for (int esn = 0; esn < 2; esn++) {
			struct esp_cipher *c = cipher_of(s, esn);
			uint8_t plain[48] = {0}, pkt[160], out[160];
			size_t n, len = ESP_HEAD_LEN + (size_t)suites[s].shape.iv_len +
					sizeof(plain) + suites[s].shape.icv_len;
			enum status a, b, d;

			T_ROW(s * 10 + (size_t)esn, NULL);
			T_TRUE(c != NULL);
			a = esp_cipher_seal(c, 9, 0x500000001, plain, sizeof(plain), pkt);
			b = esp_cipher_open(c, 5, pkt, len, out, &n);
			d = esp_cipher_open(c, 4, pkt, len, out, &n);
			esp_cipher_free(c);
			T_EQ(a, ST_OK);
			T_EQ(b, ST_OK);
			T_EQ(d, esn ? ST_ESP_AUTH : ST_OK);
		}
}

/* IVs do not repeat and those of CBC do not show the number. */
static void initialisation_vectors(void)
{
	for (size_t s = 0; s < SUITES; s++) {
		struct esp_cipher *c = cipher_of(s, false);
		uint8_t plain[48] = {0}, pkt[160], seen[64][16];
		size_t iv_len = suites[s].shape.iv_len;
		bool repeated = false, shown = false;
		static const uint8_t zeros[4];

		T_ROW(s, NULL);
		T_TRUE(c != NULL);
		for (uint64_t seq = 1; seq <= 64; seq++) {
			if (esp_cipher_seal(c, 9, seq, plain, sizeof(plain), pkt) != ST_OK)
				abort();
			memcpy(seen[seq - 1], pkt + ESP_HEAD_LEN, iv_len);
			for (size_t i = 0; i < seq - 1; i++)
				repeated = repeated || memcmp(seen[i], seen[seq - 1], iv_len) == 0;
			shown = shown || memcmp(seen[seq - 1], zeros, 4) == 0;
		}
		esp_cipher_free(c);
		if (iv_len == 0)
			continue;
		T_TRUE(!repeated);
		T_EQ(shown, suites[s].integ == 0 || suites[s].encr == 13);
	}
}

static void keys_of_the_wrong_length(void)
{
	uint8_t keymat[200] = {0};

	for (size_t s = 0; s < SUITES; s++) {
		struct esp_cipher *c;
		struct esp_suite e;

		T_ROW(s, NULL);
		T_EQ(suite_esp(suites[s].encr, suites[s].bits, suites[s].integ, false, &e), ST_OK);
		for (size_t len = 0; len < sizeof(keymat); len++) {
			enum status st = esp_cipher_new(&e, keymat, len, &c);

			T_EQ(c != NULL, st == ST_OK);
			esp_cipher_free(c);
			T_EQ(st, len == suite_esp_key_len(&e) ? ST_OK : ST_BAD_LENGTH);
		}
	}
}

/* A byte that is missing, and all that was written is zero again at the end; around the room nothing is. */
static void memory_is_the_callers(void)
{
	static _Alignas(ESP_CIPHER_ALIGN) uint8_t room[8192], before[8192];
	int64_t live = mem_live();

	memset(before, 0x77, sizeof(before));
	for (size_t s = 0; s < SUITES; s++) {
		uint8_t keymat[200] = {0}, plain[48] = {0}, pkt[160], out[160];
		struct view key = {keymat, 0};
		size_t n, whole, len = ESP_HEAD_LEN + (size_t)suites[s].shape.iv_len + sizeof(plain) +
				suites[s].shape.icv_len;
		enum status small, made, sealed, opened, forged;
		struct esp_cipher *c;
		struct esp_suite e;

		T_ROW(s, NULL);
		T_EQ(suite_esp(suites[s].encr, suites[s].bits, suites[s].integ, true, &e), ST_OK);
		key.len = suite_esp_key_len(&e);
		whole = esp_cipher_len(&e);
		T_TRUE(whole < sizeof(room));
		memcpy(room, before, sizeof(room));
		mem_fail_at(1);
		small = esp_cipher_make(&e, key, (struct esp_room){room, whole - 1}, &c);
		T_TRUE(c == NULL);
		T_MEM(room, before, sizeof(room));
		made = esp_cipher_make(&e, key, (struct esp_room){room, whole}, &c);
		T_EQ(made, ST_OK);
		sealed = esp_cipher_seal(c, 1, 1, plain, sizeof(plain), pkt);
		opened = esp_cipher_open(c, 0, pkt, len, out, &n);
		forged = esp_cipher_open(c, 1, pkt, len, out, &n);
		mem_fail_at(0);
		esp_cipher_end(c);
		T_MEM(room + whole, before, sizeof(room) - whole);
		for (size_t i = 0; i < whole; i++)
			T_EQ(room[i], 0);
		T_EQ(small, ST_NOMEM);
		T_EQ(sealed, ST_OK);
		T_EQ(opened, ST_OK);
		T_EQ(forged, ST_ESP_AUTH);
	}
	esp_cipher_end(NULL);
	T_EQ(mem_live(), live);
}

struct work {
	pthread_t thread;
	const struct esp_cipher *c;
	uint64_t from;
	size_t len;
	bool ok;
};

static void *seal_and_open(void *arg)
{
	struct work *w = arg;
	uint8_t plain[96], pkt[200], out[200];
	size_t n;

	memset(plain, (int)w->from, sizeof(plain));
	w->ok = true;
	for (uint64_t seq = w->from; seq < w->from + 500; seq++) {
		if (esp_cipher_seal(w->c, 5, seq, plain, sizeof(plain), pkt) != ST_OK ||
			esp_cipher_open(w->c, 0, pkt, w->len, out, &n) != ST_OK ||
			memcmp(out, plain, sizeof(plain)) != 0)
			w->ok = false;
		pkt[20] ^= 1;
		if (esp_cipher_open(w->c, 0, pkt, w->len, out, &n) != ST_ESP_AUTH)
			w->ok = false;
	}
	return NULL;
}

static void threads_share_a_cipher(void)
{
	for (size_t s = 0; s < SUITES; s++) {
		struct esp_cipher *c = cipher_of(s, true);
		struct work w[3] = {{0}};

		T_ROW(s, NULL);
		T_TRUE(c != NULL);
		for (size_t i = 0; i < 3; i++) {
			w[i].c = c;
			w[i].from = 1 + 1000 * i;
			w[i].len = ESP_HEAD_LEN + (size_t)suites[s].shape.iv_len + 96 +
				   suites[s].shape.icv_len;
			if (pthread_create(&w[i].thread, NULL, seal_and_open, &w[i]) != 0)
				abort();
		}
		for (size_t i = 0; i < 3; i++)
			if (pthread_join(w[i].thread, NULL) != 0)
				abort();
		esp_cipher_free(c);
		for (size_t i = 0; i < 3; i++)
			T_TRUE(w[i].ok);
	}
}

static void all_with(enum esp_engine engine)
{
	if (esp_engine_select(engine) != ST_OK) {
		printf("# SKIPPED: %s cannot be had on this processor\n", esp_engine_names[engine]);
		return;
	}
	T_RUN(packets_of_an_independent_implementation);
	T_RUN(packets_of_the_gcm_draft);
	T_RUN(counter_mode_of_rfc_3686);
	T_RUN(null_of_rfc_2410);
	T_RUN(packet_of_rfc_7634);
	T_RUN(any_flipped_bit_is_found);
	T_RUN(cut_packets_are_refused);
	T_RUN(high_half_of_the_number);
	T_RUN(initialisation_vectors);
	T_RUN(keys_of_the_wrong_length);
	T_RUN(memory_is_the_callers);
	T_RUN(threads_share_a_cipher);
}

int main(void)
{
	all_with(ESP_ENGINE_BORINGSSL);
	all_with(ESP_ENGINE_IPSEC_MB);
	return t_end();
}
