/* cisco-avpair names, interface commands and filters, one row each. */
#include "tests/unit/aaa_lab.h"

struct row {
	enum aaa_source source;
	const char *pair;
	enum aaa_item item;
	const char *value; /* NULL: refused or ignored, and this is part of the sentence */
	const char *words;
};

#define ACCEPT AAA_OF_ACCEPT
#define COA AAA_OF_COA

/* R-RAD-07..41. */
static const struct row taken[] = {
	{ACCEPT, "ipsec:addr-pool=P", AV_POOL4, "P", ""},
	{ACCEPT, "ip:addr-pool=P", AV_POOL4, "P", ""},
	{ACCEPT, "IPSEC:Addr-Pool=P", AV_POOL4, "P", ""},
	{ACCEPT, "addr-pool=P", AV_POOL4, "P", ""},
	{ACCEPT, "ipsec:addr-pool*P", AV_POOL4, "P", ""},
	{ACCEPT, "ipsec:group-dhcp-server=dhcp.corp.example", AV_DHCP_SERVER, "dhcp.corp.example", ""},
	{ACCEPT, "ipsec:dhcp-giaddr=10.1.1.1", AV_DHCP_GIADDR, "10.1.1.1", ""},
	{ACCEPT, "ipsec:dhcp-timeout=30", AV_DHCP_TIMEOUT, "30", ""},
	{ACCEPT, "ipsec:ipv6-addr-pool=v6-pool", AV_POOL6, "v6-pool", ""},
	{ACCEPT, "ipsec:route-set=prefix 192.168.1.0/24", AV_ROUTE_NETS, "192.168.1.0/24", ""},
	{ACCEPT, "ipsec:route-set=prefix 192.168.1.9/24", AV_ROUTE_NETS, "192.168.1.0/24", ""},
	{ACCEPT, "ipsec:route-set=prefix 2001:db8::/32", AV_ROUTE_NETS, "2001:db8::/32", ""},
	{ACCEPT, "ipsec:route-set=interface", AV_ROUTE_INTERFACE, "", ""},
	{ACCEPT, "ipsec:route-set=interface Loopback1", AV_ROUTE_INTERFACE, "Loopback1", ""},
	{ACCEPT, "ipsec:route-set=access-list 99", AV_ROUTE_LISTS4, "99", ""},
	{ACCEPT, "ipsec:route-set=access-list ipv6 L6", AV_ROUTE_LISTS6, "L6", ""},
	{ACCEPT, "ipsec:route-set=access-list ipv6", AV_ROUTE_LISTS4, "ipv6", ""},
	{ACCEPT, "ipsec:route-accept=any", AV_ROUTE_ACCEPT, "any 1 2", ""},
	{ACCEPT, "ipsec:route-accept=any tag=100", AV_ROUTE_ACCEPT, "any 100 2", ""},
	{ACCEPT, "ipsec:route-accept=any tag:7 distance:90", AV_ROUTE_ACCEPT, "any 7 90", ""},
	{ACCEPT, "ipsec:route-accept=none", AV_ROUTE_ACCEPT, "none", ""},
	{ACCEPT, "ipsec:ipsec-flow-limit=3", AV_FLOW_LIMIT, "3", ""},
	{ACCEPT, "ipsec:ipsec-flow-limit=0", AV_FLOW_LIMIT, "0", ""},
	{ACCEPT, "ipsec:ikev2-password-local=a b\"c", AV_KEY_LOCAL, "a b\"c", ""},
	{ACCEPT, "ipsec:ikev2-password-remote=sesame", AV_KEY_REMOTE, "sesame", ""},
	{ACCEPT, "ipsec:dns-servers=10.0.0.53 10.0.0.54", AV_DNS4, "10.0.0.53 10.0.0.54", ""},
	{ACCEPT, "ip:dns-servers=10.0.0.53", AV_DNS4, "10.0.0.53", ""},
	{ACCEPT, "ipsec:wins-servers=10.0.0.1 10.0.0.2", AV_WINS, "10.0.0.1 10.0.0.2", ""},
	{ACCEPT, "ipsec:addrv6=2001:db8::7", AV_IP6, "2001:db8::7", ""},
	{ACCEPT, "ipsec:prefix-len=24", AV_IP6_LEN, "24", ""},
	{ACCEPT, "ipsec:ipv6-dns-servers-addr=2001:db8::1 *2001:db8::2", AV_DNS6, "2001:db8::1 2001:db8::2", ""},
	{ACCEPT, "ipsec:ipv6-dns-servers-addr=2001:db8::1 2001:db8::2", AV_DNS6, "2001:db8::1 2001:db8::2", ""},
	{ACCEPT, "ipsec:banner=Hello, you", AV_BANNER, "Hello, you", ""},
	{ACCEPT, "ipsec:default-domain=corp.example", AV_DOMAIN, "corp.example", ""},
	{ACCEPT, "ipsec:split-dns=a.example b.example", AV_SPLIT_DNS, "a.example,b.example", ""},
	{ACCEPT, "ipsec:ipsec-backup-gateway=vpn2.example", AV_BACKUP, "vpn2.example", ""},
	{ACCEPT, "ipsec:pfs=1", AV_PFS, "1", ""},
	{ACCEPT, "ipsec:pfs=0", AV_PFS, "0", ""},
	{ACCEPT, "ipsec:include-local-lan=1", AV_LOCAL_LAN, "1", ""},
	{ACCEPT, "ipsec:smartcard-removal-disconnect=1", AV_SMARTCARD, "1", ""},
	{ACCEPT, "ipsec:configuration-url=http://c.example/a=b*c", AV_CONFIG_URL, "http://c.example/a=b*c", ""},
	{ACCEPT, "ipsec:configuration-version=2.4", AV_CONFIG_VERSION, "2.4", ""},
	/* R-RAD-42, X-17 */
	{ACCEPT, "ipsec:inacl=LAN", AV_ROUTE_LISTS4, "LAN", ""},
	{ACCEPT, "ipsec:ipv6-subnet-acl=LAN6", AV_ROUTE_LISTS6, "LAN6", ""},
	{ACCEPT, "ipsec:route-set-interface=", AV_ROUTE_INTERFACE, "", ""},
	{ACCEPT, "ipsec:route-set-interface", AV_ROUTE_INTERFACE, "", ""},
	{ACCEPT, "ipsec:route-set-interface=1", AV_ROUTE_INTERFACE, "", ""},
	{ACCEPT, "ipsec:route-set-interface=Loopback1", AV_ROUTE_INTERFACE, "Loopback1", ""},
	{ACCEPT, "ipsec:route-accept=accept acl:any", AV_ROUTE_ACCEPT, "any 1 2", ""},
	{ACCEPT, "ipsec:route-accept=deny", AV_ROUTE_ACCEPT, "none", ""},
	{COA, "ipsec:inacl=STRICT", AV_FILTER_IN4, "STRICT", ""},
	{COA, "ipsec:outacl=STRICT", AV_FILTER_OUT4, "STRICT", ""},
	/* R-RAD-16 */
	{ACCEPT, "ip:interface-config=ip vrf forwarding red", AV_VRF, "red", ""},
	{ACCEPT, "ip:interface-config=vrf  forwarding red", AV_VRF, "red", ""},
	{ACCEPT, "ip:interface-config=ip mtu 1100", AV_MTU, "1100", ""},
	{ACCEPT, "ip:interface-config=ip tcp adjust-mss 1200", AV_MSS, "1200", ""},
	{ACCEPT, "ip:interface-config=ip access-group A in", AV_FILTER_IN4, "A", ""},
	{ACCEPT, "ip:interface-config=ip access-group A out", AV_FILTER_OUT4, "A", ""},
	{ACCEPT, "ip:interface-config=ipv6 traffic-filter A in", AV_FILTER_IN6, "A", ""},
	{ACCEPT, "ip:interface-config=IPv6 Traffic-Filter A OUT", AV_FILTER_OUT6, "A", ""},
	{ACCEPT, "ip:interface-config=service-policy input P", AV_SERVICE_IN, "P", ""},
	{ACCEPT, "ip:interface-config=service-policy output P", AV_SERVICE_OUT, "P", ""},
	{COA, "ip:interface-config=service-policy output 2M", AV_SERVICE_OUT, "2M", ""},
	{ACCEPT, "ip:interface-config=ip unnumbered Loopback1", AV_VRF, "-", ""},
	{ACCEPT, "ip:vrf-id=red", AV_VRF, "red", ""},
	{ACCEPT, "ip:ip-unnumbered=Loopback1", AV_VRF, "-", ""},
	/* R-COA-03 */
	{COA, "ip:sub-policy-In=2M-IN", AV_SERVICE_IN, "2M-IN", ""},
	{COA, "ip:sub-policy-Out=2M", AV_SERVICE_OUT, "2M", ""},
	{COA, "ip:sub-qos-policy-in=P", AV_SERVICE_IN, "P", ""},
	{COA, "ip:sub-qos-policy-out=P", AV_SERVICE_OUT, "P", ""},
	/* filters */
	{ACCEPT, "ip:inacl#1=permit tcp any host 10.0.0.1 eq 443", AV_FILTER_IN4, "1 permit tcp any host 10.0.0.1 eq 443\n", ""},
	{ACCEPT, "ip:inacl=permit ip any any", AV_FILTER_IN4, "10 permit ip any any\n", ""},
	{ACCEPT, "ip:inacl=WEB", AV_FILTER_IN4, "WEB", ""},
	{ACCEPT, "ip:outacl#5=deny udp any any", AV_FILTER_OUT4, "5 deny udp any any\n", ""},
	{ACCEPT, "ipsec:inacl#2=permit ip any any", AV_FILTER_IN4, "2 permit ip any any\n", ""},
	{ACCEPT, "ipv6:inacl#3=permit tcp any any eq 22", AV_FILTER_IN6, "3 permit tcp any any eq 22\n", ""},
	{ACCEPT, "ipv6:outacl#3=permit ipv6 any 2001:db8::/32", AV_FILTER_OUT6, "3 permit ipv6 any 2001:db8::/32\n", ""},
};

