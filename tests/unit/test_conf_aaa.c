/* The rows of AAA: what they mean, what is printed, `no` and `default`; and that what is printed means the
 * same again. */
#include "core/conf/aaa.h"
#include "tests/unit/conf_lib.h"

/* `show running-config` without the lines that are always there. */
static void shown(const struct snapshot *s, char *out, size_t cap)
{
	char *text = text_of(s, CONF_SHOW), *save = NULL;
	size_t n = 0;
	out[0] = 0;
	T_TRUE(text != NULL);
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (strcmp(l, "!") != 0 && strcmp(l, "end") != 0)
			n += (size_t)snprintf(out + n, cap - n, "%s\n", l);
	mem_free(text);
}

static void comes_back(const struct snapshot *s)
{
	static const unsigned flags[] = {CONF_SECRETS, CONF_SECRETS | CONF_ALL};
	for (size_t i = 0; i < 2; i++) {
		char *text = text_of(s, flags[i]);
		T_TRUE(text != NULL);
		struct snapshot *again = conf(text);
		T_TRUE(again != NULL);
		T_TRUE(snapshot_equal(s, again));
		snapshot_unref(again);
		mem_free_secret(text, strlen(text) + 1);
	}
}

struct printed {
	const char *in;
	const char *out; /* NULL: as it was written */
};

#define R     "radius server R\n"
#define G     "aaa group server radius G\n"
#define DYN   "aaa server radius dynamic-author\n"
#define M     "crypto ikev2 name-mangler M\n"
#define L     "aaa attribute list L\n"
#define AUTHZ "crypto ikev2 authorization policy A\n"
#define SLOW "policy-map SLOW\n class class-default\n  police cir 1000000 conform-action transmit exceed-action drop\n"

