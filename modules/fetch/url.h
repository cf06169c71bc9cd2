/* http:// URLs (RFC 3986, RFC 9110 4.2.1) and the addresses that a fetch may lead to. Pure; any thread. */
#ifndef MODULES_FETCH_URL_H
#define MODULES_FETCH_URL_H

#include "modules/fetch/fetch.h"

struct url {
	char host[FETCH_HOST]; /* lower case, without brackets */
	uint16_t port;         /* 80 when the URL has none */
	struct addr addr;      /* the host is an address; family 0: a name */
	const char *path;      /* with its query, in the text that was parsed; "" is "/" */
};

/* Anything else than http://HOST[:PORT][/PATH][?QUERY] of printable characters is ST_CONFIG with a sentence: other schemes,
 * users and passwords, fragments, ports 0 and above 65535. out->path points into text. */
enum status url_parse(const char *text, struct url *out, const char **words) MUST_USE;

/* May a name that a stranger wrote lead there? Not to this host (loopback, 0.0.0.0/8, ::), its links (169.254.0.0/16, fe80::/10),
 * groups, what is reserved (240.0.0.0/4), or an IPv6 address that stands for such an IPv4 one (mapped, compatible,
 * 64:ff9b::/96, 6to4). NULL: it may; else a sentence why not. This host's own addresses are the caller's to know. */
const char *url_forbidden(const struct addr *a);
/* The IPv4 address that an IPv6 one stands for; family 0: none. */
struct addr url_inner(const struct addr *a);

#endif
