/* Transport mode: the IP header goes off before sealing and comes on anew after opening. */
#include "core/esp/transport.h"

#include "core/base/mem.h"
#include "core/esp/seal.h"
#include "core/wire/esp.h"
#include "core/wire/ip_build.h"
#include "tests/unit/data_lib.h"
#include "tests/lib/esp_keyed.h"
#include "tests/lib/esp_whole.h"

#define HERE "198.51.100.1"
#define THERE "192.0.2.1"
#define HERE6 "2001:db8::1"
#define THERE6 "2001:db8::2"
#define SPI 0x12345678u
#define ROOM 128

static struct esp_tables tables;
static struct esp_sa *sad_slots[8];
static struct fib_route *fib_slots[8];
static struct esp_child *child;
static struct esp_sa here, there; /* both ends of one SA */
static struct esp_rt rt_here, rt_there;
static uint8_t room[ROOM + 2048 + ROOM];

/* AES-GCM-128 between two hosts, for one protocol (0: any). */
static void set_up(bool is_six, bool transport, uint8_t proto, bool esn)
{
	static const uint8_t keymat[160] = {9, 8, 7};
	struct esp_suite suite;
	struct addr ours = dl_addr(is_six ? HERE6 : HERE), theirs = dl_addr(is_six ? THERE6 : THERE);

	memset(sad_slots, 0, sizeof(sad_slots));
	memset(fib_slots, 0, sizeof(fib_slots));
	memset(&rt_here, 0, sizeof(rt_here));
	memset(&rt_there, 0, sizeof(rt_there));
	rt_here.window = 64;
	sad_init(&tables.sad, sad_slots, 8);
	fib_init(&tables.fib, fib_slots, 8);
	child = mem_new(sizeof(*child) + 2 * sizeof(struct ts));
	*child = (struct esp_child){.owner = 1, .tun = 1, .spi_in = SPI, .n_local = 1, .n_remote = 1};
	child->ts[0] = ts_from_addr(&ours);
	child->ts[1] = ts_from_addr(&theirs);
	child->ts[0].proto = child->ts[1].proto = proto;
	here = (struct esp_sa){.child = child, .spi_in = SPI, .spi_out = 0x999, .rt = &rt_here, .esn = esn,
			       .transport = transport, .local.addr = ours, .remote.addr = theirs};
	there = here;
	there.spi_in = 0x999;
	there.spi_out = SPI;
	there.local.addr = theirs;
	there.remote.addr = ours;
	there.rt = &rt_there;
	T_EQ(suite_esp(AES_GCM_16, 128, 0, esn, &suite), ST_OK);
	here.shape = there.shape = esp_suite_shape(&suite);
	T_EQ(esp_cipher_new(&suite, keymat, suite_esp_key_len(&suite), &here.in), ST_OK);
	T_EQ(esp_cipher_new(&suite, keymat, suite_esp_key_len(&suite), &there.out), ST_OK);
	sad_add(&tables.sad, &here);
}

static void tear_down(void)
{
	esp_cipher_free(here.in);
	esp_cipher_free(there.out);
	mem_free(child);
	T_EQ(mem_live(), 0);
}

/* A packet of the other host as its TUN reads it. */
static struct span packet(bool is_six, uint8_t proto, size_t payload_len)
{
	struct wr w = wr_init(room + ROOM, 2048);
	struct ip_head h = {.src = dl_addr(is_six ? THERE6 : THERE), .dst = dl_addr(is_six ? HERE6 : HERE),
			    .proto = proto, .tos = 0x28, .ttl = 17, .id = 77};
	uint8_t payload[1500];

	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 5 + 1);
	ip_build(&w, &h, payload, payload_len);
	return (struct span){w.buf, w.len};
}

/* Any plain text, trailer and all, as an authentic packet. */
static struct span authentic(const uint8_t *plain, size_t len)
{
	struct esp_shape shape = esp_cipher_shape(there.out);
	uint64_t seq = atomic_fetch_add(&rt_there.seq_out, 1) + 1;