static const struct printed servers[] = {
	{R " exit\n", NULL},
	{R " address ipv4 10.0.0.8\n", NULL},
	{R " address ipv4 10.0.0.8 auth-port 1812 acct-port 1813\n", R " address ipv4 10.0.0.8\n"},
	{R " address ipv4 10.0.0.8 auth-port 1645 acct-port 1646\n", NULL},
	{R " address ipv4 10.0.0.8 acct-port 65535\n", NULL},
	{R " address ipv4 10.0.0.8 auth-port 1\n", NULL},
	{R " address ipv6 2001:DB8::0:8\n", R " address ipv6 2001:db8::8\n"},
	{R " address ipv4 a.example\n address ipv6 b.example\n", R " address ipv6 b.example\n"},
	{R " address ipv4 10.0.0.8 auth-port 1\n no address\n", R " exit\n"},
	{R " addr ipv4 10.0.0.8 auth 1645 acct 1646\n", R " address ipv4 10.0.0.8 auth-port 1645 acct-port 1646\n"},
	{R " key S3C\n", R " key <hidden>\n"},
	{R " key 6 S3C\n key hex 533343\n", R " key <hidden>\n"},
	{R " key S3C\n no key\n", R " exit\n"},
	{R " timeout 1\n retransmit 0\n", NULL},
	{R " timeout 1000\n retransmit 100\n", NULL},
	{R " timeout 5\n retransmit 3\n no timeout\n default retransmit\n", R " exit\n"},
	{R " automate-tester username x  probe-on\n", NULL},
	{R " automate-tester username x\n no automate-tester\n", R " exit\n"},
	{R " sallyport require-message-authenticator no\n", NULL},
	{R " sallyport require-message-authenticator yes\n", R " exit\n"},
	{R " sallyport require-message-authenticator no\n no sallyport require-message-authenticator\n", R " exit\n"},
	{R " sallyport source 10.0.0.1\n", NULL},
	{R " sallyport source 10.0.0.1\n no sallyport source\n", R " exit\n"},
	{R " tls\n", NULL},
	{R " tls port 2083\n", R " tls\n"},
	{R " tls\n tls port 2084\n tls trustpoint client HQ\n tls trustpoint server CA\n"
	   " tls match-server-identity hostname radius.example\n tls connectiontimeout 9\n tls idletimeout 120\n"
	   " tls watchdoginterval 0\n tls retries 0\n", NULL},
	{R " tls match-server-identity ip-address 2001:db8::8\n", R " tls\n tls match-server-identity ip-address 2001:db8::8\n"},
	{R " tls match-server-identity email-address a@b.example\n no tls match-server-identity\n", R " tls\n"},
	{R " tls trustpoint client HQ\n tls watchdoginterval 9\n no tls trustpoint client\n no tls watchdoginterval\n",
		R " tls\n"},
	{R " tls port 9\n tls trustpoint client HQ\n no tls\n", R " exit\n"},
	{R " tls port 9\n default tls port\n", R " tls\n"},
	{R "radius server S\n timeout 9\nno radius server R\n", "radius server S\n timeout 9\n"},
	{R " timeout 9\n" R " retransmit 1\n", R " timeout 9\n retransmit 1\n"},
	{"radius-server host 10.0.0.8\n", NULL},
	{"radius-server host 10.0.0.8 auth-port 1812 acct-port 1813 key S3C\n", "radius-server host 10.0.0.8 key <hidden>\n"},
	{"radius-server host 10.0.0.8 auth-port 1645 acct-port 1646 timeout 1000 retransmit 0\n", NULL},
	{"radius-server host 2001:db8::8 auth-port 1645\nradius-server host a.example\n", NULL},
	{"radius-server host 10.0.0.8 auth-port 1645\nradius-server host 10.0.0.8\n"
	 "radius-server host 10.0.0.8 auth-port 1645 timeout 2\n",
		"radius-server host 10.0.0.8\nradius-server host 10.0.0.8 auth-port 1645 timeout 2\n"},
	{"radius-server host 10.0.0.8 auth-port 1645\nradius-server host 10.0.0.8\n"
	 "no radius-server host 10.0.0.8 auth-port 1812\n",
		"radius-server host 10.0.0.8 auth-port 1645\n"},
	{"radius-server host 10.0.0.8 auth-port 1645\nradius-server host 10.0.0.8\nno radius-server host 10.0.0.8\n", ""},
	{"radius-server host 10.0.0.8\nradius-server host 10.0.0.9\n" R " timeout 2\nno radius-server host\n",
		R " timeout 2\n"},
	{"radius-server host 10.0.0.8\nno radius server 10.0.0.8\n", "radius-server host 10.0.0.8\n"},
	/* Named ones come first, in whatever order they were written. */
	{"radius-server host 10.0.0.8\n" R " timeout 2\nradius server S\n timeout 3\n",
		R " timeout 2\nradius server S\n timeout 3\nradius-server host 10.0.0.8\n"},
	{"radius-server key S3C\n", "radius-server key <hidden>\n"},
	{"radius-server key S3C\nno radius-server key\n", ""},
	{"radius-server timeout 5\nradius-server retransmit 3\n", ""},
	{"radius-server timeout 1\nradius-server retransmit 0\nradius-server deadtime 1440\n", NULL},
	{"radius-server timeout 1\nno radius-server timeout\nradius-server deadtime 1\nno radius-server deadtime\n", ""},
	{"radius-server load-balance method least-outstanding batch-size 5 ignore-preferred-server\n",
		"radius-server load-balance method least-outstanding\n"},
	{"radius-server load-balance method least-outstanding\nno radius-server load-balance method least-outstanding\n", ""},
	{"radius-server dead-criteria time 5 tries 3\nradius-server attribute 8 include-in-access-req\n"
	 "radius-server attribute 6 on-for-login-auth\nradius-server vsa send accounting\n",
		NULL},
	{"radius-server vsa send\nno radius-server vsa send\n", ""},
	{"radius-server deadtime 5\nradius-server deadtime 0\n", ""},
	/* A block that matters to a router only: its first word is that of a line here. */
	{R " key x\n timeout 2\nkey chain K\n key 1\n  key-string y\n", R " key <hidden>\n timeout 2\n"},
	{"radius-server unique-ident 5\nradius-server source-ports extended\n", ""},
	{"ipv6 radius source-interface lo1\nip radius source-interface lo 0\nip radius source-interface lo2 vrf RED\n",
		"ip radius source-interface Loopback0\nip radius source-interface Loopback2 vrf RED\n"
		"ipv6 radius source-interface Loopback1\n"},
	{"ip radius source-interface lo0\nip radius source-interface lo1\n", "ip radius source-interface Loopback1\n"},
	{"ip radius source-interface lo0\nipv6 radius source-interface lo0\nno ip radius source-interface\n",
		"ipv6 radius source-interface Loopback0\n"},
	{"ip radius source-interface lo0 vrf RED\nno ip radius source-interface lo0\n",
		"ip radius source-interface Loopback0 vrf RED\n"},
};

