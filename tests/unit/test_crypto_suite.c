/* THE table of transforms: numbers against the IANA registry, words against the configuration
 * dialect, lengths against the RFCs, and the lookups. */
#include "core/crypto/suite.h"

#include "tests/lib/t.h"

/* Written from the registry and the RFCs, not from the table. */
static const struct expected {
	enum xf_type type;
	uint16_t id, key_bits;
	const char *keyword, *show, *label;
	int key, salt, iv, block, icv, out;
	bool is_aead, is_legacy;
} expected[] = {
	{1, 20, 256, "aes-gcm-256", "AES-GCM", "AES-GCM-256", 32, 4, 8, 1, 16, 0, true, false},
	{1, 20, 192, "aes-gcm-192", "AES-GCM", "AES-GCM-192", 24, 4, 8, 1, 16, 0, true, false},
	{1, 20, 128, "aes-gcm-128", "AES-GCM", "AES-GCM-128", 16, 4, 8, 1, 16, 0, true, false},
	{1, 28, 0, "chacha20-poly1305", "CHACHA20-POLY1305", "CHACHA20-POLY1305", 32, 4, 8, 1, 16,
		0, true, false},
	{1, 12, 256, "aes-cbc-256", "AES-CBC", "AES-CBC-256", 32, 0, 16, 16, 0, 0, false, false},
	{1, 12, 192, "aes-cbc-192", "AES-CBC", "AES-CBC-192", 24, 0, 16, 16, 0, 0, false, false},
	{1, 12, 128, "aes-cbc-128", "AES-CBC", "AES-CBC-128", 16, 0, 16, 16, 0, 0, false, false},
	{1, 3, 0, "3des", "3DES", "3DES", 24, 0, 8, 8, 0, 0, false, true},
	{1, 19, 256, "aes-gcm12-256", "AES-GCM12", "AES-GCM12-256", 32, 4, 8, 1, 12, 0, true, true},
	{1, 19, 192, "aes-gcm12-192", "AES-GCM12", "AES-GCM12-192", 24, 4, 8, 1, 12, 0, true, true},
	{1, 19, 128, "aes-gcm12-128", "AES-GCM12", "AES-GCM12-128", 16, 4, 8, 1, 12, 0, true, true},
	{1, 18, 256, "aes-gcm8-256", "AES-GCM8", "AES-GCM8-256", 32, 4, 8, 1, 8, 0, true, true},
	{1, 18, 192, "aes-gcm8-192", "AES-GCM8", "AES-GCM8-192", 24, 4, 8, 1, 8, 0, true, true},
	{1, 18, 128, "aes-gcm8-128", "AES-GCM8", "AES-GCM8-128", 16, 4, 8, 1, 8, 0, true, true},
	{1, 13, 256, "aes-ctr-256", "AES-CTR", "AES-CTR-256", 32, 4, 8, 1, 0, 0, false, true},
	{1, 13, 192, "aes-ctr-192", "AES-CTR", "AES-CTR-192", 24, 4, 8, 1, 0, 0, false, true},
	{1, 13, 128, "aes-ctr-128", "AES-CTR", "AES-CTR-128", 16, 4, 8, 1, 0, 0, false, true},
	{1, 21, 256, "aes-gmac-256", "AES-GMAC", "AES-GMAC-256", 32, 4, 8, 1, 16, 0, true, true},
	{1, 21, 192, "aes-gmac-192", "AES-GMAC", "AES-GMAC-192", 24, 4, 8, 1, 16, 0, true, true},
	{1, 21, 128, "aes-gmac-128", "AES-GMAC", "AES-GMAC-128", 16, 4, 8, 1, 16, 0, true, true},
	{1, 11, 0, "null", "NULL", "NULL", 0, 0, 0, 1, 0, 0, false, true},
	{2, 7, 0, "sha512", "SHA512", "SHA512", 64, 0, 0, 0, 0, 64, false, false},
	{2, 6, 0, "sha384", "SHA384", "SHA384", 48, 0, 0, 0, 0, 48, false, false},
	{2, 5, 0, "sha256", "SHA256", "SHA256", 32, 0, 0, 0, 0, 32, false, false},
	{2, 2, 0, "sha1", "SHA1", "SHA1", 20, 0, 0, 0, 0, 20, false, true},
	{2, 1, 0, "md5", "MD5", "MD5", 16, 0, 0, 0, 0, 16, false, true},
	{3, 14, 0, "sha512", "SHA512", "SHA512", 64, 0, 0, 0, 32, 0, false, false},
	{3, 13, 0, "sha384", "SHA384", "SHA384", 48, 0, 0, 0, 24, 0, false, false},
	{3, 12, 0, "sha256", "SHA256", "SHA256", 32, 0, 0, 0, 16, 0, false, false},
	{3, 2, 0, "sha1", "SHA96", "SHA96", 20, 0, 0, 0, 12, 0, false, true},
	{3, 1, 0, "md5", "MD596", "MD596", 16, 0, 0, 0, 12, 0, false, true},
	{4, 21, 0, "21", "ecp521", "DH_GROUP_521_ECP/Group 21", 0, 0, 0, 0, 0, 0, false, false},
	{4, 20, 0, "20", "ecp384", "DH_GROUP_384_ECP/Group 20", 0, 0, 0, 0, 0, 0, false, false},
	{4, 19, 0, "19", "ecp256", "DH_GROUP_256_ECP/Group 19", 0, 0, 0, 0, 0, 0, false, false},
	{4, 31, 0, "31", "curve25519", "DH_GROUP_CURVE25519/Group 31", 0, 0, 0, 0, 0, 0, false,
		false},
	{4, 16, 0, "16", "modp4096", "DH_GROUP_4096_MODP/Group 16", 0, 0, 0, 0, 0, 0, false, false},
	{4, 15, 0, "15", "modp3072", "DH_GROUP_3072_MODP/Group 15", 0, 0, 0, 0, 0, 0, false, false},
	{4, 14, 0, "14", "modp2048", "DH_GROUP_2048_MODP/Group 14", 0, 0, 0, 0, 0, 0, false, false},
	{4, 24, 0, "24", "modp2048s256", "DH_GROUP_2048_256_MODP/Group 24", 0, 0, 0, 0, 0, 0, false,
		true},
	{4, 5, 0, "5", "modp1536", "DH_GROUP_1536_MODP/Group 5", 0, 0, 0, 0, 0, 0, false, true},
	{4, 2, 0, "2", "modp1024", "DH_GROUP_1024_MODP/Group 2", 0, 0, 0, 0, 0, 0, false, true},
	{4, 1, 0, "1", "modp768", "DH_GROUP_768_MODP/Group 1", 0, 0, 0, 0, 0, 0, false, true},
	{5, 1, 0, NULL, "ESN", "ESN", 0, 0, 0, 0, 0, 0, false, false},
	{5, 0, 0, NULL, "no ESN", "no ESN", 0, 0, 0, 0, 0, 0, false, false},
};

