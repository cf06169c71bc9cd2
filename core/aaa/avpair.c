/* THE table of cisco-avpair names (R-RAD-07..43, R-COA-03). */
#include <stdio.h>
#include <string.h>

#include "core/aaa/filter.h"
#include "core/aaa/value.h"
#include "core/conf/argument.h"

#define IP    1u
#define IPSEC 2u
#define IPV6  4u
#define ANY   (IP | IPSEC)

struct avpair {
	unsigned protos;
	const char *name;
	aaa_set_fn *set; /* NULL: known, and cannot be done */
	enum aaa_item item;
	uint32_t min, max;
	bool coa; /* also in a live session */
};

/* ---- routes --------------------------------------------------------------------------------- */

static enum aaa_verdict put_list(const struct aaa_value *v, enum aaa_item item, const char *name)
{
	struct aaa_value one = *v;

	one.text = name ? name : "";
	if (!aaa_is_name(one.text))
		return aaa_wrong(&one, "no name of an access list:");
	return aaa_put_name(v->set, item, name) ? AAA_TAKEN : aaa_wrong(v, "more than 32 access lists:");
}

static enum aaa_verdict put_prefix(const struct aaa_value *v, const char *text)
{
	struct prefix p;

	if (!text || prefix_parse(text, &p) != ST_OK)
		return aaa_wrong(v, "no network in");
	prefix_mask(&p);
	return aaa_put_net(v->set, AV_ROUTE_NETS, &p) ? AAA_TAKEN : aaa_wrong(v, "more than 32 networks:");
}

static bool is(const char *a, const char *b)
{
	return a && strlen(a) == strlen(b) && strncasecmp_ascii(a, b, strlen(b)) == 0;
}

/* prefix P/L | interface [NAME] | access-list [ipv6] NAME */
static enum aaa_verdict set_route_set(const struct aaa_value *v)
{
	char copy[AAA_TEXT], *at = copy;

	snprintf(copy, sizeof(copy), "%s", v->text);
	const char *what = aaa_next_word(&at, " \t"), *name = aaa_next_word(&at, " \t");
	const char *third = aaa_next_word(&at, " \t");
	bool six = is(what, "access-list") && is(name, "ipv6") && third;

	if (strlen(v->text) >= sizeof(copy) || (third && !six) || aaa_next_word(&at, " \t"))
		return aaa_wrong(v, "too many words:");
	if (is(what, "prefix"))
		return put_prefix(v, name);
	if (is(what, "access-list"))
		return put_list(v, six ? AV_ROUTE_LISTS6 : AV_ROUTE_LISTS4, six ? third : name);
	if (!is(what, "interface"))
		return aaa_wrong(v, "prefix, interface or access-list is wanted, not");
	if (name && !aaa_is_name(name))
		return aaa_wrong(v, "no name of an interface:");
	return aaa_put_text(v->set, AV_ROUTE_INTERFACE, name ? name : "") ? AAA_TAKEN : aaa_wrong(v, "too long:");
}

/* Older names (R-RAD-42). */
static enum aaa_verdict set_route_list(const struct aaa_value *v)
{
	return put_list(v, v->item, v->text);
}

/* "", 1: the tunnel's own; 0: none; or the name of an interface. */
static enum aaa_verdict set_route_interface(const struct aaa_value *v)
{
	if (strcmp(v->text, "0") == 0)
		return AAA_TAKEN;
	if (strcmp(v->text, "1") == 0)
		return aaa_put_text(v->set, AV_ROUTE_INTERFACE, "") ? AAA_TAKEN : AAA_WRONG;
	if (v->text[0] && !aaa_is_name(v->text))
		return aaa_wrong(v, "no name of an interface:");
	return aaa_put_text(v->set, AV_ROUTE_INTERFACE, v->text) ? AAA_TAKEN : aaa_wrong(v, "too long:");
}

/* tag:T and tag=T */
static bool read_option(const char *word, const char *name, uint32_t max, uint32_t *out)
{
	size_t len = strlen(name);

	return strncasecmp_ascii(word, name, len) == 0 && strlen(word) > len + 1 &&
	       (word[len] == ':' || word[len] == '=') && aaa_read_u32(word + len + 1, out) && *out >= 1 && *out <= max;
}

