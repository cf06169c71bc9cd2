/* What is wrong is said with line, column, word and the nearest known word; what has no meaning
 * here is a warning with its line. */
#include "tests/unit/conf_lib.h"

struct wrong {
	const char *text;
	uint32_t line, column;
	const char *word; /* "" none */
	const char *says; /* part of message or hint */
};

#define LONG_NAME                                                                                  \
	"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"           \
	"abcdefghijklmnopqrstuvwxyz123"

static const struct wrong errors[] = {
	{"crypto ikev2 proflie RA\n match identity remote any\n", 1, 14, "proflie", "profile"},
	{"hostname a\ncrytpo ikev2 profile RA\n", 2, 1, "crytpo", "crypto"},
	{"intrface Loopback0\n", 1, 1, "intrface", "interface"},
	{"crypto ikev2 proposal P\n encrypton aes-cbc-256\n", 2, 2, "encrypton", "encryption"},
	{"crypto ikev2 proposal P\n encryption aes-cbc-512\n", 2, 13, "aes-cbc-512",
		"an encryption algorithm"},
	{"crypto ikev2 proposal P\n encryption aes-cbc-257\n", 2, 13, "aes-cbc-257",
		"did you mean 'aes-cbc-256'?"},
	{"crypto ikev2 proposal P\n encryption aes-cbc-256\n integrity sha265\n", 3, 12, "sha265",
		"did you mean 'sha256'?"},
	{"crypto ikev2 proposal P\n encryption aes-cbc-256\n prf sah384\n", 3, 6, "sah384",
		"did you mean 'sha384'?"},
	{"crypto ikev2 proposal P\n group 99\n", 2, 8, "99", "a group this version can do"},
	{"crypto ikev2 proposal P\n group 14 99\n", 2, 11, "99", "unexpected word"},
	{"crypto ikev2 authorization policy A\n configuration version " LONG_NAME "\n", 2, 24,
		"abcdefghijklmnopqrstuvwxyzabcdefghijklm",
		"at most 63 bytes"},
	{"crypto ikev2 authorization policy A\n split-dns 1" LONG_NAME "\n split-dns 2" LONG_NAME
	 "\n split-dns 3" LONG_NAME "\n split-dns 4" LONG_NAME "\n split-dns 5" LONG_NAME
	 "\n split-dns 6" LONG_NAME "\n split-dns 7" LONG_NAME "\n split-dns 8" LONG_NAME
	 "\n split-dns 9" LONG_NAME "\n split-dns 0" LONG_NAME "\n",
		11, 12, "0abcdefghijklmnopqrstuvwxyzabcdefghijkl", "at most 1000 bytes"},
	{"crypto ikev2 profile P\n lifetime 10\n", 2, 11, "10", "a number 120-86400"},
	{"crypto ikev2 profile P\n lifetime\n", 2, 10, "", "a number 120-86400"},
	{"crypto ikev2 profile P\n\tlifetime 400 s\n", 2, 15, "s", "unexpected word"},
	{"crypto ikev2 profile P\n match identity remote adress 10.0.0.1\n", 2, 24, "adress",
		"address"},
	{"crypto ikev2 profile P\n match identity remote address 10.0.0.256\n", 2, 32, "10.0.0.256",
		"address"},
	{"crypto ikev2 profile P\n match identity remote address 10.0.0.0 255.0.255.0\n", 2, 41,
		"255.0.255.0", "unexpected"},
	{"crypto ikev2 profile P\n match vrf RED\n", 2, 2, "match vrf", "match fvrf"},
	{"crypto ikev2 policy P\n match vrf RED\n", 2, 2, "match vrf", "match fvrf"},
	{"crypto ikev2 policy P\n match local address 10.0.0.1\n", 2, 2, "match local address",
		"match address local"},
	{"crypto ikev2 proposal P\n integrity sha-256\n", 2, 12, "sha-256",
		"an integrity algorithm"},
	{"crypto isakmp policy 10\n encr aes\n hash sha\n", 1, 1, "crypto isakmp policy", "IKEv1"},
	{"crypto isakmp key cisco address 0.0.0.0\n", 1, 1, "crypto isakmp key", "IKEv1"},
	{"crypto ipsec transform-set T ah-sha-hmac\n", 1, 30, "ah-sha-hmac", "AH is not supported"},
	{"crypto ipsec transform-set T esp-aes 512 esp-sha-hmac\n", 1, 38, "512", "unknown transform"},
	{"crypto ipsec transform-set T esp-null 128 esp-sha-hmac\n", 1, 39, "128", "unknown transform"},
	{"crypto ipsec transform-set T esp-gmax\n", 1, 30, "esp-gmax", "esp-gmac"},
	{"crypto ikev2 proposal P\n encryption aes-ctr-256\n", 2, 13, "aes-ctr-256", ""},
	{"sallyport crypto engine openssl\n", 1, 25, "openssl", ""},
	{"crypto ipsec transform-set T esp-ase 256\n", 1, 30, "esp-ase", "esp-aes"},
	{"crypto ipsec transform-set T esp-aes esp-sha265-hmac\n", 1, 38, "esp-sha265-hmac",
		"esp-sha256-hmac"},
	{"interface Virtual-Template1 type tunnel\n sallyport proxy-arp a-name-too-long0\n", 2, 22, "a-name-too-long0",
		"no interface of a host"},
	{"ip vrf RED\n rd 1:1\n", 1, 1, "ip vrf", "vrf definition"},
	{"sallyport script ../x\n shutdown\n", 1, 18, "../x", "small letters"},
	{"sallyport script a\n set b\n", 2, 7, "", "incomplete"},
	{"ip local pool P 10.0.0.9 10.0.0.1\n", 1, 26, "10.0.0.1", "before the first"},
	{"ip local pool P 10.0.0.1 10.0.0.9\nip local pool P 10.0.0.5 10.0.0.20\n", 2, 17,
		"10.0.0.5", "overlaps"},
	{"ipv6 local pool P 2001:db8::/64 48\n", 1, 33, "48", "shorter than the prefix"},
	{"ip access-list extended L\n permit ip any host 10.0.0.1\n permit tcp any any eq 80\n"
		"interface Tunnel1\n tunnel protection ipsec policy ipv4 L\n",
		5, 38, "L", "permit ip NETWORK WILDCARD"},
	{"access-list 10 permit tcp any any\n", 1, 23, "tcp any any", "standard access list"},
	{"ip access-list standard A\n permit 10.0.0.0 0.255.0.255\n", 2, 18, "0.255.0.255",
		"unexpected"},
	{"ip access-list standard A\nip access-list extended A\n", 2, 25, "A", "another type"},
	{"crypto ikev2 keyring K\n peer A\n  identity fqdn x\n peer B\n  identity fqdn x\n", 5, 17,
		"x", "another peer"},
	{"crypto ikev2 keyring K\n peer A\n  pre-shared-key hex 0xzz\n", 3, 18, "", "a secret"},
	{"crypto ikev2 keyring K\n peer A\n  pre-shared-key <hidden>\n", 3, 18, "", "a secret"},
	{"crypto ikev2 keyring K\n peer A\n  pre-shared-key\n", 3, 17, "", "incomplete"},
	{"crypto ikev2 keyring K\n peer A\n  rsa-sig\n", 3, 3, "rsa-sig", "no RSA keys"},
	{"interface Virtual-Template1 type ethernet\n", 1, 11, "Virtual-Template1", "type tunnel"},
	{"interface Loopback0\n ip vrf forwarding RED\n", 2, 2, "ip vrf forwarding",
		"vrf forwarding"},
	{"crypto ipsec security-association replay window-size 100\n", 1, 54, "100",
		"64 128 256 512 1024"},
	{"sallyport listen port 500 nat-port 500\n", 1, 36, "500", "must differ"},
	{"sallyport listen 10.0.0\n", 1, 18, "10.0.0", "any or"},
	{"sallyport redirect target gw.test\n", 1, 27, "gw.test", "fqdn"},
	{"sallyport redirect target fqdn gw/test\n", 1, 32, "gw/test", "not the name of a host"},
	{"crypto ikev2 redirect client max-redirects 0\n", 1, 44, "0", "a number 1-255"},
	{"sallyport metrics listen 10.0.0.1\n", 1, 26, "10.0.0.1", "no authentication"},
	{"sallyport metrics listen 128.0.0.1 port 9501\n", 1, 26, "128.0.0.1", "127.0.0.1 or ::1"},
	{"sallyport metrics listen 0.0.0.0\n", 1, 26, "0.0.0.0", "a loopback address"},
	{"sallyport metrics listen ::\n", 1, 26, "::", "a loopback address"},
	{"sallyport metrics listen ::ffff:127.0.0.1\n", 1, 26, "::ffff:127.0.0.1",
		"a loopback address"},
	{"sallyport metrics listen localhost\n", 1, 26, "localhost", "an IP address"},
	{"sallyport metrics listen 127.0.0.1 port 80\n", 1, 41, "80", "a number 1024-65535"},
	{"sallyport metrics listen 127.0.0.1 prot 9501\n", 1, 36, "prot", "unexpected word"},
	{"sallyport metrics socket run/x.sock\n", 1, 26, "run/x.sock", "begins with /"},
	{"sallyport metrics socket /" LONG_NAME "\n", 1, 26,
		"/abcdefghijklmnopqrstuvwxyzabcdefghijkl", "107 characters"}, /* as it is cut */
	{"sallyport snmp agentx var/agentx\n", 1, 23, "var/agentx", "unexpected"},
	{"sallyport snmp agentx /\n", 1, 23, "/", "unexpected"},
	{"sallyport snmp agentx \"/a b\"\n", 1, 23, "\"/a b\"", "unexpected"},
	{"sallyport snmp notifications tunnel\n", 1, 30, "tunnel", "unexpected"},
	{"sallyport wrokers 2\n", 1, 11, "wrokers", "workers"},
	{"aaa group server tacacs+ T\n server 10.0.0.1\n", 1, 1, "aaa group server tacacs+",
		"TACACS+"},
	{"crypto ikev2 profile P\n aaa authorization group cert list L\n", 2, 2,
		"aaa authorization group", "username or name-mangler"},
	{"crypto ikev2 proposal P\n encryption aes-gcm-256\n integrity sha256\n prf sha256\n group "
	 "19\n",
		1, 23, "P", "integrity cannot be configured"},
	{"crypto ikev2 profile P\n match identity remote any\n reconnect\n keyring local K\n", 4,
		2, "keyring", "reconnect is in line 3"},
	{"crypto ikev2 profile P\n match identity remote any\n authentication remote pre-share\n"
	 " reconnect timeout 600\n",
		3, 2, "authentication remote pre-share", "reconnect is in line 4"},
	{"crypto ikev2 profile P\n match identity remote any\n authentication local pre-share key "
	 "x\n"
	 " authentication remote eap\n",
		1, 22, "P", "needs a certificate"},
	{"ip access-list extended E\n permit ip any any\ncrypto ikev2 authorization policy A\n"
	 " route set access-list E\n",
		4, 24, "E", "extended"},
	{"crypto ikev2 authorization policy A\n banner ^C never ended\n", 2, 9, "^C", "text"},
	{"username bob password\n", 1, 22, "", "incomplete"},
	{"default\n", 1, 1, "default", "unknown command"},
	{"no\n", 1, 1, "no", "unknown command"},
	{"crypto\n", 1, 7, "", "incomplete"},
	{"c\n", 1, 1, "c", "ambiguous"},
	{"crypto ikev2 p P\n", 1, 14, "p", "ambiguous"},
};

