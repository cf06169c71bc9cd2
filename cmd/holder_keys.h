/* The process with our private keys: its life, and the files that it is handed. It has a uid of its own, so that not
 * even main could look into it. Holder. */
#ifndef CMD_HOLDER_KEYS_H
#define CMD_HOLDER_KEYS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/status.h"

/* Beside HOLDER_UID (cmd/holder.h), and for the same reasons. */
#define HOLDER_KEYS_UID 64908u

struct holder_keys {
	const char *program; /* what main was started from */
	pid_t pid;           /* 0: none */
	int fd;              /* main's end of the socket, to hand it files by; -1: none */
};

void holder_keys_init(struct holder_keys *k);
/* Ends what runs and starts a new one; main's end of its SOCK_SEQPACKET pair in *fd, the caller's.
 * ST_IO with errno. */
enum status holder_keys_start(struct holder_keys *k, int *fd) MUST_USE;
void holder_keys_stop(struct holder_keys *k);
/* The file becomes this key there, which says so to main. The descriptor stays the caller's. ST_AGAIN: the process has
 * not read what it was told before; ST_IO with errno: there is none. */
enum status holder_keys_hand(const struct holder_keys *k, uint8_t key, uint32_t serial, int file) MUST_USE;
/* This child of the holder is gone. True when it was this one. */
bool holder_keys_reaped(struct holder_keys *k, pid_t pid);

#endif
