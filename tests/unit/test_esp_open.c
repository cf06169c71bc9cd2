/* One packet in, one packet out: what a sealed packet looks like, what opens, and what is refused
 * under which name and counted where. */
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/crypto/esp_engine.h"
#include "core/esp/many.h"
#include "core/esp/seal.h"
#include "core/wire/esp.h"
#include "tests/lib/t.h"
#include "tests/unit/data_lib.h"
#include "tests/lib/esp_keyed.h"
#include "tests/lib/esp_whole.h"

#define SPI 0xc0ffee01
#define HEAD 64

static struct esp_tables tables;
static struct esp_sa *sad_slots[8];
static struct fib_route *fib_slots[8];

/* The headend's SA for client 10.99.0.1 / 2001:db8::1, its mirror at the client, and another
 * client 10.99.0.2 of another owner. */
static struct esp_child *ours, *other;
static struct fib_route our_route, other_route;
static struct esp_sa sa, mirror;
static struct esp_rt rt, mirror_rt;
static uint8_t room[HEAD + 2048 + 128];

static struct esp_child *child_new(uint64_t owner, uint32_t spi_in, uint8_t n_local,
				   uint8_t n_remote)
{
	struct esp_child *c = mem_new(sizeof(*c) + (n_local + n_remote) * sizeof(struct ts));

	c->owner = owner;
	c->tun = 1;
	c->spi_in = spi_in;
	c->n_local = n_local;
	c->n_remote = n_remote;
	return c;
}

static void set_up(uint16_t encr, uint16_t bits, uint16_t integ, bool esn)
{
	static const uint8_t keymat[160] = {1, 2, 3};
	struct esp_suite suite;
	struct addr a4 = dl_addr("10.99.0.1"), a6 = dl_addr("2001:db8::1"), b4 = dl_addr("10.99.0.2");

	memset(sad_slots, 0, sizeof(sad_slots));
	memset(fib_slots, 0, sizeof(fib_slots));
	memset(&rt, 0, sizeof(rt));
	memset(&mirror_rt, 0, sizeof(mirror_rt));
	rt.window = mirror_rt.window = 64;
	sad_init(&tables.sad, sad_slots, 8);
	fib_init(&tables.fib, fib_slots, 8);
	tables.now_ms = 5000;

	ours = child_new(1, SPI, 2, 2);
	other = child_new(2, 0x999, 1, 1);
	ours->ts[0] = ts_any(4);
	ours->ts[1] = ts_any(6);
	ours->ts[2] = ts_from_addr(&a4);
	ours->ts[3] = ts_from_addr(&a6);
	other->ts[0] = ts_any(4);
	other->ts[1] = ts_from_addr(&b4);
	our_route = (struct fib_route){.child = ours, .prefix = {a4, 32}};
	other_route = (struct fib_route){.child = other, .prefix = {b4, 32}};
	fib_add(&tables.fib, &our_route);
	fib_add(&tables.fib, &other_route);

	sa = (struct esp_sa){.child = ours, .spi_in = SPI, .spi_out = 0x1234, .esn = esn, .rt = &rt};
	mirror = sa;
	mirror.spi_in = 0x1234;
	mirror.spi_out = SPI;
	mirror.rt = &mirror_rt;
	T_EQ(suite_esp(encr, bits, integ, esn, &suite), ST_OK);
	sa.shape = mirror.shape = esp_suite_shape(&suite);
	T_EQ(esp_cipher_new(&suite, keymat, suite_esp_key_len(&suite), &sa.in), ST_OK);
	T_EQ(esp_cipher_new(&suite, keymat, suite_esp_key_len(&suite), &mirror.out), ST_OK);
	sad_add(&tables.sad, &sa);
}

static void tear_down(void)
{
	esp_cipher_free(sa.in);
	esp_cipher_free(mirror.out);
	mem_free(ours);
	mem_free(other);
}

/* An ESP packet from the client with this inner packet; lies in room. */
static struct span sealed(const char *src, const char *dst, size_t payload_len)
{
	struct addr s = dl_addr(src), d = dl_addr(dst);
	struct span inner = {room + HEAD, 0}, pkt = {0};

