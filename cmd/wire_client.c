#include "cmd/wire_client.h"

#include <stdio.h>
#include <string.h>

#include "cmd/wire_dial.h"
#include "cmd/wire_net.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/crypto/rnd.h"
#include "core/session/renew.h"
#include "modules/dns/dns.h"
#include "modules/loop/loop.h"

struct wire_client {
	struct list in_list;
	struct wire *wire;
	struct client_spec spec;
	struct client machine;
	struct loop_timer *timer;
	struct dns_query *query; /* NULL: none is open */
	uint64_t sa;          /* of the attempt, or of the session when it came up; 0: none */
	struct ulid session;  /* that is up; zero: none. Its IKE SA may be another one by now */
	uint64_t attempt;     /* that a session of the peer overtook; 0: none */
	struct endpoint peer; /* of it */
	struct renew renew;   /* it authenticates again */
	/* Told by the engine in the middle of a transition, to be looked at in the next turn. */
	bool is_up;
	bool is_over;
	bool is_redirected; /* by `from`, to gateway */
	struct gateway gateway;
	struct addr from;
	uint64_t recovered_ms; /* when ESP of the peer cut the waiting short last; 0: never */
	bool is_due; /* to authenticate again */
	enum status why;
	char reason[DIAL_REASON]; /* of the last failure or end, "" when the words of the status suffice */
};

static struct wire_client *client_of_tun(const struct wire *w, uint32_t tun)
{
	LIST_EACH(at, &w->clients) {
		struct wire_client *c = CONTAINER_OF(at, struct wire_client, in_list);
		if (c->spec.tun == tun)
			return c;
	}
	return NULL;
}

/* The newest session that is up on the device; NULL: none. */
static const struct session *session_on(const struct wire *w, uint32_t tun)
{
	const struct session *found = NULL;
	for (const struct session *s = session_next(w->sessions, NULL); s; s = session_next(w->sessions, s))
		if (s->grant->tun == tun && s->state == SESSION_UP)
			found = s;
	return found;
}

/* ---- addresses --------------------------------------------------------------------------------- */

/* What the peers that we connected to gave us for this device: the newest counts. */
static void given(const struct wire *w, uint32_t tun, struct prefix *ip4, struct prefix *ip6)
{
	for (const struct session *s = session_next(w->sessions, NULL); s; s = session_next(w->sessions, s)) {
		if (s->grant->tun != tun || s->state != SESSION_UP || !s->we_are_initiator)
			continue;
		if (s->grant->ip4.family)
			*ip4 = (struct prefix){s->grant->ip4, 32};
		if (s->grant->ip6.family)
			*ip6 = (struct prefix){s->grant->ip6, 128};
	}
}

static const struct iface *iface_of(const struct snapshot *s, uint32_t tun)
{
	return tun < SESSION_TUN_TUNNEL ? NULL : snapshot_iface(s, IFACE_TUNNEL, tun - SESSION_TUN_TUNNEL);
}

void wire_client_plan(const struct wire *w, const struct snapshot *s, struct plan *plan)
{
	for (size_t i = 0; i < plan->tun_count; i++) {
		struct plan_tun *t = &plan->tuns[i];
		const struct iface *f = iface_of(s, t->number);
		struct prefix ip4 = {0}, ip6 = {0};
		if (!f || (!f->ip_negotiated && !f->ip6_negotiated))
			continue;
		given(w, t->number, &ip4, &ip6);
		if (f->ip_negotiated)
			t->ip4 = ip4;
		if (f->ip6_negotiated && !f->ip6_count)
			t->ip6 = ip6;
	}
}

static void set_addresses(struct wire *w, uint32_t tun)
{
	const struct plan_tun *t = plan_find_tun(&w->plan, tun);
	const struct iface *f = iface_of(w->conf, tun);
	struct prefix ip4 = {0}, ip6 = {0};
	if (!t || !f || (!f->ip_negotiated && !f->ip6_negotiated))
		return;
	given(w, tun, &ip4, &ip6);
	wire_net_address(w, tun, f->ip_negotiated ? &ip4 : &t->ip4,
			 f->ip6_negotiated && !f->ip6_count ? &ip6 : &t->ip6);
}

/* ---- the attempt ------------------------------------------------------------------------------- */

/* Another client of the same backup group that has a session with the peer, or is about to
 * (R-CLI-16). */
