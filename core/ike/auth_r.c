#include "core/ike/auth_r.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/ike/child.h"
#include "core/ike/cp.h"
#include "core/ike/cp_set.h"
#include "core/ike/engine.h"
#include "core/ike/eap_r.h"
#include "core/ike/explain.h"
#include "core/ike/freeze.h"
#include "core/ike/mode.h"
#include "core/ike/ppk.h"
#include "core/ike/proof.h"
#include "core/ike/reauth.h"
#include "core/ike/qcd.h"
#include "core/ike/redirect.h"
#include "core/ike/ticket_desk.h"
#include "core/ike/token_r.h"
#include "core/wire/cp.h"
#include "core/wire/notify.h"

#define CERT_MAPS_MAX 64 /* that one certificate is found to meet */

/* ---- reading the request ---------------------------------------------------------------------- */

static enum status read_notifies(struct handshake *hs, const struct ike_payloads *p)
{
	struct notify n;
	enum status st;

	for (const struct payload *at = payload_find(p, PT_NOTIFY); at != NULL;
		at = payload_find_next(p, at)) {
		st = notify_parse(at->body, &n);
		if (st != ST_OK)
			return st;
		hs->initial_contact |= n.type == N_INITIAL_CONTACT;
		hs->wants_ticket |= n.type == N_TICKET_REQUEST;
		hs->is_forticlient |= n.type == N_FORTICLIENT_CONNECT;
		hs->another_follows |= n.type == N_ANOTHER_AUTH_FOLLOWS;
	}
	return ST_OK;
}

static enum status read_request(struct ike_sa *sa, const struct ike_payloads *p)
{
	struct handshake *hs = sa->hs;
	const struct payload *cp = payload_find(p, PT_CP);
	enum status st = auth_read_peer_id(sa, payload_find(p, PT_IDI)->body);

	sa->peer_class = (uint8_t)peer_class_read(p, (enum peer_class)sa->peer_class);
	sa->peer_class = (uint8_t)peer_class_by_id(sa->peer_id, (enum peer_class)sa->peer_class);
	if (st == ST_OK)
		st = read_notifies(hs, p);
	qcd_take(sa->ike, p, &sa->peer_token);
	if (st == ST_OK)
		ppk_read_auth(sa, p);
	if (st == ST_OK && cp != NULL)
		st = cp_read_request(cp->body, hs);
	if (st == ST_OK)
		st = proof_read_wants(hs, p);
	if (st == ST_OK)
		st = proof_read(sa, p);
	if (st == ST_OK)
		hs->proof->by_eap = hs->proof->method == 0; /* RFC 7296 2.16 */
	window_out_grow(&sa->out, msg_window(p));
	return st == ST_OK ? child_read_request(sa, p) : st;
}

/* ---- the profile ------------------------------------------------------------------------------- */

static enum status select_profile(const struct ike_sa *sa, struct profile_answer *answer)
{
	const char *maps[CERT_MAPS_MAX];
	struct profile_query q = {
		.cert_maps = maps,
		.cert_map_count = proof_cert_maps(sa, maps, CERT_MAPS_MAX),
		.vrf = sa->local.vrf,
		.local = sa->local.addr,
		.id_type = sa->peer_id->type,
		.id = {sa->peer_id->bytes, sa->peer_id->len},
	};

	return profile_select(sa->hs->conf, &q, answer);
}

/* name: what a script chose; "" leaves it to the configuration. */
static enum status find_profile(struct ike_sa *sa, const char *name, const struct ike_profile **out)
{
	struct profile_answer answer;
	char words[IKE_DETAIL_LEN];
	enum status st;

	if (name[0] != '\0') {
		*out = snapshot_profile(sa->hs->conf, name);
		if (*out == NULL)
			return sa_fail(sa, ST_NO_PROFILE,
				"the script chose profile %s, which is not defined", name);
		return (*out)->shutdown ? sa_fail(sa, ST_PROFILE_SHUTDOWN,
						  "the script chose profile %s, which is shut down", name)
					: ST_OK;
	}
	st = select_profile(sa, &answer);
	if (st != ST_OK) {
		explain_profile(words, sizeof(words), st, sa->peer_id, &answer);
		return sa_fail(sa, st, "%s", words);
	}
	*out = answer.profile;
	return ST_OK;
}

static enum status take_profile(struct ike_sa *sa, const struct ike_profile *profile)
{
	enum status st = auth_take_profile(sa, profile);

	if (st != ST_OK)
		return st;
	mobike_agree(sa);
	/* Who resumes has shown before how it authenticates. */
	if (sa->hs->by_token)
		st = token_r_judge_method(sa);
	else
		st = sa->hs->resumed == NULL ? proof_judge_methods(sa, profile) : ST_OK;
	return st == ST_OK ? child_choose(sa, profile, sa->hs->child_words) : st;
}

