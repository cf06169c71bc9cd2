#include "core/ike/create.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/ike/child.h"
#include "core/ike/encap.h"
#include "core/ike/engine.h"
#include "core/ike/explain.h"
#include "core/ike/followup.h"
#include "core/ike/freeze.h"
#include "core/ike/init.h"
#include "core/ike/mode.h"
#include "core/ike/qcd.h"
#include "core/ike/reauth.h"
#include "core/ike/ticket_desk.h"
#include "core/ike/work.h"
#include "core/wire/notify.h"

#define CHILDREN_MAX 8 /* that a peer may ask for in one IKE SA */
#define REKEY_PAUSE_MS 1000

/* ---- judging -------------------------------------------------------------------------------------- */

static bool was_sent(const struct exchange *x)
{
	return x->state != XS_NEW && x->state != XS_I_DH;
}

/* Ours is not out yet: the peer's comes first, and ours is wanted again later. */
static void give_way(struct ike_sa *sa)
{
	if (sa->mine != NULL && !was_sent(sa->mine))
		exchange_drop(sa->mine);
}

/* The peer's window lets it have several open. */
static bool has_other(const struct exchange *x)
{
	LIST_EACH(at, &x->sa->theirs)
		if (CONTAINER_OF(at, struct exchange, node) != x)
			return true;
	return false;
}

static bool has_ike_rekey(const struct exchange *x)
{
	LIST_EACH(at, &x->sa->theirs) {
		const struct exchange *other = CONTAINER_OF(at, struct exchange, node);

		if (other != x && other->kind == X_REKEY_IKE)
			return true;
	}
	return false;
}

/* One series of additional key exchanges at a time: those that wait for the next one keep their memory
 * and hold no place in the window. */
static bool has_other_series(const struct exchange *x)
{
	LIST_EACH(at, &x->sa->theirs) {
		const struct exchange *other = CONTAINER_OF(at, struct exchange, node);

		if (other != x && other->more.n > 0)
			return true;
	}
	return false;
}

static enum status judge_group(struct exchange *x, uint16_t wanted, const struct ike_payloads *p)
{
	x->group = wanted;
	/* Whatever its window, a peer has one computation under way. */
	if (wanted != 0 && has_other(x))
		return ST_TEMPORARY;
	return wanted != 0 ? exchange_read_ke(x, p) : ST_OK;
}

static struct view spi_of(const struct sa *sa, uint8_t number)
{
	for (size_t i = 0; i < sa->n; i++)
		if (sa->v[i].num == number)
			return sa->v[i].spi;
	return (struct view){0};
}

static enum status judge_ike(struct exchange *x, const struct ike_payloads *p,
	const struct sa *offer)
{
	struct ike_sa *sa = x->sa;
	struct offer_own own;
	struct allowed_set ours;
	struct offer_set theirs;
	struct rd r;
	enum status st;

	x->kind = X_REKEY_IKE;
	if (!sa_spis_are(offer, PROTO_IKE, 8))
		return ST_BAD_PAYLOAD;
	give_way(sa);
	exchange_supersede(x);
	/* Each replaced SA lives on for a while: no peer makes them faster than they go. */
	if (ike_now(sa->ike) < sa->up_ms + REKEY_PAUSE_MS || (sa->mine != NULL && sa->mine->rival != NULL))
		return ST_TEMPORARY;
	/* RFC 7296 2.25.2: not while we are changing children. */
	if ((sa->mine != NULL && sa->mine->kind != X_REKEY_IKE) ||
		window_out_has(&sa->out, REQ_DELETE_CHILD) || has_other(x))
		return ST_TEMPORARY;
	/* RFC 9370 2.2.4: not after the answer to ours, while its key exchanges go on. */
	if (sa->mine != NULL && sa->mine->more.n > 0)
		return ST_TEMPORARY;
	offer_rekey_ike(x->conf, sa, &own, &ours);
	offer_from_sa(offer, &theirs);
	st = proposal_choose(CHOOSE_IKE, false, ours.v, ours.n, theirs.v, theirs.n, &x->chosen);
	if (st == ST_OK)
		st = suite_ike(x->chosen.encr.id, x->chosen.encr.key_bits, x->chosen.prf,
			x->chosen.integ, x->chosen.dh, &x->suite);
	if (st != ST_OK)
		return ST_NO_PROPOSAL;
	r = rd_init(spi_of(offer, x->chosen.number).p, 8);
	x->spi_peer = rd_u64(&r);
	x->peer_window = msg_window(p);
	followup_begin(x, &x->chosen);
	return judge_group(x, x->chosen.dh, p);
}

