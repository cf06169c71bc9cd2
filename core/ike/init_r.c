#include "core/ike/init_r.h"

#include <string.h>

#include "core/base/hash.h"
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
#include "core/ike/resume_r.h"
#include "core/ike/trace.h"

#define NOTIFY_LEN 8   /* without data */
/* Of a reply with everything in it: its SA payload (one proposal, four transforms, one with a key length), both
 * NAT_DETECTION notifies, the data of SIGNATURE_HASH_ALGORITHMS, a CERTREQ without hashes. */
#define SA_ANSWER_LEN 48
#define NATD_BOTH_LEN 56
#define HASHES_LEN 8
#define CERTREQ_LEN 5
#define REPEATS_MAX 16 /* of one INIT reply: its requests are not authenticated */

struct ike_hdr init_r_refusal_hdr(const struct msg_in *m)
{
	return (struct ike_hdr){
		.spi_i = m->hdr.spi_i,
		.spi_r = m->hdr.spi_r,
		.version = IKE_VERSION,
		.exchange = m->hdr.exchange,
		.flags = (uint8_t)(IKE_FLAG_RESPONSE |
				   (ike_hdr_is_from_initiator(&m->hdr) ? 0 : IKE_FLAG_INITIATOR)),
		.msgid = m->hdr.msgid,
	};
}

void init_r_send_plain(struct ike *ike, const struct msg_in *m, struct view msg)
{
	trace_out(ike, NULL, m->local, m->remote, msg);
	stats_inc(ike->stats, CT_IKE_OUT);
	stats_add(ike->stats, CT_IKE_OUT_BYTES, msg.len);
	ike->ports->send(ike->ctx, m->local, m->remote, msg.p, msg.len);
}

void init_r_refuse(struct ike *ike, const struct msg_in *m, uint16_t type, struct view data)
{
	struct ike_hdr hdr = init_r_refusal_hdr(m);
	struct msg_out o;
	struct view msg;

	msg_start_plain(&o, ike, &hdr);
	msg_notify(&o, type, data.p, data.len);
	if (msg_end(&o, &msg) != ST_OK || msg.len > m->raw.len)
		return;
	if (type != N_COOKIE)
		stats_inc(ike->stats, CT_IKE_REFUSALS_OUT);
	init_r_send_plain(ike, m, msg);
}

void init_r_report(struct ike *ike, const struct msg_in *m, enum status st, const char *detail)
{
	struct ike_event ev = {
		.kind = st == ST_HALF_OPEN_LIMIT || st == ST_HALF_OPEN_SOURCE || st == ST_SA_LIMIT
			? IKE_EV_HALF_OPEN_LIMIT : IKE_EV_INIT_FAILED,
		.spi_i = m->hdr.spi_i,
		.local = *m->local,
		.remote = *m->remote,
		.profile = "",
		.status = st,
		.detail = detail,
	};

	stats_status(ike->stats, st);
	ike_report(ike, &ev);
}

static uint64_t init_hash(const struct ike *ike, uint64_t spi_i, const struct endpoint *remote)
{
	return hash_u64(spi_i ^ endpoint_hash(ike->seed, remote));
}

static uint64_t nonce_tag(const struct ike *ike, struct view ni)
{
	return hash_bytes(ike->seed, ni.p, ni.len);
}

/* RFC 7296 2.1: the SPI alone does not tell a repeated request from that of another client behind
 * the same NAT; with the nonce it does. */
static struct ike_sa *find_repeated(struct ike *ike, const struct msg_in *m, struct view ni)
{
	uint64_t tag = nonce_tag(ike, ni);
	struct map_node *n = map_first(&ike->by_init, init_hash(ike, m->hdr.spi_i, m->remote));

	for (; n != NULL; n = map_next(n)) {
		struct ike_sa *sa = CONTAINER_OF(n, struct ike_sa, by_init);

		if (sa->spi_i == m->hdr.spi_i && sa->nonce_tag == tag &&
			endpoint_eq(&sa->guarded_as, m->remote))
			return sa;
	}
	return NULL;
}

