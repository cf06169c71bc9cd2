#include "core/ike/resume_r.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/ike/auth_r.h"
#include "core/ike/encap.h"
#include "core/ike/engine.h"
#include "core/ike/frag_offer.h"
#include "core/ike/init_r.h"
#include "core/ike/ppk.h"
#include "core/wire/notify.h"

/* ---- the request ------------------------------------------------------------------------------- */

static enum status open_ticket(struct ike *ike, const struct msg_in *m, struct ticket *t)
{
	int64_t now_s = ike->ports->wall_s(ike->ctx);
	struct notify n;
	enum status st;

	if (ike->conf->own.resumption_s == 0)
		return ST_CONFIG;
	if (!msg_find_notify(&m->p, N_TICKET_OPAQUE, &n))
		return ST_BAD_EXCHANGE;
	st = ticket_open(&ike->ticket_keys, n.data, now_s > 0 ? (uint64_t)now_s : 0, t);
	if (st == ST_OK && !resume_suite_is_allowed(ike->conf, m->local, &t->suite)) {
		mem_zero(t, sizeof(*t));
		st = ST_NO_PROPOSAL;
	}
	return st;
}

void resume_r_on_request(struct ike *ike, const struct msg_in *m, struct view nonce)
{
	struct ticket t;
	struct resume_request r = {.m = m, .nonce = nonce, .ticket = &t};
	struct sa_event ev = {.kind = SE_TICKET, .resume = &r};
	enum status st = init_read_natd(m, &r.nat);

	if (st == ST_OK)
		st = open_ticket(ike, m, &t);
	if (st == ST_OK) {
		init_r_accept(ike, m, nonce, &ev);
		mem_zero(&t, sizeof(t));
		return;
	}
	stats_inc(ike->stats, CT_RESUME_REFUSED);
	init_r_report(ike, m, st, "");
	init_r_refuse(ike, m, N_TICKET_NACK, (struct view){0});
}

enum status resume_r_start(struct ike_sa *sa, const struct sa_event *ev)
{
	const struct resume_request *r = ev->resume;
	struct ike_question q = {.kind = ASK_TICKET, .ticket = r->ticket->session};
	struct handshake *hs = handshake_new(sa->ike->conf);
	enum status st;

	sa->hs = hs;
	if (hs == NULL)
		return ST_NOMEM;
	hs->resumed = mem_dup(r->ticket, sizeof(*r->ticket));
	if (hs->resumed == NULL)
		return ST_NOMEM;
	st = handshake_keep_request(hs, r->m->raw);
	if (st != ST_OK)
		return st;
	sa->nat_local = r->nat.nat_local;
	sa->nat_remote = r->nat.nat_remote;
	hs->peer_sent_natd = r->nat.was_sent;
	frag_agree(sa, hs->conf, frag_read(&r->m->p));
	hs->ni_len = (uint16_t)r->nonce.len;
	memcpy(hs->ni, r->nonce.p, r->nonce.len);
	hs->nr_len = r->nonce.len < NONCE_LEN ? (uint16_t)r->nonce.len : NONCE_LEN;
	sa->ike->ports->random(sa->ike->ctx, hs->nr, hs->nr_len);
	return sa_ask(sa, &q);
}

/* The SA of the session, if the session is up, must be the one that the ticket was given for: a rekeyed
 * one has other tickets (RFC 5723 6.2). *old is NULL when the session is not up any more. */
static enum status judge_old(struct ike_sa *sa, const struct ike_answer *a, struct ike_sa **old)
{
	const struct ticket *t = sa->hs->resumed;

	*old = a->live_sa != 0 ? ike_find_number(sa->ike, a->live_sa) : NULL;
	if (a->live_sa == 0)
		return ST_OK;
	if (*old == NULL || (*old)->state != SA_UP || (*old)->spi_i != t->spi_i ||
		(*old)->spi_r != t->spi_r)
		return sa_fail(sa, ST_TICKET_REVOKED, "%s", "the IKE SA was rekeyed since");
	return ST_OK;
}

/* RFC 5723 4.3.2: unprotected, to a request that nothing is kept of. */
static void send_nack(struct ike_sa *sa)
{
	struct msg_in m = {
		.hdr = {.spi_i = sa->spi_i, .exchange = EX_IKE_SESSION_RESUME, .flags = IKE_FLAG_INITIATOR},
		.raw = {sa->hs->init_request, sa->hs->init_request_len},
		.local = &sa->local,
		.remote = &sa->remote,
	};

	stats_inc(sa->ike->stats, CT_RESUME_REFUSED);
	init_r_refuse(sa->ike, &m, N_TICKET_NACK, (struct view){0});
}

