#include <string.h>

#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/crypto/suite.h"
#include "core/esp/seal.h"
#include "modules/data/expand.h"
#include "modules/data/long.h"
#include "modules/data/owner.h"
#include "modules/data/limits.h"

#define WINDOW_MIN 64
#define PREFIXES_MAX 256 /* of all remote selectors of one child */

/* ---- slots of run-time numbers ------------------------------------------------------------ */

static struct esp_rt *rt_of(const struct data *d, const struct rt_slot *s)
{
	return &d->config.rt[s - d->slots];
}

/* Slots that carry an SPI wait for the SA to be resumed, at the end of the list: they are taken
 * for new SAs only when no other is left, and then nobody came for them. */
static void slot_init(struct data *d, uint32_t i)
{
	struct rt_slot *s = &d->slots[i];
	uint32_t spi_in = d->config.rt[i].spi_in;

	if (spi_in) {
		s->is_frozen = true;
		map_add(&d->frozen, &s->node, spi_in);
		list_push_back(&d->unused, &s->unused);
	} else {
		list_push_front(&d->unused, &s->unused);
		d->n_unused++;
	}
}

enum status slots_init(struct data *d)
{
	uint32_t n = d->config.rt_slots;
	enum status st = map_init(&d->frozen, 64);

	if (st)
		return st;
	if (d->config.rt_slots_max < n)
		d->config.rt_slots_max = n;
	d->slots = mem_array(d->config.rt_slots_max, sizeof(*d->slots));
	if (!d->slots)
		return ST_NOMEM;
	for (uint32_t i = n; i > 0; i--)
		slot_init(d, i - 1);
	return ST_OK;
}

void data_slots_raise(struct data *d, uint32_t rt_slots)
{
	uint32_t from = d->config.rt_slots;

	if (rt_slots > d->config.rt_slots_max)
		rt_slots = d->config.rt_slots_max;
	for (uint32_t i = rt_slots; i > from; i--)
		slot_init(d, i - 1);
	if (rt_slots > from)
		d->config.rt_slots = rt_slots;
}

uint32_t data_slots_free(const struct data *d)
{
	return d->n_unused;
}

void slots_fini(struct data *d)
{
	map_fini(&d->frozen);
	mem_free(d->slots);
	d->slots = NULL;
}

static struct rt_slot *slot_frozen(const struct data *d, uint32_t spi_in)
{
	struct map_node *n = map_first(&d->frozen, spi_in);

	return n ? CONTAINER_OF(n, struct rt_slot, node) : NULL;
}

static void slot_take(struct data *d, struct rt_slot *s)
{
	list_del(&s->unused);
	if (s->is_frozen)
		map_del(&d->frozen, &s->node);
	else
		d->n_unused--;
	s->is_frozen = false;
}

static void slot_give_back(struct data *d, struct rt_slot *s)
{
	rt_of(d, s)->spi_in = 0;
	list_push_front(&d->unused, &s->unused);
	d->n_unused++;
}

/* The SPI comes last: a slot that carries one is whole. */
static void slot_reset(struct esp_rt *rt, uint32_t spi_in, uint32_t window)
{
	rt->spi_in = 0;
	atomic_signal_fence(memory_order_seq_cst);
	memset(rt, 0, sizeof(*rt));
	rt->window = window;
	atomic_signal_fence(memory_order_seq_cst);
	rt->spi_in = spi_in;
}

/* A new SA must not leave another slot with its SPI behind, which a later process might resume. */
static struct rt_slot *slot_fresh(struct data *d, const struct data_sa *sa)
{
	uint32_t window = sa->replay_window;
	struct rt_slot *s;

	while ((s = slot_frozen(d, sa->spi_in))) {
		slot_take(d, s);
		slot_give_back(d, s);
	}
	if (list_empty(&d->unused))
		return NULL;
	s = CONTAINER_OF(d->unused.next, struct rt_slot, unused);
	slot_take(d, s);
	if (window && window < WINDOW_MIN)
		window = WINDOW_MIN;
	slot_reset(rt_of(d, s), sa->spi_in, window);
	return s;
}

static struct rt_slot *slot_resume(struct data *d, uint32_t spi_in)
{
	struct rt_slot *s = slot_frozen(d, spi_in);
	struct esp_rt *rt;

	if (!s)
		return NULL;
	slot_take(d, s);
	rt = rt_of(d, s);
	if (rt->window > ESP_WINDOW_MAX)
		rt->window = ESP_WINDOW_MAX;
	esp_seal_resume(rt);
	return s;
}

/* ---- making a child ----------------------------------------------------------------------- */

struct child *child_find(const struct data *d, uint32_t spi_in)
{
	struct map_node *n = map_first(&d->sas, hash_u64(spi_in));

