/* What a user is checked against: the verifiers that the configuration or secrets.db holds for a
 * name. Plain data; whoever holds one wipes it (eap_user_wipe). */
#ifndef CORE_EAP_USER_H
#define CORE_EAP_USER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/mem.h"

#define EAP_NAME_MAX      255 /* bytes of a user's name; longer ones are nobody */
#define EAP_PASSWORD_MAX  256 /* bytes of a password (RFC 2759: 256 characters) */
#define EAP_NT_LEN        16
#define EAP_SCRYPT_LEN    32
#define EAP_SCRYPT_SALT   16
#define EAP_TOTP_MAX      64 /* bytes of a TOTP secret */

/* scrypt (RFC 7914) of the password: N = 2^log2_n, r, p. */
struct eap_scrypt {
	uint8_t log2_n;
	uint8_t r;
	uint8_t p;
	uint8_t salt[EAP_SCRYPT_SALT];
	uint8_t hash[EAP_SCRYPT_LEN];
};

/* The answer to EAP_WANT_USER. Everything zero is a user who does not exist: methods then do the
 * same work and fail in the same words on the wire as with a wrong password. */
struct eap_user {
	bool is_found;
	bool is_locked;  /* too many failures: whatever is sent is wrong */
	bool has_scrypt; /* any method that shows the password: GTC, TTLS-PAP */
	bool has_nt;     /* MSCHAPv2 */
	bool has_clear;  /* MD5, and all of the above */
	bool has_totp;   /* a second factor is demanded */
	struct eap_scrypt scrypt;
	uint8_t nt_hash[EAP_NT_LEN];
	uint16_t clear_len;
	uint8_t clear[EAP_PASSWORD_MAX];
	uint8_t totp_len;
	uint8_t totp[EAP_TOTP_MAX];
	uint64_t totp_used; /* last time step whose code was accepted: that and older ones are refused */
};

static inline void eap_user_wipe(struct eap_user *u)
{
	mem_zero(u, sizeof *u);
}

#endif
