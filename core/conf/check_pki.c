/* What is wrong with trustpoints and certificate maps, and with profiles that need them. */
#include <string.h>

#include "core/conf/check.h"

#define CERT_METHODS (AUTH_RSA | AUTH_ECDSA)

static void warn(struct parse *ps, const char *name, const char *text, const char *hint)
{
	check_say(ps, CONF_WARNING, name, text, hint);
}

static bool has_pasted(const struct snapshot *s, const struct trustpoint *t, enum pasted_kind kind)
{
	const struct cert_chain *c = snapshot_cert_chain(s, t->name);
	for (size_t i = 0; c && i < c->cert_count; i++)
		if (c->certs[i].kind == kind)
			return true;
	return false;
}

static bool has_anchor(const struct snapshot *s, const struct trustpoint *t)
{
	return t->ca_files.n || has_pasted(s, t, PASTED_CA);
}

static bool has_own(const struct snapshot *s, const struct trustpoint *t)
{
	return t->private_key && (t->certificate || has_pasted(s, t, PASTED_OWN));
}

static bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* The file with the key is opened for the keys process only: main reads the others. */
static void check_key_file(struct parse *ps, const struct trustpoint *t)
{
	bool twice = same(t->private_key, t->certificate);
	for (size_t i = 0; i < t->ca_files.n; i++)
		twice |= same(t->private_key, t->ca_files.v[i]);
	for (size_t i = 0; i < t->crl_files.n; i++)
		twice |= same(t->private_key, t->crl_files.v[i]);
	if (twice)
		check_say(ps, CONF_ERROR, t->private_key, "the private key needs a file of its own, not",
			"only the keys process may read that file");
}

static void check_revocation(struct parse *ps, const struct trustpoint *t)
{
	for (size_t i = 0; i < t->revocation_count; i++) {
		if (t->revocation[i] == REVOCATION_CRL && !t->crl_fetch && !t->crl_files.n)
			warn(ps, t->name, "no revocation list can be had: nobody can connect with a certificate of",
				"sallyport crl FILE, sallyport crl fetch, or revocation-check none");
		if (t->revocation[i] == REVOCATION_OCSP && !t->ocsp_fetch && t->ocsp_url)
			warn(ps, t->name, "ocsp url is not used without `sallyport ocsp fetch`, in", "");
	}
}

static void check_trustpoint(struct parse *ps, const struct trustpoint *t)
{
	bool own = t->certificate || has_pasted(ps->s, t, PASTED_OWN);
	if (!has_anchor(ps->s, t))
		warn(ps, t->name, "no CA certificate, so that nobody is trusted by trustpoint",
			"sallyport ca-certificate FILE");
	if (t->certificate && !t->private_key)
		warn(ps, t->name, "a certificate without its key is of no use, in", "sallyport private-key FILE");
	if (t->private_key && !own)
		warn(ps, t->name, "a key without its certificate is of no use, in", "sallyport certificate FILE");
	check_key_file(ps, t);
	check_revocation(ps, t);
}

/* Pasted bytes that are not whole; what is in them is seen when they are loaded. */
static void check_chain(struct parse *ps, const struct cert_chain *c)
{
	uint8_t der[PKI_CERT_MAX];
	if (!snapshot_trustpoint(ps->s, c->name))
		warn(ps, c->name, "no trustpoint of the name of these certificates:", "");
	for (size_t i = 0; i < c->cert_count; i++)
		if (!pasted_bytes(&c->certs[i], der, sizeof(der)))
			check_say(ps, CONF_ERROR, c->certs[i].serial, "not the whole bytes of a certificate, of number",
				"an even number of hex digits, then quit");
}

static void check_map(struct parse *ps, const struct cert_map *m)
{
	for (size_t i = 0; i < m->entry_count; i++)
		if (!m->entries[i].test_count)
			warn(ps, m->name, "a number without a test meets no certificate, in map", "");
}

/* Has one of the trustpoints of the profile what is needed? */
static bool any(const struct parse *ps, const struct ike_profile *p, bool sign)
{
	for (size_t i = 0; i < p->trustpoint_count; i++) {
		const struct trustpoint_ref *r = &p->trustpoints[i];
		const struct trustpoint *t = snapshot_trustpoint(ps->s, r->name);
		if (!t) /* said elsewhere */
			return true;
		if (sign ? r->sign && has_own(ps->s, t) : r->verify && has_anchor(ps->s, t))
			return true;
	}
	return !p->trustpoint_count;
}

