/* crypto ikev2 profile: matching, authentication, keys. Services are in cmd_service.c. */
#include <string.h>

#include "core/conf/identity.h"
#include "core/conf/parse.h"
#include "core/conf/set.h"
#include "core/conf/tables.h"

static void set_fvrf(struct cmd_call *c)
{
	match_vrf_set(c, &((struct ike_profile *)c->obj)->fvrf);
}

static void print_fvrf(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct ike_profile *p = obj;
	if (p->fvrf.kind == VRF_ANY)
		cout_line(o, row, "any");
	else if (p->fvrf.kind == VRF_NAMED)
		cout_line(o, row, p->fvrf.name);
}

static void set_local(struct cmd_call *c)
{
	struct ike_profile *p = c->obj;
	match_local_set(c, &p->locals, &p->local_count);
	if (c->form == FORM_SET && cmd_has(c, "interface"))
		cmd_warn(c, &c->args[0],
			"kept, but not in force in this version (matching interfaces, name "
			"addresses):",
			"");
}

static void print_local(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct ike_profile *p = obj;
	for (size_t i = 0; i < p->local_count; i++) {
		char text[ADDR_TEXT];
		const struct local_match *m = &p->locals[i];
		cout_head(o, row, false);
		if (m->ifname)
			cout_str(o, " interface");
		cout_word(o, m->ifname ? m->ifname : addr_format(&m->addr, text));
		cout_end(o);
	}
}

static void set_remote(struct cmd_call *c)
{
	struct ike_profile *p = c->obj;
	identity_list_set(c, &p->remotes, &p->remote_count, false);
}

static void print_remote(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct ike_profile *p = obj;
	for (size_t i = 0; i < p->remote_count; i++)
		if (p->remotes[i].kind != ID_CERT_MAP)
			identity_print(o, row, &p->remotes[i]);
}

static void set_cert_map(struct cmd_call *c)
{
	struct ike_profile *p = c->obj;
	identity_list_set(c, &p->remotes, &p->remote_count, true);
}

static void print_cert_map(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct ike_profile *p = obj;
	for (size_t i = 0; i < p->remote_count; i++)
		if (p->remotes[i].kind == ID_CERT_MAP)
			cout_line(o, row, p->remotes[i].text);
}

static void set_identity(struct cmd_call *c)
{
	struct ike_profile *p = c->obj;
	p->identity = (struct id_match){.kind = ID_NONE};
	if (c->form == FORM_SET)
		identity_read(c, &p->identity);
}

static void print_identity(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct ike_profile *p = obj;
	if (p->identity.kind == ID_ADDRESS) {
		cout_head(o, row, false);
		cout_str(o, " address ");
		cout_addr(o, &p->identity.prefix.addr);
		cout_end(o);
	} else if (p->identity.kind != ID_NONE) {
		identity_print(o, row, &p->identity);
	}
}

static uint8_t auth_bit(const struct cmd_call *c)
{
	static const struct {
		const char *word;
		uint8_t bit;
	} t[] = {{"rsa-sig", AUTH_RSA}, {"ecdsa-sig", AUTH_ECDSA}, {"pre-share", AUTH_PSK},
		{"eap", AUTH_EAP}, {"anyconnect-eap", AUTH_ANYCONNECT}};
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (cmd_has(c, t[i].word))
			return t[i].bit;
	return 0;
}

static void later_method(struct cmd_call *c, uint8_t bit)
{
	if (bit == AUTH_ANYCONNECT)
		cmd_warn(c, &c->args[0], "kept, but not in force in this version:", "");
}

