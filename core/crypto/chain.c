#include "core/crypto/chain.h"

#include <time.h>

#include "core/base/addr.h"
#include "core/base/mem.h"
#include "core/crypto/chain_parts.h"
#include "core/crypto/constraint.h"
#include "core/crypto/der.h"
#include "core/crypto/name.h"

/* ---- words ---------------------------------------------------------------------------------------- */

struct words judging_words(struct judging *j)
{
	return words_init(j->out->words, sizeof(j->out->words));
}

void words_name(struct words *w, struct view der_name)
{
	char text[96]; /* so that two of them and a sentence fit */

	name_text(der_name, text, sizeof(text));
	words_put(w, "%s", *text != '\0' ? text : "(no name)");
}

void words_time(struct words *w, int64_t utc_s)
{
	time_t t = (time_t)utc_s;
	struct tm tm;

	if (gmtime_r(&t, &tm) != NULL)
		words_put(w, "%04d-%02d-%02d %02d:%02d:%02d UTC", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
			tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static enum status say(struct judging *j, enum status st, const char *why)
{
	struct words w = judging_words(j);

	words_put(&w, "the certificate of ");
	words_name(&w, j->out->leaf->subject);
	words_put(&w, " %s", why);
	words_end(&w);
	return st;
}

/* ---- the leaf ------------------------------------------------------------------------------------- */

/* RFC 4945 5.1.3.2: digitalSignature or nonRepudiation, where usages are listed. */
static enum status judge_usage(struct judging *j)
{
	const struct cert *leaf = j->out->leaf;

	if (cert_may(leaf, CERT_USE_SIGN) || cert_may(leaf, CERT_USE_NON_REPUDIATION))
		return ST_OK;
	return say(j, ST_CERT_USAGE, "may not sign (key usage)");
}

static enum status judge_purpose(struct judging *j)
{
	const struct cert *leaf = j->out->leaf;
	bool is_client = j->q->purpose == CHAIN_IKE_CLIENT || j->q->purpose == CHAIN_TLS_CLIENT;
	bool is_ike = j->q->purpose == CHAIN_IKE_CLIENT || j->q->purpose == CHAIN_IKE_SERVER;
	unsigned wanted = is_client ? CERT_EKU_CLIENT : CERT_EKU_SERVER;

	if (j->q->purpose == CHAIN_ANY || cert_has_eku(leaf, wanted))
		return ST_OK;
	if (j->q->require_eku)
		return say(j, ST_CERT_PURPOSE,
			is_client ? "lacks the extended key usage clientAuth" : "lacks the extended key usage serverAuth");
	if (!cert_lists_ekus(leaf) || cert_has_eku(leaf, CERT_EKU_ANY) ||
		(is_ike && cert_has_eku(leaf, CERT_EKU_IKE | CERT_EKU_IKE_INTERMEDIATE)))
		return ST_OK;
	return say(j, ST_CERT_PURPOSE,
		is_client ? "is not for clients (extended key usage)" : "is not for servers (extended key usage)");
}

/* As an address, where it has the length of one. */
static void put_address(struct words *w, struct view id)
{
	char text[ADDR_TEXT];

	if (id.len != 4 && id.len != 16) {
		words_hex(w, id);
		return;
	}
	struct addr a = addr_from(id.p, id.len);
	words_put(w, "%s", addr_format(&a, text));
}

static enum status judge_identity(struct judging *j)
{
	struct words w;

	if (j->q->id_type == 0 || cert_has_id(j->out->leaf, j->q->id_type, j->q->id))
		return ST_OK;
	w = judging_words(j);
	words_put(&w, "the certificate of ");
	words_name(&w, j->out->leaf->subject);
	words_put(&w, " is not for the identity ");
	switch (j->q->id_type) {
	case 1:
	case 5: put_address(&w, j->q->id); break;
	case 2:
	case 3: words_bytes(&w, j->q->id, "\"\\"); break;
	case 9: words_name(&w, j->q->id); break;
	default: words_hex(&w, j->q->id); break;
	}
	words_end(&w);
	return ST_CERT_IDENTITY;
}

/* ---- the query ------------------------------------------------------------------------------------ */

static enum status parse_cert(const struct chain_query *q, struct view der, struct cert **out)
{
	return q->allow_weak ? cert_parse_weak(der, out) : cert_parse(der, out);
}

/* What else the peer sent and cannot be used is no reason to refuse it: a path may do without. */
static enum status open_others(struct judging *j)
{
	size_t bytes = j->q->leaf.len;

	if (j->q->n_others >= CHAIN_CERTS_MAX)
		return ST_CERT_LIMIT;
	for (size_t i = 0; i < j->q->n_others; i++) {
		enum status st;

		bytes += j->q->others[i].len;
		if (bytes > CHAIN_BYTES_MAX)
			return ST_CERT_LIMIT;
		st = parse_cert(j->q, j->q->others[i], &j->others[j->n_others]);
		if (st == ST_NOMEM)
			return st;
		j->n_others += st == ST_OK;
	}
	return ST_OK;
}

static enum status open_crls(struct judging *j)
{
	for (size_t i = 0; i < j->q->n_crls && j->n_crls < CHAIN_CRLS_MAX; i++) {
		enum status st = crl_parse(j->q->crls[i], &j->crls[j->n_crls]);

		if (st == ST_NOMEM)
			return st;
		j->n_crls += st == ST_OK;
	}
	return ST_OK;
}

static void judging_fini(struct judging *j)
{
	for (size_t i = 0; i < j->n_others; i++)
		cert_unref(j->others[i]);
	for (size_t i = 0; i < j->n_crls; i++)
		crl_unref(j->crls[i]);
}

static enum status judge(struct judging *j)
{
	enum status st = parse_cert(j->q, j->q->leaf, &j->out->leaf);

	if (st == ST_OK)
		st = open_others(j);
	if (st == ST_OK)
		st = path_find(j);
	if (st != ST_OK)
		return st;
	j->out->is_trusted = true;
	j->out->valid_until_s = INT64_MAX;
	for (size_t i = 0; i < j->path.n; i++)
		if (j->path.at[i]->not_after < j->out->valid_until_s)
			j->out->valid_until_s = j->path.at[i]->not_after;
	st = judge_usage(j);
	if (st == ST_OK)
		st = judge_purpose(j);
	if (st == ST_OK)
		st = judge_identity(j);
	if (st == ST_OK)
		st = open_crls(j);
	if (st == ST_OK)
		st = revoke_judge(j);
	return st;
}

enum status chain_judge(const struct chain_query *q, struct chain_result *out)
{
	struct judging j = {.q = q, .out = out, .comparisons = CONSTRAINT_COMPARISONS_MAX};

	memset(out, 0, sizeof(*out));
	out->status = judge(&j);
	if (out->status != ST_OK && out->words[0] == '\0') {
		struct words w = judging_words(&j);

		words_put(&w, "%s", status_words(out->status));
		words_end(&w);
	}
	judging_fini(&j);
	return out->status;
}

void chain_result_fini(struct chain_result *r)
{
	cert_unref(r->leaf);
	r->leaf = NULL;
}
