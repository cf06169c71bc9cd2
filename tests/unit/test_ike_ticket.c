/* The format of tickets and the keys that seal them, the key derivation of RFC 5723 5.1, and the
 * client's wallet. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/crypto/keys.h"
#include "core/ike/ticket.h"
#include "core/ike/wallet.h"
#include "core/wire/auth.h"
#include "tests/lib/t.h"

#define NOW 1800000000u

static struct ticket sample(void)
{
	struct ticket t = {
		.session = {{1, 2, 3}},
		.issued_s = NOW,
		.login_s = NOW - 5,
		.expires_s = NOW + 3600,
		.spi_i = 7,
		.spi_r = 8,
		.client = {.type = 3, .len = 4, .bytes = "user"},
		.gateway = {.type = 2, .len = 3, .bytes = "vpn"},
		.auth_client = 2,
		.auth_gateway = 1,
		.profile = "RA",
		.user = "anna",
		.ip4 = {.family = 4, .b = {10, 99, 0, 10}},
	};

	if (suite_ike(20, 256, 5, 0, 19, &t.suite) != ST_OK)
		abort();
	t.sk_d_len = t.suite.prf->key_len;
	memset(t.sk_d, 0x5a, t.sk_d_len);
	return t;
}

static void rotate(struct ticket_keys *k, uint8_t with, uint64_t now_s)
{
	uint8_t random[TICKET_KEY_DRAWN];

	memset(random, with, sizeof(random));
	ticket_keys_rotate(k, random, now_s);
}

static void test_round_trip(void)
{
	static const uint8_t nonce[BOX_NONCE_LEN] = {9};
	struct ticket_keys k = {0};
	struct ticket t = sample(), got;
	uint8_t sealed[TICKET_OWN_MAX];
	size_t len;

	T_TRUE(ticket_keys_are_stale(&k, NOW));
	rotate(&k, 1, NOW);
	T_TRUE(!ticket_keys_are_stale(&k, NOW));
	T_EQ(ticket_seal(&k, nonce, &t, sealed, &len), ST_OK);
	T_TRUE(len > 100 && len < 400);
	T_EQ(sealed[0], TICKET_VERSION);
	/* Nothing of it can be read. */
	for (size_t i = 21; i + 4 <= len; i++)
		T_TRUE(memcmp(sealed + i, "user", 4) != 0);
	T_EQ(ticket_open(&k, (struct view){sealed, len}, NOW, &got), ST_OK);
	T_MEM(&got.session, &t.session, sizeof(t.session));
	T_EQ(got.expires_s, t.expires_s);
	T_EQ(got.login_s, t.login_s);
	T_EQ(got.spi_i, 7);
	T_EQ(got.spi_r, 8);
	T_TRUE(got.suite.encr == t.suite.encr && got.suite.prf == t.suite.prf);
	T_MEM(got.sk_d, t.sk_d, t.sk_d_len);
	T_EQ(got.client.len, 4);
	T_MEM(got.gateway.bytes, "vpn", 3);
	T_EQ(got.auth_gateway, 1);
	T_STR(got.profile, "RA");
	T_STR(got.user, "anna");
	T_TRUE(addr_eq(&got.ip4, &t.ip4));
	T_EQ(got.ip6.family, 0);
}

static void test_altered(void)
{
	static const uint8_t nonce[BOX_NONCE_LEN] = {9};
	struct ticket_keys k = {0}, others = {0};
	struct ticket t = sample(), got;
	uint8_t sealed[TICKET_OWN_MAX];
	size_t len;

	rotate(&k, 1, NOW);
	rotate(&others, 2, NOW);
	memcpy(others.now.id, k.now.id, sizeof(k.now.id));
	T_EQ(ticket_seal(&k, nonce, &t, sealed, &len), ST_OK);
	for (size_t i = 0; i < len; i++) {
		sealed[i] ^= 1;
		T_ROW(i, "one bit");
		T_EQ(ticket_open(&k, (struct view){sealed, len}, NOW, &got), ST_TICKET_BAD);
		T_EQ(got.sk_d[0], 0);
		sealed[i] ^= 1;
		T_EQ(ticket_open(&k, (struct view){sealed, i}, NOW, &got), ST_TICKET_BAD);
	}
	T_EQ(ticket_open(&others, (struct view){sealed, len}, NOW, &got), ST_TICKET_BAD);
	T_EQ(ticket_open(&k, (struct view){sealed, len}, NOW, &got), ST_OK);
	T_EQ(ticket_open(&k, (struct view){sealed, len}, NOW + 3599, &got), ST_OK);
	T_EQ(ticket_open(&k, (struct view){sealed, len}, NOW + 3600, &got), ST_TICKET_EXPIRED);
	T_EQ(ticket_open(&k, (struct view){sealed, len}, NOW - 300, &got), ST_OK);
	T_EQ(ticket_open(&k, (struct view){sealed, len}, NOW - 301, &got), ST_TICKET_EXPIRED);
	T_EQ(got.sk_d[0], 0);
}

