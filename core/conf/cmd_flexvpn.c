/* crypto ikev2 client flexvpn: to which gateways a tunnel connects, and when (R-CLI-01..19). */
#include <string.h>

#include "core/conf/parse.h"
#include "core/conf/set.h"
#include "core/conf/tables.h"

#define PEERS_MAX   32
#define SOURCES_MAX 16
#define INSIDE_MAX  32

/* There are no track objects: each is taken to be up. */
static void take_track(struct cmd_call *c, struct flex_track *t)
{
	const struct arg *number = cmd_arg(c, "object");
	if (!number)
		return;
	*t = (struct flex_track){(uint32_t)number->num, cmd_has(c, "down")};
	cmd_warn(c, number, "track objects are not in force in this version, taken to be up:", "");
}

static void print_track(struct cout *o, const struct flex_track *t)
{
	if (!t->object)
		return;
	cout_str(o, " track ");
	cout_u32(o, t->object);
	if (t->down)
		cout_str(o, " down");
}

/* ---- peers, by their number ---- */

static void set_peer(struct cmd_call *c)
{
	struct flex_client *f = c->obj;
	const struct arg *seq = cmd_arg(c, "seq"), *addr = cmd_arg(c, "address");
	if (!seq) {
		f->peer_count = 0;
		return;
	}
	size_t at = 0;
	while (at < f->peer_count && f->peers[at].seq < seq->num)
		at++;
	if (at < f->peer_count && f->peers[at].seq == seq->num)
		f->peer_count = arena_drop(f->peers, f->peer_count, at, sizeof(f->peers[0]));
	if (c->form != FORM_SET)
		return;
	if (f->peer_count >= PEERS_MAX) {
		cmd_error(c, seq, "too many peers", "32 are possible");
		return;
	}
	struct flex_peer p = {.seq = (uint32_t)seq->num,
		.addr = addr ? addr->addr : (struct addr){0},
		.name = cmd_text(c, cmd_arg(c, "name")),
		.is_dynamic = cmd_has(c, "dynamic"),
		.ip6 = cmd_has(c, "ipv6")};
	take_track(c, &p.track);
	void *tmp;
	if (!ARENA_PUSH(c->arena, f->peers, f->peer_count, tmp))
		return;
	memmove(&f->peers[at + 1], &f->peers[at], (f->peer_count - 1 - at) * sizeof(p));
	f->peers[at] = p;
}

static void print_peer(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct flex_client *f = obj;
	for (size_t i = 0; i < f->peer_count; i++) {
		const struct flex_peer *p = &f->peers[i];
		cout_head(o, row, false);
		cout_str(o, " ");
		cout_u32(o, p->seq);
		if (p->name) {
			cout_str(o, " fqdn");
			cout_word(o, p->name);
			cout_str(o, p->is_dynamic ? " dynamic" : p->ip6 ? " ipv6" : "");
		} else {
			cout_str(o, " ");
			cout_addr(o, &p->addr);
		}
		print_track(o, &p->track);
		cout_end(o);
	}
}

/* ---- sources ---- */

static void set_source(struct cmd_call *c)
{
	struct flex_client *f = c->obj;
	const struct arg *seq = cmd_arg(c, "seq");
	if (!seq) {
		f->source_count = 0;
		return;
	}
	size_t at = 0;
	while (at < f->source_count && f->sources[at].seq < seq->num)
		at++;
	if (at < f->source_count && f->sources[at].seq == seq->num)
		f->source_count =
			arena_drop(f->sources, f->source_count, at, sizeof(f->sources[0]));
	if (c->form != FORM_SET)
		return;
	if (f->source_count >= SOURCES_MAX) {
		cmd_error(c, seq, "too many sources", "16 are possible");
		return;
	}
	struct flex_source s = {
		.seq = (uint32_t)seq->num, .ifname = cmd_ifname(c, cmd_arg(c, "name"))};
	take_track(c, &s.track);
	void *tmp;
	if (!ARENA_PUSH(c->arena, f->sources, f->source_count, tmp))
		return;
	memmove(&f->sources[at + 1], &f->sources[at], (f->source_count - 1 - at) * sizeof(s));
	f->sources[at] = s;
}

static void print_source(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct flex_client *f = obj;
	for (size_t i = 0; i < f->source_count; i++) {
		cout_head(o, row, false);
		cout_str(o, " ");
		cout_u32(o, f->sources[i].seq);
		cout_word(o, f->sources[i].ifname);
		print_track(o, &f->sources[i].track);
		cout_end(o);
	}
}

/* ---- the rest ---- */

