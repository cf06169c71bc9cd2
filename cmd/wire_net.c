#include "cmd/wire_net.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/holder_proto.h"
#include "cmd/wire_orphan.h"
#include "cmd/wire_proxy.h"
#include "cmd/wire_route.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "modules/data/data.h"
#include "modules/loop/loop.h"
#include "modules/net/net.h"

#define LISTEN_TEXT (ENDPOINT_TEXT + PLAN_VRF + 8)

struct net_watch {
	struct list in_list;
	struct wire *wire;
	struct endpoint local;
	uint8_t family;
	struct loop_fd *watch;
};

/* Where the why of a failure goes. */
struct reason {
	char *text;
	size_t cap;
};

static void close_fds(const int *fds, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		close(fds[i]);
}

static struct endpoint endpoint_of(const struct plan_listen *l)
{
	return (struct endpoint){.vrf = l->vrf, .addr = l->addr, .port = l->port};
}

static struct asroot_request socket_request(const struct plan_listen *l, uint32_t index)
{
	uint32_t op = l->is_raw ? ASROOT_RAW : ASROOT_UDP;
	struct asroot_request rq = {.op = op, .of = op, .family = l->family,
				    .addr = l->addr, .port = l->port, .index = index};
	memcpy(rq.vrf, l->vrf_name, sizeof(rq.vrf));
	return rq;
}

static struct asroot_request tun_request(const struct wire *w, const struct plan_tun *t)
{
	struct asroot_request rq = {.op = ASROOT_TUN, .of = ASROOT_TUN, .count = w->workers,
				    .mtu = t->mtu, .ip4 = t->ip4, .ip6 = t->ip6, .vnet_hdr = 1};
	memcpy(rq.name, t->name, sizeof(rq.name));
	memcpy(rq.vrf, t->vrf_name, sizeof(rq.vrf));
	return rq;
}

static const char *words_of(enum status st, int error)
{
	if (st != ST_IO)
		return status_words(st);
	if (error == EADDRINUSE)
		return "another program has this port";
	return strerror(error);
}

/* ---- listening ----------------------------------------------------------------------------- */

static void name_of(const struct plan_listen *l, char out[LISTEN_TEXT])
{
	char text[ENDPOINT_TEXT];
	struct endpoint e = endpoint_of(l);
	if (l->is_raw && l->addr.family)
		addr_format(&l->addr, text);
	else if (l->is_raw)
		snprintf(text, sizeof(text), "%s", l->family == 4 ? "0.0.0.0" : "::");
	else if (l->addr.family == 0)
		snprintf(text, sizeof(text), "%s:%u", l->family == 4 ? "0.0.0.0" : "[::]", l->port);
	else
		endpoint_format(&e, text);
	snprintf(out, LISTEN_TEXT, "%s%s%s%s", l->is_raw ? "esp " : "", text,
		 l->vrf_name[0] ? " vrf " : "", l->vrf_name);
}

static void say_listen(const struct plan_listen *l, struct reason *r, enum status st, int error)
{
	char name[LISTEN_TEXT];
	name_of(l, name);
	if (st == ST_NOT_FOUND)
		snprintf(r->text, r->cap, "cannot listen on %s: there is no network namespace of that name", name);
	else
		snprintf(r->text, r->cap, "cannot listen on %s: %s", name, words_of(st, error));
}

static void on_port_500(void *ctx, int fd)
{
	struct net_watch *nw = ctx;
	net_on_readable(nw->wire->net, fd);
}

static enum status watch_500(struct wire *w, const struct plan_listen *l, int fd)
{
	struct endpoint local = endpoint_of(l);
	struct net_watch *nw = mem_new(sizeof(*nw));
	if (!nw) {
		close(fd);
		return ST_NOMEM;
	}
	*nw = (struct net_watch){.wire = w, .local = local, .family = l->family};
	enum status st = net_add(w->net, &local, l->family, fd);
	if (st == ST_OK) {
		st = loop_fd_add(w->loop, fd, false, on_port_500, nw, &nw->watch);
		if (st != ST_OK)
			(void)!net_del(w->net, &local, l->family);
	}
	if (st != ST_OK) {
		mem_free(nw);
		return st;
	}
	list_push_back(&w->net_watches, &nw->in_list);
	return ST_OK;
}

static void drop_kept(struct wire *w, struct asroot_request rq)
{
	struct asroot_reply reply;
	rq.op = ASROOT_DROP;
	(void)!asroot_call(w->control, &rq, &reply, NULL);
}

static uint32_t sockets_of(const struct wire *w, const struct plan_listen *l)
{
	return l->is_nat || l->is_raw ? w->workers : 1;
}

