/* THE tables of RADIUS attributes: standard ones, of vendor 3076, of ChilliSpot, of Microsoft. */
#include "core/aaa/attrs.h"

#include <stdio.h>
#include <string.h>

#include "core/aaa/filter.h"
#include "core/aaa/value.h"

/* How the value stands in the packet; a setter gets it as text. */
enum form { TEXT, U32, IP4, IP4_OR_TEXT, IP6, PREFIX6, CLASS, RULES, OF_PACKET, NOT_HERE };

#define COA 1u /* also in a live session */
#define WHO 2u /* in a CoA-Request it says which session is meant (RFC 5176 section 3) */

struct attr_row {
	uint8_t type;
	enum form form;
	aaa_set_fn *set;
	enum aaa_item item;
	uint32_t min, max;
	unsigned flags;
};

struct reader {
	struct aaa_set *set;
	enum aaa_source source;
	struct aaa_finding *f;
	struct aaa_nas_rules nas;
	char rule[AAA_FILTER]; /* of NAS-Filter-Rule, as far as it has come */
	size_t rule_len;
};

/* ---- setters of these tables only ------------------------------------------------------------- */

/* 0.0.0.0/8 without a length is what its class says (RFC 2865 5.22). */
static uint8_t len_of_class(const struct addr *a)
{
	return a->b[0] < 128 ? 8 : a->b[0] < 192 ? 16 : 24;
}

/* "10.0.0.0/8 GATEWAY METRIC ...": the gateway is the client, whatever it says. */
static enum aaa_verdict set_framed_route(const struct aaa_value *v)
{
	char copy[AAA_TEXT], *at = copy;
	struct prefix p;

	snprintf(copy, sizeof(copy), "%s", v->text);
	const char *word = aaa_next_word(&at, " \t");
	if (!word || prefix_parse(word, &p) != ST_OK || p.addr.family != v->min)
		return aaa_wrong(v, "no network in");
	if (v->min == 4 && !strchr(word, '/'))
		p.len = len_of_class(&p.addr);
	prefix_mask(&p);
	return aaa_put_net(v->set, AV_REMOTES, &p) ? AAA_TAKEN : aaa_wrong(v, "more than 32 networks:");
}

static bool read_prefix6(const struct aaa_value *v, struct prefix *p)
{
	if (prefix_parse(v->text, p) != ST_OK || p->addr.family != 6 || p->len == 0)
		return false;
	prefix_mask(p);
	return !addr_is_multicast(&p->addr) && !addr_is_link_local(&p->addr);
}

static enum aaa_verdict set_prefix6(const struct aaa_value *v)
{
	struct prefix p;

	if (!read_prefix6(v, &p) || !aaa_is_host(&p.addr))
		return aaa_wrong(v, "no client can have");
	v->set->prefix6 = p;
	v->set->has |= AAA_BIT(AV_PREFIX6);
	return AAA_TAKEN;
}

static enum aaa_verdict set_delegated(const struct aaa_value *v)
{
	struct aaa_prefixes *d = &v->set->delegated;
	struct prefix p;

	if (!read_prefix6(v, &p) || !aaa_is_host(&p.addr))
		return aaa_wrong(v, "no client can have");
	if (d->n == AAA_DELEGATED)
		return aaa_wrong(v, "more than 4 prefixes:");
	d->v[d->n++] = p;
	v->set->has |= AAA_BIT(AV_DELEGATED);
	return AAA_TAKEN;
}

/* RFC 6911 3.3: a route that the client gets to know. */
static enum aaa_verdict set_route6(const struct aaa_value *v)
{
	struct prefix p;

	if (!read_prefix6(v, &p))
		return aaa_wrong(v, "no network:");
	return aaa_put_net(v->set, AV_ROUTE_NETS, &p) ? AAA_TAKEN : aaa_wrong(v, "more than 32 networks:");
}


/* "OU=name;" (also without the semicolon) */
static enum aaa_verdict set_group(const struct aaa_value *v)
{
	struct aaa_value one = *v;
	char name[AAA_TEXT];
	size_t len = strlen(v->text);

