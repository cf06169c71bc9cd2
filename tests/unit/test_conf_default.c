/* What holds without configuration, and what the words of the configuration become: groups CFG,
 * IKE, GLB, DPD, NAT, ARW, AZP; decisions. */
#include "core/crypto/suite.h"
#include "tests/unit/conf_lib.h"

/* Transforms as words, for comparing. */
static const char *words_of(const struct transform_list *l, enum xf_type type, char *out, bool esp)
{
	out[0] = '\0';
	for (size_t i = 0; i < l->n; i++) {
		const struct xf *x = suite_find(type, l->v[i].id, l->v[i].key_bits);
		strcat(out, i ? " " : "");
		strcat(out, !x ? "?" : esp ? x->esp_keyword : x->keyword);
	}
	return out;
}

struct suite_case {
	const char *name, *text, *object;
	const char *encr, *integ, *prf, *dh;
};

#define HARD_E "aes-gcm-256 aes-gcm-128 aes-cbc-256 aes-cbc-128"
#define HARD_I "sha512 sha384 sha256"
#define OLD_E  "aes-cbc-256 aes-cbc-192 aes-cbc-128"
#define OLD_I  "sha512 sha384 sha256 sha1 md5"

static const struct suite_case suites[] = {
	{"ours (X-06)", "", "default", HARD_E, HARD_I, HARD_I, "19 20 14 31"},
	{"the guide's, verbatim (R-CFG-04)", "sallyport defaults legacy\n", "default", OLD_E, OLD_I,
		OLD_I, "5 2"},
	{"the switch may come last", "hostname x\ncrypto ikev2 window 5\nsally def leg\n",
		"default", OLD_E, OLD_I, OLD_I, "5 2"},
	{"on and off", "sallyport defaults legacy\nno sallyport defaults legacy\n", "default",
		HARD_E, HARD_I, HARD_I, "19 20 14 31"},
	{"a default changed in one list", "crypto ikev2 proposal default\n group 20\n", "default",
		HARD_E, HARD_I, HARD_I, "20"},
	{"off and on again: changes are lost (R-CFG-10, R-CFG-11)",
		"crypto ikev2 proposal default\n group 20\nno crypto ikev2 proposal default\n"
		"default crypto ikev2 proposal default\n",
		"default", HARD_E, HARD_I, HARD_I, "19 20 14 31"},
	{"entering it enables it, with system values",
		"crypto ikev2 proposal default\n group 20\n"
		"no crypto ikev2 proposal default\ncrypto ikev2 proposal default\n",
		"default", HARD_E, HARD_I, HARD_I, "19 20 14 31"},
	{"PRF follows integrity, in order (R-POL-04)",
		"crypto ikev2 proposal P\n encryption aes-cbc-256\n integrity sha1 sha512\n group "
		"14\n",
		"P", "aes-cbc-256", "sha1 sha512", "sha1 sha512", "14"},
	{"PRF named",
		"crypto ikev2 proposal P\n encryption aes-cbc-256\n integrity sha1\n prf sha384\n "
		"group 14\n",
		"P", "aes-cbc-256", "sha1", "sha384", "14"},
	{"no prf: it follows again",
		"crypto ikev2 proposal P\n prf sha384\n integrity sha256\n no prf\n encryption "
		"aes-cbc-128\n group 14\n",
		"P", "aes-cbc-128", "sha256", "sha256", "14"},
	{"a list is replaced as a whole, doubles dropped",
		"crypto ikev2 proposal P\n encryption aes-cbc-128\n encryption aes-cbc-256 "
		"aes-cbc-256 aes-cbc-192\n",
		"P", "aes-cbc-256 aes-cbc-192", "", "", ""},
	{"abbreviations of algorithms",
		"crypto ikev2 proposal P\n encr aes-gcm-2\n prf sha3\n gro 21\n", "P",
		"aes-gcm-256", "", "sha384", "21"},
	{"every keyword of R-POL-01..04 and group 21 (X-06)",
		"crypto ikev2 proposal P\n encryption 3des aes-cbc-128 aes-cbc-192 aes-cbc-256 "
		"aes-gcm-128 aes-gcm-256\n"
		" integrity md5 sha1 sha256 sha384 sha512\n prf md5 sha1 sha256 sha384 sha512\n"
		" group 1 2 5 14 15 16 19 20 21 24 31\n",
		"P", "3des aes-cbc-128 aes-cbc-192 aes-cbc-256 aes-gcm-128 aes-gcm-256",
		"md5 sha1 sha256 sha384 sha512", "md5 sha1 sha256 sha384 sha512",
		"1 2 5 14 15 16 19 20 21 24 31"},
};

