/* Memory that outlives main, for the holder. Its size is fixed from the start, so that it can be mapped
 * whole, but it is reserved in parts, from its beginning on: what is reserved is there for good and is
 * never swapped out, also while there is no main. */
#ifndef CMD_HOLDER_MEMORY_H
#define CMD_HOLDER_MEMORY_H

#include <stdint.h>

#include "core/base/status.h"

struct memory {
	uint64_t size;
	uint64_t reserved;
	void *map; /* NULL: not mapped, then it may be swapped out */
};

/* A sealed memfd with nothing reserved. ST_IO with errno. */
enum status memory_open(const char *name, uint64_t size, struct memory *m, int *fd) MUST_USE;
/* So many bytes from the beginning are there; fewer than before changes nothing. ST_LIMIT: it has not so
 * many; ST_IO with errno: refused, and what was reserved stays as it is. */
enum status memory_reserve(struct memory *m, int fd, uint64_t bytes) MUST_USE;
void memory_close(struct memory *m); /* the descriptor is the caller's */

#endif
