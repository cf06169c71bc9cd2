#include "core/ike/info.h"

#include "core/ike/child.h"
#include "core/ike/cp_set.h"
#include "core/ike/create.h"
#include "core/ike/engine.h"
#include "core/ike/freeze.h"
#include "core/ike/notice.h"
#include "core/ike/qcd.h"
#include "core/ike/ticket_desk.h"
#include "core/ike/reauth.h"
#include "core/ike/work.h"
#include "core/wire/notify.h"

#define DELETED_MAX CHILDREN_ALL /* children deleted by one message */

enum status info_judge(const struct ike_payloads *p, bool *ike)
{
	struct ike_delete d;
	struct notify n;
	enum status st = ST_OK;

	*ike = false;
	for (size_t i = 0; i < p->n && st == ST_OK; i++) {
		if (p->v[i].type == PT_NOTIFY) {
			st = notify_parse(p->v[i].body, &n);
			*ike |= st == ST_OK && n.type == N_AUTHENTICATION_FAILED;
		}
		if (p->v[i].type != PT_DELETE)
			continue;
		st = delete_parse(p->v[i].body, &d);
		*ike |= st == ST_OK && d.protocol == PROTO_IKE;
	}
	return st;
}

/* ---- answers --------------------------------------------------------------------------------- */

/* Closes the reply, keeps it (also beyond our own death), sends it. */
static enum status finish_reply(struct ike_sa *sa, struct msg_out *o, const struct msg_in *m)
{
	struct view msg;
	enum status st = msg_end(o, &msg);

	if (st == ST_OK)
		st = window_in_reply(&sa->in, m->hdr.msgid, msg);
	if (st != ST_OK)
		return st;
	ike_keep_counted(sa);
	sa_send_to(sa, m->local, m->remote, msg);
	return ST_OK;
}

static enum status answer(struct ike_sa *sa, const struct sa_event *ev, uint16_t notify,
	struct view data)
{
	struct msg_out o;

	msg_start(&o, sa, ev->msg->hdr.exchange, true, ev->msg->hdr.msgid);
	if (notify != 0)
		msg_notify(&o, notify, data.p, data.len);
	return finish_reply(sa, &o, ev->msg);
}

/* RFC 7296 1.4.1: the reply deletes the other direction of each pair. Unknown SPIs are passed over,
 * and those of children that we are deleting ourselves: both sides may do so at the same time. */
static uint16_t delete_children(struct ike_sa *sa, const struct ike_payloads *p,
	uint32_t spis[DELETED_MAX])
{
	struct ike_delete d;
	uint16_t n = 0;

	for (const struct payload *at = payload_find(p, PT_DELETE); at != NULL;
		at = payload_find_next(p, at)) {
		if (delete_parse(at->body, &d) != ST_OK || d.protocol != PROTO_ESP)
			continue;
		for (uint16_t i = 0; i < d.n && n < DELETED_MAX; i++) {
			struct ike_child *c = child_find_out(sa, delete_spi(&d, i));

			if (c == NULL)
				continue;
			if (!c->delete_sent)
				spis[n++] = c->spi_in;
			child_retire(c, c->state == CHILD_UP ? ST_END_PEER : ST_END_REKEYED);
			work_not_replaced(c);
		}
	}
	work_arm(sa);
	return n;
}

enum status info_request(struct ike_sa *sa, const struct sa_event *ev)
{
	uint32_t spis[DELETED_MAX];
	uint16_t n = delete_children(sa, &ev->msg->p, spis);
	struct msg_out o;
	enum status st;

	if (ev->msg->p.n == 0)
		stats_inc(sa->ike->stats, CT_DPD_IN);
	qcd_take(sa->ike, &ev->msg->p, &sa->peer_token); /* before it is kept */
	if (reauth_read(sa, &ev->msg->p))
		sa_arm_life(sa);
	msg_start(&o, sa, EX_INFORMATIONAL, true, ev->msg->hdr.msgid);
	if (n > 0) {
		struct wr_mark m = payload_open(&o.c, PT_DELETE);

		delete_build_children(&o.w, PROTO_ESP, spis, n);
		payload_close(&o.c, m);
	}
	ticket_desk_put(sa, ticket_desk_is_asked(&ev->msg->p), &o);
	mobike_answer(sa, ev->msg, &o);
	cp_set_answer(sa, &ev->msg->p, &o);
	st = finish_reply(sa, &o, ev->msg);
	notice_take(sa, &ev->msg->p);
	work(sa);
	return st;
}

enum status info_deleted(struct ike_sa *sa, const struct sa_event *ev)
{
	succeed_by_rival(sa);
	/* RFC 7296 2.21.2: an initiator that does not accept our AUTH says so in an exchange of its
	 * own, and the SA is gone. */
	if (payload_find(&ev->msg->p, PT_DELETE) == NULL)
		sa_fail(sa, ST_PEER_REFUSED, "%s",
			"the peer did not accept our identity or key (AUTHENTICATION_FAILED)");
	else
		sa_fail(sa, reauth_was_followed(sa) ? ST_END_REAUTH : ST_END_PEER, "%s", "");
	return answer(sa, ev, 0, (struct view){0});
}