/* The reply is computed, or is on its way: send it again. After IKE_AUTH has come: ignore. */
static void on_repeated(struct ike_sa *sa)
{
	struct handshake *hs = sa->hs;

	if ((sa->state != SA_R_AUTH && sa->state != SA_R_INTERMEDIATE) || hs->init_reply == NULL || hs->retries >= REPEATS_MAX)
		return;
	hs->retries++;
	stats_inc(sa->ike->stats, CT_IKE_RETRANS_IN);
	sa_send(sa, (struct view){hs->init_reply, hs->init_reply_len});
}

static bool knows_multiple(const struct ike *ike)
{
	return profiles_have_multiple(ike->conf);
}

/* Our reply names CAs, and then it may be longer than a short request. No such reply goes to an address that
 * is not proven: a cookie proves it. The length is that of the reply with everything in it. */
static bool wants_proof(const struct ike *ike, const struct msg_in *m)
{
	const struct payload *ke = payload_find(&m->p, PT_KE), *ni = payload_find(&m->p, PT_NONCE);
	size_t len = IKE_HDR_LEN + SA_ANSWER_LEN + NATD_BOTH_LEN + 6 * NOTIFY_LEN + HASHES_LEN;

	if (m->hdr.exchange != EX_IKE_SA_INIT || ke == NULL || (ike->authorities_len == 0 && !knows_multiple(ike)))
		return false;
	len += PAYLOAD_HDR_LEN + ke->body.len + PAYLOAD_HDR_LEN + ni->body.len;
	return m->raw.len < len + CERTREQ_LEN + ike->authorities_len;
}

/* RFC 7296 2.6. True: go on; *is_proven: the cookie was right. */
static bool admit(struct ike *ike, const struct msg_in *m, struct view ni, bool *is_proven)
{
	struct cookie_input in = {m->local, m->remote, m->hdr.spi_i, ni};
	struct view cookie = init_cookie_of(&m->p);
	struct guard_limits limits = ike_limits(ike);
	uint8_t fresh[COOKIE_LEN];
	bool is_valid;
	enum status st;

	if (cookie_is_stale(&ike->cookies, ike_now(ike))) {
		uint64_t random[4];

		ike->ports->random(ike->ctx, random, sizeof(random));
		cookie_rotate(&ike->cookies, random, ike_now(ike));
		mem_zero(random, sizeof(random));
	}
	is_valid = cookie.len > 0 && cookie_verify(&ike->cookies, &in, cookie);
	*is_proven = is_valid;
	st = guard_judge(&ike->guard, &limits, m->remote, is_valid);
	if (st == ST_OK && !is_valid && wants_proof(ike, m))
		st = ST_COOKIE_WANTED;
	if (st == ST_OK)
		return true;
	if (st != ST_COOKIE_WANTED) {
		init_r_report(ike, m, st, "");
		return false;
	}
	stats_status(ike->stats, cookie.len > 0 ? ST_BAD_COOKIE : ST_COOKIE_WANTED);
	stats_inc(ike->stats, CT_IKE_COOKIES);
	cookie_make(&ike->cookies, &in, fresh);
	init_r_refuse(ike, m, N_COOKIE, (struct view){fresh, sizeof(fresh)});
	return false;
}

/* Judgement: which suite, and does the KE payload fit it. */
static enum status choose(struct ike *ike, struct init_request *r, char detail[IKE_DETAIL_LEN])
{
	struct allowed_set ours;
	struct offer_set theirs;
	enum status st;

	st = offer_allowed_ike(ike->conf, r->m->local->vrf, &r->m->local->addr, &ours);
	if (st != ST_OK)
		return st;
	offer_from_sa(&r->init.sa, &theirs);
	st = proposal_choose(CHOOSE_IKE, false, ours.v, ours.n, theirs.v, theirs.n, &r->chosen);
	if (st != ST_OK) {
		explain_proposal(detail, IKE_DETAIL_LEN, PROTO_IKE, &ours, &theirs);
		return st;
	}
	st = intermediate_judge(&r->m->p, &r->chosen);
	if (st != ST_OK)
		return st;
	st = suite_ike(r->chosen.encr.id, r->chosen.encr.key_bits, r->chosen.prf, r->chosen.integ,
		r->chosen.dh, &r->suite);
	if (st != ST_OK)
		return ST_NO_PROPOSAL;
	if (r->init.ke.group != r->chosen.dh)
		return ST_INVALID_KE;
	return r->init.ke.data.len == r->suite.dh->public_len ? ST_OK : ST_BAD_KE;
}

