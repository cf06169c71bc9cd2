/* What the demo's client opens as root: one UDP socket and one TUN device in the network namespace in
 * force, by the holder's own table of commands but without a holder. */
#ifndef CMD_DEMO_DEVICE_H
#define CMD_DEMO_DEVICE_H

#include "core/wire/ts.h"

struct demo_device;

struct demo_device *demo_device_new(void); /* NULL: out of memory or descriptors */
void demo_device_free(struct demo_device *d); /* the TUN device is gone then; NULL is fine */

/* Descriptors are the caller's. ST_IO with errno. */
enum status demo_device_udp(struct demo_device *d, uint16_t port, int *fd) MUST_USE;
enum status demo_device_tun(struct demo_device *d, int *fd) MUST_USE;

struct demo_address {
	struct addr ip4; /* family 0: none */
	struct addr ip6;
	bool has_ip6; /* set: the kernel took it */
};
/* The TUN device gets the addresses, and routes to the n selectors that are prefixes. */
enum status demo_device_use(struct demo_device *d, struct demo_address *a, const struct ts *remote,
			    size_t n) MUST_USE;

#endif
