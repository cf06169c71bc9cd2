/* What a trustpoint believes. */
#include <stdatomic.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/crypto/chain_parts.h"

struct trust {
	atomic_uint refs;
	char *name;
	struct trust_list anchors, intermediates, crls;
};

struct trust *trust_new(const char *name)
{
	struct trust *t = mem_new(sizeof(*t));

	if (t == NULL)
		return NULL;
	atomic_init(&t->refs, 1);
	t->name = mem_strdup(name);
	if (t->name == NULL) {
		mem_free(t);
		return NULL;
	}
	return t;
}

struct trust *trust_ref(struct trust *t)
{
	atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
	return t;
}

void trust_unref(struct trust *t)
{
	if (t == NULL || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < t->anchors.n; i++)
		cert_unref(t->anchors.at[i]);
	for (size_t i = 0; i < t->intermediates.n; i++)
		cert_unref(t->intermediates.at[i]);
	for (size_t i = 0; i < t->crls.n; i++)
		crl_unref(t->crls.at[i]);
	mem_free(t->anchors.at);
	mem_free(t->intermediates.at);
	mem_free(t->crls.at);
	mem_free(t->name);
	mem_free(t);
}

/* Room for one more; the caller puts it there. */
static enum status add(struct trust_list *l, void *item)
{
	void **at = mem_grow(l->at, l->n * sizeof(*at), (l->n + 1) * sizeof(*at));

	if (at == NULL)
		return ST_NOMEM;
	l->at = at;
	l->at[l->n++] = item;
	return ST_OK;
}

static enum status add_cert(struct trust_list *l, struct cert *c)
{
	enum status st;

	if (!c->is_ca)
		return ST_CERT_NOT_CA;
	st = add(l, c);
	if (st == ST_OK)
		cert_ref(c);
	return st;
}

enum status trust_add_anchor(struct trust *t, struct cert *c)
{
	return add_cert(&t->anchors, c);
}

enum status trust_add_intermediate(struct trust *t, struct cert *c)
{
	return add_cert(&t->intermediates, c);
}

enum status trust_add_crl(struct trust *t, struct crl *c)
{
	enum status st = add(&t->crls, c);

	if (st == ST_OK)
		crl_ref(c);
	return st;
}

const char *trust_name(const struct trust *t)
{
	return t->name;
}

size_t trust_anchors(const struct trust *t)
{
	return t->anchors.n;
}

struct cert *trust_anchor(const struct trust *t, size_t i)
{
	return i < t->anchors.n ? t->anchors.at[i] : NULL;
}

const struct trust_list *trust_list_anchors(const struct trust *t)
{
	return &t->anchors;
}

const struct trust_list *trust_list_intermediates(const struct trust *t)
{
	return &t->intermediates;
}

const struct trust_list *trust_list_crls(const struct trust *t)
{
	return &t->crls;
}
