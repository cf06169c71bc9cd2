#include "core/ike/exchange.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/ike/child.h"
#include "core/ike/create.h"
#include "core/ike/engine.h"
#include "core/ike/offer.h"
#include "core/ike/peer_class.h"
#include "core/ike/followup.h"
#include "core/ike/freeze.h"
#include "core/ike/trace.h"
#include "core/ike/work.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define JOB_MS 10000
#define FOLLOWUP_MS 20000 /* for the peer's next request: RFC 9370 2.2.4 suggests 5 to 20 s */

#define ROW(s, e, a, ok, fail) {XS_##s, XE_##e, XS_##ok, XS_##fail, a}

static x_action stop;

static const struct x_row rows[] = {
	ROW(NEW, START, create_i_send, I_WAIT, FAILED),
	ROW(NEW, START_KE, create_i_start, I_DH, FAILED),
	ROW(I_DH, JOB, create_i_send, I_WAIT, FAILED),
	ROW(I_DH, TIMEOUT, stop, FAILED, FAILED),
	ROW(I_WAIT, REPLY, create_i_finish, DONE, FAILED),
	ROW(I_WAIT, REPLY_KE, create_i_reply, I_SECRET, FAILED),
	ROW(I_WAIT, OTHER_GROUP, create_i_again, I_DH, FAILED),
	ROW(I_WAIT, REFUSED, create_i_refused, FAILED, FAILED),
	ROW(I_SECRET, JOB, create_i_finish, DONE, FAILED),
	ROW(I_SECRET, JOB_EARLY, create_i_hold, I_HELD, FAILED),
	ROW(I_SECRET, JOB_MORE, followup_i_more, I_MORE_DH, FAILED),
	ROW(I_SECRET, TIMEOUT, stop, FAILED, FAILED),
	ROW(I_HELD, TURN, create_i_finish, DONE, FAILED),
	ROW(I_HELD, TIMEOUT, stop, FAILED, FAILED),
	ROW(I_MORE_DH, JOB, followup_i_send, I_MORE_WAIT, FAILED),
	ROW(I_MORE_DH, FREE, followup_i_send, I_MORE_WAIT, FAILED),
	ROW(I_MORE_DH, TIMEOUT, stop, FAILED, FAILED),
	ROW(I_MORE_WAIT, REPLY_KE, followup_i_reply, I_SECRET, FAILED),
	ROW(I_MORE_WAIT, REFUSED, create_i_refused, FAILED, FAILED),

	ROW(NEW, REQUEST, create_r_finish, DONE, FAILED),
	ROW(NEW, REQUEST_KE, create_r_start, R_DH, FAILED),
	ROW(R_DH, JOB, create_r_generated, R_SECRET, FAILED),
	ROW(R_DH, TIMEOUT, stop, FAILED, FAILED),
	ROW(R_SECRET, JOB, create_r_finish, DONE, FAILED),
	ROW(R_SECRET, JOB_MORE, followup_r_reply, R_MORE_WAIT, FAILED),
	ROW(R_SECRET, TIMEOUT, stop, FAILED, FAILED),
	ROW(R_MORE_WAIT, FOLLOWUP, followup_r_request, R_DH, FAILED),
	ROW(R_MORE_WAIT, TIMEOUT, followup_r_forget, FAILED, FAILED),
};

const struct x_row *exchange_rows(size_t *n)
{
	*n = ARRAY_LEN(rows);
	return rows;
}

static const struct x_row *find_row(uint8_t state, enum x_event_kind event)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].state == state && rows[i].event == event)
			return &rows[i];
	return NULL;
}

/* ---- birth and death ----------------------------------------------------------------------------- */

static void on_timer(struct timer *t, void *ctx)
{
	struct exchange *x = CONTAINER_OF(t, struct exchange, timer);

	(void)ctx;
	exchange_event(x, &(struct x_event){.kind = XE_TIMEOUT});
}

