#include "core/crypto/constraint.h"

#include <strings.h>

#include "core/crypto/cert_parts.h"
#include "core/crypto/der.h"
#include "core/crypto/name.h"

enum { EMAIL = 1, DNS = 2, DIRECTORY = 4, URI = 6, IP = 7 };

/* ---- reading -------------------------------------------------------------------------------------- */

/* GeneralSubtree: minimum is 0 and maximum absent (RFC 5280), which is DER's nothing. */
static bool next_subtree(CBS *list, unsigned *kind, struct view *base)
{
	struct view name;
	CBS tree;

	if (!CBS_get_asn1(list, &tree, CBS_ASN1_SEQUENCE))
		return false;
	name = der_view(&tree);
	return general_name_next(&name, true, kind, base) && name.len == 0;
}

static bool split(struct view constraints, CBS *permitted, CBS *excluded)
{
	const unsigned tag = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;
	CBS all = der_cbs(constraints);
	int has_permitted, has_excluded;

	CBS_init(permitted, NULL, 0);
	CBS_init(excluded, NULL, 0);
	return CBS_get_optional_asn1(&all, permitted, &has_permitted, tag | 0) &&
	       CBS_get_optional_asn1(&all, excluded, &has_excluded, tag | 1) && CBS_len(&all) == 0 &&
	       (has_permitted || has_excluded);
}

bool constraint_ok(struct view constraints)
{
	CBS permitted, excluded;
	struct view base;
	unsigned kind;

	if (!split(constraints, &permitted, &excluded))
		return false;
	while (CBS_len(&permitted) > 0)
		if (!next_subtree(&permitted, &kind, &base))
			return false;
	while (CBS_len(&excluded) > 0)
		if (!next_subtree(&excluded, &kind, &base))
			return false;
	return true;
}

/* ---- is a name inside a subtree? ------------------------------------------------------------------- */

static struct view tail(struct view v, size_t n)
{
	return n <= v.len ? (struct view){v.p + (v.len - n), n} : (struct view){0};
}

static bool same_text(struct view a, struct view b)
{
	return a.len == b.len && (a.len == 0 || strncasecmp((const char *)a.p, (const char *)b.p, a.len) == 0);
}

/* host is base, or below it; ".base" is for what is below only. */
static bool is_below(struct view host, struct view base, bool itself)
{
	if (base.len == 0)
		return true;
	if (base.p[0] == '.')
		return host.len > base.len && same_text(tail(host, base.len), base);
	if (same_text(host, base))
		return true;
	return itself && host.len > base.len && host.p[host.len - base.len - 1] == '.' &&
	       same_text(tail(host, base.len), base);
}

static struct view without_dot(struct view host)
{
	if (host.len > 1 && host.p[host.len - 1] == '.')
		host.len--;
	return host;
}

static struct view after(struct view v, const uint8_t *at)
{
	return tail(v, (size_t)(v.p + v.len - at) - 1);
}

/* "a@b": this mailbox; "b": any of the host; ".b": any of the hosts below. */
static bool email_is_in(struct view name, struct view base)
{
	const uint8_t *at = name.len > 0 ? memrchr(name.p, '@', name.len) : NULL;
	const uint8_t *base_at = base.len > 0 ? memrchr(base.p, '@', base.len) : NULL;

	if (at == NULL)
		return false;
	if (base_at == NULL)
		return is_below(without_dot(after(name, at)), base, false);
	return at - name.p == base_at - base.p && memcmp(name.p, base.p, (size_t)(at - name.p)) == 0 &&
	       same_text(after(name, at), after(base, base_at));
}

/* scheme://[user@]host[:port][/...]; without a host, or with an address for one, it is in no subtree. */
static bool uri_host(struct view uri, struct view *host)
{
	const uint8_t *colon = uri.len > 0 ? memchr(uri.p, ':', uri.len) : NULL;
	const uint8_t *user;
	struct view rest;
	size_t n = 0;

	if (colon == NULL)
		return false;
	rest = after(uri, colon);
	if (rest.len < 3 || rest.p[0] != '/' || rest.p[1] != '/')
		return false;
	rest = tail(rest, rest.len - 2);
	while (n < rest.len && memchr("/?#", rest.p[n], 3) == NULL)
		n++;
	rest.len = n;
	user = memrchr(rest.p, '@', rest.len);
	if (user != NULL)
		rest = after(rest, user);
	for (n = 0; n < rest.len && rest.p[n] != ':';)
		n++;
	*host = without_dot((struct view){rest.p, n});
	return n > 0 && rest.p[0] != '[';
}

