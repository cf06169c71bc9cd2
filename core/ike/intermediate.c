#include "core/ike/intermediate.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/ike/engine.h"
#include "core/ike/init.h"
#include "core/wire/notify.h"

#define HEAD_LEN (IKE_HDR_LEN + 4) /* header and generic header of the Encrypted payload */
#define LENGTH_AT 24               /* in the IKE header */

struct intermediate {
	uint16_t groups[ADDKE_MAX];
	uint8_t n;
	uint8_t done;
	uint8_t auth_i[PRF_OUT_MAX]; /* IntAuth_i, IntAuth_r of what is done */
	uint8_t auth_r[PRF_OUT_MAX];
	struct ike_keys before;      /* responder: of the last exchange that is done */
};

void intermediate_free(struct intermediate *im)
{
	mem_free_secret(im, sizeof(*im));
}

/* ---- IKE_SA_INIT --------------------------------------------------------------------------------- */

static bool needs_it(const struct chosen *c)
{
	for (size_t i = 0; i < ADDKE_MAX; i++)
		if (c->addke[i] != 0)
			return true;
	return false;
}

void intermediate_put_support(struct msg_out *o, const struct allowed_set *ours)
{
	for (size_t i = 0; i < ours->n; i++)
		for (size_t k = 0; k < ADDKE_MAX; k++)
			if (ours->v[i].addke.groups[k].n != 0) {
				msg_notify(o, N_INTERMEDIATE_EXCHANGE_SUPPORTED, NULL, 0);
				return;
			}
}

void intermediate_put_answer(struct msg_out *o, const struct ike_sa *sa)
{
	if (sa->hs->intermediate != NULL)
		msg_notify(o, N_INTERMEDIATE_EXCHANGE_SUPPORTED, NULL, 0);
}

enum status intermediate_judge(const struct ike_payloads *p, const struct chosen *c)
{
	struct notify n;

	return !needs_it(c) || msg_find_notify(p, N_INTERMEDIATE_EXCHANGE_SUPPORTED, &n)
		? ST_OK : ST_NO_PROPOSAL;
}

enum status intermediate_begin(struct ike_sa *sa, const struct chosen *c)
{
	struct intermediate *im;

	if (!needs_it(c))
		return ST_OK;
	im = mem_new(sizeof(*im));
	if (im == NULL)
		return ST_NOMEM;
	for (size_t i = 0; i < ADDKE_MAX; i++)
		if (c->addke[i] != 0)
			im->groups[im->n++] = c->addke[i];
	sa->hs->intermediate = im;
	return ST_OK;
}

/* ---- where we are -------------------------------------------------------------------------------- */

static struct intermediate *of(const struct ike_sa *sa)
{
	return sa->hs != NULL ? sa->hs->intermediate : NULL;
}

bool intermediate_follows(const struct ike_sa *sa)
{
	const struct intermediate *im = of(sa);

	if (im == NULL)
		return false;
	if (sa->state == SA_I_SECRET || sa->state == SA_R_SECRET)
		return im->done < im->n;
	return (sa->state == SA_I_ADD_SECRET || sa->state == SA_R_ADD_SECRET) && im->done + 1 < im->n;
}

uint32_t intermediate_count(const struct ike_sa *sa)
{
	return of(sa) != NULL ? of(sa)->done : 0;
}

const struct ike_keys *intermediate_keys(const struct ike_sa *sa, uint32_t msgid)
{
	const struct intermediate *im = of(sa);

	/* What was answered was read with the keys of its time. */
	bool is_repeat = !sa->is_initiator && window_in_judge(&sa->in, msgid) == WIN_REPEAT;

	return im != NULL && msgid <= im->done && is_repeat ? &im->before : sa->keys;
}

static const struct xf *group_of(const struct intermediate *im)
{
	return suite_find(XF_DH, im->groups[im->done], 0);
}

/* ---- authentication ------------------------------------------------------------------------------ */

/* IntAuth_x(n) = prf(SK_px, IntAuth_x(n-1) | A | P): A is the head of the message with lengths as if
 * nothing but the payloads followed, P the payloads in plain text; both as if the message had not come
 * in fragments (section 3.3.2). first: type of the first payload. */
static void take_in(struct ike_sa *sa, bool of_initiator, struct view message, uint8_t first,
	struct view plain)
{
	struct intermediate *im = of(sa);
	uint8_t *sum = of_initiator ? im->auth_i : im->auth_r;
	const uint8_t *sk_p = of_initiator ? sa->keys->sk_pi : sa->keys->sk_pr;
	struct rd r = rd_init(message.p, message.len);
	struct view before = {sum, im->done > 0 ? sa->suite.prf->out_len : 0};
	uint8_t head[HEAD_LEN];
	struct wr w = wr_init(head, sizeof(head));
	struct view ids = rd_bytes(&r, LENGTH_AT);

	wr_bytes(&w, ids.p, ids.len);
	head[IKE_HDR_NEXT_AT] = PT_SK;
	wr_u32(&w, (uint32_t)(HEAD_LEN + plain.len));
	rd_skip(&r, 5);
	wr_u8(&w, first);
	wr_u8(&w, rd_u8(&r)); /* reserved; of any fragment */
	wr_u16(&w, (uint16_t)(4 + plain.len));
	const struct view parts[] = {before, {head, w.len}, plain};
	prf_parts(sa->suite.prf, (struct view){sk_p, sa->keys->d_len}, parts, 3, sum);
}

struct view intermediate_auth(const struct ike_sa *sa, uint8_t out[INT_AUTH_MAX])
{
	const struct intermediate *im = of(sa);
	struct wr w = wr_init(out, INT_AUTH_MAX);

