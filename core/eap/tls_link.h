/* What EAP-TLS, TTLS and PEAP have in common, in both roles: a TLS connection (core/crypto/tls.h)
 * in pieces (tls_frame.h), its handshake, and the end of one that fails.
 *
 * Every function that takes a turn returns true when the method itself has to go on, or false when
 * *kind is what the method returns to the framework. There is no resumption of TLS sessions. */
#ifndef CORE_EAP_TLS_LINK_H
#define CORE_EAP_TLS_LINK_H

#include "core/crypto/tls.h"
#include "core/eap/method.h"
#include "core/eap/tls_frame.h"

enum tls_link_state {
	TLS_LINK_IDLE, /* before the start packet */
	TLS_LINK_HANDSHAKE,
	TLS_LINK_OPEN,  /* the handshake is complete */
	TLS_LINK_ENDING /* it failed, and the alert is on its way */
};

struct tls_link {
	enum tls_link_state state;
	uint8_t type; /* of the EAP method: context of keying material */
	bool is_peer;
	struct tls_conn *tls;
	struct tls_frame frame;
	enum status end_status; /* ENDING */
	char words[256];        /* why: of the chain that was refused, or of TLS */
};

/* TTLS and PEAP have a version in their flags (tls_frame.h). */
enum status tls_link_init(struct tls_link *l, uint8_t type, const struct eap_env *env,
	const struct tls_ctx *ctx, bool with_peer_chain) MUST_USE;
void tls_link_be_peer(struct tls_link *l);
void tls_link_fini(struct tls_link *l); /* also after an init that failed */

/* Server: the start packet. */
enum eap_step_kind tls_link_start(struct tls_link *l, struct eap_turn *t);

/* A packet of the peer. True: state is OPEN, and the method reads (tls_read) what came: *is_empty
 * when it was nothing, an acknowledgement. l->state before tells whether the handshake has just
 * ended; then what tls_out has may be our last flight. */
bool tls_link_packet(struct tls_link *l, struct view data, struct eap_turn *t, bool *is_empty,
	enum eap_step_kind *kind);
/* The answers; true: the handshake has just ended. */
bool tls_link_signed(struct tls_link *l, enum status st, struct view signature, struct eap_turn *t,
	enum eap_step_kind *kind);
bool tls_link_judged(struct tls_link *l, enum status st, const char *words, struct eap_turn *t,
	enum eap_step_kind *kind);

/* The end of a connection that failed after its handshake: a server says EAP-Failure next; a peer
 * answers (with nothing) so that it can. */
enum eap_step_kind tls_link_end(
	struct tls_link *l, enum status st, const char *words, struct eap_turn *t);

/* Sends what waits in tls_out, in pieces; an empty packet when nothing does. */
enum eap_step_kind tls_link_send(struct tls_link *l, struct eap_turn *t);
/* Data for the inside of the tunnel, then as above. */
enum eap_step_kind tls_link_write(struct tls_link *l, struct view data, struct eap_turn *t);
/* All data that came, up to size bytes, in order; more than that, a close or a broken record: why.
 */
enum status tls_link_read(struct tls_link *l, uint8_t *out, size_t size, size_t *len) MUST_USE;

/* 128 bytes of Key_Material: RFC 5216 2.3 and RFC 5281 8 (label12) for TLS 1.2, RFC 9190 2.3 and
 * RFC 9427 2.1 for TLS 1.3. */
#define TLS_LINK_KEY_LEN 128
enum status tls_link_key(
	struct tls_link *l, const char *label12, uint8_t out[TLS_LINK_KEY_LEN]) MUST_USE;
/* The MSK, its first half, into the step. */
enum status tls_link_msk(struct tls_link *l, const char *label12, struct eap_step *step) MUST_USE;

#endif
