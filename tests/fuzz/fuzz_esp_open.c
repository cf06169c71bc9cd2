/* ESP packets to an SA: as anyone on the network may send them, and as an authenticated peer may
 * fill them. The first byte chooses suite, ESN, which of the two, and transport mode of either family. */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/esp/open.h"
#include "core/esp/replay.h"
#include "core/esp/transport.h"

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
static struct esp_sa sas[4];

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
	static const struct {
		uint16_t encr, bits, integ;
	} suites[4] = {{20, 128, 0}, {28, 0, 0}, {12, 128, 12}, {20, 256, 0}};

	child = child_new(1, 1);
	other = child_new(2, 2);
	route = (struct fib_route){.child = other, .prefix = {other->ts[2].lo, 32}};
	for (size_t i = 0; i < 4; i++) {
		struct esp_suite s;

		MUST(suite_esp(suites[i].encr, suites[i].bits, suites[i].integ, i == 3, &s) == ST_OK);
		sas[i].child = child;
		sas[i].spi_in = SPI;
		sas[i].esn = i == 3;
		sas[i].rt = &rt;
		MUST(esp_cipher_new(&s, keymat, suite_esp_key_len(&s), &sas[i].in) == ST_OK);
		MUST(esp_cipher_new(&s, keymat, suite_esp_key_len(&s), &sas[i].out) == ST_OK);
	}
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

/* Nobody without the key gets anything past the integrity check. */
static void from_anyone(const uint8_t *data, size_t size)
{
	uint64_t top = rt.seq_top;
	enum status st = open_once(data, size);

	MUST(st == ST_ESP_SHORT || st == ST_ESP_NO_SA || st == ST_ESP_REPLAY || st == ST_ESP_AUTH);
	MUST(rt.seq_top == top && rt.packets_in == 0);
}

static void from_the_peer(struct esp_sa *sa, const uint8_t *plain, size_t len)
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
	st = open_once(pkt, pkt_len);
	MUST(st != ST_ESP_AUTH && st != ST_ESP_REPLAY && st != ST_ESP_NO_SA && st != ST_ESP_SHORT);
	MUST(rt.seq_top == seq);
	/* Whatever became of it, it is not taken a second time. */
	MUST(open_once(pkt, pkt_len) == ST_ESP_REPLAY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct esp_sa *sa;

	if (!child)
		set_up();
	if (size < 1)
		return 0;
	sa = &sas[data[0] & 3];
	sa->transport = data[0] & 8;
	sa->remote.addr = data[0] & 16 ? child->ts[3].lo : child->ts[2].lo;
	sa->local.addr = sa->remote.addr;
	sa->local.addr.b[sa->local.addr.family == 4 ? 3 : 15] = 200;
	start(sa);
	if (data[0] & 4)
		from_anyone(data + 1, size - 1);
	else
		from_the_peer(sa, data + 1, size - 1);
	return 0;
}