/* One local method only (R-PFL-10): a second replaces the first. */
static void set_auth_local(struct cmd_call *c)
{
	struct ike_profile *p = c->obj;
	uint8_t bit = auth_bit(c);
	if (c->form != FORM_SET && bit && bit != p->auth_local)
		return;
	p->auth_local = 0;
	p->key_local = p->eap_password = (struct secret){0};
	p->eap_user = NULL;
	p->eap_local = EAP_LOCAL_ANY;
	if (c->form != FORM_SET)
		return;
	p->auth_local = bit;
	if (bit == AUTH_PSK)
		parse_remember_line(c->ps, p->name, LINE_LOCAL_PSK);
	if (bit == AUTH_PSK && cmd_arg(c, "key"))
		set_secret(c, &p->key_local, cmd_arg(c, "key"));
	p->eap_local = cmd_has(c, "gtc")         ? EAP_LOCAL_GTC
		       : cmd_has(c, "md5")       ? EAP_LOCAL_MD5
		       : cmd_has(c, "ms-chapv2") ? EAP_LOCAL_MSCHAPV2
						 : EAP_LOCAL_ANY;
	p->eap_user = cmd_text(c, cmd_arg(c, "user"));
	if (bit == AUTH_EAP && cmd_arg(c, "password"))
		set_secret(c, &p->eap_password, cmd_arg(c, "password"));
	later_method(c, bit);
}

static const char *const eap_words[] = {"", " gtc", " md5", " ms-chapv2"};

static void print_auth_local(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct ike_profile *p = obj;
	if (!p->auth_local)
		return;
	cout_head(o, row, false);
	switch (p->auth_local) {
	case AUTH_RSA: cout_str(o, " rsa-sig"); break;
	case AUTH_ECDSA: cout_str(o, " ecdsa-sig"); break;
	case AUTH_PSK:
		cout_str(o, p->key_local.form ? " pre-share key" : " pre-share");
		if (p->key_local.form)
			cout_secret(o, &p->key_local);
		break;
	default:
		cout_str(o, " eap");
		cout_str(o, eap_words[p->eap_local]);
		if (p->eap_user) {
			cout_str(o, " username");
			cout_word(o, p->eap_user);
		}
		if (p->eap_password.form) {
			cout_str(o, " password");
			cout_secret(o, &p->eap_password);
		}
		break;
	}
	cout_end(o);
}

static void clear_auth_remote(struct ike_profile *p, uint8_t bits)
{
	p->auth_remote &= (uint8_t)~bits;
	if (bits & AUTH_PSK)
		p->key_remote = (struct secret){0};
	if (bits & AUTH_EAP) {
		p->eap_query_identity = false;
		p->eap_timeout_s = 0;
	}
	if (bits & AUTH_ANYCONNECT)
		p->anyconnect_cert_request = false;
}

static void set_auth_remote(struct cmd_call *c)
{
	struct ike_profile *p = c->obj;
	uint8_t bit = auth_bit(c);
	if (c->form != FORM_SET) {
		clear_auth_remote(p, bit ? bit : 0xff);
		return;
	}
	p->auth_remote |= bit;
	if (bit == AUTH_PSK)
		parse_remember_line(c->ps, p->name, LINE_REMOTE_PSK);
	if (bit == AUTH_PSK && cmd_arg(c, "key"))
		set_secret(c, &p->key_remote, cmd_arg(c, "key"));
	/* `eap query-identity` and `eap timeout N` are two lines as often as one. */
	if (cmd_has(c, "query-identity"))
		p->eap_query_identity = true;
	if (cmd_arg(c, "seconds"))
		p->eap_timeout_s = (uint32_t)cmd_arg(c, "seconds")->num;
	if (cmd_has(c, "cert-request"))
		p->anyconnect_cert_request = true;
	later_method(c, bit);
}

static void print_auth_remote(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct ike_profile *p = obj;
	static const struct {
		uint8_t bit;
		const char *word;
	} t[] = {{AUTH_RSA, " rsa-sig"}, {AUTH_ECDSA, " ecdsa-sig"}, {AUTH_PSK, " pre-share"},
		{AUTH_EAP, " eap"}, {AUTH_ANYCONNECT, " anyconnect-eap aggregate"}};
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (!(p->auth_remote & t[i].bit))
			continue;
		cout_head(o, row, false);
		cout_str(o, t[i].word);
		if (t[i].bit == AUTH_PSK && p->key_remote.form) {
			cout_str(o, " key");
			cout_secret(o, &p->key_remote);
		}
		if (t[i].bit == AUTH_EAP && p->eap_query_identity)
			cout_str(o, " query-identity");
		if (t[i].bit == AUTH_EAP && p->eap_timeout_s) {
			cout_str(o, " timeout ");
			cout_u32(o, p->eap_timeout_s);
		}
		if (t[i].bit == AUTH_ANYCONNECT && p->anyconnect_cert_request)
			cout_str(o, " cert-request");
		cout_end(o);
	}
}

