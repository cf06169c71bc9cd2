/* HMAC as PRF and integrity check, prf+ by its definition, SHA-1 and SHA-256; AES-CBC, AES-GCM and
 * ChaCha20-Poly1305 as bare primitives. Vectors: RFC 2202, 4868, 3602, the GCM specification, NIST,
 * Wycheproof. */
#include "core/base/mem.h"
#include "core/crypto/cipher.h"
#include "core/crypto/prf.h"
#include "core/crypto/rnd.h"

#include <stdio.h>

#include "tests/lib/t.h"
#include "tests/vectors/vec.h"

static void hmac_file(const char *path, int rows)
{
	char *text = t_readfile(path, NULL);
	struct vec v = vec_open(text);

	T_TRUE(text != NULL);
	while (vec_next(&v)) {
		const struct xf *prf = suite_keyword(XF_PRF, vec_text(&v, "hash"));
		const struct xf *integ = suite_keyword(XF_INTEG, vec_text(&v, "hash"));
		struct view key = vec_bytes(&v, "key"), msg = vec_bytes(&v, "msg");
		struct view full = vec_bytes(&v, "full"), icv = vec_bytes(&v, "icv");
		uint8_t out[PRF_OUT_MAX] = {0};

		T_ROW(v.count, vec_text(&v, "hash"));
		T_EQ(full.len, prf->out_len);
		prf_one(prf, key, msg, out);
		T_MEM(out, full.p, full.len);
		/* The same in three parts, one of them empty. */
		size_t half = msg.len / 2;
		struct view parts[] = {{msg.p, half}, {NULL, 0}, {msg.p + half, msg.len - half}};
		memset(out, 0, sizeof(out));
		prf_parts(prf, key, parts, 3, out);
		T_MEM(out, full.p, full.len);
		if (icv.len == 0)
			continue;
		T_EQ(icv.len, integ->icv_len);
		T_EQ(key.len, integ->key_len);
		memset(out, 0xee, sizeof(out));
		prf_integ(integ, key.p, parts, 3, out);
		T_MEM(out, icv.p, icv.len);
		T_EQ(out[icv.len], 0xee);
	}
	T_EQ(v.count, rows);
}

static void hmac_md5_and_sha1(void)
{
	hmac_file("tests/vectors/hmac_rfc2202.txt", 14);
}

static void hmac_sha2(void)
{
	hmac_file("tests/vectors/hmac_rfc4868.txt", 30);
}

static void prf_plus_is_its_definition(void)
{
	static const char *const names[] = {"md5", "sha1", "sha256", "sha384", "sha512"};
	static const uint8_t key_bytes[] = "a key", seed_bytes[] = "some seed of two parts";
	struct view key = {key_bytes, sizeof(key_bytes)};
	struct view parts[] = {{seed_bytes, 10}, {seed_bytes + 10, sizeof(seed_bytes) - 10}};
	static uint8_t got[255 * 64 + 1], want[255 * 64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct xf *prf = suite_keyword(XF_PRF, names[i]);
		size_t max = PRF_PLUS_MAX(prf), n = prf->out_len;

		T_ROW(i, names[i]);
		for (uint8_t c = 1; c != 0; c++) {
			uint8_t *block = want + (c - 1) * n;
			struct view before = {c == 1 ? NULL : block - n, c == 1 ? 0 : n};
			struct view in[] = {before, parts[0], parts[1], {&c, 1}};

			prf_parts(prf, key, in, 4, block);
		}
		for (size_t len = 0; len <= max; len += len < 200 ? 1 : 509) {
			memset(got, 0xee, sizeof(got));
			T_EQ(prf_plus(prf, key, parts, 2, got, len), ST_OK);
			T_MEM(got, want, len);
			T_EQ(got[len], 0xee);
		}
		T_EQ(prf_plus(prf, key, parts, 2, got, max), ST_OK);
		T_MEM(got, want, max);
		T_EQ(prf_plus(prf, key, parts, 2, got, max + 1), ST_LIMIT);
	}
	struct view many[9] = {{0}};
	T_EQ(prf_plus(suite_keyword(XF_PRF, "md5"), key, many, 9, got, 10), ST_LIMIT);
}

