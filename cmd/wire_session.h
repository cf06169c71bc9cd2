/* Sessions between the engine's questions, the store and the frozen records. */
#ifndef CMD_WIRE_SESSION_H
#define CMD_WIRE_SESSION_H

#include "cmd/wire_state.h"
#include "core/ike/ports.h"

struct session;
struct session_totals;
struct session_ask;

/* A commit on its way to the disk. */
struct wire_commit {
	struct list in_list;
	uint64_t number;
	struct ike_commit commit;
};

/* ASK_AUTHORIZE of who logs in; time and chance of ask are filled in here. */
void wire_session_authorize(struct wire *w, struct session_ask *ask, struct ike_answer *answer);
/* ASK_AUTHORIZE of who comes back, and ASK_ADDRESS; the answer is filled in any case. *block: what its views point into, if
 * there are any. */
void wire_session_ask(struct wire *w, const struct ike_question *q, struct ike_answer *answer, uint8_t **block);
enum status wire_session_commit(struct wire *w, uint64_t number, const struct ike_commit *c) MUST_USE;
/* The store's answer: the session is up and frozen, or what is wrong. */
enum status wire_session_committed(struct wire *w, uint64_t number, enum status st) MUST_USE;
/* The engine's word that the IKE SA is over, and with it the session, unless it waits; sessions that never
 * came up end silently. */
void wire_session_ended(struct wire *w, const struct ike_event *ev);
void wire_session_moved(struct wire *w, const struct ulid *session, const struct endpoint *local,
			const struct endpoint *remote);
/* Its frozen record as it is now. ST_NOMEM, ST_INTERNAL. */
enum status wire_session_keep(struct wire *w, const struct session *s) MUST_USE;
/* What of it is on the disk, anew, after something of it changed: for a restart of the machine. */
void wire_session_changed(struct wire *w, const struct session *s);
/* Ends a session for good, in any state, its IKE SA with it. */
void wire_session_finish(void *ctx, struct session *s, enum status why);
/* What it carried until now. */
struct session_totals wire_session_totals(void *ctx, const struct session *s);
uint64_t wire_session_inactive_ms(void *ctx, const struct session *s);
/* A child left the data path: what it carried stays with the session. */
void wire_session_child_gone(struct wire *w, const struct ulid *session, const struct esp_rt *rt);

/* Totals of all live sessions to the store, and into w->snmp_traffic when there is SNMP. */
void wire_session_traffic(struct wire *w);
/* Once a second: sessions whose negotiation was forgotten, and those whose time is over. */
void wire_session_second(struct wire *w);

/* A frozen record back; a damaged one is dropped. Key: as the record was kept. ST_NOMEM. */
enum status wire_session_thaw(struct wire *w, uint64_t key) MUST_USE;
/* Sessions without their IKE SA end, or wait, and so do IKE SAs without their session; the store ends what it
 * believes active and is not, tried again each second while it fails. ST_NOMEM. */
enum status wire_session_reconcile(struct wire *w) MUST_USE;
void wire_session_fini(struct wire *w);

#endif
