/* Several sources become one: R-AZN-07..10. */
#include "core/aaa/merge.h"
#include "tests/unit/aaa_lab.h"

static struct aaa_set *set_of(const char *const *pairs)
{
	struct aaa_set *s = aaa_set_new();
	struct aaa_finding f;

	for (size_t i = 0; pairs && pairs[i]; i++)
		if (read_pair(s, AAA_OF_ACCEPT, pairs[i], &f) != ST_OK)
			abort();
	return s;
}

#define LIST(...) (const char *const[]){__VA_ARGS__, NULL}

static void precedence(void)
{
	const struct {
		const char *name;
		const char *const *cached, *const *user, *const *group; /* NULL: not there */
		enum aaa_item item;
		const char *want;      /* user over cached over group */
		const char *overriden; /* group override */
	} rows[] = {
		/* R-AZN-09: all seven of who has it */
		{"only cached", LIST("ipsec:addr-pool=C"), NULL, NULL, AV_POOL4, "C", "C"},
		{"only user", NULL, LIST("ipsec:addr-pool=U"), NULL, AV_POOL4, "U", "U"},
		{"only group", NULL, NULL, LIST("ipsec:addr-pool=G"), AV_POOL4, "G", "G"},
		{"user over cached", LIST("ipsec:addr-pool=C"), LIST("ipsec:addr-pool=U"), NULL, AV_POOL4, "U", "U"},
		{"user over group", NULL, LIST("ipsec:addr-pool=U"), LIST("ipsec:addr-pool=G"), AV_POOL4, "U", "G"},
		{"cached over group", LIST("ipsec:addr-pool=C"), NULL, LIST("ipsec:addr-pool=G"), AV_POOL4, "C", "G"},
		{"all three", LIST("ipsec:addr-pool=C"), LIST("ipsec:addr-pool=U"), LIST("ipsec:addr-pool=G"), AV_POOL4, "U", "G"},
		/* "no" and 0 are values */
		{"a no", LIST("ipsec:pfs=1"), LIST("ipsec:pfs=0"), LIST("ipsec:pfs=1"), AV_PFS, "0", "1"},
		{"a zero", NULL, LIST("ipsec:ipsec-flow-limit=0"), LIST("ipsec:ipsec-flow-limit=9"), AV_FLOW_LIMIT, "0", "9"},
		{"a none", NULL, LIST("ipsec:route-accept=none"), LIST("ipsec:route-accept=any"), AV_ROUTE_ACCEPT, "none", "any 1 2"},
		{"out of the pool", LIST("ip:addr=255.255.255.254"), NULL, LIST("ip:addr=10.0.0.7"), AV_IP4, "-", "10.0.0.7"},
		/* R-AZN-10: other attributes of the weaker one stay */
		{"not a duplicate", NULL, LIST("ipsec:default-domain=u.example"), LIST("ipsec:addr-pool=G"), AV_POOL4, "G", "G"},
		{"not a duplicate, either", NULL, LIST("ipsec:default-domain=u.example"), LIST("ipsec:addr-pool=G"), AV_DOMAIN, "u.example", "u.example"},
		/* one value, although it has parts */
		{"dns", NULL, LIST("ipsec:dns-servers=10.0.0.1"), LIST("ipsec:dns-servers=10.0.0.2 10.0.0.3"), AV_DNS4, "10.0.0.1", "10.0.0.2 10.0.0.3"},
		{"split-dns", NULL, LIST("ipsec:split-dns=u.example"), LIST("ipsec:split-dns=g.example"), AV_SPLIT_DNS, "u.example", "g.example"},
		{"filter", NULL, LIST("ip:inacl#1=permit tcp any any"), LIST("ip:inacl#2=permit ip any any"), AV_FILTER_IN4,
			"1 permit tcp any any\n", "2 permit ip any any\n"},
		{"filter by name", NULL, LIST("ip:inacl=U"), LIST("ip:inacl#2=permit ip any any"), AV_FILTER_IN4, "U", "2 permit ip any any\n"},
		{"address and length", NULL, LIST("ipsec:addrv6=2001:db8::1"), LIST("ipsec:addrv6=2001:db8::2", "ipsec:prefix-len=64"), AV_IP6_LEN, "-", "64"},
		/* lists */
		{"networks", LIST("ipsec:route-set=prefix 10.1.0.0/16"), LIST("ipsec:route-set=prefix 10.2.0.0/16", "ipsec:route-set=prefix 10.9.0.0/16"),
			LIST("ipsec:route-set=prefix 10.3.0.0/16", "ipsec:route-set=prefix 10.9.0.0/16"), AV_ROUTE_NETS,
			"10.2.0.0/16 10.9.0.0/16 10.1.0.0/16 10.3.0.0/16", "10.3.0.0/16 10.9.0.0/16 10.2.0.0/16 10.1.0.0/16"},
		{"access lists", NULL, LIST("ipsec:inacl=A"), LIST("ipsec:inacl=B", "ipsec:inacl=A"), AV_ROUTE_LISTS4, "A B", "B A"},
		{"IPv6 access lists", NULL, LIST("ipsec:ipv6-subnet-acl=A"), LIST("ipsec:ipv6-subnet-acl=B"), AV_ROUTE_LISTS6, "A B", "B A"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct aaa_set *c = set_of(rows[i].cached), *u = set_of(rows[i].user), *g = set_of(rows[i].group);
		struct aaa_sources from = {rows[i].cached ? c : NULL, rows[i].user ? u : NULL, rows[i].group ? g : NULL, false};
		char why[AAA_WHY];
		T_ROW(i, rows[i].name);
		for (int override = 0; override < 2; override++) {
			struct aaa_set *out = aaa_set_new();
			from.override = override;
			T_EQ(aaa_merge(&from, out, why), ST_OK);
			T_STR(item_text(out, rows[i].item), override ? rows[i].overriden : rows[i].want);
			aaa_set_free(out);
		}
		aaa_set_free(c);
		aaa_set_free(u);
		aaa_set_free(g);
	}
}

/* Every item there is takes part: from each source alone it arrives as it was. */
static void every_item(void)
{
	struct aaa_set *all = aaa_set_new(), *out = aaa_set_new();
	struct aaa_sources from = {.group = all};
	char why[AAA_WHY];

	memset(all, 0x41, sizeof(*all));
	all->has = AAA_BIT(AV_ITEMS) - 1;
	all->route_nets = all->remotes = (struct aaa_nets){1, {{addr_v4(0x0a000000), 8}}};
	all->route_lists4 = all->route_lists6 = (struct aaa_names){1, {"A"}};
	all->class = (struct aaa_class){1, 2, {1, 'x'}};
	all->quotas = (struct aaa_quotas){1, {{.octets = 1}}};
	T_EQ(aaa_merge(&from, out, why), ST_OK);
	T_EQ(out->has, all->has);
	for (int i = 0; i < AV_ITEMS; i++) {
		struct aaa_set *one = aaa_set_new();
		T_ROW(i, aaa_item_words((enum aaa_item)i));
		all->has = AAA_BIT(i);
		T_EQ(aaa_merge(&from, one, why), ST_OK);
		T_EQ(one->has, AAA_BIT(i));
		aaa_set_free(one);
	}
	aaa_set_free(all);
	aaa_set_free(out);
}

static void classes(void)
{
	struct aaa_set *c = aaa_set_new(), *u = aaa_set_new(), *out = aaa_set_new();
	struct aaa_sources from = {.cached = c, .user = u};
	char why[AAA_WHY], big[255];

	T_TRUE(aaa_put_class(c, "login", 5) && aaa_put_class(c, "both", 4));
	T_TRUE(aaa_put_class(u, "user", 4) && aaa_put_class(u, "both", 4));
	T_EQ(aaa_merge(&from, out, why), ST_OK);
	T_STR(item_text(out, AV_CLASS), "user both login");
	memset(big, 'x', sizeof(big));
	for (char i = 0; i < 4; i++) {
		big[0] = i;
		T_TRUE(aaa_put_class(i % 2 ? c : u, big, sizeof(big)));
		big[0] = (char)(i + 10);
		T_EQ(aaa_put_class(i % 2 ? c : u, big, sizeof(big)), true);
		if (i == 1)
			break;
	}
	big[0] = 99;
	T_TRUE(aaa_put_class(c, big, sizeof(big)));
	aaa_set_free(out);
	out = aaa_set_new();
	T_EQ(aaa_merge(&from, out, why), ST_LIMIT);
	T_TRUE(strstr(why, "more of Class"));
	aaa_set_free(c);
	aaa_set_free(u);
	aaa_set_free(out);
}

/* R-AZN-08 */
static void when_the_user_is_asked_for(void)
{
	struct aaa_set *c = aaa_set_new();
	struct aaa_finding f;

	T_TRUE(aaa_wants_user(NULL));
	T_TRUE(aaa_wants_user(c));
	T_EQ(read_pair(c, AAA_OF_ACCEPT, "ipsec:addr-pool=C", &f), ST_OK);
	T_TRUE(aaa_wants_user(c));
	T_EQ(read_pair(c, AAA_OF_ACCEPT, "ip:addr=10.0.0.7", &f), ST_OK);
	T_TRUE(!aaa_wants_user(c));
	aaa_set_free(c);
}

/* Without `cached` a login is not authorized by what came with it, but it is accounted for. */
static void only_of_the_login(void)
{
	struct aaa_set *c = set_of(LIST("ipsec:addr-pool=C", "ipsec:route-set=prefix 10.0.0.0/8", "ip:inacl=A"));

	T_TRUE(aaa_put_class(c, "x", 1) && aaa_put_text(c, AV_USER_NAME, "anna"));
	aaa_set_login_only(c);
	T_EQ(c->has, AAA_BIT(AV_CLASS) | AAA_BIT(AV_USER_NAME));
	aaa_set_free(c);
}

int main(void)
{
	T_RUN(precedence);
	T_RUN(every_item);
	T_RUN(classes);
	T_RUN(when_the_user_is_asked_for);
	T_RUN(only_of_the_login);
	return t_end();
}
