#include "core/ike/redirect.h"

#include <string.h>

#include "core/ike/auth.h"
#include "core/ike/auth_i.h"
#include "core/ike/auth_r.h"
#include "core/ike/eap_r.h"
#include "core/ike/engine.h"
#include "core/ike/info.h"
#include "core/ike/init_r.h"
#include "core/ike/ppk.h"
#include "core/ike/proof.h"
#include "core/wire/notify.h"

#define REDIRECT_MAX (2 + GATEWAY_NAME + NONCE_MAX) /* data of the notify */
#define PLAIN_LEN (28 + 8) /* IKE header and a notify without data */

static void put_gateway(struct msg_out *o, uint16_t type, const struct gateway *g, struct view nonce)
{
	uint8_t data[REDIRECT_MAX];
	struct wr w = wr_init(data, sizeof(data));

	gateway_build(&w, g, nonce);
	msg_notify(o, type, data, w.len);
}

/* ---- client --------------------------------------------------------------------------------- */

void redirect_i_announce(struct msg_out *o, struct ike_sa *sa)
{
	const struct gateway from = {.addr = sa->hs->connect->redirected_from};

	if (!sa->hs->conf->ike.redirect_client)
		return;
	sa->follows_redirects = true;
	if (gateway_is_none(&from))
		msg_notify(o, N_REDIRECT_SUPPORTED, NULL, 0);
	else
		put_gateway(o, N_REDIRECTED_FROM, &from, (struct view){0});
}

static void refused(struct ike_sa *sa)
{
	stats_status(sa->ike->stats, ST_REDIRECT_REFUSED);
	stats_inc(sa->ike->stats, CT_REDIRECT_REFUSED);
}

bool redirect_i_judge(struct ike_sa *sa, struct view data)
{
	const struct handshake *hs = sa->hs;
	struct gateway g;
	struct view nonce;

	/* R-RDR-04: whoever sends it has seen our request. */
	if (sa->follows_redirects && gateway_parse(data, &g, &nonce) == ST_OK &&
		nonce.len == hs->ni_len && memcmp(nonce.p, hs->ni, nonce.len) == 0)
		return true;
	refused(sa);
	return false;
}

enum sa_event_kind redirect_i_auth_event(const struct ike_payloads *p)
{
	struct notify n;

	return msg_find_notify(p, N_REDIRECT, &n) ? SE_AUTH_REDIRECT : SE_AUTH_REPLY;
}

enum sa_event_kind redirect_i_info_event(const struct ike_sa *sa, const struct ike_payloads *p)
{
	struct notify n;

	return sa->state == SA_UP && msg_find_notify(p, N_REDIRECT, &n) ? SE_REDIRECT_REQUEST
									 : SE_INFO_REQUEST;
}

static void tell(struct ike_sa *sa, enum ike_event_kind kind, const struct gateway *g)
{
	char text[GATEWAY_TEXT];
	struct ike_event ev = {
		.kind = kind,
		.sa = sa->number,
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.local = sa->local,
		.remote = sa->remote,
		.peer_id = sa->peer_id->type != 0 ? sa->peer_id : NULL,
		.profile = sa->profile,
		.detail = gateway_format(g, text),
		.session = sa->session,
		.gateway = g,
	};

	/* Before the client has authenticated it is what anybody can cause. */
	if (kind == IKE_EV_REDIRECT_SENT && sa->peer_id->type == 0)
		ike_report(sa->ike, &ev);
	else
		sa->ike->ports->tell(sa->ike->ctx, &ev);
}

/* The world connects to the other gateway; this SA is over. */
static enum status follow(struct ike_sa *sa, const struct ike_payloads *p)
{
	struct notify n;
	struct gateway g;
	struct view nonce;
	char text[GATEWAY_TEXT];

	if (!sa->follows_redirects || !sa->ike->conf->ike.redirect_client ||
		!msg_find_notify(p, N_REDIRECT, &n) ||
		gateway_parse(n.data, &g, &nonce) != ST_OK) {
		stats_inc(sa->ike->stats, CT_REDIRECT_REFUSED);
		return ST_REDIRECT_REFUSED;
	}
	stats_inc(sa->ike->stats, CT_REDIRECT_IN);
	tell(sa, IKE_EV_REDIRECTED, &g);
	sa_fail(sa, ST_REDIRECTED, "redirected to %s", gateway_format(&g, text));
	return ST_OK;
}

enum status redirect_i_init(struct ike_sa *sa, const struct sa_event *ev)
{
	sa_request_done(sa, LANE_EXCHANGE);
	return follow(sa, &ev->msg->p);
}

enum status redirect_i_auth(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st;

	sa_request_done(sa, LANE_EXCHANGE);
	st = auth_i_authenticate(sa, &ev->msg->p);
	return st == ST_OK ? follow(sa, &ev->msg->p) : st;
}

enum status redirect_i_proven(struct ike_sa *sa, const struct sa_event *ev)
{
	struct msg_in m;
	enum status st = proof_reply(sa->hs->proof, &m);

	(void)ev;
	return st == ST_OK ? follow(sa, &m.p) : st;
}

/* RFC 5685 section 5: it is answered like any other, and then the SA is ours to delete. */
enum status redirect_i_info(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st = info_request(sa, ev);

	return st == ST_OK ? follow(sa, &ev->msg->p) : st;
}

/* ---- gateway -------------------------------------------------------------------------------- */

