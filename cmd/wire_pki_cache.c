#include "cmd/wire_pki_cache.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"

struct entry {
	struct list in_list;
	uint8_t key[PKI_CASE_KEY];
	int64_t until_s, valid_until_s;
	struct cert *leaf;
	char trustpoint[64];
};

static void drop(struct pki_cache *c, struct entry *e)
{
	cert_unref(e->leaf);
	list_del(&e->in_list);
	mem_free(e);
	c->n--;
}

void pki_cache_init(struct pki_cache *c)
{
	*c = (struct pki_cache){.n = 0};
	list_init(&c->entries);
}

void pki_cache_fini(struct pki_cache *c)
{
	pki_cache_resize(c, 0);
}

void pki_cache_resize(struct pki_cache *c, size_t max)
{
	LIST_EACH_SAFE(at, &c->entries)
		drop(c, CONTAINER_OF(at, struct entry, in_list));
	c->max = max;
}

static struct entry *find(struct pki_cache *c, const uint8_t *key)
{
	LIST_EACH(at, &c->entries) {
		struct entry *e = CONTAINER_OF(at, struct entry, in_list);
		if (memcmp(e->key, key, PKI_CASE_KEY) == 0)
			return e;
	}
	return NULL;
}

void pki_cache_put(struct pki_cache *c, const uint8_t key[PKI_CASE_KEY], const struct pki_verdict *v, int64_t now_s)
{
	int64_t until = now_s + PKI_CACHE_S < v->valid_until_s ? now_s + PKI_CACHE_S : v->valid_until_s;
	struct entry *e = find(c, key);
	if (e)
		drop(c, e);
	if (!c->max || until <= now_s || !v->leaf)
		return;
	e = mem_new(sizeof(*e));
	if (!e)
		return;
	if (c->n == c->max)
		drop(c, CONTAINER_OF(c->entries.next, struct entry, in_list));
	memcpy(e->key, key, PKI_CASE_KEY);
	e->until_s = until;
	e->valid_until_s = v->valid_until_s;
	e->leaf = cert_ref(v->leaf);
	snprintf(e->trustpoint, sizeof(e->trustpoint), "%s", v->trustpoint);
	list_push_back(&c->entries, &e->in_list);
	c->n++;
}

bool pki_cache_get(struct pki_cache *c, const uint8_t key[PKI_CASE_KEY], int64_t now_s, struct pki_verdict *out)
{
	struct entry *e = find(c, key);
	if (!e)
		return false;
	if (now_s >= e->until_s || now_s < e->until_s - PKI_CACHE_S) { /* the clock was set back */
		drop(c, e);
		return false;
	}
	*out = (struct pki_verdict){.status = ST_OK, .words = "", .leaf = e->leaf, .trustpoint = e->trustpoint,
				    .valid_until_s = e->valid_until_s};
	return true;
}
