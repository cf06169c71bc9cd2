/* TTLS and PEAP as a server, against a client of tests/lib: every inner method, both versions, and
 * what must not get in. Bug class 9: lengths of AVPs and TLVs. */
#include <stdio.h>

#include "core/base/mem.h"
#include "core/crypto/chap.h"
#include "core/eap/peap_tlv.h"
#include "core/eap/ttls_avp.h"
#include "core/wire/eap.h"
#include "tests/lib/eap_tls_lab.h"
#include "tests/lib/t.h"

#define NAME ((struct view){(const uint8_t *)"anna", 4})

static const uint8_t all[] = {EAP_MSCHAPV2, EAP_GTC, EAP_MD5, 0};
static const uint16_t versions[] = {TLS_1_2, TLS_1_3};

struct talk {
	struct eap_lab l;
	struct tunnel p;
	struct eap_peer *inner;
	struct eap_step step; /* of inner */
	uint64_t seed;
};

/* The handshake, until the server has the first word inside (PEAP) or waits for the client's. */
static bool talk_open(
	struct talk *k, uint8_t type, const uint8_t *inner, uint16_t version, uint16_t size)
{
	memset(k, 0, sizeof(*k));
	if (!eap_lab_open(&k->l, type, inner, version, size, "anonymous") ||
		!tunnel_open(&k->p, type, version, size ? size : 1024))
		return false;
	tunnel_say(&k->p, &k->l, (struct view){0});
	if (type == EAP_PEAP && version == TLS_1_2)
		tunnel_say(&k->p, &k->l, (struct view){0});
	return k->p.is_open && k->l.step.kind == EAP_SEND;
}

static void talk_close(struct talk *k)
{
	eap_peer_free(k->inner);
	tunnel_close(&k->p);
	eap_lab_close(&k->l);
}

static bool inner_new(struct talk *k, uint8_t method, const char *password)
{
	struct eap_peer_conf c = {.methods = {method},
		.n_methods = 1,
		.identity = NAME,
		.username = NAME,
		.password = {(const uint8_t *)password, strlen(password)},
		.random = eap_lab_random,
		.random_arg = &k->seed};

	k->inner = eap_peer_new(&c);
	return k->inner != NULL;
}

/* --- TTLS ----------------------------------------------------------------------------------------
 */

static void say_avps(struct talk *k, const struct wr *w)
{
	tunnel_say(&k->p, &k->l, (struct view){w->buf, w->len});
}

static void say_pap(struct talk *k, const char *password)
{
	uint8_t buf[600], padded[512] = {0};
	struct wr w = wr_init(buf, sizeof(buf));
	size_t len = strlen(password);

	memcpy(padded, password, len);
	ttls_avp_put(&w, TTLS_USER_NAME, NAME);
	ttls_avp_put(&w, TTLS_USER_PASSWORD, (struct view){padded, (len + 15) / 16 * 16});
	say_avps(k, &w);
}

/* wrong: 1 another challenge, 2 another identifier */
static void say_mschapv2(struct talk *k, const char *password, int wrong)
{
	uint8_t buf[300], own[17], nt[16], avp[50] = {0}, mine[16] = {9, 8, 7};
	struct mschap x = {own, mine, NAME};
	struct wr w = wr_init(buf, sizeof(buf));

	T_EQ(tls_export(k->p.tls, "ttls challenge", (struct view){0}, own, sizeof(own)), ST_OK);
	own[0] ^= wrong == 1;
	avp[0] = own[16] ^ (wrong == 2);
	memcpy(avp + 2, mine, 16);
	T_TRUE(mschap_nt_hash((struct view){(const uint8_t *)password, strlen(password)}, nt));
	mschap_response(&x, nt, avp + 26);
	ttls_avp_put(&w, TTLS_USER_NAME, (struct view){(const uint8_t *)"CORP\\anna", 9});
	ttls_avp_put(&w, TTLS_MS_CHALLENGE, (struct view){own, 16});
	ttls_avp_put(&w, TTLS_MS2_RESPONSE, (struct view){avp, sizeof(avp)});
	say_avps(k, &w);
	if (k->l.step.kind == EAP_SEND) {
		struct ttls_avps a;
		char proof[42];

		T_EQ(ttls_avps_parse((struct view){k->p.heard, k->p.heard_len}, &a), ST_OK);
		mschap_proof(&x, nt, avp + 26, proof);
		T_EQ(a.value[TTLS_MS2_SUCCESS].len, 43);
		T_EQ(a.value[TTLS_MS2_SUCCESS].p[0], own[16]);
		T_MEM(a.value[TTLS_MS2_SUCCESS].p + 1, proof, 42);
		tunnel_say(&k->p, &k->l, (struct view){0});
	}
}

