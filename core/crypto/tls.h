/* TLS 1.2 and 1.3 as a pure engine: bytes in, bytes out, for the methods of EAP that stand on it
 * and for RADIUS by TLS.
 * Nothing here waits or asks: where a signature of ours or a decision about the peer's certificates
 * is wanted, a step ends with that wish and goes on when it is answered. Our private key is not
 * here.
 *
 * There is no resumption: no tickets, no session cache, no 0-RTT; no renegotiation; key exchange is
 * always ephemeral (RFC 9325 4.2), signatures are SHA-256 or better. */
#ifndef CORE_CRYPTO_TLS_H
#define CORE_CRYPTO_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/status.h"

#define TLS_CHAIN_MAX     16    /* certificates of one side */
#define TLS_CHAIN_BYTES   65536 /* and their bytes, as the peer may send them */
#define TLS_SIGN_DATA_MAX 4096  /* bytes to be signed (TLS 1.3: 130; TLS 1.2: the key exchange) */
#define TLS_SIGNATURE_MAX 1024
#define TLS_1_2           0x0303
#define TLS_1_3           0x0304

enum tls_role { TLS_SERVER, TLS_CLIENT };

struct tls_conf {
	enum tls_role role;
	uint16_t min_version;     /* TLS_1_2 or TLS_1_3; 0 is TLS_1_2 */
	uint16_t max_version;     /* 0 is TLS_1_3 */
	const struct view *chain; /* ours, DER, leaf first; copied. A client may have none */
	size_t n_chain;           /* 0 .. TLS_CHAIN_MAX */
	const struct view *
		issuers; /* server: DER names that a client may choose its certificate by; copied */
	size_t n_issuers;
};

/* Everything that connections share; immutable, reference-counted, used by several threads. */
struct tls_ctx;
/* ST_CONFIG when a certificate cannot be used for TLS (or a server has none). */
enum status tls_ctx_new(const struct tls_conf *c, struct tls_ctx **out) MUST_USE;
struct tls_ctx *tls_ctx_ref(struct tls_ctx *c);
void tls_ctx_unref(struct tls_ctx *c); /* NULL is allowed */

/* One connection: one thread at a time. */
struct tls_conn;
enum tls_want {
	TLS_MORE,       /* the peer's next bytes are wanted */
	TLS_WANT_SIGN,  /* tls_sign_data; answered by tls_signed */
	TLS_WANT_CHAIN, /* tls_chain; answered by tls_chain_judged */
	TLS_DONE,       /* the handshake is complete */
	TLS_FAILED      /* tls_status, tls_words; what tls_out has (an alert) may still be sent */
};

/* with_peer_chain: a server demands a certificate of the client, or the handshake fails. A client
 * always demands one of the server. What the connection needs of ctx it holds itself: ctx may go
 * first. */
enum status tls_new(
	const struct tls_ctx *ctx, bool with_peer_chain, struct tls_conn **out) MUST_USE;
void tls_free(struct tls_conn *c); /* NULL is allowed; secrets are zeroed */

/* The handshake goes as far as it can with what came; `in` may be empty (a client's start), or
 * several records, or a part of one. After TLS_DONE the bytes are kept for tls_read. Takes up to
 * milliseconds. */
enum tls_want tls_step(struct tls_conn *c, struct view in);
/* What the last step waits for. tls_signed: the signature (TLS's own form: DER of ECDSA), or a
 * status. */
enum tls_want tls_signed(struct tls_conn *c, enum status st, struct view signature);
/* ST_OK accepts the peer's chain; anything else refuses it, with the alert that fits the status. */
enum tls_want tls_chain_judged(struct tls_conn *c, enum status st);

/* TLS_WANT_SIGN: the scheme (RFC 8446 4.2.3) and the bytes to be signed, valid until tls_signed. */
uint16_t tls_sign_scheme(const struct tls_conn *c);
struct view tls_sign_data(const struct tls_conn *c);
/* The peer's certificates, leaf first, at most TLS_CHAIN_MAX, from TLS_WANT_CHAIN to tls_free; 0 of
 * a client that showed none. */
size_t tls_chain(const struct tls_conn *c, struct view out[TLS_CHAIN_MAX]);

/* The bytes for the peer that are waiting; tls_sent takes all of them away. */
struct view tls_out(const struct tls_conn *c);
void tls_sent(struct tls_conn *c);

/* After TLS_DONE: data for the peer (it appears in tls_out), and data from the peer: ST_OK and *len
 * bytes, ST_PENDING when none is complete, ST_TLS_CLOSED after close_notify, ST_TLS when the peer
 * broke the rules. */
enum status tls_write(struct tls_conn *c, struct view data) MUST_USE;
enum status tls_read(struct tls_conn *c, uint8_t *out, size_t size, size_t *len) MUST_USE;
void tls_close(struct tls_conn *c); /* close_notify */

uint16_t tls_version(const struct tls_conn *c); /* TLS_1_2 or TLS_1_3 once negotiated */
const char *tls_cipher(const struct tls_conn *c); /* its name in the standard, "" before there is one */
/* Keying material (RFC 5705, RFC 8446 7.5); context.p == NULL is none, which TLS 1.2 tells from an
 * empty one. ST_BAD_STATE before TLS_DONE. */
enum status tls_export(struct tls_conn *c, const char *label, struct view context, uint8_t *out,
	size_t len) MUST_USE;

/* Why it failed: ST_TLS, ST_TLS_ALERT (the peer's alert), the status that refused the chain or the
 * signature, ST_NOMEM. Words end in the reason, never in a byte of the peer's. */
enum status tls_status(const struct tls_conn *c);
const char *tls_words(const struct tls_conn *c);

#endif
