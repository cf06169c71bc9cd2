#include "core/conf/pki.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/conf/pki_read.h"

enum status pki_load(struct snapshot *s, uint64_t generation, const struct pki_ports *ports, void *ctx,
	struct pki **out)
{
	struct pki *p = mem_new(sizeof(*p));
	*out = NULL;
	if (!p)
		return ST_NOMEM;
	atomic_init(&p->refs, 1);
	p->conf = snapshot_ref(s);
	p->generation = generation;
	p->points = s->trustpoint_count ? mem_array(s->trustpoint_count, sizeof(*p->points)) : NULL;
	enum status st = s->trustpoint_count && !p->points ? ST_NOMEM : ST_OK;
	for (size_t i = 0; st == ST_OK && i < s->trustpoint_count; i++) {
		struct pki_reading r = {ports, ctx, s, i};
		st = pki_point_read(&r, &p->points[i]);
	}
	if (st != ST_OK)
		pki_unref(p);
	else
		*out = p;
	return st;
}

const struct pki_point *pki_broken(const struct pki *p, size_t *at)
{
	for (; *at < p->conf->trustpoint_count; (*at)++)
		if (p->points[*at].status != ST_OK)
			return &p->points[*at];
	return NULL;
}

struct pki *pki_ref(struct pki *p)
{
	atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
	return p;
}

void pki_unref(struct pki *p)
{
	if (!p || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; p->points && i < p->conf->trustpoint_count; i++)
		pki_point_fini(&p->points[i]);
	mem_free(p->points);
	snapshot_unref(p->conf);
	mem_free(p);
}

const struct pki_point *pki_point(const struct pki *p, const char *name)
{
	for (size_t i = 0; i < p->conf->trustpoint_count; i++)
		if (strcmp(p->conf->trustpoints[i].name, name) == 0)
			return &p->points[i];
	return NULL;
}

#define SIGNERS_MAX 32

bool pki_credential(const struct pki *p, const struct ike_profile *profile, struct credential_wish wish,
	const struct pki_point **point, enum sig_scheme *scheme)
{
	struct credential v[SIGNERS_MAX];
	const struct pki_point *points[SIGNERS_MAX];
	size_t n = 0, at;
	wish.auth_local = profile->auth_local;
	for (size_t i = 0; i < profile->trustpoint_count && n < SIGNERS_MAX; i++) {
		const struct trustpoint_ref *r = &profile->trustpoints[i];
		const struct pki_point *q = r->sign ? pki_point(p, r->name) : NULL;
		if (!q || !q->chain_count)
			continue;
		points[n] = q;
		v[n++] = (struct credential){q->chain[0], q->issuers, q->issuer_count};
	}
	if (!credential_choose(&wish, v, n, &at, scheme))
		return false;
	*point = points[at];
	return true;
}

struct hashes {
	uint8_t *out;
	size_t n, cap;
};

static void add_hash(struct hashes *h, const uint8_t *hash)
{
	for (size_t i = 0; i < h->n; i++)
		if (memcmp(h->out + i * CREDENTIAL_HASH, hash, CREDENTIAL_HASH) == 0)
			return;
	if (h->n < h->cap)
		memcpy(h->out + h->n++ * CREDENTIAL_HASH, hash, CREDENTIAL_HASH);
}

static void add_profile(const struct pki *p, const struct ike_profile *profile, struct hashes *h)
{
	if (profile->shutdown || !(profile->auth_remote & (AUTH_RSA | AUTH_ECDSA)))
		return;
	for (size_t i = 0; i < profile->trustpoint_count; i++) {
		const struct trustpoint_ref *r = &profile->trustpoints[i];
		const struct pki_point *q = r->verify ? pki_point(p, r->name) : NULL;
		for (size_t k = 0; q && q->trust && k < trust_anchors(q->trust); k++)
			add_hash(h, cert_key_hash(trust_anchor(q->trust, k)));
	}
}

size_t pki_certreq(const struct pki *p, const struct ike_profile *profile, uint8_t *out, size_t cap)
{
	struct hashes h = {out, 0, cap / CREDENTIAL_HASH};
	if (profile)
		add_profile(p, profile, &h);
	for (size_t i = 0; !profile && i < p->conf->profile_count; i++)
		add_profile(p, &p->conf->profiles[i], &h);
	return h.n * CREDENTIAL_HASH;
}

enum pki_age pki_age(const struct cert *c, int64_t now_s)
{
	if (now_s < cert_not_before(c))
		return PKI_AGE_NOT_YET;
	if (now_s > cert_not_after(c))
		return PKI_AGE_OVER;
	return now_s > cert_not_after(c) - PKI_SOON_S ? PKI_AGE_SOON : PKI_AGE_OK;
}
