#include "modules/data/data.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "modules/data/fan.h"
#include "modules/data/limits.h"

/* ---- orders ------------------------------------------------------------------------------- */

bool owner_has_room(const struct data *d, size_t orders)
{
	for (uint32_t i = 0; i < d->shared.n; i++) {
		if (d->backlog[i] || d->under_way[i] + orders > CTL_SLOTS)
			return false;
	}
	return true;
}

static bool give(struct data *d, uint32_t worker, struct cmd *c)
{
	struct worker *w = &d->shared.workers[worker];

	/* As many as `done` can bring back. */
	if (d->under_way[worker] >= CTL_SLOTS || !ring_push(&w->ctl, c))
		return false;
	d->under_way[worker]++;
	worker_wake(w);
	return true;
}

void owner_order(struct data *d, uint32_t worker, struct cmd *c)
{
	struct cmd **at = &d->backlog[worker];

	c->next = NULL;
	if (!*at && give(d, worker, c))
		return;
	while (*at)
		at = &(*at)->next;
	*at = c;
}

void owner_flush(struct data *d, uint32_t worker)
{
	struct cmd *c;

	while ((c = d->backlog[worker])) {
		struct cmd *next = c->next;

		if (!give(d, worker, c))
			return;
		d->backlog[worker] = next;
	}
}

static void resize_done(struct resize *r)
{
	mem_free(r->slots);
	mem_free(r);
}

static void order_done(struct data *d, struct cmd *c)
{
	switch (c->kind) {
	case CMD_CHILD_ADD:
	case CMD_CHILD_HOLD:
	case CMD_CHILD_USE:
	case CMD_CHILD_UNUSE:
	case CMD_CHILD_DEL: child_order_done(d, child_at(c->child)); break;
	case CMD_PORT_ADD:
	case CMD_PORT_DEL: port_order_done(d, c->port); break;
	case CMD_SAD_RESIZE:
	case CMD_FIB_RESIZE: resize_done(CONTAINER_OF(c, struct resize, order)); break;
	case CMD_SEND: mem_free(CONTAINER_OF(c, struct send, order)); break;
	case CMD_SA_POLICY: limits_order_done(d, CONTAINER_OF(c, struct policy_order, order)); break;
	case CMD_SA_MOVE: mem_free(CONTAINER_OF(c, struct move, order)); break;
	}
}

/* ---- what workers say --------------------------------------------------------------------- */

static void take_up(struct data *d, const struct pkt *k)
{
	const struct data_config *c = &d->config;

	switch (k->kind) {
	case PKT_IKE:
	case PKT_INIT: c->on_ike(c->ctx, &k->local, &k->remote, k->p, k->len); break;
	case PKT_NOTICE: c->on_notice(c->ctx, k->why, k->spi, k->len, &k->local, &k->remote); break;
	case PKT_FIRST: child_use(d, k->spi); break;
	case PKT_MOVED:
		if (c->on_moved && data_sa_has(d, k->spi))
			c->on_moved(c->ctx, k->spi, &k->local, &k->remote);
		break;
	case PKT_WANTED:
		if (c->on_wanted)
			c->on_wanted(c->ctx, k->tun);
		break;
	case PKT_DHCP:
		if (c->on_dhcp && data_sa_has(d, k->spi))
			c->on_dhcp(c->ctx, k->spi, k->p, k->len);
		break;
	case PKT_LOST:
		/* It may have been removed meanwhile. */
		if (data_sa_has(d, k->spi))
			c->on_lost(c->ctx, k->spi, k->why);
		break;
	case PKT_ESP:
	case PKT_INNER: break;
	}
}

static void give_back(struct data *d, struct worker *w, struct pkt *k)
{
	(void)ring_push(&w->home[d->shared.n], k); /* has room for all */
	worker_buffer_returned(w);
}

/* What strangers began, of one worker. */
struct strangers {
	size_t n;
	struct pkt *v[UP_INIT_MAX]; /* it gives us no more at a time */
};

/* A bounded part of what one worker says, without strangers; true: there is more. */
static bool hear(struct data *d, uint32_t i, struct strangers *s)
{
	struct worker *w = &d->shared.workers[i];
	struct pkt *k;
	struct cmd *c;

	while ((c = ring_pop(&w->done))) {
		d->under_way[i]--;
		order_done(d, c);
	}
	owner_flush(d, i);
	for (size_t n = 0; n < UP_BATCH && (k = ring_pop(&w->up));) {
		if (k->kind == PKT_INIT) {
			s->v[s->n++] = k;
			continue;
		}
		take_up(d, k);
		give_back(d, w, k);
		n++;
	}
	return !ring_empty(&w->up);
}

static void hear_strangers(struct data *d, uint32_t i, const struct strangers *s)
{
	for (size_t n = 0; n < s->n; n++) {
		take_up(d, s->v[n]);
		give_back(d, &d->shared.workers[i], s->v[n]);
	}
}

void data_poll(struct data *d)
{
	struct strangers strangers[DATA_WORKERS_MAX];
	const uint64_t one = 1;
	uint64_t n;
	bool is_more = false;

	(void)!read(d->shared.main_fd, &n, sizeof(n));
	atomic_store(&d->shared.main_told, false);
	/* Whatever is pushed from here on is told again. */
	atomic_thread_fence(memory_order_seq_cst);
	/* Whoever has a session comes before all who want one. */
	for (uint32_t i = 0; i < d->shared.n; i++) {
		strangers[i].n = 0;
		is_more |= hear(d, i, &strangers[i]);
	}
	for (uint32_t i = 0; i < d->shared.n; i++)
		hear_strangers(d, i, &strangers[i]);
	/* The loop has other work too and comes back at once. */
	if (is_more)
		(void)!write(d->shared.main_fd, &one, sizeof(one));
}

