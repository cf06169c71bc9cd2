#include "core/ike/resume_i.h"

#include <string.h>

#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/ike/auth_i.h"
#include "core/ike/encap.h"
#include "core/ike/engine.h"
#include "core/ike/frag_offer.h"
#include "core/ike/init_i.h"
#include "core/ike/payload_table.h"
#include "core/ike/ppk.h"
#include "core/ike/ticket_desk.h"

bool resume_i_prepare(struct ike_sa *sa)
{
	struct ike *ike = sa->ike;
	struct handshake *hs = sa->hs;
	const struct wallet_entry *e =
		wallet_find(&ike->wallet, sa->profile, &sa->remote, sa->hs->connect->tun,
			ike_now(ike));

	if (e == NULL || !ticket_desk_is_on(sa) || (!e->state.used_ppk && ppk_is_required(sa)) ||
		!resume_suite_is_allowed(hs->conf, &sa->local, &e->state.suite))
		return false;
	hs->resumed = mem_dup(&e->state, sizeof(e->state));
	hs->ticket = mem_dup(e->bytes, e->len);
	hs->ticket_len = e->len;
	if (hs->resumed != NULL && hs->ticket != NULL)
		return true;
	handshake_forget_ticket(hs);
	return false;
}

void resume_i_on_reply(struct ike_sa *sa, const struct msg_in *m)
{
	enum message_kind kind = message_kind(&m->hdr, &m->p);
	enum status st = payloads_judge(kind, &m->p);
	struct init_error e = {0};
	struct sa_event ev = {.kind = SE_RESUME_REPLY, .msg = m, .error = &e};
	struct handshake *hs = sa->hs;

	if (st == ST_OK && (m->hdr.msgid != 0 || ike_hdr_is_from_initiator(&m->hdr)))
		st = ST_BAD_MSGID;
	if (st == ST_OK && sa->state != SA_I_RESUME)
		st = ST_BAD_STATE;
	if (st == ST_OK && kind == MK_INIT_ERROR) {
		st = init_parse_error(m, &e);
		ev.kind = SE_INIT_REFUSED;
		if (st == ST_OK && e.type == N_COOKIE && hs->retries < HANDSHAKE_RETRIES)
			ev.kind = SE_INIT_COOKIE;
		/* The network delivered it twice. */
		if (ev.kind == SE_INIT_COOKIE && e.cookie.len == hs->cookie_len &&
			memcmp(e.cookie.p, hs->cookie, hs->cookie_len) == 0)
			return;
	}
	if (st != ST_OK)
		stats_status(sa->ike->stats, st);
	else
		(void)sa_dispatch(sa, &ev);
}

/* ---- actions ------------------------------------------------------------------------------------ */

static enum status send_request(struct ike_sa *sa)
{
	struct handshake *hs = sa->hs;
	struct ike_hdr hdr = {
		.spi_i = sa->spi_i,
		.version = IKE_VERSION,
		.exchange = EX_IKE_SESSION_RESUME,
		.flags = IKE_FLAG_INITIATOR,
	};
	struct msg_out o;

	msg_start_plain(&o, sa->ike, &hdr);
	if (hs->cookie_len > 0)
		msg_notify(&o, N_COOKIE, hs->cookie, hs->cookie_len);
	payload_put(&o.c, PT_NONCE, hs->ni, hs->ni_len);
	msg_notify(&o, N_TICKET_OPAQUE, hs->ticket, hs->ticket_len);
	encap_claim(sa, hs->conf);
	encap_put(&o, sa, 0, &sa->remote);
	frag_put(&o, frag_forms(hs->conf));
	return init_send_first(sa, REQ_RESUME, &o);
}

enum status resume_i_start(struct ike_sa *sa, const struct sa_event *ev)
{
	struct handshake *hs = sa->hs;

	(void)ev;
	hs->ni_len = NONCE_LEN;
	sa->ike->ports->random(sa->ike->ctx, hs->ni, NONCE_LEN);
	return send_request(sa);
}

enum status resume_i_cookie(struct ike_sa *sa, const struct sa_event *ev)
{
	struct handshake *hs = sa->hs;

	hs->retries++;
	hs->cookie_len = (uint8_t)ev->error->cookie.len;
	memcpy(hs->cookie, ev->error->cookie.p, hs->cookie_len);
	return send_request(sa);
}

static enum status read_reply(struct ike_sa *sa, const struct msg_in *m)
{
	struct handshake *hs = sa->hs;
	struct natd_result nat;
	struct view nr;
	enum status st = nonce_parse(payload_find(&m->p, PT_NONCE)->body, &nr);

	if (st == ST_OK && m->hdr.spi_r == 0)
		st = ST_BAD_SPI;
	if (st == ST_OK)
		st = init_read_natd(m, &nat);
	if (st == ST_OK)
		st = handshake_keep_reply(hs, m->raw);
	if (st != ST_OK)
		return st;
	sa->spi_r = m->hdr.spi_r;
	sa->local = *m->local;
	sa->nat_local = nat.nat_local;
	sa->nat_remote = nat.nat_remote;
	hs->peer_sent_natd = nat.was_sent;
	frag_agree(sa, hs->conf, frag_read(&m->p));
	hs->nr_len = (uint16_t)nr.len;
	memcpy(hs->nr, nr.p, nr.len);
	return ST_OK;
}

enum status resume_i_reply(struct ike_sa *sa, const struct sa_event *ev)
{
	struct handshake *hs = sa->hs;
	struct view key;
	enum status st = read_reply(sa, ev->msg);

	if (st != ST_OK) {
		/* Nothing protects it: the real one may come. */
		stats_status(sa->ike->stats, st);
		return ST_PENDING;
	}
	sa_request_done(sa, LANE_EXCHANGE);
	/* From here on it counts as presented: RFC 5723 4.3.1 wants each used once. */
	wallet_drop(&sa->ike->wallet, sa->profile, &sa->remote, hs->connect->tun);
	resume_derive(sa);
	init_i_float(sa);
	st = kept_id_set(&sa->my_id, &hs->resumed->client);
	if (st != ST_OK)
		return st;
	key = resume_auth_key(sa, false);
	hs->remote_key_len = (uint16_t)key.len;
	memcpy(hs->remote_key, key.p, key.len);
	st = auth_sign(sa, resume_auth_key(sa, true));
	return st == ST_OK ? auth_i_request(sa) : st;
}

/* A fresh SPI: the responder may have kept something under the old one. */
static enum status change_spi(struct ike_sa *sa)
{
	uint64_t spi = sa_new_spi(sa->ike);

	if (spi == 0)
		return sa_fail(sa, ST_INTERNAL, "%s", "no random SPI found");
	map_del(&sa->ike->by_spi, &sa->by_spi);
	sa->spi_i = spi;
	map_add(&sa->ike->by_spi, &sa->by_spi, hash_u64(spi));
	return ST_OK;
}

enum status resume_i_fall_back(struct ike_sa *sa, const struct sa_event *ev)
{
	struct handshake *hs = sa->hs;
	enum status st;

	sa_request_done(sa, LANE_EXCHANGE);
	/* Without an answer the ticket may still be good; a refused one is not. */
	if (ev->kind == SE_INIT_REFUSED)
		wallet_drop(&sa->ike->wallet, sa->profile, &sa->remote, hs->connect->tun);
	handshake_forget_ticket(hs);
	hs->retries = 0;
	hs->cookie_len = 0;
	stats_inc(sa->ike->stats, CT_RESUME_FALLBACK);
	st = change_spi(sa);
	return st == ST_OK ? init_i_start(sa, ev) : st;
}
