/* show version | running-config | crypto ikev2 proposal, policy, profile, authorization policy
 * (R-POL-10/19, R-PFL-22, R-AZP-23, R-CFG-08/09). */
#include <inttypes.h>
#include <string.h>

#include "cmd/show.h"
#include "core/base/mem.h"
#include "core/conf/conf.h"
#include "core/conf/match.h"
#include "core/crypto/suite.h"
#include "core/session/dhcp_lease.h"
#include "gen/version.h"

SHOW(show_version)
{
	(void)w;
	(void)args;
	(void)err;
	if (out->json) {
		js_open(out, NULL);
		js_str(out, "version", SALLYPORT_VERSION);
		js_close(out);
	} else {
		out_printf(out, "Sallyport %s\n", SALLYPORT_VERSION);
	}
	return 0;
}

SHOW(show_running_config)
{
	unsigned flags = CONF_SHOW;
	char *text;
	size_t len;
	if (args->n == 1 && args->words[0][0] && strncmp("all", args->words[0], strlen(args->words[0])) == 0) {
		flags |= CONF_ALL;
	} else if (args->n) {
		out_printf(err, "\"%s\" is not understood here; one of: all\n", args->words[0]);
		return 2;
	}
	if (conf_print(w->conf, flags, &text, &len) != ST_OK) {
		out_printf(err, "out of memory\n");
		return 1;
	}
	if (out->json) {
		js_open(out, NULL);
		js_bytes(out, "running_config", text, len);
		js_close(out);
	} else {
		out_raw(out, text, len);
	}
	mem_free_secret(text, len + 1);
	return 0;
}

/* ---- objects: [NAME | default] -------------------------------------------------------------- */

static const char *wanted_name(const struct admin_args *args)
{
	return args->n ? args->words[0] : NULL;
}

static bool is_wanted(const char *name, const char *wanted)
{
	return !wanted || strcmp(name, wanted) == 0;
}

static int nothing_found(const char *what, const char *wanted, struct out *err)
{
	out_printf(err, "there is no %s \"%s\"\n", what, wanted);
	return 1;
}

static void print_transforms(struct out *out, const char *title, enum xf_type type,
			     const struct transform_list *list)
{
	if (out->json)
		js_open_array(out, title);
	else
		out_printf(out, "      %-10s: ", title);
	for (size_t i = 0; i < list->n; i++) {
		const struct xf *x = suite_find(type, list->v[i].id, list->v[i].key_bits);
		if (!x)
			continue;
		if (out->json)
			js_str(out, NULL, x->label);
		else
			out_printf(out, "%s%s", i ? " " : "", x->label);
	}
	if (out->json)
		js_close_array(out);
	else
		out_printf(out, "%s\n", list->n ? "" : "none");
}

static void one_proposal(struct out *out, const struct ike_proposal *p)
{
	if (out->json) {
		js_open(out, NULL);
		js_str(out, "name", p->name);
		js_bool(out, "complete", p->complete);
		js_bool(out, "disabled", p->disabled);
	} else {
		out_printf(out, " IKEv2 proposal: %s%s%s\n", p->name, p->complete ? "" : " (incomplete)",
			   p->disabled ? " (disabled)" : "");
	}
	print_transforms(out, out->json ? "encryption" : "Encryption", XF_ENCR, &p->encr);
	print_transforms(out, out->json ? "integrity" : "Integrity", XF_INTEG, &p->integ);
	print_transforms(out, out->json ? "prf" : "PRF", XF_PRF, &p->prf);
	print_transforms(out, out->json ? "dh_group" : "DH Group", XF_DH, &p->dh);
	if (out->json)
		js_close(out);
}

