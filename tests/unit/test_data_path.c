/* tsan */
/* The data path and one peer whose packets the test holds in its hands: what an attacker sends, what
 * is refused, what main is told, death and resumption. */
#include "tests/unit/data_flows.h"

/* Puts one inner packet into a's queue and catches the ESP packet that a sends to `sink`. */
static size_t sealed_by_a(int sink, const char *src, const char *dst, uint32_t number, uint8_t *out)
{
	struct addr s = dl_addr(src), d = dl_addr(dst);
	struct pollfd p = {.fd = sink, .events = POLLIN};
	uint8_t inner[256];
	size_t len = dl_packet(inner, &s, &d, 0, number, 16);
	ssize_t n;

	if (write(a.tun[0], inner, len) != (ssize_t)len || poll(&p, 1, PATIENCE_MS) <= 0)
		return 0;
	n = recv(sink, out, 512, 0);
	return n > 0 ? (size_t)n : 0;
}

static void send_to_b(int from, const uint8_t *p, size_t len)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(b.port)};

	inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
	(void)!sendto(from, p, len, 0, (struct sockaddr *)&to, sizeof(to));
}

/* Client `a` is allowed to send from all of 10.99.0.0/24 by its own SA; headend `b` knows better.
 * Its packets go to a socket of the test, which may do to them what it likes. */
static void attacks(void)
{
	struct esp_rt *rt_a = rt_memory(), *rt_b = rt_memory();
	struct prefix any = {dl_addr("0.0.0.0"), 0};
	uint8_t esp[512], bad[512], inner[512];
	struct data_sa client, head, second;
	uint16_t port = 0;
	int sink = udp_socket(4, &port, "127.0.0.1");
	size_t len;

	T_TRUE(rt_a && rt_b && sink >= 0);
	T_TRUE(start(&a, 1, false, rt_a) && start(&b, 2, true, rt_b));
	T_TRUE(open_ports(&a, 4, false, false));
	tun_group = 1; /* of clients */
	T_TRUE(open_ports(&b, 4, false, false));
	tun_group = 0;
	head = dl_sa(0x10001, 0x20001, "10.99.0.1");
	head.local = dl_endpoint("127.0.0.1", b.port);
	head.remote = dl_endpoint("127.0.0.1", port);
	client = dl_other_end(&head);
	client.local.port = a.port;
	client.remote.port = port;
	client.local_ts[0] = client.remote_ts[0] = ts_from_prefix(&any);
	second = dl_sa(0x10002, 0x20002, "10.99.0.2");
	second.local = head.local;
	second.remote = head.remote;
	T_EQ(data_sa_add(a.d, &client, false), ST_OK);
	T_EQ(data_sa_add(b.d, &head, false), ST_OK);
	T_EQ(data_sa_add(b.d, &second, false), ST_OK);
	T_EQ(data_sa_add(b.d, &second, false), ST_EXISTS);

	/* as it should be */
	len = sealed_by_a(sink, "10.99.0.1", "192.0.2.1", 1, esp);
	T_TRUE(len > 40);
	send_to_b(sink, esp, len);
	WAIT_FOR(&b, counter(&b, CT_ESP_IN) == 1);
	/* replayed */
	for (int i = 0; i < 30; i++)
		send_to_b(sink, esp, len);
	WAIT_FOR(&b, counted(&b, ST_ESP_REPLAY) == 30);
	WAIT_FOR(&b, b.notices > 0);
	T_EQ(b.last_spi, 0x10001);
	T_EQ(b.last_why, ST_ESP_REPLAY);
	T_EQ(b.msg_remote.port, port);
	T_EQ(b.moved, 0);
	T_TRUE(b.notices <= 6); /* three a second and worker, of one sender */
	T_EQ(data_sa_rt(b.d, 0x10001)->drops_replay, 30);
	/* unknown SPI */
	memcpy(bad, esp, len);
	bad[2] ^= 0xff;
	send_to_b(sink, bad, len);
	WAIT_FOR(&b, counted(&b, ST_ESP_NO_SA) == 1);
	/* a flipped bit */
	len = sealed_by_a(sink, "10.99.0.1", "192.0.2.1", 2, esp);
	memcpy(bad, esp, len);
	bad[len / 2] ^= 4;
	send_to_b(sink, bad, len);
	WAIT_FOR(&b, counted(&b, ST_ESP_AUTH) == 1);
	send_to_b(sink, esp, len); /* the real one still comes through */
	WAIT_FOR(&b, counter(&b, CT_ESP_IN) == 2);
	/* a foreign source, and the way to another client */
	len = sealed_by_a(sink, "10.99.0.2", "192.0.2.1", 3, esp);
	send_to_b(sink, esp, len);
	WAIT_FOR(&b, counted(&b, ST_ESP_SOURCE) == 1);
	len = sealed_by_a(sink, "10.99.0.1", "10.99.0.2", 4, esp);
	send_to_b(sink, esp, len);
	WAIT_FOR(&b, counted(&b, ST_OUT_HAIRPIN) == 1);
	T_EQ(data_sa_rt(b.d, 0x10001)->drops_policy, 2);
	/* what is no ESP at all */
	send_to_b(sink, (const uint8_t *)"\xff", 1);
	WAIT_FOR(&b, counter(&b, CT_NAT_KEEPALIVE_IN) == 1);
	send_to_b(sink, (const uint8_t *)"\1\2\3", 3);
	send_to_b(sink, (const uint8_t *)"\0\0\0\0short", 9);
	WAIT_FOR(&b, counted(&b, ST_NAT_MARKER) == 2);
	send_to_b(sink, (const uint8_t *)"\0\0\0\x55long enough for a header", 28);
	WAIT_FOR(&b, counted(&b, ST_ESP_NO_SA) == 2);
	/* Two packets and no more came out. */
	T_EQ(counter(&b, CT_ESP_IN), 2);
	len = 0;
	for (uint32_t q = 0; q < b.workers; q++) {
		while (read(b.tun[q], inner, sizeof(inner)) > 0)
			len++;
	}
	T_EQ(len, 2);
	close(sink);
	stop(&a);
	stop(&b);
	rt_free(rt_a);
	rt_free(rt_b);
}

