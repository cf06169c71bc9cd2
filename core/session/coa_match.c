#include "core/session/coa_match.h"

#include <stdio.h>
#include <string.h>

#include "core/base/log.h"
#include "core/conf/argument.h"

static uint64_t last_sa(const struct session *s)
{
	return s->sa ? s->sa : s->index;
}

uint32_t coa_port(const struct session *s)
{
	return (uint32_t)last_sa(s);
}

char *coa_access_name(uint64_t sa, char out[COA_IFNAME])
{
	snprintf(out, COA_IFNAME, "Virtual-Access%u", (unsigned)(sa & 0xffffffffu));
	return out;
}

char *coa_ifname(const struct session *s, char out[COA_IFNAME])
{
	out[0] = '\0';
	if (s->grant->tun >= SESSION_TUN_TUNNEL)
		snprintf(out, COA_IFNAME, "Tunnel%u", (unsigned)(s->grant->tun - SESSION_TUN_TUNNEL));
	else if (last_sa(s))
		coa_access_name(last_sa(s), out);
	return out;
}

/* The client may have been told that it is in a wider network (R-RAD-29): only what is lent is its own. */
struct prefix coa_net6(const struct session *s)
{
	const struct kept_grant *g = s->grant;
	struct prefix p = {g->ip6, s->lease6 ? s->lease6->prefix_len : g->ip6_prefix_len};

	if (p.addr.family != 6)
		return (struct prefix){0};
	prefix_mask(&p);
	return p;
}

bool coa_interface_id(const struct session *s, uint8_t out[COA_INTERFACE_ID])
{
	struct prefix p = coa_net6(s);

	if (p.addr.family != 6 || p.len > 64)
		return false;
	memcpy(out, s->grant->ip6.b + 8, COA_INTERFACE_ID);
	return true;
}

static bool is_text(struct view v, const char *text)
{
	return v.len == strlen(text) && strncasecmp_ascii((const char *)v.p, text, v.len) == 0;
}

static bool is_bytes(struct view v, const char *text)
{
	return v.len == strlen(text) && memcmp(v.p, text, v.len) == 0;
}

static bool is_id(struct view v, const struct session *s)
{
	char id[ULID_TEXT];

	return v.len == ULID_TEXT - 1 && is_text(v, ulid_format(&s->ulid, id));
}

/* As it was escaped when the session began: case counts. */
static bool is_user(struct view v, const struct session *s)
{
	char name[SESSION_USERNAME];

	escape_bytes(name, sizeof(name), v.p, v.len);
	return strcmp(name, s->username) == 0;
}

static bool is_station(struct view v, const struct endpoint *e)
{
	char text[ENDPOINT_TEXT];

	return is_text(v, addr_format(&e->addr, text)) || is_text(v, endpoint_format(e, text));
}

/* An address of a prefix that is the client's as a whole is the client's. */
static bool is_addr(const struct prefix *net, const struct session *s)
{
	struct prefix whole = coa_net6(s);

	if (net->addr.family == 4)
		return addr_eq(&s->grant->ip4, &net->addr);
	return whole.addr.family == 6 && prefix_covers(&whole, net);
}

static bool is_prefix(const struct prefix *net, const struct session *s)
{
	struct prefix mine = coa_net6(s), want = *net;

	prefix_mask(&want);
	return mine.addr.family == 6 && prefix_eq(&mine, &want);
}

static bool is_delegated(const struct prefix *net, const struct session *s)
{
	struct prefix want = *net;

	prefix_mask(&want);
	for (size_t i = 0; s->terms && i < s->terms->delegated.n; i++) {
		struct prefix mine = s->terms->delegated.v[i];
		prefix_mask(&mine);
		if (prefix_eq(&mine, &want))
			return true;
	}
	return false;
}

static bool is_interface_id(struct view v, const struct session *s)
{
	uint8_t id[COA_INTERFACE_ID];

	return coa_interface_id(s, id) && v.len == sizeof(id) && memcmp(v.p, id, sizeof(id)) == 0;
}

static bool fits_key(const struct coa_key *k, const struct session *s)
{
	char name[COA_IFNAME];

	switch (k->by) {
	case COA_BY_AUDIT_ID:
	case COA_BY_ACCT_ID:
	case COA_BY_MULTI_ID: return is_id(k->text, s);
	case COA_BY_USER: return is_user(k->text, s);
	case COA_BY_ADDR: return is_addr(&k->net, s);
	case COA_BY_PREFIX: return is_prefix(&k->net, s);
	case COA_BY_CALLING: return is_station(k->text, &s->remote);
	case COA_BY_CALLED: return is_station(k->text, &s->local);
	case COA_BY_DELEGATED: return is_delegated(&k->net, s);
	case COA_BY_INTERFACE_ID: return is_interface_id(k->text, s);
	case COA_BY_PORT: return k->number != 0 && k->number == coa_port(s);
	case COA_BY_PORT_ID: return is_text(k->text, coa_ifname(s, name));
	case COA_BY_CUI: return s->terms && is_bytes(k->text, s->terms->cui);
	}
	return false;
}