	while (n && CONTAINER_OF(n, struct child, node)->esp->spi_in != spi_in)
		n = map_next(n);
	return n ? CONTAINER_OF(n, struct child, node) : NULL;
}

/* What the data path does: every suite of THE table. In UDP there is a NAT, which transport mode does not go through. */
static enum status judge(const struct data_sa *sa, struct esp_suite *suite)
{
	if (sa->spi_in < 256 || sa->spi_out < 256 || !sa->n_local_ts || !sa->n_remote_ts ||
	    sa->n_local_ts > DATA_TS_MAX || sa->n_remote_ts > DATA_TS_MAX ||
	    sa->replay_window > ESP_WINDOW_MAX || (sa->transport_mode && sa->udp_encap) ||
	    addr_len(&sa->local.addr) == 0 || sa->local.addr.family != sa->remote.addr.family ||
	    sa->local.vrf != sa->remote.vrf)
		return ST_CONFIG;
	if (suite_esp(sa->encr_id, sa->encr_key_bits, sa->integ_id, sa->esn, suite) ||
	    sa->key_in_len != suite_esp_key_len(suite) || sa->key_out_len != sa->key_in_len)
		return ST_CONFIG;
	return ST_OK;
}

static struct esp_child *esp_child_new(const struct data_sa *sa)
{
	size_t n = (size_t)sa->n_local_ts + sa->n_remote_ts;
	struct esp_child *c = mem_new(sizeof(*c) + n * sizeof(struct ts));

	if (!c)
		return NULL;
	c->owner = sa->owner;
	c->tun = sa->tun;
	c->spi_in = sa->spi_in;
	c->fit = sa->fit;
	c->n_local = sa->n_local_ts;
	c->n_remote = sa->n_remote_ts;
	memcpy(c->ts, sa->local_ts, sa->n_local_ts * sizeof(struct ts));
	memcpy(c->ts + c->n_local, sa->remote_ts, sa->n_remote_ts * sizeof(struct ts));
	return c;
}

static size_t keys_len(size_t key_len)
{
	return sizeof(struct sa_keys) + 2 * key_len;
}

/* Both have the length that judge() wants. */
static struct sa_keys *keys_new(const struct data_sa *sa, const struct esp_suite *suite)
{
	struct sa_keys *k = mem_new(keys_len(sa->key_in_len));

	if (!k)
		return NULL;
	k->suite = *suite;
	k->len = sa->key_in_len;
	memcpy(k->bytes, sa->key_in, k->len);
	memcpy(k->bytes + k->len, sa->key_out, k->len);
	return k;
}

static void worker_sa_free(struct worker_sa *w)
{
	if (w && w->keys)
		mem_free_secret(w->keys, keys_len(w->keys->len));
	mem_free(w);
}

static enum status worker_sa_new(const struct data_sa *sa, const struct esp_suite *suite,
				 struct child *c)
{
	struct worker_sa *w = mem_new(sizeof(*w));

	if (!w)
		return ST_NOMEM;
	c->work.sa = w;
	w->esp.child = c->esp;
	w->esp.spi_in = sa->spi_in;
	w->esp.spi_out = sa->spi_out;
	w->esp.esn = sa->esn;
	w->esp.transport = sa->transport_mode;
	w->esp.udp_encap = sa->udp_encap;
	w->esp.local = sa->local;
	w->esp.remote = sa->remote;
	w->esp.shape = esp_suite_shape(suite);
	w->wants_first = sa->receive_only;
	w->keys = keys_new(sa, suite);
	long_begin(w);
	return w->keys ? ST_OK : ST_NOMEM;
}

/* The prefixes of the remote selectors, each once. Selectors that differ in protocol or port only
 * share their prefixes. ST_CONFIG: too many. */
static enum status cover(const struct data_sa *sa, struct prefix out[PREFIXES_MAX], size_t *n)
{
	*n = 0;
	for (size_t i = 0; i < sa->n_remote_ts; i++) {
		const struct ts *t = &sa->remote_ts[i];
		bool is_known = false;
		size_t more;

		for (size_t j = 0; j < i && !is_known; j++)
			is_known = addr_eq(&sa->remote_ts[j].lo, &t->lo) &&
				   addr_eq(&sa->remote_ts[j].hi, &t->hi);
		if (is_known)
			continue;
		more = fib_cover(&t->lo, &t->hi, out + *n, PREFIXES_MAX - *n);
		if (more == 0 || more > PREFIXES_MAX - *n)
			return ST_CONFIG;
		*n += more;
	}
	return ST_OK;
}

