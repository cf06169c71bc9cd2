/* AAA that is wrong or of no use: refused or warned of, with its place; every limit and one past it; what a
 * reload takes for a change. */
#include "core/conf/diff.h"
#include "tests/unit/conf_lib.h"

#define R    "radius server R\n"
#define G    "aaa group server radius G\n"
#define DYN  "aaa server radius dynamic-author\n"
#define M    "crypto ikev2 name-mangler M\n"
#define P    "crypto ikev2 profile P\n match identity remote any\n"
#define EAP  P " aaa authentication eap N\n"
#define L    "aaa authentication login N "
#define LONG "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefgh" /* 60 */

struct wrong {
	const char *text;
	uint32_t line, column;
	const char *word; /* "" none */
	const char *says; /* part of message or hint */
};

static const struct wrong errors[] = {
	{R " adress ipv4 10.0.0.1\n", 2, 2, "adress", "did you mean 'address'?"},
	{R " address ipv4 10.0.0.256\n", 2, 15, "10.0.0.256", "neither an address"},
	{R " address ipv4 10.0.0\n", 2, 15, "10.0.0", "neither an address"},
	{R " address ipv4 a_b/c\n", 2, 15, "a_b/c", "neither an address"},
	{R " address ipv4 2001:db8::1\n", 2, 15, "2001:db8::1", "address ipv6"},
	{R " address ipv6 10.0.0.1\n", 2, 15, "10.0.0.1", "address ipv4"},
	{R " address ipv4 0.0.0.0\n", 2, 15, "0.0.0.0", "no server can have"},
	{R " address ipv4 224.0.0.1\n", 2, 15, "224.0.0.1", "no server can have"},
	{R " address ipv6 fe80::1\n", 2, 15, "fe80::1", "no server can have"},
	{R " address 10.0.0.1\n", 2, 10, "10.0.0.1", "ipv4 or ipv6"},
	{R " address ipv4 10.0.0.1 auth-port 0\n", 2, 34, "0", "a number 1-65535"},
	{R " address ipv4 10.0.0.1 auth-port 65536\n", 2, 34, "65536", "a number 1-65535"},
	{R " address ipv4 10.0.0.1 acct-port 65536\n", 2, 34, "65536", "a number 1-65535"},
	{R " timeout 0\n", 2, 10, "0", "a number 1-1000"},
	{R " timeout 1001\n", 2, 10, "1001", "a number 1-1000"},
	{R " retransmit 101\n", 2, 13, "101", "a number 0-100"},
	{R " key\n", 2, 5, "", "incomplete"},
	{R " sallyport require-message-authenticator on\n", 2, 42, "on", "yes or no"},
	{R " sallyport source eth0\n", 2, 19, "eth0", "an IP address"},
	{R " address ipv4 10.0.0.1\n key x\n sallyport source ::1\n", 1, 15, "R", "the other family"},
	{R " tls port 0\n", 2, 11, "0", "a number 1-65535"},
	{R " tls connectiontimeout 0\n", 2, 24, "0", "a number 1-3600"},
	{R " tls retries 101\n", 2, 14, "101", "a number 0-100"},
	{R " tls trustpoint both HQ\n", 2, 17, "both", "unexpected word"},
	{R " tls match-server-identity hostname a@b\n", 2, 37, "a@b", "no name of this kind"},
	{R " tls match-server-identity ip-address a.b\n", 2, 39, "a.b", "no name of this kind"},
	{R " tls match-server-identity email-address a.b\n", 2, 42, "a.b", "no name of this kind"},
	{R " tls match-server-identity name a.b\n", 2, 28, "name", "hostname"},
	{R " tls ip vrf forwarding RED\n", 2, 2, "tls ip", "source and VRF of TLS are those of UDP"},
	{R " dtls\n", 2, 2, "dtls", "over DTLS is not supported"},
	{"radius-server hots 10.0.0.1\n", 1, 15, "hots", "did you mean 'host'?"},
	{"radius-server host 10.0.0.300\n", 1, 20, "10.0.0.300", "neither an address"},
	{"radius-server host 10.0.0.1 retransmit 101\n", 1, 40, "", "a number 0-100"},
	{"radius-server host 10.0.0.1 timeout 0\n", 1, 37, "", "a number 1-1000"},
	{"radius-server host " LONG "abcd\n", 1, 20, "abcdefghijklmnopqrstuvwxyzabcdefghijklm", "too long for the name"},
	{"radius-server host " LONG " auth-port 1645\n", 1, 20, "abcdefghijklmnopqrstuvwxyzabcdefghijklm",
		"write `radius server NAME`"},
	{"radius server 10.0.0.1\nradius-server host 10.0.0.1\n", 2, 20, "10.0.0.1", "of a `radius server`"},
	{"radius-server host 10.0.0.1\nradius server 10.0.0.1\n timeout 3\n", 2, 15, "10.0.0.1", "of `radius-server host`"},
	{"radius-server timeout 1001\n", 1, 23, "1001", "a number 1-1000"},
	{"radius-server retransmit 101\n", 1, 26, "101", "a number 0-100"},
	{"radius-server deadtime 1441\n", 1, 24, "1441", "a number 0-1440"},
	{"radius-server load-balance method random\n", 1, 35, "random", ""},
	{"aaa group server radius radius\n server name R\n", 1, 25, "radius", "`group radius` means all servers"},
	{"aaa group server radius tacacs+\n", 1, 25, "tacacs+", "cannot have this name"},
	{"aaa group server radius ldap\n", 1, 25, "ldap", "cannot have this name"},
	{G " server-privte 10.0.0.1\n", 2, 2, "server-privte", "did you mean 'server-private'?"},
	{G " server 10.0.0.299\n", 2, 9, "10.0.0.299", "neither an address"},
	{G " server-private ff02::1\n", 2, 17, "ff02::1", "no server can have"},
	{G " deadtime 1441\n", 2, 11, "1441", "a number 1-1440"},
	{G " deadtime 0\n", 2, 11, "0", "a number 1-1440"},
	{G " load-balance method leest\n", 2, 22, "leest", ""},
	{"aaa authentication login A loacl\n", 1, 28, "loacl", "did you mean 'local'?"},
	{"aaa authentication login A group\n", 1, 33, "", "incomplete"},
	{"aaa authentication login A\n", 1, 27, "", "incomplete"},
	{"aaa authentication login A loc\n", 1, 28, "loc", "ambiguous"}, /* as on a router */
	{"aaa authorization network A gruop G\n", 1, 29, "gruop", "did you mean 'group'?"},
	{"aaa accounting network A start-stop local\n", 1, 37, "local", "unexpected"},
	{"aaa accounting network A\n acton-type start\n group G\n", 2, 2, "acton-type", "did you mean 'action-type'?"},
	{"aaa accounting update\n", 1, 22, "", "incomplete"},
	{"aaa accounting update periodic 0\n", 1, 32, "0", "a number 1-525600"},
	{"aaa accounting update periodic 525601\n", 1, 32, "525601", "a number 1-525600"},
	{M " dn common-nam e\n", 2, 16, "e", "unexpected"},
	{M " dn surname\n", 2, 5, "surname", "common-name, country"},
	{M " eap dn comon-name\n", 2, 9, "comon-name", "did you mean 'common-name'?"},
	{M " eap prefix delimiter !\n", 2, 23, "!", "one of . @ \\"},
	{M " eap suffix delimiter @@\n", 2, 23, "@@", "one of . @ \\"},
	{M " email hostname\n", 2, 8, "hostname", "all, domain or username"},
	{M " fqdn username\n", 2, 7, "username", "all, domain or hostname"},
	{"aaa attribute list L\n attribute type a\n", 2, 18, "", "incomplete"},
	{"aaa attribute list L\n attribute type a b c\n", 2, 21, "c", "unexpected"},
	{"aaa attribute list L\n attribute tpye a b\n", 2, 12, "tpye", "did you mean 'type'?"},
	{DYN " client 10.0.0.1.1\n", 2, 9, "10.0.0.1.1", "neither an address"},
	{DYN " client 0.0.0.0 server-key x\n", 2, 9, "0.0.0.0", "no server can have"},
	{DYN " port 0\n", 2, 7, "0", "a number 1-65535"},
	{DYN " port 65536\n", 2, 7, "65536", "a number 1-65535"},
	{DYN " auth-type some\n", 2, 12, "some", "any, all or session-key"},
	{DYN " ignore server-key\n", 2, 9, "server-key", "never obeyed"},
	{DYN " sallyport nak-unknown 503\n", 2, 24, "503", ""},
	{DYN " sallyport reauthentication 9\n", 2, 29, "9", "a number 10-86400"},
	{DYN " sallyport reauthentication 86401\n", 2, 29, "86401", "a number 10-86400"},
	{DYN " sallyport event-timestamp window 0\n", 2, 35, "0", "a number 1-86400"},
	{DYN " sallyport event-timestamp window 86401\n", 2, 35, "86401", "a number 1-86400"},
	{"crypto ikev2 reconnect key 3 x\n", 1, 28, "", "a number 1-2"},
	{"crypto ikev2 reconnect key 1\n", 1, 29, "", "incomplete"},
	{"crypto ikev2 reconnect key 1 active a\ncrypto ikev2 reconnect key 2 active b\n", 2, 28, "2", "one at most"},
	{"crypto ikev2 reconnect key active 2 a\ncrypto ikev2 reconnect key 1 active b\n", 2, 28, "1", "one at most"},
	{"sallyport simultaneous-logins 0\n", 1, 31, "0", "a number 1-1000000"},
	{"sallyport simultaneous-logins 1000001\n", 1, 31, "1000001", "a number 1-1000000"},
	{"sallyport simultaneous-logins 1 refues\n", 1, 33, "refues", "unexpected"},
	{"sallyport retention anonymize 0\n", 1, 31, "0", "a number 1-36500"},
	{"sallyport retention anonymize 36501\n", 1, 31, "36501", "a number 1-36500"},
	{"crypto ikev2 authorization policy A\n sallyport idle-timeout 59\n", 2, 25, "59", "a number 60-86400"},
	{"crypto ikev2 authorization policy A\n sallyport idle-timeout 86401\n", 2, 25, "86401", "a number 60-86400"},
	{"crypto ikev2 authorization policy A\n sallyport disconnected-timeout 59\n", 2, 33, "59", "a number 60-604800"},
	{"crypto ikev2 authorization policy A\n sallyport disconnected-timeout 604801\n", 2, 33, "604801", ""},
	{"crypto ikev2 authorization policy A\n sallyport simultaneous-logins 1000001\n", 2, 32, "1000001", ""},
	{"crypto ikev2 authorization policy A\n sallyport quota total 0 megabytes\n", 2, 24, "0", "a number 1-4294967295"},
	{"crypto ikev2 authorization policy A\n sallyport quota total 4294967296 megabytes\n", 2, 24, "4294967296", ""},
	{"crypto ikev2 authorization policy A\n sallyport quota all 1 megabytes\n", 2, 18, "all", ""},
	{"crypto ikev2 authorization policy A\n sallyport quota total 1\n", 2, 25, "", "incomplete"},
	{"crypto ikev2 authorization policy A\n sallyport quota total 1 megabytes per year\n", 2, 40, "year", ""},
	{"crypto ikev2 authorization policy A\n sallyport quota total 1 megabytes action service-policy NO\n", 2, 58, "NO", "not defined"},
	/* R-REC-05, both orders: the line that the other excludes */
	{P " reconnect\n authentication local pre-share\n", 4, 2, "authentication local pre-share", "in line 3"},
	{P " authentication local pre-share key x\n reconnect\n", 3, 2, "authentication local pre-share", "in line 4"},
	{P " reconnect\n authentication remote rsa-sig\n authentication remote pre-share\n", 5, 2,
		"authentication remote pre-share", "in line 3"},
	{P " authentication remote pre-share\n reconnect\n", 3, 2, "authentication remote pre-share", "in line 4"},
	{P " reconnect\n keyring local K\n", 4, 2, "keyring", "in line 3"},
	{P " keyring aaa L\n reconnect\n", 3, 2, "keyring", "in line 4"},
	{P " reconnect\n aaa authorization group psk list L\n", 4, 2, "aaa authorization group psk", "in line 3"},
	{P " aaa authorization group psk list L\n reconnect\n", 3, 2, "aaa authorization group psk", "in line 4"},
	{P " reconnect\n aaa authorization user psk cached\n", 4, 2, "aaa authorization user psk", "in line 3"},
	{P " aaa authorization user psk list L\n reconnect timeout 600\n", 3, 2, "aaa authorization user psk", "in line 4"},
	{P " reconnect\n" P " keyring local K\n", 6, 2, "keyring", "in line 3"},
};

