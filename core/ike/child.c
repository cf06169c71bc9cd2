#include "core/ike/child.h"

#include <stdio.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/ike/encap.h"
#include "core/ike/engine.h"
#include "core/ike/explain.h"
#include "core/ike/idle.h"
#include "core/ike/mode.h"
#include "core/ike/peer_class.h"
#include "core/ike/narrow.h"
#include "core/ike/reauth.h"
#include "core/wire/notify.h"

#define WINDOWS_LIFETIME_MS 36000000u /* ten hours */
#define SPI_TRIES 16
#define RETIRED_MS 5000 /* longer than packets stay on their way */

/* ---- what was asked for ---------------------------------------------------------------------- */

static enum status read_ts(const struct ike_payloads *p, uint8_t type, struct ts *out, uint8_t *n)
{
	size_t count = 0;
	enum status st = ts_parse(payload_find(p, type)->body, out, IKE_TS_MAX, &count);

	*n = (uint8_t)count;
	return st;
}

static enum status choose(const struct handshake *hs, const struct ipsec_profile *profile,
	const struct sa *sa, struct child_offer *c, char words[IKE_DETAIL_LEN])
{
	struct allowed_set ours;
	struct offer_set theirs;
	struct view spi;
	enum status st = offer_allowed_esp(hs->conf, profile, &ours);

	offer_from_sa(sa, &theirs);
	if (st == ST_OK)
		st = proposal_choose(CHOOSE_ESP, true, ours.v, ours.n, theirs.v, theirs.n,
			&c->chosen);
	if (st == ST_OK)
		st = suite_esp(c->chosen.encr.id, c->chosen.encr.key_bits, c->chosen.integ,
			c->chosen.esn, &c->suite);
	if (st != ST_OK) {
		explain_proposal(words, IKE_DETAIL_LEN, PROTO_ESP, &ours, &theirs);
		return ST_NO_CHILD_PROPOSAL;
	}
	for (size_t i = 0; i < sa->n; i++)
		if (sa->v[i].num == c->chosen.number) {
			struct rd r;

			spi = sa->v[i].spi;
			r = rd_init(spi.p, spi.len);
			c->spi_peer = rd_u32(&r);
		}
	return ST_OK;
}

enum status child_read_selectors(const struct ike_payloads *p, struct child_offer *c)
{
	enum status st;

	if (payload_find(p, PT_TSI) == NULL || payload_find(p, PT_TSR) == NULL)
		return ST_BAD_EXCHANGE;
	st = read_ts(p, PT_TSI, c->ts_i, &c->n_ts_i);
	return st == ST_OK ? read_ts(p, PT_TSR, c->ts_r, &c->n_ts_r) : st;
}

enum status child_read_request(struct ike_sa *sa, const struct ike_payloads *p)
{
	struct view body;
	struct sa offer;
	enum status st;

	sa->hs->is_childless = payload_find(p, PT_SA) == NULL;
	if (sa->hs->is_childless)
		return ST_OK;
	body = payload_find(p, PT_SA)->body;
	st = sa_parse(body, SA_NUMBERS_STRICT, &offer);
	sa->hs->child.transport = mode_is_named(p);
	if (st == ST_OK)
		st = child_read_selectors(p, &sa->hs->child);
	if (st == ST_OK && !sa_spis_are(&offer, PROTO_ESP, 4))
		st = ST_BAD_PAYLOAD;
	return st == ST_OK ? handshake_keep_child_sa(sa->hs, body) : st;
}

/* How it travels, and in which mode. */
static enum status choose_form(const struct ike_sa *sa, const struct ipsec_profile *profile,
	struct child_offer *c, char words[IKE_DETAIL_LEN])
{
	bool in_udp = encap_is_due(sa);
	enum status st;

	if (!encap_can_carry(sa, in_udp)) {
		snprintf(words, IKE_DETAIL_LEN, "the client would send ESP without UDP, and this host "
			"cannot receive that; `encap = yes` at the client makes it encapsulate");
		return ST_NO_CHILD_PROPOSAL;
	}
	st = mode_decide(sa, in_udp, mode_wish(sa->hs->conf, profile), c);
	if (st != ST_OK)
		snprintf(words, IKE_DETAIL_LEN, "transport mode is required, and the client asks for "
			"tunnel mode, for more than the two hosts, or through a NAT");
	return st;
}