/* The child that is to be replaced; its SPI is the one that the peer receives with. */
static enum status judge_old(struct exchange *x, const struct notify *n)
{
	struct ike_sa *sa = x->sa;
	struct ike_child *old = child_find_out(sa, notify_spi(n));

	x->kind = X_REKEY_CHILD;
	x->peer_old_spi = notify_spi(n);
	if (n->protocol != PROTO_ESP)
		return ST_BAD_PAYLOAD;
	if (old == NULL) /* it may be what our own exchange is about to make */
		return sa->mine != NULL && sa->mine->kind != X_REKEY_IKE && was_sent(sa->mine)
			? ST_TEMPORARY : ST_NO_CHILD;
	if (old->state != CHILD_UP)
		return ST_TEMPORARY; /* RFC 7296 2.25.1: we are closing it, or it has a successor */
	if (sa->mine != NULL && sa->mine->kind == X_REKEY_CHILD && sa->mine->old_spi == old->spi_in &&
		(sa->mine->rival_spi != 0 || sa->mine->more.n > 0))
		return ST_TEMPORARY; /* the peer has made its successor already, or has begun to make ours */
	x->old_spi = old->spi_in;
	exchange_supersede(x);
	return ST_OK;
}

/* A gateway that we connected to wants another one: within what we let one of the others carry. */
static enum status narrow_to_ours(const struct ike_sa *sa, const struct ts_set *asked_i,
	const struct ts_set *asked_r, struct ts_set *ts_i, struct ts_set *ts_r)
{
	LIST_EACH(at, &sa->children) {
		const struct ike_child *c = CONTAINER_OF(at, struct ike_child, node);

		if (c->state != CHILD_UP)
			continue;
		ts_i->n = (uint8_t)ts_narrow(asked_i->v, asked_i->n, child_remote_ts(c), c->n_remote_ts,
			ts_i->v, IKE_TS_MAX);
		ts_r->n = (uint8_t)ts_narrow(asked_r->v, asked_r->n, child_local_ts(c), c->n_local_ts,
			ts_r->v, IKE_TS_MAX);
		if (ts_i->n > 0 && ts_r->n > 0)
			return ST_OK;
	}
	return ST_TS_UNACCEPTABLE;
}

/* What the replaced one had, if the peer still asks for it; else what was granted. */
static enum status narrow(struct exchange *x)
{
	struct child_offer *c = &x->child;
	const struct ike_child *old = x->old_spi != 0 ? ike_find_child(x->sa->ike, x->old_spi) : NULL;
	struct ts_set asked_i = {.n = c->n_ts_i}, asked_r = {.n = c->n_ts_r};
	struct ts_set ts_i = {0}, ts_r = {0};
	enum status st = ST_OK;

	memcpy(asked_i.v, c->ts_i, sizeof(asked_i.v));
	memcpy(asked_r.v, c->ts_r, sizeof(asked_r.v));
	if (old != NULL) {
		ts_i.n = old->n_remote_ts;
		ts_r.n = old->n_local_ts;
		memcpy(ts_i.v, child_remote_ts(old), ts_i.n * sizeof(*ts_i.v));
		memcpy(ts_r.v, child_local_ts(old), ts_r.n * sizeof(*ts_r.v));
	}
	if (c->transport)
		mode_narrow(x->sa, &asked_i, &asked_r, &ts_i, &ts_r);
	else if (old == NULL && x->sa->is_client)
		st = narrow_to_ours(x->sa, &asked_i, &asked_r, &ts_i, &ts_r);
	else if (old == NULL || !narrow_is_subset(&ts_i, &asked_i) || !narrow_is_subset(&ts_r, &asked_r))
		st = narrow_for_grant(&asked_i, &asked_r, x->sa->grant, &ts_i, &ts_r);
	c->n_ts_i = ts_i.n;
	c->n_ts_r = ts_r.n;
	memcpy(c->ts_i, ts_i.v, sizeof(c->ts_i));
	memcpy(c->ts_r, ts_r.v, sizeof(c->ts_r));
	return st;
}

/* `set security-policy limit` counts selectors pairs of a session, that is its children here. What the session
 * was granted wins (R-MSA-03). */