static void proposals(void)
{
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		char buf[256];
		const struct suite_case *c = &suites[i];
		T_ROW(i, c->name);
		struct snapshot *s = conf(c->text);
		T_TRUE(s != NULL);
		const struct ike_proposal *p = snapshot_proposal(s, c->object);
		T_TRUE(p != NULL && !p->disabled);
		T_STR(words_of(&p->encr, XF_ENCR, buf, false), c->encr);
		T_STR(words_of(&p->integ, XF_INTEG, buf, false), c->integ);
		T_STR(words_of(&p->prf, XF_PRF, buf, false), c->prf);
		T_STR(words_of(&p->dh, XF_DH, buf, false), c->dh);
		snapshot_unref(s);
	}
}

/* R-CFG-02: all five exist, whole and usable, with nothing configured. */
static void smart_defaults(void)
{
	char buf[256];
	struct snapshot *s = conf("");
	T_TRUE(s != NULL);
	const struct ike_policy *policy = snapshot_policy(s, "default");
	T_TRUE(policy && policy->complete && policy->fvrf.kind == VRF_ANY &&
		policy->local_count == 0);
	T_EQ(policy->proposals.n, 1);
	T_STR(policy->proposals.v[0], "default");
	const struct authz_policy *a = snapshot_authz(s, "default"); /* R-CFG-03 */
	T_TRUE(a && a->route_set_interface && a->route_accept);
	T_EQ(a->accept_tag, 1);
	T_EQ(a->accept_distance, 2);
	const struct transform_set *t = snapshot_transform_set(s, "default");
	T_TRUE(t && t->complete && t->mode == IPSEC_TUNNEL); /* */
	T_STR(words_of(&t->encr, XF_ENCR, buf, true), "esp-gcm 256 esp-gcm esp-aes 256 esp-aes");
	const struct ipsec_profile *p = snapshot_ipsec_profile(s, "default");
	T_TRUE(p && p->pfs.n == 0 && !p->responder_only); /* R-CFG-06, R-IKE-09 */
	struct ipsec_params q = ipsec_params(s, p);
	T_EQ(q.lifetime_s, 3600);
	T_EQ(q.lifetime_kb, 4608000);
	T_EQ(q.replay_window, 64); /* R-ARW-01 */
	T_EQ(q.idle_s, 0);
	T_EQ(q.pfs_group, 0);
	T_TRUE(snapshot_proposal(s, "default")->complete);
	snapshot_unref(s);
	s = conf("sallyport defaults legacy\n");
	t = snapshot_transform_set(s, "default"); /* R-CFG-07 */
	T_STR(words_of(&t->encr, XF_ENCR, buf, true), "esp-aes");
	T_STR(words_of(&t->integ, XF_INTEG, buf, true), "esp-sha-hmac");
	snapshot_unref(s);
}

