/* One or two running data paths as a test sees them: sockets on loopback, queues, what main was told.
 * The TUN queues are connected pairs of datagram sockets: whole packets in, whole packets out. */
#ifndef TESTS_UNIT_DATA_ENDS_H
#define TESTS_UNIT_DATA_ENDS_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "tests/unit/data_lib.h"

#define RT_SLOTS 64
#define WORKERS_MAX 4
#define PATIENCE_MS 10000

struct end {
	struct data *d;
	struct esp_rt *rt;
	uint32_t workers;
	int tun[WORKERS_MAX]; /* our side of the queues */
	uint16_t port;
	/* what main was told */
	unsigned ike, lost, notices, moved, wanted, asked;
	uint32_t last_tun;
	size_t first_len; /* of the first IKE message */
	bool vnet_hdr;
	uint32_t last_spi;
	enum status last_why;
	size_t last_len;
	uint8_t msg[256];
	size_t msg_len;
	struct endpoint msg_local, msg_remote;
};

static inline void on_ike(void *ctx, const struct endpoint *local, const struct endpoint *remote,
		   const uint8_t *msg, size_t len)
{
	struct end *e = ctx;

	if (e->ike++ == 0)
		e->first_len = len;
	e->msg_local = *local;
	e->msg_remote = *remote;
	e->msg_len = len < sizeof(e->msg) ? len : sizeof(e->msg);
	memcpy(e->msg, msg, e->msg_len);
}

static inline void on_lost(void *ctx, uint32_t spi_in, enum status why)
{
	struct end *e = ctx;

	e->lost++;
	e->last_spi = spi_in;
	e->last_why = why;
}

static inline void on_notice(void *ctx, enum status what, uint32_t spi, size_t len,
		      const struct endpoint *local, const struct endpoint *remote)
{
	struct end *e = ctx;

	e->notices++;
	e->last_spi = spi;
	e->last_why = what;
	e->last_len = len;
	e->msg_local = *local;
	e->msg_remote = *remote;
}

static inline void on_moved(void *ctx, uint32_t spi_in, const struct endpoint *local,
		     const struct endpoint *remote)
{
	struct end *e = ctx;

	e->moved++;
	e->last_spi = spi_in;
	e->msg_local = *local;
	e->msg_remote = *remote;
}

static inline void on_wanted(void *ctx, uint32_t tun)
{
	struct end *e = ctx;

	e->wanted++;
	e->last_tun = tun;
}

static inline void on_dhcp(void *ctx, uint32_t spi_in, const uint8_t *packet, size_t len)
{
	struct end *e = ctx;

	e->asked++;
	e->last_spi = spi_in;
	e->msg_len = len < sizeof(e->msg) ? len : sizeof(e->msg);
	memcpy(e->msg, packet, e->msg_len);
}

static inline uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* A datagram socket on loopback; *port 0 chooses one. 4 or 6. */
static inline int udp_socket(uint8_t family, uint16_t *port, const char *addr)
{
	int fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int on = 1, bytes = 1 << 20;
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(*port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(*port)};
	socklen_t len = family == 4 ? sizeof(in) : sizeof(in6);
	void *sa = family == 4 ? (void *)&in : (void *)&in6;

	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (family == 6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (addr)
		inet_pton(family == 4 ? AF_INET : AF_INET6, addr,
			  family == 4 ? (void *)&in.sin_addr : (void *)&in6.sin6_addr);
	if (bind(fd, sa, len) || getsockname(fd, sa, &len)) {
		close(fd);
		return -1;
	}
	*port = ntohs(family == 4 ? in.sin_port : in6.sin6_port);
	return fd;
}

/* A connected pair of datagram sockets; AF_UNIX would take no more than ten packets. */
static inline bool queue_pair(int fds[2])
{
	struct sockaddr_in a[2];

	for (int i = 0; i < 2; i++) {
		socklen_t len = sizeof(a[i]);
		uint16_t port = 0;

		fds[i] = udp_socket(4, &port, "127.0.0.1");
		if (fds[i] < 0 || getsockname(fds[i], (struct sockaddr *)&a[i], &len))
			return false;
	}
	for (int i = 0; i < 2; i++) {
		if (connect(fds[i], (struct sockaddr *)&a[1 - i], sizeof(a[0])))
			return false;
	}
	return !fcntl(fds[0], F_SETFL, O_NONBLOCK);
}

static uint32_t tun_group; /* of the TUN that the next open_ports() makes; 0: of one peer */
static enum data_fan fan_out __attribute__((unused)) = DATA_FAN_OFF;

static inline bool start(struct end *e, uint32_t workers, bool wrong_steering, struct esp_rt *rt)
{
	struct data_config c = {
		.workers = workers,
		.rt = rt,
		.rt_slots = RT_SLOTS,
		.wrong_steering = wrong_steering,
		.fan_out = fan_out,
		.on_ike = on_ike,
		.on_lost = on_lost,
		.on_notice = on_notice,
		.on_moved = on_moved,
		.on_wanted = on_wanted,
		.on_dhcp = on_dhcp,
		.ctx = e,
	};

	*e = (struct end){.rt = rt, .workers = workers};
	e->d = data_new(&c);
	return e->d != NULL;
}

static uint32_t vrf __attribute__((unused)); /* of everything that a test makes */

static inline bool open_ports(struct end *e, uint8_t family, bool vnet_hdr, bool client_to_client)
{
	struct endpoint local = {0};
	int udp[WORKERS_MAX], tun[WORKERS_MAX];

	e->vnet_hdr = vnet_hdr;
	for (uint32_t i = 0; i < e->workers; i++) {
		int pair[2];

		udp[i] = udp_socket(family, &e->port, NULL);
		if (udp[i] < 0 || !queue_pair(pair))
			return false;
		e->tun[i] = pair[0];
		tun[i] = pair[1];
	}
	local.port = e->port;
	local.vrf = vrf;
	return data_add_udp(e->d, &local, family, udp) == ST_OK &&
	       data_add_tun(e->d, &(struct data_tun){1, tun_group, vnet_hdr, client_to_client}, tun) == ST_OK;
}

static inline void stop(struct end *e)
{
	data_free(e->d);
	for (uint32_t i = 0; i < e->workers; i++) {
		if (e->tun[i] > 0)
			close(e->tun[i]);
	}
	e->d = NULL;
}

static inline struct esp_rt *rt_memory(void)
{
	void *p = mmap(NULL, RT_SLOTS * sizeof(struct esp_rt), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static inline void rt_free(struct esp_rt *rt)
{
	munmap(rt, RT_SLOTS * sizeof(struct esp_rt));
}

static inline uint64_t counted(const struct end *e, enum status st)
{
	static struct stats sum;

	memset(&sum, 0, sizeof(sum));
	data_stats(e->d, &sum);
	return sum.status[st];
}

static inline uint64_t counter(const struct end *e, enum counter c)
{
	static struct stats sum;

	memset(&sum, 0, sizeof(sum));
	data_stats(e->d, &sum);
	return sum.count[c];
}

static inline void poll_main(struct end *e)
{
	struct pollfd p = {.fd = data_fd(e->d), .events = POLLIN};

	if (poll(&p, 1, 0) > 0)
		data_poll(e->d);
}

#define WAIT_FOR(e, what)                                                                          \
	do {                                                                                       \
		uint64_t until_ = now_ms() + PATIENCE_MS;                                          \
		while (!(what) && now_ms() < until_) {                                             \
			poll_main(e);                                                              \
			poll(NULL, 0, 1);                                                          \
		}                                                                                  \
		T_TRUE(what);                                                                      \
	} while (0)

#endif
