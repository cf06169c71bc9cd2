#include "cmd/wire_fetch.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "modules/dns/dns.h"
#include "modules/fetch/url.h"
#include "modules/loop/loop.h"

#define OWN_MS   1000  /* the addresses of this host are looked at again after so long */
#define OWN_MAX  4096
#define KEEP_S   86400 /* longest: an answer may be replaced before its nextUpdate */

/* A question: whose it is. */
struct asked {
	struct list in_list;
	uint64_t own; /* its number at modules/fetch */
	wire_fetch_fn *fn;
	uint64_t number;
};

/* A name that is asked for, in both families. */
struct naming {
	struct list in_list;
	struct wire_fetch *fetch;
	uint64_t number;
	struct dns_query *query[2];
	unsigned open;
	enum status status;
	size_t n;
	struct addr addrs[FETCH_ADDRS];
};

struct wire_fetch {
	struct wire *wire;
	struct fetch *fetch;
	struct loop_timer *timer;
	struct {
		int fd;
		struct loop_fd *watch;
	} watches[FETCH_OPEN];
	struct list asked, namings;
	uint64_t last;
	struct addr *own; /* addresses of this host */
	size_t n_own;
	uint64_t own_ms;  /* when they were read */
};

/* ---- names -------------------------------------------------------------------------------------- */

static void naming_drop(struct naming *q)
{
	for (unsigned i = 0; i < 2; i++)
		dns_cancel(q->query[i]);
	list_del(&q->in_list);
	mem_free(q);
}

static void naming_end(struct naming *q)
{
	struct wire_fetch *f = q->fetch;
	const struct naming was = *q;
	naming_drop(q);
	fetch_resolved(f->fetch, was.number, was.status, was.addrs, was.n);
}

static void on_name(struct naming *q, unsigned which, enum status st, const struct addr *addrs, size_t n)
{
	q->query[which] = NULL;
	q->open--;
	/* IPv4 first, whatever came first: it is what most networks of PKIs have. */
	if (st == ST_OK && which == 0 && q->n)
		memmove(q->addrs + n, q->addrs, q->n * sizeof(*addrs));
	if (st == ST_OK && n) {
		memcpy(q->addrs + (which == 0 ? 0 : q->n), addrs, n * sizeof(*addrs));
		q->n += n;
	}
	if (st != ST_OK && q->status != ST_TIMEOUT)
		q->status = st;
	/* Some name servers do not answer for IPv6 at all: who has an IPv4 address does not wait for it. */
	if (q->open == 0 || (which == 0 && q->n))
		naming_end(q);
}

_Static_assert(FETCH_ADDRS >= 2 * DNS_ADDRS, "room for both families");

static void on_v4(void *ctx, enum status st, const struct addr *addrs, size_t n)
{
	on_name(ctx, 0, st, addrs, n);
}

static void on_v6(void *ctx, enum status st, const struct addr *addrs, size_t n)
{
	on_name(ctx, 1, st, addrs, n);
}

static void port_resolve(void *ctx, uint64_t number, const char *name)
{
	struct wire_fetch *f = ctx;
	struct dns *dns = f->wire->dns;
	struct addr known[2 * DNS_ADDRS];
	size_t n = dns_known(dns, name, 4, known);
	n += dns_known(dns, name, 6, known + n);
	if (n) {
		fetch_resolved(f->fetch, number, ST_OK, known, n);
		return;
	}
	struct naming *q = mem_new(sizeof(*q));
	if (!q) {
		fetch_resolved(f->fetch, number, ST_NOMEM, NULL, 0);
		return;
	}
	*q = (struct naming){.fetch = f, .number = number, .status = ST_NOT_FOUND};
	list_push_back(&f->namings, &q->in_list);
	q->open += dns_ask(dns, name, 4, on_v4, q, &q->query[0]) == ST_OK;
	q->open += dns_ask(dns, name, 6, on_v6, q, &q->query[1]) == ST_OK;
	if (q->open == 0)
		naming_end(q);
}

static void port_resolve_cancel(void *ctx, uint64_t number)
{
	struct wire_fetch *f = ctx;
	LIST_EACH_SAFE(at, &f->namings) {
		struct naming *q = CONTAINER_OF(at, struct naming, in_list);
		if (q->number == number)
			naming_drop(q);
	}
}

/* ---- addresses of this host --------------------------------------------------------------------- */