static const struct wire_client *partner_at(const struct wire_client *c, const struct addr *peer)
{
	LIST_EACH(at, &c->wire->clients) {
		const struct wire_client *o = CONTAINER_OF(at, struct wire_client, in_list);
		if (o != c && c->spec.group != FLEX_NO_GROUP && o->spec.group == c->spec.group &&
		    (o->machine.state == CLIENT_UP || o->machine.state == CLIENT_CONNECTING) && o->peer.vrf == c->spec.vrf &&
		    addr_eq(&o->peer.addr, peer))
			return o;
	}
	return NULL;
}

static enum status connect_to(struct wire_client *c)
{
	const struct addr *peer = client_target(&c->machine);
	const struct wire_client *partner = partner_at(c, peer);
	c->peer = (struct endpoint){.vrf = c->spec.vrf, .addr = *peer};
	char reason[DIAL_REASON];
	enum status st = ST_EXISTS;
	if (partner)
		snprintf(reason, sizeof(reason), "client %s of the same backup group has a session with this peer",
			 partner->spec.name);
	else
		st = wire_dial(c->wire, &c->spec, &c->machine, &c->sa, reason);
	/* The reason of the failure before stands until there is another one. */
	if (st != ST_OK)
		memcpy(c->reason, reason, sizeof(reason));
	return st;
}

/* No event of it counts any more. */
static void close_it(struct wire_client *c, enum status why)
{
	const struct session *s = session_find(c->wire->sessions, &c->session);
	uint64_t all[] = {s ? s->sa : c->sa, c->renew.attempt, c->renew.old};
	c->sa = 0;
	c->session = (struct ulid){0};
	c->renew = (struct renew){0};
	c->is_up = c->is_over = c->is_redirected = c->is_due = false;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i])
			(void)!ike_close(c->wire->ike, all[i], why);
}

/* ---- steps ------------------------------------------------------------------------------------- */

static const char *reason_of(const struct wire_client *c)
{
	return c->reason[0] ? c->reason : status_words(c->machine.why);
}

static void log_step(const struct wire_client *c, enum client_state before, const struct client_event *ev)
{
	const struct client *m = &c->machine;
	const char *name = c->spec.name;
	if (m->state == CLIENT_UP && before != CLIENT_UP)
		LOG(EV_CLIENT_UP, kv_str("client", name), kv_addr("peer", &c->peer.addr));
	else if (before == CLIENT_UP && m->state != CLIENT_UP)
		LOG(EV_CLIENT_DOWN, kv_str("client", name), kv_addr("peer", &c->peer.addr),
		    kv_str("reason", reason_of(c)));
	else if (ev->kind == CE_REDIRECTED && m->why == ST_REDIRECT_LOOP)
		LOG(EV_CLIENT_FAILED, kv_str("client", name), kv_addr("peer", &c->peer.addr),
		    kv_status("status", m->why), kv_str("reason", reason_of(c)));
	else if (ev->kind == CE_FAILED || ev->kind == CE_UNNAMED || ev->kind == CE_TIME)
		if (before != CLIENT_WAITING)
			LOG(EV_CLIENT_FAILED, kv_str("client", name), kv_addr("peer", &c->peer.addr),
			    kv_status("status", m->why), kv_str("reason", reason_of(c)),
			    kv_u64("wait_ms", m->state == CLIENT_WAITING ? m->due_ms - ev->now_ms : 0));
}

static void on_name(void *ctx, enum status st, const struct addr *addrs, size_t n);

static void unnamed(struct wire_client *c, enum status st)
{
	snprintf(c->reason, sizeof(c->reason), "the name %.200s cannot be resolved: %s",
		 client_peer(&c->machine)->name, status_words(st));
}

/* True: the answer is known, and in ev. */
static bool resolve(struct wire_client *c, struct client_event *ev, struct addr known[DNS_ADDRS])
{
	const struct client_peer *p = client_peer(&c->machine);
	c->peer = (struct endpoint){.vrf = c->spec.vrf};
	ev->addrs = known;
	ev->n_addrs = dns_known(c->wire->dns, p->name, p->family, known);
	ev->kind = CE_NAMED;
	if (ev->n_addrs)
		return true;
	ev->status = dns_ask(c->wire->dns, p->name, p->family, on_name, c, &c->query);
	ev->kind = CE_UNNAMED;
	if (ev->status != ST_OK)
		unnamed(c, ev->status);
	return ev->status != ST_OK;
}

