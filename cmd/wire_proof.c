#include "cmd/wire_proof.h"

#include <stdio.h>
#include <string.h>

#include "cmd/wire_keys.h"
#include "cmd/wire_lookup.h"
#include "cmd/wire_pki.h"
#include "cmd/wire_reconnect.h"
#include "cmd/wire_staple.h"
#include "core/base/mem.h"
#include "core/conf/match.h"
#include "core/crypto/bundle.h"
#include "core/crypto/cms.h"
#include "core/crypto/sig.h"
#include "core/wire/auth.h"
#include "core/wire/certs.h"
#include "modules/jobs/jobs.h"

#define CERTREQ_MAX 1280 /* octets: 64 CAs */

/* ---- shared keys ----------------------------------------------------------------------------------- */

static void copy_key(const struct secret *s, uint8_t *out, uint16_t *len)
{
	if (!s || !secret_usable(s) || s->len > IKE_PSK_LEN)
		return;
	memcpy(out, s->bytes, s->len);
	*len = (uint16_t)s->len;
}

/* The post-quantum key by the ID that is wanted. */
static void answer_ppk(const struct wire *w, const struct ike_profile *p, const struct ike_question *q,
		       struct ike_answer *a)
{
	struct view id = {q->peer_id.bytes, q->peer_id.len};
	const struct ike_peer *peer =
		q->we_are_initiator ? ppk_for_initiator(w->conf, p, q->peer_name[0] ? q->peer_name : NULL,
							&q->remote.addr) :
				      ppk_for_responder(w->conf, p, q->peer_id.type, id, &q->remote.addr);
	if (peer && q->ppk_id_len && strlen(peer->ppk_id) == q->ppk_id_len &&
	    memcmp(peer->ppk_id, q->ppk_id, q->ppk_id_len) == 0)
		copy_key(&peer->ppk, a->ppk, &a->ppk_len);
}

/* Keys that must be there are those that nothing else can stand in for. */
static void answer_psk(const struct wire *w, const struct ike_profile *p, const struct ike_question *q,
		       struct ike_answer *a)
{
	bool need_local = p->auth_local == AUTH_PSK, need_remote = p->auth_remote == AUTH_PSK;
	struct psk_pair pair = {0};
	struct view id = {q->peer_id.bytes, q->peer_id.len};
	enum status st =
		q->we_are_initiator ? psk_for_initiator(w->conf, p, q->peer_name[0] ? q->peer_name : NULL,
							&q->remote.addr, &pair) :
				      psk_for_responder(w->conf, p, q->peer_id.type, id, &q->remote.addr, &pair);
	/* Those of RADIUS servers are in the answer already (cmd/wire_psk.c). */
	if (st != ST_OK && (need_local || need_remote) && p->keyring_kind != KEYRING_AAA) {
		a->status = st;
		snprintf(a->detail, sizeof(a->detail),
			 "profile %s: neither an inline key nor %s%s has a usable key for this peer",
			 q->profile, p->keyring ? "keyring " : "a keyring", p->keyring ? p->keyring : "");
		return;
	}
	if (st == ST_OK) {
		copy_key(pair.local, a->local_key, &a->local_key_len);
		copy_key(pair.remote, a->remote_key, &a->remote_key_len);
	}
	if ((need_local && a->local_key_len == 0) || (need_remote && a->remote_key_len == 0)) {
		a->status = ST_NO_KEY;
		snprintf(a->detail, sizeof(a->detail), "profile %s: there is no key for the %s side",
			 q->profile, need_local && a->local_key_len == 0 ? "local" : "remote");
	}
}

/* ---- our certificate ------------------------------------------------------------------------------- */

static struct view keep(uint8_t *block, size_t *at, struct view v)
{
	if (v.len == 0)
		return (struct view){0}; /* there may be no block */
	struct view out = {block + *at, v.len};
	memcpy(block + *at, v.p, v.len);
	*at += v.len;
	return out;
}

