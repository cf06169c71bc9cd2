#include "core/esp/cut.h"
#include "core/esp/pieces.h"
#include "core/esp/seal.h"
#include "core/esp/tos.h"
#include "modules/data/expand.h"
#include "modules/data/fan.h"
#include "modules/data/judge.h"
#include "modules/data/long.h"
#include "modules/data/path.h"
#include "modules/data/raw.h"

/* Packets are sealed into the train of their SA, and a train leaves by one call: when it is full, when
 * a packet does not fit behind the others, when another SA wants its place, and when the batch is over. */

_Static_assert(CUT_SPARE >= ESP_SEAL_TAIL, "the trailer is written behind a cut packet");
_Static_assert(PKT_TAILROOM >= CUT_SPARE, "the last one has that room, too");
_Static_assert(RAW_TRAIN_MAX >= UDP_TRAIN_MAX, "a train is a train");

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
		enum status st = udp_send_esp(sa->out->fd, &sa->esp.local, &sa->esp.remote,
					      (struct view){t->room + at, len}, t->marks.tos);

		if (st == ST_ESP_TOO_BIG)
			long_refused(t->sa);
		if (st)
			stats_status(&w->stats, st);
		else
			sent++;
	}
	return sent;
}

/* There is nothing to be cut for packets without UDP. */
static unsigned send_raw(struct worker *w, const struct train *t)
{
	const struct esp_sa *sa = &t->sa->esp;
	enum status st = ST_OK;
	unsigned sent = raw_send(t->sa->out->fd, &sa->local, &sa->remote, (struct view){t->room, t->len},
				 t->seg, t->marks.tos, &st);

	if (st == ST_ESP_TOO_BIG)
		long_refused(t->sa);
	if (sent < t->n)
		stats_status_add(&w->stats, st, t->n - sent);
	return sent;
}

static unsigned send_train(struct worker *w, const struct train *t)
{
	const struct worker_sa *sa = t->sa;
	enum status st = ST_OUT_SEND;

	if (sa->out)
		long_set_df(sa->out, t->marks.df);
	if (sa->out && sa->out->kind == PORT_RAW)
		return send_raw(w, t);
	if (sa->out && (t->n == 1 || sa->out->cuts_not))
		return send_singly(w, t);
	if (sa->out)
		st = udp_send_train(sa->out->fd, &sa->esp.local, &sa->esp.remote,
				    (struct view){t->room, t->len}, (uint16_t)t->seg, t->marks.tos);
	if (st == ST_BAD_LENGTH) {
		stats_inc(&w->stats, CT_TRAIN_REFUSED);
		return send_singly(w, t);
	}
	if (st)
		stats_status_add(&w->stats, st, t->n);
	return st ? 0 : t->n;
}

/* Before it leaves; false: it cannot. */
static bool seal_train(struct worker *w, struct train *t)
{
	if (!t->is_laid || esp_seal_laid(&t->sa->esp, w->jobs[t - w->trains], t->n))
		return true;
	stats_status_add(&w->stats, ST_INTERNAL, t->n);
	return false;
}

