/* THE transitions of an IKE SA, both roles: {state, event, action, next_ok, next_fail}.
 *
 * initiator  NEW -> I_DH -> I_INIT -> I_SECRET -> I_KEYS -> I_AUTH -> I_AUTHORIZE -> I_COMMIT -> UP
 * responder  NEW -> R_DH -> R_SECRET -> R_AUTH -> R_NAME -> R_KEYS -> R_AUTHORIZE -> R_ADDRESS -> R_COMMIT -> UP
 * signatures I_KEYS -> I_SIGN -> I_AUTH -> I_PROOF -> I_AUTHORIZE;  R_KEYS -> R_PROOF -> R_SIGN -> R_AUTHORIZE
 * EAP        I_AUTH -> I_PROOF -> I_EAP_ASK <-> I_EAP;  I_EAP_ASK -> I_FINAL -> I_AUTHORIZE
 *            R_KEYS -> R_SIGN -> R_EAP_ASK <-> R_EAP;  R_EAP_ASK -> R_FINAL -> R_AUTHORIZE
 * twice      R_SIGN -> R_NEXT -> R_EAP_ASK (RFC 4739)
 * redirect   NEW -> R_INIT_TARGET -> R_DH or DEAD;  R_KEYS -> R_AUTH_TARGET -> R_AUTHORIZE or R_REDIRECTED
 * resumed    NEW -> I_RESUME -> I_AUTH;  NEW -> R_TICKET -> R_AUTH -> R_NAME -> R_CLAIM -> R_AUTHORIZE
 * additional key exchanges: SECRET -> ADD_DH -> INTERMEDIATE -> ADD_SECRET, as often as agreed (initiator);
 *            SECRET -> INTERMEDIATE -> ADD_DH -> ADD_SECRET (responder)
 * both       UP -> DELETING -> DEAD;  UP -> REPLACED -> LINGER;  HEIR -> UP;  LINGER answers repeated requests for a while, then DEAD
 *
 * A state and event without a row: the event is counted and ignored, never fatal. An action that
 * returns ST_OK leads to next_ok, ST_PENDING stays, anything else leads to next_fail. Only
 * sa_enter() (sa.c) writes the state. */
#ifndef CORE_IKE_SA_TABLE_H
#define CORE_IKE_SA_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

/*  X(NAME, timeout_ms (0: none), status in `show`, description in `show`) */
#define SA_STATE_LIST(X) \
	X(NEW, 10000, "IN-NEG", "Created") \
	X(I_DH, 10000, "IN-NEG", "Initiator computing the key exchange value") \
	X(I_RESUME, 30000, "IN-NEG", "Initiator waiting for RESUME response") \
	X(I_INIT, 180000, "IN-NEG", "Initiator waiting for INIT response") \
	X(I_SECRET, 10000, "IN-NEG", "Initiator computing the shared secret") \
	X(I_ADD_DH, 10000, "IN-NEG", "Initiator computing an additional key exchange value") \
	X(I_INTERMEDIATE, 180000, "IN-NEG", "Initiator waiting for INTERMEDIATE response") \
	X(I_ADD_SECRET, 10000, "IN-NEG", "Initiator computing an additional shared secret") \
	X(I_KEYS, 20000, "IN-NEG", "Initiator waiting for its credentials") \
	X(I_SIGN, 10000, "IN-NEG", "Initiator waiting for its own signature") \
	X(I_AUTH, 180000, "IN-NEG", "Initiator waiting for AUTH response") \
	X(I_PROOF, 60000, "IN-NEG", "Initiator judging the peer's certificate") \
	X(I_EAP_ASK, 120000, "IN-NEG", "Initiator waiting for its EAP method") \
	X(I_EAP, 180000, "IN-NEG", "Initiator waiting for EAP request") \
	X(I_FINAL, 180000, "IN-NEG", "Initiator waiting for AUTH response after EAP") \
	X(I_AUTHORIZE, 60000, "IN-NEG", "Initiator waiting for authorization") \
	X(I_COMMIT, 20000, "IN-NEG", "Initiator waiting for the session store") \
	X(R_TICKET, 10000, "IN-NEG", "Responder asking whether the ticket is still good") \
	X(R_DH, 10000, "IN-NEG", "Responder computing the key exchange value") \
	X(R_SECRET, 10000, "IN-NEG", "Responder computing the shared secret") \
	X(R_INTERMEDIATE, 30000, "IN-NEG", "Responder waiting for INTERMEDIATE message") \
	X(R_ADD_DH, 10000, "IN-NEG", "Responder computing an additional key exchange value") \
	X(R_ADD_SECRET, 10000, "IN-NEG", "Responder computing an additional shared secret") \
	X(R_AUTH, 30000, "IN-NEG", "Responder waiting for AUTH message") \
	X(R_NAME, 20000, "IN-NEG", "Responder waiting for the identity hook") \
	X(R_CLAIM, 20000, "IN-NEG", "Responder taking the ticket") \
	X(R_KEYS, 20000, "IN-NEG", "Responder waiting for its credentials") \
	X(R_PROOF, 60000, "IN-NEG", "Responder judging the peer's certificate") \
	X(R_SIGN, 10000, "IN-NEG", "Responder waiting for its own signature") \
	X(R_EAP_ASK, 60000, "IN-NEG", "Responder waiting for the EAP server") \
	X(R_EAP, 90000, "IN-NEG", "Responder waiting for EAP response") \
	X(R_FINAL, 90000, "IN-NEG", "Responder waiting for AUTH message after EAP") \
	X(R_NEXT, 90000, "IN-NEG", "Responder waiting for the next authentication") \
	X(R_AUTHORIZE, 60000, "IN-NEG", "Responder waiting for authorization") \
	X(R_ADDRESS, 60000, "IN-NEG", "Responder waiting for an address") \
	X(R_COMMIT, 20000, "IN-NEG", "Responder waiting for the session store") \
	X(R_INIT_TARGET, 2000, "IN-NEG", "Responder waiting for a better gateway") \
	X(R_AUTH_TARGET, 2000, "IN-NEG", "Responder waiting for a better gateway") \
	X(R_REDIRECTED, 10000, "DELETE", "Redirected, the peer is to delete it") \
	X(UP, 0, "READY", "Negotiation done") \
	X(HEIR, 60000, "READY", "Successor of a rekeyed IKE SA, not in charge yet") \
	X(REPLACED, 60000, "DELETE", "Rekeyed, the peer is to delete it") \
	X(DELETING, 60000, "DELETE", "Deleting IKE SA") \
	X(LINGER, 5000, "DELETE", "Deleting IKE SA") \
	X(DEAD, 0, "DELETE", "Deleting IKE SA")

