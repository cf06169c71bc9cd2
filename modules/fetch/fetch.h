/* An HTTP client for what certificates point to: CRLs (RFC 5280 4.2.1.13) by GET, OCSP by POST (RFC 6960
 * appendix A). Only http://, because what is fetched is signed and HTTPS would ask for itself.
 *
 *   fetch_start ---> resolve ---> judge the address ---> connect, send, receive ---> done(), once, later
 *                      (the next address of the name when one cannot be reached)
 *
 * A URL comes from a certificate. That it is trusted is the caller's to see to before; here it is bounded:
 * one time-out for all of it, a cap of bytes, no redirects, and no way to this host or its links: an
 * address that is loopback, link-local, multicast, this host's own or of no host is refused
 * whatever name leads there, unless the configuration lists the host. What is like an earlier one under way
 * waits for it. Loop thread; nothing blocks. */
#ifndef MODULES_FETCH_FETCH_H
#define MODULES_FETCH_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/addr.h"
#include "core/base/rd.h"

#define FETCH_URL_MAX    1024 /* with NUL */
#define FETCH_HOST       256  /* with NUL */
#define FETCH_BODY_MAX   4096 /* of a POST */
#define FETCH_BYTES_MAX  (64u << 20) /* of an answer, whatever is asked for */
#define FETCH_OPEN       32   /* connections at once; others wait for one */
#define FETCH_WAITING    1024 /* questions without an answer */
#define FETCH_LISTED     16   /* hosts and ports that a configuration lists */
#define FETCH_ADDRS      8    /* of a name */
#define FETCH_WORDS      160  /* a sentence, with NUL */
#define FETCH_KEPT_BYTES (64u << 20) /* of the cache */
#define FETCH_FAILED_MS  15000 /* after a failure the same is not asked again for so long */
#define FETCH_NEVER      UINT64_MAX

struct fetch;

struct fetch_request {
	const char *url;
	struct view body;     /* POST when there is one, else GET */
	const char *type;     /* Content-Type of the body; without line ends */
	const char *accept;   /* NULL: anything */
	uint32_t max_bytes;   /* of the answer */
	uint32_t timeout_ms;  /* from now on, names included */
};

/* What the configuration says; texts are copied. */
struct fetch_rules {
	const char *hosts[FETCH_LISTED]; /* as they stand in a URL: these may be anywhere */
	size_t n_hosts;
	uint16_t ports[FETCH_LISTED]; /* besides 80 */
	size_t n_ports;
};

struct fetch_ports {
	/* Addresses of a name: call fetch_resolved(number) once, later or from inside. */
	void (*resolve)(void *ctx, uint64_t number, const char *name);
	void (*resolve_cancel)(void *ctx, uint64_t number);
	bool (*is_own)(void *ctx, const struct addr *a); /* an address of this host */
	/* One watch for each descriptor: call fetch_on_ready(fd); for writing too, or no more. */
	enum status (*watch)(void *ctx, int fd, bool want_write);
	void (*unwatch)(void *ctx, int fd);
	uint64_t (*now_ms)(void *ctx);
	void (*wake_at)(void *ctx, uint64_t at_ms); /* call fetch_on_time() once then; replaces the one before */
};

/* body: of a 200 answer, valid during the call. Else ST_CONFIG: the URL or the address it leads to is not
 * allowed; ST_NOT_FOUND: no such name, or the server has no such thing; ST_TIMEOUT; ST_LIMIT: too long;
 * ST_IO: unreachable, refused, cut off; ST_BAD_PAYLOAD: it does not speak HTTP, or says something else
 * than 200; words say which, without the URL. May start and cancel. */
typedef void fetch_done(void *ctx, uint64_t number, enum status st, const char *words, struct view body);

/* Copies ports. NULL: out of memory. */
struct fetch *fetch_new(const struct fetch_ports *ports, void *ports_ctx, fetch_done *done, void *ctx);
/* Closes all, without a word. NULL is fine. */
void fetch_free(struct fetch *f);
/* NULL: nothing is listed. ST_NOMEM, ST_LIMIT: the rules before stay. */
enum status fetch_configure(struct fetch *f, const struct fetch_rules *rules) MUST_USE;

/* Is it a URL that may be asked: http, a host, a port that is allowed? ST_CONFIG with words. */
enum status fetch_url_judge(const struct fetch *f, const char *url, char words[FETCH_WORDS]) MUST_USE;
/* Asks; the number is the caller's, unique among open ones. done() is never called from inside.
 * ST_CONFIG: fetch_url_judge; ST_LIMIT; ST_NOMEM. */
enum status fetch_start(struct fetch *f, uint64_t number, const struct fetch_request *rq) MUST_USE;
void fetch_cancel(struct fetch *f, uint64_t number); /* one that is not open is fine */

/* What was fetched, judged by the caller, and is worth keeping until then (nextUpdate), in fetch_ports.now_ms. A later
 * keep of the same replaces it; the one that ends first makes room. Without memory it is not kept. */
void fetch_keep(struct fetch *f, const char *url, struct view body, struct view answer, uint64_t until_ms);
/* True and what is kept, valid until the next call of this file. */
bool fetch_kept(struct fetch *f, const char *url, struct view body, struct view *answer);
/* Everything that is kept, and what failed, is forgotten. */
void fetch_forget(struct fetch *f);

/* The world answers. n is 0 when the name has no address (st says why). */
void fetch_resolved(struct fetch *f, uint64_t number, enum status st, const struct addr *addrs, size_t n);
void fetch_on_ready(struct fetch *f, int fd);
void fetch_on_time(struct fetch *f);

/* ---- show ------------------------------------------------------------------------------------- */

struct fetch_info {
	size_t open;    /* connections and names under way */
	size_t waiting; /* questions without an answer */
	size_t kept;
	size_t kept_bytes;
	uint64_t asked, answered, failed, from_kept, refused; /* refused: by the rules for addresses */
	uint64_t bytes;
};

void fetch_info(const struct fetch *f, struct fetch_info *out);

#endif
