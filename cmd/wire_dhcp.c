#include "cmd/wire_dhcp.h"

#include "cmd/wire_child.h"
#include "core/session/session.h"
#include "core/wire/dhcp.h"
#include "modules/data/data.h"

/* Who has no address of his own has this one (RFC 7600 section 4.8). */
#define DUMMY 0xc0000008u

/* Can our packets to the peer have it as their source? */
static bool fits(const struct ts *v, size_t n, const struct addr *a)
{
	return a->family == 4 && ts_match_any(v, n, a, IPP_UDP, DHCP_SERVER_PORT);
}

/* A host of the first network there: the peer takes nothing of others, and it does not write to it. */
static struct addr some_host(const struct ts *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool is_one = addr_eq(&v[i].lo, &v[i].hi);
		struct addr a = is_one ? v[i].lo : addr_add(&v[i].lo, 1);
		if (a.b[0] != 0 && !addr_is_multicast(&a) && fits(v, n, &a))
			return a;
	}
	return addr_v4(DUMMY);
}

/* The best of the addresses that we could have inside of the tunnel. */
static struct addr our_address(const struct wire *w, const struct session *s, uint32_t spi_in)
{
	const struct plan_tun *t = plan_find_tun(&w->plan, s->grant->tun);
	const struct ts *v = NULL;
	size_t n = data_sa_local(w->data, spi_in, &v);
	if (t && fits(v, n, &t->ip4.addr))
		return t->ip4.addr;
	if (fits(v, n, &s->local.addr))
		return s->local.addr;
	return some_host(v, n);
}

static enum status answer(struct wire *w, const struct session *s, uint32_t spi_in,
			  const struct dhcp_inform *in)
{
	const struct kept_grant *g = s->grant;
	struct dhcp_answer a = {
		.server = our_address(w, s, spi_in),
		.mask_len = g->ip4_mask_len ? g->ip4_mask_len : 32,
		.dns = g->dns,
		.n_dns = g->n_dns,
		.nbns = g->nbns,
		.n_nbns = g->n_nbns,
		.routes = g->subnets,
		.n_routes = g->n_subnets,
		.domain = g->def_domain ? g->def_domain : "",
	};
	uint8_t packet[DHCP_PACKET_MAX];
	struct wr out = wr_init(packet, sizeof(packet));
	dhcp_build_packet(&out, in, &a);
	return wr_ok(&out) ? data_send_inner(w->data, spi_in, packet, out.len) : ST_INTERNAL;
}

void wire_dhcp(void *ctx, uint32_t spi_in, const uint8_t *packet, size_t len)
{
	struct wire *w = ctx;
	const struct wire_child *c = wire_child_find(w, spi_in);
	const struct session *s = c ? session_find(w->sessions, &c->session) : NULL;
	struct dhcp_inform in;
	enum status st = dhcp_open(packet, len, &in);
	/* What we were granted by a peer of ours is none of its business. */
	if (!st && (!s || s->we_are_initiator))
		st = ST_DHCP_OTHER;
	if (!st)
		st = answer(w, s, spi_in, &in);
	if (st)
		stats_status(w->stats, st);
	else
		stats_inc(w->stats, CT_DHCP_OUT);
}
