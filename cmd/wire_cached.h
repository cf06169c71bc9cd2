/* What a RADIUS server said about a peer when it was authenticated, until it is authorized (R-AZN-07). Loop thread. */
#ifndef CMD_WIRE_CACHED_H
#define CMD_WIRE_CACHED_H

#include "cmd/wire_state.h"
#include "core/aaa/set.h"

enum status wire_cached_open(struct wire *w) MUST_USE;
void wire_cached_close(struct wire *w);

/* Attributes of an Access-Accept into an empty set. Unknown ones are logged and left out (R-RAD-43).
 * ST_RADIUS_REPLY with a sentence. */
enum status wire_cached_read(struct aaa_set *set, struct view attrs, char why[IKE_DETAIL_LEN]) MUST_USE;
/* Of this IKE SA, in the place of what was there. Takes set over, also when it fails: ST_NOMEM. */
enum status wire_cached_put(struct wire *w, uint64_t sa, struct aaa_set *set) MUST_USE;
/* NULL: nothing came. Valid until the next call of this file. */
struct aaa_set *wire_cached(const struct wire *w, uint64_t sa);
void wire_cached_forget(struct wire *w, uint64_t sa); /* an unknown one is fine */

#endif
