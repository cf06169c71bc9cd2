/* Links: streams to servers that are asked by TLS (RadSec, RFC 6614), as the client sees them. Whoever owns TCP, TLS,
 * keys and certificates fills the ports; here are requests and packets. Loop thread.
 *
 *   dial ---> radius_link_opened ---> send, radius_link_bytes ... ---> radius_link_closed
 *        \---> radius_link_closed                                 \---> hang_up
 *
 * A server's two services have links of their own, so that a login never stands behind records. A link is there when a
 * request wants it, and goes when it has been idle. One that fails makes its service dead; it is tried again by itself, later
 * and later, and Status-Server says when the server answers again. */
#ifndef MODULES_RADIUS_LINK_H
#define MODULES_RADIUS_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/addr.h"
#include "core/base/rd.h"
#include "core/base/status.h"

#define RADIUS_TLS_NAME     64        /* of trustpoints; with NUL */
#define RADIUS_TLS_IDENTITY 256       /* bytes of a name */
#define RADIUS_LINK_WORDS   256       /* a sentence, with NUL */
#define RADIUS_LINKS_MAX    16        /* of a service */
#define RADIUS_BACKOFF_MS   1000      /* behind the first failure; doubled with each more */
#define RADIUS_BACKOFF_MAX_MS 16000

struct radius;
struct radius_server_conf;

/* How a server is asked by TLS. */
struct radius_tls_conf {
	bool is_on;                   /* false: by UDP, and nothing else here counts */
	char client[RADIUS_TLS_NAME]; /* trustpoint of our certificate; "": we show none */
	char server[RADIUS_TLS_NAME]; /* trustpoint that judges the server's */
	uint8_t id_type;              /* what its certificate must name: type of an ID payload (RFC 7296 3.5) */
	uint16_t id_len;
	uint8_t id[RADIUS_TLS_IDENTITY];
	uint32_t connect_ms;          /* for TCP and TLS together */
	uint32_t idle_ms;             /* without requests; then the link is closed */
	uint32_t watchdog_ms;         /* without a packet of the server's; then Status-Server is sent. 0: never */
	uint32_t retries;             /* how often a request goes to the same server again when its link is lost */
};

/*  X(NAME, token, words) */
#define RADIUS_LINK_END_LIST(X) \
	X(IDLE, "idle", "it was idle") \
	X(CLOSED, "closed", "the server closed the connection") \
	X(UNREACHABLE, "unreachable", "the server cannot be reached by TCP") \
	X(TIMEOUT, "timeout", "no connection in time") \
	X(TLS, "tls", "the TLS handshake failed") \
	X(CERTIFICATE, "certificate", "the server's certificate is refused") \
	X(SILENT, "silent", "the server does not answer any more") \
	X(PACKET, "packet", "the server sent what is no answer") \
	X(OURS, "ours", "it cannot be made here")

enum radius_link_end {
#define X(name, token, words) RADIUS_LINK_##name,
	RADIUS_LINK_END_LIST(X)
#undef X
	RADIUS_LINK_ENDS
};
const char *radius_link_token(enum radius_link_end end);
const char *radius_link_words(enum radius_link_end end);

/* What it is now: for people. */
struct radius_link_look {
	char phase[64];      /* "TCP", "the TLS handshake", ...: what it waits for */
	const char *version; /* "TLS 1.3"; "" before there is one */
	char cipher[64];
	char subject[RADIUS_LINK_WORDS]; /* of the server's certificate, printable; "" before it was accepted */
};

struct radius_link_event {
	const char *server;
	bool is_acct;
	bool is_open;             /* it opened; otherwise it ended, or could not be opened */
	enum radius_link_end end; /* of one that ended */
	bool is_failure;          /* and not as it may: the service is dead now */
	const char *words;        /* why; "": the end's own words say it all */
	const struct radius_link_look *look; /* of one that opened */
};

/* None of them calls the client from inside. */
struct radius_link_ports {
	/* Begins to connect. own: the address that the kernel chose for us, family 0: not known. Not ST_OK: words say why,
	 * and there is no link of this number. */
	enum status (*dial)(void *ctx, uint64_t number, const struct radius_server_conf *c, struct addr *own,
			    char words[RADIUS_LINK_WORDS]);
	/* Of one that is open; copied. ST_LIMIT: the server takes nothing, and what waits is enough. */
	enum status (*send)(void *ctx, uint64_t number, struct view packet);
	/* One that was dialled and was not reported closed; says goodbye when it can. */
	void (*hang_up)(void *ctx, uint64_t number);
	void (*look)(void *ctx, uint64_t number, struct radius_link_look *out);
	void (*told)(void *ctx, const struct radius_link_event *e);
};

/* The link's number was given to dial. */
void radius_link_opened(struct radius *r, uint64_t number);
void radius_link_bytes(struct radius *r, uint64_t number, struct view bytes);
/* It is gone, or never came to be. */
void radius_link_closed(struct radius *r, uint64_t number, enum radius_link_end end, const char *words);

/* For show: the link of one service that says most. */
enum radius_link_state { RADIUS_LINK_NONE, RADIUS_LINK_WAITS, RADIUS_LINK_OPENS, RADIUS_LINK_OPEN };
const char *radius_link_state_words(enum radius_link_state s);
struct radius_link_info {
	enum radius_link_state state;
	uint32_t n_links;
	struct radius_link_look look;
	uint64_t opened;                 /* handshakes that came to their end */
	uint64_t ends[RADIUS_LINK_ENDS]; /* by reason */
	uint64_t stalled;                /* packets that a link had no room for */
	bool has_failed;                 /* since it answered last; the two below say how */
	enum radius_link_end last;
	char words[RADIUS_LINK_WORDS];
	uint32_t again_ms;               /* until it is tried again; 0: now, or when it is wanted */
};

#endif