enum sa_state {
#define X(name, timeout, status, words) SA_##name,
	SA_STATE_LIST(X)
#undef X
	SA_STATES
};

/* What may happen to an SA. Messages have been authenticated (INIT replies excepted), parsed and
 * judged before they become an event: one kind of message may be several events. */
#define SA_EVENT_LIST(X) \
	X(CONNECT)        /* initiator starts */ \
	X(ACCEPT)         /* responder: an acceptable INIT request */ \
	X(MAY_REDIRECT)   /* the same, or the right key: but another gateway may be better */ \
	X(REDIRECTED)     /* it is: the client is to go there */ \
	X(RESUME)         /* initiator starts, with a ticket */ \
	X(TICKET)         /* responder: an acceptable RESUME request */ \
	X(JOB)            /* a computation ended, well or badly */ \
	X(JOB_MORE)       /* the same, and another key exchange follows */ \
	X(GRANTED)        /* a question was answered with yes */ \
	X(CHILDLESS)      /* yes, but the first child is already known to be impossible */ \
	X(SIGN)           /* yes, and we are to sign */ \
	X(SIGNED)         /* yes, or a reply: and the peer's signature is to be judged */ \
	X(EAP)            /* well, and EAP is next */ \
	X(EAP_OVER)       /* yes, and EAP has succeeded */ \
	X(ANOTHER)        /* well, and the peer authenticates once more (RFC 4739) */ \
	X(RESUMED)        /* yes, and the SA is being resumed: no key is asked for */ \
	X(REFUSED)        /* a question was answered with no */ \
	X(COMMITTED)      /* the store answered, well or badly */ \
	X(INIT_REPLY)     \
	X(RESUME_REPLY)   \
	X(INIT_COOKIE)    /* the responder wants its cookie back */ \
	X(INIT_GROUP)     /* the responder wants another group that we allow */ \
	X(INIT_REFUSED)   /* an unprotected error: a hint only */ \
	X(INIT_REDIRECT)  /* go elsewhere, says somebody who knows our nonce */ \
	X(INTERMEDIATE_REQUEST) \
	X(INTERMEDIATE_REPLY) \
	X(AUTH_REQUEST)   \
	X(AUTH_REPLY)     \
	X(EAP_REQUEST)    /* IKE_AUTH with an EAP packet */ \
	X(EAP_REPLY)      \
	X(AUTH_REDIRECT)  /* AUTH, and go elsewhere */ \
	X(BAD_REPLY)      /* authentic reply to IKE_AUTH, but malformed */ \
	X(AUTH_REFUSED)   /* protected error without an AUTH payload */ \
	X(INFO_REQUEST)   \
	X(REDIRECT_REQUEST) /* the same for an established SA */ \
	X(DELETE_REQUEST) /* the peer deletes this IKE SA */ \
	X(CHILD_REQUEST)  /* CREATE_CHILD_SA: new child or rekey */ \
	X(CHILD_REPLY)    \
	X(BAD_REQUEST)    /* authentic, but malformed: fatal (RFC 7296 2.21.3) */ \
	X(CRITICAL)       /* authentic, unknown critical payload */ \
	X(INFO_REPLY)     \
	X(NO_REPLY)       /* our request was repeated often enough */ \
	X(TIMEOUT)        /* the state lasted too long */ \
	X(CRASHED)        /* the peer lost it, as its token proves */ \
	X(DPD)            /* liveness check is due */ \
	X(LIFETIME)       /* lifetime of the SA or of the session is over */ \
	X(REPLACED)       /* its successor is in charge, and the peer deletes this one */ \
	X(SUPERSEDED)     /* the peer has resumed its session in another IKE SA */ \
	X(CLOSE)          /* the operator, or a newer SA of the same peer */ \
	X(CHILD_LOST)     /* the data path lost the child */

enum sa_event_kind {
#define X(name) SE_##name,
	SA_EVENT_LIST(X)
#undef X
	SA_EVENTS
};

struct ike_sa;
struct sa_event;
typedef enum status sa_action(struct ike_sa *sa, const struct sa_event *ev);

struct sa_row {
	uint8_t state;
	uint8_t event;
	uint8_t next_ok;
	uint8_t next_fail;
	sa_action *action;
};

struct sa_state_info {
	const char *name;
	uint32_t timeout_ms;
	const char *status;
	const char *words;
};

/* NULL: no row. */
const struct sa_row *sa_row_find(enum sa_state state, enum sa_event_kind event);
/* The whole table, for its own test. */
const struct sa_row *sa_rows(size_t *n);
const struct sa_state_info *sa_state_info(enum sa_state state);
const char *sa_event_name(enum sa_event_kind event);

#endif
