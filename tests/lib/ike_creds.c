#include "tests/lib/ike_creds.h"

#include <stdio.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/conf/snapshot.h"
#include "core/crypto/sig.h"
#include "core/wire/certs.h"

#define EAP_TYPE 254
#define EAP_HEAD 5
#define EAP_LEN (EAP_HEAD + 8)

static void spread(uint64_t seed, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (i % 8 == 0)
			seed = hash_u64(seed + i);
		out[i] = (uint8_t)(seed >> (i % 8 * 8));
	}
}

static uint64_t secret_of(const char *key)
{
	return hash_bytes(11, key, strlen(key));
}

/* ---- signatures ---------------------------------------------------------------------------------- */

void creds_keys(const struct world_node *n, const struct ike_question *q, struct ike_answer *a)
{
	static const uint8_t cert[2][40] = {"certificate of the client", "certificate of the headend"};
	static const uint8_t subject[] = {0x30, 0x00};
	static const uint8_t authority[CERT_HASH_LEN] = {1, 2, 3};
	const struct ike_profile *p = snapshot_profile(n->conf, q->profile);

	a->authorities = (struct view){authority, sizeof(authority)};
	if (p == NULL || (p->auth_local & (AUTH_RSA | AUTH_ECDSA)) == 0)
		return;
	a->scheme = q->hashes != 0 ? SIG_RSA_SHA256 : SIG_RSA_METHOD1;
	a->key = 7;
	a->subject = (struct view){subject, sizeof(subject)};
	a->n_certs = 1;
	a->certs[0] = (struct ike_cert){CERT_ENC_X509, {cert[n->side], sizeof(cert[0])}};
}

static void sign(const char *key, struct view octets, uint8_t out[CREDS_SIGNATURE])
{
	spread(hash_bytes(secret_of(key), octets.p, octets.len), out, CREDS_SIGNATURE);
}

void creds_sign(const struct world_node *n, const struct ike_job *job, uint8_t out[CREDS_SIGNATURE])
{
	sign(n->psk_local, job->octets, out);
}

void creds_proof(const struct world_node *n, const struct ike_question *q, struct ike_answer *a)
{
	struct rd r = rd_init(q->auth.p, q->auth.len);
	enum sig_scheme scheme = SIG_RSA_METHOD1;
	uint8_t want[CREDS_SIGNATURE];
	struct view got;

	sign(n->psk_remote, q->octets, want);
	if (q->method == 14 && sig_scheme_parse(&r, &scheme) != ST_OK)
		scheme = SIG_NONE;
	got = rd_rest(&r);
	if (scheme == SIG_NONE || q->n_certs != 1 || got.len != sizeof(want) || memcmp(got.p, want, got.len) != 0) {
		a->status = ST_BAD_SIGNATURE;
		snprintf(a->detail, sizeof(a->detail), "the signature is not the peer's");
	}
}

/* ---- EAP ------------------------------------------------------------------------------------------- */

static struct world_eap *find(struct world_node *n, uint64_t sa, bool make)
{
	for (size_t i = 0; i < WORLD_EAPS; i++)
		if (n->eap[i].sa == sa)
			return &n->eap[i];
	for (size_t i = 0; i < WORLD_EAPS && make; i++)
		if (n->eap[i].sa == 0) {
			n->eap[i] = (struct world_eap){.sa = sa};
			return &n->eap[i];
		}
	return NULL;
}

void creds_forget(struct world_node *n, uint64_t sa)
{
	struct world_eap *e = find(n, sa, false);

	n->forgets++;
	if (e != NULL)
		e->sa = 0;
}

static void put(struct world_item *it, uint8_t code, uint8_t id, uint64_t value)
{
	bool is_short = code >= 3;

	it->extra_len = is_short ? 4 : EAP_LEN;
	it->extra[0] = code;
	it->extra[1] = id;
	it->extra[2] = 0;
	it->extra[3] = (uint8_t)it->extra_len;
	it->extra[4] = EAP_TYPE;
	memcpy(it->extra + EAP_HEAD, &value, sizeof(value));
}

static void succeed(const struct world_node *n, struct world_item *it, uint64_t secret, uint64_t challenge)
{
	bool is_made = n->msk == WORLD_MSK_ANY ? challenge % 4 != 0 : n->msk != WORLD_MSK_NONE;
	struct ike_answer *a = &it->answer;

	a->eap_is_over = true;
	/* Some methods make no key. */
	a->msk_len = is_made ? IKE_MSK_LEN : 0;
	spread(secret ^ challenge ^ (n->msk == WORLD_MSK_OTHER), a->msk, a->msk_len);
	snprintf(a->name, sizeof(a->name), "eapuser");
}

static void serve(struct world_node *n, const struct ike_question *q, struct world_item *it, struct world_eap *e)
{
	uint64_t proof = 0, secret = secret_of(n->psk_remote);

	if (q->eap.len == EAP_LEN)
		memcpy(&proof, q->eap.p + EAP_HEAD, sizeof(proof));
	if (e->round > 0 && (q->eap.len != EAP_LEN || q->eap.p[0] != 2 || q->eap.p[1] != e->id ||
				proof != hash_u64(secret ^ e->challenge))) {
		it->answer.status = ST_AUTH_FAILED;
		snprintf(it->answer.detail, sizeof(it->answer.detail), "the user's password is wrong");
		put(it, 4, e->id, 0);
		return;
	}
	if (e->round > 1 + e->sa % 3) {
		put(it, 3, e->id, 0);
		succeed(n, it, secret, e->challenge);
		return;
	}
	e->round++;
	e->id++;
	e->challenge = world_random(n->w);
	put(it, 1, e->id, e->challenge);
}

static void use(struct world_node *n, const struct ike_question *q, struct world_item *it, struct world_eap *e)
{
	uint64_t secret = secret_of(n->psk_local);

	if (q->eap.len == EAP_LEN && q->eap.p[0] == 1) {
		memcpy(&e->challenge, q->eap.p + EAP_HEAD, sizeof(e->challenge));
		e->round++;
		put(it, 2, q->eap.p[1], hash_u64(secret ^ e->challenge));
	} else if (q->eap.len == 4 && q->eap.p[0] == 3 && e->round > 0) {
		succeed(n, it, secret, e->challenge);
	} else {
		it->answer.status = ST_AUTH_FAILED;
		snprintf(it->answer.detail, sizeof(it->answer.detail), "the headend refuses the user");
	}
}

void creds_eap(struct world_node *n, const struct ike_question *q, struct world_item *it)
{
	struct world_eap *e = find(n, q->sa, true);

	if (e == NULL) {
		it->answer.status = ST_LIMIT;
		return;
	}
	if (q->we_are_initiator)
		use(n, q, it, e);
	else
		serve(n, q, it, e);
}
