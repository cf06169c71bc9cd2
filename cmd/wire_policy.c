#include "cmd/wire_policy.h"

#include "cmd/wire_child.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/esp/policy_make.h"
#include "core/session/session.h"
#include "modules/data/data.h"

struct entry {
	uint32_t tun;
	struct esp_policy *policy; /* NULL: none */
};

struct wire_policies {
	size_t n;
	struct entry v[];
};

static const struct entry *find(const struct wire_policies *p, uint32_t tun)
{
	for (size_t i = 0; p && i < p->n; i++)
		if (p->v[i].tun == tun)
			return &p->v[i];
	return NULL;
}

struct esp_policy *wire_policy_of(const struct wire *w, uint32_t tun)
{
	const struct entry *e = find(w->policies, tun);
	return e ? e->policy : NULL;
}

enum status wire_policy_prepare(const struct snapshot *s, struct wire_policies **out)
{
	struct wire_policies *p = mem_new(sizeof(*p) + s->iface_count * sizeof(p->v[0]));
	*out = NULL;
	if (!p)
		return ST_NOMEM;
	for (size_t i = 0; i < s->iface_count; i++) {
		const struct iface *f = &s->ifaces[i];
		struct entry *e = &p->v[p->n];
		if (f->kind == IFACE_LOOPBACK)
			continue;
		e->tun = f->kind == IFACE_TUNNEL ? SESSION_TUN_TUNNEL + f->number : f->number;
		if (esp_policy_make(s, f, &e->policy) != ST_OK) {
			wire_policy_free(p);
			return ST_NOMEM;
		}
		p->n++;
	}
	*out = p;
	return ST_OK;
}

void wire_policy_free(struct wire_policies *p)
{
	for (size_t i = 0; p && i < p->n; i++)
		esp_policy_unref(p->v[i].policy);
	mem_free(p);
}

/* Sessions of an interface that is not configured any more keep what they have. */
static void tell(struct wire *w, struct wire_child *c)
{
	const struct entry *e = find(w->policies, c->tun);
	enum status st = e ? data_sa_policy(w->data, c->spi_in, e->policy) : ST_OK;
	if (st == ST_NOMEM && !c->is_policy_due)
		LOG(EV_CONFIG_WARNING, kv_spi32("spi_in", c->spi_in),
		    kv_str("reason", "access lists and rates of before are in force until there is memory"));
	c->is_policy_due = st == ST_NOMEM;
}

void wire_policy_commit(struct wire *w, struct wire_policies *p)
{
	struct wire_policies *was = w->policies;
	for (size_t i = 0; i < p->n; i++) {
		const struct entry *e = find(was, p->v[i].tun);
		/* Nobody is told what he has. */
		if (!e || !e->policy || !esp_policy_same(e->policy, p->v[i].policy))
			continue;
		esp_policy_unref(p->v[i].policy);
		p->v[i].policy = esp_policy_ref(e->policy);
	}
	w->policies = p;
	LIST_EACH(at, &w->child_list) {
		struct wire_child *c = CONTAINER_OF(at, struct wire_child, in_list);
		const struct entry *e = find(was, c->tun);
		if (!e || e->policy != wire_policy_of(w, c->tun))
			tell(w, c);
	}
	wire_policy_free(was);
}

void wire_policy_second(struct wire *w)
{
	LIST_EACH(at, &w->child_list) {
		struct wire_child *c = CONTAINER_OF(at, struct wire_child, in_list);
		if (c->is_policy_due)
			tell(w, c);
	}
}
