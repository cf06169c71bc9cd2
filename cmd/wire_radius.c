#include "cmd/wire_radius.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/holder_proto.h"
#include "cmd/radius_plan.h"
#include "cmd/wire_acct.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/conf/aaa.h"
#include "modules/dns/dns.h"
#include "modules/loop/loop.h"
#include "modules/radius/radius.h"

#define AGAIN_MS      60000 /* names are asked for again */
#define VIRTUAL       5     /* NAS-Port-Type (RFC 2865 5.41) */
#define ASA_TUNNEL    146   /* Tunnel-Group-Name */

/* A server that the configuration names. */
struct named {
	char name[DNS_NAME];
	struct addr addr[2]; /* of IPv4, of IPv6; family 0: none */
	struct dns_query *query[2];
	struct wire *wire;
};

/* A socket of the client. */
struct ear {
	struct list in_list;
	struct loop_fd *watch;
	int fd;
};

struct wire_radius {
	struct radius *radius;
	struct loop_timer *again, *timer;
	struct list ears;
	struct named names[CONF_RADIUS_SERVERS];
	size_t n;
	uint64_t last; /* number of a request */
};

struct radius *wire_radius(const struct wire *w)
{
	return w->radius->radius;
}

uint64_t wire_radius_number(struct wire *w)
{
	return ++w->radius->last;
}

/* ---- ports ------------------------------------------------------------------------------------------ */

static void on_readable(void *ctx, int fd)
{
	const struct wire *w = ctx;
	radius_on_readable(w->radius->radius, fd);
}

static void on_time(void *ctx)
{
	const struct wire *w = ctx;
	radius_on_time(w->radius->radius);
}

static enum status listen_to(struct wire *w, int fd)
{
	struct ear *e = mem_new(sizeof(*e));
	if (!e)
		return ST_NOMEM;
	e->fd = fd;
	enum status st = loop_fd_add(w->loop, fd, false, on_readable, w, &e->watch);
	if (st == ST_OK)
		list_push_back(&w->radius->ears, &e->in_list);
	else
		mem_free(e);
	return st;
}

static enum status port_open(void *ctx, const char *vrf, uint8_t family, const struct addr *source, int *fd)
{
	struct wire *w = ctx;
	struct asroot_request rq = {.op = ASROOT_ASKER, .family = family, .addr = *source};
	struct asroot_reply reply;
	int fds[ASROOT_FDS];
	if (strlen(vrf) >= sizeof(rq.vrf))
		return ST_CONFIG;
	memcpy(rq.vrf, vrf, strlen(vrf));
	enum status st = asroot_call(w->control, &rq, &reply, fds);
	if (st == ST_OK) {
		st = listen_to(w, fds[0]);
		if (st != ST_OK)
			close(fds[0]);
	}
	if (st == ST_OK)
		*fd = fds[0];
	else
		LOG(EV_RADIUS_SOCKET, kv_str("vrf", vrf), kv_addr("source", source), kv_status("status", st));
	return st;
}

static void port_shut(void *ctx, int fd)
{
	struct wire *w = ctx;
	LIST_EACH_SAFE(at, &w->radius->ears) {
		struct ear *e = CONTAINER_OF(at, struct ear, in_list);
		if (e->fd != fd)
			continue;
		loop_fd_del(e->watch);
		list_del(&e->in_list);
		mem_free(e);
	}
	close(fd);
}

static uint64_t port_now_ms(void *ctx)
{
	(void)ctx;
	return loop_now_ms();
}

static void port_wake_at(void *ctx, uint64_t at_ms)
{
	struct wire *w = ctx;
	loop_timer_at(w->radius->timer, at_ms);
}

static void port_changed(void *ctx, const char *server, bool is_dead)
{
	LOG(is_dead ? EV_RADIUS_DEAD : EV_RADIUS_ALIVE, kv_str("server", server));
	if (!is_dead)
		wire_acct_revived(ctx);
}

