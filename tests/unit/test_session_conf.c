/* From the operator's words to the grant: whole configurations, one client each. */
#include "core/conf/conf.h"
#include "core/conf/match.h"
#include "core/session/assign.h"
#include "core/session/authorize.h"
#include "core/session/session.h"
#include "tests/unit/session_lab.h"

static const struct hash_key key = {5, 6};

static struct snapshot *parse(const char *text, const struct snapshot *previous)
{
	static struct conf_report report;
	struct snapshot *s = NULL;
	enum status st = conf_parse(text, strlen(text), previous, &s, &report);

	for (size_t i = 0; st != ST_OK && i < report.count; i++) {
		char line[512];
		conf_message_format(line, sizeof(line), "test", &report.msg[i]);
		printf("# %s\n", line);
	}
	return s;
}

static struct ike_answer ask(
	struct sessions *ss, uint64_t sa, const char *profile, bool ip4, bool ip6)
{
	struct ike_question q = {.sa = sa, .wants_ip4 = ip4, .wants_ip6 = ip6};
	uint8_t random[10] = {(uint8_t)sa};
	struct ike_answer a, b;

	snprintf(q.profile, sizeof(q.profile), "%s", profile);
	q.peer_id = (struct ike_id){.type = 3, .len = 16};
	memcpy(q.peer_id.bytes, "joe@corp.example", 16);
	session_authorize(ss, &(struct session_ask){.q = &q, .wall_ms = 1700000000000, .random = random}, &a);
	if (a.status != ST_OK)
		return a;
	q.session = a.session;
	session_assign(ss, &q, &b);
	return b;
}

static const char full[] = "hostname gw\n"
			   "aaa new-model\n"
			   "aaa authorization network LOCAL local\n"
			   "ip local pool RA 10.99.0.10 10.99.0.250\n"
			   "ipv6 local pool RA6 2001:db8:99::/64 128\n"
			   "ip access-list standard LAN\n"
			   " remark inside\n"
			   " permit 10.0.0.0 0.0.255.255\n"
			   " deny 10.1.0.0 0.0.255.255\n"
			   " permit host 192.0.2.9\n"
			   "crypto ikev2 authorization policy RA\n"
			   " pool RA\n"
			   " ipv6 pool RA6\n"
			   " dns 10.0.0.53 10.0.0.54\n"
			   " ipv6 dns 2001:db8::53\n"
			   " wins 10.0.0.1\n"
			   " netmask 255.255.255.0\n"
			   " def-domain corp.example\n"
			   " session-lifetime 7200\n"
			   " route set interface\n"
			   " route set access-list LAN\n"
			   " route set remote ipv4 192.168.7.0 255.255.255.0\n"
			   "crypto ikev2 keyring K\n"
			   " peer any\n"
			   "  address 0.0.0.0 0.0.0.0\n"
			   "  pre-shared-key sesame\n"
			   "crypto ikev2 profile RA\n"
			   " match identity remote email domain corp.example\n"
			   " identity local fqdn vpn.corp.example\n"
			   " authentication local pre-share\n"
			   " authentication remote pre-share\n"
			   " keyring local K\n"
			   " aaa authorization group psk list LOCAL RA\n"
			   " virtual-template 1\n"
			   "crypto ikev2 profile PLAIN\n"
			   " match identity remote fqdn domain corp.example\n"
			   " authentication local pre-share\n"
			   " authentication remote pre-share\n"
			   " keyring local K\n"
			   " virtual-template 1\n"
			   "interface Loopback1\n"
			   " ip address 10.99.0.1 255.255.255.255\n"
			   "interface Virtual-Template1 type tunnel\n"
			   " ip unnumbered Loopback1\n"
			   " tunnel mode ipsec ipv4\n"
			   " tunnel protection ipsec profile default\n";

