#include "modules/data/limits.h"

#include <string.h>

#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/esp/policy_make.h"

static struct esp_meter *meter_ref(struct esp_meter *m)
{
	if (m)
		m->refs++;
	return m;
}

static void meter_unref(struct esp_meter *m)
{
	if (m && --m->refs == 0)
		mem_free(m);
}

/* ---- sessions ----------------------------------------------------------------------------- */

static uint64_t key_of(const struct ulid *u)
{
	uint64_t v[2];

	_Static_assert(sizeof(*u) == sizeof(v), "two halves");
	memcpy(v, u, sizeof(v));
	return hash_u64(v[0] ^ hash_u64(v[1]));
}

static struct limits *find(const struct data *d, const struct ulid *session)
{
	struct map_node *n = map_first(&d->limits, key_of(session));

	while (n && memcmp(&CONTAINER_OF(n, struct limits, by_session)->session, session, sizeof(*session)) != 0)
		n = map_next(n);
	return n ? CONTAINER_OF(n, struct limits, by_session) : NULL;
}

static struct limits *limits_new(struct data *d, const struct ulid *session)
{
	struct limits *l = mem_new(sizeof(*l));

	if (!l)
		return NULL;
	l->session = *session;
	list_init(&l->children);
	map_add(&d->limits, &l->by_session, key_of(session));
	return l;
}

static void limits_end(struct data *d, struct limits *l)
{
	map_del(&d->limits, &l->by_session);
	esp_policy_unref(l->policy);
	mem_free(l);
}

static uint32_t count_workers(const struct limits *l)
{
	uint64_t seen = 0;

	LIST_EACH(at, &l->children)
		seen |= UINT64_C(1) << CONTAINER_OF(at, struct child, in_session)->work.owner;
	return (uint32_t)__builtin_popcountll(seen);
}

/* The meter that the session has on this worker and that counts for this policy, too; NULL: none. */
static struct esp_meter *meter_of(const struct limits *l, uint32_t owner, const struct esp_policy *p)
{
	if (!l->policy || !esp_policy_alike(l->policy, p))
		return NULL;
	LIST_EACH(at, &l->children) {
		const struct child *c = CONTAINER_OF(at, struct child, in_session);

		if (c->work.owner == owner && c->meter && esp_meter_fits(c->meter, p))
			return c->meter;
	}
	return NULL;
}

/* ---- orders ------------------------------------------------------------------------------- */

/* One order for each SA, which tells the newest when it could not be told at once: no memory is needed
 * to change what is in force. */
static void tell(struct data *d, struct child *c)
{
	struct policy_order *o = &c->policy;

	/* The workers are gone: nobody would give it back. */
	if (atomic_load(&d->shared.stop))
		return;
	if (o->is_under_way) {
		o->again = true;
		return;
	}
	o->order.kind = CMD_SA_POLICY;
	o->order.child = &c->work;
	o->policy = esp_policy_ref(c->limits->policy);
	o->meter = meter_ref(c->meter);
	o->share = c->limits->share;
	o->is_under_way = true;
	o->again = false;
	c->pending++;
	owner_order(d, c->work.owner, &o->order);
}

static void tell_all(struct data *d, struct limits *l)
{
	LIST_EACH(at, &l->children)
		tell(d, CONTAINER_OF(at, struct child, in_session));
}

void limits_order_done(struct data *d, struct policy_order *o)
{
	struct child *c = child_at(o->order.child);

	esp_policy_unref(o->policy);
	meter_unref(o->meter);
	o->policy = NULL;
	o->meter = NULL;
	o->is_under_way = false;
	if (o->again && !c->is_dead)
		tell(d, c);
	child_order_done(d, c);
}

/* ---- changes ------------------------------------------------------------------------------ */

static void set_meter(struct child *c, struct esp_meter *m)
{
	meter_ref(m);
	meter_unref(c->meter);
	c->meter = m;
}