/* any [tag:T] [distance:D] | none; before that "accept acl:any" and "deny" (R-RAD-15, R-RAD-42) */
static enum aaa_verdict set_route_accept(const struct aaa_value *v)
{
	struct aaa_accept a = {.any = true, .of_clients = true, .tag = 1, .distance = 2};
	char copy[AAA_TEXT], *at = copy, *word;

	snprintf(copy, sizeof(copy), "%s", v->text);
	word = aaa_next_word(&at, " \t");
	if (is(word, "accept")) {
		word = aaa_next_word(&at, " \t");
		word = is(word, "acl:any") ? "any" : NULL;
	}
	if (is(word, "none") || is(word, "deny"))
		a = (struct aaa_accept){0};
	else if (!is(word, "any"))
		return aaa_wrong(v, "any or none is wanted, not");
	while ((word = aaa_next_word(&at, " \t")) != NULL)
		if (!a.any || (!read_option(word, "tag", 497777, &a.tag) && !read_option(word, "distance", 255, &a.distance)))
			return aaa_wrong(v, "tag 1-497777 and distance 1-255 are possible, not");
	v->set->route_accept = a;
	v->set->has |= AAA_BIT(AV_ROUTE_ACCEPT);
	return AAA_TAKEN;
}

/* ---- filters -------------------------------------------------------------------------------- */

static bool is_line(const char *text)
{
	text += strspn(text, " 0123456789");
	return strncasecmp_ascii(text, "permit ", 7) == 0 || strncasecmp_ascii(text, "deny ", 5) == 0;
}

/* inacl#N=permit ..., or the name of a list. */
static enum aaa_verdict set_acl(const struct aaa_value *v)
{
	enum aaa_filter which = (enum aaa_filter)(v->item - AV_FILTER_IN4);
	char line[AAA_FILTER];

	if (!v->index && !is_line(v->text))
		return aaa_filter_put_name(v->set, which, v->text, v->why) ? AAA_TAKEN : AAA_WRONG;
	if (strlen(v->text) >= sizeof(line) - 16)
		return aaa_wrong(v, "too long:");
	if (v->index) /* its number is that of the name */
		snprintf(line, sizeof(line), "%lu %s", (unsigned long)v->index, v->text + strspn(v->text, " 0123456789"));
	else
		snprintf(line, sizeof(line), "%s", v->text + strspn(v->text, " "));
	return aaa_filter_put_line(v->set, which, line, v->why) ? AAA_TAKEN : AAA_WRONG;
}

/* In an Access-Accept the old name of route-set=access-list, unless it can only be a filter. */
static enum aaa_verdict set_ipsec_inacl(const struct aaa_value *v)
{
	if (v->source == AAA_OF_ACCEPT && !v->index && !is_line(v->text))
		return put_list(v, AV_ROUTE_LISTS4, v->text);
	return set_acl(v);
}

static enum aaa_verdict set_nothing(const struct aaa_value *v)
{
	return aaa_is_name(v->text) ? AAA_TAKEN : aaa_wrong(v, "no name of an object:");
}

/* ---- the table ------------------------------------------------------------------------------ */

