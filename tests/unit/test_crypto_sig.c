/* Signatures: Wycheproof's vectors, every scheme signed and verified, their names on the wire, the choice. */
#include "core/crypto/sig.h"
#include "core/base/wr.h"
#include "tests/unit/x509_lib.h"

/* ---- Wycheproof ----------------------------------------------------------------------------------- */

static enum sig_scheme by_hash(enum sig_scheme sha256, const char *sha)
{
	return strcmp(sha, "SHA-256") == 0   ? sha256
	       : strcmp(sha, "SHA-384") == 0 ? sha256 + 1
	       : strcmp(sha, "SHA-512") == 0 ? sha256 + 2
					     : SIG_NONE;
}

/* "acceptable" ones are refused, being encodings that are not the one encoding there is; but for an exponent of 3, which
 * is small and not wrong. */
static void wycheproof(const char *file, enum sig_scheme first, int at_least)
{
	char *text = t_wycheproof(file, NULL);
	struct vec v;
	int valid = 0;

	if (text == NULL)
		T_FAIL("%s is not there", file);
	v = vec_open(text);
	while (vec_next(&v)) {
		const char *sha = vec_text(&v, "sha");
		enum sig_scheme s = first == SIG_ED25519 ? first : by_hash(first, sha);
		enum status st = sig_verify(vec_bytes(&v, "keyDer"), s, vec_bytes(&v, "msg"), vec_bytes(&v, "sig"));

		T_ROW(v.count, file);
		if (vec_is(&v, "result", "valid") || vec_is(&v, "flags", "SmallPublicKey")) {
			T_EQ(st, ST_OK);
			valid++;
		} else if (vec_is(&v, "result", "invalid")) {
			T_EQ(st, ST_BAD_SIGNATURE);
		} else {
			T_TRUE(st == ST_BAD_SIGNATURE);
		}
	}
	T_TRUE(v.count >= at_least && valid > 0);
}

static void wycheproof_pkcs1(void)
{
	T_DO(wycheproof("rsa_signature_2048_sha256_test.txt", SIG_RSA_SHA256, 230));
	T_DO(wycheproof("rsa_signature_2048_sha384_test.txt", SIG_RSA_SHA256, 230));
	T_DO(wycheproof("rsa_signature_2048_sha512_test.txt", SIG_RSA_SHA256, 230));
	T_DO(wycheproof("rsa_signature_3072_sha256_test.txt", SIG_RSA_SHA256, 230));
	T_DO(wycheproof("rsa_signature_4096_sha512_test.txt", SIG_RSA_SHA256, 230));
}

static void wycheproof_pss(void)
{
	T_DO(wycheproof("rsa_pss_2048_sha256_mgf1_32_test.txt", SIG_PSS_SHA256, 100));
	T_DO(wycheproof("rsa_pss_3072_sha256_mgf1_32_test.txt", SIG_PSS_SHA256, 100));
	T_DO(wycheproof("rsa_pss_4096_sha256_mgf1_32_test.txt", SIG_PSS_SHA256, 100));
}

static void wycheproof_ecdsa(void)
{
	T_DO(wycheproof("ecdsa_secp256r1_sha256_test.txt", SIG_ECDSA_SHA256, 300));
	T_DO(wycheproof("ecdsa_secp256r1_sha512_test.txt", SIG_ECDSA_SHA256, 300));
	T_DO(wycheproof("ecdsa_secp384r1_sha384_test.txt", SIG_ECDSA_SHA256, 300));
	T_DO(wycheproof("ecdsa_secp384r1_sha512_test.txt", SIG_ECDSA_SHA256, 300));
	T_DO(wycheproof("ecdsa_secp521r1_sha512_test.txt", SIG_ECDSA_SHA256, 300));
}

static void wycheproof_eddsa(void)
{
	T_DO(wycheproof("eddsa_test.txt", SIG_ED25519, 140));
}

