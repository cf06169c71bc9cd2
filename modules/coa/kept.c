#include "modules/coa/kept.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/crypto/rnd.h"

struct entry {
	struct map_node by_key;
	struct list in_order;
	struct endpoint remote;
	uint8_t id;
	uint8_t authenticator[RADIUS_AUTHENTICATOR];
	uint64_t at_ms;
	size_t len;
	uint8_t answer[];
};

enum status coa_kept_init(struct coa_kept *k)
{
	*k = (struct coa_kept){0};
	list_init(&k->in_order);
	rnd_bytes(&k->key, sizeof(k->key));
	return map_init(&k->by_key, 64);
}

static void forget(struct coa_kept *k, struct entry *e)
{
	map_del(&k->by_key, &e->by_key);
	list_del(&e->in_order);
	k->n--;
	k->bytes -= e->len;
	mem_free(e);
}

void coa_kept_fini(struct coa_kept *k)
{
	LIST_EACH_SAFE(at, &k->in_order)
		forget(k, CONTAINER_OF(at, struct entry, in_order));
	map_fini(&k->by_key);
}

void coa_kept_expire(struct coa_kept *k, uint64_t now_ms)
{
	LIST_EACH_SAFE(at, &k->in_order) {
		struct entry *e = CONTAINER_OF(at, struct entry, in_order);
		if (now_ms - e->at_ms < COA_KEPT_MS)
			break;
		forget(k, e);
	}
}

/* The authenticator is the hash of all the rest, and nobody without the secret makes one that is kept. */
static uint64_t hash_of(const struct coa_kept *k, const struct radius_packet *p)
{
	return hash_sip(&k->key, p->authenticator, sizeof(p->authenticator));
}

struct view coa_kept_find(const struct coa_kept *k, const struct endpoint *remote, const struct radius_packet *p)
{
	for (struct map_node *n = map_first(&k->by_key, hash_of(k, p)); n; n = map_next(n)) {
		const struct entry *e = CONTAINER_OF(n, struct entry, by_key);
		if (e->id == p->id && endpoint_eq(&e->remote, remote) &&
			memcmp(e->authenticator, p->authenticator, sizeof(e->authenticator)) == 0)
			return (struct view){e->answer, e->len};
	}
	return (struct view){0};
}

void coa_kept_put(struct coa_kept *k, const struct coa_ask *ask, struct view answer, uint64_t now_ms)
{
	struct entry *e;

	while (!list_empty(&k->in_order) && (k->n >= COA_KEPT_MAX || k->bytes + answer.len > COA_KEPT_BYTES))
		forget(k, CONTAINER_OF(k->in_order.next, struct entry, in_order));
	e = mem_new(sizeof(*e) + answer.len);
	if (!e)
		return;
	e->remote = *ask->remote;
	e->id = ask->packet->id;
	memcpy(e->authenticator, ask->packet->authenticator, sizeof(e->authenticator));
	e->at_ms = now_ms;
	e->len = answer.len;
	memcpy(e->answer, answer.p, answer.len);
	map_add(&k->by_key, &e->by_key, hash_of(k, ask->packet));
	list_push_back(&k->in_order, &e->in_order);
	k->n++;
	k->bytes += answer.len;
}
