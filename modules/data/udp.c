#include "modules/data/udp.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/udp.h>
#include <string.h>

#define SOCKET_BYTES (4 << 20)

static void widen(int fd, int option)
{
	const int bytes = SOCKET_BYTES;
	int has = 0;
	socklen_t len = sizeof(has);

	/* The kernel counts twice what was asked for. Without privilege asking could also make it less: the
	 * holder may have given more than the system lets us have. */
	if (getsockopt(fd, SOL_SOCKET, option, &has, &len) || has < 2 * bytes)
		(void)setsockopt(fd, SOL_SOCKET, option, &bytes, sizeof(bytes));
}

void udp_widen(int fd)
{
	widen(fd, SO_RCVBUF);
	widen(fd, SO_SNDBUF);
}

enum status udp_prepare(int fd, uint8_t family, bool trains)
{
	const int on = 1;

	udp_widen(fd);
	if (trains)
		(void)setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof(on));
	if (family == 4)
		(void)setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof(on));
	else
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof(on));
	if (family == 4)
		return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) ? ST_IO : ST_OK;
	/* Refused once the socket is bound; who bound it has chosen then. */
	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	return setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) ? ST_IO : ST_OK;
}

/* The program sees the datagram from its payload on. A number that no socket has means: by hash. */
void udp_steer(int fd, uint32_t n)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 0), /* the marker of IKE */
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xff),
		BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, n),
		BPF_STMT(BPF_RET | BPF_A, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	const struct sock_fprog prog = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

	(void)setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &prog, sizeof(prog));
}

static struct endpoint from_sockaddr(const struct sockaddr_storage *ss)
{
	struct endpoint e = {0};

	if (ss->ss_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, ss, sizeof(in));
		e.addr = addr_from((const uint8_t *)&in.sin_addr, 4);
		e.port = ntohs(in.sin_port);
	} else if (ss->ss_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, ss, sizeof(in6));
		e.addr = addr_from((const uint8_t *)&in6.sin6_addr, 16);
		e.port = ntohs(in6.sin6_port);
	}
	return e;
}

socklen_t udp_sockaddr(const struct endpoint *e, struct sockaddr_storage *ss)
{
	memset(ss, 0, sizeof(*ss));
	if (e->addr.family == 4) {
		struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(e->port)};

		memcpy(&in.sin_addr, e->addr.b, 4);
		memcpy(ss, &in, sizeof(in));
		return sizeof(in);
	}
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(e->port)};

	memcpy(&in6.sin6_addr, e->addr.b, 16);
	memcpy(ss, &in6, sizeof(in6));
	return sizeof(in6);
}

static void read_control(struct msghdr *m, struct pkt *k)
{
	k->local = (struct endpoint){0};
	k->seg = 0;
	k->tos = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			k->local.addr = addr_from((const uint8_t *)&info.ipi_addr, 4);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			k->local.addr = addr_from((const uint8_t *)&info.ipi6_addr, 16);
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
			k->tos = *CMSG_DATA(c);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
			int tos;

			memcpy(&tos, CMSG_DATA(c), sizeof(tos));
			k->tos = (uint8_t)tos;
		} else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
			int seg;

			memcpy(&seg, CMSG_DATA(c), sizeof(seg));
			if (seg > 0 && (size_t)seg < k->len)
				k->seg = (uint16_t)seg;
		}
	}
}

size_t udp_recv(int fd, struct udp_rx *rx, struct pkt **pkts, size_t n)
{
	int got;

	for (size_t i = 0; i < n; i++) {
		struct udp_slot *s = &rx->slots[i];

		s->iov = (struct iovec){pkts[i]->p, PKT_MAX};
		rx->msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &s->from,
			.msg_namelen = sizeof(s->from),
			.msg_iov = &s->iov,
			.msg_iovlen = 1,
			.msg_control = s->control,
			.msg_controllen = sizeof(s->control),
		};
	}
	got = recvmmsg(fd, rx->msgs, (unsigned)n, MSG_DONTWAIT, NULL);
	if (got <= 0)
		return 0;
	for (size_t i = 0; i < (size_t)got; i++) {
		pkts[i]->len = rx->msgs[i].msg_len;
		pkts[i]->remote = from_sockaddr(&rx->slots[i].from);
		read_control(&rx->msgs[i].msg_hdr, pkts[i]);
	}
	return (size_t)got;
}

