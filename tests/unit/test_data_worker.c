/* One worker of two by hand, without threads: what is rare when everything runs. The test is main
 * and the other worker at once; it may be, because nobody else is there. */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "modules/data/long.h"
#include "modules/data/path.h"
#include "tests/lib/esp_keyed.h"
#include "tests/lib/t.h"
#include "tests/unit/data_lib.h"

#define ME 0
#define OTHER 1

static struct worker *workers;
static struct worker_shared *all;
static struct worker *me, *other;

static void set_up(void)
{
	all = pages_new(sizeof(*all));
	workers = pages_new(2 * sizeof(*workers));
	T_TRUE(all && workers);
	all->workers = workers;
	all->n = 2;
	all->main_fd = -1;
	for (uint32_t b = 0; b < BUCKETS; b++)
		all->owner_of[b] = b % 2;
	for (uint32_t i = 0; i < 2; i++) {
		workers[i].index = i;
		workers[i].all = all;
		T_EQ(worker_init(&workers[i]), ST_OK);
	}
	me = &workers[ME];
	other = &workers[OTHER];
}

static void tear_down(void)
{
	for (uint32_t i = 0; i < 2; i++)
		worker_fini(&workers[i]);
	pages_free(workers, 2 * sizeof(*workers));
	pages_free(all, sizeof(*all));
}

static uint64_t status_of(const struct worker *w, enum status st)
{
	return atomic_load(&w->stats.status[st]);
}

/* An inner packet for 10.99.0.1 as the other worker hands it over for child `spi`. */
static struct pkt *handed_inner(uint32_t spi)
{
	struct pkt *k = pool_get(&other->pool);
	struct addr src = dl_addr("192.0.2.1"), dst = dl_addr("10.99.0.1");

	if (!k)
		return NULL;
	k->kind = PKT_INNER;
	k->spi = spi;
	k->tun = 1;
	k->len = dl_packet(k->p, &src, &dst, 0, 0, 8);
	return k;
}

static struct esp_child *child_new(uint32_t spi)
{
	struct esp_child *c = mem_new(sizeof(*c) + 2 * sizeof(struct ts));
	struct addr a = dl_addr("10.99.0.1");

	c->owner = 1;
	c->tun = 1;
	c->spi_in = spi;
	c->n_local = c->n_remote = 1;
	c->ts[0] = ts_any(4);
	c->ts[1] = ts_from_addr(&a);
	return c;
}

/* The child is gone when the packet arrives: it goes to the successor, wherever that lives, and
 * without one it is dropped, with its buffer back home. */
static void successor_takes_the_packet(void)
{
	struct esp_child *c;
	struct fib_route r;
	struct pkt *k, *got;
	size_t free_before;

	T_DO(set_up());
	free_before = other->pool.n_free;
	T_TRUE((k = handed_inner(0x1000)));
	path_handed(me, k);
	T_EQ(status_of(me, ST_OUT_NO_ROUTE), 1);
	T_TRUE(ring_pop(&other->home[ME]) == k);
	pool_put(&other->pool, k);

	c = child_new(0x2001); /* of the other worker */
	r = (struct fib_route){.child = c, .prefix = {c->ts[1].lo, 32}};
	fib_add(&me->tables.fib, &r);
	T_TRUE((k = handed_inner(0x1000)));
	path_handed(me, k);
	got = ring_pop(&other->in[ME]);
	T_TRUE(got == k);
	T_EQ(k->spi, 0x2001);
	T_TRUE(k->rerouted);
	/* Not known there either: once is enough, or it would go round for ever. */
	path_handed(other, got);
	T_EQ(status_of(other, ST_OUT_NO_ROUTE), 1);
	T_TRUE(!ring_pop(&me->in[OTHER]));
	T_EQ(other->pool.n_free, free_before);
	mem_free(c);
	tear_down();
}

