#include "modules/data/worker.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/crypto/esp_engine.h"
#include "modules/data/dhcp.h"
#include "modules/data/expand.h"
#include "modules/data/fan.h"
#include "modules/data/judge.h"
#include "modules/data/llq.h"
#include "modules/data/long.h"
#include "modules/data/path.h"
#include "modules/data/prompt.h"

#define EVENTS_MAX 32

/* Whether a worker must be told by a write to its eventfd. A producer pushes, then looks at nap; the
 * worker writes nap, then looks at its rings; full fences in between on both sides, so that one of
 * the two always sees the other. A worker that is awake costs its feeders no system call. */
enum nap {
	NAP_AWAKE,
	NAP_WORK,   /* waits for anything */
	NAP_BUFFERS /* its pool is empty: waits for buffers and for packets of others only */
};

/* ---- waking ------------------------------------------------------------------------------- */

static void poke(int event_fd)
{
	const uint64_t one = 1;

	/* EAGAIN: the counter is at its end, so the reader wakes anyway. */
	(void)!write(event_fd, &one, sizeof(one));
}

static void unpoke(int event_fd)
{
	uint64_t n;

	(void)!read(event_fd, &n, sizeof(n));
}

void worker_wake(struct worker *w)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&w->nap, memory_order_relaxed) != NAP_AWAKE &&
	    atomic_exchange(&w->nap, NAP_AWAKE) != NAP_AWAKE)
		poke(w->event_fd);
}

void worker_buffer_returned(struct worker *w)
{
	int want = NAP_BUFFERS;

	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&w->nap, memory_order_relaxed) == NAP_BUFFERS &&
	    atomic_compare_exchange_strong(&w->nap, &want, NAP_AWAKE))
		poke(w->event_fd);
}

void worker_announce(struct worker *w)
{
	struct worker_shared *all = w->all;

	while (w->to_wake) {
		int i = __builtin_ctzll(w->to_wake);

		w->to_wake &= w->to_wake - 1;
		worker_wake(&all->workers[i]);
	}
	while (w->to_feed) {
		int i = __builtin_ctzll(w->to_feed);

		w->to_feed &= w->to_feed - 1;
		worker_buffer_returned(&all->workers[i]);
	}
	if (w->wake_main) {
		w->wake_main = false;
		if (!atomic_exchange(&all->main_told, true))
			poke(all->main_fd);
	}
}

/* ---- passing on --------------------------------------------------------------------------- */

void worker_release(struct worker *w, struct pkt *k)
{
	if (k->home == w->index) {
		pool_put(&w->pool, k);
		return;
	}
	/* Has room for every buffer of that pool. */
	(void)ring_push(&w->all->workers[k->home].home[w->index], k);
	w->to_feed |= UINT64_C(1) << k->home;
}

bool worker_hand(struct worker *w, uint32_t to, struct pkt *k)
{
	if (!ring_push(&w->all->workers[to].in[w->index], k))
		return false;
	w->to_wake |= UINT64_C(1) << to;
	return true;
}

bool worker_send_up(struct worker *w, struct pkt *k, size_t max)
{
	/* Strangers do not count for others. */
	if (w->n_up - (k->kind == PKT_INIT ? 0 : w->n_up_init) >= max || !ring_push(&w->up, k))
		return false;
	w->n_up++;
	w->n_up_init += k->kind == PKT_INIT;
	w->wake_main = true;
	return true;
}

static void take_back(struct worker *w, struct pkt *k, bool from_main)
{
	if (from_main) {
		w->n_up--;
		w->n_up_init -= k->kind == PKT_INIT;
	}
	pool_put(&w->pool, k);
}

static void fetch_home(struct worker *w)
{
	void *back[UDP_BATCH];
	size_t n;

	for (uint32_t i = 0; i <= w->all->n; i++) {
		while ((n = ring_pop_many(&w->home[i], back, UDP_BATCH)) > 0) {
			for (size_t j = 0; j < n; j++)
				take_back(w, back[j], i == w->all->n);
		}
	}
}

