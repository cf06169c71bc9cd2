/* What a peer that has proven who it is gets, by the configuration: profile -> authorization
 * policies -> a grant without addresses. Pure. */
#ifndef CORE_SESSION_AUTHORIZE_H
#define CORE_SESSION_AUTHORIZE_H

#include "core/session/session.h"

struct authorized {
	struct ike_grant grant;
	char detail[IKE_DETAIL_LEN];
};

/* Fills s: profile, policies, pools, inner VRF, user name, mask, terms; and out, which is zeroed: the grant
 * without addresses (remote has what `route set remote` says) and its tunnel device. ST_NO_PROFILE, ST_NOMEM,
 * ST_NOT_AUTHORIZED with a sentence in detail. Of an initiator's
 * policies only `route accept` counts: the rest is granted by its peer. A client's own networks (those of
 * the question) are let in by `route accept any` of a policy that is not `default`.
 *
 * What came with the authentication is used as far as the profile has `aaa authorization user ... cached`, and
 * without it for what is of the login itself: the name, times, accounting. */
enum status authorize_resolve(const struct snapshot *conf, const struct session_ask *ask, struct session *s,
	struct authorized *out) MUST_USE;

/* Which lines of the profile count, by how the peer has authenticated (as in struct ike_sa_info). What nobody has
 * said yet is a shared key. */
enum aaa_method authorize_method(uint8_t auth_method);

/* R-AZN-03..06: who RADIUS is asked about for a line of the profile: the name of the line, what its mangler makes of the
 * peer, or the peer's name. ST_NAME_MANGLER, ST_NOT_AUTHORIZED, ST_NOMEM, with a sentence. Whether a user is asked
 * about at all beside what came with the authentication: aaa_wants_user(). */
struct authorize_name {
	char name[SESSION_USERNAME];
	char detail[IKE_DETAIL_LEN];
};
enum status authorize_name(const struct snapshot *conf, const struct session_ask *ask, const struct aaa_author *a,
	struct authorize_name *out) MUST_USE;

/* As initiator: the networks that a peer is told of, by `route set` of the policies of the profile
 * (R-MCF-19, R-CLI-22); none where no policy can be found before the peer's identity is known. Returns
 * how many. tun: the device, as in ike_connect. */
uint8_t authorize_networks(const struct snapshot *conf, const char *profile, uint32_t tun,
	struct prefix out[IKE_NETS_MAX]);

#endif