	if (len < 3 || (v->text[0] | 32) != 'o' || (v->text[1] | 32) != 'u' || v->text[2] != '=')
		return aaa_wrong(v, "OU=NAME; is wanted, not");
	snprintf(name, sizeof(name), "%s", v->text + 3);
	len = strlen(name);
	if (len > 0 && name[len - 1] == ';')
		name[len - 1] = '\0';
	one.text = name;
	return aaa_set_name(&one);
}

/* A mask of what the user may log in with; this here is IKEv2. */
static enum aaa_verdict check_protocols(const struct aaa_value *v)
{
	const uint32_t ikev2 = 64;
	uint32_t n;

	if (!aaa_read_u32(v->text, &n) || !(n & ikev2))
		return aaa_wrong(v, "the user may not log in by IKEv2:");
	return AAA_TAKEN;
}

static enum aaa_verdict set_split_policy(const struct aaa_value *v)
{
	uint32_t n;

	if (!aaa_read_u32(v->text, &n) || n > AAA_SPLIT_EXCLUDE)
		return aaa_wrong(v, "0, 1 or 2 is wanted, not");
	v->set->split_policy = (uint8_t)n;
	v->set->has |= AAA_BIT(AV_SPLIT_POLICY);
	return AAA_TAKEN;
}

static enum aaa_verdict set_split_list(const struct aaa_value *v)
{
	if (!aaa_is_name(v->text))
		return aaa_wrong(v, "no name of an access list:");
	return aaa_put_name(v->set, AV_ROUTE_LISTS4, v->text) ? AAA_TAKEN : aaa_wrong(v, "more than 32 access lists:");
}

/* ---- the tables ------------------------------------------------------------------------------- */