static void refuse(struct ike *ike, const struct init_request *r, enum status st, const char *detail)
{
	uint8_t group[2] = {(uint8_t)(r->chosen.dh >> 8), (uint8_t)r->chosen.dh};

	if (st == ST_INVALID_KE) {
		/* Part of a normal negotiation (RFC 7296 1.2): counted, not reported. */
		stats_status(ike->stats, st);
		init_r_refuse(ike, r->m, N_INVALID_KE_PAYLOAD, (struct view){group, 2});
		return;
	}
	init_r_report(ike, r->m, st, detail);
	if (st == ST_NO_PROPOSAL || st == ST_NO_POLICY)
		init_r_refuse(ike, r->m, N_NO_PROPOSAL_CHOSEN, (struct view){0});
}

void init_r_accept(struct ike *ike, const struct msg_in *m, struct view ni, const struct sa_event *ev)
{
	struct ike_sa *sa = sa_new(ike, false, m->local, m->remote);

	if (sa == NULL) {
		init_r_report(ike, m, ST_NOMEM, "");
		return;
	}
	sa->spi_i = m->hdr.spi_i;
	sa->nonce_tag = nonce_tag(ike, ni);
	map_add(&ike->by_init, &sa->by_init, init_hash(ike, sa->spi_i, m->remote));
	(void)sa_dispatch(sa, ev);
}

void init_r_on_request(struct ike *ike, const struct msg_in *m)
{
	struct init_request r = {.m = m};
	struct sa_event ev = {.kind = SE_ACCEPT, .init = &r};
	bool is_resume = m->hdr.exchange == EX_IKE_SESSION_RESUME;
	char detail[IKE_DETAIL_LEN] = "";
	struct ike_sa *repeated;
	struct view ni;
	enum status st;

	stats_inc(ike->stats, is_resume ? CT_RESUME_IN : CT_IKE_INIT_IN);
	st = payloads_judge(message_kind(&m->hdr, &m->p), &m->p);
	if (st == ST_OK && (m->hdr.msgid != 0 || !ike_hdr_is_from_initiator(&m->hdr)))
		st = ST_BAD_MSGID;
	if (st == ST_OK && m->raw.len > INIT_MAX)
		st = ST_BAD_LENGTH;
	if (st == ST_OK)
		st = nonce_parse(payload_find(&m->p, PT_NONCE)->body, &ni);
	if (st != ST_OK) {
		init_r_report(ike, m, st, "");
		return;
	}
	repeated = find_repeated(ike, m, ni);
	if (repeated != NULL) {
		on_repeated(repeated);
		return;
	}
	if (!admit(ike, m, ni, &r.is_proven))
		return;
	if (is_resume) {
		resume_r_on_request(ike, m, ni);
		return;
	}
	st = init_parse(m, &r.init);
	if (st == ST_OK)
		st = choose(ike, &r, detail);
	ev.kind = redirect_r_init_event(ike, &m->p);
	if (st == ST_OK)
		init_r_accept(ike, m, ni, &ev);
	else
		refuse(ike, &r, st, detail);
}

/* ---- actions -------------------------------------------------------------------------------- */

enum status init_r_take(struct ike_sa *sa, const struct init_request *r)
{
	struct handshake *hs = handshake_new(sa->ike->conf);
	enum status st;