static const struct printed groups[] = {
	{G " exit\n", NULL},
	{G " server name B\n server-private 10.0.0.9 timeout 4 retransmit 0 key S3C\n server 10.0.0.8 acct-port 1813\n"
	   " server name A\n server-private 2001:db8::9 auth-port 1645\n",
		G " server name B\n server-private 10.0.0.9 timeout 4 retransmit 0 key <hidden>\n"
		  " server 10.0.0.8 acct-port 1813\n server name A\n server-private 2001:db8::9 auth-port 1645\n"},
	{G " server name A\n server name B\n server name A\n", G " server name A\n server name B\n"},
	{G " server name A\n server name B\n no server name A\n", G " server name B\n"},
	{G " server name A\n server 10.0.0.1\n no server name\n", G " server 10.0.0.1\n"},
	{G " server 10.0.0.1\n server 10.0.0.1 auth-port 1645\n no server 10.0.0.1\n",
		G " server 10.0.0.1 auth-port 1645\n"},
	{G " server-private 10.0.0.1 key a\n server-private 10.0.0.1 timeout 2\n", G " server-private 10.0.0.1 timeout 2\n"},
	{G " server-private 10.0.0.1 key a\n no server-private 10.0.0.1\n", G " exit\n"},
	{G " ip vrf forwarding RED\n ip radius source-interface lo 0\n ipv6 radius source-interface Loopback1\n"
	   " deadtime 1440\n load-balance method least-outstanding ignore-preferred-server\n",
		G " ip vrf forwarding RED\n ip radius source-interface Loopback0\n ipv6 radius source-interface Loopback1\n"
		  " deadtime 1440\n load-balance method least-outstanding\n"},
	{G " ip vrf forwarding RED\n deadtime 2\n no ip vrf forwarding\n no deadtime\n", G " exit\n"},
	{G " server name A\nno aaa group server radius G\n", ""},
	{G " attribute nas-port format d\n throttle access 5\n server name A\n", G " server name A\n"},
};

static const struct printed lists[] = {
	{"aaa authentication login A local\n", NULL},
	{"aaa authentication login A group radius group G local none\n", NULL},
	{"aaa authentication login A group \"two words\"\n", NULL},
	{"aaa authentication login A local-case enable line\n", "aaa authentication login A local enable line\n"},
	{"aaa authen login A non gr G\n", "aaa authentication login A none group G\n"},
	{"aaa authorization network A group G if-authenticated\n", NULL},
	{"aaa authorization network A local\naaa authentication login A local\n",
		"aaa authentication login A local\naaa authorization network A local\n"},
	{"aaa authorization network A local\naaa authorization network A group G\n", "aaa authorization network A group G\n"},
	{"aaa authorization network A local\nno aaa authorization network A\n", ""},
	{"aaa accounting network A start-stop group G\n", NULL},
	{"aaa accounting network A stop-only broadcast group G group radius\n", NULL},
	{"aaa accounting network A none\n", NULL},
	{"aaa accounting network A start-stop group G\nno aaa accounting network A\n", ""},
	{"aaa accounting network A\n action-type start-stop\n broadcast\n group G\n group H\n",
		"aaa accounting network A start-stop broadcast group G group H\n"},
	{"aaa accounting network A\naction-type stop-only\ngroup G\nhostname h\n",
		"hostname h\naaa accounting network A stop-only group G\n"},
	{"aaa accounting network A\n action-type none\n group G\n group H\n no group G\n no action-type\n",
		"aaa accounting network A group H\n"},
	{"aaa accounting network A\n group G\n no group\n", "aaa accounting network A\n"},
	{"aaa accounting network A start-stop group G\naaa accounting network A\n group H\n",
		"aaa accounting network A start-stop group G group H\n"},
	{"aaa accounting update newinfo\n", NULL},
	{"aaa accounting update periodic 1\n", NULL},
	{"aaa accounting update newinfo periodic 525600\n", NULL},
	{"aaa accounting update newinfo periodic 5\nno aaa accounting update\n", ""},
	{"aaa accounting delay-start\naaa accounting delay-start all-vrfs\naaa accounting nested\n", ""},
};

