/* What one source gives: an authorization policy, the attributes of a packet. */
#include "core/conf/snapshot.h"
#include "tests/unit/aaa_lab.h"
#include "tests/unit/session_lab.h"

/* ---- authorization policies ------------------------------------------------------------------- */

static void a_whole_policy(void)
{
	static const struct {
		enum aaa_item item;
		const char *want;
	} rows[] = {
		{AV_POOL4, "P"}, {AV_POOL6, "P6"}, {AV_DNS4, "10.0.0.53 10.0.0.54"}, {AV_DNS6, "2001:db8::53"},
		{AV_WINS, "10.0.0.1"}, {AV_MASK4, "24"}, {AV_DOMAIN, "corp.example"}, {AV_BANNER, "Hello"},
		{AV_SPLIT_DNS, "a.example,b.example"}, {AV_BACKUP, "192.0.2.7"}, {AV_CONFIG_URL, "http://c.example"},
		{AV_CONFIG_VERSION, "2.4"}, {AV_LOCAL_LAN, "1"}, {AV_PFS, "1"}, {AV_SMARTCARD, "1"}, {AV_FLOW_LIMIT, "0"},
		{AV_LIFETIME, "7200"}, {AV_DHCP_SERVER, "dhcp.example"}, {AV_DHCP_GIADDR, "10.0.0.2"},
		{AV_DHCP_TIMEOUT, "5"}, {AV_ROUTE_INTERFACE, "Loopback1"}, {AV_ROUTE_LISTS4, "L1 99"},
		{AV_ROUTE_LISTS6, "L6"}, {AV_REMOTES, "192.168.7.0/24 2001:db8:7::/48"}, {AV_ROUTE_ACCEPT, "any 5 6"},
	};
	struct snapshot *c = lab_snapshot();
	struct authz_policy *a = lab_authz(c, "RA");
	struct aaa_set *s = aaa_set_new();
	char why[AAA_WHY];
	uint64_t want = 0;

	a->pool = lab_str(c, "P");
	a->pool6 = lab_str(c, "P6");
	a->dns[0] = lab_addr("10.0.0.53");
	a->dns[1] = lab_addr("10.0.0.54");
	a->dns6[0] = lab_addr("2001:db8::53");
	a->wins[0] = lab_addr("10.0.0.1");
	a->netmask = lab_addr("255.255.255.0");
	a->def_domain = lab_str(c, "corp.example");
	a->banner = lab_str(c, "Hello");
	lab_push_str(c, &a->split_dns, "a.example");
	lab_push_str(c, &a->split_dns, "b.example");
	lab_push_str(c, &a->backup_gateways, "192.0.2.7");
	a->config_url = lab_str(c, "http://c.example");
	a->config_version = lab_str(c, "2.4");
	a->include_local_lan = a->pfs = a->smartcard_disconnect = a->flow_limit_on = true;
	a->session_lifetime_s = 7200;
	a->dhcp_server = lab_str(c, "dhcp.example");
	a->dhcp_giaddr = lab_addr("10.0.0.2");
	a->dhcp_timeout_s = 5;
	a->route_set_interface = true;
	a->route_set_ifname = lab_str(c, "Loopback1");
	lab_push_str(c, &a->route_acls, "L1");
	lab_push_str(c, &a->route_acls, "99");
	lab_push_str(c, &a->route_acls6, "L6");
	lab_remote(c, a, "192.168.7.0/24");
	lab_remote(c, a, "2001:db8:7::/48");
	a->route_accept = true;
	a->accept_tag = 5;
	a->accept_distance = 6;
	T_EQ(aaa_set_policy(s, a, why), ST_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, aaa_item_words(rows[i].item));
		T_STR(item_text(s, rows[i].item), rows[i].want);
		want |= AAA_BIT(rows[i].item);
	}
	T_EQ(s->has, want);
	T_TRUE(s->route_accept.of_clients);
	aaa_set_free(s);
	s = aaa_set_new();
	a = lab_authz(c, "default");
	T_EQ(aaa_set_policy(s, a, why), ST_OK);
	T_EQ(s->has, 0);
	a->route_accept = a->route_set_interface = true;
	T_EQ(aaa_set_policy(s, a, why), ST_OK);
	T_STR(item_text(s, AV_ROUTE_INTERFACE), "");
	T_TRUE(s->route_accept.any && !s->route_accept.of_clients);
	aaa_set_free(s);
	snapshot_unref(c);
}

