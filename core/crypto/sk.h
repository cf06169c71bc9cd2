/* The Encrypted payload (RFC 7296 3.14; AEAD: RFC 5282, 7634). No heap; any thread.
 *
 *   0              sk_at          iv_at
 *   | IKE header ..| SK header    | IV | payloads | padding | pad length | ICV |
 *   `------ additional data ------'    `------- encrypted --------------'
 *
 * iv_at is sk_at + 4, or + 8 for an Encrypted Fragment (RFC 7383), whose two numbers are covered
 * as additional data. With CBC the ICV covers everything before it. */
#ifndef CORE_CRYPTO_SK_H
#define CORE_CRYPTO_SK_H

#include "core/base/rd.h"
#include "core/base/wr.h"
#include "core/crypto/suite.h"

#define SK_IV_MAX 16

/* Key of one direction; borrowed (see keys_sk). */
struct sk_key {
	const struct xf *encr;
	const struct xf *integ; /* NULL with an AEAD */
	const uint8_t *e;       /* encr->key_len bytes */
	const uint8_t *salt;    /* encr->salt_len bytes */
	const uint8_t *a;       /* integ->key_len bytes; NULL with an AEAD */
};

/* Bytes that protection adds to plain_len bytes of payloads: IV, padding, pad length, ICV. */
size_t sk_overhead(const struct sk_key *k, size_t plain_len);
/* Most bytes of payloads that fit when everything from the IV on may take room bytes; 0: none. */
size_t sk_plain_max(const struct sk_key *k, size_t room);

/* Starts the body: k->encr->iv_len bytes of room for the IV at the end of w. */
void sk_begin(const struct sk_key *k, struct wr *w);
/* w holds a message whose header is at 0, whose SK header is at sk_at, with sk_begin called at
 * iv_at and the payloads written after it. Appends padding and ICV, sets the payload length (at
 * sk_at + 2) and the message length (at 24), encrypts in place. iv: encr->iv_len bytes from a
 * random source (CBC: unpredictable; AEAD: never twice with one key: 64 random bits are enough for
 * the life of an IKE SA). ST_TRUNCATED: w overflowed or is too short; its contents then are plain
 * text and must not be sent. ST_BAD_LENGTH: a length does not fit its field. */
enum status sk_seal(const struct sk_key *k, struct wr *w, size_t sk_at, size_t iv_at,
	const uint8_t *iv) MUST_USE;

/* Authenticates msg, which ends with the SK payload, and decrypts what stands after iv_at into out
 * (cap >= msg.len - iv_at is always enough; out may not overlap msg); *plain are the payloads
 * inside, a view into out.
 *   ST_TRUNCATED      too short for this suite, or cap too small: drop
 *   ST_NOT_AUTHENTIC  drop; nothing of out means anything
 *   ST_BAD_LENGTH     authentic, but not whole blocks or the pad length is wrong */
enum status sk_open(const struct sk_key *k, struct view msg, size_t iv_at, uint8_t *out, size_t cap,
	struct view *plain) MUST_USE;

#endif