#define EXPECTED (sizeof(expected) / sizeof(expected[0]))

static bool for_esp_only(const struct xf *x)
{
	static const uint16_t ids[] = {11, 13, 18, 19, 21};

	for (size_t i = 0; x->type == XF_ENCR && i < sizeof(ids) / sizeof(ids[0]); i++)
		if (x->id == ids[i])
			return true;
	return false;
}

static void rows_are_those_of_the_registry(void)
{
	size_t i = 0;

	for (enum xf_type type = XF_ENCR; type <= XF_ESN; type++) {
		const struct xf *x = NULL;

		for (; (x = suite_next(type, x)) != NULL; i++) {
			T_TRUE(i < EXPECTED);
			const struct expected *e = &expected[i];

			T_ROW(i, e->label);
			T_EQ(x->type, e->type);
			T_EQ(x->id, e->id);
			T_EQ(x->key_bits, e->key_bits);
			T_STR(x->keyword, e->keyword);
			T_STR(x->show, e->show);
			T_STR(x->label, e->label);
			T_EQ(x->key_len, e->key);
			T_EQ(x->salt_len, e->salt);
			T_EQ(x->iv_len, e->iv);
			T_EQ(x->block_len, e->block);
			T_EQ(x->icv_len, e->icv);
			T_EQ(x->out_len, e->out);
			T_EQ(x->is_aead, e->is_aead);
			T_EQ(x->is_legacy, e->is_legacy);
			T_EQ(x->for_ike, type != XF_ESN && !for_esp_only(x));
			T_EQ(x->for_esp, type != XF_PRF);
		}
	}
	T_EQ(i, EXPECTED);
}

