/* tsan */
/* ESP without UDP: two data paths that reach each other by raw sockets in a network namespace of their
 * own, and packets of either form from the test's own hands. */
#include <netinet/udp.h>
#include <sched.h>
#include <stdlib.h>

#include "core/crypto/esp_aead.h"
#include "core/wire/esp.h"
#include "core/wire/ip_build.h"
#include "tests/lib/esp_keyed.h"
#include "tests/unit/data_flows.h"

#define A4 "127.0.0.11"
#define B4 "127.0.0.12"
#define A6 "fd00:1::11"
#define B6 "fd00:1::12"

static int raw_socket(uint8_t family, const char *addr)
{
	int fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ESP);
	int bytes = 1 << 20;
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	inet_pton(family == 4 ? AF_INET : AF_INET6, addr,
		  family == 4 ? (void *)&in.sin_addr : (void *)&in6.sin6_addr);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (bind(fd, family == 4 ? (void *)&in : (void *)&in6, family == 4 ? sizeof(in) : sizeof(in6))) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool open_raw(struct end *e, uint8_t family, const char *addr)
{
	struct endpoint local = dl_endpoint(addr, 0);
	int fds[WORKERS_MAX];

	for (uint32_t i = 0; i < e->workers; i++) {
		fds[i] = raw_socket(family, addr);
		if (fds[i] < 0)
			return false;
	}
	return data_add_raw(e->d, &local, family, fds) == ST_OK;
}

static const char *name_of(const struct end *e, uint8_t family)
{
	return e == &a ? (family == 4 ? A4 : A6) : family == 4 ? B4 : B6;
}

static bool open_both(uint32_t workers, bool wrong_steering, uint8_t family, struct esp_rt *rt_a,
		      struct esp_rt *rt_b)
{
	struct end *ends[] = {&a, &b};

	if (!start(&a, workers, wrong_steering, rt_a) || !start(&b, workers, wrong_steering, rt_b))
		return false;
	for (int i = 0; i < 2; i++) {
		if (!open_ports(ends[i], family, false, false) ||
		    !open_raw(ends[i], family, name_of(ends[i], family)))
			return false;
	}
	return true;
}

/* All between the same two addresses. */
static bool add_raw_sas(uint8_t family)
{
	for (uint32_t i = 0; i < SAS; i++) {
		char inner[32], lan[32];
		struct addr lan_addr;

		snprintf(inner, sizeof(inner), i % 2 ? "2001:db8::%u" : "10.99.0.%u", i + 1);
		snprintf(lan, sizeof(lan), i % 2 ? "2001:db8:1::%u" : "192.0.2.%u", i + 1);
		sa_b[i] = dl_sa(0x10000 + i * 0x0507, 0x20000 + i * 0x0305, inner);
		lan_addr = dl_addr(lan);
		sa_b[i].local_ts[0] = ts_from_addr(&lan_addr);
		sa_b[i].udp_encap = false;
		sa_b[i].local = dl_endpoint(name_of(&b, family), b.port);
		sa_b[i].remote = dl_endpoint(name_of(&a, family), a.port);
		sa_a[i] = dl_other_end(&sa_b[i]);
		if (data_sa_add(b.d, &sa_b[i], false) || data_sa_add(a.d, &sa_a[i], false))
			return false;
	}
	return true;
}

static void close_both(struct esp_rt *rt_a, struct esp_rt *rt_b)
{
	stop(&a);
	stop(&b);
	rt_free(rt_a);
	rt_free(rt_b);
}

/* Every packet comes in once, at the worker whose bucket it is: nothing is passed on that the filter
 * could have steered, nobody sees what another one gets. */
static void flows_by_raw_sockets(void)
{
	static const uint32_t workers[] = {1, 2, 4};

	for (int row = 0; row < 12; row++) {
		uint32_t n = workers[row % 3];
		bool wrong = row / 3 % 2;
		uint8_t family = row < 6 ? 4 : 6;
		struct esp_rt *rt_a = rt_memory(), *rt_b = rt_memory();

		T_ROW(row, "workers, wrong steering, family");
		T_TRUE(rt_a && rt_b && open_both(n, wrong, family, rt_a, rt_b));
		T_TRUE(add_raw_sas(family));
		make_flows(200);
		run_flows(NULL);
		T_DO(no_loss_and_in_order());
		T_EQ(counted(&b, ST_ESP_NO_SA) + counted(&a, ST_ESP_NO_SA), 0);
		T_EQ(counted(&b, ST_ESP_REPLAY) + counted(&a, ST_ESP_REPLAY), 0);
		T_EQ(counter(&b, CT_ESP_IN), FLOWS * 200);
		T_EQ(a.moved + b.moved + a.notices + b.notices, 0);
		close_both(rt_a, rt_b);
	}
}