SHOW(show_ikev2_proposal)
{
	const char *name = wanted_name(args);
	size_t found = 0;
	if (out->json)
		js_open_array(out, NULL);
	else if (w->conf->own.defaults_legacy)
		out_printf(out, " Defaults in force: legacy\n");
	for (size_t i = 0; i < w->conf->proposal_count; i++) {
		if (!is_wanted(w->conf->proposals[i].name, name))
			continue;
		one_proposal(out, &w->conf->proposals[i]);
		found++;
	}
	if (out->json)
		js_close_array(out);
	return name && !found ? nothing_found("proposal", name, err) : 0;
}

static void one_policy(struct out *out, const struct ike_policy *p)
{
	char text[ADDR_TEXT];
	const char *fvrf = p->fvrf.kind == VRF_ANY ? "any" : p->fvrf.kind == VRF_NAMED ? p->fvrf.name : "global";
	if (out->json) {
		js_open(out, NULL);
		js_str(out, "name", p->name);
		js_str(out, "match_fvrf", fvrf);
		js_open_array(out, "match_address_local");
		for (size_t i = 0; i < p->local_count; i++)
			js_addr(out, NULL, &p->locals[i].addr);
		js_close_array(out);
		js_open_array(out, "proposals");
		for (size_t i = 0; i < p->proposals.n; i++)
			js_str(out, NULL, p->proposals.v[i]);
		js_close_array(out);
		js_close(out);
		return;
	}
	out_printf(out, "\n IKEv2 policy : %s%s%s\n      Match fvrf          : %s\n", p->name,
		   p->complete ? "" : " (incomplete)", p->disabled ? " (disabled)" : "", fvrf);
	for (size_t i = 0; i < p->local_count; i++)
		out_printf(out, "      Match address local : %s\n", addr_format(&p->locals[i].addr, text));
	if (!p->local_count)
		out_printf(out, "      Match address local : any\n");
	for (size_t i = 0; i < p->proposals.n; i++)
		out_printf(out, "      Proposal            : %s\n", p->proposals.v[i]);
}

SHOW(show_ikev2_policy)
{
	const char *name = wanted_name(args);
	size_t found = 0;
	if (out->json)
		js_open_array(out, NULL);
	for (size_t i = 0; i < w->conf->policy_count; i++) {
		if (!is_wanted(w->conf->policies[i].name, name))
			continue;
		one_policy(out, &w->conf->policies[i]);
		found++;
	}
	if (out->json)
		js_close_array(out);
	return name && !found ? nothing_found("policy", name, err) : 0;
}

/* ---- profile -------------------------------------------------------------------------------- */

static const char *id_word(uint8_t kind)
{
	switch (kind) {
	case ID_ANY:
		return "any";
	case ID_ADDRESS:
		return "address";
	case ID_FQDN:
		return "fqdn";
	case ID_FQDN_DOMAIN:
		return "fqdn domain";
	case ID_EMAIL:
		return "email";
	case ID_EMAIL_DOMAIN:
		return "email domain";
	case ID_KEYID:
		return "key-id";
	case ID_DN:
		return "dn";
	case ID_CERT_MAP:
		return "certificate map";
	default:
		return "none";
	}
}

static void print_match(struct out *out, const struct id_match *m)
{
	char text[PREFIX_TEXT];
	out_printf(out, "%s", id_word(m->kind));
	if (m->kind == ID_ADDRESS && m->prefix.addr.family)
		out_printf(out, " %s", prefix_format(&m->prefix, text));
	else if (m->text)
		out_printf(out, " %s", m->text);
}

static void print_methods(struct out *out, uint8_t bits)
{
	static const char *const words[] = {"pre-share", "rsa-sig", "ecdsa-sig", "eap", "anyconnect-eap"};
	bool any = false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!(bits & (1u << i)))
			continue;
		out_printf(out, "%s%s", any ? " " : "", words[i]);
		any = true;
	}
	out_printf(out, "%s\n", any ? "" : "none");
}

