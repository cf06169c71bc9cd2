#include "cmd/wire_coa.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/holder_proto.h"
#include "cmd/wire_names.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/conf/aaa.h"
#include "modules/coa/coa.h"
#include "modules/loop/loop.h"
#include "modules/net/net.h"

#define RETRY_S 10 /* sockets that cannot be had */

/* A socket that is wanted. */
struct coa_listen {
	struct list in_list;
	struct wire_coa *coa;
	uint32_t vrf;
	char vrf_name[PLAN_VRF];
	uint16_t port;
	uint8_t family;
	struct loop_fd *watch; /* NULL: not open */
	bool is_wanted;        /* while a configuration is put in force */
	enum status said;      /* why not, as it was logged last */
};

struct wire_coa {
	struct wire *wire;
	struct net *net;
	struct list listens;
	struct wire_names names; /* of clients */
};

/* ---- sockets -------------------------------------------------------------------------------------- */

static struct endpoint endpoint_of(const struct coa_listen *l)
{
	return (struct endpoint){.vrf = l->vrf, .port = l->port};
}

static struct asroot_request request(const struct coa_listen *l)
{
	struct asroot_request rq = {.op = ASROOT_UDP, .of = ASROOT_UDP, .family = l->family, .port = l->port};
	memcpy(rq.vrf, l->vrf_name, sizeof(rq.vrf));
	return rq;
}

static void on_readable(void *ctx, int fd)
{
	struct coa_listen *l = ctx;
	net_on_readable(l->coa->net, fd);
}

/* Said once, until it is another reason or works. */
static void say(struct coa_listen *l, enum status st, const char *why)
{
	char name[ENDPOINT_TEXT + PLAN_VRF];
	snprintf(name, sizeof(name), "%s:%u%s%s", l->family == 4 ? "0.0.0.0" : "[::]", (unsigned)l->port,
		 l->vrf_name[0] ? " vrf " : "", l->vrf_name);
	if (st == ST_OK)
		LOG(EV_LISTEN, kv_str("address", name), kv_str("what", "dynamic-author"));
	else if (l->said != st)
		LOG(EV_NET_ERROR, kv_str("address", name), kv_str("what", "dynamic-author"), kv_str("reason", why));
	l->said = st;
}

/* The sockets of IKE are the holder's under the same key: its port is not to be had. */
static bool is_taken(const struct wire *w, uint16_t port)
{
	return port == w->conf->own.port || port == w->conf->own.nat_port;
}

static enum status watch(struct coa_listen *l, int fd)
{
	struct endpoint local = endpoint_of(l);
	struct wire *w = l->coa->wire;
	enum status st = net_add(l->coa->net, &local, l->family, fd);
	if (st != ST_OK)
		return st;
	st = loop_fd_add(w->loop, fd, false, on_readable, l, &l->watch);
	if (st != ST_OK)
		(void)!net_del(l->coa->net, &local, l->family);
	return st;
}

static void open_listen(struct coa_listen *l)
{
	int fds[ASROOT_FDS];
	struct asroot_reply reply;
	struct asroot_request rq = request(l);
	struct wire *w = l->coa->wire;
	if (is_taken(w, l->port)) {
		say(l, ST_CONFIG, "the port is that of IKE");
		return;
	}
	enum status st = asroot_call(w->control, &rq, &reply, fds);
	if (st == ST_OK)
		st = watch(l, fds[0]);
	say(l, st, st == ST_NOT_FOUND ? "there is no network namespace of that name" :
		   st == ST_IO && reply.error ? strerror(reply.error) : status_words(st));
}

static void close_listen(struct coa_listen *l)
{
	struct endpoint local = endpoint_of(l);
	loop_fd_del(l->watch);
	if (l->watch)
		(void)!net_del(l->coa->net, &local, l->family);
	l->watch = NULL;
}

static void drop_listen(struct coa_listen *l)
{
	struct asroot_reply reply;
	struct asroot_request rq = request(l);
	bool is_ours = !is_taken(l->coa->wire, l->port);
	close_listen(l);
	rq.op = ASROOT_DROP;
	if (is_ours)
		(void)!asroot_call(l->coa->wire->control, &rq, &reply, NULL);
	list_del(&l->in_list);
	mem_free(l);
}

