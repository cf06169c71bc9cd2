/* Port 500's sockets on loopback: who comes first, from which address answers leave. */
#include "modules/net/net.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "tests/lib/t.h"

#define MAX 64

struct seen {
	int n;
	uint8_t first[MAX]; /* last byte of each message */
	size_t len[MAX];
	struct endpoint local, remote;
};

static void on_ike(void *ctx, const struct endpoint *local, const struct endpoint *remote,
		   const uint8_t *msg, size_t len)
{
	struct seen *s = ctx;
	if (s->n == MAX)
		return;
	s->first[s->n] = len ? msg[len - 1] : 0;
	s->len[s->n++] = len;
	s->local = *local;
	s->remote = *remote;
}

static int udp(uint16_t *port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	socklen_t len = sizeof(sa);
	int on = 1, fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&sa, sizeof(sa)) || getsockname(fd, (struct sockaddr *)&sa, &len))
		return -1;
	*port = ntohs(sa.sin_port);
	return fd;
}

static void send_to(int fd, const char *ip, uint16_t port, const uint8_t *msg, size_t len)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	inet_pton(AF_INET, ip, &to.sin_addr);
	T_EQ(sendto(fd, msg, len, 0, (struct sockaddr *)&to, sizeof(to)), (ssize_t)len);
}

static void test_order_and_address(void)
{
	static const struct net_ports ports = {on_ike};
	struct stats *stats = aligned_alloc(64, sizeof(*stats));
	struct seen s = {0};
	struct net *n = net_new(&ports, &s, stats);
	uint16_t port, peer_port;
	int fd = udp(&port), peer = udp(&peer_port);
	struct endpoint any = {.vrf = 3, .port = port};
	T_TRUE(stats && n && fd >= 0 && peer >= 0);
	memset(stats, 0, sizeof(*stats));
	T_EQ(net_add(n, &any, 4, fd), ST_OK);
	/* Three that start something, two with a responder SPI, one too short, one too long. */
	for (uint8_t i = 1; i <= 5; i++) {
		uint8_t msg[28] = {1, [8] = i == 2 || i == 4, [27] = i};
		T_DO(send_to(peer, "127.0.0.2", port, msg, sizeof(msg)));
	}
	T_DO(send_to(peer, "127.0.0.2", port, (const uint8_t *)"\6", 1));
	uint8_t *big = calloc(1, 20000);
	T_DO(send_to(peer, "127.0.0.2", port, big, 20000));
	net_on_readable(n, fd);
	T_EQ(s.n, 6);
	T_MEM(s.first, "\2\4\1\3\5\6", 6);
	T_EQ(s.len[5], 1);
	T_EQ(stats->status[ST_LIMIT], 1);
	T_EQ(s.local.vrf, 3);
	T_EQ(s.local.port, port);
	T_MEM(s.local.addr.b, "\177\0\0\2", 4);
	T_EQ(s.remote.port, peer_port);
	/* The answer leaves from the address that was hit. */
	net_send(n, &s.local, &s.remote, (const uint8_t *)"answer", 6);
	char buf[16];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	T_EQ(recvfrom(peer, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len), 6);
	T_EQ(ntohl(from.sin_addr.s_addr), 0x7f000002);
	T_EQ(ntohs(from.sin_port), port);
	/* No socket for another VRF. */
	struct endpoint other = s.local;
	other.vrf = 4;
	net_send(n, &other, &s.remote, (const uint8_t *)"answer", 6);
	T_EQ(stats->status[ST_OUT_SEND], 1);
	T_EQ(net_del(n, &other, 4), ST_NOT_FOUND);
	T_EQ(net_del(n, &any, 4), ST_OK);
	T_EQ(fcntl(fd, F_GETFD), -1);
	net_on_readable(n, fd);
	T_EQ(s.n, 6);
	free(big);
	close(peer);
	net_free(n);
	free(stats);
	T_EQ(mem_live(), 0);
}

int main(void)
{
	T_RUN(test_order_and_address);
	return t_end();
}