/* A worker that does not keep up costs its own packets, and not a buffer. */
static void full_ring_drops(void)
{
	struct pkt *k;
	size_t free_before;

	T_DO(set_up());
	free_before = me->pool.n_free;
	for (size_t i = 0; i < HAND_SLOTS + 5; i++) {
		T_TRUE((k = pool_get(&me->pool)));
		k->kind = PKT_ESP;
		k->spi = 0x1001;
		path_handed(me, k);
	}
	T_EQ(status_of(me, ST_RING_FULL), 5);
	T_EQ(me->pool.n_free, free_before - HAND_SLOTS);
	for (size_t i = 0; i < HAND_SLOTS; i++) {
		T_TRUE((k = ring_pop(&other->in[ME])));
		worker_release(other, k);
		T_TRUE(ring_pop(&me->home[OTHER]) == k);
		pool_put(&me->pool, k);
	}
	T_EQ(me->pool.n_free, free_before);
	tear_down();
}

/* With wrong steering nobody owns what it receives first, and everybody what it receives second. */
static void wrong_steering_makes_one_detour(void)
{
	struct pkt *k;

	T_DO(set_up());
	all->wrong_steering = true;
	T_TRUE((k = pool_get(&me->pool)));
	k->kind = PKT_ESP;
	k->spi = 0x1000; /* mine */
	k->len = 0;
	path_handed(me, k);
	T_TRUE(ring_pop(&other->in[ME]) == k);
	path_handed(other, k);
	T_TRUE(ring_pop(&me->in[OTHER]) == k);
	T_EQ(status_of(me, ST_ESP_SHORT), 0);
	path_handed(me, k);
	T_EQ(status_of(me, ST_ESP_SHORT), 1);
	T_TRUE((k = pool_get(&me->pool)));
	k->kind = PKT_ESP;
	k->spi = 0x1001; /* the other's: at once */
	path_handed(me, k);
	T_TRUE(ring_pop(&other->in[ME]) == k);
	path_handed(other, k);
	T_EQ(status_of(other, ST_ESP_SHORT), 1);
	tear_down();
}

/* No buffer left: nothing is read, nothing is lost, it waits in the kernel. */
static void empty_pool_reads_nothing(void)
{
	static struct pkt *taken[POOL_PKTS + 1];
	struct port port = {.kind = PORT_TUN, .tun = 1};
	size_t n = 0;
	int pair[2];

	T_DO(set_up());
	T_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
	port.fd = pair[0];
	T_EQ(write(pair[1], "x", 1), 1);
	while ((taken[n] = pool_get(&me->pool)))
		n++;
	T_EQ(n, POOL_PKTS);
	T_TRUE(!path_receive(me, &port));
	T_EQ(status_of(me, ST_ESP_MALFORMED), 0);
	pool_put(&me->pool, taken[--n]);
	T_TRUE(path_receive(me, &port));
	T_EQ(status_of(me, ST_ESP_MALFORMED), 1);
	while (n > 0)
		pool_put(&me->pool, taken[--n]);
	close(pair[0]);
	close(pair[1]);
	tear_down();
}

/* A TUN with virtio headers: what it wants done is looked at once it is clear whose the packet is. */
static void words_of_a_tun(void)
{
	static const struct {
		uint8_t head[10];
		size_t len;
		enum status want;
	} rows[] = {
		{{0}, 10 + 36, ST_OUT_NO_ROUTE}, {{1}, 10 + 36, ST_OUT_NO_ROUTE}, /* checksum wanted */
		{{0, 1}, 10 + 36, ST_OUT_NO_ROUTE},				  /* TSO */
		{{0}, 9, ST_ESP_MALFORMED},	 {{0}, 10, ST_ESP_MALFORMED},
	};
	struct port port = {.kind = PORT_TUN, .tun = 1, .vnet_hdr = true};
	struct addr src = dl_addr("192.0.2.1"), dst = dl_addr("10.99.0.1");
	int pair[2];

	T_DO(set_up());
	T_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
	port.fd = pair[0];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t before = status_of(me, rows[i].want);
		size_t free_before = me->pool.n_free;
		uint8_t p[80];

		memcpy(p, rows[i].head, 10);
		dl_packet(p + 10, &src, &dst, 0, 0, 8);
		T_ROW(i, "header");
		T_EQ(write(pair[1], p, rows[i].len), rows[i].len);
		path_receive(me, &port);
		T_EQ(status_of(me, rows[i].want), before + 1);
		T_EQ(me->pool.n_free, free_before);
	}
	close(pair[0]);
	close(pair[1]);
	tear_down();
}

