#include "core/ike/grant.h"

#include <string.h>

#include "core/base/mem.h"

/* Text goes in its length, not in the room that there is for it. */
static const char *put_text(uint8_t **at, const char *text)
{
	size_t len = strlen(text) + 1;
	char *to = (char *)*at;

	memcpy(to, text, len);
	*at += len;
	return to;
}

static size_t text_len(const struct ike_grant *g)
{
	return strlen(g->def_domain) + strlen(g->banner) + strlen(g->split_dns) +
	       strlen(g->backup_gateways) + strlen(g->config_url) + strlen(g->config_version) + 6;
}

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
	struct kept_grant *k = mem_new(sizeof(*k) + dns + nbns + subnets + remote + text_len(g));
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
		.session_reauth = g->session_reauth,
		.has_flow_limit = g->has_flow_limit,
		.flow_limit = g->flow_limit,
		.include_local_lan = g->include_local_lan,
		.pfs = g->pfs,
		.smartcard_disconnect = g->smartcard_disconnect,
		.allows_ip4 = g->allows_ip4,
		.allows_ip6 = g->allows_ip6,
		.server_ip4 = g->server_ip4,
		.server_ip6 = g->server_ip6,
	};
	at = (uint8_t *)(k + 1);
	k->dns = put(&at, g->dns, dns);
	k->nbns = put(&at, g->nbns, nbns);
	k->subnets = put(&at, g->subnets, subnets);
	k->remote = put(&at, g->remote, remote);
	k->def_domain = put_text(&at, g->def_domain);
	k->banner = put_text(&at, g->banner);
	k->split_dns = put_text(&at, g->split_dns);
	k->backup_gateways = put_text(&at, g->backup_gateways);
	k->config_url = put_text(&at, g->config_url);
	k->config_version = put_text(&at, g->config_version);
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
	out->session_reauth = k->session_reauth;
	out->has_flow_limit = k->has_flow_limit;
	out->flow_limit = k->flow_limit;
	memcpy(out->dns, k->dns, k->n_dns * sizeof(k->dns[0]));
	memcpy(out->nbns, k->nbns, k->n_nbns * sizeof(k->nbns[0]));
	memcpy(out->subnets, k->subnets, k->n_subnets * sizeof(k->subnets[0]));
	memcpy(out->remote, k->remote, k->n_remote * sizeof(k->remote[0]));
	out->include_local_lan = k->include_local_lan;
	out->pfs = k->pfs;
	out->smartcard_disconnect = k->smartcard_disconnect;
	out->allows_ip4 = k->allows_ip4;
	out->allows_ip6 = k->allows_ip6;
	out->server_ip4 = k->server_ip4;
	out->server_ip6 = k->server_ip6;
	memcpy(out->def_domain, k->def_domain, strlen(k->def_domain) + 1);
	memcpy(out->banner, k->banner, strlen(k->banner) + 1);
	memcpy(out->split_dns, k->split_dns, strlen(k->split_dns) + 1);
	memcpy(out->backup_gateways, k->backup_gateways, strlen(k->backup_gateways) + 1);
	memcpy(out->config_url, k->config_url, strlen(k->config_url) + 1);
	memcpy(out->config_version, k->config_version, strlen(k->config_version) + 1);
}
