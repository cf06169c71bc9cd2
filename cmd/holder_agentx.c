#include "cmd/holder_agentx.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cmd/holder_named.h"
#include "cmd/holder_proto.h"

bool agentx_is_named(const char *path, int config)
{
	return strcmp(path, ASROOT_AGENTX_PATH) == 0 || config_names(config, "agentx", path);
}

enum status agentx_connect(const char *path, int *out)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	_Static_assert(sizeof(sa.sun_path) == ASROOT_PATH, "the longest path there can be");
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return ST_IO;
	memcpy(sa.sun_path, path, strlen(path) + 1);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0) {
		int e = errno;
		close(fd);
		errno = e;
		return e == EAGAIN ? ST_AGAIN : e == ENOENT ? ST_NOT_FOUND : ST_IO;
	}
	*out = fd;
	return ST_OK;
}
