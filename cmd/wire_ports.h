/* The engine's ports, each joined to what fills it. An answer is never given from inside the question:
 * it waits in a list for the next turn of the loop. */
#ifndef CMD_WIRE_PORTS_H
#define CMD_WIRE_PORTS_H

#include "cmd/wire_state.h"

extern const struct ike_ports wire_ports; /* ctx is struct wire */

/* An IKE message from port 500 or 4500. */
void wire_on_ike(void *ctx, const struct endpoint *local, const struct endpoint *remote,
		 const uint8_t *msg, size_t len);
/* From modules/jobs and db. */
void wire_on_job(void *ctx, uint64_t number, const struct ike_job_result *result);
void wire_on_commit(void *ctx, uint64_t number, enum status st);
/* Timers: the engine is due; answers wait. */
void wire_ike_due(void *ctx);
void wire_answers_due(void *ctx);
void wire_answers_fini(struct wire *w);

#endif
