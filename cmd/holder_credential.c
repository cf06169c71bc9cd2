#include "cmd/holder_credential.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum status credential_open(const char *name, int *fd)
{
	char path[PATH_MAX];
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	int n = dir && dir[0] == '/' ? snprintf(path, sizeof(path), "%s/%s", dir, name) : -1;
	if (n < 0 || n >= (int)sizeof(path))
		return ST_NOT_FOUND;
	int got = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (got < 0)
		return errno == ENOENT ? ST_NOT_FOUND : ST_IO;
	*fd = got;
	return ST_OK;
}
