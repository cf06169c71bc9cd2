/* EAP (RFC 3748): one conversation, as server (authenticator and its local authentication server) or
 * as peer. Pure: a packet or an answer goes in, a step comes out. A step may take milliseconds (TLS,
 * scrypt), so the world runs it in a job thread on a borrowed conversation; it never blocks, never
 * calls out, knows no clock. One thread at a time.
 *
 *   server_start -> SEND Identity request (or the first method's, when the identity is known)
 *   server_packet -> SEND .. WANT_USER -> server_user -> SEND .. -> SUCCESS | FAILURE
 *
 * After SUCCESS and FAILURE every call gives FAILURE with ST_BAD_STATE. A call that answers a
 * question nobody asked gives FAILURE, too. */
#ifndef CORE_EAP_EAP_H
#define CORE_EAP_EAP_H

#include "core/base/rd.h"
#include "core/base/status.h"
#include "core/eap/user.h"
#include "core/wire/eap.h"

#define EAP_PACKET_MAX    4096
#define EAP_MSK_LEN       64
#define EAP_METHODS_MAX   8
#define EAP_CHAIN_MAX     16 /* certificates of a TLS peer */
#define EAP_ROUNDS_MAX    128 /* packets that a conversation reads, dropped ones included */
#define EAP_FRAGMENT_MIN  64
#define EAP_FRAGMENT_SIZE 1024 /* where the configuration says nothing: bytes of an EAP packet with TLS */

struct tls_ctx; /* core/crypto/tls.h */

enum eap_step_kind {
	EAP_SEND,         /* out is to be sent; what comes back goes to _packet */
	EAP_NOTHING,      /* the packet was dropped for `status`; out = what was sent last, for a lower layer that
	                     has to answer (server, may be empty) */
	EAP_WANT_USER,    /* server: verifiers of `name` for `method`; _user */
	EAP_WANT_SIGN,    /* TLS: a signature by our key over sign_data; _signed */
	EAP_WANT_CHAIN,   /* TLS: may this chain log in; _chain */
	EAP_WANT_PASSWORD, /* peer: password, and user name when want_name; _password */
	EAP_SUCCESS,      /* server: out = EAP-Success; both: name, has_msk, msk */
	EAP_FAILURE       /* server: out = EAP-Failure, except after SUCCESS or FAILURE; status, words */
};

/* What a method found out about a secret in this step. The world counts it (lockout) at once, whatever
 * comes next: a peer that guesses does not wait for its EAP-Failure. */
enum eap_checked { EAP_CHECKED_NOTHING, EAP_CHECKED_RIGHT, EAP_CHECKED_WRONG };

/* One step. Views point into the conversation and are valid until its next call. Holds key material
 * (msk, packets with passwords): the holder wipes it (mem_zero). */
struct eap_step {
	enum eap_step_kind kind;
	uint16_t out_len; /* 0: nothing to send */
	uint8_t out[EAP_PACKET_MAX];
	char name[EAP_NAME_MAX + 1]; /* of the user, as the method took it: no domain with MSCHAPv2. Any bytes but
	                                NUL: escape it in logs */
	uint8_t method;              /* EAP type in progress, 0 before one is */
	enum eap_checked checked;
	uint64_t totp_step; /* with CHECKED_RIGHT: time step of the code that was used up, 0: none */
	bool has_msk;
	uint8_t msk[EAP_MSK_LEN];
	enum status status; /* NOTHING, FAILURE; SEND: not ST_OK when the peer is told that it fails (a TLS alert) */
	char words[256];    /* FAILURE, and such a SEND: a sentence. WANT_PASSWORD: what the gateway asks for, or "" (its bytes: escape) */
	bool want_name;
	uint16_t sign_scheme; /* TLS SignatureScheme (RFC 8446 4.2.3) */
	struct view sign_data;
	size_t n_chain;
	struct view chain[EAP_CHAIN_MAX]; /* DER, leaf first */
	struct view stapled;              /* OCSP response of the leaf, or nothing */
};

typedef void (*eap_random_fn)(void *arg, void *out, size_t len);

