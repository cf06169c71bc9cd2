/* The frozen record of a session: its fields and nothing else (no tables, no leases). */
#ifndef CORE_SESSION_FROZEN_H
#define CORE_SESSION_FROZEN_H

#include "core/session/session.h"

/* What a record says about leases; family 0: the address was not leased. */
struct frozen_lease {
	struct addr addr;
	uint8_t prefix_len;
};

size_t frozen_write(const struct session *s, uint8_t *out, size_t cap); /* 0: does not fit */
/* Into a zeroed session. ST_BAD_PAYLOAD, ST_TRUNCATED: damaged or not ours; ST_BAD_VERSION;
 * ST_NOMEM. */
enum status frozen_read(struct view rec, struct session *s, struct frozen_lease *lease4,
	struct frozen_lease *lease6) MUST_USE;

#endif