static void forget_query(struct wire_client *c)
{
	dns_cancel(c->query);
	c->query = NULL;
}

/* What was told meanwhile (an attempt may fail inside of its beginning) is for the next turn. */
static void arm(const struct wire_client *c)
{
	_Static_assert(CLIENT_NEVER == LOOP_NEVER, "one never");
	uint64_t due = renew_due_ms(&c->renew);
	if (c->machine.due_ms < due)
		due = c->machine.due_ms;
	loop_timer_at(c->timer, c->is_up || c->is_over || c->is_redirected || c->is_due ? 0 : due);
}

/* An order that fails or is done at once is the next event: at most once for each address of a round. */
static void steps(struct wire_client *c, struct client_event ev)
{
	struct addr known[DNS_ADDRS];
	bool again = !c->wire->is_stopping;
	while (again) {
		enum client_state before = c->machine.state;
		if (ev.kind == CE_TIME && before == CLIENT_RESOLVING)
			unnamed(c, ST_TIMEOUT);
		else if (ev.kind == CE_TIME && before == CLIENT_CONNECTING)
			c->reason[0] = 0;
		ev.now_ms = loop_now_ms();
		rnd_bytes(&ev.random, sizeof(ev.random));
		struct client_order o = client_step(&c->machine, &ev);
		log_step(c, before, &ev);
		if (o.close)
			close_it(c, ev.kind == CE_TIME ? ST_TIMEOUT : ST_END_ADMIN);
		if (before == CLIENT_RESOLVING)
			forget_query(c);
		again = false;
		if (o.resolve)
			again = resolve(c, &ev, known);
		if (o.connect) {
			ev.status = connect_to(c);
			ev.kind = CE_FAILED;
			again = ev.status != ST_OK;
		}
	}
	arm(c);
}

static void step(struct wire_client *c, enum client_event_kind kind, enum status status)
{
	steps(c, (struct client_event){.kind = kind, .status = status});
}

static void on_name(void *ctx, enum status st, const struct addr *addrs, size_t n)
{
	struct wire_client *c = ctx;
	loop_turn_begins(c->wire->loop);
	c->query = NULL; /* it is over */
	if (st != ST_OK)
		unnamed(c, st);
	steps(c, (struct client_event){.kind = st == ST_OK ? CE_NAMED : CE_UNNAMED, .status = st,
				       .addrs = addrs, .n_addrs = n});
}

static void has_session(struct wire_client *c, const struct session *s)
{
	c->sa = s->sa;
	c->session = s->ulid;
	c->peer = s->remote;
}

static void over(struct wire_client *c)
{
	/* Both sides may have connected: one session is enough. */
	const struct session *other = session_on(c->wire, c->spec.tun);
	uint64_t attempt = c->renew.attempt;
	c->is_over = false;
	c->sa = 0;
	c->session = (struct ulid){0};
	c->renew = (struct renew){0};
	if (attempt)
		(void)!ike_close(c->wire->ike, attempt, c->why);
	if (other)
		has_session(c, other);
	else
		step(c, c->machine.state == CLIENT_UP ? CE_DOWN : CE_FAILED, c->why);
}

/* The peer connected first. Our own attempt is given up unless the peer has seen it: then it may
 * believe in it already, and two sessions are better than none. */
static void give_up_attempt(struct wire_client *c)
{
	uint64_t cursor = c->attempt - 1;
	struct ike_sa_info *info = c->attempt ? mem_new(sizeof(*info)) : NULL;
	if (info && ike_next_info(c->wire->ike, &cursor, info) && info->sa == c->attempt &&
	    info->spi_remote == 0)
		(void)!ike_close(c->wire->ike, c->attempt, ST_END_REPLACED);
	mem_free(info);
	c->attempt = 0;
}

static void go_elsewhere(struct wire_client *c)
{
	struct wire *w = c->wire;
	c->is_redirected = false;
	c->reason[0] = 0;
	steps(c, (struct client_event){.kind = CE_REDIRECTED, .gateway = &c->gateway, .from = &c->from,
				       .max_redirects = w->conf->ike.max_redirects});
	if (c->machine.why != ST_REDIRECT_LOOP)
		return;
	stats_status(w->stats, ST_REDIRECT_LOOP);
	stats_inc(w->stats, CT_REDIRECT_REFUSED);
}

