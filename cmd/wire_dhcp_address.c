#include "cmd/wire_dhcp_address.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/holder_proto.h"
#include "cmd/wire_dhcp_name.h"
#include "cmd/wire_session.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/crypto/rnd.h"
#include "core/ike/ike.h"
#include "core/ike/id_text.h"
#include "core/session/dhcp_lease.h"
#include "modules/dhcp/dhcp.h"
#include "modules/dns/dns.h"
#include "modules/loop/loop.h"

#define REFUSALS_MAX 3 /* addresses that somebody else has, before a login fails */
#define SOCKETS_MAX 64

/* A server is asked for a session: for its first address (`number` is the engine's), or to renew it. */
struct asked {
	struct list in_list;
	struct wire *wire;
	uint64_t number; /* 0: renewal */
	struct ulid session;
	bool wants_ip6, wants_token, wants_state;
	struct addr hint_ip6;
	unsigned refusals;
	uint64_t end_ms;
	struct dns_query *query;
	struct dhcp_ask ask; /* its number is ours */
};

struct wire_dhcp {
	struct wire *wire;
	struct dhcp *dhcp;
	struct loop_timer *timer;
	struct list asked;
	uint64_t last;
	struct {
		int fd;
		struct loop_fd *watch; /* NULL: free */
	} socks[SOCKETS_MAX];
};

/* ---- ports of the module ------------------------------------------------------------------------ */

static uint64_t port_now_ms(void *ctx)
{
	return loop_now_ms();
}

static void port_random(void *ctx, void *out, size_t len)
{
	rnd_bytes(out, len);
}

static void port_wake_at(void *ctx, uint64_t at_ms)
{
	loop_timer_at(((struct wire_dhcp *)ctx)->timer, at_ms);
}

static void on_time(void *ctx)
{
	dhcp_on_time(((struct wire_dhcp *)ctx)->dhcp);
}

static void on_fd(void *ctx, int fd)
{
	dhcp_on_readable(((struct wire_dhcp *)ctx)->dhcp, fd);
}

static void explain(char why[DHCP_WORDS], const struct dhcp_ask *a, enum status st)
{
	char text[ADDR_TEXT];
	const char *words = st == ST_IO && errno == EADDRINUSE	  ? "another program has this port" :
			    st == ST_IO && errno == EADDRNOTAVAIL ? "it is no address of this host" :
			    st == ST_IO				  ? strerror(errno) :
			    st == ST_CONFIG ? "the configuration names neither it behind `dhcp giaddr` nor the server behind `dhcp server`" :
					      status_words(st);
	snprintf(why, DHCP_WORDS, "cannot be a DHCP relay at %s port 67: %s", addr_format(&a->giaddr, text), words);
}

static enum status port_open(void *ctx, const struct dhcp_ask *a, int *fd, char why[DHCP_WORDS])
{
	struct wire_dhcp *d = ctx;
	int fds[ASROOT_FDS];
	struct asroot_reply reply;
	struct asroot_request rq = {.op = ASROOT_DHCP, .addr = a->giaddr, .prefix = {a->servers[0], 32}};
	size_t i = 0;
	while (i < SOCKETS_MAX && d->socks[i].watch)
		i++;
	if (i == SOCKETS_MAX) {
		snprintf(why, DHCP_WORDS, "more than %d addresses as DHCP relay", SOCKETS_MAX);
		return ST_LIMIT;
	}
	_Static_assert(sizeof(rq.file) >= DHCP_NAME, "every name fits");
	memcpy(rq.file, a->server, DHCP_NAME);
	enum status st = asroot_call(d->wire->control, &rq, &reply, fds);
	if (st == ST_OK) {
		st = loop_fd_add(d->wire->loop, fds[0], false, on_fd, d, &d->socks[i].watch);
		if (st != ST_OK)
			close(fds[0]);
	}
	if (st != ST_OK) {
		explain(why, a, st);
		return st;
	}
	*fd = d->socks[i].fd = fds[0];
	return ST_OK;
}

static void port_close(void *ctx, int fd)
{
	struct wire_dhcp *d = ctx;
	for (size_t i = 0; i < SOCKETS_MAX; i++) {
		if (!d->socks[i].watch || d->socks[i].fd != fd)
			continue;
		loop_fd_del(d->socks[i].watch);
		d->socks[i].watch = NULL;
		close(fd);
	}
}