static void places(void)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		const struct wrong *w = &errors[i];
		T_ROW(i, w->text);
		T_TRUE(conf(w->text) == NULL);
		const struct conf_message *m = first_of(CONF_ERROR);
		T_TRUE(m != NULL);
		T_TRUE(strstr(m->text, w->says) || strstr(m->hint, w->says));
		T_STR(m->word, w->word);
		T_EQ(m->line, w->line);
		T_EQ(m->column, w->column);
	}
	T_EQ(mem_live(), 0);
}

/* One mistake is one error: what belongs to a block that was refused says nothing more. */
static void no_cascade(void)
{
	static const char *const texts[] = {
		"crypto ikev2 proflie RA\n match identity remote any\n keyring local K\nhostname "
		"x\n",
		"crypto ikev2 proflie RA\nmatch identity remote any\nkeyring local K\nhostname x\n",
		"crypto isakmp policy 10\nencr aes\nhash sha256\nauthentication pre-share\ngroup "
		"14\nlifetime 3600\n",
		"crypto isakmp profile P\n match identity address 0.0.0.0\n!\nhostname x\n",
		"ip vrf A\n rd 1:1\n route-target export 1:1\n!\nhostname x\n",
		"crypto ikev2 profile P\n match identity remote any\n nonsense here\n  deeper "
		"nonsense\n shutdown\n",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		T_ROW(i, texts[i]);
		T_TRUE(conf(texts[i]) == NULL);
		T_EQ(report.errors, 1);
	}
}

