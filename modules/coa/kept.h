/* Answers that were given, for requests that come again (RFC 5176 section 2.3: same source, port and Identifier; the
 * authenticator besides, so that another request with a used Identifier is another one). Bounded; what is too old, or
 * in the way, goes first. Loop thread. */
#ifndef MODULES_COA_KEPT_H
#define MODULES_COA_KEPT_H

#include "core/base/hash.h"
#include "core/base/list.h"
#include "core/base/map.h"
#include "modules/coa/coa.h"

struct coa_kept {
	struct hash_key key; /* random */
	struct map by_key;
	struct list in_order; /* oldest first */
	size_t n;
	size_t bytes;
};

/* ST_NOMEM. */
enum status coa_kept_init(struct coa_kept *k) MUST_USE;
void coa_kept_fini(struct coa_kept *k);
/* Those of before are forgotten. */
void coa_kept_expire(struct coa_kept *k, uint64_t now_ms);
/* An empty view: there is none. */
struct view coa_kept_find(const struct coa_kept *k, const struct endpoint *remote, const struct radius_packet *p);
/* Out of memory it is not kept: a request that comes again is decided again. */
void coa_kept_put(struct coa_kept *k, const struct coa_ask *ask, struct view answer, uint64_t now_ms);

#endif
