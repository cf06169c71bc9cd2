#include "core/ike/eap_r.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/ike/auth_r.h"
#include "core/ike/engine.h"
#include "core/ike/ppk.h"
#include "core/ike/proof.h"

#define LAST_WORD_MS 10000 /* a client confirms an alert without its user, or goes away */
#define WHOLE        4     /* times the patience for one message */

static const struct ike_profile *profile_of(const struct ike_sa *sa)
{
	return snapshot_profile(sa->hs->conf, sa->profile);
}

bool eap_r_is_only(const struct ike_sa *sa)
{
	const struct ike_profile *profile = profile_of(sa);

	return sa->hs->peer_eap_only && profile != NULL && profile->eap_only;
}

static uint32_t for_one_ms(const struct ike_sa *sa, uint32_t usual_ms)
{
	const struct ike_profile *profile = profile_of(sa);

	return profile != NULL && profile->eap_timeout_s != 0 ? profile->eap_timeout_s * 1000 : usual_ms;
}

static uint64_t whole_ends_ms(const struct ike_sa *sa, uint32_t usual_ms)
{
	return sa->created_ms + (uint64_t)WHOLE * for_one_ms(sa, usual_ms);
}

uint32_t eap_r_patience_ms(const struct ike_sa *sa, uint32_t usual_ms)
{
	uint64_t now = ike_now(sa->ike), end = whole_ends_ms(sa, usual_ms);
	uint32_t ms = sa->hs->proof->eap_ends != ST_OK ? LAST_WORD_MS : for_one_ms(sa, usual_ms);

	if (end <= now)
		return 1;
	return end - now < ms ? (uint32_t)(end - now) : ms;
}

/* Who the client is in this round. */
static const struct ike_id *eap_id(const struct ike_sa *sa)
{
	const struct proof *p = sa->hs->proof;

	return p->is_second ? &p->second_id : sa->peer_id;
}

/* ---- our side of the conversation ------------------------------------------------------------------ */

static enum status ask(struct ike_sa *sa, struct view packet)
{
	struct ike_question q = {
		.kind = ASK_EAP,
		.eap = packet,
		.proves_gateway = sa->hs->proof->eap_only,
		.is_forticlient = sa->hs->is_forticlient,
	};

	kept_id_read(eap_id(sa), &q.eap_id);
	return sa_ask(sa, &q);
}

/* Our own part of IKE_AUTH is ready, or not wanted. */
enum status eap_r_start(struct ike_sa *sa, const struct sa_event *ev)
{
	struct proof *p;
	enum status st;

	if (ev->job != NULL) {
		st = proof_signed(sa, ev->job);
	} else {
		st = auth_r_take_keys(sa, ev->answer);
		if (st == ST_OK)
			sa->hs->proof->eap_only = true;
	}
	if (st != ST_OK)
		return st;
	p = sa->hs->proof;
	if (p->eap_only) /* RFC 5998 section 3: neither CERT nor AUTH */
		proof_drop_certs(p);
	return ask(sa, (struct view){0});
}

/* The reply to the request in hand, which shows our identity if none did before. */
static enum status send_reply(struct ike_sa *sa, struct msg_out *o)
{
	struct view msg;
	enum status st = msg_end(o, &msg);

	if (st == ST_OK)
		st = window_in_reply(&sa->in, sa->in.next - 1, msg);
	if (st != ST_OK)
		return st;
	sa->hs->proof->was_shown = true;
	sa_send(sa, msg);
	return ST_OK;
}

static enum status send_packet(struct ike_sa *sa, struct view packet)
{
	struct msg_out o;

	if (packet.len == 0 || packet.len > IKE_EAP_MAX)
		return sa_fail(sa, ST_INTERNAL, "%s", "an EAP packet of an impossible length");
	msg_start(&o, sa, EX_IKE_AUTH, true, sa->in.next - 1);
	if (!sa->hs->proof->was_shown)
		auth_put_ours(&o, PT_IDR, sa);
	payload_put(&o.c, PT_EAP, packet.p, packet.len);
	return send_reply(sa, &o);
}

enum status eap_r_send(struct ike_sa *sa, const struct sa_event *ev)
{
	struct proof *p = sa->hs->proof;

	p->eap_ends = ev->answer->eap_ends;
	if (p->eap_ends != ST_OK)
		snprintf(p->eap_why, sizeof(p->eap_why), "%s", ev->answer->detail);
	return send_packet(sa, ev->answer->eap);
}

enum status eap_r_over(struct ike_sa *sa, const struct sa_event *ev)
{
	const struct ike_answer *a = ev->answer;
	struct proof *p = sa->hs->proof;

	if (a->msk_len != 0 && a->msk_len != IKE_MSK_LEN)
		return ST_INTERNAL;
	/* RFC 5998 section 4: who shows no certificate must prove itself by the method. */
	if (p->eap_only && a->msk_len == 0)
		return sa_fail(sa, ST_AUTH_METHOD, "%s",
			"the client wants EAP only, and its method makes no key that proves who we are");
	p->msk_len = a->msk_len;
	memcpy(p->msk, a->msk, sizeof(p->msk));
	snprintf(p->eap_name, sizeof(p->eap_name), "%s", a->name);
	return send_packet(sa, a->eap);
}

