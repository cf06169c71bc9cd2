#include "core/ike/resume.h"

#include <string.h>

#include "core/ike/engine.h"
#include "core/ike/offer.h"

bool resume_suite_is_allowed(const struct snapshot *conf, const struct endpoint *local,
	const struct ike_suite *suite)
{
	struct offer_transform t[4] = {
		{.type = TRANSFORM_ENCR, .id = suite->encr->id, .key_bits = suite->encr->key_bits},
		{.type = TRANSFORM_PRF, .id = suite->prf->id},
		{.type = TRANSFORM_DH, .id = suite->dh->id},
	};
	struct offer offer = {.number = 1, .protocol = CHOOSE_IKE, .t = t, .n = 3};
	struct allowed_set ours;
	struct chosen chosen;

	if (suite->integ != NULL)
		t[offer.n++] = (struct offer_transform){.type = TRANSFORM_INTEG, .id = suite->integ->id};
	return offer_allowed_ike(conf, local->vrf, &local->addr, &ours) == ST_OK &&
	       proposal_accept(CHOOSE_IKE, false, ours.v, ours.n, &offer, &chosen) == ST_OK;
}

void resume_derive(struct ike_sa *sa)
{
	const struct handshake *hs = sa->hs;
	struct key_input in = {
		.ni = {hs->ni, hs->ni_len},
		.nr = {hs->nr, hs->nr_len},
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
	};

	sa->suite = hs->resumed->suite;
	keys_resume(&sa->suite, (struct view){hs->resumed->sk_d, hs->resumed->sk_d_len}, &in, sa->keys);
	sa->has_keys = true;
	sa->used_ppk = hs->resumed->used_ppk; /* its SK_d goes on in these keys */
}

struct view resume_auth_key(const struct ike_sa *sa, bool of_initiator)
{
	return (struct view){of_initiator ? sa->keys->sk_pi : sa->keys->sk_pr, sa->keys->d_len};
}

static bool is_same(const struct ike_id *a, const struct ike_id *b)
{
	return a->type == b->type && a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

enum status resume_judge_ids(struct ike_sa *sa)
{
	const struct ticket *t = sa->hs->resumed;
	const struct ike_id *client = sa->is_initiator ? sa->my_id : sa->peer_id;
	const struct ike_id *gateway = sa->is_initiator ? sa->peer_id : sa->my_id;

	if (!is_same(client, &t->client))
		return sa_fail(sa, ST_AUTH_FAILED, "%s", "the ticket is of another client identity");
	if (!is_same(gateway, &t->gateway))
		return sa_fail(sa, ST_AUTH_FAILED, "%s", "the ticket is of another gateway identity");
	return ST_OK;
}

uint8_t resume_method(const struct ike_sa *sa, bool of_initiator)
{
	return of_initiator ? sa->hs->resumed->auth_client : sa->hs->resumed->auth_gateway;
}
