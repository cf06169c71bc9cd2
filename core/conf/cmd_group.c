/* aaa group server radius: which servers are asked together. */
#include <string.h>

#include "core/conf/aaa_server.h"
#include "core/conf/parse.h"
#include "core/conf/tables.h"

#define AT(field) offsetof(struct aaa_group, field)

void set_aaa_group(struct cmd_call *c)
{
	struct snapshot *s = c->s;
	const struct arg *name = cmd_arg(c, "name");
	if (arg_is(name, AAA_GROUP_ALL) || arg_is(name, "tacacs+") || arg_is(name, "ldap")) {
		cmd_error(c, name,
			"a group cannot have this name:", "`group radius` means all servers");
		return;
	}
	size_t before = s->aaa_group_count;
	set_block(c);
	if (before < CONF_AAA_GROUPS || s->aaa_group_count <= before)
		return;
	s->aaa_group_count = before;
	c->enter = NULL;
	cmd_error(c, name, "too many server groups, 32 at most:", "");
}

/* ---- its servers ---- */

static bool is_it(const struct aaa_member *m, const struct aaa_member *want)
{
	const struct radius_server *r = &m->server, *w = &want->server;
	if (m->kind != want->kind)
		return false;
	if (m->kind == MEMBER_NAME)
		return strcmp(m->name, want->name) == 0;
	return strcmp(r->host, w->host) == 0 && r->auth_port == w->auth_port &&
	       r->acct_port == w->acct_port;
}

static struct aaa_member *find(struct aaa_group *g, const struct aaa_member *want)
{
	for (size_t i = 0; i < g->member_count; i++)
		if (is_it(&g->members[i], want))
			return &g->members[i];
	return NULL;
}

/* What the line says; false: an error was reported, or memory is out. */
static bool read_member(struct cmd_call *c, struct aaa_member *m)
{
	const struct arg *auth = cmd_arg(c, "auth"), *acct = cmd_arg(c, "acct");
	*m = (struct aaa_member){.kind = (uint8_t)c->row->off};
	if (m->kind == MEMBER_NAME) {
		m->name = cmd_ref(c, cmd_arg(c, "name"));
		return m->name != NULL;
	}
	if (!aaa_server_read(c, &m->server) || !m->server.host || !m->server.name)
		return false;
	if (m->kind == MEMBER_ADDRESS)
		m->server = (struct radius_server){.host = m->server.host,
			.addr = m->server.addr,
			.auth_port = auth ? (uint32_t)auth->num : 0,
			.acct_port = acct ? (uint32_t)acct->num : 0};
	parse_remember(c->ps, m->server.host, cmd_arg(c, "host")->word.col);
	return true;
}

static void drop_kind(struct aaa_group *g, uint8_t kind)
{
	for (size_t i = g->member_count; i-- > 0;)
		if (g->members[i].kind == kind)
			g->member_count =
				arena_drop(g->members, g->member_count, i, sizeof(*g->members));
}

/* row->off is the kind of the member. */
static void set_member(struct cmd_call *c)
{
	struct aaa_group *g = c->obj;
	struct aaa_member want;
	void *tmp;
	if (!c->n) {
		drop_kind(g, (uint8_t)c->row->off);
		return;
	}
	if (!read_member(c, &want))
		return;
	struct aaa_member *m = find(g, &want);
	if (c->form != FORM_SET) {
		if (m)
			g->member_count = arena_drop(
				g->members, g->member_count, (size_t)(m - g->members), sizeof(*m));
		return;
	}
	if (!m && g->member_count == CONF_GROUP_SERVERS) {
		cmd_error(c, &c->args[0], "too many servers of one group, 16 at most:", "");
		return;
	}
	if (!m && want.kind == MEMBER_PRIVATE && !aaa_server_fits(c, &c->args[0]))
		return;
	if (!m)
		m = ARENA_PUSH(c->arena, g->members, g->member_count, tmp);
	if (m)
		*m = want;
}

/* All kinds of them, in their order. */
static void print_members(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct aaa_group *g = obj;
	for (size_t i = 0; i < g->member_count; i++) {
		const struct aaa_member *m = &g->members[i];
		if (m->kind == MEMBER_NAME) {
			cout_line(o, row, m->name);
			continue;
		}
		cout_begin(o);
		cout_str(o, m->kind == MEMBER_PRIVATE ? "server-private" : "server");
		if (m->kind == MEMBER_PRIVATE) {
			aaa_server_print(o, &m->server);
		} else {
			cout_word(o, m->server.host);
			aaa_server_print_ports(o, &m->server, 0, 0);
		}
		cout_end(o);
	}
}

static const struct cmd aaa_group[] = {
	{.grammar = "server name <name:name>",
		.off = MEMBER_NAME,
		.when = WHEN_LIVE,
		.set = set_member,
		.print = print_members,
		.help = "A server by its name; several are asked in their order"},
	{.grammar = "server-private <host:word> [auth-port <auth:1-65535>] [acct-port "
		    "<acct:1-65535>] "
		    "[timeout <timeout:1-1000>] [retransmit <retransmit:0-100>] [key <key:secret>]",
		.off = MEMBER_PRIVATE,
		.when = WHEN_LIVE,
		.set = set_member,
		.help = "A server of this group only"},
	{.grammar = "server <host:word> [auth-port <auth:1-65535>] [acct-port <acct:1-65535>]",
		.off = MEMBER_ADDRESS,
		.when = WHEN_LIVE,
		.set = set_member,
		.help = "A server by its address"},
	{.grammar = "ip vrf forwarding <name:name>",
		.off = AT(vrf),
		.when = WHEN_LIVE,
		.set = set_ref,
		.print = print_str,
		.help = "VRF of the servers"},
	{.grammar = "ip radius source-interface <name:iface>",
		.off = AT(source),
		.when = WHEN_LIVE,
		.set = set_ifname,
		.print = print_str,
		.help = "Whose address requests to these servers come from"},
	{.grammar = "ipv6 radius source-interface <name:iface>",
		.off = AT(source6),
		.when = WHEN_LIVE,
		.set = set_ifname,
		.print = print_str,
		.help = "The same for servers with IPv6 addresses"},
	{.grammar = "deadtime <minutes:1-1440>",
		.off = AT(deadtime_min),
		.when = WHEN_LIVE,
		.set = set_u32,
		.print = print_u32,
		.help = "How long a server that does not answer rests; default: radius-server "
			"deadtime"},
	{.grammar = "load-balance method least-outstanding [batch-size <batch:1-2147483647>] "
		    "[ignore-preferred-server]",
		.off = AT(balances),
		.when = WHEN_LIVE,
		.set = set_balance,
		.print = print_flag,
		.help = "Requests are shared among the servers; default: the first that answers"},
	{.grammar = "attribute ...", .flags = CMD_IGNORED, .set = set_none, .help = "`attribute`"},
	{.grammar = "accounting ...",
		.flags = CMD_IGNORED,
		.set = set_none,
		.help = "`accounting`"},
	{.grammar = "authorization ...",
		.flags = CMD_IGNORED,
		.set = set_none,
		.help = "`authorization`"},
	{.grammar = "mac-delimiter ...",
		.flags = CMD_IGNORED,
		.set = set_none,
		.help = "`mac-delimiter`"},
	{.grammar = "subscriber ...",
		.flags = CMD_IGNORED,
		.set = set_none,
		.help = "`subscriber`"},
	{.grammar = "throttle ...", .flags = CMD_IGNORED, .set = set_none, .help = "`throttle`"},
};
CMD_ROWS(rows_aaa_group, aaa_group);