static struct exchange *x_new(struct ike_sa *sa, bool is_mine)
{
	struct exchange *x = sa_reserve_timers(sa->ike, 1) ? mem_new(sizeof(*x)) : NULL;

	if (x == NULL)
		return NULL;
	sa->ike->n_exchanges++;
	x->sa = sa;
	x->is_mine = is_mine;
	x->conf = snapshot_ref(sa->ike->conf);
	x->wait = (struct waiter){.sa = sa, .x = x};
	timer_init(&x->timer, on_timer);
	list_init(&x->node);
	if (is_mine)
		sa->mine = x;
	else
		list_push_back(&sa->theirs, &x->node);
	return x;
}

void exchange_promise(struct exchange *x)
{
	struct ike *ike = x->sa->ike;

	map_del(&ike->promised, &x->by_spi);
	map_add(&ike->promised, &x->by_spi, hash_u64(x->spi_ours));
}

struct ike_sa *exchange_part(struct exchange *x)
{
	struct ike_sa *rival = x->rival;

	if (rival != NULL)
		rival->predecessor = NULL;
	x->rival = NULL;
	return rival;
}

static void x_free(struct exchange *x)
{
	struct ike_sa *sa = x->sa;

	(void)exchange_part(x);
	waiter_cancel(&x->wait);
	timer_stop(&sa->ike->timers, &x->timer);
	map_del(&sa->ike->promised, &x->by_spi);
	if (sa->mine == x)
		sa->mine = NULL;
	list_del(&x->node);
	snapshot_unref(x->conf);
	sa->ike->n_exchanges--;
	mem_free_secret(x, sizeof(*x));
}

/* Nothing failed: it was not the moment, or another thing came first. */
static bool is_quiet(enum status why)
{
	return why == ST_TEMPORARY || why == ST_TIMEOUT || why == ST_NOMEM || why == ST_AGAIN ||
	       why == ST_CANCELLED || why == ST_LIMIT;
}

/* The peer has made its successor already, so ours is not needed. */
static void leave_to_rival(struct exchange *x)
{
	struct ike_child *old = ike_find_child(x->sa->ike, x->old_spi);

	if (old != NULL)
		work_replaced(old);
}

/* The peer has made what we could not: it is told. Of an IKE SA we do not have the keys; with the old
 * one the session ends, since its children are the successor's over there. */
static void undo_grant(struct exchange *x)
{
	struct ike_sa *sa = x->sa;

	if (x->kind == X_REKEY_IKE)
		sa->close_why = x->why;
	else
		child_owe_delete(sa, x->child.spi_ours, x->why);
}

/* A refusal that will not change; MS_STATUS of Windows is one. */
static bool is_for_good(const struct exchange *x)
{
	return x->why == ST_NO_ADDITIONAL_SAS ||
	       (x->why == ST_PEER_REFUSED && x->sa->peer_class == PEER_WINDOWS);
}

/* A refusal that asks for patience, or one that will not change. */
static void on_failed_mine(struct exchange *x)
{
	struct ike_sa *sa = x->sa;
	struct ike_child *c = x->old_spi != 0 ? ike_find_child(sa->ike, x->old_spi) : NULL;
	struct ike_event ev = {
		.kind = IKE_EV_REKEY_FAILED, .sa = sa->number, .spi_i = sa->spi_i,
		.spi_r = sa->spi_r, .local = sa->local, .remote = sa->remote,
		.peer_id = sa->peer_id, .profile = sa->profile, .status = x->why,
		.detail = x->words, .session = sa->session, .spi_in = x->old_spi,
	};

	if (x->kind == X_NEW_CHILD)
		ev.kind = IKE_EV_CHILD_FAILED;
	stats_status(sa->ike->stats, x->why);
	if (x->why == ST_NO_CHILD && c != NULL) { /* RFC 7296 2.25: the peer does not have it */
		if (c->state != CHILD_RETIRED)
			child_retire(c, ST_END_PEER);
		return;
	}
	trace_event(sa->ike, &ev);
	if (!is_quiet(x->why))
		sa->ike->ports->tell(sa->ike->ctx, &ev);
	if (is_for_good(x) && c != NULL) {
		c->may_rekey = c->wants_rekey = false; /* it serves until its lifetime ends */
		c->rekey_ms = 0;
		return;
	}
	if (x->kind != X_NEW_CHILD || is_quiet(x->why)) /* a wish has a pause of its own */
		work_postpone(sa);
}

