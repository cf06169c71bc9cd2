#include "core/crypto/keys.h"

#include <stddef.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/crypto/hmac.h"

/* ---- in memory ---------------------------------------------------------------------------------- */

static size_t size_of(const struct ike_keys *k)
{
	if (!k->is_short)
		return sizeof(*k);
	return k->a_len > 0 ? offsetof(struct ike_keys, sk_pi) : offsetof(struct ike_keys, sk_ai);
}

struct ike_keys *ike_keys_new(void)
{
	return mem_new(sizeof(struct ike_keys));
}

void ike_keys_shorten(struct ike_keys **k)
{
	const struct ike_keys head = {.a_len = (*k)->a_len, .is_short = true};
	struct ike_keys *copy = (*k)->is_short ? NULL : mem_dup(*k, size_of(&head));

	if (copy == NULL)
		return;
	copy->is_short = true;
	ike_keys_free(*k);
	*k = copy;
}

void ike_keys_read(const struct ike_keys *k, struct ike_keys *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out, k, size_of(k));
	out->is_short = false;
}

void ike_keys_free(struct ike_keys *k)
{
	if (k != NULL)
		mem_free_secret(k, size_of(k));
}

/* ---- derivation --------------------------------------------------------------------------------- */

static void put_u64(uint8_t out[8], uint64_t v)
{
	for (size_t i = 0; i < 8; i++)
		out[i] = (uint8_t)(v >> (56 - 8 * i));
}

static const uint8_t *take(const uint8_t *from, uint8_t *to, size_t len)
{
	memcpy(to, from, len);
	return from + len;
}

/* SK_d, SK_pi, SK_pr; SK_ai, SK_ar; SK_ei, SK_er: far below what prf+ gives at the least. */
#define STREAM_MAX (3 * PRF_OUT_MAX + 2 * PRF_OUT_MAX + 2 * KEYS_E_MAX)
_Static_assert(STREAM_MAX <= 255 * 16, "prf+ with HMAC-MD5 must reach for all keys");

/* {SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr} = prf+(SKEYSEED, Ni | Nr | SPIi | SPIr) */
static void expand(const struct ike_suite *s, struct view skeyseed, const struct key_input *in,
	struct ike_keys *out)
{
	uint8_t stream[STREAM_MAX], spi_i[8], spi_r[8];
	const struct view seed[] = {in->ni, in->nr, {spi_i, 8}, {spi_r, 8}};
	const uint8_t *p = stream;
	struct hmac_state m;

	put_u64(spi_i, in->spi_i);
	put_u64(spi_r, in->spi_r);
	memset(out, 0, sizeof(*out));
	out->d_len = s->prf->key_len;
	out->a_len = s->integ != NULL ? s->integ->key_len : 0;
	out->e_len = (uint8_t)(s->encr->key_len + s->encr->salt_len);
	hmac_key(&m, s->prf->alg, &skeyseed, 1);
	hmac_plus(&m, seed, 4, stream, 3u * out->d_len + 2u * out->a_len + 2u * out->e_len);
	p = take(p, out->sk_d, out->d_len);
	p = take(p, out->sk_ai, out->a_len);
	p = take(p, out->sk_ar, out->a_len);
	p = take(p, out->sk_ei, out->e_len);
	p = take(p, out->sk_er, out->e_len);
	p = take(p, out->sk_pi, out->d_len);
	(void)take(p, out->sk_pr, out->d_len);
	mem_zero(&m, sizeof(m));
	mem_zero(stream, sizeof(stream));
}

void keys_derive(const struct ike_suite *s, const struct key_input *in, struct ike_keys *out)
{
	/* SKEYSEED = prf(Ni | Nr, g^ir): the nonces are the key. */
	const struct view nonces[] = {in->ni, in->nr};
	uint8_t skeyseed[PRF_OUT_MAX];
	struct hmac_state m;

	hmac_key(&m, s->prf->alg, nonces, 2);
	hmac_parts(&m, &in->secret, 1, skeyseed);
	expand(s, (struct view){skeyseed, s->prf->out_len}, in, out);
	mem_zero(&m, sizeof(m));
	mem_zero(skeyseed, sizeof(skeyseed));
}

void keys_rekey(const struct ike_suite *s, const struct xf *old_prf, const struct ike_keys *old,
	const struct key_input *in, struct ike_keys *out)
{
	const struct view data[] = {in->secret, in->ni, in->nr, in->more};
	uint8_t skeyseed[PRF_OUT_MAX];

	prf_parts(old_prf, (struct view){old->sk_d, old->d_len}, data, 4, skeyseed);
	expand(s, (struct view){skeyseed, old_prf->out_len}, in, out);
	mem_zero(skeyseed, sizeof(skeyseed));
}

