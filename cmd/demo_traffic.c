#include "cmd/demo_traffic.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/rd.h"
#include "core/base/sockname.h"
#include "core/base/wr.h"

#define PATIENCE_MS 2500 /* for an answer, a connection, the next byte */
#define PACKET_CAP 128
#define BLOCK (256 * 1024)

static uint64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static bool is_ready(int fd, short events, uint64_t until_us)
{
	struct pollfd p = {.fd = fd, .events = events};
	uint64_t now = now_us();
	int ms = until_us > now ? (int)((until_us - now + 999) / 1000) : 0;
	return poll(&p, 1, ms) == 1;
}

/* ---- echo (RFC 792, RFC 4443 section 4) ---------------------------------------------------------- */

static uint16_t checksum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* An even number of bytes. The kernel sums up those of IPv6. */
static size_t build_echo(uint8_t *out, uint8_t family, uint16_t id, uint16_t seq)
{
	static const char text[] = "through the sally port ";
	struct wr w = wr_init(out, PACKET_CAP);
	wr_u8(&w, family == 4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST);
	wr_u8(&w, 0);
	wr_u16(&w, 0);
	wr_u16(&w, id);
	wr_u16(&w, seq);
	wr_bytes(&w, text, sizeof(text));
	if (family == 4)
		wr_put_u16(&w, 2, checksum(out, w.len));
	return w.len;
}

static bool is_answer(const uint8_t *p, size_t len, uint8_t family, uint16_t id, uint16_t seq)
{
	struct rd r = rd_init(p, len);
	if (family == 4) { /* a raw socket shows the IP header */
		uint8_t first = rd_u8(&r);
		rd_skip(&r, (size_t)(first & 15) * 4 - 1);
	}
	uint8_t type = rd_u8(&r);
	rd_skip(&r, 3);
	uint16_t got_id = rd_u16(&r), got_seq = rd_u16(&r);
	return rd_ok(&r) && type == (family == 4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY) && got_id == id &&
	       got_seq == seq;
}

static void ping_once(struct demo_ping *p, int fd, uint16_t seq)
{
	uint8_t buf[PACKET_CAP];
	uint16_t id = (uint16_t)getpid();
	uint64_t start = now_us(), end = start + PATIENCE_MS * 1000;
	size_t len = build_echo(buf, p->to.family, id, seq);
	if (send(fd, buf, len, 0) < 0) {
		p->error = errno;
		return;
	}
	while (is_ready(fd, POLLIN, end)) {
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n <= 0 || !is_answer(buf, (size_t)n, p->to.family, id, seq))
			continue;
		p->answers++;
		p->sum_us += now_us() - start;
		return;
	}
}

int demo_ping_run(void *ctx)
{
	struct demo_ping *p = ctx;
	union sockname to;
	socklen_t len = sockname_of(&to, &p->to, 0);
	int fd = socket(to.sa.sa_family, SOCK_RAW | SOCK_CLOEXEC,
			p->to.family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	if (fd < 0 || connect(fd, &to.sa, len) != 0) {
		p->error = errno;
		return 1;
	}
	for (unsigned i = 0; i < p->count && !p->error; i++) {
		if (i)
			(void)poll(NULL, 0, (int)p->gap_ms);
		ping_once(p, fd, (uint16_t)(i + 1));
	}
	return p->answers == p->count ? 0 : 1;
}

/* ---- stream -------------------------------------------------------------------------------------- */

static int connect_to(const struct demo_stream *s)
{
	union sockname to;
	socklen_t len = sockname_of(&to, &s->to, s->port);
	int e = 0;
	socklen_t e_len = sizeof(e);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || (connect(fd, &to.sa, len) != 0 && errno != EINPROGRESS))
		return -1;
	if (!is_ready(fd, POLLOUT, now_us() + PATIENCE_MS * 1000) ||
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &e_len) != 0 || e)
		return -1;
	return fd;
}

static int accept_from(const struct demo_stream *s)
{
	if (!is_ready(s->listener, POLLIN, now_us() + PATIENCE_MS * 1000))
		return -1;
	return accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* Sends for the time wanted, then waits until the other side has read everything and closed. */
static bool send_all(const struct demo_stream *s, int fd)
{
	static uint8_t block[BLOCK];
	uint64_t end = now_us() + (uint64_t)s->send_ms * 1000;
	while (now_us() < end && is_ready(fd, POLLOUT, end)) {
		if (send(fd, block, sizeof(block), MSG_NOSIGNAL) < 0 && errno != EAGAIN)
			return false;
	}
	return shutdown(fd, SHUT_WR) == 0 && is_ready(fd, POLLIN, now_us() + 2 * PATIENCE_MS * 1000) &&
	       recv(fd, block, sizeof(block), 0) == 0;
}

static bool receive_all(struct demo_stream *s, int fd)
{
	static uint8_t block[BLOCK];
	uint64_t first = 0;
	while (is_ready(fd, POLLIN, now_us() + PATIENCE_MS * 1000)) {
		ssize_t n = recv(fd, block, sizeof(block), 0);
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n <= 0)
			return n == 0;
		if (!first)
			first = now_us();
		s->bytes += (uint64_t)n;
		s->took_us = now_us() - first;
	}
	return false;
}

int demo_stream_run(void *ctx)
{
	struct demo_stream *s = ctx;
	int fd = s->listener < 0 ? connect_to(s) : accept_from(s);
	if (fd < 0)
		return 1;
	bool ok = s->is_sender ? send_all(s, fd) : receive_all(s, fd);
	close(fd);
	return ok ? 0 : 1;
}