/* clang-format off */
static const struct attr_row standard[] = {
	{RADIUS_USER_NAME, TEXT, aaa_set_text, AV_USER_NAME, 0, 0, WHO},
	{RADIUS_FRAMED_IP_ADDRESS, IP4, aaa_set_framed4, AV_IP4, 0, 0, WHO},
	{RADIUS_FRAMED_IP_NETMASK, IP4, aaa_set_mask, AV_MASK4, 0, 0, 0},
	{RADIUS_FILTER_ID, TEXT, aaa_set_filter, AV_FILTER_IN4, 0, 0, COA},
	{RADIUS_REPLY_MESSAGE, TEXT, aaa_set_more, AV_REPLY, 0, 0, COA},
	{RADIUS_FRAMED_ROUTE, TEXT, set_framed_route, AV_REMOTES, 4, 0, 0},
	{RADIUS_CLASS, CLASS, NULL, AV_CLASS, 0, 0, COA},
	{RADIUS_SESSION_TIMEOUT, U32, aaa_set_u32, AV_TIMEOUT, 1, UINT32_MAX, COA},
	{RADIUS_IDLE_TIMEOUT, U32, aaa_set_u32, AV_IDLE, 0, UINT32_MAX, COA},
	{RADIUS_TERMINATION_ACTION, U32, aaa_set_flag, AV_REAUTH, 0, 0, COA},
	{RADIUS_ACCT_INTERIM_INTERVAL, U32, aaa_set_u32, AV_INTERIM, 0, UINT32_MAX, COA},
	{RADIUS_FRAMED_POOL, TEXT, aaa_set_name, AV_POOL4, 0, 0, 0},
	{RADIUS_CUI, TEXT, aaa_set_text, AV_CUI, 0, 0, WHO},
	{RADIUS_NAS_FILTER_RULE, RULES, NULL, 0, 0, 0, COA},
	{RADIUS_FRAMED_IPV6_PREFIX, PREFIX6, set_prefix6, AV_PREFIX6, 0, 0, WHO},
	{RADIUS_FRAMED_IPV6_ROUTE, TEXT, set_framed_route, AV_REMOTES, 6, 0, 0},
	{RADIUS_FRAMED_IPV6_POOL, TEXT, aaa_set_name, AV_POOL6, 0, 0, 0},
	{RADIUS_DELEGATED_IPV6_PREFIX, PREFIX6, set_delegated, AV_DELEGATED, 0, 0, 0},
	{RADIUS_FRAMED_IPV6_ADDRESS, IP6, aaa_set_framed6, AV_IP6, 0, 0, WHO},
	{RADIUS_DNS_SERVER_IPV6_ADDRESS, IP6, aaa_set_server, AV_DNS6, 6, AAA_DNS, 0},
	{RADIUS_ROUTE_IPV6_INFORMATION, PREFIX6, set_route6, AV_ROUTE_NETS, 0, 0, 0},
	{RADIUS_STATEFUL_IPV6_ADDRESS_POOL, TEXT, aaa_set_name, AV_POOL6, 0, 0, 0},
	{RADIUS_DELEGATED_IPV6_PREFIX_POOL, NOT_HERE, NULL, 0, 0, 0, 0},
	{RADIUS_FRAMED_INTERFACE_ID, NOT_HERE, NULL, 0, 0, 0, 0},
	/* Of the exchange, or of what led to it. */
	{RADIUS_NAS_IP_ADDRESS, OF_PACKET, NULL, 0, 0, 0, 0},
	{RADIUS_NAS_IPV6_ADDRESS, OF_PACKET, NULL, 0, 0, 0, 0},
	{RADIUS_NAS_IDENTIFIER, OF_PACKET, NULL, 0, 0, 0, 0},
	{RADIUS_NAS_PORT, OF_PACKET, NULL, 0, 0, 0, 0},
	{RADIUS_NAS_PORT_ID, OF_PACKET, NULL, 0, 0, 0, 0},
	{RADIUS_NAS_PORT_TYPE, OF_PACKET, NULL, 0, 0, 0, 0},
	{RADIUS_SERVICE_TYPE, OF_PACKET, NULL, 0, 0, 0, 0},
	{RADIUS_FRAMED_PROTOCOL, OF_PACKET, NULL, 0, 0, 0, 0},
	{RADIUS_FRAMED_MTU, OF_PACKET, NULL, 0, 0, 0, 0},
	{RADIUS_STATE, OF_PACKET, NULL, 0, 0, 0, 0},
	{RADIUS_PROXY_STATE, OF_PACKET, NULL, 0, 0, 0, 0},
	{RADIUS_CALLED_STATION_ID, OF_PACKET, NULL, 0, 0, 0, 0},
	{RADIUS_CALLING_STATION_ID, OF_PACKET, NULL, 0, 0, 0, 0},
	{RADIUS_ACCT_SESSION_ID, OF_PACKET, NULL, 0, 0, 0, 0},
	{RADIUS_ACCT_MULTI_SESSION_ID, OF_PACKET, NULL, 0, 0, 0, 0},
	{RADIUS_EVENT_TIMESTAMP, OF_PACKET, NULL, 0, 0, 0, 0},
	{RADIUS_TUNNEL_TYPE, OF_PACKET, NULL, 0, 0, 0, 0},
	{RADIUS_TUNNEL_MEDIUM_TYPE, OF_PACKET, NULL, 0, 0, 0, 0},
	{RADIUS_TUNNEL_PASSWORD, OF_PACKET, NULL, 0, 0, 0, 0},
	{RADIUS_EAP_MESSAGE, OF_PACKET, NULL, 0, 0, 0, 0},
	{RADIUS_EAP_KEY_NAME, OF_PACKET, NULL, 0, 0, 0, 0},
	{RADIUS_MESSAGE_AUTHENTICATOR, OF_PACKET, NULL, 0, 0, 0, 0},
};

/* Access-Hours (1) is the name of a time range, of which there are none here: it is not supported, and a
 * CoA-Request with it is refused. */