/* ---- asking ------------------------------------------------------------------------------------- */

static void drop(struct asked *q)
{
	struct session *s = session_find(q->wire->sessions, &q->session);
	if (s && s->dhcp)
		s->dhcp->is_asked = false;
	dns_cancel(q->query);
	list_del(&q->in_list);
	mem_free(q);
}

/* Our side of the way to the server (R-AZP-07: by the routes of our own namespace), unless it is configured. */
static enum status find_giaddr(struct wire *w, const struct session *s, struct dhcp_ask *a, char why[DHCP_WORDS])
{
	struct asroot_reply reply;
	struct asroot_request rq = {.op = ASROOT_SOURCE, .addr = a->servers[0]};
	a->giaddr = s->dhcp->giaddr;
	if (a->giaddr.family)
		return ST_OK;
	enum status st = asroot_call(w->control, &rq, &reply, NULL);
	if (st == ST_OK && reply.addr.family == 4) {
		a->giaddr = reply.addr;
		return ST_OK;
	}
	snprintf(why, DHCP_WORDS, "%s DHCP server %.80s%s", st == ST_EXISTS ? "the way to" : "the host has no way to", a->server,
		 st == ST_EXISTS ? " leads into a tunnel: it needs a route of its own" : "");
	return ST_NO_ADDRESS;
}

static void fill_ask(struct asked *q, const struct session *s)
{
	uint64_t now = loop_now_ms();
	struct dhcp_ask *a = &q->ask;
	dhcp_lease_who(s, &a->who);
	a->server_id = s->dhcp->server_id;
	a->within_ms = q->end_ms > now ? (uint32_t)(q->end_ms - now) : 1;
	_Static_assert(sizeof(a->server) == sizeof(s->dhcp->server), "one size");
	memcpy(a->server, s->dhcp->server, sizeof(a->server));
}

_Static_assert(DHCP_SERVERS_MAX >= DNS_ADDRS, "all of a name");

static enum status ask(struct asked *q, const struct session *s, const struct addr *addrs, size_t n, char why[DHCP_WORDS])
{
	struct dhcp_ask *a = &q->ask;
	fill_ask(q, s);
	a->n_servers = (uint8_t)n;
	memcpy(a->servers, addrs, n * sizeof(*addrs));
	if (q->number == 0)
		a->giaddr = s->dhcp->relay;
	enum status st = q->number ? find_giaddr(q->wire, s, a, why) : ST_OK;
	if (st == ST_OK)
		st = dhcp_begin(q->wire->dhcp->dhcp, a, why);
	/* What is wrong on our side has words, and for the client the same name in all cases. */
	return st == ST_OK || st == ST_NOMEM ? st : ST_NO_ADDRESS;
}

static void failed(struct asked *q, enum status st, const char *words);

static void on_name(void *ctx, enum status st, const struct addr *addrs, size_t n)
{
	struct asked *q = ctx;
	struct session *s = session_find(q->wire->sessions, &q->session);
	char why[DHCP_WORDS];
	q->query = NULL;
	if (!s) {
		drop(q);
		return;
	}
	if (st == ST_OK) {
		wire_dhcp_name_learnt(q->wire, s->dhcp->server, addrs, n);
		st = ask(q, s, addrs, n, why);
	} else {
		snprintf(why, sizeof(why), "DHCP server %.80s is not found: %s", s->dhcp->server,
			 st == ST_NOT_FOUND ? "the name has no IPv4 address" : status_words(st));
		st = ST_NO_ADDRESS;
	}
	if (st != ST_OK)
		failed(q, st, why);
}

/* Not ST_OK: nothing is under way, why is a sentence. */
static enum status begin(struct asked *q, const struct session *s, char why[DHCP_WORDS])
{
	struct addr addrs[DNS_ADDRS];
	why[0] = 0;
	if (addr_parse(s->dhcp->server, &addrs[0]) == ST_OK) {
		if (addrs[0].family == 4)
			return ask(q, s, addrs, 1, why);
		snprintf(why, DHCP_WORDS, "DHCP server %.80s has no IPv4 address", s->dhcp->server);
		return ST_NO_ADDRESS;
	}
	size_t n = wire_dhcp_name_known(q->wire, s->dhcp->server, addrs);
	if (n)
		return ask(q, s, addrs, n, why);
	enum status st = dns_ask(q->wire->dns, s->dhcp->server, 4, on_name, q, &q->query);
	if (st == ST_OK)
		return ST_OK;
	snprintf(why, DHCP_WORDS, "DHCP server %.80s cannot be looked up: %s", s->dhcp->server, status_words(st));
	return st == ST_NOMEM ? st : ST_NO_ADDRESS;
}

