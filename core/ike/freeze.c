#include "core/ike/freeze.h"

#include <stdio.h>

#include "core/base/freeze.h"
#include "core/base/keep.h"
#include "core/base/mem.h"
#include "core/ike/engine.h"
#include "core/ike/exchange.h"
#include "core/ike/record.h"
#include "core/ike/wish.h"

static void put_ts(struct wr *w, uint16_t tag, const struct ts *ts, uint8_t n)
{
	struct wr_mark m = fz_open(w, tag);

	ts_build(w, ts, n);
	fz_close(w, m);
}

static void put_esp(struct wr *w, const struct esp_suite *s)
{
	struct wr_mark m = fz_open(w, TAG_ESP);

	wr_u16(w, s->encr->id);
	wr_u16(w, s->encr->key_bits);
	wr_u16(w, s->integ != NULL ? s->integ->id : 0);
	wr_u16(w, s->esn);
	fz_close(w, m);
}

static void put_child(struct wr *w, const struct ike_child *c)
{
	struct wr_mark group = fz_open(w, TAG_CHILD);

	record_put(w, RECORD_CHILD, c);
	put_esp(w, &c->suite);
	put_ts(w, TAG_LOCAL_TS, child_local_ts(c), c->n_local_ts);
	put_ts(w, TAG_REMOTE_TS, child_remote_ts(c), c->n_remote_ts);
	fz_close(w, group);
}

static void put_wish(struct wr *w, const struct wish *wish)
{
	struct wr_mark group = fz_open(w, TAG_WISH);

	fz_u8(w, TAG_NUMBER, wish->number);
	fz_u8(w, TAG_RESTS, wish->rests);
	put_ts(w, TAG_LOCAL_TS, wish->local_ts, wish->n_local_ts);
	put_ts(w, TAG_REMOTE_TS, wish->remote_ts, wish->n_remote_ts);
	fz_close(w, group);
}

static void put_grant(struct wr *w, const struct kept_grant *g)
{
	struct ike_grant whole;
	struct wr_mark group = fz_open(w, TAG_GRANT);

	grant_read(g, &whole);
	record_put(w, RECORD_GRANT, &whole);
	for (size_t i = 0; i < g->n_dns; i++)
		fz_addr(w, TAG_DNS, &g->dns[i]);
	for (size_t i = 0; i < g->n_nbns; i++)
		fz_addr(w, TAG_NBNS, &g->nbns[i]);
	for (size_t i = 0; i < g->n_subnets; i++)
		fz_prefix(w, TAG_SUBNET, &g->subnets[i]);
	for (size_t i = 0; i < g->n_remote; i++)
		fz_prefix(w, TAG_REMOTE, &g->remote[i]);
	fz_close(w, group);
}

/* What the exchanges before the one that is open have come to. */
static void put_followups(struct wr *w, const struct exchange *x)
{
	fz_bytes(w, TAG_NR, x->nr, x->nr_len);
	fz_bytes(w, TAG_SECRET, x->secret, x->secret_len);
	fz_bytes(w, TAG_MORE, x->more.secrets, x->more.secrets_len);
	fz_bytes(w, TAG_LINK, x->more.link, x->more.link_len);
	if (x->kind == X_REKEY_IKE)
		record_put_suite(w, TAG_SUITE, &x->suite);
	else
		put_esp(w, &x->child.suite);
}

/* So that its answer, which may be on its way, can still be understood (the number of the message is
 * used up in any case). */
static void put_exchange(struct wr *w, const struct exchange *x)
{
	struct wr_mark group = fz_open(w, TAG_EXCHANGE);

	record_put(w, RECORD_EXCHANGE, x);
	fz_bytes(w, TAG_NI, x->ni, x->ni_len);
	fz_bytes(w, TAG_PRIVATE, x->private_key, x->private_len);
	fz_bytes(w, TAG_PUBLIC, x->public_key, x->public_len);
	if (x->child.n_ts_i != 0) {
		put_ts(w, TAG_LOCAL_TS, x->child.ts_i, x->child.n_ts_i);
		put_ts(w, TAG_REMOTE_TS, x->child.ts_r, x->child.n_ts_r);
	}
	if (x->more.step > 0)
		put_followups(w, x);
	fz_close(w, group);
}

/* The latest replies: how many of them fit depends on what they are, and those that do not are
 * missed only where the peer misses them, too, when this record is thawed. */
static void put_kept(struct wr *w, const struct window_in *in)
{
	size_t all = 0;

	for (uint32_t id = in->next; id > 0 && in->next - id < WINDOW_MAX; id--) {
		struct view reply = window_in_kept(in, id - 1);
		struct wr_mark m;

		all += reply.len;
		if (reply.len == 0 || all > KEPT_MAX)
			continue;
		m = fz_open(w, TAG_KEPT);
		wr_u32(w, id - 1);
		wr_bytes(w, reply.p, reply.len);
		fz_close(w, m);
	}
}

