#include "core/conf/credential.h"

#include <string.h>

static bool is_named(const struct credential_wish *w, const struct credential *c)
{
	struct rd r = rd_init(w->certreq.p, w->certreq.len);
	while (r.left >= CREDENTIAL_HASH) {
		struct view hash = rd_bytes(&r, CREDENTIAL_HASH);
		for (size_t i = 0; i < c->issuer_count; i++)
			if (memcmp(c->issuers[i], hash.p, CREDENTIAL_HASH) == 0)
				return true;
	}
	return false;
}

/* 0: it cannot be used. */
static unsigned worth(const struct credential_wish *w, const struct credential *c, enum sig_scheme *scheme)
{
	bool rsa = cert_key(c->leaf) == CERT_RSA;
	bool can = rsa || w->peer_hashes || w->does_ecdsa;
	if (w->auth_local == AUTH_RSA && !rsa)
		return 0;
	*scheme = sig_choose(cert_key(c->leaf), w->peer_hashes, w->sig_flags);
	if (*scheme == SIG_NONE)
		return 0;
	return 1 + (can ? 4u : 0u) + (is_named(w, c) ? 2u : 0u) + (rsa == (w->auth_local == AUTH_RSA) ? 1u : 0u);
}

bool credential_choose(const struct credential_wish *w, const struct credential *v, size_t n, size_t *at,
	enum sig_scheme *scheme)
{
	unsigned best = 0;
	for (size_t i = 0; i < n; i++) {
		enum sig_scheme s = SIG_NONE;
		unsigned k = worth(w, &v[i], &s);
		if (k <= best)
			continue;
		best = k;
		*at = i;
		*scheme = s;
	}
	return best != 0;
}
