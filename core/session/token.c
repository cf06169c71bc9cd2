#include "core/session/token.h"

#include <stdio.h>
#include <string.h>

#include "core/crypto/prf.h"
#include "core/wire/id.h"

static const char head[] = "sallyport-session:";
static const char of_verifier[] = "Sallyport reconnect verifier 1";
static const char of_initiator_key[] = "Sallyport reconnect initiator 1";
static const char of_responder_key[] = "Sallyport reconnect responder 1";

#define HEAD_LEN (sizeof(head) - 1)

size_t token_id_put(const struct ulid *session, char out[TOKEN_ID_TEXT])
{
	char text[ULID_TEXT];

	return (size_t)snprintf(out, TOKEN_ID_TEXT, "%s%s", head, ulid_format(session, text));
}

bool token_id_is_ours(const struct ike_id *id)
{
	return id->type == IDT_KEY_ID && id->len >= HEAD_LEN && memcmp(id->bytes, head, HEAD_LEN) == 0;
}

bool token_id_read(const struct ike_id *id, struct ulid *session)
{
	char text[ULID_TEXT], again[ULID_TEXT];

	if (!token_id_is_ours(id) || id->len != HEAD_LEN + ULID_TEXT - 1)
		return false;
	memcpy(text, id->bytes + HEAD_LEN, ULID_TEXT - 1);
	text[ULID_TEXT - 1] = '\0';
	/* The keys are made of the ID octet by octet: one session has one, in capital letters. */
	return ulid_parse(text, session) && strcmp(ulid_format(session, again), text) == 0;
}

static struct view text_view(const char *text)
{
	return (struct view){(const uint8_t *)text, strlen(text)};
}

void token_verifier(const uint8_t token[IKE_SESSION_TOKEN], const struct ulid *session,
	uint8_t out[TOKEN_VERIFIER])
{
	char id[TOKEN_ID_TEXT];
	size_t len = token_id_put(session, id);
	struct view parts[] = {text_view(of_verifier), {(const uint8_t *)id, len}};

	prf_hmac_sha256((struct view){token, IKE_SESSION_TOKEN}, parts, 2, out);
}

void token_key(const uint8_t verifier[TOKEN_VERIFIER], bool of_initiator, uint8_t out[TOKEN_KEY])
{
	struct view label = text_view(of_initiator ? of_initiator_key : of_responder_key);

	prf_hmac_sha256((struct view){verifier, TOKEN_VERIFIER}, &label, 1, out);
}
