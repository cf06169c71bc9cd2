#include "core/ike/mode.h"

#include <string.h>

#include "core/conf/match.h"
#include "core/wire/notify.h"

struct mode_wish mode_wish(const struct snapshot *conf, const struct ipsec_profile *profile)
{
	const struct transform_set *first;

	if (profile == NULL)
		profile = snapshot_ipsec_profile(conf, "default");
	if (profile == NULL || ipsec_sets(conf, profile, &first, 1) == 0 ||
		first->mode != IPSEC_TRANSPORT)
		return (struct mode_wish){0};
	return (struct mode_wish){.transport = true, .required = first->mode_required};
}

bool mode_is_named(const struct ike_payloads *p)
{
	struct notify n;

	return msg_find_notify(p, N_USE_TRANSPORT_MODE, &n);
}

void mode_put(struct msg_out *o, bool transport)
{
	if (!transport)
		return;
	msg_notify(o, N_USE_TRANSPORT_MODE, NULL, 0);
	/* Without an IP header inside nothing says where a TCP segment ends (RFC 4303 2.7). */
	msg_notify(o, N_ESP_TFC_PADDING_NOT_SUPPORTED, NULL, 0);
}

/* Inside of one host. */
static bool is_host(const struct ts *v, uint8_t n, const struct addr *host)
{
	for (size_t i = 0; i < n; i++)
		if (!addr_eq(&v[i].lo, host) || !addr_eq(&v[i].hi, host))
			return false;
	return n > 0;
}

enum status mode_offer(const struct ike_sa *sa, bool in_udp, struct mode_wish wish, struct child_offer *c)
{
	c->transport = wish.transport && !in_udp && is_host(c->ts_i, c->n_ts_i, &sa->local.addr) &&
		is_host(c->ts_r, c->n_ts_r, &sa->remote.addr);
	return c->transport || !wish.required ? ST_OK : ST_NO_CHILD_PROPOSAL;
}

enum status mode_accept(const struct ike_payloads *answer, struct mode_wish wish, struct child_offer *c)
{
	bool is_named = mode_is_named(answer);

	if (is_named && !c->transport)
		return ST_NO_CHILD_PROPOSAL;
	c->transport = is_named;
	return c->transport || !wish.required ? ST_OK : ST_NO_CHILD_PROPOSAL;
}

void mode_narrow(const struct ike_sa *sa, const struct ts_set *asked_i, const struct ts_set *asked_r,
	struct ts_set *ts_i, struct ts_set *ts_r)
{
	struct ts theirs = ts_from_addr(&sa->remote.addr), ours = ts_from_addr(&sa->local.addr);

	ts_i->n = (uint8_t)ts_narrow(asked_i->v, asked_i->n, &theirs, 1, ts_i->v, IKE_TS_MAX);
	ts_r->n = (uint8_t)ts_narrow(asked_r->v, asked_r->n, &ours, 1, ts_r->v, IKE_TS_MAX);
}

enum status mode_decide(const struct ike_sa *sa, bool in_udp, struct mode_wish wish, struct child_offer *c)
{
	struct ts_set asked_i = {.n = c->n_ts_i}, asked_r = {.n = c->n_ts_r}, ts_i, ts_r;

	memcpy(asked_i.v, c->ts_i, sizeof(asked_i.v));
	memcpy(asked_r.v, c->ts_r, sizeof(asked_r.v));
	mode_narrow(sa, &asked_i, &asked_r, &ts_i, &ts_r);
	c->transport &= wish.transport && !in_udp && ts_i.n > 0 && ts_r.n > 0;
	return c->transport || !wish.required ? ST_OK : ST_NO_CHILD_PROPOSAL;
}
