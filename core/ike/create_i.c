#include "core/ike/create.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/ike/auth.h"
#include "core/ike/child.h"
#include "core/ike/engine.h"
#include "core/ike/explain.h"
#include "core/ike/followup.h"
#include "core/ike/freeze.h"
#include "core/ike/init.h"
#include "core/ike/mode.h"
#include "core/ike/qcd.h"
#include "core/ike/wish.h"
#include "core/ike/work.h"
#include "core/wire/notify.h"

#define COMPUTE_AGAIN_MS 1000

/* ---- the request ---------------------------------------------------------------------------------- */

static enum status put_payloads(struct exchange *x, struct msg_out *o)
{
	struct ike_sa *sa = x->sa;
	struct offer_own own;
	struct allowed_set ours;
	struct sa offer;
	uint8_t spi[8];
	struct wr w = wr_init(spi, sizeof(spi));

	if (x->kind == X_REKEY_IKE) {
		offer_rekey_ike(x->conf, sa, &own, &ours);
		wr_u64(&w, x->spi_ours);
		offer_build(&offer, PROTO_IKE, &ours, (struct view){spi, 8}, true);
		offer_lead(&offer, x->group);
	} else {
		offer_rekey_esp(x->conf, sa, ike_find_child(sa->ike, x->old_spi), &own, &ours);
		wr_u32(&w, x->child.spi_ours);
		offer_build(&offer, PROTO_ESP, &ours, (struct view){spi, 4}, x->group != 0);
		if (x->kind == X_REKEY_CHILD)
			msg_notify_child(o, N_REKEY_SA, x->old_spi);
		mode_put(o, x->child.transport);
	}
	init_put_sa(o, &offer);
	payload_put(&o->c, PT_NONCE, x->ni, x->ni_len);
	if (x->group != 0)
		msg_put_ke(o, x->group, (struct view){x->public_key, x->public_len});
	if (x->kind == X_REKEY_IKE) {
		msg_put_window(o, x->conf->ike.window);
	} else {
		child_put_ts(o, PT_TSI, x->child.ts_i, x->child.n_ts_i);
		child_put_ts(o, PT_TSR, x->child.ts_r, x->child.n_ts_r);
	}
	return ST_OK;
}

static struct mode_wish mode_of(const struct exchange *x)
{
	return mode_wish(x->conf, child_profile(x->sa, x->conf));
}

static enum status prepare_new(struct exchange *x)
{
	const struct wish *w = wish_find(x->sa, x->wish);

	if (w == NULL)
		return exchange_fail(x, ST_CANCELLED, "%s", "it is not wanted any more");
	x->child.spi_ours = child_new_spi(x->sa->ike);
	x->child.n_ts_i = w->n_local_ts;
	x->child.n_ts_r = w->n_remote_ts;
	memcpy(x->child.ts_i, w->local_ts, sizeof(x->child.ts_i));
	memcpy(x->child.ts_r, w->remote_ts, sizeof(x->child.ts_r));
	if (mode_offer(x->sa, x->sa->in_udp, mode_of(x), &x->child) != ST_OK)
		return exchange_fail(x, ST_NO_CHILD_PROPOSAL, "%s", "transport mode is required, and the "
			"selectors are not the two hosts, or there is a NAT");
	return x->child.spi_ours != 0 ? ST_OK : ST_INTERNAL;
}

/* SPIs of ours, and for a child the selectors of the one that it replaces (RFC 7296 2.9.2). */
static enum status prepare(struct exchange *x)
{
	struct ike *ike = x->sa->ike;
	const struct ike_child *old;

	if (x->kind == X_REKEY_IKE) {
		x->spi_ours = sa_new_spi(ike);
		if (x->spi_ours != 0)
			exchange_promise(x);
		return x->spi_ours != 0 ? ST_OK : ST_INTERNAL;
	}
	if (x->kind == X_NEW_CHILD)
		return prepare_new(x);
	old = ike_find_child(ike, x->old_spi);
	if (old == NULL || old->state != CHILD_UP)
		return exchange_fail(x, ST_CANCELLED, "%s", "the child is gone");
	x->child.spi_ours = child_new_spi_like(ike, x->old_spi);
	x->child.transport = old->transport && !x->sa->in_udp;
	x->child.n_ts_i = old->n_local_ts;
	x->child.n_ts_r = old->n_remote_ts;
	memcpy(x->child.ts_i, child_local_ts(old), old->n_local_ts * sizeof(*old->ts));
	memcpy(x->child.ts_r, child_remote_ts(old), old->n_remote_ts * sizeof(*old->ts));
	return x->child.spi_ours != 0 ? ST_OK : ST_INTERNAL;
}

