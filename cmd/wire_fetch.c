#include "cmd/wire_fetch.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "modules/dns/dns.h"
#include "modules/loop/loop.h"

/* A name that is asked for, in both families. */
struct lookup {
	struct list in_list;
	struct wire_fetch *fetch;
	uint64_t number;
	struct dns_query *queries[2];
	enum status status;
	struct addr addrs[FETCH_ADDRS];
	size_t n;
};

struct watch {
	struct list in_list;
	int fd;
	struct loop_fd *loop;
};

struct wire_fetch {
	struct wire *wire;
	struct fetch *fetch;
	struct loop_timer *timer;
	struct list lookups, watches;
};

struct fetch *wire_fetch(const struct wire *w)
{
	return w->fetch->fetch;
}

/* ---- names -------------------------------------------------------------------------------------- */

static const uint8_t families[2] = {6, 4};

static void lookup_free(struct lookup *l)
{
	dns_cancel(l->queries[0]);
	dns_cancel(l->queries[1]);
	list_del(&l->in_list);
	mem_free(l);
}

static void take(struct lookup *l, const struct addr *addrs, size_t n)
{
	for (size_t i = 0; i < n && l->n < FETCH_ADDRS; i++)
		l->addrs[l->n++] = addrs[i];
}

static void finish(struct lookup *l)
{
	struct wire_fetch *f = l->fetch;
	struct lookup done = *l;
	if (l->queries[0] || l->queries[1])
		return;
	lookup_free(l);
	fetch_resolved(f->fetch, done.number, done.n ? ST_OK : done.status, done.addrs, done.n);
}

static void answered(struct lookup *l, size_t family, enum status st, const struct addr *addrs, size_t n)
{
	l->queries[family] = NULL;
	if (st == ST_OK)
		take(l, addrs, n);
	else if (l->status == ST_NOT_FOUND)
		l->status = st;
	finish(l);
}

static void on_name6(void *ctx, enum status st, const struct addr *addrs, size_t n)
{
	answered(ctx, 0, st, addrs, n);
}

static void on_name4(void *ctx, enum status st, const struct addr *addrs, size_t n)
{
	answered(ctx, 1, st, addrs, n);
}

static void port_resolve(void *ctx, uint64_t number, const char *name)
{
	struct wire_fetch *f = ctx;
	struct addr known[DNS_ADDRS];
	struct lookup *l = mem_new(sizeof(*l));
	if (!l) {
		fetch_resolved(f->fetch, number, ST_NOMEM, NULL, 0);
		return;
	}
	l->fetch = f;
	l->number = number;
	l->status = ST_NOT_FOUND;
	list_push_back(&f->lookups, &l->in_list);
	for (size_t i = 0; i < 2; i++) {
		size_t n = dns_known(f->wire->dns, name, families[i], known);
		enum status st = ST_OK;
		if (n)
			take(l, known, n);
		else
			st = dns_ask(f->wire->dns, name, families[i], i ? on_name4 : on_name6, l, &l->queries[i]);
		if (st != ST_OK)
			l->status = st;
	}
	finish(l);
}

static void port_resolve_cancel(void *ctx, uint64_t number)
{
	struct wire_fetch *f = ctx;
	LIST_EACH_SAFE(at, &f->lookups) {
		struct lookup *l = CONTAINER_OF(at, struct lookup, in_list);
		if (l->number == number)
			lookup_free(l);
	}
}

/* ---- the host ----------------------------------------------------------------------------------- */

static bool is_same(const struct sockaddr *sa, const struct addr *a)
{
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)(const void *)sa;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)sa;
	if (sa->sa_family == AF_INET && a->family == 4)
		return memcmp(&in4->sin_addr, a->b, 4) == 0;
	return sa->sa_family == AF_INET6 && a->family == 6 && memcmp(&in6->sin6_addr, a->b, 16) == 0;
}

/* Where the host does not tell, the address counts as its own. */
static bool port_is_own(void *ctx, const struct addr *a)
{
	struct ifaddrs *all;
	bool found = false;
	if (getifaddrs(&all) != 0)
		return true;
	for (const struct ifaddrs *i = all; i && !found; i = i->ifa_next)
		found = i->ifa_addr && is_same(i->ifa_addr, a);
	freeifaddrs(all);
	return found;
}

/* ---- descriptors and time ----------------------------------------------------------------------- */

static void on_fd(void *ctx, int fd)
{
	fetch_on_ready(((struct wire_fetch *)ctx)->fetch, fd);
}

static void watch_free(struct watch *x)
{
	loop_fd_del(x->loop);
	list_del(&x->in_list);
	mem_free(x);
}

static void port_unwatch(void *ctx, int fd)
{
	struct wire_fetch *f = ctx;
	LIST_EACH_SAFE(at, &f->watches) {
		struct watch *x = CONTAINER_OF(at, struct watch, in_list);
		if (x->fd == fd)
			watch_free(x);
	}
}

