/* Distinguished names: compared by meaning, printed safely, read from text. */
#include "core/crypto/name.h"
#include "tests/unit/x509_lib.h"

static struct view name_of(const char *text)
{
	static uint8_t bufs[8][1024];
	static unsigned at;
	uint8_t *buf = bufs[at++ % 8];
	size_t len;

	if (name_from_text(text, buf, sizeof(bufs[0]), &len) != ST_OK) {
		fprintf(stderr, "no name: %s\n", text);
		abort();
	}
	return (struct view){buf, len};
}

static void equality(void)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} rows[] = {
		{"CN=anna,O=Corp", "CN=anna,O=Corp", true},
		{"CN=anna,O=Corp", "cn=ANNA, o=corp", true},
		{"CN=anna b,O=Corp", "CN=anna   b,O=Corp", true},
		{"CN=anna b,O=Corp", "CN=\\ anna b\\ ,O=Corp", true},
		{"CN=anna b", "CN=annab", false},
		{"CN=anna,O=Corp", "O=Corp,CN=anna", false},
		{"CN=anna,O=Corp", "CN=anna", false},
		{"CN=anna", "CN=anna,O=Corp", false},
		{"CN=anna,O=Corp", "CN=anna,O=Corp,O=Corp", false},
		{"CN=a+OU=b,O=Corp", "OU=b+CN=a,O=Corp", true},
		{"CN=a+OU=b,O=Corp", "CN=a,OU=b,O=Corp", false},
		{"CN=a+CN=b", "CN=a+CN=a", false},
		{"CN=anna", "OU=anna", false},
		{"CN=\xc3\xa4", "CN=\xc3\x84", false}, /* only ASCII is folded */
		{"CN=anna", "CN=ann", false},
		{"emailAddress=a@b", "E=A@B", true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].a);
		T_EQ(name_eq(name_of(rows[i].a), name_of(rows[i].b)), rows[i].equal);
		T_EQ(name_eq(name_of(rows[i].b), name_of(rows[i].a)), rows[i].equal);
	}
	T_TRUE(name_is_within(name_of("CN=anna,O=Corp"), name_of("O=Corp")));
	T_TRUE(!name_is_within(name_of("CN=anna,O=Corp"), name_of("CN=anna")));
	T_TRUE(!name_is_within(name_of("O=Corp"), name_of("CN=anna,O=Corp")));
}

/* The kind of string does not matter; a NUL, or what is no valid text, makes it bytes (bug class 16). */
static void kinds_of_strings(void)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} rows[] = {
		{"300f310d300b06035504030c04616e6e61", "300f310d300b06035504031304416e6e61", true}, /* UTF8, Printable */
		{"300f310d300b06035504030c04616e6e61", "30133111300f06035504031e080061006e006e0061", true}, /* BMP */
		{"300f310d300b06035504030c04616e6e61", "301031 0e300c06035504030c05616e6e6100", false},
		{"300f310d300b06035504030c04616e0061", "300f310d300b06035504030c04616e0041", false},
		{"300f310d300b06035504030c04616e0061", "300f310d300b06035504030c04616e0061", true},
		{"300f310d300b06035504030c04616eff61", "300f310d300b06035504031404616eff61", false},
		{"300f310d300b06035504030404616e6e61", "300f310d300b06035504030c04616e6e61", false}, /* OCTET STRING */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct view a, b;

		a.p = t_hex(rows[i].a, &a.len);
		b.p = t_hex(rows[i].b, &b.len);
		T_ROW(i, rows[i].b);
		T_TRUE(name_ok(a) && name_ok(b));
		T_EQ(name_eq(a, b), rows[i].equal);
	}
}

static void malformed(void)
{
	static const char *const rows[] = {
		"", "30", "3001", "310d300b06035504030c04616e6e61", "300f310d300b06035504030c04616e6e6100",
		"30023100", /* a relative name of nothing */
		"3006310430020600", "300a3108300606035504030c", "300d310b300906035504030c0261", "3080310000",
	};
	uint8_t many[4 + 15 * (NAME_PARTS_MAX + 1)];
	char text[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct view v;

		v.p = t_hex(rows[i], &v.len);
		T_ROW(i, rows[i]);
		T_TRUE(!name_ok(v) && !name_is_empty(v) && !name_eq(v, v));
		name_text(v, text, sizeof(text));
		T_STR(text, "(malformed name)");
		T_EQ(name_field(v, "common-name", text, sizeof(text)), ST_NOT_FOUND);
	}
	for (int n = NAME_PARTS_MAX; n <= NAME_PARTS_MAX + 1; n++) {
		size_t len = (size_t)n * 14;

		memcpy(many, (uint8_t[]){0x30, 0x82, (uint8_t)(len >> 8), (uint8_t)len}, 4);
		for (int i = 0; i < n; i++)
			memcpy(many + 4 + 14 * i, "\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03" "abc", 14);
		T_EQ(name_ok((struct view){many, 4 + len}), n == NAME_PARTS_MAX);
	}
	T_TRUE(name_is_empty((struct view){(const uint8_t *)"\x30\x00", 2}));
}

