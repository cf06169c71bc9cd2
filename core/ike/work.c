#include "core/ike/work.h"

#include "core/ike/child.h"
#include "core/ike/cp_set.h"
#include "core/ike/engine.h"
#include "core/ike/exchange.h"
#include "core/ike/freeze.h"
#include "core/ike/idle.h"
#include "core/ike/info.h"
#include "core/ike/ticket_desk.h"
#include "core/ike/notice.h"
#include "core/ike/reauth.h"
#include "core/ike/wish.h"

#define PATIENCE_MS 60000   /* for the peer to delete what it replaced */
#define POSTPONE_MS 1000
#define SETTLE_MS 1000
#define POSTPONE_MAX_MS 32000
#define REPLIES_MS 300000   /* how long a reply can be sent again */

/* ---- wishes ------------------------------------------------------------------------------------ */

static bool want_delete(struct ike_child *c, enum status why)
{
	if (c->state == CHILD_DELETING || c->state == CHILD_RETIRED)
		return false;
	c->state = CHILD_DELETING;
	c->wants_rekey = false;
	c->why = why;
	return true;
}

void work_delete_child(struct ike_child *c, enum status why)
{
	if (want_delete(c, why))
		work(c->sa);
}

void work_replaced(struct ike_child *c)
{
	if (c->state != CHILD_UP)
		return;
	c->state = CHILD_REPLACED;
	c->wants_rekey = false;
	c->rekey_ms = 0;
	c->end_ms = ike_now(c->sa->ike) + PATIENCE_MS;
	work_arm(c->sa);
}

static bool has_heir(const struct ike_child *old)
{
	LIST_EACH(at, &old->sa->children) {
		const struct ike_child *c = CONTAINER_OF(at, struct ike_child, node);

		if (c->replaces == old->spi_in && c->state == CHILD_UP)
			return true;
	}
	return false;
}

void work_not_replaced(const struct ike_child *c)
{
	struct ike_child *old = c->replaces != 0 ? ike_find_child(c->sa->ike, c->replaces) : NULL;
	uint64_t whole_ms;

	if (old == NULL || old->sa != c->sa || old->state != CHILD_REPLACED || has_heir(old))
		return;
	whole_ms = (uint64_t)old->lifetime_s * 1000;
	old->state = CHILD_UP;
	old->end_ms = whole_ms != 0 ? old->up_ms + whole_ms : 0;
	/* It is the peer that wants another one; we do when it is nearly over. */
	old->rekey_ms = whole_ms != 0 && old->may_rekey ? old->up_ms + whole_ms / 10 * 9 : 0;
	work_arm(old->sa);
}

void work_postpone(struct ike_sa *sa)
{
	uint64_t wait = (uint64_t)POSTPONE_MS << (sa->rekey_tries < 5 ? sa->rekey_tries : 5);
	uint16_t r = 0;

	if (wait > POSTPONE_MAX_MS)
		wait = POSTPONE_MAX_MS;
	sa->rekey_tries++;
	sa->ike->ports->random(sa->ike->ctx, &r, sizeof(r));
	sa->not_before_ms = ike_now(sa->ike) + wait + wait * r / UINT16_MAX;
	sa_arm(sa, &sa->work_timer, sa->not_before_ms);
}

/* Another part for each child, and the same each time it is asked for. */
static bool is_soon_used_up(const struct ike_child *c, uint64_t used, uint64_t whole)
{
	return used >= whole / 100 * (80 + c->spi_in % 11);
}

void work_volume(struct ike_child *c, uint64_t octets, uint64_t sequence)
{
	uint64_t whole = c->lifetime_kb * 1024, now = ike_now(c->sa->ike);
	bool is_soon = whole != 0 && is_soon_used_up(c, octets, whole);

	if (whole != 0 && octets >= whole && (c->end_ms == 0 || c->end_ms > now + PATIENCE_MS)) {
		c->end_ms = now + (c->may_rekey ? PATIENCE_MS : 0);
		work_arm(c->sa);
	}
	is_soon |= !c->suite.esn && is_soon_used_up(c, sequence, UINT32_MAX);
	if (!is_soon || !c->may_rekey || c->wants_rekey)
		return;
	c->wants_rekey = true;
	work(c->sa);
}

