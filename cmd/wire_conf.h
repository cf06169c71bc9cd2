/* Reading the configuration: at start the accepted copy or the file, at reload the file. */
#ifndef CMD_WIRE_CONF_H
#define CMD_WIRE_CONF_H

#include "cmd/wire_state.h"

/* Asks the holder for the text and parses it. Messages go to the log, and to err when it is not NULL.
 * *out has one reference. ST_CONFIG, ST_NOT_FOUND, ST_IO ...: explained there too. */
enum status wire_conf_read(struct wire *w, bool is_fresh, struct snapshot **out, struct out *err) MUST_USE;
/* The one that was read last is in force: the holder keeps it, and so are the numbers of VRFs. */
void wire_conf_accept(struct wire *w, const struct snapshot *s);

/* Chooses the library for ESP of SAs to come; says in the log when it is not the one that was named. */
void wire_conf_engine(const struct snapshot *s);

/* How many worker threads it asks for. */
uint32_t wire_conf_workers(const struct snapshot *s);

/* Everything or nothing (DESIGN section 3). Exit code for the command; SIGHUP passes NULLs. */
int wire_reload(void *ctx, struct out *out, struct out *err);

#endif