/* ---- orders ------------------------------------------------------------------------------- */

static void bind_all(struct worker *w)
{
	for (struct esp_sa *sa = NULL; (sa = sad_next(&w->tables.sad, sa));)
		path_bind(w, CONTAINER_OF(sa, struct worker_sa, esp));
}

static void add_port(struct worker *w, struct port *p)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = p};

	list_push_back(&w->ports, &p->node);
	if (p->kind == PORT_TUN && p->group) {
		p->judged = (struct esp_tun){w->tables.tuns, p->tun, p->group, p->client_to_client};
		w->tables.tuns = &p->judged;
	}
	/* It can only fail for want of memory; the port then sends and does not receive. */
	if (epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, p->fd, &ev))
		stats_status(&w->stats, ST_IO);
}

static void del_port(struct worker *w, struct port *p)
{
	struct esp_tun **at = &w->tables.tuns;

	while (*at && *at != &p->judged)
		at = &(*at)->next;
	if (*at)
		*at = p->judged.next;
	list_del(&p->node);
	(void)epoll_ctl(w->epoll_fd, EPOLL_CTL_DEL, p->fd, NULL);
	w->ports_changed++;
}

static void move_sa(struct worker *w, const struct move *m)
{
	struct esp_sa *sa = sad_find(&w->tables.sad, m->spi_in);

	/* One in transport mode is of its two addresses. */
	if (!sa || sa->transport)
		return;
	sa->local = m->local;
	sa->remote = m->remote;
	sa->udp_encap = m->udp_encap;
	long_begin(CONTAINER_OF(sa, struct worker_sa, esp));
	path_bind(w, CONTAINER_OF(sa, struct worker_sa, esp));
}

static void add_routes(struct worker *w, const struct child_work *c)
{
	for (size_t i = 0; i < c->n_routes; i++)
		fib_add(&w->tables.fib, &c->routes[w->index * c->n_routes + i]);
}

/* Those that are not in are passed over. */
static void del_routes(struct worker *w, const struct child_work *c)
{
	for (size_t i = 0; i < c->n_routes; i++)
		fib_del(&w->tables.fib, &c->routes[w->index * c->n_routes + i]);
}

static void add_sa(struct worker *w, const struct child_work *c)
{
	if (c->owner != w->index)
		return;
	judge_begin(w, c->sa);
	sad_add(&w->tables.sad, &c->sa->esp);
	path_bind(w, c->sa);
}

static void del_sa(struct worker *w, const struct child_work *c)
{
	if (c->owner != w->index)
		return;
	sad_del(&w->tables.sad, &c->sa->esp);
	llq_changed(w, c->sa->policy, NULL);
}

static void resize(struct esp_tables *t, struct resize *r)
{
	if (r->order.kind == CMD_SAD_RESIZE)
		r->slots = sad_resize(&t->sad, r->slots, r->n);
	else
		r->slots = fib_resize(&t->fib, r->slots, r->n);
}

static void execute(struct worker *w, struct cmd *c)
{
	switch (c->kind) {
	case CMD_CHILD_ADD:
		add_sa(w, c->child);
		add_routes(w, c->child);
		break;
	case CMD_CHILD_HOLD: add_sa(w, c->child); break;
	case CMD_CHILD_USE: add_routes(w, c->child); break;
	case CMD_CHILD_UNUSE: del_routes(w, c->child); break;
	case CMD_CHILD_DEL:
		del_routes(w, c->child);
		del_sa(w, c->child);
		break;
	case CMD_SEND: dhcp_send(w, CONTAINER_OF(c, struct send, order)); break;
	case CMD_SA_MOVE: move_sa(w, CONTAINER_OF(c, struct move, order)); break;
	case CMD_SA_POLICY: judge_change(w, CONTAINER_OF(c, struct policy_order, order)); break;
	case CMD_PORT_ADD:
		add_port(w, c->port);
		bind_all(w);
		break;
	case CMD_PORT_DEL:
		del_port(w, c->port);
		bind_all(w);
		break;
	case CMD_SAD_RESIZE:
	case CMD_FIB_RESIZE: resize(&w->tables, CONTAINER_OF(c, struct resize, order)); break;
	}
}

