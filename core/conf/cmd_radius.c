/* RADIUS servers, and what holds for all of them. */
#include <string.h>

#include "core/conf/aaa_server.h"
#include "core/conf/argument.h"
#include "core/conf/parse.h"
#include "core/conf/tables.h"
#include "core/wire/gateway.h"

#define AT(field) offsetof(struct radius_server, field)

/* ---- radius server NAME ---- */

static struct radius_server *find(struct snapshot *s, const struct arg *name)
{
	for (size_t i = 0; i < s->radius_server_count; i++)
		if (arg_is(name, s->radius_servers[i].name))
			return &s->radius_servers[i];
	return NULL;
}

/* In front of those of `radius-server host`: the order in which they are printed. */
static struct radius_server *move_up(struct snapshot *s)
{
	struct radius_server *v = s->radius_servers, last = v[s->radius_server_count - 1];
	size_t at = s->radius_server_count - 1;
	while (at > 0 && v[at - 1].is_host)
		at--;
	memmove(&v[at + 1], &v[at], (s->radius_server_count - 1 - at) * sizeof(*v));
	v[at] = last;
	return &v[at];
}

void set_radius_server(struct cmd_call *c)
{
	struct snapshot *s = c->s;
	const struct arg *name = cmd_arg(c, "name");
	const struct radius_server *r = name ? find(s, name) : NULL;
	size_t before = s->radius_server_count;
	if (r && r->is_host) {
		if (c->form == FORM_SET)
			cmd_error(c, name,
				"this name is that of a server of `radius-server host`:", "");
		return;
	}
	if (name && !r && c->form == FORM_SET && !aaa_server_fits(c, name))
		return;
	set_block(c);
	if (s->radius_server_count > before)
		c->enter = move_up(s);
}

void print_radius_server(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct snapshot *s = obj;
	for (size_t i = 0; i < s->radius_server_count; i++)
		if (!s->radius_servers[i].is_host)
			print_object(o, row, &s->radius_servers[i]);
}

static void set_address(struct cmd_call *c)
{
	struct radius_server *r = c->obj;
	const struct arg *host = cmd_arg(c, "host"), *auth = cmd_arg(c, "auth"),
			 *acct = cmd_arg(c, "acct");
	uint8_t family = cmd_has(c, "ipv6") ? 6 : 4;
	r->host = NULL;
	r->addr = (struct addr){0};
	r->family = 0;
	r->auth_port = auth && c->form == FORM_SET ? (uint32_t)auth->num : RADIUS_AUTH_PORT;
	r->acct_port = acct && c->form == FORM_SET ? (uint32_t)acct->num : RADIUS_ACCT_PORT;
	if (c->form != FORM_SET || !aaa_server_host(c, host, &r->host, &r->addr))
		return;
	if (r->addr.family && r->addr.family != family)
		cmd_error(c, host, "an address of the other family:",
			family == 4 ? "address ipv6" : "address ipv4");
	r->family = r->addr.family ? 0 : family;
}

static void print_address(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct radius_server *r = obj;
	if (!r->host)
		return;
	cout_head(o, row, false);
	cout_str(o, r->addr.family == 6 || r->family == 6 ? " ipv6" : " ipv4");
	cout_word(o, r->host);
	aaa_server_print_ports(o, r, RADIUS_AUTH_PORT, RADIUS_ACCT_PORT);
	cout_end(o);
}

static void set_narrower(struct cmd_call *c)
{
	uint32_t *v = (uint32_t *)(void *)((char *)c->obj + c->row->off);
	*v = c->form == FORM_SET ? (uint32_t)c->args[0].num : INHERIT;
}

static void print_narrower(struct cout *o, const struct cmd *row, const void *obj)
{
	uint32_t v = *(const uint32_t *)(const void *)((const char *)obj + row->off);
	if (v == INHERIT)
		return;
	cout_head(o, row, false);
	cout_str(o, " ");
	cout_u32(o, v);
	cout_end(o);
}

static void set_tester(struct cmd_call *c)
{
	static const char probe[] = "probe-on";
	struct radius_server *r = c->obj;
	const struct line *l = &c->ps->line;
	r->tester = NULL;
	r->probe = false;
	if (c->form != FORM_SET)
		return;
	r->tester = cmd_text(c, &c->args[0]);
	for (size_t i = 1; i < l->n; i++)
		r->probe |=
			l->w[i].len == strlen(probe) && memcmp(l->w[i].p, probe, l->w[i].len) == 0;
	if (!r->probe || l->n > 2)
		cmd_warn(c, &c->args[0], "kept, of these words only probe-on has a meaning here:",
			"a server that does not answer is asked with Status-Server");
}

