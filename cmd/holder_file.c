#include "cmd/holder_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"

enum status holder_file_open(const char *config_path, const char *name, off_t max, int *out, bool *is_exposed)
{
	char path[PATH_MAX];
	struct stat s;
	const char *slash = strrchr(config_path, '/');
	int folder = slash && name[0] != '/' ? (int)(slash - config_path) + 1 : 0;
	int n = snprintf(path, sizeof(path), "%.*s%s", folder, config_path, name);
	if (n < 0 || n >= (int)sizeof(path))
		return ST_LIMIT;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* not waiting for a FIFO */
	if (fd < 0)
		return errno == ENOENT ? ST_NOT_FOUND : ST_IO;
	enum status st = fstat(fd, &s) != 0 ? ST_IO : !S_ISREG(s.st_mode) ? ST_CONFIG : s.st_size > max ? ST_LIMIT : ST_OK;
	if (st != ST_OK) {
		int e = errno;
		close(fd);
		errno = e;
		return st;
	}
	*is_exposed = (s.st_mode & (S_IROTH | S_IWOTH | S_IWGRP)) != 0;
	*out = fd;
	return ST_OK;
}

enum status holder_file_copy(const char *path, int flags, off_t max, int *out)
{
	struct stat s;
	int copy = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags); /* not waiting for a FIFO */
	if (fd < 0)
		return errno == ENOENT ? ST_NOT_FOUND : ST_IO;
	if (fstat(fd, &s) != 0 || !S_ISREG(s.st_mode) || s.st_size > max) {
		errno = EINVAL;
		goto fail;
	}
	copy = memfd_create("file", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (copy < 0)
		goto fail;
	for (;;) {
		char buf[16384];
		ssize_t n = read(fd, buf, sizeof(buf));
		if (n == 0)
			break;
		bool ok = n > 0 && write(copy, buf, (size_t)n) == n;
		mem_zero(buf, sizeof(buf));
		if (!ok)
			goto fail;
	}
	if (fcntl(copy, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
		goto fail;
	close(fd);
	*out = copy;
	return ST_OK;
fail:;
	int e = errno;
	close(fd);
	if (copy >= 0)
		close(copy);
	errno = e;
	return ST_IO;
}