static void text_proofs(struct out *out, const struct ike_profile *p)
{
	if (p->trustpoint_count)
		out_printf(out, " Certificate trustpoints:\n");
	for (size_t i = 0; i < p->trustpoint_count; i++) {
		const struct trustpoint_ref *t = &p->trustpoints[i];
		out_printf(out, "   %s%s%s\n", t->name, t->sign ? " sign" : "", t->verify ? " verify" : "");
	}
	if (!(p->auth_remote & AUTH_EAP))
		return;
	out_printf(out, " EAP methods:");
	for (size_t i = 0; i < p->eap_methods.n; i++)
		out_printf(out, " %s", eap_method_word(p->eap_methods.v[i]));
	out_printf(out, "%s%s%s\n", p->eap_query_identity ? ", identity queried" : "",
		   p->eap_multiple ? ", after a certificate" : "", p->eap_only ? ", alone when the client wants it" : "");
}

static void text_profile(const struct world *w, struct out *out, const struct ike_profile *p)
{
	struct dpd dpd = profile_dpd(w->conf, p);
	out_printf(out, "\nIKEv2 profile: %s%s%s\n", p->name, p->complete ? "" : " (incomplete)",
		   p->shutdown ? " (shut down)" : "");
	if (p->description)
		out_printf(out, " Description: %s\n", p->description);
	out_printf(out, " Match criteria:\n  Fvrf: %s\n  Local address/interface: %s\n  Identities:\n",
		   p->fvrf.kind == VRF_ANY ? "any" : p->fvrf.kind == VRF_NAMED ? p->fvrf.name : "global",
		   p->local_count ? "" : "any");
	for (size_t i = 0; i < p->remote_count; i++) {
		out_printf(out, "   ");
		print_match(out, &p->remotes[i]);
		out_printf(out, "\n");
	}
	out_printf(out, " Local identity: ");
	print_match(out, &p->identity);
	out_printf(out, "\n Local authentication method: ");
	print_methods(out, p->auth_local);
	out_printf(out, " Remote authentication method(s): ");
	print_methods(out, p->auth_remote);
	text_proofs(out, p);
	out_printf(out, " Keyring: %s\n Lifetime: %" PRIu32 " seconds\n", p->keyring ? p->keyring : "none",
		   p->lifetime_s);
	if (p->reauth_s)
		out_printf(out, " Reauthentication: %" PRIu32 " seconds\n", p->reauth_s);
	if (dpd.mode == DPD_UNSET)
		out_printf(out, " DPD: disabled\n");
	else
		out_printf(out, " DPD: interval %" PRIu32 ", retry-interval %" PRIu32 ", %s\n", dpd.interval_s,
			   dpd.retry_s, dpd.mode == DPD_PERIODIC ? "periodic" : "on-demand");
	out_printf(out, " NAT-keepalive: %" PRIu32 " seconds%s\n", profile_nat_keepalive_s(w->conf, p),
		   profile_nat_keepalive_s(w->conf, p) ? "" : " (disabled)");
	out_printf(out, " Ivrf: %s\n Virtual-template: ", p->ivrf ? p->ivrf : "none");
	if (p->virtual_template)
		out_printf(out, "%" PRIu32 "%s\n", p->virtual_template, p->template_auto ? " mode auto" : "");
	else
		out_printf(out, "none\n");
	out_printf(out, " AAA group authorization (psk): %s\n",
		   p->group[AAA_PSK].username ? p->group[AAA_PSK].username :
		   p->group[AAA_PSK].list     ? p->group[AAA_PSK].list :
						"none");
}

