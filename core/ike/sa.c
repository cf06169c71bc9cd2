#include "core/ike/sa.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/ike/child.h"
#include "core/ike/eap_r.h"
#include "core/ike/engine.h"
#include "core/ike/exchange.h"
#include "core/ike/keepalive.h"
#include "core/ike/reassemble.h"
#include "core/ike/reauth.h"
#include "core/ike/sa_end.h"
#include "core/ike/ticket_desk.h"
#include "core/ike/wish.h"
#include "core/ike/trace.h"
#include "core/ike/work.h"

#define SPI_TRIES 8

/* ---- birth and death ----------------------------------------------------------------------- */

static void on_state_timer(struct timer *t, void *ctx)
{
	struct ike_sa *sa = CONTAINER_OF(t, struct ike_sa, state_timer);

	(void)ctx;
	sa_event(sa, SE_TIMEOUT, ST_TIMEOUT);
}

static void on_request_timer(struct timer *t, void *ctx)
{
	struct ike_sa *sa = CONTAINER_OF(t, struct ike_sa, request_timer);
	struct ike *ike = ctx;

	for (size_t i = 0; i < LANES; i++) {
		struct window_request *r = &sa->out.lane[i];

		if (r->kind == REQ_NONE || r->is_answered || r->due_ms > ike_now(ike))
			continue;
		if (!window_repeat(r)) {
			sa_event(sa, SE_NO_REPLY, sa->close_why != ST_OK ? sa->close_why
						  : r->kind == REQ_DPD   ? ST_END_DPD
									 : ST_TIMEOUT);
			return;
		}
		stats_inc(ike->stats, CT_IKE_RETRANS_OUT);
		mobike_try_path(sa, r);
		sa_send(sa, (struct view){r->bytes, r->len});
		r->due_ms = ike_now(ike) + window_wait_ms(r);
	}
	sa_arm_request(sa);
}

static void on_dpd_timer(struct timer *t, void *ctx)
{
	struct ike_sa *sa = CONTAINER_OF(t, struct ike_sa, dpd_timer);

	if (dpd_due_ms(&sa->dpd) <= ike_now(ctx))
		sa_event(sa, SE_DPD, ST_OK);
	else
		sa_arm_dpd(sa);
}

static void on_life_timer(struct timer *t, void *ctx)
{
	struct ike_sa *sa = CONTAINER_OF(t, struct ike_sa, life_timer);
	uint64_t now = ike_now(ctx);

	if ((sa->end_ms != 0 && sa->end_ms <= now) || reauth_is_over(sa)) {
		sa_event(sa, SE_LIFETIME, reauth_why(sa));
		return;
	}
	reauth_due(sa);
	if (sa->rekey_ms != 0 && sa->rekey_ms <= now) {
		sa->rekey_ms = 0;
		sa->wants_rekey = true;
	}
	sa_arm_life(sa);
	work(sa);
}

static void on_child_timer(struct timer *t, void *ctx)
{
	(void)ctx;
	work_children_due(CONTAINER_OF(t, struct ike_sa, child_timer));
}

static void on_work_timer(struct timer *t, void *ctx)
{
	(void)ctx;
	work(CONTAINER_OF(t, struct ike_sa, work_timer));
}

/* Random, not zero, not in use (RFC 7296 2.6); 0 when the random source is broken. */
uint64_t sa_new_spi(struct ike *ike)
{
	for (int i = 0; i < SPI_TRIES; i++) {
		uint64_t spi = 0;

		ike->ports->random(ike->ctx, &spi, sizeof(spi));
		if (spi != 0 && ike_find_spi(ike, spi) == NULL)
			return spi;
	}
	return 0;
}

bool sa_reserve_timers(struct ike *ike, size_t more)
{
	size_t want = ike->count * SA_TIMERS + ike->n_exchanges + more;

	if (want <= ike->timers.heap.count)
		return true;
	return heap_reserve(&ike->timers.heap, want - ike->timers.heap.count) == ST_OK;
}

struct ike_sa *sa_alloc(struct ike *ike)
{
	struct ike_sa *sa;

