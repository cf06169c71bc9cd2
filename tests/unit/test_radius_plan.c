/* From lines of AAA to servers and groups that are asked: names, keys, sources, times, groups that share servers. */
#include "cmd/radius_plan.h"
#include "core/wire/id.h"
#include "tests/unit/conf_lib.h"

static struct radius_plan plan;

static bool find(void *ctx, const char *name, uint8_t family, struct addr *out)
{
	(void)ctx;
	if (strcmp(name, "known.example") != 0 || family == 4)
		return false;
	return addr_parse("2001:db8::7", out) == ST_OK;
}

static const char *addr_text(const struct addr *a)
{
	static char text[ADDR_TEXT];
	return addr_format(a, text);
}

static void make(const char *text)
{
	struct snapshot *s = conf(text);
	if (!s)
		printf("# %s\n", first_of(CONF_ERROR) ? first_of(CONF_ERROR)->text : "no memory");
	T_TRUE(s != NULL);
	memset(&plan, 0xee, sizeof(plan));
	radius_plan_make(s, find, NULL, &plan);
	snapshot_unref(s);
}

static const struct radius_group_conf *group(const char *name)
{
	for (size_t i = 0; i < plan.n_groups; i++)
		if (strcmp(plan.groups[i].name, name) == 0)
			return &plan.groups[i];
	return NULL;
}

static void servers_and_groups(void)
{
	make("hostname gw\n"
	     "aaa new-model\n"
	     "interface Tunnel1\n"
	     " ip address 10.1.1.1 255.255.255.0\n"
	     " tunnel mode ipsec ipv4\n"
	     "radius-server key all\n"
	     "radius-server timeout 7\n"
	     "radius-server retransmit 2\n"
	     "radius-server deadtime 3\n"
	     "ip radius source-interface Tunnel1\n"
	     "radius server A\n"
	     " address ipv4 192.0.2.1 auth-port 1645 acct-port 1646\n"
	     " timeout 1\n"
	     "radius server B\n"
	     " address ipv6 2001:db8::1\n"
	     " key own\n"
	     " retransmit 0\n"
	     " sallyport source 2001:db8::99\n"
	     " sallyport require-message-authenticator no\n"
	     "aaa group server radius G\n"
	     " server name B\n"
	     " server name A\n"
	     " deadtime 5\n"
	     " load-balance method least-outstanding\n"
	     "aaa group server radius H\n"
	     " server name A\n"
	     " server-private 192.0.2.9 key secret9\n"
	     " server name nobody\n");
	const struct radius_group_conf *g = group("G"), *h = group("H"), *all = group("radius");
	T_TRUE(g && h && all && plan.n_groups == 3 && plan.n_servers == 3 && plan.unknown == 0);
	T_TRUE(g->n_servers == 2 && g->balances && h->n_servers == 2 && !h->balances && all->n_servers == 2);
	const struct radius_server_conf *b = &plan.servers[g->servers[0]], *a = &plan.servers[g->servers[1]];
	const struct radius_server_conf *own = &plan.servers[h->servers[1]];
	T_TRUE(h->servers[0] == g->servers[1] && all->servers[0] == g->servers[1]); /* the same server */
	T_STR(a->name, "A");
	T_TRUE(a->auth_port == 1645 && a->acct_port == 1646 && a->timeout_ms == 1000 && a->retransmit == 2);
	T_TRUE(a->secret_len == 3 && memcmp(a->secret, "all", 3) == 0 && !a->trusts_unsigned);
	T_STR(addr_text(&a->source), "10.1.1.1");
	T_EQ(a->dead_ms, 5 * 60000); /* the longest that a group wants */
	T_TRUE(b->auth_port == 1812 && b->timeout_ms == 7000 && b->retransmit == 0 && b->trusts_unsigned);
	T_STR(addr_text(&b->source), "2001:db8::99");
	T_TRUE(b->secret_len == 3 && memcmp(b->secret, "own", 3) == 0);
	T_TRUE(own->secret_len == 7 && own->dead_ms == 3 * 60000);
	T_STR(addr_text(&own->addr), "192.0.2.9");
}

static void names(void)
{
	make("hostname gw\naaa new-model\n"
	     "radius server A\n address ipv4 known.example\n key k\n"
	     "radius server B\n address ipv6 known.example\n key k\n"
	     "radius server C\n address ipv4 other.example\n key k\n");
	const struct radius_group_conf *all = group("radius");
	T_TRUE(all && all->n_servers == 1 && plan.unknown == 2);
	T_STR(plan.servers[all->servers[0]].name, "B");
	T_STR(addr_text(&plan.servers[all->servers[0]].addr), "2001:db8::7");
}

