#include "tests/lib/tls_lab.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/t.h"

#define KEPT_MAX 16

static BIO *open_bio(const char *path, const char *suffix)
{
	char file[512];
	size_t len;
	char *text;
	BIO *b;

	snprintf(file, sizeof(file), "%s%s", path, suffix);
	text = t_readfile(file, &len);
	b = text != NULL ? BIO_new(BIO_s_mem()) : NULL;
	if (b == NULL || BIO_write(b, text, (int)len) != (int)len) {
		fprintf(stderr, "cannot read %s\n", file);
		exit(2);
	}
	return b;
}

void lab_id_load(struct lab_id *id, const char *path)
{
	BIO *b = open_bio(path, ".pem");
	char *name = NULL, *header = NULL;
	uint8_t *der = NULL;
	long len = 0;

	memset(id, 0, sizeof(*id));
	if (!PEM_read_bio(b, &name, &header, &der, &len) || len > LAB_DER_MAX) {
		fprintf(stderr, "%s: not a certificate\n", path);
		exit(2);
	}
	memcpy(id->der, der, (size_t)len);
	id->der_len = (size_t)len;
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);
	BIO_free(b);
	b = open_bio(path, ".key");
	id->key = PEM_read_bio_PrivateKey(b, NULL, NULL, NULL);
	BIO_free(b);
	if (id->key == NULL) {
		fprintf(stderr, "%s: not a key\n", path);
		exit(2);
	}
}

void lab_id_free(struct lab_id *id)
{
	EVP_PKEY_free(id->key);
	id->key = NULL;
}

const struct lab_id *lab_id(const char *name)
{
	static struct {
		char name[32];
		struct lab_id id;
	} kept[KEPT_MAX];
	static size_t n;
	char path[128];

	for (size_t i = 0; i < n; i++) {
		if (strcmp(kept[i].name, name) == 0)
			return &kept[i].id;
	}
	if (n == KEPT_MAX)
		abort();
	snprintf(path, sizeof(path), "tests/vectors/tls/%s", name);
	snprintf(kept[n].name, sizeof(kept[n].name), "%s", name);
	lab_id_load(&kept[n].id, path);
	return &kept[n++].id;
}

struct view lab_der(const struct lab_id *id)
{
	return (struct view){id->der, id->der_len};
}

size_t lab_sign(
	const struct lab_id *id, uint16_t scheme, struct view data, uint8_t out[TLS_SIGNATURE_MAX])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;
	size_t len = TLS_SIGNATURE_MAX;
	bool ok;

	ok = ctx != NULL && SSL_get_signature_algorithm_key_type(scheme) == EVP_PKEY_id(id->key) &&
	     EVP_DigestSignInit(
		     ctx, &pctx, SSL_get_signature_algorithm_digest(scheme), NULL, id->key);
	if (ok && SSL_is_signature_algorithm_rsa_pss(scheme))
		ok = EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) &&
		     EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, -1);
	ok = ok && EVP_DigestSign(ctx, out, &len, data.p, data.len);
	EVP_MD_CTX_free(ctx);
	return ok ? len : 0;
}

struct tls_ctx *lab_ctx(enum tls_role role, const struct lab_id *id, uint16_t min, uint16_t max)
{
	struct view chain[1];
	struct tls_conf c = {.role = role, .min_version = min, .max_version = max, .chain = chain};
	struct tls_ctx *ctx;

	if (id != NULL)
		chain[c.n_chain++] = lab_der(id);
	return tls_ctx_new(&c, &ctx) == ST_OK ? ctx : NULL;
}
