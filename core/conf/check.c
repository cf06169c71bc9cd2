#include "core/conf/check.h"

#include <stdio.h>
#include <string.h>

#include "core/conf/identity.h"
#include "core/conf/shape.h"
#include "core/crypto/suite.h"

void check_say(struct parse *ps, enum conf_severity severity, const char *name, const char *text,
	const char *hint)
{
	struct place at = parse_place(ps, name);
	parse_report(ps, severity, at.line, at.col, (struct word){name, strlen(name), at.col}, text,
		hint);
}

static bool names(const struct transform_list *l, enum xf_type type, bool aead)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct xf *x = suite_find(type, l->v[i].id, l->v[i].key_bits);
		if (x && x->is_aead == aead)
			return true;
	}
	return false;
}

static void check_proposals(struct parse *ps)
{
	for (size_t i = 0; i < ps->s->proposal_count; i++) {
		const struct ike_proposal *p = &ps->s->proposals[i];
		if (p->complete)
			continue;
		bool only_aead = names(&p->encr, XF_ENCR, true) && !names(&p->encr, XF_ENCR, false);
		if (only_aead && p->integ.n) /* R-POL-02 */
			check_say(ps, CONF_ERROR, p->name,
				"integrity cannot be configured with AES-GCM only, in proposal",
				"leave integrity out and name a prf");
		else
			check_say(ps, CONF_WARNING, p->name, "incomplete proposal, not used:",
				!p->encr.n  ? "encryption is missing"
				: !p->dh.n  ? "group is missing"
				: only_aead ? "prf is missing"
					    : "integrity is missing");
	}
}

static bool vrf_same(const struct vrf_match *a, const struct vrf_match *b)
{
	return a->kind == b->kind && (a->kind != VRF_NAMED || strcmp(a->name, b->name) == 0);
}

static bool locals_meet(
	const struct local_match *a, size_t an, const struct local_match *b, size_t bn)
{
	for (size_t i = 0; i < an; i++)
		for (size_t k = 0; k < bn; k++)
			if (a[i].ifname && b[k].ifname ? strcmp(a[i].ifname, b[k].ifname) == 0
						       : !a[i].ifname && !b[k].ifname &&
								 addr_eq(&a[i].addr, &b[k].addr))
				return true;
	return an == 0 && bn == 0;
}

/* equally specific policies that meet. */
static void check_policies(struct parse *ps)
{
	char text[CONF_TEXT];
	for (size_t i = 0; i < ps->s->policy_count; i++) {
		const struct ike_policy *p = &ps->s->policies[i];
		if (!p->complete)
			check_say(ps, CONF_WARNING, p->name,
				"incomplete policy, not used:", "it names no proposal");
		if (p->disabled || strcmp(p->name, "default") == 0)
			continue;
		for (size_t k = 0; k < i; k++) {
			const struct ike_policy *q = &ps->s->policies[k];
			if (!vrf_same(&p->fvrf, &q->fvrf) || strcmp(q->name, "default") == 0 ||
				!locals_meet(p->locals, p->local_count, q->locals, q->local_count))
				continue;
			snprintf(text, sizeof(text),
				"overlaps policy %.63s, which comes first and is used:", q->name);
			check_say(ps, CONF_WARNING, p->name, text, "");
		}
	}
}

static void profile_error(
	struct parse *ps, const struct ike_profile *p, const char *text, const char *hint)
{
	check_say(ps, CONF_ERROR, p->name, text, hint);
}

static void profile_warn(struct parse *ps, const struct ike_profile *p, const char *hint)
{
	check_say(ps, CONF_WARNING, p->name, "profile:", hint);
}

/* R-REC-05, in whatever order it was written: the session token is the key of a reconnect, and a client
 * that has a pre-shared key needs none. */
static void check_reconnect(struct parse *ps, const struct ike_profile *p)
{
	const struct {
		bool is_there;
		const char *what;
	} lines[] = {
		{p->auth_local == AUTH_PSK, LINE_LOCAL_PSK},
		{(p->auth_remote & AUTH_PSK) != 0, LINE_REMOTE_PSK},
		{p->keyring_kind != KEYRING_NONE, LINE_KEYRING},
		{p->group[AAA_PSK].list != NULL, LINE_GROUP_PSK},
		{p->user[AAA_PSK].list || p->user[AAA_PSK].cached, LINE_USER_PSK},
	};
	char hint[CONF_TEXT];
	if (!p->reconnect_s)
		return;
	snprintf(hint, sizeof(hint), "take one of them out, reconnect is in line %u",
		parse_line_of(ps, p->name, LINE_RECONNECT).line);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct place at = parse_line_of(ps, p->name, lines[i].what);
		if (lines[i].is_there)
			parse_report(ps, CONF_ERROR, at.line, at.col,
				(struct word){lines[i].what, strlen(lines[i].what), at.col},
				"reconnect and pre-shared keys exclude each other, in one profile:", hint);
	}
}

static void check_reconnect_keys(struct parse *ps)
{
	const struct reconnect_key *k = ps->s->ike.reconnect_keys;
	bool is_used = !k[0].key.form && !k[1].key.form;
	for (size_t i = 0; i < ps->s->profile_count; i++)
		is_used |= ps->s->profiles[i].reconnect_s != 0;
	if (!is_used)
		check_say(ps, CONF_WARNING, "crypto ikev2 reconnect key",
			"not used, because no profile has `reconnect`:", "");
}