static const struct attr_row asa[] = {
	{1, NOT_HERE, NULL, 0, 0, 0, 0},
	{2, U32, aaa_set_u32, AV_LOGINS, 0, INT32_MAX, 0},
	{5, IP4_OR_TEXT, aaa_set_server, AV_DNS4, 4, AAA_DNS, 0},
	{6, IP4_OR_TEXT, aaa_set_server, AV_DNS4, 4, AAA_DNS, 0},
	{7, IP4_OR_TEXT, aaa_set_server, AV_WINS, 4, 2, 0},
	{8, IP4_OR_TEXT, aaa_set_server, AV_WINS, 4, 2, 0},
	{11, U32, check_protocols, 0, 0, 0, 0},
	{15, TEXT, aaa_set_more, AV_BANNER, 0, 0, 0},
	{25, TEXT, set_group, AV_GROUP, 0, 0, 0},
	{27, TEXT, set_split_list, AV_ROUTE_LISTS4, 0, 0, 0},
	{28, TEXT, aaa_set_word, AV_DOMAIN, 0, 0, 0},
	{29, TEXT, aaa_set_joined, AV_SPLIT_DNS, 0, 0, 0},
	{36, TEXT, aaa_set_more, AV_BANNER, 0, 0, 0},
	{55, U32, set_split_policy, AV_SPLIT_POLICY, 0, 0, 0},
	{59, OF_PACKET, NULL, 0, 0, 0, 0}, /* what clients of before IKEv2 do with the list below */
	{60, TEXT, aaa_set_joined, AV_BACKUP, 0, 0, 0},
	{61, IP4_OR_TEXT, aaa_set_ip4, AV_DHCP_GIADDR, 0, 0, 0},
	{86, TEXT, aaa_set_filter, AV_FILTER_IN4, 0, 0, COA},
	{87, TEXT, aaa_set_filter, AV_FILTER_OUT4, 0, 0, COA},
	{88, U32, aaa_set_flag, AV_PFS, 0, 0, 0},
	{217, TEXT, aaa_set_name, AV_POOL4, 0, 0, 0},
	{218, TEXT, aaa_set_name, AV_POOL6, 0, 0, 0},
	{219, TEXT, aaa_set_filter, AV_FILTER_IN6, 0, 0, COA},
};

/* Limits of the session, each in two halves as in accounting. */
static const struct attr_row chilli[] = {
	{1, U32, aaa_set_quota_octets, AV_QUOTA, QUOTA_INPUT, 0, COA},
	{2, U32, aaa_set_quota_octets, AV_QUOTA, QUOTA_OUTPUT, 0, COA},
	{3, U32, aaa_set_quota_octets, AV_QUOTA, QUOTA_TOTAL, 0, COA},
	{21, U32, aaa_set_quota_octets, AV_QUOTA, QUOTA_INPUT, 1, COA},
	{22, U32, aaa_set_quota_octets, AV_QUOTA, QUOTA_OUTPUT, 1, COA},
	{23, U32, aaa_set_quota_octets, AV_QUOTA, QUOTA_TOTAL, 1, COA},
};

static const struct attr_row microsoft[] = {
	{RADIUS_MS_MPPE_SEND_KEY, OF_PACKET, NULL, 0, 0, 0, 0},
	{RADIUS_MS_MPPE_RECV_KEY, OF_PACKET, NULL, 0, 0, 0, 0},
	{28, IP4, aaa_set_server, AV_DNS4, 4, AAA_DNS, 0},
	{29, IP4, aaa_set_server, AV_DNS4, 4, AAA_DNS, 0},
	{30, IP4, aaa_set_server, AV_WINS, 4, 2, 0},
	{31, IP4, aaa_set_server, AV_WINS, 4, 2, 0},
};
/* clang-format on */

static void name_of(const struct radius_attr *a, char *out, size_t cap)
{
	if (a->type == RADIUS_VENDOR_SPECIFIC)
		snprintf(out, cap, "attribute %u of vendor %lu", (unsigned)a->vendor_type, (unsigned long)a->vendor);
	else if (radius_attr_name(a->type))
		snprintf(out, cap, "%s", radius_attr_name(a->type));
	else
		snprintf(out, cap, "attribute %u", (unsigned)a->type);
}

static const struct attr_row *find_in(const struct attr_row *rows, size_t n, uint8_t type)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].type == type)
			return &rows[i];
	return NULL;
}

