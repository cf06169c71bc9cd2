#include "core/crypto/password.h"

#include <openssl/evp.h>

#include "core/base/be.h"
#include "core/base/mem.h"
#include "core/crypto/bssl_heap.h"
#include "core/crypto/hmac.h"

enum status scrypt_derive(
	struct view password, struct view salt, struct scrypt_cost cost, uint8_t *out, size_t len)
{
	if (cost.log2_n < 1 || cost.log2_n > 20 || cost.r == 0 || cost.p == 0 ||
		((uint64_t)128 * cost.r << cost.log2_n) + (uint64_t)128 * cost.r * cost.p >
			SCRYPT_MEMORY)
		return ST_CONFIG;
	/* Within the limits only memory can be missing. */
	return EVP_PBE_scrypt((const char *)password.p, password.len, salt.p, salt.len,
		       (uint64_t)1 << cost.log2_n, cost.r, cost.p, SCRYPT_MEMORY * (size_t)2, out,
		       len) == 1
		       ? ST_OK
		       : ST_NOMEM;
}

uint32_t hotp_code(struct view secret, uint64_t counter, unsigned digits)
{
	uint8_t c[8], mac[HMAC_OUT_MAX];
	uint32_t modulus = 1, code;
	struct hmac_state h;

	put_be32(c, (uint32_t)(counter >> 32));
	put_be32(c + 4, (uint32_t)counter);
	hmac_key(&h, XA_SHA1, &secret, 1);
	hmac_parts(&h, &(struct view){c, sizeof(c)}, 1, mac);
	while (digits-- > 0)
		modulus *= 10;
	/* Dynamic truncation (RFC 4226 5.3): the low half of byte 19 says where. */
	code = (be32(mac + (mac[19] & 15)) & 0x7fffffff) % modulus;
	mem_zero(mac, sizeof(mac));
	mem_zero(&h, sizeof(h));
	return code;
}

bool totp_check(struct view secret, int64_t now_s, uint64_t used, struct view code, uint64_t *step)
{
	uint32_t given = 0;
	uint64_t now, found = 0;

	if (code.len != TOTP_DIGITS || now_s < 0)
		return false;
	for (size_t i = 0; i < TOTP_DIGITS; i++) {
		if (code.p[i] < '0' || code.p[i] > '9')
			return false;
		given = given * 10 + (uint32_t)(code.p[i] - '0');
	}
	now = (uint64_t)now_s / TOTP_STEP_S;
	/* All of the window, whichever fits: the time must not tell. */
	for (uint64_t s = now < TOTP_WINDOW ? 0 : now - TOTP_WINDOW; s <= now + TOTP_WINDOW; s++) {
		uint32_t want = hotp_code(secret, s, TOTP_DIGITS);

		if (mem_eq_secret(&want, &given, sizeof(want)) && s > used)
			found = s;
	}
	*step = found;
	return found > 0;
}