	if (!sa_reserve_timers(ike, SA_TIMERS))
		return NULL;
	sa = mem_new(sizeof(*sa));
	if (sa == NULL)
		return NULL;
	sa->keys = ike_keys_new();
	if (sa->keys == NULL) {
		mem_free(sa);
		return NULL;
	}
	sa->ike = ike;
	sa->wait.sa = sa;
	list_init(&sa->node);
	list_init(&sa->dead);
	list_init(&sa->children);
	list_init(&sa->theirs);
	list_init(&sa->wishes);
	kept_id_init(&sa->my_id);
	kept_id_init(&sa->peer_id);
	text_init(&sa->user);
	text_init(&sa->profile);
	text_init(&sa->ipsec_profile);
	timer_init(&sa->state_timer, on_state_timer);
	timer_init(&sa->request_timer, on_request_timer);
	timer_init(&sa->dpd_timer, on_dpd_timer);
	timer_init(&sa->life_timer, on_life_timer);
	timer_init(&sa->child_timer, on_child_timer);
	timer_init(&sa->work_timer, on_work_timer);
	timer_init(&sa->nat_timer, keepalive_on_timer);
	timer_init(&sa->frag.timer, reassemble_on_timer);
	timer_init(&sa->ticket_timer, ticket_desk_on_timer);
	ike->count++;
	return sa;
}

struct ike_sa *sa_new(struct ike *ike, bool is_initiator, const struct endpoint *local,
	const struct endpoint *remote)
{
	uint64_t spi = sa_new_spi(ike);
	struct ike_sa *sa = spi != 0 ? sa_alloc(ike) : NULL;

	if (sa == NULL)
		return NULL;
	sa->number = ++ike->last_number;
	sa->state = SA_NEW;
	sa->is_initiator = is_initiator;
	sa->local = *local;
	sa->remote = *remote;
	*(is_initiator ? &sa->spi_i : &sa->spi_r) = spi;
	sa->created_ms = ike_now(ike);
	sa->is_guarded = true;
	guard_add(&ike->guard, remote, is_initiator);
	sa->guarded_as = *remote;
	list_push_back(&ike->sas, &sa->node);
	map_add(&ike->by_number, &sa->by_number, hash_u64(sa->number));
	map_add(&ike->by_spi, &sa->by_spi, hash_u64(spi));
	return sa;
}

void sa_unguard(struct ike_sa *sa)
{
	if (sa->is_guarded)
		guard_del(&sa->ike->guard, &sa->guarded_as, sa->is_initiator);
	sa->is_guarded = false;
}

void sa_free(struct ike_sa *sa)
{
	struct ike *ike = sa->ike;

	trace_gone(sa);
	while (!list_empty(&sa->children))
		child_free(CONTAINER_OF(sa->children.next, struct ike_child, node));
	sa_unguard(sa);
	timer_stop(&ike->timers, &sa->state_timer);
	timer_stop(&ike->timers, &sa->request_timer);
	timer_stop(&ike->timers, &sa->dpd_timer);
	timer_stop(&ike->timers, &sa->life_timer);
	timer_stop(&ike->timers, &sa->child_timer);
	timer_stop(&ike->timers, &sa->work_timer);
	timer_stop(&ike->timers, &sa->nat_timer);
	timer_stop(&ike->timers, &sa->ticket_timer);
	exchange_forget(sa);
	wish_free_all(sa);
	reassemble_forget(sa);
	map_del(&ike->by_number, &sa->by_number);
	map_del(&ike->by_spi, &sa->by_spi);
	map_del(&ike->by_init, &sa->by_init);
	map_del(&ike->by_question, &sa->wait.by_number);
	map_del(&ike->by_peer, &sa->by_peer);
	list_del(&sa->node);
	list_del(&sa->dead);
	window_in_fini(&sa->in);
	window_out_fini(&sa->out);
	sa_forget_handshake(sa);
	mem_free(sa->grant);
	mem_free(sa->owed_set);
	mem_free(sa->detail);
	mem_free(sa->ticket.bytes);
	kept_id_free(&sa->my_id);
	kept_id_free(&sa->peer_id);
	text_free(&sa->user);
	text_free(&sa->profile);
	text_free(&sa->ipsec_profile);
	mem_free(sa->mobike.peer);
	ike_keys_free(sa->keys);
	mem_free_secret(sa, sizeof(*sa));
	ike->count--;
}

/* ---- transitions --------------------------------------------------------------------------- */

void waiter_cancel(struct waiter *w)
{
	struct ike *ike = w->sa->ike;

	if (w->number == 0)
		return;
	map_del(&ike->by_question, &w->by_number);
	ike->ports->cancel(ike->ctx, w->number);
	w->number = 0;
}

/* The one place where a transition writes the state (sa_resume only restores it). What is due on entering a state is done here, so that no
 * way into it can forget it. */