static const struct attr_row *find(const struct radius_attr *a)
{
	if (a->type != RADIUS_VENDOR_SPECIFIC)
		return find_in(standard, sizeof(standard) / sizeof(standard[0]), a->type);
	if (a->vendor == RADIUS_VENDOR_ASA)
		return find_in(asa, sizeof(asa) / sizeof(asa[0]), a->vendor_type);
	if (a->vendor == RADIUS_VENDOR_CHILLI)
		return find_in(chilli, sizeof(chilli) / sizeof(chilli[0]), a->vendor_type);
	if (a->vendor == RADIUS_VENDOR_MICROSOFT)
		return find_in(microsoft, sizeof(microsoft) / sizeof(microsoft[0]), a->vendor_type);
	return NULL;
}

/* ---- reading ---------------------------------------------------------------------------------- */

static enum aaa_verdict wrong(char *why, const char *name, const char *what)
{
	snprintf(why, AAA_WHY, "%s: %s", name, what);
	return AAA_WRONG;
}

static bool read_text(const struct radius_attr *a, char text[AAA_TEXT])
{
	if (!radius_text(a, text, AAA_TEXT))
		return false;
	for (const char *p = text; *p; p++)
		if (((unsigned char)*p < ' ' && !strchr("\t\r\n", *p)) || *p == 0x7f)
			return false;
	return true;
}

static bool read_addr(const struct radius_attr *a, enum form form, char text[AAA_TEXT])
{
	struct addr addr;

	if (form == IP4_OR_TEXT && a->value.len != 4)
		return read_text(a, text);
	if (!(form == IP6 ? radius_ip6(a, &addr) : radius_ip4(a, &addr)))
		return false;
	return addr_format(&addr, text) != NULL;
}

/* The value as its setter reads it. */
static bool to_text(const struct radius_attr *a, enum form form, char text[AAA_TEXT])
{
	struct prefix p;
	uint32_t n;

	switch (form) {
	case TEXT: return read_text(a, text);
	case U32:
		if (!radius_u32(a, &n))
			return false;
		snprintf(text, AAA_TEXT, "%lu", (unsigned long)n);
		return true;
	case PREFIX6: return radius_prefix6(a, &p) && prefix_format(&p, text);
	default: return read_addr(a, form, text);
	}
}

/* Whole rules out of what has come; the rest stays. */
static enum aaa_verdict put_rules(struct reader *r, bool is_end)
{
	size_t from = 0;

	for (size_t i = 0; i < r->rule_len; i++) {
		if (r->rule[i] != '\0')
			continue;
		if (i > from && !aaa_nas_put(r->set, &r->nas, r->rule + from, r->f->why))
			return AAA_WRONG;
		from = i + 1;
	}
	r->rule_len -= from;
	memmove(r->rule, r->rule + from, r->rule_len);
	if (!is_end || r->rule_len == 0)
		return AAA_TAKEN;
	r->rule[r->rule_len++] = '\0';
	return put_rules(r, false);
}

/* RFC 4849 section 2: rules with NUL between them; a long one goes on in the next attribute, and only an
 * attribute that is full can be gone on with. */
static enum aaa_verdict take_rules(struct reader *r, const struct radius_attr *a)
{
	for (size_t i = 0; i < a->value.len; i++)
		if ((a->value.p[i] < ' ' && a->value.p[i] != '\0') || a->value.p[i] > '~')
			return wrong(r->f->why, "NAS-Filter-Rule", "characters that no rule has");
	if (r->rule_len + a->value.len + 2 > sizeof(r->rule))
		return wrong(r->f->why, "NAS-Filter-Rule", "too long a rule");
	memcpy(r->rule + r->rule_len, a->value.p, a->value.len);
	r->rule_len += a->value.len;
	if (a->value.len < RADIUS_VALUE_MAX)
		r->rule[r->rule_len++] = '\0';
	return put_rules(r, false);
}

static enum aaa_verdict take_row(struct reader *r, const struct attr_row *row, const struct radius_attr *a)
{
	char name[48], text[AAA_TEXT];
	struct aaa_value v = {.set = r->set, .source = r->source, .name = name, .text = text, .why = r->f->why,
		.item = row->item, .min = row->min, .max = row->max};