/* Meters for this policy into v, one for each worker that has SAs of the session: those there are, or
 * new ones. */
static enum status meters_for(const struct limits *l, const struct esp_policy *p,
			      struct esp_meter *v[DATA_WORKERS_MAX])
{
	memset(v, 0, DATA_WORKERS_MAX * sizeof(v[0]));
	LIST_EACH(at, &l->children) {
		uint32_t owner = CONTAINER_OF(at, struct child, in_session)->work.owner;

		if (!v[owner])
			v[owner] = meter_of(l, owner, p);
		if (!v[owner])
			v[owner] = esp_meter_new(p);
		if (v[owner])
			continue;
		for (size_t i = 0; i < DATA_WORKERS_MAX; i++) {
			if (v[i] && v[i]->refs == 0)
				mem_free(v[i]);
		}
		return ST_NOMEM;
	}
	return ST_OK;
}

/* Policy and meters of the whole session; nothing is told yet. */
static enum status put(struct limits *l, struct esp_policy *policy)
{
	struct esp_meter *meters[DATA_WORKERS_MAX] = {0};
	enum status st = policy ? meters_for(l, policy, meters) : ST_OK;

	if (st)
		return st;
	esp_policy_ref(policy);
	esp_policy_unref(l->policy);
	l->policy = policy;
	LIST_EACH(at, &l->children) {
		struct child *c = CONTAINER_OF(at, struct child, in_session);

		set_meter(c, meters[c->work.owner]);
	}
	return ST_OK;
}

enum status limits_join(struct data *d, struct child *c, const struct ulid *session, struct esp_policy *policy)
{
	struct limits *l = find(d, session);
	bool is_changed;
	enum status st;

	if (!l)
		l = limits_new(d, session);
	if (!l)
		return ST_NOMEM;
	is_changed = l->policy != policy;
	c->limits = l;
	list_push_back(&l->children, &c->in_session);
	st = put(l, policy);
	if (st) {
		list_del(&c->in_session);
		c->limits = NULL;
		if (list_empty(&l->children))
			limits_end(d, l);
		return st;
	}
	is_changed |= l->share != count_workers(l);
	l->share = count_workers(l);
	c->work.sa->policy = esp_policy_ref(policy);
	c->work.sa->meter = meter_ref(c->meter);
	c->work.sa->share = l->share;
	LIST_EACH(at, &l->children) {
		struct child *other = CONTAINER_OF(at, struct child, in_session);

		if (other != c && is_changed)
			tell(d, other);
	}
	return ST_OK;
}

void limits_leave(struct data *d, struct child *c)
{
	struct limits *l = c->limits;
	uint32_t share;

	if (!l)
		return;
	list_del(&c->in_session);
	c->limits = NULL;
	if (list_empty(&l->children)) {
		limits_end(d, l);
		return;
	}
	share = count_workers(l);
	if (share == l->share)
		return;
	l->share = share;
	tell_all(d, l);
}

void limits_release(struct child *c)
{
	meter_unref(c->meter);
	c->meter = NULL;
	if (!c->work.sa)
		return;
	esp_policy_unref(c->work.sa->policy);
	meter_unref(c->work.sa->meter);
	c->work.sa->policy = NULL;
	c->work.sa->meter = NULL;
}

enum status data_sa_policy(struct data *d, uint32_t spi_in, struct esp_policy *policy)
{
	struct child *c = child_find(d, spi_in);
	enum status st = c ? put(c->limits, policy) : ST_NOT_FOUND;

	if (!st)
		tell_all(d, c->limits);
	return st;
}

bool data_sa_limits(const struct data *d, uint32_t spi_in, const struct esp_policy **policy,
		    const struct esp_meter **meter)
{
	const struct child *c = child_find(d, spi_in);

	if (!c || !c->limits->policy || !c->meter)
		return false;
	*policy = c->limits->policy;
	*meter = c->meter;
	return true;
}
