/* THE table of hooks, and THE table of what a script sees and may change. Main asks with copies of
 * these fields; both sides judge by the same rows. No state; any thread, any process. */
#ifndef MODULES_LUA_HOOKS_H
#define MODULES_LUA_HOOKS_H

#include <stdbool.h>
#include <stddef.h>

/*  X(NAME, name of the function in a script, somebody waits, when) */
#define HOOK_LIST(X) \
	X(IDENTITY, identity, true, "the peer has said who it is; nothing is proven and no profile chosen yet") \
	X(AUTHORIZE, authorize, true, "the peer has proven who it is; before addresses are assigned") \
	X(SESSION_UP, session_up, false, "a session is up") \
	X(SESSION_DOWN, session_down, false, "a session has ended") \
	X(SESSION_QUOTA, session_quota, false, "80 or 100 percent of a limit of volume are used")

enum hook {
#define X(name, function, asks, when) HOOK_##name,
	HOOK_LIST(X)
#undef X
	HOOK__MAX
};

#define HOOK_BIT(h) (1u << (h))
#define HOOKS_ALL   (HOOK_BIT(HOOK__MAX) - 1)

enum field_kind {
	FIELD_TEXT,   /* UTF-8 without control characters */
	FIELD_LINES,  /* the same, and may have line ends and tabs */
	FIELD_NUMBER, /* decimal, 0 to 2^63 - 1 */
	FIELD_LIST    /* the name stands once per element; each is a text and not empty */
};

#define FIELD_I HOOK_BIT(HOOK_IDENTITY)
#define FIELD_A HOOK_BIT(HOOK_AUTHORIZE)
#define FIELD_U HOOK_BIT(HOOK_SESSION_UP)
#define FIELD_D HOOK_BIT(HOOK_SESSION_DOWN)
#define FIELD_Q HOOK_BIT(HOOK_SESSION_QUOTA)
#define FIELD_S (FIELD_U | FIELD_D | FIELD_Q)

/*  X(name, kind, hooks that are told it, hooks that may change it, words) */
#define FIELD_LIST_OF(X) \
	X(session, TEXT, FIELD_A | FIELD_S, 0, "number of the session, the same as in the store") \
	X(identity, TEXT, FIELD_I | FIELD_A | FIELD_S, 0, "who the peer says it is") \
	X(identity_type, TEXT, FIELD_I | FIELD_A, 0, "ipv4, ipv6, fqdn, email, dn or key-id") \
	X(name, TEXT, FIELD_A | FIELD_S, FIELD_I, "user name, as accounting and the store have it") \
	X(profile, TEXT, FIELD_I | FIELD_A | FIELD_S, FIELD_I, \
		"IKEv2 profile; in identity the one that would be chosen, if any") \
	X(policy, TEXT, FIELD_A | FIELD_S, 0, "authorization policy, if any") \
	X(role, TEXT, FIELD_I, 0, "responder or initiator: what we are") \
	X(local, TEXT, FIELD_I | FIELD_A | FIELD_S, 0, "our address and port") \
	X(remote, TEXT, FIELD_I | FIELD_A | FIELD_S, 0, "the peer's address and port") \
	X(vrf, TEXT, FIELD_I | FIELD_A | FIELD_S, 0, "VRF of the outer addresses; absent: our own") \
	X(ivrf, TEXT, FIELD_A | FIELD_S, 0, "VRF of the inner addresses; absent: our own") \
	X(ip4, TEXT, FIELD_S, 0, "inner IPv4 address") \
	X(ip6, TEXT, FIELD_S, 0, "inner IPv6 address") \
	X(pool, TEXT, FIELD_A | FIELD_S, FIELD_A, "IPv4 pool") \
	X(pool6, TEXT, FIELD_A | FIELD_S, FIELD_A, "IPv6 pool") \
	X(netmask, TEXT, FIELD_A, FIELD_A, "netmask that the client is told") \
	X(dns, LIST, FIELD_A, FIELD_A, "name servers, IPv4 and IPv6") \
	X(wins, LIST, FIELD_A, FIELD_A, "NetBIOS name servers") \
	X(domain, TEXT, FIELD_A, FIELD_A, "default domain") \
	X(split_dns, LIST, FIELD_A, FIELD_A, "domains that the client asks these name servers for") \
	X(backup_gateways, LIST, FIELD_A, FIELD_A, "other gateways that the client may use") \
	X(banner, LINES, FIELD_A, FIELD_A, "text that the client shows") \
	X(session_lifetime, NUMBER, FIELD_A, FIELD_A, "seconds after which the session ends") \
	X(idle_timeout, NUMBER, FIELD_A, FIELD_A, "seconds without data after which the session ends") \
	X(subnets, LIST, FIELD_A, FIELD_A, "networks that the client is told, as 10.0.0.0/8") \
	X(networks, LIST, FIELD_A, FIELD_A, "networks behind the peer (`route set remote`)") \
	X(reason, TEXT, FIELD_D, 0, "why it ended, one word as in the store") \
	X(seconds, NUMBER, FIELD_D, 0, "how long it was up") \
	X(bytes_in, NUMBER, FIELD_D, 0, "bytes from the peer") \
	X(bytes_out, NUMBER, FIELD_D, 0, "bytes to the peer") \
	X(packets_in, NUMBER, FIELD_D, 0, "packets from the peer") \
	X(packets_out, NUMBER, FIELD_D, 0, "packets to the peer") \
	X(percent, NUMBER, FIELD_Q, 0, "80 or 100") \
	X(direction, TEXT, FIELD_Q, 0, "whose limit it is: input, output or total") \
	X(period, TEXT, FIELD_Q, 0, "session, day, week or month") \
	X(used, NUMBER, FIELD_Q, 0, "octets that are used of it") \
	X(limit, NUMBER, FIELD_Q, 0, "octets of it") \
	X(action, TEXT, FIELD_Q, 0, "disconnect, or the policy map that comes into force with 100")

/* What a hook comes to. */
enum verdict {
	VERDICT_PASS,   /* nothing to say */
	VERDICT_CHANGE, /* fields with other values */
	VERDICT_DENY,   /* with a sentence for the operator */
	VERDICT_FAILED  /* an error, a budget, no process */
};

/* Bounds that both sides know. */
#define SCRIPTS_MAX  16        /* scripts of a configuration */
#define SCRIPT_NAME  48        /* name with NUL; it stands in front of line numbers */
#define SCRIPT_BYTES 65536     /* text of one script */
#define SCRIPT_WORDS 512       /* sentence of a script or about it, with NUL */
#define SCRIPT_LINES 64        /* lines that the scripts may print in one call, or a script while it loads */

struct field {
	const char *name;
	enum field_kind kind;
	unsigned sees;    /* HOOK_BITs */
	unsigned changes; /* HOOK_BITs */
	const char *words;
};

/* NULL: no such hook. */
const char *hook_name(enum hook h);
const char *hook_when(enum hook h);
/* A login waits for the answer. */
bool hook_asks(enum hook h);

extern const struct field fields[];
extern const size_t fields_len;
/* NULL: no such field. */
const struct field *field_find(const char *name);
/* Told to this hook, or changed by a script before in the same call. */
bool field_seen(const struct field *f, enum hook h);
bool field_may_change(const struct field *f, enum hook h);
const char *field_kind_words(enum field_kind k);
/* Why that value cannot stand in the field, as the end of a sentence; NULL when it can. An empty
 * value is no value: what is cleared stands once with it. */
const char *field_wrong(const struct field *f, const char *value);

#endif