enum status resume_r_refused(struct ike_sa *sa, const struct sa_event *ev)
{
	send_nack(sa);
	return sa_fail(sa, ev->answer->status, "%s", ev->answer->detail);
}

enum status resume_r_reply(struct ike_sa *sa, const struct sa_event *ev)
{
	struct handshake *hs = sa->hs;
	struct ike_hdr hdr = {
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.version = IKE_VERSION,
		.exchange = EX_IKE_SESSION_RESUME,
		.flags = IKE_FLAG_RESPONSE,
	};
	struct ike_sa *old;
	struct msg_out o;
	struct view msg;
	enum status st = judge_old(sa, ev->answer, &old);

	if (st != ST_OK) {
		send_nack(sa);
		return st;
	}
	resume_derive(sa);
	msg_start_plain(&o, sa->ike, &hdr);
	payload_put(&o.c, PT_NONCE, hs->nr, hs->nr_len);
	if (hs->peer_sent_natd) {
		encap_claim(sa, hs->conf);
		encap_put(&o, sa, sa->spi_r, &sa->remote);
	}
	frag_put(&o, sa->frag.form);
	st = msg_end(&o, &msg);
	if (st == ST_OK)
		st = handshake_keep_reply(hs, msg);
	if (st != ST_OK)
		return st;
	sa->in.next = 1;
	sa_send(sa, msg);
	return ST_OK;
}

/* ---- IKE_AUTH ---------------------------------------------------------------------------------- */

/* Our identity of today, which has to be that of the ticket; the subject of a certificate is taken from there. */
static enum status take_identity(struct ike_sa *sa)
{
	const struct ike_id *then = &sa->hs->resumed->gateway;
	struct view subject = {0};

	if (then->type == IDT_DN)
		subject = (struct view){then->bytes, then->len};
	return auth_my_id(sa, snapshot_profile(sa->hs->conf, sa->profile), subject);
}

/* The configuration of today decides, as for a login; no key of it is asked for. */
enum status resume_r_verify(struct ike_sa *sa, const struct sa_event *ev)
{
	struct handshake *hs = sa->hs;
	struct ike_question q = {
		.kind = ASK_TICKET, .ticket = hs->resumed->session, .claims_ticket = true};
	enum status st = auth_r_profile(sa, ev->answer);

	if (st == ST_OK && strcmp(sa->profile, hs->resumed->profile) != 0)
		st = sa_fail(sa, ST_NO_PROFILE, "the ticket is of profile %s, and the peer is now one of %s",
			hs->resumed->profile, sa->profile);
	if (st == ST_OK && !hs->resumed->used_ppk && ppk_is_required(sa))
		st = sa_fail(sa, ST_PPK_REQUIRED,
			"profile %s requires a post-quantum key of this peer, and there is none in its ticket",
			sa->profile);
	if (st == ST_OK)
		st = take_identity(sa);
	if (st == ST_OK)
		st = auth_verify(sa, resume_auth_key(sa, true));
	if (st == ST_OK)
		st = auth_sign(sa, resume_auth_key(sa, false));
	return st == ST_OK ? sa_ask(sa, &q) : st;
}

/* The session goes on in this SA. The old one ends before the question about the new one, so that its
 * address and its place in every limit are free (RFC 5723 4.3.4). */
enum status resume_r_claimed(struct ike_sa *sa, const struct sa_event *ev)
{
	struct handshake *hs = sa->hs;
	struct ike_question q = {.kind = ASK_AUTHORIZE};
	struct ike_sa *old;
	enum status st = judge_old(sa, ev->answer, &old);

	if (st != ST_OK)
		return st;
	if (old != NULL)
		sa_event(old, SE_SUPERSEDED, ST_END_RESUMED);
	sa->is_resumed = true;
	sa->login_s = hs->resumed->login_s;
	stats_inc(sa->ike->stats, CT_RESUMED);
	if (hs->hint_ip4.family == 0)
		hs->hint_ip4 = hs->resumed->ip4;
	if (hs->hint_ip6.family == 0)
		hs->hint_ip6 = hs->resumed->ip6;
	/* It is whom EAP once proved it to be, as after a login; its identity in IKE is only what it said. */
	st = text_set(&sa->user, hs->resumed->user);
	if (st != ST_OK)
		return st;
	snprintf(q.name, sizeof(q.name), "%s", hs->name[0] != '\0' ? hs->name : sa->user);
	auth_r_put_networks(sa, &q);
	return sa_ask(sa, &q);
}
