#include "cmd/holder_proto.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CALL_TIMEOUT_MS 5000

union control {
	struct cmsghdr align;
	uint8_t bytes[CMSG_SPACE(sizeof(int) * ASROOT_FDS)];
};

/* Takes the descriptors out of a message: into fds, or closed when nobody wants them. */
static uint32_t take_fds(struct msghdr *h, int *fds)
{
	uint32_t n = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (fds && n < ASROOT_FDS)
				fds[n++] = fd;
			else
				close(fd);
		}
	}
	return n;
}

static void close_all(int *fds, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		close(fds[i]);
}

/* The reply with this serial; older ones belong to calls that timed out. */
static enum status await_reply(int control, uint32_t serial, struct asroot_reply *reply, int *fds)
{
	for (;;) {
		struct pollfd p = {.fd = control, .events = POLLIN};
		int rc = poll(&p, 1, CALL_TIMEOUT_MS);
		if (rc < 0 && errno == EINTR)
			continue;
		if (rc <= 0) {
			errno = rc == 0 ? ETIMEDOUT : errno;
			return rc == 0 ? ST_TIMEOUT : ST_IO;
		}
		union control ctl;
		struct iovec iov = {reply, sizeof(*reply)};
		struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &ctl,
				   .msg_controllen = sizeof(ctl)};
		ssize_t n = recvmsg(control, &h, MSG_CMSG_CLOEXEC);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? ECONNRESET : errno;
			return ST_IO;
		}
		uint32_t n_fds = take_fds(&h, fds);
		bool is_ours = n == sizeof(*reply) && reply->serial == serial;
		if (is_ours && (!fds || reply->n_fds == n_fds))
			return (enum status)reply->status;
		close_all(fds, n_fds);
		if (is_ours) {
			errno = EMFILE; /* descriptors were lost on the way */
			return ST_IO;
		}
	}
}

enum status asroot_call(int control, const struct asroot_request *rq, struct asroot_reply *reply,
			int *fds)
{
	static uint32_t serial; /* the loop thread's */
	struct asroot_request out = *rq;
	out.serial = ++serial;
	*reply = (struct asroot_reply){0};
	if (send(control, &out, sizeof(out), MSG_NOSIGNAL) != sizeof(out))
		return ST_IO;
	enum status st = await_reply(control, out.serial, reply, fds);
	if (st == ST_IO && reply->error)
		errno = reply->error;
	return st;
}

bool asroot_is_gone(int control)
{
	struct asroot_reply late;
	union control ctl;
	struct iovec iov = {&late, sizeof(late)};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &ctl,
			   .msg_controllen = sizeof(ctl)};
	ssize_t n = recvmsg(control, &h, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (n > 0)
		take_fds(&h, NULL);
	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

int asroot_receive(int control, struct asroot_request *rq)
{
	union control ctl;
	struct iovec iov = {rq, sizeof(*rq)};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &ctl,
			   .msg_controllen = sizeof(ctl)};
	ssize_t n = recvmsg(control, &h, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		return 0;
	if (n < 0)
		return -1;
	take_fds(&h, NULL); /* main has nothing to give us */
	return n == sizeof(*rq) && !(h.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) ? 1 : -1;
}

void asroot_answer(int control, const struct asroot_reply *reply, const int *fds)
{
	union control ctl = {0};
	struct asroot_reply copy = *reply;
	struct iovec iov = {&copy, sizeof(copy)};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};
	if (reply->n_fds) {
		h.msg_control = &ctl;
		h.msg_controllen = CMSG_SPACE(sizeof(int) * reply->n_fds);
		struct cmsghdr *c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * reply->n_fds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * reply->n_fds);
	}
	/* A main that does not read is as good as dead; it is watched by other means. */
	(void)sendmsg(control, &h, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* ---- judging a request ------------------------------------------------------------------- */

static bool is_clean(const char *s, size_t cap, bool may_be_empty)
{
	size_t len = strnlen(s, cap);
	if (len == cap || (len == 0 && !may_be_empty))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-", s[i]))
			return false;
	return true;
}

static bool is_prefix(const struct prefix *p, uint8_t family, bool may_be_none)
{
	if (p->addr.family == 0)
		return may_be_none;
	return p->addr.family == family && p->len <= (family == 4 ? 32 : 128);
}

#define DHCP_SERVER 67
#define DHCP_CLIENT 68

/* The ports of DHCP are ASROOT_DHCP's. */
static bool sane_udp(const struct asroot_request *rq)
{
	return rq->port != DHCP_SERVER && rq->port != DHCP_CLIENT && (rq->family == 4 || rq->family == 6) && rq->index < ASROOT_FDS &&
	       (rq->addr.family == 0 || rq->addr.family == rq->family);
}

/* Ours and nobody else's. */
static bool is_device(const char *name)
{
	return is_clean(name, ASROOT_NAME, false) && strncmp(name, "sp-", 3) == 0 && name[3];
}

/* Any name that the kernel accepts, or none. */
static bool is_interface(const char *name)
{
	size_t len = strnlen(name, ASROOT_NAME);
	if (len == ASROOT_NAME)
		return false;
	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] > '~' || name[i] == '/')
			return false;
	return true;
}