/* More values than one command takes are an error at the first one too many. */
static void long_lines(void)
{
	char text[4096] = "crypto ipsec transform-set T";
	for (int i = 0; i < 200; i++)
		strcat(text, " esp-aes");
	T_TRUE(conf(text) == NULL);
	T_EQ(report.errors, 1);
	T_EQ(report.msg[0].column, 30 + 8 * 47);
	T_STR(report.msg[0].word, "esp-aes");
	memset(text, 'x', sizeof(text) - 1); /* one word that fills the line */
	text[sizeof(text) - 1] = '\0';
	T_TRUE(conf(text) == NULL);
	T_EQ(report.errors, 1);
}

static void scripts_are_bounded(void)
{
	static char text[40000];
	size_t n = 0;
	for (int i = 0; i < 17; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "sallyport script s%d\n set a b\n", i);
	T_TRUE(conf(text) == NULL);
	T_EQ(report.errors, 1);
	T_EQ(report.msg[0].line, 33);
	T_TRUE(strstr(report.msg[0].text, "too many scripts") != NULL);
	n = (size_t)snprintf(text, sizeof(text), "sallyport script s\n");
	for (int i = 0; i < 33; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, " set a%d %0498d\n", i, i);
	T_TRUE(conf(text) == NULL);
	T_EQ(report.msg[0].line, 34);
	T_TRUE(strstr(report.msg[0].text, "too long") != NULL);
}

