/* Passwords at rest and one-time codes: scrypt (RFC 7914), TOTP (RFC 6238, RFC 4226). Any thread.
 */
#ifndef CORE_CRYPTO_PASSWORD_H
#define CORE_CRYPTO_PASSWORD_H

#include <stdbool.h>

#include "core/base/rd.h"
#include "core/base/status.h"

#define SCRYPT_LOG2_N 14 /* what new verifiers get: 16 MiB, 40 to 100 ms */
#define SCRYPT_R      8
#define SCRYPT_P      1
#define SCRYPT_MEMORY (64u << 20) /* more is refused */

struct scrypt_cost {
	uint8_t log2_n; /* 1 .. 20 */
	uint8_t r;
	uint8_t p;
};

/* len bytes of scrypt. ST_CONFIG: parameters outside the limits; ST_NOMEM. */
enum status scrypt_derive(struct view password, struct view salt, struct scrypt_cost cost,
	uint8_t *out, size_t len) MUST_USE;

#define TOTP_STEP_S 30
#define TOTP_DIGITS 6
#define TOTP_WINDOW 1  /* steps that a clock may be off, either way */
#define TOTP_SECRET 20 /* bytes of a new secret (RFC 4226 section 4, R6) */

/* HOTP of a counter with HMAC-SHA-1, as a number below 10^digits; digits 1 .. 9. */
uint32_t hotp_code(struct view secret, uint64_t counter, unsigned digits);
/* Is it the code of a time step around now_s that is newer than `used`? *step is then that step, to
 * be remembered as used (RFC 6238 section 5.2). code: exactly TOTP_DIGITS ASCII digits, else false.
 */
bool totp_check(struct view secret, int64_t now_s, uint64_t used, struct view code, uint64_t *step);

#endif
