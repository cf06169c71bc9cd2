#include "modules/radius/socket.h"

#include <sys/socket.h>

#include "core/base/mem.h"
#include "core/base/sockname.h"
#include "modules/radius/stream.h"

/* ---- addresses -------------------------------------------------------------------------------- */

static socklen_t name_of(const struct radius_service *s, union sockname *out)
{
	return sockname_of(out, &s->server->conf.addr, s->port);
}

/* Connected for a moment: the kernel then knows from where it sends, and the port is chosen with the first datagram. */
static struct addr own_address(const struct radius_service *s, int fd)
{
	const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
	union sockname sa;
	socklen_t len = name_of(s, &sa), own_len = sizeof(sa);
	struct addr own = {0};
	if (s->server->conf.source.family)
		return s->server->conf.source;
	if (connect(fd, &sa.sa, len) != 0)
		return own;
	if (getsockname(fd, &sa.sa, &own_len) == 0)
		own = sockname_addr(&sa, NULL);
	(void)connect(fd, &nobody, sizeof(nobody));
	return own;
}

/* ---- sockets ---------------------------------------------------------------------------------- */

struct radius_socket *radius_socket_find(const struct radius *r, int fd)
{
	for (size_t i = 0; i < r->n_sockets; i++)
		if (r->sockets[i]->fd == fd)
			return r->sockets[i];
	return NULL;
}

struct radius_socket *radius_socket_of_link(const struct radius *r, uint64_t number)
{
	for (size_t i = 0; i < r->n_sockets; i++)
		if (r->sockets[i]->stream && r->sockets[i]->stream->number == number)
			return r->sockets[i];
	return NULL;
}

void radius_socket_shut(struct radius_socket *s, enum radius_link_end end)
{
	struct radius *r = s->service->r;
	for (size_t i = 0; i < r->n_sockets; i++)
		if (r->sockets[i] == s)
			r->sockets[i] = r->sockets[--r->n_sockets];
	if (s->stream)
		radius_stream_free(s, end);
	else
		r->ports.shut(r->ports.ctx, s->fd);
	list_del(&s->in_service);
	mem_free(s);
}

void radius_sockets_shut(struct radius_service *s)
{
	LIST_EACH_SAFE(at, &s->sockets)
		radius_socket_shut(CONTAINER_OF(at, struct radius_socket, in_service), RADIUS_LINK_IDLE);
}

/* What has been idle goes: the next request gets another port and, where the network changed, another address. */
static void on_sweep(struct timer *t, void *ctx)
{
	struct radius *r = ctx;
	uint64_t now = radius_now(r);
	for (size_t i = r->n_sockets; i-- > 0;) {
		struct radius_socket *s = r->sockets[i];
		if (!s->stream && s->n_open == 0 && now - s->used_ms >= RADIUS_IDLE_MS)
			radius_socket_shut(s, RADIUS_LINK_IDLE);
	}
	if (r->n_sockets)
		(void)!timer_set(&r->timers, t, now + RADIUS_IDLE_MS / 2); /* room was reserved */
}

void radius_sockets_init(struct radius *r)
{
	timer_init(&r->sweep, on_sweep);
}

static enum status open_udp(struct radius_socket *s)
{
	struct radius *r = s->service->r;
	const struct radius_server_conf *c = &s->service->server->conf;
	enum status st = r->ports.open(r->ports.ctx, c->vrf, c->addr.family, &c->source, &s->fd);
	if (st != ST_OK)
		return st;
	s->own = own_address(s->service, s->fd);
	if (!timer_armed(&r->sweep))
		(void)!timer_set(&r->timers, &r->sweep, radius_now(r) + RADIUS_IDLE_MS / 2);
	return ST_OK;
}

static bool has_enough(const struct radius_service *service)
{
	size_t n = 0;
	LIST_EACH(at, &service->sockets)
		n++;
	return service->r->n_sockets == RADIUS_SOCKETS_MAX || (service->server->conf.tls.is_on && n >= RADIUS_LINKS_MAX);
}

