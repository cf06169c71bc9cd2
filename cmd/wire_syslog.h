/* The syslog exporter of main: its destinations from the configuration, its sockets from the holder. */
#ifndef CMD_WIRE_SYSLOG_H
#define CMD_WIRE_SYSLOG_H

#include "cmd/wire_state.h"
#include "core/base/log.h"

/* Puts the first configuration in force; from here on events are exported. ST_NOMEM. */
enum status wire_syslog_open(struct wire *w) MUST_USE;
/* Puts w->conf in force. */
void wire_syslog_apply(struct wire *w);
/* The log's: exports the event when its topic is switched on. */
void wire_syslog_event(void *ctx, enum event e, const struct kv *kv, size_t n);
/* Once a second: brings the counters up to date. */
void wire_syslog_second(struct wire *w);
/* Sends what can be sent now, and closes. */
void wire_syslog_close(struct wire *w);

#endif
