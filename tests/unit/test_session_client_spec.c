/* Which connections a configuration wants. */
#include "core/session/client_spec.h"
#include "core/conf/conf.h"
#include "tests/unit/session_lab.h"

static struct snapshot *s;
static struct client_spec *spec;

#define PROFILES                                                                                   \
	"crypto ikev2 keyring K\n peer A\n  address 0.0.0.0 0.0.0.0\n  pre-shared-key x\n"         \
	"crypto ikev2 profile P\n match identity remote any\n authentication local pre-share\n"    \
	" authentication remote pre-share\n keyring local K\n"                                     \
	"crypto ipsec profile IP\n set ikev2-profile P\n"                                          \
	"crypto ipsec profile LONELY\n"                                                            \
	"crypto ipsec profile QUIET\n set ikev2-profile P\n responder-only\n"                      \
	"vrf definition OUT\n address-family ipv4\nvrf definition IN\n address-family ipv4\n"

static void load(const char *text)
{
	static struct conf_report report;
	char whole[4096];

	snapshot_unref(s);
	s = NULL;
	snprintf(whole, sizeof(whole), PROFILES "%s", text);
	if (conf_parse(whole, strlen(whole), NULL, &s, &report) != ST_OK)
		T_FAIL("%s: %s", report.msg[0].word, report.msg[0].text);
}

/* How many there are; the first one in *spec. */
static size_t count(void)
{
	struct client_spec *other = mem_new(sizeof(*other));
	size_t n = 0, cursor = 0;

	while (client_spec_next(s, &cursor, n ? other : spec))
		n++;
	mem_free(other);
	return n;
}

static void one_tunnel(const char *lines)
{
	char text[2048];

	snprintf(text, sizeof(text),
		"interface Tunnel7\n tunnel protection ipsec profile IP\n"
		" tunnel mode ipsec ipv4\n%s", lines);
	T_DO(load(text));
	T_EQ(count(), 1);
}

static void a_site(void)
{
	T_DO(one_tunnel(" ip address 10.0.0.1 255.255.255.252\n tunnel destination 192.0.2.1\n"
			" tunnel source 192.0.2.7\n tunnel vrf OUT\n vrf forwarding IN\n"));
	T_STR(spec->name, "Tunnel7");
	T_EQ(spec->tun, SESSION_TUN_TUNNEL + 7);
	T_STR(spec->profile, "P");
	T_STR(spec->ipsec_profile, "IP");
	T_EQ(spec->vrf, snapshot_vrf(s, "OUT")->num);
	T_STR(spec->vrf_name, "OUT");
	T_STR(spec->ivrf, "IN");
	T_EQ(spec->n_peers, 1);
	T_STR(lab_text(&spec->peers[0].addr), "192.0.2.1");
	T_STR(lab_text(client_spec_source(spec, 4)), "192.0.2.7");
	T_EQ(client_spec_source(spec, 6)->family, 0);
	T_TRUE(!spec->is_manual);
}

/* An IPsec SA for each line of the access lists. */
static void a_policy(void)
{
	static const char lists[] =
		"ip access-list extended L\n remark two\n permit ip 10.1.0.0 0.0.255.255 any\n"
		" permit ip host 10.2.0.1 10.3.0.0 0.0.0.255\n"
		"ipv6 access-list L6\n permit ipv6 fd00:1::/64 fd00:2::/48\n permit ipv6 fd00:3::/64 any\n"
		"interface Tunnel7\n tunnel protection ipsec policy ipv4 L\n"
		" tunnel protection ipsec policy ipv6 L6\n";
	static const char *const expected[][2] = {{"10.1.0.0/16", "0.0.0.0/0"},
		{"10.2.0.1/32", "10.3.0.0/24"}, {"fd00:1::/64", "fd00:2::/48"}, {"fd00:3::/64", "::/0"}};
	char text[1024];
	struct client_spec *before = mem_new(sizeof(*before));

	T_DO(one_tunnel(" tunnel destination 192.0.2.1\n"));
	*before = *spec;
	snprintf(text, sizeof(text), " tunnel destination 192.0.2.1\n%s", lists);
	T_DO(one_tunnel(text));
	T_EQ(spec->n_pairs, 4);
	for (size_t i = 0; i < 4; i++) {
		char from[64], to[64];

		T_STR(prefix_format(&spec->from[i], from), expected[i][0]);
		T_STR(prefix_format(&spec->to[i], to), expected[i][1]);
	}
	T_TRUE(!client_spec_eq(before, spec));
	*before = *spec;
	before->to[3].len = 1;
	T_TRUE(!client_spec_eq(before, spec));
	mem_free(before);
}

