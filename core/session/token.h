/* What a client resumes its session with: the session ID that it names itself by, the token that it
 * holds, and the keys of both sides' AUTH (docs/reconnect.md has the format). Pure.
 *
 *   verifier = HMAC-SHA-256(token, "Sallyport reconnect verifier 1" | session ID)
 *   key      = HMAC-SHA-256(verifier, "Sallyport reconnect initiator 1") or "... responder 1"
 *
 * The token itself is given away and forgotten; who knows the verifier can resume the one session, and
 * cannot find the token. */
#ifndef CORE_SESSION_TOKEN_H
#define CORE_SESSION_TOKEN_H

#include "core/base/ulid.h"
#include "core/ike/questions.h"

#define TOKEN_VERIFIER 32
#define TOKEN_KEY 32
#define TOKEN_ID_TEXT 64 /* a session ID with NUL */

/* The session ID: printable ASCII. Returns its length. */
size_t token_id_put(const struct ulid *session, char out[TOKEN_ID_TEXT]);
/* Does this identity have the form of one (a key-id that begins as ours do)? */
bool token_id_is_ours(const struct ike_id *id);
/* False: it has the form, and is none. */
bool token_id_read(const struct ike_id *id, struct ulid *session);

void token_verifier(const uint8_t token[IKE_SESSION_TOKEN], const struct ulid *session,
	uint8_t out[TOKEN_VERIFIER]);
void token_key(const uint8_t verifier[TOKEN_VERIFIER], bool of_initiator, uint8_t out[TOKEN_KEY]);

#endif