/* ---- names ------------------------------------------------------------------------------------------- */

static bool find_name(void *ctx, const char *name, uint8_t family, struct addr *out)
{
	const struct wire_radius *r = ctx;
	for (size_t i = 0; i < r->n; i++) {
		const struct named *n = &r->names[i];
		if (strcmp(n->name, name) != 0)
			continue;
		for (int k = 0; k < 2; k++) {
			if (!n->addr[k].family || (family && family != n->addr[k].family))
				continue;
			*out = n->addr[k];
			return true;
		}
	}
	return false;
}

static void apply(struct wire *w)
{
	struct wire_radius *r = w->radius;
	struct radius_plan *plan = mem_new(sizeof(*plan));
	enum status st = plan ? ST_OK : ST_NOMEM;
	if (plan) {
		radius_plan_make(w->conf, find_name, r, plan);
		struct radius_conf c = {plan->servers, plan->n_servers, plan->groups, plan->n_groups};
		st = radius_configure(r->radius, &c);
		mem_free_secret(plan, sizeof(*plan));
	}
	if (st != ST_OK)
		LOG(EV_RADIUS_SOCKET, kv_str("vrf", ""), kv_status("status", st));
}

static void on_addresses(struct named *n, int k, enum status st, const struct addr *addrs, size_t count)
{
	n->query[k] = NULL;
	/* What was found before stays while name servers do not answer. */
	if (st != ST_OK || count == 0 || addr_eq(&n->addr[k], &addrs[0]))
		return;
	n->addr[k] = addrs[0];
	apply(n->wire);
}

static void on_v4(void *ctx, enum status st, const struct addr *addrs, size_t n)
{
	on_addresses(ctx, 0, st, addrs, n);
}

static void on_v6(void *ctx, enum status st, const struct addr *addrs, size_t n)
{
	on_addresses(ctx, 1, st, addrs, n);
}

static void ask_names(struct wire *w)
{
	static dns_fn *const done[] = {on_v4, on_v6};
	static const uint8_t family[] = {4, 6};
	struct wire_radius *r = w->radius;
	for (size_t i = 0; i < r->n; i++) {
		struct named *n = &r->names[i];
		for (int k = 0; k < 2; k++) {
			struct addr known[DNS_ADDRS];
			if (n->query[k])
				continue;
			size_t found = dns_known(w->dns, n->name, family[k], known);
			if (found)
				on_addresses(n, k, ST_OK, known, found);
			else if (dns_ask(w->dns, n->name, family[k], done[k], n, &n->query[k]) != ST_OK)
				n->query[k] = NULL;
		}
	}
	loop_timer_at(r->again, r->n ? loop_now_ms() + AGAIN_MS : LOOP_NEVER);
}

static void on_again(void *ctx)
{
	ask_names(ctx);
}

static void forget_names(struct wire_radius *r)
{
	for (size_t i = 0; i < r->n; i++) {
		dns_cancel(r->names[i].query[0]);
		dns_cancel(r->names[i].query[1]);
	}
	memset(r->names, 0, sizeof(r->names));
	r->n = 0;
}

static void note_name(struct wire *w, const struct radius_server *s)
{
	struct wire_radius *r = w->radius;
	if (!s->host || s->addr.family || strlen(s->host) >= DNS_NAME || r->n == CONF_RADIUS_SERVERS)
		return;
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->names[i].name, s->host) == 0)
			return;
	r->names[r->n].wire = w;
	snprintf(r->names[r->n++].name, DNS_NAME, "%s", s->host);
}

/* What was found for a name that is still there. */
static void recall(struct wire_radius *r, const struct named *before, size_t n)
{
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < n; k++)
			if (strcmp(r->names[i].name, before[k].name) == 0)
				memcpy(r->names[i].addr, before[k].addr, sizeof(before[k].addr));
}

