/* The configuration payload, both roles (RFC 7296 3.15, R-MCF-01..08, 14..16). */
#ifndef CORE_IKE_CP_H
#define CORE_IKE_CP_H

#include "core/ike/grant.h"
#include "core/ike/msg.h"
#include "core/ike/ports.h"

struct handshake;
struct ike_connect;

/* CFG_REQUEST of the peer into hs: which addresses it wants. Other types are ignored. */
enum status cp_read_request(struct view body, struct handshake *hs) MUST_USE;
/* CFG_REPLY: the granted addresses that were asked for, and everything else that there is. */
void cp_put_reply(struct msg_out *o, const struct kept_grant *g);

/* CFG_REQUEST of ours. */
void cp_put_request(struct msg_out *o, const struct ike_connect *c);
/* CFG_REPLY of the responder; what does not fit is left out. ST_NO_ADDRESS: an address we asked
 * for is missing. */
enum status cp_read_reply(struct view body, bool ip4, bool ip6, struct ike_grant *g) MUST_USE;

#endif
