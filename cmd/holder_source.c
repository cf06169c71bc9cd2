#include "cmd/holder_source.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#include "cmd/holder_netlink.h"

static struct addr addr_of(const struct sockaddr *sa)
{
	if (sa && sa->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, sa, sizeof(in));
		return addr_from((const uint8_t *)&in.sin_addr, 4);
	}
	if (sa && sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in;
		memcpy(&in, sa, sizeof(in));
		return addr_from((const uint8_t *)&in.sin6_addr, 16);
	}
	return (struct addr){0};
}

static enum status of_interface(const char *ifname, uint8_t family, struct addr *out)
{
	struct ifaddrs *all;
	enum status st = ST_NOT_FOUND;
	if (getifaddrs(&all) != 0)
		return ST_IO;
	for (const struct ifaddrs *i = all; i && st != ST_OK; i = i->ifa_next) {
		struct addr a = addr_of(i->ifa_addr);
		if (a.family != family || addr_is_link_local(&a) || strcmp(i->ifa_name, ifname) != 0)
			continue;
		*out = a;
		st = ST_OK;
	}
	freeifaddrs(all);
	return st;
}

enum status holder_source(const char *ifname, const struct addr *peer, struct addr *out)
{
	unsigned ifindex;
	struct addr chosen;
	char name[IF_NAMESIZE] = "";
	enum status st = netlink_way(peer, &ifindex, &chosen);
	if (st != ST_OK)
		return st;
	/* What leaves through a tunnel would come back to be sent through it. */
	if (if_indextoname(ifindex, name) && strncmp(name, "sp-", 3) == 0)
		return ST_EXISTS;
	if (ifname[0])
		return of_interface(ifname, peer->family, out);
	*out = chosen;
	return ST_OK;
}