/* FortiClient (its notify 0xF100 says who it is): a second factor after MSCHAPv2 is announced by an
 * EAP-Success of five bytes that ends with the type to come, 0x06; then follows GTC, and AUTH is made
 * without an MSK (has_msk is false). Without a second factor nothing is different. */
#define EAP_QUIRK_FORTICLIENT 1u
/* EAP-TLS: the user is the first name in the certificate, whatever the EAP identity says. Without it a
 * certificate that does not have the identity among its names is refused (ST_EAP_NAME). */
#define EAP_TLS_ANY_NAME 2u

struct eap_server_conf {
	uint8_t methods[EAP_METHODS_MAX]; /* EAP types in order of preference; those without a row are skipped */
	uint8_t n_methods;
	uint8_t inner[EAP_METHODS_MAX]; /* inside TTLS and PEAP; GTC also allows PAP, MSCHAPV2 also TTLS-MSCHAPv2 */
	uint8_t n_inner;
	bool query_identity;
	struct view identity;    /* the IKE identity as text: the name when nothing is queried, or when the answer
	                            is empty (Android). Copied. */
	const char *server_name; /* in challenges of MSCHAPv2; copied, at most 64 bytes */
	uint8_t first_id;        /* identifier of the first request */
	uint16_t fragment_size;  /* EAP_FRAGMENT_MIN .. EAP_PACKET_MAX; 0: EAP_FRAGMENT_SIZE */
	const struct tls_ctx *tls;       /* EAP-TLS: wants a client certificate. Borrowed, outlives it all; NULL: no TLS */
	const struct tls_ctx *tls_inner; /* TTLS, PEAP: wants none */
	eap_random_fn random;
	void *random_arg;
	uint32_t quirks;
};

struct eap_server;

/* NULL: out of memory, or no method of the list exists. */
struct eap_server *eap_server_new(const struct eap_server_conf *c);
void eap_server_start(struct eap_server *s, struct eap_step *out);
/* now_s: UTC, for codes that depend on time (RFC 6238). */
void eap_server_packet(struct eap_server *s, int64_t now_s, struct view packet, struct eap_step *out);
/* The answers. u is copied as far as it is needed. */
void eap_server_user(struct eap_server *s, int64_t now_s, const struct eap_user *u, struct eap_step *out);
void eap_server_signed(struct eap_server *s, enum status st, struct view signature, struct eap_step *out);
/* words: why not, for the log; may be NULL. */
void eap_server_chain(struct eap_server *s, enum status st, const char *words, struct eap_step *out);
/* The name so far: from the identity, or what the method found. Never NULL. */
const char *eap_server_name(const struct eap_server *s);
uint32_t eap_server_dropped(const struct eap_server *s);
void eap_server_free(struct eap_server *s); /* NULL is fine */

struct eap_peer_conf {
	uint8_t methods[EAP_METHODS_MAX]; /* in order of preference: what a Nak lists */
	uint8_t n_methods;
	struct view identity; /* our IKE identity as text, copied */
	struct view username; /* configured, or empty; copied */
	struct view password; /* configured, or empty: asked for when it is needed; copied */
	uint16_t fragment_size;
	const struct tls_ctx *tls; /* EAP-TLS; NULL: no TLS, and no Nak lists it */
	eap_random_fn random;
	void *random_arg;
};

struct eap_peer;

/* NULL: out of memory, or no method of the list exists. */
struct eap_peer *eap_peer_new(const struct eap_peer_conf *c);
/* SUCCESS comes only when the method was through: an EAP-Success before is FAILURE with
 * ST_EAP_EARLY. */
void eap_peer_packet(struct eap_peer *p, struct view packet, struct eap_step *out);
/* name may be empty: the IKE identity then. ST_OK or why there is none. */
void eap_peer_password(struct eap_peer *p, enum status st, struct view name, struct view password,
	struct eap_step *out);
void eap_peer_signed(struct eap_peer *p, enum status st, struct view signature, struct eap_step *out);
void eap_peer_chain(struct eap_peer *p, enum status st, const char *words, struct eap_step *out);
uint32_t eap_peer_dropped(const struct eap_peer *p);
void eap_peer_free(struct eap_peer *p);

#endif