	inner.len = dl_packet(inner.p, &s, &d, 1, 2, payload_len);
	if (esp_seal(&mirror, 0, inner, &pkt))
		return (struct span){0};
	return pkt;
}

static enum status opens(struct span pkt, struct esp_opened *o)
{
	return esp_open(&tables, 0, pkt, o);
}

/* Any plain text, trailer and all, as an authentic packet. */
static struct span raw(const uint8_t *plain, size_t len)
{
	struct esp_shape shape = esp_cipher_shape(mirror.out);
	uint64_t seq = atomic_fetch_add(&mirror_rt.seq_out, 1) + 1;

	if (esp_cipher_seal(mirror.out, SPI, seq, plain, len, room))
		return (struct span){0};
	return (struct span){room, ESP_HEAD_LEN + shape.iv_len + len + shape.icv_len};
}

static const struct {
	uint16_t encr, bits, integ;
	bool esn;
	const char *name;
} suites[] = {
	{20, 128, 0, false, "gcm 128"}, {20, 256, 0, true, "gcm 256 esn"},
	{28, 0, 0, false, "chacha"},	{12, 128, 2, false, "cbc sha1"},
	{12, 256, 12, true, "cbc sha256 esn"}, {12, 256, 14, false, "cbc sha512"},
	{13, 128, 12, true, "ctr sha256 esn"}, {21, 256, 0, true, "gmac esn"},
	{11, 0, 2, false, "null sha1"},	       {18, 128, 0, false, "gcm8"},
};

static void what_is_sealed_opens(void)
{
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		T_ROW(i, suites[i].name);
		T_DO(set_up(suites[i].encr, suites[i].bits, suites[i].integ, suites[i].esn));
		for (size_t len = 8; len < 80; len++) {
			bool six = len % 2;
			struct span pkt = six ? sealed("2001:db8::1", "2001:db8:1::1", len)
					      : sealed("10.99.0.1", "192.0.2.1", len);
			struct esp_opened o;
			uint8_t want[200];
			struct addr s = dl_addr(six ? "2001:db8::1" : "10.99.0.1");
			struct addr d = dl_addr(six ? "2001:db8:1::1" : "192.0.2.1");
			size_t want_len = dl_packet(want, &s, &d, 1, 2, len);

			T_TRUE(pkt.p);
			T_EQ(dl_u32(pkt.p), SPI);
			T_EQ(dl_u32(pkt.p + 4), len - 7);
			T_EQ(opens(pkt, &o), ST_OK);
			T_TRUE(o.sa == &sa && !o.is_dummy);
			T_EQ(o.inner.len, want_len);
			T_MEM(o.inner.p, want, want_len);
		}
		T_EQ(rt.packets_in, 72);
		T_EQ(mirror_rt.packets_out, 72);
		T_EQ(rt.bytes_in, mirror_rt.bytes_out);
		T_EQ(rt.last_in_ms, 5000);
		T_EQ(rt.last_bare_ms, 0);
		T_EQ(rt.seq_top, 72);
		tear_down();
	}
}

static void replayed(void)
{
	struct esp_opened o;
	uint8_t copy[200];
	struct span pkt;

	T_DO(set_up(20, 128, 0, false));
	pkt = sealed("10.99.0.1", "192.0.2.1", 20);
	memcpy(copy, pkt.p, pkt.len);
	T_EQ(opens(pkt, &o), ST_OK);
	T_EQ(opens((struct span){copy, pkt.len}, &o), ST_ESP_REPLAY);
	T_EQ(rt.drops_replay, 1);
	T_EQ(rt.packets_in, 1);
	/* A window later the copy is too old. */
	mirror_rt.seq_out = 500;
	T_EQ(opens(sealed("10.99.0.1", "192.0.2.1", 20), &o), ST_OK);
	T_EQ(opens((struct span){copy, pkt.len}, &o), ST_ESP_REPLAY);
	tear_down();
}