static void rows_are_found_by_number_and_word(void)
{
	for (size_t i = 0; i < EXPECTED; i++) {
		const struct expected *e = &expected[i];
		const struct xf *x = suite_find(e->type, e->id, e->key_bits);

		T_ROW(i, e->label);
		T_TRUE(x != NULL);
		T_STR(x->label, e->label);
		T_TRUE(x->help != NULL);
		/* Sound, but only when they are named. */
		T_EQ(x->is_legacy, x->weak != NULL || (e->type == XF_ENCR && (e->id == 13 || e->id == 19)));
		if (e->keyword != NULL)
			T_TRUE(suite_keyword(e->type, e->keyword) == x);
		/* No second row of the same number hides behind the first. */
		const struct xf *y = x;
		while ((y = suite_next(e->type, y)) != NULL)
			T_TRUE(y->id != e->id || y->key_bits != e->key_bits);
	}
}

static void what_we_do_not_have_is_not_found(void)
{
	static const struct {
		enum xf_type type;
		uint16_t id, bits;
		const char *why;
	} rows[] = {
		{XF_ENCR, 12, 0, "AES needs its Key Length"},
		{XF_ENCR, 12, 64, "no such AES"},
		{XF_ENCR, 20, 0, "AES needs its Key Length"},
		{XF_ENCR, 28, 256, "ChaCha has none"},
		{XF_ENCR, 3, 192, "3DES has none"},
		{XF_ENCR, 14, 128, "AES-CCM"},
		{XF_ENCR, 13, 0, "AES needs its Key Length"},
		{XF_ENCR, 11, 128, "NULL has none"},
		{XF_ENCR, 0, 0, "reserved"},
		{XF_PRF, 4, 0, "XCBC"},
		{XF_PRF, 5, 256, "PRF has none"},
		{XF_INTEG, 0, 0, "NONE has no row"},
		{XF_INTEG, 5, 0, "XCBC"},
		{XF_DH, 0, 0, "NONE"},
		{XF_DH, 22, 0, "small subgroup"},
		{XF_DH, 65535, 0, "unknown"},
		{XF_ESN, 2, 0, "unknown"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].why);
		T_TRUE(suite_find(rows[i].type, rows[i].id, rows[i].bits) == NULL);
	}
	T_TRUE(suite_keyword(XF_ENCR, "sha1") == NULL);
	T_TRUE(suite_keyword(XF_DH, "") == NULL);
	T_TRUE(suite_keyword(XF_ESN, "esn") == NULL);
	T_TRUE(suite_esp_keyword("esp-aes 512") == NULL);
	T_TRUE(suite_esp_keyword("aes-cbc-128") == NULL);
	T_TRUE(suite_esp_keyword("esp-null 128") == NULL);
	T_TRUE(suite_esp_keyword("esp-3des 128") == NULL);
	T_TRUE(suite_esp_keyword(" 128") == NULL);
}

static void transform_set_words(void)
{
	static const struct {
		const char *words;
		enum xf_type type;
		uint16_t id, bits;
	} rows[] = {
		{"esp-aes", XF_ENCR, 12, 128},
		{"esp-aes 192", XF_ENCR, 12, 192},
		{"esp-aes 256", XF_ENCR, 12, 256},
		{"esp-gcm", XF_ENCR, 20, 128},
		{"esp-gcm 192", XF_ENCR, 20, 192},
		{"esp-gcm 256", XF_ENCR, 20, 256},
		{"esp-3des", XF_ENCR, 3, 0},
		{"esp-chacha20-poly1305", XF_ENCR, 28, 0},
		{"esp-aes 128", XF_ENCR, 12, 128},
		{"esp-gcm 128", XF_ENCR, 20, 128},
		{"esp-gcm12 128", XF_ENCR, 19, 128},
		{"esp-gcm12", XF_ENCR, 19, 128},
		{"esp-gcm12 192", XF_ENCR, 19, 192},
		{"esp-gcm12 256", XF_ENCR, 19, 256},
		{"esp-gcm8", XF_ENCR, 18, 128},
		{"esp-gcm8 192", XF_ENCR, 18, 192},
		{"esp-gcm8 256", XF_ENCR, 18, 256},
		{"esp-ctr", XF_ENCR, 13, 128},
		{"esp-ctr 192", XF_ENCR, 13, 192},
		{"esp-ctr 256", XF_ENCR, 13, 256},
		{"esp-gmac", XF_ENCR, 21, 128},
		{"esp-gmac 192", XF_ENCR, 21, 192},
		{"esp-gmac 256", XF_ENCR, 21, 256},
		{"esp-null", XF_ENCR, 11, 0},
		{"esp-md5-hmac", XF_INTEG, 1, 0},
		{"esp-sha-hmac", XF_INTEG, 2, 0},
		{"esp-sha256-hmac", XF_INTEG, 12, 0},
		{"esp-sha384-hmac", XF_INTEG, 13, 0},
		{"esp-sha512-hmac", XF_INTEG, 14, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].words);
		const struct xf *x = suite_esp_keyword(rows[i].words);

		T_TRUE(x != NULL);
		T_TRUE(x == suite_find(rows[i].type, rows[i].id, rows[i].bits));
	}
}

