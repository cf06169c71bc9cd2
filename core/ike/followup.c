#include "core/ike/followup.h"

#include <string.h>

#include "core/ike/create.h"
#include "core/ike/engine.h"
#include "core/ike/explain.h"
#include "core/ike/freeze.h"
#include "core/wire/notify.h"

#define LINK_LEN 5 /* ours: message ID of CREATE_CHILD_SA, number of the step that is due */
#define LOST_MAX 4 /* STATE_NOT_FOUND so often in a row: the SA is given up (RFC 9370 2.2.4) */

void followup_begin(struct exchange *x, const struct chosen *c)
{
	struct followups *f = &x->more;

	f->n = f->step = 0;
	f->first_msgid = x->msgid;
	for (size_t i = 0; i < ADDKE_MAX; i++)
		if (c->addke[i] != 0)
			f->groups[f->n++] = c->addke[i];
}

bool followup_follows(const struct exchange *x)
{
	return (x->state == XS_I_SECRET || x->state == XS_R_SECRET) && x->more.step < x->more.n;
}

enum status followup_keep_secret(struct exchange *x, struct view secret)
{
	struct followups *f = &x->more;
	const struct xf *group = suite_find(XF_DH, x->group, 0);

	if (group == NULL || secret.len != group->secret_len ||
		f->secrets_len + secret.len > sizeof(f->secrets))
		return ST_INTERNAL;
	memcpy(f->secrets + f->secrets_len, secret.p, secret.len);
	f->secrets_len = (uint16_t)(f->secrets_len + secret.len);
	return ST_OK;
}

static void next_step(struct exchange *x)
{
	x->group = x->more.groups[x->more.step++];
}

/* ---- ours ---------------------------------------------------------------------------------------- */

bool followup_is_promised(const struct ike_payloads *p)
{
	struct notify n;

	return msg_find_notify(p, N_ADDITIONAL_KEY_EXCHANGE, &n);
}

enum status followup_read_link(struct exchange *x, const struct ike_payloads *p)
{
	struct followups *f = &x->more;
	struct notify n;

	if (f->step == f->n)
		return ST_OK;
	if (!msg_find_notify(p, N_ADDITIONAL_KEY_EXCHANGE, &n) || n.data.len > sizeof(f->link))
		return exchange_fail(x, ST_BAD_EXCHANGE, "%s",
			"the peer does not go on with the additional key exchange");
	f->link_len = (uint16_t)n.data.len;
	if (n.data.len > 0)
		memcpy(f->link, n.data.p, n.data.len);
	return ST_OK;
}

enum status followup_i_more(struct exchange *x, const struct x_event *ev)
{
	enum status st = exchange_keep_secret(x, ev->job);

	if (st != ST_OK)
		return st;
	sa_request_done(x->sa, LANE_EXCHANGE);
	next_step(x);
	return exchange_generate(x);
}

enum status followup_i_send(struct exchange *x, const struct x_event *ev)
{
	struct ike_sa *sa = x->sa;
	struct msg_out o;
	struct view msg;
	enum status st = ev->job != NULL ? exchange_keep_pair(x, ev->job) : ST_OK;

	if (st != ST_OK)
		return st;
	x->more.is_held = !window_out_is_free(&sa->out, REQ_FOLLOWUP);
	if (x->more.is_held)
		return ST_PENDING;
	msg_start(&o, sa, EX_IKE_FOLLOWUP_KE, false, sa->out.next);
	msg_put_ke(&o, x->group, (struct view){x->public_key, x->public_len});
	msg_notify(&o, N_ADDITIONAL_KEY_EXCHANGE, x->more.link, x->more.link_len);
	st = msg_end(&o, &msg);
	if (st == ST_OK)
		st = sa_request(sa, REQ_FOLLOWUP, msg);
	if (st != ST_OK)
		return st;
	ike_keep_counted(sa);
	sa_send(sa, msg);
	return ST_OK;
}

/* The peer has forgotten what it was about: all of it is tried again, but not for ever. */
static void count_lost(struct ike_sa *sa)
{
	if (++sa->states_lost >= LOST_MAX)
		sa->close_why = ST_PEER_REFUSED;
}

struct x_event followup_i_judge(struct exchange *x, const struct msg_in *m, enum status st)
{
	struct x_event ev = {.kind = XE_REFUSED, .msg = m, .status = st};
	struct notify n;