/* Every bit of a packet: refused, nothing marked, and the whole packet still opens after. */
static void flipped_bits(void)
{
	for (size_t s = 0; s < sizeof(suites) / sizeof(suites[0]); s++) {
		uint8_t good[300], bad[300];
		struct esp_opened o;
		struct span pkt;
		size_t tried = 0;

		T_ROW(s, suites[s].name);
		T_DO(set_up(suites[s].encr, suites[s].bits, suites[s].integ, suites[s].esn));
		pkt = sealed("10.99.0.1", "192.0.2.1", 20);
		memcpy(good, pkt.p, pkt.len);
		for (size_t bit = 0; bit < pkt.len * 8; bit++) {
			enum status st;

			memcpy(bad, good, pkt.len);
			bad[bit / 8] ^= (uint8_t)(1 << (bit % 8));
			st = opens((struct span){bad, pkt.len}, &o);
			T_TRUE(st == (bit < 32 ? ST_ESP_NO_SA : ST_ESP_AUTH) ||
			       (st == ST_ESP_REPLAY && bit >= 32 && bit < 64));
			tried++;
		}
		T_EQ(tried, pkt.len * 8);
		T_EQ(rt.seq_top, 0);
		T_EQ(rt.packets_in, 0);
		T_EQ(opens((struct span){good, pkt.len}, &o), ST_OK);
		tear_down();
	}
}

static void cut_short(void)
{
	for (size_t s = 0; s < sizeof(suites) / sizeof(suites[0]); s++) {
		struct esp_opened o;
		struct span pkt;

		T_ROW(s, suites[s].name);
		T_DO(set_up(suites[s].encr, suites[s].bits, suites[s].integ, suites[s].esn));
		pkt = sealed("10.99.0.1", "192.0.2.1", 20);
		for (size_t len = 0; len < pkt.len; len++) {
			/* Exactly so many bytes, for the sanitizers. */
			uint8_t *cut = mem_dup(pkt.p, len);
			enum status st = opens((struct span){cut, len}, &o);

			mem_free(cut);
			T_TRUE(st == ST_ESP_SHORT || st == ST_ESP_AUTH);
		}
		T_EQ(rt.packets_in, 0);
		tear_down();
	}
}

static void wrong_places(void)
{
	struct esp_opened o;
	struct span pkt;

	T_DO(set_up(20, 128, 0, false));
	pkt = sealed("10.99.0.1", "192.0.2.1", 20);
	T_EQ(esp_open(&tables, 3, pkt, &o), ST_ESP_PORT);
	T_TRUE(o.sa == &sa);
	T_EQ(rt.drops_other, 1);
	T_EQ(opens(pkt, &o), ST_OK);
	pkt = sealed("10.99.0.1", "192.0.2.1", 20);
	pkt.p[3] ^= 1;
	T_EQ(opens(pkt, &o), ST_ESP_NO_SA);
	T_TRUE(!o.sa);
	pkt.p[0] = pkt.p[1] = pkt.p[2] = 0; /* SPI 0..255 */
	T_EQ(opens(pkt, &o), ST_ESP_NO_SA);
	tear_down();
}

static void inner_addresses(void)
{
	static const struct {
		const char *src, *dst;
		enum status want;
	} rows[] = {
		{"10.99.0.1", "192.0.2.1", ST_OK},
		{"10.99.0.1", "10.99.0.1", ST_OK}, /* to itself */
		{"10.99.0.3", "192.0.2.1", ST_ESP_SOURCE},
		{"10.99.0.2", "192.0.2.1", ST_ESP_SOURCE}, /* another client's address */
		{"192.0.2.1", "10.99.0.1", ST_ESP_SOURCE},
		{"0.0.0.0", "255.255.255.255", ST_ESP_SOURCE},
		{"2001:db8::1", "2001:db8:1::", ST_OK},
		{"2001:db8::2", "2001:db8:1::", ST_ESP_SOURCE},
		{"::", "ff02::1", ST_ESP_SOURCE},
		{"fe80::1", "ff02::2", ST_ESP_SOURCE},
		{"10.99.0.1", "10.99.0.2", ST_OUT_HAIRPIN},
	};
	struct esp_opened o;

	T_DO(set_up(20, 128, 0, false));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].src);
		T_EQ(opens(sealed(rows[i].src, rows[i].dst, 20), &o), rows[i].want);
	}
	T_EQ(rt.packets_in, 3);
	T_EQ(rt.drops_policy, 8);
	sa.client_to_client = true;
	T_EQ(opens(sealed("10.99.0.1", "10.99.0.2", 20), &o), ST_OK);
	sa.client_to_client = false;
	/* Two children of one owner are no clients to each other. */
	other->owner = 1;
	T_EQ(opens(sealed("10.99.0.1", "10.99.0.2", 20), &o), ST_OK);
	tear_down();
}