static void sa_enter(struct ike_sa *sa, enum sa_state next)
{
	uint32_t timeout_ms = sa_state_info(next)->timeout_ms;
	enum sa_state from = sa->state;

	if (next == from)
		return;
	if (next == SA_R_EAP || next == SA_R_FINAL || next == SA_R_NEXT)
		timeout_ms = eap_r_patience_ms(sa, timeout_ms);
	sa->state = (uint8_t)next;
	if (timeout_ms != 0)
		sa_arm(sa, &sa->state_timer, ike_now(sa->ike) + timeout_ms);
	else
		timer_stop(&sa->ike->timers, &sa->state_timer);
	if (next == SA_UP)
		sa_enter_up(sa);
	else if (next == SA_REPLACED)
		sa_enter_replaced(sa);
	else if (next == SA_DELETING)
		sa_enter_deleting(sa, from);
	else if (next == SA_LINGER)
		sa_enter_linger(sa, from);
	else if (next == SA_DEAD)
		sa_enter_dead(sa, from);
	/* NEW, REPLACED and the waiting ones need no more than their timeout. */
}

void sa_resume(struct ike_sa *sa, enum sa_state state)
{
	uint32_t timeout_ms = sa_state_info(state)->timeout_ms;

	sa->state = (uint8_t)state;
	sa->is_reported = state != SA_UP;
	if (timeout_ms != 0)
		sa_arm(sa, &sa->state_timer, ike_now(sa->ike) + timeout_ms);
}

static void note_why(struct ike_sa *sa, enum status st)
{
	if (sa->why == ST_OK)
		sa->why = st;
}

enum status sa_dispatch(struct ike_sa *sa, const struct sa_event *ev)
{
	const struct sa_row *row = sa_row_find(sa->state, ev->kind);
	uint64_t asked = sa->wait.number;
	uint8_t was = sa->state;
	enum sa_state next;
	enum status st;

	if (row == NULL) {
		trace_ignored(sa, sa_event_name(ev->kind));
		stats_status(sa->ike->stats, ST_BAD_STATE);
		return ST_BAD_STATE;
	}
	st = row->action(sa, ev);
	/* What the action itself has led to is not undone. */
	if (st == ST_PENDING || sa->state != was)
		return st;
	next = st == ST_OK ? row->next_ok : row->next_fail;
	if (next == sa->state) {
		if (st != ST_OK) {
			trace_failed(sa, st);
			stats_status(sa->ike->stats, st);
		}
		if (next == SA_UP) {
			sa->why = ST_OK;
			mem_free(sa->detail);
			sa->detail = NULL;
		}
		return st;
	}
	if (st != ST_OK)
		note_why(sa, st);
	else if (next == SA_DELETING || next == SA_LINGER || next == SA_DEAD)
		note_why(sa, ev->status);
	if (asked != 0 && sa->wait.number == asked)
		waiter_cancel(&sa->wait);
	trace_state(sa, sa_event_name(ev->kind), sa_state_info(was)->name, sa_state_info(next)->name);
	sa_enter(sa, next);
	return st;
}

void sa_event(struct ike_sa *sa, enum sa_event_kind kind, enum status status)
{
	struct sa_event ev = {.kind = kind, .status = status};

	(void)sa_dispatch(sa, &ev);
}

const char *sa_detail(const struct ike_sa *sa)
{
	return sa->detail != NULL ? sa->detail : "";
}

enum status sa_fail(struct ike_sa *sa, enum status st, const char *fmt, ...)
{
	char words[IKE_DETAIL_LEN];
	va_list ap;

	if (sa->why != ST_OK)
		return st;
	sa->why = st;
	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	mem_free(sa->detail);
	/* Without memory for them the status alone has to do. */
	sa->detail = words[0] != '\0' ? mem_strdup(words) : NULL;
	return st;
}

enum status sa_stop(struct ike_sa *sa, const struct sa_event *ev)
{
	struct handshake *hs = sa->hs;

	/* An unprotected error was only a hint; now that nothing better came, it is the reason. */
	if (ev->kind == SE_NO_REPLY && sa->state == SA_I_INIT && hs->hint != ST_OK)
		return sa_fail(sa, hs->hint, "%s", hs->hint_words);
	note_why(sa, ev->status);
	return ST_OK;
}

enum status sa_refused(struct ike_sa *sa, const struct sa_event *ev)
{
	return sa_fail(sa, ev->answer->status, "%s", ev->answer->detail);
}

/* ---- the world ------------------------------------------------------------------------------ */

static uint64_t next_question(struct ike_sa *sa)
{
	return ++sa->ike->last_question;
}

static void wait_for(struct waiter *w, uint64_t number)
{
	w->number = number;
	map_add(&w->sa->ike->by_question, &w->by_number, hash_u64(number));
}

static enum status asked(struct ike_sa *sa, uint64_t number, enum status st)
{
	if (st != ST_OK)
		return sa_fail(sa, st, "%s", "");
	wait_for(&sa->wait, number);
	return ST_OK;
}

