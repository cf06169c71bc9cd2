/* IKE_AUTH, what both roles share: identities and AUTH values (RFC 7296 2.15, 3.5, 3.8; R-AUT-02). */
#ifndef CORE_IKE_AUTH_H
#define CORE_IKE_AUTH_H

#include "core/ike/intermediate.h"
#include "core/ike/msg.h"
#include "core/ike/sa.h"
#include "core/wire/auth.h"
#include "core/wire/id.h"
#include "core/wire/sa.h"

/* ST_BAD_PAYLOAD, ST_TRUNCATED; ST_LIMIT: longer than we keep. */
enum status auth_read_id(struct view body, struct ike_id *out) MUST_USE;
/* The same into the SA; also ST_NOMEM. */
enum status auth_read_peer_id(struct ike_sa *sa, struct view body) MUST_USE;
/* Our identity by the profile (R-PFL-09): without one the subject of our certificate, or our address.
 * subject: a Name in DER, empty without a certificate. ST_CONFIG and words: there is no subject, or it is too
 * long; ST_NOMEM. */
enum status auth_my_id(struct ike_sa *sa, const struct ike_profile *profile, struct view subject) MUST_USE;
/* What the AUTH payload of one side covers. int_auth: room for a part of it. */
void auth_octets(const struct ike_sa *sa, bool of_initiator, const struct ike_id *id,
	struct auth_octets *out, uint8_t int_auth[INT_AUTH_MAX]);
/* AUTH value of one side with a shared key; prf->out_len bytes. */
void auth_value(const struct ike_sa *sa, bool of_initiator, const struct ike_id *id,
	struct view key, uint8_t out[PRF_OUT_MAX]);
/* Is what hs->proof has the peer's AUTH value, with this identity and shared key? */
bool auth_is_right(const struct ike_sa *sa, const struct ike_id *id, struct view key);
/* The same for a pre-shared key, method and all. ST_AUTH_METHOD, ST_AUTH_FAILED and words. */
enum status auth_verify(struct ike_sa *sa, struct view key) MUST_USE;
/* Our own AUTH value with a shared key, kept. ST_NO_KEY: the key is empty; ST_NOMEM. */
enum status auth_sign(struct ike_sa *sa, struct view key) MUST_USE;

void auth_put_id(struct msg_out *o, uint8_t type, const struct ike_id *id);
void auth_put_value(struct msg_out *o, const struct ike_sa *sa);
/* Our identity and certificates, where the peer does not have them yet, and our AUTH, where there is one. */
void auth_put_ours(struct msg_out *o, uint8_t id_type, const struct ike_sa *sa);
void auth_put_child(struct msg_out *o, struct ike_sa *sa, const struct sa *offer);
/* Name, settings, DPD and lifetimes from the profile. ST_NOMEM: without its name. */
enum status auth_take_profile(struct ike_sa *sa, const struct ike_profile *profile) MUST_USE;
/* The same identity, by the same profile, in the same VRF. */
bool auth_is_same_peer(const struct ike_sa *a, const struct ike_sa *b);
/* Older SAs of the same peer and profile end (RFC 7296 2.4, R-IKE-10). */
void auth_replace_older(struct ike_sa *sa);
/* The hash under which an established SA stands in the engine's peer map. */
uint64_t auth_peer_hash(const struct ike *ike, const struct ike_id *id, const char *profile);

#endif