static void passed_over(void)
{
	static const char *const rows[] = {
		"", /* no destination */
		" tunnel destination dynamic\n",
		" tunnel destination 192.0.2.1\n shutdown\n",
		" tunnel destination 192.0.2.1\n no tunnel protection ipsec profile\n",
		" tunnel destination 192.0.2.1\n tunnel protection ipsec profile LONELY\n",
		" tunnel destination 192.0.2.1\n tunnel protection ipsec profile QUIET\n",
		" tunnel destination 192.0.2.1\n tunnel protection ipsec profile MISSING\n",
		" tunnel destination 192.0.2.1\n tunnel mode gre ip\n",
		" tunnel destination 192.0.2.1\n tunnel mode gre multipoint\n",
		" tunnel destination 192.0.2.1\n tunnel vrf MISSING\n",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[1024];
		T_ROW(i, rows[i]);
		snprintf(text, sizeof(text),
			"interface Tunnel7\n tunnel protection ipsec profile IP\n"
			" tunnel mode ipsec ipv4\n%s", rows[i]);
		T_DO(load(text));
		T_EQ(count(), 0);
	}
	/* Templates and loopbacks do not connect. */
	T_DO(load("interface Virtual-Template1 type tunnel\n tunnel protection ipsec profile IP\n"
		  " tunnel destination 192.0.2.1\ninterface Loopback0\n ip address 10.0.0.1 255.255.255.255\n"));
	T_EQ(count(), 0);
}

static void several_in_order(void)
{
	T_DO(load("interface Tunnel9\n tunnel protection ipsec profile IP\n tunnel destination 192.0.2.9\n"
		  "interface Tunnel1\n tunnel protection ipsec profile IP\n shutdown\n tunnel destination 192.0.2.1\n"
		  "interface Tunnel2\n tunnel protection ipsec-profile IP\n tunnel destination 192.0.2.2\n"));
	T_EQ(count(), 2);
	T_STR(spec->name, "Tunnel9");
}

/* Asked for is what the interface has something of, or what its mode says. */
static void families(void)
{
	static const struct {
		const char *lines;
		bool carries4, carries6, asks4, asks6;
	} rows[] = {
		{"", true, false, false, false},
		{" tunnel mode ipsec ipv6\n", false, true, false, false},
		{" ip address 10.0.0.1 255.255.255.0\n", true, false, false, false},
		{" ip address 10.0.0.1 255.255.255.0\n tunnel mode ipsec ipv6\n", true, false, false, false},
		{" ipv6 address 2001:db8::1/64\n", false, true, false, false},
		{" ip address 10.0.0.1 255.255.255.0\n ipv6 address 2001:db8::1/64\n", true, true, false, false},
		{" ip address negotiated\n", true, false, true, false},
		{" ipv6 address negotiated\n", false, true, false, true},
		{" ip address negotiated\n ipv6 address negotiated\n", true, true, true, true},
		{" ip address negotiated\n ipv6 enable\n", true, true, true, false},
		{" ip unnumbered Loopback0\n ipv6 unnumbered Loopback0\n", true, true, false, false},
		{"exit\nip route 10.0.0.0 255.0.0.0 Tunnel7\n", true, false, false, false},
		{"exit\nipv6 route 2001:db8::/32 Tunnel7\n", false, true, false, false},
		{" ip address 10.0.0.1 255.255.255.0\nexit\nipv6 route 2001:db8::/32 Tunnel7\n", true, true, false, false},
		/* Routes of another tunnel or VRF say nothing. */
		{"exit\nipv6 route 2001:db8::/32 Tunnel8\n", true, false, false, false},
		{"exit\nipv6 route vrf IN 2001:db8::/32 Tunnel7\n", true, false, false, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];
		T_ROW(i, rows[i].lines);
		snprintf(text, sizeof(text), " tunnel destination 192.0.2.1\n%s", rows[i].lines);
		T_DO(one_tunnel(text));
		T_EQ(spec->carries4, rows[i].carries4);
		T_EQ(spec->carries6, rows[i].carries6);
		T_EQ(spec->asks4, rows[i].asks4);
		T_EQ(spec->asks6, rows[i].asks6);
	}
}

