/* Trustpoints with what their files hold: whom they trust, and our own certificates. Loaded as a whole
 * for one snapshot, then immutable and reference-counted: a login in progress keeps the set that it
 * began with while a reload puts the next one in its place. Pure but for allocation: files and keys come by function
 * pointer. References may be taken and dropped by any thread, like those of the snapshot it holds. */
#ifndef CORE_CONF_PKI_H
#define CORE_CONF_PKI_H

#include <stdatomic.h>

#include "core/conf/credential.h"
#include "core/conf/snapshot.h"
#include "core/crypto/chain.h"

#define PKI_CHAIN_MAX   8   /* certificates of ours in one CERT answer, with the leaf */
#define PKI_ISSUERS_MAX 32  /* hashes of CAs above ours */
#define PKI_WORDS       200 /* a sentence, with NUL */
#define PKI_FILE_MAX    (16u << 20)

/* One trustpoint, at the place that it has in the snapshot. */
struct pki_point {
	struct trust *trust; /* NULL: nobody is trusted */
	struct crl **crls;   /* from files, for show */
	size_t crl_count;
	struct cert *chain[PKI_CHAIN_MAX]; /* ours, leaf first; without a self-signed CA */
	size_t chain_count;                /* 0: none that can be used */
	unsigned key;                      /* number of its private key */
	uint8_t issuers[PKI_ISSUERS_MAX][CREDENTIAL_HASH];
	size_t issuer_count;
	enum status status;    /* not ST_OK: something is wrong with its files, and words say what */
	char words[PKI_WORDS];
};

struct pki {
	atomic_uint refs;
	struct snapshot *conf;
	struct pki_point *points; /* as many as conf->trustpoint_count */
	uint64_t generation;      /* as it was given: another one for each set */
};

struct pki_ports {
	/* The bytes of a file, allocated with one more (mem_free_secret(*bytes, *len + 1)). words, PKI_WORDS bytes: why not. */
	enum status (*read)(void *ctx, const char *file, uint8_t **bytes, size_t *len, char *words);
	/* The public half of the private key of trustpoint i, valid until the next call; words as above. */
	enum status (*key)(void *ctx, size_t i, unsigned *number, struct view *spki, char *words);
};

/* Reads all trustpoints of s. A broken one trusts nobody, or signs nothing, and says why; it is the caller's
 * to refuse the set for it (pki_broken). Only ST_NOMEM fails as a whole. Takes a reference to s. */
enum status pki_load(struct snapshot *s, uint64_t generation, const struct pki_ports *ports, void *ctx,
	struct pki **out) MUST_USE;
/* The first broken trustpoint at or after *at, whose place *at then is; NULL: none. */
const struct pki_point *pki_broken(const struct pki *p, size_t *at);
struct pki *pki_ref(struct pki *p);
void pki_unref(struct pki *p); /* NULL is fine */

/* By the trustpoint's name; NULL when there is none. */
const struct pki_point *pki_point(const struct pki *p, const char *name);

/* The trustpoint whose certificate goes to this peer, among those of the profile with `sign`, and how we sign:
 * credential_choose(). wish.auth_local is filled in from the profile. false: none. */
bool pki_credential(const struct pki *p, const struct ike_profile *profile, struct credential_wish wish,
	const struct pki_point **point, enum sig_scheme *scheme);

/* Hashes for our CERTREQ: of the trust anchors of the profile's trustpoints with `verify`, profile NULL: of all
 * profiles. Returns the bytes written, a multiple of CREDENTIAL_HASH; those that do not fit are left out. */
size_t pki_certreq(const struct pki *p, const struct ike_profile *profile, uint8_t *out, size_t cap);

#define PKI_SOON_S (30 * 86400) /* how long before its end a certificate is warned about */
enum pki_age { PKI_AGE_OK, PKI_AGE_NOT_YET, PKI_AGE_SOON, PKI_AGE_OVER };
enum pki_age pki_age(const struct cert *c, int64_t now_s);

#endif