static void global_defaults(void)
{
	struct snapshot *s = conf("");
	T_TRUE(s != NULL);
	T_EQ(s->ike.cookie_challenge, 0);
	T_EQ(s->ike.dpd.mode, DPD_UNSET); /* */
	T_EQ(s->ike.dpd_retries, 5);      /* */
	T_EQ(s->ike.max_in_negotiation, 1000);
	T_EQ(s->ike.max_sa, 0);
	T_EQ(s->ike.nat_keepalive_s, 0);
	T_EQ(s->ike.window, 5);
	T_TRUE(s->ike.fragmentation && !s->own.fragmentation_cisco && !s->ike.http_url_cert && !s->ike.logging_ikev2 &&
		!s->ike.logging_session);
	T_TRUE(s->ipsec.nat_transparency && s->ipsec.df_bit == DF_COPY);
	T_EQ(s->own.port, 500);
	T_EQ(s->own.nat_port, 4500);
	T_EQ(s->own.workers, 0);
	T_EQ(s->own.half_open_per_source, 20);
	T_EQ(s->own.resumption_s, 0);
	T_EQ(s->own.retention_days, 90);
	T_EQ(s->own.anonymize_days, 0);
	T_EQ(s->own.group_commit_ms, 10);
	T_EQ(s->own.listen_count, 0);
	T_EQ(s->own.metrics_addr.family, 0);
	T_TRUE(!s->own.metrics_socket && !s->own.metrics_path);
	T_TRUE(!s->own.agentx && !s->own.notify_sessions && !s->own.notify_pools);
	snapshot_unref(s);
}

/* The printed form of a line, set, taken back and defaulted: NULL where nothing is printed. */
struct form_case {
	const char *text;
	const char *printed; /* a line that must be there, NULL none of `absent` */
	const char *absent;
};