static uint32_t most_children(const struct exchange *x)
{
	const struct ipsec_profile *p = child_profile(x->sa, x->conf);
	const struct kept_grant *g = x->sa->grant;
	uint32_t limit = p != NULL && p->flow_limit != 0 ? p->flow_limit : CHILDREN_MAX;

	if (g != NULL && g->has_flow_limit)
		limit = g->flow_limit;
	return limit < CHILDREN_MAX ? limit : CHILDREN_MAX;
}

static enum status judge_number(const struct exchange *x)
{
	size_t all = 0, under_way = 0; /* all: with those that are on their way out */
	uint32_t limit = most_children(x);

	LIST_EACH(at, &x->sa->children)
		all++;
	/* Those that are being made count, too. */
	LIST_EACH(at, &x->sa->theirs)
		under_way += CONTAINER_OF(at, struct exchange, node) != x;
	all += under_way;
	if (x->kind == X_NEW_CHILD)
		return x->sa->n_children + under_way >= limit || all >= CHILDREN_ALL ? ST_NO_ADDITIONAL_SAS
										   : ST_OK;
	return all >= CHILDREN_ALL ? ST_TEMPORARY : ST_OK;
}

static enum status judge_child(struct exchange *x, const struct ike_payloads *p,
	const struct sa *offer)
{
	struct ike_sa *sa = x->sa;
	struct child_offer *c = &x->child;
	struct offer_own own;
	struct allowed_set ours;
	struct offer_set theirs;
	struct rd r;
	enum status st;

	if (!sa_spis_are(offer, PROTO_ESP, 4))
		return ST_BAD_PAYLOAD;
	give_way(sa);
	if ((sa->mine != NULL && sa->mine->kind == X_REKEY_IKE) || has_ike_rekey(x))
		return ST_TEMPORARY;
	c->transport = mode_is_named(p);
	st = encap_can_carry(sa, sa->in_udp) ? judge_number(x) : ST_NO_CHILD_PROPOSAL;
	if (st == ST_OK)
		st = child_read_selectors(p, c);
	if (st == ST_OK)
		st = mode_decide(sa, sa->in_udp, mode_wish(x->conf, child_profile(sa, x->conf)), c);
	if (st == ST_OK)
		st = narrow(x);
	if (st != ST_OK)
		return st;
	offer_rekey_esp(x->conf, sa, ike_find_child(sa->ike, x->old_spi), &own, &ours);
	offer_from_sa(offer, &theirs);
	st = proposal_choose(CHOOSE_ESP, false, ours.v, ours.n, theirs.v, theirs.n, &c->chosen);
	if (st == ST_OK)
		st = suite_esp(c->chosen.encr.id, c->chosen.encr.key_bits, c->chosen.integ,
			c->chosen.esn, &c->suite);
	if (st != ST_OK)
		return ST_NO_CHILD_PROPOSAL;
	r = rd_init(spi_of(offer, c->chosen.number).p, 4);
	c->spi_peer = rd_u32(&r);
	followup_begin(x, &c->chosen);
	if (x->more.n > 0 && has_other_series(x))
		return ST_TEMPORARY;
	return judge_group(x, c->chosen.dh, p);
}

enum status create_r_judge(struct exchange *x, const struct msg_in *m)
{
	struct sa offer;
	struct view nonce;
	struct notify n;
	enum status st = sa_parse(payload_find(&m->p, PT_SA)->body, SA_NUMBERS_INCREASING, &offer);

	if (st == ST_OK && offer.n == 0) /* more than we read */
		st = ST_NO_PROPOSAL;
	if (st == ST_OK)
		st = nonce_parse(payload_find(&m->p, PT_NONCE)->body, &nonce);
	if (st != ST_OK)
		return st;
	x->ni_len = (uint16_t)nonce.len;
	memcpy(x->ni, nonce.p, nonce.len);
	x->wants_ticket = ticket_desk_is_on(x->sa) && ticket_desk_is_asked(&m->p);
	if (offer.v[0].protocol == PROTO_IKE)
		return judge_ike(x, &m->p, &offer);
	x->kind = X_NEW_CHILD;
	if (msg_find_notify(&m->p, N_REKEY_SA, &n))
		st = judge_old(x, &n);
	return st == ST_OK ? judge_child(x, &m->p, &offer) : st;
}

/* ---- the key exchange ------------------------------------------------------------------------------- */

enum status create_r_start(struct exchange *x, const struct x_event *ev)
{
	(void)ev;
	return exchange_generate(x);
}

