#include "core/ike/auth_i.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/ike/child.h"
#include "core/ike/cp.h"
#include "core/ike/cp_set.h"
#include "core/ike/eap_i.h"
#include "core/ike/encap.h"
#include "core/ike/engine.h"
#include "core/ike/explain.h"
#include "core/ike/freeze.h"
#include "core/ike/intermediate.h"
#include "core/ike/mode.h"
#include "core/ike/ppk.h"
#include "core/ike/proof.h"
#include "core/ike/redirect.h"
#include "core/ike/reauth.h"
#include "core/ike/ticket_desk.h"
#include "core/ike/qcd.h"
#include "core/ike/wish.h"
#include "core/wire/notify.h"

/* ---- the request -------------------------------------------------------------------------------- */

/* What we ask for: the selectors of the caller, or everything (RFC 7296 2.19: the address is not
 * known yet). */
static void ask_selectors(struct handshake *hs)
{
	const struct ike_connect *c = hs->connect;
	struct child_offer *o = &hs->child;
	bool both = !c->request_ip4 && !c->request_ip6;
	struct ts_set any;

	narrow_any(&any, c->request_ip4 || both, c->request_ip6 || both);
	o->n_ts_i = c->n_local_ts != 0 ? c->n_local_ts : any.n;
	memcpy(o->ts_i, c->n_local_ts != 0 ? c->local_ts : any.v, sizeof(o->ts_i));
	o->n_ts_r = c->n_remote_ts != 0 ? c->n_remote_ts : any.n;
	memcpy(o->ts_r, c->n_remote_ts != 0 ? c->remote_ts : any.v, sizeof(o->ts_r));
}

/* RFC 7296 2.4: true only when we have no other SA with this peer. */
static bool is_first_contact(const struct ike_sa *sa)
{
	LIST_EACH(at, &sa->ike->sas) {
		const struct ike_sa *other = CONTAINER_OF(at, struct ike_sa, node);

		if (other != sa && other->is_up && other->is_client &&
			other->remote.vrf == sa->remote.vrf &&
			addr_eq(&other->remote.addr, &sa->remote.addr))
			return false;
	}
	return true;
}

/* R-MCF-02. A tunnel with an address of its own that is no FlexVPN client's has nothing to ask
 * (R-MCF-18). */
static bool wants_config(const struct ike_sa *sa)
{
	const struct ike_connect *c = sa->hs->connect;
	const struct ike_profile *p = snapshot_profile(sa->hs->conf, sa->profile);

	return c->request_ip4 || c->request_ip6 || (c->is_flexvpn && p != NULL && p->config_request);
}

static enum status build(struct ike_sa *sa, struct view *msg)
{
	struct handshake *hs = sa->hs;
	const struct ipsec_profile *profile =
		snapshot_ipsec_profile(hs->conf, hs->connect->ipsec_profile);
	struct allowed_set ours;
	struct msg_out o;
	struct sa offer;
	uint8_t spi[4];
	struct wr w = wr_init(spi, sizeof(spi));
	enum status st = offer_allowed_esp(hs->conf, profile, &ours);

	if (st != ST_OK)
		return sa_fail(sa, st, "%s", "the IPsec profile has no usable transform set");
	wr_u32(&w, hs->child.spi_ours);
	offer_build(&offer, PROTO_ESP, &ours, (struct view){spi, sizeof(spi)}, false);
	msg_start(&o, sa, EX_IKE_AUTH, false, sa->out.next);
	auth_put_ours(&o, PT_IDI, sa);
	proof_put_certreq(&o, hs);
	if (eap_i_is_only(sa))
		msg_notify(&o, N_EAP_ONLY_AUTHENTICATION, NULL, 0);
	if (hs->resumed != NULL) /* else it was in IKE_SA_INIT */
		peer_class_put(&o, hs->connect);
	qcd_put(&o, sa->ike, sa->spi_i, sa->spi_r);
	if (wants_config(sa))
		cp_put_request(&o, hs->connect);
	if (!hs->is_childless)
		auth_put_child(&o, sa, &offer);
	mobike_put_request(&o, sa);
	if (is_first_contact(sa))
		msg_notify(&o, N_INITIAL_CONTACT, NULL, 0);
	msg_put_window(&o, hs->conf->ike.window);
	ppk_put(&o, sa);
	ticket_desk_ask(sa, &o);
	return msg_end(&o, msg);
}

enum status auth_i_request(struct ike_sa *sa)
{
	struct handshake *hs = sa->hs;
	struct view msg;
	enum status st;

