/* Server of CoA- and Disconnect-Requests (RFC 5176): who may send them, that they are who they say, that each is
 * obeyed once. What they ask for is somebody else's to decide.
 *
 *   datagram -> its client -> 40 or 43 -> signed by the client -> answered before? -> not of another time
 *     -> decide() -> the answer, signed, kept for who asks again -> send()
 *
 * What does not come as far as an answer is dropped without a word and counted. Sockets are the caller's.
 * Loop thread. */
#ifndef MODULES_COA_COA_H
#define MODULES_COA_COA_H

#include "core/aaa/coa_request.h"
#include "core/base/endpoint.h"
#include "core/base/stats.h"

#define COA_SECRET_MAX 256
#define COA_NAME 64          /* of a client, for show; with NUL */
#define COA_CLIENTS_MAX 256  /* addresses; a name may have several */
#define COA_KEPT_MAX 1024    /* answers that are kept */
#define COA_KEPT_BYTES (1u << 20)
#define COA_KEPT_MS 60000    /* and how long; a client repeats a request for some 30 s (RFC 5080 2.2.1) */

struct coa;

struct coa_client_conf {
	char name[COA_NAME]; /* as it is configured */
	uint32_t vrf;
	struct addr addr;
	uint16_t secret_len;
	uint8_t secret[COA_SECRET_MAX];
};

struct coa_conf {
	const struct coa_client_conf *clients;
	size_t n_clients;
	bool requires_timestamp; /* a request without Event-Timestamp is of another time */
	uint32_t window_s;       /* how far from now it may be */
};

/* A verified request, and where it came in and from. */
struct coa_ask {
	const struct radius_packet *packet;
	const struct endpoint *local;
	const struct endpoint *remote;
	const char *client;
};

/* What is worth a line while somebody watches (R-POD-10). */
enum coa_step { COA_RECEIVED, COA_QUEUED, COA_UNSIGNED, COA_REPEATED, COA_SENDING, COA_DROPPED };
struct coa_trace {
	enum coa_step step;
	const struct endpoint *local;
	const struct endpoint *remote;
	const struct radius_packet *packet; /* NULL: could not be read */
	size_t len;
	const struct coa_answer *answer; /* of COA_SENDING */
	enum status status; /* of COA_DROPPED */
};

struct coa_ports {
	uint64_t (*now_ms)(void *ctx); /* monotonic */
	int64_t (*wall_ms)(void *ctx);
	/* Does what is asked, all of it or nothing, and says so. answer is zeroed: an ACK. */
	void (*decide)(void *ctx, const struct coa_ask *ask, struct coa_answer *answer);
	void (*send)(void *ctx, const struct endpoint *local, const struct endpoint *remote, const uint8_t *msg,
		size_t len);
	void (*trace)(void *ctx, const struct coa_trace *t); /* NULL: nobody ever watches */
	void *ctx;
};

/* stats: the caller's. NULL: out of memory. */
struct coa *coa_new(const struct coa_ports *ports, struct stats *stats);
void coa_free(struct coa *c); /* NULL is fine */
/* Everything is copied; a client that was there keeps its counters. ST_NOMEM, ST_LIMIT: as before. */
enum status coa_configure(struct coa *c, const struct coa_conf *conf) MUST_USE;
void coa_on_datagram(struct coa *c, const struct endpoint *local, const struct endpoint *remote,
	const uint8_t *msg, size_t len);

struct coa_counts {
	struct coa_kind_counts {
		uint64_t requests; /* verified; without those that were sent again */
		uint64_t acks;
		uint64_t naks;
		uint64_t no_context; /* of these: no session is meant by it */
		uint64_t sessions;   /* that were ended or changed */
		uint64_t auth_only;  /* of the requests: with Service-Type Authorize-Only */
		uint64_t nak_auth_only; /* of the NAKs: with it; RADIUS was asked */
		uint64_t repeated;   /* answered as before */
		uint64_t bad_authenticator; /* dropped, as are the next two */
		uint64_t old;
		uint64_t malformed;  /* no RADIUS packet; by its first octet */
	} disconnect, coa;
	uint64_t other_code;         /* malformed, or a RADIUS packet of another code */
};
struct coa_client_info {
	const char *name;
	uint32_t vrf;
	struct addr addr;
	struct coa_counts counts;
};
/* For show: *cursor 0 at first, false at the end. */
bool coa_next_info(const struct coa *c, size_t *cursor, struct coa_client_info *out);
uint64_t coa_unknown(const struct coa *c); /* datagrams of addresses that are no client */
/* Those of them that call themselves a Disconnect-Request, or else a CoA-Request. */
uint64_t coa_unknown_of(const struct coa *c, bool is_disconnect);

#endif