static void sources(void)
{
	static const struct {
		const char *source, *v4, *v6, *ifname; /* v4 NULL: the kernel chooses */
	} rows[] = {
		{"", NULL, NULL, ""},
		{" tunnel source dynamic\n", NULL, NULL, ""},
		{" tunnel source 192.0.2.7\n", "192.0.2.7", "-", ""},
		{" tunnel source 2001:db8::7\n", "-", "2001:db8::7", ""},
		{" tunnel source eth0\n", NULL, NULL, "eth0"},
		{" tunnel source lo0\n", "10.1.1.1", "2001:db8:1::1", ""},
		{" tunnel source Loopback9\n", NULL, NULL, "Loopback9"},
		/* A router's name that no interface of the host can have. */
		{" tunnel source GigabitEthernet0/0\n", NULL, NULL, ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];
		const struct addr *a4, *a6;
		T_ROW(i, rows[i].source);
		snprintf(text, sizeof(text),
			" tunnel destination 192.0.2.1\n%sinterface Loopback0\n"
			" ip address 10.1.1.1 255.255.255.255\n ipv6 address 2001:db8:1::1/128\n",
			rows[i].source);
		T_DO(one_tunnel(text));
		a4 = client_spec_source(spec, 4);
		a6 = client_spec_source(spec, 6);
		T_EQ(a4 != NULL, rows[i].v4 != NULL);
		T_EQ(a6 != NULL, rows[i].v6 != NULL);
		if (a4) {
			T_STR(lab_text(a4), rows[i].v4);
			T_STR(lab_text(a6), rows[i].v6);
		}
		T_STR(spec->source_if, rows[i].ifname);
	}
}

static void a_name_as_destination(void)
{
	T_DO(one_tunnel(" tunnel destination hub.corp.example\n"));
	T_EQ(spec->peers[0].addr.family, 0);
	T_STR(spec->peers[0].name, "hub.corp.example");
	T_EQ(spec->peers[0].family, 4);
	T_DO(one_tunnel(" tunnel destination hub.corp.example\n tunnel mode ipsec ipv6\n"));
	T_EQ(spec->peers[0].family, 6);
}

/* What ends a session when it changes, and what does not (R-CLI-05). */
static void changes(void)
{
	static const char base[] = " ip address 10.0.0.1 255.255.255.0\n tunnel destination 192.0.2.1\n"
				   " tunnel source 192.0.2.7\n";
	static const struct {
		const char *more;
		bool is_same;
	} rows[] = {
		{" description x\n", true},
		{" ip mtu 1300\n", true},
		{" ip address 10.0.0.9 255.255.255.0\n", true},
		{"crypto ikev2 profile P\n lifetime 7200\n", true},
		{"crypto ikev2 keyring K\n peer A\n  pre-shared-key y\n", true},
		{"exit\nip route 10.9.0.0 255.255.0.0 Tunnel7\n", true},
		{"interface Tunnel8\n tunnel destination 192.0.2.3\n", true},
		{" tunnel destination 192.0.2.2\n", false},
		{" tunnel destination hub.test\n", false},
		{" tunnel source 192.0.2.8\n", false},
		{" tunnel source eth0\n", false},
		{" tunnel source dynamic\n", false},
		{" tunnel vrf OUT\n", false},
		{" vrf forwarding IN\n", false},
		{" ipv6 address 2001:db8::1/64\n", false},
		{" ip address negotiated\n", false},
		{" tunnel protection ipsec profile IQ\n", false},
		{"crypto ipsec profile IP\n set ikev2-profile Q\n", false},
	};
	struct client_spec *was = mem_new(sizeof(*was));

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[1024];
		T_ROW(i, rows[i].more);
		T_DO(one_tunnel(base));
		*was = *spec;
		snprintf(text, sizeof(text), "%s%s", base, rows[i].more);
		char whole[1500];
		snprintf(whole, sizeof(whole),
			"crypto ipsec profile IQ\n set ikev2-profile P\n"
			"crypto ikev2 profile Q\n match identity remote any\n"
			"interface Tunnel7\n tunnel protection ipsec profile IP\n"
			" tunnel mode ipsec ipv4\n%s", text);
		T_DO(load(whole));
		T_TRUE(count() >= 1);
		T_EQ(client_spec_eq(was, spec), rows[i].is_same);
		T_TRUE(client_spec_eq(spec, spec));
	}
	mem_free(was);
}

