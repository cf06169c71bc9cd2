/* Addresses and routes of the host that change: the clients among the IKE SAs follow (MOBIKE). One
 * netlink socket for each network namespace that a client connects from. Loop thread. */
#ifndef CMD_WIRE_LINK_H
#define CMD_WIRE_LINK_H

#include "cmd/wire_state.h"

enum status wire_link_open(struct wire *w) MUST_USE;
/* A configuration is in force: listens where there are clients. At first, and after a change, the
 * engine looks at its ways as if something had changed. */
void wire_link_apply(struct wire *w);
void wire_link_close(struct wire *w);

#endif