	if (esp_cipher_seal(there.out, SPI, seq, plain, len, room + ROOM))
		return (struct span){0};
	return (struct span){room + ROOM, ESP_HEAD_LEN + shape.iv_len + len + shape.icv_len};
}

/* The same packet comes out, but for TTL, TOS and identification; on the wire it is shorter than in a
 * tunnel by its header. */
static void there_and_back(void)
{
	for (int i = 0; i < 8; i++) {
		bool is_six = i & 1, transport = i & 2, esn = i & 4;
		size_t head = is_six ? 40 : 20, sealed_len[2] = {0};

		T_ROW(i, "bit 0: IPv6, bit 1: transport, bit 2: ESN");
		T_DO(set_up(is_six, transport, 0, esn));
		for (size_t len = 1; len < 1400; len += len < 80 ? 1 : 97) {
			struct span in = packet(is_six, IPP_GRE, len), esp = {0};
			struct esp_opened o;
			uint8_t want[2048], before = room[ROOM - 60];

			memcpy(want, in.p, in.len);
			T_EQ(esp_seal(&there, 0, in, &esp), ST_OK);
			sealed_len[0] = esp.len;
			memmove(room + ROOM, esp.p, esp.len); /* as it is received: nothing before it */
			esp.p = room + ROOM;
			T_EQ(esp_open(&tables, 0, esp, &o), ST_OK);
			T_EQ(o.inner.len, in.len);
			T_MEM(o.inner.p + head, want + head, in.len - head);
			T_EQ(room[ROOM - 60], before);
			if (transport) {
				struct ip_info ip;

				T_EQ(ip_parse(o.inner.p, o.inner.len, &ip), ST_OK);
				T_EQ(ip.ttl, 64);
				T_EQ(ip.proto, IPP_GRE);
				T_TRUE(addr_eq(&ip.src, &here.remote.addr) && addr_eq(&ip.dst, &here.local.addr));
				T_TRUE(is_six || ip_checksum(o.inner.p, 20) == 0);
			} else {
				T_MEM(o.inner.p, want, in.len);
			}
			sealed_len[1] = 8 + 8 + 16 + 2 + (transport ? 0 : head) + len;
			T_TRUE(sealed_len[0] >= sealed_len[1] && sealed_len[0] < sealed_len[1] + 4);
		}
		T_EQ(rt_there.packets_out, rt_here.packets_in);
		T_EQ(rt_there.bytes_out, rt_here.bytes_in); /* whole packets are counted in either mode */
		tear_down();
	}
}

