/* Names that lead nowhere. A forward reference is legal, one that is never fulfilled is a warning:
 * what uses it fails with a status of its own. */
#include <stdio.h>
#include <string.h>

#include "core/conf/argument.h"
#include "core/conf/check.h"
#include "core/conf/logging.h"
#include "core/conf/match.h"

/* With its NUL the kernel has 16 bytes for it. */
#define INTERFACE_NAME_MAX 15

static void missing(struct parse *ps, const char *name, const char *what)
{
	char text[CONF_TEXT];
	snprintf(text, sizeof(text), "%s that is not defined:", what);
	check_say(ps, CONF_WARNING, name, text, "");
}

static void want_trustpoint(struct parse *ps, const char *name)
{
	if (name && !snapshot_trustpoint(ps->s, name))
		missing(ps, name, "trustpoint");
}

static void want_vrf(struct parse *ps, const char *name)
{
	if (name && !snapshot_vrf(ps->s, name))
		missing(ps, name, "VRF");
}

static void want_map(struct parse *ps, const char *name)
{
	if (!snapshot_cert_map(ps->s, name))
		missing(ps, name, "certificate map");
}

/* R-CFG-16: an unknown list falls back to `default`, never silently. */
static void want_list(struct parse *ps, enum aaa_kind kind, const char *name)
{
	if (!name || snapshot_aaa_list(ps->s, kind, name))
		return;
	bool fallback = snapshot_aaa_list(ps->s, kind, "default") != NULL;
	missing(ps, name, fallback ? "list `default` is used instead of the AAA list" : "AAA list");
}

static bool list_is_local(const struct snapshot *s, const char *name)
{
	const struct aaa_list *l = snapshot_aaa_list(s, AAA_AUTHOR_NETWORK, name);
	for (size_t i = 0; l && i < l->methods.n; i++)
		if (strcmp(l->methods.v[i], "local") == 0)
			return true;
	return false;
}

static void want_author(struct parse *ps, const struct aaa_author *a, bool group)
{
	if (!a->list)
		return;
	want_list(ps, AAA_AUTHOR_NETWORK, a->list);
	if (group && a->username && list_is_local(ps->s, a->list) &&
		!snapshot_authz(ps->s, a->username))
		missing(ps, a->username, "authorization policy");
}

static void profile_refs(struct parse *ps, const struct ike_profile *p)
{
	const struct snapshot *s = ps->s;
	want_vrf(ps, p->fvrf.kind == VRF_NAMED ? p->fvrf.name : NULL);
	want_vrf(ps, p->ivrf);
	if (p->keyring_kind == KEYRING_LOCAL && !snapshot_keyring(s, p->keyring))
		missing(ps, p->keyring, "keyring");
	if (p->keyring_ppk && !snapshot_keyring(s, p->keyring_ppk))
		missing(ps, p->keyring_ppk, "keyring");
	if (p->keyring_kind == KEYRING_AAA)
		want_list(ps, AAA_AUTHOR_NETWORK, p->keyring);
	for (size_t i = 0; i < p->trustpoint_count; i++)
		want_trustpoint(ps, p->trustpoints[i].name);
	for (size_t i = 0; i < p->remote_count; i++)
		if (p->remotes[i].kind == ID_CERT_MAP)
			want_map(ps, p->remotes[i].text);
	want_list(ps, AAA_AUTHEN_LOGIN, p->eap_authen_list);
	want_list(ps, AAA_AUTHEN_LOGIN, p->anyconnect_authen_list);
	for (size_t m = 0; m < AAA_METHODS; m++) {
		want_list(ps, AAA_ACCT_NETWORK, p->accounting[m]);
		want_author(ps, &p->user[m], false);
		want_author(ps, &p->group[m], true);
	}
	if (!p->virtual_template && !profile_tunnel(s, p->name, NULL)) {
		check_say(ps, CONF_WARNING, p->name,
			"profile without a virtual-template: nobody can connect to", "");
	}
	if (!p->virtual_template)
		return;
	const struct iface *t = snapshot_iface(s, IFACE_TEMPLATE, p->virtual_template);
	if (!t)
		check_say(ps, CONF_WARNING, p->name,
			"the virtual-template is not defined, of profile", "");
	else if (!t->protection)
		check_say(ps, CONF_WARNING, t->name,
			"tunnel protection is missing: nobody can connect to",
			"tunnel protection ipsec profile default");
}

