/* The configuration payload, both roles (RFC 7296 3.15, RFC 8598, RFC 8983; R-MCF).
 *
 *   pull   IKE_AUTH       CFG_REQUEST -->         <-- CFG_REPLY, N(IP4_ALLOWED), N(IP6_ALLOWED)
 *   push   INFORMATIONAL  CFG_SET -->             <-- CFG_ACK         (cp_set.h; either side)
 *
 * What goes to whom: addresses when they are asked for, name servers and networks to everybody
 * (R-MCF-15), domains of split DNS to who can do it, Unity and FlexVPN attributes by the class of the
 * peer. A client whose pool hands out prefixes gets INTERNAL_IP6_ADDRESS with the length of its prefix
 * (all that any client in use asks for) and INTERNAL_IP6_PREFIX (RFC 5739) as well if it asked for one.
 * Private to core/ike. */
#ifndef CORE_IKE_CP_H
#define CORE_IKE_CP_H

#include "core/ike/grant.h"
#include "core/ike/msg.h"
#include "core/ike/peer_class.h"
#include "core/ike/ports.h"

struct handshake;
struct ike_connect;

/* Attributes that are sent only to who names them in its CFG_REQUEST. */
enum {
	CP_ASKED_DOMAINS = 1,   /* RFC 8598 3.1: without it the client cannot do split DNS */
	CP_ASKED_SUPPORTED = 2, /* a list of the numbers that we know */
	CP_ASKED_PREFIX6 = 4,
	CP_ASKED_SERVER4 = 8,   /* Windows: our own address inside */
	CP_ASKED_SERVER6 = 16,
	CP_ASKED_TOKEN = 32,    /* what it could come back with (docs/reconnect.md) */
	CP_ASKED_STATE = 64     /* and to another gateway */
};

/* The peer's payload of IKE_AUTH into hs: which addresses it wants, what else it asks for, and its own
 * networks (INTERNAL_IP4_SUBNET with a value). CFG_REQUEST and CFG_SET; other types are ignored. */
enum status cp_read_request(struct view body, struct handshake *hs) MUST_USE;
/* The answer to it, if one is due: CFG_REPLY with what was granted, or CFG_ACK where may_ack; and to a
 * request for an address, which families there are. */
void cp_put_answer(struct msg_out *o, const struct handshake *hs, const struct kept_grant *g,
	enum peer_class peer, bool may_ack);
/* N(IP4_ALLOWED), N(IP6_ALLOWED) by RFC 8983 section 5, table 1. */
void cp_put_allowed(struct msg_out *o, bool ip4, bool ip6);

/* Attributes of a grant without its addresses, as CFG_REPLY and CFG_SET have them. asked: bits. */
void cp_put_attributes(struct wr *w, const struct kept_grant *g, enum peer_class peer, uint8_t asked);
/* A network, in the attribute of its family. */
void cp_put_network(struct wr *w, const struct prefix *p);

/* CFG_REQUEST of ours. */
void cp_put_request(struct msg_out *o, const struct ike_connect *c);
/* CFG_REPLY of the responder, or its CFG_SET: what does not fit is left out, attributes of no interest
 * are passed over. ST_BAD_PAYLOAD: neither of them. */
enum status cp_read_grant(struct view body, struct ike_grant *g) MUST_USE;
/* Is what came enough? An address of each family that the peer has; words say what is missing.
 * ST_NO_ADDRESS. p: the payloads of the reply, with the notifies of RFC 8983. */
enum status cp_judge_grant(const struct ike_connect *c, const struct ike_grant *g,
	const struct ike_payloads *p, char words[IKE_DETAIL_LEN]) MUST_USE;

#endif
