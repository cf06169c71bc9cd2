/* Addresses of a DHCP server for clients of ours (RFC 2131). We are the relay agent of each: one UDP socket a giaddr,
 * at port 67, because that is where servers answer relay agents. Questions are repeated (1, 2, 4 ... s) until their time
 * is over. What a lease is used for, when it is renewed, is the asker's. Never blocks. Loop thread. */
#ifndef MODULES_DHCP_DHCP_H
#define MODULES_DHCP_DHCP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/stats.h"
#include "core/wire/dhcp_client.h"

#define DHCP_SERVERS_MAX 4    /* addresses of one server; it is asked at each in turn */
#define DHCP_WORDS       256  /* a sentence for the operator, with NUL */
#define DHCP_NAME        256  /* of a server, as the configuration has it, with NUL */
#define DHCP_OPEN_MAX    4096 /* questions at a time */

struct dhcp;

struct dhcp_ask {
	uint64_t number;       /* of the asker, for dhcp_cancel; no other open question has it */
	bool is_renewal;       /* of `address`, else a new one: DISCOVER */
	struct addr giaddr;    /* ours: IPv4 */
	uint8_t n_servers;     /* 1 at least */
	struct addr servers[DHCP_SERVERS_MAX];
	char server[DHCP_NAME];
	struct addr address;   /* the lease; new: what the client would like, or family 0 */
	struct addr server_id; /* of the lease; used by dhcp_say only */
	uint32_t within_ms;
	struct dhcp_who who;
};

struct dhcp_outcome {
	/* ST_OK: reply is the ACK, usable, and with a time. ST_DHCP_TIMEOUT: no answer. ST_DHCP_REFUSED: NAK, or
	 * an answer without sense. words: why, in the latter two. */
	enum status status;
	char words[DHCP_WORDS];
	struct dhcp_reply reply;
	uint64_t asked_ms; /* the lease counts from here: when it was requested */
};

/* What it needs of the world. */
struct dhcp_ports {
	uint64_t (*now_ms)(void *ctx); /* monotonic */
	void (*random)(void *ctx, void *out, size_t len);
	/* dhcp_on_time is wanted then; an earlier wish is replaced. */
	void (*wake_at)(void *ctx, uint64_t at_ms);
	/* A UDP socket at port 67 of a->giaddr, not blocking, watched: what comes is told by dhcp_on_readable. Not
	 * ST_OK: why is a sentence. */
	enum status (*open)(void *ctx, const struct dhcp_ask *a, int *fd, char why[DHCP_WORDS]);
	void (*close)(void *ctx, int fd);
	/* Once for each question that was accepted and not cancelled; never from inside of a call. It may ask the next. */
	void (*done)(void *ctx, uint64_t number, const struct dhcp_outcome *o);
};

/* NULL: out of memory. */
struct dhcp *dhcp_new(const struct dhcp_ports *ports, void *ctx, struct stats *stats);
void dhcp_free(struct dhcp *d); /* NULL is fine; open questions are forgotten without a word */

/* Everything is copied. ST_NOMEM, ST_LIMIT (too many are open), or what `open` said; why is a sentence. */
enum status dhcp_begin(struct dhcp *d, const struct dhcp_ask *a, char why[DHCP_WORDS]) MUST_USE;
/* done is not called any more. If the server may have given an address already, it is told that nobody wants it.
 * A number that is not open is fine. */
void dhcp_cancel(struct dhcp *d, uint64_t number);
/* RELEASE or DECLINE of a->address, to the first of a->servers: said once, there is no answer to it. */
void dhcp_say(struct dhcp *d, enum dhcp_type type, const struct dhcp_ask *a);

void dhcp_on_readable(struct dhcp *d, int fd);
void dhcp_on_time(struct dhcp *d);
/* Nobody has a lease: sockets without an open question are closed. */
void dhcp_rest(struct dhcp *d);

#endif