static void answer_cert(const struct wire *w, const struct ike_profile *p, const struct ike_question *q,
			struct ike_answer *a, uint8_t **block)
{
	struct credential_wish wish = {.auth_local = p->auth_local, .certreq = q->authorities, .peer_hashes = q->hashes};
	bool signs = p->auth_local & (AUTH_RSA | AUTH_ECDSA);
	struct wire_credential c = {0};
	uint8_t certreq[CERTREQ_MAX];
	size_t n_certreq = q->we_are_initiator ? wire_pki_certreq(w, p, certreq, sizeof(certreq)) : 0;
	size_t len = n_certreq, at = 0;
	if (signs && !wire_pki_credential(w, p, &wish, &c)) {
		a->status = ST_NO_CERT;
		snprintf(a->detail, sizeof(a->detail),
			 "profile %s: no trustpoint has a certificate and key that we could sign with for this peer",
			 q->profile);
		return;
	}
	for (size_t i = 0; i < c.n; i++)
		len += c.chain[i].len;
	struct view staple = signs && q->wants_ocsp ? wire_staple(w, c.leaf) : (struct view){0};
	if (signs)
		len += cert_subject(c.leaf).len + staple.len;
	*block = len ? mem_new(len) : NULL;
	if (len && !*block) {
		a->status = ST_NOMEM;
		return;
	}
	a->authorities = keep(*block, &at, (struct view){certreq, n_certreq});
	for (size_t i = 0; i < c.n && i < IKE_CERTS_MAX; i++)
		a->certs[a->n_certs++] = (struct ike_cert){CERT_ENC_X509, keep(*block, &at, c.chain[i])};
	if (staple.len && a->n_certs < IKE_CERTS_MAX)
		a->certs[a->n_certs++] = (struct ike_cert){CERT_ENC_OCSP, keep(*block, &at, staple)};
	if (!signs)
		return;
	a->subject = keep(*block, &at, cert_subject(c.leaf));
	a->key = c.key;
	a->scheme = (uint16_t)c.scheme;
}

/* Of a certificate only the name counts, which may be our identity: nothing is signed for who comes back. */
static void forget_cert(struct ike_answer *a)
{
	a->scheme = 0;
	a->key = 0;
	a->n_certs = 0;
	a->authorities = (struct view){0};
}

void wire_proof_keys(const struct wire *w, const struct ike_question *q, struct ike_answer *a, uint8_t **block)
{
	const struct ike_profile *p = snapshot_profile(w->conf, q->profile);
	*block = NULL;
	if (!p) {
		a->status = ST_NO_PROFILE;
		snprintf(a->detail, sizeof(a->detail), "profile %s is not configured any more", q->profile);
		return;
	}
	if (q->by_token)
		wire_reconnect_keys(w, q, a);
	else if (p->auth_local == AUTH_PSK || (p->auth_remote & AUTH_PSK))
		answer_psk(w, p, q, a);
	if (a->status != ST_OK)
		return;
	answer_ppk(w, p, q, a);
	answer_cert(w, p, q, a, block);
	if (q->by_token)
		forget_cert(a);
}

/* ---- signing --------------------------------------------------------------------------------------- */

static void on_signature(struct wire *w, uint64_t number, enum status st, struct view signature)
{
	struct ike_job_result *r = mem_new(sizeof(*r));
	if (!r)
		return; /* its state has a timeout */
	r->status = st;
	if (st == ST_OK && signature.len <= sizeof(r->signature)) {
		r->signature_len = (uint16_t)signature.len;
		memcpy(r->signature, signature.p, signature.len);
	}
	ike_on_job(w->ike, number, r);
	mem_free(r);
}

enum status wire_proof_sign(struct wire *w, uint64_t number, const struct ike_job *job)
{
	return wire_keys_sign(w, on_signature, number, job->key, KEYS_IKE, job->scheme, job->octets);
}

/* ---- the peer's signature --------------------------------------------------------------------------- */

/* One question: certificates that are only named are looked up, then it is lent to a job thread for the signature, then its
 * certificates are judged. */
struct wire_proof_case {
	uint64_t number;
	uint8_t *bytes; /* what the views point into, but for those of lookups and bundle */
	struct lookups lookups;
	struct cms *bundle;
	uint8_t method;
	struct view auth, octets;
	size_t n_certs;
	struct ike_cert certs[IKE_CERTS_MAX]; /* as they came */
	struct view leaf;
	size_t n_others;
	struct view others[CHAIN_CERTS_MAX];
	size_t n_stapled;
	struct view stapled[IKE_CERTS_MAX];
	char profile[IKE_NAME_LEN];
	struct ike_id id;
	bool we_are_initiator;
	enum status status; /* of the signature */
	char words[IKE_DETAIL_LEN];
};

static void case_free(void *ctx, void *object)
{
	struct wire_proof_case *c = object;
	if (!c)
		return;
	wire_lookup_fini(&c->lookups);
	cms_free(c->bundle);
	mem_free(c->bytes);
	mem_free(c);
}

