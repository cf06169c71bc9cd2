/* The time that a session, or the authentication of its peer, may last, changed while it does. */
#ifndef CORE_IKE_LIMIT_H
#define CORE_IKE_LIMIT_H

#include "core/ike/ike.h"

struct ike_limit {
	uint64_t age_ms;     /* of it have gone */
	uint32_t lifetime_s; /* in all; 0: for ever */
	bool reauth;         /* when it is over the peer may go on by authenticating again, and it is told so now */
};

/* What the session of an established SA may last: from now on, in the heirs of the SA and in frozen records too. A
 * limit of the profile that ends earlier still counts. What is over already ends at once. ST_NOT_FOUND, ST_BAD_STATE;
 * ST_NOMEM: it cannot be kept, and nothing changed. */
enum status ike_limit(struct ike *ike, uint64_t sa, const struct ike_limit *l) MUST_USE;

/* The peer of an established SA is to authenticate again within that time, or the SA ends (ST_END_NOT_REAUTH); 0: not any
 * more. A client is told by AUTH_LIFETIME in an INFORMATIONAL (RFC 4478 section 3) and makes a new IKE SA beside this
 * one; where the session is one that we began, we do that now. Kept like a limit, and the same statuses. */
enum status ike_reauth(struct ike *ike, uint64_t sa, uint64_t within_ms) MUST_USE;

#endif