/* Main never has more orders under way than `done` has slots. */
void worker_return(struct worker *w, struct cmd *c)
{
	if (c->kind == CMD_CHILD_DEL && c->child->owner == w->index)
		expand_end(w, c->child->sa);
	(void)ring_push(&w->done, c);
	w->wake_main = true;
}

void worker_obey(struct worker *w)
{
	struct cmd *c;

	while ((c = ring_pop(&w->ctl))) {
		execute(w, c);
		if (fan_may_return(w, c))
			worker_return(w, c);
	}
}

/* ---- the loop ----------------------------------------------------------------------------- */

/* Packets of other workers. They are taken out first and the orders obeyed then: what caused a
 * packet was ordered before the packet came in anywhere. */
static bool take_handed(struct worker *w)
{
	void *batch[UDP_BATCH];
	bool any = false;

	for (uint32_t from = 0; from < w->all->n; from++) {
		size_t n = ring_pop_many(&w->in[from], batch, UDP_BATCH);

		if (n == 0)
			continue;
		any = true;
		worker_obey(w);
		for (size_t i = 0; i < n; i++)
			path_handed(w, batch[i]);
		path_flush(w);
		worker_announce(w);
	}
	return any;
}

static bool has_work(const struct worker *w, bool is_starved)
{
	if (atomic_load(&w->all->stop) || !ring_empty(&w->ctl))
		return true;
	for (uint32_t i = 0; i < w->all->n; i++) {
		if (!ring_empty(&w->in[i]))
			return true;
	}
	for (uint32_t i = 0; is_starved && i <= w->all->n; i++) {
		if (!ring_empty(&w->home[i]))
			return true;
	}
	return w->all->n > 1 && fan_has_work(w);
}

/* For ever, unless there may be memory to give back then. */
static int sleep_ms(const struct worker *w)
{
	int ms = expand_sleep_ms(w);

	if (pool_wants_rest(&w->pool) && (ms < 0 || ms > POOL_REST_MS))
		ms = POOL_REST_MS;
	return ms;
}

/* Waits for events unless there is work at hand. With no buffer left, sockets are not looked at:
 * what cannot be received waits in the kernel. */
static int wait_events(struct worker *w, struct epoll_event *events, bool is_busy)
{
	bool is_starved = w->pool.n_free == 0;
	int timeout = 0;
	int n = 0;

	if (!is_busy) {
		atomic_store(&w->nap, is_starved ? NAP_BUFFERS : NAP_WORK);
		atomic_thread_fence(memory_order_seq_cst);
		timeout = has_work(w, is_starved) ? 0 : sleep_ms(w);
		mem_forget_registers();
	}
	if (is_starved) {
		struct pollfd pfd = {.fd = w->event_fd, .events = POLLIN};

		if (poll(&pfd, 1, timeout) > 0)
			unpoke(w->event_fd);
	} else {
		n = epoll_wait(w->epoll_fd, events, EVENTS_MAX, timeout);
	}
	atomic_store(&w->nap, NAP_AWAKE);
	return n;
}

static bool serve(struct worker *w, const struct epoll_event *events, int n)
{
	uint32_t ports_changed = w->ports_changed;
	bool any = false;

	for (int i = 0; i < n && ports_changed == w->ports_changed; i++) {
		if (!events[i].data.ptr) {
			unpoke(w->event_fd);
			continue;
		}
		any |= path_receive(w, events[i].data.ptr);
		path_flush(w);
		worker_announce(w);
	}
	return any;
}

