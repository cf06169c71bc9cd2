#include "core/ike/eap_i.h"

#include <string.h>

#include "core/ike/auth_i.h"
#include "core/ike/engine.h"
#include "core/ike/ppk.h"
#include "core/ike/proof.h"

static const struct ike_profile *profile_of(const struct ike_sa *sa)
{
	return snapshot_profile(sa->hs->conf, sa->profile);
}

bool eap_i_is_ours(const struct ike_sa *sa)
{
	const struct ike_profile *profile = profile_of(sa);

	return profile != NULL && profile->auth_local == AUTH_EAP;
}

bool eap_i_is_only(const struct ike_sa *sa)
{
	const struct ike_profile *profile = profile_of(sa);

	return eap_i_is_ours(sa) && profile->eap_only;
}

static enum status ask(struct ike_sa *sa, const struct ike_payloads *p)
{
	const struct payload *eap = payload_find(p, PT_EAP);
	struct ike_question q = {
		.kind = ASK_EAP,
		.eap = eap->body,
		.proves_gateway = sa->hs->proof->eap_only,
	};

	if (eap->body.len == 0 || eap->body.len > IKE_EAP_MAX)
		return sa_fail(sa, ST_BAD_PAYLOAD, "an EAP packet of %zu octets", eap->body.len);
	return sa_ask(sa, &q);
}

/* The responder shows no AUTH of its own. */
enum status eap_i_alone(struct ike_sa *sa, const struct sa_event *ev)
{
	const struct ike_payloads *p = &ev->msg->p;
	enum status st;

	sa_request_done(sa, LANE_EXCHANGE);
	if (!eap_i_is_only(sa))
		return sa_fail(sa, ST_AUTH_METHOD, "%s", "the responder begins EAP without having proven who it is");
	st = auth_i_read_peer(sa, p);
	if (st != ST_OK)
		return st;
	sa->hs->proof->eap_only = true;
	return ask(sa, p);
}

/* The responder is proven; its reply had the first EAP packet. */
enum status eap_i_begin(struct ike_sa *sa, const struct sa_event *ev)
{
	struct msg_in m;
	enum status st = proof_reply(sa->hs->proof, &m);

	(void)ev;
	sa->auth_remote = sa->hs->proof->method;
	return st == ST_OK ? ask(sa, &m.p) : st;
}

enum status eap_i_packet(struct ike_sa *sa, const struct sa_event *ev)
{
	sa_request_done(sa, LANE_EXCHANGE);
	return ask(sa, &ev->msg->p);
}

static enum status send_message(struct ike_sa *sa, struct msg_out *o)
{
	struct view msg;
	enum status st = msg_end(o, &msg);

	if (st == ST_OK)
		st = sa_request(sa, REQ_AUTH, msg);
	if (st == ST_OK)
		sa_send(sa, msg);
	return st;
}

enum status eap_i_send(struct ike_sa *sa, const struct sa_event *ev)
{
	struct view packet = ev->answer->eap;
	struct msg_out o;

	if (packet.len == 0 || packet.len > IKE_EAP_MAX)
		return sa_fail(sa, ST_INTERNAL, "%s", "an EAP packet of an impossible length");
	msg_start(&o, sa, EX_IKE_AUTH, false, sa->out.next);
	payload_put(&o.c, PT_EAP, packet.p, packet.len);
	return send_message(sa, &o);
}

enum status eap_i_over(struct ike_sa *sa, const struct sa_event *ev)
{
	const struct ike_answer *a = ev->answer;
	struct proof *p = sa->hs->proof;
	struct msg_out o;
	enum status st;

	if (a->msk_len != 0 && a->msk_len != IKE_MSK_LEN)
		return ST_INTERNAL;
	if (p->eap_only && a->msk_len == 0)
		return sa_fail(sa, ST_AUTH_METHOD, "%s",
			"EAP was to prove the responder, too, and its method makes no key");
	p->msk_len = a->msk_len;
	memcpy(p->msk, a->msk, sizeof(p->msk));
	st = proof_share(sa, proof_eap_key(sa, true));
	if (st != ST_OK)
		return st;
	sa->auth_local = AUTHM_EAP_SHOWN;
	msg_start(&o, sa, EX_IKE_AUTH, false, sa->out.next);
	auth_put_value(&o, sa);
	return send_message(sa, &o);
}

enum status eap_i_early(struct ike_sa *sa, const struct sa_event *ev)
{
	(void)ev;
	sa_request_done(sa, LANE_EXCHANGE);
	return sa_fail(sa, ST_AUTH_FAILED, "%s", "the responder's message is not the one that comes next in EAP");
}

enum status eap_i_check(struct ike_sa *sa, const struct ike_payloads *p)
{
	const struct proof *proof = sa->hs->proof;
	enum status st = proof_read(sa, p);

	if (st != ST_OK)
		return st;
	if (proof->method != AUTHM_PSK)
		return sa_fail(sa, ST_AUTH_METHOD, "after EAP the responder authenticates by %s",
			auth_method_name(proof->method));
	if (!auth_is_right(sa, sa->peer_id, proof_eap_key(sa, false)))
		return sa_fail(sa, ST_AUTH_FAILED, "%s", "the responder's AUTH after EAP is wrong");
	if (proof->eap_only)
		sa->auth_remote = AUTHM_EAP_SHOWN;
	return ST_OK;
}
