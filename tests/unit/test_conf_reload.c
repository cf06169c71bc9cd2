/* A reload: what changed and when it takes effect, removal x live session, VRF numbers that stay,
 * references that keep an old snapshot alive. */
#include "core/conf/diff.h"
#include "tests/unit/conf_lib.h"

static struct snapshot *after(const char *text, const struct snapshot *before)
{
	struct snapshot *s;
	return conf_parse(text, strlen(text), before, &s, &report) == ST_OK ? s : NULL;
}

struct change_case {
	const char *before, *after;
	const char *changes; /* joined by "; " */
	bool restart;
};

#define POOL    "ip local pool RA 10.0.0.1 10.0.0.9\n"
#define PROFILE "crypto ikev2 profile RA\n match identity remote any\n"
#define KEYS    "crypto ikev2 keyring K\n peer A\n  pre-shared-key one\n"

static const struct change_case changes[] = {
	{"", "", "", false},
	{POOL PROFILE KEYS, PROFILE KEYS POOL, "", false},
	{"hostname a\n", "hostname b\n", "hostname changed (live)", false},
	{"", "sallyport workers 4\n", "sallyport workers changed (restart)", true},
	{"", "sallyport snmp agentx\n", "sallyport snmp agentx changed (live)", false},
	{"sallyport snmp agentx /run/a\n", "sallyport snmp agentx /run/b\n",
		"sallyport snmp agentx changed (live)", false},
	{"", "sallyport snmp notifications session\n",
		"sallyport snmp notifications session changed (live)", false},
	{"", "crypto ikev2 cookie-challenge 100\n", "crypto ikev2 cookie-challenge changed (live)",
		false},
	{"", "crypto ikev2 dpd 30 5 periodic\n", "crypto ikev2 dpd changed (new sessions)", false},
	{"", "sallyport listen 10.0.0.1\n", "sallyport listen changed (live)", false},
	{"", "logging host 192.0.2.9\n", "logging host changed (live)", false},
	{"logging trap 3\n", "crypto logging session\n",
		"crypto logging session changed (live); logging trap changed (live)", false},
	{"", "sallyport metrics listen ::1\n", "sallyport metrics listen changed (live)", false},
	{"sallyport metrics socket\n", "sallyport metrics socket /x\n",
		"sallyport metrics socket changed (live)", false},
	{"no sallyport metrics listen\n", "", "", false},
	{"", PROFILE, "crypto ikev2 profile RA added (new sessions)", false},
	{PROFILE, "", "crypto ikev2 profile RA removed (new sessions)", false},
	{PROFILE, PROFILE " lifetime 600\n",
		"crypto ikev2 profile RA: lifetime changed (new sessions)", false},
	{PROFILE, PROFILE " description x\n", "crypto ikev2 profile RA: description changed (live)",
		false},
	{PROFILE, PROFILE " shutdown\n nat keepalive 20\n",
		"crypto ikev2 profile RA: nat keepalive changed (new sessions); "
		"crypto ikev2 profile RA: shutdown changed (new sessions)",
		false},
	{KEYS, "crypto ikev2 keyring K\n peer A\n  pre-shared-key two\n",
		"crypto ikev2 keyring K: peer changed (new sessions)", false},
	{POOL, "ip local pool RA 10.0.0.1 10.0.0.8\n", "ip local pool RA changed (new sessions)",
		false},
	{POOL, "", "ip local pool RA removed (new sessions)", false},
	{POOL, "ip local pool RB 10.0.0.1 10.0.0.9\n",
		"ip local pool RA removed (new sessions); ip local pool RB added (new sessions)",
		false},
	{"ip access-list standard A\n permit any\n", "ipv6 access-list A\n permit ipv6 any any\n",
		"access-list A removed (new sessions); access-list A added (new sessions)", false},
	{"crypto ipsec transform-set T esp-gcm\n", "crypto ipsec transform-set T esp-gcm 256\n",
		"crypto ipsec transform-set T changed (new sessions)", false},
	{"", "no crypto ikev2 policy default\n",
		"crypto ikev2 policy default changed (new sessions)", false},
	{"", "sallyport defaults legacy\n",
		"sallyport defaults legacy changed (new sessions); "
		"crypto ikev2 proposal default: encryption changed (new sessions); "
		"crypto ikev2 proposal default: integrity changed (new sessions); "
		"crypto ikev2 proposal default: prf changed (new sessions); "
		"crypto ikev2 proposal default: group changed (new sessions); "
		"crypto ipsec transform-set default changed (new sessions)",
		false},
	{"interface Virtual-Template1 type tunnel\n tunnel protection ipsec profile default\n",
		"interface Virtual-Template1 type tunnel\n tunnel protection ipsec profile "
		"default\n"
		" sallyport client-to-client permit\n",
		"interface Virtual-Template1: sallyport client-to-client permit changed (live)",
		false},
	{"interface Virtual-Template1 type tunnel\n tunnel protection ipsec profile default\n",
		"interface Virtual-Template1 type tunnel\n tunnel protection ipsec profile default\n"
		" sallyport multicast permit\n no sallyport dhcp-inform answer\n sallyport proxy-arp eth1\n",
		"interface Virtual-Template1: sallyport multicast permit changed (live); "
		"interface Virtual-Template1: sallyport dhcp-inform answer changed (live); "
		"interface Virtual-Template1: sallyport proxy-arp changed (live)",
		false},
	{"vrf definition A\n", "vrf definition B\n",
		"vrf definition A removed (new sessions); vrf definition B added (new sessions)",
		false},
	{"crypto pki trustpoint T\n fqdn a\n", "crypto pki trustpoint T\n fqdn b\n",
		"crypto pki trustpoint T: fqdn changed (new sessions)", false},
};

