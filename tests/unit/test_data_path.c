/* tsan */
/* Two data paths back to back over loopback: packet-numbered flows with N = 1, 2 and 4 workers and
 * wrong steering, installs and removals under traffic, and what an attacker sends. The TUN queues
 * are connected pairs of datagram sockets: whole packets in, whole packets out. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "tests/lib/t.h"
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
	unsigned ike, lost, notices, moved;
	bool vnet_hdr;
	uint32_t last_spi;
	enum status last_why;
	uint8_t msg[256];
	size_t msg_len;
	struct endpoint msg_local, msg_remote;
};

static void on_ike(void *ctx, const struct endpoint *local, const struct endpoint *remote,
		   const uint8_t *msg, size_t len)
{
	struct end *e = ctx;

	e->ike++;
	e->msg_local = *local;
	e->msg_remote = *remote;
	e->msg_len = len < sizeof(e->msg) ? len : sizeof(e->msg);
	memcpy(e->msg, msg, e->msg_len);
}

static void on_lost(void *ctx, uint32_t spi_in, enum status why)
{
	struct end *e = ctx;

	e->lost++;
	e->last_spi = spi_in;
	e->last_why = why;
}

static void on_notice(void *ctx, enum status what, uint32_t spi, const struct endpoint *local,
		      const struct endpoint *remote)
{
	struct end *e = ctx;

	e->notices++;
	e->last_spi = spi;
	e->last_why = what;
	e->msg_local = *local;
	e->msg_remote = *remote;
}

static void on_moved(void *ctx, uint32_t spi_in, const struct endpoint *local,
		     const struct endpoint *remote)
{
	struct end *e = ctx;

	e->moved++;
	e->last_spi = spi_in;
	e->msg_local = *local;
	e->msg_remote = *remote;
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* A datagram socket on loopback; *port 0 chooses one. 4 or 6. */
static int udp_socket(uint8_t family, uint16_t *port, const char *addr)
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
static bool queue_pair(int fds[2])
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

static bool start(struct end *e, uint32_t workers, bool wrong_steering, struct esp_rt *rt)
{
	struct data_config c = {
		.workers = workers,
		.rt = rt,
		.rt_slots = RT_SLOTS,
		.wrong_steering = wrong_steering,
		.on_ike = on_ike,
		.on_lost = on_lost,
		.on_notice = on_notice,
		.on_moved = on_moved,
		.ctx = e,
	};

	*e = (struct end){.rt = rt, .workers = workers};
	e->d = data_new(&c);
	return e->d != NULL;
}

static uint32_t vrf; /* of everything that a test makes */

static bool open_ports(struct end *e, uint8_t family, bool vnet_hdr, bool client_to_client)
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
	       data_add_tun(e->d, 1, tun, vnet_hdr, client_to_client) == ST_OK;
}

static void stop(struct end *e)
{
	data_free(e->d);
	for (uint32_t i = 0; i < e->workers; i++) {
		if (e->tun[i] > 0)
			close(e->tun[i]);
	}
	e->d = NULL;
}

