/* What the kernel says of a way, on a link with a large MTU; that asking sends nothing and leaves no
 * error behind; DF. */
#include "modules/data/mtu.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "modules/data/udp.h"
#include "tests/lib/t.h"

/* A datagram socket on the loopback address. */
static int open_on(uint8_t family, struct endpoint *at)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	socklen_t len = family == 4 ? sizeof(in) : sizeof(in6);
	struct sockaddr *sa = family == 4 ? (struct sockaddr *)&in : (struct sockaddr *)&in6;
	int fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	if (fd < 0 || udp_prepare(fd, family, false) || bind(fd, sa, len) || getsockname(fd, sa, &len))
		return -1;
	*at = (struct endpoint){.port = ntohs(family == 4 ? in.sin_port : in6.sin6_port)};
	(void)!addr_parse(family == 4 ? "127.0.0.1" : "::1", &at->addr);
	return fd;
}

static void ways(void)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct endpoint a, b, unknown = {.port = 4500};
		int from = open_on(family, &a), to = open_on(family, &b), err = 0;
		socklen_t len = sizeof(err);
		uint8_t buf[16];
		struct mtu m;

		T_ROW(family, "family");
		if (from < 0 || to < 0) {
			printf("# no loopback address of IPv%u\n", family);
			continue;
		}
		m = mtu_ask(from, &a, &b);
		T_TRUE(m.path >= 16000 && m.media >= m.path);
		T_EQ(recv(to, buf, sizeof(buf), 0), -1);
		T_EQ(getsockopt(from, SOL_SOCKET, SO_ERROR, &err, &len), 0);
		T_EQ(err, 0);
		/* no way at all (a documentation prefix has no route here, or one that says its MTU) */
		(void)!addr_parse(family == 4 ? "240.0.0.1" : "ff0e::1", &unknown.addr);
		m = mtu_ask(from, &a, &unknown);
		T_TRUE(m.path <= 65536);
		/* the socket works as before */
		for (int df = 0; df < 2; df++) {
			mtu_set_df(from, family, df);
			T_EQ(udp_send(from, &a, &b, (struct view){0}, (struct view){(const uint8_t *)"x", 1}), ST_OK);
			T_EQ(recv(to, buf, sizeof(buf), 0), 1);
		}
		close(from);
		close(to);
	}
}

/* What a privileged process gave a socket is not taken back. */
static void buffers_only_grow(void)
{
	static const int forced[] = {SO_RCVBUFFORCE, SO_SNDBUFFORCE}, plain[] = {SO_RCVBUF, SO_SNDBUF};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), first[2], bytes = 9 << 20, after = 0;
	socklen_t len = sizeof(int);

	for (int i = 0; i < 2; i++)
		T_EQ(getsockopt(fd, SOL_SOCKET, plain[i], &first[i], &len), 0);
	udp_widen(fd);
	for (int i = 0; i < 2; i++) {
		T_EQ(getsockopt(fd, SOL_SOCKET, plain[i], &after, &len), 0);
		T_TRUE(after >= first[i]);
	}
	for (int i = 0; i < 2; i++)
		if (setsockopt(fd, SOL_SOCKET, forced[i], &bytes, len) == 0) {
			udp_widen(fd);
			T_EQ(getsockopt(fd, SOL_SOCKET, plain[i], &after, &len), 0);
			T_EQ(after, 2 * bytes);
		}
	close(fd);
}

int main(void)
{
	T_RUN(ways);
	T_RUN(buffers_only_grow);
	return t_end();
}