/* Behind a tunnel interface is one peer. When both sides connect at the same moment it has two sessions, and
 * each may have what the table gives to the other. */
static void two_sessions_of_one_peer(void)
{
	struct esp_rt *rt_a = rt_memory(), *rt_b = rt_memory();
	struct prefix any = {dl_addr("0.0.0.0"), 0};
	uint8_t esp[2048];
	struct data_sa here[2], there;
	uint16_t port = 0;
	int sink = udp_socket(4, &port, "127.0.0.1");
	size_t len;

	T_TRUE(rt_a && rt_b && sink >= 0);
	T_TRUE(start(&a, 1, false, rt_a) && start(&b, 2, false, rt_b));
	T_TRUE(open_ports(&a, 4, false, false) && open_ports(&b, 4, false, false));
	for (uint32_t i = 0; i < 2; i++) {
		here[i] = dl_sa(0x10001 + i, 0x20001 + i, "10.99.0.1");
		here[i].owner = 7 + i;
		here[i].local = dl_endpoint("127.0.0.1", b.port);
		here[i].remote = dl_endpoint("127.0.0.1", port);
		here[i].local_ts[0] = here[i].remote_ts[0] = ts_from_prefix(&any);
		T_EQ(data_sa_add(b.d, &here[i], false), ST_OK);
	}
	there = dl_other_end(&here[0]);
	there.local.port = a.port;
	there.remote.port = port;
	T_EQ(data_sa_add(a.d, &there, false), ST_OK);
	len = sealed_by_a(sink, "10.99.0.1", "192.0.2.1", 1, esp);
	T_TRUE(len > 40);
	send_to_b(sink, esp, len);
	WAIT_FOR(&b, counter(&b, CT_ESP_IN) == 1);
	T_EQ(counted(&b, ST_OUT_HAIRPIN), 0);
	close(sink);
	stop(&a);
	stop(&b);
	rt_free(rt_a);
	rt_free(rt_b);
}

