/* tsan */
/* Long packets, TOS and segment sizes in running data paths. The two ends talk through a socket of the
 * test, which sees and sets the TOS of what passes. */
#include "core/esp/gso.h"
#include "core/wire/ip_build.h"
#include "tests/unit/data_flows.h"

#define MTU 600

static int middle = -1;
static uint16_t middle_port;
static uint8_t datagram[2048];
static uint8_t packet[70000];

/* A datagram to the middle, its TOS in *tos; 0: none came. */
static size_t caught(uint8_t *tos, int wait_ms)
{
	_Alignas(struct cmsghdr) uint8_t control[128];
	struct iovec iov = {datagram, sizeof(datagram)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = sizeof(control)};
	struct pollfd p = {.fd = middle, .events = POLLIN};
	ssize_t n = poll(&p, 1, wait_ms) > 0 ? recvmsg(middle, &m, 0) : 0;

	*tos = 0xff;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); n > 0 && c; c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS)
			*tos = *CMSG_DATA(c);
	return n > 0 ? (size_t)n : 0;
}

static void pass(const struct end *to, size_t len, int tos)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(to->port)};

	inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
	(void)setsockopt(middle, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
	(void)!sendto(middle, datagram, len, 0, (struct sockaddr *)&at, sizeof(at));
}

/* What a TUN was given, without the words in front of it; 0: nothing. */
static size_t given(const struct end *e, int wait_ms)
{
	struct pollfd p = {.fd = e->tun[0], .events = POLLIN};
	size_t head = e->vnet_hdr ? GSO_HDR_LEN : 0;
	ssize_t n = poll(&p, 1, wait_ms) > 0 ? read(e->tun[0], packet, sizeof(packet)) : 0;

	if (n <= (ssize_t)head)
		return 0;
	memmove(packet, packet + head, (size_t)n - head);
	return (size_t)n - head;
}

static bool put(const struct end *e, const struct gso_hdr *gso, const struct wr *w)
{
	static uint8_t buf[70000];
	size_t head = e->vnet_hdr ? GSO_HDR_LEN : 0;

	if (head)
		gso_write(gso, buf);
	memcpy(buf + head, w->buf, w->len);
	return wr_ok(w) && write(e->tun[0], buf, head + w->len) == (ssize_t)(head + w->len);
}

static void udp_packet(struct wr *w, uint8_t *buf, size_t cap, bool df, uint8_t tos, size_t len)
{
	static const uint8_t data[65536];
	struct ip_head h = {.src = dl_addr("10.99.0.1"), .dst = dl_addr("192.0.2.1"), .dont_fragment = df,
		.tos = tos, .id = 5};

	*w = wr_init(buf, cap);
	ip_build_udp(w, &h, 7, 9, data, len - 28);
}

/* A TCP packet with a right checksum. */
static void tcp_packet(struct wr *w, uint8_t *buf, size_t cap, bool from_a, uint8_t flags, uint16_t mss, size_t len)
{
	static uint8_t tcp[65536];
	struct ip_head h = {.src = dl_addr(from_a ? "10.99.0.1" : "192.0.2.1"),
		.dst = dl_addr(from_a ? "192.0.2.1" : "10.99.0.1"), .proto = IPP_TCP, .dont_fragment = true};
	size_t n = len - 20;
	uint16_t check;

	memset(tcp, 0, n);
	tcp[1] = tcp[3] = 80;
	tcp[12] = mss ? 0x60 : 0x50;
	tcp[13] = flags;
	if (mss) {
		tcp[20] = 2;
		tcp[21] = 4;
		tcp[22] = (uint8_t)(mss >> 8);
		tcp[23] = (uint8_t)mss;
	}
	check = ip_sum_finish(ip_sum(ip_pseudo_sum(&h.src, &h.dst, IPP_TCP, (uint32_t)n), tcp, n));
	tcp[16] = (uint8_t)(check >> 8);
	tcp[17] = (uint8_t)check;
	*w = wr_init(buf, cap);
	ip_build(w, &h, tcp, n);
}

static struct esp_rt *rt_a, *rt_b;
static uint32_t workers = 1; /* of a */

static void begin(bool vnet_hdr, const struct fit_rules *rules)
{
	struct data_sa client, head;
	int on = 1;

	rt_a = rt_memory();
	rt_b = rt_memory();
	middle_port = 0;
	middle = udp_socket(4, &middle_port, "127.0.0.1");
	(void)setsockopt(middle, IPPROTO_IP, IP_RECVTOS, &on, sizeof(on));
	T_TRUE(rt_a && rt_b && middle >= 0);
	T_TRUE(start(&a, workers, false, rt_a) && start(&b, 1, false, rt_b));
	T_TRUE(open_ports(&a, 4, vnet_hdr, false) && open_ports(&b, 4, vnet_hdr, false));
	head = dl_sa(0x10001, 0x20001, "10.99.0.1");
	head.local = dl_endpoint("127.0.0.1", b.port);
	head.remote = dl_endpoint("127.0.0.1", middle_port);
	client = dl_other_end(&head);
	client.local.port = a.port;
	client.remote.port = middle_port;
	client.fit = *rules;
	T_EQ(data_sa_add(a.d, &client, false), ST_OK);
	T_EQ(data_sa_add(b.d, &head, false), ST_OK);
}

