/* crypto ikev2 authorization policy (R-AZP). */
#include <string.h>

#include "core/conf/identity.h"
#include "core/conf/set.h"
#include "core/conf/tables.h"

#define AT(field) offsetof(struct authz_policy, field)
#define LIST_MAX  10 /* R-AZP-02, R-AZP-20 */
#define LIST_BYTES 1000 /* of the names together: a reply has to hold them */

static void set_ten(struct cmd_call *c)
{
	struct str_list *l = (struct str_list *)(void *)((char *)c->obj + c->row->off);
	const struct arg *a = c->n ? &c->args[0] : NULL;
	size_t len = a ? a->word.len + 1 : 0;

	for (size_t i = 0; i < l->n; i++)
		len += strlen(l->v[i]) + 1;
	if (c->form == FORM_SET && len > LIST_BYTES)
		cmd_error(c, a, "all names together have at most 1000 bytes", "");
	else if (c->form == FORM_SET)
		str_list_add(c, l, a, LIST_MAX);
	else
		str_list_drop(l, a);
}

static void set_version(struct cmd_call *c)
{
	if (c->form == FORM_SET && c->args[0].word.len > 63)
		cmd_error(c, &c->args[0], "a version has at most 63 bytes", "");
	else
		set_str(c);
}

static void set_banner(struct cmd_call *c)
{
	struct authz_policy *p = c->obj;
	p->banner = NULL;
	if (c->form != FORM_SET)
		return;
	if (c->args[0].word.len > 500)
		cmd_error(c, NULL, "a banner has at most 500 bytes", "");
	else
		p->banner = cmd_text(c, &c->args[0]);
}

static void print_banner(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct authz_policy *p = obj;
	if (!p->banner) {
		cout_absent(o, row);
		return;
	}
	cout_head(o, row, false);
	cout_str(o, " ^C");
	cout_str(o, p->banner);
	cout_str(o, "^C");
	cout_end(o);
}

static void set_dhcp(struct cmd_call *c)
{
	struct authz_policy *p = c->obj;
	bool all = c->n == 0;
	const struct arg *a = c->n > 1 && c->form == FORM_SET ? &c->args[1] : NULL;
	if (all || cmd_has(c, "giaddr"))
		p->dhcp_giaddr = a ? a->addr : (struct addr){0};
	if (all || cmd_has(c, "server"))
		p->dhcp_server = cmd_text(c, a);
	if (all || cmd_has(c, "timeout"))
		p->dhcp_timeout_s = a ? (uint32_t)a->num : 0;
}

static void print_dhcp(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct authz_policy *p = obj;
	char text[ADDR_TEXT];
	cout_absent(o, row);
	if (p->dhcp_giaddr.family) {
		cout_head(o, row, false);
		cout_str(o, " giaddr");
		cout_word(o, addr_format(&p->dhcp_giaddr, text));
		cout_end(o);
	}
	if (p->dhcp_server) {
		cout_head(o, row, false);
		cout_str(o, " server");
		cout_word(o, p->dhcp_server);
		cout_end(o);
	}
	if (p->dhcp_timeout_s) {
		cout_head(o, row, false);
		cout_str(o, " timeout ");
		cout_u32(o, p->dhcp_timeout_s);
		cout_end(o);
	}
}

static void set_flow_limit(struct cmd_call *c)
{
	struct authz_policy *p = c->obj;
	p->flow_limit_on = c->form == FORM_SET;
	p->flow_limit = c->form == FORM_SET ? (uint32_t)c->args[0].num : 0;
}

static void print_flow_limit(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct authz_policy *p = obj;
	if (!p->flow_limit_on) {
		cout_absent(o, row);
		return;
	}
	cout_head(o, row, false);
	cout_str(o, " ");
	cout_u32(o, p->flow_limit);
	cout_end(o);
}

static void set_route_interface(struct cmd_call *c)
{
	struct authz_policy *p = c->obj;
	p->route_set_interface = c->form == FORM_SET;
	p->route_set_ifname = c->form == FORM_SET ? cmd_ifname(c, cmd_arg(c, "name")) : NULL;
}

static void print_route_interface(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct authz_policy *p = obj;
	if (p->route_set_interface)
		cout_line(o, row, p->route_set_ifname);
	else
		cout_absent(o, row);
}

/* a number above 99 is an extended list. */
static void set_route_acl(struct cmd_call *c)
{
	struct authz_policy *p = c->obj;
	const struct arg *name = cmd_arg(c, "name");
	struct str_list *l = cmd_has(c, "ipv6") ? &p->route_acls6 : &p->route_acls;
	if (c->form == FORM_SET)
		str_list_add(c, l, name, 64);
	else if (name)
		str_list_drop(l, name);
	else
		p->route_acls.n = p->route_acls6.n = 0;
}

