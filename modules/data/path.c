#include "modules/data/path.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/esp/mss.h"
#include "core/wire/esp.h"
#include "modules/data/llq.h"
#include "modules/data/long.h"
#include "modules/data/raw.h"
#include "modules/data/wanted.h"

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

static void drop(struct worker *w, struct pkt *k, enum status why)
{
	stats_status(&w->stats, why);
	worker_release(w, k);
}

#define LARGE 8192      /* bytes of a datagram: it is many in one */
#define BATCH_OF_LARGE 4

/* ---- to main ------------------------------------------------------------------------------ */

bool path_tell(struct worker *w, const struct pkt *what)
{
	struct pkt *k = pool_get(&w->pool);

	if (!k)
		return false;
	k->kind = what->kind;
	k->why = what->why;
	k->spi = what->spi;
	k->len = what->len;
	k->tun = what->tun;
	k->local = what->local;
	k->remote = what->remote;
	if (worker_send_up(w, k, UP_NOTICE_MAX))
		return true;
	pool_put(&w->pool, k);
	return false;
}

/* ---- at the owner ------------------------------------------------------------------------- */

static void route_inner(struct worker *w, struct pkt *k);

static void outbound(struct worker *w, struct pkt *k)
{
	struct esp_sa *sa = sad_find(&w->tables.sad, k->spi);

	/* The child went away while the packet was under way: its successor may have it. */
	if (!sa && !k->rerouted) {
		k->rerouted = true;
		route_inner(w, k);
		return;
	}
	if (sa)
		llq_take(w, CONTAINER_OF(sa, struct worker_sa, esp), k);
	else
		drop(w, k, ST_OUT_NO_ROUTE);
}

static void process(struct worker *w, struct pkt *k)
{
	if (k->kind == PKT_ESP)
		inbound_packet(w, k);
	else
		outbound(w, k);
}

/* ---- from anywhere to the owner ------------------------------------------------------------ */

/* Packets of the network in it. Afterwards it may be gone. */
static size_t count_of(const struct pkt *k)
{
	size_t one = k->kind == PKT_ESP ? k->seg : k->gso.size;

	return one && k->len > one ? (k->len + one - 1) / one : 1;
}

static void to_owner(struct worker *w, struct pkt *k)
{
	uint32_t to = w->all->owner_of[k->spi % BUCKETS];
	size_t n = count_of(k);

	if (w->all->wrong_steering && !k->detoured) {
		k->detoured = true;
		if (to == w->index)
			to = (to + 1) % w->all->n;
	}
	if (to == w->index)
		process(w, k);
	else if (worker_hand(w, to, k))
		stats_add(&w->stats, CT_HANDOVER, n);
	else
		drop(w, k, ST_RING_FULL);
}

void path_handed(struct worker *w, struct pkt *k)
{
	to_owner(w, k);
}

