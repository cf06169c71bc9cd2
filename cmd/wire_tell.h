/* What the engine tells: the log, the store's failures, the end of sessions. */
#ifndef CMD_WIRE_TELL_H
#define CMD_WIRE_TELL_H

#include "core/ike/ports.h"

void wire_tell(void *ctx, const struct ike_event *ev); /* ctx is struct wire */

#endif
