#include "core/ike/reassemble.h"

#include "core/ike/engine.h"
#include "core/ike/intermediate.h"
#include "core/ike/frag_pile.h"

/* RFC 7383 2.6 recommends the time an initiator tries for, and allows less. The peer repeats within
 * it several times; whatever holds memory for somebody not yet authenticated holds it for no longer. */
#define SET_MS 30000
#define PILE_MS 10000

/* ---- time ---------------------------------------------------------------------------------------- */

static void arm(struct ike_sa *sa)
{
	const uint64_t times[] = {frag_due_ms(sa->frag.request), frag_due_ms(sa->frag.reply),
		pile_due_ms(sa->frag.pile)};
	uint64_t due = TIMER_NEVER;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		due = times[i] < due ? times[i] : due;
	if (due == TIMER_NEVER)
		timer_stop(&sa->ike->timers, &sa->frag.timer);
	else
		sa_arm(sa, &sa->frag.timer, due);
}

void reassemble_on_timer(struct timer *t, void *ctx)
{
	struct ike_sa *sa = CONTAINER_OF(t, struct ike_sa, frag.timer);
	struct ike *ike = ctx;
	uint64_t now = ike_now(ike);
	struct frag_set **const sets[] = {&sa->frag.request, &sa->frag.reply};

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		if (frag_due_ms(*sets[i]) <= now) {
			stats_status(ike->stats, ST_FRAGMENT_TIMEOUT);
			frag_free(sets[i]);
		}
	if (pile_due_ms(sa->frag.pile) <= now) {
		stats_status(ike->stats, ST_FRAGMENT_TIMEOUT);
		pile_free(&sa->frag.pile);
	}
	arm(sa);
}

void reassemble_forget(struct ike_sa *sa)
{
	timer_stop(&sa->ike->timers, &sa->frag.timer);
	frag_free(&sa->frag.request);
	frag_free(&sa->frag.reply);
	pile_free(&sa->frag.pile);
}

/* ---- RFC 7383 -------------------------------------------------------------------------------------- */

/* Only of the next request and of the reply that is waited for is anything kept. */
static bool is_wanted(struct ike_sa *sa, const struct ike_hdr *h)
{
	if (ike_hdr_is_response(h))
		return window_out_find(&sa->out, h->msgid) != NULL;
	return window_in_judge(&sa->in, h->msgid) == WIN_NEW;
}

static enum status passed_over(struct ike_sa *sa)
{
	stats_inc(sa->ike->stats, CT_FRAGMENTS_IGNORED);
	return ST_PENDING;
}

static enum status read_head(const struct ike_message *parsed, struct frag_head *h, struct view *body)
{
	struct skf skf;

	/* RFC 7383 2.5.3: no exchange of ours has payloads before the encrypted one. */
	if (skf_parse(parsed->p.sk, &skf) != ST_OK || parsed->p.n > 0)
		return ST_BAD_FRAGMENT;
	*h = (struct frag_head){
		.msgid = parsed->hdr.msgid,
		.exchange = parsed->hdr.exchange,
		.first = parsed->p.sk_first,
		.number = skf.number,
		.total = skf.total,
	};
	*body = skf.body;
	return ST_OK;
}

static enum status decrypt(struct ike_sa *sa, uint32_t msgid, struct view raw, struct view body,
	struct view *plain)
{
	struct sk_key key = keys_sk(&sa->suite, intermediate_keys(sa, msgid), !sa->is_initiator);
	enum status st = sk_open(&key, raw, (size_t)(body.p - raw.p), sa->ike->plain,
		sizeof(sa->ike->plain), plain);

	/* Authentic, but no padding could have been like this: not a fragment of any message. */
	return st == ST_BAD_LENGTH ? ST_BAD_FRAGMENT : st;
}

/* The last one came. */
static enum status whole(struct ike_sa *sa, struct frag_set **set, struct msg_in *m)
{
	struct ike *ike = sa->ike;
	struct view plain;
	uint8_t first;
	enum status st = frag_merge(*set, ike->plain, sizeof(ike->plain), &first, &plain);

