/* One user's presence: what the store, show and later accounting, SNMP and Lua talk about. It
 * begins when a peer is authorized, is granted addresses, is up when that is durable, and ends
 * once.
 *
 *   ASK_AUTHORIZE  session_authorize  pending: policy resolved from the configuration in force
 *   ASK_ADDRESS    session_assign     leases taken, the whole grant (assign.h)
 *   commit         (store)            durable
 *                  session_up         up
 *   SA_DOWN        session_end        leases returned
 *               or session_wait       waiting for its client to come back (wait.h)
 *
 * A session owns copies of all it was granted: a reload does not change it. What it was granted
 * from may go (profile, pool, policy, VRF): then it is orphaned, which is shown and nothing else.
 * Pure; loop thread. Time and chance come as arguments. */
#ifndef CORE_SESSION_SESSION_H
#define CORE_SESSION_SESSION_H

#include "core/base/text.h"
#include "core/ike/grant.h"
#include "core/ike/kept_id.h"
#include "core/session/lease.h"
#include "core/session/terms.h"
#include "core/session/token.h"

/* Tunnel devices: a virtual template has its own number in the data path, TunnelN this + N. */
#define SESSION_TUN_TUNNEL 0x10000u

#define SESSION_NAME       64 /* names with NUL */
#define SESSION_USERNAME   256
#define SESSION_GROUPS     132 /* of accounting, with NUL */
#define SESSION_FROZEN_MAX 20480 /* no record is longer */

/* Why a session is orphaned: the ORPHAN_ bits of core/conf/match.h, and the address itself. */
#define ORPHAN_ADDRESS 0x100u /* its pool shrank, or an interface has the address now */
#define ORPHAN_DEVICE  0x200u /* the virtual template or tunnel; shut down: its traffic goes nowhere */

enum session_state { SESSION_PENDING, SESSION_UP, SESSION_WAITING };

struct sessions;
struct session_dhcp;

/* What a session carried through tunnels that are gone. */
struct session_totals {
	uint64_t bytes_in;
	uint64_t bytes_out;
	uint64_t packets_in;
	uint64_t packets_out;
	uint64_t drops;
};

/* What the user had used in each time when the store was asked last, and what of that this session had carried. */
struct session_used {
	uint64_t begin_ms; /* of the day of the answer, UTC; 0: there is none */
	uint64_t in[QUOTA_PERIODS];
	uint64_t out[QUOTA_PERIODS];
	uint64_t counted_in;
	uint64_t counted_out;
};

struct session {
	struct ulid ulid;
	enum session_state state;
	bool we_are_initiator;
	uint64_t sa;       /* number of the IKE SA; 0: it waits and has none */
	uint64_t index;    /* of that, or of the last one; 0: of before a restart of the machine */
	uint64_t start_ms; /* UTC, of the authorization */
	/* Text at its own length (text.h): names are below SESSION_NAME, those of users below SESSION_USERNAME. */
	const char *profile;
	const char *policy;      /* authorization policy; "" when none applies */
	const char *policy_user; /* of the user authorization; "" usually */
	const char *pool4;
	const char *pool6;
	const char *ivrf;        /* inner VRF; "" is our own */
	const char *username;    /* printable, escaped */
	const char *user;        /* whom EAP proved the peer to be, as it came; "" without EAP */
	const char *acct_groups; /* servers that are told of it: "A,B", B when A is silent; "*A,B": both; "": none */
	const struct ike_id *peer_id; /* of kept_id.h */
	struct endpoint local;
	struct endpoint remote;
	struct kept_grant *grant; /* not NULL */
	uint8_t mask_len;     /* of the policy; in the grant once there is an IPv4 address */
	/* We connected: grant.subnets are the networks that the peer announced, as far as `route accept`
	 * lets them in, and this is their distance. */
	uint32_t route_distance;
	uint32_t spi_in;      /* of the first child; 0 while pending */
	struct lease *lease4; /* NULL: none, or the address comes from the peer */
	struct lease *lease6;
	struct session_dhcp *dhcp; /* of dhcp_lease.h; NULL: no policy speaks of it */
	struct lease *delegated[AAA_DELEGATED]; /* as in terms */
	struct session_terms *terms; /* NULL: nothing of it */
	unsigned orphaned; /* ORPHAN_ bits; 0: not */
	/* life beyond the tunnel */
	uint32_t reconnect_s;    /* how long it waits for its client; 0: it ends with its IKE SA */
	uint32_t idle_timeout_s; /* it ends after so long without data while it is up; 0: never */
	uint64_t up_ms;          /* UTC: when it came up last; 0 while pending */
	uint64_t waiting_ms;     /* UTC: since when it waits */
	uint64_t reauth_ms;      /* UTC: its client was asked to authenticate again until then; 0: it was not */
	uint32_t resumed;        /* times */
	bool has_token;          /* its client was given one; of that, secret: */
	uint8_t verifier[TOKEN_VERIFIER];
	struct session_totals carried;
	struct session_used used; /* of core/session/quota.h; asked for anew by each main */
	uint64_t used_next_ms;    /* monotonic: when the store is asked again; 0: now; UINT64_MAX: it has not answered */
	bool is_map_due;          /* the data path does not have its policy map yet, or still */
	/* accounting */
	uint8_t aaa_method;  /* enum aaa_method: how its peer has authenticated */
	bool is_of_radius;   /* by a RADIUS server */
	bool acct_stop_only;
	uint64_t acct_next_ms; /* monotonic: of the next interim record; 0: not planned */
	/* tables */
	struct list in_order;
	struct map_node by_ulid;
	struct map_node by_sa;
	struct map_node by_identity;
};