	ask_selectors(hs);
	hs->is_childless = hs->peer_childless &&
			   snapshot_profile(hs->conf, sa->profile)->childless;
	hs->child.spi_ours = child_new_spi(sa->ike);
	if (hs->child.spi_ours == 0)
		return sa_fail(sa, ST_INTERNAL, "%s", "no free SPI found");
	sa->out.next = 1 + intermediate_count(sa);
	st = mode_offer(sa, encap_is_due(sa), mode_wish(hs->conf,
		snapshot_ipsec_profile(hs->conf, hs->connect->ipsec_profile)), &hs->child);
	if (st != ST_OK)
		return sa_fail(sa, st, "%s", "transport mode is required, and the selectors are not the "
			"two hosts, or there is a NAT");
	st = build(sa, &msg);
	if (st == ST_OK)
		st = sa_request(sa, REQ_AUTH, msg);
	if (st == ST_OK)
		sa_send(sa, msg);
	return st;
}

static enum status take_keys(struct ike_sa *sa, const struct ike_answer *a)
{
	const struct ike_profile *profile = snapshot_profile(sa->hs->conf, sa->profile);
	struct handshake *hs = sa->hs;
	enum status st;

	if (profile == NULL)
		return ST_NO_PROFILE;
	if (a->remote_key_len > IKE_PSK_LEN || a->local_key_len > IKE_PSK_LEN)
		return sa_fail(sa, ST_INTERNAL, "%s", "pre-shared key too long");
	hs->remote_key_len = a->remote_key_len;
	memcpy(hs->remote_key, a->remote_key, a->remote_key_len);
	st = proof_take_keys(sa, a);
	return st == ST_OK ? auth_my_id(sa, profile, a->subject) : st;
}

enum sa_event_kind auth_i_keys_event(const struct ike_sa *sa, const struct ike_answer *a)
{
	return proof_signs(a) && !eap_i_is_ours(sa) ? SE_SIGN : SE_GRANTED;
}

enum status auth_i_send(struct ike_sa *sa, const struct sa_event *ev)
{
	const struct ike_answer *a = ev->answer;
	enum status st = take_keys(sa, a);

	if (st == ST_OK && eap_i_is_ours(sa)) {
		proof_drop_certs(sa->hs->proof);
		return ppk_is_required(sa) ? sa_fail(sa, ST_PPK_REQUIRED, "profile %s requires a post-quantum "
				"key, which does not go with EAP here", sa->profile)
					   : auth_i_request(sa);
	}
	if (st == ST_OK)
		st = auth_sign(sa, (struct view){a->local_key, a->local_key_len});
	if (st == ST_OK)
		st = ppk_sign(sa, a);
	return st == ST_OK ? auth_i_request(sa) : st;
}

enum status auth_i_sign(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st = take_keys(sa, ev->answer);

	if (st == ST_OK)
		st = ppk_keep_answer(sa, ev->answer);
	return st == ST_OK ? proof_sign(sa) : st;
}

enum sa_event_kind auth_i_sign_event(const struct ike_sa *sa)
{
	return ppk_wants_second(sa) ? SE_JOB_MORE : SE_JOB;
}

/* The signature without the post-quantum key is made; now the one with it. */
enum status auth_i_sign_again(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st = proof_signed(sa, ev->job);

	if (st != ST_OK)
		return st;
	ppk_mix_kept(sa);
	return proof_sign(sa);
}

enum status auth_i_signed(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st = proof_signed(sa, ev->job);

	return st == ST_OK ? auth_i_request(sa) : st;
}

/* ---- the reply ---------------------------------------------------------------------------------- */

/* The first error notify; 0: none. */
static uint16_t error_of(const struct ike_payloads *p)
{
	struct notify n;

	return msg_error(p, &n) ? n.type : 0;
}

static enum status peer_error(struct ike_sa *sa, uint16_t type)
{
	static const struct {
		uint16_t type;
		enum status st;
	} known[] = {
		{N_NO_PROPOSAL_CHOSEN, ST_NO_CHILD_PROPOSAL},
		{N_TS_UNACCEPTABLE, ST_TS_UNACCEPTABLE},
		{N_INTERNAL_ADDRESS_FAILURE, ST_NO_ADDRESS},
		{N_FAILED_CP_REQUIRED, ST_FAILED_CP},
	};
	char words[IKE_DETAIL_LEN];
	enum status st = ST_PEER_REFUSED;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].type == type)
			st = known[i].st;
	explain_notify(words, sizeof(words), type);
	return sa_fail(sa, st, "%s", words);
}

enum status auth_i_refused(struct ike_sa *sa, const struct sa_event *ev)
{
	uint16_t type = error_of(&ev->msg->p);

	sa_request_done(sa, LANE_EXCHANGE);
	if (type == 0)
		return sa_fail(sa, ST_AUTH_METHOD, "%s", "the peer wants EAP");
	return peer_error(sa, type);
}

/* RFC 7296 2.21: an error in a response still makes us clean up. */
enum status auth_i_bad_reply(struct ike_sa *sa, const struct sa_event *ev)
{
	sa_request_done(sa, LANE_EXCHANGE);
	return sa_fail(sa, ev->status, "%s", "the peer's IKE_AUTH response is malformed");
}

