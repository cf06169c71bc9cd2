/* The script process: everything that scripts do happens here, and here is nothing else. It has the socket to
 * main and stderr; no files, no network, no other process, no memory beyond its budget, and a filter
 * that knows the few system calls that are left. */
#ifndef MODULES_LUA_PROCESS_H
#define MODULES_LUA_PROCESS_H

#include <stddef.h>

/* The whole life of the process. fd: SOCK_SEQPACKET to main, the only descriptor kept besides stderr.
 * The caller has dropped all privileges. The exit status: 0 when main's end closed, 1 when it cannot be
 * confined or main says what is not understood. */
int lua_process_main(int fd);

#endif
