/* What goes through the engine's ports: questions, answers and commits, all plain values. Computations are in
 * job.h, what is installed in child_spec.h, what is told in events.h. */
#ifndef CORE_IKE_QUESTIONS_H
#define CORE_IKE_QUESTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/endpoint.h"
#include "core/base/rd.h"
#include "core/base/status.h"
#include "core/base/ulid.h"
#include "core/ike/granted.h"
#include "core/wire/gateway.h"
#include "core/wire/ts.h"

#define IKE_NAME_LEN 64    /* names of configuration objects, with NUL */
#define IKE_ID_LEN 256     /* longest identity kept; longer ones are refused */
#define IKE_PSK_LEN 256
#define IKE_DETAIL_LEN 256 /* a sentence for the operator */
#define IKE_CERTS_MAX 16   /* CERT payloads of one side; more are refused */
#define IKE_EAP_MAX 4096   /* one EAP packet */
#define IKE_MSK_LEN 64     /* of the MSK: what an AUTH payload is made of (RFC 7296 2.16) */
#define IKE_SESSION_STATE 4096 /* octets of a session that its client carries to another gateway */
#define IKE_SESSION_TOKEN 32 /* octets: with it a client comes back to its session; docs/reconnect.md */

struct ike_id {
	uint8_t type; /* RFC 7296 3.5: 1 IPv4, 2 FQDN, 3 email, 5 IPv6, 9 DN, 11 key-id; 0 none */
	uint8_t reserved[3]; /* of the ID payload as it was received: signed, else meaningless */
	uint16_t len;
	uint8_t bytes[IKE_ID_LEN];
};

/* CERT payload (RFC 7296 3.6): a certificate, a bundle, a hash and URL, an OCSP response (RFC 4806). */
struct ike_cert {
	uint8_t encoding;
	struct view data; /* not empty */
};

/* ---- ask: a question to the world ------------------------------------------------------- */

/* ASK_KEYS: what we prove with who we are, and the key that the peer proves itself with, if it is shared.
 * ASK_PROOF: is the peer's signature right, and may its certificate log in here?
 * ASK_EAP: the peer's EAP packet, and what is the answer? One conversation an SA; ports->forget ends it, and after ASK_KEYS it is
 * called as well.
 * ASK_HOOK: responder, who the peer says it is (not proven yet), with the profile that the
 * configuration would choose. ASK_REDIRECT: responder, is there a better gateway for this client?
 * ASK_TICKET: may the session of a ticket be resumed? The others are what their names say. */
enum ike_ask_kind { ASK_KEYS, ASK_PROOF, ASK_EAP, ASK_AUTHORIZE, ASK_ADDRESS, ASK_HOOK, ASK_REDIRECT, ASK_TICKET };

struct ike_question {
	enum ike_ask_kind kind;
	uint64_t sa;                /* number of the IKE SA */
	bool we_are_initiator;
	char profile[IKE_NAME_LEN];
	struct endpoint local;
	struct endpoint remote;
	struct ike_id peer_id;
	struct ike_id my_id;
	char peer_name[IKE_ID_LEN]; /* ASK_KEYS as initiator: host name dialled, or "" */
	uint16_t ppk_id_len;        /* ASK_KEYS: ID of the post-quantum key that is wanted; 0: none */
	uint8_t ppk_id[IKE_ID_LEN];
	/* ASK_KEYS: what the peer can do with our certificate: hashes it knows (SIG_HASH_...; 0: it has
	 * no RFC 7427), its CERTREQ (SHA-1 hashes of the keys of its CAs, 20 octets each), does it want the
	 * OCSP response */
	uint16_t hashes;
	struct view authorities;
	bool wants_ocsp;
	/* ASK_PROOF: data of the peer's AUTH payload, what it covers, its CERT payloads. Views are valid during the
	 * call. */
	uint8_t method;
	struct view auth;
	struct view octets;
	uint8_t n_certs;
	struct ike_cert certs[IKE_CERTS_MAX];
	/* ASK_EAP: the peer's packet, valid during the call; empty: it begins, and we speak first */
	struct view eap;
	struct ike_id eap_id;       /* responder: who the peer says it is, in this round of authentication */
	bool is_forticlient;        /* responder: it has its own way of asking for a code */
	bool proves_gateway;        /* nothing else proves the responder (RFC 5998) */
	char name[IKE_ID_LEN];      /* ASK_AUTHORIZE: the user's name that ASK_HOOK gave; "" none */
	uint8_t peer_method;        /* how the peer has authenticated: as in struct ike_sa_info; 0: not yet */
	char user[IKE_ID_LEN];      /* ASK_AUTHORIZE: whom EAP proved the peer to be; "" none */
	/* ASK_KEYS, ASK_AUTHORIZE as responder: peer_id is a session ID, and the peer resumes that session */
	bool by_token;
	bool initial_contact;       /* ASK_AUTHORIZE: what the peer had before is over (RFC 7296 2.4) */
	bool wants_token;           /* ASK_ADDRESS: it asks for what it could come back with, */
	bool wants_state;           /* and to another gateway */
	struct view session_state;  /* ASK_HOOK: what it brings from one; valid during the call */
	struct ulid session;        /* ASK_ADDRESS: from the answer to ASK_AUTHORIZE */
	struct ulid ticket;         /* ASK_TICKET: session that it was given for */
	/* ASK_TICKET: the peer has proven that the ticket is its own; with a yes it is used up, and no
	 * later question gets a yes. */
	bool claims_ticket;
	bool wants_ip4;             /* ASK_ADDRESS: a CFG_REQUEST asked for it */
	bool wants_ip6;
	/* Address the peer would like; family 0 = any. ASK_AUTHORIZE as initiator: what it gave us. */
	struct addr hint_ip4;
	struct addr hint_ip6;
	/* ASK_AUTHORIZE as initiator: the device of ike_connect. Both roles: networks the peer announced. */
	uint32_t tun;
	uint8_t n_subnets; /* ASK_AUTHORIZE as responder: those that came with the peer's IKE_AUTH */
	struct prefix subnets[IKE_NETS_MAX];
	struct addr redirected_from; /* ASK_REDIRECT: who sent the client to us; family 0: nobody */
};

