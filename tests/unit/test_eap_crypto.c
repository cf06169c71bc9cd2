/* What EAP methods are made of: CHAP and MS-CHAP version 2, scrypt, one-time codes, EAP packets,
 * and the verifiers of a user. Vectors: RFC 2759 9.2, RFC 3079 3.5.3, RFC 7914 12, RFC 6238 B, RFC
 * 4226 D. */
#include "core/crypto/chap.h"
#include "core/crypto/password.h"
#include "core/crypto/rnd.h"
#include "core/eap/verifier.h"
#include "core/wire/eap.h"

#include <stdio.h>

#include "tests/lib/t.h"
#include "tests/vectors/vec.h"

static struct view text(const char *s)
{
	return (struct view){(const uint8_t *)s, strlen(s)};
}

static void mschapv2_is_that_of_the_rfcs(void)
{
	char *file = t_readfile("tests/vectors/mschapv2.txt", NULL);
	struct vec v = vec_open(file);

	T_TRUE(file != NULL);
	while (vec_next(&v)) {
		struct view response = vec_bytes(&v, "response");
		struct mschap x = {
			vec_bytes(&v, "auth").p, vec_bytes(&v, "peer").p, vec_bytes(&v, "name")};
		uint8_t nt[MSCHAP_NT_LEN], out[MSCHAP_RESPONSE_LEN], receive[16], send[16];
		char proof[MSCHAP_PROOF_LEN];

		T_ROW(v.count, vec_text(&v, "password"));
		T_TRUE(mschap_nt_hash(vec_bytes(&v, "password"), nt));
		T_MEM(nt, vec_bytes(&v, "nt").p, sizeof(nt));
		if (response.len == 0)
			continue;
		mschap_response(&x, nt, out);
		T_MEM(out, response.p, sizeof(out));
		mschap_proof(&x, nt, out, proof);
		T_MEM(proof, vec_bytes(&v, "proof").p, sizeof(proof));
		mschap_keys(nt, out, receive, send);
		T_MEM(receive, vec_bytes(&v, "receive").p, sizeof(receive));
		T_MEM(send, vec_bytes(&v, "send").p, sizeof(send));
	}
	T_EQ(v.count, 6);
}

static void what_is_not_utf8_has_no_nt_hash(void)
{
	static const char *const bad[] = {"80", "c3", "c328", "c0af", "e282", "eda080", "f4908080",
		"f8a1a1a1a1", "ff", "61c3"};
	uint8_t nt[MSCHAP_NT_LEN], longest[3 * MSCHAP_PASSWORD_MAX + 3];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct view v;

		v.p = t_hex(bad[i], &v.len);
		T_ROW(i, bad[i]);
		T_TRUE(!mschap_nt_hash(v, nt));
	}
	for (size_t i = 0; i < sizeof(longest); i += 3)
		memcpy(longest + i, "\xe2\x82\xac", 3);
	T_TRUE(mschap_nt_hash((struct view){longest, sizeof(longest) - 3}, nt));
	T_TRUE(!mschap_nt_hash((struct view){longest, sizeof(longest)}, nt));
}

static void domains_are_no_part_of_a_name(void)
{
	static const char *const rows[][2] = {{"CORP\\anna", "anna"}, {"anna", "anna"}, {"", ""},
		{"CORP\\", ""}, {"\\anna", "anna"}, {"anna@corp.example", "anna@corp.example"}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct view bare = mschap_bare_name(text(rows[i][0]));

		T_ROW(i, rows[i][0]);
		T_EQ(bare.len, strlen(rows[i][1]));
		T_MEM(bare.p, rows[i][1], bare.len);
	}
}

/* MD5 of the bytes 01 "secret" 00..0f. */
static void chap_hashes_identifier_secret_challenge(void)
{
	uint8_t challenge[16], out[CHAP_MD5_LEN];
	size_t len;
	const uint8_t *want = t_hex("740e86463bda3a4d7017d6e0fba0699d", &len);

	for (uint8_t i = 0; i < 16; i++)
		challenge[i] = i;
	chap_md5(1, text("secret"), (struct view){challenge, 16}, out);
	T_MEM(out, want, sizeof(out));
	chap_md5(2, text("secret"), (struct view){challenge, 16}, out);
	T_TRUE(memcmp(out, want, sizeof(out)) != 0);
}