/* Sealed by us and still not to be believed. */
static void test_unsound(void)
{
	static const uint8_t nonce[BOX_NONCE_LEN] = {9};
	struct ticket_keys k = {0};
	struct ticket got, bad[8];
	uint8_t sealed[TICKET_OWN_MAX];
	size_t len;

	rotate(&k, 1, NOW);
	for (size_t i = 0; i < 8; i++)
		bad[i] = sample();
	bad[0].sk_d_len = 16;
	bad[1].session = (struct ulid){{0}};
	bad[2].client.type = 0;
	bad[3].gateway.type = 0;
	bad[4].profile[0] = '\0';
	bad[5].expires_s = bad[5].issued_s;
	bad[6].spi_r = 0;
	bad[7].auth_client = AUTHM_EAP_SHOWN;
	bad[7].user[0] = '\0';
	for (size_t i = 0; i < 8; i++) {
		T_ROW(i, "unsound");
		T_EQ(ticket_seal(&k, nonce, &bad[i], sealed, &len), ST_OK);
		T_EQ(ticket_open(&k, (struct view){sealed, len}, NOW, &got), ST_TICKET_BAD);
	}
	/* The longest that there can be fits. */
	bad[0] = sample();
	bad[0].client.len = bad[0].gateway.len = IKE_ID_LEN;
	memset(bad[0].profile, 'p', sizeof(bad[0].profile) - 1);
	memset(bad[0].user, 'u', sizeof(bad[0].user) - 1);
	T_EQ(suite_ike(12, 256, 7, 14, 14, &bad[0].suite), ST_OK);
	bad[0].sk_d_len = bad[0].suite.prf->key_len;
	bad[0].ip6 = (struct addr){.family = 6};
	T_EQ(ticket_seal(&k, nonce, &bad[0], sealed, &len), ST_OK);
	T_EQ(ticket_open(&k, (struct view){sealed, len}, NOW, &got), ST_OK);
}

static void test_rotation(void)
{
	static const uint8_t nonce[BOX_NONCE_LEN] = {9};
	struct ticket_keys k = {0}, back = {0};
	struct ticket t = sample(), got;
	uint8_t sealed[TICKET_OWN_MAX], rec[TICKET_KEYS_MAX];
	uint64_t day = NOW + TICKET_KEY_S;
	size_t len, n;

	t.expires_s = NOW + 10 * TICKET_KEY_S; /* only its key ends it */
	rotate(&k, 1, NOW);
	T_EQ(ticket_seal(&k, nonce, &t, sealed, &len), ST_OK);
	/* A key that seals no more still opens, with or without a successor. */
	T_TRUE(!ticket_keys_are_stale(&k, day - 1) && ticket_keys_are_stale(&k, day));
	T_TRUE(!ticket_keys_are_stale(&k, NOW - 1000)); /* the clock was set back */
	T_EQ(ticket_open(&k, (struct view){sealed, len}, day + TICKET_KEY_S - 1, &got), ST_OK);
	T_EQ(ticket_open(&k, (struct view){sealed, len}, day + TICKET_KEY_S, &got), ST_TICKET_BAD);
	rotate(&k, 2, day);
	T_EQ(ticket_open(&k, (struct view){sealed, len}, day + TICKET_KEY_S - 1, &got), ST_OK);
	T_EQ(ticket_open(&k, (struct view){sealed, len}, day + TICKET_KEY_S, &got), ST_TICKET_BAD);
	n = ticket_keys_freeze(&k, rec);
	T_TRUE(n > 0 && n <= sizeof(rec));
	T_EQ(ticket_keys_thaw(&back, (struct view){rec, n}), ST_OK);
	T_MEM(&back, &k, sizeof(k));
	T_EQ(ticket_open(&back, (struct view){sealed, len}, day, &got), ST_OK);
	for (size_t i = 0; i < n; i++) {
		T_TRUE(ticket_keys_thaw(&back, (struct view){rec, i}) != ST_OK);
		rec[i] ^= 0x10;
		T_TRUE(ticket_keys_thaw(&back, (struct view){rec, n}) != ST_OK);
		rec[i] ^= 0x10;
	}
	T_MEM(&back, &k, sizeof(k)); /* nothing changed */
	rotate(&k, 3, day + 1);
	T_EQ(ticket_open(&k, (struct view){sealed, len}, day + 1, &got), ST_TICKET_BAD);
}

static void unhex(const char *text, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned v = 0;

		for (size_t k = 0; k < 2; k++) {
			char c = text[2 * i + k];

			v = v * 16 + (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
		}
		out[i] = (uint8_t)v;
	}
}