/* A thousand unknown SPIs of one sender make few notices, and leave some for another sender; those of very
 * many make ten a second. */
static void notices_for_all(void)
{
	struct esp_rt *rt_b = rt_memory();
	uint16_t port[2] = {0, 0};
	int from[2] = {udp_socket(4, &port[0], "127.0.0.1"), udp_socket(4, &port[1], "127.0.0.2")};
	uint8_t esp[64] = {1, 2, 3};
	uint64_t began = now_ms();

	T_TRUE(rt_b && from[0] >= 0 && from[1] >= 0);
	T_TRUE(start(&b, 1, false, rt_b) && open_ports(&b, 4, false, false));
	for (unsigned i = 0; i < 1000; i++) {
		esp[3] = (uint8_t)i;
		send_to_b(from[0], esp, sizeof(esp));
		if (i % 50 == 49)
			WAIT_FOR(&b, counted(&b, ST_ESP_NO_SA) == i + 1);
	}
	T_TRUE(b.notices >= 3 && b.notices <= 3 * (1 + (now_ms() - began) / 1000 + 1));
	esp[3] = 7;
	send_to_b(from[1], esp, sizeof(esp));
	WAIT_FOR(&b, b.msg_remote.port == port[1]);
	T_EQ(b.last_spi, 0x01020307);
	close(from[0]);
	close(from[1]);
	began = now_ms();
	b.notices = 0;
	for (unsigned i = 0; i < 250; i++) {
		char text[16];
		uint16_t any = 0;
		int fd;

		snprintf(text, sizeof(text), "127.0.1.%u", i + 1);
		fd = udp_socket(4, &any, text);
		T_TRUE(fd >= 0);
		send_to_b(fd, esp, sizeof(esp));
		close(fd);
		if (i % 50 == 49)
			WAIT_FOR(&b, counted(&b, ST_ESP_NO_SA) == 1001 + i + 1);
	}
	T_TRUE(b.notices <= 10 * (1 + (now_ms() - began) / 1000 + 1));
	stop(&b);
	rt_free(rt_b);
}

/* What the headend's own side does not carry. */
static void outbound_refusals(void)
{
	struct esp_rt *rt_b = rt_memory();
	struct data_sa sa = dl_sa(0x10001, 0x20001, "10.99.0.1");
	struct addr src = dl_addr("192.0.2.1"), dst = dl_addr("10.99.0.1"), no = dl_addr("10.99.0.7");
	static uint8_t p[66000];
	size_t len;

	T_TRUE(rt_b && start(&b, 2, true, rt_b) && open_ports(&b, 4, false, false));
	sa.local = dl_endpoint("127.0.0.1", b.port);
	sa.remote = dl_endpoint("127.0.0.1", 9);
	sa.local_ts[0].proto = IPP_UDP;
	T_EQ(data_sa_add(b.d, &sa, false), ST_OK);
	len = dl_packet(p, &src, &dst, 0, 0, 8);
	T_EQ(write(b.tun[0], p, len), len);
	WAIT_FOR(&b, counter(&b, CT_ESP_OUT) == 1);
	p[9] = IPP_TCP;
	T_EQ(write(b.tun[0], p, len), len);
	WAIT_FOR(&b, counted(&b, ST_OUT_SELECTOR) == 1);
	/* A redirect, and one that is not. */
	p[9] = IPP_ICMP;
	p[20] = 5;
	T_EQ(write(b.tun[0], p, len), len);
	WAIT_FOR(&b, counted(&b, ST_OUT_REDIRECT) == 1);
	p[20] = 3;
	T_EQ(write(b.tun[0], p, len), len);
	WAIT_FOR(&b, counted(&b, ST_OUT_SELECTOR) == 2);
	len = dl_packet(p, &src, &no, 0, 0, 8);
	T_EQ(write(b.tun[1], p, len), len);
	WAIT_FOR(&b, counted(&b, ST_OUT_NO_ROUTE) == 1);
	T_EQ(write(b.tun[1], p, len - 1), len - 1);
	T_EQ(write(b.tun[1], "garbage", 7), 7);
	WAIT_FOR(&b, counted(&b, ST_ESP_MALFORMED) == 2);
	/* Fits the queue, and with what ESP adds no datagram any more. */
	len = dl_packet(p, &src, &dst, 0, 0, 65480 - 28);
	T_EQ(write(b.tun[0], p, len), len);
	WAIT_FOR(&b, counted(&b, ST_ESP_TOO_BIG) == 1);
	/* No socket of that family: the packet cannot leave. */
	data_sa_del(b.d, sa.spi_in);
	sa.spi_in = 0x10101;
	sa.local = dl_endpoint("::1", b.port);
	sa.remote = dl_endpoint("::1", 9);
	T_EQ(data_sa_add(b.d, &sa, false), ST_OK);
	len = dl_packet(p, &src, &dst, 0, 0, 8);
	T_EQ(write(b.tun[0], p, len), len);
	WAIT_FOR(&b, counted(&b, ST_OUT_SEND) == 1);
	stop(&b);
	rt_free(rt_b);
}

