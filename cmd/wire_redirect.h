/* Which gateway a client is redirected to: the answer to ASK_REDIRECT. Loop thread. */
#ifndef CMD_WIRE_REDIRECT_H
#define CMD_WIRE_REDIRECT_H

#include "cmd/wire_state.h"
#include "core/ike/questions.h"

/* The configured targets take turns. Our own turn, where we are one of them, is no redirect. */
void wire_redirect_answer(struct wire *w, const struct ike_question *q, struct ike_answer *a);

#endif