static void wycheproof_raw(void)
{
	char *text = t_readfile("tests/vectors/ecdsa_p1363.txt", NULL);
	enum sig_scheme s = SIG_NONE;
	struct view key = {0};
	struct vec v;

	T_TRUE(text != NULL);
	v = vec_open(text);
	while (vec_next(&v)) {
		if (vec_text(&v, "curve") != NULL) {
			s = vec_is(&v, "curve", "secp256r1")   ? SIG_P256_RAW
			    : vec_is(&v, "curve", "secp384r1") ? SIG_P384_RAW
							       : SIG_P521_RAW;
			key = vec_bytes(&v, "keyDer");
		}
		T_ROW(v.count, "p1363");
		T_EQ(sig_verify(key, s, vec_bytes(&v, "msg"), vec_bytes(&v, "sig")),
			vec_is(&v, "result", "valid") ? ST_OK : ST_BAD_SIGNATURE);
	}
	T_TRUE(v.count > 400);
}

/* ---- our own keys --------------------------------------------------------------------------------- */

static struct sig_key *key_of(const char *name)
{
	struct sig_key *k;

	if (sig_key_parse(x509_der(name), &k) != ST_OK)
		abort();
	return k;
}

static void every_scheme(void)
{
	static const char *const names[] = {"key_rsa", "key_p256", "key_p384", "key_p521", "key_ed25519"};
	struct view data = text_view("what is signed"), other = text_view("what is not ..");
	unsigned signed_with = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct sig_key *k = key_of(names[i]);

		for (enum sig_scheme s = SIG_NONE; s <= SIG__MAX; s++) {
			uint8_t sig[SIG_MAX];
			size_t len;
			enum status st = sig_key_sign(k, s, data, sig, &len);

			T_ROW(s, names[i]);
			if (!sig_fits(s, sig_key_kind(k))) {
				T_EQ(st, ST_SIG_ALGORITHM);
				T_EQ(len, 0);
				T_EQ(sig_verify(sig_key_spki(k), s, data, (struct view){sig, 64}), ST_SIG_ALGORITHM);
				continue;
			}
			T_EQ(st, ST_OK);
			signed_with++;
			T_EQ(sig_verify(sig_key_spki(k), s, data, (struct view){sig, len}), ST_OK);
			T_EQ(sig_verify(sig_key_spki(k), s, other, (struct view){sig, len}), ST_BAD_SIGNATURE);
			T_EQ(sig_verify(sig_key_spki(k), s, data, (struct view){sig, len - 1}), ST_BAD_SIGNATURE);
			T_EQ(sig_verify(sig_key_spki(k), s, data, (struct view){0}), ST_BAD_SIGNATURE);
			sig[len / 2] ^= 1;
			T_EQ(sig_verify(sig_key_spki(k), s, data, (struct view){sig, len}), ST_BAD_SIGNATURE);
		}
		sig_key_free(k);
	}
	T_EQ(signed_with, 7 + 3 * 4 + 1);
}

/* Under method 1 a peer may sign with SHA-1 or SHA-2, and with nothing else. */
static void method_1(void)
{
	struct sig_key *k = key_of("key_rsa");
	struct view data = text_view("octets");
	uint8_t sig[SIG_MAX];
	size_t len;

	for (enum sig_scheme s = SIG_RSA_METHOD1; s <= SIG_PSS_SHA512; s++) {
		T_ROW(s, sig_scheme_words(s));
		T_EQ(sig_key_sign(k, s, data, sig, &len), ST_OK);
		T_EQ(sig_verify(sig_key_spki(k), SIG_RSA_METHOD1, data, (struct view){sig, len}),
			s <= SIG_RSA_SHA512 ? ST_OK : ST_BAD_SIGNATURE);
	}
	T_EQ(sig_key_sign(k, SIG_RSA_METHOD1, data, sig, &len), ST_OK);
	T_EQ(sig_verify(sig_key_spki(k), SIG_RSA_SHA256, data, (struct view){sig, len}), ST_BAD_SIGNATURE);
	sig_key_free(k);
}