static bool ip_is_in(struct view name, struct view base)
{
	if (base.len != 2 * name.len)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if ((name.p[i] & base.p[name.len + i]) != (base.p[i] & base.p[name.len + i]))
			return false;
	return true;
}

/* A wildcard stands for names that are inside and names that are not: where subtrees are excluded it is taken for the
 * domain it stands before, and for every name in it. */
static bool dns_is_in(struct view name, struct view base, bool excluding)
{
	name = without_dot(name);
	base = without_dot(base);
	if (name.len > 2 && name.p[0] == '*' && name.p[1] == '.' && excluding) {
		struct view domain = tail(name, name.len - 2);
		struct view bare = base.len > 0 && base.p[0] == '.' ? tail(base, base.len - 1) : base;

		return is_below(domain, bare, true) || is_below(bare, domain, true);
	}
	return is_below(name, base, true);
}

static bool is_in(unsigned kind, struct view name, struct view base, bool excluding)
{
	struct view host;

	switch (kind) {
	case EMAIL: return email_is_in(name, base);
	case DNS: return dns_is_in(name, base, excluding);
	case DIRECTORY: return name_is_within(name, base);
	case URI: return uri_host(name, &host) ? is_below(host, base, false) : excluding;
	case IP: return ip_is_in(name, base);
	default: return excluding; /* unknown: never permitted, always excluded */
	}
}

/* ---- judging -------------------------------------------------------------------------------------- */

static enum status judge_name(struct view constraints, unsigned kind, struct view name, size_t *budget)
{
	bool is_limited = false, is_permitted = false;
	CBS permitted, excluded;
	struct view base;
	unsigned of;

	if (!split(constraints, &permitted, &excluded))
		return ST_CERT_CONSTRAINT;
	while (CBS_len(&excluded) > 0) {
		if ((*budget)-- <= 1)
			return ST_CERT_LIMIT;
		if (!next_subtree(&excluded, &of, &base) || (of == kind && is_in(kind, name, base, true)))
			return ST_CERT_CONSTRAINT;
	}
	while (CBS_len(&permitted) > 0 && !is_permitted) {
		if ((*budget)-- <= 1)
			return ST_CERT_LIMIT;
		if (!next_subtree(&permitted, &of, &base))
			return ST_CERT_CONSTRAINT;
		is_limited = is_limited || of == kind;
		is_permitted = of == kind && is_in(kind, name, base, false);
	}
	return is_limited && !is_permitted ? ST_CERT_CONSTRAINT : ST_OK;
}

/* A name of subjectAltName. One that spells an address speaks for it (cert_has_id), so it is judged as one too. */
static enum status judge_san(struct view constraints, unsigned kind, struct view name, size_t *budget)
{
	enum status st = judge_name(constraints, kind, name, budget);
	struct addr a;

	if (st == ST_OK && kind == DNS && dns_spells_address(name, &a))
		st = judge_name(constraints, IP, (struct view){a.b, addr_len(&a)}, budget);
	return st;
}

/* Addresses in the subject count where subjectAltName holds none. */
static enum status judge_subject_emails(struct view constraints, struct view subject, size_t *budget)
{
	enum status st = ST_OK, found = ST_OK;
	char email[256];

	for (size_t i = 0; st == ST_OK && found != ST_NOT_FOUND; i++) {
		found = name_field_at(subject, "email", i, email, sizeof(email));
		if (found == ST_OK)
			st = judge_name(
				constraints, EMAIL, (struct view){(const uint8_t *)email, strlen(email)}, budget);
		else if (found != ST_NOT_FOUND)
			st = ST_CERT_CONSTRAINT;
	}
	return st;
}

enum status constraint_judge(
	struct view constraints, const struct cert *below, size_t *budget, unsigned *kind, struct view *name)
{
	struct view list = below->san;
	enum status st = ST_OK;
	bool has_email = false;

	*kind = DIRECTORY;
	*name = below->subject;
	if (!name_is_empty(below->subject))
		st = judge_name(constraints, DIRECTORY, below->subject, budget);
	while (st == ST_OK && list.len > 0) {
		if (!general_name_next(&list, false, kind, name))
			return ST_CERT_CONSTRAINT;
		has_email = has_email || *kind == EMAIL;
		st = judge_san(constraints, *kind, *name, budget);
	}
	if (st == ST_OK && !has_email) {
		*kind = DIRECTORY;
		*name = below->subject;
		st = judge_subject_emails(constraints, below->subject, budget);
	}
	return st;
}
