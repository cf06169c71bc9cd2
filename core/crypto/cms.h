/* CMS SignedData (RFC 5652) and PKCS#7, its older form: bundles of certificates (CERT encoding 1, RFC 7296 3.6) and
 * signed content with signed attributes. DER, and BER from peers that write it. Any thread; allocates. */
#ifndef CORE_CRYPTO_CMS_H
#define CORE_CRYPTO_CMS_H

#include "core/crypto/cert.h"

#define CMS_CERTS_MAX   16
#define CMS_SIGNERS_MAX 4
#define CMS_DER_MAX     (256u << 10)

struct cms; /* parsed SignedData; immutable */

/* ST_BAD_CMS: malformed or no SignedData; ST_LIMIT: more certificates or signers than above, or too long; ST_NOMEM. */
enum status cms_parse(struct view der, struct cms **out) MUST_USE;
void cms_free(struct cms *c);
size_t cms_certs(const struct cms *c);
struct view cms_cert(const struct cms *c, size_t i); /* DER, inside c; {0} past the last */
size_t cms_signers(const struct cms *c);             /* 0: certificates only */
/* The signed content, when it is inside. {0}: detached. */
struct view cms_content(const struct cms *c);

/* Verifies signer i over the content inside, or over detached when there is none. Its certificate is one of the bundle
 * or, when that has none for it, of extra (n of them); signed attributes must hold the content type and the digest.
 * *signer: a new reference; the caller judges its chain. ST_BAD_SIGNATURE; ST_SIG_ALGORITHM; ST_NOT_FOUND no
 * certificate for the signer, or no content; ST_BAD_CMS; ST_NOMEM; those of cert_parse. */
enum status cms_verify(const struct cms *c, size_t i, struct view detached, const struct view *extra, size_t n,
	struct cert **signer) MUST_USE;

/* Writes a certificates-only bundle: a new block of *out_len bytes (mem_free). ST_NOMEM. */
enum status cms_put_certs(const struct view *certs, size_t n, uint8_t **out, size_t *out_len) MUST_USE;

#endif