enum status info_bad_request(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st = answer(sa, ev, N_INVALID_SYNTAX, (struct view){0});

	return sa_fail(sa, st == ST_OK ? ev->status : st, "%s", "");
}

enum status info_critical(struct ike_sa *sa, const struct sa_event *ev)
{
	uint8_t type = ev->msg->p.unknown_critical;
	enum status st = answer(sa, ev, N_UNSUPPORTED_CRITICAL_PAYLOAD, (struct view){&type, 1});

	return st == ST_OK ? ST_CRITICAL : st;
}

/* RFC 7296 2.25.2: we are closing this SA. */
enum status info_temporary_failure(struct ike_sa *sa, const struct sa_event *ev)
{
	return answer(sa, ev, N_TEMPORARY_FAILURE, (struct view){0});
}

/* ---- requests of ours -------------------------------------------------------------------------- */

/* Children whose DELETE is due; they count as sent with the message. */
static void put_deletes(struct ike_sa *sa, struct msg_out *o)
{
	uint32_t spis[DELETED_MAX];
	uint16_t n = 0;
	struct wr_mark m;

	LIST_EACH(at, &sa->children) {
		struct ike_child *c = CONTAINER_OF(at, struct ike_child, node);

		if (c->state != CHILD_DELETING || c->delete_sent || n == DELETED_MAX)
			continue;
		spis[n++] = c->spi_in;
		c->delete_sent = true;
	}
	m = payload_open(&o->c, PT_DELETE);
	delete_build_children(&o->w, PROTO_ESP, spis, n);
	payload_close(&o->c, m);
}

static enum status request(struct ike_sa *sa, enum request_kind kind)
{
	struct msg_out o;
	struct view msg;
	enum status st;

	msg_start(&o, sa, EX_INFORMATIONAL, false, sa->out.next);
	if (kind == REQ_DELETE) {
		struct wr_mark m = payload_open(&o.c, PT_DELETE);

		delete_build_ike(&o.w);
		payload_close(&o.c, m);
	}
	if (kind == REQ_DELETE_CHILD)
		put_deletes(sa, &o);
	if (kind == REQ_DPD)
		mobike_put_probe(&o, sa);
	st = msg_end(&o, &msg);
	if (st == ST_OK)
		st = sa_request(sa, kind, msg);
	if (st != ST_OK)
		return st;
	ike_keep_counted(sa);
	sa_send(sa, msg);
	return ST_OK;
}

enum status info_dpd(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st;

	(void)ev;
	if (window_out_is_open(&sa->out))
		return ST_OK;
	st = request(sa, REQ_DPD);
	if (st == ST_LIMIT)
		return sa_fail(sa, st, "%s", "the message IDs of this IKE SA are used up");
	if (st == ST_OK) {
		stats_inc(sa->ike->stats, CT_DPD_SENT);
		return ST_OK;
	}
	stats_status(sa->ike->stats, st);
	sa_arm(sa, &sa->dpd_timer, ike_now(sa->ike) + 1000); /* try again later */
	return ST_PENDING;
}

void info_send_delete(struct ike_sa *sa)
{
	enum status st;

	if (!window_out_is_free(&sa->out, REQ_DELETE))
		return;
	st = request(sa, REQ_DELETE);
	if (st == ST_OK)
		return;
	/* No memory for a farewell: the peer finds out by DPD. */
	stats_status(sa->ike->stats, st);
	sa_arm(sa, &sa->state_timer, ike_now(sa->ike));
}

enum status info_delete_children(struct ike_sa *sa)
{
	enum status st = request(sa, REQ_DELETE_CHILD);

	if (st == ST_OK)
		return ST_OK;
	LIST_EACH(at, &sa->children)
		CONTAINER_OF(at, struct ike_child, node)->delete_sent = false;
	return st;
}

/* The peer has deleted its side; what it sent before may still be on its way. */
static void children_deleted(struct ike_sa *sa)
{
	LIST_EACH(at, &sa->children) {
		struct ike_child *c = CONTAINER_OF(at, struct ike_child, node);

		if (c->state == CHILD_DELETING && c->delete_sent)
			child_retire(c, c->why);
	}
	work_arm(sa);
}

enum status info_reply(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st = mobike_reply(sa, ev->msg);

	if (window_out_has(&sa->out, REQ_DELETE_CHILD))
		children_deleted(sa);
	if (window_out_has(&sa->out, REQ_TICKET))
		ticket_desk_take(sa, &ev->msg->p);
	sa_request_done(sa, LANE_INFO);
	if (st != ST_OK) {
		sa_event(sa, SE_CLOSE, st);
		return st;
	}
	sa_arm_dpd(sa);
	st = ike_keep(sa);
	work(sa);
	return st;
}

/* To a request that was open when the SA got its successor. */
enum status info_old_reply(struct ike_sa *sa, const struct sa_event *ev)
{
	sa_request_done(sa, ev->lane);
	return ST_OK;
}

enum status info_delete_reply(struct ike_sa *sa, const struct sa_event *ev)
{
	bool was_delete = ev->lane == LANE_INFO && window_out_has(&sa->out, REQ_DELETE);

	sa_request_done(sa, ev->lane);
	if (was_delete)
		return ST_OK;
	info_send_delete(sa);
	return ST_PENDING;
}