enum status radius_socket_open(struct radius_service *service, struct radius_socket **out)
{
	struct radius *r = service->r;
	if (has_enough(service))
		return ST_LIMIT;
	struct radius_socket *s = mem_new(sizeof(*s));
	if (!s)
		return ST_NOMEM;
	s->service = service;
	s->fd = -1;
	list_init(&s->in_service);
	enum status st = service->server->conf.tls.is_on ? radius_stream_new(s) : open_udp(s);
	if (st != ST_OK) {
		if (s->stream)
			radius_stream_free(s, RADIUS_LINK_OURS);
		mem_free(s);
		return st;
	}
	list_push_back(&service->sockets, &s->in_service);
	r->sockets[r->n_sockets++] = s;
	*out = s;
	return ST_OK;
}

/* ---- identifiers ------------------------------------------------------------------------------ */

/* In turn, so that one is used again as late as may be. false: none is free then. */
static bool free_id(const struct radius_socket *s, uint64_t now, uint8_t *id)
{
	for (unsigned i = 0; s->n_open < RADIUS_IDS && i < RADIUS_IDS; i++) {
		*id = (uint8_t)(s->next + i);
		if (!s->slots[*id] && s->rests_until_ms[*id] <= now)
			return true;
	}
	return false;
}

static struct radius_socket *with_free_id(const struct radius_service *s, uint64_t now, uint8_t *id)
{
	LIST_EACH(at, &s->sockets) {
		struct radius_socket *k = CONTAINER_OF(at, struct radius_socket, in_service);
		if (free_id(k, now, id))
			return k;
	}
	return NULL;
}

static enum status take(struct radius_socket *k, uint8_t id, struct radius_slot **out)
{
	struct radius_slot *slot = mem_new(sizeof(*slot));
	if (!slot)
		return ST_NOMEM;
	*slot = (struct radius_slot){.socket = k, .id = id};
	list_init(&slot->in_ask);
	k->slots[id] = slot;
	k->n_open++;
	k->next = (uint8_t)(id + 1);
	k->used_ms = radius_now(k->service->r);
	*out = slot;
	return ST_OK;
}

enum status radius_socket_take(struct radius_socket *k, struct radius_slot **out)
{
	uint8_t id = 0;
	return free_id(k, radius_now(k->service->r), &id) ? take(k, id, out) : ST_LIMIT;
}

enum status radius_slot_take(struct radius_service *s, struct radius_slot **out)
{
	uint8_t id = 0;
	uint64_t now = radius_now(s->r);
	struct radius_socket *k = with_free_id(s, now, &id);
	enum status st = k ? ST_OK : radius_socket_open(s, &k);
	/* With no more sockets to be had, one that rests is better than none. */
	if (st == ST_LIMIT && (k = with_free_id(s, UINT64_MAX, &id)))
		st = ST_OK;
	return st == ST_OK ? take(k, id, out) : st;
}

void radius_slot_free(struct radius_slot *slot, bool is_answered)
{
	if (!slot)
		return;
	struct radius_socket *k = slot->socket;
	uint64_t now = radius_now(k->service->r);
	list_del(&slot->in_ask);
	k->slots[slot->id] = NULL;
	k->rests_until_ms[slot->id] = is_answered ? 0 : now + RADIUS_REST_MS;
	k->n_open--;
	k->used_ms = now;
	mem_free(slot);
}

enum status radius_slot_send(struct radius_slot *slot, const uint8_t *packet, size_t len)
{
	struct radius_service *s = slot->socket->service;
	union sockname sa;
	slot->sent_ms = radius_now(s->r);
	if (slot->socket->stream)
		return radius_stream_send(slot, (struct view){packet, len});
	socklen_t sa_len = name_of(s, &sa);
	if (s->silent_from_ms == 0)
		s->silent_from_ms = slot->sent_ms;
	(void)!sendto(slot->socket->fd, packet, len, MSG_DONTWAIT | MSG_NOSIGNAL, &sa.sa, sa_len);
	return ST_OK;
}
