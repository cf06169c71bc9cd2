#include "core/crypto/radius_hash.h"

#include "core/base/mem.h"
#include "core/crypto/hmac.h"

/* The secret is among the parts, so what is left of it in the state goes. */
void radius_hash_md5(const struct view *parts, size_t n, uint8_t out[RADIUS_HASH_LEN])
{
	struct digest h;

	digest_start(&h, XA_MD5);
	for (size_t i = 0; i < n; i++)
		digest_add(&h, parts[i].p, parts[i].len);
	digest_end(&h, out);
	mem_zero(&h, sizeof(h));
}

void radius_hash_hmac(struct view key, const struct view *parts, size_t n, uint8_t out[RADIUS_HASH_LEN])
{
	struct hmac_state m;

	hmac_key(&m, XA_MD5, &key, 1);
	hmac_parts(&m, parts, n, out);
	mem_zero(&m, sizeof(m));
}