static void log_renewal(const struct wire_client *c, enum status st, const char *reason)
{
	LOG(EV_CLIENT_RENEWED, kv_str("client", c->spec.name), kv_addr("peer", &c->peer.addr),
	    kv_status("status", st), kv_str("reason", reason[0] ? reason : status_words(st)));
}

/* A second IKE SA with the same gateway. What fails is told by the engine again, as long as the first
 * lives. */
static void renew(struct wire_client *c)
{
	char reason[DIAL_REASON];
	uint64_t sa = 0;
	if (c->machine.state != CLIENT_UP || !renew_may_begin(&c->renew))
		return;
	enum status st = wire_dial(c->wire, &c->spec, &c->machine, &sa, reason);
	if (st == ST_OK)
		renew_begun(&c->renew, sa);
	else
		log_renewal(c, st, reason);
}

static void close_old(struct wire_client *c)
{
	uint64_t sa = renew_close(&c->renew, loop_now_ms());
	if (sa)
		(void)!ike_close(c->wire->ike, sa, ST_END_REAUTH);
}

static void on_timer(void *ctx)
{
	struct wire_client *c = ctx;
	if (c->wire->is_stopping)
		return;
	if (c->is_due) {
		c->is_due = false;
		renew(c);
	}
	close_old(c);
	if (c->is_up) {
		c->is_up = false;
		give_up_attempt(c);
		step(c, CE_UP, ST_OK);
	}
	if (c->is_redirected)
		go_elsewhere(c);
	else if (c->is_over)
		over(c);
	else if (c->machine.due_ms <= loop_now_ms())
		step(c, CE_TIME, ST_OK);
	arm(c);
}

/* ---- what happens ------------------------------------------------------------------------------ */

void wire_client_changed(struct wire *w, uint32_t tun)
{
	if (tun >= SESSION_TUN_TUNNEL)
		set_addresses(w, tun);
}

static void came_up(struct wire *w, const struct ike_event *ev)
{
	const struct session *s = session_find(w->sessions, &ev->session);
	struct wire_client *c = s ? client_of_tun(w, s->grant->tun) : NULL;
	if (!c)
		return;
	const struct session *before = session_find(w->sessions, &c->session);
	if (renew_up(&c->renew, ev->sa, before ? before->sa : 0, loop_now_ms())) {
		has_session(c, s);
		c->is_over = false;
		log_renewal(c, ST_OK, "");
		arm(c);
		return;
	}
	if (c->machine.state == CLIENT_CONNECTING && c->sa != ev->sa)
		c->attempt = c->sa;
	has_session(c, s);
	c->is_up = true;
	c->is_over = false;
	arm(c);
}

static bool is_mine(const struct wire_client *c, const struct ike_event *ev)
{
	if (c->sa && c->sa == ev->sa)
		return true;
	return !ulid_is_zero(&c->session) && memcmp(&c->session, &ev->session, sizeof(ev->session)) == 0;
}

/* What still comes of the SA that said so counts no more. */
static void redirected(struct wire *w, const struct ike_event *ev)
{
	LIST_EACH(at, &w->clients) {
		struct wire_client *c = CONTAINER_OF(at, struct wire_client, in_list);
		/* Who is to authenticate again stays for now; the next login is one that may go elsewhere. */
		if (renew_failed(&c->renew, ev->sa))
			log_renewal(c, ST_REDIRECTED, "");
		if (!is_mine(c, ev))
			continue;
		c->renew = (struct renew){0};
		c->sa = 0;
		c->session = (struct ulid){0};
		c->is_over = false;
		c->is_redirected = true;
		c->gateway = *ev->gateway;
		c->from = ev->remote.addr;
		arm(c);
	}
}

static void moved(const struct wire *w, const struct ike_event *ev)
{
	LIST_EACH(at, &w->clients) {
		struct wire_client *c = CONTAINER_OF(at, struct wire_client, in_list);
		if (is_mine(c, ev))
			c->peer = ev->remote;
	}
}

/* Another session than the client's: a main that died had not closed it yet. */
static void is_due(struct wire *w, const struct ike_event *ev)
{
	const struct session *s = session_find(w->sessions, &ev->session);
	struct wire_client *c = s ? client_of_tun(w, s->grant->tun) : NULL;
	const struct session *current = c ? session_find(w->sessions, &c->session) : NULL;
	if (!current)
		return;
	if (current == s)
		c->is_due = true;
	else if (current->we_are_initiator)
		renew_discard(&c->renew, ev->sa, loop_now_ms());
	arm(c);
}