static void refused(void)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		const struct wrong *w = &errors[i];
		T_ROW(i, w->text);
		T_TRUE(conf(w->text) == NULL);
		const struct conf_message *m = first_of(CONF_ERROR);
		T_TRUE(m != NULL);
		if (!strstr(m->text, w->says) && !strstr(m->hint, w->says))
			T_FAIL("said: %s '%s' (%s)", m->text, m->word, m->hint);
		T_STR(m->word, w->word);
		T_EQ(m->line, w->line);
		T_EQ(m->column, w->column);
		T_EQ(report.errors, 1);
	}
	T_EQ(mem_live(), 0);
}

/* What was taken back does not exclude anything. */
static void reconnect_allowed(void)
{
	static const char *const texts[] = {
		P " reconnect\n authentication remote rsa-sig\n aaa authorization group cert list L N\n",
		P " reconnect\n keyring local K\n no keyring\n",
		P " keyring local K\n reconnect\n no reconnect\n",
		P " authentication local pre-share\n authentication local rsa-sig\n reconnect\n",
		P " aaa authorization group psk list L\n reconnect\n no aaa authorization group psk\n",
		P " aaa authorization user psk cached\n reconnect\n no aaa authorization user\n",
		P " reconnect\ncrypto ikev2 profile Q\n match identity remote key-id q\n keyring local K\n",
		P " reconnect\n keyring ppk K\n",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		T_ROW(i, texts[i]);
		struct snapshot *s = conf(texts[i]);
		T_TRUE(s != NULL);
		snapshot_unref(s);
	}
}

