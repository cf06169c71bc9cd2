/* The fragment payload of some Cisco peers, known from IKEv1 (peers-and-clients.md 5.5): one piece of
 * a message that was encrypted before it was cut. Nothing protects the payload itself. Pure. */
#ifndef CORE_WIRE_CISCO_FRAG_H
#define CORE_WIRE_CISCO_FRAG_H

#include "core/base/rd.h"
#include "core/base/status.h"

#define PT_CISCO_FRAGMENT 132

struct cisco_frag {
	uint16_t id;     /* of the message; need not be its message ID */
	uint8_t number;  /* from 1 */
	bool is_last;
	struct view piece; /* not empty; the first begins with an IKE header */
};

/* A whole datagram whose header says that its first payload is PT_CISCO_FRAGMENT. ST_TRUNCATED,
 * ST_BAD_LENGTH, ST_TRAILING; ST_BAD_FRAGMENT: another payload follows, no piece, number 0. */
enum status cisco_frag_parse(struct view msg, struct cisco_frag *out) MUST_USE;

#endif