static uint64_t monotonic_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct epoll_event events[EVENTS_MAX];
	bool is_busy = true;

	prompt_be();
	/* Without the memory for it everything goes packet by packet. */
	(void)esp_engine_thread_begin();
	while (!atomic_load_explicit(&w->all->stop, memory_order_relaxed)) {
		int n;

		llq_say_short(w);
		n = wait_events(w, events, is_busy);
		w->now_ns = monotonic_ns();
		w->tables.now_ms = w->now_ns / 1000000;
		if (!is_busy) {
			fan_slept(w, w->tables.now_ms);
			pool_rest(&w->pool, w->tables.now_ms);
		}
		fetch_home(w);
		is_busy = serve(w, events, n);
		is_busy |= take_handed(w);
		is_busy |= fan_turn(w);
		is_busy |= llq_turn(w);
		worker_obey(w);
		expand_turn(w);
		worker_announce(w);
	}
	esp_engine_thread_end();
	return NULL;
}

/* ---- beginning and end -------------------------------------------------------------------- */

static enum status rings_init(struct worker *w)
{
	uint32_t n = w->all->n;
	enum status st = ST_OK;

	w->in = pages_new(n * sizeof(struct ring));
	w->home = pages_new((n + 1) * sizeof(struct ring));
	if (!w->in || !w->home)
		return ST_NOMEM;
	for (uint32_t i = 0; i < n && !st; i++)
		st = ring_init(&w->in[i], HAND_SLOTS);
	for (uint32_t i = 0; i <= n && !st; i++)
		st = ring_init(&w->home[i], POOL_PKTS);
	if (!st)
		st = ring_init(&w->ctl, CTL_SLOTS);
	if (!st)
		st = ring_init(&w->done, CTL_SLOTS);
	if (!st)
		st = ring_init(&w->up, POOL_PKTS);
	return st;
}

static enum status tables_init(struct esp_tables *t)
{
	struct esp_sa **sad = mem_array(WORKER_SLOTS, sizeof(*sad));
	struct fib_route **fib = mem_array(WORKER_SLOTS, sizeof(*fib));

	if (!sad || !fib) {
		mem_free(sad);
		mem_free(fib);
		return ST_NOMEM;
	}
	sad_init(&t->sad, sad, WORKER_SLOTS);
	fib_init(&t->fib, fib, WORKER_SLOTS);
	return ST_OK;
}

static enum status trains_init(struct worker *w)
{
	w->train_room = pages_new((size_t)TRAINS * TRAIN_ROOM);
	for (size_t i = 0; w->train_room && i < TRAINS; i++)
		w->trains[i].room = w->train_room + i * TRAIN_ROOM;
	return w->train_room ? ST_OK : ST_NOMEM;
}

enum status worker_init(struct worker *w)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};
	enum status st;

	list_init(&w->ports);
	atomic_init(&w->nap, NAP_AWAKE);
	w->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (w->event_fd < 0 || w->epoll_fd < 0 ||
	    epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->event_fd, &ev))
		return ST_IO;
	st = tables_init(&w->tables);
	if (!st)
		st = pool_init(&w->pool, POOL_PKTS, w->index);
	if (!st)
		st = rings_init(w);
	if (!st)
		st = trains_init(w);
	if (!st)
		st = fan_init(w);
	if (!st)
		st = expand_init(w);
	return st;
}

void worker_fini(struct worker *w)
{
	uint32_t n = w->all->n;

	for (uint32_t i = 0; w->in && i < n; i++)
		ring_fini(&w->in[i]);
	for (uint32_t i = 0; w->home && i <= n; i++)
		ring_fini(&w->home[i]);
	fan_fini(w);
	expand_fini(w);
	ring_fini(&w->ctl);
	ring_fini(&w->done);
	ring_fini(&w->up);
	pages_free(w->in, n * sizeof(struct ring));
	pages_free(w->home, (n + 1) * sizeof(struct ring));
	pool_fini(&w->pool);
	pages_free(w->train_room, (size_t)TRAINS * TRAIN_ROOM);
	mem_free(w->tables.sad.slots);
	mem_free(w->tables.fib.slots);
	if (w->event_fd >= 0)
		close(w->event_fd);
	if (w->epoll_fd >= 0)
		close(w->epoll_fd);
}