	if (st != ST_OK)
		return ev;
	if (msg_error(&m->p, &n)) {
		bool is_lost = n.type == N_STATE_NOT_FOUND;

		ev.status = is_lost || n.type == N_TEMPORARY_FAILURE ? ST_TEMPORARY : ST_PEER_REFUSED;
		explain_notify(x->words, sizeof(x->words), n.type);
		if (is_lost)
			count_lost(x->sa);
	} else if (payload_find(&m->p, PT_KE) == NULL) {
		ev.status = ST_BAD_EXCHANGE;
	} else {
		ev.kind = XE_REPLY_KE;
		x->is_granted = x->more.step == x->more.n;
	}
	return ev;
}

enum status followup_i_reply(struct exchange *x, const struct x_event *ev)
{
	enum status st = exchange_read_ke(x, &ev->msg->p);

	if (st == ST_OK)
		st = followup_read_link(x, &ev->msg->p);
	if (st != ST_OK)
		return exchange_fail(x, st, "%s", "the peer's additional key exchange is not the chosen one");
	return create_i_compute(x);
}

/* ---- theirs -------------------------------------------------------------------------------------- */

static size_t put_link(const struct exchange *x, uint8_t link[LINK_LEN])
{
	struct wr w = wr_init(link, LINK_LEN);

	wr_u32(&w, x->more.first_msgid);
	wr_u8(&w, (uint8_t)(x->more.step + 1));
	return w.len;
}

struct exchange *followup_find(struct ike_sa *sa, const struct ike_payloads *p)
{
	uint8_t link[LINK_LEN];
	struct notify n;

	if (!msg_find_notify(p, N_ADDITIONAL_KEY_EXCHANGE, &n))
		return NULL;
	LIST_EACH(at, &sa->theirs) {
		struct exchange *x = CONTAINER_OF(at, struct exchange, node);

		if (x->state == XS_R_MORE_WAIT && n.data.len == put_link(x, link) &&
			memcmp(n.data.p, link, n.data.len) == 0)
			return x;
	}
	return NULL;
}

void followup_refuse(struct ike_sa *sa, const struct msg_in *m)
{
	struct msg_out o;
	struct view msg;

	stats_status(sa->ike->stats, ST_BAD_STATE);
	msg_start(&o, sa, EX_IKE_FOLLOWUP_KE, true, m->hdr.msgid);
	msg_notify(&o, N_STATE_NOT_FOUND, NULL, 0);
	if (msg_end(&o, &msg) != ST_OK || window_in_reply(&sa->in, m->hdr.msgid, msg) != ST_OK)
		return;
	(void)!ike_keep(sa);
	sa_send_to(sa, m->local, m->remote, msg);
}

void followup_r_put_link(const struct exchange *x, struct msg_out *o)
{
	uint8_t link[LINK_LEN];

	if (x->more.step < x->more.n)
		msg_notify(o, N_ADDITIONAL_KEY_EXCHANGE, link, put_link(x, link));
}

enum status followup_r_build(struct exchange *x, struct view *msg)
{
	struct ike_sa *sa = x->sa;
	struct msg_out o;
	enum status st;

	msg_start(&o, sa, EX_IKE_FOLLOWUP_KE, true, x->msgid);
	msg_put_ke(&o, x->group, (struct view){x->public_key, x->public_len});
	followup_r_put_link(x, &o);
	st = msg_end(&o, msg);
	return st == ST_OK ? window_in_reply(&sa->in, x->msgid, *msg) : st;
}

enum status followup_r_reply(struct exchange *x, const struct x_event *ev)
{
	struct ike_sa *sa = x->sa;
	enum status st = exchange_keep_secret(x, ev->job);
	struct view msg;

	if (st == ST_OK && x->more.step == 0)
		st = create_r_prepare(x);
	if (st == ST_OK)
		st = create_r_build(x, &msg);
	if (st != ST_OK)
		return st;
	if (x->more.step == 0)
		(void)create_r_note_rival(x);
	ike_keep_counted(sa);
	sa_send_to(sa, &x->local, &x->remote, msg);
	return ST_OK;
}

enum status followup_r_request(struct exchange *x, const struct x_event *ev)
{
	enum status st;

	next_step(x);
	st = exchange_read_ke(x, &ev->msg->p);
	return st == ST_OK ? exchange_generate(x) : st;
}

enum status followup_r_forget(struct exchange *x, const struct x_event *ev)
{
	struct exchange *mine = x->sa->mine;

	(void)ev;
	/* It is no rival of ours any more. */
	if (mine != NULL && exchange_is_same(mine, x) && mine->rival == NULL && mine->rival_spi == 0)
		mine->rival_nonce_len = 0;
	return exchange_fail(x, ST_TIMEOUT, "%s", "the peer's next key exchange did not come");
}
