#include "core/ike/qcd.h"

#include <string.h>

#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/crypto/prf.h"
#include "core/ike/engine.h"
#include "core/ike/exchange.h"
#include "core/ike/init_r.h"
#include "core/wire/notify.h"

/* Section 5 wants 16 to 128 bytes. 16, so that even the shortest request (an empty one with AES-GCM,
 * 57 bytes) is not shorter than the answer that shows it. */
#define TOKEN_LEN 16
#define TOKEN_MIN 16
#define TOKEN_MAX 128
#define TOKENS_MAX 4 /* of one message: of as many generations of a maker's secret (section 4.5) */

bool qcd_is_on(const struct ike *ike)
{
	return ike->has_token_secret && ike->conf->own.qcd;
}

static void make(const struct ike *ike, uint64_t spi_i, uint64_t spi_r, uint8_t out[TOKEN_LEN])
{
	uint8_t spis[16], whole[32];
	struct wr w = wr_init(spis, sizeof(spis));
	struct view part = {spis, sizeof(spis)};

	wr_u64(&w, spi_i);
	wr_u64(&w, spi_r);
	prf_hmac_sha256((struct view){ike->token_secret, sizeof(ike->token_secret)}, &part, 1, whole);
	memcpy(out, whole, TOKEN_LEN);
	mem_zero(whole, sizeof(whole));
}

void qcd_put(struct msg_out *o, const struct ike *ike, uint64_t spi_i, uint64_t spi_r)
{
	uint8_t token[TOKEN_LEN];

	if (!qcd_is_on(ike))
		return;
	make(ike, spi_i, spi_r, token);
	msg_notify(o, N_QUICK_CRASH_DETECTION, token, sizeof(token));
	mem_zero(token, sizeof(token));
}

/* A digest is kept (section 3), so that all are of one length and none lies in a record. */
static void digest(struct view token, uint8_t out[QCD_DIGEST])
{
	prf_sha256(&token, 1, out);
}

static bool is_token(const struct notify *n)
{
	return n->type == N_QUICK_CRASH_DETECTION && n->data.len >= TOKEN_MIN &&
	       n->data.len <= TOKEN_MAX;
}

void qcd_take(const struct ike *ike, const struct ike_payloads *p, struct qcd_token *token)
{
	struct notify n;

	if (!ike->conf->own.qcd || !msg_find_notify(p, N_QUICK_CRASH_DETECTION, &n) || !is_token(&n))
		return;
	digest(n.data, token->digest);
	token->is_known = true;
}

/* Costs at most TOKENS_MAX hashes. */
static bool proves(const struct ike_sa *sa, const struct ike_payloads *p)
{
	uint8_t have[QCD_DIGEST];
	unsigned seen = 0;
	bool found = false;
	struct notify n;

	for (const struct payload *at = payload_find(p, PT_NOTIFY); at != NULL && seen < TOKENS_MAX;
		at = payload_find_next(p, at)) {
		if (notify_parse(at->body, &n) != ST_OK || !is_token(&n))
			continue;
		seen++;
		digest(n.data, have);
		found |= mem_eq_secret(have, sa->peer_token.digest, sizeof(have));
	}
	return found;
}

bool qcd_on_plain(struct ike_sa *sa, const struct msg_in *m)
{
	struct ike *ike = sa->ike;
	struct notify n;

	if (!msg_find_notify(&m->p, N_QUICK_CRASH_DETECTION, &n))
		return false;
	if (!sa->peer_token.is_known || sa->state != SA_UP)
		return true;
	if (!limiter_take(&ike->tokens_in, ike_now(ike)) || !proves(sa, &m->p)) {
		stats_inc(ike->stats, CT_QCD_BAD);
		return true;
	}
	stats_inc(ike->stats, CT_QCD_IN);
	sa_event(sa, SE_CRASHED, ST_END_CRASHED);
	return true;
}

/* The successor of an SA, which the peer may have already and use before we have worked off its answer. */
static bool is_to_be(const struct ike *ike, uint64_t spi)
{
	struct map_node *n = map_first(&ike->promised, hash_u64(spi));

	for (; n != NULL; n = map_next(n))
		if (CONTAINER_OF(n, struct exchange, by_spi)->spi_ours == spi)
			return true;
	return false;
}

static bool is_ours(const struct ike *ike, uint64_t spi)
{
	return ike_find_spi(ike, spi) != NULL || is_to_be(ike, spi);
}

/* What looks like one of an SA that we had. */
static bool may_show(const struct ike *ike, const struct msg_in *m)
{
	const struct ike_hdr *h = &m->hdr;

	return qcd_is_on(ike) && !ike_hdr_is_response(h) && h->spi_i != 0 && h->spi_r != 0 &&
	       (h->exchange == EX_INFORMATIONAL || h->exchange == EX_CREATE_CHILD_SA) &&
	       m->p.sk_type != 0;
}

static void put_answer(struct msg_out *o, struct ike *ike, const struct msg_in *m, bool with_error)
{
	struct ike_hdr hdr = init_r_refusal_hdr(m);

	msg_start_plain(o, ike, &hdr);
	if (with_error)
		msg_notify(o, N_INVALID_IKE_SPI, NULL, 0);
	qcd_put(o, ike, m->hdr.spi_i, m->hdr.spi_r);
}

bool qcd_show(struct ike *ike, const struct msg_in *m)
{
	struct msg_out o;
	struct view msg;

	if (!may_show(ike, m) || !limiter_take(&ike->tokens_out, ike_now(ike)) ||
		is_ours(ike, m->hdr.spi_i) || is_ours(ike, m->hdr.spi_r))
		return false;
	put_answer(&o, ike, m, true);
	/* The token says it, too: where there is no room for both, it goes alone. */
	if (o.w.len > m->raw.len)
		put_answer(&o, ike, m, false);
	if (msg_end(&o, &msg) != ST_OK || msg.len > m->raw.len)
		return false;
	stats_inc(ike->stats, CT_QCD_OUT);
	init_r_send_plain(ike, m, msg);
	return true;
}
