#include "core/ike/mobike.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/conf/match.h"
#include "core/ike/auth.h"
#include "core/ike/encap.h"
#include "core/ike/engine.h"
#include "core/ike/freeze.h"
#include "core/ike/keepalive.h"
#include "core/ike/msg.h"
#include "core/ike/work.h"
#include "core/wire/notify.h"

#define SENDINGS_BEFORE_DOUBT 2 /* of one request, before another way is tried */

/* ---- writing --------------------------------------------------------------------------------- */

static void put_natd(struct msg_out *o, const struct ike_sa *sa, const struct endpoint *remote)
{
	encap_put(o, sa, sa->spi_r, remote);
}

/* Those of ours that the SA does not use. Gives how many. */
static unsigned put_addrs(struct msg_out *o, const struct ike_sa *sa, const struct own_settings *own)
{
	unsigned n = 0;

	/* Behind a NAT they are not what the peer could reach. */
	for (size_t i = 0; i < own->listen_count && !sa->nat_local && n < MOBIKE_ADDRS; i++) {
		const struct listen_addr *l = &own->listen[i];

		if (l->num != sa->local.vrf || addr_len(&l->addr) == 0 ||
			addr_eq(&l->addr, &sa->local.addr))
			continue;
		msg_notify(o, l->addr.family == 4 ? N_ADDITIONAL_IP4_ADDRESS : N_ADDITIONAL_IP6_ADDRESS,
			l->addr.b, addr_len(&l->addr));
		n++;
	}
	return n;
}

void mobike_put_offer(struct msg_out *o, const struct ike_sa *sa)
{
	msg_notify(o, N_MOBIKE_SUPPORTED, NULL, 0);
	put_addrs(o, sa, &sa->hs->conf->own);
}

void mobike_put_request(struct msg_out *o, const struct ike_sa *sa)
{
	const struct ike_profile *p = snapshot_profile(sa->hs->conf, sa->profile);

	if (p != NULL && p->mobike)
		mobike_put_offer(o, sa);
}

void mobike_put_probe(struct msg_out *o, const struct ike_sa *sa)
{
	if (sa->mobike.is_on && sa->mobike.decides && sa->nat_local)
		put_natd(o, sa, &sa->remote);
}

/* ---- the peer's addresses ---------------------------------------------------------------------- */

static void parse(const struct ike_sa *sa, const struct msg_in *m, struct mobike_msg *out)
{
	mobike_msg_parse(&m->p, sa->spi_i, sa->spi_r, m->local, m->remote, out);
}

/* That which it wrote from first (section 3.6). */
static void take_addrs(struct mobike *k, const struct endpoint *from, const struct mobike_msg *msg)
{
	struct addr *to = k->peer->addrs;
	size_t n = 0;

	memset(k->peer, 0, sizeof(*k->peer));
	to[n++] = from->addr;
	for (size_t i = 0; i < msg->n_addrs && n < MOBIKE_ADDRS; i++)
		if (!addr_eq(&msg->addrs[i], &from->addr))
			to[n++] = msg->addrs[i];
}

static bool has_addr(const struct mobike *k, const struct addr *a)
{
	for (size_t i = 0; i < MOBIKE_ADDRS; i++)
		if (k->peer->addrs[i].family != 0 && addr_eq(&k->peer->addrs[i], a))
			return true;
	return false;
}

enum status mobike_read_offer(struct ike_sa *sa, const struct msg_in *m)
{
	struct mobike_msg msg;

	parse(sa, m, &msg);
	if (msg.is_translated)
		return sa_fail(sa, ST_UNEXPECTED_NAT, "%s", "");
	mem_free(sa->mobike.peer); /* an earlier message of the exchange may have said so */
	sa->mobike = (struct mobike){.is_on = msg.is_supported, .decides = sa->is_initiator};
	sa->mobike.memory.proven = m->remote->addr;
	if (!msg.is_supported || !sa->is_initiator)
		return ST_OK;
	sa->mobike.peer = mem_new(sizeof(*sa->mobike.peer));
	if (sa->mobike.peer == NULL)
		return ST_NOMEM;
	take_addrs(&sa->mobike, m->remote, &msg);
	return ST_OK;
}

void mobike_agree(struct ike_sa *sa)
{
	const struct ike_profile *p = snapshot_profile(sa->hs->conf, sa->profile);

	/* The ports must be those of UDP encapsulation already (section 3.3). */
	sa->mobike.is_on &= p != NULL && p->mobike && sa->hs->peer_sent_natd &&
		sa->local.port != (uint16_t)sa->hs->conf->own.port;
}

