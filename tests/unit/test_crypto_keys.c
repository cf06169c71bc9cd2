/* The key schedule against an independent one (tests/vectors/gen_ike.py): IKE SA, AUTH, children,
 * rekeyed IKE SA. */
#include "core/crypto/keys.h"

#include "core/base/mem.h"
#include "tests/lib/t.h"
#include "tests/vectors/vec.h"

static struct key_input input_of(const struct vec *v)
{
	return (struct key_input){
		.ni = vec_bytes(v, "ni"),
		.nr = vec_bytes(v, "nr"),
		.secret = vec_bytes(v, "secret"),
		.spi_i = vec_hex64(v, "spi_i"),
		.spi_r = vec_hex64(v, "spi_r"),
	};
}

static void suite_of(const struct vec *v, struct ike_suite *s)
{
	T_EQ(suite_ike(vec_num(v, "encr"), vec_num(v, "bits"), vec_num(v, "prf"),
		     vec_num(v, "integ"), vec_num(v, "group"), s),
		ST_OK);
}

static void same(const struct vec *v, const char *name, const uint8_t *key, size_t len)
{
	struct view want = vec_bytes(v, name);

	T_EQ(len, want.len);
	T_MEM(key, want.p, want.len);
}

static void same_keys(const struct vec *v, const struct ike_keys *k)
{
	T_DO(same(v, "sk_d", k->sk_d, k->d_len));
	T_DO(same(v, "sk_ai", k->sk_ai, k->a_len));
	T_DO(same(v, "sk_ar", k->sk_ar, k->a_len));
	T_DO(same(v, "sk_ei", k->sk_ei, k->e_len));
	T_DO(same(v, "sk_er", k->sk_er, k->e_len));
	T_DO(same(v, "sk_pi", k->sk_pi, k->d_len));
	T_DO(same(v, "sk_pr", k->sk_pr, k->d_len));
}

/* The views for SK payloads are cut from the same bytes. */
static void sk_views(const struct ike_suite *s, const struct ike_keys *k)
{
	for (int i = 0; i < 2; i++) {
		struct sk_key sk = keys_sk(s, k, i == 1);
		const uint8_t *e = i == 1 ? k->sk_ei : k->sk_er;

		T_TRUE(sk.encr == s->encr && sk.integ == s->integ);
		T_TRUE(sk.e == e);
		T_TRUE(sk.salt == e + k->e_len - s->encr->salt_len);
		T_TRUE(sk.a == (s->integ == NULL ? NULL : i == 1 ? k->sk_ai : k->sk_ar));
	}
}

static void derive_case(const struct vec *v)
{
	static const struct ike_keys zero;
	struct key_input in = input_of(v);
	struct ike_suite s = {0};
	struct ike_keys k;

	T_DO(suite_of(v, &s));
	memset(&k, 0xee, sizeof(k));
	keys_derive(&s, &in, &k);
	T_DO(same_keys(v, &k));
	T_DO(sk_views(&s, &k));
	keys_wipe(&k);
	T_MEM(&k, &zero, sizeof(k));
}

static void rekey_case(const struct vec *v)
{
	struct key_input in = input_of(v);
	struct view old_d = vec_bytes(v, "old_sk_d");
	struct ike_keys old = {.d_len = (uint8_t)old_d.len}, k;
	struct ike_suite s = {0};

	T_DO(suite_of(v, &s));
	memcpy(old.sk_d, old_d.p, old_d.len);
	keys_rekey(&s, suite_find(XF_PRF, vec_num(v, "old_prf"), 0), &old, &in, &k);
	T_DO(same_keys(v, &k));
}

static void auth_case(const struct vec *v)
{
	const struct xf *prf = suite_find(XF_PRF, vec_num(v, "prf"), 0);
	struct view sk_p = vec_bytes(v, "sk_p"), want = vec_bytes(v, "auth");
	bool of_initiator = vec_is(v, "of", "i");
	struct ike_keys k = {.d_len = (uint8_t)sk_p.len};
	struct auth_octets o;
	uint8_t auth[PRF_OUT_MAX];

	memset(k.sk_pi, 0xaa, sizeof(k.sk_pi));
	memset(k.sk_pr, 0xbb, sizeof(k.sk_pr));
	memcpy(of_initiator ? k.sk_pi : k.sk_pr, sk_p.p, sk_p.len);
	keys_auth_octets(prf, &k, of_initiator, vec_bytes(v, "message"), vec_bytes(v, "nonce"),
		vec_bytes(v, "id"), &o);
	keys_auth_shared(prf, vec_bytes(v, "shared"), &o, auth);
	T_EQ(want.len, prf->out_len);
	T_MEM(auth, want.p, want.len);
	/* Everything that is covered matters: the other side's key gives another value. */
	keys_auth_octets(prf, &k, !of_initiator, o.message, o.nonce, vec_bytes(v, "id"), &o);
	keys_auth_shared(prf, vec_bytes(v, "shared"), &o, auth);
	T_TRUE(!mem_eq_secret(auth, want.p, want.len));
}

static void child_case(const struct vec *v)
{
	const struct xf *prf = suite_find(XF_PRF, vec_num(v, "prf"), 0);
	struct view sk_d = vec_bytes(v, "sk_d"), i_to_r = vec_bytes(v, "i_to_r");
	struct view r_to_i = vec_bytes(v, "r_to_i");
	struct ike_keys k = {.d_len = (uint8_t)sk_d.len};
	struct key_input in = input_of(v);
	uint8_t a[160], b[160];
	struct esp_suite esp;

	memcpy(k.sk_d, sk_d.p, sk_d.len);
	T_EQ(suite_esp(vec_num(v, "encr"), vec_num(v, "bits"), vec_num(v, "integ"),
		     vec_num(v, "esn") != 0, &esp),
		ST_OK);
	T_EQ(suite_esp_key_len(&esp), i_to_r.len);
	T_EQ(keys_child(prf, &k, &in, &esp, a, b), ST_OK);
	T_MEM(a, i_to_r.p, i_to_r.len);
	T_MEM(b, r_to_i.p, r_to_i.len);
}

