/* AAA as a whole: who would be asked, and whether that can be answered. What makes a login fail is
 * said here as a warning: the rest of the configuration is good. */
#include <stdio.h>
#include <string.h>

#include "core/conf/aaa.h"
#include "core/conf/argument.h"
#include "core/conf/check.h"

static void warn(struct parse *ps, const char *name, const char *text, const char *hint)
{
	check_say(ps, CONF_WARNING, name, text, hint);
}

static void want_vrf(struct parse *ps, const char *name)
{
	if (name && !snapshot_vrf(ps->s, name))
		warn(ps, name, "VRF that is not defined:", "");
}

/* Only our own interfaces can lend an address. */
static void want_source(struct parse *ps, const char *ifname, uint8_t family)
{
	uint8_t kind;
	uint32_t number;
	const struct iface *i = NULL;
	if (!ifname)
		return;
	if (iface_name_parse(ifname, strlen(ifname), &kind, &number))
		i = snapshot_iface(ps->s, kind, number);
	if (!i)
		warn(ps, ifname,
			"interface that is not defined here, the host chooses the address:", "");
	else if (family == 4 ? !i->ip.addr.family : !i->ip6_count)
		warn(ps, ifname,
			"interface without an address for this, the host chooses one:", "");
}

/* ---- servers and groups ---- */

static void check_server(struct parse *ps, const struct radius_server *r)
{
	if (!r->host)
		warn(ps, r->name, "RADIUS server without an address, it is not asked:",
			"address ipv4 ADDRESS");
	if (!aaa_server_key(ps->s, r))
		warn(ps, r->name, "RADIUS server without a key, it is not asked:",
			"key KEY, or radius-server key KEY");
	if (r->addr.family && r->source.family && r->addr.family != r->source.family)
		check_say(ps, CONF_ERROR, r->name,
			"sallyport source is of the other family, of RADIUS server", "");
}

static void check_member(struct parse *ps, const struct aaa_member *m)
{
	const struct radius_server *r = aaa_member_server(ps->s, m);
	const char *name = m->kind == MEMBER_NAME ? m->name : m->server.host;
	if (!r)
		warn(ps, name, "RADIUS server that is not defined:",
			m->kind == MEMBER_NAME ? "radius server NAME"
					       : "radius-server host ADDRESS, with the same ports");
	else if (m->kind == MEMBER_PRIVATE && !aaa_server_key(ps->s, r))
		warn(ps, name, "RADIUS server without a key, it is not asked:",
			"key KEY, or radius-server key KEY");
}

static void check_group(struct parse *ps, const struct aaa_group *g)
{
	if (!g->member_count)
		warn(ps, g->name, "server group without a server:", "server name NAME");
	for (size_t i = 0; i < g->member_count; i++)
		check_member(ps, &g->members[i]);
	want_vrf(ps, g->vrf);
	want_source(ps, g->source, 4);
	want_source(ps, g->source6, 6);
}

/* ---- lists ---- */

static void check_method(struct parse *ps, const char *group)
{
	if (strcmp(group, "tacacs+") == 0 || strcmp(group, "ldap") == 0)
		warn(ps, group, "not supported, it is never asked:", "RADIUS is");
	else if (strcmp(group, AAA_GROUP_ALL) == 0) {
		if (!ps->s->radius_server_count)
			warn(ps, group, "no RADIUS server is configured for group",
				"radius server NAME");
	} else if (!snapshot_aaa_group(ps->s, group))
		warn(ps, group, "server group that is not defined, nobody is asked:",
			"aaa group server radius NAME");
}

static bool is_for_eap(const struct snapshot *s, const struct aaa_list *l)
{
	for (size_t i = 0; l->kind == AAA_AUTHEN_LOGIN && i < s->profile_count; i++) {
		const char *name = s->profiles[i].eap_authen_list;
		if (name && aaa_list_used(s, AAA_AUTHEN_LOGIN, name) == l)
			return true;
	}
	return false;
}

static bool can_be_asked(const struct snapshot *s, const char *group)
{
	const struct aaa_group *g = snapshot_aaa_group(s, group);
	return strcmp(group, AAA_GROUP_ALL) == 0 ? s->radius_server_count > 0 : g && g->member_count > 0;
}

/* A server that is asked by TLS is dead as soon as there is no connection. */
static bool is_of_tls(const struct snapshot *s, const struct aaa_group *g)
{
	size_t n = g ? g->member_count : s->radius_server_count;
	for (size_t i = 0; i < n; i++) {
		const struct radius_server *r = g ? aaa_member_server(s, &g->members[i]) : &s->radius_servers[i];
		if (!r || !r->tls.on)
			return false;
	}
	return n > 0;
}

static bool rests(const struct snapshot *s, const char *group)
{
	const struct aaa_group *g = snapshot_aaa_group(s, group);
	return s->radius.deadtime_min || (g && g->deadtime_min) || is_of_tls(s, g);
}

/* Who comes after somebody who answers always is never asked; who comes after servers that never rest waits for
 * them in each login. */
static void check_eap_list(struct parse *ps, const struct aaa_list *l)
{
	bool has_any = false;
	for (size_t i = 0; i < l->methods.n; i++) {
		const char *method = l->methods.v[i], *group = aaa_method_group(method);
		bool is_last = i + 1 == l->methods.n, is_local = strcmp(method, "local") == 0;
		has_any |= is_local || (group && can_be_asked(ps->s, group));
		if (strcmp(method, "none") == 0)
			warn(ps, l->name, "`none` lets nobody in by EAP, in login list", "local");
		if (is_local && !is_last)
			warn(ps, l->name, "`local` always answers, so that methods behind it are never asked, in login list", "");
		if (is_local)
			break;
		if (group && !is_last && can_be_asked(ps->s, group) && !rests(ps->s, group))
			warn(ps, group, "each login waits for servers that do not answer before the list goes on, because they never rest: group",
				"deadtime MINUTES");
	}
	if (!has_any)
		warn(ps, l->name, "nobody can log in by EAP: no server and no `local` in login list", "local, or group NAME");
}

