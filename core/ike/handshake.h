/* What an SA needs only until it is established: nonces, messages to be signed, what the peer asked
 * for. Of fixed size but for the two INIT messages and an SA payload (at most INIT_MAX bytes each),
 * so that unauthenticated input cannot make it grow. Wiped when freed. */
#ifndef CORE_IKE_HANDSHAKE_H
#define CORE_IKE_HANDSHAKE_H

#include "core/conf/choose.h"
#include "core/conf/snapshot.h"
#include "core/crypto/dh.h"
#include "core/crypto/prf.h"
#include "core/crypto/suite.h"
#include "core/ike/ike.h"
#include "core/ike/ticket.h"
#include "core/wire/ke.h"

#define INIT_MAX 4096
#define HANDSHAKE_PROPOSALS 16
#define HANDSHAKE_RETRIES 5  /* cookies and other groups before we stop following */
#define HANDSHAKE_COOKIE 64  /* RFC 7296 2.6 */
#define NONCE_LEN 32
#define HANDSHAKE_AUTHORITIES (64 * 20) /* octets of CERTREQ that are kept */

struct intermediate;
struct ppk;
struct proof;

/* The first child as the peer asked for it (responder), or as we did (initiator). */
struct child_offer {
	enum status status;     /* ST_OK, or why it cannot be */
	bool transport;         /* asked for, then agreed on; mode.h */
	struct chosen chosen;
	struct esp_suite suite;
	uint32_t spi_peer;
	uint32_t spi_ours;
	uint8_t n_ts_i;
	uint8_t n_ts_r;
	struct ts ts_i[IKE_TS_MAX];
	struct ts ts_r[IKE_TS_MAX];
};

/* What the client can come back with; secret. */
struct session_offer {
	uint32_t wait_s;
	uint16_t id_len;    /* 0: it has ID and token */
	uint8_t id[IKE_ID_LEN];
	uint8_t token[IKE_SESSION_TOKEN];
	uint16_t state_len; /* 0: none */
	uint8_t state[IKE_SESSION_STATE];
};

struct handshake {
	struct snapshot *conf;  /* the configuration of this negotiation */
	uint8_t *init_request;
	uint8_t *init_reply;
	size_t init_request_len;
	size_t init_reply_len;
	uint16_t ni_len;
	uint16_t nr_len;
	uint8_t ni[NONCE_MAX];
	uint8_t nr[NONCE_MAX];
	bool peer_sent_natd;
	bool is_proven;              /* responder: a cookie came back from its address */
	bool follows_redirects;      /* responder: the client does */
	struct addr redirected_from; /* responder: who sent the client; family 0: nobody */

	/* key exchange */
	struct chosen chosen;
	struct intermediate *intermediate; /* NULL: no additional key exchange was chosen */
	uint16_t private_len;
	uint16_t public_len;
	uint16_t peer_public_len;
	uint8_t private_key[DH_PRIVATE_MAX];
	uint8_t public_key[DH_PUBLIC_MAX];
	uint8_t peer_public[DH_PUBLIC_MAX];

	/* initiator */
	struct ike_connect *connect;
	uint16_t group;                  /* of our KE payload */
	uint64_t groups_tried;           /* bits of our own list */
	uint8_t retries;                 /* responder: INIT replies sent again */
	uint8_t refusals;                /* unprotected errors seen */
	uint8_t cookie_len;
	uint8_t cookie[HANDSHAKE_COOKIE];
	enum status hint;                /* what those errors say */
	char hint_words[IKE_DETAIL_LEN];

	/* resumption (RFC 5723) */
	struct ticket *resumed;          /* NULL: an ordinary login */
	uint8_t *ticket;                 /* initiator: as it is presented */
	size_t ticket_len;
	bool wants_ticket;               /* responder: N(TICKET_REQUEST) came */

	/* sessions that wait (docs/reconnect.md) */
	bool by_token;                   /* responder: the client comes back to one */
	struct session_offer *session;   /* responder: what it gets to come back with; NULL: nothing */
	struct view session_state;       /* responder: of another gateway; only while the request is read */

	/* IKE_AUTH */
	struct ppk *ppk;                 /* NULL: no post-quantum key is in play */
	bool has_asked_proof;            /* the world keeps something of it: ports->forget */
	struct proof *proof;             /* NULL before IKE_AUTH */
	uint16_t peer_hashes;            /* of signatures, as the peer announced them (RFC 7427); 0: none */
	bool peer_wants_ocsp;            /* RFC 4806 */
	bool peer_eap_only;              /* responder: the client would do without our certificate (RFC 5998) */
	uint16_t authorities_len;        /* the peer's CERTREQ */
	uint8_t authorities[HANDSHAKE_AUTHORITIES];
	uint8_t remote_key[IKE_PSK_LEN]; /* initiator: until the reply was verified */
	uint16_t remote_key_len;
	char name[IKE_ID_LEN];           /* that a script gave the peer; "" usually */
	bool initial_contact;
	bool is_forticlient;             /* responder: the client's notify says so; eap.h says what for */
	bool another_follows;            /* responder: the client authenticates once more (RFC 4739) */
	bool peer_childless;             /* initiator: the peer can do without a child (RFC 6023) */
	bool is_childless;               /* IKE_AUTH makes none */
	uint8_t cp_type;                 /* enum cp_type of the peer's payload; 0: none that counts */
	uint8_t cp_asked;                /* CP_ASKED_ bits of it; cp.h */
	uint8_t n_networks;              /* responder: of the peer's own, as it announced them */
	struct prefix networks[IKE_NETS_MAX];
	bool allows_ip4;                 /* responder: no address, and there are some of this family */
	bool allows_ip6;
	bool wants_ip4;
	bool wants_ip6;
	struct addr hint_ip4;
	struct addr hint_ip6;
	struct child_offer child;
	uint8_t *child_sa;               /* responder: SA payload as it came, for when the
					  * profile is chosen */
	size_t child_sa_len;
	char child_words[IKE_DETAIL_LEN]; /* why child.status is not ST_OK */
};

/* NULL: out of memory. conf is referenced. */
struct handshake *handshake_new(struct snapshot *conf);
void handshake_free(struct handshake *hs); /* NULL is allowed */
/* Copies a whole message. ST_BAD_LENGTH when longer than INIT_MAX; ST_NOMEM. */
enum status handshake_keep_request(struct handshake *hs, struct view msg) MUST_USE;
enum status handshake_keep_reply(struct handshake *hs, struct view msg) MUST_USE;
/* It is none of a resumption any more. */
void handshake_forget_ticket(struct handshake *hs);
/* The same for the body of the first child's SA payload. */
enum status handshake_keep_child_sa(struct handshake *hs, struct view body) MUST_USE;

#endif
