/* One peer's certificates before the trustpoints of a profile: whose certificate is it, and may it be used? The
 * steps of a verdict that may need data from elsewhere, without the fetching.
 *
 *   new -> run (slow: in a job) -> verdict
 *                               -> wants something -> each given, or given up -> run again
 *
 * Trustpoints are tried in the order of the profile; the first that trusts the certificate decides, and
 * only that one asks for revocation data. A copy of everything: it may be run in a thread of its own
 * while nobody else touches it. */
#ifndef CORE_CONF_PKI_CASE_H
#define CORE_CONF_PKI_CASE_H

#include "core/conf/pki.h"

#define PKI_ROUNDS_MAX  6                 /* fetches and judgements of one case */
#define PKI_GIFTS_MAX   16                /* CRLs and responses of one case */
#define PKI_GIFTS_BYTES (24u << 20)

struct pki_query {
	const char *profile; /* by name, in the snapshot of the set */
	const char *trustpoint; /* instead of a profile's: this one alone; NULL: those of the profile */
	struct view leaf;
	const struct view *others; /* any order */
	size_t n_others;
	enum chain_purpose purpose;
	uint8_t id_type; /* 0: not compared */
	struct view id;
	const struct view *stapled; /* OCSP responses that the peer sent */
	size_t n_stapled;
};

struct pki_case;

/* Takes a reference to the set and copies the query. ST_CERT_LIMIT: more or longer than chains may be; ST_NOMEM;
 * ST_NO_PROFILE: it is not in the set; ST_CONFIG: the trustpoint is not. */
enum status pki_case_new(struct pki *set, const struct pki_query *q, struct pki_case **out) MUST_USE;
void pki_case_free(struct pki_case *c); /* NULL is fine */

/* Judges once; now_s: UTC. */
void pki_case_run(struct pki_case *c, int64_t now_s);

/* What to fetch, i-th; NULL past the last: there is a verdict then. */
const struct chain_want *pki_case_want(const struct pki_case *c, size_t i);

/* An answer, shared by all cases that take it: lists are long, and many logins want the same one. Immutable; references may
 * be taken and dropped by any thread. */
struct pki_blob;
struct pki_blob *pki_blob_new(struct view bytes); /* copied; NULL: out of memory */
struct pki_blob *pki_blob_ref(struct pki_blob *b);
void pki_blob_unref(struct pki_blob *b); /* NULL is fine */
struct view pki_blob_bytes(const struct pki_blob *b);

/* The answer to it; takes a reference of its own. NULL: it cannot be had. */
void pki_case_give(struct pki_case *c, size_t i, struct pki_blob *answer);

/* The i-th answer that it was given, to be kept where it was fetched; false past the last. */
struct pki_gift {
	const char *url;
	struct view request, answer; /* request: of a POST, or empty */
};
bool pki_case_gift(const struct pki_case *c, size_t i, struct pki_gift *out);

struct pki_verdict {
	enum status status;
	const char *words;       /* one escaped line, "" when ST_OK */
	struct cert *leaf;       /* borrowed; NULL when it could not be read */
	const char *trustpoint;  /* that decided, "" none */
	int64_t valid_until_s;   /* ST_OK: so long the same would be said, at most */
	uint32_t fetched;        /* answers from elsewhere that it took */
};
/* After a run that wants nothing. Valid until the case is freed. */
void pki_case_verdict(const struct pki_case *c, struct pki_verdict *out);

/* What verdicts are kept under: the leaf, the purpose, and the trustpoints that were asked. The identity is not in it: it is
 * compared anew (cert_has_id). */
#define PKI_CASE_KEY 32
void pki_case_key(const struct pki_case *c, uint8_t out[PKI_CASE_KEY]);

#endif
