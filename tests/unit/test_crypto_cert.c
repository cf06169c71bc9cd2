/* Certificates: what is read, whom they name, and that nothing malformed gets through. */
#include "core/crypto/name.h"
#include "tests/unit/x509_lib.h"

static void everything_is_read(void)
{
	struct cert *c = x509_cert("leaf"), *root = x509_cert("root"), *ed = x509_cert("ed25519"), *rsa = x509_cert("rsa");
	char text[256];

	T_EQ(cert_der(c).len, x509_der("leaf").len);
	name_text(cert_subject(c), text, sizeof(text));
	T_STR(text, "CN=anna,OU=Berlin,OU=Users,O=Corp,C=DE");
	name_text(cert_issuer(c), text, sizeof(text));
	T_STR(text, "CN=Intermediate,O=Sallyport Test");
	T_TRUE(!cert_is_ca(c) && cert_is_ca(root) && cert_is_self_issued(root) && !cert_is_self_issued(c));
	T_TRUE(cert_not_before(c) < x509.now && cert_not_after(c) > x509.now);
	T_EQ(cert_key(c), CERT_P256);
	T_EQ(cert_key_bits(c), 256);
	T_EQ(cert_key(ed), CERT_ED25519);
	T_STR(cert_key_words(ed), "Ed25519");
	T_EQ(cert_key(rsa), CERT_RSA);
	T_EQ(cert_key_bits(rsa), 2048);
	T_TRUE(cert_may(c, CERT_USE_SIGN) && !cert_may(c, CERT_USE_CERT_SIGN) && cert_may(root, CERT_USE_CRL_SIGN));
	T_TRUE(cert_lists_ekus(c) && !cert_lists_ekus(root));
	T_TRUE(cert_has_eku(c, CERT_EKU_SERVER) && cert_has_eku(c, CERT_EKU_CLIENT) && !cert_has_eku(c, CERT_EKU_OCSP));
	T_EQ(cert_crl_url(c, 0).len, strlen("http://crl.example/int.crl"));
	T_MEM(cert_crl_url(c, 0).p, "http://crl.example/int.crl", cert_crl_url(c, 0).len);
	T_TRUE(cert_crl_url(c, 1).p == NULL);
	T_EQ(cert_ocsp_url(c, 0).len, strlen("http://ocsp.example/"));
	T_TRUE(cert_ocsp_url(c, 1).p == NULL);
	cert_serial_text(c, text, sizeof(text));
	T_EQ(strlen(text), 4);
	cert_san_text(c, text, sizeof(text));
	T_STR(text, "dns:gw.corp.example, dns:Other.Corp.Example, dns:192.0.2.9, email:anna@corp.example, "
		    "ip:192.0.2.1, ip:2001:db8::1, uri:https://corp.example/anna, dn:CN=dir,O=Corp");
	cert_san_text(c, text, 24);
	T_STR(text, "dns:gw.corp.example,...");
	T_EQ(cert_san(c, 2, 2).len, 9);
	T_TRUE(cert_san(c, 2, 3).p == NULL);
	cert_unref(cert_ref(c));
	cert_unref(c);
	cert_unref(root);
	cert_unref(ed);
	cert_unref(rsa);
	cert_unref(NULL);
}

static void identities(void)
{
	static const struct {
		uint8_t type;
		const char *id;
		size_t len;
		bool want;
	} rows[] = {
		{2, "gw.corp.example", 15, true},
		{2, "GW.Corp.EXAMPLE", 15, true},
		{2, "other.corp.example", 18, true},
		{2, "gw.corp.example.", 16, false},
		{2, "gw.corp.example\0", 16, false},
		{2, "gw.corp.exampl", 14, false},
		{2, "gw\0corp.example", 15, false},
		{2, "anna", 4, false}, /* the common name */
		{2, "anna@corp.example", 17, false},
		{2, "", 0, false},
		{3, "anna@corp.example", 17, true},
		{3, "anna@CORP.example", 17, true},
		{3, "Anna@corp.example", 17, false},
		{3, "anna@corp.example\0", 18, false},
		{3, "@corp.example", 13, false},
		{3, "gw.corp.example", 15, false},
		{1, "\xc0\x00\x02\x01", 4, true},
		{1, "\xc0\x00\x02\x09", 4, true}, /* spelt in a dNSName */
		{1, "\xc0\x00\x02\x02", 4, false},
		{1, "\xc0\x00\x02", 3, false},
		{1, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16, false},
		{5, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16, true},
		{5, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02", 16, false},
		{5, "\xc0\x00\x02\x01", 4, false},
		{11, "anna@corp.example", 17, false}, /* key-id */
		{0, "gw.corp.example", 15, false},
		{201, "gw.corp.example", 15, false},
	};
	struct cert *c = x509_cert("leaf"), *direct = x509_cert("direct");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].id);
		T_EQ(cert_has_id(c, rows[i].type, (struct view){(const uint8_t *)rows[i].id, rows[i].len}), rows[i].want);
	}
	T_TRUE(cert_has_id(c, 9, cert_subject(c)));
	T_TRUE(!cert_has_id(c, 9, cert_issuer(c)));
	T_TRUE(!cert_has_id(c, 9, cert_subject(direct)));
	T_TRUE(!cert_has_id(c, 9, (struct view){0}));
	T_TRUE(!cert_has_id(c, 9, text_view("CN=anna")));
	cert_unref(c);
	cert_unref(direct);
}