/* Only what has the right steering is not handed over: TUN queues are fed so that the owner reads. */
static void filters_steer(void)
{
	struct esp_rt *rt_b = rt_memory();
	struct data_sa sa;
	uint8_t esp[40] = {0};
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = raw_socket(4, A4);

	T_TRUE(rt_b && fd >= 0 && start(&b, 4, false, rt_b) && open_ports(&b, 4, false, false));
	T_TRUE(open_raw(&b, 4, B4));
	sa = dl_sa(0x10000, 0x20000, "10.99.0.1");
	sa.local = dl_endpoint(B4, b.port);
	sa.remote = dl_endpoint(A4, 9);
	T_EQ(data_sa_add(b.d, &sa, false), ST_OK);
	inet_pton(AF_INET, B4, &to.sin_addr);
	for (int i = 0; i < 256; i++) {
		esp[2] = 0x77;
		esp[3] = (uint8_t)i;
		T_EQ(sendto(fd, esp, sizeof(esp), 0, (struct sockaddr *)&to, sizeof(to)), sizeof(esp));
	}
	WAIT_FOR(&b, counted(&b, ST_ESP_NO_SA) == 256);
	poll(NULL, 0, 30);
	T_EQ(counted(&b, ST_ESP_NO_SA), 256);
	T_EQ(counter(&b, CT_HANDOVER), 0);
	/* main is told of strangers without a port */
	WAIT_FOR(&b, b.notices > 0);
	T_EQ(b.msg_remote.port, 0);
	T_EQ(b.msg_local.port, 0);
	T_EQ(b.last_len, sizeof(esp));
	/* no ESP packet at all */
	T_EQ(sendto(fd, esp, 7, 0, (struct sockaddr *)&to, sizeof(to)), 7);
	memset(esp, 0, sizeof(esp));
	T_EQ(sendto(fd, esp, 3, 0, (struct sockaddr *)&to, sizeof(to)), 3); /* hides its SPI: nobody's */
	T_EQ(sendto(fd, esp, 40, 0, (struct sockaddr *)&to, sizeof(to)), 40); /* what is IKE's marker in UDP */
	WAIT_FOR(&b, counted(&b, ST_ESP_SHORT) == 1 && counted(&b, ST_ESP_NO_SA) == 257);
	T_EQ(b.ike, 0);
	close(fd);
	stop(&b);
	rt_free(rt_b);
}

/* ---- packets from our own hands --------------------------------------------------------------- */

static struct esp_cipher *cipher;
static uint64_t number;

/* An authentic packet of the peer of `sa`; returns its length. */
static size_t make_esp(const struct data_sa *sa, uint8_t next, const uint8_t *body, size_t len, uint8_t *out)
{
	struct esp_shape shape = esp_cipher_shape(cipher);
	uint8_t plain[512];
	size_t pad = esp_pad_len(len, shape.align), all = len + pad + ESP_TRAILER_LEN;

	memcpy(plain, body, len);
	esp_trailer_write(plain + len, pad, next);
	if (esp_cipher_seal(cipher, sa->spi_in, ++number, plain, all, out))
		return 0;
	return ESP_HEAD_LEN + shape.iv_len + all + shape.icv_len;
}

/* With IP options, and in two fragments when split is not 0. */
static void send_by_hand(int fd, const uint8_t *esp, size_t len, size_t split)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct addr src = dl_addr(A4), dst = dl_addr(B4);

	inet_pton(AF_INET, B4, &to.sin_addr);
	for (size_t at = 0; at < len; at += split ? split : len) {
		size_t n = split && len - at > split ? split : len - at;
		uint8_t p[600];
		struct wr w = wr_init(p, sizeof(p));

		wr_u8(&w, 0x46);
		wr_u8(&w, 0);
		wr_u16(&w, (uint16_t)(24 + n));
		wr_u16(&w, 0x1234);
		wr_u16(&w, (uint16_t)(at / 8 | (at + n < len ? 0x2000 : 0)));
		wr_u8(&w, 9);
		wr_u8(&w, IPP_ESP);
		wr_u16(&w, 0);
		wr_bytes(&w, src.b, 4);
		wr_bytes(&w, dst.b, 4);
		wr_u32(&w, 0x01010101); /* no operation, four times */
		wr_bytes(&w, esp + at, n);
		T_EQ(sendto(fd, p, w.len, 0, (struct sockaddr *)&to, sizeof(to)), w.len);
	}
}

