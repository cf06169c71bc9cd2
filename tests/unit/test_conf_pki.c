/* Trustpoints, certificate maps, pasted certificates, EAP lines: read, printed, compared, refused. */
#include "core/conf/diff.h"
#include "tests/unit/conf_lib.h"

#define TP "crypto pki trustpoint HQ\n"

static void a_whole_trustpoint(void)
{
	struct snapshot *s = conf(TP " enrollment url http://ca.example\n"
				     " enrollment retry count 3\n"
				     " serial-number none\n"
				     " revocation-check ocsp crl none\n"
				     " ocsp url http://ocsp.example/a\n"
				     " ocsp disable-nonce\n"
				     " rsakeypair HQ 2048\n"
				     " match certificate STAFF\n"
				     " sallyport ca-certificate pki/ca.pem\n"
				     " sallyport ca-certificate \"pki/other ca.pem\"\n"
				     " sallyport certificate pki/hq.pem\n"
				     " sallyport private-key /etc/keys/hq.key\n"
				     " sallyport crl pki/ca.crl\n"
				     " sallyport crl fetched.crl\n"
				     " no sallyport ocsp fetch\n"
				     " sallyport fetch-host 10.0.0.5\n"
				     " sallyport require-eku\n");
	T_TRUE(s != NULL);
	const struct trustpoint *t = snapshot_trustpoint(s, "HQ");
	T_TRUE(t && !snapshot_trustpoint(s, "hq"));
	T_EQ(t->ca_files.n, 2);
	T_STR(t->ca_files.v[0], "pki/ca.pem");
	T_STR(t->ca_files.v[1], "pki/other ca.pem");
	T_STR(t->certificate, "pki/hq.pem");
	T_STR(t->private_key, "/etc/keys/hq.key");
	T_EQ(t->crl_files.n, 2);
	T_STR(t->crl_files.v[1], "fetched.crl");
	T_EQ(t->revocation_count, 3);
	T_EQ(t->revocation[0], REVOCATION_OCSP);
	T_EQ(t->revocation[1], REVOCATION_CRL);
	T_EQ(t->revocation[2], REVOCATION_NONE);
	T_STR(t->ocsp_url, "http://ocsp.example/a");
	T_TRUE(t->ocsp_no_nonce && t->crl_fetch && !t->ocsp_fetch && t->require_eku);
	T_EQ(t->fetch_hosts.n, 1);
	T_EQ(t->maps.n, 1);
	T_EQ(t->extra_count, 4);
	char *text = text_of(s, CONF_SECRETS);
	struct snapshot *again = conf(text);
	T_TRUE(again && snapshot_equal(s, again));
	T_TRUE(strstr(text, " sallyport ca-certificate \"pki/other ca.pem\"\n") != NULL);
	T_TRUE(strstr(text, " revocation-check ocsp crl none\n") != NULL);
	mem_free(text);
	snapshot_unref(again);
	snapshot_unref(s);
}

static void defaults_and_no(void)
{
	struct snapshot *s = conf(TP);
	const struct trustpoint *t = snapshot_trustpoint(s, "HQ");
	T_TRUE(t && t->crl_fetch && t->ocsp_fetch && !t->require_eku);
	T_EQ(t->revocation_count, 1); /* the documented default */
	T_EQ(t->revocation[0], REVOCATION_CRL);
	snapshot_unref(s);
	s = conf(TP " revocation-check none\n no revocation-check\n sallyport crl a\n sallyport crl b\n"
		    " no sallyport crl a\n sallyport ca-certificate x\n no sallyport ca-certificate\n"
		    " sallyport certificate y\n no sallyport certificate\n no sallyport crl fetch\n"
		    " default sallyport crl fetch\n");
	t = snapshot_trustpoint(s, "HQ");
	T_EQ(t->revocation[0], REVOCATION_CRL);
	T_EQ(t->crl_files.n, 1);
	T_STR(t->crl_files.v[0], "b");
	T_TRUE(t->crl_fetch && !t->certificate && !t->ca_files.n);
	snapshot_unref(s);
	s = conf(TP "crypto pki trustpoint B\nno crypto pki trustpoint HQ\n");
	T_TRUE(!snapshot_trustpoint(s, "HQ") && snapshot_trustpoint(s, "B"));
	snapshot_unref(s);
}

