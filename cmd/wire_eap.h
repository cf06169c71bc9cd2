/* Conversations of EAP, as server for clients and as peer of a gateway: each step in a job thread, users from
 * cmd/wire_user.c, signatures from the keys process, certificates judged by cmd/wire_pki.c. Loop thread.
 *
 *   ASK_EAP -> [job: step] -> packet for the client | success | failure
 *                 ^   |
 *                 |   +--> user | signature | verdict on certificates | a person's password (cmd/wire_logins.c)
 *                 +-----------+ */
#ifndef CMD_WIRE_EAP_H
#define CMD_WIRE_EAP_H

#include "cmd/wire_state.h"

enum status wire_eap_open(struct wire *w) MUST_USE; /* ST_NOMEM; when the job threads are there */
void wire_eap_close(struct wire *w);                /* after the job threads have ended */
/* Other certificates or profiles are in force: new conversations begin with them. */
void wire_eap_configure(struct wire *w);

/* True: answered later by ike_on_answer(). False: a says why not. */
bool wire_eap_ask(struct wire *w, uint64_t number, const struct ike_question *q, struct ike_answer *a);
/* The same for a client that RADIUS servers were asked about in vain, before any method began: q->eap is its
 * EAP-Response/Identity, sent or made of its IKE identity, and is not asked for again. */
bool wire_eap_go_on(struct wire *w, uint64_t number, const struct ike_question *q, struct ike_answer *a);
/* The answer is not wanted any more; one that is not open is fine. */
void wire_eap_cancel(struct wire *w, uint64_t number);
/* The conversation of this SA is over. */
void wire_eap_forget(struct wire *w, uint64_t sa);
/* The password that the conversation of this SA waits for, or why there is none (p is NULL then). */
struct logins_pair;
void wire_eap_given(struct wire *w, uint64_t sa, enum status st, const struct logins_pair *p);
/* Conversations that are not over. */
size_t wire_eap_count(const struct wire *w);

#endif
