#include <string.h>

#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/ike/create.h"
#include "core/ike/engine.h"
#include "core/ike/freeze.h"
#include "core/ike/info.h"
#include "core/ike/keepalive.h"
#include "core/ike/qcd.h"
#include "core/ike/reauth.h"
#include "core/ike/ticket_desk.h"
#include "core/ike/work.h"

static enum status take_words(struct ike_sa *heir, const struct ike_sa *old)
{
	enum status st = kept_id_set(&heir->my_id, old->my_id);

	if (st == ST_OK)
		st = kept_id_set(&heir->peer_id, old->peer_id);
	if (st == ST_OK)
		st = text_set(&heir->user, old->user);
	if (st == ST_OK)
		st = text_set(&heir->profile, old->profile);
	return st == ST_OK ? text_set(&heir->ipsec_profile, old->ipsec_profile) : st;
}

struct ike_sa *succeed_new(struct exchange *x)
{
	struct ike_sa *old = x->sa, *heir = sa_alloc(old->ike);
	struct ike *ike = old->ike;
	struct key_input in = {
		.ni = {x->ni, x->ni_len},
		.nr = {x->nr, x->nr_len},
		.secret = {x->secret, x->secret_len},
		.more = {x->more.secrets, x->more.secrets_len},
		.spi_i = x->is_mine ? x->spi_ours : x->spi_peer,
		.spi_r = x->is_mine ? x->spi_peer : x->spi_ours,
	};

	if (heir != NULL && take_words(heir, old) != ST_OK) {
		sa_free(heir);
		return NULL;
	}
	if (heir == NULL)
		return NULL;
	heir->number = ++ike->last_number;
	heir->is_initiator = x->is_mine;
	heir->spi_i = in.spi_i;
	heir->spi_r = in.spi_r;
	heir->suite = x->suite;
	keys_rekey(&x->suite, old->suite.prf, old->keys, &in, heir->keys);
	ike_keys_shorten(&heir->keys);
	heir->has_keys = true;
	heir->used_ppk = old->used_ppk;
	heir->nat_local = old->nat_local;
	heir->nat_remote = old->nat_remote;
	heir->claims_nat = old->claims_nat;
	heir->in_udp = old->in_udp;
	heir->local = old->local;
	heir->remote = old->remote;
	heir->auth_local = old->auth_local;
	heir->auth_remote = old->auth_remote;
	heir->settings = old->settings;
	heir->follows_redirects = old->follows_redirects;
	heir->peer_token = x->peer_token;
	heir->peer_class = old->peer_class;
	heir->owes_token = x->is_mine && qcd_is_on(ike); /* the responder's is in its reply */
	heir->dpd = old->dpd;
	window_in_grow(&heir->in, x->conf->ike.window);
	window_out_grow(&heir->out, x->peer_window);
	heir->frag.ours = old->frag.ours;
	heir->frag.form = old->frag.form;
	heir->frag.mtu = old->frag.mtu;
	heir->created_ms = ike_now(ike);
	heir->is_reported = true; /* until it inherits, its end means nothing to anybody */
	list_push_back(&ike->sas, &heir->node);
	map_add(&ike->by_number, &heir->by_number, hash_u64(heir->number));
	map_add(&ike->by_spi, &heir->by_spi, hash_u64(x->spi_ours));
	sa_resume(heir, SA_HEIR);
	heir->is_reported = true;
	return heir;
}

/* The number is what the session, its accounts and its children know the SA by. */
static void swap_numbers(struct ike_sa *old, struct ike_sa *heir)
{
	struct ike *ike = old->ike;
	uint64_t number = old->number;
	struct list *after = old->node.next;

	map_del(&ike->by_number, &old->by_number);
	map_del(&ike->by_number, &heir->by_number);
	old->number = heir->number;
	heir->number = number;
	map_add(&ike->by_number, &old->by_number, hash_u64(old->number));
	map_add(&ike->by_number, &heir->by_number, hash_u64(heir->number));
	/* The list is in the order of numbers. */
	if (after == &heir->node) {
		list_del(&old->node);
		list_add_before(heir->node.next, &old->node);
		return;
	}
	list_del(&old->node);
	list_add_before(&heir->node, &old->node);
	list_del(&heir->node);
	list_add_before(after, &heir->node);
}