void wire_client_tell(struct wire *w, const struct ike_event *ev)
{
	if (ev->kind == IKE_EV_REDIRECTED)
		redirected(w, ev);
	if (ev->kind == IKE_EV_SA_UP)
		came_up(w, ev);
	if (ev->kind == IKE_EV_PEER_MOVED)
		moved(w, ev);
	if (ev->kind == IKE_EV_REAUTH_DUE)
		is_due(w, ev);
	if (ev->kind != IKE_EV_INIT_FAILED && ev->kind != IKE_EV_AUTH_FAILED && ev->kind != IKE_EV_SA_DOWN)
		return;
	LIST_EACH(at, &w->clients) {
		struct wire_client *c = CONTAINER_OF(at, struct wire_client, in_list);
		if (renew_failed(&c->renew, ev->sa))
			log_renewal(c, ev->status, ev->detail ? ev->detail : "");
		if (!is_mine(c, ev))
			continue;
		c->is_over = true;
		c->why = ev->status;
		snprintf(c->reason, sizeof(c->reason), "%s", ev->detail ? ev->detail : "");
		arm(c);
	}
}

#define RECOVER_EVERY_MS 10000

static bool is_peer(const struct wire_client *c, const struct endpoint *remote)
{
	if (c->spec.vrf != remote->vrf)
		return false;
	for (size_t i = 0; i < c->spec.n_peers; i++)
		if (addr_eq(&c->spec.peers[i].addr, &remote->addr))
			return true;
	return false;
}

void wire_client_recover(struct wire *w, const struct endpoint *remote)
{
	uint64_t now = loop_now_ms();
	LIST_EACH(at, &w->clients) {
		struct wire_client *c = CONTAINER_OF(at, struct wire_client, in_list);
		if (c->machine.state != CLIENT_WAITING || !is_peer(c, remote) ||
		    (c->recovered_ms && now - c->recovered_ms < RECOVER_EVERY_MS))
			continue;
		c->recovered_ms = now;
		step(c, CE_START, ST_OK);
	}
}

void wire_client_asks(struct wire *w, uint64_t sa, bool waits)
{
	LIST_EACH(at, &w->clients) {
		struct wire_client *c = CONTAINER_OF(at, struct wire_client, in_list);
		if (c->sa == sa && c->machine.state == CLIENT_CONNECTING)
			step(c, waits ? CE_ASKS : CE_ANSWERED, ST_OK);
	}
}

void wire_client_wanted(void *ctx, uint32_t tun)
{
	struct wire *w = ctx;
	struct wire_client *c = client_of_tun(w, tun);
	const struct session *s = c ? session_find(w->sessions, &c->session) : NULL;
	if (s)
		ike_on_wanted(w->ike, s->sa);
	else if (c && client_is_idle(&c->machine))
		step(c, CE_START, ST_OK);
}

enum status wire_client_source(void *ctx, uint32_t tun, const struct endpoint *remote, struct addr *out)
{
	struct wire *w = ctx;
	const struct wire_client *c = client_of_tun(w, tun);
	char reason[DIAL_REASON];
	return c && c->spec.vrf == remote->vrf ? wire_dial_source(w, &c->spec, &remote->addr, out, reason) :
						 ST_NOT_FOUND;
}

/* ---- which there are --------------------------------------------------------------------------- */

static void client_free(struct wire_client *c)
{
	list_del(&c->in_list);
	forget_query(c);
	loop_timer_free(c->timer);
	mem_free(c);
}

static void client_new(struct wire *w, const struct client_spec *spec)
{
	struct wire_client *c = mem_new(sizeof(*c));
	if (!c || loop_timer_new(w->loop, on_timer, c, &c->timer) != ST_OK) {
		mem_free(c);
		LOG(EV_CLIENT_FAILED, kv_str("client", spec->name), kv_status("status", ST_NOMEM));
		return;
	}
	c->wire = w;
	c->spec = *spec;
	client_init(&c->machine, c->spec.peers, c->spec.n_peers, c->spec.is_manual);
	list_push_back(&w->clients, &c->in_list);
	const struct session *s = session_on(w, spec->tun);
	if (s) {
		has_session(c, s);
		client_found(&c->machine, &s->remote.addr);
		step(c, CE_UP, ST_OK);
	} else if (!spec->is_manual) {
		step(c, CE_START, ST_OK);
	}
}

