#include "modules/net/net.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/list.h"
#include "core/base/mem.h"
#include "core/base/rd.h"
#include "core/base/sockname.h"

#define BATCH 32
#define MSG_CAP 16384 /* longest IKE message taken from port 500 */
#define CMSG_CAP 128

struct sock {
	struct list in_list;
	struct endpoint local; /* addr family 0: every address */
	uint8_t family;
	int fd;
};

struct slot {
	union sockname from;
	struct iovec iov;
	_Alignas(struct cmsghdr) uint8_t control[CMSG_CAP];
	uint8_t bytes[MSG_CAP];
};

struct net {
	struct net_ports ports;
	void *ctx;
	struct stats *stats;
	struct list socks;
	struct mmsghdr msgs[BATCH];
	struct slot slots[BATCH];
};

struct net *net_new(const struct net_ports *ports, void *ctx, struct stats *stats)
{
	struct net *n = mem_new(sizeof(*n));
	if (!n)
		return NULL;
	n->ports = *ports;
	n->ctx = ctx;
	n->stats = stats;
	list_init(&n->socks);
	return n;
}

static void sock_free(struct sock *s)
{
	list_del(&s->in_list);
	close(s->fd);
	mem_free(s);
}

void net_free(struct net *n)
{
	if (!n)
		return;
	LIST_EACH_SAFE(at, &n->socks)
		sock_free(CONTAINER_OF(at, struct sock, in_list));
	mem_free(n);
}

enum status net_add(struct net *n, const struct endpoint *local, uint8_t family, int fd)
{
	struct sock *s = mem_new(sizeof(*s));
	if (!s) {
		close(fd);
		return ST_NOMEM;
	}
	*s = (struct sock){.local = *local, .family = family, .fd = fd};
	list_push_back(&n->socks, &s->in_list);
	return ST_OK;
}

enum status net_del(struct net *n, const struct endpoint *local, uint8_t family)
{
	LIST_EACH(at, &n->socks) {
		struct sock *s = CONTAINER_OF(at, struct sock, in_list);
		if (s->family == family && endpoint_eq(&s->local, local)) {
			sock_free(s);
			return ST_OK;
		}
	}
	return ST_NOT_FOUND;
}

static size_t receive(struct net *n, int fd)
{
	for (size_t i = 0; i < BATCH; i++) {
		struct slot *s = &n->slots[i];
		s->iov = (struct iovec){s->bytes, sizeof(s->bytes)};
		n->msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &s->from, .msg_namelen = sizeof(s->from),
			.msg_iov = &s->iov, .msg_iovlen = 1,
			.msg_control = s->control, .msg_controllen = sizeof(s->control)};
	}
	int got = recvmmsg(fd, n->msgs, BATCH, MSG_DONTWAIT, NULL);
	return got > 0 ? (size_t)got : 0;
}

/* The address that was hit. */
static struct addr hit_address(struct msghdr *h)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo p;
			memcpy(&p, CMSG_DATA(c), sizeof(p));
			return addr_from((const uint8_t *)&p.ipi_addr, 4);
		}
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo p;
			memcpy(&p, CMSG_DATA(c), sizeof(p));
			return addr_from((const uint8_t *)&p.ipi6_addr, 16);
		}
	}
	return (struct addr){0};
}

/* Does it belong to something we answered before (RFC 7296 section 3.1: the responder's SPI)? */
static bool starts_something(const struct mmsghdr *m, const struct slot *s)
{
	struct rd r = rd_init(s->bytes, m->msg_len);
	rd_skip(&r, 8);
	return rd_u64(&r) == 0;
}

static void hand_on(struct net *n, const struct sock *s, size_t i)
{
	struct mmsghdr *m = &n->msgs[i];
	struct slot *slot = &n->slots[i];
	struct endpoint local = s->local;
	struct endpoint remote = {.vrf = s->local.vrf};
	remote.addr = sockname_addr(&slot->from, &remote.port);
	if (m->msg_hdr.msg_flags & MSG_TRUNC) {
		stats_status(n->stats, ST_LIMIT);
		return;
	}
	if (local.addr.family == 0)
		local.addr = hit_address(&m->msg_hdr);
	if (local.addr.family == 0 || remote.addr.family == 0)
		return;
	/* An endpoint has no link: the answer would have no way. */
	if (addr_is_link_local(&local.addr) || addr_is_link_local(&remote.addr)) {
		stats_status(n->stats, ST_LINK_LOCAL);
		return;
	}
	n->ports.on_ike(n->ctx, &local, &remote, slot->bytes, m->msg_len);
}

void net_on_readable(struct net *n, int fd)
{
	const struct sock *s = NULL;
	LIST_EACH(at, &n->socks)
		if (CONTAINER_OF(at, struct sock, in_list)->fd == fd)
			s = CONTAINER_OF(at, struct sock, in_list);
	if (!s)
		return;
	size_t got = receive(n, fd);
	for (size_t i = 0; i < got; i++)
		if (!starts_something(&n->msgs[i], &n->slots[i]))
			hand_on(n, s, i);
	for (size_t i = 0; i < got; i++)
		if (starts_something(&n->msgs[i], &n->slots[i]))
			hand_on(n, s, i);
}

static const struct sock *covers(const struct net *n, const struct endpoint *local)
{
	const struct sock *wild = NULL;
	LIST_EACH(at, &n->socks) {
		const struct sock *s = CONTAINER_OF(at, struct sock, in_list);
		if (s->local.vrf != local->vrf || s->local.port != local->port ||
		    s->family != local->addr.family)
			continue;
		if (addr_eq(&s->local.addr, &local->addr))
			return s;
		if (s->local.addr.family == 0)
			wild = s;
	}
	return wild;
}

static size_t put_source(uint8_t *control, const struct addr *from)
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)control;
	if (from->family == 4) {
		struct in_pktinfo p = {0};
		memcpy(&p.ipi_spec_dst, from->b, 4);
		*c = (struct cmsghdr){CMSG_LEN(sizeof(p)), IPPROTO_IP, IP_PKTINFO};
		memcpy(CMSG_DATA(c), &p, sizeof(p));
		return CMSG_SPACE(sizeof(p));
	}
	struct in6_pktinfo p = {0};
	memcpy(&p.ipi6_addr, from->b, 16);
	*c = (struct cmsghdr){CMSG_LEN(sizeof(p)), IPPROTO_IPV6, IPV6_PKTINFO};
	memcpy(CMSG_DATA(c), &p, sizeof(p));
	return CMSG_SPACE(sizeof(p));
}

void net_send(struct net *n, const struct endpoint *local, const struct endpoint *remote,
	      const uint8_t *msg, size_t len)
{
	const struct sock *s = covers(n, local);
	if (!s || remote->addr.family != s->family) {
		stats_status(n->stats, ST_OUT_SEND);
		return;
	}
	_Alignas(struct cmsghdr) uint8_t control[CMSG_CAP] = {0};
	union sockname to;
	uint8_t *bytes = (uint8_t *)(uintptr_t)msg; /* sendmsg only reads */
	struct iovec iov = {bytes, len};
	struct msghdr h = {.msg_name = &to, .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control};
	h.msg_namelen = sockname_of(&to, &remote->addr, remote->port);
	h.msg_controllen = put_source(control, &local->addr);
	if (sendmsg(s->fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		stats_status(n->stats, ST_OUT_SEND);
}