static const struct form_case forms[] = {
	{"crypto ikev2 window 7\n", "crypto ikev2 window 7\n", NULL},
	{"crypto ikev2 window 7\nno crypto ikev2 window\n", NULL, "window"},
	{"crypto ikev2 window 7\ndefault crypto ikev2 window\n", NULL, "window"},
	{"crypto ikev2 fragmentation\n", NULL, "crypto ikev2 fragmentation"},
	{"crypto ikev2 fragmentation mtu 300\n", "crypto ikev2 fragmentation mtu 300\n", NULL},
	{"crypto ikev2 fragmentation mtu 300\ncrypto ikev2 fragmentation\n", NULL, "mtu"},
	{"crypto ikev2 fragmentation mtu 300\nno crypto ikev2 fragmentation\n",
		"no crypto ikev2 fragmentation\n", "mtu"},
	{"no crypto ikev2 fragmentation\ndefault crypto ikev2 fragmentation\n", NULL,
		"crypto ikev2 fragmentation"},
	{"sallyport ike fragmentation cisco\n", "sallyport ike fragmentation cisco\n", NULL},
	{"no sallyport half-open per-source\n", "no sallyport half-open per-source\n", NULL},
	{"no sallyport half-open per-source\ndefault sallyport half-open per-source\n", NULL,
		"half-open"},
	{"sallyport ike resumption\n", "sallyport ike resumption\n", "lifetime"},
	{"sallyport ike resumption lifetime 7200\n", "sallyport ike resumption lifetime 7200\n", NULL},
	{"sallyport ike resumption lifetime 3600\n", "sallyport ike resumption\n", "lifetime"},
	{"sallyport ike resumption lifetime 7200\nno sallyport ike resumption\n", NULL, "resumption"},
	{"sallyport ike resumption\ndefault sallyport ike resumption\n", NULL, "resumption"},
	{"sallyport metrics listen 127.0.0.1\n", "sallyport metrics listen 127.0.0.1\n", "9501"},
	{"sallyport metrics listen 127.9.9.9 port 9501\n",
		"sallyport metrics listen 127.9.9.9\n", "port 9501"},
	{"sallyport metrics listen 0:0::1 port 9502\n",
		"sallyport metrics listen ::1 port 9502\n", NULL},
	{"sallyport metrics listen ::1 port 9502\nsallyport metrics listen 127.0.0.1\n",
		"sallyport metrics listen 127.0.0.1\n", "9502"},
	{"sallyport metrics listen 127.0.0.1\nno sallyport metrics listen\n", NULL,
		"metrics listen"},
	{"sallyport metrics listen 127.0.0.1\ndefault sallyport metrics listen\n", NULL,
		"metrics listen"},
	{"sallyport metrics socket\n", "sallyport metrics socket\n", NULL},
	{"sal met soc /run/m.sock\n", "sallyport metrics socket /run/m.sock\n", NULL},
	{"sallyport metrics socket \"/run/my m.sock\"\n",
		"sallyport metrics socket \"/run/my m.sock\"\n", NULL},
	{"sallyport metrics socket /run/m.sock\nno sallyport metrics socket\n", NULL,
		"metrics socket"},
	{"no sallyport quick-crash-detection\n", "no sallyport quick-crash-detection\n", NULL},
	{"no sallyport quick-crash-detection\nsallyport quick-crash-detection\n", NULL, "quick"},
	{"no sallyport quick-crash-detection\ndefault sallyport quick-crash-detection\n", NULL, "quick"},
	{"sallyport redirect target 10.0.0.1\nsallyport redirect target fqdn gw.test\n"
	 "sallyport redirect target 2001:db8::0:1\n",
		"sallyport redirect target 10.0.0.1\nsallyport redirect target fqdn gw.test\n"
		"sallyport redirect target 2001:db8::1\n", NULL},
	{"sallyport redirect target 10.0.0.1\nsallyport redirect target 10.0.0.2\n"
	 "sallyport redirect target 10.0.0.1\n",
		"sallyport redirect target 10.0.0.2\nsallyport redirect target 10.0.0.1\n", NULL},
	{"sallyport redirect target 10.0.0.1\nsallyport redirect target fqdn a\n"
	 "no sallyport redirect target 10.0.0.1\n",
		"sallyport redirect target fqdn a\n", "10.0.0.1"},
	{"sallyport redirect target 10.0.0.1\nsallyport redirect target fqdn a\n"
	 "no sallyport redirect target fqdn a\n",
		"sallyport redirect target 10.0.0.1\n", "fqdn"},
	{"sallyport redirect target 10.0.0.1\nno sallyport redirect target\n", NULL, "redirect"},
	{"sallyport redirect target fqdn a\ndefault sallyport redirect target\n", NULL, "redirect"},
	{"crypto ikev2 redirect client\n", "crypto ikev2 redirect client max-redirects 5\n", NULL},
	{"crypto ikev2 redirect gateway init\nno crypto ikev2 redirect gateway init\n", NULL, "redirect"},
	{"crypto ikev2 profile P\n redirect gateway auth\n", " redirect gateway auth\n", NULL},
	{"sallyport snmp agentx\n", "sallyport snmp agentx\n", NULL},
	{"sallyport snmp agentx /var/agentx/master\n", "sallyport snmp agentx\n", NULL},
	{"sallyport snmp agentx \"/run/a\"\n", "sallyport snmp agentx /run/a\n", NULL},
	{"sallyport snmp agentx /run/a\nno sallyport snmp agentx\n", NULL, "snmp"},
	{"sallyport snmp agentx /run/a\ndefault sallyport snmp agentx\n", NULL, "snmp"},
	{"sallyport snmp agentx /run/a\nsallyport snmp agentx\n", "sallyport snmp agentx\n",
		"/run/a"},
	{"sallyport snmp notifications session\n", "sallyport snmp notifications session\n", "pool"},
	{"sallyport snmp notifications pool\nno sallyport snmp notifications pool\n", NULL, "snmp"},
	{"crypto ikev2 dpd 30 5 periodic\n", "crypto ikev2 dpd 30 5 periodic\n", NULL},
	{"crypto ikev2 dpd 30\n", "crypto ikev2 dpd 30 2 on-demand\n",
		NULL}, /* R-DPD-01, R-DPD-03 */
	{"crypto ikev2 dpd 30 5 periodic\nno crypto ikev2 dpd\n", NULL, "dpd"},
	{"crypto ikev2 profile P\n lifetime 600\n no lifetime\n", NULL, "lifetime"},
	{"crypto ikev2 profile P\n no config-exchange request\n", "no config-exchange request\n",
		NULL},
	{"crypto ikev2 profile P\n no config-exchange request\n default config-exchange request\n",
		NULL, "config-ex"},
	{"crypto ikev2 profile P\n match identity remote fqdn a\n match identity remote fqdn b\n"
	 " no match identity remote fqdn a\n",
		"fqdn b\n", "fqdn a"},
	{"crypto ikev2 profile P\n match identity remote fqdn a\n no match identity remote\n", NULL,
		"match"},
	{"crypto ikev2 profile P\nno crypto ikev2 profile P\n", NULL, "profile"},
	{"crypto ikev2 profile P\n sallyport reauthentication 600\n", " sallyport reauthentication 600\n", NULL},
	{"crypto ikev2 profile P\n sallyport reauthentication 600\n no sallyport reauthentication\n", NULL,
		"reauthentication"},
	{"crypto ikev2 keyring K\n peer A\n  ppk manual id q required key 0 secret\n",
		"  ppk manual id q required key <hidden>\n", "secret"},
	{"crypto ikev2 keyring K\n peer A\n  ppk manual id q key k\n  no ppk manual id\n", NULL, "ppk"},
	{"crypto ikev2 profile P\n keyring ppk K\n no keyring ppk\n", NULL, "ppk"},
	{"crypto ikev2 proposal P\n sallyport additional-key-exchange 2 optional 20 31 20\n",
		" sallyport additional-key-exchange 2 optional 20 31\n", "31 20"},
	{"crypto ikev2 proposal P\n sallyport additional-key-exchange 1 20\n"
	 " sallyport additional-key-exchange 2 31\n no sallyport additional-key-exchange 1\n",
		" sallyport additional-key-exchange 2 31\n", "exchange 1"},
	{"crypto ikev2 proposal P\n sallyport additional-key-exchange 1 20\n"
	 " default sallyport additional-key-exchange\n", NULL, "additional"},
	{"crypto ikev2 profile P\n authentication remote pre-share\n authentication remote "
	 "rsa-sig\n"
	 " no authentication remote pre-share\n",
		" authentication remote rsa-sig\n",
		"pre-share"}, /* R-PFL-10: several remote methods */
	{"crypto ikev2 profile P\n authentication local pre-share\n authentication local rsa-sig\n",
		" authentication local rsa-sig\n", "pre-share"}, /* one local method */
	{"crypto ikev2 policy P\n proposal a\n proposal b\n no proposal a\n", " proposal b\n",
		"proposal a"},
	{"crypto ikev2 keyring K\n peer A\n peer B\n no peer A\n", "peer B\n", "peer A"},
	{"no crypto ikev2 proposal default\n", "no crypto ikev2 proposal default\n",
		"encryption"}, /* R-CFG-10 */
	{"no crypto ipsec profile default\n", "no crypto ipsec profile default\n", NULL},
	{"no crypto ipsec transform-set default\n", "no crypto ipsec transform-set default\n",
		NULL},
	{"crypto ikev2 authorization policy default\n no route set interface\n",
		" no route set interface\n", NULL},
	{"ip local pool A 10.0.0.1 10.0.0.2\nip local pool A 10.0.0.9\nno ip local pool A "
	 "10.0.0.1\n",
		"ip local pool A 10.0.0.9 10.0.0.9\n", "10.0.0.1 "},
	{"ip local pool A 10.0.0.1\nno ip local pool A\n", NULL, "pool"},
	{"crypto ipsec security-association replay disable\n", "replay disable\n",
		"window-size"}, /* R-ARW-04 */
	{"crypto ipsec security-association replay disable\n"
	 "crypto ipsec security-association replay window-size 256\n",
		"replay window-size 256\n", "disable"},
	{"crypto ipsec profile P\n set security-association replay window-size 1024\n",
		" set security-association replay window-size 1024\n", NULL}, /* R-ARW-05 */
	{"crypto ipsec profile P\n set pfs group 14\n", " set pfs group14\n", NULL},
	{"interface Virtual-Template1 type tunnel\n shutdown\n no shutdown\n",
		"interface Virtual-Template1 type tunnel\n", "shutdown"},
	{"no interface Virtual-Template1\ninterface lo 0\nno interface Loopback0\n", NULL,
		"interface"},
	{"crypto ikev2 profile P\n config-mode set\n no config-mode set\n",
		"no config-exchange set send\n", NULL},
	{"crypto ikev2 authorization policy A\n subnet-acl X\n", " route set access-list X\n",
		NULL},
	{"crypto ikev2 authorization policy A\n banner ^Ctwo\nlines^C\n",
		" banner ^Ctwo\nlines^C\n", NULL},
	{"crypto ikev2 authorization policy A\n route accept any\n",
		" route accept any tag 1 distance 2\n", NULL},
	{"crypto ikev2 profile P\n reconnect\n", " reconnect timeout 1800\n", NULL}, /* R-REC-01 */
	{"radius server R\n key a\n key b\n", " key <hidden>\n", NULL},
	{"ip route 10.1.2.3 255.255.0.0 tu 1 5 tag 7 name \"x y\"\n",
		"ip route 10.1.0.0 255.255.0.0 Tunnel1 5 tag 7 name \"x y\"\n", NULL},
	{"ip route 10.1.0.0 255.255.0.0 Tunnel1 5\nip route 10.1.0.0 255.255.0.0 Tunnel1\n",
		"ip route 10.1.0.0 255.255.0.0 Tunnel1\n", "Tunnel1 5"},
	{"ip route 10.1.0.0 255.255.0.0 Tunnel1\nip route 10.1.0.0 255.255.0.0 Tunnel2 9\n"
	 "no ip route 10.1.0.0 255.255.0.0 Tunnel1\n",
		"ip route 10.1.0.0 255.255.0.0 Tunnel2 9\n", "Tunnel1"},
	{"ip route 10.1.0.0 255.255.0.0 Tunnel1\nip route 10.1.0.0 255.255.0.0 192.0.2.1\n"
	 "no ip route 10.1.0.0 255.255.0.0\n",
		NULL, "ip route"},
	{"ipv6 route vrf RED 2001:db8::/32 Tunnel1 fe80::1 3\n",
		"ipv6 route vrf RED 2001:db8::/32 Tunnel1 3\n", NULL},
	{"ip route vrf RED 0.0.0.0 0.0.0.0 eth0 192.0.2.1 tag 4\n",
		"ip route vrf RED 0.0.0.0 0.0.0.0 eth0 192.0.2.1 tag 4\n", NULL},
	{"ip route static bfd eth0 192.0.2.1\n", "ip route static bfd eth0 192.0.2.1\n", NULL},
	{"interface Tunnel1\n ipv6 address negotiated\n ipv6 address 2001:db8::1/64\n",
		" ipv6 address negotiated\n ipv6 address 2001:db8::1/64\n", NULL},
	{"interface Tunnel1\n ipv6 address negotiated\n no ipv6 address negotiated\n", NULL,
		"negotiated"},
	{"crypto ikev2 client flexvpn C\n peer 9 2001:db8::1\n peer 3 fqdn x.test dynamic track 4 down\n"
	 " peer 5 fqdn y.test ipv6\n peer 5 10.0.0.5\n no peer 9\n",
		" peer 3 fqdn x.test dynamic track 4 down\n peer 5 10.0.0.5\n", "peer 9"},
	{"crypto ikev2 client flexvpn C\n connect track 7 down\n backup group 0\n source 4 Eth 0/1\n"
	 " source 2 lo0 track 9\n client connect tu 1\n client inside lo 1\n client inside Loopback1\n",
		" connect track 7 down\n client inside Loopback1\n client connect Tunnel1\n"
		" source 2 Loopback0 track 9\n source 4 Eth0/1\n backup group default\n",
		NULL},
	{"crypto ikev2 client flexvpn C\n peer 1 10.0.0.1\nno crypto ikev2 client flexvpn C\n", NULL,
		"flexvpn"},
	{"interface Tunnel1\n tunnel protection ipsec-profile X\n",
		" tunnel protection ipsec profile X\n", NULL},
};

