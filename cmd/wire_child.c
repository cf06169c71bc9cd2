#include "cmd/wire_child.h"

#include <string.h>

#include "cmd/fit_plan.h"
#include "cmd/wire_reserve.h"
#include "cmd/wire_policy.h"
#include "cmd/wire_session.h"
#include "core/base/hash.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/session/session.h"
#include "modules/data/data.h"

#define RECORD_MAX 8192 /* one frozen SA */

struct wire_child *wire_child_find(const struct wire *w, uint32_t spi_in)
{
	struct map_node *n = map_first(&w->children, hash_u64(spi_in));
	while (n && CONTAINER_OF(n, struct wire_child, by_spi)->spi_in != spi_in)
		n = map_next(n);
	return n ? CONTAINER_OF(n, struct wire_child, by_spi) : NULL;
}

struct wire_child *wire_child_next(const struct wire *w, uint64_t sa, const struct wire_child *prev)
{
	struct map_node *n = prev ? map_next(&prev->by_sa) : map_first(&w->children_of, hash_u64(sa));
	while (n && CONTAINER_OF(n, struct wire_child, by_sa)->sa != sa)
		n = map_next(n);
	return n ? CONTAINER_OF(n, struct wire_child, by_sa) : NULL;
}

static void forget(struct wire *w, struct wire_child *c)
{
	map_del(&w->children, &c->by_spi);
	map_del(&w->children_of, &c->by_sa);
	list_del(&c->in_list);
	mem_free(c);
}

static enum status keep_sa(struct wire *w, const struct data_sa *sa)
{
	uint8_t rec[RECORD_MAX];
	size_t len = data_sa_freeze(sa, rec, sizeof(rec));
	enum status st = len ? wire_reserve_put(w, KEEP_ESP, sa->spi_in, rec, len) : ST_INTERNAL;
	mem_zero(rec, sizeof(rec));
	return st;
}

static bool kept_sa(const struct wire *w, uint32_t spi_in, struct data_sa *out)
{
	uint8_t rec[RECORD_MAX];
	size_t len = keep_get(w->keep, KEEP_ESP, spi_in, rec, sizeof(rec));
	bool ok = len && len <= sizeof(rec) && data_sa_thaw((struct view){rec, len}, out) == ST_OK;
	mem_zero(rec, sizeof(rec));
	return ok;
}

void wire_data_sa(const struct ike_child_spec *s, struct data_sa *d)
{
	_Static_assert(IKE_TS_MAX <= DATA_TS_MAX && IKE_KEYMAT_MAX <= sizeof(d->key_in), "room");
	memset(d, 0, sizeof(*d));
	d->owner = s->sa;
	d->session = s->session;
	d->tun = s->tun;
	d->spi_in = s->spi_in;
	d->spi_out = s->spi_out;
	d->encr_id = s->encr_id;
	d->encr_key_bits = s->encr_key_bits;
	d->integ_id = s->integ_id;
	d->esn = s->esn;
	d->transport_mode = s->transport_mode;
	d->udp_encap = s->udp_encap;
	d->receive_only = s->receive_only;
	d->replay_window = s->replay_window;
	d->local = s->local;
	d->remote = s->remote;
	d->key_in_len = s->key_in_len;
	d->key_out_len = s->key_out_len;
	memcpy(d->key_in, s->key_in, sizeof(s->key_in));
	memcpy(d->key_out, s->key_out, sizeof(s->key_out));
	d->n_local_ts = s->n_local_ts;
	d->n_remote_ts = s->n_remote_ts;
	memcpy(d->local_ts, s->local_ts, sizeof(s->local_ts));
	memcpy(d->remote_ts, s->remote_ts, sizeof(s->remote_ts));
}

/* With its first packet the policy of its session is in force. */
static enum status add(struct wire *w, struct data_sa *d, bool thawed)
{
	struct wire_child *c = mem_new(sizeof(*c));
	if (!c)
		return ST_NOMEM;
	wire_reserve_slot(w);
	enum status st = wire_policy_begin(w, &d->session, d->tun, &d->policy);
	if (st == ST_OK)
		st = data_sa_add(w->data, d, thawed);
	if (st != ST_OK) {
		mem_free(c);
		return st;
	}
	c->spi_in = d->spi_in;
	c->sa = d->owner;
	c->session = d->session;
	c->tun = d->tun;
	map_add(&w->children, &c->by_spi, hash_u64(c->spi_in));
	map_add(&w->children_of, &c->by_sa, hash_u64(c->sa));
	list_push_back(&w->child_list, &c->in_list);
	return ST_OK;
}

/* What the session was told of MTU and MSS by its authorization. */
static void fit_session(const struct wire *w, const struct ulid *session, struct fit_rules *fit)
{
	const struct session *s = session_find(w->sessions, session);
	if (s && s->terms && s->terms->mtu) {
		fit->mtu4 = (uint16_t)s->terms->mtu;
		fit->mtu6 = s->terms->mtu < FIT_MTU_MIN6 ? FIT_MTU_MIN6 : fit->mtu4;
	}
	if (s && s->terms && s->terms->mss)
		fit->mss4 = (uint16_t)s->terms->mss;
}

enum status wire_install(void *ctx, const struct ike_child_spec *spec)
{
	struct wire *w = ctx;
	struct data_sa d;
	wire_data_sa(spec, &d);
	d.fit = fit_plan(w->conf, spec->tun);
	fit_session(w, &spec->session, &d.fit);
	enum status st = add(w, &d, false);
	if (st == ST_OK) {
		st = keep_sa(w, &d);
		if (st != ST_OK) {
			data_sa_del(w->data, d.spi_in);
			forget(w, wire_child_find(w, d.spi_in));
		}
	}
	mem_zero(&d, sizeof(d));
	return st == ST_OK || st == ST_NOMEM ? st : ST_INSTALL;
}