static void policies_that_are_refused(void)
{
	struct snapshot *c = lab_snapshot();
	char why[AAA_WHY], name[300];

	for (int i = 0; i < 5; i++) {
		struct authz_policy *a = lab_authz(c, "RA");
		struct aaa_set *s = aaa_set_new();
		static const char *const words[] = {"netmask has holes", "32 `route set access-list`", "32 `route set remote`",
			"too much split-dns", "its def-domain is too long"};
		for (int k = 0; k < 33; k++) {
			snprintf(name, sizeof(name), i == 2 ? "10.%d.0.0/16" : "name%d", k);
			if (i == 1)
				lab_push_str(c, &a->route_acls, name);
			if (i == 2)
				lab_remote(c, a, name);
			if (i == 3)
				lab_push_str(c, &a->split_dns, name);
		}
		if (i == 0)
			a->netmask = lab_addr("255.0.255.0");
		memset(name, 'x', 256);
		name[256] = '\0';
		if (i == 4)
			a->def_domain = lab_str(c, name);
		T_ROW(i, words[i]);
		T_EQ(aaa_set_policy(s, a, why), ST_NOT_AUTHORIZED);
		T_TRUE(strstr(why, words[i]) && strstr(why, "RA"));
		aaa_set_free(s);
	}
	snapshot_unref(c);
}

/* ---- packets ------------------------------------------------------------------------------------ */

enum kind { TEXT, U32, IP, PREFIX, BYTES };

struct row {
	uint32_t vendor;
	uint8_t type;
	enum kind kind;
	const char *text;
	enum aaa_item item;
	const char *want; /* NULL: refused, and this is in the sentence: */
	const char *words;
};

static void put(struct attrs *a, const struct row *r)
{
	struct attrs one;
	attrs_init(&one);
	if (r->kind == U32)
		radius_put_u32(&one.w, r->type, (uint32_t)strtoul(r->text, NULL, 10));
	else if (r->kind == IP)
		put_addr(&one, r->type, r->text);
	else if (r->kind == PREFIX)
		put_prefix6(&one, r->type, r->text);
	else
		put_text(&one, r->type, r->text);
	if (r->vendor)
		radius_put_vsa(&a->w, r->vendor, r->type, one.bytes + 2, one.w.len - 2);
	else
		radius_put(&a->w, r->type, one.bytes + 2, one.w.len - 2);
}

#define ASA RADIUS_VENDOR_ASA
#define MS RADIUS_VENDOR_MICROSOFT