static const struct wire_client *same_client(const struct wire *w, const struct client_spec *spec)
{
	LIST_EACH(at, &w->clients) {
		const struct wire_client *c = CONTAINER_OF(at, struct wire_client, in_list);
		if (client_spec_eq(&c->spec, spec))
			return c;
	}
	return NULL;
}

static bool is_wanted(const struct wire_client *c)
{
	struct client_spec *spec = mem_new(sizeof(*spec));
	size_t cursor = 0;
	bool found = !spec; /* for want of memory it stays as it is */
	while (!found && client_spec_next(c->wire->conf, &cursor, spec))
		found = client_spec_eq(spec, &c->spec);
	mem_free(spec);
	return found;
}

static void begin_all(struct wire *w)
{
	struct client_spec *spec = mem_new(sizeof(*spec));
	size_t cursor = 0;
	while (spec && client_spec_next(w->conf, &cursor, spec))
		if (!same_client(w, spec))
			client_new(w, spec);
	mem_free(spec);
}

void wire_client_apply(struct wire *w)
{
	LIST_EACH_SAFE(at, &w->clients) {
		struct wire_client *c = CONTAINER_OF(at, struct wire_client, in_list);
		if (is_wanted(c))
			continue;
		/* R-CLI-05 */
		if (c->machine.state == CLIENT_UP)
			LOG(EV_CLIENT_DOWN, kv_str("client", c->spec.name), kv_addr("peer", &c->peer.addr),
			    kv_str("reason", status_words(ST_END_CONFIG)));
		close_it(c, ST_END_CONFIG);
		client_free(c);
	}
	begin_all(w);
}

/* What a main before us connected and nobody wants any more. */
static void close_unwanted(struct wire *w)
{
	const struct session *next;
	for (const struct session *s = session_next(w->sessions, NULL); s; s = next) {
		next = session_next(w->sessions, s);
		if (s->we_are_initiator && !client_of_tun(w, s->grant->tun))
			(void)!ike_close(w->ike, s->sa, ST_END_CONFIG);
	}
}

void wire_client_open(struct wire *w)
{
	begin_all(w);
	close_unwanted(w);
}

/* ---- for show ---------------------------------------------------------------------------------- */

bool wire_client_next(void *ctx, size_t *cursor, struct client_info *out)
{
	const struct wire *w = ctx;
	size_t i = 0;
	LIST_EACH(at, &w->clients) {
		const struct wire_client *c = CONTAINER_OF(at, struct wire_client, in_list);
		const struct client *m = &c->machine;
		uint64_t now = loop_now_ms();
		if (i++ != *cursor)
			continue;
		++*cursor;
		const struct session *s = session_find(w->sessions, &c->session);
		*out = (struct client_info){.spec = &c->spec, .state = client_state_words(m->state),
					    .is_up = m->state == CLIENT_UP,
					    .is_negotiating = m->state == CLIENT_CONNECTING,
					    .peer = m->state == CLIENT_UP ? c->peer.addr : *client_target(m),
					    .peer_name = client_peer(m)->name,
					    .peer_seq = client_peer(m)->seq,
					    .local = s ? s->local.addr : (struct addr){0},
					    .sa = s ? s->sa : 0,
					    .attempt = m->state == CLIENT_UP ? c->renew.attempt : c->sa,
					    .reason = m->why == ST_OK ? "" : reason_of(c)};
		if (m->state == CLIENT_WAITING && m->due_ms > now)
			out->wait_ms = m->due_ms - now;
		return true;
	}
	return false;
}

enum status wire_client_wish(void *ctx, const char *name, bool connect)
{
	const struct wire *w = ctx;
	LIST_EACH(at, &w->clients) {
		struct wire_client *c = CONTAINER_OF(at, struct wire_client, in_list);
		if (!c->spec.is_flexvpn || strcmp(c->spec.name, name) != 0)
			continue;
		if (connect && !client_takes(c->machine.state, CE_START))
			return ST_EXISTS;
		if (!connect)
			ike_forget_tickets(w->ike, c->spec.profile);
		if (!connect)
			snprintf(c->reason, sizeof(c->reason), "%s", status_words(ST_END_ADMIN));
		step(c, connect ? CE_START : CE_AGAIN, ST_OK);
		return ST_OK;
	}
	return ST_NOT_FOUND;
}

void wire_client_fini(struct wire *w)
{
	LIST_EACH_SAFE(at, &w->clients)
		client_free(CONTAINER_OF(at, struct wire_client, in_list));
}