static void maps(void)
{
	struct snapshot *s = conf("crypto pki certificate map M 20\n issuer-name eq CN=Old CA,O=Corp\n"
				  "crypto pki certificate map M 10\n subject-name co OU = Field Staff\n"
				  " expires-on ge Jan 1 2027\n alt-subject-name nc test.example\n"
				  "crypto pki certificate map N 5\n valid-start lt 31 12 2026 23:59:59\n"
				  "crypto pki certificate map M 10\n serial-number ne 0a1b\n");
	T_TRUE(s != NULL);
	const struct cert_map *m = snapshot_cert_map(s, "M");
	T_TRUE(m != NULL);
	T_EQ(s->cert_map_count, 2);
	T_EQ(m->entry_count, 2);
	T_EQ(m->entries[0].number, 10);
	T_EQ(m->entries[0].test_count, 4);
	T_EQ(m->entries[0].tests[0].field, CERT_FIELD_SUBJECT);
	T_EQ(m->entries[0].tests[0].op, CERT_OP_CO);
	T_STR(m->entries[0].tests[0].text, "OU = Field Staff");
	T_EQ(m->entries[0].tests[1].field, CERT_FIELD_ALT);
	T_EQ(m->entries[0].tests[1].op, CERT_OP_NC);
	T_EQ(m->entries[0].tests[2].field, CERT_FIELD_SERIAL);
	T_EQ(m->entries[0].tests[3].field, CERT_FIELD_EXPIRES);
	T_EQ(m->entries[0].tests[3].op, CERT_OP_GE);
	T_EQ(m->entries[0].tests[3].when_s, 1798761600);
	T_EQ(m->entries[1].number, 20);
	T_EQ(snapshot_cert_map(s, "N")->entries[0].tests[0].when_s, 1798761599);
	char *text = text_of(s, CONF_SECRETS);
	struct snapshot *again = conf(text);
	T_TRUE(again && snapshot_equal(s, again));
	mem_free(text);
	snapshot_unref(again);
	snapshot_unref(s);
	s = conf("crypto pki certificate map M 10\n name co a\n name co b\n no name co a\n"
		 "crypto pki certificate map M 20\n name co c\nno crypto pki certificate map M 20\n");
	m = snapshot_cert_map(s, "M");
	T_EQ(m->entry_count, 1);
	T_EQ(m->entries[0].test_count, 1);
	T_STR(m->entries[0].tests[0].text, "b");
	snapshot_unref(s);
	s = conf("crypto pki certificate map M 10\n name co a\nno crypto pki certificate map M\n");
	T_EQ(s->cert_map_count, 0);
	snapshot_unref(s);
}