static const struct row rows[] = {
	{0, 1, TEXT, "anna", AV_USER_NAME, "anna", ""},
	{0, 8, IP, "10.1.2.3", AV_IP4, "10.1.2.3", ""},
	{0, 8, IP, "255.255.255.254", AV_IP4, "-", ""},
	{0, 8, IP, "255.255.255.255", AV_IP4, "-", ""},
	{0, 9, IP, "255.255.255.0", AV_MASK4, "24", ""},
	{0, 88, TEXT, "P", AV_POOL4, "P", ""},
	{0, 22, TEXT, "192.168.9.0/24 0.0.0.0 1", AV_REMOTES, "192.168.9.0/24", ""},
	{0, 22, TEXT, "192.168.9.0/24", AV_REMOTES, "192.168.9.0/24", ""},
	{0, 22, TEXT, "10.0.0.0 10.1.2.3 1", AV_REMOTES, "10.0.0.0/8", ""},
	{0, 22, TEXT, "172.16.0.0", AV_REMOTES, "172.16.0.0/16", ""},
	{0, 22, TEXT, "192.168.9.0", AV_REMOTES, "192.168.9.0/24", ""},
	{0, 99, TEXT, "2001:db8:5::/48 :: 1", AV_REMOTES, "2001:db8:5::/48", ""},
	{0, 97, PREFIX, "2001:db8:1:2::/64", AV_PREFIX6, "2001:db8:1:2::/64", ""},
	{0, 168, IP, "2001:db8::7", AV_IP6, "2001:db8::7", ""},
	{0, 100, TEXT, "P6", AV_POOL6, "P6", ""},
	{0, 172, TEXT, "P6", AV_POOL6, "P6", ""},
	{0, 123, PREFIX, "2001:db8:f00::/48", AV_DELEGATED, "2001:db8:f00::/48", ""},
	{0, 169, IP, "2001:db8::53", AV_DNS6, "2001:db8::53", ""},
	{0, 170, PREFIX, "2001:db8::/32", AV_ROUTE_NETS, "2001:db8::/32", ""},
	{0, 11, TEXT, "web.in", AV_FILTER_IN4, "web", ""},
	{0, 11, TEXT, "web.out", AV_FILTER_OUT4, "web", ""},
	{0, 11, TEXT, "web", AV_FILTER_IN4, "web", ""},
	{0, 11, TEXT, ".in", AV_FILTER_IN4, ".in", ""},
	{0, 25, TEXT, "abc", AV_CLASS, "abc", ""},
	{0, 27, U32, "3600", AV_TIMEOUT, "3600", ""},
	{0, 28, U32, "600", AV_IDLE, "600", ""},
	{0, 29, U32, "1", AV_REAUTH, "1", ""},
	{0, 29, U32, "0", AV_REAUTH, "0", ""},
	{0, 85, U32, "300", AV_INTERIM, "300", ""},
	{0, 18, TEXT, "welcome", AV_REPLY, "welcome", ""},
	{0, 89, TEXT, "cui-7", AV_CUI, "cui-7", ""},
	{ASA, 25, TEXT, "OU=staff;", AV_GROUP, "staff", ""},
	{ASA, 25, TEXT, "ou=staff", AV_GROUP, "staff", ""},
	{ASA, 15, TEXT, "Hello", AV_BANNER, "Hello", ""},
	{ASA, 36, TEXT, "you", AV_BANNER, "you", ""},
	{ASA, 5, IP, "10.0.0.53", AV_DNS4, "10.0.0.53", ""},
	{ASA, 6, TEXT, "10.0.0.54", AV_DNS4, "10.0.0.54", ""},
	{ASA, 7, IP, "10.0.0.1", AV_WINS, "10.0.0.1", ""},
	{ASA, 8, IP, "10.0.0.2", AV_WINS, "10.0.0.2", ""},
	{ASA, 28, TEXT, "corp.example", AV_DOMAIN, "corp.example", ""},
	{ASA, 29, TEXT, "a.example,b.example", AV_SPLIT_DNS, "a.example,b.example", ""},
	{ASA, 27, TEXT, "LAN", AV_ROUTE_LISTS4, "LAN", ""},
	{ASA, 55, U32, "1", AV_SPLIT_POLICY, "1", ""},
	{ASA, 86, TEXT, "A", AV_FILTER_IN4, "A", ""},
	{ASA, 87, TEXT, "A", AV_FILTER_OUT4, "A", ""},
	{ASA, 219, TEXT, "A6", AV_FILTER_IN6, "A6", ""},
	{ASA, 217, TEXT, "P", AV_POOL4, "P", ""},
	{ASA, 218, TEXT, "P6", AV_POOL6, "P6", ""},
	{ASA, 2, U32, "3", AV_LOGINS, "3", ""},
	{ASA, 11, U32, "64", AV_VRF, "-", ""},
	{ASA, 11, U32, "116", AV_VRF, "-", ""},
	{ASA, 61, IP, "10.3.0.0", AV_DHCP_GIADDR, "10.3.0.0", ""},
	{ASA, 60, TEXT, "192.0.2.7 vpn2.example", AV_BACKUP, "192.0.2.7,vpn2.example", ""},
	{ASA, 59, U32, "3", AV_BACKUP, "-", ""},
	{ASA, 88, U32, "1", AV_PFS, "1", ""},
	{MS, 28, IP, "10.0.0.53", AV_DNS4, "10.0.0.53", ""},
	{MS, 29, IP, "10.0.0.54", AV_DNS4, "10.0.0.54", ""},
	{MS, 30, IP, "10.0.0.1", AV_WINS, "10.0.0.1", ""},
	{MS, 31, IP, "10.0.0.2", AV_WINS, "10.0.0.2", ""},
	/* of the packet */
	{0, 6, U32, "1", AV_VRF, "-", ""},
	{0, 64, U32, "9", AV_VRF, "-", ""},
	{0, 24, TEXT, "state", AV_VRF, "-", ""},
	{0, 80, TEXT, "0123456789abcdef", AV_VRF, "-", ""},
	/* impossible ones */
	{0, 8, IP, "127.0.0.1", 0, NULL, "Framed-IP-Address: no client can have \"127.0.0.1\""},
	{0, 8, IP, "224.0.0.1", 0, NULL, "no client can have"},
	{0, 8, IP, "0.0.0.0", 0, NULL, "no client can have"},
	{0, 8, TEXT, "10.0.0.1", 0, NULL, "Framed-IP-Address: not a value of its type"},
	{0, 9, IP, "255.0.255.0", 0, NULL, "no netmask"},
	{0, 22, TEXT, "everything", 0, NULL, "no network in \"everything\""},
	{0, 22, TEXT, "2001:db8::/32", 0, NULL, "no network in"},
	{0, 97, PREFIX, "::/0", 0, NULL, "no client can have"},
	{0, 97, TEXT, "x", 0, NULL, "not a value of its type"},
	{0, 123, PREFIX, "ff00::/8", 0, NULL, "no client can have"},
	{0, 27, U32, "0", 0, NULL, "Session-Timeout: a number that is not possible"},
	{0, 27, TEXT, "60", 0, NULL, "Session-Timeout: not a value of its type"},
	{0, 29, U32, "2", 0, NULL, "0 or 1 is wanted"},
	{0, 11, TEXT, "two words", 0, NULL, "no name of an access list"},
	{0, 1, TEXT, "an\x01na", 0, NULL, "User-Name: not a value of its type"},
	{ASA, 25, TEXT, "staff", 0, NULL, "OU=NAME; is wanted"},
	{ASA, 25, TEXT, "OU=;", 0, NULL, "no name of an object"},
	{ASA, 11, U32, "52", 0, NULL, "the user may not log in by IKEv2"},
	{ASA, 55, U32, "3", 0, NULL, "0, 1 or 2"},
	{ASA, 217, TEXT, "P1,P 2", 0, NULL, "no name of an object"},
};

