#include "modules/data/path.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/esp/seal.h"
#include "core/wire/esp.h"

/* The way of a packet, and why a flow stays in order.
 *
 *   socket or TUN queue --> its worker --(ring, unless it is the owner)--> owner --> out
 *
 * The kernel gives one flow (an SA's datagrams by their SPI, or by their four numbers; an inner flow
 * on a TUN) to one socket or queue, so to one worker; its SA has one owner; so each of its packets
 * takes the same way, and every step of that way is first in, first out: queue, batch, ring, batch, sendmsg or
 * write. Direct and handed-over packets mix at an owner only between different flows. The way of a
 * flow changes when the kernel moves it to another queue, when its peer's address changes and when
 * another child with another bucket takes over; then packets under way in the old ring may be
 * overtaken once, as on any change of a path in a network, and the replay window absorbs it.
 *
 * With wrong steering nobody owns what it receives first: the owner itself passes its packet to its
 * neighbour, who passes it back. The way is longer, but still one for each flow. */

#define VNET_HDR_LEN 10 /* struct virtio_net_hdr, as a TUN has it unless told otherwise */

static void drop(struct worker *w, struct pkt *k, enum status why)
{
	stats_status(&w->stats, why);
	worker_release(w, k);
}

/* ---- to main ------------------------------------------------------------------------------ */

static bool tell(struct worker *w, const struct pkt *what)
{
	struct pkt *k = pool_get(&w->pool);

	if (!k)
		return false;
	k->kind = what->kind;
	k->why = what->why;
	k->spi = what->spi;
	k->len = what->len;
	k->local = what->local;
	k->remote = what->remote;
	if (worker_send_up(w, k, UP_NOTICE_MAX))
		return true;
	pool_put(&w->pool, k);
	return false;
}

/* A flood of bad packets makes a few notices, and counters. */
static void notice(struct worker *w, const struct pkt *k, enum status why)
{
	struct pkt what = {
		.kind = PKT_NOTICE,
		.why = why,
		.spi = k->spi,
		.len = k->len,
		.local = k->local,
		.remote = k->remote,
	};
	uint64_t now_ms = w->tables.now_ms;

	if (now_ms - w->notices_ms >= 1000) {
		w->notices_ms = now_ms;
		w->notices_left = NOTICES_PER_S;
	}
	if (w->notices_left && tell(w, &what))
		w->notices_left--;
}

/* Told once for each SA; again with the next packet when main's ring is full. */
static void first(struct worker *w, struct worker_sa *sa)
{
	struct pkt what = {.kind = PKT_FIRST, .spi = sa->esp.spi_in};

	if (tell(w, &what))
		sa->wants_first = false;
}

/* Only the newest packet counts, or one that was delayed would lead back to the old address. */
static void watch_endpoints(struct worker *w, struct worker_sa *sa, const struct pkt *k,
			    uint64_t seq)
{
	const struct esp_sa *e = &sa->esp;
	struct pkt what;

	if (endpoint_eq(&k->remote, &e->remote) && addr_eq(&k->local.addr, &e->local.addr))
		return;
	if (seq != atomic_load_explicit(&e->rt->seq_top, memory_order_relaxed) ||
	    (sa->moved_ms && w->tables.now_ms - sa->moved_ms < 1000))
		return;
	what = (struct pkt){
		.kind = PKT_MOVED, .spi = e->spi_in, .local = k->local, .remote = k->remote};
	if (tell(w, &what))
		sa->moved_ms = w->tables.now_ms;
}

static void lost(struct worker *w, struct worker_sa *sa, enum status why)
{
	struct pkt what = {.kind = PKT_LOST, .why = why, .spi = sa->esp.spi_in};

	if (!sa->lost_told)
		sa->lost_told = tell(w, &what);
}

/* ---- at the owner ------------------------------------------------------------------------- */

static enum status deliver(struct worker *w, const struct worker_sa *sa, struct span inner)
{
	ssize_t n;

	if (!sa->tun)
		return ST_TUN_WRITE;
	/* Stands where the ESP header was: no offload is asked for. */
	if (sa->tun->vnet_hdr) {
		memset(inner.p - VNET_HDR_LEN, 0, VNET_HDR_LEN);
		n = write(sa->tun->fd, inner.p - VNET_HDR_LEN, inner.len + VNET_HDR_LEN);
	} else {
		n = write(sa->tun->fd, inner.p, inner.len);
	}
	if (n < 0)
		return ST_TUN_WRITE;
	stats_inc(&w->stats, CT_ESP_IN);
	stats_add(&w->stats, CT_ESP_IN_BYTES, inner.len);
	return ST_OK;
}

