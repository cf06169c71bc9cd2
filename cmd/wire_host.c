#include "cmd/wire_host.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "cmd/netlink.h"
#include "cmd/wire_watch.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/session/assign.h"

#define READ_BYTES 32768 /* a datagram of the kernel's list is never longer */
#define AGAIN_S    10    /* until a namespace that could not be watched is tried again */
#define READ_TRIES 3     /* in one turn, where addresses come and go meanwhile */

struct wire_host {
	struct wire_watch watch;
	struct wire *wire;
	uint32_t number; /* of the last question */
	bool is_stale;   /* what is known may not be so any more */
	struct addr *known;
	size_t n_known;
};

/* ---- what the kernel says --------------------------------------------------------------------------- */

struct found {
	struct addr *v;
	size_t n, room;
	bool is_short; /* of memory */
};

static void add(void *ctx, const struct addr *a)
{
	struct found *f = ctx;
	if (f->n == f->room) {
		size_t room = f->room ? 2 * f->room : 16;
		struct addr *v = mem_array(room, sizeof(*v));
		if (!v) {
			f->is_short = true;
			return;
		}
		if (f->n)
			memcpy(v, f->v, f->n * sizeof(*v));
		mem_free(f->v);
		f->v = v;
		f->room = room;
	}
	f->v[f->n++] = *a;
}

/* The kernel has its answer ready when a question was sent, so that this never waits. */
static enum status ask(struct wire_host *h, struct found *f, bool *has_changed)
{
	uint8_t buf[READ_BYTES];
	struct netlink_addresses r = {.number = ++h->number, .found = add, .ctx = f};
	struct netlink_message m = netlink_addresses_ask(r.number);
	if (send(h->watch.fd, m.bytes, m.len, MSG_DONTWAIT) < 0)
		return ST_IO;
	while (!r.is_over && !r.is_broken) {
		ssize_t n = recv(h->watch.fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n < 0 && errno != ENOBUFS)
			return ST_IO;
		if (n < 0) /* a message was lost: which is not known */
			r.is_broken = true;
		else
			netlink_addresses_read(&r, buf, (size_t)n);
	}
	*has_changed = r.has_changed || r.is_broken;
	return f->is_short ? ST_NOMEM : r.is_over ? ST_OK : ST_IO;
}

static bool is_known(const struct wire_host *h, const struct addr *a)
{
	for (size_t i = 0; i < h->n_known; i++)
		if (addr_eq(&h->known[i], a))
			return true;
	return false;
}

/* An operator who makes a pool of addresses that the host has is told: the configuration cannot show it. */
static void say_new(const struct wire_host *h, const struct found *f)
{
	for (size_t i = 0; i < f->n; i++) {
		struct prefix p = {f->v[i], f->v[i].family == 4 ? 32 : 128};
		const char *pool = lease_pool_of(h->wire->conf, &p);
		if (pool[0] && !is_known(h, &f->v[i]))
			LOG(EV_CONFIG_WARNING, kv_str("pool", pool), kv_str("vrf", h->watch.vrf), kv_addr("address", &f->v[i]),
			    kv_str("reason", "this host has the address: in this VRF it is not lent"));
	}
}

static void read_all(struct wire_host *h)
{
	struct found f = {0};
	enum status st = ST_IO;
	bool has_changed = true;
	for (int i = 0; i < READ_TRIES && has_changed; i++) {
		f.n = 0;
		st = ask(h, &f, &has_changed);
		if (st == ST_NOMEM)
			break;
	}
	if (st == ST_OK)
		st = sessions_set_host(h->wire->sessions, h->watch.vrf, f.v, f.n);
	h->is_stale = st != ST_OK || has_changed;
	if (st != ST_OK) {
		mem_free(f.v);
		return;
	}
	say_new(h, &f);
	mem_free(h->known);
	h->known = f.v;
	h->n_known = f.n;
}

static void ignore(void *ctx, const struct addr *a)
{
	(void)ctx;
	(void)a;
}

static void on_change(void *ctx, int fd)
{
	uint8_t buf[READ_BYTES];
	struct wire_host *h = CONTAINER_OF(ctx, struct wire_host, watch);
	struct netlink_addresses r = {.number = h->number, .found = ignore};
	ssize_t n;
	while ((n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) >= 0 || errno == ENOBUFS) {
		if (n < 0)
			r.has_changed = true;
		else
			netlink_addresses_read(&r, buf, (size_t)n);
	}
	if (r.has_changed)
		read_all(h);
}

/* ---- where -------------------------------------------------------------------------------------------- */

static void host_free(struct wire_host *h)
{
	wire_watch_close(&h->watch);
	mem_free(h->known);
	mem_free(h);
}

static struct wire_host *host_of(struct list *at)
{
	return CONTAINER_OF(at, struct wire_host, watch.in_list);
}

static enum status host_new(struct wire *w, const char *vrf, struct wire_host **out)
{
	struct wire_host *h = mem_new(sizeof(*h));
	if (!h)
		return ST_NOMEM;
	*h = (struct wire_host){.wire = w, .is_stale = true};
	enum status st = wire_watch_open(w, &h->watch, vrf, on_change);
	if (st != ST_OK) {
		mem_free(h);
		return st;
	}
	list_push_back(&w->hosts, &h->watch.in_list);
	*out = h;
	return ST_OK;
}

static void want(struct wire *w, const char *vrf)
{
	struct wire_watch *there = wire_watch_find(&w->hosts, vrf);
	struct wire_host *h = there ? CONTAINER_OF(there, struct wire_host, watch) : NULL;
	if (h && h->watch.is_wanted)
		return; /* another interface is there, too */
	enum status st = h ? ST_OK : host_new(w, vrf, &h);
	/* A VRF that is not there has no addresses, and has been said to be missing; it may come. */
	if (st != ST_OK && st != ST_NOT_FOUND && w->hosts_again == 0)
		LOG(EV_NET_ERROR, kv_str("vrf", vrf), kv_str("what", "addresses of this host"),
		    kv_str("reason", status_words(st)));
	if (st != ST_OK) {
		w->hosts_short = true;
		return;
	}
	h->watch.is_wanted = true;
	read_all(h);
}

static void apply(struct wire *w)
{
	w->hosts_short = false;
	LIST_EACH(at, &w->hosts)
		host_of(at)->watch.is_wanted = false;
	want(w, "");
	for (size_t i = 0; i < w->conf->iface_count; i++)
		if (w->conf->ifaces[i].vrf)
			want(w, w->conf->ifaces[i].vrf);
	LIST_EACH_SAFE(at, &w->hosts) {
		struct wire_host *h = host_of(at);
		if (h->watch.is_wanted)
			continue;
		(void)!sessions_set_host(w->sessions, h->watch.vrf, NULL, 0); /* sessions that are left there keep what they have */
		host_free(h);
	}
}

void wire_host_apply(struct wire *w)
{
	/* A pool of the new configuration may have what is known already: that is said, too. */
	LIST_EACH(at, &w->hosts)
		host_of(at)->n_known = 0;
	w->hosts_again = 0;
	apply(w);
}

void wire_host_second(struct wire *w)
{
	if (w->hosts_short && ++w->hosts_again % AGAIN_S == 0)
		apply(w);
	LIST_EACH(at, &w->hosts) {
		struct wire_host *h = host_of(at);
		if (h->is_stale)
			read_all(h);
	}
}

void wire_host_close(struct wire *w)
{
	LIST_EACH_SAFE(at, &w->hosts)
		host_free(host_of(at));
}
