/* A CRL that was fetched, or sent by a peer. */
#include <stdlib.h>

#include "core/crypto/crl.h"
#include "tests/unit/x509_lib.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cert *issuer, *leaf, *revoked;
	struct crl *c;
	unsigned reason;
	int64_t when;

	if (issuer == NULL) {
		x509_load();
		issuer = x509_cert("int");
		leaf = x509_cert("leaf");
		revoked = x509_cert("revoked");
	}
	if (crl_parse((struct view){data, size}, &c) != ST_OK) {
		MUST(c == NULL);
		return 0;
	}
	MUST(crl_der(c).len == size);
	MUST(crl_entries(c) * 18 <= size); /* an entry takes that much at least */
	(void)crl_covers(c, revoked);
	/* nobody made a list that holds the leaf, so none verifies */
	if (crl_lists(c, leaf, &when, &reason))
		MUST(crl_verify(c, issuer) != ST_OK && crl_reason_words(reason) != NULL);
	crl_unref(c);
	return 0;
}
