/* A session by what RADIUS gives: sources, addresses of its own, limits, filters; freeze and thaw. */
#include "core/aaa/filter.h"
#include "core/session/assign.h"
#include "core/session/authorize.h"
#include "core/session/session.h"
#include "tests/unit/aaa_lab.h"
#include "tests/unit/session_lab.h"

static const struct hash_key key = {7, 8};

/* Profile RA: user and group by RADIUS, `cached` too. Profile LOCAL: the policy RA. */
static struct snapshot *conf(void)
{
	struct snapshot *c = lab_snapshot();
	struct authz_policy *a;
	void *tmp;

	lab_authz(c, "default");
	a = lab_authz(c, "RA");
	a->pool = lab_str(c, "P");
	a->pool6 = lab_str(c, "P6");
	a->session_lifetime_s = 7200;
	a = lab_authz(c, "STAFF");
	a->pool = lab_str(c, "STAFF");
	lab_iface(c, IFACE_LOOPBACK, 1, "Loopback1")->ip = lab_prefix("10.99.0.1/32");
	lab_iface(c, IFACE_TEMPLATE, 1, "Virtual-Template1")->unnumbered = lab_str(c, "Loopback1");
	lab_list(c, "L", "local");
	lab_list(c, "R", "group SERVERS");
	lab_pool4(c, "P", "10.99.0.10", "10.99.0.12");
	lab_pool4(c, "STAFF", "10.98.0.10", "10.98.0.12");
	lab_pool6(c, "P6", "2001:db8:99::/126", 128);
	lab_acl(c, ACL_STANDARD, "LAN", true, "10.0.0.0/16");
	lab_acl(c, ACL_EXTENDED, "WEB", true, "10.0.0.0/16");
	lab_acl(c, ACL_IPV6, "WEB6", true, "2001:db8::/32");
	lab_acl(c, ACL_EXTENDED, "ODD", true, "10.0.0.0/16");
	c->acls[3].lines[0].is_unusable = true;
	ARENA_PUSH(&c->arena, c->policy_maps, c->policy_map_count, tmp)->name = lab_str(c, "2M");
	lab_profile(c, "LOCAL", 1, "L", "RA");
	struct ike_profile *p = lab_profile(c, "RA", 1, "R", NULL);
	p->user[AAA_PSK].list = p->group[AAA_PSK].list;
	p->user[AAA_PSK].cached = true;
	lab_profile(c, "MIXED", 1, "L", "RA")->user[AAA_PSK].list = lab_str(c, "R");
	lab_profile(c, "CACHED", 1, "L", "RA")->user[AAA_PSK].cached = true;
	return c;
}

static struct sessions *sessions_of(struct snapshot *c)
{
	struct sessions *ss = sessions_new(c, &key);

	if (!ss)
		abort();
	snapshot_unref(c);
	return ss;
}

/* "name=value" pairs as sets; NULL: not given. */
struct given {
	const char *const *cached, *const *user, *const *group;
};
#define LIST(...) (const char *const[]){__VA_ARGS__, NULL}

static struct aaa_set *set_of(const char *const *pairs)
{
	struct aaa_set *s = pairs ? aaa_set_new() : NULL;
	struct aaa_finding f;

