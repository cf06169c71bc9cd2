#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/esp/many.h"
#include "core/esp/tos.h"
#include "modules/data/dhcp.h"
#include "modules/data/expand.h"
#include "modules/data/fan.h"
#include "modules/data/judge.h"
#include "modules/data/path.h"

/* Packets that were opened are gathered, joined, and written when the batch is over; until then the
 * buffers in which they lie are held. */

static uint8_t *set_of(struct worker *w, const struct addr *a)
{
	unsigned h = 0;

	for (size_t i = 0; i < sizeof(a->b); i++)
		h = h * 31 + a->b[i];
	return &w->notices_of[h % NOTICE_SOURCES];
}

/* A flood of bad packets makes a few notices, and counters. One sender leaves some for the others: theirs
 * may be what a peer needs to learn that we lost its SA. */
static void notice(struct worker *w, const struct pkt *k, size_t len, enum status why)
{
	struct pkt what = {
		.kind = PKT_NOTICE,
		.why = why,
		.spi = k->spi,
		.len = len,
		.local = k->local,
		.remote = k->remote,
	};
	uint64_t now_ms = w->tables.now_ms;
	uint8_t *used = set_of(w, &k->remote.addr);

	if (now_ms - w->notices_ms >= 1000) {
		w->notices_ms = now_ms;
		w->notices_left = NOTICES_PER_S;
		memset(w->notices_of, 0, sizeof(w->notices_of));
	}
	if (!w->notices_left || *used >= NOTICES_OF_SET || !path_tell(w, &what))
		return;
	w->notices_left--;
	++*used;
}

/* Told once for each SA; again with the next packet when main's ring is full. */
static void first(struct worker *w, struct worker_sa *sa)
{
	struct pkt what = {.kind = PKT_FIRST, .spi = sa->esp.spi_in};

	if (path_tell(w, &what))
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
	/* Without a port nobody could be followed there: that is behind no NAT. */
	if (k->remote.port == 0)
		return;
	if (seq != atomic_load_explicit(&e->rt->seq_top, memory_order_relaxed) ||
	    (sa->moved_ms && w->tables.now_ms - sa->moved_ms < 1000))
		return;
	what = (struct pkt){
		.kind = PKT_MOVED, .spi = e->spi_in, .local = k->local, .remote = k->remote};
	if (path_tell(w, &what))
		sa->moved_ms = w->tables.now_ms;
}

/* ---- to the TUN --------------------------------------------------------------------------- */

static bool write_large(struct worker *w, size_t i)
{
	const struct port *tun = w->join.large[i].out;
	struct view v[JOIN_RUN_MAX + 1];
	struct iovec iov[JOIN_RUN_MAX + 1];
	size_t n = join_take(&w->join, i, v);

	/* No device that has no use for it is told how to cut. */
	if (!tun->vnet_hdr)
		v[0] = (struct view){v[0].p + GSO_HDR_LEN, v[0].len - GSO_HDR_LEN};
	if (n == 1)
		return write(tun->fd, v[0].p, v[0].len) >= 0;
	for (size_t k = 0; k < n; k++)
		iov[k] = (struct iovec){(void *)(uintptr_t)v[k].p, v[k].len};
	return writev(tun->fd, iov, (int)n) >= 0;
}

static void write_all(struct worker *w)
{
	struct join *j = &w->join;

	for (size_t i = 0; i < j->n; i++) {
		const struct join_large *l = &j->large[i];

		if (write_large(w, i)) {
			stats_add(&w->stats, CT_ESP_IN, l->n);
			stats_add(&w->stats, CT_ESP_IN_BYTES,
				  l->payload_len + (uint64_t)l->n * (l->first.len - l->size));
		} else {
			stats_status_add(&w->stats, ST_TUN_WRITE, l->n);
		}
	}
	join_reset(j);
}

void inbound_flush(struct worker *w)
{
	if (w->join.n)
		write_all(w);
	while (w->n_held)
		worker_release(w, w->held[--w->n_held]);
}

/* outer_tos: what the way made of it. */
static enum status deliver(struct worker *w, struct worker_sa *sa, struct esp_opened *o, uint8_t outer_tos)
{
	enum status st = ST_OK;

	if (sa->esp.transport)
		tos_put(o->inner.p, &o->ip, outer_tos);
	else
		st = tos_take(o->inner.p, &o->ip, outer_tos);
	if (!st)
		st = judge_in(w, sa, o);
	if (st)
		return st;
	if (o->ip.proto == IPP_TCP)
		path_lower_mss(w, &sa->esp.child->fit, o->inner.p, &o->ip, false);
	if (!sa->tun)
		return ST_TUN_WRITE;
	if (!join_add(&w->join, sa->tun, sa->tun->joins, o->inner, &o->ip)) {
		write_all(w);
		(void)join_add(&w->join, sa->tun, sa->tun->joins, o->inner, &o->ip);
	}
	return ST_OK;
}

/* ---- opening ------------------------------------------------------------------------------ */

static void take_opened(struct worker *w, const struct pkt *k, const struct esp_opening *opening)
{
	struct esp_opened o;
	struct worker_sa *sa;
	enum status st = esp_open_end(&w->tables, opening, &o);

	if (st == ST_ESP_NO_SA || st == ST_ESP_REPLAY)
		notice(w, k, opening->pkt.len, st);
	if (!st) {
		sa = CONTAINER_OF(o.sa, struct worker_sa, esp);
		if (sa->wants_first)
			first(w, sa);
		watch_endpoints(w, sa, k, o.seq);
		if (o.is_dummy)
			stats_inc(&w->stats, CT_ESP_DUMMY);
		else if (o.is_dhcp)
			st = dhcp_ask(w, sa, o.inner);
		else
			st = deliver(w, sa, &o, k->tos);
	}
	if (st)
		stats_status(&w->stats, st);
}

void inbound_begin(struct worker *w, const struct pkt *k, struct esp_opening *o)
{
	esp_open_begin(&w->tables, k->local.vrf, o);
	if (!o->st)
		o->st = expand_in(w, CONTAINER_OF(o->sa, struct worker_sa, esp));
}

static void hold(struct worker *w, struct pkt *k)
{
	if (w->n_held == HELD_MAX)
		inbound_flush(w);
	w->held[w->n_held++] = k;
}

/* In transport mode a header is put before each payload. */
static bool needs_room(const struct worker *w, const struct pkt *k)
{
	const struct esp_sa *sa = k->seg ? sad_find(&w->tables.sad, k->spi) : NULL;

	return sa && sa->transport;
}

void inbound_packet(struct worker *w, struct pkt *k)
{
	size_t step = k->seg ? k->seg : k->len + 1;
	struct esp_opening o[ESP_OPEN_MANY];

	if (needs_room(w, k)) {
		path_take_apart(w, k);
		return;
	}
	if (fan_open(w, k))
		return;
	hold(w, k);
	for (size_t at = 0, n; at == 0 || at < k->len;) {
		for (n = 0; n < ESP_OPEN_MANY && (at == 0 || at < k->len); n++, at += step) {
			o[n].pkt = (struct span){k->p + at, k->len - at < step ? k->len - at : step};
			inbound_begin(w, k, &o[n]);
		}
		esp_decipher_many(o, n);
		for (size_t i = 0; i < n; i++)
			take_opened(w, k, &o[i]);
	}
}

void inbound_opened(struct worker *w, const struct job *j)
{
	hold(w, j->k);
	for (unsigned i = 0; i < j->n; i++)
		take_opened(w, j->k, &j->parts[i]);
}
