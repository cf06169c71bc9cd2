/* What people gave for logins by EAP (cmd/logins.h), joined to conversations, clients and the control socket. Loop
 * thread. */
#ifndef CMD_WIRE_LOGINS_H
#define CMD_WIRE_LOGINS_H

#include "cmd/logins.h"
#include "cmd/wire_state.h"

/* NULL: out of memory. */
struct logins *wire_logins_new(struct wire *w);
/* As logins_ask(); who waits is logged, and its client has patience. */
enum status wire_logins_ask(struct wire *w, const struct logins_question *q, struct logins_pair *out) MUST_USE;
/* The engine's word about an SA. Calls nothing of the engine. */
void wire_logins_tell(struct wire *w, const struct ike_event *ev);
void wire_logins_second(struct wire *w);
/* Before `s` takes the place of w->conf: what belongs to profiles that change is wiped. */
void wire_logins_configure(struct wire *w, const struct snapshot *s);

#endif