/* ---- moving ------------------------------------------------------------------------------------ */

static bool is_elsewhere(const struct ike_child *c)
{
	return !addr_eq(&child_local_ts(c)->lo, &c->sa->local.addr) ||
	       !addr_eq(&child_remote_ts(c)->lo, &c->sa->remote.addr);
}

/* As the IKE SA goes. One in transport mode is between two addresses: it ends when these are others, or
 * when a NAT came between them. */
static void place_children(struct ike_sa *sa)
{
	struct ike *ike = sa->ike;

	LIST_EACH_SAFE(at, &sa->children) {
		struct ike_child *c = CONTAINER_OF(at, struct ike_child, node);

		if (!c->is_installed)
			continue;
		if (c->transport && c->state == CHILD_UP && (sa->in_udp || is_elsewhere(c)))
			work_delete_child(c, ST_TS_UNACCEPTABLE);
		c->udp_encap = sa->in_udp;
		ike->ports->move(ike->ctx, c->spi_in, &sa->local, &sa->remote, c->udp_encap);
	}
}

/* Children go where the IKE SA is. */
static void move_children(struct ike_sa *sa)
{
	sa->mobike.memory.proven = sa->remote.addr;
	place_children(sa);
	sa_tell(sa, IKE_EV_PEER_MOVED, NULL);
}

/* What NATs there are has been heard. Children that wait for a proof of the peer's address change with
 * their address. */
static void take_nats(struct ike_sa *sa, const struct natd_result *nat)
{
	if (encap_follow(sa, nat) && addr_eq(&sa->mobike.memory.proven, &sa->remote.addr))
		place_children(sa);
	keepalive_arm(sa);
}

static void move_ike(struct ike_sa *sa, const struct endpoint *local, const struct endpoint *remote)
{
	sa->local = *local;
	sa->remote = *remote;
	if (sa->mobike.open != 0)
		sa->mobike.open |= MOBIKE_STALE;
	keepalive_arm(sa);
}

/* What is open goes out by the new way at once; its patience begins again. */
static void send_again(struct ike_sa *sa)
{
	for (size_t i = 0; i < LANES; i++) {
		struct window_request *r = &sa->out.lane[i];

		if (r->kind == REQ_NONE || r->is_answered)
			continue;
		window_alive(r);
		sa_send(sa, (struct view){r->bytes, r->len});
		r->due_ms = ike_now(sa->ike) + window_wait_ms(r);
	}
	sa_arm_request(sa);
}

/* ---- who decides: ways ------------------------------------------------------------------------- */

/* Our address towards one of the peer's. False: no way leads there. */
static bool find_way(const struct ike_sa *sa, const struct addr *to, struct endpoint *local,
	struct endpoint *remote)
{
	const struct ike *ike = sa->ike;

	*local = sa->local;
	*remote = sa->remote;
	remote->addr = *to;
	return addr_len(to) != 0 && !addr_is_any(to) && !addr_is_link_local(to) &&
	       ike->ports->source != NULL &&
	       ike->ports->source(ike->ctx, sa->grant != NULL ? sa->grant->tun : 0, remote,
		       &local->addr) == ST_OK &&
	       local->addr.family == remote->addr.family;
}

/* Section 3.5: the addresses of the SAs first, the message as soon as the window allows. */
static void go(struct ike_sa *sa, const struct endpoint *local, const struct endpoint *remote)
{
	move_ike(sa, local, remote);
	(void)encap_follow(sa, NULL);
	move_children(sa);
	sa->mobike.wants |= MOBIKE_UPDATE;
	ike_keep_counted(sa);
}

/* The next way after the present one, in the order of the peer's addresses. False: there is no other. */
static bool next_way(struct ike_sa *sa)
{
	const struct mobike_peer *peer = sa->mobike.peer;
	struct endpoint local, remote;
	size_t now = 0;

	if (peer == NULL)
		return false;
	while (now < MOBIKE_ADDRS && !addr_eq(&peer->addrs[now], &sa->remote.addr))
		now++;
	for (size_t i = 1; i <= MOBIKE_ADDRS; i++) {
		const struct addr *to = &peer->addrs[(now + i) % MOBIKE_ADDRS];

		if (!find_way(sa, to, &local, &remote) ||
			(addr_eq(&local.addr, &sa->local.addr) && addr_eq(to, &sa->remote.addr)))
			continue;
		go(sa, &local, &remote);
		return true;
	}
	return false;
}