static void all_errors_are_counted(void)
{
	T_TRUE(conf("hostnmae a\nhostname b c\nntp server x\ncrypto ikev2 windwo 5\n") == NULL);
	T_EQ(report.errors, 3);
	T_EQ(report.warnings, 1);
	char many[200 * 8 + 1] = "";
	for (int i = 0; i < 100; i++)
		strcat(many, "ntp x\n");
	for (int i = 0; i < 100; i++)
		strcat(many, "bogus!\n");
	T_TRUE(conf(many) == NULL);
	T_EQ(report.errors, 100);
	T_EQ(report.warnings, 100);
	T_EQ(report.count, CONF_MESSAGES);
	for (size_t i = 0; i < report.count; i++) /* errors push warnings out */
		T_EQ(report.msg[i].severity, CONF_ERROR);
}

struct warned {
	const char *text;
	size_t warnings;
	uint32_t line;
	const char *says;
};

#define TUNNEL                                                                                     \
	"crypto ikev2 profile P\n match identity remote any\n authentication local pre-share key x\n" \
	" authentication remote pre-share key x\n"                                                 \
	"crypto ipsec profile IP\n set ikev2-profile P\n"                                          \
	"interface Tunnel7\n tunnel mode ipsec ipv4\n tunnel protection ipsec profile IP\n"

#define CLIENT "crypto ikev2 client flexvpn C\n"