enum status create_i_send(struct exchange *x, const struct x_event *ev)
{
	struct ike_sa *sa = x->sa;
	struct msg_out o;
	struct view msg;
	enum status st = ev->job != NULL ? exchange_keep_pair(x, ev->job) : ST_OK;

	/* The window may have been taken while the key pair was made. */
	if (st == ST_OK && !window_out_is_free(&sa->out, REQ_CREATE))
		st = ST_AGAIN;
	if (st == ST_OK)
		st = prepare(x);
	if (st != ST_OK)
		return st;
	msg_start(&o, sa, EX_CREATE_CHILD_SA, false, sa->out.next);
	st = put_payloads(x, &o);
	if (st == ST_OK)
		st = msg_end(&o, &msg);
	if (st == ST_OK)
		st = sa_request(sa, REQ_CREATE, msg);
	if (st != ST_OK)
		return st;
	x->state = XS_I_WAIT; /* as it is kept */
	ike_keep_counted(sa);
	sa_send(sa, msg);
	return ST_OK;
}

enum status create_i_start(struct exchange *x, const struct x_event *ev)
{
	(void)ev;
	return exchange_generate(x);
}

enum status create_i_again(struct exchange *x, const struct x_event *ev)
{
	sa_request_done(x->sa, LANE_EXCHANGE);
	x->group = ev->group;
	x->sa->ike->ports->random(x->sa->ike->ctx, x->ni, x->ni_len);
	return exchange_generate(x);
}

/* ---- the reply ------------------------------------------------------------------------------------ */

static enum status status_of(uint16_t notify, bool is_ike)
{
	switch (notify) {
	case N_TEMPORARY_FAILURE: return ST_TEMPORARY;
	case N_CHILD_SA_NOT_FOUND: return ST_NO_CHILD;
	case N_NO_ADDITIONAL_SAS: return ST_NO_ADDITIONAL_SAS;
	case N_NO_PROPOSAL_CHOSEN: return is_ike ? ST_NO_PROPOSAL : ST_NO_CHILD_PROPOSAL;
	case N_TS_UNACCEPTABLE: return ST_TS_UNACCEPTABLE;
	case N_INVALID_KE_PAYLOAD: return ST_INVALID_KE;
	default: return ST_PEER_REFUSED;
	}
}

/* Bit of a group in the list that we offer; 0: we do not. */
static uint64_t group_bit(const struct exchange *x, uint16_t group)
{
	struct offer_own own;
	struct allowed_set ours;
	uint64_t bit = 1;

	if (x->kind == X_REKEY_IKE)
		offer_rekey_ike(x->conf, x->sa, &own, &ours);
	else
		offer_rekey_esp(x->conf, x->sa, ike_find_child(x->sa->ike, x->old_spi), &own, &ours);
	for (size_t i = 0; i < ours.n; i++)
		for (size_t k = 0; k < ours.v[i].dh.n && bit != 0; k++, bit <<= 1)
			if (ours.v[i].dh.v[k].id == group)
				return bit;
	return 0;
}

static struct x_event judge_error(struct exchange *x, const struct notify *n)
{
	struct x_event ev = {.kind = XE_REFUSED, .status = status_of(n->type, x->kind == X_REKEY_IKE)};
	uint64_t bit;

	if (n->type != N_INVALID_KE_PAYLOAD || x->group == 0 || notify_u16(n, &ev.group) != ST_OK)
		return ev;
	bit = group_bit(x, ev.group);
	x->groups_tried |= group_bit(x, x->group);
	if (bit != 0 && (x->groups_tried & bit) == 0) {
		x->groups_tried |= bit;
		ev.kind = XE_OTHER_GROUP;
	}
	return ev;
}

struct x_event create_i_judge(struct exchange *x, const struct msg_in *m, enum status st)
{
	struct x_event ev = {.kind = XE_REFUSED, .msg = m, .status = st};
	struct notify n;

