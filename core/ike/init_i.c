#include "core/ike/init_i.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/ike/encap.h"
#include "core/ike/engine.h"
#include "core/ike/explain.h"
#include "core/ike/frag_offer.h"
#include "core/ike/intermediate.h"
#include "core/ike/payload_table.h"
#include "core/ike/peer_class.h"
#include "core/ike/ppk.h"
#include "core/ike/proof.h"
#include "core/ike/redirect.h"
#include "core/ike/trace.h"

/* The same error in answer to so many sendings: the peer means it. */
#define REFUSALS_MAX 3

/* ---- judging replies ------------------------------------------------------------------------ */

/* Bit of a group in the order of our own proposals; 0: we do not allow it. */
static uint64_t group_bit(struct ike_sa *sa, uint16_t group)
{
	struct allowed_set ours;
	uint64_t bit = 1;

	if (offer_allowed_ike(sa->hs->conf, sa->local.vrf, &sa->local.addr, &ours) != ST_OK)
		return 0;
	for (size_t i = 0; i < ours.n; i++)
		for (size_t k = 0; k < ours.v[i].dh.n && bit != 0; k++, bit <<= 1)
			if (ours.v[i].dh.v[k].id == group)
				return bit;
	return 0;
}

/* Which event an unprotected error is. A repeated COOKIE or INVALID_KE_PAYLOAD (the network may
 * deliver twice) is none: SA_EVENTS. */
static enum sa_event_kind judge_error(struct ike_sa *sa, const struct init_error *e)
{
	struct handshake *hs = sa->hs;

	if (e->type == N_COOKIE) {
		if (e->cookie.len == hs->cookie_len &&
			memcmp(e->cookie.p, hs->cookie, hs->cookie_len) == 0)
			return SA_EVENTS;
		return hs->retries < HANDSHAKE_RETRIES ? SE_INIT_COOKIE : SE_INIT_REFUSED;
	}
	if (e->type == N_INVALID_KE_PAYLOAD) {
		uint64_t bit = group_bit(sa, e->group);

		if (e->group == hs->group)
			return SA_EVENTS;
		if (bit == 0 || (hs->groups_tried & bit) || hs->retries >= HANDSHAKE_RETRIES)
			return SE_INIT_REFUSED;
		return SE_INIT_GROUP;
	}
	if (e->type == N_REDIRECT)
		return redirect_i_judge(sa, e->gateway) ? SE_INIT_REDIRECT : SA_EVENTS;
	return e->type != 0 ? SE_INIT_REFUSED : SA_EVENTS;
}

void init_i_on_reply(struct ike_sa *sa, const struct msg_in *m)
{
	enum message_kind kind = message_kind(&m->hdr, &m->p);
	enum status st = payloads_judge(kind, &m->p);
	struct init_error e = {0};
	struct sa_event ev = {.kind = SE_INIT_REPLY, .msg = m, .error = &e};

	if (st == ST_OK && (m->hdr.msgid != 0 || ike_hdr_is_from_initiator(&m->hdr)))
		st = ST_BAD_MSGID;
	if (st == ST_OK && sa->state != SA_I_INIT)
		st = ST_BAD_STATE;
	if (st == ST_OK && kind == MK_INIT_ERROR) {
		st = init_parse_error(m, &e);
		if (st == ST_OK)
			ev.kind = judge_error(sa, &e);
	}
	if (st != ST_OK)
		trace_drop(sa->ike, sa, m, st);
	else if (ev.kind != SA_EVENTS)
		(void)sa_dispatch(sa, &ev);
}

/* ---- actions -------------------------------------------------------------------------------- */

static enum status first_group(struct ike_sa *sa, uint16_t *group)
{
	struct allowed_set ours;
	enum status st = offer_allowed_ike(sa->hs->conf, sa->local.vrf, &sa->local.addr, &ours);

	if (st != ST_OK || ours.v[0].dh.n == 0)
		return sa_fail(sa, ST_NO_POLICY, "%s", "");
	*group = ours.v[0].dh.v[0].id;
	return ST_OK;
}

