#include "core/crypto/suite.h"

#include <string.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Remarks of RFC 8221 and 8247 in the words of an operator's warning. */
#define WEAK_3DES  "64-bit blocks: birthday attacks after some gigabytes (RFC 8221, 8247)"
#define WEAK_MD5   "MD5 is broken as a hash; forbidden by RFC 8247"
#define WEAK_SHA1  "SHA-1 is kept for old peers only (RFC 8247)"
#define WEAK_ICV8  "an 8-byte ICV is short: one forgery in 2^64 tries at best, and each makes the next easier"
#define WEAK_NULL  "nothing is encrypted: anyone on the way can read it (RFC 8221)"
#define WEAK_768   "a 768-bit group has been broken in public"
#define WEAK_1024  "a 1024-bit group is within reach of a state (RFC 8247)"
#define WEAK_1536  "a 1536-bit group is below today's strength (RFC 8247)"
#define WEAK_G24   "the origin of this group's constants is not known (RFC 8247)"

#define ENCR(alg_, id_, bits_, key, salt, iv, block, icv)                                          \
	.type = XF_ENCR, .id = id_, .key_bits = bits_, .alg = alg_, .key_len = key, .salt_len = salt, \
	.iv_len = iv, .block_len = block, .icv_len = icv, .is_aead = (icv) != 0, .for_ike = true,    \
	.for_esp = true

/* Rows that only ESP has, and only when they are named. */
#define ENCR_ESP(alg_, id_, bits_, key, salt, iv, icv)                                             \
	.type = XF_ENCR, .id = id_, .key_bits = bits_, .alg = alg_, .key_len = key, .salt_len = salt, \
	.iv_len = iv, .block_len = 1, .icv_len = icv, .is_aead = (icv) != 0, .for_esp = true,        \
	.is_legacy = true

/* One algorithm of AES at its three key lengths. */
#define ENCR_AES(alg_, id_, icv, word, name, text, weak_)                                          \
	{ENCR_ESP(alg_, id_, 256, 32, 4, 8, icv), .bits = 256, .keyword = "aes-" word "-256",        \
		.esp_keyword = "esp-" word " 256", .show = name, .label = name "-256",               \
		.help = text ", 256-bit key", .weak = weak_},                                    \
	{ENCR_ESP(alg_, id_, 192, 24, 4, 8, icv), .bits = 192, .keyword = "aes-" word "-192",        \
		.esp_keyword = "esp-" word " 192", .show = name, .label = name "-192",               \
		.help = text ", 192-bit key", .weak = weak_},                                    \
	{ENCR_ESP(alg_, id_, 128, 16, 4, 8, icv), .bits = 128, .keyword = "aes-" word "-128",        \
		.esp_keyword = "esp-" word, .show = name, .label = name "-128",                      \
		.help = text ", 128-bit key", .weak = weak_}

#define INTEG(alg_, id_, key, icv)                                                                 \
	.type = XF_INTEG, .id = id_, .alg = alg_, .key_len = key, .icv_len = icv, .for_ike = true,   \
	.for_esp = true

#define PRF(alg_, id_, len)                                                                        \
	.type = XF_PRF, .id = id_, .alg = alg_, .key_len = len, .out_len = len, .for_ike = true

/* Exponents of safe primes are short: twice the strength of the group and more (RFC 7919 5.2,
 * SP 800-56A 5.6.1.1.1), three to seven times faster than one of full length. */
#define MODP(id_, len, exp_len)                                                                    \
	.type = XF_DH, .id = id_, .alg = XA_MODP, .seed_len = exp_len, .private_len = exp_len,       \
	.public_len = len, .secret_len = len, .for_ike = true, .for_esp = true

/* 64 bits of seed more than the order has, so that reducing it leaves no bias (FIPS 186-5 A.2.1).
 * Both coordinates are sent, x alone is the secret (RFC 5903 section 7). */
#define ECP(id_, len)                                                                              \
	.type = XF_DH, .id = id_, .alg = XA_ECP, .seed_len = (len) + 8, .private_len = len,          \
	.public_len = 2 * (len), .secret_len = len, .for_ike = true, .for_esp = true

/* Both directions have their own keys; ESN goes with any suite (RFC 4304). */
#define ESN(id_) .type = XF_ESN, .id = id_, .for_esp = true

