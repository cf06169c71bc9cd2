/* tsan */
/* Diffie-Hellman: RFC 5903, 5114, 7748, MODP against Python, Wycheproof; every check of a peer's
 * value; memory running out at every allocation; several threads at once. */
#include "core/base/mem.h"
#include "core/crypto/dh.h"

#include <pthread.h>
#include <stdio.h>

#include "tests/lib/t.h"
#include "tests/vectors/vec.h"

static const uint16_t groups[] = {1, 2, 5, 14, 15, 16, 19, 20, 21, 24, 31};

#define GROUPS (sizeof(groups) / sizeof(groups[0]))

static const struct xf *group_row(uint16_t id)
{
	return suite_find(XF_DH, id, 0);
}

struct pair {
	uint8_t private_key[DH_PRIVATE_MAX];
	uint8_t public_key[DH_PUBLIC_MAX];
};

static void seeded(const struct xf *g, uint8_t fill, struct pair *out)
{
	uint8_t seed[DH_SEED_MAX];

	memset(seed, fill, sizeof(seed));
	seed[1] = 0x5a;
	T_EQ(dh_generate(g, seed, out->private_key, out->public_key), ST_OK);
}

/* A pair of ours agrees with the other side of a vector: so our public value belongs to our private
 * one, by arithmetic that the vector has proven. */
static void agrees_with(const struct xf *g, struct view their_private, struct view their_public)
{
	uint8_t a[DH_SECRET_MAX], b[DH_SECRET_MAX];
	struct pair mine;

	T_DO(seeded(g, 7, &mine));
	T_EQ(dh_compute(g, mine.private_key, their_public.p, their_public.len, a), ST_OK);
	T_EQ(dh_compute(g, their_private.p, mine.public_key, g->public_len, b), ST_OK);
	T_MEM(a, b, g->secret_len);
}

static void rfc_vectors(void)
{
	char *text = t_readfile("tests/vectors/dh_rfc.txt", NULL);
	struct vec v = vec_open(text);
	uint8_t secret[DH_SECRET_MAX];

	T_TRUE(text != NULL);
	while (vec_next(&v)) {
		const struct xf *g = group_row(vec_num(&v, "group"));
		struct view i = vec_bytes(&v, "i"), gi = vec_bytes(&v, "gi");
		struct view r = vec_bytes(&v, "r"), gr = vec_bytes(&v, "gr");
		struct view want = vec_bytes(&v, "secret");

		T_ROW(v.count, vec_text(&v, "group"));
		T_EQ(i.len, g->private_len);
		T_EQ(want.len, g->secret_len);
		T_EQ(dh_compute(g, i.p, gr.p, gr.len, secret), ST_OK);
		T_MEM(secret, want.p, want.len);
		memset(secret, 0, sizeof(secret));
		T_EQ(dh_compute(g, r.p, gi.p, gi.len, secret), ST_OK);
		T_MEM(secret, want.p, want.len);
		T_DO(agrees_with(g, r, gr));
	}
	T_EQ(v.count, 5);
}

static void modp_seeds(const struct xf *g, const struct vec *v, const char *who, const char *pub)
{
	char name[8];
	struct view seed, private_key, public_key = vec_bytes(v, pub);
	struct pair p;

	snprintf(name, sizeof(name), "seed_%s", who);
	seed = vec_bytes(v, name);
	private_key = vec_bytes(v, who);
	T_EQ(seed.len, g->seed_len);
	T_EQ(dh_generate(g, seed.p, p.private_key, p.public_key), ST_OK);
	T_MEM(p.private_key, private_key.p, g->private_len);
	T_MEM(p.public_key, public_key.p, g->public_len);
}

static void modp_vectors(void)
{
	char *text = t_readfile("tests/vectors/dh_modp.txt", NULL);
	struct vec v = vec_open(text);
	uint8_t secret[DH_SECRET_MAX];

	T_TRUE(text != NULL);
	while (vec_next(&v)) {
		const struct xf *g = group_row(vec_num(&v, "group"));
		struct view i = vec_bytes(&v, "i"), gr = vec_bytes(&v, "gr");
		struct view want = vec_bytes(&v, "secret");

		T_ROW(v.count, vec_text(&v, "group"));
		T_EQ(gr.len, g->public_len);
		T_EQ(dh_compute(g, i.p, gr.p, gr.len, secret), ST_OK);
		T_MEM(secret, want.p, want.len);
		if (vec_text(&v, "seed_i") != NULL) {
			T_DO(modp_seeds(g, &v, "i", "gi"));
			T_DO(modp_seeds(g, &v, "r", "gr"));
		}
	}
	T_EQ(v.count, 12);
}