/* ---- crypto ikev2 client flexvpn ------------------------------------------------------------- */

#define CLIENT_TUNNEL                                                                              \
	"interface Tunnel7\n tunnel protection ipsec profile IP\n tunnel mode ipsec ipv4\n"        \
	" tunnel destination dynamic\n"

static void a_client(void)
{
	T_DO(load(CLIENT_TUNNEL "interface Tunnel8\n"
		  "crypto ikev2 client flexvpn HOME\n peer 20 fqdn b.test ipv6\n peer 10 192.0.2.1\n"
		  " peer 15 fqdn a.test dynamic\n peer 10 192.0.2.2\n peer 30 2001:db8::1\n no peer 30\n"
		  " client connect tu 7\n client inside eth1\n"));
	T_EQ(count(), 1);
	T_STR(spec->name, "HOME");
	T_STR(spec->ifname, "Tunnel7");
	T_TRUE(spec->is_flexvpn && !spec->is_manual);
	T_EQ(spec->group, FLEX_NO_GROUP);
	T_EQ(spec->n_peers, 3);
	T_EQ(spec->peers[0].seq, 10);
	T_STR(lab_text(&spec->peers[0].addr), "192.0.2.2"); /* the later line counts */
	T_STR(spec->peers[1].name, "a.test");
	T_EQ(spec->peers[1].family, 4);
	T_STR(spec->peers[2].name, "b.test");
	T_EQ(spec->peers[2].family, 6);
	T_TRUE(client_spec_source(spec, 4) == NULL);
}

static void when_and_whom(void)
{
	static const struct {
		const char *lines;
		size_t clients, peers;
		bool is_manual;
		uint32_t group;
	} rows[] = {
		{" peer 1 192.0.2.1\n", 1, 1, false, FLEX_NO_GROUP},
		{"", 0, 0, false, 0},
		{" peer 1 192.0.2.1\n connect manual\n", 1, 1, true, FLEX_NO_GROUP},
		{" peer 1 192.0.2.1\n connect manual\n connect auto\n", 1, 1, false, FLEX_NO_GROUP},
		{" peer 1 192.0.2.1\n connect manual\n no connect\n", 1, 1, false, FLEX_NO_GROUP},
		/* Track objects are taken to be up (R-CLI-04, R-CLI-11). */
		{" peer 1 192.0.2.1\n connect track 5\n", 1, 1, false, FLEX_NO_GROUP},
		{" peer 1 192.0.2.1\n connect track 5 up\n", 1, 1, false, FLEX_NO_GROUP},
		{" peer 1 192.0.2.1\n connect track 5 down\n", 1, 1, true, FLEX_NO_GROUP},
		{" peer 1 192.0.2.1 track 3 down\n peer 2 192.0.2.2 track 3 up\n", 1, 1, false,
			FLEX_NO_GROUP},
		{" peer 1 192.0.2.1 track 3 down\n", 0, 0, false, 0},
		{" peer 1 192.0.2.1\n backup group default\n", 1, 1, false, 0},
		{" peer 1 192.0.2.1\n backup group 7\n", 1, 1, false, 7},
		{" peer 1 192.0.2.1\n backup group 7\n no backup group\n", 1, 1, false, FLEX_NO_GROUP},
		{" peer 1 192.0.2.1\n no peer\n peer 4 192.0.2.4\n", 1, 1, false, FLEX_NO_GROUP},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];
		T_ROW(i, rows[i].lines);
		snprintf(text, sizeof(text),
			CLIENT_TUNNEL "crypto ikev2 client flexvpn C\n client connect Tunnel7\n%s",
			rows[i].lines);
		T_DO(load(text));
		T_EQ(count(), rows[i].clients);
		if (!rows[i].clients)
			continue;
		T_EQ(spec->n_peers, rows[i].peers);
		T_EQ(spec->is_manual, rows[i].is_manual);
		T_EQ(spec->group, rows[i].group);
	}
}

