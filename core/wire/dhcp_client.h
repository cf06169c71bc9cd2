/* What we say to a DHCP server on behalf of a client that cannot, and what it answers (RFC 2131, 2132, 6842). We look
 * like the relay agent of that client: giaddr is set in all messages, so that each answer comes to us; one that went
 * to ciaddr would come out of the tunnel at the client. For the server a renewal then has the form of rebinding.
 *
 *   DISCOVER  ------------>            requested: what the client would like
 *             <------------  OFFER
 *   REQUEST   ------------>            requested, server_id: of the offer
 *             <------------  ACK, NAK
 *   REQUEST   ------------>            ciaddr: renewal
 *             <------------  ACK, NAK
 *   RELEASE   ------------>            ciaddr, server_id
 *   DECLINE   ------------>            requested, server_id: somebody has that address
 *
 * Pure. */
#ifndef CORE_WIRE_DHCP_CLIENT_H
#define CORE_WIRE_DHCP_CLIENT_H

#include <stdbool.h>

#include "core/base/addr.h"
#include "core/base/rd.h"
#include "core/base/wr.h"
#include "core/wire/dhcp_parts.h"

#define DHCP_HARDWARE     6
#define DHCP_CLIENT_ID    17  /* type 0 (RFC 2132 9.14), and sixteen octets */
#define DHCP_HOST_NAME    64  /* one label, with NUL */
#define DHCP_DNS_MAX      4   /* kept of an answer */
#define DHCP_TEXT_MAX     128 /* of the server's own words, with NUL */
#define DHCP_REQUEST_MAX  548 /* longest of ours */
#define DHCP_FOR_EVER     UINT32_MAX

/* On whose behalf. */
struct dhcp_who {
	uint8_t hardware[DHCP_HARDWARE]; /* locally administered */
	uint8_t client_id[DHCP_CLIENT_ID];
	char host_name[DHCP_HOST_NAME]; /* "" none */
};

/* From a digest of what the client is, so that the same client is the same for ever; user: its name for people, of
 * which the part before `@` becomes the host name, in letters, digits and hyphens. */
void dhcp_who_make(struct dhcp_who *who, const uint8_t digest[32], const char *user);

struct dhcp_request {
	enum dhcp_type type;
	uint32_t xid;
	uint16_t secs;          /* since it began */
	struct addr giaddr;
	struct addr ciaddr;     /* these three: family 0: not said */
	struct addr requested;
	struct addr server_id;
	const struct dhcp_who *who;
};
/* Payload of a UDP datagram, at most DHCP_REQUEST_MAX. */
void dhcp_build_request(struct wr *w, const struct dhcp_request *q);

struct dhcp_reply {
	enum dhcp_type type;    /* OFFER, ACK or NAK */
	uint32_t xid;
	uint8_t hardware[DHCP_HARDWARE];
	bool has_client_id;     /* the server repeats ours (RFC 6842), */
	bool is_client_id_long; /* but no other length than DHCP_CLIENT_ID is kept */
	uint8_t client_id[DHCP_CLIENT_ID];
	struct addr yiaddr;     /* IPv4 always; 0.0.0.0 in a NAK */
	struct addr giaddr;
	struct addr server_id;  /* family 0: missing */
	uint8_t mask_len;       /* 0: not said */
	uint8_t n_dns;
	struct addr dns[DHCP_DNS_MAX];
	uint32_t lease_s;       /* 0: not said; DHCP_FOR_EVER */
	uint32_t t1_s, t2_s;    /* 0: not said */
	char text[DHCP_TEXT_MAX]; /* printable, escaped; "" none */
};
/* ST_OK; ST_DHCP_OTHER: no answer of a server to a client on Ethernet; ST_TRUNCATED, ST_BAD_PAYLOAD. */
enum status dhcp_parse_reply(struct view payload, struct dhcp_reply *out) MUST_USE;
/* Is it an answer to a client of that name? */
bool dhcp_reply_is_for(const struct dhcp_reply *r, const struct dhcp_who *who);
/* An address that a host can have, of a server that says who it is. */
bool dhcp_reply_is_usable(const struct dhcp_reply *r);

#endif