static void both_sides_agree_and_seeds_decide(void)
{
	for (size_t n = 0; n < GROUPS; n++) {
		const struct xf *g = group_row(groups[n]);
		uint8_t a[DH_SECRET_MAX], b[DH_SECRET_MAX];
		struct pair one, two, again, drawn, other;

		T_ROW(groups[n], g->show);
		T_DO(seeded(g, 1, &one));
		T_DO(seeded(g, 1, &again));
		T_DO(seeded(g, 2, &two));
		T_MEM(one.public_key, again.public_key, g->public_len);
		T_MEM(one.private_key, again.private_key, g->private_len);
		T_TRUE(memcmp(one.public_key, two.public_key, g->public_len) != 0);
		T_EQ(dh_compute(g, one.private_key, two.public_key, g->public_len, a), ST_OK);
		T_EQ(dh_compute(g, two.private_key, one.public_key, g->public_len, b), ST_OK);
		T_MEM(a, b, g->secret_len);
		T_EQ(dh_generate(g, NULL, drawn.private_key, drawn.public_key), ST_OK);
		T_EQ(dh_generate(g, NULL, other.private_key, other.public_key), ST_OK);
		T_TRUE(memcmp(drawn.public_key, other.public_key, g->public_len) != 0);
		T_EQ(dh_compute(g, drawn.private_key, one.public_key, g->public_len, a), ST_OK);
		T_EQ(dh_compute(g, one.private_key, drawn.public_key, g->public_len, b), ST_OK);
		T_MEM(a, b, g->secret_len);
	}
}

static void refused(const struct xf *g, const struct pair *mine, const uint8_t *peer, size_t len)
{
	uint8_t secret[DH_SECRET_MAX];

	memset(secret, 0xee, sizeof(secret));
	T_EQ(dh_compute(g, mine->private_key, peer, len, secret), ST_BAD_KE);
	for (size_t i = 0; i < g->secret_len; i++)
		T_EQ(secret[i], 0);
	if (g->secret_len < sizeof(secret))
		T_EQ(secret[g->secret_len], 0xee);
}

static void wrong_lengths_are_refused(void)
{
	for (size_t n = 0; n < GROUPS; n++) {
		const struct xf *g = group_row(groups[n]);
		uint8_t peer[DH_PUBLIC_MAX + 1] = {0};
		struct pair mine, other;

		T_ROW(groups[n], g->show);
		T_DO(seeded(g, 1, &mine));
		T_DO(seeded(g, 2, &other));
		memcpy(peer, other.public_key, g->public_len);
		for (size_t len = 0; len <= g->public_len + 1u; len++)
			if (len != g->public_len)
				T_DO(refused(g, &mine, peer, len));
	}
	T_EQ(dh_generate(suite_find(XF_PRF, 5, 0), NULL, (uint8_t[80]){0}, (uint8_t[512]){0}),
		ST_NOT_FOUND);
	T_EQ(dh_compute(suite_find(XF_PRF, 5, 0), NULL, NULL, 0, NULL), ST_NOT_FOUND);
}

/* RFC 6989 2.1: 0, 1, p - 1 and what is not below p. 2 and p - 2 are allowed. */
static void modp_range(void)
{
	char *text = t_readfile("tests/vectors/dh_modp.txt", NULL);
	struct vec v = vec_open(text);

	T_TRUE(text != NULL);
	while (vec_next(&v)) {
		const struct xf *g = group_row(vec_num(&v, "group"));
		size_t last = g->public_len - 1u;
		uint8_t p[DH_PUBLIC_MAX], y[DH_PUBLIC_MAX] = {0}, secret[DH_SECRET_MAX];
		struct pair mine;

		T_ROW(v.count, g->show);
		memcpy(p, vec_bytes(&v, "p").p, g->public_len);
		T_DO(seeded(g, 3, &mine));
		T_DO(refused(g, &mine, y, g->public_len)); /* 0 */
		y[last] = 1;
		T_DO(refused(g, &mine, y, g->public_len));
		y[last] = 2;
		T_EQ(dh_compute(g, mine.private_key, y, g->public_len, secret), ST_OK);
		T_MEM(secret, mine.public_key, g->public_len);
		memset(y, 0xff, sizeof(y));
		T_DO(refused(g, &mine, y, g->public_len));
		T_EQ(p[last], 0xff);
		T_DO(refused(g, &mine, p, g->public_len));
		p[last] = 0xfe; /* p - 1 */
		T_DO(refused(g, &mine, p, g->public_len));
		p[last] = 0xfd; /* p - 2 */
		T_EQ(dh_compute(g, mine.private_key, p, g->public_len, secret), ST_OK);
	}
}

/* RFC 6989 2.2: 2 is in range but not in the subgroup of group 24; and every bit of a good value.
 */
