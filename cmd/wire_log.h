/* Main's log: every event to standard error, to the store and to the exporter, but no event more often than
 * an operator could read; what is left out is counted and said. What the holder has to say stays on standard
 * error. Loop thread. */
#ifndef CMD_WIRE_LOG_H
#define CMD_WIRE_LOG_H

#include "core/base/log.h"

struct store;

/* Takes the log over. store may be NULL and set later by the same call. */
void wire_log_init(struct store *store);
/* Where events go besides; NULL: nowhere. */
void wire_log_export(log_sink *to, void *ctx);
/* How many events were left out since the start. */
uint64_t wire_log_limited(void);
/* Once a second: says what was left out. */
void wire_log_second(void);

#endif