static void whose_tunnel(void)
{
	static const char two[] = "crypto ikev2 client flexvpn A\n peer 1 192.0.2.1\n client connect Tunnel7\n"
				  "crypto ikev2 client flexvpn B\n peer 1 192.0.2.2\n client connect Tunnel7\n";
	char text[1024];

	/* One tunnel, one client: the first (R-CLI-01). */
	snprintf(text, sizeof(text), CLIENT_TUNNEL "%s", two);
	T_DO(load(text));
	T_EQ(count(), 1);
	T_STR(spec->name, "A");
	/* The client's peers go before the interface's own destination. */
	snprintf(text, sizeof(text), CLIENT_TUNNEL " tunnel destination 192.0.2.9\n%s", two);
	T_DO(load(text));
	T_EQ(count(), 1);
	T_EQ(spec->n_peers, 1);
	T_STR(lab_text(&spec->peers[0].addr), "192.0.2.1");
	/* No tunnel, no connection. */
	T_DO(load("crypto ikev2 client flexvpn A\n peer 1 192.0.2.1\n client connect Tunnel7\n"));
	T_EQ(count(), 0);
	T_DO(load(CLIENT_TUNNEL " shutdown\ncrypto ikev2 client flexvpn A\n peer 1 192.0.2.1\n"
				" client connect Tunnel7\n"));
	T_EQ(count(), 0);
}

/* R-CLI-05. */
static void changes_of_a_client(void)
{
	static const char base[] = CLIENT_TUNNEL
		"crypto ikev2 client flexvpn C\n peer 1 192.0.2.1\n peer 2 192.0.2.2\n"
		" client connect Tunnel7\n client inside eth1\n source 3 eth0\n";
	static const struct {
		const char *more;
		bool is_same;
	} rows[] = {
		{" description x\n", true},
		{" connect auto\n", true},
		{" peer 2 192.0.2.2\n", true},
		{" client inside eth1\n", true},
		{" source 9 eth7\n", true}, /* not the lowest */
		{" peer reactivate\n", true},
		{" connect manual\n", false},
		{" client inside eth2\n", false},
		{" no client inside eth1\n", false},
		{" source 1 eth7\n", false},
		{" no source 3\n", false},
		{" backup group 2\n", false},
		{" backup group default\n", false},
		{" peer 1 192.0.2.7\n", false},
		{" peer 3 192.0.2.7\n", false},
		{" no peer 2\n", false},
		{" peer 2 fqdn hub.test\n", false},
	};
	struct client_spec *was = mem_new(sizeof(*was));

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[1024];
		T_ROW(i, rows[i].more);
		T_DO(load(base));
		T_EQ(count(), 1);
		*was = *spec;
		snprintf(text, sizeof(text), "%s%s", base, rows[i].more);
		T_DO(load(text));
		T_EQ(count(), 1);
		T_EQ(client_spec_eq(was, spec), rows[i].is_same);
	}
	mem_free(was);
}

static void source_of_a_client(void)
{
	static const char client[] = "crypto ikev2 client flexvpn C\n peer 1 192.0.2.1\n"
				     " client connect Tunnel7\n source 3 eth3\n source 1 eth1 track 4\n";
	char text[1024];

	snprintf(text, sizeof(text), CLIENT_TUNNEL "%s", client);
	T_DO(load(text));
	T_EQ(count(), 1);
	T_STR(spec->source_if, "eth1");
	T_STR(spec->source, "eth1");
	snprintf(text, sizeof(text), CLIENT_TUNNEL " tunnel source dynamic\n%s", client);
	T_DO(load(text));
	T_EQ(count(), 1);
	T_STR(spec->source_if, "eth1");
	/* A tunnel that says it itself. */
	snprintf(text, sizeof(text), CLIENT_TUNNEL " tunnel source 192.0.2.9\n%s", client);
	T_DO(load(text));
	T_EQ(count(), 1);
	T_STR(spec->source_if, "");
	T_STR(spec->source, "192.0.2.9");
}

int main(void)
{
	spec = mem_new(sizeof(*spec));
	T_RUN(a_site);
	T_RUN(a_policy);
	T_RUN(passed_over);
	T_RUN(several_in_order);
	T_RUN(families);
	T_RUN(sources);
	T_RUN(a_name_as_destination);
	T_RUN(changes);
	T_RUN(a_client);
	T_RUN(when_and_whom);
	T_RUN(whose_tunnel);
	T_RUN(changes_of_a_client);
	T_RUN(source_of_a_client);
	snapshot_unref(s);
	mem_free(spec);
	return t_end();
}