	name_of(a, name, sizeof(name));
	snprintf(v.why, AAA_WHY, "%s is not supported", name);
	if (row->form == OF_PACKET || (r->source == AAA_OF_COA && row->flags & WHO))
		return AAA_NEUTRAL;
	if (row->form == NOT_HERE)
		return AAA_UNSUPPORTED;
	if (r->source == AAA_OF_COA && !(row->flags & COA)) {
		snprintf(v.why, AAA_WHY, "%s cannot be changed in a live session", name);
		return AAA_UNSUPPORTED;
	}
	if (row->form == RULES)
		return take_rules(r, a);
	if (row->form == CLASS)
		return aaa_put_class(r->set, a->value.p, a->value.len) ? AAA_TAKEN :
			wrong(v.why, name, "empty, or more than there is room for");
	return to_text(a, row->form, text) ? row->set(&v) : wrong(v.why, name, "not a value of its type");
}

static enum aaa_verdict take(struct reader *r, const struct radius_attr *a)
{
	const struct attr_row *row = find(a);
	char text[AAA_TEXT], name[48];

	name_of(a, name, sizeof(name));
	if (row)
		return take_row(r, row, a);
	if (a->type == RADIUS_VENDOR_SPECIFIC && a->vendor == RADIUS_VENDOR_CISCO && a->vendor_type == RADIUS_CISCO_AVPAIR) {
		if (!read_text(a, text))
			return wrong(r->f->why, "cisco-avpair", "not a text");
		return aaa_avpair_put(r->set, r->source, text, r->f->why);
	}
	snprintf(r->f->why, AAA_WHY, "%s is unknown", name);
	return AAA_UNKNOWN;
}

/* For the log. A sentence begins with the name; there may be a key in a text that nothing is known of, so that
 * the name is all that is kept. */
static void remember(struct aaa_finding *f, const char *why)
{
	size_t len = strlen(f->ignored), n = strcspn(why, "\"");
	const char *end = strstr(why, ": ");

	if (end && (size_t)(end - why) < n)
		n = (size_t)(end - why);
	while (n > 0 && why[n - 1] == ' ')
		n--;
	snprintf(f->ignored + len, AAA_IGNORED - len, "%s%.*s", len ? ", " : "", (int)n, why);
}

static bool is_refused(enum aaa_source source, enum aaa_verdict v)
{
	return v == AAA_WRONG || (source == AAA_OF_COA && (v == AAA_UNKNOWN || v == AAA_UNSUPPORTED));
}

static enum status refused(struct aaa_finding *f, enum aaa_verdict v, uint8_t type)
{
	f->verdict = v;
	f->type = type;
	return ST_RADIUS_REPLY;
}

void aaa_attrs_keep_state(struct aaa_set *s, struct view state)
{
	if (aaa_has(s, AV_REAUTH) && s->reauth)
		(void)aaa_put_state(s, state); /* an empty one is none */
}

enum status aaa_attrs_read(struct aaa_set *s, enum aaa_source source, struct view attrs, struct aaa_finding *f)
{
	struct reader r = {.set = s, .source = source, .f = f};
	struct radius_cursor c = radius_begin(attrs);
	struct radius_attr a;

	*f = (struct aaa_finding){.verdict = AAA_TAKEN};
	while (radius_next(&c, &a)) {
		enum aaa_verdict v = take(&r, &a);
		if (is_refused(source, v))
			return refused(f, v, a.type);
		if (v == AAA_UNKNOWN || v == AAA_UNSUPPORTED)
			remember(f, f->why);
	}
	if (put_rules(&r, true) != AAA_TAKEN || !aaa_nas_end(s, &r.nas, f->why))
		return refused(f, AAA_WRONG, RADIUS_NAS_FILTER_RULE);
	if (radius_find(attrs, RADIUS_STATE, &a))
		aaa_attrs_keep_state(s, a.value);
	f->why[0] = '\0';
	return ST_OK;
}
