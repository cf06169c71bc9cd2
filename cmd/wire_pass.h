/* EAP of clients whom RADIUS servers know (RFC 3579, R-EAP-01 to 08, R-EAP-13): their packets are passed on, in both
 * directions. Loop thread. */
#ifndef CMD_WIRE_PASS_H
#define CMD_WIRE_PASS_H

#include "cmd/wire_state.h"

enum status wire_pass_open(struct wire *w) MUST_USE;
void wire_pass_close(struct wire *w);

enum wire_pass {
	PASS_NOT_OURS, /* the built-in server answers */
	PASS_WAITS,    /* answered later by ike_on_answer() */
	PASS_ANSWERED  /* a is the answer; its view points into *block (mem_free), if that is not NULL */
};
/* ASK_EAP of a responder. */
enum wire_pass wire_pass_ask(struct wire *w, uint64_t number, const struct ike_question *q, struct ike_answer *a, uint8_t **block);
void wire_pass_cancel(struct wire *w, uint64_t number); /* one that is not open is fine */
void wire_pass_forget(struct wire *w, uint64_t sa);
/* Another configuration is in force: conversations go on where they are. */
void wire_pass_configure(struct wire *w);
size_t wire_pass_count(const struct wire *w);

#endif
