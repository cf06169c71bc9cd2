#include "cmd/wire_policy.h"

#include <string.h>

#include "cmd/wire_child.h"
#include "core/aaa/filter.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/esp/policy_make.h"
#include "core/session/quota.h"
#include "modules/data/data.h"

struct entry {
	uint32_t tun;
	struct esp_policy *policy; /* NULL: none */
};

/* A session with rules of its own. */
struct wire_policy_own {
	struct map_node by_session;
	struct ulid session;
	struct esp_policy *policy;
	bool is_new; /* its children are to be told */
};

struct next {
	struct ulid session;
	struct esp_policy *policy;
};

struct wire_policies {
	struct next *own; /* while they are prepared: of sessions with rules of their own */
	size_t n_own;
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

static struct esp_policy *of_iface(const struct wire *w, uint32_t tun)
{
	const struct entry *e = find(w->policies, tun);
	return e ? e->policy : NULL;
}

/* ---- rules of sessions --------------------------------------------------------------------------- */

/* The random half of the ULID: enough to tell sessions apart. */
static uint64_t key_of(const struct ulid *u)
{
	uint64_t key;
	memcpy(&key, u->b + 8, sizeof(key));
	return key;
}

static struct wire_policy_own *find_own(const struct wire *w, const struct ulid *session)
{
	struct map_node *n = map_first(&w->own_rules, key_of(session));
	while (n && memcmp(&CONTAINER_OF(n, struct wire_policy_own, by_session)->session, session, sizeof(*session)) != 0)
		n = map_next(n);
	return n ? CONTAINER_OF(n, struct wire_policy_own, by_session) : NULL;
}

static bool has_rules(const struct session_terms *t)
{
	bool has = false;
	for (int i = 0; t && i < AAA_FILTERS; i++)
		has |= t->filter[i][0] != '\0';
	return has || (t && (t->service[0][0] || t->service[1][0] || quota_map(t)));
}

static const struct iface *iface_of(const struct snapshot *s, uint32_t tun)
{
	return tun >= SESSION_TUN_TUNNEL ? snapshot_iface(s, IFACE_TUNNEL, tun - SESSION_TUN_TUNNEL) :
					   snapshot_iface(s, IFACE_TEMPLATE, tun);
}

/* Room for the lines of all filters of a session. */
struct lines {
	struct ip_rule v[AAA_FILTERS][AAA_FILTER_LINES];
};

static void override(struct esp_rules *r, const struct session_terms *t, struct lines *room)
{
	for (int i = 0; i < AAA_FILTERS; i++) {
		bool is_six = i >= AAA_IN6;
		int dir = i == AAA_OUT4 || i == AAA_OUT6 ? ESP_DIR_OUT : ESP_DIR_IN;
		const char **name = is_six ? &r->filter6[dir] : &r->filter4[dir];
		struct esp_lines *lines = is_six ? &r->lines6[dir] : &r->lines4[dir];
		if (!t->filter[i][0])
			continue;
		*name = aaa_filter_is_lines(t->filter[i]) ? NULL : t->filter[i];
		if (!*name)
			*lines = (struct esp_lines){room->v[i], aaa_filter_rules(t->filter[i], is_six ? 6 : 4, room->v[i])};
	}
	const char *slow = quota_map(t); /* a limit of volume was passed: in the place of all others */
	for (int dir = 0; dir < 2; dir++)
		if (slow || t->service[dir][0])
			r->service[dir] = slow ? slow : t->service[dir];
}

static enum status make_own(const struct snapshot *s, uint32_t tun, const struct session_terms *t,
			    struct esp_policy **out)
{
	const struct iface *f = iface_of(s, tun);
	struct esp_rules r = f ? esp_rules_of(f) : (struct esp_rules){0};
	struct lines *room = mem_new(sizeof(*room));
	*out = NULL;
	if (!room)
		return ST_NOMEM;
	override(&r, t, room);
	enum status st = esp_policy_make_rules(s, &r, out);
	mem_free(room);
	return st;
}

enum status wire_policy_make(const struct wire *w, const struct session *s, const struct session_terms *terms,
			     struct wire_policy_own **out)
{
	struct wire_policy_own *o = NULL;
	enum status st = ST_OK;
	if (has_rules(terms)) {
		o = mem_new(sizeof(*o));
		st = o ? make_own(w->conf, s->grant->tun, terms, &o->policy) : ST_NOMEM;
	}
	if (st != ST_OK) {
		mem_free(o);
		o = NULL;
	}
	if (o)
		o->session = s->ulid;
	*out = o;
	return st;
}

enum status wire_policy_begin(struct wire *w, const struct ulid *session, uint32_t tun, struct esp_policy **out)
{
	struct wire_policy_own *o = find_own(w, session);
	const struct session *s = o ? NULL : session_find(w->sessions, session);
	enum status st = s ? wire_policy_make(w, s, s->terms, &o) : ST_OK;
	if (st == ST_OK && s && o)
		map_add(&w->own_rules, &o->by_session, key_of(session));
	*out = o ? o->policy : of_iface(w, tun);
	return st;
}

void wire_policy_cancel(struct wire_policy_own *own)
{
	if (own)
		esp_policy_unref(own->policy);
	mem_free(own);
}

static void forget(struct wire *w, struct wire_policy_own *o)
{
	map_del(&w->own_rules, &o->by_session);
	wire_policy_cancel(o);
}

void wire_policy_forget(struct wire *w, const struct ulid *session)
{
	struct wire_policy_own *o = find_own(w, session);
	if (o)
		forget(w, o);
}

/* ---- from the configuration ------------------------------------------------------------------------ */

/* Lists that are not there any more: what it may not do it may not do later either. */
static enum status prepare_own(const struct wire *w, const struct snapshot *s, struct wire_policies *p)
{
	size_t n = sessions_count(w->sessions);
	struct session *se;
	p->own = mem_array(n + 1, sizeof(*p->own));
	if (!p->own)
		return ST_NOMEM;
	for (se = session_next(w->sessions, NULL); se && p->n_own < n; se = session_next(w->sessions, se)) {
		const struct wire_policy_own *o = find_own(w, &se->ulid);
		struct next *next = &p->own[p->n_own];
		if (!o)
			continue;
		enum status st = make_own(s, se->grant->tun, se->terms, &next->policy);
		if (st == ST_NOMEM)
			return st;
		if (st != ST_OK)
			next->policy = esp_policy_ref(o->policy);
		next->session = se->ulid;
		p->n_own++;
	}
	return ST_OK;
}

enum status wire_policy_prepare(const struct wire *w, const struct snapshot *s, struct wire_policies **out)
{
	struct wire_policies *p = mem_new(sizeof(*p) + s->iface_count * sizeof(p->v[0]));
	*out = NULL;
	if (!p)
		return ST_NOMEM;
	enum status st = prepare_own(w, s, p);
	for (size_t i = 0; st == ST_OK && i < s->iface_count; i++) {
		const struct iface *f = &s->ifaces[i];
		struct entry *e = &p->v[p->n];
		if (f->kind == IFACE_LOOPBACK)
			continue;
		e->tun = f->kind == IFACE_TUNNEL ? SESSION_TUN_TUNNEL + f->number : f->number;
		st = esp_policy_make(s, f, &e->policy);
		p->n += st == ST_OK;
	}
	if (st == ST_OK)
		*out = p;
	else
		wire_policy_free(p);
	return st;
}

static void free_own(struct wire_policies *p)
{
	for (size_t i = 0; i < p->n_own; i++)
		esp_policy_unref(p->own[i].policy);
	mem_free(p->own);
	p->own = NULL;
	p->n_own = 0;
}

void wire_policy_free(struct wire_policies *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++)
		esp_policy_unref(p->v[i].policy);
	free_own(p);
	mem_free(p);
}

