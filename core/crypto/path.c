/* Path building and validation (RFC 5280 6.1). A path is searched from the leaf upwards, depth first, by names and
 * signatures; each that ends at an anchor is judged as a whole, and the first that holds is it. What failed is kept
 * by how much it says: a refused path more than a bad signature, that more than a missing issuer. */
#include "core/crypto/chain_parts.h"
#include "core/crypto/constraint.h"
#include "core/crypto/der.h"
#include "core/crypto/name.h"

enum weight { NOTHING, NO_ISSUER, NO_SIGNATURE, NO_PATH, NO_MORE };

/* False when a failure that says as much is already there; otherwise st is put down, and the words begin. */
static bool note(struct judging *j, enum weight weight, enum status st, struct words *w)
{
	if (weight <= j->weight)
		return false;
	j->weight = weight;
	j->out->status = st;
	*w = judging_words(j);
	return true;
}

/* ---- judging a whole path ------------------------------------------------------------------------- */

static bool refuse(struct judging *j, enum status st, const struct cert *c, const char *why)
{
	struct words w;

	if (note(j, NO_PATH, st, &w)) {
		words_put(&w, "the certificate of ");
		words_name(&w, c->subject);
		words_put(&w, " %s", why);
		words_end(&w);
	}
	return false;
}

static bool judge_time(struct judging *j, const struct cert *c)
{
	bool early = j->q->now_s < c->not_before;
	struct words w;

	if (!early && j->q->now_s <= c->not_after)
		return true;
	if (note(j, NO_PATH, early ? ST_CERT_NOT_YET : ST_CERT_EXPIRED, &w)) {
		words_put(&w, "the certificate of ");
		words_name(&w, c->subject);
		words_put(&w, early ? " is not valid before " : " expired on ");
		words_time(&w, early ? c->not_before : c->not_after);
		words_end(&w);
	}
	return false;
}

/* Authorities between the leaf and number i that count: those not self-issued. */
static size_t authorities_below(const struct path *p, size_t i)
{
	size_t n = 0;

	for (size_t k = 1; k < i; k++)
		n += !cert_is_self_issued(p->at[k]);
	return n;
}

/* Extended key usages of an authority that is not an anchor limit what is below it, as everybody applies them. */
static bool judge_authority_purpose(struct judging *j, const struct cert *c)
{
	unsigned ike = CERT_EKU_IKE | CERT_EKU_IKE_INTERMEDIATE | CERT_EKU_ANY;
	unsigned wanted;

	switch (j->q->purpose) {
	case CHAIN_IKE_CLIENT: wanted = CERT_EKU_CLIENT | ike; break;
	case CHAIN_IKE_SERVER: wanted = CERT_EKU_SERVER | ike; break;
	case CHAIN_TLS_CLIENT: wanted = CERT_EKU_CLIENT | CERT_EKU_ANY; break;
	case CHAIN_TLS_SERVER: wanted = CERT_EKU_SERVER | CERT_EKU_ANY; break;
	default: return true;
	}
	if (!cert_lists_ekus(c) || cert_has_eku(c, wanted))
		return true;
	return refuse(j, ST_CERT_PURPOSE, c, "does not allow it to issue for this purpose (extended key usage)");
}

static bool judge_authority(struct judging *j, size_t i)
{
	const struct path *p = &j->path;
	const struct cert *c = p->at[i];

	if (!c->is_ca)
		return refuse(j, ST_CERT_NOT_CA, c, "is not of an authority, yet it issued another");
	if (!cert_may(c, CERT_USE_CERT_SIGN))
		return refuse(j, ST_CERT_USAGE, c, "may not sign certificates (key usage)");
	if (c->path_len >= 0 && authorities_below(p, i) > (size_t)c->path_len)
		return refuse(j, ST_CERT_PATH_LENGTH, c, "allows fewer authorities below it");
	return i == p->n - 1 || judge_authority_purpose(j, c);
}

static bool refuse_name(struct judging *j, enum status st, const struct cert *authority, unsigned kind, struct view name)
{
	struct words w;

	if (!note(j, NO_PATH, st, &w))
		return false;
	words_name(&w, authority->subject);
	words_put(&w, " may not certify ");
	if (kind == 4)
		words_name(&w, name);
	else if (kind == 7)
		words_hex(&w, name);
	else
		words_bytes(&w, name, "\"\\");
	words_put(&w, " (name constraints)");
	words_end(&w);
	return false;
}

static bool judge_constraints(struct judging *j, size_t i)
{
	const struct path *p = &j->path;

	if (p->at[i]->name_constraints.len == 0)
		return true;
	for (size_t k = 0; k < i; k++) {
		struct view name;
		unsigned kind;
		enum status st;

		if (k > 0 && cert_is_self_issued(p->at[k]))
			continue;
		st = constraint_judge(p->at[i]->name_constraints, p->at[k], &j->comparisons, &kind, &name);
		if (st != ST_OK)
			return refuse_name(j, st, p->at[i], kind, name);
	}
	return true;
}

