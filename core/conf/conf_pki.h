/* Plain structs of the `crypto pki ...` objects; the rules of conf_ike.h hold here too. Names of files
 * are as they were written: a relative one is relative to the folder of the configuration. */
#ifndef CORE_CONF_CONF_PKI_H
#define CORE_CONF_CONF_PKI_H

#include "core/conf/conf_id.h"

#define PKI_PATH_MAX 255 /* longest name of a file, bytes */
#define PKI_URL_MAX  511
#define PKI_CERT_MAX 16384 /* longest pasted certificate, bytes of DER */

/* `revocation-check`, R-AUT-08: the ways in order; the next one is tried where one cannot be had. */
enum revocation { REVOCATION_CRL, REVOCATION_OCSP, REVOCATION_NONE, REVOCATION__MAX };

/* Who is trusted, and with which certificate we sign. A key of ours is only the name of its file: the
 * keys process reads it. */
struct trustpoint {
	char *name;
	struct str_list ca_files;  /* anchors are those that are self-signed, or all when none is; the rest builds paths */
	char *certificate;         /* ours, and its chain */
	char *private_key;
	struct str_list crl_files;
	uint8_t revocation[REVOCATION__MAX]; /* enum revocation */
	uint8_t revocation_count;            /* 1.. */
	bool crl_fetch;                      /* by HTTP, from where certificates say */
	bool ocsp_fetch;
	bool ocsp_no_nonce;
	bool ocsp_staple;            /* about our own certificate */
	char *ocsp_url;              /* instead of where certificates say; http:// */
	struct str_list fetch_hosts; /* HOST or HOST:PORT that may be asked although it is this host, or not port 80; that of ocsp_url may, too */
	struct str_list maps;        /* a peer's certificate has to meet one of these maps; none: no condition */
	bool require_eku;            /* a peer's certificate has to say that it is for this */
	struct kept *extra;          /* kept as text */
	size_t extra_count;
};

/* `crypto pki certificate map NAME N`. All tests of one number AND-ed, the numbers OR-ed (R-PFL-06). A
 * number without a test meets nothing. */
enum cert_field {
	CERT_FIELD_SUBJECT,
	CERT_FIELD_ISSUER,
	CERT_FIELD_ALT,          /* any of the alternative names */
	CERT_FIELD_UNSTRUCTURED, /* unstructuredName of the subject (PKCS #9) */
	CERT_FIELD_SERIAL,
	CERT_FIELD_NAME, /* subject, alternative or unstructured name */
	CERT_FIELD_START,
	CERT_FIELD_EXPIRES,
	CERT_FIELD__MAX
};
enum cert_op { CERT_OP_CO, CERT_OP_EQ, CERT_OP_NC, CERT_OP_NE, CERT_OP_LT, CERT_OP_GE, CERT_OP__MAX };
struct cert_test {
	uint8_t field; /* enum cert_field */
	uint8_t op;    /* enum cert_op: names know the first four, dates all but co and nc */
	char *text;    /* as written */
	uint64_t when_s; /* a date: UTC */
};
struct cert_map_entry {
	uint32_t number;
	struct cert_test *tests;
	size_t test_count;
};
struct cert_map {
	char *name;
	struct cert_map_entry *entries; /* by number */
	size_t entry_count;
};

/* `crypto pki certificate chain NAME`: certificates of the trustpoint of that name, in hex. */
enum pasted_kind { PASTED_OWN, PASTED_CA, PASTED_SELF_SIGNED, PASTED_RA };
struct pasted_cert {
	char *serial; /* as written: a name, nothing else */
	uint8_t kind; /* enum pasted_kind */
	struct str_list lines; /* hex digits and blanks */
};
struct cert_chain {
	char *name;
	struct pasted_cert *certs;
	size_t cert_count;
};

/* The bytes of a pasted certificate. Returns how many; 0: an odd number of digits, none, or more than
 * cap. */
size_t pasted_bytes(const struct pasted_cert *c, uint8_t *out, size_t cap);

/* "31 12 2026 23:59:59" or "Dec 31 2026 23:59:59", the time may be left out (midnight); UTC. false: it
 * is no date. */
bool cert_date_parse(const char *text, size_t len, uint64_t *when_s);

#endif