/* Ours came to nothing, the peer's did not. */
static void take_rival(struct ike_sa *sa, struct exchange *x)
{
	struct ike_sa *rival = exchange_part(x);

	sa->mine = NULL;
	succeed(sa, rival);
	sa_event(sa, SE_REPLACED, ST_END_REKEYED);
}

/* A successor that is over before it inherits: its predecessor no longer waits for it. */
static void leave_predecessor(struct ike_sa *heir)
{
	if (heir->predecessor != NULL)
		(void)exchange_part(heir->predecessor->mine);
}

bool exchange_is_open(const struct ike_sa *sa)
{
	return window_out_has(&sa->out, REQ_CREATE) || window_out_has(&sa->out, REQ_FOLLOWUP);
}

/* It is over, well or badly. */
static void end(struct exchange *x)
{
	struct ike_sa *sa = x->sa;
	bool is_mine = x->is_mine, failed = x->state == XS_FAILED;

	if (is_mine) {
		if (exchange_is_open(sa))
			sa_request_done(sa, LANE_EXCHANGE);
		if (failed && x->rival != NULL && sa->state == SA_UP)
			take_rival(sa, x);
		else if (failed && x->rival_spi != 0 && sa->state == SA_UP)
			leave_to_rival(x);
		else if (failed && sa->state == SA_UP)
			on_failed_mine(x);
		if (failed && x->is_granted && sa->state == SA_UP)
			undo_grant(x);
		if (!failed)
			sa->rekey_tries = sa->states_lost = 0;
	} else if (failed) {
		create_r_refuse(sa, x->msgid, x, &x->local, &x->remote, x->why);
	}
	x_free(x);
	if (sa->state != SA_UP)
		return;
	if (is_mine)
		(void)!ike_keep(sa);
	if (sa_is_spent(sa)) {
		sa_event(sa, SE_CLOSE, ST_END_PEER);
		return;
	}
	work_arm(sa);
	sa_arm_dpd(sa);
	work(sa);
}

static enum status stop(struct exchange *x, const struct x_event *ev)
{
	return exchange_fail(x, ST_TIMEOUT, "%s", "a computation was not answered");
}

bool exchange_is_same(const struct exchange *a, const struct exchange *b)
{
	return a->kind != X_NEW_CHILD && a->kind == b->kind && a->old_spi == b->old_spi;
}

/* Has the peer asked for what x is about, and is its answer being computed? */
static bool is_early(const struct exchange *x)
{
	LIST_EACH(at, &x->sa->theirs) {
		const struct exchange *other = CONTAINER_OF(at, struct exchange, node);

		if (exchange_is_same(other, x) && (other->state == XS_R_DH || other->state == XS_R_SECRET))
			return true;
	}
	return false;
}

enum x_event_kind exchange_job_kind(const struct exchange *x)
{
	if (followup_follows(x))
		return XE_JOB_MORE;
	return x->is_mine && x->state == XS_I_SECRET && is_early(x) ? XE_JOB_EARLY : XE_JOB;
}

/* One of the peer's went on. RFC 7296 2.8.1: it is answered as usual when it came while ours was open, also when the
 * answer to ours was faster than our computing. strongSwan, once refused, would not send through what it made for us. */
static void give_turn(struct ike_sa *sa)
{
	if (sa->state == SA_UP && sa->mine != NULL && sa->mine->state == XS_I_HELD && !is_early(sa->mine))
		exchange_event(sa->mine, &(struct x_event){.kind = XE_TURN});
}

