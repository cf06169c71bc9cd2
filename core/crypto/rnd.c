#include "core/crypto/rnd.h"

#include <openssl/rand.h>

void rnd_bytes(void *out, size_t len)
{
	/* BoringSSL aborts rather than fail; the result is 1 always. */
	RAND_bytes(out, len);
}

uint64_t rnd_u64(void)
{
	uint64_t v;

	rnd_bytes(&v, sizeof(v));
	return v;
}
