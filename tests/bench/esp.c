/* What one packet costs on one core, without sockets: opening and sealing with one SA and with the
 * oldest of ten thousand, and the look-ups alone; then every kind of suite by either engine, packet by
 * packet and 32 at once. Nanoseconds for each packet, best of five rounds. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/mem.h"
#include "core/crypto/esp_engine.h"
#include "core/esp/seal.h"
#include "tests/lib/esp_keyed.h"
#include "tests/lib/esp_whole.h"

#define SAS 10000
#define ROUNDS 5
#define PACKETS 20000
#define SLOTS 16384
#define HEAD 64

static struct esp_tables tables;
static struct esp_sa sas[SAS];
static struct fib_route routes[SAS];
static struct esp_rt rts[SAS];
static struct esp_sa peer;
static struct esp_rt peer_rt;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static struct addr client(uint32_t i)
{
	return addr_v4(UINT32_C(10) << 24 | (i + 1));
}

static struct esp_child *child_new(uint32_t i)
{
	struct esp_child *c = mem_new(sizeof(*c) + 2 * sizeof(struct ts));
	struct addr a = client(i);

	if (!c)
		exit(1);
	c->owner = i;
	c->spi_in = 0x1000 + i * 256;
	c->n_local = c->n_remote = 1;
	c->ts[0] = ts_any(4);
	c->ts[1] = ts_from_addr(&a);
	return c;
}

static void set_up(uint32_t n, uint16_t bits)
{
	static const uint8_t keymat[64] = {1};
	struct esp_suite s;

	if (suite_esp(20, bits, 0, false, &s))
		exit(1);
	sad_init(&tables.sad, mem_array(SLOTS, sizeof(struct esp_sa *)), SLOTS);
	fib_init(&tables.fib, mem_array(SLOTS, sizeof(struct fib_route *)), SLOTS);
	for (uint32_t i = 0; i < n; i++) {
		struct esp_child *c = child_new(i);

		rts[i] = (struct esp_rt){.window = 1024};
		sas[i] = (struct esp_sa){.child = c, .spi_in = c->spi_in, .rt = &rts[i],
					 .shape = esp_suite_shape(&s)};
		if (esp_cipher_new(&s, keymat, suite_esp_key_len(&s), &sas[i].in))
			exit(1);
		sas[i].out = sas[i].in;
		routes[i] = (struct fib_route){.child = c, .prefix = {client(i), 32}};
		sad_add(&tables.sad, &sas[i]);
		fib_add(&tables.fib, &routes[i]);
	}
	peer = sas[0];
	peer_rt = (struct esp_rt){.window = 1024};
	peer.rt = &peer_rt;
	peer.spi_out = sas[0].spi_in;
}

static void tear_down(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		esp_cipher_free(sas[i].in);
		mem_free((void *)(uintptr_t)sas[i].child);
	}
	mem_free(tables.sad.slots);
	mem_free(tables.fib.slots);
}

static size_t inner_packet(uint8_t *p, size_t len)
{
	struct addr src = client(0);

	memset(p, 0, len);
	p[0] = 0x45;
	p[2] = (uint8_t)(len >> 8);
	p[3] = (uint8_t)len;
	p[9] = IPP_UDP;
	memcpy(p + 12, src.b, 4);
	p[16] = 192;
	return len;
}

/* One round: seal and open the same packets; nanoseconds for each. */
static void seal_and_open(size_t len, double *seal_ns, double *open_ns)
{
	static uint8_t room[HEAD + 2048 + 128], copy[2048 + 128];
	uint64_t sealing = 0, opening = 0;

	inner_packet(copy, len);
	for (int i = 0; i < PACKETS; i += 32) {
		static uint8_t wire[32][2048 + 128];
		struct span pkt = {0};
		struct esp_opened o;
		uint64_t t = now_ns();

		for (int j = 0; j < 32; j++) {
			memcpy(room + HEAD, copy, len);
			if (esp_seal(&peer, 0, (struct span){room + HEAD, len}, &pkt))
				exit(1);
			memcpy(wire[j], pkt.p, pkt.len);
		}
		sealing += now_ns() - t;
		t = now_ns();
		for (int j = 0; j < 32; j++) {
			if (esp_open(&tables, 0, (struct span){wire[j], pkt.len}, &o))
				exit(1);
		}
		opening += now_ns() - t;
	}
	*seal_ns = (double)sealing / PACKETS;
	*open_ns = (double)opening / PACKETS;
}

static void report(uint32_t n, uint16_t bits, size_t len)
{
	double best_seal = 1e9, best_open = 1e9;

	set_up(n, bits);
	for (int r = 0; r < ROUNDS; r++) {
		double s, o;

		seal_and_open(len, &s, &o);
		best_seal = s < best_seal ? s : best_seal;
		best_open = o < best_open ? o : best_open;
	}
	printf("%5" PRIu32 " SAs, AES-%u-GCM, %4zu B: seal %6.0f ns, open %6.0f ns\n", n, bits, len,
	       best_seal, best_open);
	tear_down(n);
}