static void every_name(void)
{
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		struct aaa_set *s = aaa_set_new();
		struct aaa_finding f;
		T_ROW(i, taken[i].pair);
		enum status st = read_pair(s, taken[i].source, taken[i].pair, &f);
		T_STR(f.why, "");
		T_EQ(st, ST_OK);
		T_STR(f.ignored, "");
		T_STR(item_text(s, taken[i].item), taken[i].value);
		uint64_t others = s->has & ~AAA_BIT(taken[i].item);
		T_EQ(others, 0);
		aaa_set_free(s);
	}
}

/* What a login is refused for. */
static void impossible_values(void)
{
	static const struct row rows[] = {
		{ACCEPT, "ipsec:addr-pool=two words", 0, NULL, "no name of an object: \"two words\""},
		{ACCEPT, "ipsec:addr-pool=", 0, NULL, "no name of an object"},
		{ACCEPT, "ipsec:addr-pool=0123456789012345678901234567890123456789012345678901234567890123", 0, NULL, "no name"},
		{ACCEPT, "ipsec:dhcp-giaddr=10.1.1", 0, NULL, "no IPv4 address"},
		{ACCEPT, "ipsec:dhcp-timeout=301", 0, NULL, "not possible: \"301\""},
		{ACCEPT, "ipsec:dhcp-timeout=x", 0, NULL, "no number"},
		{ACCEPT, "ipsec:route-set=prefix 192.168.1.0/33", 0, NULL, "no network"},
		{ACCEPT, "ipsec:route-set=prefix", 0, NULL, "no network"},
		{ACCEPT, "ipsec:route-set=prefix 10.0.0.0/8 more", 0, NULL, "too many words"},
		{ACCEPT, "ipsec:route-set=network 10.0.0.0/8", 0, NULL, "prefix, interface or access-list"},
		{ACCEPT, "ipsec:route-set=access-list", 0, NULL, "no name of an access list"},
		{ACCEPT, "ipsec:route-accept=some", 0, NULL, "any or none"},
		{ACCEPT, "ipsec:route-accept=any tag:0", 0, NULL, "tag 1-497777"},
		{ACCEPT, "ipsec:route-accept=any distance:256", 0, NULL, "distance 1-255"},
		{ACCEPT, "ipsec:route-accept=none tag:1", 0, NULL, "tag 1-497777"},
		{ACCEPT, "ipsec:ipsec-flow-limit=50001", 0, NULL, "not possible"},
		{ACCEPT, "ipsec:dns-servers=10.0.0.53 ten", 0, NULL, "no address of a server: \"ten\""},
		{ACCEPT, "ipsec:dns-servers=2001:db8::1", 0, NULL, "no address of a server"},
		{ACCEPT, "ipsec:dns-servers=", 0, NULL, "no address in"},
		{ACCEPT, "ipsec:wins-servers=10.0.0.1 10.0.0.2 10.0.0.3", 0, NULL, "too many servers"},
		{ACCEPT, "ipsec:addrv6=10.0.0.1", 0, NULL, "no IPv6 address"},
		{ACCEPT, "ipsec:addrv6=ff02::1", 0, NULL, "no client can have"},
		{ACCEPT, "ipsec:prefix-len=129", 0, NULL, "no length"},
		{ACCEPT, "ip:addr=127.0.0.1", 0, NULL, "no client can have"},
		{ACCEPT, "ip:addr=10.0.0.300", 0, NULL, "no IPv4 address"},
		{ACCEPT, "ip:netmask=255.0.255.0", 0, NULL, "no netmask"},
		{ACCEPT, "ipsec:pfs=2", 0, NULL, "0 or 1 is wanted"},
		{ACCEPT, "ipsec:pfs=", 0, NULL, "0 or 1 is wanted"},
		{ACCEPT, "ipsec:banner=", 0, NULL, "empty"},
		{ACCEPT, "ipsec:default-domain=two words", 0, NULL, "one word"},
		{ACCEPT, "ipsec:split-dns=a b c d e f g h i j k", 0, NULL, "more than 10"},
		{ACCEPT, "ipsec:ikev2-password-local=", 0, NULL, "a key of 0 characters"},
		{ACCEPT, "ip:interface-config=no ip mtu", 0, NULL, "no interface command that a session can be given"},
		{ACCEPT, "ip:interface-config=tunnel key 10", 0, NULL, "no interface command"},
		{ACCEPT, "ip:interface-config=ip mtu", 0, NULL, "incomplete"},
		{ACCEPT, "ip:interface-config=ip mtu 100", 0, NULL, "not possible"},
		{ACCEPT, "ip:interface-config=ip mtu 1100 now", 0, NULL, "more than that"},
		{ACCEPT, "ip:interface-config=ip mtux 1100", 0, NULL, "no interface command"},
		{ACCEPT, "ip:interface-config=service-policy both P", 0, NULL, "incomplete"},
		{ACCEPT, "ip:interface-config=service-policy input", 0, NULL, "incomplete"},
		{ACCEPT, "ip:interface-config=ip access-group A", 0, NULL, "incomplete"},
		{ACCEPT, "ip:interface-config=shutdown", 0, NULL, "no interface command"},
		{ACCEPT, "ip:inacl#1=permitt ip any any", 0, NULL, "expected permit or deny"},
		{ACCEPT, "ip:inacl#1=permit ip any", 0, NULL, "expected a network"},
		{ACCEPT, "ip:inacl#1=permit tcp any any eq 70000", 0, NULL, "expected a port"},
		{ACCEPT, "ip:inacl#1=permit tcp any any time-range T", 0, NULL, "cannot judge by"},
		{ACCEPT, "ip:inacl#1=permit ipv6 any any", 0, NULL, "expected a protocol"},
		{ACCEPT, "ip:inacl=A B", 0, NULL, "no name of an access list"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct aaa_set *s = aaa_set_new();
		struct aaa_finding f;
		T_ROW(i, rows[i].pair);
		T_EQ(read_pair(s, rows[i].source, rows[i].pair, &f), ST_RADIUS_REPLY);
		T_EQ(f.verdict, AAA_WRONG);
		if (!strstr(f.why, rows[i].words))
			T_FAIL("it says: %s", f.why);
		aaa_set_free(s);
	}
}

/* R-RAD-43, R-COA-05: a login goes on, a CoA is refused. */
static void unknown_and_unsupported(void)
{
	static const struct {
		const char *pair;
		enum aaa_verdict in_coa;
		bool in_accept; /* ignored there */
	} rows[] = {
		{"shell:priv-lvl=15", AAA_UNKNOWN, true},
		{"ipsec:no-such-thing=1", AAA_UNKNOWN, true},
		{"ipx:addr-pool=P", AAA_UNKNOWN, true},
		{"ip:ikev2-password-local=x", AAA_UNKNOWN, true},
		{"ip:inacl#0=permit ip any any", AAA_UNKNOWN, true},
		{"ip:inacl#x=permit ip any any", AAA_UNKNOWN, true},
		{"no value", AAA_UNKNOWN, true},
		{"=x", AAA_UNKNOWN, true},
		{"ipsec:route-redistribute=connected", AAA_UNSUPPORTED, true},
		{"ipsec:addr-pool=P", AAA_UNSUPPORTED, false},
		{"ip:interface-config=vrf forwarding red", AAA_UNSUPPORTED, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct aaa_set *s = aaa_set_new();
		struct aaa_finding f;
		T_ROW(i, rows[i].pair);
		T_EQ(read_pair(s, ACCEPT, rows[i].pair, &f), ST_OK);
		T_EQ(f.ignored[0] != '\0', rows[i].in_accept);
		T_TRUE(!strchr(f.ignored, '"'));
		T_EQ(read_pair(s, COA, rows[i].pair, &f), ST_RADIUS_REPLY);
		T_EQ(f.verdict, rows[i].in_coa);
		T_EQ(f.type, RADIUS_VENDOR_SPECIFIC);
		T_TRUE(f.why[0]);
		aaa_set_free(s);
	}
}

/* name*value may be left out. */
static void optional_ones(void)
{
	struct aaa_set *s = aaa_set_new();
	struct aaa_finding f;

	T_EQ(read_pair(s, ACCEPT, "ipsec:pfs*7", &f), ST_OK);
	T_EQ(read_pair(s, COA, "shell:anything*7", &f), ST_OK);
	T_EQ(s->has, 0);
	T_EQ(read_pair(s, ACCEPT, "ipsec:pfs*1", &f), ST_OK);
	T_STR(item_text(s, AV_PFS), "1");
	aaa_set_free(s);
}

/* No sentence quotes a key. */
static void keys_are_not_shown(void)
{
	struct aaa_set *s = aaa_set_new();
	struct aaa_finding f;
	char pair[300], why[AAA_WHY];

	T_EQ(read_pair(s, COA, "ipsec:ikev2-password-local=s3same", &f), ST_RADIUS_REPLY);
	T_TRUE(!strstr(f.why, "s3same"));
	T_EQ(aaa_pair_put(s, ACCEPT, &(struct aaa_pair){"ipsec:ikev2-password-local", "s3same\x01"}, why), AAA_WRONG);
	T_TRUE(!strstr(why, "s3same"));
	snprintf(pair, sizeof(pair), "%0280d", 7);
	T_EQ(aaa_pair_put(s, ACCEPT, &(struct aaa_pair){"ikev2-password-local", pair}, why), AAA_WRONG);
	T_TRUE(!strstr(why, "00000"));
	T_TRUE(aaa_put_key(s, "both", 4) && !aaa_put_key(s, "", 0) && !aaa_put_key(s, pair, 257));
	T_STR(item_text(s, AV_KEY_LOCAL), "both");
	T_STR(item_text(s, AV_KEY_REMOTE), "both");
	aaa_set_free(s);
}

/* Several pairs of one packet: lines stand in the order of their numbers, not of the packet. */
static void lines_of_a_filter(void)
{
	static const char *const pairs[] = {"ip:inacl#20=deny tcp any any", "ip:inacl#3=permit tcp any any eq 443",
		"ip:inacl#20=deny udp any any", "ip:inacl=deny icmp any any", "ip:inacl#100=permit ip any any"};
	struct aaa_set *s = aaa_set_new();
	struct ip_rule rules[AAA_FILTER_LINES];
	struct aaa_finding f;
	char why[AAA_WHY];

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		T_EQ(read_pair(s, ACCEPT, pairs[i], &f), ST_OK);
	T_STR(item_text(s, AV_FILTER_IN4), "3 permit tcp any any eq 443\n20 deny tcp any any\n20 deny udp any any\n"
		"30 deny icmp any any\n100 permit ip any any\n");
	T_EQ(aaa_filter_rules(s->filter[AAA_IN4], 4, rules), 5);
	T_TRUE(rules[0].permit && rules[0].proto == 6 && rules[0].dst.ports.lo == 443);
	T_TRUE(!rules[2].permit && rules[2].proto == 17);
	T_TRUE(rules[4].permit && rules[4].any_proto);
	T_EQ(read_pair(s, ACCEPT, "ip:inacl=NAMED", &f), ST_RADIUS_REPLY);
	T_TRUE(strstr(f.why, "a name or lines, not both"));
	for (int i = 5; i < AAA_FILTER_LINES; i++)
		T_TRUE(aaa_filter_put_line(s, AAA_IN4, "permit ip any any", why));
	T_TRUE(!aaa_filter_put_line(s, AAA_IN4, "permit ip any any", why));
	T_TRUE(strstr(why, "no room"));
	T_EQ(aaa_filter_rules(s->filter[AAA_IN4], 4, rules), AAA_FILTER_LINES);
	T_TRUE(aaa_filter_put_name(s, AAA_OUT4, "NAMED", why));
	T_TRUE(!aaa_filter_put_line(s, AAA_OUT4, "permit ip any any", why));
	T_EQ(aaa_filter_rules("", 4, rules), 0);
	T_EQ(aaa_filter_rules("NAMED", 4, rules), 0);
	aaa_set_free(s);
}

/* The names of an `aaa attribute list` have no protocol. */
static void names_of_a_list(void)
{
	static const struct {
		const char *name, *value;
		enum aaa_item item;
		const char *want;
	} rows[] = {
		{"interface-config", "ip mtu 1100", AV_MTU, "1100"},
		{"inacl", "WEB", AV_FILTER_IN4, "WEB"},
		{"inacl#7", "permit ip any any", AV_FILTER_IN4, "7 permit ip any any\n"},
		{"dns-servers", "10.0.0.53", AV_DNS4, "10.0.0.53"},
		{"ipsec-flow-limit", "9", AV_FLOW_LIMIT, "9"},
		{"sub-qos-policy-in", "P", AV_SERVICE_IN, "P"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct aaa_set *s = aaa_set_new();
		char why[AAA_WHY];
		T_ROW(i, rows[i].name);
		T_EQ(aaa_pair_put(s, AAA_OF_LIST, &(struct aaa_pair){rows[i].name, rows[i].value}, why), AAA_TAKEN);
		T_STR(item_text(s, rows[i].item), rows[i].want);
		T_EQ(aaa_pair_put(s, AAA_OF_LIST, &(struct aaa_pair){"nothing", "x"}, why), AAA_UNKNOWN);
		aaa_set_free(s);
	}
}

int main(void)
{
	T_RUN(every_name);
	T_RUN(impossible_values);
	T_RUN(unknown_and_unsupported);
	T_RUN(optional_ones);
	T_RUN(keys_are_not_shown);
	T_RUN(lines_of_a_filter);
	T_RUN(names_of_a_list);
	return t_end();
}
