#include "core/session/authorize.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/conf/match.h"
#include "core/ike/id_text.h"
#include "core/session/dhcp_lease.h"
#include "core/wire/auth.h"

#define SUBNETS_MAX (sizeof(((struct ike_grant *)0)->subnets) / sizeof(struct prefix))
#define REMOTES_MAX (IKE_TS_MAX - 2) /* two places are for the leases */

/* Which lines of the profile count. What nobody has said yet is a shared key. */
static enum aaa_method method_of(uint8_t auth_method)
{
	switch (auth_method) {
	case 0:
	case AUTHM_PSK: return AAA_PSK;
	case AUTHM_EAP_SHOWN: return AAA_EAP;
	default: return AAA_CERT;
	}
}

struct resolver {
	const struct snapshot *conf;
	const struct ike_question *q;
	const struct iface *tun; /* NULL: initiator without one */
	enum aaa_method method;  /* how the peer has authenticated */
	struct session *s;
	struct ike_grant *grant;
	struct addr dns[2];
	struct addr dns6[2];
	char *detail;
};

__attribute__((format(printf, 2, 3))) static enum status refuse(
	struct resolver *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->detail, IKE_DETAIL_LEN, fmt, ap);
	va_end(ap);
	return ST_NOT_AUTHORIZED;
}

/* Names of configuration objects fit (the parser refuses longer ones). */
static void set_name(char out[SESSION_NAME], const char *name)
{
	snprintf(out, SESSION_NAME, "%s", name ? name : "");
}

/* ---- what a policy gives -------------------------------------------------------------------- */

static bool add_prefix(struct prefix *v, uint8_t *n, size_t max, const struct prefix *p)
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

static enum status add_subnet(
	struct resolver *r, const struct authz_policy *a, const struct prefix *p)
{
	struct ike_grant *g = r->grant;

	if (add_prefix(g->subnets, &g->n_subnets, SUBNETS_MAX, p))
		return ST_OK;
	return refuse(r, "authorization policy %.63s pushes more than %zu subnets: summarize them",
		a->name, SUBNETS_MAX);
}

static const struct iface *iface_named(const struct snapshot *conf, const char *name)
{
	for (size_t i = 0; name && i < conf->iface_count; i++) {
		if (strcmp(conf->ifaces[i].name, name) == 0)
			return &conf->ifaces[i];
	}
	return NULL;
}

/* `route set interface` (R-AZP-14): the interface's own addresses as host networks. */
static enum status add_interface(struct resolver *r, const struct authz_policy *a)
{
	const struct iface *i =
		a->route_set_ifname ? iface_named(r->conf, a->route_set_ifname) : r->tun;
	enum status st = ST_OK;

	if (!i && a->route_set_ifname)
		return refuse(r,
			"authorization policy %.63s names interface %.63s, which is not defined",
			a->name, a->route_set_ifname);
	if (!i)
		return ST_OK;
	const struct iface *i4 = i->unnumbered ? iface_named(r->conf, i->unnumbered) : i;
	const struct iface *i6 = i->unnumbered6 ? iface_named(r->conf, i->unnumbered6) : i;
	if (i4 && i4->ip.addr.family)
		st = add_subnet(r, a, &(struct prefix){i4->ip.addr, 32});
	for (size_t k = 0; i6 && k < i6->ip6_count && st == ST_OK; k++)
		st = add_subnet(r, a, &(struct prefix){i6->ip6[k].addr, 128});
	return st;
}

/* `route set access-list` (R-AZP-15): the networks of the permit lines. */
static enum status add_acls(struct resolver *r, const struct authz_policy *a,
	const struct str_list *names, enum acl_kind kind)
{
	for (size_t i = 0; i < names->n; i++) {
		const struct acl *acl = snapshot_acl(r->conf, kind, names->v[i]);
		if (!acl)
			return refuse(r,
				"authorization policy %.63s names %s access-list %.63s, which is "
				"not defined",
				a->name, kind == ACL_IPV6 ? "IPv6" : "standard", names->v[i]);
		for (size_t k = 0; k < acl->line_count; k++) {
			const struct acl_line *line = &acl->lines[k];
			if (line->remark || line->text || !line->permit)
				continue;
			struct prefix net = line->net;
			net.addr.family = kind == ACL_IPV6 ? 6 : 4; /* `any` may leave it open */
			enum status st = add_subnet(r, a, &net);
			if (st != ST_OK)
				return st;
		}
	}
	return ST_OK;
}