static void keys_in_every_form(void)
{
	static const struct {
		const char *name, *same;
		enum status want;
	} rows[] = {
		{"key_p256_sec1", "key_p256", ST_OK}, {"key_p256_params", "key_p256", ST_OK},
		{"key_p256_der", "key_p256", ST_OK}, {"key_rsa_pkcs1", "key_rsa", ST_OK}, {"key_rsa_der", "key_rsa", ST_OK},
		{"key_rsa1024", NULL, ST_WEAK_KEY}, {"key_encrypted", NULL, ST_NO_PRIVATE_KEY},
		{"pem_chain", NULL, ST_NO_PRIVATE_KEY}, {"content", NULL, ST_NO_PRIVATE_KEY},
	};
	struct sig_key *a, *b;
	struct cert *leaf = x509_cert("leaf");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, rows[i].name);
		T_EQ(sig_key_parse(x509_der(rows[i].name), &a), rows[i].want);
		if (a == NULL)
			continue;
		b = key_of(rows[i].same);
		T_EQ(sig_key_spki(a).len, sig_key_spki(b).len);
		T_MEM(sig_key_spki(a).p, sig_key_spki(b).p, sig_key_spki(a).len);
		sig_key_free(a);
		sig_key_free(b);
	}
	/* the pair of key and certificate fits */
	a = key_of("key_p256");
	T_EQ(sig_key_spki(a).len, cert_spki(leaf).len);
	T_MEM(sig_key_spki(a).p, cert_spki(leaf).p, cert_spki(leaf).len);
	sig_key_free(a);
	sig_key_free(NULL);
	T_EQ(sig_key_parse((struct view){0}, &a), ST_NO_PRIVATE_KEY);
	cert_unref(leaf);
}

static void tls_schemes(void)
{
	struct sig_key *rsa = key_of("key_rsa"), *ec = key_of("key_p256");
	struct view data = text_view("handshake");
	uint8_t sig[SIG_MAX];
	size_t len;

	T_EQ(sig_from_tls(0x0804), SIG_PSS_SHA256);
	T_EQ(sig_from_tls(0x0403), SIG_ECDSA_SHA256);
	T_EQ(sig_from_tls(0x0807), SIG_ED25519);
	T_EQ(sig_from_tls(0x0201), SIG_NONE);
	T_EQ(sig_from_tls(0), SIG_NONE);
	T_EQ(sig_key_sign_tls(rsa, 0x0804, data, sig, &len), ST_OK);
	T_EQ(sig_verify(sig_key_spki(rsa), SIG_PSS_SHA256, data, (struct view){sig, len}), ST_OK);
	T_EQ(sig_key_sign_tls(ec, 0x0403, data, sig, &len), ST_OK);
	T_EQ(sig_key_sign_tls(ec, 0x0804, data, sig, &len), ST_SIG_ALGORITHM);
	T_EQ(sig_key_sign_tls(rsa, 0x0201, data, sig, &len), ST_SIG_ALGORITHM);
	sig_key_free(rsa);
	sig_key_free(ec);
}

/* ---- on the wire ---------------------------------------------------------------------------------- */