static void a_whole_configuration(void)
{
	struct snapshot *s = parse(full, NULL);
	char text[PREFIX_TEXT];

	T_TRUE(s != NULL);
	struct sessions *ss = sessions_new(s, &key);
	struct ike_answer a = ask(ss, 1, "RA", true, true);
	T_STR(a.detail, "");
	T_EQ(a.status, ST_OK);
	T_STR(lab_text(&a.grant.ip4), "10.99.0.10");
	T_STR(lab_text(&a.grant.ip6), "2001:db8:99::1");
	T_EQ(a.grant.ip4_mask_len, 24);
	T_EQ(a.grant.n_dns, 3);
	T_EQ(a.grant.n_nbns, 1);
	T_EQ(a.grant.session_lifetime_s, 7200);
	T_EQ(a.grant.tun, 1);
	T_STR(a.grant.def_domain, "corp.example");
	static const char *const subnets[] = {"10.99.0.1/32", "10.0.0.0/16", "192.0.2.9/32"};
	T_EQ(a.grant.n_subnets, 3);
	for (int i = 0; i < 3; i++) {
		T_ROW(i, "subnet");
		T_STR(prefix_format(&a.grant.subnets[i], text), subnets[i]);
	}
	T_EQ(a.grant.n_remote, 3);
	T_STR(prefix_format(&a.grant.remote[2], text), "192.168.7.0/24");
	a = ask(ss, 2, "PLAIN", true, false);
	T_EQ(a.status, ST_NO_ADDRESS);
	T_TRUE(strstr(a.detail, "authorization policy default has no pool"));
	a = ask(ss, 3, "PLAIN", false, false);
	T_EQ(a.status, ST_OK);
	T_EQ(a.grant.n_remote, 0);
	sessions_free(ss);
	snapshot_unref(s);
}

