/* What both sides prove themselves with in IKE_AUTH: shared keys of the configuration, our certificates and
 * their keys, signatures of the peer and its certificates. Loop thread. */
#ifndef CMD_WIRE_PROOF_H
#define CMD_WIRE_PROOF_H

#include "cmd/wire_state.h"

/* When the job threads are there. */
void wire_proof_open(struct wire *w);
void wire_proof_close(struct wire *w); /* before wire_fetch_close() */

/* Other trustpoints are in force: whose certificates are asked for. */
void wire_proof_announce(struct wire *w);

/* ASK_KEYS, at once. *block is what views of the answer point into (mem_free); NULL: none do. */
void wire_proof_keys(const struct wire *w, const struct ike_question *q, struct ike_answer *a, uint8_t **block);
/* ASK_PROOF: true: answered later. False: a says why not. */
bool wire_proof_ask(struct wire *w, uint64_t number, const struct ike_question *q, struct ike_answer *a);
/* JOB_SIGN, answered later by ike_on_job(). ST_LIMIT, ST_NOMEM. */
enum status wire_proof_sign(struct wire *w, uint64_t number, const struct ike_job *job) MUST_USE;
/* Neither is wanted any more; one that is not open is fine. */
void wire_proof_cancel(struct wire *w, uint64_t number);

#endif
