#include "modules/dns/dns.h"

#include <event2/dns.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

#include "core/base/list.h"
#include "core/base/mem.h"

#define TTL_MAX_S 86400

/* An answer. */
struct kept {
	char name[DNS_NAME];
	uint8_t family; /* 0: free */
	uint64_t until_ms;
	size_t n;
	struct addr addrs[DNS_ADDRS];
};

struct dns {
	struct evdns_base *base;
	const char *path;
	struct stat seen; /* of the file, when it was read */
	struct list queries;
	struct kept kept[DNS_KEPT];
};

struct dns_query {
	struct list in_list;
	struct dns *dns;
	struct evdns_request *request;
	dns_fn *fn; /* NULL: cancelled */
	void *ctx;
	uint8_t family;
	char name[DNS_NAME];
};

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- what is kept ------------------------------------------------------------------------------- */

/* Names compare without regard to case (RFC 4343). */
static struct kept *find(struct dns *d, const char *name, uint8_t family)
{
	for (size_t i = 0; i < DNS_KEPT; i++)
		if (d->kept[i].family == family && strcasecmp(d->kept[i].name, name) == 0)
			return &d->kept[i];
	return NULL;
}

static struct kept *room(struct dns *d)
{
	struct kept *first = &d->kept[0];
	for (size_t i = 0; i < DNS_KEPT; i++) {
		if (d->kept[i].family == 0)
			return &d->kept[i];
		if (d->kept[i].until_ms < first->until_ms)
			first = &d->kept[i];
	}
	return first;
}

static void keep(struct dns *d, const struct dns_query *q, const struct addr *addrs, size_t n, int ttl_s)
{
	struct kept *k = find(d, q->name, q->family);
	if (ttl_s <= 0)
		return;
	if (!k)
		k = room(d);
	memcpy(k->name, q->name, sizeof(k->name));
	k->family = q->family;
	k->until_ms = now_ms() + (uint64_t)(ttl_s < TTL_MAX_S ? ttl_s : TTL_MAX_S) * 1000;
	k->n = n;
	memcpy(k->addrs, addrs, n * sizeof(*addrs));
}

size_t dns_known(struct dns *d, const char *name, uint8_t family, struct addr out[DNS_ADDRS])
{
	struct kept *k = find(d, name, family);
	if (!k)
		return 0;
	if (k->until_ms <= now_ms()) {
		k->family = 0;
		return 0;
	}
	memcpy(out, k->addrs, k->n * sizeof(*out));
	return k->n;
}

/* ---- name servers --------------------------------------------------------------------------------- */

static bool is_new(const struct stat *a, const struct stat *b)
{
	return a->st_ino != b->st_ino || a->st_size != b->st_size ||
	       a->st_mtim.tv_sec != b->st_mtim.tv_sec || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec;
}

/* A file of a few lines, and read only when it is another one: that is not waiting. */
static void read_servers(struct dns *d)
{
	struct stat s = {0};
	bool is_there = stat(d->path, &s) == 0;
	if (evdns_base_count_nameservers(d->base) > 0 && (!is_there || !is_new(&s, &d->seen)))
		return;
	d->seen = s;
	(void)evdns_base_clear_nameservers_and_suspend(d->base);
	(void)evdns_base_resolv_conf_parse(d->base, DNS_OPTION_NAMESERVERS, d->path);
	(void)evdns_base_resume(d->base);
}

/* It would write to standard error; what fails is told to who asked. */
static void on_message(int is_warning, const char *text)
{
}

struct dns *dns_new(struct event_base *base, const char *resolv_conf)
{
	struct dns *d = mem_new(sizeof(*d));
	if (!d)
		return NULL;
	list_init(&d->queries);
	d->path = resolv_conf;
	d->base = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (!d->base) {
		mem_free(d);
		return NULL;
	}
	evdns_set_log_fn(on_message);
	/* Less than a client waits for a name, with two servers of which one is dead. */
	(void)evdns_base_set_option(d->base, "timeout:", "2");
	(void)evdns_base_set_option(d->base, "attempts:", "4");
	(void)evdns_base_set_option(d->base, "max-timeouts:", "1");
	(void)evdns_base_set_option(d->base, "initial-probe-timeout:", "5");
	return d;
}

void dns_free(struct dns *d)
{
	if (!d)
		return;
	evdns_base_free(d->base, 0);
	LIST_EACH_SAFE(at, &d->queries)
		mem_free(CONTAINER_OF(at, struct dns_query, in_list));
	mem_free(d);
}

/* ---- asking ---------------------------------------------------------------------------------------- */

static enum status status_of(int result)
{
	switch (result) {
	case DNS_ERR_NONE: return ST_OK;
	case DNS_ERR_NOTEXIST:
	case DNS_ERR_NODATA: return ST_NOT_FOUND;
	case DNS_ERR_TIMEOUT: return ST_TIMEOUT;
	default: return ST_IO;
	}
}

static void on_answer(int result, char type, int count, int ttl, void *addresses, void *arg)
{
	struct dns_query *q = arg;
	struct addr addrs[DNS_ADDRS];
	size_t n = 0, len = type == DNS_IPv4_A ? 4 : 16;
	enum status st = status_of(result);
	bool is_ours = type == (q->family == 4 ? DNS_IPv4_A : DNS_IPv6_AAAA);
	for (int i = 0; st == ST_OK && is_ours && i < count && n < DNS_ADDRS; i++)
		addrs[n++] = addr_from((const uint8_t *)addresses + (size_t)i * len, len);
	if (st == ST_OK && n == 0)
		st = ST_NOT_FOUND;
	list_del(&q->in_list);
	if (q->fn && st == ST_OK)
		keep(q->dns, q, addrs, n, ttl);
	if (q->fn)
		q->fn(q->ctx, st, addrs, n);
	mem_free(q);
}

enum status dns_ask(struct dns *d, const char *name, uint8_t family, dns_fn *fn, void *ctx,
		    struct dns_query **out)
{
	size_t len = strlen(name);
	*out = NULL;
	if (len == 0 || len >= DNS_NAME)
		return ST_CONFIG;
	struct dns_query *q = mem_new(sizeof(*q));
	if (!q)
		return ST_NOMEM;
	*q = (struct dns_query){.dns = d, .fn = fn, .ctx = ctx, .family = family};
	memcpy(q->name, name, len + 1);
	list_push_back(&d->queries, &q->in_list);
	read_servers(d);
	q->request = family == 4 ?
			     evdns_base_resolve_ipv4(d->base, name, DNS_QUERY_NO_SEARCH, on_answer, q) :
			     evdns_base_resolve_ipv6(d->base, name, DNS_QUERY_NO_SEARCH, on_answer, q);
	if (!q->request) {
		list_del(&q->in_list);
		mem_free(q);
		return ST_CONFIG; /* it cannot be put into a question */
	}
	*out = q;
	return ST_OK;
}

/* The answer comes all the same, as "cancelled". */
void dns_cancel(struct dns_query *q)
{
	if (!q)
		return;
	q->fn = NULL;
	evdns_cancel_request(q->dns->base, q->request);
}