/* Which of several sockets an SA sends from. */
static void choice_of_ports(void)
{
	static struct worker_sa sa;
	static struct port ports[9];
	struct esp_child *c;
	static const struct {
		uint32_t vrf;
		const char *local;
		uint16_t port;
		int want; /* -1: none */
		bool raw;
	} rows[] = {
		{0, "192.0.2.1", 4500, 1}, {0, "192.0.2.9", 4500, 0}, {0, "2001:db8::1", 4500, 2},
		{5, "192.0.2.1", 4500, 3}, {5, "2001:db8::1", 4500, -1}, {0, "192.0.2.9", 4501, 4},
		{0, "192.0.2.1", 4501, 1}, {0, "192.0.2.9", 500, 0},	 {7, "192.0.2.1", 4500, -1},
		/* Without UDP the port does not count; where that cannot be had, UDP of that very port is. */
		{0, "192.0.2.1", 4500, 7, true}, {0, "192.0.2.9", 500, 6, true}, {0, "192.0.2.1", 500, 7, true},
		{0, "2001:db8::1", 4500, 2, true}, {0, "2001:db8::1", 500, -1, true},
		{5, "192.0.2.1", 4500, 8, true}, {7, "192.0.2.1", 4500, -1, true},
	};

	T_DO(set_up());
	ports[0] = (struct port){.family = 4, .local.port = 4500};
	ports[1] = (struct port){.family = 4, .local = dl_endpoint("192.0.2.1", 4500)};
	ports[2] = (struct port){.family = 6, .local.port = 4500};
	ports[3] = (struct port){.family = 4, .local = {.vrf = 5, .port = 4500}};
	ports[4] = (struct port){.family = 4, .local.port = 4501};
	ports[5] = (struct port){.kind = PORT_TUN, .tun = 1, .client_to_client = true};
	ports[6] = (struct port){.kind = PORT_RAW, .family = 4};
	ports[7] = (struct port){.kind = PORT_RAW, .family = 4, .local = dl_endpoint("192.0.2.1", 0)};
	ports[8] = (struct port){.kind = PORT_RAW, .family = 4, .local = {.vrf = 5}};
	for (size_t i = 0; i < 9; i++)
		list_push_back(&me->ports, &ports[i].node);
	c = child_new(0x1000);
	sa.esp.child = c;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sa.esp.local = dl_endpoint(rows[i].local, rows[i].port);
		sa.esp.local.vrf = rows[i].vrf;
		sa.esp.udp_encap = !rows[i].raw;
		path_bind(me, &sa);
		T_ROW(i, rows[i].local);
		T_TRUE(sa.out == (rows[i].want < 0 ? NULL : &ports[rows[i].want]));
		T_TRUE(sa.tun == &ports[5] && sa.esp.client_to_client);
	}
	list_del(&ports[5].node);
	path_bind(me, &sa);
	T_TRUE(!sa.tun && !sa.esp.client_to_client);
	mem_free(c);
	tear_down();
}

/* ---- a flow that changes its SA ------------------------------------------------------------- */

