#include "core/ike/child.h"

#include <stdio.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/ike/engine.h"
#include "core/ike/explain.h"
#include "core/ike/narrow.h"
#include "core/wire/notify.h"

#define SPI_TRIES 16

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

/* The peer puts ESP into UDP only when it believes in a NAT: one that both ends see, one that it
 * claims for itself, or one that we made up. Having changed to the other port means nothing, a peer
 * that supports MOBIKE does that always (RFC 4555 section 3.3). */
static bool peer_encapsulates(const struct ike_sa *sa)
{
	const struct handshake *hs = sa->hs;

	if (!hs->peer_sent_natd || sa->local.port == (uint16_t)hs->conf->own.port)
		return false;
	return sa->nat_local || sa->nat_remote ||
		profiles_force_encap(hs->conf, sa->local.vrf, &sa->local.addr);
}

enum status child_read_request(struct ike_sa *sa, const struct ike_payloads *p)
{
	struct child_offer *c = &sa->hs->child;
	struct view body = payload_find(p, PT_SA)->body;
	struct sa offer;
	enum status st = sa_parse(body, SA_NUMBERS_STRICT, &offer);

	if (st == ST_OK)
		st = read_ts(p, PT_TSI, c->ts_i, &c->n_ts_i);
	if (st == ST_OK)
		st = read_ts(p, PT_TSR, c->ts_r, &c->n_ts_r);
	if (st == ST_OK && !sa_spis_are(&offer, PROTO_ESP, 4))
		st = ST_BAD_PAYLOAD;
	return st == ST_OK ? handshake_keep_child_sa(sa->hs, body) : st;
}

enum status child_choose(struct ike_sa *sa, const struct ike_profile *profile,
	char words[IKE_DETAIL_LEN])
{
	struct handshake *hs = sa->hs;
	struct child_offer *c = &hs->child;
	struct sa offer;
	enum status st = sa_parse((struct view){hs->child_sa, hs->child_sa_len}, SA_NUMBERS_STRICT,
		&offer);

	words[0] = '\0';
	if (st != ST_OK)
		return st;
	c->status = choose(hs, profile_ipsec(hs->conf, profile), &offer, c, words);
	if (c->status == ST_OK && !peer_encapsulates(sa)) {
		c->status = ST_NO_CHILD_PROPOSAL;
		snprintf(words, IKE_DETAIL_LEN, "the client sees no NAT and would send ESP without "
			"UDP, which is not carried; `nat force-encapsulation` in the profile, or "
			"`encap = yes` at the client, makes it encapsulate");
	}
	return ST_OK;
}

enum status child_read_reply(struct ike_sa *sa, const struct ike_payloads *p)
{
	struct handshake *hs = sa->hs;
	struct child_offer *c = &hs->child;
	struct ts_set asked_i = {.n = c->n_ts_i}, asked_r = {.n = c->n_ts_r}, got_i, got_r;
	const struct ipsec_profile *profile =
		snapshot_ipsec_profile(hs->conf, hs->connect->ipsec_profile);
	struct allowed_set ours;
	struct offer_set answer;
	struct sa offer;
	struct rd r;
	enum status st = sa_parse(payload_find(p, PT_SA)->body, SA_NUMBERS_INCREASING, &offer);

	memcpy(asked_i.v, c->ts_i, sizeof(asked_i.v));
	memcpy(asked_r.v, c->ts_r, sizeof(asked_r.v));
	if (st == ST_OK)
		st = read_ts(p, PT_TSI, got_i.v, &got_i.n);
	if (st == ST_OK)
		st = read_ts(p, PT_TSR, got_r.v, &got_r.n);
	if (st == ST_OK && (offer.n != 1 || offer.n_skipped != 0 || !sa_spis_are(&offer, PROTO_ESP, 4)))
		st = ST_BAD_PAYLOAD;
	if (st != ST_OK)
		return st;
	st = offer_allowed_esp(hs->conf, profile, &ours);
	offer_from_sa(&offer, &answer);
	if (st == ST_OK)
		st = answer.n == 1 ? proposal_accept(CHOOSE_ESP, true, ours.v, ours.n,
					     &answer.v[0], &c->chosen)
				   : ST_NO_CHILD_PROPOSAL;
	if (st == ST_OK)
		st = suite_esp(c->chosen.encr.id, c->chosen.encr.key_bits, c->chosen.integ,
			c->chosen.esn, &c->suite);
	if (st != ST_OK)
		return ST_NO_CHILD_PROPOSAL;
	if (!narrow_is_subset(&got_i, &asked_i) || !narrow_is_subset(&got_r, &asked_r))
		return ST_TS_UNACCEPTABLE;
	r = rd_init(offer.v[0].spi.p, offer.v[0].spi.len);
	c->spi_peer = rd_u32(&r);
	c->n_ts_i = got_i.n;
	c->n_ts_r = got_r.n;
	memcpy(c->ts_i, got_i.v, sizeof(c->ts_i));
	memcpy(c->ts_r, got_r.v, sizeof(c->ts_r));
	return ST_OK;
}

