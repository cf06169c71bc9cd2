#include "core/session/attributes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/ike/id_text.h"

#define LIFETIME_MAX_S 31536000u
#define NETWORKS_MAX   (IKE_TS_MAX - 2) /* two places are for the leases */
#define COUNT(a)       (sizeof(a) / sizeof((a)[0]))

const char *identity_type_name(uint8_t type)
{
	switch (type) {
	case 1: return "ipv4";
	case 2: return "fqdn";
	case 3: return "email";
	case 5: return "ipv6";
	case 9: return "dn";
	case 11: return "key-id";
	default: return "unknown";
	}
}

/* ---- to names and values -------------------------------------------------------------------- */

void attributes_who(const struct session *s, const char *vrf, struct pairs *out)
{
	char text[PAIRS_VALUE];

	pairs_add(out, "session", ulid_format(&s->ulid, text));
	pairs_add(out, "identity", id_text(s->peer_id, text, sizeof(text)));
	pairs_add(out, "identity_type", identity_type_name(s->peer_id->type));
	pairs_add(out, "name", s->username);
	pairs_add(out, "profile", s->profile);
	pairs_add(out, "policy", s->policy);
	pairs_add(out, "local", endpoint_format(&s->local, text));
	pairs_add(out, "remote", endpoint_format(&s->remote, text));
	pairs_add(out, "vrf", vrf);
	pairs_add(out, "ivrf", s->ivrf);
	pairs_add(out, "role", s->we_are_initiator ? "initiator" : "responder");
}

static void put_addrs(struct pairs *out, const char *name, const struct addr *v, size_t n)
{
	char text[ADDR_TEXT];

	for (size_t i = 0; i < n; i++)
		pairs_add(out, name, addr_format(&v[i], text));
}

static void put_prefixes(struct pairs *out, const char *name, const struct prefix *v, size_t n)
{
	char text[PREFIX_TEXT];

	for (size_t i = 0; i < n; i++)
		pairs_add(out, name, prefix_format(&v[i], text));
}

/* Those that are not there are left out. */
static void put_text(struct pairs *out, const char *name, const char *value)
{
	if (value[0])
		pairs_add(out, name, value);
}

/* Names with commas between them, one by one. */
static void put_names(struct pairs *out, const char *name, const char *list)
{
	char text[256];

	while (*list) {
		size_t len = strcspn(list, ",");

		snprintf(text, sizeof(text), "%.*s", (int)len, list);
		put_text(out, name, text);
		list += len + (list[len] == ',');
	}
}

void attributes_of(const struct session *s, struct pairs *out)
{
	const struct kept_grant *g = s->grant;
	char text[ADDR_TEXT];

	put_text(out, "pool", s->pool4);
	put_text(out, "pool6", s->pool6);
	if (s->mask_len) {
		struct addr mask = len_to_mask4(s->mask_len);
		pairs_add(out, "netmask", addr_format(&mask, text));
	}
	put_addrs(out, "dns", g->dns, g->n_dns);
	put_addrs(out, "wins", g->nbns, g->n_nbns);
	put_text(out, "domain", g->def_domain);
	put_names(out, "split_dns", g->split_dns);
	put_names(out, "backup_gateways", g->backup_gateways);
	put_text(out, "banner", g->banner);
	if (g->session_lifetime_s)
		pairs_add_u64(out, "session_lifetime", g->session_lifetime_s);
	if (s->idle_timeout_s)
		pairs_add_u64(out, "idle_timeout", s->idle_timeout_s);
	put_prefixes(out, "subnets", g->subnets, g->n_subnets);
	put_prefixes(out, "networks", g->remote, g->n_remote);
}

/* ---- and back --------------------------------------------------------------------------------- */

/* What the session will have beside its grant. */
struct chosen {
	char pool4[SESSION_NAME], pool6[SESSION_NAME];
	uint8_t mask_len;
	uint32_t idle_timeout_s;
};

struct change {
	const struct snapshot *conf;
	struct chosen *own;
	struct ike_grant *grant;
	const char *value;
	char *detail;
	bool is_first; /* of its name */
};

__attribute__((format(printf, 2, 3))) static enum status bad(
	const struct change *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->detail, IKE_DETAIL_LEN, fmt, ap);
	va_end(ap);
	return ST_HOOK_FAILED;
}