static void inbound(struct worker *w, struct pkt *k)
{
	struct esp_opened o;
	struct worker_sa *sa;
	enum status st = esp_open(&w->tables, k->local.vrf, (struct span){k->p, k->len}, &o);

	if (st == ST_ESP_NO_SA || st == ST_ESP_REPLAY)
		notice(w, k, st);
	if (!st) {
		sa = CONTAINER_OF(o.sa, struct worker_sa, esp);
		if (sa->wants_first)
			first(w, sa);
		watch_endpoints(w, sa, k, o.seq);
		if (o.is_dummy)
			stats_inc(&w->stats, CT_ESP_DUMMY);
		else
			st = deliver(w, sa, o.inner);
	}
	if (st)
		stats_status(&w->stats, st);
	worker_release(w, k);
}

static enum status send_out(struct worker *w, struct worker_sa *sa, struct span inner)
{
	struct span esp;
	enum status st = esp_seal(&sa->esp, w->tables.now_ms, inner, &esp);

	if (st == ST_ESP_SEQ_END)
		lost(w, sa, st);
	if (st)
		return st;
	if (!sa->udp)
		return ST_OUT_SEND;
	st = udp_send(sa->udp->fd, &sa->esp.local, &sa->esp.remote, (struct view){0},
		      (struct view){esp.p, esp.len});
	if (st)
		return st;
	stats_inc(&w->stats, CT_ESP_OUT);
	stats_add(&w->stats, CT_ESP_OUT_BYTES, inner.len);
	return ST_OK;
}

static void route_inner(struct worker *w, struct pkt *k);

static void outbound(struct worker *w, struct pkt *k)
{
	struct esp_sa *sa = sad_find(&w->tables.sad, k->spi);
	enum status st;

	/* The child went away while the packet was under way: its successor may have it. */
	if (!sa && !k->rerouted) {
		k->rerouted = true;
		route_inner(w, k);
		return;
	}
	st = sa ? send_out(w, CONTAINER_OF(sa, struct worker_sa, esp), (struct span){k->p, k->len}) :
		  ST_OUT_NO_ROUTE;
	if (st)
		stats_status(&w->stats, st);
	worker_release(w, k);
}

static void process(struct worker *w, struct pkt *k)
{
	if (k->kind == PKT_ESP)
		inbound(w, k);
	else
		outbound(w, k);
}

/* ---- from anywhere to the owner ------------------------------------------------------------ */

static void to_owner(struct worker *w, struct pkt *k)
{
	uint32_t owner = w->all->owner_of[k->spi % BUCKETS];
	uint32_t to = owner;

	if (w->all->wrong_steering && !k->detoured) {
		k->detoured = true;
		if (to == w->index)
			to = (to + 1) % w->all->n;
	}
	if (to == w->index)
		process(w, k);
	else if (worker_hand(w, to, k))
		stats_inc(&w->stats, CT_HANDOVER);
	else
		drop(w, k, ST_RING_FULL);
}

void path_handed(struct worker *w, struct pkt *k)
{
	to_owner(w, k);
}

/* Between two clients the kernel sends packets out where they came in and tells their sender of a
 * shorter way. There is none: who believes it loses the other client. */
static bool is_redirect(const struct ip_info *ip)
{
	enum { ICMP_REDIRECT = 5, ICMPV6_REDIRECT = 137 };
	int type = ip_src_port(ip) >> 8;

	return (ip->proto == IPP_ICMP && type == ICMP_REDIRECT) ||
	       (ip->proto == IPP_ICMPV6 && type == ICMPV6_REDIRECT);
}

static void route_inner(struct worker *w, struct pkt *k)
{
	const struct esp_child *child;
	struct ip_info ip;
	enum status st = ip_parse(k->p, k->len, &ip);

	if (!st && ip.total_len != k->len)
		st = ST_ESP_MALFORMED;
	if (!st && is_redirect(&ip))
		st = ST_OUT_REDIRECT;
	if (!st)
		st = fib_choose(&w->tables.fib, k->tun, &ip, &child);
	if (st) {
		drop(w, k, st);
		return;
	}
	k->spi = child->spi_in;
	to_owner(w, k);
}

/* ---- receiving ---------------------------------------------------------------------------- */

/* Has it no responder's SPI (RFC 7296 section 3.1), or is it too short to have one? */
static bool starts_something(const struct pkt *k)
{
	struct rd r = rd_init(k->p, k->len);

	rd_skip(&r, 8);
	return rd_u64(&r) == 0;
}

/* A flood of strangers leaves room for what established peers say. */
static void ike_to_main(struct worker *w, struct pkt *k)
{
	k->p += NON_ESP_MARKER_LEN;
	k->len -= NON_ESP_MARKER_LEN;
	k->kind = starts_something(k) ? PKT_INIT : PKT_IKE;
	if ((k->kind == PKT_INIT && w->n_up_init >= UP_INIT_MAX) || !worker_send_up(w, k, UP_IKE_MAX))
		drop(w, k, ST_RING_FULL);
}