static uint64_t without_way(struct end *e)
{
	return counted(e, ST_OUT_NO_ROUTE) + counted(e, ST_OUT_MULTICAST);
}

/* Main hears that a tunnel is wanted: once a second, when it is one host that is wanted, and not of a
 * device whose clients connect by themselves. */
static void wanted_by_a_packet(void)
{
	static const struct {
		const char *dst;
		unsigned heard;
	} rows[] = {{"224.0.0.251", 0}, {"255.255.255.255", 0}, {"239.255.255.250", 0}, {"ff02::2", 0},
		    {"10.99.0.7", 1}, {"10.99.0.8", 1}, {"2001:db8::9", 1}};
	struct esp_rt *rt_b = rt_memory();
	int clients[2];
	uint8_t p[100];
	size_t len;
	uint64_t began;

	T_TRUE(rt_b && start(&b, 1, false, rt_b) && open_ports(&b, 4, false, false));
	T_TRUE(queue_pair(clients));
	began = now_ms();
	T_EQ(data_add_tun(b.d, &(struct data_tun){.number = 2, .group = 1}, &clients[1]), ST_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct addr dst = dl_addr(rows[i].dst);
		struct addr src = dl_addr(dst.family == 4 ? "192.0.2.1" : "2001:db8::1");

		len = dl_packet(p, &src, &dst, 0, 0, 8);
		T_ROW(i, rows[i].dst);
		T_EQ(write(b.tun[0], p, len), len);
		WAIT_FOR(&b, without_way(&b) == 2 * i + 1);
		T_EQ(write(clients[0], p, len), len);
		WAIT_FOR(&b, without_way(&b) == 2 * i + 2);
		poll_main(&b);
		T_TRUE(b.wanted >= rows[i].heard && b.wanted <= rows[i].heard * (1 + (now_ms() - began) / 1000));
	}
	T_EQ(b.last_tun, 1);
	unsigned before = b.wanted;
	poll(NULL, 0, 1000);
	T_EQ(write(b.tun[0], p, len), len);
	WAIT_FOR(&b, b.wanted > before);
	close(clients[0]);
	stop(&b);
	rt_free(rt_b);
}

/* From the smallest to the largest that fits a datagram. */
static void all_sizes(void)
{
	static const size_t sizes[] = {36, 37, 576, 1400, 1500, 4096, 9000, 20000, 65400};
	struct esp_rt *rt_a = rt_memory(), *rt_b = rt_memory();
	static uint8_t p[66000], got[66000];

	T_TRUE(rt_a && rt_b);
	T_TRUE(start(&a, 2, true, rt_a) && start(&b, 2, true, rt_b));
	T_TRUE(open_ports(&a, 4, false, false) && open_ports(&b, 4, false, false));
	T_TRUE(add_sas(4));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t len = dl_packet(p, &sa_b[0].remote_ts[0].lo, &sa_b[0].local_ts[0].lo, 0, 0,
				       sizes[i] - 28);
		ssize_t n = -1;

		for (size_t j = 36; j < len; j++)
			p[j] = (uint8_t)(j * 7);
		T_ROW(sizes[i], "size");
		T_EQ(len, sizes[i]);
		T_EQ(write(a.tun[i % 2], p, len), len);
		for (uint64_t until = now_ms() + PATIENCE_MS; n < 0 && now_ms() < until;) {
			for (uint32_t q = 0; q < 2 && n < 0; q++)
				n = read(b.tun[q], got, sizeof(got));
		}
		T_EQ(n, len);
		T_MEM(got, p, len);
	}
	stop(&a);
	stop(&b);
	rt_free(rt_a);
	rt_free(rt_b);
}

