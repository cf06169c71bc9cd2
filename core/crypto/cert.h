/* One X.509 certificate (RFC 5280, as profiled by RFC 4945): parsed once, then immutable and reference-counted; any
 * number of threads may use it. Views point into the certificate and live as long as a reference is held.
 *
 * Parsed here and not by BoringSSL's X509: its objects are mutable, keep what they do not understand for later,
 * and say why only in a thread's error queue. Here what was read is read once, strictly, and each refusal has a
 * name. Signatures and keys are BoringSSL's (core/crypto/sig.h). */
#ifndef CORE_CRYPTO_CERT_H
#define CORE_CRYPTO_CERT_H

#include "core/base/rd.h"
#include "core/base/status.h"

#define CERT_DER_MAX 65535
#define CERT_URL_MAX 512 /* longer URLs are not listed */
#define CERT_URLS_MAX 8
#define CERT_SAN_MAX 1024 /* general names; more make the certificate malformed */

struct cert;

enum cert_key { CERT_RSA, CERT_P256, CERT_P384, CERT_P521, CERT_ED25519 };

/* Extended key usages that we know (a set). CERT_EKU_IKE: id-kp-ipsecIKE (RFC 4945 5.1.3.12); IKE_INTERMEDIATE:
 * 1.3.6.1.5.5.8.2.2, which old macOS asks for; ANY: anyExtendedKeyUsage. */
enum {
	CERT_EKU_SERVER = 1 << 0,
	CERT_EKU_CLIENT = 1 << 1,
	CERT_EKU_IKE_INTERMEDIATE = 1 << 2,
	CERT_EKU_OCSP = 1 << 3,
	CERT_EKU_ANY = 1 << 4,
	CERT_EKU_IKE = 1 << 5,
};

/* Key usages (RFC 5280 4.2.1.3), by their bit. */
enum {
	CERT_USE_SIGN = 1 << 0,
	CERT_USE_NON_REPUDIATION = 1 << 1,
	CERT_USE_CERT_SIGN = 1 << 5,
	CERT_USE_CRL_SIGN = 1 << 6,
};

/* Strict DER, the whole view, copied. ST_BAD_CERT: malformed or not version 3; ST_CERT_ALGORITHM: a public key of a
 * kind we do not know; ST_WEAK_KEY: RSA below 2048 or above 8192 bits, an even modulus or exponent, an exponent
 * below 3; a point at infinity or off its curve; Ed25519 of small order or not canonical; ST_NOMEM. On failure
 * *out is NULL. */
enum status cert_parse(struct view der, struct cert **out) MUST_USE;
/* The same, and RSA of 1024 bits and more is accepted. */
enum status cert_parse_weak(struct view der, struct cert **out) MUST_USE;
struct cert *cert_ref(struct cert *c);
void cert_unref(struct cert *c); /* NULL: nothing */

struct view cert_der(const struct cert *c);
struct view cert_subject(const struct cert *c); /* a Name, DER */
struct view cert_issuer(const struct cert *c);
struct view cert_spki(const struct cert *c); /* SubjectPublicKeyInfo, DER */
/* SHA-1 of the SubjectPublicKeyInfo, 20 bytes: what CERTREQ names (RFC 7296 3.7). */
const uint8_t *cert_key_hash(const struct cert *c);
/* SHA-256 of the whole, 32 bytes. */
const uint8_t *cert_fingerprint(const struct cert *c);
enum cert_key cert_key(const struct cert *c);
const char *cert_key_words(const struct cert *c); /* "RSA", "P-256", ... */
unsigned cert_key_bits(const struct cert *c);
int64_t cert_not_before(const struct cert *c); /* UTC, seconds since 1970 */
int64_t cert_not_after(const struct cert *c);
bool cert_is_ca(const struct cert *c);
/* Subject and issuer are the same name. */
bool cert_is_self_issued(const struct cert *c);
/* True when all usages of the set are given, or the certificate lists none. */
bool cert_may(const struct cert *c, unsigned uses);
bool cert_lists_ekus(const struct cert *c);
/* The certificate lists one of the set by name (ANY counts only when asked for). */
bool cert_has_eku(const struct cert *c, unsigned ekus);

/* Does the certificate speak for this identity (RFC 4945 3.1, 5.1)? id_type is that of an ID payload (RFC 7296 3.5).
 * IPv4, IPv6: subjectAltName iPAddress, or a dNSName that spells the address (what Windows wants); FQDN: a dNSName
 * without regard to ASCII case, no wildcards; email: an rfc822Name, its domain without regard to case; DN: the
 * subject, by name_eq. Key-id and all else: never. The common name is no identity. */
bool cert_has_id(const struct cert *c, uint8_t id_type, struct view id);

/* A field of the subject: name_field, and "issuer-..." of the same words for the issuer. */
enum status cert_field(const struct cert *c, const char *word, char *out, size_t size) MUST_USE;
/* All subjectAltNames that have text, escaped, separated by ", ": "dns:gw.corp.example, email:a@b, ip:192.0.2.1". Cut
 * as name_text; returns strlen(out). */
size_t cert_san_text(const struct cert *c, char *out, size_t size);
/* The serial number as lower-case hex. */
size_t cert_serial_text(const struct cert *c, char *out, size_t size);
/* The i-th name of the kind in subjectAltName: 1 email, 2 DNS, 6 URI, 7 address (4 or 16 bytes); {0} past the last. */
struct view cert_san(const struct cert *c, unsigned kind, size_t i);

/* http:// URLs, in order, those of the CRL distribution points and of OCSP (authority information access); {0}
 * past the last. */
struct view cert_crl_url(const struct cert *c, size_t i);
struct view cert_ocsp_url(const struct cert *c, size_t i);

/* The certificates of PEM text, one after another: *at moves on; the DER lands in a new block of *out_len bytes
 * (mem_free). Other kinds of blocks and text between them are skipped. ST_NOT_FOUND after the last, ST_BAD_CERT,
 * ST_NOMEM. label: "CERTIFICATE", "X509 CRL", ... */
enum status pem_next(struct view *at, const char *label, uint8_t **out, size_t *out_len) MUST_USE;

#endif