/* In a job thread: is it the key of the first certificate that signed? */
static void run(void *object)
{
	struct wire_proof_case *c = object;
	struct rd r = rd_init(c->auth.p, c->auth.len);
	enum sig_scheme scheme = SIG_NONE;
	struct cert *leaf = NULL;
	c->status = cert_parse(c->leaf, &leaf);
	if (c->status != ST_OK) {
		snprintf(c->words, sizeof(c->words), "the peer's certificate: %s", status_words(c->status));
		return;
	}
	if (c->method == AUTHM_DIGITAL_SIGNATURE)
		c->status = sig_scheme_parse(&r, &scheme);
	else
		scheme = sig_from_method(c->method, cert_key(leaf));
	if (c->status == ST_OK && scheme == SIG_NONE)
		c->status = ST_SIG_ALGORITHM;
	if (c->status == ST_OK)
		c->status = sig_verify(cert_spki(leaf), scheme, c->octets, rd_rest(&r));
	if (c->status == ST_BAD_SIGNATURE)
		snprintf(c->words, sizeof(c->words), "the peer's signature (%s) is not of the key of its certificate",
			 sig_scheme_words(scheme));
	else if (c->status != ST_OK)
		snprintf(c->words, sizeof(c->words), "the peer's signature (%s, key %s): %s",
			 scheme != SIG_NONE ? sig_scheme_words(scheme) : auth_method_name(c->method),
			 cert_key_words(leaf), status_words(c->status));
	cert_unref(leaf);
}

static void answer(struct wire *w, uint64_t number, enum status st, const char *words)
{
	struct ike_answer *a = mem_new(sizeof(*a));
	if (!a)
		return;
	a->kind = ASK_PROOF;
	a->status = st;
	snprintf(a->detail, sizeof(a->detail), "%s", words);
	ike_on_answer(w->ike, number, a);
	mem_free(a);
}

static void on_verdict(struct wire *w, uint64_t number, const struct pki_verdict *v)
{
	answer(w, number, v->status, v->words);
}

static void on_verified(void *ctx, uint64_t number, void *object)
{
	struct wire *w = ctx;
	struct wire_proof_case *c = object;
	struct pki_query q = {
		.profile = c->profile,
		.leaf = c->leaf,
		.others = c->others,
		.n_others = c->n_others,
		.purpose = c->we_are_initiator ? CHAIN_IKE_SERVER : CHAIN_IKE_CLIENT,
		.id_type = c->id.type,
		.id = {c->id.bytes, c->id.len},
		.stapled = c->stapled,
		.n_stapled = c->n_stapled,
	};
	enum status st = c->status;
	if (st == ST_OK)
		st = wire_pki_judge(w, on_verdict, number, &q);
	if (st != ST_OK)
		answer(w, number, st, c->words);
	case_free(NULL, c);
}

/* The first certificate is of the key that signs (RFC 7296 3.6), whatever it comes in. */
static void add_cert(struct wire_proof_case *c, struct view der)
{
	if (c->leaf.len == 0)
		c->leaf = der;
	else if (c->n_others < CHAIN_CERTS_MAX - 1)
		c->others[c->n_others++] = der;
}

static enum status add_cms(struct wire_proof_case *c, struct view der)
{
	enum status st = c->bundle ? ST_CERT_LIMIT : cms_parse(der, &c->bundle);
	for (size_t i = 0; st == ST_OK && i < cms_certs(c->bundle); i++)
		add_cert(c, cms_cert(c->bundle, i));
	return st;
}

static enum status add_bundle(struct wire_proof_case *c, struct view der)
{
	struct view found[CHAIN_CERTS_MAX];
	size_t n;
	enum status st = bundle_parse(der, found, CHAIN_CERTS_MAX, &n);
	for (size_t i = 0; st == ST_OK && i < n; i++)
		add_cert(c, found[i]);
	return st;
}

static enum status sort_certs(struct wire_proof_case *c)
{
	enum status st = ST_OK;
	size_t looked_up = 0;
	for (size_t i = 0; i < c->n_certs && st == ST_OK; i++) {
		struct view v = c->certs[i].data;
		uint8_t encoding = c->certs[i].encoding;
		if ((encoding == CERT_ENC_X509_URL || encoding == CERT_ENC_BUNDLE_URL) && looked_up < c->lookups.n) {
			const struct lookup *l = &c->lookups.v[looked_up++];
			v = (struct view){l->bytes, l->len};
			if (encoding == CERT_ENC_BUNDLE_URL)
				st = add_bundle(c, v);
			else
				add_cert(c, v);
		} else if (encoding == CERT_ENC_OCSP) {
			c->stapled[c->n_stapled++] = v;
		} else if (encoding == CERT_ENC_PKCS7) {
			st = add_cms(c, v);
		} else if (encoding == CERT_ENC_X509) {
			add_cert(c, v);
		}
	}
	return st == ST_OK && c->leaf.len == 0 ? ST_NO_CERT : st;
}

/* All certificates are here. */
static enum status verify(struct wire *w, struct wire_proof_case *c)
{
	enum status st = sort_certs(c);
	if (st == ST_OK)
		return jobs_run(w->jobs, JOBS_PROOF, c->number, run, c);
	if (st == ST_NO_CERT)
		snprintf(c->words, sizeof(c->words), "the peer sends no certificate of a kind that is understood here");
	else
		snprintf(c->words, sizeof(c->words), "the peer's certificates: %s", status_words(st));
	return st;
}