/* A client of another TUN is reached through the kernel, which must not be a way around. */
static void clients_of_other_tuns(void)
{
	static const struct {
		bool is_listed; /* both TUNs have clients */
		uint32_t our_group, other_group;
		bool we_permit, they_permit;
		enum status want;
	} rows[] = {
		{true, 1, 1, false, false, ST_OUT_HAIRPIN},
		{true, 1, 1, true, false, ST_OUT_HAIRPIN},
		{true, 1, 1, false, true, ST_OUT_HAIRPIN},
		{true, 1, 1, true, true, ST_OK},
		{true, 1, 2, false, false, ST_OK}, /* two VRFs: the kernel has no way */
		{false, 1, 1, false, false, ST_OK}, /* a site */
	};
	struct esp_opened o;

	T_DO(set_up(20, 128, 0, false));
	fib_del(&tables.fib, &other_route);
	other->tun = 2;
	fib_add(&tables.fib, &other_route);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct esp_tun them = {NULL, 2, rows[i].other_group, rows[i].they_permit};
		struct esp_tun us = {rows[i].is_listed ? &them : NULL, 1, rows[i].our_group,
				     rows[i].we_permit};

		T_ROW(i, "");
		tables.tuns = &us;
		sa.client_to_client = rows[i].we_permit;
		T_EQ(opens(sealed("10.99.0.1", "10.99.0.2", 20), &o), rows[i].want);
		T_EQ(opens(sealed("10.99.0.1", "192.0.2.1", 20), &o), ST_OK);
		T_EQ(opens(sealed("10.99.0.1", "10.99.0.1", 20), &o), ST_OK);
	}
	tables.tuns = NULL;
	tear_down();
}

