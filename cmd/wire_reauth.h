/* A session whose client is to authenticate again because somebody asks for it: a server by CoA, or the operator. Loop thread. */
#ifndef CMD_WIRE_REAUTH_H
#define CMD_WIRE_REAUTH_H

#include "cmd/wire_state.h"
#include "core/session/session.h"

/* Tells the engine of the session's reauth_ms, 0 too. The session has an IKE SA. Statuses of ike_reauth(). */
enum status wire_reauth_tell(struct wire *w, const struct session *s) MUST_USE;
/* All of it, durable with ST_OK: told to a client that is there; one that is away comes back by no token and no ticket.
 * A session of our own with another gateway authenticates now. Nothing changes with ST_NOMEM and ST_BAD_STATE (its IKE
 * SA begins or ends). */
enum status wire_reauth_session(void *ctx, struct session *s) MUST_USE;

#endif