enum status waiter_job(struct waiter *w, const struct ike_job *job)
{
	struct ike *ike = w->sa->ike;
	uint64_t n = next_question(w->sa);
	enum status st = ike->ports->job(ike->ctx, n, job);

	if (st == ST_OK)
		wait_for(w, n);
	return st;
}

enum status sa_job(struct ike_sa *sa, const struct ike_job *job)
{
	enum status st = waiter_job(&sa->wait, job);

	return st == ST_OK ? st : sa_fail(sa, st, "%s", "");
}

enum status sa_ask(struct ike_sa *sa, struct ike_question *q)
{
	uint64_t n = next_question(sa);

	if (q->kind == ASK_EAP || q->kind == ASK_KEYS)
		sa->hs->has_asked_proof = true;
	q->sa = sa->number;
	q->we_are_initiator = sa->is_initiator;
	q->local = sa->local;
	q->remote = sa->remote;
	kept_id_read(sa->peer_id, &q->peer_id);
	kept_id_read(sa->my_id, &q->my_id);
	q->session = sa->session;
	q->by_token = sa->hs != NULL && sa->hs->by_token;
	if (q->kind == ASK_AUTHORIZE)
		snprintf(q->user, sizeof(q->user), "%s", sa->user);
	q->peer_method = sa->auth_remote;
	snprintf(q->profile, sizeof(q->profile), "%s", sa->profile);
	return asked(sa, n, sa->ike->ports->ask(sa->ike->ctx, n, q));
}

enum status sa_commit(struct ike_sa *sa)
{
	uint64_t n = next_question(sa);
	struct ike_commit c = {
		.sa = sa->number,
		.session = sa->session,
		.local = sa->local,
		.remote = sa->remote,
	};

	kept_id_read(sa->peer_id, &c.peer_id);
	snprintf(c.profile, sizeof(c.profile), "%s", sa->profile);
	if (!list_empty(&sa->children))
		c.spi_in = CONTAINER_OF(sa->children.next, struct ike_child, node)->spi_in;
	return asked(sa, n, sa->ike->ports->commit(sa->ike->ctx, n, &c));
}

void sa_send_to(struct ike_sa *sa, const struct endpoint *local, const struct endpoint *remote,
	struct view msg)
{
	struct ike *ike = sa->ike;
	size_t whole = msg.len;
	struct view one;

	trace_out(ike, sa, local, remote, msg);
	sa->sent_ms = ike_now(ike);
	while (frag_next(&msg, &one)) {
		stats_inc(ike->stats, CT_IKE_OUT);
		stats_add(ike->stats, CT_IKE_OUT_BYTES, one.len);
		if (one.len < whole)
			stats_inc(ike->stats, CT_FRAGMENTS_OUT);
		ike->ports->send(ike->ctx, local, remote, one.p, one.len);
	}
}

void sa_send(struct ike_sa *sa, struct view msg)
{
	sa_send_to(sa, &sa->local, &sa->remote, msg);
}

static enum counter sent_counter(enum request_kind kind)
{
	return kind == REQ_INIT	    ? CT_IKE_INIT_OUT
	       : kind == REQ_AUTH   ? CT_IKE_AUTH_OUT
	       : kind == REQ_CREATE || kind == REQ_FOLLOWUP ? CT_IKE_CHILD_OUT
				    : CT_IKE_INFO_OUT;
}

enum status sa_request(struct ike_sa *sa, enum request_kind kind, struct view msg)
{
	/* 1, 2, 4, 8, 16, 16 seconds: 47 s in all (RFC 7296 2.4 leaves it to us). */
	static const struct backoff patient = {1000, 16000, 5};
	/* A gateway that does not know what to do with a ticket is asked for 7 s. */
	static const struct backoff brief = {1000, 4000, 2};
	/* RFC 4555 3.11: five minutes for a peer that may be between two networks, unless dead peer
	 * detection says how long is long. */
	static const struct backoff of_mobile = {1000, 16000, 21};
	bool is_mobile = sa->mobike.is_on && !sa->mobike.decides && sa->dpd.mode == DPD_UNSET;
	struct backoff b = kind == REQ_DPD      ? dpd_backoff(&sa->dpd)
			   : kind == REQ_RESUME ? brief
			   : is_mobile          ? of_mobile
						: patient;
	enum status st = window_out_open(&sa->out, kind, b, msg);
	struct window_request *r = &sa->out.lane[window_lane_of(kind)];

	if (st != ST_OK)
		return st;
	stats_inc(sa->ike->stats, sent_counter(kind));
	r->due_ms = ike_now(sa->ike) + window_wait_ms(r);
	sa_arm_request(sa);
	return ST_OK;
}

