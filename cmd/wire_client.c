#include "cmd/wire_client.h"

#include <stdio.h>
#include <string.h>

#include "cmd/holder_proto.h"
#include "cmd/wire_net.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/crypto/rnd.h"
#include "core/session/client_spec.h"
#include "modules/loop/loop.h"

struct wire_client {
	struct list in_list;
	struct wire *wire;
	struct client_spec spec;
	struct client machine;
	struct loop_timer *timer;
	uint64_t sa;          /* of the attempt or of the session; 0: none */
	uint64_t attempt;     /* that a session of the peer overtook; 0: none */
	struct endpoint peer; /* of it */
	/* Told by the engine in the middle of a transition, to be looked at in the next turn. */
	bool is_up;
	bool is_over;
	enum status why;
	char reason[IKE_DETAIL_LEN]; /* of the last failure or end, "" when the words of the status suffice */
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

/* The newest session that is up on the device, but for one SA's; NULL: none. */
static const struct session *session_on(const struct wire *w, uint32_t tun, uint64_t but)
{
	const struct session *found = NULL;
	for (const struct session *s = session_next(w->sessions, NULL); s; s = session_next(w->sessions, s))
		if (s->grant.tun == tun && s->state == SESSION_UP && s->sa != but)
			found = s;
	return found;
}

/* ---- addresses --------------------------------------------------------------------------------- */

/* What the peers that we connected to gave us for this device: the newest counts. */
static void given(const struct wire *w, uint32_t tun, struct prefix *ip4, struct prefix *ip6)
{
	for (const struct session *s = session_next(w->sessions, NULL); s; s = session_next(w->sessions, s)) {
		if (s->grant.tun != tun || s->state != SESSION_UP || !s->we_are_initiator)
			continue;
		if (s->grant.ip4.family)
			*ip4 = (struct prefix){s->grant.ip4, 32};
		if (s->grant.ip6.family)
			*ip6 = (struct prefix){s->grant.ip6, 128};
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
		if (!f)
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
	if (!t || !f)
		return;
	given(w, tun, &ip4, &ip6);
	wire_net_address(w, tun, f->ip_negotiated ? &ip4 : &t->ip4,
			 f->ip6_negotiated && !f->ip6_count ? &ip6 : &t->ip6);
}

/* ---- the attempt ------------------------------------------------------------------------------- */

static enum status fail(struct wire_client *c, enum status st, const char *reason)
{
	snprintf(c->reason, sizeof(c->reason), "%s", reason);
	return st;
}

/* With listed addresses only those may be the source. */
static const struct addr *listed(const struct wire *w, uint32_t vrf, uint8_t family, const struct addr *like)
{
	const struct addr *first = NULL;
	for (size_t i = 0; i < w->conf->own.listen_count; i++) {
		const struct listen_addr *l = &w->conf->own.listen[i];
		if (l->num != vrf || (l->addr.family && l->addr.family != family))
			continue;
		if (!l->addr.family || addr_eq(&l->addr, like))
			return like;
		if (!first)
			first = &l->addr;
	}
	return w->conf->own.listen_count ? first : like;
}

static enum status find_source(struct wire_client *c, const struct addr *peer, struct addr *out)
{
	const struct client_spec *s = &c->spec;
	const struct addr *fixed = client_spec_source(s, peer->family);
	struct asroot_reply reply;
	struct asroot_request rq = {.op = ASROOT_SOURCE, .addr = *peer};
	memcpy(rq.vrf, s->vrf_name, strnlen(s->vrf_name, sizeof(rq.vrf) - 1)); /* a plan has shorter ones only */
	memcpy(rq.name, s->source_if, sizeof(rq.name));
	enum status st = asroot_call(c->wire->control, &rq, &reply, NULL);
	if (st == ST_EXISTS)
		return fail(c, ST_CONFIG, "the way to the peer leads into a tunnel: it needs a route of its own");
	if (fixed && !fixed->family)
		return fail(c, ST_CONFIG, "the tunnel source has no address of the peer's family");
	if (st != ST_OK)
		return fail(c, ST_IO, s->source_if[0] ? "no way to the peer, or the source interface has no address" :
							"the host has no way to the peer");
	const struct addr *use = listed(c->wire, s->vrf, peer->family, fixed ? fixed : &reply.addr);
	if (!use)
		return fail(c, ST_CONFIG, "no address is listened on from where the peer could be reached");
	*out = *use;
	return ST_OK;
}

static uint8_t put_families(const struct client_spec *s, struct ts *ts)
{
	uint8_t n = 0;
	if (s->carries4)
		ts[n++] = ts_any(4);
	if (s->carries6)
		ts[n++] = ts_any(6);
	return n;
}

/* Why the engine does not even begin. */
static void explain(struct wire_client *c, enum status st)
{
	const char *what = st == ST_NO_PROFILE	     ? "is not defined" :
			   st == ST_PROFILE_SHUTDOWN ? "is shut down" :
			   st == ST_CONFIG	     ? "has no `match identity remote`" :
			   st == ST_AUTH_METHOD	     ? "does not use pre-shared keys for both sides" :
						       NULL;
	if (what)
		snprintf(c->reason, sizeof(c->reason), "profile %s %s", c->spec.profile, what);
}

static enum status connect_to(struct wire_client *c)
{
	const struct client_spec *s = &c->spec;
	const struct addr *peer = client_target(&c->machine);
	struct ike_connect *k = mem_new(sizeof(*k));
	if (!k)
		return fail(c, ST_NOMEM, "");
	c->peer = (struct endpoint){.vrf = s->vrf, .addr = *peer};
	k->remote = c->peer;
	k->local.vrf = s->vrf;
	enum status st = find_source(c, peer, &k->local.addr);
	memcpy(k->profile, s->profile, sizeof(k->profile));
	memcpy(k->ipsec_profile, s->ipsec_profile, sizeof(k->ipsec_profile));
	memcpy(k->peer_name, client_peer(&c->machine)->name, sizeof(k->peer_name));
	k->tun = s->tun;
	k->request_ip4 = s->asks4;
	k->request_ip6 = s->asks6;
	k->n_local_ts = put_families(s, k->local_ts);
	k->n_remote_ts = put_families(s, k->remote_ts);
	if (st == ST_OK) {
		c->reason[0] = 0;
		st = ike_connect(c->wire->ike, k, &c->sa);
		explain(c, st);
	}
	mem_free(k);
	return st;
}

/* No event of it counts any more. */
static void close_it(struct wire_client *c, enum status why)
{
	uint64_t sa = c->sa;
	c->sa = 0;
	c->is_up = c->is_over = false;
	if (sa)
		(void)!ike_close(c->wire->ike, sa, why);
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
	else if (ev->kind == CE_FAILED || ev->kind == CE_UNNAMED || ev->kind == CE_TIME)
		if (before != CLIENT_WAITING)
			LOG(EV_CLIENT_FAILED, kv_str("client", name), kv_addr("peer", &c->peer.addr),
			    kv_status("status", m->why), kv_str("reason", reason_of(c)),
			    kv_u64("wait_ms", m->state == CLIENT_WAITING ? m->due_ms - ev->now_ms : 0));
}

static void step(struct wire_client *c, enum client_event_kind kind, enum status status)
{
	struct client_event ev = {.kind = kind, .status = status};
	bool again = !c->wire->is_stopping;
	while (again) {
		enum client_state before = c->machine.state;
		ev.now_ms = loop_now_ms();
		rnd_bytes(&ev.random, sizeof(ev.random));
		struct client_order o = client_step(&c->machine, &ev);
		log_step(c, before, &ev);
		if (o.close)
			close_it(c, ev.kind == CE_TIME ? ST_TIMEOUT : ST_END_ADMIN);
		again = false;
		if (o.connect) {
			ev.status = connect_to(c);
			ev.kind = CE_FAILED;
			again = ev.status != ST_OK; /* at most once for each address of a round */
		}
	}
	loop_timer_at(c->timer, c->machine.due_ms == CLIENT_NEVER ? LOOP_NEVER : c->machine.due_ms);
}

static void over(struct wire_client *c)
{
	/* Both sides may have connected: one session is enough. */
	const struct session *other = session_on(c->wire, c->spec.tun, c->sa);
	c->is_over = false;
	c->sa = other ? other->sa : 0;
	if (other)
		c->peer = other->remote;
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

static void on_timer(void *ctx)
{
	struct wire_client *c = ctx;
	if (c->wire->is_stopping)
		return;
	if (c->is_up) {
		c->is_up = false;
		give_up_attempt(c);
		step(c, CE_UP, ST_OK);
	}
	if (c->is_over)
		over(c);
	else if (c->machine.due_ms <= loop_now_ms())
		step(c, CE_TIME, ST_OK);
	else
		loop_timer_at(c->timer, c->machine.due_ms == CLIENT_NEVER ? LOOP_NEVER : c->machine.due_ms);
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
	struct wire_client *c = s ? client_of_tun(w, s->grant.tun) : NULL;
	if (!c)
		return;
	if (c->machine.state == CLIENT_CONNECTING && c->sa != ev->sa)
		c->attempt = c->sa;
	c->sa = ev->sa;
	c->peer = ev->remote;
	c->is_up = true;
	c->is_over = false;
	loop_timer_at(c->timer, 0);
}

void wire_client_tell(struct wire *w, const struct ike_event *ev)
{
	if (ev->kind == IKE_EV_SA_UP)
		came_up(w, ev);
	if (ev->kind != IKE_EV_INIT_FAILED && ev->kind != IKE_EV_AUTH_FAILED && ev->kind != IKE_EV_SA_DOWN)
		return;
	LIST_EACH(at, &w->clients) {
		struct wire_client *c = CONTAINER_OF(at, struct wire_client, in_list);
		if (c->sa != ev->sa || !ev->sa)
			continue;
		c->is_over = true;
		c->why = ev->status;
		snprintf(c->reason, sizeof(c->reason), "%s", ev->detail ? ev->detail : "");
		loop_timer_at(c->timer, 0);
	}
}

/* ---- which there are --------------------------------------------------------------------------- */

static void client_free(struct wire_client *c)
{
	list_del(&c->in_list);
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
	const struct session *s = session_on(w, spec->tun, 0);
	if (s) {
		c->sa = s->sa;
		c->peer = s->remote;
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
		if (s->we_are_initiator && !client_of_tun(w, s->grant.tun))
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
		*out = (struct client_info){.name = c->spec.name, .ifname = c->spec.ifname,
					    .state = client_state_words(m->state),
					    .is_up = m->state == CLIENT_UP,
					    .is_negotiating = m->state == CLIENT_CONNECTING,
					    .peer = m->state == CLIENT_UP ? c->peer.addr : *client_target(m),
					    .peer_name = client_peer(m)->name,
					    .reason = m->why == ST_OK ? "" : reason_of(c)};
		if (m->state == CLIENT_WAITING && m->due_ms > now)
			out->wait_ms = m->due_ms - now;
		return true;
	}
	return false;
}

void wire_client_fini(struct wire *w)
{
	LIST_EACH_SAFE(at, &w->clients)
		client_free(CONTAINER_OF(at, struct wire_client, in_list));
}
