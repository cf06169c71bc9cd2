#include "core/eap/verifier.h"

#include <string.h>

#include "core/crypto/chap.h"
#include "core/crypto/password.h"

/* The user as such; ST_OK: verifiers may be looked at. */
static enum status judge_user(const struct eap_user *u)
{
	if (!u->is_found)
		return ST_USER_UNKNOWN;
	return u->is_locked ? ST_USER_LOCKED : ST_OK;
}

/* One scrypt in any case. */
static enum status check_secret(const struct eap_user *u, struct view password)
{
	struct scrypt_cost cost = {SCRYPT_LOG2_N, SCRYPT_R, SCRYPT_P};
	uint8_t hash[EAP_SCRYPT_LEN];
	bool is_right = false;
	enum status st;

	if (u->has_scrypt)
		cost = (struct scrypt_cost){u->scrypt.log2_n, u->scrypt.r, u->scrypt.p};
	st = scrypt_derive(
		password, (struct view){u->scrypt.salt, EAP_SCRYPT_SALT}, cost, hash, sizeof(hash));
	if (st != ST_OK)
		return st;
	if (u->has_scrypt)
		is_right = mem_eq_secret(hash, u->scrypt.hash, sizeof(hash));
	else if (u->has_clear)
		is_right = password.len == u->clear_len &&
			   mem_eq_secret(password.p, u->clear, u->clear_len);
	mem_zero(hash, sizeof(hash));
	st = judge_user(u);
	if (st != ST_OK)
		return st;
	if (!u->has_scrypt && !u->has_clear)
		return ST_USER_VERIFIER;
	return is_right ? ST_OK : ST_WRONG_PASSWORD;
}

static bool ends_with_code(struct view password)
{
	if (password.len <= TOTP_DIGITS)
		return false;
	for (size_t i = password.len - TOTP_DIGITS; i < password.len; i++) {
		if (password.p[i] < '0' || password.p[i] > '9')
			return false;
	}
	return true;
}

enum status eap_check_password(const struct eap_user *u, struct view password, int64_t now_s,
	bool may_ask, uint64_t *totp_step)
{
	enum status st;

	*totp_step = 0;
	/* For everybody: else the time would tell who has a second factor, and so who exists. */
	if (ends_with_code(password)) {
		struct view front = {password.p, password.len - TOTP_DIGITS};

		st = check_secret(u, front);
		if (st == ST_NOMEM)
			return st;
		if (st == ST_OK && u->has_totp)
			return eap_check_code(u, (struct view){front.p + front.len, TOTP_DIGITS},
				now_s, totp_step);
	}
	/* A password may end in six digits by itself. */
	st = check_secret(u, password);
	if (st != ST_OK || !u->has_totp)
		return st;
	return may_ask ? ST_PENDING : ST_WRONG_CODE;
}

enum status eap_check_code(
	const struct eap_user *u, struct view code, int64_t now_s, uint64_t *totp_step)
{
	while (code.len > 0 && code.p[0] == ' ') {
		code.p++;
		code.len--;
	}
	while (code.len > 0 && code.p[code.len - 1] == ' ')
		code.len--;
	if (!u->has_totp || u->totp_len > EAP_TOTP_MAX ||
		!totp_check(
			(struct view){u->totp, u->totp_len}, now_s, u->totp_used, code, totp_step))
		return ST_WRONG_CODE;
	return ST_OK;
}

enum status eap_user_nt(const struct eap_user *u, uint8_t nt[EAP_NT_LEN])
{
	enum status st = judge_user(u);

	memset(nt, 0, EAP_NT_LEN);
	if (st != ST_OK)
		return st;
	if (u->has_nt) {
		memcpy(nt, u->nt_hash, EAP_NT_LEN);
		return ST_OK;
	}
	if (u->has_clear && mschap_nt_hash((struct view){u->clear, u->clear_len}, nt))
		return ST_OK;
	return ST_USER_VERIFIER;
}

bool eap_is_guess(enum status st)
{
	return st == ST_WRONG_PASSWORD || st == ST_WRONG_CODE;
}

enum status eap_user_set(struct eap_user *u, struct view password, unsigned what,
	const uint8_t salt[EAP_SCRYPT_SALT])
{
	struct scrypt_cost cost = {SCRYPT_LOG2_N, SCRYPT_R, SCRYPT_P};
	uint8_t hash[EAP_SCRYPT_LEN] = {0}, nt[EAP_NT_LEN] = {0};
	enum status st = ST_OK;

	if (password.len == 0 || password.len > EAP_PASSWORD_MAX)
		return ST_LIMIT;
	if ((what & EAP_FOR_MSCHAPV2) != 0 && !mschap_nt_hash(password, nt))
		return ST_CONFIG;
	if ((what & EAP_FOR_SHOWN) != 0)
		st = scrypt_derive(
			password, (struct view){salt, EAP_SCRYPT_SALT}, cost, hash, sizeof(hash));
	if (st != ST_OK)
		goto out;
	u->has_scrypt = (what & EAP_FOR_SHOWN) != 0;
	u->has_nt = (what & EAP_FOR_MSCHAPV2) != 0;
	u->has_clear = (what & EAP_FOR_MD5) != 0;
	u->scrypt = (struct eap_scrypt){.log2_n = cost.log2_n, .r = cost.r, .p = cost.p};
	memcpy(u->scrypt.salt, salt, EAP_SCRYPT_SALT);
	memcpy(u->scrypt.hash, hash, sizeof(hash));
	memcpy(u->nt_hash, nt, sizeof(nt));
	memset(u->clear, 0, sizeof(u->clear));
	u->clear_len = u->has_clear ? (uint16_t)password.len : 0;
	memcpy(u->clear, password.p, u->clear_len);
out:
	mem_zero(hash, sizeof(hash));
	mem_zero(nt, sizeof(nt));
	return st;
}