static void vrfs(void)
{
	make("hostname gw\naaa new-model\n"
	     "vrf definition red\n"
	     "radius server A\n address ipv4 192.0.2.1\n key k\n"
	     "aaa group server radius G\n server name A\n ip vrf forwarding red\n");
	const struct radius_group_conf *g = group("G"), *all = group("radius");
	T_TRUE(g->n_servers == 1 && all->n_servers == 1 && g->servers[0] != all->servers[0]);
	T_STR(plan.servers[g->servers[0]].vrf, "red");
	T_STR(plan.servers[all->servers[0]].vrf, "");
}

static const struct radius_server_conf *only(const char *lines)
{
	char text[1024];
	snprintf(text, sizeof(text), "hostname gw\naaa new-model\nradius-server key all\nradius server A\n%s", lines);
	make(text);
	return plan.n_servers == 1 ? &plan.servers[0] : NULL;
}

static void by_tls(void)
{
	static const struct {
		const char *lines, *client, *server, *id;
		uint8_t id_type, id_len;
	} rows[] = {
		{" address ipv4 192.0.2.1\n tls trustpoint client A\n tls trustpoint server B\n", "A", "B", "\xc0\0\2\1", IDT_IPV4, 4},
		{" address ipv6 2001::1\n tls trustpoint client A\n", "A", "A", "\x20\1\0\0\0\0\0\0\0\0\0\0\0\0\0\1", IDT_IPV6, 16},
		{" address ipv6 known.example\n tls trustpoint server B\n", "", "B", "known.example", IDT_FQDN, 13},
		{" address ipv4 192.0.2.1\n tls trustpoint server B\n tls match-server-identity hostname x.y\n", "", "B", "x.y", IDT_FQDN, 3},
		{" address ipv4 192.0.2.1\n tls trustpoint server B\n tls match-server-identity email-address x@y\n", "", "B", "x@y", IDT_EMAIL, 3},
		{" address ipv6 known.example\n tls trustpoint server B\n tls match-server-identity ip-address 9.8.7.6\n", "", "B",
			"\x9\x8\x7\x6", IDT_IPV4, 4},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].lines);
		const struct radius_server_conf *c = only(rows[i].lines);
		T_TRUE(c && c->tls.is_on && c->auth_port == 2083 && c->acct_port == 2083);
		T_TRUE(c->secret_len == 6 && memcmp(c->secret, "radsec", 6) == 0); /* not that of all */
		T_STR(c->tls.client, rows[i].client);
		T_STR(c->tls.server, rows[i].server);
		T_EQ(c->tls.id_type, rows[i].id_type);
		T_EQ(c->tls.id_len, rows[i].id_len);
		T_TRUE(memcmp(c->tls.id, rows[i].id, rows[i].id_len) == 0);
		T_TRUE(c->tls.connect_ms == 5000 && c->tls.idle_ms == 60000 && c->tls.watchdog_ms == 30000 && c->tls.retries == 5);
	}
	const struct radius_server_conf *c = only(" address ipv4 192.0.2.1\n key own\n tls port 9\n tls trustpoint server B\n"
						  " tls connectiontimeout 2\n tls idletimeout 3\n tls watchdoginterval 0\n tls retries 0\n");
	T_TRUE(c && c->auth_port == 9 && c->secret_len == 3 && c->tls.connect_ms == 2000 && c->tls.idle_ms == 3000);
	T_TRUE(c->tls.watchdog_ms == 0 && c->tls.retries == 0);
	T_TRUE(only(" address ipv4 192.0.2.1\n tls\n") == NULL); /* nobody could be believed */
	c = only(" address ipv4 192.0.2.1\n tls trustpoint server B\n no tls\n");
	T_TRUE(c && !c->tls.is_on && c->auth_port == 1812 && c->secret_len == 3);
}

static void nothing(void)
{
	make("hostname gw\n");
	T_TRUE(plan.n_servers == 0 && plan.n_groups == 1 && plan.groups[0].n_servers == 0);
}

int main(void)
{
	T_RUN(servers_and_groups);
	T_RUN(names);
	T_RUN(vrfs);
	T_RUN(by_tls);
	T_RUN(nothing);
	return t_end();
}
