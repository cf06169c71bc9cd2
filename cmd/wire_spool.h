/* Accounting records from the spool of the database to the servers, in order, once each. The records for one list of
 * groups ("A,B": B when A is silent) are a queue of their own: while nobody answers for it none of its records is read,
 * and no other queue waits for it. Loop thread.
 *
 *   queue -> read, some at a time -> a server of A, else of B -> confirmed: out of the spool
 *     ^                                          |
 *     +--- rests 10 s, then longer <-- nobody ---+ */
#ifndef CMD_WIRE_SPOOL_H
#define CMD_WIRE_SPOOL_H

#include "cmd/wire_state.h"

struct store_acct;

enum status wire_spool_open(struct wire *w) MUST_USE;
void wire_spool_close(struct wire *w);

/* What was left by those before us is found. */
void wire_spool_begin(struct wire *w);
/* There is a new record for these groups in the database. */
void wire_spool_put(struct wire *w, struct view groups);
/* Once a second: queues whose rest is over. */
void wire_spool_second(struct wire *w);
/* A server answers again: no queue rests any more. */
void wire_spool_revived(struct wire *w);
/* True when nothing is on its way to a server and nothing waits that could be sent now. */
bool wire_spool_is_idle(const struct wire *w);
/* Answers of the store to questions of this file. False: it is of none. */
bool wire_spool_on_store(struct wire *w, uint64_t number, enum status st, const struct store_acct *v, size_t n);

struct spool_counts {
	uint64_t delivered; /* since main began */
	size_t open;        /* on their way */
};
struct spool_counts wire_spool_counts(const struct wire *w);

#endif