	frag_free(set);
	arm(sa);
	stats_inc(ike->stats, CT_FRAGMENTS_WHOLE);
	if (st != ST_OK)
		return st;
	m->plain = plain;
	m->first = first;
	return payloads_parse(first, plain, PAYLOADS_INNER, &m->p);
}

static enum status open_fragment(struct ike_sa *sa, const struct ike_message *parsed,
	struct msg_in *m, bool *is_authentic)
{
	struct frag_set **set = ike_hdr_is_response(&m->hdr) ? &sa->frag.reply : &sa->frag.request;
	bool wanted = is_wanted(sa, &m->hdr);
	struct view body, plain;
	struct frag_head h;
	enum status st = read_head(parsed, &h, &body);

	if (st == ST_OK && wanted)
		st = frag_judge(*set, &h);
	/* RFC 7383 2.6.1: of a request that was answered only the first fragment counts. */
	if (st == ST_EXISTS || (st == ST_OK && !wanted && h.number != 1))
		return passed_over(sa);
	if (st == ST_OK)
		st = decrypt(sa, h.msgid, m->raw, body, &plain);
	if (st != ST_OK)
		return st;
	stats_inc(sa->ike->stats, CT_FRAGMENTS_IN);
	m->p = (struct ike_payloads){0};
	if (!wanted) {
		*is_authentic = true;
		return ST_OK;
	}
	st = frag_add(set, &h, plain, ike_now(sa->ike) + SET_MS);
	if (st != ST_OK) {
		arm(sa);
		return st;
	}
	*is_authentic = true;
	return whole(sa, set, m);
}

/* ---- Cisco's ---------------------------------------------------------------------------------------- */

static bool is_same_sa(const struct ike_hdr *a, const struct ike_hdr *b)
{
	return a->spi_i == b->spi_i && a->spi_r == b->spi_r && a->exchange != EX_IKE_SA_INIT &&
	       ike_hdr_is_from_initiator(a) == ike_hdr_is_from_initiator(b);
}

/* What the pieces make must be one encrypted message of this SA (msg_open() takes no other); its own
 * header counts. */
static enum status open_pile(struct ike_sa *sa, struct msg_in *m, bool *is_authentic)
{
	uint8_t buf[PILE_BYTES];
	struct ike_message inner;
	struct view msg;
	enum status st = pile_merge(sa->frag.pile, buf, sizeof(buf), &msg);

	pile_free(&sa->frag.pile);
	arm(sa);
	if (st == ST_OK)
		st = ike_message_parse(msg, &inner);
	if (st == ST_OK && !is_same_sa(&inner.hdr, &m->hdr))
		st = ST_BAD_FRAGMENT;
	if (st != ST_OK)
		return st;
	m->hdr = inner.hdr;
	st = msg_open(sa, &inner, msg, m, is_authentic);
	if (*is_authentic)
		stats_inc(sa->ike->stats, CT_FRAGMENTS_WHOLE);
	return st;
}

static enum status open_piece(struct ike_sa *sa, struct msg_in *m, bool *is_authentic)
{
	struct cisco_frag f;
	enum status st = cisco_frag_parse(m->raw, &f);

	if (st == ST_OK)
		st = pile_add(&sa->frag.pile, &f, ike_now(sa->ike) + PILE_MS);
	if (st == ST_EXISTS)
		return passed_over(sa);
	if (st == ST_OK || st == ST_PENDING)
		stats_inc(sa->ike->stats, CT_FRAGMENTS_IN);
	arm(sa);
	return st == ST_OK ? open_pile(sa, m, is_authentic) : st;
}

enum status reassemble_open(struct ike_sa *sa, const struct ike_message *parsed, struct msg_in *m,
	bool *is_authentic)
{
	*is_authentic = false;
	if (parsed->p.sk_type == PT_SKF && sa->frag.form == FRAG_STD)
		return open_fragment(sa, parsed, m, is_authentic);
	if (parsed->hdr.next == PT_CISCO_FRAGMENT && sa->frag.form == FRAG_CISCO)
		return open_piece(sa, m, is_authentic);
	return msg_open(sa, parsed, m->raw, m, is_authentic);
}
