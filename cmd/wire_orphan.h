/* TUN devices that are not configured any more and stay because sessions live on them (DESIGN section
 * 3: a session stays until it ends). An interface that is shut down is closed, sessions or not. */
#ifndef CMD_WIRE_ORPHAN_H
#define CMD_WIRE_ORPHAN_H

#include "cmd/wire_state.h"

/* Appends them to want: from the plan in force, or after main's death from the record. ST_NOMEM. */
enum status wire_orphan_retain(const struct wire *w, struct plan *want) MUST_USE;
/* Those of the plan in force are on record for the next main. */
void wire_orphan_keep(struct wire *w);
bool wire_orphan_is_used(const struct wire *w, const struct plan_tun *t);

#endif