/* A script may look at who the peer says it is before the profile is chosen; it is told which one
 * the configuration would choose, if any. */
enum status auth_r_request(struct ike_sa *sa, const struct sa_event *ev)
{
	struct ike_question q = {.kind = ASK_HOOK};
	struct guard_limits limits = ike_limits(sa->ike);
	struct profile_answer likely;
	enum status st;

	stats_inc(sa->ike->stats, CT_IKE_AUTH_IN);
	window_in_accept(&sa->in, ev->msg->hdr.msgid);
	/* The client floats to port 4500 here when there is a NAT (RFC 7296 2.23). */
	sa->local = *ev->msg->local;
	sa->remote = *ev->msg->remote;
	if (limits.established != 0 && sa->ike->guard.established >= limits.established)
		return sa_fail(sa, ST_SA_LIMIT, "limit max-sa %u is reached", limits.established);
	st = read_request(sa, &ev->msg->p);
	if (st == ST_OK)
		st = mobike_read_offer(sa, ev->msg);
	if (st != ST_OK)
		return st;
	if (select_profile(sa, &likely) == ST_OK)
		st = text_set(&sa->profile, likely.profile->name);
	if (st != ST_OK)
		return st;
	q.session_state = sa->hs->session_state;
	sa->hs->session_state = (struct view){0}; /* the message goes */
	return sa_ask(sa, &q);
}

enum status auth_r_profile(struct ike_sa *sa, const struct ike_answer *a)
{
	const struct ike_profile *profile = NULL;
	enum status st;

	text_free(&sa->profile);
	sa->hs->by_token = a->by_token;
	snprintf(sa->hs->name, sizeof(sa->hs->name), "%s", a->name);
	st = find_profile(sa, a->profile, &profile);
	return st == ST_OK ? take_profile(sa, profile) : st;
}

enum status auth_r_named(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st = auth_r_profile(sa, ev->answer);

	return st == ST_OK ? proof_ask_keys(sa) : st;
}

/* ---- from question to question ------------------------------------------------------------------ */

static const struct ike_profile *profile_of(const struct ike_sa *sa)
{
	return snapshot_profile(sa->hs->conf, sa->profile);
}

enum sa_event_kind auth_r_request_event(const struct ike_sa *sa, const struct ike_payloads *p)
{
	if (payload_find(p, PT_EAP) != NULL)
		return SE_EAP_REQUEST;
	return sa->state == SA_R_FINAL && redirect_r_auth_event(sa) == SE_MAY_REDIRECT ? SE_MAY_REDIRECT
										       : SE_AUTH_REQUEST;
}

enum sa_event_kind auth_r_keys_event(const struct ike_sa *sa, const struct ike_answer *a)
{
	const struct proof *p = sa->hs->proof;

	if (proof_is_signed(p))
		return SE_SIGNED;
	if (p->by_eap && eap_r_is_only(sa))
		return SE_EAP;
	return proof_signs(a) ? SE_SIGN : redirect_r_auth_event(sa);
}

enum sa_event_kind auth_r_proof_event(const struct ike_sa *sa)
{
	return sa->hs->proof->my_scheme != 0 ? SE_SIGN : redirect_r_auth_event(sa);
}

enum sa_event_kind auth_r_sign_event(const struct ike_sa *sa)
{
	const struct handshake *hs = sa->hs;
	enum sa_event_kind kind = redirect_r_auth_event(sa);

	if (hs->proof->by_eap)
		return SE_EAP;
	if (hs->another_follows)
		return SE_ANOTHER;
	return kind == SE_GRANTED ? SE_JOB : kind;
}

enum status auth_r_take_keys(struct ike_sa *sa, const struct ike_answer *a)
{
	enum status st;

	if (a->remote_key_len > IKE_PSK_LEN || a->local_key_len > IKE_PSK_LEN)
		return sa_fail(sa, ST_INTERNAL, "%s", "pre-shared key too long");
	st = proof_take_keys(sa, a);
	if (st == ST_OK)
		st = auth_my_id(sa, profile_of(sa), a->subject);
	/* With EAP the peer says at its end which one it uses (RFC 8784 section 3). */
	if (st == ST_OK && !sa->hs->proof->by_eap)
		st = ppk_decide(sa, a);
	return st;
}

enum status auth_r_check(struct ike_sa *sa, const struct ike_answer *a)
{
	enum status st = auth_r_take_keys(sa, a);

