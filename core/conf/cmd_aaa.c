/* aaa lists; and the blocks that are kept as text until something acts on them: RADIUS, name
 * manglers, cluster, crypto maps. */
#include <string.h>

#include "core/conf/set.h"
#include "core/conf/tables.h"

/* row->off is the kind of the list. */
void set_aaa_list(struct cmd_call *c)
{
	struct snapshot *s = c->s;
	const struct arg *name = cmd_arg(c, "name");
	uint8_t kind = (uint8_t)c->row->off;
	size_t at = 0;
	while (at < s->aaa_list_count &&
		!(s->aaa_lists[at].kind == kind && arg_is(name, s->aaa_lists[at].name)))
		at++;
	if (at < s->aaa_list_count)
		s->aaa_list_count =
			arena_drop(s->aaa_lists, s->aaa_list_count, at, sizeof(s->aaa_lists[0]));
	if (c->form != FORM_SET)
		return;
	struct aaa_list l = {.kind = kind, .name = cmd_ref(c, name)};
	for (size_t i = 0; i < c->n; i++) {
		if (c->args[i].kind == ARG_TEXT && c->args[i].key.len == 6) { /* <method> */
			void *tmp;
			char **slot = ARENA_PUSH(c->arena, l.methods.v, l.methods.n, tmp);
			if (slot)
				*slot = cmd_text(c, &c->args[i]);
		}
	}
	l.acct_mode = kind == AAA_ACCT_NETWORK ? cmd_text(c, cmd_arg(c, "mode")) : NULL;
	struct aaa_list *v = arena_grow(c->arena, s->aaa_lists, s->aaa_list_count, sizeof(l));
	if (!v)
		return;
	s->aaa_lists = v;
	at = s->aaa_list_count++;
	while (at > 0 && v[at - 1].kind > kind)
		at--;
	memmove(&v[at + 1], &v[at], (s->aaa_list_count - 1 - at) * sizeof(l));
	v[at] = l;
	bool local = l.methods.n == 1 && l.methods.v[0] && strcmp(l.methods.v[0], "local") == 0;
	if (kind == AAA_ACCT_NETWORK || !local)
		cmd_warn(c, NULL,
			"kept, but not in force in this version (only local lists of "
			"authentication login and authorization network are):",
			"");
}

void print_aaa_list(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct snapshot *s = obj;
	for (size_t i = 0; i < s->aaa_list_count; i++) {
		const struct aaa_list *l = &s->aaa_lists[i];
		if (l->kind != row->off)
			continue;
		cout_head(o, row, false);
		cout_word(o, l->name);
		if (l->acct_mode)
			cout_word(o, l->acct_mode);
		for (size_t k = 0; k < l->methods.n; k++)
			cout_word(o, l->methods.v[k]);
		cout_end(o);
	}
}

#define KEPT(grammar_, help_)                                                                      \
	{                                                                                          \
		.grammar = grammar_, .flags = CMD_REPEATS, .when = WHEN_NEW, .set = set_keep,      \
		.help = help_                                                                      \
	}
#define KEPT_ONE(grammar_, help_)                                                                  \
	{                                                                                          \
		.grammar = grammar_, .when = WHEN_NEW, .set = set_keep, .help = help_              \
	}

static const struct cmd mangler[] = {
	KEPT_ONE("dn {common-name|country|domain|locality|organization|organization-unit|state}",
		"Field of the subject name"),
	KEPT_ONE("eap {all|dn "
		 "{common-name|country|domain|locality|organization|organization-unit|state}|"
		 "prefix delimiter <character:word>|suffix delimiter <character:word>}",
		"Part of the EAP identity"),
	KEPT_ONE("email {all|domain|username}", "Part of an email identity"),
	KEPT_ONE("fqdn {all|domain|hostname}", "Part of an FQDN identity"),
};
CMD_ROWS(rows_mangler, mangler);

