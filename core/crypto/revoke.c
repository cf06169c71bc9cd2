/* Revocation of the certificates of a path that is already trusted. */
#include "core/crypto/chain_parts.h"
#include "core/crypto/der.h"
#include "core/crypto/name.h"

/* What a method has to say about one certificate. */
enum answer { GOOD, REVOKED, NOT_KNOWN /* asked, and not known there */, NO_DATA, OUT_OF_MEMORY };

struct question {
	struct judging *j;
	const struct cert *cert, *issuer;
	int64_t until; /* GOOD: how long */
};

/* ---- what to fetch -------------------------------------------------------------------------------- */

/* A list serves all certificates of its issuer, an answer of OCSP only the one that was asked about. */
static bool is_tried(const struct chain_query *q, struct view url, const struct chain_want *w)
{
	for (size_t i = 0; i < q->n_tried; i++)
		if (der_same(q->tried[i].url, url) &&
			der_same(q->tried[i].request, (struct view){w->request, w->request_len}))
			return true;
	return false;
}

static struct view url_of(const struct question *u, enum chain_method kind, size_t i)
{
	if (kind == CHAIN_CRL)
		return cert_crl_url(u->cert, i);
	if (u->j->q->ocsp_url.len == 0)
		return cert_ocsp_url(u->cert, i);
	return i == 0 ? u->j->q->ocsp_url : (struct view){0};
}

static bool is_wanted(const struct chain_result *out, const struct chain_want *want)
{
	for (size_t i = 0; i < out->n_wanted; i++) {
		const struct chain_want *w = &out->wanted[i];

		if (w->kind == want->kind && strcmp(w->url, want->url) == 0 && w->request_len == want->request_len &&
			memcmp(w->request, want->request, w->request_len) == 0)
			return true;
	}
	return false;
}

/* True when there is something that may still be fetched; it is then in the result. */
static bool want(struct question *u, enum chain_method kind)
{
	struct chain_result *out = u->j->out;
	struct chain_want w = {.kind = kind};
	struct view url = {0};
	size_t len = 0;

	if (u->j->q->fetch_nothing)
		return false;
	if (kind == CHAIN_OCSP && ocsp_request(u->cert, u->issuer, (struct view){0}, w.request, &len) != ST_OK)
		return false;
	w.request_len = (uint16_t)len;
	for (size_t i = 0; (url = url_of(u, kind, i)).len > 0; i++)
		if (url.len <= CERT_URL_MAX && !is_tried(u->j->q, url, &w))
			break;
	if (url.len == 0 || out->n_wanted == CHAIN_WANTED_MAX)
		return false;
	memcpy(w.url, url.p, url.len);
	if (!is_wanted(out, &w))
		out->wanted[out->n_wanted++] = w;
	return true;
}

/* ---- CRL ------------------------------------------------------------------------------------------ */

static void say_revoked(struct question *u, const char *by, int64_t when, unsigned reason)
{
	struct words w = judging_words(u->j);

	words_put(&w, "the certificate of ");
	words_name(&w, u->cert->subject);
	words_put(&w, " was revoked on ");
	words_time(&w, when);
	words_put(&w, " (%s; %s of ", crl_reason_words(reason), by);
	words_name(&w, u->cert->issuer);
	words_put(&w, ")");
	words_end(&w);
}

static bool is_usable(const struct question *u, const struct crl *c, const struct crl *best)
{
	return crl_covers(c, u->cert) && crl_this_update(c) <= u->j->q->now_s + OCSP_SKEW_S &&
	       u->j->q->now_s <= crl_next_update(c) &&
	       (best == NULL || crl_this_update(c) > crl_this_update(best)) && crl_verify(c, u->issuer) == ST_OK;
}

/* The newest list counts. */
static enum answer ask_crl(struct question *u)
{
	const struct trust_list *known = trust_list_crls(u->j->q->trust);
	const struct crl *best = NULL;
	unsigned reason;
	int64_t when;

	for (size_t i = 0; i < known->n; i++)
		if (is_usable(u, known->at[i], best))
			best = known->at[i];
	for (size_t i = 0; i < u->j->n_crls; i++)
		if (is_usable(u, u->j->crls[i], best))
			best = u->j->crls[i];
	if (best == NULL)
		return NO_DATA;
	if (crl_lists(best, u->cert, &when, &reason)) {
		say_revoked(u, "CRL", when, reason);
		return REVOKED;
	}
	u->until = crl_next_update(best);
	return GOOD;
}

/* ---- OCSP ----------------------------------------------------------------------------------------- */

/* One response that says revoked is enough: an older one that is still in time does not undo it. */
static enum answer ask_ocsp(struct question *u)
{
	const struct chain_query *q = u->j->q;
	enum answer answer = NO_DATA;

	for (size_t i = 0; i < q->n_ocsp && i < CHAIN_OCSP_MAX; i++) {
		struct ocsp_verdict v;
		enum status st = ocsp_judge(q->ocsp[i], u->cert, u->issuer, (struct view){0}, q->now_s, &v);

		if (st == ST_NOMEM)
			return OUT_OF_MEMORY;
		if (st != ST_OK)
			continue;
		if (v.state == OCSP_REVOKED) {
			say_revoked(u, "OCSP", v.revoked_s, v.reason);
			return REVOKED;
		}
		if (v.state == OCSP_GOOD) {
			answer = GOOD;
			u->until = v.next_update_s;
		} else if (answer == NO_DATA) {
			answer = NOT_KNOWN;
		}
	}
	return answer;
}

/* ---- the list of methods --------------------------------------------------------------------------- */

static enum status say_unknown(struct question *u, const char *why)
{
	struct words w = judging_words(u->j);

	words_put(&w, "whether the certificate of ");
	words_name(&w, u->cert->subject);
	words_put(&w, " is revoked is not known: %s", why);
	words_end(&w);
	return ST_REVOCATION_UNKNOWN;
}

static enum status judge_one(struct question *u)
{
	const struct chain_query *q = u->j->q;

	for (size_t i = 0; i < q->n_methods; i++) {
		enum chain_method m = q->methods[i];
		enum answer a = m == CHAIN_NONE ? GOOD : m == CHAIN_CRL ? ask_crl(u) : ask_ocsp(u);

		switch (a) {
		case GOOD: return ST_OK;
		case REVOKED: return ST_CERT_REVOKED;
		case NOT_KNOWN: return say_unknown(u, "the OCSP responder does not know it");
		case OUT_OF_MEMORY: return ST_NOMEM;
		case NO_DATA: break;
		}
		if (want(u, m))
			return ST_PENDING;
	}
	return q->n_methods == 0 ? ST_OK : say_unknown(u, "no usable CRL or OCSP response could be had");
}

/* All are asked, so that all that is missing is fetched at once; what is final ends it. */
enum status revoke_judge(struct judging *j)
{
	enum status all = ST_OK;

	for (size_t i = 0; i + 1 < j->path.n; i++) {
		struct question u = {.j = j, .cert = j->path.at[i], .issuer = j->path.at[i + 1], .until = INT64_MAX};
		enum status st = judge_one(&u);

		if (st == ST_PENDING) {
			all = ST_PENDING;
			continue;
		}
		if (st != ST_OK) {
			j->out->n_wanted = 0;
			return st;
		}
		if (u.until < j->out->valid_until_s)
			j->out->valid_until_s = u.until;
	}
	return all;
}