void redirect_r_read(struct handshake *hs, const struct ike_payloads *p)
{
	struct notify n;
	struct gateway from;
	struct view rest;

	hs->follows_redirects = msg_find_notify(p, N_REDIRECT_SUPPORTED, &n);
	if (!msg_find_notify(p, N_REDIRECTED_FROM, &n))
		return;
	hs->follows_redirects = true;
	if (gateway_parse(n.data, &from, &rest) == ST_OK)
		hs->redirected_from = from.addr;
}

enum sa_event_kind redirect_r_init_event(const struct ike *ike, const struct ike_payloads *p)
{
	struct notify n;

	return ike->conf->ike.redirect_init && (msg_find_notify(p, N_REDIRECT_SUPPORTED, &n) ||
						       msg_find_notify(p, N_REDIRECTED_FROM, &n))
		? SE_MAY_REDIRECT : SE_ACCEPT;
}

enum sa_event_kind redirect_r_auth_event(const struct ike_sa *sa)
{
	const struct snapshot *conf = sa->hs->conf;
	const struct ike_profile *profile = snapshot_profile(conf, sa->profile);
	bool wanted = conf->ike.redirect_auth || (profile != NULL && profile->redirect_auth);

	/* Its session is here, and nowhere else. */
	return wanted && sa->hs->follows_redirects && !sa->hs->by_token ? SE_MAY_REDIRECT : SE_GRANTED;
}

enum sa_event_kind redirect_r_answer_event(const struct ike_sa *sa, const struct ike_answer *a)
{
	const struct gateway *g = &a->gateway;
	size_t id_len = addr_len(&g->addr) > 0 ? addr_len(&g->addr) : strlen(g->name);

	if (gateway_is_none(g))
		return SE_GRANTED;
	/* No reply is longer than its request: a client with so short a one stays. */
	if (sa->state == SA_R_INIT_TARGET &&
		PLAIN_LEN + 2 + id_len + sa->hs->ni_len > sa->hs->init_request_len)
		return SE_GRANTED;
	return SE_REDIRECTED;
}

static enum status ask(struct ike_sa *sa)
{
	struct ike_question q = {
		.kind = ASK_REDIRECT,
		.redirected_from = sa->hs->redirected_from,
	};

	return sa_ask(sa, &q);
}

enum status redirect_r_ask_init(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st = init_r_take(sa, ev->init);

	return st == ST_OK ? ask(sa) : st;
}

/* Nobody knows another gateway, or nobody says so in time. */
enum status redirect_r_stay_init(struct ike_sa *sa, const struct sa_event *ev)
{
	(void)ev;
	waiter_cancel(&sa->wait);
	return init_r_begin(sa);
}

enum status redirect_r_init(struct ike_sa *sa, const struct sa_event *ev)
{
	const struct gateway *g = &ev->answer->gateway;
	struct ike_hdr hdr = {
		.spi_i = sa->spi_i,
		.version = IKE_VERSION,
		.exchange = EX_IKE_SA_INIT,
		.flags = IKE_FLAG_RESPONSE,
	};
	char text[GATEWAY_TEXT];
	struct msg_out o;
	struct view msg;
	enum status st;

	msg_start_plain(&o, sa->ike, &hdr);
	put_gateway(&o, N_REDIRECT, g, (struct view){sa->hs->ni, sa->hs->ni_len});
	st = msg_end(&o, &msg);
	if (st != ST_OK)
		return st;
	sa_send(sa, msg);
	stats_inc(sa->ike->stats, CT_REDIRECT_OUT);
	tell(sa, IKE_EV_REDIRECT_SENT, g);
	sa_fail(sa, ST_REDIRECTED, "redirected to %s", gateway_format(g, text));
	return ST_OK;
}

enum status redirect_r_ask_auth(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st = ST_OK;

	if (sa->state == SA_R_KEYS)
		st = auth_r_check(sa, ev->answer);
	else if (sa->state == SA_R_SIGN)
		st = proof_signed(sa, ev->job);
	else if (sa->state == SA_R_FINAL)
		st = eap_r_check(sa, ev);
	else /* R_PROOF: its signature is right */
		sa->auth_remote = sa->hs->proof->method;
	return st == ST_OK ? ask(sa) : st;
}

enum status redirect_r_stay_auth(struct ike_sa *sa, const struct sa_event *ev)
{
	(void)ev;
	waiter_cancel(&sa->wait);
	return auth_r_authorize(sa);
}

/* R-RDR-07: the client is who it says; what it replaces is replaced, and there is no child. */
enum status redirect_r_auth(struct ike_sa *sa, const struct sa_event *ev)
{
	const struct gateway *g = &ev->answer->gateway;
	uint32_t msgid = sa->in.next - 1;
	char text[GATEWAY_TEXT];
	struct msg_out o;
	struct view msg;
	enum status st;

	auth_r_replace_older(sa);
	msg_start(&o, sa, EX_IKE_AUTH, true, msgid);
	auth_put_ours(&o, PT_IDR, sa);
	ppk_put(&o, sa);
	put_gateway(&o, N_REDIRECT, g, (struct view){0});
	st = msg_end(&o, &msg);
	if (st == ST_OK)
		st = window_in_reply(&sa->in, msgid, msg);
	if (st != ST_OK)
		return st;
	sa_send(sa, msg);
	stats_inc(sa->ike->stats, CT_REDIRECT_OUT);
	tell(sa, IKE_EV_REDIRECT_SENT, g);
	sa_fail(sa, ST_REDIRECTED, "redirected to %s", gateway_format(g, text));
	return ST_OK;
}
