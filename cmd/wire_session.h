/* Sessions between the engine's questions, the store and the frozen records. */
#ifndef CMD_WIRE_SESSION_H
#define CMD_WIRE_SESSION_H

#include "cmd/wire_state.h"
#include "core/ike/ports.h"

struct session;

/* A commit on its way to the disk. */
struct wire_commit {
	struct list in_list;
	uint64_t number;
	struct ike_commit commit;
};

/* ASK_AUTHORIZE and ASK_ADDRESS; the answer is filled in any case. */
void wire_session_ask(struct wire *w, const struct ike_question *q, struct ike_answer *answer);
/* What of it is frozen has changed: its record is written anew. */
void wire_session_keep(struct wire *w, const struct session *s);
enum status wire_session_commit(struct wire *w, uint64_t number, const struct ike_commit *c) MUST_USE;
/* The store's answer: the session is up and frozen, or what is wrong. */
enum status wire_session_committed(struct wire *w, uint64_t number, enum status st) MUST_USE;
/* The engine's word that it is over; sessions that never came up end silently. */
void wire_session_ended(struct wire *w, const struct ike_event *ev);
void wire_session_moved(struct wire *w, const struct ulid *session, const struct endpoint *local,
			const struct endpoint *remote);
/* A child left the data path: what it carried stays with the session. */
void wire_session_child_gone(struct wire *w, const struct ulid *session, const struct esp_rt *rt);

/* Totals of all live sessions to the store, and into w->snmp_traffic when there is SNMP. */
void wire_session_traffic(struct wire *w);
/* Once a second: sessions whose negotiation was forgotten. */
void wire_session_second(struct wire *w);

/* A frozen record back; a damaged one is dropped. Key: as the record was kept. ST_NOMEM. */
enum status wire_session_thaw(struct wire *w, uint64_t key) MUST_USE;
/* Sessions without their IKE SA end, and so do IKE SAs without their session; the store ends what it
 * believes active and is not, tried again each second while it fails. ST_NOMEM. */
enum status wire_session_reconcile(struct wire *w) MUST_USE;
void wire_session_fini(struct wire *w);

#endif