static void set_keyring(struct cmd_call *c)
{
	struct ike_profile *p = c->obj;
	p->keyring_kind = KEYRING_NONE;
	p->keyring = p->keyring_mangler = NULL;
	p->keyring_password = (struct secret){0};
	if (c->form != FORM_SET)
		return;
	parse_remember_line(c->ps, p->name, LINE_KEYRING);
	p->keyring_kind = cmd_has(c, "aaa") ? KEYRING_AAA : KEYRING_LOCAL;
	p->keyring = cmd_ref(c, cmd_arg(c, "name"));
	p->keyring_mangler = cmd_ref(c, cmd_arg(c, "mangler"));
	if (cmd_arg(c, "password")) {
		set_secret(c, &p->keyring_password, cmd_arg(c, "password"));
		(void)password_fits(c, &p->keyring_password, cmd_arg(c, "password"));
	}
}

static void print_keyring(struct cout *o, const struct cmd *row, const void *obj)
{
	const struct ike_profile *p = obj;
	if (p->keyring_kind == KEYRING_NONE)
		return;
	cout_head(o, row, false);
	cout_str(o, p->keyring_kind == KEYRING_AAA ? " aaa" : " local");
	cout_word(o, p->keyring);
	if (p->keyring_mangler) {
		cout_str(o, " name-mangler");
		cout_word(o, p->keyring_mangler);
	}
	if (p->keyring_password.form) {
		cout_str(o, " password");
		cout_secret(o, &p->keyring_password);
	}
	cout_end(o);
}

#define AT(field) offsetof(struct ike_profile, field)