static void every_attribute(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct aaa_set *s = aaa_set_new();
		struct aaa_finding f;
		struct attrs a;
		attrs_init(&a);
		put(&a, &rows[i]);
		T_ROW(i, rows[i].text);
		T_TRUE(wr_ok(&a.w));
		enum status st = aaa_attrs_read(s, AAA_OF_ACCEPT, attrs_view(&a), &f);
		if (!strstr(f.why, rows[i].words) || (f.why[0] != 0) != (rows[i].words[0] != 0))
			T_FAIL("it says: %s", f.why);
		T_EQ(st, rows[i].want ? ST_OK : ST_RADIUS_REPLY);
		if (rows[i].want) {
			T_STR(item_text(s, rows[i].item), rows[i].want);
			uint64_t others = s->has & ~AAA_BIT(rows[i].item);
			T_EQ(others, 0);
			T_STR(f.ignored, "");
		}
		aaa_set_free(s);
	}
}

/* R-RAD-43 and RFC 5176: who is meant, what can be changed, what cannot. */
static void a_coa(void)
{
	static const struct {
		struct row r;
		enum aaa_verdict want;
	} coa[] = {
		{{0, 1, TEXT, "anna", 0, "", ""}, AAA_TAKEN},
		{{0, 8, IP, "10.1.2.3", 0, "", ""}, AAA_TAKEN},
		{{0, 44, TEXT, "01ABC", 0, "", ""}, AAA_TAKEN},
		{{0, 27, U32, "3600", 0, "", ""}, AAA_TAKEN},
		{{0, 11, TEXT, "web", 0, "", ""}, AAA_TAKEN},
		{{0, 92, TEXT, "permit in ip from any to any", 0, "", ""}, AAA_TAKEN},
		{{0, 88, TEXT, "P", 0, "", ""}, AAA_UNSUPPORTED},
		{{0, 96, TEXT, "12345678", 0, "", ""}, AAA_UNSUPPORTED},
		{{ASA, 1, TEXT, "office-hours", 0, "", ""}, AAA_UNSUPPORTED},
		{{ASA, 200, TEXT, "x", 0, "", ""}, AAA_UNKNOWN},
		{{0, 200, TEXT, "x", 0, "", ""}, AAA_UNKNOWN},
		{{9999, 1, TEXT, "x", 0, "", ""}, AAA_UNKNOWN},
		{{0, 27, U32, "0", 0, "", ""}, AAA_WRONG},
	};

	for (size_t i = 0; i < sizeof(coa) / sizeof(coa[0]); i++) {
		struct aaa_set *s = aaa_set_new();
		struct aaa_finding f;
		struct attrs a;
		attrs_init(&a);
		put(&a, &coa[i].r);
		T_ROW(i, coa[i].r.text);
		T_EQ(aaa_attrs_read(s, AAA_OF_COA, attrs_view(&a), &f), coa[i].want == AAA_TAKEN ? ST_OK : ST_RADIUS_REPLY);
		T_EQ(f.verdict, coa[i].want);
		T_EQ(f.why[0] != '\0', coa[i].want != AAA_TAKEN);
		enum status st = aaa_attrs_read(s, AAA_OF_ACCEPT, attrs_view(&a), &f);
		T_EQ(st, coa[i].want == AAA_WRONG ? ST_RADIUS_REPLY : ST_OK);
		T_EQ(f.ignored[0] != '\0', coa[i].want == AAA_UNKNOWN || strcmp(coa[i].r.text, "office-hours") == 0 ||
			strcmp(coa[i].r.text, "12345678") == 0);
		aaa_set_free(s);
	}
}

