#include "cmd/holder_claim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_FOLDER "/run"
#define PATH_CAP 64

static bool name_lock(char path[PATH_CAP])
{
	struct stat ns;
	if (stat("/proc/self/ns/net", &ns) != 0)
		return false;
	snprintf(path, PATH_CAP, LOCK_FOLDER "/sallyport-netns-%llu.lock",
		 (unsigned long long)ns.st_ino);
	return true;
}

/* Does the name still lead to what was locked? Its holder before us may have removed it meanwhile. */
static bool is_current(const char *path, int fd)
{
	struct stat here, there;
	return fstat(fd, &here) == 0 && stat(path, &there) == 0 && here.st_dev == there.st_dev &&
	       here.st_ino == there.st_ino;
}

enum status claim_take(int *claim)
{
	char path[PATH_CAP];
	if (!name_lock(path))
		return ST_IO;
	(void)mkdir(LOCK_FOLDER, 0755); /* a small container may have none */
	for (;;) {
		int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0)
			return ST_IO;
		int e = flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
		if (e == 0 && is_current(path, fd)) {
			*claim = fd;
			return ST_OK;
		}
		close(fd);
		errno = e;
		if (e)
			return e == EWOULDBLOCK ? ST_EXISTS : ST_IO;
	}
}

void claim_give_back(int claim)
{
	char path[PATH_CAP];
	if (name_lock(path) && is_current(path, claim))
		(void)unlink(path);
	close(claim);
}