/* R-MCF-12: a pool that fails does not lead to the server. */
static void check_dhcp(struct parse *ps, const struct authz_policy *p)
{
	struct addr a;
	if (!p->dhcp_server)
		return;
	if (addr_parse(p->dhcp_server, &a) == ST_OK && a.family != 4)
		check_say(ps, CONF_ERROR, p->dhcp_server, "a DHCP server is asked by IPv4, this is another address:", "");
	if (p->pool)
		check_say(ps, CONF_WARNING, p->dhcp_server, "the policy has a pool, and so this DHCP server is not asked:", "");
}

/* A limit that nothing holds to would be worse than one that is refused. */
static void quota_refs(struct parse *ps, const struct authz_policy *p)
{
	for (size_t i = 0; i < p->quota_count; i++)
		if (p->quotas[i].map && !snapshot_policy_map(ps->s, p->quotas[i].map))
			check_say(ps, CONF_ERROR, p->quotas[i].map, "policy map that is not defined:", "");
}

static void authz_refs(struct parse *ps, const struct authz_policy *p)
{
	const struct snapshot *s = ps->s;
	if (p->pool && !snapshot_pool4(s, p->pool))
		missing(ps, p->pool, "pool");
	if (p->pool6 && !snapshot_pool6(s, p->pool6))
		missing(ps, p->pool6, "IPv6 pool");
	check_dhcp(ps, p);
	quota_refs(ps, p);
	for (size_t i = 0; i < p->route_acls.n; i++) {
		const char *name = p->route_acls.v[i];
		if (snapshot_acl(s, ACL_EXTENDED, name)) /* */
			check_say(ps, CONF_ERROR, name,
				"a standard list is needed, this one is extended:",
				"ip access-list standard");
		else if (!snapshot_acl(s, ACL_STANDARD, name))
			missing(ps, name, "access list");
	}
	for (size_t i = 0; i < p->route_acls6.n; i++)
		if (!snapshot_acl(s, ACL_IPV6, p->route_acls6.v[i]))
			missing(ps, p->route_acls6.v[i], "IPv6 access list");
	if (p->attribute_list && !snapshot_attribute_list(s, p->attribute_list))
		missing(ps, p->attribute_list, "attribute list");
}

static void tunnel_warn(struct parse *ps, const struct iface *i, const char *text, const char *hint)
{
	check_say(ps, CONF_WARNING, i->name, text, hint);
}

static bool is_dynamic(const char *where)
{
	return !where || strcmp(where, "dynamic") == 0;
}

static void check_tunnel(struct parse *ps, const struct iface *i)
{
	const struct ipsec_profile *p = snapshot_ipsec_profile(ps->s, i->protection);
	if (!i->protection)
		tunnel_warn(ps, i, "tunnel protection is missing: nothing goes through",
			"tunnel protection ipsec profile NAME");
	else if (p && !p->ike_profile && !is_dynamic(i->tunnel_destination)) /* R-CFG-13 */
		tunnel_warn(ps, i, "its IPsec profile names no IKEv2 profile: it cannot connect,",
			"set ikev2-profile NAME in the IPsec profile");
	if (i->tunnel_mode == TM_DEFAULT)
		tunnel_warn(ps, i, "IPsec without GRE is used, because no mode is named, in",
			"tunnel mode ipsec ipv4");
	if (i->tunnel_source && strchr(i->tunnel_source, '/'))
		tunnel_warn(ps, i, "the host has no interface of that name, it chooses the source of",
			"tunnel source ADDRESS, or the name of an interface of the host");
}

/* Each line of a policy becomes an IPsec SA. */
static void policy_refs(struct parse *ps, const struct iface *i, uint8_t family)
{
	const char *name = family == 4 ? i->policy4 : i->policy6;
	const struct acl *a = iface_policy(ps->s, i, family);
	struct prefix from, to;
	if (name && !a)
		missing(ps, name, family == 4 ? "extended access list" : "IPv6 access list");
	for (size_t k = 0; a && k < a->line_count; k++) {
		const struct acl_line *l = &a->lines[k];
		if (!l->remark && (!l->permit || !acl_line_pair(a, l, &from, &to)))
			check_say(ps, CONF_ERROR, name,
				"a line that cannot be the selectors of an IPsec SA, in access list",
				family == 4 ? "permit ip NETWORK WILDCARD NETWORK WILDCARD"
					    : "permit ipv6 PREFIX PREFIX");
	}
}

