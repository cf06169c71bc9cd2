/* Packets of the client: an ask or a probe becomes a signed packet for one identifier of one server. */
#ifndef MODULES_RADIUS_PACKET_H
#define MODULES_RADIUS_PACKET_H

#include "modules/radius/state.h"

/* The longest that radius_packet_ask adds to the attributes of an ask. */
#define RADIUS_PACKET_EXTRA (RADIUS_HEADER + 18 + 18 + 2 + RADIUS_PASSWORD_MAX)

/* A probe at most: two attributes beside the header. */
#define RADIUS_PROBE_MAX (RADIUS_HEADER + 18 + 18)

/* For the slot, whose authenticator is set. ST_LIMIT: it does not fit. The packet may have a password in it. */
enum status radius_packet_ask(const struct radius_ask *a, struct radius_slot *slot, struct wr *w) MUST_USE;
/* Status-Server (RFC 5997). */
enum status radius_packet_probe(struct radius_slot *slot, struct wr *w) MUST_USE;
/* Acct-Delay-Time of now. */
uint32_t radius_packet_delay(const struct radius_ask *a);

#endif
