/* Certificates of a peer: a leaf and another, each with a length before it, and an ID. */
#include <stdlib.h>

#include "core/crypto/chain.h"
#include "core/crypto/name.h"
#include "tests/unit/x509_lib.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

/* What is printed is one line, ended, and as long as it says. */
static void check_text(size_t len, const char *text, size_t size)
{
	MUST(len == strlen(text) && len < size);
	for (size_t i = 0; i < len; i++)
		MUST((unsigned char)text[i] >= ' ' && text[i] != 0x7f);
}

static void look_at(const struct cert *c, struct view id)
{
	char text[200];
	struct cert *again;

	MUST(cert_parse_weak(cert_der(c), &again) == ST_OK);
	cert_unref(again);
	check_text(name_text(cert_subject(c), text, sizeof(text)), text, sizeof(text));
	check_text(cert_san_text(c, text, sizeof(text)), text, sizeof(text));
	check_text(cert_serial_text(c, text, sizeof(text)), text, sizeof(text));
	MUST(name_eq(cert_issuer(c), cert_issuer(c)) && name_is_within(cert_subject(c), cert_subject(c)));
	MUST(!cert_has_id(c, 11, id));
	for (uint8_t type = 1; type < 10; type++)
		if (cert_has_id(c, type, id))
			MUST(id.len > 0);
	for (size_t i = 0; i < CERT_URLS_MAX; i++)
		MUST(cert_crl_url(c, i).len <= CERT_URL_MAX && cert_ocsp_url(c, i).len <= CERT_URL_MAX);
	(void)!cert_field(c, "common-name", text, sizeof(text));
	(void)!cert_field(c, "domain", text, sizeof(text));
	(void)!cert_field(c, "issuer-organization-unit", text, sizeof(text));
}

/* Nobody but the holder of root's key makes a certificate below it; that of int and of the leaf may be replayed. */
static void judge(struct trust *trust, struct view leaf, struct view other, struct view id)
{
	struct view others[] = {other, x509_der("permit"), x509_der("exclude"), x509_der("int")};
	struct chain_query q = {.trust = trust, .leaf = leaf, .others = others, .n_others = 4, .now_s = x509.now,
		.purpose = CHAIN_IKE_CLIENT, .id_type = id.len > 0 ? 2 : 0, .id = id, .methods = {CHAIN_CRL, CHAIN_OCSP},
		.n_methods = 2};
	struct chain_result r;

	(void)!chain_judge(&q, &r);
	check_text(strlen(r.words), r.words, sizeof(r.words));
	MUST(r.n_wanted == 0 || (r.status == ST_PENDING && r.is_trusted));
	MUST(!r.is_trusted || r.leaf != NULL);
	chain_result_fini(&r);
}

static struct trust *trust;

static void init(void)
{
	struct cert *root;

	x509_load();
	root = x509_cert("root");
	trust = trust_new("HQ");
	if (trust_add_anchor(trust, root) != ST_OK)
		abort();
	cert_unref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);
	struct view leaf, other, id;
	struct cert *c;

	if (trust == NULL)
		init();
	leaf = rd_bytes(&r, rd_u16(&r));
	other = rd_bytes(&r, rd_u16(&r));
	id = rd_rest(&r);
	if (cert_parse_weak(leaf, &c) == ST_OK)
		look_at(c, id);
	cert_unref(c);
	judge(trust, leaf, other, id);
	return 0;
}
