/* CREATE_CHILD_SA (RFC 7296 1.3): at most one that we began and one that the peer began per IKE SA,
 * each a small machine of its own beside the SA's state.
 *
 *   ours     DH -> WAIT -> SECRET -> done       without a key exchange: WAIT -> done
 *   theirs   DH -> SECRET -> done               without a key exchange: done at once
 *
 * Additional key exchanges (RFC 9370 2.2.4) follow the secret, one IKE_FOLLOWUP_KE each (followup.h):
 *
 *   ours     SECRET -> MORE_DH -> MORE_WAIT -> SECRET
 *   theirs   SECRET -> MORE_WAIT -> DH -> SECRET
 *
 * Both at the same time are a collision when they are about the same SA (2.8.1, 2.8.2): all new SAs
 * are made, and when our own exchange ends, the one whose exchange had the lowest of the four nonces
 * is given up by the side that began it. Private to core/ike. */
#ifndef CORE_IKE_EXCHANGE_H
#define CORE_IKE_EXCHANGE_H

#include "core/ike/sa.h"

enum x_kind { X_NEW_CHILD, X_REKEY_CHILD, X_REKEY_IKE };

enum x_state {
	XS_NEW, XS_I_DH, XS_I_WAIT, XS_I_SECRET, XS_I_HELD, XS_I_MORE_DH, XS_I_MORE_WAIT,
	XS_R_DH, XS_R_SECRET, XS_R_MORE_WAIT, XS_DONE, XS_FAILED, X_STATES
};

/* What may happen to one. */
enum x_event_kind {
	XE_START,       /* ours, without a key exchange */
	XE_START_KE,
	XE_REQUEST,     /* theirs, judged: without a key exchange */
	XE_REQUEST_KE,
	XE_JOB,
	XE_JOB_MORE,    /* the secret of one that another key exchange follows */
	XE_JOB_EARLY,   /* the secret of ours, while one of the peer's about the same SA is being computed */
	XE_TURN,        /* and that one is answered */
	XE_FOLLOWUP,    /* theirs: the next key exchange */
	XE_FREE,        /* ours: the window has room for the next one */
	XE_REPLY,       /* to ours */
	XE_REPLY_KE,    /* with the key exchange that we asked for */
	XE_OTHER_GROUP, /* INVALID_KE_PAYLOAD with a group that we allow */
	XE_REFUSED,     /* any other error */
	XE_TIMEOUT,     /* a job is not answered */
	X_EVENTS
};

struct x_event {
	enum x_event_kind kind;
	const struct msg_in *msg;
	const struct ike_job_result *job;
	enum status status; /* REFUSED */
	uint16_t group;     /* OTHER_GROUP */
};

/* Additional key exchanges: step 0 is CREATE_CHILD_SA, step k the k-th IKE_FOLLOWUP_KE. */
#define FOLLOWUP_LINK_MAX 256
struct followups {
	uint8_t n;             /* 0: none was chosen */
	uint8_t step;
	bool is_held;          /* ours: ready, but the window has no room */
	uint32_t first_msgid;  /* theirs: of CREATE_CHILD_SA */
	uint16_t groups[ADDKE_MAX];
	uint16_t link_len;     /* ours: what the peer's last reply said */
	uint8_t link[FOLLOWUP_LINK_MAX];
	uint16_t secrets_len;  /* SK(1) | SK(2) ... */
	uint8_t secrets[ADDKE_MAX * IKE_DH_MAX];
};

typedef enum status x_action(struct exchange *x, const struct x_event *ev);

struct x_row {
	uint8_t state, event, next_ok, next_fail;
	x_action *action;
};

struct exchange {
	struct ike_sa *sa;
	struct list node;      /* theirs: in the SA's list */
	struct map_node by_spi; /* ours, REKEY_IKE: in the engine's map, while the peer may have spi_ours */
	uint8_t kind;          /* enum x_kind */
	uint8_t state;         /* enum x_state; written by exchange_event() only */
	bool is_mine;
	bool is_thawed;        /* begun by the main before us */
	bool is_granted;       /* ours: the peer has made what we asked for */
	struct waiter wait;
	struct timer timer;    /* of a job that is not answered */
	struct snapshot *conf;
	enum status why;
	char words[IKE_DETAIL_LEN];

	uint32_t msgid;        /* theirs, and where the reply goes */
	struct endpoint local, remote;

	uint16_t ni_len, nr_len;
	uint8_t ni[NONCE_MAX], nr[NONCE_MAX];
	uint16_t group;        /* 0: no key exchange */
	uint16_t private_len, public_len, peer_public_len, secret_len;
	uint8_t private_key[IKE_DH_MAX];
	uint8_t public_key[IKE_DH_MAX];
	uint8_t peer_public[IKE_DH_MAX];
	uint8_t secret[IKE_DH_MAX];
	uint64_t groups_tried; /* ours: bits of the list that is offered */