	for (size_t i = 0; pairs && pairs[i]; i++) {
		static struct attrs a;
		attrs_init(&a);
		if (strncmp(pairs[i], "class=", 6) == 0)
			put_text(&a, RADIUS_CLASS, pairs[i] + 6);
		else if (strncmp(pairs[i], "delegated=", 10) == 0)
			put_prefix6(&a, RADIUS_DELEGATED_IPV6_PREFIX, pairs[i] + 10);
		else if (strncmp(pairs[i], "prefix=", 7) == 0)
			put_prefix6(&a, RADIUS_FRAMED_IPV6_PREFIX, pairs[i] + 7);
		else if (strncmp(pairs[i], "timeout=", 8) == 0)
			radius_put_u32(&a.w, RADIUS_SESSION_TIMEOUT, (uint32_t)strtoul(pairs[i] + 8, NULL, 10));
		else if (strncmp(pairs[i], "idle=", 5) == 0)
			radius_put_u32(&a.w, RADIUS_IDLE_TIMEOUT, (uint32_t)strtoul(pairs[i] + 5, NULL, 10));
		else if (strncmp(pairs[i], "interim=", 8) == 0)
			radius_put_u32(&a.w, RADIUS_ACCT_INTERIM_INTERVAL, (uint32_t)strtoul(pairs[i] + 8, NULL, 10));
		else if (strncmp(pairs[i], "logins=", 7) == 0)
			radius_put_vsa_u32(&a.w, RADIUS_VENDOR_ASA, 2, (uint32_t)strtoul(pairs[i] + 7, NULL, 10));
		else if (strncmp(pairs[i], "split=", 6) == 0)
			radius_put_vsa_u32(&a.w, RADIUS_VENDOR_ASA, 55, (uint32_t)strtoul(pairs[i] + 6, NULL, 10));
		else if (strncmp(pairs[i], "ou=", 3) == 0)
			radius_put_vsa(&a.w, RADIUS_VENDOR_ASA, 25, pairs[i], strlen(pairs[i]));
		else if (strncmp(pairs[i], "filter=", 7) == 0)
			put_text(&a, RADIUS_FILTER_ID, pairs[i] + 7);
		else if (strncmp(pairs[i], "user=", 5) == 0)
			put_text(&a, RADIUS_USER_NAME, pairs[i] + 5);
		else if (strncmp(pairs[i], "cui=", 4) == 0)
			put_text(&a, RADIUS_CUI, pairs[i] + 4);
		else
			put_pair(&a, pairs[i]);
		if (aaa_attrs_read(s, AAA_OF_ACCEPT, attrs_view(&a), &f) != ST_OK) {
			printf("# %s: %s\n", pairs[i], f.why);
			abort();
		}
	}
	return s;
}

struct login {
	const char *profile;
	const char *email;
	const char *remote; /* NULL: one of its own */
	struct given given;
};

/* Authorization, addresses of both families, commit. The last answer; NULL: refused. */
static struct session *login(struct sessions *ss, const struct login *l, struct ike_answer *a)
{
	static uint64_t sa = 1;
	static uint8_t random[10];
	struct ike_question q = {.kind = ASK_AUTHORIZE, .sa = sa, .wants_ip4 = true, .wants_ip6 = true};
	struct aaa_set *c = set_of(l->given.cached), *u = set_of(l->given.user), *g = set_of(l->given.group);
	char text[32];

	sa++;
	random[9]++;
	snprintf(text, sizeof(text), "198.51.100.%u", (unsigned)(sa % 250));
	snprintf(q.profile, sizeof(q.profile), "%s", l->profile);
	q.peer_id.type = 3;
	q.peer_id.len = (uint16_t)snprintf((char *)q.peer_id.bytes, sizeof(q.peer_id.bytes), "%s", l->email);
	q.remote = (struct endpoint){0, lab_addr(l->remote ? l->remote : text), 4500};
	session_authorize(ss, &(struct session_ask){&q, 1700000000000 + sa, random, c, u, g}, a);
	aaa_set_free(c);
	aaa_set_free(u);
	aaa_set_free(g);
	if (a->status != ST_OK)
		return NULL;
	struct session *s = session_find(ss, &a->session);
	q.session = a->session;
	session_assign(ss, &q, a);
	if (a->status != ST_OK) {
		session_end(ss, s);
		return NULL;
	}
	session_up(ss, s, &(struct ike_commit){.sa = q.sa, .local = q.local, .remote = q.remote}, 1700000000000 + sa);
	return s;
}

/* ---- which source --------------------------------------------------------------------------------- */