/* ---- one exchange at a time ---------------------------------------------------------------------- */

static bool wants_delete(const struct ike_sa *sa)
{
	LIST_EACH(at, &sa->children) {
		const struct ike_child *c = CONTAINER_OF(at, struct ike_child, node);

		if (c->state == CHILD_DELETING && !c->delete_sent)
			return true;
	}
	return false;
}

/* Not in the middle of a rekey of the IKE SA (RFC 7296 2.25.2), and the child whose successor is
 * being made stays until it is there. */
static bool may_delete(const struct ike_sa *sa)
{
	const struct exchange *mine = sa->mine;
	const struct ike_child *old = NULL;

	if (!wants_delete(sa) || !window_out_is_free(&sa->out, REQ_DELETE_CHILD))
		return false;
	if (mine != NULL && mine->kind == X_REKEY_IKE)
		return false;
	if (mine != NULL)
		old = ike_find_child(sa->ike, mine->old_spi);
	return old == NULL || old->state != CHILD_DELETING;
}

static const struct ike_child *next_rekey(const struct ike_sa *sa)
{
	LIST_EACH(at, &sa->children) {
		const struct ike_child *c = CONTAINER_OF(at, struct ike_child, node);

		/* One that the peer may not have yet is not spoken of. */
		if (c->state == CHILD_UP && c->wants_rekey && !c->receive_only)
			return c;
	}
	return NULL;
}

/* An exchange of the peer's about the same SA is answered first: what it makes may be all we want. */
static enum status begin_next(struct ike_sa *sa)
{
	const struct ike_child *c = next_rekey(sa);
	struct wish *w = wish_next(sa, ike_now(sa->ike));

	if (ike_now(sa->ike) < sa->not_before_ms || !list_empty(&sa->theirs))
		return ST_OK;
	/* RFC 7296 2.25.2: not while children change. */
	if (sa->wants_rekey && window_out_has(&sa->out, REQ_DELETE_CHILD))
		return ST_OK;
	if (sa->wants_rekey)
		return exchange_begin(sa, X_REKEY_IKE, 0, 0);
	if (c != NULL)
		return exchange_begin(sa, X_REKEY_CHILD, c->spi_in, 0);
	if (w == NULL)
		return ST_OK;
	wish_begin(w, ike_now(sa->ike));
	return exchange_begin(sa, X_NEW_CHILD, 0, w->number);
}

/* The peer may have made the successor already. */
static bool is_being_rekeyed(const struct ike_sa *sa)
{
	return sa->mine != NULL && sa->mine->kind == X_REKEY_IKE &&
	       exchange_is_open(sa);
}

enum status work_close(struct ike_sa *sa, const struct sa_event *ev)
{
	if (!is_being_rekeyed(sa))
		return sa_stop(sa, ev);
	sa->close_why = ev->status;
	ike_keep_counted(sa);
	return ST_PENDING;
}

void work(struct ike_sa *sa)
{
	enum status st = ST_OK;

	if (sa->state != SA_UP)
		return;
	if (sa->close_why != ST_OK && !is_being_rekeyed(sa)) {
		sa_event(sa, SE_CLOSE, sa->close_why);
		return;
	}
	if (mobike_wants(sa) && !is_being_rekeyed(sa) && window_out_is_free(&sa->out, REQ_MOBIKE))
		st = mobike_send(sa);
	else if (may_delete(sa))
		st = info_delete_children(sa);
	else if (notice_is_due(sa) && window_out_is_free(&sa->out, REQ_DPD))
		st = notice_send(sa);
	else if (sa->owes_lifetime && window_out_is_free(&sa->out, REQ_LIFETIME))
		st = reauth_send(sa);
	else if (sa->owed_set != NULL && window_out_is_free(&sa->out, REQ_DPD))
		st = cp_set_send(sa);
	else if (sa->wants_ticket && window_out_is_free(&sa->out, REQ_TICKET))
		st = ticket_desk_request(sa);
	if (st == ST_OK && sa->mine == NULL && window_out_is_free(&sa->out, REQ_CREATE) &&
		!wants_delete(sa))
		st = begin_next(sa);
	if (sa->mine != NULL && sa->mine->more.is_held && window_out_is_free(&sa->out, REQ_FOLLOWUP))
		exchange_event(sa->mine, &(struct x_event){.kind = XE_FREE});
	if (st == ST_OK)
		return;
	/* No memory, or no message IDs left: the lifetime ends what cannot be renewed. */
	stats_status(sa->ike->stats, st);
	work_postpone(sa);
}

