/* What the kernel knows of the way to a peer, asked through the socket that sends there, and so in its
 * VRF; and the DF bit of what a socket sends. Worker threads. */
#ifndef MODULES_DATA_MTU_H
#define MODULES_DATA_MTU_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/endpoint.h"

/* What is known of the packets of a socket; see long_set_df(). */
enum port_df { PORT_DF_UNKNOWN, PORT_DF_OFF, PORT_DF_ON };

/* Of the packets that the socket sends from now on. With DF (and over IPv6, where it has no bit) one
 * that is too long for the way as the kernel knows it is refused (ST_ESP_TOO_BIG), without it is sent
 * in fragments. family 4 or 6. */
void mtu_set_df(int fd, uint8_t family, bool df);

/* The MTU of the way to remote, and of our own link on it; 0: not to be had. Nothing is sent: a
 * datagram that is too long for every link is refused, and the refusal names the MTU. The kernel has
 * it from its interfaces and routes and from "too big" messages about packets of ours, which it
 * believes down to a limit of its own and forgets after ten minutes (RFC 1191 section 6.3).
 * mtu_set_df() is needed afterwards. Some ten system calls. */
struct mtu {
	uint32_t path, media;
};
struct mtu mtu_ask(int fd, const struct endpoint *local, const struct endpoint *remote);

#endif