struct ike_answer {
	enum ike_ask_kind kind;
	enum status status;
	char detail[IKE_DETAIL_LEN]; /* why not, in words; "" when ST_OK */
	/* ASK_KEYS: key we authenticate with, key the peer authenticates with; the post-quantum key, when one
	 * was asked for and the peer has it by that ID */
	uint16_t ppk_len;
	uint8_t ppk[IKE_PSK_LEN];
	uint16_t local_key_len;
	uint16_t remote_key_len;
	uint8_t local_key[IKE_PSK_LEN];
	uint8_t remote_key[IKE_PSK_LEN];
	/* ASK_KEYS, where we sign: number of our key, scheme, CERT payloads in their order; what we ask the peer's
	 * certificate to be of (as `authorities` of the question). Views are valid during the call. */
	uint32_t key;
	uint16_t scheme;
	uint8_t n_certs;
	struct ike_cert certs[IKE_CERTS_MAX];
	struct view subject; /* of our certificate: a Name in DER */
	struct view authorities;
	/* ASK_EAP: the packet to be sent (valid during the call), also where the status is not ST_OK; is it over,
	 * and well? then the key that it made, if its method makes one, and who the user is. */
	struct view eap;
	bool eap_is_over;
	enum status eap_ends; /* not ST_OK: the peer is told in this packet that it fails; detail says why */
	uint8_t msk_len; /* 0 or IKE_MSK_LEN */
	uint8_t msk[IKE_MSK_LEN];
	/* ASK_HOOK: both "" where no script says anything */
	char profile[IKE_NAME_LEN]; /* to be used; the configuration chooses otherwise */
	char name[IKE_ID_LEN];      /* of the user, for authorization and in the session; ASK_EAP: too */
	/* The peer says that it resumes a session, of that profile: only the shared keys of ASK_KEYS prove it */
	bool by_token;
	/* ASK_TICKET, and ASK_AUTHORIZE by token: of the session, if it is up; 0: it ended without anybody ending it */
	uint64_t live_sa;
	/* ASK_AUTHORIZE. By token: also who the peer is, name as user, and when it has logged in (UTC) */
	struct ulid session;
	struct ike_id peer_id;
	uint64_t login_s;
	/* ASK_ADDRESS; what the client can come back with, when it asked: session_id_len 0: nothing */
	struct ike_grant grant;
	uint16_t session_id_len;
	uint8_t session_id[IKE_ID_LEN];
	uint8_t token[IKE_SESSION_TOKEN];
	uint32_t wait_s;            /* how long its session would wait for it */
	struct view session_state;  /* valid during the call; empty: none */
	struct gateway gateway; /* ASK_REDIRECT; none: the client stays */
};

/* ---- commit: durable before the reply that grants it ------------------------------------- */

struct ike_commit {
	uint64_t sa;
	struct ulid session;
	struct endpoint local;
	struct endpoint remote;
	struct ike_id peer_id;
	char profile[IKE_NAME_LEN];
	uint32_t spi_in; /* of the first child */
};

#endif
