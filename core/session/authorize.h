/* What a peer that has proven who it is gets, by the configuration: profile -> authorization
 * policies -> a grant without addresses. Pure. */
#ifndef CORE_SESSION_AUTHORIZE_H
#define CORE_SESSION_AUTHORIZE_H

#include "core/session/session.h"

/* Fills s: profile, policies, pools, inner VRF, user name, mask; and the grant, which is empty: the
 * tunnel device and all but the addresses (remote has what `route set remote` says). ST_NO_PROFILE,
 * ST_NOT_AUTHORIZED with a sentence in detail. Of an initiator's
 * policies only `route accept` counts: the rest is granted by its peer. */
enum status authorize_resolve(const struct snapshot *conf, const struct ike_question *q,
	struct session *s, struct ike_grant *grant, char detail[IKE_DETAIL_LEN]) MUST_USE;

#endif