static void want_listen(struct wire_coa *c, const struct coa_listen *like)
{
	LIST_EACH(at, &c->listens) {
		struct coa_listen *l = CONTAINER_OF(at, struct coa_listen, in_list);
		if (l->vrf == like->vrf && l->port == like->port && l->family == like->family &&
		    strcmp(l->vrf_name, like->vrf_name) == 0) {
			l->is_wanted = true;
			return;
		}
	}
	struct coa_listen *l = mem_new(sizeof(*l));
	if (!l)
		return; /* the next reload, or nobody, gets it */
	*l = *like;
	l->coa = c;
	l->is_wanted = true;
	list_push_back(&c->listens, &l->in_list);
}

static void want_ports(struct wire_coa *c, const struct coa_listen *where)
{
	static const uint32_t usual[CONF_DYNAUTH_PORTS] = {DYNAUTH_PORT, DYNAUTH_PORT_OLD};
	const uint32_t *ports = c->wire->conf->dynauth.ports;
	struct coa_listen l = *where;
	if (ports[0] == 0)
		ports = usual;
	for (size_t i = 0; i < CONF_DYNAUTH_PORTS && ports[i]; i++) {
		l.port = (uint16_t)ports[i];
		l.family = 4;
		want_listen(c, &l);
		l.family = 6;
		want_listen(c, &l);
	}
}

/* False: the VRF is not defined, or cannot be the name of a network namespace; both were said with the
 * configuration. */
static bool vrf_of(const struct snapshot *s, const char *name, struct coa_listen *where)
{
	const struct vrf_def *v = name ? snapshot_vrf(s, name) : NULL;
	*where = (struct coa_listen){.vrf = v ? v->num : 0};
	if (!name)
		return true;
	if (!v || strlen(name) >= sizeof(where->vrf_name))
		return false;
	memcpy(where->vrf_name, name, strlen(name) + 1);
	return true;
}

static void open_missing(struct wire_coa *c)
{
	LIST_EACH(at, &c->listens) {
		struct coa_listen *l = CONTAINER_OF(at, struct coa_listen, in_list);
		if (!l->watch)
			open_listen(l);
	}
}

/* Where nobody may ask, nobody listens. */
static void apply_listens(struct wire_coa *c)
{
	const struct dynauth *d = &c->wire->conf->dynauth;
	struct coa_listen where;
	LIST_EACH(at, &c->listens)
		CONTAINER_OF(at, struct coa_listen, in_list)->is_wanted = false;
	for (size_t i = 0; d->on && i < d->client_count; i++)
		if (vrf_of(c->wire->conf, d->clients[i].vrf, &where))
			want_ports(c, &where);
	LIST_EACH_SAFE(at, &c->listens) {
		struct coa_listen *l = CONTAINER_OF(at, struct coa_listen, in_list);
		if (!l->is_wanted)
			drop_listen(l);
	}
	open_missing(c);
}

/* ---- names ---------------------------------------------------------------------------------------- */

static void apply_names(struct wire_coa *c)
{
	const struct dynauth *d = &c->wire->conf->dynauth;
	wire_names_begin(&c->names);
	for (size_t i = 0; d->on && i < d->client_count; i++)
		if (d->clients[i].addr.family == 0)
			wire_names_want(&c->names, d->clients[i].host);
	wire_names_end(&c->names);
}

/* ---- clients -------------------------------------------------------------------------------------- */

struct clients {
	struct coa_client_conf *v;
	size_t n;
};

static void put_client(struct clients *to, const struct coa_client_conf *like, const struct addr *addr)
{
	if (to->n == COA_CLIENTS_MAX)
		return;
	to->v[to->n] = *like;
	to->v[to->n++].addr = *addr;
}

