#include <fcntl.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/wire/esp.h"
#include "modules/data/mtu.h"
#include "modules/data/owner.h"
#include "modules/data/raw.h"

/* Younger than the headers that this may be built with. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

static struct port_set *find_socket(const struct data *d, enum port_kind kind,
				    const struct endpoint *local, uint8_t family)
{
	LIST_EACH(at, &d->ports) {
		struct port_set *s = CONTAINER_OF(at, struct port_set, node);

		if (!s->is_dead && s->ports->kind == kind && s->ports->family == family &&
		    endpoint_eq(&s->ports->local, local))
			return s;
	}
	return NULL;
}

static struct port_set *find_tun(const struct data *d, uint32_t tun)
{
	LIST_EACH(at, &d->ports) {
		struct port_set *s = CONTAINER_OF(at, struct port_set, node);

		if (!s->is_dead && s->ports->kind == PORT_TUN && s->ports->tun == tun)
			return s;
	}
	return NULL;
}

/* One port for each worker like the given one, each with its descriptor. */
static struct port_set *set_new(const struct data *d, const struct port *like, const int *fds)
{
	uint32_t n = d->shared.n;
	struct port_set *s = mem_new(sizeof(*s) + 2 * n * sizeof(struct cmd));

	if (!s)
		return NULL;
	s->ports = mem_array(n, sizeof(struct port));
	if (!s->ports) {
		mem_free(s);
		return NULL;
	}
	for (uint32_t i = 0; i < n; i++) {
		s->ports[i] = *like;
		s->ports[i].fd = fds[i];
		s->ports[i].set = s;
		list_init(&s->ports[i].node);
		s->cmds[2 * i] = (struct cmd){.kind = CMD_PORT_ADD, .port = &s->ports[i]};
		s->cmds[2 * i + 1] = (struct cmd){.kind = CMD_PORT_DEL, .port = &s->ports[i]};
	}
	return s;
}

static enum status add_set(struct data *d, const struct port *like, const int *fds)
{
	struct port_set *s;

	if (!owner_has_room(d, 1))
		return ST_INSTALL;
	s = set_new(d, like, fds);
	if (!s)
		return ST_NOMEM;
	list_push_back(&d->ports, &s->node);
	for (uint32_t i = 0; i < d->shared.n; i++) {
		s->pending++;
		owner_order(d, i, &s->cmds[2 * i]);
	}
	return ST_OK;
}

static void del_set(struct data *d, struct port_set *s)
{
	s->is_dead = true;
	for (uint32_t i = 0; i < d->shared.n; i++) {
		s->pending++;
		owner_order(d, i, &s->cmds[2 * i + 1]);
	}
}

void port_set_free(struct data *d, struct port_set *s)
{
	for (uint32_t i = 0; i < d->shared.n; i++)
		close(s->ports[i].fd);
	list_del(&s->node);
	mem_free(s->ports);
	mem_free(s);
}

void port_order_done(struct data *d, struct port *p)
{
	struct port_set *s = p->set;

	if (--s->pending == 0 && s->is_dead)
		port_set_free(d, s);
}

static enum status add_socket(struct data *d, enum port_kind kind, const struct endpoint *local,
			      uint8_t family, const int *fds)
{
	struct port like = {.kind = kind, .family = family, .local = *local,
			    .cuts_not = d->config.no_offload};
	uint32_t n = d->shared.n;

	if ((family != 4 && family != 6) || (local->addr.family && local->addr.family != family))
		return ST_CONFIG;
	if (find_socket(d, kind, local, family))
		return ST_EXISTS;
	for (uint32_t i = 0; i < n; i++) {
		enum status st = kind == PORT_UDP ? udp_prepare(fds[i], family, !d->config.no_offload) :
						    raw_prepare(fds[i], family, n, i);

		if (st)
			return st;
	}
	if (kind == PORT_UDP && n > 1)
		udp_steer(fds[0], n);
	return add_set(d, &like, fds);
}

static enum status del_socket(struct data *d, enum port_kind kind, const struct endpoint *local,
			      uint8_t family)
{
	struct port_set *s = find_socket(d, kind, local, family);

	if (!s)
		return ST_NOT_FOUND;
	del_set(d, s);
	return ST_OK;
}

enum status data_add_udp(struct data *d, const struct endpoint *local, uint8_t family, const int *fds)
{
	return add_socket(d, PORT_UDP, local, family, fds);
}

enum status data_del_udp(struct data *d, const struct endpoint *local, uint8_t family)
{
	return del_socket(d, PORT_UDP, local, family);
}

enum status data_add_raw(struct data *d, const struct endpoint *local, uint8_t family, const int *fds)
{
	return add_socket(d, PORT_RAW, local, family, fds);
}