static void check_list(struct parse *ps, const struct aaa_list *l)
{
	bool sends = l->acct_mode && strcmp(l->acct_mode, "none") != 0;
	for (size_t i = 0; i < l->methods.n; i++) {
		const char *group = aaa_method_group(l->methods.v[i]);
		if (group)
			check_method(ps, group);
	}
	if (is_for_eap(ps->s, l))
		check_eap_list(ps, l);
	if (l->kind != AAA_ACCT_NETWORK)
		return;
	if (!l->acct_mode)
		warn(ps, l->name,
			"which records are sent is not said, none are, of accounting list",
			"start-stop");
	else if (sends && !l->methods.n)
		warn(ps, l->name, "nobody is told, by accounting list", "group NAME");
}

/* ---- profiles ---- */

static bool asks_radius(const struct snapshot *s, const char *list)
{
	return list && aaa_list_asks_radius(aaa_list_used(s, AAA_AUTHOR_NETWORK, list));
}

/* R-AZN-12: a password that everybody knows is never sent unasked. */
static bool wants_password(const struct snapshot *s, const struct ike_profile *p)
{
	if (p->keyring_kind == KEYRING_AAA && !secret_usable(&p->keyring_password))
		return true;
	for (size_t m = 0; m < AAA_METHODS; m++)
		if (asks_radius(s, p->user[m].list) || asks_radius(s, p->group[m].list))
			return true;
	return false;
}

static void want_mangler(struct parse *ps, const char *name)
{
	if (name && !snapshot_mangler(ps->s, name))
		warn(ps, name, "name mangler that is not defined:", "");
}

static void check_profile(struct parse *ps, const struct ike_profile *p)
{
	const struct snapshot *s = ps->s;
	want_mangler(ps, p->keyring_mangler);
	for (size_t m = 0; m < AAA_METHODS; m++) {
		want_mangler(ps, p->user[m].mangler);
		want_mangler(ps, p->group[m].mangler);
	}
	const struct aaa_list *keys = p->keyring_kind == KEYRING_AAA
					      ? aaa_list_used(s, AAA_AUTHOR_NETWORK, p->keyring)
					      : NULL;
	if (keys && !aaa_list_asks_radius(keys)) /* R-AZN-13 */
		warn(ps, p->keyring, "keys come from RADIUS only, and it is not asked by AAA list",
			"group NAME");
	if (wants_password(s, p) && !secret_usable(&s->aaa.authorization_password))
		warn(ps, p->name,
			"look-ups in RADIUS have no password, they are not made for profile",
			"sallyport aaa authorization-password PASSWORD");
	bool active = s->ike.reconnect_keys[0].active || s->ike.reconnect_keys[1].active;
	if (active && p->reconnect_s && (p->auth_remote & AUTH_ANYCONNECT)) /* R-CRK-06 */
		warn(ps, p->name, "anyconnect-eap has no cluster reconnect, in profile", "");
}

/* ---- the rest ---- */

static void check_mangler(struct parse *ps, const struct name_mangler *m)
{
	if (!m->dn && !m->eap && !m->email && !m->fqdn)
		warn(ps, m->name, "has no rule, so that no name can be made: name mangler", "");
}

static void check_dynauth(struct parse *ps)
{
	const struct dynauth *d = &ps->s->dynauth;
	if (d->on && !d->client_count)
		warn(ps, place_of_dynauth,
			"nobody may send requests:", "client ADDRESS server-key KEY");
	for (size_t i = 0; i < d->client_count; i++) {
		want_vrf(ps, d->clients[i].vrf);
		if (!aaa_dynauth_key(d, &d->clients[i]))
			warn(ps, d->clients[i].host,
				"client without a key, its requests are dropped:",
				"server-key KEY");
	}
}

void check_aaa(struct parse *ps)
{
	const struct snapshot *s = ps->s;
	for (size_t i = 0; i < s->radius_server_count; i++)
		check_server(ps, &s->radius_servers[i]);
	for (size_t i = 0; i < s->radius.source_count; i++) {
		want_vrf(ps, s->radius.sources[i].vrf);
		want_source(ps, s->radius.sources[i].ifname, s->radius.sources[i].family);
	}
	for (size_t i = 0; i < s->aaa_group_count; i++)
		check_group(ps, &s->aaa_groups[i]);
	for (size_t i = 0; i < s->aaa_list_count; i++)
		check_list(ps, &s->aaa_lists[i]);
	for (size_t i = 0; i < s->profile_count; i++)
		check_profile(ps, &s->profiles[i]);
	for (size_t i = 0; i < s->mangler_count; i++)
		check_mangler(ps, &s->manglers[i]);
	for (size_t i = 0; i < s->attribute_list_count; i++)
		if (!s->attribute_lists[i].attribute_count)
			warn(ps, s->attribute_lists[i].name,
				"attribute list without an attribute:", "");
	check_dynauth(ps);
	if (s->own.anonymize_days && s->own.retention_days &&
		s->own.anonymize_days >= s->own.retention_days)
		warn(ps, "sallyport retention anonymize",
			"changes nothing, sessions are deleted by then:",
			"sallyport retention days is not longer");
}