static void text(void)
{
	static const struct {
		const char *der, *want;
	} rows[] = {
		{"3000", ""},
		{"300f310d300b06035504030c04616e6e61", "CN=anna"},
		{"300f310d300b06035504030c04616e0061", "CN=#0c04616e0061"},
		{"300f310d300b06035504030c04612c2b22", "CN=a\\,\\+\\\""},
		{"300f310d300b06035504030c0420616120", "CN=\\ aa\\ "},
		{"300f310d300b06035504030c0423610a7f", "CN=\\#a\\0a\\7f"},
		{"300f310d300b06035504030c04612d2d2d", "CN=a---"},
		{"3010310e300c06035504030c05e280ae6161", "CN=\\e2\\80\\aeaa"}, /* right-to-left override */
		{"300f310d300b06035504030c0461c3a461", "CN=a\xc3\xa4" "a"},
		{"300f310d300b0603550403140461e46161", "CN=a\xc3\xa4" "aa"},
		{"300d310b300906022a030c03616263", "1.2.3=#0c03616263"},
	};
	char out[128];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct view v;

		v.p = t_hex(rows[i].der, &v.len);
		T_ROW(i, rows[i].want);
		T_EQ(name_text(v, out, sizeof(out)), strlen(rows[i].want));
		T_STR(out, rows[i].want);
	}
	T_EQ(name_text(name_of("CN=anna,O=Corporation"), out, 10), 9);
	T_STR(out, "CN=ann...");
	for (size_t n = 0; n < 40; n++) {
		memset(out, 'x', sizeof(out));
		T_TRUE(name_text(name_of("CN=\xc3\xa4\xc3\xa4,O=Corporation"), out, n) < (n ? n : 1));
		T_TRUE(out[n] == 'x' && (n == 0 || memchr(out, 0, n) != NULL));
	}
}

static void from_text(void)
{
	static const char *const good[] = {
		"CN=anna,O=Corp", "CN=a\\,b,O=x\\+y", "UID=anna+CN=Anna A.,OU=Users,DC=corp,DC=example", "C=DE",
		"CN=\\ a\\ ", "serialNumber=42,emailAddress=a@b",
	};
	static const char *const bad[] = {
		"", "CN", "CN=", "anna", "CN=a,", ",CN=a", "CN=a,,O=b", "XX=a", "1.2.3=#0500", "CN=#0500", "CN=a\\", "CN=a\\q",
		"CN=\"a\"", "CN=a;O=b", "CN=\xff", "CN=a\\00", "C=\xc3\xa4", "CN=\\zz",
	};
	uint8_t der[256];
	char out[128];
	size_t len;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		T_ROW(i, good[i]);
		T_EQ(name_from_text(good[i], der, sizeof(der), &len), ST_OK);
		name_text((struct view){der, len}, out, sizeof(out));
		if (strchr(good[i], '+') == NULL || strchr(good[i], '\\') != NULL)
			T_STR(out, good[i]);
		T_TRUE(name_eq((struct view){der, len}, name_of(out)));
		T_EQ(name_from_text(good[i], der, len - 1, &len), ST_LIMIT);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		T_ROW(i, bad[i]);
		T_EQ(name_from_text(bad[i], der, sizeof(der), &len), ST_CONFIG);
		T_EQ(len, 0);
	}
}

static void fields(void)
{
	struct view n = name_of("UID=a7,emailAddress=anna@corp.example,CN=anna,OU=one,OU=two,DC=corp,DC=example");
	struct view mail = name_of("emailAddress=anna@corp.example,O=x"), none = name_of("O=x");
	char out[64];

	T_EQ(name_field(n, "domain", out, sizeof(out)), ST_OK);
	T_STR(out, "corp.example");
	T_EQ(name_field(mail, "domain", out, sizeof(out)), ST_OK);
	T_STR(out, "corp.example");
	T_EQ(name_field(none, "domain", out, sizeof(out)), ST_NOT_FOUND);
	T_EQ(name_field(n, "organization-unit", out, sizeof(out)), ST_OK);
	T_STR(out, "one"); /* the most specific */
	T_EQ(name_field_at(n, "organization-unit", 1, out, sizeof(out)), ST_OK);
	T_STR(out, "two");
	T_EQ(name_field_at(n, "organization-unit", 2, out, sizeof(out)), ST_NOT_FOUND);
	T_EQ(name_field(n, "email", out, sizeof(out)), ST_OK);
	T_STR(out, "anna@corp.example");
	T_EQ(name_field(n, "user-id", out, sizeof(out)), ST_OK);
	T_STR(out, "a7");
	T_EQ(name_field(n, "domain", out, 12), ST_LIMIT);
	T_EQ(name_field(n, "domain", out, 0), ST_LIMIT);
}

int main(void)
{
	T_RUN(equality);
	T_RUN(kinds_of_strings);
	T_RUN(malformed);
	T_RUN(text);
	T_RUN(from_text);
	T_RUN(fields);
	return t_end();
}