enum status child_choose(struct ike_sa *sa, const struct ike_profile *profile,
	char words[IKE_DETAIL_LEN])
{
	const struct ipsec_profile *ipsec;
	struct handshake *hs = sa->hs;
	struct child_offer *c = &hs->child;
	struct sa offer;
	enum status st;

	words[0] = '\0';
	if (hs->is_childless)
		return ST_OK;
	st = sa_parse((struct view){hs->child_sa, hs->child_sa_len}, SA_NUMBERS_STRICT, &offer);
	if (st != ST_OK)
		return st;
	ipsec = profile_ipsec(hs->conf, profile);
	c->status = choose(hs, ipsec, &offer, c, words);
	if (c->status == ST_OK)
		c->status = choose_form(sa, ipsec, c, words);
	return ST_OK;
}

enum status child_read_answer(const struct ike_payloads *p, const struct allowed_set *ours,
	bool is_first, struct child_offer *c)
{
	struct ts_set asked_i = {.n = c->n_ts_i}, asked_r = {.n = c->n_ts_r}, got_i, got_r;
	struct child_offer got = {0};
	struct offer_set answer;
	struct sa offer;
	struct rd r;
	enum status st = sa_parse(payload_find(p, PT_SA)->body, SA_NUMBERS_INCREASING, &offer);

	memcpy(asked_i.v, c->ts_i, sizeof(asked_i.v));
	memcpy(asked_r.v, c->ts_r, sizeof(asked_r.v));
	if (st == ST_OK)
		st = child_read_selectors(p, &got);
	if (st == ST_OK && (offer.n != 1 || offer.n_skipped != 0 || !sa_spis_are(&offer, PROTO_ESP, 4)))
		st = ST_BAD_PAYLOAD;
	if (st != ST_OK)
		return st;
	offer_from_sa(&offer, &answer);
	st = answer.n == 1 ? proposal_accept(CHOOSE_ESP, is_first, ours->v, ours->n, &answer.v[0],
				     &c->chosen)
			   : ST_NO_CHILD_PROPOSAL;
	if (st == ST_OK)
		st = suite_esp(c->chosen.encr.id, c->chosen.encr.key_bits, c->chosen.integ,
			c->chosen.esn, &c->suite);
	if (st != ST_OK)
		return ST_NO_CHILD_PROPOSAL;
	got_i.n = got.n_ts_i;
	got_r.n = got.n_ts_r;
	memcpy(got_i.v, got.ts_i, sizeof(got_i.v));
	memcpy(got_r.v, got.ts_r, sizeof(got_r.v));
	if (!narrow_is_subset(&got_i, &asked_i) || !narrow_is_subset(&got_r, &asked_r))
		return ST_TS_UNACCEPTABLE;
	r = rd_init(offer.v[0].spi.p, offer.v[0].spi.len);
	c->spi_peer = rd_u32(&r);
	c->n_ts_i = got.n_ts_i;
	c->n_ts_r = got.n_ts_r;
	memcpy(c->ts_i, got.ts_i, sizeof(c->ts_i));
	memcpy(c->ts_r, got.ts_r, sizeof(c->ts_r));
	return ST_OK;
}

enum status child_read_reply(struct ike_sa *sa, const struct ike_payloads *p)
{
	struct handshake *hs = sa->hs;
	const struct ipsec_profile *profile =
		snapshot_ipsec_profile(hs->conf, hs->connect->ipsec_profile);
	struct allowed_set ours;
	enum status st = offer_allowed_esp(hs->conf, profile, &ours);

	if (st == ST_OK)
		st = child_read_answer(p, &ours, true, &hs->child);
	if (st == ST_OK && !encap_can_carry(sa, encap_is_due(sa)))
		return sa_fail(sa, ST_NO_CHILD_PROPOSAL, "%s", "the peer does not do NAT traversal, and "
			"this host cannot carry ESP without UDP");
	if (st != ST_OK)
		return st;
	st = mode_accept(p, mode_wish(hs->conf, profile), &hs->child);
	return st == ST_OK ? ST_OK : sa_fail(sa, st, "%s", "the peer's mode is not the one that is wanted");
}