void keys_resume(const struct ike_suite *s, struct view sk_d_old, const struct key_input *in,
	struct ike_keys *out)
{
	static const uint8_t label[] = {'R', 'e', 's', 'u', 'm', 'p', 't', 'i', 'o', 'n'};
	const struct view data[] = {{label, sizeof(label)}, in->ni, in->nr};
	uint8_t skeyseed[PRF_OUT_MAX];

	prf_parts(s->prf, sk_d_old, data, 3, skeyseed);
	expand(s, (struct view){skeyseed, s->prf->out_len}, in, out);
	mem_zero(skeyseed, sizeof(skeyseed));
}

void keys_mix_ppk(const struct xf *prf, struct view ppk, struct ike_keys *k)
{
	uint8_t *const all[] = {k->sk_d, k->sk_pi, k->sk_pr};
	uint8_t mixed[PRF_OUT_MAX];
	struct hmac_state m;

	hmac_key(&m, prf->alg, &ppk, 1);
	for (size_t i = 0; i < 3; i++) {
		const struct view seed = {all[i], k->d_len};

		hmac_plus(&m, &seed, 1, mixed, k->d_len);
		memcpy(all[i], mixed, k->d_len);
	}
	mem_zero(&m, sizeof(m));
	mem_zero(mixed, sizeof(mixed));
}

void keys_wipe(struct ike_keys *k)
{
	mem_zero(k, sizeof(*k));
}

struct sk_key keys_sk(const struct ike_suite *s, const struct ike_keys *k, bool from_initiator)
{
	const uint8_t *e = from_initiator ? k->sk_ei : k->sk_er;
	const uint8_t *a = from_initiator ? k->sk_ai : k->sk_ar;

	return (struct sk_key){
		.encr = s->encr,
		.integ = s->integ,
		.e = e,
		.salt = e + s->encr->key_len,
		.a = s->integ != NULL ? a : NULL,
	};
}

enum status keys_child(const struct xf *prf, const struct ike_keys *k, const struct key_input *in,
	const struct esp_suite *esp, uint8_t *i_to_r, uint8_t *r_to_i)
{
	const struct view seed[] = {in->secret, in->ni, in->nr, in->more};
	uint8_t stream[2 * (KEYS_E_MAX + PRF_OUT_MAX)];
	size_t len = suite_esp_key_len(esp);
	enum status st;

	st = prf_plus(prf, (struct view){k->sk_d, k->d_len}, seed, 4, stream, 2 * len);
	if (st == ST_OK) {
		memcpy(i_to_r, stream, len);
		memcpy(r_to_i, stream + len, len);
	}
	mem_zero(stream, sizeof(stream));
	return st;
}

void keys_auth_octets(const struct xf *prf, const struct ike_keys *k, bool of_initiator,
	struct view message, struct view nonce, struct view id_body, struct auth_octets *out)
{
	const struct view sk_p = {of_initiator ? k->sk_pi : k->sk_pr, k->d_len};

	memset(out, 0, sizeof(*out));
	out->message = message;
	out->nonce = nonce;
	out->maced_len = prf->out_len;
	prf_one(prf, sk_p, id_body, out->maced_id);
}

void keys_auth_shared(
	const struct xf *prf, struct view shared, const struct auth_octets *o, uint8_t *auth)
{
	/* The bytes of the text without a terminator (RFC 7296 2.15). */
	static const uint8_t pad[] = {'K', 'e', 'y', ' ', 'P', 'a', 'd', ' ', 'f', 'o', 'r', ' ',
		'I', 'K', 'E', 'v', '2'};
	const struct view octets[] = {
		o->message, o->nonce, {o->maced_id, o->maced_len}, o->int_auth};
	uint8_t key[PRF_OUT_MAX];

	prf_one(prf, shared, (struct view){pad, sizeof(pad)}, key);
	prf_parts(prf, (struct view){key, prf->out_len}, octets, 4, auth);
	mem_zero(key, sizeof(key));
}

void keys_auth_resumed(
	const struct xf *prf, struct view sk_p, const struct auth_octets *o, uint8_t *auth)
{
	const struct view octets[] = {o->message, o->nonce, {o->maced_id, o->maced_len}};

	prf_parts(prf, sk_p, octets, 3, auth);
}
