#include "cmd/holder_netlink.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/netlink.h"

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
	struct netlink_message m = netlink_begin(RTM_NEWLINK, 0, &i, sizeof(i));
	uint8_t mode = IN6_ADDR_GEN_MODE_NONE;
	size_t spec = netlink_open_nest(&m, IFLA_AF_SPEC);
	size_t inet6 = netlink_open_nest(&m, AF_INET6);
	netlink_attribute(&m, IFLA_INET6_ADDR_GEN_MODE, &mode, sizeof(mode));
	netlink_close_nest(&m, inet6);
	netlink_close_nest(&m, spec);
	/* A kernel without IPv6 has no such setting. */
	return outcome(netlink_ask(&m), EAFNOSUPPORT);
}

enum status netlink_link(unsigned ifindex, unsigned mtu)
{
	enum status st = no_made_up_addresses(ifindex);
	if (st != ST_OK)
		return st;
	struct ifinfomsg i = {.ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex,
			      .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	struct netlink_message m = netlink_begin(RTM_NEWLINK, 0, &i, sizeof(i));
	uint32_t value = mtu;
	netlink_attribute(&m, IFLA_MTU, &value, sizeof(value));
	return outcome(netlink_ask(&m), 0);
}

enum status netlink_address(unsigned ifindex, const struct prefix *p, bool is_delete)
{
	struct ifaddrmsg a = {.ifa_family = p->addr.family == 4 ? AF_INET : AF_INET6,
			      .ifa_prefixlen = p->len,
			      .ifa_flags = IFA_F_NODAD,
			      .ifa_index = ifindex};
	struct netlink_message m = is_delete ? netlink_begin(RTM_DELADDR, 0, &a, sizeof(a)) :
					       netlink_begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &a, sizeof(a));
	netlink_attribute(&m, IFA_LOCAL, p->addr.b, addr_len(&p->addr));
	netlink_attribute(&m, IFA_ADDRESS, p->addr.b, addr_len(&p->addr));
	return outcome(netlink_ask(&m), is_delete ? EADDRNOTAVAIL : EEXIST);
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
	struct netlink_message m = is_delete ? netlink_begin(RTM_DELROUTE, 0, &r, sizeof(r)) :
					       netlink_begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &r, sizeof(r));
	uint32_t oif = ifindex;
	if (net.len)
		netlink_attribute(&m, RTA_DST, net.addr.b, addr_len(&net.addr));
	netlink_attribute(&m, RTA_OIF, &oif, sizeof(oif));
	if (metric)
		netlink_attribute(&m, RTA_PRIORITY, &metric, sizeof(metric));
	int e = netlink_ask(&m);
	return e == EEXIST ? ST_EXISTS : outcome(e, is_delete ? ESRCH : 0);
}

enum status netlink_proxy(unsigned ifindex, const struct addr *a, bool is_delete)
{
	struct ndmsg n = {.ndm_family = a->family == 4 ? AF_INET : AF_INET6,
			  .ndm_ifindex = (int)ifindex,
			  .ndm_state = NUD_PERMANENT,
			  .ndm_flags = NTF_PROXY};
	struct netlink_message m = is_delete ? netlink_begin(RTM_DELNEIGH, 0, &n, sizeof(n)) :
					       netlink_begin(RTM_NEWNEIGH, NLM_F_CREATE, &n, sizeof(n));
	netlink_attribute(&m, NDA_DST, a->b, addr_len(a));
	return outcome(netlink_ask(&m), is_delete ? ENOENT : EEXIST);
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
	struct netlink_message m = netlink_begin(RTM_GETROUTE, 0, &r, sizeof(r));
	netlink_attribute(&m, RTA_DST, dst->b, addr_len(dst));
	ssize_t n = netlink_get(&m, buf, sizeof(buf));
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

enum status netlink_listen(int *fd)
{
	struct sockaddr_nl name = {.nl_family = AF_NETLINK,
				   .nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
						RTMGRP_IPV6_ROUTE};
	*fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (*fd >= 0 && bind(*fd, (const struct sockaddr *)&name, sizeof(name)) == 0)
		return ST_OK;
	int e = errno;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = e;
	return ST_IO;
}