static void on_looked_up(struct wire *w, struct lookups *l, enum status st)
{
	struct wire_proof_case *c = CONTAINER_OF(l, struct wire_proof_case, lookups);
	if (st == ST_OK)
		st = verify(w, c);
	else
		snprintf(c->words, sizeof(c->words), "%s", l->words);
	if (st == ST_OK)
		return;
	answer(w, c->number, st, c->words);
	case_free(NULL, c);
}

/* All views become views of a block of its own. */
static enum status own(struct wire_proof_case *c, const struct ike_question *q)
{
	size_t at = 0, len = q->auth.len + q->octets.len;
	for (size_t i = 0; i < q->n_certs; i++)
		len += q->certs[i].data.len;
	c->bytes = mem_new(len);
	if (!c->bytes)
		return ST_NOMEM;
	c->auth = keep(c->bytes, &at, q->auth);
	c->octets = keep(c->bytes, &at, q->octets);
	for (size_t i = 0; i < q->n_certs; i++)
		c->certs[c->n_certs++] = (struct ike_cert){q->certs[i].encoding, keep(c->bytes, &at, q->certs[i].data)};
	return ST_OK;
}

/* What is only named, when the configuration allows to look it up. */
static enum status name_lookups(const struct wire *w, struct wire_proof_case *c)
{
	enum status st = ST_OK;
	c->lookups.number = c->number;
	for (size_t i = 0; i < c->n_certs && st == ST_OK; i++) {
		if (c->certs[i].encoding != CERT_ENC_X509_URL && c->certs[i].encoding != CERT_ENC_BUNDLE_URL)
			continue;
		if (!w->conf->ike.http_url_cert) {
			snprintf(c->words, sizeof(c->words),
				 "the peer names its certificate by hash and URL, and `crypto ikev2 http-url cert` is off");
			return ST_NO_CERT;
		}
		st = wire_lookup_add(&c->lookups, c->certs[i].data);
	}
	if (st != ST_OK)
		snprintf(c->words, sizeof(c->words), "the peer names more than %d certificates by hash and URL", LOOKUPS_MAX);
	return st;
}

static enum status begin(struct wire *w, struct wire_proof_case *c, const struct ike_question *q)
{
	c->method = q->method;
	c->id = q->peer_id;
	c->we_are_initiator = q->we_are_initiator;
	snprintf(c->profile, sizeof(c->profile), "%s", q->profile);
	enum status st = own(c, q);
	if (st == ST_OK)
		st = name_lookups(w, c);
	if (st != ST_OK || c->lookups.n == 0)
		return st == ST_OK ? verify(w, c) : st;
	st = wire_lookup_start(w, &c->lookups);
	if (st != ST_OK)
		snprintf(c->words, sizeof(c->words), "%s", c->lookups.words);
	return st;
}

bool wire_proof_ask(struct wire *w, uint64_t number, const struct ike_question *q, struct ike_answer *a)
{
	struct wire_proof_case *c = mem_new(sizeof(*c));
	a->status = ST_NOMEM;
	if (!c)
		return false;
	c->number = number;
	a->status = begin(w, c, q);
	if (a->status == ST_OK)
		return true;
	snprintf(a->detail, sizeof(a->detail), "%s", c->words);
	case_free(NULL, c);
	return false;
}

void wire_proof_cancel(struct wire *w, uint64_t number)
{
	struct lookups *l = wire_lookup_drop(w, number);
	if (l)
		case_free(NULL, CONTAINER_OF(l, struct wire_proof_case, lookups));
	jobs_drop(w->jobs, JOBS_PROOF, number);
	wire_pki_drop(w, on_verdict, number);
	wire_keys_drop(w, on_signature, number);
}

void wire_proof_announce(struct wire *w)
{
	uint8_t hashes[CERTREQ_MAX];
	struct view all = {hashes, wire_pki_certreq(w, NULL, hashes, sizeof(hashes))};
	enum status st = ike_set_authorities(w->ike, all);
	if (st != ST_OK)
		stats_status(w->stats, st);
}

void wire_proof_open(struct wire *w)
{
	wire_lookup_open(on_looked_up);
	jobs_own(w->jobs, JOBS_PROOF, &(struct jobs_owner){.done = on_verified, .dropped = case_free, .ctx = w});
}

void wire_proof_close(struct wire *w)
{
	for (struct lookups *l; (l = wire_lookup_drop_any(w)) != NULL;)
		case_free(NULL, CONTAINER_OF(l, struct wire_proof_case, lookups));
}