void path_flush(struct worker *w)
{
	llq_flush(w);
	outbound_flush(w);
	inbound_flush(w);
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

void path_lower_mss(struct worker *w, const struct fit_rules *r, uint8_t *p, const struct ip_info *ip,
		    bool is_partial)
{
	uint16_t most = ip->version == 4 ? r->mss4 : r->mss6;

	if (most && mss_clamp(p, ip, most, is_partial))
		stats_inc(&w->stats, CT_MSS_LOWERED);
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
	if (st == ST_OUT_NO_ROUTE || st == ST_OUT_SELECTOR)
		wanted(w, k->tun, &ip.dst);
	if (st) {
		drop(w, k, st);
		return;
	}
	k->spi = child->spi_in;
	if (ip.proto == IPP_TCP)
		path_lower_mss(w, &child->fit, k->p, &ip, k->gso.flags & GSO_NEEDS_CSUM);
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

static void take_esp(struct worker *w, struct pkt *k)
{
	struct esp_hdr hdr;
	enum status st = esp_hdr_parse(k->p, k->len, &hdr);

	if (st) {
		drop(w, k, st);
		return;
	}
	k->kind = PKT_ESP;
	k->spi = hdr.spi;
	to_owner(w, k);
}

/* One datagram. */
static void classify_one(struct worker *w, struct pkt *k)
{
	switch (udp4500_classify(k->p, k->len)) {
	case UDP4500_IKE: ike_to_main(w, k); return;
	case UDP4500_KEEPALIVE:
		stats_inc(&w->stats, CT_NAT_KEEPALIVE_IN);
		worker_release(w, k);
		return;
	case UDP4500_BAD: drop(w, k, ST_NAT_MARKER); return;
	case UDP4500_ESP: take_esp(w, k); return;
	}
}

/* Are all its datagrams ESP of one SA? */
static bool is_of_one_sa(const struct pkt *k)
{
	struct esp_hdr hdr;
	uint32_t spi = 0;

	for (size_t at = 0; at < k->len; at += k->seg) {
		size_t len = k->len - at < k->seg ? k->len - at : k->seg;

		if (udp4500_classify(k->p + at, len) != UDP4500_ESP ||
		    esp_hdr_parse(k->p + at, len, &hdr) || (at && hdr.spi != spi))
			return false;
		spi = hdr.spi;
	}
	return true;
}

/* A peer's messages and several SAs of it may have come as one: each datagram goes its own way. */
void path_take_apart(struct worker *w, struct pkt *k)
{
	for (size_t at = 0; at < k->len; at += k->seg) {
		struct pkt *one = pool_get(&w->pool);

		if (!one) {
			stats_status(&w->stats, ST_RING_FULL);
			continue;
		}
		one->len = k->len - at < k->seg ? k->len - at : k->seg;
		memcpy(one->p, k->p + at, one->len);
		one->local = k->local;
		one->remote = k->remote;
		one->tos = k->tos;
		classify_one(w, one);
	}
	worker_release(w, k);
}

static void classify(struct worker *w, struct pkt *k, enum port_kind kind)
{
	/* An endpoint has no link: the answer would have no way. */
	if (addr_is_link_local(&k->remote.addr) || addr_is_link_local(&k->local.addr))
		drop(w, k, ST_LINK_LOCAL);
	else if (kind == PORT_RAW)
		take_esp(w, k);
	else if (k->seg && !is_of_one_sa(k))
		path_take_apart(w, k);
	else
		classify_one(w, k);
}

static size_t take_buffers(struct worker *w, struct pkt **batch, size_t want)
{
	size_t n = 0;

	while (n < want && (batch[n] = pool_get(&w->pool)))
		n++;
	return n;
}

/* What one batch brings shall stay in the cache until it has left: of full trains few are taken. */
static size_t next_wants(size_t got, size_t bytes)
{
	return got && bytes / got > LARGE ? BATCH_OF_LARGE : UDP_BATCH;
}

/* The port may go away in worker_obey(): what is wanted of it goes into the packets before. */
static bool receive_socket(struct worker *w, const struct port *p)
{
	struct pkt *batch[UDP_BATCH];
	enum port_kind kind = p->kind;
	size_t n = take_buffers(w, batch, w->udp_wants ? w->udp_wants : BATCH_OF_LARGE);
	size_t got = kind == PORT_RAW ? raw_recv(p->fd, p->family, &w->rx, batch, n) :
					udp_recv(p->fd, &w->rx, batch, n);
	size_t bytes = 0;

	while (n > got)
		pool_put(&w->pool, batch[--n]);
	for (size_t i = 0; i < got; i++) {
		batch[i]->local.vrf = p->local.vrf;
		batch[i]->local.port = p->local.port;
		batch[i]->remote.vrf = p->local.vrf;
		bytes += batch[i]->len;
	}
	w->udp_wants = next_wants(got, bytes);
	worker_obey(w);
	for (size_t i = 0; i < got; i++)
		classify(w, batch[i], kind);
	return got > 0;
}

/* One packet from the queue, or as much of its beginning as room; ST_AGAIN: none left; ST_IO: there is no
 * device behind it any more. */
static enum status read_tun(const struct port *p, struct pkt *k, size_t room)
{
	size_t head = p->vnet_hdr ? GSO_HDR_LEN : 0;
	ssize_t n = read(p->fd, k->p, room + head);

	if (n <= 0)
		return n < 0 && (errno == EBADFD || errno == EFAULT || errno == ENODEV) ? ST_IO : ST_AGAIN;
	k->len = (size_t)n;
	k->kind = PKT_INNER;
	k->tun = p->tun;
	k->gso = (struct gso_hdr){0};
	if (k->len < head)
		return ST_ESP_MALFORMED;
	if (head)
		k->gso = gso_read(k->p);
	k->p += head;
	k->len -= head;
	return ST_OK;
}

/* What has no room in the queue of bulk is not read in full: it is dropped, and what has priority behind it
 * is reached sooner. */
static bool receive_tun(struct worker *w, const struct port *p)
{
	struct pkt *batch[UDP_BATCH];
	size_t n = 0, bytes = 0, room = llq_room(w), reads = 0;
	enum status st = ST_OK;

	for (; reads < UDP_BATCH && bytes < BATCH_OF_LARGE * (size_t)PKT_MAX && (batch[n] = pool_get(&w->pool)); reads++) {
		bool is_skimmed = bytes >= room;

		st = read_tun(p, batch[n], is_skimmed ? LLQ_SKIM + 1 : PKT_MAX);
		if (st == ST_OK && is_skimmed && batch[n]->len > LLQ_SKIM)
			st = ST_OUT_QUEUE;
		if (st == ST_OK)
			bytes += batch[n++]->len;
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
	return reads > 0;
}

bool path_receive(struct worker *w, struct port *p)
{
	return p->kind == PORT_TUN ? receive_tun(w, p) : receive_socket(w, p);
}

/* How well a socket suits an SA: 0 not at all. Its form counts most, then its very address, then its
 * port. An SA without UDP whose raw sockets are gone goes by the port of NAT traversal, where the peer
 * takes it too (RFC 7296 section 2.23). */
static int suits(const struct port *p, const struct esp_sa *sa)
{
	const struct endpoint *want = &sa->local;
	bool is_form = (p->kind == PORT_UDP) == sa->udp_encap;

	if (p->kind == PORT_TUN || (!is_form && (p->kind == PORT_RAW || p->local.port != want->port)) ||
	    p->local.vrf != want->vrf || p->family != want->addr.family)
		return 0;
	if (p->local.addr.family && !addr_eq(&p->local.addr, &want->addr))
		return 0;
	return 1 + (p->local.port == want->port) + (p->local.addr.family ? 2 : 0) + (is_form ? 4 : 0);
}

void path_bind(struct worker *w, struct worker_sa *sa)
{
	int best = 0;

	sa->out = NULL;
	sa->tun = NULL;
	sa->esp.client_to_client = false;
	sa->esp.no_multicast = false;
	sa->esp.takes_dhcp = false;
	LIST_EACH(at, &w->ports) {
		struct port *p = CONTAINER_OF(at, struct port, node);
		int fit = suits(p, &sa->esp);

		if (fit > best) {
			best = fit;
			sa->out = p;
		}
		if (p->kind == PORT_TUN && p->tun == sa->esp.child->tun) {
			sa->tun = p;
			/* Behind a tunnel interface is one peer, however many sessions it has. */
			sa->esp.client_to_client = p->client_to_client || !p->group;
			sa->esp.no_multicast = p->group && !p->multicast;
			sa->esp.takes_dhcp = p->dhcp;
			sa->esp.self = p->self;
		}
	}
	long_bound(sa);
}