static void drop_listen(struct wire *w, const struct plan_listen *l)
{
	for (uint32_t i = 0; i < sockets_of(w, l); i++)
		drop_kept(w, socket_request(l, i));
}

static void log_absent(const struct plan_listen *l)
{
	char name[LISTEN_TEXT];
	name_of(l, name);
	LOG(EV_NET_ERROR, kv_str("address", name),
	    kv_str("reason", "this host does not have the address now; used when it comes"));
}

/* A start is not held up by an address that went away or is not there yet, or sessions would wait for
 * it in vain; in a reload it is taken for a slip of the pen. */
static enum status open_listen(struct wire *w, const struct plan_listen *l, struct reason *r)
{
	int fds[ASROOT_FDS];
	uint32_t n = 0, wanted = sockets_of(w, l);
	struct asroot_reply reply;
	struct endpoint local = endpoint_of(l);
	bool is_first = w->plan.listen_count == 0;
	enum status st = ST_OK;
	while (n < wanted && st == ST_OK) {
		struct asroot_request rq = socket_request(l, n);
		rq.may_be_absent = is_first;
		st = asroot_call(w->control, &rq, &reply, &fds[n]);
		if (st == ST_OK)
			n++;
	}
	if (st == ST_OK && reply.error)
		log_absent(l);
	if (st != ST_OK) {
		int error = errno;
		say_listen(l, r, st, error);
		close_fds(fds, n);
		drop_listen(w, l);
		errno = error; /* the caller looks at it */
		return st;
	}
	if (!l->is_nat && !l->is_raw)
		return watch_500(w, l, fds[0]);
	st = l->is_raw ? data_add_raw(w->data, &local, l->family, fds) :
			 data_add_udp(w->data, &local, l->family, fds);
	if (st != ST_OK) {
		say_listen(l, r, st, errno);
		close_fds(fds, n);
		drop_listen(w, l);
	}
	return st;
}

static void close_listen(struct wire *w, const struct plan_listen *l)
{
	struct endpoint local = endpoint_of(l);
	if (l->is_nat)
		(void)!data_del_udp(w->data, &local, l->family);
	if (l->is_raw)
		(void)!data_del_raw(w->data, &local, l->family);
	LIST_EACH_SAFE(at, &w->net_watches) {
		struct net_watch *nw = CONTAINER_OF(at, struct net_watch, in_list);
		if (l->is_nat || l->is_raw || nw->family != l->family || !endpoint_eq(&nw->local, &local))
			continue;
		loop_fd_del(nw->watch);
		(void)!net_del(w->net, &local, l->family);
		list_del(&nw->in_list);
		mem_free(nw);
	}
	drop_listen(w, l);
}

static bool is_planned(const struct plan *p, const struct plan_listen *l)
{
	for (size_t i = 0; i < p->listen_count; i++)
		if (plan_listen_eq(&p->listens[i], l))
			return true;
	return false;
}

/* ---- TUN devices ---------------------------------------------------------------------------- */

/* An older kernel is slower: said once, for the first device. */
static void say_offloads(struct wire *w, const struct plan_tun *t)
{
	const char *has = data_tun_offloads(w->data, t->number);
	if (w->said_offloads || w->conf->own.offload_off || strcmp(has, "TCP, UDP") == 0)
		return;
	w->said_offloads = true;
	LOG(EV_NO_OFFLOAD, kv_str("interface", t->name), kv_str("has", has),
	    kv_str("wanted", "TCP, UDP"));
}

static enum status open_tun(struct wire *w, const struct plan_tun *t, struct reason *r, bool *was_kept)
{
	int fds[ASROOT_FDS];
	struct asroot_reply reply;
	struct asroot_request rq = tun_request(w, t);
	enum status st = asroot_call(w->control, &rq, &reply, fds);
	if (st == ST_EXISTS) {
		/* Kept from a configuration in which it was another device. */
		drop_kept(w, rq);
		st = asroot_call(w->control, &rq, &reply, fds);
	}
	*was_kept = reply.was_kept != 0;
	if (st != ST_OK) {
		if (st == ST_NOT_FOUND)
			snprintf(r->text, r->cap, "cannot make %s: there is no network namespace \"%s\"",
				 t->name, t->vrf_name);
		else
			snprintf(r->text, r->cap, "cannot make %s: %s", t->name,
				 words_of(st, reply.error ? reply.error : errno));
		return st;
	}
	if (reply.error)
		LOG(EV_NET_ERROR, kv_str("interface", t->name), kv_str("reason", strerror(reply.error)),
		    kv_str("what", "no IPv6 address"));
	/* The peers of a TunnelN are sites. */
	bool has_clients = t->number < PLAN_TUNNEL_BASE;
	st = data_add_tun(w->data,
			  &(struct data_tun){.number = t->number, .group = has_clients ? t->vrf + 1 : 0,
					     .vnet_hdr = true, .client_to_client = t->client_to_client,
					     .multicast = t->multicast, .dhcp = t->dhcp_inform,
					     .self = t->ip4.addr}, fds);
	if (st != ST_OK) {
		snprintf(r->text, r->cap, "cannot use %s: %s", t->name, words_of(st, errno));
		close_fds(fds, reply.n_fds);
		return st;
	}
	say_offloads(w, t);
	return ST_OK;
}