/* Does the configuration let this one count? */
static bool counts(const struct dynauth *d, const struct coa_key *k)
{
	if (k->by == COA_BY_AUDIT_ID)
		return !d->ignores_session_key;
	return d->match != DYNAUTH_SESSION_KEY;
}

bool coa_match_check(const struct dynauth *d, const struct coa_request *r, struct coa_answer *answer)
{
	for (size_t i = 0; i < r->n_keys; i++)
		if (counts(d, &r->keys[i]))
			return true;
	*answer = (struct coa_answer){.cause = RADIUS_ERROR_MISSING_ATTRIBUTE};
	snprintf(answer->why, sizeof(answer->why), "%s", d->match == DYNAUTH_SESSION_KEY && !d->ignores_session_key ?
		"auth-type session-key wants audit-session-id" : "no attribute that counts names a session");
	return false;
}

/* Where we are the client the RADIUS servers are the gateway's, and what is not up yet is no session. */
static bool fits(const struct dynauth *d, const struct coa_request *r, const struct session *s)
{
	bool is_any = d->match == DYNAUTH_ANY;

	if (s->state == SESSION_PENDING || s->we_are_initiator)
		return false;
	for (size_t i = 0; i < r->n_keys; i++)
		if (counts(d, &r->keys[i]) && fits_key(&r->keys[i], s) == is_any)
			return is_any;
	return !is_any;
}

struct session *coa_match_next(const struct sessions *ss, const struct dynauth *d, const struct coa_request *r,
	const struct session *prev)
{
	struct session *s = session_next(ss, prev);

	while (s && !fits(d, r, s))
		s = session_next(ss, s);
	return s;
}

/* ---- an Access-Accept --------------------------------------------------------------------------- */

/* The two in which a server leaves the choice to us, or to the client (RFC 2865 5.8), are those that it has. */
static bool is_any_ip4(const struct addr *a)
{
	static const uint8_t beginning[] = {255, 255, 255};

	return memcmp(a->b, beginning, sizeof(beginning)) == 0 && a->b[3] >= 254;
}

static bool fits_attr(const struct radius_attr *a, const struct session *s)
{
	struct prefix net = {.len = 128};

	switch (a->type) {
	case RADIUS_USER_NAME: return is_user(a->value, s);
	case RADIUS_CUI: return s->terms && is_bytes(a->value, s->terms->cui);
	case RADIUS_FRAMED_IP_ADDRESS:
		net.len = 32;
		return radius_ip4(a, &net.addr) && (is_any_ip4(&net.addr) || is_addr(&net, s));
	case RADIUS_FRAMED_IPV6_ADDRESS: return radius_ip6(a, &net.addr) && is_addr(&net, s);
	case RADIUS_FRAMED_IPV6_PREFIX: return radius_prefix6(a, &net) && is_prefix(&net, s);
	case RADIUS_DELEGATED_IPV6_PREFIX: return radius_prefix6(a, &net) && is_delegated(&net, s);
	case RADIUS_FRAMED_INTERFACE_ID: return is_interface_id(a->value, s);
	default: return true;
	}
}

bool coa_match_accept(const struct session *s, struct view attrs, char why[AAA_WHY])
{
	struct radius_cursor c = radius_begin(attrs);
	struct radius_attr a;

	why[0] = '\0';
	while (radius_next(&c, &a)) {
		if (fits_attr(&a, s))
			continue;
		snprintf(why, AAA_WHY, "%s is not that of the session, and cannot be changed in a live session", radius_attr_name(a.type));
		return false;
	}
	return true;
}

/* ---- several ------------------------------------------------------------------------------------- */

static bool is_by_addr(const struct coa_request *r)
{
	for (size_t i = 0; i < r->n_keys; i++)
		if (r->keys[i].by == COA_BY_ADDR || r->keys[i].by == COA_BY_PREFIX || r->keys[i].by == COA_BY_DELEGATED ||
			r->keys[i].by == COA_BY_INTERFACE_ID)
			return true;
	return false;
}

size_t coa_match_count(const struct sessions *ss, const struct dynauth *d, const struct coa_request *r,
	struct coa_answer *answer)
{
	struct session *first = coa_match_next(ss, d, r, NULL);
	size_t n = 0;

	if (!first) {
		*answer = (struct coa_answer){.says_why = true};
		answer->cause = d->nak_404 ? RADIUS_ERROR_INVALID_REQUEST : RADIUS_ERROR_NO_SESSION;
		snprintf(answer->why, sizeof(answer->why), "No Matching Session");
		return 0;
	}
	for (struct session *s = first; s; s = coa_match_next(ss, d, r, s), n++) {
		if (!is_by_addr(r) || strcmp(s->ivrf, first->ivrf) == 0)
			continue;
		*answer = (struct coa_answer){.cause = RADIUS_ERROR_MULTIPLE_SESSIONS};
		snprintf(answer->why, sizeof(answer->why), "the address is that of sessions in several VRFs");
		return 0;
	}
	return n;
}
