#include "core/ike/sa_end.h"

#include "core/ike/auth.h"
#include "core/ike/auth_r.h"
#include "core/ike/child.h"
#include "core/ike/engine.h"
#include "core/ike/exchange.h"
#include "core/ike/freeze.h"
#include "core/ike/info.h"
#include "core/ike/keepalive.h"
#include "core/ike/proof.h"
#include "core/ike/ticket_desk.h"
#include "core/ike/reauth.h"
#include "core/ike/work.h"

/* A conversation of EAP that it began is over, too, and what came with its keys has served. */
void sa_forget_handshake(struct ike_sa *sa)
{
	const struct ike_ports *ports = sa->ike->ports;

	if (sa->hs != NULL && sa->hs->has_asked_proof && ports->forget != NULL)
		ports->forget(sa->ike->ctx, sa->number);
	handshake_free(sa->hs);
	sa->hs = NULL;
}

/* A client's login, by the method that it authenticates with; one that was resumed is none. */
static void count_login(const struct ike_sa *sa, enum counter key, enum counter cert, enum counter eap)
{
	const struct handshake *hs = sa->hs;
	const struct proof *p = hs != NULL ? hs->proof : NULL;

	if (p == NULL || sa->is_initiator || hs->resumed != NULL)
		return;
	if (hs->by_token) {
		stats_inc(sa->ike->stats, key == CT_LOGIN_KEY ? CT_RECONNECTED : CT_RECONNECT_REFUSED);
		return;
	}
	stats_inc(sa->ike->stats, p->by_eap ? eap : proof_is_signed(p) ? cert : key);
}

void sa_enter_up(struct ike_sa *sa)
{
	struct ike *ike = sa->ike;

	count_login(sa, CT_LOGIN_KEY, CT_LOGIN_CERT, CT_LOGIN_EAP);

	sa_forget_handshake(sa);
	ike_keys_shorten(&sa->keys);
	sa_unguard(sa);
	sa->is_up = true;
	ike->guard.established++;
	map_add(&ike->by_peer, &sa->by_peer,
		auth_peer_hash(ike, sa->peer_id, sa->profile));
	stats_inc(ike->stats, CT_IKE_UP);
	sa_arm_dpd(sa);
	sa_arm_life(sa);
	keepalive_arm(sa);
	ticket_desk_arm(sa);
	sa_tell(sa, IKE_EV_SA_UP, NULL);
	LIST_EACH(at, &sa->children)
		child_tell_up(CONTAINER_OF(at, struct ike_child, node));
	work_arm(sa);
	mobike_on_up(sa);
}

/* A negotiation that came to nothing. What unauthenticated messages alone can cause is reported at
 * a limited rate; it is counted always. */
static void tell_failure(struct ike_sa *sa, enum sa_state from)
{
	static const char silent[] = "the peer did not go on with IKE_AUTH: does UDP port 4500 "
				     "reach this host, and do large packets?";
	bool is_early = from <= SA_I_ADD_SECRET || (from >= SA_R_DH && from < SA_R_AUTH);
	struct ike_event ev = {
		.kind = is_early || sa->peer_id->type == 0 ? IKE_EV_INIT_FAILED : IKE_EV_AUTH_FAILED,
		.sa = sa->number,
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.local = sa->local,
		.remote = sa->remote,
		.profile = sa->profile,
		.status = sa->why,
		.detail = sa_detail(sa),
	};

	if (sa->why == ST_REDIRECTED) /* it was told, and is none */
		return;
	count_login(sa, CT_REFUSED_KEY, CT_REFUSED_CERT, CT_REFUSED_EAP);
	if (sa->is_initiator || sa->peer_id->type != 0) {
		sa_tell(sa, is_early ? IKE_EV_INIT_FAILED : IKE_EV_AUTH_FAILED, NULL);
		return;
	}
	if (sa->why == ST_END_SHUTDOWN || sa->why == ST_END_ADMIN)
		return;
	if (from == SA_R_AUTH && sa->why == ST_TIMEOUT)
		ev.detail = silent;
	ike_report(sa->ike, &ev);
}

/* Once per SA: whatever it held goes back, whoever listens is told. */
static void end_session(struct ike_sa *sa, enum sa_state from)
{
	struct ike *ike = sa->ike;

	if (sa->is_reported)
		return;
	sa->is_reported = true;
	if (sa->why == ST_OK)
		sa->why = ST_INTERNAL;
	stats_status(ike->stats, sa->why);
	reauth_hand_over(sa);
	while (!list_empty(&sa->children))
		child_end(CONTAINER_OF(sa->children.next, struct ike_child, node), sa->why);
	map_del(&ike->by_peer, &sa->by_peer);
	timer_stop(&ike->timers, &sa->dpd_timer);
	timer_stop(&ike->timers, &sa->life_timer);
	timer_stop(&ike->timers, &sa->child_timer);
	timer_stop(&ike->timers, &sa->work_timer);
	timer_stop(&ike->timers, &sa->nat_timer);
	timer_stop(&ike->timers, &sa->ticket_timer);
	ticket_desk_ended(sa);
	if (!sa->is_up) {
		tell_failure(sa, from);
		return;
	}
	sa->is_up = false;
	ike->guard.established--;
	stats_inc(ike->stats, CT_IKE_DOWN);
	sa_tell(sa, IKE_EV_SA_DOWN, NULL);
}

void sa_enter_replaced(struct ike_sa *sa)
{
	exchange_abort(sa);
	/* After the successor, which has its number now: of the two that one must not be missing. */
	ike_keep_counted(sa);
}

void sa_enter_deleting(struct ike_sa *sa, enum sa_state from)
{
	exchange_abort(sa);
	auth_r_error_reply(sa, true);
	end_session(sa, from);
	sa_forget_handshake(sa);
	info_send_delete(sa);
}

void sa_enter_linger(struct ike_sa *sa, enum sa_state from)
{
	exchange_abort(sa);
	auth_r_error_reply(sa, false);
	end_session(sa, from);
	sa_forget_handshake(sa);
	sa_requests_drop(sa);
	ike_forget(sa);
}

void sa_enter_dead(struct ike_sa *sa, enum sa_state from)
{
	exchange_abort(sa);
	end_session(sa, from);
	sa_forget_handshake(sa);
	sa_requests_drop(sa);
	ike_forget(sa);
	list_push_back(&sa->ike->dead, &sa->dead);
}
