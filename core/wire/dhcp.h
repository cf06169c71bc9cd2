/* DHCPINFORM of a client inside its tunnel, and the answer to it (RFC 2131 4.3.5, 4.4.3; RFC 2132, 3442;
 * MS-DHCPE 2.2.8). Windows asks so for the routes of a tunnel. Nothing else of DHCP is understood. Pure. */
#ifndef CORE_WIRE_DHCP_H
#define CORE_WIRE_DHCP_H

#include "core/base/addr.h"
#include "core/base/rd.h"
#include "core/base/status.h"
#include "core/base/wr.h"
#include "core/wire/ip_build.h"

#define DHCP_SERVER_PORT 67
#define DHCP_CLIENT_PORT 68
#define DHCP_MESSAGE_MIN 548  /* what every client takes (RFC 2131 section 2), without IP and UDP headers */
#define DHCP_MESSAGE_MAX 1232 /* we never make longer ones */
#define DHCP_PACKET_MAX 1500  /* with IP and UDP header; no client has reason for a longer one */

/* What the client would like to be told. */
enum dhcp_want {
	DHCP_WANTS_MASK = 1,
	DHCP_WANTS_DNS = 2,
	DHCP_WANTS_DOMAIN = 4,
	DHCP_WANTS_NBNS = 8,
	DHCP_WANTS_ROUTES = 16,   /* option 121 */
	DHCP_WANTS_MS_ROUTES = 32 /* option 249, of the same form */
};

struct dhcp_inform {
	uint8_t htype, hlen;
	uint32_t xid;
	uint16_t flags;
	struct addr ciaddr; /* the client says that it has this address */
	uint8_t chaddr[16];
	uint16_t max_len;   /* of the answer, without IP and UDP headers */
	unsigned wants;     /* DHCP_WANTS_; all of them when it does not say */
};

struct dhcp_answer {
	struct addr server;   /* IPv4: our address, also the router of the routes (which Windows passes over) */
	uint8_t mask_len;
	const struct addr *dns, *nbns; /* those that are not IPv4 are passed over, */
	size_t n_dns, n_nbns;
	const struct prefix *routes;   /* these too */
	size_t n_routes;
	const char *domain;   /* "" for none */
};

/* Payload of a UDP datagram. ST_OK; ST_DHCP_OTHER: not a DHCPINFORM; ST_TRUNCATED, ST_BAD_PAYLOAD. */
enum status dhcp_parse(struct view payload, struct dhcp_inform *out) MUST_USE;
/* DHCPACK: as much of what is wanted as the client takes, mask and routes first; w has room for
 * DHCP_MESSAGE_MAX. Each option has 255 bytes at most: 31 routes to networks of 17 to 24 bits. */
void dhcp_build_ack(struct wr *w, const struct dhcp_inform *in, const struct dhcp_answer *a);

/* The same of whole IPv4 packets. A client that does not say its address has that of the packet; that of another
 * is ST_DHCP_OTHER, and so is what is not between the two ports. */
enum status dhcp_open(const uint8_t *packet, size_t len, struct dhcp_inform *out) MUST_USE;
void dhcp_build_packet(struct wr *w, const struct dhcp_inform *in, const struct dhcp_answer *a);

#endif
