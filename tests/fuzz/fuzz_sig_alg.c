/* What stands before and in a signature of method 14 (RFC 7427), and the key it is checked with. */
#include <stdlib.h>

#include "core/crypto/sig.h"
#include "tests/unit/x509_lib.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

/* The scheme at the cursor is one that we write, and reads as itself. */
static enum sig_scheme scheme_of(struct rd *r)
{
	uint8_t out[SIG_ALG_MAX];
	enum sig_scheme s, again;
	struct rd own;

	if (sig_scheme_parse(r, &s) != ST_OK) {
		MUST(s == SIG_NONE);
		return s;
	}
	own = rd_init(out, sig_scheme_put(s, out));
	MUST(sig_method(s) == 14 && sig_scheme_parse(&own, &again) == ST_OK && again == s && rd_done(&own));
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);
	enum sig_scheme s = scheme_of(&r);
	struct view spki, sig;

	if (x509.n == 0)
		x509_load();
	spki = rd_bytes(&r, rd_u16(&r));
	sig = rd_rest(&r);
	/* Keys of any kind under any scheme. Whoever makes the key may sign with it, so it may verify. */
	if (sig_verify(spki, s, text_view("octets"), sig) == ST_OK)
		MUST(s != SIG_NONE && sig.len > 0);
	for (s = SIG_NONE; s <= SIG__MAX; s++)
		(void)!sig_verify(spki, s, text_view("octets"), sig);
	return 0;
}
