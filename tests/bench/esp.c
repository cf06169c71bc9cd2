/* What one packet costs on one core, without sockets: opening and sealing with one SA and with the
 * oldest of ten thousand, and the look-ups alone. Nanoseconds, best of five rounds. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/mem.h"
#include "core/esp/seal.h"

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
		sas[i] = (struct esp_sa){.child = c, .spi_in = c->spi_in, .rt = &rts[i]};
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

int main(void)
{
	report_look_ups(1);
	report_look_ups(SAS);
	report(1, 128, 64);
	report(1, 128, 1400);
	report(1, 256, 1400);
	report(SAS, 128, 64);
	report(SAS, 128, 1400);
	return 0;
}