enum status create_r_generated(struct exchange *x, const struct x_event *ev)
{
	enum status st = exchange_keep_pair(x, ev->job);

	return st == ST_OK ? exchange_compute(x) : st;
}

/* ---- the reply ---------------------------------------------------------------------------------------- */

void create_r_refuse(struct ike_sa *sa, uint32_t msgid, const struct exchange *x,
	const struct endpoint *local, const struct endpoint *remote, enum status why)
{
	uint16_t type = status_notify(why);
	uint8_t group[2] = {0};
	struct msg_out o;
	struct view msg;

	if (!window_in_is_busy(&sa->in, msgid))
		return;
	if (type == 0)
		type = N_TEMPORARY_FAILURE; /* what went wrong on our side may pass */
	msg_start(&o, sa, x != NULL && x->more.step > 0 ? EX_IKE_FOLLOWUP_KE : EX_CREATE_CHILD_SA, true,
		msgid);
	if (type == N_INVALID_KE_PAYLOAD && x != NULL) {
		group[0] = (uint8_t)(x->group >> 8);
		group[1] = (uint8_t)x->group;
		msg_notify(&o, type, group, sizeof(group));
	} else if (type == N_CHILD_SA_NOT_FOUND && x != NULL) {
		msg_notify_child(&o, type, x->peer_old_spi);
	} else {
		msg_notify(&o, type, NULL, 0);
	}
	if (msg_end(&o, &msg) != ST_OK || window_in_reply(&sa->in, msgid, msg) != ST_OK)
		return;
	(void)!ike_keep(sa);
	sa_send_to(sa, local, remote, msg);
}

enum status create_r_build(struct exchange *x, struct view *msg)
{
	struct ike_sa *sa = x->sa;
	bool is_ike = x->kind == X_REKEY_IKE;
	struct msg_out o;
	struct sa answer;
	uint8_t spi[8];
	struct wr w = wr_init(spi, sizeof(spi));
	enum status st;

	if (x->more.step > 0)
		return followup_r_build(x, msg);
	if (is_ike)
		wr_u64(&w, x->spi_ours);
	else
		wr_u32(&w, x->child.spi_ours);
	offer_answer(&answer, is_ike ? PROTO_IKE : PROTO_ESP,
		is_ike ? &x->chosen : &x->child.chosen, true, (struct view){spi, w.len});
	msg_start(&o, sa, EX_CREATE_CHILD_SA, true, x->msgid);
	mode_put(&o, !is_ike && x->child.transport);
	init_put_sa(&o, &answer);
	payload_put(&o.c, PT_NONCE, x->nr, x->nr_len);
	if (x->group != 0)
		msg_put_ke(&o, x->group, (struct view){x->public_key, x->public_len});
	if (is_ike) {
		msg_put_window(&o, x->conf->ike.window);
		qcd_put(&o, sa->ike, x->spi_peer, x->spi_ours);
	} else {
		child_put_ts(&o, PT_TSI, x->child.ts_i, x->child.n_ts_i);
		child_put_ts(&o, PT_TSR, x->child.ts_r, x->child.n_ts_r);
	}
	/* RFC 5723 4.1: a ticket of the new SA can be had when that is in charge. */
	if (is_ike && x->wants_ticket)
		msg_notify(&o, N_TICKET_ACK, NULL, 0);
	followup_r_put_link(x, &o);
	st = msg_end(&o, msg);
	return st == ST_OK ? window_in_reply(&sa->in, x->msgid, *msg) : st;
}

bool create_r_note_rival(struct exchange *x)
{
	struct exchange *mine = x->sa->mine;
	struct view low = exchange_low_nonce(x);

	if (mine == NULL || !exchange_is_same(mine, x))
		return false;
	if (mine->rival_nonce_len == 0)
		stats_inc(x->sa->ike->stats, CT_REKEY_COLLISION);
	mine->rival_nonce_len = (uint16_t)low.len;
	memcpy(mine->rival_nonce, low.p, low.len);
	return true;
}