/* RFC 2865 5.24: State is kept with what becomes of the session's end, of the same packet, and otherwise not. */
static void state_of_the_next_login(void)
{
	static const struct {
		const char *name;
		enum aaa_source source;
		uint32_t action; /* 2: none */
		size_t len;      /* of State; 0: none */
		bool is_kept;
	} states[] = {
		{"both", AAA_OF_ACCEPT, 1, 16, true}, {"both, the longest", AAA_OF_ACCEPT, 1, 253, true}, {"both, in a CoA", AAA_OF_COA, 1, 16, true},
		{"another action", AAA_OF_ACCEPT, 0, 16, false}, {"State alone", AAA_OF_ACCEPT, 2, 16, false}, {"the action alone", AAA_OF_ACCEPT, 1, 0, false},
	};
	uint8_t state[253];

	memset(state, 's', sizeof(state));
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct aaa_set *s = aaa_set_new();
		struct aaa_finding f;
		struct attrs a;
		attrs_init(&a);
		if (states[i].len)
			radius_put(&a.w, RADIUS_STATE, state, states[i].len);
		if (states[i].action < 2)
			radius_put_u32(&a.w, RADIUS_TERMINATION_ACTION, states[i].action);
		T_ROW(i, states[i].name);
		T_EQ(aaa_attrs_read(s, states[i].source, attrs_view(&a), &f), ST_OK);
		T_EQ(aaa_has(s, AV_STATE), states[i].is_kept);
		T_EQ(s->state.len, states[i].is_kept ? states[i].len : 0);
		T_TRUE(memcmp(s->state.bytes, state, s->state.len) == 0);
		aaa_set_free(s);
	}
}

