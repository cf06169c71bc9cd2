/* What is inside a certificate, for the files of core/crypto that judge it. */
#ifndef CORE_CRYPTO_CERT_PARTS_H
#define CORE_CRYPTO_CERT_PARTS_H

#include <stdatomic.h>

#include "core/base/addr.h"
#include "core/crypto/cert.h"

struct cert {
	atomic_uint refs;
	struct view der;
	struct view tbs, sig_alg, sig; /* what is signed, AlgorithmIdentifier, the signature's bytes */
	struct view serial, issuer, subject, spki;
	int64_t not_before, not_after;
	enum cert_key key;
	unsigned key_bits;
	uint8_t key_hash[20];
	uint8_t fingerprint[32];
	/* extensions */
	bool is_ca;
	int path_len; /* -1: no limit */
	bool has_usage;
	unsigned usage;
	bool has_ekus;
	unsigned ekus;
	struct view san;              /* contents of GeneralNames, checked */
	struct view name_constraints; /* contents of NameConstraints, checked */
	struct view key_id, authority_key_id;
	struct view critical; /* OID of the first critical extension that we do not know */
	size_t n_crl_urls, n_ocsp_urls;
	struct view crl_urls[CERT_URLS_MAX], ocsp_urls[CERT_URLS_MAX];
};

/* Reads the extensions (contents of SEQUENCE OF Extension) into c, which is zeroed but for path_len. */
enum status cert_parse_extensions(struct cert *c, struct view list) MUST_USE;

/* One GeneralName (RFC 5280 4.2.1.6) of a list: its tag number (0 to 8) and content. directoryName: the Name. False
 * when malformed. Text is IA5 without NUL, an address of 4 or 16 bytes when it is one of a certificate. */
bool general_name_next(struct view *list, bool is_constraint, unsigned *kind, struct view *out);
/* A dNSName such as "192.0.2.1". */
bool dns_spells_address(struct view dns, struct addr *out);
/* http://, printable, not too long. */
bool url_is_usable(struct view url);

/* Signed by the key of issuer; nothing else is looked at. */
enum status cert_verify(const struct cert *c, const struct cert *issuer) MUST_USE;

#endif
