/* Tickets for resumption: whether a session may be resumed, and where the keys that seal tickets are
 * kept. Loop thread. */
#ifndef CMD_WIRE_TICKET_H
#define CMD_WIRE_TICKET_H

#include "cmd/wire_state.h"

/* ASK_TICKET. True: the store is asked, and wire_ticket_answered brings the answer; false: it is in
 * *answer. */
bool wire_ticket_ask(struct wire *w, uint64_t number, const struct ike_question *q,
		     struct ike_answer *answer);
/* An answer of the store. False: it is to none of our questions. */
bool wire_ticket_answered(struct wire *w, uint64_t number, enum status st);
void wire_ticket_fini(struct wire *w);

/* The port keep_keys. */
void wire_ticket_keep_keys(void *ctx, const uint8_t *rec, size_t len);
/* What the file has: read before the store is open, given to the engine when there is one. */
void wire_ticket_read_keys(struct wire *w);
void wire_ticket_give_keys(struct wire *w);

#endif