static enum status judge_identity(struct ike_sa *sa, const struct ike_profile *profile)
{
	char who[160];

	if (proof_profile_covers(sa, profile))
		return ST_OK;
	explain_id(who, sizeof(who), sa->peer_id);
	return sa_fail(sa, ST_NO_PROFILE, "profile %s has no `match` for %s", profile->name, who);
}

enum status auth_i_read_peer(struct ike_sa *sa, const struct ike_payloads *p)
{
	const struct ike_profile *profile = snapshot_profile(sa->hs->conf, sa->profile);
	const struct payload *id = payload_find(p, PT_IDR);
	enum status st;

	if (id == NULL)
		return ST_BAD_EXCHANGE;
	st = auth_read_peer_id(sa, id->body);
	if (st == ST_OK)
		st = proof_read(sa, p);
	if (st == ST_OK)
		st = ppk_read_auth_reply(sa, p);
	return st == ST_OK ? judge_identity(sa, profile) : st;
}

enum status auth_i_authenticate(struct ike_sa *sa, const struct ike_payloads *p)
{
	const struct ike_profile *profile = snapshot_profile(sa->hs->conf, sa->profile);
	struct handshake *hs = sa->hs;
	enum status st;

	if (eap_i_is_ours(sa) && hs->resumed == NULL) {
		/* Without EAP there is no key to prove anything with: whoever answers has SK_pr. */
		return sa->state == SA_I_FINAL ? eap_i_check(sa, p)
					       : sa_fail(sa, ST_AUTH_METHOD, "%s",
							 "the responder lets us in without EAP");
	}
	st = auth_i_read_peer(sa, p);
	if (st == ST_OK && hs->resumed == NULL)
		st = proof_judge_remote(sa, profile);
	if (st == ST_OK)
		st = auth_verify(sa, (struct view){hs->remote_key, hs->remote_key_len});
	mem_zero(hs->remote_key, sizeof(hs->remote_key));
	return st;
}

enum sa_event_kind auth_i_reply_event(const struct ike_sa *sa, const struct ike_payloads *p)
{
	const struct payload *at = payload_find(p, PT_AUTH);
	bool has_eap = payload_find(p, PT_EAP) != NULL;
	struct auth auth;

	if (at == NULL)
		return has_eap ? SE_EAP_REPLY : SE_AUTH_REFUSED;
	/* A malformed one is found so when it is read. */
	if (has_eap || (auth_parse(at->body, &auth) == ST_OK && auth.method != AUTHM_PSK))
		return SE_SIGNED;
	return redirect_i_auth_event(p);
}

/* The responder has signed: the reply waits until that is judged. */
enum status auth_i_prove(struct ike_sa *sa, const struct sa_event *ev)
{
	const struct ike_profile *profile = snapshot_profile(sa->hs->conf, sa->profile);
	const struct ike_payloads *p = &ev->msg->p;
	enum status st;

	sa_request_done(sa, LANE_EXCHANGE);
	if ((payload_find(p, PT_EAP) != NULL) != eap_i_is_ours(sa))
		return sa_fail(sa, ST_AUTH_METHOD, "%s", eap_i_is_ours(sa) ? "the responder does not begin EAP"
									   : "the responder wants EAP");
	st = auth_i_read_peer(sa, p);
	if (st == ST_OK)
		st = proof_judge_remote(sa, profile);
	if (st == ST_OK && !proof_is_signed(sa->hs->proof)) /* R-AUT-04 */
		st = sa_fail(sa, ST_AUTH_METHOD, "%s", "a responder that wants EAP has to show a certificate");
	if (st == ST_OK)
		st = proof_keep_reply(sa->hs->proof, ev->msg);
	return st == ST_OK ? proof_ask(sa) : st;
}

enum sa_event_kind auth_i_proof_event(const struct ike_sa *sa)
{
	struct msg_in m;

	if (proof_reply(sa->hs->proof, &m) != ST_OK)
		return SE_GRANTED;
	if (payload_find(&m.p, PT_EAP) != NULL)
		return SE_EAP;
	return redirect_i_auth_event(&m.p) == SE_AUTH_REDIRECT ? SE_REDIRECTED : SE_GRANTED;
}

static enum status read_child(struct ike_sa *sa, const struct ike_payloads *p)
{
	struct handshake *hs = sa->hs;
	const struct payload *cp = payload_find(p, PT_CP);
	uint16_t error = error_of(p);
	struct ike_grant grant = {0};
	char words[IKE_DETAIL_LEN];
	enum status st;