/* ---- numbers of things ---- */

struct limit {
	const char *head, *line, *tail; /* the line with the number of the repetition in it */
	unsigned most;
	const char *says;
};

static const struct limit limits[] = {
	{"", "radius server R%u\n", "", 64, "too many RADIUS servers"},
	{"", "radius-server host 10.0.0.%u\n", "", 64, "too many RADIUS servers"},
	{G " server-private 10.0.1.1\n", "radius-server host 10.0.0.%u\n", "", 63, "too many RADIUS servers"},
	{"", "aaa group server radius G%u\n", "", 32, "too many server groups"},
	{G, " server name R%u\n", "", 16, "too many servers of one group"},
	{G, " server-private 10.0.0.%u\n", "", 16, "too many servers of one group"},
	{"aaa accounting network A\n", " group G%u\n", "", 8, "too many methods"},
	{"aaa authentication login A", " group G%u", "\n", 8, "too many methods"},
	{DYN, " client 10.0.0.%u\n", "", 64, "too many clients"},
	{DYN, " port %u\n", "", 8, "too many ports"},
	{"aaa attribute list L\n", " attribute type t v%u\n", "", 64, "too many attributes"},
};

static struct snapshot *repeated(const struct limit *l, unsigned n)
{
	char text[8192];
	size_t len = (size_t)snprintf(text, sizeof(text), "%s", l->head);
	for (unsigned i = 1; i <= n; i++) {
		const char *number = strchr(l->line, '%');
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%.*s%u%s", (int)(number - l->line), l->line, i,
			number + 2);
	}
	snprintf(text + len, sizeof(text) - len, "%s", l->tail);
	return conf(text);
}