	if (im == NULL)
		return (struct view){0};
	wr_bytes(&w, im->auth_i, sa->suite.prf->out_len);
	wr_bytes(&w, im->auth_r, sa->suite.prf->out_len);
	wr_u32(&w, 1u + im->done); /* message ID of IKE_AUTH */
	return (struct view){out, w.len};
}

/* ---- the exchange -------------------------------------------------------------------------------- */

/* Our message with our public value, taken in and closed. */
static enum status build(struct ike_sa *sa, bool is_response, uint32_t msgid, struct view *msg)
{
	struct handshake *hs = sa->hs;
	struct msg_out o;

	msg_start(&o, sa, EX_IKE_INTERMEDIATE, is_response, msgid);
	msg_put_ke(&o, group_of(of(sa))->id, (struct view){hs->public_key, hs->public_len});
	take_in(sa, sa->is_initiator, (struct view){o.w.buf, HEAD_LEN}, PT_KE, msg_plain(&o));
	return msg_end(&o, msg);
}

/* The peer's public value, when it is one of the group whose turn it is. */
static enum status read_ke(struct ike_sa *sa, const struct msg_in *m)
{
	const struct xf *group = group_of(of(sa));
	struct handshake *hs = sa->hs;
	struct ke ke;
	enum status st = ke_parse(payload_find(&m->p, PT_KE)->body, &ke);

	if (st != ST_OK)
		return st;
	if (ke.group != group->id)
		return ST_INVALID_KE;
	if (ke.data.len != group->public_len || ke.data.len > sizeof(hs->peer_public))
		return ST_BAD_KE;
	hs->peer_public_len = (uint16_t)ke.data.len;
	memcpy(hs->peer_public, ke.data.p, ke.data.len);
	take_in(sa, !sa->is_initiator, m->raw, m->first, m->plain);
	return ST_OK;
}

enum status intermediate_generate(struct ike_sa *sa)
{
	struct ike_job job = {.kind = JOB_DH_GENERATE, .group = group_of(of(sa))->id};

	return sa_job(sa, &job);
}

static enum status compute(struct ike_sa *sa)
{
	struct handshake *hs = sa->hs;
	struct ike_job job = {
		.kind = JOB_DH_COMPUTE,
		.group = group_of(of(sa))->id,
		.private_len = hs->private_len,
		.public_len = hs->peer_public_len,
	};
	enum status st;

	memcpy(job.private_key, hs->private_key, hs->private_len);
	memcpy(job.peer_public, hs->peer_public, hs->peer_public_len);
	st = sa_job(sa, &job);
	mem_zero(&job, sizeof(job));
	return st;
}

enum status intermediate_derive(struct ike_sa *sa, const struct ike_job_result *job)
{
	struct intermediate *im = of(sa);
	struct key_input in;
	enum status st = init_take_secret(sa, job, group_of(im), &in);

	if (st != ST_OK)
		return st;
	im->before = *sa->keys;
	keys_rekey(&sa->suite, sa->suite.prf, &im->before, &in, sa->keys);
	im->done++;
	return ST_OK;
}

/* ---- initiator ----------------------------------------------------------------------------------- */

enum status intermediate_i_more(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st = intermediate_derive(sa, ev->job);

	return st == ST_OK ? intermediate_generate(sa) : st;
}

enum status intermediate_i_send(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st = init_keep_pair(sa, ev->job);
	struct view msg;

	if (st != ST_OK)
		return st;
	sa->out.next = 1 + intermediate_count(sa);
	st = build(sa, false, sa->out.next, &msg);
	if (st == ST_OK)
		st = sa_request(sa, REQ_INTERMEDIATE, msg);
	if (st == ST_OK)
		sa_send(sa, msg);
	return st;
}

enum status intermediate_i_reply(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st;

	sa_request_done(sa, LANE_EXCHANGE);
	st = read_ke(sa, ev->msg);
	if (st != ST_OK)
		return sa_fail(sa, st, "%s", "the peer's additional key exchange is not the chosen one");
	return compute(sa);
}

enum status intermediate_i_bad_reply(struct ike_sa *sa, const struct sa_event *ev)
{
	struct notify n;

	sa_request_done(sa, LANE_EXCHANGE);
	return sa_fail(sa, msg_error(&ev->msg->p, &n) ? ST_PEER_REFUSED : ev->status, "%s",
		"the peer does not go on with the additional key exchange");
}

/* ---- responder ----------------------------------------------------------------------------------- */

enum status intermediate_r_request(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st;

	window_in_accept(&sa->in, ev->msg->hdr.msgid);
	/* The peer floats to port 4500 here when there is a NAT (RFC 9242 3.2). */
	sa->local = *ev->msg->local;
	sa->remote = *ev->msg->remote;
	st = read_ke(sa, ev->msg);
	if (st != ST_OK)
		return sa_fail(sa, st, "%s", "the peer's additional key exchange is not the chosen one");
	return intermediate_generate(sa);
}

enum status intermediate_r_generated(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st = init_keep_pair(sa, ev->job);

	return st == ST_OK ? compute(sa) : st;
}

/* The reply goes out with the keys of the request; the next ones hold from the next message on. */
enum status intermediate_r_reply(struct ike_sa *sa, const struct sa_event *ev)
{
	uint32_t msgid = sa->in.next - 1;
	struct view msg;
	enum status st;

	if (ev->job->status != ST_OK)
		return intermediate_derive(sa, ev->job);
	st = build(sa, true, msgid, &msg);
	if (st == ST_OK)
		st = window_in_reply(&sa->in, msgid, msg);
	if (st == ST_OK)
		st = intermediate_derive(sa, ev->job);
	if (st == ST_OK)
		sa_send(sa, msg);
	return st;
}