enum status init_i_start(struct ike_sa *sa, const struct sa_event *ev)
{
	struct handshake *hs = sa->hs;
	struct ike_job job = {.kind = JOB_DH_GENERATE};
	enum status st;

	if (ev->kind == SE_INIT_GROUP) {
		hs->retries++;
		hs->group = ev->error->group;
		sa_request_done(sa, LANE_EXCHANGE);
	} else {
		hs->ni_len = NONCE_LEN;
		sa->ike->ports->random(sa->ike->ctx, hs->ni, NONCE_LEN);
		st = first_group(sa, &hs->group);
		if (st == ST_OK)
			st = ppk_begin(sa);
		if (st != ST_OK)
			return st;
	}
	hs->groups_tried |= group_bit(sa, hs->group);
	job.group = hs->group;
	return sa_job(sa, &job);
}

/* (Re)builds the request. */
static enum status send_request(struct ike_sa *sa)
{
	struct handshake *hs = sa->hs;
	struct ike_hdr hdr = {
		.spi_i = sa->spi_i,
		.version = IKE_VERSION,
		.exchange = EX_IKE_SA_INIT,
		.flags = IKE_FLAG_INITIATOR,
	};
	struct allowed_set ours;
	struct msg_out o;
	struct sa offer;
	enum status st = offer_allowed_ike(hs->conf, sa->local.vrf, &sa->local.addr, &ours);

	if (st != ST_OK)
		return st;
	msg_start_plain(&o, sa->ike, &hdr);
	if (hs->cookie_len > 0)
		msg_notify(&o, N_COOKIE, hs->cookie, hs->cookie_len);
	offer_build(&offer, PROTO_IKE, &ours, (struct view){0}, true);
	init_put_sa(&o, &offer);
	init_put_ke(&o, hs->group, (struct view){hs->public_key, hs->public_len},
		(struct view){hs->ni, hs->ni_len});
	encap_claim(sa, hs->conf);
	encap_put(&o, sa, 0, &sa->remote);
	frag_put(&o, frag_forms(hs->conf));
	peer_class_put(&o, hs->connect);
	redirect_i_announce(&o, sa);
	proof_put_hashes(&o);
	ppk_put_use(&o, sa);
	intermediate_put_support(&o, &ours);
	return init_send_first(sa, REQ_INIT, &o);
}

enum status init_i_send(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st = init_keep_pair(sa, ev->job);

	return st == ST_OK ? send_request(sa) : st;
}

enum status init_i_cookie(struct ike_sa *sa, const struct sa_event *ev)
{
	struct handshake *hs = sa->hs;

	hs->retries++;
	hs->cookie_len = (uint8_t)ev->error->cookie.len;
	memcpy(hs->cookie, ev->error->cookie.p, hs->cookie_len);
	return send_request(sa);
}

enum status init_i_hint(struct ike_sa *sa, const struct sa_event *ev)
{
	struct handshake *hs = sa->hs;
	uint16_t type = ev->error->type;

	explain_notify(hs->hint_words, sizeof(hs->hint_words), type);
	if (type == N_COOKIE || type == N_INVALID_KE_PAYLOAD)
		hs->hint = ST_COOKIE_LOOP;
	else
		hs->hint = type == N_NO_PROPOSAL_CHOSEN ? ST_NO_PROPOSAL : ST_PEER_REFUSED;
	if (++hs->refusals < REFUSALS_MAX)
		return ST_OK;
	return sa_fail(sa, hs->hint, "%s", hs->hint_words);
}

/* Is it an answer to what we offered? */
static enum status judge_reply(struct ike_sa *sa, const struct init_msg *r, struct chosen *chosen,
	struct ike_suite *suite)
{
	struct handshake *hs = sa->hs;
	struct allowed_set ours;
	struct offer_set answer;
	enum status st;