/* ---- life ------------------------------------------------------------------------------------ */

/* The low 8 bits are the bucket, which leads to a worker. */
static uint32_t new_spi(struct ike *ike, uint32_t keep_mask, uint32_t like)
{
	for (int i = 0; i < SPI_TRIES; i++) {
		uint32_t spi = 0;

		ike->ports->random(ike->ctx, &spi, sizeof(spi));
		spi = (spi & ~keep_mask) | (like & keep_mask);
		/* 1 to 255 are reserved (RFC 4303 2.1). */
		if (spi > 255 && ike_find_child(ike, spi) == NULL)
			return spi;
	}
	return 0;
}

uint32_t child_new_spi(struct ike *ike)
{
	return new_spi(ike, 0, 0);
}

uint32_t child_new_spi_like(struct ike *ike, uint32_t like)
{
	return new_spi(ike, 0xff, like);
}

struct ike_child *child_new(struct ike_sa *sa, uint32_t spi_in)
{
	struct ike_child *c = mem_new(sizeof(*c));

	if (c == NULL)
		return NULL;
	c->sa = sa;
	c->spi_in = spi_in;
	list_init(&c->node);
	list_push_back(&sa->children, &c->node);
	map_add(&sa->ike->children, &c->by_spi, hash_u64(spi_in));
	sa->n_children++;
	return c;
}

void child_free(struct ike_child *c)
{
	if (c->state != CHILD_RETIRED)
		c->sa->n_children--;
	list_del(&c->node);
	map_del(&c->sa->ike->children, &c->by_spi);
	mem_free(c->ts);
	mem_free(c);
}

struct ike_child *child_find_out(const struct ike_sa *sa, uint32_t spi_out)
{
	LIST_EACH(at, &sa->children) {
		struct ike_child *c = CONTAINER_OF(at, struct ike_child, node);

		if (c->spi_out == spi_out && c->state != CHILD_RETIRED)
			return c;
	}
	return NULL;
}

void child_activate(struct ike_child *c)
{
	if (c->receive_only)
		c->sa->ike->ports->use(c->sa->ike->ctx, c->spi_in);
	c->receive_only = false;
}

void child_owe_delete(struct ike_sa *sa, uint32_t spi_in, enum status why)
{
	struct ike_child *c = child_new(sa, spi_in);

	if (c == NULL) { /* the peer's lifetime ends it */
		stats_status(sa->ike->stats, ST_NOMEM);
		return;
	}
	c->state = CHILD_DELETING;
	c->why = why;
}

static void tell_down(struct ike_child *c, enum status why)
{
	struct ike_sa *sa = c->sa;

	if (!c->was_told)
		return;
	c->was_told = false;
	c->why = why;
	stats_inc(sa->ike->stats, CT_CHILD_DOWN);
	sa_tell(sa, IKE_EV_CHILD_DOWN, c);
}

void child_end(struct ike_child *c, enum status why)
{
	tell_down(c, why);
	if (c->is_installed)
		c->sa->ike->ports->remove(c->sa->ike->ctx, c->spi_in);
	child_free(c);
}

/* Nothing holds packets back any more from what replaced it. */
static void activate_heirs(const struct ike_child *old)
{
	LIST_EACH(at, &old->sa->children) {
		struct ike_child *c = CONTAINER_OF(at, struct ike_child, node);

		if (c->state != CHILD_UP || c->replaces != old->spi_in)
			continue;
		idle_inherit(c, old);
		child_activate(c);
	}
}

void child_retire(struct ike_child *c, enum status why)
{
	activate_heirs(c);
	if (c->is_installed)
		c->sa->ike->ports->unuse(c->sa->ike->ctx, c->spi_in);
	tell_down(c, why);
	c->sa->n_children--;
	c->state = CHILD_RETIRED;
	c->wants_rekey = false;
	c->rekey_ms = 0;
	c->end_ms = ike_now(c->sa->ike) + RETIRED_MS;
}

void child_tell_up(struct ike_child *c)
{
	stats_inc(c->sa->ike->stats, CT_CHILD_UP);
	c->was_told = true;
	sa_tell(c->sa, IKE_EV_CHILD_UP, c);
}