static const struct warned warnings[] = {
	{"router bgp 65000\n bgp log-neighbor-changes\n neighbor 10.0.0.1 remote-as 1\n", 1, 1,
		"no meaning"},
	{"line vty 0 4\n transport input ssh\n login\n", 1, 1, "no meaning"},
	{"ntp server 10.0.0.1\n", 1, 1, "no meaning"},
	{"interface Loopback0\n ip proxy-arp\n", 1, 2, "sallyport proxy-arp INTERFACE"},
	{"interface Loopback0\n sallyport proxy-arp eth0\n", 1, 1, "sallyport proxy-arp"},
	{"interface Loopback0\n sallyport multicast permit\n", 1, 1, "sallyport multicast permit"},
	{"snmp-server community x ro\n", 1, 1, "sallyport snmp agentx"},
	{"crypto ikev2 redirect gateway auth\n", 1, 1, "nobody is redirected"},
	{TUNNEL "crypto ikev2 profile P\n redirect gateway auth\n", 1, 11, "sallyport redirect target"},
	{"crypto ikev2 redirect gateway init\nsallyport redirect target 10.0.0.1\n", 0, 0, NULL},
	{"crypto ikev2 redirect client\ncrypto isakmp invalid-spi-recovery\n", 0, 0, NULL},
	{"sallyport snmp notifications pool\n", 1, 0, "agentx is missing"},
	{"sallyport snmp notifications session\nsallyport snmp agentx\n", 0, 0, NULL},
	{"spanning-tree mode pvst\n", 1, 1, "no meaning"},
	{"interface GigabitEthernet0/0\n ip address 10.0.0.1 255.0.0.0\n duplex auto\n no "
	 "shutdown\n",
		1, 1, "belongs to the host"},
	{"object-group network G\n host 10.0.0.1\n", 1, 1, "no meaning"},
	{"banner motd #\ncrypto ikev2 nonsense\n#\nhostname a\n", 1, 1, "no meaning"},
	{"hostname a\nfoo: 1\n", 0, 0, NULL},
	{"crypto ikev2 dpd 5 10 periodic\n", 1, 1, "DPD interval"},
	{"crypto ikev2 dpd 1000 250 periodic\n", 1, 1, "DPD retry"},
	{"crypto ikev2 nat keepalive 500\n", 1, 1, "NATs"},
	{"crypto ikev2 proposal P\n encryption aes-cbc-128\n integrity sha256\n", 1, 1,
		"group is missing"},
	{"crypto ikev2 proposal P\n encryption aes-gcm-128\n group 19\n", 1, 1, "prf is missing"},
	{"crypto ikev2 policy P\n", 1, 1, "no proposal"},
	{"crypto ikev2 policy P\n proposal nowhere\n", 2, 1, "not defined"},
	{"crypto ikev2 policy A\n proposal default\ncrypto ikev2 policy B\n proposal default\n", 1,
		3, "overlaps policy A"},
	{"crypto ikev2 authorization policy A\n pool LATER\nip local pool LATER 10.0.0.1\n", 0, 0,
		NULL},
	{"crypto ikev2 authorization policy A\n pool NEVER\n", 1, 2, "pool that is not defined"},
	{"interface Virtual-Template1 type tunnel\n vrf forwarding RED\n tunnel protection ipsec "
	 "profile X\n",
		2, 2, "VRF that is not defined"},
	{"crypto ikev2 keyring K\n peer P\n  address 10.0.0.1\n", 1, 2, "without a key"},
	{"crypto ikev2 keyring K\n peer P\n  pre-shared-key 6 ABC\n  address 10.0.0.1\n", 1, 3,
		"cannot be used here"},
	{"crypto ikev2 fragmentation mtu 1300\n", 0, 0, NULL},
	{"crypto pki trustpoint T\n enrollment terminal\n revocation-check none\n", 1, 1,
		"no CA certificate"},
	{"radius server R\n address ipv4 10.0.0.1 auth-port 1 acct-port 2\n key secret\n", 0, 0, NULL},
	{"no ntp server x\nno ip http server\nno aaa new-model\n", 0, 0, NULL},
	{"crypto ikev2 proposal P\n encryption 3des\n integrity md5\n group 2\n", 3, 2, ""},
	{"crypto ipsec transform-set T esp-aes\n", 1, 1, "integrity is missing"},
	{"crypto ipsec transform-set T esp-ctr 256 esp-sha256-hmac\n", 0, 0, NULL},
	{"crypto ipsec transform-set T esp-ctr 256\n", 1, 1, "integrity is missing"},
	{"crypto ipsec transform-set T esp-gcm12 esp-gcm 128 esp-aes 128 esp-sha512-hmac\n", 0, 0, NULL},
	{"crypto ipsec transform-set T esp-gcm8\n", 1, 1, "8-byte ICV"},
	{"crypto ipsec transform-set T esp-gmac 256\n", 1, 1, "nothing is encrypted"},
	{"crypto ipsec transform-set T esp-null esp-sha256-hmac\n", 1, 1, "nothing is encrypted"},
	{"crypto ipsec transform-set T esp-null\n", 2, 1, "nothing is encrypted"},
	{"crypto ipsec transform-set T esp-gcm12 esp-sha256-hmac\n", 1, 1, "without an integrity algorithm"},
	{"sallyport crypto engine ipsec-mb\n", 0, 0, NULL},
	/* tunnels: what keeps them from connecting, and where their routes lead */
	{TUNNEL " tunnel destination 10.0.0.1\n", 0, 0, NULL},
	{TUNNEL " tunnel destination 10.0.0.1\n no tunnel mode\n", 1, 7, "no mode is named"},
	{TUNNEL " no tunnel protection ipsec profile\n", 2, 1, "protection is missing"},
	{TUNNEL " tunnel protection ipsec profile default\n tunnel destination 10.0.0.1\n", 2, 1,
		"names no IKEv2 profile"},
	{TUNNEL " tunnel protection ipsec profile default\n tunnel destination dynamic\n", 1, 1,
		"without a virtual-template"},
	{TUNNEL " tu prot ips prof IP\n", 0, 0, NULL},
	{TUNNEL " tunnel protection ipsec-profile IP\n", 0, 0, NULL},
	{TUNNEL " tunnel source GigabitEthernet0/1\n", 1, 7, "no interface of that name"},
	{TUNNEL " tunnel mode gre ip\n", 1, 10, "GRE"},
	{TUNNEL " tunnel vrf RED\n", 1, 10, "VRF that is not defined"},
	{TUNNEL "ip route 10.0.0.0 255.0.0.0 Tunnel7\n", 0, 0, NULL},
	{TUNNEL "ip route 10.0.0.0 255.0.0.0 Tunnel7 track 5\n", 1, 10, "track objects"},
	{"ip route 10.0.0.0 255.0.0.0 tu 8\n", 1, 1, "tunnel that is not defined"},
	{TUNNEL "vrf definition RED\nip route vrf RED 10.0.0.0 255.0.0.0 Tunnel7\n", 1, 11,
		"its VRF is not that of"},
	{"ip route 0.0.0.0 0.0.0.0 192.0.2.1\nipv6 route ::/0 eth0 fe80::1\n", 2, 1,
		"belongs to the host"},
	{TUNNEL CLIENT " peer 1 10.0.0.1\n client connect Tunnel7\n", 0, 0, NULL},
	{TUNNEL CLIENT " client connect Tunnel7\n", 1, 10, "client without a peer"},
	{TUNNEL CLIENT " peer 1 10.0.0.1\n", 1, 10, "client without a tunnel"},
	{TUNNEL CLIENT " peer 1 10.0.0.1\n client connect Tunnel8\n", 1, 12,
		"tunnel interface that is not defined"},
	{TUNNEL CLIENT " peer 1 10.0.0.1\n client connect Tunnel7\ncrypto ikev2 client flexvpn D\n"
	 " peer 1 10.0.0.1\n client connect Tunnel7\n",
		1, 15, "another client has this tunnel"},
	{TUNNEL " tunnel destination 10.0.0.2\n" CLIENT " peer 1 10.0.0.1\n client connect Tunnel7\n",
		1, 13, "not the destination"},
	{TUNNEL CLIENT " peer 1 10.0.0.1 track 4\n client connect Tunnel7\n", 1, 11, "taken to be up"},
	{TUNNEL CLIENT " peer 1 10.0.0.1\n client connect Tunnel7\n peer reactivate\n", 1, 13,
		"not in force"},
	{"vrf definition RED\ninterface Virtual-Template1 type tunnel\n tunnel vrf RED\n", 1, 2,
		"no meaning in a template"},
};

