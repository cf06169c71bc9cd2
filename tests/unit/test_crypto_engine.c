/* tsan */
/* The two ESP engines against each other: every suite, every length that has an edge, with and
 * without ESN, one packet and many; what is refused in the midst of others; which one is in force. */
#include "core/crypto/esp_engine.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/crypto/esp_aead.h"
#include "core/crypto/esp_soft.h"
#include "tests/lib/esp_keyed.h"
#include "tests/lib/t.h"

static const struct {
	uint16_t encr, bits, integ;
} suites[] = {
	{20, 128, 0}, {20, 192, 0}, {20, 256, 0}, {19, 128, 0}, {19, 256, 0}, {18, 192, 0},
	{28, 0, 0}, {21, 128, 0}, {21, 192, 0}, {21, 256, 0},
	{12, 128, 2}, {12, 192, 12}, {12, 256, 13}, {12, 256, 14}, {12, 128, 1},
	{13, 128, 2}, {13, 192, 13}, {13, 256, 12}, {13, 256, 14},
	{11, 0, 2}, {11, 0, 12}, {11, 0, 13}, {11, 0, 14}, {11, 0, 1}, {3, 0, 2}, {3, 0, 1},
};

#define SUITES (sizeof(suites) / sizeof(suites[0]))
#define SPI    0x51b2c3d4
#define MANY   75 /* more than one handful */

static uint32_t seed = 1;

static uint32_t draw(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 8;
}

static void scribble(uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)draw();
}

static struct esp_cipher *cipher_of(enum esp_engine engine, size_t s, bool esn)
{
	struct esp_cipher *c = NULL;
	uint8_t keymat[128];
	struct esp_suite e;

	for (size_t i = 0; i < sizeof(keymat); i++)
		keymat[i] = (uint8_t)(i * 7 + s);
	if (esp_engine_select(engine) != ST_OK ||
		suite_esp(suites[s].encr, suites[s].bits, suites[s].integ, esn, &e) != ST_OK ||
		esp_cipher_new(&e, keymat, suite_esp_key_len(&e), &c) != ST_OK)
		return NULL;
	return c;
}

static bool can(void)
{
	if (esp_engine_select(ESP_ENGINE_IPSEC_MB) == ST_OK)
		return true;
	printf("# SKIPPED: ipsec-mb cannot be had on this processor\n");
	return false;
}

static size_t head_of(const struct esp_cipher *c)
{
	return ESP_HEAD_LEN + (size_t)esp_cipher_shape(c).iv_len;
}

static size_t packet_len(const struct esp_cipher *c, size_t plain_len)
{
	return head_of(c) + plain_len + esp_cipher_shape(c).icv_len;
}

/* One length: both make the same packet, and each opens it, in place and not. */
static void same(const struct esp_cipher *a, const struct esp_cipher *b, size_t plain_len)
{
	static uint8_t plain[2100], pa[2200], pb[2200], out[2100];
	uint64_t seq = (uint64_t)draw() << 20 | draw();
	size_t len = packet_len(a, plain_len), n;

	scribble(plain, plain_len);
	memset(pa, 0xaa, sizeof(pa));
	memset(pb, 0xaa, sizeof(pb));
	memcpy(pb + head_of(b), plain, plain_len);
	T_EQ(esp_cipher_seal(a, SPI, seq, plain, plain_len, pa), ST_OK);
	T_EQ(esp_cipher_seal(b, SPI, seq, pb + head_of(b), plain_len, pb), ST_OK);
	T_MEM(pa, pb, sizeof(pa));
	T_EQ(esp_cipher_seal(b, SPI, seq, plain, plain_len, pb), ST_OK);
	T_MEM(pa, pb, sizeof(pa));

	memset(out, 0xbb, sizeof(out));
	T_EQ(esp_cipher_open(b, (uint32_t)(seq >> 32), pa, len, out, &n), ST_OK);
	T_EQ(n, plain_len);
	T_MEM(out, plain, plain_len);
	T_EQ(out[plain_len], 0xbb);
	T_MEM(pa, pb, sizeof(pa));
	pb[draw() % len] ^= (uint8_t)(1 << draw() % 8);
	T_EQ(esp_cipher_open(b, (uint32_t)(seq >> 32), pb, len, pb + head_of(b), &n), ST_ESP_AUTH);
	T_EQ(esp_cipher_open(b, (uint32_t)(seq >> 32), pa, len, pa + head_of(b), &n), ST_OK);
	T_MEM(pa + head_of(b), plain, plain_len);
}