static size_t read_inner(uint8_t *p, size_t cap)
{
	uint64_t until = now_ms() + PATIENCE_MS;

	while (now_ms() < until) {
		for (uint32_t q = 0; q < b.workers; q++) {
			ssize_t n = read(b.tun[q], p, cap);

			if (n > 0)
				return (size_t)n;
		}
		poll(NULL, 0, 1);
	}
	return 0;
}

/* One SA takes both forms at any moment, whichever it sends; options and fragments outside do not
 * matter; dummy packets and padding for confidentiality come by either way. */
static void both_forms(void)
{
	struct esp_rt *rt_b = rt_memory();
	struct addr client = dl_addr("10.99.0.1"), lan = dl_addr("192.0.2.1");
	struct esp_suite suite;
	struct sockaddr_in to = {.sin_family = AF_INET}, raw_to = {.sin_family = AF_INET};
	uint8_t inner[256], esp[512], got[512];
	uint16_t port = 0;
	int udp = udp_socket(4, &port, A4), raw = raw_socket(4, A4), hand;

	hand = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	T_TRUE(rt_b && udp >= 0 && raw >= 0 && hand >= 0);
	T_TRUE(start(&b, 2, false, rt_b) && open_ports(&b, 4, false, false) && open_raw(&b, 4, B4));
	inet_pton(AF_INET, B4, &to.sin_addr);
	inet_pton(AF_INET, B4, &raw_to.sin_addr);
	to.sin_port = htons(b.port);
	T_EQ(suite_esp(AES_GCM_16, 128, 0, false, &suite), ST_OK);
	for (int encap = 0; encap < 2; encap++) {
		struct data_sa sa = dl_sa(0x10001 + (uint32_t)encap, 0x20001, "10.99.0.1");
		size_t len, esp_len;
		uint64_t before = counter(&b, CT_ESP_IN);
		struct pollfd p = {.fd = encap ? udp : raw, .events = POLLIN};

		T_ROW(encap, "sends in UDP");
		sa.udp_encap = encap;
		sa.local = dl_endpoint(B4, b.port);
		sa.remote = dl_endpoint(A4, port);
		number = 0;
		T_EQ(esp_cipher_new(&suite, sa.key_in, sa.key_in_len, &cipher), ST_OK);
		T_EQ(data_sa_add(b.d, &sa, false), ST_OK);
		len = dl_packet(inner, &client, &lan, 0, 0, 60);
		memset(inner + len, 0x55, 100);
		for (int i = 0; i < 6; i++) {
			/* i 4, 5: with padding behind the inner packet */
			esp_len = make_esp(&sa, IPP_IPV4, inner, len + (i > 3 ? 90 : 0), esp);
			T_ROW(i, "way in");
			if (i == 0 || i == 4)
				T_EQ(sendto(udp, esp, esp_len, 0, (void *)&to, sizeof(to)), esp_len);
			if (i == 1 || i == 5)
				T_EQ(sendto(raw, esp, esp_len, 0, (void *)&raw_to, sizeof(raw_to)), esp_len);
			if (i == 2)
				T_DO(send_by_hand(hand, esp, esp_len, 0));
			if (i == 3)
				T_DO(send_by_hand(hand, esp, esp_len, 64));
			T_EQ(read_inner(got, sizeof(got)), len);
			T_MEM(got, inner, len);
		}
		for (int i = 0; i < 2; i++) {
			esp_len = make_esp(&sa, IPP_NONE, inner, 40, esp);
			T_EQ(i ? sendto(udp, esp, esp_len, 0, (void *)&to, sizeof(to)) :
				 sendto(raw, esp, esp_len, 0, (void *)&raw_to, sizeof(raw_to)), esp_len);
		}
		WAIT_FOR(&b, counter(&b, CT_ESP_DUMMY) == 2 * (uint64_t)(encap + 1));
		WAIT_FOR(&b, counter(&b, CT_ESP_IN) == before + 6);
		T_EQ(counted(&b, ST_ESP_NO_SA) + counted(&b, ST_ESP_REPLAY), 0);
		/* and it answers in its own form */
		while (recv(udp, got, sizeof(got), MSG_DONTWAIT) > 0 || recv(raw, got, sizeof(got), MSG_DONTWAIT) > 0)
			continue;
		len = dl_packet(inner, &lan, &client, 0, 0, 60);
		T_EQ(write(b.tun[0], inner, len), len);
		T_TRUE(poll(&p, 1, PATIENCE_MS) > 0);
		/* until it is told to change */
		T_EQ(data_sa_move(b.d, sa.spi_in, &sa.local, &sa.remote, !encap), ST_OK);
		while (recv(p.fd, got, sizeof(got), MSG_DONTWAIT) > 0)
			continue;
		p.fd = encap ? raw : udp;
		T_EQ(write(b.tun[0], inner, len), len);
		T_TRUE(poll(&p, 1, PATIENCE_MS) > 0);
		data_sa_del(b.d, sa.spi_in);
		esp_cipher_free(cipher);
	}
	T_EQ(b.moved, 0);
	close(udp);
	close(raw);
	close(hand);
	stop(&b);
	rt_free(rt_b);
}