static void close_tun(struct wire *w, const struct plan_tun *t)
{
	wire_route_closed(w, t->number);
	(void)!data_del_tun(w->data, t->number);
	drop_kept(w, tun_request(w, t));
}

static bool same_address(const struct prefix *a, const struct prefix *b)
{
	return a->len == b->len && addr_eq(&a->addr, &b->addr);
}

/* The same device with other settings: its queues are handed over anew. */
static enum status change_tun(struct wire *w, const struct plan_tun *old, const struct plan_tun *new,
			      struct reason *r)
{
	bool was_kept;
	if (strcmp(old->vrf_name, new->vrf_name) != 0)
		close_tun(w, old);
	else
		(void)!data_del_tun(w->data, old->number);
	if (!same_address(&old->ip4, &new->ip4))
		wire_route_unset(w, old->number, 4);
	enum status st = open_tun(w, new, r, &was_kept);
	if (st != ST_OK) {
		struct reason ignored = {(char[8]){0}, 8};
		(void)!open_tun(w, old, &ignored, &was_kept);
	}
	return st;
}

void wire_net_address(struct wire *w, uint32_t tun, const struct prefix *ip4, const struct prefix *ip6)
{
	struct plan_tun *t = (struct plan_tun *)(uintptr_t)plan_find_tun(&w->plan, tun);
	struct asroot_reply reply;
	if (!t || (same_address(&t->ip4, ip4) && same_address(&t->ip6, ip6)))
		return;
	if (!same_address(&t->ip4, ip4))
		wire_route_unset(w, tun, 4);
	t->ip4 = *ip4;
	t->ip6 = *ip6;
	struct asroot_request rq = tun_request(w, t);
	enum status st = asroot_call(w->control, &rq, &reply, NULL);
	if (st != ST_OK)
		LOG(EV_NET_ERROR, kv_str("interface", t->name), kv_str("what", "its address"),
		    kv_str("reason", words_of(st, reply.error ? reply.error : errno)));
	wire_route_set(w, tun);
}

/* ---- from one plan to the next --------------------------------------------------------------- */

static void log_skipped(const struct reason *r)
{
	LOG(EV_NET_ERROR, kv_str("reason", r->text));
}

/* Its network namespace is not there. */
static void skip_missing(struct wire *w, const struct reason *r)
{
	log_skipped(r);
	w->net_missing++;
}

static void forget_listen(struct plan *p, size_t i)
{
	memmove(&p->listens[i], &p->listens[i + 1], (--p->listen_count - i) * sizeof(p->listens[0]));
}

static void forget_tun(struct plan *p, size_t i)
{
	mem_free(p->tuns[i].routes);
	memmove(&p->tuns[i], &p->tuns[i + 1], (--p->tun_count - i) * sizeof(p->tuns[0]));
}

/* Opens the devices of `want`; *done counts those that must be undone when a later one fails. */
static enum status open_tuns(struct wire *w, struct plan *want, size_t *done, struct reason *r)
{
	for (*done = 0; *done < want->tun_count;) {
		struct plan_tun *t = &want->tuns[*done];
		const struct plan_tun *old = plan_find_tun(&w->plan, t->number);
		enum status st = ST_OK;
		if (!old)
			st = open_tun(w, t, r, &t->was_kept);
		else if (!plan_tun_eq(old, t))
			st = change_tun(w, old, t, r);
		if (st == ST_NOT_FOUND && !old) {
			skip_missing(w, r);
			forget_tun(want, *done);
			continue;
		}
		if (st != ST_OK)
			return st;
		++*done;
	}
	return ST_OK;
}

static void undo_tuns(struct wire *w, const struct plan *want, size_t done)
{
	struct reason ignored = {(char[8]){0}, 8};
	for (size_t i = 0; i < done; i++) {
		const struct plan_tun *t = &want->tuns[i];
		const struct plan_tun *old = plan_find_tun(&w->plan, t->number);
		if (!old) {
			close_tun(w, t);
			continue;
		}
		if (!plan_tun_eq(old, t))
			(void)!change_tun(w, t, old, &ignored);
	}
	/* Those of devices that had to be closed. */
	wire_route_apply(w);
}