static void say_eap(struct talk *k, struct view packet)
{
	uint8_t buf[2000];
	struct wr w = wr_init(buf, sizeof(buf));

	ttls_avp_put(&w, TTLS_EAP_MESSAGE, packet);
	say_avps(k, &w);
}

static void ttls_eap(struct talk *k, uint8_t method, const char *password)
{
	static const uint8_t identity[] = {2, 0, 0, 9, 1, 'a', 'n', 'n', 'a'};
	struct ttls_avps a;

	T_TRUE(inner_new(k, method, password));
	say_eap(k, (struct view){identity, sizeof(identity)});
	for (int i = 0; i < 8 && k->l.step.kind == EAP_SEND; i++) {
		T_EQ(ttls_avps_parse((struct view){k->p.heard, k->p.heard_len}, &a), ST_OK);
		eap_peer_packet(k->inner, a.value[TTLS_EAP_MESSAGE], &k->step);
		if (k->step.kind != EAP_SEND)
			return;
		say_eap(k, (struct view){k->step.out, k->step.out_len});
	}
}

static void is_in(struct talk *k, const char *label12)
{
	static const uint8_t ttls = EAP_TTLS, peap = EAP_PEAP;
	uint8_t key[128];
	bool new = tls_version(k->p.tls) == TLS_1_3;

	T_EQ(k->l.step.kind, EAP_SUCCESS);
	T_STR(k->l.step.name, "anna");
	T_EQ(k->l.n_chains, 0);
	T_EQ(k->l.n_users, 1);
	T_EQ(k->l.checked, EAP_CHECKED_RIGHT);
	T_TRUE(k->l.step.has_msk);
	if (label12 == NULL)
		return;
	T_EQ(tls_export(k->p.tls, new ? "EXPORTER_EAP_TLS_Key_Material" : label12,
		     new ? (struct view){k->p.type == EAP_TTLS ? &ttls : &peap, 1}
			 : (struct view){0},
		     key, sizeof(key)),
		ST_OK);
	T_MEM(key, k->l.step.msk, EAP_MSK_LEN);
}

static void is_out(struct talk *k, enum status st)
{
	T_EQ(k->l.step.kind, EAP_FAILURE);
	T_EQ(k->l.step.status, st);
	T_TRUE(!k->l.step.has_msk);
}

static void ttls_logins(void)
{
	static const uint16_t sizes[] = {64, 200, 1024, 4096};

	for (size_t i = 0; i < 8 * 5; i++) {
		struct talk k;

		T_ROW(i, "TTLS");
		T_TRUE(talk_open(&k, EAP_TTLS, all, versions[i & 1], sizes[i / 2 % 4]));
		switch (i / 8) {
		case 0: say_pap(&k, "secret"); break;
		case 1: T_DO(say_mschapv2(&k, "secret", 0)); break;
		case 2: T_DO(ttls_eap(&k, EAP_MSCHAPV2, "secret")); break;
		case 3: T_DO(ttls_eap(&k, EAP_GTC, "secret")); break;
		case 4: T_DO(ttls_eap(&k, EAP_MD5, "secret")); break;
		}
		T_DO(is_in(&k, "ttls keying material"));
		talk_close(&k);
	}
}

