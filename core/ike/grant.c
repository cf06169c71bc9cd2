#include "core/ike/grant.h"

#include <string.h>

#include "core/base/mem.h"

static const void *put(uint8_t **at, const void *p, size_t len)
{
	void *to = *at;

	memcpy(to, p, len);
	*at += len;
	return to;
}

/* Addresses, prefixes and text are bytes: the lists need no alignment. */
_Static_assert(_Alignof(struct addr) == 1 && _Alignof(struct prefix) == 1, "lists stand end to end");

enum status grant_keep(const struct ike_grant *g, struct kept_grant **out)
{
	const size_t dns = g->n_dns * sizeof(g->dns[0]), nbns = g->n_nbns * sizeof(g->nbns[0]);
	const size_t subnets = g->n_subnets * sizeof(g->subnets[0]);
	const size_t remote = g->n_remote * sizeof(g->remote[0]);
	const size_t domain = strlen(g->def_domain) + 1, banner = strlen(g->banner) + 1;
	struct kept_grant *k = mem_new(sizeof(*k) + dns + nbns + subnets + remote + domain + banner);
	uint8_t *at;

	if (k == NULL)
		return ST_NOMEM;
	*k = (struct kept_grant){
		.ip4 = g->ip4,
		.ip6 = g->ip6,
		.ip4_mask_len = g->ip4_mask_len,
		.ip6_prefix_len = g->ip6_prefix_len,
		.n_dns = g->n_dns,
		.n_nbns = g->n_nbns,
		.n_subnets = g->n_subnets,
		.n_remote = g->n_remote,
		.tun = g->tun,
		.session_lifetime_s = g->session_lifetime_s,
	};
	at = (uint8_t *)(k + 1);
	k->dns = put(&at, g->dns, dns);
	k->nbns = put(&at, g->nbns, nbns);
	k->subnets = put(&at, g->subnets, subnets);
	k->remote = put(&at, g->remote, remote);
	k->def_domain = put(&at, g->def_domain, domain);
	k->banner = put(&at, g->banner, banner);
	mem_free(*out);
	*out = k;
	return ST_OK;
}

void grant_read(const struct kept_grant *k, struct ike_grant *out)
{
	memset(out, 0, sizeof(*out));
	if (k == NULL)
		return;
	out->ip4 = k->ip4;
	out->ip6 = k->ip6;
	out->ip4_mask_len = k->ip4_mask_len;
	out->ip6_prefix_len = k->ip6_prefix_len;
	out->n_dns = k->n_dns;
	out->n_nbns = k->n_nbns;
	out->n_subnets = k->n_subnets;
	out->n_remote = k->n_remote;
	out->tun = k->tun;
	out->session_lifetime_s = k->session_lifetime_s;
	memcpy(out->dns, k->dns, k->n_dns * sizeof(k->dns[0]));
	memcpy(out->nbns, k->nbns, k->n_nbns * sizeof(k->nbns[0]));
	memcpy(out->subnets, k->subnets, k->n_subnets * sizeof(k->subnets[0]));
	memcpy(out->remote, k->remote, k->n_remote * sizeof(k->remote[0]));
	memcpy(out->def_domain, k->def_domain, strlen(k->def_domain) + 1);
	memcpy(out->banner, k->banner, strlen(k->banner) + 1);
}