static void warned(void)
{
	for (size_t i = 0; i < sizeof(warnings) / sizeof(warnings[0]); i++) {
		const struct warned *w = &warnings[i];
		T_ROW(i, w->text);
		struct snapshot *s = conf(w->text);
		if (strstr(w->text, "foo")) { /* the table's own proof that nothing is swallowed */
			T_TRUE(s == NULL);
			continue;
		}
		T_TRUE(s != NULL);
		snapshot_unref(s);
		T_EQ(report.warnings, w->warnings);
		if (!w->warnings)
			continue;
		T_EQ(report.msg[0].line, w->line);
		T_TRUE(said(w->says));
	}
	T_EQ(mem_live(), 0);
}

static void in_order_of_lines(void)
{
	snapshot_unref(conf("crypto ikev2 policy A\n proposal NO\nntp x\ncrypto ikev2 policy B\n"));
	T_TRUE(report.count >= 4);
	for (size_t i = 1; i < report.count; i++)
		T_TRUE(report.msg[i - 1].line <= report.msg[i].line);
}

static void format(void)
{
	char out[512];
	struct conf_message m = {.severity = CONF_ERROR,
		.line = 12,
		.column = 5,
		.word = "pro\x1b[31m",
		.text = "unknown command in a profile",
		.hint = "did you mean 'prf'?"};
	conf_message_format(out, sizeof(out), "a.conf", &m);
	T_STR(out, "a.conf:12:5: error: unknown command in a profile 'pro\\x1b[31m' (did you mean "
		   "'prf'?)");
	m = (struct conf_message){.severity = CONF_WARNING, .text = "x"};
	conf_message_format(out, sizeof(out), "a.conf", &m);
	T_STR(out, "a.conf: warning: x");
	T_EQ(conf_message_format(out, 5, "a.conf", &m), 4);
}