static void sources(void)
{
	static const char local4[] = "10.99.0.10", staff4[] = "10.98.0.10";
	const struct {
		const char *name;
		struct login l;
		const char *ip4, *domain; /* NULL: refused, and domain is part of why */
	} rows[] = {
		{"local", {"LOCAL", "a@b", NULL, {0}}, local4, ""},
		{"what is not asked for does not count", {"LOCAL", "a@b", NULL, {LIST("ip:addr=10.1.1.1"), LIST("ip:addr=10.1.1.2"), LIST("ip:addr=10.1.1.3")}}, local4, ""},
		{"group by RADIUS", {"RA", "a@b", NULL, {NULL, LIST("ipsec:default-domain=u"), LIST("ipsec:addr-pool=P")}}, local4, "u"},
		{"user over group", {"RA", "a@b", NULL, {NULL, LIST("ip:addr=10.1.1.1"), LIST("ipsec:addr-pool=P", "ipsec:default-domain=g")}}, "10.1.1.1", "g"},
		{"user over cached", {"RA", "a@b", NULL, {LIST("ipsec:default-domain=c", "ipsec:addr-pool=P"), LIST("ipsec:default-domain=u"), LIST("ipsec:default-domain=g")}}, local4, "u"},
		{"cached over group", {"RA", "a@b", NULL, {LIST("ipsec:default-domain=c"), LIST("ipsec:pfs=1"), LIST("ipsec:default-domain=g", "ipsec:addr-pool=P")}}, local4, "c"},
		/* R-AZN-08 */
		{"cached with an address is enough", {"RA", "a@b", NULL, {LIST("ip:addr=10.1.1.1"), LIST("ipsec:default-domain=u"), LIST("ipsec:default-domain=g")}}, "10.1.1.1", "g"},
		{"user by RADIUS, group local", {"MIXED", "a@b", NULL, {NULL, LIST("ipsec:default-domain=u"), NULL}}, local4, "u"},
		{"cached, group local", {"CACHED", "a@b", NULL, {LIST("ipsec:default-domain=c"), NULL, NULL}}, local4, "c"},
		{"Group-Policy", {"CACHED", "a@b", NULL, {LIST("ou=STAFF;"), NULL, NULL}}, staff4, ""},
		{"Group-Policy of nobody", {"CACHED", "a@b", NULL, {LIST("ou=NOBODY;"), NULL, NULL}}, NULL, "authorization policy NOBODY is not defined"},
		{"nobody answered", {"RA", "a@b", NULL, {0}}, NULL, "RADIUS is not available"},
		{"only the user was answered", {"RA", "a@b", NULL, {NULL, LIST("ip:addr=10.1.1.1"), NULL}}, NULL, "RADIUS is not available"},
		{"a VRF that is not that of the interface", {"CACHED", "a@b", NULL, {LIST("ip:vrf-id=red"), NULL, NULL}}, NULL, "puts the session into VRF red"},
		{"a list that is not there", {"CACHED", "a@b", NULL, {LIST("ipsec:route-set=access-list NOPE"), NULL, NULL}}, NULL, "standard access-list NOPE, which is not defined"},
		{"a filter that is not there", {"CACHED", "a@b", NULL, {LIST("filter=NOPE"), NULL, NULL}}, NULL, "access-list NOPE as filter, which is not defined"},
		{"a filter that cannot be one", {"CACHED", "a@b", NULL, {LIST("filter=ODD"), NULL, NULL}}, NULL, "a filter cannot judge by"},
		{"an IPv6 filter that is not there", {"CACHED", "a@b", NULL, {LIST("ip:interface-config=ipv6 traffic-filter WEB in"), NULL, NULL}}, NULL, "IPv6 access-list WEB as filter"},
		{"a policy map that is not there", {"CACHED", "a@b", NULL, {LIST("ip:sub-qos-policy-in=NOPE"), NULL, NULL}}, NULL, "policy-map NOPE, which is not defined"},
		{"no IPsec SA", {"CACHED", "a@b", NULL, {LIST("ipsec:ipsec-flow-limit=0"), NULL, NULL}}, NULL, "allows no IPsec SA"},
		{"an interface that is not there", {"CACHED", "a@b", NULL, {LIST("ipsec:route-set=interface Loopback9"), NULL, NULL}}, NULL, "interface Loopback9, which is not defined"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sessions *ss = sessions_of(conf());
		struct ike_answer a;
		struct session *s = login(ss, &rows[i].l, &a);
		T_ROW(i, rows[i].name);
		if (!rows[i].ip4) {
			T_TRUE(!s && a.status == ST_NOT_AUTHORIZED);
			if (!strstr(a.detail, rows[i].domain))
				T_FAIL("it says: %s", a.detail);
			T_EQ(sessions_count(ss), 0);
		} else {
			T_STR(a.detail, "");
			T_TRUE(s != NULL);
			T_STR(lab_text(&s->grant->ip4), rows[i].ip4);
			T_STR(s->grant->def_domain, rows[i].domain);
		}
		sessions_free(ss);
	}
}

/* Everything that a session keeps of it, here and after a thaw. */
static void everything(const struct session *s)
{
	struct view one;
	size_t at = 0;

	T_TRUE(s->terms != NULL);
	T_STR(s->username, "anna");
	T_EQ(s->grant->session_lifetime_s, 3600); /* the least of 3600 and 7200 */
	T_EQ(s->idle_timeout_s, 600);
	T_EQ(s->terms->interim_s, 300);
	T_EQ(s->terms->logins, 2);
	T_TRUE(s->terms->has_flow_limit);
	T_EQ(s->terms->flow_limit, 4);
	T_TRUE(s->grant->has_flow_limit);
	T_EQ(s->grant->flow_limit, 4);
	T_EQ(s->terms->mtu, 1300);
	T_EQ(s->terms->mss, 1200);
	T_STR(s->terms->filter[AAA_IN4], "1 permit ip any any\n");
	T_STR(s->terms->filter[AAA_OUT4], "WEB");
	T_STR(s->terms->filter[AAA_IN6], "WEB6");
	T_STR(s->terms->filter[AAA_OUT6], "");
	T_STR(s->terms->service[0], "2M");
	T_STR(s->terms->service[1], "");
	T_STR(s->terms->cui, "cui-7");
	T_TRUE(aaa_class_next(s->terms->class, &at, &one));
	T_MEM(one.p, "first", 5);
	T_TRUE(aaa_class_next(s->terms->class, &at, &one));
	T_MEM(one.p, "second", 6);
	T_TRUE(!aaa_class_next(s->terms->class, &at, &one));
	T_STR(lab_text(&s->lease4->addr), "10.99.0.11");
	T_STR(s->pool4, "P");
	T_STR(lab_text(&s->lease6->addr), "2001:db8:7::7");
	T_EQ(s->grant->ip6_prefix_len, 64);
	T_STR(s->pool6, "");
	T_EQ(s->delegated[0]->prefix_len, 48);
	T_TRUE(s->delegated[1] && !s->delegated[2]);
	T_EQ(s->orphaned, 0);
	T_EQ(s->grant->n_remote, 4); /* both addresses, both prefixes */
}

static const char *const all[] = {"user=anna", "ip:addr=10.99.0.11", "ipsec:addrv6=2001:db8:7::7", "ipsec:prefix-len=64",
	"delegated=2001:db8:100::/48", "delegated=2001:db8:200::/48", "timeout=3600", "idle=600", "interim=300", "logins=2",
	"ipsec:ipsec-flow-limit=4", "ip:interface-config=ip mtu 1300", "ip:interface-config=ip tcp adjust-mss 1200",
	"ip:inacl#1=permit ip any any", "filter=WEB.out", "ip:interface-config=ipv6 traffic-filter WEB6 in",
	"ip:sub-qos-policy-in=2M", "cui=cui-7", "class=first", "class=second", NULL};

static void what_a_session_keeps(void)
{
	struct sessions *ss = sessions_of(conf()), *tt = sessions_of(conf());
	static uint8_t rec[SESSION_FROZEN_MAX], again[SESSION_FROZEN_MAX];
	struct session *s, *t;
	struct ike_answer a;

	s = login(ss, &(struct login){"CACHED", "pc@corp", NULL, {all, NULL, NULL}}, &a);
	T_STR(a.detail, "");
	T_TRUE(s != NULL);
	T_DO(everything(s));
	size_t len = session_freeze(s, rec, sizeof(rec));
	T_EQ(session_thaw(tt, (struct view){rec, len}, &t), ST_OK);
	T_DO(everything(t));
	T_EQ(session_freeze(t, again, sizeof(again)), len);
	T_MEM(again, rec, len);
	T_EQ(session_thaw(tt, (struct view){rec, len}, &t), ST_EXISTS);
	/* The thawed one holds it all, too. */
	T_TRUE(!login(tt, &(struct login){"CACHED", "b@b", NULL, {LIST("ip:addr=10.99.0.11"), NULL, NULL}}, &a));
	T_TRUE(!login(tt, &(struct login){"CACHED", "b@b", NULL, {LIST("delegated=2001:db8:200::/56"), NULL, NULL}}, &a));
	session_end(tt, session_next(tt, NULL));
	T_TRUE(login(tt, &(struct login){"CACHED", "b@b", NULL, {LIST("ip:addr=10.99.0.11", "delegated=2001:db8:200::/56"), NULL, NULL}}, &a));
	sessions_free(ss);
	sessions_free(tt);
}

/* Without `cached`: only what is of the login. */
static void without_cached(void)
{
	struct sessions *ss = sessions_of(conf());
	struct ike_answer a;
	struct session *s = login(ss, &(struct login){"LOCAL", "pc@corp", NULL, {all, NULL, NULL}}, &a);

	T_TRUE(s && s->terms);
	T_STR(s->username, "anna");
	T_STR(lab_text(&s->grant->ip4), "10.99.0.10");
	T_EQ(s->grant->session_lifetime_s, 3600);
	T_EQ(s->idle_timeout_s, 600);
	T_EQ(s->terms->class.len, 13);
	T_EQ(s->terms->mtu, 0);
	T_STR(s->terms->filter[AAA_IN4], "");
	s = login(ss, &(struct login){"LOCAL", "x@corp", NULL, {0}}, &a);
	T_TRUE(s && !s->terms);
	sessions_free(ss);
}

/* ---- addresses of the user's own -------------------------------------------------------------------- */

static bool has_pool_named(const struct sessions *ss, const char *name)
{
	struct lease_pool_info info;

	for (size_t cursor = 0; sessions_next_pool(ss, &cursor, &info);)
		if (strcmp(info.name, name) == 0)
			return true;
	return false;
}

/* R-MCF-12: Framed-IP first, and it does not fall through; one owner. */
static void one_owner(void)
{
	struct sessions *ss = sessions_of(conf());
	struct lease_pool_info info;
	struct ike_answer a;
	const struct login fixed = {"CACHED", "anna@corp", NULL, {LIST("ip:addr=10.99.0.10"), NULL, NULL}};
	const struct login pooled = {"LOCAL", "bert@corp", NULL, {0}};
	struct session *s = login(ss, &fixed, &a), *t;

	T_TRUE(s != NULL);
	T_STR(lab_text(&s->grant->ip4), "10.99.0.10");
	T_STR(s->pool4, "P"); /* reserved there */
	size_t cursor = 0;
	T_TRUE(sessions_next_pool(ss, &cursor, &info));
	T_EQ(info.in_use, 1);
	t = login(ss, &pooled, &a);
	T_TRUE(t != NULL);
	T_STR(lab_text(&t->grant->ip4), "10.99.0.11");
	/* what somebody has of the pool nobody has for himself */
	T_TRUE(!login(ss, &(struct login){"CACHED", "carl@corp", NULL, {LIST("ip:addr=10.99.0.11"), NULL, NULL}}, &a));
	T_EQ(a.status, ST_NO_ADDRESS);
	T_STR(a.detail, "10.99.0.11, which is the user's own, is in use by bert@corp");
	/* another user with the same address */
	T_TRUE(!login(ss, &(struct login){"CACHED", "carl@corp", NULL, {LIST("ip:addr=10.99.0.10"), NULL, NULL}}, &a));
	T_TRUE(strstr(a.detail, "in use by anna@corp"));
	/* the same user again, from elsewhere: his newest session has it */
	t = login(ss, &fixed, &a);
	T_TRUE(t && t->lease4 == s->lease4);
	T_TRUE(session_find_addr(ss, "", &t->grant->ip4) == t);
	session_end(ss, t);
	T_TRUE(session_find_addr(ss, "", &s->grant->ip4) == s);
	session_end(ss, s);
	t = login(ss, &(struct login){"CACHED", "carl@corp", NULL, {LIST("ip:addr=10.99.0.10"), NULL, NULL}}, &a);
	T_TRUE(t != NULL);
	/* our own */
	T_TRUE(!login(ss, &(struct login){"CACHED", "dora@corp", NULL, {LIST("ip:addr=10.99.0.1"), NULL, NULL}}, &a));
	T_TRUE(strstr(a.detail, "is an address of this gateway"));
	/* that of the host, which the configuration does not name */
	struct addr host = lab_addr("10.1.1.1");
	T_EQ(sessions_set_host(ss, "", &host, 1), ST_OK);
	T_TRUE(!login(ss, &(struct login){"CACHED", "dora@corp", NULL, {LIST("ip:addr=10.1.1.1"), NULL, NULL}}, &a));
	T_TRUE(strstr(a.detail, "10.1.1.1, which is the user's own, is an address of this gateway"));
	T_EQ(sessions_set_host(ss, "", NULL, 0), ST_OK);
	/* of no pool */
	t = login(ss, &(struct login){"CACHED", "dora@corp", NULL, {LIST("ip:addr=10.1.1.1"), NULL, NULL}}, &a);
	T_TRUE(t != NULL);
	T_STR(t->pool4, "");
	T_EQ(t->orphaned, 0);
	T_TRUE(!has_pool_named(ss, ""));
	T_TRUE(!login(ss, &(struct login){"CACHED", "emil@corp", NULL, {LIST("ip:addr=10.1.1.1"), NULL, NULL}}, &a));
	/* 255.255.255.254 */
	t = login(ss, &(struct login){"CACHED", "fred@corp", NULL, {LIST("ip:addr=255.255.255.254"), NULL, NULL}}, &a);
	T_TRUE(t != NULL);
	T_STR(lab_text(&t->grant->ip4), "10.99.0.12");
	sessions_free(ss);
}

/* Prefixes: none is inside another's, whichever came first. */
static void prefixes(void)
{
	static const struct {
		const char *first, *second;
		bool fits;
	} rows[] = {
		{"delegated=2001:db8:1::/48", "delegated=2001:db8:2::/48", true},
		{"delegated=2001:db8:1::/48", "delegated=2001:db8:1::/48", false},
		{"delegated=2001:db8:1::/48", "delegated=2001:db8:1:1::/64", false},
		{"delegated=2001:db8:1:1::/64", "delegated=2001:db8:1::/48", false},
		{"delegated=2001:db8:1::/48", "ipsec:addrv6=2001:db8:1::7", false},
		{"ipsec:addrv6=2001:db8:1::7", "delegated=2001:db8:1::/48", false},
		{"ipsec:addrv6=2001:db8:1::7", "prefix=2001:db8:1::/64", false},
		{"prefix=2001:db8:1::/64", "ipsec:addrv6=2001:db8:1::7", false},
		{"prefix=2001:db8:1::/64", "prefix=2001:db8:1:1::/64", true},
		{"ipsec:addrv6=2001:db8:1::7", "ipsec:addrv6=2001:db8:1::8", true},
		{"ipsec:addrv6=2001:db8:1::7", "ipsec:addrv6=2001:db8:1::7", false},
		{"ipsec:pfs=1", "ipsec:addrv6=2001:db8:99::1", false}, /* the first has it of the pool */
		{"delegated=2001:db8:99::/64", "ipsec:pfs=1", false}, /* all of the pool is gone */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sessions *ss = sessions_of(conf());
		struct ike_answer a;
		struct session *t;
		T_ROW(i, rows[i].second);
		T_TRUE(login(ss, &(struct login){"CACHED", "anna@corp", NULL, {LIST(rows[i].first), NULL, NULL}}, &a));
		t = login(ss, &(struct login){"CACHED", "bert@corp", NULL, {LIST(rows[i].second), NULL, NULL}}, &a);
		bool fits = t && (i < 12 || t->lease6);
		T_EQ(fits, rows[i].fits);
		if (t && t->lease6 && t->lease6->prefix_len == 64) {
			T_EQ(t->grant->ip6_prefix_len, 64);
			T_STR(lab_text(&t->grant->ip6), "2001:db8:1:1::1");
		}
		sessions_free(ss);
	}
}

/* Simultaneous-Logins counts the user, whatever he calls his machines. */
static void logins(void)
{
	struct snapshot *c = conf();
	c->own.simultaneous_refuse = true;
	struct sessions *ss = sessions_of(c);
	struct ike_answer a;
	const struct login one = {"CACHED", "pc1@corp", "192.0.2.1", {LIST("user=anna", "logins=2"), NULL, NULL}};
	struct login two = one, three = one;

	two.email = "pc2@corp";
	three.email = "pc3@corp";
	struct session *s = login(ss, &one, &a);
	T_TRUE(s && login(ss, &two, &a));
	T_TRUE(!login(ss, &three, &a));
	T_EQ(a.status, ST_LOGIN_LIMIT);
	T_STR(a.detail, "user anna has 2 sessions, and 2 are allowed");
	T_TRUE(login(ss, &one, &a)); /* the same machine authenticates again */
	session_end(ss, s);
	three.given = (struct given){LIST("user=bert", "logins=1"), NULL, NULL};
	T_TRUE(login(ss, &three, &a));
	sessions_free(ss);
}

/* Without `refuse` the newest wins, and the oldest is told to go. */
static void newest_login_wins(void)
{
	struct snapshot *c = conf();
	struct authz_policy *p = (struct authz_policy *)(uintptr_t)snapshot_authz(c, "RA");
	struct ike_answer a;

	c->own.simultaneous_logins = 2;
	struct sessions *ss = sessions_of(c);
	struct session *s[4];
	for (int i = 0; i < 3; i++) {
		s[i] = login(ss, &(struct login){"LOCAL", "anna@corp", NULL, {0}}, &a);
		T_TRUE(s[i] != NULL);
		T_TRUE(session_surplus(ss, s[i]) == (i < 2 ? NULL : s[0]));
	}
	session_end(ss, s[0]);
	T_TRUE(!session_surplus(ss, s[2]));
	p->simultaneous_logins = 1;
	s[3] = login(ss, &(struct login){"LOCAL", "bert@corp", NULL, {0}}, &a);
	T_TRUE(s[3] && !session_surplus(ss, s[3]));
	session_end(ss, s[1]);
	s[3] = login(ss, &(struct login){"LOCAL", "anna@corp", NULL, {0}}, &a);
	T_TRUE(s[3] && session_surplus(ss, s[3]) == s[2]);
	p->simultaneous_refuse = true;
	session_end(ss, s[2]);
	T_TRUE(!login(ss, &(struct login){"LOCAL", "anna@corp", NULL, {0}}, &a));
	T_EQ(a.status, ST_LOGIN_LIMIT);
	p->simultaneous_logins = SIMULTANEOUS_ANY;
	T_TRUE(login(ss, &(struct login){"LOCAL", "anna@corp", NULL, {0}}, &a));
	sessions_free(ss);
}

/* Split-Tunneling-Policy. */
static void split_policies(void)
{
	static const struct {
		const char *policy;
		uint8_t subnets;
		bool local_lan;
	} rows[] = {{"split=0", 0, false}, {"split=1", 1, false}, {"split=2", 0, true}};

	for (size_t i = 0; i < 3; i++) {
		struct sessions *ss = sessions_of(conf());
		struct ike_answer a;
		T_ROW(i, rows[i].policy);
		struct session *s = login(ss, &(struct login){"CACHED", "a@b", NULL, {LIST(rows[i].policy, "ipsec:inacl=LAN"), NULL, NULL}}, &a);
		T_TRUE(s != NULL);
		T_EQ(s->grant->n_subnets, rows[i].subnets);
		T_EQ(s->grant->include_local_lan, rows[i].local_lan);
		sessions_free(ss);
	}
}

/* A name that only an IPv6 list has. */
static void filter_ids(void)
{
	struct sessions *ss = sessions_of(conf());
	struct ike_answer a;
	struct session *s = login(ss, &(struct login){"CACHED", "a@b", NULL, {LIST("filter=WEB6.out"), NULL, NULL}}, &a);

	T_TRUE(s != NULL);
	T_STR(s->terms->filter[AAA_OUT4], "");
	T_STR(s->terms->filter[AAA_OUT6], "WEB6");
	sessions_free(ss);
}

/* The rest of a record has at most 8192 bytes (test_session_life.c looks). */
static void the_largest_terms_fit(void)
{
	static uint8_t rec[SESSION_FROZEN_MAX];
	struct aaa_set *s = aaa_set_new();
	struct session_terms *t = NULL;
	struct wr w = wr_init(rec, sizeof(rec));

	for (int i = 0; i < AAA_FILTERS; i++)
		memset(s->filter[i], 'x', AAA_FILTER - 1);
	for (int i = 0; i < 2; i++)
		memset(s->service[i], 'x', AAA_NAME - 1);
	memset(s->cui, 'x', AAA_TEXT - 1);
	memset(s->reply, 'x', AAA_TEXT - 1);
	s->class.len = AAA_CLASS;
	s->ip4 = lab_addr("10.1.1.1");
	s->ip6 = lab_addr("2001:db8::1");
	s->prefix6 = lab_prefix("2001:db8::/64");
	s->ip6_len = 64;
	s->delegated.n = AAA_DELEGATED;
	s->interim_s = s->logins = s->flow_limit = s->mtu = s->mss = 9;
	s->logins_refuse = true;
	s->has = AAA_BIT(AV_ITEMS) - 1;
	T_EQ(terms_keep(s, &t), ST_OK);
	terms_write(&w, t);
	T_TRUE(wr_ok(&w));
	T_TRUE(w.len > 9000 && w.len <= SESSION_FROZEN_MAX - 8192);
	mem_free(t);
	aaa_set_free(s);
}

/* Out of memory at every place: refused or let in, and nothing is lost. */
static void without_memory(void)
{
	int64_t before = mem_live();
	bool done = false;

	for (uint64_t nth = 1; !done && nth < 200; nth++) {
		struct sessions *ss = sessions_of(conf());
		struct aaa_set *c = set_of(all);
		struct ike_question q = {.kind = ASK_AUTHORIZE, .sa = 9, .profile = "CACHED", .wants_ip4 = true, .wants_ip6 = true};
		uint8_t random[10] = {1};
		struct ike_answer a;
		q.peer_id = (struct ike_id){.type = 3, .len = 3, .bytes = "a@b"};
		mem_fail_at(nth);
		session_authorize(ss, &(struct session_ask){.q = &q, .wall_ms = 1, .random = random, .cached = c}, &a);
		q.session = a.session;
		if (a.status == ST_OK)
			session_assign(ss, &q, &a);
		mem_fail_at(0);
		T_ROW(nth, "allocation");
		T_TRUE(a.status == ST_OK || a.status == ST_NOMEM);
		done = a.status == ST_OK;
		T_TRUE(done || nth < 60);
		aaa_set_free(c);
		sessions_free(ss);
		T_EQ(mem_live(), before);
	}
	T_TRUE(done);
}

int main(void)
{
	T_RUN(sources);
	T_RUN(what_a_session_keeps);
	T_RUN(without_cached);
	T_RUN(one_owner);
	T_RUN(prefixes);
	T_RUN(logins);
	T_RUN(newest_login_wins);
	T_RUN(split_policies);
	T_RUN(filter_ids);
	T_RUN(the_largest_terms_fit);
	T_RUN(without_memory);
	return t_end();
}