/* Several of one packet: what adds up, what is put together, what has an end. */
static void several(void)
{
	struct aaa_set *s = aaa_set_new();
	struct aaa_finding f;
	struct attrs a;
	char text[64];

	attrs_init(&a);
	put_text(&a, RADIUS_CLASS, "one");
	put_text(&a, RADIUS_CLASS, "two");
	put_text(&a, RADIUS_CLASS, "one");
	put_pair(&a, "ipsec:split-dns=a.example");
	put_pair(&a, "ipsec:split-dns=b.example");
	put_pair(&a, "ipsec:route-set=prefix 10.0.0.0/8");
	put_pair(&a, "ipsec:route-set=prefix 10.0.0.0/8");
	put_pair(&a, "ipsec:route-set=prefix 192.168.0.0/16");
	put_addr(&a, RADIUS_DNS_SERVER_IPV6_ADDRESS, "2001:db8::1");
	put_addr(&a, RADIUS_DNS_SERVER_IPV6_ADDRESS, "2001:db8::2");
	put_prefix6(&a, RADIUS_DELEGATED_IPV6_PREFIX, "2001:db8:1::/48");
	put_prefix6(&a, RADIUS_DELEGATED_IPV6_PREFIX, "2001:db8:2::/48");
	radius_put_vsa(&a.w, ASA, 15, "Hello, ", 7);
	radius_put_vsa(&a.w, ASA, 36, "you", 3);
	put_pair(&a, "shell:priv-lvl=15");
	put_text(&a, 200, "x");
	memset(text, 'r', sizeof(text));
	for (int i = 0; i < 6; i++)
		radius_put(&a.w, RADIUS_REPLY_MESSAGE, text, sizeof(text));
	T_EQ(aaa_attrs_read(s, AAA_OF_ACCEPT, attrs_view(&a), &f), ST_OK);
	T_STR(item_text(s, AV_CLASS), "one two");
	T_STR(item_text(s, AV_SPLIT_DNS), "a.example,b.example");
	T_STR(item_text(s, AV_ROUTE_NETS), "10.0.0.0/8 192.168.0.0/16");
	T_STR(item_text(s, AV_DNS6), "2001:db8::1 2001:db8::2");
	T_STR(item_text(s, AV_DELEGATED), "2001:db8:1::/48 2001:db8:2::/48");
	T_STR(item_text(s, AV_BANNER), "Hello, you");
	T_EQ(strlen(s->reply), 3 * sizeof(text)); /* what there is room for */
	T_STR(f.ignored, "shell:priv-lvl, attribute 200 is unknown");
	aaa_set_free(s);
	s = aaa_set_new();
	attrs_init(&a);
	for (int i = 0; i < 33; i++) {
		snprintf(text, sizeof(text), "ipsec:route-set=prefix 10.%d.0.0/16", i);
		put_pair(&a, text);
	}
	T_EQ(aaa_attrs_read(s, AAA_OF_ACCEPT, attrs_view(&a), &f), ST_RADIUS_REPLY);
	T_TRUE(strstr(f.why, "more than 32 networks"));
	aaa_set_free(s);
	s = aaa_set_new();
	memset(text, 'x', sizeof(text));
	size_t n = 0;
	for (; n < 30; n++) {
		text[0] = (char)('A' + n);
		if (!aaa_put_class(s, text, sizeof(text)))
			break;
	}
	T_EQ(n, AAA_CLASS / 65);
	T_EQ(s->class.n, n);
	T_TRUE(!aaa_put_class(s, "", 0));
	aaa_set_free(s);
}

/* ---- NAS-Filter-Rule ---------------------------------------------------------------------------- */