static void small_subgroup(void)
{
	const struct xf *g = group_row(24);
	uint8_t y[DH_PUBLIC_MAX] = {0};
	struct pair mine, other;

	T_DO(seeded(g, 3, &mine));
	T_DO(seeded(g, 4, &other));
	y[255] = 2;
	T_DO(refused(g, &mine, y, 256));
	for (size_t bit = 0; bit < 2048; bit += 97) {
		memcpy(y, other.public_key, 256);
		y[bit / 8] ^= (uint8_t)(1u << bit % 8);
		T_DO(refused(g, &mine, y, 256));
	}
}

static void points_off_the_curve(void)
{
	for (uint16_t id = 19; id <= 21; id++) {
		const struct xf *g = group_row(id);
		size_t half = g->public_len / 2;
		uint8_t y[DH_PUBLIC_MAX] = {0};
		struct pair mine, other;

		T_ROW(id, g->show);
		T_DO(seeded(g, 3, &mine));
		T_DO(seeded(g, 4, &other));
		T_DO(refused(g, &mine, y, g->public_len)); /* infinity, some would say */
		memset(y, 0xff, sizeof(y));
		T_DO(refused(g, &mine, y, g->public_len)); /* not below p */
		for (size_t bit = 0; bit < 8u * g->public_len; bit += 5) {
			memcpy(y, other.public_key, g->public_len);
			y[bit / 8] ^= (uint8_t)(1u << bit % 8);
			T_DO(refused(g, &mine, y, g->public_len));
		}
		/* x without its y, and the two exchanged. */
		memcpy(y, other.public_key, half);
		memset(y + half, 0, half);
		T_DO(refused(g, &mine, y, g->public_len));
		memcpy(y, other.public_key + half, half);
		memcpy(y + half, other.public_key, half);
		T_DO(refused(g, &mine, y, g->public_len));
	}
}

/* RFC 7748: points of small order give zero; also with the top bit set and unreduced. */
static void small_order_on_curve25519(void)
{
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	};
	struct pair mine;

	T_DO(seeded(group_row(31), 3, &mine));
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		T_ROW(i, points[i]);
		T_DO(refused(group_row(31), &mine, t_hex(points[i], NULL), 32));
	}
}

static char *wycheproof(const char *name)
{
	char *text = t_wycheproof(name, NULL);

	if (text == NULL)
		printf("# SKIPPED: %s; SALLYPORT_WYCHEPROOF names no folder that has it\n", name);
	return text;
}

/* Private keys stand there as big integers: with a zero too many or too few in front. */
static bool private_of(const struct xf *g, struct view in, uint8_t *out)
{
	while (in.len > g->private_len && in.p[0] == 0) {
		in.p++;
		in.len--;
	}
	if (in.len > g->private_len)
		return false;
	memset(out, 0, g->private_len);
	memcpy(out + g->private_len - in.len, in.p, in.len);
	return true;
}

/* The vectors wrap the point in a SubjectPublicKeyInfo; IKE sends it bare. Those whose wrapping is
 * the ordinary one are used: what they are about is the point. */
static void ecdh_file(const char *name, uint16_t id, const char *prefix)
{
	const struct xf *g = group_row(id);
	char *text = wycheproof(name);
	struct vec v = vec_open(text);
	int good = 0, bad = 0;
	size_t head;

	if (text == NULL)
		return;
	const uint8_t *want_head = t_hex(prefix, &head);
	while (vec_next(&v)) {
		struct view spki = vec_bytes(&v, "public"), shared = vec_bytes(&v, "shared");
		uint8_t key[DH_PRIVATE_MAX], secret[DH_SECRET_MAX];

		if (spki.len != head + g->public_len || memcmp(spki.p, want_head, head) != 0)
			continue;
		if (!private_of(g, vec_bytes(&v, "private"), key))
			continue;
		T_ROW(v.count, name);
		/* "acceptable" is a point spoilt so that a lenient reader of ASN.1 might mend it.
		 */
		if (!vec_is(&v, "result", "valid")) {
			T_EQ(dh_compute(g, key, spki.p + head, g->public_len, secret), ST_BAD_KE);
			bad++;
			continue;
		}
		T_EQ(dh_compute(g, key, spki.p + head, g->public_len, secret), ST_OK);
		T_EQ(shared.len, g->secret_len);
		T_MEM(secret, shared.p, shared.len);
		good++;
	}
	T_TRUE(good >= 150);
	T_TRUE(bad >= 3);
}

static void wycheproof_ecdh(void)
{
	T_DO(ecdh_file("ecdh_secp256r1_test.txt", 19,
		"3059301306072a8648ce3d020106082a8648ce3d03010703420004"));
	T_DO(ecdh_file(
		"ecdh_secp384r1_test.txt", 20, "3076301006072a8648ce3d020106052b8104002203620004"));
	T_DO(ecdh_file("ecdh_secp521r1_test.txt", 21,
		"30819b301006072a8648ce3d020106052b810400230381860004"));
}