	sa->hs = hs;
	if (hs == NULL)
		return ST_NOMEM;
	st = handshake_keep_request(hs, r->m->raw);
	if (st == ST_OK)
		st = ppk_read_request(sa, &r->m->p);
	if (st == ST_OK)
		st = intermediate_begin(sa, &r->chosen);
	if (st != ST_OK)
		return st;
	sa->suite = r->suite;
	sa->peer_class = (uint8_t)peer_class_read(&r->m->p, PEER_OTHER);
	sa->nat_local = r->init.nat.nat_local;
	sa->nat_remote = r->init.nat.nat_remote;
	frag_agree(sa, hs->conf, r->init.frag);
	hs->peer_sent_natd = r->init.nat.was_sent;
	hs->chosen = r->chosen;
	hs->is_proven = r->is_proven;
	redirect_r_read(hs, &r->m->p);
	proof_read_hashes(hs, &r->m->p);
	hs->ni_len = (uint16_t)r->init.nonce.len;
	memcpy(hs->ni, r->init.nonce.p, r->init.nonce.len);
	/* As long as the peer's, within bounds: a reply is never longer than its request. RFC 7296
	 * 2.10 wants at least half the PRF key, which holds for ours when it holds for theirs. */
	hs->nr_len = r->init.nonce.len < NONCE_LEN ? (uint16_t)r->init.nonce.len : NONCE_LEN;
	sa->ike->ports->random(sa->ike->ctx, hs->nr, hs->nr_len);
	hs->peer_public_len = (uint16_t)r->init.ke.data.len;
	memcpy(hs->peer_public, r->init.ke.data.p, r->init.ke.data.len);
	return ST_OK;
}

enum status init_r_begin(struct ike_sa *sa)
{
	struct ike_job job = {.kind = JOB_DH_GENERATE, .group = sa->hs->chosen.dh};

	return sa_job(sa, &job);
}

enum status init_r_start(struct ike_sa *sa, const struct sa_event *ev)
{
	enum status st = init_r_take(sa, ev->init);

	return st == ST_OK ? init_r_begin(sa) : st;
}

enum status init_r_generated(struct ike_sa *sa, const struct sa_event *ev)
{
	struct handshake *hs = sa->hs;
	struct ike_job job = {.kind = JOB_DH_COMPUTE, .group = hs->chosen.dh};
	enum status st = init_keep_pair(sa, ev->job);

	if (st != ST_OK)
		return st;
	job.private_len = hs->private_len;
	memcpy(job.private_key, hs->private_key, hs->private_len);
	job.public_len = hs->peer_public_len;
	memcpy(job.peer_public, hs->peer_public, hs->peer_public_len);
	st = sa_job(sa, &job);
	mem_zero(&job, sizeof(job));
	return st;
}

enum status init_r_reply(struct ike_sa *sa, const struct sa_event *ev)
{
	struct handshake *hs = sa->hs;
	struct ike_hdr hdr = {
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.version = IKE_VERSION,
		.exchange = EX_IKE_SA_INIT,
		.flags = IKE_FLAG_RESPONSE,
	};
	struct msg_out o;
	struct view msg;
	struct sa answer;
	size_t room;
	enum status st = init_derive(sa, ev->job);

	if (st != ST_OK)
		return st;
	msg_start_plain(&o, sa->ike, &hdr);
	offer_answer(&answer, PROTO_IKE, &hs->chosen, true, (struct view){0});
	init_put_sa(&o, &answer);
	init_put_ke(&o, hs->chosen.dh, (struct view){hs->public_key, hs->public_len},
		(struct view){hs->nr, hs->nr_len});
	if (hs->peer_sent_natd) {
		encap_claim(sa, hs->conf);
		encap_put(&o, sa, sa->spi_r, &sa->remote);
	}
	if (hs->peer_hashes != 0)
		proof_put_hashes(&o);
	ppk_put_use(&o, sa);
	intermediate_put_answer(&o, sa);
	frag_put(&o, sa->frag.form); /* the one that was agreed on: never more than was asked for */
	/* A reply is never longer than its request, but to an address that is proven. */
	room = hs->is_proven ? MESSAGE_MAX / 2 : hs->init_request_len;
	if (knows_multiple(sa->ike) && o.w.len + NOTIFY_LEN <= room) /* RFC 4739 2.2 */
		msg_notify(&o, N_MULTIPLE_AUTH_SUPPORTED, NULL, 0);
	if (o.w.len < room)
		proof_put_authorities(&o, sa->ike, room - o.w.len);
	if (o.w.len + NOTIFY_LEN <= room) /* RFC 6023 3 */
		msg_notify(&o, N_CHILDLESS_IKEV2_SUPPORTED, NULL, 0);
	st = msg_end(&o, &msg);
	if (st == ST_OK)
		st = handshake_keep_reply(hs, msg);
	if (st != ST_OK)
		return st;
	sa->in.next = 1;
	sa_send(sa, msg);
	return ST_OK;
}