static void counted(void)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		T_ROW(i, limits[i].line);
		struct snapshot *s = repeated(&limits[i], limits[i].most);
		T_TRUE(s != NULL);
		snapshot_unref(s);
		T_TRUE(repeated(&limits[i], limits[i].most + 1) == NULL);
		T_EQ(report.errors, 1);
		T_TRUE(strstr(first_of(CONF_ERROR)->text, limits[i].says) != NULL);
	}
	T_EQ(mem_live(), 0);
}

/* User-Password holds 128 bytes (RFC 2865 section 5.2). */
static void passwords(void)
{
	static const char *const heads[] = {"sallyport aaa authorization-password 0 ", P " keyring aaa L password 0 "};
	char text[512];
	for (size_t i = 0; i < 2; i++)
		for (int len = 128; len <= 129; len++) {
			T_ROW((size_t)len, heads[i]);
			snprintf(text, sizeof(text), "%s%0*d\n", heads[i], len, 7);
			struct snapshot *s = conf(text);
			T_EQ(s != NULL, len == 128);
			T_EQ(report.errors, len == 129);
			T_TRUE(s || said("at most 128 bytes"));
			snapshot_unref(s);
		}
}

/* ---- warnings ---- */

struct warned {
	const char *text;
	uint32_t line;
	const char *says; /* beside that it is not in force */
};