static struct asked *asked_new(struct wire *w, struct session *s, uint32_t within_ms)
{
	struct asked *q = mem_new(sizeof(*q));
	if (!q)
		return NULL;
	q->wire = w;
	q->session = s->ulid;
	q->ask.number = ++w->dhcp->last;
	q->end_ms = loop_now_ms() + within_ms;
	list_push_back(&w->dhcp->asked, &q->in_list);
	s->dhcp->is_asked = true;
	return q;
}

static void say_failed(const struct session *s, enum status st, const char *words)
{
	char who[IKE_ID_LEN];
	LOG(EV_DHCP_FAILED, kv_str("identity", id_text(s->peer_id, who, sizeof(who))), kv_bytes("server", s->dhcp->server, strlen(s->dhcp->server)),
	    kv_addr("ip4", &s->grant->ip4), kv_status("status", st), kv_str("reason", words));
}

/* ---- the first address -------------------------------------------------------------------------- */

bool wire_dhcp_ask(struct wire *w, uint64_t number, const struct ike_question *q)
{
	struct session *s = dhcp_lease_asker(w->sessions, q);
	char why[DHCP_WORDS] = "out of memory";
	struct asked *a = s ? asked_new(w, s, s->dhcp->timeout_s * 1000) : NULL;
	enum status st = ST_NOMEM;
	if (a) {
		a->number = number;
		if (!addr_is_any(&q->hint_ip4))
			a->ask.address = q->hint_ip4;
		a->wants_ip6 = q->wants_ip6;
		a->wants_token = q->wants_token;
		a->wants_state = q->wants_state;
		a->hint_ip6 = q->hint_ip6;
		st = begin(a, s, why);
		if (st == ST_OK)
			return true;
		drop(a);
	}
	if (s) {
		dhcp_lease_failed(s, st, why, loop_now_ms());
		say_failed(s, st, why);
	}
	return false;
}

/* It grants what there is now, and says why the rest is missing. */
static void answer_engine(struct asked *a)
{
	struct wire *w = a->wire;
	uint64_t number = a->number;
	struct ike_question *q = mem_new(sizeof(*q));
	struct ike_answer *answer = mem_new(sizeof(*answer));
	uint8_t *block = NULL;
	if (q && answer) {
		*q = (struct ike_question){.kind = ASK_ADDRESS, .session = a->session, .wants_ip4 = true,
					   .wants_ip6 = a->wants_ip6, .hint_ip6 = a->hint_ip6,
					   .wants_token = a->wants_token, .wants_state = a->wants_state};
		drop(a);
		wire_session_ask(w, q, answer, &block);
		if (w->ike)
			ike_on_answer(w->ike, number, answer);
	} else {
		drop(a); /* the engine's own patience ends it */
	}
	mem_free(q);
	mem_free(block);
	mem_free_secret(answer, sizeof(*answer)); /* with a token */
}

/* The server is told what became of an address that nobody uses. */
static void say(struct asked *a, enum dhcp_type type, const struct dhcp_outcome *o)
{
	struct dhcp_ask b = a->ask;
	b.address = o->reply.yiaddr;
	b.server_id = o->reply.server_id;
	dhcp_say(a->wire->dhcp->dhcp, type, &b);
}

/* Somebody has the address: the server gives another, unless it does not know better again and again. */
static void decline(struct asked *a, struct session *s, const struct dhcp_outcome *o)
{
	char why[DHCP_WORDS], text[ADDR_TEXT];
	say(a, DHCP_DECLINE, o);
	snprintf(why, sizeof(why), "DHCP server %.80s gave %s, which somebody else has", s->dhcp->server,
		 addr_format(&o->reply.yiaddr, text));
	if (++a->refusals >= REFUSALS_MAX || loop_now_ms() >= a->end_ms) {
		failed(a, ST_DHCP_REFUSED, why);
		return;
	}
	a->ask.address = (struct addr){0};
	a->ask.number = ++a->wire->dhcp->last;
	enum status st = begin(a, s, why);
	if (st != ST_OK)
		failed(a, st, why);
}