/* What a client says to many, and to the DHCP server that it thinks we are. */
static void to_many(void)
{
	enum { NONE = 0, DHCP = 1, SILENT = 2, FRAGMENT = 4 };
	static const struct {
		const char *src, *dst;
		int how; /* DHCP: between its ports; SILENT: we are no server */
		bool is_permitted;
		enum status want;
		bool is_dhcp;
	} rows[] = {
		{"10.99.0.1", "224.0.0.251", NONE, false, ST_ESP_MULTICAST, false},
		{"10.99.0.1", "239.1.2.3", NONE, false, ST_ESP_MULTICAST, false},
		{"10.99.0.1", "255.255.255.255", NONE, false, ST_ESP_MULTICAST, false},
		{"2001:db8::1", "ff02::1", NONE, false, ST_ESP_MULTICAST, false},
		{"10.99.0.1", "223.255.255.255", NONE, false, ST_OK, false},
		{"10.99.0.1", "224.0.0.251", NONE, true, ST_OK, false},
		{"2001:db8::1", "ff02::1", NONE, true, ST_OK, false},
		{"10.99.0.3", "224.0.0.251", NONE, false, ST_ESP_SOURCE, false},
		{"10.99.0.1", "255.255.255.255", DHCP, false, ST_OK, true},
		{"10.99.0.1", "255.255.255.255", DHCP, true, ST_OK, true},
		{"10.99.0.1", "10.99.0.254", DHCP, false, ST_OK, true},
		{"10.99.0.1", "10.99.0.253", DHCP, false, ST_OK, false}, /* a server in the LAN */
		{"10.99.0.1", "224.0.0.1", DHCP, false, ST_ESP_MULTICAST, false},
		{"10.99.0.3", "255.255.255.255", DHCP, false, ST_ESP_SOURCE, false},
		{"10.99.0.1", "255.255.255.255", DHCP | FRAGMENT, false, ST_ESP_MULTICAST, false},
		{"10.99.0.1", "255.255.255.255", DHCP | SILENT, false, ST_ESP_MULTICAST, false},
		{"10.99.0.1", "10.99.0.254", DHCP | SILENT, false, ST_OK, false},
	};
	struct esp_opened o;

	T_DO(set_up(20, 128, 0, false));
	sa.self = dl_addr("10.99.0.254");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct addr s = dl_addr(rows[i].src), d = dl_addr(rows[i].dst);
		struct span inner = {room + HEAD, 0}, pkt = {0};

		T_ROW(i, rows[i].dst);
		inner.len = dl_packet(inner.p, &s, &d, 1, 2, 20);
		if (rows[i].how & DHCP) {
			inner.p[21] = 68;
			inner.p[23] = 67;
		}
		if (rows[i].how & FRAGMENT)
			inner.p[6] = 0x20;
		sa.takes_dhcp = !(rows[i].how & SILENT);
		sa.no_multicast = !rows[i].is_permitted;
		T_EQ(esp_seal(&mirror, 0, inner, &pkt), ST_OK);
		T_EQ(opens(pkt, &o), rows[i].want);
		T_EQ(o.is_dhcp, rows[i].is_dhcp);
	}
	/* Selectors that do not have the broadcast address are no reason to be silent. */
	ours->ts[0] = ts_from_prefix(&(struct prefix){dl_addr("192.0.2.0"), 24});
	sa.takes_dhcp = true;
	sa.no_multicast = false;
	for (int i = 0; i < 2; i++) {
		struct addr s = dl_addr("10.99.0.1"), d = dl_addr("255.255.255.255");
		struct span inner = {room + HEAD, 0}, pkt = {0};

		inner.len = dl_packet(inner.p, &s, &d, 1, 2, 20);
		inner.p[21] = 68;
		inner.p[23] = i ? 68 : 67;
		T_EQ(esp_seal(&mirror, 0, inner, &pkt), ST_OK);
		T_EQ(opens(pkt, &o), i ? ST_ESP_SELECTOR : ST_OK);
	}
	tear_down();
}

static void selectors(void)
{
	struct esp_opened o;
	struct addr net = dl_addr("192.0.2.0");

	T_DO(set_up(20, 128, 0, false));
	ours->ts[0] = ts_from_prefix(&(struct prefix){net, 24});
	T_EQ(opens(sealed("10.99.0.1", "192.0.2.77", 20), &o), ST_OK);
	T_EQ(opens(sealed("10.99.0.1", "192.0.3.77", 20), &o), ST_ESP_SELECTOR);
	ours->ts[0].proto = IPP_TCP;
	T_EQ(opens(sealed("10.99.0.1", "192.0.2.77", 20), &o), ST_ESP_SELECTOR);
	ours->ts[0].proto = IPP_UDP;
	T_EQ(opens(sealed("10.99.0.1", "192.0.2.77", 20), &o), ST_OK);
	ours->ts[0].port_lo = ours->ts[0].port_hi = 10;
	T_EQ(opens(sealed("10.99.0.1", "192.0.2.77", 20), &o), ST_ESP_SELECTOR);
	ours->ts[0].port_lo = ours->ts[0].port_hi = 9;
	T_EQ(opens(sealed("10.99.0.1", "192.0.2.77", 20), &o), ST_OK);
	ours->ts[2].port_lo = ours->ts[2].port_hi = 8;
	T_EQ(opens(sealed("10.99.0.1", "192.0.2.77", 20), &o), ST_ESP_SELECTOR);
	T_EQ(rt.drops_policy, 4);
	tear_down();
}

