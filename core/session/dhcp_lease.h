/* The IPv4 address of a session that a DHCP server lends (R-MCF-12: only where the user has neither an address of his own
 * nor a pool). What the sources say is copied at the authorization; the lease comes with the server's ACK, is renewed at T1,
 * rebound at T2 and over at its end (RFC 2131 4.4.5), whether its session is up or waits for its client. It stands in the
 * table of leases under "dhcp SERVER", so that nobody else gets the address. Pure; loop thread; monotonic times, which are
 * good for all mains of a boot, and the end in UTC for what comes after that. */
#ifndef CORE_SESSION_DHCP_LEASE_H
#define CORE_SESSION_DHCP_LEASE_H

#include "core/session/session.h"
#include "core/wire/dhcp_client.h"

#define SESSION_DHCP_SERVER    256 /* address or name, with NUL */
#define SESSION_DHCP_TIMEOUT_S 8   /* unless the policy says otherwise */
#define SESSION_DHCP_TIMEOUT_MAX_S 50 /* the engine waits for an address for a minute */
#define SESSION_DHCP_NEVER     UINT64_MAX

struct session_dhcp {
	char server[SESSION_DHCP_SERVER];
	struct addr giaddr;  /* family 0: the address that packets to the server leave from */
	uint32_t timeout_s;
	uint32_t number;     /* which of its holder's sessions it is: each is a client of its own for the server */
	/* the lease */
	bool is_bound;
	struct addr relay;   /* our giaddr in force */
	struct addr server_id;
	uint8_t mask_len;
	uint8_t n_dns;
	struct addr dns[DHCP_DNS_MAX];
	uint64_t t1_ms, t2_ms, end_ms;
	uint64_t end_utc_ms;
	/* not frozen */
	bool is_asked;       /* a question about it is under way */
	uint64_t next_ms;    /* no attempt to renew it before */
	enum status why;     /* the last failure; its words */
	char words[LEASE_DETAIL];
};

/* Of the merged sources, policies and RADIUS (R-RAD-09 to 11); s has its pool already. With a server, and without a pool and
 * an address of the user's own, the address comes from the server. A time above the limit is the limit. ST_NOMEM. */
enum status dhcp_lease_apply(struct session *s, const struct aaa_set *set) MUST_USE;
/* Does its IPv4 address come from a server (also before it is there)? */
bool dhcp_lease_is_used(const struct session *s);

/* The session that must ask a server before session_assign() can grant what q wants; NULL: none needs to. Which
 * client it is for the server is settled. */
struct session *dhcp_lease_asker(struct sessions *ss, const struct ike_question *q);
/* The client that a session is for its server: a hash of profile, identity, user name and number. */
void dhcp_lease_who(const struct session *s, struct dhcp_who *who);

/* An ACK, and where it came from. */
struct dhcp_grant {
	const struct dhcp_reply *reply;
	struct addr relay;
	uint64_t asked_ms; /* its times count from here */
	uint64_t asked_utc_ms;
};
/* The session has the address. ST_EXISTS: somebody else has it, or the host; ST_NOMEM. Nothing changed. */
enum status dhcp_lease_take(struct sessions *ss, struct session *s, const struct dhcp_grant *g) MUST_USE;
void dhcp_lease_renewed(struct session *s, const struct dhcp_grant *g);
/* Of a session of the same peer which has the same lease (RFC 4478). */
void dhcp_lease_share(struct session *s, const struct session *other);
/* After a thaw of what outlived the boot that its times are of: it is renewed at once. It lasts as long as it would have
 * by UTC, but for a minute at least: its record may be older than the last renewal. */
void dhcp_lease_restored(struct session *s, uint64_t now_ms, uint64_t utc_ms);
/* The server gave nothing, or no more time; the next attempt to renew is settled (RFC 2131 4.4.5). */
void dhcp_lease_failed(struct session *s, enum status why, const char *words, uint64_t now_ms);
/* session_assign() without a lease: the last failure. */
enum status dhcp_lease_why(const struct session *s, char detail[LEASE_DETAIL]);
/* Mask and DNS of the lease; DNS only where no policy has some (R-MCF-13). */
void dhcp_lease_put(const struct session *s, struct ike_grant *g);

enum dhcp_due { DHCP_DUE_NOTHING, DHCP_DUE_RENEW, DHCP_DUE_REBIND, DHCP_DUE_END };
enum dhcp_due dhcp_lease_due(const struct session *s, uint64_t now_ms);

/* The group of fields of a frozen record. */
void dhcp_lease_freeze(const struct session *s, struct wr *w, uint16_t tag);
/* ST_BAD_PAYLOAD, ST_NOMEM. */
enum status dhcp_lease_thaw(struct session *s, struct view group) MUST_USE;

#endif
