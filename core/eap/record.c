#include "core/eap/record.h"

#include <string.h>

#include "core/crypto/box.h"

_Static_assert(RECORD_KEY_LEN == BOX_KEY_LEN && RECORD_NONCE_LEN == BOX_NONCE_LEN, "one cipher");

#define VERSION 1

enum kind { KIND_SCRYPT = 1, KIND_NT = 2, KIND_CLEAR = 3, KIND_TOTP = 4 };

static void put(struct wr *w, enum kind kind, const void *p, size_t len)
{
	wr_u8(w, (uint8_t)kind);
	wr_u16(w, (uint16_t)len);
	wr_bytes(w, p, len);
}

void record_build(struct wr *w, const struct eap_user *u)
{
	wr_u8(w, VERSION);
	if (u->has_scrypt) {
		wr_u8(w, KIND_SCRYPT);
		wr_u16(w, 3 + EAP_SCRYPT_SALT + EAP_SCRYPT_LEN);
		wr_u8(w, u->scrypt.log2_n);
		wr_u8(w, u->scrypt.r);
		wr_u8(w, u->scrypt.p);
		wr_bytes(w, u->scrypt.salt, EAP_SCRYPT_SALT);
		wr_bytes(w, u->scrypt.hash, EAP_SCRYPT_LEN);
	}
	if (u->has_nt)
		put(w, KIND_NT, u->nt_hash, EAP_NT_LEN);
	if (u->has_clear)
		put(w, KIND_CLEAR, u->clear, u->clear_len);
	if (u->has_totp)
		put(w, KIND_TOTP, u->totp, u->totp_len);
}

static bool take_scrypt(struct rd *r, struct eap_user *u)
{
	struct view salt, hash;

	u->scrypt.log2_n = rd_u8(r);
	u->scrypt.r = rd_u8(r);
	u->scrypt.p = rd_u8(r);
	salt = rd_bytes(r, EAP_SCRYPT_SALT);
	hash = rd_bytes(r, EAP_SCRYPT_LEN);
	if (!rd_done(r))
		return false;
	memcpy(u->scrypt.salt, salt.p, salt.len);
	memcpy(u->scrypt.hash, hash.p, hash.len);
	u->has_scrypt = true;
	return true;
}

/* One part; false: unknown, or not of its length. A part that stood before is not looked for: its
 * flag tells. */
static bool take(uint8_t kind, struct rd *r, struct eap_user *u)
{
	struct view v;

	if (kind == KIND_SCRYPT)
		return !u->has_scrypt && take_scrypt(r, u);
	v = rd_rest(r);
	if (kind == KIND_NT && !u->has_nt && v.len == EAP_NT_LEN) {
		memcpy(u->nt_hash, v.p, v.len);
		u->has_nt = true;
	} else if (kind == KIND_CLEAR && !u->has_clear && v.len > 0 && v.len <= EAP_PASSWORD_MAX) {
		memcpy(u->clear, v.p, v.len);
		u->clear_len = (uint16_t)v.len;
		u->has_clear = true;
	} else if (kind == KIND_TOTP && !u->has_totp && v.len > 0 && v.len <= EAP_TOTP_MAX) {
		memcpy(u->totp, v.p, v.len);
		u->totp_len = (uint8_t)v.len;
		u->has_totp = true;
	} else {
		return false;
	}
	return true;
}

enum status record_parse(struct view bytes, struct eap_user *u)
{
	struct rd r = rd_init(bytes.p, bytes.len);
	enum status st = ST_OK;

	mem_zero(u, sizeof(*u));
	u->is_found = true;
	if (rd_u8(&r) != VERSION)
		st = rd_ok(&r) ? ST_BAD_VERSION : ST_TRUNCATED;
	while (st == ST_OK && r.left > 0) {
		uint8_t kind = rd_u8(&r);
		struct rd part = rd_sub(&r, rd_u16(&r));

		if (!rd_ok(&part))
			st = ST_TRUNCATED;
		else if (!take(kind, &part, u))
			st = ST_BAD_PAYLOAD;
	}
	if (st != ST_OK)
		mem_zero(u, sizeof(*u));
	return st;
}

enum status record_seal(const uint8_t key[RECORD_KEY_LEN], const uint8_t nonce[RECORD_NONCE_LEN],
	const char *name, const struct eap_user *u, struct wr *w)
{
	struct view ad = {(const uint8_t *)name, strlen(name)};
	size_t from;

	wr_bytes(w, nonce, RECORD_NONCE_LEN);
	from = w->len;
	record_build(w, u);
	size_t len = w->len - from;

	(void)wr_room(w, BOX_TAG_LEN);
	return wr_ok(w) ? box_seal(key, nonce, ad, w->buf + from, len) : ST_LIMIT;
}

enum status record_open(
	const uint8_t key[RECORD_KEY_LEN], const char *name, struct view sealed, struct eap_user *u)
{
	struct view ad = {(const uint8_t *)name, strlen(name)}, nonce, box;
	struct rd r = rd_init(sealed.p, sealed.len);
	uint8_t plain[RECORD_MAX];
	enum status st;

	mem_zero(u, sizeof(*u));
	nonce = rd_bytes(&r, RECORD_NONCE_LEN);
	box = rd_rest(&r);
	if (!rd_ok(&r) || box.len < BOX_TAG_LEN || box.len > sizeof(plain))
		return ST_TRUNCATED;
	st = box_open(key, nonce.p, ad, box, plain);
	if (st == ST_OK)
		st = record_parse((struct view){plain, box.len - BOX_TAG_LEN}, u);
	mem_zero(plain, sizeof(plain));
	return st;
}
