#include "core/conf/pki_read.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/crypto/name.h"

/* Certificates on their way. */
struct bag {
	struct cert *v[PKI_CERTS_MAX];
	size_t n;
};

static void bag_fini(struct bag *b)
{
	for (size_t i = 0; i < b->n; i++)
		cert_unref(b->v[i]);
	mem_free(b);
}

static enum status say(struct pki_point *p, enum status st, const char *file, const char *what)
{
	snprintf(p->words, sizeof(p->words), "%s: %s", file, what);
	return st;
}

static bool has_word(const uint8_t *p, size_t len, const char *word)
{
	return memmem(p, len, word, strlen(word)) != NULL;
}

/* Such a file is for the keys process: what was read is wiped and not used. */
static enum status read_file(const struct pki_reading *r, struct pki_point *p, const char *file, uint8_t **bytes,
	size_t *len)
{
	char why[PKI_WORDS] = "";
	*bytes = NULL;
	enum status st = r->ports->read(r->ctx, file, bytes, len, why);
	if (st != ST_OK)
		return say(p, st, file, why[0] ? why : status_words(st));
	if (!has_word(*bytes, *len, "PRIVATE KEY-----"))
		return ST_OK;
	mem_free_secret(*bytes, *len + 1);
	*bytes = NULL;
	return say(p, ST_CONFIG, file, "there is a private key in this file, which only the keys process may read");
}

typedef enum status take_fn(void *to, struct view der);

/* PEM, several of them, or one in DER. */
static enum status each_of(struct view file, const char *label, take_fn *take, void *to)
{
	size_t n = 0;
	uint8_t *der;
	size_t len;
	enum status st = ST_OK;
	if (!has_word(file.p, file.len, "-----BEGIN "))
		return take(to, file);
	while (st == ST_OK) {
		st = pem_next(&file, label, &der, &len);
		if (st != ST_OK)
			break;
		st = take(to, (struct view){der, len});
		mem_free(der);
		n++;
	}
	return st == ST_NOT_FOUND && n ? ST_OK : st;
}

static enum status take_cert(void *to, struct view der)
{
	struct bag *b = to;
	struct cert *c;
	if (b->n == PKI_CERTS_MAX)
		return ST_LIMIT;
	enum status st = cert_parse(der, &c);
	if (st == ST_OK)
		b->v[b->n++] = c;
	return st;
}

static enum status read_certs(const struct pki_reading *r, struct pki_point *p, const char *file, struct bag *b)
{
	uint8_t *bytes;
	size_t len;
	enum status st = read_file(r, p, file, &bytes, &len);
	if (st != ST_OK)
		return st;
	st = each_of((struct view){bytes, len}, "CERTIFICATE", take_cert, b);
	mem_free_secret(bytes, len + 1);
	if (st == ST_OK || st == ST_NOMEM)
		return st;
	return say(p, st, file, st == ST_NOT_FOUND ? "there is no certificate in this file" : status_words(st));
}

static enum status pasted_certs(const struct pki_reading *r, struct pki_point *p, enum pasted_kind kind, struct bag *b)
{
	const struct cert_chain *chain = snapshot_cert_chain(r->conf, r->conf->trustpoints[r->at].name);
	uint8_t *der = mem_new(PKI_CERT_MAX);
	enum status st = der ? ST_OK : ST_NOMEM;
	for (size_t i = 0; chain && st == ST_OK && i < chain->cert_count; i++) {
		const struct pasted_cert *c = &chain->certs[i];
		if (c->kind != kind)
			continue;
		st = take_cert(b, (struct view){der, pasted_bytes(c, der, PKI_CERT_MAX)});
		if (st != ST_OK && st != ST_NOMEM)
			st = say(p, st, c->serial, status_words(st));
	}
	mem_free(der);
	return st;
}

/* ---- whom we trust ----------------------------------------------------------------------------- */

struct crls {
	struct crl **v;
	size_t n;
	struct trust *trust;
};

static enum status take_crl(void *to, struct view der)
{
	struct crls *l = to;
	struct crl *c;
	enum status st = crl_parse(der, &c);
	if (st != ST_OK)
		return st;
	struct crl **v = mem_grow(l->v, l->n * sizeof(c), (l->n + 1) * sizeof(c));
	if (!v) {
		crl_unref(c);
		return ST_NOMEM;
	}
	l->v = v;
	l->v[l->n++] = c;
	return trust_add_crl(l->trust, c);
}

static enum status read_crls(const struct pki_reading *r, struct pki_point *p)
{
	const struct trustpoint *t = &r->conf->trustpoints[r->at];
	struct crls l = {.trust = p->trust};
	enum status st = ST_OK;
	for (size_t i = 0; st == ST_OK && i < t->crl_files.n; i++) {
		const char *file = t->crl_files.v[i];
		uint8_t *bytes;
		size_t len;
		st = read_file(r, p, file, &bytes, &len);
		if (st != ST_OK)
			break;
		st = each_of((struct view){bytes, len}, "X509 CRL", take_crl, &l);
		mem_free_secret(bytes, len + 1);
		if (st != ST_OK && st != ST_NOMEM)
			st = say(p, st, file,
				st == ST_NOT_FOUND ? "there is no revocation list in this file" : status_words(st));
	}
	p->crls = l.v;
	p->crl_count = l.n;
	return st;
}