static void json_profile(const struct world *w, struct out *out, const struct ike_profile *p)
{
	struct dpd dpd = profile_dpd(w->conf, p);
	struct out t;
	js_open(out, NULL);
	js_str(out, "name", p->name);
	js_bool(out, "complete", p->complete);
	js_bool(out, "shutdown", p->shutdown);
	js_open_array(out, "match_identity_remote");
	for (size_t i = 0; i < p->remote_count; i++) {
		out_init(&t, false);
		print_match(&t, &p->remotes[i]);
		js_bytes(out, NULL, t.buf, t.len);
		out_fini(&t);
	}
	js_close_array(out);
	js_str(out, "keyring", p->keyring ? p->keyring : "");
	js_open_array(out, "trustpoints");
	for (size_t i = 0; i < p->trustpoint_count; i++)
		js_str(out, NULL, p->trustpoints[i].name);
	js_close_array(out);
	js_open_array(out, "eap_methods");
	for (size_t i = 0; i < p->eap_methods.n && (p->auth_remote & AUTH_EAP); i++)
		js_str(out, NULL, eap_method_word(p->eap_methods.v[i]));
	js_close_array(out);
	js_u64(out, "lifetime_s", p->lifetime_s);
	js_u64(out, "reauth_s", p->reauth_s);
	js_u64(out, "dpd_interval_s", dpd.mode == DPD_UNSET ? 0 : dpd.interval_s);
	js_u64(out, "dpd_retry_s", dpd.mode == DPD_UNSET ? 0 : dpd.retry_s);
	js_u64(out, "nat_keepalive_s", profile_nat_keepalive_s(w->conf, p));
	js_u64(out, "virtual_template", p->virtual_template);
	js_close(out);
}

SHOW(show_ikev2_profile)
{
	const char *name = wanted_name(args);
	size_t found = 0;
	if (out->json)
		js_open_array(out, NULL);
	for (size_t i = 0; i < w->conf->profile_count; i++) {
		const struct ike_profile *p = &w->conf->profiles[i];
		if (!is_wanted(p->name, name))
			continue;
		if (out->json)
			json_profile(w, out, p);
		else
			text_profile(w, out, p);
		found++;
	}
	if (out->json)
		js_close_array(out);
	return name && !found ? nothing_found("profile", name, err) : 0;
}

/* ---- authorization policy ------------------------------------------------------------------- */

static void text_addresses(struct out *out, const char *title, const struct addr v[2])
{
	char text[ADDR_TEXT];
	for (int i = 0; i < 2; i++)
		if (v[i].family)
			out_printf(out, "   %s: %s\n", title, addr_format(&v[i], text));
}

static void text_list(struct out *out, const char *title, const struct str_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		out_printf(out, "   %s : %s\n", title, l->v[i]);
}

static void text_dhcp(struct out *out, const struct authz_policy *a)
{
	char text[ADDR_TEXT];
	if (a->dhcp_server)
		out_printf(out, "   dhcp server : %s%s\n", a->dhcp_server, a->pool ? " (not asked, there is a pool)" : "");
	if (a->dhcp_giaddr.family)
		out_printf(out, "   dhcp giaddr : %s\n", addr_format(&a->dhcp_giaddr, text));
	if (a->dhcp_server || a->dhcp_timeout_s)
		out_printf(out, "   dhcp timeout : %" PRIu32 "\n", a->dhcp_timeout_s ? a->dhcp_timeout_s : SESSION_DHCP_TIMEOUT_S);
}

