/* Verdicts on certificates that are kept for a short time (`crypto ikev2 certificate-cache`): a client that
 * comes again after a cut does not cost its chain twice. Accepted ones only. One thread. */
#ifndef CMD_WIRE_PKI_CACHE_H
#define CMD_WIRE_PKI_CACHE_H

#include "core/base/list.h"
#include "core/conf/pki_case.h"

#define PKI_CACHE_S 300 /* a verdict is kept so long at most */

struct pki_cache {
	struct list entries; /* the oldest first */
	size_t n, max;
};

void pki_cache_init(struct pki_cache *c);
void pki_cache_fini(struct pki_cache *c);
/* Forgets all; max 0: nothing is kept. */
void pki_cache_resize(struct pki_cache *c, size_t max);
/* v is ST_OK; the oldest makes room. Without memory it is not kept. */
void pki_cache_put(struct pki_cache *c, const uint8_t key[PKI_CASE_KEY], const struct pki_verdict *v, int64_t now_s);
/* False: nothing is kept, or not any more. What *out points to is valid until the next call. */
bool pki_cache_get(struct pki_cache *c, const uint8_t key[PKI_CASE_KEY], int64_t now_s, struct pki_verdict *out);

#endif
