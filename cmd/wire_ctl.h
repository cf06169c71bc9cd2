/* The control socket joined to the loop and to the commands of an operator. */
#ifndef CMD_WIRE_CTL_H
#define CMD_WIRE_CTL_H

#include "cmd/wire_state.h"

enum status wire_ctl_open(struct wire *w) MUST_USE; /* ST_IO with errno */
void wire_ctl_close(struct wire *w);
/* Before the engine is there; debug_fini ends it. */
void wire_debug_init(struct wire *w);
/* The engine's port; ctx is struct wire. */
void wire_trace(void *ctx, const struct ike_trace *t);

#endif
