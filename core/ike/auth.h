/* IKE_AUTH, what both roles share: identities and the AUTH value with pre-shared keys
 * (RFC 7296 2.15, 3.5, 3.8; R-AUT-02). */
#ifndef CORE_IKE_AUTH_H
#define CORE_IKE_AUTH_H

#include "core/ike/msg.h"
#include "core/ike/sa.h"
#include "core/wire/auth.h"
#include "core/wire/id.h"
#include "core/wire/sa.h"

/* ST_BAD_PAYLOAD, ST_TRUNCATED; ST_LIMIT: longer than we keep. */
enum status auth_read_id(struct view body, struct ike_id *out) MUST_USE;
/* Our identity by the profile (R-PFL-09): address when nothing is configured. ST_CONFIG: it cannot
 * be used with a pre-shared key. */
enum status auth_my_id(const struct ike_profile *profile, const struct endpoint *local,
	struct ike_id *out) MUST_USE;
/* Does the profile authenticate both sides by pre-shared keys? ST_AUTH_METHOD and words. */
enum status auth_judge_methods(const struct ike_profile *profile, char words[IKE_DETAIL_LEN]) MUST_USE;

/* AUTH value of one side with a shared key; prf->out_len bytes. */
void auth_value(const struct ike_sa *sa, bool of_initiator, const struct ike_id *id,
	struct view key, uint8_t out[PRF_OUT_MAX]);
/* Is this the peer's AUTH? Method and value. ST_AUTH_METHOD, ST_AUTH_FAILED and words. */
enum status auth_verify(struct ike_sa *sa, uint8_t method, struct view data, struct view key) MUST_USE;
/* Keeps our own AUTH value in hs->my_auth. ST_NO_KEY: the key is empty. */
enum status auth_sign(struct ike_sa *sa, struct view key) MUST_USE;

void auth_put_id(struct msg_out *o, uint8_t type, const struct ike_id *id);
void auth_put_value(struct msg_out *o, const struct ike_sa *sa);
void auth_put_child(struct msg_out *o, struct ike_sa *sa, const struct sa *offer);
/* Settings, DPD and lifetimes from the profile. */
void auth_take_profile(struct ike_sa *sa, const struct ike_profile *profile);
/* The same identity, by the same profile, in the same VRF. */
bool auth_is_same_peer(const struct ike_sa *a, const struct ike_sa *b);
/* Older SAs of the same peer and profile end (RFC 7296 2.4, R-IKE-10). */
void auth_replace_older(struct ike_sa *sa);
/* The hash under which an established SA stands in the engine's peer map. */
uint64_t auth_peer_hash(const struct ike *ike, const struct ike_id *id, const char *profile);

#endif