static bool has_method(const struct eap_list *l, uint8_t type)
{
	return l->n && memchr(l->v, type, l->n);
}

/* RFC 5998 section 4: methods that prove the server, too, and stand against guessing. */
static bool proves_both(const struct eap_list *l)
{
	return has_method(l, 13) || has_method(l, 21) || has_method(l, 25);
}

static void check_eap(struct parse *ps, const struct ike_profile *p)
{
	if (p->eap_multiple && (!(p->auth_remote & CERT_METHODS) || !(p->auth_remote & AUTH_EAP)))
		warn(ps, p->name, "`sallyport eap multiple` needs a certificate and EAP of the peer, in profile",
			"authentication remote rsa-sig, authentication remote eap");
	if (p->eap_only && (p->auth_remote & AUTH_EAP) && !proves_both(&p->eap_methods))
		warn(ps, p->name, "no EAP method is good enough for `sallyport eap only`, in profile",
			"tls, ttls or peap");
	if (p->eap_only && !((p->auth_remote | p->auth_local) & AUTH_EAP))
		warn(ps, p->name, "`sallyport eap only` without EAP, in profile", "");
}

static void check_profile(struct parse *ps, const struct ike_profile *p)
{
	if ((p->auth_local & CERT_METHODS) && !any(ps, p, true))
		warn(ps, p->name, "none of the trustpoints has a certificate and a key of ours, of profile",
			"sallyport certificate FILE, sallyport private-key FILE, and not `verify`");
	if ((p->auth_remote & CERT_METHODS) && !any(ps, p, false))
		warn(ps, p->name, "none of the trustpoints says who is trusted, of profile",
			"sallyport ca-certificate FILE, and not `sign`");
	if (p->identity.kind == ID_DN && p->auth_local && !(p->auth_local & CERT_METHODS))
		warn(ps, p->name, "`identity local dn` is the subject of a certificate, but there is none, in profile",
			"authentication local rsa-sig");
	check_eap(ps, p);
}

/* RADIUS by TLS: both sides show a certificate (RFC 6614 2.3). */
static void check_tls(struct parse *ps, const struct radius_server *r)
{
	const struct radius_tls *t = &r->tls;
	const struct trustpoint *own = t->client ? snapshot_trustpoint(ps->s, t->client) : NULL;
	const char *judge = t->server ? t->server : t->client;
	const struct trustpoint *other = judge ? snapshot_trustpoint(ps->s, judge) : NULL;
	if (!t->on)
		return;
	if (!judge)
		warn(ps, r->name, "by TLS without a trustpoint nobody is believed, it is not asked: RADIUS server",
			"tls trustpoint client NAME, tls trustpoint server NAME");
	else if (!t->client)
		warn(ps, r->name, "by TLS without a certificate of ours, which servers demand: RADIUS server",
			"tls trustpoint client NAME");
	if (own && !has_own(ps->s, own))
		warn(ps, t->client, "no certificate and key of ours, for RADIUS by TLS, in trustpoint",
			"sallyport certificate FILE, sallyport private-key FILE");
	if (other && !has_anchor(ps->s, other))
		warn(ps, judge, "no CA certificate, so that no RADIUS server is believed by trustpoint",
			"sallyport ca-certificate FILE");
	if (r->auth_port != RADIUS_AUTH_PORT || r->acct_port != RADIUS_ACCT_PORT)
		warn(ps, r->name, "by TLS there is one port, those of address are not used: RADIUS server", "tls port N");
}

void check_pki(struct parse *ps)
{
	const struct snapshot *s = ps->s;
	for (size_t i = 0; i < s->trustpoint_count; i++)
		check_trustpoint(ps, &s->trustpoints[i]);
	for (size_t i = 0; i < s->cert_chain_count; i++)
		check_chain(ps, &s->cert_chains[i]);
	for (size_t i = 0; i < s->cert_map_count; i++)
		check_map(ps, &s->cert_maps[i]);
	for (size_t i = 0; i < s->profile_count; i++)
		check_profile(ps, &s->profiles[i]);
	for (size_t i = 0; i < s->radius_server_count; i++)
		check_tls(ps, &s->radius_servers[i]);
}