static const struct printed others[] = {
	{M " exit\n", NULL},
	{M " dn common-name\n eap all\n email all\n fqdn all\n", NULL},
	{M " dn organization\n", NULL},
	{M " dn organization-unit\n eap dn country\n email domain\n fqdn domain\n", NULL},
	{M " dn state\n eap prefix delimiter \\\n email username\n fqdn hostname\n", NULL},
	{M " eap suffix delimiter @\n", NULL},
	{M " eap prefix delimiter .\n", NULL},
	{M " eap prefix delimiter @\n eap dn domain\n", M " eap dn domain\n"}, /* one rule for a type */
	{M " dn locality\n eap all\n email all\n fqdn all\n no dn\n no eap\n no email\n default fqdn\n", M " exit\n"},
	{M " dn locality\nno crypto ikev2 name-mangler M\n", ""},
	{L " exit\n", NULL},
	{L " attribute type interface-config \"ip mtu 1100\"\n attribute type b c service ppp protocol ip\n"
	   " attribute type interface-config \"ip mtu 1200\"\n",
		NULL},
	{L " attribute type a b\n attribute type a b\n attribute type a b service x\n",
		L " attribute type a b\n attribute type a b service x\n"},
	{L " attribute type a b\n attribute type a c\n attribute type d e\n no attribute type a c\n",
		L " attribute type a b\n attribute type d e\n"},
	{L " attribute type a b\n attribute type a c\n attribute type d e\n no attribute type a\n", L " attribute type d e\n"},
	{L " attribute type a b\n no attribute type\n", L " exit\n"},
	{DYN " exit\n", NULL},
	{DYN " client 10.0.0.7\n client 2001:db8::7 vrf RED server-key S3C vrf\n client a.example server-key hex 61\n",
		DYN " client 10.0.0.7\n client 2001:db8::7 vrf RED server-key <hidden>\n client a.example server-key <hidden>\n"},
	{DYN " client 10.0.0.7 server-key a\n client 10.0.0.7\n client 10.0.0.7 vrf RED\n",
		DYN " client 10.0.0.7\n client 10.0.0.7 vrf RED\n"},
	{DYN " client 10.0.0.7\n client 10.0.0.7 vrf RED\n no client 10.0.0.7\n", DYN " client 10.0.0.7 vrf RED\n"},
	{DYN " client 10.0.0.7\n no client\n", DYN " exit\n"},
	{DYN " server-key 0 S3C\n", DYN " server-key <hidden>\n"},
	{DYN " port 1812\n port 1\n port 65535\n port 1812\n", DYN " port 1\n port 65535\n port 1812\n"},
	{DYN " port 1\n port 2\n no port 1\n", DYN " port 2\n"},
	{DYN " port 1\n no port\n", DYN " exit\n"},
	{DYN " auth-type any\n", NULL},
	{DYN " auth-type session-key\n ignore session-key\n", NULL},
	{DYN " auth-type all\n ignore session-key\n no ignore session-key\n no ignore server-key\n", DYN " exit\n"},
	{DYN " sallyport nak-unknown 404\n sallyport event-timestamp require\n sallyport event-timestamp window 1\n", NULL},
	{DYN " sallyport event-timestamp window 86400\n", NULL},
	{DYN " sallyport reauthentication 10\n", NULL},
	{DYN " sallyport reauthentication 60\n", DYN " exit\n"},
	{DYN " sallyport reauthentication 600\n no sallyport reauthentication\n", DYN " exit\n"},
	{DYN " sallyport event-timestamp window 300\n", DYN " exit\n"},
	{DYN " sallyport event-timestamp require\n sallyport event-timestamp window 9\n no sallyport event-timestamp require\n",
		DYN " sallyport event-timestamp window 9\n"},
	{DYN " sallyport event-timestamp require\n sallyport event-timestamp window 9\n default sallyport event-timestamp\n",
		DYN " exit\n"},
	{DYN " port 1\nno aaa server radius dynamic-author\n" DYN " port 2\n", DYN " port 2\n"},
	{DYN " port 1\nno aaa server radius dynamic-author\n", ""},
	{"sallyport aaa authorization-password S3C\n", "sallyport aaa authorization-password <hidden>\n"},
	{"sallyport aaa authorization-password 0 cisco\nno sallyport aaa authorization-password\n", ""},
	{"sallyport simultaneous-logins 1\n", NULL},
	{"sallyport simultaneous-logins 1000000 refuse\n", NULL},
	{"sallyport simultaneous-logins 2 refuse\nsallyport simultaneous-logins 2\n", "sallyport simultaneous-logins 2\n"},
	{"sallyport simultaneous-logins 2 refuse\nno sallyport simultaneous-logins\n", ""},
	{"sallyport retention anonymize 1\n", NULL},
	{"sallyport retention anonymize 36500\nno sallyport retention anonymize\n", ""},
	{AUTHZ " sallyport idle-timeout 60\n sallyport disconnected-timeout 60\n sallyport simultaneous-logins 1 refuse\n", NULL},
	{SLOW AUTHZ " sallyport quota input 1 kilobytes per session action disconnect\n"
	       " sallyport quota total 4294967295 gigabytes per month action service-policy SLOW\n", NULL},
	{AUTHZ " sallyport quota total 5 gigabytes\n", AUTHZ " sallyport quota total 5 gigabytes per session action disconnect\n"},
	{AUTHZ " sallyport quota total 5 gigabytes per day\n sallyport quota total 6 megabytes per day\n"
	       " sallyport quota total 1 megabytes\n no sallyport quota total 1 megabytes\n",
		AUTHZ " sallyport quota total 6 megabytes per day action disconnect\n"},
	{AUTHZ " sallyport quota total 5 gigabytes per day\n sallyport quota total 6 megabytes\n sallyport quota input 1 kilobytes\n"
	       " no sallyport quota total\n", AUTHZ " sallyport quota input 1 kilobytes per session action disconnect\n"},
	{AUTHZ " sallyport quota input 5 gigabytes per week\n sallyport quota total 6 megabytes per day\n no sallyport quota\n", AUTHZ " exit\n"},
	{AUTHZ " sallyport idle-timeout 86400\n sallyport disconnected-timeout 604800\n no sallyport simultaneous-logins\n", NULL},
	{AUTHZ " sallyport idle-timeout 60\n sallyport disconnected-timeout 60\n no sallyport simultaneous-logins\n"
	       " no sallyport idle-timeout\n no sallyport disconnected-timeout\n default sallyport simultaneous-logins\n",
		AUTHZ " exit\n"},
	{"crypto ikev2 reconnect key 1 S3C\ncrypto ikev2 reconnect key 2 active S3C\n",
		"crypto ikev2 reconnect key 1 <hidden>\ncrypto ikev2 reconnect key 2 active <hidden>\n"},
	{"crypto ikev2 reconnect key active 1 S3C\n", "crypto ikev2 reconnect key 1 active <hidden>\n"}, /* X-08 */
	{"crypto ikev2 reconnect key 1 active a\ncrypto ikev2 reconnect key 2 b\nno crypto ikev2 reconnect key 1\n"
	 "crypto ikev2 reconnect key 2 active b\n",
		"crypto ikev2 reconnect key 2 active <hidden>\n"},
	{"crypto ikev2 reconnect key 1 active a\ncrypto ikev2 reconnect key 2 b\nno crypto ikev2 reconnect key\n", ""},
};

