#include "cmd/holder_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096u

enum status memory_open(const char *name, uint64_t size, struct memory *m, int *fd)
{
	*m = (struct memory){.size = size};
	*fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*fd < 0)
		return ST_IO;
	if (ftruncate(*fd, (off_t)size) != 0 ||
	    fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
		int e = errno;
		close(*fd);
		errno = e;
		return ST_IO;
	}
	void *map = mmap(NULL, size, PROT_READ, MAP_SHARED, *fd, 0);
	if (map != MAP_FAILED)
		m->map = map;
	return ST_OK;
}

enum status memory_reserve(struct memory *m, int fd, uint64_t bytes)
{
	int rc;
	if (bytes > m->size)
		return ST_LIMIT;
	bytes = (bytes + PAGE - 1) / PAGE * PAGE;
	if (bytes > m->size)
		bytes = m->size;
	if (bytes <= m->reserved)
		return ST_OK;
	uint64_t more = bytes - m->reserved;
	do
		rc = fallocate(fd, 0, (off_t)m->reserved, (off_t)more);
	while (rc != 0 && errno == EINTR);
	if (rc != 0)
		return ST_IO;
	/* Locked here too, before main writes there: it holds keys while there is no main. As far as
	 * root may. */
	if (m->map)
		(void)mlock((char *)m->map + m->reserved, more);
	m->reserved = bytes;
	return ST_OK;
}

void memory_close(struct memory *m)
{
	if (m->map)
		munmap(m->map, m->size);
	m->map = NULL;
}
