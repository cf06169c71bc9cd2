/* Is it this user? Passwords that are shown, hashes that MSCHAPv2 works with, one-time codes. Pure
 * but slow: the check of a shown password takes the time of one scrypt (two with a second factor),
 * whoever is asked for, so that nobody learns from it who exists. */
#ifndef CORE_EAP_VERIFIER_H
#define CORE_EAP_VERIFIER_H

#include "core/base/rd.h"
#include "core/base/status.h"
#include "core/eap/user.h"

/* A password as the peer shows it. With a second factor the six digits may stand at its end:
 * ST_OK then, and *totp_step is the step to remember. ST_PENDING: the password is right and the
 * code is to be asked for (may_ask), by eap_check_code. Else ST_USER_UNKNOWN, ST_USER_LOCKED,
 * ST_USER_VERIFIER, ST_WRONG_PASSWORD, ST_WRONG_CODE: all of them one to the peer. ST_NOMEM. */
enum status eap_check_password(const struct eap_user *u, struct view password, int64_t now_s,
	bool may_ask, uint64_t *totp_step) MUST_USE;
/* ST_OK, ST_WRONG_CODE. Blanks around the digits are skipped. */
enum status eap_check_code(
	const struct eap_user *u, struct view code, int64_t now_s, uint64_t *totp_step) MUST_USE;
/* The NT hash. ST_USER_UNKNOWN, ST_USER_LOCKED, ST_USER_VERIFIER: nt is then zeros, to go on with.
 */
enum status eap_user_nt(const struct eap_user *u, uint8_t nt[EAP_NT_LEN]) MUST_USE;
/* A failure that is a wrong guess (lockout counts it). */
bool eap_is_guess(enum status st);

/* What verifiers a password gets: the opt-in by method. */
#define EAP_FOR_SHOWN    1u /* scrypt: GTC, TTLS-PAP */
#define EAP_FOR_MSCHAPV2 2u /* NT hash */
#define EAP_FOR_MD5      4u /* the password itself */

/* Sets the verifiers in `what` and removes the others; salt: EAP_SCRYPT_SALT random bytes.
 * ST_LIMIT: empty, or longer than EAP_PASSWORD_MAX; ST_CONFIG: not UTF-8, so that it has no NT
 * hash; ST_NOMEM. is_found, is_locked and the second factor are not touched. */
enum status eap_user_set(struct eap_user *u, struct view password, unsigned what,
	const uint8_t salt[EAP_SCRYPT_SALT]) MUST_USE;

#endif