/* Within a type strongest first, as suite_next shows them. */
static const struct xf table[] = {
	{ENCR(XA_AES_GCM, 20, 256, 32, 4, 8, 1, 16), .bits = 256, .keyword = "aes-gcm-256",
		.esp_keyword = "esp-gcm 256", .show = "AES-GCM", .label = "AES-GCM-256",
		.help = "AES-GCM with 256-bit key, 16-byte ICV"},
	{ENCR(XA_AES_GCM, 20, 192, 24, 4, 8, 1, 16), .bits = 192, .keyword = "aes-gcm-192",
		.esp_keyword = "esp-gcm 192", .show = "AES-GCM", .label = "AES-GCM-192",
		.help = "AES-GCM with 192-bit key, 16-byte ICV"},
	{ENCR(XA_AES_GCM, 20, 128, 16, 4, 8, 1, 16), .bits = 128, .keyword = "aes-gcm-128",
		.esp_keyword = "esp-gcm", .show = "AES-GCM", .label = "AES-GCM-128",
		.help = "AES-GCM with 128-bit key, 16-byte ICV"},
	{ENCR(XA_CHACHA20_POLY1305, 28, 0, 32, 4, 8, 1, 16), .bits = 256,
		.keyword = "chacha20-poly1305", .esp_keyword = "esp-chacha20-poly1305",
		.show = "CHACHA20-POLY1305", .label = "CHACHA20-POLY1305",
		.help = "ChaCha20-Poly1305 with 256-bit key, 16-byte ICV"},
	{ENCR(XA_AES_CBC, 12, 256, 32, 0, 16, 16, 0), .bits = 256, .keyword = "aes-cbc-256",
		.esp_keyword = "esp-aes 256", .show = "AES-CBC", .label = "AES-CBC-256",
		.help = "AES-CBC with 256-bit key"},
	{ENCR(XA_AES_CBC, 12, 192, 24, 0, 16, 16, 0), .bits = 192, .keyword = "aes-cbc-192",
		.esp_keyword = "esp-aes 192", .show = "AES-CBC", .label = "AES-CBC-192",
		.help = "AES-CBC with 192-bit key"},
	{ENCR(XA_AES_CBC, 12, 128, 16, 0, 16, 16, 0), .bits = 128, .keyword = "aes-cbc-128",
		.esp_keyword = "esp-aes", .show = "AES-CBC", .label = "AES-CBC-128",
		.help = "AES-CBC with 128-bit key"},
	{ENCR(XA_3DES_CBC, 3, 0, 24, 0, 8, 8, 0), .bits = 112, .keyword = "3des",
		.esp_keyword = "esp-3des", .show = "3DES", .label = "3DES",
		.help = "Triple DES in CBC mode", .weak = WEAK_3DES, .is_legacy = true},
	ENCR_AES(XA_AES_GCM, 19, 12, "gcm12", "AES-GCM12", "AES-GCM, 12-byte ICV", NULL),
	ENCR_AES(XA_AES_GCM, 18, 8, "gcm8", "AES-GCM8", "AES-GCM, 8-byte ICV", WEAK_ICV8),
	ENCR_AES(XA_AES_CTR, 13, 0, "ctr", "AES-CTR", "AES in counter mode", NULL),
	ENCR_AES(XA_AES_GMAC, 21, 16, "gmac", "AES-GMAC", "Integrity by AES-GMAC, no encryption",
		WEAK_NULL),
	{ENCR_ESP(XA_NULL, 11, 0, 0, 0, 0, 0), .keyword = "null", .esp_keyword = "esp-null",
		.show = "NULL", .label = "NULL", .help = "No encryption", .weak = WEAK_NULL},

	{PRF(XA_SHA512, 7, 64), .bits = 256, .keyword = "sha512", .show = "SHA512",
		.label = "SHA512", .help = "HMAC-SHA2-512"},
	{PRF(XA_SHA384, 6, 48), .bits = 192, .keyword = "sha384", .show = "SHA384",
		.label = "SHA384", .help = "HMAC-SHA2-384"},
	{PRF(XA_SHA256, 5, 32), .bits = 128, .keyword = "sha256", .show = "SHA256",
		.label = "SHA256", .help = "HMAC-SHA2-256"},
	{PRF(XA_SHA1, 2, 20), .bits = 128, .keyword = "sha1", .show = "SHA1", .label = "SHA1",
		.help = "HMAC-SHA1", .weak = WEAK_SHA1, .is_legacy = true},
	{PRF(XA_MD5, 1, 16), .bits = 64, .keyword = "md5", .show = "MD5", .label = "MD5",
		.help = "HMAC-MD5", .weak = WEAK_MD5, .is_legacy = true},

	{INTEG(XA_SHA512, 14, 64, 32), .bits = 256, .keyword = "sha512",
		.esp_keyword = "esp-sha512-hmac", .show = "SHA512", .label = "SHA512",
		.help = "HMAC-SHA2-512, 32-byte ICV"},
	{INTEG(XA_SHA384, 13, 48, 24), .bits = 192, .keyword = "sha384",
		.esp_keyword = "esp-sha384-hmac", .show = "SHA384", .label = "SHA384",
		.help = "HMAC-SHA2-384, 24-byte ICV"},
	{INTEG(XA_SHA256, 12, 32, 16), .bits = 128, .keyword = "sha256",
		.esp_keyword = "esp-sha256-hmac", .show = "SHA256", .label = "SHA256",
		.help = "HMAC-SHA2-256, 16-byte ICV"},
	{INTEG(XA_SHA1, 2, 20, 12), .bits = 96, .keyword = "sha1", .esp_keyword = "esp-sha-hmac",
		.show = "SHA96", .label = "SHA96", .help = "HMAC-SHA1, 12-byte ICV",
		.weak = WEAK_SHA1, .is_legacy = true},
	{INTEG(XA_MD5, 1, 16, 12), .bits = 64, .keyword = "md5", .esp_keyword = "esp-md5-hmac",
		.show = "MD596", .label = "MD596", .help = "HMAC-MD5, 12-byte ICV",
		.weak = WEAK_MD5, .is_legacy = true},

	{ECP(21, 66), .bits = 256, .keyword = "21", .show = "ecp521",
		.label = "DH_GROUP_521_ECP/Group 21", .help = "521-bit elliptic curve (NIST P-521)"},
	{ECP(20, 48), .bits = 192, .keyword = "20", .show = "ecp384",
		.label = "DH_GROUP_384_ECP/Group 20", .help = "384-bit elliptic curve (NIST P-384)"},
	{ECP(19, 32), .bits = 128, .keyword = "19", .show = "ecp256",
		.label = "DH_GROUP_256_ECP/Group 19", .help = "256-bit elliptic curve (NIST P-256)"},
	{.type = XF_DH, .id = 31, .alg = XA_X25519, .seed_len = 32, .private_len = 32,
		.public_len = 32, .secret_len = 32, .for_ike = true, .for_esp = true, .bits = 128,
		.keyword = "31", .show = "curve25519", .label = "DH_GROUP_CURVE25519/Group 31",
		.help = "Curve25519"},
	{MODP(16, 512, 48), .bits = 150, .keyword = "16", .show = "modp4096",
		.label = "DH_GROUP_4096_MODP/Group 16", .help = "4096-bit MODP"},
	{MODP(15, 384, 40), .bits = 128, .keyword = "15", .show = "modp3072",
		.label = "DH_GROUP_3072_MODP/Group 15", .help = "3072-bit MODP"},
	{MODP(14, 256, 32), .bits = 112, .keyword = "14", .show = "modp2048",
		.label = "DH_GROUP_2048_MODP/Group 14", .help = "2048-bit MODP"},
	{MODP(24, 256, 32), .bits = 112, .keyword = "24", .show = "modp2048s256",
		.label = "DH_GROUP_2048_256_MODP/Group 24",
		.help = "2048-bit MODP with 256-bit subgroup", .weak = WEAK_G24, .is_legacy = true},
	{MODP(5, 192, 32), .bits = 90, .keyword = "5", .show = "modp1536",
		.label = "DH_GROUP_1536_MODP/Group 5", .help = "1536-bit MODP", .weak = WEAK_1536,
		.is_legacy = true},
	{MODP(2, 128, 32), .bits = 80, .keyword = "2", .show = "modp1024",
		.label = "DH_GROUP_1024_MODP/Group 2", .help = "1024-bit MODP", .weak = WEAK_1024,
		.is_legacy = true},
	{MODP(1, 96, 32), .bits = 64, .keyword = "1", .show = "modp768",
		.label = "DH_GROUP_768_MODP/Group 1", .help = "768-bit MODP", .weak = WEAK_768,
		.is_legacy = true},

	{ESN(1), .show = "ESN", .label = "ESN", .help = "64-bit sequence numbers"},
	{ESN(0), .show = "no ESN", .label = "no ESN", .help = "32-bit sequence numbers"},
};

