/* One IKE SA and its children, and the one function that moves it from state to state. Private to core/ike. */
#ifndef CORE_IKE_SA_H
#define CORE_IKE_SA_H

#include "core/base/list.h"
#include "core/base/map.h"
#include "core/base/text.h"
#include "core/base/timer.h"
#include "core/crypto/keys.h"
#include "core/ike/child_sa.h"
#include "core/ike/dpd.h"
#include "core/ike/grant.h"
#include "core/ike/handshake.h"
#include "core/ike/ike.h"
#include "core/ike/kept_id.h"
#include "core/ike/mobike.h"
#include "core/ike/msg.h"
#include "core/ike/sa_parts.h"
#include "core/ike/sa_table.h"
#include "core/ike/window.h"

struct ike;
struct exchange;

/* Somebody who waits for the answer to a question. */
struct waiter {
	struct map_node by_number; /* in the engine's map, while number is not 0 */
	uint64_t number;
	struct ike_sa *sa;
	struct exchange *x;        /* NULL: the SA itself */
};

#define SA_TIMERS 9

struct ike_sa {
	struct ike *ike;
	struct list node;          /* all, in the order of creation */
	struct map_node by_number;
	struct map_node by_spi;    /* our SPI */
	struct map_node by_init;   /* responder: SPI and endpoint of the initiator */
	struct map_node by_peer;   /* established: identity and profile */
	struct list dead;          /* waiting to be freed at the end of the engine's call */

	uint64_t number;
	uint8_t state;             /* enum sa_state; written by sa_enter() only */
	bool is_initiator;
	bool is_guarded;           /* counted as half-open, under guarded_as */
	bool is_up;                /* counted as established, SA_UP was told */
	bool is_reported;          /* its end was told */
	bool nat_local, nat_remote;
	bool claims_nat;           /* we told the peer of one that there is not, so that it encapsulates */
	bool in_udp;               /* its children travel in UDP; encap.h */
	bool has_keys;
	bool is_client;            /* we began the session, whoever rekeyed since: tickets are ours to ask for */
	bool is_resumed;
	bool wants_ticket;
	bool used_ppk;             /* a post-quantum key is in the keys */
	uint8_t auth_local;        /* AUTH methods in use, 0 before */
	uint8_t auth_remote;
	uint64_t spi_i, spi_r;
	uint64_t nonce_tag;        /* responder: of Ni, with by_init */
	struct endpoint local, remote;
	struct endpoint guarded_as;
	struct ike_suite suite;
	struct ike_keys *keys;     /* short once established */

	struct timer state_timer, request_timer;
	struct timer dpd_timer, life_timer;
	struct timer child_timer;  /* the next child whose time has come */
	struct timer work_timer;   /* what waits for a better moment */
	struct timer nat_timer;    /* the next NAT keepalive */
	struct timer ticket_timer; /* when a fresh ticket is wanted */
	struct window_in in;
	struct window_out out;
	struct dpd_clock dpd;
	struct sa_frag frag;
	struct mobike mobike;

	struct waiter wait;        /* for the open job, ask or commit of its state */
	enum status why;           /* how it ends or failed */
	char *detail;              /* sentence for the operator; NULL: none, see sa_detail() */

	const struct ike_id *my_id, *peer_id; /* kept_id.h; those below: text.h */
	const char *user;          /* whom EAP proved the peer to be, whatever peer_id says; "": peer_id is proven */
	const char *profile, *ipsec_profile; /* the latter of an initiator; "": that of the virtual template */
	struct sa_settings settings;
	struct ulid session;
	struct kept_grant *grant;  /* NULL until granted */
	struct sa_ticket ticket;
	uint64_t login_s;          /* UTC; when the client last showed its credentials; 0: not known */
	struct handshake *hs;      /* NULL once established */
	struct list children;
	struct list wishes;        /* children that we want; wish.h */
	bool may_be_empty;         /* it was begun without a child (RFC 6023) */
	uint8_t n_children;        /* without retired ones */
	struct ike_sa *predecessor; /* in state HEIR: whose successor it may become; else NULL */
	struct exchange *mine;     /* CREATE_CHILD_SA that we began; NULL: none */
	struct list theirs;        /* that the peer began, one per open request of its window */
	bool follows_redirects;    /* we are the client, and said so */
	bool owes_token;           /* the peer has not got our token for this SA yet */
	struct qcd_token peer_token;
	uint8_t peer_class;        /* enum peer_class */
	struct cp_body *owed_set;  /* our CFG_SET that is to be sent; NULL: none. Not kept */
	uint32_t owed_spi;         /* of ESP from the peer, unknown here, to be told; 0: none. Not kept */
	uint64_t spi_told_ms;      /* when that was last; not kept */
	uint64_t hint_ms;          /* the last liveness check that a hint caused; not kept */
	bool wants_rekey;
	enum status close_why;     /* it ends as soon as its rekey is through; ST_OK: it does not */
	uint8_t rekey_tries;
	uint8_t states_lost;       /* STATE_NOT_FOUND in a row (RFC 9370 2.2.4); not kept */
	uint64_t not_before_ms;    /* the peer was busy: no CREATE_CHILD_SA of ours earlier */
	uint64_t sent_ms;          /* our last IKE message or NAT keepalive; not kept */
	uint64_t created_ms;
	uint64_t up_ms;            /* 0: not established; from then on it is kept */
	uint64_t rekey_ms;         /* when it is to be rekeyed; 0: never */
	uint64_t end_ms;           /* lifetime; 0: none */
	uint64_t session_end_ms;   /* lifetime of the session or of its authentication; 0: none */
	uint64_t reauth_ms;        /* initiator: when to authenticate again; responder: when the peer is told to; 0: never, or it was */
	uint64_t reauth_end_ms;    /* responder: the peer was asked to authenticate again, until then; 0: was not */
	bool owes_lifetime;        /* responder: a lifetime that the peer has not been told, and is to be now */
};

