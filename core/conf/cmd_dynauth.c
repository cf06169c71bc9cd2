/* aaa server radius dynamic-author: who may end sessions and change them (R-POD, R-COA). */
#include <string.h>

#include "core/conf/aaa_server.h"
#include "core/conf/check.h"
#include "core/conf/tables.h"

#define AT(field) offsetof(struct dynauth, field)

const char place_of_dynauth[] = "dynamic-author";

void set_dynauth(struct cmd_call *c)
{
	struct dynauth *d = &c->s->dynauth;
	if (c->form != FORM_SET) {
		*d = (struct dynauth){0};
		return;
	}
	if (!d->on)
		cmd_defaults(c, MODE_DYNAUTH, d);
	d->on = true;
	parse_remember(c->ps, place_of_dynauth, c->ps->line.w[0].col);
	c->enter = d;
}

void print_dynauth(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct snapshot *s = obj;
	if (!s->dynauth.on)
		return;
	cout_line(o, row, NULL);
	size_t before = o->len;
	o->indent++;
	print_rows(o, MODE_DYNAUTH, &s->dynauth);
	cout_empty(o, before);
	o->indent--;
	cout_str(o, "!\n");
}

static struct dynauth_client *find(struct dynauth *d, const char *host, const struct arg *vrf)
{
	for (size_t i = 0; i < d->client_count; i++) {
		struct dynauth_client *k = &d->clients[i];
		if (strcmp(k->host, host) == 0 && (vrf ? arg_is(vrf, k->vrf) : !k->vrf))
			return k;
	}
	return NULL;
}

/* A secret may have blanks in it: nothing can stand behind it. */
static void warn_of_tail(struct cmd_call *c, const struct arg *key)
{
	static const char tail[] = " vrf ";
	if (key && memmem(key->word.p, key->word.len, tail, strlen(tail)))
		cmd_warn(c, key,
			"all that is behind server-key is the key:", "write `vrf NAME` before it");
}

static void set_client(struct cmd_call *c)
{
	struct dynauth *d = c->obj;
	const struct arg *host = cmd_arg(c, "host"), *vrf = cmd_arg(c, "vrf"),
			 *key = cmd_arg(c, "key");
	struct dynauth_client want = {0};
	void *tmp;
	if (!host) {
		d->client_count = 0;
		return;
	}
	if (!aaa_server_host(c, host, &want.host, &want.addr) || !want.host)
		return;
	struct dynauth_client *k = find(d, want.host, vrf);
	if (c->form != FORM_SET) {
		if (k)
			d->client_count = arena_drop(
				d->clients, d->client_count, (size_t)(k - d->clients), sizeof(*k));
		return;
	}
	if (!k && d->client_count == CONF_DYNAUTH_CLIENTS) {
		cmd_error(c, host, "too many clients, 64 at most:", "");
		return;
	}
	if (!k)
		k = ARENA_PUSH(c->arena, d->clients, d->client_count, tmp);
	if (!k)
		return;
	want.vrf = vrf ? cmd_ref(c, vrf) : NULL;
	if (key)
		set_secret(c, &want.key, key);
	warn_of_tail(c, key);
	*k = want;
	parse_remember(c->ps, k->host, host->word.col);
}

static void print_client(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct dynauth *d = obj;
	for (size_t i = 0; i < d->client_count; i++) {
		const struct dynauth_client *k = &d->clients[i];
		cout_head(o, row, false);
		cout_word(o, k->host);
		if (k->vrf) {
			cout_str(o, " vrf");
			cout_word(o, k->vrf);
		}
		if (k->key.form) {
			cout_str(o, " server-key");
			cout_secret(o, &k->key);
		}
		cout_end(o);
	}
}

/* Without a number: the defaults again. */
static void set_port_line(struct cmd_call *c)
{
	struct dynauth *d = c->obj;
	const struct arg *port = cmd_arg(c, "port");
	size_t n = 0;
	for (size_t i = 0; i < CONF_DYNAUTH_PORTS; i++)
		if (d->ports[i] && port && d->ports[i] != port->num)
			d->ports[n++] = d->ports[i];
	size_t kept = n;
	while (n < CONF_DYNAUTH_PORTS)
		d->ports[n++] = 0;
	if (c->form != FORM_SET)
		return;
	if (kept == CONF_DYNAUTH_PORTS)
		cmd_error(c, port, "too many ports, 8 at most:", "");
	else
		d->ports[kept] = (uint32_t)port->num;
}