static enum status routes_new(const struct data *d, const struct data_sa *sa, struct child *c)
{
	struct prefix prefixes[PREFIXES_MAX];
	size_t n;
	enum status st = cover(sa, prefixes, &n);

	if (st)
		return st;
	c->work.n_routes = (uint32_t)n;
	c->work.routes = mem_array(d->shared.n * n, sizeof(*c->work.routes));
	if (!c->work.routes)
		return ST_NOMEM;
	for (uint32_t i = 0; i < d->shared.n; i++) {
		for (size_t j = 0; j < n; j++) {
			struct fib_route *r = &c->work.routes[i * n + j];

			r->child = c->esp;
			r->prefix = prefixes[j];
		}
	}
	return ST_OK;
}

/* What may be ordered of each worker, each once at most. USE is only there for a child that begins without its
 * routes. */
enum order { ORDER_ADD, ORDER_UNUSE, ORDER_DEL, ORDER_USE, ORDERS };

static unsigned orders_of(bool is_used)
{
	return is_used ? ORDER_USE : ORDERS;
}

void data_child_free(struct child *c)
{
	limits_release(c);
	worker_sa_free(c->work.sa);
	mem_free(c->work.routes);
	mem_free(c->esp);
	mem_free(c);
}

void child_order_done(struct data *d, struct child *c)
{
	if (--c->pending || !c->is_dead)
		return;
	slot_give_back(d, c->slot);
	data_child_free(c);
}

static enum status child_new(struct data *d, const struct data_sa *sa,
			     const struct esp_suite *suite, struct child **out)
{
	struct child *c = mem_new(sizeof(*c) + orders_of(!sa->receive_only) * d->shared.n * sizeof(struct cmd));
	enum status st;

	if (!c)
		return ST_NOMEM;
	list_init(&c->in_session);
	c->work.owner = d->shared.owner_of[sa->spi_in % BUCKETS];
	c->is_used = !sa->receive_only;
	c->esp = esp_child_new(sa);
	st = c->esp ? worker_sa_new(sa, suite, c) : ST_NOMEM;
	if (!st)
		st = routes_new(d, sa, c);
	if (st) {
		data_child_free(c);
		return st;
	}
	*out = c;
	return ST_OK;
}

/* ---- tables that grow --------------------------------------------------------------------- */

/* Twice the slots when there are more entries than slots. Failing costs longer chains only. */
static void grow(struct data *d, uint32_t worker, enum cmd_kind kind, size_t count, size_t *slots)
{
	struct resize *r;

	if (count <= *slots)
		return;
	r = mem_new(sizeof(*r));
	if (!r)
		return;
	r->order.kind = kind;
	r->n = *slots * 2;
	r->slots = mem_array(r->n, sizeof(void *));
	if (!r->slots) {
		mem_free(r);
		return;
	}
	*slots *= 2;
	owner_order(d, worker, &r->order);
}

static void grow_all(struct data *d)
{
	for (uint32_t i = 0; i < d->shared.n; i++) {
		grow(d, i, CMD_SAD_RESIZE, d->n_sas[i], &d->sad_slots[i]);
		grow(d, i, CMD_FIB_RESIZE, d->n_routes, &d->fib_slots[i]);
	}
}

/* ---- what the loop calls ------------------------------------------------------------------ */

static void order_one(struct data *d, struct child *c, uint32_t worker, enum order which)
{
	static const enum cmd_kind kinds[ORDERS] = {
		[ORDER_ADD] = CMD_CHILD_ADD, [ORDER_UNUSE] = CMD_CHILD_UNUSE, [ORDER_DEL] = CMD_CHILD_DEL,
		[ORDER_USE] = CMD_CHILD_USE,
	};
	struct cmd *o = &c->cmds[which * d->shared.n + worker];

	o->kind = which == ORDER_ADD && !c->is_used ? CMD_CHILD_HOLD : kinds[which];
	o->child = &c->work;
	c->pending++;
	owner_order(d, worker, o);
}

static void order_others(struct data *d, struct child *c, enum order which)
{
	for (uint32_t i = 0; i < d->shared.n; i++) {
		if (i != c->work.owner)
			order_one(d, c, i, which);
	}
}

/* The owner first: a worker that knows the route may pass it a packet at once. */
static void order_all(struct data *d, struct child *c, enum order which)
{
	order_one(d, c, c->work.owner, which);
	order_others(d, c, which);
}

static void install(struct data *d, struct child *c)
{
	c->work.sa->esp.rt = rt_of(d, c->slot);
	map_add(&d->sas, &c->node, hash_u64(c->esp->spi_in));
	d->n_routes += c->work.n_routes;
	d->n_sas[c->work.owner]++;
	grow_all(d);
	order_all(d, c, ORDER_ADD);
}

