/* Telling the sender of an inner packet that it was too long (RFC 1191, RFC 8201): the answer goes back
 * to the TUN as if it came out of the tunnel. Pure.
 *
 * Its source is the packet's destination, not an address of ours: the kernel takes nothing from a
 * device that claims to be from the host itself, most TUNs have no address, and the destination is
 * the one address of which both the kernel (reverse path) and firewalls between here and the sender
 * know that it lies behind this device. */
#ifndef CORE_ESP_TOO_BIG_H
#define CORE_ESP_TOO_BIG_H

#include <stdint.h>

#include "core/base/wr.h"
#include "core/wire/ip.h"

#define TOO_BIG_MAX 1280 /* bytes of an answer */
#define TOO_BIG_BURST 100
#define TOO_BIG_PER_S 100

/* A token bucket of one worker; zeroed at first. */
struct too_big_limit {
	uint64_t full_ms; /* when it is full again */
};

/* Whether one more answer may be given now; takes a token. */
bool too_big_may(struct too_big_limit *l, uint64_t now_ms);
/* Writes the answer to w. Nothing is written (w bad) where none may be given: errors of ICMP, later
 * fragments, to or from more than one host. mtu: what would have fitted. */
void too_big_build(struct wr *w, const uint8_t *packet, const struct ip_info *ip, uint32_t mtu);

#endif