static enum status open_listens(struct wire *w, struct plan *want, size_t *done, struct reason *r)
{
	for (*done = 0; *done < want->listen_count;) {
		const struct plan_listen *l = &want->listens[*done];
		enum status st = is_planned(&w->plan, l) ? ST_OK : open_listen(w, l, r);
		/* A machine without IPv6 listens on IPv4. */
		bool is_spared = st == ST_IO && errno == EAFNOSUPPORT && l->addr.family == 0;
		/* What may not go by itself goes in UDP, and peers are told of a NAT (core/ike/encap.h). */
		is_spared |= st == ST_IO && l->is_raw;
		if (st == ST_NOT_FOUND || is_spared) {
			if (is_spared)
				log_skipped(r);
			else
				skip_missing(w, r);
			forget_listen(want, *done);
			continue;
		}
		if (st != ST_OK)
			return st;
		++*done;
	}
	return ST_OK;
}

static void log_new_listens(const struct wire *w, const struct plan *want)
{
	char name[LISTEN_TEXT];
	for (size_t i = 0; i < want->listen_count; i++) {
		if (is_planned(&w->plan, &want->listens[i]))
			continue;
		name_of(&want->listens[i], name);
		LOG(EV_LISTEN, kv_str("address", name));
	}
}

static void close_unwanted(struct wire *w, const struct plan *old)
{
	for (size_t i = 0; i < old->listen_count; i++)
		if (!is_planned(&w->plan, &old->listens[i]))
			close_listen(w, &old->listens[i]);
	for (size_t i = 0; i < old->tun_count; i++)
		if (!plan_find_tun(&w->plan, old->tuns[i].number))
			close_tun(w, &old->tuns[i]);
}

enum status wire_net_apply(struct wire *w, struct plan *want, char *why, size_t why_cap)
{
	struct reason r = {why, why_cap};
	size_t tuns = 0, listens = 0, missing = w->net_missing;
	enum status st = wire_orphan_retain(w, want);
	w->net_missing = 0;
	if (st == ST_OK)
		st = open_tuns(w, want, &tuns, &r);
	if (st == ST_OK)
		st = open_listens(w, want, &listens, &r);
	if (st == ST_OK && want->listen_count == 0) {
		snprintf(why, why_cap, "there is no address to listen on");
		st = ST_CONFIG;
	}
	if (st != ST_OK) {
		for (size_t i = 0; i < listens; i++)
			if (!is_planned(&w->plan, &want->listens[i]))
				close_listen(w, &want->listens[i]);
		undo_tuns(w, want, tuns);
		w->net_missing = missing;
		return st;
	}
	log_new_listens(w, want);
	struct plan old = w->plan;
	w->plan = *want;
	*want = (struct plan){0};
	close_unwanted(w, &old);
	wire_proxy_apply(w, &old);
	plan_free(&old);
	wire_route_apply(w);
	wire_orphan_keep(w);
	return ST_OK;
}

void wire_net_second(struct wire *w)
{
	bool any = false;
	for (size_t i = w->plan.tun_count; i-- > 0;) {
		const struct plan_tun *t = &w->plan.tuns[i];
		if (!t->is_orphan || wire_orphan_is_used(w, t))
			continue;
		close_tun(w, t);
		forget_tun(&w->plan, i);
		any = true;
	}
	if (!any)
		return;
	wire_route_apply(w);
	wire_orphan_keep(w);
}

void wire_net_close(struct wire *w)
{
	LIST_EACH_SAFE(at, &w->net_watches) {
		struct net_watch *nw = CONTAINER_OF(at, struct net_watch, in_list);
		loop_fd_del(nw->watch);
		list_del(&nw->in_list);
		mem_free(nw);
	}
	wire_route_fini(w);
	plan_free(&w->plan);
}

void wire_net_send(struct wire *w, const struct endpoint *local, const struct endpoint *remote,
		   const uint8_t *msg, size_t len)
{
	for (size_t i = 0; i < w->plan.listen_count; i++) {
		const struct plan_listen *l = &w->plan.listens[i];
		if (!l->is_nat || l->vrf != local->vrf || l->port != local->port)
			continue;
		if (data_send_ike(w->data, local, remote, msg, len) != ST_OK)
			stats_status(w->stats, ST_OUT_SEND);
		return;
	}
	net_send(w->net, local, remote, msg, len);
}
