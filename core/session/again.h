/* A login that would take the place of a session, before it has proven anything: a client that authenticates again makes a new
 * IKE SA beside the old one. Pure; loop thread. */
#ifndef CORE_SESSION_AGAIN_H
#define CORE_SESSION_AGAIN_H

#include "core/session/session.h"

/* State that belongs into its first Access-Request (RFC 2865 5.24), of a session whose end is Termination-Action
 * RADIUS-Request. Which one is told by what the engine goes by afterwards, but for the proof: the same profile, the same IKE
 * identity, by the same way, port and all; and the same user, where he has said a name of his own. Who lies about that makes
 * the server see a State that is not his, and proves nothing by it: he never sees it himself. name: of EAP; NULL: made of the
 * identity. Empty: none. A view into the session. */
struct view again_state(const struct sessions *ss, const struct ike_question *q, const char *name);

#endif