/* A reference to conf is kept. key: random. NULL when out of memory. */
struct sessions *sessions_new(struct snapshot *conf, const struct hash_key *key);
void sessions_free(struct sessions *ss); /* forgets everything, ends nothing */
/* Reload: later questions are answered from conf, live sessions are marked. ST_NOMEM: as before. */
enum status sessions_set_conf(struct sessions *ss, struct snapshot *conf) MUST_USE;
/* The same in two steps: leases_prepare. */
enum status sessions_prepare(const struct sessions *ss, struct snapshot *conf,
	struct leases_change **out) MUST_USE;
void sessions_commit(struct sessions *ss, struct snapshot *conf, struct leases_change *c);

/* The question, and what RADIUS has answered to it; NULL: not asked, or not answered, and then the next
 * method of the list counts. Whom RADIUS rejected is not asked about. */
struct session_ask {
	const struct ike_question *q;
	uint64_t wall_ms;
	const uint8_t *random;        /* 10 bytes */
	const struct aaa_set *cached; /* came with the authentication, or with the pre-shared key */
	const struct aaa_set *user;
	const struct aaa_set *group;
};

/* ASK_AUTHORIZE. Fills answer (kind, status, detail, session, and grant.tun, which is all that an
 * initiator needs: it was granted the rest by its peer). An earlier pending session of the same IKE SA ends.
 * ST_OK; ST_NO_PROFILE, ST_NOT_AUTHORIZED, ST_NAME_MANGLER, ST_LOGIN_LIMIT, ST_NOMEM with a sentence. */
void session_authorize(struct sessions *ss, const struct session_ask *ask, struct ike_answer *answer);
/* The commit was answered ST_OK. now_ms: UTC, as in all of these. */
void session_up(struct sessions *ss, struct session *s, const struct ike_commit *c, uint64_t now_ms);
/* Its IKE SA is gone, and it waits. One that waits already goes on waiting since then. */
void session_wait(struct sessions *ss, struct session *s, uint64_t now_ms);
/* Another IKE SA is to be its own: it waits until session_up. */
void session_take_over(struct sessions *ss, struct session *s, uint64_t sa, uint64_t now_ms);
void session_move(struct session *s, const struct endpoint *local, const struct endpoint *remote);
/* A session of the same user that has to end, now that s is up: the oldest of more than he may have; NULL: none. */
struct session *session_surplus(const struct sessions *ss, const struct session *s);
/* Returns the leases and frees it: what the store wants to know is read before. */
void session_end(struct sessions *ss, struct session *s);

/* NULL when there is none. */
struct session *session_find(const struct sessions *ss, const struct ulid *ulid);
struct session *session_find_sa(const struct sessions *ss, uint64_t sa);
/* Who has this inner address now; the newest session. */
struct session *session_find_addr(
	const struct sessions *ss, const char *ivrf, const struct addr *addr);
/* Same identity (type and bytes): prev NULL for the first. */
struct session *session_next_same(
	const struct sessions *ss, const struct ike_id *id, const struct session *prev);
/* In order of creation: prev NULL for the first. To end sessions on the way, fetch the next before.
 */
struct session *session_next(const struct sessions *ss, const struct session *prev);
size_t sessions_count(const struct sessions *ss);   /* pending and waiting ones too */
size_t sessions_up(const struct sessions *ss);      /* without them */
size_t sessions_waiting(const struct sessions *ss);
size_t sessions_with_token(const struct sessions *ss); /* those that are up and may wait later */
/* A pending session older than that, whose IKE SA was forgotten; NULL when there is none. */
struct session *sessions_stale(const struct sessions *ss, uint64_t started_before_ms);
/* Pools, for show and samples: as lease_next_pool. */
bool sessions_next_pool(const struct sessions *ss, size_t *cursor, struct lease_pool_info *out);
enum status sessions_resume_pool(struct sessions *ss, const struct lease_pool_info *was) MUST_USE; /* lease_pool_resume */

/* Frozen record of a session (any state) and back; 0: does not fit. Thaw claims the leases again,
 * also those that the configuration no longer has. ST_EXISTS: the session is there already, or
 * somebody else has its address; ST_BAD_PAYLOAD, ST_TRUNCATED: damaged; ST_BAD_VERSION; ST_NOMEM.
 * Nothing changed.
 */
size_t session_freeze(const struct session *s, uint8_t *out, size_t cap);
enum status session_thaw(struct sessions *ss, struct view rec, struct session **out) MUST_USE;

#endif