#define SERVER R " address ipv4 10.0.0.1\n key x\n"
#define GROUP  SERVER G " server name R\n"
#define RADIUS GROUP "aaa authorization network N group G local\n"
#define OWN                                                                                                                      \
	"crypto pki trustpoint T\n revocation-check none\n sallyport ca-certificate ca.pem\n sallyport certificate t.pem\n"      \
	" sallyport private-key t.key\n"
#define TLS    OWN R " address ipv4 10.0.0.1\n"
#define PASS   "sallyport aaa authorization-password x\n"

static const struct warned warnings[] = {
	{SERVER, 0, NULL},
	{R " key x\n", 1, "without an address"},
	{R " address ipv4 10.0.0.1\n", 1, "without a key"},
	{R " address ipv4 10.0.0.1\nradius-server key x\n", 0, NULL},
	{SERVER " automate-tester probe-on\n", 0, NULL},
	{SERVER " automate-tester username x probe-on\n", 4, "only probe-on"},
	{SERVER " automate-tester username x\n", 4, "only probe-on"},
	{SERVER " non-standard\n", 4, "no meaning"},
	{SERVER " tls\n", 1, "by TLS without a trustpoint"},
	{TLS " tls trustpoint client T\n", 0, NULL},
	{TLS " tls trustpoint server T\n", 6, "without a certificate of ours"},
	{TLS " tls trustpoint client NOWHERE\n tls trustpoint server T\n", 8, "trustpoint that is not defined"},
	{TLS " tls trustpoint client T\n tls trustpoint server NOWHERE\n", 9, "trustpoint that is not defined"},
	{TLS " tls trustpoint client T\n address ipv4 10.0.0.1 auth-port 1645\n", 6, "by TLS there is one port"},
	{"crypto pki trustpoint T\n revocation-check none\n sallyport ca-certificate ca.pem\n" R
	 " address ipv4 10.0.0.1\n tls trustpoint client T\n", 6, "no certificate and key of ours"},
	{"radius-server host 10.0.0.1\n", 1, "without a key"},
	{"radius-server host 10.0.0.1 key x\n", 0, NULL},
	{"radius-server dead-criteria time 5\n", 1, "changes nothing here"},
	{"radius-server attribute 8 include-in-access-req\n", 1, "changes nothing here"},
	{"radius-server vsa send\n", 0, NULL},
	{"radius-server vsa send accounting\n", 0, NULL},
	{"radius-server vsa sender\n", 1, "changes nothing here"},
	{"radius-server vsa disallow unknown\n", 1, "changes nothing here"},
	{"radius-server unique-ident 4\n", 1, "no meaning"},
	{"radius-server load-balance method least-outstanding batch-size 25\n", 1, "no meaning"},
	{"ip radius source-interface lo0 vrf RED\ninterface Loopback0\n ip address 10.0.0.1 255.0.0.0\n", 1, "VRF that is not defined"},
	{"ip radius source-interface lo0\n", 1, "not defined here"},
	{"ip radius source-interface GigabitEthernet0/1\n", 1, "not defined here"},
	{"interface Loopback0\n ip address 10.0.0.1 255.0.0.0\nip radius source-interface lo0\n", 0, NULL},
	{"interface Loopback0\n ip address 10.0.0.1 255.0.0.0\nipv6 radius source-interface lo0\n", 3, "without an address"},
	{GROUP, 0, NULL},
	{G, 1, "group without a server"},
	{G " server name NO\n", 2, "RADIUS server that is not defined"},
	{G " server 10.0.0.1\n", 2, "radius-server host ADDRESS"},
	{G " server 10.0.0.1 auth-port 1645\nradius-server host 10.0.0.1 key x\n", 2, "not defined"},
	{G " server 10.0.0.1\nradius-server host 10.0.0.1 key x\n", 0, NULL},
	{G " server-private 10.0.0.1\n", 2, "without a key"},
	{G " server-private 10.0.0.1 key x\n", 0, NULL},
	{GROUP " ip vrf forwarding RED\n", 6, "VRF that is not defined"},
	{GROUP " ip vrf forwarding RED\nvrf definition RED\n", 0, NULL},
	{GROUP " ip radius source-interface lo0\n", 6, "not defined here"},
	{GROUP " ipv6 radius source-interface lo0\n", 6, "not defined here"},
	{GROUP " attribute nas-port format d\n", 6, "no meaning"},
	{RADIUS, 0, NULL},
	{"aaa authorization network N group NO\n", 1, "server group that is not defined"},
	{"aaa authentication login N group radius\n", 1, "no RADIUS server is configured"},
	{SERVER "aaa authentication login N group radius local\n", 0, NULL},
	{"aaa authentication login N group tacacs+ local\n", 1, "it is never asked"},
	{"aaa authentication login CON line none\n", 1, "it is never asked"},
	{"aaa accounting network N start-stop\n", 1, "nobody is told"},
	{"aaa accounting network N none\n", 0, NULL},
	{GROUP "aaa accounting network N start-stop group G\n", 0, NULL},
	{GROUP "aaa accounting network N\n group G\n", 6, "which records"},
	{"aaa accounting nested\n", 1, "no meaning"},
	{"aaa accounting delay-start\n", 0, NULL},
	{M, 1, "no rule"},
	{M " email all\n", 0, NULL},
	{"aaa attribute list L\n", 1, "without an attribute"},
	{"crypto ikev2 authorization policy A\n aaa attribute list NO\n", 2, "attribute list that is not defined"},
	{"crypto ikev2 authorization policy A\n aaa attribute list L\naaa attribute list L\n attribute type a b\n", 0, NULL},
	{DYN, 1, "nobody may send requests"},
	{DYN " client 10.0.0.1\n", 2, "client without a key"},
	{DYN " client 10.0.0.1\n server-key x\n", 0, NULL},
	{DYN " client 10.0.0.1 vrf RED server-key x\n", 2, "VRF that is not defined"},
	{DYN " client 10.0.0.1 server-key x vrf RED\n", 2, "write `vrf NAME` before it"},
	{"sallyport retention anonymize 90\n", 0, "changes nothing"},
	{"sallyport retention anonymize 89\n", 0, NULL},
	{"sallyport retention anonymize 90\nno sallyport retention days\n", 0, NULL},
};