static struct esp_rt *rt_memory(void)
{
	void *p = mmap(NULL, RT_SLOTS * sizeof(struct esp_rt), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void rt_free(struct esp_rt *rt)
{
	munmap(rt, RT_SLOTS * sizeof(struct esp_rt));
}

static uint64_t counted(const struct end *e, enum status st)
{
	static struct stats sum;

	memset(&sum, 0, sizeof(sum));
	data_stats(e->d, &sum);
	return sum.status[st];
}

static uint64_t counter(const struct end *e, enum counter c)
{
	static struct stats sum;

	memset(&sum, 0, sizeof(sum));
	data_stats(e->d, &sum);
	return sum.count[c];
}

static void poll_main(struct end *e)
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

/* ---- flows -------------------------------------------------------------------------------- */

#define SAS 6
#define FLOWS (2 * SAS)
#define IN_FLIGHT 6
#define VNET_HDR 10 /* struct virtio_net_hdr */

struct flow {
	struct end *from, *to;
	struct addr src, dst;
	uint32_t queue;
	uint32_t sent, received, limit;
	uint32_t lost, disordered;
};

static struct flow flows[2 * FLOWS];
static struct end a, b;
static struct data_sa sa_a[SAS], sa_b[SAS];

/* One SA for each client, seen from the client's end `a` and from the headend's `b`. Clients have
 * their own outer addresses where the family has some, so that they reach different sockets. */
static bool add_sas(uint8_t family)
{
	for (uint32_t i = 0; i < SAS; i++) {
		char outer[16], inner[32], lan[32];
		struct addr lan_addr;

		snprintf(outer, sizeof(outer), "127.0.0.%u", i + 1);
		snprintf(inner, sizeof(inner), i % 2 ? "2001:db8::%u" : "10.99.0.%u", i + 1);
		sa_b[i] = dl_sa(0x10000 + i * 0x0507, 0x20000 + i * 0x0305, inner);
		/* Each client talks to a host of its own, or they would all be one to `a`. */
		snprintf(lan, sizeof(lan), i % 2 ? "2001:db8:1::%u" : "192.0.2.%u", i + 1);
		lan_addr = dl_addr(lan);
		sa_b[i].local_ts[0] = ts_from_addr(&lan_addr);
		sa_b[i].local = dl_endpoint(family == 4 ? "127.0.0.1" : "::1", b.port);
		sa_b[i].remote = dl_endpoint(family == 4 ? outer : "::1", a.port);
		sa_b[i].local.vrf = sa_b[i].remote.vrf = vrf;
		sa_a[i] = dl_other_end(&sa_b[i]);
		if (data_sa_add(b.d, &sa_b[i], false) || data_sa_add(a.d, &sa_a[i], false))
			return false;
	}
	return true;
}

/* Two flows on different queues through each SA and each direction. */
static void make_flows(uint32_t packets)
{
	for (uint32_t f = 0; f < 2 * FLOWS; f++) {
		struct flow *fl = &flows[f];
		uint32_t i = f % SAS;
		const struct addr *client = &sa_b[i].remote_ts[0].lo;
		struct addr lan = sa_b[i].local_ts[0].lo;
		bool up = f < FLOWS;

		*fl = (struct flow){.from = up ? &a : &b, .to = up ? &b : &a, .limit = packets};
		fl->src = up ? *client : lan;
		fl->dst = up ? lan : *client;
		fl->queue = (f / SAS + i) % fl->from->workers;
	}
}

/* Sends what the flow's window allows; false: nothing. */
static bool feed(uint32_t f)
{
	struct flow *fl = &flows[f];
	uint8_t room[VNET_HDR + 256] = {0};
	uint8_t *p = room + VNET_HDR;
	size_t head = fl->from->vnet_hdr ? VNET_HDR : 0;
	bool any = false;

	while (fl->sent < fl->limit && fl->sent - fl->received - fl->lost < IN_FLIGHT) {
		size_t len = dl_packet(p, &fl->src, &fl->dst, f, fl->sent, 8 + fl->sent % 150);

		len += head;
		if (write(fl->from->tun[fl->queue], p - head, len) != (ssize_t)len)
			break;
		fl->sent++;
		any = true;
	}
	return any;
}

static bool drain(struct end *e)
{
	static const uint8_t no_offload[VNET_HDR];
	uint8_t room[512];
	size_t head = e->vnet_hdr ? VNET_HDR : 0;
	const uint8_t *p = room + head;
	ssize_t n;
	bool any = false;

	for (uint32_t q = 0; q < e->workers; q++) {
		while ((n = read(e->tun[q], room, sizeof(room))) > 0) {
			struct flow *fl = &flows[dl_flow(p) % (2 * FLOWS)];
			uint32_t number = dl_number(p);

			any = true;
			if (memcmp(room, no_offload, head) || fl->to != e || number < fl->received + fl->lost) {
				fl->disordered++;
				continue;
			}
			fl->lost += number - fl->received - fl->lost;
			fl->received++;
		}
	}
	return any;
}

static bool all_done(void)
{
	for (uint32_t f = 0; f < 2 * FLOWS; f++) {
		if (flows[f].received + flows[f].lost < flows[f].limit)
			return false;
	}
	return true;
}

/* Runs the flows to their end; between() is called all the time. */
static void run_flows(void (*between)(void))
{
	uint64_t until = now_ms() + 2 * PATIENCE_MS;

	while (!all_done() && now_ms() < until) {
		bool any = false;

		for (uint32_t f = 0; f < 2 * FLOWS; f++)
			any |= feed(f);
		any |= drain(&a);
		any |= drain(&b);
		poll_main(&a);
		poll_main(&b);
		if (between)
			between();
		if (!any)
			poll(NULL, 0, 1);
	}
}

/* What a failed run looked like from inside. */
static void explain(const struct end *e, const char *name)
{
	static struct stats sum;

	memset(&sum, 0, sizeof(sum));
	data_stats(e->d, &sum);
	for (int i = 0; i < ST__MAX; i++) {
		if (sum.status[i])
			printf("# %s %s %llu\n", name, status_token((enum status)i),
			       (unsigned long long)sum.status[i]);
	}
	for (int i = 0; i < CT__MAX; i++) {
		if (sum.count[i])
			printf("# %s %s %llu\n", name, counter_token((enum counter)i),
			       (unsigned long long)sum.count[i]);
	}
}

static void no_loss_and_in_order(void)
{
	for (uint32_t f = 0; f < 2 * FLOWS; f++) {
		if (flows[f].received == flows[f].limit && !flows[f].disordered)
			continue;
		explain(&a, "a");
		explain(&b, "b");
		break;
	}
	for (uint32_t f = 0; f < 2 * FLOWS; f++) {
		T_ROW(f, "flow");
		T_EQ(flows[f].lost, 0);
		T_EQ(flows[f].disordered, 0);
		T_EQ(flows[f].received, flows[f].limit);
	}
}

static void both_ways(uint32_t workers, bool wrong_steering, uint8_t family, bool vnet_hdr)
{
	struct esp_rt *rt_a = rt_memory(), *rt_b = rt_memory();
	uint32_t packets = 400;
	uint64_t through = 0;

	vrf = wrong_steering ? workers : 0;
	T_TRUE(rt_a && rt_b);
	T_TRUE(start(&a, workers, wrong_steering, rt_a));
	T_TRUE(start(&b, workers, wrong_steering, rt_b));
	T_TRUE(open_ports(&a, family, vnet_hdr, false));
	T_TRUE(open_ports(&b, family, vnet_hdr, false));
	T_TRUE(add_sas(family));
	make_flows(packets);
	run_flows(NULL);
	T_DO(no_loss_and_in_order());
	for (uint32_t i = 0; i < SAS; i++) {
		const struct esp_rt *rt = data_sa_rt(b.d, sa_b[i].spi_in);

		T_EQ(rt->packets_in, 2 * packets);
		T_EQ(rt->packets_out, 2 * packets);
		through += rt->packets_in + rt->packets_out;
	}
	T_EQ(counter(&b, CT_ESP_IN) + counter(&b, CT_ESP_OUT), through);
	poll_main(&b);
	T_EQ(b.moved, 0);
	vrf = 0;
	if (workers == 1)
		T_EQ(counter(&b, CT_HANDOVER), 0);
	else if (wrong_steering)
		T_TRUE(counter(&b, CT_HANDOVER) >= through);
	else /* what comes from the network came to its owner */
		T_TRUE(counter(&b, CT_HANDOVER) <= counter(&b, CT_ESP_OUT));
	stop(&a);
	stop(&b);
	rt_free(rt_a);
	rt_free(rt_b);
}

static void flows_with_wrong_steering(void)
{
	static const uint32_t workers[] = {1, 2, 4};

	for (size_t i = 0; i < 3; i++) {
		T_DO(both_ways(workers[i], true, 4, false));
		T_DO(both_ways(workers[i], true, 6, false));
	}
}

static void flows_as_the_kernel_steers(void)
{
	T_DO(both_ways(1, false, 4, false));
	T_DO(both_ways(2, false, 6, false));
	T_DO(both_ways(4, false, 4, false));
	T_DO(both_ways(2, false, 4, true));
}

/* ---- changes under traffic ------------------------------------------------------------------ */

static uint32_t rounds;
static enum { CALM, BOTH, SWITCHED } stage;
static struct data_sa old_a, old_b;
static uint32_t mark[2 * FLOWS];

/* A successor with the same bucket (so the same owner): the responder only listens on it at first,
 * then the initiator uses it, and its first packet makes the responder use it too. */
static void add_successor(uint32_t i)
{
	old_a = sa_a[i];
	old_b = sa_b[i];
	sa_b[i].spi_in += 0x100000;
	sa_b[i].spi_out += 0x100000;
	sa_b[i].key_in[9]++;
	sa_b[i].key_out[9]++;
	sa_a[i] = dl_other_end(&sa_b[i]);
	sa_b[i].receive_only = true;
	if (!data_sa_add(b.d, &sa_b[i], false) && !data_sa_add(a.d, &sa_a[i], false))
		stage = BOTH;
}

static bool is_past_marks(uint32_t i)
{
	for (uint32_t f = i; f < 2 * FLOWS; f += SAS) {
		if (flows[f].received + flows[f].lost < mark[f])
			return false;
	}
	return true;
}

/* One rekey after the other. The predecessor goes when nothing that it sealed is under way; packets
 * of the flows never stop. */
static void change_something(void)
{
	uint32_t i = rounds % SAS;

	switch (stage) {
	case CALM: add_successor(i); break;
	case BOTH:
		if (!data_sa_rt(a.d, sa_a[i].spi_in)->packets_out ||
		    !data_sa_rt(b.d, sa_b[i].spi_in)->packets_out)
			break;
		for (uint32_t f = 0; f < 2 * FLOWS; f++)
			mark[f] = flows[f].sent;
		stage = SWITCHED;
		break;
	case SWITCHED:
		if (!is_past_marks(i))
			break;
		data_sa_del(a.d, old_a.spi_in);
		data_sa_del(b.d, old_b.spi_in);
		rounds++;
		stage = CALM;
		break;
	}
}

static void rekeys_under_traffic(void)
{
	struct esp_rt *rt_a = rt_memory(), *rt_b = rt_memory();

	T_TRUE(rt_a && rt_b);
	T_TRUE(start(&a, 4, true, rt_a) && start(&b, 2, true, rt_b));
	T_TRUE(open_ports(&a, 4, false, false) && open_ports(&b, 4, false, false));
	T_TRUE(add_sas(4));
	make_flows(2000);
	rounds = 0;
	stage = CALM;
	run_flows(change_something);
	T_TRUE(rounds >= SAS);
	T_DO(no_loss_and_in_order());
	T_EQ(counted(&a, ST_OUT_NO_ROUTE) + counted(&b, ST_OUT_NO_ROUTE), 0);
	T_EQ(counted(&a, ST_ESP_NO_SA) + counted(&b, ST_ESP_NO_SA), 0);
	stop(&a);
	stop(&b);
	rt_free(rt_a);
	rt_free(rt_b);
}

/* The client moves to another address: the headend answers there as soon as it was told. */
static void moves_under_traffic(void)
{
	struct esp_rt *rt_a = rt_memory(), *rt_b = rt_memory();

	T_TRUE(rt_a && rt_b);
	T_TRUE(start(&a, 2, true, rt_a) && start(&b, 4, true, rt_b));
	T_TRUE(open_ports(&a, 4, false, false) && open_ports(&b, 4, false, false));
	T_TRUE(add_sas(4));
	make_flows(300);
	for (uint32_t round = 0; round < 5; round++) {
		run_flows(NULL);
		for (uint32_t i = 0; i < SAS; i++) {
			char outer[16];

			snprintf(outer, sizeof(outer), "127.0.%u.%u", round + 1, i + 1);
			sa_a[i].local = dl_endpoint(outer, a.port);
			sa_b[i].remote = sa_a[i].local;
			T_EQ(data_sa_move(a.d, sa_a[i].spi_in, &sa_a[i].local, &sa_a[i].remote), ST_OK);
			T_EQ(data_sa_move(b.d, sa_b[i].spi_in, &sa_b[i].local, &sa_b[i].remote), ST_OK);
		}
		for (uint32_t f = 0; f < 2 * FLOWS; f++)
			flows[f].limit += 300;
	}
	run_flows(NULL);
	T_DO(no_loss_and_in_order());
	T_EQ(data_sa_move(a.d, 0x777, &sa_a[0].local, &sa_a[0].remote), ST_NOT_FOUND);
	stop(&a);
	stop(&b);
	rt_free(rt_a);
	rt_free(rt_b);
}

/* SAs, sockets and TUNs come and go as fast as main can, while other flows run. */
static uint32_t churned;

static void churn(void)
{
	struct data_sa sa = dl_sa(0x5000 + churned % 7, 0x6000, "10.98.0.1");
	struct endpoint local = {.addr = dl_addr("127.0.0.77")};
	int udp[WORKERS_MAX], tun[WORKERS_MAX];

	sa.local = dl_endpoint("127.0.0.1", b.port);
	sa.remote = dl_endpoint("127.0.0.99", a.port);
	if (churned % 2 == 0) {
		if (data_sa_add(b.d, &sa, false))
			return;
	} else {
		sa.spi_in = 0x5000 + (churned - 1) % 7;
		data_sa_del(b.d, sa.spi_in);
	}
	churned++;
	if (churned % 20)
		return;
	for (uint32_t i = 0; i < b.workers; i++) {
		int pair[2];

		udp[i] = udp_socket(4, &local.port, "127.0.0.77");
		if (udp[i] < 0 || !queue_pair(pair))
			return;
		close(pair[0]);
		tun[i] = pair[1];
	}
	if (data_add_udp(b.d, &local, 4, udp) || data_add_tun(b.d, 2, tun, false, false) ||
	    data_del_udp(b.d, &local, 4) || data_del_tun(b.d, 2))
		churned = 1000000;
}

static void churn_under_traffic(void)
{
	struct esp_rt *rt_a = rt_memory(), *rt_b = rt_memory();

	T_TRUE(rt_a && rt_b);
	T_TRUE(start(&a, 2, true, rt_a) && start(&b, 4, true, rt_b));
	T_TRUE(open_ports(&a, 4, false, false) && open_ports(&b, 4, false, false));
	T_TRUE(add_sas(4));
	make_flows(500);
	churned = 0;
	run_flows(churn);
	T_DO(no_loss_and_in_order());
	T_TRUE(churned > 100 && churned < 1000000);
	stop(&a);
	stop(&b);
	rt_free(rt_a);
	rt_free(rt_b);
}

/* ---- one peer by hand ----------------------------------------------------------------------- */

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
	T_TRUE(open_ports(&a, 4, false, false) && open_ports(&b, 4, false, false));
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
	T_TRUE(b.notices <= 20); /* ten a second and worker */
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

/* What the headend's own side does not carry. */
static void outbound_refusals(void)
{
	struct esp_rt *rt_b = rt_memory();
	struct data_sa sa = dl_sa(0x10001, 0x20001, "10.99.0.1");
	struct addr src = dl_addr("192.0.2.1"), dst = dl_addr("10.99.0.1"), no = dl_addr("10.99.0.7");
	uint8_t p[4000];
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
	len = dl_packet(p, &src, &no, 0, 0, 8);
	T_EQ(write(b.tun[1], p, len), len);
	WAIT_FOR(&b, counted(&b, ST_OUT_NO_ROUTE) == 1);
	T_EQ(write(b.tun[1], p, len - 1), len - 1);
	T_EQ(write(b.tun[1], "garbage", 7), 7);
	WAIT_FOR(&b, counted(&b, ST_ESP_MALFORMED) == 2);
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
	uint8_t msg[40] = {0};
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
	T_EQ(data_add_tun(b.d, 1, fds, false, false), ST_EXISTS);
	T_EQ(data_del_udp(b.d, &other, 4), ST_NOT_FOUND);
	T_EQ(data_del_tun(b.d, 9), ST_NOT_FOUND);
	T_EQ(data_del_tun(b.d, 1), ST_OK);
	T_EQ(data_del_tun(b.d, 1), ST_NOT_FOUND);
	T_EQ(data_add_tun(b.d, 1, fds, false, true), ST_OK);
	/* The old queue closes when the worker has let go of it: our end hears it no more. */
	is_closed = false;
	WAIT_FOR(&b, closed(b.tun[0]));
	close(pair[0]);
	stop(&b);
	rt_free(rt_b);
}

int main(void)
{
	T_RUN(flows_with_wrong_steering);
	T_RUN(flows_as_the_kernel_steers);
	T_RUN(rekeys_under_traffic);
	T_RUN(moves_under_traffic);
	T_RUN(churn_under_traffic);
	T_RUN(attacks);
	T_RUN(outbound_refusals);
	T_RUN(numbers_used_up);
	T_RUN(goes_on_after_death);
	T_RUN(ike_beside_esp);
	T_RUN(ike_flood);
	T_RUN(heard_elsewhere);
	T_RUN(ports_by_name);
	return t_end();
}