/* All lengths where something begins or ends, and steps between them. */
static size_t next_length(size_t len, size_t align)
{
	return len + (len < 600 ? align : 7 * align);
}

static void engines_make_the_same_packets(void)
{
	if (!can())
		return;
	for (size_t s = 0; s < SUITES; s++)
		for (int esn = 0; esn < 2; esn++) {
			struct esp_cipher *a = cipher_of(ESP_ENGINE_BORINGSSL, s, esn);
			struct esp_cipher *b = cipher_of(ESP_ENGINE_IPSEC_MB, s, esn);
			size_t align;

			T_ROW(s * 10 + (size_t)esn, NULL);
			T_TRUE(a != NULL && b != NULL);
			align = esp_cipher_shape(a).align;
			for (size_t len = align; len <= 2048 && !t_failing();
				len = next_length(len, align))
				same(a, b, len);
			esp_cipher_free(a);
			esp_cipher_free(b);
			if (t_failing())
				return;
		}
}

static struct esp_job jobs[MANY];
static uint8_t room[MANY][2200], want[MANY][2200];
static size_t lens[MANY];

/* Some lengths are wrong on purpose. */
static void fill_jobs(const struct esp_cipher *c, size_t n, bool with_bad)
{
	size_t align = esp_cipher_shape(c).align;

	for (size_t i = 0; i < n; i++) {
		lens[i] = (1 + draw() % (2000 / align)) * align;
		if (with_bad && draw() % 9 == 0)
			lens[i] = draw() % 2 ? 0 : lens[i] + 1;
		memset(room[i], 0xcc, sizeof(room[i]));
		scribble(room[i] + head_of(c), lens[i]);
		memcpy(want[i], room[i], sizeof(room[i]));
		jobs[i] = (struct esp_job){.pkt = room[i], .len = lens[i],
			.seq = (uint64_t)(i % 3) << 32 | (draw() & 0xffffff), .result = ST_INTERNAL};
	}
}

static void seal_many_is_seal(const struct esp_cipher *one, const struct esp_cipher *many, size_t n)
{
	fill_jobs(many, n, true);
	esp_cipher_seal_many(many, SPI, jobs, n);
	for (size_t i = 0; i < n; i++) {
		enum status st = esp_cipher_seal(
			one, SPI, jobs[i].seq, want[i] + head_of(one), lens[i], want[i]);

		T_EQ(jobs[i].result, st);
		T_EQ(jobs[i].len, st == ST_OK ? packet_len(one, lens[i]) : lens[i]);
		T_MEM(room[i], want[i], sizeof(room[i]));
	}
}

/* Packets that are too short, forged, of another number's half, and good ones between them. */
static void open_many_is_open(const struct esp_cipher *one, const struct esp_cipher *many, size_t n)
{
	static uint8_t plain[MANY][2200];

	fill_jobs(one, n, false);
	memcpy(plain, room, sizeof(plain));
	esp_cipher_seal_many(one, SPI, jobs, n);
	for (size_t i = 0; i < n; i++) {
		T_EQ(jobs[i].result, ST_OK);
		if (draw() % 5 == 0)
			room[i][draw() % jobs[i].len] ^= 0x10;
		if (draw() % 7 == 0)
			jobs[i].seq += (uint64_t)1 << 32;
		if (draw() % 11 == 0)
			jobs[i].len = draw() % head_of(one);
		memcpy(want[i], room[i], sizeof(room[i]));
	}
	for (size_t i = 0; i < n; i++)
		lens[i] = jobs[i].len;
	esp_cipher_open_many(many, jobs, n);
	for (size_t i = 0; i < n; i++) {
		size_t len, text;
		enum status st = esp_cipher_open(one, (uint32_t)(jobs[i].seq >> 32), want[i],
			lens[i], want[i] + head_of(one), &len);

		T_EQ(jobs[i].result, st);
		T_EQ(jobs[i].len, st == ST_OK ? len : lens[i]);
		if (st != ST_OK)
			continue;
		text = jobs[i].len;
		T_MEM(room[i] + head_of(many), plain[i] + head_of(many), text);
		T_MEM(room[i] + lens[i], want[i] + lens[i], sizeof(room[i]) - lens[i]);
	}
}

