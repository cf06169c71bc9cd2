/* The holder's few words of rtnetlink: a device up with its size and addresses, a route through it.
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
/* ST_EXISTS: there is a route for this prefix already, perhaps somebody else's. */
enum status netlink_route(unsigned ifindex, const struct prefix *p, bool is_delete) MUST_USE;

#endif