int data_fd(const struct data *d)
{
	return d->shared.main_fd;
}

void data_stats(const struct data *d, struct stats *dst)
{
	for (uint32_t i = 0; i < d->shared.n; i++)
		stats_sum(dst, &d->shared.workers[i].stats);
}

/* ---- beginning and end -------------------------------------------------------------------- */

static enum status start_threads(struct data *d)
{
	sigset_t all, old;
	enum status st = ST_OK;

	/* Signals are the loop thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (uint32_t i = 0; i < d->shared.n && !st; i++) {
		struct worker *w = &d->shared.workers[i];
		char name[32]; /* the kernel takes 15 */

		if (pthread_create(&w->thread, NULL, worker_main, w)) {
			st = ST_NOMEM;
			break;
		}
		snprintf(name, sizeof(name), "worker-%u", i);
		(void)pthread_setname_np(w->thread, name);
		d->n_threads++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return st;
}

static enum status init_workers(struct data *d)
{
	d->worker_len = d->shared.n * sizeof(struct worker);
	/* Both directions of all SAs may be one worker's. */
	d->shared.rooms = 2 * d->config.rt_slots_max;
	d->shared.workers = pages_new(d->worker_len);
	if (!d->shared.workers)
		return ST_NOMEM;
	for (uint32_t i = 0; i < d->shared.n; i++) {
		struct worker *w = &d->shared.workers[i];
		enum status st;

		w->index = i;
		w->all = &d->shared;
		d->fib_slots[i] = WORKER_SLOTS;
		d->sad_slots[i] = WORKER_SLOTS;
		d->n_inited++;
		st = worker_init(w);
		if (st)
			return st;
	}
	return ST_OK;
}

/* Sockets steer bucket b to worker b mod n (udp_steer); the table agrees with it, or disagrees for
 * all buckets. */
static void fill_buckets(struct worker_shared *s)
{
	for (uint32_t b = 0; b < BUCKETS; b++)
		s->owner_of[b] = (uint8_t)((b + s->wrong_steering) % s->n);
}

struct data *data_new(const struct data_config *config)
{
	struct data *d;
	enum status st;

	if (config->workers == 0 || config->workers > DATA_WORKERS_MAX)
		return NULL;
	d = pages_new(sizeof(*d));
	if (!d)
		return NULL;
	d->config = *config;
	d->shared.n = config->workers;
	d->shared.wrong_steering = config->wrong_steering;
	d->shared.fan_out = config->fan_out;
	list_init(&d->ports);
	list_init(&d->unused);
	fill_buckets(&d->shared);
	d->shared.main_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	st = d->shared.main_fd < 0 ? ST_IO : map_init(&d->sas, 1024);
	if (!st)
		st = map_init(&d->limits, 64);
	if (!st)
		st = slots_init(d);
	if (!st)
		st = init_workers(d);
	if (!st)
		st = start_threads(d);
	if (!st)
		return d;
	data_free(d);
	return NULL;
}

/* The threads are gone: main is the consumer of every ring now. */
static void take_orders_back(struct data *d, uint32_t i)
{
	struct worker *w = &d->shared.workers[i];
	struct cmd *c;

	/* Those that waited for batches, which nobody ends any more. */
	while (w->fan && (c = w->fan->late)) {
		w->fan->late = c->next;
		order_done(d, c);
	}
	while (w->done.slots && (c = ring_pop(&w->done)))
		order_done(d, c);
	while (w->ctl.slots && (c = ring_pop(&w->ctl)))
		order_done(d, c);
	while ((c = d->backlog[i])) {
		d->backlog[i] = c->next;
		order_done(d, c);
	}
}

/* Of those that were dead the last order has come back. */
static void free_children(struct data *d)
{
	struct map_node *n = map_walk(&d->sas, NULL);

	while (n) {
		struct child *c = CONTAINER_OF(n, struct child, node);

		n = map_walk(&d->sas, n);
		limits_leave(d, c);
		data_child_free(c);
	}
}

void data_free(struct data *d)
{
	if (!d)
		return;
	atomic_store(&d->shared.stop, true);
	for (uint32_t i = 0; i < d->n_threads; i++)
		worker_wake(&d->shared.workers[i]);
	for (uint32_t i = 0; i < d->n_threads; i++)
		pthread_join(d->shared.workers[i].thread, NULL);
	for (uint32_t i = 0; i < d->n_inited; i++)
		take_orders_back(d, i);
	free_children(d);
	LIST_EACH_SAFE(at, &d->ports)
		port_set_free(d, CONTAINER_OF(at, struct port_set, node));
	for (uint32_t i = 0; i < d->n_inited; i++)
		worker_fini(&d->shared.workers[i]);
	pages_free(d->shared.workers, d->worker_len);
	slots_fini(d);
	map_fini(&d->sas);
	map_fini(&d->limits);
	if (d->shared.main_fd >= 0)
		close(d->shared.main_fd);
	pages_free(d, sizeof(*d));
}