/* ---- making one -------------------------------------------------------------------------------- */

const struct ipsec_profile *child_profile(const struct ike_sa *sa, const struct snapshot *conf)
{
	const struct ipsec_profile *p = sa->ipsec_profile[0] != '\0'
		? snapshot_ipsec_profile(conf, sa->ipsec_profile)
		: profile_ipsec(conf, snapshot_profile(conf, sa->profile));

	return p != NULL ? p : snapshot_ipsec_profile(conf, "default");
}

struct child_terms child_terms_of(const struct ike_sa *sa, const struct snapshot *conf)
{
	const struct ipsec_profile *profile = child_profile(sa, conf);
	struct ipsec_params p = profile != NULL ? ipsec_params(conf, profile)
						: (struct ipsec_params){0};

	return (struct child_terms){
		.replay_window = (uint16_t)p.replay_window,
		.idle_s = p.idle_s,
		.lifetime_s = p.lifetime_s,
		.lifetime_kb = p.lifetime_kb,
		.may_rekey = profile == NULL || !profile->responder_only,
	};
}

/* At 80 to 90 of 100 parts, so that not everything that began together is rekeyed together. */
uint64_t child_soft_ms(struct ike *ike, uint64_t whole_ms)
{
	uint16_t r = 0;

	ike->ports->random(ike->ctx, &r, sizeof(r));
	return whole_ms / 10 * 8 + whole_ms / 10 * r / UINT16_MAX;
}

enum status child_set_ts(struct ike_child *c, const struct ts *local, uint8_t n_local,
	const struct ts *remote, uint8_t n_remote)
{
	struct ts *ts = mem_array((size_t)n_local + n_remote, sizeof(*ts));

	if (ts == NULL)
		return ST_NOMEM;
	memcpy(ts, local, n_local * sizeof(*ts));
	memcpy(ts + n_local, remote, n_remote * sizeof(*ts));
	mem_free(c->ts);
	c->ts = ts;
	c->n_local_ts = n_local;
	c->n_remote_ts = n_remote;
	return ST_OK;
}

/* Windows behind a NAT refuses to have its child rekeyed by its gateway (MS_STATUS), and does it itself
 * by time or after some 200 MB. Its own lifetime may be eight hours: ours is not to cut it short. */
static bool is_left_to_windows(const struct ike_sa *sa)
{
	return sa->peer_class == PEER_WINDOWS && sa->nat_remote && !sa->is_client;
}

bool child_may_be_rekeyed(const struct ike_child *c)
{
	return !is_left_to_windows(c->sa);
}

static uint64_t lifetime_ms(const struct ike_sa *sa, const struct child_terms *terms)
{
	uint64_t whole_ms = (uint64_t)terms->lifetime_s * 1000;

	return is_left_to_windows(sa) && whole_ms != 0 && whole_ms < WINDOWS_LIFETIME_MS
		? WINDOWS_LIFETIME_MS : whole_ms;
}

static enum status fill(struct ike_child *c, const struct child_birth *b)
{
	const struct ike_sa *sa = c->sa;
	const struct child_offer *o = b->offer;
	const struct ike_child *old = b->replaces != 0 ? ike_find_child(sa->ike, b->replaces) : NULL;
	uint64_t whole_ms = lifetime_ms(sa, &b->terms);

	c->spi_out = o->spi_peer;
	c->suite = o->suite;
	c->udp_encap = sa->in_udp;
	c->transport = o->transport;
	c->receive_only = b->receive_only;
	c->replaces = b->replaces;
	c->wish = old != NULL ? old->wish : b->wish;
	c->replay_window = b->terms.replay_window;
	c->lifetime_s = (uint32_t)(whole_ms / 1000);
	c->lifetime_kb = b->terms.lifetime_kb;
	c->may_rekey = b->terms.may_rekey && !is_left_to_windows(sa);
	c->has_ke = o->chosen.dh != 0;
	c->tun = sa->grant->tun;
	c->up_ms = ike_now(sa->ike);
	c->idle_s = b->terms.idle_s;
	c->used_ms = old != NULL ? idle_used_ms(old) : c->up_ms;
	c->end_ms = whole_ms != 0 ? c->up_ms + whole_ms : 0;
	c->rekey_ms = whole_ms != 0 && c->may_rekey
		? c->up_ms + child_soft_ms(sa->ike, whole_ms) : 0;
	return b->is_initiator ? child_set_ts(c, o->ts_i, o->n_ts_i, o->ts_r, o->n_ts_r)
			       : child_set_ts(c, o->ts_r, o->n_ts_r, o->ts_i, o->n_ts_i);
}

