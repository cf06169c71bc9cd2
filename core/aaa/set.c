#include "core/aaa/set.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "core/aaa/items.h"
#include "core/base/mem.h"
#include "core/conf/conf_net.h"

struct aaa_set *aaa_set_new(void)
{
	return mem_new(sizeof(struct aaa_set));
}

void aaa_set_free(struct aaa_set *s)
{
	mem_free_secret(s, sizeof(*s));
}

static const struct aaa_item_row rows[] = {
#define X(name, members, how, words)                                                               \
	[AV_##name] = {offsetof(struct aaa_set, members), sizeof(((struct aaa_set *)0)->members), AAA_HOW_##how, words},
	AAA_ITEM_LIST(X)
#undef X
};
_Static_assert(AV_ITEMS <= 64, "a bit each");

const struct aaa_item_row *aaa_item_row(enum aaa_item item)
{
	return &rows[item];
}

const char *aaa_item_words(enum aaa_item item)
{
	return rows[item].words;
}

/* ---- putting -------------------------------------------------------------------------------- */

void *aaa_item_at(struct aaa_set *s, enum aaa_item item)
{
	return (char *)s + rows[item].at;
}

bool aaa_put_text(struct aaa_set *s, enum aaa_item item, const char *text)
{
	size_t len = strlen(text);

	if (len >= rows[item].size)
		return false;
	memset(aaa_item_at(s, item), 0, rows[item].size);
	memcpy(aaa_item_at(s, item), text, len);
	s->has |= AAA_BIT(item);
	return true;
}

bool aaa_put_net(struct aaa_set *s, enum aaa_item item, const struct prefix *p)
{
	struct aaa_nets *l = aaa_item_at(s, item);

	for (size_t i = 0; i < l->n; i++)
		if (prefix_eq(&l->v[i], p))
			return true;
	if (l->n == AAA_NETS)
		return false;
	l->v[l->n++] = *p;
	s->has |= AAA_BIT(item);
	return true;
}

bool aaa_put_name(struct aaa_set *s, enum aaa_item item, const char *name)
{
	struct aaa_names *l = aaa_item_at(s, item);

	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], name) == 0)
			return true;
	if (l->n == AAA_NAMES || strlen(name) >= AAA_NAME)
		return false;
	snprintf(l->v[l->n++], AAA_NAME, "%s", name);
	s->has |= AAA_BIT(item);
	return true;
}

bool aaa_put_joined(struct aaa_set *s, enum aaa_item item, const char *name)
{
	char *all = aaa_item_at(s, item);
	size_t len = strlen(all), more = strlen(name), n = len > 0;

	for (const char *p = all; (p = strchr(p, ',')) != NULL; p++)
		n++;
	for (const char *p = all; (p = strstr(p, name)) != NULL; p++)
		if ((p == all || p[-1] == ',') && (p[more] == '\0' || p[more] == ','))
			return true;
	if (n == AAA_JOINED_MAX || len + 1 + more >= AAA_JOINED)
		return false;
	snprintf(all + len, AAA_JOINED - len, "%s%s", len ? "," : "", name);
	s->has |= AAA_BIT(item);
	return true;
}

struct aaa_quota *aaa_find_quota(struct aaa_set *s, enum quota_way way, enum quota_period period)
{
	struct aaa_quotas *l = &s->quotas;

	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].way == way && l->v[i].period == period)
			return &l->v[i];
	return NULL;
}

bool aaa_put_quota(struct aaa_set *s, const struct aaa_quota *q)
{
	struct aaa_quota *at = aaa_find_quota(s, (enum quota_way)q->way, (enum quota_period)q->period);

	if (!at && s->quotas.n == QUOTAS_MAX)
		return false;
	if (!at)
		at = &s->quotas.v[s->quotas.n++];
	*at = *q;
	s->has |= AAA_BIT(AV_QUOTA);
	return true;
}

bool aaa_class_next(struct view all, size_t *at, struct view *out)
{
	if (*at >= all.len || all.p[*at] > all.len - *at - 1)
		return false;
	*out = (struct view){all.p + *at + 1, all.p[*at]};
	*at += 1u + out->len;
	return true;
}

bool aaa_put_class(struct aaa_set *s, const void *p, size_t len)
{
	struct aaa_class *c = &s->class;
	struct view all = {c->bytes, c->len}, one;

	for (size_t at = 0; aaa_class_next(all, &at, &one);)
		if (one.len == len && memcmp(one.p, p, len) == 0)
			return true;
	if (len == 0 || len > 255 || c->len + 1 + len > AAA_CLASS)
		return false;
	c->bytes[c->len] = (uint8_t)len;
	memcpy(c->bytes + c->len + 1, p, len);
	c->len = (uint16_t)(c->len + 1 + len);
	c->n++;
	s->has |= AAA_BIT(AV_CLASS);
	return true;
}

bool aaa_put_state(struct aaa_set *s, struct view state)
{
	if (state.len == 0 || state.len > AAA_STATE)
		return false;
	s->state.len = (uint8_t)state.len;
	memcpy(s->state.bytes, state.p, state.len);
	s->has |= AAA_BIT(AV_STATE);
	return true;
}

/* ---- from the configuration ------------------------------------------------------------------- */

static void put_addrs(struct aaa_set *s, enum aaa_item item, const struct addr two[2])
{
	if (!two[0].family)
		return;
	memcpy(aaa_item_at(s, item), two, 2 * sizeof(two[0]));
	s->has |= AAA_BIT(item);
}

static void put_u32(struct aaa_set *s, enum aaa_item item, uint32_t v)
{
	memcpy(aaa_item_at(s, item), &v, sizeof(v));
	s->has |= AAA_BIT(item);
}

