#include "core/conf/pki_case.h"

#include <stdio.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/wr.h"
#include "core/conf/certmap.h"
#include "core/crypto/prf.h"

#define STAPLED_MAX 4
#define ID_MAX      512
#define TRIED_MAX   (CHAIN_WANTED_MAX * PKI_ROUNDS_MAX)

/* What was asked for. */
struct tried {
	char *url;
	uint16_t request_len;
	uint8_t request[OCSP_REQUEST_MAX];
};

/* A CRL or response that was fetched, or came with the certificate. */
struct gift {
	enum chain_method kind;
	struct pki_blob *blob;
	char *url; /* one of those that were tried */
	uint16_t request_len;
	uint8_t request[OCSP_REQUEST_MAX];
};

struct pki_blob {
	atomic_uint refs;
	size_t len;
	uint8_t bytes[];
};

struct pki_case {
	struct pki *set;
	const struct trustpoint_ref *refs; /* in the set's snapshot: whose trustpoints are tried */
	size_t n_refs;
	struct trustpoint_ref alone;       /* the one, where no profile is meant */
	const char *asker;                 /* name of the profile, or of that one */
	uint8_t *bytes;                    /* what the peer sent; views below point into it */
	size_t bytes_len;
	struct view leaf, others[CHAIN_CERTS_MAX], stapled[STAPLED_MAX], id;
	size_t n_others, n_stapled;
	enum chain_purpose purpose;
	uint8_t id_type;

	struct gift gifts[PKI_GIFTS_MAX];
	size_t n_gifts, gifts_len;
	struct tried tried[TRIED_MAX];
	size_t n_tried;
	uint32_t rounds, fetched;

	size_t at; /* trustpoint of the profile */
	struct chain_result result;
	size_t wants[CHAIN_WANTED_MAX]; /* into result.wanted: those that may be fetched */
	size_t n_wants;

	enum status status; /* of the verdict */
	char words[CHAIN_WORDS_MAX];
	struct cert *leaf_cert;
	const char *trustpoint;
	int64_t valid_until_s;
};

struct pki_blob *pki_blob_new(struct view v)
{
	struct pki_blob *b = mem_new(sizeof(*b) + v.len);
	if (!b)
		return NULL;
	atomic_init(&b->refs, 1);
	b->len = v.len;
	if (v.len)
		memcpy(b->bytes, v.p, v.len);
	return b;
}

struct pki_blob *pki_blob_ref(struct pki_blob *b)
{
	atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
	return b;
}

void pki_blob_unref(struct pki_blob *b)
{
	if (b && atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) == 1)
		mem_free(b);
}

struct view pki_blob_bytes(const struct pki_blob *b)
{
	return (struct view){b->bytes, b->len};
}

static struct view put(struct pki_case *c, size_t *at, struct view v)
{
	struct view copy = {c->bytes + *at, v.len};
	if (v.len)
		memcpy(c->bytes + *at, v.p, v.len);
	*at += v.len;
	return copy;
}

static void copy_query(struct pki_case *c, const struct pki_query *q)
{
	size_t at = 0;
	c->leaf = put(c, &at, q->leaf);
	for (size_t i = 0; i < q->n_others; i++)
		c->others[c->n_others++] = put(c, &at, q->others[i]);
	for (size_t i = 0; i < q->n_stapled && i < STAPLED_MAX; i++)
		c->stapled[c->n_stapled++] = put(c, &at, q->stapled[i]);
	c->id = put(c, &at, q->id);
	c->id_type = q->id_type;
	c->purpose = q->purpose;
}

/* Whose trustpoints are asked. */
static enum status find_refs(const struct pki *set, const struct pki_query *q, struct pki_case *c)
{
	const struct trustpoint *t = q->trustpoint ? snapshot_trustpoint(set->conf, q->trustpoint) : NULL;
	const struct ike_profile *p = q->trustpoint ? NULL : snapshot_profile(set->conf, q->profile);
	if (!t && !p)
		return q->trustpoint ? ST_CONFIG : ST_NO_PROFILE;
	if (t)
		c->alone = (struct trustpoint_ref){.name = t->name, .verify = true};
	c->refs = t ? &c->alone : p->trustpoints;
	c->n_refs = t ? 1 : p->trustpoint_count;
	c->asker = t ? t->name : p->name;
	return ST_OK;
}

