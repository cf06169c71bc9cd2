/* Certificate maps against a certificate: every field and operator, AND within a number, OR between. */
#include "core/conf/certmap.h"
#include "tests/unit/pki_lib.h"

/* client.pem: C=DE, O=Corp, OU=Field Staff, unstructuredName=r1.corp.example, CN="Anna, the first"; serial a1b2; from
 * 2020-01-01 to 2060-01-01; anna@corp.example, Laptop.corp.example, 192.0.2.7, 2001:db8::7. plain.pem: CN=plain. */
static const struct {
	const char *test;
	bool client, plain;
} tests[] = {
	{"subject-name co ou=field staff", true, false},
	{"subject-name co OU = Field   Staff", true, false},
	{"subject-name co o=corp", true, false},
	{"subject-name co =corp", true, false},
	{"subject-name co o=corp,c=de", true, false},
	{"subject-name co n=anna", false, false}, /* no attribute begins so */
	{"subject-name co anna", true, false},
	{"subject-name co bob", false, false},
	{"subject-name nc bob", true, true},
	{"subject-name nc anna", false, true},
	{"subject-name eq cn=plain", false, true},
	{"subject-name eq CN = PLAIN", false, true},
	{"subject-name eq plain", false, false},
	{"subject-name ne cn=plain", true, false},
	{"issuer-name eq CN=Sub CA,O=Corp", true, true},
	{"issuer-name eq O=Corp, CN=Sub CA", true, true}, /* the order that others print */
	{"issuer-name eq CN=Sub CA", false, false},
	{"issuer-name co cn=sub", true, true},
	{"issuer-name ne O=Corp, CN=Sub CA", false, false},
	{"issuer-name nc root", true, true},
	{"alt-subject-name eq anna@corp.example", true, false},
	{"alt-subject-name eq laptop.corp.example", true, false},
	{"alt-subject-name eq 192.0.2.7", true, false},
	{"alt-subject-name eq 2001:db8::7", true, false},
	{"alt-subject-name eq 192.0.2", false, false},
	{"alt-subject-name co corp.example", true, false},
	{"alt-subject-name nc corp.example", false, true},
	{"alt-subject-name nc evil.example", true, true},
	{"alt-subject-name ne anna@corp.example", false, true}, /* one value is */
	{"alt-subject-name ne nobody@corp.example", true, true},
	{"unstructured-subject-name eq r1.corp.example", true, false},
	{"unstructured-subject-name co R1.", true, false},
	{"unstructured-subject-name ne r1.corp.example", false, true},
	{"unstructured-subject-name co anna", false, false},
	{"serial-number eq a1b2", true, false},
	{"serial-number eq 00A1B2", true, false},
	{"serial-number eq 0xA1:B2", true, false},
	{"serial-number eq 23", false, true},
	{"serial-number ne 23", true, false},
	{"serial-number co 1b", true, false},
	{"serial-number eq 0", false, false},
	{"name co r1.corp", true, false},
	{"name co laptop", true, false},
	{"name co anna\\, the", true, false},
	{"name co anna, the", false, false},
	{"name co sub ca", false, false}, /* the issuer is no name of the holder */
	{"name eq anna@corp.example", true, false},
	{"name nc laptop", false, true},
	{"valid-start eq 1 1 2020", true, true},
	{"valid-start ne 1 1 2020", false, false},
	{"valid-start ge Jan 1 2020 00:00:00", true, true},
	{"valid-start ge Jan 1 2020 00:00:01", false, false},
	{"valid-start lt 1 1 2020", false, false},
	{"valid-start lt 1 1 2020 00:00:01", true, true},
	{"expires-on ge 31 12 2059", true, true},
	{"expires-on lt 31 12 2059", false, false},
};

static struct snapshot *map_of(const char *lines)
{
	char text[512];
	snprintf(text, sizeof(text), "crypto pki certificate map M 10\n %s\n", lines);
	return conf(text);
}

static void each_test(void)
{
	struct cert *client = pki_cert("client.pem"), *plain = pki_cert("plain.pem");
	T_TRUE(client && plain);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		T_ROW(i, tests[i].test);
		struct snapshot *s = map_of(tests[i].test);
		T_TRUE(s != NULL);
		T_EQ(certmap_matches(s, "M", client), tests[i].client);
		T_EQ(certmap_matches(s, "M", plain), tests[i].plain);
		snapshot_unref(s);
	}
	cert_unref(client);
	cert_unref(plain);
}