static void step(struct exchange *x, const struct x_event *ev)
{
	const struct x_row *row = find_row(x->state, ev->kind);
	struct ike_sa *sa = x->sa;
	uint8_t was = x->state;
	enum status st;

	if (row == NULL) {
		trace_exchange(x, ev->kind, was, was);
		stats_status(sa->ike->stats, ST_BAD_STATE);
		return;
	}
	st = row->action(x, ev);
	if (st == ST_PENDING)
		return;
	if (st != ST_OK && x->why == ST_OK)
		x->why = st;
	trace_exchange(x, ev->kind, was, st == ST_OK ? row->next_ok : row->next_fail);
	x->state = st == ST_OK ? row->next_ok : row->next_fail;
	timer_stop(&sa->ike->timers, &x->timer);
	if (x->state == XS_DONE || x->state == XS_FAILED)
		end(x);
	else if (x->state != XS_I_WAIT && x->state != XS_I_MORE_WAIT)
		sa_arm(sa, &x->timer,
			ike_now(sa->ike) + (x->state == XS_R_MORE_WAIT ? FOLLOWUP_MS : JOB_MS));
}

void exchange_event(struct exchange *x, const struct x_event *ev)
{
	struct ike_sa *sa = x->sa;
	bool is_mine = x->is_mine;

	step(x, ev);
	if (!is_mine)
		give_turn(sa);
}

/* Windows takes a key exchange only where it does one itself: what replaces a child of its own without
 * one is made without one. */
static bool may_offer_pfs(const struct ike_sa *sa, uint32_t old_spi)
{
	const struct ike_child *old = old_spi != 0 ? ike_find_child(sa->ike, old_spi) : NULL;

	return sa->peer_class != PEER_WINDOWS || sa->is_client || old == NULL || old->has_ke;
}

enum status exchange_begin(struct ike_sa *sa, enum x_kind kind, uint32_t old_spi, uint8_t wish)
{
	struct exchange *x = x_new(sa, true);
	const struct ipsec_profile *profile = child_profile(sa, sa->ike->conf);

	if (x == NULL)
		return ST_NOMEM;
	x->kind = (uint8_t)kind;
	x->old_spi = old_spi;
	x->wish = wish;
	x->ni_len = NONCE_LEN;
	sa->ike->ports->random(sa->ike->ctx, x->ni, x->ni_len);
	if (kind == X_REKEY_IKE)
		x->group = offer_rekey_group(x->conf, sa);
	else if (profile != NULL && profile->pfs.n != 0 && may_offer_pfs(sa, old_spi))
		x->group = profile->pfs.v[0].id;
	exchange_event(x, &(struct x_event){.kind = x->group != 0 ? XE_START_KE : XE_START});
	return ST_OK;
}

struct exchange *exchange_thaw(struct ike_sa *sa)
{
	struct exchange *x = x_new(sa, true);

	if (x != NULL) {
		x->state = XS_I_WAIT;
		x->is_thawed = true;
	}
	return x;
}

static void refuse_theirs(struct exchange *x)
{
	stats_status(x->sa->ike->stats, ST_TEMPORARY);
	create_r_refuse(x->sa, x->msgid, x, &x->local, &x->remote, ST_TEMPORARY);
	x_free(x);
}

void exchange_abort(struct ike_sa *sa)
{
	leave_predecessor(sa);
	while (!list_empty(&sa->theirs))
		refuse_theirs(CONTAINER_OF(sa->theirs.next, struct exchange, node));
	if (sa->mine != NULL) {
		struct ike_sa *rival = exchange_part(sa->mine);

		exchange_forget_mine(sa);
		if (rival != NULL)
			sa_event(rival, SE_CLOSE, ST_END_REDUNDANT);
	}
}

void exchange_drop(struct exchange *x)
{
	x_free(x);
}

