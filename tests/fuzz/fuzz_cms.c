/* CMS of a peer, DER and BER. */
#include <stdlib.h>

#include "core/crypto/ber.h"
#include "core/crypto/cms.h"
#include "tests/unit/x509_lib.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

/* What came out of it once comes out of it again. */
static void normal_form(struct view in)
{
	uint8_t *once, *twice;
	size_t len, again;

	if (ber_to_der(in, &once, &len) != ST_OK)
		return;
	MUST(ber_to_der((struct view){once, len}, &twice, &again) == ST_OK);
	MUST(len == again && memcmp(once, twice, len) == 0);
	mem_free(once);
	mem_free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = {data, size}, content, extra[2];
	struct cms *c;

	if (x509.n == 0)
		x509_load();
	content = x509_der("content");
	extra[0] = x509_der("leaf");
	extra[1] = x509_der("rsa");
	normal_form(in);
	if (cms_parse(in, &c) != ST_OK)
		return 0;
	MUST(cms_certs(c) <= CMS_CERTS_MAX && cms_signers(c) <= CMS_SIGNERS_MAX);
	MUST(cms_cert(c, cms_certs(c)).p == NULL);
	for (size_t i = 0; i < cms_signers(c); i++) {
		struct view alone[] = {extra[0], extra[1]};
		struct cert *signer;

		/* leaf and rsa signed that content and nothing else */
		if (cms_verify(c, i, content, alone, 2, &signer) == ST_OK &&
			cert_der(signer).len == extra[0].len && memcmp(cert_der(signer).p, extra[0].p, extra[0].len) == 0)
			MUST(cms_content(c).p == NULL || (cms_content(c).len == content.len &&
								 memcmp(cms_content(c).p, content.p, content.len) == 0));
		cert_unref(signer);
	}
	cms_free(c);
	return 0;
}
