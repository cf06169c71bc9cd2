/* Attributes of RADIUS packets, for the tests of authorization. */
#ifndef TESTS_UNIT_AAA_LAB_H
#define TESTS_UNIT_AAA_LAB_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/aaa/attrs.h"
#include "core/aaa/filter.h"
#include "core/base/mem.h"
#include "tests/lib/t.h"

struct attrs {
	uint8_t bytes[RADIUS_MAX];
	struct wr w;
};

static inline void attrs_init(struct attrs *a)
{
	a->w = wr_init(a->bytes, sizeof(a->bytes));
}

static inline struct view attrs_view(const struct attrs *a)
{
	return (struct view){a->bytes, a->w.len};
}

static inline void put_pair(struct attrs *a, const char *pair)
{
	radius_put_vsa(&a->w, RADIUS_VENDOR_CISCO, RADIUS_CISCO_AVPAIR, pair, strlen(pair));
}

static inline void put_text(struct attrs *a, uint8_t type, const char *text)
{
	radius_put(&a->w, type, text, strlen(text));
}

/* "10 1.2.3.4/5", len bytes of them: prefix of RFC 3162 2.3. */
static inline void put_prefix6(struct attrs *a, uint8_t type, const char *text)
{
	struct prefix p;
	uint8_t v[18] = {0};

	if (prefix_parse(text, &p) != ST_OK)
		abort();
	v[1] = p.len;
	memcpy(v + 2, p.addr.b, 16);
	radius_put(&a->w, type, v, 2 + (p.len + 7u) / 8u);
}

static inline void put_addr(struct attrs *a, uint8_t type, const char *text)
{
	struct addr addr;

	if (addr_parse(text, &addr) != ST_OK)
		abort();
	radius_put(&a->w, type, addr.b, addr_len(&addr));
}

/* One cisco-avpair as a whole packet. */
static inline enum status read_pair(
	struct aaa_set *s, enum aaa_source source, const char *pair, struct aaa_finding *f)
{
	static struct attrs a;

	attrs_init(&a);
	put_pair(&a, pair);
	return aaa_attrs_read(s, source, attrs_view(&a), f);
}

static inline const char *net_text(const struct prefix *p)
{
	static char buf[8][PREFIX_TEXT];
	static unsigned turn;

	return prefix_format(p, buf[turn++ % 8]);
}

static inline const char *addr_text(const struct addr *a)
{
	static char buf[8][ADDR_TEXT];
	static unsigned turn;

	return addr_format(a, buf[turn++ % 8]);
}

