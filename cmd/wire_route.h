/* Kernel routes into the TUN devices. Loop thread.
 *
 * The plan has routes to pools and peers' networks, one for all sessions. What the plan does not lead
 * to the device of a live session (its pool went with a reload, or is another device's) has a route
 * of its own, for as long as sessions need it. */
#ifndef CMD_WIRE_ROUTE_H
#define CMD_WIRE_ROUTE_H

#include "cmd/wire_state.h"

struct session;

/* After w->plan or the devices changed: sets what is missing, then removes what nobody needs. What
 * cannot be set is logged and tried again the next time. */
void wire_route_apply(struct wire *w);
/* With the last IPv4 address of a device the kernel forgets the routes through it: they are unset before
 * an address goes and set again after, here or by wire_route_apply. */
void wire_route_unset(struct wire *w, uint32_t tun, uint8_t family);
void wire_route_set(struct wire *w, uint32_t tun);
/* The device closed, and the kernel removed its routes. */
void wire_route_closed(struct wire *w, uint32_t tun);
/* Before the peer learns that its session is up, and at the end of a session that was up. */
void wire_route_up(struct wire *w, const struct session *s);
void wire_route_over(struct wire *w, const struct session *s);
void wire_route_fini(struct wire *w);

#endif