enum status pki_case_new(struct pki *set, const struct pki_query *q, struct pki_case **out)
{
	size_t len = q->leaf.len + q->id.len, stapled = 0;
	*out = NULL;
	for (size_t i = 0; i < q->n_others && i < CHAIN_CERTS_MAX; i++)
		len += q->others[i].len;
	for (size_t i = 0; i < q->n_stapled && i < STAPLED_MAX; i++)
		stapled += q->stapled[i].len;
	if (q->n_others >= CHAIN_CERTS_MAX || len > CHAIN_BYTES_MAX || stapled > STAPLED_MAX * (size_t)OCSP_DER_MAX)
		return ST_CERT_LIMIT;
	struct pki_case *c = mem_new(sizeof(*c));
	if (!c)
		return ST_NOMEM;
	enum status st = find_refs(set, q, c);
	if (st != ST_OK) {
		mem_free(c);
		return st;
	}
	c->bytes_len = len + stapled;
	c->bytes = mem_new(c->bytes_len + 1);
	if (!c->bytes) {
		mem_free(c);
		return ST_NOMEM;
	}
	copy_query(c, q);
	c->set = pki_ref(set);
	c->trustpoint = "";
	c->status = ST_PENDING;
	*out = c;
	return ST_OK;
}

void pki_case_free(struct pki_case *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_gifts; i++)
		pki_blob_unref(c->gifts[i].blob);
	for (size_t i = 0; i < c->n_tried; i++)
		mem_free(c->tried[i].url);
	chain_result_fini(&c->result);
	cert_unref(c->leaf_cert);
	pki_unref(c->set);
	mem_free(c->bytes);
	mem_free(c);
}

/* ---- judging ----------------------------------------------------------------------------------- */

static const struct trustpoint *conf_of(const struct pki_case *c)
{
	return snapshot_trustpoint(c->set->conf, c->refs[c->at].name);
}

static size_t methods_of(const struct trustpoint *t, enum chain_method out[REVOCATION__MAX])
{
	static const enum chain_method map[] = {
		[REVOCATION_CRL] = CHAIN_CRL, [REVOCATION_OCSP] = CHAIN_OCSP, [REVOCATION_NONE] = CHAIN_NONE};
	for (size_t i = 0; i < t->revocation_count; i++)
		out[i] = map[t->revocation[i]];
	return t->revocation_count;
}

static void judge_once(struct pki_case *c, const struct trustpoint *t, struct trust *trust, int64_t now_s)
{
	struct view crls[PKI_GIFTS_MAX], ocsp[PKI_GIFTS_MAX + STAPLED_MAX];
	struct chain_tried tried[TRIED_MAX];
	struct chain_query q = {.trust = trust,
		.leaf = c->leaf,
		.others = c->others,
		.n_others = c->n_others,
		.now_s = now_s,
		.purpose = c->purpose,
		.require_eku = t->require_eku,
		.id_type = c->id_type,
		.id = c->id,
		.crls = crls,
		.ocsp = ocsp,
		.tried = tried,
		.n_tried = c->n_tried,
		.fetch_nothing = c->rounds >= PKI_ROUNDS_MAX};
	q.n_methods = methods_of(t, q.methods);
	if (t->ocsp_url)
		q.ocsp_url = (struct view){(const uint8_t *)t->ocsp_url, strlen(t->ocsp_url)};
	for (size_t i = 0; i < c->n_tried; i++)
		tried[i] = (struct chain_tried){{(const uint8_t *)c->tried[i].url, strlen(c->tried[i].url)},
						{c->tried[i].request, c->tried[i].request_len}};
	for (size_t i = 0; i < c->n_stapled; i++)
		ocsp[q.n_ocsp++] = c->stapled[i];
	for (size_t i = 0; i < c->n_gifts; i++) {
		struct view v = pki_blob_bytes(c->gifts[i].blob);
		if (c->gifts[i].kind == CHAIN_CRL)
			crls[q.n_crls++] = v;
		else
			ocsp[q.n_ocsp++] = v;
	}
	chain_result_fini(&c->result);
	c->result = (struct chain_result){0};
	(void)chain_judge(&q, &c->result);
}

/* From now on it counts as asked for. */
static void give_up(struct pki_case *c, size_t wanted)
{
	const struct chain_want *w = &c->result.wanted[wanted];
	char *url = c->n_tried < TRIED_MAX ? mem_strdup(w->url) : NULL;
	if (url) {
		struct tried *t = &c->tried[c->n_tried++];
		*t = (struct tried){.url = url, .request_len = w->request_len};
		memcpy(t->request, w->request, w->request_len);
	} else
		c->rounds = PKI_ROUNDS_MAX; /* it would be asked for for ever */
}

/* What the trustpoint lets us fetch. */
static void choose_wants(struct pki_case *c, const struct trustpoint *t)
{
	c->n_wants = 0;
	for (size_t i = 0; i < c->result.n_wanted; i++) {
		bool may = c->result.wanted[i].kind == CHAIN_CRL ? t->crl_fetch : t->ocsp_fetch;
		if (may)
			c->wants[c->n_wants++] = i;
		else
			give_up(c, i);
	}
}