enum status data_del_raw(struct data *d, const struct endpoint *local, uint8_t family)
{
	return del_socket(d, PORT_RAW, local, family);
}

bool data_has_raw(const struct data *d, const struct endpoint *local, uint8_t family)
{
	struct endpoint at = {.vrf = local->vrf, .addr = local->addr}, wildcard = {.vrf = local->vrf};

	return find_socket(d, PORT_RAW, &at, family) || find_socket(d, PORT_RAW, &wildcard, family);
}

/* Whole packets with their checksums. Refused where it is no TUN. */
static unsigned take_single(int fd)
{
	(void)ioctl(fd, TUNSETOFFLOAD, 0UL);
	return 0;
}

/* Large packets to be cut here, in return for large ones that the kernel cuts: as far as it goes (datagrams
 * since Linux 6.2); the JOIN_ bits of it. The device has one setting for all its queues. */
static unsigned take_large(int fd)
{
	static const struct {
		unsigned long flags;
		unsigned joins;
	} ways[] = {
		{TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN | TUN_F_USO4 | TUN_F_USO6, JOIN_TCP | JOIN_UDP},
		{TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN, JOIN_TCP},
	};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (ioctl(fd, TUNSETOFFLOAD, ways[i].flags) == 0)
			return ways[i].joins;
	return take_single(fd);
}

const char *data_tun_offloads(const struct data *d, uint32_t tun)
{
	const struct port_set *s = find_tun(d, tun);
	unsigned joins = s ? s->ports->joins : 0;

	return joins & JOIN_UDP ? "TCP, UDP" : joins & JOIN_TCP ? "TCP" : "none";
}

enum status data_add_tun(struct data *d, const struct data_tun *tun, const int *fds)
{
	struct port like = {
		.kind = PORT_TUN,
		.tun = tun->number,
		.group = tun->group,
		.vnet_hdr = tun->vnet_hdr,
		.client_to_client = tun->client_to_client,
		.multicast = tun->multicast,
		.dhcp = tun->dhcp,
		.self = tun->self,
	};

	if (find_tun(d, tun->number))
		return ST_EXISTS;
	for (uint32_t i = 0; i < d->shared.n; i++) {
		int flags = fcntl(fds[i], F_GETFL);

		if (flags < 0 || fcntl(fds[i], F_SETFL, flags | O_NONBLOCK))
			return ST_IO;
	}
	if (tun->vnet_hdr)
		like.joins = d->config.no_offload ? take_single(fds[0]) : take_large(fds[0]);
	return add_set(d, &like, fds);
}

enum status data_del_tun(struct data *d, uint32_t tun)
{
	struct port_set *s = find_tun(d, tun);

	if (!s)
		return ST_NOT_FOUND;
	del_set(d, s);
	return ST_OK;
}

#define FORCE_OFF 3 /* times */

/* sendmsg() on a descriptor that a worker uses too is safe; it stays open until the worker has let go of
 * it and main closes it. The worker may just want DF, and our message must pass even in fragments: it is
 * forced off, and the worker told that it does not know what the socket has. */
static enum status send_whole(struct port *p, const struct endpoint *local, const struct endpoint *remote,
			      struct view head, struct view body)
{
	enum status st = udp_send(p->fd, local, remote, head, body);

	for (int i = 0; i < FORCE_OFF && st == ST_ESP_TOO_BIG; i++) {
		mtu_set_df(p->fd, p->family, false);
		atomic_store_explicit(&p->df, PORT_DF_UNKNOWN, memory_order_relaxed);
		st = udp_send(p->fd, local, remote, head, body);
	}
	return st;
}

static enum status send_from(struct data *d, const struct endpoint *local, const struct endpoint *remote,
			     struct view head, struct view body)
{
	struct endpoint wildcard = {.vrf = local->vrf, .port = local->port};
	uint8_t family = local->addr.family;
	struct port_set *s = find_socket(d, PORT_UDP, local, family);

	if (!s)
		s = find_socket(d, PORT_UDP, &wildcard, family);
	if (!s)
		return ST_NOT_FOUND;
	return send_whole(s->ports, local, remote, head, body);
}

enum status data_send_ike(struct data *d, const struct endpoint *local,
			  const struct endpoint *remote, const uint8_t *msg, size_t len)
{
	static const uint8_t marker[NON_ESP_MARKER_LEN];

	return send_from(d, local, remote, (struct view){marker, sizeof(marker)}, (struct view){msg, len});
}

enum status data_send_keepalive(struct data *d, const struct endpoint *local, const struct endpoint *remote)
{
	static const uint8_t keepalive[] = {0xff};

	return send_from(d, local, remote, (struct view){keepalive, sizeof(keepalive)}, (struct view){0});
}