void sa_arm_request(struct ike_sa *sa)
{
	uint64_t due = TIMER_NEVER;

	for (size_t i = 0; i < LANES; i++) {
		const struct window_request *r = &sa->out.lane[i];

		if (r->kind != REQ_NONE && !r->is_answered && r->due_ms < due)
			due = r->due_ms;
	}
	if (due == TIMER_NEVER)
		timer_stop(&sa->ike->timers, &sa->request_timer);
	else
		sa_arm(sa, &sa->request_timer, due);
}

void sa_request_done(struct ike_sa *sa, enum window_lane lane)
{
	window_out_close(&sa->out, lane);
	sa_arm_request(sa);
}

void sa_requests_drop(struct ike_sa *sa)
{
	for (size_t i = 0; i < LANES; i++)
		sa_request_done(sa, i);
}

bool sa_is_spent(const struct ike_sa *sa)
{
	return sa->state == SA_UP && sa->n_children == 0 && !sa->may_be_empty &&
	       !exchange_makes_child(sa);
}

void sa_arm(struct ike_sa *sa, struct timer *t, uint64_t due_ms)
{
	/* sa_alloc reserved the room. */
	if (timer_set(&sa->ike->timers, t, due_ms) != ST_OK)
		stats_status(sa->ike->stats, ST_INTERNAL);
}

void sa_arm_dpd(struct ike_sa *sa)
{
	uint64_t due = dpd_due_ms(&sa->dpd);

	if (due == TIMER_NEVER || sa->state != SA_UP || window_out_is_open(&sa->out))
		timer_stop(&sa->ike->timers, &sa->dpd_timer);
	else
		sa_arm(sa, &sa->dpd_timer, due);
}

uint64_t sa_left_s(const struct ike_sa *sa, uint64_t end_ms)
{
	uint64_t now = ike_now(sa->ike);

	return end_ms > now ? (end_ms - now) / 1000 : 0;
}

uint64_t sa_since_login_ms(const struct ike_sa *sa, uint32_t limit_s)
{
	int64_t now = sa->ike->ports->wall_s(sa->ike->ctx);
	uint64_t past = sa->is_resumed && now > 0 && (uint64_t)now > sa->login_s
		? (uint64_t)now - sa->login_s : 0;

	return limit_s > past ? (limit_s - past) * 1000 : 0;
}

void sa_set_lifetimes(struct ike_sa *sa)
{
	uint64_t now = ike_now(sa->ike);

	sa->up_ms = now;
	dpd_heard(&sa->dpd, now);
	if (sa->settings.lifetime_s != 0) {
		uint64_t whole_ms = (uint64_t)sa->settings.lifetime_s * 1000;

		sa->end_ms = now + whole_ms;
		sa->rekey_ms = now + child_soft_ms(sa->ike, whole_ms);
	}
	if (sa->grant != NULL && sa->grant->session_lifetime_s != 0)
		sa->session_end_ms = now + sa_since_login_ms(sa, sa->grant->session_lifetime_s);
	reauth_start(sa);
}

void sa_arm_life(struct ike_sa *sa)
{
	const uint64_t times[] = {
		sa->end_ms, sa->session_end_ms, sa->rekey_ms, sa->reauth_ms, sa->reauth_end_ms};
	uint64_t due = TIMER_NEVER;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (times[i] != 0 && times[i] < due)
			due = times[i];
	if (due != TIMER_NEVER)
		sa_arm(sa, &sa->life_timer, due);
}

void sa_tell(struct ike_sa *sa, enum ike_event_kind kind, const struct ike_child *child)
{
	struct ike_event ev = {
		.kind = kind,
		.sa = sa->number,
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.local = sa->local,
		.remote = sa->remote,
		.peer_id = sa->peer_id->type != 0 ? sa->peer_id : NULL,
		.profile = sa->profile,
		.status = sa->why,
		.detail = sa_detail(sa),
		.session = sa->session,
	};

	if (child != NULL) {
		ev.status = child->why;
		ev.detail = "";
		ev.spi_in = child->spi_in;
		ev.spi_out = child->spi_out;
	}
	trace_event(sa->ike, &ev);
	sa->ike->ports->tell(sa->ike->ctx, &ev);
}

uint64_t sa_spi_local(const struct ike_sa *sa)
{
	return sa->is_initiator ? sa->spi_i : sa->spi_r;
}

uint64_t sa_spi_remote(const struct ike_sa *sa)
{
	return sa->is_initiator ? sa->spi_r : sa->spi_i;
}