static void report_look_ups(uint32_t n)
{
	double best = 1e9;
	uint64_t found = 0;

	set_up(n, 128);
	for (int r = 0; r < ROUNDS; r++) {
		uint64_t t = now_ns();
		double each;

		for (uint32_t i = 0; i < PACKETS; i++) {
			struct ip_info ip = {.version = 4, .proto = 17, .src = addr_v4(1)};
			const struct esp_child *c;

			ip.dst = client(i * 7919 % n);
			found += fib_choose(&tables.fib, 0, &ip, &c) == ST_OK;
		}
		each = (double)(now_ns() - t) / PACKETS;
		best = each < best ? each : best;
	}
	printf("%5" PRIu32 " routes: choose %4.0f ns (%" PRIu64 " found)\n", n, best, found);
	tear_down(n);
}

/* ---- the engines alone -------------------------------------------------------------------------- */

#define BATCH 32

static const struct {
	const char *name;
	uint16_t encr, bits, integ;
} suites[] = {
	{"AES-GCM-128", 20, 128, 0}, {"AES-GCM-256", 20, 256, 0}, {"CHACHA20-POLY1305", 28, 0, 0},
	{"AES-GMAC-128", 21, 128, 0}, {"AES-CBC-128 SHA1", 12, 128, 2},
	{"AES-CBC-128 SHA256", 12, 128, 12}, {"AES-CBC-256 SHA512", 12, 256, 14},
	{"AES-CTR-128 SHA256", 13, 128, 12}, {"NULL SHA256", 11, 0, 12},
};

struct figures {
	double seal, open, seal_many, open_many;
};

static void lower(double *best, uint64_t ns)
{
	double each = (double)ns / BATCH;

	*best = *best == 0 || each < *best ? each : *best;
}

static void one_by_one(const struct esp_cipher *c, struct esp_job *jobs, size_t len, struct figures *f)
{
	size_t head = ESP_HEAD_LEN + (size_t)esp_cipher_shape(c).iv_len, n;
	size_t whole = head + len + esp_cipher_shape(c).icv_len;
	uint64_t t = now_ns();

	for (size_t i = 0; i < BATCH; i++)
		if (esp_cipher_seal(c, 1, jobs[i].seq, jobs[i].pkt + head, len, jobs[i].pkt))
			exit(1);
	lower(&f->seal, now_ns() - t);
	t = now_ns();
	for (size_t i = 0; i < BATCH; i++)
		if (esp_cipher_open(c, 0, jobs[i].pkt, whole, jobs[i].pkt + head, &n))
			exit(1);
	lower(&f->open, now_ns() - t);
}

static void all_at_once(const struct esp_cipher *c, struct esp_job *jobs, size_t len, struct figures *f)
{
	uint64_t t = now_ns();

	for (size_t i = 0; i < BATCH; i++)
		jobs[i].len = len;
	esp_cipher_seal_many(c, 1, jobs, BATCH);
	lower(&f->seal_many, now_ns() - t);
	t = now_ns();
	esp_cipher_open_many(c, jobs, BATCH);
	lower(&f->open_many, now_ns() - t);
	for (size_t i = 0; i < BATCH; i++)
		if (jobs[i].result)
			exit(1);
}

static struct figures measure(size_t s, size_t len)
{
	static uint8_t room[BATCH][2048], keymat[128] = {1};
	struct esp_job jobs[BATCH];
	struct figures f = {0};
	struct esp_cipher *c;
	struct esp_suite suite;

	if (suite_esp(suites[s].encr, suites[s].bits, suites[s].integ, false, &suite) ||
	    esp_cipher_new(&suite, keymat, suite_esp_key_len(&suite), &c))
		exit(1);
	for (int r = 0; r < ROUNDS * 40; r++) {
		for (size_t i = 0; i < BATCH; i++)
			jobs[i] = (struct esp_job){.pkt = room[i], .seq = (uint64_t)r * BATCH + i + 1};
		one_by_one(c, jobs, len, &f);
		all_at_once(c, jobs, len, &f);
	}
	esp_cipher_free(c);
	return f;
}

static void report_suites(void)
{
	static const size_t lens[] = {64, 576, 1408};

	printf("\n%-20s %-9s %5s %14s %14s\n", "suite", "engine", "bytes", "seal (32)", "open (32)");
	for (size_t s = 0; s < sizeof(suites) / sizeof(suites[0]); s++)
		for (int e = ESP_ENGINE_BORINGSSL; e < ESP_ENGINES; e++)
			for (size_t i = 0; i < 3; i++) {
				struct figures f;

				if (esp_engine_select((enum esp_engine)e) != ST_OK)
					continue;
				f = measure(s, lens[i]);
				printf("%-20s %-9s %5zu %6.0f (%5.0f) %6.0f (%5.0f)\n", suites[s].name,
				       esp_engine_names[e], lens[i], f.seal, f.seal_many, f.open,
				       f.open_many);
			}
}

static void report_engine(enum esp_engine engine)
{
	static const size_t lens[] = {64, 576, 1400};

	if (esp_engine_select(engine) != ST_OK)
		return;
	printf("\nwhole packets by %s\n", esp_engine_names[engine]);
	for (size_t i = 0; i < 3; i++) {
		report(1, 128, lens[i]);
		report(1, 256, lens[i]);
	}
	report(SAS, 128, 64);
	report(SAS, 128, 1400);
}

int main(void)
{
	report_look_ups(1);
	report_look_ups(SAS);
	report_engine(ESP_ENGINE_BORINGSSL);
	report_engine(ESP_ENGINE_IPSEC_MB);
	if (esp_engine_thread_begin() != ST_OK)
		return 1;
	report_suites();
	esp_engine_thread_end();
	return 0;
}