static bool may_decide(const struct ike_sa *sa)
{
	return sa->mobike.is_on && sa->mobike.decides && sa->state == SA_UP;
}

/* One that is on its way out says goodbye by the way there is, and nothing more. */
static void leave_by_way(struct ike_sa *sa)
{
	struct endpoint local, remote;

	if (!sa->mobike.is_on || !sa->mobike.decides || sa->up_ms == 0 ||
		!find_way(sa, &sa->remote.addr, &local, &remote) ||
		addr_eq(&local.addr, &sa->local.addr))
		return;
	sa->local = local;
	send_again(sa);
}

void mobike_on_paths(struct ike_sa *sa)
{
	struct endpoint local, remote;

	if (!may_decide(sa)) {
		leave_by_way(sa);
		return;
	}
	if (find_way(sa, &sa->remote.addr, &local, &remote)) {
		if (addr_eq(&local.addr, &sa->local.addr)) {
			/* The same address in another network is another mapping of a NAT. */
			if (sa->nat_local)
				sa_event(sa, SE_DPD, ST_OK);
			return;
		}
		go(sa, &local, &remote);
	} else if (!next_way(sa)) {
		return;
	}
	send_again(sa);
	work(sa);
}

void mobike_on_up(struct ike_sa *sa)
{
	struct endpoint local, remote;

	if (!may_decide(sa) || !find_way(sa, &sa->remote.addr, &local, &remote) ||
		addr_eq(&local.addr, &sa->local.addr))
		return;
	go(sa, &local, &remote);
	work(sa);
}

/* The first that a packet to the peer may come from; NULL: it is `any`, or there is none. */
static const struct addr *other_own(const struct ike_sa *sa, const struct own_settings *own)
{
	const struct addr *first = NULL;

	for (size_t i = 0; i < own->listen_count; i++) {
		const struct listen_addr *l = &own->listen[i];

		if (l->num != sa->local.vrf)
			continue;
		if (addr_len(&l->addr) == 0 || addr_eq(&l->addr, &sa->local.addr))
			return NULL;
		if (first == NULL && l->addr.family == sa->remote.addr.family)
			first = &l->addr;
	}
	return first;
}

static bool same_listen(const struct own_settings *a, const struct own_settings *b)
{
	bool same = a->listen_count == b->listen_count;

	for (size_t i = 0; same && i < a->listen_count; i++)
		same = a->listen[i].num == b->listen[i].num &&
		       addr_eq(&a->listen[i].addr, &b->listen[i].addr);
	return same;
}

/* Whoever decides looks for a way itself. */
void mobike_on_conf(struct ike_sa *sa, const struct snapshot *old)
{
	const struct own_settings *own = &sa->ike->conf->own;
	const struct addr *other;
	struct endpoint local = sa->local;

	if (!sa->mobike.is_on || sa->mobike.decides || sa->state != SA_UP ||
		same_listen(own, &old->own))
		return;
	sa->mobike.wants |= MOBIKE_LIST;
	other = other_own(sa, own);
	if (other != NULL) {
		local.addr = *other;
		move_ike(sa, &local, &sa->remote);
		(void)encap_follow(sa, NULL);
		move_children(sa);
		send_again(sa);
	}
	ike_keep_counted(sa);
	work(sa);
}

void mobike_try_path(struct ike_sa *sa, const struct window_request *r)
{
	if (may_decide(sa) && r->sent > SENDINGS_BEFORE_DOUBT && next_way(sa))
		stats_inc(sa->ike->stats, CT_MOBIKE_PATHS);
}

/* ---- who follows --------------------------------------------------------------------------------- */

/* ESP may go in UDP any time, so from and to the port of that. A profile may be bound to addresses of ours. */
static bool is_acceptable(const struct ike_sa *sa, const struct msg_in *m)
{
	const struct snapshot *conf = sa->ike->conf;
	const struct ike_profile *p = snapshot_profile(conf, sa->profile);

	return m->local->vrf == sa->local.vrf && m->local->port != (uint16_t)conf->own.port &&
	       !addr_is_any(&m->remote->addr) &&
	       (p == NULL || profile_has_local(p, &m->local->addr));
}

