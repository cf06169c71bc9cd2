/* Trustpoints in force: loaded through the holder, our certificates joined to their keys, verdicts on peers' chains by
 * jobs and fetches. Loop thread. */
#ifndef CMD_WIRE_PKI_H
#define CMD_WIRE_PKI_H

#include "cmd/wire_keys.h"
#include "cmd/wire_state.h"
#include "core/conf/pki.h"
#include "core/conf/pki_case.h"

enum status wire_pki_open(struct wire *w) MUST_USE; /* ST_NOMEM */
void wire_pki_close(struct wire *w);
/* Once a second: ends of certificates (once an hour), OCSP responses about ours. */
void wire_pki_second(struct wire *w);

/* ---- of a configuration ------------------------------------------------------------------------- */

/* Loads the trustpoints of s, their keys being those of the set. ST_OK; ST_CONFIG: one is broken, with a sentence in why;
 * ST_NOMEM. is_lenient: broken ones are logged, and trust nobody or sign nothing. */
enum status wire_pki_prepare(struct wire *w, struct snapshot *s, const struct wire_keyset *keys, bool is_lenient,
			     struct pki **out, char *why, size_t cap) MUST_USE;
/* In force from now on; taken. Logins under way keep what they began with. */
void wire_pki_commit(struct wire *w, struct pki *set);

/* ---- our side ----------------------------------------------------------------------------------- */

struct wire_credential {
	size_t n;
	struct view chain[PKI_CHAIN_MAX]; /* DER, leaf first; valid until the next turn of the loop */
	unsigned key;                     /* for wire_keys_sign() */
	enum sig_scheme scheme;
	const struct cert *leaf; /* borrowed, as long as the views */
	const char *trustpoint;
};
/* Our certificate for this peer (core/conf/credential.h); false: the profile has none that can be used. */
bool wire_pki_credential(const struct wire *w, const struct ike_profile *profile,
			 const struct credential_wish *wish, struct wire_credential *out);
/* That of one trustpoint, without a scheme; false: it has none that can be used. */
bool wire_pki_own(const struct wire *w, const char *trustpoint, struct wire_credential *out);
/* Hashes for CERTREQ; profile NULL: of all profiles. */
size_t wire_pki_certreq(const struct wire *w, const struct ike_profile *profile, uint8_t *out, size_t cap);

/* ---- the peer's side ----------------------------------------------------------------------------- */

/* v is valid during the call; v->leaf may be kept with a reference of its own. */
typedef void wire_pki_fn(struct wire *w, uint64_t number, const struct pki_verdict *v);

/* Copies the query. fn and number name the question, unique among open ones; fn is called once, never from
 * inside. ST_NO_PROFILE, ST_CONFIG: no such trustpoint, ST_CERT_LIMIT, ST_LIMIT: too many are being judged; ST_NOMEM. */
enum status wire_pki_judge(struct wire *w, wire_pki_fn *fn, uint64_t number, const struct pki_query *q) MUST_USE;
void wire_pki_drop(struct wire *w, wire_pki_fn *fn, uint64_t number); /* one that is not open is fine */

/* ---- show ---------------------------------------------------------------------------------------- */

struct wire_pki_info {
	size_t judging;     /* certificates */
	size_t kept;        /* verdicts */
	int64_t first_end_s; /* of our certificates and anchors, UTC; 0: there are none */
};
void wire_pki_info(const struct wire *w, struct wire_pki_info *out);

#endif