static void iface_refs(struct parse *ps, const struct iface *i)
{
	const struct snapshot *s = ps->s;
	uint8_t kind;
	uint32_t number;
	want_vrf(ps, i->vrf);
	want_vrf(ps, i->tunnel_vrf);
	if (i->kind == IFACE_TEMPLATE && (i->tunnel_source || i->tunnel_destination))
		check_say(ps, CONF_WARNING, i->name,
			"tunnel source and destination have no meaning in a template:",
			"a session uses the addresses it came by");
	if (i->kind == IFACE_TEMPLATE && i->tunnel_vrf)
		check_say(ps, CONF_WARNING, i->name,
			"tunnel vrf has no meaning in a template:", "the IKEv2 profile says the outer VRF");
	if (i->proxy_arp && strlen(i->proxy_arp) > INTERFACE_NAME_MAX)
		check_say(ps, CONF_ERROR, i->proxy_arp, "no interface of a host has a name that long:",
			i->proxy_arp);
	if (i->kind != IFACE_TEMPLATE && (i->proxy_arp || i->multicast))
		check_say(ps, CONF_WARNING, i->name, "has no clients, so that this has no meaning:",
			i->proxy_arp ? "sallyport proxy-arp" : "sallyport multicast permit");
	if (i->kind == IFACE_TUNNEL && !i->shutdown)
		check_tunnel(ps, i);
	policy_refs(ps, i, 4);
	policy_refs(ps, i, 6);
	const struct ipsec_profile *p = snapshot_ipsec_profile(s, i->protection);
	if (i->protection && !p)
		missing(ps, i->protection, "IPsec profile");
	else if (p && p->disabled)
		check_say(ps, CONF_WARNING, i->protection,
			"IPsec profile is switched off:", "default crypto ipsec profile default");
	if (i->unnumbered &&
		iface_name_parse(i->unnumbered, strlen(i->unnumbered), &kind, &number) &&
		!snapshot_iface(s, kind, number))
		check_say(ps, CONF_WARNING, i->name,
			"ip unnumbered names an interface that is not defined, in", "");
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static void route_refs(struct parse *ps, const struct static_route *r)
{
	const struct iface *i = snapshot_iface(ps->s, IFACE_TUNNEL, r->tunnel);
	if (i && same_text(i->vrf, r->vrf))
		return;
	check_say(ps, CONF_WARNING, r->ifname,
		i ? "route that is not set, its VRF is not that of" : "route through a tunnel that is not defined:",
		"");
}

static const struct iface *iface_named(const struct snapshot *s, const char *name)
{
	for (size_t i = 0; name && i < s->iface_count; i++)
		if (strcmp(s->ifaces[i].name, name) == 0)
			return &s->ifaces[i];
	return NULL;
}

static const struct flex_client *owner_before(const struct snapshot *s, const struct flex_client *f)
{
	for (const struct flex_client *o = s->clients; o < f; o++)
		if (o->tunnel && strcmp(o->tunnel, f->tunnel) == 0)
			return o;
	return NULL;
}

static void client_tunnel(struct parse *ps, const struct flex_client *f)
{
	const struct iface *i = iface_named(ps->s, f->tunnel);
	const struct ipsec_profile *p = i ? snapshot_ipsec_profile(ps->s, i->protection) : NULL;
	if (!i || i->kind != IFACE_TUNNEL) {
		missing(ps, f->tunnel, "tunnel interface");
		return;
	}
	if (owner_before(ps->s, f)) /* R-CLI-01 */
		check_say(ps, CONF_WARNING, f->tunnel, "another client has this tunnel, this one is not used:",
			"");
	if (!is_dynamic(i->tunnel_destination))
		check_say(ps, CONF_WARNING, f->tunnel, "the peers of the client count, not the destination of",
			"tunnel destination dynamic");
	if (p && !p->ike_profile) /* R-CFG-13 */
		check_say(ps, CONF_WARNING, f->tunnel, "its IPsec profile names no IKEv2 profile: it cannot connect,",
			"set ikev2-profile NAME in the IPsec profile");
}

static void client_refs(struct parse *ps, const struct flex_client *f)
{
	if (!f->peer_count)
		check_say(ps, CONF_WARNING, f->name, "client without a peer:", "peer 1 ADDRESS");
	if (f->tunnel)
		client_tunnel(ps, f);
	else
		check_say(ps, CONF_WARNING, f->name, "client without a tunnel:", "client connect TunnelN");
}

static void ike_refs(struct parse *ps)
{
	const struct snapshot *s = ps->s;
	for (size_t i = 0; i < s->policy_count; i++) {
		const struct ike_policy *p = &s->policies[i];
		size_t usable = 0;
		want_vrf(ps, p->fvrf.kind == VRF_NAMED ? p->fvrf.name : NULL);
		for (size_t k = 0; k < p->proposals.n; k++) {
			const struct ike_proposal *q = snapshot_proposal(s, p->proposals.v[k]);
			if (!q)
				missing(ps, p->proposals.v[k], "proposal");
			usable += q && q->complete && !q->disabled;
		}
		if (!usable && p->complete && !p->disabled)
			check_say(ps, CONF_WARNING, p->name,
				"none of the proposals can be used, of policy", "");
	}
	for (size_t i = 0; i < s->ipsec_profile_count; i++) {
		const struct ipsec_profile *p = &s->ipsec_profiles[i];
		for (size_t k = 0; k < p->sets.n; k++)
			if (!snapshot_transform_set(s, p->sets.v[k]))
				missing(ps, p->sets.v[k], "transform set");
		if (p->ike_profile && !snapshot_profile(s, p->ike_profile))
			missing(ps, p->ike_profile, "IKEv2 profile");
	}
}

/* An address that the interface here can lend to a message of this family. */
static bool has_address(const struct iface *i, const struct log_settings *log)
{
	for (size_t k = 0; k < log->host_count; k++)
		if (log->hosts[k].addr.family == 4 ? i->ip.addr.family != 0 : i->ip6_count != 0)
			return true;
	return log->host_count == 0;
}

static void source_refs(struct parse *ps, const struct log_source *source)
{
	uint8_t kind;
	uint32_t number;
	const struct iface *i = NULL;
	want_vrf(ps, source->vrf);
	if (iface_name_parse(source->ifname, strlen(source->ifname), &kind, &number))
		i = snapshot_iface(ps->s, kind, number);
	if (!i || !has_address(i, &ps->s->log))
		check_say(ps, CONF_WARNING, source->ifname,
			i ? "interface without an address for this, the host chooses one:"
			  : "interface that is not defined here, the host chooses the address:",
			"");
}

/* R-LOG-07: without its topics an export says little, and nobody looks for the reason there. */
static void logging_refs(struct parse *ps)
{
	const struct snapshot *s = ps->s;
	const struct log_settings *log = &s->log;
	for (size_t i = 0; i < log->host_count; i++)
		want_vrf(ps, log->hosts[i].vrf);
	for (size_t i = 0; i < log->source_count; i++)
		source_refs(ps, &log->sources[i]);
	if (log->on && (log->host_count || log->local) && !s->ike.logging_ikev2 &&
		!s->ike.logging_session)
		check_say(ps, CONF_WARNING, place_of_logging,
			"only the headend's own events are exported by",
			"add `crypto logging session`, `crypto logging ikev2`");
	if (log->origin == LOG_ORIGIN_IP && !log_own_address(s).family)
		check_say(ps, CONF_WARNING, place_of_logging,
			"`origin-id ip` finds no address, the host name is used by",
			"`logging source-interface` or `sallyport listen` gives one");
}

static void redirect_refs(struct parse *ps)
{
	const struct snapshot *s = ps->s;
	bool wanted = s->ike.redirect_init || s->ike.redirect_auth;
	for (size_t i = 0; i < s->profile_count; i++)
		wanted |= s->profiles[i].redirect_auth;
	if (wanted && s->own.redirect_count == 0)
		check_say(ps, CONF_WARNING, place_of_redirect, "nobody is redirected by",
			"`sallyport redirect target` says where to");
}

void check_references(struct parse *ps)
{
	const struct snapshot *s = ps->s;
	ike_refs(ps);
	for (size_t i = 0; i < s->profile_count; i++)
		profile_refs(ps, &s->profiles[i]);
	for (size_t i = 0; i < s->radius_server_count; i++) {
		want_trustpoint(ps, s->radius_servers[i].tls.client);
		want_trustpoint(ps, s->radius_servers[i].tls.server);
	}
	for (size_t i = 0; i < s->trustpoint_count; i++)
		for (size_t k = 0; k < s->trustpoints[i].maps.n; k++)
			want_map(ps, s->trustpoints[i].maps.v[k]);
	for (size_t i = 0; i < s->authz_count; i++)
		authz_refs(ps, &s->authz[i]);
	for (size_t i = 0; i < s->iface_count; i++)
		iface_refs(ps, &s->ifaces[i]);
	for (size_t i = 0; i < s->client_count; i++)
		client_refs(ps, &s->clients[i]);
	for (size_t i = 0; i < s->route_count; i++) {
		want_vrf(ps, s->routes[i].vrf);
		route_refs(ps, &s->routes[i]);
	}
	for (size_t i = 0; i < s->own.listen_count; i++)
		want_vrf(ps, s->own.listen[i].vrf);
	check_qos(ps);
	check_aaa(ps);
	logging_refs(ps);
	redirect_refs(ps);
}
