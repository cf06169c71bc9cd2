/* The memory of the holder is reserved in steps, ahead of what is needed: frozen records and run-time
 * numbers of SAs never reach into what is not there, so that no access to it can fail. Where a step is
 * refused, nobody new is let in; what is left is for those who are in. */
#ifndef CMD_WIRE_RESERVE_H
#define CMD_WIRE_RESERVE_H

#include "cmd/wire_state.h"
#include "core/base/keep.h"

/* Makes sure of the first bytes of m (name, size) for a new main; fd: its memory, where a main before may
 * have written more, which is then what is there. ST_IO with errno, ST_LIMIT. */
enum status wire_reserve_begin(struct wire *w, struct wire_memory *m, int fd, size_t first) MUST_USE;
/* Is there room for one session more? is_known: the peer has one already, and may not be able to stay
 * without a new one. ST_NOMEM. */
enum status wire_reserve_login(struct wire *w, bool is_known) MUST_USE;
/* A new SA is about to take a slot for its numbers. */
void wire_reserve_slot(struct wire *w);
/* keep_put(), with more memory where it is short. */
enum status wire_reserve_put(struct wire *w, enum keep_kind kind, uint64_t key, const void *rec,
			     size_t len) MUST_USE;
/* Each second: ahead of those who will come. */
void wire_reserve_second(struct wire *w);

#endif