static const struct cmd profile[] = {
	{.grammar = "description <text:line>",
		.off = AT(description),
		.when = WHEN_LIVE,
		.set = set_str,
		.print = print_str,
		.help = "Free text"},
	{.grammar = "match fvrf {any|<name:name>}",
		.when = WHEN_NEW,
		.set = set_fvrf,
		.print = print_fvrf,
		.help = "Outer VRF; without it the global one"},
	{.grammar = "match address local {<address:ip>|interface <name:iface>}",
		.when = WHEN_NEW,
		.set = set_local,
		.print = print_local,
		.help = "Local address or interface"},
	{.grammar = "match identity remote {any|address {<address:ip4> "
		    "[<mask:mask>]|<prefix:prefix4>|"
		    "<prefix:prefix6>|<address:ip6>}|fqdn {domain <name:word>|<name:word>}|"
		    "email {domain <name:word>|<name:word>}|key-id <name:word>}",
		.when = WHEN_NEW,
		.set = set_remote,
		.print = print_remote,
		.help = "Identity of the peer; several are alternatives; any: where no other "
			"profile matches"},
	{.grammar = "match certificate <name:name>",
		.when = WHEN_NEW,
		.set = set_cert_map,
		.print = print_cert_map,
		.help = "Peers whose certificate meets this map; an alternative to identities"},
	{.grammar = "match vrf ...",
		.flags = CMD_REFUSED,
		.set = set_none,
		.help = "write `match fvrf`"},
	{.grammar = "match local address ...",
		.flags = CMD_REFUSED,
		.set = set_none,
		.help = "write `match address local`"},
	{.grammar = "identity local {dn|address <address:ip>|fqdn <name:word>|email <name:word>|"
		    "key-id <name:word>}",
		.when = WHEN_NEW,
		.set = set_identity,
		.print = print_identity,
		.help = "Our identity; default: the local address with pre-share, else the subject "
			"name"},
	{.grammar = "authentication local {rsa-sig|ecdsa-sig|pre-share [key <key:secret>]|"
		    "eap [{gtc|md5|ms-chapv2}] [username <user:word>] [password "
		    "<password:secret>]}",
		.when = WHEN_NEW,
		.set = set_auth_local,
		.print = print_auth_local,
		.help = "How we prove who we are; ecdsa-sig is Ed25519, too, and RSA for a peer that "
			"can only do that; an inline key wins over the keyring"},
	{.grammar = "authentication remote {rsa-sig|ecdsa-sig|pre-share [key <key:secret>]|"
		    "eap [query-identity] [timeout <seconds:10-600>]|anyconnect-eap aggregate "
		    "[cert-request]}",
		.when = WHEN_NEW,
		.set = set_auth_remote,
		.print = print_auth_remote,
		.help = "How the peer may prove who it is; several are alternatives; ecdsa-sig is "
			"Ed25519, too"},
	{.grammar = "keyring ppk <name:name>",
		.off = AT(keyring_ppk),
		.when = WHEN_NEW,
		.set = set_ref,
		.print = print_str,
		.help = "Where post-quantum keys come from"},
	{.grammar = "keyring {local <name:name>|aaa <name:name> [name-mangler <mangler:name>] "
		    "[password <password:secret>]|<name:name>}",
		.when = WHEN_NEW,
		.set = set_keyring,
		.print = print_keyring,
		.help = "Where pre-shared keys come from"},
	{.grammar = "pki trustpoint <name:name> [{sign|verify}]",
		.when = WHEN_NEW,
		.set = set_trustpoint,
		.print = print_trustpoint,
		.help = "Our certificate (sign), and who is trusted (verify); without a word both"},
	{.grammar = "sallyport eap methods {mschapv2|tls|ttls|peap|gtc|md5}+",
		.off = AT(eap_methods),
		.def = "mschapv2 tls ttls peap",
		.when = WHEN_NEW,
		.set = set_eap_methods,
		.print = print_eap_methods,
		.help = "EAP methods of the built-in server, the first one is proposed"},
	{.grammar = "sallyport eap inner-methods {mschapv2|gtc|md5}+",
		.off = AT(eap_inner),
		.def = "mschapv2 gtc",
		.when = WHEN_NEW,
		.set = set_eap_methods,
		.print = print_eap_methods,
		.help = "Methods inside TTLS and PEAP; gtc is PAP there, too"},
	{.grammar = "sallyport eap multiple",
		.off = AT(eap_multiple),
		.when = WHEN_NEW,
		.set = set_flag,
		.print = print_flag,
		.help = "The peer proves itself by certificate and then by EAP (RFC 4739)"},
	{.grammar = "sallyport eap only",
		.off = AT(eap_only),
		.when = WHEN_NEW,
		.set = set_flag,
		.print = print_flag,
		.help = "EAP methods that prove both sides are enough, without our certificate (RFC 5998)"},
	{.grammar = "lifetime <seconds:120-86400>",
		.off = AT(lifetime_s),
		.def = "86400",
		.when = WHEN_NEW,
		.set = set_u32,
		.print = print_u32,
		.help = "Lifetime of the IKE SA"},
	{.grammar = "dpd <interval:1-86400> [<retry:1-3600>] [{on-demand|periodic}]",
		.off = AT(dpd),
		.when = WHEN_NEW,
		.set = set_dpd,
		.print = print_dpd,
		.help = "Dead peer detection; default: the global one"},
	{.grammar = "nat keepalive <seconds:5-3600>",
		.off = AT(nat_keepalive_s),
		.when = WHEN_NEW,
		.set = set_nat_keepalive,
		.print = print_u32,
		.help = "NAT keepalives; default: the global ones"},
	{.grammar = "nat force-encapsulation",
		.off = AT(nat_force_encap),
		.when = WHEN_NEW,
		.set = set_flag,
		.print = print_flag,
		.help = "ESP in UDP even without a NAT"},
	{.grammar = "sallyport childless",
		.off = AT(childless),
		.when = WHEN_NEW,
		.set = set_flag,
		.print = print_flag,
		.help = "As initiator, authenticate first and make the IPsec SA by an exchange of its own"},
	{.grammar = "nat udp-checksum zero",
		.off = AT(udp_checksum_zero),
		.when = WHEN_NEW,
		.set = set_flag,
		.print = print_flag,
		.flags = CMD_LATER,
		.help = "encapsulated ESP without UDP checksum"},
	{.grammar = "initial-contact force",
		.off = AT(initial_contact_force),
		.when = WHEN_NEW,
		.set = set_flag,
		.print = print_flag,
		.help = "Older SAs of the same identity go, asked or not"},
	{.grammar = "sallyport mobike",
		.off = AT(mobike),
		.def = "on",
		.when = WHEN_NEW,
		.set = set_flag,
		.print = print_flag,
		.help = "Sessions go on when an address changes (RFC 4555)"},
	{.grammar = "ivrf <name:name>",
		.off = AT(ivrf),
		.when = WHEN_NEW,
		.set = set_ref,
		.print = print_str,
		.help = "Inner VRF; default: as outside, or of the virtual template"},
	{.grammar = "virtual-template <number:1-2147483647> [mode auto]",
		.when = WHEN_NEW,
		.set = set_template,
		.print = print_template,
		.help = "Template of the sessions of this profile"},
	{.grammar = "aaa accounting {psk <list:name>|cert <list:name>|eap <list:name>|"
		    "anyconnect-eap <list:name>|<list:name>}",
		.when = WHEN_NEW,
		.set = set_accounting,
		.print = print_accounting,
		.help = "Where sessions are accounted for, by how the peer authenticates or for all"},
	{.grammar = "aaa authentication eap <list:name>",
		.off = AT(eap_authen_list),
		.when = WHEN_NEW,
		.set = set_ref,
		.print = print_str,
		.help = "Where EAP users are: a local list is the built-in EAP server"},
	{.grammar = "aaa authentication anyconnect-eap <list:name>",
		.off = AT(anyconnect_authen_list),
		.when = WHEN_NEW,
		.flags = CMD_LATER,
		.set = set_ref,
		.print = print_str,
		.help = "AnyConnect EAP"},
	{.grammar = "aaa authorization user {psk|cert|eap|anyconnect-eap} {cached|list <list:name> "
		    "[{name-mangler <mangler:name>|<username:word>}]}",
		.when = WHEN_NEW,
		.set = set_author_user,
		.print = print_author_user,
		.help = "Authorization by the user's part of the identity"},
	{.grammar = "aaa authorization group [override] {psk|cert|eap|anyconnect-eap} list "
		    "<list:name> "
		    "[{name-mangler <mangler:name>|<username:word>}]",
		.when = WHEN_NEW,
		.set = set_author_group,
		.print = print_author_group,
		.help = "Authorization by the group; override: group attributes win"},
	{.grammar = "config-exchange request",
		.off = AT(config_request),
		.def = "on",
		.when = WHEN_NEW,
		.set = set_flag,
		.print = print_flag,
		.help = "A FlexVPN client asks for configuration also when it has its address"},
	{.grammar = "config-exchange set send",
		.off = AT(config_set_send),
		.def = "on",
		.when = WHEN_NEW,
		.set = set_flag,
		.print = print_flag,
		.help = "Configuration is pushed to a peer that does not ask for it"},
	{.grammar = "config-exchange set accept",
		.off = AT(config_set_accept),
		.def = "on",
		.when = WHEN_NEW,
		.set = set_flag,
		.print = print_flag,
		.help = "Configuration that a peer pushes is taken"},
	{.grammar = "config-mode set",
		.when = WHEN_NEW,
		.set = set_config_mode,
		.help = "Older name of config-exchange set send and accept"},
	{.grammar = "reconnect [timeout <seconds:60-86400>]",
		.off = AT(reconnect_s),
		.when = WHEN_NEW,
		.set = set_reconnect,
		.print = print_u32,
		.help = "Sessions whose client went silent wait for it to come back; default: 1800 seconds"},
	{.grammar = "redirect gateway auth",
		.off = AT(redirect_auth),
		.when = WHEN_NEW,
		.set = set_redirect_gateway,
		.print = print_flag,
		.help = "Its clients are redirected once they have authenticated"},
	{.grammar = "sallyport reauthentication <seconds:10-604800>",
		.off = AT(reauth_s),
		.when = WHEN_NEW,
		.set = set_u32,
		.print = print_u32,
		.help = "Both sides authenticate again so often; default: never"},
	{.grammar = "shutdown",
		.off = AT(shutdown),
		.when = WHEN_NEW,
		.set = set_flag,
		.print = print_flag,
		.help = "The profile matches nobody"},
};
CMD_ROWS(rows_profile, profile);
