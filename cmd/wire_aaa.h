/* Everything that asks RADIUS servers, opened, closed and configured together. Loop thread. */
#ifndef CMD_WIRE_AAA_H
#define CMD_WIRE_AAA_H

#include "cmd/wire_state.h"

enum status wire_aaa_open(struct wire *w) MUST_USE;
void wire_aaa_close(struct wire *w); /* the engine is gone, the loop is not; also after a failed open */
/* w->conf is another one. */
void wire_aaa_configure(struct wire *w);
void wire_aaa_second(struct wire *w);

#endif