/* clang-format off */
static const struct avpair pairs[] = {
	{ANY,   "addr-pool", aaa_set_name, AV_POOL4, 0, 0, false},
	{ANY,   "ipv6-addr-pool", aaa_set_name, AV_POOL6, 0, 0, false},
	{IPV6,  "addr-pool", aaa_set_name, AV_POOL6, 0, 0, false},
	{ANY,   "addr", aaa_set_framed4, AV_IP4, 0, 0, false},
	{ANY,   "netmask", aaa_set_mask, AV_MASK4, 0, 0, false},
	{IPSEC, "addrv6", aaa_set_framed6, AV_IP6, 0, 0, false},
	{IPSEC, "prefix-len", aaa_set_len6, AV_IP6_LEN, 0, 0, false},
	{IPSEC, "group-dhcp-server", aaa_set_word, AV_DHCP_SERVER, 0, 0, false},
	{IPSEC, "dhcp-giaddr", aaa_set_ip4, AV_DHCP_GIADDR, 0, 0, false},
	{IPSEC, "dhcp-timeout", aaa_set_u32, AV_DHCP_TIMEOUT, 1, 300, false},
	{ANY,   "dns-servers", aaa_set_servers, AV_DNS4, 4, AAA_DNS, false},
	{ANY,   "wins-servers", aaa_set_servers, AV_WINS, 4, 2, false},
	{ANY,   "ipv6-dns-servers-addr", aaa_set_servers, AV_DNS6, 6, AAA_DNS, false},
	{IPSEC, "banner", aaa_set_text, AV_BANNER, 0, 0, false},
	{ANY,   "default-domain", aaa_set_word, AV_DOMAIN, 0, 0, false},
	{IPSEC, "split-dns", aaa_set_joined, AV_SPLIT_DNS, 0, 0, false},
	{IPSEC, "ipsec-backup-gateway", aaa_set_joined, AV_BACKUP, 0, 0, false},
	{IPSEC, "backup-gateway", aaa_set_joined, AV_BACKUP, 0, 0, false},
	{IPSEC, "pfs", aaa_set_flag, AV_PFS, 0, 0, false},
	{IPSEC, "include-local-lan", aaa_set_flag, AV_LOCAL_LAN, 0, 0, false},
	{IPSEC, "smartcard-removal-disconnect", aaa_set_flag, AV_SMARTCARD, 0, 0, false},
	{IPSEC, "configuration-url", aaa_set_word, AV_CONFIG_URL, 0, 0, false},
	{IPSEC, "configuration-version", aaa_set_word, AV_CONFIG_VERSION, 0, 0, false},
	{IPSEC, "ipsec-flow-limit", aaa_set_u32, AV_FLOW_LIMIT, 0, 50000, false},
	{IPSEC, "route-set", set_route_set, 0, 0, 0, false},
	{IPSEC, "route-set-interface", set_route_interface, 0, 0, 0, false},
	{IPSEC, "ipv6-subnet-acl", set_route_list, AV_ROUTE_LISTS6, 0, 0, false},
	{IPSEC, "route-accept", set_route_accept, 0, 0, 0, false},
	{IPSEC, "route-redistribute", NULL, 0, 0, 0, false},
	{IPSEC, "ikev2-password-local", aaa_set_key, AV_KEY_LOCAL, 0, 0, false},
	{IPSEC, "ikev2-password-remote", aaa_set_key, AV_KEY_REMOTE, 0, 0, false},
	{IPSEC, "quota-input", aaa_set_quota, AV_QUOTA, QUOTA_INPUT, 0, true},
	{IPSEC, "quota-output", aaa_set_quota, AV_QUOTA, QUOTA_OUTPUT, 0, true},
	{IPSEC, "quota-total", aaa_set_quota, AV_QUOTA, QUOTA_TOTAL, 0, true},
	{ANY,   "interface-config", aaa_set_interface_config, 0, 0, 0, true},
	{IP,    "vrf-id", aaa_set_name, AV_VRF, 0, 0, false},
	{IP,    "ip-unnumbered", set_nothing, 0, 0, 0, false},
	{IP,    "sub-qos-policy-in", aaa_set_name, AV_SERVICE_IN, 0, 0, true},
	{IP,    "sub-qos-policy-out", aaa_set_name, AV_SERVICE_OUT, 0, 0, true},
	{IP,    "sub-policy-in", aaa_set_name, AV_SERVICE_IN, 0, 0, true},
	{IP,    "sub-policy-out", aaa_set_name, AV_SERVICE_OUT, 0, 0, true},
	{IP,    "inacl", set_acl, AV_FILTER_IN4, 0, 0, true},
	{IP,    "outacl", set_acl, AV_FILTER_OUT4, 0, 0, true},
	{IPSEC, "inacl", set_ipsec_inacl, AV_FILTER_IN4, 0, 0, true},
	{IPSEC, "outacl", set_acl, AV_FILTER_OUT4, 0, 0, true},
	{IPV6,  "inacl", set_acl, AV_FILTER_IN6, 0, 0, true},
	{IPV6,  "outacl", set_acl, AV_FILTER_OUT6, 0, 0, true},
};
/* clang-format on */