static uint16_t follow(struct ike_sa *sa, const struct msg_in *m, const struct mobike_msg *msg)
{
	struct mobike *k = &sa->mobike;

	stats_inc(sa->ike->stats, CT_MOBIKE_UPDATES_IN);
	if (!is_acceptable(sa, m))
		return N_UNACCEPTABLE_ADDRESSES;
	if (endpoint_eq(&sa->remote, m->remote) && endpoint_eq(&sa->local, m->local)) {
		take_nats(sa, msg->has_natd ? &msg->nat : NULL);
		return 0;
	}
	move_ike(sa, m->local, m->remote);
	(void)encap_follow(sa, msg->has_natd ? &msg->nat : NULL);
	keepalive_arm(sa);
	if (addr_eq(&k->memory.proven, &sa->remote.addr)) {
		k->wants &= (uint8_t)~MOBIKE_CHECK;
		move_children(sa);
	} else {
		k->wants |= MOBIKE_CHECK;
	}
	send_again(sa);
	return 0;
}

/* Section 3.6: whoever decides leaves an address that the peer does not have any more. */
static void take_list(struct ike_sa *sa, const struct msg_in *m, const struct mobike_msg *msg)
{
	struct mobike *k = &sa->mobike;

	if (k->peer == NULL)
		return;
	take_addrs(k, m->remote, msg);
	if (!has_addr(k, &sa->remote.addr) && next_way(sa))
		send_again(sa);
}

/* Whom a message of the SA is about: a peer that rekeyed it may still have said there where it is now.
 * A successor that was spoken to itself knows better. NULL: nobody. */
static struct ike_sa *meant_by(struct ike_sa *sa)
{
	struct ike *ike = sa->ike;
	struct map_node *n;

	if (sa->state == SA_UP)
		return sa;
	if (sa->state != SA_REPLACED)
		return NULL;
	for (n = map_first(&ike->by_peer, auth_peer_hash(ike, sa->peer_id, sa->profile));
		n != NULL; n = map_next(n)) {
		struct ike_sa *heir = CONTAINER_OF(n, struct ike_sa, by_peer);

		if (heir->state == SA_UP && memcmp(&heir->session, &sa->session, sizeof(sa->session)) == 0 && heir->in.next == 0)
			return heir;
	}
	return NULL;
}

/* A larger window may bring them out of order: an older one has nothing to say. */
static bool is_newest(struct ike_sa *sa, const struct msg_in *m)
{
	if (m->hdr.msgid < sa->mobike.newest_id)
		return false;
	sa->mobike.newest_id = m->hdr.msgid;
	return true;
}

/* The error to be answered; 0: none. */
static uint16_t obey(struct ike_sa *sa, const struct msg_in *m, const struct mobike_msg *msg)
{
	struct ike_sa *meant = meant_by(sa);
	uint16_t error = 0;

	if (meant == NULL || (!msg->is_update && !msg->lists_addrs))
		return 0;
	if (msg->is_translated) {
		stats_status(sa->ike->stats, ST_UNEXPECTED_NAT);
		return N_UNEXPECTED_NAT_DETECTED;
	}
	if (!is_newest(sa, m))
		return 0;
	if (msg->is_update && !meant->mobike.decides)
		error = follow(meant, m, msg);
	if (msg->lists_addrs)
		take_list(meant, m, msg);
	if (meant != sa) {
		ike_keep_counted(meant);
		sa_arm(meant, &meant->work_timer, ike_now(meant->ike)); /* a reply is being built now */
	}
	return error;
}

void mobike_answer(struct ike_sa *sa, const struct msg_in *m, struct msg_out *o)
{
	struct mobike_msg msg;
	uint16_t error = 0;

	parse(sa, m, &msg);
	if (sa->mobike.is_on)
		error = obey(sa, m, &msg);
	if (error != 0)
		msg_notify(o, error, NULL, 0);
	else if (sa->mobike.is_on && msg.has_natd)
		put_natd(o, sa, m->remote);
	if (msg.cookie.len > 0)
		msg_notify(o, N_COOKIE2, msg.cookie.p, msg.cookie.len);
}

void mobike_followed(struct ike_sa *sa)
{
	struct mobike *k = &sa->mobike;

	k->memory.proven = sa->remote.addr;
	k->wants &= (uint8_t)~MOBIKE_CHECK;
	if (k->open != 0)
		k->open |= MOBIKE_STALE;
}

/* ---- requests of ours ---------------------------------------------------------------------------- */

bool mobike_wants(const struct ike_sa *sa)
{
	return sa->mobike.is_on && sa->mobike.wants != 0;
}

static enum status build(struct ike_sa *sa, struct view *msg)
{
	struct mobike *k = &sa->mobike;
	struct msg_out o;

