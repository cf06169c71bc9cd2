/* OCSP (RFC 6960): requests, and judging responses that were fetched or sent by the peer (RFC 4806). Pure but for
 * allocation; slow (signatures: ms); any thread; response bytes may be of a peer. */
#ifndef CORE_CRYPTO_OCSP_H
#define CORE_CRYPTO_OCSP_H

#include "core/crypto/cert.h"

#define OCSP_REQUEST_MAX 224
#define OCSP_NONCE_MAX   32
#define OCSP_DER_MAX     65535
#define OCSP_SKEW_S      300   /* clocks may differ so much */
#define OCSP_MAX_AGE_S   86400 /* of a response that does not say when the next comes */

enum ocsp_state { OCSP_GOOD, OCSP_REVOKED, OCSP_UNKNOWN };

struct ocsp_verdict {
	enum ocsp_state state;
	int64_t this_update_s, next_update_s; /* UTC; next: until when it may be used */
	int64_t revoked_s;                    /* OCSP_REVOKED */
	unsigned reason;                      /* CRLReason, 0 when none is given */
};

/* DER of a request for one certificate, named by SHA-1 (what every responder knows), not signed. The nonce may be
 * empty. *out_len is set. ST_LIMIT when the nonce is too long. */
enum status ocsp_request(const struct cert *cert, const struct cert *issuer, struct view nonce,
	uint8_t out[OCSP_REQUEST_MAX], size_t *out_len) MUST_USE;

/* ST_OK: the response is about the certificate, in time, and signed by its issuer or by a responder that the issuer
 * itself certified for that (id-kp-OCSPSigning); *out is filled. ST_BAD_REVOCATION malformed; ST_REVOCATION_REFUSED the
 * responder says that it will not answer; ST_REVOCATION_STALE too old or of the future; ST_REVOCATION_SIGNER signed by
 * somebody else; ST_NOT_FOUND about another certificate; ST_NOMEM. A nonce in the response must be the one given,
 * unless none was. */
enum status ocsp_judge(struct view response, const struct cert *cert, const struct cert *issuer, struct view nonce,
	int64_t now_s, struct ocsp_verdict *out) MUST_USE;

#endif