/* Values computed with Python's hmac and hashlib from the formulas of RFC 5723 5.1 and 4.3.3. */
static void test_derivation(void)
{
	static const uint8_t id[] = {2, 0, 0, 0, 'c', 'l', 'i', 'e', 'n', 't'};
	uint8_t sk_d[32], ni[32], nr[32], want[32], auth[PRF_OUT_MAX];
	struct key_input in = {.ni = {ni, 32}, .nr = {nr, 32},
		.spi_i = 0x0102030405060708, .spi_r = 0x1112131415161718};
	struct auth_octets octets;
	struct ike_suite s;
	struct ike_keys k;

	T_EQ(suite_ike(20, 256, 5, 0, 19, &s), ST_OK);
	for (size_t i = 0; i < 32; i++) {
		sk_d[i] = (uint8_t)i;
		ni[i] = (uint8_t)(100 + i);
		nr[i] = (uint8_t)(200 + i);
	}
	keys_resume(&s, (struct view){sk_d, 32}, &in, &k);
	unhex("84832c2a1f280021c905fadd04952fd5f56791c5d9eb2691a594e96fe7c3c28f", want, 32);
	T_MEM(k.sk_d, want, 32);
	unhex("0a33395bdc90fcefb9eef9164070e1a35e84f9b887e9416555a1192fbf2fb882", want, 32);
	T_MEM(k.sk_pi, want, 32);
	unhex("cb0c86042e7a79d969b014e42243a28099f2026197789558d15f104b83258ba3", want, 32);
	T_MEM(k.sk_pr, want, 32);
	keys_auth_octets(s.prf, &k, true, (struct view){(const uint8_t *)"message", 7}, in.nr,
		(struct view){id, sizeof(id)}, &octets);
	keys_auth_resumed(s.prf, (struct view){k.sk_pi, 32}, &octets, auth);
	unhex("84bfc9a2079a3baa74490802f683a3b0a7702a4717cd446ec22b6ffe3b443892", want, 32);
	T_MEM(auth, want, 32);
}

static void test_wallet(void)
{
	struct endpoint g = {.addr = {.family = 4, .b = {192, 0, 2, 1}}, .port = 500}, other = g;
	struct ticket t = sample();
	int64_t live = mem_live();
	struct wallet w;

	wallet_init(&w);
	T_TRUE(wallet_find(&w, "RA", &g, 7, 0) == NULL);
	wallet_put(&w, &g, 7, &t, (struct view){(const uint8_t *)"one", 3}, 1000);
	T_TRUE(wallet_find(&w, "RA", &g, 8, 0) == NULL); /* that of another tunnel */
	other.port = 4500;
	T_TRUE(wallet_find(&w, "RA", &other, 7, 0) != NULL); /* its port does not count */
	other.vrf = 1;
	T_TRUE(wallet_find(&w, "RA", &other, 7, 0) == NULL);
	T_TRUE(wallet_find(&w, "RB", &g, 7, 0) == NULL);
	wallet_put(&w, &g, 7, &t, (struct view){(const uint8_t *)"second", 6}, 2000);
	T_EQ(w.n, 1);
	T_EQ(wallet_find(&w, "RA", &g, 7, 1999)->len, 6);
	T_TRUE(wallet_find(&w, "RA", &g, 7, 2000) == NULL); /* over, and gone */
	T_EQ(w.n, 0);
	for (uint8_t i = 0; i < WALLET_MAX + 3; i++) {
		g.addr.b[3] = i;
		wallet_put(&w, &g, 7, &t, (struct view){&i, 1}, 1000);
	}
	T_EQ(w.n, WALLET_MAX);
	T_TRUE(wallet_find(&w, "RA", &g, 7, 0) != NULL);
	g.addr.b[3] = 2;
	T_TRUE(wallet_find(&w, "RA", &g, 7, 0) == NULL);
	g.addr.b[3] = 3;
	wallet_drop(&w, "RA", &g, 8);
	T_EQ(w.n, WALLET_MAX);
	wallet_drop(&w, "RA", &g, 7);
	T_EQ(w.n, WALLET_MAX - 1);
	wallet_forget(&w, "RB");
	T_EQ(w.n, WALLET_MAX - 1);
	snprintf(t.profile, sizeof(t.profile), "RB");
	wallet_put(&w, &g, 7, &t, (struct view){(const uint8_t *)"one", 3}, 1000);
	wallet_forget(&w, "RA");
	T_EQ(w.n, 1);
	wallet_fini(&w);
	T_EQ(mem_live(), live);
}

int main(void)
{
	T_RUN(test_round_trip);
	T_RUN(test_altered);
	T_RUN(test_unsound);
	T_RUN(test_rotation);
	T_RUN(test_derivation);
	T_RUN(test_wallet);
	return t_end();
}