static void no_and_default(void)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const struct form_case *c = &forms[i];
		T_ROW(i, c->text);
		struct snapshot *s = conf(c->text);
		T_TRUE(s != NULL);
		char *text = text_of(s, CONF_SHOW);
		T_TRUE(text != NULL);
		if (c->printed && !strstr(text, c->printed))
			T_FAIL("'%s' is missing in:\n%s", c->printed, text);
		if (c->absent && strstr(text, c->absent))
			T_FAIL("'%s' is still in:\n%s", c->absent, text);
		mem_free(text);
		snapshot_unref(s);
	}
}

/* R-CFG-09: defaults only in `all`, changed ones always, and as objects they are known as changed.
 */
static void defaults_in_show(void)
{
	struct snapshot *s = conf("");
	char *text = text_of(s, CONF_SHOW), *all = text_of(s, CONF_SHOW | CONF_ALL);
	T_TRUE(text && all);
	T_STR(text, "!\nend\n");
	static const char *const objects[] = {"crypto ikev2 proposal default\n",
		"crypto ikev2 policy default\n", "crypto ikev2 authorization policy default\n",
		"crypto ipsec transform-set default esp-gcm 256", "crypto ipsec profile default\n",
		"crypto ikev2 window 5\n", "no crypto ikev2 dpd\n"};
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		T_ROW(i, objects[i]);
		T_TRUE(strstr(all, objects[i]) != NULL);
	}
	T_TRUE(!snapshot_proposal(s, "default")->modified);
	mem_free(text);
	mem_free(all);
	snapshot_unref(s);
	s = conf("crypto ikev2 proposal default\n group 20\n");
	T_TRUE(snapshot_proposal(s, "default")->modified);
	text = text_of(s, CONF_SHOW);
	T_TRUE(strstr(text, " group 20\n") != NULL);
	mem_free(text);
	snapshot_unref(s);
	s = conf("crypto ikev2 proposal default\n group 20\n group 19 20 14 31\n"); /* as it was */
	T_TRUE(!snapshot_proposal(s, "default")->modified);
	snapshot_unref(s);
}

