/* The answer of an HTTP server (RFC 9112), fed as it comes: head, then a body by its length, in chunks, or up to the end of
 * the connection. Bounded in every part; no clock, no sockets. */
#ifndef MODULES_FETCH_REPLY_H
#define MODULES_FETCH_REPLY_H

#include "modules/fetch/fetch.h"

#define REPLY_HEAD_MAX 8192  /* status line and header lines; as much again for trailers */
#define REPLY_INTERIM_MAX 4  /* 1xx answers before the one that counts */

enum reply_state {
	REPLY_HEAD,
	REPLY_LENGTH, /* `left` bytes of body to come */
	REPLY_TO_END,
	REPLY_CHUNK_SIZE,
	REPLY_CHUNK,    /* `left` bytes of this chunk to come */
	REPLY_CHUNK_END, /* its line end */
	REPLY_TRAILER,
	REPLY_DONE,
	REPLY_FAILED
};

struct reply {
	enum reply_state state;
	enum status status;       /* FAILED */
	char words[FETCH_WORDS];  /* FAILED: a sentence */
	unsigned interims;
	uint64_t left;
	size_t max; /* of the body */
	size_t line_len;          /* of what is being gathered */
	char line[REPLY_HEAD_MAX + 1]; /* a head, a chunk's size, a trailer */
	size_t trailer_len;
	uint8_t *body;
	size_t len, cap;
};

void reply_init(struct reply *r, size_t max);
void reply_fini(struct reply *r);
/* More bytes. ST_PENDING: more must come; ST_OK: a 200 is whole, body and len are it; what is behind it is left alone. ST_NOT_FOUND:
 * 404 or 410; ST_LIMIT; ST_NOMEM; ST_BAD_PAYLOAD: no HTTP, or another answer. Words then say why. */
enum status reply_feed(struct reply *r, struct view bytes) MUST_USE;
/* The connection ended. ST_OK as above; ST_IO: in the middle. */
enum status reply_end(struct reply *r) MUST_USE;

#endif