/* Authentic packets whose plain text lies. */
static void lying_plain_text(void)
{
	uint8_t good[64], p[96];
	struct addr s = dl_addr("10.99.0.1"), d = dl_addr("192.0.2.1");
	size_t len = dl_packet(good, &s, &d, 1, 2, 10); /* 38 bytes */
	struct esp_opened o;
	enum { PAD = 1, NEXT = 2, BYTES = 4, VERSION = 8, TOTAL = 16, HEADER = 32, TFC = 64 };
	static const struct {
		int what;
		int value;
		enum status want;
	} rows[] = {
		{0, 0, ST_OK},
		{PAD, 255, ST_ESP_PAD},
		{PAD, 39, ST_ESP_PAD},
		{PAD, 38, ST_ESP_PAD},
		{BYTES, 9, ST_ESP_PAD},
		{NEXT, 0, ST_ESP_PAD},
		{NEXT, 6, ST_ESP_PAD},
		{NEXT, 255, ST_ESP_PAD},
		{NEXT, 41, ST_ESP_MALFORMED}, /* says IPv6, is IPv4 */
		{VERSION, 0x55, ST_ESP_MALFORMED},
		{VERSION, 0x05, ST_ESP_MALFORMED},
		{HEADER, 0x44, ST_ESP_MALFORMED},
		{HEADER, 0x4f, ST_ESP_MALFORMED},
		{TOTAL, 19, ST_ESP_MALFORMED},
		{TOTAL, 39, ST_ESP_MALFORMED},
		{TOTAL, 0, ST_ESP_MALFORMED},
		{TOTAL, 28, ST_OK}, /* shorter than the payload: confidential padding behind it */
	};

	T_DO(set_up(20, 128, 0, false));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t pad = esp_pad_len(len, 4);

		T_ROW(i, "lie");
		memcpy(p, good, len);
		esp_trailer_write(p + len, pad, 4);
		T_TRUE(pad >= 2 || rows[i].what != BYTES || pad == 0);
		switch (rows[i].what) {
		case PAD: p[len + pad] = (uint8_t)rows[i].value; break;
		case NEXT: p[len + pad + 1] = (uint8_t)rows[i].value; break;
		case BYTES:
			/* one block of padding with a wrong first byte */
			esp_trailer_write(p + len, pad + 4, 4);
			p[len] = (uint8_t)rows[i].value;
			pad += 4;
			break;
		case VERSION:
		case HEADER: p[0] = (uint8_t)rows[i].value; break;
		case TOTAL: p[3] = (uint8_t)rows[i].value; break;
		default: break;
		}
		T_EQ(opens(raw(p, len + pad + 2), &o), rows[i].want);
		if (rows[i].what == TOTAL && rows[i].want == ST_OK)
			T_EQ(o.inner.len, rows[i].value);
	}
	T_EQ(rt.packets_in, 2);
	tear_down();
}

static void dummy_packets(void)
{
	uint8_t p[8] = {1, 2, 3, 4, 5, 6, 0, 59};
	struct esp_opened o;

	T_DO(set_up(20, 128, 0, false));
	T_EQ(opens(raw(p, 8), &o), ST_OK);
	T_TRUE(o.is_dummy && o.sa == &sa && o.inner.len == 0);
	T_EQ(rt.last_in_ms, 0); /* no data, and a sign of life */
	T_EQ(esp_rt_heard_ms(&rt), 5000);
	T_EQ(rt.packets_in, 0);
	T_EQ(rt.drops_other, 0);
	T_EQ(rt.seq_top, 1); /* counted by the window like any other */
	tear_down();
}

static void end_of_numbers(void)
{
	struct span inner = {room + HEAD, 0}, pkt;
	struct addr s = dl_addr("10.99.0.1"), d = dl_addr("192.0.2.1");
	struct esp_opened o;

	T_DO(set_up(20, 128, 0, false));
	mirror_rt.seq_out = ESP_SEQ_LAST - 1;
	T_EQ(opens(sealed("10.99.0.1", "192.0.2.1", 8), &o), ST_OK);
	T_EQ(rt.seq_top, ESP_SEQ_LAST);
	inner.len = dl_packet(inner.p, &s, &d, 1, 2, 8);
	T_EQ(esp_seal(&mirror, 0, inner, &pkt), ST_ESP_SEQ_END);
	T_EQ(mirror_rt.seq_out, ESP_SEQ_LAST);
	esp_seal_resume(&mirror_rt);
	T_EQ(mirror_rt.seq_out, UINT32_MAX); /* never beyond what 32 bits can say */
	T_EQ(esp_seal(&mirror, 0, inner, &pkt), ST_ESP_SEQ_END);
	/* ESN goes on, across the end of the subspace. */
	tear_down();
	T_DO(set_up(20, 128, 0, true));
	mirror_rt.seq_out = UINT32_MAX - 1;
	rt.seq_top = UINT32_MAX - 1;
	T_EQ(opens(sealed("10.99.0.1", "192.0.2.1", 8), &o), ST_OK);
	T_EQ(opens(sealed("10.99.0.1", "192.0.2.1", 8), &o), ST_OK);
	T_EQ(rt.seq_top, UINT32_MAX + 1ull);
	mirror_rt.seq_out = UINT64_MAX - 1;
	T_EQ(esp_seal(&mirror, 0, inner, &pkt), ST_ESP_SEQ_END);
	esp_seal_resume(&mirror_rt);
	T_EQ(mirror_rt.seq_out, UINT64_MAX);
	tear_down();
}