const char *suite_not_built(enum xf_type type, uint16_t id)
{
	static const struct {
		uint16_t id;
		const char *name;
	} groups[] = {{35, "ML-KEM-512"}, {36, "ML-KEM-768"}, {37, "ML-KEM-1024"}};

	for (size_t i = 0; type == XF_DH && i < ARRAY_LEN(groups); i++)
		if (groups[i].id == id)
			return groups[i].name;
	return NULL;
}

const struct xf *suite_next(enum xf_type type, const struct xf *prev)
{
	const struct xf *x = prev != NULL ? prev + 1 : table;

	for (; x < table + ARRAY_LEN(table); x++)
		if (x->type == type)
			return x;
	return NULL;
}

const struct xf *suite_find(enum xf_type type, uint16_t id, uint16_t key_bits)
{
	const struct xf *x = NULL;

	while ((x = suite_next(type, x)) != NULL)
		if (x->id == id && x->key_bits == key_bits)
			return x;
	return NULL;
}

const struct xf *suite_keyword(enum xf_type type, const char *word)
{
	const struct xf *x = NULL;

	while ((x = suite_next(type, x)) != NULL)
		if (x->keyword != NULL && strcmp(x->keyword, word) == 0)
			return x;
	return NULL;
}

const struct xf *suite_esp_keyword(const char *words)
{
	size_t len = strlen(words);

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (table[i].esp_keyword != NULL && strcmp(table[i].esp_keyword, words) == 0)
			return &table[i];
	for (size_t i = 0; i < ARRAY_LEN(table) && len > 4 && strcmp(words + len - 4, " 128") == 0; i++)
		if (table[i].esp_keyword != NULL && table[i].key_bits == 128 &&
			strlen(table[i].esp_keyword) == len - 4 &&
			memcmp(table[i].esp_keyword, words, len - 4) == 0)
			return &table[i];
	return NULL;
}

