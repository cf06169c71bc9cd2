/* An inner IPv4 packet cut into fragments before it is sealed, so that the peer opens each of them
 * without putting anything together first (RFC 791 section 3.2). Pure; a piece at a time into the
 * caller's memory.
 *
 *   struct pieces f;
 *   st = pieces_init(&f, packet, &ip, room, id);
 *   while (!st && (len = pieces_next(&f, out, cap)))
 *           ... */
#ifndef CORE_ESP_PIECES_H
#define CORE_ESP_PIECES_H

#include "core/base/status.h"
#include "core/base/rd.h"
#include "core/wire/ip.h"

#define PIECES_HEAD_MAX 60

struct pieces {
	struct view head; /* of the packet, in the packet */
	struct view left; /* payload that is not cut yet, in the packet */
	uint32_t unit;    /* payload of each piece but the last: a multiple of 8 */
	uint16_t offset;  /* of the next piece, in units of 8 */
	bool is_open;     /* the packet is itself a fragment with more behind it */
	uint16_t id;
	uint8_t later[PIECES_HEAD_MAX]; /* header of all pieces but the first */
	uint8_t later_len;
};

/* packet: an IPv4 packet that parsed into ip and outlives f. room: bytes that a piece may have. Pieces
 * are of equal size but for the last, and as few as possible. DF is cleared: who sends this on has
 * decided not to tell the sender. id: for a packet that nobody expected to be cut (DF set and whole),
 * whose own number need not be unique (RFC 6864 section 4.1). ST_ESP_MALFORMED: not IPv4, or more than
 * 65535 bytes once put together; ST_ESP_TOO_BIG: no piece fits into room. */
enum status pieces_init(struct pieces *f, const uint8_t *packet, const struct ip_info *ip, uint32_t room,
		      uint16_t id) MUST_USE;
/* Writes the next piece with its checksum; returns its length, 0: there is none left, or cap is less
 * than room. */
size_t pieces_next(struct pieces *f, uint8_t *out, size_t cap);

#endif
