/* Sentences that an operator understands: what was missing, and the command that allows it. Pure.
 * All write at most cap bytes, terminated. */
#ifndef CORE_IKE_EXPLAIN_H
#define CORE_IKE_EXPLAIN_H

#include "core/ike/offer.h"
#include "core/ike/ports.h"

/* Why no proposal was chosen, by the first transform type without anything in common. */
void explain_proposal(char *out, size_t cap, uint8_t protocol, const struct allowed_set *ours,
	const struct offer_set *peers);
/* The peer's identity as text: "fqdn a.example". */
void explain_id(char *out, size_t cap, const struct ike_id *id);
/* NO_PROFILE, PROFILE_AMBIGUOUS, PROFILE_SHUTDOWN. */
void explain_profile(char *out, size_t cap, enum status st, const struct ike_id *id,
	const struct profile_answer *answer);
/* What a peer's error notify means for the one who reads our log. */
void explain_notify(char *out, size_t cap, uint16_t type);

#endif
