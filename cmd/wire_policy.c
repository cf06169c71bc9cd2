#include "cmd/wire_policy.h"

#include <string.h>

#include "cmd/wire_child.h"
#include "core/aaa/filter.h"
#include "core/base/hash.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/esp/policy_make.h"
#include "core/session/session.h"
#include "modules/data/data.h"

_Static_assert(AAA_FILTERS == ESP_OWN_FILTERS && AAA_IN4 == 0 && AAA_OUT4 == 1 && AAA_IN6 == 2 && AAA_OUT6 == 3,
	       "one order");

struct entry {
	uint32_t tun;
	struct esp_policy *policy; /* NULL: none */
};

/* Of a session that has terms about it. */
struct wire_policy_own {
	struct map_node by_session;
	struct ulid session;
	struct esp_policy *policy; /* not NULL */
};

struct wire_policies {
	struct map own;
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

static uint64_t hash_of(const struct ulid *session)
{
	return hash_bytes(0, session->b, sizeof(session->b));
}

static struct wire_policy_own *find_own(const struct wire_policies *p, const struct ulid *session)
{
	struct map_node *n = p ? map_first(&p->own, hash_of(session)) : NULL;
	while (n && memcmp(&CONTAINER_OF(n, struct wire_policy_own, by_session)->session, session, sizeof(*session)) != 0)
		n = map_next(n);
	return n ? CONTAINER_OF(n, struct wire_policy_own, by_session) : NULL;
}

void wire_policy_cancel(struct wire_policy_own *own)
{
	if (own)
		esp_policy_unref(own->policy);
	mem_free(own);
}

static void drop_own(struct wire_policies *p, struct wire_policy_own *o)
{
	map_del(&p->own, &o->by_session);
	wire_policy_cancel(o);
}

/* In the place of what it had; NULL: nothing of its own. */
static void put_own(struct wire_policies *p, const struct ulid *session, struct wire_policy_own *own)
{
	struct wire_policy_own *before = find_own(p, session);
	if (before)
		drop_own(p, before);
	if (own)
		map_add(&p->own, &own->by_session, hash_of(session));
}

/* ---- the terms of a session ------------------------------------------------------------------------ */

struct lines {
	struct esp_own own;
	struct ip_rule rules[AAA_FILTERS][AAA_FILTER_LINES];
};

static void read_filter(struct lines *l, int which, const char *text)
{
	uint8_t family = which == AAA_IN6 || which == AAA_OUT6 ? 6 : 4;
	if (!text[0])
		return;
	if (!aaa_filter_is_lines(text)) {
		l->own.filter[which] = text;
		return;
	}
	l->own.n_rules[which] = aaa_filter_rules(text, family, l->rules[which]);
	l->own.rules[which] = l->rules[which];
	/* A filter of which nothing can be read permits nothing. */
	if (l->own.n_rules[which] == 0)
		l->own.filter[which] = "";
}

static bool has_rules(const struct session_terms *t)
{
	for (int i = 0; t && i < AAA_FILTERS; i++)
		if (t->filter[i][0])
			return true;
	return t && (t->service[0][0] || t->service[1][0]);
}

static const struct iface *iface_of(const struct snapshot *s, uint32_t tun)
{
	return tun >= SESSION_TUN_TUNNEL ? snapshot_iface(s, IFACE_TUNNEL, tun - SESSION_TUN_TUNNEL) :
					   snapshot_iface(s, IFACE_TEMPLATE, tun);
}

static enum status make_policy(const struct snapshot *conf, uint32_t tun, const struct session_terms *t,
			       struct esp_policy **out)
{
	struct lines *l = mem_new(sizeof(*l));
	if (!l)
		return ST_NOMEM;
	for (int i = 0; i < AAA_FILTERS; i++)
		read_filter(l, i, t->filter[i]);
	for (int i = 0; i < 2; i++)
		l->own.service[i] = t->service[i][0] ? t->service[i] : NULL;
	enum status st = esp_policy_make_own(conf, iface_of(conf, tun), &l->own, out);
	mem_free(l);
	return st;
}

static enum status make(const struct snapshot *conf, const struct session *s, const struct session_terms *t,
			struct wire_policy_own **out)
{
	struct esp_policy *policy = NULL;
	*out = NULL;
	enum status st = has_rules(t) ? make_policy(conf, s->grant->tun, t, &policy) : ST_OK;
	if (st != ST_OK || !policy)
		return st;
	*out = mem_new(sizeof(**out));
	if (!*out) {
		esp_policy_unref(policy);
		return ST_NOMEM;
	}
	**out = (struct wire_policy_own){.session = s->ulid, .policy = policy};
	return ST_OK;
}

enum status wire_policy_make(const struct wire *w, const struct session *s, const struct session_terms *terms,
			     struct wire_policy_own **out)
{
	return make(w->conf, s, terms, out);
}

/* ---- what is in force ------------------------------------------------------------------------------- */

static struct esp_policy *in_force(const struct wire_policies *p, const struct ulid *session, uint32_t tun)
{
	const struct wire_policy_own *o = find_own(p, session);
	const struct entry *e = find(p, tun);
	return o ? o->policy : e ? e->policy : NULL;
}

/* Without its filter a session has no child. */
enum status wire_policy_of(struct wire *w, const struct ulid *session, uint32_t tun, struct esp_policy **out)
{
	const struct session *s = session_find(w->sessions, session);
	struct wire_policy_own *own;
	enum status st = ST_OK;
	if (w->policies && s && !find_own(w->policies, session)) {
		st = make(w->conf, s, s->terms, &own);
		if (st == ST_OK && own)
			put_own(w->policies, session, own);
	}
	*out = st == ST_OK ? in_force(w->policies, session, tun) : NULL;
	return st;
}

void wire_policy_over(struct wire *w, const struct ulid *session)
{
	struct wire_policy_own *o = find_own(w->policies, session);
	if (o)
		drop_own(w->policies, o);
}

/* Sessions of an interface that is not configured any more keep what they have. */
static void tell(struct wire *w, struct wire_child *c)
{
	bool is_known = find_own(w->policies, &c->session) || find(w->policies, c->tun);
	enum status st = is_known ? data_sa_policy(w->data, c->spi_in, in_force(w->policies, &c->session, c->tun)) : ST_OK;
	if (st == ST_NOMEM && !c->is_policy_due)
		LOG(EV_CONFIG_WARNING, kv_spi32("spi_in", c->spi_in),
		    kv_str("reason", "access lists and rates of before are in force until there is memory"));
	c->is_policy_due = st == ST_NOMEM;
}

void wire_policy_set(struct wire *w, const struct session *s, struct wire_policy_own *own)
{
	put_own(w->policies, &s->ulid, own);
	/* One is enough for all of a session with one worker; the others are told the same. */
	for (struct wire_child *c = wire_child_next(w, s->sa, NULL); c; c = wire_child_next(w, s->sa, c))
		tell(w, c);
}

void wire_policy_second(struct wire *w)
{
	LIST_EACH(at, &w->child_list) {
		struct wire_child *c = CONTAINER_OF(at, struct wire_child, in_list);
		if (c->is_policy_due)
			tell(w, c);
	}
}

/* ---- a configuration -------------------------------------------------------------------------------- */

static enum status prepare_ifaces(const struct snapshot *s, struct wire_policies *p)
{
	for (size_t i = 0; i < s->iface_count; i++) {
		const struct iface *f = &s->ifaces[i];
		struct entry *e = &p->v[p->n];
		if (f->kind == IFACE_LOOPBACK)
			continue;
		e->tun = f->kind == IFACE_TUNNEL ? SESSION_TUN_TUNNEL + f->number : f->number;
		if (esp_policy_make(s, f, &e->policy) != ST_OK)
			return ST_NOMEM;
		p->n++;
	}
	return ST_OK;
}

static enum status prepare_sessions(const struct wire *w, const struct snapshot *s, struct wire_policies *p)
{
	struct wire_policy_own *own;
	for (struct session *k = session_next(w->sessions, NULL); k; k = session_next(w->sessions, k)) {
		if (make(s, k, k->terms, &own) != ST_OK)
			return ST_NOMEM;
		if (own)
			put_own(p, &k->ulid, own);
	}
	return ST_OK;
}

enum status wire_policy_prepare(const struct wire *w, const struct snapshot *s, struct wire_policies **out)
{
	struct wire_policies *p = mem_new(sizeof(*p) + s->iface_count * sizeof(p->v[0]));
	*out = NULL;
	if (!p)
		return ST_NOMEM;
	enum status st = map_init(&p->own, 64);
	if (st == ST_OK)
		st = prepare_ifaces(s, p);
	if (st == ST_OK)
		st = prepare_sessions(w, s, p);
	if (st != ST_OK) {
		wire_policy_free(p);
		return st;
	}
	*out = p;
	return ST_OK;
}

void wire_policy_free(struct wire_policies *p)
{
	struct map_node *next;
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++)
		esp_policy_unref(p->v[i].policy);
	for (struct map_node *n = p->own.slots ? map_walk(&p->own, NULL) : NULL; n; n = next) {
		next = map_walk(&p->own, n);
		drop_own(p, CONTAINER_OF(n, struct wire_policy_own, by_session));
	}
	map_fini(&p->own);
	mem_free(p);
}

/* Nobody is told what he has. */
static void keep_same(struct esp_policy *was, struct esp_policy **now)
{
	if (!was || !*now || !esp_policy_same(was, *now))
		return;
	esp_policy_unref(*now);
	*now = esp_policy_ref(was);
}

void wire_policy_commit(struct wire *w, struct wire_policies *p)
{
	struct wire_policies *was = w->policies;
	for (size_t i = 0; i < p->n; i++) {
		const struct entry *e = find(was, p->v[i].tun);
		keep_same(e ? e->policy : NULL, &p->v[i].policy);
	}
	for (struct map_node *n = map_walk(&p->own, NULL); n; n = map_walk(&p->own, n)) {
		struct wire_policy_own *o = CONTAINER_OF(n, struct wire_policy_own, by_session);
		const struct wire_policy_own *before = find_own(was, &o->session);
		keep_same(before ? before->policy : NULL, &o->policy);
	}
	w->policies = p;
	LIST_EACH(at, &w->child_list) {
		struct wire_child *c = CONTAINER_OF(at, struct wire_child, in_list);
		if (!find(was, c->tun) || in_force(was, &c->session, c->tun) != in_force(p, &c->session, c->tun))
			tell(w, c);
	}
	wire_policy_free(was);
}