static bool is_later(const struct conf_message *m)
{
	return strstr(m->text, "not in force in this version") != NULL;
}

static void warned(void)
{
	for (size_t i = 0; i < sizeof(warnings) / sizeof(warnings[0]); i++) {
		const struct warned *w = &warnings[i];
		size_t n = 0;
		T_ROW(i, w->text);
		struct snapshot *s = conf(w->text);
		T_TRUE(s != NULL);
		snapshot_unref(s);
		for (size_t k = 0; k < report.count; k++) {
			const struct conf_message *m = &report.msg[k];
			if (is_later(m))
				continue;
			n++;
			if (w->says && !strstr(m->text, w->says) && !strstr(m->hint, w->says))
				T_FAIL("said: %s '%s' (%s)", m->text, m->word, m->hint);
			T_EQ(m->line, w->line);
		}
		T_EQ(n, w->says ? 1 : 0);
	}
	T_EQ(mem_live(), 0);
}

/* R-AZN-12, R-AZN-13, R-MGL: what a profile needs of AAA. */
static const struct {
	const char *text;
	const char *says;
	bool is_said;
} needs[] = {
	{R " address ipv4 10.0.0.1\n key 7 0822\n", "another device has encrypted", true},
	{R " address ipv4 10.0.0.1\n key 7 0822\nradius-server key x\n", "without a key", true},
	{RADIUS P " aaa authorization group eap list N\n", "have no password", true},
	{RADIUS P " aaa authorization user cert list N U\n", "have no password", true},
	{RADIUS PASS P " aaa authorization group eap list N\n", "have no password", false},
	{RADIUS "sallyport aaa authorization-password 6 x\n" P " aaa authorization user eap list N\n", "have no password", true},
	{RADIUS "aaa authorization network default group G\n" P " aaa authorization user eap list NO\n", "have no password", true},
	{RADIUS P " aaa authorization user eap cached\n", "have no password", false},
	{RADIUS "aaa authorization network N local group G\n" P " aaa authorization group eap list N\n", "have no password", false},
	{RADIUS P " keyring aaa N\n", "have no password", true},
	{RADIUS P " keyring aaa N password x\n", "have no password", false},
	{RADIUS PASS P " keyring aaa N\n", "have no password", false},
	{RADIUS "aaa authorization network N local\n" PASS P " keyring aaa N\n", "keys come from RADIUS only", true},
	{RADIUS PASS P " keyring aaa N\n", "keys come from RADIUS only", false},
	{P " keyring aaa N name-mangler NO\n", "name mangler that is not defined", true},
	{P " aaa authorization user eap list N name-mangler NO\n", "name mangler that is not defined", true},
	{P " aaa authorization group eap list N name-mangler M\n" M " email all\n", "name mangler that is not defined", false},
	{GROUP L "group G local\n" EAP, "because they never rest", true},
	{GROUP L "group G group radius\n" EAP, "because they never rest", true},
	{GROUP L "group G\n" EAP, "because they never rest", false},
	{GROUP " deadtime 1\n" L "group G local\n" EAP, "because they never rest", false},
	{GROUP "radius-server deadtime 1\n" L "group G local\n" EAP, "because they never rest", false},
	{GROUP L "group G local\n", "because they never rest", false},
	{GROUP L "group G none\n" EAP, "`none` lets nobody in", true},
	{GROUP L "local none\n" EAP, "`none` lets nobody in", false},
	{GROUP L "local group G\n" EAP, "methods behind it are never asked", true},
	{GROUP L "group G local\n" EAP, "methods behind it are never asked", false},
	{GROUP "aaa authentication login default local none\n" EAP, "methods behind it are never asked", true},
	{GROUP L "local none\n", "methods behind it are never asked", false},
	{L "group tacacs+\n" EAP, "nobody can log in by EAP", true},
	{L "group G\n" EAP G, "nobody can log in by EAP", true},
	{L "none\n" EAP, "nobody can log in by EAP", true},
	{L "group tacacs+ local\n" EAP, "nobody can log in by EAP", false},
	{GROUP L "group radius\n" EAP, "nobody can log in by EAP", false},
	{P " reconnect\n authentication local rsa-sig\n authentication remote anyconnect-eap aggregate\n"
	   "crypto ikev2 reconnect key 1 active x\n",
		"no cluster reconnect", true},
	{P " reconnect\n authentication local rsa-sig\n authentication remote anyconnect-eap aggregate\n"
	   "crypto ikev2 reconnect key 1 x\n",
		"no cluster reconnect", false},
};