/* Sequence numbers at their end: main is told once, and no number is used twice. */
static void numbers_used_up(void)
{
	struct esp_rt *rt_b = rt_memory();
	struct data_sa sa = dl_sa(0x10001, 0x20001, "10.99.0.1");
	struct addr src = dl_addr("192.0.2.1"), dst = dl_addr("10.99.0.1");
	const struct esp_rt *rt;
	uint8_t p[100];
	size_t len = dl_packet(p, &src, &dst, 0, 0, 8);

	T_TRUE(rt_b);
	rt_b[5].spi_in = 0x10001;
	rt_b[5].window = 64;
	rt_b[5].seq_out = UINT32_MAX - 65536 - 65536 - 2;
	T_TRUE(start(&b, 2, true, rt_b) && open_ports(&b, 4, false, false));
	sa.local = dl_endpoint("127.0.0.1", b.port);
	sa.remote = dl_endpoint("127.0.0.1", 9);
	T_EQ(data_sa_add(b.d, &sa, true), ST_OK);
	rt = data_sa_rt(b.d, 0x10001);
	T_TRUE(rt == &rt_b[5]);
	for (int i = 0; i < 6; i++)
		T_EQ(write(b.tun[i % 2], p, len), len);
	WAIT_FOR(&b, counted(&b, ST_ESP_SEQ_END) == 4);
	WAIT_FOR(&b, b.lost > 0);
	T_EQ(b.lost, 1);
	T_EQ(b.last_spi, 0x10001);
	T_EQ(b.last_why, ST_ESP_SEQ_END);
	T_EQ(counter(&b, CT_ESP_OUT), 2);
	T_EQ(rt->seq_out, UINT32_MAX - 65536);
	stop(&b);
	rt_free(rt_b);
}

