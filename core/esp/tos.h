/* The byte of the IP header that holds DSCP and ECN, on the way into a tunnel and out of it.
 *
 * DSCP: copied to the outer header (RFC 2983's uniform model on the way in); on the way out the inner
 * one stays as it was (RFC 4301 section 5.1.2.1), since nothing authenticates the outer one.
 * ECN: RFC 6040, normal mode. Pure. */
#ifndef CORE_ESP_TOS_H
#define CORE_ESP_TOS_H

#include <stddef.h>

#include "core/base/status.h"
#include "core/wire/ip.h"

#define TOS_ECN 3u

/* The outer byte for an inner one (RFC 6040 section 4.1, figure 3): all eight bits alike. */
static inline uint8_t tos_outer(uint8_t inner)
{
	return inner;
}

/* Combines what the way did to the outer header with the inner packet at p (RFC 6040 section 4.2,
 * figure 4), which stands in ip as it was parsed; ip->tos follows. The IPv4 header checksum is changed
 * along with it. ST_ESP_ECN: congestion was marked on a packet whose sender cannot hear of it, so that
 * losing it is the mark. */
enum status tos_take(uint8_t *p, struct ip_info *ip, uint8_t outer) MUST_USE;

#endif
