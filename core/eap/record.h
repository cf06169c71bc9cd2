/* The verifiers of a user as bytes: versioned, and sealed for secrets.db (AES-256-GCM under the
 * master key, the name as additional data). Pure. */
#ifndef CORE_EAP_RECORD_H
#define CORE_EAP_RECORD_H

#include "core/base/rd.h"
#include "core/base/status.h"
#include "core/base/wr.h"
#include "core/eap/user.h"

#define RECORD_KEY_LEN   32
#define RECORD_NONCE_LEN 12
#define RECORD_MAX       512 /* sealed or not */

/* u8 version, then {u8 kind, u16 length, bytes} ...; nothing about lockout. */
void record_build(struct wr *w, const struct eap_user *u);
/* Into a user that is found; everything else of *u is zero. ST_TRUNCATED; ST_BAD_VERSION;
 * ST_BAD_PAYLOAD: unknown or repeated kinds, lengths that do not fit. */
enum status record_parse(struct view bytes, struct eap_user *u) MUST_USE;

/* nonce: random, never used before; stands in front. ST_LIMIT: w has no room. */
enum status record_seal(const uint8_t key[RECORD_KEY_LEN], const uint8_t nonce[RECORD_NONCE_LEN],
	const char *name, const struct eap_user *u, struct wr *w) MUST_USE;
/* ST_NOT_AUTHENTIC: another key, another user's, or altered; and those of record_parse. */
enum status record_open(const uint8_t key[RECORD_KEY_LEN], const char *name, struct view sealed,
	struct eap_user *u) MUST_USE;

#endif
