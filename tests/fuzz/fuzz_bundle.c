/* What stands behind a URL that a peer names: a bundle of certificates. */
#include <stdlib.h>

#include "core/crypto/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view certs[8], der = {data, size};
	size_t n, total = 0;
	enum status st = bundle_parse(der, certs, 8, &n);

	for (size_t i = 0; i < n; i++) {
		if (certs[i].len < 2 || certs[i].p <= data || certs[i].p + certs[i].len > data + size || certs[i].p[0] != 0x30)
			abort();
		total += certs[i].len;
	}
	if (n > 8 || total > size || (st == ST_CERT_LIMIT && n != 8))
		abort();
	return 0;
}