static void rows_of(const struct printed *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char out[2048];
		T_ROW(i, rows[i].in);
		struct snapshot *s = conf(rows[i].in);
		T_TRUE(s != NULL);
		T_DO(shown(s, out, sizeof(out)));
		T_STR(out, rows[i].out ? rows[i].out : rows[i].in);
		T_TRUE(strstr(out, "S3C") == NULL);
		T_DO(comes_back(s));
		snapshot_unref(s);
	}
	T_EQ(mem_live(), 0);
}

#define ROWS(table) rows_of(table, sizeof(table) / sizeof((table)[0]))

static void printed_servers(void)
{
	ROWS(servers);
}

static void printed_groups(void)
{
	ROWS(groups);
}

static void printed_lists(void)
{
	ROWS(lists);
}

static void printed_others(void)
{
	ROWS(others);
}

/* ---- values ---- */

static bool is_text(const struct secret *s, const char *text)
{
	return s->form == SECRET_PLAIN && s->len == strlen(text) && memcmp(s->bytes, text, s->len) == 0;
}

static void defaults(void)
{
	struct snapshot *s = conf(R DYN);
	T_TRUE(s != NULL);
	const struct radius_server *r = snapshot_radius_server(s, "R");
	T_TRUE(r && !r->is_host && !r->host && !r->addr.family && !r->key.form && !r->probe && !r->trusts_unsigned);
	T_TRUE(r->auth_port == 1812 && r->acct_port == 1813 && r->timeout_s == INHERIT && r->retransmit == INHERIT);
	T_TRUE(s->radius.timeout_s == 5 && s->radius.retransmit == 3 && s->radius.deadtime_min == 0 && !s->radius.balances);
	T_TRUE(s->dynauth.on && s->dynauth.match == DYNAUTH_ALL && s->dynauth.timestamp_window_s == 300 && s->dynauth.reauth_s == 60 && !s->dynauth.ports[0]);
	T_TRUE(!s->dynauth.nak_404 && !s->dynauth.requires_timestamp && !s->dynauth.ignores_session_key);
	T_TRUE(s->own.simultaneous_logins == 0 && s->own.anonymize_days == 0 && !s->aaa.authorization_password.form);
	T_TRUE(snapshot_authz(s, "default")->simultaneous_logins == 0 && !snapshot_authz(s, "default")->modified);
	snapshot_unref(s);
	s = conf("");
	T_TRUE(s && !s->dynauth.on && !s->dynauth.timestamp_window_s && !snapshot_radius_server(s, "R"));
	snapshot_unref(s);
}