static void ttls_refusals(void)
{
	static const uint8_t gtc[] = {EAP_GTC, 0}, ms[] = {EAP_MSCHAPV2, 0};
	static const char *const words[] = {"Secret", "", "secret ", "secrets"};

	for (size_t i = 0; i < 8; i++) {
		struct talk k;

		T_ROW(i, words[i / 2]);
		T_TRUE(talk_open(&k, EAP_TTLS, all, versions[i & 1], 0));
		say_pap(&k, words[i / 2]);
		T_DO(is_out(&k, ST_WRONG_PASSWORD));
		T_EQ(k.l.checked, EAP_CHECKED_WRONG);
		talk_close(&k);
		T_TRUE(talk_open(&k, EAP_TTLS, all, versions[i & 1], 0));
		T_DO(say_mschapv2(&k, words[i / 2], 0));
		T_DO(is_out(&k, ST_WRONG_PASSWORD));
		T_EQ(k.l.checked, EAP_CHECKED_WRONG);
		talk_close(&k);
		for (size_t n = 0; words[i / 2][0] && n < 3; n++) {
			T_TRUE(talk_open(&k, EAP_TTLS, all, versions[i & 1], 0));
			T_DO(ttls_eap(&k, all[n], words[i / 2]));
			T_TRUE(k.l.step.kind != EAP_SUCCESS);
			T_EQ(k.l.checked, EAP_CHECKED_WRONG);
			talk_close(&k);
		}
		/* the challenge of another tunnel, another identifier */
		T_TRUE(talk_open(&k, EAP_TTLS, all, versions[i & 1], 0));
		T_DO(say_mschapv2(&k, "secret", 1 + (i & 1)));
		T_DO(is_out(&k, ST_AUTH_FAILED));
		talk_close(&k);
		/* methods that the configuration does not have */
		T_TRUE(talk_open(&k, EAP_TTLS, ms, versions[i & 1], 0));
		say_pap(&k, "secret");
		T_DO(is_out(&k, ST_EAP_NO_METHOD));
		talk_close(&k);
		T_TRUE(talk_open(&k, EAP_TTLS, gtc, versions[i & 1], 0));
		T_DO(say_mschapv2(&k, "secret", 0));
		T_DO(is_out(&k, ST_EAP_NO_METHOD));
		talk_close(&k);
	}
}

static void unknown_and_locked(void)
{
	for (size_t i = 0; i < 8; i++) {
		struct talk k;

		T_TRUE(talk_open(&k, EAP_TTLS, all, versions[i & 1], 0));
		k.l.user.is_found = i & 2;
		k.l.user.is_locked = true;
		if (i & 4)
			say_pap(&k, "secret");
		else
			T_DO(say_mschapv2(&k, "secret", 0));
		T_DO(is_out(&k, i & 2 ? ST_USER_LOCKED : ST_USER_UNKNOWN));
		talk_close(&k);
	}
}

static const struct {
	const char *what;
	const char *hex;
	enum status st;
} avps[] = {
	{"nothing", "", ST_OK},
	{"a name", "00000001 4000000c 616e6e61", ST_OK},
	{"a name without the padding of the last", "00000001 40000009 61", ST_OK},
	{"padding", "00000001 40000009 61000000", ST_OK},
	{"unknown, optional", "00000155 0000000c 61616161", ST_OK},
	{"unknown, mandatory", "00000155 4000000c 61616161", ST_BAD_PAYLOAD},
	{"vendor, optional", "00000001 80000010 00000009 61616161", ST_OK},
	{"vendor of zero is none", "00000001 c0000010 00000000 61616161", ST_OK},
	{"twice", "00000001 40000008 00000001 40000008", ST_BAD_PAYLOAD},
	{"length 0", "00000001 40000000 61616161", ST_BAD_LENGTH},
	{"length 7", "00000001 40000007 61616161", ST_BAD_LENGTH},
	{"length of the header", "00000001 40000008", ST_OK},
	{"vendor length 8", "0000000b c0000008 00000137", ST_BAD_LENGTH},
	{"vendor length 11", "0000000b c000000b 00000137", ST_BAD_LENGTH},
	{"vendor cut", "0000000b c000000c 0000", ST_BAD_LENGTH},
	{"length one too many", "00000001 4000000d 616e6e61", ST_BAD_LENGTH},
	{"longest length", "00000001 40ffffff 616e6e61", ST_BAD_LENGTH},
	{"half a header", "00000001 40", ST_BAD_LENGTH},
	{"padding cut", "00000001 40000009 610000", ST_BAD_LENGTH},
	{"nested", "0000004f 40000010 00000001 40ffffff", ST_OK},
};

