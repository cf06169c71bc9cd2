/* One attempt of a client: from which address of ours, and what the engine is asked for. */
#ifndef CMD_WIRE_DIAL_H
#define CMD_WIRE_DIAL_H

#include "cmd/wire_state.h"
#include "core/session/client_spec.h"

#define DIAL_REASON 256

/* Begins to connect to the target of m. ST_OK and the number of the IKE SA; else why not, and reason is
 * a sentence or "" when the words of the status suffice. */
enum status wire_dial(struct wire *w, const struct client_spec *s, const struct client *m, uint64_t *sa,
		      char reason[DIAL_REASON]) MUST_USE;

/* Our address towards a peer: the tunnel source, or what the routes say. Not one that is not listened
 * on. Reason as above. */
enum status wire_dial_source(struct wire *w, const struct client_spec *s, const struct addr *peer,
			     struct addr *out, char reason[DIAL_REASON]) MUST_USE;

#endif