static void overrides(void)
{
	struct snapshot *s = conf(
		"crypto ikev2 dpd 60 5 periodic\ncrypto ikev2 nat keepalive 20\n"
		"crypto ikev2 profile A\n match identity remote key-id a\n dpd 30 3 on-demand\n"
		" nat keepalive 15\ncrypto ikev2 profile B\n match identity remote key-id b\n"
		" virtual-template 4\n no sallyport mobike\n"
		"crypto ipsec security-association lifetime seconds 1200\n"
		"crypto ipsec security-association replay window-size 512\n"
		"crypto ipsec transform-set T esp-gcm\n"
		"crypto ipsec profile P\n set transform-set NOWHERE T default\n"
		" set security-association lifetime kilobytes disable\n"
		" set security-association replay disable\n set pfs group20\n"
		"interface Virtual-Template4 type tunnel\n tunnel protection ipsec profile P\n");
	const struct transform_set *sets[6];
	T_TRUE(s != NULL);
	struct dpd d = profile_dpd(s, snapshot_profile(s, "A"));
	T_TRUE(d.mode == DPD_ON_DEMAND && d.interval_s == 30 && d.retry_s == 3);
	d = profile_dpd(s, snapshot_profile(s, "B"));
	T_TRUE(d.mode == DPD_PERIODIC && d.interval_s == 60 && d.retry_s == 5);
	T_EQ(profile_dpd(s, NULL).interval_s, 60);
	T_EQ(profile_nat_keepalive_s(s, snapshot_profile(s, "A")), 15);
	T_EQ(profile_nat_keepalive_s(s, snapshot_profile(s, "B")), 20);
	T_TRUE(snapshot_profile(s, "A")->mobike && !snapshot_profile(s, "B")->mobike);
	T_EQ(snapshot_profile(s, "A")->lifetime_s, 86400); /* R-IKE-07 */
	const struct ipsec_profile *p = profile_ipsec(s, snapshot_profile(s, "B"));
	T_TRUE(p == snapshot_ipsec_profile(s, "P"));
	T_TRUE(profile_ipsec(s, snapshot_profile(s, "A")) == NULL);
	struct ipsec_params q = ipsec_params(s, p);
	T_EQ(q.lifetime_s, 1200);
	T_EQ(q.lifetime_kb, 0);
	T_EQ(q.replay_window, 0);
	T_EQ(q.pfs_group, 20);
	T_EQ(ipsec_params(s, snapshot_ipsec_profile(s, "default")).replay_window, 512);
	T_EQ(ipsec_sets(s, p, sets, 6), 2);
	T_STR(sets[0]->name, "T");
	T_EQ(ipsec_sets(s, NULL, sets, 6), 1);
	T_STR(sets[0]->name, "default");
	snapshot_unref(s);
	T_EQ(mem_live(), 0);
}