void exchange_yield(struct exchange *x)
{
	LIST_EACH_SAFE(at, &x->sa->theirs) {
		struct exchange *theirs = CONTAINER_OF(at, struct exchange, node);

		if (exchange_is_same(theirs, x))
			refuse_theirs(theirs);
	}
}

void exchange_supersede(struct exchange *x)
{
	LIST_EACH_SAFE(at, &x->sa->theirs) {
		struct exchange *other = CONTAINER_OF(at, struct exchange, node);

		if (other != x && other->state == XS_R_MORE_WAIT && exchange_is_same(other, x))
			x_free(other);
	}
}

void exchange_forget_mine(struct ike_sa *sa)
{
	if (sa->mine == NULL)
		return;
	/* One that is not answered stays open: its number is used up, and the peer takes no later one
	 * before it (RFC 7296 2.3). */
	if (exchange_is_open(sa) && (sa->mine->state == XS_I_SECRET || sa->mine->state == XS_I_HELD))
		sa_request_done(sa, LANE_EXCHANGE);
	x_free(sa->mine);
}

void exchange_forget(struct ike_sa *sa)
{
	leave_predecessor(sa);
	if (sa->mine != NULL)
		x_free(sa->mine);
	while (!list_empty(&sa->theirs))
		x_free(CONTAINER_OF(sa->theirs.next, struct exchange, node));
}

bool exchange_makes_child(const struct ike_sa *sa)
{
	LIST_EACH(at, &sa->theirs)
		if (CONTAINER_OF(at, const struct exchange, node)->kind != X_REKEY_IKE)
			return true;
	return sa->mine != NULL && sa->mine->kind != X_REKEY_IKE;
}

/* ---- messages -------------------------------------------------------------------------------------- */

static void on_followup(struct ike_sa *sa, const struct msg_in *m)
{
	struct exchange *x = followup_find(sa, &m->p);

	window_in_accept(&sa->in, m->hdr.msgid);
	if (x == NULL) {
		followup_refuse(sa, m);
		return;
	}
	x->msgid = m->hdr.msgid;
	x->local = *m->local;
	x->remote = *m->remote;
	exchange_event(x, &(struct x_event){.kind = XE_FOLLOWUP, .msg = m});
}

void exchange_on_request(struct ike_sa *sa, const struct msg_in *m)
{
	struct x_event ev = {.msg = m};
	struct exchange *x;
	enum status st;

	if (m->hdr.exchange == EX_IKE_FOLLOWUP_KE) {
		on_followup(sa, m);
		return;
	}
	x = x_new(sa, false);
	window_in_accept(&sa->in, m->hdr.msgid);
	if (x == NULL) {
		create_r_refuse(sa, m->hdr.msgid, NULL, m->local, m->remote, ST_NOMEM);
		return;
	}
	x->msgid = m->hdr.msgid;
	x->local = *m->local;
	x->remote = *m->remote;
	st = create_r_judge(x, m);
	if (st != ST_OK) {
		x->state = XS_FAILED;
		x->why = st;
		stats_status(sa->ike->stats, st);
		end(x);
		return;
	}
	ev.kind = x->group != 0 ? XE_REQUEST_KE : XE_REQUEST;
	exchange_event(x, &ev);
}

void exchange_on_reply(struct ike_sa *sa, const struct msg_in *m, enum status st)
{
	struct exchange *x = sa->mine;
	struct x_event ev;

	if (x == NULL) { /* whose it was is gone */
		sa_request_done(sa, LANE_EXCHANGE);
		work(sa);
		return;
	}
	if (x->state != XS_I_WAIT && x->state != XS_I_MORE_WAIT) { /* a copy of the reply that is being worked on */
		stats_status(sa->ike->stats, ST_BAD_MSGID);
		return;
	}
	/* Answered: it is not repeated, but stays open until what it made is there. */
	sa->out.lane[LANE_EXCHANGE].is_answered = true;
	sa_arm_request(sa);
	ev = x->state == XS_I_WAIT ? create_i_judge(x, m, st) : followup_i_judge(x, m, st);
	exchange_event(x, &ev);
}

