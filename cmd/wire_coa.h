/* CoA and Disconnect (`aaa server radius dynamic-author`): sockets in each VRF that has clients, names of clients
 * looked up, and what the server of modules/coa is told. Loop thread. */
#ifndef CMD_WIRE_COA_H
#define CMD_WIRE_COA_H

#include "cmd/wire_state.h"

struct aaa_set;
struct coa_answer;
struct coa_ask;
struct coa_trace;

/* ST_NOMEM. The sockets that a main before had are taken over. */
enum status wire_coa_open(struct wire *w) MUST_USE;
/* The configuration in force is another one. */
void wire_coa_apply(struct wire *w);
void wire_coa_second(struct wire *w);
void wire_coa_close(struct wire *w);

/* Of cmd/wire_coa_act.c: does what a verified request asks for, to all sessions that it means or to none, and says
 * so in the log. ctx is the wire. */
void wire_coa_decide(void *ctx, const struct coa_ask *ask, struct coa_answer *answer);
/* Fills the answer: false. cause: of RFC 5176 section 3.5. */
bool wire_coa_refuse(struct coa_answer *answer, uint32_t cause, const char *why);
/* What an Access-Accept says, read as a CoA-Request is, to one live session; all of it, or nothing: the answer is filled. It
 * is logged. */
bool wire_coa_give(struct wire *w, const struct ulid *session, struct aaa_set *set, struct coa_answer *answer);
/* Of cmd/wire_coa_debug.c: lines for who debugs it. */
void wire_coa_trace(void *ctx, const struct coa_trace *t);

#endif