static void dates(void)
{
	static const struct {
		const char *text;
		bool ok;
		uint64_t s;
	} rows[] = {
		{"1 1 1970", true, 0},
		{"01 01 1970 00:00:01", true, 1},
		{"29 02 2000", true, 951782400},
		{"feb 29 2000 12:00:00", true, 951825600},
		{"Dec  31  2026  23:59:59", true, 1798761599},
		{"31 12 9999 23:59:59", true, 253402300799},
		{"29 02 1900", false, 0},
		{"29 02 2001", false, 0},
		{"0 1 2001", false, 0},
		{"1 13 2001", false, 0},
		{"32 1 2001", false, 0},
		{"1 1 1969", false, 0},
		{"Foo 1 2001", false, 0},
		{"1 1 2001 24:00:00", false, 0},
		{"1 1 2001 00:60:00", false, 0},
		{"1 1 2001 00:00", false, 0},
		{"1 1 2001 00:00:00 x", false, 0},
		{"1 1 20010", false, 0},
		{"1 1", false, 0},
		{"", false, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t when = 0;
		T_ROW(i, rows[i].text);
		T_EQ(cert_date_parse(rows[i].text, strlen(rows[i].text), &when), rows[i].ok);
		if (rows[i].ok)
			T_EQ(when, rows[i].s);
	}
}

/* As `show running-config` of a router prints it. */
static void pasted(void)
{
	struct snapshot *s = conf(TP "crypto pki certificate chain HQ\n"
				     " certificate 0A0B\n  30820302 a1b2c3d4 \n  0011\n  \tquit\n"
				     " certificate ca 01 nvram:RootCA.cer\n"
				     " certificate ca 01\n  3000\n  quit\n"
				     " certificate self-signed 02\n  3001\n  quit\n"
				     "hostname after\n");
	uint8_t der[PKI_CERT_MAX];
	T_TRUE(s != NULL);
	const struct cert_chain *c = snapshot_cert_chain(s, "HQ");
	T_TRUE(c != NULL);
	T_EQ(c->cert_count, 3);
	T_EQ(c->certs[0].kind, PASTED_OWN);
	T_STR(c->certs[0].serial, "0A0B");
	T_EQ(pasted_bytes(&c->certs[0], der, sizeof(der)), 10);
	T_MEM(der, "\x30\x82\x03\x02\xa1\xb2\xc3\xd4\x00\x11", 10);
	T_EQ(pasted_bytes(&c->certs[0], der, 9), 0);
	T_EQ(c->certs[1].kind, PASTED_CA);
	T_EQ(c->certs[2].kind, PASTED_SELF_SIGNED);
	T_STR(s->hostname, "after");
	char *text = text_of(s, CONF_SECRETS);
	struct snapshot *again = conf(text);
	T_TRUE(again && snapshot_equal(s, again));
	mem_free(text);
	snapshot_unref(again);
	snapshot_unref(s);
}

#define PROFILE "crypto ikev2 profile P\n match identity remote any\n"

static void eap_lines(void)
{
	struct snapshot *s = conf(PROFILE);
	const struct ike_profile *p = &s->profiles[0];
	static const uint8_t by_default[] = {26, 13, 21, 25}, chosen[] = {13, 4, 6};
	T_EQ(p->eap_methods.n, 4); /* neither MD5 nor clear passwords */
	T_MEM(p->eap_methods.v, by_default, 4);
	T_TRUE(!p->eap_multiple && !p->eap_only);
	snapshot_unref(s);
	s = conf(PROFILE " sallyport eap methods tls md5 gtc\n sallyport eap multiple\n sallyport eap only\n"
			 " sallyport eap inner-methods gtc\n");
	p = &s->profiles[0];
	T_EQ(p->eap_methods.n, 3);
	T_MEM(p->eap_methods.v, chosen, 3);
	T_EQ(p->eap_inner.n, 1);
	T_EQ(p->eap_inner.v[0], 6);
	T_TRUE(p->eap_multiple && p->eap_only);
	char *text = text_of(s, CONF_SECRETS);
	T_TRUE(strstr(text, " sallyport eap methods tls md5 gtc\n") != NULL);
	struct snapshot *again = conf(text);
	T_TRUE(again && snapshot_equal(s, again));
	mem_free(text);
	snapshot_unref(again);
	snapshot_unref(s);
	s = conf(PROFILE " sallyport eap methods tls\n no sallyport eap methods\n");
	T_EQ(s->profiles[0].eap_methods.n, 4);
	snapshot_unref(s);
}

#define CA   " sallyport ca-certificate ca.pem\n"
#define OWN  " sallyport certificate a.pem\n sallyport private-key a.key\n"
#define SIGN PROFILE " authentication local rsa-sig\n authentication remote rsa-sig\n pki trustpoint HQ"

struct said_case {
	const char *text;
	bool refused;
	uint32_t line, column;
	const char *says; /* NULL: nothing is wrong with certificates */
};

static const struct said_case cases[] = {
	{TP CA OWN SIGN "\n", false, 0, 0, NULL},
	{TP OWN, false, 1, 23, "no CA certificate"},
	{TP CA " sallyport certificate a.pem\n", false, 1, 23, "without its key"},
	{TP CA " sallyport private-key a.key\n", false, 1, 23, "without its certificate"},
	{TP CA " sallyport certificate a.pem\n sallyport private-key a.pem\n", true, 4, 24, "a file of its own"},
	{TP " sallyport ca-certificate a.pem\n sallyport private-key a.pem\n", true, 3, 24, "a file of its own"},
	{TP CA " no sallyport crl fetch\n", false, 1, 23, "no revocation list can be had"},
	{TP CA " no sallyport crl fetch\n revocation-check none\n", false, 0, 0, NULL},
	{TP CA " revocation-check none crl\n", false, 3, 24, "never tried"},
	{TP CA " revocation-check crl crl\n", true, 3, 23, "named twice"},
	{TP CA " revocation-check lcr\n", true, 3, 19, "crl, ocsp or none"},
	{TP CA " ocsp url https://x/\n", true, 3, 11, "http://HOST"},
	{TP CA " ocsp url ldap://x/\n", true, 3, 11, "http://HOST"},
	{TP CA " crl optional\n", false, 3, 2, "not in force"},
	{TP CA " auto-enroll 90\n", false, 3, 2, "renewal"},
	{TP CA " enrollment url http://ca\n", false, 3, 2, "nothing is enrolled"},
	{TP CA " enrollment terminal\n", false, 0, 0, NULL},
	{TP CA " match certificate NONE\n", false, 3, 20, "certificate map that is not defined"},
	{TP CA " sallyport certficate a\n", true, 3, 12, "certificate"},
	{SIGN "\n", false, 5, 17, "trustpoint that is not defined"},
	{TP CA OWN SIGN " verify\n", false, 5, 22, "a certificate and a key of ours"},
	{TP CA OWN SIGN " sign\n", false, 5, 22, "says who is trusted"},
	{PROFILE " authentication local rsa-sig\n authentication remote rsa-sig\n", false, 1, 22, "need a pki trustpoint"},
	{PROFILE " identity local dn\n authentication local pre-share key x\n authentication remote pre-share key x\n", false, 1, 22,
		"subject of a certificate"},
	{PROFILE " sallyport eap multiple\n authentication remote eap\n", false, 1, 22, "a certificate and EAP"},
	{PROFILE " sallyport eap only\n authentication remote eap\n sallyport eap methods md5 mschapv2\n", false, 1, 22,
		"good enough"},
	{PROFILE " sallyport eap only\n authentication remote eap\n", false, 0, 0, NULL},
	{PROFILE " sallyport eap only\n authentication remote eap\n authentication local pre-share key x\n", false, 0, 0, NULL},
	{PROFILE " authentication remote eap\n authentication local pre-share key x\n", true, 1, 22, "needs a certificate of ours"},
	{PROFILE " sallyport eap methods tls tls\n", true, 3, 28, "named twice"},
	{PROFILE " sallyport eap methods leap\n", true, 3, 24, "mschapv2"},
	{"crypto pki certificate map M 10\n", false, 1, 28, "meets no certificate"},
	{"crypto pki certificate map M 10\n subject-name lt a\n", true, 2, 15, "co"},
	{"crypto pki certificate map M 10\n expires-on co 2026\n", true, 2, 13, "eq"},
	{"crypto pki certificate map M 10\n expires-on ge soon\n", true, 2, 16, "not a date"},
	{"crypto pki certificate map M 10\n subjectname co a\n", true, 2, 2, "subject-name"},
	{"crypto pki certificate map M\n", true, 1, 29, "number"},
	{TP CA "crypto pki certificate chain HQ\n certificate ca 01\n  300\n  quit\n", true, 4, 17, "even number"},
	{TP CA "crypto pki certificate chain HQ\n certificate ca 01\n  quit\n", true, 4, 17, "not the whole"},
	{TP CA "crypto pki certificate chain HQ\n certificate ca 01\n  30xx\n  quit\n", true, 5, 3, "unknown command in a certificate"},
	{"crypto pki certificate chain HQ\n certificate ca 01\n  3000\n  quit\n", false, 1, 30, "no trustpoint of the name"},
	{TP CA "crypto pki certificate chain HQ\n certificate ca 01 nvram:x.cer\n", false, 4, 20, "a file of a router"},
};

static void what_is_wrong(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct said_case *c = &cases[i];
		T_ROW(i, c->text);
		struct snapshot *s = conf(c->text);
		T_EQ(s == NULL, c->refused);
		bool found = !c->says;
		for (size_t k = 0; k < report.count; k++) {
			const struct conf_message *m = &report.msg[k];
			if (!c->says && (strstr(m->text, "certificate") || strstr(m->text, "trust") || strstr(m->text, "EAP")))
				t_fail(__FILE__, __LINE__, "%s", m->text);
			if (c->says && (strstr(m->text, c->says) || strstr(m->hint, c->says))) {
				found = true;
				T_EQ(m->line, c->line);
				T_EQ(m->column, c->column);
			}
		}
		if (!found)
			for (size_t k = 0; k < report.count; k++)
				t_fail(__FILE__, __LINE__, "%u:%u %s (%s)", report.msg[k].line, report.msg[k].column,
					report.msg[k].text, report.msg[k].hint);
		T_TRUE(found);
		snapshot_unref(s);
	}
}