/* No secret in any message, whatever is wrong with the line that holds it. */
static void no_secret_in_messages(void)
{
	static const char *const texts[] = {
		"crypto ikev2 keyring K\n peer A\n  pre-shared-key hex S3CRET-VALUE\n",
		"crypto ikev2 keyring K\n peer A\n  pre-shared-key local hex S3CRET-VALUE\n",
		"crypto ikev2 keyring K\n peer A\n  pre-shared-key 6 S3CRET-VALUE\n",
		"crypto ikev2 profile P\n authentication remote pre-share S3CRET-VALUE\n",
		"crypto ikev2 profile P\n authentication local pre-share key hex S3CRET-VALUE\n",
		"radius server R\n key hex S3CRET-VALUE\n",
		"username bob passwrd S3CRET-VALUE\n",
		"crypto isakmp key S3CRET-VALUE address 10.0.0.1\n",
		"crypto ikev2 reconnect key 1 actve hex S3CRET-VALUE\n",
		"snmp-server community S3CRET-VALUE ro\n",
		"enable secret S3CRET-VALUE\n",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		T_ROW(i, texts[i]);
		snapshot_unref(conf(texts[i]));
		T_TRUE(report.count > 0);
		for (size_t k = 0; k < report.count; k++) {
			char out[600];
			conf_message_format(out, sizeof(out), "f", &report.msg[k]);
			T_TRUE(strstr(out, "S3CRET") == NULL);
		}
	}
}

int main(void)
{
	T_RUN(places);
	T_RUN(no_cascade);
	T_RUN(long_lines);
	T_RUN(scripts_are_bounded);
	T_RUN(all_errors_are_counted);
	T_RUN(warned);
	T_RUN(in_order_of_lines);
	T_RUN(format);
	T_RUN(no_secret_in_messages);
	return t_end();
}