/* What happened, for an action. Only the members of the kind are set. */
struct sa_event {
	enum sa_event_kind kind;
	const struct msg_in *msg;
	enum window_lane lane;             /* replies: of the request that is answered */
	const struct init_request *init;   /* ACCEPT */
	const struct resume_request *resume; /* TICKET */
	const struct ike_job_result *job;
	const struct ike_answer *answer;
	const struct init_error *error;    /* INIT_COOKIE, INIT_GROUP, INIT_REFUSED */
	enum status status;                /* COMMITTED, CLOSE, CHILD_LOST, LIFETIME, BAD_REQUEST... */
};

/* A new SA in state NEW, in the engine's tables, with room for its timers. NULL: out of memory or
 * no random SPI found. The caller dispatches its first event at once. */
struct ike_sa *sa_new(struct ike *ike, bool is_initiator, const struct endpoint *local,
	const struct endpoint *remote);
uint64_t sa_new_spi(struct ike *ike); /* random, not in use; 0: none found */
/* An empty one that is in no table, for sa_new and for a thaw. NULL: out of memory. */
struct ike_sa *sa_alloc(struct ike *ike);
/* Room for every timer of every SA and exchange, and for so many more, so that arming never fails later. */
bool sa_reserve_timers(struct ike *ike, size_t more);
/* It does not count as half-open any more. */
void sa_unguard(struct ike_sa *sa);
/* Takes it out of all tables and frees it. Tells nobody. */
void sa_free(struct ike_sa *sa);

/* Finds the row, runs its action, enters the next state. ST_BAD_STATE (counted): no row. */
enum status sa_dispatch(struct ike_sa *sa, const struct sa_event *ev);
/* An event without a message. */
void sa_event(struct ike_sa *sa, enum sa_event_kind kind, enum status status);

/* A thawed SA goes on; what entering its state would do was done before. */
void sa_resume(struct ike_sa *sa, enum sa_state state);

const char *sa_detail(const struct ike_sa *sa); /* "": none */
/* Remembers why an action fails and returns st. The first reason stays. */
enum status sa_fail(struct ike_sa *sa, enum status st, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Asks the world; one question at a time and waiter. The state that follows waits for the answer. */
enum status waiter_job(struct waiter *w, const struct ike_job *job) MUST_USE;
void waiter_cancel(struct waiter *w); /* nobody waits any more */
enum status sa_job(struct ike_sa *sa, const struct ike_job *job) MUST_USE;
enum status sa_ask(struct ike_sa *sa, struct ike_question *q) MUST_USE;
enum status sa_commit(struct ike_sa *sa) MUST_USE;

/* Messages are what msg_end() gave: one datagram, or all fragments of one message.
 * Sends msg as a request of the kind, keeps it and arms the repetition. */
enum status sa_request(struct ike_sa *sa, enum request_kind kind, struct view msg) MUST_USE;
void sa_request_done(struct ike_sa *sa, enum window_lane lane);
void sa_requests_drop(struct ike_sa *sa); /* all that are open */
/* When the next open request is to be repeated. */
void sa_arm_request(struct ike_sa *sa);
void sa_send(struct ike_sa *sa, struct view msg);
/* A reply goes where its request came from (RFC 7296 2.11). */
void sa_send_to(struct ike_sa *sa, const struct endpoint *local, const struct endpoint *remote,
	struct view msg);
/* No child, none in sight, and none is needed: its session is over. */
bool sa_is_spent(const struct ike_sa *sa);
void sa_arm(struct ike_sa *sa, struct timer *t, uint64_t due_ms); /* one of its timers; never fails */
/* Arms the DPD timer for the clock's present state. */
void sa_arm_dpd(struct ike_sa *sa);
void sa_tell(struct ike_sa *sa, enum ike_event_kind kind, const struct ike_child *child);

/* What is left of a limit that began with the login, in ms: all of it unless the session was resumed. */
uint64_t sa_since_login_ms(const struct ike_sa *sa, uint32_t limit_s);
uint64_t sa_left_s(const struct ike_sa *sa, uint64_t end_ms); /* whole seconds until then; 0: it is over */
void sa_set_lifetimes(struct ike_sa *sa); /* of the SA and of its session: they start */
void sa_arm_life(struct ike_sa *sa);      /* the timer, for the earlier of the two */

uint64_t sa_spi_local(const struct ike_sa *sa);
uint64_t sa_spi_remote(const struct ike_sa *sa);
/* ---- actions shared by several rows ---- */
sa_action sa_stop;
sa_action sa_refused;

#endif