/* Where raw sockets come and go: UDP takes over, as the peer understands it there. */
static void without_raw_sockets(void)
{
	struct esp_rt *rt_b = rt_memory();
	struct addr client = dl_addr("10.99.0.1"), lan = dl_addr("192.0.2.1");
	struct endpoint here = dl_endpoint(B4, 0), elsewhere = dl_endpoint("127.0.0.99", 0), any = {0};
	struct data_sa sa = dl_sa(0x10001, 0x20001, "10.99.0.1");
	uint8_t inner[256], got[512];
	uint16_t port = 0;
	int udp = udp_socket(4, &port, A4), raw = raw_socket(4, A4);
	struct pollfd p = {.fd = udp, .events = POLLIN};
	size_t len = dl_packet(inner, &lan, &client, 0, 0, 60);

	T_TRUE(rt_b && udp >= 0 && raw >= 0);
	T_TRUE(start(&b, 2, false, rt_b) && open_ports(&b, 4, false, false));
	here.port = 4500;
	T_TRUE(!data_has_raw(b.d, &here, 4));
	sa.udp_encap = false;
	sa.local = dl_endpoint(B4, b.port);
	sa.remote = dl_endpoint(A4, port);
	T_EQ(data_sa_add(b.d, &sa, false), ST_OK);
	T_EQ(write(b.tun[0], inner, len), len);
	T_TRUE(poll(&p, 1, PATIENCE_MS) > 0);
	T_TRUE(recv(udp, got, sizeof(got), MSG_DONTWAIT) > 0);
	T_TRUE(open_raw(&b, 4, B4));
	T_TRUE(data_has_raw(b.d, &here, 4));
	T_TRUE(!data_has_raw(b.d, &elsewhere, 4) && !data_has_raw(b.d, &here, 6) && !data_has_raw(b.d, &any, 4));
	here.vrf = 3;
	T_TRUE(!data_has_raw(b.d, &here, 4));
	p.fd = raw;
	T_EQ(write(b.tun[0], inner, len), len);
	T_TRUE(poll(&p, 1, PATIENCE_MS) > 0);
	T_EQ(recv(udp, got, sizeof(got), MSG_DONTWAIT), -1);
	here = dl_endpoint(B4, 0);
	T_EQ(data_del_raw(b.d, &here, 4), ST_OK);
	T_EQ(data_del_raw(b.d, &here, 4), ST_NOT_FOUND);
	T_TRUE(!data_has_raw(b.d, &here, 4));
	p.fd = udp;
	T_EQ(write(b.tun[0], inner, len), len);
	T_TRUE(poll(&p, 1, PATIENCE_MS) > 0);
	close(udp);
	close(raw);
	stop(&b);
	rt_free(rt_b);
}