/* Control messages: the address that the datagram shall leave from, and how it is to be cut. */
size_t udp_put_source(const struct addr *a, struct cmsghdr *c)
{
	if (a->family == 4) {
		struct in_pktinfo info = {0};

		memcpy(&info.ipi_spec_dst, a->b, 4);
		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		return CMSG_SPACE(sizeof(info));
	}
	struct in6_pktinfo info = {0};

	memcpy(&info.ipi6_addr, a->b, 16);
	c->cmsg_level = IPPROTO_IPV6;
	c->cmsg_type = IPV6_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(c), &info, sizeof(info));
	return CMSG_SPACE(sizeof(info));
}

static size_t put_segment(uint16_t seg, struct cmsghdr *c)
{
	c->cmsg_level = SOL_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof(seg));
	memcpy(CMSG_DATA(c), &seg, sizeof(seg));
	return CMSG_SPACE(sizeof(seg));
}

size_t udp_put_tos(uint8_t family, uint8_t tos, struct cmsghdr *c)
{
	int value = tos;

	c->cmsg_level = family == 4 ? IPPROTO_IP : IPPROTO_IPV6;
	c->cmsg_type = family == 4 ? IP_TOS : IPV6_TCLASS;
	c->cmsg_len = CMSG_LEN(sizeof(value));
	memcpy(CMSG_DATA(c), &value, sizeof(value));
	return CMSG_SPACE(sizeof(value));
}

static enum status send_as(int fd, const struct endpoint *local, const struct endpoint *remote,
			   struct iovec *iov, size_t n_iov, uint16_t seg, uint8_t tos)
{
	struct sockaddr_storage to;
	_Alignas(struct cmsghdr) uint8_t control[128] = {0};
	struct msghdr m = {
		.msg_name = &to,
		.msg_namelen = udp_sockaddr(remote, &to),
		.msg_iov = iov,
		.msg_iovlen = n_iov,
		.msg_control = control,
	};

	if (!addr_is_any(&local->addr))
		m.msg_controllen = udp_put_source(&local->addr, (struct cmsghdr *)(void *)control);
	if (seg)
		m.msg_controllen += put_segment(seg, (struct cmsghdr *)(void *)(control + m.msg_controllen));
	if (tos)
		m.msg_controllen += udp_put_tos(remote->addr.family, tos,
					       (struct cmsghdr *)(void *)(control + m.msg_controllen));
	if (m.msg_controllen == 0)
		m.msg_control = NULL;
	if (sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return ST_OK;
	if (seg && (errno == EINVAL || errno == EIO || errno == EMSGSIZE || errno == EOPNOTSUPP))
		return ST_BAD_LENGTH;
	return errno == EMSGSIZE ? ST_ESP_TOO_BIG : ST_OUT_SEND;
}

enum status udp_send(int fd, const struct endpoint *local, const struct endpoint *remote,
		     struct view head, struct view body)
{
	struct iovec iov[2] = {
		{(void *)(uintptr_t)head.p, head.len},
		{(void *)(uintptr_t)body.p, body.len},
	};

	return send_as(fd, local, remote, iov, 2, 0, 0);
}

enum status udp_send_esp(int fd, const struct endpoint *local, const struct endpoint *remote, struct view body,
			 uint8_t tos)
{
	struct iovec iov = {(void *)(uintptr_t)body.p, body.len};

	return send_as(fd, local, remote, &iov, 1, 0, tos);
}

enum status udp_send_train(int fd, const struct endpoint *local, const struct endpoint *remote,
			   struct view body, uint16_t seg, uint8_t tos)
{
	struct iovec iov = {(void *)(uintptr_t)body.p, body.len};

	return send_as(fd, local, remote, &iov, 1, seg, tos);
}