/* R-CFG-03, R-CFG-10, R-CFG-11: the default authorization policy modified, disabled, restored. */
static void the_default_policy(void)
{
	static const struct {
		const char *more;
		enum status want;
		unsigned subnets; /* of a client that asks for nothing */
	} rows[] = {
		{"", ST_NO_ADDRESS, 1},
		{"crypto ikev2 authorization policy default\n pool RA\n", ST_OK, 1},
		{"no crypto ikev2 authorization policy default\n", ST_NO_ADDRESS, 0},
		{"crypto ikev2 authorization policy default\n pool RA\n"
		 "no crypto ikev2 authorization policy default\n"
		 "default crypto ikev2 authorization policy default\n",
			ST_NO_ADDRESS, 1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[4096];
		T_ROW(i, rows[i].more);
		snprintf(text, sizeof(text), "%s%s", full, rows[i].more);
		struct snapshot *s = parse(text, NULL);
		T_TRUE(s != NULL);
		struct sessions *ss = sessions_new(s, &key);
		T_EQ(ask(ss, 1, "PLAIN", true, false).status, rows[i].want);
		struct ike_answer a = ask(ss, 2, "PLAIN", false, false);
		T_EQ(a.status, ST_OK);
		T_EQ(a.grant.n_subnets, rows[i].subnets);
		sessions_free(ss);
		snapshot_unref(s);
	}
}

/* Lines taken away from a running configuration, with a session up. */
static void removals_in_words(void)
{
	static const struct {
		const char *more;
		unsigned orphaned;
		const char *next; /* address of the next client, "" when refused */
	} rows[] = {
		{"no crypto ikev2 profile RA\n", ORPHAN_PROFILE, ""},
		{"no ip local pool RA\n", ORPHAN_POOL4, ""},
		{"no crypto ikev2 authorization policy RA\n", ORPHAN_AUTHZ, ""},
		{"no ip local pool RA\nip local pool RA 10.99.0.11 10.99.0.20\n", ORPHAN_ADDRESS,
			"10.99.0.11"},
		{"ip local pool RA 10.99.1.0 10.99.1.9\n", 0, "10.99.0.11"},
		{"crypto ikev2 profile RA\n shutdown\n", 0, "10.99.0.11"}, /* not gone */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[4096];
		T_ROW(i, rows[i].more);
		struct snapshot *s = parse(full, NULL);
		struct sessions *ss = sessions_new(s, &key);
		struct ike_answer a = ask(ss, 1, "RA", true, false);
		T_EQ(a.status, ST_OK);
		snprintf(text, sizeof(text), "%s%s", full, rows[i].more);
		struct snapshot *t = parse(text, s);
		T_TRUE(t != NULL);
		T_EQ(sessions_set_conf(ss, t), ST_OK);
		T_EQ(session_find(ss, &a.session)->orphaned, rows[i].orphaned);
		T_TRUE(session_find_addr(ss, "", &a.grant.ip4) != NULL);
		struct ike_answer b = ask(ss, 2, "RA", true, false);
		T_STR(b.status == ST_OK ? lab_text(&b.grant.ip4) : "", rows[i].next);
		sessions_free(ss);
		snapshot_unref(s);
		snapshot_unref(t);
	}
}

/* Overlapping pools of two inner VRFs at once. */
static void two_vrfs(void)
{
	struct snapshot *s = parse(
		"aaa new-model\n"
		"aaa authorization network LOCAL local\n"
		"vrf definition RED\n"
		"vrf definition BLUE\n"
		"ip local pool RED 10.9.0.1 10.9.0.9\n"
		"ip local pool BLUE 10.9.0.1 10.9.0.9\n"
		"crypto ikev2 authorization policy RED\n pool RED\n"
		"crypto ikev2 authorization policy BLUE\n pool BLUE\n"
		"crypto ikev2 profile RED\n match identity remote fqdn red\n"
		" authentication local pre-share key a\n authentication remote pre-share key a\n"
		" aaa authorization group psk list LOCAL RED\n virtual-template 1\n"
		"crypto ikev2 profile BLUE\n match identity remote fqdn blue\n"
		" authentication local pre-share key a\n authentication remote pre-share key a\n"
		" aaa authorization group psk list LOCAL BLUE\n virtual-template 2\n"
		"interface Virtual-Template1 type tunnel\n vrf forwarding RED\n"
		" tunnel protection ipsec profile default\n"
		"interface Virtual-Template2 type tunnel\n vrf forwarding BLUE\n"
		" tunnel protection ipsec profile default\n",
		NULL);

	T_TRUE(s != NULL);
	struct sessions *ss = sessions_new(s, &key);
	struct ike_answer red = ask(ss, 1, "RED", true, false),
			  blue = ask(ss, 2, "BLUE", true, false);
	T_EQ(red.status, ST_OK);
	T_EQ(blue.status, ST_OK);
	T_STR(lab_text(&red.grant.ip4), "10.9.0.1");
	T_STR(lab_text(&blue.grant.ip4), "10.9.0.1");
	T_EQ(red.grant.tun, 1);
	T_EQ(blue.grant.tun, 2);
	T_EQ(session_find_addr(ss, "RED", &red.grant.ip4)->sa, 1);
	T_EQ(session_find_addr(ss, "BLUE", &red.grant.ip4)->sa, 2);
	sessions_free(ss);
	snapshot_unref(s);
}

/* ---- configuration payload ---------------------------------------------------------------------- */

/* R-AZP-02..06, 09, 12, 19, 20; R-AZN-10: the user's policy where it says something. */
static void extras(void)
{
	static const char more[] =
		"crypto ikev2 authorization policy RA\n"
		" split-dns corp.example\n split-dns lab.example\n"
		" backup-gateway 192.0.2.7\n backup-gateway vpn2.corp.example\n"
		" banner ^CHello^C\n configuration url http://c.example/x\n configuration version 2.4\n"
		" include-local-lan\n pfs\n"
		"crypto ikev2 authorization policy JOE\n split-dns joe.example\n smartcard-removal-disconnect\n"
		"crypto ikev2 profile RA\n aaa authorization user psk list LOCAL JOE\n";
	char text[4096];

	snprintf(text, sizeof(text), "%s%s", full, more);
	struct snapshot *s = parse(text, NULL);
	T_TRUE(s != NULL);
	struct sessions *ss = sessions_new(s, &key);
	struct ike_answer a = ask(ss, 1, "RA", true, true);
	const struct ike_grant *g = &a.grant;
	T_EQ(a.status, ST_OK);
	T_STR(g->split_dns, "joe.example");
	T_STR(g->backup_gateways, "192.0.2.7,vpn2.corp.example");
	T_STR(g->banner, "Hello");
	T_STR(g->config_url, "http://c.example/x");
	T_STR(g->config_version, "2.4");
	T_TRUE(g->include_local_lan && g->pfs && g->smartcard_disconnect);
	T_TRUE(g->allows_ip4 && g->allows_ip6);
	T_STR(lab_text(&g->server_ip4), "10.99.0.1");
	T_EQ(g->server_ip6.family, 0);
	sessions_free(ss);
	snapshot_unref(s);
}

/* R-MGL, R-AZN-03, R-AZN-05: the policies are found by parts of the identity joe@corp.example. */
static void mangled_names(void)
{
	static const struct {
		const char *rule;
		enum status want;
		const char *policy, *user, *words;
	} rows[] = {
		{" email domain\n", ST_OK, "corp.example", "joe", ""},
		{" email username\n", ST_OK, "joe", "joe", ""},
		{" email all\n", ST_NOT_AUTHORIZED, "", "", "authorization policy joe@corp.example is not defined"},
		{" fqdn domain\n", ST_NAME_MANGLER, "", "", "name-mangler M: no rule for email identities"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[4096];
		T_ROW(i, rows[i].rule);
		snprintf(text, sizeof(text),
			"%scrypto ikev2 name-mangler M\n%scrypto ikev2 name-mangler U\n email username\n"
			"crypto ikev2 authorization policy corp.example\n pool RA\n def-domain group.example\n"
			"crypto ikev2 authorization policy joe\n pool RA\n banner ^CHello joe^C\n"
			"crypto ikev2 profile RA\n no aaa authorization group psk\n"
			" aaa authorization group psk list LOCAL name-mangler M\n"
			" aaa authorization user psk list LOCAL name-mangler U\n", full, rows[i].rule);
		struct snapshot *s = parse(text, NULL);
		T_TRUE(s != NULL);
		struct sessions *ss = sessions_new(s, &key);
		struct ike_answer a = ask(ss, 1, "RA", true, false);
		if (!strstr(a.detail, rows[i].words) || (a.detail[0] != 0) != (rows[i].words[0] != 0))
			T_FAIL("it says: %s", a.detail);
		T_EQ(a.status, rows[i].want);
		if (a.status == ST_OK) {
			T_STR(session_find_sa(ss, 1)->policy, rows[i].policy);
			T_STR(session_find_sa(ss, 1)->policy_user, rows[i].user);
			T_STR(a.grant.banner, "Hello joe");
			T_STR(a.grant.def_domain, i == 0 ? "group.example" : "");
		}
		sessions_free(ss);
		snapshot_unref(s);
	}
}

/* R-AZP-01: a list gives what the policy does not say itself. */
static void attribute_lists(void)
{
	static const struct {
		const char *line;
		enum status want;
		const char *words;
	} rows[] = {
		{" attribute type default-domain list.example protocol ipsec\n", ST_OK, ""},
		{" attribute type nobody-knows it\n", ST_OK, ""},
		{" attribute type interface-config \"shutdown\"\n", ST_NOT_AUTHORIZED, "attribute list L: interface-config: no interface command"},
		{" attribute type inacl#1 \"permit everything\"\n", ST_NOT_AUTHORIZED, "attribute list L: expected a protocol"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[4096];
		T_ROW(i, rows[i].line);
		snprintf(text, sizeof(text),
			"%saaa attribute list L\n attribute type interface-config \"ip mtu 1100\"\n"
			" attribute type interface-config \"service-policy input P\"\n"
			" attribute type inacl#7 \"permit ip any any\"\n attribute type dns-servers 192.0.2.53\n"
			" attribute type route-set \"prefix 172.16.0.0/12\"\n%spolicy-map P\n class class-default\n"
			"crypto ikev2 authorization policy RA\n aaa attribute list L\n", full, rows[i].line);
		struct snapshot *s = parse(text, NULL);
		T_TRUE(s != NULL);
		struct sessions *ss = sessions_new(s, &key);
		struct ike_answer a = ask(ss, 1, "RA", true, true);
		if (!strstr(a.detail, rows[i].words) || (a.detail[0] != 0) != (rows[i].words[0] != 0))
			T_FAIL("it says: %s", a.detail);
		T_EQ(a.status, rows[i].want);
		if (a.status == ST_OK) {
			const struct session_terms *t = session_find_sa(ss, 1)->terms;
			T_TRUE(t != NULL);
			T_EQ(t->mtu, 1100);
			T_STR(t->service[0], "P");
			T_STR(t->filter[AAA_IN4], "7 permit ip any any\n");
			T_EQ(a.grant.n_dns, 3); /* the policy's */
			T_EQ(a.grant.n_subnets, 4);
			T_STR(a.grant.def_domain, "corp.example");
		}
		sessions_free(ss);
		snapshot_unref(s);
	}
}

/* RFC 8983: what there is, also when it is not what was asked for. */
static void families(void)
{
	static const struct {
		const char *more;
		bool ip4, ip6; /* asked for */
		enum status want;
		bool has4, has6;
	} rows[] = {
		{"", true, true, ST_OK, true, true},
		{" no pool\n", true, false, ST_NO_ADDRESS, false, true},
		{" no pool\n", true, true, ST_OK, false, true},
		{" no ipv6 pool\n", false, true, ST_NO_ADDRESS, true, false},
		{" no ipv6 pool\n no pool\n", true, true, ST_NO_ADDRESS, false, false},
		{" no ipv6 pool\n", false, false, ST_OK, true, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[4096];
		T_ROW(i, rows[i].more);
		snprintf(text, sizeof(text), "%scrypto ikev2 authorization policy RA\n%s", full, rows[i].more);
		struct snapshot *s = parse(text, NULL);
		T_TRUE(s != NULL);
		struct sessions *ss = sessions_new(s, &key);
		struct ike_answer a = ask(ss, 1, "RA", rows[i].ip4, rows[i].ip6);
		T_EQ(a.status, rows[i].want);
		T_EQ(a.grant.allows_ip4, rows[i].has4);
		T_EQ(a.grant.allows_ip6, rows[i].has6);
		sessions_free(ss);
		snapshot_unref(s);
	}
}

/* A prefix for each client: the client is at its first address that is no anycast one, all of it is
 * its own, and it gets the same again by any address inside. */
static void prefixes(void)
{
	char text[4096], p[PREFIX_TEXT];

	snprintf(text, sizeof(text), "%sipv6 local pool NETS 2001:db8:a00::/40 56\n"
		"crypto ikev2 authorization policy RA\n ipv6 pool NETS\n", full);
	struct snapshot *s = parse(text, NULL);
	T_TRUE(s != NULL);
	struct sessions *ss = sessions_new(s, &key);
	struct ike_answer a = ask(ss, 1, "RA", false, true);
	T_EQ(a.status, ST_OK);
	T_STR(lab_text(&a.grant.ip6), "2001:db8:a00::1");
	T_EQ(a.grant.ip6_prefix_len, 56);
	T_STR(prefix_format(&a.grant.remote[0], p), "2001:db8:a00::/56");
	struct addr inside = lab_addr("2001:db8:a00:7::99");
	T_TRUE(session_find_addr(ss, "", &inside) == session_find_sa(ss, 1));
	inside = lab_addr("2001:db8:a00:100::1");
	T_TRUE(session_find_addr(ss, "", &inside) == NULL);
	struct ike_question q = {.sa = 2, .wants_ip6 = true, .hint_ip6 = lab_addr("2001:db8:a00:4200::5")};
	uint8_t random[10] = {2};
	struct ike_answer b;
	snprintf(q.profile, sizeof(q.profile), "RA");
	session_authorize(ss, &(struct session_ask){.q = &q, .wall_ms = 1700000000000, .random = random}, &b);
	q.session = b.session;
	session_assign(ss, &q, &b);
	T_STR(lab_text(&b.grant.ip6), "2001:db8:a00:4200::1");
	sessions_free(ss);
	snapshot_unref(s);
}

/* R-AZP-17 for a client: its networks count by a policy of a name, and not all there is. */
static void networks_of_a_client(void)
{
	static const struct {
		const char *more, *net;
		bool is_taken;
	} rows[] = {
		{"", "192.168.99.0/24", false},
		{" route accept any\n", "192.168.99.0/24", true},
		{" route accept any\n", "2001:db8:7::/48", true},
		{" route accept any\n", "0.0.0.0/0", false},
		{" route accept any\n", "::/0", false},
		{" route accept any\n", "127.0.0.0/16", false},
		{" route accept any\n", "224.0.0.0/8", false},
		{" route accept any\n", "fe80::/64", false},
		{" route accept any\n", "::1/128", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ike_question q = {.sa = 1, .n_subnets = 1, .subnets = {lab_prefix(rows[i].net)}};
		uint8_t random[10] = {1};
		struct ike_answer a;
		char text[4096];
		bool has = false;

		T_ROW(i, rows[i].net);
		snprintf(text, sizeof(text), "%scrypto ikev2 authorization policy RA\n%s", full, rows[i].more);
		struct snapshot *s = parse(text, NULL);
		T_TRUE(s != NULL);
		for (int k = 0; k < 2; k++) { /* the policy `default` has the line, and takes none */
			struct sessions *ss = sessions_new(s, &key);
			snprintf(q.profile, sizeof(q.profile), "%s", k ? "PLAIN" : "RA");
			session_authorize(ss, &(struct session_ask){.q = &q, .wall_ms = 1700000000000, .random = random}, &a);
			T_EQ(a.status, ST_OK);
			const struct kept_grant *g = session_find(ss, &a.session)->grant;
			has = false;
			for (size_t n = 0; n < g->n_remote; n++)
				has |= prefix_eq(&g->remote[n], &q.subnets[0]);
			T_EQ(has, rows[i].is_taken && k == 0);
			sessions_free(ss);
		}
		snapshot_unref(s);
	}
}

/* ---- tunnels ---------------------------------------------------------------------------------- */

static const char tunnels[] =
	"aaa new-model\n"
	"aaa authorization network LOCAL local\n"
	"ip local pool RA 10.99.0.10 10.99.0.250\n"
	"crypto ikev2 authorization policy TAKES\n route accept any distance 9\n pool RA\n"
	"crypto ikev2 authorization policy TAKES-NOT\n"
	"crypto ikev2 authorization policy SMALL\n route set remote ipv4 192.168.7.0 255.255.255.0\n"
	"crypto ikev2 profile ALL\n match identity remote any\n"
	"crypto ikev2 profile TAKES\n match identity remote any\n"
	" aaa authorization group psk list LOCAL TAKES\n"
	"crypto ikev2 profile TAKES-NOT\n match identity remote any\n"
	" aaa authorization group psk list LOCAL TAKES-NOT\n"
	"crypto ikev2 profile MISSING\n match identity remote any\n"
	" aaa authorization group psk list LOCAL MISSING\n"
	"crypto ikev2 profile SMALL\n match identity remote any\n"
	" aaa authorization group psk list LOCAL SMALL\n"
	"crypto ikev2 profile FIXED\n match identity remote any\n"
	"crypto ipsec profile ALL\n set ikev2-profile ALL\n"
	"crypto ipsec profile SMALL\n set ikev2-profile SMALL\n"
	"crypto ipsec profile FIXED\n set ikev2-profile FIXED\n"
	"interface Tunnel1\n tunnel protection ipsec profile ALL\n tunnel destination 192.0.2.1\n"
	"interface Tunnel2\n tunnel protection ipsec profile ALL\n tunnel destination 192.0.2.2\n"
	"interface Tunnel3\n tunnel protection ipsec profile ALL\n"
	"interface Tunnel4\n tunnel protection ipsec profile ALL\n shutdown\n"
	"interface Tunnel5\n tunnel protection ipsec profile SMALL\n"
	"interface Tunnel6\n tunnel protection ipsec profile FIXED\n tunnel destination 192.0.2.6\n";

static struct ike_question connects(const char *profile, uint32_t tunnel)
{
	struct ike_question q = {.we_are_initiator = true, .sa = 1,
		.tun = SESSION_TUN_TUNNEL + tunnel, .n_subnets = 2};

	snprintf(q.profile, sizeof(q.profile), "%s", profile);
	q.subnets[0] = lab_prefix("10.7.0.0/16");
	q.subnets[1] = lab_prefix("2001:db8:7::/48");
	q.hint_ip4 = lab_addr("10.99.0.77");
	return q;
}

/* Who connects is granted by the peer; of the own policies only `route accept` counts (R-MCF-19). */
static void connecting(void)
{
	static const struct {
		const char *profile;
		uint32_t tunnel;
		enum status status;
		uint32_t distance;
	} rows[] = {
		{"ALL", 1, ST_OK, 2}, /* the default policy takes them (R-CFG-03) */
		{"ALL", 2, ST_OK, 2},
		{"TAKES", 3, ST_OK, 9},
		{"TAKES-NOT", 3, ST_OK, 0},
		{"MISSING", 3, ST_NOT_AUTHORIZED, 0},
		{"ALL", 4, ST_NOT_AUTHORIZED, 0}, /* shut down */
		{"ALL", 9, ST_NOT_AUTHORIZED, 0}, /* gone */
	};
	struct snapshot *s = parse(tunnels, NULL);

	T_TRUE(s != NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sessions *ss = sessions_new(s, &key);
		struct ike_question q = connects(rows[i].profile, rows[i].tunnel);
		struct ike_answer a;
		uint8_t random[10] = {1};
		T_ROW(i, rows[i].profile);
		session_authorize(ss, &(struct session_ask){.q = &q, .wall_ms = 1700000000000, .random = random}, &a);
		T_EQ(a.status, rows[i].status);
		if (a.status == ST_OK) {
			const struct session *x = session_find(ss, &a.session);
			T_EQ(a.grant.tun, q.tun);
			T_EQ(x->grant->tun, q.tun);
			T_EQ(x->route_distance, rows[i].distance);
			T_EQ(x->grant->n_subnets, rows[i].distance ? 2 : 0);
			T_STR(lab_text(&x->grant->ip4), "10.99.0.77");
			T_TRUE(!x->lease4 && x->pool4[0] == 0);
			uint8_t rec[SESSION_FROZEN_MAX];
			size_t len = session_freeze(x, rec, sizeof(rec));
			struct sessions *later = sessions_new(s, &key);
			struct session *y;
			T_EQ(session_thaw(later, (struct view){rec, len}, &y), ST_OK);
			T_EQ(y->route_distance, rows[i].distance);
			T_EQ(y->grant->n_subnets, x->grant->n_subnets);
			sessions_free(later);
		}
		sessions_free(ss);
	}
	snapshot_unref(s);
}

/* What we announce to whom we connect to: `route set` of the policies (R-CLI-22). */
static void announced(void)
{
	static const struct {
		const char *more, *profile;
		uint32_t tunnel;
		unsigned n;
		const char *first;
	} rows[] = {
		{"", "ALL", 1, 0, ""}, /* no address yet */
		{"interface Tunnel1\n ip address 10.255.0.2 255.255.255.252\n", "ALL", 1, 1, "10.255.0.2/32"},
		{"interface Tunnel3\n ip address negotiated\n", "TAKES", 3, 0, ""},
		{"ip access-list standard MINE\n permit 192.168.7.0 0.0.0.255\n"
		 "crypto ikev2 authorization policy TAKES\n route set access-list MINE\n", "TAKES", 3, 1,
			"192.168.7.0/24"},
		{"", "MISSING", 3, 0, ""},
		{"", "NOWHERE", 3, 0, ""},
		{"", "ALL", 9, 0, ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct prefix v[IKE_NETS_MAX];
		char text[4096], p[PREFIX_TEXT];

		T_ROW(i, rows[i].more);
		snprintf(text, sizeof(text), "%s%s", tunnels, rows[i].more);
		struct snapshot *s = parse(text, NULL);
		T_TRUE(s != NULL);
		T_EQ(authorize_networks(s, rows[i].profile, SESSION_TUN_TUNNEL + rows[i].tunnel, v), rows[i].n);
		if (rows[i].n)
			T_STR(prefix_format(&v[0], p), rows[i].first);
		snapshot_unref(s);
	}
}

/* Who is connected to has the tunnel whose destination is the peer, and what is behind a site is a
 * matter of routes. */
static void connected_to(void)
{
	static const struct {
		const char *profile, *peer;
		uint32_t tunnel; /* 0: refused */
		const char *first;
	} rows[] = {
		{"ALL", "192.0.2.1", 1, "0.0.0.0/0"},
		{"ALL", "192.0.2.2", 2, "0.0.0.0/0"},
		{"ALL", "192.0.2.3", 3, "0.0.0.0/0"},
		{"SMALL", "192.0.2.3", 5, "192.168.7.0/24"},
		{"FIXED", "192.0.2.6", 6, "0.0.0.0/0"},
		{"FIXED", "192.0.2.7", 0, NULL},
	};
	struct snapshot *s = parse(tunnels, NULL);

	T_TRUE(s != NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sessions *ss = sessions_new(s, &key);
		struct ike_question q = {.sa = 1, .remote = {.addr = lab_addr(rows[i].peer)}};
		struct ike_answer a;
		uint8_t random[10] = {1};
		char text[PREFIX_TEXT];
		T_ROW(i, rows[i].peer);
		snprintf(q.profile, sizeof(q.profile), "%s", rows[i].profile);
		session_authorize(ss, &(struct session_ask){.q = &q, .wall_ms = 1700000000000, .random = random}, &a);
		T_EQ(a.status, rows[i].tunnel ? ST_OK : ST_NOT_AUTHORIZED);
		if (rows[i].tunnel) {
			const struct session *x = session_find(ss, &a.session);
			T_EQ(a.grant.tun, SESSION_TUN_TUNNEL + rows[i].tunnel);
			T_STR(prefix_format(&x->grant->remote[0], text), rows[i].first);
			T_EQ(x->grant->n_remote, strcmp(rows[i].first, "0.0.0.0/0") == 0 ? 2 : 1);
			T_EQ(x->route_distance, 0);
		} else {
			T_TRUE(strstr(a.detail, "tunnel destination"));
		}
		sessions_free(ss);
	}
	snapshot_unref(s);
}

int main(void)
{
	T_RUN(a_whole_configuration);
	T_RUN(the_default_policy);
	T_RUN(removals_in_words);
	T_RUN(two_vrfs);
	T_RUN(extras);
	T_RUN(mangled_names);
	T_RUN(attribute_lists);
	T_RUN(families);
	T_RUN(prefixes);
	T_RUN(networks_of_a_client);
	T_RUN(announced);
	T_RUN(connecting);
	T_RUN(connected_to);
	return t_end();
}
