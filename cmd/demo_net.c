#include "cmd/demo_net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/holder_netlink.h"
#include "cmd/netlink.h"

#define WIRE "wan"
#define WIRE_MTU 1500
#define LOOPBACK_MTU 65536

static int own_netns(void)
{
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

/* In the wrong namespace everything that follows would be wrong. */
static void enter(int netns)
{
	if (setns(netns, CLONE_NEWNET) != 0)
		_exit(70);
}

/* A fresh namespace, which is in force afterwards. */
static int new_netns(void)
{
	return unshare(CLONE_NEWNET) == 0 ? own_netns() : -1;
}

/* One end in the namespace in force, the other in the peer's. 0 or errno. */
static int make_wire(int peer_netns)
{
	struct ifinfomsg none = {.ifi_family = AF_UNSPEC};
	struct netlink_message m =
		netlink_begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &none, sizeof(none));
	uint32_t fd = (uint32_t)peer_netns;
	netlink_attribute(&m, IFLA_IFNAME, WIRE, sizeof(WIRE));
	size_t info = netlink_open_nest(&m, IFLA_LINKINFO);
	netlink_attribute(&m, IFLA_INFO_KIND, "veth", sizeof("veth"));
	size_t data = netlink_open_nest(&m, IFLA_INFO_DATA);
	size_t peer = netlink_open_nest(&m, VETH_INFO_PEER);
	netlink_put(&m, &none, sizeof(none));
	netlink_attribute(&m, IFLA_IFNAME, WIRE, sizeof(WIRE));
	netlink_attribute(&m, IFLA_NET_NS_FD, &fd, sizeof(fd));
	netlink_close_nest(&m, peer);
	netlink_close_nest(&m, data);
	netlink_close_nest(&m, info);
	return netlink_ask(&m);
}

static bool add_address(unsigned ifindex, const char *text, uint8_t len)
{
	struct prefix p = {.len = len};
	return addr_parse(text, &p.addr) == ST_OK && netlink_address(ifindex, &p, false) == ST_OK;
}

static bool configure_wire(const char *address)
{
	unsigned ifindex = if_nametoindex(WIRE);
	return ifindex && netlink_link(ifindex, WIRE_MTU) == ST_OK && add_address(ifindex, address, 24);
}

/* The protected network is the gateway's loopback, so that no routing between devices is needed: a
 * container may not be allowed to switch that on. */
static bool configure_lan(struct demo_net *n)
{
	unsigned lo = if_nametoindex("lo");
	if (!lo || netlink_link(lo, LOOPBACK_MTU) != ST_OK || !add_address(lo, DEMO_LAN, 32))
		return false;
	n->has_ip6 = add_address(lo, DEMO_LAN6, 128);
	return true;
}

static bool make(struct demo_net *n, char why[DEMO_WHY])
{
	n->client = new_netns();
	n->gateway = n->client < 0 ? -1 : new_netns();
	if (n->gateway < 0) {
		snprintf(why, DEMO_WHY, "no network namespaces here: %s%s", strerror(errno),
			 errno == EPERM ? " (a container needs CAP_SYS_ADMIN and CAP_NET_ADMIN)" : "");
		return false;
	}
	int e = make_wire(n->client);
	if (e) {
		snprintf(why, DEMO_WHY, "no wire between two namespaces (veth): %s", strerror(e));
		return false;
	}
	bool ok = configure_wire(DEMO_GATEWAY) && configure_lan(n);
	enter(n->client);
	if (ok && configure_wire(DEMO_CLIENT))
		return true;
	snprintf(why, DEMO_WHY, "cannot give the namespaces addresses: %s", strerror(errno));
	return false;
}

bool demo_net_make(struct demo_net *n, char why[DEMO_WHY])
{
	*n = DEMO_NET_NONE;
	n->home = own_netns();
	if (n->home < 0) {
		snprintf(why, DEMO_WHY, "/proc/self/ns/net: %s", strerror(errno));
		return false;
	}
	bool ok = make(n, why);
	/* One that may not make namespaces may not enter its own either. */
	if (n->client >= 0)
		enter(n->home);
	return ok;
}

void demo_net_drop(struct demo_net *n)
{
	int *fds[] = {&n->home, &n->gateway, &n->client};
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

static bool bind_to(int fd, const char *address, uint16_t port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port)};
	const int on = 1;
	/* What was there a moment ago may still be in TIME_WAIT. */
	return inet_pton(AF_INET, address, &sa.sin_addr) == 1 &&
	       setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	       bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0;
}

int demo_net_socket(const struct demo_net *n, int netns, const char *address, uint16_t port, int type)
{
	enter(netns);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	bool ok = fd >= 0 && bind_to(fd, address, port);
	int e = errno;
	if (fd >= 0 && !ok)
		close(fd);
	enter(n->home);
	errno = e;
	return ok ? fd : -1;
}
