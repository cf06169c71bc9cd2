/* ASK_AUTHORIZE: what RADIUS servers say of the user and of the group (R-AZN-03 to 09), then the session. Loop thread. */
#ifndef CMD_WIRE_AUTHORIZE_H
#define CMD_WIRE_AUTHORIZE_H

#include "cmd/wire_state.h"

enum status wire_authorize_open(struct wire *w) MUST_USE;
void wire_authorize_close(struct wire *w);
/* True: servers or scripts are asked, and it is answered later. False: a is the answer. */
bool wire_authorize_ask(struct wire *w, uint64_t number, const struct ike_question *q, struct ike_answer *a);
void wire_authorize_cancel(struct wire *w, uint64_t number); /* one that is not open is fine */

#endif