/* The process dies and another goes on with the same run-time memory and the frozen record. */
static void goes_on_after_death(void)
{
	struct esp_rt *rt_a = rt_memory(), *rt_b = rt_memory();
	struct data_sa head = dl_sa(0x10001, 0x20001, "10.99.0.1"), client, thawed;
	uint8_t esp[8][512], rec[1024], p[100], back[512];
	size_t len[8], rec_len, n;
	struct addr src = dl_addr("192.0.2.1"), dst = dl_addr("10.99.0.1");
	uint16_t port = 0;
	int sink = udp_socket(4, &port, "127.0.0.1");

	T_TRUE(rt_a && rt_b && sink >= 0);
	T_TRUE(start(&a, 1, false, rt_a) && start(&b, 2, true, rt_b));
	T_TRUE(open_ports(&a, 4, false, false) && open_ports(&b, 4, false, false));
	head.local = dl_endpoint("127.0.0.1", b.port);
	head.remote = dl_endpoint("127.0.0.1", port);
	client = dl_other_end(&head);
	client.local.port = a.port;
	client.remote.port = port; /* into our hands first */
	T_EQ(data_sa_add(a.d, &client, false), ST_OK);
	T_EQ(data_sa_add(b.d, &head, false), ST_OK);
	for (int i = 0; i < 8; i++) {
		len[i] = sealed_by_a(sink, "10.99.0.1", "192.0.2.1", (uint32_t)i, esp[i]);
		T_TRUE(len[i] > 0);
	}
	for (int i = 0; i < 6; i += 2)
		send_to_b(sink, esp[i], len[i]);
	n = dl_packet(p, &src, &dst, 0, 0, 8);
	T_EQ(write(b.tun[0], p, n), n);
	T_TRUE(recv(sink, back, sizeof(back), 0) > 0);
	T_EQ(dl_u32(back + 4), 1);
	WAIT_FOR(&b, counter(&b, CT_ESP_IN) == 3);
	rec_len = data_sa_freeze(&head, rec, sizeof(rec));
	T_TRUE(rec_len > 0);
	stop(&b);

	/* The next process, with another number of workers. */
	T_TRUE(start(&b, 4, true, rt_b) && open_ports(&b, 4, false, false));
	T_EQ(data_sa_thaw((struct view){rec, rec_len}, &thawed), ST_OK);
	thawed.local.port = b.port;
	T_EQ(data_sa_add(b.d, &thawed, true), ST_OK);
	/* A second time there is nothing to resume. */
	thawed.spi_in++;
	T_EQ(data_sa_add(b.d, &thawed, true), ST_INSTALL);
	T_EQ(data_sa_rt(b.d, 0x10001)->packets_in, 3);
	for (int i = 0; i < 8; i++)
		send_to_b(sink, esp[i], len[i]);
	WAIT_FOR(&b, counter(&b, CT_ESP_IN) == 5);
	WAIT_FOR(&b, counted(&b, ST_ESP_REPLAY) == 3);
	T_EQ(data_sa_rt(b.d, 0x10001)->packets_in, 8);
	T_EQ(write(b.tun[3], p, n), n);
	T_TRUE(recv(sink, back, sizeof(back), 0) > 0);
	T_EQ(dl_u32(back + 4), 1 + 65536 + 1);
	close(sink);
	stop(&a);
	stop(&b);
	rt_free(rt_a);
	rt_free(rt_b);
}

/* IKE on port 4500: to main with both addresses, back from the address that was hit. */
static void ike_beside_esp(void)
{
	struct esp_rt *rt_b = rt_memory();
	uint8_t msg[64] = {0}, got[100];
	struct sockaddr_in to = {.sin_family = AF_INET}, from;
	socklen_t from_len = sizeof(from);
	uint16_t port = 0;
	int fd = udp_socket(4, &port, "127.0.0.1");
	struct endpoint local, nowhere = dl_endpoint("127.0.0.1", 1);

	T_TRUE(rt_b && fd >= 0);
	T_TRUE(start(&b, 2, true, rt_b) && open_ports(&b, 4, false, false));
	for (size_t i = 4; i < sizeof(msg); i++)
		msg[i] = (uint8_t)i;
	to.sin_port = htons(b.port);
	inet_pton(AF_INET, "127.0.0.5", &to.sin_addr);
	T_EQ(sendto(fd, msg, sizeof(msg), 0, (struct sockaddr *)&to, sizeof(to)), sizeof(msg));
	WAIT_FOR(&b, b.ike == 1);
	T_EQ(b.msg_len, 60);
	T_MEM(b.msg, msg + 4, 60);
	local = dl_endpoint("127.0.0.5", b.port);
	T_TRUE(endpoint_eq(&b.msg_local, &local));
	T_EQ(b.msg_remote.port, port);
	T_EQ(data_send_ike(b.d, &b.msg_local, &b.msg_remote, b.msg, 60), ST_OK);
	T_EQ(recvfrom(fd, got, sizeof(got), 0, (struct sockaddr *)&from, &from_len), 64);
	T_MEM(got, msg, 64);
	T_EQ(from.sin_addr.s_addr, to.sin_addr.s_addr);
	T_EQ(from.sin_port, to.sin_port);
	T_EQ(data_send_ike(b.d, &nowhere, &b.msg_remote, b.msg, 60), ST_NOT_FOUND);
	close(fd);
	stop(&b);
	rt_free(rt_b);
}

