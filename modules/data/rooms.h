/* Rooms of one size in pages of their own. One worker takes and gives them, so nothing is locked and its heap
 * is nobody's matter. The lowest free room is taken first; pages in which no room is taken go back to the kernel. */
#ifndef MODULES_DATA_ROOMS_H
#define MODULES_DATA_ROOMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

#define ROOM_ALIGN 64
#define ROOM_GROUP 64 /* rooms of one word of bits; a whole number of pages */

struct rooms {
	size_t size;     /* of one, a multiple of ROOM_ALIGN; 0: not begun */
	size_t groups;
	uint8_t *pages;
	uint64_t *taken; /* [groups], a bit for each room */
	uint64_t *loose; /* [groups / 64 and more], a bit for each group: a room was given back since its last rest */
	size_t first;    /* no group before has a free room */
	size_t end;      /* no group from here on has a taken or a loose one */
};

/* At least so many of size bytes; pages are taken when rooms are. ST_NOMEM. */
enum status rooms_init(struct rooms *r, size_t size, size_t count) MUST_USE;
void rooms_fini(struct rooms *r); /* also when it was not begun; what is in them is the caller's to wipe before */
/* Zeroed, aligned to ROOM_ALIGN. NULL: none is free. */
void *rooms_take(struct rooms *r);
/* It is zeroed again. */
void rooms_give(struct rooms *r, void *room);
/* Is it one of these? */
bool rooms_have(const struct rooms *r, const void *room);
/* Room i of a group, if it is taken; else NULL. */
void *rooms_at(const struct rooms *r, size_t group, unsigned i);
/* Pages of the group that nobody needs go back. */
void rooms_rest(struct rooms *r, size_t group);

#endif
