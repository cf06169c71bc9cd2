/* RADIUS client (RFC 2865, 2866, 5080, 5997, 6614): requests go to the servers of a group in turn, answers
 * come back by a call. Sockets, identifiers, signatures, repetitions, dead servers are its own; what the
 * attributes mean is not.
 *
 *   radius_ask --> a server --> no answer: again, later and later --> the next server --> ... --> done()
 *                     ^                                                   |
 *                     +------ dead: left out, unless all of them are -----+
 *                             and the asker knows nobody else
 *
 * A server has two services, for login and for accounting, each alive or dead by itself. Answers that prove
 * nothing are dropped and counted, and waiting goes on. Never blocks. Loop thread. */
#ifndef MODULES_RADIUS_RADIUS_H
#define MODULES_RADIUS_RADIUS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/aaa/radius_sign.h"
#include "core/base/addr.h"
#include "core/base/rd.h"
#include "core/base/status.h"
#include "core/base/timer.h"
#include "core/wire/radius.h"
#include "modules/radius/link.h"

#define RADIUS_SECRET_MAX  256
#define RADIUS_NAME        64 /* of servers, groups, VRFs; with NUL */
#define RADIUS_SERVERS_MAX 64 /* of a configuration */
#define RADIUS_GROUPS_MAX  32
#define RADIUS_GROUP_SIZE  16
#define RADIUS_OPEN_MAX    8192        /* requests at once */
#define RADIUS_BYTES_MAX   (32u << 20) /* of them all */
#define RADIUS_TURN        64          /* datagrams of a socket in one turn */

struct radius;
struct radius_answer;

/* A server as it is asked: addresses only, names were looked up. Two with equal contents are one. */
struct radius_server_conf {
	char name[RADIUS_NAME];
	char vrf[RADIUS_NAME];    /* "" is our own */
	struct addr addr;
	struct addr source;       /* of our packets; family 0: what the kernel chooses */
	uint16_t auth_port;       /* of both services the same by TLS */
	uint16_t acct_port;
	uint16_t secret_len;
	uint8_t secret[RADIUS_SECRET_MAX];
	uint32_t timeout_ms;      /* of the first try; doubled with each (RFC 5080 2.2.1), with jitter. By TLS of all of them */
	uint32_t retransmit;      /* tries after the first. By TLS there is one, which waits as long as all would, undoubled */
	uint32_t dead_ms;         /* how long it rests after it did not answer; 0: not at all */
	/* Dead: Status-Server (RFC 5997) each dead_ms, at most 30 s, instead of users' requests, until it answers. */
	bool wants_probe;
	/* Replies to Access-Request without Message-Authenticator are taken; not those of EAP (RFC 3579 3.1). */
	bool trusts_unsigned;
	struct radius_tls_conf tls;
};

struct radius_group_conf {
	char name[RADIUS_NAME];
	uint16_t servers[RADIUS_GROUP_SIZE]; /* index in the list of servers, in order */
	uint8_t n_servers;
	bool balances;            /* requests without `server` are shared among them; otherwise the first that is alive */
};

struct radius_conf {
	const struct radius_server_conf *servers;
	size_t n_servers;
	const struct radius_group_conf *groups;
	size_t n_groups;
};

/* What it needs of the world. */
struct radius_ports {
	/* A UDP socket of that VRF and family, not blocking, close-on-exec, bound to the source (family 0: to
	 * none) and any port. Call radius_on_readable(fd) whenever it is readable, until it is shut. Not ST_OK:
	 * with a sentence in the log by the one who fills this. */
	enum status (*open)(void *ctx, const char *vrf, uint8_t family, const struct addr *source, int *fd);
	void (*shut)(void *ctx, int fd); /* watched no more, and closed */
	uint64_t (*now_ms)(void *ctx);   /* monotonic */
	/* Call radius_on_time once then; replaces the one before; TIMER_NEVER: not at all. */
	void (*wake_at)(void *ctx, uint64_t at_ms);
	/* A server is taken for dead, or answers again. Must not call the client. */
	void (*changed)(void *ctx, const char *server, bool is_dead);
	struct radius_link_ports link;
	void *ctx;
};

