/* Limits of volume: what the store knows of a user before he is let in and while he is here, once a second whether a
 * limit is passed, and what follows. Loop thread. */
#ifndef CMD_WIRE_QUOTA_H
#define CMD_WIRE_QUOTA_H

#include "cmd/wire_state.h"
#include "core/ike/ports.h"

struct store_usage;

void wire_quota_init(struct wire *w);
void wire_quota_fini(struct wire *w);
/* ASK_AUTHORIZE that the configuration has granted. True: the store is asked, and then a script, and it is answered
 * later; false: no limit needs that, or answer is a refusal. */
bool wire_quota_ask(struct wire *w, uint64_t number, const struct ike_question *q, struct ike_answer *answer);
void wire_quota_cancel(struct wire *w, uint64_t number); /* one that is not open is fine */
/* The store's answer. */
void wire_quota_on_store(struct wire *w, uint64_t number, enum status st, const struct store_usage *usage);
/* Once a second. Sessions that are beyond a limit end, or get its policy map; those that are not any more lose it. */
void wire_quota_second(struct wire *w);

#endif