static void move_children(struct ike_sa *old, struct ike_sa *heir)
{
	while (!list_empty(&old->children)) {
		struct ike_child *c = CONTAINER_OF(old->children.next, struct ike_child, node);

		list_del(&c->node);
		list_push_back(&heir->children, &c->node);
		c->sa = heir;
		c->delete_sent = false; /* what was on its way with the old SA is asked again */
	}
	while (!list_empty(&old->wishes)) {
		struct list *at = old->wishes.next;

		list_del(at);
		list_push_back(&heir->wishes, at);
	}
	heir->may_be_empty = old->may_be_empty;
	heir->n_children = old->n_children;
	old->n_children = 0;
}

static void move_presence(struct ike_sa *old, struct ike_sa *heir)
{
	struct ike *ike = old->ike;

	heir->session = old->session;
	ticket_desk_inherit(old, heir);
	heir->session_end_ms = old->session_end_ms;
	heir->close_why = old->close_why;
	heir->owed_set = old->owed_set;
	old->owed_set = NULL;
	heir->grant = old->grant;
	old->grant = NULL;
	heir->is_up = true;
	old->is_up = false;
	heir->is_reported = false;
	old->is_reported = true;
	heir->dpd.last_in_ms = old->dpd.last_in_ms;
	heir->dpd.last_out_ms = old->dpd.last_out_ms;
	heir->local = old->local; /* it may have moved since the heir was made */
	heir->remote = old->remote;
	mobike_inherit(heir, old);
	map_del(&ike->by_peer, &old->by_peer);
	map_add(&ike->by_peer, &heir->by_peer, old->by_peer.hash);
}

void succeed(struct ike_sa *old, struct ike_sa *heir)
{
	struct ike *ike = old->ike;
	enum status st;

	timer_stop(&ike->timers, &old->dpd_timer);
	timer_stop(&ike->timers, &old->life_timer);
	timer_stop(&ike->timers, &old->child_timer);
	timer_stop(&ike->timers, &old->work_timer);
	timer_stop(&ike->timers, &old->nat_timer);
	timer_stop(&ike->timers, &old->ticket_timer);
	timer_stop(&ike->timers, &heir->state_timer);
	swap_numbers(old, heir);
	move_children(old, heir);
	move_presence(old, heir);
	heir->state = SA_UP;
	sa_set_lifetimes(heir);
	heir->session_end_ms = old->session_end_ms;
	heir->reauth_ms = old->reauth_ms;
	reauth_inherit(heir, old);
	/* Both records: the peer may still repeat a request to the old one. */
	st = ike_keep(heir);
	if (st != ST_OK) { /* what is kept under its number is the old one, which has another now */
		stats_status(ike->stats, st);
		ike_forget(heir);
	}
	stats_inc(ike->stats, CT_IKE_REKEYED);
	sa_tell(heir, IKE_EV_SA_REKEYED, NULL);
	work_arm(heir);
	sa_arm_dpd(heir);
	keepalive_arm(heir);
	sa_arm(heir, &heir->work_timer, ike_now(ike));
}

/* The peer has decided which of two successors it is. */
static void claim(struct ike_sa *heir)
{
	struct ike_sa *old = heir->predecessor;

	if (old == NULL || old->state != SA_UP || old->mine == NULL || old->mine->rival != heir)
		return;
	exchange_forget_mine(old);
	succeed(old, heir);
	sa_event(old, SE_REPLACED, ST_END_REKEYED);
}

enum status heir_info_request(struct ike_sa *heir, const struct sa_event *ev)
{
	claim(heir);
	if (heir->state == SA_UP)
		(void)!info_request(heir, ev);
	return ST_PENDING; /* claim() has changed the state */
}

enum status heir_child_request(struct ike_sa *heir, const struct sa_event *ev)
{
	claim(heir);
	if (heir->state == SA_UP)
		exchange_on_request(heir, ev->msg);
	return ST_PENDING;
}

void succeed_by_rival(struct ike_sa *old)
{
	struct ike_sa *rival = old->mine != NULL ? exchange_part(old->mine) : NULL;

	if (rival == NULL)
		return;
	exchange_forget_mine(old);
	succeed(old, rival);
}