/* Of a train that did not leave whole the bytes are counted by their share. */
static void empty_train(struct worker *w, struct train *t)
{
	unsigned sent = seal_train(w, t) ? send_train(w, t) : 0;

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

static bool has_room(const struct train *t, size_t len, struct marks m)
{
	return t->marks.tos == m.tos && t->marks.df == m.df && !t->is_full && len <= t->seg &&
	       t->n < UDP_TRAIN_MAX && t->len + len <= UDP_TRAIN_BYTES;
}

/* Is one perhaps the successor of the other? A rekeyed SA has the bucket of its predecessor. */
static bool may_succeed(const struct worker_sa *a, const struct worker_sa *b)
{
	return a != b && (a->esp.spi_in ^ b->esp.spi_in) % BUCKETS == 0;
}

/* A train with room for a packet of that length and those marks. One SA has one train at most, and while its
 * train waits there is none of its predecessor or successor: workers learn of a rekey at different times, and a
 * batch may have packets of one flow for both. */
static struct train *train_for(struct worker *w, struct worker_sa *sa, size_t len, struct marks m)
{
	struct train *t = NULL, *unused = NULL;

	for (size_t i = 0; i < TRAINS && !t; i++) {
		if (w->trains[i].sa == sa)
			t = &w->trains[i];
		else if (w->trains[i].sa && may_succeed(w->trains[i].sa, sa))
			empty_train(w, &w->trains[i]);
		if (!w->trains[i].sa)
			unused = &w->trains[i];
	}
	if (t && has_room(t, len, m))
		return t;
	if (!t)
		t = unused ? unused : &w->trains[w->next_train++ % TRAINS];
	if (t->sa)
		empty_train(w, t);
	*t = (struct train){.sa = sa, .room = t->room, .seg = len, .marks = m};
	return t;
}

static enum status seal_into(struct worker *w, struct worker_sa *sa, struct span inner, struct train *t)
{
	struct esp_job *job = &w->jobs[t - w->trains][t->n];

	t->is_laid = esp_cipher_wants_many(sa->esp.out);
	if (!t->is_laid)
		return esp_seal_to(&sa->esp, w->tables.now_ms, inner, t->room + t->len);
	job->pkt = t->room + t->len;
	return esp_seal_lay(&sa->esp, w->tables.now_ms, inner, job);
}

static enum status send_out(struct worker *w, struct worker_sa *sa, struct span inner, struct marks m)
{
	size_t len = esp_sealed_len(&sa->esp, inner.len);
	struct train *t = train_for(w, sa, len, m);
	enum status st = seal_into(w, sa, inner, t);

	if (st == ST_ESP_SEQ_END)
		lost(w, sa, st);
	if (st) {
		if (t->n == 0)
			t->sa = NULL;
		return st;
	}
	/* What the kernel sends in fragments is no part of a train. */
	t->is_full = len < t->seg || m.is_long;
	t->len += len;
	t->inner_len += inner.len;
	t->n++;
	return ST_OK;
}

static enum status send_pieces(struct worker *w, struct worker_sa *sa, struct span inner,
			       const struct fit_verdict *v, struct marks m)
{
	struct pkt *k = pool_get(&w->pool);
	struct pieces all;
	struct ip_info ip;
	size_t len;
	enum status st = ip_parse(inner.p, inner.len, &ip);

	if (!k)
		return ST_RING_FULL;
	if (!st)
		st = pieces_init(&all, inner.p, &ip, v->len, w->cut_id++);
	if (!st)
		stats_inc(&w->stats, CT_ESP_CUT);
	while (!st && (len = pieces_next(&all, k->p, PKT_MAX)) > 0)
		st = send_out(w, sa, (struct span){k->p, len}, m);
	pool_put(&w->pool, k);
	return st;
}

/* ---- one packet of the wire, and large ones that are cut into many ---------------------------- */

/* As it was judged: whole, in pieces, or in an outer packet that is sent in fragments. */
static enum status send_judged(struct worker *w, struct worker_sa *sa, struct span inner,
			       const struct fit_verdict *v, struct marks m)
{
	if (inner.len <= v->len)
		return send_out(w, sa, inner, m);
	if (v->act == FIT_BEFORE)
		return send_pieces(w, sa, inner, v, m);
	m.is_long = true;
	stats_inc(&w->stats, CT_ESP_OUT_FRAGMENTS);
	return send_out(w, sa, inner, m);
}

/* The first stands for all. */
static enum status refuse(struct worker *w, const struct worker_sa *sa, struct cut *cut, uint32_t len)
{
	struct span one;

	if (cut_next(cut, &one))
		long_answer(w, sa->tun, one.p, one.len, len);
	return ST_ESP_TOO_BIG;
}

static enum status begin_cut(struct cut *cut, const struct pkt *k)
{
	struct span packet = {k->p, k->len};
	struct ip_info ip;
	enum status st;

	if (!k->gso.flags && !k->gso.type) {
		cut_whole(cut, packet);
		return ST_OK;
	}
	st = ip_parse(k->p, k->len, &ip);
	return st ? st : cut_begin(cut, &k->gso, packet, &ip);
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
	struct ip_marks ip = ip_marks(k->p);
	struct fit_verdict v;
	struct marks m;
	struct span one;
	struct cut cut;
	enum status st = begin_cut(&cut, k);

	if (!st) {
		bool is_fanned;

		v = long_judge(w, sa, &ip, (uint32_t)cut_longest(&cut));
		m = (struct marks){.tos = tos_outer(ip.tos), .df = v.df};
		is_fanned = v.act == FIT_SEND && !stays_here(w, sa);
		st = v.act == FIT_TOO_BIG ? refuse(w, sa, &cut, v.len) : expand_out(w, sa);
		if (!st && is_fanned && fan_seal(w, sa, k, &cut, m))
			return;
		/* What is no packet for others waits until theirs have left. */
		if (!st && !is_fanned)
			fan_settle(w);
	}
	while (!st && cut_next(&cut, &one)) {
		enum status rate = judge_rate(w, sa, k, one.len);

		if (rate)
			stats_status(&w->stats, rate);
		else
			st = send_judged(w, sa, one, &v, m);
	}
	if (st)
		stats_status(&w->stats, st);
	worker_release(w, k);
}

/* ---- sealed by others --------------------------------------------------------------------- */

/* As many of them as one call takes, as a train of their own. */
static void send_some(struct worker *w, const struct job *j, size_t from, unsigned n, size_t len)
{
	struct train t = {.sa = j->sa, .room = j->room + from, .len = len, .seg = j->seg, .n = n,
			  .inner_len = j->inner_len * n / j->n, .marks = j->marks};

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
	if (most == 0)
		most = 1;
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
