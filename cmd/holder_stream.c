#include "cmd/holder_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int open_stream(const struct asroot_request *rq)
{
	struct sockaddr_in in4 = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	bool is4 = rq->family == 4;
	int fd = socket(is4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;
	if (fd < 0 || rq->addr.family == 0)
		return fd;
	/* The port is chosen when it connects, so that one port serves several servers. */
	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	memcpy(&in4.sin_addr, rq->addr.b, 4);
	memcpy(&in6.sin6_addr, rq->addr.b, 16);
	if (bind(fd, is4 ? (struct sockaddr *)&in4 : (struct sockaddr *)&in6, is4 ? sizeof(in4) : sizeof(in6)) == 0)
		return fd;
	int e = errno;
	close(fd);
	errno = e;
	return -1;
}

/* The VRF's namespace; -1 with errno. */
static int open_vrf(const char *vrf)
{
	char path[sizeof("/run/netns/") + ASROOT_VRF];
	snprintf(path, sizeof(path), "/run/netns/%s", vrf);
	return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

static int open_inside(const struct kept *k, const struct asroot_request *rq)
{
	int ns = open_vrf(rq->vrf), fd = -1;
	if (ns < 0)
		return -1;
	if (setns(ns, CLONE_NEWNET) == 0)
		fd = open_stream(rq);
	int e = errno;
	close(ns);
	/* In the wrong namespace everything that follows would be wrong. */
	if (setns(k->home_ns, CLONE_NEWNET) != 0)
		_exit(70);
	errno = e;
	return fd;
}

enum status asroot_stream(struct kept *k, const struct asroot_request *rq, struct asroot_reply *reply, int *fds)
{
	int fd = rq->vrf[0] ? open_inside(k, rq) : open_stream(rq);
	if (fd < 0)
		return rq->vrf[0] && errno == ENOENT ? ST_NOT_FOUND : ST_IO;
	k->passing = fd; /* main's alone */
	fds[0] = fd;
	reply->n_fds = 1;
	return ST_OK;
}
