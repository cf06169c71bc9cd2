/* A client: which peer it connects to, and when. A state machine of one connection that is wanted for
 * ever; it knows no clock, no socket and no name server. The world tells it what happened and does
 * what it orders.
 *
 *   IDLE -> RESOLVING -> CONNECTING -> UP          one peer after the other, in order of preference
 *              |             |         |
 *              +-------------+---------+-> the next peer, or WAITING when all had their turn
 *
 * A peer may send us elsewhere, so often in five minutes and no oftener (R-RDR-11).
 *
 * After a round over all peers it waits, longer each time, up to a limit. A manual client makes one
 * round and is idle again (R-CLI-02, 03, 06, 12; R-LEG-10). A session that we ended because it was idle
 * is not missed: IDLE, until there is something to be sent. */
#ifndef CORE_SESSION_CLIENT_H
#define CORE_SESSION_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/addr.h"
#include "core/wire/gateway.h"

#define CLIENT_PEERS  32
#define CLIENT_ADDRS  4   /* of one name */
#define CLIENT_NAME   256 /* of a host, with NUL */

#define CLIENT_RESOLVE_MS 15000
#define CLIENT_TRY_MS     30000 /* one negotiation */
#define CLIENT_ASK_MS     110000 /* and as long as it waits for a person */
#define CLIENT_WAIT_MS    1000  /* after the first round; doubled with each */
#define CLIENT_WAIT_MAX_MS 60000
#define CLIENT_STABLE_MS  60000 /* a connection that lived so long makes failures forgotten */
#define CLIENT_CRASH_MS  5000 /* and after so long one that crashed has its turn again at once */
#define CLIENT_REDIRECTS_MS 300000 /* within this the redirects are counted (RFC 5685 section 3) */
#define CLIENT_NEVER      UINT64_MAX

struct client_peer {
	uint32_t seq;
	struct addr addr;       /* family 0: a name */
	char name[CLIENT_NAME]; /* "" when it is an address */
	uint8_t family;         /* wanted of a name: 4 or 6 */
};

#define CLIENT_STATE_LIST(X) \
	X(IDLE, "IDLE")               /* nothing is wanted */ \
	X(RESOLVING, "RESOLVING")     /* the peer's name was asked for */ \
	X(CONNECTING, "NEGOTIATING")  \
	X(UP, "ACTIVE")               \
	X(WAITING, "WAITING")         /* until the next round */

enum client_state {
#define X(name, word) CLIENT_##name,
	CLIENT_STATE_LIST(X)
#undef X
	CLIENT_STATES
};

#define CLIENT_EVENT_LIST(X) \
	X(START)   /* the connection is wanted */ \
	X(STOP)    /* it is not */ \
	X(AGAIN)   /* the operator ends it: a new selection, a manual client rests */ \
	X(NAMED)   /* addresses of the name */ \
	X(UNNAMED) /* it has none: status */ \
	X(UP)      /* a session is up on the tunnel, whoever began it */ \
	X(FAILED)  /* the attempt failed: status */ \
	X(DOWN)    /* the session ended: status */ \
	X(REDIRECTED) /* the gateway sent us to another one */ \
	X(ASKS)    /* the attempt waits for what only a person knows */ \
	X(ANSWERED) /* it goes on */ \
	X(TIME)    /* due_ms has come */

enum client_event_kind {
#define X(name) CE_##name,
	CLIENT_EVENT_LIST(X)
#undef X
	CLIENT_EVENTS
};

struct client_event {
	enum client_event_kind kind;
	enum status status;       /* UNNAMED, FAILED, DOWN */
	const struct addr *addrs; /* NAMED */
	size_t n_addrs;
	uint64_t now_ms;
	const struct gateway *gateway; /* REDIRECTED: where to, by whom, and how many may be followed */
	const struct addr *from;
	uint32_t max_redirects;
	uint32_t random;          /* for the spread of waiting times */
};

/* What the world is to do, in this order. */
struct client_order {
	bool close;   /* end the session or attempt; no event of it is wanted any more */
	bool resolve; /* ask for the name of client_peer() */
	bool connect; /* to client_target() */
};

struct client {
	const struct client_peer *peers; /* the caller's, in order of preference; at least one */
	size_t n_peers;
	bool is_manual;
	enum client_state state; /* written by client_step() only */
	size_t peer;             /* in hand */
	/* REDIRECTED: the gateway that has the turn of the peer in hand, and who named it. */
	bool is_elsewhere;
	struct client_peer elsewhere;
	struct addr redirected_from; /* family 0: nobody */
	uint32_t redirects;          /* since redirects_ms */
	uint64_t redirects_ms;
	struct addr addrs[CLIENT_ADDRS];
	size_t n_addrs;
	size_t addr;
	size_t tried;            /* peers of this round */
	uint32_t rounds;         /* without success */
	uint64_t up_ms;
	uint64_t due_ms;         /* when TIME is wanted; CLIENT_NEVER */
	enum status why;         /* of the last failure or end; ST_OK: none */
};

void client_init(struct client *c, const struct client_peer *peers, size_t n, bool is_manual);
/* An event without a row in the table is passed over: everything false. */
struct client_order client_step(struct client *c, const struct client_event *ev);
/* The peer in hand, or where it sent us. */
const struct client_peer *client_peer(const struct client *c);
/* The address in hand; family 0: none yet. */
const struct addr *client_target(const struct client *c);
/* Its session ended because it was idle: it rests until there is something to be sent. Not a manual one,
 * which waits for its order. */
bool client_is_idle(const struct client *c);
/* A session that was there before the client (after main's death) is with this peer. */
void client_found(struct client *c, const struct addr *peer);
const char *client_state_words(enum client_state state);

/* The longest wait after so many rounds, and the wait: between half of it and all. */
uint32_t client_wait_ms(uint32_t rounds, uint32_t random);
/* Is there a row? For the test of the table. */
bool client_takes(enum client_state state, enum client_event_kind kind);

#endif
