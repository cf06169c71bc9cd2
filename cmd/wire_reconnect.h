/* Sessions that wait for their client: the questions of a client that comes back, what a session is
 * brought back with after a restart of the machine, and its key. Loop thread. */
#ifndef CMD_WIRE_RECONNECT_H
#define CMD_WIRE_RECONNECT_H

#include "cmd/wire_state.h"
#include "core/ike/ports.h"
#include "core/session/wait.h"

/* ASK_HOOK. False: the peer does not name a session, and the answer is untouched. */
bool wire_reconnect_named(struct wire *w, const struct ike_question *q, struct ike_answer *a);
/* ASK_KEYS of who named one: the keys of its token. */
void wire_reconnect_keys(const struct wire *w, const struct ike_question *q, struct ike_answer *a);
/* After ASK_ADDRESS was answered well: a token for who asked for one and has none; in *block, which stays NULL
 * otherwise, what the client can take to another gateway. */
void wire_reconnect_offer(struct wire *w, const struct ike_question *q, struct ike_answer *a, uint8_t **block);

/* The sealed record of a session for the store. Bytes written to out, STORE_RECORD of them at most;
 * 0: it has no token, or there is no key. */
size_t wire_reconnect_seal(const struct wire *w, const struct session *s, uint8_t *out);
/* Before store_open: the key, and the sessions that the database has. After it: the key is kept. */
void wire_reconnect_read(struct wire *w);
void wire_reconnect_keep_key(struct wire *w);
/* After a thaw: those that no frozen record brought back wait from now on, or since the file says. */
void wire_reconnect_restore(struct wire *w);
void wire_reconnect_fini(struct wire *w);

#endif
