#include "core/crypto/box.h"

#include "core/crypto/cipher.h"

#define AES_GCM_16 20 /* IANA: with a tag of 16 bytes */

static enum status key_up(struct cipher *c, const uint8_t key[BOX_KEY_LEN])
{
	const struct xf *row = suite_find(XF_ENCR, AES_GCM_16, 8 * BOX_KEY_LEN);

	return row != NULL ? cipher_key(c, row, key) : ST_INTERNAL;
}

enum status box_seal(const uint8_t key[BOX_KEY_LEN], const uint8_t nonce[BOX_NONCE_LEN],
	struct view ad, uint8_t *buf, size_t len)
{
	struct cipher c;
	enum status st = key_up(&c, key);

	if (st != ST_OK)
		return st;
	st = cipher_seal(&c, nonce, ad, (struct view){buf, len}, buf);
	cipher_wipe(&c);
	return st;
}

enum status box_open(const uint8_t key[BOX_KEY_LEN], const uint8_t nonce[BOX_NONCE_LEN],
	struct view ad, struct view sealed, uint8_t *out)
{
	struct cipher c;
	enum status st;

	if (sealed.len < BOX_TAG_LEN)
		return ST_TRUNCATED;
	st = key_up(&c, key);
	if (st != ST_OK)
		return st;
	st = cipher_open(&c, nonce, ad, sealed, out);
	cipher_wipe(&c);
	return st;
}