static void fields(void)
{
	static const struct {
		const char *word, *want;
	} rows[] = {
		{"common-name", "anna"}, {"country", "DE"}, {"organization", "Corp"}, {"organization-unit", "Berlin"},
		{"issuer-common-name", "Intermediate"}, {"issuer-organization", "Sallyport Test"}, {"state", NULL},
		{"issuer-country", NULL}, {"", NULL}, {"issuer-", NULL}, {"nonsense", NULL},
	};
	struct cert *c = x509_cert("leaf");
	char text[16];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum status st = cert_field(c, rows[i].word, text, sizeof(text));

		T_ROW(i, rows[i].word);
		T_EQ(st, rows[i].want != NULL ? ST_OK : ST_NOT_FOUND);
		T_STR(text, rows[i].want != NULL ? rows[i].want : "");
	}
	T_EQ(cert_field(c, "common-name", text, 4), ST_LIMIT);
	T_STR(text, "");
	T_EQ(cert_field(c, "common-name", text, 5), ST_OK);
	cert_unref(c);
}

/* Cut anywhere, or with a byte after it: malformed. */
static void cut_anywhere(void)
{
	static const char *const names[] = {"leaf", "rsa", "ed25519", "permit", "exclude"};

	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
		struct view der = x509_der(names[k]);
		struct cert *c;

		for (size_t i = 0; i <= der.len + 1; i++) {
			uint8_t *copy = calloc(1, i + 1);

			if (i == der.len) {
				free(copy);
				continue;
			}
			memcpy(copy, der.p, i < der.len ? i : der.len);
			T_ROW(i, names[k]);
			T_EQ(cert_parse((struct view){copy, i}, &c), ST_BAD_CERT);
			T_TRUE(c == NULL);
			free(copy);
		}
	}
}

/* The one place where `from` stands in the certificate becomes `to`, of the same length. */
static enum status parse_changed(const char *name, const void *from, const void *to, size_t len)
{
	struct view der = x509_der(name);
	uint8_t *copy = malloc(der.len), *at;
	enum status st;
	struct cert *c;

	memcpy(copy, der.p, der.len);
	at = memmem(copy, der.len, from, len);
	if (at == NULL)
		abort();
	memcpy(at, to, len);
	st = cert_parse((struct view){copy, der.len}, &c);
	cert_unref(c);
	free(copy);
	return st;
}

static void strictly(void)
{
	static const struct {
		const char *row, *name, *from, *to;
		size_t len;
		enum status want;
	} rows[] = {
		{"version 2", "leaf", "\xa0\x03\x02\x01\x02", "\xa0\x03\x02\x01\x01", 5, ST_BAD_CERT},
		{"NUL in a DNS name", "leaf", "gw.corp", "gw\0corp", 7, ST_BAD_CERT},
		{"high bit in a DNS name", "leaf", "gw.corp", "gw\xffWorp", 7, ST_BAD_CERT},
		{"address of 5 bytes", "leaf", "\x87\x04\xc0\x00\x02\x01\x87\x10", "\x87\x05\xc0\x00\x02\x01\x87\x0f", 8,
			ST_BAD_CERT},
		{"an extension twice", "leaf", "\x55\x1d\x0e", "\x55\x1d\x0f", 3, ST_BAD_CERT},
		{"unknown key", "leaf", "\x2a\x86\x48\xce\x3d\x02\x01", "\x2a\x86\x48\xce\x3d\x02\x02", 7,
			ST_CERT_ALGORITHM},
		{"unknown curve", "leaf", "\x2a\x86\x48\xce\x3d\x03\x01\x07", "\x2a\x86\x48\xce\x3d\x03\x01\x01", 8,
			ST_CERT_ALGORITHM},
		{"other algorithm inside than outside", "leaf", "\x2a\x86\x48\xce\x3d\x04\x03\x02",
			"\x2a\x86\x48\xce\x3d\x04\x03\x03", 8, ST_BAD_CERT},
		{"an http URL with a blank: not listed", "leaf", "http://crl", "http:/ crl", 10, ST_OK},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].row);
		T_EQ(parse_changed(rows[i].name, rows[i].from, rows[i].to, rows[i].len), rows[i].want);
	}
}

