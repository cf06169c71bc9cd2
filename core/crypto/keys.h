/* Keys of an IKE SA and of its children (RFC 7296 sections 2.14, 2.15, 2.17, 2.18; RFC 5282).
 * Derivation needs no heap, and nothing of it fails except by lengths that the callers' rows exclude. */
#ifndef CORE_CRYPTO_KEYS_H
#define CORE_CRYPTO_KEYS_H

#include <stdbool.h>

#include "core/base/rd.h"
#include "core/crypto/prf.h"
#include "core/crypto/sk.h"
#include "core/crypto/suite.h"

#define KEYS_E_MAX 36 /* longest encryption key with its salt */

/* Flat: every array with the length in use, so that it can be frozen field by field. The holder
 * of one calls keys_wipe. Last come those that are not needed for long, or not with every suite. */
struct ike_keys {
	uint8_t d_len; /* SK_d, SK_pi, SK_pr: prf->key_len */
	uint8_t a_len; /* SK_ai, SK_ar: 0 with an AEAD */
	uint8_t e_len; /* SK_ei, SK_er: key and salt */
	bool is_short; /* made by ike_keys_shorten */
	uint8_t sk_d[PRF_OUT_MAX];
	uint8_t sk_ei[KEYS_E_MAX];
	uint8_t sk_er[KEYS_E_MAX];
	uint8_t sk_ai[PRF_OUT_MAX];
	uint8_t sk_ar[PRF_OUT_MAX];
	uint8_t sk_pi[PRF_OUT_MAX];
	uint8_t sk_pr[PRF_OUT_MAX];
};

/* Keys of an SA in memory of their own; all zero. NULL: out of memory. */
struct ike_keys *ike_keys_new(void);
/* In the place of *k what an SA needs that is authenticated: no SK_pi and SK_pr, and no SK_ai and SK_ar where there
 * are none. There is no memory behind them: a copy is made by ike_keys_read(). Out of memory *k stays. */
void ike_keys_shorten(struct ike_keys **k);
/* With zeros for what is not there. */
void ike_keys_read(const struct ike_keys *k, struct ike_keys *out);
/* Of ike_keys_new() or ike_keys_shorten(), wiped. NULL: nothing. */
void ike_keys_free(struct ike_keys *k);

/* What an exchange contributes. Nonces are payload bodies; SPIs as numbers (sent big-endian);
 * secret is g^ir, and empty for a child without its own exchange. */
struct key_input {
	struct view ni;
	struct view nr;
	struct view secret;
	struct view more; /* SK(1) | SK(2)... of additional key exchanges, while rekeying and of children */
	uint64_t spi_i;
	uint64_t spi_r;
};

/* SKEYSEED and {SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr} of a first IKE SA (2.14). */
void keys_derive(const struct ike_suite *s, const struct key_input *in, struct ike_keys *out);
/* The same for an IKE SA that replaces one (2.18): SKEYSEED = prf(SK_d old, g^ir | Ni | Nr | more) with
 * the old SA's prf, the rest with the new suite; in->spi_* and nonces are those of the new SA. */
void keys_rekey(const struct ike_suite *s, const struct xf *old_prf, const struct ike_keys *old,
	const struct key_input *in, struct ike_keys *out);
/* The same for an IKE SA resumed with a ticket (RFC 5723 5.1): SKEYSEED = prf(SK_d old, "Resumption" |
 * Ni | Nr); in->secret is not used. */
void keys_resume(const struct ike_suite *s, struct view sk_d_old, const struct key_input *in,
	struct ike_keys *out);
/* RFC 8784 section 3: SK_d, SK_pi, SK_pr = prf+(PPK, SK_d'), and so on. Of a first IKE SA only. */
void keys_mix_ppk(const struct xf *prf, struct view ppk, struct ike_keys *k);
void keys_wipe(struct ike_keys *k);

/* The key that protects messages sent by the original initiator, or by the responder. Pointers
 * into k: valid as long as it is. */
struct sk_key keys_sk(const struct ike_suite *s, const struct ike_keys *k, bool from_initiator);

/* KEYMAT of a child (2.17, RFC 9370 2.2.4): keys of both directions, each suite_esp_key_len(esp) bytes in the order
 * encryption key, salt, integrity key. "i" is the initiator of the exchange that creates the child.
 * prf is the IKE SA's. ST_LIMIT when the suite wants more than prf+ gives (no row does). */
enum status keys_child(const struct xf *prf, const struct ike_keys *k, const struct key_input *in,
	const struct esp_suite *esp, uint8_t *i_to_r, uint8_t *r_to_i) MUST_USE;

/* What an AUTH payload covers (2.15): message | nonce | prf(SK_p, id_body). */
struct auth_octets {
	struct view message;           /* first message of the side that is authenticated, whole */
	struct view nonce;             /* of the other side */
	uint8_t maced_id[PRF_OUT_MAX]; /* filled by keys_auth_octets */
	uint8_t maced_len;
	struct view int_auth;          /* RFC 9242 3.3.2; empty without IKE_INTERMEDIATE */
};

/* id_body: ID payload without its generic header (type, three reserved bytes, data).
 * of_initiator: whose AUTH it is (SK_pi or SK_pr). Views are kept, not copied. */
void keys_auth_octets(const struct xf *prf, const struct ike_keys *k, bool of_initiator,
	struct view message, struct view nonce, struct view id_body, struct auth_octets *out);
/* AUTH data of the shared key method: prf(prf(shared, "Key Pad for IKEv2"), octets) ->
 * prf->out_len bytes. shared: pre-shared key, EAP MSK, or SK_pi / SK_pr where EAP makes no key. */
void keys_auth_shared(
	const struct xf *prf, struct view shared, const struct auth_octets *o, uint8_t *auth);
/* The same of a resumed SA (RFC 5723 4.3.3): prf(SK_p, octets), without the key pad. */
void keys_auth_resumed(
	const struct xf *prf, struct view sk_p, const struct auth_octets *o, uint8_t *auth);

#endif
