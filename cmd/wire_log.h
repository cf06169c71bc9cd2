/* Main's log: every event to standard error and to the store, but no event more often than an operator
 * could read; what is left out is counted and said. Loop thread. */
#ifndef CMD_WIRE_LOG_H
#define CMD_WIRE_LOG_H

struct store;

/* Takes the log over. store may be NULL and set later by the same call. */
void wire_log_init(struct store *store);
/* Once a second: says what was left out. */
void wire_log_second(void);

#endif