static void what_is_no_ip_is_not_sealed(void)
{
	struct span inner = {room + HEAD, 20}, pkt;

	T_DO(set_up(20, 128, 0, false));
	memset(inner.p, 0x55, 20);
	T_EQ(esp_seal(&mirror, 0, inner, &pkt), ST_ESP_MALFORMED);
	inner.len = 0;
	inner.p[0] = 0x45;
	T_EQ(esp_seal(&mirror, 0, inner, &pkt), ST_ESP_MALFORMED);
	T_EQ(mirror_rt.seq_out, 0);
	tear_down();
}

/* Nothing is written outside the room that the header asks for. */
static void room_is_enough(void)
{
	for (size_t s = 0; s < sizeof(suites) / sizeof(suites[0]); s++) {
		T_ROW(s, suites[s].name);
		T_DO(set_up(suites[s].encr, suites[s].bits, suites[s].integ, suites[s].esn));
		for (size_t len = 8; len < 60; len++) {
			struct addr a = dl_addr("10.99.0.1"), d = dl_addr("192.0.2.1");
			uint8_t *exact = mem_new(ESP_SEAL_HEAD + 28 + len + ESP_SEAL_TAIL);
			struct span inner = {exact + ESP_SEAL_HEAD, 28 + len}, pkt;

			dl_packet(inner.p, &a, &d, 1, 2, len);
			T_EQ(esp_seal(&mirror, 0, inner, &pkt), ST_OK);
			T_TRUE(pkt.p >= exact);
			T_TRUE(pkt.p + pkt.len <= inner.p + inner.len + ESP_SEAL_TAIL);
			mem_free(exact);
		}
		tear_down();
	}
}

/* ---- many at once ------------------------------------------------------------------------------ */

#define MANY ESP_OPEN_MANY

static uint8_t wires[MANY][512], ones[MANY][512];
static struct span by_one[MANY], by_many[MANY];
static uint32_t seed = 7;

static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

/* Good ones, and what else may stand between them. */
static void fill_wires(void)
{
	for (size_t i = 0; i < MANY; i++) {
		struct span p = sealed(draw(8) ? "10.99.0.1" : "10.99.0.7", "192.0.2.1", draw(300));

		bool again = i && draw(6) == 0;

		if (again)
			p = by_many[draw((uint32_t)i)];
		memcpy(wires[i], p.p, p.len);
		by_many[i] = (struct span){wires[i], p.len};
		if (!again && draw(7) == 0)
			wires[i][8 + draw((uint32_t)p.len - 8)] ^= 1; /* forged */
		if (draw(9) == 0)
			wires[i][draw(4)] ^= 1; /* nobody's */
		if (!again && draw(9) == 0)
			by_many[i].len = draw((uint32_t)p.len);
		memcpy(ones[i], wires[i], sizeof(ones[i]));
		by_one[i] = (struct span){ones[i], by_many[i].len};
	}
}

static void same_outcome(size_t i, enum status a, const struct esp_opened *x, enum status b,
			 const struct esp_opened *y)
{
	T_EQ(a, b);
	T_TRUE(x->sa == y->sa);
	T_EQ(x->seq, y->seq);
	T_EQ(x->is_dummy, y->is_dummy);
	T_EQ(x->inner.len, y->inner.len);
	if (x->inner.len) {
		T_EQ(x->inner.p - by_one[i].p, y->inner.p - by_many[i].p);
		T_MEM(x->inner.p, y->inner.p, x->inner.len);
	}
}