static void end(void)
{
	stop(&a);
	stop(&b);
	rt_free(rt_a);
	rt_free(rt_b);
	close(middle);
}

/* Without DF in pieces, which are packets themselves; with DF an answer, and one for a large packet that
 * would be cut into many. */
static void too_long(void)
{
	static const struct fit_rules rules = {.mtu4 = MTU};
	static uint8_t buf[8192];

	for (int vnet = 0; vnet < 2; vnet++) {
		struct gso_hdr gso = {0};
		uint32_t path = 0, media = 0;
		size_t len, all = 0, pieces = 0;
		struct ip_info ip;
		struct wr w;
		uint8_t tos;

		T_ROW(vnet, "words in front");
		T_DO(begin(vnet, &rules));
		udp_packet(&w, buf, sizeof(buf), false, 0, 1500);
		T_TRUE(put(&a, &gso, &w));
		for (; (len = caught(&tos, pieces < 3 ? PATIENCE_MS : 100)) > 0; pieces++)
			pass(&b, len, 0);
		T_EQ(pieces, 3);
		for (pieces = 0; pieces < 3; pieces++) {
			len = given(&b, PATIENCE_MS);
			T_TRUE(len > 0 && len <= MTU);
			T_EQ(ip_parse(packet, len, &ip), ST_OK);
			T_TRUE(ip.is_fragment && ip.is_later_fragment == (pieces > 0));
			all += len - 20;
		}
		T_EQ(all, 1480);
		WAIT_FOR(&a, counter(&a, CT_ESP_CUT) == 1);
		T_TRUE(data_sa_mtu(a.d, 0x20001, &path, &media));
		T_TRUE(path > 16000 && media >= path); /* of the loopback device */
		T_TRUE(!data_sa_mtu(a.d, 0x30001, &path, &media));

		udp_packet(&w, buf, sizeof(buf), true, 0, MTU + 1);
		T_TRUE(put(&a, &gso, &w));
		len = given(&a, PATIENCE_MS);
		T_EQ(ip_parse(packet, len, &ip), ST_OK);
		T_TRUE(ip.proto == IPP_ICMP && packet[20] == 3 && packet[21] == 4);
		T_EQ(packet[26] << 8 | packet[27], MTU);
		T_MEM(packet + 28, buf, 28);
		WAIT_FOR(&a, counted(&a, ST_ESP_TOO_BIG) == 1);
		udp_packet(&w, buf, sizeof(buf), true, 0, MTU);
		T_TRUE(put(&a, &gso, &w));
		T_TRUE(caught(&tos, PATIENCE_MS) > 0);
		if (vnet) {
			gso = (struct gso_hdr){.flags = GSO_NEEDS_CSUM, .type = GSO_TCPV4, .size = MTU - 40 + 1,
				.hdr_len = 40, .csum_start = 20, .csum_offset = 16};
			tcp_packet(&w, buf, sizeof(buf), true, 0x10, 0, 8000);
			T_TRUE(put(&a, &gso, &w));
			len = given(&a, PATIENCE_MS);
			T_EQ(ip_parse(packet, len, &ip), ST_OK);
			T_TRUE(ip.proto == IPP_ICMP && packet[27] == (MTU & 255));
			T_EQ(packet[28 + 2] << 8 | packet[28 + 3], MTU + 1); /* it speaks of one segment */
			T_EQ(given(&a, 50), 0);
			gso.size--;
			T_TRUE(put(&a, &gso, &w));
			len = caught(&tos, PATIENCE_MS);
			T_TRUE(len > MTU);
		}
		end();
	}
}