	if (error == N_INTERNAL_ADDRESS_FAILURE &&
		cp_judge_grant(hs->connect, &grant, p, words) != ST_OK)
		return sa_fail(sa, ST_NO_ADDRESS, "%s", words);
	if (error != 0)
		return peer_error(sa, error);
	if ((payload_find(p, PT_SA) == NULL) != hs->is_childless ||
		(payload_find(p, PT_TSI) == NULL) != hs->is_childless ||
		(payload_find(p, PT_TSR) == NULL) != hs->is_childless)
		return ST_BAD_EXCHANGE;
	/* What we did not ask for changes nothing. */
	st = cp != NULL && wants_config(sa) ? cp_read_grant(cp->body, &grant) : ST_OK;
	if (st != ST_OK)
		return st;
	st = cp_judge_grant(hs->connect, &grant, p, words);
	if (st != ST_OK)
		return sa_fail(sa, st, "%s", words);
	st = grant_keep(&grant, &sa->grant);
	if (st != ST_OK)
		return st;
	return hs->is_childless ? ST_OK : child_read_reply(sa, p);
}

/* Networks of a family that the child does not carry lead nowhere. */
static void put_subnets(const struct ike_sa *sa, struct ike_question *q)
{
	const struct child_offer *c = &sa->hs->child;

	for (size_t i = 0; i < sa->grant->n_subnets; i++) {
		bool carried = false;

		for (size_t k = 0; k < c->n_ts_r; k++)
			carried |= c->ts_r[k].lo.family == sa->grant->subnets[i].addr.family;
		if (carried)
			q->subnets[q->n_subnets++] = sa->grant->subnets[i];
	}
}

/* What a responder says who is proven. */
static enum status take_reply(struct ike_sa *sa, const struct msg_in *m)
{
	struct ike_question q = {.kind = ASK_AUTHORIZE};
	enum status st;

	qcd_take(sa->ike, &m->p, &sa->peer_token);
	st = mobike_read_offer(sa, m);
	mobike_agree(sa);
	if (st == ST_OK)
		st = read_child(sa, &m->p);
	if (st != ST_OK)
		return st;
	window_in_grow(&sa->in, sa->hs->conf->ike.window);
	window_out_grow(&sa->out, msg_window(&m->p));
	ticket_desk_take(sa, &m->p);
	reauth_read(sa, &m->p);
	q.wants_ip4 = sa->grant->ip4.family != 0;
	q.wants_ip6 = sa->grant->ip6.family != 0;
	q.hint_ip4 = sa->grant->ip4;
	q.hint_ip6 = sa->grant->ip6;
	q.tun = sa->hs->connect->tun;
	put_subnets(sa, &q);
	return sa_ask(sa, &q);
}

enum status auth_i_reply(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st;

	sa_request_done(sa, LANE_EXCHANGE);
	st = auth_i_authenticate(sa, &ev->msg->p);
	return st == ST_OK ? take_reply(sa, ev->msg) : st;
}

enum status auth_i_proven(struct ike_sa *sa, const struct sa_event *ev)
{
	struct msg_in m;
	enum status st = proof_reply(sa->hs->proof, &m);

	(void)ev;
	sa->auth_remote = sa->hs->proof->method;
	return st == ST_OK ? take_reply(sa, &m) : st;
}

/* What IKE_AUTH did not make. */
static enum status add_wishes(struct ike_sa *sa)
{
	const struct ike_connect *c = sa->hs->connect;
	const struct child_offer *o = &sa->hs->child;
	struct wish w = {.n_local_ts = o->n_ts_i, .n_remote_ts = o->n_ts_r};
	enum status st = ST_OK;

	memcpy(w.local_ts, o->ts_i, sizeof(w.local_ts));
	memcpy(w.remote_ts, o->ts_r, sizeof(w.remote_ts));
	if (sa->hs->is_childless)
		st = wish_add(sa, &w);
	for (size_t i = 0; i < c->n_more && st == ST_OK; i++) {
		w = (struct wish){.n_local_ts = 1, .n_remote_ts = 1};
		w.local_ts[0] = c->more_local[i];
		w.remote_ts[0] = c->more_remote[i];
		st = wish_add(sa, &w);
	}
	return st;
}

enum status auth_i_authorized(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st;

	sa->session = ev->answer->session;
	sa->is_resumed = sa->hs->resumed != NULL;
	if (sa->is_resumed)
		stats_inc(sa->ike->stats, CT_RESUMED);
	sa->grant->tun = ev->answer->grant.tun;
	st = child_install_first(sa);
	if (st == ST_OK)
		st = add_wishes(sa);
	return st == ST_OK ? sa_commit(sa) : st;
}

enum status auth_i_committed(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st;

	if (ev->status != ST_OK)
		return sa_fail(sa, ev->status, "%s", "");
	sa_set_lifetimes(sa);
	cp_set_owe(sa);
	st = ike_keep(sa);
	if (st != ST_OK)
		sa->up_ms = 0;
	return st;
}