/* FIPS 180-4 examples. */
static void plain_hashes(void)
{
	static const struct {
		const char *msg, *sha1, *sha256;
	} rows[] = {
		{"", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
			"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "a9993e364706816aba3e25717850c26c9cd0d89d",
			"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			"84983e441c3bd26ebaae4aa1f95129e5e54670f1",
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = strlen(rows[i].msg);
		const uint8_t *p = (const uint8_t *)rows[i].msg;
		struct view parts[] = {{p, len / 3}, {p + len / 3, len - len / 3}};
		uint8_t out[32];

		T_ROW(i, rows[i].msg);
		prf_sha1(parts, 2, out);
		T_MEM(out, t_hex(rows[i].sha1, NULL), 20);
		prf_sha256(parts, 2, out);
		T_MEM(out, t_hex(rows[i].sha256, NULL), 32);
	}
}

static void cookies_are_hmac_sha256(void)
{
	struct view key = {(const uint8_t *)"Jefe", 4};
	struct view msg = {(const uint8_t *)"what do ya want for nothing?", 28};
	uint8_t out[32];

	prf_hmac_sha256(key, &msg, 1, out);
	T_MEM(out, t_hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", NULL),
		32);
}

static void cbc_case(const struct cipher *c, const struct vec *v)
{
	struct view iv = vec_bytes(v, "iv"), msg = vec_bytes(v, "msg"), ct = vec_bytes(v, "ct");
	uint8_t out[128];

	T_EQ(msg.len, ct.len);
	T_TRUE(msg.len <= sizeof(out));
	cipher_cbc_encrypt(c, iv.p, msg.p, msg.len, out);
	T_MEM(out, ct.p, ct.len);
	cipher_cbc_decrypt(c, iv.p, ct.p, ct.len, out);
	T_MEM(out, msg.p, msg.len);
	/* In place, as messages and packets are. */
	cipher_cbc_encrypt(c, iv.p, out, ct.len, out);
	T_MEM(out, ct.p, ct.len);
	cipher_cbc_decrypt(c, iv.p, out, ct.len, out);
	T_MEM(out, msg.p, msg.len);
}

static void aes_cbc(void)
{
	char *text = t_readfile("tests/vectors/cbc_rfc3602.txt", NULL);
	const struct xf *encr = suite_keyword(XF_ENCR, "aes-cbc-128");
	struct vec v = vec_open(text);
	struct cipher c;

	T_TRUE(text != NULL);
	while (vec_next(&v)) {
		T_ROW(v.count, NULL);
		T_EQ(vec_bytes(&v, "key").len, 16);
		T_EQ(cipher_key(&c, encr, vec_bytes(&v, "key").p), ST_OK);
		T_DO(cbc_case(&c, &v));
		cipher_wipe(&c);
	}
	T_EQ(v.count, 8);
}

/* NIST SP 800-38A F.2.3, F.2.5; SP 800-67 (3DES, CBC over two blocks is covered by sk.txt). */
static void aes_cbc_192_and_256(void)
{
	static const char iv[] = "000102030405060708090a0b0c0d0e0f";
	static const char msg[] =
		"6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51";
	static const struct {
		const char *word, *key, *ct;
	} rows[] = {
		{"aes-cbc-192", "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
			"4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a"},
		{"aes-cbc-256", "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
			"f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"},
	};

	for (size_t i = 0; i < 2; i++) {
		uint8_t out[32];
		struct cipher c;

		T_ROW(i, rows[i].word);
		T_EQ(cipher_key(&c, suite_keyword(XF_ENCR, rows[i].word), t_hex(rows[i].key, NULL)),
			ST_OK);
		cipher_cbc_encrypt(&c, t_hex(iv, NULL), t_hex(msg, NULL), 32, out);
		T_MEM(out, t_hex(rows[i].ct, NULL), 32);
		cipher_cbc_decrypt(&c, t_hex(iv, NULL), out, 32, out);
		T_MEM(out, t_hex(msg, NULL), 32);
		cipher_wipe(&c);
	}
}

/* One AEAD vector with a 96-bit nonce and a 16-byte tag, which may be meant to fail. */
static void aead_case(const struct xf *encr, const struct vec *v)
{
	struct view nonce = vec_bytes(v, "iv"), ad = vec_bytes(v, "aad"), msg = vec_bytes(v, "msg");
	struct view ct = vec_bytes(v, "ct"), tag = vec_bytes(v, "tag");
	bool valid = !vec_is(v, "result", "invalid");
	uint8_t *in = calloc(1, ct.len + tag.len), *out = calloc(1, msg.len + 16);
	enum status sealed, opened;
	struct cipher c;

	memcpy(in, ct.p, ct.len);
	memcpy(in + ct.len, tag.p, tag.len);
	if (cipher_key(&c, encr, vec_bytes(v, "key").p) != ST_OK)
		abort();
	sealed = cipher_seal(&c, nonce.p, ad, msg, out);
	bool same = memcmp(out, in, ct.len + tag.len) == 0;
	opened = cipher_open(&c, nonce.p, ad, (struct view){in, ct.len + tag.len}, out);
	bool back = opened == ST_OK && (msg.len == 0 || memcmp(out, msg.p, msg.len) == 0);
	bool zero = true;
	for (size_t i = 0; i < msg.len; i++)
		zero = zero && out[i] == 0;
	cipher_wipe(&c);
	free(in);
	free(out);
	T_EQ(sealed, ST_OK);
	T_EQ(opened, valid ? ST_OK : ST_NOT_AUTHENTIC);
	T_EQ(same, valid);
	T_EQ(back, valid);
	if (!valid)
		T_TRUE(zero);
}

static const struct xf *gcm_row(size_t key_len)
{
	return suite_find(XF_ENCR, 20, (uint16_t)(8 * key_len));
}

static void aes_gcm(void)
{
	char *text = t_readfile("tests/vectors/gcm.txt", NULL);
	struct vec v = vec_open(text);

	T_TRUE(text != NULL);
	while (vec_next(&v)) {
		T_ROW(v.count, NULL);
		T_DO(aead_case(gcm_row(vec_bytes(&v, "key").len), &v));
	}
	T_EQ(v.count, 12);
}

/* NULL, said aloud, where the vectors are not there. */
static char *wycheproof(const char *name)
{
	char *text = t_wycheproof(name, NULL);

	if (text == NULL)
		printf("# SKIPPED: %s; SALLYPORT_WYCHEPROOF names no folder that has it\n", name);
	return text;
}

static void wycheproof_aead(const char *name, int at_least)
{
	char *text = wycheproof(name);
	struct vec v = vec_open(text);
	int used = 0;

	if (text == NULL)
		return;
	while (vec_next(&v)) {
		const struct xf *encr = suite_keyword(XF_ENCR, "chacha20-poly1305");

		/* IPsec has no other nonce and we have no other tag. */
		if (!vec_is(&v, "ivSize", "96") || !vec_is(&v, "tagSize", "128"))
			continue;
		if (strstr(name, "gcm") != NULL)
			encr = gcm_row(vec_bytes(&v, "key").len);
		T_ROW(v.count, name);
		T_TRUE(encr != NULL);
		T_DO(aead_case(encr, &v));
		used++;
	}
	T_TRUE(used >= at_least);
}

static void wycheproof_gcm(void)
{
	wycheproof_aead("aes_gcm_test.txt", 140);
}

static void wycheproof_chacha(void)
{
	wycheproof_aead("chacha20_poly1305_test.txt", 280);
}

static void wycheproof_hmac(void)
{
	static const char *const hashes[] = {"sha1", "sha256", "sha384", "sha512"};

	for (size_t i = 0; i < 4; i++) {
		char name[40];
		snprintf(name, sizeof(name), "hmac_%s_test.txt", hashes[i]);
		char *text = wycheproof(name);
		struct vec v = vec_open(text);

		if (text == NULL)
			return;
		while (vec_next(&v)) {
			struct view tag = vec_bytes(&v, "tag");
			uint8_t out[PRF_OUT_MAX];

			T_ROW(v.count, name);
			prf_one(suite_keyword(XF_PRF, hashes[i]), vec_bytes(&v, "key"),
				vec_bytes(&v, "msg"), out);
			T_TRUE(tag.len <= sizeof(out));
			T_EQ(mem_eq_secret(out, tag.p, tag.len), !vec_is(&v, "result", "invalid"));
		}
		T_TRUE(v.count >= 150);
	}
}

static void wycheproof_cbc(void)
{
	char *text = wycheproof("aes_cbc_pkcs5_test.txt");
	struct vec v = vec_open(text);
	int used = 0;

	if (text == NULL)
		return;
	while (vec_next(&v)) {
		struct view key = vec_bytes(&v, "key"), iv = vec_bytes(&v, "iv");
		struct view msg = vec_bytes(&v, "msg"), ct = vec_bytes(&v, "ct");
		uint8_t padded[512], out[512];
		size_t pad = 16 - msg.len % 16;
		struct cipher c;

		if (!vec_is(&v, "result", "valid") || ct.len != msg.len + pad || ct.len > 512)
			continue;
		T_ROW(v.count, NULL);
		memcpy(padded, msg.p, msg.len);
		memset(padded + msg.len, (int)pad, pad);
		T_EQ(cipher_key(&c, suite_find(XF_ENCR, 12, (uint16_t)(8 * key.len)), key.p),
			ST_OK);
		cipher_cbc_encrypt(&c, iv.p, padded, ct.len, out);
		T_MEM(out, ct.p, ct.len);
		cipher_wipe(&c);
		used++;
	}
	T_TRUE(used >= 30);
}

static void random_bytes_differ(void)
{
	uint8_t a[32] = {0}, b[32] = {0}, none[2] = {1, 2};

	rnd_bytes(a, sizeof(a));
	rnd_bytes(b, sizeof(b));
	T_TRUE(memcmp(a, b, sizeof(a)) != 0);
	T_TRUE(rnd_u64() != rnd_u64());
	rnd_bytes(none, 0);
	T_EQ(none[0] + none[1], 3);
}

int main(void)
{
	T_RUN(hmac_md5_and_sha1);
	T_RUN(hmac_sha2);
	T_RUN(prf_plus_is_its_definition);
	T_RUN(plain_hashes);
	T_RUN(cookies_are_hmac_sha256);
	T_RUN(aes_cbc);
	T_RUN(aes_cbc_192_and_256);
	T_RUN(aes_gcm);
	T_RUN(wycheproof_gcm);
	T_RUN(wycheproof_chacha);
	T_RUN(wycheproof_hmac);
	T_RUN(wycheproof_cbc);
	T_RUN(random_bytes_differ);
	return t_end();
}
