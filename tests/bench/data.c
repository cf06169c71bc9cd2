/* The whole way of a packet: TUN queue, seal, loopback, open, TUN queue, with one and more workers
 * and with wrong steering. The queues are datagram sockets, which cost more than a TUN. Packets are
 * kept in flight, so that nothing is dropped; thousands of packets per second and microseconds. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/data_lib.h"

#define IN_FLIGHT 64
#define PACKETS 60000
#define WORKERS_MAX 4

static struct esp_rt rt[2][4];

struct end {
	struct data *d;
	int tun[WORKERS_MAX];
	uint16_t port;
};

static void on_ike(void *ctx, const struct endpoint *l, const struct endpoint *r, const uint8_t *m,
		   size_t len)
{
}

static void on_lost(void *ctx, uint32_t spi_in, enum status why)
{
}

static void on_notice(void *ctx, enum status what, uint32_t spi, size_t len,
		      const struct endpoint *l, const struct endpoint *r)
{
}

static void must(bool holds, const char *what)
{
	if (!holds) {
		printf("failed: %s\n", what);
		exit(1);
	}
}

static int bound(uint16_t *port)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1;
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(*port)};
	socklen_t len = sizeof(in);

	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	inet_pton(AF_INET, "127.0.0.1", &in.sin_addr);
	must(!bind(fd, (struct sockaddr *)&in, len) && !getsockname(fd, (struct sockaddr *)&in, &len),
	     "bind");
	*port = ntohs(in.sin_port);
	return fd;
}

static int queue(int *ours)
{
	uint16_t port[2] = {0, 0};
	int fds[2] = {bound(&port[0]), bound(&port[1])};

	for (int i = 0; i < 2; i++) {
		struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port[1 - i])};

		inet_pton(AF_INET, "127.0.0.1", &in.sin_addr);
		must(!connect(fds[i], (struct sockaddr *)&in, sizeof(in)), "connect");
	}
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	*ours = fds[0];
	return fds[1];
}

static void start(struct end *e, unsigned which, uint32_t workers, bool wrong)
{
	struct data_config c = {
		.workers = workers,
		.rt = rt[which],
		.rt_slots = 4,
		.wrong_steering = wrong,
		.on_ike = on_ike,
		.on_lost = on_lost,
		.on_notice = on_notice,
	};
	struct endpoint local = dl_endpoint("127.0.0.1", 0);
	int udp[WORKERS_MAX], tun[WORKERS_MAX];

	memset(rt[which], 0, sizeof(rt[which]));
	*e = (struct end){.d = data_new(&c)};
	must(e->d, "data_new");
	for (uint32_t i = 0; i < workers; i++) {
		udp[i] = bound(&e->port);
		tun[i] = queue(&e->tun[i]);
	}
	local.port = e->port;
	must(!data_add_udp(e->d, &local, 4, udp) && !data_add_tun(e->d, &(struct data_tun){.number = 1}, tun), "ports");
}

static void stop(struct end *e)
{
	data_free(e->d);
	for (size_t i = 0; i < WORKERS_MAX && e->tun[i]; i++)
		close(e->tun[i]);
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void pump(struct end *a, struct end *b, uint32_t workers, size_t len, uint32_t in_flight,
		 uint32_t packets)
{
	uint8_t p[2048], got[2048];
	struct addr src = dl_addr("10.99.0.1"), dst = dl_addr("192.0.2.1");
	size_t total = dl_packet(p, &src, &dst, 0, 0, len - 28);
	uint32_t sent = 0, received = 0;

	while (received < packets) {
		struct pollfd fds[WORKERS_MAX];

		for (; sent < packets && sent - received < in_flight; sent++)
			must(write(a->tun[0], p, total) == (ssize_t)total, "write");
		for (uint32_t i = 0; i < workers; i++) {
			fds[i] = (struct pollfd){.fd = b->tun[i], .events = POLLIN};
			while (read(b->tun[i], got, sizeof(got)) > 0)
				received++;
		}
		if (sent - received >= in_flight)
			must(poll(fds, workers, 2000) > 0, "a packet was lost");
	}
}

static void run(uint32_t workers, bool wrong, size_t len)
{
	struct data_sa head = dl_sa(0x10000, 0x20000, "10.99.0.1"), client;
	struct end a, b;
	double t, rate;

	start(&a, 0, workers, wrong);
	start(&b, 1, workers, wrong);
	head.local = dl_endpoint("127.0.0.1", b.port);
	head.remote = dl_endpoint("127.0.0.1", a.port);
	client = dl_other_end(&head);
	must(!data_sa_add(a.d, &client, false) && !data_sa_add(b.d, &head, false), "SAs");
	pump(&a, &b, workers, len, IN_FLIGHT, 1000);
	t = seconds();
	pump(&a, &b, workers, len, IN_FLIGHT, PACKETS);
	rate = PACKETS / (seconds() - t);
	t = seconds();
	pump(&a, &b, workers, len, 1, 3000);
	t = (seconds() - t) / 3000;
	printf("%u workers, %s, %4zu B: %4.0f kpps, %5.2f Gbit/s, alone %3.0f us\n", workers,
	       wrong ? "wrong steering" : "as it comes   ", len, rate / 1e3,
	       rate * (double)len * 8 / 1e9, t * 1e6);
	stop(&a);
	stop(&b);
}

int main(void)
{
	for (uint32_t workers = 1; workers <= WORKERS_MAX; workers *= 2) {
		run(workers, false, 64);
		run(workers, false, 1400);
		run(workers, true, 1400);
	}
	return 0;
}
