/* Signatures of IKE_AUTH, of certificates, and of TLS: the schemes, their names on the wire, verifying, and (for the
 * process that holds private keys, and tests) signing. Slow: up to some ms; allocates; any thread. */
#ifndef CORE_CRYPTO_SIG_H
#define CORE_CRYPTO_SIG_H

#include "core/base/rd.h"
#include "core/base/status.h"
#include "core/crypto/cert.h"

#define SIG_MAX     1024 /* bytes of the longest signature: RSA of 8192 bits */
#define SIG_ALG_MAX 72   /* bytes of the longest AlgorithmIdentifier with its length byte */

/* The numbers go from process to process: add at the end. */
enum sig_scheme {
	SIG_NONE,
	SIG_RSA_METHOD1, /* IKE method 1: signs with SHA-1 (RFC 7296 3.8), verifies SHA-1 and SHA-2 */
	SIG_RSA_SHA256,  /* RSASSA-PKCS1-v1_5; method 14, or 1 for peers that want it */
	SIG_RSA_SHA384,
	SIG_RSA_SHA512,
	SIG_PSS_SHA256, /* RSASSA-PSS, MGF1 of the same hash, salt as long as the hash */
	SIG_PSS_SHA384,
	SIG_PSS_SHA512,
	SIG_P256_RAW, /* methods 9, 10, 11 (RFC 4754): r | s, SHA-256, 384, 512 by curve */
	SIG_P384_RAW,
	SIG_P521_RAW,
	SIG_ECDSA_SHA256, /* method 14 (RFC 7427): DER, any of the curves */
	SIG_ECDSA_SHA384,
	SIG_ECDSA_SHA512,
	SIG_ED25519, /* RFC 8420 */
	SIG__MAX
};

/* Hash algorithms of N(SIGNATURE_HASH_ALGORITHMS) (RFC 7427 7, RFC 8420 2) as a set of 1 << number. */
enum {
	SIG_HASH_SHA1 = 1 << 1,
	SIG_HASH_SHA256 = 1 << 2,
	SIG_HASH_SHA384 = 1 << 3,
	SIG_HASH_SHA512 = 1 << 4,
	SIG_HASH_IDENTITY = 1 << 5,
	SIG_HASH_OURS = SIG_HASH_SHA256 | SIG_HASH_SHA384 | SIG_HASH_SHA512 | SIG_HASH_IDENTITY,
};

enum {
	SIG_PREFER_PSS = 1 << 0, /* RSA under method 14: PSS and not PKCS#1 v1.5 */
};

/* Words: "RSA PKCS#1 v1.5 with SHA-256". Never NULL. */
const char *sig_scheme_words(enum sig_scheme s);
/* The IKE authentication method it goes under (RFC 7296 3.8): 1, 9, 10, 11, or 14; 0 for SIG_NONE. */
uint8_t sig_method(enum sig_scheme s);
/* The scheme of methods 1, 9, 10, 11 for a key of this kind; SIG_NONE when they do not fit (and for 14, whose
 * scheme stands before the signature: sig_scheme_parse). */
enum sig_scheme sig_from_method(uint8_t method, enum cert_key key);
/* The scheme of a TLS SignatureScheme (RFC 8446 4.2.3), SIG_NONE for those we do not do (SHA-1 among them). */
enum sig_scheme sig_from_tls(uint16_t tls);
bool sig_fits(enum sig_scheme s, enum cert_key key);

/* What to sign with, our key being of this kind: peer_hashes is the peer's set of N(SIGNATURE_HASH_ALGORITHMS), 0 when
 * it sent none (then methods 1, 9, 10, 11). The hash is as strong as the curve, SHA-256 with RSA, or the next best
 * the peer knows. SIG_NONE when there is no common one (Ed25519 and a peer without method 14). */
enum sig_scheme sig_choose(enum cert_key key, uint32_t peer_hashes, unsigned flags);

/* Method 14 (RFC 7427 3): length byte and AlgorithmIdentifier at the cursor, which then stands at the signature.
 * PSS parameters must name one hash twice and its length as salt. ST_BAD_PAYLOAD malformed, ST_SIG_ALGORITHM one that
 * we do not do. */
enum status sig_scheme_parse(struct rd *r, enum sig_scheme *out) MUST_USE;
/* Writes length byte and AlgorithmIdentifier of a method 14 scheme; returns their bytes, 0 for other schemes. */
size_t sig_scheme_put(enum sig_scheme s, uint8_t out[SIG_ALG_MAX]);

/* ST_OK only when sig is a signature of data by the key under the scheme. ST_BAD_SIGNATURE; ST_SIG_ALGORITHM: the scheme
 * does not fit the key; ST_WEAK_KEY, ST_CERT_ALGORITHM, ST_BAD_CERT: the key (spki, DER) itself; ST_NOMEM. */
enum status sig_verify(struct view spki, enum sig_scheme s, struct view data, struct view sig) MUST_USE;

/* ---- private keys: never in main, only in the process that holds them ---------------------------- */

struct sig_key;

/* PEM (PKCS#8, "RSA PRIVATE KEY", "EC PRIVATE KEY", not encrypted) or DER of the same. ST_NO_PRIVATE_KEY when it is none
 * of them, ST_WEAK_KEY, ST_CERT_ALGORITHM, ST_NOMEM. */
enum status sig_key_parse(struct view text, struct sig_key **out) MUST_USE;
void sig_key_free(struct sig_key *k); /* zeroes it */
enum cert_key sig_key_kind(const struct sig_key *k);
struct view sig_key_spki(const struct sig_key *k); /* SubjectPublicKeyInfo, DER */
/* out: SIG_MAX bytes. ST_SIG_ALGORITHM when the scheme does not fit, ST_NOMEM. */
enum status sig_key_sign(const struct sig_key *k, enum sig_scheme s, struct view data, uint8_t *out,
	size_t *out_len) MUST_USE;
/* The same by a TLS SignatureScheme. */
enum status sig_key_sign_tls(const struct sig_key *k, uint16_t tls, struct view data, uint8_t *out,
	size_t *out_len) MUST_USE;

#endif