static void print_route_acl(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct authz_policy *p = obj;
	cout_absent(o, row);
	for (size_t i = 0; i < p->route_acls.n; i++)
		cout_line(o, row, p->route_acls.v[i]);
	for (size_t i = 0; i < p->route_acls6.n; i++) {
		cout_head(o, row, false);
		cout_str(o, " ipv6");
		cout_word(o, p->route_acls6.v[i]);
		cout_end(o);
	}
}

static void set_route_remote(struct cmd_call *c)
{
	struct authz_policy *p = c->obj;
	struct prefix want = prefix_read(c);
	if (!c->n)
		p->remote_count = 0;
	for (size_t i = p->remote_count; i-- > 0;)
		if (prefix_eq(&p->remotes[i], &want)) {
			if (c->form == FORM_SET)
				return;
			p->remote_count = arena_drop(p->remotes, p->remote_count, i, sizeof(want));
		}
	void *tmp;
	struct prefix *slot =
		c->form == FORM_SET ? ARENA_PUSH(c->arena, p->remotes, p->remote_count, tmp) : NULL;
	if (slot)
		*slot = want;
}

static void print_route_remote(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct authz_policy *p = obj;
	cout_absent(o, row);
	for (size_t i = 0; i < p->remote_count; i++) {
		cout_head(o, row, false);
		cout_str(o, p->remotes[i].addr.family == 4 ? " ipv4" : " ipv6");
		prefix_print(o, &p->remotes[i]);
		cout_end(o);
	}
}

#define ACCEPT_TAG      1
#define ACCEPT_DISTANCE 2

static void set_route_accept(struct cmd_call *c)
{
	struct authz_policy *p = c->obj;
	const struct arg *tag = cmd_arg(c, "tag"), *distance = cmd_arg(c, "distance");
	p->route_accept = c->form == FORM_SET;
	p->accept_tag = !p->route_accept ? 0 : tag ? (uint32_t)tag->num : ACCEPT_TAG;
	p->accept_distance = !p->route_accept ? 0
			     : distance       ? (uint32_t)distance->num
					      : ACCEPT_DISTANCE;
}

static void print_route_accept(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct authz_policy *p = obj;
	if (!p->route_accept) {
		cout_absent(o, row);
		return;
	}
	cout_head(o, row, false);
	cout_str(o, " any tag ");
	cout_u32(o, p->accept_tag);
	cout_str(o, " distance ");
	cout_u32(o, p->accept_distance);
	cout_end(o);
}

static void set_redistribute(struct cmd_call *c)
{
	struct authz_policy *p = c->obj;
	const struct arg *map = cmd_arg(c, "map");
	bool connected = cmd_has(c, "connected"), fixed = cmd_has(c, "static");
	if (connected || !fixed) {
		p->redistribute_connected = c->form == FORM_SET;
		p->connected_map = c->form == FORM_SET ? cmd_text(c, map) : NULL;
	}
	if (fixed || !connected) {
		p->redistribute_static = c->form == FORM_SET;
		p->static_map = c->form == FORM_SET ? cmd_text(c, map) : NULL;
	}
}

static void redistribute_line(
	struct cout *o, const struct cmd *row, const char *what, const char *map)
{
	cout_head(o, row, false);
	cout_str(o, what);
	if (map) {
		cout_str(o, " route-map");
		cout_word(o, map);
	}
	cout_end(o);
}

static void print_redistribute(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct authz_policy *p = obj;
	cout_absent(o, row);
	if (p->redistribute_connected)
		redistribute_line(o, row, " connected", p->connected_map);
	if (p->redistribute_static)
		redistribute_line(o, row, " static", p->static_map);
}

/* What stands in a line; `no` may end before the number, and then it is about all times, or before that about all. */
static bool is_meant(const struct cmd_call *c, const struct authz_quota *q)
{
	bool any_period = c->form != FORM_SET && !cmd_arg(c, "number");
	bool any_way = !cmd_has(c, "input") && !cmd_has(c, "output") && !cmd_has(c, "total");
	const char *period = quota_period_word((enum quota_period)q->period);

	return (any_way || cmd_has(c, quota_way_word((enum quota_way)q->way))) &&
	       (any_period || cmd_has(c, period) || (q->period == QUOTA_SESSION && !cmd_has(c, "per")));
}