	if (st == ST_OK)
		st = auth_verify(sa, (struct view){a->remote_key, a->remote_key_len});
	if (st == ST_OK)
		st = auth_sign(sa, (struct view){a->local_key, a->local_key_len});
	return st;
}

void auth_r_put_networks(const struct ike_sa *sa, struct ike_question *q)
{
	if (!sa->settings.set_accept)
		return;
	q->n_subnets = sa->hs->n_networks;
	memcpy(q->subnets, sa->hs->networks, sizeof(q->subnets));
}

enum status auth_r_authorize(struct ike_sa *sa)
{
	struct ike_question q = {.kind = ASK_AUTHORIZE};

	snprintf(q.name, sizeof(q.name), "%s", sa->hs->name);
	auth_r_put_networks(sa, &q);
	q.initial_contact = sa->hs->initial_contact || sa->settings.initial_contact_force;
	return sa_ask(sa, &q);
}

enum status auth_r_verify(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st = auth_r_check(sa, ev->answer);

	return st == ST_OK ? auth_r_authorize(sa) : st;
}

/* The peer has signed. Ours is made when the peer is proven, but with a shared key, which costs nothing. */
enum status auth_r_prove(struct ike_sa *sa, const struct sa_event *ev)
{
	const struct ike_answer *a = ev->answer;
	enum status st = auth_r_take_keys(sa, a);

	if (st == ST_OK && !proof_signs(a))
		st = auth_sign(sa, (struct view){a->local_key, a->local_key_len});
	return st == ST_OK ? proof_ask(sa) : st;
}

/* The shared key of the peer is judged before anything is signed for it. */
enum status auth_r_sign(struct ike_sa *sa, const struct sa_event *ev)
{
	const struct ike_answer *a = ev->answer;
	bool has_keys = a->kind == ASK_KEYS;
	enum status st = has_keys ? auth_r_take_keys(sa, a) : ST_OK;

	if (st == ST_OK && !has_keys)
		sa->auth_remote = sa->hs->proof->method;
	if (st == ST_OK && has_keys && !sa->hs->proof->by_eap)
		st = auth_verify(sa, (struct view){a->remote_key, a->remote_key_len});
	return st == ST_OK ? proof_sign(sa) : st;
}

enum status auth_r_proven(struct ike_sa *sa, const struct sa_event *ev)
{
	(void)ev;
	sa->auth_remote = sa->hs->proof->method;
	return auth_r_authorize(sa);
}

enum status auth_r_signed(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st = proof_signed(sa, ev->job);

	return st == ST_OK ? auth_r_authorize(sa) : st;
}

void auth_r_replace_older(struct ike_sa *sa)
{
	if (sa->hs->initial_contact || sa->settings.initial_contact_force)
		auth_replace_older(sa);
}

static enum status take_session(struct ike_sa *sa, const struct ike_answer *a)
{
	enum status st = ST_OK;

	sa->session = a->session;
	if (sa->hs->by_token)
		st = token_r_take_over(sa, a);
	if (st == ST_OK)
		auth_r_replace_older(sa);
	return st;
}

enum status auth_r_authorized(struct ike_sa *sa, const struct sa_event *ev)
{
	struct handshake *hs = sa->hs;
	struct ike_question q = {
		.kind = ASK_ADDRESS,
		.wants_ip4 = hs->wants_ip4,
		.wants_ip6 = hs->wants_ip6,
		.hint_ip4 = hs->hint_ip4,
		.hint_ip6 = hs->hint_ip6,
		.wants_token = hs->cp_type == CP_REQUEST && (hs->cp_asked & CP_ASKED_TOKEN) != 0,
		.wants_state = hs->cp_type == CP_REQUEST && (hs->cp_asked & CP_ASKED_STATE) != 0,
	};

	enum status st = take_session(sa, ev->answer);
	return st == ST_OK ? sa_ask(sa, &q) : st;
}

/* RFC 8983: a client that asked for the wrong family is told which one there is. */
enum status auth_r_no_address(struct ike_sa *sa, const struct sa_event *ev)
{
	sa->hs->allows_ip4 = ev->answer->grant.allows_ip4;
	sa->hs->allows_ip6 = ev->answer->grant.allows_ip6;
	return sa_refused(sa, ev);
}

enum status auth_r_childless(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st = take_session(sa, ev->answer);

	if (st != ST_OK)
		return st;
	sa_fail(sa, sa->hs->child.status, "%s", sa->hs->child_words);
	return ST_OK;
}

static enum status narrow(struct ike_sa *sa)
{
	struct child_offer *c = &sa->hs->child;
	struct ts_set asked_i = {.n = c->n_ts_i}, asked_r = {.n = c->n_ts_r}, ts_i, ts_r;
	enum status st;