	msg_start(&o, sa, EX_INFORMATIONAL, false, sa->out.next);
	if (k->wants & MOBIKE_UPDATE) {
		msg_notify(&o, N_UPDATE_SA_ADDRESSES, NULL, 0);
		put_natd(&o, sa, &sa->remote);
	}
	if (k->wants & MOBIKE_LIST && put_addrs(&o, sa, &sa->ike->conf->own) == 0)
		msg_notify(&o, N_NO_ADDITIONAL_ADDRESSES, NULL, 0);
	sa->ike->ports->random(sa->ike->ctx, k->memory.cookie, sizeof(k->memory.cookie));
	msg_notify(&o, N_COOKIE2, k->memory.cookie, sizeof(k->memory.cookie));
	return msg_end(&o, msg);
}

enum status mobike_send(struct ike_sa *sa)
{
	struct mobike *k = &sa->mobike;
	struct view msg;
	enum status st = build(sa, &msg);

	if (st == ST_OK)
		st = sa_request(sa, REQ_MOBIKE, msg);
	if (st != ST_OK)
		return st;
	if (k->wants & MOBIKE_UPDATE)
		stats_inc(sa->ike->stats, CT_MOBIKE_UPDATES_OUT);
	k->open = k->wants;
	k->wants = 0;
	ike_keep_counted(sa);
	sa_send(sa, msg);
	return ST_OK;
}

/* The peer sees us elsewhere than when it was told last: a NAT has another mapping for us. */
static void compare_sight(struct ike_sa *sa, const struct mobike_msg *msg)
{
	struct mobike *k = &sa->mobike;

	if (may_decide(sa) && sa->nat_local && msg->destination.len == NATD_LEN &&
		memcmp(msg->destination.p, k->memory.seen, NATD_LEN) != 0)
		k->wants |= MOBIKE_UPDATE;
}

static enum status on_refused(struct ike_sa *sa)
{
	struct mobike *k = &sa->mobike;

	stats_status(sa->ike->stats, ST_UNACCEPTABLE_ADDRESSES);
	if (++k->refusals > MOBIKE_ADDRS || !next_way(sa))
		return ST_UNACCEPTABLE_ADDRESSES;
	return ST_OK;
}

static enum status on_updated(struct ike_sa *sa, const struct mobike_msg *msg)
{
	struct mobike *k = &sa->mobike;

	if (msg->is_unacceptable || msg->saw_nat)
		return on_refused(sa);
	k->refusals = 0;
	if (!msg->has_natd)
		return ST_OK;
	if (msg->destination.len == NATD_LEN)
		memcpy(k->memory.seen, msg->destination.p, NATD_LEN);
	take_nats(sa, &msg->nat);
	return ST_OK;
}

enum status mobike_reply(struct ike_sa *sa, const struct msg_in *m)
{
	struct mobike *k = &sa->mobike;
	uint8_t open = k->open;
	struct mobike_msg msg;

	parse(sa, m, &msg);
	if (window_out_has(&sa->out, REQ_DPD))
		compare_sight(sa, &msg);
	if (!window_out_has(&sa->out, REQ_MOBIKE))
		return ST_OK;
	k->open = 0;
	/* Section 3.7: what does not know our secret did not get the request. */
	if (msg.cookie.len != MOBIKE_COOKIE ||
		!mem_eq_secret(msg.cookie.p, k->memory.cookie, MOBIKE_COOKIE))
		return ST_BAD_COOKIE2;
	/* It went to more than one address, so the reply does not say which one works. */
	if (open & MOBIKE_STALE) {
		k->wants |= open & MOBIKE_LIST;
		k->wants |= open & MOBIKE_CHECK && !addr_eq(&k->memory.proven, &sa->remote.addr)
			? MOBIKE_CHECK : 0;
		return ST_OK;
	}
	if (open & MOBIKE_CHECK) {
		stats_inc(sa->ike->stats, CT_MOBIKE_CHECKS);
		move_children(sa);
	}
	return open & MOBIKE_UPDATE ? on_updated(sa, &msg) : ST_OK;
}

void mobike_inherit(struct ike_sa *heir, struct ike_sa *old)
{
	heir->mobike = old->mobike;
	old->mobike.peer = NULL;
	heir->mobike.wants |= old->mobike.open & (MOBIKE_UPDATE | MOBIKE_CHECK | MOBIKE_LIST);
	heir->mobike.open = 0;
	heir->mobike.newest_id = 0;
	heir->nat_local = old->nat_local;
	heir->nat_remote = old->nat_remote;
	heir->claims_nat = old->claims_nat;
	heir->in_udp = old->in_udp;
}
