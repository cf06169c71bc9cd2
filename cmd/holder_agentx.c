#include "cmd/holder_agentx.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cmd/holder_proto.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '"';
}

/* Does p, in these bytes, follow `agentx` and blanks of its line? */
static bool is_behind_agentx(const char *text, const char *p)
{
	static const char word[] = "agentx";
	size_t n = sizeof(word) - 1;
	const char *q = p;
	while (q > text && (q[-1] == ' ' || q[-1] == '\t' || q[-1] == '"'))
		q--;
	return q < p && (size_t)(q - text) >= n && memcmp(q - n, word, n) == 0 &&
	       ((size_t)(q - text) == n || is_blank(*(q - n - 1)));
}

/* Does path stand in these bytes where the configuration names the master's socket? */
static bool names_path(const char *text, size_t len, const char *path)
{
	size_t n = strlen(path);
	const char *end = text + len;
	for (const char *p = text; (p = memmem(p, (size_t)(end - p), path, n)) != NULL; p++)
		if (is_behind_agentx(text, p) && (p + n == end || is_blank(p[n])))
			return true;
	return false;
}

bool agentx_is_named(const char *path, int config)
{
	struct stat s;
	if (strcmp(path, ASROOT_AGENTX_PATH) == 0)
		return true;
	if (config < 0 || fstat(config, &s) != 0 || s.st_size <= 0)
		return false;
	size_t len = (size_t)s.st_size;
	char *text = mmap(NULL, len, PROT_READ, MAP_PRIVATE, config, 0);
	if (text == MAP_FAILED)
		return false;
	bool found = names_path(text, len, path);
	munmap(text, len);
	return found;
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