static void many_are_as_one(enum esp_engine engine)
{
	static const size_t counts[] = {0, 1, 2, 3, 15, 16, 17, 31, 32, 33, 64, MANY};

	for (size_t s = 0; s < SUITES; s++)
		for (int esn = 0; esn < 2; esn++) {
			struct esp_cipher *a = cipher_of(ESP_ENGINE_BORINGSSL, s, esn);
			struct esp_cipher *b = cipher_of(engine, s, esn);

			T_ROW(s * 10 + (size_t)esn, NULL);
			T_TRUE(a != NULL && b != NULL);
			for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
				if (!t_failing())
					seal_many_is_seal(a, b, counts[i]);
				if (!t_failing())
					open_many_is_open(a, b, counts[i]);
			}
			esp_cipher_free(a);
			esp_cipher_free(b);
			if (t_failing())
				return;
		}
}

static void many_by_boringssl(void)
{
	many_are_as_one(ESP_ENGINE_BORINGSSL);
}

static void many_by_ipsec_mb(void)
{
	if (!can())
		return;
	many_are_as_one(ESP_ENGINE_IPSEC_MB);
	T_EQ(esp_engine_thread_begin(), ST_OK);
	T_EQ(esp_engine_thread_begin(), ST_OK);
	many_are_as_one(ESP_ENGINE_IPSEC_MB);
	esp_engine_thread_end();
	esp_engine_thread_end();
}

static void many_ask_for_no_memory(void)
{
	if (!can())
		return;
	T_EQ(esp_engine_thread_begin(), ST_OK);
	for (size_t s = 0; s < SUITES; s++) {
		struct esp_cipher *c = cipher_of(ESP_ENGINE_IPSEC_MB, s, true);

		T_ROW(s, NULL);
		T_TRUE(c != NULL);
		fill_jobs(c, 32, false);
		mem_fail_at(1);
		esp_cipher_seal_many(c, SPI, jobs, 32);
		esp_cipher_open_many(c, jobs, 32);
		mem_fail_at(0);
		esp_cipher_free(c);
		for (size_t i = 0; i < 32; i++)
			T_EQ(jobs[i].result, ST_OK);
	}
	esp_engine_thread_end();
}

struct work {
	pthread_t thread;
	const struct esp_cipher *c;
	uint32_t first;
	bool ok;
};

/* 16 packets at a time. */
static void *work(void *arg)
{
	struct work *w = arg;
	struct esp_job j[16];
	uint8_t pkt[16][320];
	size_t head = head_of(w->c);

	w->ok = esp_engine_thread_begin() == ST_OK;
	for (uint32_t round = 0; round < 60; round++) {
		for (size_t i = 0; i < 16; i++) {
			memset(pkt[i], (int)(w->first + i), sizeof(pkt[i]));
			j[i] = (struct esp_job){
				.pkt = pkt[i], .len = 16 * (1 + i), .seq = w->first + round * 16 + i};
		}
		esp_cipher_seal_many(w->c, SPI, j, 16);
		pkt[3][12] ^= 4;
		esp_cipher_open_many(w->c, j, 16);
		for (size_t i = 0; i < 16; i++) {
			w->ok &= j[i].result == (i == 3 ? ST_ESP_AUTH : ST_OK);
			w->ok &= i == 3 || (j[i].len == 16 * (1 + i) &&
						   pkt[i][head] == (uint8_t)(w->first + i) &&
						   memcmp(pkt[i] + head, pkt[i] + head + 1,
							   j[i].len - 1) == 0);
		}
	}
	esp_engine_thread_end();
	return NULL;
}

