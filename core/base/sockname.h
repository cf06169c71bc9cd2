/* Addresses as the calls of the kernel take and give them. Pure. */
#ifndef CORE_BASE_SOCKNAME_H
#define CORE_BASE_SOCKNAME_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "core/base/addr.h"

union sockname {
	struct sockaddr sa;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
};

/* Its length. port: in the order of this machine. */
socklen_t sockname_of(union sockname *out, const struct addr *a, uint16_t port);
/* The address, and *port unless that is NULL; family 0: it is neither IPv4 nor IPv6. */
struct addr sockname_addr(const union sockname *n, uint16_t *port);

#endif