static struct addr addr_of(const struct sockaddr *sa)
{
	struct addr a = {0};
	if (sa && sa->sa_family == AF_INET) {
		struct sockaddr_in v4;
		memcpy(&v4, sa, sizeof(v4));
		a = addr_from((const uint8_t *)&v4.sin_addr, 4);
	} else if (sa && sa->sa_family == AF_INET6) {
		struct sockaddr_in6 v6;
		memcpy(&v6, sa, sizeof(v6));
		a = addr_from((const uint8_t *)&v6.sin6_addr, 16);
	}
	return a;
}

static void read_own(struct wire_fetch *f)
{
	struct ifaddrs *all, *i;
	size_t n = 0;
	if (f->own && loop_now_ms() - f->own_ms < OWN_MS)
		return;
	mem_free(f->own);
	f->own = NULL;
	f->n_own = 0;
	if (getifaddrs(&all) != 0)
		return;
	for (i = all; i; i = i->ifa_next)
		n++;
	f->own = mem_array(n < OWN_MAX ? n + 1 : OWN_MAX, sizeof(*f->own));
	for (i = all; f->own && i && f->n_own < OWN_MAX; i = i->ifa_next) {
		struct addr a = addr_of(i->ifa_addr);
		if (a.family)
			f->own[f->n_own++] = a;
	}
	freeifaddrs(all);
	f->own_ms = loop_now_ms();
}

/* What cannot be known might be: then nothing is fetched. */
static bool port_is_own(void *ctx, const struct addr *a)
{
	struct wire_fetch *f = ctx;
	read_own(f);
	for (size_t i = 0; i < f->n_own; i++)
		if (addr_eq(&f->own[i], a))
			return true;
	return f->own == NULL || f->n_own == OWN_MAX;
}

/* ---- the loop ----------------------------------------------------------------------------------- */

static void on_fd(void *ctx, int fd)
{
	fetch_on_ready(((struct wire_fetch *)ctx)->fetch, fd);
}

static void port_unwatch(void *ctx, int fd)
{
	struct wire_fetch *f = ctx;
	for (size_t i = 0; i < FETCH_OPEN; i++) {
		if (!f->watches[i].watch || f->watches[i].fd != fd)
			continue;
		loop_fd_del(f->watches[i].watch);
		f->watches[i].watch = NULL;
	}
}

