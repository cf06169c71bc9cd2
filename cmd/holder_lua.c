#include "cmd/holder_lua.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/holder_become.h"

void holder_lua_stop(struct holder_lua *l, unsigned slot)
{
	if (l->pid[slot] > 0)
		kill(l->pid[slot], SIGKILL);
	/* It is reaped with all children; its number is not used again before that. */
	l->pid[slot] = 0;
}

void holder_lua_stop_all(struct holder_lua *l)
{
	for (unsigned i = 0; i < HOLDER_LUA_SLOTS; i++)
		holder_lua_stop(l, i);
}

enum status holder_lua_start(struct holder_lua *l, unsigned slot, int *fd)
{
	static const char *const argv[] = {"sallyport", "run", "--as-lua", NULL};
	int pair[2];
	holder_lua_stop(l, slot);
	if (!l->program || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return ST_IO;
	pid_t pid = become(&(struct becoming){l->uid, l->gid, l->program, argv, pair[1]});
	int e = errno;
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		errno = e;
		return ST_IO;
	}
	l->pid[slot] = pid;
	*fd = pair[0];
	return ST_OK;
}

bool holder_lua_reaped(struct holder_lua *l, pid_t pid)
{
	for (unsigned i = 0; i < HOLDER_LUA_SLOTS; i++) {
		if (l->pid[i] != pid)
			continue;
		l->pid[i] = 0;
		return true;
	}
	return false;
}
