/* An OCSP response that was fetched, or sent by a peer. */
#include <stdlib.h>

#include "core/crypto/ocsp.h"
#include "tests/unit/x509_lib.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct view none;
	static struct cert *issuer, *leaf, *revoked;
	struct view response = {data, size};
	struct ocsp_verdict v;

	if (issuer == NULL) {
		x509_load();
		issuer = x509_cert("int");
		leaf = x509_cert("leaf");
		revoked = x509_cert("revoked");
	}
	/* only the responder can say so, and of these it never said anything else */
	if (ocsp_judge(response, revoked, issuer, none, x509.now, &v) == ST_OK)
		MUST(v.state == OCSP_REVOKED && v.reason == 1);
	if (ocsp_judge(response, leaf, issuer, none, x509.now, &v) == ST_OK)
		MUST(v.state == OCSP_GOOD && v.next_update_s > x509.now - OCSP_SKEW_S);
	return 0;
}
