/* Hosts of a LAN find a client at our address (ARP, ND), in the network namespace in force. */
#ifndef CMD_HOLDER_PROXY_H
#define CMD_HOLDER_PROXY_H

#include <stdbool.h>

#include "core/base/addr.h"

/* The name is sane. For IPv6 the interface is made to answer for others, and stays so. ST_NOT_FOUND: no such
 * interface (deleting: ST_OK); ST_IO with errno. */
enum status holder_proxy(const char *ifname, const struct addr *a, bool is_delete) MUST_USE;

#endif
