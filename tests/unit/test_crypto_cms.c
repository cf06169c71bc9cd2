/* CMS that the openssl program made, and bundles that it reads. */
#include <unistd.h>

#include "core/crypto/ber.h"
#include "core/crypto/cms.h"
#include "tests/unit/x509_lib.h"

static void signed_messages(void)
{
	static const struct {
		const char *name, *by;
		bool detached, no_cert;
		enum status want;
	} rows[] = {
		{"cms", "leaf", false, false, ST_OK},
		{"cms_detached", "leaf", true, false, ST_OK},
		{"cms_plain", "leaf", true, false, ST_OK},
		{"cms_ber", "leaf", false, false, ST_OK},
		{"cms_key_id", "leaf", true, false, ST_OK},
		{"cms_no_cert", "leaf", true, true, ST_OK},
		{"cms_sha512", "rsa", false, false, ST_OK},
		{"cms_pss", "rsa", false, false, ST_OK},
		{"cms_sha1", "rsa", false, false, ST_SIG_ALGORITHM},
		{"cms_p384", "p384", false, false, ST_OK},
		{"cms_other_type", "leaf", false, false, ST_OK},
	};
	struct view content = x509_der("content");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct view extra[] = {x509_der("int"), x509_der("leaf")};
		struct view other = {content.p, content.len - 1};
		struct cert *signer = NULL;
		struct cms *c;

		T_ROW(i, rows[i].name);
		T_EQ(cms_parse(x509_der(rows[i].name), &c), ST_OK);
		T_EQ(cms_signers(c), 1);
		T_EQ(cms_certs(c), rows[i].no_cert ? 0 : 1);
		if (!rows[i].detached) {
			T_EQ(cms_content(c).len, content.len);
			T_MEM(cms_content(c).p, content.p, content.len);
		} else {
			T_TRUE(cms_content(c).p == NULL);
			T_EQ(cms_verify(c, 0, (struct view){0}, extra, 2, &signer), ST_NOT_FOUND);
			T_EQ(cms_verify(c, 0, other, extra, 2, &signer), ST_BAD_SIGNATURE);
			T_TRUE(signer == NULL);
		}
		if (rows[i].no_cert)
			T_EQ(cms_verify(c, 0, content, NULL, 0, &signer), ST_NOT_FOUND);
		T_EQ(cms_verify(c, 0, content, extra, 2, &signer), rows[i].want);
		if (rows[i].want == ST_OK) {
			T_EQ(cert_der(signer).len, x509_der(rows[i].by).len);
			T_MEM(cert_der(signer).p, x509_der(rows[i].by).p, cert_der(signer).len);
		}
		cert_unref(signer);
		T_EQ(cms_verify(c, 1, content, extra, 2, &signer), ST_NOT_FOUND);
		cms_free(c);
	}
}

/* The signed attributes of a message presented as the content of one without attributes: the signature holds. */
static void attributes_are_no_content(void)
{
	struct cert *signer;
	struct cms *c;

	T_EQ(cms_parse(x509_der("cms_stripped"), &c), ST_OK);
	T_EQ(cms_content(c).p[0], 0x31);
	T_EQ(cms_verify(c, 0, (struct view){0}, NULL, 0, &signer), ST_BAD_CMS);
	T_TRUE(signer == NULL);
	cms_free(c);
}

/* Signed as content of one type and presented as that of another. */
static void the_type_is_signed_too(void)
{
	struct view der = x509_der("cms_other_type");
	uint8_t *copy = malloc(der.len), *at;
	struct cert *signer;
	struct cms *c;

	memcpy(copy, der.p, der.len);
	at = memmem(copy, der.len, "\x06\x03\x2a\x03\x04", 5);
	T_TRUE(at != NULL);
	at[4] = 5;
	T_EQ(cms_parse((struct view){copy, der.len}, &c), ST_OK);
	T_EQ(cms_verify(c, 0, (struct view){0}, NULL, 0, &signer), ST_BAD_SIGNATURE);
	cms_free(c);
	free(copy);
}

/* A changed byte anywhere: not read, not verified, or not one of what is signed; never another content. */
static void every_byte_counts(void)
{
	struct view der = x509_der("cms"), content = x509_der("content");
	uint8_t *copy = malloc(der.len);
	size_t bad = 0;

	for (size_t i = 0; i < der.len; i++) {
		struct cert *signer = NULL;
		struct cms *c;

		memcpy(copy, der.p, der.len);
		copy[i] ^= 1;
		T_ROW(i, "byte");
		if (cms_parse((struct view){copy, der.len}, &c) != ST_OK) {
			bad++;
			continue;
		}
		if (cms_verify(c, 0, (struct view){0}, NULL, 0, &signer) == ST_OK) {
			T_EQ(cms_content(c).len, content.len);
			T_MEM(cms_content(c).p, content.p, content.len);
		} else {
			bad++;
		}
		cert_unref(signer);
		cms_free(c);
	}
	T_TRUE(bad > der.len / 3);
	free(copy);
}