static enum status one_only(const struct change *c, const char *name)
{
	return c->is_first ? ST_OK : bad(c, "a script gave more than one %s", name);
}

static enum status take_pool(const struct change *c, uint8_t family)
{
	char *out = family == 4 ? c->own->pool4 : c->own->pool6;
	const char *what = family == 4 ? "pool" : "pool6";
	bool is_there = family == 4 ? snapshot_pool4(c->conf, c->value) != NULL
				    : snapshot_pool6(c->conf, c->value) != NULL;
	enum status st = one_only(c, what);

	/* What it was may be said again, also where it is a DHCP server. */
	if (st == ST_OK && c->value[0] && !is_there && strcmp(c->value, out) != 0)
		return bad(c, "a script chose %s %.63s, which is not configured", what, c->value);
	if (st == ST_OK)
		snprintf(out, SESSION_NAME, "%s", c->value);
	return st;
}

static enum status take_pool4(const struct change *c)
{
	return take_pool(c, 4);
}

static enum status take_pool6(const struct change *c)
{
	return take_pool(c, 6);
}

static enum status take_netmask(const struct change *c)
{
	struct addr a;
	enum status st = one_only(c, "netmask");

	c->own->mask_len = 0;
	if (st != ST_OK || !c->value[0])
		return st;
	if (addr_parse(c->value, &a) != ST_OK || a.family != 4 || mask_to_len(&a, &c->own->mask_len) != ST_OK)
		return bad(c, "a script gave the netmask \"%.40s\", which is none", c->value);
	return ST_OK;
}

/* families: which are allowed, 4, 6 or 0 for both. */
static enum status take_addr(const struct change *c, const char *name, struct addr *v, uint8_t *n,
	size_t max, uint8_t family)
{
	struct addr a;

	if (c->is_first)
		*n = 0;
	if (!c->value[0])
		return ST_OK;
	if (addr_parse(c->value, &a) != ST_OK || (family && a.family != family))
		return bad(c, "a script gave %s \"%.60s\", which is no address for it", name,
			c->value);
	if (*n >= max)
		return bad(c, "a script gave more than %zu %s", max, name);
	v[(*n)++] = a;
	return ST_OK;
}

static enum status take_dns(const struct change *c)
{
	struct ike_grant *g = c->grant;

	return take_addr(c, "dns", g->dns, &g->n_dns, COUNT(g->dns), 0);
}

static enum status take_wins(const struct change *c)
{
	struct ike_grant *g = c->grant;

	return take_addr(c, "wins", g->nbns, &g->n_nbns, COUNT(g->nbns), 4);
}

static enum status take_line(const struct change *c, const char *name, char *out, size_t cap)
{
	enum status st = one_only(c, name);

	if (st != ST_OK)
		return st;
	if (strlen(c->value) >= cap)
		return bad(c, "a script gave a %s of more than %zu characters", name, cap - 1);
	snprintf(out, cap, "%s", c->value);
	return ST_OK;
}

static enum status take_domain(const struct change *c)
{
	struct ike_grant *g = c->grant;

	return take_line(c, "domain", g->def_domain, sizeof(g->def_domain));
}

static enum status take_banner(const struct change *c)
{
	struct ike_grant *g = c->grant;

	return take_line(c, "banner", g->banner, sizeof(g->banner));
}

/* One name more of a list with commas between them. */
static enum status take_name(const struct change *c, const char *name, char out[IKE_LIST_LEN])
{
	size_t len;

	if (c->is_first)
		out[0] = '\0';
	if (!c->value[0])
		return ST_OK;
	for (const char *at = c->value; *at; at++)
		if (*at <= ' ' || *at >= 0x7f || *at == ',')
			return bad(c, "a script gave %s \"%.60s\", which is no name", name, c->value);
	len = strlen(out);
	if (len + strlen(c->value) + 2 > IKE_LIST_LEN || strlen(c->value) > 255)
		return bad(c, "a script gave more %s than there is room for", name);
	snprintf(out + len, IKE_LIST_LEN - len, "%s%s", len ? "," : "", c->value);
	return ST_OK;
}

static enum status take_split_dns(const struct change *c)
{
	return take_name(c, "split_dns", c->grant->split_dns);
}