static enum status port_watch(void *ctx, int fd, bool want_write)
{
	struct wire_fetch *f = ctx;
	for (size_t i = 0; i < FETCH_OPEN; i++) {
		if (f->watches[i].watch)
			continue;
		f->watches[i].fd = fd;
		return loop_fd_add(f->wire->loop, fd, want_write, on_fd, f, &f->watches[i].watch);
	}
	return ST_LIMIT;
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

/* ---- questions ---------------------------------------------------------------------------------- */

static void forget(struct asked *q)
{
	list_del(&q->in_list);
	mem_free(q);
}

static void on_done(void *ctx, uint64_t number, enum status st, const char *words, struct view body)
{
	struct wire_fetch *f = ctx;
	LIST_EACH(at, &f->asked) {
		struct asked *q = CONTAINER_OF(at, struct asked, in_list);
		if (q->own != number)
			continue;
		const struct asked was = *q;
		/* It is nobody's any more: who is answered may ask again. */
		forget(q);
		was.fn(f->wire, was.number, st, words, body);
		return;
	}
}

enum status wire_fetch_start(struct wire *w, wire_fetch_fn *fn, uint64_t number, const struct fetch_request *rq,
			     char words[FETCH_WORDS])
{
	struct wire_fetch *f = w->fetch;
	struct asked *q = mem_new(sizeof(*q));
	snprintf(words, FETCH_WORDS, "%s", status_words(ST_NOMEM));
	if (!q)
		return ST_NOMEM;
	*q = (struct asked){.own = ++f->last, .fn = fn, .number = number};
	enum status st = fetch_url_judge(f->fetch, rq->url, words);
	if (st == ST_OK) {
		st = fetch_start(f->fetch, q->own, rq);
		snprintf(words, FETCH_WORDS, "%s", st == ST_OK ? "" : status_words(st));
	}
	if (st != ST_OK) {
		mem_free(q);
		return st;
	}
	list_push_back(&f->asked, &q->in_list);
	return ST_OK;
}

void wire_fetch_drop(struct wire *w, wire_fetch_fn *fn, uint64_t number)
{
	struct wire_fetch *f = w->fetch;
	if (!f)
		return;
	LIST_EACH_SAFE(at, &f->asked) {
		struct asked *q = CONTAINER_OF(at, struct asked, in_list);
		if (q->fn != fn || q->number != number)
			continue;
		fetch_cancel(f->fetch, q->own);
		forget(q);
	}
}

void wire_fetch_keep(struct wire *w, const char *url, struct view body, struct view answer, int64_t until_s)
{
	int64_t left = until_s - loop_wall_ms() / 1000;
	if (left > KEEP_S)
		left = KEEP_S;
	if (left > 0)
		fetch_keep(w->fetch->fetch, url, body, answer, loop_now_ms() + (uint64_t)left * 1000);
}

bool wire_fetch_kept(struct wire *w, const char *url, struct view body, struct view *answer)
{
	return fetch_kept(w->fetch->fetch, url, body, answer);
}

/* ---- the configuration -------------------------------------------------------------------------- */

static void add_host(struct fetch_rules *r, const char *host)
{
	for (size_t i = 0; i < r->n_hosts; i++)
		if (strcmp(r->hosts[i], host) == 0)
			return;
	if (r->n_hosts < FETCH_LISTED)
		r->hosts[r->n_hosts++] = host;
	else
		LOG(EV_CONFIG_WARNING, kv_str("reason", "more hosts to fetch from than can be listed"), kv_str("host", host));
}

static void add_port(struct fetch_rules *r, uint16_t port)
{
	for (size_t i = 0; i < r->n_ports; i++)
		if (r->ports[i] == port)
			return;
	if (port != 80 && r->n_ports < FETCH_LISTED)
		r->ports[r->n_ports++] = port;
}

static struct url urls[FETCH_LISTED]; /* the loop thread's; their hosts are copied by fetch_configure() */
static size_t listed;

static void add_url(struct fetch_rules *r, const char *url)
{
	const char *why = "more hosts to fetch from than can be listed";
	if (listed == FETCH_LISTED || url_parse(url, &urls[listed], &why) != ST_OK) {
		LOG(EV_CONFIG_WARNING, kv_str("reason", why), kv_bytes("url", url, strlen(url)));
		return;
	}
	urls[listed].path = NULL; /* the text is gone soon */
	add_host(r, urls[listed].host);
	add_port(r, urls[listed].port);
	listed++;
}

void wire_fetch_configure(struct wire *w, const struct snapshot *s)
{
	struct fetch_rules r = {0};
	listed = 0;
	for (size_t i = 0; i < s->trustpoint_count; i++) {
		const struct trustpoint *t = &s->trustpoints[i];
		for (size_t k = 0; k < t->fetch_hosts.n; k++) {
			char url[FETCH_URL_MAX];
			snprintf(url, sizeof(url), "http://%s/", t->fetch_hosts.v[k]);
			add_url(&r, url);
		}
		if (t->ocsp_url)
			add_url(&r, t->ocsp_url);
	}
	if (fetch_configure(w->fetch->fetch, &r) != ST_OK)
		LOG(EV_CONFIG_WARNING, kv_str("reason", "a host to fetch from has too long a name"));
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

enum status wire_fetch_open(struct wire *w)
{
	struct wire_fetch *f = mem_new(sizeof(*f));
	if (!f)
		return ST_NOMEM;
	w->fetch = f;
	f->wire = w;
	list_init(&f->asked);
	list_init(&f->namings);
	if (loop_timer_new(w->loop, on_time, f, &f->timer) != ST_OK)
		return ST_NOMEM;
	f->fetch = fetch_new(&ports, f, on_done, f);
	w->world.fetch = f->fetch;
	return f->fetch ? ST_OK : ST_NOMEM;
}

void wire_fetch_close(struct wire *w)
{
	struct wire_fetch *f = w->fetch;
	if (!f)
		return;
	w->world.fetch = NULL;
	fetch_free(f->fetch);
	LIST_EACH_SAFE(at, &f->namings)
		naming_drop(CONTAINER_OF(at, struct naming, in_list));
	LIST_EACH_SAFE(at, &f->asked)
		forget(CONTAINER_OF(at, struct asked, in_list));
	if (f->timer)
		loop_timer_free(f->timer);
	mem_free(f->own);
	mem_free(f);
	w->fetch = NULL;
}