static void text_authz(struct out *out, const struct authz_policy *a)
{
	char text[PREFIX_TEXT];
	out_printf(out, "IKEv2 Authorization Policy : %s%s\n", a->name, a->disabled ? " (disabled)" : "");
	if (a->pool)
		out_printf(out, "   pool : %s\n", a->pool);
	if (a->pool6)
		out_printf(out, "   ipv6 pool : %s\n", a->pool6);
	text_dhcp(out, a);
	text_addresses(out, "dns", a->dns);
	text_addresses(out, "ipv6 dns", a->dns6);
	text_addresses(out, "wins", a->wins);
	if (a->netmask.family)
		out_printf(out, "   netmask : %s\n", addr_format(&a->netmask, text));
	if (a->def_domain)
		out_printf(out, "   def-domain : %s\n", a->def_domain);
	text_list(out, "split-dns", &a->split_dns);
	text_list(out, "backup-gateway", &a->backup_gateways);
	if (a->config_url)
		out_printf(out, "   configuration url : %s\n", a->config_url);
	if (a->config_version)
		out_printf(out, "   configuration version : %s\n", a->config_version);
	if (a->include_local_lan)
		out_printf(out, "   include-local-lan\n");
	if (a->pfs)
		out_printf(out, "   pfs\n");
	if (a->smartcard_disconnect)
		out_printf(out, "   smartcard-removal-disconnect\n");
	if (a->route_set_interface)
		out_printf(out, "   route set interface%s%s\n", a->route_set_ifname ? " " : "",
			   a->route_set_ifname ? a->route_set_ifname : "");
	for (size_t i = 0; i < a->route_acls.n; i++)
		out_printf(out, "   route set acl : %s\n", a->route_acls.v[i]);
	for (size_t i = 0; i < a->route_acls6.n; i++)
		out_printf(out, "   route set acl ipv6 : %s\n", a->route_acls6.v[i]);
	for (size_t i = 0; i < a->remote_count; i++)
		out_printf(out, "   route set remote : %s\n", prefix_format(&a->remotes[i], text));
	if (a->route_accept)
		out_printf(out, "   route accept any tag : %" PRIu32 " distance : %" PRIu32 "\n", a->accept_tag,
			   a->accept_distance);
	if (a->session_lifetime_s)
		out_printf(out, "   session-lifetime : %" PRIu32 "\n", a->session_lifetime_s);
}

static void js_list(struct out *out, const char *key, const struct str_list *l)
{
	js_open_array(out, key);
	for (size_t i = 0; i < l->n; i++)
		js_str(out, NULL, l->v[i]);
	js_close_array(out);
}

static void json_authz(struct out *out, const struct authz_policy *a)
{
	char text[PREFIX_TEXT];
	js_open(out, NULL);
	js_str(out, "name", a->name);
	js_bool(out, "disabled", a->disabled);
	js_str(out, "pool", a->pool ? a->pool : "");
	js_str(out, "ipv6_pool", a->pool6 ? a->pool6 : "");
	js_str(out, "dhcp_server", a->dhcp_server ? a->dhcp_server : "");
	js_addr(out, "dhcp_giaddr", &a->dhcp_giaddr);
	js_u64(out, "dhcp_timeout_s", a->dhcp_timeout_s ? a->dhcp_timeout_s : SESSION_DHCP_TIMEOUT_S);
	js_open_array(out, "dns");
	for (int i = 0; i < 2; i++) {
		if (a->dns[i].family)
			js_addr(out, NULL, &a->dns[i]);
		if (a->dns6[i].family)
			js_addr(out, NULL, &a->dns6[i]);
	}
	js_close_array(out);
	js_list(out, "split_dns", &a->split_dns);
	js_list(out, "backup_gateways", &a->backup_gateways);
	js_open_array(out, "route_set_remote");
	for (size_t i = 0; i < a->remote_count; i++)
		js_str(out, NULL, prefix_format(&a->remotes[i], text));
	js_close_array(out);
	js_bool(out, "route_accept_any", a->route_accept);
	js_u64(out, "session_lifetime_s", a->session_lifetime_s);
	js_close(out);
}

SHOW(show_ikev2_authorization)
{
	const char *name = wanted_name(args);
	size_t found = 0;
	if (out->json)
		js_open_array(out, NULL);
	for (size_t i = 0; i < w->conf->authz_count; i++) {
		if (!is_wanted(w->conf->authz[i].name, name))
			continue;
		if (out->json)
			json_authz(out, &w->conf->authz[i]);
		else
			text_authz(out, &w->conf->authz[i]);
		found++;
	}
	if (out->json)
		js_close_array(out);
	return name && !found ? nothing_found("authorization policy", name, err) : 0;
}