static enum status port_watch(void *ctx, int fd, bool want_write)
{
	struct wire_fetch *f = ctx;
	port_unwatch(ctx, fd);
	struct watch *x = mem_new(sizeof(*x));
	if (!x)
		return ST_NOMEM;
	x->fd = fd;
	list_push_back(&f->watches, &x->in_list);
	enum status st = loop_fd_add(f->wire->loop, fd, want_write, on_fd, f, &x->loop);
	if (st != ST_OK) {
		x->loop = NULL;
		watch_free(x);
	}
	return st;
}

static uint64_t port_now_ms(void *ctx)
{
	return loop_now_ms();
}

static void port_wake_at(void *ctx, uint64_t at_ms)
{
	loop_timer_at(((struct wire_fetch *)ctx)->timer, at_ms);
}

static void on_time(void *ctx)
{
	fetch_on_time(((struct wire_fetch *)ctx)->fetch);
}

/* ---- what the configuration lists ---------------------------------------------------------------- */

struct listing {
	struct fetch_rules rules;
	char hosts[FETCH_LISTED][FETCH_HOST];
};

static void list_host(struct listing *l, const char *p, size_t len)
{
	if (!len || len >= FETCH_HOST || l->rules.n_hosts == FETCH_LISTED)
		return;
	char *to = l->hosts[l->rules.n_hosts];
	memcpy(to, p, len);
	to[len] = 0;
	l->rules.hosts[l->rules.n_hosts++] = to;
}

static void list_port(struct listing *l, const char *text)
{
	unsigned long port = strtoul(text, NULL, 10);
	if (port && port < 65536 && l->rules.n_ports < FETCH_LISTED)
		l->rules.ports[l->rules.n_ports++] = (uint16_t)port;
}

/* HOST, HOST:PORT, or [IPv6]:PORT, as in a URL. */
static void list_place(struct listing *l, const char *p)
{
	size_t len = strcspn(p, "/?#");
	const char *colon = memchr(p, ':', len), *bracket = *p == '[' ? memchr(p, ']', len) : NULL;
	if (bracket)
		colon = bracket[1] == ':' && bracket + 1 < p + len ? bracket + 1 : NULL;
	else if (colon && memchr(colon + 1, ':', (size_t)(p + len - colon - 1)))
		colon = NULL; /* an IPv6 address alone */
	list_host(l, p, colon ? (size_t)(colon - p) : len);
	if (colon)
		list_port(l, colon + 1);
}

void wire_fetch_configure(struct wire *w, const struct snapshot *s)
{
	struct listing *l = mem_new(sizeof(*l));
	enum status st = l ? ST_OK : ST_NOMEM;
	for (size_t i = 0; l && i < s->trustpoint_count; i++) {
		const struct trustpoint *t = &s->trustpoints[i];
		if (t->ocsp_url)
			list_place(l, t->ocsp_url + strlen("http://"));
		for (size_t k = 0; k < t->fetch_hosts.n; k++)
			list_place(l, t->fetch_hosts.v[k]);
	}
	if (l)
		st = fetch_configure(w->fetch->fetch, &l->rules);
	if (st != ST_OK)
		LOG(EV_PKI_ERROR, kv_str("reason", "hosts that may be asked for revocation data stay as they were"),
		    kv_status("status", st));
	mem_free(l);
}

/* ---- life --------------------------------------------------------------------------------------- */

static const struct fetch_ports ports = {
	.resolve = port_resolve,
	.resolve_cancel = port_resolve_cancel,
	.is_own = port_is_own,
	.watch = port_watch,
	.unwatch = port_unwatch,
	.now_ms = port_now_ms,
	.wake_at = port_wake_at,
};

enum status wire_fetch_open(struct wire *w, fetch_done *done, void *ctx)
{
	struct wire_fetch *f = mem_new(sizeof(*f));
	if (!f)
		return ST_NOMEM;
	w->fetch = f;
	f->wire = w;
	list_init(&f->lookups);
	list_init(&f->watches);
	if (loop_timer_new(w->loop, on_time, f, &f->timer) != ST_OK)
		return ST_NOMEM;
	f->fetch = fetch_new(&ports, f, done, ctx);
	return f->fetch ? ST_OK : ST_NOMEM;
}

void wire_fetch_close(struct wire *w)
{
	struct wire_fetch *f = w->fetch;
	if (!f)
		return;
	fetch_free(f->fetch);
	LIST_EACH_SAFE(at, &f->lookups)
		lookup_free(CONTAINER_OF(at, struct lookup, in_list));
	LIST_EACH_SAFE(at, &f->watches)
		watch_free(CONTAINER_OF(at, struct watch, in_list));
	if (f->timer)
		loop_timer_free(f->timer);
	mem_free(f);
	w->fetch = NULL;
}