static void many_are_as_one_after_the_other(void)
{
	static struct esp_rt before, after;
	struct esp_opened one[MANY], many[MANY];
	enum status st[MANY], st_many[MANY];

	for (size_t s = 0; s < sizeof(suites) / sizeof(suites[0]); s++) {
		T_ROW(s, suites[s].name);
		T_DO(set_up(suites[s].encr, suites[s].bits, suites[s].integ, suites[s].esn));
		for (int round = 0; round < 40; round++) {
			size_t n = 1 + draw(MANY);

			fill_wires();
			memcpy(&before, &rt, sizeof(rt));
			for (size_t i = 0; i < n; i++)
				st[i] = opens(by_one[i], &one[i]);
			memcpy(&after, &rt, sizeof(rt));
			memcpy(&rt, &before, sizeof(rt));
			esp_open_many(&tables, 0, by_many, n, many, st_many);
			for (size_t i = 0; i < n; i++)
				T_DO(same_outcome(i, st[i], &one[i], st_many[i], &many[i]));
			T_MEM(&rt, &after, sizeof(rt));
		}
		tear_down();
	}
}

/* Laid out now and sealed together: the packets are those of one by one. */
static void laid_packets_are_sealed_packets(void)
{
	struct esp_job jobs[MANY];

	for (size_t s = 0; s < sizeof(suites) / sizeof(suites[0]); s++) {
		T_ROW(s, suites[s].name);
		T_DO(set_up(suites[s].encr, suites[s].bits, suites[s].integ, suites[s].esn));
		for (size_t i = 0; i < MANY; i++) {
			struct addr from = dl_addr("10.99.0.1"), to = dl_addr("192.0.2.1");
			struct span inner = {room + HEAD, 0};

			inner.len = dl_packet(inner.p, &from, &to, 1, 2, draw(300));
			T_EQ(esp_seal_to(&mirror, 5, inner, ones[i]), ST_OK);
			by_one[i] = (struct span){ones[i], esp_sealed_len(&mirror, inner.len)};
			atomic_fetch_sub(&mirror_rt.seq_out, 1);
			jobs[i].pkt = wires[i];
			T_EQ(esp_seal_lay(&mirror, 5, inner, &jobs[i]), ST_OK);
		}
		T_EQ(atomic_load(&mirror_rt.packets_out), 2 * MANY);
		T_TRUE(esp_seal_laid(&mirror, jobs, MANY));
		for (size_t i = 0; i < MANY; i++) {
			T_EQ(jobs[i].len, by_one[i].len);
			T_MEM(wires[i], ones[i], by_one[i].len);
		}
		room[HEAD] = 0x15;
		T_EQ(esp_seal_lay(&mirror, 5, (struct span){room + HEAD, 40}, &jobs[0]), ST_ESP_MALFORMED);
		tear_down();
	}
}

int main(void)
{
	T_RUN(what_is_sealed_opens);
	T_RUN(replayed);
	T_RUN(flipped_bits);
	T_RUN(cut_short);
	T_RUN(wrong_places);
	T_RUN(inner_addresses);
	T_RUN(clients_of_other_tuns);
	T_RUN(to_many);
	T_RUN(selectors);
	T_RUN(lying_plain_text);
	T_RUN(dummy_packets);
	T_RUN(end_of_numbers);
	T_RUN(what_is_no_ip_is_not_sealed);
	T_RUN(room_is_enough);
	T_RUN(many_are_as_one_after_the_other);
	T_RUN(laid_packets_are_sealed_packets);
	(void)esp_engine_select(ESP_ENGINE_AUTO);
	if (esp_engine_thread_begin() != ST_OK)
		abort();
	T_RUN(what_is_sealed_opens);
	T_RUN(many_are_as_one_after_the_other);
	T_RUN(laid_packets_are_sealed_packets);
	esp_engine_thread_end();
	return t_end();
}
