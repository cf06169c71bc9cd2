/* One judgement under way: what chain.c, path.c and revoke.c share. */
#ifndef CORE_CRYPTO_CHAIN_PARTS_H
#define CORE_CRYPTO_CHAIN_PARTS_H

#include "core/crypto/cert_parts.h"
#include "core/crypto/chain.h"
#include "core/crypto/words.h"

#define CHAIN_CRLS_MAX 32
#define CHAIN_OCSP_MAX 32

/* leaf first, anchor last; borrowed from the judgement and the trust */
struct path {
	size_t n;
	struct cert *at[CHAIN_PATH_MAX];
};

struct judging {
	const struct chain_query *q;
	struct chain_result *out;
	size_t n_others;
	struct cert *others[CHAIN_CERTS_MAX];
	size_t n_crls;
	struct crl *crls[CHAIN_CRLS_MAX];
	struct path path;
	size_t signatures;  /* checked so far */
	size_t comparisons; /* of constraints, left */
	unsigned weight;    /* of the failure that is in out */
};

/* What trust.c holds. */
struct trust_list {
	void **at;
	size_t n;
};

const struct trust_list *trust_list_anchors(const struct trust *t);
const struct trust_list *trust_list_intermediates(const struct trust *t);
const struct trust_list *trust_list_crls(const struct trust *t);

/* Fills j->path with a path that holds at now_s; ST_OK, or the reason that says most, in words too. */
enum status path_find(struct judging *j) MUST_USE;

/* Is one of the path, the anchor aside, revoked? ST_OK, ST_PENDING with out->wanted, or the reason in words. */
enum status revoke_judge(struct judging *j) MUST_USE;

/* Starts the words of the result anew, to be ended by words_end. */
struct words judging_words(struct judging *j);
/* A name in words, never empty. */
void words_name(struct words *w, struct view der_name);
/* "2026-01-31 12:00:00 UTC" */
void words_time(struct words *w, int64_t utc_s);

#endif
