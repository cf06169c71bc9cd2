#include "core/esp/cut.h"
#include "core/esp/seal.h"
#include "modules/data/fan.h"
#include "modules/data/judge.h"
#include "modules/data/path.h"

/* Packets are sealed into the train of their SA, and a train leaves by one call: when it is full, when
 * a packet does not fit behind the others, when another SA wants its place, and when the batch is over. */

_Static_assert(CUT_SPARE >= ESP_SEAL_TAIL, "the trailer is written behind a cut packet");
_Static_assert(PKT_TAILROOM >= CUT_SPARE, "the last one has that room, too");

static void lost(struct worker *w, struct worker_sa *sa, enum status why)
{
	struct pkt what = {.kind = PKT_LOST, .why = why, .spi = sa->esp.spi_in};

	if (!sa->lost_told)
		sa->lost_told = path_tell(w, &what);
}

/* ---- trains ------------------------------------------------------------------------------- */

/* One by one: the kernel does not cut them, or the path takes no packet of that length whole. */
static unsigned send_singly(struct worker *w, const struct train *t)
{
	const struct worker_sa *sa = t->sa;
	unsigned sent = 0;

	for (size_t at = 0; at < t->len; at += t->seg) {
		size_t len = t->len - at < t->seg ? t->len - at : t->seg;
		enum status st = udp_send(sa->udp->fd, &sa->esp.local, &sa->esp.remote, (struct view){0},
					  (struct view){t->room + at, len});

		if (st)
			stats_status(&w->stats, st);
		else
			sent++;
	}
	return sent;
}

static unsigned send_train(struct worker *w, const struct train *t)
{
	const struct worker_sa *sa = t->sa;
	enum status st = ST_OUT_SEND;

	if (sa->udp && (t->n == 1 || sa->udp->cuts_not))
		return send_singly(w, t);
	if (sa->udp)
		st = udp_send_train(sa->udp->fd, &sa->esp.local, &sa->esp.remote,
				    (struct view){t->room, t->len}, (uint16_t)t->seg);
	if (st == ST_BAD_LENGTH) {
		stats_inc(&w->stats, CT_TRAIN_REFUSED);
		return send_singly(w, t);
	}
	if (st)
		stats_status_add(&w->stats, st, t->n);
	return st ? 0 : t->n;
}

/* Of a train that did not leave whole the bytes are counted by their share. */
static void empty_train(struct worker *w, struct train *t)
{
	unsigned sent = send_train(w, t);

	stats_add(&w->stats, CT_ESP_OUT, sent);
	stats_add(&w->stats, CT_ESP_OUT_BYTES, t->inner_len * sent / t->n);
	t->sa = NULL;
}

void outbound_flush(struct worker *w)
{
	for (size_t i = 0; i < TRAINS; i++) {
		if (w->trains[i].sa)
			empty_train(w, &w->trains[i]);
	}
}

static bool has_room(const struct train *t, size_t len)
{
	return !t->is_full && len <= t->seg && t->n < UDP_TRAIN_MAX && t->len + len <= UDP_TRAIN_BYTES;
}

/* A train with room for a packet of that length. One SA has one train at most: its packets stay in order. */
static struct train *train_for(struct worker *w, struct worker_sa *sa, size_t len)
{
	struct train *t = NULL, *unused = NULL;

	for (size_t i = 0; i < TRAINS && !t; i++) {
		if (w->trains[i].sa == sa)
			t = &w->trains[i];
		else if (!w->trains[i].sa)
			unused = &w->trains[i];
	}
	if (t && has_room(t, len))
		return t;
	if (!t)
		t = unused ? unused : &w->trains[w->next_train++ % TRAINS];
	if (t->sa)
		empty_train(w, t);
	*t = (struct train){.sa = sa, .room = t->room, .seg = len};
	return t;
}

static enum status send_out(struct worker *w, struct worker_sa *sa, struct span inner)
{
	size_t len = esp_sealed_len(&sa->esp, inner.len);
	struct train *t = train_for(w, sa, len);
	enum status st = esp_seal_to(&sa->esp, w->tables.now_ms, inner, t->room + t->len);

	if (st == ST_ESP_SEQ_END)
		lost(w, sa, st);
	if (st) {
		if (t->n == 0)
			t->sa = NULL;
		return st;
	}
	t->is_full = len < t->seg;
	t->len += len;
	t->inner_len += inner.len;
	t->n++;
	return ST_OK;
}

/* ---- cutting ------------------------------------------------------------------------------ */

/* Each packet that comes out of it is judged by the rate of its own length. */
static enum status send_cut(struct worker *w, struct worker_sa *sa, const struct pkt *k)
{
	struct span packet = {k->p, k->len}, one;
	struct ip_info ip;
	struct cut cut;
	enum status st = ip_parse(k->p, k->len, &ip);

	if (!st)
		st = cut_begin(&cut, &k->gso, packet, &ip);
	while (!st && cut_next(&cut, &one)) {
		enum status rate = judge_rate(w, sa, k, one.len);

		if (rate)
			stats_status(&w->stats, rate);
		else
			st = send_out(w, sa, one);
	}
	return st;
}

static enum status send_one(struct worker *w, struct worker_sa *sa, const struct pkt *k)
{
	enum status st = judge_rate(w, sa, k, k->len);

	return st ? st : send_out(w, sa, (struct span){k->p, k->len});
}

/* Rates are judged packet by packet. And while any session has a priority, no numbers are given to packets
 * that then wait: what passes them would make the peer's replay window drop them. */
static bool stays_here(const struct worker *w, const struct worker_sa *sa)
{
	return (sa->policy && sa->policy->side[ESP_DIR_OUT].n_classes) ||
	       atomic_load_explicit(&w->all->llq_sas, memory_order_relaxed);
}

void outbound_packet(struct worker *w, struct worker_sa *sa, struct pkt *k)
{
	enum status st;

	if (!stays_here(w, sa) && fan_seal(w, sa, k))
		return;
	st = k->gso.flags || k->gso.type ? send_cut(w, sa, k) : send_one(w, sa, k);
	if (st)
		stats_status(&w->stats, st);
	worker_release(w, k);
}

/* ---- sealed by others --------------------------------------------------------------------- */

/* As many of them as one call takes, as a train of their own. */
static void send_some(struct worker *w, const struct job *j, size_t from, unsigned n, size_t len)
{
	struct train t = {.sa = j->sa, .room = j->room + from, .len = len, .seg = j->seg, .n = n,
			  .inner_len = j->inner_len * n / j->n};

	empty_train(w, &t);
}

void outbound_sealed(struct worker *w, const struct job *j)
{
	unsigned most = (unsigned)(UDP_TRAIN_BYTES / (j->seg ? j->seg : 1)), left = j->n;

	if (j->st == ST_ESP_SEQ_END)
		lost(w, j->sa, j->st);
	if (j->st)
		stats_status(&w->stats, j->st);
	/* What was sealed before it leaves before it. */
	outbound_flush(w);
	if (most > UDP_TRAIN_MAX)
		most = UDP_TRAIN_MAX;
	for (size_t from = 0; left > 0; ) {
		unsigned n = left < most ? left : most;
		size_t len = left > n ? n * j->seg : j->len - from;

		send_some(w, j, from, n, len);
		from += len;
		left -= n;
	}
	if (j->n)
		esp_seal_count(&j->sa->esp, w->tables.now_ms, j->n, j->inner_len);
}