	if (st != ST_OK)
		return ev;
	if (msg_error(&m->p, &n)) {
		ev = judge_error(x, &n);
		explain_notify(x->words, sizeof(x->words), n.type);
		ev.msg = m;
	} else if (payload_find(&m->p, PT_SA) == NULL || payload_find(&m->p, PT_NONCE) == NULL) {
		ev.status = ST_BAD_EXCHANGE;
	} else {
		ev.kind = x->group != 0 ? XE_REPLY_KE : XE_REPLY;
		x->is_granted = !followup_is_promised(&m->p);
	}
	return ev;
}

enum status create_i_refused(struct exchange *x, const struct x_event *ev)
{
	x->why = ev->status;
	return ev->status;
}

static enum status read_ike(struct exchange *x, const struct ike_payloads *p)
{
	struct offer_own own;
	struct allowed_set ours;
	struct offer_set answer;
	struct sa offer;
	struct rd r;
	enum status st = sa_parse(payload_find(p, PT_SA)->body, SA_NUMBERS_INCREASING, &offer);

	if (st == ST_OK && (offer.n != 1 || offer.n_skipped != 0 || !sa_spis_are(&offer, PROTO_IKE, 8)))
		st = ST_BAD_PAYLOAD;
	if (st != ST_OK)
		return st;
	offer_rekey_ike(x->conf, x->sa, &own, &ours);
	offer_from_sa(&offer, &answer);
	if (answer.n != 1 ||
		proposal_accept(CHOOSE_IKE, false, ours.v, ours.n, &answer.v[0], &x->chosen) != ST_OK)
		return ST_NO_PROPOSAL;
	r = rd_init(offer.v[0].spi.p, offer.v[0].spi.len);
	x->spi_peer = rd_u64(&r);
	x->peer_window = msg_window(p);
	qcd_take(x->sa->ike, p, &x->peer_token);
	followup_begin(x, &x->chosen);
	if (x->chosen.dh != x->group)
		return ST_INVALID_KE;
	return suite_ike(x->chosen.encr.id, x->chosen.encr.key_bits, x->chosen.prf, x->chosen.integ,
		x->chosen.dh, &x->suite);
}

static enum status read_child(struct exchange *x, const struct ike_payloads *p)
{
	struct offer_own own;
	struct allowed_set ours;
	enum status st;

	offer_rekey_esp(x->conf, x->sa, ike_find_child(x->sa->ike, x->old_spi), &own, &ours);
	for (size_t i = 0; x->group == 0 && i < ours.n; i++) /* what was not offered is not required */
		ours.v[i].dh.n = 0;
	st = child_read_answer(p, &ours, false, &x->child);
	if (st == ST_OK)
		st = mode_accept(p, mode_of(x), &x->child);
	if (st == ST_OK && x->child.chosen.dh != x->group)
		st = ST_INVALID_KE;
	followup_begin(x, &x->child.chosen);
	return st;
}

static enum status read_reply(struct exchange *x, const struct ike_payloads *p)
{
	enum status st = x->kind == X_REKEY_IKE ? read_ike(x, p) : read_child(x, p);
	struct view nonce;

	if (st == ST_OK)
		st = nonce_parse(payload_find(p, PT_NONCE)->body, &nonce);
	if (st != ST_OK)
		return exchange_fail(x, st, "%s", "the peer's answer does not fit what we asked for");
	x->nr_len = (uint16_t)nonce.len;
	memcpy(x->nr, nonce.p, nonce.len);
	if (x->group != 0)
		st = exchange_read_ke(x, p);
	return st == ST_OK && x->more.n > 0 ? followup_read_link(x, p) : st;
}

/* Did ours have the lowest of the four nonces? Then ours is the one too many. */
static bool is_redundant(const struct exchange *x)
{
	struct view rival = {x->rival_nonce, x->rival_nonce_len};

	return exchange_nonce_lower(exchange_low_nonce(x), rival);
}

/* RFC 9370 2.2.4: which of two goes on is decided before the first IKE_FOLLOWUP_KE. */
static enum status settle(struct exchange *x)
{
	if (x->rival_nonce_len != 0 && is_redundant(x))
		return exchange_fail(x, ST_TEMPORARY, "%s", "the peer's own rekeying goes on instead");
	exchange_yield(x);
	return ST_OK;
}

enum status create_i_compute(struct exchange *x)
{
	struct ike_sa *sa = x->sa;
	struct window_request *r = &sa->out.lane[LANE_EXCHANGE];
	enum status st = exchange_compute(x);

