/* What a peer that has proven who it is gets, by the configuration: profile -> authorization
 * policies -> a grant without addresses. Pure. */
#ifndef CORE_SESSION_AUTHORIZE_H
#define CORE_SESSION_AUTHORIZE_H

#include "core/session/session.h"

/* Fills s: profile, policies, pools, inner VRF, user name, mask; and the grant, which is empty: the
 * tunnel device and all but the addresses (remote has what `route set remote` says). ST_NO_PROFILE,
 * ST_NOT_AUTHORIZED with a sentence in detail; ST_NOMEM without one. Of an initiator's
 * policies only `route accept` counts: the rest is granted by its peer. A client's own networks (those of
 * the question) are let in by `route accept any` of a policy that is not `default`. */
enum status authorize_resolve(const struct snapshot *conf, const struct ike_question *q,
	struct session *s, struct ike_grant *grant, char detail[IKE_DETAIL_LEN]) MUST_USE;

/* As initiator: the networks that a peer is told of, by `route set` of the policies of the profile
 * (R-MCF-19, R-CLI-22); none where no policy can be found before the peer's identity is known. Returns
 * how many. tun: the device, as in ike_connect. */
uint8_t authorize_networks(const struct snapshot *conf, const char *profile, uint32_t tun,
	struct prefix out[IKE_NETS_MAX]);

#endif