static enum status fill_keys(const struct ike_sa *sa, const struct child_birth *b,
	struct ike_child_spec *s)
{
	struct key_input in = {.ni = b->ni, .nr = b->nr, .secret = b->secret, .more = b->more};
	size_t len = suite_esp_key_len(&b->offer->suite);

	if (len > IKE_KEYMAT_MAX)
		return ST_INTERNAL;
	s->key_in_len = (uint16_t)len;
	s->key_out_len = (uint16_t)len;
	return keys_child(sa->suite.prf, sa->keys, &in, &b->offer->suite,
		b->is_initiator ? s->key_out : s->key_in,
		b->is_initiator ? s->key_in : s->key_out);
}

static void spec_of(const struct ike_child *c, const struct child_birth *b,
	struct ike_child_spec *s)
{
	const struct ike_sa *sa = c->sa;

	*s = (struct ike_child_spec){
		.sa = sa->number,
		.session = sa->session,
		.tun = c->tun,
		.spi_in = c->spi_in,
		.spi_out = c->spi_out,
		.encr_id = c->suite.encr->id,
		.encr_key_bits = c->suite.encr->key_bits,
		.integ_id = c->suite.integ != NULL ? c->suite.integ->id : 0,
		.esn = c->suite.esn,
		.transport_mode = c->transport,
		.udp_encap = c->udp_encap,
		.we_are_initiator = sa->is_initiator,
		.receive_only = b->receive_only,
		.replay_window = c->replay_window,
		.local = sa->local,
		.remote = sa->remote,
		.n_local_ts = c->n_local_ts,
		.n_remote_ts = c->n_remote_ts,
	};
	memcpy(s->local_ts, child_local_ts(c), c->n_local_ts * sizeof(*c->ts));
	memcpy(s->remote_ts, child_remote_ts(c), c->n_remote_ts * sizeof(*c->ts));
}

enum status child_install(struct ike_sa *sa, const struct child_birth *b, struct ike_child **out)
{
	struct ike_child_spec spec;
	struct ike_child *c = child_new(sa, b->offer->spi_ours);
	enum status st;

	if (c == NULL)
		return ST_NOMEM;
	st = fill(c, b);
	if (st == ST_OK) {
		spec_of(c, b, &spec);
		st = fill_keys(sa, b, &spec);
	}
	if (st == ST_OK)
		st = sa->ike->ports->install(sa->ike->ctx, &spec);
	mem_zero(&spec, sizeof(spec));
	if (st != ST_OK) {
		child_free(c);
		return st;
	}
	c->is_installed = true;
	if (out != NULL)
		*out = c;
	return ST_OK;
}

enum status child_install_first(struct ike_sa *sa)
{
	struct handshake *hs = sa->hs;
	struct child_birth b = {
		.offer = &hs->child,
		.is_initiator = sa->is_initiator,
		.receive_only = !sa->is_initiator && reauth_older(sa) != NULL,
		.ni = {hs->ni, hs->ni_len},
		.nr = {hs->nr, hs->nr_len},
		.terms = child_terms_of(sa, hs->conf),
	};

	sa->may_be_empty = hs->is_childless;
	sa->in_udp = encap_is_due(sa);
	if (hs->is_childless)
		return ST_OK;
	if (!sa->is_initiator)
		hs->child.spi_ours = child_new_spi(sa->ike);
	if (hs->child.spi_ours == 0)
		return sa_fail(sa, ST_INTERNAL, "%s", "no free SPI found");
	return child_install(sa, &b, NULL);
}

void child_put_ts(struct msg_out *o, uint8_t type, const struct ts *ts, uint8_t n)
{
	struct wr_mark m = payload_open(&o->c, type);

	ts_build(&o->w, ts, n);
	payload_close(&o->c, m);
}
