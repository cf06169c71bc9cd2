/* The processes that run scripts: two places, so that new scripts can be loaded beside the ones in
 * force. They have no privileges, no keys and no socket but the one to main. Holder. */
#ifndef CMD_HOLDER_LUA_H
#define CMD_HOLDER_LUA_H

#include <stdbool.h>
#include <sys/types.h>

#include "cmd/holder_proto.h"

#define HOLDER_LUA_SLOTS ASROOT_LUA_PLACES

struct holder_lua {
	uid_t uid;
	gid_t gid;
	const char *program; /* what main was started from */
	pid_t pid[HOLDER_LUA_SLOTS]; /* 0: none */
};

/* Ends what runs in the slot and starts a new one; main's end of its SOCK_SEQPACKET pair in *fd, the
 * caller's. ST_IO with errno. */
enum status holder_lua_start(struct holder_lua *l, unsigned slot, int *fd) MUST_USE;
void holder_lua_stop(struct holder_lua *l, unsigned slot);
void holder_lua_stop_all(struct holder_lua *l);
/* This child of the holder is gone. True when it was one of these. */
bool holder_lua_reaped(struct holder_lua *l, pid_t pid);

#endif
