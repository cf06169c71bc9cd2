/* CertificateBundle of RFC 7296 3.6: what stands behind a URL of CERT encoding 13. Pure; any thread. */
#ifndef CORE_CRYPTO_BUNDLE_H
#define CORE_CRYPTO_BUNDLE_H

#include "core/base/rd.h"
#include "core/base/status.h"

/* The certificates in it, views of der, in their order; CRLs are left out: those that count are signed by an issuer
 * that is trusted, and fetched when they are needed. ST_BAD_CERT: malformed; ST_CERT_LIMIT: more than max. */
enum status bundle_parse(struct view der, struct view *certs, size_t max, size_t *n) MUST_USE;

#endif