static void avps_by_table(void)
{
	for (size_t i = 0; i < sizeof(avps) / sizeof(avps[0]); i++) {
		struct ttls_avps out;
		struct view v;

		T_ROW(i, avps[i].what);
		v.p = t_hex(avps[i].hex, &v.len);
		T_EQ(ttls_avps_parse(v, &out), avps[i].st);
	}
}

/* Bug class 9 from inside a true tunnel. */
static void ttls_malformed(void)
{
	static const char *const bad[] = {"00000001 40000000", "ff", "00000001 4000000c 616e6e61",
		"0000004f 4000000c 02000000", "0000004f 4000000c 0200ffff", "0000004f 40000008",
		"0000004f 4000000d 0200000501000000", "0000004f 40000010 01000008 01616161",
		"00000001 40000008 00000002 40000008"};

	for (size_t i = 0; i < 9 * 2; i++) {
		struct talk k;
		struct view v;

		T_ROW(i, bad[i / 2]);
		T_TRUE(talk_open(&k, EAP_TTLS, all, versions[i & 1], 0));
		v.p = t_hex(bad[i / 2], &v.len);
		tunnel_say(&k.p, &k.l, v);
		T_EQ(k.l.step.kind, EAP_FAILURE);
		T_EQ(k.l.n_users, 0);
		talk_close(&k);
	}
}

/* --- PEAP ----------------------------------------------------------------------------------------
 */

enum { BIND, NO_BINDING, BAD_BINDING, BAD_SUBTYPE, SAY_FAILED };

static void say_result(struct talk *k, int how, const uint8_t *isk, struct peap_keys *keys)
{
	static const uint8_t nonce[PEAP_NONCE_LEN] = {5}, peap = EAP_PEAP;
	uint8_t buf[128], material[128];
	bool new = tls_version(k->p.tls) == TLS_1_3;
	struct wr w = wr_init(buf, sizeof(buf));
	struct peap_tlvs tlvs;

	T_EQ(peap_tlvs_parse((struct view){k->p.heard, k->p.heard_len}, EAP_CODE_REQUEST, &tlvs),
		ST_OK);
	T_EQ(tlvs.result, PEAP_SUCCEEDED);
	if (k->p.frame.piece > 128) /* it came in one piece */
		T_EQ(k->p.heard[1], k->l.step.out[1]);
	T_EQ(tls_export(k->p.tls, new ? "EXPORTER_EAP_TLS_Key_Material" : "client EAP encryption",
		     new ? (struct view){&peap, 1} : (struct view){0}, material, 128),
		ST_OK);
	peap_keys_make(keys, material, isk);
	T_TRUE(peap_binding_is_right(keys, tlvs.binding, 0));
	T_TRUE(!peap_binding_is_right(keys, tlvs.binding, 1));
	if (how == BAD_BINDING)
		keys->cmk[3] ^= 1;
	peap_tlvs_put(&w, EAP_CODE_RESPONSE, k->p.heard[1],
		how == SAY_FAILED ? PEAP_FAILED : PEAP_SUCCEEDED, how == NO_BINDING ? NULL : keys,
		how != BAD_SUBTYPE, nonce);
	tunnel_say(&k->p, &k->l, (struct view){buf, w.len});
}