static void scrypt_is_that_of_the_rfc(void)
{
	char *file = t_readfile("tests/vectors/scrypt_rfc7914.txt", NULL);
	struct vec v = vec_open(file);

	T_TRUE(file != NULL);
	while (vec_next(&v)) {
		struct scrypt_cost cost = {(uint8_t)vec_hex64(&v, "log2n"),
			(uint8_t)vec_hex64(&v, "r"), (uint8_t)vec_hex64(&v, "p")};
		uint8_t out[64];

		T_ROW(v.count, vec_text(&v, "password"));
		T_EQ(scrypt_derive(vec_bytes(&v, "password"), vec_bytes(&v, "salt"), cost, out,
			     sizeof(out)),
			ST_OK);
		T_MEM(out, vec_bytes(&v, "out").p, sizeof(out));
	}
	T_EQ(v.count, 3);
}

static void scrypt_has_limits(void)
{
	static const struct scrypt_cost bad[] = {
		{0, 8, 1}, {21, 1, 1}, {14, 0, 1}, {14, 8, 0}, {17, 8, 1}, {255, 255, 255}};
	uint8_t out[32];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		T_ROW(i, NULL);
		T_EQ(scrypt_derive(text("x"), text("salt"), bad[i], out, sizeof(out)), ST_CONFIG);
	}
}

static void codes_are_those_of_the_rfcs(void)
{
	char *file = t_readfile("tests/vectors/totp_rfc6238.txt", NULL);
	struct vec v = vec_open(file);

	T_TRUE(file != NULL);
	while (vec_next(&v)) {
		const char *code = vec_text(&v, "code");
		char got[16];

		T_ROW(v.count, code);
		snprintf(got, sizeof(got), "%0*u", (int)strlen(code),
			hotp_code(vec_bytes(&v, "secret"), vec_hex64(&v, "step"),
				(unsigned)strlen(code)));
		T_STR(got, code);
	}
	T_EQ(v.count, 16);
}