	memcpy(asked_i.v, c->ts_i, sizeof(asked_i.v));
	memcpy(asked_r.v, c->ts_r, sizeof(asked_r.v));
	if (c->transport)
		mode_narrow(sa, &asked_i, &asked_r, &ts_i, &ts_r);
	st = c->transport ? ST_OK : narrow_for_grant(&asked_i, &asked_r, sa->grant, &ts_i, &ts_r);
	if (st != ST_OK)
		return sa_fail(sa, st, "%s", sa->grant->n_remote == 0
			? "the session was granted no inner address or network"
			: "the client's selectors have nothing in common with what it was granted");
	c->n_ts_i = ts_i.n;
	c->n_ts_r = ts_r.n;
	memcpy(c->ts_i, ts_i.v, sizeof(c->ts_i));
	memcpy(c->ts_r, ts_r.v, sizeof(c->ts_r));
	return ST_OK;
}

enum status auth_r_address(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st = grant_keep(&ev->answer->grant, &sa->grant);

	if (st == ST_OK)
		st = token_r_keep_offer(sa, ev->answer);
	if (st == ST_OK && !sa->hs->is_childless)
		st = narrow(sa);
	if (st == ST_OK)
		st = child_install_first(sa);
	return st == ST_OK ? sa_commit(sa) : st;
}

/* ---- the reply ----------------------------------------------------------------------------------- */

static void put_grant(struct msg_out *o, struct ike_sa *sa)
{
	const struct child_offer *c = &sa->hs->child;
	uint8_t spi[4];
	struct wr w = wr_init(spi, sizeof(spi));
	struct sa answer;

	wr_u32(&w, c->spi_ours);
	cp_put_answer(o, sa->hs, sa->grant, (enum peer_class)sa->peer_class, sa->settings.set_accept);
	if (sa->hs->is_childless)
		return;
	offer_answer(&answer, PROTO_ESP, &c->chosen, false, (struct view){spi, sizeof(spi)});
	auth_put_child(o, sa, &answer);
}

static enum status reply(struct ike_sa *sa, struct view *msg)
{
	uint32_t msgid = sa->in.next - 1;
	struct msg_out o;
	enum status st;

	msg_start(&o, sa, EX_IKE_AUTH, true, msgid);
	auth_put_ours(&o, PT_IDR, sa);
	qcd_put(&o, sa->ike, sa->spi_i, sa->spi_r);
	put_grant(&o, sa);
	msg_put_window(&o, sa->hs->conf->ike.window);
	window_in_grow(&sa->in, sa->hs->conf->ike.window);
	ticket_desk_put(sa, sa->hs->wants_ticket, &o);
	if (sa->mobike.is_on)
		mobike_put_offer(&o, sa);
	reauth_put(&o, sa);
	ppk_put(&o, sa);
	st = msg_end(&o, msg);
	return st == ST_OK ? window_in_reply(&sa->in, msgid, *msg) : st;
}

/* Commit before reply, keep before reply: a session that the client knows of survives us. */
enum status auth_r_committed(struct ike_sa *sa, const struct sa_event *ev)
{
	struct view msg;
	enum status st = ev->status;

	if (st != ST_OK)
		return sa_fail(sa, st, "%s", "");
	st = reply(sa, &msg);
	if (st != ST_OK)
		return st;
	cp_set_owe(sa);
	sa_set_lifetimes(sa);
	st = ike_keep(sa);
	if (st != ST_OK) {
		window_in_retract(&sa->in, sa->in.next - 1);
		sa->up_ms = 0;
		return sa_fail(sa, st, "%s", "the session's record could not be kept");
	}
	sa_send(sa, msg);
	return ST_OK;
}

void auth_r_error_reply(struct ike_sa *sa, bool with_auth)
{
	uint32_t msgid = sa->in.next - 1;
	uint16_t type = status_notify(sa->why);
	struct msg_out o;
	struct view msg;

	if (!window_in_is_busy(&sa->in, msgid) || sa->hs == NULL)
		return;
	/* What went wrong on our side has no name in the RFC; this one says: not your fault. */
	if (type == 0)
		type = N_TEMPORARY_FAILURE;
	msg_start(&o, sa, EX_IKE_AUTH, true, msgid);
	if (with_auth) {
		auth_put_ours(&o, PT_IDR, sa);
		ppk_put(&o, sa);
	}
	msg_notify(&o, type, NULL, 0);
	cp_put_allowed(&o, sa->hs->allows_ip4, sa->hs->allows_ip6);
	if (msg_end(&o, &msg) != ST_OK || window_in_reply(&sa->in, msgid, msg) != ST_OK)
		return;
	sa_send(sa, msg);
}