	if (st != ST_LIMIT && st != ST_NOMEM)
		return st;
	/* The peer has made it already: the request is repeated, and so is its reply. */
	r->is_answered = false;
	r->due_ms = ike_now(sa->ike) + COMPUTE_AGAIN_MS;
	sa_arm_request(sa);
	return ST_PENDING;
}

enum status create_i_reply(struct exchange *x, const struct x_event *ev)
{
	enum status st = read_reply(x, &ev->msg->p);

	if (st == ST_OK && x->more.n > 0)
		st = settle(x);
	return st == ST_OK ? create_i_compute(x) : st;
}

/* ---- what it made ----------------------------------------------------------------------------------- */

static enum status finish_child(struct exchange *x)
{
	struct ike_sa *sa = x->sa;
	struct ike *ike = sa->ike;
	struct ike_child *old, *rival, *c;
	struct child_birth b = {
		.offer = &x->child,
		.is_initiator = true,
		.replaces = x->old_spi,
		.wish = x->wish,
		.ni = {x->ni, x->ni_len},
		.nr = {x->nr, x->nr_len},
		.secret = {x->secret, x->secret_len},
		.more = {x->more.secrets, x->more.secrets_len},
		.terms = child_terms_of(sa, x->conf),
	};
	enum status st;

	old = ike_find_child(ike, x->old_spi);
	rival = x->rival_spi != 0 ? ike_find_child(ike, x->rival_spi) : NULL;
	/* Nothing leaves through it before the record has it instead of the exchange: a main that comes
	 * back in between would derive the same keys and begin with the same sequence numbers. */
	b.receive_only = true;
	st = child_install(sa, &b, &c);
	if (st != ST_OK)
		return st;
	sa_request_done(sa, LANE_EXCHANGE);
	st = ike_keep(sa);
	if (st != ST_OK) {
		stats_status(ike->stats, st);
		work_postpone(sa);
		work_delete_child(c, st);
		return ST_OK;
	}
	if (rival != NULL && is_redundant(x)) {
		/* Packets follow when the peer is ready, which its DELETE of the old one says. */
		if (old != NULL)
			work_replaced(old);
		work_delete_child(c, ST_END_REDUNDANT);
		return ST_OK;
	}
	child_activate(c);
	child_tell_up(c);
	if (old != NULL)
		work_delete_child(old, ST_END_REKEYED);
	if (rival != NULL)
		work_replaced(rival);
	if (x->kind == X_REKEY_CHILD)
		stats_inc(ike->stats, CT_CHILD_REKEYED);
	return ST_OK;
}

static enum status finish_ike(struct exchange *x)
{
	struct ike_sa *old = x->sa, *rival;
	struct ike_sa *heir = succeed_new(x);

	if (heir == NULL)
		return ST_NOMEM;
	sa_request_done(old, LANE_EXCHANGE);
	old->mine = NULL; /* it is not to be forgotten with the SA; it ends by itself */
	rival = exchange_part(x);
	if (x->is_thawed && x->rival_nonce_len != 0 && is_redundant(x)) {
		/* The peer's won, and died with the main that made it. */
		succeed(old, heir);
		sa_event(old, SE_CLOSE, ST_END_REKEYED);
		sa_event(heir, SE_CLOSE, ST_END_LOST);
		return ST_OK;
	}
	if (rival != NULL && is_redundant(x)) {
		succeed(old, rival);
		sa_event(old, SE_REPLACED, ST_END_REKEYED);
		sa_event(heir, SE_CLOSE, ST_END_REDUNDANT);
		return ST_OK;
	}
	succeed(old, heir);
	sa_event(old, SE_CLOSE, ST_END_REKEYED);
	return ST_OK;
}

enum status create_i_hold(struct exchange *x, const struct x_event *ev)
{
	return exchange_keep_secret(x, ev->job);
}

enum status create_i_finish(struct exchange *x, const struct x_event *ev)
{
	enum status st = ST_OK;

	if (ev->job != NULL)
		st = exchange_keep_secret(x, ev->job);
	else if (ev->msg != NULL)
		st = read_reply(x, &ev->msg->p);
	if (st != ST_OK)
		return st;
	/* The peer's about the same SA waits for its next key exchange, or ours needed none: ours was first (2.25.2). */
	exchange_yield(x);
	return x->kind == X_REKEY_IKE ? finish_ike(x) : finish_child(x);
}