static void refused(void)
{
	struct view der = x509_der("cms_ber");
	struct cms *c;
	uint8_t *big = calloc(1, CMS_DER_MAX + 1);

	for (size_t i = 0; i < der.len; i++)
		T_EQ(cms_parse((struct view){der.p, i}, &c), ST_BAD_CMS);
	T_EQ(cms_parse(x509_der("leaf"), &c), ST_BAD_CMS);
	T_EQ(cms_parse((struct view){big, CMS_DER_MAX + 1}, &c), ST_LIMIT);
	free(big);
}

static void bundles(void)
{
	struct view certs[] = {x509_der("leaf"), x509_der("int"), x509_der("root")}, many[CMS_CERTS_MAX + 1];
	struct cms *c;
	uint8_t *out;
	size_t len;

	T_EQ(cms_parse(x509_der("bundle"), &c), ST_OK);
	T_EQ(cms_certs(c), 2);
	T_EQ(cms_signers(c), 0);
	cms_free(c);
	T_EQ(cms_put_certs(certs, 3, &out, &len), ST_OK);
	T_EQ(cms_parse((struct view){out, len}, &c), ST_OK);
	mem_free(out);
	T_EQ(cms_certs(c), 3);
	for (size_t i = 0; i < 3; i++) {
		T_EQ(cms_cert(c, i).len, certs[i].len);
		T_MEM(cms_cert(c, i).p, certs[i].p, certs[i].len);
	}
	T_TRUE(cms_cert(c, 3).p == NULL);
	cms_free(c);
	for (size_t i = 0; i <= CMS_CERTS_MAX; i++)
		many[i] = certs[0];
	T_EQ(cms_put_certs(many, CMS_CERTS_MAX + 1, &out, &len), ST_OK);
	T_EQ(cms_parse((struct view){out, len}, &c), ST_LIMIT);
	mem_free(out);
}

/* What we write, openssl reads. */
static void openssl_reads_ours(void)
{
	struct view certs[] = {x509_der("leaf"), x509_der("int")};
	char path[] = "/tmp/test_cms_XXXXXX", command[200], line[200];
	unsigned subjects = 0;
	int fd = mkstemp(path);
	uint8_t *out;
	size_t len;
	FILE *f;

	T_TRUE(fd >= 0);
	T_EQ(cms_put_certs(certs, 2, &out, &len), ST_OK);
	T_EQ(write(fd, out, len), (ssize_t)len);
	close(fd);
	mem_free(out);
	snprintf(command, sizeof(command), "openssl pkcs7 -inform DER -in %s -print_certs -noout", path);
	f = popen(command, "r");
	T_TRUE(f != NULL);
	while (fgets(line, sizeof(line), f) != NULL)
		subjects += strncmp(line, "subject=", 8) == 0;
	T_EQ(pclose(f), 0);
	unlink(path);
	T_EQ(subjects, 2);
}

static void ber(void)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"0500", "0500"},
		{"3080020101 0000", "3003020101"},
		{"308102 0500", "30020500"},
		{"2480 0402 6162 0401 63 0000", "0403616263"},
		{"2480 2480 0401 61 0000 0401 62 0000", "04026162"},
		{"3080 a080 3000 0000 0000", "3004a0023000"},
		{"", NULL},
		{"3080 020101", NULL},
		{"2480 0201 61 0000", NULL},
		{"0480 61 0000", NULL},
		{"0500 00", NULL},
	};
	uint8_t deep[4 * BER_DEPTH_MAX];
	uint8_t *out;
	size_t len;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t in_len, want_len;
		const uint8_t *in = t_hex(rows[i].in, &in_len);

		T_ROW(i, rows[i].in);
		if (rows[i].out == NULL) {
			T_EQ(ber_to_der((struct view){in, in_len}, &out, &len), ST_BAD_CMS);
			continue;
		}
		const uint8_t *want = t_hex(rows[i].out, &want_len);

		T_EQ(ber_to_der((struct view){in, in_len}, &out, &len), ST_OK);
		T_EQ(len, want_len);
		T_MEM(out, want, len);
		mem_free(out);
	}
	for (size_t i = 0; i < sizeof(deep); i += 2)
		memcpy(deep + i, "\x30\x80", 2);
	T_EQ(ber_to_der((struct view){deep, sizeof(deep)}, &out, &len), ST_BAD_CMS);
}

int main(void)
{
	x509_load();
	T_RUN(signed_messages);
	T_RUN(attributes_are_no_content);
	T_RUN(the_type_is_signed_too);
	T_RUN(every_byte_counts);
	T_RUN(refused);
	T_RUN(bundles);
	T_RUN(openssl_reads_ours);
	T_RUN(ber);
	x509_unload();
	return t_end();
}
