/* Whom may we believe: certificate paths (RFC 5280 6, RFC 4945 5) from a leaf to a trust anchor, its identity and
 * purpose, and revocation. Pure: what has to be fetched is said and not done, and never before the path is trusted.
 *
 * Path building and checking are our own: BoringSSL's X509_verify_cert stops at the first path it likes, follows
 * no limit of signature checks, does not apply extended key usages of intermediates, and knows no OCSP; and each
 * refusal here must come out with its own status and words. Certificate policies are not evaluated: a critical
 * policyConstraints is refused as an unknown critical extension. */
#ifndef CORE_CRYPTO_CHAIN_H
#define CORE_CRYPTO_CHAIN_H

#include "core/crypto/cert.h"
#include "core/crypto/crl.h"
#include "core/crypto/ocsp.h"

#define CHAIN_CERTS_MAX      16 /* of the peer, with the leaf */
#define CHAIN_BYTES_MAX      (128u << 10)
#define CHAIN_PATH_MAX       10 /* certificates in a path, with leaf and anchor */
#define CHAIN_SIGNATURES_MAX 48 /* signature checks while building */
#define CHAIN_WANTED_MAX     8
#define CHAIN_WORDS_MAX      320

/* ---- trust: what a trustpoint believes -------------------------------------------------------------------------------
 * Built by one thread, then immutable; reference-counted. The name is for words: "trustpoint HQ". */
struct trust;

struct trust *trust_new(const char *name); /* NULL: out of memory */
struct trust *trust_ref(struct trust *t);
void trust_unref(struct trust *t);
/* Each takes a reference of its own. ST_CERT_NOT_CA when the certificate is not a CA, ST_NOMEM. Anchors end a path,
 * self-signed or not. */
enum status trust_add_anchor(struct trust *t, struct cert *c) MUST_USE;
enum status trust_add_intermediate(struct trust *t, struct cert *c) MUST_USE;
enum status trust_add_crl(struct trust *t, struct crl *c) MUST_USE;
const char *trust_name(const struct trust *t);
size_t trust_anchors(const struct trust *t);
struct cert *trust_anchor(const struct trust *t, size_t i); /* borrowed; NULL past the last */

/* ---- judging -------------------------------------------------------------------------------------------------------- */

/* IKE_*, TLS_*: what the leaf is used for by its owner. An extended key usage list, when there is one, must name it:
 * IKE_CLIENT: clientAuth, ipsecIKE, ikeIntermediate; IKE_SERVER: serverAuth and the latter two; TLS_*: clientAuth or
 * serverAuth; anyExtendedKeyUsage does for all. */
enum chain_purpose { CHAIN_ANY, CHAIN_IKE_CLIENT, CHAIN_IKE_SERVER, CHAIN_TLS_CLIENT, CHAIN_TLS_SERVER };

enum chain_method { CHAIN_NONE, CHAIN_CRL, CHAIN_OCSP };

/* request: what was posted to an OCSP responder; empty with a CRL. */
struct chain_tried {
	struct view url;
	struct view request;
};

struct chain_query {
	struct trust *trust;
	struct view leaf;
	const struct view *others; /* what else the peer sent, any order */
	size_t n_others;           /* < CHAIN_CERTS_MAX */
	int64_t now_s;             /* UTC */
	enum chain_purpose purpose;
	bool require_eku; /* no list, or anyExtendedKeyUsage alone, will not do: clientAuth or serverAuth must be there */
	bool allow_weak;  /* RSA of 1024 to 2047 bits */
	uint8_t id_type;  /* 0: the identity does not matter (the caller uses cert_has_id on the leaf) */
	struct view id;
	/* Revocation: methods in order, each tried when the one before has no data; none: not checked. CHAIN_NONE: enough. */
	enum chain_method methods[3];
	size_t n_methods;
	const struct view *crls; /* DER, what was fetched */
	size_t n_crls;
	const struct view *ocsp; /* DER, fetched or sent by the peer */
	size_t n_ocsp;
	const struct chain_tried *tried; /* what was fetched, or could not be: never wanted again */
	size_t n_tried;
	bool fetch_nothing;    /* nothing can be fetched: nothing is wanted */
	struct view ocsp_url;  /* asked instead of the certificate's own, when not empty */
};

struct chain_want {
	enum chain_method kind; /* CHAIN_CRL: GET url; CHAIN_OCSP: POST request to url */
	char url[CERT_URL_MAX + 1];
	uint16_t request_len;
	uint8_t request[OCSP_REQUEST_MAX];
};

struct chain_result {
	enum status status;
	char words[CHAIN_WORDS_MAX]; /* why, with names: one escaped line; empty when ST_OK */
	struct cert *leaf;           /* whenever the leaf could be parsed */
	bool is_trusted;             /* the path is good; only revocation, identity and purpose may have failed */
	size_t n_wanted;             /* ST_PENDING: at least 1 */
	struct chain_want wanted[CHAIN_WANTED_MAX];
	int64_t valid_until_s; /* ST_OK: the earliest end of a certificate or of revocation data that was used */
};

/* Fills out and returns out->status; out is fini'ed by the caller, also on failure. ST_PENDING: fetch what is wanted, add
 * it, and what it was asked for with to tried, and judge again. Otherwise one of ST_OK, ST_CERT_UNTRUSTED (no path), ST_BAD_SIGNATURE,
 * ST_CERT_EXPIRED, ST_CERT_NOT_YET, ST_CERT_NOT_CA, ST_CERT_PATH_LENGTH, ST_CERT_CONSTRAINT, ST_CERT_USAGE,
 * ST_CERT_PURPOSE, ST_CERT_CRITICAL, ST_CERT_IDENTITY, ST_CERT_REVOKED, ST_REVOCATION_UNKNOWN, ST_CERT_LIMIT,
 * ST_SIG_ALGORITHM, those of cert_parse, ST_NOMEM. Takes up to some ms: called in a job. */
enum status chain_judge(const struct chain_query *q, struct chain_result *out);
void chain_result_fini(struct chain_result *r);

#endif