static void put_words(struct wr *w, const struct ike_sa *sa)
{
	struct sa_words words = {{0}};

	kept_id_read(sa->my_id, &words.my_id);
	kept_id_read(sa->peer_id, &words.peer_id);
	snprintf(words.user, sizeof(words.user), "%s", sa->user);
	snprintf(words.profile, sizeof(words.profile), "%s", sa->profile);
	snprintf(words.ipsec_profile, sizeof(words.ipsec_profile), "%s", sa->ipsec_profile);
	record_put(w, RECORD_WORDS, &words);
}

static void put_keys(struct wr *w, const struct ike_sa *sa)
{
	struct ike_keys keys;

	ike_keys_read(sa->keys, &keys);
	record_put(w, RECORD_KEYS, &keys);
	keys_wipe(&keys);
}

static void put_window(struct wr *w, struct ike_sa *sa)
{
	static const uint16_t tags[LANES] = {TAG_REQUEST, TAG_REQUEST_INFO};
	uint32_t missing = sa->in.missing;

	/* Requests that are being worked on are not answered yet: the peer will repeat them. */
	sa->in.missing |= sa->in.busy;
	record_put(w, RECORD_SA, sa);
	sa->in.missing = missing;
	fz_str(w, TAG_DETAIL, sa_detail(sa));
	put_kept(w, &sa->in);
	for (size_t i = 0; i < LANES; i++)
		if (sa->out.lane[i].kind != REQ_NONE)
			fz_bytes(w, tags[i], sa->out.lane[i].bytes, sa->out.lane[i].len);
}

void ike_forget(struct ike_sa *sa)
{
	struct ike *ike = sa->ike;

	/* Forgetting needs no room: it cannot fail. */
	if (sa->up_ms != 0 && ike->ports->keep(ike->ctx, sa->number, NULL, 0) != ST_OK)
		stats_status(ike->stats, ST_INTERNAL);
}

enum status ike_keep(struct ike_sa *sa)
{
	struct ike *ike = sa->ike;
	struct wr w = wr_init(ike->record, sizeof(ike->record));
	enum status st;

	if (sa->up_ms == 0)
		return ST_OK;
	fz_begin(&w, KEEP_IKE, RECORD_VERSION);
	put_window(&w, sa);
	put_words(&w, sa);
	put_keys(&w, sa);
	if (sa->mobike.peer != NULL)
		record_put(&w, RECORD_MOBIKE, sa->mobike.peer);
	record_put_suite(&w, TAG_SUITE, &sa->suite);
	if (sa->ticket.bytes != NULL) {
		struct wr_mark m = fz_open(&w, TAG_TICKET);

		wr_u64(&w, sa->ticket.end_ms);
		wr_bytes(&w, sa->ticket.bytes, sa->ticket.len);
		fz_close(&w, m);
	}
	if (sa->mine != NULL && exchange_is_open(sa))
		put_exchange(&w, sa->mine);
	/* One that has just given all it had to its successor is as good as replaced: should the next record not
	 * be kept, this one stays. */
	if (sa->state == SA_DELETING || sa->state == SA_REPLACED || sa->grant == NULL)
		fz_str(&w, TAG_WHY, status_token(sa->why != ST_OK ? sa->why : ST_END_REKEYED));
	if (sa->close_why != ST_OK)
		fz_str(&w, TAG_CLOSE_WHY, status_token(sa->close_why));
	if (sa->grant != NULL)
		put_grant(&w, sa->grant);
	LIST_EACH(at, &sa->children) {
		const struct ike_child *c = CONTAINER_OF(at, struct ike_child, node);

		if (c->suite.encr != NULL) /* not one that is only owed a DELETE */
			put_child(&w, c);
	}
	LIST_EACH(at, &sa->wishes)
		put_wish(&w, CONTAINER_OF(at, struct wish, node));
	fz_end(&w);
	st = wr_ok(&w) ? ike->ports->keep(ike->ctx, sa->number, ike->record, w.len) : ST_LIMIT;
	mem_zero(ike->record, w.len);
	/* The older record stays, and with it an older window. But an SA that is on its way out must
	 * not come back to life: its children and its address are gone. */
	if (st != ST_OK && sa->state == SA_DELETING)
		ike_forget(sa);
	return st;
}

void ike_keep_counted(struct ike_sa *sa)
{
	enum status st = ike_keep(sa);

	if (st != ST_OK)
		stats_status(sa->ike->stats, st);
}