static void what_changes(void)
{
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const struct change_case *c = &changes[i];
		struct conf_diff d;
		char got[1024] = "", one[256];
		T_ROW(i, c->after);
		struct snapshot *a = conf(c->before), *b = after(c->after, a);
		T_TRUE(a && b);
		T_EQ(conf_diff(a, b, &d), ST_OK);
		for (size_t k = 0; k < d.n; k++) {
			conf_change_format(one, sizeof(one), &d.v[k]);
			strcat(got, k ? "; " : "");
			strcat(got, one);
		}
		T_STR(got, c->changes);
		T_EQ(d.restart, c->restart);
		conf_diff_fini(&d);
		T_EQ(b->generation, a->generation + 1);
		snapshot_unref(a);
		snapshot_unref(b);
	}
	T_EQ(mem_live(), 0);
}

struct orphan_case {
	const char *name, *after;
	unsigned gone;
};

#define AUTHZ "crypto ikev2 authorization policy RA\n pool RA\n"
#define POOL6 "ipv6 local pool RA6 2001:db8::/64 128\n"
#define RED   "vrf definition RED\n"
#define ALL   PROFILE AUTHZ POOL POOL6 RED

/* A live session that came from profile RA, policy RA, pools RA and RA6, VRF RED. */
static const struct orphan_case orphans[] = {
	{"nothing is gone", ALL, 0},
	{"changed is not gone", ALL " description x\ncrypto ikev2 profile RA\n lifetime 600\n", 0},
	{"shut down is not gone", ALL "crypto ikev2 profile RA\n shutdown\n", 0},
	{"a smaller pool is not gone", PROFILE AUTHZ POOL6 RED "ip local pool RA 10.0.0.5\n", 0},
	{"profile", AUTHZ POOL POOL6 RED, ORPHAN_PROFILE},
	{"IPv4 pool", PROFILE AUTHZ POOL6 RED, ORPHAN_POOL4},
	{"IPv6 pool", PROFILE AUTHZ POOL RED, ORPHAN_POOL6},
	{"authorization policy", PROFILE POOL POOL6 RED, ORPHAN_AUTHZ},
	{"VRF", PROFILE AUTHZ POOL POOL6, ORPHAN_VRF},
	{"by `no` in the same text", ALL "no crypto ikev2 profile RA\nno ip local pool RA\n",
		ORPHAN_PROFILE | ORPHAN_POOL4},
	{"all of it", "", ORPHAN_PROFILE | ORPHAN_POOL4 | ORPHAN_POOL6 | ORPHAN_AUTHZ | ORPHAN_VRF},
};