static void classify(struct worker *w, struct pkt *k)
{
	struct esp_hdr hdr;
	enum status st;

	/* An endpoint has no link: the answer would have no way. */
	if (addr_is_link_local(&k->remote.addr) || addr_is_link_local(&k->local.addr)) {
		drop(w, k, ST_LINK_LOCAL);
		return;
	}
	switch (udp4500_classify(k->p, k->len)) {
	case UDP4500_IKE: ike_to_main(w, k); return;
	case UDP4500_KEEPALIVE:
		stats_inc(&w->stats, CT_NAT_KEEPALIVE_IN);
		worker_release(w, k);
		return;
	case UDP4500_BAD: drop(w, k, ST_NAT_MARKER); return;
	case UDP4500_ESP: break;
	}
	st = esp_hdr_parse(k->p, k->len, &hdr);
	if (st) {
		drop(w, k, st);
		return;
	}
	k->kind = PKT_ESP;
	k->spi = hdr.spi;
	to_owner(w, k);
}

static size_t take_buffers(struct worker *w, struct pkt **batch)
{
	size_t n = 0;

	while (n < UDP_BATCH && (batch[n] = pool_get(&w->pool)))
		n++;
	return n;
}

/* The port may go away in worker_obey(): what is wanted of it goes into the packets before. */
static bool receive_udp(struct worker *w, const struct port *p)
{
	struct pkt *batch[UDP_BATCH];
	size_t n = take_buffers(w, batch);
	size_t got = udp_recv(p->fd, &w->rx, batch, n);

	while (n > got)
		pool_put(&w->pool, batch[--n]);
	for (size_t i = 0; i < got; i++) {
		batch[i]->local.vrf = p->local.vrf;
		batch[i]->local.port = p->local.port;
		batch[i]->remote.vrf = p->local.vrf;
	}
	worker_obey(w);
	for (size_t i = 0; i < got; i++)
		classify(w, batch[i]);
	return got > 0;
}

/* One packet from the queue; ST_AGAIN: none left; ST_IO: there is no device behind it any more. */
static enum status read_tun(const struct port *p, struct pkt *k)
{
	size_t head = p->vnet_hdr ? VNET_HDR_LEN : 0;
	ssize_t n = read(p->fd, k->p, PKT_MAX + head);

	if (n <= 0)
		return n < 0 && (errno == EBADFD || errno == EFAULT || errno == ENODEV) ? ST_IO : ST_AGAIN;
	k->len = (size_t)n;
	k->kind = PKT_INNER;
	k->tun = p->tun;
	if (k->len < head)
		return ST_ESP_MALFORMED;
	/* Offloads are off; a packet that wants work of us anyhow is not a packet of the wire. */
	if (head && (k->p[0] || k->p[1]))
		return ST_ESP_TOO_BIG;
	k->p += head;
	k->len -= head;
	return ST_OK;
}

static bool receive_tun(struct worker *w, const struct port *p)
{
	struct pkt *batch[UDP_BATCH];
	size_t n = 0;
	enum status st = ST_OK;

	while (n < UDP_BATCH && (batch[n] = pool_get(&w->pool))) {
		st = read_tun(p, batch[n]);
		if (st == ST_OK)
			n++;
		else if (st != ST_AGAIN && st != ST_IO)
			drop(w, batch[n], st);
		else
			break;
	}
	if (st == ST_AGAIN || st == ST_IO)
		pool_put(&w->pool, batch[n]);
	/* Without this the queue would be ready for ever. */
	if (st == ST_IO)
		(void)epoll_ctl(w->epoll_fd, EPOLL_CTL_DEL, p->fd, NULL);
	worker_obey(w);
	for (size_t i = 0; i < n; i++)
		route_inner(w, batch[i]);
	return n > 0;
}

bool path_receive(struct worker *w, struct port *p)
{
	return p->is_tun ? receive_tun(w, p) : receive_udp(w, p);
}

/* How well a socket suits an SA: 0 not at all; its very address counts more than its port. */
static int suits(const struct port *p, const struct esp_sa *sa)
{
	const struct endpoint *want = &sa->local;

	if (p->is_tun || p->local.vrf != want->vrf || p->family != want->addr.family)
		return 0;
	if (p->local.addr.family && !addr_eq(&p->local.addr, &want->addr))
		return 0;
	return 1 + (p->local.port == want->port) + (p->local.addr.family ? 2 : 0);
}

void path_bind(struct worker *w, struct worker_sa *sa)
{
	int best = 0;

	sa->udp = NULL;
	sa->tun = NULL;
	sa->esp.client_to_client = false;
	LIST_EACH(at, &w->ports) {
		struct port *p = CONTAINER_OF(at, struct port, node);
		int fit = suits(p, &sa->esp);

		if (fit > best) {
			best = fit;
			sa->udp = p;
		}
		if (p->is_tun && p->tun == sa->esp.child->tun) {
			sa->tun = p;
			sa->esp.client_to_client = p->client_to_client;
		}
	}
}