/* What cannot go without its own header. */
static void refused_outbound(void)
{
	static const struct {
		bool is_six;
		uint8_t proto;
		size_t at;
		uint8_t value;
		enum status want;
		const char *name;
	} rows[] = {
		{false, IPP_UDP, 6, 0x40, ST_OK, "DF"},
		{false, IPP_UDP, 6, 0x20, ST_ESP_TOO_BIG, "first fragment"},
		{false, IPP_UDP, 7, 0x10, ST_ESP_TOO_BIG, "later fragment"},
		{false, IPP_UDP, 0, 0x46, ST_OUT_SELECTOR, "options"},
		{false, IPP_ESP, 0, 0x45, ST_OUT_SELECTOR, "our own ESP"},
		{true, IPP_ESP, 0, 0x60, ST_OUT_SELECTOR, "our own ESP"},
		{false, IPP_IPV4, 0, 0x45, ST_OK, "IP in IP"},
		{false, IPP_UDP, 0, 0x55, ST_ESP_MALFORMED, "version"},
		{false, IPP_UDP, 0, 0x44, ST_ESP_MALFORMED, "header length"},
		{true, IPP_HOPOPTS, 40, IPP_UDP, ST_OUT_SELECTOR, "hop-by-hop options"},
		{true, IPP_ROUTING, 40, IPP_UDP, ST_OUT_SELECTOR, "routing header"},
		{true, IPP_FRAGMENT, 40, IPP_UDP, ST_ESP_TOO_BIG, "fragment"},
		{true, IPP_DSTOPTS, 40, IPP_UDP, ST_OK, "destination options"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct span in, esp;

		T_ROW(i, rows[i].name);
		T_DO(set_up(rows[i].is_six, true, 0, false));
		in = packet(rows[i].is_six, rows[i].proto, 64);
		if (rows[i].is_six)
			in.p[41] = 0; /* a short extension header */
		in.p[rows[i].at] = rows[i].value;
		T_EQ(esp_seal(&there, 0, in, &esp), rows[i].want);
		T_EQ(rt_there.seq_out, rows[i].want == ST_OK); /* no number is lost */
		tear_down();
	}
}

/* Dummy packets, padding for confidentiality, and what no IP packet can be made of. */
static void odd_inbound(void)
{
	struct esp_opened o;
	uint8_t p[96] = {0};

	for (int i = 0; i < 4; i++) {
		bool is_six = i & 1, transport = i & 2;

		T_ROW(i, "bit 0: IPv6, bit 1: transport");
		T_DO(set_up(is_six, transport, 0, false));
		/* RFC 4303 2.6: any content. */
		p[94] = 0;
		p[95] = IPP_NONE;
		T_EQ(esp_open(&tables, 0, authentic(p, 96), &o), ST_OK);
		T_TRUE(o.is_dummy && o.inner.len == 0);
		p[94] = 1;
		T_EQ(esp_open(&tables, 0, authentic(p + 92, 4), &o), ST_ESP_PAD); /* padding of 0, not 1 */
		p[94] = 0;
		/* A protocol without anything: in a tunnel there must be a packet. */
		memcpy(p + 92, (const uint8_t[]){1, 2, 2, IPP_UDP}, 4);
		T_EQ(esp_open(&tables, 0, authentic(p + 92, 4), &o), transport ? ST_OK : ST_ESP_PAD);
		memset(p, 0, sizeof(p));
		T_EQ(o.inner.len, transport ? (is_six ? 40 : 20) : 0);
		/* A whole packet inside is payload like any other here. */
		p[0] = 0x45;
		p[95] = IPP_IPV4;
		T_EQ(esp_open(&tables, 0, authentic(p, 96), &o), transport ? ST_OK : ST_ESP_MALFORMED);
		/* Extension headers that lead out of the packet. */
		memset(p, 0, sizeof(p));
		p[1] = 200;
		p[95] = IPP_DSTOPTS;
		T_EQ(esp_open(&tables, 0, authentic(p, 96), &o),
		     !transport ? ST_ESP_PAD : is_six ? ST_ESP_MALFORMED : ST_OK);
		tear_down();
	}
	/* TFC padding (2.7) behind an inner packet; behind a UDP datagram, which knows its own length. */
	T_DO(set_up(false, false, 0, false));
	struct span in = packet(false, IPP_UDP, 20);
	memcpy(p, in.p, in.len);
	p[94] = 0;
	p[95] = IPP_IPV4;
	T_EQ(esp_open(&tables, 0, authentic(p, 96), &o), ST_OK);
	T_EQ(o.inner.len, 40);
	tear_down();
}

/* Selectors are judged with the header that was put on. */
static void selectors(void)
{
	struct esp_opened o;
	struct span esp;

	T_DO(set_up(false, true, IPP_GRE, false));
	T_EQ(esp_seal(&there, 0, packet(false, IPP_GRE, 30), &esp), ST_OK);
	T_EQ(esp_open(&tables, 0, esp, &o), ST_OK);
	T_EQ(esp_seal(&there, 0, packet(false, IPP_TCP, 30), &esp), ST_OK);
	T_EQ(esp_open(&tables, 0, esp, &o), ST_ESP_SELECTOR);
	/* The child is of other addresses than the SA (it moved without its child). */
	here.remote.addr.b[3] ^= 1;
	T_EQ(esp_seal(&there, 0, packet(false, IPP_GRE, 30), &esp), ST_OK);
	T_EQ(esp_open(&tables, 0, esp, &o), ST_ESP_SOURCE);
	tear_down();
}

int main(void)
{
	T_RUN(there_and_back);
	T_RUN(refused_outbound);
	T_RUN(odd_inbound);
	T_RUN(selectors);
	return t_end();
}
