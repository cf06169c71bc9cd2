/* Certificate revocation lists (RFC 5280 5): whole ones for one issuer. Delta, indirect and partial-reason lists are
 * refused: nothing can be learnt from them alone. Immutable and reference-counted; any thread. */
#ifndef CORE_CRYPTO_CRL_H
#define CORE_CRYPTO_CRL_H

#include "core/crypto/cert.h"

#define CRL_DER_MAX (16u << 20)

struct crl;

/* The whole view, copied. ST_BAD_REVOCATION: malformed, or of a kind we cannot use; ST_NOMEM. */
enum status crl_parse(struct view der, struct crl **out) MUST_USE;
struct crl *crl_ref(struct crl *c);
void crl_unref(struct crl *c);

struct view crl_der(const struct crl *c);
struct view crl_issuer(const struct crl *c);
int64_t crl_this_update(const struct crl *c); /* UTC s */
int64_t crl_next_update(const struct crl *c);
size_t crl_entries(const struct crl *c);

/* Signed by the issuer's key, which may sign CRLs. ST_REVOCATION_SIGNER; ST_SIG_ALGORITHM. */
enum status crl_verify(const struct crl *c, const struct cert *issuer) MUST_USE;
/* Does the list say anything about the certificate: same issuer, its kind (CA, user) and distribution point? */
bool crl_covers(const struct crl *c, const struct cert *cert);
/* The entry of the certificate: true with its time (UTC s) and reason (CRLReason, 0 when none is given). */
bool crl_lists(const struct crl *c, const struct cert *cert, int64_t *when, unsigned *reason);
/* Words for a CRLReason (RFC 5280 5.3.1): "key compromise". Never NULL. */
const char *crl_reason_words(unsigned reason);

#endif