struct pair_name {
	unsigned protos; /* those that it may be; without one: IP and IPSEC; 0: one that nothing is known of */
	const char *name;
	size_t len;
	uint32_t index;
};

/* "[proto:]name[#N]" */
static bool split_name(const char *text, struct pair_name *out)
{
	const char *colon = strchr(text, ':'), *hash;

	*out = (struct pair_name){.protos = ANY, .name = text};
	if (colon) {
		size_t n = (size_t)(colon - text);
		out->name = colon + 1;
		out->protos = n == 2 && strncasecmp_ascii(text, "ip", 2) == 0 ? IP
			: n == 5 && strncasecmp_ascii(text, "ipsec", 5) == 0  ? IPSEC
			: n == 4 && strncasecmp_ascii(text, "ipv6", 4) == 0   ? IPV6
									       : 0;
	}
	hash = strchr(out->name, '#');
	out->len = hash ? (size_t)(hash - out->name) : strlen(out->name);
	return !hash || (aaa_read_u32(hash + 1, &out->index) && out->index > 0);
}

static const struct avpair *find(const struct pair_name *n)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (pairs[i].protos & n->protos && strlen(pairs[i].name) == n->len &&
			strncasecmp_ascii(pairs[i].name, n->name, n->len) == 0)
			return &pairs[i];
	return NULL;
}

/* Line ends are for banners; other control characters are for nobody. */
static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (((unsigned char)*text < ' ' && !strchr("\t\r\n", *text)) || *text == 0x7f)
			return false;
	return true;
}

enum aaa_verdict aaa_pair_put(struct aaa_set *s, enum aaa_source source, const struct aaa_pair *pair, char why[AAA_WHY])
{
	const char *name = pair->name, *value = pair->value;
	struct aaa_value v = {.set = s, .source = source, .name = name, .text = value, .why = why};
	struct pair_name n;
	char shown[64];

	const struct avpair *row = split_name(name, &n) ? find(&n) : NULL;
	bool is_key = row && row->set == aaa_set_key;
	if (!row) {
		snprintf(why, AAA_WHY, "%s: unknown", aaa_shown(name, shown, sizeof(shown)));
		return AAA_UNKNOWN;
	}
	if (is_key)
		v.text = "..."; /* what is said about it quotes nothing */
	if (!row->set || (source == AAA_OF_COA && !row->coa))
		return aaa_unsupported(&v, row->set ? "not in a live session:" : "not supported:");
	if (!is_printable(value))
		return aaa_wrong(&v, "control characters in");
	v.text = value;
	v.item = row->item;
	v.min = row->min;
	v.max = row->max;
	v.index = n.index;
	if (n.index && (row->item < AV_FILTER_IN4 || row->item > AV_FILTER_OUT6))
		v.index = 0; /* name#N of others is one of several */
	return row->set(&v);
}

/* Written without a value it is on (R-RAD-42); of all others a value is wanted. */
static bool is_switch(const char *text)
{
	struct pair_name n;
	const struct avpair *row = split_name(text, &n) ? find(&n) : NULL;

	return row && row->set == set_route_interface;
}

enum aaa_verdict aaa_avpair_put(struct aaa_set *s, enum aaa_source source, const char *text, char why[AAA_WHY])
{
	char name[AAA_NAME], shown[64];
	size_t len = strcspn(text, "=*");

	if (!text[len] && is_switch(text))
		return aaa_pair_put(s, source, &(struct aaa_pair){text, ""}, why);
	if (!text[len] || len == 0 || len >= sizeof(name)) {
		snprintf(why, AAA_WHY, "cisco-avpair \"%s\": no name and value", aaa_shown(text, shown, sizeof(shown)));
		return AAA_UNKNOWN;
	}
	memcpy(name, text, len);
	name[len] = '\0';
	enum aaa_verdict v = aaa_pair_put(s, source, &(struct aaa_pair){name, text + len + 1}, why);
	return v != AAA_TAKEN && text[len] == '*' ? AAA_NEUTRAL : v;
}