static void server_values(void)
{
	struct snapshot *s = conf(R " address ipv6 r.example auth-port 1 acct-port 2\n key a b\n timeout 7\n retransmit 0\n"
				    " automate-tester username u probe-on idle-time 5\n sallyport source 2001:db8::1\n"
				    " sallyport require-message-authenticator no\n"
				    "radius server S\n address ipv4 10.0.0.8\n automate-tester username probe-on-not\n"
				    "radius-server host 10.0.0.8 auth-port 1645\nradius-server host 2001:db8::8 auth-port 1645\n"
				    "radius-server host 10.0.0.9\nradius-server key 0 all\n");
	T_TRUE(s != NULL);
	T_EQ(s->radius_server_count, 5);
	const struct radius_server *r = snapshot_radius_server(s, "R");
	T_TRUE(r->family == 6 && !r->addr.family && r->auth_port == 1 && r->acct_port == 2 && r->timeout_s == 7);
	T_TRUE(r->retransmit == 0 && r->probe && r->trusts_unsigned && r->source.family == 6);
	T_STR(r->host, "r.example");
	T_TRUE(is_text(aaa_server_key(s, r), "a b"));
	r = snapshot_radius_server(s, "S");
	T_TRUE(r->family == 0 && addr_eq(&r->addr, &(struct addr){4, {10, 0, 0, 8}}) && !r->probe);
	T_TRUE(is_text(aaa_server_key(s, r), "all"));
	T_TRUE(snapshot_radius_server(s, "10.0.0.8") == NULL);
	T_TRUE(snapshot_radius_server(s, "10.0.0.8:1645")->is_host);
	T_TRUE(snapshot_radius_server(s, "[2001:db8::8]:1645")->addr.family == 6);
	T_EQ(snapshot_radius_server(s, "10.0.0.9")->auth_port, 1812);
	snapshot_unref(s);
	s = conf(R " key 6 sealed\nradius-server key all\n"); /* not the one of all instead */
	T_TRUE(aaa_server_key(s, snapshot_radius_server(s, "R")) == NULL);
	snapshot_unref(s);
}