static struct dhcp_grant grant_of(const struct asked *a, const struct dhcp_outcome *o)
{
	return (struct dhcp_grant){.reply = &o->reply, .relay = a->ask.giaddr, .asked_ms = o->asked_ms,
				   .asked_utc_ms = (uint64_t)loop_wall_ms() - (loop_now_ms() - o->asked_ms)};
}

static void got(struct asked *a, struct session *s, const struct dhcp_outcome *o)
{
	struct dhcp_grant g = grant_of(a, o);
	enum status st = dhcp_lease_take(a->wire->sessions, s, &g);
	if (st == ST_EXISTS) {
		decline(a, s, o);
		return;
	}
	if (st != ST_OK) {
		say(a, DHCP_RELEASE, o);
		failed(a, st, status_words(st));
		return;
	}
	answer_engine(a);
}

static void stop_asking(struct wire *w, const struct session *s)
{
	LIST_EACH_SAFE(at, &w->dhcp->asked) {
		struct asked *a = CONTAINER_OF(at, struct asked, in_list);
		if (memcmp(&a->session, &s->ulid, sizeof(s->ulid)) != 0)
			continue;
		dhcp_cancel(w->dhcp->dhcp, a->ask.number);
		drop(a);
	}
}

/* ---- more time ---------------------------------------------------------------------------------- */

static void lose(struct wire *w, struct session *s, enum status st, const char *words)
{
	stop_asking(w, s);
	say_failed(s, st, words);
	s->dhcp->is_bound = false; /* it is not ours to be released */
	wire_session_finish(w, s, st);
}

static void renewed(struct asked *a, struct session *s, const struct dhcp_outcome *o)
{
	struct dhcp_grant g = grant_of(a, o);
	struct wire *w = a->wire;
	drop(a);
	dhcp_lease_renewed(s, &g);
	if (wire_session_keep(w, s) != ST_OK)
		LOG(EV_THAW, kv_str("what", "session"), kv_str("reason", "its record could not be written anew"));
	wire_session_changed(w, s);
}

/* T1 is for the server that gave the lease, T2 for any. */
static void renew(struct wire *w, struct session *s, enum dhcp_due due)
{
	char why[DHCP_WORDS] = "out of memory";
	uint64_t now = loop_now_ms(), left = s->dhcp->end_ms - now;
	uint32_t within = s->dhcp->timeout_s * 1000;
	struct asked *a = asked_new(w, s, left < within ? (uint32_t)left : within);
	enum status st = ST_NOMEM;
	if (a) {
		a->ask.is_renewal = true;
		a->ask.address = s->lease4->addr;
		st = due == DHCP_DUE_RENEW ? ask(a, s, &s->dhcp->server_id, 1, why) : begin(a, s, why);
	}
	if (st == ST_OK)
		return;
	if (a)
		drop(a);
	dhcp_lease_failed(s, st, why, now);
	say_failed(s, st, why);
}

/* A name server may be slower than the operator allows the DHCP server to be. */
static struct asked *overdue_name(struct wire *w, uint64_t now)
{
	LIST_EACH(at, &w->dhcp->asked) {
		struct asked *a = CONTAINER_OF(at, struct asked, in_list);
		if (a->query && now >= a->end_ms)
			return a;
	}
	return NULL;
}

/* Each answer may end other questions, too: the list is looked at anew. */
static void give_up_names(struct wire *w, uint64_t now)
{
	struct asked *a;
	while ((a = overdue_name(w, now)) != NULL) {
		dns_cancel(a->query);
		on_name(a, ST_TIMEOUT, NULL, 0);
	}
}

