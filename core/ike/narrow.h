/* Narrowing of traffic selectors (RFC 7296 2.9), both roles. Pure. */
#ifndef CORE_IKE_NARROW_H
#define CORE_IKE_NARROW_H

#include "core/ike/grant.h"
#include "core/ike/ports.h"

struct ts_set {
	uint8_t n;
	struct ts v[IKE_TS_MAX];
};

/* Responder: the peer's side is cut down to what was granted, ours is as the peer asks, without
 * families that the peer's side does not have. ST_TS_UNACCEPTABLE: nothing is left. */
enum status narrow_for_grant(const struct ts_set *asked_i, const struct ts_set *asked_r,
	const struct kept_grant *g, struct ts_set *ts_i, struct ts_set *ts_r) MUST_USE;
/* Initiator: is every selector of the answer inside one that we asked for? */
bool narrow_is_subset(const struct ts_set *answer, const struct ts_set *asked);
/* any-any of the families. */
void narrow_any(struct ts_set *out, bool ip4, bool ip6);

#endif
