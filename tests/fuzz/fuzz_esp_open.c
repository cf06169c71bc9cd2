/* ESP packets to an SA: as anyone on the network may send them, and as an authenticated peer may
 * fill them. The first byte chooses suite, ESN, engine, which of the two, and transport mode of either
 * family. Both engines must come to the same end, also with many packets at once. */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/crypto/esp_engine.h"
#include "core/esp/open.h"
#include "core/esp/replay.h"
#include "core/esp/transport.h"
#include "tests/lib/esp_keyed.h"
#include "tests/lib/esp_whole.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

#define SPI 0x01020304
#define PLAIN_MAX 2048

static struct esp_sa *sad_slots[2];
static struct fib_route *fib_slots[2];
static struct esp_tables tables;
static struct esp_child *child, *other;
static struct fib_route route;
static struct esp_rt rt;

static const struct {
	uint16_t encr, bits, integ;
	bool esn;
} suites[] = {
	{20, 128, 0, false}, {28, 0, 0, false}, {12, 128, 12, false}, {20, 256, 0, true},
	{19, 192, 0, false}, {18, 256, 0, true}, {13, 128, 2, false}, {13, 256, 13, true},
	{21, 128, 0, false}, {21, 256, 0, true}, {11, 0, 12, false}, {11, 0, 2, true},
	{12, 256, 14, true}, {3, 0, 1, true}, {28, 0, 0, true}, {12, 192, 2, true},
};
#define SUITES (sizeof(suites) / sizeof(suites[0]))
#define MANY 17

static struct esp_sa sas[2][SUITES]; /* by engine */

static struct esp_child *child_new(uint64_t owner, uint8_t last_byte)
{
	struct esp_child *c = mem_new(sizeof(*c) + 4 * sizeof(struct ts));
	struct addr a4 = {.family = 4, .b = {10, 99, 0, last_byte}};
	struct addr a6 = {.family = 6, .b = {0x20, 1, 0x0d, 0xb8, [15] = last_byte}};

	MUST(c);
	c->owner = owner;
	c->n_local = c->n_remote = 2;
	c->ts[0] = ts_any(4);
	c->ts[1] = ts_any(6);
	c->ts[1].proto = 17;
	c->ts[1].port_hi = 1023;
	c->ts[2] = ts_from_addr(&a4);
	c->ts[3] = ts_from_addr(&a6);
	return c;
}

static void set_up(void)
{
	static const uint8_t keymat[160] = {7};

	child = child_new(1, 1);
	other = child_new(2, 2);
	route = (struct fib_route){.child = other, .prefix = {other->ts[2].lo, 32}};
	for (size_t i = 0; i < 2 * SUITES; i++) {
		struct esp_sa *sa = &sas[i / SUITES][i % SUITES];
		struct esp_suite s;

		MUST(esp_engine_select(i < SUITES ? ESP_ENGINE_AUTO : ESP_ENGINE_BORINGSSL) == ST_OK);
		MUST(suite_esp(suites[i % SUITES].encr, suites[i % SUITES].bits,
			     suites[i % SUITES].integ, suites[i % SUITES].esn, &s) == ST_OK);
		sa->child = child;
		sa->spi_in = SPI;
		sa->esn = s.esn;
		sa->shape = esp_suite_shape(&s);
		sa->rt = &rt;
		sa->takes_dhcp = i % 2;
		sa->no_multicast = i % 3 == 0;
		sa->self = (struct addr){4, {10, 99, 0, 254}};
		MUST(esp_cipher_new(&s, keymat, suite_esp_key_len(&s), &sa->in) == ST_OK);
		MUST(esp_cipher_new(&s, keymat, suite_esp_key_len(&s), &sa->out) == ST_OK);
	}
	MUST(esp_engine_thread_begin() == ST_OK);
}

static void start(struct esp_sa *sa)
{
	memset(&rt, 0, sizeof(rt));
	rt.window = 64;
	rt.seq_top = sa->esn ? 0x100000010 : 100;
	memset(sad_slots, 0, sizeof(sad_slots));
	memset(fib_slots, 0, sizeof(fib_slots));
	sad_init(&tables.sad, sad_slots, 2);
	fib_init(&tables.fib, fib_slots, 2);
	sad_add(&tables.sad, sa);
	fib_add(&tables.fib, &route);
}

/* What is delivered came from the child's own addresses and lies inside the packet. */
static void check_inner(const uint8_t *pkt, size_t len, const struct esp_opened *o)
{
	struct ip_info ip;

	if (o->is_dummy) {
		MUST(o->inner.len == 0);
		return;
	}
	MUST(o->inner.p >= pkt && o->inner.p + o->inner.len <= pkt + len);
	MUST(ip_parse(o->inner.p, o->inner.len, &ip) == ST_OK && ip.total_len == o->inner.len);
	MUST(addr_eq(&ip.src, &child->ts[2].lo) || addr_eq(&ip.src, &child->ts[3].lo));
	MUST(!addr_eq(&ip.dst, &other->ts[2].lo));
	MUST(!o->is_dhcp || (o->sa->takes_dhcp && ip.proto == IPP_UDP && ip.src_port == 68 && ip.dst_port == 67));
	MUST(o->is_dhcp || !o->sa->no_multicast || !addr_is_multicast(&ip.dst));
}