void wire_radius_configure(struct wire *w)
{
	const struct snapshot *s = w->conf;
	size_t n = w->radius->n;
	struct named *before = n ? mem_dup(w->radius->names, n * sizeof(*before)) : NULL;
	forget_names(w->radius);
	for (size_t i = 0; i < s->radius_server_count; i++)
		note_name(w, &s->radius_servers[i]);
	for (size_t i = 0; i < s->aaa_group_count; i++)
		for (size_t k = 0; k < s->aaa_groups[i].member_count; k++)
			if (s->aaa_groups[i].members[k].kind == MEMBER_PRIVATE)
				note_name(w, &s->aaa_groups[i].members[k].server);
	if (before) /* without memory they are asked for */
		recall(w->radius, before, n);
	mem_free(before);
	apply(w);
	ask_names(w);
}

/* ---- lists ---------------------------------------------------------------------------------------------- */

enum wire_aaa wire_aaa_next(const struct snapshot *s, enum aaa_kind kind, const char *list, size_t *at, const char **group)
{
	const struct aaa_list *l = list ? aaa_list_used(s, kind, list) : NULL;
	*group = NULL;
	if (!l)
		return (*at)++ == 0 ? WIRE_AAA_LOCAL : WIRE_AAA_END;
	while (*at < l->methods.n) {
		const char *method = l->methods.v[(*at)++];
		*group = aaa_method_group(method);
		if (*group)
			return WIRE_AAA_GROUP;
		if (strcmp(method, "local") == 0)
			return WIRE_AAA_LOCAL;
		if (strcmp(method, "none") == 0)
			return WIRE_AAA_NONE;
	}
	return WIRE_AAA_END;
}

/* ---- requests --------------------------------------------------------------------------------------------- */

void wire_radius_put_who(const struct wire *w, struct wr *o, const struct radius_who *who)
{
	char text[ADDR_TEXT];
	radius_put_text(o, RADIUS_NAS_IDENTIFIER, w->conf->hostname ? w->conf->hostname : "sallyport");
	radius_put_u32(o, RADIUS_NAS_PORT_TYPE, VIRTUAL);
	radius_put_text(o, RADIUS_CALLED_STATION_ID, addr_format(&who->local->addr, text));
	radius_put_text(o, RADIUS_CALLING_STATION_ID, addr_format(&who->remote->addr, text));
	if (who->profile[0])
		radius_put_vsa(o, RADIUS_VENDOR_ASA, ASA_TUNNEL, who->profile, strlen(who->profile));
}

void wire_radius_message(struct view attrs, char out[IKE_DETAIL_LEN])
{
	struct radius_attr a;
	out[0] = 0;
	if (radius_find(attrs, RADIUS_REPLY_MESSAGE, &a))
		escape_bytes(out, IKE_DETAIL_LEN, a.value.p, a.value.len);
}

/* ---- life --------------------------------------------------------------------------------------------------- */

enum status wire_radius_open(struct wire *w)
{
	struct radius_ports ports = {.open = port_open, .shut = port_shut, .now_ms = port_now_ms, .wake_at = port_wake_at,
				     .changed = port_changed, .ctx = w};
	struct wire_radius *r = mem_new(sizeof(*r));
	if (!r)
		return ST_NOMEM;
	w->radius = r;
	list_init(&r->ears);
	enum status st = loop_timer_new(w->loop, on_again, w, &r->again);
	if (st == ST_OK)
		st = loop_timer_new(w->loop, on_time, w, &r->timer);
	if (st == ST_OK)
		r->radius = radius_new(&ports, w->stats);
	return st == ST_OK && !r->radius ? ST_NOMEM : st;
}

void wire_radius_close(struct wire *w)
{
	struct wire_radius *r = w->radius;
	if (!r)
		return;
	forget_names(r);
	radius_free(r->radius);
	if (r->again)
		loop_timer_free(r->again);
	if (r->timer)
		loop_timer_free(r->timer);
	mem_free(r);
	w->radius = NULL;
}