static bool is_memory(const char *name)
{
	if (!is_clean(name, ASROOT_NAME, false))
		return false;
	const char *version = strncmp(name, "keep", 4) == 0 ? name + 4 : name + 2;
	size_t digits = strspn(version, "0123456789");
	return (version == name + 4 || strncmp(name, "rt", 2) == 0) && digits >= 1 && digits <= 3 &&
	       version[digits] == 0 && version[0] != '0';
}

static bool is_script(const char *name)
{
	size_t len = strnlen(name, ASROOT_SCRIPT_NAME);
	return len > 0 && len < ASROOT_SCRIPT_NAME &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == len;
}

static bool sane_tun(const struct asroot_request *rq)
{
	return is_device(rq->name) && rq->count >= 1 &&
	       rq->count <= ASROOT_FDS && rq->mtu >= 576 && rq->mtu <= 65535 &&
	       is_prefix(&rq->ip4, 4, true) && is_prefix(&rq->ip6, 6, true);
}

/* Absolute, and one word of a configuration file. */
static bool is_path(const char *path)
{
	size_t len = strnlen(path, ASROOT_PATH);
	if (len < 2 || len == ASROOT_PATH || path[0] != '/')
		return false;
	for (size_t i = 0; i < len; i++)
		if (path[i] <= ' ' || path[i] > '~' || path[i] == '"')
			return false;
	return true;
}

static bool is_file(const char *name)
{
	size_t len = strnlen(name, ASROOT_FILE_NAME);
	if (len == 0 || len == ASROOT_FILE_NAME)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] < ' ' || name[i] == '"' || name[i] == 0x7f)
			return false;
	return true;
}

/* A folder of that name is entered, too. */
static bool sane_proxy(const struct asroot_request *rq)
{
	return is_interface(rq->name) && rq->name[0] && rq->name[0] != '.' && !strchr(rq->name, '"') &&
	       addr_len(&rq->addr) != 0 && !addr_is_any(&rq->addr) && !addr_is_multicast(&rq->addr);
}

static bool is_host4(const struct addr *a)
{
	return a->family == 4 && !addr_is_any(a) && !addr_is_multicast(a);
}

static bool sane_dhcp(const struct asroot_request *rq)
{
	return rq->vrf[0] == 0 && is_host4(&rq->addr) && is_host4(&rq->prefix.addr) && is_file(rq->file);
}

bool asroot_is_sane(const struct asroot_request *rq)
{
	if (rq->op >= ASROOT__MAX || !is_clean(rq->vrf, sizeof(rq->vrf), true))
		return false;
	switch ((enum asroot_op)rq->op) {
	case ASROOT_UDP: return sane_udp(rq);
	case ASROOT_ASKER:
	case ASROOT_STREAM:
	case ASROOT_RAW: return sane_udp(rq) && rq->port == 0;
	case ASROOT_TUN: return sane_tun(rq);
	case ASROOT_ROUTE:
		return is_device(rq->name) &&
		       is_prefix(&rq->prefix, rq->prefix.addr.family == 4 ? 4 : 6, false);
	case ASROOT_SOURCE:
		return addr_len(&rq->addr) != 0 && is_interface(rq->name);
	case ASROOT_LINK: return true;
	case ASROOT_MEMORY:
	case ASROOT_RESERVE:
		return is_memory(rq->name) && rq->size > 0 &&
		       rq->size <= ASROOT_MEMORY_MAX;
	case ASROOT_DROP:
		if (rq->of == ASROOT_UDP || rq->of == ASROOT_RAW)
			return sane_udp(rq);
		return rq->of == ASROOT_TUN && is_device(rq->name);
	case ASROOT_SCRIPT: return is_script(rq->script);
	case ASROOT_LUA: return rq->index < ASROOT_LUA_PLACES;
	case ASROOT_STATE: return rq->state <= ASROOT_STOPPING;
	case ASROOT_AGENTX: return is_path(rq->path);
	case ASROOT_PROXY: return sane_proxy(rq);
	case ASROOT_KEY: return rq->index < ASROOT_KEYS_MAX && is_file(rq->file);
	case ASROOT_FILE: return is_file(rq->file);
	case ASROOT_DHCP: return sane_dhcp(rq);
	case ASROOT_KEYS:
	case ASROOT_CONFIG:
	case ASROOT_ACCEPT:
	case ASROOT_CREDENTIAL:
	case ASROOT_SWEEP: return true;
	case ASROOT__MAX: break;
	}
	return false;
}
