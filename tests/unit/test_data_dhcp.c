/* tsan */
/* DHCP of a client comes to main, and main's answer to the client; what it says to many goes nowhere unless it is
 * permitted. `a` is the client, `b` the headend. */
#include "core/wire/dhcp.h"
#include "tests/unit/data_flows.h"

static int lan[WORKERS_MAX]; /* our ends of b's device of clients */

static bool device(struct data_tun like)
{
	int fds[WORKERS_MAX];

	like.number = 1;
	like.group = 1;
	like.self = dl_addr("10.99.0.254");
	(void)!data_del_tun(b.d, 1);
	for (uint32_t i = 0; i < b.workers; i++) {
		int pair[2];

		if (lan[i] > 0)
			close(lan[i]);
		if (!queue_pair(pair))
			return false;
		lan[i] = pair[0];
		fds[i] = pair[1];
	}
	return data_add_tun(b.d, &like, fds) == ST_OK;
}

static bool join(uint32_t workers, bool wrong_steering, struct esp_rt *rt_a, struct esp_rt *rt_b)
{
	struct data_sa head = dl_sa(0x10001, 0x20001, "10.99.0.1"), client;

	if (!start(&a, 1, false, rt_a) || !start(&b, workers, wrong_steering, rt_b) ||
	    !open_ports(&a, 4, false, false) || !open_ports(&b, 4, false, false) ||
	    !device((struct data_tun){.dhcp = true}))
		return false;
	head.local = dl_endpoint("127.0.0.1", b.port);
	head.remote = dl_endpoint("127.0.0.1", a.port);
	client = dl_other_end(&head);
	return data_sa_add(a.d, &client, false) == ST_OK && data_sa_add(b.d, &head, false) == ST_OK;
}

static void leave(struct esp_rt *rt_a, struct esp_rt *rt_b)
{
	for (uint32_t i = 0; i < b.workers; i++) {
		close(lan[i]);
		lan[i] = 0;
	}
	stop(&a);
	stop(&b);
	rt_free(rt_a);
	rt_free(rt_b);
}

/* The client sends; ports 0: those of dl_packet(). */
static bool says(const char *dst, uint16_t from, uint16_t to, size_t len)
{
	static uint8_t p[4096];
	struct addr s = dl_addr("10.99.0.1"), d = dl_addr(dst);
	size_t n = dl_packet(p, &s, &d, 3, 4, len);

	if (from) {
		p[21] = (uint8_t)from;
		p[23] = (uint8_t)to;
	}
	return write(a.tun[0], p, n) == (ssize_t)n;
}

static unsigned arrived(const int *queues, uint32_t n)
{
	uint8_t p[4096];
	unsigned got = 0;

	for (uint32_t i = 0; i < n; i++) {
		while (recv(queues[i], p, sizeof(p), MSG_DONTWAIT) > 0)
			got++;
	}
	return got;
}

static void asked_and_answered(void)
{
	static const struct {
		uint32_t workers;
		bool wrong_steering;
	} rows[] = {{1, false}, {2, true}, {4, false}};
	struct addr us = dl_addr("10.99.0.254"), them = dl_addr("10.99.0.1");
	uint8_t p[256], got[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct esp_rt *rt_a = rt_memory(), *rt_b = rt_memory();
		struct pollfd in = {.events = POLLIN};
		const struct ts *local = NULL;
		size_t len;

		T_ROW(i, "workers and steering");
		T_TRUE(rt_a && rt_b && join(rows[i].workers, rows[i].wrong_steering, rt_a, rt_b));
		T_TRUE(says("255.255.255.255", 68, 67, 100));
		WAIT_FOR(&b, b.asked == 1);
		T_TRUE(b.last_spi == 0x10001 && b.msg_len == 128 && b.msg[21] == 68 && b.msg[23] == 67);
		T_EQ(data_sa_local(b.d, 0x10001, &local), 1);
		T_TRUE(local && ts_contains_addr(local, &us));
		/* Once a second. */
		T_TRUE(says("255.255.255.255", 68, 67, 100) && says("10.99.0.254", 68, 67, 100));
		WAIT_FOR(&b, counted(&b, ST_DHCP_OTHER) == 2);
		poll(NULL, 0, 1000);
		T_TRUE(says("10.99.0.254", 68, 67, 100));
		WAIT_FOR(&b, b.asked == 2);
		poll(NULL, 0, 1000);
		T_TRUE(says("255.255.255.255", 68, 67, DHCP_PACKET_MAX - 27));
		WAIT_FOR(&b, counted(&b, ST_DHCP_OTHER) == 3);
		T_EQ(arrived(lan, b.workers), 0);
		len = dl_packet(p, &us, &them, 7, 8, 50);
		T_EQ(data_send_inner(b.d, 0x10001, p, len), ST_OK);
		in.fd = a.tun[0];
		T_EQ(poll(&in, 1, PATIENCE_MS), 1);
		T_EQ(recv(a.tun[0], got, sizeof(got), 0), len);
		T_TRUE(memcmp(got, p, len) == 0);
		T_EQ(data_send_inner(b.d, 0x10002, p, len), ST_NOT_FOUND);
		/* It goes away while an answer is on its way. */
		T_EQ(data_send_inner(b.d, 0x10001, p, len), ST_OK);
		data_sa_del(b.d, 0x10001);
		T_EQ(data_send_inner(b.d, 0x10001, p, len), ST_NOT_FOUND);
		T_EQ(data_sa_local(b.d, 0x10001, &local), 0);
		leave(rt_a, rt_b);
	}
}

static void permitted(void)
{
	struct esp_rt *rt_a = rt_memory(), *rt_b = rt_memory();

	T_TRUE(rt_a && rt_b && join(2, false, rt_a, rt_b));
	T_TRUE(says("224.0.0.251", 0, 0, 20) && says("255.255.255.255", 0, 0, 20));
	WAIT_FOR(&b, counted(&b, ST_ESP_MULTICAST) == 2);
	T_EQ(data_sa_rt(b.d, 0x10001)->drops_policy, 2);
	T_EQ(data_sa_rt(b.d, 0x10001)->packets_in, 0);
	T_EQ(arrived(lan, b.workers), 0);
	/* Without a server, its questions are broadcasts like others. */
	T_TRUE(device((struct data_tun){0}));
	T_TRUE(says("255.255.255.255", 68, 67, 20));
	WAIT_FOR(&b, counted(&b, ST_ESP_MULTICAST) == 3);
	T_TRUE(device((struct data_tun){.multicast = true}));
	T_TRUE(says("224.0.0.251", 0, 0, 20) && says("255.255.255.255", 68, 67, 20));
	WAIT_FOR(&b, counter(&b, CT_ESP_IN) == 2);
	T_EQ(arrived(lan, b.workers), 2);
	T_EQ(b.asked, 0);
	leave(rt_a, rt_b);
}

int main(void)
{
	T_RUN(asked_and_answered);
	T_RUN(permitted);
	return t_end();
}