/* Until the server says something with a header: its result. */
static void peap_inner(struct talk *k, uint8_t method, const char *password)
{
	static const uint8_t identity[] = {1, 'a', 'n', 'n', 'a'};
	uint8_t buf[1000];

	T_EQ(k->p.heard_len, 1);
	T_EQ(k->p.heard[0], EAP_IDENTITY);
	T_TRUE(inner_new(k, method, password));
	tunnel_say(&k->p, &k->l, (struct view){identity, sizeof(identity)});
	for (int i = 0; i < 8 && k->l.step.kind == EAP_SEND; i++) {
		size_t len = k->p.heard_len + 4;

		if (len > 8 && k->p.heard[4] == EAP_EXTENSIONS)
			return;
		T_TRUE(len < sizeof(buf));
		buf[0] = EAP_CODE_REQUEST;
		buf[1] = (uint8_t)(100 + i);
		buf[2] = (uint8_t)(len >> 8);
		buf[3] = (uint8_t)len;
		memcpy(buf + 4, k->p.heard, k->p.heard_len);
		eap_peer_packet(k->inner, (struct view){buf, len}, &k->step);
		T_EQ(k->step.kind, EAP_SEND);
		tunnel_say(&k->p, &k->l, (struct view){k->step.out + 4, k->step.out_len - 4u});
	}
}

/* The key of the inner method, as its peer side has it after the server's word. */
static void inner_key(struct talk *k, uint8_t out[PEAP_ISK_LEN])
{
	uint8_t success[4] = {EAP_CODE_SUCCESS, k->step.out[1], 0, 4};

	eap_peer_packet(k->inner, (struct view){success, 4}, &k->step);
	memset(out, 0, PEAP_ISK_LEN);
	if (k->step.has_msk)
		memcpy(out, k->step.msk, PEAP_ISK_LEN);
}

static void peap_login(size_t i, int how)
{
	uint8_t method = i & 2 ? EAP_GTC : EAP_MSCHAPV2, isk[PEAP_ISK_LEN], msk[64];
	struct peap_keys keys;
	struct talk k;

	T_TRUE(talk_open(&k, EAP_PEAP, all, versions[i & 1], i & 4 ? 64 : 0));
	T_DO(peap_inner(&k, method, "secret"));
	T_DO(inner_key(&k, isk));
	T_EQ(k.step.has_msk, method == EAP_MSCHAPV2);
	T_DO(say_result(&k, how, isk, &keys));
	switch (how) {
	case BIND:
		T_DO(is_in(&k, NULL));
		peap_keys_msk(&keys, msk);
		T_MEM(msk, k.l.step.msk, 64);
		break;
	case NO_BINDING: T_DO(is_in(&k, "client EAP encryption")); break;
	case SAY_FAILED: T_DO(is_out(&k, ST_PEER_REFUSED)); break;
	default: T_DO(is_out(&k, ST_AUTH_FAILED));
	}
	talk_close(&k);
}

static void peap_logins(void)
{
	for (size_t i = 0; i < 8; i++) {
		for (int how = BIND; how <= SAY_FAILED; how++) {
			T_ROW(i * 10 + (size_t)how, "PEAP");
			T_DO(peap_login(i, how));
		}
	}
}

static void peap_wrong_password(void)
{
	for (size_t i = 0; i < 4; i++) {
		struct peap_tlvs tlvs;
		struct talk k;

		T_TRUE(talk_open(&k, EAP_PEAP, all, versions[i & 1], 0));
		T_DO(peap_inner(&k, i & 2 ? EAP_GTC : EAP_MSCHAPV2, "Secret"));
		T_EQ(k.l.step.kind, EAP_SEND);
		T_EQ(peap_tlvs_parse(
			     (struct view){k.p.heard, k.p.heard_len}, EAP_CODE_REQUEST, &tlvs),
			ST_OK);
		T_EQ(tlvs.result, PEAP_FAILED);
		T_EQ(tlvs.binding.len, 0);
		/* and a client that says it was well all the same */
		uint8_t buf[128];
		struct wr w = wr_init(buf, sizeof(buf));
		peap_tlvs_put(&w, EAP_CODE_RESPONSE, k.p.heard[1], PEAP_SUCCEEDED, NULL, 1, NULL);
		tunnel_say(&k.p, &k.l, (struct view){buf, w.len});
		T_DO(is_out(&k, ST_WRONG_PASSWORD));
		talk_close(&k);
	}
}