/* ---- to the data path ------------------------------------------------------------------------------ */

/* Sessions of an interface that is not configured any more keep what they have. */
static void tell(struct wire *w, struct wire_child *c)
{
	const struct wire_policy_own *o = find_own(w, &c->session);
	const struct entry *e = find(w->policies, c->tun);
	enum status st = o || e ? data_sa_policy(w->data, c->spi_in, o ? o->policy : e->policy) : ST_OK;
	if (st == ST_NOMEM && !c->is_policy_due)
		LOG(EV_CONFIG_WARNING, kv_spi32("spi_in", c->spi_in),
		    kv_str("reason", "access lists and rates of before are in force until there is memory"));
	c->is_policy_due = st == ST_NOMEM;
}

/* Nobody is told what he has. */
static void put_own(struct wire *w, struct wire_policies *p)
{
	for (size_t i = 0; i < p->n_own; i++) {
		struct wire_policy_own *o = find_own(w, &p->own[i].session);
		if (!o || esp_policy_same(o->policy, p->own[i].policy))
			continue;
		esp_policy_unref(o->policy);
		o->policy = esp_policy_ref(p->own[i].policy);
		o->is_new = true;
	}
	free_own(p);
}

void wire_policy_commit(struct wire *w, struct wire_policies *p)
{
	struct wire_policies *was = w->policies;
	for (size_t i = 0; i < p->n; i++) {
		const struct entry *e = find(was, p->v[i].tun);
		if (!e || !e->policy || !esp_policy_same(e->policy, p->v[i].policy))
			continue;
		esp_policy_unref(p->v[i].policy);
		p->v[i].policy = esp_policy_ref(e->policy);
	}
	put_own(w, p);
	w->policies = p;
	LIST_EACH(at, &w->child_list) {
		struct wire_child *c = CONTAINER_OF(at, struct wire_child, in_list);
		const struct entry *e = find(was, c->tun);
		const struct wire_policy_own *o = find_own(w, &c->session);
		if (o ? o->is_new : !e || e->policy != of_iface(w, c->tun))
			tell(w, c);
	}
	LIST_EACH(at, &w->child_list) {
		struct wire_policy_own *o = find_own(w, &CONTAINER_OF(at, struct wire_child, in_list)->session);
		if (o)
			o->is_new = false;
	}
	wire_policy_free(was);
}

void wire_policy_set(struct wire *w, const struct session *s, struct wire_policy_own *own)
{
	wire_policy_forget(w, &s->ulid);
	if (own)
		map_add(&w->own_rules, &own->by_session, key_of(&s->ulid));
	LIST_EACH(at, &w->child_list) {
		struct wire_child *c = CONTAINER_OF(at, struct wire_child, in_list);
		if (memcmp(&c->session, &s->ulid, sizeof(s->ulid)) == 0)
			tell(w, c);
	}
}

void wire_policy_second(struct wire *w)
{
	LIST_EACH(at, &w->child_list) {
		struct wire_child *c = CONTAINER_OF(at, struct wire_child, in_list);
		if (c->is_policy_due)
			tell(w, c);
	}
}

void wire_policy_fini(struct wire *w)
{
	struct map_node *next;
	for (struct map_node *n = map_walk(&w->own_rules, NULL); n; n = next) {
		next = map_walk(&w->own_rules, n);
		forget(w, CONTAINER_OF(n, struct wire_policy_own, by_session));
	}
	map_fini(&w->own_rules);
	wire_policy_free(w->policies);
	w->policies = NULL;
}
