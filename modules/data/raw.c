#include "modules/data/raw.h"

#include <errno.h>
#include <linux/filter.h>

#include "core/wire/ip.h"

/* The program sees an IPv4 packet from its header on, an IPv6 packet from what follows its headers. It
 * is attached anew when the number of workers changed; packets that were let through by the old one are
 * still taken, and one that two sockets got is refused as a replay. */
static enum status steer(int fd, uint8_t family, uint32_t n, uint32_t index)
{
	struct sock_filter v4[] = {
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xff),
		BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, n),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, index, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_filter v6[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xff),
		BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, n),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, index, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog prog = {
		.len = family == 4 ? sizeof(v4) / sizeof(v4[0]) : sizeof(v6) / sizeof(v6[0]),
		.filter = family == 4 ? v4 : v6,
	};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) ? ST_IO : ST_OK;
}

enum status raw_prepare(int fd, uint8_t family, uint32_t n, uint32_t index)
{
	const int on = 1;
	int failed;

	udp_widen(fd);
	if (family == 6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof(on));
	failed = family == 4 ? setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on))
			     : setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
	return failed ? ST_IO : steer(fd, family, n, index);
}

/* The kernel has put fragments together and checked the header. */
static void strip_ipv4(struct pkt *k)
{
	struct ip_info ip;

	if (ip_parse(k->p, k->len, &ip) != ST_OK || ip.version != 4) {
		k->len = 0;
		return;
	}
	k->tos = k->p[1];
	k->p += ip.header_len;
	k->len = ip.total_len - ip.header_len;
}

size_t raw_recv(int fd, uint8_t family, struct udp_rx *rx, struct pkt **pkts, size_t n)
{
	size_t got = udp_recv(fd, rx, pkts, n);

	for (size_t i = 0; i < got; i++) {
		pkts[i]->remote.port = 0;
		if (family == 4)
			strip_ipv4(pkts[i]);
	}
	return got;
}

unsigned raw_send(int fd, const struct endpoint *local, const struct endpoint *remote, struct view body,
		  size_t seg, uint8_t tos, enum status *why)
{
	struct endpoint dst = {.addr = remote->addr}; /* a port means a protocol to raw sockets of IPv6 */
	struct sockaddr_storage to;
	_Alignas(struct cmsghdr) uint8_t control[128] = {0};
	struct msghdr like = {.msg_name = &to, .msg_namelen = udp_sockaddr(&dst, &to), .msg_iovlen = 1};
	struct mmsghdr msgs[RAW_TRAIN_MAX];
	struct iovec iov[RAW_TRAIN_MAX];
	unsigned n = 0, sent = 0;

	if (!addr_is_any(&local->addr))
		like.msg_controllen = udp_put_source(&local->addr, (struct cmsghdr *)(void *)control);
	if (tos)
		like.msg_controllen += udp_put_tos(remote->addr.family, tos,
						   (struct cmsghdr *)(void *)(control + like.msg_controllen));
	if (like.msg_controllen)
		like.msg_control = control;
	for (size_t at = 0; at < body.len && n < RAW_TRAIN_MAX; at += seg, n++) {
		iov[n] = (struct iovec){(void *)(uintptr_t)(body.p + at), body.len - at < seg ? body.len - at : seg};
		like.msg_iov = &iov[n];
		msgs[n] = (struct mmsghdr){.msg_hdr = like};
	}
	/* One that does not leave stops the call, not the others. */
	for (unsigned at = 0; at < n;) {
		int done = sendmmsg(fd, msgs + at, n - at, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (done > 0) {
			sent += (unsigned)done;
			at += (unsigned)done;
			continue;
		}
		*why = errno == EMSGSIZE ? ST_ESP_TOO_BIG : ST_OUT_SEND;
		at++;
	}
	return sent;
}
