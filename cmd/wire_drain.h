/* Emptying the headend: who is here stays, who comes anew is sent elsewhere or refused (ST_DRAINING), and at the end the
 * headend may stop. Outlives main. Loop thread. */
#ifndef CMD_WIRE_DRAIN_H
#define CMD_WIRE_DRAIN_H

#include "cmd/wire_state.h"

/* After main's death it is as it was. */
void wire_drain_thaw(struct wire *w);
/* For the world: what is wanted from now on. */
void wire_drain_set(void *ctx, enum drain how);
enum drain wire_drain(void *ctx);
/* ASK_AUTHORIZE of somebody who logs in: refused, a is the answer. Who has a session here may log in again. */
bool wire_drain_refuses(const struct wire *w, const struct ike_question *q, struct ike_answer *a);
/* Once a second: true when nobody is left, and the headend is to stop. */
bool wire_drain_is_over(const struct wire *w);

#endif