static void set_quota(struct cmd_call *c)
{
	struct authz_policy *p = c->obj;
	const struct arg *number = cmd_arg(c, "number"), *map = cmd_arg(c, "map");
	struct authz_quota q = {.map = map ? cmd_ref(c, map) : NULL, .number = number ? (uint32_t)number->num : 0};
	void *tmp;

	for (size_t i = p->quota_count; i-- > 0;)
		if (is_meant(c, &p->quotas[i]))
			p->quota_count = arena_drop(p->quotas, p->quota_count, i, sizeof(q));
	if (c->form != FORM_SET)
		return;
	for (unsigned i = 0; i < QUOTA_WAYS; i++)
		q.way = cmd_has(c, quota_way_word(i)) ? (uint8_t)i : q.way;
	for (unsigned i = 0; i < QUOTA_PERIODS; i++)
		q.period = cmd_has(c, quota_period_word(i)) ? (uint8_t)i : q.period;
	for (unsigned i = 0; i < QUOTA_UNITS; i++)
		q.unit = cmd_has(c, quota_unit_word(i)) ? (uint8_t)i : q.unit;
	if (p->quota_count == QUOTAS_MAX) {
		cmd_error(c, NULL, "too many quotas", "8 are possible");
		return;
	}
	struct authz_quota *slot = ARENA_PUSH(c->arena, p->quotas, p->quota_count, tmp);
	if (slot)
		*slot = q;
}

static void print_quota(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct authz_policy *p = obj;
	cout_absent(o, row);
	for (size_t i = 0; i < p->quota_count; i++) {
		const struct authz_quota *q = &p->quotas[i];
		cout_head(o, row, false);
		cout_word(o, quota_way_word((enum quota_way)q->way));
		cout_str(o, " ");
		cout_u32(o, q->number);
		cout_word(o, quota_unit_word((enum quota_unit)q->unit));
		cout_str(o, " per");
		cout_word(o, quota_period_word((enum quota_period)q->period));
		cout_str(o, q->map ? " action service-policy" : " action disconnect");
		if (q->map)
			cout_word(o, q->map);
		cout_end(o);
	}
}