static enum status add_remotes(struct resolver *r, const struct authz_policy *a)
{
	struct ike_grant *g = r->grant;

	for (size_t i = 0; i < a->remote_count; i++) {
		if (!add_prefix(g->remote, &g->n_remote, REMOTES_MAX, &a->remotes[i]))
			return refuse(r,
				"authorization policy %.63s has more than %d `route set remote`",
				a->name, REMOTES_MAX);
	}
	return ST_OK;
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

/* `route accept any` (R-AZP-17) for the networks of a client. The policy `default` has the line without
 * anybody having written it: there it is about the peers that we connect to. More than there is room
 * for are left out, as those of `route accept` may. */
static void add_accepted(struct resolver *r, const struct authz_policy *a)
{
	const struct ike_question *q = r->q;
	struct ike_grant *g = r->grant;

	if (!a->route_accept || strcmp(a->name, "default") == 0)
		return;
	for (size_t i = 0; i < q->n_subnets; i++)
		if (is_network(&q->subnets[i]) && !is_of_pool(r->conf, &q->subnets[i]))
			(void)add_prefix(g->remote, &g->n_remote, REMOTES_MAX, &q->subnets[i]);
}

static enum status add_pushed(struct resolver *r, const struct authz_policy *a)
{
	enum status st = a->route_set_interface ? add_interface(r, a) : ST_OK;

	if (st == ST_OK)
		st = add_acls(r, a, &a->route_acls, ACL_STANDARD);
	return st == ST_OK ? add_acls(r, a, &a->route_acls6, ACL_IPV6) : st;
}

/* The names of a list with commas between them. The configuration keeps it as short as there is room. */
static void join(char out[IKE_LIST_LEN], const struct str_list *l)
{
	size_t len = 0;

	if (l->n == 0)
		return;
	out[0] = '\0';
	for (size_t i = 0; i < l->n && len < IKE_LIST_LEN; i++)
		len += (size_t)snprintf(out + len, IKE_LIST_LEN - len, "%s%s", i ? "," : "", l->v[i]);
}

/* What only clients that understand it are sent (R-MCF-10, R-MCF-11). */
static void apply_extras(struct ike_grant *g, const struct authz_policy *a)
{
	join(g->split_dns, &a->split_dns);
	join(g->backup_gateways, &a->backup_gateways);
	if (a->config_url)
		snprintf(g->config_url, sizeof(g->config_url), "%s", a->config_url);
	if (a->config_version)
		snprintf(g->config_version, sizeof(g->config_version), "%s", a->config_version);
	g->include_local_lan |= a->include_local_lan;
	g->pfs |= a->pfs;
	g->smartcard_disconnect |= a->smartcard_disconnect;
}

/* The later policy wins where both say something; networks add up (R-AZN-10). */
static enum status apply(struct resolver *r, const struct authz_policy *a)
{
	struct session *s = r->s;
	enum status st;

	if (s->we_are_initiator) { /* the peer grants the rest (R-MCF-19) */
		if (a->route_accept)
			s->route_distance = a->accept_distance;
		return ST_OK;
	}
	apply_extras(r->grant, a);
	if (a->pool)
		set_name(s->pool4, a->pool);
	if (a->pool6)
		set_name(s->pool6, a->pool6);
	if (a->dns[0].family)
		memcpy(r->dns, a->dns, sizeof(r->dns));
	if (a->dns6[0].family)
		memcpy(r->dns6, a->dns6, sizeof(r->dns6));
	if (a->wins[0].family) {
		memcpy(r->grant->nbns, a->wins, sizeof(r->grant->nbns));
		r->grant->n_nbns = a->wins[1].family ? 2 : 1;
	}
	if (a->netmask.family && mask_to_len(&a->netmask, &s->mask_len) != ST_OK)
		return refuse(r, "the netmask of authorization policy %.63s has holes", a->name);
	if (a->def_domain)
		snprintf(r->grant->def_domain, sizeof(r->grant->def_domain), "%s", a->def_domain);
	if (a->banner)
		snprintf(r->grant->banner, sizeof(r->grant->banner), "%s", a->banner);
	if (a->session_lifetime_s)
		r->grant->session_lifetime_s = a->session_lifetime_s;
	st = dhcp_lease_apply(s, &(struct dhcp_policy){a->dhcp_server, a->dhcp_giaddr, a->dhcp_timeout_s});
	if (st == ST_OK)
		st = add_pushed(r, a);
	if (st == ST_OK)
		st = add_remotes(r, a);
	if (st == ST_OK)
		add_accepted(r, a);
	return st;
}

/* ---- which policies ------------------------------------------------------------------------- */

enum list_says { LIST_LOCAL, LIST_NONE, LIST_REFUSED };

/* The first method that this program can ask. A name without a list means `default` (R-CFG-16; the
 * check of the configuration warns). */
static enum list_says ask_list(struct resolver *r, const char *name)
{
	const struct aaa_list *l = snapshot_aaa_list(r->conf, AAA_AUTHOR_NETWORK, name);