/* ENCR and INTEG belong together: an AEAD has none, everything else needs one. */
static bool find_pair(uint16_t encr_id, uint16_t key_bits, uint16_t integ_id,
	const struct xf **encr, const struct xf **integ)
{
	*encr = suite_find(XF_ENCR, encr_id, key_bits);
	*integ = integ_id != 0 ? suite_find(XF_INTEG, integ_id, 0) : NULL;
	if (*encr == NULL || (integ_id != 0 && *integ == NULL))
		return false;
	return (*encr)->is_aead == (*integ == NULL);
}

enum status suite_ike(uint16_t encr_id, uint16_t key_bits, uint16_t prf_id, uint16_t integ_id,
	uint16_t group, struct ike_suite *out)
{
	struct ike_suite s = {0};

	if (!find_pair(encr_id, key_bits, integ_id, &s.encr, &s.integ))
		return ST_NOT_FOUND;
	s.prf = suite_find(XF_PRF, prf_id, 0);
	s.dh = suite_find(XF_DH, group, 0);
	if (s.prf == NULL || s.dh == NULL)
		return ST_NOT_FOUND;
	if (!s.encr->for_ike || (s.integ != NULL && !s.integ->for_ike))
		return ST_NOT_FOUND;
	*out = s;
	return ST_OK;
}

enum status suite_esp(uint16_t encr_id, uint16_t key_bits, uint16_t integ_id, bool esn,
	struct esp_suite *out)
{
	struct esp_suite s = {.esn = esn};

	if (!find_pair(encr_id, key_bits, integ_id, &s.encr, &s.integ))
		return ST_NOT_FOUND;
	if (!s.encr->for_esp || (s.integ != NULL && !s.integ->for_esp))
		return ST_NOT_FOUND;
	*out = s;
	return ST_OK;
}

size_t suite_esp_key_len(const struct esp_suite *s)
{
	size_t len = (size_t)s->encr->key_len + s->encr->salt_len;

	return s->integ != NULL ? len + s->integ->key_len : len;
}