static void sa_make(struct worker_sa *sa, uint32_t spi, struct port *out, const struct esp_child *c)
{
	struct data_sa d = dl_sa(spi, spi, "10.99.0.1");
	struct esp_suite suite;

	sa->esp = (struct esp_sa){.child = c, .spi_in = spi, .spi_out = spi, .udp_encap = true,
				  .local = dl_endpoint("127.0.0.1", 0), .remote = out->local, .rt = mem_new(sizeof(struct esp_rt))};
	sa->out = out;
	T_EQ(suite_esp(d.encr_id, d.encr_key_bits, d.integ_id, d.esn, &suite), ST_OK);
	sa->esp.shape = esp_suite_shape(&suite);
	T_EQ(esp_cipher_new(&suite, d.key_out, d.key_out_len, &sa->esp.out), ST_OK);
	long_begin(sa);
	sad_add(&me->tables.sad, &sa->esp);
}

static void sa_end(struct worker_sa *sa)
{
	sad_del(&me->tables.sad, &sa->esp);
	esp_cipher_free(sa->esp.out);
	mem_free(sa->esp.rt);
}

/* The other workers learn of a rekey each in its own time. In one batch come packets of one flow for the
 * predecessor and then for the successor, and those of another flow, from a worker that knew sooner or knows
 * later: they leave as they came. */
static void rekeyed_flows_stay_in_order(void)
{
	static const uint32_t rows[][6] = {
		{0x1000, 0x1000, 0x101000, 0x101000, 0x101000, 0x101000},
		{0x101000, 0x1000, 0x101000, 0x1000, 0x101000, 0x101000},
		{0x1002, 0x1000, 0x1004, 0x101000, 0x1002, 0x101000},
	};
	static const uint32_t spis[] = {0x1000, 0x101000, 0x1002, 0x1004};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct port out = {.family = 4, .cuts_not = true};
	static struct worker_sa sas[4];
	struct esp_child *c;
	socklen_t len = sizeof(in);
	int to = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	T_DO(set_up());
	c = child_new(0x1000);
	out.fd = socket(AF_INET, SOCK_DGRAM, 0);
	T_TRUE(!bind(to, (struct sockaddr *)&in, sizeof(in)) && !getsockname(to, (struct sockaddr *)&in, &len));
	out.local = dl_endpoint("127.0.0.1", ntohs(in.sin_port));
	for (size_t i = 0; i < 4; i++)
		T_DO(sa_make(&sas[i], spis[i], &out, c));
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		uint32_t seen = 0, wanted = 0;
		uint8_t packet[2048];

		for (size_t i = 0; i < 6; i++) {
			struct pkt *k = handed_inner(rows[r][i]);

			T_TRUE(k);
			path_handed(me, k);
			T_TRUE(ring_pop(&other->home[ME]) == k);
			pool_put(&other->pool, k);
		}
		path_flush(me);
		/* Of predecessor and successor: in the order in which they were handed over. */
		for (size_t i = 0; i < 6; i++) {
			if ((rows[r][i] & 0xff) == 0)
				wanted++;
		}
		for (size_t i = 0, next = 0; i < 6; i++) {
			uint32_t spi;

			T_ROW(r, "");
			T_TRUE(recv(to, packet, sizeof(packet), 0) > 8);
			spi = dl_u32(packet);
			if (spi & 0xff)
				continue;
			while (rows[r][next] & 0xff)
				next++;
			T_EQ(spi, rows[r][next++]);
			seen++;
		}
		T_EQ(seen, wanted);
	}
	for (size_t i = 0; i < 4; i++)
		sa_end(&sas[i]);
	close(out.fd);
	close(to);
	mem_free(c);
	tear_down();
}

int main(void)
{
	T_RUN(successor_takes_the_packet);
	T_RUN(full_ring_drops);
	T_RUN(wrong_steering_makes_one_detour);
	T_RUN(empty_pool_reads_nothing);
	T_RUN(words_of_a_tun);
	T_RUN(choice_of_ports);
	T_RUN(rekeyed_flows_stay_in_order);
	return t_end();
}