/* A value as one text, whatever its type: what the tables of the tests compare. */
static inline const char *item_text(const struct aaa_set *s, enum aaa_item item)
{
	static char out[2 * AAA_FILTER];
	size_t len = 0;
	const struct aaa_nets *nets = item == AV_REMOTES ? &s->remotes : &s->route_nets;
	const struct aaa_names *names = item == AV_ROUTE_LISTS6 ? &s->route_lists6 : &s->route_lists4;
	const struct addr *servers = item == AV_DNS4 ? s->dns4 : item == AV_DNS6 ? s->dns6 : s->wins;

	if (!aaa_has(s, item))
		return "-";
	out[0] = '\0';
	switch (item) {
	case AV_POOL4: return s->pool4;
	case AV_POOL6: return s->pool6;
	case AV_IP4: return addr_text(&s->ip4);
	case AV_MASK4: snprintf(out, sizeof(out), "%u", s->mask4); return out;
	case AV_IP6: return addr_text(&s->ip6);
	case AV_IP6_LEN: snprintf(out, sizeof(out), "%u", s->ip6_len); return out;
	case AV_PREFIX6: return net_text(&s->prefix6);
	case AV_DELEGATED:
		for (int i = 0; i < s->delegated.n; i++)
			len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%s", i ? " " : "", net_text(&s->delegated.v[i]));
		return out;
	case AV_DNS4:
	case AV_DNS6:
	case AV_WINS:
		for (int i = 0; i < (item == AV_WINS ? 2 : AAA_DNS); i++)
			if (servers[i].family)
				len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%s", len ? " " : "", addr_text(&servers[i]));
		return out;
	case AV_DOMAIN: return s->domain;
	case AV_SPLIT_DNS: return s->split_dns;
	case AV_BACKUP: return s->backup;
	case AV_BANNER: return s->banner;
	case AV_CONFIG_URL: return s->config_url;
	case AV_CONFIG_VERSION: return s->config_version;
	case AV_LOCAL_LAN: return s->local_lan ? "1" : "0";
	case AV_PFS: return s->pfs ? "1" : "0";
	case AV_SMARTCARD: return s->smartcard ? "1" : "0";
	case AV_REAUTH: return s->reauth ? "1" : "0";
	case AV_FLOW_LIMIT: snprintf(out, sizeof(out), "%u", s->flow_limit); return out;
	case AV_LIFETIME: snprintf(out, sizeof(out), "%u", s->lifetime_s); return out;
	case AV_TIMEOUT: snprintf(out, sizeof(out), "%u", s->timeout_s); return out;
	case AV_IDLE: snprintf(out, sizeof(out), "%u", s->idle_s); return out;
	case AV_INTERIM: snprintf(out, sizeof(out), "%u", s->interim_s); return out;
	case AV_LOGINS: snprintf(out, sizeof(out), "%u", s->logins); return out;
	case AV_MTU: snprintf(out, sizeof(out), "%u", s->mtu); return out;
	case AV_MSS: snprintf(out, sizeof(out), "%u", s->mss); return out;
	case AV_VRF: return s->vrf;
	case AV_FILTER_IN4: return s->filter[AAA_IN4];
	case AV_FILTER_OUT4: return s->filter[AAA_OUT4];
	case AV_FILTER_IN6: return s->filter[AAA_IN6];
	case AV_FILTER_OUT6: return s->filter[AAA_OUT6];
	case AV_SERVICE_IN: return s->service[0];
	case AV_SERVICE_OUT: return s->service[1];
	case AV_DHCP_SERVER: return s->dhcp_server;
	case AV_DHCP_GIADDR: return addr_text(&s->dhcp_giaddr);
	case AV_DHCP_TIMEOUT: snprintf(out, sizeof(out), "%u", s->dhcp_timeout_s); return out;
	case AV_ROUTE_INTERFACE: return s->route_interface;
	case AV_ROUTE_NETS:
	case AV_REMOTES:
		for (int i = 0; i < nets->n; i++)
			len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%s", i ? " " : "", net_text(&nets->v[i]));
		return out;
	case AV_ROUTE_LISTS4:
	case AV_ROUTE_LISTS6:
		for (int i = 0; i < names->n; i++)
			len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%s", i ? " " : "", names->v[i]);
		return out;
	case AV_ROUTE_ACCEPT:
		snprintf(out, sizeof(out), s->route_accept.any ? "any %u %u" : "none", s->route_accept.tag, s->route_accept.distance);
		return out;
	case AV_SPLIT_POLICY: snprintf(out, sizeof(out), "%u", s->split_policy); return out;
	case AV_GROUP: return s->group;
	case AV_USER_NAME: return s->user_name;
	case AV_CUI: return s->cui;
	case AV_REPLY: return s->reply;
	case AV_CLASS:
		for (size_t at = 0, n = 0;; n++) {
			struct view one;
			if (!aaa_class_next((struct view){s->class.bytes, s->class.len}, &at, &one))
				return out;
			len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%.*s", n ? " " : "", (int)one.len, (const char *)one.p);
		}
	case AV_KEY_LOCAL: snprintf(out, sizeof(out), "%.*s", s->key_local.len, (const char *)s->key_local.bytes); return out;
	case AV_KEY_REMOTE: snprintf(out, sizeof(out), "%.*s", s->key_remote.len, (const char *)s->key_remote.bytes); return out;
	default: return "?";
	}
}

#endif
