#include "core/session/place.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/aaa/filter.h"
#include "core/conf/match.h"
#include "core/session/dhcp_lease.h"

#define SUBNETS_MAX (sizeof(((struct ike_grant *)0)->subnets) / sizeof(struct prefix))

enum status resolver_refuse(struct resolver *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->detail, IKE_DETAIL_LEN, fmt, ap);
	va_end(ap);
	return ST_NOT_AUTHORIZED;
}

static bool is_of_radius(const struct resolver *r)
{
	return r->ask && (r->ask->cached || r->ask->user || r->ask->group);
}

/* Whose values they are, in a sentence. */
static const char *label(struct resolver *r)
{
	const char *name = r->s->policy[0] ? r->s->policy : r->s->policy_user;

	if (!r->q)
		return "the CoA-Request";
	if (!name[0])
		return "the authorization by RADIUS";
	snprintf(r->label, sizeof(r->label), "authorization policy %.63s%s", name,
		r->s->policy[0] && r->s->policy_user[0] ? " or that of the user" : is_of_radius(r) ? " or RADIUS" : "");
	return r->label;
}

/* ---- networks --------------------------------------------------------------------------------- */

bool place_prefix(struct prefix *v, uint8_t *n, size_t max, const struct prefix *p)
{
	for (size_t i = 0; i < *n; i++) {
		if (prefix_eq(&v[i], p))
			return true;
	}
	if (*n >= max)
		return false;
	v[(*n)++] = *p;
	return true;
}

static enum status add_subnet(struct resolver *r, const struct prefix *p)
{
	struct ike_grant *g = r->grant;

	if (place_prefix(g->subnets, &g->n_subnets, SUBNETS_MAX, p))
		return ST_OK;
	return resolver_refuse(r, "%s pushes more than %zu subnets: summarize them", label(r), SUBNETS_MAX);
}

const struct iface *place_iface(const struct snapshot *conf, const char *name)
{
	for (size_t i = 0; name && i < conf->iface_count; i++) {
		if (strcmp(conf->ifaces[i].name, name) == 0)
			return &conf->ifaces[i];
	}
	return NULL;
}

/* `route set interface` (R-AZP-14): the interface's own addresses as host networks. */
static enum status add_interface(struct resolver *r, const char *name)
{
	const struct iface *i = name[0] ? place_iface(r->conf, name) : r->tun;
	enum status st = ST_OK;

	if (!i && name[0])
		return resolver_refuse(r, "%s names interface %.63s, which is not defined", label(r), name);
	if (!i)
		return ST_OK;
	const struct iface *i4 = i->unnumbered ? place_iface(r->conf, i->unnumbered) : i;
	const struct iface *i6 = i->unnumbered6 ? place_iface(r->conf, i->unnumbered6) : i;
	if (i4 && i4->ip.addr.family)
		st = add_subnet(r, &(struct prefix){i4->ip.addr, 32});
	for (size_t k = 0; i6 && k < i6->ip6_count && st == ST_OK; k++)
		st = add_subnet(r, &(struct prefix){i6->ip6[k].addr, 128});
	return st;
}

/* `route set access-list` (R-AZP-15): the networks of the permit lines. */
static enum status add_acls(struct resolver *r, const struct aaa_names *names, enum acl_kind kind)
{
	for (size_t i = 0; i < names->n; i++) {
		const struct acl *acl = snapshot_acl(r->conf, kind, names->v[i]);
		if (!acl)
			return resolver_refuse(r, "%s names %s access-list %.63s, which is not defined", label(r),
				kind == ACL_IPV6 ? "IPv6" : "standard", names->v[i]);
		for (size_t k = 0; k < acl->line_count; k++) {
			const struct acl_line *line = &acl->lines[k];
			if (line->remark || line->text || !line->permit)
				continue;
			struct prefix net = line->net;
			net.addr.family = kind == ACL_IPV6 ? 6 : 4; /* `any` may leave it open */
			enum status st = add_subnet(r, &net);
			if (st != ST_OK)
				return st;
		}
	}
	return ST_OK;
}