static void profiles_need(void)
{
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		T_ROW(i, needs[i].text);
		struct snapshot *s = conf(needs[i].text);
		T_TRUE(s != NULL);
		T_EQ(said(needs[i].says), needs[i].is_said);
		snapshot_unref(s);
	}
	T_EQ(mem_live(), 0);
}

/* ---- a reload ---- */

static const struct {
	const char *before, *after, *changes;
} reloads[] = {
	{GROUP, GROUP, ""},
	{SERVER GROUP DYN " port 5\n" M " email all\n", DYN " port 5\n" M " email all\n" GROUP SERVER, ""},
	{SERVER, R " address ipv4 10.0.0.1\n key y\n", "radius server R: key changed (live)"},
	{SERVER, R " address ipv4 10.0.0.1 acct-port 9\n key x\n retransmit 0\n",
		"radius server R: address changed (live); radius server R: retransmit changed (live)"},
	{SERVER, "", "radius server R removed (new sessions)"},
	{"radius-server host 10.0.0.1 key x\n", "radius-server host 10.0.0.1 key y\n",
		"radius server 10.0.0.1: key changed (live)"},
	{"radius-server key x\n", "radius-server key hex 78\n", "radius-server key changed (live)"},
	{"", "radius-server retransmit 0\nradius-server deadtime 1\n",
		"radius-server retransmit changed (live); radius-server deadtime changed (live)"},
	{G " server name A\n server name B\n", G " server name B\n server name A\n",
		"aaa group server radius G: server name changed (live)"},
	{G " server-private 10.0.0.1 key x\n", G " server-private 10.0.0.1 key y\n",
		"aaa group server radius G: server name changed (live)"},
	{"", DYN " client 10.0.0.1\n", "aaa server radius dynamic-author changed (live)"},
	{DYN " client 10.0.0.1 server-key x\n", DYN " client 10.0.0.1 server-key y\n",
		"aaa server radius dynamic-author changed (live)"},
	{"aaa authorization network N group G\n", "aaa authorization network N group G local\n",
		"aaa list N changed (new sessions)"},
	{"aaa accounting network N start-stop group G\n", "aaa accounting network N start-stop broadcast group G\n",
		"aaa list N changed (new sessions)"},
	{M " email all\n", M " email domain\n", "crypto ikev2 name-mangler M: email changed (new sessions)"},
	{"aaa attribute list L\n attribute type a b\n attribute type c d\n",
		"aaa attribute list L\n attribute type c d\n attribute type a b\n",
		"aaa attribute list L: attribute type changed (new sessions)"},
	{"crypto ikev2 reconnect key 1 x\n", "crypto ikev2 reconnect key 1 active x\n",
		"crypto ikev2 reconnect key changed (live)"},
	{"", "sallyport simultaneous-logins 2 refuse\n", "sallyport simultaneous-logins changed (new sessions)"},
	{"sallyport aaa authorization-password a\n", "sallyport aaa authorization-password b\n",
		"sallyport aaa authorization-password changed (new sessions)"},
	{"crypto ikev2 authorization policy A\n", "crypto ikev2 authorization policy A\n no sallyport simultaneous-logins\n",
		"crypto ikev2 authorization policy A: sallyport simultaneous-logins changed (new sessions)"},
};

static void reloaded(void)
{
	for (size_t i = 0; i < sizeof(reloads) / sizeof(reloads[0]); i++) {
		struct conf_diff d;
		char got[512] = "", one[256];
		T_ROW(i, reloads[i].after);
		struct snapshot *a = conf(reloads[i].before), *b = conf(reloads[i].after);
		T_TRUE(a && b);
		T_EQ(conf_diff(a, b, &d), ST_OK);
		for (size_t k = 0; k < d.n; k++) {
			conf_change_format(one, sizeof(one), &d.v[k]);
			strcat(got, k ? "; " : "");
			strcat(got, one);
		}
		T_STR(got, reloads[i].changes);
		T_EQ(snapshot_equal(a, b), !reloads[i].changes[0]);
		T_TRUE(!d.restart);
		conf_diff_fini(&d);
		snapshot_unref(a);
		snapshot_unref(b);
	}
	T_EQ(mem_live(), 0);
}

int main(void)
{
	T_RUN(refused);
	T_RUN(reconnect_allowed);
	T_RUN(counted);
	T_RUN(passwords);
	T_RUN(warned);
	T_RUN(profiles_need);
	T_RUN(reloaded);
	return t_end();
}