static bool judge(struct judging *j)
{
	const struct path *p = &j->path;

	for (size_t i = 0; i < p->n; i++) {
		const struct cert *c = p->at[i];

		if (c->critical.len != 0)
			return refuse(j, ST_CERT_CRITICAL, c, "has a critical extension that is not known");
		if (!judge_time(j, c))
			return false;
		if (i > 0 && (!judge_authority(j, i) || !judge_constraints(j, i)))
			return false;
	}
	return true;
}

/* ---- building ------------------------------------------------------------------------------------- */

static bool could_issue(const struct cert *issuer, const struct cert *c)
{
	if (!name_eq(issuer->subject, c->issuer))
		return false;
	return c->authority_key_id.len == 0 || issuer->key_id.len == 0 ||
	       der_same(c->authority_key_id, issuer->key_id);
}

/* The same authority twice, also by another certificate of it, leads nowhere new. */
static bool is_on(const struct path *p, const struct cert *c)
{
	for (size_t i = 0; i < p->n; i++)
		if (der_same(p->at[i]->spki, c->spki) && name_eq(p->at[i]->subject, c->subject))
			return true;
	return false;
}

static void note_signature(struct judging *j, enum status st, const struct cert *c, const struct cert *issuer)
{
	struct words w;

	if (!note(j, st == ST_NOMEM ? NO_MORE : NO_SIGNATURE, st, &w))
		return;
	if (st == ST_BAD_SIGNATURE) {
		words_put(&w, "the signature of ");
		words_name(&w, issuer->subject);
		words_put(&w, " below the certificate of ");
		words_name(&w, c->subject);
		words_put(&w, " does not verify");
	} else {
		words_put(&w, "the certificate of ");
		words_name(&w, c->subject);
		words_put(&w, ": %s", status_words(st));
	}
	words_end(&w);
}

static void note_no_issuer(struct judging *j, const struct cert *c)
{
	bool is_root = cert_is_self_issued(c);
	struct words w;

	if (!note(j, NO_ISSUER, ST_CERT_UNTRUSTED, &w))
		return;
	if (is_root && c == j->path.at[0]) {
		words_put(&w, "the certificate of ");
		words_name(&w, c->subject);
		words_put(&w, " is signed by itself and");
	} else {
		words_put(&w, is_root ? "the authority " : "the issuer ");
		words_name(&w, c->issuer);
	}
	words_put(&w, " is not trusted by trustpoint %s", trust_name(j->q->trust));
	words_end(&w);
}

static bool extend(struct judging *j);

/* Goes on over this issuer. True: j->path is it. */
static bool try_issuer(struct judging *j, struct cert *issuer, bool is_anchor)
{
	struct path *p = &j->path;
	struct cert *c = p->at[p->n - 1];
	enum status st;
	struct words w;
	bool found;

	if (!could_issue(issuer, c) || is_on(p, issuer) || j->weight == NO_MORE)
		return false;
	if (j->signatures++ >= CHAIN_SIGNATURES_MAX) {
		if (note(j, NO_MORE, ST_CERT_LIMIT, &w)) {
			words_put(&w, "too many possible paths to a trusted authority");
			words_end(&w);
		}
		return false;
	}
	st = cert_verify(c, issuer);
	if (st != ST_OK) {
		note_signature(j, st, c, issuer);
		return false;
	}
	p->at[p->n++] = issuer;
	found = is_anchor ? judge(j) : extend(j);
	if (!found)
		p->n--;
	return found;
}

static bool try_list(struct judging *j, const struct trust_list *l, bool are_anchors)
{
	for (size_t i = 0; i < l->n; i++)
		if (try_issuer(j, l->at[i], are_anchors))
			return true;
	return false;
}

static bool extend(struct judging *j)
{
	struct cert *c = j->path.at[j->path.n - 1];

	if (j->path.n == CHAIN_PATH_MAX) {
		struct words w;

		if (note(j, NO_SIGNATURE, ST_CERT_LIMIT, &w)) {
			words_put(&w, "more than %d certificates in a path", CHAIN_PATH_MAX);
			words_end(&w);
		}
		return false;
	}
	if (try_list(j, trust_list_anchors(j->q->trust), true))
		return true;
	if (try_list(j, trust_list_intermediates(j->q->trust), false))
		return true;
	for (size_t i = 0; i < j->n_others; i++)
		if (try_issuer(j, j->others[i], false))
			return true;
	note_no_issuer(j, c);
	return false;
}

/* The leaf may be an anchor itself. */
static bool is_anchor(const struct judging *j, const struct cert *c)
{
	const struct trust_list *l = trust_list_anchors(j->q->trust);

	for (size_t i = 0; i < l->n; i++)
		if (der_same(cert_der(l->at[i]), c->der))
			return true;
	return false;
}

enum status path_find(struct judging *j)
{
	j->path.n = 1;
	j->path.at[0] = j->out->leaf;
	if (is_anchor(j, j->out->leaf) ? judge(j) : extend(j)) {
		struct words w = judging_words(j);

		words_end(&w); /* what was tried before does not matter */
		j->weight = NOTHING;
		return ST_OK;
	}
	return j->out->status;
}