static void nas_filter_rules(void)
{
	static const struct {
		const char *rules; /* | is NUL */
		const char *want[AAA_FILTERS];
		const char *words;
	} all[] = {
		{"permit in ip from any to 10.0.0.0/8",
			{"10 permit ip any 10.0.0.0/8\n20 deny ip any any\n", "-", "10 deny ipv6 any any\n", "-"}, ""},
		{"deny in 6 from any to any 25",
			{"10 deny 6 any any eq 25\n20 permit ip any any\n", "-", "10 deny 6 any any eq 25\n20 permit ipv6 any any\n", "-"}, ""},
		{"permit out udp from 10.0.0.53 to assigned 1024-65535",
			{"-", "10 permit udp host 10.0.0.53 any range 1024 65535\n20 deny ip any any\n", "-", "10 deny ipv6 any any\n"}, ""},
		{"permit in tcp from any to any 80,443 established|deny in 1 from any to any icmptypes 8,13",
			{"10 permit tcp any any eq 80 443 established\n20 deny 1 any any 8\n30 deny 1 any any 13\n40 permit ip any any\n",
				"-", "10 permit tcp any any eq 80 443 established\n20 permit ipv6 any any\n", "-"}, ""},
		{"permit in ip from any to 2001:db8::/32|permit in ip from any to any frag",
			{"10 permit ip any any fragments\n20 deny ip any any\n", "-",
				"10 permit ipv6 any 2001:db8::/32\n20 permit ipv6 any any fragments\n30 deny ipv6 any any\n", "-"}, ""},
		{"permit ip from any to any", {NULL}, "neither in nor out"},
		{"pass in ip from any to any", {NULL}, "neither permit nor deny"},
		{"permit in ip from any", {NULL}, "expected from ADDRESS to ADDRESS"},
		{"permit in ip from !10.0.0.0/8 to any", {NULL}, "not meant"},
		{"permit in ip from 10.0.0.0/8 to 2001:db8::/32", {NULL}, "IPv4 and IPv6"},
		{"permit in tcp from any to any 80,90-100", {NULL}, "ports and ranges"},
		{"permit in tcp from any to any setup", {NULL}, "cannot judge by"},
		{"permit in tcp from any to any 99999", {NULL}, "expected a port"},
		{"permit in 300 from any to any", {NULL}, "expected a protocol"},
		{"permit in ip from ten to any", {NULL}, "no address"},
		{"permit in", {NULL}, "no protocol"},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct aaa_set *s = aaa_set_new();
		struct aaa_finding f;
		struct attrs a;
		char text[256];
		attrs_init(&a);
		size_t len = strlen(all[i].rules);
		memcpy(text, all[i].rules, len);
		for (size_t k = 0; k < len; k++)
			if (text[k] == '|')
				text[k] = '\0';
		radius_put(&a.w, RADIUS_NAS_FILTER_RULE, text, len);
		T_ROW(i, all[i].rules);
		enum status st = aaa_attrs_read(s, AAA_OF_ACCEPT, attrs_view(&a), &f);
		if (!strstr(f.why, all[i].words) || (f.why[0] != 0) != (all[i].words[0] != 0))
			T_FAIL("it says: %s", f.why);
		T_EQ(st, all[i].want[0] ? ST_OK : ST_RADIUS_REPLY);
		for (int k = 0; st == ST_OK && k < AAA_FILTERS; k++)
			T_STR(item_text(s, (enum aaa_item)(AV_FILTER_IN4 + k)), all[i].want[k]);
		aaa_set_free(s);
	}
}

/* One rule over two attributes, two rules in two attributes. */
static void pieces_of_rules(void)
{
	struct aaa_set *s = aaa_set_new();
	struct aaa_finding f;
	struct attrs a;
	char text[300];

	memset(text, ' ', sizeof(text));
	memcpy(text, "permit in ip from", 17);
	memcpy(text + 252, "any to any", 10);
	attrs_init(&a);
	radius_put(&a.w, RADIUS_NAS_FILTER_RULE, text, 253);
	radius_put(&a.w, RADIUS_NAS_FILTER_RULE, text + 253, 9);
	put_text(&a, RADIUS_NAS_FILTER_RULE, "deny in 17 from any to any");
	T_EQ(aaa_attrs_read(s, AAA_OF_ACCEPT, attrs_view(&a), &f), ST_OK);
	T_STR(item_text(s, AV_FILTER_IN4), "10 permit ip any any\n20 deny 17 any any\n30 permit ip any any\n");
	aaa_set_free(s);
	s = aaa_set_new();
	attrs_init(&a);
	for (int i = 0; i < 12; i++)
		radius_put(&a.w, RADIUS_NAS_FILTER_RULE, text, 253);
	T_EQ(aaa_attrs_read(s, AAA_OF_ACCEPT, attrs_view(&a), &f), ST_RADIUS_REPLY);
	T_TRUE(strstr(f.why, "too long a rule"));
	T_EQ(f.type, RADIUS_NAS_FILTER_RULE);
	aaa_set_free(s);
}

int main(void)
{
	T_RUN(a_whole_policy);
	T_RUN(policies_that_are_refused);
	T_RUN(every_attribute);
	T_RUN(a_coa);
	T_RUN(state_of_the_next_login);
	T_RUN(several);
	T_RUN(nas_filter_rules);
	T_RUN(pieces_of_rules);
	return t_end();
}