/* The client is told by EAP where there is something to say, and by a notify otherwise (RFC 7296 2.21.2). */
enum status eap_r_refused(struct ike_sa *sa, const struct sa_event *ev)
{
	const struct ike_answer *a = ev->answer;
	enum status st = sa_fail(sa, a->status, "%s", a->detail);

	if (a->eap.len > 0 && send_packet(sa, a->eap) != ST_OK)
		stats_status(sa->ike->stats, ST_INTERNAL);
	return st;
}

/* ---- the client's messages --------------------------------------------------------------------------- */

enum status eap_r_packet(struct ike_sa *sa, const struct sa_event *ev)
{
	const struct payload *eap = payload_find(&ev->msg->p, PT_EAP);

	window_in_accept(&sa->in, ev->msg->hdr.msgid);
	if (eap->body.len == 0 || eap->body.len > IKE_EAP_MAX)
		return sa_fail(sa, ST_BAD_PAYLOAD, "an EAP packet of %zu octets", eap->body.len);
	return ask(sa, eap->body);
}

/* It would be in without having been asked. */
enum status eap_r_early(struct ike_sa *sa, const struct sa_event *ev)
{
	window_in_accept(&sa->in, ev->msg->hdr.msgid);
	return sa_fail(sa, ST_AUTH_FAILED, "%s", sa->state == SA_R_EAP
		? "the client sends AUTH before EAP is over"
		: "the client goes on with EAP, which is over");
}

enum status eap_r_silent(struct ike_sa *sa, const struct sa_event *ev)
{
	const struct proof *p = sa->hs->proof;

	(void)ev;
	if (p != NULL && p->eap_ends != ST_OK)
		return sa_fail(sa, p->eap_ends, "%s", p->eap_why);
	if (ike_now(sa->ike) >= whole_ends_ms(sa, sa_state_info((enum sa_state)sa->state)->timeout_ms))
		return sa_fail(sa, ST_TIMEOUT, "%s", "the client has taken too long for EAP as a whole");
	return sa_fail(sa, ST_TIMEOUT, "%s", "the client did not go on with EAP: did its user give up, does it "
		"refuse our certificate, or does a large packet not reach it?");
}

enum status eap_r_check(struct ike_sa *sa, const struct sa_event *ev)
{
	struct handshake *hs = sa->hs;
	struct proof *p = hs->proof;
	struct ike_answer no_ppk = {0};
	enum status st;

	window_in_accept(&sa->in, ev->msg->hdr.msgid);
	st = proof_read(sa, &ev->msg->p);
	if (st == ST_OK && hs->ppk != NULL)
		ppk_read_auth(sa, &ev->msg->p);
	if (st == ST_OK)
		st = ppk_decide(sa, &no_ppk);
	if (st != ST_OK)
		return st;
	if (p->method != AUTHM_PSK)
		return sa_fail(sa, ST_AUTH_METHOD, "after EAP the client authenticates by %s",
			auth_method_name(p->method));
	if (!auth_is_right(sa, eap_id(sa), proof_eap_key(sa, true)))
		return sa_fail(sa, ST_AUTH_FAILED, "%s", p->msk_len > 0
			? "the client's AUTH is not made of the key of its EAP method"
			: "the client's AUTH after EAP is wrong");
	sa->auth_remote = AUTHM_EAP_SHOWN;
	if (p->eap_only)
		sa->auth_local = AUTHM_EAP_SHOWN;
	st = text_set(&sa->user, p->eap_name);
	if (st != ST_OK)
		return st;
	if (hs->name[0] == '\0')
		snprintf(hs->name, sizeof(hs->name), "%s", p->eap_name);
	return proof_share(sa, proof_eap_key(sa, false));
}

enum status eap_r_final(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st = eap_r_check(sa, ev);

	return st == ST_OK ? auth_r_authorize(sa) : st;
}

/* ---- one more authentication ---------------------------------------------------------------------------- */

/* The first one is done, and ours: the other follows. */
enum status eap_r_another(struct ike_sa *sa, const struct sa_event *ev)
{
	struct msg_out o;
	enum status st = proof_signed(sa, ev->job);

	if (st != ST_OK)
		return st;
	msg_start(&o, sa, EX_IKE_AUTH, true, sa->in.next - 1);
	auth_put_ours(&o, PT_IDR, sa);
	ppk_put(&o, sa);
	return send_reply(sa, &o);
}

enum status eap_r_next(struct ike_sa *sa, const struct sa_event *ev)
{
	struct proof *p = sa->hs->proof;
	enum status st;

	window_in_accept(&sa->in, ev->msg->hdr.msgid);
	st = auth_read_id(payload_find(&ev->msg->p, PT_IDI)->body, &p->second_id);
	if (st != ST_OK)
		return st;
	if (payload_find(&ev->msg->p, PT_AUTH) != NULL)
		return sa_fail(sa, ST_AUTH_METHOD, "%s", "the client's second authentication is not EAP");
	p->is_second = true;
	p->by_eap = true;
	return ask(sa, (struct view){0});
}