struct stats;
/* Copies ports. stats: answers that are dropped count as ST_RADIUS_REPLY. NULL: out of memory. */
struct radius *radius_new(const struct radius_ports *ports, struct stats *stats);
void radius_free(struct radius *r); /* NULL is fine; open requests are forgotten without a word. Not from `done` */
/* Other servers and groups. Requests on their way to a server that is still there go on; the others
 * are tried with what their group is now, or end with ST_RADIUS_NONE. Everything is copied. ST_NOMEM, ST_LIMIT (too
 * many servers or groups), ST_CONFIG (a group with a server that is not in the list): as before. Not from `done`. */
enum status radius_configure(struct radius *r, const struct radius_conf *c) MUST_USE;
void radius_on_readable(struct radius *r, int fd);
void radius_on_time(struct radius *r);

struct radius_request {
	uint64_t number;          /* of the asker, for radius_cancel; of no other open request */
	const char *group;
	uint8_t code;             /* RADIUS_ACCESS_REQUEST or RADIUS_ACCOUNTING_REQUEST */
	struct view attrs;        /* whole attributes, copied. Without Message-Authenticator, NAS-IP(v6)-Address,
	                             User-Password, Acct-Delay-Time: these are added */
	bool has_password;
	struct view password;     /* to be hidden as User-Password; copied, at most RADIUS_PASSWORD_MAX */
	uint64_t event_ms;        /* accounting: monotonic, when it happened: Acct-Delay-Time is made of it */
	uint16_t server;          /* of an answer: the same one, while it is there and alive (State); 0: any */
	uint32_t within_ms;       /* ends by then, whatever is left to try; 0: no such limit */
	bool has_other;           /* the asker knows somebody else to ask: where all servers are dead, only one request
	                             after a rest tries them, once; the others end at once */
	void *ctx;
	/* Once, never from radius_ask. May ask and cancel. */
	void (*done)(void *ctx, uint64_t number, const struct radius_answer *a);
};

struct radius_answer {
	/* ST_OK: `packet` is the answer, verified. ST_RADIUS_TIMEOUT: no server answered. ST_RADIUS_REPLY: none did but
	 * with what proves nothing (another secret, no Message-Authenticator). ST_RADIUS_NONE: the group has no
	 * server for it, or is not there. ST_NOMEM. */
	enum status status;
	struct radius_packet packet; /* valid during the call, as all views are */
	uint16_t server;             /* for the next request of this conversation */
	const char *server_name;     /* "" when none answered */
	/* to reveal what is hidden in the answer (core/aaa/radius_sign.h) */
	struct view secret;
	const uint8_t *request_authenticator; /* RADIUS_AUTHENTICATOR bytes */
};

/* ST_NOMEM, ST_LIMIT (too many are open, or the packet would have more than RADIUS_MAX), ST_EXISTS (the number). */
enum status radius_ask(struct radius *r, const struct radius_request *q) MUST_USE;
/* `done` is not called any more; a number that is not open is fine. */
void radius_cancel(struct radius *r, uint64_t number);

/* For show, metrics and SNMP (RFC 4668, 4670). */
struct radius_server_info {
	struct radius_server_conf conf; /* without its secret */
	bool is_dead;             /* one of its services; true until it answers, also while it is tried again */
	uint64_t dead_s;          /* how long it has been */
	uint32_t last_ms;         /* time of the last answer's round trip, from when it was sent last */
	struct {
		uint32_t open;    /* requests on their way to it */
		uint32_t last_ms; /* as above */
	} of_auth, of_acct;       /* of each service */
	struct radius_counts {
		uint64_t requests;    /* without those sent again */
		uint64_t retransmits;
		uint64_t accepts, rejects, challenges; /* verified; none of accounting */
		uint64_t responses;   /* all that were verified; Status-Server counts nowhere */
		uint64_t timeouts;    /* each that was waited for in vain */
		/* dropped: */
		uint64_t malformed;
		uint64_t bad_authenticators; /* of either kind, or Message-Authenticator missing */
		uint64_t unknown;     /* of a code that answers nothing */
		uint64_t dropped;     /* nobody asked, another sender, a Proxy-State that is not ours */
		uint64_t strangers;   /* of these: of another sender */
		uint64_t deaths;      /* how often it was taken for dead */
	} auth, acct;
	struct radius_link_info links[2]; /* by TLS: of logins, of accounting */
};
/* *cursor 0 at first, false at the end. */
bool radius_next_info(const struct radius *r, size_t *cursor, struct radius_server_info *out);

#endif
