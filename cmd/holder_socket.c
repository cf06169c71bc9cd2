#include "cmd/holder_socket.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/sockname.h"

#define SOCKET_BUFFER (4 << 20)

static bool set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

static bool set_listening(int fd, const struct asroot_request *rq)
{
	(void)set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_BUFFER);
	(void)set_int(fd, SOL_SOCKET, SO_SNDBUFFORCE, SOCKET_BUFFER);
	return (rq->op == ASROOT_RAW || set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1)) &&
	       (rq->family == 4 ? set_int(fd, IPPROTO_IP, IP_PKTINFO, 1) :
			      set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1));
}

/* Every raw socket gets every packet: which ones are its worker's is main's to say. */
static bool set_deaf(int fd)
{
	struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog prog = {.len = 1, .filter = &none};
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) == 0;
}

static bool set_options(int fd, const struct asroot_request *rq)
{
	/* The port is chosen when it connects, so that one port serves several servers. */
	if (rq->op == ASROOT_STREAM)
		(void)set_int(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	if (rq->op == ASROOT_ASKER || rq->op == ASROOT_STREAM)
		return rq->family == 4 || set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (rq->op == ASROOT_RAW && !set_deaf(fd))
		return false;
	/* Nobody reads what comes to a socket that only sends. */
	if (rq->op == ASROOT_UDP && rq->port == 0 ? !set_int(fd, SOL_SOCKET, SO_RCVBUF, 0) :
						    !set_listening(fd, rq))
		return false;
	if (rq->family == 4)
		return set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	/* A raw socket is of its family only, and cannot be told so. */
	return (rq->op == ASROOT_RAW || set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)) &&
	       set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
}

static bool bind_to(int fd, const struct asroot_request *rq)
{
	struct addr a = rq->addr; /* family 0: every address of the family that is asked for */
	union sockname name;
	a.family = rq->family;
	socklen_t len = sockname_of(&name, &a, rq->port);
	return bind(fd, &name.sa, len) == 0;
}

static bool set_absent(int fd, uint8_t family)
{
	return family == 4 ? set_int(fd, IPPROTO_IP, IP_FREEBIND, 1) :
			     set_int(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
}

enum status holder_socket(const struct asroot_request *rq, int *out, int32_t *error)
{
	int type = rq->op == ASROOT_RAW ? SOCK_RAW : rq->op == ASROOT_STREAM ? SOCK_STREAM : SOCK_DGRAM;
	int fd = socket(rq->family == 4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK,
			rq->op == ASROOT_RAW ? IPPROTO_ESP : 0);
	if (fd < 0)
		return ST_IO;
	bool ok = set_options(fd, rq) && bind_to(fd, rq);
	if (!ok && errno == EADDRNOTAVAIL && rq->may_be_absent) {
		*error = errno;
		ok = set_absent(fd, rq->family) && bind_to(fd, rq);
	}
	if (!ok) {
		int e = errno;
		close(fd);
		errno = e;
		return ST_IO;
	}
	*out = fd;
	return ST_OK;
}

/* "Packet too big" about ESP is only heeded by the kernel for raw sockets of IPv6 that want to hear of errors,
 * and those cannot send: each error takes the place of a packet. So one that nobody reads from wants to. */
int holder_ear(const struct asroot_request *rq)
{
	if (rq->op != ASROOT_RAW || rq->family != 6)
		return 0;
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ESP);
	if (fd < 0)
		return 0;
	(void)set_int(fd, SOL_SOCKET, SO_RCVBUF, 0);
	if (!set_deaf(fd) || !set_int(fd, IPPROTO_IPV6, IPV6_RECVERR, 1)) {
		close(fd);
		return 0;
	}
	return fd;
}