/* The same configuration however it was pasted (section 0.2 of the requirements). */
static void pasted(void)
{
	static const char plain[] =
		"crypto ikev2 keyring K\n peer A\n  address 10.0.0.1\n  pre-shared-key a b\n"
		"crypto ikev2 profile P\n match identity remote any\n keyring local K\n"
		"interface Loopback0\n ip address 10.0.0.9 255.255.255.255\nhostname h\n";
	static const char *const others[] = {
		"crypto ikev2 keyring K\npeer A\naddress 10.0.0.1\npre-shared-key a b\n"
		"crypto ikev2 profile P\nmatch identity remote any\nkeyring local K\n"
		"interface Loopback0\nip address 10.0.0.9 255.255.255.255\nhostname h\n",
		"crypto ikev2 keyring K\r\n\tpeer A\r\n\t\taddress 10.0.0.1  "
		"\r\n\t\tpre-shared-key a b \t\r\n"
		"crypto ikev2 profile P\r\n\tmatch  identity\tremote any\r\n\tkeyring local K\r\n"
		"interface Loopback 0\r\n\tip address 10.0.0.9 255.255.255.255\r\nhostname h\r\n",
		"crypto ikev2 keyring K\r peer A\r  address 10.0.0.1\r  pre-shared-key a b\r"
		"crypto ikev2 profile P\r match identity remote any\r keyring local K\r"
		"interface Loopback0\r ip address 10.0.0.9 255.255.255.255\rhostname h",
		"conf t\n!\ncry ikev2 keyr K\n peer A\n  addr 10.0.0.1\n !\n  pre a b\n  exit\n "
		"exit\n!\n"
		"cry ikev2 prof P\n match id rem any\n keyr loc K\n!\nint lo0\n ip add 10.0.0.9 "
		"255.255.255.255\n"
		" no shut\n!\nhost h\nend\n",
		"   crypto ikev2 keyring K\n     peer A\n       address 10.0.0.1\n       "
		"pre-shared-key a b\n"
		"   crypto ikev2 profile P\n     match identity remote any\n     keyring local K\n"
		"   interface Loopback0\n     ip address 10.0.0.9 255.255.255.255\n   hostname h\n",
		/* reopened and merged */
		"crypto ikev2 profile P\n match identity remote any\ncrypto ikev2 keyring K\n peer "
		"A\n  address 10.0.0.1\n"
		"hostname h\ncrypto ikev2 keyring K\n peer A\n  pre-shared-key a b\ncrypto ikev2 "
		"profile P\n keyring local K\n"
		"interface Loopback0\n ip address 10.0.0.9 255.255.255.255\n",
	};
	struct snapshot *want = conf(plain);
	T_TRUE(want != NULL);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		T_ROW(i, "pasted");
		struct snapshot *s = conf(others[i]);
		T_TRUE(s != NULL);
		T_TRUE(snapshot_equal(s, want));
		snapshot_unref(s);
	}
	snapshot_unref(want);
}

int main(void)
{
	T_RUN(proposals);
	T_RUN(smart_defaults);
	T_RUN(global_defaults);
	T_RUN(no_and_default);
	T_RUN(defaults_in_show);
	T_RUN(overrides);
	T_RUN(pasted);
	return t_end();
}
