/* An identity as long as an SA or a session keeps it: a member `const struct ike_id *id` that has no more than
 * id->len bytes behind it. It is read through the pointer, like any other, and is never NULL; a copy is made by
 * kept_id_read() and not by assignment. Loop thread. */
#ifndef CORE_IKE_KEPT_ID_H
#define CORE_IKE_KEPT_ID_H

#include "core/ike/questions.h"

/* A new member, before any other call: type 0, nobody. */
void kept_id_init(const struct ike_id **kept);
/* A copy of id (which may be *kept) in the place of *kept. ST_NOMEM: *kept stays. */
enum status kept_id_set(const struct ike_id **kept, const struct ike_id *id) MUST_USE;
/* With zeros behind it. */
void kept_id_read(const struct ike_id *kept, struct ike_id *out);
/* Back to nobody. */
void kept_id_free(const struct ike_id **kept);

#endif
