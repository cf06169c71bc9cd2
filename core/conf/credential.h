/* Which of our certificates a peer gets to see, and how we sign. Pure. */
#ifndef CORE_CONF_CREDENTIAL_H
#define CORE_CONF_CREDENTIAL_H

#include "core/conf/conf_ike.h"
#include "core/crypto/cert.h"
#include "core/crypto/sig.h"

#define CREDENTIAL_HASH 20 /* SHA-1 of a CA's key: CERTREQ, RFC 7296 section 3.7 */

/* One certificate of ours. issuers: of the CAs above it, as far as they are known. */
struct credential {
	const struct cert *leaf;
	const uint8_t (*issuers)[CREDENTIAL_HASH];
	size_t issuer_count;
};

struct credential_wish {
	uint8_t auth_local;   /* AUTH_RSA or AUTH_ECDSA (which is Ed25519, too) */
	struct view certreq;  /* hashes of the peer's CERTREQ payloads, one after another; may be empty */
	uint32_t peer_hashes; /* SIG_HASH_ set of SIGNATURE_HASH_ALGORITHMS; 0: it sent none */
	bool does_ecdsa;      /* it showed that otherwise: an ECDSA certificate or method of its own */
	unsigned sig_flags;   /* SIG_PREFER_PSS */
};

/* The one to use, and the scheme; false: none fits. There is always one when any can sign for the method,
 * with or without CERTREQ: clients that send none, or a wrong one, exist.
 * In order: what the peer can do (iOS and others take an RSA signature only, so that ECDSA needs
 * evidence: it sent SIGNATURE_HASH_ALGORITHMS, or does_ecdsa); what its CERTREQ names; the kind of key
 * that `authentication local` names; configuration order. */
bool credential_choose(const struct credential_wish *w, const struct credential *v, size_t n, size_t *at,
	enum sig_scheme *scheme);

#endif
