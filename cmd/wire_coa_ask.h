/* Authorize-Only (RFC 5176 section 3.2): RADIUS is asked what a live session may from now on. Loop thread.
 *
 *     client                        we                                server
 *     CoA-Request, State  ----->
 *                         <-----  CoA-NAK, 507
 *                                 Access-Request, State  ----->
 *                                                        <-----  Access-Accept: what it says is changed, or nothing
 *                                                                Access-Reject: the session ends
 */
#ifndef CMD_WIRE_COA_ASK_H
#define CMD_WIRE_COA_ASK_H

#include "cmd/wire_state.h"
#include "core/base/rd.h"

struct coa_answer;
struct session;

#define COA_ASKS_MAX 1024 /* at once, one of a session */

enum status wire_coa_ask_open(struct wire *w) MUST_USE;
void wire_coa_ask_close(struct wire *w); /* also after a failed open */
size_t wire_coa_asks_free(const struct wire *w); /* about so many more it may be asked now */
/* May it be asked about this session? False: the answer is filled: 405 the session has no server that could be asked, 506 one
 * is being asked about it already. */
bool wire_coa_may_ask(const struct wire *w, const struct session *s, struct coa_answer *answer);
/* The Access-Request is on its way, with State as it came. Only after that. False: the answer is filled: 506 no memory, too
 * many are under way. */
bool wire_coa_ask(struct wire *w, const struct session *s, struct view state, struct coa_answer *answer);
void wire_coa_ask_drop(struct wire *w, const struct ulid *session); /* one that is not asked about is fine */

#endif
