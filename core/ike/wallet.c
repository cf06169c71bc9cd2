#include "core/ike/wallet.h"

#include <string.h>

#include "core/base/mem.h"

static void drop(struct wallet *w, struct wallet_entry *e)
{
	list_del(&e->node);
	w->n--;
	mem_free(e->bytes);
	mem_free_secret(e, sizeof(*e));
}

void wallet_init(struct wallet *w)
{
	list_init(&w->entries);
	w->n = 0;
}

void wallet_forget(struct wallet *w, const char *profile)
{
	LIST_EACH_SAFE(at, &w->entries) {
		struct wallet_entry *e = CONTAINER_OF(at, struct wallet_entry, node);

		if (profile == NULL || strcmp(e->state.profile, profile) == 0)
			drop(w, e);
	}
}

void wallet_fini(struct wallet *w)
{
	wallet_forget(w, NULL);
}

static struct wallet_entry *find(struct wallet *w, const char *profile, const struct endpoint *gateway,
	uint32_t tun)
{
	LIST_EACH(at, &w->entries) {
		struct wallet_entry *e = CONTAINER_OF(at, struct wallet_entry, node);

		if (strcmp(e->state.profile, profile) == 0 && e->gateway.vrf == gateway->vrf &&
			addr_eq(&e->gateway.addr, &gateway->addr) && e->tun == tun)
			return e;
	}
	return NULL;
}

void wallet_drop(struct wallet *w, const char *profile, const struct endpoint *gateway, uint32_t tun)
{
	struct wallet_entry *e = find(w, profile, gateway, tun);

	if (e != NULL)
		drop(w, e);
}

void wallet_put(struct wallet *w, const struct endpoint *gateway, uint32_t tun,
	const struct ticket *state, struct view bytes, uint64_t end_ms)
{
	struct wallet_entry *e = mem_new(sizeof(*e));
	uint8_t *copy = mem_dup(bytes.p, bytes.len);

	if (e == NULL || copy == NULL) {
		mem_free(e);
		mem_free(copy);
		return;
	}
	wallet_drop(w, state->profile, gateway, tun);
	if (w->n == WALLET_MAX)
		drop(w, CONTAINER_OF(w->entries.next, struct wallet_entry, node));
	e->gateway = *gateway;
	e->tun = tun;
	e->end_ms = end_ms;
	e->state = *state;
	e->bytes = copy;
	e->len = bytes.len;
	list_push_back(&w->entries, &e->node);
	w->n++;
}

const struct wallet_entry *wallet_find(struct wallet *w, const char *profile,
	const struct endpoint *gateway, uint32_t tun, uint64_t now_ms)
{
	struct wallet_entry *e = find(w, profile, gateway, tun);

	if (e != NULL && e->end_ms > now_ms)
		return e;
	if (e != NULL)
		drop(w, e);
	return NULL;
}