/* Packets have another way until the peer has the child, which it may not have when our reply leaves. */
static bool has_way(const struct exchange *x)
{
	struct ts_set ts_i = {.n = x->child.n_ts_i}, ts_r = {.n = x->child.n_ts_r}, local, remote;

	memcpy(ts_i.v, x->child.ts_i, sizeof(ts_i.v));
	memcpy(ts_r.v, x->child.ts_r, sizeof(ts_r.v));
	LIST_EACH(at, &x->sa->children) {
		const struct ike_child *c = CONTAINER_OF(at, struct ike_child, node);

		if (c->state != CHILD_UP || c->receive_only)
			continue;
		remote.n = c->n_remote_ts;
		local.n = c->n_local_ts;
		memcpy(remote.v, child_remote_ts(c), remote.n * sizeof(*remote.v));
		memcpy(local.v, child_local_ts(c), local.n * sizeof(*local.v));
		if (narrow_is_subset(&ts_i, &remote) && narrow_is_subset(&ts_r, &local))
			return true;
	}
	return reauth_older(x->sa) != NULL;
}

enum status create_r_prepare(struct exchange *x)
{
	struct ike *ike = x->sa->ike;

	x->nr_len = NONCE_LEN;
	ike->ports->random(ike->ctx, x->nr, x->nr_len);
	if (x->kind == X_REKEY_IKE) {
		x->spi_ours = sa_new_spi(ike);
		return x->spi_ours != 0 ? ST_OK : ST_INTERNAL;
	}
	x->child.spi_ours = x->old_spi != 0 ? child_new_spi_like(ike, x->old_spi)
					    : child_new_spi(ike);
	return x->child.spi_ours != 0 ? ST_OK : ST_INTERNAL;
}

static enum status finish_child(struct exchange *x)
{
	struct ike_sa *sa = x->sa;
	struct ike *ike = sa->ike;
	struct ike_child *old, *c;
	struct child_birth b = {
		.offer = &x->child,
		.is_initiator = false,
		.replaces = x->old_spi,
		.receive_only = x->kind == X_REKEY_CHILD || has_way(x),
		.ni = {x->ni, x->ni_len},
		.nr = {x->nr, x->nr_len},
		.secret = {x->secret, x->secret_len},
		.more = {x->more.secrets, x->more.secrets_len},
		.terms = child_terms_of(sa, x->conf),
	};
	struct view msg;
	enum status st;

	st = child_install(sa, &b, &c);
	if (st != ST_OK)
		return st;
	st = create_r_build(x, &msg);
	if (st != ST_OK) {
		child_end(c, st);
		return st;
	}
	/* Kept before it is said: a child that the peer has is not lost with this main. */
	st = ike_keep(sa);
	if (st != ST_OK) {
		window_in_retract(&sa->in, x->msgid);
		child_end(c, st);
		return st;
	}
	child_tell_up(c);
	old = x->old_spi != 0 ? ike_find_child(ike, x->old_spi) : NULL;
	if (create_r_note_rival(x))
		sa->mine->rival_spi = c->spi_in;
	else if (old != NULL)
		work_replaced(old);
	if (x->kind == X_REKEY_CHILD)
		stats_inc(ike->stats, CT_CHILD_REKEYED);
	ike_keep_counted(sa);
	sa_send_to(sa, &x->local, &x->remote, msg);
	return ST_OK;
}

static enum status finish_ike(struct exchange *x)
{
	struct ike_sa *old = x->sa, *heir;
	struct view msg;
	enum status st;

	heir = succeed_new(x);
	if (heir == NULL)
		return ST_NOMEM;
	st = create_r_build(x, &msg);
	if (st != ST_OK) {
		sa_event(heir, SE_CLOSE, ST_END_REDUNDANT);
		return st;
	}
	if (create_r_note_rival(x)) {
		old->mine->rival = heir;
		heir->predecessor = old;
		ike_keep_counted(old);
	} else {
		list_del(&x->node); /* it ends by itself */
		succeed(old, heir);
		sa_event(old, SE_REPLACED, ST_END_REKEYED);
	}
	sa_send_to(old, &x->local, &x->remote, msg);
	return ST_OK;
}

enum status create_r_finish(struct exchange *x, const struct x_event *ev)
{
	enum status st = ev->job != NULL ? exchange_keep_secret(x, ev->job) : ST_OK;

	if (st != ST_OK)
		return st;
	/* Things may have changed while the secret was computed. */
	if (x->old_spi != 0) {
		const struct ike_child *old = ike_find_child(x->sa->ike, x->old_spi);

		if (old == NULL || old->state != CHILD_UP)
			return ST_TEMPORARY;
	}
	if (x->more.step == 0)
		st = create_r_prepare(x);
	else if (x->kind != X_REKEY_IKE)
		st = judge_number(x);
	if (st != ST_OK)
		return st;
	return x->kind == X_REKEY_IKE ? finish_ike(x) : finish_child(x);
}
