/* The holder's few words of rtnetlink: a device up with its size and addresses, routes through it and to peers.
 * Each call opens a socket in the network namespace in force, asks, and waits for the answer.
 * ST_IO with errno; deleting what is not there and adding an address that is there are ST_OK. */
#ifndef CMD_HOLDER_NETLINK_H
#define CMD_HOLDER_NETLINK_H

#include <stdbool.h>

#include "core/base/addr.h"

/* Up, mtu set, and no IPv6 address made up by the kernel. */
enum status netlink_link(unsigned ifindex, unsigned mtu) MUST_USE;
/* host bits of p are the address; no duplicate address detection. */
enum status netlink_address(unsigned ifindex, const struct prefix *p, bool is_delete) MUST_USE;
/* metric 0: the kernel's own. ST_EXISTS: there is a route for this prefix and metric already, perhaps
 * somebody else's. */
enum status netlink_route(unsigned ifindex, const struct prefix *p, uint32_t metric, bool is_delete)
	MUST_USE;
/* Hosts behind the interface that ask for the address are told ours; for IPv6 only where proxy_ndp is on. */
enum status netlink_proxy(unsigned ifindex, const struct addr *a, bool is_delete) MUST_USE;
/* Through which interface, and from which address of ours, a packet to dst goes. ST_NOT_FOUND: none. */
enum status netlink_way(const struct addr *dst, unsigned *ifindex, struct addr *src) MUST_USE;
/* A socket that becomes readable when an address or a route of the network namespace in force changes. */
enum status netlink_listen(int *fd) MUST_USE;

#endif
