/* THE table of transforms (IANA "IKEv2 Parameters"; RFC 7296 3.3.2, 8221, 8247). One row is one
 * algorithm at one key length; everything that is known about it stands in the row: numbers on the
 * wire, words of the configuration, lengths, and why it should not be used. Constant data: rows are
 * compared by address, live for ever and may be read by every thread. */
#ifndef CORE_CRYPTO_SUITE_H
#define CORE_CRYPTO_SUITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

enum xf_type { XF_ENCR = 1, XF_PRF = 2, XF_INTEG = 3, XF_DH = 4, XF_ESN = 5 };

/* Which primitive does the work; the rest of the row is numbers. */
enum xf_alg {
	XA_NONE,
	XA_3DES_CBC, XA_AES_CBC, XA_AES_GCM, XA_CHACHA20_POLY1305,
	XA_AES_CTR, XA_AES_GMAC, XA_NULL, /* ESP only: RFC 3686, 4543, 2410 */
	XA_MD5, XA_SHA1, XA_SHA256, XA_SHA384, XA_SHA512, /* as HMAC: PRF and INTEG */
	XA_MODP, XA_ECP, XA_X25519
};

struct xf {
	enum xf_type type;
	uint16_t id;       /* IANA */
	uint16_t key_bits; /* value of the Key Length attribute; 0: the attribute is absent */
	enum xf_alg alg;

	const char *keyword;     /* in `encryption`, `integrity`, `prf`, `group` when it is for_ike, and
				  * in sentences; NULL: none */
	const char *esp_keyword; /* in a transform set, one blank between words; NULL: none */
	const char *show;        /* as in `show ... sa`: "AES-GCM" (key size apart), "SHA96", "ecp256" */
	const char *label;       /* in `show ... proposal`: "AES-GCM-256", "DH_GROUP_256_ECP/Group 19" */
	const char *help;        /* one line for completion and manual */
	const char *weak;        /* why it should not be used, for people; NULL: nothing to say */

	uint16_t bits;    /* estimated strength */
	bool is_legacy;   /* only when named in the configuration, never from a default */
	bool for_ike;
	bool for_esp;
	bool is_aead;     /* ENCR: needs no INTEG */

	/* bytes */
	uint8_t key_len;   /* ENCR without salt; INTEG; PRF: preferred key length (= out_len) */
	uint8_t salt_len;  /* AEAD, CTR: follows the key in the keying material (RFC 4106, 5282, 7634,
			    * 3686, 4543) */
	uint8_t iv_len;    /* explicit IV in the packet */
	uint8_t block_len; /* ENCR: what is encrypted is a multiple of it (1 for all but CBC) */
	uint8_t icv_len;   /* AEAD and INTEG */
	uint8_t out_len;   /* PRF */
	uint8_t seed_len;     /* DH: random bytes that dh_generate wants */
	uint8_t private_len;  /* DH */
	uint16_t public_len;  /* DH: exact length of the KE data (RFC 7296 3.4, 5903, 8031) */
	uint16_t secret_len;  /* DH: exact length of g^ir */
};

/* What an IKE SA uses. integ is NULL exactly when encr is an AEAD. */
struct ike_suite {
	const struct xf *encr;
	const struct xf *prf;
	const struct xf *integ;
	const struct xf *dh;
};

/* What a child SA uses. integ is NULL exactly when encr is an AEAD. */
struct esp_suite {
	const struct xf *encr;
	const struct xf *integ;
	bool esn;
};

/* The row, or NULL when we do not have it. key_bits 0 where the peer sent no Key Length. INTEG NONE
 * and DH NONE (id 0) have no row. */
const struct xf *suite_find(enum xf_type type, uint16_t id, uint16_t key_bits);
/* The name of a key exchange that peers offer and that is not built here: it has no row, and is never
 * chosen. NULL: it has one, or is not known. */
const char *suite_not_built(enum xf_type type, uint16_t id);
/* By the word of the configuration: suite_keyword(XF_DH, "19"); NULL when there is no such word. */
const struct xf *suite_keyword(enum xf_type type, const char *word);
/* By the words of a transform set: "esp-gcm 256", "esp-sha256-hmac". Its type says which it is. A
 * key size of 128 may be said or left out. */
const struct xf *suite_esp_keyword(const char *words);
/* Walk the rows of one type in the table's order (strongest first): NULL starts and ends. */
const struct xf *suite_next(enum xf_type type, const struct xf *prev);

/* Rows by number, as a frozen record or a child spec has them (integ_id 0 for an AEAD).
 * ST_NOT_FOUND: we do not have one of them, it is not for IKE (or ESP), or integ_id breaks the rule
 * about AEADs. */
enum status suite_ike(uint16_t encr_id, uint16_t key_bits, uint16_t prf_id, uint16_t integ_id,
		      uint16_t group, struct ike_suite *out) MUST_USE;
enum status suite_esp(uint16_t encr_id, uint16_t key_bits, uint16_t integ_id, bool esn,
		      struct esp_suite *out) MUST_USE;

/* Keying material of one direction of a child: encryption key, salt, integrity key. */
size_t suite_esp_key_len(const struct esp_suite *s);

#endif
