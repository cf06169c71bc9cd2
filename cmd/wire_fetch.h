/* The HTTP client for revocation data on main's loop: names by modules/dns. Loop thread. */
#ifndef CMD_WIRE_FETCH_H
#define CMD_WIRE_FETCH_H

#include "cmd/wire_state.h"
#include "modules/fetch/fetch.h"

/* ctx is handed to done. ST_NOMEM. */
enum status wire_fetch_open(struct wire *w, fetch_done *done, void *ctx) MUST_USE;
void wire_fetch_close(struct wire *w);
/* What the configuration lists: hosts that may be local, and the ports of URLs that it names. */
void wire_fetch_configure(struct wire *w, const struct snapshot *s);
struct fetch *wire_fetch(const struct wire *w);

#endif