	if (!l)
		l = snapshot_aaa_list(r->conf, AAA_AUTHOR_NETWORK, "default");
	if (!l) {
		(void)refuse(r, "there is no `aaa authorization network %.63s ...`", name);
		return LIST_REFUSED;
	}
	for (size_t i = 0; i < l->methods.n; i++) {
		if (strcmp(l->methods.v[i], "local") == 0)
			return LIST_LOCAL;
		if (strcmp(l->methods.v[i], "none") == 0)
			return LIST_NONE;
	}
	(void)refuse(r,
		"authorization list %.63s has no method `local`, and RADIUS is not available",
		l->name);
	return LIST_REFUSED;
}

/* The policy that an `aaa authorization` line asks for; *out NULL: none. A group that does not
 * exist is refused; a user without a policy of his own has the group's. */
static enum status find_policy(struct resolver *r, const struct aaa_author *a, bool is_group,
	const struct authz_policy **out)
{
	const char *name = a->username;

	*out = NULL;
	if (!a->list)
		return ST_OK;
	if (a->mangler)
		return refuse(
			r, "name-mangler %.63s of the authorization is not available", a->mangler);
	enum list_says says = ask_list(r, a->list);
	if (says != LIST_LOCAL)
		return says == LIST_NONE ? ST_OK : ST_NOT_AUTHORIZED;
	if (!name) /* R-AZN-06; or what a script or EAP calls the user. The whole: no other's that begins so */
		name = r->s->username;
	*out = snapshot_authz(r->conf, name);
	if (*out && (*out)->disabled)
		*out = NULL;
	if (*out || !is_group)
		return ST_OK;
	return refuse(r,
		"authorization policy %.63s is not defined: add `crypto ikev2 authorization policy "
		"%.63s`",
		name, name);
}

typedef enum status apply_one(struct resolver *r, const struct authz_policy *a);

static enum status apply_policies(struct resolver *r, const struct ike_profile *p, apply_one *one)
{
	const struct aaa_author *user = &p->user[r->method], *group = &p->group[r->method];
	const struct authz_policy *order[2], *of_user, *of_group;
	enum status st = find_policy(r, group, true, &of_group);

	if (st == ST_OK)
		st = find_policy(r, user, false, &of_user);
	if (st != ST_OK)
		return st;
	if (!group->list) { /* R-CFG-03 */
		of_group = snapshot_authz(r->conf, "default");
		if (of_group && of_group->disabled)
			of_group = NULL;
	}
	set_name(r->s->policy, of_group ? of_group->name : NULL);
	set_name(r->s->policy_user, of_user ? of_user->name : NULL);
	/* R-AZN-09: the later one wins. */
	order[0] = group->override ? of_user : of_group;
	order[1] = group->override ? of_group : of_user;
	for (int i = 0; i < 2 && st == ST_OK; i++)
		st = order[i] ? one(r, order[i]) : ST_OK;
	return st;
}

/* ---- where its traffic goes ----------------------------------------------------------------- */

/* Who connects says through which tunnel; who is connected to has the one that suits the peer. */
static const struct iface *tunnel_of(const struct snapshot *conf, const struct ike_question *q)
{
	const struct iface *f;

	if (!q->we_are_initiator || !q->tun)
		return profile_tunnel(conf, q->profile, q->we_are_initiator ? NULL : &q->remote.addr);
	f = snapshot_iface(conf, IFACE_TUNNEL, q->tun - SESSION_TUN_TUNNEL);
	return f && !f->shutdown ? f : NULL;
}

static enum status find_device(
	struct resolver *r, const struct ike_profile *p, const struct ike_question *q)
{
	uint32_t n = p->virtual_template;
	const struct iface *tunnel =
		q->we_are_initiator || n == 0 ? tunnel_of(r->conf, q) : NULL;