	struct followups more;

	bool wants_ticket;     /* theirs: N(TICKET_REQUEST) came */
	uint32_t peer_old_spi; /* theirs: what REKEY_SA said */
	uint8_t wish;          /* ours, NEW_CHILD: its number */
	uint32_t old_spi;      /* REKEY_CHILD: our inbound SPI of the one to be replaced */
	struct child_offer child;
	struct chosen chosen;  /* REKEY_IKE */
	struct ike_suite suite;
	uint64_t spi_ours, spi_peer;
	uint32_t peer_window;  /* REKEY_IKE: of the successor */
	struct qcd_token peer_token; /* REKEY_IKE, ours: for the successor */

	/* ours: what the peer made of the same SA meanwhile */
	uint32_t rival_spi;    /* child; 0: none */
	struct ike_sa *rival;  /* IKE SA, whose predecessor is ours; NULL: none */
	uint16_t rival_nonce_len;
	uint8_t rival_nonce[NONCE_MAX]; /* the lower one of its exchange */
};

/* Begins one of ours; sa->mine is set until it ends. old_spi: REKEY_CHILD; wish: NEW_CHILD. ST_NOMEM. */
enum status exchange_begin(struct ike_sa *sa, enum x_kind kind, uint32_t old_spi, uint8_t wish)
	MUST_USE;
/* An empty one of ours that waits for its reply, for a thaw. NULL: out of memory. */
struct exchange *exchange_thaw(struct ike_sa *sa);
/* The peer's authentic CREATE_CHILD_SA request, judged by the payload table: answered now or later. */
void exchange_on_request(struct ike_sa *sa, const struct msg_in *m);
/* The reply to ours. st: how it was judged. */
void exchange_on_reply(struct ike_sa *sa, const struct msg_in *m, enum status st);
/* Finds the row, runs its action, enters the next state; ends and frees it when it is over. */
void exchange_event(struct exchange *x, const struct x_event *ev);
/* The SA is over: all are forgotten, and requests of the peer's that still wait are refused. */
void exchange_abort(struct ike_sa *sa);
/* Ours, which is not out yet, gives way: it is wanted again later. */
void exchange_drop(struct exchange *x);
/* What the job of x that is done now means to it. */
enum x_event_kind exchange_job_kind(const struct exchange *x);
/* Do both rekey the same child, or both the IKE SA? */
bool exchange_is_same(const struct exchange *a, const struct exchange *b);
/* The peer's about the same SA as ours, still being computed, is refused: ours is done. */
void exchange_yield(struct exchange *x);
/* Ours is given up; its request stays open until it is answered. */
void exchange_forget_mine(struct ike_sa *sa);
/* The peer is told spi_ours: nobody takes it for an SPI that we lost. */
void exchange_promise(struct exchange *x);
/* Frees all and tells nobody. */
void exchange_forget(struct ike_sa *sa);
/* The successor that the peer made meanwhile stands by itself from now on; NULL: there is none. */
struct ike_sa *exchange_part(struct exchange *x);
/* Is a request of ours out that is part of one? */
bool exchange_is_open(const struct ike_sa *sa);
/* The peer has begun the same anew: those of its series that wait for their next message are over. */
void exchange_supersede(struct exchange *x);
/* Is one under way that makes a child? */
bool exchange_makes_child(const struct ike_sa *sa);

/* Of the two nonces the lower one, as RFC 7296 2.8.1 compares them. */
struct view exchange_low_nonce(const struct exchange *x);
bool exchange_nonce_lower(struct view a, struct view b);
/* Remembers why it fails and returns st; the first reason stays. */
enum status exchange_fail(struct exchange *x, enum status st, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
enum status exchange_generate(struct exchange *x) MUST_USE; /* asks for a key pair of x->group */
enum status exchange_compute(struct exchange *x) MUST_USE;  /* and for the shared secret */
/* The answer to the first is kept; ST_OK or why there is none. */
enum status exchange_keep_pair(struct exchange *x, const struct ike_job_result *job) MUST_USE;
/* The peer's value, of x->group. ST_INVALID_KE, ST_BAD_KE, ST_TRUNCATED... */
enum status exchange_read_ke(struct exchange *x, const struct ike_payloads *p) MUST_USE;
enum status exchange_keep_secret(struct exchange *x, const struct ike_job_result *job) MUST_USE;

/* The whole table, for its own test. */
const struct x_row *exchange_rows(size_t *n);

#endif