/* ---- time ---------------------------------------------------------------------------------------- */

/* One that replaces nothing is waited with until its initiator has it long since. */
static bool is_settling(const struct ike_child *c)
{
	return c->state == CHILD_UP && c->receive_only && c->replaces == 0;
}

static uint64_t due_of(const struct ike_child *c)
{
	uint64_t due = c->end_ms != 0 ? c->end_ms : TIMER_NEVER;

	if (is_settling(c) && c->up_ms + SETTLE_MS < due)
		due = c->up_ms + SETTLE_MS;
	if (idle_due_ms(c) < due)
		due = idle_due_ms(c);
	if (c->state == CHILD_UP && c->rekey_ms != 0 && !c->wants_rekey && c->rekey_ms < due)
		due = c->rekey_ms;
	return due;
}

/* A peer that asks again does so within a minute or two; a gateway has thousands of SAs that rest. */
static uint64_t replies_due(const struct ike_sa *sa)
{
	return sa->in.kept != NULL ? sa->in.new_ms + REPLIES_MS : TIMER_NEVER;
}

static void arm_children(struct ike_sa *sa)
{
	uint64_t due = wish_due_ms(sa);

	if (replies_due(sa) < due)
		due = replies_due(sa);
	LIST_EACH(at, &sa->children) {
		uint64_t t = due_of(CONTAINER_OF(at, struct ike_child, node));

		due = t < due ? t : due;
	}
	if (due == TIMER_NEVER)
		timer_stop(&sa->ike->timers, &sa->child_timer);
	else
		sa_arm(sa, &sa->child_timer, due);
}

void work_arm(struct ike_sa *sa)
{
	arm_children(sa);
	sa_arm_life(sa);
}

/* True: it is gone. */
static bool child_due(struct ike_child *c, uint64_t now)
{
	bool is_retired = c->state == CHILD_RETIRED;

	if (c->end_ms != 0 && c->end_ms <= now) {
		c->end_ms = 0;
		if (is_retired)
			child_end(c, c->why);
		else
			want_delete(c, c->state == CHILD_REPLACED ? ST_END_REKEYED : ST_END_LIFETIME);
		return is_retired;
	}
	if (is_settling(c) && c->up_ms + SETTLE_MS <= now)
		child_activate(c);
	if (c->state == CHILD_UP && c->rekey_ms != 0 && c->rekey_ms <= now)
		c->wants_rekey = true;
	if (idle_due_ms(c) <= now) {
		idle_rest(c);
		want_delete(c, ST_END_IDLE);
	}
	return false;
}

void work_children_due(struct ike_sa *sa)
{
	uint64_t now = ike_now(sa->ike);
	bool is_less = false;

	if (idle_is_all(sa, now))
		sa_event(sa, SE_CLOSE, ST_END_IDLE);
	if (sa->state != SA_UP)
		return;
	LIST_EACH_SAFE(at, &sa->children)
		is_less |= child_due(CONTAINER_OF(at, struct ike_child, node), now);
	if (replies_due(sa) <= now) {
		window_in_forget(&sa->in);
		is_less = true;
	}
	if (is_less)
		ike_keep_counted(sa);
	work(sa);
	arm_children(sa);
}
