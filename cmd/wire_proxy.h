/* Clients whose address is one of a LAN of ours: its hosts are told that they are here. Loop thread. */
#ifndef CMD_WIRE_PROXY_H
#define CMD_WIRE_PROXY_H

#include "cmd/wire_state.h"

struct session;

void wire_proxy_up(struct wire *w, const struct session *s);
void wire_proxy_over(struct wire *w, const struct session *s);
/* w->plan came in the place of this one. */
void wire_proxy_apply(struct wire *w, const struct plan *old);
/* Once a second: interfaces that were missing are looked for now and then. */
void wire_proxy_second(struct wire *w);

#endif