static enum status add_remote(struct resolver *r, const struct prefix *p)
{
	struct ike_grant *g = r->grant;

	if (place_prefix(g->remote, &g->n_remote, REMOTES_MAX, p))
		return ST_OK;
	return resolver_refuse(r, "%s has more than %d networks behind the client", label(r), REMOTES_MAX);
}

static enum status add_remotes(struct resolver *r)
{
	const struct aaa_set *a = r->set;
	enum status st = ST_OK;

	for (size_t i = 0; i < a->remotes.n && st == ST_OK; i++)
		st = add_remote(r, &a->remotes.v[i]);
	for (size_t i = 0; i < a->delegated.n && st == ST_OK; i++)
		st = add_remote(r, &a->delegated.v[i]);
	return st;
}

/* Not everything, and nothing that never goes through a tunnel. */
static bool is_network(const struct prefix *p)
{
	const struct addr *a = &p->addr;
	const struct prefix v4 = {addr_v4(0x7f000000), 8};
	const struct prefix v6 = {.addr = {.family = 6}, .len = 8}; /* ::/8: ::1, and IPv4 in IPv6 */

	return p->len != 0 && !addr_is_multicast(a) && !addr_is_link_local(a) &&
	       !prefix_contains(a->family == 4 ? &v4 : &v6, a);
}

/* All of it addresses of one client: of two equal networks the newer one counts, and so a client would have the
 * traffic of another. What is wider than that leaves the clients in it theirs. */
static bool is_of_pool(const struct snapshot *conf, const struct prefix *p)
{
	for (size_t i = 0; p->addr.family == 4 && p->len == 32 && i < conf->pool4_count; i++)
		for (size_t k = 0; k < conf->pools4[i].range_count; k++)
			if (addr_cmp(&conf->pools4[i].ranges[k].first, &p->addr) <= 0 &&
				addr_cmp(&p->addr, &conf->pools4[i].ranges[k].last) <= 0)
				return true;
	for (size_t i = 0; p->addr.family == 6 && i < conf->pool6_count; i++)
		if (p->len >= conf->pools6[i].handout_len && prefix_covers(&conf->pools6[i].prefix, p))
			return true;
	return false;
}

/* `route accept any` (R-AZP-17) for the networks of a client. More than there is room for are left out, as
 * those of `route accept` may. */
static void add_accepted(struct resolver *r)
{
	const struct ike_question *q = r->q;
	struct ike_grant *g = r->grant;

	if (!r->set->route_accept.any || !r->set->route_accept.of_clients)
		return;
	for (size_t i = 0; i < q->n_subnets; i++)
		if (is_network(&q->subnets[i]) && !is_of_pool(r->conf, &q->subnets[i]))
			(void)place_prefix(g->remote, &g->n_remote, REMOTES_MAX, &q->subnets[i]);
}

enum status place_pushed(struct resolver *r)
{
	const struct aaa_set *a = r->set;
	bool is_all = aaa_has(a, AV_SPLIT_POLICY) && a->split_policy != AAA_SPLIT_INCLUDE;
	enum status st = aaa_has(a, AV_ROUTE_INTERFACE) ? add_interface(r, a->route_interface) : ST_OK;

	if (is_all) { /* everything goes through the tunnel, perhaps but the client's own LAN */
		r->grant->include_local_lan |= a->split_policy == AAA_SPLIT_EXCLUDE;
		return st;
	}
	for (size_t i = 0; i < a->route_nets.n && st == ST_OK; i++)
		st = add_subnet(r, &a->route_nets.v[i]);
	if (st == ST_OK)
		st = add_acls(r, &a->route_lists4, ACL_STANDARD);
	return st == ST_OK ? add_acls(r, &a->route_lists6, ACL_IPV6) : st;
}