/* Keys that are none, in certificates that are otherwise whole (bug class 12). */
static void degenerate_keys(void)
{
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000080",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
	};
	struct cert *ed = x509_cert("ed25519"), *ec = x509_cert("leaf"), *rsa = x509_cert("rsa");
	struct view key;
	uint8_t other[600] = {0};

	key = (struct view){cert_spki(ed).p + cert_spki(ed).len - 32, 32};
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		T_ROW(i, points[i]);
		T_EQ(parse_changed("ed25519", key.p, t_hex(points[i], NULL), 32), ST_WEAK_KEY);
	}
	/* off the curve; both coordinates zero; a byte that is no form of a point */
	key = (struct view){cert_spki(ec).p + cert_spki(ec).len - 65, 65};
	memcpy(other, key.p, 65);
	other[64] ^= 1;
	T_EQ(parse_changed("leaf", key.p, other, 65), ST_WEAK_KEY);
	memset(other + 1, 0, 64);
	T_EQ(parse_changed("leaf", key.p, other, 65), ST_WEAK_KEY);
	memcpy(other, key.p, 65);
	other[0] = 0;
	T_EQ(parse_changed("leaf", key.p, other, 65), ST_WEAK_KEY);
	/* an even modulus; exponents 65536, 1 (longer than it need be: malformed) and 0; a negative modulus */
	key = cert_spki(rsa);
	memcpy(other, key.p, key.len);
	other[key.len - 6] ^= 1;
	T_EQ(parse_changed("rsa", key.p, other, key.len), ST_WEAK_KEY);
	memcpy(other, key.p, key.len);
	other[key.len - 1] = 0;
	T_EQ(parse_changed("rsa", key.p, other, key.len), ST_WEAK_KEY);
	memcpy(other + key.len - 3, "\0\0\1", 3);
	T_EQ(parse_changed("rsa", key.p, other, key.len), ST_BAD_CERT);
	memcpy(other + key.len - 5, "\x02\x03\xff\xff\xff", 5);
	T_EQ(parse_changed("rsa", key.p, other, key.len), ST_BAD_CERT);
	struct cert *c;

	T_EQ(cert_parse(x509_der("rsa1024"), &c), ST_WEAK_KEY);
	T_EQ(cert_parse_weak(x509_der("rsa1024"), &c), ST_OK);
	cert_unref(c);
	cert_unref(ed);
	cert_unref(ec);
	cert_unref(rsa);
}

static void pem(void)
{
	struct view at = x509_der("pem_chain"), broken = text_view("-----BEGIN CERTIFICATE-----\nMIIB\n");
	struct view junk = text_view("-----BEGIN CERTIFICATE-----\nM!IB\n-----END CERTIFICATE-----\n");
	struct view empty = text_view("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n");
	static const char *const names[] = {"leaf", "int"};
	uint8_t *der;
	size_t len;

	for (size_t i = 0; i < 2; i++) {
		T_EQ(pem_next(&at, "CERTIFICATE", &der, &len), ST_OK);
		T_EQ(len, x509_der(names[i]).len);
		T_MEM(der, x509_der(names[i]).p, len);
		mem_free(der);
	}
	T_EQ(pem_next(&at, "CERTIFICATE", &der, &len), ST_NOT_FOUND);
	at = x509_der("pem_chain");
	T_EQ(pem_next(&at, "X509 CRL", &der, &len), ST_NOT_FOUND);
	T_EQ(pem_next(&broken, "CERTIFICATE", &der, &len), ST_BAD_CERT);
	T_EQ(pem_next(&junk, "CERTIFICATE", &der, &len), ST_BAD_CERT);
	T_EQ(pem_next(&empty, "CERTIFICATE", &der, &len), ST_BAD_CERT);
	T_EQ(pem_next(&(struct view){0}, "CERTIFICATE", &der, &len), ST_NOT_FOUND);
}

int main(void)
{
	x509_load();
	T_RUN(everything_is_read);
	T_RUN(identities);
	T_RUN(fields);
	T_RUN(cut_anywhere);
	T_RUN(strictly);
	T_RUN(degenerate_keys);
	T_RUN(pem);
	x509_unload();
	return t_end();
}
