#include "cmd/holder_dhcp.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/holder_named.h"
#include "cmd/holder_source.h"

#define PORT 67

static bool is_named(int accepted, int last, const char *word, const char *value)
{
	return config_names(accepted, word, value) || config_names(last, word, value);
}

/* Where the configuration names an address, the request must mean that one; a name may have any. */
static bool is_same_server(const struct asroot_request *rq)
{
	struct addr named;
	return addr_parse(rq->file, &named) != ST_OK || addr_eq(&named, &rq->prefix.addr);
}

static enum status judge(const struct asroot_request *rq, int accepted, int last)
{
	char giaddr[ADDR_TEXT];
	struct addr chosen;
	if (is_named(accepted, last, "giaddr", addr_format(&rq->addr, giaddr)))
		return ST_OK;
	if (!is_named(accepted, last, "server", rq->file) || !is_same_server(rq))
		return ST_CONFIG;
	enum status st = holder_source("", &rq->prefix.addr, &chosen);
	if (st != ST_OK)
		return st;
	return addr_eq(&chosen, &rq->addr) ? ST_OK : ST_CONFIG;
}

enum status holder_dhcp_open(const struct asroot_request *rq, int accepted, int last, int *out)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	enum status st = judge(rq, accepted, last);
	if (st != ST_OK)
		return st;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return ST_IO;
	memcpy(&sa.sin_addr, rq->addr.b, 4);
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0) {
		int e = errno;
		close(fd);
		errno = e;
		return ST_IO;
	}
	*out = fd;
	return ST_OK;
}