static void wycheproof_x25519(void)
{
	static const uint8_t zero[32];
	char *text = wycheproof("x25519_test.txt");
	struct vec v = vec_open(text);
	int refusals = 0;

	if (text == NULL)
		return;
	while (vec_next(&v)) {
		struct view key = vec_bytes(&v, "private"), peer = vec_bytes(&v, "public");
		struct view shared = vec_bytes(&v, "shared");
		uint8_t secret[32];
		bool weak = memcmp(shared.p, zero, 32) == 0;

		T_ROW(v.count, NULL);
		T_EQ(dh_compute(group_row(31), key.p, peer.p, peer.len, secret),
			weak ? ST_BAD_KE : ST_OK);
		T_MEM(secret, shared.p, 32);
		refusals += weak;
	}
	T_TRUE(v.count >= 500);
	T_TRUE(refusals >= 10);
}

/* The nth allocation fails, for every n until none is left to fail. */
static void survives_want_of_memory(void)
{
	for (size_t n = 0; n < GROUPS; n++) {
		const struct xf *g = group_row(groups[n]);
		uint8_t want[DH_SECRET_MAX], secret[DH_SECRET_MAX];
		struct pair mine, other, p;
		uint64_t at, failures = 0;
		enum status st = ST_NOMEM;

		T_ROW(groups[n], g->show);
		T_DO(seeded(g, 1, &mine));
		T_DO(seeded(g, 2, &other));
		T_EQ(dh_compute(g, mine.private_key, other.public_key, g->public_len, want), ST_OK);
		for (at = 1; st != ST_OK && at < 10000; at++) {
			mem_fail_at(at);
			st = dh_compute(
				g, mine.private_key, other.public_key, g->public_len, secret);
			mem_fail_at(0);
			if (st != ST_OK) {
				T_EQ(st, ST_NOMEM);
				failures++;
			}
		}
		T_MEM(secret, want, g->secret_len);
		st = ST_NOMEM;
		for (at = 1; st != ST_OK && at < 10000; at++) {
			uint8_t seed[DH_SEED_MAX];

			memset(seed, 1, sizeof(seed));
			seed[1] = 0x5a;
			mem_fail_at(at);
			st = dh_generate(g, seed, p.private_key, p.public_key);
			mem_fail_at(0);
			if (st != ST_OK) {
				T_EQ(st, ST_NOMEM);
				failures++;
			}
		}
		T_MEM(p.public_key, mine.public_key, g->public_len);
		/* The countdown reaches into BoringSSL, or this test would prove nothing. */
		T_TRUE(failures >= (g->alg == XA_X25519 ? 0u : 8u));
	}
}

struct work {
	pthread_t thread;
	uint8_t fill;
	bool ok;
};

static void *several(void *arg)
{
	static const uint16_t some[] = {19, 20, 21, 31, 14, 24};
	struct work *w = arg;

	w->ok = true;
	for (size_t n = 0; n < sizeof(some) / sizeof(some[0]); n++) {
		const struct xf *g = group_row(some[n]);
		uint8_t a[DH_SECRET_MAX], b[DH_SECRET_MAX];
		struct pair one, two;

		if (dh_generate(g, NULL, one.private_key, one.public_key) != ST_OK ||
			dh_generate(g, NULL, two.private_key, two.public_key) != ST_OK ||
			dh_compute(g, one.private_key, two.public_key, g->public_len, a) != ST_OK ||
			dh_compute(g, two.private_key, one.public_key, g->public_len, b) != ST_OK ||
			memcmp(a, b, g->secret_len) != 0)
			w->ok = false;
	}
	return NULL;
}

/* Runs first: the curves are set up by whoever needs them first. */
static void threads_do_not_meet(void)
{
	struct work w[4] = {{0}};

	for (size_t i = 0; i < 4; i++)
		T_EQ(pthread_create(&w[i].thread, NULL, several, &w[i]), 0);
	for (size_t i = 0; i < 4; i++)
		T_EQ(pthread_join(w[i].thread, NULL), 0);
	for (size_t i = 0; i < 4; i++)
		T_TRUE(w[i].ok);
}

int main(void)
{
	T_RUN(threads_do_not_meet);
	T_RUN(rfc_vectors);
	T_RUN(modp_vectors);
	T_RUN(both_sides_agree_and_seeds_decide);
	T_RUN(wrong_lengths_are_refused);
	T_RUN(modp_range);
	T_RUN(small_subgroup);
	T_RUN(points_off_the_curve);
	T_RUN(small_order_on_curve25519);
	T_RUN(wycheproof_ecdh);
	T_RUN(wycheproof_x25519);
	T_RUN(survives_want_of_memory);
	return t_end();
}