static void group_values(void)
{
	struct snapshot *s = conf(G " server name R\n server 10.0.0.8\n server 10.0.0.8 acct-port 1646\n server 10.0.0.8 auth-port 7\n"
				    " server-private 10.0.0.8 auth-port 7 key mine\n server name NO\n"
				    R "radius-server host 10.0.0.8 auth-port 1645 acct-port 1646\nradius-server host 10.0.0.8\n");
	T_TRUE(s != NULL);
	const struct aaa_group *g = snapshot_aaa_group(s, "G");
	T_TRUE(g && g->member_count == 6 && !snapshot_aaa_group(s, "radius"));
	T_TRUE(aaa_member_server(s, &g->members[0]) == snapshot_radius_server(s, "R"));
	T_TRUE(aaa_member_server(s, &g->members[1]) == snapshot_radius_server(s, "10.0.0.8:1645")); /* the first */
	T_TRUE(aaa_member_server(s, &g->members[2]) == snapshot_radius_server(s, "10.0.0.8:1645"));
	T_TRUE(aaa_member_server(s, &g->members[3]) == NULL);
	const struct radius_server *r = aaa_member_server(s, &g->members[4]);
	T_TRUE(r && is_text(&r->key, "mine") && r->auth_port == 7 && r->acct_port == 1813 && !r->is_host);
	T_STR(r->name, "10.0.0.8:7");
	T_TRUE(aaa_member_server(s, &g->members[5]) == NULL);
	snapshot_unref(s);
}

static void list_values(void)
{
	struct snapshot *s = conf("aaa authorization network A if-authenticated group G local\n"
				  "aaa authorization network B none group G\naaa authorization network default group radius\n"
				  "aaa accounting network A\n action-type stop-only\n group G\n");
	T_TRUE(s != NULL);
	const struct aaa_list *a = snapshot_aaa_list(s, AAA_AUTHOR_NETWORK, "A");
	T_EQ(a->methods.n, 3);
	T_STR(a->methods.v[0], "if-authenticated");
	T_STR(a->methods.v[1], "group G");
	T_STR(aaa_method_group(a->methods.v[1]), "G");
	T_TRUE(!aaa_method_group("local") && !aaa_method_group("group") && !aaa_method_group("group "));
	T_TRUE(aaa_list_asks_radius(a));
	T_TRUE(!aaa_list_asks_radius(snapshot_aaa_list(s, AAA_AUTHOR_NETWORK, "B")));
	T_TRUE(!aaa_list_asks_radius(NULL));
	T_STR(aaa_list_used(s, AAA_AUTHOR_NETWORK, "NO")->name, "default");
	T_TRUE(aaa_list_used(s, AAA_AUTHEN_LOGIN, "NO") == NULL);
	T_STR(snapshot_aaa_list(s, AAA_ACCT_NETWORK, "A")->acct_mode, "stop-only");
	T_TRUE(!snapshot_aaa_list(s, AAA_ACCT_NETWORK, "A")->broadcast);
	snapshot_unref(s);
}