/* ---- filters and rates ------------------------------------------------------------------------ */

/* A line that cannot be judged by would be left out, and what it denies would pass. */
static enum status check_list(struct resolver *r, const struct acl *a)
{
	for (size_t i = 0; a && i < a->line_count; i++)
		if (a->lines[i].is_unusable || i >= FILTER_LINES_MAX)
			return resolver_refuse(r, "%s names access-list %.63s as filter, and it %s", label(r), a->name,
				a->lines[i].is_unusable ? "has lines that a filter cannot judge by" : "has too many lines");
	return ST_OK;
}

/* Filter-Id has no family: a name that only an IPv6 list has is that of an IPv6 filter. */
static enum status place_filter(struct resolver *r, enum aaa_filter which)
{
	struct aaa_set *a = r->set;
	char *name = a->filter[which], *other = a->filter[which + AAA_IN6];

	if (!name[0] || aaa_filter_is_lines(name))
		return ST_OK;
	const struct acl *acl4 = filter_acl(r->conf, 4, name), *acl6 = filter_acl(r->conf, 6, name);
	if (!acl4 && !acl6)
		return resolver_refuse(r, "%s names access-list %.63s as filter, which is not defined", label(r), name);
	if (acl6 && !other[0])
		(void)aaa_put_text(a, (enum aaa_item)(AV_FILTER_IN6 + (int)which), name);
	if (!acl4)
		name[0] = '\0';
	return check_list(r, acl4);
}

static enum status place_filter6(struct resolver *r, enum aaa_filter which)
{
	const char *name = r->set->filter[which];
	const struct acl *acl = filter_acl(r->conf, 6, name);

	if (!name[0] || aaa_filter_is_lines(name) || acl)
		return check_list(r, acl);
	return resolver_refuse(r, "%s names IPv6 access-list %.63s as filter, which is not defined", label(r), name);
}

enum status place_rules(struct resolver *r)
{
	enum status st = place_filter(r, AAA_IN4);

	if (st == ST_OK)
		st = place_filter(r, AAA_OUT4);
	if (st == ST_OK)
		st = place_filter6(r, AAA_IN6);
	if (st == ST_OK)
		st = place_filter6(r, AAA_OUT6);
	for (int i = 0; i < 2 && st == ST_OK; i++)
		if (r->set->service[i][0] && !snapshot_policy_map(r->conf, r->set->service[i]))
			st = resolver_refuse(r, "%s names policy-map %.63s, which is not defined", label(r), r->set->service[i]);
	for (size_t i = 0; i < r->set->quotas.n && st == ST_OK; i++)
		if (r->set->quotas.v[i].map[0] && !snapshot_policy_map(r->conf, r->set->quotas.v[i].map))
			st = resolver_refuse(r, "%s names policy-map %.63s for a quota, which is not defined", label(r),
				r->set->quotas.v[i].map);
	return st;
}

/* ---- the rest --------------------------------------------------------------------------------- */

static void copy(char *out, size_t cap, const char *text)
{
	snprintf(out, cap, "%s", text);
}

/* What only clients that understand it are sent (R-MCF-10, R-MCF-11). */
static void place_texts(struct ike_grant *g, const struct aaa_set *a)
{
	copy(g->split_dns, sizeof(g->split_dns), a->split_dns);
	copy(g->backup_gateways, sizeof(g->backup_gateways), a->backup);
	copy(g->config_url, sizeof(g->config_url), a->config_url);
	copy(g->config_version, sizeof(g->config_version), a->config_version);
	copy(g->def_domain, sizeof(g->def_domain), a->domain);
	copy(g->banner, sizeof(g->banner), a->banner);
	g->include_local_lan = a->local_lan;
	g->pfs = a->pfs;
	g->smartcard_disconnect = a->smartcard;
}