static enum status open_once(const uint8_t *pkt, size_t len)
{
	size_t room = sad_find(&tables.sad, SPI)->transport ? TRANSPORT_HEAD_MAX : 0;
	uint8_t *exact = malloc(room + len); /* so that the sanitizer sees its ends */
	struct esp_opened o;
	enum status st;

	MUST(exact);
	memcpy(exact + room, pkt, len);
	st = esp_open(&tables, 0, (struct span){exact + room, len}, &o);
	if (st == ST_OK)
		check_inner(exact, room + len, &o);
	free(exact);
	return st;
}

/* One of many, among copies of it, by one engine; alone by the other. */
static void same_end(const struct esp_cipher *a, const struct esp_cipher *b, const uint8_t *pkt,
	size_t len, uint32_t seq_hi)
{
	static uint8_t room[MANY][4096], alone[4096];
	struct esp_job jobs[MANY];
	size_t head = ESP_HEAD_LEN + (size_t)esp_cipher_shape(a).iv_len, n;
	enum status st;

	if (len > sizeof(alone))
		return;
	memcpy(alone, pkt, len);
	st = esp_cipher_open(b, seq_hi, alone, len, alone + head, &n);
	for (size_t i = 0; i < MANY; i++) {
		memcpy(room[i], pkt, len);
		jobs[i] = (struct esp_job){
			.pkt = room[i], .len = len, .seq = (uint64_t)seq_hi << 32};
	}
	esp_cipher_open_many(a, jobs, MANY);
	for (size_t i = 0; i < MANY; i++) {
		MUST(jobs[i].result == st);
		MUST(jobs[i].len == (st == ST_OK ? n : len));
		MUST(st != ST_OK || memcmp(room[i] + head, alone + head, n) == 0);
	}
}

/* Nobody without the key gets anything past the integrity check. */
static void from_anyone(const uint8_t *data, size_t size)
{
	uint64_t top = rt.seq_top;
	enum status st = open_once(data, size);

	MUST(st == ST_ESP_SHORT || st == ST_ESP_NO_SA || st == ST_ESP_REPLAY || st == ST_ESP_AUTH);
	MUST(rt.seq_top == top && rt.packets_in == 0);
}

static void from_the_peer(
	struct esp_sa *sa, const struct esp_cipher *other_in, const uint8_t *plain, size_t len)
{
	static uint8_t pkt[ESP_HEAD_LEN + ESP_IV_MAX + PLAIN_MAX + ESP_ICV_MAX];
	struct esp_shape shape = esp_cipher_shape(sa->out);
	uint64_t seq = rt.seq_top + 1;
	size_t pkt_len;
	enum status st;

	len -= len % shape.align;
	if (len == 0 || len > PLAIN_MAX)
		return;
	MUST(esp_cipher_seal(sa->out, SPI, seq, plain, len, pkt) == ST_OK);
	pkt_len = ESP_HEAD_LEN + shape.iv_len + len + shape.icv_len;
	same_end(other_in, sa->in, pkt, pkt_len, (uint32_t)(seq >> 32));
	st = open_once(pkt, pkt_len);
	MUST(st != ST_ESP_AUTH && st != ST_ESP_REPLAY && st != ST_ESP_NO_SA && st != ST_ESP_SHORT);
	MUST(rt.seq_top == seq);
	/* Whatever became of it, it is not taken a second time. */
	MUST(open_once(pkt, pkt_len) == ST_ESP_REPLAY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct esp_sa *sa;
	size_t which;

	if (!child)
		set_up();
	if (size < 1)
		return 0;
	which = (data[0] & 3u) | (data[0] >> 1 & 0xcu);
	sa = &sas[data[0] >> 6 & 1][which];
	same_end(sas[0][which].in, sas[1][which].in, data + 1, size - 1, 0);
	sa->transport = data[0] & 0x20;
	sa->remote.addr = data[0] & 0x80 ? child->ts[3].lo : child->ts[2].lo;
	sa->local.addr = sa->remote.addr;
	sa->local.addr.b[sa->local.addr.family == 4 ? 3 : 15] = 200;
	start(sa);
	if (data[0] & 4)
		from_anyone(data + 1, size - 1);
	else
		from_the_peer(sa, sas[sa == &sas[0][which]][which].in, data + 1, size - 1);
	return 0;
}