/* A flood of IKE that main does not fetch: counted, and ESP goes on with the buffers left. */
static void ike_flood(void)
{
	struct esp_rt *rt_a = rt_memory(), *rt_b = rt_memory();
	uint8_t msg[40] = {[4 + 15] = 1}; /* of a known peer: these may take the most */
	uint16_t port = 0;
	int fd = udp_socket(4, &port, "127.0.0.1");

	T_TRUE(rt_a && rt_b && fd >= 0);
	T_TRUE(start(&a, 1, false, rt_a) && start(&b, 1, false, rt_b));
	T_TRUE(open_ports(&a, 4, false, false) && open_ports(&b, 4, false, false));
	T_TRUE(add_sas(4));
	data_poll(b.d);
	for (int i = 0; i < 1000; i++) {
		send_to_b(fd, msg, sizeof(msg));
		if (i % 50 == 49)
			poll(NULL, 0, 2);
	}
	for (uint64_t until = now_ms() + PATIENCE_MS; now_ms() < until && !counted(&b, ST_RING_FULL);)
		poll(NULL, 0, 1);
	T_TRUE(counted(&b, ST_RING_FULL) > 0);
	T_EQ(b.ike, 0);
	make_flows(50);
	for (uint64_t until = now_ms() + PATIENCE_MS; !all_done() && now_ms() < until;) {
		for (uint32_t f = 0; f < 2 * FLOWS; f++)
			feed(f);
		drain(&a);
		drain(&b);
	}
	T_DO(no_loss_and_in_order());
	T_EQ(b.ike, 0);
	WAIT_FOR(&b, b.ike + counted(&b, ST_RING_FULL) == 1000);
	close(fd);
	stop(&a);
	stop(&b);
	rt_free(rt_a);
	rt_free(rt_b);
}

/* Strangers' first messages leave room for those who are known, and wait for them. */
static void ike_init_flood(void)
{
	struct esp_rt *rt_b = rt_memory();
	uint8_t init[40] = {0}, known[44] = {[4 + 15] = 1}; /* the responder's SPI */
	uint16_t port = 0;
	int fd = udp_socket(4, &port, "127.0.0.1");

	T_TRUE(rt_b && fd >= 0);
	T_TRUE(start(&b, 1, false, rt_b) && open_ports(&b, 4, false, false));
	for (int i = 0; i < 600; i++) {
		send_to_b(fd, init, sizeof(init));
		if (i % 50 == 49)
			poll(NULL, 0, 2);
	}
	for (int i = 0; i < 100; i++)
		send_to_b(fd, known, sizeof(known));
	send_to_b(fd, (const uint8_t *)"\xff", 1);
	for (uint64_t until = now_ms() + PATIENCE_MS; now_ms() < until && !counter(&b, CT_NAT_KEEPALIVE_IN);)
		poll(NULL, 0, 1);
	/* A quarter of the room. */
	T_EQ(counted(&b, ST_RING_FULL), 600 - 64);
	T_EQ(b.ike, 0);
	data_poll(b.d);
	T_EQ(b.first_len, sizeof(known) - 4);
	WAIT_FOR(&b, b.ike == 64 + 100);
	/* The room is theirs again. */
	send_to_b(fd, init, sizeof(init));
	WAIT_FOR(&b, b.ike == 64 + 100 + 1);
	close(fd);
	stop(&b);
	rt_free(rt_b);
}

/* Nobody holds the other end any more; the error is told once. */
static bool is_closed;

static bool closed(int fd)
{
	is_closed = is_closed || (write(fd, "x", 1) < 0 && errno == ECONNREFUSED);
	return is_closed;
}

