/* Addresses that the host has, in each network namespace where clients' traffic is: nobody is granted one of them,
 * whether the configuration names it or not (core/session/lease.h). One netlink socket each. Loop thread. */
#ifndef CMD_WIRE_HOST_H
#define CMD_WIRE_HOST_H

#include "cmd/wire_state.h"

/* A configuration is in force: listens where its interfaces are, and reads what is there before anybody is granted
 * anything. */
void wire_host_apply(struct wire *w);
/* Once a second: what could not be read is read again. */
void wire_host_second(struct wire *w);
void wire_host_close(struct wire *w);

#endif