/* RFC 7427 appendix A, RFC 8420 appendix A. */
static void names_on_the_wire(void)
{
	static const struct {
		enum sig_scheme s;
		const char *der;
	} rows[] = {
		{SIG_RSA_SHA256, "0f 300d06092a864886f70d01010b0500"},
		{SIG_RSA_SHA384, "0f 300d06092a864886f70d01010c0500"},
		{SIG_RSA_SHA512, "0f 300d06092a864886f70d01010d0500"},
		{SIG_ECDSA_SHA256, "0c 300a06082a8648ce3d040302"},
		{SIG_ECDSA_SHA384, "0c 300a06082a8648ce3d040303"},
		{SIG_ECDSA_SHA512, "0c 300a06082a8648ce3d040304"},
		{SIG_PSS_SHA256, "43 304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d"
				 "010108300d06096086480165030402010500a203020120"},
		{SIG_ED25519, "07 300506032b6570"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t out[SIG_ALG_MAX];
		enum sig_scheme s;
		size_t len;
		const uint8_t *want = t_hex(rows[i].der, &len);
		struct rd r = rd_init(want, len);

		T_ROW(i, sig_scheme_words(rows[i].s));
		T_EQ(sig_scheme_put(rows[i].s, out), len);
		T_MEM(out, want, len);
		T_EQ(sig_scheme_parse(&r, &s), ST_OK);
		T_EQ(s, rows[i].s);
		T_TRUE(rd_done(&r));
		for (size_t n = 0; n < len; n++) {
			r = rd_init(want, n);
			T_TRUE(sig_scheme_parse(&r, &s) == ST_BAD_PAYLOAD && s == SIG_NONE);
		}
	}
	for (enum sig_scheme s = SIG_NONE; s <= SIG__MAX; s++) {
		uint8_t out[SIG_ALG_MAX];

		T_ROW(s, sig_scheme_words(s));
		T_EQ(sig_scheme_put(s, out) > 0, sig_method(s) == 14);
	}
}

static void names_that_are_refused(void)
{
	static const struct {
		const char *row, *der;
		enum status want;
	} rows[] = {
		{"SHA-1 with RSA", "0f 300d06092a864886f70d0101050500", ST_SIG_ALGORITHM},
		{"SHA-1 with ECDSA", "0b 300906072a8648ce3d0401", ST_SIG_ALGORITHM},
		{"PSS without parameters", "0d 300b06092a864886f70d01010a", ST_SIG_ALGORITHM},
		{"PSS with the defaults", "0f 300d06092a864886f70d01010a3000", ST_SIG_ALGORITHM},
		{"PSS, mask by SHA-1",
			"25 302306092a864886f70d01010a3016a00f300d06096086480165030402010500a203020120", ST_SIG_ALGORITHM},
		{"PSS, salt of 20", "43 304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d"
				    "010108300d06096086480165030402010500a203020114",
			ST_SIG_ALGORITHM},
		{"PSS, another trailer", "48 304606092a864886f70d01010a3039a00f300d06096086480165030402010500a11c301a06092a864886f70d"
					 "010108300d06096086480165030402010500a203020120a303020102",
			ST_SIG_ALGORITHM},
		{"PSS, negative salt", "43 304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886"
				       "f70d010108300d06096086480165030402010500a2030201e0",
			ST_BAD_PAYLOAD},
		{"PSS, huge salt", "46 304406092a864886f70d01010a3037a00f300d06096086480165030402010500a11c301a06092a864886f70d"
				   "010108300d06096086480165030402010500a20602047fffffff",
			ST_SIG_ALGORITHM},
		{"a byte after it", "0d 300a06082a8648ce3d04030200", ST_BAD_PAYLOAD},
		{"NULL after ECDSA", "0e 300c06082a8648ce3d0403020500", ST_BAD_PAYLOAD},
		{"length 0", "00", ST_BAD_PAYLOAD},
		{"nothing", "", ST_BAD_PAYLOAD},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum sig_scheme s;
		size_t len;
		const uint8_t *der = t_hex(rows[i].der, &len);
		struct rd r = rd_init(der, len);

		T_ROW(i, rows[i].row);
		T_EQ(sig_scheme_parse(&r, &s), rows[i].want);
		T_EQ(s, SIG_NONE);
	}
}

static void the_choice(void)
{
	static const struct {
		enum cert_key key;
		uint32_t peer;
		unsigned flags;
		enum sig_scheme want;
	} rows[] = {
		{CERT_RSA, 0, 0, SIG_RSA_METHOD1},
		{CERT_RSA, SIG_HASH_OURS, 0, SIG_RSA_SHA256},
		{CERT_RSA, SIG_HASH_OURS, SIG_PREFER_PSS, SIG_PSS_SHA256},
		{CERT_RSA, SIG_HASH_SHA512 | SIG_HASH_SHA1, SIG_PREFER_PSS, SIG_PSS_SHA512},
		{CERT_RSA, SIG_HASH_SHA1, 0, SIG_NONE},
		{CERT_P256, 0, 0, SIG_P256_RAW},
		{CERT_P384, 0, 0, SIG_P384_RAW},
		{CERT_P521, 0, 0, SIG_P521_RAW},
		{CERT_P256, SIG_HASH_OURS, 0, SIG_ECDSA_SHA256},
		{CERT_P384, SIG_HASH_OURS, 0, SIG_ECDSA_SHA384},
		{CERT_P521, SIG_HASH_OURS, 0, SIG_ECDSA_SHA512},
		{CERT_P384, SIG_HASH_SHA256, 0, SIG_ECDSA_SHA256},
		{CERT_P384, SIG_HASH_SHA256 | SIG_HASH_SHA512, 0, SIG_ECDSA_SHA512},
		{CERT_P256, SIG_HASH_IDENTITY, 0, SIG_NONE},
		{CERT_ED25519, SIG_HASH_OURS, 0, SIG_ED25519},
		{CERT_ED25519, SIG_HASH_SHA256, 0, SIG_NONE},
		{CERT_ED25519, 0, 0, SIG_NONE},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		T_ROW(i, sig_scheme_words(rows[i].want));
		T_EQ(sig_choose(rows[i].key, rows[i].peer, rows[i].flags), rows[i].want);
	}
	T_EQ(sig_from_method(1, CERT_RSA), SIG_RSA_METHOD1);
	T_EQ(sig_from_method(9, CERT_P256), SIG_P256_RAW);
	T_EQ(sig_from_method(9, CERT_P384), SIG_NONE);
	T_EQ(sig_from_method(11, CERT_P521), SIG_P521_RAW);
	T_EQ(sig_from_method(14, CERT_RSA), SIG_NONE);
	T_EQ(sig_from_method(2, CERT_RSA), SIG_NONE);
	T_EQ(sig_from_method(1, CERT_P256), SIG_NONE);
}

/* A key that is no key verifies nothing, whatever the signature. */
static void degenerate_keys(void)
{
	static const struct {
		const char *row, *spki;
		enum status want;
	} rows[] = {
		{"nothing", "", ST_BAD_CERT},
		{"RSA, modulus 0", "301a300d06092a864886f70d01010105000309003006020100020103", ST_WEAK_KEY},
		{"P-256 at infinity", "3019301306072a8648ce3d020106082a8648ce3d03010703020000", ST_WEAK_KEY},
		{"P-256 without a point", "3018301306072a8648ce3d020106082a8648ce3d030107030100", ST_WEAK_KEY},
		{"Ed25519, 31 bytes", "3029300506032b65700320000000000000000000000000000000000000000000000000000000000000"
				      "00",
			ST_BAD_CERT},
	};
	/* exponent 1 with a whole modulus: every message with its own padding is its signature */
	uint8_t rsa[300];
	struct sig_key *k = key_of("key_rsa");
	struct view spki = sig_key_spki(k);
	struct wr w = wr_init(rsa, sizeof(rsa));

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len;
		const uint8_t *der = t_hex(rows[i].spki, &len);

		T_ROW(i, rows[i].row);
		T_EQ(sig_verify((struct view){der, len}, SIG_RSA_SHA256, text_view("x"), text_view("y")), rows[i].want);
	}
	/* lengths of two bytes, all two less: 65537 takes three bytes, 1 takes one */
	wr_bytes(&w, spki.p, spki.len - 5);
	wr_bytes(&w, "\x02\x01\x01", 3);
	T_TRUE(wr_ok(&w));
	wr_put_u16(&w, 2, (uint16_t)(spki.p[2] << 8 | spki.p[3]) - 2);
	wr_put_u16(&w, 21, (uint16_t)(spki.p[21] << 8 | spki.p[22]) - 2);
	wr_put_u16(&w, 26, (uint16_t)(spki.p[26] << 8 | spki.p[27]) - 2);
	T_EQ(sig_verify((struct view){rsa, w.len}, SIG_RSA_SHA256, text_view("x"), text_view("y")), ST_WEAK_KEY);
	sig_key_free(k);
}

int main(void)
{
	x509_load();
	T_RUN(wycheproof_pkcs1);
	T_RUN(wycheproof_pss);
	T_RUN(wycheproof_ecdsa);
	T_RUN(wycheproof_eddsa);
	T_RUN(wycheproof_raw);
	T_RUN(every_scheme);
	T_RUN(method_1);
	T_RUN(keys_in_every_form);
	T_RUN(tls_schemes);
	T_RUN(names_on_the_wire);
	T_RUN(names_that_are_refused);
	T_RUN(the_choice);
	T_RUN(degenerate_keys);
	x509_unload();
	return t_end();
}