static void set_trust(struct cmd_call *c)
{
	((struct radius_server *)c->obj)->trusts_unsigned = c->form == FORM_SET && cmd_has(c, "no");
}

static void print_trust(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct radius_server *r = obj;
	if (r->trusts_unsigned || (o->flags & CONF_ALL))
		cout_line(o, row, r->trusts_unsigned ? "no" : "yes");
}

/* ---- tls: RadSec ---- */

/* Any of these lines makes it a server that is asked by TLS. */
static void turn_on(struct cmd_call *c)
{
	struct radius_server *r = c->obj;
	r->tls.on |= c->form == FORM_SET;
}

static void set_tls(struct cmd_call *c)
{
	struct radius_server *r = c->obj;
	if (c->form != FORM_SET) { /* and with it all that the lines below say */
		struct radius_server fresh = {0};
		cmd_defaults(c, MODE_RADIUS, &fresh);
		r->tls = fresh.tls;
	}
	turn_on(c);
}

static void set_tls_number(struct cmd_call *c)
{
	turn_on(c);
	set_u32(c);
}

static void set_tls_trustpoint(struct cmd_call *c)
{
	turn_on(c);
	set_ref(c);
}

/* With all defaults, too, only where it is on: such a line would turn it on. */
static void print_tls_number(struct cout *o, const struct cmd *row, const void *obj)
{
	if (((const struct radius_server *)obj)->tls.on)
		print_u32(o, row, obj);
}

static void print_tls_trustpoint(struct cout *o, const struct cmd *row, const void *obj)
{
	if (((const struct radius_server *)obj)->tls.on)
		print_str(o, row, obj);
}

static bool is_mail(const struct word *w)
{
	const char *at = memchr(w->p, '@', w->len);
	return at && at != w->p && at + 1 < w->p + w->len;
}

static void set_tls_match(struct cmd_call *c)
{
	struct radius_tls *t = &((struct radius_server *)c->obj)->tls;
	const struct arg *value = cmd_arg(c, "value");
	turn_on(c);
	t->match = RADIUS_MATCH_HOST;
	t->identity = NULL;
	if (c->form != FORM_SET)
		return;
	t->match = cmd_has(c, "hostname")     ? RADIUS_MATCH_NAME
		   : cmd_has(c, "ip-address") ? RADIUS_MATCH_ADDRESS
					      : RADIUS_MATCH_EMAIL;
	if (t->match == RADIUS_MATCH_NAME ? !gateway_name_is_valid(value->word.p, value->word.len)
		: t->match == RADIUS_MATCH_ADDRESS ? !word_addr(&value->word, &(struct addr){0})
						   : !is_mail(&value->word))
		cmd_error(c, value, "no name of this kind:", "");
	t->identity = cmd_text(c, value);
}

static void print_tls_match(struct cout *o, const struct cmd *row, const void *obj)
{
	static const char *const words[] = {"", "hostname", "ip-address", "email-address"};
	const struct radius_tls *t = &((const struct radius_server *)obj)->tls;
	if (!t->on || t->match == RADIUS_MATCH_HOST)
		return;
	cout_head(o, row, false);
	cout_word(o, words[t->match]);
	cout_word(o, t->identity);
	cout_end(o);
}

#define TLS_SOURCE                                                                                 \
	"source and VRF of TLS are those of UDP: `sallyport source` here, `ip radius "             \
	"source-interface`, `ip vrf forwarding` of the group"
#define NO_DTLS                                                                                    \
	"RADIUS over DTLS is not supported, and its servers are not asked in plain UDP instead; "  \
	"`tls` is, and without this line they are asked by UDP"