void wire_dhcp_second(struct wire *w)
{
	uint64_t now = loop_now_ms();
	size_t used = 0;
	give_up_names(w, now);
	struct session *next;
	for (struct session *s = session_next(w->sessions, NULL); s; s = next) {
		next = session_next(w->sessions, s);
		if (!s->lease4 || !dhcp_lease_is_used(s))
			continue;
		used++;
		if (s->state == SESSION_PENDING)
			continue;
		enum dhcp_due due = dhcp_lease_due(s, now);
		if (due == DHCP_DUE_END)
			lose(w, s, ST_DHCP_TIMEOUT, "the time of its address is over, and the DHCP server gave no more");
		else if (due != DHCP_DUE_NOTHING)
			renew(w, s, due);
	}
	/* The port is left to others as soon as nobody needs it. */
	if (!used && list_empty(&w->dhcp->asked))
		dhcp_rest(w->dhcp->dhcp);
}

/* ---- outcomes ----------------------------------------------------------------------------------- */

static void failed(struct asked *a, enum status st, const char *words)
{
	struct wire *w = a->wire;
	struct session *s = session_find(w->sessions, &a->session);
	if (a->number) {
		if (s) {
			dhcp_lease_failed(s, st, words, loop_now_ms());
			say_failed(s, st, words);
		}
		answer_engine(a);
		return;
	}
	drop(a);
	if (!s)
		return;
	if (st == ST_DHCP_REFUSED) {
		lose(w, s, st, words);
		return;
	}
	dhcp_lease_failed(s, st, words, loop_now_ms());
	say_failed(s, st, words);
}

static void port_done(void *ctx, uint64_t number, const struct dhcp_outcome *o)
{
	struct wire_dhcp *d = ctx;
	struct asked *a = NULL;
	LIST_EACH(at, &d->asked)
		if (CONTAINER_OF(at, struct asked, in_list)->ask.number == number)
			a = CONTAINER_OF(at, struct asked, in_list);
	if (!a)
		return;
	struct session *s = session_find(d->wire->sessions, &a->session);
	if (!s) { /* it ended meanwhile */
		if (o->status == ST_OK && a->number)
			say(a, DHCP_RELEASE, o);
		drop(a);
	} else if (o->status != ST_OK) {
		failed(a, o->status, o->words);
	} else if (a->number) {
		got(a, s, o);
	} else {
		renewed(a, s, o);
	}
}

void wire_dhcp_cancel(struct wire *w, uint64_t number)
{
	if (!w->dhcp || number == 0)
		return;
	LIST_EACH_SAFE(at, &w->dhcp->asked) {
		struct asked *a = CONTAINER_OF(at, struct asked, in_list);
		if (a->number != number)
			continue;
		dhcp_cancel(w->dhcp->dhcp, a->ask.number);
		drop(a);
	}
}

/* Where two sessions of a peer have the address, the last one gives it back. */
void wire_dhcp_release(struct wire *w, const struct session *s)
{
	struct dhcp_ask a = {.n_servers = 1};
	if (!w->dhcp || !s->dhcp)
		return;
	stop_asking(w, s);
	if (!s->lease4 || s->lease4->holders != 1 || !dhcp_lease_is_used(s) || !s->dhcp->is_bound)
		return;
	a.giaddr = s->dhcp->relay;
	a.servers[0] = a.server_id = s->dhcp->server_id;
	a.address = s->lease4->addr;
	memcpy(a.server, s->dhcp->server, sizeof(a.server));
	dhcp_lease_who(s, &a.who);
	dhcp_say(w->dhcp->dhcp, DHCP_RELEASE, &a);
}

/* ---- life --------------------------------------------------------------------------------------- */

enum status wire_dhcp_open(struct wire *w)
{
	static const struct dhcp_ports ports = {.now_ms = port_now_ms, .random = port_random, .wake_at = port_wake_at,
						.open = port_open, .close = port_close, .done = port_done};
	struct wire_dhcp *d = mem_new(sizeof(*d));
	if (!d)
		return ST_NOMEM;
	d->wire = w;
	list_init(&d->asked);
	w->dhcp = d;
	d->dhcp = dhcp_new(&ports, d, w->stats);
	return d->dhcp ? loop_timer_new(w->loop, on_time, d, &d->timer) : ST_NOMEM;
}

void wire_dhcp_close(struct wire *w)
{
	struct wire_dhcp *d = w->dhcp;
	if (!d)
		return;
	LIST_EACH_SAFE(at, &d->asked)
		drop(CONTAINER_OF(at, struct asked, in_list));
	dhcp_free(d->dhcp);
	loop_timer_free(d->timer);
	w->dhcp = NULL;
	mem_free(d);
}
