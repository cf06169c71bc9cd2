#include "cmd/holder_netlink.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define MESSAGE_CAP 512

/* A request under construction. Sizes are ours, nothing comes from outside. */
struct message {
	_Alignas(NLMSG_ALIGNTO) uint8_t bytes[MESSAGE_CAP];
	size_t len;
};

static void put(struct message *m, const void *p, size_t len)
{
	if (len)
		memcpy(m->bytes + m->len, p, len);
	m->len += NLMSG_ALIGN(len);
}

static struct message begin(uint16_t type, uint16_t flags, const void *body, size_t len)
{
	struct message m = {0};
	struct nlmsghdr h = {.nlmsg_type = type,
			     .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags)};
	put(&m, &h, sizeof(h));
	put(&m, body, len);
	return m;
}

static void attribute(struct message *m, uint16_t type, const void *p, size_t len)
{
	struct rtattr a = {.rta_len = (uint16_t)RTA_LENGTH(len), .rta_type = type};
	put(m, &a, sizeof(a));
	put(m, p, len);
}

static size_t open_nest(struct message *m, uint16_t type)
{
	size_t at = m->len;
	attribute(m, type, NULL, 0);
	return at;
}

static void close_nest(struct message *m, size_t at)
{
	uint16_t len = (uint16_t)(m->len - at);
	memcpy(m->bytes + at, &len, sizeof(len));
}

/* 0 or the errno of the kernel's answer. */
static int answer_of(int fd)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t buf[4096];
	ssize_t n = recv(fd, buf, sizeof(buf), 0);
	if (n < 0)
		return errno;
	struct nlmsghdr h;
	struct nlmsgerr e;
	if ((size_t)n < sizeof(h) + sizeof(e.error))
		return EPROTO;
	memcpy(&h, buf, sizeof(h));
	memcpy(&e.error, buf + NLMSG_HDRLEN, sizeof(e.error));
	return h.nlmsg_type == NLMSG_ERROR ? -e.error : EPROTO;
}

/* A socket to which the request was sent; -1 with errno. */
static int send_it(struct message *m)
{
	uint32_t len = (uint32_t)m->len;
	struct timeval patience = {.tv_sec = 2};
	memcpy(m->bytes, &len, sizeof(len)); /* nlmsg_len */
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (send(fd, m->bytes, m->len, 0) >= 0)
		return fd;
	int e = errno;
	close(fd);
	errno = e;
	return -1;
}

static int ask(struct message *m)
{
	int fd = send_it(m);
	if (fd < 0)
		return errno;
	int e = answer_of(fd);
	close(fd);
	return e;
}

static enum status outcome(int e, int also_fine)
{
	if (e == 0 || e == also_fine)
		return ST_OK;
	errno = e;
	return ST_IO;
}

static enum status no_made_up_addresses(unsigned ifindex)
{
	struct ifinfomsg i = {.ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex};
	struct message m = begin(RTM_NEWLINK, 0, &i, sizeof(i));
	uint8_t mode = IN6_ADDR_GEN_MODE_NONE;
	size_t spec = open_nest(&m, IFLA_AF_SPEC);
	size_t inet6 = open_nest(&m, AF_INET6);
	attribute(&m, IFLA_INET6_ADDR_GEN_MODE, &mode, sizeof(mode));
	close_nest(&m, inet6);
	close_nest(&m, spec);
	/* A kernel without IPv6 has no such setting. */
	return outcome(ask(&m), EAFNOSUPPORT);
}