void wire_move(void *ctx, uint32_t spi_in, const struct endpoint *local, const struct endpoint *remote,
	       bool udp_encap)
{
	struct wire *w = ctx;
	struct wire_child *c = wire_child_find(w, spi_in);
	struct data_sa d;
	if (!c)
		return;
	c->is_move_due = data_sa_move(w->data, spi_in, local, remote, udp_encap) != ST_OK;
	if (!kept_sa(w, spi_in, &d))
		return;
	d.local = *local;
	d.remote = *remote;
	d.udp_encap = udp_encap;
	/* Full is impossible here: the record is replaced by one of its own size. Otherwise a
	 * thaw would begin with the old endpoint and learn the new one from the next packet. */
	(void)!keep_sa(w, &d);
	mem_zero(&d, sizeof(d));
}

/* To where the record says that it is. */
static void move_again(struct wire *w, struct wire_child *c)
{
	struct data_sa d;
	if (kept_sa(w, c->spi_in, &d))
		wire_move(w, c->spi_in, &d.local, &d.remote, d.udp_encap);
	mem_zero(&d, sizeof(d));
}

void wire_use(void *ctx, uint32_t spi_in)
{
	struct wire *w = ctx;
	/* No room in a ring: the first packet that comes in does the same. */
	(void)!data_sa_use(w->data, spi_in);
}

void wire_unuse(void *ctx, uint32_t spi_in)
{
	struct wire *w = ctx;
	data_sa_unuse(w->data, spi_in);
}

void wire_remove(void *ctx, uint32_t spi_in)
{
	struct wire *w = ctx;
	struct wire_child *c = wire_child_find(w, spi_in);
	const struct esp_rt *rt = data_sa_rt(w->data, spi_in);
	if (c && rt)
		wire_session_child_gone(w, &c->session, rt);
	keep_del(w->keep, KEEP_ESP, spi_in);
	data_sa_del(w->data, spi_in);
	if (c)
		forget(w, c);
}

enum status wire_child_thaw(struct wire *w, uint32_t spi_in)
{
	struct data_sa d;
	enum status st = kept_sa(w, spi_in, &d) ? add(w, &d, true) : ST_BAD_PAYLOAD;
	mem_zero(&d, sizeof(d));
	if (st == ST_OK || st == ST_NOMEM)
		return st;
	LOG(EV_CHILD_FAILED, kv_spi32("spi_in", spi_in), kv_str("reason", "not thawed"),
	    kv_status("status", st));
	keep_del(w->keep, KEEP_ESP, spi_in);
	return ST_OK;
}

static bool has_child(void *ctx, uint32_t spi_in)
{
	return data_sa_has(((struct wire *)ctx)->data, spi_in);
}

void wire_child_reconcile(struct wire *w)
{
	LIST_EACH_SAFE(at, &w->child_list) {
		struct wire_child *c = CONTAINER_OF(at, struct wire_child, in_list);
		if (!ike_owns_child(w->ike, c->spi_in))
			wire_remove(w, c->spi_in);
	}
	ike_reconcile(w->ike, has_child, w);
}

uint64_t wire_last_data(void *ctx, uint32_t spi_in)
{
	const struct esp_rt *rt = data_sa_rt(((struct wire *)ctx)->data, spi_in);
	uint64_t in = rt ? atomic_load_explicit(&rt->last_in_ms, memory_order_relaxed) : 0;
	uint64_t out = rt ? atomic_load_explicit(&rt->last_out_ms, memory_order_relaxed) : 0;
	return in > out ? in : out;
}

static uint64_t octets_of(const struct esp_rt *rt)
{
	uint64_t in = atomic_load_explicit(&rt->bytes_in, memory_order_relaxed);
	uint64_t out = atomic_load_explicit(&rt->bytes_out, memory_order_relaxed);
	return in > out ? in : out;
}

void wire_child_second(struct wire *w)
{
	wire_policy_second(w);
	LIST_EACH_SAFE(at, &w->child_list) {
		struct wire_child *c = CONTAINER_OF(at, struct wire_child, in_list);
		const struct esp_rt *rt = data_sa_rt(w->data, c->spi_in);
		uint32_t spi_in = c->spi_in;
		if (c->is_move_due)
			move_again(w, c);
		if (!rt)
			continue;
		uint64_t in = esp_rt_heard_ms(rt);
		uint64_t out = atomic_load_explicit(&rt->last_out_ms, memory_order_relaxed);
		if (in == c->seen_in_ms && out == c->seen_out_ms)
			continue;
		c->seen_in_ms = in;
		c->seen_out_ms = out;
		uint64_t sequence = atomic_load_explicit(&rt->seq_out, memory_order_relaxed);
		ike_on_volume(w->ike, c->spi_in, octets_of(rt), sequence);
		ike_on_traffic(w->ike, spi_in, in, out);
	}
}

void wire_child_moved(void *ctx, uint32_t spi_in, const struct endpoint *local,
		      const struct endpoint *remote)
{
	struct wire *w = ctx;
	ike_on_moved(w->ike, spi_in, local, remote);
}

void wire_child_lost(void *ctx, uint32_t spi_in, enum status why)
{
	struct wire *w = ctx;
	ike_on_child_lost(w->ike, spi_in, why);
}

void wire_child_fini(struct wire *w)
{
	LIST_EACH_SAFE(at, &w->child_list)
		forget(w, CONTAINER_OF(at, struct wire_child, in_list));
}