static void put_true(struct aaa_set *s, enum aaa_item item, bool is_set)
{
	if (!is_set)
		return;
	*(bool *)aaa_item_at(s, item) = true;
	s->has |= AAA_BIT(item);
}

static bool put_joined_all(struct aaa_set *s, enum aaa_item item, const struct str_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (!aaa_put_joined(s, item, l->v[i]))
			return false;
	return true;
}

static bool put_names(struct aaa_set *s, enum aaa_item item, const struct str_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (!aaa_put_name(s, item, l->v[i]))
			return false;
	return true;
}

static bool put_remotes(struct aaa_set *s, const struct authz_policy *a)
{
	for (size_t i = 0; i < a->remote_count; i++)
		if (!aaa_put_net(s, AV_REMOTES, &a->remotes[i]))
			return false;
	return true;
}

static bool put_quotas(struct aaa_set *s, const struct authz_policy *a)
{
	for (size_t i = 0; i < a->quota_count; i++) {
		const struct authz_quota *from = &a->quotas[i];
		struct aaa_quota q = {.octets = quota_octets(from->number, (enum quota_unit)from->unit), .way = from->way,
			.period = from->period};
		snprintf(q.map, sizeof(q.map), "%s", from->map ? from->map : "");
		if (!aaa_put_quota(s, &q))
			return false;
	}
	return true;
}

/* The policy `default` has `route accept any` without anybody having written it: there it is about the
 * peers that we connect to. */
static void put_accept(struct aaa_set *s, const struct authz_policy *a)
{
	if (!a->route_accept)
		return;
	s->route_accept = (struct aaa_accept){.any = true, .of_clients = strcmp(a->name, "default") != 0,
		.tag = a->accept_tag, .distance = a->accept_distance};
	s->has |= AAA_BIT(AV_ROUTE_ACCEPT);
}

static void put_plain(struct aaa_set *s, const struct authz_policy *a)
{
	put_addrs(s, AV_DNS4, a->dns);
	put_addrs(s, AV_DNS6, a->dns6);
	put_addrs(s, AV_WINS, a->wins);
	put_true(s, AV_LOCAL_LAN, a->include_local_lan);
	put_true(s, AV_PFS, a->pfs);
	put_true(s, AV_SMARTCARD, a->smartcard_disconnect);
	if (a->flow_limit_on)
		put_u32(s, AV_FLOW_LIMIT, a->flow_limit);
	if (a->session_lifetime_s)
		put_u32(s, AV_LIFETIME, a->session_lifetime_s);
	if (a->idle_timeout_s)
		put_u32(s, AV_IDLE, a->idle_timeout_s);
	if (a->disconnected_timeout_s)
		put_u32(s, AV_DISCONNECTED, a->disconnected_timeout_s);
	if (a->simultaneous_logins) {
		put_u32(s, AV_LOGINS, a->simultaneous_logins == SIMULTANEOUS_ANY ? 0 : a->simultaneous_logins);
		s->logins_refuse = a->simultaneous_refuse;
		s->has |= AAA_BIT(AV_LOGINS_REFUSE);
	}
	if (a->dhcp_timeout_s)
		put_u32(s, AV_DHCP_TIMEOUT, a->dhcp_timeout_s);
	if (a->dhcp_giaddr.family) {
		s->dhcp_giaddr = a->dhcp_giaddr;
		s->has |= AAA_BIT(AV_DHCP_GIADDR);
	}
	put_accept(s, a);
}

static enum status refuse(char why[AAA_WHY], const char *name, const char *what)
{
	snprintf(why, AAA_WHY, "authorization policy %.63s: %s", name, what);
	return ST_NOT_AUTHORIZED;
}

static enum status put_texts(struct aaa_set *s, const struct authz_policy *a, char *why)
{
	const struct {
		enum aaa_item item;
		const char *text;
	} texts[] = {{AV_POOL4, a->pool}, {AV_POOL6, a->pool6}, {AV_DOMAIN, a->def_domain},
		{AV_BANNER, a->banner}, {AV_CONFIG_URL, a->config_url},
		{AV_CONFIG_VERSION, a->config_version}, {AV_DHCP_SERVER, a->dhcp_server},
		{AV_ROUTE_INTERFACE, !a->route_set_interface ? NULL : a->route_set_ifname ? a->route_set_ifname : ""}};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].text && !aaa_put_text(s, texts[i].item, texts[i].text)) {
			snprintf(why, AAA_WHY, "authorization policy %.63s: its %s is too long", a->name,
				rows[texts[i].item].words);
			return ST_NOT_AUTHORIZED;
		}
	}
	return ST_OK;
}

enum status aaa_set_policy(struct aaa_set *s, const struct authz_policy *a, char why[AAA_WHY])
{
	enum status st = put_texts(s, a, why);

	if (st != ST_OK)
		return st;
	put_plain(s, a);
	if (a->netmask.family) {
		if (mask_to_len(&a->netmask, &s->mask4) != ST_OK)
			return refuse(why, a->name, "its netmask has holes");
		s->has |= AAA_BIT(AV_MASK4);
	}
	if (!put_joined_all(s, AV_SPLIT_DNS, &a->split_dns))
		return refuse(why, a->name, "too much split-dns");
	if (!put_joined_all(s, AV_BACKUP, &a->backup_gateways))
		return refuse(why, a->name, "too many backup gateways");
	if (!put_names(s, AV_ROUTE_LISTS4, &a->route_acls) || !put_names(s, AV_ROUTE_LISTS6, &a->route_acls6))
		return refuse(why, a->name, "more than 32 `route set access-list`");
	if (!put_remotes(s, a))
		return refuse(why, a->name, "more than 32 `route set remote`");
	if (!put_quotas(s, a))
		return refuse(why, a->name, "too many quotas");
	return ST_OK;
}
