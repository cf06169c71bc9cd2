/* The CERT and CERTREQ payloads (RFC 7296 sections 3.6 and 3.7, RFC 4806). Pure. */
#ifndef CORE_WIRE_CERTS_H
#define CORE_WIRE_CERTS_H

#include "core/base/rd.h"
#include "core/base/status.h"
#include "core/base/wr.h"

/* Those that are understood. */
enum cert_encoding {
	CERT_ENC_PKCS7 = 1,
	CERT_ENC_X509 = 4,
	CERT_ENC_X509_URL = 12,
	CERT_ENC_BUNDLE_URL = 13,
	CERT_ENC_OCSP = 14,
};

#define CERT_HASH_LEN 20 /* SHA-1 of a public key, in CERTREQ, and of what is behind a URL */

struct cert_payload {
	uint8_t encoding; /* any number */
	struct view data; /* not empty */
};

struct certreq {
	uint8_t encoding;
	struct view authorities; /* whole hashes of CERT_HASH_LEN for encodings 4, 12, 13 and 14 */
};

/* ST_TRUNCATED; ST_BAD_PAYLOAD: no data. */
enum status cert_payload_parse(struct view body, struct cert_payload *out) MUST_USE;
void cert_payload_build(struct wr *w, uint8_t encoding, struct view data);
/* ST_TRUNCATED; ST_BAD_PAYLOAD: the hashes of an encoding that has them are not whole. */
enum status certreq_parse(struct view body, struct certreq *out) MUST_USE;
void certreq_build(struct wr *w, uint8_t encoding, struct view authorities);

#endif