static void print_ports(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct dynauth *d = obj;
	for (size_t i = 0; i < CONF_DYNAUTH_PORTS && d->ports[i]; i++) {
		cout_head(o, row, false);
		cout_str(o, " ");
		cout_u32(o, d->ports[i]);
		cout_end(o);
	}
}

static void set_match(struct cmd_call *c)
{
	struct dynauth *d = c->obj;
	d->match = c->form != FORM_SET         ? DYNAUTH_ALL
		   : cmd_has(c, "any")         ? DYNAUTH_ANY
		   : cmd_has(c, "session-key") ? DYNAUTH_SESSION_KEY
					       : DYNAUTH_ALL;
}

static void print_match(struct cout *o, const struct cmd *row, const void *obj)
{
	static const char *const words[] = {[DYNAUTH_ALL] = "all",
		[DYNAUTH_ANY] = "any",
		[DYNAUTH_SESSION_KEY] = "session-key"};
	const struct dynauth *d = obj;
	if (d->match != DYNAUTH_ALL || (o->flags & CONF_ALL))
		cout_line(o, row, words[d->match]);
}

static void set_ignore(struct cmd_call *c)
{
	struct dynauth *d = c->obj;
	if (cmd_has(c, "server-key") && c->form == FORM_SET)
		cmd_error(c, &c->args[0],
			"a request that is not signed with the key is never obeyed:",
			"leave this line out");
	else if (!cmd_has(c, "server-key"))
		d->ignores_session_key = c->form == FORM_SET;
}

static void print_ignore(struct cout *o, const struct cmd *row, const void *obj)
{
	if (((const struct dynauth *)obj)->ignores_session_key)
		cout_line(o, row, "session-key");
}

static void set_timestamp(struct cmd_call *c)
{
	struct dynauth *d = c->obj;
	const struct arg *window = cmd_arg(c, "seconds");
	bool both = !cmd_has(c, "require") && !cmd_has(c, "window");
	if (cmd_has(c, "require") || both)
		d->requires_timestamp = c->form == FORM_SET;
	if (cmd_has(c, "window") || both)
		d->timestamp_window_s =
			c->form == FORM_SET ? (uint32_t)window->num : DYNAUTH_WINDOW_S;
}

static void print_timestamp(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct dynauth *d = obj;
	if (d->requires_timestamp)
		cout_line(o, row, "require");
	if (d->timestamp_window_s == DYNAUTH_WINDOW_S && !(o->flags & CONF_ALL))
		return;
	cout_head(o, row, false);
	cout_str(o, " window ");
	cout_u32(o, d->timestamp_window_s);
	cout_end(o);
}

static const struct cmd dynauth[] = {
	{.grammar = "client <host:word> [vrf <vrf:name>] [server-key <key:secret>]",
		.when = WHEN_LIVE,
		.set = set_client,
		.print = print_client,
		.help = "Who may send requests; server-key is the last word, it may have blanks"},
	{.grammar = "server-key <key:secret>",
		.off = AT(key),
		.when = WHEN_LIVE,
		.set = set_hidden,
		.print = print_hidden,
		.help = "Secret of clients that have none of their own"},
	{.grammar = "port <port:1-65535>",
		.when = WHEN_LIVE,
		.set = set_port_line,
		.print = print_ports,
		.help = "UDP port, several may stand; default: 3799 and 1700"},
	{.grammar = "auth-type {any|all|session-key}",
		.def = "all",
		.when = WHEN_LIVE,
		.set = set_match,
		.print = print_match,
		.help = "How many of the attributes that name a session must fit it"},
	{.grammar = "ignore {session-key|server-key}",
		.when = WHEN_LIVE,
		.set = set_ignore,
		.print = print_ignore,
		.help = "The session key is not compared"},
	{.grammar = "sallyport nak-unknown 404",
		.off = AT(nak_404),
		.when = WHEN_LIVE,
		.set = set_flag,
		.print = print_flag,
		.help = "Error-Cause of a request for a session that is not there; default: 503"},
	{.grammar = "sallyport event-timestamp {require|window <seconds:1-86400>}",
		.def = "window 300",
		.when = WHEN_LIVE,
		.set = set_timestamp,
		.print = print_timestamp,
		.help = "Requests without Event-Timestamp are dropped; how far from now it may be"},
	{.grammar = "sallyport reauthentication <seconds:10-86400>",
		.off = AT(reauth_s),
		.def = "60",
		.when = WHEN_LIVE,
		.set = set_u32,
		.print = print_u32,
		.help = "How long a client has that is told to authenticate again, until its session ends"},
	{.grammar = "domain ...", .flags = CMD_IGNORED, .set = set_none, .help = "`domain`"},
};
CMD_ROWS(rows_dynauth, dynauth);