static void place_servers(struct ike_grant *g, const struct aaa_set *a)
{
	for (int i = 0; i < 2 * AAA_DNS; i++) {
		const struct addr *dns = i < AAA_DNS ? &a->dns4[i] : &a->dns6[i - AAA_DNS];
		if (dns->family)
			g->dns[g->n_dns++] = *dns;
	}
	for (int i = 0; i < 2; i++)
		if (a->wins[i].family)
			g->nbns[g->n_nbns++] = a->wins[i];
}

/* What ends it first (R-SDB-12): how long a session may be, and how long this login may. */
static uint32_t lifetime_of(const struct aaa_set *a)
{
	if (!a->lifetime_s || !a->timeout_s)
		return a->lifetime_s ? a->lifetime_s : a->timeout_s;
	return a->lifetime_s < a->timeout_s ? a->lifetime_s : a->timeout_s;
}

/* There is a device for each interface and not for each session, and it stands in one VRF. */
static enum status check_vrf(struct resolver *r)
{
	if (!aaa_has(r->set, AV_VRF) || strcmp(r->set->vrf, r->s->ivrf) == 0)
		return ST_OK;
	return resolver_refuse(r, "%s puts the session into VRF %.63s, and its interface %.63s is in %s%.63s", label(r), r->set->vrf,
		r->tun->name, r->s->ivrf[0] ? "VRF " : "none", r->s->ivrf);
}

/* What holds for everybody, and what RADIUS cannot say. */
static void place_logins(struct resolver *r)
{
	struct aaa_set *a = r->set;

	if (!aaa_has(a, AV_LOGINS) && r->conf->own.simultaneous_logins) {
		a->logins = r->conf->own.simultaneous_logins;
		a->has |= AAA_BIT(AV_LOGINS);
	}
	if (!aaa_has(a, AV_LOGINS_REFUSE))
		a->logins_refuse = r->conf->own.simultaneous_refuse;
}

/* What the configuration names has been warned of by `check`; what a server names nobody has seen before. */
static enum status check_pools(struct resolver *r)
{
	const struct aaa_set *a = r->set;

	if (is_of_radius(r) && a->pool4[0] && !snapshot_pool4(r->conf, a->pool4))
		return resolver_refuse(r, "%s names pool %.63s, which is not defined", label(r), a->pool4);
	if (is_of_radius(r) && a->pool6[0] && !snapshot_pool6(r->conf, a->pool6))
		return resolver_refuse(r, "%s names IPv6 pool %.63s, which is not defined", label(r), a->pool6);
	return ST_OK;
}

enum status place_set(struct resolver *r)
{
	const struct aaa_set *a = r->set;
	struct session *s = r->s;
	enum status st;

	if (s->we_are_initiator) { /* the peer grants the rest (R-MCF-19) */
		if (a->route_accept.any)
			s->route_distance = a->route_accept.distance;
		return ST_OK;
	}
	place_texts(r->grant, a);
	place_servers(r->grant, a);
	if (text_set(&s->pool4, a->pool4) || text_set(&s->pool6, a->pool6))
		return ST_NOMEM;
	s->mask_len = a->mask4;
	s->idle_timeout_s = a->idle_s;
	s->reconnect_s = a->disconnected_s;
	place_logins(r);
	r->grant->session_lifetime_s = lifetime_of(a);
	r->grant->session_reauth = a->reauth && a->timeout_s && lifetime_of(a) == a->timeout_s;
	st = aaa_has(a, AV_FLOW_LIMIT) && a->flow_limit == 0 /* R-AZP-10 */
		? resolver_refuse(r, "%s allows no IPsec SA (ipsec flow-limit 0)", label(r)) : check_vrf(r);
	if (st == ST_OK)
		st = check_pools(r);
	if (st == ST_OK)
		st = dhcp_lease_apply(s, a);
	if (st == ST_OK)
		st = place_pushed(r);
	if (st == ST_OK)
		st = add_remotes(r);
	if (st == ST_OK)
		st = place_rules(r);
	if (st == ST_OK)
		add_accepted(r);
	return st;
}