static const struct {
	const char *what;
	const char *hex;
	bool is_good;
} tlvs_rows[] = {
	{"success", "0201000b 21 8003 0002 0001", true},
	{"failure", "0201000b 21 8003 0002 0002", true},
	{"no TLV", "02010005 21", true},
	{"optional, unknown", "02010011 21 8003 0002 0001 0005 0002 0000", true},
	{"mandatory, unknown", "02010011 21 8003 0002 0001 8005 0002 0000", false},
	{"a request", "0101000b 21 8003 0002 0001", false},
	{"another type", "0201000b 1a 8003 0002 0001", false},
	{"result 0", "0201000b 21 8003 0002 0000", false},
	{"result 3", "0201000b 21 8003 0002 0003", false},
	{"result twice", "02010011 21 8003 0002 0001 8003 0002 0002", false},
	{"result of 3 bytes", "0201000c 21 8003 0003 000100", false},
	{"result of 0 bytes", "02010009 21 8003 0000", false},
	{"length too long", "0201000b 21 8003 0003 0001", false},
	{"longest length", "0201000b 21 8003 ffff 0001", false},
	{"half a header", "02010008 21 8003 00", false},
	{"length of the packet too short", "0201000a 21 8003 0002 0001", false},
	{"length of the packet too long", "0201000c 21 8003 0002 0001", false},
	{"binding of 0 bytes", "02010009 21 000c 0000", false},
	{"binding of 2 bytes", "0201000b 21 000c 0002 0000", false},
	{"no type", "02010004", false},
	{"nothing", "", false},
};

static void tlvs_by_table(void)
{
	for (size_t i = 0; i < sizeof(tlvs_rows) / sizeof(tlvs_rows[0]); i++) {
		struct peap_tlvs out;
		struct view v;

		T_ROW(i, tlvs_rows[i].what);
		v.p = t_hex(tlvs_rows[i].hex, &v.len);
		T_EQ(peap_tlvs_parse(v, EAP_CODE_RESPONSE, &out) == ST_OK, tlvs_rows[i].is_good);
	}
}

/* Success said at any time before the inner method was through; anything else in its place. */
static void peap_out_of_place(void)
{
	static const char *const said[] = {"0201000b218003000200 01", "01", "1a", "ff", "", "03 0d",
		"01616e6e6100", "06736563726574"};

	for (size_t i = 0; i < 8 * 4; i++) {
		static const uint8_t identity[] = {1, 'a', 'n', 'n', 'a'};
		struct talk k;
		struct view v;

		T_ROW(i, said[i / 4]);
		T_TRUE(talk_open(&k, EAP_PEAP, i & 2 ? (const uint8_t[]){EAP_MSCHAPV2, 0} : all,
			versions[i & 1], 0));
		if (i & 2)
			tunnel_say(&k.p, &k.l, (struct view){identity, sizeof(identity)});
		v.p = t_hex(said[i / 4], &v.len);
		for (int n = 0; n < 5 && k.l.step.kind == EAP_SEND; n++)
			tunnel_say(&k.p, &k.l, v);
		T_TRUE(k.l.step.kind != EAP_SUCCESS);
		T_EQ(k.l.step.kind, EAP_FAILURE);
		T_TRUE(!k.l.step.has_msk);
		talk_close(&k);
	}
}

static void out_of_memory(void)
{
	int64_t before = mem_live();

	for (uint64_t n = 1; n < 1200; n += n < 40 ? 1 : 13) {
		struct talk k;

		mem_fail_at(n);
		if (talk_open(&k, n & 1 ? EAP_TTLS : EAP_PEAP, all, versions[n / 2 & 1], 300)) {
			if (n & 1)
				say_pap(&k, "secret");
			else if (k.p.heard_len > 0)
				tunnel_say(&k.p, &k.l, (struct view){(const uint8_t *)"\1anna", 5});
		}
		mem_fail_at(0);
		talk_close(&k);
		T_EQ(mem_live(), before);
	}
}

int main(void)
{
	T_RUN(ttls_logins);
	T_RUN(ttls_refusals);
	T_RUN(unknown_and_locked);
	T_RUN(avps_by_table);
	T_RUN(ttls_malformed);
	T_RUN(peap_logins);
	T_RUN(peap_wrong_password);
	T_RUN(tlvs_by_table);
	T_RUN(peap_out_of_place);
	T_RUN(out_of_memory);
	return t_end();
}
