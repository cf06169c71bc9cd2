/* HTTP for a reader on this machine, through libevent's evhttp on the loop of main: GET and HEAD over
 * a loopback TCP port or a unix socket. It knows nothing of what it serves.
 *
 *   client                                   main
 *     GET /path HTTP/1.1, Accept  ------->     get(path, accept)
 *             <-------  status, Content-Type, body, Connection: close
 *
 * One request a connection. A connection lives HTTP_LIFE_MS at most, whatever it does, and there are
 * HTTP_CLIENTS_MAX of them at most: one more, and the oldest is cut off, so that nobody keeps others
 * out by sitting still. Loop thread. SIGPIPE must be ignored. */
#ifndef MODULES_HTTP_HTTP_H
#define MODULES_HTTP_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/addr.h"
#include "core/base/stats.h"

#define HTTP_CLIENTS_MAX 32
#define HTTP_LIFE_MS 5000
#define HTTP_HEAD_MAX 8192 /* request line and header lines; a body is refused */
#define HTTP_PATH 108      /* of a unix socket, with NUL */
#define HTTP_PLACE_TEXT (HTTP_PATH + ADDR_TEXT)

struct event_base;
struct http;

/* Where to listen: an address and port, or (addr.family 0) a unix stream socket. */
struct http_place {
	struct addr addr;
	uint16_t port;
	char path[HTTP_PATH];
};

struct http_reply {
	int status;       /* 200, 404 ...; preset to 404 */
	const char *type; /* Content-Type; preset to text/plain */
	const char *body; /* copied when get has returned */
	size_t len;
};

struct http_ports {
	/* Answers a request; neither string is NULL, path is without its query. */
	void (*get)(void *ctx, const char *path, const char *accept, struct http_reply *r);
	uint64_t (*now_ms)(void *ctx);
	/* Call http_due() then, never from inside; an earlier wish is replaced. */
	void (*wake_at)(void *ctx, uint64_t at_ms);
};

/* Listens from now on. base is what the loop runs on; stats counts CT_HTTP_*. A socket file that
 * nobody listens on any more is replaced; the new one has mode 0660.
 * ST_NOMEM; ST_IO with errno (EADDRINUSE: somebody listens there). */
enum status http_new(const struct http_ports *ports, void *ctx, struct event_base *base,
		     struct stats *stats, const struct http_place *at, struct http **out) MUST_USE;
/* Closes everything at once, removes the socket file. Not from inside get(). NULL is fine. */
void http_free(struct http *h);
/* When wake_at asked for it, and once a second in any case. Not from inside get(). */
void http_due(struct http *h);

/* "127.0.0.1:80", "[::1]:80" or the path. Returns buf. */
char *http_place_format(const struct http_place *at, char buf[HTTP_PLACE_TEXT]);

#endif