enum status netlink_link(unsigned ifindex, unsigned mtu)
{
	enum status st = no_made_up_addresses(ifindex);
	if (st != ST_OK)
		return st;
	struct ifinfomsg i = {.ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex,
			      .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	struct message m = begin(RTM_NEWLINK, 0, &i, sizeof(i));
	uint32_t value = mtu;
	attribute(&m, IFLA_MTU, &value, sizeof(value));
	return outcome(ask(&m), 0);
}

enum status netlink_address(unsigned ifindex, const struct prefix *p, bool is_delete)
{
	struct ifaddrmsg a = {.ifa_family = p->addr.family == 4 ? AF_INET : AF_INET6,
			      .ifa_prefixlen = p->len,
			      .ifa_flags = IFA_F_NODAD,
			      .ifa_index = ifindex};
	struct message m = is_delete ? begin(RTM_DELADDR, 0, &a, sizeof(a)) :
				       begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &a, sizeof(a));
	attribute(&m, IFA_LOCAL, p->addr.b, addr_len(&p->addr));
	attribute(&m, IFA_ADDRESS, p->addr.b, addr_len(&p->addr));
	return outcome(ask(&m), is_delete ? EADDRNOTAVAIL : EEXIST);
}

enum status netlink_route(unsigned ifindex, const struct prefix *p, uint32_t metric, bool is_delete)
{
	struct prefix net = *p;
	prefix_mask(&net);
	struct rtmsg r = {.rtm_family = net.addr.family == 4 ? AF_INET : AF_INET6,
			  .rtm_dst_len = net.len,
			  .rtm_table = RT_TABLE_MAIN,
			  .rtm_protocol = RTPROT_STATIC,
			  .rtm_scope = net.addr.family == 4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
			  .rtm_type = RTN_UNICAST};
	struct message m = is_delete ? begin(RTM_DELROUTE, 0, &r, sizeof(r)) :
				       begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &r, sizeof(r));
	uint32_t oif = ifindex;
	if (net.len)
		attribute(&m, RTA_DST, net.addr.b, addr_len(&net.addr));
	attribute(&m, RTA_OIF, &oif, sizeof(oif));
	if (metric)
		attribute(&m, RTA_PRIORITY, &metric, sizeof(metric));
	int e = ask(&m);
	return e == EEXIST ? ST_EXISTS : outcome(e, is_delete ? ESRCH : 0);
}

/* The attributes of a route that count here. */
static void read_route(const uint8_t *p, size_t len, unsigned *ifindex, struct addr *src)
{
	struct rtattr a;
	while (len >= sizeof(a)) {
		memcpy(&a, p, sizeof(a));
		size_t body = a.rta_len - sizeof(a), step = RTA_ALIGN(a.rta_len);
		if (a.rta_len < sizeof(a) || a.rta_len > len)
			return;
		if (a.rta_type == RTA_OIF && body == sizeof(*ifindex))
			memcpy(ifindex, p + sizeof(a), sizeof(*ifindex));
		if (a.rta_type == RTA_PREFSRC)
			*src = addr_from(p + sizeof(a), body);
		if (step >= len)
			return;
		p += step;
		len -= step;
	}
}

enum status netlink_way(const struct addr *dst, unsigned *ifindex, struct addr *src)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t buf[4096];
	struct rtmsg r = {.rtm_family = dst->family == 4 ? AF_INET : AF_INET6,
			  .rtm_dst_len = dst->family == 4 ? 32 : 128};
	struct message m = begin(RTM_GETROUTE, 0, &r, sizeof(r));
	attribute(&m, RTA_DST, dst->b, addr_len(dst));
	int fd = send_it(&m);
	if (fd < 0)
		return ST_IO;
	ssize_t n = recv(fd, buf, sizeof(buf), 0);
	int e = errno;
	close(fd);
	errno = e;
	if (n < 0)
		return ST_IO;
	struct nlmsghdr h;
	size_t head = NLMSG_LENGTH(sizeof(r));
	if ((size_t)n < sizeof(h))
		return ST_IO;
	memcpy(&h, buf, sizeof(h));
	*ifindex = 0;
	*src = (struct addr){0};
	if (h.nlmsg_type == RTM_NEWROUTE && h.nlmsg_len <= (size_t)n && h.nlmsg_len > head)
		read_route(buf + head, h.nlmsg_len - head, ifindex, src);
	return *ifindex && src->family == dst->family ? ST_OK : ST_NOT_FOUND;
}