static void tos_passes(void)
{
	static const struct fit_rules rules = {.df = FIT_DF_COPY};
	static const struct {
		const char *name;
		uint8_t inner, outer, want; /* outer: as the middle sends it on */
	} rows[] = {
		{"plain", 0, 0, 0},
		{"dscp", 0xb8, 0xb8, 0xb8},
		{"changed dscp", 0xb8, 0x20, 0xb8},
		{"congested", 0xba, 0xbb, 0xbb},
		{"other codepoint", 0x02, 0x01, 0x01},
	};
	uint8_t buf[256], tos;
	struct wr w;
	size_t len;

	T_DO(begin(false, &rules));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].name);
		udp_packet(&w, buf, sizeof(buf), true, rows[i].inner, 100);
		T_TRUE(put(&a, NULL, &w));
		len = caught(&tos, PATIENCE_MS);
		T_TRUE(len > 100);
		T_EQ(tos, rows[i].inner);
		pass(&b, len, rows[i].outer);
		T_EQ(given(&b, PATIENCE_MS), 100);
		T_EQ(packet[1], rows[i].want);
		T_EQ(ip_checksum(packet, 20), 0);
	}
	udp_packet(&w, buf, sizeof(buf), true, 0xb8, 100);
	T_TRUE(put(&a, NULL, &w));
	len = caught(&tos, PATIENCE_MS);
	pass(&b, len, 0xbb);
	WAIT_FOR(&b, counted(&b, ST_ESP_ECN) == 1);
	T_EQ(given(&b, 50), 0);
	end();
}

/* Packets of one batch with other marks leave in order, each with its own. */
static void marks_part_trains(void)
{
	static const struct fit_rules rules = {.df = FIT_DF_COPY};
	static const uint8_t want[] = {0, 0, 0xb8, 0xb8, 0, 0x28};
	uint8_t buf[256], tos;
	struct wr w;

	T_DO(begin(false, &rules));
	for (size_t i = 0; i < 120; i++) {
		udp_packet(&w, buf, sizeof(buf), true, want[i % 6], 100);
		T_TRUE(put(&a, NULL, &w));
	}
	for (size_t i = 0; i < 120; i++) {
		T_ROW(i, "packet");
		T_TRUE(caught(&tos, PATIENCE_MS) > 100);
		T_EQ(dl_u32(datagram + 4), i + 1); /* sequence number */
		T_EQ(tos, want[i % 6]);
	}
	end();
}

/* Large packets, ciphered by the owner or by others, and between them one that is cut before: all leave in
 * the order of their numbers, each with its TOS. */
static void large_ones(void)
{
	static const struct fit_rules rules = {.mtu4 = MTU};
	static uint8_t buf[8192];
	const struct gso_hdr large = {.flags = GSO_NEEDS_CSUM, .type = GSO_TCPV4, .size = 500, .hdr_len = 40,
		.csum_start = 20, .csum_offset = 16}, small = {0};

	for (int by_others = 0; by_others < 2; by_others++) {
		uint32_t seq = 0;
		struct wr w;
		uint8_t tos;

		T_ROW(by_others, "by others");
		workers = by_others ? 2 : 1;
		fan_out = by_others ? DATA_FAN_ALWAYS : DATA_FAN_OFF;
		T_DO(begin(true, &rules));
		for (int i = 0; i < 5; i++) {
			tcp_packet(&w, buf, sizeof(buf), true, 0x10, 0, 40 + 14 * 500);
			buf[1] = 0xb8;
			T_TRUE(put(&a, &large, &w));
			udp_packet(&w, buf, sizeof(buf), false, 0x28, 1000);
			T_TRUE(put(&a, &small, &w));
		}
		for (int i = 0; i < 5 * 16; i++) {
			T_TRUE(caught(&tos, PATIENCE_MS) > 400);
			T_EQ(dl_u32(datagram + 4), ++seq);
			T_EQ(tos, i % 16 < 14 ? 0xb8 : 0x28);
		}
		WAIT_FOR(&a, counter(&a, CT_ESP_CUT) == 5);
		end();
		workers = 1;
		fan_out = DATA_FAN_OFF;
	}
}

static void segments(void)
{
	static const struct fit_rules rules = {.mss4 = 1234};
	uint8_t buf[256], tos;
	struct wr w;
	struct ip_info ip;
	size_t len;

	T_DO(begin(false, &rules));
	for (int from_a = 0; from_a < 2; from_a++) {
		const struct end *from = from_a ? &a : &b, *to = from_a ? &b : &a;

		T_ROW(from_a, "direction");
		tcp_packet(&w, buf, sizeof(buf), from_a, 0x02, 1460, 44);
		T_TRUE(put(from, NULL, &w));
		len = caught(&tos, PATIENCE_MS);
		pass(to, len, 0);
		T_EQ(given(to, PATIENCE_MS), 44);
		T_EQ(packet[42] << 8 | packet[43], 1234);
		T_EQ(ip_parse(packet, 44, &ip), ST_OK);
		T_EQ(ip_sum_finish(ip_sum(ip_pseudo_sum(&ip.src, &ip.dst, IPP_TCP, 24), packet + 20, 24)), 0);
	}
	WAIT_FOR(&a, counter(&a, CT_MSS_LOWERED) == 2);
	T_EQ(counter(&b, CT_MSS_LOWERED), 0);
	end();
}

int main(void)
{
	T_RUN(too_long);
	T_RUN(tos_passes);
	T_RUN(marks_part_trains);
	T_RUN(large_ones);
	T_RUN(segments);
	return t_end();
}
