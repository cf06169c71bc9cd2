/* RADIUS packets in a stream of bytes (RFC 6613 2.1): each says itself how long it is. Pure.
 *
 *   bytes as they come --> frame_take --> a whole packet | more is wanted | no RADIUS: the stream is over */
#ifndef MODULES_RADIUS_FRAME_H
#define MODULES_RADIUS_FRAME_H

#include "core/base/rd.h"
#include "core/base/status.h"
#include "core/wire/radius.h"

struct frame {
	size_t len;
	size_t taken; /* of the front: the packet that was given out last */
	uint8_t buf[RADIUS_MAX];
};

void frame_init(struct frame *f); /* an empty one; what was in it is zeroed */
/* Moves bytes from the front of *in. ST_OK: *packet is one, as long as its length field says, valid until the next call.
 * ST_PENDING: *in is empty, and more is wanted. ST_BAD_LENGTH: a length that no packet has, where the next one begins: what
 * follows means nothing. */
enum status frame_take(struct frame *f, struct view *in, struct view *packet) MUST_USE;

#endif