static const struct cmd authz[] = {
	{.grammar = "aaa attribute list <name:name>",
		.off = AT(attribute_list),
		.when = WHEN_NEW,
		.set = set_ref,
		.print = print_str,
		.help = "Attributes of a list, where the policy says nothing itself"},
	{.grammar = "pool <name:name>",
		.off = AT(pool),
		.when = WHEN_NEW,
		.set = set_ref,
		.print = print_str,
		.help = "IPv4 pool"},
	{.grammar = "ipv6 pool <name:name>",
		.off = AT(pool6),
		.when = WHEN_NEW,
		.set = set_ref,
		.print = print_str,
		.help = "IPv6 pool"},
	{.grammar = "dns <primary:ip4> [<secondary:ip4>]",
		.off = AT(dns),
		.when = WHEN_NEW,
		.set = set_pair,
		.print = print_pair,
		.help = "Name servers"},
	{.grammar = "ipv6 dns <primary:ip6> [<secondary:ip6>]",
		.off = AT(dns6),
		.when = WHEN_NEW,
		.set = set_pair,
		.print = print_pair,
		.help = "Name servers by IPv6 address"},
	{.grammar = "wins <primary:ip4> [<secondary:ip4>]",
		.off = AT(wins),
		.when = WHEN_NEW,
		.set = set_pair,
		.print = print_pair,
		.help = "NetBIOS name servers"},
	{.grammar = "netmask <mask:mask>",
		.off = AT(netmask),
		.when = WHEN_NEW,
		.set = set_addr,
		.print = print_addr,
		.help = "Mask sent with the IPv4 address"},
	{.grammar = "def-domain <name:word>",
		.off = AT(def_domain),
		.when = WHEN_NEW,
		.set = set_str,
		.print = print_str,
		.help = "Default domain"},
	{.grammar = "split-dns <name:word>",
		.off = AT(split_dns),
		.when = WHEN_NEW,
		.set = set_ten,
		.print = print_strs,
		.help = "Domain that the client asks our name servers for"},
	{.grammar = "backup-gateway <name:word>",
		.off = AT(backup_gateways),
		.when = WHEN_NEW,
		.set = set_ten,
		.print = print_strs,
		.help = "Other gateways that the client may use"},
	{.grammar = "banner <text:banner>",
		.when = WHEN_NEW,
		.set = set_banner,
		.print = print_banner,
		.help = "Text for the user; ^C text ^C may have several lines"},
	{.grammar = "configuration url <url:word>",
		.off = AT(config_url),
		.when = WHEN_NEW,
		.set = set_str,
		.print = print_str,
		.help = "Where a FlexVPN client fetches its configuration"},
	{.grammar = "configuration version <version:word>",
		.off = AT(config_version),
		.when = WHEN_NEW,
		.set = set_version,
		.print = print_str,
		.help = "Which one that is"},
	{.grammar = "include-local-lan",
		.off = AT(include_local_lan),
		.when = WHEN_NEW,
		.set = set_flag,
		.print = print_flag,
		.help = "The client may use its own LAN beside the tunnel"},
	{.grammar = "pfs",
		.off = AT(pfs),
		.when = WHEN_NEW,
		.set = set_flag,
		.print = print_flag,
		.help = "The client is told to use PFS"},
	{.grammar = "smartcard-removal-disconnect",
		.off = AT(smartcard_disconnect),
		.when = WHEN_NEW,
		.set = set_flag,
		.print = print_flag,
		.help = "The client is told to disconnect without its smartcard"},
	{.grammar = "dhcp {giaddr <address:ip4>|server <server:word>|timeout <seconds:1-50>}",
		.when = WHEN_NEW,
		.set = set_dhcp,
		.print = print_dhcp,
		.help = "The IPv4 address comes from a DHCP server, where there is no pool"},
	{.grammar = "ipsec flow-limit <number:0-50000>",
		.when = WHEN_NEW,
		.set = set_flow_limit,
		.print = print_flow_limit,
		.help = "Most IPsec SAs of a session; 0 allows none"},
	{.grammar = "session-lifetime <seconds:120-25920000>",
		.off = AT(session_lifetime_s),
		.when = WHEN_NEW,
		.set = set_u32,
		.print = print_u32,
		.help = "The session ends then, whatever happens"},
	{.grammar = "route set interface [<name:iface>]",
		.when = WHEN_NEW,
		.flags = CMD_SYSTEM,
		.set = set_route_interface,
		.print = print_route_interface,
		.help = "Push the address of the tunnel interface"},
	{.grammar = "route set access-list {ipv6 <name:name>|<name:name>}",
		.when = WHEN_NEW,
		.set = set_route_acl,
		.print = print_route_acl,
		.help = "Push the networks of a standard list"},
	{.grammar = "route set remote {ipv4 {<address:ip4> [<mask:mask>]|<prefix:prefix4>}|"
		    "ipv6 {<prefix:prefix6>|<address:ip6>}}",
		.when = WHEN_NEW,
		.set = set_route_remote,
		.print = print_route_remote,
		.help = "Networks behind the peer"},
	{.grammar = "route accept {any} [tag <tag:1-497777>] [distance <distance:1-255>]",
		.when = WHEN_NEW,
		.flags = CMD_SYSTEM,
		.set = set_route_accept,
		.print = print_route_accept,
		.help = "Networks that a peer we connect to announces become routes"},
	{.grammar = "route redistribute {connected|static} [route-map <map:name>]",
		.when = WHEN_NEW,
		.flags = CMD_LATER,
		.set = set_redistribute,
		.print = print_redistribute,
		.help = "route redistribution"},
	{.grammar = "sallyport idle-timeout <seconds:60-86400>",
		.off = AT(idle_timeout_s),
		.when = WHEN_NEW,
		.set = set_u32,
		.print = print_u32,
		.help = "A session without data for so long ends"},
	{.grammar = "sallyport disconnected-timeout <seconds:60-604800>",
		.off = AT(disconnected_timeout_s),
		.when = WHEN_NEW,
		.set = set_u32,
		.print = print_u32,
		.help = "How long a session waits for its client"},
	{.grammar = "sallyport simultaneous-logins <number:1-1000000> [refuse]",
		.when = WHEN_NEW,
		.set = set_simultaneous_of_policy,
		.print = print_simultaneous_of_policy,
		.help = "Sessions of one user; one more ends the oldest, or is refused"},
	{.grammar = "sallyport quota {input|output|total} <number:1-4294967295> {kilobytes|megabytes|gigabytes} "
		    "[per {session|day|week|month}] [action {disconnect|service-policy <map:name>}]",
		.when = WHEN_NEW,
		.set = set_quota,
		.print = print_quota,
		.help = "How much a session, or its user in a time, may send, get, or both; what happens then"},
	{.grammar = "subnet-acl <name:name>",
		.when = WHEN_NEW,
		.set = set_route_acl,
		.help = "Older name of route set access-list"},
};
CMD_ROWS(rows_authz, authz);
