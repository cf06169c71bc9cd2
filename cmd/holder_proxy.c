#include "cmd/holder_proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd/holder_netlink.h"

/* There is no netlink message for it. Where the file cannot be written it may be on already. */
static enum status answer_for_others(const char *ifname)
{
	char path[64 + IF_NAMESIZE], is = '0';
	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/proxy_ndp", ifname);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ST_IO;
	bool ok = read(fd, &is, 1) == 1 && (is != '0' || pwrite(fd, "1", 1, 0) == 1);
	int e = errno;
	close(fd);
	errno = e;
	return ok ? ST_OK : ST_IO;
}

enum status holder_proxy(const char *ifname, const struct addr *a, bool is_delete)
{
	unsigned ifindex = if_nametoindex(ifname);
	if (!ifindex)
		return is_delete ? ST_OK : ST_NOT_FOUND;
	enum status st = a->family == 6 && !is_delete ? answer_for_others(ifname) : ST_OK;
	return st ? st : netlink_proxy(ifindex, a, is_delete);
}
