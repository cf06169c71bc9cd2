/* Memory that outlives main: attaching it, and what is thawed from it. */
#ifndef CMD_WIRE_KEEP_H
#define CMD_WIRE_KEEP_H

#include "cmd/wire_state.h"

/* Maps both blocks. Records of another layout are wiped. ST_IO with errno, ST_NOMEM. */
enum status wire_keep_attach(struct wire *w) MUST_USE;
/* Sessions, then the data path, then the engine; then both are compared with each other and with the
 * store. Before any socket is read. ST_NOMEM: the records are as they were, for the next main. */
enum status wire_keep_thaw(struct wire *w) MUST_USE;
void wire_keep_detach(struct wire *w);

#endif