/* true: something is to be fetched. */
static bool judge_here(struct pki_case *c, const struct trustpoint *t, struct trust *trust, int64_t now_s)
{
	for (;;) {
		judge_once(c, t, trust, now_s);
		if (c->result.status != ST_PENDING)
			return false;
		if (c->rounds >= PKI_ROUNDS_MAX) { /* not even now: do not go round for ever */
			c->result.status = ST_REVOCATION_UNKNOWN;
			return false;
		}
		c->rounds++;
		choose_wants(c, t);
		if (c->n_wants)
			return true;
	}
}

static void set_leaf(struct pki_case *c)
{
	if (!c->leaf_cert && c->result.leaf)
		c->leaf_cert = cert_ref(c->result.leaf);
}

static bool meets_maps(const struct pki_case *c, const struct trustpoint *t)
{
	for (size_t i = 0; i < t->maps.n; i++)
		if (certmap_matches(c->set->conf, t->maps.v[i], c->result.leaf))
			return true;
	return t->maps.n == 0;
}

static void say(struct pki_case *c, enum status st, const char *words)
{
	c->status = st;
	snprintf(c->words, sizeof(c->words), "%s", words);
}

/* This trustpoint trusts it: what it says counts. */
static void decide(struct pki_case *c, const struct trustpoint *t)
{
	c->trustpoint = t->name;
	c->valid_until_s = c->result.valid_until_s;
	say(c, c->result.status, c->result.words);
	if (c->status == ST_OK && !meets_maps(c, t)) {
		char name[PKI_WORDS];
		escape_bytes(name, sizeof(name), t->name, strlen(t->name));
		c->status = ST_CERT_MAP;
		snprintf(c->words, sizeof(c->words), "meets none of the certificate maps of trustpoint %s", name);
	}
}

/* The reason that says most: not merely that this trustpoint knows nothing of it. */
static void remember(struct pki_case *c)
{
	if (c->status == ST_PENDING || c->status == ST_CERT_UNTRUSTED)
		say(c, c->result.status, c->result.words);
}

void pki_case_run(struct pki_case *c, int64_t now_s)
{
	c->n_wants = 0;
	for (; c->at < c->n_refs; c->at++) {
		const struct trustpoint_ref *r = &c->refs[c->at];
		const struct trustpoint *t = r->verify ? conf_of(c) : NULL;
		const struct pki_point *p = t ? pki_point(c->set, r->name) : NULL;
		if (!p || !p->trust)
			continue;
		if (judge_here(c, t, p->trust, now_s))
			return;
		set_leaf(c);
		if (c->result.is_trusted) {
			decide(c, t);
			return;
		}
		remember(c);
	}
	if (c->status == ST_PENDING)
		say(c, ST_CERT_UNTRUSTED, c->refs == &c->alone ? "the trustpoint trusts nobody"
							       : "the profile has no trustpoint that trusts anybody");
}

/* ---- fetching ---------------------------------------------------------------------------------- */

const struct chain_want *pki_case_want(const struct pki_case *c, size_t i)
{
	return i < c->n_wants ? &c->result.wanted[c->wants[i]] : NULL;
}

void pki_case_give(struct pki_case *c, size_t i, struct pki_blob *answer)
{
	if (i >= c->n_wants)
		return;
	give_up(c, c->wants[i]);
	if (!answer || !answer->len || c->n_gifts == PKI_GIFTS_MAX || answer->len > PKI_GIFTS_BYTES - c->gifts_len)
		return;
	const struct chain_want *want = &c->result.wanted[c->wants[i]];
	struct gift *g = &c->gifts[c->n_gifts++];
	g->blob = pki_blob_ref(answer);
	c->gifts_len += answer->len;
	c->fetched++;
	g->kind = want->kind;
	g->url = c->n_tried ? c->tried[c->n_tried - 1].url : NULL;
	g->request_len = want->request_len;
	memcpy(g->request, want->request, want->request_len);
}

bool pki_case_gift(const struct pki_case *c, size_t i, struct pki_gift *out)
{
	if (i >= c->n_gifts)
		return false;
	const struct gift *g = &c->gifts[i];
	*out = (struct pki_gift){g->url, {g->request, g->request_len}, pki_blob_bytes(g->blob)};
	return true;
}

void pki_case_verdict(const struct pki_case *c, struct pki_verdict *out)
{
	*out = (struct pki_verdict){.status = c->status,
		.words = c->status == ST_OK ? "" : c->words,
		.leaf = c->leaf_cert,
		.trustpoint = c->trustpoint,
		.valid_until_s = c->valid_until_s,
		.fetched = c->fetched};
}

void pki_case_key(const struct pki_case *c, uint8_t out[PKI_CASE_KEY])
{
	uint8_t head[10] = {(uint8_t)c->purpose, c->refs == &c->alone};
	struct wr w = wr_init(head + 2, 8);
	wr_u64(&w, c->set->generation);
	struct view parts[3] = {{head, sizeof(head)}, {(const uint8_t *)c->asker, strlen(c->asker) + 1}, c->leaf};
	prf_sha256(parts, 3, out);
}
