/* From lines of AAA to servers and groups that are asked: names, keys, sources, times, groups that share servers. */
#include "cmd/radius_plan.h"
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
	T_RUN(nothing);
	return t_end();
}