static void set_connect(struct cmd_call *c)
{
	struct flex_client *f = c->obj;
	f->connect = FLEX_AUTO;
	f->track = (struct flex_track){0};
	if (c->form != FORM_SET)
		return;
	if (cmd_has(c, "manual"))
		f->connect = FLEX_MANUAL;
	if (cmd_has(c, "track")) {
		f->connect = FLEX_TRACK;
		take_track(c, &f->track);
	}
}

static void print_connect(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct flex_client *f = obj;
	if (f->connect == FLEX_AUTO && !(o->flags & CONF_ALL))
		return;
	cout_head(o, row, false);
	if (f->connect == FLEX_TRACK)
		print_track(o, &f->track);
	else
		cout_str(o, f->connect == FLEX_MANUAL ? " manual" : " auto");
	cout_end(o);
}

/* One name of an interface may be written in many ways: the canonical one is kept. */
static void set_inside(struct cmd_call *c)
{
	struct flex_client *f = c->obj;
	const struct arg *a = cmd_arg(c, "name");
	char *name = cmd_ifname(c, a);
	void *tmp;
	if (!a)
		f->inside.n = 0;
	if (!name)
		return;
	for (size_t i = f->inside.n; i-- > 0;)
		if (strcmp(f->inside.v[i], name) == 0) {
			if (c->form == FORM_SET)
				return;
			f->inside.n = arena_drop(f->inside.v, f->inside.n, i, sizeof(name));
		}
	if (c->form != FORM_SET)
		return;
	if (f->inside.n >= INSIDE_MAX) {
		cmd_error(c, a, "too many of these in one object", "");
		return;
	}
	char **slot = ARENA_PUSH(c->arena, f->inside.v, f->inside.n, tmp);
	if (slot)
		*slot = name;
}

static void set_client_tunnel(struct cmd_call *c)
{
	struct flex_client *f = c->obj;
	const struct arg *a = cmd_arg(c, "name");
	f->tunnel = c->form == FORM_SET ? cmd_ifname(c, a) : NULL;
	if (f->tunnel)
		parse_remember(c->ps, f->tunnel, a->word.col);
}

static void set_group(struct cmd_call *c)
{
	struct flex_client *f = c->obj;
	const struct arg *n = cmd_arg(c, "number");
	f->backup_group = c->form != FORM_SET ? FLEX_NO_GROUP : n ? (uint32_t)n->num : 0;
}

static void print_group(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct flex_client *f = obj;
	if (f->backup_group == FLEX_NO_GROUP)
		return;
	cout_head(o, row, false);
	cout_str(o, f->backup_group ? " " : " default");
	if (f->backup_group)
		cout_u32(o, f->backup_group);
	cout_end(o);
}

#define AT(field) offsetof(struct flex_client, field)
static const struct cmd flexvpn[] = {
	{.grammar = "description <text:line>",
		.off = AT(description),
		.when = WHEN_LIVE,
		.set = set_str,
		.print = print_str,
		.help = "Free text"},
	{.grammar = "peer <seq:1-255> {fqdn <name:word> [{dynamic|ipv6}]|<address:ip>} [track "
		    "<object:1-1000> [{up|down}]]",
		.when = WHEN_LIVE,
		.set = set_peer,
		.print = print_peer,
		.help = "Gateway; lower numbers are preferred"},
	{.grammar = "peer reactivate",
		.off = AT(reactivate),
		.when = WHEN_LIVE,
		.flags = CMD_LATER,
		.set = set_flag,
		.print = print_flag,
		.help = "going back to the best peer needs track objects"},
	{.grammar = "connect {auto|manual|track <object:1-1000> [{up|down}]}",
		.def = "auto",
		.when = WHEN_LIVE,
		.set = set_connect,
		.print = print_connect,
		.help = "When to connect: by itself and for ever, or by order"},
	{.grammar = "client inside <name:iface>",
		.off = AT(inside),
		.when = WHEN_LIVE,
		.set = set_inside,
		.print = print_strs,
		.help = "Inside interface, to be shown"},
	{.grammar = "client connect <name:iface>",
		.off = AT(tunnel),
		.when = WHEN_LIVE,
		.set = set_client_tunnel,
		.print = print_str,
		.help = "Tunnel interface"},
	{.grammar = "source <seq:1-255> <name:iface> [track <object:1-1000>]",
		.when = WHEN_LIVE,
		.set = set_source,
		.print = print_source,
		.help = "Source where the tunnel says dynamic: the lowest number counts"},
	{.grammar = "backup group {default|<number:0-255>}",
		.def = "none",
		.when = WHEN_LIVE,
		.set = set_group,
		.print = print_group,
		.help = "Clients of a group do not connect to the same peer"},
};
CMD_ROWS(rows_flexvpn, flexvpn);
#undef AT