	if (r->sa.n + r->sa.n_skipped != 1)
		return ST_BAD_PAYLOAD;
	st = offer_allowed_ike(hs->conf, sa->local.vrf, &sa->local.addr, &ours);
	if (st != ST_OK)
		return st;
	offer_from_sa(&r->sa, &answer);
	if (answer.n != 1)
		return ST_NO_PROPOSAL;
	st = proposal_accept(CHOOSE_IKE, false, ours.v, ours.n, &answer.v[0], chosen);
	if (st != ST_OK)
		return st;
	st = suite_ike(chosen->encr.id, chosen->encr.key_bits, chosen->prf, chosen->integ,
		chosen->dh, suite);
	if (st != ST_OK)
		return st;
	if (chosen->dh != hs->group || r->ke.group != hs->group)
		return ST_INVALID_KE;
	return r->ke.data.len == suite->dh->public_len ? ST_OK : ST_BAD_KE;
}

/* Whatever is wrong with a reply that nothing protects: it may be forged, the real one may come. */
static enum status ignore_reply(struct ike_sa *sa, enum status st)
{
	trace_failed(sa, st);
	stats_status(sa->ike->stats, st);
	sa->hs->hint = st;
	sa->hs->hint_words[0] = '\0';
	return ST_PENDING;
}

enum status init_i_reply(struct ike_sa *sa, const struct sa_event *ev)
{
	struct ike_job job = {.kind = JOB_DH_COMPUTE};
	struct handshake *hs = sa->hs;
	struct init_msg r;
	struct chosen chosen;
	struct ike_suite suite;
	bool uses_ppk = false;
	enum status st = init_parse(ev->msg, &r);

	if (st == ST_OK && ev->msg->hdr.spi_r == 0)
		st = ST_BAD_SPI;
	if (st == ST_OK)
		st = ppk_read_reply(sa, &ev->msg->p, &uses_ppk);
	if (st == ST_OK)
		st = judge_reply(sa, &r, &chosen, &suite);
	if (st == ST_OK)
		st = proof_read_wants(hs, &ev->msg->p);
	if (st == ST_OK)
		st = intermediate_judge(&ev->msg->p, &chosen);
	if (st == ST_OK)
		st = handshake_keep_reply(hs, ev->msg->raw);
	if (st != ST_OK)
		return ignore_reply(sa, st);
	sa->suite = suite;
	sa->spi_r = ev->msg->hdr.spi_r;
	sa->nat_local = r.nat.nat_local;
	sa->nat_remote = r.nat.nat_remote;
	frag_agree(sa, hs->conf, r.frag);
	sa->local = *ev->msg->local; /* we may not have known our own address */
	hs->peer_sent_natd = r.nat.was_sent;
	hs->peer_childless = r.childless;
	hs->nr_len = (uint16_t)r.nonce.len;
	memcpy(hs->nr, r.nonce.p, r.nonce.len);
	ppk_take_reply(sa, uses_ppk);
	proof_read_hashes(hs, &ev->msg->p);
	sa_request_done(sa, LANE_EXCHANGE);
	job.group = hs->group;
	job.private_len = hs->private_len;
	memcpy(job.private_key, hs->private_key, hs->private_len);
	job.public_len = (uint16_t)r.ke.data.len;
	memcpy(job.peer_public, r.ke.data.p, r.ke.data.len);
	st = intermediate_begin(sa, &chosen);
	if (st == ST_OK)
		st = sa_job(sa, &job);
	mem_zero(&job, sizeof(job));
	return st;
}

/* RFC 7296 2.23: when both sides do NAT traversal, we go on at port 4500, NAT or not: one may come
 * (RFC 4555 3.3), and ESP in UDP is understood there at any time. */
void init_i_float(struct ike_sa *sa)
{
	const struct own_settings *own = &sa->hs->conf->own;

	if (!sa->hs->peer_sent_natd)
		return;
	if (sa->local.port == own->port)
		sa->local.port = (uint16_t)own->nat_port;
	if (sa->remote.port == IKE_PORT)
		sa->remote.port = IKE_NAT_PORT;
}

enum status init_i_secret(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st = init_derive(sa, ev->job);

	if (st != ST_OK)
		return st;
	init_i_float(sa);
	return ev->kind == SE_JOB_MORE ? intermediate_generate(sa) : proof_ask_keys(sa);
}

enum status init_i_last_secret(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st = intermediate_derive(sa, ev->job);

	return st == ST_OK ? proof_ask_keys(sa) : st;
}