enum status create_request(struct ike_sa *sa, const struct sa_event *ev)
{
	exchange_on_request(sa, ev->msg);
	return ST_PENDING; /* the state is another one when the SA has a successor now */
}

enum status create_reply(struct ike_sa *sa, const struct sa_event *ev)
{
	exchange_on_reply(sa, ev->msg, ev->status);
	return ST_PENDING;
}

/* ---- what all of them need --------------------------------------------------------------------------- */

enum status exchange_fail(struct exchange *x, enum status st, const char *fmt, ...)
{
	va_list ap;

	if (x->why != ST_OK)
		return st;
	x->why = st;
	va_start(ap, fmt);
	vsnprintf(x->words, sizeof(x->words), fmt, ap);
	va_end(ap);
	return st;
}

enum status exchange_generate(struct exchange *x)
{
	struct ike_job job = {.kind = JOB_DH_GENERATE, .is_established = true, .group = x->group};

	return waiter_job(&x->wait, &job);
}

enum status exchange_compute(struct exchange *x)
{
	struct ike_job job = {.kind = JOB_DH_COMPUTE, .is_established = true, .group = x->group};
	enum status st;

	job.private_len = x->private_len;
	memcpy(job.private_key, x->private_key, x->private_len);
	job.public_len = x->peer_public_len;
	memcpy(job.peer_public, x->peer_public, x->peer_public_len);
	st = waiter_job(&x->wait, &job);
	mem_zero(&job, sizeof(job));
	return st;
}

enum status exchange_keep_pair(struct exchange *x, const struct ike_job_result *job)
{
	if (job->status != ST_OK)
		return job->status;
	if (job->private_len > sizeof(x->private_key) || job->public_len > sizeof(x->public_key))
		return ST_INTERNAL;
	x->private_len = job->private_len;
	memcpy(x->private_key, job->private_key, job->private_len);
	x->public_len = job->public_len;
	memcpy(x->public_key, job->public_key, job->public_len);
	return ST_OK;
}

enum status exchange_read_ke(struct exchange *x, const struct ike_payloads *p)
{
	const struct payload *at = payload_find(p, PT_KE);
	const struct xf *group = suite_find(XF_DH, x->group, 0);
	struct ke ke;
	enum status st = at != NULL ? ke_parse(at->body, &ke) : ST_INVALID_KE;

	if (st != ST_OK)
		return st;
	if (ke.group != x->group)
		return ST_INVALID_KE;
	if (group == NULL || ke.data.len != group->public_len || ke.data.len > IKE_DH_MAX)
		return ST_BAD_KE;
	x->peer_public_len = (uint16_t)ke.data.len;
	memcpy(x->peer_public, ke.data.p, ke.data.len);
	return ST_OK;
}

enum status exchange_keep_secret(struct exchange *x, const struct ike_job_result *job)
{
	mem_zero(x->private_key, sizeof(x->private_key));
	if (job->status != ST_OK)
		return exchange_fail(x, job->status, "%s", job->status == ST_BAD_KE
			? "the peer's key exchange value is not valid for its group" : "");
	if (job->secret_len > sizeof(x->secret))
		return ST_INTERNAL;
	if (x->more.step > 0)
		return followup_keep_secret(x, (struct view){job->secret, job->secret_len});
	x->secret_len = job->secret_len;
	memcpy(x->secret, job->secret, job->secret_len);
	return ST_OK;
}

bool exchange_nonce_lower(struct view a, struct view b)
{
	int d = memcmp(a.p, b.p, a.len < b.len ? a.len : b.len);

	return d != 0 ? d < 0 : a.len < b.len;
}

struct view exchange_low_nonce(const struct exchange *x)
{
	struct view ni = {x->ni, x->ni_len}, nr = {x->nr, x->nr_len};

	return exchange_nonce_lower(ni, nr) ? ni : nr;
}