static void removal_and_live_session(void)
{
	static const struct session_refs refs = {"RA", "RA", "RA", "RA6", "RED"};
	static const struct session_refs none = {NULL, NULL, NULL, NULL, NULL};
	for (size_t i = 0; i < sizeof(orphans) / sizeof(orphans[0]); i++) {
		T_ROW(i, orphans[i].name);
		struct snapshot *s = conf(orphans[i].after);
		T_TRUE(s != NULL);
		T_EQ(policy_orphaned(s, &refs), orphans[i].gone);
		T_EQ(policy_orphaned(s, &none), 0);
		snapshot_unref(s);
	}
	struct snapshot *s = conf("no crypto ikev2 authorization policy default\n");
	T_EQ(policy_orphaned(s, &(struct session_refs){.authz = "default"}), ORPHAN_AUTHZ);
	snapshot_unref(s);
}

static void vrf_numbers_stay(void)
{
	struct snapshot *a = conf("vrf definition RED\nvrf definition BLUE\n");
	T_EQ(snapshot_vrf(a, "RED")->num, 1);
	T_EQ(snapshot_vrf(a, "BLUE")->num, 2);
	struct snapshot *b =
		after("vrf definition BLUE\nvrf definition GREEN\n"
		      "crypto ikev2 policy P\n match fvrf GREEN\n proposal default\n"
		      "sallyport listen 10.0.0.1 vrf BLUE\nsallyport listen any vrf RED\n",
			a);
	T_EQ(snapshot_vrf(b, "BLUE")->num, 2);
	T_EQ(snapshot_vrf(b, "GREEN")->num, 3);
	T_EQ(snapshot_policy(b, "P")->fvrf.num, 3);
	T_EQ(b->own.listen[0].num, 2);
	T_EQ(b->own.listen[1].num, VRF_NONE); /* no longer defined */
	T_TRUE(snapshot_vrf_name(b, 1) == NULL);
	T_STR(snapshot_vrf_name(b, 2), "BLUE");
	T_STR(snapshot_vrf_name(b, 0), "");
	struct snapshot *c = after(
		"vrf definition YELLOW\nvrf definition RED\n", b); /* back after two reloads */
	T_EQ(snapshot_vrf(c, "RED")->num, 1);
	T_EQ(snapshot_vrf(c, "YELLOW")->num, 4);
	snapshot_unref(a);
	snapshot_unref(b);
	snapshot_unref(c);
}

static void references(void)
{
	struct snapshot *s = conf(KEYS), *again = snapshot_ref(s);
	snapshot_unref(s);
	T_STR(snapshot_keyring(again, "K")->peers[0].name, "A");
	snapshot_unref(again);
	snapshot_unref(NULL);
	T_EQ(mem_live(), 0);
}

/* A configuration with an error yields nothing: the running one stays. */
static void refused(void)
{
	struct snapshot *a = conf(PROFILE), *b = a;
	T_EQ(conf_parse("hostname a b\n", 13, a, &b, &report), ST_CONFIG);
	T_TRUE(b == NULL);
	T_TRUE(snapshot_profile(a, "RA") != NULL);
	snapshot_unref(a);
	static char big[1];
	T_EQ(conf_parse(big, CONF_MAX_LEN + 1, NULL, &b, &report), ST_LIMIT);
	T_EQ(mem_live(), 0);
}

int main(void)
{
	T_RUN(what_changes);
	T_RUN(removal_and_live_session);
	T_RUN(vrf_numbers_stay);
	T_RUN(references);
	T_RUN(refused);
	return t_end();
}
