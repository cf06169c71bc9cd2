#include "cmd/wire_dial.h"

#include <stdio.h>
#include <string.h>

#include "cmd/holder_proto.h"
#include "core/base/mem.h"
#include "core/ike/ike.h"
#include "core/session/authorize.h"

static enum status fail(char reason[DIAL_REASON], enum status st, const char *text)
{
	snprintf(reason, DIAL_REASON, "%s", text);
	return st;
}

/* With listed addresses only those may be the source; NULL: none suits. */
static const struct addr *listed(const struct wire *w, uint32_t vrf, uint8_t family, const struct addr *like)
{
	const struct addr *first = NULL;
	for (size_t i = 0; i < w->conf->own.listen_count; i++) {
		const struct listen_addr *l = &w->conf->own.listen[i];
		if (l->num != vrf || (l->addr.family && l->addr.family != family))
			continue;
		if (!l->addr.family || addr_eq(&l->addr, like))
			return like;
		if (!first)
			first = &l->addr;
	}
	return w->conf->own.listen_count ? first : like;
}

enum status wire_dial_source(struct wire *w, const struct client_spec *s, const struct addr *peer,
			     struct addr *out, char reason[DIAL_REASON])
{
	const struct addr *fixed = client_spec_source(s, peer->family);
	struct asroot_reply reply;
	struct asroot_request rq = {.op = ASROOT_SOURCE, .addr = *peer};
	memcpy(rq.vrf, s->vrf_name, strnlen(s->vrf_name, sizeof(rq.vrf) - 1)); /* a plan has shorter ones only */
	memcpy(rq.name, s->source_if, sizeof(rq.name));
	enum status st = asroot_call(w->control, &rq, &reply, NULL);
	if (st == ST_EXISTS)
		return fail(reason, ST_CONFIG,
			    "the way to the peer leads into a tunnel: it needs a route of its own");
	if (fixed && !fixed->family)
		return fail(reason, ST_CONFIG, "the tunnel source has no address of the peer's family");
	if (st != ST_OK)
		return fail(reason, ST_IO,
			    s->source_if[0] ? "no way to the peer, or the source interface has no address" :
					      "the host has no way to the peer");
	const struct addr *use = listed(w, s->vrf, peer->family, fixed ? fixed : &reply.addr);
	if (!use)
		return fail(reason, ST_CONFIG, "no address is listened on from where the peer could be reached");
	*out = *use;
	return ST_OK;
}

static uint8_t put_families(const struct client_spec *s, struct ts *ts)
{
	uint8_t n = 0;
	if (s->carries4)
		ts[n++] = ts_any(4);
	if (s->carries6)
		ts[n++] = ts_any(6);
	return n;
}

/* Everything that the tunnel carries in one IPsec SA, or one for each pair of the policy. */
static void put_selectors(const struct client_spec *s, struct ike_connect *k)
{
	if (s->n_pairs == 0) {
		k->n_local_ts = put_families(s, k->local_ts);
		k->n_remote_ts = put_families(s, k->remote_ts);
		return;
	}
	k->n_local_ts = k->n_remote_ts = 1;
	k->local_ts[0] = ts_from_prefix(&s->from[0]);
	k->remote_ts[0] = ts_from_prefix(&s->to[0]);
	for (size_t i = 1; i < s->n_pairs && k->n_more < IKE_MORE_MAX; i++) {
		k->more_local[k->n_more] = ts_from_prefix(&s->from[i]);
		k->more_remote[k->n_more++] = ts_from_prefix(&s->to[i]);
	}
}

/* Who authenticates again wants the addresses of the session that is up. */
static void want_same(const struct wire *w, struct ike_connect *k)
{
	for (const struct session *s = session_next(w->sessions, NULL); s; s = session_next(w->sessions, s)) {
		if (s->grant->tun != k->tun || s->state != SESSION_UP || !s->we_are_initiator)
			continue;
		k->want_ip4 = s->grant->ip4;
		k->want_ip6 = s->grant->ip6;
	}
}

/* Why the engine does not even begin. */
static void explain(const struct client_spec *s, enum status st, char reason[DIAL_REASON])
{
	const char *what = st == ST_NO_PROFILE	     ? "is not defined" :
			   st == ST_PROFILE_SHUTDOWN ? "is shut down" :
			   st == ST_CONFIG	     ? "has no `match identity remote`" :
			   st == ST_AUTH_METHOD	     ? "does not use pre-shared keys for both sides" :
						       NULL;
	if (what)
		snprintf(reason, DIAL_REASON, "profile %s %s", s->profile, what);
}

enum status wire_dial(struct wire *w, const struct client_spec *s, const struct client *m, uint64_t *sa,
		      char reason[DIAL_REASON])
{
	const struct addr *peer = client_target(m);
	struct ike_connect *k = mem_new(sizeof(*k));
	reason[0] = 0;
	if (!k)
		return ST_NOMEM;
	k->local.vrf = s->vrf;
	k->remote = (struct endpoint){.vrf = s->vrf, .addr = *peer};
	enum status st = wire_dial_source(w, s, peer, &k->local.addr, reason);
	memcpy(k->profile, s->profile, sizeof(k->profile));
	memcpy(k->ipsec_profile, s->ipsec_profile, sizeof(k->ipsec_profile));
	memcpy(k->peer_name, client_peer(m)->name, sizeof(k->peer_name));
	k->redirected_from = m->redirected_from;
	k->tun = s->tun;
	k->request_ip4 = s->asks4;
	k->request_ip6 = s->asks6;
	k->is_flexvpn = s->is_flexvpn;
	k->n_networks = authorize_networks(w->conf, s->profile, s->tun, k->networks);
	want_same(w, k);
	put_selectors(s, k);
	if (st == ST_OK) {
		st = ike_connect(w->ike, k, sa);
		explain(s, st, reason);
	}
	mem_free(k);
	return st;
}