static const struct cmd radius[] = {
	{.grammar = "address {ipv4|ipv6} <host:word> [auth-port <auth:1-65535>] [acct-port "
		    "<acct:1-65535>]",
		.def = "none, auth-port 1812 acct-port 1813",
		.when = WHEN_LIVE,
		.set = set_address,
		.print = print_address,
		.help = "Where the server is: an address, or a name that is looked up"},
	{.grammar = "key <key:secret>",
		.off = AT(key),
		.when = WHEN_LIVE,
		.set = set_hidden,
		.print = print_hidden,
		.help = "Shared secret; default: radius-server key"},
	{.grammar = "timeout <seconds:1-1000>",
		.off = AT(timeout_s),
		.def = "global",
		.when = WHEN_LIVE,
		.set = set_narrower,
		.print = print_narrower,
		.help = "Wait for an answer to the first try"},
	{.grammar = "retransmit <number:0-100>",
		.off = AT(retransmit),
		.def = "global",
		.when = WHEN_LIVE,
		.set = set_narrower,
		.print = print_narrower,
		.help = "Tries after the first"},
	{.grammar = "automate-tester <words:line>",
		.off = AT(tester),
		.when = WHEN_LIVE,
		.set = set_tester,
		.print = print_str,
		.help = "probe-on: a server that does not answer is asked with Status-Server until "
			"it does"},
	{.grammar = "sallyport require-message-authenticator {yes|no}",
		.def = "yes",
		.when = WHEN_LIVE,
		.set = set_trust,
		.print = print_trust,
		.help = "Replies without Message-Authenticator are dropped; no: they are open to "
			"forgery"},
	{.grammar = "sallyport source <address:ip>",
		.off = AT(source),
		.when = WHEN_LIVE,
		.set = set_addr,
		.print = print_addr,
		.help = "Address that requests to this server come from"},
	{.grammar = "tls",
		.off = AT(tls.on),
		.when = WHEN_LIVE,
		.set = set_tls,
		.print = print_flag,
		.help = "The server is asked by TLS (RadSec, RFC 6614), for logins and accounting at one "
			"port"},
	{.grammar = "tls port <port:1-65535>",
		.off = AT(tls.port),
		.def = "2083",
		.when = WHEN_LIVE,
		.set = set_tls_number,
		.print = print_tls_number,
		.help = "TCP port of the server; the ports of address are for UDP"},
	{.grammar = "tls trustpoint client <name:name>",
		.off = AT(tls.client),
		.when = WHEN_LIVE,
		.set = set_tls_trustpoint,
		.print = print_tls_trustpoint,
		.help = "Trustpoint with the certificate that we show"},
	{.grammar = "tls trustpoint server <name:name>",
		.off = AT(tls.server),
		.when = WHEN_LIVE,
		.set = set_tls_trustpoint,
		.print = print_tls_trustpoint,
		.help = "Trustpoint that says whose certificates are believed; default: that of client"},
	{.grammar = "tls match-server-identity {hostname|ip-address|email-address} <value:word>",
		.when = WHEN_LIVE,
		.set = set_tls_match,
		.print = print_tls_match,
		.help = "What the server's certificate must name; default: the host of address"},
	{.grammar = "tls connectiontimeout <seconds:1-3600>",
		.off = AT(tls.connect_s),
		.def = "5",
		.when = WHEN_LIVE,
		.set = set_tls_number,
		.print = print_tls_number,
		.help = "For TCP and the TLS handshake together"},
	{.grammar = "tls idletimeout <seconds:1-86400>",
		.off = AT(tls.idle_s),
		.def = "60",
		.when = WHEN_LIVE,
		.set = set_tls_number,
		.print = print_tls_number,
		.help = "A connection without requests is closed"},
	{.grammar = "tls watchdoginterval <seconds:0-86400>",
		.off = AT(tls.watchdog_s),
		.def = "30",
		.when = WHEN_LIVE,
		.set = set_tls_number,
		.print = print_tls_number,
		.help = "Silence of the server after which it is asked with Status-Server; 0: never"},
	{.grammar = "tls retries <number:0-100>",
		.off = AT(tls.retries),
		.def = "5",
		.when = WHEN_LIVE,
		.set = set_tls_number,
		.print = print_tls_number,
		.help = "How often a request whose connection is lost goes to the same server again"},
	{.grammar = "tls ip ...", .flags = CMD_REFUSED, .set = set_none, .help = TLS_SOURCE},
	{.grammar = "tls ipv6 ...", .flags = CMD_REFUSED, .set = set_none, .help = TLS_SOURCE},
	{.grammar = "dtls ...", .flags = CMD_REFUSED, .set = set_none, .help = NO_DTLS},
	{.grammar = "non-standard ...",
		.flags = CMD_IGNORED,
		.set = set_none,
		.help = "`non-standard`"},
	{.grammar = "backoff ...", .flags = CMD_IGNORED, .set = set_none, .help = "`backoff`"},
	{.grammar = "dscp ...", .flags = CMD_IGNORED, .set = set_none, .help = "`dscp`"},
};
CMD_ROWS(rows_radius, radius);

/* ---- radius-server host: a server named by its address ---- */