static void and_or(void)
{
	static const struct {
		const char *text;
		bool meets;
	} rows[] = {
		{"crypto pki certificate map M 10\n subject-name co anna\n issuer-name co sub\n", true},
		{"crypto pki certificate map M 10\n subject-name co anna\n issuer-name co root\n", false},
		{"crypto pki certificate map M 10\n subject-name co anna\n issuer-name co root\n"
		 "crypto pki certificate map M 20\n subject-name co field\n", true},
		{"crypto pki certificate map M 10\n subject-name co bob\n"
		 "crypto pki certificate map M 20\n issuer-name co root\n", false},
		{"crypto pki certificate map M 10\n subject-name co anna\n subject-name nc field\n", false},
		{"crypto pki certificate map M 10\n", false}, /* nothing is asked: nobody is meant */
		{"crypto pki certificate map N 10\n subject-name co anna\n", false},
	};
	struct cert *client = pki_cert("client.pem");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].text);
		struct snapshot *s = conf(rows[i].text);
		T_EQ(certmap_matches(s, "M", client), rows[i].meets);
		snapshot_unref(s);
	}
	struct snapshot *s = conf("crypto pki certificate map A 1\n name co anna\ncrypto pki certificate map B 1\n name co bob\n"
				  "crypto pki certificate map C 1\n name co field\n");
	const char *names[4];
	T_EQ(certmaps_of(s, client, names, 4), 2);
	T_STR(names[0], "A");
	T_STR(names[1], "C");
	T_EQ(certmaps_of(s, client, names, 1), 1);
	snapshot_unref(s);
	cert_unref(client);
	T_EQ(mem_live(), 0);
}

/* A value that ends in a backslash or a blank does not hide the part behind it. */
static void ends_of_values(void)
{
	static const char ends[] = "f\\ ";
	for (size_t i = 0; i < 3; i++) {
		struct cert *c = pki_cert("client.pem"), *odd = NULL;
		struct view der = cert_der(c);
		uint8_t *copy = mem_dup(der.p, der.len), *ou = memmem(copy, der.len, "Field Staff", 11);
		struct snapshot *has = map_of("subject-name co o=corp"), *not = map_of("subject-name nc o=corp");
		T_TRUE(ou != NULL);
		ou[10] = (uint8_t)ends[i];
		T_ROW(i, NULL);
		T_EQ(cert_parse((struct view){copy, der.len}, &odd), ST_OK);
		T_TRUE(certmap_matches(has, "M", odd));
		T_TRUE(!certmap_matches(not, "M", odd));
		snapshot_unref(has);
		snapshot_unref(not);
		has = map_of("subject-name co o=corp,c=de");
		T_TRUE(certmap_matches(has, "M", odd));
		snapshot_unref(has);
		cert_unref(odd);
		cert_unref(c);
		mem_free(copy);
	}
}

/* A text longer than what is compared meets nothing, not even a test that says "does not contain". */
static void too_long(void)
{
	static char text[6000];
	struct cert *client = pki_cert("client.pem");
	int n = snprintf(text, sizeof(text), "crypto pki certificate map M 1\n subject-name nc ");
	memset(text + n, 'x', 4200);
	struct snapshot *s = conf(text);
	T_TRUE(s != NULL);
	T_TRUE(!certmap_matches(s, "M", client));
	snapshot_unref(s);
	cert_unref(client);
	static const char *const rows[] = {"subject-name nc evil", "subject-name co 0001", "name nc evil",
		"alt-subject-name nc evil", "alt-subject-name co xxx", "unstructured-subject-name nc evil"};
	struct cert *c = pki_cert("long.pem");
	T_TRUE(c != NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i]);
		s = map_of(rows[i]);
		T_TRUE(!certmap_matches(s, "M", c));
		snapshot_unref(s);
	}
	s = map_of("serial-number eq 25");
	T_TRUE(certmap_matches(s, "M", c));
	snapshot_unref(s);
	cert_unref(c);
}

/* Words of a unit inside a common name do not make a member of the unit. */
static void injected(void)
{
	static const struct {
		const char *test;
		bool meets;
	} rows[] = {{"subject-name co ou=admins", false}, {"subject-name nc ou=admins", true},
		{"subject-name co cn=eve", true}, {"subject-name co admins", true}, {"subject-name co o=corp", true},
		{"subject-name eq cn=eve,ou=admins,o=corp", false}};
	struct cert *c = pki_cert("injected.pem"); /* O=Corp, CN="eve, OU=admins+OU=admins" */
	T_TRUE(c != NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].test);
		struct snapshot *s = map_of(rows[i].test);
		T_EQ(certmap_matches(s, "M", c), rows[i].meets);
		snapshot_unref(s);
	}
	cert_unref(c);
}

int main(void)
{
	T_RUN(each_test);
	T_RUN(injected);
	T_RUN(and_or);
	T_RUN(ends_of_values);
	T_RUN(too_long);
	return t_end();
}