	if (tunnel) {
		r->tun = tunnel;
		r->grant->tun = SESSION_TUN_TUNNEL + tunnel->number;
	} else if (q->tun) {
		return refuse(r, "interface Tunnel%u is gone", (unsigned)(q->tun - SESSION_TUN_TUNNEL));
	} else if (n == 0 && profile_tunnel(r->conf, p->name, NULL)) {
		return refuse(r,
			"the peer is not the `tunnel destination` of an interface that uses profile "
			"%.63s",
			p->name);
	} else if (n == 0) {
		return refuse(r,
			"profile %.63s has no `virtual-template`: there is nowhere to put its "
			"traffic",
			p->name);
	} else {
		r->tun = snapshot_iface(r->conf, IFACE_TEMPLATE, n);
		r->grant->tun = n;
		if (!r->tun || r->tun->shutdown)
			return refuse(r, "interface Virtual-Template%u of profile %.63s is %s",
				(unsigned)n, p->name, r->tun ? "shut down" : "not defined");
	}
	/* The device stands in the VRF of its interface, and there addresses must differ. */
	set_name(r->s->ivrf, r->tun->vrf);
	return ST_OK;
}

/* Our own addresses on its side of the tunnel. */
static void put_server(struct resolver *r)
{
	const struct iface *i4 = r->tun->unnumbered ? iface_named(r->conf, r->tun->unnumbered) : r->tun;
	const struct iface *i6 = r->tun->unnumbered6 ? iface_named(r->conf, r->tun->unnumbered6) : r->tun;

	if (i4)
		r->grant->server_ip4 = i4->ip.addr;
	if (i6 && i6->ip6_count)
		r->grant->server_ip6 = i6->ip6[0].addr;
}

static void finish(struct resolver *r)
{
	struct ike_grant *g = r->grant;
	struct prefix any4 = {.addr.family = 4}, any6 = {.addr.family = 6};

	for (int i = 0; i < 4; i++) {
		const struct addr *a = i < 2 ? &r->dns[i] : &r->dns6[i - 2];
		if (a->family)
			g->dns[g->n_dns++] = *a;
	}
	dhcp_lease_choose(r->s);
	put_server(r);
	/* The peer of a tunnel is a site: what is behind it is a matter of routes (R-LEG-04). */
	if (r->tun->kind == IFACE_TUNNEL && g->n_remote == 0) {
		(void)add_prefix(g->remote, &g->n_remote, REMOTES_MAX, &any4);
		(void)add_prefix(g->remote, &g->n_remote, REMOTES_MAX, &any6);
	}
}

enum status authorize_resolve(const struct snapshot *conf, const struct ike_question *q,
	struct session *s, struct ike_grant *grant, char detail[IKE_DETAIL_LEN])
{
	const struct ike_profile *p = snapshot_profile(conf, q->profile);
	struct resolver r = {.conf = conf, .q = q, .s = s, .grant = grant, .detail = detail, .method = method_of(q->peer_method)};
	enum status st;

	if (!p) {
		snprintf(detail, IKE_DETAIL_LEN, "profile %.63s is gone", q->profile);
		return ST_NO_PROFILE;
	}
	set_name(s->profile, p->name);
	if (q->name[0]) /* a script's */
		escape_bytes(s->username, sizeof(s->username), q->name, strlen(q->name));
	else
		id_text(&q->peer_id, s->username, sizeof(s->username));
	st = find_device(&r, p, q);
	if (st == ST_OK)
		st = apply_policies(&r, p, apply);
	if (st == ST_OK && !q->we_are_initiator)
		finish(&r);
	return st;
}

uint8_t authorize_networks(const struct snapshot *conf, const char *profile, uint32_t tun,
	struct prefix out[IKE_NETS_MAX])
{
	struct {
		struct session s;
		struct ike_question q;
		struct ike_grant grant;
		char detail[IKE_DETAIL_LEN];
	} *room = mem_new(sizeof(*room));
	const struct ike_profile *p = snapshot_profile(conf, profile);
	uint8_t n = 0;

	if (room && p) {
		struct resolver r = {.conf = conf,
			.q = &room->q,
			.s = &room->s,
			.grant = &room->grant,
			.detail = room->detail};

		room->s.we_are_initiator = room->q.we_are_initiator = true;
		room->q.tun = tun;
		if (find_device(&r, p, &room->q) == ST_OK && apply_policies(&r, p, add_pushed) == ST_OK)
			n = room->grant.n_subnets;
		memcpy(out, room->grant.subnets, n * sizeof(out[0]));
	}
	mem_free(room);
	return n;
}