static void group_lengths(void)
{
	static const struct {
		uint16_t id, public_len, secret_len;
	} rows[] = {
		{1, 96, 96},
		{2, 128, 128},
		{5, 192, 192},
		{14, 256, 256},
		{15, 384, 384},
		{16, 512, 512},
		{19, 64, 32},
		{20, 96, 48},
		{21, 132, 66},
		{24, 256, 256},
		{31, 32, 32},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct xf *x = suite_find(XF_DH, rows[i].id, 0);

		T_ROW(i, NULL);
		T_TRUE(x != NULL);
		T_EQ(x->public_len, rows[i].public_len);
		T_EQ(x->secret_len, rows[i].secret_len);
		T_TRUE(x->seed_len >= x->private_len && x->private_len >= 32);
	}
}

static void an_aead_has_no_integ_and_others_need_one(void)
{
	static const struct {
		uint16_t encr, bits, prf, integ, group;
		enum status ike, esp;
		size_t key_len;
	} rows[] = {
		{20, 256, 7, 0, 20, ST_OK, ST_OK, 36},
		{20, 128, 5, 0, 19, ST_OK, ST_OK, 20},
		{28, 0, 5, 0, 31, ST_OK, ST_OK, 36},
		{12, 256, 7, 14, 21, ST_OK, ST_OK, 32 + 64},
		{12, 128, 2, 2, 2, ST_OK, ST_OK, 16 + 20},
		{3, 0, 1, 1, 5, ST_OK, ST_OK, 24 + 16},
		{18, 256, 7, 0, 20, ST_NOT_FOUND, ST_OK, 36},
		{21, 128, 7, 0, 20, ST_NOT_FOUND, ST_OK, 20},
		{13, 256, 7, 12, 20, ST_NOT_FOUND, ST_OK, 32 + 4 + 32},
		{11, 0, 7, 2, 20, ST_NOT_FOUND, ST_OK, 20},
		{11, 0, 7, 0, 20, ST_NOT_FOUND, ST_NOT_FOUND, 0},
		{13, 128, 7, 0, 20, ST_NOT_FOUND, ST_NOT_FOUND, 0},
		{21, 128, 7, 12, 20, ST_NOT_FOUND, ST_NOT_FOUND, 0},
		{20, 256, 7, 14, 20, ST_NOT_FOUND, ST_NOT_FOUND, 0},
		{12, 256, 7, 0, 20, ST_NOT_FOUND, ST_NOT_FOUND, 0},
		{12, 256, 7, 99, 20, ST_NOT_FOUND, ST_NOT_FOUND, 0},
		{12, 250, 7, 14, 20, ST_NOT_FOUND, ST_NOT_FOUND, 0},
		{20, 256, 0, 0, 20, ST_NOT_FOUND, ST_OK, 36},
		{20, 256, 7, 0, 0, ST_NOT_FOUND, ST_OK, 36},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ike_suite ike = {0};
		struct esp_suite esp = {0};

		T_ROW(i, NULL);
		T_EQ(suite_ike(rows[i].encr, rows[i].bits, rows[i].prf, rows[i].integ,
			     rows[i].group, &ike),
			rows[i].ike);
		T_EQ(suite_esp(rows[i].encr, rows[i].bits, rows[i].integ, true, &esp), rows[i].esp);
		T_EQ(ike.encr != NULL, rows[i].ike == ST_OK);
		if (rows[i].ike == ST_OK) {
			T_EQ(ike.encr->id, rows[i].encr);
			T_EQ(ike.prf->id, rows[i].prf);
			T_EQ(ike.dh->id, rows[i].group);
			T_EQ(ike.integ != NULL ? ike.integ->id : 0, rows[i].integ);
		}
		if (rows[i].esp == ST_OK) {
			T_TRUE(esp.esn);
			T_EQ(suite_esp_key_len(&esp), rows[i].key_len);
		}
	}
}

int main(void)
{
	T_RUN(rows_are_those_of_the_registry);
	T_RUN(rows_are_found_by_number_and_word);
	T_RUN(what_we_do_not_have_is_not_found);
	T_RUN(transform_set_words);
	T_RUN(group_lengths);
	T_RUN(an_aead_has_no_integ_and_others_need_one);
	return t_end();
}
