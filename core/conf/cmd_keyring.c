/* crypto ikev2 keyring and its peers (R-KEY). */
#include <string.h>

#include "core/conf/identity.h"
#include "core/conf/set.h"
#include "core/conf/tables.h"

static const struct cmd keyring[] = {
	{.grammar = "peer <name:name>",
		.enters = MODE_PEER,
		.when = WHEN_NEW,
		.set = set_block,
		.print = print_block,
		.help = "A peer or a group of peers with a common key"},
};
CMD_ROWS(rows_keyring, keyring);

static void set_address(struct cmd_call *c)
{
	struct ike_peer *p = c->obj;
	p->address = (struct prefix){0};
	if (c->form == FORM_SET)
		p->address = prefix_read(c);
}

static void print_address(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct ike_peer *p = obj;
	if (!p->address.addr.family)
		return;
	cout_head(o, row, false);
	prefix_print(o, &p->address);
	cout_end(o);
}

/* R-KEY-08: an identity belongs to one peer. */
static bool taken(const struct cmd_call *c, const struct id_match *m)
{
	const struct ike_keyring *k = c->parent;
	for (size_t i = 0; i < k->peer_count; i++)
		for (size_t j = 0; j < k->peers[i].identity_count && &k->peers[i] != c->obj; j++)
			if (identity_same(&k->peers[i].identities[j], m))
				return true;
	return false;
}

static void set_identity(struct cmd_call *c)
{
	struct ike_peer *p = c->obj;
	const struct id_match *m = identity_list_set(c, &p->identities, &p->identity_count, false);
	if (m && taken(c, m))
		cmd_error(c, &c->args[c->n - 1], "another peer of this keyring has this identity",
			"");
}

static void print_identity(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct ike_peer *p = obj;
	for (size_t i = 0; i < p->identity_count; i++)
		identity_print(o, row, &p->identities[i]);
}

/* A symmetric key and a pair exclude each other: the last one said counts. */
static void set_key(struct cmd_call *c)
{
	struct ike_peer *p = c->obj;
	const struct arg *a = cmd_arg(c, "key");
	bool local = cmd_has(c, "local"), remote = cmd_has(c, "remote");
	if (c->form != FORM_SET) {
		if (!remote)
			p->key_local = (struct secret){0};
		if (!local)
			p->key_remote = (struct secret){0};
		if (!local && !remote)
			p->key = (struct secret){0};
		return;
	}
	if (!local && !remote) {
		p->key_local = p->key_remote = (struct secret){0};
		set_secret(c, &p->key, a);
		return;
	}
	p->key = (struct secret){0};
	set_secret(c, local ? &p->key_local : &p->key_remote, a);
}

static void key_line(
	struct cout *o, const struct cmd *row, const char *side, const struct secret *s)
{
	if (!s->form)
		return;
	cout_head(o, row, false);
	cout_str(o, side);
	cout_secret(o, s);
	cout_end(o);
}

static void print_key(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct ike_peer *p = obj;
	key_line(o, row, "", &p->key);
	key_line(o, row, " local", &p->key_local);
	key_line(o, row, " remote", &p->key_remote);
}

static void set_ppk(struct cmd_call *c)
{
	struct ike_peer *p = c->obj;
	p->ppk = (struct secret){0};
	p->ppk_id = NULL;
	p->ppk_required = false;
	if (c->form != FORM_SET)
		return;
	p->ppk_id = cmd_text(c, cmd_arg(c, "id"));
	p->ppk_required = cmd_has(c, "required");
	set_secret(c, &p->ppk, cmd_arg(c, "key"));
}

static void print_ppk(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct ike_peer *p = obj;
	if (!p->ppk.form)
		return;
	cout_head(o, row, false);
	cout_word(o, p->ppk_id);
	if (p->ppk_required)
		cout_str(o, " required");
	cout_str(o, " key");
	cout_secret(o, &p->ppk);
	cout_end(o);
}

static const struct cmd peer[] = {
	{.grammar = "description <text:line>",
		.off = offsetof(struct ike_peer, description),
		.when = WHEN_LIVE,
		.set = set_str,
		.print = print_str,
		.help = "Free text"},
	{.grammar = "hostname <name:word>",
		.off = offsetof(struct ike_peer, hostname),
		.when = WHEN_NEW,
		.set = set_str,
		.print = print_str,
		.help = "Name of the peer (initiator)"},
	{.grammar = "address {<address:ip4> "
		    "[<mask:mask>]|<prefix:prefix4>|<prefix:prefix6>|<address:ip6>}",
		.when = WHEN_NEW,
		.set = set_address,
		.print = print_address,
		.help = "Where the peer's packets come from; the longest match counts"},
	{.grammar = "identity {address {<address:ip4> "
		    "[<mask:mask>]|<prefix:prefix4>|<prefix:prefix6>|"
		    "<address:ip6>}|fqdn {domain <name:word>|<name:word>}|"
		    "email {domain <name:word>|<name:word>}|key-id <name:word>}",
		.when = WHEN_NEW,
		.set = set_identity,
		.print = print_identity,
		.help = "Who the peer says it is (responder)"},
	{.grammar = "pre-shared-key {local <key:secret>|remote <key:secret>|<key:secret>}",
		.when = WHEN_NEW,
		.set = set_key,
		.print = print_key,
		.help = "One key, or one for each direction"},
	{.grammar = "ppk manual id <id:word> [required] key <key:secret>",
		.when = WHEN_NEW,
		.set = set_ppk,
		.print = print_ppk,
		.help = "Post-quantum key (RFC 8784); required: never without it"},
	{.grammar = "ppk dynamic ...",
		.flags = CMD_REFUSED,
		.set = set_none,
		.help = "keys from a key distribution system are not supported"},
	{.grammar = "rsa-sig ...",
		.flags = CMD_REFUSED,
		.set = set_none,
		.help = "IKEv2 keyrings hold no RSA keys"},
};
CMD_ROWS(rows_peer, peer);
