/* The SNMP subagent, as main sees it. Net-SNMP's agent library lives in a thread of its own and
 * nowhere else; main hands it cards of sessions and samples, and gets back what is no longer needed.
 * Nobody waits for anybody: what does not fit into the queue is made good by handing over everything
 * again.
 *
 *   loop thread                              snmp thread (agent.c)
 *     snmp_up, snmp_down, snmp_sample ---->    its own index of cards, its last sample
 *     snmp_poll               <------------    cards and samples to be freed, events, "connect me"
 *
 * One in a process, and once: the library cannot be started a second time. Loop thread. */
#ifndef MODULES_SNMP_SNMP_H
#define MODULES_SNMP_SNMP_H

#include "core/base/endpoint.h"
#include "core/base/sample.h"
#include "core/base/ulid.h"

#define SNMP_NAME 64
#define SNMP_TEXT 256 /* an SnmpAdminString, with NUL */

struct snmp;

/* What is told of a session; all texts printable. Traffic is not part of it: that is the sample's. */
struct snmp_card {
	uint32_t index; /* 1..2^31-1; no two sessions of one time have the same */
	bool is_initiator;
	bool is_orphaned;
	bool is_waiting; /* for its client, without a tunnel */
	char id[ULID_TEXT];
	char user[SNMP_TEXT];
	char identity[SNMP_TEXT];
	char profile[SNMP_NAME];
	char policy[SNMP_NAME];
	char vrf[SNMP_NAME]; /* outer; "" is our own */
	char ivrf[SNMP_NAME];
	struct endpoint local;
	struct endpoint remote;
	struct addr ip4; /* inner; family 0: none */
	struct addr ip6;
	uint8_t ip6_len;
	int64_t start_ms; /* UTC */
};

/* Totals of a session since it began. */
struct snmp_traffic {
	uint32_t index;
	uint32_t idle_s; /* since its last packet, either way */
	uint64_t octets_in, octets_out;
	uint64_t packets_in, packets_out;
	uint64_t drops;
};

/* RADIUS servers, as RFC 4668 and RFC 4670 count them. */
#define SNMP_RADIUS_MAX 64
struct snmp_radius_service {
	uint16_t port;
	uint32_t round_trip_ms; /* of the last answer */
	uint32_t pending;
	uint64_t requests, retransmits, timeouts;
	uint64_t accepts, rejects, challenges; /* of logins; of both: */
	uint64_t responses;
	uint64_t malformed, bad_authenticators, unknown, dropped;
	uint64_t strangers; /* of other senders */
};
/* Clients that send Disconnect- and CoA-Requests, as RFC 4673 counts them. */
#define SNMP_DYNAUTH_MAX 256
struct snmp_dynauth_kind {
	uint64_t requests, auth_only, nak_auth_only, repeated;
	uint64_t acks, naks, no_context;
	uint64_t sessions; /* that were ended or changed */
	uint64_t malformed, bad_authenticators, dropped;
};
struct snmp_dynauth {
	struct addr addr;
	struct snmp_dynauth_kind disconnect, coa;
	uint64_t unknown_types;
};
struct snmp_radius {
	char identifier[SNMP_NAME]; /* our NAS-Identifier */
	uint64_t since_s; /* since the counters began */
	size_t n;
	struct {
		struct addr addr;
		struct snmp_radius_service services[2]; /* logins, accounting */
	} servers[SNMP_RADIUS_MAX];
	uint64_t strangers[2]; /* Disconnect- and CoA-Requests of addresses that are no client */
	size_t n_clients;
	struct snmp_dynauth clients[SNMP_DYNAUTH_MAX];
};

struct snmp_settings {
	bool is_on;           /* off: the connection is closed and none is made */
	bool notify_sessions;
	bool notify_pools;
};

enum snmp_event_kind { SNMP_CONNECTED, SNMP_LOST, SNMP_SAID };
struct snmp_event {
	enum snmp_event_kind kind;
	const char *text; /* of SNMP_SAID: what the library complains of; printable, cut */
};

/* All called from snmp_poll, snmp_sample or snmp_set. */
struct snmp_ports {
	/* A stream socket that is connected to the master agent, non-blocking: the caller's from then
	 * on. Must not wait. */
	enum status (*connect)(void *ctx, int *fd);
	/* snmp_again for each session that is up. */
	void (*all)(void *ctx, struct snmp *s);
	void (*on_event)(void *ctx, const struct snmp_event *e);
};

#define SNMP_QUEUE 32768 /* messages under way: more than there can be sessions */

/* Starts the thread, which connects with the first snmp_set that says so. NULL: out of memory or
 * threads. queue: SNMP_QUEUE, or less in a test. */
struct snmp *snmp_new(const struct snmp_ports *ports, void *ctx, size_t queue);
/* Ends the thread: what it was handed is still done, for half a second at most; then the connection
 * is shut under it, which ends every wait that it may be in. NULL is fine. */
void snmp_free(struct snmp *s);
void snmp_set(struct snmp *s, const struct snmp_settings *settings);

/* A session is up: it has a row, and is notified. */
void snmp_up(struct snmp *s, const struct snmp_card *card);
/* It has another card now. */
void snmp_changed(struct snmp *s, const struct snmp_card *card);
/* It ended: no row any more. total->index says which. */
void snmp_down(struct snmp *s, enum status why, const struct snmp_traffic *total);
/* Its row goes, and nobody is notified: that its tunnel ended was said when it began to wait. */
void snmp_gone(struct snmp *s, uint32_t index);
/* Inside ports->all. */
void snmp_again(struct snmp *s, const struct snmp_card *card);
/* All cards are handed over again: after the start, or when many may have changed. */
void snmp_refresh(struct snmp *s);
/* Everything that is answered from now on is of this sample. traffic: of all sessions, in any order.
 * Both are copied; the pools of the sample too. Left out when several wait to be taken. */
void snmp_sample(struct snmp *s, const struct sample *sample, const struct snmp_traffic *traffic,
		 size_t n);

/* The same of RADIUS servers. Left out when there is no room. */
void snmp_radius(struct snmp *s, const struct snmp_radius *v);

/* Readable when snmp_poll() has something to do. */
int snmp_fd(const struct snmp *s);
void snmp_poll(struct snmp *s);

struct snmp_info {
	bool is_connected;
	bool is_complete;       /* the thread was handed all cards */
	int64_t since_ms;       /* UTC, of the present state; 0: never another */
	uint64_t requests;      /* variables asked for */
	uint64_t connects;      /* connections made */
	uint64_t notify_sent;   /* given to the master */
	uint64_t notify_dropped;
	uint64_t cards;         /* rows of the session table */
	uint64_t resyncs;       /* times that all cards were handed over */
	uint64_t samples_left_out;
	uint64_t said;          /* complaints of the library */
	char last_said[SNMP_TEXT];
};
void snmp_info(const struct snmp *s, struct snmp_info *out);

#endif
