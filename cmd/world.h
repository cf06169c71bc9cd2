/* What the commands of an operator look at: filled by the running daemon, or by a test. Nothing
 * here is owned. Loop thread. */
#ifndef CMD_WORLD_H
#define CMD_WORLD_H

#include "cmd/out.h"
#include "core/base/sample.h"
#include "core/conf/snapshot.h"
#include "core/ike/ike.h"

struct coa;
struct logins;
struct data;
struct debug;
struct diagnose;
struct fetch;
struct keys;
struct lua;
struct pki;
struct radius;
struct session;
struct session_totals;
struct sessions;
struct syslog;
struct snmp;
struct users;

/* A connection that the configuration wants (cmd/wire_client.c); all texts live until the next turn. */
struct client_info {
	const struct client_spec *spec;
	const char *state;     /* client_state_words() */
	bool is_up;
	bool is_negotiating;
	struct addr peer;      /* family 0: not known yet */
	const char *peer_name; /* "" when it is an address */
	uint32_t peer_seq;
	struct addr local;     /* of the session; family 0: none */
	uint64_t sa;           /* of the session; 0: none */
	uint64_t attempt;      /* IKE SA of a login under way; 0: none */
	const char *reason;    /* why it is not up; "" when nothing failed */
	uint64_t wait_ms;      /* until the next attempt; 0 when none is due */
};

/* What `clear crypto ikev2 stats` took away from what is shown. */
struct stats_cleared {
	int64_t wall_ms; /* 0: never */
	struct stats sums;
};

/* New sessions are taken; are not; are not, and the headend stops with the last one. */
enum drain { DRAIN_OFF, DRAIN_ON, DRAIN_STOP };

/* Since main began. */
struct acct_info {
	uint64_t sessions;       /* that came */
	uint64_t put, delivered; /* accounting records */
	size_t open;             /* that are on their way to a server */
};

struct world {
	struct ike *ike;
	struct sessions *sessions;
	struct data *data;
	const struct snapshot *conf;
	const struct diagnose *diagnose;
	struct debug *debug;
	struct stats_cleared *stats_cleared;
	void (*keep_cleared)(void *ctx); /* stats_cleared was changed */
	void *caller;            /* who asks, for a command that returns ADMIN_STAYS */
	const struct lua *lua;
	const struct keys *keys;
	const struct pki *pki; /* trustpoints in force; NULL: none were loaded */
	const struct fetch *fetch;
	const struct radius *radius; /* NULL: there is no client yet */
	const struct coa *coa; /* server of CoA and Disconnect */
	const struct syslog *syslog;
	uint64_t (*log_limited)(void); /* events that a rate limit kept out of every log */
	const struct snmp *snmp; /* NULL: it was never switched on */
	const char *snmp_why;    /* why there is no master; "" or NULL: unknown, or there is one */
	struct logins *logins; /* NULL: none are asked for */
	struct users *users;
	/* The master key of secrets.db, made when there is none. */
	enum status (*make_user_key)(void *ctx);
	uint64_t (*user_ms)(void *ctx); /* UTC, for lockout */
	void *ctx;
	uint64_t (*now_ms)(void *ctx);
	/* A fresh sample is taken, numbered, and stored. */
	const struct sample *(*sample)(void *ctx);
	/* *cursor 0 at first; false at the end. NULL where there is no such thing. */
	bool (*next_client)(void *ctx, size_t *cursor, struct client_info *out);
	/* Begins to connect, or ends a connection so that a new selection follows, or none when it is
	 * manual. ST_NOT_FOUND; ST_EXISTS: it is connected or connecting. */
	enum status (*wish_client)(void *ctx, const char *name, bool connect);
	/* Ends a session for good, its IKE SA with it. */
	void (*end_session)(void *ctx, struct session *s, enum status why);
	/* Its client is to authenticate again, soon. */
	enum status (*reauth_session)(void *ctx, struct session *s);
	/* How long it has had no tunnel, or no data. NULL: nobody knows. */
	uint64_t (*inactive_ms)(void *ctx, const struct session *s);
	void (*acct)(void *ctx, struct acct_info *out);
	/* What a session carried until now. */
	struct session_totals (*totals)(void *ctx, const struct session *s);
	void (*set_drain)(void *ctx, enum drain how);
	enum drain (*drain)(void *ctx);
	/* Reads the configuration again; explains itself in out and err. Exit code. */
	int (*reload)(void *ctx, struct out *out, struct out *err);
};

#endif