enum status data_sa_add(struct data *d, const struct data_sa *sa, bool thawed)
{
	struct esp_suite suite;
	struct child *c;
	enum status st = judge(sa, &suite);

	if (st)
		return st;
	if (child_find(d, sa->spi_in))
		return ST_EXISTS;
	/* This order, and two more for tables that grow. */
	if (!owner_has_room(d, 3))
		return ST_INSTALL;
	st = child_new(d, sa, &suite, &c);
	if (st)
		return st;
	c->slot = thawed ? slot_resume(d, sa->spi_in) : slot_fresh(d, sa);
	st = c->slot ? limits_join(d, c, &sa->session, sa->policy) : ST_INSTALL;
	if (st) {
		if (c->slot)
			slot_give_back(d, c->slot);
		data_child_free(c);
		return st;
	}
	install(d, c);
	return ST_OK;
}

enum status data_sa_move(struct data *d, uint32_t spi_in, const struct endpoint *local,
			 const struct endpoint *remote, bool udp_encap)
{
	struct child *c = child_find(d, spi_in);
	struct move *m;

	if (!c)
		return ST_NOT_FOUND;
	if (addr_len(&local->addr) == 0 || local->addr.family != remote->addr.family)
		return ST_CONFIG;
	if (!owner_has_room(d, 1))
		return ST_INSTALL;
	m = mem_new(sizeof(*m));
	if (!m)
		return ST_NOMEM;
	m->order.kind = CMD_SA_MOVE;
	m->spi_in = spi_in;
	m->local = *local;
	m->remote = *remote;
	m->udp_encap = udp_encap;
	owner_order(d, c->work.owner, &m->order);
	return ST_OK;
}

size_t data_sa_local(const struct data *d, uint32_t spi_in, const struct ts **out)
{
	const struct child *c = child_find(d, spi_in);

	if (!c)
		return 0;
	*out = esp_child_local(c->esp);
	return c->esp->n_local;
}

enum status data_send_inner(struct data *d, uint32_t spi_in, const uint8_t *packet, size_t len)
{
	const struct child *c = child_find(d, spi_in);
	struct send *s;

	if (!c || len > PKT_MAX)
		return ST_NOT_FOUND;
	if (!owner_has_room(d, 1))
		return ST_INSTALL;
	s = mem_new(sizeof(*s) + len);
	if (!s)
		return ST_NOMEM;
	s->order.kind = CMD_SEND;
	s->spi_in = spi_in;
	s->len = len;
	memcpy(s->packet, packet, len);
	owner_order(d, c->work.owner, &s->order);
	return ST_OK;
}

void child_use(struct data *d, uint32_t spi_in)
{
	struct child *c = child_find(d, spi_in);

	if (!c || c->is_used || c->is_left)
		return;
	c->is_used = true;
	order_all(d, c, ORDER_USE);
}

enum status data_sa_use(struct data *d, uint32_t spi_in)
{
	if (!child_find(d, spi_in))
		return ST_NOT_FOUND;
	child_use(d, spi_in);
	return ST_OK;
}

void data_sa_unuse(struct data *d, uint32_t spi_in)
{
	struct child *c = child_find(d, spi_in);

	if (!c || c->is_left)
		return;
	c->is_left = true;
	if (c->is_used)
		order_all(d, c, ORDER_UNUSE);
}

/* The owner last: packets that others hand over meanwhile still find the SA. */
void data_sa_del(struct data *d, uint32_t spi_in)
{
	struct child *c = child_find(d, spi_in);

	if (!c)
		return;
	map_del(&d->sas, &c->node);
	limits_leave(d, c);
	c->is_dead = true;
	d->n_routes -= c->work.n_routes;
	d->n_sas[c->work.owner]--;
	order_others(d, c, ORDER_DEL);
	order_one(d, c, c->work.owner, ORDER_DEL);
}

bool data_sa_has(const struct data *d, uint32_t spi_in)
{
	return child_find(d, spi_in) != NULL;
}

bool data_sa_mtu(const struct data *d, uint32_t spi_in, uint32_t *path_mtu, uint32_t *media_mtu)
{
	const struct child *c = child_find(d, spi_in);
	uint64_t mtus;

	if (!c)
		return false;
	mtus = atomic_load_explicit(&c->work.sa->mtus, memory_order_relaxed);
	*path_mtu = (uint32_t)(mtus >> 32);
	*media_mtu = (uint32_t)mtus;
	return true;
}

const struct esp_rt *data_sa_rt(const struct data *d, uint32_t spi_in)
{
	const struct child *c = child_find(d, spi_in);

	return c ? c->work.sa->esp.rt : NULL;
}