/* Two hosts and what they say to each other; the TUNs see whole packets. */
static void transport_mode(void)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct esp_rt *rt_a = rt_memory(), *rt_b = rt_memory();
		struct addr a_addr = dl_addr(name_of(&a, family)), b_addr = dl_addr(name_of(&b, family));
		struct data_sa sa = dl_sa(0x10001, 0x20002, name_of(&a, family)), other;
		uint8_t p[1500], got[1500];
		size_t head = family == 4 ? 20 : 40;

		T_ROW(family, "family");
		T_TRUE(rt_a && rt_b && open_both(2, true, family, rt_a, rt_b));
		sa.transport_mode = true;
		sa.udp_encap = false;
		sa.esn = true;
		sa.local = dl_endpoint(name_of(&b, family), b.port);
		sa.remote = dl_endpoint(name_of(&a, family), a.port);
		sa.local_ts[0] = ts_from_addr(&b_addr);
		other = dl_other_end(&sa);
		T_EQ(data_sa_add(b.d, &sa, false), ST_OK);
		T_EQ(data_sa_add(a.d, &other, false), ST_OK);
		for (size_t len = 8; len < 1300; len += 61) {
			size_t n = dl_packet(p, &a_addr, &b_addr, 1, (uint32_t)len, len);

			T_EQ(write(a.tun[len % 2], p, n), n);
			T_EQ(read_inner(got, sizeof(got)), n);
			T_MEM(got + head, p + head, n - head);
		}
		/* what has arrived may not be counted yet where it left */
		WAIT_FOR(&a, counter(&a, CT_ESP_OUT) == counter(&b, CT_ESP_IN));
		/* what a route of ours would send round and round */
		dl_packet(p, &a_addr, &b_addr, 1, 1, 30);
		p[family == 4 ? 9 : 6] = IPP_ESP;
		T_EQ(write(a.tun[0], p, head + 38), head + 38);
		WAIT_FOR(&a, counted(&a, ST_OUT_SELECTOR) == 1);
		close_both(rt_a, rt_b);
	}
}

/* A peer may put it into UDP all the same, several at a time: each payload gets its header. */
static void transport_by_trains(void)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct esp_rt *rt_b = rt_memory();
		struct addr a_addr = dl_addr(name_of(&a, family)), b_addr = dl_addr(name_of(&b, family));
		struct data_sa sa = dl_sa(0x10001, 0x20002, name_of(&a, family));
		uint8_t p[200], train[2000], got[256];
		uint16_t port = 0;
		int fd = udp_socket(family, &port, name_of(&a, family)), seg;
		size_t head = family == 4 ? 20 : 40, n = dl_packet(p, &a_addr, &b_addr, 1, 0, 100), len = 0;
		struct sockaddr_in to = {.sin_family = AF_INET};
		struct sockaddr_in6 to6 = {.sin6_family = AF_INET6};
		struct esp_suite suite;

		T_ROW(family, "family");
		T_TRUE(rt_b && fd >= 0 && start(&b, 2, false, rt_b) && open_ports(&b, family, true, false));
		to.sin_port = to6.sin6_port = htons(b.port);
		inet_pton(family == 4 ? AF_INET : AF_INET6, name_of(&b, family),
			  family == 4 ? (void *)&to.sin_addr : (void *)&to6.sin6_addr);
		sa.transport_mode = true;
		sa.udp_encap = false;
		sa.local = dl_endpoint(name_of(&b, family), b.port);
		sa.remote = dl_endpoint(name_of(&a, family), port);
		sa.local_ts[0] = ts_from_addr(&b_addr);
		T_EQ(suite_esp(AES_GCM_16, 128, 0, false, &suite), ST_OK);
		T_EQ(esp_cipher_new(&suite, sa.key_in, sa.key_in_len, &cipher), ST_OK);
		T_EQ(data_sa_add(b.d, &sa, false), ST_OK);
		number = 0;
		for (int i = 0; i < 8; i++) {
			p[head + 8 + 20] = (uint8_t)i;
			seg = (int)make_esp(&sa, IPP_UDP, p + head, n - head, train + len);
			len += (size_t)seg;
		}
		T_EQ(setsockopt(fd, SOL_UDP, UDP_SEGMENT, &seg, sizeof(seg)), 0);
		T_EQ(sendto(fd, train, len, 0, family == 4 ? (void *)&to : (void *)&to6,
			    family == 4 ? sizeof(to) : sizeof(to6)), len);
		for (int i = 0; i < 8; i++) {
			T_ROW(i, "packet");
			T_EQ(read_inner(got, sizeof(got)), VNET_HDR + n);
			p[head + 8 + 20] = (uint8_t)i;
			T_EQ(got[VNET_HDR], family == 4 ? 0x45 : 0x60);
			T_MEM(got + VNET_HDR + head, p + head, n - head);
		}
		esp_cipher_free(cipher);
		close(fd);
		stop(&b);
		rt_free(rt_b);
	}
}

int main(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0) {
		printf("needs root for raw sockets\n");
		return 77;
	}
	if (system("ip link set lo up && ip addr add " A6 "/128 dev lo nodad && ip addr add " B6
		   "/128 dev lo nodad") != 0)
		return 1;
	T_RUN(flows_by_raw_sockets);
	T_RUN(filters_steer);
	T_RUN(both_forms);
	T_RUN(without_raw_sockets);
	T_RUN(transport_mode);
	T_RUN(transport_by_trains);
	return t_end();
}
