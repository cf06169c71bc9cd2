#include <stdio.h>
#include <string.h>

#include "core/ike/engine.h"
#include "core/ike/idle.h"
#include "core/ike/peer_class.h"

/* A lingering SA is over for everybody but a peer that repeats its last request. */
static bool is_shown(const struct ike_sa *sa)
{
	return sa->state != SA_LINGER && sa->state != SA_DEAD;
}

size_t ike_count(const struct ike *ike)
{
	size_t n = 0;

	LIST_EACH(at, &ike->sas)
		n += is_shown(CONTAINER_OF(at, struct ike_sa, node));
	return n;
}

size_t ike_half_open(const struct ike *ike)
{
	size_t n = 0;

	/* Those that failed and only repeat their last reply still count for the limits (guard.h),
	 * but they are no negotiations any more. */
	LIST_EACH(at, &ike->sas)
		n += CONTAINER_OF(at, struct ike_sa, node)->state < SA_UP;
	return n;
}

size_t ike_half_open_in(const struct ike *ike)
{
	size_t n = 0;

	LIST_EACH(at, &ike->sas) {
		const struct ike_sa *sa = CONTAINER_OF(at, struct ike_sa, node);
		n += sa->state < SA_UP && !sa->is_initiator;
	}
	return n;
}

bool ike_owns_child(const struct ike *ike, uint32_t spi_in)
{
	return ike_find_child(ike, spi_in) != NULL;
}

static void child_info(const struct ike_child *c, uint64_t now, struct ike_child_info *out)
{
	*out = (struct ike_child_info){
		.spi_in = c->spi_in,
		.spi_out = c->spi_out,
		.encr_id = c->suite.encr->id,
		.encr_key_bits = c->suite.encr->key_bits,
		.integ_id = c->suite.integ != NULL ? c->suite.integ->id : 0,
		.esn = c->suite.esn,
		.udp_encap = c->udp_encap,
		.transport_mode = c->transport,
		.tun = c->tun,
		.up_ms = now - c->up_ms,
		.lifetime_s = c->lifetime_s,
		.lifetime_kb = c->lifetime_kb,
		.idle_limit_s = c->idle_s,
		.idle_ms = now - idle_used_ms(c),
		.n_local_ts = c->n_local_ts,
		.n_remote_ts = c->n_remote_ts,
	};
	memcpy(out->local_ts, child_local_ts(c), c->n_local_ts * sizeof(*c->ts));
	memcpy(out->remote_ts, child_remote_ts(c), c->n_remote_ts * sizeof(*c->ts));
}

/* R-SHO-03: before the keys exist, everything that was negotiated is unknown. */
static void suite_info(const struct ike_sa *sa, struct ike_sa_info *out)
{
	if (!sa->has_keys)
		return;
	out->encr_id = sa->suite.encr->id;
	out->encr_key_bits = sa->suite.encr->key_bits;
	out->prf_id = sa->suite.prf->id;
	out->integ_id = sa->suite.integ != NULL ? sa->suite.integ->id : 0;
	out->dh_group = sa->suite.dh->id;
}

static void sa_info(const struct ike_sa *sa, uint64_t now, struct ike_sa_info *out)
{
	const struct sa_state_info *state = sa_state_info(sa->state);

	*out = (struct ike_sa_info){
		.sa = sa->number,
		.spi_local = sa_spi_local(sa),
		.spi_remote = sa_spi_remote(sa),
		.we_are_initiator = sa->is_initiator,
		.is_established = sa->is_up,
		.status = state->status,
		.status_description = state->words,
		.local = sa->local,
		.remote = sa->remote,
		.session = sa->session,
		.auth_local = sa->auth_local,
		.auth_remote = sa->auth_remote,
		.lifetime_s = sa->settings.lifetime_s,
		.active_ms = sa->up_ms != 0 ? now - sa->up_ms : now - sa->created_ms,
		.next_request_out = sa->out.next,
		.next_request_in = sa->in.next,
		.window_local = sa->in.size != 0 ? sa->in.size : 1,
		.window_remote = sa->out.size != 0 ? sa->out.size : 1,
		.dpd_interval_s = sa->dpd.interval_s,
		.dpd_retry_s = sa->dpd.retry_s,
		.is_resumed = sa->is_resumed,
		.has_ticket = sa->ticket.bytes != NULL,
		.nat_local = sa->nat_local,
		.nat_remote = sa->nat_remote,
		.frag_std_configured = sa->frag.ours & FRAG_STD,
		.frag_std = sa->frag.form == FRAG_STD,
		.frag_cisco_configured = sa->frag.ours & FRAG_CISCO,
		.frag_cisco = sa->frag.form == FRAG_CISCO,
		.frag_mtu = frag_mtu_in_use(sa->frag.mtu, sa->remote.addr.family),
		.mobike = sa->mobike.is_on,
		.used_ppk = sa->used_ppk,
		.peer_class = peer_class_words((enum peer_class)sa->peer_class),
	};
	kept_id_read(sa->my_id, &out->my_id);
	kept_id_read(sa->peer_id, &out->peer_id);
	snprintf(out->profile, sizeof(out->profile), "%s", sa->profile);
	suite_info(sa, out);
	grant_read(sa->grant, &out->grant);
	LIST_EACH(at, &sa->children)
		if (out->n_children < IKE_CHILDREN_INFO &&
			CONTAINER_OF(at, struct ike_child, node)->is_installed &&
			CONTAINER_OF(at, struct ike_child, node)->state != CHILD_RETIRED)
			child_info(CONTAINER_OF(at, struct ike_child, node), now,
				&out->children[out->n_children++]);
}

/* The SA after number; the one of that number may have gone meanwhile. */
static const struct list *after(const struct ike *ike, uint64_t number)
{
	const struct ike_sa *sa = ike_find_number(ike, number);
	const struct list *at = ike->sas.next;

	if (sa != NULL)
		return sa->node.next;
	while (at != &ike->sas && CONTAINER_OF(at, struct ike_sa, node)->number <= number)
		at = at->next;
	return at;
}

bool ike_next_info(const struct ike *ike, uint64_t *cursor, struct ike_sa_info *out)
{
	const struct list *at = after(ike, *cursor);

	for (; at != &ike->sas; at = at->next) {
		const struct ike_sa *sa = CONTAINER_OF(at, struct ike_sa, node);

		/* A successor that is not in charge is nobody's session, and may never be one. */
		if (!is_shown(sa) || sa->state == SA_HEIR)
			continue;
		*cursor = sa->number;
		sa_info(sa, ike_now(ike), out);
		return true;
	}
	return false;
}