/* Those of its host, and of its port unless any port is meant. */
static void drop_hosts(struct snapshot *s, const struct radius_server *like, bool any_port)
{
	for (size_t i = s->radius_server_count; i-- > 0;) {
		const struct radius_server *r = &s->radius_servers[i];
		if (r->is_host && strcmp(r->host, like->host) == 0 &&
			(any_port || r->auth_port == like->auth_port))
			s->radius_server_count = arena_drop(
				s->radius_servers, s->radius_server_count, i, sizeof(*r));
	}
}

void set_radius_host(struct cmd_call *c)
{
	struct snapshot *s = c->s;
	const struct arg *host = cmd_arg(c, "host");
	struct radius_server r;
	void *tmp;
	if (!host) {
		while (s->radius_server_count &&
			s->radius_servers[s->radius_server_count - 1].is_host)
			s->radius_server_count--;
		return;
	}
	if (!aaa_server_read(c, &r) || !r.host || !r.name)
		return;
	drop_hosts(s, &r, c->form != FORM_SET && !cmd_arg(c, "auth"));
	if (c->form != FORM_SET)
		return;
	if (snapshot_radius_server(s, r.name)) {
		cmd_error(c, host, "this name is that of a `radius server`:", "");
		return;
	}
	struct radius_server *slot =
		aaa_server_fits(c, host)
			? ARENA_PUSH(c->arena, s->radius_servers, s->radius_server_count, tmp)
			: NULL;
	if (!slot)
		return;
	r.is_host = true;
	*slot = r;
	parse_remember(c->ps, slot->name, host->word.col);
}

void print_radius_host(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct snapshot *s = obj;
	for (size_t i = 0; i < s->radius_server_count; i++) {
		if (!s->radius_servers[i].is_host)
			continue;
		cout_head(o, row, false);
		aaa_server_print(o, &s->radius_servers[i]);
		cout_end(o);
	}
}

/* ---- for all of them ---- */

/* What a router can do and nothing here would do otherwise. VSAs are sent anyway. */
void set_radius_kept(struct cmd_call *c)
{
	if (c->form == FORM_SET && !cmd_has(c, "send"))
		cmd_warn(c, NULL, "kept, changes nothing here:", "");
	set_keep(c);
}

void set_balance(struct cmd_call *c)
{
	set_flag(c);
	if (c->form == FORM_SET && cmd_arg(c, "batch"))
		cmd_warn(c, cmd_arg(c, "batch"),
			"requests are shared one by one, no meaning here:", "");
}

static bool same_vrf(const struct arg *vrf, const char *name)
{
	return vrf ? arg_is(vrf, name) : !name;
}

/* row->off is the family; one for each VRF. */
void set_radius_source(struct cmd_call *c)
{
	struct radius_global *g = &c->s->radius;
	const struct arg *ifname = cmd_arg(c, "name"), *vrf = cmd_arg(c, "vrf");
	void *tmp;
	for (size_t i = g->source_count; i-- > 0;)
		if (g->sources[i].family == c->row->off &&
			(!ifname || same_vrf(vrf, g->sources[i].vrf)))
			g->source_count =
				arena_drop(g->sources, g->source_count, i, sizeof(*g->sources));
	if (c->form != FORM_SET)
		return;
	/* Those of IPv4 first, as they are printed. */
	struct radius_source *last = ARENA_PUSH(c->arena, g->sources, g->source_count, tmp);
	if (!last)
		return;
	size_t at = g->source_count - 1;
	while (at > 0 && g->sources[at - 1].family > c->row->off)
		at--;
	memmove(&g->sources[at + 1], &g->sources[at], (g->source_count - 1 - at) * sizeof(*last));
	g->sources[at] = (struct radius_source){.family = (uint8_t)c->row->off,
		.ifname = cmd_ifname(c, ifname),
		.vrf = vrf ? cmd_ref(c, vrf) : NULL};
	if (g->sources[at].ifname)
		parse_remember(c->ps, g->sources[at].ifname, ifname->word.col);
}

void print_radius_source(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct radius_global *g = &((const struct snapshot *)obj)->radius;
	for (size_t i = 0; i < g->source_count; i++) {
		if (g->sources[i].family != row->off)
			continue;
		cout_head(o, row, false);
		cout_word(o, g->sources[i].ifname);
		if (g->sources[i].vrf) {
			cout_str(o, " vrf");
			cout_word(o, g->sources[i].vrf);
		}
		cout_end(o);
	}
}