static const struct cmd cluster[] = {
	KEPT_ONE("standby-group <name:name>", "Group of the virtual address"),
	KEPT_ONE("port <port:1-65535>", "Port of the load protocol"),
	KEPT_ONE("holdtime <ms:100-120000>", "Silence after which a node is dead"),
	KEPT_ONE("slave hello <ms:100-120000>", "Interval of signs of life"),
	KEPT_ONE("slave update <ms:100-120000>", "Interval of load reports"),
	KEPT_ONE("slave max-session <number:1-1000000>", "Most SAs of this node"),
	KEPT_ONE("slave priority <number:1-100>", "Order among nodes"),
	KEPT_ONE("subordinate hello <ms:100-120000>", "Interval of signs of life"),
	KEPT_ONE("subordinate update <ms:100-120000>", "Interval of load reports"),
	KEPT_ONE("subordinate max-session <number:1-1000000>", "Most SAs of this node"),
	KEPT_ONE("subordinate priority <number:1-100>", "Order among nodes"),
	KEPT_ONE("master overload-limit <percent:50-99>", "A busier node is skipped"),
	KEPT_ONE("master weight crypto-load <number:0-100>", "Weight of SAs"),
	KEPT_ONE("master weight system-load <number:0-100>", "Weight of CPU and memory"),
	KEPT_ONE("primary overload-limit <percent:50-99>", "A busier node is skipped"),
	KEPT_ONE("primary weight crypto-load <number:0-100>", "Weight of SAs"),
	KEPT_ONE("primary weight system-load <number:0-100>", "Weight of CPU and memory"),
	KEPT_ONE("shutdown", "The cluster is off"),
};
CMD_ROWS(rows_cluster, cluster);

static const struct cmd radius[] = {
	KEPT_ONE("address {ipv4|ipv6} <host:word> [auth-port <port:1-65535>] [acct-port "
		 "<port:1-65535>]",
		"Where the server is"),
	KEPT_ONE("key <key:secret>", "Shared secret"),
	KEPT_ONE("timeout <seconds:1-1000>", "Wait for an answer"),
	KEPT_ONE("retransmit <number:0-100>", "Repeats"),
	KEPT_ONE("automate-tester <text:line>", "Probe"),
};
CMD_ROWS(rows_radius, radius);

static const struct cmd aaa_group[] = {
	KEPT("server name <name:name>", "Server by its name"),
	KEPT("server-private <host:word> [auth-port <port:1-65535>] [acct-port <port:1-65535>] "
	     "[timeout <seconds:1-1000>] [retransmit <number:0-100>] key <key:secret>",
		"Server of this group only"),
	KEPT("server <host:word> [auth-port <port:1-65535>] [acct-port <port:1-65535>]",
		"Server by its address"),
	KEPT_ONE("ip vrf forwarding <name:name>", "VRF of the servers"),
	KEPT_ONE("ip radius source-interface <name:iface>", "Source of requests"),
	KEPT_ONE("deadtime <minutes:1-1440>", "A dead server rests"),
	KEPT_ONE("load-balance <text:line>", "Share among servers"),
};
CMD_ROWS(rows_aaa_group, aaa_group);

static const struct cmd dynauth[] = {
	KEPT("client <host:word> [vrf <name:name>] [server-key <key:secret>]",
		"Who may send requests"),
	KEPT_ONE("server-key <key:secret>", "Secret of clients without their own"),
	KEPT_ONE("port <port:1-65535>", "Port"),
	KEPT_ONE("auth-type {any|all|session-key}", "Attributes that must match"),
	KEPT("ignore {session-key|server-key}", "Checks that are left out"),
};
CMD_ROWS(rows_dynauth, dynauth);

static const struct cmd attrs[] = {
	KEPT("attribute type <text:line>", "Attribute and value"),
};
CMD_ROWS(rows_attrs, attrs);

static const struct cmd crypto_map[] = {
	KEPT_ONE("description <text:line>", "Free text"),
	KEPT("set <text:line>", "Settings of the entry"),
	KEPT_ONE("match address <name:name>", "Traffic that is protected"),
	KEPT("reverse-route [<text:line>]", "Routes to the peer's networks"),
};
CMD_ROWS(rows_crypto_map, crypto_map);