static void other_values(void)
{
	struct snapshot *s = conf(M " dn state\n eap suffix delimiter \\\n email username\n fqdn domain\n"
				    "crypto ikev2 name-mangler N\n eap dn organization-unit\n email domain\n fqdn hostname\n"
				  L " attribute type t \"v w\" service s protocol p\n"
				  DYN " client 10.0.0.7 server-key own\n client 10.0.0.8\n server-key all\n auth-type any\n port 9\n"
				  AUTHZ " sallyport simultaneous-logins 4 refuse\n"
				  "crypto ikev2 authorization policy B\n no sallyport simultaneous-logins\n"
				  "crypto ikev2 reconnect key active 2 k\n");
	T_TRUE(s != NULL);
	const struct name_mangler *m = snapshot_mangler(s, "M"), *n = snapshot_mangler(s, "N");
	T_TRUE(m->dn == MANGLE_STATE && m->eap == MANGLE_SUFFIX && m->eap_delimiter == '\\' && !m->eap_dn);
	T_TRUE(m->email == MANGLE_FIRST_PART && m->fqdn == MANGLE_DOMAIN_PART);
	T_TRUE(!n->dn && n->eap == MANGLE_DN && n->eap_dn == MANGLE_ORGANIZATION_UNIT && !n->eap_delimiter);
	T_TRUE(n->email == MANGLE_DOMAIN_PART && n->fqdn == MANGLE_FIRST_PART);
	const struct attribute_list *l = snapshot_attribute_list(s, "L");
	T_EQ(l->attribute_count, 1);
	T_STR(l->attributes[0].value, "v w");
	T_STR(l->attributes[0].service, "s");
	T_STR(l->attributes[0].protocol, "p");
	const struct dynauth *d = &s->dynauth;
	T_TRUE(d->match == DYNAUTH_ANY && d->ports[0] == 9 && !d->ports[1]);
	T_TRUE(is_text(aaa_dynauth_key(d, &d->clients[0]), "own") && is_text(aaa_dynauth_key(d, &d->clients[1]), "all"));
	T_TRUE(snapshot_authz(s, "A")->simultaneous_logins == 4 && snapshot_authz(s, "A")->simultaneous_refuse);
	T_TRUE(snapshot_authz(s, "B")->simultaneous_logins == SIMULTANEOUS_ANY);
	T_TRUE(!s->ike.reconnect_keys[0].key.form && s->ike.reconnect_keys[1].active);
	T_TRUE(is_text(&s->ike.reconnect_keys[1].key, "k"));
	snapshot_unref(s);
	T_EQ(mem_live(), 0);
}

/* Without indentation, as some paste it. */
static void unindented(void)
{
	static const char text[] =
		"radius server R\naddress ipv4 10.0.0.8 auth-port 1645 acct-port 1646\nkey S3C ret\n!\n"
		"aaa group server radius G\nserver name R\nserver-private 10.0.0.9 key S3C\nip vrf forwarding RED\n"
		"ip radius source-interface lo0\ndeadtime 5\n!\naaa accounting network A\naction-type start-stop\ngroup G\n!\n"
		"aaa server radius dynamic-author\nclient 10.0.0.7 server-key S3C\nport 1812\nauth-type any\n!\n"
		"crypto ikev2 name-mangler M\neap suffix delimiter @\nfqdn domain\nhostname h\n";
	struct snapshot *s = conf(text), *t = conf(R " address ipv4 10.0.0.8 auth-port 1645 acct-port 1646\n key S3C ret\n"
		G " server name R\n server-private 10.0.0.9 key S3C\n ip vrf forwarding RED\n"
		" ip radius source-interface Loopback0\n deadtime 5\naaa accounting network A start-stop group G\n"
		DYN " client 10.0.0.7 server-key S3C\n port 1812\n auth-type any\n" M " eap suffix delimiter @\n fqdn domain\n"
		"hostname h\n");
	T_TRUE(s && t);
	T_TRUE(snapshot_equal(s, t));
	snapshot_unref(s);
	snapshot_unref(t);
}

int main(void)
{
	T_RUN(unindented);
	T_RUN(printed_servers);
	T_RUN(printed_groups);
	T_RUN(printed_lists);
	T_RUN(printed_others);
	T_RUN(defaults);
	T_RUN(server_values);
	T_RUN(group_values);
	T_RUN(list_values);
	T_RUN(other_values);
	return t_end();
}
