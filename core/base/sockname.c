#include "core/base/sockname.h"

#include <string.h>

socklen_t sockname_of(union sockname *out, const struct addr *a, uint16_t port)
{
	memset(out, 0, sizeof(*out));
	if (a->family == 4) {
		out->in4.sin_family = AF_INET;
		out->in4.sin_port = htons(port);
		memcpy(&out->in4.sin_addr, a->b, 4);
		return sizeof(out->in4);
	}
	out->in6.sin6_family = AF_INET6;
	out->in6.sin6_port = htons(port);
	memcpy(&out->in6.sin6_addr, a->b, 16);
	return sizeof(out->in6);
}

struct addr sockname_addr(const union sockname *n, uint16_t *port)
{
	bool is_4 = n->sa.sa_family == AF_INET;

	if (!is_4 && n->sa.sa_family != AF_INET6)
		return (struct addr){0};
	if (port)
		*port = ntohs(is_4 ? n->in4.sin_port : n->in6.sin6_port);
	return is_4 ? addr_from((const uint8_t *)&n->in4.sin_addr, 4) :
		      addr_from((const uint8_t *)&n->in6.sin6_addr, 16);
}