static bool has_inline(const struct ike_profile *p)
{
	return p->key_local.form || p->key_remote.form;
}

static void check_methods(struct parse *ps, const struct ike_profile *p)
{
	bool cert = (p->auth_local | p->auth_remote) & (AUTH_RSA | AUTH_ECDSA);
	bool psk = p->auth_local == AUTH_PSK || (p->auth_remote & AUTH_PSK);
	if (!p->auth_local && !(p->eap_only && p->auth_remote == AUTH_EAP))
		profile_warn(ps, p, "authentication local is missing: nobody can connect");
	if (!p->auth_remote)
		profile_warn(ps, p, "authentication remote is missing: nobody can connect");
	if (psk && p->keyring_kind == KEYRING_NONE && !has_inline(p))
		profile_warn(ps, p, "pre-share, but neither a keyring nor a key");
	if (p->keyring_kind != KEYRING_NONE && has_inline(p))
		profile_warn(ps, p, "has a key of its own and a keyring: its own key wins");
	if (cert && !p->trustpoint_count) /* R-PFL-11 */
		profile_warn(ps, p, "certificates need a pki trustpoint in the profile");
	/* R-AUT-03, R-AUT-04 */
	bool asks = p->auth_remote & (AUTH_EAP | AUTH_ANYCONNECT);
	if (asks && p->auth_local && !p->eap_only && !(p->auth_local & (AUTH_RSA | AUTH_ECDSA)))
		profile_error(ps, p, "EAP of the peer needs a certificate of ours, in profile",
			"authentication local rsa-sig");
	if (p->auth_local == AUTH_EAP && p->auth_remote && !p->eap_only &&
		!(p->auth_remote & (AUTH_RSA | AUTH_ECDSA)))
		profile_error(ps, p, "our EAP needs a certificate of the peer, in profile",
			"authentication remote rsa-sig");
	if ((p->auth_remote & AUTH_ANYCONNECT) && ps->s->ike.http_url_cert)
		profile_warn(ps, p,
			"AnyConnect does not work with `crypto ikev2 http-url cert`"); /* R-AUT-07
											*/
}

static bool remotes_meet(const struct ike_profile *p, const struct ike_profile *q)
{
	for (size_t i = 0; i < p->remote_count; i++)
		for (size_t k = 0; k < q->remote_count; k++)
			if (identity_same(&p->remotes[i], &q->remotes[k]))
				return true;
	return false;
}

/* R-PFL-08: both match, so none is used. */
static void check_ambiguous(struct parse *ps, size_t i)
{
	char text[CONF_TEXT];
	const struct ike_profile *p = &ps->s->profiles[i];
	for (size_t k = 0; k < i; k++) {
		const struct ike_profile *q = &ps->s->profiles[k];
		if (p->shutdown || q->shutdown || !vrf_same(&p->fvrf, &q->fvrf) ||
			!locals_meet(p->locals, p->local_count, q->locals, q->local_count) ||
			!remotes_meet(p, q))
			continue;
		snprintf(text, sizeof(text),
			"matches the same peers as profile %.63s, so neither is used:", q->name);
		check_say(ps, CONF_WARNING, p->name, text, "");
	}
}

static void check_profiles(struct parse *ps)
{
	check_reconnect_keys(ps);
	for (size_t i = 0; i < ps->s->profile_count; i++) {
		const struct ike_profile *p = &ps->s->profiles[i];
		if (!p->complete)
			check_say(ps, CONF_WARNING, p->name, "incomplete profile, not used:",
				"match identity remote is missing");
		check_reconnect(ps, p);
		check_methods(ps, p);
		check_ambiguous(ps, i);
	}
}

static void check_keyrings(struct parse *ps)
{
	for (size_t i = 0; i < ps->s->keyring_count; i++)
		for (size_t k = 0; k < ps->s->keyrings[i].peer_count; k++) {
			const struct ike_peer *p = &ps->s->keyrings[i].peers[k];
			if (!p->key.form && !p->key_local.form && !p->key_remote.form && !p->ppk.form)
				check_say(ps, CONF_WARNING, p->name, "peer without a key:", "");
			if (!p->address.addr.family && !p->identity_count && !p->hostname)
				check_say(ps, CONF_WARNING, p->name, "peer that nothing can match:",
					"address, identity or hostname is missing");
		}
}

static void check_sets(struct parse *ps)
{
	for (size_t i = 0; i < ps->s->set_count; i++) {
		const struct transform_set *t = &ps->s->sets[i];
		bool only_aead = names(&t->encr, XF_ENCR, true) && !names(&t->encr, XF_ENCR, false);
		if (!t->complete)
			check_say(ps, CONF_WARNING, t->name, "incomplete transform set, not used:",
				!t->encr.n  ? "encryption is missing"
				: only_aead ? "AES-GCM, AES-GMAC and ChaCha20 go without an integrity algorithm"
					    : "integrity is missing");
	}
}

static void check_snmp(struct parse *ps)
{
	const struct own_settings *own = &ps->s->own;
	if (!own->agentx && (own->notify_sessions || own->notify_pools))
		check_say(ps, CONF_WARNING, "sallyport snmp notifications", "nobody to be notified:",
			"sallyport snmp agentx is missing");
}

void check_objects(struct parse *ps)
{
	check_proposals(ps);
	check_policies(ps);
	check_profiles(ps);
	check_keyrings(ps);
	check_sets(ps);
	check_pki(ps);
	check_snmp(ps);
}
