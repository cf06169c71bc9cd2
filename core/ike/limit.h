/* The time that a session may last, changed while it does. */
#ifndef CORE_IKE_LIMIT_H
#define CORE_IKE_LIMIT_H

#include "core/ike/ike.h"

/* The session of an established SA may last lifetime_s in all (0: for ever), of which age_ms have gone: from now on, in the heirs of
 * the SA and in frozen records too. A limit of the profile that ends earlier still counts. What is over already ends
 * at once. ST_NOT_FOUND, ST_BAD_STATE; ST_NOMEM: it cannot be kept, and nothing changed. */
enum status ike_limit(struct ike *ike, uint64_t sa, uint64_t age_ms, uint32_t lifetime_s) MUST_USE;

#endif