/* ---- life ------------------------------------------------------------------------------------ */

uint32_t child_new_spi(struct ike *ike)
{
	for (int i = 0; i < SPI_TRIES; i++) {
		uint32_t spi = 0;

		ike->ports->random(ike->ctx, &spi, sizeof(spi));
		/* 1 to 255 are reserved (RFC 4303 2.1). */
		if (spi > 255 && ike_find_child(ike, spi) == NULL)
			return spi;
	}
	return 0;
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
	c->sa->n_children--;
	list_del(&c->node);
	map_del(&c->sa->ike->children, &c->by_spi);
	mem_free(c);
}

void child_end(struct ike_child *c)
{
	struct ike_sa *sa = c->sa;

	if (sa->is_up) {
		stats_inc(sa->ike->stats, CT_CHILD_DOWN);
		sa_tell(sa, IKE_EV_CHILD_DOWN, c);
	}
	if (c->is_installed)
		sa->ike->ports->remove(sa->ike->ctx, c->spi_in);
	child_free(c);
}

static void fill(struct ike_child *c, const struct ike_sa *sa)
{
	const struct handshake *hs = sa->hs;
	const struct child_offer *o = &hs->child;
	const struct ipsec_profile *profile = sa->is_initiator
		? snapshot_ipsec_profile(hs->conf, hs->connect->ipsec_profile)
		: profile_ipsec(hs->conf, snapshot_profile(hs->conf, sa->settings.profile));
	struct ipsec_params params;

	if (profile == NULL)
		profile = snapshot_ipsec_profile(hs->conf, "default");
	params = profile != NULL ? ipsec_params(hs->conf, profile) : (struct ipsec_params){0};
	c->spi_out = o->spi_peer;
	c->suite = o->suite;
	c->udp_encap = true;
	c->replay_window = (uint16_t)params.replay_window;
	c->lifetime_s = params.lifetime_s;
	c->lifetime_kb = params.lifetime_kb;
	c->tun = sa->grant->tun;
	c->up_ms = ike_now(sa->ike);
	c->n_local_ts = sa->is_initiator ? o->n_ts_i : o->n_ts_r;
	c->n_remote_ts = sa->is_initiator ? o->n_ts_r : o->n_ts_i;
	memcpy(c->local_ts, sa->is_initiator ? o->ts_i : o->ts_r, sizeof(c->local_ts));
	memcpy(c->remote_ts, sa->is_initiator ? o->ts_r : o->ts_i, sizeof(c->remote_ts));
}

static enum status fill_keys(const struct ike_sa *sa, struct ike_child_spec *s)
{
	const struct handshake *hs = sa->hs;
	struct key_input in = {.ni = {hs->ni, hs->ni_len}, .nr = {hs->nr, hs->nr_len}};
	size_t len = suite_esp_key_len(&hs->child.suite);

	if (len > IKE_KEYMAT_MAX)
		return ST_INTERNAL;
	s->key_in_len = (uint16_t)len;
	s->key_out_len = (uint16_t)len;
	return keys_child(sa->suite.prf, &sa->keys, &in, &hs->child.suite,
		sa->is_initiator ? s->key_out : s->key_in,
		sa->is_initiator ? s->key_in : s->key_out);
}

static void spec_of(const struct ike_child *c, struct ike_child_spec *s)
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
		.udp_encap = c->udp_encap,
		.we_are_initiator = sa->is_initiator,
		.replay_window = c->replay_window,
		.local = sa->local,
		.remote = sa->remote,
		.n_local_ts = c->n_local_ts,
		.n_remote_ts = c->n_remote_ts,
	};
	memcpy(s->local_ts, c->local_ts, sizeof(s->local_ts));
	memcpy(s->remote_ts, c->remote_ts, sizeof(s->remote_ts));
}

enum status child_install(struct ike_sa *sa)
{
	struct ike_child_spec spec;
	struct ike_child *c = child_new(sa, sa->hs->child.spi_ours);
	enum status st;

	if (c == NULL)
		return ST_NOMEM;
	fill(c, sa);
	spec_of(c, &spec);
	st = fill_keys(sa, &spec);
	if (st == ST_OK)
		st = sa->ike->ports->install(sa->ike->ctx, &spec);
	mem_zero(&spec, sizeof(spec));
	if (st != ST_OK)
		child_free(c);
	else
		c->is_installed = true;
	return st;
}

void child_put_ts(struct msg_out *o, uint8_t type, const struct ts *ts, uint8_t n)
{
	struct wr_mark m = payload_open(&o->c, type);

	ts_build(&o->w, ts, n);
	payload_close(&o->c, m);
}