static void put_clients(struct wire_coa *c, const struct dynauth_client *k, struct clients *to)
{
	const struct secret *key = aaa_dynauth_key(&c->wire->conf->dynauth, k);
	struct coa_client_conf like = {0};
	struct coa_listen where;
	/* Without a key nothing is proven; `check` has warned. */
	if (!key || !vrf_of(c->wire->conf, k->vrf, &where))
		return;
	if (key->len > sizeof(like.secret)) {
		LOG(EV_CONFIG_WARNING, kv_str("client", k->host), kv_str("reason", "its server-key is too long"));
		return;
	}
	snprintf(like.name, sizeof(like.name), "%s", k->host);
	like.vrf = where.vrf;
	like.secret_len = (uint16_t)key->len;
	memcpy(like.secret, key->bytes, key->len);
	struct addr addrs[NAMES_ADDRS] = {k->addr};
	size_t n = k->addr.family ? 1 : wire_names_find(&c->names, k->host, 0, addrs);
	for (size_t i = 0; i < n; i++)
		put_client(to, &like, &addrs[i]);
	mem_zero(&like, sizeof(like));
}

static void configure(struct wire_coa *c)
{
	const struct dynauth *d = &c->wire->conf->dynauth;
	struct clients to = {.v = mem_array(COA_CLIENTS_MAX, sizeof(*to.v))};
	enum status st = to.v ? ST_OK : ST_NOMEM;
	for (size_t i = 0; to.v && d->on && i < d->client_count; i++)
		put_clients(c, &d->clients[i], &to);
	struct coa_conf conf = {.clients = to.v, .n_clients = to.n, .requires_timestamp = d->requires_timestamp,
				.window_s = d->timestamp_window_s};
	if (st == ST_OK)
		st = coa_configure(c->wire->coa_server, &conf);
	if (st != ST_OK)
		LOG(EV_CONFIG_WARNING, kv_str("reason", "the clients of dynamic-author stay as they were"),
		    kv_status("status", st));
	mem_free_secret(to.v, to.v ? COA_CLIENTS_MAX * sizeof(*to.v) : 0);
}

static void names_changed(struct wire *w)
{
	configure(w->coa);
}

void wire_coa_apply(struct wire *w)
{
	apply_names(w->coa);
	apply_listens(w->coa);
	configure(w->coa);
}

/* ---- ports ---------------------------------------------------------------------------------------- */

static uint64_t now_ms(void *ctx)
{
	(void)ctx;
	return loop_now_ms();
}

static int64_t wall_ms(void *ctx)
{
	(void)ctx;
	return loop_wall_ms();
}

static void send_answer(void *ctx, const struct endpoint *local, const struct endpoint *remote, const uint8_t *msg,
			size_t len)
{
	struct wire *w = ctx;
	net_send(w->coa->net, local, remote, msg, len);
}

static void on_datagram(void *ctx, const struct endpoint *local, const struct endpoint *remote, const uint8_t *msg,
			size_t len)
{
	struct wire *w = ctx;
	coa_on_datagram(w->coa_server, local, remote, msg, len);
}

enum status wire_coa_open(struct wire *w)
{
	static const struct net_ports net_ports = {.on_ike = on_datagram};
	struct coa_ports ports = {.now_ms = now_ms, .wall_ms = wall_ms, .decide = wire_coa_decide, .send = send_answer,
				  .trace = wire_coa_trace, .ctx = w};
	w->coa = mem_new(sizeof(*w->coa));
	if (!w->coa)
		return ST_NOMEM;
	w->coa->wire = w;
	list_init(&w->coa->listens);
	wire_names_init(&w->coa->names, w, names_changed);
	w->coa_server = coa_new(&ports, w->stats);
	w->coa->net = w->coa_server ? net_new(&net_ports, w, w->stats) : NULL;
	w->world.coa = w->coa_server;
	if (!w->coa->net)
		return ST_NOMEM;
	wire_coa_apply(w);
	return ST_OK;
}

void wire_coa_second(struct wire *w)
{
	if (w->seconds % RETRY_S == 0)
		open_missing(w->coa);
	wire_names_second(&w->coa->names);
}

void wire_coa_close(struct wire *w)
{
	if (!w->coa)
		return;
	wire_names_close(&w->coa->names);
	LIST_EACH_SAFE(at, &w->coa->listens) {
		struct coa_listen *l = CONTAINER_OF(at, struct coa_listen, in_list);
		close_listen(l);
		list_del(&l->in_list);
		mem_free(l);
	}
	net_free(w->coa->net);
	coa_free(w->coa_server);
	w->world.coa = w->coa_server = NULL;
	mem_free(w->coa);
	w->coa = NULL;
}