/* What is self-signed is an anchor, and the rest helps to build paths; where nothing is self-signed all are
 * anchors: a trustpoint of a subordinate CA. */
static enum status add_trust(struct pki_point *p, const struct bag *b)
{
	bool any = false;
	for (size_t i = 0; i < b->n; i++)
		any |= cert_is_self_issued(b->v[i]);
	for (size_t i = 0; i < b->n; i++) {
		bool anchor = !any || cert_is_self_issued(b->v[i]);
		enum status st = anchor ? trust_add_anchor(p->trust, b->v[i]) : trust_add_intermediate(p->trust, b->v[i]);
		if (st == ST_NOMEM)
			return st;
		if (st != ST_OK) {
			char name[NAME_TEXT_MAX];
			name_text(cert_subject(b->v[i]), name, sizeof(name));
			snprintf(p->words, sizeof(p->words), "%.120s: %s", name, status_words(st));
			return st;
		}
	}
	return ST_OK;
}

static enum status read_trust(const struct pki_reading *r, struct pki_point *p, struct bag *cas)
{
	const struct trustpoint *t = &r->conf->trustpoints[r->at];
	enum status st = pasted_certs(r, p, PASTED_CA, cas);
	for (size_t i = 0; st == ST_OK && i < t->ca_files.n; i++)
		st = read_certs(r, p, t->ca_files.v[i], cas);
	if (st != ST_OK)
		return st;
	p->trust = trust_new(t->name);
	if (!p->trust)
		return ST_NOMEM;
	st = add_trust(p, cas);
	return st == ST_OK ? read_crls(r, p) : st;
}

static void drop_trust(struct pki_point *p)
{
	trust_unref(p->trust);
	for (size_t i = 0; i < p->crl_count; i++)
		crl_unref(p->crls[i]);
	mem_free(p->crls);
	p->trust = NULL;
	p->crls = NULL;
	p->crl_count = 0;
}

/* ---- our own ----------------------------------------------------------------------------------- */

static bool view_eq(struct view a, struct view b)
{
	return a.len == b.len && memcmp(a.p, b.p, a.len) == 0;
}

static struct cert *issuer_in(const struct bag *b, const struct cert *c)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->v[i] != c && cert_is_ca(b->v[i]) && name_eq(cert_subject(b->v[i]), cert_issuer(c)))
			return b->v[i];
	return NULL;
}

static void add_issuer(struct pki_point *p, const struct cert *c)
{
	if (p->issuer_count < PKI_ISSUERS_MAX)
		memcpy(p->issuers[p->issuer_count++], cert_key_hash(c), CREDENTIAL_HASH);
}

/* From the leaf upwards, out of its own file and then the CA files. The root is not sent: who does not have it
 * would not trust it; its hash counts for CERTREQ. */
static void build_chain(struct pki_point *p, struct cert *leaf, const struct bag *own, const struct bag *cas)
{
	struct cert *c = leaf;
	p->chain[p->chain_count++] = cert_ref(leaf);
	for (size_t steps = 0; steps < PKI_ISSUERS_MAX && !cert_is_self_issued(c); steps++) {
		struct cert *up = issuer_in(own, c);
		up = up ? up : issuer_in(cas, c);
		if (!up)
			break;
		add_issuer(p, up);
		if (!cert_is_self_issued(up) && p->chain_count < PKI_CHAIN_MAX)
			p->chain[p->chain_count++] = cert_ref(up);
		c = up;
	}
}

static enum status read_own(const struct pki_reading *r, struct pki_point *p, struct bag *own, const struct bag *cas)
{
	const struct trustpoint *t = &r->conf->trustpoints[r->at];
	char why[PKI_WORDS] = "";
	struct view spki;
	enum status st = t->certificate ? read_certs(r, p, t->certificate, own) : pasted_certs(r, p, PASTED_OWN, own);
	if (st != ST_OK || !own->n || !t->private_key)
		return st;
	st = r->ports->key(r->ctx, r->at, &p->key, &spki, why);
	if (st != ST_OK)
		return say(p, st, t->private_key, why[0] ? why : status_words(st));
	for (size_t i = 0; i < own->n; i++)
		if (view_eq(cert_spki(own->v[i]), spki)) {
			build_chain(p, own->v[i], own, cas);
			return ST_OK;
		}
	return say(p, ST_CONFIG, t->private_key, "this key does not belong to the certificate");
}

enum status pki_point_read(const struct pki_reading *r, struct pki_point *out)
{
	struct bag *cas = mem_new(sizeof(*cas)), *own = mem_new(sizeof(*own));
	out->status = cas && own ? read_trust(r, out, cas) : ST_NOMEM;
	if (out->status != ST_OK)
		drop_trust(out); /* half of what was meant is not what was meant */
	else
		out->status = read_own(r, out, own, cas);
	if (cas)
		bag_fini(cas);
	if (own)
		bag_fini(own);
	return out->status == ST_NOMEM ? ST_NOMEM : ST_OK;
}

void pki_point_fini(struct pki_point *p)
{
	drop_trust(p);
	for (size_t i = 0; i < p->chain_count; i++)
		cert_unref(p->chain[i]);
	p->chain_count = 0;
}