static void schedule_of_an_independent_implementation(void)
{
	static const struct {
		const char *name;
		void (*fn)(const struct vec *v);
		int rows;
	} cases[] = {
		{"derive", derive_case, 9},
		{"auth", auth_case, 18},
		{"child", child_case, 45},
		{"rekey", rekey_case, 9},
	};
	char *text = t_readfile("tests/vectors/ike_keys.txt", NULL);
	struct vec v = vec_open(text);
	int seen[4] = {0};

	T_TRUE(text != NULL);
	while (vec_next(&v))
		for (size_t i = 0; i < 4; i++)
			if (vec_is(&v, "case", cases[i].name)) {
				T_ROW(v.count, cases[i].name);
				T_DO(cases[i].fn(&v));
				seen[i]++;
			}
	for (size_t i = 0; i < 4; i++)
		T_EQ(seen[i], cases[i].rows);
}

/* RFC 7296 2.14 wants every input in; one bit of each changes the keys. */
static void every_input_counts(void)
{
	uint8_t ni[32] = {1}, nr[32] = {2}, secret[32] = {3};
	struct key_input in = {
		.ni = {ni, 32}, .nr = {nr, 32}, .secret = {secret, 32}, .spi_i = 5, .spi_r = 6};
	struct ike_keys base, k;
	struct ike_suite s;

	T_EQ(suite_ike(20, 256, 5, 0, 19, &s), ST_OK);
	keys_derive(&s, &in, &base);
	for (int i = 0; i < 5; i++) {
		T_ROW(i, NULL);
		if (i < 3)
			(i == 0 ? ni : i == 1 ? nr : secret)[31] ^= 1;
		else
			*(i == 3 ? &in.spi_i : &in.spi_r) ^= 1;
		keys_derive(&s, &in, &k);
		T_TRUE(!mem_eq_secret(&k, &base, sizeof(k)));
		if (i < 3)
			(i == 0 ? ni : i == 1 ? nr : secret)[31] ^= 1;
		else
			*(i == 3 ? &in.spi_i : &in.spi_r) ^= 1;
	}
	keys_derive(&s, &in, &k);
	T_MEM(&k, &base, sizeof(k));
}

/* RFC 8784 section 3: SK_x = prf+(PPK, SK_x'), which is prf(PPK, SK_x' | 0x01) for a key of one block. */
static void post_quantum_key(void)
{
	static const uint16_t prfs[] = {2, 5, 6, 7};
	static const uint8_t ppk[] = "a post-quantum key", one[] = {1};

	for (size_t i = 0; i < sizeof(prfs) / sizeof(prfs[0]); i++) {
		const struct xf *prf = suite_find(XF_PRF, prfs[i], 0);
		struct ike_keys k = {.d_len = prf->key_len, .a_len = 9, .e_len = 8};
		struct view key = {ppk, sizeof(ppk) - 1};
		uint8_t want[3][PRF_OUT_MAX];
		uint8_t *mixed[] = {k.sk_d, k.sk_pi, k.sk_pr};

		T_ROW(prfs[i], "prf");
		memset(k.sk_ai, 7, sizeof(k.sk_ai));
		for (size_t j = 0; j < 3; j++) {
			memset(mixed[j], (int)(j + 1), prf->key_len);
			const struct view parts[] = {{mixed[j], prf->key_len}, {one, 1}};
			prf_parts(prf, key, parts, 2, want[j]);
		}
		keys_mix_ppk(prf, key, &k);
		for (size_t j = 0; j < 3; j++)
			T_MEM(mixed[j], want[j], prf->key_len);
		T_EQ(k.sk_ai[0], 7);
		T_EQ(k.a_len, 9);
	}
}

/* What an established SA keeps: without SK_pi and SK_pr, and without SK_ai and SK_ar where there are none. */
static void short_ones(void)
{
	int64_t before = mem_live();

	for (int has_integ = 0; has_integ < 2; has_integ++) {
		struct ike_keys *k = ike_keys_new(), *was, want, out;

		T_ROW(has_integ, "integrity");
		memset(k, 0x5a, sizeof(*k));
		k->is_short = false;
		k->a_len = has_integ ? 20 : 0;
		want = *k;
		memset(want.sk_pi, 0, sizeof(want.sk_pi));
		memset(want.sk_pr, 0, sizeof(want.sk_pr));
		if (!has_integ) {
			memset(want.sk_ai, 0, sizeof(want.sk_ai));
			memset(want.sk_ar, 0, sizeof(want.sk_ar));
		}
		mem_fail_at(1);
		was = k;
		ike_keys_shorten(&k);
		T_TRUE(k == was && k->sk_pi[0] == 0x5a);
		mem_fail_at(0);
		for (int twice = 0; twice < 2; twice++) {
			ike_keys_shorten(&k);
			T_TRUE(k->is_short);
			ike_keys_read(k, &out);
			T_MEM(&out, &want, sizeof(out));
		}
		ike_keys_free(k);
	}
	ike_keys_free(NULL);
	T_EQ(mem_live(), before);
}

int main(void)
{
	T_RUN(schedule_of_an_independent_implementation);
	T_RUN(every_input_counts);
	T_RUN(post_quantum_key);
	T_RUN(short_ones);
	return t_end();
}
