/* What a RADIUS packet proves by the shared secret, and what it hides with it: authenticators (RFC 2865
 * section 3, RFC 2866 section 3, RFC 5176 2.3), Message-Authenticator (RFC 3579 3.2, RFC 5176 3.4),
 * User-Password (RFC 2865 5.2), salted attributes (RFC 2868 3.5, RFC 2548 2.4.2).
 *
 *   Access-Request, Status-Server  authenticator: chance; Message-Authenticator over the packet as it is
 *   other requests                 Message-Authenticator with an authenticator of zeros, then
 *                                  authenticator = MD5(packet with zeros, secret)
 *   replies                        Message-Authenticator with the request's authenticator, then
 *                                  authenticator = MD5(packet with the request's, secret)
 *
 * Any thread; the secret is read during the call only. */
#ifndef CORE_AAA_RADIUS_SIGN_H
#define CORE_AAA_RADIUS_SIGN_H

#include <stdbool.h>

#include "core/wire/radius.h"

#define RADIUS_PASSWORD_MAX 128 /* of User-Password, hidden or not */

/* A whole packet is signed in place. Its Message-Authenticator is filled in when it has one
 * (radius_put_unsigned). Of an Access-Request or Status-Server the authenticator stands there already.
 * ST_TRUNCATED, ST_BAD_LENGTH: it is no packet; ST_BAD_PAYLOAD: its Message-Authenticator has not 16
 * octets, or there are two. */
enum status radius_sign_request(struct view secret, uint8_t *packet, size_t len) MUST_USE;
enum status radius_sign_reply(struct view secret, const uint8_t request_authenticator[RADIUS_AUTHENTICATOR],
	uint8_t *packet, size_t len) MUST_USE;

/* ST_NOT_AUTHENTIC: one of its proofs is wrong, or cannot be one. That a Message-Authenticator is there at all is
 * the caller's to ask for (radius_find); an Access-Request without one proves nothing. Constant time. */
enum status radius_verify_request(struct view secret, const struct radius_packet *p) MUST_USE;
enum status radius_verify_reply(struct view secret, const uint8_t request_authenticator[RADIUS_AUTHENTICATOR],
	const struct radius_packet *p) MUST_USE;

/* User-Password of a request with this authenticator, at most RADIUS_PASSWORD_MAX octets. ST_LIMIT: it is
 * longer, or does not fit into w. */
enum status radius_hide_password(struct view secret, const uint8_t authenticator[RADIUS_AUTHENTICATOR],
	struct view password, struct wr *w) MUST_USE;
/* The NULs that fill it up are left out. ST_BAD_PAYLOAD: not of a length that it can have; ST_LIMIT: does not fit. */
enum status radius_reveal_password(struct view secret, const uint8_t authenticator[RADIUS_AUTHENTICATOR],
	struct view hidden, struct wr *w) MUST_USE;

/* salted: the salt (2 octets), then what is hidden; a tag before it (RFC 2868) is not part of it. ST_BAD_PAYLOAD:
 * not of a length that it can have, or the length inside is wrong: another secret, or altered; ST_LIMIT: longer
 * than cap; nothing is left in out then. */
enum status radius_reveal(struct view secret, const uint8_t request_authenticator[RADIUS_AUTHENTICATOR], struct view salted,
	uint8_t *out, size_t cap, size_t *len) MUST_USE;
/* The other way: w ends with the salt, and gets what belongs behind it. ST_LIMIT: plain has more than 239 octets,
 * or w has no room or no salt. */
enum status radius_hide(struct view secret, const uint8_t request_authenticator[RADIUS_AUTHENTICATOR], struct view plain,
	struct wr *w) MUST_USE;

#endif
