/* Pre-shared keys that RADIUS servers have (`keyring aaa`, R-AZN-13). Loop thread. */
#ifndef CMD_WIRE_PSK_H
#define CMD_WIRE_PSK_H

#include "cmd/wire_state.h"

enum status wire_psk_open(struct wire *w) MUST_USE;
void wire_psk_close(struct wire *w);
/* ASK_KEYS. True: servers are asked, and it is answered later. False: the profile has no such keyring, or a->status
 * says why there is no key. */
bool wire_psk_ask(struct wire *w, uint64_t number, const struct ike_question *q, struct ike_answer *a);
void wire_psk_cancel(struct wire *w, uint64_t number); /* one that is not open is fine */

#endif