static enum status take_backups(const struct change *c)
{
	return take_name(c, "backup_gateways", c->grant->backup_gateways);
}

static enum status take_seconds(const struct change *c, const char *name, uint32_t *out)
{
	char *end = NULL;
	unsigned long long s = strtoull(c->value, &end, 10);
	enum status st = one_only(c, name);

	if (st == ST_OK && (*end || c->value[0] == '-' || s > LIFETIME_MAX_S))
		return bad(c, "a script gave %s \"%.40s\": 0 to %u seconds", name, c->value,
			LIFETIME_MAX_S);
	*out = (uint32_t)s;
	return st;
}

static enum status take_lifetime(const struct change *c)
{
	return take_seconds(c, "session_lifetime", &c->grant->session_lifetime_s);
}

static enum status take_idle_timeout(const struct change *c)
{
	return take_seconds(c, "idle_timeout", &c->own->idle_timeout_s);
}

static enum status take_prefix(
	const struct change *c, const char *name, struct prefix *v, uint8_t *n, size_t max)
{
	struct prefix p;

	if (c->is_first)
		*n = 0;
	if (!c->value[0])
		return ST_OK;
	if (prefix_parse(c->value, &p) != ST_OK)
		return bad(c, "a script gave %s \"%.60s\", which is no network", name, c->value);
	if (*n >= max)
		return bad(c, "a script gave more than %zu %s", max, name);
	prefix_mask(&p);
	v[(*n)++] = p;
	return ST_OK;
}

static enum status take_subnet(const struct change *c)
{
	struct ike_grant *g = c->grant;

	return take_prefix(c, "subnets", g->subnets, &g->n_subnets, COUNT(g->subnets));
}

static enum status take_network(const struct change *c)
{
	struct ike_grant *g = c->grant;

	return take_prefix(c, "networks", g->remote, &g->n_remote, NETWORKS_MAX);
}

static const struct {
	const char *name;
	enum status (*take)(const struct change *c);
} takers[] = {
	{"pool", take_pool4},
	{"pool6", take_pool6},
	{"netmask", take_netmask},
	{"dns", take_dns},
	{"wins", take_wins},
	{"domain", take_domain},
	{"split_dns", take_split_dns},
	{"backup_gateways", take_backups},
	{"banner", take_banner},
	{"session_lifetime", take_lifetime},
	{"idle_timeout", take_idle_timeout},
	{"subnets", take_subnet},
	{"networks", take_network},
};

static enum status apply_one(struct change *c, const struct pairs *changed, size_t at)
{
	const char *name = pairs_name(changed, at);

	c->value = pairs_value(changed, at);
	c->is_first = pairs_get(changed, name) == c->value;
	for (size_t i = 0; i < COUNT(takers); i++) {
		if (strcmp(takers[i].name, name) == 0)
			return takers[i].take(c);
	}
	return ST_OK;
}

enum status attributes_apply(const struct snapshot *conf, const struct pairs *changed,
	struct session *s, char detail[IKE_DETAIL_LEN])
{
	struct ike_grant grant;
	struct chosen own = {.mask_len = s->mask_len, .idle_timeout_s = s->idle_timeout_s};
	struct change c = {.conf = conf, .own = &own, .grant = &grant, .detail = detail};
	const char *pool4, *pool6;
	enum status st = ST_OK;

	text_init(&pool4);
	text_init(&pool6);
	snprintf(own.pool4, sizeof(own.pool4), "%s", s->pool4);
	snprintf(own.pool6, sizeof(own.pool6), "%s", s->pool6);
	grant_read(s->grant, &grant);
	for (size_t i = 0; i < changed->n && st == ST_OK; i++)
		st = apply_one(&c, changed, i);
	if (st == ST_OK)
		st = text_set(&pool4, own.pool4);
	if (st == ST_OK)
		st = text_set(&pool6, own.pool6);
	if (st == ST_OK)
		st = grant_keep(&grant, &s->grant);
	if (st == ST_OK) {
		text_move(&s->pool4, &pool4);
		text_move(&s->pool6, &pool6);
		s->mask_len = own.mask_len;
		s->idle_timeout_s = own.idle_timeout_s;
	}
	text_free(&pool4);
	text_free(&pool6);
	return st;
}
