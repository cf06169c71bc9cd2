/* Opening and closing what a configuration asks for: sockets, TUN devices, routes. */
#ifndef CMD_WIRE_NET_H
#define CMD_WIRE_NET_H

#include "cmd/wire_state.h"

/* Sessions live on what they were granted: devices that are gone from `want` stay while sessions use
 * them, and so does a route to each address that is in use.
 * Opens what `want` has and the plan in force has not, then closes what is no longer wanted; want's
 * content moves into w->plan. When something cannot be opened the old plan stays in force, complete,
 * and why says what; a VRF whose namespace does not exist is only logged. */
enum status wire_net_apply(struct wire *w, struct plan *want, char *why, size_t why_cap) MUST_USE;
/* Other addresses for an open device (family 0: none), with its routes set anew where the kernel forgot
 * them. No-op for a device that is not in the plan. */
void wire_net_address(struct wire *w, uint32_t tun, const struct prefix *ip4, const struct prefix *ip6);
/* Once a second: closes devices that the last session of a former configuration has left. */
void wire_net_second(struct wire *w);
/* Stops watching; the descriptors belong to modules/net and modules/data, which close them. */
void wire_net_close(struct wire *w);
/* Sends one message from port 500 or 4500. */
void wire_net_send(struct wire *w, const struct endpoint *local, const struct endpoint *remote,
		   const uint8_t *msg, size_t len);

#endif