/* RFC 4226 appendix D: step 1 is 287082, step 2 is 359152. */
static void a_code_is_good_once_and_around_its_time(void)
{
	static const struct {
		const char *code;
		int64_t now_s;
		uint64_t used;
		uint64_t step; /* 0: refused */
	} rows[] = {
		{"287082", 30, 0, 1},
		{"287082", 59, 0, 1},
		{"287082", 60, 0, 1},
		{"287082", 89, 0, 1},
		{"287082", 90, 0, 0},
		{"287082", 0, 0, 1},
		{"359152", 29, 0, 0},
		{"359152", 30, 0, 2},
		{"287082", 30, 1, 0},
		{"359152", 30, 1, 2},
		{"287082", 60, 2, 0},
		{"28708", 30, 0, 0},
		{"2870820", 30, 0, 0},
		{"28708x", 30, 0, 0},
		{"", 30, 0, 0},
		{"287083", 30, 0, 0},
		{"287082", -1, 0, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t step = 99;
		bool ok = totp_check(text("12345678901234567890"), rows[i].now_s, rows[i].used,
			text(rows[i].code), &step);

		T_ROW(i, rows[i].code);
		T_EQ(ok, rows[i].step > 0);
		if (ok)
			T_EQ(step, rows[i].step);
	}
}

static void packets_are_parsed_strictly(void)
{
	static const struct {
		const char *hex;
		enum status st;
		int type;
	} rows[] = {
		{"02 01 0006 01 61", ST_OK, EAP_IDENTITY},
		{"02 01 0005 01", ST_OK, EAP_IDENTITY},
		{"01 01 0005 04", ST_OK, EAP_MD5},
		{"03 01 0004", ST_OK, 0},
		{"04 01 0004", ST_OK, 0},
		{"03 01 0005 06", ST_OK, 0},
		{"", ST_TRUNCATED, 0},
		{"02", ST_TRUNCATED, 0},
		{"02 01 00", ST_TRUNCATED, 0},
		{"02 01 0006 01", ST_TRUNCATED, 0},
		{"02 01 0005 01 61", ST_TRAILING, 0},
		{"02 01 0004", ST_EAP_MALFORMED, 0},
		{"02 01 0003", ST_EAP_MALFORMED, 0},
		{"02 01 0000", ST_EAP_MALFORMED, 0},
		{"00 01 0004", ST_EAP_MALFORMED, 0},
		{"05 01 0005 01", ST_EAP_MALFORMED, 0},
		{"02 01 0005 00", ST_EAP_MALFORMED, 0},
		{"02 01 ffff 01", ST_TRUNCATED, 0},
		{"02 01 000c fe 000000 0000001a", ST_OK, EAP_MSCHAPV2},
		{"02 01 000c fe 000009 44425250", ST_OK, EAP_EXPANDED},
		{"02 01 000b fe 000000 000000", ST_EAP_MALFORMED, 0},
		{"02 01 000c fe 000000 00000000", ST_EAP_MALFORMED, 0},
		{"02 01 000c fe 000000 000000fe", ST_EAP_MALFORMED, 0},
		{"02 01 000c fe 000000 0000011a", ST_EAP_MALFORMED, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct eap_packet p;
		struct view v;

		v.p = t_hex(rows[i].hex, &v.len);
		T_ROW(i, rows[i].hex);
		T_EQ(eap_parse(v, &p), rows[i].st);
		if (rows[i].st == ST_OK)
			T_EQ(p.type, rows[i].type);
	}
}

static void naks_are_lists_of_types(void)
{
	static const struct {
		const char *hex;
		size_t n;
		uint8_t types[3];
	} rows[] = {
		{"02 01 0006 03 1a", 1, {26}},
		{"02 01 0008 03 1a 00 0d", 2, {26, 13}},
		{"02 01 0005 03", 0, {0}},
		{"02 01 0006 03 00", 0, {0}},
		{"02 01 0009 03 04 06 0d 1a", 3, {4, 6, 13}},
		{"02 01 001c fe 000000 00000003 fe 000000 0000001a fe 000009 44425250", 1, {26}},
		{"02 01 0014 fe 000000 00000003 1a 000000 0000001a", 0, {0}},
		{"02 01 0010 fe 000000 00000003 fe 000000", 0, {0}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct eap_packet p;
		uint8_t types[3] = {0};
		struct view v;

		v.p = t_hex(rows[i].hex, &v.len);
		T_ROW(i, rows[i].hex);
		T_EQ(eap_parse(v, &p), ST_OK);
		T_EQ(p.type, EAP_NAK);
		T_EQ(eap_nak_types(&p, types, 3), rows[i].n);
		T_MEM(types, rows[i].types, rows[i].n);
	}
}

#define ALL (EAP_FOR_SHOWN | EAP_FOR_MSCHAPV2 | EAP_FOR_MD5)

static void verifiers_are_opted_in(void)
{
	static const uint8_t salt[EAP_SCRYPT_SALT] = "some salt";
	uint8_t nt[EAP_NT_LEN];
	uint64_t step;

	for (unsigned what = 0; what <= ALL; what++) {
		struct eap_user u = {.is_found = true};
		bool shows = (what & (EAP_FOR_SHOWN | EAP_FOR_MD5)) != 0;
		bool hashes = (what & (EAP_FOR_MSCHAPV2 | EAP_FOR_MD5)) != 0;

		T_ROW(what, NULL);
		T_EQ(eap_user_set(&u, text("open sesame"), what, salt), ST_OK);
		T_EQ(eap_check_password(&u, text("open sesame"), 0, false, &step),
			shows ? ST_OK : ST_USER_VERIFIER);
		T_EQ(eap_check_password(&u, text("open sesamE"), 0, false, &step),
			shows ? ST_WRONG_PASSWORD : ST_USER_VERIFIER);
		T_EQ(eap_check_password(&u, text(""), 0, false, &step),
			shows ? ST_WRONG_PASSWORD : ST_USER_VERIFIER);
		T_EQ(eap_user_nt(&u, nt), hashes ? ST_OK : ST_USER_VERIFIER);
		u.is_locked = true;
		T_EQ(eap_check_password(&u, text("open sesame"), 0, false, &step), ST_USER_LOCKED);
		T_EQ(eap_user_nt(&u, nt), ST_USER_LOCKED);
		u.is_found = false;
		T_EQ(eap_check_password(&u, text("open sesame"), 0, false, &step), ST_USER_UNKNOWN);
		T_EQ(eap_user_nt(&u, nt), ST_USER_UNKNOWN);
	}
}

static void passwords_have_limits(void)
{
	static const uint8_t salt[EAP_SCRYPT_SALT];
	struct eap_user u = {0}, before = {0};
	uint8_t longest[EAP_PASSWORD_MAX + 1];

	memset(longest, 'a', sizeof(longest));
	T_EQ(eap_user_set(&u, text(""), ALL, salt), ST_LIMIT);
	T_EQ(eap_user_set(&u, (struct view){longest, sizeof(longest)}, ALL, salt), ST_LIMIT);
	T_EQ(eap_user_set(&u, text("\xff"), ALL, salt), ST_CONFIG);
	T_MEM(&u, &before, sizeof(u));
	T_EQ(eap_user_set(&u, (struct view){longest, EAP_PASSWORD_MAX}, ALL, salt), ST_OK);
	T_EQ(eap_user_set(&u, text("\xff"), EAP_FOR_SHOWN, salt), ST_OK);
	T_TRUE(!u.has_clear && !u.has_nt && u.clear_len == 0 && u.clear[0] == 0);
}

static void codes_stand_after_the_password_or_are_asked_for(void)
{
	static const uint8_t salt[EAP_SCRYPT_SALT];
	static const struct {
		const char *password, *typed;
		bool may_ask;
		enum status st;
		uint64_t step;
	} rows[] = {
		{"secret", "secret287082", true, ST_OK, 1},
		{"secret", "secret287082", false, ST_OK, 1},
		{"secret", "secret", true, ST_PENDING, 0},
		{"secret", "secret", false, ST_WRONG_CODE, 0},
		{"secret", "secret287083", true, ST_WRONG_CODE, 0},
		{"secret", "287082", true, ST_WRONG_PASSWORD, 0},
		{"secret", "wrong287082", true, ST_WRONG_PASSWORD, 0},
		{"pin123456", "pin123456", true, ST_PENDING, 0},
		{"pin123456", "pin123456287082", true, ST_OK, 1},
		{"pin", "pin287082 ", true, ST_WRONG_PASSWORD, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct eap_user u = {.is_found = true, .has_totp = true, .totp_len = 20};
		uint64_t step = 77;

		T_ROW(i, rows[i].typed);
		memcpy(u.totp, "12345678901234567890", 20);
		T_EQ(eap_user_set(&u, text(rows[i].password), EAP_FOR_SHOWN, salt), ST_OK);
		T_EQ(eap_check_password(&u, text(rows[i].typed), 30, rows[i].may_ask, &step),
			rows[i].st);
		T_EQ(step, rows[i].step);
		u.totp_used = 1;
		if (rows[i].step == 1)
			T_EQ(eap_check_password(
				     &u, text(rows[i].typed), 30, rows[i].may_ask, &step),
				ST_WRONG_CODE);
	}
}

/* How much is done, in allocations: each scrypt has some. */
static uint64_t effort(const struct eap_user *u, const char *typed, enum status *st)
{
	uint64_t step, n = 0;

	do {
		mem_fail_at(++n);
		*st = eap_check_password(u, text(typed), 30, true, &step);
	} while (*st == ST_NOMEM);
	mem_fail_at(0);
	return n - 1;
}

static void a_wrong_password_costs_the_same_for_all(void)
{
	static const uint8_t salt[EAP_SCRYPT_SALT];
	static const char *const typed[] = {"wrong", "wrong287082"};
	enum status st;

	for (size_t i = 0; i < 2; i++) {
		struct eap_user u = {.is_found = true}, nobody = {0};
		uint64_t of_nobody = effort(&nobody, typed[i], &st);

		T_ROW(i, typed[i]);
		T_EQ(st, ST_USER_UNKNOWN);
		T_TRUE(of_nobody > 0);
		T_EQ(eap_user_set(&u, text("secret"), EAP_FOR_SHOWN, salt), ST_OK);
		T_EQ(effort(&u, typed[i], &st), of_nobody);
		T_EQ(st, ST_WRONG_PASSWORD);
		u.has_totp = true;
		u.totp_len = 20;
		T_EQ(effort(&u, typed[i], &st), of_nobody);
		T_EQ(st, ST_WRONG_PASSWORD);
		u.is_locked = true;
		T_EQ(effort(&u, typed[i], &st), of_nobody);
		T_EQ(st, ST_USER_LOCKED);
	}
}

int main(void)
{
	T_RUN(mschapv2_is_that_of_the_rfcs);
	T_RUN(what_is_not_utf8_has_no_nt_hash);
	T_RUN(domains_are_no_part_of_a_name);
	T_RUN(chap_hashes_identifier_secret_challenge);
	T_RUN(scrypt_is_that_of_the_rfc);
	T_RUN(scrypt_has_limits);
	T_RUN(codes_are_those_of_the_rfcs);
	T_RUN(a_code_is_good_once_and_around_its_time);
	T_RUN(packets_are_parsed_strictly);
	T_RUN(naks_are_lists_of_types);
	T_RUN(verifiers_are_opted_in);
	T_RUN(passwords_have_limits);
	T_RUN(codes_stand_after_the_password_or_are_asked_for);
	T_RUN(a_wrong_password_costs_the_same_for_all);
	return t_end();
}