static void threads_do_many_with_one_cipher(void)
{
	if (!can())
		return;
	for (size_t s = 0; s < SUITES; s++) {
		struct esp_cipher *c = cipher_of(ESP_ENGINE_IPSEC_MB, s, true);
		struct work w[3] = {{0}};

		T_ROW(s, NULL);
		T_TRUE(c != NULL);
		for (size_t i = 0; i < 3; i++) {
			w[i].c = c;
			w[i].first = 1 + 100000 * (uint32_t)i;
			if (pthread_create(&w[i].thread, NULL, work, &w[i]) != 0)
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

static const char *engine_of(const struct esp_cipher *c)
{
	return c->ops->engine;
}

static void the_choice_holds_for_new_ciphers(void)
{
	struct esp_engine_info before, now;
	struct esp_cipher *a, *b, *md5;
	bool usable = can(), has = false;

	esp_engine_info(&before);
	T_EQ(before.why_not == NULL, usable);
	a = cipher_of(ESP_ENGINE_BORINGSSL, 0, false);
	b = cipher_of(ESP_ENGINE_AUTO, 0, false);
	T_TRUE(a != NULL && b != NULL);
	T_STR(engine_of(a), "boringssl");
	T_STR(engine_of(b), usable ? "ipsec-mb" : "boringssl");
	/* No lanes for MD5: it stays where it is. */
	md5 = cipher_of(ESP_ENGINE_AUTO, 14, false);
	T_STR(engine_of(md5), "boringssl");
	esp_engine_info(&now);
	T_EQ(now.wanted, ESP_ENGINE_AUTO);
	T_EQ(now.in_force, usable ? ESP_ENGINE_IPSEC_MB : ESP_ENGINE_BORINGSSL);
	T_EQ(now.ciphers[now.in_force], before.ciphers[now.in_force] + (usable ? 1 : 3));
	T_EQ(now.made[ESP_ENGINE_BORINGSSL], before.made[ESP_ENGINE_BORINGSSL] + (usable ? 2 : 3));
	esp_cipher_free(a);
	esp_cipher_free(b);
	esp_cipher_free(md5);
	esp_engine_info(&now);
	T_EQ(now.ciphers[ESP_ENGINE_BORINGSSL], before.ciphers[ESP_ENGINE_BORINGSSL]);
	T_EQ(now.ciphers[ESP_ENGINE_IPSEC_MB], before.ciphers[ESP_ENGINE_IPSEC_MB]);
	T_EQ(esp_engine_select(ESP_ENGINE_BORINGSSL), ST_OK);
	esp_engine_info(&now);
	T_EQ(now.in_force, ESP_ENGINE_BORINGSSL);
	for (size_t i = 0; usable && esp_engine_feature(i, &has) != NULL; i++)
		T_TRUE(i != 0 || has);
}

/* Before the library was looked at, so this is the first. */
static void no_memory_to_find_out(void)
{
	struct esp_engine_info info;
	enum status st;

	mem_fail_at(1);
	st = esp_engine_select(ESP_ENGINE_AUTO);
	mem_fail_at(0);
	T_EQ(st, ST_OK);
	esp_engine_info(&info);
	T_EQ(info.in_force, ESP_ENGINE_BORINGSSL);
	T_TRUE(info.why_not != NULL);
	if (!can())
		return;
	mem_fail_at(1);
	st = esp_engine_thread_begin();
	mem_fail_at(0);
	T_EQ(st, ST_NOMEM);
	esp_engine_info(&info);
	T_EQ(info.threads, 0);
}

int main(void)
{
	int64_t live = mem_live();

	T_RUN(no_memory_to_find_out);
	T_RUN(the_choice_holds_for_new_ciphers);
	T_RUN(engines_make_the_same_packets);
	T_RUN(many_by_boringssl);
	T_RUN(many_by_ipsec_mb);
	T_RUN(many_ask_for_no_memory);
	T_RUN(threads_do_many_with_one_cipher);
	if (mem_live() != live)
		abort();
	return t_end();
}
