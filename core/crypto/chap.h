/* Challenge and response: CHAP with MD5 (RFC 1994 section 4.1) and MS-CHAP version 2 (RFC 2759
 * section 8), with the keys that come out of it (RFC 3079 section 3.3). No heap; any thread. MD4
 * and single DES are what the protocol is made of: who sees an exchange can try passwords against
 * it, so it belongs inside IKE after the server proved itself. */
#ifndef CORE_CRYPTO_CHAP_H
#define CORE_CRYPTO_CHAP_H

#include <stdbool.h>

#include "core/base/rd.h"

#define CHAP_MD5_LEN         16
#define MSCHAP_NT_LEN        16
#define MSCHAP_CHALLENGE_LEN 16 /* each side's */
#define MSCHAP_RESPONSE_LEN  24
#define MSCHAP_PROOF_LEN     42 /* "S=" and 40 upper-case hex digits, no NUL */
#define MSCHAP_KEY_LEN       16
#define MSCHAP_PASSWORD_MAX  256 /* UTF-16 units */

/* MD5(id | secret | challenge). */
void chap_md5(uint8_t id, struct view secret, struct view challenge, uint8_t out[CHAP_MD5_LEN]);

/* MD4 of the password as UTF-16 (8.3). false: not UTF-8, or too long. */
bool mschap_nt_hash(struct view password_utf8, uint8_t nt[MSCHAP_NT_LEN]);

/* What both sides know of one exchange. name is without the domain (mschap_bare_name). */
struct mschap {
	const uint8_t *auth_challenge; /* 16: the server's */
	const uint8_t *peer_challenge; /* 16 */
	struct view name;
};

/* GenerateNTResponse (8.1) from the hash of the password. */
void mschap_response(
	const struct mschap *x, const uint8_t nt[MSCHAP_NT_LEN], uint8_t out[MSCHAP_RESPONSE_LEN]);
/* GenerateAuthenticatorResponse (8.7): by it the server proves that it knows the hash. */
void mschap_proof(const struct mschap *x, const uint8_t nt[MSCHAP_NT_LEN],
	const uint8_t response[MSCHAP_RESPONSE_LEN], char out[MSCHAP_PROOF_LEN]);
/* MasterReceiveKey and MasterSendKey as the server has them (RFC 3079 3.3). */
void mschap_keys(const uint8_t nt[MSCHAP_NT_LEN], const uint8_t response[MSCHAP_RESPONSE_LEN],
	uint8_t receive[MSCHAP_KEY_LEN], uint8_t send[MSCHAP_KEY_LEN]);

/* "DOMAIN\user" without what is before the backslash. */
struct view mschap_bare_name(struct view name);

#endif
