/* The control socket: requests from `sallyport show ...` and its like.
 *
 *   client                              main
 *     {u32 length, words}  ------------>     words: NUL-terminated strings, the first is "text" or "json"
 *             <------------  {u8 kind, u32 length, bytes} ...  kind 'o' output, 'e' error text, 'x' one exit byte
 *
 * The answer may go on for as long as both sides want (ctl_stay). Numbers are big-endian. One request a connection; a client that closes its side, or sends more,
 * before the answer's end is cut off. Peer credentials come from the kernel
 * (SO_PEERCRED): who is neither root nor our own uid may only look. Loop thread. */
#ifndef MODULES_CTL_CTL_H
#define MODULES_CTL_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/status.h"

#define CTL_WORDS 32
#define CTL_REQUEST_MAX 4096
#define CTL_CLIENTS_MAX 32 /* one more, and the oldest that has not been told to stay is cut off */
#define CTL_STAYS_MAX 8    /* answers that go on */

struct ctl;

struct ctl_request {
	bool json;
	bool may_change; /* root or the daemon's own uid */
	uid_t uid;
	pid_t pid;
	size_t n_words;
	const char *words[CTL_WORDS];
};

struct ctl_ports {
	/* Call ctl_on_fd(token) whenever fd is ready for reading (or writing, when wanted). */
	void (*watch)(void *ctx, int fd, bool want_write, void *token);
	void (*unwatch)(void *ctx, int fd, void *token);
	/* Answers one request: output bytes (copied) and the exit code. */
	void (*handle)(void *ctx, const struct ctl_request *rq, struct ctl *ctl, void *reply);
	/* An answer that stayed has ended without ctl_finish: the client went away, or memory did. */
	void (*gone)(void *ctx, void *reply);
};

/* Listens on a unix stream socket at path (an old socket file is replaced), mode 0660.
 * ST_IO with errno set when it cannot. */
enum status ctl_new(const struct ctl_ports *ports, void *ctx, const char *path, struct ctl **out) MUST_USE;
void ctl_free(struct ctl *c); /* closes everything, removes the socket file */
void ctl_on_fd(struct ctl *c, void *token);

/* From inside handle(): append output or error text, then finish once. */
void ctl_out(void *reply, const char *bytes, size_t len);
void ctl_err(void *reply, const char *bytes, size_t len);
void ctl_finish(void *reply, uint8_t exit_code);
/* From inside handle(), in the place of ctl_finish: the answer goes on after it. ctl_out, ctl_err and
 * ctl_finish may then be called until gone() is, from anywhere on the loop's thread; bytes leave with
 * the next turn. False: too many go on already. */
bool ctl_stay(void *reply) MUST_USE;
/* Bytes that the client has not taken yet. */
size_t ctl_waiting(const void *reply);

#endif
