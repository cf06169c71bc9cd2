/* What a peer that has proven who it is gets, by the configuration: profile -> authorization
 * policies -> a grant without addresses. Pure. */
#ifndef CORE_SESSION_AUTHORIZE_H
#define CORE_SESSION_AUTHORIZE_H

#include "core/session/session.h"

/* Fills s: profile, policies, pools, inner VRF, user name, mask, tunnel device and the grant except
 * for the addresses (grant.remote has what `route set remote` says). ST_NO_PROFILE,
 * ST_NOT_AUTHORIZED with a sentence in detail. Of an initiator's
 * policies only `route accept` counts: the rest is granted by its peer. */
enum status authorize_resolve(const struct snapshot *conf, const struct ike_question *q,
	struct session *s, char detail[IKE_DETAIL_LEN]) MUST_USE;

#endif