/* An authentic packet from elsewhere is reported, and only the newest one; nothing moves by itself. */
static void heard_elsewhere(void)
{
	struct esp_rt *rt_a = rt_memory(), *rt_b = rt_memory();
	struct data_sa head = dl_sa(0x10001, 0x20001, "10.99.0.1"), client;
	uint16_t port = 0, new_port = 0;
	int sink = udp_socket(4, &port, "127.0.0.1"), moved = udp_socket(4, &new_port, "127.0.0.8");
	uint8_t esp[4][512];
	size_t len[4];

	T_TRUE(rt_a && rt_b && sink >= 0 && moved >= 0);
	T_TRUE(start(&a, 1, false, rt_a) && start(&b, 2, true, rt_b));
	T_TRUE(open_ports(&a, 4, false, false) && open_ports(&b, 4, false, false));
	head.local = dl_endpoint("127.0.0.1", b.port);
	head.remote = dl_endpoint("127.0.0.1", port);
	client = dl_other_end(&head);
	client.local.port = a.port;
	client.remote.port = port; /* into our hands first */
	T_EQ(data_sa_add(a.d, &client, false), ST_OK);
	T_EQ(data_sa_add(b.d, &head, false), ST_OK);
	for (uint32_t i = 0; i < 4; i++)
		T_TRUE((len[i] = sealed_by_a(sink, "10.99.0.1", "192.0.2.1", i, esp[i])) > 0);
	send_to_b(sink, esp[1], len[1]);
	WAIT_FOR(&b, counter(&b, CT_ESP_IN) == 1);
	send_to_b(moved, esp[0], len[0]); /* old: proves nothing */
	WAIT_FOR(&b, counter(&b, CT_ESP_IN) == 2);
	T_EQ(b.moved, 0);
	esp[2][len[2] - 1] ^= 1;
	send_to_b(moved, esp[2], len[2]); /* forged */
	WAIT_FOR(&b, counted(&b, ST_ESP_AUTH) == 1);
	T_EQ(b.moved, 0);
	send_to_b(moved, esp[3], len[3]);
	WAIT_FOR(&b, b.moved == 1);
	T_EQ(b.last_spi, 0x10001);
	T_EQ(b.msg_remote.port, new_port);
	T_TRUE(b.msg_remote.addr.b[3] == 8);
	T_EQ(b.msg_local.addr.b[3], 1);
	close(sink);
	close(moved);
	stop(&a);
	stop(&b);
	rt_free(rt_a);
	rt_free(rt_b);
}

static void ports_by_name(void)
{
	struct esp_rt *rt_b = rt_memory();
	struct endpoint wild = {0}, other = dl_endpoint("127.0.0.9", 0);
	int fds[2], pair[2];

	T_TRUE(rt_b && start(&b, 1, false, rt_b) && open_ports(&b, 4, false, false));
	wild.port = b.port;
	T_TRUE(queue_pair(pair));
	fds[0] = pair[1];
	T_EQ(data_add_udp(b.d, &wild, 4, fds), ST_EXISTS);
	T_EQ(data_add_udp(b.d, &wild, 5, fds), ST_CONFIG);
	T_EQ(data_add_udp(b.d, &other, 6, fds), ST_CONFIG);
	T_EQ(data_add_tun(b.d, &(struct data_tun){.number = 1}, fds), ST_EXISTS);
	T_EQ(data_del_udp(b.d, &other, 4), ST_NOT_FOUND);
	T_EQ(data_del_tun(b.d, 9), ST_NOT_FOUND);
	T_EQ(data_del_tun(b.d, 1), ST_OK);
	T_EQ(data_del_tun(b.d, 1), ST_NOT_FOUND);
	T_EQ(data_add_tun(b.d, &(struct data_tun){.number = 1, .client_to_client = true}, fds), ST_OK);
	/* The old queue closes when the worker has let go of it: our end hears it no more. */
	is_closed = false;
	WAIT_FOR(&b, closed(b.tun[0]));
	close(pair[0]);
	stop(&b);
	rt_free(rt_b);
}

int main(void)
{
	T_RUN(attacks);
	T_RUN(two_sessions_of_one_peer);
	T_RUN(notices_for_all);
	T_RUN(outbound_refusals);
	T_RUN(wanted_by_a_packet);
	T_RUN(all_sizes);
	T_RUN(numbers_used_up);
	T_RUN(goes_on_after_death);
	T_RUN(ike_beside_esp);
	T_RUN(ike_flood);
	T_RUN(ike_init_flood);
	T_RUN(heard_elsewhere);
	T_RUN(ports_by_name);
	return t_end();
}