static void reload(void)
{
	static const struct {
		const char *before, *after, *changes;
	} rows[] = {
		{TP CA, TP CA OWN,
			"crypto pki trustpoint HQ: sallyport certificate changed (new sessions); "
			"crypto pki trustpoint HQ: sallyport private-key changed (new sessions)"},
		{TP CA, TP CA " revocation-check none\n",
			"crypto pki trustpoint HQ: revocation-check changed (new sessions)"},
		{TP CA, "", "crypto pki trustpoint HQ removed (new sessions)"},
		{"crypto pki certificate map M 1\n name co a\n", "crypto pki certificate map M 1\n name co b\n",
			"crypto pki certificate map M changed (new sessions)"},
		{TP "crypto pki certificate chain HQ\n certificate ca 01\n  3000\n  quit\n",
			TP "crypto pki certificate chain HQ\n certificate ca 01\n  3001\n  quit\n",
			"crypto pki certificate chain HQ: certificate changed (new sessions)"},
		{PROFILE, PROFILE " sallyport eap methods tls\n",
			"crypto ikev2 profile P: sallyport eap methods changed (new sessions)"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct conf_diff d;
		char got[1024] = "", one[256];
		T_ROW(i, rows[i].changes);
		struct snapshot *a = conf(rows[i].before), *b = conf(rows[i].after);
		T_TRUE(a && b);
		T_EQ(conf_diff(a, b, &d), ST_OK);
		for (size_t k = 0; k < d.n; k++) {
			conf_change_format(one, sizeof(one), &d.v[k]);
			strcat(got, k ? "; " : "");
			strcat(got, one);
		}
		T_STR(got, rows[i].changes);
		conf_diff_fini(&d);
		snapshot_unref(a);
		snapshot_unref(b);
	}
	T_EQ(mem_live(), 0);
}

int main(void)
{
	T_RUN(a_whole_trustpoint);
	T_RUN(defaults_and_no);
	T_RUN(maps);
	T_RUN(dates);
	T_RUN(pasted);
	T_RUN(eap_lines);
	T_RUN(what_is_wrong);
	T_RUN(reload);
	return t_end();
}
