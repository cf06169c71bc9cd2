#include "cmd/demo_device.h"

#include <fcntl.h>
#include <string.h>

#include "cmd/holder_open.h"
#include "core/base/mem.h"

#define NAME "sp-demo"
#define MTU 1400

struct demo_device {
	struct kept kept;
};

struct demo_device *demo_device_new(void)
{
	struct demo_device *d = mem_new(sizeof(*d));
	if (!d || kept_init(&d->kept, "") == ST_OK)
		return d;
	mem_free(d);
	return NULL;
}

void demo_device_free(struct demo_device *d)
{
	if (!d)
		return;
	kept_fini(&d->kept);
	mem_free(d);
}

static enum status ask(struct demo_device *d, const struct asroot_request *rq,
		       struct asroot_reply *reply, int *fds)
{
	kept_do(&d->kept, rq, reply, fds);
	return (enum status)reply->status;
}

static enum status open_one(struct demo_device *d, const struct asroot_request *rq, int *out)
{
	struct asroot_reply reply;
	int fds[ASROOT_FDS];
	enum status st = ask(d, rq, &reply, fds);
	if (st != ST_OK)
		return st;
	/* What is kept stays with kept. */
	*out = fcntl(fds[0], F_DUPFD_CLOEXEC, 0);
	return *out >= 0 ? ST_OK : ST_IO;
}

static struct asroot_request tun_request(enum asroot_op op)
{
	struct asroot_request rq = {.op = op, .count = 1, .mtu = MTU, .vnet_hdr = 1};
	memcpy(rq.name, NAME, sizeof(NAME));
	return rq;
}

enum status demo_device_udp(struct demo_device *d, uint16_t port, int *fd)
{
	struct asroot_request rq = {.op = ASROOT_UDP, .family = 4, .port = port};
	return open_one(d, &rq, fd);
}

enum status demo_device_tun(struct demo_device *d, int *fd)
{
	struct asroot_request rq = tun_request(ASROOT_TUN);
	return open_one(d, &rq, fd);
}

enum status demo_device_use(struct demo_device *d, struct demo_address *a, const struct ts *remote,
			    size_t n)
{
	struct asroot_reply reply;
	int fds[ASROOT_FDS];
	struct asroot_request rq = tun_request(ASROOT_TUN);
	if (a->ip4.family)
		rq.ip4 = (struct prefix){a->ip4, 32};
	if (a->ip6.family)
		rq.ip6 = (struct prefix){a->ip6, 128};
	enum status st = ask(d, &rq, &reply, fds);
	a->has_ip6 = st == ST_OK && a->ip6.family && reply.error == 0;
	for (size_t i = 0; i < n && st == ST_OK; i++) {
		rq = tun_request(ASROOT_ROUTE);
		if (!ts_is_single_prefix(&remote[i], &rq.prefix) ||
		    (rq.prefix.addr.family == 6 && !a->has_ip6))
			continue;
		st = ask(d, &rq, &reply, fds);
		if (st == ST_EXISTS)
			st = ST_OK;
	}
	return st;
}
